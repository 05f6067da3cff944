"""What the public site asks of the database: the tables of the schema `published`, as the role that sees nothing else.

Invariant: every statement is one of public.sql, values are parameters; there is no statement that writes.
"""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
import msgspec

from schemas.published_document import Document, read
from server.public.search import ROWS, Cursor, Search

MOST_COUNTED: Final = 1_000
STATE_SECONDS: Final = 1.0
MOST_COUNTS_KEPT: Final = 5_000
CHUNK: Final = 500
"""Documents that a stream holds at once: some hundred kilobytes."""
_DOCUMENTS: Final = msgspec.json.Decoder(Document)
"""For tables and feeds: the projector has looked at every byte, and `read` costs twenty times as much."""
Status = Literal["published", "corrected", "withdrawn", "expired"]


class SeesTooMuch(Exception):
    """The account of the public site may read what is not published; the message names it and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record in a list. Amounts are fen."""

    record: UUID
    authority: str
    subject: str
    status: Status
    party: str
    party_type: str
    uscc: str
    document_no: str
    agency: str
    kinds: tuple[str, ...]
    fine_fen: int | None
    confiscated_fen: int | None
    decided_on: datetime.date | None
    published_on: datetime.date
    until: datetime.date | None
    changed_on: datetime.date | None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search: rows, how many there are at all (None: more than MOST_COUNTED), the next page."""

    rows: tuple[Row, ...]
    count: int | None
    next: Search | None


@dataclass(frozen=True, slots=True)
class Record:
    """One record or its tombstone. `data` are the bytes that `entry` commits to, `document` is what they say."""

    record: UUID
    authority: str
    status: Status
    revision: int
    data: bytes
    document: Document
    salt: bytes
    epoch: int
    position: int
    entry: bytes
    released: datetime.datetime

    @property
    def stands(self) -> bool:
        """Whether it is public: published or corrected."""
        return self.status in ("published", "corrected")


@dataclass(frozen=True, slots=True)
class Revision:
    """One thing that happened to a record, as the public may know it."""

    revision: int
    outcome: Status
    day: datetime.date
    reason: str
    epoch: int
    position: int
    entry: bytes
    released: datetime.datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A document for a table or a feed."""

    record: UUID
    authority: str
    status: Status
    document: Document
    released: datetime.datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A record that was taken down."""

    record: UUID
    authority: str
    subject: str
    status: Status
    agency: str
    document_no: str
    changed_on: datetime.date | None
    reason: str
    released: datetime.datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """Who publishes here."""

    code: str
    name: str
    uscc: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a log is taken into account here: so many entries of an epoch, at an instant."""

    authority: str
    epoch: int
    position: int
    at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Section:
    """One thing that an authority publishes beside records: flat texts, and the day of the act that says so."""

    section: str
    key: str
    content: Mapping[str, Any]
    updated: datetime.date


@cache
def _queries() -> Mapping[str, str]:
    text = (resources.files("server.public") / "sql" / "public.sql").read_text("utf-8")
    parts = text.split("-- name: ")[1:]
    read = {part.partition("\n")[0].strip(): part.partition("\n")[2].strip() for part in parts}
    condition = "\n".join(line for line in read.pop("found").splitlines() if not line.startswith("--"))
    return {name: query.replace(":found", condition) for name, query in read.items()}


async def connect(dsn: str, *, size: int = 8) -> asyncpg.Pool:
    """A pool for the site. Raises SeesTooMuch where the account could read anything else."""
    pool = await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        command_timeout=30,
        server_settings={
            "application_name": "liuhen-public",
            "default_transaction_read_only": "on",
            # A search has many optional conditions: a plan for all of them at once would fit none.
            "plan_cache_mode": "force_custom_plan",
            # What is looked for is in memory, or on a disk that does not mind where it reads.
            "random_page_cost": "1.1",
            # Workers take longer to start than a page takes to find.
            "max_parallel_workers_per_gather": "0",
            "jit": "off",
        },
    )
    try:
        seen = [row["name"] for row in await pool.fetch(_queries()["may_see_more"]) if row["may"]]
    except BaseException:
        await pool.close()
        raise
    if seen:
        await pool.close()
        raise SeesTooMuch(
            f"the account of the public site may read {', '.join(sorted(seen))}: expected one that has the rights of "
            "liuhen_public only; name it in LIUHEN_PUBLIC_DSN"
        )
    return pool


