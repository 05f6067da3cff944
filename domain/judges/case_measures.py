"""Compulsory measures and power cuts of a case (INV-37, SIG-30; ACL 17-28, 43, WSL 70).

A measure is imposed, reported if it was urgent, extended, ended; its acts are joined by its id. The invariant: the days
that a measure may last are counted from the day of the decision, without the days of testing that the acts name.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from domain.judges.case_facts import Case, describe
from domain.judges.case_findings import Alarm, Finding, broken, each, each_alarm, kept, part
from domain.judges.case_periods import measure_deadline
from domain.matter import Fact, Signal, Verdict
from domain.rulebook import Rule
from domain.workdays import end_of, local
from schemas.events.compulsory import (
    CompulsoryMeasureEnded,
    CompulsoryMeasureImposed,
    CompulsoryMeasureReported,
)
from schemas.events.power_cut import PowerCutOrdered

HOUR: Final = 3_600_000


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, CompulsoryMeasureImposed, "INV-37", inv_37, gate=True)


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from each_alarm(case, CompulsoryMeasureImposed, "SIG-30", "serious", sig_30)
    yield from each_alarm(case, PowerCutOrdered, "SIG-30", "serious", sig_30_power)


def inv_37(case: Case, _: Fact, body: CompulsoryMeasureImposed) -> Finding:
    """INV-37: approved before, or reported and approved within 24 hours if urgent; never in an entrusted capacity."""
    if body.acting_capacity is not UNSET and body.acting_capacity.kind == "entrusted":
        return broken(
            "行政强制措施权不得委托；应由有权机关自行实施。",
            "Compulsory measures cannot be entrusted; the agency that has the power must act itself.",
        )
    approved = body.approver is not UNSET and (body.approved_at is UNSET or body.approved_at <= body.imposed_at)
    if approved:
        return kept("实施前已经负责人批准。", "The head approved it before.")
    if not body.urgent:
        late = body.approver is not UNSET
        return broken(
            "实施前应当经负责人批准；" + ("批准晚于实施。" if late else "没有批准记录。批准后方可实施。"),
            "The head must approve it before; "
            + ("the approval came after." if late else "none is recorded. Obtain it."),
            absent=not late,
        )
    rule = case.limit("compulsory.urgent_hours", body.imposed_on)
    by = body.imposed_at + int(rule.value) * HOUR
    for fact, report in case.joined(CompulsoryMeasureReported, "measure_id", body.measure_id):
        if report.reported_at > by:
            return broken(
                f"紧急实施后应当在 {describe(by)} 前报告，实际 {describe(report.reported_at)}。",
                f"An urgent measure must be reported before {describe(by)}; it was at {describe(report.reported_at)}.",
                fact,
                rule=rule,
            )
        if report.approved is False:
            lifted = case.joined(CompulsoryMeasureEnded, "measure_id", body.measure_id)
            if not lifted:
                return broken(
                    "负责人不批准的，应当立即解除；没有解除记录。",
                    "A measure that the head does not approve must be lifted at once; no lifting is recorded.",
                    fact,
                    rule=rule,
                    absent=True,
                )
            return kept(
                "负责人不批准，已解除。", "The head did not approve; it was lifted.", fact, lifted[0][0], rule=rule
            )
        return kept("紧急实施后在期限内报告。", "Urgent, and reported in time.", fact, rule=rule)
    return broken(
        f"紧急实施后应当在 {describe(by)} 前向负责人报告并补办批准；没有报告记录。",
        f"An urgent measure must be reported to the head before {describe(by)}; no report is recorded.",
        rule=rule,
        absent=True,
    )


def sig_30(case: Case, act: Fact, body: CompulsoryMeasureImposed) -> Iterator[Alarm]:
    """SIG-30: no approval, longer than allowed, not lifted, no list, or executed at night (ACL 18-28, 43)."""
    found = inv_37(case, act, body)
    if found.outcome == "broken":
        yield Alarm(
            found.zh, found.en, found.facts, 90, absent=found.absent, rule=found.rule, about=part(act, "approval")
        )
    if not body.items or body.list_delivered is False:
        yield Alarm(
            "没有物品清单，或清单未当场交付。",
            "There is no list of what was sealed or seized, or it was not handed over.",
            (),
            80,
            about=part(act, "list"),
        )
    if (night := at_night(case, body.imposed_at)) is not None:
        yield Alarm(
            f"在夜间（{describe(body.imposed_at)}）实施。",
            f"It was imposed at night ({describe(body.imposed_at)}).",
            (),
            70,
            rule=night,
            about=part(act, "night"),
        )
    ended = case.joined(CompulsoryMeasureEnded, "measure_id", body.measure_id)
    period = measure_deadline(case, act, body, None)
    last = datetime.date.fromisoformat(period.last_day or body.ends_on.isoformat())
    rule = case.limit("compulsory.days", body.imposed_on)
    if body.ends_on > last:
        yield Alarm(
            f"决定书期限 {body.ends_on} 超过法定最长 {last}。",
            f"The decision states {body.ends_on} as its last day; the law allows {last}.",
            (),
            80,
            rule=rule,
            about=part(act, "too_long"),
        )
    if not ended or ended[0][1].ended_on > last:
        yield Alarm(
            f"应当在 {last} 以前作出处理决定或者解除。",
            f"It had to be decided on or lifted by {last}.",
            tuple(fact for fact, _ in ended),
            80,
            opens=end_of(last),
            absent=not ended,
            rule=rule,
            about=part(act, "not_lifted"),
        )


def sig_30_power(case: Case, act: Fact, body: PowerCutOrdered) -> Iterator[Alarm]:
    """SIG-30: power cut without the principal head, or without its 24 hours' notice though not urgent (WSL 70)."""
    if not body.principal:
        yield Alarm(
            "停止供电应当由主要负责人批准；没有其批准的记录。",
            "A power cut must be approved by the principal head; that is not recorded.",
            (),
            80,
            about=part(act, "principal"),
        )
    rule = case.limit("power_cut.notice_hours", body.decided_on)
    told = None if body.noticed_at is UNSET else body.noticed_at
    if not body.urgent and (told is None or body.starts_at - told < int(rule.value) * HOUR):
        yield Alarm(
            f"停止供电应当提前 {rule.value} 小时书面通知；没有提前这么久通知的记录。",
            f"A power cut needs a written notice {rule.value} hours before; none so early is recorded.",
            (),
            80,
            rule=rule,
            about=part(act, "notice"),
        )


def at_night(case: Case, instant: int) -> Rule | None:
    """The rule that calls an instant night in Shanghai, None by day or without such a rule."""
    there = local(instant)
    rule = case.find("compulsory.night_hours", there.date())
    if rule is None:
        return None
    begins, ends = int(rule.value["from"]), int(rule.value["to"])
    night = begins <= there.hour or there.hour < ends if begins > ends else begins <= there.hour < ends
    return rule if night else None
