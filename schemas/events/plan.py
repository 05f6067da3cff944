"""The annual supervision-inspection plan: its draft, approval, revisions and end, and random draws (E09, E10, E11).

The invariant: totals are computed from the items and the days, never taken as typed (handbook 6.1); an item is done
only by what was recorded about its inspection (INV-08).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Id, Instant, LegalDate, Line, Ref, says

Criterion = Literal[
    "fatal_accident",
    "hazards_last_year",
    "penalised_last_year",
    "joint_punishment",
    "exposed",
    "weak_management",
]
"""The six must-include criteria (handbook 1A, row 2)."""
Reduction = Literal["standardised", "well_managed", "publicly_committed"]
"""The three criteria for fewer inspections (handbook 1A, row 3)."""
Deciding = Literal[
    "fatal_accident",
    "hazards_last_year",
    "penalised_last_year",
    "joint_punishment",
    "exposed",
    "weak_management",
    "standardised",
    "well_managed",
    "publicly_committed",
]
"""Any of the nine: the criterion that prevails over the others."""


class PlanItem(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One enterprise to be inspected in the year."""

    item_id: Annotated[Id, says("计划项目编号", "id of the item; tasks name it", "INV-08")]
    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag")]
    kind: Annotated[Literal["key", "general"], says("检查类别", "重点 or 一般", "INV-09")]
    quarter: Annotated[Annotated[int, Meta(ge=1, le=4)] | UnsetType, says("季度", "quarter, 1 to 4")] = UNSET
    days: Annotated[Count | UnsetType, says("计划工作日", "working days of officers", "INV-09")] = UNSET
    visits: Annotated[Count | UnsetType, says("计划次数", "how many visits; one if absent")] = UNSET
    basis: Annotated[
        tuple[Criterion, ...], Meta(min_length=1, max_length=6), says("列入依据", "must-include criteria that hold")
    ] = ()
    reduced: Annotated[Reduction | UnsetType, says("减少频次依据", "criterion for fewer inspections")] = UNSET
    method: Annotated[Line | UnsetType, says("检查方式和内容", "what is checked and how")] = UNSET
    decided_by: Annotated[
        Deciding | UnsetType, says("起决定作用的条件", "criterion that prevails: must-include beats reduce")
    ] = UNSET
    note: Annotated[Line | UnsetType, says("说明", "reason for an exception to the criteria")] = UNSET


