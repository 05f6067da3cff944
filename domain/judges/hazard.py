"""The judge of a hazard: from its finding to its closure, with the four lists that it stands in.

Lists of seed row 32: problems (E18), rectification work (E21, E22), re-inspection and acceptance (E23, E24); the task
it comes from is the first. Each row carries the ids of the next list, none is typed by hand. The invariant: where it
stands follows from what took place, whatever order the acts came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET

from domain.filing import text_of
from domain.judges import capacity_rules, hazard_periods, hazard_rules, hazard_states, officer_rules, record_rules
from domain.judges.hazard_facts import Hazard, cited
from domain.judges.page import State, bounds, item, number_of, papers
from domain.judges.visit import date_of, tags
from domain.judges.who import officers_of, officers_of_all
from domain.matter import Fact, Judge, Judgement, Matter, Signal, Verdict, order

VERSION: Final = 3

PAPERS: Final = frozenset(
    {"rectification_order", "rectification_report", "extension", "reinspection", "listing", "delisting", "closure"}
    | {"on_site_measure", "compulsory_measure", "filing"}
)


def judge(matter: Matter) -> Judgement:
    """Everything that is said of one hazard."""
    hazard = Hazard(matter, _id(matter.key))
    state = hazard_states.state_of(hazard.id, matter.facts)
    acts = [fact for fact in matter.facts if fact.counts and not _of_task(fact)]
    officers = _officers(hazard)
    periods = hazard_periods.periods(hazard, officers)
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage=hazard_states.stage(state),
        columns=_columns(hazard, state, officers, [p.due for p in periods if p.met is None and not p.cancelled]),
        page=_page(hazard, state, officers),
        deadlines=periods,
        verdicts=_verdicts(hazard, acts),
        signals=_signals(hazard, acts, periods, officers),
        terminals=tuple(sorted({fact.terminal for fact in matter.facts if fact.terminal})),
        officers=officers,
    )


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """Certificates of those who re-inspected, the evidence that is cited, and how terminals were on those days."""
    keys: set[str] = set()
    for fact in facts:
        if fact.body is None or not fact.counts:
            continue
        before, after = cited(fact.body)
        keys.update(f"evidence:{text_of(name)}" for name in before | after)
        if not _of_task(fact):
            keys.update(officer_rules.needs(fact))
            keys.update(record_rules.needs(fact))
    return frozenset(keys)


def closed_gates(matter: Matter, act: Fact) -> tuple[Verdict, ...]:
    """The gates that closing or delisting the hazard would break if it were done now, as of a case (handbook 0.5)."""
    hazard = Hazard(replace(matter, facts=tuple(sorted((*matter.facts, act), key=order))), _id(matter.key))
    return tuple(one for one in hazard_rules.gates(hazard, act) if one.outcome != "kept")


def _verdicts(hazard: Hazard, acts: list[Fact]) -> tuple[Verdict, ...]:
    return (
        *hazard_rules.verdicts(hazard),
        *officer_rules.verdicts(hazard.matter, acts),
        *capacity_rules.verdicts(hazard.matter, acts),
        *record_rules.verdicts(hazard.matter, acts),
    )


def _signals(
    hazard: Hazard, acts: list[Fact], periods: tuple[Any, ...], officers: tuple[str, ...]
) -> tuple[Signal, ...]:
    return (
        *hazard_rules.alarms(hazard, periods, officers),
        *officer_rules.alarms(hazard.matter, acts, officers),
        *capacity_rules.alarms(hazard.matter, acts, officers),
        *record_rules.alarms(hazard.matter, acts, officers),
    )


def _of_task(fact: Fact) -> bool:
    """Whether the act stands in a task or a case as well, which then judges who did it and how it was recorded."""
    return bool(tags(fact, "task") or tags(fact, "case")) or any(
        getattr(fact.body, name, UNSET) is not UNSET for name in ("task_id", "case_id")
    )


def _officers(hazard: Hazard) -> tuple[str, ...]:
    """Who found it, ordered, looked again and closed."""
    acts = [fact for fact in hazard.matter.facts if fact.counts and fact.source == "field"]
    named = {body.verifier for _, body in hazard.closings}
    return tuple(sorted({*named, *officers_of_all(acts)}))


def _columns(
    hazard: Hazard, state: hazard_states.HazardState, officers: tuple[str, ...], running: list[int]
) -> dict[str, str | int | bool | None]:
    found = hazard.found
    order = hazard.orders[-1] if hazard.orders else None
    look = hazard.looks[-1] if hazard.looks else None
    closing = hazard.closings[-1] if hazard.closings else None
    listing = hazard.listings[-1] if hazard.listings else None
    task = next((name for fact in hazard.matter.facts if fact.counts for name in _tasks(fact)), None)
    return {
        "grade": None if found is None else "major" if hazard.major else "general",
        "enterprise_id": hazard.enterprise,
        "code": None if found is None or found[1].code is UNSET else found[1].code,
        "origin": None if found is None else "inspection" if found[1].origin is UNSET else found[1].origin,
        "found_on": None if found is None else str(date_of(found[0], found[1].found_on)),
        "deadline": None if hazard.term is None else str(hazard.term.day),
        "due": min(running, default=None),
        "closed_on": None if closing is None else str(date_of(closing[0], closing[1].closed_on)),
        "listing": state.listing,
        "listed_level": None if listing is None else listing[1].level,
        "outcome": None if look is None else look.outcome,
        "officers": ",".join(officers),
        "open": not isinstance(state.loop, hazard_states.Closed | hazard_states.Unfound),
        "in_problems": found is not None,
        "in_rectification": order is not None or bool(hazard.reports),
        "in_acceptance": look is not None or closing is not None,
        "task_id": task,
        "order_id": None if order is None else order[0].id.hex(),
        "order_no": None if order is None else number_of(order[0]),
        "reinspection_id": None if look is None else look.fact.id.hex(),
        "reinspection_no": None if look is None else number_of(look.fact),
        "closing_id": None if closing is None else closing[0].id.hex(),
        "case_id": next((text_of(name) for name in hazard.case_ids), None),
    }


def _tasks(fact: Fact) -> tuple[str, ...]:
    named = getattr(fact.body, "task_id", UNSET)
    return (*tags(fact, "task"), *((text_of(named),) if isinstance(named, bytes) else ()))


def _page(hazard: Hazard, state: hazard_states.HazardState, officers: tuple[str, ...]) -> dict[str, Any]:
    stands = hazard_states.stage(state)
    return {
        "stage": stands,
        "listing": state.listing,
        "officers": list(officers),
        "papers": papers(hazard.matter.facts, _missing(hazard, state), PAPERS),
        "terms": [
            {"day": str(term.day), "event": term.fact.id.hex()}
            for order, body in hazard.orders
            for term in hazard.terms(order, body)
        ],
        "looks": [
            {
                "event": look.fact.id.hex(),
                "outcome": look.outcome,
                "on": str(date_of(look.fact, look.body.reinspected_on)),
                "officers": list(officers_of(look.fact)),
            }
            for look in hazard.looks
        ],
        "cases": [text_of(name) for name in hazard.case_ids],
        "evidence": {
            "before": sorted(name.hex() for name in hazard.before_ids),
            "after": sorted(name.hex() for name in hazard.after_ids),
        },
        "bounds": bounds(hazard.matter.facts),
        "items": [item(fact) for fact in hazard.matter.facts],
    }


def _missing(hazard: Hazard, state: hazard_states.HazardState) -> dict[str, State]:
    """Papers that should lie in the file by now, or that come later."""
    closed = isinstance(state.loop, hazard_states.Closed)
    if hazard.found is None or (closed and not hazard.orders):
        return {}
    states: dict[str, State] = {"reinspection": "missing" if closed else "due_later"}
    states["closure"] = "due_later"
    if not hazard.orders:
        states["rectification_order"] = "missing" if hazard.looks or hazard.reports else "due_later"
    if state.listing == "listed":
        states["delisting"] = "missing" if closed else "due_later"
    return states


def _id(key: str) -> bytes:
    """The id that a key names; a key that is no UUID names a hazard that nothing finds."""
    try:
        return UUID(key).bytes
    except ValueError:
        return b""


JUDGE: Final = Judge("hazard", VERSION, judge, needs)
