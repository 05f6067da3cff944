"""One field event as the terminal wrote it, and what may be read from its bytes (wire protocol, sections 2 and 3.1).

The invariant: bytes are never changed and never refused here. `read` judges them and says, as sorted notes, how far
they can be trusted; what is unsound gives up nothing but its place. Nothing of an envelope reaches a text column or an
index before it passed the bounds of section 2.

Two ways lead to the same reading: a typed one for well-formed envelopes of known types (the hot path) and a generic
walk for the rest. A property test holds them together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas import typed

MAX_ENVELOPE: Final = 60_000
MAX_SAFE: Final = 2**53 - 1
BIN32: Final = b"\xc4\x20"
CLOCK_JUMP_MS: Final = 300_000
ABOUT_KINDS: Final = frozenset(
    ("authority", "case", "document", "enterprise", "evidence", "hazard", "officer", "plan", "task", "terminal", "tip")
)
UNINDEXED_KINDS: Final = frozenset(("authority", "terminal"))

NOTES: Final = (
    "after_hole",
    "claim",
    "clock_jump",
    "duplicate_id",
    "epoch_changed",
    "foreign_authority",
    "held",
    "invalid_body",
    "invalid_fields",
    "not_canonical",
    "seq_mismatch",
    "terminal_mismatch",
    "unknown_fields",
    "unknown_type",
    "unknown_version",
    "unlinked",
)
"""Every note of section 3.1, sorted. The bit of a stored note is its place in `NOTE_BITS`, which only ever grows."""

NOTE_BITS: Final[Mapping[str, int]] = {
    name: 1 << bit
    for bit, name in enumerate(
        (
            "held",
            "unlinked",
            "not_canonical",
            "unknown_type",
            "unknown_version",
            "invalid_body",
            "invalid_fields",
            "unknown_fields",
            "seq_mismatch",
            "terminal_mismatch",
            "duplicate_id",
            "foreign_authority",
            "claim",
            "after_hole",
            "clock_jump",
            "epoch_changed",
        )
    )
}
UNSOUND: Final = frozenset(
    ("not_canonical", "unlinked", "unknown_version", "invalid_fields", "seq_mismatch", "terminal_mismatch")
)
"""With any of these nothing is derived from the envelope but its place."""

Uint = Annotated[int, Meta(ge=0, le=MAX_SAFE)]
Int = Annotated[int, Meta(ge=-MAX_SAFE, le=MAX_SAFE)]
Positive = Annotated[int, Meta(ge=1, le=MAX_SAFE)]
Bin16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Bin32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
Bin64 = Annotated[bytes, Meta(min_length=64, max_length=64)]


class Seen(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A checkpoint that the terminal had verified: `anchor` of an envelope, `seen` of a batch. Keys in wire order."""

    epoch: Positive
    root: Bin32
    size: Positive


