"""What legal review says of a case, and what it asks its handlers to put right: what goes back to the field.

The newest review counts; what an earlier one asked for and nobody answered stays asked. The invariant: a request is
done when a correction that names its record was submitted or approved after it, and by nothing else.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from domain.filing import text_of
from domain.judges.case_facts import Case
from domain.matter import Fact
from schemas.events import REGISTRY
from schemas.events.correction import CorrectionSubmitted, RecordCorrected
from schemas.events.draft import DecisionDrafted
from schemas.events.review import (
    LegalReviewAssigned,
    LegalReviewConcluded,
    LegalReviewRequested,
    LegalReviewReturned,
    LegalReviewWithdrawn,
)


def review(case: Case) -> dict[str, Any] | None:
    """Where the newest legal review stands: state, reviewer, draft, reason or opinion; None where there is none."""
    asked = case.of(LegalReviewRequested)
    if not asked:
        return None
    fact, request = asked[-1]
    told: dict[str, Any] = {
        "id": text_of(request.review_id), "state": "requested", "reviewer": "", "at": fact.received,
        "draft_hash": request.draft_hash.hex(), "version": _version(case, request.draft_hash), "text": "",
        "missing": [],
    }  # fmt: skip
    for given, body in case.of(LegalReviewAssigned):
        if body.review_id == request.review_id:
            told |= {"state": "assigned", "reviewer": body.reviewer, "at": given.received}
    ends: list[tuple[Fact, LegalReviewReturned | LegalReviewWithdrawn | LegalReviewConcluded]] = [
        *case.of(LegalReviewReturned), *case.of(LegalReviewWithdrawn), *case.of(LegalReviewConcluded)
    ]  # fmt: skip
    for end, done in ends:
        if done.review_id != request.review_id:
            continue
        match done:
            case LegalReviewReturned():
                told |= {"state": "returned", "text": done.reason, "missing": list(done.missing)}
            case LegalReviewWithdrawn():
                told |= {"state": "withdrawn", "text": done.reason}
            case LegalReviewConcluded():
                said = "" if done.opinion is UNSET else done.opinion
                told |= {"state": done.outcome, "text": said, "reviewer": done.reviewer}
        told["at"] = end.received
    return told


def asked(case: Case) -> list[dict[str, Any]]:
    """Corrections that reviewers asked for and nobody has submitted yet, the oldest first."""
    found: list[tuple[Fact, LegalReviewReturned | LegalReviewConcluded]] = [
        *case.of(LegalReviewReturned), *case.of(LegalReviewConcluded)
    ]  # fmt: skip
    records = {fact.id: fact for fact in case.matter.facts}
    answered = [(fact.received, body.target_event) for fact, body in case.of(CorrectionSubmitted)]
    answered += [(fact.received, body.target_event) for fact, body in case.of(RecordCorrected)]
    told = []
    for act, body in sorted(found, key=lambda pair: (pair[0].received, pair[0].id)):
        for one in body.corrections:
            if any(target == one.event and at >= act.received for at, target in answered):
                continue
            record = records.get(one.event)
            told.append(
                {
                    "event": text_of(one.event), "field": "" if one.field is UNSET else one.field, "text": one.text,
                    "asked_in": text_of(act.id), "review_id": text_of(body.review_id),
                    "type": "" if record is None else record.type, **_titles(record),
                }
            )  # fmt: skip
    return told


def _version(case: Case, draft_hash: bytes) -> int:
    return max((body.version for _, body in case.of(DecisionDrafted) if body.draft_hash == draft_hash), default=0)


def _titles(record: Fact | None) -> dict[str, str]:
    kind = None if record is None else REGISTRY.lookup(record.type)
    return {"zh": "" if kind is None else kind.title_zh, "en": "" if kind is None else kind.title_en}
