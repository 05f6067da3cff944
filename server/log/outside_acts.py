"""Books of others on their way into the log: which rows are new, the import that cites their file, and its parts.

Parts of one kind and month are one aggregate, so of two imports at once one appends and the other is told `conflict`;
an import is named by file and columns, a mapping by its name. The invariant: a row that stands in the log is never
appended again, so the same file changes nothing and one that overlaps adds what is new; after a crash the same file
appends the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import asyncpg
import msgspec

from domain.imports import named_id
from domain.outside import parts
from domain.outside_facts import month_of
from schemas import entries
from schemas.entries import EntryRefused, OfficeEntry, Who
from schemas.events import REGISTRY, Body, InvalidBody
from schemas.events.outside_ledger import (
    LedgerImported,
    LedgerKind,
    LedgerMappingSaved,
    LedgerMatchDecided,
    LedgerRow,
    LedgerRowsReceived,
    MappedColumn,
)
from schemas.problems import Problem
from server.log import store
from server.log.acts import Act
from server.log.committer import Committer
from server.log.disclosure_acts import check_body
from server.log.ids import uuid7
from server.log.repository import VersionedActs

AT_ONCE: Final = 40
"""Acts of one transaction: eight thousand rows, which stand or fall together with the import itself."""
MOST_PARTS: Final = 10_000
MOST_VERSIONS: Final = 1_000

_encoder: Final = msgspec.msgpack.Encoder()


@dataclass(slots=True)
class Compared:
    """Rows of a file beside the log: what is new by month (encoded rows), how many stand there, which differ."""

    new: dict[str, list[bytes]] = field(default_factory=dict)
    known: int = 0
    changed: list[tuple[int, str]] = field(default_factory=list)
    """(row, key) of rows that stand in the log with other content."""
    versions: dict[str, int] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    @property
    def taken(self) -> int:
        """How many rows are new."""
        return sum(len(rows) for rows in self.new.values())


class Beside:
    """What stands in the log of one authority and kind, read month by month as rows ask for it."""

    def __init__(self, pool: asyncpg.Pool | None, authority: str, kind: LedgerKind) -> None:
        """`pool` None: nothing stands anywhere, for a dry run without a log."""
        self._pool = pool
        self._authority = authority
        self._kind = kind
        self._months: dict[str, dict[str, bytes]] = {}
        self.found = Compared()

    async def put(self, rows: Iterable[LedgerRow]) -> None:
        """Hold some rows against the log."""
        for row in rows:
            month = month_of(row.on)
            known = self._months.get(month)
            if known is None:
                known = self._months[month] = await self._month(month)
            digest = content_of(row)
            there = known.get(row.key)
            day = row.on.isoformat()
            self.found.first = min(self.found.first or day, day)
            self.found.last = max(self.found.last, day)
            if there is None:
                self.found.new.setdefault(month, []).append(_encoder.encode(row))
            elif there == digest:
                self.found.known += 1
            else:
                self.found.changed.append((row.n, row.key))

    async def _month(self, month: str) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        if self._pool is None:
            return found
        acts = await acts_of(self._pool, self._authority, rows_origin(self._authority, self._kind, month), MOST_PARTS)
        self.found.versions[month] = len(acts)
        for _, body in acts:
            if isinstance(body, LedgerRowsReceived):
                for row in body.rows:
                    found.setdefault(row.key, content_of(row))
        return found


async def append(
    committer: Committer,
    pool: asyncpg.Pool,
    authority: str,
    imported: LedgerImported,
    compared: Compared,
    who: Who,
    received: int,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:
    """Append the import, unless it stands there, and the parts of its new rows; returns how many acts.

    The first AT_ONCE acts are one transaction. Idempotency: (origin, version) of each. Raises Problem.
    """
    version_of = store.load_queries("server.log", "office.sql")["version_of"]
    origin = import_origin(authority, imported.kind, imported.file, imported.columns)
    acts: list[Act] = []
    if not await acts_of(pool, authority, origin, 1):
        acts.append(
            Act("outside_ledger.imported.v1", (f"ledger:{imported.kind}",), _body(imported), origin, 1, uuid7())
        )
    for month, encoded in sorted(compared.new.items()):
        version = compared.versions.get(month, 0)
        rows = [msgspec.msgpack.decode(one, type=LedgerRow) for one in encoded]
        for _, part in parts(rows):
            version += 1
            body = LedgerRowsReceived(import_id=imported.import_id, kind=imported.kind, month=month, rows=part)
            name = rows_origin(authority, imported.kind, month)
            tags = (f"ledger:{imported.kind}/{month}",)
            acts.append(Act("outside_ledger.rows_received.v1", tags, _body(body), name, version, uuid7()))
    for start in range(0, len(acts), AT_ONCE):
        await committer.submit(VersionedActs(version_of, authority, acts[start : start + AT_ONCE], who, received))
        progress(min(start + AT_ONCE, len(acts)), len(acts))
    return len(acts)


async def save_mapping(
    committer: Committer, pool: asyncpg.Pool, authority: str, mapping: LedgerMappingSaved, who: Who, received: int
) -> LedgerMappingSaved:
    """Append a mapping as the next version of its name; the same columns again append nothing. Raises Problem."""
    origin = mapping_origin(authority, mapping.kind, mapping.name)
    acts = await acts_of(pool, authority, origin, MOST_VERSIONS)
    newest = acts[-1][1] if acts else None
    if isinstance(newest, LedgerMappingSaved) and newest.columns == mapping.columns:
        return newest
    saved = msgspec.structs.replace(mapping, mapping_id=origin, version=len(acts) + 1)
    act = Act("outside_ledger.mapping_saved.v1", ("ledger:mapping",), _body(saved), origin, len(acts) + 1, uuid7())
    version_of = store.load_queries("server.log", "office.sql")["version_of"]
    await committer.submit(VersionedActs(version_of, authority, [act], who, received))
    return saved


async def mapping_of(pool: asyncpg.Pool, authority: str, kind: LedgerKind, name: str) -> LedgerMappingSaved | None:
    """The newest version of a mapping."""
    acts = await acts_of(pool, authority, mapping_origin(authority, kind, name), MOST_VERSIONS)
    body = acts[-1][1] if acts else None
    return body if isinstance(body, LedgerMappingSaved) else None


async def decide_match(
    committer: Committer, pool: asyncpg.Pool, authority: str, decided: LedgerMatchDecided, who: Who, received: int
) -> None:
    """Append what a person says of a row and an act; the same said again appends nothing. Raises Problem."""
    origin = named_id("outside-match", authority, decided.kind, decided.month, decided.key, decided.event.hex())
    acts = await acts_of(pool, authority, origin, MOST_VERSIONS)
    newest = acts[-1][1] if acts else None
    if isinstance(newest, LedgerMatchDecided) and newest.outcome == decided.outcome:
        return
    tags = (f"ledger:{decided.kind}/{decided.month}",)
    act = Act("outside_ledger.match_decided.v1", tags, _body(decided), origin, len(acts) + 1, uuid7())
    version_of = store.load_queries("server.log", "office.sql")["version_of"]
    await committer.submit(VersionedActs(version_of, authority, [act], who, received))


async def acts_of(pool: asyncpg.Pool, authority: str, origin: bytes, most: int) -> list[tuple[int, Body]]:
    """The acts of an aggregate with their versions, oldest first. Raises Problem not_ready."""
    query = store.load_queries("server.log", "office.sql")["acts_of"]
    found = []
    for row in await pool.fetch(query, authority, store.uuid(origin), most):
        try:
            entry = entries.decode(bytes(row["entry"]))
            if not isinstance(entry, OfficeEntry):
                raise EntryRefused(f"expected an office entry, got {type(entry).__name__}")
            found.append((row["version"], REGISTRY.decode_body(entry.y, entry.b)))
        except (EntryRefused, InvalidBody) as fault:
            raise Problem("not_ready", f"an act cannot be read ({fault}): run `liuhen verify`") from None
    return found


def content_of(row: LedgerRow) -> bytes:
    """What a row says, wherever in its file it stood."""
    return sha256(_encoder.encode(msgspec.structs.replace(row, n=0))).digest()[:16]


def rows_origin(authority: str, kind: str, month: str) -> bytes:
    """The aggregate of the parts of a kind and month."""
    return named_id("outside-rows", authority, kind, month)


def import_origin(authority: str, kind: str, file: bytes, columns: Sequence[MappedColumn]) -> bytes:
    """The aggregate of one file read in one way."""
    read = ";".join(f"{one.title}={one.field}={one.unit or ''}" for one in columns)
    return named_id("outside-import", authority, kind, file.hex(), read)


def mapping_origin(authority: str, kind: str, name: str) -> bytes:
    """The aggregate of a mapping."""
    return named_id("outside-mapping", authority, kind, name)


def _body(body: Body) -> Mapping[str, Any]:
    check_body(body)
    made: Mapping[str, Any] = msgspec.to_builtins(body, builtin_types=(bytes,))
    return made
