"""The order of the process: the step of the handbook at which each event type stands.

Inspections are A, penalty cases B; registers and supervision (R) accompany both and advance nothing. Case files are
read in this order, not in the order of arrival: a terminal may be offline for days. Invariant: every type of the
registry has exactly one step, and a type that nobody knows yet stands behind all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.events import REGISTRY


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
        _step("R9", "批注", "Comments"),
    )
}
NOT_PLACED: Final = ProcessStep("", 999, "步骤未识别", "Step not known")
"""Where an event stands whose type is not in the table: behind everything else, by its own instant."""

STEP_OF: Final[Mapping[str, ProcessStep]] = {name: STEPS[kind.step] for name, kind in REGISTRY.items()}
"""Where each type of the registry stands."""


def step_of(event_type: str) -> ProcessStep:
    """The step of an event type; NOT_PLACED for one that is not in the table."""
    return STEP_OF.get(event_type, NOT_PLACED)


def order_key(event_type: str, occurred: int, epoch: int, position: int) -> tuple[int, int, int, int]:
    """Sorts events of one file: by step, then by when the act took place, then as the log received them."""
    return step_of(event_type).order, occurred, epoch, position
