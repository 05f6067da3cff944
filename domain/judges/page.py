"""What the pages of a task, a hazard and a day are made of: items with both clocks, and papers in their order.

JSON values only: ids as hex, instants in ms, texts in both languages. The invariant: no personal value and no free text
of a body comes in here but the number of a document and the words of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from msgspec import UNSET

from domain.judges.who import officers_of
from domain.matter import Fact
from domain.process import step_of
from domain.workdays import day_of
from schemas.events import Act

State: TypeAlias = Literal["present", "missing", "due_later", "not_needed"]


@dataclass(frozen=True, slots=True)
class Paper:
    """One line of a file's list of papers, and the types of the events that prove it."""

    code: str
    zh: str
    en: str
    types: tuple[str, ...]


PAPERS: Final = (
    Paper("scheme", "现场检查方案", "Inspection scheme", ("task.assigned.v1", "task.approved.v1")),
    Paper("interview", "询问笔录", "Interview records", ("interview.recorded.v1",)),
    Paper("examination", "勘验、取证记录", "Evidence", ("evidence.captured.v1",)),
    Paper("preservation", "先行登记保存证据通知书", "Preservation notice", ("evidence_preservation.ordered.v1",)),
    Paper("inspection_record", "现场检查记录", "Inspection record", ("inspection_record.signed.v1",)),
    Paper("on_site_measure", "现场处理措施决定书", "On-site measure decision", ("on_site_measure.ordered.v1",)),
    Paper("rectification_order", "责令限期整改指令书", "Rectification order", ("rectification.ordered.v1",)),
    Paper("rectification_report", "整改情况报告", "Rectification report", ("rectification.reported.v1",)),
    Paper("extension", "整改延期决定", "Extension decision", ("rectification.extension_decided.v1",)),
    Paper("reinspection", "整改复查意见书", "Re-inspection opinion", ("reinspection.concluded.v1",)),
    Paper("listing", "挂牌督办通知", "Notice of listed supervision", ("major_hazard.listed.v1",)),
    Paper("delisting", "摘牌决定", "Delisting decision", ("major_hazard.delisted.v1",)),
    Paper("closure", "隐患销号", "Closure of the hazard", ("hazard.closed.v1",)),
    Paper(
        "compulsory_measure", "查封（扣押）决定书", "Compulsory measure decision", ("compulsory_measure.imposed.v1",)
    ),
    Paper("appraisal", "鉴定意见", "Appraisal", ("appraisal.received.v1",)),
    Paper("on_spot_penalty", "当场处罚决定书", "On-the-spot penalty decision", ("on_spot_penalty.decided.v1",)),
    Paper("service", "文书送达回执", "Service receipts", ("document.served.v1",)),
    Paper("result_notice", "行政检查结果告知书", "Notice of the result", ("inspection_result.told.v1",)),
    Paper("filing", "立案审批表", "Filing approval", ("case.filed.v1", "case.not_filed.v1")),
)
"""In the order of a case file (handbook 8.10), into which these papers go if there is a case."""


def papers(
    facts: Iterable[Fact], states: Mapping[str, State], codes: frozenset[str] | None = None
) -> list[dict[str, Any]]:
    """The list of papers: what is there, with the events that prove it, and what `states` says of the others.

    A paper that is not there and not named in `states` is not needed. `codes`: only these.
    """
    counting = [fact for fact in facts if fact.counts]
    listed = []
    for number, paper in enumerate(PAPERS, 1):
        if codes is not None and paper.code not in codes:
            continue
        proofs = [fact for fact in counting if fact.type in paper.types]
        listed.append(
            {
                "order": number,
                "code": paper.code,
                "zh": paper.zh,
                "en": paper.en,
                "volume": "front",
                "state": "present" if proofs else states.get(paper.code, "not_needed"),
                "events": [
                    {"id": f.id.hex(), "type": f.type, "document_no": number_of(f), "on": str(day_of(f.occurred))}
                    for f in proofs
                ],
            }
        )
    return listed


def item(fact: Fact) -> dict[str, Any]:
    """One act with who, both clocks and what bounds its time: it was known to the log at `received`, not later.

    `captured` is when the terminal made the record, None for an act of the office. `counts` False: a claim, a record of
    a side chain, or one that is not understood; it is shown and satisfies nothing.
    """
    step = step_of(fact.type)
    return {
        "id": fact.id.hex(),
        "type": fact.type,
        "step": step.code,
        "zh": step.zh,
        "en": step.en,
        "document_no": number_of(fact),
        "officers": list(officers_of(fact) or fact.by),
        "occurred": fact.occurred,
        "captured": fact.captured,
        "received": fact.received,
        "source": fact.source,
        "terminal": fact.terminal.hex(),
        "counts": fact.counts,
        "notes": [*fact.notes, *(("claim",) if fact.claim and "claim" not in fact.notes else ())],
        "backfill": isinstance(fact.body, Act) and fact.body.backfill is not UNSET,
        "imported": isinstance(fact.body, Act) and fact.body.import_ is not UNSET,
    }


def bounds(facts: Iterable[Fact]) -> dict[str, int | None]:
    """Between which instants everything lies: the first act, the last act, and the last receipt by the log."""
    known = list(facts)
    return {
        "first": min((fact.occurred for fact in known), default=None),
        "last": max((fact.occurred for fact in known), default=None),
        "received": max((fact.received for fact in known), default=None),
    }


def number_of(fact: Fact) -> str:
    """The printed number of the document that an act made; "" if it has none."""
    number = getattr(fact.body, "document_no", UNSET)
    return number if isinstance(number, str) else ""
