"""Inspection tasks: assigned, approved, changed, cancelled, concluded; the result told, and talks (E12).

The invariant: a scheme without an approver is not an approval; whether it came before the entry is judged by INV-04.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import (
    Count,
    Digest,
    DocumentNo,
    Id,
    Instant,
    LegalDate,
    Line,
    Private,
    Ref,
    Text,
    says,
)


class Scheme(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The inspection scheme (现场检查方案) and its approval."""

    content: Annotated[Text, says("方案内容", "what is to be checked and how")]
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of the head who approved", "INV-04")] = UNSET
    approved_at: Annotated[Instant | UnsetType, says("批准时刻", "instant of approval, ms", "INV-04")] = UNSET


class TaskAssigned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Two or more officers were named and the scheme approved (steps A3, A4). Approval is the head's: office only."""

    SPEC: ClassVar = Spec(
        name="task.assigned.v1",
        family="E12",
        origin="office",
        step="A3",
        zh="检查任务下达",
        en="Inspection task assigned",
        about_zh="下达检查任务，确定检查人员并批准现场检查方案。",
        about_en="An inspection was assigned to officers and its scheme approved.",
        tags=("task", "enterprise", "plan", "officer"),
    )

    task_id: Annotated[Id, says("任务编号", "id of the task")]
    source: Annotated[
        Literal[
            "plan",
            "double_random",
            "tip",
            "transferred",
            "campaign",
            "accident",
            "lookback",
            "reinspection",
            "joint",
            "data_triggered",
            "credit_triggered",
        ],
        says("任务来源", "what triggered the inspection"),
    ]
    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise to be inspected, as in its tag")]
    officers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("检查人员", "officer ids, two or more", "INV-01")
    ]
    plan_item_id: Annotated[Id | UnsetType, says("计划项目编号", "item of the annual plan", "INV-08")] = UNSET
    scheme: Annotated[Scheme | UnsetType, says("现场检查方案", "inspection scheme and approval", "INV-04")] = UNSET
    notice_no: Annotated[DocumentNo | UnsetType, says("检查通知书文号", "number of the notice, if one was sent")] = (
        UNSET
    )
    unannounced: Annotated[bool | UnsetType, says("是否不打招呼检查", "true if no notice is given")] = UNSET
    urgent: Annotated[bool | UnsetType, says("是否紧急（事后补批）", "true if approval follows the act", "INV-04")] = (
        UNSET
    )
    lead_agency: Annotated[Ref | UnsetType, says("牵头单位", "agency that leads a joint inspection", "SIG-18")] = UNSET
    partners: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("联合单位", "other agencies that take part", "SIG-18")
    ] = ()
    plan_id: Annotated[Id | UnsetType, says("计划编号", "plan of that item", "INV-08")] = UNSET
    tip_id: Annotated[Id | UnsetType, says("举报编号", "tip that is verified", "SIG-18")] = UNSET
    draw_id: Annotated[Id | UnsetType, says("抽取编号", "random draw that named it")] = UNSET
    basis_event: Annotated[
        Id | UnsetType, says("触发事件", "event that caused it: order, closing decision, accident", "SIG-18")
    ] = UNSET
    trigger: Annotated[Line | UnsetType, says("触发说明", "alert or handover that caused it, in words", "SIG-18")] = (
        UNSET
    )
    campaign: Annotated[Ref | UnsetType, says("专项行动", "campaign that it belongs to")] = UNSET
    kind: Annotated[Literal["key", "general"] | UnsetType, says("检查类别", "重点 or 一般", "INV-09")] = UNSET
    from_on: Annotated[LegalDate | UnsetType, says("检查起始日期", "first day on which it may be done", "SIG-12")] = (
        UNSET
    )
    to_on: Annotated[LegalDate | UnsetType, says("检查截止日期", "last day on which it may be done", "SIG-12")] = UNSET
    visit_number: Annotated[
        Count | UnsetType, says("本年度第几次检查", "which inspection of the year it is, as the notice says", "SIG-18")
    ] = UNSET
    checklist: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=200), says("检查表项目", "items to be checked; mandatory first")
    ] = ()


