"""The judge of a penalty case: every invariant, signal and deadline of it, its stage, and the page that shows them.

The evaluators stand in the modules beside this one, by subject; this one puts them together. The invariant: the
judgement is a function of the set of facts, the rules and the calendar; facts in an unlawful order are kept and judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from msgspec import UNSET

from domain.judges import (
    case_cash,
    case_closing,
    case_deadlines,
    case_decision,
    case_disclosure,
    case_discretion,
    case_execution,
    case_hearing,
    case_measures,
    case_officers,
    case_page,
    case_recording,
    case_recusal,
    case_review,
    case_shapes,
    case_side,
    case_spot,
    case_states,
    case_steps,
    disclosure_signals,
    record_rules,
)
from domain.judges.case_facts import Case
from domain.judges.who import officers_of
from domain.matter import Deadline, Fact, Judge, Judgement, Matter, Signal, Verdict, order
from schemas.events.case import CaseFiled
from schemas.events.filing import CaseHandlersChanged
from schemas.events.hearing import HearingHeld
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided
from schemas.events.recusal import RecusalDecided
from schemas.events.review import LegalReviewAssigned, LegalReviewConcluded

VERSION: Final = 9


def judge(matter: Matter) -> Judgement:
    """All that is said of one case."""
    case = Case(matter)
    deadlines = case_deadlines.of_case(case)
    passages = case_states.history(case)
    state = passages[-1].state if passages else case_shapes.Unfiled()
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage=state.NAME,
        columns=case_page.columns(case, state),
        page=case_page.page(case, state, passages, deadlines),
        deadlines=deadlines,
        verdicts=tuple(sorted(_verdicts(case, deadlines), key=lambda one: (one.rule, one.about))),
        signals=tuple(sorted(_signals(case), key=lambda one: (one.rule, one.about, one.opens))),
        terminals=tuple(sorted({fact.terminal for fact in matter.facts if fact.terminal})),
        officers=case.handlers,
    )


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """Certificates of all who act, review or preside, the party's dossier, terminals' days, and books of tickets."""
    people: set[str] = set()
    parties: set[str] = set()
    for fact in facts:
        if not fact.counts:
            continue
        people |= _people(fact)
        if isinstance(fact.body, (CaseFiled, OnSpotPenaltyDecided)) and fact.body.party.id is not UNSET:
            parties.add(fact.body.party.id)
    devices = {key for fact in _own(facts) for key in record_rules.needs(fact)}
    shelves = {*(f"certificate:{one}" for one in people), *(f"enterprise:{one}" for one in parties)}
    return frozenset(devices | shelves | case_cash.needs(facts))


def closed_gates(matter: Matter, act: Fact) -> tuple[Verdict, ...]:
    """The gates that an act would break if it were done now: none if the server may do it (handbook 0.5).

    `act` is the fact that is about to be appended, with its final body, instant and a new id. A decision also meets the
    gates of the hearing and the review that it rests on. Each verdict's reason says what would open the gate. Asking
    changes nothing.
    """
    return gates_of(replace(matter, facts=tuple(sorted((*matter.facts, act), key=order))), act)


def gates_of(matter: Matter, act: Fact) -> tuple[Verdict, ...]:
    """The gates that an act of the matter stands behind closed, none if it was lawful: what rests on it asks this."""
    case = Case(matter)
    about = {act.id.hex()}
    if isinstance(act.body, PenaltyDecided):
        about |= {fact.id.hex() for fact, _ in case.of(HearingHeld)}
        about |= {fact.id.hex() for fact, one in case.of(LegalReviewConcluded) if one.draft_hash == act.body.draft_hash}
    return tuple(one for one in _verdicts(case, ()) if one.gate and one.about in about and one.outcome != "kept")


def _verdicts(case: Case, deadlines: tuple[Deadline, ...]) -> Iterable[Verdict]:
    yield from case_officers.verdicts(case)
    yield from case_decision.verdicts(case)
    yield from case_discretion.verdicts(case)
    yield from case_hearing.verdicts(case)
    yield from case_review.verdicts(case)
    yield from case_spot.verdicts(case)
    yield from case_side.verdicts(case)
    yield from case_measures.verdicts(case)
    yield from case_execution.verdicts(case)
    yield from case_disclosure.verdicts(case)
    yield from case_closing.verdicts(case, deadlines)
    yield from record_rules.verdicts(case.matter, _own(case.matter.facts))


def _signals(case: Case) -> Iterable[Signal]:
    yield from case_officers.signals(case)
    yield from case_discretion.signals(case)
    yield from case_hearing.signals(case)
    yield from case_review.signals(case)
    yield from case_spot.signals(case)
    yield from case_cash.signals(case)
    yield from case_side.signals(case)
    yield from case_measures.signals(case)
    yield from case_steps.signals(case)
    yield from case_recording.signals(case)
    yield from case_recusal.signals(case)
    yield from disclosure_signals.signals(case)
    yield from case_closing.signals(case)
    yield from record_rules.alarms(case.matter, _own(case.matter.facts), case.handlers)


def _own(facts: Sequence[Fact]) -> list[Fact]:
    """Records that only this case is judged for: those of an inspection or a hazard are judged there."""
    return [fact for fact in facts if not any(tag.startswith(("task:", "hazard:")) for tag in fact.about)]


def _people(fact: Fact) -> frozenset[str]:
    match fact.body:
        case LegalReviewConcluded() | LegalReviewAssigned() as body:
            return frozenset({body.reviewer})
        case HearingHeld() as body:
            return frozenset({body.chair})
        case CaseHandlersChanged() as body:
            return frozenset(body.handlers)
        case RecusalDecided() as body if body.replaced_by is not UNSET:
            return frozenset({body.replaced_by})
        case body if isinstance(body, case_officers.NEED_TWO):
            return frozenset(officers_of(fact))
        case _:
            return frozenset()


JUDGE: Final = Judge("case", VERSION, judge, needs, most=3_000)
