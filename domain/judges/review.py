"""The judge of a legal review (法制审核): who asked, who reviews, where it stands, by when it is due (B11, DL-26).

A review is of one draft of one case; sent again after a return it runs anew. What must be said of the case itself is
the case's judge's to say. The invariant: a review is open until it was concluded, withdrawn or asked for again under
another id, and only what counts moves it: a terminal's claim that a review passed is none.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET

from domain.deadlines import Extension, due
from domain.filing import text_of
from domain.judges.case_facts import Case, confiscated, fine_of, given
from domain.matter import Deadline, Fact, Judge, Judgement, Matter
from domain.rulebook import NoRule
from schemas.events.draft import DecisionDrafted
from schemas.events.review import (
    LegalReviewConcluded,
    LegalReviewRequested,
    LegalReviewReturned,
    LegalReviewWithdrawn,
)

VERSION: Final = 1
ASSIGNED: Final = "legal_review.assigned.v1"
OPEN: Final = frozenset(("requested", "assigned", "returned"))
"""Stages in which somebody still has to do something about a review."""
OUTCOMES: Final = {
    "passed": "passed",
    "rejected": "rejected",
    "transfer_suggested": "transfer_suggested",
    "returned_for_correction": "returned",
}
"""Outcome of an opinion -> stage of the review."""
MAX_TEXT: Final = 200


def judge(matter: Matter) -> Judgement:
    """The row and the page of one review."""
    asked = matter.last(LegalReviewRequested)
    found = asked or matter.first(LegalReviewRequested)
    case = _case(matter, found[1] if found else None)
    stage = _stage(matter, case)
    reviewer, unit = _reviewer(matter)
    deadline = _deadline(matter, asked, stage, reviewer)
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage=stage,
        columns=_columns(case, asked, stage, reviewer, unit, deadline),
        page={"acts": [_act(fact) for fact in matter.facts if fact.counts]},
        deadlines=() if deadline is None else (deadline,),
        terminals=tuple(sorted({fact.terminal for fact in matter.facts if fact.terminal})),
        officers=tuple(sorted({*(reviewer,), *(() if case is None else case.handlers)} - {""})),
    )


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """The case whose draft it is."""
    return frozenset(
        f"case:{text_of(fact.body.case_id)}"
        for fact in facts
        if fact.counts and isinstance(fact.body, LegalReviewRequested)
    )


def _case(matter: Matter, body: LegalReviewRequested | None) -> Case | None:
    if body is None:
        return None
    key = text_of(body.case_id)
    facts = matter.others.get(f"case:{key}", ())
    return Case(Matter("case", key, matter.authority, tuple(facts), matter.rules, matter.calendar))


def _stage(matter: Matter, case: Case | None) -> str:
    """Where the latest act left it. A fresh request reopens what was returned."""
    stage = "unrequested"
    for fact in matter.facts:
        if not fact.counts:
            continue
        match fact.body:
            case LegalReviewRequested():
                stage = "assigned" if stage in ("assigned", "returned") and _reviewer(matter)[0] else "requested"
            case LegalReviewReturned():
                stage = "returned"
            case LegalReviewWithdrawn():
                stage = "withdrawn"
            case LegalReviewConcluded() as body:
                stage = OUTCOMES[body.outcome]
            case _ if fact.type == ASSIGNED and stage == "requested":
                stage = "assigned"
            case _:
                pass
    if stage == "returned" and case is not None and _asked_again(matter, case):
        return "repeated"
    return stage


def _asked_again(matter: Matter, case: Case) -> bool:
    own = {body.review_id for _, body in matter.of(LegalReviewRequested)}
    return any(body.repeats in own and body.review_id not in own for _, body in case.of(LegalReviewRequested))


def _reviewer(matter: Matter) -> tuple[str, str]:
    """(officer, unit) of who is to review or has reviewed, each "" where nobody says."""
    officer, unit = "", ""
    for fact in matter.facts:
        if not fact.counts:
            continue
        match fact.body:
            case LegalReviewRequested() as body:
                unit = given(body.unit) or unit
            case LegalReviewReturned() as body:
                officer = body.reviewer
            case LegalReviewConcluded() as body:
                officer, unit = body.reviewer, given(body.unit) or unit
            case body if fact.type == ASSIGNED:
                officer = str(getattr(body, "reviewer", "") or "")
                named = getattr(body, "unit", UNSET)
                unit = named if isinstance(named, str) else unit
            case _:
                pass
    return officer, unit


def _deadline(
    matter: Matter, asked: tuple[Fact, LegalReviewRequested] | None, stage: str, reviewer: str
) -> Deadline | None:
    """DL-26 of the latest request: it is met by an opinion or a return, and falls away with a withdrawal."""
    if asked is None:
        return None
    act, body = asked
    moved = tuple(
        Extension(fact.occurred, last_day=day) for fact, day in _days(matter) if fact.occurred >= act.occurred
    )
    answers = [
        *((one.concluded_at, fact.id) for fact, one in matter.of(LegalReviewConcluded)),
        *((one.returned_at, fact.id) for fact, one in matter.of(LegalReviewReturned)),
    ]
    met = min((one for one in answers if one[0] >= body.requested_at), default=None)
    try:
        return due(
            "DL-26", body.requested_at, matter.rules, matter.calendar, matter.authority, event=act.id,
            met=met, cancelled=stage == "withdrawn" and met is None, absent=False,
            extensions=moved, officers=(reviewer,) if reviewer else (), known=act.occurred,
        )  # fmt: skip
    except NoRule:
        return None


def _days(matter: Matter) -> list[tuple[Fact, datetime.date]]:
    """The last days that assignments set by local rule."""
    acts = [fact for fact in matter.facts if fact.counts and fact.type == ASSIGNED]
    found = [(fact, getattr(fact.body, "due_on", UNSET)) for fact in acts]
    return [(fact, day) for fact, day in found if isinstance(day, datetime.date)]


def _columns(
    case: Case | None,
    asked: tuple[Fact, LegalReviewRequested] | None,
    stage: str,
    reviewer: str,
    unit: str,
    deadline: Deadline | None,
) -> dict[str, str | int | bool | None]:
    """What the queue sorts and filters by. `due` (ms) only while the reviewer's time runs."""
    body = asked[1] if asked else None
    draft = None if case is None or body is None else _draft(case, body.draft_hash)
    runs = deadline is not None and deadline.met is None and not deadline.cancelled and stage in OPEN
    party = None if case is None else case.party
    cause = "" if case is None or case.filing is None else case.filing[1].cause
    return {
        "open": stage in OPEN,
        "case": None if body is None else text_of(body.case_id),
        "cause": " ".join(cause.split())[:MAX_TEXT],
        "party_name": (given(party.name) or "") if party else "",
        "party_type": party.type if party else None,
        "enterprise": (given(party.id) or None) if party else None,
        "handlers": "" if case is None else ",".join(case.handlers),
        "reviewer": reviewer,
        "unit": unit,
        "requesting_unit": "" if body is None else given(body.requesting_unit) or "",
        "requested_by": "" if body is None else body.requested_by,
        "requested_at": None if body is None else body.requested_at,
        "trigger": None if body is None else given(body.trigger),
        "draft_hash": None if body is None else body.draft_hash.hex(),
        "draft_version": None if draft is None else draft.version,
        "draft_kind": None if draft is None else draft.kind,
        "newer_draft": case is not None and body is not None and _newest(case) not in (None, body.draft_hash),
        "amount_fen": None if draft is None else fine_of(draft.penalties) + confiscated(draft.penalties),
        "due": deadline.due if runs and deadline is not None else None,
        "last_day": deadline.last_day if runs and deadline is not None else None,
        "provisional": deadline.provisional if runs and deadline is not None else False,
    }


def _draft(case: Case, wanted: bytes) -> DecisionDrafted | None:
    return next((body for _, body in reversed(case.of(DecisionDrafted)) if body.draft_hash == wanted), None)


def _newest(case: Case) -> bytes | None:
    drafts = case.of(DecisionDrafted)
    return max(drafts, key=lambda one: (one[1].version, one[0].occurred))[1].draft_hash if drafts else None


def _act(fact: Fact) -> dict[str, Any]:
    return {"event": fact.id.hex(), "type": fact.type, "at": fact.occurred, "by": list(fact.by)}


JUDGE: Final = Judge("review", VERSION, judge, needs, most=1_000)
