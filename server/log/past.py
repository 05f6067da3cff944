"""What stood at an earlier cut, for the supervisors' face: read from the log as its writer reads it, and never written.

The invariant: nothing of an authority that was not named leaves this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import asyncpg

from domain import reporting
from domain.quarterly import Period
from domain.reporting import Kind
from domain.workdays import end_of, start_of
from projections.process import figures, off_system, past, reports, submissions
from projections.process import trail as trails
from projections.process.off_system import OffSystem
from projections.process.reports import Report
from projections.process.store import Memory
from projections.process.submissions import Handed, Reconciled
from projections.process.trail import Looked, Trail
from projections.scope import looking
from server.log.ids import now_ms


def _fits(kind: Kind, span: Period) -> bool:
    try:
        reporting.check(kind, span)
    except reporting.NotOfPeriod:
        return False
    return True


@dataclass(slots=True)
class Past:
    """Answers as of a cut, over the connections of the log's writer."""

    pool: asyncpg.Pool
    _memory: Memory = field(default_factory=Memory)

    async def off_system(self, authorities: Sequence[str], period: Period, name: str = "") -> OffSystem:
        """The report on enforcement off the system; `name` is that of an earlier one (off_system.moment), "" for now.

        Raises figures.NoCut, past.TooFarBack, ValueError for a name of another form.
        """
        async with looking(self.pool, authorities, readonly=False) as connection:
            return await made_at(connection, authorities, period, name, self._memory, most=past.MOST_ANEW)

    async def submissions(self, authorities: Sequence[str], span: Period) -> Handed:
        """What was handed in for a period, and by when it is due, as of now."""
        async with looking(self.pool, authorities) as connection:
            cut = await past.newest(connection)
            found = await submissions.submitted(connection, cut, authorities, span=span.name)
            kinds = [kind for kind in reporting.KINDS if _fits(kind, span)]
            due = {kind: await submissions.due_by(connection, cut, authorities, kind, span) for kind in kinds}
            return Handed(found, due)

    async def submission(self, authorities: Sequence[str], report: str) -> Reconciled | None:
        """One report that was handed in, beside what the system has now; None where there is none of that id."""
        async with looking(self.pool, authorities, readonly=False) as connection:
            cut = await past.newest(connection)
            found = await submissions.submitted(connection, cut, authorities, report=report)
            if not found:
                return None
            await figures.keep(connection, cut)
            return Reconciled(found[0], await submissions.reconciled(connection, cut, found[0]), cut.name)

    async def statistics(self, report: Report) -> Report:
        """The statistics of a year: a counted table with what was handed in before its cut."""
        async with looking(self.pool, report.authorities) as connection:
            return await reports.with_handed(connection, report)

    async def trail(self, authorities: Sequence[str], of: trails.Of, name: str, span: Period) -> Trail | None:
        """The acts of an officer or about an enterprise within a period, as of now."""
        async with looking(self.pool, authorities, readonly=False) as connection:
            return await trail_now(connection, authorities, of, name, span)

    async def looked(self, authorities: Sequence[str], of: trails.Of, name: str) -> tuple[tuple[Looked, ...], bool]:
        """Who looked at a trail, the newest first, and whether that is all."""
        async with looking(self.pool, authorities) as connection:
            return await trails.looked(connection, authorities, of, name)


async def made_at(
    connection: asyncpg.Connection,
    authorities: Sequence[str],
    period: Period,
    name: str = "",
    memory: Memory | None = None,
    *,
    most: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> OffSystem:
    """A report as of now, which keeps its cut, or as of an earlier one. Raises as `Past.off_system`.

    `most`: as `projections.process.past.signals` has it. `progress` is told of (matters judged again, of how many).
    """
    wanted, instant = off_system.moment(name)
    if wanted:
        cut = await past.whole(connection, await figures.logs_of_cut(connection, wanted))
        at = await past.last_received(connection, cut) if instant is None else instant
    else:
        cut = await past.newest(connection)
        at = now_ms()
        await figures.keep(connection, cut)
    return await off_system.report(connection, authorities, period, cut, at, memory, most=most, progress=progress)


async def trail_now(
    connection: asyncpg.Connection, authorities: Sequence[str], of: trails.Of, name: str, span: Period
) -> Trail | None:
    """A trail as of now, whose cut is kept."""
    cut = await past.newest(connection)
    await figures.keep(connection, cut)
    first, last = start_of(span.first), end_of(span.last) - 1
    return await trails.trail(connection, cut, authorities, of, name, first, last)
