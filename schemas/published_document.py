r"""The published document: what a `disclosure` entry commits to, as canonical JSON (RFC 8785).

    h = SHA-256("liuhen disclosure v1\n" || salt (32 bytes) || document)

A document of outcome `published` or `corrected` has every column of its layout, in order, with header and code; a
column without `value` and `fen` is empty or not public. One of outcome `withdrawn` or `expired` is a tombstone: it says
when and why, and nothing of the party. Amounts are whole fen; `wan_yuan` gives the 10,000 yuan of tables, exactly.
The invariant: `read(document.encode())` is the document, and no other bytes are read.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas import jcs

FORMAT: Final = "liuhen-disclosure-1"
MAX_BYTES: Final = 60_000
FEN_OF_WAN: Final = 1_000_000
"""Fen of 10,000 yuan."""

Outcome: TypeAlias = Literal["published", "corrected", "withdrawn", "expired"]
Subject: TypeAlias = Literal["penalty", "inspection", "compulsory_measure", "random_selection", "officers", "other"]
PartyType: TypeAlias = Literal["organisation", "person", "self_employed"]
Ground: TypeAlias = Literal["altered", "expired", "error", "repaired", "secrecy", "other"]


FILE_CODES: Final = ("SJ_DXMLZY", "SJ_RYMLZY", "SJ_JGWJ", "RY_MDWJ")
"""Columns whose value is the SHA-256 (hexadecimal) of a file that is published with the record."""

HEADS: Final[dict[str, tuple[str, str, str]]] = {
    "penalty": ("CF_XDR_MC", "CF_XDR_SHXYM", "CF_JDRQ"),
    "inspection": ("JC_DX", "JC_DX_SHXYM", "JC_RQ"),
    "compulsory_measure": ("QZ_XDR_MC", "QZ_XDR_SHXYM", "QZ_RQ"),
    "random_selection": ("SJ_MC", "", "SJ_CQRQ"),
    "officers": ("RY_BT", "", "RY_RQ"),
}
"""Subject -> columns with what a record is called by, a code of that organisation, and its day."""

_Text = Annotated[str, Meta(min_length=1, max_length=10_000)]
_Ref = Annotated[str, Meta(min_length=1, max_length=200)]
_Fen = Annotated[int, Meta(ge=0, le=jcs.MAX_INTEGER)]


class DocumentRefused(ValueError):
    """Bytes that are no published document; the text says what was expected."""


class Agency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The authority that publishes: six-digit code of its division, its name and its social credit code."""

    code: _Ref
    name: _Ref
    uscc: _Ref


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One column: `value` is text, `fen` an amount. Neither: empty, or not public."""

    code: _Ref
    header: _Ref
    value: _Text | UnsetType = UNSET
    fen: _Fen | UnsetType = UNSET


class Changed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Why this revision is not the first: the day, the reason in public words, and the ground of a withdrawal."""

    on: datetime.date
    reason: _Text
    ground: Ground | UnsetType = UNSET


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One revision of a published record.

    `record` is its id (UUID text), the same in every revision. `number` of a decision stands beside the columns, so
    that a tombstone of an organisation can be told apart. `until` is the last day of publication.
    """

    format: Literal["liuhen-disclosure-1"]
    record: Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$(?!\n)")]
    revision: Annotated[int, Meta(ge=1, le=100_000)]
    outcome: Outcome
    subject: Subject
    agency: Agency
    published_on: datetime.date
    until: datetime.date | UnsetType = UNSET
    layout: _Ref | UnsetType = UNSET
    number: _Ref | UnsetType = UNSET
    party_type: PartyType | UnsetType = UNSET
    kinds: Annotated[tuple[Annotated[str, Meta(pattern="^P[0-9]{2}$(?!\n)")], ...], Meta(max_length=14)] = ()
    fields: Annotated[tuple[Field, ...], Meta(max_length=64)] = ()
    remedies: _Text | UnsetType = UNSET
    changed: Changed | UnsetType = UNSET

    @property
    def tombstone(self) -> bool:
        """Whether the record is no longer public."""
        return self.outcome in ("withdrawn", "expired")

    def value(self, code: str) -> str:
        """The text of a column, "" where there is none."""
        found = next((one.value for one in self.fields if one.code == code), UNSET)
        return "" if found is UNSET else found

    def head(self, place: Literal[0, 1, 2]) -> str:
        """What the record is called by (0), the code of that organisation (1), the day (2); "" where there is none."""
        columns = HEADS.get(self.subject)
        return self.value(columns[place]) if columns is not None and columns[place] else ""

    def files(self) -> tuple[str, ...]:
        """SHA-256 (hexadecimal) of the files that the document cites, each once."""
        return tuple(dict.fromkeys(value for code in FILE_CODES if (value := self.value(code))))

    def fen(self, code: str) -> int | None:
        """The amount of a column in fen, None where there is none."""
        found = next((one.fen for one in self.fields if one.code == code), UNSET)
        return None if found is UNSET else found

    def encode(self) -> bytes:
        """The bytes that are hashed. Raises DocumentRefused for a document that is too large or not of its form."""
        try:
            data = jcs.encode(msgspec.to_builtins(self))
        except jcs.NotCanonical as fault:
            raise DocumentRefused(str(fault)) from None
        if len(data) > MAX_BYTES:
            raise DocumentRefused(f"a document may have {MAX_BYTES} bytes, this one has {len(data)}: shorten its texts")
        return data


def read(data: bytes) -> Document:
    """The document of canonical bytes. Raises DocumentRefused for other bytes, also for other forms of the same."""
    if len(data) > MAX_BYTES:
        raise DocumentRefused(f"a document has at most {MAX_BYTES} bytes")
    try:
        value: Any = jcs.decode(data)
        document = msgspec.convert(value, Document)
    except jcs.NotCanonical as fault:
        raise DocumentRefused(str(fault)) from None
    except msgspec.ValidationError as fault:
        raise DocumentRefused(f"not a published document: {fault}") from None
    if document.encode() != data:
        raise DocumentRefused("expected optional fields that are absent to be left out")
    if document.tombstone == bool(document.fields):
        raise DocumentRefused("expected columns in a record that stands, and none in one that was taken back")
    return document


def wan_yuan(fen: int) -> str:
    """An amount in 10,000 yuan (万元) as tables print it, exactly and without an exponent: 200000 fen are 0.2."""
    return format((Decimal(fen) / FEN_OF_WAN).normalize(), "f")