class TaskApproved(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The scheme was approved by an act of its own: later than the assignment, or afterwards if it was urgent."""

    SPEC: ClassVar = Spec(
        name="task.approved.v1",
        family="E12",
        origin="office",
        step="A3",
        zh="检查任务批准",
        en="Inspection task approved",
        about_zh="负责人批准检查任务及其现场检查方案。",
        about_en="The head approved an inspection and its scheme.",
        tags=("task", "enterprise"),
    )

    task_id: Annotated[Id, says("任务编号", "task that was approved", "INV-04")]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved", "INV-04")]
    approved_at: Annotated[Instant, says("批准时刻", "instant of approval, ms", "INV-04")]
    scheme_hash: Annotated[Digest | UnsetType, says("方案摘要", "SHA-256 of the scheme that was approved")] = UNSET
    afterwards: Annotated[
        bool | UnsetType, says("是否事后补批", "true if entry was urgent and came first", "INV-04")
    ] = UNSET
    opinion: Annotated[Line | UnsetType, says("批准意见", "opinion in words")] = UNSET


class TaskCancelled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A task was cancelled before it was carried out."""

    SPEC: ClassVar = Spec(
        name="task.cancelled.v1",
        family="E12",
        origin="office",
        step="A3",
        zh="检查任务撤销",
        en="Inspection task cancelled",
        about_zh="撤销尚未实施的检查任务。",
        about_en="An inspection was cancelled before it was carried out.",
        tags=("task", "enterprise", "plan"),
    )

    task_id: Annotated[Id, says("任务编号", "task that was cancelled", "SIG-32")]
    plan_item_id: Annotated[Id | UnsetType, says("计划项目编号", "plan item that stays open", "INV-08")] = UNSET
    reason: Annotated[Line, says("撤销原因", "why", "SIG-32")]
    approver: Annotated[Ref, says("批准人", "officer id of who approved", "SIG-32")]


class TaskOfficersChanged(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Other officers were named for a task."""

    SPEC: ClassVar = Spec(
        name="task.officers_changed.v1",
        family="E12",
        origin="office",
        step="A3",
        zh="检查人员变更",
        en="Officers of a task changed",
        about_zh="变更检查任务的检查人员。",
        about_en="Other officers were named for an inspection.",
        tags=("task", "officer"),
    )

    task_id: Annotated[Id, says("任务编号", "task whose officers change")]
    officers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("检查人员", "all officers from now on", "INV-01")
    ]
    reason: Annotated[Line, says("变更原因", "why; recusal, illness, other duty", "PPL 43")]
    approver: Annotated[Ref, says("批准人", "officer id of who approved")]


class TaskConcluded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The inspection was concluded. The plan item is done only if what INV-08 asks for is there."""

    SPEC: ClassVar = Spec(
        name="task.concluded.v1",
        family="E12",
        origin="both",
        step="A19",
        zh="检查任务办结",
        en="Inspection concluded",
        about_zh="检查任务办结并记明结果。",
        about_en="An inspection was concluded with its outcome.",
        tags=("task", "enterprise", "case", "hazard", "plan"),
    )

    task_id: Annotated[Id, says("任务编号", "task that was concluded", "INV-08")]
    outcome: Annotated[
        Literal["no_problem", "ordered", "case_filed", "transferred", "no_entry"],
        says("办结结果", "what came of it", "INV-08"),
    ]
    concluded_on: Annotated[LegalDate | UnsetType, says("办结日期", "date of conclusion", "DL-12")] = UNSET
    case_id: Annotated[Id | UnsetType, says("案件编号", "case that was filed")] = UNSET
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("证据编号", "photos, above all if there was no entry")
    ] = ()
    no_entry_reason: Annotated[
        Literal["closed", "moved", "refused"] | UnsetType, says("未能入场原因", "why nobody could enter", "INV-08")
    ] = UNSET
    guidance: Annotated[
        Line | UnsetType, says("指导情况", "guidance or persuasion given, never instead of a penalty")
    ] = UNSET


class InspectionResultTold(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The enterprise was told the result of the inspection (step A19)."""

    SPEC: ClassVar = Spec(
        name="inspection_result.told.v1",
        family="E12",
        origin="both",
        step="A19",
        zh="行政检查结果告知",
        en="Inspection result told",
        about_zh="将行政检查结果告知被检查单位。",
        about_en="The enterprise was told the result of the inspection.",
        tags=("task", "enterprise", "document"),
    )

    task_id: Annotated[Id, says("任务编号", "task whose result was told")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the notice as printed", "INV-33")] = UNSET
    told_on: Annotated[LegalDate, says("告知日期", "date on which it was told")]
    method: Annotated[
        Literal["on_site", "post", "electronic", "collected"] | UnsetType, says("告知方式", "how it was told")
    ] = UNSET
    content: Annotated[Text, says("告知内容", "the result in the words of the notice")]
    recipient: Annotated[Ref | UnsetType, says("接收人职务", "role of who received it")] = UNSET
    recipient_name: Annotated[Private | UnsetType, says("接收人姓名", "commitment to the name of that person")] = UNSET


class TalkHeld(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A talk, an admonition or a lesson was given (约谈, 警示教育); never in place of a penalty that is due."""

    SPEC: ClassVar = Spec(
        name="talk.held.v1",
        family="E12",
        origin="both",
        step="A17",
        zh="约谈与警示教育",
        en="Talk held",
        about_zh="对生产经营单位约谈、告诫或开展警示教育。",
        about_en="A talk or an admonition was held with an enterprise, or safety education was given.",
        tags=("task", "enterprise", "hazard"),
    )

    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag")]
    kind: Annotated[Literal["talk", "admonition", "education", "guidance"], says("种类", "what was held")]
    held_on: Annotated[LegalDate, says("日期", "date of the talk")]
    task_id: Annotated[Id | UnsetType, says("任务编号", "task that it belongs to")] = UNSET
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards that it was about")
    ] = ()
    content: Annotated[Text, says("内容", "what was said and asked for")]
    person_met: Annotated[Ref | UnsetType, says("被约谈人职务", "role of the person spoken to")] = UNSET
    person_met_name: Annotated[Private | UnsetType, says("被约谈人姓名", "commitment to the name of that person")] = (
        UNSET
    )


TYPES: Final[tuple[type[Body], ...]] = (
    TaskAssigned,
    TaskApproved,
    TaskCancelled,
    TaskOfficersChanged,
    TaskConcluded,
    InspectionResultTold,
    TalkHeld,
)
"""The types of this module, in the order of the process."""
