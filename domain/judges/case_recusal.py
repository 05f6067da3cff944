"""Recusal and interference in a case (PPL 43): an officer with a declared interest acted, or a result fell afterwards.

Interests are what officers declared themselves; no call log is read, and what nobody declared is not guessed at. The
invariant: the signal stands with the act and the declaration that it rests on; a recusal that was decided before, or a
head's decision that there is no ground for one, takes it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from domain.filing import text_of
from domain.judges.case_facts import Case, fine_of
from domain.judges.case_findings import Alarm, once_alarm
from domain.judges.inspection_findings import en_time, zh_time
from domain.judges.who import officers_of
from domain.matter import Fact, Signal
from domain.money import show
from domain.workdays import day_of
from schemas.events import Act
from schemas.events.case import CaseFiled
from schemas.events.decision import NoPenaltyDecided
from schemas.events.oversight import InterestDeclared, InterferenceRecorded
from schemas.events.penalty import PenaltyDecided, PenaltyNoticeServed
from schemas.events.recusal import RecusalDecided, RecusalRequested

_NO_ACT: Final = (InterestDeclared, InterferenceRecorded, RecusalRequested, RecusalDecided)
"""Acts in which nobody handles the case."""


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from once_alarm(case, "SIG-31", "weak", sig_31)


def sig_31(case: Case) -> Iterator[Alarm]:
    """SIG-31: an officer who declared an interest handled the case; a result that fell after an intervention."""
    for fact, body in _interests(case):
        yield from _interested(case, fact, body)
    for fact, interference in case.of(InterferenceRecorded):
        yield from _fell(case, fact, interference)


def _interests(case: Case) -> Iterator[tuple[Fact, InterestDeclared]]:
    """Interests in the party, from its dossier, and in the case itself; each once."""
    party = None if case.party is None or case.party.id is UNSET else case.party.id
    filed = () if party is None else case.matter.others.get(f"enterprise:{party}", ())
    seen: set[bytes] = set()
    for fact in (*case.matter.facts, *filed):
        body = fact.body
        if fact.id in seen or not fact.counts or not isinstance(body, InterestDeclared):
            continue
        own = body.case_id is not UNSET and text_of(body.case_id) == case.matter.key
        if own or (body.case_id is UNSET and body.enterprise_id == party):
            seen.add(fact.id)
            yield fact, body


def _interested(case: Case, declared: Fact, body: InterestDeclared) -> Iterator[Alarm]:
    first = body.declared_on if body.since is UNSET else body.since
    acts = []
    for fact in case.matter.facts:
        if not fact.counts or not isinstance(fact.body, Act) or isinstance(fact.body, _NO_ACT):
            continue
        day = day_of(fact.occurred)
        if day < first or (body.until is not UNSET and day > body.until):
            continue
        if body.officer_id in _handling(case, fact) and not _settled(case, body.officer_id, fact):
            acts.append(fact)
    if not acts:
        return
    known = any(day_of(fact.occurred) >= body.declared_on for fact in acts)
    told = "申报之后仍" if known else "此后申报，此前曾"
    yield Alarm(
        f"{body.officer_id} 申报与当事人有利害关系，{told}参与办案 {len(acts)} 次，没有回避决定。",
        f"Officer {body.officer_id} declared an interest in the party and took part in {len(acts)} acts of the case"
        f" {'after that' if known else 'before that'} without a decision on recusal.",
        (declared, *acts[:16]),
        score=70 if known else 40,
        opens=max(acts[0].occurred, declared.received),
        about=f"interest:{declared.id.hex()}",
        officers=(body.officer_id,),
    )


def _handling(case: Case, fact: Fact) -> frozenset[str]:
    """Who did an act of the case: those whom it names, and of its filing the handlers."""
    if isinstance(fact.body, CaseFiled):
        out = {one.officer for one in fact.body.recusals if one.granted}
        return frozenset(fact.body.handlers) - out
    named = frozenset(officers_of(fact))
    return named & case.handlers_ever if fact.source == "office" else named


def _settled(case: Case, officer: str, act: Fact) -> bool:
    """Whether a head had decided on the officer's recusal by then: recused ones act no more, others may."""
    return any(
        body.officer == officer and not body.granted and day_of(act.occurred) >= body.decided_on
        for _, body in case.of(RecusalDecided)
    )


def _fell(case: Case, fact: Fact, body: InterferenceRecorded) -> Iterator[Alarm]:
    """The fine that was intended before the intervention, and a lighter decision, or none, after it."""
    before = [
        (notice, fine_of(told.intended))
        for notice, told in case.of(PenaltyNoticeServed)
        if notice.occurred <= body.happened_at and told.kind == "penalty"
    ]
    if not before or not before[-1][1]:
        return
    notice, intended = before[-1]
    after = [
        (act, fine_of(made.penalties)) for act, made in case.of(PenaltyDecided) if act.occurred > body.happened_at
    ] + [(act, 0) for act, _ in case.of(NoPenaltyDecided) if act.occurred > body.happened_at]
    for act, fine in after:
        if fine < intended:
            yield Alarm(
                f"{zh_time(body.happened_at)}记录有干预，告知拟罚款 {show(intended)} 元，其后决定为 {show(fine)} 元。",
                f"An intervention of {en_time(body.happened_at)} is on record; {show(intended)} yuan were intended"
                f" before and {show(fine)} decided after it.",
                (fact, notice, act),
                score=40,
                opens=act.occurred,
                about=f"interference:{fact.id.hex()}",
            )
            return
