"""Ledgers that others keep, taken over to be held against the log (SIG-04, SIG-25): files, their rows, matches.

A file is kept as a blob and cited by its digest; the rows that were new in it stand here themselves, so that a rebuild
gives the same rows whatever program reads the file by then. The invariant: a row is taken over as it was read and never
changed; what a person says of a match is an act of its own.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Fen, Id, Instant, LegalDate, Line, Ref, says

LedgerKind = Literal[
    "receipts", "documents", "complaints", "court", "reconsideration", "visit_log", "credit", "cameras", "tickets"
]  # fmt: skip
"""Whose book it is: of fine receipts, documents sent out, the complaint line, a court, a reconsidering body, an
enterprise's gate, a credit platform, a docking station of body cameras, the finance office's register of ticket books
that officers and units were given."""

LedgerField = Literal[
    "reference", "on", "document_no", "enterprise", "party", "amount", "officer", "agency", "act_on", "device", "unit",
    "until", "state",
]  # fmt: skip
"""What a column of such a book may hold; `unit` says in what unit the amount of the same row is, `until` is the last
number of a range whose first is `reference`, `state` what became of that range."""

Month = Annotated[str, Meta(min_length=7, max_length=7, pattern=r"^[0-9]{4}-[0-9]{2}$(?!\n)")]


class MappedColumn(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One column of the file and what it is read as."""

    title: Annotated[Ref, says("列名", "title of the column in the file")]
    field: Annotated[LedgerField, says("对应字段", "what it is read as")]
    unit: Annotated[
        Literal["元", "万元", "亿元"] | UnsetType, says("金额单位", "unit of amounts printed without one")
    ] = UNSET


