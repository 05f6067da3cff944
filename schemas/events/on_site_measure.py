"""On-site measures (现场处理措施): ordered and lifted (E20). They are not penalties.

The invariant: a measure lasts until it is lifted after an examination on the site, with consent (WSL 65).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, DocumentNo, Id, Instant, LegalDate, Line, Ref, Text, says


class Measure(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was ordered at once."""

    kind: Annotated[
        Literal[
            "remove_at_once",
            "evacuate",
            "stop_production",
            "stop_construction",
            "stop_using_equipment",
            "stop_dangerous_work",
            "other",
        ],
        says("措施种类", "what was ordered", "WSL 65"),
    ]
    object: Annotated[Line | UnsetType, says("对象", "place, work or equipment")] = UNSET


class OnSiteMeasureOrdered(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Immediate measures were ordered on the site (现场处理措施决定书, step A11)."""

    SPEC: ClassVar = Spec(
        name="on_site_measure.ordered.v1",
        family="E20",
        origin="both",
        step="A11",
        zh="现场处理措施决定",
        en="On-site measure ordered",
        about_zh="对现场存在的隐患当场作出处理措施决定。",
        about_en="Immediate measures against hazards were ordered on the site.",
        tags=("hazard", "task", "enterprise", "document"),
    )

    measure_id: Annotated[Id, says("措施编号", "id of the measures")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the decision as printed", "INV-33")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task during which it was ordered")] = UNSET
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    measures: Annotated[
        tuple[Measure, ...], Meta(min_length=1, max_length=64), says("处理措施", "what was ordered", "WSL 65")
    ]
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards that made it necessary")
    ] = ()
    ordered_at: Annotated[Instant | UnsetType, says("决定时刻", "instant of the decision, ms")] = UNSET
    until: Annotated[LegalDate | UnsetType, says("期限", "last day, if there is one")] = UNSET
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of the head who approved")] = UNSET
    approved_at: Annotated[Instant | UnsetType, says("批准时刻", "instant of approval, ms")] = UNSET
    document_hash: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the document file")] = UNSET


class OnSiteMeasureLifted(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Measures were examined on the site and lifted, or kept (WSL 65: resume only after examination and consent)."""

    SPEC: ClassVar = Spec(
        name="on_site_measure.lifted.v1",
        family="E20",
        origin="both",
        step="A11",
        zh="现场处理措施解除",
        en="On-site measure lifted",
        about_zh="经审查同意，解除或维持现场处理措施。",
        about_en="Immediate measures were lifted, or kept, after an examination on the site.",
        tags=("hazard", "task", "enterprise", "document"),
    )

    measure_id: Annotated[Id, says("措施编号", "measures that were examined")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the decision as printed", "INV-33")] = UNSET
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards that were examined")
    ] = ()
    applied_on: Annotated[LegalDate | UnsetType, says("申请日期", "date on which the enterprise applied")] = UNSET
    examined_on: Annotated[LegalDate, says("审查日期", "date of the examination on the site", "WSL 65")]
    outcome: Annotated[Literal["lifted", "partly_lifted", "kept"], says("审查结果", "what was decided", "WSL 65")]
    opinion: Annotated[Text | UnsetType, says("审查意见", "opinion in words")] = UNSET
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of the head who consented")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (OnSiteMeasureOrdered, OnSiteMeasureLifted)
"""The types of this module, in the order of the process."""