class LeftOut(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An enterprise that a must-include criterion named and that the plan leaves out."""

    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag")]
    criteria: Annotated[
        tuple[Criterion, ...], Meta(min_length=1, max_length=6), says("符合的条件", "criteria that hold")
    ] = ()
    reason: Annotated[Line, says("未列入原因", "why it is left out")]


class PlanDays(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The arithmetic of working days (P150): inspection = statutory days × officers − other − non."""

    per_person: Annotated[Count, says("人均法定工作日", "statutory working days of one officer")]
    other: Annotated[
        tuple[Count, ...],
        Meta(min_length=10, max_length=10),
        says("其他执法工作日", "the ten classes of other enforcement days, in the order of the rule"),
    ]
    non: Annotated[
        tuple[Count, ...],
        Meta(min_length=7, max_length=7),
        says("非执法工作日", "the seven classes of other days, in the order of the rule"),
    ]
    total: Annotated[Count | UnsetType, says("总法定工作日（填报）", "total as typed; checked against the sum")] = UNSET
    inspection: Annotated[
        Count | UnsetType, says("监督检查工作日（填报）", "inspection days as typed; checked against the sum")
    ] = UNSET


class PrintedShare(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A percentage as a plan prints it, kept even where the numbers give another one."""

    of: Annotated[
        Literal["other", "non", "inspection", "key"],
        says("占比项目", "what it is the share of: of all days, or (key) of the inspection days"),
    ]
    printed: Annotated[Annotated[str, Meta(min_length=1, max_length=16)], says("印出的占比", "as printed, e.g. 21%")]


class UnitFigures(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What a plan prints for one of the units that make it."""

    unit: Annotated[Ref, says("内设机构", "unit of the authority")]
    officers: Annotated[Count | UnsetType, says("执法人员数", "officers of the unit")] = UNSET
    other: Annotated[Count | UnsetType, says("其他执法工作日", "its other enforcement days")] = UNSET
    non: Annotated[Count | UnsetType, says("非执法工作日", "its non-enforcement days")] = UNSET
    inspection: Annotated[Count | UnsetType, says("监督检查工作日", "its inspection days")] = UNSET


class PlanFigures(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The working days as a plan prints them (P150; handbook 6.1). Nothing of it is computed, and nothing mended."""

    officers: Annotated[Count | UnsetType, says("执法人员数", "number of officers")] = UNSET
    per_person: Annotated[Count | UnsetType, says("人均法定工作日", "statutory working days of one officer")] = UNSET
    total: Annotated[Count | UnsetType, says("总法定工作日", "statutory days of all officers")] = UNSET
    other: Annotated[
        tuple[Count, ...],
        Meta(min_length=10, max_length=10),
        says("其他执法工作日分项", "the ten classes of other enforcement days, in the order of the rule"),
    ] = ()
    other_total: Annotated[Count | UnsetType, says("其他执法工作日", "other enforcement days in all")] = UNSET
    non: Annotated[
        tuple[Count, ...],
        Meta(min_length=7, max_length=7),
        says("非执法工作日分项", "the seven classes of non-enforcement days, in the order of the rule"),
    ] = ()
    non_total: Annotated[Count | UnsetType, says("非执法工作日", "non-enforcement days in all")] = UNSET
    inspection: Annotated[Count | UnsetType, says("监督检查工作日", "inspection days")] = UNSET
    key: Annotated[Count | UnsetType, says("重点检查工作日", "days of key inspections")] = UNSET
    general: Annotated[Count | UnsetType, says("一般检查工作日", "days of general inspections")] = UNSET
    shares: Annotated[
        tuple[PrintedShare, ...], Meta(min_length=1, max_length=4), says("印出的占比", "percentages as printed")
    ] = ()
    formulas: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=20), says("算式", "calculations as printed, e.g. 24天×8=1984")
    ] = ()
    units: Annotated[
        tuple[UnitFigures, ...], Meta(min_length=1, max_length=60), says("分机构", "the same by unit")
    ] = ()


class PlanFile(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The file that a plan came in; its bytes are kept under their digest."""

    sha256: Annotated[Digest, says("文件摘要", "SHA-256 of the file")]
    name: Annotated[Ref, says("文件名", "what the file was called")]
    size: Annotated[Count, says("文件大小（字节）", "bytes of the file")]


class PlanDrafted(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A plan was drafted as it is told here; a later draft replaces it until one is approved. May come in parts."""

    SPEC: ClassVar = Spec(
        name="plan.drafted.v1",
        family="E09",
        origin="office",
        step="A1",
        zh="年度监督检查计划编制",
        en="Annual plan drafted",
        about_zh="编制年度监督检查计划草案，原样记录填报内容。",
        about_en="The annual plan of inspections was drafted; what was typed is recorded as it is.",
        tags=("plan",),
    )

    plan_id: Annotated[Id, says("计划编号", "id of the plan")]
    draft_id: Annotated[Id, says("草案编号", "id of this draft; its parts share it")]
    year: Annotated[Annotated[int, Meta(ge=2000, le=2199)], says("年度", "year of the plan")]
    agency: Annotated[Ref, says("编制机关", "authority whose plan it is")]
    part: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | UnsetType, says("第几部分", "number of this part; 1 if absent")
    ] = UNSET
    parts: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | UnsetType, says("共几部分", "how many parts there are; 1 if absent")
    ] = UNSET
    figures: Annotated[PlanFigures | UnsetType, says("工作日测算（填报）", "working days as printed; first part")] = (
        UNSET
    )
    items: Annotated[
        tuple[PlanItem, ...], Meta(min_length=1, max_length=300), says("计划项目", "enterprises to be inspected")
    ]
    left_out: Annotated[
        tuple[LeftOut, ...], Meta(min_length=1, max_length=300), says("应列未列单位", "candidates that are left out")
    ] = ()
    file: Annotated[PlanFile | UnsetType, says("计划文件", "file that it came in, if it came in one")] = UNSET


class PlanApproved(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The annual plan was approved by the same-level government (step A1). A long one comes in several parts."""

    SPEC: ClassVar = Spec(
        name="plan.approved.v1",
        family="E09",
        origin="office",
        step="A1",
        zh="年度监督检查计划批准",
        en="Annual plan approved",
        about_zh="年度监督检查计划经本级人民政府批准。",
        about_en="The annual plan of inspections was approved by the government of the same level.",
        tags=("plan",),
    )

    plan_id: Annotated[Id, says("计划编号", "id of the plan")]
    year: Annotated[Annotated[int, Meta(ge=2000, le=2199)], says("年度", "year of the plan")]
    agency: Annotated[Ref, says("编制机关", "authority whose plan it is")]
    part: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | UnsetType, says("第几部分", "number of this part; 1 if absent")
    ] = UNSET
    parts: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | UnsetType, says("共几部分", "how many parts there are; 1 if absent")
    ] = UNSET
    headcount: Annotated[Count | UnsetType, says("执法人员数", "number of officers")] = UNSET
    days: Annotated[PlanDays | UnsetType, says("工作日测算", "computation of working days")] = UNSET
    items: Annotated[
        tuple[PlanItem, ...],
        Meta(min_length=1, max_length=300),
        says("计划项目", "enterprises to be inspected", "INV-09"),
    ]
    left_out: Annotated[
        tuple[LeftOut, ...], Meta(min_length=1, max_length=300), says("应列未列单位", "candidates that were left out")
    ] = ()
    approver: Annotated[Ref, says("批准机关", "government that approved")]
    approval_no: Annotated[DocumentNo | UnsetType, says("批准文号", "number of the approval")] = UNSET
    approved_on: Annotated[LegalDate, says("批准日期", "date of approval")]
    draft_id: Annotated[Id | UnsetType, says("草案编号", "draft that was approved")] = UNSET
    responsible_unit: Annotated[Ref | UnsetType, says("责任部门", "unit that answers for the plan")] = UNSET
    responsible: Annotated[Ref | UnsetType, says("责任人编号", "officer id of who answers for the plan")] = UNSET
    figures: Annotated[PlanFigures | UnsetType, says("工作日测算（填报）", "working days as printed; first part")] = (
        UNSET
    )
    file: Annotated[PlanFile | UnsetType, says("计划文件", "file that the draft came in")] = UNSET


class PlanFiled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The approved plan was reported upward (by 10 March)."""

    SPEC: ClassVar = Spec(
        name="plan.filed.v1",
        family="E09",
        origin="office",
        step="A1",
        zh="年度监督检查计划备案",
        en="Annual plan filed",
        about_zh="经批准的年度监督检查计划报上级机关备案。",
        about_en="The approved annual plan was reported to the superior authority.",
        tags=("plan",),
    )

    plan_id: Annotated[Id, says("计划编号", "plan that was filed")]
    filed_with: Annotated[Ref, says("备案机关", "authority that received it")]
    filed_on: Annotated[LegalDate, says("备案日期", "date of filing")]
    reference: Annotated[Ref | UnsetType, says("备案编号", "number that the receiver gave")] = UNSET


class PlanChange(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One change of an item."""

    action: Annotated[Literal["added", "removed", "changed"], says("调整方式", "what is done with the item")]
    item: Annotated[PlanItem, says("计划项目", "the item as it is from now on; as it was, if removed")]
    reason: Annotated[Line, says("调整原因", "why")]


class PlanDraftChanged(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Items of a draft were added, changed or taken out, or a candidate was left out with its reason."""

    SPEC: ClassVar = Spec(
        name="plan_draft.changed.v1",
        family="E09",
        origin="office",
        step="A1",
        zh="计划草案修改",
        en="Draft plan changed",
        about_zh="修改尚未批准的计划草案。",
        about_en="A draft of the annual plan was changed before it was approved.",
        tags=("plan",),
    )

    plan_id: Annotated[Id, says("计划编号", "plan whose draft it is")]
    draft_id: Annotated[Id, says("草案编号", "draft that is changed")]
    changes: Annotated[
        tuple[PlanChange, ...], Meta(min_length=1, max_length=300), says("修改内容", "what changes")
    ] = ()
    left_out: Annotated[
        tuple[LeftOut, ...], Meta(min_length=1, max_length=300), says("应列未列单位", "candidates that are left out")
    ] = ()


class PlanRevisionDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A change of the plan was decided; a major one needs approval within 30 days (DL-19)."""

    SPEC: ClassVar = Spec(
        name="plan_revision.decided.v1",
        family="E10",
        origin="office",
        step="A1",
        zh="计划调整决定",
        en="Plan revision decided",
        about_zh="决定调整年度监督检查计划。",
        about_en="A revision of the annual plan was decided.",
        tags=("plan",),
    )

    plan_id: Annotated[Id, says("计划编号", "plan that is changed")]
    revision_id: Annotated[Id, says("调整编号", "id of the revision")]
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision; DL-19 runs from it", "DL-19")]
    decided_by: Annotated[Ref | UnsetType, says("决定人", "officer id of who decided")] = UNSET
    major: Annotated[bool | UnsetType, says("是否重大调整", "true if held to be major; also computed")] = UNSET
    changes: Annotated[
        tuple[PlanChange, ...], Meta(min_length=1, max_length=300), says("调整内容", "what changes", "INV-09")
    ]
    reason: Annotated[Line, says("调整原因", "why")]
    part: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | UnsetType, says("第几部分", "number of this part; 1 if absent")
    ] = UNSET
    parts: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | UnsetType, says("共几部分", "how many parts there are; 1 if absent")
    ] = UNSET
    figures: Annotated[
        PlanFigures | UnsetType, says("工作日测算（填报）", "working days as the revised plan prints them; first part")
    ] = UNSET
    left_out: Annotated[
        tuple[LeftOut, ...], Meta(min_length=1, max_length=300), says("应列未列单位", "candidates that are left out")
    ] = ()
    file: Annotated[PlanFile | UnsetType, says("计划文件", "file that the revised plan came in; first part")] = UNSET


class PlanRevisionApproved(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A revision was approved again by whoever approved the plan; it holds from then on."""

    SPEC: ClassVar = Spec(
        name="plan_revision.approved.v1",
        family="E10",
        origin="office",
        step="A1",
        zh="计划调整批准",
        en="Plan revision approved",
        about_zh="年度监督检查计划的调整经批准。",
        about_en="A revision of the annual plan was approved.",
        tags=("plan",),
    )

    plan_id: Annotated[Id, says("计划编号", "plan that is changed")]
    revision_id: Annotated[Id, says("调整编号", "revision that was approved")]
    approver: Annotated[Ref, says("批准机关", "government that approved")]
    approval_no: Annotated[DocumentNo | UnsetType, says("批准文号", "number of the approval")] = UNSET
    approved_on: Annotated[LegalDate, says("批准日期", "date of approval", "DL-19")]


class Unfinished(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An item that was not done when the year was closed."""

    item_id: Annotated[Id, says("计划项目编号", "item that was not done", "INV-08")]
    reason: Annotated[Line, says("未完成原因", "why it was not done")]


class PlanClosed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The year of a plan was closed: each item is done by its chain of events, or its reason stands here."""

    SPEC: ClassVar = Spec(
        name="plan.closed.v1",
        family="E09",
        origin="office",
        step="A1",
        zh="年度计划办结",
        en="Plan year closed",
        about_zh="年度监督检查计划办结，未完成项目逐项说明原因。",
        about_en="The year of the plan was closed; each item that was not done has its reason.",
        tags=("plan",),
    )

    plan_id: Annotated[Id, says("计划编号", "plan that was closed")]
    part: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | UnsetType, says("第几部分", "number of this part; 1 if absent")
    ] = UNSET
    parts: Annotated[
        Annotated[int, Meta(ge=1, le=500)] | UnsetType, says("共几部分", "how many parts there are; 1 if absent")
    ] = UNSET
    closed_on: Annotated[LegalDate, says("办结日期", "date on which the year was closed")]
    items: Annotated[Count, says("计划项目数", "items of the plan then")]
    done: Annotated[Count, says("完成项目数", "items that were done by their chains then", "INV-08")]
    unfinished: Annotated[
        tuple[Unfinished, ...], Meta(min_length=1, max_length=300), says("未完成项目", "items not done", "INV-08")
    ] = ()
    remark: Annotated[Line | UnsetType, says("说明", "what else is to be said")] = UNSET


class RandomSelectionAnnounced(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A draw was announced: its pools are frozen and its secret is committed to, before the day of the draw (step A2).

    Nobody can choose the outcome afterwards: the secret is fixed here, and the public number is not known yet.
    """

    SPEC: ClassVar = Spec(
        name="random_selection.announced.v1",
        family="E11",
        origin="office",
        step="A2",
        zh="双随机抽取公告",
        en="Random selection announced",
        about_zh="抽取前固定检查对象和执法人员名录，并公布随机种子的承诺值。",
        about_en="Before a draw its pools were frozen and the hash of its secret made known.",
        tags=("plan",),
    )

    draw_id: Annotated[Id, says("抽取编号", "id of the draw")]
    title: Annotated[Line | UnsetType, says("抽查名称", "what is drawn for, in public words")] = UNSET
    plan_id: Annotated[Id | UnsetType, says("计划编号", "plan under which it will be drawn")] = UNSET
    object_pool_hash: Annotated[Digest, says("对象名录摘要", "SHA-256 of the frozen list of enterprises")]
    officer_pool_hash: Annotated[Digest, says("人员名录摘要", "SHA-256 of the frozen list of officers")]
    object_pool: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=500), says("对象名录", "the list, if it fits into the record")
    ] = ()
    officer_pool: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=500), says("人员名录", "the list, if it fits into the record")
    ] = ()
    objects: Annotated[Annotated[int, Meta(ge=1, le=200)], says("抽取对象数", "how many enterprises will be drawn")]
    team: Annotated[Annotated[int, Meta(ge=1, le=8)], says("每组人数", "officers for each enterprise", "INV-01")]
    algorithm: Annotated[Ref, says("算法", "algorithm, with its version")]
    commitment: Annotated[Digest, says("种子承诺值", "SHA-256 over the secret that will be told at the draw")]
    public_number: Annotated[
        Line, says("公开数来源", "which public number will be mixed in that nobody can know today, e.g. of a lottery")
    ]
    draws_on: Annotated[LegalDate, says("抽取日期", "day of the draw")]


