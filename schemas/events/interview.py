"""Interviews (询问笔录, E17).

The invariant: one interviewee at a time, named by role and commitments; how many certified interviewers there had to be
is judged afterwards (INV-01, SIG-27).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, DocumentNo, Id, Instant, Line, Private, Ref, Text, says


class Interviewee(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Who was asked: the role in words, the person by commitments."""

    role: Annotated[Ref, says("身份", "role, e.g. safety manager")]
    kind: Annotated[
        Literal["party", "witness", "victim", "other"] | UnsetType, says("与案件关系", "what the person is to the case")
    ] = UNSET
    person_name: Annotated[Private | UnsetType, says("姓名", "commitment to the name")] = UNSET
    person_id: Annotated[Private | UnsetType, says("公民身份号码", "commitment to the id number")] = UNSET
    phone: Annotated[Private | UnsetType, says("电话", "commitment to the telephone number")] = UNSET
    home_address: Annotated[Private | UnsetType, says("住址", "commitment to the home address")] = UNSET
    health: Annotated[Private | UnsetType, says("健康状况", "commitment to what was said of the person's health")] = (
        UNSET
    )


class Signature(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A signature under the record."""

    signer: Annotated[Literal["interviewee", "interviewer", "recorder", "witness"], says("签字人", "who signed")]
    officer: Annotated[Ref | UnsetType, says("执法人员编号", "officer id, if an officer signed")] = UNSET
    image_hash: Annotated[Digest | UnsetType, says("签名图像摘要", "SHA-256 of the image of the signature")] = UNSET


class InterviewRefusal(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The interviewee refused to answer or to sign."""

    reason: Annotated[Line, says("拒绝理由", "reason given, or that none was given")]
    witness: Annotated[Ref | UnsetType, says("见证人身份", "role of the witness")] = UNSET


class InterviewRecorded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A person was interviewed and a record was made (steps A8 and B4); each page is signed by the interviewee."""

    SPEC: ClassVar = Spec(
        name="interview.recorded.v1",
        family="E17",
        origin="both",
        step="A8",
        zh="询问笔录制作",
        en="Interview recorded",
        about_zh="询问有关人员并制作询问笔录。",
        about_en="A person was interviewed and a record of it was made.",
        tags=("task", "case", "document"),
    )

    interview_id: Annotated[Id, says("询问编号", "id of the interview")]
    task_id: Annotated[Id | UnsetType, says("任务编号", "task during which it took place")] = UNSET
    case_id: Annotated[Id | UnsetType, says("案件编号", "case in which it took place")] = UNSET
    interviewee: Annotated[Interviewee, says("被询问人", "who was asked")]
    interviewers: Annotated[
        tuple[Ref, ...],
        Meta(min_length=1, max_length=8),
        says("询问人", "officer ids, two or more", "INV-01, PPL 42"),
    ]
    recorder: Annotated[Ref | UnsetType, says("记录人", "officer id of who wrote", "SIG-27")] = UNSET
    start: Annotated[Instant, says("开始时刻", "instant of the first question, ms", "SIG-08, SIG-27")]
    end: Annotated[Instant, says("结束时刻", "instant of the last signature, ms", "SIG-08, SIG-27")]
    place: Annotated[Line, says("地点", "where it took place")]
    text_hash: Annotated[Digest, says("笔录摘要", "SHA-256 of the text of the record", "SIG-28")]
    document_no: Annotated[DocumentNo | UnsetType, says("询问通知书文号", "number of the summons, if any")] = UNSET
    rights_told: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=16), says("告知的权利", "rights that were told", "PPL 55")
    ] = ()
    certificates: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=8), says("出示的执法证号", "certificates shown", "PPL 55")
    ] = ()
    segment_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("音像片段", "recording segments of it", "SIG-17")
    ] = ()
    signatures: Annotated[
        tuple[Signature, ...], Meta(min_length=1, max_length=32), says("签名", "signatures under the record")
    ] = ()
    refused: Annotated[InterviewRefusal | UnsetType, says("拒绝情况", "present if refused")] = UNSET
    summary: Annotated[Text | UnsetType, says("要点", "what was established, without personal data")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (InterviewRecorded,)
"""The types of this module, in the order of the process."""
