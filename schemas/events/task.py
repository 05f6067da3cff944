"""Inspection tasks: who is to inspect which enterprise, why, and by whose approval (E12).

The invariant: a scheme without an approver is not an approval; whether it came before the entry is judged by INV-04.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Part, Spec
from schemas.events.fields import DocumentNo, Id, Instant, Ref, Text, says


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
    lead_agency: Annotated[Ref | UnsetType, says("牵头单位", "agency that leads a joint inspection")] = UNSET
