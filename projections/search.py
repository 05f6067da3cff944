"""Search over everything in scope: matters by name, number, officer and id; terminals, files and events by their ids.

Two characters are enough, of any script. Runs as the questions of `projections.process.queries`. Invariant: what is out
of the caller's scope is not found and not counted, and a question costs its hits, not the size of the record.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from projections import statements
from projections.process import searching
from projections.process.rows import plain
from projections.queries import BadCursor
from schemas import entries
from schemas.entries import BranchEntry, EntryRefused, FieldEntry, OfficeEntry
from schemas.envelope import Envelope

MAX_ROWS: Final = 200
MAX_HITS: Final = 2_000
"""Matters that one question finds at most; whoever finds more is asked to say more."""
MAX_QUESTION: Final = 200
LEAST_DIGITS: Final = 8
"""Digits of an id or a digest from which it is looked up by its beginning."""
KINDS: Final = tuple(searching.COLUMNS)
_HEX: Final = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
_FAR: Final = 2**63 - 1
_ENVELOPE: Final = msgspec.msgpack.Decoder(Envelope)


class Hit(Struct, frozen=True, kw_only=True):
    """A matter in which every word was found."""

    kind: str
    key: str
    authority: str
    stage: str
    last: int
    columns: dict[str, Any]


class FileHit(Struct, frozen=True):
    """A file of evidence by its digest (hex); size and media type where it has arrived."""

    sha256: str
    type: str | None
    size: int | None


class EventHit(Struct, frozen=True):
    """An event by its id: the files that it belongs to, as (kind, key)."""

    id: str
    about: tuple[tuple[str, str], ...]


class Found(Struct, frozen=True, kw_only=True):
    """What a question found. `counts` by kind; `more`: there were more than MAX_HITS, none of them is counted."""

    rows: tuple[Hit, ...]
    counts: dict[str, int]
    terminals: tuple[str, ...]
    files: tuple[FileHit, ...]
    events: tuple[EventHit, ...]
    more: bool
    short: bool
    next: str | None

    @property
    def any(self) -> bool:
        """Whether anything was found."""
        return bool(self.counts or self.terminals or self.files or self.events)


NOTHING: Final = Found(rows=(), counts={}, terminals=(), files=(), events=(), more=False, short=False, next=None)


async def search(
    conn: asyncpg.Connection, question: str, *, kind: str | None = None, limit: int = 50, after: str | None = None
) -> Found:
    """Look for a question of at most MAX_QUESTION characters, `limit` <= MAX_ROWS. Raises BadCursor.

    Every word must be found. `short`: no word has two characters, so matters were not looked for.
    """
    words = searching.terms(question[:MAX_QUESTION])
    if not words:
        return NOTHING
    slots = await conn.fetchrow(statements.load("search", "a")["slots"])
    queries, folds = statements.load("search", slots["slot"]), statements.load("search", slots["folds"])
    start = (_FAR, "", "") if after is None else _read_cursor(after)
    limit = max(1, min(limit, MAX_ROWS))
    short = all(len(word) < 2 for word in words)
    hits = [] if short else await conn.fetch(queries["hits"], list(words), None, MAX_HITS + 1)
    counts: dict[str, int] = {}
    for hit in hits[:MAX_HITS]:
        counts[hit["kind"]] = counts.get(hit["kind"], 0) + 1
    wanted = [hit for hit in hits[:MAX_HITS] if kind is None or hit["kind"] == kind]
    rows = await conn.fetch(
        queries["rows"], [hit["kind"] for hit in wanted], [hit["key"] for hit in wanted], *start, limit + 1
    )
    last = rows[limit - 1] if len(rows) > limit else None
    ids = words[0].replace("-", "") if len(words) == 1 and after is None else ""
    looked_up = _HEX.fullmatch(ids) is not None
    return Found(
        rows=tuple(
            Hit(
                kind=row["kind"],
                key=row["key"],
                authority=row["authority"],
                stage=row["stage"],
                last=row["last"],
                columns=plain(row["columns"]),
            )
            for row in rows[:limit]
        ),
        counts=counts,
        terminals=await _terminals(conn, folds, ids) if looked_up and len(ids) <= 32 else (),
        files=await _files(conn, queries, ids) if looked_up else (),
        events=await _events(conn, queries, ids) if looked_up and len(ids) == 32 else (),
        more=len(hits) > MAX_HITS,
        short=short,
        next=None if last is None else _cursor(last["last"], last["kind"], last["key"]),
    )


async def _terminals(conn: asyncpg.Connection, queries: Mapping[str, str], digits: str) -> tuple[str, ...]:
    ends = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    return tuple(str(row["terminal"]) for row in await conn.fetch(queries["terminals"], *ends))


async def _files(conn: asyncpg.Connection, queries: Mapping[str, str], digits: str) -> tuple[FileHit, ...]:
    ends = bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
    rows = await conn.fetch(queries["digests"], *ends)
    return tuple(FileHit(row["digest"].hex(), row["type"], row["size"]) for row in rows)


async def _events(conn: asyncpg.Connection, queries: Mapping[str, str], digits: str) -> tuple[EventHit, ...]:
    place = await conn.fetchrow(queries["events"], UUID(digits))
    entry = None if place is None else await conn.fetchval(queries["entry"], place["log_id"], place["pos"])
    if entry is None:
        return ()
    about = tuple(
        (kind, name)
        for kind, _, name in (tag.partition(":") for tag in _about(entry))
        if kind in ("task", "case", "hazard") and name
    )
    return (EventHit(str(UUID(digits)), about),)


def _about(entry: bytes) -> tuple[str, ...]:
    try:
        match entries.decode(entry):
            case OfficeEntry() as office:
                return tuple(office.a)
            case FieldEntry() | BranchEntry() as field:
                return tuple(_ENVELOPE.decode(field.e).about)
            case _:
                return ()
    except (EntryRefused, msgspec.DecodeError):
        return ()


def _cursor(last: int, kind: str, key: str) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((last, kind, key))).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, str, str]:
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        last, kind, key = msgspec.msgpack.decode(data, type=tuple[int, str, str])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        last, kind, key = _FAR + 1, "", ""
    if not -_FAR <= last <= _FAR or "\0" in kind + key:
        raise BadCursor("expected a cursor that this list gave: leave `after` out to begin again")
    return last, kind, key
