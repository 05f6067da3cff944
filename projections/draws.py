"""The questions that the planner's pages ask of random draws: how each stands, and who could be in its pools.

Asked on a connection of role liuhen_console with the scope set, as in `projections.queries`; row-level security repeats
the filter. Invariant: a pool that is proposed here is what the registers say for the day of the draw, in the order of
the ids.
"""

from __future__ import annotations

import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from domain.judges.officer import standing_on
from domain.random_selection import MAX_POOL
from projections import statements
from projections.queries import BadCursor

MAX_ROWS: Final = 200
_END: Final = 253_402_300_799_000
_LAST: Final = UUID(int=2**128 - 1)


class DrawRow(Struct, frozen=True, kw_only=True):
    """One draw. `entered`: a public number waits for a second person. `changed` in ms."""

    draw: UUID
    authority: str
    status: str
    title: str
    draws_on: datetime.date
    objects: int
    team: int
    announcement: UUID
    result: UUID | None
    entered: bool
    changed: int


class DrawPage(Struct, frozen=True):
    """Draws by their newest act; `next` is the cursor of the following page."""

    rows: tuple[DrawRow, ...]
    next: str | None


class DrawRecord(Struct, frozen=True):
    """The record by which an announcement or a result (`decision`: its event) is published."""

    record: UUID
    decision: UUID | None
    status: str
    proposes: str | None


class Unpublished(Struct, frozen=True):
    """An announcement ("announced") or a result ("revealed") that nobody has prepared for the public."""

    draw: UUID
    title: str
    draws_on: datetime.date
    event: UUID
    stage: str


async def listed(conn: asyncpg.Connection, *, limit: int = 50, after: str | None = None) -> DrawPage:
    """Draws, the one with the newest act first. Raises BadCursor."""
    limit = max(1, min(limit, MAX_ROWS))
    changed, draw = (_END, _LAST) if after is None else _cursor(after)
    rows = await conn.fetch(_queries()["listed"], changed, draw, limit + 1)
    found = tuple(_row(row) for row in rows[:limit])
    last = found[-1] if len(rows) > limit else None
    return DrawPage(found, None if last is None else f"{last.changed}-{last.draw.hex}")


async def one(conn: asyncpg.Connection, draw: UUID) -> DrawRow | None:
    """How a draw stands, None where none of this id is seen."""
    row = await conn.fetchrow(_queries()["one"], draw)
    return None if row is None else _row(row)


async def records(conn: asyncpg.Connection, draw: UUID) -> dict[UUID, DrawRecord]:
    """The records of a draw of the own authority, by the event that each publishes."""
    rows = await conn.fetch(_queries()["records"], str(draw))
    found = (DrawRecord(row["record"], row["decision"], row["status"], row["proposes"]) for row in rows)
    return {record.decision: record for record in found if record.decision is not None}


async def unpublished(conn: asyncpg.Connection) -> tuple[Unpublished, ...]:
    """What of the draws of the own authority has no record yet, the earliest draw first."""
    rows = await conn.fetch(_queries()["unpublished"], MAX_ROWS)
    return tuple(Unpublished(row["draw"], row["title"], row["draws_on"], row["event"], row["stage"]) for row in rows)


async def supervised(conn: asyncpg.Connection) -> dict[str, str]:
    """Enterprises that operate and that the own authority supervises: id -> name."""
    rows = await conn.fetch((await _process(conn))["supervised"], MAX_POOL + 1)
    return {row["key"]: row["name"] or "" for row in rows}


async def certified(conn: asyncpg.Connection, day: datetime.date) -> dict[str, str]:
    """Officers of the own authority whose certificate is valid on a day: id -> unit. The legal unit, which reviews, is
    left out.
    """
    rows = await conn.fetch((await _process(conn))["certified"], MAX_POOL + 1)
    return {
        row["key"]: row["unit"] or ""
        for row in rows
        if row["role"] != "legal" and standing_on(row["stood"] or "", day) == "valid"
    }


def _queries() -> Any:
    return statements.load("draws", "a")


async def _process(conn: asyncpg.Connection) -> Any:
    row = await conn.fetchrow(statements.load("process_queries", "a")["slots"])
    return statements.load("draws", row["slot"])


def _row(row: Any) -> DrawRow:
    return DrawRow(
        **{name: row[name] for name in DrawRow.__struct_fields__ if name != "changed"},
        changed=round(row["changed"].timestamp() * 1000),
    )


def _cursor(text: str) -> tuple[int, UUID]:
    changed, _, draw = text.partition("-")
    if not changed.isdigit() or not changed.isascii() or len(changed) > 15:
        raise BadCursor(text[:40])
    try:
        return int(changed), UUID(hex=draw)
    except ValueError:
        raise BadCursor(text[:40]) from None
