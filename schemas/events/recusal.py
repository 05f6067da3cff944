"""Recusal (回避, step B3, PPL 43): asked for, and decided by the head (E26).

Until it is decided the investigation goes on. The invariant: each request and each decision names one officer.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import DocumentNo, Id, LegalDate, Line, Ref, Text, says


class RecusalRequested(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The party asked that an officer be recused, or the officer did."""

    SPEC: ClassVar = Spec(
        name="recusal.requested.v1",
        family="E26",
        origin="both",
        step="B3",
        zh="申请回避",
        en="Recusal requested",
        about_zh="当事人申请执法人员回避，或执法人员自行申请回避。",
        about_en="The party asked for the recusal of an officer, or the officer did.",
        tags=("case", "task", "officer"),
    )

    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection, if it is asked for there")] = UNSET
    officer: Annotated[Ref, says("被申请回避人员", "officer id", "PPL 43")]
    requested_by: Annotated[
        Literal["party", "officer", "agency"], says("申请人", "who asked, or on whose motion it is", "PPL 43")
    ]
    requested_on: Annotated[LegalDate, says("申请日期", "date of the request")]
    reason: Annotated[Text, says("申请理由", "the reason as given: an interest, another tie", "PPL 43")]


class RecusalDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The head decided on a recusal (回避决定)."""

    SPEC: ClassVar = Spec(
        name="recusal.decided.v1",
        family="E26",
        origin="office",
        step="B3",
        zh="回避决定",
        en="Recusal decided",
        about_zh="行政机关负责人对回避申请作出决定。",
        about_en="The head of the agency decided on a recusal.",
        tags=("case", "task", "officer"),
    )

    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection, if it was asked for there")] = UNSET
    request: Annotated[Id | UnsetType, says("申请事件", "event id of the request; absent on the agency's motion")] = (
        UNSET
    )
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the decision as printed", "INV-33")] = UNSET
    officer: Annotated[Ref, says("回避人员", "officer id", "PPL 43")]
    granted: Annotated[bool, says("是否回避", "whether the officer was recused", "PPL 43")]
    replaced_by: Annotated[Ref | UnsetType, says("接替人员", "officer id of who takes over")] = UNSET
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision")]
    decided_by: Annotated[Ref, says("决定人", "officer id of the head who decided", "PPL 43")]
    reason: Annotated[Line | UnsetType, says("决定理由", "why")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (RecusalRequested, RecusalDecided)
"""The types of this module, in the order of the process."""
