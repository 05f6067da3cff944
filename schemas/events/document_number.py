"""Document numbers (文号): blocks reserved, numbers issued, voided, and blocks given back (E08).

One sequence for each agency, token and year (handbook 8.9). The invariant: a number is never used again; what is
neither printed on a document nor voided nor given back nor in an open block is a gap (SIG-01).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Digest, DocumentNo, Id, Instant, LegalDate, Line, Ref, says

Sequence = Annotated[int, Meta(ge=1, le=999_999)]
Year = Annotated[int, Meta(ge=1949, le=2199)]


class DocumentNumbersReserved(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A block of numbers was reserved for a terminal that works offline, or for a book of forms."""

    SPEC: ClassVar = Spec(
        name="document_number.reserved.v1",
        family="E08",
        origin="office",
        step="R4",
        zh="文号预留",
        en="Document numbers reserved",
        about_zh="为离线终端或纸质文书预留一段文号。",
        about_en="A block of document numbers was reserved for a terminal or for paper forms.",
        tags=("terminal",),
    )

    block_id: Annotated[Id, says("号段编号", "id of the block")]
    agency: Annotated[Ref, says("机关代码", "authority whose sequence it is", "INV-33")]
    token: Annotated[Ref, says("文书代字", "document word, e.g. 责改", "INV-33")]
    year: Annotated[Year, says("年份", "year of the sequence", "INV-33")]
    from_n: Annotated[Sequence, says("起始号", "first number of the block", "INV-33")]
    to_n: Annotated[Sequence, says("截止号", "last number of the block", "INV-33")]
    prefix: Annotated[Ref | UnsetType, says("机关代字", "front of the printed number, e.g. （辽本）应急")] = UNSET
    terminal_id: Annotated[Id | UnsetType, says("终端编号", "terminal that may use it", "SIG-02")] = UNSET
    holder: Annotated[Ref | UnsetType, says("领用人", "officer id of who holds a book of forms")] = UNSET
    expires_at: Annotated[Instant, says("失效时刻", "instant from which unused numbers are gaps, ms", "SIG-01")]


class DocumentNumberIssued(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The server gave out the next number, after every gate on that document was passed."""

    SPEC: ClassVar = Spec(
        name="document_number.issued.v1",
        family="E08",
        origin="office",
        step="R4",
        zh="文号发放",
        en="Document number issued",
        about_zh="服务器为一份文书发放文号。",
        about_en="The server issued the number of a document.",
        tags=("document", "case", "task"),
    )

    document_no: Annotated[DocumentNo, says("文号", "number as it will be printed", "INV-33")]
    agency: Annotated[Ref, says("机关代码", "authority whose sequence it is", "INV-33")]
    token: Annotated[Ref, says("文书代字", "document word", "INV-33")]
    year: Annotated[Year, says("年份", "year of the sequence", "INV-33")]
    n: Annotated[Sequence, says("序号", "the number itself", "INV-33")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case that the document belongs to")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task that the document belongs to")] = UNSET
    draft_hash: Annotated[
        Digest | UnsetType, says("文书草稿摘要", "SHA-256 of the draft that passed the gate", "INV-17")
    ] = UNSET
    issued_to: Annotated[Ref | UnsetType, says("领取人", "officer id of who asked for it")] = UNSET


class DocumentNumberVoided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A number was spoiled and will never be used: with reason, photo and approver. Needed so that no gap is left."""

    SPEC: ClassVar = Spec(
        name="document_number.voided.v1",
        family="E08",
        origin="both",
        step="R4",
        zh="文号作废",
        en="Document number voided",
        about_zh="一个文号因文书作废而不再使用。",
        about_en="A document number was declared void.",
        tags=("document", "terminal"),
    )

    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number as printed, if a form was printed")] = UNSET
    agency: Annotated[Ref, says("机关代码", "authority whose sequence it is", "SIG-01, SIG-32")]
    token: Annotated[Ref, says("文书代字", "document word", "SIG-01")]
    year: Annotated[Year, says("年份", "year of the sequence", "SIG-01")]
    n: Annotated[Sequence, says("序号", "the number itself", "SIG-01")]
    reason: Annotated[Line, says("作废原因", "why", "SIG-32")]
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of who approved", "SIG-01")] = UNSET
    photo_hashes: Annotated[
        tuple[Digest, ...], Meta(min_length=1, max_length=8), says("作废文书照片", "SHA-256 of photos of the form")
    ] = ()
    voided_on: Annotated[LegalDate | UnsetType, says("作废日期", "date on which it was spoiled")] = UNSET


class DocumentNumbersReturned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The unused rest of a block was given back; those numbers are accounted for."""

    SPEC: ClassVar = Spec(
        name="document_number.returned.v1",
        family="E08",
        origin="office",
        step="R4",
        zh="文号交回",
        en="Document numbers returned",
        about_zh="预留号段中未使用的文号交回。",
        about_en="The unused rest of a block of document numbers was given back.",
        tags=("terminal",),
    )

    block_id: Annotated[Id | UnsetType, says("号段编号", "block that they belong to")] = UNSET
    agency: Annotated[Ref, says("机关代码", "authority whose sequence it is", "SIG-01")]
    token: Annotated[Ref, says("文书代字", "document word", "SIG-01")]
    year: Annotated[Year, says("年份", "year of the sequence", "SIG-01")]
    from_n: Annotated[Sequence, says("起始号", "first number given back", "SIG-01")]
    to_n: Annotated[Sequence, says("截止号", "last number given back", "SIG-01")]
    reason: Annotated[
        Literal["year_end", "terminal_replaced", "expired", "other"] | UnsetType, says("交回原因", "why")
    ] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (
    DocumentNumbersReserved,
    DocumentNumberIssued,
    DocumentNumberVoided,
    DocumentNumbersReturned,
)
"""The types of this module, in the order of the process."""
