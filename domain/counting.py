"""What one recorded act adds to the statistics (handbook 6.4, 6.5): things that were done, with day and unit.

A count is a set of units, never a sum of acts: an act that stands in the log twice, or in the logs of two epochs, names
the same unit and counts once. The invariant: what an act adds depends on that act alone, so a figure as of any position
of the log is found by looking at the acts before it and at nothing else; claims and side chains add nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from msgspec import UNSET

from domain.matter import Fact
from domain.workdays import day_of
from schemas.events.case import CaseClosed, CaseFiled, Party
from schemas.events.compulsory import CompulsoryMeasureImposed
from schemas.events.disclosure import DisclosurePublished, DisclosureWithdrawn
from schemas.events.discussion import CollectiveDiscussionHeld
from schemas.events.execution import CourtEnforcementApplied
from schemas.events.hazard import HazardFound
from schemas.events.hearing import HearingHeld
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.major_hazard import MajorHazardDelisted, MajorHazardListed
from schemas.events.on_site import CredentialsShown, SiteEntered
from schemas.events.on_site_measure import OnSiteMeasureOrdered
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.oversight import PeriodicReportSubmitted
from schemas.events.penalty import FinePaymentRecorded, PenaltyDecided, PenaltyLine
from schemas.events.plan import PlanApproved, PlanRevisionApproved, PlanRevisionDecided
from schemas.events.power_cut import PowerCutOrdered
from schemas.events.rectification import RectificationExtensionDecided, RectificationOrdered, ReinspectionConcluded
from schemas.events.remedy import DecisionAltered, ReconsiderationClosed, ReconsiderationOpened, SuitClosed, SuitOpened
from schemas.events.review import LegalReviewConcluded
from schemas.events.task import TaskAssigned, TaskCancelled, TaskConcluded
from schemas.events.tip import TipConcluded, TipReceived
from schemas.events.transfer import TransferDelivered, TransferProposed

Origin: TypeAlias = Literal["field", "office", "backfilled", "imported"]
STOPS: Final = frozenset(("stop_production", "stop_construction", "stop_using_equipment"))
"""Measures on the site that stop work (handbook 6.4, coercion)."""

VERSION: Final = 3
"""Raised with every change that could change a row: the tables are then made anew."""

EARLIEST: Final = datetime.date(2000, 1, 1)
LATEST: Final = datetime.date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class Counted:
    """One thing that was done.

    `measure` says what, `day` when by the date that the measure goes by, `unit` which one (hex or text): the same unit
    counts once. `subject` is the enterprise or the party, `word` the kind within the measure, `other` a second one.
    `amount` is in fen (of an item of a plan: its days). `at` is when the act took place (ms), for chains that ask for
    an order.
    """

    measure: str
    day: datetime.date
    unit: str
    at: int
    subject: str = ""
    word: str = ""
    other: str = ""
    amount: int = 0


def origin(fact: Fact) -> Origin:
    """How an act came into the log: from the field, at the office, declared later with an approval, or taken over."""
    body = fact.body
    if getattr(body, "import_", UNSET) is not UNSET:
        return "imported"
    if getattr(body, "backfill", UNSET) is not UNSET:
        return "backfilled"
    return "office" if fact.source == "office" else "field"


def counted(fact: Fact) -> tuple[Counted, ...]:
    """What a fact adds: nothing for most, for claims, side chains and days that no report has."""
    body = fact.body
    if not fact.counts or body is None:
        return ()
    rule = _BY_TYPE.get(type(body))
    if rule is None:
        return ()
    return tuple(one for one in rule(fact, body) if EARLIEST <= one.day <= LATEST)


def fines(lines: tuple[PenaltyLine, ...]) -> int:
    """The fines of a decision, fen; confiscations are no fines (handbook 8.4)."""
    return sum(line.amount_fen for line in lines if line.kind == "P03" and line.amount_fen is not UNSET)


def party(of: Party) -> str:
    """The party as a subject: the id of an organisation; persons are never named in a count."""
    return of.id if of.type == "organisation" and of.id is not UNSET else ""


def _text(value: Any) -> str:
    return "" if value is UNSET or value is None else value.hex() if isinstance(value, bytes) else str(value)


def _one(
    fact: Fact, measure: str, day: Any, unit: Any, subject: Any = UNSET, word: Any = UNSET, other: Any = UNSET,
    amount: Any = UNSET,
) -> Counted:  # fmt: skip
    when = day_of(fact.occurred) if day is UNSET or day is None else day
    return Counted(
        measure, when, _text(unit) or fact.id.hex(), fact.occurred, _text(subject), _text(word), _text(other),
        0 if amount is UNSET else amount,
    )  # fmt: skip


def _plan(fact: Fact, body: PlanApproved) -> Iterator[Counted]:
    place = f"{_text(body.plan_id)}/{body.year}"
    for item in body.items:
        days = UNSET if item.days is UNSET else item.days
        yield _one(fact, "plan_item", body.approved_on, item.item_id, item.enterprise_id, item.kind, place, days)


def _revision(fact: Fact, body: PlanRevisionDecided) -> Iterator[Counted]:
    major = "" if body.major is UNSET else "major" if body.major else "minor"
    if body.part is UNSET or body.part == 1:
        yield _one(fact, "plan_revision", body.decided_on, body.revision_id, UNSET, major, body.plan_id)
    for change in body.changes:
        item = change.item
        word = f"{change.action}:{item.kind}"
        days = UNSET if item.days is UNSET else item.days
        # A unit of its own for each revision: the same item may be changed again.
        unit = f"{_text(item.item_id)}/{_text(body.revision_id)}"
        yield _one(fact, "plan_change", body.decided_on, unit, item.enterprise_id, word, body.plan_id, days)


def _revision_approved(fact: Fact, body: PlanRevisionApproved) -> Iterator[Counted]:
    yield _one(fact, "plan_revision_approved", body.approved_on, body.revision_id)


def _task(fact: Fact, body: TaskAssigned) -> Iterator[Counted]:
    yield _one(fact, "task", UNSET, body.task_id, body.enterprise_id, body.source)
    if body.plan_item_id is not UNSET:
        yield _one(fact, "task_planned", UNSET, body.task_id, body.enterprise_id, body.plan_item_id)


def _task_cancelled(fact: Fact, body: TaskCancelled) -> Iterator[Counted]:
    yield _one(fact, "task_cancelled", UNSET, body.task_id)


def _entered(fact: Fact, body: SiteEntered) -> Iterator[Counted]:
    yield _one(fact, "entered", UNSET, body.task_id, UNSET, "entered" if body.outcome is UNSET else body.outcome)


def _shown(fact: Fact, body: CredentialsShown) -> Iterator[Counted]:
    yield _one(fact, "shown", UNSET, body.task_id)


def _recorded(fact: Fact, body: InspectionRecordSigned) -> Iterator[Counted]:
    yield _one(fact, "recorded", UNSET, body.task_id, body.enterprise_id)
    yield _one(fact, "document", UNSET, UNSET, body.enterprise_id, "inspection_record")


def _concluded(fact: Fact, body: TaskConcluded) -> Iterator[Counted]:
    yield _one(fact, "concluded", body.concluded_on, body.task_id, UNSET, body.outcome)


def _hazard(fact: Fact, body: HazardFound) -> Iterator[Counted]:
    yield _one(fact, "hazard", body.found_on, body.hazard_id, body.enterprise_id, body.grade, body.origin)


def _ordered(fact: Fact, body: RectificationOrdered) -> Iterator[Counted]:
    yield _one(fact, "document", body.ordered_on, UNSET, body.enterprise_id, "rectification")
    for hazard in body.hazard_ids:
        yield _one(fact, "hazard_ordered", body.ordered_on, hazard, body.enterprise_id, UNSET, body.deadline)


def _extended(fact: Fact, body: RectificationExtensionDecided) -> Iterator[Counted]:
    if body.granted and body.deadline is not UNSET:
        for hazard in body.hazard_ids:
            yield _one(fact, "hazard_ordered", body.decided_on, hazard, UNSET, UNSET, body.deadline)


def _reinspected(fact: Fact, body: ReinspectionConcluded) -> Iterator[Counted]:
    yield _one(fact, "document", body.reinspected_on, UNSET, body.enterprise_id, "reinspection")
    for result in body.results:
        if result.outcome == "corrected":
            yield _one(fact, "hazard_corrected", body.reinspected_on, result.hazard_id, body.enterprise_id)


def _listed(fact: Fact, body: MajorHazardListed) -> Iterator[Counted]:
    yield _one(fact, "hazard_listed", body.listed_on, body.hazard_id, body.enterprise_id, body.level)


def _delisted(fact: Fact, body: MajorHazardDelisted) -> Iterator[Counted]:
    yield _one(fact, "hazard_delisted", body.delisted_on, body.hazard_id, body.enterprise_id, body.level)


def _on_site(fact: Fact, body: OnSiteMeasureOrdered) -> Iterator[Counted]:
    yield _one(fact, "document", UNSET, UNSET, body.enterprise_id, "on_site_measure")
    if any(measure.kind in STOPS for measure in body.measures):
        yield _one(fact, "stop_order", UNSET, body.measure_id, body.enterprise_id)


def _imposed(fact: Fact, body: CompulsoryMeasureImposed) -> Iterator[Counted]:
    yield _one(fact, "compulsory", body.imposed_on, body.measure_id, UNSET, body.kind)


def _power_cut(fact: Fact, body: PowerCutOrdered) -> Iterator[Counted]:
    yield _one(fact, "power_cut", body.decided_on, body.power_cut_id, body.enterprise_id)


def _filed(fact: Fact, body: CaseFiled) -> Iterator[Counted]:
    who = party(body.party)
    yield _one(fact, "case", body.filed_on, body.case_id, who, body.source)
    yield _one(fact, "party", body.filed_on, body.case_id, who, body.party.type)


def _decided(fact: Fact, body: PenaltyDecided) -> Iterator[Counted]:
    kinds = ",".join(sorted({line.kind for line in body.penalties}))
    yield _one(fact, "decision", body.decided_on, body.case_id, UNSET, "general", kinds, fines(body.penalties))


def _on_spot(fact: Fact, body: OnSpotPenaltyDecided) -> Iterator[Counted]:
    unit = body.case_id
    kinds = ",".join(sorted(set(body.kinds)))
    yield _one(fact, "decision", body.decided_on, unit, party(body.party), "simple", kinds, body.amount_fen)
    yield _one(fact, "party", body.decided_on, unit, party(body.party), body.party.type)


def _paid(fact: Fact, body: FinePaymentRecorded) -> Iterator[Counted]:
    towards = "fine" if body.towards is UNSET else body.towards
    yield _one(fact, "payment", body.paid_on, UNSET, UNSET, towards, body.case_id, body.amount_fen)


def _closed(fact: Fact, body: CaseClosed) -> Iterator[Counted]:
    yield _one(fact, "closed", body.closed_on, body.case_id, UNSET, body.ground)


def _heard(fact: Fact, body: HearingHeld) -> Iterator[Counted]:
    yield _one(fact, "case_heard", body.held_on, body.case_id)


def _reviewed(fact: Fact, body: LegalReviewConcluded) -> Iterator[Counted]:
    yield _one(fact, "review", day_of(body.concluded_at), body.review_id, UNSET, body.outcome)
    yield _one(fact, "case_reviewed", day_of(body.concluded_at), body.case_id, UNSET, body.outcome)


def _discussed(fact: Fact, body: CollectiveDiscussionHeld) -> Iterator[Counted]:
    yield _one(fact, "case_discussed", body.held_on, body.case_id, UNSET, body.outcome)


def _proposed(fact: Fact, body: TransferProposed) -> Iterator[Counted]:
    yield _one(fact, "transfer_proposed", UNSET, body.transfer_id, UNSET, body.kind, body.case_id)


def _delivered(fact: Fact, body: TransferDelivered) -> Iterator[Counted]:
    yield _one(fact, "transfer_delivered", body.delivered_on, body.transfer_id, UNSET, UNSET, body.case_id)


def _court(fact: Fact, body: CourtEnforcementApplied) -> Iterator[Counted]:
    yield _one(fact, "court", body.applied_on, UNSET, UNSET, UNSET, body.case_id)


def _reconsideration(fact: Fact, body: ReconsiderationOpened) -> Iterator[Counted]:
    yield _one(fact, "remedy", body.opened_on, body.remedy_id, UNSET, "reconsideration", body.case_id)


def _suit(fact: Fact, body: SuitOpened) -> Iterator[Counted]:
    yield _one(fact, "remedy", body.opened_on, body.remedy_id, UNSET, "suit", body.case_id)


def _remedy_closed(fact: Fact, body: ReconsiderationClosed | SuitClosed) -> Iterator[Counted]:
    kind = "suit" if isinstance(body, SuitClosed) else "reconsideration"
    yield _one(fact, "remedy_closed", body.closed_on, body.remedy_id, UNSET, body.outcome, kind)


def _altered(fact: Fact, body: DecisionAltered) -> Iterator[Counted]:
    yield _one(fact, "altered", body.effective_on, UNSET, UNSET, body.effect, body.case_id)


def _published(fact: Fact, body: DisclosurePublished) -> Iterator[Counted]:
    yield _one(fact, "published", body.published_on, body.record_id, UNSET, body.subject)
    if body.case_id is not UNSET:
        yield _one(fact, "case_published", body.published_on, body.case_id, UNSET, body.subject)


def _withdrawn(fact: Fact, body: DisclosureWithdrawn) -> Iterator[Counted]:
    yield _one(fact, "withdrawn", body.withdrawn_on, body.record_id, UNSET, body.ground, body.case_id)


def _tip(fact: Fact, body: TipReceived) -> Iterator[Counted]:
    word = "accepted" if body.accepted else "not_accepted"
    yield _one(fact, "tip", day_of(body.received_at), body.tip_id, body.enterprise_id, word, body.channel)


def _tip_concluded(fact: Fact, body: TipConcluded) -> Iterator[Counted]:
    yield _one(fact, "tip_concluded", body.concluded_on, body.tip_id, UNSET, body.outcome)


def _reported(fact: Fact, body: PeriodicReportSubmitted) -> Iterator[Counted]:
    yield _one(fact, "report", body.submitted_on, body.report_id, UNSET, body.kind, body.period)


_BY_TYPE: Final[Mapping[type, Callable[[Fact, Any], Iterator[Counted]]]] = {
    PlanApproved: _plan,
    PlanRevisionDecided: _revision,
    PlanRevisionApproved: _revision_approved,
    TaskAssigned: _task,
    TaskCancelled: _task_cancelled,
    SiteEntered: _entered,
    CredentialsShown: _shown,
    InspectionRecordSigned: _recorded,
    TaskConcluded: _concluded,
    HazardFound: _hazard,
    RectificationOrdered: _ordered,
    RectificationExtensionDecided: _extended,
    ReinspectionConcluded: _reinspected,
    MajorHazardListed: _listed,
    MajorHazardDelisted: _delisted,
    OnSiteMeasureOrdered: _on_site,
    CompulsoryMeasureImposed: _imposed,
    PowerCutOrdered: _power_cut,
    CaseFiled: _filed,
    PenaltyDecided: _decided,
    OnSpotPenaltyDecided: _on_spot,
    FinePaymentRecorded: _paid,
    CaseClosed: _closed,
    HearingHeld: _heard,
    LegalReviewConcluded: _reviewed,
    CollectiveDiscussionHeld: _discussed,
    TransferProposed: _proposed,
    TransferDelivered: _delivered,
    CourtEnforcementApplied: _court,
    ReconsiderationOpened: _reconsideration,
    SuitOpened: _suit,
    ReconsiderationClosed: _remedy_closed,
    SuitClosed: _remedy_closed,
    DecisionAltered: _altered,
    DisclosurePublished: _published,
    DisclosureWithdrawn: _withdrawn,
    TipReceived: _tip,
    TipConcluded: _tip_concluded,
    PeriodicReportSubmitted: _reported,
}
