"""Carrying a decision out: demand, late fine, application to the court, request to close (E40, steps A17, B17-B20).

The invariant: each names the decision that is carried out by the number that it was printed with.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Count, DocumentNo, Fen, Id, LegalDate, Line, Ref, Text, says
from schemas.events.penalty import ServiceMethod


class EnforcementDemandServed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The party was called on in writing to do its duty (行政强制执行事先催告书, step B19, ACL 35, 54)."""

    SPEC: ClassVar = Spec(
        name="enforcement_demand.served.v1",
        family="E40",
        origin="both",
        step="B19",
        zh="催告",
        en="Enforcement demand served",
        about_zh="催告书送达当事人，催告其履行义务。",
        about_en="A demand to do its duty was served on the party.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the decision")]
    document_no: Annotated[DocumentNo, says("文号", "number of the demand as printed", "INV-33")]
    decision_no: Annotated[DocumentNo, says("处罚决定文号", "decision that is to be carried out")]
    served_on: Annotated[LegalDate, says("送达日期", "date of service; ten working days run from it", "INV-27")]
    method: Annotated[ServiceMethod, says("送达方式", "way of service", "PPL 61")]
    amount_fen: Annotated[Fen | UnsetType, says("应缴罚款（分）", "fine still due, fen", "ACL 35")] = UNSET
    late_fen: Annotated[Fen | UnsetType, says("加处罚款（分）", "late fine so far, fen", "ACL 45")] = UNSET
    perform_by: Annotated[LegalDate | UnsetType, says("履行期限", "last day that the demand gives", "ACL 35")] = UNSET


class LateFineDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The late fine was fixed (加处罚款决定书, step B17, PPL 72): three per cent a day, never above the fine."""

    SPEC: ClassVar = Spec(
        name="late_fine.decided.v1",
        family="E40",
        origin="office",
        step="B17",
        zh="加处罚款决定",
        en="Late fine decided",
        about_zh="当事人逾期不缴纳罚款，决定加处罚款；可以依法减免。",
        about_en="A late fine was fixed for a fine that was not paid in time; part of it may be waived by law.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the fine")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the decision as printed", "INV-33")] = UNSET
    decision_no: Annotated[DocumentNo, says("处罚决定文号", "decision that was not paid")]
    from_on: Annotated[LegalDate, says("起算日期", "first day that counts", "INV-26")]
    to_on: Annotated[LegalDate, says("截止日期", "last day that counts", "INV-26")]
    days: Annotated[Count, says("计算天数", "days that count, without those of a pending remedy", "INV-26, PPL 73")]
    amount_fen: Annotated[Fen, says("加处罚款（分）", "late fine, fen; at most the fine", "INV-26")]
    waived_fen: Annotated[Fen | UnsetType, says("减免金额（分）", "part that is waived, fen", "INV-26, ACL 42")] = UNSET
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision")]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]


class CourtEnforcementApplied(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The agency applied to the court (强制执行申请书, step B20, ACL 53-55); the head signs, the agency seals."""

    SPEC: ClassVar = Spec(
        name="court_enforcement.applied.v1",
        family="E40",
        origin="office",
        step="B20",
        zh="申请人民法院强制执行",
        en="Court enforcement applied for",
        about_zh="行政机关申请人民法院强制执行。",
        about_en="The agency applied to the court for enforcement.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the decision")]
    document_no: Annotated[DocumentNo, says("文号", "number of the application as printed", "INV-33")]
    decision_no: Annotated[DocumentNo, says("处罚决定文号", "decision that is to be enforced")]
    demand_no: Annotated[DocumentNo | UnsetType, says("催告书文号", "demand that came before", "INV-27")] = UNSET
    court: Annotated[Ref, says("受理法院", "court that is asked", "ACL 54")]
    applied_on: Annotated[LegalDate, says("申请日期", "date of the application", "INV-27")]
    amount_fen: Annotated[Fen | UnsetType, says("申请执行金额（分）", "amount asked for, fen")] = UNSET
    head_signed: Annotated[bool, says("负责人是否签名", "whether the head signed it", "INV-27")]
    signed_by: Annotated[Ref | UnsetType, says("签名负责人", "officer id of the head", "INV-27")] = UNSET
    seal_ref: Annotated[Ref | UnsetType, says("用印编号", "reference of the agency's seal", "ACL 55")] = UNSET


class CourtEnforcementRuled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The court accepted or refused the application, or ruled on it (ACL 56-58)."""

    SPEC: ClassVar = Spec(
        name="court_enforcement.ruled.v1",
        family="E40",
        origin="office",
        step="B20",
        zh="法院执行裁定",
        en="Court enforcement ruled",
        about_zh="人民法院对强制执行申请受理或者作出裁定。",
        about_en="The court took up an application for enforcement or ruled on it.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the decision")]
    application_no: Annotated[DocumentNo | UnsetType, says("申请书文号", "application that is answered")] = UNSET
    court: Annotated[Ref, says("法院", "court that ruled")]
    reference: Annotated[Ref | UnsetType, says("法院案号", "number of the court's case")] = UNSET
    outcome: Annotated[
        Literal["accepted", "not_accepted", "allowed", "partly", "refused", "executed", "ended"],
        says("结果", "what the court did", "ACL 56-58"),
    ]
    accepted_on: Annotated[LegalDate | UnsetType, says("受理日期", "date of acceptance", "ACL 56")] = UNSET
    ruled_on: Annotated[LegalDate, says("裁定日期", "date of what the court did", "ACL 57, 58")]
    reason: Annotated[Text | UnsetType, says("裁定理由", "why, if not allowed")] = UNSET


class ClosureRequested(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The government was asked to close an enterprise (提请关闭, step A17, WSL 113, 115); only it can decide so."""

    SPEC: ClassVar = Spec(
        name="closure.requested.v1",
        family="E40",
        origin="office",
        step="A17",
        zh="提请关闭",
        en="Closure requested",
        about_zh="提请有关人民政府依法关闭生产经营单位。",
        about_en="The government was asked to close an enterprise.",
        tags=("case", "enterprise", "hazard", "document"),
    )

    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if there is one")] = UNSET
    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag")]
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards that it rests on", "WSL 113")
    ] = ()
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the request as printed", "INV-33")] = UNSET
    ground: Annotated[
        Literal["repeated_penalties", "still_unsafe", "unlicensed", "major_accident_refusal", "other"],
        says("提请理由类别", "one of the four grounds, or another", "WSL 113"),
    ]
    penalty_nos: Annotated[
        tuple[DocumentNo, ...],
        Meta(min_length=1, max_length=64),
        says("历次处罚文号", "decisions counted", "WSL 113"),
    ] = ()
    government: Annotated[Ref, says("提请对象", "government that is asked", "INV-22, WSL 115")]
    requested_on: Annotated[LegalDate, says("提请日期", "date of the request")]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]
    reason: Annotated[Line | UnsetType, says("理由", "the reason in words")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (
    EnforcementDemandServed,
    LateFineDecided,
    CourtEnforcementApplied,
    CourtEnforcementRuled,
    ClosureRequested,
)
"""The types of this module, in the order of the process."""
