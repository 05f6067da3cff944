"""The server's side of its readers (`server.sync.reader`): asking, losing and replacing them.

Invariant: a reader that is lost loses nothing but time. Whoever waits for its answer is told None and does the work
himself; a new one is started behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import structlog

from server.sync.reader import HEAD_BYTES, Asked, encode, frame_head

STOP_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 10.0
"""A reader that has not answered anything for so long while something waited is replaced."""
BUFFER: Final = 2**22
MAX_ASKED_BYTES: Final = 32 * 1024 * 1024
"""Bytes that wait for one reader at a time; what comes beyond is read by the server itself."""
log = structlog.get_logger("liuhen.readers")


def advised() -> int:
    """How many readers pay beside PostgreSQL and the committer: none on one core, one on two or three, two on more."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if cores < 2 else 1 if cores < 4 else 2


class Readers:
    """So many readers, begun with the first question. Where none answers, the caller is told None and reads."""

    def __init__(self, count: int) -> None:
        self._readers = [_Reader() for _ in range(count)]
        self.answered = 0

    @property
    def pids(self) -> list[int]:
        """Process ids of those that run."""
        return [r.process.pid for r in self._readers if r.process is not None]

    async def ask(self, asked: Asked) -> bytes | None:
        """The answer (`decode_answer`) of the reader that has least to do, None where none answers."""
        for each in self._readers:
            each.wanted.set()
        ready = [r for r in self._readers if r.process is not None and r.bytes < MAX_ASKED_BYTES]
        if not ready:
            return None
        answer = await min(ready, key=lambda r: r.bytes).ask(encode(asked))
        self.answered += answer is not None
        return answer

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Readers]:
        """Keep the processes until the block ends."""
        keepers = [asyncio.create_task(reader.keep()) for reader in self._readers]
        try:
            yield self
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)


class _Reader:
    def __init__(self) -> None:
        self.process: Process | None = None
        self.waiting: deque[tuple[asyncio.Future[bytes | None], int]] = deque()
        self.bytes = 0
        self.answered = 0
        self.wanted = asyncio.Event()

    async def ask(self, data: bytes) -> bytes | None:
        assert self.process is not None and self.process.stdin is not None  # noqa: PT018 - it runs
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((answer, len(data)))
        self.bytes += len(data)
        self.process.stdin.writelines((frame_head(len(data)), data))
        return await answer

    async def keep(self) -> None:
        # Nothing of the settings is its business.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
        while True:
            await self.wanted.wait()  # a server that never has two uploads at a time needs no second process
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "server.sync.reader", env=environment, stdin=PIPE, stdout=PIPE, limit=BUFFER
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
            log.warning("reader_ended", code=process.returncode)
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


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
