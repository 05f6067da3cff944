"""Side procedures in one case: a tip, goods sealed, a handler recused, an appraisal, instalments of the fine.

The invariant: every pause and every extension has its own act, so the periods of the case follow from the acts alone.
"""

from __future__ import annotations

from ops.stories import desk, visit
from ops.stories.teller import HEAD, PRINCIPAL, RECORDER, STAND_IN, Found, Team, Teller

BASES = ("《中华人民共和国安全生产法》第一百零二条",)
BENCHMARK = {"id": "WSL-102", "version": "wsl-2021", "tier": "法定幅度", "low_fen": 0, "high_fen": 5_000_000}


def sealed(tell: Teller) -> None:
    """A tip about stored fireworks: sealed with approval, appraised, fined 40,000 yuan, paid in two parts."""
    tip = _tip(tell)
    visit.assign(tell, "tip", tip_id=tip, unannounced=True)
    tell.later(1, "09:00")
    visit.enter(tell)
    hazard = visit.find(
        tell, Found(tell.id(), "超量储存烟花爆竹，库内使用非防爆灯具", "二号库", "安全生产法第四十一条", True, True)
    )
    visit.sign(tell, [hazard])
    visit.order(tell, [hazard], 25)
    tell.later(1, "09:00")
    desk.file_case(tell, "涉嫌超量储存危险物品，未采取措施消除事故隐患", [hazard], source="tip", tip_id=tip)
    tell.later(0, "10:00")
    measure = _seal(tell, hazard)
    _recused(tell)
    tell.later(2, "09:30")
    _appraised(tell, measure)
    tell.later(1, "10:00")
    desk.interview(tell)
    tell.later(2, "10:00")
    desk.investigated(tell, hazard.description, complex=False)
    facts = f"{tell.enterprise.name}{hazard.place}：{hazard.description}，经鉴定属实。"
    only = desk.draft(tell, facts, BASES, [{"kind": "P03", "amount_fen": 4_000_000}], BENCHMARK)
    tell.later(1, "10:00")
    desk.notice(tell, only)
    tell.later(1, "10:00")
    desk.defence(tell, waived=False, adopted="partly", result="主动配合，已在裁量中考虑。")
    reviewed = desk.review(tell, only, "voluntary")
    tell.later(2, "10:00")
    number = desk.decide(tell, only, review_id=reviewed)
    visit.serve(tell, number)
    tell.field(
        "compulsory_measure.ended.v1",
        {
            "measure_id": measure, "case_id": tell.case, "document_no": tell.number("查解"), "ground": "decided",
            "returned": True, "ended_on": tell.today(), "approver": PRINCIPAL,
        },
    )  # fmt: skip
    tell.later(2, "10:00")
    desk.publish(tell, number, "罚款 40000 元")
    _instalments(tell, number)
    tell.in_case = False
    looked = visit.reinspect(tell, [hazard])
    visit.close(tell, [hazard], looked)
    visit.conclude(tell, "case_filed", case_id=tell.case)
    tell.in_case = True
    tell.office(
        "tip.concluded.v1",
        {
            "tip_id": tip, "outcome": "verified", "result": "举报属实，已立案处罚。", "concluded_on": tell.today(),
            "replied_on": tell.today(), "task_id": tell.task, "case_id": tell.case,
        },
        by=RECORDER,
    )  # fmt: skip
    tell.later(12, "11:00")
    desk.pay(tell, number, 2_000_000, instalment=2)
    tell.later(1, "10:00")
    desk.finish(tell, papers=("行政处罚决定书", "查封决定书", "鉴定意见"), correction_verified=True)


def _tip(tell: Teller) -> bytes:
    """B1: the hotline takes a tip without a name, and hands it to the unit."""
    tip = tell.id()
    tell.office(
        "tip.received.v1",
        {
            "tip_id": tip, "channel": "12350", "kind": "hazard", "subject": "石门乡有仓库夜间大量装卸烟花",
            "enterprise_id": tell.enterprise.id, "received_at": tell.at, "accepted": True,
            "accepted_on": tell.today(), "death_involved": False,
        },
        by=RECORDER,
    )  # fmt: skip
    tell.office(
        "tip.assigned.v1",
        {
            "tip_id": tip, "route": "own", "assigned_to": "执法二科", "assigned_on": tell.today(),
            "due_on": tell.today(60),
        },
        by=HEAD,
    )  # fmt: skip
    return tip