class Blob(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A file that an event relies on; `type` is a media type and is not parsed."""

    sha256: Bin32
    size: Uint
    type: str


class Clock(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """`boot` changes whenever `mono` (ms) restarts; `offset` is the last known distance to server time, ms."""

    boot: Bin16
    mono: Uint
    offset: Int


class Location(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Position when captured: `acc` metres, `lat` and `lon` in 1e-7 degrees."""

    acc: Uint
    crs: Literal["WGS84", "GCJ02"]
    lat: Annotated[int, Meta(ge=-900_000_000, le=900_000_000)]
    lon: Annotated[int, Meta(ge=-1_800_000_000, le=1_800_000_000)]
    mock: bool
    src: str


class Envelope(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The map of section 2, fields in canonical key order so that encoding it again gives the canonical bytes."""

    about: Annotated[list[str], Meta(min_length=1, max_length=16)]
    anchor: Seen | UnsetType = UNSET
    at: Int
    blobs: Annotated[list[Blob], Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    body: msgspec.Raw
    by: Annotated[list[str], Meta(min_length=1, max_length=16)]
    clock: Clock | UnsetType = UNSET
    id: Bin16
    loc: Location | UnsetType = UNSET
    occurred: Int
    prev: Bin32
    salt: Bin16
    seq: Positive
    terminal: Bin16
    type: str
    v: Literal[1]


class Slim(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """An envelope without `anchor` as far as admission looks at it: `about`, `by` and `body` stay bytes."""

    about: msgspec.Raw
    at: Int
    blobs: Annotated[list[Blob], Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    body: msgspec.Raw
    by: msgspec.Raw
    clock: Clock | UnsetType = UNSET
    id: Bin16
    loc: Location | UnsetType = UNSET
    occurred: Int
    prev: Bin32
    salt: Bin16
    seq: Positive
    terminal: Bin16
    type: str
    v: Literal[1]


class Anchored(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """`Slim` of an envelope with `anchor`."""

    about: msgspec.Raw
    anchor: Seen
    at: Int
    blobs: Annotated[list[Blob], Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    body: msgspec.Raw
    by: msgspec.Raw
    clock: Clock | UnsetType = UNSET
    id: Bin16
    loc: Location | UnsetType = UNSET
    occurred: Int
    prev: Bin32
    salt: Bin16
    seq: Positive
    terminal: Bin16
    type: str
    v: Literal[1]


_DECODER = msgspec.msgpack.Decoder(Envelope)
_SLIM = msgspec.msgpack.Decoder(Slim)
_ANCHORED = msgspec.msgpack.Decoder(Anchored)
_ABOUT = msgspec.msgpack.Decoder(Annotated[list[str], Meta(min_length=1, max_length=16)])
_ENCODER = msgspec.msgpack.Encoder()
_SORTED = msgspec.msgpack.Encoder(order="sorted")
_decode, _decode_slim, _decode_anchored = _DECODER.decode, _SLIM.decode, _ANCHORED.decode
_encode, encode_sorted = _ENCODER.encode, _SORTED.encode
_ANCHOR = b"\xa6anchor"
_NEAR: Final = 384
"""So far from the beginning `anchor` is looked for: only `about` stands before it. One further away costs time only."""
_TYPE = re.compile(r"[a-z_]+(\.[a-z_]+)+\.v[0-9]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_REQUIRED = frozenset(("about", "at", "body", "by", "id", "occurred", "prev", "salt", "seq", "terminal", "type", "v"))
_KNOWN = _REQUIRED | {"anchor", "blobs", "clock", "loc"}


class BodyCheck(Protocol):
    """What the registry says of one type: its origin, and whether raw body bytes fit it."""

    @property
    def origin(self) -> Literal["field", "office", "both"]: ...
    @property
    def private(self) -> tuple[Any, ...]: ...
    def decode(self, data: bytes | bytearray | memoryview, /) -> Any: ...
    def decode_all(self, data: bytes, /) -> Sequence[Any]: ...
    def commitments(self, body: Any, /) -> tuple[bytes, ...]: ...


Lookup = Callable[[str], BodyCheck | None]


class Reading(Struct, gc=False):
    """What one envelope gives up. It is sound where section 2 held; only then is `envelope` set.

    `notes` holds the notes that depend on the bytes and their place alone; admission adds those that depend on the log.
    `private` are the commitments in the body, whose values travel beside the envelopes; `tags` the indexed tags.
    """

    hash: bytes
    prev: bytes | None
    notes: tuple[str, ...]
    envelope: Envelope | None
    id: bytes | None
    private: tuple[bytes, ...] = ()
    tags: tuple[str, ...] = ()


class Taken(Struct, gc=False, array_like=True):
    """What admission and the indexes need of a reading, and nothing else: small enough to pass between processes.

    `clock` = (boot, mono, at), `blobs` = the hashes of the files cited, each once; unsound envelopes give up neither.
    """

    hash: bytes
    prev: bytes | None
    notes: tuple[str, ...]
    id: bytes | None
    clock: tuple[bytes, int, int] | None = None
    tags: tuple[str, ...] = ()
    blobs: tuple[bytes, ...] = ()
    private: tuple[bytes, ...] = ()


def take(reading: Reading) -> Taken:
    """What is needed of any reading."""
    seen = reading.envelope
    clock, blobs = (None, ()) if seen is None else (clock_of(seen), blobs_of(seen))
    return Taken(reading.hash, reading.prev, reading.notes, reading.id, clock, reading.tags, blobs, reading.private)


def clock_of(envelope: Envelope | Slim | Anchored) -> tuple[bytes, int, int] | None:
    clock = envelope.clock
    return None if clock is UNSET else (clock.boot, clock.mono, envelope.at)


def blobs_of(envelope: Envelope | Slim | Anchored) -> tuple[bytes, ...]:
    return () if envelope.blobs is UNSET else tuple({blob.sha256: None for blob in envelope.blobs})


class About(Struct, frozen=True, gc=False):
    """What an `about` array says: its indexed tags, and whether it names another authority than the log's own."""

    tags: tuple[str, ...]
    foreign: bool


@lru_cache(maxsize=65_536)
def about_facts(about: tuple[str, ...], own: str) -> About | None:
    """Judge an `about` array for a log whose own tag is `own` ("authority:210500"); None where it breaks section 2.

    str order equals UTF-8 order, so ascending by str is ascending by bytes.
    """
    last = ""
    for tag in about:
        if tag <= last or not tag_kind(tag):
            return None
        last = tag
    foreign = any(tag != own for tag in about if tag.startswith("authority:"))
    return About(tuple(tag for tag in about if is_indexed(tag)), foreign)


@lru_cache(maxsize=16_384)
def _officers(by: tuple[str, ...]) -> bool:
    return len(set(by)) == len(by) and all(_officer(name) for name in by)


@lru_cache(maxsize=65_536)
def _about_in(raw: bytes, own: str) -> About | None:
    """`about_facts` of the bytes of an array; None also where they are not canonical."""
    about = _ABOUT.decode(raw)
    return about_facts(tuple(about), own) if _encode(about) == raw else None


@lru_cache(maxsize=16_384)
def officers_in(raw: bytes) -> bool:
    by = _ABOUT.decode(raw)
    return _encode(by) == raw and _officers(tuple(by))


def _printable(text: str) -> bool:
    return text.isprintable() or not any(unicodedata.category(c) == "Cc" for c in text)


@lru_cache(maxsize=65_536)
def tag_kind(tag: str) -> str:
    """The kind of a valid `kind:value` tag, or "" where the tag breaks section 2."""
    kind, colon, value = tag.partition(":")
    if not colon or kind not in ABOUT_KINDS or not value or len(tag.encode()) > 128 or not _printable(tag):
        return ""
    if _UUID.fullmatch(value) and value != value.lower():
        return ""
    return kind


@lru_cache(maxsize=16_384)
def _officer(name: str) -> bool:
    return 1 <= len(name.encode()) <= 128 and _printable(name)


@lru_cache(maxsize=4_096)
def _type_name(name: str) -> bool:
    return len(name) <= 64 and _TYPE.fullmatch(name) is not None


def _bounded(envelope: Envelope) -> bool:
    """The rules of section 2 that the struct cannot state, but for `about` and `type`."""
    return _officers(tuple(envelope.by)) and bounded_rest(envelope)


def bounded_rest(envelope: Envelope | Slim | Anchored) -> bool:
    if envelope.blobs is not UNSET and any(len(b.type.encode()) > 128 for b in envelope.blobs):
        return False
    return envelope.loc is UNSET or len(envelope.loc.src.encode()) <= 32


def _same_bytes(envelope: Envelope | Anchored, data: bytes) -> bool:
    """Whether encoding again gives `data`. The encoder keeps a 3-byte map header for a struct of 16 optional fields."""
    again = _encode(envelope)
    count = again[2]
    if again[0] != 0xDE or count > 15:
        return again == data
    return data[0] == 0x80 | count and again[3:] == data[1:]


def is_indexed(tag: str) -> bool:
    """Whether a valid tag goes to the tag index: `authority` and `terminal` do not."""
    return tag_kind(tag) not in UNINDEXED_KINDS


def read(
    data: bytes,
    terminal: bytes,
    seq: int,
    *,
    authority: str,
    epoch: int,
    lookup: Lookup,
) -> Reading:
    """Judge the bytes that stand at (terminal, seq) of a log of `authority` in `epoch`. Never raises for any bytes."""
    return Reader(authority, epoch, lookup).read(data, sha256(data).digest(), terminal, seq)


class Reader:
    """`read` for many envelopes of one log: `authority`, its `epoch`, and the types that are known (`lookup`)."""

    __slots__ = ("_authority", "_epoch", "_lookup", "_own")

    def __init__(self, authority: str, epoch: int, lookup: Lookup) -> None:
        self._authority = authority
        self._epoch = epoch
        self._lookup = lookup
        self._own = "authority:" + authority

    def read(self, data: bytes, digest: bytes, terminal: bytes, seq: int) -> Reading:
        """As `read`; `digest` = SHA-256 of `data`. The typed way; whatever does not pass on it is walked."""
        try:
            envelope = _decode(data)
            if envelope.seq == seq and envelope.terminal == terminal and _same_bytes(envelope, data):
                kind = self._lookup(envelope.type)  # a type that is registered has a well-formed name
                about = about_facts(tuple(envelope.about), self._own)
                if kind is not None and about is not None and _bounded(envelope):
                    raw = bytes(envelope.body)
                    body = kind.decode(raw)
                    if encode_sorted(body) == raw:  # else unknown body keys, or another form: the walk decides
                        notes: tuple[str, ...] = ()
                        if about.foreign or kind.origin == "office" or envelope.anchor is not UNSET:
                            notes = _context_notes(kind, about, (), envelope.anchor, self._epoch)
                        # A commitment is a bin32: where no such header stands in the body there is none.
                        private = kind.commitments(body) if kind.private and BIN32 in raw else ()
                        return Reading(digest, envelope.prev, notes, envelope, envelope.id, private, about.tags)
        except (msgspec.DecodeError, ValueError, OverflowError, RecursionError, MemoryError):
            pass
        return _read_generic(data, digest, terminal, seq, self._authority, self._epoch, self._lookup)

    def take(self, data: bytes, digest: bytes, terminal: bytes, seq: int) -> Taken:
        """`take` of `read` at two thirds of its cost: what most envelopes repeat is judged once, found by its bytes."""
        if _ANCHOR not in data:
            try:
                envelope = _decode_slim(data)
                # A struct of fifteen fields begins with the one-byte header of a short map: no look at it is needed.
                if envelope.seq == seq and envelope.terminal == terminal and _encode(envelope) == data:
                    kind = self._lookup(envelope.type)
                    about = _about_in(bytes(envelope.about), self._own)
                    if kind is not None and about is not None and officers_in(bytes(envelope.by)):
                        raw = bytes(envelope.body)
                        body = kind.decode(raw)
                        rare = envelope.blobs is not UNSET or envelope.loc is not UNSET
                        if encode_sorted(body) == raw and (not rare or bounded_rest(envelope)):
                            notes = _context_notes(kind, about) if about.foreign or kind.origin == "office" else ()
                            private = kind.commitments(body) if kind.private and BIN32 in raw else ()
                            clock, blobs = clock_of(envelope), blobs_of(envelope) if rare else ()
                            return Taken(digest, envelope.prev, notes, envelope.id, clock, about.tags, blobs, private)
            except (msgspec.DecodeError, ValueError, OverflowError, RecursionError, MemoryError):
                pass
        return take(self.read(data, digest, terminal, seq))

    def slim(self, data: bytes, terminal: bytes, seq: int) -> Slim | Anchored | None:
        """The envelope at (terminal, seq) where it is canonical and anchored in this epoch, if at all: what is left to
        judge are `about`, `by`, `body` and `bounded_rest`. Raises msgspec.DecodeError, ValueError.
        """
        envelope: Slim | Anchored
        if data.find(_ANCHOR, 0, _NEAR) < 0:
            envelope = _decode_slim(data)
            same = _encode(envelope) == data
        else:
            envelope = _decode_anchored(data)
            same = envelope.anchor.epoch == self._epoch and _same_bytes(envelope, data)
        return envelope if same and envelope.seq == seq and envelope.terminal == terminal else None

    def slim_all(self, envelopes: Sequence[bytes], terminal: bytes, first: int) -> Sequence[Slim | Anchored] | None:
        """`slim` of envelopes that follow one another from seq `first`; None where one of them is not."""
        try:
            found = list(map(_decode_slim, envelopes))
        except msgspec.ValidationError:  # one of them may be anchored
            some = [self.slim(data, terminal, seq) for seq, data in enumerate(envelopes, first)]
            return None if None in some else [each for each in some if each is not None]
        if list(map(_encode, found)) != list(envelopes) or any(each.terminal != terminal for each in found):
            return None
        return found if [each.seq for each in found] == list(range(first, first + len(found))) else None

    def field_type(self, name: str) -> BodyCheck | None:
        """The type of that name, None where it is unknown or would be a claim."""
        kind = self._lookup(name)
        return None if kind is None or kind.origin == "office" else kind

    def own_tags(self, about: msgspec.Raw) -> tuple[str, ...] | None:
        """The indexed tags of the bytes of an `about`; None where they are not sound or name another authority."""
        found = _about_in(bytes(about), self._own)
        return None if found is None or found.foreign else found.tags

    def take_all(self, envelopes: Sequence[bytes], hashes: Sequence[bytes], terminal: bytes, first: int) -> list[Taken]:
        """`take` of envelopes that follow one another from seq `first`."""
        take_one = self.take
        offered = enumerate(zip(envelopes, hashes, strict=True), first)
        return [take_one(data, digest, terminal, seq) for seq, (data, digest) in offered]


def _context_notes(
    kind: BodyCheck | None, about: About, notes: tuple[str, ...] = (), anchor: Seen | UnsetType = UNSET, epoch: int = 0
) -> tuple[str, ...]:
    """Add the notes of a sound envelope that depend on its type, its authority tags and the epoch."""
    more: tuple[str, ...] = ()
    if kind is not None and kind.origin == "office":
        more = ("claim",)
    if anchor is not UNSET and anchor.epoch != epoch:
        more = (*more, "epoch_changed")
    if about.foreign:
        more = (*more, "foreign_authority")
    return tuple(sorted((*notes, *more))) if more or notes else ()


def _read_generic(
    data: bytes, digest: bytes, terminal: bytes, seq: int, authority: str, epoch: int, lookup: Lookup
) -> Reading:
    # (1) canonical form, else linked by place alone
    try:
        value = typed.decode(data)
    except typed.NotCanonical:
        return Reading(digest, None, ("not_canonical", "unlinked"), None, None)
    if type(value) is not dict:
        return Reading(digest, None, ("invalid_fields", "unlinked"), None, None)
    # (2) the link
    found: set[str] = set()
    prev = value.get("prev")
    if type(prev) is not bytes or len(prev) != 32:
        prev = None
        found.add("unlinked")
    # (3) the version: of another one only prev, seq and terminal are read
    version = value.get("v")
    place = (("seq", seq, "seq_mismatch"), ("terminal", terminal, "terminal_mismatch"))
    for key, expected, note in place:
        if key in value and type(value[key]) is type(expected) and value[key] != expected:
            found.add(note)
    if "v" not in value:
        found.add("invalid_fields")
        return Reading(digest, prev, tuple(sorted(found)), None, None)
    if type(version) is not int or version != 1:
        found.add("unknown_version")
        return Reading(digest, prev, tuple(sorted(found)), None, None)
    # (4) the fields of section 2
    extra = value.keys() - _KNOWN
    envelope: Envelope | None
    about: About | None = None
    try:
        if type(value.get("body")) is not dict:
            raise ValueError("body is not a map")
        known = {k: v for k, v in value.items() if k in _KNOWN} if extra else value
        envelope = _DECODER.decode(data if not extra else _SORTED.encode(known))
        about = about_facts(tuple(envelope.about), "authority:" + authority)
        if about is None or not _bounded(envelope) or not _type_name(envelope.type):
            raise ValueError("a field is out of bounds")
    except (msgspec.DecodeError, ValueError):
        envelope = None
        found.add("invalid_fields")
    name = value.get("id")
    event_id = name if type(name) is bytes and len(name) == 16 else None
    if found & UNSOUND or envelope is None or about is None:
        return Reading(digest, prev, tuple(sorted(found & UNSOUND)), None, event_id)
    # (5) type and body
    if extra:
        found.add("unknown_fields")
    kind = lookup(envelope.type)
    private: tuple[bytes, ...] = ()
    if kind is None:
        found.add("unknown_type")
    else:
        try:
            private = kind.commitments(kind.decode(envelope.body))
        except (ValueError, RecursionError, OverflowError):
            found.add("invalid_body")
    notes = _context_notes(kind, about, tuple(found), envelope.anchor, epoch)
    return Reading(digest, prev, notes, envelope, event_id, private, about.tags)


def clock_jumped(before: tuple[bytes, int, int] | None, clock: tuple[bytes, int, int] | None) -> bool:
    """`clock_jump`: same boot as the envelope before, and `at` moved otherwise than `mono` by more than 300 s.

    Both are (boot, mono, at), or None where an envelope has no sound clock.
    """
    if before is None or clock is None or before[0] != clock[0]:
        return False
    return abs((clock[2] - before[2]) - (clock[1] - before[1])) > CLOCK_JUMP_MS


def notes_to_bits(notes: tuple[str, ...]) -> int:
    """The stored form of a set of notes."""
    bits = 0
    for note in notes:
        bits |= NOTE_BITS[note]
    return bits


@lru_cache(maxsize=4_096)
def notes_from_bits(bits: int) -> tuple[str, ...]:
    """The notes of a stored number, sorted."""
    return tuple(sorted(name for name, bit in NOTE_BITS.items() if bits & bit))


def array_header(count: int) -> bytes:
    """What MessagePack puts before an array of at most 65,535 values."""
    return bytes((0x90 | count,)) if count < 16 else b"\xdc" + count.to_bytes(2, "big")


def encode_envelope(fields: Mapping[str, Any]) -> bytes:
    """Canonical bytes of an envelope given as a map of section 2, for tools and tests (terminals: canonical.encode)."""
    return typed.encode(dict(fields))
