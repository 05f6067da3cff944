"""The order of the process: the step of the handbook at which each event type stands.

Inspections are A, penalty cases B; registers and supervision (R) accompany both and advance nothing. Case files are
read in this order, not in the order of arrival: a terminal may be offline for days. Invariant: every type of the
registry has exactly one step, and a type that nobody knows yet stands behind all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ProcessStep:
    """A step: its code in the handbook, its place in the whole, and its title in both languages.

    `advances`: a file has come as far as this step. Registers and supervision (group R) accompany a file at any time.
    """

    code: str
    order: int
    zh: str
    en: str
    advances: bool = True


def _step(code: str, zh: str, en: str) -> ProcessStep:
    base = {"A": 0, "B": 100, "R": 200}[code[0]]
    return ProcessStep(code, base + int(code[1:]), zh, en, advances=code[0] != "R")


STEPS: Final[Mapping[str, ProcessStep]] = {
    step.code: step
    for step in (
        _step("A0", "设备准备", "Device made ready"),
        _step("A1", "年度计划", "Annual plan"),
        _step("A2", "随机抽取", "Random draw"),
        _step("A3", "下达任务、批准方案", "Task assigned and scheme approved"),
        _step("A5", "进入现场", "Entry"),
        _step("A6", "出示证件、告知权利", "Certificates shown, rights told"),
        _step("A7", "音像记录", "Recording"),
        _step("A8", "收集证据", "Evidence collected"),
        _step("A9", "发现隐患", "Hazards found"),
        _step("A10", "现场检查记录签字", "Inspection record signed"),
        _step("A11", "现场处理措施", "Immediate measures"),
        _step("A12", "责令限期整改", "Rectification ordered"),
        _step("A13", "查封扣押", "Sealing and seizure"),
        _step("A14", "整改报告", "Rectification reported"),
        _step("A15", "整改复查", "Re-inspection"),
        _step("A16", "隐患销号", "Hazard closed"),
        _step("A17", "逾期不改的处置", "What follows if nothing is corrected"),
        _step("A18", "移送", "Handed over"),
        _step("A19", "告知检查结果、办结", "Result told, inspection concluded"),
        _step("B1", "案件线索", "Lead"),
        _step("B2", "立案", "Case filed"),
        _step("B3", "回避、变更承办人", "Recusal, handlers changed"),
        _step("B4", "调查及其中止、延期", "Investigation, its pauses and extensions"),
        _step("B5", "先行登记保存", "Evidence preserved"),
        _step("B6", "调查终结", "Investigation concluded"),
        _step("B7", "告知拟处罚、听证权利", "Intended penalty and hearing right told"),
        _step("B9", "陈述申辩", "Defence"),
        _step("B10", "听证", "Hearing"),
        _step("B11", "法制审核", "Legal review"),
        _step("B12", "集体讨论", "Collective discussion"),
        _step("B13", "处罚决定", "Decision"),
        _step("B14", "文书送达", "Service of documents"),
        _step("B15", "公示", "Disclosure"),
        _step("B16", "罚款缴纳", "Payment"),
        _step("B17", "加处罚款", "Late fine"),
        _step("B18", "复议、诉讼、变更", "Remedies and alteration"),
        _step("B19", "催告", "Demand"),
        _step("B20", "申请强制执行", "Court enforcement"),
        _step("B21", "结案", "Case closed"),
        _step("B22", "归档", "Archived"),
        _step("R1", "人员与证件", "Officers and certificates"),
        _step("R2", "监管对象", "Enterprises"),
        _step("R3", "清单、基准与日历", "Rule sets and calendars"),
        _step("R4", "文号", "Document numbers"),
        _step("R5", "举报与事故", "Tips and accidents"),
        _step("R6", "监督", "Oversight"),
        _step("R7", "更正与补录", "Corrections and backfill"),
        _step("R8", "预警核查", "Signals looked into"),
    )
}
NOT_PLACED: Final = ProcessStep("", 999, "步骤未识别", "Step not known")
"""Where an event stands whose type is not in the table: behind everything else, by its own instant."""

STEP_OF: Final[Mapping[str, ProcessStep]] = {
    name: STEPS[code]
    for name, code in {
        "terminal.enrolled.v1": "A0",
        "terminal.revoked.v1": "A0",
        "terminal.released.v1": "A0",
        "terminal.fork_resolved.v1": "A0",
        "terminal.clock_checked.v1": "A0",
        "terminal.record_lost.v1": "A0",
        "terminal.fault_reported.v1": "A0",
        "no_device_zone.declared.v1": "A0",
        "officer_certificate.recorded.v1": "R1",
        "officer_certificate.status_changed.v1": "R1",
        "enterprise.profiled.v1": "R2",
        "supervising_body.assigned.v1": "R2",
        "supervising_body.ended.v1": "R2",
        "rule_set.published.v1": "R3",
        "document_number.reserved.v1": "R4",
        "document_number.issued.v1": "R4",
        "document_number.voided.v1": "R4",
        "document_number.returned.v1": "R4",
        "plan.approved.v1": "A1",
        "plan.filed.v1": "A1",
        "plan_revision.decided.v1": "A1",
        "plan_revision.approved.v1": "A1",
        "random_selection.drawn.v1": "A2",
        "task.approved.v1": "A3",
        "task.cancelled.v1": "A3",
        "task.officers_changed.v1": "A3",
        "task.concluded.v1": "A19",
        "inspection_result.told.v1": "A19",
        "talk.held.v1": "A17",
        "appraisal.commissioned.v1": "B4",
        "appraisal.received.v1": "B4",
        "interview.recorded.v1": "A8",
        "on_site_measure.ordered.v1": "A11",
        "on_site_measure.lifted.v1": "A11",
        "rectification.extension_decided.v1": "A14",
        "major_hazard.listed.v1": "A12",
        "major_hazard.delisted.v1": "A16",
        "tip.received.v1": "B1",
        "tip.assigned.v1": "R5",
        "tip.concluded.v1": "R5",
        "accident.reported.v1": "R5",
        "accident.report_approved.v1": "R5",
        "accident.evaluation_published.v1": "R5",
        "interference.recorded.v1": "R6",
        "interest.declared.v1": "R6",
        "periodic_report.submitted.v1": "R6",
        "external_record.received.v1": "R6",
        "record.corrected.v1": "R7",
        "backfill.approved.v1": "R7",
        "private_value.revealed.v1": "R7",
        "signal.disputed.v1": "R8",
        "signal.resolved.v1": "R8",
        "task.assigned.v1": "A3",
        "site.entered.v1": "A5",
        "credentials.shown.v1": "A6",
        "recording.captured.v1": "A7",
        "evidence.captured.v1": "A8",
        "hazard.found.v1": "A9",
        "inspection_record.signed.v1": "A10",
        "rectification.ordered.v1": "A12",
        "rectification.reported.v1": "A14",
        "reinspection.concluded.v1": "A15",
        "hazard.closed.v1": "A16",
        "case.filed.v1": "B2",
        "investigation.concluded.v1": "B6",
        "penalty_notice.served.v1": "B7",
        "defence.recorded.v1": "B9",
        "legal_review.concluded.v1": "B11",
        "penalty.decided.v1": "B13",
        "document.served.v1": "B14",
        "fine_payment.recorded.v1": "B16",
        "case.closed.v1": "B21",
        "case.not_filed.v1": "B2",
        "case.handlers_changed.v1": "B3",
        "recusal.requested.v1": "B3",
        "recusal.decided.v1": "B3",
        "case.period_extended.v1": "B4",
        "case.suspended.v1": "B4",
        "case.resumed.v1": "B4",
        "evidence_preservation.ordered.v1": "B5",
        "evidence_preservation.disposed.v1": "B5",
        "compulsory_measure.imposed.v1": "A13",
        "compulsory_measure.reported.v1": "A13",
        "compulsory_measure.extended.v1": "A13",
        "compulsory_measure.ended.v1": "A13",
        "power_cut.ordered.v1": "A17",
        "power_cut.ended.v1": "A17",
        "closure.requested.v1": "A17",
        "transfer.proposed.v1": "A18",
        "transfer.decided.v1": "A18",
        "transfer.delivered.v1": "A18",
        "transfer.answered.v1": "A18",
        "decision.drafted.v1": "B6",
        "hearing.requested.v1": "B10",
        "hearing.withdrawn.v1": "B10",
        "hearing_notice.served.v1": "B10",
        "hearing.held.v1": "B10",
        "legal_review.requested.v1": "B11",
        "legal_review.returned.v1": "B11",
        "legal_review.withdrawn.v1": "B11",
        "collective_discussion.held.v1": "B12",
        "case.no_penalty_decided.v1": "B13",
        "daily_penalty.decided.v1": "B13",
        "on_spot_penalty.decided.v1": "B13",
        "on_spot_penalty.filed.v1": "B13",
        "cash.deposited.v1": "B16",
        "disclosure.published.v1": "B15",
        "disclosure.corrected.v1": "B15",
        "disclosure.withdrawn.v1": "B15",
        "fine_deferral.requested.v1": "B16",
        "fine_deferral.decided.v1": "B16",
        "late_fine.decided.v1": "B17",
        "reconsideration.opened.v1": "B18",
        "reconsideration.closed.v1": "B18",
        "suit.opened.v1": "B18",
        "suit.closed.v1": "B18",
        "decision.altered.v1": "B18",
        "enforcement_demand.served.v1": "B19",
        "court_enforcement.applied.v1": "B20",
        "court_enforcement.ruled.v1": "B20",
        "case_file.archived.v1": "B22",
    }.items()
}


def step_of(event_type: str) -> ProcessStep:
    """The step of an event type; NOT_PLACED for one that is not in the table."""
    return STEP_OF.get(event_type, NOT_PLACED)


def order_key(event_type: str, occurred: int, epoch: int, position: int) -> tuple[int, int, int, int]:
    """Sorts events of one file: by step, then by when the act took place, then as the log received them."""
    return step_of(event_type).order, occurred, epoch, position
