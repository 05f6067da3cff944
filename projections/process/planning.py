"""What the records say of every enterprise of an authority, as far as its annual plan asks (handbook 1A, rows 2 to 4).

Read off the judged dossiers, all of one authority at once. The invariant: nothing is decided here; which criteria hold
is worked out by `domain.plan_criteria` on what is returned.
"""

from __future__ import annotations

from typing import Final

import asyncpg
import msgspec

from domain.plan_criteria import Suggestion, of_plain, suggest
from domain.rulebook import Rulebook
from projections import statements

MOST: Final = 100_000
"""Enterprises of one authority that are looked at."""


async def suggestions(
    conn: asyncpg.Connection, authority: str, year: int, rules: Rulebook, slot: str | None = None
) -> dict[str, Suggestion]:
    """The criteria of each enterprise for the plan of a year, {enterprise: …}. `conn` sees what it may see.

    Raises NoRule where the limits of the criteria are not in force.
    """
    if slot is None:
        slot = await conn.fetchval(statements.load("planning", "a")["slot"])
    rows = await conn.fetch(statements.load("planning", slot)["dossiers"], authority, MOST)
    found = {}
    for row in rows:
        told = msgspec.json.decode(row["planning"])
        found[row["key"]] = suggest(of_plain(row["key"], row["name"] or "", told), year, rules, authority)
    return found


async def called(conn: asyncpg.Connection, authority: str) -> dict[str, str]:
    """What the register of an authority calls its enterprises, for one who may read all of them: the log's writer.

    Within a transaction, whose rows are those of the authority from here on.
    """
    await conn.fetchrow(statements.load("planning", "a")["scope"], authority)
    slot = await conn.fetchval(statements.load("planning", "a")["slot"])
    rows = await conn.fetch(statements.load("planning", slot)["dossiers"], authority, MOST)
    return {row["key"]: row["name"] or "" for row in rows}
