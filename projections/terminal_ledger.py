"""TerminalLedger: how each terminal stands, folded from nothing but the log.

Key: (log, terminal). What arrived, what the terminal says exists, holes, side chains and the acts that end them, held
or not, clock, notes. States of several epochs are merged when they are read. Invariant: the ledger agrees with
admission (schemas.admission) without asking it: whoever has the log can check how a terminal was treated.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from copy import deepcopy
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, field

from projections.facts import AFTER_HOLE, NOT_UNDERSTOOD, OFFICE, Event, Fact, Incident, Place, Seal
from schemas.envelope import NOTE_BITS

NAME: Final = "terminal_ledger"
VERSION: Final = 1
MAX_LISTED: Final = 200
"""Incidents, holes, side chains and unsound places that are listed; all are counted."""

OPEN: Final = "open"
CONTINUES: Final = "continues"
SET_ASIDE: Final = "set_aside"
STORED: Final = b"stored"
_ACTS: Final = ("terminal.enrolled.v1", "terminal.revoked.v1", "terminal.released.v1", "terminal.fork_resolved.v1")


class HoleState(Struct, array_like=True):
    """Seqs declared lost, and how many of them came in after all."""

    first: int
    last: int
    filled: int = 0


class BranchState(Struct, array_like=True):
    """A side chain: where it began, how far it goes, how many entries it has, and what was decided."""

    id: bytes
    first: int
    last: int
    entries: int = 0
    state: str = OPEN


class EnrolledState(Struct, array_like=True, frozen=True):
    """What the enrolment entry says; `info` as its MessagePack bytes."""

    position: int
    received: int
    event_key: bytes
    request_key: bytes
    replaces: bytes
    info: bytes


class LedgerState(Struct, array_like=True):
    """A terminal in one log. None: this log says nothing about it."""

    head: int | None = None
    declared: int = 0
    entries: int = 0
    held: bool | None = None
    revoked: int | None = None
    holes: list[HoleState] = field(default_factory=list)
    branches: list[BranchState] = field(default_factory=list)
    resolutions: list[bytes] = field(default_factory=list)
    going_on: bytes = b""
    incidents: list[tuple[str, int, int]] = field(default_factory=list)
    strays: list[int] = field(default_factory=list)
    unsound: list[tuple[int, int]] = field(default_factory=list)
    last_received: int = 0
    last_captured: int | None = None
    clock: tuple[int, int, int] | None = None
    notes: list[int] = field(default_factory=list)
    enrolled: EnrolledState | None = None


_ENCODE: Final = msgspec.msgpack.Encoder(order="sorted").encode
_STATES: Final = msgspec.msgpack.Decoder(LedgerState)
_BITS: Final = len(NOTE_BITS)


def decode(data: bytes) -> LedgerState:
    """A stored state."""
    return _STATES.decode(data)


def encode(state: LedgerState) -> bytes:
    """The row to store."""
    return _ENCODE(state)


def terminal_of(fact: Fact) -> bytes:
    """The terminal that a fact is about, b"" for none."""
    if type(fact) is Event and fact.kind == OFFICE:
        body = _act(fact)
        name = body.get("terminal") if body else None
        return name if isinstance(name, bytes) and len(name) == 16 else b""
    return fact.terminal


def terminals(facts: Iterable[Fact]) -> set[bytes]:
    """The keys that a run of facts touches."""
    found = {terminal_of(fact) if type(fact) is Event and fact.kind == OFFICE else fact.terminal for fact in facts}
    found.discard(b"")
    return found


def evolve(states: MutableMapping[bytes, LedgerState], fact: Fact) -> None:
    """Fold one fact into the state of its terminal, all of one log. What it raises, it raises before any change."""
    if type(fact) is Event:
        if fact.kind == OFFICE:
            _office(states, fact)
            return
        state = _state(states, fact.terminal)
        state.entries += 1
        if fact.notes:
            _note(state, fact.notes)
        state.last_captured = fact.at
        if fact.clock is not UNSET:
            offset = fact.clock.offset
            known = state.clock
            if known is None:
                state.clock = (offset, offset, offset)
            elif offset != known[2]:
                state.clock = (min(known[0], offset), max(known[1], offset), offset)
        if fact.received > state.last_received:
            state.last_received = fact.received
        if fact.branch or fact.notes & AFTER_HOLE or state.going_on:
            _off_the_line(state, fact.branch, fact.seq, fact.notes)
        else:
            state.head = fact.seq
        return
    state = _state(states, fact.terminal)
    state.last_received = max(state.last_received, fact.received)
    match fact:
        case Place():
            state.entries += 1
            _note(state, fact.notes)
            if len(state.unsound) < MAX_LISTED:
                state.unsound.append((fact.position, fact.seq))
            _off_the_line(state, fact.branch, fact.seq, fact.notes)
        case Seal():
            state.declared = max(state.declared, fact.declared)
        case Incident():
            _incident(state, fact)


def _state(states: MutableMapping[bytes, LedgerState], terminal: bytes) -> LedgerState:
    state = states.get(terminal)
    if state is None:
        state = states[terminal] = LedgerState()
    return state


def _note(state: LedgerState, bits: int) -> None:
    if not state.notes:
        state.notes = [0] * _BITS
    elif len(state.notes) < _BITS:
        state.notes.extend([0] * (_BITS - len(state.notes)))
    for place in range(_BITS):
        if bits >> place & 1:
            state.notes[place] += 1


def _off_the_line(state: LedgerState, branch: bytes, seq: int, notes: int) -> None:
    if branch:
        state.held = True
        found = _branch(state, branch, seq)
        if found is not None:
            found.entries += 1
            found.last = max(found.last, seq)
    elif notes & AFTER_HOLE:
        if not _fill(state.holes, seq) and len(state.strays) < MAX_LISTED:
            state.strays.append(seq)  # into a hole of an earlier epoch: counted when states are merged
    else:
        state.head, state.going_on = seq, b""


def _fill(holes: Sequence[HoleState], seq: int) -> bool:
    for hole in holes:
        if hole.first <= seq <= hole.last:
            hole.filled += 1
            return True
    return False


def _branch(state: LedgerState, name: bytes, seq: int) -> BranchState | None:
    found = next((b for b in state.branches if b.id == name), None)
    if found is None and len(state.branches) < MAX_LISTED:
        found = BranchState(name, seq, seq)
        state.branches.append(found)
    return found


def _incident(state: LedgerState, fact: Incident) -> None:
    if len(state.incidents) < MAX_LISTED:
        state.incidents.append((fact.kind, fact.position, fact.received))
    match fact.kind:
        case "hole":
            # Stands behind the envelopes that followed the hole, so the head may be past it already.
            state.held = True
            state.head = max(state.head or 0, fact.last)
            if len(state.holes) < MAX_LISTED:
                state.holes.append(HoleState(fact.first, fact.last))
        case "fork":
            state.held = True
            _branch(state, fact.branch, fact.first)
        case _:
            pass


def _act(event: Event) -> dict[str, Any] | None:
    if event.type not in _ACTS or event.notes & NOT_UNDERSTOOD:
        return None
    body: Any = msgspec.msgpack.decode(event.body)
    return body if isinstance(body, dict) else None


def _office(states: MutableMapping[bytes, LedgerState], event: Event) -> None:
    body, terminal = _act(event), terminal_of(event)
    if body is None or not terminal:
        return
    match event.type:
        case "terminal.enrolled.v1":
            enrolled = EnrolledState(
                event.position, event.received, body["event_key"], body["request_key"], body.get("replaces", b""),
                _ENCODE(body["info"]),
            )  # fmt: skip
            state = _state(states, terminal)
            state.enrolled = state.enrolled or enrolled
        case "terminal.revoked.v1":
            state = _state(states, terminal)
            state.revoked, state.held = body["declared"], True
        case "terminal.released.v1":
            _state(states, terminal).held = False
        case "terminal.fork_resolved.v1":
            chosen = STORED if body["branch"] == "stored" else body["branch"]
            _resolve(_state(states, terminal), chosen)


def _resolve(state: LedgerState, chosen: bytes) -> None:
    state.resolutions.append(chosen)
    _decide(state.branches, chosen)
    if chosen == STORED:
        return
    found = next((b for b in state.branches if b.id == chosen), None)
    if found is None:
        state.going_on = chosen  # a side chain of an earlier epoch: its head is looked up when states are merged
    else:
        state.head = found.last


def _decide(branches: Sequence[BranchState], chosen: bytes) -> None:
    for branch in branches:
        if branch.id == chosen:
            branch.state = CONTINUES
        elif branch.state == OPEN:
            branch.state = SET_ASIDE


class Merged(Struct):
    """A terminal over all epochs; `incidents` and `enrolled` with the log that they stand in."""

    state: LedgerState
    incidents: list[tuple[str, int, int, int]]
    enrolled_in: int | None


def merge(rows: Sequence[tuple[int, LedgerState]]) -> Merged:
    """One state of those that the logs (log_id, state) of an authority have, in order of epochs."""
    whole = LedgerState(notes=[0] * _BITS)
    incidents: list[tuple[str, int, int, int]] = []
    enrolled_in: int | None = None
    for log_id, part in rows:
        state = deepcopy(part)
        for chosen in state.resolutions:
            _decide(whole.branches, chosen)
        if state.head is not None:
            whole.head = state.head
        if state.going_on:
            side = next((b for b in whole.branches if b.id == state.going_on), None)
            whole.head = whole.head if side is None else side.last
        for branch in state.branches:
            known = next((b for b in whole.branches if b.id == branch.id), None)
            if known is None:
                whole.branches.append(branch)
            else:
                known.entries += branch.entries
                known.last = max(known.last, branch.last)
                known.state = branch.state if branch.state != OPEN else known.state
        for seq in state.strays:
            _fill(whole.holes, seq)
        whole.holes.extend(state.holes)
        whole.declared = max(whole.declared, state.declared)
        whole.entries += state.entries
        whole.held = state.held if state.held is not None else whole.held
        whole.revoked = state.revoked if state.revoked is not None else whole.revoked
        whole.last_received = max(whole.last_received, state.last_received)
        whole.last_captured = state.last_captured if state.last_captured is not None else whole.last_captured
        if state.clock is not None:
            before = whole.clock or state.clock
            whole.clock = (min(before[0], state.clock[0]), max(before[1], state.clock[1]), state.clock[2])
        for place, number in enumerate(state.notes):
            whole.notes[place] += number
        incidents.extend((kind, log_id, position, received) for kind, position, received in state.incidents)
        if state.enrolled is not None and whole.enrolled is None:
            whole.enrolled, enrolled_in = state.enrolled, log_id
    return Merged(whole, incidents, enrolled_in)
