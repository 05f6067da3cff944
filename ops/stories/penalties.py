"""Penalties: the general procedure with hearing and review, a fine on the spot, a decision altered afterwards.

The invariant: money is fen, and what was paid is what holds after every alteration.
"""

from __future__ import annotations

from typing import Any

from ops.stories import desk, visit
from ops.stories.teller import CASHIER, CHAIR, FIRST_REMEDY, PRINCIPAL, RECORDER, Found, Teller

OVERDUE = {"id": "WSL-99", "version": "wsl-2021", "tier": "逾期未改正", "low_fen": 5_000_000, "high_fen": 20_000_000}
CORRECTED = {"id": "WSL-99", "version": "wsl-2021", "tier": "责令改正", "low_fen": 0, "high_fen": 5_000_000}
BASES = ("《中华人民共和国安全生产法》第九十九条第二项",)


def fined(tell: Teller) -> None:
    """Not corrected in time: a case, 100,000 yuan intended, a hearing, 80,000 decided after review and discussion."""
    hazard = _found_and_overdue(tell)
    tell.later(1, "09:00")
    desk.file_case(tell, "涉嫌未按照国家标准检修安全设备，逾期未改正", [hazard], complex=True)
    tell.later(2, "09:30")
    desk.interview(tell)
    _preserved(tell)
    tell.later(5, "10:00")
    desk.investigated(tell, hazard.description, complex=True)
    facts = f"{tell.enterprise.name}{hazard.place}：{hazard.description}，责令限期整改后逾期未改正。"
    lines: list[dict[str, Any]] = [{"kind": "P01"}, {"kind": "P03", "amount_fen": 10_000_000}]
    first = desk.draft(tell, facts, BASES, lines, OVERDUE)
    tell.later(1, "14:00")
    desk.notice(tell, first)
    desk.notice(tell, first, "hearing", hearing_right_told=True)
    tell.later(2, "10:00")
    desk.defence(tell, waived=False)
    tell.office(
        "hearing.requested.v1",
        {
            "case_id": tell.case, "requested_on": tell.today(), "requested_by": "party", "form": "written",
            "within_period": True, "document_hash": tell.digest("听证申请"),
        },
        by=RECORDER,
    )  # fmt: skip
    held = _heard(tell)
    tell.later(1, "10:00")
    lines = [{"kind": "P01"}, {"kind": "P03", "amount_fen": 8_000_000}]
    second = desk.draft(tell, facts, BASES, lines, OVERDUE, first)
    reviewed = desk.review(tell, second, "hearing")
    tell.later(1, "09:00")
    discussed = desk.discuss(tell, second)
    tell.later(1, "10:00")
    number = desk.decide(tell, second, hearing=held, review_id=reviewed, discussion=discussed)
    visit.serve(tell, number)
    tell.later(2, "10:00")
    desk.publish(tell, number, "警告，罚款 80000 元")
    tell.later(4, "11:00")
    desk.pay(tell, number, 8_000_000)
    tell.in_case = False
    tell.later(1, "09:00")
    looked = visit.reinspect(tell, [hazard])
    visit.close(tell, [hazard], looked)
    tell.later(1, "09:00")
    visit.conclude(tell, "case_filed", case_id=tell.case)
    tell.in_case = True
    desk.finish(tell, papers=("行政处罚决定书", "立案审批表", "询问笔录", "听证笔录"), correction_verified=True)


def returned(tell: Teller) -> None:
    """A case whose decision is drafted and told, and waits for its legal review: what follows happens at the desks."""
    hazard = _found_and_overdue(tell, "车间配电箱无漏电保护装置，限期内未整改")
    tell.later(1, "09:00")
    desk.file_case(tell, "涉嫌未按照国家标准检修安全设备，逾期未改正", [hazard])
    tell.later(2, "09:30")
    desk.interview(tell)
    tell.later(4, "10:00")
    desk.investigated(tell, hazard.description)
    facts = f"{tell.enterprise.name}{hazard.place}：{hazard.description}。"
    lines: list[dict[str, Any]] = [{"kind": "P03", "amount_fen": 5_500_000}]
    made = desk.draft(tell, facts, BASES, lines, OVERDUE)
    tell.later(1, "14:00")
    desk.notice(tell, made)
    desk.notice(tell, made, "hearing", hearing_right_told=True)
    tell.later(2, "10:00")
    desk.defence(tell, waived=False)


