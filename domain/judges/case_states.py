"""The state machine of a case (handbook 9.4): the shapes that a case can have, and how its acts move it.

A case goes forward: an act that belongs to a step behind the one reached is kept, and named as out of order. The
invariant: the shape is a function of the facts in the order in which they took place; no act is refused here, and
"overdue" is no shape by the clock: only acts that follow upon it are.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from domain.judges import case_money as money
from domain.judges.case_facts import Case, same_number
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

UNFILED: Final = 0
FILED: Final = 1
INVESTIGATING: Final = 2
CONCLUDED: Final = 3
NOTICED: Final = 4
DEFENDED: Final = 5
HEARD: Final = 6
REVIEWED: Final = 7
DISCUSSED: Final = 8
DECIDED: Final = 9
SERVED: Final = 10
EXECUTED: Final = 11
CLOSED: Final = 12
ARCHIVED: Final = 13


@dataclass(frozen=True, slots=True)
class Unfiled:
    """Facts of a case are there, its filing is not."""

    NAME: ClassVar[str] = "unfiled"
    RANK: ClassVar[int] = UNFILED


@dataclass(frozen=True, slots=True)
class NotFiled:
    """It was decided not to file a case."""

    NAME: ClassVar[str] = "not_filed"
    RANK: ClassVar[int] = CLOSED
    on: datetime.date
    ground: str


@dataclass(frozen=True, slots=True)
class Filed:
    """The head approved the filing."""

    NAME: ClassVar[str] = "filed"
    RANK: ClassVar[int] = FILED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Investigating:
    """Evidence is being collected, or collected again."""

    NAME: ClassVar[str] = "investigating"
    RANK: ClassVar[int] = INVESTIGATING
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Concluded:
    """The handlers concluded and proposed an outcome."""

    NAME: ClassVar[str] = "concluded"
    RANK: ClassVar[int] = CONCLUDED
    on: datetime.date
    proposal: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """The intended penalty, or the hearing right, was told."""

    NAME: ClassVar[str] = "noticed"
    RANK: ClassVar[int] = NOTICED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Defended:
    """The party defended itself or waived it."""

    NAME: ClassVar[str] = "defended"
    RANK: ClassVar[int] = DEFENDED
    on: datetime.date
    waived: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """A hearing was held."""

    NAME: ClassVar[str] = "heard"
    RANK: ClassVar[int] = HEARD
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The legal review was concluded, with whatever outcome."""

    NAME: ClassVar[str] = "reviewed"
    RANK: ClassVar[int] = REVIEWED
    on: datetime.date
    outcome: str


@dataclass(frozen=True, slots=True)
class Discussed:
    """The heads discussed the case together."""

    NAME: ClassVar[str] = "discussed"
    RANK: ClassVar[int] = DISCUSSED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Decided:
    """A penalty was decided, in the general or the simple procedure."""

    NAME: ClassVar[str] = "decided"
    RANK: ClassVar[int] = DECIDED
    on: datetime.date
    document_no: str


@dataclass(frozen=True, slots=True)
class NoPenalty:
    """It was decided that there is no penalty."""

    NAME: ClassVar[str] = "no_penalty"
    RANK: ClassVar[int] = EXECUTED
    on: datetime.date
    ground: str


@dataclass(frozen=True, slots=True)
class Transferred:
    """The case was handed over to the police or another agency."""

    NAME: ClassVar[str] = "transferred"
    RANK: ClassVar[int] = EXECUTED
    on: datetime.date
    recipient: str


@dataclass(frozen=True, slots=True)
class Served:
    """The decision was served."""

    NAME: ClassVar[str] = "served"
    RANK: ClassVar[int] = SERVED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Paid:
    """The fine was paid in full."""

    NAME: ClassVar[str] = "paid"
    RANK: ClassVar[int] = EXECUTED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Overdue:
    """A late fine was decided because the fine was not paid in time."""

    NAME: ClassVar[str] = "overdue"
    RANK: ClassVar[int] = SERVED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Demanded:
    """The party was called on to pay."""

    NAME: ClassVar[str] = "demanded"
    RANK: ClassVar[int] = SERVED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class InCourt:
    """The agency applied to the court for enforcement."""

    NAME: ClassVar[str] = "in_court"
    RANK: ClassVar[int] = SERVED
    on: datetime.date
    court: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """The decision was revoked or declared invalid; a new one may follow."""

    NAME: ClassVar[str] = "revoked"
    RANK: ClassVar[int] = EXECUTED
    on: datetime.date
    by: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The head approved the closing."""

    NAME: ClassVar[str] = "closed"
    RANK: ClassVar[int] = CLOSED
    on: datetime.date
    ground: str


@dataclass(frozen=True, slots=True)
class Archived:
    """The file lies in the archive."""

    NAME: ClassVar[str] = "archived"
    RANK: ClassVar[int] = ARCHIVED
    on: datetime.date


State: TypeAlias = (
    Unfiled | NotFiled | Filed | Investigating | Concluded | Noticed | Defended | Heard | Reviewed | Discussed | Decided
    | NoPenalty | Transferred | Served | Paid | Overdue | Demanded | InCourt | Revoked | Closed | Archived
)  # fmt: skip

TITLES: Final = {
    "unfiled": ("未立案", "Not filed yet"),
    "not_filed": ("不予立案", "Not filed"),
    "filed": ("已立案", "Filed"),
    "investigating": ("调查取证", "Investigating"),
    "concluded": ("调查终结", "Concluded"),
    "noticed": ("已告知", "Notice served"),
    "defended": ("已陈述申辩", "Defence heard or waived"),
    "heard": ("已听证", "Hearing held"),
    "reviewed": ("已法制审核", "Reviewed"),
    "discussed": ("已集体讨论", "Discussed"),
    "decided": ("已决定", "Decided"),
    "no_penalty": ("不予处罚", "No penalty"),
    "transferred": ("已移送", "Transferred"),
    "served": ("已送达", "Served"),
    "paid": ("已缴清", "Paid"),
    "overdue": ("已加处罚款", "Late fine decided"),
    "demanded": ("已催告", "Demand served"),
    "in_court": ("申请法院强制执行", "With the court"),
    "revoked": ("已撤销", "Revoked"),
    "closed": ("已结案", "Closed"),
    "archived": ("已归档", "Archived"),
}
"""Names of the shapes for people."""


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
