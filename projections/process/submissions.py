"""Reports that were handed in, read where they stand in the log, beside what the system has.

Runs as `projections.process.past`. The invariant: a submission is shown as it was recorded; what is counted anew stands
beside it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from domain import reporting
from domain.quarterly import Period, period
from domain.reporting import Compared
from projections import statements
from projections.process import figures
from projections.process.figures import Cut
from projections.process.reading import Reading
from schemas.events import REGISTRY
from schemas.events.oversight import PeriodicReportSubmitted

FILE = "submissions"


@dataclass(frozen=True, slots=True)
class Submission:
    """A report that was handed in: whose, where it stands, when it came (ms), what it says, by when it was due."""

    authority: str
    log_id: int
    position: int
    received: int
    body: PeriodicReportSubmitted
    due: datetime.date | None

    @property
    def id(self) -> str:
        """The id of the report, hex."""
        return self.body.report_id.hex()

    @property
    def late(self) -> bool:
        """Whether it came after its last day."""
        return self.due is not None and self.body.submitted_on > self.due

    @property
    def differing(self) -> int:
        """How many figures differ from those of the system at that moment."""
        return sum(one.differs for one in reporting.compare(self.body.figures, self.body.system_figures, {}, ()))


@dataclass(frozen=True, slots=True)
class Handed:
    """Reports of a period, and by when each authority owes which kind: {kind: {authority: day}}."""

    found: Sequence[Submission]
    due: Mapping[reporting.Kind, Mapping[str, datetime.date | None]]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A report beside the system's figures, those of now as of the cut."""

    one: Submission
    figures: Sequence[Compared]
    cut: str


async def submitted(
    conn: asyncpg.Connection,
    cut: Cut,
    authorities: Sequence[str],
    *,
    report: str | None = None,
    span: str | None = None,
) -> list[Submission]:
    """Reports that were handed in before a cut, the newest first; one by its id, or those of a period."""
    queries = await statements.of_process(conn, FILE)
    laws = await figures.laws_of(conn, cut)
    rows = await conn.fetch(queries["submitted"], *cut.columns, sorted(authorities), report, span)
    read, found = Reading(REGISTRY), []
    for row in rows:
        filed = read(row["authority"], bytes(row["entry"]), None)
        if filed is None or not isinstance(filed.fact.body, PeriodicReportSubmitted):
            continue
        body = filed.fact.body
        due = None
        if body.kind != "interference":
            due = reporting.due_by(
                body.kind, period(body.period), laws.rules, laws.calendar(row["authority"]), row["authority"]
            )
        found.append(Submission(row["authority"], row["log_id"], row["position"], filed.fact.received, body, due))
    return found


async def reconciled(conn: asyncpg.Connection, cut: Cut, one: Submission) -> list[Compared]:
    """Every figure of a submission beside the system's of then and of the cut."""
    laws = await figures.laws_of(conn, cut)
    now = await figures.table(conn, cut, [one.authority], period(one.body.period), laws)
    codes = [entry.code for entry in figures.figures().entries]
    return reporting.compare(one.body.figures, one.body.system_figures, now[one.authority], codes)


async def due_by(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], kind: reporting.Kind, span: Period
) -> Mapping[str, datetime.date | None]:
    """By when each authority has to hand a report in."""
    laws = await figures.laws_of(conn, cut)
    return {one: reporting.due_by(kind, span, laws.rules, laws.calendar(one), one) for one in authorities}


async def plan_of(conn: asyncpg.Connection, authority: str, year: int) -> bytes | None:
    """The id of the plan of a year, None where none was approved."""
    queries = await statements.of_process(conn, FILE)
    found = await conn.fetchval(queries["plan_of"], authority, str(year))
    return None if not found else bytes.fromhex(found)
