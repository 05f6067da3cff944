"""In whose right an act was done, and by what power (INV-37, 38; SIG-26, 30): measures, entrustments, lists.

Measures of a case are judged in the case. The invariant: what a document does not state is never taken as given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from msgspec import UNSET, UnsetType

from domain.judges import case_measures
from domain.judges.case_facts import Case
from domain.judges.case_findings import Alarm, Finding, broken, kept, unknown
from domain.judges.inspection_findings import (
    en_length,
    en_period,
    en_time,
    signals,
    verdict,
    zh_day,
    zh_length,
    zh_period,
    zh_time,
)
from domain.judges.officer_rules import takes_two
from domain.matter import Fact, Matter, Signal, Verdict
from domain.workdays import day_of
from schemas.events import Act
from schemas.events.compulsory import CompulsoryMeasureEnded, CompulsoryMeasureImposed, CompulsoryMeasureReported

HOUR: Final = 3_600_000


def verdicts(matter: Matter, acts: Sequence[Fact]) -> Iterator[Verdict]:
    """What these invariants say of acts on the site."""
    for act in acts:
        if isinstance(act.body, CompulsoryMeasureImposed) and takes_two(act):
            yield from verdict("INV-37", partial(inv_37, matter, act, act.body), act)
        if isinstance(act.body, Act):
            yield from verdict("INV-38", partial(inv_38, act, act.body), act)


def alarms(matter: Matter, acts: Sequence[Fact], officers: tuple[str, ...]) -> Iterator[Signal]:
    """The signals that these acts raise."""
    for act in acts:
        yield from signals(matter, "SIG-26", "medium", partial(sig_26, matter, act), act, officers=officers)
        if isinstance(act.body, CompulsoryMeasureImposed) and takes_two(act):
            faults = partial(case_measures.sig_30, Case(matter), act, act.body)
            yield from signals(matter, "SIG-30", "serious", faults, act, officers=officers)


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
        lifted = [f for f, b in matter.of(CompulsoryMeasureEnded) if b.measure_id == body.measure_id]
        if lifted:
            return kept(
                "报告后未获批准，已解除。", "It was reported, not approved, and lifted.", fact, lifted[0], rule=rule
            )
        return broken(
            "紧急实施的强制措施报告后未获批准，应当立即解除；没有解除记录。",
            "The urgent measure was reported and not approved; it must be lifted at once, and no lifting is recorded.",
            fact,
            rule=rule,
            absent=True,
        )
    return kept(
        f"情况紧急，实施后{zh_length(took)}报告。",
        f"An urgent measure, reported {en_length(took)} afterwards.",
        fact,
        rule=rule,
    )


def _codes(items: object) -> frozenset[str]:
    """The codes of a list of powers: texts, tables with a `code`, or one text with the codes in a row."""
    if isinstance(items, str):
        return frozenset(items.replace("，", " ").replace(",", " ").split())
    if not isinstance(items, list | tuple):
        return frozenset()
    return frozenset(str(item.get("code", "")) if isinstance(item, dict) else str(item) for item in items)
