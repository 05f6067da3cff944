"""Appraisal and testing (鉴定, 检测) by a technical service body: commissioned and received (E16).

The invariant: the time between the two acts is what may pause a period; whether it does is a rule (handbook 2.5).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Digest, DocumentNo, Id, LegalDate, Line, Ref, Text, says


class AppraisalCommissioned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A technical body was asked for an opinion (鉴定委托书)."""

    SPEC: ClassVar = Spec(
        name="appraisal.commissioned.v1",
        family="E16",
        origin="both",
        step="B4",
        zh="委托鉴定",
        en="Appraisal commissioned",
        about_zh="委托技术机构鉴定、检测或检验。",
        about_en="A technical body was commissioned to appraise or test.",
        tags=("case", "task", "document", "evidence"),
    )

    appraisal_id: Annotated[Id, says("鉴定编号", "id of the appraisal")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case that needs it")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task that needs it")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("委托书文号", "number of the commission as printed")] = UNSET
    appraiser: Annotated[Ref, says("鉴定机构", "technical body")]
    appraiser_licence: Annotated[Ref | UnsetType, says("机构资质", "licence of that body")] = UNSET
    question: Annotated[Text, says("鉴定事项", "what is to be established")]
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("送检材料", "evidence handed over")
    ] = ()
    commissioned_on: Annotated[LegalDate, says("委托日期", "date of the commission", "DL-01, DL-14")]
    due_on: Annotated[LegalDate | UnsetType, says("约定完成日期", "date by which it is due")] = UNSET
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of who approved")] = UNSET


class AppraisalReceived(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The opinion came in (鉴定意见)."""

    SPEC: ClassVar = Spec(
        name="appraisal.received.v1",
        family="E16",
        origin="both",
        step="B4",
        zh="收到鉴定意见",
        en="Appraisal received",
        about_zh="收到鉴定、检测或检验意见。",
        about_en="The opinion of a technical body was received.",
        tags=("case", "task", "document", "evidence"),
    )

    appraisal_id: Annotated[Id, says("鉴定编号", "appraisal that was commissioned")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case that needs it")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task that needs it")] = UNSET
    received_on: Annotated[LegalDate, says("收到日期", "date of receipt", "DL-01, DL-14")]
    conclusion: Annotated[Text, says("鉴定意见", "the opinion in words")]
    report_hash: Annotated[Digest | UnsetType, says("报告摘要", "SHA-256 of the report")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("报告编号", "number of the report")] = UNSET
    told_party_on: Annotated[
        LegalDate | UnsetType, says("告知当事人日期", "date on which the party was told the result")
    ] = UNSET
    remark: Annotated[Line | UnsetType, says("使用说明", "how it is used, or why not")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (AppraisalCommissioned, AppraisalReceived)
"""The types of this module, in the order of the process."""
