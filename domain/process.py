"""The order of the process: at which step of the handbook each event type stands (inspection A, penalty case B).

Case files are read in this order, not in the order of arrival: a terminal may be offline for days. Invariant: every
type of the registry has exactly one step, and a type that nobody knows yet stands behind all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ProcessStep:
    """A step: its code in the handbook, its place in the whole, and its title in both languages."""

    code: str
    order: int
    zh: str
    en: str


def _step(code: str, zh: str, en: str) -> ProcessStep:
    base = {"A": 0, "B": 100}[code[0]]
    return ProcessStep(code, base + int(code[1:]), zh, en)


STEPS: Final[Mapping[str, ProcessStep]] = {
    step.code: step
    for step in (
        _step("A0", "设备准备", "Device made ready"),
        _step("A3", "下达任务、批准方案", "Task assigned and scheme approved"),
        _step("A5", "进入现场", "Entry"),
        _step("A6", "出示证件、告知权利", "Certificates shown, rights told"),
        _step("A7", "音像记录", "Recording"),
        _step("A8", "收集证据", "Evidence collected"),
        _step("A9", "发现隐患", "Hazards found"),
        _step("A10", "现场检查记录签字", "Inspection record signed"),
        _step("A12", "责令限期整改", "Rectification ordered"),
        _step("A13", "查封扣押", "Sealing and seizure"),
        _step("A14", "整改报告", "Rectification reported"),
        _step("A15", "整改复查", "Re-inspection"),
        _step("A16", "隐患销号", "Hazard closed"),
        _step("A17", "逾期不改的处置", "What follows if nothing is corrected"),
        _step("A18", "移送", "Handed over"),
        _step("B2", "立案", "Case filed"),
        _step("B3", "回避、变更承办人", "Recusal, handlers changed"),
        _step("B4", "调查中止、延期", "Investigation paused or extended"),
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