async def search(pool: asyncpg.Pool, wanted: Search, state: State | None = None) -> Found:
    """One page of a search. With `state` its count may be one that was made before."""
    after = wanted.after
    name = "decided" if wanted.sort == "decided" else "newest"
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            _queries()[name],
            *wanted.arguments(),
            after.day if after else None,
            after.record if after else None,
            wanted.rows + 1,
        )
        if after is None and len(rows) <= wanted.rows:
            count: int | None = len(rows)
        else:
            count = await _count(connection, wanted, {} if state is None else state.counts)
    page = rows[: wanted.rows]
    following = None
    if len(rows) > wanted.rows:
        following = replace(wanted, after=Cursor(page[-1]["ordered"], UUID(str(page[-1]["record"]))))
    return Found(tuple(_row(row) for row in page), count, following)


async def _count(
    connection: asyncpg.Connection, wanted: Search, kept: dict[tuple[tuple[str, str], ...], int | None]
) -> int | None:
    """How many records a search finds, None for more than MOST_COUNTED."""
    key = tuple(replace(wanted, after=None, rows=ROWS[0]).pairs())
    if key not in kept:
        counted = await connection.fetchval(_queries()["counted"], *wanted.arguments(), MOST_COUNTED + 1)
        if len(kept) >= MOST_COUNTS_KEPT:
            kept.clear()
        kept[key] = counted if counted <= MOST_COUNTED else None
    return kept[key]


async def record(pool: asyncpg.Pool, wanted: UUID) -> Record | None:
    """A record or its tombstone, None where it was never published."""
    row = await pool.fetchrow(_queries()["record"], wanted)
    if row is None:
        return None
    data = bytes(row["document"])
    return Record(
        wanted, row["authority"], row["status"], row["revision"], data, read(data), bytes(row["salt"]), row["epoch"],
        row["position"], bytes(row["entry"]), row["released"],
    )  # fmt: skip


