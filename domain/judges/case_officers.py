"""Who acted in a case: two certified officers, valid on the day, in the right name (INV-01, 02, 38, SIG-06, SIG-07).

Certificates are facts of the officers, asked for under `certificate:<officer>`. The invariant: an officer is judged by
how the certificate stood when the act took place, so that a register entry that comes late changes the answer.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from msgspec import UNSET

from domain import certificates
from domain.certificates import Standing
from domain.judges.case_facts import Case
from domain.judges.case_findings import Alarm, Finding, broken, each, each_alarm, en_names, kept, names, part, unknown
from domain.judges.officer_rules import ROLES
from domain.judges.who import helpers_of, officers_of
from domain.matter import Fact, Signal, Verdict
from domain.rulebook import Rule
from domain.workdays import day_of
from schemas.events import Act
from schemas.events.case import CaseFiled
from schemas.events.compulsory import CompulsoryMeasureImposed
from schemas.events.document import DocumentServed
from schemas.events.interview import InterviewRecorded
from schemas.events.on_site_measure import OnSiteMeasureOrdered
from schemas.events.on_spot import OnSpotPenaltyDecided

NEED_TWO = (CaseFiled, InterviewRecorded, OnSiteMeasureOrdered, CompulsoryMeasureImposed, OnSpotPenaltyDecided)
"""Types that need two certified officers; of an inspection, interviews and measures are judged with their task."""


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    for cls in NEED_TWO:
        yield from each(case, cls, "INV-01", inv_01, gate=cls is CaseFiled)
        yield from each(case, cls, "INV-02", inv_02, gate=cls is CaseFiled)
    yield from each(case, Act, "INV-38", inv_38, gate=True)


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    for cls in (*NEED_TWO, DocumentServed):
        yield from each_alarm(case, cls, "SIG-06", "serious", sig_06)
    for cls in NEED_TWO:
        yield from each_alarm(case, cls, "SIG-07", "serious", sig_07)


def inv_01(case: Case, act: Fact, body: Act) -> Finding | None:
    """INV-01: two distinct certified officers took part; the handlers of a case are two or more (PPL 42, ACL 18)."""
    if _of_task(act, body):
        return None
    rule = _minimum(case, act, body)
    named = officers_of(act)
    if not _says_who(act, body):
        return unknown(
            "机关补录的记录没有写明参加的执法人员。",
            "The office recorded the act without saying which officers took part.",
            rule=rule,
        )
    if len(named) < rule.value:
        return broken(
            f"应有至少 {rule.value} 名执法人员，记录的只有 {len(named)} 名（{names(named) or '无'}）。",
            f"At least {rule.value} officers must act; named: {len(named)} ({en_names(named) or 'none'}).",
            rule=rule,
        )
    stood = {officer: standing(case, officer, act.occurred) for officer in named}
    holders = [officer for officer, one in stood.items() if one.valid]
    facts = _facts(case, *stood.values())
    if len(holders) < rule.value:
        return broken(
            f"应有至少 {rule.value} 名持有效执法证的人员，{len(named)} 人中只有 {len(holders)} 人符合。",
            f"At least {rule.value} certified officers must act; certified: {len(holders)} of {len(named)}.",
            *facts,
            rule=rule,
            absent=any(one.state == "none" for one in stood.values()),
        )
    return kept(
        f"{len(holders)} 名持证执法人员参加（{names(holders)}）。",
        f"{len(holders)} certified officers took part ({en_names(holders)}).",
        *facts,
        rule=rule,
    )


def inv_02(case: Case, act: Fact, body: Act) -> Finding | None:
    """INV-02: each officer's certificate was valid and in scope when the act took place (PPL 42, 76)."""
    named = () if _of_task(act, body) or not _says_who(act, body) else officers_of(act)
    if not named:
        return None
    stood = {officer: standing(case, officer, act.occurred) for officer in named}
    bad = {officer: one for officer, one in stood.items() if not one.valid}
    facts = _facts(case, *stood.values())
    if bad:
        return broken(
            "；".join(f"{officer}：{one.reason.zh}" for officer, one in sorted(bad.items())) + "。",
            "; ".join(f"{officer}: {one.reason.en}" for officer, one in sorted(bad.items())) + ".",
            *facts,
            absent=any(one.state == "none" for one in bad.values()),
        )
    return kept("参加人员的执法证当日均有效。", "All certificates were valid on that day.", *facts)


def inv_38(_: Case, act: Fact, body: Act) -> Finding | None:
    """INV-38: an entrusted act names the entrusting agency and a written entrustment that held on its day (PPL 20)."""
    capacity = body.acting_capacity
    if capacity is UNSET or capacity.kind != "entrusted":
        return None
    day = day_of(act.occurred)
    if capacity.entrusting_agency is UNSET or capacity.entrustment_id is UNSET:
        return broken(
            "委托执法应当以委托机关名义并有书面委托；没有记录委托机关或者委托书编号。补正后方可办理。",
            "An entrusted act is done in the entrusting agency's name, by a written entrustment; one is not named.",
        )
    if (capacity.valid_from is not UNSET and day < capacity.valid_from) or (
        capacity.valid_to is not UNSET and day > capacity.valid_to
    ):
        return broken(
            f"委托书 {capacity.entrustment_id} 在 {day} 不在有效期内。",
            f"The entrustment {capacity.entrustment_id} did not hold on {day}.",
        )
    if capacity.valid_from is UNSET or capacity.valid_to is UNSET:
        return unknown(
            f"委托书 {capacity.entrustment_id} 没有写明有效期，不能判定 {day} 是否有效。",
            f"The entrustment {capacity.entrustment_id} states no period; whether it held on {day} cannot be said.",
            absent=False,
        )
    return kept(
        f"以 {capacity.entrusting_agency} 名义，委托书 {capacity.entrustment_id} 有效。",
        f"In the name of {capacity.entrusting_agency}, by entrustment {capacity.entrustment_id}.",
    )


