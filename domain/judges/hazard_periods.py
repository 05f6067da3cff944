"""Periods of a hazard: re-inspection after each order (DL-18), after an application, and the term of a listing.

The invariant: a re-inspection meets every period that began before it; a hazard that was closed has nothing left to
re-inspect, so what still ran is cancelled, and how it was closed is judged by INV-07.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Final

from domain import deadlines
from domain.deadlines import Extension
from domain.judges.hazard_facts import Hazard
from domain.judges.inspection_findings import en_period, zh_day, zh_period
from domain.judges.visit import date_of
from domain.matter import Deadline, Earlier, Fact, Reason
from domain.rulebook import NoRule
from domain.workdays import DAY, day_of, end_of, sane, start_of
from schemas.events.on_site_measure import OnSiteMeasureLifted, OnSiteMeasureOrdered
from schemas.events.rectification import RectificationOrdered

STOPS: Final = frozenset({"evacuate", "stop_production", "stop_construction", "stop_using_equipment"})
"""Measures that stop work, which the enterprise may take up again only after an examination (WSL 65)."""


def periods(hazard: Hazard, officers: tuple[str, ...]) -> tuple[Deadline, ...]:
    """Every period of a hazard that the rules give a length for."""
    found = list(_listed(hazard, officers))
    for order, body in hazard.orders:
        try:
            found.append(_reinspection(hazard, order, body, officers))
        except NoRule:
            continue
    with suppress(NoRule):
        found += _applications(hazard, officers)
    return tuple(sorted(found, key=lambda d: (d.due, d.rule, d.about)))


def _reinspection(hazard: Hazard, order: Fact, body: RectificationOrdered, officers: tuple[str, ...]) -> Deadline:
    """DL-18: the order's own deadline and the local days behind it; a granted extension moves both."""
    rule = hazard.limit("reinspection.local_days", order.occurred)
    moved = [
        Extension(
            term.fact.occurred,
            _moved(hazard, order, sane(term.day) + rule.value * DAY),
            reason=Reason(f"整改期限经批准延至{zh_day(term.day)}", f"rectification was extended to {term.day}"),
        )
        for term in hazard.terms(order, body)[1:]
    ]
    found = deadlines.due(
        "DL-18",
        date_of(order, body.ordered_on),
        hazard.matter.rules,
        hazard.matter.calendar,
        hazard.matter.authority,
        event=order.id,
        last_day=body.deadline,
        extensions=moved,
        met=_met(hazard, order.occurred),
        cancelled=_closed_before_met(hazard, order.occurred),
        inputs=[term.fact.id for term in hazard.terms(order, body)],
        officers=officers,
        known=order.occurred,
    )
    last = hazard.terms(order, body)[-1].day
    text = Reason(
        f"整改期限{zh_day(last)}届满后{zh_period(rule)}内复查",
        f"re-inspect within {en_period(rule)} of the end of the term on {last}",
    )
    return replace(found, text=text)


def _moved(hazard: Hazard, order: Fact, day: datetime.date) -> datetime.date:
    """A last day, moved to the next working day where the rules move those of this period."""
    fixed = hazard.matter.rules.find("deadline.no_roll", day_of(order.occurred), hazard.matter.authority)
    if fixed is not None and "DL-18" in fixed.value:
        return day
    return hazard.matter.calendar.workday_from(day).day


def _applications(hazard: Hazard, officers: tuple[str, ...]) -> list[Deadline]:
    """A major hazard under a stop order is looked at within days of the enterprise's application (Order 16)."""
    stops = [
        fact
        for fact, body in hazard.of(OnSiteMeasureOrdered)
        if hazard.id in body.hazard_ids and any(measure.kind in STOPS for measure in body.measures)
    ]
    if not hazard.major or not stops:
        return []
    found = []
    for report, _ in hazard.reports:
        if report.occurred < stops[0].occurred:
            continue
        lifted = [(f.occurred, f.id) for f, _ in hazard.of(OnSiteMeasureLifted) if f.occurred >= report.occurred]
        met = _met(hazard, report.occurred)
        answers = sorted([*lifted, *([met] if met is not None else [])])
        found.append(
            deadlines.due(
                "DL-18:major",
                report.occurred,
                hazard.matter.rules,
                hazard.matter.calendar,
                hazard.matter.authority,
                event=report.id,
                met=answers[0] if answers else None,
                cancelled=not answers and _closed_before_met(hazard, report.occurred),
                inputs=[fact.id for fact in stops],
                officers=officers,
            )
        )
    return found


def _listed(hazard: Hazard, officers: tuple[str, ...]) -> Iterator[Deadline]:
    """The term that a listing gives: corrected, re-inspected and delisted by its last day."""
    for fact, body in hazard.listings:
        off = [f for f, _ in hazard.delistings if f.occurred >= fact.occurred]
        yield Deadline(
            rule="DL-18",
            version="1",
            start=start_of(body.listed_on),
            due=end_of(body.deadline),
            last_day=body.deadline.isoformat(),
            about=f"{fact.id.hex()}/listed",
            met=off[0].occurred if off else None,
            met_by=off[0].id if off else None,
            inputs=tuple(sorted({fact.id, *(f.id for f in off[:1])})),
            officers=officers,
            earlier=tuple(
                Earlier(
                    end_of(old.deadline),
                    Reason(f"{zh_day(day_of(fact.occurred))}重新挂牌", f"listed anew on {body.listed_on}"),
                )
                for before, old in hazard.listings
                if before.occurred < fact.occurred
            ),
            text=Reason("挂牌督办的整改期限", "correct a listed hazard and have it delisted"),
        )


def _met(hazard: Hazard, since: int) -> tuple[int, bytes] | None:
    """The first re-inspection from an instant on."""
    look = hazard.next_look(since)
    return None if look is None else (look.fact.occurred, look.fact.id)


def _closed_before_met(hazard: Hazard, since: int) -> bool:
    return _met(hazard, since) is None and bool(hazard.closings) and hazard.closings[-1][0].occurred >= since
