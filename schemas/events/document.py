"""Service of documents (文书送达, E38).

The invariant: the date of service is the legal one; from it remedies, payment and hearing periods run.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Digest, DocumentNo, Id, LegalDate, Line, Private, Ref, says
from schemas.events.penalty import ServiceMethod


class DocumentServed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A document was served (送达回证, step B14), by officers on the spot or by the office through the post."""

    SPEC: ClassVar = Spec(
        name="document.served.v1",
        family="E38",
        origin="both",
        step="B14",
        zh="文书送达",
        en="Document served",
        about_zh="执法文书送达当事人。",
        about_en="A document was served on the party.",
        tags=("case", "task", "document"),
    )

    document_no: Annotated[DocumentNo, says("文号", "number of the document as printed", "INV-25")]
    document_hash: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the document file")] = UNSET
    method: Annotated[ServiceMethod, says("送达方式", "way of service", "PPL 61")]
    served_on: Annotated[LegalDate, says("送达日期", "date of service; periods run from it", "INV-25")]
    recipient: Annotated[Ref | UnsetType, says("收件人身份", "role of the recipient")] = UNSET
    recipient_name: Annotated[Private | UnsetType, says("收件人姓名", "commitment to the name of the recipient")] = (
        UNSET
    )
    witness: Annotated[Ref | UnsetType, says("见证人身份", "role of the witness of service by leaving")] = UNSET
    video_evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=16), says("录像证据", "video that replaces a witness", "CPL 89")
    ] = ()
    electronic_consent: Annotated[
        bool | UnsetType, says("是否同意电子送达", "true if consent was signed", "CPL 90")
    ] = UNSET
    place: Annotated[Line | UnsetType, says("送达地点", "where it was served")] = UNSET
    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the document")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection of the document")] = UNSET
    announced_on_spot: Annotated[
        bool | UnsetType, says("是否当场宣告并交付", "true if announced and handed over at once", "INV-25")
    ] = UNSET
    video_segment_id: Annotated[
        Id | UnsetType, says("录像片段", "recording of service by leaving, in place of a witness", "CPL 89")
    ] = UNSET
    refused: Annotated[bool | UnsetType, says("是否拒收", "whether the recipient refused it", "CPL 89")] = UNSET
    notice_reason: Annotated[
        Line | UnsetType, says("公告送达理由", "why there was no other way than public notice", "CPL 95")
    ] = UNSET
    tracking_no: Annotated[Ref | UnsetType, says("邮件号码", "number of the letter, if by post")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (DocumentServed,)
"""The types of this module, in the order of the process."""
