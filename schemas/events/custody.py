"""What happened to a file after it arrived: looked at by the machine, opened by a person, found damaged (E16); and who
looked at a trail of acts.

All are written by the server, those of a file beside the records that cite it. The invariant: no byte of a file or of a
trail reaches a reader before the act that names the reader stands in the log.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Count, Digest, Id, Instant, Line, Ref, says

MAX_FILES: Final = 500
"""Files of one act of reading."""

Cited = Annotated[
    tuple[Id, ...], Meta(min_length=1, max_length=64), says("引用事件", "event ids of the records that cite the file")
]


class EvidenceRead(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An officer was given leave to view files, for a purpose, until an instant. Thumbnails of a page are one act."""

    SPEC: ClassVar = Spec(
        name="evidence.read.v1",
        family="E16",
        origin="office",
        step="R7",
        zh="证据查看",
        en="Evidence read",
        about_zh="有权人员为一定用途查看证据文件；先记录、后显示。",
        about_en="An entitled officer viewed files of evidence for a purpose; recorded first, shown afterwards.",
        tags=("case", "task", "hazard", "evidence", "officer"),
    )

    reader: Annotated[Ref, says("查看人", "officer id of who views")]
    role: Annotated[Ref, says("查看人职责", "role in which it is viewed")]
    purpose: Annotated[
        Literal["handling", "legal_review", "hearing", "supervision", "archive"],
        says("查看用途", "what it is viewed for: 办案, 法制审核, 听证与救济, 监督检查 or 归档"),
    ]
    files: Annotated[
        tuple[Digest, ...], Meta(min_length=1, max_length=MAX_FILES), says("文件摘要", "SHA-256 of each file")
    ]
    expires_at: Annotated[Instant, says("授权截止时刻", "instant at which the leave ends, ms")]


class BlobExamined(Body, frozen=True, kw_only=True, omit_defaults=True):
    """What a picture says about itself, read once on arrival. Facts of the file, not of the case: they may be wrong."""

    SPEC: ClassVar = Spec(
        name="blob.examined.v1",
        family="E16",
        origin="office",
        step="R5",
        zh="附件查验",
        en="File examined",
        about_zh="附件到达后，系统读取其自带信息并计算感知哈希。",
        about_en="After a file arrived the system read what it says about itself and computed its perceptual hash.",
        tags=("case", "task", "evidence", "hazard"),
    )

    sha256: Annotated[Digest, says("文件摘要", "SHA-256 of the file", "SIG-15")]
    events: Cited = ()
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("证据编号", "ids of the evidence that the file is")
    ] = ()
    examiner: Annotated[Ref, says("查验程序", "name and version of the method")]
    outcome: Annotated[
        Literal["read", "unreadable"], says("查验结果", "whether the picture could be read within the limits")
    ]
    width: Annotated[Count | UnsetType, says("宽（像素）", "width, pixels")] = UNSET
    height: Annotated[Count | UnsetType, says("高（像素）", "height, pixels")] = UNSET
    file_time: Annotated[
        Instant | UnsetType, says("文件时刻", "instant that the file itself states, ms", "SIG-14, SIG-15")
    ] = UNSET
    file_tool: Annotated[Line | UnsetType, says("文件软件", "software that the file itself names", "SIG-15")] = UNSET
    device: Annotated[Line | UnsetType, says("拍摄设备", "make and model that the file itself names", "SIG-15")] = UNSET
    looks_like: Annotated[
        Ref | UnsetType, says("感知哈希", "perceptual hash of the picture, hexadecimal", "SIG-15, SIG-19, SIG-28")
    ] = UNSET


class BlobDamaged(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A file that was held has another digest, or is gone. It is not served and is asked for again."""

    SPEC: ClassVar = Spec(
        name="blob.damaged.v1",
        family="E16",
        origin="office",
        step="R5",
        zh="附件损坏",
        en="File damaged",
        about_zh="复核发现已到达的文件摘要不符或已丢失；停止显示，并向终端重新索取。",
        about_en="A check found that a file has another digest or is gone; "
        "it is no longer shown and is asked for again.",
        tags=("case", "task", "evidence", "hazard"),
    )

    sha256: Annotated[Digest, says("文件摘要", "SHA-256 that the file should have", "SIG-15")]
    state: Annotated[Literal["corrupt", "lost"], says("损坏情形", "other bytes, or none", "SIG-15")]
    found: Annotated[Digest | UnsetType, says("实际摘要", "SHA-256 of the bytes that are there")] = UNSET
    events: Cited = ()
    terminals: Annotated[
        tuple[Id, ...],
        Meta(min_length=1, max_length=64),
        says("重新索取的终端", "terminals that are asked for it again"),
    ] = ()


TrailForm = Literal["page", "json", "csv", "xlsx"]


class TrailRead(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody looked at what an officer did, or at what was done about an enterprise, act by act; or took it away."""

    SPEC: ClassVar = Spec(
        name="trail.read.v1",
        family="E49",
        origin="office",
        step="R7",
        zh="履职留痕查看",
        en="Trail of acts read",
        about_zh="查看或导出执法人员或者单位的履职留痕；先记录、后显示。",
        about_en="The trail of an officer or about an enterprise was looked at or taken away; recorded first.",
        tags=("officer", "enterprise"),
    )

    reader: Annotated[Ref | UnsetType, says("查看人", "officer id of who looks; absent at the server itself")] = UNSET
    role: Annotated[Ref | UnsetType, says("查看人职责", "role in which it is looked at")] = UNSET
    of: Annotated[Literal["officer", "enterprise"], says("对象种类", "whose trail it is")]
    subject: Annotated[Ref, says("对象", "id of the officer or of the enterprise")]
    period: Annotated[
        Annotated[str, Meta(min_length=4, max_length=7, pattern=r"^[0-9]{4}(-Q[1-4]|-[0-9]{2})?$(?!\n)")],
        says("期间", "2026, 2026-Q1 or 2026-03"),
    ]
    form: Annotated[TrailForm, says("形式", "as a page, or as a file that was taken away")]
    acts: Annotated[Count, says("行为条数", "how many acts it has")]
    cut: Annotated[Ref | UnsetType, says("统计时点", "name of the cut that it is as of")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (BlobExamined, EvidenceRead, BlobDamaged, TrailRead)
"""The types of this module, in the order of the process."""
