"""A peer: the `eventsourcing` library's PostgreSQL recorder behind a bare aiohttp handler, as a process of its own.

It gets the same requests as our server and does what such a handler must: split the batch, insert its events in one
transaction, answer when that is durable. It checks no signature and no chain, and makes no tree and no receipt.
`python -m ops.bench.library` reads the library's own POSTGRES_* variables and prints its address.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import asyncpg
from aiohttp import web

from ops.bench.load import Figure, drive
from ops.bench.machine import cpu_seconds, used
from ops.bench.rig import BenchFault, Program, Rig, Sample, program
from schemas import batch as batches

PATH: Final = "/events"
TOPIC: Final = "evidence.captured.v1"
NAME: Final = "bench"
THREADS: Final = "BENCH_THREADS"
LARGEST: Final = 16 * 1024 * 1024
DEFAULT: Final[Mapping[str, str]] = {THREADS: "15"}
"""The library's own settings: a pool of 5 connections and 10 more when all are busy; a thread for each of the 15."""
FASTEST: Final[Mapping[str, str]] = {
    THREADS: "8",
    "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
    "POSTGRES_POOL_SIZE": "8",
    "POSTGRES_MAX_OVERFLOW": "0",
}
"""The quickest of 1, 2, 4, 8, 16 connections with the library's functions inside the database; 15 are no slower."""


def absent() -> str | None:
    """Why this peer cannot be measured here, None when it can."""
    if find_spec("psycopg") is None or find_spec("psycopg_pool") is None:
        return "psycopg is not installed: install liuhen with its extra `bench`"
    return None


class Library:
    """The running peer, on a database of its own in the cluster that our server uses."""

    def __init__(self, rig: Rig, process: Program, dsn: str) -> None:
        self._rig, self._process, self._dsn = rig, process, dsn
        self.sent = 0

    async def measure(self, prepared: list[list[bytes]], *, seconds: float | None = None) -> Sample:
        """Send batches that our server has recorded to the peer as well."""
        before = self._cpu()
        figure: Figure = await drive(self._process.told["url"], PATH, prepared, seconds=seconds)
        self.sent += figure.events
        return Sample(figure, used(before, self._cpu(), figure.events))

    async def check(self) -> None:
        """Raises BenchFault where the peer stored another number of events than it acknowledged."""
        connection = await asyncpg.connect(self._dsn, timeout=10)
        try:
            stored = await connection.fetchval(self._rig.queries["library_rows"])
        finally:
            await connection.close(timeout=10)
        if stored != self.sent:
            raise BenchFault(f"the library's recorder acknowledged {self.sent} events and stored {stored}")

    def _cpu(self) -> dict[str, float | None]:
        own = self._rig.cpu()
        return {**own, "server": cpu_seconds(self._process.pid)}


@contextlib.asynccontextmanager
async def running(rig: Rig, database: str, settings: Mapping[str, str]) -> AsyncIterator[Library]:
    """The peer with these settings on a new database. Raises BenchFault."""
    await rig.admin.execute(f'CREATE DATABASE "{database}" TEMPLATE template0')
    parts = urlsplit(rig.database.dsn("postgres"))
    query = parse_qs(parts.query)
    environment = {
        **settings,
        "POSTGRES_DBNAME": database,
        "POSTGRES_HOST": query["host"][0],
        "POSTGRES_PORT": query["port"][0],
        "POSTGRES_USER": unquote(parts.username or ""),
        "POSTGRES_PASSWORD": unquote(parts.password or ""),
    }
    command = (sys.executable, "-P", "-m", "ops.bench.library")
    async with program(command, environment, rig.folder / f"{database}.log") as process:
        yield Library(rig, process, parts._replace(path=f"/{database}").geturl())


async def _serve() -> None:
    from eventsourcing.persistence import StoredEvent
    from eventsourcing.postgres import PostgresFactory
    from eventsourcing.utils import Environment

    factory = PostgresFactory(Environment(name=NAME, env=dict(os.environ)))
    recorder = factory.application_recorder()
    loop = asyncio.get_running_loop()
    threads = ThreadPoolExecutor(int(os.environ[THREADS]))

    async def append(request: web.Request) -> web.Response:
        batch = batches.decode(await request.read())
        originator = UUID(bytes=batch.terminal)
        events = [
            StoredEvent(originator, version, TOPIC, envelope)
            for version, envelope in enumerate(batch.envelopes, batch.first)
        ]
        await loop.run_in_executor(threads, recorder.insert_events, events)
        return web.Response(body=b"recorded")

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = web.Application(client_max_size=LARGEST)
    app.router.add_post(PATH, append)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    await web.SockSite(runner, listening).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()
    threads.shutdown()
    factory.close()


def main() -> None:
    """Entry point of the peer's process."""
    import uvloop

    uvloop.run(_serve())


if __name__ == "__main__":
    main()
