"""A day of bad practice: what the signals are there for, all of it in one day of one team.

The second officer's certificate had run out; entry alone and far from the site, on a terminal with a wrong clock; no
certificates shown, no film; a copied photo; two interviews at once; a fine on the spot above every ceiling, in cash
and without a ticket; goods sealed at night without approval; a hazard closed unseen; a case filed, told and decided
within two hours, with a fine outside its tier, a suspected crime kept back, no review and no discussion, and all of
it for something that is not on the bureau's list of powers. Most of it reached the server four days later. The
invariant: every one of these acts is recorded as it happened, and none is refused.
"""

from __future__ import annotations

from typing import Any

from ops.stories import desk, visit
from ops.stories.event import DAY, MINUTE
from ops.stories.teller import PRINCIPAL, REMEDIES, Found, Teller

RAISED = (
    "SIG-02", "SIG-03", "SIG-05", "SIG-06", "SIG-07", "SIG-08", "SIG-09", "SIG-10", "SIG-13", "SIG-14", "SIG-15",
    "SIG-16", "SIG-17", "SIG-18", "SIG-19", "SIG-20", "SIG-26", "SIG-27", "SIG-30",
)  # fmt: skip
"""Signals that this day is meant to raise; others may come with time (SIG-22, SIG-23, SIG-29)."""


def bad_day(tell: Teller) -> None:
    """Everything on one day, from a quarter to nine until after eleven at night."""
    one, two = tell.team.officers
    visit.assign(tell, "tip")
    tell.field("terminal.clock_checked.v1", {"offset_ms": 11 * MINUTE, "method": "manual", "checked_at": tell.at})
    tell.field(
        "site.entered.v1",
        {"task_id": tell.task, "officers_present": [one], "arrival": tell.at, "place": tell.enterprise.address},
        minutes=20, by=[one], location=tell.here(east=6_000_000, mock=True),
    )  # fmt: skip
    photo = tell.file("仓库通道")
    hazards = [
        Found(tell.id(), "疏散通道被成品堵塞", "成品库", "安全生产法第四十二条第二款", mandatory=True),
        Found(tell.id(), "配电箱无防护", "一车间", "安全生产法第三十六条第二款"),
    ]
    for hazard in hazards:  # the same photo shows both
        evidence = tell.id()
        tell.field(
            "evidence.captured.v1",
            {
                "kind": "photo", "description": hazard.description, "evidence_id": evidence, "sha256": photo.sha256,
                "original": False, "step_code": "A8", "task_id": tell.task, "file_time": tell.at - 40 * DAY,
            },
            minutes=2, by=[one], files=[photo],
        )  # fmt: skip
        tell.field(
            "hazard.found.v1",
            {
                "hazard_id": hazard.id, "grade": "general", "description": hazard.description, "task_id": tell.task,
                "location": hazard.place, "clause": hazard.clause, "evidence_ids": [evidence],
                "origin": "inspection", "mandatory_penalty": hazard.mandatory, "enterprise_id": tell.enterprise.id,
            },
            minutes=1, by=[one],
        )  # fmt: skip
    number = tell.number("检记")
    for _ in range(2):  # one number on two records
        tell.field(
            "inspection_record.signed.v1",
            {
                "task_id": tell.task, "document_no": number, "content": "检查仓库和车间。", "time": tell.at,
                "place": tell.enterprise.address, "enterprise_id": tell.enterprise.id, "signer": "库管员",
                "problems": [{"text": each.description, "hazard_id": each.id} for each in hazards],
                "actors": tell.actors([one]),
            },
            minutes=4, private={"signer_name": "周某某"},
        )  # fmt: skip
    visit.order(tell, hazards, 1)
    tell.field(
        "hazard.closed.v1",
        {"hazard_id": hazards[1].id, "verifier": one, "enterprise_id": tell.enterprise.id, "task_id": tell.task},
        minutes=30, by=[one],
    )  # fmt: skip
    _two_interviews(tell)
    _on_spot(tell, hazards[1])
    number = _decided(tell, hazards[0])
    tell.field(
        "evidence.captured.v1",
        {
            "kind": "photo", "description": "补拍现场照片", "evidence_id": tell.id(), "step_code": "A8",
            "sha256": tell.digest("补拍"), "original": True, "case_id": tell.case,
        },
        minutes=90, by=[two],
    )  # fmt: skip
    visit.serve(tell, number)
    tell.on(tell.clock().date(), "23:05")
    tell.field(
        "compulsory_measure.imposed.v1",
        {
            "measure_id": tell.id(), "case_id": tell.case, "kind": "seize", "imposed_at": tell.at,
            "imposed_on": tell.today(), "ends_on": tell.today(60), "urgent": False, "document_no": tell.number("查扣"),
            "list_delivered": False, "party_present": False,
        },
        minutes=1, by=[one],
    )  # fmt: skip


