"""Stops between the steps of a commit or an upload, for the kill tests: the process halts itself where it is told to.

LIUHEN_FAULT="step:n" makes the n-th passage of that step (of STEPS or UPLOAD_STEPS) end the process with SIGKILL, as a
power cut would. Without the variable there is no hook at all. `answer_early` is the control of those tests: answers
leave before the commit, and the tests must notice.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from server.log.committer import Hook

STEPS = ("locked", "signed", "written", "committed", "registered")
UPLOAD_STEPS = ("staged", "synced", "linked", "held")
"""The steps of an upload (server.evidence.uploads)."""


def steps_apart(environment: Mapping[str, str] | None = None) -> bool:
    """Whether LIUHEN_FAULT names a step that a group has only where it is decided under the lock."""
    told = (os.environ if environment is None else environment).get("LIUHEN_FAULT", "")
    return told.partition(":")[0] in ("locked", "written")


def hook_from_environment(environment: Mapping[str, str] | None = None) -> Hook | None:
    """The hook that LIUHEN_FAULT asks for, None without it."""
    told = (os.environ if environment is None else environment).get("LIUHEN_FAULT", "")
    step, _, number = told.partition(":")
    if step not in STEPS + UPLOAD_STEPS or not number.isdigit():
        return None
    left = int(number)

    async def hook(passed: str) -> None:
        nonlocal left
        if passed == step:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook
