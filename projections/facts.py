"""One log entry as the folds see it: read once, cheaply, for all of them.

Admission has already judged every envelope; its notes stand beside the log (log.keys.notes). So an envelope without a
note that forbids it is read by a slim decoder that skips what no fold asks for, and an unsound one gives its place and
nothing else. Invariant: the same entry, the same stored notes and the same registry always give the same fact.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from schemas import entries
from schemas.envelope import NOTE_BITS, UNSOUND, Envelope, Lookup, notes_to_bits, read, tag_kind

UNSOUND_BITS: Final = notes_to_bits(tuple(sorted(UNSOUND)))
CLAIM: Final = NOTE_BITS["claim"]
HELD: Final = NOTE_BITS["held"]
AFTER_HOLE: Final = NOTE_BITS["after_hole"]
NOT_UNDERSTOOD: Final = NOTE_BITS["unknown_type"] | NOTE_BITS["invalid_body"]
_MORE_KEYS: Final = NOTE_BITS["unknown_fields"]
_JUDGED: Final = NOT_UNDERSTOOD | CLAIM
"""Notes that depend on the registry: given anew when a type was not known at the time."""

FIELD: Final = 0
BRANCH: Final = 1
OFFICE: Final = 2


class SlimClock(Struct, frozen=True):
    """What the ledger asks of `clock`."""

    offset: int


class Event(
    Struct,
    gc=False,
    rename={name: f"({name})" for name in ("branch", "kind", "notes", "position", "received", "terminal")},
):
    """A sound envelope, or an act of the office, as an item of case files and of the ledger.

    The first fields are decoded from the envelope itself, all other keys of which are skipped; the last ones say where
    it stands and are set by the reader, under names that are no keys of an envelope. `kind` is FIELD, BRANCH or OFFICE;
    `terminal` is empty for an act of the office, `seq` then its version, `occurred` and `at` when it was received.
    """

    about: msgspec.Raw
    at: int
    body: msgspec.Raw
    by: msgspec.Raw
    occurred: int
    seq: int
    type: str
    clock: SlimClock | UnsetType = UNSET
    kind: int = FIELD
    position: int = 0
    received: int = 0
    terminal: bytes = b""
    notes: int = 0
    branch: bytes = b""


class Place(Struct, frozen=True, gc=False):
    """An envelope that is not sound: only where it stands. `branch` is empty on the chain that goes on as `field`."""

    position: int
    received: int
    terminal: bytes
    seq: int
    notes: int
    branch: bytes


class Seal(Struct, frozen=True, gc=False):
    """A terminal sealed a batch and says that `declared` is its newest seq."""

    position: int
    received: int
    terminal: bytes
    declared: int


class Incident(Struct, frozen=True, gc=False):
    """Something that the log noticed by itself. `first`, `last` for a hole; `branch`, `first` for a fork."""

    position: int
    received: int
    terminal: bytes
    kind: str
    first: int = 0
    last: int = 0
    branch: bytes = b""


Fact: TypeAlias = Event | Place | Seal | Incident

_SLIM: Final = msgspec.msgpack.Decoder(Event)
_TEXTS: Final = msgspec.msgpack.Decoder(list[str])
_LOOSE: Final = msgspec.msgpack.Decoder()
_ENCODER: Final = msgspec.msgpack.Encoder(order="sorted")
_HEAD: Final = b"\x85\xa1e\xc5"
_KIND: Final = b"\xa1k\xa5field\xa1r\xcf"
_TERMINAL: Final = b"\xa1t\xc4\x10"
_TAIL_SIZE: Final = len(_KIND) + 8 + len(_TERMINAL) + 16 + 3


def texts(raw: msgspec.Raw) -> list[str]:
    """The texts of `about` or `by`."""
    return _TEXTS.decode(raw)


class Reader:
    """Reads the entries of one log; `lookup` is the registry of today.

    Raises schemas.entries.EntryRefused for bytes that are no entry, and what msgspec raises for an envelope that the
    notes call sound and that is not: both are faults of the log, parked by the runner.
    """

    __slots__ = ("_authority", "_epoch", "_lookup", "_received", "_tail", "_terminal")

    def __init__(self, authority: str, epoch: int, lookup: Lookup) -> None:
        self._authority = authority
        self._epoch = epoch
        self._lookup = lookup
        self._tail, self._received, self._terminal = b"", 0, b""

    def __call__(self, position: int, entry: bytes, place: tuple[int, int] | None) -> Fact | None:
        """The fact of an entry, None where no fold asks for it. `place` = (seq, notes) if notes are stored for it."""
        if place is None and entry[:4] == _HEAD:
            # The frame of a field entry with an envelope of 256 bytes or more, and nothing noted: nearly all of a log.
            end = 6 + (entry[4] << 8 | entry[5])
            tail = entry[end:]
            # All entries of a batch have the same tail: kind, instant and terminal are read once for them.
            if tail == self._tail or self._read_tail(tail):
                # Without a note it has no keys but those of section 2, so the reader's own are at their defaults.
                event = _SLIM.decode(memoryview(entry)[6:end])
                event.position = position
                event.received = self._received
                event.terminal = self._terminal
                return event
        return self._any(position, entries.decode(entry), place)

    def _read_tail(self, tail: bytes) -> bool:
        here = len(_KIND)
        if len(tail) != _TAIL_SIZE or not tail.startswith(_KIND):
            return False
        self._tail = tail
        self._received = int.from_bytes(tail[here : here + 8], "big")
        self._terminal = tail[here + 12 : here + 28]
        return True

    def _any(self, position: int, entry: entries.Entry, place: tuple[int, int] | None) -> Fact | None:
        match entry:
            case entries.FieldEntry():
                return self._envelope(position, entry.r, entry.t, entry.e, b"", place)
            case entries.BranchEntry():
                return self._envelope(position, entry.r, entry.t, entry.e, entry.b, place or (entry.q, 0))
            case entries.SealEntry():
                return Seal(position, entry.r, entry.t, entry.d)
            case entries.IncidentEntry():
                return _incident(position, entry)
            case entries.OfficeEntry():
                return Event(
                    about=_raw([tag for tag in entry.a if tag_kind(tag)]),
                    at=entry.r,
                    body=_raw(entry.b),
                    by=_raw([entry.w.officer] if isinstance(entry.w.officer, str) else []),
                    occurred=entry.r,
                    seq=entry.q,
                    type=entry.y,
                    kind=OFFICE,
                    position=position,
                    received=entry.r,
                    notes=self._judge_office(entry),
                )
            case _:
                return None  # epochs, disclosures and stored events of other applications

    def _envelope(
        self, position: int, received: int, terminal: bytes, data: bytes, branch: bytes, place: tuple[int, int] | None
    ) -> Fact:
        seq, notes = place or (0, 0)
        if notes & UNSOUND_BITS:
            return Place(position, received, terminal, seq, notes, branch)
        if notes & NOT_UNDERSTOOD:
            reading = read(data, terminal, seq, authority=self._authority, epoch=self._epoch, lookup=self._lookup)
            notes = notes & ~_JUDGED | notes_to_bits(reading.notes) & _JUDGED
        if notes & _MORE_KEYS:
            known = {key: value for key, value in _LOOSE.decode(data).items() if key in Envelope.__struct_fields__}
            data = _ENCODER.encode(known)
        event = _SLIM.decode(data)
        event.kind = BRANCH if branch else FIELD
        event.notes = notes
        event.branch = branch
        event.position = position
        event.received = received
        event.terminal = terminal
        return event

    def _judge_office(self, entry: entries.OfficeEntry) -> int:
        kind = self._lookup(entry.y)
        if kind is None:
            return NOTE_BITS["unknown_type"]
        try:
            kind.decode(_ENCODER.encode(entry.b))
        except ValueError:
            return NOTE_BITS["invalid_body"]
        return 0


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_ENCODER.encode(value))


def _incident(position: int, entry: entries.IncidentEntry) -> Incident:
    first = entry.b.get("first", entry.b.get("seq", 0))
    last = entry.b.get("last", 0)
    branch = entry.b.get("branch", b"")
    return Incident(
        position,
        entry.r,
        entry.t,
        entry.y,
        first if isinstance(first, int) else 0,
        last if isinstance(last, int) else 0,
        branch if isinstance(branch, bytes) else b"",
    )
