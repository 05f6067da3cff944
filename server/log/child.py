"""Child processes that answer questions in order, for work that would keep the server's own loop or its lock busy.

A child knows no secret and no settings: a frame comes in on its standard input, one answer for each goes out on its
standard output. Invariant: a child that is lost loses nothing but time. Whoever waits for its answer is told None and
does the work himself; a new one is started behind it; and it ends when its standard input does, so it never outlives
the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import BinaryIO, Final

import structlog

STOP_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 10.0
"""A child that has not answered anything for so long while something waited is replaced."""
BUFFER: Final = 2**22
HEAD_BYTES: Final = 4
log = structlog.get_logger("liuhen.child")


def frame_head(size: int) -> bytes:
    """What stands before so many bytes on a pipe."""
    return size.to_bytes(HEAD_BYTES, "big")


def serve(source: BinaryIO, target: BinaryIO, answer: Callable[[bytes], bytes]) -> None:
    """The child's side: answer until nothing more is asked."""
    while len(head := source.read(HEAD_BYTES)) == HEAD_BYTES:
        told = answer(source.read(int.from_bytes(head, "big")))
        target.write(frame_head(len(told)) + told)
        target.flush()


class Child:
    """One such process, running `module`. It is begun when `wanted` is set, and kept as long as `keep` runs."""

    def __init__(self, module: str) -> None:
        self._module = module
        self.process: Process | None = None
        self.waiting: deque[tuple[asyncio.Future[bytes | None], int]] = deque()
        self.bytes = 0
        self.answered = 0
        self.wanted = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether it runs."""
        return self.process is not None

    async def ask(self, data: bytes) -> bytes | None:
        """Its answer, None where it was lost before it came. Only while it runs."""
        assert self.process is not None and self.process.stdin is not None  # noqa: PT018 - it runs
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((answer, len(data)))
        self.bytes += len(data)
        self.process.stdin.writelines((frame_head(len(data)), data))
        return await answer

    async def keep(self) -> None:
        """Run the process, and another one where it ended; until cancelled."""
        # Nothing of the settings is its business.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
        while True:
            await self.wanted.wait()  # a server that never has two uploads at a time needs no second process
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", self._module, env=environment, stdin=PIPE, stdout=PIPE, limit=BUFFER
            )
            watch = asyncio.create_task(self._watch(process))
            try:
                self.process = process
                await self._listen(process)
            finally:
                self.process = None
                watch.cancel()
                while self.waiting:
                    self._hand_out(None)
                await _end(process)
            log.warning("child_ended", module=self._module, code=process.returncode)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _listen(self, process: Process) -> None:
        """Hand out answers until there are no more."""
        assert process.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await process.stdout.readexactly(HEAD_BYTES)
                self._hand_out(await process.stdout.readexactly(int.from_bytes(head, "big")))
                self.answered += 1

    def _hand_out(self, data: bytes | None) -> None:
        answer, size = self.waiting.popleft()
        self.bytes -= size
        if not answer.done():
            answer.set_result(data)

    async def _watch(self, process: Process) -> None:
        while True:
            before, waited = self.answered, bool(self.waiting)
            await asyncio.sleep(ANSWER_SECONDS)
            if waited and self.waiting and self.answered == before:
                process.kill()
                return


@contextlib.asynccontextmanager
async def keeping(children: Sequence[Child]) -> AsyncIterator[None]:
    """Keep processes until the block ends."""
    keepers = [asyncio.create_task(child.keep()) for child in children]
    try:
        yield
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
