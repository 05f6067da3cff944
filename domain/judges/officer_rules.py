"""Who may act on the site: two officers with certificates that hold (INV-01, 02; SIG-06, 07).

Every evaluator takes one act and asks for the certificates as they were when it took place, so a renewal that is
entered late changes the answer for the past. The invariant: helpers never count, whatever list they stand in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec import UNSET

from domain.certificates import Standing, scopes_of, standing
from domain.judges.case_findings import Alarm, Finding, broken, en_names, kept, names
from domain.judges.inspection_findings import (
    en_time,
    many,
    signals,
    verdict,
    zh_time,
)
from domain.judges.visit import tags
from domain.judges.who import helpers_of, officers_of
from domain.matter import Fact, Matter, Reason, Signal, Verdict
from domain.workdays import day_of
from schemas.events.compulsory import CompulsoryMeasureImposed
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
ROLES: Final = {
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


def alarms(matter: Matter, acts: Sequence[Fact], officers: tuple[str, ...]) -> Iterator[Signal]:
    """The signals that these acts raise."""
    two = [act for act in acts if takes_two(act)]
    yield from signals(matter, "SIG-06", "serious", partial(sig_06, matter, two), officers=officers)
    yield from signals(matter, "SIG-07", "serious", partial(sig_07, matter, two), officers=officers)


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
            + "".join(f"{officer}是{ROLES[role]}，不计入。" for officer, role in helpers),
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
        f"{en}: {len(good)} certified officers acted: {en_names(good)}.",
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


def _standing(matter: Matter, officer: str, act: Fact) -> _Seen:
    facts = matter.others.get(f"certificate:{officer}", ())
    found = standing(facts, act.occurred, scopes_of(matter.rules, act.occurred, matter.authority))
    return _Seen(found, tuple(fact for fact in facts if fact.id in found.inputs))


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
                    f"{officer}是{ROLES[role]}，被列为执法人员。",
                    f"{officer} ({role.replace('_', ' ')}) is listed among the officers.",
                    (act,),
                    score=80,
                    about=f"{officer}/{act.id.hex()}",
                    officers=(officer,),
                )


def _in_brackets_zh(officers: Sequence[str]) -> str:
    return f"（{names(officers)}）" if officers else ""


def _in_brackets_en(officers: Sequence[str]) -> str:
    return f" ({en_names(officers)})" if officers else ""