class RecusalEntered(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An officer who may not inspect an enterprise that was drawn, and why; the reason stays inside."""

    enterprise_id: Annotated[Ref, says("抽中对象", "enterprise, as in its tag")]
    officer: Annotated[Ref, says("回避人员", "officer id", "PPL 43")]
    reason: Annotated[Line, says("回避原因", "why", "PPL 43")]


class RandomSelectionPrepared(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The public number of an announced draw was entered, with recusals: a second person looks and tells the secret.

    From here on the names are fixed: secret, pools and public number are on record. Nothing is revealed by it.
    """

    SPEC: ClassVar = Spec(
        name="random_selection.prepared.v1",
        family="E11",
        origin="office",
        step="A2",
        zh="双随机抽取拟揭晓",
        en="Random selection prepared",
        about_zh="登记公开数和应回避人员，等待另一人核对后揭晓。",
        about_en="The public number of a draw and recusals were entered, for a second person to reveal it.",
        tags=("plan",),
    )

    draw_id: Annotated[Id, says("抽取编号", "id of the draw")]
    plan_id: Annotated[Id | UnsetType, says("计划编号", "plan under which it is drawn")] = UNSET
    public: Annotated[
        Annotated[str, Meta(min_length=1, max_length=500)], says("公开数", "the public number, as it is mixed in")
    ]
    recused: Annotated[
        tuple[RecusalEntered, ...], Meta(min_length=1, max_length=64), says("应回避", "who is recused where, and why")
    ] = ()
    prepared_by: Annotated[Ref, says("登记人", "officer id of who entered it")]


class RandomSelectionCancelled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An announced draw will not be made; the announcement stays on record, with the reason beside it."""

    SPEC: ClassVar = Spec(
        name="random_selection.cancelled.v1",
        family="E11",
        origin="office",
        step="A2",
        zh="双随机抽取取消",
        en="Random selection cancelled",
        about_zh="已公告的抽取不再进行，并记录原因。",
        about_en="A draw that was announced will not be made, and why.",
        tags=("plan",),
    )

    draw_id: Annotated[Id, says("抽取编号", "id of the draw")]
    plan_id: Annotated[Id | UnsetType, says("计划编号", "plan under which it would have been drawn")] = UNSET
    reason: Annotated[Line, says("取消原因", "why")]
    cancelled_by: Annotated[Ref, says("取消人", "officer id of who cancelled it")]


class Replacement(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An officer who was drawn and recused, and who came instead."""

    officer: Annotated[Ref, says("回避人员", "officer id of who was recused", "PPL 43")]
    replaced_by: Annotated[Ref, says("递补人员", "officer id of who came instead")]
    reason: Annotated[Line, says("回避原因", "why")]


class RandomSelectionDrawn(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Enterprises and officers were drawn at random from frozen pools (双随机, step A2); anyone can repeat the draw."""

    SPEC: ClassVar = Spec(
        name="random_selection.drawn.v1",
        family="E11",
        origin="office",
        step="A2",
        zh="双随机抽取",
        en="Random selection drawn",
        about_zh="从固定名录中随机抽取检查对象和执法人员。",
        about_en="Enterprises and officers were drawn at random from frozen pools.",
        tags=("plan", "enterprise", "officer"),
    )

    draw_id: Annotated[Id, says("抽取编号", "id of the draw")]
    plan_id: Annotated[Id | UnsetType, says("计划编号", "plan under which it was drawn")] = UNSET
    object_pool_hash: Annotated[Digest, says("对象名录摘要", "SHA-256 of the frozen list of enterprises")]
    officer_pool_hash: Annotated[Digest, says("人员名录摘要", "SHA-256 of the frozen list of officers")]
    object_pool: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=500), says("对象名录", "the list, if it fits into the record")
    ] = ()
    officer_pool: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=500), says("人员名录", "the list, if it fits into the record")
    ] = ()
    algorithm: Annotated[Ref, says("算法", "algorithm, with its version")]
    seed: Annotated[Ref, says("随机种子", "seed with which the draw can be repeated")]
    drawn_objects: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=200), says("抽中对象", "enterprise ids that were drawn")
    ]
    drawn_officers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=200), says("抽中人员", "officer ids that were drawn")
    ]
    recusals: Annotated[
        tuple[Replacement, ...], Meta(min_length=1, max_length=64), says("回避与递补", "officers who were replaced")
    ] = ()
    witness: Annotated[Ref | UnsetType, says("监督人", "who watched the draw")] = UNSET
    drawn_at: Annotated[Instant | UnsetType, says("抽取时刻", "instant of the draw, ms")] = UNSET


class DrawnTeam(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An enterprise that was drawn, and who inspects it."""

    enterprise_id: Annotated[Ref, says("抽中对象", "enterprise, as in its tag")]
    officers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=8), says("抽中人员", "officer ids in the order of the draw")
    ]


