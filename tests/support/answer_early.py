"""The control of the kill tests: a server that answers before COMMIT. Run as a module, with the arguments of `liuhen`.

Whoever believes these answers loses records when the process dies between answer and commit; a checker that does not
notice is no checker.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ops.cli import main
from server.log.committer import Committer

LEAVE_SECONDS = 0.05
"""Long enough for an answer to leave the process."""


class Early:
    """The two steps of a committer, in the wrong order."""

    commit = Committer._commit
    write = Committer._write
    taken: list[Any] = []  # noqa: RUF012 - one committer in one process

    @classmethod
    async def commit_early(cls, committer: Committer, taken: list[Any]) -> None:
        cls.taken = taken
        await cls.commit(committer, taken)

    @classmethod
    async def write_and_answer(cls, committer: Committer, connection: Any, group: Any, grown: Any) -> None:
        await cls.write(committer, connection, group, grown)
        for turn in group.turns.values():
            turn.note = turn.note or turn.log.note
        for waiting in cls.taken:
            if not waiting.future.done():
                waiting.future.set_result(await waiting.work.answer(group.turns[waiting.work.authority], committer))
        await asyncio.sleep(LEAVE_SECONDS)


def install() -> None:
    """Put the wrong order in place."""

    async def commit(self: Committer, taken: list[Any]) -> None:
        await Early.commit_early(self, taken)

    async def write(self: Committer, connection: Any, group: Any, grown: Any) -> None:
        await Early.write_and_answer(self, connection, group, grown)

    Committer._commit = commit  # type: ignore[method-assign]
    Committer._write = write  # type: ignore[method-assign]


if __name__ == "__main__":
    install()
    main()
