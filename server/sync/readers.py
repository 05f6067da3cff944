"""The server's side of its readers (`server.sync.reader`): asking, losing and replacing them.

Invariant: a reader that is lost loses nothing but time. Whoever waits for its answer is told None and does the work
himself; a new one is started behind it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from typing import Final

from server.log.child import Child, keeping
from server.sync.reader import Asked, encode

MODULE: Final = "server.sync.reader"
MAX_ASKED_BYTES: Final = 32 * 1024 * 1024
"""Bytes that wait for one reader at a time; what comes beyond is read by the server itself."""


def advised() -> int:
    """How many readers pay beside PostgreSQL and the committer: none on one core, one on two or three, two on more."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if cores < 2 else 1 if cores < 4 else 2


class Readers:
    """So many readers, begun with the first question. Where none answers, the caller is told None and reads."""

    def __init__(self, count: int) -> None:
        self._readers = [Child(MODULE) for _ in range(count)]
        self.answered = 0

    @property
    def pids(self) -> list[int]:
        """Process ids of those that run."""
        return [r.process.pid for r in self._readers if r.process is not None]

    async def ask(self, asked: Asked) -> bytes | None:
        """The answer (`decode_answer`) of the reader that has least to do, None where none answers."""
        for each in self._readers:
            each.wanted.set()
        ready = [r for r in self._readers if r.ready and r.bytes < MAX_ASKED_BYTES]
        if not ready:
            return None
        answer = await min(ready, key=lambda r: r.bytes).ask(encode(asked))
        self.answered += answer is not None
        return answer

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Readers]:
        """Keep the processes until the block ends."""
        async with keeping(self._readers):
            yield self