def sig_06(case: Case, act: Fact, body: Act) -> Iterator[Alarm]:
    """SIG-06: one officer alone, or helpers in the place of the second; of a service only where one goes there."""
    if _of_task(act, body) or not _says_who(act, body):
        return
    if isinstance(body, DocumentServed) and body.method not in ("direct", "left"):
        return
    rule = _minimum(case, act, body)
    named = officers_of(act)
    if len(named) < rule.value:
        helpers = [officer for officer, _ in helpers_of(act)]
        more = f"，另有不计入的辅助人员 {names(helpers)}" if helpers else ""
        also = f"; helpers do not count ({en_names(helpers)})" if helpers else ""
        yield Alarm(
            f"应有至少 {rule.value} 名执法人员，只有 {len(named)} 名（{names(named) or '无'}）{more}。",
            f"At least {rule.value} officers must act; {len(named)} did ({en_names(named) or 'none'}){also}.",
            (),
            90 if not helpers else 95,
            rule=rule,
            officers=named,
        )


def sig_07(case: Case, act: Fact, body: Act) -> Iterator[Alarm]:
    """SIG-07: a certificate that had run out, was suspended, or does not cover the act; a helper in an officer's place.

    One signal for each officer, so that a renewal that is entered late takes away exactly that one.
    """
    if _of_task(act, body) or not _says_who(act, body):
        return
    for officer in officers_of(act):
        one = standing(case, officer, act.occurred)
        if not one.valid:
            yield Alarm(
                f"{officer}：{one.reason.zh}。",
                f"{officer}: {one.reason.en}.",
                _facts(case, one),
                60 if one.state == "none" else 90,
                absent=one.state == "none",
                about=part(act, officer),
                officers=(officer,),
            )
    for officer, role in helpers_of(act):
        if role in ("auxiliary", "grid_worker", "temporary") and officer in _listed(act):
            yield Alarm(
                f"{officer} 是{ROLES[role]}，却列为执法人员。",
                f"{officer} ({role.replace('_', ' ')}) is no officer and stands among the officers.",
                (),
                85,
                about=part(act, officer),
                officers=(officer,),
            )


def qualified(case: Case, reviewer: str, at: int) -> Finding:
    """Whether the register lets a person review decisions at an instant (PPL 58; part of INV-18)."""
    rule = case.limit("review.qualification_since", day_of(at))
    since = datetime.date.fromisoformat(rule.value)
    facts = case.matter.others.get(f"certificate:{reviewer}", ())
    found = certificates.reviewing(facts, at, since)
    behind = tuple(fact for fact in facts if fact.id in found.inputs)
    if found.state == "qualified":
        return kept(
            f"审核人未承办本案；{found.reason.zh}。",
            f"The reviewer did not handle the case; {found.reason.en}.",
            *behind,
            rule=rule,
        )
    return broken(
        f"审核人 {reviewer} 应当具备审核资格：{found.reason.zh}。登记资格或另行审核。",
        f"The reviewer {reviewer} must be qualified: {found.reason.en}. Register it, or let another review.",
        *behind,
        rule=rule,
        absent=found.state == "none",
    )


def standing(case: Case, officer: str, at: int) -> Standing:
    """How an officer's certificate stood at an instant (ms), with the categories that the rules ask for."""
    scopes = certificates.scopes_of(case.matter.rules, at, case.matter.authority)
    return certificates.standing(case.matter.others.get(f"certificate:{officer}", ()), at, scopes)


def _facts(case: Case, *stood: Standing) -> tuple[Fact, ...]:
    ids = {one for found in stood for one in found.inputs}
    return tuple(fact for key, facts in sorted(case.matter.others.items()) for fact in facts
                 if key.startswith("certificate:") and fact.id in ids)  # fmt: skip


def _minimum(case: Case, act: Fact, body: Act) -> Rule:
    key = "officers.minimum_compulsory" if isinstance(body, CompulsoryMeasureImposed) else "officers.minimum"
    return case.limit(key, day_of(act.occurred))


def _of_task(act: Fact, body: Act) -> bool:
    """Whether an act of an inspection stands in the case as well; then its task judges it, once."""
    return isinstance(body, (InterviewRecorded, OnSiteMeasureOrdered, DocumentServed)) and any(
        tag.startswith("task:") for tag in act.about
    )


def _says_who(act: Fact, body: Act) -> bool:
    """Whether an act says who took part: who signs for the office recorded it, and need not have been there."""
    return act.source != "office" or bool(body.actors) or bool(_listed(act))


def _listed(act: Fact) -> frozenset[str]:
    """Everybody who stands in the act's own lists of officers, in whatever role."""
    body = act.body
    return frozenset(
        one for name in ("interviewers", "officers", "handlers", "officers_present") for one in getattr(body, name, ())
    )
