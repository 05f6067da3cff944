"""Penalty cases: filed, investigated, closed (E26, E29, E43).

The invariant: filing and closing are approvals by the head, so they are office types; a terminal can only claim them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Fen, Id, LegalDate, Line, Private, Ref, Text, says


class Party(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The party (当事人): an organisation by its id and name, a person by commitments."""

    type: Annotated[Literal["organisation", "person"], says("当事人类型", "organisation or natural person")]
    id: Annotated[Ref | UnsetType, says("单位编号", "enterprise id, as in its tag; organisations only")] = UNSET
    name: Annotated[Ref | UnsetType, says("单位名称", "name of the organisation")] = UNSET
    person_id: Annotated[Private | UnsetType, says("公民身份号码", "commitment to the person's id number")] = UNSET
    person_name: Annotated[Private | UnsetType, says("姓名", "commitment to the person's name")] = UNSET


class Recusal(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A decision on recusal (回避, step B3)."""

    officer: Annotated[Ref, says("回避人员", "officer id", "PPL 43")]
    granted: Annotated[bool, says("是否回避", "whether the officer was recused", "PPL 43")]
    decided_by: Annotated[Ref | UnsetType, says("决定人", "officer id of the head who decided", "PPL 43")] = UNSET


class CaseFiled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The head approved the filing of a case (立案审批表, step B2). The decision clock starts here (INV-20)."""

    SPEC: ClassVar = Spec(
        name="case.filed.v1",
        family="E26",
        origin="office",
        step="B2",
        zh="立案",
        en="Case filed",
        about_zh="经行政机关负责人批准立案，确定承办人。",
        about_en="The head of the agency approved the filing of a case and named its handlers.",
        tags=("case", "enterprise", "officer", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "id of the case")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the approval as printed", "INV-33")] = UNSET
    source: Annotated[
        Literal["inspection", "tip", "transferred", "accident", "assigned", "other"], says("案件来源", "how it came up")
    ]
    cause: Annotated[Line, says("案由", "cause of the case in words", "PPL 54")]
    party: Annotated[Party, says("当事人", "who is suspected")]
    suspected_clauses: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("涉嫌违反条款", "clauses that may be broken")
    ] = ()
    violation_on: Annotated[
        LegalDate | UnsetType, says("违法行为日期", "date of the violation; decides which rules apply", "PPL 36, 37")
    ] = UNSET
    found_on: Annotated[LegalDate | UnsetType, says("发现日期", "date on which it was found", "PPL 36")] = UNSET
    filed_on: Annotated[LegalDate, says("立案日期", "date of approval; periods run from it", "INV-20")]
    handlers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("承办人", "officer ids, two or more", "INV-01")
    ]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved", "PPL 54")]
    recusals: Annotated[
        tuple[Recusal, ...], Meta(min_length=1, max_length=16), says("回避", "decisions on recusal so far")
    ] = ()
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection that brought it up")] = UNSET
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards that it rests on")
    ] = ()
    tip_id: Annotated[Id | UnsetType, says("举报编号", "tip that brought it up")] = UNSET
    violation_id: Annotated[
        Id | UnsetType, says("违法行为编号", "id of the violation; one fine for one violation", "INV-24")
    ] = UNSET
    violation_ended_on: Annotated[
        LegalDate | UnsetType, says("违法行为终了日期", "last day of one that went on", "PPL 36, 37")
    ] = UNSET
    harmful: Annotated[
        bool | UnsetType, says("是否有危害后果", "harm to life, health or financial safety", "PPL 36")
    ] = UNSET
    complex: Annotated[bool | UnsetType, says("是否情节复杂", "whether the case is complex", "INV-19")] = UNSET
    serious: Annotated[bool | UnsetType, says("是否重大违法", "whether the violation is serious", "INV-19")] = UNSET
    urgent: Annotated[bool | UnsetType, says("是否先行调查", "true if it was investigated before filing")] = UNSET
    item_code: Annotated[Ref | UnsetType, says("权力事项编码", "item of the published list of powers")] = UNSET
    suspected_crime: Annotated[bool | UnsetType, says("是否涉嫌犯罪", "whether a crime is suspected", "INV-28")] = UNSET
    deaths: Annotated[Count | UnsetType, says("死亡人数", "deaths in the accident behind it", "R310 3")] = UNSET
    injured: Annotated[Count | UnsetType, says("重伤人数", "serious injuries in it", "R310 3")] = UNSET
    loss_fen: Annotated[Fen | UnsetType, says("直接经济损失（分）", "direct loss in it, fen", "R310 3")] = UNSET


class InvestigationConcluded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The handlers concluded the investigation and proposed an outcome (案件处理呈批表, step B6)."""

    SPEC: ClassVar = Spec(
        name="investigation.concluded.v1",
        family="E29",
        origin="both",
        step="B6",
        zh="调查终结",
        en="Investigation concluded",
        about_zh="案件调查终结，承办人提出处理意见。",
        about_en="The investigation was concluded and the handlers proposed an outcome.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case that was investigated")]
    facts_hash: Annotated[Digest, says("事实材料摘要", "SHA-256 of the text of the facts")]
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=500), says("证据编号", "evidence that the facts rest on")
    ] = ()
    proposal: Annotated[
        Literal["penalise", "no_penalty_minor", "no_penalty_unproved", "transfer"],
        says("处理建议", "what the handlers propose", "PPL 57"),
    ]
    proposal_text: Annotated[Text | UnsetType, says("建议内容", "the proposal in words")] = UNSET
    handlers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("承办人", "officer ids of who concluded", "INV-18")
    ]
    head_opinion: Annotated[Text | UnsetType, says("负责人意见", "opinion of the head, if given already")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the request as printed", "INV-33")] = UNSET
    concluded_on: Annotated[LegalDate | UnsetType, says("调查终结日期", "date that the report states")] = UNSET
    complex: Annotated[bool | UnsetType, says("是否情节复杂", "whether the case is complex", "INV-19")] = UNSET
    serious: Annotated[bool | UnsetType, says("是否重大违法", "whether the violation is serious", "INV-19")] = UNSET


class CaseClosed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The head approved the closing of a case (结案审批表, step B21); a gate of its own (INV-31)."""

    SPEC: ClassVar = Spec(
        name="case.closed.v1",
        family="E43",
        origin="office",
        step="B21",
        zh="结案",
        en="Case closed",
        about_zh="经行政机关负责人批准结案。",
        about_en="The head of the agency approved the closing of a case.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case that is closed")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the approval as printed", "INV-33")] = UNSET
    ground: Annotated[
        Literal["executed", "no_penalty", "unproved", "transferred", "revoked", "terminated", "other"],
        says("结案理由", "ground of closing", "INV-31"),
    ]
    all_fulfilled: Annotated[bool, says("是否全部履行", "whether everything decided was fulfilled", "INV-31")]
    closed_on: Annotated[LegalDate | UnsetType, says("结案日期", "date of approval")] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]
    correction_verified: Annotated[
        bool | UnsetType, says("是否核实整改", "whether the correction was verified", "INV-31")
    ] = UNSET
    reason: Annotated[Text | UnsetType, says("结案说明", "why, in words; due if nothing was decided")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (CaseFiled, InvestigationConcluded, CaseClosed)
"""The types of this module, in the order of the process."""