def on_spot(tell: Teller) -> None:
    """A worker is fined 100 yuan on the spot; the cash reaches the agency the next day and the bank the day after."""
    visit.assign(tell, "double_random")
    tell.later(1, "14:10")
    visit.enter(tell)
    hazard = visit.find(
        tell, Found(tell.id(), "焊接作业时未佩戴防护面罩", "维修间", "安全生产法第五十七条", mandatory=True)
    )
    visit.sign(tell, [hazard], handling=["当场处罚，当场改正"])
    tell.case = tell.id()
    start = tell.at
    number = tell.number("当罚")
    tell.field(
        "on_spot_penalty.decided.v1",
        {
            "case_id": tell.case, "task_id": tell.task, "hazard_ids": [hazard.id], "violation_id": tell.id(),
            "document_no": number, "party": {"type": "person"}, "facts": "在维修间焊接作业时未佩戴防护面罩。",
            "clauses": [hazard.clause], "bases": ["示例省安全生产条例第五十条"], "kinds": ["P01", "P03"],
            "amount_fen": 10_000, "decided_at": tell.at + 10 * 60_000, "decided_on": tell.today(),
            "place": "维修间", "officers": list(tell.team.officers), "defence_heard": True,
            "cash": {"received_fen": 10_000, "ticket_no": "示票00000101", "ground": "small_fine"},
            "delivered": True, "refused": False, "remedies_text": FIRST_REMEDY, "document_hash": tell.digest("当罚"),
        },
        minutes=10,
        private={"party.person_name": "吴某某", "party.person_id": "11010519491231002X", "signer_name": "吴某某"},
    )  # fmt: skip
    visit.film(tell, "S1", start, case_id=tell.case)
    tell.in_case = True
    visit.serve(tell, number, recipient="当事人本人")
    tell.in_case = False
    after = visit.photo(tell, "已佩戴防护面罩", "A16")
    tell.field(
        "hazard.closed.v1",
        {
            "hazard_id": hazard.id, "verifier": tell.team.officers[1], "on_the_spot": True,
            "before_ids": [hazard.photo], "after_ids": [after], "enterprise_id": tell.enterprise.id,
            "task_id": tell.task, "closed_on": tell.today(),
        },
    )  # fmt: skip
    visit.conclude(tell, "case_filed", case_id=tell.case)
    tell.in_case = True
    tell.later(1, "09:00")
    tell.office(
        "on_spot_penalty.filed.v1",
        {"case_id": tell.case, "document_no": number, "filed_on": tell.today(), "received_by": RECORDER},
        by=RECORDER,
    )
    _deposit(tell, number, "agency", ticket_no="示票00000101")
    tell.office(
        "fine_payment.recorded.v1",
        {
            "case_id": tell.case, "document_no": number, "amount_fen": 10_000, "paid_on": tell.today(-1),
            "channel": "cash", "ticket_no": "示票00000101", "towards": "fine",
        },
        by=CASHIER,
    )  # fmt: skip
    tell.later(1, "10:30")
    _deposit(tell, number, "bank", slip_no="示缴00000101")
    tell.later(1, "10:00")
    desk.publish(tell, number, "警告，罚款 100 元")
    tell.later(1, "10:00")
    desk.finish(tell, papers=("当场处罚决定书", "罚款票据"), correction_verified=True)


