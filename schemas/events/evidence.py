"""Evidence: recording segments and pieces of evidence captured on a terminal, and files that arrived (E15, E16).

The file itself is a blob declared by the envelope; a body names it by digest. The invariant: a digest here is that of
the original file as captured; edited copies are other objects.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, Id, Instant, Line, MediaType, Private, Ref, StepCode, Text, says


class RecordingCaptured(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A segment of an audio-video record (step A7, handbook 4.4: minimum index of a segment)."""

    SPEC: ClassVar = Spec(
        name="recording.captured.v1",
        family="E15",
        origin="field",
        step="A7",
        zh="音像记录片段",
        en="Recording segment captured",
        about_zh="采集一段音像记录并登记索引。",
        about_en="A segment of an audio-video record was captured and indexed.",
        tags=("task", "case"),
    )

    segment_id: Annotated[Id, says("片段编号", "id of the segment")]
    step_code: Annotated[StepCode, says("环节代码", "procedure step that the segment shows")]
    start: Annotated[Instant, says("开始时刻", "instant of the first frame, ms")]
    end: Annotated[Instant, says("结束时刻", "instant of the last frame, ms")]
    sha256: Annotated[Digest, says("文件摘要", "SHA-256 of the original file")]
    size: Annotated[Count, says("文件大小（字节）", "size of the file, bytes")]
    media_type: Annotated[MediaType, says("媒体类型", "media type of the file")]
    prev_segment_hash: Annotated[
        Digest | UnsetType, says("上一片段摘要", "SHA-256 of the segment before; absent for the first")
    ] = UNSET
    storage_ref: Annotated[Line | UnsetType, says("存放位置", "where the original lies, if outside the system")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task that it records", "SIG-17")] = UNSET
    case_id: Annotated[Id | UnsetType, says("案件编号", "case that it records", "SIG-17")] = UNSET
    officers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("在场执法人员", "officer ids, if not those in `by`")
    ] = ()
    place: Annotated[Line | UnsetType, says("地点", "place in words; the position is `loc` of the envelope")] = UNSET
    device: Annotated[Ref | UnsetType, says("设备编号", "recorder, if it is not the terminal itself")] = UNSET
    told: Annotated[bool | UnsetType, says("是否告知开始录制", "true if the party was told that it records")] = UNSET
    retention_class: Annotated[Ref | UnsetType, says("保管类别", "class of retention")] = UNSET
    break_reason: Annotated[Line | UnsetType, says("中断原因", "why there is a gap before this segment", "SIG-17")] = (
        UNSET
    )


class Custody(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One change of hands."""

    at: Annotated[Instant, says("交接时刻", "instant of the change, ms")]
    officer: Annotated[Ref, says("接收人", "officer id of who took it over")]
    action: Annotated[Line, says("交接内容", "what was done: taken, sealed, handed over, returned")]


class EvidenceCaptured(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of evidence was captured (step A8). Its id is the event id if `evidence_id` is absent."""

    SPEC: ClassVar = Spec(
        name="evidence.captured.v1",
        family="E16",
        origin="field",
        step="A8",
        zh="证据采集",
        en="Evidence captured",
        about_zh="在现场采集一件证据。",
        about_en="A piece of evidence was captured.",
        tags=("task", "case", "evidence"),
    )

    kind: Annotated[
        Literal[
            "document",
            "object",
            "audio_visual",
            "electronic_data",
            "witness_statement",
            "party_statement",
            "expert_opinion",
            "site_record",
            "photo",
            "audio",
            "video",
        ],
        says(
            "证据种类",
            "one of the eight kinds of evidence; photo, audio and video are audio_visual named by their form",
            "PPL 46",
        ),
    ]
    description: Annotated[Text, says("说明", "what it shows")]
    evidence_id: Annotated[Id | UnsetType, says("证据编号", "id of the evidence")] = UNSET
    sha256: Annotated[Digest | UnsetType, says("文件摘要", "SHA-256 of the file; else the blobs of the envelope")] = (
        UNSET
    )
    original: Annotated[bool | UnsetType, says("是否原件", "true if the original, false if a copy")] = UNSET
    captured_by: Annotated[Ref | UnsetType, says("采集人", "officer id, if not the first in `by`")] = UNSET
    witness: Annotated[Ref | UnsetType, says("见证人身份", "role of the witness")] = UNSET
    witness_id: Annotated[Private | UnsetType, says("见证人证件号", "commitment to the witness's id number")] = UNSET
    step_code: Annotated[StepCode | UnsetType, says("环节代码", "procedure step during which it was captured")] = UNSET
    chain_of_custody: Annotated[
        tuple[Custody, ...], Meta(min_length=1, max_length=64), says("保管链", "changes of hands so far, oldest first")
    ] = ()
    task_id: Annotated[Id | UnsetType, says("任务编号", "task during which it was captured", "INV-03")] = UNSET
    case_id: Annotated[Id | UnsetType, says("案件编号", "case that it belongs to", "SIG-14")] = UNSET
    place: Annotated[Line | UnsetType, says("地点", "place in words; the position is `loc` of the envelope")] = UNSET
    file_time: Annotated[
        Instant | UnsetType, says("文件时刻", "instant that the file itself states, ms", "SIG-14, SIG-15")
    ] = UNSET
    file_tool: Annotated[Line | UnsetType, says("文件软件", "software that the file itself names", "SIG-15")] = UNSET
    looks_like: Annotated[
        Ref | UnsetType, says("感知哈希", "perceptual hash of the picture, hexadecimal", "SIG-15, SIG-19, SIG-28")
    ] = UNSET
    derived_from: Annotated[
        Digest | UnsetType, says("原始文件摘要", "SHA-256 of the original, if this is an edited copy", "SIG-15")
    ] = UNSET
    appraisal_id: Annotated[Id | UnsetType, says("鉴定编号", "appraisal whose opinion it is")] = UNSET


class BlobReceived(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A file that envelopes of this log declare has come and has its digest. Written by the evidence store."""

    SPEC: ClassVar = Spec(
        name="blob.received.v1",
        family="E16",
        origin="office",
        step="R5",
        zh="附件到达",
        en="File received",
        about_zh="记录所声明的文件已经完整到达，摘要核验一致。",
        about_en="A file that records declare has arrived whole, and its digest was checked.",
        tags=("case", "task", "evidence", "terminal"),
    )

    sha256: Annotated[Digest, says("文件摘要", "SHA-256 of the file")]
    size: Annotated[Count, says("文件大小（字节）", "size of the file, bytes")]
    media_type: Annotated[MediaType, says("媒体类型", "media type that the bytes do not contradict")]
    terminal: Annotated[Id, says("上传终端", "terminal that brought the bytes first")]
    events: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("引用事件", "event ids that waited for it in this log")
    ] = ()


TYPES: Final[tuple[type[Body], ...]] = (RecordingCaptured, EvidenceCaptured, BlobReceived)
"""The types of this module, in the order of the process."""
