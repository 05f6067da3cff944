"""A peer: the `eventsourcing` library's PostgreSQL recorder behind a bare aiohttp handler, as a process of its own.

`python -m ops.bench.library` is that process: it reads the library's own POSTGRES_* variables and prints its address.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from importlib.util import find_spec
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import asyncpg

from ops.bench.handler import Handled, serve
from ops.bench.rig import BenchFault, Program, Rig, program
from schemas.batch import Batch

TOPIC: Final = "evidence.captured.v1"
NAME: Final = "bench"
THREADS: Final = "BENCH_THREADS"
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


class Library(Handled):
    """The running peer, on a database of its own in the cluster that our server uses."""

    def __init__(self, rig: Rig, handler: Program, dsn: str) -> None:
        super().__init__(rig, handler)
        self._dsn = dsn

    async def check(self) -> None:
        """Raises BenchFault where the peer stored another number of events than it acknowledged."""
        connection = await asyncpg.connect(self._dsn, timeout=10)
        try:
            stored = await connection.fetchval(self._rig.queries["library_rows"])
        finally:
            await connection.close(timeout=10)
        if stored != self.sent:
            raise BenchFault(f"the library's recorder acknowledged {self.sent} events and stored {stored}")


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

    def append(batch: Batch) -> object:
        originator = UUID(bytes=batch.terminal)
        events = [
            StoredEvent(originator, version, TOPIC, envelope)
            for version, envelope in enumerate(batch.envelopes, batch.first)
        ]
        return recorder.insert_events(events)

    await serve(append, int(os.environ[THREADS]))
    factory.close()


def main() -> None:
    """Entry point of the peer's process."""
    import uvloop

    uvloop.run(_serve())


if __name__ == "__main__":
    main()
