"""How heavily may be punished, and for what at all: INV-16, 21, 22, 24, SIG-20 and SIG-26 (list of powers).

The penalty is judged by the rules of the day of the violation, or by later ones that are lighter (PPL 37). The
invariant: a reason that is given is shown and not judged; whether it is a good one is for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import UNSET

from domain import penalty_kinds
from domain.judges import capacity_rules
from domain.judges.case_facts import Case, fine_of, given, moment
from domain.judges.case_findings import Alarm, Finding, broken, each, each_alarm, kept, part, unknown, yuan
from domain.judges.case_violations import fines_of_party, twice
from domain.matter import Fact, Signal, Verdict
from domain.rulebook import Rule, is_lighter
from schemas.events import Body
from schemas.events.case import CaseFiled
from schemas.events.compulsory import CompulsoryMeasureImposed
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided, PenaltyLine


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, PenaltyDecided, "INV-16", inv_16)
    yield from each(case, PenaltyDecided, "INV-21", inv_21)
    yield from each(case, PenaltyDecided, "INV-22", inv_22, gate=True)
    yield from each(case, PenaltyDecided, "INV-24", inv_24)
    yield from each(case, OnSpotPenaltyDecided, "INV-24", inv_24)


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from each_alarm(case, PenaltyDecided, "SIG-20", "medium", sig_20)
    for cls in (CaseFiled, PenaltyDecided, CompulsoryMeasureImposed):
        yield from each_alarm(case, cls, "SIG-26", "medium", sig_26)


def inv_16(case: Case, act: Fact, body: PenaltyDecided) -> Finding | None:
    """INV-16: the decision is not heavier than what the party was last told (PPL 45)."""
    notice = case.notice_before(moment(act, body.decided_on), body.decided_on)
    if notice is None:
        return unknown(
            "没有找到决定前送达的告知书，无从比较。", "No notice before the decision is recorded to compare it with."
        )
    told, intended = notice
    rule = case.limit("penalties.severity", body.decided_on)
    worse = heavier(body.penalties, intended.intended, rule.value)
    if worse is None:
        return kept("决定的处罚不重于告知的处罚。", "The decision is not heavier than the notice.", told, rule=rule)
    zh, en = worse
    return broken(
        f"决定比告知的处罚更重：{zh}。不得因当事人申辩加重处罚；情况变化的应当重新告知。",
        f"The decision is heavier than the notice: {en}. A defence must not make it worse; tell the party again first.",
        told,
        rule=rule,
    )


def heavier(
    decided: Iterable[PenaltyLine], intended: Iterable[PenaltyLine], severity: Mapping[str, Any]
) -> tuple[str, str] | None:
    """In what some penalties are heavier than others, in zh and en; None if in nothing.

    A graver kind than any that was intended, a second kind of the same gravity, or more money of one kind. A kind that
    the order does not rank (P13, P99) counts as graver than all.
    """
    decided, intended = list(decided), list(intended)
    top = max((_gravity(severity, line.kind) for line in intended), default=0)
    told = {line.kind for line in intended}
    for line in decided:
        if line.kind not in told and _gravity(severity, line.kind) >= top:
            added = penalty_kinds.name(line.kind)
            return f"增加了处罚种类“{added.zh}”", f"the kind “{added.en}” was added"
    for kind in sorted(told):
        was, now = _sum(intended, kind), _sum(decided, kind)
        if was is not None and now is not None and now > was:
            raised = penalty_kinds.name(kind)
            return (
                f"{raised.zh}由 {yuan(was)} 元增至 {yuan(now)} 元",
                f"the {raised.en} rose from {yuan(was)} to {yuan(now)} yuan",
            )
    return None


def inv_21(case: Case, _: Fact, body: PenaltyDecided) -> Finding:
    """INV-21: the benchmark's version held on the day of the violation, or is a later one that is lighter (PPL 37)."""
    if body.benchmark is UNSET:
        return broken(
            "决定没有写明适用的裁量基准及版本。",
            "The decision does not name the benchmark and version that it applied.",
        )
    filed = () if case.filing is None else (case.filing[0],)
    if case.violation_on is None:
        return unknown(
            "没有记录违法行为日期，无法确定适用的基准版本。",
            "The day of the violation is not recorded, so the version that applies is not known.",
            *filed,
        )
    named, then = benchmark_of(case, body)
    mark = body.benchmark
    if then is None:
        return unknown(
            f"规则库没有 {case.violation_on} 有效的裁量基准 {mark.id}。",
            f"No benchmark {mark.id} of {case.violation_on} is among the rules.",
            *filed,
            absent=False,
        )
    if named is not None and named.version == then.version:
        return kept(
            f"适用违法行为发生时（{case.violation_on}）的基准 {then.version}。",
            f"The version of the day of the violation ({case.violation_on}) was applied: {then.version}.",
            *filed,
            rule=then,
        )
    later = named is not None and then.since < named.since <= body.decided_on
    if named is not None and later and is_lighter(named, then):
        return kept(
            f"适用了较轻的新基准 {named.version}。", f"The later, lighter version {named.version} was applied.", *filed,
            rule=named,
        )  # fmt: skip
    return broken(
        f"应当适用 {case.violation_on} 有效的基准 {then.version}，或者之后较轻的版本；决定适用的是 {mark.version}。",
        f"Version {then.version} of {case.violation_on}, or a later lighter one, applies; {mark.version} was used.",
        *filed,
        rule=then,
    )


