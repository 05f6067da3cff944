"""Who may act on the site, and in whose right (INV-01, 02, 37, 38; SIG-06, 07, 26).

Every evaluator takes one act and asks for the certificates as they were when it took place, so a renewal that is
entered late changes the answer for the past. The invariant: helpers never count, whatever list they stand in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec import UNSET, UnsetType

from domain.certificates import Standing, scopes_of, standing
from domain.judges.case_findings import Alarm, Finding, broken, en_names, kept, names, unknown
from domain.judges.inspection_findings import (
    en_length,
    en_period,
    en_time,
    many,
    signals,
    verdict,
    zh_day,
    zh_length,
    zh_period,
    zh_time,
)
from domain.judges.visit import tags
from domain.judges.who import helpers_of, officers_of
from domain.matter import Fact, Matter, Reason, Signal, Verdict
from domain.workdays import day_of
from schemas.events import Act
from schemas.events.compulsory import CompulsoryMeasureImposed, CompulsoryMeasureReported
from schemas.events.document import DocumentServed
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.interview import InterviewRecorded
from schemas.events.on_site import SiteEntered
from schemas.events.on_site_measure import OnSiteMeasureOrdered
from schemas.events.rectification import ReinspectionConcluded

HOUR: Final = 3_600_000

TWO_OFFICERS: Final = (
    SiteEntered,
    InterviewRecorded,
    InspectionRecordSigned,
    OnSiteMeasureOrdered,
    ReinspectionConcluded,
    CompulsoryMeasureImposed,
    DocumentServed,
)
"""Types that take two officers (INV-01; step A15 for re-inspections, SIG-06 for service by officers)."""

_ZH: Final = {
    SiteEntered: "进入现场",
    InterviewRecorded: "询问",
    InspectionRecordSigned: "现场检查记录",
    OnSiteMeasureOrdered: "现场处理措施",
    ReinspectionConcluded: "整改复查",
    CompulsoryMeasureImposed: "查封扣押",
    DocumentServed: "文书送达",
}
_EN: Final = {
    SiteEntered: "Entry",
    InterviewRecorded: "Interview",
    InspectionRecordSigned: "Inspection record",
    OnSiteMeasureOrdered: "On-site measure",
    ReinspectionConcluded: "Re-inspection",
    CompulsoryMeasureImposed: "Sealing or seizure",
    DocumentServed: "Service",
}
_ROLES: Final = {
    "auxiliary": "辅助人员",
    "grid_worker": "网格员",
    "temporary": "临时人员",
    "expert": "专家",
    "observer": "旁观人员",
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """How an officer's certificate stood at an act, and the facts that say so; none if no certificate is known."""

    standing: Standing
    facts: tuple[Fact, ...]

    @property
    def valid(self) -> bool:
        return self.standing.valid

    @property
    def reason(self) -> Reason:
        return self.standing.reason


def verdicts(matter: Matter, acts: Sequence[Fact]) -> Iterator[Verdict]:
    """What these invariants say of acts on the site."""
    for act in acts:
        if takes_two(act):
            yield from verdict("INV-01", partial(inv_01, matter, act), act)
            yield from verdict("INV-02", partial(inv_02, matter, act), act)
        if isinstance(act.body, CompulsoryMeasureImposed) and takes_two(act):
            yield from verdict("INV-37", partial(inv_37, matter, act, act.body), act)
        if isinstance(act.body, Act):
            yield from verdict("INV-38", partial(inv_38, act, act.body), act)


def alarms(matter: Matter, acts: Sequence[Fact], officers: tuple[str, ...]) -> Iterator[Signal]:
    """The signals that these acts raise."""
    two = [act for act in acts if takes_two(act)]
    yield from signals(matter, "SIG-06", "serious", partial(sig_06, matter, two), officers=officers)
    yield from signals(matter, "SIG-07", "serious", partial(sig_07, matter, two), officers=officers)
    for act in acts:
        yield from signals(matter, "SIG-26", "medium", partial(sig_26, matter, act), act, officers=officers)


def needs(act: Fact) -> Iterator[str]:
    """The shelves that these evaluators ask for: the certificates of everybody who took part."""
    if takes_two(act):
        yield from (f"certificate:{officer}" for officer in officers_of(act))


