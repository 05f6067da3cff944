"""The server's side of its readers (`server.sync.reader`): asking, losing and replacing them.

Invariant: a reader that is lost loses nothing but time. Whoever waits for its answer is told None and does the work
himself; a new one is started behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Final, cast

import structlog

from server import chores
from server.sync.reader import HEAD_BYTES, Asked, encode, frame_head

STOP_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 10.0
"""A reader that has not answered anything for so long while something waited is replaced."""
MAX_ASKED_BYTES: Final = 32 * 1024 * 1024
"""Bytes that wait for one reader at a time; what comes beyond is read by the server itself."""
SHARE: Final = 160
"""Measured with 8, 32 and 128 uploads at a time on two cores: one waits for a reader at most, six, all of them."""
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
        return [r.transport.get_pid() for r in self._readers if r.transport is not None]

    async def ask(self, asked: Asked, uploads: int) -> bytes | None:
        """The answer (`decode_answer`) of the reader that has least to do, None where none answers: also where those
        have enough to do that work for so many `uploads` that are under way.

        A second process costs an upload a detour. While few are under way, the server has the time to read most of
        them itself, and the detour only makes them wait; with many it has none, and every one goes there.
        """
        for each in self._readers:
            each.wanted.set()
        most = max(1, uploads * uploads // SHARE)
        ready = [
            r for r in self._readers if r.transport is not None and len(r.waiting) < most and r.bytes < MAX_ASKED_BYTES
        ]
        if not ready:
            return None
        answer = await min(ready, key=lambda r: r.bytes).ask(encode(asked))
        self.answered += answer is not None
        return answer

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Readers]:
        """Keep the processes until the block ends."""
        async with chores.running(*(reader.keep() for reader in self._readers)):
            yield self


class _Process(asyncio.SubprocessProtocol):
    """One process: cuts what it says into answers, where its pipe is read, and knows when it has ended."""

    def __init__(self, hand_out: Callable[[bytes], None]) -> None:
        self._hand_out = hand_out
        self._rest = b""
        self.silent = asyncio.Event()  # it says nothing more
        self.ended = asyncio.Event()

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """Some bytes of its standard output."""
        if self.silent.is_set():
            return  # whoever waited was told None, and nobody else may get this answer
        data, at = self._rest + data, 0
        while len(data) >= at + HEAD_BYTES:
            begin = at + HEAD_BYTES
            end = begin + int.from_bytes(data[at:begin], "big")
            if len(data) < end:
                break
            self._hand_out(data[begin:end])
            at = end
        self._rest = data[at:]

    def pipe_connection_lost(self, _fd: int, _exc: Exception | None) -> None:
        """One of its pipes is closed."""
        self.silent.set()

    def process_exited(self) -> None:
        """It is gone, and its exit code is known."""
        self.silent.set()
        self.ended.set()


class _Reader:
    def __init__(self) -> None:
        self.transport: asyncio.SubprocessTransport | None = None
        self.bytes = 0
        self.wanted = asyncio.Event()
        self._input: asyncio.WriteTransport | None = None
        self.waiting: deque[tuple[asyncio.Future[bytes | None], int]] = deque()
        self._answered = 0

    def ask(self, data: bytes) -> asyncio.Future[bytes | None]:
        assert self._input is not None
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((answer, len(data)))
        self.bytes += len(data)
        self._input.writelines((frame_head(len(data)), data))
        return answer

    async def keep(self) -> None:
        # Nothing of the settings is its business.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
        program = (sys.executable, "-P", "-m", "server.sync.reader")
        while True:
            await self.wanted.wait()  # a server that never has two uploads at a time needs no second process
            transport, process = await asyncio.get_running_loop().subprocess_exec(
                lambda: _Process(self._answer), *program, env=environment, stdin=PIPE, stdout=PIPE, stderr=None
            )
            watch = asyncio.create_task(self._watch(transport))
            try:
                self.transport, self._input = transport, cast("asyncio.WriteTransport", transport.get_pipe_transport(0))
                await process.silent.wait()
            finally:
                self.transport = self._input = None
                watch.cancel()
                while self.waiting:
                    self._hand_out(None)
                await _end(transport, process)
            log.warning("reader_ended", code=transport.get_returncode())
            await asyncio.sleep(AGAIN_SECONDS)

    def _answer(self, data: bytes) -> None:
        self._answered += 1
        self._hand_out(data)

    def _hand_out(self, data: bytes | None) -> None:
        answer, size = self.waiting.popleft()
        self.bytes -= size
        if not answer.done():
            answer.set_result(data)

    async def _watch(self, transport: asyncio.SubprocessTransport) -> None:
        while True:
            before, waited = self._answered, bool(self.waiting)
            await asyncio.sleep(ANSWER_SECONDS)
            if waited and self.waiting and self._answered == before:
                transport.kill()
                return


async def _end(transport: asyncio.SubprocessTransport, process: _Process) -> None:
    given = transport.get_pipe_transport(0)
    if given is not None:
        given.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.ended.wait()
    except TimeoutError:
        transport.kill()
        await process.ended.wait()
    transport.close()
