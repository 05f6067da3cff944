"""Invariants of the order and the papers of an inspection (INV-03 … 06, 25).

Each evaluator is named after its invariant and says one sentence of one act. The invariant of all: an act that broke a
rule happened all the same; nothing here drops it, and what is missing is said to be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from msgspec import UNSET

from domain.filing import text_of
from domain.judges.case_findings import Finding, broken, kept, unknown
from domain.judges.inspection_findings import (
    en_length,
    en_period,
    en_time,
    many,
    period,
    verdict,
    zh_day,
    zh_length,
    zh_period,
    zh_time,
)
from domain.judges.visit import Visit, arrival, date_of, number_key, tags
from domain.matter import Fact, Verdict
from domain.workdays import end_of
from schemas.events.evidence import EvidenceCaptured
from schemas.events.hazard import HazardFound
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.interview import InterviewRecorded
from schemas.events.on_site import SiteEntered
from schemas.events.rectification import RectificationOrdered

HOUR: int = 3_600_000

NEEDS_CREDENTIALS = (EvidenceCaptured, InterviewRecorded, HazardFound, InspectionRecordSigned)
"""Types before which certificates must have been shown (E16 … E19)."""


def verdicts(visit: Visit, hazards: Mapping[str, tuple[Fact, ...]]) -> Iterator[Verdict]:
    """What these invariants say of an inspection. `hazards`: facts of the hazards that its orders name, by text id."""
    yield from verdict("INV-03", partial(inv_03, visit))
    for fact, body in visit.entries:
        yield from verdict("INV-04", partial(inv_04, visit, fact, body), fact)
    for fact, record in visit.records:
        yield from verdict("INV-05", partial(inv_05, record), fact)
    for fact, order in visit.orders:
        yield from verdict("INV-06", partial(inv_06, fact, order, hazards), fact)
        yield from verdict("INV-25", partial(inv_25, visit, fact, order), fact)


def inv_03(visit: Visit) -> Finding | None:
    """INV-03: certificates were shown and rights told before any evidence, interview, hazard or record (PPL 55)."""
    acts = [fact for fact in visit.acts if isinstance(fact.body, NEEDS_CREDENTIALS) and fact.source == "field"]
    if not acts:
        return None
    first = acts[0]
    if not visit.shown:
        return broken(
            f"取证、记录之前应当出示执法证件并告知权利；至今没有出示证件的记录，而{zh_time(first.occurred)}已开始取证或记录。",
            "Certificates must be shown and rights told before evidence is taken or a record made; no showing is "
            f"recorded, and the first such act took place on {en_time(first.occurred)}.",
            *acts,
            absent=True,
        )
    shown = visit.shown[0][0]
    early = [fact for fact in acts if fact.occurred < shown.occurred]
    if early:
        return broken(
            f"应当先出示执法证件再取证；出示证件在{zh_time(shown.occurred)}，此前已有{len(early)}项取证或记录，"
            f"最早在{zh_time(early[0].occurred)}。",
            f"Certificates must be shown first; they were shown on {en_time(shown.occurred)}, "
            f"after {many(len(early), 'act')} of evidence or record, the first on {en_time(early[0].occurred)}.",
            shown,
            *early,
        )
    return kept(
        f"{zh_time(shown.occurred)}出示证件、告知权利，此后才取证和记录。",
        f"Certificates were shown and rights told on {en_time(shown.occurred)}, before any evidence or record.",
        shown,
        first,
    )


def inv_04(visit: Visit, entry: Fact, body: SiteEntered) -> Finding:
    """INV-04: the site was entered after the scheme was approved; an urgent entry is approved soon afterwards (G54)."""
    entered = arrival(entry, body)
    if visit.assigned is None:
        return broken(
            "进入现场之前应当下达检查任务并批准检查方案；没有这次检查的任务记录。",
            "A task must be assigned and its scheme approved before a site is entered; no assignment is recorded.",
            absent=True,
        )
    task, assigned = visit.assigned
    given_at = visit.approvals
    if given_at and given_at[0][0] <= entered:
        when, approval = given_at[0]
        return kept(
            f"检查方案于{zh_time(when)}批准，{zh_time(entered)}进入现场。",
            f"The scheme was approved on {en_time(when)}, and the site entered on {en_time(entered)}.",
            task,
            approval,
        )
    urgent = assigned.urgent is True
    if not urgent:
        if not given_at:
            return broken(
                f"{zh_time(entered)}进入现场时，检查方案没有经过批准，也没有注明情况紧急。",
                f"The site was entered on {en_time(entered)}; no approval of the scheme is recorded, and the task is "
                "not marked urgent.",
                task,
                absent=True,
            )
        when, approval = given_at[0]
        return broken(
            f"检查方案应当在进入现场之前批准；{zh_time(entered)}进入，{zh_time(when)}才批准，任务未注明情况紧急。",
            f"The scheme must be approved before entry; the site was entered on {en_time(entered)}, the approval came "
            f"on {en_time(when)}, and the task is not marked urgent.",
            task,
            approval,
        )
    rule = visit.limit("entry.approval_late_hours", entered)
    latest = entered + rule.value * HOUR
    if not given_at:
        return unknown(
            f"情况紧急先行进入，应当在{zh_time(latest)}之前补办批准；尚无补办记录。",
            f"An urgent entry must be approved afterwards, before {en_time(latest)}; no approval is recorded yet.",
            task,
            rule=rule,
        )
    when, approval = given_at[0]
    late = when - entered
    if when < latest:
        return kept(
            f"情况紧急，先行进入后{zh_length(late)}补办批准，限{zh_period(rule)}。",
            f"An urgent entry, approved {en_length(late)} afterwards; the limit is {en_period(rule)}.",
            task,
            approval,
            rule=rule,
        )
    return broken(
        f"紧急进入应当在{zh_period(rule)}内补办批准，{zh_length(late)}后才批准。",
        f"An urgent entry must be approved within {en_period(rule)}; it was approved after {en_length(late)}.",
        task,
        approval,
        rule=rule,
    )


def inv_05(record: InspectionRecordSigned) -> Finding:
    """INV-05: the record bears a signature, or the refusal and its report to the agency (WSL 68)."""
    if record.refused is UNSET:
        if record.signer is not UNSET:
            return kept("现场检查记录由被检查单位负责人签字。", "The record was signed for the enterprise.")
        return broken(
            "现场检查记录应当由被检查单位负责人签字，或者记明拒签；两者都没有。",
            "The record must be signed for the enterprise, or the refusal recorded; it has neither.",
        )
    if record.reported_to_agency is UNSET:
        return broken(
            "被检查单位拒绝签字，应当记录并向本机关报告；没有报告的记录。",
            "Signing was refused; this must be recorded and reported to the agency, and no report is recorded.",
        )
    return kept(
        f"被检查单位拒绝签字，已记明，并于{zh_time(record.reported_to_agency)}向本机关报告。",
        f"Signing was refused; this was recorded, and reported to the agency on {en_time(record.reported_to_agency)}.",
    )


def inv_06(fact: Fact, order: RectificationOrdered, hazards: Mapping[str, tuple[Fact, ...]]) -> Finding:
    """INV-06: an order lists hazards of one enterprise only, and its deadline is not before its date."""
    ordered_on = date_of(fact, order.ordered_on)
    if order.deadline < ordered_on:
        return broken(
            f"整改期限{zh_day(order.deadline)}早于责令日期{zh_day(ordered_on)}。",
            f"The deadline for rectification, {order.deadline}, is before the date of the order, {ordered_on}.",
        )
    own = {*tags(fact, "enterprise"), *_named(order)}
    missing, found = 0, []
    for hazard_id in order.hazard_ids:
        findings = [f for f in hazards.get(text_of(hazard_id), ()) if f.counts and isinstance(f.body, HazardFound)]
        if not findings:
            missing += 1
        found += findings
    owners = own | {name for f in found for name in (*tags(f, "enterprise"), *_named(f.body))}
    if len(owners) > 1:
        return broken(
            f"一份责令整改指令书只能列同一生产经营单位的隐患；这份涉及{len(owners)}个单位：{'、'.join(sorted(owners))}。",
            "A rectification order may list hazards of one enterprise only; this one concerns "
            f"{len(owners)}: {', '.join(sorted(owners))}.",
            *found,
        )
    if missing:
        return unknown(
            f"指令书所列{len(order.hazard_ids)}项隐患中有{missing}项没有发现记录，尚不能判定是否属于同一单位。",
            f"No finding is recorded of {missing} of the {len(order.hazard_ids)} hazards in the order, so it cannot be "
            "said yet whether all are of one enterprise.",
            *found,
        )
    return kept(
        f"所列{len(order.hazard_ids)}项隐患属于同一单位，整改期限{zh_day(order.deadline)}不早于责令日期。",
        f"The order names {many(len(order.hazard_ids), 'hazard')} of one enterprise, and its deadline, "
        f"{order.deadline}, is not before its date, {ordered_on}.",
        *found,
    )


def inv_25(visit: Visit, fact: Fact, order: RectificationOrdered) -> Finding | None:
    """INV-25, for rectification orders: each one was served, within the days of the law if the party was absent."""
    if order.document_no is UNSET:
        return None
    served = visit.services.get(number_key(order.document_no), [])
    ordered_on = date_of(fact, order.ordered_on)
    rule = visit.limit("service.days", end_of(ordered_on) - 1)
    latest = period(visit.matter.calendar, ordered_on, rule)
    if not served:
        return unknown(
            f"指令书{order.document_no}应当在{zh_day(latest)}以前送达（责令后{zh_period(rule)}）；尚无送达记录。",
            f"The order {order.document_no} must be served by {latest}, within {en_period(rule)}; no service is "
            "recorded yet.",
            rule=rule,
        )
    service, receipt = min(served, key=lambda pair: (pair[1].served_on, pair[0].id))
    if receipt.served_on > latest:
        return broken(
            f"指令书{order.document_no}应当在{zh_day(latest)}以前送达（责令后{zh_period(rule)}），"
            f"{zh_day(receipt.served_on)}才送达。",
            f"The order {order.document_no} had to be served by {latest}, within {en_period(rule)}; it was served on "
            f"{receipt.served_on}.",
            service,
            rule=rule,
        )
    return kept(
        f"指令书{order.document_no}于{zh_day(receipt.served_on)}送达。",
        f"The order {order.document_no} was served on {receipt.served_on}.",
        service,
        rule=rule,
    )


def _named(body: object) -> tuple[str, ...]:
    """The enterprise that a body names, if it does."""
    name = getattr(body, "enterprise_id", UNSET)
    return (name,) if isinstance(name, str) else ()
