"""The deadlines of a case, DL-01 to DL-17 and DL-24 (handbook 2.5).

Each runs from an act of the case; the catalogue, the rules and the calendar give its end. The invariant: a deadline is
emitted for every act that starts one, met or not, so that nothing disappears by being done; only waiting periods
(DL-03, DL-09) leave the list once the act that had to wait took place, because then they say nothing more.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import UNSET

from domain import deadlines
from domain.judges import case_cash
from domain.judges import case_money as money
from domain.judges.case_disclosure import Public, left_out, taken_back, withheld
from domain.judges.case_facts import Case, moment, same_number
from domain.judges.case_money import Decided
from domain.judges.case_periods import decision_deadline, measure_deadline
from domain.matter import Deadline, Fact
from domain.rulebook import NoRule
from schemas.events.compulsory import (
    CompulsoryMeasureEnded,
    CompulsoryMeasureImposed,
    CompulsoryMeasureReported,
)
from schemas.events.decision import NoPenaltyDecided
from schemas.events.disclosure import DisclosurePublished
from schemas.events.document import DocumentServed
from schemas.events.execution import CourtEnforcementApplied, EnforcementDemandServed
from schemas.events.hearing import HearingHeld, HearingNoticeServed, HearingRequested, HearingWithdrawn
from schemas.events.penalty import DefenceRecorded, PenaltyNoticeServed
from schemas.events.preservation import EvidencePreservationDisposed, EvidencePreservationOrdered
from schemas.events.remedy import DecisionAltered, ReconsiderationClosed, ReconsiderationOpened, SuitOpened
from schemas.events.transfer import TransferDecided, TransferDelivered, TransferProposed

Met = tuple[int, bytes] | None


def of_case(case: Case) -> tuple[Deadline, ...]:
    """Every deadline of the case, by rule and start. Lines whose length no rule gives are left out."""
    found: list[Deadline] = []
    for make in (_deciding, _hearing, _preserving, _decisions, _enforcing, _disclosing, _measures, _transfers, _cash):
        found += make(case)
    return tuple(sorted(found, key=lambda one: (one.rule, one.start, one.about)))


def due(case: Case, rule: str, start: datetime.date | int, act: Fact, **more: Any) -> Iterator[Deadline]:
    """One deadline that an act starts, told to the handlers; none where no rule gives its length."""
    try:
        yield deadlines.due(
            rule, start, case.matter.rules, case.matter.calendar, case.matter.authority,
            **{"event": act.id, "officers": case.handlers or act.by, "known": act.occurred, **more},
        )  # fmt: skip
    except NoRule:
        return


def _deciding(case: Case) -> Iterator[Deadline]:
    try:
        found = decision_deadline(case)
    except NoRule:
        return
    if found is not None:
        yield found


def _hearing(case: Case) -> Iterator[Deadline]:
    for act, body in case.of(PenaltyNoticeServed):
        if body.kind != "hearing" and body.hearing_right_told is not True:
            continue
        asked = [
            (fact, one.requested_on) for fact, one in case.of(HearingRequested) if one.requested_on >= body.served_on
        ]
        waived = [fact for fact, one in case.of(HearingWithdrawn) if one.waived and one.withdrawn_on >= body.served_on]
        waived += [fact for fact, one in case.of(DefenceRecorded) if one.hearing_waived is True]
        yield from due(
            case, "DL-02", body.served_on, act, met=_first(asked), cancelled=not asked and bool(waived),
            inputs=[fact.id for fact in waived],
        )  # fmt: skip
    for act, notice in case.of(HearingNoticeServed):
        if not any(one.held_on >= notice.served_on for _, one in case.of(HearingHeld)):
            yield from due(case, "DL-03", notice.served_on, act)


def _preserving(case: Case) -> Iterator[Deadline]:
    for act, body in case.of(EvidencePreservationOrdered):
        done = case.joined(EvidencePreservationDisposed, "preservation_id", body.preservation_id)
        yield from due(case, "DL-04", body.ordered_on, act, met=_first((fact, one.disposed_on) for fact, one in done))


def _decisions(case: Case) -> Iterator[Deadline]:
    for one in money.decisions(case):
        gone = money.undone(case, one.number) is not None
        handed = money.served(case, one)
        if not (one.procedure == "simple" and one.present):
            met = None if handed is None else (moment(*handed), handed[0].id)
            yield from due(case, "DL-05", one.on, one.fact, met=met, cancelled=gone and met is None)
        try:
            paying = money.payment_deadline(case, one)
        except NoRule:
            paying = None
        if paying is not None:
            yield paying
        if handed is not None:
            yield from _remedies(case, one, handed, gone)


def _remedies(case: Case, one: Decided, handed: tuple[Fact, datetime.date], gone: bool) -> Iterator[Deadline]:
    """DL-08: the party's own periods; they end for good, and are met when a remedy is taken."""
    recon = [(fact, body) for fact, body in case.of(ReconsiderationOpened) if same_number(body.document_no, one.number)]
    suits = [(fact, body) for fact, body in case.of(SuitOpened) if same_number(body.document_no, one.number)]
    start, more = handed[1], {"inputs": (handed[0].id,), "cancelled": gone}
    asked = _first((fact, body.opened_on if body.applied_on is UNSET else body.applied_on) for fact, body in recon)
    sued = _first((fact, body.opened_on) for fact, body in suits)
    yield from due(case, "DL-08" if one.remedies_told else "DL-08:untold", start, one.fact, met=asked, **more)
    if not recon and not money.reconsideration_first(case, one):
        yield from due(case, "DL-08:suit", start, one.fact, met=sued, **more)
    for fact, body in case.of(ReconsiderationClosed):
        if any(opened.remedy_id == body.remedy_id for _, opened in recon):
            since = body.closed_on if body.served_on is UNSET else body.served_on
            yield from due(case, "DL-08:after", since, fact, met=sued, cancelled=gone)


