"""When a case may be decided: after its filing, and within its period (INV-11, INV-20).

The invariant: each verdict rests on what stood before the act; what comes later can cure nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from msgspec import UNSET

from domain.judges.case_facts import Case, moment
from domain.judges.case_findings import Finding, broken, each, kept, once, unknown
from domain.judges.case_periods import decision_deadline
from domain.matter import Fact, Verdict
from domain.workdays import day_of
from schemas.events.case import InvestigationConcluded
from schemas.events.decision import DailyPenaltyDecided, NoPenaltyDecided
from schemas.events.filing import CasePeriodExtended
from schemas.events.penalty import PenaltyDecided, PenaltyNoticeServed

Step = InvestigationConcluded | PenaltyNoticeServed | PenaltyDecided | NoPenaltyDecided | DailyPenaltyDecided


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, InvestigationConcluded, "INV-11", inv_11, gate=True)
    yield from each(case, PenaltyNoticeServed, "INV-11", inv_11, gate=True)
    yield from each(case, PenaltyDecided, "INV-11", inv_11, gate=True)
    yield from each(case, NoPenaltyDecided, "INV-11", inv_11, gate=True)
    yield from each(case, DailyPenaltyDecided, "INV-11", inv_11, gate=True)
    yield from once(case, "INV-20", inv_20)


def inv_11(case: Case, act: Fact, body: Step) -> Finding:
    """INV-11: the case was filed before the investigation was concluded, the notice served, the penalty decided."""
    zh, en = _NAMES[type(body)]
    if case.filing is None:
        return broken(
            f"{zh}前应当先立案；本案没有立案记录。补录或办理立案后方可继续。",
            f"A case must be filed first; {en}, and no filing is recorded. File it, then go on.",
            absent=True,
        )
    filed, filing = case.filing
    day = _day(act, body)
    if filing.filed_on > day or filed.occurred > moment(act, day):
        return broken(
            f"{zh}（{day}）早于立案（{filing.filed_on}）。",
            f"A case must be filed first; {en} on {day}, and the case was filed on {filing.filed_on}.",
            filed,
        )
    return kept(
        f"立案（{filing.filed_on}）先于{zh}（{day}）。",
        f"The case was filed on {filing.filed_on}; {en} on {day}.",
        filed,
    )


def inv_20(case: Case) -> Finding | None:
    """INV-20: the case was decided within its period from filing (PPL 60, DL-01)."""
    period = decision_deadline(case)
    if period is None or case.filing is None:
        return None
    filed = case.filing[0]
    rule = case.limit("case.decide_days", case.filing[1].filed_on)
    late = [
        (fact, body)
        for fact, body in case.of(CasePeriodExtended)
        if moment(fact, body.decided_on) >= (period.earlier[0].due if period.earlier else period.due)
    ]
    if period.cancelled:
        return kept("案件已结，期限不再计算。", "The case was closed; the period no longer runs.", filed, rule=rule)
    if period.met is None:
        until = (
            ("期限中止计算", "the period stands still")
            if period.last_day is None
            else (f"期限至 {period.last_day}", f"the period runs to {period.last_day}")
        )
        return unknown(f"尚未作出处理决定，{until[0]}。", f"Not decided yet; {until[1]}.", filed, rule=rule)
    decided = [fact for fact in case.matter.facts if fact.id == period.met_by]
    if period.met >= period.due:
        more = ("；届满后批准的延期无效", "; an extension granted after the end does not count") if late else ("", "")
        return broken(
            f"应当在 {period.last_day} 以前作出决定，实际 {day_of(period.met)}{more[0]}。",
            f"The case had to be decided by {period.last_day}; it was on {day_of(period.met)}{more[1]}.",
            filed,
            *decided,
            *(fact for fact, _ in late),
            rule=rule,
        )
    if period.last_day is None:
        until = ("期限正中止计算", "the period stood still")
    else:
        until = (f"期限至 {period.last_day}", f"the period ran to {period.last_day}")
    return kept(
        f"于 {day_of(period.met)} 决定，{until[0]}。",
        f"Decided on {day_of(period.met)}; {until[1]}.",
        filed,
        *decided,
        rule=rule,
    )


def _day(act: Fact, body: Step) -> datetime.date:
    match body:
        case PenaltyDecided() | NoPenaltyDecided() | DailyPenaltyDecided():
            return body.decided_on
        case PenaltyNoticeServed():
            return body.served_on
        case InvestigationConcluded():
            return day_of(act.occurred) if body.concluded_on is UNSET else body.concluded_on


_NAMES = {
    InvestigationConcluded: ("调查终结", "the investigation was concluded"),
    PenaltyNoticeServed: ("处罚告知", "the penalty was told"),
    PenaltyDecided: ("处罚决定", "the penalty was decided"),
    NoPenaltyDecided: ("不予处罚决定", "it was decided not to punish"),
    DailyPenaltyDecided: ("按日连续处罚决定", "the daily penalty was decided"),
}