async def revisions(pool: asyncpg.Pool, wanted: UUID) -> tuple[Revision, ...]:
    """All that ever happened to a record, oldest first."""
    return tuple(
        Revision(
            row["revision"], row["outcome"], row["day"], row["reason"] or "", row["epoch"], row["position"],
            bytes(row["entry"]), row["released"],
        )
        for row in await pool.fetch(_queries()["revisions"], wanted)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """What every list says of itself: who publishes, how far the logs are taken into account, the newest release."""

    authorities: tuple[Authority, ...]
    positions: tuple[Position, ...]
    newest: datetime.datetime | None
    counts: dict[tuple[tuple[str, str], ...], int | None]
    """How many records searches find, as long as nothing newer was released: what is asked often is counted once."""


class States:
    """The state, asked for once a second at most however many pages show it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._held: State | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def now(self) -> State:
        """The state, at most STATE_SECONDS old."""
        clock = asyncio.get_running_loop().time
        if self._held is None or clock() >= self._until:
            async with self._lock:
                if self._held is None or clock() >= self._until:
                    newest = await last_release(self._pool)
                    kept = self._held.counts if self._held is not None and self._held.newest == newest else {}
                    self._held = State(await authorities(self._pool), await positions(self._pool), newest, kept)
                    self._until = clock() + STATE_SECONDS
        return self._held


async def authorities(pool: asyncpg.Pool) -> tuple[Authority, ...]:
    """Who publishes here, by code."""
    return tuple(
        Authority(row["authority"], row["name"], row["uscc"]) for row in await pool.fetch(_queries()["authorities"])
    )


async def positions(pool: asyncpg.Pool) -> tuple[Position, ...]:
    """How far each log is taken into account, newest epochs only."""
    return tuple(
        Position(row["authority"], row["epoch"], row["position"], row["at"])
        for row in await pool.fetch(_queries()["positions"])
    )


async def sections(pool: asyncpg.Pool, authority: str) -> tuple[Section, ...]:
    """What an authority publishes beside records."""
    return tuple(
        Section(row["section"], row["key"], _json(row["content"]), row["updated"])
        for row in await pool.fetch(_queries()["sections"], authority)
    )


async def file(pool: asyncpg.Pool, wanted: UUID, digest: str) -> bytes | None:
    """A file of a record by its SHA-256 (hexadecimal), None where the record cites no such file."""
    data = await pool.fetchval(_queries()["file"], wanted, bytes.fromhex(digest))
    return None if data is None else bytes(data)


async def statistics(pool: asyncpg.Pool, authority: str | None) -> Mapping[tuple[str, int], Mapping[str, int]]:
    """Figures by (authority, year), newest year first."""
    found: dict[tuple[str, int], dict[str, int]] = {}
    for row in await pool.fetch(_queries()["statistics"], authority):
        found.setdefault((row["authority"], row["year"]), {})[row["figure"]] = row["number"]
    return found


async def ended(
    pool: asyncpg.Pool, authority: str | None, after: tuple[datetime.datetime, UUID] | None, rows: int
) -> tuple[Ended, ...]:
    """What was taken down, newest first."""
    instant, last = after if after is not None else (None, None)
    return tuple(
        Ended(
            UUID(str(row["record"])), row["authority"], row["subject"], row["status"], row["agency"],
            row["document_no"] or "", row["changed_on"], row["reason"] or "", row["released"],
        )
        for row in await pool.fetch(_queries()["ended"], authority, instant, last, rows)
    )  # fmt: skip


async def changes(pool: asyncpg.Pool, wanted: Search, limit: int) -> tuple[Entry, ...]:
    """What was released last: of one authority or of all, tombstones too; of a search, what stands."""
    if wanted.narrowed and wanted.pairs() != [("authority", wanted.authority)]:
        rows = await pool.fetch(_queries()["recent"], *wanted.arguments(), limit)
    else:
        rows = await pool.fetch(_queries()["changes"], wanted.authority or None, limit)
    return tuple(_entry(row) for row in rows)


@asynccontextmanager
async def documents(pool: asyncpg.Pool, wanted: Search) -> AsyncIterator[AsyncIterator[Sequence[Entry]]]:
    """All documents of a search in chunks, as of one instant; memory does not grow with their number."""
    async with _stream(pool, _queries()["documents"], wanted.arguments()) as chunks:
        yield chunks


@asynccontextmanager
async def changed_between(
    pool: asyncpg.Pool, since: datetime.datetime, until: datetime.datetime, subject: str
) -> AsyncIterator[AsyncIterator[Sequence[Entry]]]:
    """Records on a subject whose newest revision was released in a span, in chunks; tombstones are among them."""
    async with _stream(pool, _queries()["changed_between"], [since, until, subject]) as chunks:
        yield chunks


async def first_release(pool: asyncpg.Pool) -> datetime.datetime | None:
    """When the oldest of what stands here was released."""
    found: datetime.datetime | None = await pool.fetchval(_queries()["first_release"])
    return found


async def last_release(pool: asyncpg.Pool) -> datetime.datetime | None:
    """When anything was released last."""
    found: datetime.datetime | None = await pool.fetchval(_queries()["last_release"])
    return found


@asynccontextmanager
async def _stream(
    pool: asyncpg.Pool, query: str, arguments: Sequence[object]
) -> AsyncIterator[AsyncIterator[Sequence[Entry]]]:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):

        async def chunks() -> AsyncIterator[Sequence[Entry]]:
            cursor = await connection.cursor(query, *arguments)
            while rows := await cursor.fetch(CHUNK):
                yield [_entry(row) for row in rows]

        yield chunks()


def _row(row: Any) -> Row:
    return Row(
        UUID(str(row["record"])), row["authority"], row["subject"], row["status"], row["party"] or "",
        row["party_type"] or "", row["uscc"] or "", row["document_no"] or "", row["agency"], tuple(row["kinds"]),
        row["fine_fen"], row["confiscated_fen"], row["decided_on"], row["published_on"], row["until"],
        row["changed_on"],
    )  # fmt: skip


def _entry(row: Any) -> Entry:
    return Entry(
        UUID(str(row["record"])), row["authority"], row["status"], _DOCUMENTS.decode(row["document"]), row["released"]
    )


def _json(value: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found
