"""The side procedures of a case as small machines: preservation, measures, power cuts, transfer, court, remedies.

Each has its own id and its own stages, beside the main line of the case. The invariant: a procedure is where its latest
act left it, and every act that it consists of is named; acts whose beginning was not recorded make a procedure too.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from msgspec import UNSET

from domain.judges.case_facts import Case, number_of
from domain.matter import Fact
from domain.workdays import day_of
from schemas.events.compulsory import (
    CompulsoryMeasureEnded,
    CompulsoryMeasureExtended,
    CompulsoryMeasureImposed,
    CompulsoryMeasureReported,
)
from schemas.events.execution import (
    ClosureRequested,
    CourtEnforcementApplied,
    CourtEnforcementRuled,
    EnforcementDemandServed,
)
from schemas.events.filing import CaseResumed, CaseSuspended
from schemas.events.hearing import HearingHeld, HearingNoticeServed, HearingRequested, HearingWithdrawn
from schemas.events.power_cut import PowerCutEnded, PowerCutOrdered
from schemas.events.preservation import EvidencePreservationDisposed, EvidencePreservationOrdered
from schemas.events.remedy import DecisionAltered, ReconsiderationClosed, ReconsiderationOpened, SuitClosed, SuitOpened
from schemas.events.review import (
    LegalReviewConcluded,
    LegalReviewRequested,
    LegalReviewReturned,
    LegalReviewWithdrawn,
)
from schemas.events.transfer import TransferAnswered, TransferDecided, TransferDelivered, TransferProposed

Kind: TypeAlias = Literal[
    "preservation", "measure", "power_cut", "transfer", "court", "reconsideration", "suit", "alteration", "hearing",
    "review", "suspension", "closure_request",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """One act of a procedure: the stage that it reached, its day, and what it says in one word."""

    name: str
    on: datetime.date
    fact: Fact
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Procedure:
    """One side procedure. `id` tells those of one kind apart; `stages` are in order; the last one holds."""

    kind: Kind
    id: str
    stages: tuple[Stage, ...]

    @property
    def stage(self) -> str:
        """Where it stands."""
        return self.stages[-1].name

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.stage in OPEN


OPEN = frozenset(
    ("ordered", "imposed", "reported", "extended", "cut", "proposed", "approved", "applied", "accepted", "opened",
     "requested", "noticed", "returned", "suspended", "demanded")
)  # fmt: skip
"""Stages after which something is due."""


def procedures(case: Case) -> list[Procedure]:
    """Every side procedure of a case, by kind and by its first act."""
    grouped: dict[tuple[Kind, str], list[Stage]] = {}
    for fact in case.matter.facts:
        if fact.counts:
            for kind, name, stage in _stages(fact):
                grouped.setdefault((kind, name), []).append(stage)
    made = [Procedure(kind, name, tuple(stages)) for (kind, name), stages in grouped.items()]
    return sorted(made, key=lambda one: (one.kind, one.stages[0].fact.occurred, one.id))


def page(case: Case) -> list[dict[str, Any]]:
    """The same as its page shows them."""
    return [
        {
            "kind": one.kind,
            "id": one.id,
            "stage": one.stage,
            "open": one.is_open,
            "document_no": next((number for stage in one.stages if (number := number_of(stage.fact))), ""),
            "stages": [
                {"stage": s.name, "on": s.on.isoformat(), "event": s.fact.id.hex(), "detail": s.detail}
                for s in one.stages
            ],
        }
        for one in procedures(case)
    ]


def _stages(fact: Fact) -> Iterator[tuple[Kind, str, Stage]]:
    def at(name: str, on: datetime.date, detail: object = "") -> Stage:
        return Stage(name, on, fact, "" if detail is UNSET else str(detail))

    match fact.body:
        case EvidencePreservationOrdered() as b:
            yield "preservation", b.preservation_id.hex(), at("ordered", b.ordered_on)
        case EvidencePreservationDisposed() as b:
            yield "preservation", b.preservation_id.hex(), at("disposed", b.disposed_on, b.disposal)
        case CompulsoryMeasureImposed() as b:
            yield "measure", b.measure_id.hex(), at("imposed", b.imposed_on, b.kind)
        case CompulsoryMeasureReported() as b:
            yield "measure", b.measure_id.hex(), at("reported", day_of(b.reported_at))
        case CompulsoryMeasureExtended() as b:
            yield "measure", b.measure_id.hex(), at("extended", b.decided_on, b.ends_on)
        case CompulsoryMeasureEnded() as b:
            yield "measure", b.measure_id.hex(), at("ended", b.ended_on, b.ground)
        case PowerCutOrdered() as b:
            yield "power_cut", b.power_cut_id.hex(), at("cut", b.decided_on)
        case PowerCutEnded() as b:
            yield "power_cut", b.power_cut_id.hex(), at("restored", day_of(b.ended_at))
        case TransferProposed() as b:
            yield "transfer", b.transfer_id.hex(), at("proposed", b.reported_on, b.kind)
        case TransferDecided() as b:
            yield "transfer", b.transfer_id.hex(), at("approved" if b.approved else "refused", b.decided_on)
        case TransferDelivered() as b:
            yield "transfer", b.transfer_id.hex(), at("delivered", b.delivered_on, b.recipient)
        case TransferAnswered() as b:
            yield "transfer", b.transfer_id.hex(), at("answered", b.answered_on, b.outcome)
        case EnforcementDemandServed() as b:
            yield "court", b.decision_no, at("demanded", b.served_on)
        case CourtEnforcementApplied() as b:
            yield "court", b.decision_no, at("applied", b.applied_on, b.court)
        case ReconsiderationOpened() as b:
            yield "reconsideration", b.remedy_id.hex(), at("opened", b.opened_on, b.organ)
        case ReconsiderationClosed() as b:
            yield "reconsideration", b.remedy_id.hex(), at("closed", b.closed_on, b.outcome)
        case SuitOpened() as b:
            yield "suit", b.remedy_id.hex(), at("opened", b.opened_on, b.court)
        case SuitClosed() as b:
            yield "suit", b.remedy_id.hex(), at("closed", b.closed_on, b.outcome)
        case DecisionAltered() as b:
            yield "alteration", fact.id.hex(), at(b.effect, b.effective_on, b.by)
        case _:
            yield from _more(fact, at)


def _more(fact: Fact, at: Callable[..., Stage]) -> Iterator[tuple[Kind, str, Stage]]:
    match fact.body:
        case CourtEnforcementRuled() as b:
            name = "accepted" if b.outcome in ("accepted", "allowed", "partly") else "ruled"
            yield "court", "" if b.application_no is UNSET else b.application_no, at(name, b.ruled_on, b.outcome)
        case HearingRequested() as b:
            yield "hearing", "", at("requested", b.requested_on)
        case HearingWithdrawn() as b:
            yield "hearing", "", at("waived" if b.waived else "withdrawn", b.withdrawn_on)
        case HearingNoticeServed() as b:
            yield "hearing", "", at("noticed", b.served_on, b.hearing_on)
        case HearingHeld() as b:
            yield "hearing", "", at("held", b.held_on, b.chair)
        case LegalReviewRequested() as b:
            yield "review", b.review_id.hex(), at("requested", day_of(b.requested_at))
        case LegalReviewReturned() as b:
            yield "review", b.review_id.hex(), at("returned", day_of(b.returned_at))
        case LegalReviewWithdrawn() as b:
            yield "review", b.review_id.hex(), at("withdrawn", day_of(b.withdrawn_at))
        case LegalReviewConcluded() as b:
            yield "review", b.review_id.hex(), at("concluded", day_of(b.concluded_at), b.outcome)
        case CaseSuspended() as b:
            yield "suspension", "", at("suspended", b.suspended_on, b.ground)
        case CaseResumed() as b:
            yield "suspension", "", at("resumed", b.resumed_on)
        case ClosureRequested() as b:
            yield "closure_request", fact.id.hex(), at("requested", b.requested_on, b.government)
        case _:
            return
