"""Accidents (生产安全事故): reported, investigation report approved, evaluation published (E46).

The invariant: casualties change for thirty days; each report is an act of its own and the newest by its own instant
holds.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Fen, Id, Instant, LegalDate, Line, Ref, Text, says

Grade = Literal["especially_major", "major", "larger", "general"]
"""特别重大, 重大, 较大, 一般 (ACC493 3)."""


class AccidentReported(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An accident was reported to the authority, first or again (ACC493 9, 11, 13)."""

    SPEC: ClassVar = Spec(
        name="accident.reported.v1",
        family="E46",
        origin="office",
        step="R5",
        zh="事故报告",
        en="Accident reported",
        about_zh="收到生产安全事故报告或续报。",
        about_en="An accident was reported, or a report was supplemented.",
        tags=("enterprise", "tip"),
    )

    accident_id: Annotated[Id, says("事故编号", "id of the accident")]
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    kind: Annotated[Literal["first", "supplement"], says("报告种类", "first report or supplement")]
    happened_at: Annotated[Instant, says("发生时刻", "instant of the accident, ms")]
    reported_at: Annotated[Instant, says("报告时刻", "instant of the report to the authority, ms", "ACC493 9")]
    forwarded_at: Annotated[Instant | UnsetType, says("上报时刻", "instant of passing it on, ms", "ACC493 11")] = UNSET
    place: Annotated[Line | UnsetType, says("地点", "where it happened")] = UNSET
    grade: Annotated[Grade | UnsetType, says("事故等级", "grade as held so far", "ACC493 3")] = UNSET
    deaths: Annotated[Count | UnsetType, says("死亡人数", "deaths so far", "SIG-22")] = UNSET
    missing: Annotated[Count | UnsetType, says("失踪人数", "missing so far")] = UNSET
    seriously_injured: Annotated[Count | UnsetType, says("重伤人数", "serious injuries so far", "SIG-22")] = UNSET
    direct_loss_fen: Annotated[Fen | UnsetType, says("直接经济损失（分）", "direct loss, fen", "SIG-22")] = UNSET
    concealed: Annotated[bool | UnsetType, says("是否瞒报谎报", "true if it was concealed or misreported")] = UNSET
    course: Annotated[Text | UnsetType, says("事故经过", "what happened, without personal data")] = UNSET


class PastInspection(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An earlier inspection that the investigation names (SIG-25)."""

    agency: Annotated[Ref, says("检查机关", "authority that inspected", "SIG-25")]
    on: Annotated[LegalDate, says("检查日期", "date of the inspection", "SIG-25")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of its record", "SIG-25")] = UNSET


class AccidentReportApproved(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The government replied to the investigation report (ACC493 32); the evaluation is due a year later."""

    SPEC: ClassVar = Spec(
        name="accident.report_approved.v1",
        family="E46",
        origin="office",
        step="R5",
        zh="事故调查报告批复",
        en="Accident report approved",
        about_zh="人民政府对事故调查报告作出批复。",
        about_en="The government replied to the investigation report of an accident.",
        tags=("enterprise", "document"),
    )

    accident_id: Annotated[Id, says("事故编号", "accident that was investigated")]
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    grade: Annotated[Grade, says("事故等级", "grade as established", "ACC493 3")]
    submitted_on: Annotated[LegalDate, says("提交日期", "date on which the report was submitted", "ACC493 29")]
    approved_on: Annotated[LegalDate, says("批复日期", "date of the reply", "DL-25")]
    approver: Annotated[Ref, says("批复机关", "government that replied")]
    document_no: Annotated[DocumentNo | UnsetType, says("批复文号", "number of the reply")] = UNSET
    report_hash: Annotated[Digest | UnsetType, says("报告摘要", "SHA-256 of the report")] = UNSET
    past_inspections: Annotated[
        tuple[PastInspection, ...],
        Meta(min_length=1, max_length=200),
        says("以往检查", "inspections it names", "SIG-25"),
    ] = ()


class AccidentEvaluationPublished(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The evaluation of how the measures were carried out was published (WSL 86)."""

    SPEC: ClassVar = Spec(
        name="accident.evaluation_published.v1",
        family="E46",
        origin="office",
        step="R5",
        zh="事故整改评估公开",
        en="Accident evaluation published",
        about_zh="公开事故防范和整改措施落实情况的评估。",
        about_en="The evaluation of the measures after an accident was published.",
        tags=("enterprise",),
    )

    accident_id: Annotated[Id, says("事故编号", "accident whose measures were evaluated")]
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    published_on: Annotated[LegalDate, says("公开日期", "date of publication", "DL-25")]
    evaluation_hash: Annotated[Digest | UnsetType, says("评估报告摘要", "SHA-256 of the evaluation")] = UNSET
    finding: Annotated[Text | UnsetType, says("评估结论", "what was found")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (AccidentReported, AccidentReportApproved, AccidentEvaluationPublished)
"""The types of this module, in the order of the process."""
