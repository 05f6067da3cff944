"""Log entries: the leaves of the Merkle tree (wire protocol, section 4).

Every entry is a canonical MessagePack map of at most 65,535 bytes with `k` kind, `r` received ms and `v` 1. Envelope
bytes stand inside `field` and `branch` entries exactly as received. The builders give bytes; `decode` gives one of the
typed entries back and is what projections and `verify` read.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas import typed
from schemas.envelope import Bin16, Bin32, Bin64, Int, Positive, Seen, Uint

MAX_ENTRY: Final = 65_535
MAX_OFFICE_BODY: Final = 48_000
KINDS: Final = ("branch", "disclosure", "epoch", "field", "incident", "office", "seal", "stored")
INCIDENTS: Final = ("blob_corrupt", "blob_lost", "fork", "fork_claimed", "hole", "split_view")
ZERO32: Final = bytes(32)


class _Entry(Struct, frozen=True, tag_field="k", kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    r: Int
    v: Literal[1]


class Keys(Struct, frozen=True, forbid_unknown_fields=True):
    """Public keys of an epoch: X25519 `data`, C2SP verifier key text `log`, Ed25519 `receipt`."""

    data: Bin32
    log: Annotated[str, Meta(max_length=1024)]
    receipt: Bin32


class EpochEntry(_Entry, frozen=True, tag="epoch", kw_only=True):
    """Leaf 0: the keys of an epoch, signed by the previous log key or the recovery key."""

    a: Annotated[str, Meta(min_length=1, max_length=128)]
    e: Positive
    host: Annotated[str, Meta(min_length=1, max_length=253)]
    keys: Keys
    previous: Annotated[str, Meta(max_length=16_384)]
    sig: Bin64


class FieldEntry(_Entry, frozen=True, tag="field", kw_only=True):
    """An envelope `e` of terminal `t` on the chain that was stored first, or that an officer let continue."""

    e: bytes
    t: Bin16


class BranchEntry(_Entry, frozen=True, tag="branch", kw_only=True):
    """An envelope `e` at seq `q` on branch `b` of terminal `t`."""

    b: Bin32
    e: bytes
    q: Positive
    t: Bin16


class SealEntry(_Entry, frozen=True, tag="seal", kw_only=True):
    """The terminal's own signature over a batch: its parts suffice to build the signed message again."""

    c: Uint
    d: Uint
    f: Positive
    h: Bin32
    n: Seen | UnsetType = UNSET
    o: Bin32 | UnsetType = UNSET
    s: Bin64
    t: Bin16
    u: Uint
    x: Bin32


class IncidentEntry(_Entry, frozen=True, tag="incident", kw_only=True):
    """Something that the log noticed by itself; `y` is one of INCIDENTS, `z` a salt."""

    b: dict[str, Any]
    t: Bin16
    y: str
    z: Bin16


class Who(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Who did an office act: an `officer` or a `service`, in which `session` (32 bytes), `via` which door."""

    officer: str | UnsetType = UNSET
    service: str | UnsetType = UNSET
    session: Bin32
    via: str

    def __post_init__(self) -> None:
        if (self.officer is UNSET) == (self.service is UNSET):
            raise ValueError("exactly one of officer and service")


class OfficeEntry(_Entry, frozen=True, tag="office", kw_only=True):
    """An act of the office: tags `a`, body `b`, id `i`, origin `o` with version `q`, who `w`, type `y`, salt `z`."""

    a: list[str]
    b: dict[str, Any]
    i: Bin16
    o: Bin16
    q: Positive
    w: Who
    y: str
    z: Bin16


class DisclosureEntry(_Entry, frozen=True, tag="disclosure", kw_only=True):
    """The public trace of a published record: salted hash `h`, record id `i`, outcome `o`. Nothing else."""

    h: Bin32
    i: Bin16
    o: Literal["published", "corrected", "withdrawn", "expired"]


class StoredEntry(_Entry, frozen=True, tag="stored", kw_only=True):
    """A stored event of another `eventsourcing` application: state `b`, originator `o`, version `q`, topic `y`."""

    b: bytes
    o: Bin16
    q: Int
    y: str


Entry: TypeAlias = (
    EpochEntry | FieldEntry | BranchEntry | SealEntry | IncidentEntry | OfficeEntry | DisclosureEntry | StoredEntry
)

_DECODER: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


class EntryRefused(ValueError):
    """Bytes that are no log entry of wire version 1; the text says why."""


def decode(data: bytes) -> Entry:
    """Typed entry of leaf bytes. The form is trusted here (the tree covers it); `decode_strict` also checks it."""
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, RecursionError) as fault:
        raise EntryRefused(f"not a log entry: {type(fault).__name__}") from None


def decode_strict(data: bytes) -> Entry:
    """`decode`, and the bytes are canonical and within the size of a leaf: what a verifier asks for."""
    if len(data) > MAX_ENTRY:
        raise EntryRefused("over 65,535 bytes")
    try:
        typed.decode(data)
    except typed.NotCanonical as fault:
        raise EntryRefused(str(fault)) from None
    return decode(data)


def _encode(fields: dict[str, Any]) -> bytes:
    data = typed.encode(fields)
    if len(data) > MAX_ENTRY:
        raise EntryRefused(f"an entry may have 65,535 bytes, this one has {len(data)}")
    return data


_FIELD: Final = b"\x85\xa1e"
_FIELD_16: Final = struct.Struct(">3sBH")


class FieldFrame:
    """Builds the `field` entries of one batch: all bytes but the envelope are the same for terminal and instant."""

    __slots__ = ("_tail",)

    def __init__(self, terminal: bytes, received: int) -> None:
        tail = typed.encode({"k": "field", "r": received, "t": terminal, "v": 1})
        self._tail = tail[1:]

    def __call__(self, envelope: bytes) -> bytes:
        return _FIELD + _bin_header(len(envelope)) + envelope + self._tail

    def all(self, envelopes: Sequence[bytes]) -> list[bytes]:
        """The entry of each; written out because there are many of them."""
        tail, head = self._tail, _FIELD_16.pack
        return [
            head(_FIELD, 0xC5, size) + envelope + tail if (size := len(envelope)) > 255 else self(envelope)
            for envelope in envelopes
        ]


def _bin_header(size: int) -> bytes:
    if size < 256:
        return b"\xc4" + size.to_bytes(1, "big")
    return b"\xc5" + size.to_bytes(2, "big")


def field(envelope: bytes, terminal: bytes, received: int) -> bytes:
    """A `field` entry."""
    return FieldFrame(terminal, received)(envelope)


def branch(branch_id: bytes, envelope: bytes, seq: int, terminal: bytes, received: int) -> bytes:
    """A `branch` entry."""
    return _encode({"b": branch_id, "e": envelope, "k": "branch", "q": seq, "r": received, "t": terminal, "v": 1})


def branch_id(terminal: bytes, seq: int, first_hash: bytes) -> bytes:
    """Name of the branch whose first differing envelope has `first_hash` at `seq`."""
    return sha256(b"liuhen branch v1\n" + terminal + struct.pack(">Q", seq) + first_hash).digest()


def seal(
    *,
    count: int,
    declared: int,
    first: int,
    head: bytes,
    seen: Seen | UnsetType,
    lost: bytes,
    sig: bytes,
    terminal: bytes,
    suite: int,
    envs: bytes,
    received: int,
) -> bytes:
    """A `seal` entry; `lost` = 32 zero bytes where the batch declared none."""
    fields: dict[str, Any] = {
        "c": count, "d": declared, "f": first, "h": head, "k": "seal", "r": received, "s": sig, "t": terminal,
        "u": suite, "v": 1, "x": envs,
    }  # fmt: skip
    if seen is not UNSET:
        fields["n"] = {"epoch": seen.epoch, "root": seen.root, "size": seen.size}
    if lost != ZERO32:
        fields["o"] = lost
    return _encode(fields)


def incident(kind: str, body: Mapping[str, Any], terminal: bytes, salt: bytes, received: int) -> bytes:
    """An `incident` entry of one of INCIDENTS."""
    if kind not in INCIDENTS:
        raise EntryRefused(f"no such incident: {kind}")
    return _encode({"b": dict(body), "k": "incident", "r": received, "t": terminal, "v": 1, "y": kind, "z": salt})


def office(
    *,
    about: Sequence[str],
    body: Mapping[str, Any],
    id: bytes,
    origin: bytes,
    version: int,
    who: Who,
    type: str,
    salt: bytes,
    received: int,
) -> bytes:
    """An `office` entry; the body may have 48,000 bytes, larger content is a blob cited in it."""
    encoded = typed.encode(dict(body))
    if len(encoded) > MAX_OFFICE_BODY:
        raise EntryRefused(f"an office body may have 48,000 bytes, this one has {len(encoded)}")
    signer = {k: v for k, v in (("officer", who.officer), ("service", who.service)) if v is not UNSET}
    return _encode(
        {
            "a": sorted(set(about)), "b": dict(body), "i": id, "k": "office", "o": origin, "q": version, "r": received,
            "v": 1, "w": {**signer, "session": who.session, "via": who.via}, "y": type, "z": salt,
        }
    )  # fmt: skip


def disclosure(salted_hash: bytes, record: bytes, outcome: str, received: int) -> bytes:
    """A `disclosure` entry: public, so it carries nothing but the salted hash."""
    return _encode({"h": salted_hash, "i": record, "k": "disclosure", "o": outcome, "r": received, "v": 1})


def disclosure_hash(salt: bytes, document: bytes) -> bytes:
    """`h` of a disclosure entry over the RFC 8785 bytes of the published document."""
    return sha256(b"liuhen disclosure v1\n" + salt + document).digest()


def stored(state: bytes, originator: bytes, version: int, topic: str, received: int) -> bytes:
    """A `stored` entry of an `eventsourcing` application."""
    return _encode({"b": state, "k": "stored", "o": originator, "q": version, "r": received, "v": 1, "y": topic})


def _epoch_fields(
    authority: str, epoch: int, host: str, data: bytes, log: str, receipt: bytes, previous: str, received: int
) -> dict[str, Any]:
    return {
        "a": authority, "e": epoch, "host": host, "k": "epoch",
        "keys": {"data": data, "log": log, "receipt": receipt}, "previous": previous, "r": received, "v": 1,
    }  # fmt: skip


def epoch_message(
    *, authority: str, epoch: int, host: str, data: bytes, log: str, receipt: bytes, previous: str, received: int
) -> bytes:
    r"""What signs an epoch: "liuhen epoch v1\n" and the hash of the canonical map without `sig`."""
    fields = _epoch_fields(authority, epoch, host, data, log, receipt, previous, received)
    return b"liuhen epoch v1\n" + sha256(typed.encode(fields)).digest()


def epoch_message_of(entry: EpochEntry) -> bytes:
    """The signed message of a decoded epoch entry."""
    return epoch_message(
        authority=entry.a, epoch=entry.e, host=entry.host, data=entry.keys.data, log=entry.keys.log,
        receipt=entry.keys.receipt, previous=entry.previous, received=entry.r,
    )  # fmt: skip


def epoch_entry(
    *,
    authority: str,
    epoch: int,
    host: str,
    data: bytes,
    log: str,
    receipt: bytes,
    previous: str,
    received: int,
    sig: bytes,
) -> bytes:
    """Leaf 0 of an epoch."""
    return _encode({**_epoch_fields(authority, epoch, host, data, log, receipt, previous, received), "sig": sig})