def _two_interviews(tell: Teller) -> None:
    """One officer in two rooms at the same time, and nobody who wrote; from here on the terminal uploads no more."""
    one, two = tell.team.officers
    start, late = tell.at, tell.at + 4 * DAY
    for officers, place in (((one, two), "会议室"), ((one,), "门卫室")):
        tell.field(
            "interview.recorded.v1",
            {
                "interview_id": tell.id(), "task_id": tell.task, "interviewee": {"role": "库管员", "kind": "party"},
                "interviewers": list(officers), "start": start, "end": start + 25 * MINUTE, "place": place,
                "text_hash": tell.digest("询问笔录"),
            },
            minutes=26, by=officers, private={"interviewee.person_name": "周某某"}, received=late,
        )  # fmt: skip


def _on_spot(tell: Teller, hazard: Found) -> None:
    """5,000 yuan on the spot, in cash, without a ticket."""
    number = tell.number("当罚")
    kept, tell.case = tell.case, tell.id()
    tell.field(
        "on_spot_penalty.decided.v1",
        {
            "case_id": tell.case, "task_id": tell.task, "document_no": number, "party": desk.party(tell),
            "facts": hazard.description, "bases": [hazard.clause], "kinds": ["P03"], "amount_fen": 500_000,
            "decided_at": tell.at, "decided_on": tell.today(), "officers": list(tell.team.officers),
            "cash": {"received_fen": 500_000}, "delivered": True, "refused": True, "violation_id": tell.id(),
        },
        minutes=5,
    )  # fmt: skip
    tell.case = kept


def _decided(tell: Teller, hazard: Found) -> str:
    """Filed, told and decided within two hours; returns the number of the decision."""
    desk.file_case(
        tell, "涉嫌堵塞疏散通道", [hazard], complex=True, serious=True, suspected_crime=True, deaths=1,
        handlers=list(tell.team.officers), source="tip", item_code="CF-0999",
    )  # fmt: skip
    facts = f"{tell.enterprise.name}{hazard.description}。"
    lines: list[dict[str, Any]] = [{"kind": "P03", "amount_fen": 30_000_000}, {"kind": "P11", "object": "全厂"}]
    benchmark = {"id": "WSL-99", "version": "wsl-2021", "tier": "责令改正", "low_fen": 0, "high_fen": 5_000_000}
    only = desk.draft(tell, facts, ["安全生产法第一百零二条"], lines, benchmark)
    tell.wait(20)
    desk.notice(tell, only)
    tell.wait(20)
    number = tell.number("罚")
    tell.office(
        "penalty.decided.v1",
        {
            "case_id": tell.case, "document_no": number, "decided_on": tell.today(), "penalties": lines,
            "facts": facts, "bases": ["安全生产法第一百零二条"], "benchmark": benchmark,
            "draft_hash": tell.digest("另一份草案"), "remedies_text": REMEDIES, "party_present": False,
        },
        by=PRINCIPAL,
    )  # fmt: skip
    return number
