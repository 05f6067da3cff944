"""Collective discussion by the heads of the agency (行政处罚集体讨论记录, step B12, PPL 57) (E35).

The invariant: every member present has one opinion; whether there were enough of them is judged by INV-19.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Id, LegalDate, Ref, Text, says


class Opinion(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What one member said."""

    member: Annotated[Ref, says("发言人", "officer id of the member")]
    view: Annotated[Literal["agree", "disagree", "abstain"], says("意见", "for or against the proposal")]
    text: Annotated[Text | UnsetType, says("发言内容", "what was said")] = UNSET


class Vote(Part, frozen=True, kw_only=True, omit_defaults=True):
    """How the members voted."""

    agree: Annotated[Count, says("赞成票", "votes for the proposal")]
    disagree: Annotated[Count, says("反对票", "votes against it")]
    abstain: Annotated[Count, says("弃权票", "members who abstained")]


class CollectiveDiscussionHeld(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The heads discussed a complex or serious case together; the principal head then decided (PPL 57)."""

    SPEC: ClassVar = Spec(
        name="collective_discussion.held.v1",
        family="E35",
        origin="office",
        step="B12",
        zh="集体讨论",
        en="Collective discussion held",
        about_zh="行政机关负责人集体讨论案件处理意见，如实记录。",
        about_en="The heads of the agency discussed a case together; the discussion was recorded in full.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case that was discussed")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the record as printed", "INV-33")] = UNSET
    held_on: Annotated[LegalDate, says("讨论日期", "date of the discussion", "INV-19")]
    draft_hash: Annotated[Digest | UnsetType, says("决定草案摘要", "draft that was discussed", "INV-17")] = UNSET
    host: Annotated[Ref, says("主持人", "officer id of who presided")]
    principal: Annotated[Ref, says("主要负责人", "officer id of the principal head, who decides")]
    members: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=32), says("参加人员", "officer ids of who took part", "INV-19")
    ]
    absent: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=32), says("缺席人员", "officer ids of who was absent")
    ] = ()
    recorder: Annotated[Ref, says("记录人", "officer id of who kept the record")]
    opinions: Annotated[
        tuple[Opinion, ...], Meta(min_length=1, max_length=32), says("讨论意见", "what each member said", "INV-19")
    ] = ()
    vote: Annotated[Vote | UnsetType, says("表决情况", "how they voted")] = UNSET
    outcome: Annotated[
        Literal["as_proposed", "changed", "no_penalty", "investigate_further", "transfer"],
        says("讨论结论", "what came of it"),
    ]
    decision: Annotated[Text, says("决定内容", "the decision in words")]
    principal_against_majority: Annotated[
        bool, says("主要负责人是否否决多数意见", "whether the principal head decided against the majority")
    ]
    principal_dissent_reason: Annotated[
        Text | UnsetType, says("否决多数意见的理由", "why, if so; absent is a defect", "INV-19")
    ] = UNSET
    record_hash: Annotated[Digest | UnsetType, says("记录摘要", "SHA-256 of the signed record")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (CollectiveDiscussionHeld,)
"""The types of this module, in the order of the process."""