def takes_two(act: Fact) -> bool:
    """Whether an act takes two officers. The post needs none for service, and a closed gate neither."""
    match act.body:
        case SiteEntered() as entry:
            return entry.outcome in (UNSET, "entered")
        case CompulsoryMeasureImposed() as measure:
            return measure.case_id is UNSET and not tags(act, "case")  # else the case judges it
        case DocumentServed() as service:
            return act.source == "field" and service.method in ("direct", "left", "entrusted")
        case _:
            return isinstance(act.body, TWO_OFFICERS)


def inv_01(matter: Matter, act: Fact) -> Finding:
    """INV-01: at least two distinct certified officers (PPL 42, ACL 18)."""
    key = "officers.minimum_compulsory" if isinstance(act.body, CompulsoryMeasureImposed) else "officers.minimum"
    rule = matter.rules.get(key, day_of(act.occurred), matter.authority)
    there = officers_of(act)
    what, en = _ZH[type(act.body)], _EN[type(act.body)]  # type: ignore[index]
    if len(there) < rule.value:
        helpers = helpers_of(act)
        return broken(
            f"{what}应当由{rule.value}名以上执法人员进行，实际{len(there)}名{_in_brackets_zh(there)}。"
            + "".join(f"{officer}是{_ROLES[role]}，不计入。" for officer, role in helpers),
            f"{en}: at least {rule.value} officers are needed; there "
            f"{'was' if len(there) == 1 else 'were'} {len(there)}{_in_brackets_en(there)}."
            + "".join(f" {officer} ({role.replace('_', ' ')}) does not count." for officer, role in helpers),
            rule=rule,
        )
    states = {officer: _standing(matter, officer, act) for officer in there}
    good = [officer for officer, state in states.items() if state.valid]
    if len(good) < rule.value:
        bad = [officer for officer in there if officer not in good]
        return broken(
            f"{what}应当由{rule.value}名以上持有有效执法证的人员进行；{names(bad)}当时没有有效执法证。",
            f"{en}: at least {rule.value} officers with valid certificates are needed; {en_names(bad)} had none.",
            *(fact for state in states.values() for fact in state.facts),
            rule=rule,
            absent=any(not states[officer].facts for officer in bad),
        )
    return kept(
        f"{what}由{len(good)}名持证执法人员进行：{names(good)}。",
        f"{en}: {len(good)} certified officers acted, {en_names(good)}.",
        *(fact for state in states.values() for fact in state.facts),
        rule=rule,
    )


def inv_02(matter: Matter, act: Fact) -> Finding:
    """INV-02: each officer's certificate was valid, and for this kind of act, when the act took place (PPL 42, 76)."""
    states = {officer: _standing(matter, officer, act) for officer in officers_of(act)}
    facts = [fact for state in states.values() for fact in state.facts]
    bad = {officer: state for officer, state in states.items() if not state.valid}
    if bad:
        return broken(
            f"{zh_time(act.occurred)}执法人员应当持有有效执法证："
            + "；".join(f"{officer}（{state.reason.zh}）" for officer, state in bad.items())
            + "。",
            f"Officers needed valid certificates on {en_time(act.occurred)}: "
            + "; ".join(f"{officer} ({state.reason.en})" for officer, state in bad.items())
            + ".",
            *facts,
            absent=any(not state.facts for state in bad.values()),
        )
    return kept(
        f"{names(states)}的执法证在{zh_time(act.occurred)}有效。",
        f"The certificates of {en_names(states)} were valid on {en_time(act.occurred)}.",
        *facts,
    )


def inv_37(matter: Matter, act: Fact, body: CompulsoryMeasureImposed) -> Finding:
    """INV-37: a compulsory measure was approved before, or reported in time if urgent; never entrusted (ACL 17-19)."""
    capacity = body.acting_capacity
    forbidden = matter.rules.get("entrustment.forbidden", day_of(act.occurred), matter.authority)
    if capacity is not UNSET and capacity.kind == "entrusted" and "compulsory_measure" in forbidden.value:
        return broken(
            "行政强制措施不得委托；这次是以受委托的身份实施的。",
            "Compulsory measures cannot be entrusted; this one was imposed in an entrusted right.",
            rule=forbidden,
        )
    if body.approver is not UNSET:
        approved = act.occurred if isinstance(body.approved_at, UnsetType) else body.approved_at
        if approved <= body.imposed_at:
            return kept(
                f"强制措施经{body.approver}批准后实施。",
                f"The measure was approved by {body.approver} before it was imposed.",
            )
    if not body.urgent:
        return broken(
            f"强制措施应当在实施之前经批准；{zh_time(body.imposed_at)}实施，没有事先批准，也没有注明情况紧急。",
            f"A compulsory measure must be approved before; this one was imposed on {en_time(body.imposed_at)} "
            "without, and is not marked urgent.",
        )
    return _urgent(matter, body)


