"""From a log entry to an item of a case file: what an officer may read of it, in words that need no manual.

Invariant: personal values never appear. A private field shows that something is withheld, under which commitment, and
whether the sealed value has arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET

from domain.process import step_of
from projections.case_file import ItemRow
from projections.facts import CLAIM, NOT_UNDERSTOOD
from projections.views import WITHHELD, BlobRef, Commitment, Item, Step, Title
from schemas import entries
from schemas.envelope import Envelope, notes_from_bits
from schemas.events import EventType, InvalidBody, Registry, body_json
from schemas.events.registry import Path

Arrived: TypeAlias = Mapping[tuple[str, bytes], bool]
"""("blob" or "private", digest) -> whether it has arrived, for the event of one position."""

NOT_KNOWN: Final = Title("尚未识别的事件", "Event not yet understood")
_ENVELOPE: Final = msgspec.msgpack.Decoder(Envelope)
_LOOSE: Final = msgspec.msgpack.Decoder()
_BODY: Final = msgspec.msgpack.Encoder(order="sorted")


def item(log_id: int, epoch: int, row: ItemRow, entry: bytes, arrived: Arrived, registry: Registry) -> Item:
    """The item of a row, with its body out of `entry`."""
    found = entries.decode(entry)
    match found:
        case entries.FieldEntry():
            return _field(log_id, epoch, row, found.e, found.t, found.r, None, arrived, registry)
        case entries.BranchEntry():
            return _field(log_id, epoch, row, found.e, found.t, found.r, found.b.hex(), arrived, registry)
        case entries.OfficeEntry():
            return _office(log_id, epoch, row, found, arrived, registry)
        case _:
            raise entries.EntryRefused(f"log {log_id}, position {row.position}: not an event")


def _field(
    log_id: int,
    epoch: int,
    row: ItemRow,
    data: bytes,
    terminal: bytes,
    received: int,
    branch: str | None,
    arrived: Arrived,
    registry: Registry,
) -> Item:
    env = read_envelope(data)
    kind = registry.lookup(env.type)
    body, private = _body(kind, bytes(env.body), row.notes, arrived)
    blobs = () if env.blobs is UNSET else env.blobs
    return Item(
        log_id=log_id,
        epoch=epoch,
        position=row.position,
        kind="field" if branch is None else "branch",
        outcome="recorded" if branch is None else "forked",
        branch=branch,
        terminal=str(UUID(bytes=terminal)),
        seq=env.seq,
        id=str(UUID(bytes=env.id)),
        type=env.type,
        family=None if kind is None else kind.family,
        title=_title(kind),
        step=_step(env.type),
        understood=not row.notes & NOT_UNDERSTOOD,
        claim=bool(row.notes & CLAIM),
        notes=notes_from_bits(row.notes),
        occurred=env.occurred,
        at=env.at,
        received=received,
        offset=None if env.clock is UNSET else env.clock.offset,
        by=tuple(env.by),
        about=tuple(env.about),
        body=body,
        blobs=tuple(BlobRef(b.sha256.hex(), b.size, b.type, arrived.get(("blob", b.sha256), False)) for b in blobs),
        private=private,
        location=None if env.loc is UNSET else msgspec.to_builtins(env.loc),
    )


def _office(
    log_id: int, epoch: int, row: ItemRow, entry: entries.OfficeEntry, arrived: Arrived, registry: Registry
) -> Item:
    kind = registry.lookup(entry.y)
    body, private = _body(kind, _BODY.encode(entry.b), row.notes, arrived)
    return Item(
        log_id=log_id,
        epoch=epoch,
        position=row.position,
        kind="office",
        outcome="recorded",
        branch=None,
        terminal=None,
        seq=None,
        id=str(UUID(bytes=entry.i)),
        type=entry.y,
        family=None if kind is None else kind.family,
        title=_title(kind),
        step=_step(entry.y),
        understood=not row.notes & NOT_UNDERSTOOD,
        claim=False,
        notes=notes_from_bits(row.notes),
        occurred=entry.r,
        at=None,
        received=entry.r,
        offset=None,
        by=(entry.w.officer,) if isinstance(entry.w.officer, str) else (),
        about=tuple(entry.a),
        body=body,
        blobs=(),
        private=private,
        location=None,
    )


def read_envelope(data: bytes) -> Envelope:
    """An envelope that admission found sound; top-level keys that nobody knows are left out."""
    try:
        return _ENVELOPE.decode(data)
    except msgspec.ValidationError:
        known = {k: v for k, v in _LOOSE.decode(data).items() if k in Envelope.__struct_fields__}
        return _ENVELOPE.decode(_BODY.encode(known))


def _title(kind: EventType | None) -> Title:
    return NOT_KNOWN if kind is None else Title(kind.title_zh, kind.title_en)


def _step(event_type: str) -> Step:
    step = step_of(event_type)
    return Step(step.code, step.order, Title(step.zh, step.en))


def _body(
    kind: EventType | None, data: bytes, notes: int, arrived: Arrived
) -> tuple[dict[str, Any], tuple[Commitment, ...]]:
    """A body as JSON values, and the private values it commits to. One that is not understood is shown as it is."""
    plain = body_json(_LOOSE.decode(data))
    if kind is None or notes & NOT_UNDERSTOOD:
        return plain, ()
    try:
        commitments = kind.commitments(kind.decode(data))
    except InvalidBody:
        return plain, ()
    states = {digest.hex(): arrived.get(("private", digest), False) for digest in commitments}
    for path in kind.private:
        _withhold(plain, path, states)
    return plain, tuple(Commitment(digest, here) for digest, here in states.items())


def _withhold(value: Any, path: Path, states: Mapping[str, bool]) -> None:
    if not path:
        return
    key, rest = path[0], path[1:]
    if key == "*":
        for place, inner in enumerate(value):
            if rest:
                _withhold(inner, rest, states)
            else:
                value[place] = {WITHHELD: inner, "arrived": states.get(inner, False)}
    elif isinstance(value, dict) and key in value:
        if rest:
            _withhold(value[key], rest, states)
        else:
            digest = value[key]
            value[key] = {WITHHELD: digest, "arrived": states.get(digest, False)}
