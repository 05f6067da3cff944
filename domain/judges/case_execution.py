"""Service, payment, late fine and court enforcement: INV-25, INV-26, INV-27 (PPL 61, 67, 72, 73; ACL 53-55).

The invariant: sums are judged against what holds after alterations, and days of a pending remedy are nobody's fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from domain.judges import case_money as money
from domain.judges.case_facts import Case, last_of, same_number
from domain.judges.case_findings import Finding, broken, each, kept, unknown, yuan
from domain.judges.case_periods import ends_after
from domain.matter import Fact, Verdict
from domain.rulebook import NoRule
from domain.workdays import day_of, end_of
from schemas.events.decision import DailyPenaltyDecided, NoPenaltyDecided
from schemas.events.document import DocumentServed
from schemas.events.execution import CourtEnforcementApplied, EnforcementDemandServed, LateFineDecided
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided
from schemas.events.remedy import ReconsiderationOpened, SuitOpened

Decision = PenaltyDecided | NoPenaltyDecided | DailyPenaltyDecided


def verdicts(case: Case) -> Iterator[Verdict]:
    """Those of this module, act by act."""
    yield from each(case, PenaltyDecided, "INV-25", inv_25)
    yield from each(case, NoPenaltyDecided, "INV-25", inv_25)
    yield from each(case, DailyPenaltyDecided, "INV-25", inv_25)
    yield from each(case, OnSpotPenaltyDecided, "INV-25", inv_25_spot)
    yield from each(case, PenaltyDecided, "INV-26", inv_26)
    yield from each(case, OnSpotPenaltyDecided, "INV-26", inv_26)
    yield from each(case, DailyPenaltyDecided, "INV-26", inv_26)
    yield from each(case, LateFineDecided, "INV-26", inv_26_late)
    yield from each(case, CourtEnforcementApplied, "INV-27", inv_27, gate=True)


def inv_25(case: Case, _: Fact, body: Decision) -> Finding:
    """INV-25: the decision was served: at once to a party that was there, else within seven working days (PPL 61)."""
    ends, rule = ends_after(case, "service.days", body.decided_on)
    found = sorted(
        ((fact, one) for fact, one in case.of(DocumentServed) if same_number(one.document_no, body.document_no)),
        key=lambda pair: (pair[1].served_on, pair[0].occurred, pair[0].id),
    )
    present = getattr(body, "party_present", UNSET) is True
    if not found:
        return unknown(
            f"决定应当在 {last_of(ends)} 以前送达；尚无送达记录。",
            f"The decision must be served by {last_of(ends)}; no service is recorded yet.",
            rule=rule,
        )
    fact, service = found[0]
    if service.method == "public_notice":
        # The notice hangs its days before it counts as served (CPL 95).
        days = case.limit("service.public_notice_days", body.decided_on)
        ends = end_of(case.matter.calendar.add_days(day_of(ends - 1), int(days.value)).day)
    if present and service.served_on > body.decided_on:
        return broken(
            f"当事人在场，应当当场宣告并交付；实际 {service.served_on} 送达。",
            f"The party was there, so it had to be handed over at once; it was served on {service.served_on}.",
            fact,
            rule=rule,
        )
    if end_of(service.served_on) > ends:
        return broken(
            f"决定应当在 {last_of(ends)} 以前送达，实际 {service.served_on}。",
            f"The decision had to be served by {last_of(ends)}; it was on {service.served_on}.",
            fact,
            rule=rule,
        )
    return kept(f"决定于 {service.served_on} 送达。", f"Served on {service.served_on}, in time.", fact, rule=rule)


def inv_25_spot(case: Case, _: Fact, body: OnSpotPenaltyDecided) -> Finding:
    """INV-25: the form of a penalty on the spot was handed over there, or served in another way (PPL 52)."""
    if body.delivered:
        return kept("当场处罚决定书已当场交付。", "The form was handed over on the spot.")
    for fact, one in case.of(DocumentServed):
        if same_number(one.document_no, body.document_no):
            return kept(f"决定书于 {one.served_on} 送达。", f"The form was served on {one.served_on}.", fact)
    return broken(
        "当场处罚决定书应当当场交付；没有交付或送达记录。",
        "The form must be handed over on the spot; neither that nor a service is recorded.",
        absent=True,
    )


def inv_26(case: Case, act: Fact, _: PenaltyDecided | OnSpotPenaltyDecided | DailyPenaltyDecided) -> Finding | None:
    """INV-26: what was paid and waived is no more than the fine and its late fine (PPL 72)."""
    one = next(found for found in money.decisions(case) if found.fact is act)
    fine, paid = money.due_fen(case, one), money.payments(case, one)
    facts = tuple(payment.fact for payment in paid if payment.fact is not act)
    late = [(fact, of) for fact, of in case.of(LateFineDecided) if same_number(of.decision_no, one.number)]
    added = sum(int(of.amount_fen) for _, of in late)
    waived = sum(int(of.waived_fen) for _, of in late if of.waived_fen is not UNSET)
    for_fine = money.paid_fen(case, one)
    for_late = money.paid_fen(case, one, "late_fine")
    if not one.fine_fen and not paid:
        return None
    # A late fine accrues by law: who pays it with the fine need not wait for a decision that puts a figure on it.
    right = max(added, _accrued(case, one, paid)) if for_late else added
    if for_fine + for_late + waived > fine + right:
        return broken(
            f"缴纳与减免合计 {yuan(for_fine + for_late + waived)} 元，多于罚款与加处罚款 {yuan(fine + right)} 元；"
            "核对后退还多缴部分。",
            f"Paid and waived are {yuan(for_fine + for_late + waived)} yuan, more than fine and late fine of "
            f"{yuan(fine + right)}; check the figures and pay back what is too much.",
            *facts,
            *(fact for fact, _ in late),
        )
    if not fine:
        return kept("没有应缴的罚款。", "Nothing is left to be paid.", *facts)
    if for_fine >= fine:
        return kept(f"罚款 {yuan(fine)} 元已缴清。", f"The fine of {yuan(fine)} yuan is paid.", *facts)
    return kept(
        f"罚款 {yuan(fine)} 元，已缴 {yuan(for_fine)} 元。",
        f"Of the fine of {yuan(fine)} yuan {yuan(for_fine)} is paid.",
        *facts,
        absent=True,
    )


def _accrued(case: Case, one: money.Decided, paid: Sequence[money.Payment]) -> int:
    """The late fine that had accrued by the last payment, fen; 0 where none can be computed."""
    try:
        found = money.late_fine(case, one, max((payment.on for payment in paid), default=one.on))
    except NoRule:
        return 0
    return 0 if found is None else found.amount_fen


def inv_26_late(case: Case, _: Fact, body: LateFineDecided) -> Finding:
    """INV-26: the late fine is at most the fine, and counts no day before the due date or of a pending remedy."""
    for one in money.decisions(case):
        if not same_number(one.number, body.decision_no):
            continue
        fine = money.due_fen(case, one)
        if body.amount_fen > fine:
            return broken(
                f"加处罚款 {yuan(body.amount_fen)} 元超过罚款 {yuan(fine)} 元。",
                f"The late fine of {yuan(body.amount_fen)} yuan is above the fine of {yuan(fine)}.",
                one.fact,
            )
        right = money.late_fine(case, one, body.to_on)
        if right is None:
            return unknown(
                "没有送达记录，无法核算加处罚款。",
                "Without a recorded service the late fine cannot be computed.",
                one.fact,
            )
        remedies = [fact for fact, _ in case.of(ReconsiderationOpened)] + [fact for fact, _ in case.of(SuitOpened)]
        if body.days > right.days or body.amount_fen > right.amount_fen:
            return broken(
                f"至 {body.to_on} 应计 {right.days} 日、{yuan(right.amount_fen)} 元"
                f"（复议、诉讼及延期期间不计），实际计 {body.days} 日、{yuan(body.amount_fen)} 元。",
                f"Until {body.to_on} there are {right.days} days and {yuan(right.amount_fen)} yuan (remedies and "
                f"deferral do not count); {body.days} days and {yuan(body.amount_fen)} yuan were decided.",
                one.fact,
                *remedies,
            )
        return kept(
            f"加处罚款 {yuan(body.amount_fen)} 元不超过应计 {yuan(right.amount_fen)} 元。",
            f"The late fine of {yuan(body.amount_fen)} yuan is within the {yuan(right.amount_fen)} that accrued.",
            one.fact,
        )
    return unknown(
        f"没有找到处罚决定 {body.decision_no}。", f"The decision {body.decision_no} is not recorded in this case."
    )


def inv_27(case: Case, _: Fact, body: CourtEnforcementApplied) -> Finding:
    """INV-27: applied for after the demand's ten working days, within three months of the remedies, head signed."""
    if not body.head_signed:
        return broken(
            "强制执行申请书应当由行政机关负责人签名；没有签名。签名后方可申请。",
            "The head must sign the application; it is not signed. Have it signed.",
        )
    demands = [
        (fact, one)
        for fact, one in case.of(EnforcementDemandServed)
        if same_number(one.decision_no, body.decision_no) and one.served_on <= body.applied_on
    ]
    if not demands:
        return broken(
            "申请强制执行前应当书面催告；没有找到催告书送达记录。送达催告书并等待期满后方可申请。",
            "A written demand must come first; none is recorded. Serve it, and wait for its period.",
            absent=True,
        )
    fact, demand = demands[0]
    ends, wait = ends_after(case, "demand.wait_days", demand.served_on)
    if end_of(body.applied_on) <= ends:
        return broken(
            f"催告书 {demand.served_on} 送达，等待期至 {last_of(ends)}，届满后方可申请，实际 {body.applied_on}。",
            f"The demand was served on {demand.served_on}; its period ran to {last_of(ends)}; the application came "
            f"on {body.applied_on}.",
            fact,
            rule=wait,
        )
    one = next((found for found in money.decisions(case) if same_number(found.number, body.decision_no)), None)
    if one is None:
        return unknown(
            f"没有找到处罚决定 {body.decision_no}。",
            f"The decision {body.decision_no} is not recorded in this case.",
            fact,
        )
    pending = [
        pause
        for _, pause in money.pauses_of(case, one)
        if pause.start <= body.applied_on and (pause.end is None or pause.end > body.applied_on)
    ]
    if pending:
        return broken(
            "复议或诉讼尚未终结，不得申请强制执行。",
            "A reconsideration or suit is pending; there is no application before its end.",
            fact,
            one.fact,
        )
    over = money.remedy_end(case, one)
    if over is None:
        return unknown(
            "没有送达记录，无法核算申请期限。",
            "Without a recorded service the period cannot be computed.",
            fact,
            one.fact,
        )
    start = max([over, *(last for _, _, last in money.deferral(case, one))])
    if body.applied_on <= over:
        return broken(
            f"复议、诉讼期限至 {over}，届满后方可申请，实际 {body.applied_on}。",
            f"The remedy period runs to {over}; an application is possible after it, it was on {body.applied_on}.",
            fact,
            one.fact,
        )
    latest, months = ends_after(case, "court.apply_months", start)
    if end_of(body.applied_on) > latest:
        return broken(
            f"应当自 {start} 起 {months.value} 个月内申请，即 {last_of(latest)} 以前，实际 {body.applied_on}。",
            f"The application had to be made within {months.value} months of {start}, by {last_of(latest)}; it "
            f"was on {body.applied_on}.",
            fact,
            one.fact,
            rule=months,
        )
    return kept(
        "催告、期限和签名均符合要求。", "Demand, periods and signature are in order.", fact, one.fact, rule=months
    )
