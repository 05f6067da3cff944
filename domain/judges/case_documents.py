"""The documents of a case file in their fixed order (handbook 8.10), each present, missing, due later or not needed.

Internal approvals, review and discussion go into the annex volume, which is not open to the party. The invariant: what
is missing follows from what was recorded, never from a tick box; a document is missing only once the case has passed
the step that it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from msgspec import UNSET

from domain.judges.case_shapes import CLOSED, CONCLUDED, DECIDED, FILED, SERVED
from domain.matter import Fact
from domain.workdays import day_of

Volume: TypeAlias = Literal["front", "annex"]
Need: TypeAlias = Literal[
    "", "fine", "hearing_right", "hearing", "review", "discussion", "preserved", "general", "penalty", "decision"
]
"""What makes a paper necessary; "" is nothing: it is filed if it exists."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One line of the contents list. `types`: the events that prove it; `only`: which of them, by a field; `numbered`:
    those that name its printed number.

    `need` says under which condition it must lie in the file, `past` from which rank of the stage on.
    """

    code: str
    zh: str
    en: str
    volume: Volume
    types: tuple[str, ...]
    need: Need = ""
    past: int = 0
    only: tuple[str, str] | None = None
    numbered: bool = False


_E: Final = "evidence_preservation"
_EVIDENCE: Final = "evidence.captured.v1"
PAPERS: Final[tuple[Paper, ...]] = (
    Paper("cover", "案卷封面", "Cover", "front", ("case_file.archived.v1",)),
    Paper("contents", "卷内目录", "List of contents", "front", ("case_file.archived.v1",)),
    Paper(
        "decision", "行政处罚决定书", "Penalty decision", "front",
        ("penalty.decided.v1", "on_spot_penalty.decided.v1", "case.no_penalty_decided.v1", "daily_penalty.decided.v1"),
    ),
    Paper("filing", "立案审批表", "Filing approval", "annex", ("case.filed.v1", "case.not_filed.v1"), "general", FILED),
    Paper("interview_notice", "询问通知书", "Interview notice", "front", ("interview.recorded.v1",), numbered=True),
    Paper("interview", "询问笔录", "Interview records", "front", ("interview.recorded.v1",)),
    Paper("examination", "勘验笔录", "Site examination", "front", (_EVIDENCE,), only=("kind", "site_record")),
    Paper("sampling", "抽样取证凭证", "Sampling record", "front", (_EVIDENCE,), only=("step_code", "sampling")),
    Paper("preservation_approval", "先行登记保存审批表", "Approval of preservation", "annex", (f"{_E}.ordered.v1",)),
    Paper("preservation", "先行登记保存证据通知书", "Preservation notice", "front", (f"{_E}.ordered.v1",)),
    Paper(
        "preservation_disposal_approval", "先行登记保存证据处理审批表", "Approval of the disposal", "annex",
        (f"{_E}.disposed.v1",), "preserved", CONCLUDED,
    ),
    Paper(
        "preservation_disposal", "先行登记保存证据处理决定书", "Disposal of preserved evidence", "front",
        (f"{_E}.disposed.v1",), "preserved", CONCLUDED,
    ),
    Paper("inspection_record", "现场检查记录", "Inspection record", "front", ("inspection_record.signed.v1",)),
    Paper("rectification_order", "责令限期整改指令书", "Rectification order", "front", ("rectification.ordered.v1",)),
    Paper("reinspection", "整改复查意见书", "Re-inspection opinion", "front", ("reinspection.concluded.v1",)),
    Paper(
        "compulsory_measure", "查封（扣押）决定书", "Compulsory measure decision", "front",
        ("compulsory_measure.imposed.v1", "compulsory_measure.extended.v1", "compulsory_measure.ended.v1",
         "power_cut.ordered.v1", "power_cut.ended.v1"),
    ),
    Paper("appraisal", "鉴定委托书、鉴定意见", "Appraisal", "front",
          ("appraisal.commissioned.v1", "appraisal.received.v1")),
    Paper(
        "penalty_notice", "行政处罚告知书", "Penalty notice", "front",
        ("penalty_notice.served.v1",), "penalty", DECIDED, ("kind", "penalty"),
    ),
    Paper("defence", "当事人陈述申辩笔录", "Defence record", "front", ("defence.recorded.v1",)),
    Paper(
        "hearing_right", "听证告知书", "Notice of the hearing right", "front",
        ("penalty_notice.served.v1",), "hearing_right", DECIDED, ("kind", "hearing"),
    ),
    Paper("hearing_notice", "听证会通知书", "Hearing notice", "front",
          ("hearing_notice.served.v1",), "hearing", DECIDED),
    Paper("hearing_record", "听证笔录、听证会报告书", "Hearing record and report", "front",
          ("hearing.held.v1",), "hearing", DECIDED),
    Paper(
        "handling_request", "案件处理呈批表", "Case-handling request", "annex",
        ("investigation.concluded.v1", "decision.drafted.v1"), "general", DECIDED,
    ),
    Paper(
        "legal_review", "重大执法决定法制审核意见书", "Legal review", "annex",
        ("legal_review.concluded.v1",), "review", DECIDED,
    ),
    Paper(
        "discussion", "行政处罚集体讨论记录", "Collective discussion", "annex",
        ("collective_discussion.held.v1",), "discussion", DECIDED,
    ),
    Paper("demand", "行政强制执行事先催告书", "Demand before enforcement", "front", ("enforcement_demand.served.v1",)),
    Paper("late_fine", "加处罚款决定书", "Late fine decision", "front", ("late_fine.decided.v1",)),
    Paper(
        "deferral", "延期（分期）缴纳罚款批准书", "Deferral or instalments", "front",
        ("fine_deferral.requested.v1", "fine_deferral.decided.v1"),
    ),
    Paper("service", "文书送达回执", "Service receipts", "front", ("document.served.v1",), "decision", SERVED),
    Paper(
        "court", "强制执行申请书", "Application to the court", "front",
        ("court_enforcement.applied.v1", "court_enforcement.ruled.v1"),
    ),
    Paper("closing", "结案审批表", "Closing approval", "annex", ("case.closed.v1",), "general", CLOSED),
    Paper("receipt", "罚没收据", "Fine receipt", "front",
          ("fine_payment.recorded.v1", "cash.deposited.v1"), "fine", CLOSED),
    Paper("licence", "营业执照复印件", "Copy of the business licence", "front", (_EVIDENCE,),
          only=("step_code", "business_licence")),
    Paper("transfer", "案件移送书", "Transfer", "front",
          ("transfer.proposed.v1", "transfer.decided.v1", "transfer.delivered.v1", "transfer.answered.v1")),
    Paper("period", "延期、中止、恢复审批表", "Extension, suspension, resumption", "annex",
          ("case.period_extended.v1", "case.suspended.v1", "case.resumed.v1")),
    Paper("recusal", "回避、变更承办人决定", "Recusal and change of handlers", "annex",
          ("recusal.requested.v1", "recusal.decided.v1", "case.handlers_changed.v1")),
    Paper("remedy", "行政复议、行政诉讼文书", "Reconsideration and suit", "front",
          ("reconsideration.opened.v1", "reconsideration.closed.v1", "suit.opened.v1", "suit.closed.v1",
           "decision.altered.v1")),
)  # fmt: skip
"""The order of TJ28 with the volume split of local practice; papers of side procedures stand behind those it names."""


def contents(
    facts: Iterable[Fact], rank: int, needs: frozenset[str], label: Callable[[Fact], str]
) -> list[dict[str, Any]]:
    """The contents list: one map for each paper, in order, with the events that prove it.

    `rank` is that of the stage, `needs` the conditions that hold. `label` gives the printed number of an event or "".
    """
    facts = [fact for fact in facts if fact.counts]
    listed = []
    for number, paper in enumerate(PAPERS, 1):
        proofs = [
            fact
            for fact in facts
            if fact.type in paper.types and _matches(fact, paper.only) and (label(fact) or not paper.numbered)
        ]
        listed.append(
            {
                "order": number,
                "code": paper.code,
                "zh": paper.zh,
                "en": paper.en,
                "volume": paper.volume,
                "state": _state(paper, bool(proofs), rank, needs),
                "events": [
                    {
                        "id": fact.id.hex(),
                        "type": fact.type,
                        "document_no": label(fact),
                        "on": str(day_of(fact.occurred)),
                    }
                    for fact in proofs
                ],
            }
        )
    return listed


def _matches(fact: Fact, only: tuple[str, str] | None) -> bool:
    return only is None or getattr(fact.body, only[0], UNSET) == only[1]


def _state(paper: Paper, there: bool, rank: int, needs: frozenset[str]) -> str:
    if there:
        return "present"
    if not paper.need or paper.need not in needs:
        return "not_needed"
    return "missing" if rank >= paper.past else "due_later"
