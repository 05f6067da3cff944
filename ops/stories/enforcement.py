"""A fine that nobody pays: demand, late fine up to its cap, application to the court, money at last.

The invariant: nothing is applied for before the remedies and the demand have run out, and the late fine stops at the
fine.
"""

from __future__ import annotations

import datetime

from ops.stories import desk, visit
from ops.stories.teller import PRINCIPAL, RECORDER, Found, Teller

COURT = "示例市人民法院"
BASES = ("《中华人民共和国安全生产法》第九十九条第二项",)
BENCHMARK = {"id": "WSL-99", "version": "wsl-2021", "tier": "责令改正", "low_fen": 0, "high_fen": 5_000_000}
FINE = 2_000_000


def enforced(tell: Teller) -> None:
    """20,000 yuan, unpaid for half a year: late fine of another 20,000, enforced by the court, closed."""
    visit.assign(tell, "campaign", campaign="木工车间粉尘专项检查")
    tell.later(1, "09:20")
    visit.enter(tell)
    hazard = visit.find(
        tell, Found(tell.id(), "除尘系统未按规范清灰", "打磨间", "安全生产法第三十六条第二款", mandatory=True)
    )
    visit.sign(tell, [hazard])
    visit.order(tell, [hazard], 12)
    tell.later(6, "10:00")
    visit.report(tell, [hazard])
    tell.later(1, "09:00")
    looked = visit.reinspect(tell, [hazard])
    visit.close(tell, [hazard], looked)
    visit.conclude(tell, "ordered")
    tell.later(1, "09:00")
    desk.file_case(tell, "涉嫌未对安全设备进行经常性维护、保养", [hazard])
    tell.later(2, "09:30")
    desk.interview(tell)
    tell.later(2, "10:00")
    desk.investigated(tell, hazard.description)
    facts = f"{tell.enterprise.name}{hazard.place}：{hazard.description}。"
    only = desk.draft(tell, facts, BASES, [{"kind": "P03", "amount_fen": FINE}], BENCHMARK)
    tell.later(1, "14:00")
    desk.notice(tell, only)
    tell.later(1, "09:40")
    desk.defence(tell, waived=True)
    tell.later(3, "10:00")
    number = desk.decide(tell, only)
    visit.serve(tell, number)
    served = tell.clock().date()
    tell.later(2, "10:00")
    desk.publish(tell, number, "罚款 20000 元")
    tell.on(served + datetime.timedelta(days=75), "10:00")
    tell.later(1, "10:00")
    _late_fine(tell, number, served)
    tell.on(served + datetime.timedelta(days=186), "10:00")
    tell.later(1, "10:00")
    demand = tell.number("强催")
    tell.field(
        "enforcement_demand.served.v1",
        {
            "case_id": tell.case, "document_no": demand, "decision_no": number, "served_on": tell.today(),
            "method": "direct", "amount_fen": FINE, "late_fen": FINE, "perform_by": tell.workday(10),
        },
    )  # fmt: skip
    visit.serve(tell, demand)
    tell.later(12, "10:00")
    _court(tell, number, demand)
    desk.pay(tell, number, FINE, channel="court")
    desk.pay(tell, number, FINE, channel="court", towards="late_fine", ticket_no="示票00000992")
    tell.later(1, "10:00")
    desk.finish(tell, papers=("行政处罚决定书", "催告书", "强制执行申请书"), correction_verified=True)


def _late_fine(tell: Teller, number: str, served: datetime.date) -> None:
    """B17: from the day after the period for payment, three per cent a day; on the 34th day it reaches the fine."""
    first = served + datetime.timedelta(days=25)
    paper = tell.number("加罚")
    tell.office(
        "late_fine.decided.v1",
        {
            "case_id": tell.case, "document_no": paper, "decision_no": number, "from_on": first.isoformat(),
            "to_on": (first + datetime.timedelta(days=33)).isoformat(), "days": 34, "amount_fen": FINE,
            "decided_on": tell.today(), "approver": PRINCIPAL,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    visit.serve(tell, paper)


def _court(tell: Teller, number: str, demand: str) -> None:
    """B20: the head signs the application; the court takes it up, allows it, and has it executed."""
    paper = tell.number("强执")
    tell.office(
        "court_enforcement.applied.v1",
        {
            "case_id": tell.case, "document_no": paper, "decision_no": number, "demand_no": demand, "court": COURT,
            "applied_on": tell.today(), "amount_fen": 2 * FINE, "head_signed": True, "signed_by": PRINCIPAL,
            "seal_ref": "示应急印-1",
        },
        by=PRINCIPAL,
    )  # fmt: skip
    accepted = tell.workday(3)
    for days, outcome in ((3, "accepted"), (5, "allowed"), (8, "executed")):
        tell.later(days, "10:00")
        tell.office(
            "court_enforcement.ruled.v1",
            {
                "case_id": tell.case, "application_no": paper, "court": COURT, "outcome": outcome,
                "reference": "示行审 31 号", "accepted_on": accepted, "ruled_on": tell.today(),
            },
            by=RECORDER,
        )  # fmt: skip
