"""Drafts and reviews of a case as they stand: which draft is the newest, who reviews it, what came of it.

Read from the facts of the matter, whoever brought them in: acts of this desk, of an import, of another server. The
invariant: a review belongs to one draft by its hash, and ends once: returned, withdrawn or concluded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from msgspec import UNSET

from domain.judges.case_facts import Case
from domain.matter import Fact, order
from schemas.events.draft import DecisionDrafted
from schemas.events.review import (
    LegalReviewAssigned,
    LegalReviewConcluded,
    LegalReviewRequested,
    LegalReviewReturned,
    LegalReviewWithdrawn,
)

Ended: TypeAlias = LegalReviewReturned | LegalReviewWithdrawn | LegalReviewConcluded
State: TypeAlias = Literal[
    "requested",
    "assigned",
    "returned",
    "withdrawn",
    "passed",
    "returned_for_correction",
    "rejected",
    "transfer_suggested",
]


@dataclass(frozen=True, slots=True)
class Review:
    """One review: the request, who was given it last, and how it ended (None while it is open)."""

    asked: tuple[Fact, LegalReviewRequested]
    assigned: tuple[Fact, LegalReviewAssigned] | None = None
    ended: tuple[Fact, Ended] | None = None

    @property
    def id(self) -> bytes:
        """Its id, 16 bytes."""
        return self.asked[1].review_id

    @property
    def draft_hash(self) -> bytes:
        """The draft that it is of."""
        return self.asked[1].draft_hash

    @property
    def reviewer(self) -> str:
        """Officer id of who has it, "" while nobody does."""
        return "" if self.assigned is None else self.assigned[1].reviewer

    @property
    def state(self) -> State:
        """Where it stands."""
        match self.ended:
            case None:
                return "requested" if self.assigned is None else "assigned"
            case (_, LegalReviewReturned()):
                return "returned"
            case (_, LegalReviewWithdrawn()):
                return "withdrawn"
            case (_, LegalReviewConcluded() as body):
                return body.outcome


def drafts(case: Case) -> list[tuple[Fact, DecisionDrafted]]:
    """The drafts of a penalty, by version, the newest last."""
    found = [(fact, body) for fact, body in case.of(DecisionDrafted) if body.kind == "penalty"]
    return sorted(found, key=lambda pair: (pair[1].version, pair[0].occurred, pair[0].received, pair[0].id))


def reviews(case: Case) -> list[Review]:
    """Every review that was asked for, the newest last."""
    assigned: dict[bytes, tuple[Fact, LegalReviewAssigned]] = {}
    for fact, body in case.of(LegalReviewAssigned):
        assigned[body.review_id] = (fact, body)
    ended: dict[bytes, tuple[Fact, Ended]] = {}
    ends: list[tuple[Fact, Ended]] = [
        *case.of(LegalReviewReturned), *case.of(LegalReviewWithdrawn), *case.of(LegalReviewConcluded)
    ]  # fmt: skip
    for end, done in sorted(ends, key=lambda pair: order(pair[0])):
        ended.setdefault(done.review_id, (end, done))
    return [
        Review((fact, body), assigned.get(body.review_id), ended.get(body.review_id))
        for fact, body in case.of(LegalReviewRequested)
    ]


def standing(case: Case, draft_hash: bytes) -> Review | None:
    """The newest review of a draft, None if none was asked for."""
    found = [one for one in reviews(case) if one.asked[1].draft_hash == draft_hash]
    return found[-1] if found else None


def evidence_of(case: Case) -> dict[bytes, Fact]:
    """Digests of the files that the case's records rely on, each with its record."""
    found: dict[bytes, Fact] = {}
    for fact in case.matter.facts:
        value = getattr(fact.body, "sha256", UNSET)
        if fact.counts and isinstance(value, bytes) and len(value) == 32:
            found.setdefault(value, fact)
    return found
