"""What lists and the page of a case show: columns to sort by, documents, people, both clocks, money, side procedures.

JSON values only, and no personal value: names of persons are commitments and stay out. The invariant: nothing here
depends on today; what grows by the day (a late fine) is given as what a reader needs to compute it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET

from domain.judges import case_documents, case_money, case_procedures, case_recording, case_returns, case_shapes
from domain.judges.case_facts import Case, given, number_of
from domain.judges.case_hearing import hearing_due
from domain.judges.case_review import discussion_due, review_due
from domain.judges.case_shapes import State
from domain.judges.case_states import Passage
from domain.matter import Deadline, Fact
from domain.process import step_of
from domain.rulebook import NoRule
from schemas.events.case import CaseClosed
from schemas.events.decision import NoPenaltyDecided
from schemas.events.discussion import CollectiveDiscussionHeld
from schemas.events.filing import CaseHandlersChanged
from schemas.events.hearing import HearingHeld, HearingRequested
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided, PenaltyNoticeServed
from schemas.events.preservation import EvidencePreservationOrdered
from schemas.events.recusal import RecusalDecided
from schemas.events.review import LegalReviewConcluded
from schemas.events.transfer import TransferDelivered

MAX_TEXT: Final = 200


def columns(case: Case, state: State) -> dict[str, str | int | bool | None]:
    """What lists of cases sort and filter by."""
    made = case_money.decisions(case)
    spot = case.matter.first(OnSpotPenaltyDecided)
    free = case.matter.first(NoPenaltyDecided)
    party = case.party
    cause = case.filing[1].cause if case.filing else spot[1].facts if spot else ""
    outcome = [(one.on, one.number) for one in made] + ([(free[1].decided_on, free[1].document_no)] if free else [])
    filed = case.filing[1].filed_on if case.filing else None
    return {
        "cause": " ".join(cause.split())[:MAX_TEXT],
        "party_name": (given(party.name) or "") if party else "",
        "party_type": party.type if party else None,
        "enterprise": (given(party.id) or None) if party else None,
        "filed_on": filed.isoformat() if filed else None,
        "decided_on": min(outcome)[0].isoformat() if outcome else None,
        "fine_fen": sum(case_money.due_fen(case, one) for one in made) if made else None,
        "stage": state.NAME,
        "handlers": ",".join(case.handlers),
        "document_no": min(outcome)[1] if outcome else None,
        "procedure": procedure(case),
    }


def procedure(case: Case) -> str:
    """general or simple: simple if the only decision was made on the spot and no case was filed."""
    return "simple" if case.filing is None and case.of(OnSpotPenaltyDecided) else "general"


def page(case: Case, state: State, passages: Sequence[Passage], deadlines: Sequence[Deadline]) -> dict[str, Any]:
    """The page of a case. Instants are ms, days ISO dates, ids hex, money fen."""
    filing = case.filing[1] if case.filing else None
    required = _needs(case)
    documents = case_documents.contents(case.matter.facts, state.RANK, required, number_of)
    return {
        **columns(case, state),
        "source": filing.source if filing else None,
        "suspected_clauses": list(filing.suspected_clauses) if filing else [],
        "violation_on": _iso(case.violation_on),
        "found_on": _iso(given(filing.found_on)) if filing else None,
        "stage": _stage(state, passages),
        "documents": documents,
        "missing": [one["code"] for one in documents if one["state"] == "missing"],
        "needs": sorted(required),
        "who": _who(case),
        "clocks": _clocks(deadlines),
        "money": [case_money.money_page(case, one) for one in case_money.decisions(case)],
        "side": case_procedures.page(case),
        "review": case_returns.review(case),
        "asked": case_returns.asked(case),
        "decisions": [_decision(case, one) for one in case_money.decisions(case)],
        "recordings": case_recording.index(case, held=not isinstance(state, case_shapes.Archived)),
        "timeline": [_line(fact) for fact in case.matter.facts],
    }


def _stage(state: State, passages: Sequence[Passage]) -> dict[str, Any]:
    zh, en = case_shapes.TITLES[state.NAME]
    on = getattr(state, "on", None)
    return {
        "name": state.NAME,
        "zh": zh,
        "en": en,
        "rank": state.RANK,
        "on": _iso(on),
        "reached": [
            {
                "stage": one.state.NAME,
                "zh": case_shapes.TITLES[one.state.NAME][0],
                "en": case_shapes.TITLES[one.state.NAME][1],
                "event": one.fact.id.hex(),
                "type": one.fact.type,
                "occurred": one.fact.occurred,
                "irregular": None if one.irregular is None else {"zh": one.irregular.zh, "en": one.irregular.en},
            }
            for one in passages
        ],
    }


def _who(case: Case) -> dict[str, Any]:
    filing = case.filing[1] if case.filing else None
    return {
        "handlers": list(case.handlers),
        "handlers_ever": sorted(case.handlers_ever),
        "changes": [
            {"on": body.changed_on.isoformat(), "handlers": list(body.handlers), "event": fact.id.hex()}
            for fact, body in case.of(CaseHandlersChanged)
        ],
        "recusals": [
            {
                "on": body.decided_on.isoformat(),
                "officer": body.officer,
                "granted": body.granted,
                "event": fact.id.hex(),
            }
            for fact, body in case.of(RecusalDecided)
        ],
        "filing_approver": filing.approver if filing else None,
        "reviewers": [
            {"officer": body.reviewer, "at": body.concluded_at, "outcome": body.outcome, "event": fact.id.hex()}
            for fact, body in case.of(LegalReviewConcluded)
        ],
        "chairs": [
            {"officer": body.chair, "on": body.held_on.isoformat(), "event": fact.id.hex()}
            for fact, body in case.of(HearingHeld)
        ],
        "discussions": [
            {
                "on": body.held_on.isoformat(),
                "host": body.host,
                "principal": body.principal,
                "members": list(body.members),
                "absent": list(body.absent),
                "outcome": body.outcome,
                "event": fact.id.hex(),
            }
            for fact, body in case.of(CollectiveDiscussionHeld)
        ],
        "decided_by": [given(body.signed_by) for _, body in case.of(PenaltyDecided) if body.signed_by is not UNSET],
        "closing_approver": [body.approver for _, body in case.of(CaseClosed)],
    }


def _clocks(deadlines: Sequence[Deadline]) -> dict[str, Any]:
    """The clock for deciding (DL-01) and those for paying (DL-06), each with the values that it had before."""

    def clock(one: Deadline) -> dict[str, Any]:
        return {
            "start": one.start,
            "due": one.due,
            "last_day": one.last_day,
            "met": one.met,
            "cancelled": one.cancelled,
            "provisional": one.provisional,
            "event": one.about,
            "earlier": [{"due": old.due, "zh": old.reason.zh, "en": old.reason.en} for old in one.earlier],
        }

    return {
        "deciding": next((clock(one) for one in deadlines if one.rule == "DL-01"), None),
        "paying": [clock(one) for one in deadlines if one.rule == "DL-06"],
    }


def _decision(case: Case, one: case_money.Decided) -> dict[str, Any]:
    handed = case_money.served(case, one)
    return {
        "event": one.fact.id.hex(),
        "document_no": one.number,
        "on": one.on.isoformat(),
        "procedure": one.procedure,
        "penalties": [
            {
                "kind": line.kind,
                "amount_fen": given(line.amount_fen),
                "object": given(line.object),
                "until": _iso(given(line.until)),
            }
            for line in one.lines
        ],
        "served_on": _iso(handed[1]) if handed else None,
        "remedies_told": one.remedies_told,
        "altered": [
            {"on": body.effective_on.isoformat(), "by": body.by, "effect": body.effect, "event": fact.id.hex()}
            for fact, body in case_money.alterations(case, one.number)
        ],
    }


def _line(fact: Fact) -> dict[str, Any]:
    """One act in the timeline, with both clocks: when it took place and was captured, and when it was received."""
    step = step_of(fact.type)
    return {
        "id": fact.id.hex(),
        "type": fact.type,
        "step": step.code,
        "zh": step.zh,
        "en": step.en,
        "document_no": number_of(fact),
        "occurred": fact.occurred,
        "captured": fact.captured,
        "received": fact.received,
        "by": list(fact.by),
        "source": fact.source,
        "terminal": fact.terminal.hex(),
        "claim": fact.claim,
        "counts": fact.counts,
    }


def _needs(case: Case) -> frozenset[str]:
    """The conditions under which papers must lie in the file."""
    found: set[str] = set()
    free, handed_over = bool(case.of(NoPenaltyDecided)), bool(case.of(TransferDelivered))
    if case.filing is not None:
        found.add("general")
        if case.decisions or not (free or handed_over):
            found |= {"penalty", "decision"}
        elif free:
            found.add("decision")
    if case.of(EvidencePreservationOrdered):
        found.add("preserved")
    if bool(case.of(HearingRequested)) or bool(case.of(HearingHeld)):
        found.add("hearing")
    if any(one.fine_fen for one in case_money.decisions(case)):
        found.add("fine")
    told = any(body.hearing_right_told is True for _, body in case.of(PenaltyNoticeServed))
    for fact, body in case.decisions:
        try:
            if review_due(case, fact, body)[0]:
                found.add("review")
            if discussion_due(case, fact, body)[0]:
                found.add("discussion")
            if not told and hearing_due(case, body.penalties, body.decided_on)[0]:
                found.add("hearing_right")
        except NoRule:
            continue
    for _, notice in case.of(PenaltyNoticeServed):
        try:
            if not told and hearing_due(case, notice.intended, notice.served_on)[0]:
                found.add("hearing_right")
        except NoRule:
            continue
    return frozenset(found)


def _iso(day: datetime.date | None) -> str | None:
    return None if day is None else day.isoformat()
