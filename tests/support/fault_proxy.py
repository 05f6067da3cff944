"""A small TCP proxy that does to connections what bad networks do: waits, cuts, drops answers, trickles, repeats.

Faults are taken from a list, one for each connection, so that a test says exactly what happens; then all is well.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

CHUNK = 16_384


@dataclass(frozen=True)
class Fault:
    """What happens to one connection.

    `latency`: s before anything is passed on; `cut_request`, `cut_answer`: break off after so many bytes; `drop`: the
    server gets the request whole, its answer never arrives; `trickle`: pass answers in pieces of so many bytes;
    `repeat`: the server gets the request a second time, over a connection of its own.
    """

    latency: float = 0.0
    cut_request: int | None = None
    cut_answer: int | None = None
    drop: bool = False
    trickle: int | None = None
    repeat: bool = False


FINE = Fault()


class FaultProxy:
    """Counts what it did: `connections`, `dropped`, `cut`, `repeated`."""

    def __init__(self, target: str, faults: Iterable[Fault]) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._host, self._port = parts.hostname, parts.port
        self._faults = iter(faults)
        self.connections = self.dropped = self.cut = self.repeated = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = next(self._faults, FINE)
        self.connections += 1
        if fault.latency:
            await asyncio.sleep(fault.latency)
        try:
            there, back = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.transport.abort()
            return
        try:
            seen = bytearray()
            answer = asyncio.ensure_future(self._answers(there, writer, fault))
            requests = asyncio.ensure_future(self._requests(reader, back, fault, seen))
            await asyncio.wait({answer, requests}, return_when=asyncio.FIRST_COMPLETED)
            for task in (answer, requests):
                task.cancel()
            await asyncio.gather(answer, requests, return_exceptions=True)
            if fault.repeat:
                await self._again(bytes(seen))
        finally:
            for each in (back, writer):
                each.transport.abort()
                with contextlib.suppress(OSError):
                    await each.wait_closed()

    async def _requests(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, fault: Fault, seen: bytearray
    ) -> None:
        passed = 0
        while data := await reader.read(CHUNK):
            if fault.cut_request is not None and passed + len(data) > fault.cut_request:
                back.write(data[: fault.cut_request - passed])
                await back.drain()
                self.cut += 1
                return
            passed += len(data)
            seen += data
            back.write(data)
            await back.drain()

    async def _answers(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault) -> None:
        passed = 0
        while data := await there.read(fault.trickle or CHUNK):
            if fault.drop:
                self.dropped += 1
                return
            if fault.cut_answer is not None and passed + len(data) > fault.cut_answer:
                writer.write(data[: fault.cut_answer - passed])
                await writer.drain()
                self.cut += 1
                return
            passed += len(data)
            writer.write(data)
            await writer.drain()

    async def _again(self, request: bytes) -> None:
        there, back = await asyncio.open_connection(self._host, self._port)
        back.write(request)
        await back.drain()
        await there.read(CHUNK)
        self.repeated += 1
        back.transport.abort()
        with contextlib.suppress(OSError):
            await back.wait_closed()


@asynccontextmanager
async def proxying(target: str, faults: Iterable[Fault]) -> AsyncIterator[tuple[str, FaultProxy]]:
    """The proxy on a free port of the loopback; gives its address and itself."""
    proxy = FaultProxy(target, faults)
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await proxy.handle(reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}", proxy
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
