"""A matter that is not the agency's to punish: dangerous work that led to a death goes to the police.

The invariant: no fine stands in the place of the transfer (R310 11).
"""

from __future__ import annotations

from ops.stories import desk, visit
from ops.stories.teller import PRINCIPAL, RECORDER, Found, Teller

POLICE = "示例市公安局"


def transferred(tell: Teller) -> None:
    """Alarms switched off before a fatal accident: filed, proposed, decided and delivered in time, taken up, closed."""
    visit.assign(tell, "accident", urgent=False, trigger="示例事故快报 7 号")
    tell.wait(90)
    visit.enter(tell)
    hazard = visit.find(
        tell,
        Found(
            tell.id(), "关闭直接关系生产安全的报警设备后继续作业", "三号罐区", "安全生产法第三十六条第三款", True, True
        ),
    )
    visit.sign(tell, [hazard], handling=["立案调查，责令整改"])
    visit.order(tell, [hazard], 5)
    tell.later(1, "09:00")
    desk.file_case(
        tell, "涉嫌关闭报警设备并发生死亡事故", [hazard], source="accident", complex=True, serious=True,
        suspected_crime=True, deaths=1, injured=0, loss_fen=80_000_000,
    )  # fmt: skip
    tell.later(1, "09:30")
    desk.interview(tell, 60)
    tell.later(1, "09:00")
    transfer = tell.id()
    tell.office(
        "transfer.proposed.v1",
        {
            "transfer_id": transfer, "case_id": tell.case, "task_id": tell.task, "kind": "crime",
            "recipient": POLICE, "suspicion": "涉嫌危险作业罪", "team": list(tell.team.officers),
            "report_hash": tell.digest("移送报告"), "reported_on": tell.today(),
        },
        by=tell.team.officers[0],
    )  # fmt: skip
    tell.wait(240)
    tell.office(
        "transfer.decided.v1",
        {
            "transfer_id": transfer, "case_id": tell.case, "approved": True, "decided_at": tell.at,
            "decided_on": tell.today(), "decided_by": PRINCIPAL,
        },
        by=PRINCIPAL, minutes=0,
    )  # fmt: skip
    tell.wait(120)
    tell.field(
        "transfer.delivered.v1",
        {
            "transfer_id": transfer, "case_id": tell.case, "document_no": tell.number("移"), "recipient": POLICE,
            "delivered_at": tell.at, "delivered_on": tell.today(), "copied_to": "示例市人民检察院",
            "materials": ["案件移送书", "调查报告", "物品清单", "询问笔录"], "receipt": "收 2026-031",
            "receipt_hash": tell.digest("移送回执"),
        },
        minutes=0,
    )  # fmt: skip
    desk.investigated(tell, hazard.description, "transfer", complex=True, serious=True)
    tell.later(2, "15:00")
    tell.office(
        "transfer.answered.v1",
        {
            "transfer_id": transfer, "case_id": tell.case, "outcome": "filed", "answered_on": tell.today(),
            "reference": "示公（治）立字 31 号",
        },
        by=RECORDER,
    )  # fmt: skip
    tell.in_case = False
    tell.later(1, "09:10")
    looked = visit.reinspect(tell, [hazard])
    visit.close(tell, [hazard], looked)
    visit.conclude(tell, "transferred", case_id=tell.case)
    tell.in_case = True
    tell.later(1, "09:00")
    desk.finish(
        tell, "transferred", ("案件移送书", "移送回执", "询问笔录"), reason="公安机关已立案。", correction_verified=True
    )
