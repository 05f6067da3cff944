"""What a supervisor looks at first: signals by kind and state, upload delays, terminals that are silent or hold back.

Runs as `projections.process.queries` does. Every number is a count of rows that can be listed; what cannot be known,
because terminals have not uploaded, is counted apart and never as nothing. The invariant: an instant is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from projections import statements


@dataclass(frozen=True, slots=True)
class OfRule:
    """Signals of one rule that stand as of an instant: by state, and those that rest on what may still be uploaded."""

    rule: str
    severity: str
    open: int
    disputed: int
    resolved: int
    confirmed: int


@dataclass(frozen=True, slots=True)
class OfAuthority:
    """How one authority stands: acts on site that were received in the period, and signals that are open.

    `late`: received more than a day after they took place, undeclared. `backfilled`: declared later, with an approval.
    `median_ms`: half of them were there within that time.
    """

    authority: str
    acts: int
    late: int
    backfilled: int
    median_ms: int
    signals: int
    serious: int


async def signals_by_rule(
    conn: asyncpg.Connection, authorities: Sequence[str], *, since: int, as_of: int
) -> tuple[OfRule, ...]:
    """Signals that opened at or after `since` (ms) and stand as of `as_of`, by rule."""
    rows = await conn.fetch((await statements.of_process(conn, "overview"))["by_rule"], list(authorities), since, as_of)
    return tuple(
        OfRule(row["rule"], row["severity"], row["open"], row["disputed"], row["resolved"], row["confirmed"])
        for row in rows
    )


async def by_authority(
    conn: asyncpg.Connection, authorities: Sequence[str], *, since: int, as_of: int
) -> tuple[OfAuthority, ...]:
    """How each authority stands, in the order of their codes."""
    queries = await statements.of_process(conn, "overview")
    signals = {
        row["authority"]: row for row in await conn.fetch(queries["by_authority"], list(authorities), since, as_of)
    }
    acts = {row["authority"]: row for row in await conn.fetch(queries["delays"], list(authorities), since, as_of)}
    found = []
    for one in sorted(authorities):
        said, done = signals.get(one), acts.get(one)
        found.append(
            OfAuthority(
                one,
                0 if done is None else done["acts"],
                0 if done is None else done["late"],
                0 if done is None else done["backfilled"],
                0 if done is None else done["median_ms"],
                0 if said is None else said["open"],
                0 if said is None else said["serious"],
            )
        )
    return tuple(found)


async def standing(conn: asyncpg.Connection, authorities: Sequence[str], *, as_of: int) -> set[tuple[str, str, str]]:
    """(rule, "kind:key", about) of everything that a rule has spoken of by an instant, whatever became of it since."""
    rows = await conn.fetch((await statements.of_process(conn, "overview"))["standing"], list(authorities), as_of)
    return {(row["rule"], f"{row['kind']}:{row['key']}", row["about"]) for row in rows}
