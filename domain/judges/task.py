"""The judge of an inspection task: who was sent, what was done on the site and in which order, what came of it.

The invariant: an act that is missing, early or unlawful is kept and judged; no act of the log makes the judge fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET

from domain.filing import text_of
from domain.judges import (
    capacity_rules,
    clone_rules,
    disclosure_rules,
    evidence_rules,
    file_facts,
    hazard_states,
    inspection_rules,
    officer_rules,
    place_rules,
    plan_signals,
    record_rules,
    recording_index,
    recording_rules,
    task_periods,
    task_states,
)
from domain.judges.chain import chain_of
from domain.judges.page import State, bounds, item, papers
from domain.judges.visit import Visit, arrival, given, number_key, stated, tags
from domain.matter import Fact, Judge, Judgement, Matter, Signal, Verdict
from schemas.events.case import CaseFiled
from schemas.events.disclosure import DisclosurePublished
from schemas.events.hazard import HazardFound
from schemas.events.rectification import RectificationOrdered, ReinspectionConcluded
from schemas.events.task import InspectionResultTold, TaskAssigned

VERSION: Final = 6

PAPERS: Final = frozenset(
    {"scheme", "interview", "examination", "preservation", "inspection_record", "on_site_measure"}
    | {"rectification_order", "reinspection", "compulsory_measure", "appraisal", "on_spot_penalty", "service"}
    | {"result_notice", "filing"}
)


def judge(matter: Matter) -> Judgement:
    """Everything that is said of one inspection."""
    visit = Visit(matter)
    state = task_states.state_of(matter.facts)
    hazards = _hazards(visit)
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage=task_states.stage(state),
        columns=_columns(visit, state, hazards),
        page=_page(visit, state, hazards),
        deadlines=() if isinstance(state, task_states.Cancelled) else task_periods.periods(visit),
        verdicts=_verdicts(visit),
        signals=_signals(visit),
        terminals=tuple(sorted({fact.terminal for fact in matter.facts if fact.terminal})),
        officers=visit.officers,
    )


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """Certificates of who acted, where the enterprise is, how the terminals were, and the hazards of the task."""
    keys: set[str] = set()
    for fact in facts:
        if fact.body is None:
            continue
        keys.update(officer_rules.needs(fact))
        keys.update(record_rules.needs(fact))
        keys.update(file_facts.needs(fact))
        keys.update(clone_rules.needs(fact))
        keys.update(f"profile:{name}" for name in tags(fact, "enterprise"))
        match fact.body:
            case TaskAssigned() as assigned:
                keys.add(f"profile:{assigned.enterprise_id}")
            case HazardFound() as found:
                keys.add(f"hazard:{text_of(found.hazard_id)}")
            case RectificationOrdered() as order:
                keys.update(f"hazard:{text_of(name)}" for name in order.hazard_ids)
            case _:
                continue
    return frozenset(keys)


def _verdicts(visit: Visit) -> tuple[Verdict, ...]:
    own: dict[str, tuple[Fact, ...]] = {text_of(body.hazard_id): (fact,) for fact, body in visit.hazards}
    for key, facts in visit.matter.others.items():
        if key.startswith("hazard:"):
            name = key.removeprefix("hazard:")
            own[name] = (*own.get(name, ()), *facts)
    return (
        *inspection_rules.verdicts(visit, own),
        *officer_rules.verdicts(visit.matter, visit.acts),
        *capacity_rules.verdicts(visit.matter, visit.acts),
        *disclosure_rules.verdicts(visit.matter, visit.of(DisclosurePublished)),
        *record_rules.verdicts(visit.matter, visit.matter.facts),
    )


def _signals(visit: Visit) -> tuple[Signal, ...]:
    return (
        *officer_rules.alarms(visit.matter, visit.acts, visit.officers),
        *capacity_rules.alarms(visit.matter, visit.acts, visit.officers),
        *record_rules.alarms(visit.matter, visit.matter.facts, visit.officers),
        *recording_rules.alarms(visit),
        *evidence_rules.alarms(visit),
        *clone_rules.alarms(visit),
        *place_rules.alarms(visit),
        *plan_signals.of_task(visit),
    )


def _columns(
    visit: Visit, state: task_states.Task, hazards: list[dict[str, Any]]
) -> dict[str, str | int | bool | None]:
    assigned = None if visit.assigned is None else visit.assigned[1]
    plan_item = None if assigned is None else given(assigned.plan_item_id)
    return {
        "source": None if assigned is None else assigned.source,
        "enterprise_id": visit.enterprise,
        "officers": ",".join(visit.officers),
        "planned": plan_item is not None,
        "plan_item": None if plan_item is None else text_of(plan_item),
        "from_on": _date(None if assigned is None else given(assigned.from_on)),
        "to_on": _date(None if assigned is None else given(assigned.to_on)),
        "assigned_at": None if visit.assigned is None else visit.assigned[0].occurred,
        "entered_at": arrival(*visit.entries[0]) if visit.entries else None,
        "recorded_at": max((stated(*pair) for pair in visit.records), default=None),
        "outcome": _outcome(state),
        "chain": chain_of(visit).state,
        "hazards": len(hazards),
        "hazard_ids": " ".join(sorted({one["id"] for one in hazards})),
        "hazards_open": sum(1 for one in hazards if one["stage"] != "closed"),
        "hazards_major": sum(1 for one in hazards if one["grade"] == "major"),
        "lead_agency": None if assigned is None else given(assigned.lead_agency),
    }


def _page(visit: Visit, state: task_states.Task, hazards: list[dict[str, Any]]) -> dict[str, Any]:
    assigned = None if visit.assigned is None else visit.assigned[1]
    chain = chain_of(visit)
    return {
        "stage": task_states.stage(state),
        "outcome": _outcome(state),
        "assigned_officers": [] if assigned is None else list(assigned.officers),
        "officers": list(visit.officers),
        "enterprise_id": visit.enterprise,
        "window": None if visit.window is None else list(visit.window),
        "chain": {"state": chain.state, "missing": list(chain.missing)},
        "papers": papers(visit.matter.facts, _missing(visit, state), PAPERS),
        "hazards": hazards,
        "recordings": _recordings(visit, state),
        "cases": sorted({text_of(body.case_id) for _, body in visit.of(CaseFiled)}),
        "bounds": bounds(visit.matter.facts),
        "items": [item(fact) for fact in visit.matter.facts],
    }


def _recordings(visit: Visit, state: task_states.Task) -> dict[str, Any]:
    """The index of recordings. They are held while the task is open, or a case grew out of it."""
    shown = [(film.fact, film.start, film.end) for film in recording_rules.films(visit)]
    cases = bool(visit.of(CaseFiled))
    held = cases or not isinstance(state, task_states.Concluded | task_states.Cancelled)
    return recording_index.index(visit.matter, recording_rules.filmed(visit), shown, of_case=cases, held=held)


def _hazards(visit: Visit) -> list[dict[str, Any]]:
    """The hazards of the task with the stage that they have now, wherever their later acts were filed."""
    own = _naming(visit)
    listed = []
    for fact, body in visit.hazards:
        name = text_of(body.hazard_id)
        facts = visit.matter.others.get(f"hazard:{name}") or own.get(body.hazard_id, [])
        state = hazard_states.state_of(body.hazard_id, facts)
        listed.append(
            {
                "id": name,
                "grade": body.grade,
                "code": given(body.code),
                "stage": hazard_states.stage(state),
                "listing": state.listing,
                "found": fact.occurred,
                "event": fact.id.hex(),
            }
        )
    return listed


def _naming(visit: Visit) -> dict[bytes, list[Fact]]:
    """The acts of the task by the hazards that they name."""
    found: dict[bytes, list[Fact]] = {}
    for fact in visit.acts:
        one: object = getattr(fact.body, "hazard_id", UNSET)
        names = {one} if isinstance(one, bytes) else set(getattr(fact.body, "hazard_ids", ()))
        if isinstance(fact.body, ReinspectionConcluded):
            names = {result.hazard_id for result in fact.body.results}
        for name in names:
            found.setdefault(name, []).append(fact)
    return found


def _missing(visit: Visit, state: task_states.Task) -> dict[str, State]:
    """Papers that should lie in the file by now, or that come later."""
    if isinstance(state, task_states.Cancelled | task_states.Nothing):
        return {}
    entered, recorded = bool(visit.entries), bool(visit.records)
    states: dict[str, State] = {}
    if not visit.approvals:
        states["scheme"] = "missing" if entered else "due_later"
    concluded = isinstance(state, task_states.Concluded)
    if entered or not visit.attempts:
        states["inspection_record"] = "missing" if concluded or visit.hazards else "due_later"
    if visit.hazards and not visit.orders:
        states["rectification_order"] = "missing" if concluded else "due_later"
    numbers = {number_key(body.document_no) for _, body in visit.orders if body.document_no is not UNSET}
    if numbers - visit.services.keys():
        states["service"] = "missing"
    if recorded and not visit.of(InspectionResultTold):
        states["result_notice"] = "due_later"
    return states


def _outcome(state: task_states.Task) -> str | None:
    return state.outcome if isinstance(state, task_states.Concluded) else None


def _date(value: Any) -> str | None:
    return None if value is None else str(value)


JUDGE: Final = Judge("task", VERSION, judge, needs)
