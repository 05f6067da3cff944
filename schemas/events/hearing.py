"""Hearings (听证, step B10, PPL 63-65): requested, withdrawn, announced, held (E32, E33).

The invariant: the chair stands in every notice and record by officer id, so that INV-15 can ask whether the chair
handled the case.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Id, Instant, LegalDate, Line, Private, Ref, Text, says
from schemas.events.penalty import ServiceMethod


class HearingRequested(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The party asked for a hearing, within five working days of being told (PPL 64)."""

    SPEC: ClassVar = Spec(
        name="hearing.requested.v1",
        family="E32",
        origin="both",
        step="B10",
        zh="要求听证",
        en="Hearing requested",
        about_zh="当事人要求举行听证。",
        about_en="The party asked for a hearing.",
        tags=("case",),
    )

    case_id: Annotated[Id, says("案件编号", "case of the hearing")]
    requested_on: Annotated[LegalDate, says("要求日期", "date of the request", "INV-14")]
    requested_by: Annotated[Literal["party", "agent"], says("要求人", "the party or an agent")]
    form: Annotated[Literal["written", "oral"] | UnsetType, says("要求形式", "in writing or by word of mouth")] = UNSET
    within_period: Annotated[
        bool | UnsetType, says("是否在期限内", "what the receiving officer noted; the period is judged", "INV-14")
    ] = UNSET
    document_hash: Annotated[Digest | UnsetType, says("申请书摘要", "SHA-256 of the request")] = UNSET


class HearingWithdrawn(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The party withdrew its request, or gave up a hearing in writing before asking for one."""

    SPEC: ClassVar = Spec(
        name="hearing.withdrawn.v1",
        family="E32",
        origin="both",
        step="B10",
        zh="撤回听证要求",
        en="Hearing withdrawn",
        about_zh="当事人书面撤回听证要求，或者书面放弃听证。",
        about_en="The party withdrew its request for a hearing, or waived the hearing in writing.",
        tags=("case",),
    )

    case_id: Annotated[Id, says("案件编号", "case of the hearing")]
    withdrawn_on: Annotated[LegalDate, says("撤回日期", "date of the withdrawal or waiver", "INV-14")]
    waived: Annotated[bool, says("是否放弃", "true if no hearing had been asked for", "INV-14")]
    document_hash: Annotated[Digest, says("书面材料摘要", "SHA-256 of the signed paper", "INV-14")]
    reason: Annotated[Line | UnsetType, says("理由", "reason, if one was given")] = UNSET


class HearingNoticeServed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Time and place of the hearing were told (听证会通知书), seven working days before it (PPL 64)."""

    SPEC: ClassVar = Spec(
        name="hearing_notice.served.v1",
        family="E33",
        origin="both",
        step="B10",
        zh="听证会通知书送达",
        en="Hearing notice served",
        about_zh="听证会通知书送达当事人，告知时间、地点和主持人。",
        about_en="The party was told time, place and chair of the hearing.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the hearing")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the notice as printed", "INV-33")] = UNSET
    served_on: Annotated[LegalDate, says("送达日期", "date of service; seven working days run from it", "INV-15")]
    method: Annotated[ServiceMethod, says("送达方式", "way of service", "PPL 61")]
    hearing_on: Annotated[LegalDate, says("听证日期", "date of the hearing", "INV-15")]
    hearing_at: Annotated[Instant | UnsetType, says("听证时刻", "instant at which it begins, ms")] = UNSET
    place: Annotated[Line | UnsetType, says("听证地点", "where it is held")] = UNSET
    chair: Annotated[Ref, says("听证主持人", "officer id of the chair; not a handler", "INV-15")]
    public: Annotated[bool | UnsetType, says("是否公开", "whether it is public", "PPL 64")] = UNSET


class HearingHeld(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The hearing was held (听证笔录、听证会报告书), or the party stayed away, which waives it (PPL 64, 65)."""

    SPEC: ClassVar = Spec(
        name="hearing.held.v1",
        family="E33",
        origin="both",
        step="B10",
        zh="听证",
        en="Hearing held",
        about_zh="举行听证并制作听证笔录；当事人无正当理由缺席的视为放弃。",
        about_en="The hearing was held and recorded; a party that stayed away without good cause waived it.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the hearing")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the record as printed", "INV-33")] = UNSET
    held_on: Annotated[LegalDate, says("听证日期", "date of the hearing", "INV-15")]
    start: Annotated[Instant | UnsetType, says("开始时刻", "instant at which it was opened, ms")] = UNSET
    end: Annotated[Instant | UnsetType, says("结束时刻", "instant at which it was closed, ms")] = UNSET
    chair: Annotated[Ref, says("听证主持人", "officer id of the chair; not a handler", "INV-15")]
    recorder: Annotated[Ref | UnsetType, says("记录人", "officer id of who kept the record")] = UNSET
    investigators: Annotated[
        tuple[Ref, ...],
        Meta(min_length=1, max_length=16),
        says("案件调查人员", "officer ids of who presented it"),
    ] = ()
    public: Annotated[bool, says("是否公开", "whether it was public", "PPL 64")]
    closed_reason: Annotated[Line | UnsetType, says("不公开理由", "secrecy that closed it", "PPL 64")] = UNSET
    party_present: Annotated[bool | UnsetType, says("当事人是否到场", "whether the party came")] = UNSET
    party_name: Annotated[Private | UnsetType, says("到场人员姓名", "commitment to the name of who came")] = UNSET
    agents: Annotated[Count | UnsetType, says("代理人人数", "how many agents came, two at most", "PPL 64")] = UNSET
    absent_waiver: Annotated[bool, says("是否因缺席视为放弃", "true if the party stayed away", "INV-14")]
    record_hash: Annotated[Digest, says("笔录摘要", "SHA-256 of the signed record", "PPL 65")]
    report_hash: Annotated[Digest | UnsetType, says("听证报告书摘要", "SHA-256 of the chair's report")] = UNSET
    opinion: Annotated[Text | UnsetType, says("主持人意见", "the chair's opinion on the intended penalty")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (HearingRequested, HearingWithdrawn, HearingNoticeServed, HearingHeld)
"""The types of this module, in the order of the process."""