class Recused(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Who may not inspect an enterprise, so that the turn passes to the next."""

    enterprise_id: Annotated[Ref, says("抽中对象", "enterprise, as in its tag")]
    officers: Annotated[tuple[Ref, ...], Meta(min_length=1, max_length=64), says("回避人员", "officer ids", "PPL 43")]


class RandomSelectionRevealed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The secret of an announced draw was told: from it, the public number and the pools everybody gets these teams.

    Stands beside the record of the draw (`random_selection.drawn.v1`) and is appended together with it.
    """

    SPEC: ClassVar = Spec(
        name="random_selection.revealed.v1",
        family="E11",
        origin="office",
        step="A2",
        zh="双随机抽取种子公开",
        en="Random selection revealed",
        about_zh="公开抽取种子和公开数，任何人可据此重算各检查组。",
        about_en="Secret and public number of a draw were told, with the teams that they give.",
        tags=("plan", "enterprise", "officer"),
    )

    draw_id: Annotated[Id, says("抽取编号", "id of the draw")]
    commitment: Annotated[Digest, says("种子承诺值", "commitment of the announcement whose secret this is")]
    secret: Annotated[Ref, says("种子", "the secret")]
    public: Annotated[Line, says("公开数", "the public number, as it was mixed in")]
    teams: Annotated[
        tuple[DrawnTeam, ...], Meta(min_length=1, max_length=200), says("检查组", "who inspects which enterprise")
    ]
    recused: Annotated[
        tuple[Recused, ...], Meta(min_length=1, max_length=200), says("应回避", "who was recused for which enterprise")
    ] = ()


TYPES: Final[tuple[type[Body], ...]] = (
    PlanDrafted,
    PlanDraftChanged,
    PlanApproved,
    PlanFiled,
    PlanRevisionDecided,
    PlanRevisionApproved,
    PlanClosed,
    RandomSelectionAnnounced,
    RandomSelectionPrepared,
    RandomSelectionCancelled,
    RandomSelectionDrawn,
    RandomSelectionRevealed,
)
"""The types of this module, in the order of the process."""
