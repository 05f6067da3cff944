"""TerminalLedger: how each terminal stands, folded from nothing but the log.

Key: (log, terminal). What arrived, what the terminal says exists, holes, side chains and the acts that end them, held
or not, clock, notes. States of several epochs are merged when they are read. Invariant: the ledger agrees with
admission (schemas.admission) without asking it: whoever has the log can check how a terminal was treated.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final, TypeAlias, assert_never

import msgspec
from msgspec import UNSET, Struct, field

from projections.facts import AFTER_HOLE, NOT_UNDERSTOOD, OFFICE, Event, Fact, Incident, Place, Seal
from schemas.envelope import NOTE_BITS

NAME: Final = "terminal_ledger"
VERSION: Final = 2
MAX_LISTED: Final = 200
"""Incidents, holes, side chains and unsound places that are listed; all are counted."""

OPEN: Final = "open"
CONTINUES: Final = "continues"
SET_ASIDE: Final = "set_aside"
STORED: Final = b"stored"
_ACTS: Final = (
    "terminal.enrolled.v1",
    "terminal.revoked.v1",
    "terminal.held.v1",
    "terminal.released.v1",
    "terminal.fork_resolved.v1",
)


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


class Stretch(Struct, array_like=True, tag=0, gc=False):
    """What came on the chain that goes on, one entry behind the other, and seals: sums and last values.

    `head`, `captured` None: seals only. `clock` = (least, most, last) offset. `notes` counts per bit, [] for none.
    """

    position: int
    entries: int = 0
    head: int | None = None
    captured: int | None = None
    received: int = 0
    declared: int = 0
    clock: tuple[int, int, int] | None = None
    notes: list[int] = field(default_factory=list)


class OffLine(Struct, array_like=True, tag=1, gc=False):
    """An envelope of a side chain, one that fills a hole, or one that is not sound (`sound` False)."""

    position: int
    received: int
    seq: int
    notes: int
    branch: bytes
    sound: bool = False
    captured: int = 0
    offset: int | None = None


class Noticed(Struct, array_like=True, tag=2, gc=False):
    """Something that the log noticed by itself (facts.Incident)."""

    position: int
    received: int
    kind: str
    first: int
    last: int
    branch: bytes


class Decided(Struct, array_like=True, tag=3, gc=False):
    """An act of the office about the terminal: its event type and its body as MessagePack."""

    position: int
    received: int
    name: str
    body: bytes


Step: TypeAlias = Stretch | OffLine | Noticed | Decided


class LedgerFold:
    """The fold over a part of one log: `add` its facts in order, then take the `steps` of each terminal once.

    Nearly everything is one stretch. What is odd stays a step of its own, because what it means depends on what stood
    before it, which a part does not know; `apply` does.
    """

    __slots__ = ("_open", "_steps")

    def __init__(self) -> None:
        self._open: dict[bytes, Stretch] = {}
        self._steps: dict[bytes, list[Step]] = {}

    def add(self, fact: Fact) -> None:
        """Fold one fact. What it raises, it raises before any change."""
        if type(fact) is Event and fact.kind != OFFICE and not fact.branch and not fact.notes & AFTER_HOLE:
            self._in_line(fact)
        else:
            self._odd(fact)

    def _in_line(self, event: Event) -> None:
        stretch = self._open.get(event.terminal) or self._stretch(event.terminal, event.position)
        stretch.entries += 1
        stretch.head = event.seq
        stretch.captured = event.at
        if event.received > stretch.received:
            stretch.received = event.received
        if event.notes:
            _note(stretch.notes, event.notes)
        if event.clock is not UNSET:
            offset, known = event.clock.offset, stretch.clock
            if known is None or offset != known[2]:
                stretch.clock = _widen(known, (offset, offset, offset))

    def _odd(self, fact: Fact) -> None:
        terminal = fact.terminal
        match fact:
            case Event(kind=kind) if kind == OFFICE:
                body = _act(fact)
                name = body.get("terminal") if body else None
                if isinstance(name, bytes) and len(name) == 16:
                    self._step(name, Decided(fact.position, fact.received, fact.type, bytes(fact.body)))
            case Event(position=position, received=received, seq=seq, notes=notes, branch=branch, at=at):
                offset = None if fact.clock is UNSET else fact.clock.offset
                self._step(terminal, OffLine(position, received, seq, notes, branch, True, at, offset))
            case Place(position=position, received=received, seq=seq, notes=notes, branch=branch):
                self._step(terminal, OffLine(position, received, seq, notes, branch))
            case Seal():
                stretch = self._stretch(terminal, fact.position)
                stretch.declared = max(stretch.declared, fact.declared)
                stretch.received = max(stretch.received, fact.received)
            case Incident(position=position, received=received, kind=name, first=first, last=last, branch=branch):
                self._step(terminal, Noticed(position, received, name, first, last, branch))
            case _:
                assert_never(fact)

    def steps(self) -> dict[bytes, list[Step]]:
        """What is to be applied to the ledger of each terminal, in order."""
        return self._steps

    def _stretch(self, terminal: bytes, position: int) -> Stretch:
        stretch = self._open.get(terminal)
        if stretch is None:
            stretch = self._open[terminal] = Stretch(position)
            self._steps.setdefault(terminal, []).append(stretch)
        return stretch

    def _step(self, terminal: bytes, step: Step) -> None:
        self._open.pop(terminal, None)
        self._steps.setdefault(terminal, []).append(step)


def apply(state: LedgerState, step: Step) -> None:
    """Add a step to the ledger of its terminal. What it raises, it raises before any change."""
    match step:
        case Stretch():
            state.entries += step.entries
            for place, number in enumerate(step.notes):
                _note(state.notes, 1 << place, number)
            if step.captured is not None:
                state.last_captured = step.captured
            if step.clock is not None:
                state.clock = _widen(state.clock, step.clock)
            if step.head is not None:
                state.head, state.going_on = step.head, b""
            state.declared = max(state.declared, step.declared)
        case OffLine():
            state.entries += 1
            _note(state.notes, step.notes)
            if step.sound:
                state.last_captured = step.captured
                if step.offset is not None:
                    state.clock = _widen(state.clock, (step.offset, step.offset, step.offset))
            elif len(state.unsound) < MAX_LISTED:
                state.unsound.append((step.position, step.seq))
            _off_the_line(state, step.branch, step.seq, step.notes)
        case Noticed():
            _incident(state, step)
        case Decided():
            _decided(state, step)
            return  # received by the office, not from the terminal
        case _:
            assert_never(step)
    state.last_received = max(state.last_received, step.received)


def _widen(known: tuple[int, int, int] | None, more: tuple[int, int, int]) -> tuple[int, int, int]:
    return more if known is None else (min(known[0], more[0]), max(known[1], more[1]), more[2])


def _note(counts: list[int], bits: int, number: int = 1) -> None:
    if not bits:
        return
    counts.extend([0] * (_BITS - len(counts)))
    for place in range(_BITS):
        if bits >> place & 1:
            counts[place] += number


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


def _incident(state: LedgerState, fact: Noticed) -> None:
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


def _decided(state: LedgerState, act: Decided) -> None:
    body: Any = msgspec.msgpack.decode(act.body)
    match act.name:
        case "terminal.enrolled.v1":
            enrolled = EnrolledState(
                act.position, act.received, body["event_key"], body["request_key"], body.get("replaces", b""),
                _ENCODE(body["info"]),
            )  # fmt: skip
            state.enrolled = state.enrolled or enrolled
        case "terminal.revoked.v1":
            state.revoked, state.held = body["declared"], True
        case "terminal.held.v1":
            state.held = True
        case "terminal.released.v1":
            state.held = False
        case "terminal.fork_resolved.v1":
            _resolve(state, STORED if body["branch"] == "stored" else body["branch"])


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
