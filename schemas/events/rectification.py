"""Rectification: ordered, reported by the enterprise, extended, and re-inspected (E21, E22, E23).

The invariant: a deadline is a legal date in Asia/Shanghai, taken from the document and never computed here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, DocumentNo, Id, LegalDate, Line, Private, Ref, Text, says


class RectificationOrdered(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A rectification order (责令限期整改指令书, step A12) was issued; its service is a document.served event."""

    SPEC: ClassVar = Spec(
        name="rectification.ordered.v1",
        family="E21",
        origin="both",
        step="A12",
        zh="责令限期整改",
        en="Rectification ordered",
        about_zh="责令限期整改，载明隐患、期限和救济途径。",
        about_en="Rectification of hazards was ordered, with a deadline and the remedies.",
        tags=("hazard", "task", "enterprise", "document"),
    )

    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the order as printed", "INV-33")] = UNSET
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards to be corrected", "INV-06")
    ]
    ordered_on: Annotated[LegalDate | UnsetType, says("责令日期", "date of the order", "INV-06")] = UNSET
    deadline: Annotated[LegalDate, says("整改期限", "last day for correction", "INV-06")]
    remedies_told: Annotated[bool | UnsetType, says("是否告知救济途径", "whether remedies were told")] = UNSET
    document_hash: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the document file")] = UNSET
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag", "INV-06")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task that it came of")] = UNSET


class Extension(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What was decided on a request to extend."""

    granted: Annotated[bool, says("是否同意延期", "whether it was granted")]
    deadline: Annotated[LegalDate | UnsetType, says("延期后的期限", "new last day, if granted", "INV-39")] = UNSET
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of who decided")] = UNSET


class RectificationReported(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The enterprise reported on rectification (step A14), handed to an officer or to the office."""

    SPEC: ClassVar = Spec(
        name="rectification.reported.v1",
        family="E22",
        origin="both",
        step="A14",
        zh="整改情况报告",
        en="Rectification reported",
        about_zh="生产经营单位报告整改情况，可附照片，可申请延期。",
        about_en="The enterprise reported on its rectification, with photos, or asked for more time.",
        tags=("hazard", "enterprise"),
    )

    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards that the report covers")
    ]
    content: Annotated[Text | UnsetType, says("报告内容", "what was done, in the words of the enterprise")] = UNSET
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("证据编号", "photos and papers handed in")
    ] = ()
    extension_requested: Annotated[
        LegalDate | UnsetType, says("申请延期至", "last day that the enterprise asks for")
    ] = UNSET
    extension_decision: Annotated[Extension | UnsetType, says("延期决定", "decision on that request")] = UNSET


class RectificationExtensionDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The office decided on a request for more time; the earlier deadline stays visible (INV-39)."""

    SPEC: ClassVar = Spec(
        name="rectification.extension_decided.v1",
        family="E22",
        origin="office",
        step="A14",
        zh="整改延期决定",
        en="Rectification extension decided",
        about_zh="对生产经营单位的整改延期申请作出决定。",
        about_en="A request of the enterprise for more time was decided.",
        tags=("hazard", "enterprise", "document"),
    )

    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards whose deadline is asked about")
    ]
    order_no: Annotated[DocumentNo | UnsetType, says("指令书文号", "number of the order")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of this decision", "INV-33")] = UNSET
    requested_on: Annotated[LegalDate | UnsetType, says("申请日期", "date of the request")] = UNSET
    granted: Annotated[bool, says("是否同意延期", "whether it was granted", "DL-18")]
    deadline: Annotated[LegalDate | UnsetType, says("延期后的期限", "new last day, if granted", "INV-39, DL-18")] = (
        UNSET
    )
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision")]
    approver: Annotated[Ref, says("批准人", "officer id of who decided")]
    reason: Annotated[Line | UnsetType, says("理由", "why")] = UNSET


class Result(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What the re-inspection found of one hazard."""

    hazard_id: Annotated[Id, says("隐患编号", "hazard that was looked at")]
    outcome: Annotated[
        Literal["corrected", "partly_corrected", "not_corrected"], says("复查结果", "state of the hazard", "INV-07")
    ]
    opinion: Annotated[Line | UnsetType, says("复查意见", "opinion in words")] = UNSET
    before_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("整改前照片", "evidence of the state before", "SIG-19")
    ] = ()
    after_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("整改后照片", "evidence of the state after", "SIG-19")
    ] = ()


class ReinspectionConcluded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Officers re-inspected and gave their opinion (整改复查意见书, step A15). A re-inspection happens on the site."""

    SPEC: ClassVar = Spec(
        name="reinspection.concluded.v1",
        family="E23",
        origin="field",
        step="A15",
        zh="整改复查",
        en="Re-inspection concluded",
        about_zh="执法人员到现场复查整改情况并逐项给出意见。",
        about_en="Officers re-inspected on the site and gave an opinion on each hazard.",
        tags=("hazard", "task", "enterprise", "document"),
    )

    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the opinion as printed", "INV-33")] = UNSET
    results: Annotated[
        tuple[Result, ...], Meta(min_length=1, max_length=200), says("逐项结果", "one for each hazard", "INV-07")
    ]
    officers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("复查人员", "officer ids, if not those in `by`")
    ] = ()
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("证据编号", "photos before and after")
    ] = ()
    reinspected_on: Annotated[LegalDate | UnsetType, says("复查日期", "date that the opinion states", "DL-18")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task of the re-inspection")] = UNSET
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    applied_on: Annotated[LegalDate | UnsetType, says("申请复查日期", "date on which the enterprise asked for it")] = (
        UNSET
    )
    signer: Annotated[Ref | UnsetType, says("签字人职务", "role of the person who signed for the enterprise")] = UNSET
    signer_name: Annotated[Private | UnsetType, says("签字人姓名", "commitment to the name of the signer")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (
    RectificationOrdered,
    RectificationReported,
    RectificationExtensionDecided,
    ReinspectionConcluded,
)
"""The types of this module, in the order of the process."""
