"""What the interface for programs answers with, as types: answers are made of them and described from them.

Invariant: server.public.openapi describes these types and nothing else, so the description cannot say another thing
than the answers. Days are YYYY-MM-DD, amounts whole fen.
"""

from __future__ import annotations

import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.published_document import Document

_Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="32 bytes, hexadecimal")]
_Base64 = Annotated[str, Meta(description="standard base64")]
_Address = Annotated[str, Meta(description="path on this site")]
_Fen = Annotated[int, Meta(description="whole fen (1/100 yuan)")]


class Item(Struct, frozen=True, kw_only=True):
    """A record in a list."""

    record: Annotated[str, Meta(description="id of the record, for ever")]
    url: _Address
    api: _Address
    authority: Annotated[str, Meta(description="code of the division whose authority publishes")]
    agency: str
    subject: Annotated[str, Meta(description="one of the `subject` values of a search")]
    status: Annotated[str, Meta(description="published or corrected")]
    party: Annotated[str, Meta(description="a natural person is masked")]
    party_type: str | None
    uscc: str | None
    number: str | None
    kinds: Annotated[tuple[str, ...], Meta(description="kinds of penalty, P01 to P99")]
    fine_fen: _Fen | None
    confiscated_fen: _Fen | None
    decided_on: datetime.date | None
    published_on: datetime.date
    until: datetime.date | None
    changed_on: datetime.date | None


class Items(Struct, frozen=True, kw_only=True):
    """A page of a list; `next` is the address of the next page, null on the last."""

    items: tuple[Item, ...]
    next: _Address | None
    count: Annotated[int | None, Meta(description="records that are found at all; null: more than 1,000")]


class Gone(Struct, frozen=True, kw_only=True):
    """A record that was taken down."""

    record: str
    url: _Address
    api: _Address
    authority: str
    subject: str
    status: Annotated[str, Meta(description="withdrawn or expired")]
    agency: str
    number: str | None
    on: datetime.date | None
    reason: str


class Withdrawals(Struct, frozen=True, kw_only=True):
    """A page of what was taken down."""

    items: tuple[Gone, ...]
    next: _Address | None


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened to a record: its entry stands at `index` of the log's epoch."""

    revision: int
    outcome: str
    on: datetime.date
    reason: str
    epoch: int
    index: int


class LogPlace(Struct, frozen=True, kw_only=True):
    """Where the entry of the newest revision stands."""

    epoch: int
    index: int
    entry: _Base64


class Whole(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record with its document and its history. Of one that was taken down (410) also the members of a problem."""

    record: str
    url: _Address
    proof: _Address
    authority: str
    state: str
    document: Document
    log: LogPlace
    salt: _Hex32
    released: datetime.datetime
    history: tuple[Event, ...]
    type: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    status: int | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    code: str | UnsetType = UNSET


class ProofShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    r"""What verifies a record: SHA-256("liuhen disclosure v1\n" || salt || document) is `h` of `entry`; the entry's
    leaf hash leads by `hashes` to the root in `checkpoint`, which `key` signed. Of an older revision document and salt
    are not given out.
    """

    record: str
    outcome: str
    entry: _Base64
    index: int
    hashes: tuple[_Base64, ...]
    checkpoint: Annotated[str, Meta(description="C2SP signed note")]
    key: Annotated[str, Meta(description="verifier key of the log, C2SP signed-note")]
    document: Annotated[str, Meta(description="canonical JSON (RFC 8785)")] | UnsetType = UNSET
    salt: _Hex32 | UnsetType = UNSET


class AuthorityShape(Struct, frozen=True, kw_only=True):
    """Who publishes here, and how far its log is taken into account."""

    authority: str
    name: str
    uscc: str
    epoch: int | None
    position: int | None
    at: datetime.datetime | None


class Authorities(Struct, frozen=True, kw_only=True):
    """All authorities."""

    items: tuple[AuthorityShape, ...]


class SectionShape(Struct, frozen=True, kw_only=True):
    """One thing that an authority publishes beside records."""

    section: str
    key: str
    content: dict[str, str | int | bool | None]
    updated: datetime.date


class AuthorityWhole(Struct, frozen=True, kw_only=True):
    """An authority with all that it publishes beside records."""

    authority: str
    name: str
    uscc: str
    sections: tuple[SectionShape, ...]


class Draw(Struct, frozen=True, kw_only=True):
    """All that repeats a draw: the program at /help/draw.py makes the same teams of it."""

    algorithm: str
    objects: Annotated[tuple[str, ...], Meta(description="pool of enterprises, as frozen")]
    officers: Annotated[tuple[str, ...], Meta(description="pool of officers, as frozen")]
    objects_hash: _Hex32
    officers_hash: _Hex32
    commitment: Annotated[_Hex32, Meta(description="made known before the draw")]
    secret: str
    public: Annotated[str, Meta(description="the public number")]
    count: Annotated[int, Meta(description="enterprises that were drawn")]
    team: Annotated[int, Meta(description="officers for each")]
    recused: Annotated[dict[str, list[str]], Meta(description="enterprise: officers who may not inspect it")]
    teams: Annotated[list[tuple[str, list[str]]], Meta(description="enterprise and officers, in the order of the draw")]
    names: Annotated[dict[str, str], Meta(description="what the ids that were drawn are called")]


class Year(Struct, frozen=True, kw_only=True):
    """Figures of an authority in a year, by name."""

    authority: str
    year: int
    figures: dict[str, int]


class Statistics(Struct, frozen=True, kw_only=True):
    """All figures, and how far each log is taken into account."""

    items: tuple[Year, ...]
    as_of: tuple[AuthorityShape, ...]


class ProblemShape(Struct, frozen=True, kw_only=True):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retry: str
