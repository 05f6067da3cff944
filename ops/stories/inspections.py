"""Three inspections that went well: nothing found; hazards rectified; a major hazard listed and delisted.

The invariant: each breaks no rule, so whatever is raised against it is a mistake of the rules or of the story.
"""

from __future__ import annotations

from ops.stories import desk, visit
from ops.stories.teller import HEAD, PRINCIPAL, Found, Teller


def clean(tell: Teller) -> None:
    """A random inspection that finds nothing, and its result published."""
    visit.assign(tell, "double_random")
    tell.later(1, "09:20")
    visit.enter(tell)
    visit.photo(tell, "配电室门禁、绝缘垫、警示标志齐全")
    visit.photo(tell, "安全教育培训档案")
    visit.sign(tell)
    visit.conclude(tell, "no_problem")
    tell.later(3, "10:00")
    desk.publish(tell, "", "现场检查未发现问题", "inspection")


def rectified(tell: Teller) -> None:
    """Two general hazards, an order, a report, a re-inspection that finds both corrected, and their closure."""
    visit.assign(tell, "campaign", campaign="夏季用电安全专项检查")
    tell.later(1, "13:40")
    visit.enter(tell)
    hazards = [
        visit.find(tell, Found(tell.id(), "配电箱前堆放杂物，门未上锁", "一车间配电室", "安全生产法第三十五条")),
        visit.find(tell, Found(tell.id(), "灭火器压力不足", "原料库", "安全生产法第三十六条第二款")),
    ]
    visit.sign(tell, hazards)
    visit.order(tell, hazards, 14)
    tell.later(6, "10:10")
    visit.report(tell, hazards)
    tell.later(2, "09:30")
    looked = visit.reinspect(tell, hazards)
    visit.close(tell, hazards, looked)
    visit.conclude(tell, "ordered")
    tell.later(2, "10:00")
    desk.publish(tell, "", "发现一般隐患两项，已按期整改", "inspection")


def listed(tell: Teller) -> None:
    """A major hazard: use stopped on the spot, listed, rectified, examined, delisted and closed."""
    visit.assign(tell, "lookback", trigger="去年挂牌督办隐患回头看")
    tell.later(1, "08:50")
    visit.enter(tell)
    hazard = visit.find(
        tell, Found(tell.id(), "可燃气体报警器断电停用", "二车间反应釜平台", "安全生产法第三十六条第三款", major=True)
    )
    measure, number = tell.id(), tell.number("现决")
    tell.field(
        "on_site_measure.ordered.v1",
        {
            "measure_id": measure, "document_no": number, "task_id": tell.task, "enterprise_id": tell.enterprise.id,
            "measures": [{"kind": "stop_using_equipment", "object": "二车间 3 号反应釜"}], "hazard_ids": [hazard.id],
            "ordered_at": tell.at, "approver": HEAD, "approved_at": tell.at, "document_hash": tell.digest("现决"),
        },
    )  # fmt: skip
    visit.serve(tell, number)
    visit.sign(tell, [hazard])
    visit.order(tell, [hazard], 30)
    tell.later(1, "09:00")
    tell.office(
        "major_hazard.listed.v1",
        {
            "hazard_id": hazard.id, "enterprise_id": tell.enterprise.id, "level": "prefecture",
            "document_no": tell.number("挂督"), "listed_on": tell.today(), "deadline": tell.today(30),
            "supervisor": "示例市应急管理局", "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    tell.later(10, "10:30")
    visit.report(tell, [hazard])
    tell.later(3, "09:10")
    looked = visit.reinspect(tell, [hazard])
    number = tell.number("恢")
    tell.field(
        "on_site_measure.lifted.v1",
        {
            "measure_id": measure, "document_no": number, "enterprise_id": tell.enterprise.id,
            "hazard_ids": [hazard.id], "applied_on": tell.today(-3), "examined_on": tell.today(),
            "outcome": "lifted", "opinion": "报警器恢复运行，联锁测试合格，同意恢复使用。", "approver": HEAD,
        },
    )  # fmt: skip
    visit.serve(tell, number)
    tell.later(1, "09:30")
    tell.office(
        "major_hazard.delisted.v1",
        {
            "hazard_id": hazard.id, "enterprise_id": tell.enterprise.id, "level": "prefecture",
            "basis_event": looked, "document_no": tell.number("摘督"), "delisted_on": tell.today(),
            "delist_approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    visit.close(tell, [hazard], looked, approver=PRINCIPAL)
    visit.conclude(tell, "ordered")
    tell.later(2, "10:00")
    desk.publish(tell, "", "重大事故隐患一项，挂牌督办后整改销号", "inspection")
