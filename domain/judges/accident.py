"""The judge of an accident: what was reported when, the investigation, and the evaluation a year later (DL-25).

The clocks of Order 493 (one hour for the enterprise, two for each agency) are shown with what they were; they bind
others than the inspectors. The invariant: grades are those that a report states, never computed from casualties.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import UNSET

from domain.deadlines import HOUR_MS, due
from domain.judges.case_facts import moment
from domain.matter import Deadline, Fact, Judge, Judgement, Matter
from domain.rulebook import NoRule
from domain.workdays import day_of
from schemas.events.accident import AccidentEvaluationPublished, AccidentReportApproved, AccidentReported


def judge(matter: Matter) -> Judgement:
    """The page of one accident, and DL-25."""
    reports = matter.of(AccidentReported)
    approved = matter.last(AccidentReportApproved)
    published = matter.first(AccidentEvaluationPublished)
    newest = reports[-1][1] if reports else None
    grade = approved[1].grade if approved is not None else UNSET if newest is None else newest.grade
    return Judgement(
        kind="accident",
        key=matter.key,
        authority=matter.authority,
        stage="evaluated" if published else "approved" if approved else "reported" if reports else "unregistered",
        columns={
            "enterprise": "" if newest is None or newest.enterprise_id is UNSET else newest.enterprise_id,
            "happened": None if newest is None else newest.happened_at,
            "grade": "" if grade is UNSET else grade,
            "deaths": max((body.deaths for _, body in reports if body.deaths is not UNSET), default=0),
            "concealed": any(body.concealed is True for _, body in reports),
            "approved_on": None if approved is None else str(approved[1].approved_on),
            "evaluated_on": None if published is None else str(published[1].published_on),
        },
        page={
            "reports": [_report(matter, fact, body) for fact, body in reports],
            "past_inspections": []
            if approved is None
            else [{"agency": one.agency, "on": str(one.on)} for one in approved[1].past_inspections],
        },
        deadlines=tuple(_deadlines(matter)),
    )


JUDGE: Final = Judge(kind="accident", version=1, judge=judge, needs=lambda _facts: frozenset())


def _deadlines(matter: Matter) -> Iterator[Deadline]:
    """DL-25: the evaluation within a year of the government's reply; before it, the report of the investigation."""
    first = matter.first(AccidentReported)
    approved = matter.last(AccidentReportApproved)
    published = matter.first(AccidentEvaluationPublished)
    try:
        if first is not None:
            met = None if approved is None else (moment(approved[0], approved[1].submitted_on), approved[0].id)
            yield due(
                "DL-25:report", first[1].happened_at, matter.rules, matter.calendar, matter.authority,
                event=first[0].id, met=met, absent=False,
            )  # fmt: skip
        if approved is not None:
            done = None if published is None else (moment(published[0], published[1].published_on), published[0].id)
            yield due(
                "DL-25", approved[1].approved_on, matter.rules, matter.calendar, matter.authority,
                event=approved[0].id, met=done, absent=False,
            )  # fmt: skip
    except NoRule:
        return


def _report(matter: Matter, fact: Fact, body: AccidentReported) -> dict[str, Any]:
    """One report with its clocks: whether the enterprise and the agency kept theirs, None where it cannot be said."""
    day = day_of(body.happened_at)
    own = matter.rules.find("accident.enterprise_hours", day, matter.authority)
    agency = matter.rules.find("accident.agency_hours", day, matter.authority)
    return {
        "event": fact.id.hex(),
        "kind": body.kind,
        "happened": body.happened_at,
        "reported": body.reported_at,
        "forwarded": None if body.forwarded_at is UNSET else body.forwarded_at,
        "reported_in_time": None
        if own is None or body.kind != "first"
        else body.reported_at - body.happened_at <= own.value * HOUR_MS,
        "forwarded_in_time": None
        if agency is None or body.forwarded_at is UNSET
        else body.forwarded_at - body.reported_at <= agency.value * HOUR_MS,
        "grade": None if body.grade is UNSET else body.grade,
        "concealed": body.concealed is True,
    }
