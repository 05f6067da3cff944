"""The questions that the discloser's pages ask: what waits for a second person, and how every record stands.

Asked on a connection of role liuhen_console with the scope set, as in `projections.queries`; row-level security repeats
the filter. Invariant: what a page lists is how the acts in the log made it, at one moment.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from projections import statements
from projections.queries import BadCursor

MAX_ROWS: Final = 200
STATES: Final = ("new", "published", "corrected", "withdrawn", "expired", "withheld")
_END: Final = 253_402_300_799_000
_LAST: Final = UUID(int=2**128 - 1)


class RecordRow(Struct, frozen=True, kw_only=True):
    """One record. `proposes`, `preparation`, `prepared_by` are of what waits, None where nothing does."""

    record: UUID
    authority: str
    status: str
    revision: int
    subject: str
    kind: str
    key: str
    decision: UUID | None
    document_no: str
    published_on: datetime.date | None
    until: datetime.date | None
    proposes: str | None
    preparation: UUID | None
    prepared_by: str | None
    reason: str
    changed: int


class RecordPage(Struct, frozen=True):
    """Records by their newest act; `next` is the cursor of the following page."""

    rows: tuple[RecordRow, ...]
    next: str | None


async def waiting(conn: asyncpg.Connection, limit: int = MAX_ROWS) -> tuple[RecordRow, ...]:
    """What was prepared and waits, the longest first."""
    return tuple(_row(row) for row in await conn.fetch(_queries()["waiting"], min(limit, MAX_ROWS)))


async def listed(
    conn: asyncpg.Connection, *, states: Sequence[str] | None = None, limit: int = 50, after: str | None = None
) -> RecordPage:
    """Records, the one with the newest act first. Raises BadCursor."""
    limit = max(1, min(limit, MAX_ROWS))
    changed, record = (_END, _LAST) if after is None else _cursor(after)
    rows = await conn.fetch(_queries()["listed"], list(states) if states else None, changed, record, limit + 1)
    found = tuple(_row(row) for row in rows[:limit])
    last = found[-1] if len(rows) > limit else None
    return RecordPage(found, None if last is None else f"{last.changed}-{last.record.hex}")


async def of_decisions(conn: asyncpg.Connection, decisions: Iterable[UUID]) -> dict[UUID, RecordRow]:
    """The records of some decisions, by the decision's event id."""
    rows = await conn.fetch(_queries()["of_decisions"], list(decisions))
    return {row["decision"]: _row(row) for row in rows}


async def public_of(conn: asyncpg.Connection, cases: Iterable[str]) -> dict[str, RecordRow]:
    """The records of some cases that are public now, by the case."""
    return {row["key"]: _row(row) for row in await conn.fetch(_queries()["public_of"], list(cases))}


def _queries() -> Any:
    return statements.load("disclosures", "a")


def _row(row: Any) -> RecordRow:
    return RecordRow(
        **{name: row[name] for name in RecordRow.__struct_fields__ if name != "changed"},
        changed=round(row["changed"].timestamp() * 1000),
    )


def _cursor(text: str) -> tuple[int, UUID]:
    changed, _, record = text.partition("-")
    if not changed.isdigit() or not changed.isascii() or len(changed) > 15:
        raise BadCursor(text[:40])
    try:
        return int(changed), UUID(hex=record)
    except ValueError:
        raise BadCursor(text[:40]) from None