def _seal(tell: Teller, hazard: Found) -> bytes:
    """A13: the store is sealed with the head's approval, the party there, filmed from beginning to end."""
    measure, number, start = tell.id(), tell.number("查扣"), tell.at
    tell.field(
        "compulsory_measure.imposed.v1",
        {
            "measure_id": measure, "case_id": tell.case, "hazard_ids": [hazard.id], "document_no": number,
            "kind": "seal", "items": [{"name": "烟花爆竹", "quantity": "320 箱", "place": "二号库"}],
            "bases": ["安全生产法第六十五条第一款第四项"], "imposed_at": start + 30 * 60_000,
            "imposed_on": tell.today(), "ends_on": tell.today(29), "approver": PRINCIPAL, "approved_at": start,
            "urgent": False, "reasons_told": True, "party_present": True, "list_delivered": True,
        },
        minutes=30,
    )  # fmt: skip
    visit.film(tell, "A13", start)
    visit.serve(tell, number)
    return measure


def _recused(tell: Teller) -> None:
    """B3: the party asks for the recusal of one handler; the head grants it and names another."""
    one, two = tell.team.officers
    asked = tell.office(
        "recusal.requested.v1",
        {
            "case_id": tell.case, "officer": two, "requested_by": "party", "requested_on": tell.today(),
            "reason": "该执法人员的近亲属在同业企业任职。",
        },
        by=RECORDER,
    )  # fmt: skip
    tell.later(1, "09:00")
    tell.office(
        "recusal.decided.v1",
        {
            "case_id": tell.case, "request": asked, "officer": two, "granted": True, "replaced_by": STAND_IN,
            "decided_on": tell.today(), "decided_by": PRINCIPAL, "document_no": tell.number("回避"),
        },
        by=PRINCIPAL,
    )  # fmt: skip
    tell.team = Team(tell.team.terminal, (one, STAND_IN))
    tell.office(
        "case.handlers_changed.v1",
        {
            "case_id": tell.case, "handlers": [one, STAND_IN], "removed": [two], "changed_on": tell.today(),
            "reason": "回避", "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip


def _appraised(tell: Teller, measure: bytes) -> None:
    """B4: an appraisal; the case stands still meanwhile, and the days do not count for the sealing either."""
    appraisal = tell.id()
    asked = tell.field(
        "appraisal.commissioned.v1",
        {
            "appraisal_id": appraisal, "case_id": tell.case, "document_no": tell.number("鉴委"),
            "appraiser": "示例省烟花爆竹检测中心", "question": "药量等级与储存数量", "commissioned_on": tell.today(),
            "due_on": tell.workday(6), "approver": PRINCIPAL,
        },
    )  # fmt: skip
    visit.film(tell, "A8", tell.at - 5 * 60_000)
    tell.office(
        "case.suspended.v1",
        {
            "case_id": tell.case, "document_no": tell.number("中"), "ground": "appraisal",
            "suspended_on": tell.today(), "basis_event": asked, "reason": "等待鉴定意见。", "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    began = tell.today()
    tell.later(6, "10:00")
    tell.office(
        "appraisal.received.v1",
        {
            "appraisal_id": appraisal, "case_id": tell.case, "received_on": tell.today(),
            "conclusion": "属于 C 级，超过核定储存量 210 箱。", "report_hash": tell.digest("鉴定意见"),
            "told_party_on": tell.today(),
        },
        by=RECORDER,
    )  # fmt: skip
    tell.office(
        "case.resumed.v1",
        {
            "case_id": tell.case, "document_no": tell.number("恢调"), "resumed_on": tell.today(),
            "reason": "鉴定意见已收到。", "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    tell.office(
        "compulsory_measure.extended.v1",
        {
            "measure_id": measure, "case_id": tell.case, "document_no": tell.number("查延"),
            "ends_on": tell.today(40), "reason": "案情复杂，需要进一步调查。", "decided_on": tell.today(),
            "suspension_for_test": [{"start": began, "end": tell.today(), "purpose": "药量鉴定", "party_told": True}],
            "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip


def _instalments(tell: Teller, number: str) -> None:
    """B16: half at once, half a month later, as the head allowed."""
    tell.office(
        "fine_deferral.requested.v1",
        {
            "case_id": tell.case, "document_no": number, "kind": "instalments", "requested_on": tell.today(),
            "until": tell.today(40), "reason": "库存查封期间资金周转困难。",
        },
        by=RECORDER,
    )  # fmt: skip
    tell.later(1, "10:00")
    tell.office(
        "fine_deferral.decided.v1",
        {
            "case_id": tell.case, "document_no": tell.number("缴批"), "decision_no": number, "granted": True,
            "instalments": [
                {"due_on": tell.today(7), "amount_fen": 2_000_000},
                {"due_on": tell.today(40), "amount_fen": 2_000_000},
            ],
            "until": tell.today(40), "decided_on": tell.today(), "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    tell.later(1, "11:00")
    desk.pay(tell, number, 2_000_000, instalment=1)
