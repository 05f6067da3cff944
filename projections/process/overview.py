"""What a supervisor looks at first: signals by kind and state, upload delays, terminals that are silent or hold back.

Runs as `projections.process.queries` does. Every number is a count of rows that can be listed; what cannot be known,
because terminals have not uploaded, is counted apart and never as nothing. The invariant: an instant is an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from projections import queries, statements
from projections.process import queries as process_queries
from projections.process.off_system import SILENT_DAYS
from projections.views import TerminalLedger


@dataclass(frozen=True, slots=True)
class OfRule:
    """Signals of one rule that stand as of an instant, by state.

    `undecided`: they rest on an absence, and a terminal of their matter may still have what is missing; these are not
    among the open ones. `confirmed` and `false_alarms` are among the resolved ones.
    """

    rule: str
    severity: str
    open: int
    undecided: int
    disputed: int
    resolved: int
    confirmed: int
    false_alarms: int

    @property
    def standing(self) -> int:
        """Signals that were neither lifted nor false alarms."""
        return self.open + self.undecided + self.disputed + self.resolved - self.false_alarms


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


@dataclass(frozen=True, slots=True)
class Health:
    """How the terminals of an authority stand now.

    `holding`: have records that they did not upload, `waiting` of them; `gaps`: records are missing, of those that were
    revoked too; `silent`: of those in use, nothing came for SILENT_DAYS; `clock`: the last offset is over the limit;
    `held`, `revoked`; `replaced`: another was enrolled in its place, so it is not in use, and may still hold records;
    `versions`: what they run, as they said at enrolment, by how many.
    """

    authority: str
    terminals: int
    holding: int
    waiting: int
    gaps: int
    silent: int
    clock: int
    held: int
    revoked: int
    replaced: int
    versions: tuple[tuple[str, int], ...]
    last: int


async def health(conn: asyncpg.Connection, *, as_of: int, limit: int) -> tuple[Health, ...]:
    """How the terminals of every authority that is looked at stand; `limit` is the clock's, ms."""
    found: dict[str, list[TerminalLedger]] = {}
    after: str | None = None
    while True:
        page = await queries.terminals(conn, queries.MAX_ROWS, after)
        for one in page.rows:
            found.setdefault(one.authority, []).append(one)
        if page.next is None:
            break
        after = page.next
    every = (one.enrolment for mine in found.values() for one in mine)
    replaced = frozenset(one.replaces for one in every if one is not None and one.replaces is not None)
    return tuple(_health(name, mine, replaced, as_of, limit) for name, mine in sorted(found.items()))


def _health(
    authority: str, terminals: Sequence[TerminalLedger], replaced: Collection[str], as_of: int, limit: int
) -> Health:
    live = [one for one in terminals if one.revoked is None]
    used = [one for one in live if one.id not in replaced]
    told = Counter(_runs(one) for one in used)
    return Health(
        authority=authority,
        terminals=len(used),
        holding=sum(one.waiting > 0 for one in live),
        waiting=sum(one.waiting for one in live),
        gaps=sum(any(hole.last - hole.first + 1 > hole.filled for hole in one.holes) for one in terminals),
        silent=sum(as_of - one.last_received > SILENT_DAYS * 86_400_000 for one in used),
        clock=sum(one.clock is not None and abs(one.clock.last) > limit for one in used),
        held=sum(one.held for one in live),
        revoked=len(terminals) - len(live),
        replaced=len(live) - len(used),
        versions=tuple(sorted(told.items(), key=lambda pair: (-pair[1], pair[0]))),
        last=max((one.last_received for one in live), default=0),
    )


def _runs(one: TerminalLedger) -> str:
    """What a terminal runs, as it said when it was enrolled; "" where it did not say."""
    info = {} if one.enrolment is None else one.enrolment.info
    return next((str(info[name])[:40] for name in ("app_version", "app", "version") if name in info), "")


async def signals_by_rule(
    conn: asyncpg.Connection, authorities: Sequence[str], *, since: int, as_of: int
) -> tuple[OfRule, ...]:
    """Signals that opened at or after `since` (ms) and stand as of `as_of`, by rule."""
    asked = await statements.of_process(conn, "overview")
    rows = await conn.fetch(asked["by_rule"], list(authorities), since, as_of)
    absent = await conn.fetch(asked["absent"], list(authorities), since, as_of)
    missing = await process_queries.outstanding(conn, (one for row in absent for one in row["terminals"]))
    undecided: Counter[str] = Counter()
    for row in absent:
        if any(UUID(str(one)).bytes in missing for one in row["terminals"]):
            undecided[row["rule"]] += row["number"]
    return tuple(
        OfRule(
            row["rule"], row["severity"], row["open"] - undecided[row["rule"]], undecided[row["rule"]],
            row["disputed"], row["resolved"], row["confirmed"], row["false_alarms"],
        )
        for row in rows
    )  # fmt: skip


async def by_authority(
    conn: asyncpg.Connection, authorities: Sequence[str], *, since: int, as_of: int
) -> tuple[OfAuthority, ...]:
    """How each authority stands, in the order of their codes."""
    asked = await statements.of_process(conn, "overview")
    signals = {
        row["authority"]: row for row in await conn.fetch(asked["by_authority"], list(authorities), since, as_of)
    }
    acts = {row["authority"]: row for row in await conn.fetch(asked["delays"], list(authorities), since, as_of)}
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