def benchmark_of(case: Case, body: PenaltyDecided) -> tuple[Rule | None, Rule | None]:
    """(the version that the decision names, the version in force on the day of the violation) of its benchmark."""
    if body.benchmark is UNSET or case.violation_on is None:
        return None, None
    key = f"benchmark.{body.benchmark.id}"
    then = case.find(key, case.violation_on)
    for day in (case.violation_on, body.decided_on):
        found = case.find(key, day)
        if found is not None and found.version == body.benchmark.version:
            return found, then
    every = [one for one in case.matter.rules.of(key) if one.version == body.benchmark.version]
    return (every[0] if every else None), then


def inv_22(case: Case, _: Fact, body: PenaltyDecided) -> Finding:
    """INV-22: closure and detention are not the agency's to decide (WSL 115)."""
    rule = case.limit("penalties.not_agency", body.decided_on)
    kinds = sorted({line.kind for line in body.penalties} & set(rule.value))
    if kinds:
        names = [penalty_kinds.name(kind) for kind in kinds]
        zh, en = "、".join(one.zh for one in names), ", ".join(one.en for one in names)
        return broken(
            f"“{zh}”不由本机关决定（关闭由政府决定，拘留由公安机关决定）；应删去该项并依法报请或移送。",
            f"Not the agency's to decide but the government's or the police's: {en}; leave it out and refer it.",
            rule=rule,
        )
    return kept("处罚种类均属本机关职权。", "All kinds of penalty are the agency's to decide.", rule=rule)


def inv_24(case: Case, act: Fact, _: PenaltyDecided | OnSpotPenaltyDecided) -> Finding | None:
    """INV-24: the same violation of the same party was fined once only (PPL 29). None for what fines nobody."""
    every = case.once(fines_of_party)
    mine = next((one for one in every if one.fact.id == act.id), None)
    if mine is None or not mine.violation.party:
        return None
    for other in every:
        before = (other.on, other.fact.id) < (mine.on, act.id)
        if other.case_id != mine.case_id and before and twice(mine, other):
            return broken(
                f"同一当事人的同一违法行为已于 {other.on} 罚款 {yuan(other.fine_fen)} 元，不得再次罚款。",
                f"The same violation of the same party was fined {yuan(other.fine_fen)} yuan on {other.on} already; it "
                "must not be fined again.",
                other.fact,
            )
    return kept("没有发现对同一违法行为的其他罚款。", "No other fine for the same violation is recorded.", absent=True)