def inv_38(act: Fact, body: Act) -> Finding | None:
    """INV-38: an entrusted act names the entrusting agency, and the entrustment held on its day (PPL 20)."""
    capacity = body.acting_capacity
    if capacity is UNSET or capacity.kind != "entrusted":
        return None
    if capacity.entrusting_agency is UNSET or capacity.entrustment_id is UNSET:
        return broken(
            "受委托实施的行为应当以委托机关的名义进行，并注明委托书；两者不全。",
            "An entrusted act is done in the name of the entrusting agency under a written entrustment; it does not "
            "name both.",
        )
    day = day_of(act.occurred)
    if capacity.valid_from is UNSET or capacity.valid_to is UNSET:
        return unknown(
            f"受{capacity.entrusting_agency}委托，没有写明委托期限，不能判定当日是否有效。",
            f"Entrusted by {capacity.entrusting_agency}; no period is stated, so it cannot be said whether it held.",
            absent=False,
        )
    if not capacity.valid_from <= day <= capacity.valid_to:
        return broken(
            f"委托期限为{zh_day(capacity.valid_from)}至{zh_day(capacity.valid_to)}，行为发生在{zh_day(day)}，不在期限内。",
            f"The entrustment held from {capacity.valid_from} to {capacity.valid_to}; the act took place on {day}.",
        )
    return kept(
        f"受{capacity.entrusting_agency}委托，委托书{capacity.entrustment_id}当日有效。",
        f"Entrusted by {capacity.entrusting_agency}; entrustment {capacity.entrustment_id} held on that day.",
    )


def sig_06(matter: Matter, acts: Sequence[Fact]) -> Iterator[Alarm]:
    """SIG-06: acts that took two officers and had one, or a record that only one of them signed."""
    judged = [(act, inv_01(matter, act)) for act in acts]
    short = [(act, found) for act, found in judged if found.outcome == "broken"]
    if short:
        alone = [act for act, _ in short if len(officers_of(act)) < 2]
        _, first = short[0]
        yield Alarm(
            f"{len(short)}项执法行为的持证执法人员不足。{first.zh}",
            f"Too few certified officers in {many(len(short), 'act')}. {first.en}",
            tuple(act for act, _ in short),
            score=90 if alone else 75,
            opens=min(act.occurred for act, _ in short),
            absent=all(found.absent for _, found in short),
            rule=first.rule,
            about="officers",
        )
    yield from _one_signature([act for act, found in judged if found.outcome != "broken"])


def sig_07(matter: Matter, acts: Sequence[Fact]) -> Iterator[Alarm]:
    """SIG-07: a certificate had expired, was suspended or for other acts; or a helper acted as an officer."""
    bad: dict[str, list[tuple[Fact, _Seen]]] = {}
    for act in acts:
        for officer in officers_of(act):
            state = _standing(matter, officer, act)
            if not state.valid:
                bad.setdefault(officer, []).append((act, state))
    for officer, found in sorted(bad.items()):
        state = found[0][1]
        yield Alarm(
            f"{officer}参与了{len(found)}项执法行为；{state.reason.zh}。",
            f"{officer} took part in {many(len(found), 'act')}; {state.reason.en}.",
            (*(act for act, _ in found), *state.facts),
            score=85 if state.facts else 60,
            opens=min(act.occurred for act, _ in found),
            absent=not state.facts,
            about=officer,
            officers=(officer,),
        )
    yield from _helpers(acts)


