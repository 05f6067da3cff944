"""The annual supervision-inspection plan, its revisions, and random draws (E09, E10, E11).

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
    reduced: Annotated[
        Literal["standardised", "well_managed", "publicly_committed"] | UnsetType,
        says("减少频次依据", "criterion for fewer inspections"),
    ] = UNSET
    method: Annotated[Line | UnsetType, says("检查方式和内容", "what is checked and how")] = UNSET


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
    PlanApproved,
    PlanFiled,
    PlanRevisionDecided,
    PlanRevisionApproved,
    RandomSelectionAnnounced,
    RandomSelectionPrepared,
    RandomSelectionCancelled,
    RandomSelectionDrawn,
    RandomSelectionRevealed,
)
"""The types of this module, in the order of the process."""
