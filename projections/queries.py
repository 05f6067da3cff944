"""The questions that officers' pages ask of the projections.

Every function runs on a connection of role liuhen_console inside a transaction in which the caller has set the scope:
`SELECT set_config('liuhen.authority', $1, true)`. Row-level security repeats that filter and fails closed. Invariant: a
question sees one authority only, and bodies are read from the log itself, never from a copy.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from projections.views import CaseFile, CasePage, Lag, SubjectKind, TerminalLedger, TerminalPage

MAX_ITEMS: Final = 1_000
MAX_ROWS: Final = 200


class BadCursor(ValueError):
    """`after` is not a cursor that a page of this kind gave."""


async def case_file(
    conn: asyncpg.Connection, subject_kind: SubjectKind, subject_id: str, *, limit: int = MAX_ITEMS, offset: int = 0
) -> CaseFile | None:
    """Everything about a task, case or hazard in process order; None where nothing of that name was reported."""
    raise NotImplementedError


async def list_cases(
    conn: asyncpg.Connection, kind: SubjectKind, limit: int = 50, after: str | None = None
) -> CasePage:
    """Tasks, cases or hazards, newest activity first, `limit` <= MAX_ROWS. Raises BadCursor."""
    raise NotImplementedError


async def terminals(conn: asyncpg.Connection, limit: int = 50, after: str | None = None) -> TerminalPage:
    """The terminals of the authority by id, `limit` <= MAX_ROWS. Raises BadCursor."""
    raise NotImplementedError


async def terminal(conn: asyncpg.Connection, terminal_id: str) -> TerminalLedger | None:
    """How one terminal stands; `terminal_id` is UUID text."""
    raise NotImplementedError


async def as_of(conn: asyncpg.Connection) -> dict[int, int]:
    """The cut that answers rest on: {log_id: entries folded}."""
    raise NotImplementedError


async def lag(conn: asyncpg.Connection) -> tuple[Lag, ...]:
    """How far the projections are behind the logs of the authority."""
    raise NotImplementedError
