"""Entries judged one by one, without regard to their neighbours: in any order, in several processes.

`judge` takes consecutive entries and gives their leaf hashes and, for each, what the chains need to know. The frame of
a `field` entry is compared byte by byte with the only canonical form that it can have, which proves the same as
decoding it and costs a tenth; every other entry is decoded strictly. Envelopes are read with the codec of the
terminals' side (`schemas.canonical`), not with the server's. Invariant: a pure function of its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeAlias

from msgspec import UNSET

from schemas import canonical, entries, envelope
from schemas.events import REGISTRY

_TAIL_KIND: Final = b"\xa1k\xa5field\xa1r\xcf"
_TAIL_TERMINAL: Final = b"\xa1t\xc4\x10"
_TAIL_VERSION: Final = b"\xa1v\x01"
_TAIL: Final = 42
_SMALLEST_LONG: Final = 2**32
_LARGEST: Final = 2**53 - 1

Extra: TypeAlias = tuple[int, bytes | None, tuple[bytes, int, int] | None, tuple[str, ...]]
"""What the derived tables hold of an envelope: note bits by its bytes and place, id, clock, indexed tags."""


@dataclass(slots=True)
class Item:
    """An envelope in a `field` or `branch` entry.

    `prev` is None where it is linked by its place alone; `seq` None where its bytes do not say (or say it of another
    terminal). `branch` and `q` are set in `branch` entries. `extra` is None where the place must be known first.
    """

    terminal: bytes
    hash: bytes
    prev: bytes | None
    seq: int | None
    branch: bytes | None = None
    q: int = 0
    extra: Extra | None = None
    position: int = -1


Judged: TypeAlias = "Item | str | None"
"""An Item; a text that says why the bytes are no entry; None for an entry of another kind that is in order."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the judgement of a log's entries depends on besides their bytes. `tables`: whether `extra` is wanted."""

    authority: str
    epoch: int
    tables: bool


def judge(chunk: list[bytes], context: Context) -> tuple[list[bytes], list[Any]]:
    """Leaf hashes and judgements of entries, in order. Items travel as plain tuples (see `unpack`)."""
    hasher = sha256
    leaves = [hasher(b"\x00" + entry).digest() for entry in chunk]
    return leaves, [_judge(entry, context) for entry in chunk]


def unpack(judged: Any, position: int) -> Judged:
    """The judgement that `judge` packed for the way between processes."""
    if type(judged) is tuple:
        made = Item(*judged)
        made.position = position
        return made
    return judged  # type: ignore[no-any-return]  # a text or None, as _judge made it


def _judge(entry: bytes, context: Context) -> Any:
    framed = unframe(entry)
    if framed is not None:
        return _item(framed[0], framed[1], context, None, 0)
    if len(entry) > entries.MAX_ENTRY:
        return "over 65,535 bytes"
    try:
        canonical.decode(entry)
        value = entries.decode(entry)
    except canonical.NotCanonical as fault:
        return str(fault)
    except entries.EntryRefused:
        return "no entry of a known kind, or a field is missing, unknown or of the wrong form"
    if isinstance(value, entries.FieldEntry):
        return _item(value.e, value.t, context, None, 0)
    if isinstance(value, entries.BranchEntry):
        return _item(value.e, value.t, context, value.b, value.q)
    if isinstance(value, entries.IncidentEntry) and value.y not in entries.INCIDENTS:
        return "an incident of an unknown type"
    if isinstance(value, entries.OfficeEntry) and len(canonical.encode(value.b)) > entries.MAX_OFFICE_BODY:
        return "an office body over 48,000 bytes"
    return None


def unframe(entry: bytes) -> tuple[bytes, bytes] | None:
    """(envelope, terminal) of a canonical `field` entry received after 1970-02-19, None for anything else."""
    if entry[:3] != b"\x85\xa1e":
        return None
    form = entry[3]
    if form == 0xC4:
        start = 5
    elif form == 0xC5:
        start = 6
    else:
        return None
    end = start + int.from_bytes(entry[4:start], "big")
    if len(entry) != end + _TAIL or (form == 0xC5 and end - start < 256) or len(entry) > entries.MAX_ENTRY:
        return None
    tail = entry[end:]
    if tail[:11] != _TAIL_KIND or tail[19:23] != _TAIL_TERMINAL or tail[39:] != _TAIL_VERSION:
        return None
    if not _SMALLEST_LONG <= int.from_bytes(tail[11:19], "big") <= _LARGEST:
        return None
    return entry[start:end], tail[23:39]


def _item(data: bytes, terminal: bytes, context: Context, branch: bytes | None, q: int) -> Any:
    digest = sha256(data).digest()
    prev: bytes | None = None
    seq: int | None = None
    try:
        value = canonical.decode(data)
    except canonical.NotCanonical:
        value = None
    if type(value) is dict:
        link = value.get("prev")
        if type(link) is bytes and len(link) == 32:
            prev = link
        claimed = value.get("seq")
        if type(claimed) is int and value.get("terminal") == terminal and 1 <= claimed <= _LARGEST:
            seq = claimed
    extra = None
    place = q or seq
    if context.tables and place:
        extra = read_extra(data, terminal, place, context)
    return terminal, digest, prev, seq, branch, q, extra


def read_extra(data: bytes, terminal: bytes, seq: int, context: Context) -> Extra:
    """What the derived tables must hold of the envelope that stands at (terminal, seq)."""
    reading = envelope.read(
        data, terminal, seq, authority=context.authority, epoch=context.epoch, lookup=REGISTRY.lookup
    )
    bits = envelope.notes_to_bits(reading.notes)
    sound = reading.envelope
    if sound is None:
        return bits, reading.id, None, ()
    clock = None if sound.clock is UNSET else (sound.clock.boot, sound.clock.mono, sound.at)
    return bits, reading.id, clock, tuple(tag for tag in sound.about if envelope.is_indexed(tag))


def envelope_of(entry: bytes) -> bytes | None:
    """The envelope inside a `field` or `branch` entry, None where there is none."""
    framed = unframe(entry)
    if framed is not None:
        return framed[0]
    try:
        value = entries.decode(entry)
    except entries.EntryRefused:
        return None
    return value.e if isinstance(value, entries.FieldEntry | entries.BranchEntry) else None
