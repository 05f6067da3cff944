"""PostgreSQL as the log sees it: named queries, connections, start-up checks and the binary rows of COPY.

Invariant: whoever gets a connection here has a server that is durable (fsync, synchronous_commit), speaks UTF-8 in a
locale that is not C, and is not a standby; anything else is refused with what to change.
"""

from __future__ import annotations

import contextlib
import io
import re
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, Final, TypeAlias

import asyncpg
from asyncpg.pgproto.pgproto import UUID

from schemas.problems import Problem

Connection: TypeAlias = asyncpg.Connection
CONNECT_SECONDS: Final = 10.0
STATEMENT_SECONDS: Final = 30.0
SEND_BYTES: Final = 2 * 1024 * 1024
LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.InternalClientError,
)
"""Errors after which the outcome of a statement is unknown and the connection is given up."""


@contextlib.contextmanager
def reachable() -> Iterator[None]:
    """For a face: a database that is away is no failure of ours, it is asked again later. Raises Problem overloaded."""
    try:
        yield
    except LOST as fault:
        raise Problem("overloaded", "the database cannot be reached") from fault


_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COPY_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_TAIL: Final = b"\xff\xff"
_ENTRY_ROW = struct.Struct(">hiiiqi")
_KEY_BEGIN = struct.Struct(">hiii16si")
_KEY_REST = struct.Struct(">qihiqiii16s")
_KEY_REST_NO_ID = struct.Struct(">qihiqiii")


class DatabaseUnfit(Exception):
    """The database is set up in a way that could lose or hide records; the message says what to change."""


def load_queries(package: str, name: str) -> Mapping[str, str]:
    """The named queries of a .sql file: `-- name: x`, then comment lines with the why, then the statement."""
    text = (resources.files(package) / "sql" / name).read_text("utf-8")
    parts = _NAME.split(text)
    return {parts[i]: parts[i + 1].strip().rstrip(";") for i in range(1, len(parts), 2)}


def uuid(raw: bytes) -> Any:
    """16 raw bytes as asyncpg's own UUID, which costs a tenth of the standard library's."""
    return UUID(raw)


async def connect(dsn: str, *, name: str = "liuhen", settings: Mapping[str, str] | None = None) -> Connection:
    """A connection of our own, outside any pool, with `settings` of the database for it alone. Raises DatabaseUnfit or
    one of LOST.
    """
    connection = await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
        server_settings={"application_name": name, "lock_timeout": "10s", **(settings or {})},
    )
    try:
        await check_server(connection)
    except BaseException:
        await connection.close(timeout=5)
        raise
    return connection


async def check_server(connection: Connection) -> None:
    """Refuse a server that could lose what it acknowledged or cannot hold Chinese text. Raises DatabaseUnfit."""
    row = await connection.fetchrow(
        "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous,"
        " current_setting('full_page_writes') AS pages, current_setting('server_encoding') AS encoding,"
        " (SELECT datctype FROM pg_database WHERE datname = current_database()) AS locale,"
        " current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby"
    )
    faults = []
    if row["version"] < 150_000:
        faults.append(f"PostgreSQL {row['version'] // 10_000} is too old: use 15 or newer")
    if row["fsync"] != "on":
        faults.append("fsync is off: a power cut would lose acknowledged records; set fsync = on")
    if row["synchronous"] in ("off", "local"):
        faults.append(f"synchronous_commit is {row['synchronous']}: set it to on")
    if row["pages"] != "on":
        faults.append("full_page_writes is off: set it to on")
    if row["encoding"] != "UTF8":
        faults.append(f"the encoding is {row['encoding']}: create the database with UTF8")
    if row["locale"] in ("C", "POSIX"):
        faults.append("the locale is C: create the database with C.UTF-8")
    if row["standby"]:
        faults.append("this server is a standby: connect to the primary")
    if faults:
        raise DatabaseUnfit("; ".join(faults))


def widen(connection: Connection) -> None:
    """Let a connection hand a whole group to the kernel at once, where the kernel allows it: otherwise it goes in
    pieces, and between two of them the loop does something else.
    """
    transport = getattr(connection, "_transport", None)
    kernel = None if transport is None else transport.get_extra_info("socket")
    if kernel is not None:
        with contextlib.suppress(OSError):
            kernel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)


async def raw_uuids(connection: Connection) -> None:
    """Let a connection take UUID arguments as 16 raw bytes: a group has hundreds, and objects for them cost more."""
    await connection.set_type_codec(
        "uuid",
        schema="pg_catalog",
        encoder=lambda value: value if type(value) is bytes else value.bytes,
        decoder=UUID,
        format="binary",
    )


async def commit(connection: Connection) -> None:
    """End the transaction durably. Raises DatabaseUnfit where there is none or it was taken back instead, one of LOST
    where the outcome is unknown.
    """
    if not connection.is_in_transaction():
        raise DatabaseUnfit("there is no transaction to commit")
    done = await connection.execute("COMMIT;")
    if done != "COMMIT":
        raise DatabaseUnfit("the database took a transaction back where it was told to commit it")


async def server_identity(connection: Connection) -> tuple[int, int]:
    """(system identifier, timeline): if either changes under a running process, another server answers."""
    row = await connection.fetchrow(
        "SELECT (pg_control_system()).system_identifier AS system, (pg_control_checkpoint()).timeline_id AS timeline"
    )
    return row["system"], row["timeline"]


async def copy_entries(connection: Connection, runs: Iterable[tuple[int, int, Sequence[bytes]]]) -> None:
    """COPY runs of entries into log.entries: (log_id, position of the first, entries). The rows are packed here, which
    halves the encoder's cost.
    """
    pack = _ENTRY_ROW.pack
    parts = [_COPY_HEAD]
    add = parts.append
    for log_id, first, entries in runs:
        for position, entry in enumerate(entries, first):
            add(pack(3, 4, log_id, 8, position, len(entry)))
            add(entry)
    parts.append(_COPY_TAIL)
    await connection.copy_to_table(
        "entries",
        schema_name="log",
        columns=["log_id", "position", "entry"],
        source=io.BytesIO(b"".join(parts)),
        format="binary",
    )


KeyRow = tuple[int, bytes, int, int, int, int, bytes | None]


async def copy_keys(connection: Connection, rows: Iterable[KeyRow]) -> None:
    """COPY (log_id, origin, version, chain, position, notes, id) into log.keys."""
    parts = [_COPY_HEAD]
    add, pack = parts.append, _KEY_REST.pack
    before: tuple[int, bytes] | None = None
    begin = b""
    for log_id, origin, version, chain, position, notes, name in rows:
        if (log_id, origin) != before:  # rows of one terminal follow one another
            before = log_id, origin
            begin = _KEY_BEGIN.pack(7, 4, log_id, 16, origin, 8)
        add(begin)
        if name is None:
            add(_KEY_REST_NO_ID.pack(version, 2, chain, 8, position, 4, notes, -1))
        else:
            add(pack(version, 2, chain, 8, position, 4, notes, 16, name))
    parts.append(_COPY_TAIL)
    await connection.copy_to_table(
        "keys",
        schema_name="log",
        columns=["log_id", "origin", "version", "chain", "position", "notes", "id"],
        source=io.BytesIO(b"".join(parts)),
        format="binary",
    )
