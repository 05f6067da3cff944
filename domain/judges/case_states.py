"""The state machine of a case (handbook 9.4): how its acts move it from one shape to the next.

A case goes forward: an act that belongs to a step behind the one reached is kept, and named as out of order. The
invariant: the shape is a function of the facts in the order in which they took place; no act is refused here, and
"overdue" is no shape by the clock: only acts that follow upon it are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.judges import case_money as money
from domain.judges.case_facts import Case, same_number
from domain.judges.case_shapes import (
    TITLES,
    Archived,
    Closed,
    Concluded,
    Decided,
    Defended,
    Demanded,
    Discussed,
    Filed,
    Heard,
    InCourt,
    Investigating,
    NoPenalty,
    NotFiled,
    Noticed,
    Overdue,
    Paid,
    Reviewed,
    Revoked,
    Served,
    State,
    Transferred,
    Unfiled,
)
from domain.matter import Fact, Reason
from domain.workdays import day_of
from schemas.events.appraisal import AppraisalCommissioned, AppraisalReceived
from schemas.events.archive import CaseFileArchived
from schemas.events.case import CaseClosed, CaseFiled, InvestigationConcluded
from schemas.events.decision import NoPenaltyDecided
from schemas.events.discussion import CollectiveDiscussionHeld
from schemas.events.document import DocumentServed
from schemas.events.evidence import EvidenceCaptured
from schemas.events.execution import CourtEnforcementApplied, EnforcementDemandServed, LateFineDecided
from schemas.events.filing import CaseNotFiled
from schemas.events.hearing import HearingHeld
from schemas.events.interview import InterviewRecorded
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import DefenceRecorded, FinePaymentRecorded, PenaltyDecided, PenaltyNoticeServed
from schemas.events.remedy import DecisionAltered
from schemas.events.review import LegalReviewConcluded
from schemas.events.transfer import TransferAnswered, TransferDelivered


@dataclass(frozen=True, slots=True)
class Passage:
    """One act and the shape that it gave the case; `irregular` says why it was out of order."""

    fact: Fact
    state: State
    irregular: Reason | None = None


def history(case: Case) -> list[Passage]:
    """Every act that belongs to a step, in the order in which they took place, with the shape after it."""
    state: State = Unfiled()
    found = []
    for fact, step in _steps(case):
        after = evolve(state, step)
        out = None
        if after is not step and step.RANK < state.RANK and not isinstance(step, Investigating):
            behind, reached = TITLES[step.NAME], TITLES[state.NAME]
            out = Reason(f"“{behind[0]}”在“{reached[0]}”之后", f"“{behind[1]}” came after “{reached[1]}”")
        state = after
        found.append(Passage(fact, state, out))
    return found


def evolve(state: State, step: State) -> State:
    """The shape after a step. Steps behind the one reached change nothing, but for the ways back that the law has."""
    match state, step:
        case (Transferred(), Investigating() | Concluded() | Noticed() | Decided()):
            return step  # it came back, or was dealt with besides
        case (Revoked(), Concluded() | Noticed() | Decided() | NoPenalty()):
            return step  # decided anew
        case (Revoked(), Served() | Paid() | Overdue() | Demanded() | InCourt()):
            return state
        case (Reviewed() | Discussed() | Concluded(), Investigating()):
            return state
        case (_, _) if step.RANK >= state.RANK:
            return step
        case _:
            return state


def _steps(case: Case) -> Iterator[tuple[Fact, State]]:
    decided = money.decisions(case)
    numbers = [one.number for one in decided]
    paid = {payment.fact.id for one in decided if (payment := money.paid_up(case, one)) is not None}
    for fact in case.matter.facts:
        if fact.counts and (step := _step(fact, numbers, paid)) is not None:
            yield fact, step
            if isinstance(fact.body, OnSpotPenaltyDecided):
                if fact.body.delivered:
                    yield fact, Served(fact.body.decided_on)
                if fact.id in paid:
                    yield fact, Paid(fact.body.decided_on)


def _step(fact: Fact, numbers: list[str], paid: set[bytes]) -> State | None:
    """The shape that one act stands for, None if it belongs to no step of the main line."""
    match fact.body:
        case CaseFiled() as body:
            return Filed(body.filed_on)
        case CaseNotFiled() as body:
            return NotFiled(body.decided_on, body.ground)
        case EvidenceCaptured() | InterviewRecorded() | AppraisalCommissioned() | AppraisalReceived():
            return Investigating(day_of(fact.occurred))
        case InvestigationConcluded() as body:
            return Concluded(day_of(fact.occurred), body.proposal)
        case PenaltyNoticeServed() as body:
            return Noticed(body.served_on)
        case DefenceRecorded() as body:
            return Defended(day_of(fact.occurred), body.waived)
        case HearingHeld() as body:
            return Heard(body.held_on)
        case LegalReviewConcluded() as body:
            return Reviewed(day_of(body.concluded_at), body.outcome)
        case CollectiveDiscussionHeld() as body:
            return Discussed(body.held_on)
        case PenaltyDecided() | OnSpotPenaltyDecided() as body:
            return Decided(body.decided_on, body.document_no)
        case NoPenaltyDecided() as body:
            return NoPenalty(body.decided_on, body.ground)
        case TransferDelivered() as body:
            return Transferred(body.delivered_on, body.recipient)
        case TransferAnswered() as body if body.outcome in ("not_filed", "returned", "not_prosecuted"):
            return Investigating(body.answered_on)
        case DocumentServed() as body if any(same_number(body.document_no, number) for number in numbers):
            return Served(body.served_on)
        case FinePaymentRecorded() as body if fact.id in paid:
            return Paid(body.paid_on)
        case LateFineDecided() as body:
            return Overdue(body.decided_on)
        case EnforcementDemandServed() as body:
            return Demanded(body.served_on)
        case CourtEnforcementApplied() as body:
            return InCourt(body.applied_on, body.court)
        case DecisionAltered() as body if body.effect in ("revoked", "invalid"):
            return Revoked(body.effective_on, body.by)
        case CaseClosed() as body:
            return Closed(day_of(fact.occurred), body.ground)
        case CaseFileArchived() as body:
            return Archived(body.archived_on)
        case _:
            return None
