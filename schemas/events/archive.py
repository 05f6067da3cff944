"""Case files archived (归档, step B22, PPL 47): what is in the file, in its order, with the hash of each volume (E44).

The invariant: after this nothing is added to the file; only alteration, disclosure and correction may follow (INV-32).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Id, LegalDate, Ref, says


class Volume(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One volume of a file (正卷, 副卷)."""

    name: Annotated[Literal["main", "annex"], says("卷别", "main, or annex that the party may not see")]
    number: Annotated[Count, says("卷次", "which one of its kind, from 1")]
    sha256: Annotated[Digest, says("卷宗摘要", "SHA-256 of the volume as one file", "INV-32")]
    pages: Annotated[Count | UnsetType, says("页数", "number of pages")] = UNSET


class Document(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the list of contents (卷内目录)."""

    order: Annotated[Count, says("顺序号", "place in the file, from 1")]
    title: Annotated[Ref, says("文书名称", "what it is")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number as printed, if it has one")] = UNSET
    volume: Annotated[Literal["main", "annex"], says("卷别", "volume that it stands in")]
    pages: Annotated[Count | UnsetType, says("页数", "number of pages")] = UNSET
    sha256: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the document file", "INV-32")] = UNSET


class CaseFileArchived(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The file of a closed case was put into the archive."""

    SPEC: ClassVar = Spec(
        name="case_file.archived.v1",
        family="E44",
        origin="office",
        step="B22",
        zh="归档",
        en="Case file archived",
        about_zh="案件结案后，案卷整理归档。",
        about_en="The file of a closed case was put in order and archived.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case whose file it is", "INV-31")]
    archive_no: Annotated[Ref | UnsetType, says("档号", "number in the archive")] = UNSET
    volume_hashes: Annotated[
        tuple[Volume, ...], Meta(min_length=1, max_length=32), says("各卷摘要", "the volumes", "INV-32")
    ]
    document_list: Annotated[
        tuple[Document, ...], Meta(min_length=1, max_length=300), says("卷内目录", "contents in their order", "PPL 47")
    ]
    retention: Annotated[
        Literal["permanent", "years_30", "years_10"], says("保管期限", "how long it is kept", "ARCH 13")
    ]
    archived_on: Annotated[LegalDate, says("归档日期", "date of archiving")]
    archivist: Annotated[Ref, says("档案人员", "officer id of who took it in")]


TYPES: Final[tuple[type[Body], ...]] = (CaseFileArchived,)
"""The types of this module, in the order of the process."""
