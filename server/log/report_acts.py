"""Periodic reports as office acts: what was handed in, and beside it what the system had at that very moment.

The invariant: the figures of the system in the act are those of the cut that the act was made on, which nobody types;
a form that is sent twice hands one report in, because it carries the report's id.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg
import msgspec

from domain import annual, reporting
from domain.quarterly import Period
from domain.reporting import Kind
from domain.workdays import day_of
from projections.process import figures, past, reports, submissions
from projections.scope import looking
from schemas.entries import Who
from schemas.events.oversight import PeriodicReportSubmitted
from schemas.problems import Problem
from server.log.acts import Act, Placed
from server.log.committer import Committer
from server.log.ids import now_ms, uuid7, uuid_text
from server.log.repository import VersionedActs
from server.log.store import load_queries

NAMESPACE: Final = uuid.UUID("5b8f1c1e-3d0d-5f5a-9a5e-1f6f0b7c2d19")
"""Of the names from which the ids of the aggregates are made: no form can name another aggregate's."""
MOST: Final = 300


@dataclass(frozen=True, slots=True)
class ReportActs:
    """The officers' service. `committer` appends; `pool` is that of the log's writer."""

    committer: Committer
    pool: asyncpg.Pool

    async def submit(
        self,
        authority: str,
        report_id: bytes,
        kind: Kind,
        period: Period,
        told: Mapping[str, int],
        who: Who,
        *,
        explanation: str = "",
        reviewer: str = "",
        to: str = "",
    ) -> Placed:
        """`periodic_report.submitted.v1`: figures that are `told` by their codes, all others as the system has them.

        Idempotency: the report's id. Raises Problem bad_request, conflict.
        """
        try:
            reporting.check(kind, period)
        except reporting.NotOfPeriod as fault:
            raise Problem("bad_request", str(fault)) from None
        async with looking(self.pool, [authority], readonly=False) as connection:
            cut = await past.newest(connection)
            own = figures.Cut(
                {log: size for log, size in cut.logs.items() if cut.authorities[log] == authority}, cut.authorities
            )
            made = await reports.quarterly(connection, [authority], period, own)
            plan = await submissions.plan_of(connection, authority, period.last.year)
            await figures.keep(connection, own)
        known = {code: value for code, value in made.whole.items() if value is not None}
        others = annual.ELSEWHERE if kind == "annual_statistics" else {}
        unknown = sorted(told.keys() - made.whole.keys() - others.keys())
        if unknown:
            raise Problem("bad_request", f"expected codes of the table, got {', '.join(unknown[:5])}")
        units = {entry.code: reports.unit_of(entry) for entry in figures.figures().entries}
        units |= {one.code: one.unit for one in others.values()}
        now = now_ms()
        try:
            body = msgspec.convert(
                {
                    "report_id": report_id, "kind": kind, "period": period.name, "as_of": now,
                    "figures": _figures({**known, **told}, units), "system_figures": _figures(known, units),
                    "system_figures_hash": hashlib.sha256(reports.as_json(made)).digest(),
                    "submitter": who.officer or who.service or "", "submitted_on": day_of(now).isoformat(),
                    **({} if plan is None else {"plan_id": plan}),
                    **({"explanation": explanation} if explanation else {}),
                    **({"reviewer": reviewer} if reviewer else {}),
                    **({"submitted_to": to} if to else {}),
                },
                PeriodicReportSubmitted,
                builtin_types=(bytes,),
            )  # fmt: skip
        except msgspec.ValidationError as fault:
            raise Problem("bad_request", f"expected a report that can be recorded: {fault}") from None
        tags = [f"authority:{authority}", *([] if plan is None else [f"plan:{uuid_text(plan)}"])]
        act = Act(
            type=PeriodicReportSubmitted.SPEC.name,
            about=sorted(tags),
            body=msgspec.to_builtins(body, builtin_types=(bytes,)),
            origin=uuid.uuid5(NAMESPACE, report_id.hex()).bytes,
            version=1,
            id=uuid7(),
        )
        queries = load_queries("server.log", "office.sql")
        placed: Placed = await self.committer.submit(VersionedActs(queries["version_of"], authority, [act], who, now))
        return placed


def _figures(values: Mapping[str, int], units: Mapping[str, str]) -> list[dict[str, object]]:
    return [
        {"code": code, "value": value, **({} if units[code] == "count" else {"unit": units[code]})}
        for code, value in values.items()
    ][:MOST]
