"""Composition: from settings to a running internal server. The only place that joins the rooms.

    open_database   the embedded cluster or an outside PostgreSQL, migrated, as DSNs by role
    open_log        register, keys, committer; the logs that the installation begins with
    internal_app    the faces on one application

Everything is an async context manager and undone in reverse order. A second process on the same folder or database is
welcome: heads are locked in the database, the register by a file lock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from ops import logs, migrate
from ops.cluster import Cluster
from ops.settings import Settings, SettingsError
from server.log import epochs, store
from server.log.book import Book
from server.log.committer import Committer, Hook
from server.log.ids import now_ms
from server.log.keyring import Keyring
from server.log.register import Register, RegisterRefused

DATABASE = "liuhen"
log = structlog.get_logger("liuhen.ops")


@dataclass(frozen=True, slots=True)
class Database:
    """DSNs by role (`dsn("liuhen_writer")`), and whether the database is our own embedded one."""

    dsn: Callable[[str], str]
    embedded: bool


@contextlib.asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings, migrated. Raises SettingsError, ClusterError, MigrationRefused."""
    if not structlog.is_configured():
        logs.configure("warning")
    if settings.database_dsn is not None:
        outside = settings.database_dsn
        yield Database(lambda _role: outside, embedded=False)
        return
    if settings.data is None:
        raise SettingsError("name a folder (--data DIR) or an outside database (LIUHEN_DATABASE_DSN)")
    from ops.postgres import find_binaries

    binaries = find_binaries(settings.postgres_bin) if settings.postgres_bin is not None else None
    cluster = Cluster(settings.data, binaries=binaries)
    await asyncio.to_thread(cluster.start)
    try:
        await make_database(cluster, DATABASE)
        await migrate.apply(cluster.dsn(database=DATABASE), cluster.password)
        yield Database(lambda role: cluster.dsn(role, DATABASE), embedded=True)
    finally:
        await asyncio.to_thread(cluster.stop)


async def make_database(cluster: Cluster, name: str) -> None:
    """Create the database where it is absent; two processes at once are one too many for one of them, and harmless."""
    if not await cluster.psql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - a name of ours
        with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            await cluster.psql(f'CREATE DATABASE "{name}" TEMPLATE template0')


@dataclass(frozen=True, slots=True)
class OpenLog:
    """The log of this process: committer, the pool of the writer role, keys and register."""

    committer: Committer
    pool: asyncpg.Pool
    keyring: Keyring
    register: Register
    book: Book


def log_parts(settings: Settings) -> tuple[Keyring, Register, Path | None]:
    """Keys, register and tile folder of the settings. Raises SettingsError."""
    settings.require("keys", "register")
    assert settings.keys is not None and settings.register is not None  # noqa: PT018 - just required
    return Keyring(settings.keys), Register(settings.register), settings.tiles


async def begin_logs(
    connection: store.Connection, keyring: Keyring, register: Register, settings: Settings, authorities: Sequence[str]
) -> list[epochs.Begun]:
    """Begin the logs of authorities that have none yet."""
    queries = store.load_queries("server.log", "log.sql")
    begun = []
    for authority in authorities:
        if not await connection.fetch(queries["logs_of"], authority):
            made = await epochs.begin_epoch(
                connection, queries, keyring, register, authority=authority, host=settings.host, received=now_ms(),
                create_recovery=True,
            )  # fmt: skip
            log.info("log_begun", authority=authority, origin=f"{settings.host}/{authority}/{made.epoch}")
            begun.append(made)
    return begun


async def check_register(connection: store.Connection, register: Register) -> None:
    """A missing register beside a non-empty log is refused; beside an empty one it is made. Raises RegisterRefused."""
    empty = not await connection.fetchval("SELECT EXISTS (SELECT FROM log.heads)")
    if not register.exists():
        if not empty:
            raise RegisterRefused(
                f"the register {register.path} is missing beside a log that is not empty: put it back; "
                "if it is lost for good, run `liuhen epoch new` for each authority"
            )
        register.create()
    register.read()


@contextlib.asynccontextmanager
async def open_log(
    settings: Settings, database: Database, *, hook: Hook | None = None, ahead: bool = True
) -> AsyncIterator[OpenLog]:
    """The committer on a database, checked and running. Raises RegisterRefused, DatabaseUnfit.

    `hook` and `ahead` are for fault tests (`ops.faults`).
    """
    keyring, register, tiles = log_parts(settings)
    dsn = database.dsn("liuhen_writer")
    connection = await store.connect(dsn)
    try:
        await check_register(connection, register)
        if database.embedded:
            await begin_logs(connection, keyring, register, settings, settings.authorities.split())
    finally:
        await connection.close()
    book = Book(store.load_queries("server.log", "log.sql"), keyring, register, tiles)
    async with asyncpg.create_pool(dsn, min_size=2, max_size=8, command_timeout=30) as pool:
        committer = Committer(dsn, book, pool=pool, hook=hook, ahead=ahead)
        async with committer.running():
            await committer.check_all()
            yield OpenLog(committer, pool, keyring, register, book)
