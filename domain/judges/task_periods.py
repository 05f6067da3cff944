"""Periods of an inspection: approval of an urgent entry, measures (DL-14, DL-15), publication of its result (DL-12).

The invariant: a task that was cancelled has no periods; one that was concluded keeps what was met.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from msgspec import UNSET

from domain import deadlines
from domain.judges.case_facts import Case, moment
from domain.judges.case_periods import measure_deadline
from domain.judges.inspection_findings import en_period, zh_period
from domain.judges.visit import Visit, arrival, date_of, tags
from domain.matter import Deadline, Reason
from domain.rulebook import NoRule
from schemas.events.compulsory import CompulsoryMeasureEnded, CompulsoryMeasureImposed, CompulsoryMeasureReported
from schemas.events.disclosure import DisclosurePublished, DisclosureWithheld
from schemas.events.task import InspectionResultTold, TaskConcluded

HOUR: Final = 3_600_000


def periods(visit: Visit) -> tuple[Deadline, ...]:
    """Every period of an inspection that the rules give a length for."""
    found: list[Deadline] = []
    for part in (_approval, _urgent, _measures, _publication):
        with suppress(NoRule):
            found += part(visit)
    return tuple(sorted(found, key=lambda d: (d.due, d.rule, d.about)))


def _approval(visit: Visit) -> Iterator[Deadline]:
    """An urgent entry is approved within hours (INV-04)."""
    if visit.assigned is None or visit.assigned[1].urgent is not True or not visit.entries:
        return
    entry, body = visit.entries[0]
    start = arrival(entry, body)
    first = min(((when, fact.id) for when, fact in visit.approvals), default=None)
    if first is not None and first[0] <= start:
        return
    rule = visit.limit("entry.approval_late_hours", start)
    yield Deadline(
        rule="DL-15",
        version=rule.stamp(),
        start=start,
        due=start + rule.value * HOUR,
        last_day=None,
        about=f"{entry.id.hex()}/approval",
        met=None if first is None else first[0],
        met_by=None if first is None else first[1],
        inputs=tuple(sorted({entry.id, visit.assigned[0].id, *(() if first is None else (first[1],))})),
        officers=visit.officers,
        text=Reason(f"紧急检查补办批准：{zh_period(rule)}内", f"approve an urgent entry: within {en_period(rule)}"),
    )


def _urgent(visit: Visit) -> Iterator[Deadline]:
    """DL-15: an urgent compulsory measure is reported to the head. Measures of a case are the case's."""
    for fact, body in visit.of(CompulsoryMeasureImposed):
        if not body.urgent or body.case_id is not UNSET or tags(fact, "case"):
            continue
        if body.approved_at is not UNSET and body.approved_at <= body.imposed_at:
            continue
        reports = [
            (r.reported_at, f.id) for f, r in visit.of(CompulsoryMeasureReported) if r.measure_id == body.measure_id
        ]
        yield deadlines.due(
            "DL-15",
            body.imposed_at,
            visit.matter.rules,
            visit.matter.calendar,
            visit.matter.authority,
            event=fact.id,
            met=min(reports, default=None),
            officers=visit.officers,
        )


def _measures(visit: Visit) -> Iterator[Deadline]:
    """DL-14: a compulsory measure is decided on or lifted before it ends. Measures of a case are the case's."""
    for fact, body in visit.of(CompulsoryMeasureImposed):
        if body.case_id is not UNSET or tags(fact, "case"):
            continue
        ended = [
            (moment(f, e.ended_on), f.id)
            for f, e in visit.of(CompulsoryMeasureEnded)
            if e.measure_id == body.measure_id
        ]
        found = measure_deadline(Case(visit.matter), fact, body, min(ended, default=None))
        yield replace(found, officers=visit.officers)


def _publication(visit: Visit) -> Iterator[Deadline]:
    """DL-12: the result of an inspection is published, or told to the enterprise where it is not, within its days."""
    concluded = visit.matter.first(TaskConcluded)
    if concluded is None:
        return
    fact, body = concluded
    out = [
        (moment(f, p.published_on), f.id)
        for f, p in visit.of(DisclosurePublished)
        if p.subject in ("inspection", "other")
    ]
    out += [(f.occurred, f.id) for f, _ in visit.of(InspectionResultTold)]
    first = min(out, default=None)
    stays = bool(visit.of(DisclosureWithheld))
    yield deadlines.due(
        "DL-12",
        date_of(fact, body.concluded_on),
        visit.matter.rules,
        visit.matter.calendar,
        visit.matter.authority,
        event=fact.id,
        met=first,
        cancelled=stays and first is None,
        officers=visit.officers,
    )