def sig_26(matter: Matter, act: Fact) -> Iterator[Alarm]:
    """SIG-26: an act outside the list of powers that the authority published for that day."""
    code = getattr(act.body, "item_code", UNSET)
    if not isinstance(code, str):
        return
    rule = matter.rules.get("powers.items", day_of(act.occurred), matter.authority)
    if code not in _codes(rule.value):
        yield Alarm(
            f"权力事项{code}不在当日有效的权力清单之内。",
            f"The item of power {code} is not in the list that held on that day.",
            score=60,
            rule=rule,
        )


def _standing(matter: Matter, officer: str, act: Fact) -> _Seen:
    facts = matter.others.get(f"certificate:{officer}", ())
    found = standing(facts, act.occurred, scopes_of(matter.rules, act.occurred, matter.authority))
    return _Seen(found, tuple(fact for fact in facts if fact.id in found.inputs))


def _urgent(matter: Matter, body: CompulsoryMeasureImposed) -> Finding:
    rule = matter.rules.get("compulsory.urgent_hours", day_of(body.imposed_at), matter.authority)
    latest = body.imposed_at + rule.value * HOUR
    reports = [(f, b) for f, b in matter.of(CompulsoryMeasureReported) if b.measure_id == body.measure_id]
    if not reports:
        return unknown(
            f"情况紧急先行实施，应当在{zh_time(latest)}之前报告并补办批准；尚无记录。",
            f"An urgent measure must be reported for approval before {en_time(latest)}; no report is recorded yet.",
            rule=rule,
        )
    fact, report = min(reports, key=lambda pair: (pair[1].reported_at, pair[0].id))
    took = report.reported_at - body.imposed_at
    if report.reported_at >= latest:
        return broken(
            f"紧急实施的强制措施应当在{zh_period(rule)}内报告，{zh_length(took)}后才报告。",
            f"An urgent measure must be reported within {en_period(rule)}; it was after {en_length(took)}.",
            fact,
            rule=rule,
        )
    if report.approved is False:
        return broken(
            "紧急实施的强制措施报告后未获批准。",
            "The urgent measure was reported and not approved.",
            fact,
            rule=rule,
        )
    return kept(
        f"情况紧急，实施后{zh_length(took)}报告。",
        f"An urgent measure, reported {en_length(took)} afterwards.",
        fact,
        rule=rule,
    )


def _one_signature(acts: Iterable[Fact]) -> Iterator[Alarm]:
    """Two names and one signature: the second officer may not have been there."""
    for act in acts:
        if not isinstance(act.body, InspectionRecordSigned | InterviewRecorded) or not act.body.actors:
            continue
        there = set(officers_of(act))
        signed = {a.officer for a in act.body.actors if a.officer in there and a.signature_ref is not UNSET}
        if len(signed) == 1:
            missing = sorted(there - signed)
            yield Alarm(
                f"笔录列明{len(there)}名执法人员，只有{names(signed)}签名，缺{names(missing)}。",
                f"The record names {len(there)} officers and only {en_names(signed)} signed, not {en_names(missing)}.",
                (act,),
                score=50,
                about=f"signature/{act.id.hex()}",
                officers=tuple(missing),
            )


def _helpers(acts: Iterable[Fact]) -> Iterator[Alarm]:
    """A person without the standing of an officer whom an act lists among its officers."""
    for act in acts:
        listed = {*act.by, *getattr(act.body, "officers_present", ()), *getattr(act.body, "interviewers", ())}
        for officer, role in helpers_of(act):
            if officer in listed and len(officers_of(act)) < 2:
                yield Alarm(
                    f"{officer}是{_ROLES[role]}，被列为执法人员。",
                    f"{officer} ({role.replace('_', ' ')}) is listed among the officers.",
                    (act,),
                    score=80,
                    about=f"{officer}/{act.id.hex()}",
                    officers=(officer,),
                )


def _codes(items: object) -> frozenset[str]:
    """The codes of a list of powers: texts, tables with a `code`, or one text with the codes in a row."""
    if isinstance(items, str):
        return frozenset(items.replace("，", " ").replace(",", " ").split())
    if not isinstance(items, list | tuple):
        return frozenset()
    return frozenset(str(item.get("code", "")) if isinstance(item, dict) else str(item) for item in items)


def _in_brackets_zh(officers: Sequence[str]) -> str:
    return f"（{names(officers)}）" if officers else ""


def _in_brackets_en(officers: Sequence[str]) -> str:
    return f" ({en_names(officers)})" if officers else ""
