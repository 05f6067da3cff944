"""Compulsory measures: things sealed or seized (查封、扣押), reported, extended, ended (E28, step A13, ACL 16-28).

The invariant: all acts of one measure share `measure_id`. That approval came before, or within 24 hours if it was
urgent (INV-37), is judged, never assumed; so approver and instants are optional here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, DocumentNo, Id, Instant, LegalDate, Line, Ref, Text, says
from schemas.events.preservation import Item


class TestPeriod(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Days of testing, inspection or appraisal, which the period of a measure does not count (ACL 25)."""

    __test__: ClassVar[bool] = False  # a test runner collects classes by this prefix

    start: Annotated[LegalDate, says("开始日期", "first day that does not count", "ACL 25")]
    end: Annotated[LegalDate, says("结束日期", "last day that does not count", "ACL 25")]
    purpose: Annotated[Line | UnsetType, says("检测鉴定事项", "what is tested or appraised")] = UNSET
    party_told: Annotated[bool | UnsetType, says("是否书面告知", "whether the party was told in writing")] = UNSET


class CompulsoryMeasureImposed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Premises, equipment or goods were sealed or seized (查封（扣押）决定书), with a list, by two officers."""

    SPEC: ClassVar = Spec(
        name="compulsory_measure.imposed.v1",
        family="E28",
        origin="both",
        step="A13",
        zh="查封扣押",
        en="Compulsory measure imposed",
        about_zh="对场所、设施或者财物实施查封、扣押。",
        about_en="Premises, equipment or goods were sealed or seized.",
        tags=("case", "task", "hazard", "enterprise", "document"),
    )

    measure_id: Annotated[Id, says("强制措施编号", "id of the measure")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection during which it was done")] = UNSET
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards that it is to stop")
    ] = ()
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the decision as printed", "INV-33")] = UNSET
    kind: Annotated[Literal["seal", "seize", "other"], says("措施种类", "查封, 扣押 or another", "ACL 9")]
    items: Annotated[
        tuple[Item, ...], Meta(min_length=1, max_length=200), says("物品清单", "list, in duplicate", "ACL 24")
    ] = ()
    bases: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("依据", "clauses that give the power", "ACL 17, 24")
    ] = ()
    item_code: Annotated[Ref | UnsetType, says("权力事项编码", "item of the published list of powers")] = UNSET
    imposed_at: Annotated[Instant, says("实施时刻", "instant at which it was imposed, ms", "INV-37, ACL 43")]
    imposed_on: Annotated[LegalDate, says("实施日期", "date of the decision; 30 days run from it", "ACL 25")]
    ends_on: Annotated[LegalDate, says("截止日期", "last day as the decision states it", "ACL 25")]
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of the head who approved before", "INV-37")] = UNSET
    approved_at: Annotated[Instant | UnsetType, says("批准时刻", "instant of approval, ms", "INV-37")] = UNSET
    urgent: Annotated[bool, says("是否情况紧急", "true if approval follows within 24 hours", "INV-37")]
    suspension_for_test: Annotated[
        tuple[TestPeriod, ...], Meta(min_length=1, max_length=16), says("检测鉴定期间", "days of testing", "ACL 25")
    ] = ()
    reasons_told: Annotated[
        bool | UnsetType, says("是否告知理由和权利", "whether reasons, rights and remedies were told", "ACL 18")
    ] = UNSET
    party_present: Annotated[bool | UnsetType, says("当事人是否到场", "whether the party was there", "ACL 18")] = UNSET
    witness: Annotated[Ref | UnsetType, says("见证人身份", "role of the witness, if the party was absent")] = UNSET
    list_delivered: Annotated[
        bool | UnsetType, says("决定书和清单是否当场交付", "decision and list handed over on the spot", "ACL 24")
    ] = UNSET
    document_hash: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the document file")] = UNSET


class CompulsoryMeasureReported(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An urgent measure was reported to the head, who approved it afterwards or had it lifted (ACL 19)."""

    SPEC: ClassVar = Spec(
        name="compulsory_measure.reported.v1",
        family="E28",
        origin="both",
        step="A13",
        zh="紧急强制措施补报",
        en="Compulsory measure reported",
        about_zh="情况紧急当场实施强制措施后，向行政机关负责人报告并补办批准手续。",
        about_en="An urgent compulsory measure was reported to the head of the agency for approval afterwards.",
        tags=("case", "task"),
    )

    measure_id: Annotated[Id, says("强制措施编号", "the measure")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    reported_at: Annotated[Instant, says("报告时刻", "instant of the report, ms; 24 hours at most", "INV-37")]
    reported_to: Annotated[Ref, says("报告对象", "officer id of the head", "ACL 19")]
    approved: Annotated[bool | UnsetType, says("是否批准", "whether the head approved it afterwards", "ACL 19")] = UNSET
    approved_at: Annotated[Instant | UnsetType, says("批准时刻", "instant of approval, ms", "INV-37")] = UNSET


class CompulsoryMeasureExtended(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A measure was extended (延长查封（扣押）期限决定书), once, or days of testing were taken out of its period."""

    SPEC: ClassVar = Spec(
        name="compulsory_measure.extended.v1",
        family="E28",
        origin="office",
        step="A13",
        zh="强制措施延期",
        en="Compulsory measure extended",
        about_zh="经批准延长查封、扣押期限，或者扣除检测鉴定期间。",
        about_en="The period of a compulsory measure was extended, or days of testing were taken out of it.",
        tags=("case", "task", "document"),
    )

    measure_id: Annotated[Id, says("强制措施编号", "the measure")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the decision as printed", "INV-33")] = UNSET
    ends_on: Annotated[LegalDate, says("延长后的截止日期", "new last day", "ACL 25, INV-39")]
    suspension_for_test: Annotated[
        tuple[TestPeriod, ...], Meta(min_length=1, max_length=16), says("检测鉴定期间", "days of testing", "ACL 25")
    ] = ()
    reason: Annotated[Text, says("延期理由", "why, as told to the party in writing", "ACL 25")]
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision")]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved", "ACL 25")]


class CompulsoryMeasureEnded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A measure ended (解除查封（扣押）决定书): lifted, confiscated by a decision, or handed over with the case."""

    SPEC: ClassVar = Spec(
        name="compulsory_measure.ended.v1",
        family="E28",
        origin="both",
        step="A13",
        zh="强制措施解除",
        en="Compulsory measure ended",
        about_zh="查封、扣押解除，或者财物依法处理。",
        about_en="A compulsory measure was lifted, or the things were dealt with by law.",
        tags=("case", "task", "document"),
    )

    measure_id: Annotated[Id, says("强制措施编号", "the measure")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the decision as printed", "INV-33")] = UNSET
    ground: Annotated[
        Literal["no_violation", "not_related", "decided", "expired", "not_needed", "transferred", "other"],
        says("解除理由", "ground of ending", "ACL 27, 28"),
    ]
    returned: Annotated[bool | UnsetType, says("财物是否退还", "whether the things were given back", "ACL 28")] = UNSET
    ended_on: Annotated[LegalDate, says("解除日期", "date from which it no longer holds", "ACL 28")]
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of the head who approved")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (
    CompulsoryMeasureImposed,
    CompulsoryMeasureReported,
    CompulsoryMeasureExtended,
    CompulsoryMeasureEnded,
)
"""The types of this module, in the order of the process."""
