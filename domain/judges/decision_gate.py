"""The gate of a decision's number: what would stop the decision, were it made now from its draft.

A decision is made when its number is printed on it, so the office gives the number out only if none of the gates of the
decision is closed (handbook 0.5, 8.9). The invariant: nothing is judged here but the case as it stands, with one act
added that nobody did yet; the act itself is thrown away.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace

from domain import corrections
from domain.judges import case
from domain.matter import Fact, Matter, Verdict
from domain.rulebook import Rulebook
from domain.workdays import day_of
from schemas.events.draft import DecisionDrafted
from schemas.events.penalty import PenaltyDecided

TOKENS = "numbers.tokens"
"""Rule that says which document word stands for which document."""


class NoDraft(LookupError):
    """The case has no draft of a penalty, or none with that hash: there is nothing that could be decided."""


def token(rules: Rulebook, on: datetime.date, authority: str) -> str:
    """The document word of penalty decisions, by the words that the authority uses on that day; "" if none is set."""
    found = rules.find(TOKENS, on, authority)
    words = found.value if found is not None else None
    return str(words.get("decision", "")) if isinstance(words, Mapping) else ""


def is_decision(rules: Rulebook, word: str, now: int, authority: str) -> bool:
    """Whether a series is that of penalty decisions, by the words that the authority uses on that day."""
    named = token(rules, day_of(now), authority)
    return bool(named) and named == word.partition("-")[0]


def closed(
    matter: Matter, document_no: str, act: bytes, authority: str, now: int, draft_hash: bytes = b""
) -> tuple[tuple[Verdict, ...], bytes]:
    """The gates that are closed to the decision of a case, none if its number may be given out; and its draft's hash.

    The decision is that of the draft with `draft_hash`, else of the newest one; `act` is an id that no event has.
    Raises NoDraft.
    """
    found = corrections.corrections(matter.facts)
    known = replace(matter, facts=corrections.applied(matter.facts, found)) if found else matter
    drafts = [
        (fact, body)
        for fact, body in known.of(DecisionDrafted)
        if body.kind == "penalty" and body.penalties and (not draft_hash or body.draft_hash == draft_hash)
    ]
    if not drafts:
        raise NoDraft("the case has no such draft of a penalty")
    _, draft = drafts[-1]
    decision = PenaltyDecided(
        case_id=draft.case_id,
        document_no=document_no,
        decided_on=day_of(now),
        penalties=draft.penalties,
        facts=draft.facts,
        bases=draft.bases,
        benchmark=draft.benchmark,
        outside_reason=draft.outside_reason,
        draft_hash=draft.draft_hash,
        draft_id=draft.draft_id,
        remedies_text=draft.remedies_text,
    )
    fact = Fact(
        id=act,
        type=PenaltyDecided.SPEC.name,
        body=decision,
        about=(f"case:{matter.key}",),
        by=(),
        source="office",
        authority=authority,
        occurred=now,
        received=now,
    )
    return case.closed_gates(known, fact), draft.draft_hash
