"""Whether two penalties are for the same violation of the same party (INV-24, SIG-20).

Told by the id of the violation where both name one; else by party, day and clause, or by a hazard that both rest on.
The invariant: a natural person is never compared, because a commitment to a person says nothing of another one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import UNSET

from domain.filing import text_of
from domain.judges.case_facts import Case, fine_of, given, same_number
from domain.matter import Fact
from schemas.events.case import CaseFiled, Party
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided
from schemas.events.remedy import DecisionAltered


@dataclass(frozen=True, slots=True)
class Violation:
    """What a penalty punishes, as far as the acts say. `party` is an organisation's id, "" for a person."""

    party: str
    id: bytes | None
    on: datetime.date | None
    clauses: frozenset[str]
    hazards: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Fined:
    """One fine of the party, in this case or another, that holds."""

    fact: Fact
    case_id: bytes
    on: datetime.date
    fine_fen: int
    violation: Violation


def same(one: Violation, other: Violation) -> bool:
    """Whether two violations are one."""
    if not one.party or one.party != other.party:
        return False
    if one.id is not None and other.id is not None:
        return one.id == other.id
    if one.hazards & other.hazards:
        return True
    return one.on is not None and one.on == other.on and bool(one.clauses & other.clauses)


def twice(mine: Fined, other: Fined) -> bool:
    """Whether a fine punishes what an earlier one punished already.

    What goes on after it was fined is a new violation, though of the same hazard: a case whose violation is dated after
    the earlier decision fines no second time, unless both name one id.
    """
    one, two = mine.violation, other.violation
    if one.id is not None and one.id == two.id:
        return same(one, two)
    later = isinstance(mine.fact.body, PenaltyDecided) and one.on is not None and one.on > other.on
    return same(one, two) and not later


def fines_of_party(case: Case) -> list[Fined]:
    """The fines of the party that hold, of this case and of those filed under its enterprise, by date."""
    facts = {fact.id: fact for fact in (*case.matter.others.get(enterprise_key(case), ()), *case.matter.facts)}
    counted = [fact for fact in facts.values() if fact.counts]
    filings = {body.case_id: body for fact in counted if isinstance(body := fact.body, CaseFiled)}
    gone = [
        body.target_document_no
        for fact in counted
        if isinstance(body := fact.body, DecisionAltered) and body.effect in ("revoked", "invalid")
    ]
    found = []
    for fact in counted:
        match fact.body:
            case PenaltyDecided() as body if fine_of(body.penalties):
                number, fine = body.document_no, fine_of(body.penalties)
                violation = of_case(filings.get(body.case_id), given(body.violation_id))
            case OnSpotPenaltyDecided() as body if given(body.amount_fen):
                number, fine = body.document_no, int(given(body.amount_fen))
                violation = of_spot(body)
            case _:
                continue
        if not any(same_number(number, other) for other in gone):
            found.append(Fined(fact, body.case_id, body.decided_on, fine, violation))
    return sorted(found, key=lambda one: (one.on, one.fact.occurred, one.fact.id))


def of_case(filing: CaseFiled | None, named: bytes | None) -> Violation:
    """What a case punishes; `named` is the id that its decision gives."""
    if filing is None:
        return Violation("", named, None, frozenset(), frozenset())
    return Violation(
        party=_party(filing.party),
        id=named or given(filing.violation_id),
        on=given(filing.violation_on),
        clauses=frozenset(_even(clause) for clause in filing.suspected_clauses),
        hazards=frozenset(filing.hazard_ids),
    )


def of_spot(body: OnSpotPenaltyDecided) -> Violation:
    """What a penalty on the spot punishes: an act of the day on which it was decided."""
    clauses = frozenset(_even(clause) for clause in body.clauses)
    return Violation(_party(body.party), given(body.violation_id), body.decided_on, clauses, frozenset(body.hazard_ids))


def other_spots(case: Case, body: OnSpotPenaltyDecided) -> Iterator[tuple[Fact, OnSpotPenaltyDecided]]:
    """Penalties on the spot of the same party for one of the same clauses, in other cases."""
    mine = of_spot(body)
    for fact in case.matter.others.get(enterprise_key(case), ()):
        other = fact.body
        if fact.counts and isinstance(other, OnSpotPenaltyDecided) and other.case_id != body.case_id:
            theirs = of_spot(other)
            if mine.party and mine.party == theirs.party and mine.clauses & theirs.clauses:
                yield fact, other


def enterprise_key(case: Case) -> str:
    """The filing key of the party's dossier, "" of a natural person."""
    party = "" if case.party is None else _party(case.party)
    return f"enterprise:{party}" if party else ""


def case_text(case_id: bytes) -> str:
    """The key of a case as matters have it."""
    return text_of(case_id)


def _party(party: Party) -> str:
    return party.id if party.id is not UNSET else ""


def _even(clause: str) -> str:
    return "".join(clause.split())
