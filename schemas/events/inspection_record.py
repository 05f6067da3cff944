"""The on-site inspection record (现场检查记录), signed or refused (E19).

The invariant: a refusal is as good a record as a signature if it says why and that it was reported (INV-05).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, DocumentNo, Id, Instant, Line, Private, Ref, Text, says


class Problem(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One problem as the record lists it."""

    text: Annotated[Text, says("问题", "the problem in the words of the record")]
    hazard_id: Annotated[Id | UnsetType, says("隐患编号", "hazard that it became")] = UNSET


class Refusal(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The party refused to sign."""

    reason: Annotated[Line, says("拒签理由", "reason given, or that none was given", "WSL 68")]
    witness: Annotated[Ref | UnsetType, says("见证人身份", "role of the witness")] = UNSET


class CheckedItem(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One item of the checklist."""

    item: Annotated[Ref, says("检查项目", "code of the item")]
    result: Annotated[Literal["fine", "problem", "not_applicable"], says("检查结果", "what was found")]


class InspectionRecordSigned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The record was signed by the person in charge, or signing was refused (step A10, WSL 68)."""

    SPEC: ClassVar = Spec(
        name="inspection_record.signed.v1",
        family="E19",
        origin="field",
        step="A10",
        zh="现场检查记录签字",
        en="Inspection record signed",
        about_zh="现场检查记录经被检查单位负责人签字，或记明拒签情况。",
        about_en="The on-site inspection record was signed by the person in charge, or the refusal was recorded.",
        tags=("task", "enterprise", "document"),
    )

    task_id: Annotated[Id | UnsetType, says("任务编号", "task that the record belongs to", "INV-08")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the record as printed")] = UNSET
    time: Annotated[Instant | UnsetType, says("检查时刻", "instant that the record states, ms", "WSL 68")] = UNSET
    place: Annotated[Line | UnsetType, says("检查地点", "place that the record states", "WSL 68")] = UNSET
    content: Annotated[Text, says("检查内容", "what was inspected", "WSL 68")]
    problems: Annotated[
        tuple[Problem, ...], Meta(min_length=1, max_length=200), says("发现的问题", "problems found; none if absent")
    ] = ()
    handling: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=200), says("处理情况", "how each was handled", "WSL 68")
    ] = ()
    document_hash: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the signed document file")] = UNSET
    signer: Annotated[Ref | UnsetType, says("签字人职务", "role of the person who signed", "INV-05")] = UNSET
    signer_name: Annotated[Private | UnsetType, says("签字人姓名", "commitment to the name of the signer")] = UNSET
    refused: Annotated[Refusal | UnsetType, says("拒签情况", "present if signing was refused", "INV-05")] = UNSET
    reported_to_agency: Annotated[
        Instant | UnsetType, says("拒签上报时刻", "instant at which the refusal was reported, ms", "INV-05")
    ] = UNSET
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    started_at: Annotated[Instant | UnsetType, says("检查开始时刻", "instant at which it began, ms", "SIG-11")] = UNSET
    ended_at: Annotated[
        Instant | UnsetType, says("检查结束时刻", "instant at which the officers left, ms", "SIG-11, SIG-13")
    ] = UNSET
    checked: Annotated[
        tuple[CheckedItem, ...], Meta(min_length=1, max_length=200), says("检查表结果", "items of the checklist")
    ] = ()
    text_hash: Annotated[Digest | UnsetType, says("正文摘要", "SHA-256 of the text of the record", "SIG-28")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (InspectionRecordSigned,)
"""The types of this module, in the order of the process."""
