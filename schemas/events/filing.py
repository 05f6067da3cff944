"""What happens to a case while it is investigated: not filed, handlers changed, period extended, paused, resumed (E26).

The period for deciding runs from filing (INV-20); what stretches or stops it stands here with its own dates, so that a
deadline can be computed again from the acts alone. The invariant: every one of these is decided by the head, so all are
office types.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.case import Party
from schemas.events.fields import Count, DocumentNo, Id, LegalDate, Line, Ref, Text, says


class CaseNotFiled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """It was decided in writing not to file a case (不予立案审批表, step B2, PPL 33, 36, 54; SIG-21 asks for it)."""

    SPEC: ClassVar = Spec(
        name="case.not_filed.v1",
        family="E26",
        origin="office",
        step="B2",
        zh="不予立案",
        en="Case not filed",
        about_zh="经行政机关负责人批准，对线索不予立案，并说明理由。",
        about_en="The head of the agency decided in writing not to file a case on a lead.",
        tags=("case", "hazard", "task", "enterprise", "document"),
    )

    case_id: Annotated[Id, says("线索编号", "id of the lead, which would have been that of the case")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the approval as printed", "INV-33")] = UNSET
    ground: Annotated[
        Literal["no_violation", "minor_corrected", "first_minor", "time_barred", "not_competent", "other"],
        says("不予立案理由类别", "ground of not filing", "PPL 33, 36, 54"),
    ]
    reason: Annotated[Text, says("不予立案理由", "the reason in words", "PPL 33")]
    party: Annotated[Party | UnsetType, says("当事人", "who was suspected")] = UNSET
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "hazards that the lead rests on")
    ] = ()
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection that brought it up")] = UNSET
    tip_id: Annotated[Id | UnsetType, says("举报编号", "tip that brought it up")] = UNSET
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision")]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved", "PPL 54")]


class CaseHandlersChanged(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Other officers took over the case (step B3): after a recusal, a transfer of posts, or to strengthen the team."""

    SPEC: ClassVar = Spec(
        name="case.handlers_changed.v1",
        family="E26",
        origin="office",
        step="B3",
        zh="变更承办人",
        en="Case handlers changed",
        about_zh="经批准变更案件承办人。",
        about_en="The handlers of a case were changed with approval.",
        tags=("case", "officer"),
    )

    case_id: Annotated[Id, says("案件编号", "case that is handled")]
    handlers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("承办人", "all handlers from now on", "INV-01, INV-18")
    ]
    removed: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("不再承办的人员", "officer ids who left the case")
    ] = ()
    changed_on: Annotated[LegalDate, says("变更日期", "date from which it holds")]
    reason: Annotated[Line, says("变更原因", "why, e.g. recusal", "PPL 43")]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]


class CasePeriodExtended(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The period for deciding was extended (延长办案期限审批表, PPL 60 and the ladder of the ministry's rule)."""

    SPEC: ClassVar = Spec(
        name="case.period_extended.v1",
        family="E26",
        origin="office",
        step="B4",
        zh="延长办案期限",
        en="Case period extended",
        about_zh="经批准延长案件办理期限。",
        about_en="The period for deciding a case was extended with approval.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case whose period is extended")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the approval as printed", "INV-33")] = UNSET
    step: Annotated[Count, says("延期档次", "step of the ladder of extensions, from 1", "INV-20")]
    last_day: Annotated[LegalDate, says("延长后的最后期限", "new last day for deciding", "INV-20, INV-39")]
    decided_on: Annotated[LegalDate, says("批准日期", "date of approval; must lie within the old period", "INV-20")]
    reason: Annotated[Text, says("延期理由", "why the case cannot be decided in time", "PPL 60")]
    discussed: Annotated[
        bool | UnsetType, says("是否经集体讨论", "whether the heads discussed it, where the step asks for it")
    ] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved", "INV-20")]


class CaseSuspended(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The case was suspended (中止调查): its period stands still if the rules say so of that ground."""

    SPEC: ClassVar = Spec(
        name="case.suspended.v1",
        family="E26",
        origin="office",
        step="B4",
        zh="中止调查",
        en="Case suspended",
        about_zh="经批准中止案件调查；是否停止计算期限以规则为准。",
        about_en="A case was suspended with approval; whether its period stands still is a matter of the rules.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case that is suspended")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the approval as printed", "INV-33")] = UNSET
    ground: Annotated[
        Literal[
            "appraisal",
            "hearing",
            "public_notice",
            "other_decision",
            "interpretation",
            "criminal",
            "party_missing",
            "force_majeure",
            "other",
        ],
        says("中止事由", "ground; decides whether the period stands still", "INV-20, INV-39"),
    ]
    suspended_on: Annotated[LegalDate, says("中止日期", "first day on which the period stands still", "INV-20")]
    basis_event: Annotated[Id | UnsetType, says("依据事件", "event id of the appraisal or other act behind it")] = UNSET
    reason: Annotated[Text, says("中止理由", "the reason in words")]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]


class CaseResumed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A suspended case goes on (恢复调查)."""

    SPEC: ClassVar = Spec(
        name="case.resumed.v1",
        family="E26",
        origin="office",
        step="B4",
        zh="恢复调查",
        en="Case resumed",
        about_zh="中止事由消除，经批准恢复案件调查。",
        about_en="The ground of suspension fell away and the case goes on.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case that goes on")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the approval as printed", "INV-33")] = UNSET
    suspension: Annotated[Id | UnsetType, says("中止事件", "event id of the suspension; the latest if absent")] = UNSET
    resumed_on: Annotated[LegalDate, says("恢复日期", "first day that counts again", "INV-20, INV-39")]
    reason: Annotated[Text | UnsetType, says("恢复理由", "why it can go on")] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]


TYPES: Final[tuple[type[Body], ...]] = (
    CaseNotFiled,
    CaseHandlersChanged,
    CasePeriodExtended,
    CaseSuspended,
    CaseResumed,
)
"""The types of this module, in the order of the process."""
