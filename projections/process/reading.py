"""One log entry as a fact of the domain: what was recorded, by whom, when, and whether it may satisfy a rule.

The same entry, the same stored notes and the same registry always give the same fact; nothing is taken from an unsound
envelope. Private values are not in the log at all: a body has commitments where they belong. Invariant: no part of a
fact depends on what came in before it, so notes that only say in which order things arrived are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from domain.matter import Fact, Source
from projections.facts import UNSOUND_BITS
from schemas import entries
from schemas.envelope import NOTE_BITS
from schemas.events import Body, EventType, Registry
from schemas.events.registry import InvalidBody

ARRIVAL: Final = frozenset(("duplicate_id",))
"""Notes that say what had come in before; another order gives them to another event."""

ANEW: Final = frozenset(("unknown_type", "invalid_body", "claim"))
"""Notes that depend on the registry: given by that of today."""


class _Clock(Struct, frozen=True):
    offset: int


class _Location(Struct, frozen=True):
    acc: int
    crs: str
    lat: int
    lon: int
    mock: bool
    src: str


class _Blob(Struct, frozen=True):
    sha256: bytes


class _Envelope(Struct, gc=False):
    about: tuple[str, ...]
    at: int
    body: msgspec.Raw
    by: tuple[str, ...]
    id: bytes
    occurred: int
    seq: int
    type: str
    clock: _Clock | UnsetType = UNSET
    loc: _Location | UnsetType = UNSET
    blobs: tuple[_Blob, ...] = ()


@dataclass(frozen=True, slots=True)
class Filed:
    """A fact, and what tells two facts apart that have the same id: terminal, seq and branch, and where it stands."""

    fact: Fact
    tie: tuple[bytes, int, bytes]


_ENVELOPES: Final = msgspec.msgpack.Decoder(_Envelope)
_ENCODE: Final = msgspec.msgpack.Encoder(order="sorted").encode


class Reading:
    """Reads entries with one registry. Raises what msgspec and `schemas.entries` raise for a fault of the log."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __call__(self, authority: str, entry: bytes, noted: tuple[int, int] | None) -> Filed | None:
        """The fact of an entry, None where it has none. `noted` = (seq, notes) if admission noted something."""
        notes = noted[1] if noted is not None else 0
        if notes & UNSOUND_BITS:
            return None
        match entries.decode(entry):
            case entries.FieldEntry(r=received, t=terminal, e=envelope):
                return self._field(authority, received, terminal, envelope, b"", notes)
            case entries.BranchEntry(r=received, t=terminal, e=envelope, b=branch):
                return self._field(authority, received, terminal, envelope, branch, notes)
            case entries.OfficeEntry() as act:
                return self._office(authority, act)
            case _:
                return None

    def _field(self, authority: str, received: int, terminal: bytes, data: bytes, branch: bytes, notes: int) -> Filed:
        read = _ENVELOPES.decode(data)
        kind = self._registry.lookup(read.type)
        body, words = _understand(kind, bytes(read.body))
        claim = kind is not None and kind.office_only
        source: Source = "branch" if branch else "field"
        fact = Fact(
            id=read.id,
            type=read.type,
            body=body,
            about=read.about,
            by=read.by,
            source=source,
            authority=authority,
            occurred=read.occurred,
            received=received,
            captured=read.at + (read.clock.offset if read.clock is not UNSET else 0),
            terminal=terminal,
            claim=claim,
            notes=tuple(sorted({*_words(notes), *words, *(("claim",) if claim else ())})),
            location=None if read.loc is UNSET else msgspec.structs.asdict(read.loc),
            blobs=tuple(one.sha256 for one in read.blobs),
        )
        return Filed(fact, (terminal, read.seq, branch))

    def _office(self, authority: str, act: entries.OfficeEntry) -> Filed:
        body, words = _understand(self._registry.lookup(act.y), _ENCODE(act.b))
        fact = Fact(
            id=act.i,
            type=act.y,
            body=body,
            about=tuple(act.a),
            by=(act.w.officer,) if isinstance(act.w.officer, str) else (),
            source="office",
            authority=authority,
            occurred=act.r,
            received=act.r,
            notes=words,
        )
        return Filed(fact, (act.o, act.q, b""))


def _understand(kind: EventType | None, body: bytes) -> tuple[Body | None, tuple[str, ...]]:
    if kind is None:
        return None, ("unknown_type",)
    try:
        return kind.decode(body), ()
    except InvalidBody:
        return None, ("invalid_body",)


def _words(notes: int) -> Any:
    return (name for name, bit in NOTE_BITS.items() if notes & bit and name not in ARRIVAL and name not in ANEW)