def _enforcing(case: Case) -> Iterator[Deadline]:
    applied = case.of(CourtEnforcementApplied)
    for act, body in case.of(EnforcementDemandServed):
        if not any(same_number(one.decision_no, body.decision_no) for _, one in applied):
            yield from due(case, "DL-09", body.served_on, act)
    for one in money.decisions(case):
        paid = money.paid_up(case, one)
        try:
            over = money.remedy_end(case, one)
        except NoRule:
            over = None
        if over is None or not one.fine_fen:
            continue
        start = max([over, *(last for _, _, last in money.deferral(case, one))])
        met = _first((fact, ask.applied_on) for fact, ask in applied if same_number(ask.decision_no, one.number))
        gone = paid is not None or money.undone(case, one.number) is not None
        yield from due(case, "DL-10", start, one.fact, met=met, cancelled=gone and met is None)


def _disclosing(case: Case) -> Iterator[Deadline]:
    published = case.of(DisclosurePublished)
    for one in money.decisions(case):
        if isinstance(one.fact.body, Public) and left_out(case, one.fact.body) is not None:
            continue
        shown = [(fact, body.published_on) for fact, body in published if _is(body.document_no, one.number)]
        gone = (money.undone(case, one.number) is not None and not shown) or withheld(case, one.number) is not None
        yield from due(case, "DL-11", one.on, one.fact, met=_first(shown), cancelled=gone)
    for act, body in case.of(NoPenaltyDecided):
        handed = [
            (fact, one.served_on)
            for fact, one in case.of(DocumentServed)
            if same_number(one.document_no, body.document_no)
        ]
        yield from due(case, "DL-05", body.decided_on, act, met=_first(handed))
        shown = [(fact, other.published_on) for fact, other in published if _is(other.document_no, body.document_no)]
        stays = withheld(case, body.document_no) is not None
        yield from due(case, "DL-12", body.decided_on, act, met=_first(shown), cancelled=stays and not shown)
    for act, altered in case.of(DecisionAltered):
        left, taken, early = taken_back(case, act, altered)
        if early:
            met = max(((moment(fact, day), fact.id) for fact, day in taken), default=None)
            yield from due(case, "DL-13", altered.effective_on, act, met=None if left else met)


def _measures(case: Case) -> Iterator[Deadline]:
    for act, body in case.of(CompulsoryMeasureImposed):
        ended = case.joined(CompulsoryMeasureEnded, "measure_id", body.measure_id)
        try:
            yield measure_deadline(case, act, body, _first((fact, one.ended_on) for fact, one in ended))
        except NoRule:
            continue
        if body.urgent and (body.approved_at is UNSET or body.approved_at > body.imposed_at):
            told = case.joined(CompulsoryMeasureReported, "measure_id", body.measure_id)
            met = min(((one.reported_at, fact.id) for fact, one in told), default=None)
            yield from due(case, "DL-15", body.imposed_at, act, met=met)


def _transfers(case: Case) -> Iterator[Deadline]:
    for act, body in case.of(TransferProposed):
        if body.kind != "crime":
            continue
        decided = case.joined(TransferDecided, "transfer_id", body.transfer_id)
        met = min(((one.decided_at, fact.id) for fact, one in decided), default=None)
        yield from due(case, "DL-16", body.reported_on, act, met=met)
        for fact, one in decided[:1]:
            if one.approved:
                handed = case.joined(TransferDelivered, "transfer_id", body.transfer_id)
                got = min(((done.delivered_at, last.id) for last, done in handed), default=None)
                yield from due(case, "DL-17", one.decided_at, fact, met=got)


def _cash(case: Case) -> Iterator[Deadline]:
    for one in case_cash.taken(case):
        since = one.on
        for step, rule in _CASH:
            deposits, day = case_cash.arrived(case, one, step)
            yield from due(case, rule, since, one.fact, met=None if day is None else _first([(deposits[-1], day)]))
            if day is None:
                break
            since = day


_CASH: Final[tuple[tuple[case_cash.Step, str], ...]] = (("agency", "DL-24"), ("bank", "DL-24:bank"))


def _first(acts: Iterable[tuple[Fact, datetime.date]]) -> Met:
    """The earliest of some acts that bear a date, as the instant and the event that met a deadline."""
    return min(((moment(fact, day), fact.id) for fact, day in acts), default=None)


def _is(number: Any, other: str) -> bool:
    return number is not UNSET and same_number(number, other)
