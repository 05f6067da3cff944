"""Who makes digests of runs: this process alone, or a crew of worker processes, each with a connection of its own.

Both give the digests of what was asked for in the order of the questions, so whoever absorbs them cannot tell the
difference. Invariant: a worker that is lost loses nothing but time: it writes to no table.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, Protocol, TypeAlias

import asyncpg
import msgspec

from projections import digest
from projections.batch import fetch
from projections.digest import Digest, Digester, LogPlace
from schemas.events import Registry

Wanted: TypeAlias = Sequence[tuple[LogPlace, int, int]]
"""Runs (log, first, behind last)."""

STOP_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 120.0
BUFFER: Final = 2**22
MAX_WORKERS: Final = 16


class WorkerLost(ConnectionError):
    """A worker process ended before it answered; its last words are on stderr."""


class Hands(Protocol):
    """Makes digests. `depth` = how many questions it wants to have at a time to be busy throughout."""

    depth: int

    async def digests(self, wanted: Wanted) -> list[Digest]:
        """The digests of runs, all of them below the heads. Answers come in the order of the questions."""
        ...


class Alone:
    """Digests in this process; while one is made the entries of the next are on their way."""

    depth = 2

    def __init__(self, connection: asyncpg.Connection, registry: Registry) -> None:
        self._connection = connection
        self._digest = Digester(registry)
        self._turn = asyncio.Lock()

    async def digests(self, wanted: Wanted) -> list[Digest]:
        """As Hands. Raises LOST, Overtaken."""
        async with self._turn:
            runs = await fetch(self._connection, wanted)
        await asyncio.sleep(0)  # whoever waits for the connection sends its question before this process is busy
        return [self._digest(run) for run in runs]


class Crew:
    """Digests in worker processes, which take turns."""

    def __init__(self, workers: Sequence[_Worker]) -> None:
        self.depth = 2 * len(workers)
        self._workers = workers
        self._next = 0

    async def digests(self, wanted: Wanted) -> list[Digest]:
        """As Hands. Raises WorkerLost, TimeoutError."""
        worker = self._workers[self._next % len(self._workers)]
        self._next += 1
        return digest.decode(await worker.ask(encode_wanted(wanted)))


@asynccontextmanager
async def crew(dsn: str, workers: int) -> AsyncIterator[Crew]:
    """`workers` processes that digest with the registry of this program; they end with the block, or with us."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(max(1, min(workers, MAX_WORKERS))):
            worker = _Worker(
                await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", "projections.worker",
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=BUFFER,
                )
            )  # fmt: skip
            stack.push_async_callback(worker.end)
            # Not through its environment or arguments, where others could read it.
            worker.tell(dsn.encode())
            made.append(worker)
        yield Crew(made)


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    def tell(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(frame(data))

    async def ask(self, data: bytes) -> bytes:
        assert self._process.stdout is not None
        self.tell(data)
        try:
            async with self._turn, asyncio.timeout(ANSWER_SECONDS):
                return await read_frame(self._process.stdout)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise WorkerLost("a worker process ended before it answered") from None

    async def end(self) -> None:
        process = self._process
        assert process.stdin is not None
        process.stdin.close()
        try:
            # What it still says is read, so that it can finish saying it.
            async with asyncio.timeout(STOP_SECONDS):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()


def frame(data: bytes) -> bytes:
    """Bytes on a pipe: their number in four bytes, then they."""
    return len(data).to_bytes(4, "big") + data


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The next bytes on a pipe. Raises IncompleteReadError where there are no more."""
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


def encode_wanted(wanted: Wanted) -> bytes:
    """A question to a worker."""
    return msgspec.msgpack.encode(wanted)


def decode_wanted(data: bytes) -> Wanted:
    """The question that `encode_wanted` wrote."""
    return msgspec.msgpack.decode(data, type=list[tuple[LogPlace, int, int]])