def sig_20(case: Case, act: Fact, body: PenaltyDecided) -> Iterator[Alarm]:
    """SIG-20: a fine outside the tier without a reason, or a second one for the same violation."""
    yield from second_fine(case, act, body)
    if body.benchmark is UNSET or body.outside_reason is not UNSET:
        return
    tier = _tier(case, body)
    fine = fine_of(body.penalties)
    if tier is None or not fine:
        return
    low, high, rule = tier
    if (low is not None and fine < low) or (high is not None and fine > high):
        text = f"{'' if low is None else yuan(low)}–{'' if high is None else yuan(high)}"
        yield Alarm(
            f"罚款 {yuan(fine)} 元不在基准 {body.benchmark.id}“{body.benchmark.tier}”阶次（{text} 元）内，"
            "也没有说明理由。",
            f"The fine of {yuan(fine)} yuan is outside tier {body.benchmark.tier} of {body.benchmark.id} "
            f"({text} yuan), and no reason is given.",
            (),
            70,
            rule=rule,
            about=part(act, "outside"),
        )


def second_fine(case: Case, act: Fact, body: PenaltyDecided | OnSpotPenaltyDecided) -> Iterator[Alarm]:
    """SIG-20: the same violation of the same party is fined a second time, in whichever procedure."""
    found = inv_24(case, act, body)
    if found is not None and found.outcome == "broken":
        yield Alarm(found.zh, found.en, found.facts, 80, about=part(act, "twice"))


def sig_26(case: Case, act: Fact, body: Body) -> Iterator[Alarm]:
    """SIG-26: filed, decided or imposed outside the list of powers, or a penalty that is for others to decide.

    An act of an inspection is compared with the list there.
    """
    if isinstance(body, PenaltyDecided):
        level = inv_22(case, act, body)
        if level.outcome == "broken":
            yield Alarm(level.zh, level.en, level.facts, 80, rule=level.rule, about=part(act, "not_agency"))
    if not any(tag.startswith("task:") for tag in act.about):
        for one in capacity_rules.sig_26(case.matter, act):
            yield Alarm(one.zh, one.en, score=one.score, rule=one.rule)


def _tier(case: Case, body: PenaltyDecided) -> tuple[int | None, int | None, Rule | None] | None:
    """(lowest, highest fine that is allowed, rule) of the tier that the decision names; its own limits if unknown."""
    if body.benchmark is UNSET:
        return None
    named, _ = benchmark_of(case, body)
    for tier in _tiers(named):
        if tier.get("tier") == body.benchmark.tier and tier.get("party", case.party_type) == case.party_type:
            low, high = tier.get("from_fen"), tier.get("to_fen")
            low = low + (not tier.get("from_inclusive", True)) if isinstance(low, int) else None
            return low, high - (not tier.get("to_inclusive", True)) if isinstance(high, int) else None, named
    if body.benchmark.low_fen is UNSET and body.benchmark.high_fen is UNSET:
        return None
    return given(body.benchmark.low_fen), given(body.benchmark.high_fen), named


def _tiers(rule: Rule | None) -> list[Mapping[str, Any]]:
    """The tiers of a benchmark; none where an authority published it in another form."""
    tiers = rule.value.get("tiers", ()) if rule is not None and isinstance(rule.value, Mapping) else ()
    return [tier for tier in tiers if isinstance(tier, Mapping)] if isinstance(tiers, list | tuple) else []


def _sum(lines: Iterable[PenaltyLine], kind: str) -> int | None:
    amounts = [int(line.amount_fen) for line in lines if line.kind == kind and line.amount_fen is not UNSET]
    return sum(amounts) if amounts else None


def _gravity(severity: Mapping[str, Any], kind: str) -> int:
    return int(severity.get(kind, 99))
