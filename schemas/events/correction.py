"""Corrections, approved backfill, and personal values that were revealed (E49).

The invariant: nothing that was recorded changes; a correction is a new act that names its target, and both stay visible
(INV-36, INV-39).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, Id, Instant, Line, Private, Ref, Text, says


class FieldChange(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One field of the target as it should have been. Values are in the JSON form of the target's schema."""

    path: Annotated[Ref, says("字段", "path of the field, e.g. $.deadline")]
    old: Annotated[Text | UnsetType, says("原值", "value as recorded, JSON")] = UNSET
    new: Annotated[Text | UnsetType, says("更正值", "value as it should be, JSON; absent if struck out")] = UNSET
    new_private: Annotated[
        Private | UnsetType, says("更正的个人信息", "commitment, if the field holds a personal value")
    ] = UNSET


class RecordCorrected(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An earlier record was corrected, withdrawn or explained; the target itself stays as it is."""

    SPEC: ClassVar = Spec(
        name="record.corrected.v1",
        family="E49",
        origin="office",
        step="R7",
        zh="记录更正",
        en="Record corrected",
        about_zh="对已有记录作出更正、撤销或说明；原记录保留。",
        about_en="An earlier record was corrected, withdrawn or explained; the earlier record stays.",
        tags=("case", "task", "hazard"),
    )

    target_event: Annotated[Id, says("被更正的事件", "event id of the record", "INV-36")]
    target_authority: Annotated[Ref | UnsetType, says("被更正记录的机关", "whose log it stands in, if another")] = UNSET
    effect: Annotated[
        Literal["corrected", "withdrawn", "explained"],
        says("更正方式", "fields replaced, record struck out, or only explained", "INV-39"),
    ]
    field_changes: Annotated[
        tuple[FieldChange, ...], Meta(min_length=1, max_length=64), says("字段更正", "fields that change", "INV-36")
    ] = ()
    reason: Annotated[Line, says("更正原因", "why", "INV-36")]
    approver: Annotated[Ref, says("批准人", "officer id of who approved", "INV-36")]
    submitted: Annotated[Id | UnsetType, says("提交的更正", "event id of the submission that is approved")] = UNSET


class CorrectionSubmitted(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Who recorded something says how it should be; it holds once the office approves it (record.corrected)."""

    SPEC: ClassVar = Spec(
        name="record.correction_submitted.v1",
        family="E49",
        origin="both",
        step="R7",
        zh="提交更正",
        en="Correction submitted",
        about_zh="执法人员对已有记录提交更正或说明，经批准后生效；原记录保留。",
        about_en="An officer submitted a correction of an earlier record, or an explanation; it holds once approved.",
        tags=("case", "task", "hazard"),
    )

    target_event: Annotated[Id, says("需更正的事件", "event id of the record", "INV-36")]
    effect: Annotated[
        Literal["corrected", "withdrawn", "explained"],
        says("更正方式", "fields replaced, record struck out, or only explained"),
    ]
    field_changes: Annotated[
        tuple[FieldChange, ...], Meta(min_length=1, max_length=64), says("字段更正", "fields that change", "INV-36")
    ] = ()
    reason: Annotated[Line, says("更正说明", "why, or what is explained")]
    asked_in: Annotated[Id | UnsetType, says("更正要求", "event id of the act that asked for it")] = UNSET
    review_id: Annotated[Id | UnsetType, says("审核编号", "legal review that asked for it")] = UNSET
    replaced_by: Annotated[Id | UnsetType, says("替代记录", "event id of the record that takes its place")] = UNSET


class BackfillApproved(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Recording afterwards was approved for stated events or for a stated time (补录批准)."""

    SPEC: ClassVar = Spec(
        name="backfill.approved.v1",
        family="E49",
        origin="office",
        step="R7",
        zh="补录批准",
        en="Backfill approved",
        about_zh="批准对一段时间或若干事件进行补录。",
        about_en="Recording afterwards was approved for certain events or for a certain time.",
        tags=("task", "case", "terminal", "officer"),
    )

    target_events: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=500), says("补录的事件", "event ids that were recorded late")
    ] = ()
    terminal_id: Annotated[Id | UnsetType, says("终端编号", "terminal whose records come late", "SIG-03")] = UNSET
    officer_id: Annotated[Ref | UnsetType, says("执法人员编号", "officer whose records come late")] = UNSET
    from_at: Annotated[Instant | UnsetType, says("起始时刻", "first instant that is covered, ms", "SIG-03")] = UNSET
    until_at: Annotated[Instant | UnsetType, says("截止时刻", "last instant that is covered, ms", "SIG-03")] = UNSET
    reason: Annotated[Line, says("补录原因", "why it could not be recorded in time", "SIG-03")]
    approver: Annotated[Ref, says("批准人", "officer id of who approved", "SIG-03")]


class PrivateValueRevealed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An officer opened a personal value, with a reason, and was shown it. The value itself stands nowhere."""

    SPEC: ClassVar = Spec(
        name="private_value.revealed.v1",
        family="E49",
        origin="office",
        step="R7",
        zh="个人信息查看",
        en="Private value revealed",
        about_zh="有权人员说明理由后查看了一项个人信息。",
        about_en="An entitled officer opened a personal value, giving a reason.",
        tags=("case", "task", "hazard", "officer"),
    )

    target_event: Annotated[Id, says("所在事件", "event id of the record that commits to the value")]
    commitment: Annotated[Digest, says("承诺值", "commitment to the value that was opened")]
    path: Annotated[Ref, says("字段", "path of the field in that record")]
    officer: Annotated[Ref, says("查看人", "officer id of who was shown the value")]
    role: Annotated[Ref, says("查看人职责", "role in which it was opened")]
    reason: Annotated[
        Annotated[str, Meta(min_length=1, max_length=500, extra_json_schema={"pattern": r"^[^\u0000]*$"})],
        says("查看理由", "why, in the officer's words"),
    ]


TYPES: Final[tuple[type[Body], ...]] = (RecordCorrected, CorrectionSubmitted, BackfillApproved, PrivateValueRevealed)
"""The types of this module, in the order of the process."""
