"""Copies of a case file that left the office (导出): why, by whom, what they hold and how they were closed (E49).

An export writes two acts. The first stands in the log before its first byte leaves, and commits to the list of all
entries that name the case; the second closes it with the digest of its manifest, which has the digest of every file.
The invariant: what was given to whom can be told from the log alone, and so can whether anything was left out.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Body, Part, Spec
from schemas.events.fields import Count, Digest, Id, Ref, says

MAX_LISTED: Final = 4_000
"""Positions that the act itself can list; beyond that the digest alone commits to them."""


class CoveredLog(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What an export takes from the log of one epoch: every entry that names the case among its first `size`."""

    epoch: Annotated[Count, says("期次", "epoch of the log, from 1")]
    size: Annotated[Count, says("截至条数", "how many entries of the log were looked through, from its beginning")]
    entries: Annotated[Count, says("涉案条数", "how many of them name the case")]
    digest: Annotated[
        Digest, says("清单摘要", "SHA-256 over position (8 bytes) and leaf hash of each, in ascending order")
    ]
    positions: Annotated[
        tuple[Count, ...],
        Meta(min_length=1, max_length=MAX_LISTED),
        says("所在位置", "their positions, ascending; absent if they are too many"),
    ] = ()


class CaseFileExported(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A copy of a case file was made for somebody, with its proofs. Stands in the log before the copy leaves."""

    SPEC: ClassVar = Spec(
        name="case_file.exported.v1",
        family="E49",
        origin="office",
        step="R7",
        zh="卷宗导出",
        en="Case file exported",
        about_zh="说明用途后导出卷宗；列明截至何处、共多少条记录。",
        about_en="A copy of a case file was made for a stated purpose; says what it covers and how much that is.",
        tags=("case", "officer"),
    )

    case_id: Annotated[Id, says("案件编号", "case whose file it is")]
    purpose: Annotated[
        Annotated[str, Meta(min_length=1, max_length=500, extra_json_schema={"pattern": r"^[^\u0000]*$"})],
        says("用途", "what the copy is for, in the words of who made it"),
    ]
    officer: Annotated[Ref | UnsetType, says("导出人", "officer id of who made it; absent at the server itself")] = (
        UNSET
    )
    names: Annotated[
        tuple[Ref, ...],
        Meta(min_length=1, max_length=200),
        says("涉案标识", "tags that count as naming the case: its own, and the tasks and hazards that belong to it"),
    ]
    logs: Annotated[
        tuple[CoveredLog, ...], Meta(min_length=1, max_length=200), says("覆盖范围", "what it takes from each log")
    ]


class CaseFileExportClosed(Body, frozen=True, kw_only=True, omit_defaults=True):
    """An export was written to its end. Whatever of it is changed later contradicts this digest."""

    SPEC: ClassVar = Spec(
        name="case_file.export_closed.v1",
        family="E49",
        origin="office",
        step="R7",
        zh="卷宗导出完成",
        en="Case file export closed",
        about_zh="导出已写完；记录其清单的摘要，清单列有每个文件的摘要。",
        about_en="A copy was written to its end; states the digest of its manifest, which has that of every file.",
        tags=("case", "officer"),
    )

    case_id: Annotated[Id, says("案件编号", "case whose file it is")]
    export: Annotated[Id, says("导出事件", "event id of the act that began the export")]
    manifest: Annotated[Digest, says("清单摘要", "SHA-256 of the manifest")]
    files: Annotated[Count, says("文件数", "how many files the manifest lists")]
    size: Annotated[Count, says("字节数", "bytes of these files together")]
    missing: Annotated[Count, says("缺少的附件", "declared files that had not arrived or are damaged")]


TYPES: Final[tuple[type[Body], ...]] = (CaseFileExported, CaseFileExportClosed)
"""The types of this module, in the order of the process."""