def altered(tell: Teller) -> None:
    """A fine of 30,000 yuan, published, then altered to 15,000 by reconsideration: withdrawn, published anew, paid."""
    hazard = _found_and_overdue(tell, "冲床光电保护装置失效，仍在使用", corrected=True)
    tell.later(1, "09:00")
    desk.file_case(tell, "涉嫌未对安全设备进行经常性维护", [hazard])
    tell.later(2, "09:30")
    desk.interview(tell)
    tell.later(3, "10:00")
    desk.investigated(tell, hazard.description)
    facts = f"{tell.enterprise.name}{hazard.place}：{hazard.description}。"
    lines = [{"kind": "P03", "amount_fen": 3_000_000}]
    only = desk.draft(tell, facts, BASES, lines, CORRECTED)
    tell.later(1, "14:00")
    desk.notice(tell, only)
    tell.later(1, "09:40")
    desk.defence(tell, waived=True)
    reviewed = desk.review(tell, only, "voluntary")
    tell.later(4, "10:00")
    number = desk.decide(tell, only, review_id=reviewed)
    visit.serve(tell, number)
    tell.later(2, "10:00")
    record = desk.publish(tell, number, "罚款 30000 元")
    tell.later(3, "10:00")
    remedy = tell.id()
    reference = f"示政复〔{tell.today()[:4]}〕12 号"
    tell.office(
        "reconsideration.opened.v1",
        {
            "remedy_id": remedy, "case_id": tell.case, "document_no": number, "organ": "示例市人民政府",
            "reference": reference, "applied_on": tell.today(-2), "opened_on": tell.today(), "stayed": True,
        },
        by=RECORDER,
    )  # fmt: skip
    tell.later(20, "10:00")
    tell.office(
        "reconsideration.closed.v1",
        {
            "remedy_id": remedy, "case_id": tell.case, "outcome": "altered", "closed_on": tell.today(),
            "served_on": tell.today(), "reference": reference, "summary": "罚款数额变更为 15000 元。",
        },
        by=RECORDER,
    )  # fmt: skip
    changed = tell.office(
        "decision.altered.v1",
        {
            "case_id": tell.case, "target_document_no": number, "by": "reconsideration", "effect": "changed",
            "penalties": [{"kind": "P03", "amount_fen": 1_500_000}], "effective_on": tell.today(),
            "remedy_id": remedy, "reference": reference, "reason": "主动消除危害后果，处罚过重。",
        },
        by=RECORDER,
    )  # fmt: skip
    tell.later(1, "09:00")
    tell.office(
        "disclosure.withdrawn.v1",
        {
            "record_id": record, "case_id": tell.case, "withdrawn_on": tell.today(), "ground": "altered",
            "reason": "行政处罚决定经行政复议变更，原公示信息撤回。", "alteration": changed,
            "told": ["信用示例平台"], "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    desk.publish(tell, number, "罚款 15000 元（经行政复议变更）")
    tell.later(3, "11:00")
    desk.pay(tell, number, 1_500_000)
    tell.later(1, "10:00")
    desk.finish(tell, papers=("行政处罚决定书", "行政复议决定书"), correction_verified=True)


def _found_and_overdue(
    tell: Teller, what: str = "空压机安全阀超期未校验，仍在使用", *, corrected: bool = False
) -> Found:
    """An inspection with one hazard whose clause demands a penalty, and a re-inspection on the last day or after it."""
    visit.assign(tell, "plan")
    tell.later(1, "09:10")
    visit.enter(tell)
    hazard = visit.find(tell, Found(tell.id(), what, "一车间", "安全生产法第三十六条第二款", mandatory=True))
    visit.sign(tell, [hazard])
    visit.order(tell, [hazard], 8)
    tell.later(4 if corrected else 7, "09:20")
    if corrected:
        visit.report(tell, [hazard])
    looked = visit.reinspect(tell, [hazard], "corrected" if corrected else "not_corrected")
    if corrected:
        visit.close(tell, [hazard], looked)
        visit.conclude(tell, "ordered")
    return hazard


def _preserved(tell: Teller) -> None:
    """B5: the log book is registered and preserved, filmed, and given back three working days later."""
    number, one, start = tell.number("先保通"), tell.id(), tell.at
    tell.field(
        "evidence_preservation.ordered.v1",
        {
            "preservation_id": one, "case_id": tell.case, "document_no": number, "ordered_on": tell.today(),
            "items": [{"name": "空压机运行维护台账", "quantity": "2 册", "condition": "完好", "place": "证据室"}],
            "reason": "台账可能被补记、涂改", "approver": PRINCIPAL, "approved_at": start, "party_present": True,
            "list_delivered": True,
        },
        minutes=20,
    )  # fmt: skip
    visit.film(tell, "B5", start)
    visit.serve(tell, number)
    tell.later(3, "16:00")
    tell.office(
        "evidence_preservation.disposed.v1",
        {
            "preservation_id": one, "case_id": tell.case, "document_no": tell.number("先保处"),
            "disposal": "recorded", "text": "复制后退还当事人。", "disposed_on": tell.today(), "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip


def _heard(tell: Teller) -> bytes:
    """B10: the hearing, announced eight working days ahead, filmed from beginning to end; returns its event id."""
    tell.later(1, "09:00")
    number = tell.number("听通")
    day = tell.workday(10)
    tell.field(
        "hearing_notice.served.v1",
        {
            "case_id": tell.case, "document_no": number, "served_on": tell.today(), "method": "direct",
            "hearing_on": day, "place": "示例市应急管理局听证室", "chair": CHAIR, "public": True,
        },
    )  # fmt: skip
    visit.serve(tell, number)
    tell.later(10, "09:00")
    start = tell.at
    held = tell.office(
        "hearing.held.v1",
        {
            "case_id": tell.case, "document_no": tell.number("听笔"), "held_on": tell.today(), "start": start,
            "end": start + 90 * 60_000, "chair": CHAIR, "recorder": RECORDER,
            "investigators": list(tell.team.officers), "public": True, "party_present": True, "agents": 1,
            "absent_waiver": False, "record_hash": tell.digest("听证笔录"), "report_hash": tell.digest("听证报告"),
            "opinion": "当事人已开始整改，建议酌情从轻，在幅度内减少罚款数额。",
        },
        by=CHAIR, minutes=90,
    )  # fmt: skip
    visit.film(tell, "B10", start)
    return held


def _deposit(tell: Teller, number: str, step: str, **more: object) -> None:
    tell.office(
        "cash.deposited.v1",
        {
            "case_id": tell.case, "document_no": number, "step": step, "amount_fen": 10_000,
            "deposited_on": tell.today(), "received_by": CASHIER if step == "agency" else "示例银行", **more,
        },
        by=CASHIER,
    )  # fmt: skip