class LedgerRow(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One row of somebody else's book. `key` tells it apart in all books of that kind of the authority."""

    n: Annotated[Count, says("行号", "row in the file, the first is 1")]
    key: Annotated[Ref, says("行标识", "reference, or a digest of the row where it has none")]
    reference: Annotated[Ref | UnsetType, says("来源编号", "number of the record there", "SIG-25")] = UNSET
    on: Annotated[LegalDate, says("日期", "date that it states", "SIG-04, SIG-25")]
    at: Annotated[Instant | UnsetType, says("时刻", "instant that it states, ms")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("提及的文号", "number that it names", "SIG-25")] = UNSET
    enterprise: Annotated[
        Ref | UnsetType, says("单位编号", "social credit code or id of the enterprise", "SIG-04, SIG-25")
    ] = UNSET
    party: Annotated[Ref | UnsetType, says("单位名称", "name of an organisation; a person's is not taken over")] = UNSET
    amount_fen: Annotated[Fen | UnsetType, says("金额（分）", "amount, fen", "SIG-04")] = UNSET
    officer: Annotated[Ref | UnsetType, says("执法人员编号", "officer id that it names", "SIG-25")] = UNSET
    agency: Annotated[Ref | UnsetType, says("涉及机关", "authority that it names")] = UNSET
    act_on: Annotated[LegalDate | UnsetType, says("所述执法日期", "date of the act that it speaks of", "SIG-25")] = (
        UNSET
    )
    device: Annotated[Ref | UnsetType, says("设备编号", "number of the device")] = UNSET
    until: Annotated[
        Ref | UnsetType, says("终止号码", "last number of a range of tickets, whose first is `reference`", "SIG-04")
    ] = UNSET
    state: Annotated[
        Literal["issued", "returned", "void"] | UnsetType,
        says("票据状态", "given out, given back or void; given out if absent", "SIG-04"),
    ] = UNSET


class LedgerMappingSaved(Act, frozen=True, kw_only=True, omit_defaults=True):
    """How the columns of a book are read was laid down, or changed: the next version."""

    SPEC: ClassVar = Spec(
        name="outside_ledger.mapping_saved.v1",
        family="E48",
        origin="office",
        step="R6",
        zh="外部台账列对应关系保存",
        en="Column mapping of an outside ledger saved",
        about_zh="确定或修改外部台账各列与字段的对应关系。",
        about_en="Which column of an outside ledger is read as what was laid down or changed.",
    )

    mapping_id: Annotated[Id, says("对应关系编号", "id of the mapping, the same in all its versions")]
    name: Annotated[Ref, says("名称", "what it is called")]
    kind: Annotated[LedgerKind, says("台账种类", "kind of the book")]
    version: Annotated[Count, says("版本", "from 1")]
    columns: Annotated[
        tuple[MappedColumn, ...], Meta(min_length=1, max_length=32), says("列对应", "columns that are read")
    ]
    saved_by: Annotated[Ref | UnsetType, says("保存人", "who saved it")] = UNSET


class LedgerImported(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A file of somebody else's book was taken over; its new rows follow in parts."""

    SPEC: ClassVar = Spec(
        name="outside_ledger.imported.v1",
        family="E48",
        origin="office",
        step="R6",
        zh="外部台账导入",
        en="Outside ledger imported",
        about_zh="导入罚没票据、发文登记、举报热线、法院与复议台账、扫码入企、信用平台、记录仪或票据领用台账文件。",
        about_en="A book of receipts, documents, complaints, dockets, visits, credit, recordings or tickets came in.",
    )

    import_id: Annotated[Id, says("导入编号", "id of the import")]
    kind: Annotated[LedgerKind, says("台账种类", "kind of the book")]
    source: Annotated[Ref, says("来源", "whose book it is")]
    file: Annotated[Digest, says("文件摘要", "SHA-256 of the file, which is kept under it")]
    size: Annotated[Count, says("文件字节数", "bytes of the file")]
    form: Annotated[Literal["xlsx", "csv"], says("文件格式", "form of the file")]
    encoding: Annotated[Ref | UnsetType, says("字符编码", "encoding of a CSV file")] = UNSET
    mapping_id: Annotated[Id | UnsetType, says("对应关系编号", "saved mapping that was used")] = UNSET
    mapping_version: Annotated[Count | UnsetType, says("对应关系版本", "its version")] = UNSET
    columns: Annotated[
        tuple[MappedColumn, ...], Meta(min_length=1, max_length=32), says("列对应", "columns as they were read")
    ]
    rows: Annotated[Count, says("行数", "rows of the file")]
    taken: Annotated[Count, says("新增行数", "rows that were new")]
    known: Annotated[Count, says("已有行数", "rows that stood here already")]
    refused: Annotated[Count, says("拒收行数", "rows that were not taken over, with a reason each")]
    first_on: Annotated[LegalDate | UnsetType, says("最早日期", "earliest date of its rows")] = UNSET
    last_on: Annotated[LegalDate | UnsetType, says("最晚日期", "latest date of its rows")] = UNSET
    imported_by: Annotated[Ref | UnsetType, says("导入人", "who imported it")] = UNSET


class LedgerRowsReceived(Act, frozen=True, kw_only=True, omit_defaults=True):
    """New rows of a file, all of one month."""

    SPEC: ClassVar = Spec(
        name="outside_ledger.rows_received.v1",
        family="E48",
        origin="office",
        step="R6",
        zh="外部台账行接收",
        en="Rows of an outside ledger received",
        about_zh="接收外部台账中新增的行，供与系统记录核对。",
        about_en="Rows of an outside ledger that were new came in, to be held against the log.",
    )

    import_id: Annotated[Id, says("导入编号", "import that they came with")]
    kind: Annotated[LedgerKind, says("台账种类", "kind of the book")]
    month: Annotated[Month, says("月份", "month of their dates")]
    rows: Annotated[tuple[LedgerRow, ...], Meta(min_length=1, max_length=200), says("行", "the rows")]


class LedgerMatchDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A person said whether a row and a recorded act are the same thing."""

    SPEC: ClassVar = Spec(
        name="outside_ledger.match_decided.v1",
        family="E48",
        origin="office",
        step="R6",
        zh="外部台账核对认定",
        en="Match of an outside row decided",
        about_zh="人工确认或否定外部台账的一行与系统内某条记录是同一事项。",
        about_en="A person confirmed or refused that a row of an outside ledger and a recorded act are one thing.",
    )

    kind: Annotated[LedgerKind, says("台账种类", "kind of the book")]
    month: Annotated[Month, says("月份", "month of the row")]
    key: Annotated[Ref, says("行标识", "row, by its key")]
    event: Annotated[Id, says("事件编号", "event that it was held against")]
    outcome: Annotated[Literal["confirmed", "refused"], says("认定结果", "the same thing, or not")]
    reason: Annotated[Line, says("理由", "why")]
    officer: Annotated[Ref, says("认定人", "officer id of who decided")]


TYPES: Final[tuple[type[Body], ...]] = (LedgerMappingSaved, LedgerImported, LedgerRowsReceived, LedgerMatchDecided)
"""The types of this module, in the order of the process."""
