"""A peer: UmaDB, whose server comes inside its wheel; asked directly, and behind the bare aiohttp handler.

The same batches of 50 with the same three tags an event; it checks no signature and no chain. Asked directly, each
client is a thread with a gRPC connection of its own and its events made beforehand: there is no HTTP, and nothing has
to be split. `python -m ops.bench.uma` is the process of the handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, Final

import msgspec

from ops.bench.handler import Handled, serve
from ops.bench.load import BATCH, Figure
from ops.bench.machine import cpu_seconds, used
from ops.bench.rig import START_SECONDS, BenchFault, Program, Rig, Sample, last_words, program
from schemas import batch as batches
from schemas.batch import Batch

POLL_SECONDS: Final = 0.05
THREADS: Final = 32
URL: Final = "BENCH_UMADB_URL"
UNINDEXED: Final = ("authority:", "terminal:")


class About(msgspec.Struct):
    """What of an envelope the peer indexes."""

    type: str
    about: list[str]


def absent() -> str | None:
    """Why this peer cannot be measured here, None when it can."""
    return None if find_spec("umadb") is not None else "umadb is not installed: install liuhen with its extra `bench`"


class Uma:
    """The running peer."""

    def __init__(self, url: str, process: Program) -> None:
        self._url, self._process = url, process
        self.sent = 0

    async def measure(self, prepared: Sequence[Sequence[bytes]], *, seconds: float | None = None) -> Sample:
        """Append batches that our server has recorded to the peer as well."""
        events = [[_events(batches.decode(body)) for body in bodies] for bodies in prepared]
        before = self._cpu()
        figure = await asyncio.to_thread(_drive, self._url, events, seconds)
        self.sent += figure.events
        return Sample(figure, used(before, self._cpu(), figure.events))

    async def check(self) -> None:
        """Raises BenchFault where the peer stored another number of events than it acknowledged."""
        await _check(self._url, self.sent)

    def _cpu(self) -> dict[str, float | None]:
        return {"server": cpu_seconds(self._process.pid), "client": time.process_time()}


class UmaHandled(Handled):
    """The peer behind the handler."""

    def __init__(self, rig: Rig, handler: Program, server: Program, url: str) -> None:
        super().__init__(rig, handler, server)
        self._grpc = url

    async def check(self) -> None:
        """Raises BenchFault where the peer stored another number of events than it acknowledged."""
        await _check(self._grpc, self.sent)


@contextlib.asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Uma]:
    """The peer, asked directly. Raises BenchFault."""
    async with _server(rig, "umadb") as (url, process):
        yield Uma(url, process)


@contextlib.asynccontextmanager
async def handled(rig: Rig) -> AsyncIterator[UmaHandled]:
    """The peer behind the handler. Raises BenchFault."""
    async with _server(rig, "umadb-http") as (url, process):
        command = (sys.executable, "-P", "-m", "ops.bench.uma")
        async with program(command, {URL: url}, rig.folder / "umadb-handler.log") as handler:
            yield UmaHandled(rig, handler, process, url)


@contextlib.asynccontextmanager
async def _server(rig: Rig, name: str) -> AsyncIterator[tuple[str, Program]]:
    """Its server with its own settings, its file in the rig's folder."""
    import umadb

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = rig.folder / name
    folder.mkdir()
    log = rig.folder / f"{name}.log"
    command = (
        *(
            sys.executable,
            "-P",
            "-c",
            "import sys; sys.argv[0] = 'umadb'; from umadb.umadb_server_cli import main; main()",
        ),
        *("--listen", f"127.0.0.1:{port}", "--db-path", str(folder)),
    )
    async with program(command, {}, log, tells=False) as process:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                await asyncio.to_thread(lambda: umadb.Client(url).head())
                break
            except (OSError, umadb.TransportError):
                if process.process.returncode is not None or time.monotonic() > deadline:
                    raise BenchFault(f"UmaDB did not start: {last_words(log)}") from None
                await asyncio.sleep(POLL_SECONDS)
        yield url, process


async def _check(url: str, sent: int) -> None:
    import umadb

    stored = await asyncio.to_thread(lambda: umadb.Client(url).head())
    if (stored or 0) != sent:
        raise BenchFault(f"UmaDB acknowledged {sent} events and stands at {stored}")


def _events(batch: Batch) -> list[Any]:
    import umadb

    decoder = msgspec.msgpack.Decoder(About)
    found = []
    for envelope in batch.envelopes:
        read = decoder.decode(envelope)
        tags = [tag for tag in read.about if not tag.startswith(UNINDEXED)]
        found.append(umadb.Event(event_type=read.type, data=envelope, tags=tags))
    return found


def _drive(url: str, prepared: Sequence[Sequence[Sequence[Any]]], seconds: float | None) -> Figure:
    import umadb

    ready = threading.Barrier(len(prepared) + 1)
    clients = [umadb.Client(url) for _ in prepared]

    def one(client: Any, batches_: Sequence[Sequence[Any]]) -> list[float]:
        took = []
        ready.wait()
        began = time.perf_counter()
        for events in batches_:
            start = time.perf_counter()
            if seconds is not None and start - began >= seconds:
                break
            client.append(list(events))
            took.append(time.perf_counter() - start)
        return took

    with ThreadPoolExecutor(len(prepared)) as threads:
        waiting = [threads.submit(one, client, bodies) for client, bodies in zip(clients, prepared, strict=True)]
        ready.wait()
        began = time.perf_counter()
        answers = [future.result() for future in waiting]
        took = time.perf_counter() - began
    for client in clients:
        client.close()
    latencies = sorted(second for answer in answers for second in answer)
    return Figure(BATCH * len(latencies), took, latencies, [len(answer) for answer in answers])


def main() -> None:
    """Entry point of the handler's process."""
    import umadb
    import uvloop

    mine = threading.local()
    url = os.environ[URL]

    def append(batch: Batch) -> object:
        if not hasattr(mine, "client"):
            mine.client = umadb.Client(url)
        return mine.client.append(_events(batch))

    uvloop.run(serve(append, THREADS))


if __name__ == "__main__":
    main()
