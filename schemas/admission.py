"""Chain admission: what becomes of each envelope of a batch, given what the log holds of its terminal.

The one place that decides recorded, duplicate, forked, gap, hole, held and revoked (wire protocol, section 3.1 step 3).
Pure: the committer hands in the state it read under the log's lock and writes down what comes out. The invariant: no
envelope of an authentic batch is dropped, and none is trusted more for having come first.

A side chain ("branch") may outgrow the chain that was stored first. A batch whose first envelope links to the head of a
known branch therefore continues it even where `first` lies beyond the stored head; a terminal on a long branch could
otherwise never get past the answer `gap`.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableSet, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType

from schemas.batch import Lost
from schemas.entries import branch_id
from schemas.envelope import Seen, Taken, clock_jumped
from schemas.outline import Outline
from schemas.problems import Problem

MAX_BRANCHES: Final = 8
MAX_BRANCH_ENTRIES: Final = 5_000
REVOKED_GRACE: Final = 2_000

Outcome = Literal["recorded", "duplicate", "forked"]


class Branch(Struct, frozen=True, array_like=True):
    """A side chain: `number` as stored in the keys, its `id`, the seq where it began, and its head."""

    number: int
    id: bytes
    first: int
    seq: int
    hash: bytes


class Hole(Struct, frozen=True, array_like=True):
    """Seqs `first`..`last` declared lost; `hash` is that of `last`, `before` that of the head before the hole."""

    first: int
    last: int
    hash: bytes
    before: bytes


class Rare(Struct, frozen=True, array_like=True):
    """What most terminals never have: side chains and holes, and what was already reported."""

    branches: tuple[Branch, ...] = ()
    holes: tuple[Hole, ...] = ()
    next_chain: int = 1
    branch_entries: int = 0
    open_branches: int = 0
    split_view: tuple[int, int, bytes] | None = None
    fork_claimed: tuple[int, bytes] | None = None


NOTHING_RARE: Final = Rare()


@dataclass(frozen=True, slots=True)
class TerminalState:
    """A terminal's place in the log. `chain` is the number of the chain that goes on as `field`.

    `clock` = (boot, mono, at) of the newest envelope where it had a clock; `revoked` = what was declared at revocation.
    """

    seq: int
    hash: bytes
    declared: int = 0
    chain: int = 0
    held: bool = False
    revoked: int | None = None
    clock: tuple[bytes, int, int] | None = None
    rare: Rare = NOTHING_RARE


class Stored(Struct, frozen=True, gc=False):
    """One stored envelope at some seq: its chain, hash, place in the log of `epoch`, and its notes as a number."""

    chain: int
    hash: bytes
    position: int
    epoch: int
    note_bits: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A verified batch, as far as admission looks at it. `split` says that `seen` contradicts the log; `genesis` is the
    hash that stands in front of seq 1.
    """

    terminal: bytes
    first: int
    readings: Sequence[Taken]
    declared: int
    lost: Sequence[Lost] | UnsetType = UNSET
    head: bytes | UnsetType = UNSET
    seen: Seen | UnsetType = UNSET
    split: bool = False
    genesis: bytes = b""


class Known(Struct, frozen=True, gc=False):
    """Result for an envelope that the log already holds."""

    stored: Stored


class Fresh(Struct, frozen=True, gc=False):
    """Result for an envelope to be written: on `chain`, as a `branch` entry where `branch` is its id."""

    chain: int
    branch: bytes | None
    notes: tuple[str, ...]


@dataclass(slots=True)
class Admission:
    """What to write, in this order: the fresh envelopes, one seal if `seal`, the incidents; then the new state."""

    results: list[Known | Fresh]
    incidents: list[tuple[str, dict[str, Any]]]
    seal: bool
    state: TerminalState
    fresh: int = field(default=0)
    plain: Fresh | None = None
    """Where the batch was decided as a whole: all results are this one, new, on the chain that goes on."""


def admit(
    state: TerminalState,
    offer: Offer,
    stored: Mapping[int, Sequence[Stored]],
    known_ids: MutableSet[bytes],
) -> Admission:
    """Decide a batch. `stored` holds every stored envelope with seq from `first` - 1 to the last; `known_ids` the event
    ids that the log already has among those offered (fresh ones are added). Raises Problem gap, revoked or
    quota_exceeded.
    """
    count = len(offer.readings)
    if count and not stored and offer.first == state.seq + 1 and not state.rare.branches:
        plain = _admit_plain(state, offer, known_ids)
        if plain is not None:
            return plain
    return _Walk(state, offer, stored, known_ids).run()


def admit_outline(
    state: TerminalState, outline: Outline, first: int, declared: int, known_ids: MutableSet[bytes]
) -> Admission | None:
    """Decide a batch by its outline where it goes on from the head and nothing about it is remarkable; else returns
    None, having changed nothing: then `admit` decides. Gives what `admit` gives.
    """
    if first != state.seq + 1 or outline.prev != state.hash or state.rare.branches or state.revoked is not None:
        return None
    if clock_jumped(state.clock, outline.opens) or not known_ids.isdisjoint(outline.ids):
        return None
    known_ids |= set(outline.ids)
    count = len(outline.ids)
    after = TerminalState(
        seq=first + count - 1,
        hash=outline.hash,
        declared=max(state.declared, declared),
        chain=state.chain,
        held=state.held,
        clock=outline.closes,
        rare=state.rare,
    )
    same = Fresh(state.chain, None, ("held",) if state.held else ())
    return Admission([same] * count, [], True, after, count, same)


def _admit_plain(state: TerminalState, offer: Offer, known_ids: MutableSet[bytes]) -> Admission | None:
    """The common case: everything is new and links. Returns None where it does not, having changed nothing."""
    prev = state.hash
    quiet = True  # no note on any envelope yet
    for reading in offer.readings:
        if reading.prev != prev and reading.prev is not None:
            return None
        prev = reading.hash
        quiet = quiet and not reading.notes
    _check_revoked(state, offer)
    held = state.held or state.revoked is not None
    jumps, clock = _jumps(state.clock, offer.readings)
    ids = [reading.id for reading in offer.readings if reading.id is not None]
    results: list[Known | Fresh]
    if quiet and not jumps and len(set(ids)) == len(ids) and known_ids.isdisjoint(ids):
        known_ids |= set(ids)
        results = [Fresh(state.chain, None, ("held",) if held else ())] * len(offer.readings)
    else:
        results = []
        for index, reading in enumerate(offer.readings):
            repeated = reading.id is not None and reading.id in known_ids
            if reading.id is not None:
                known_ids.add(reading.id)
            notes = _notes(reading.notes, held=held, jumped=index in jumps, repeated=repeated)
            results.append(Fresh(state.chain, None, notes))
    incidents, rare = _split(state.rare, offer)
    after = replace(
        state,
        seq=offer.first + len(offer.readings) - 1,
        hash=prev,
        declared=max(state.declared, offer.declared),
        clock=clock,
        rare=rare,
    )
    return Admission(results, incidents, True, after, len(results))


def _jumps(
    before: tuple[bytes, int, int] | None, readings: Sequence[Taken]
) -> tuple[set[int], tuple[bytes, int, int] | None]:
    """Which readings of one chain note `clock_jump`, and the clock of the last one."""
    jumps: set[int] = set()
    for index, reading in enumerate(readings):
        clock = reading.clock
        if before is not None and clock_jumped(before, clock):
            jumps.add(index)
        before = clock
    return jumps, before


def _notes(
    notes: tuple[str, ...],
    *,
    held: bool = False,
    jumped: bool = False,
    repeated: bool = False,
    after_hole: bool = False,
) -> tuple[str, ...]:
    more = [*notes]
    for wanted, note in (
        (held, "held"),
        (jumped, "clock_jump"),
        (repeated, "duplicate_id"),
        (after_hole, "after_hole"),
    ):
        if wanted:
            more.append(note)
    return tuple(sorted(more))


def _check_revoked(state: TerminalState, offer: Offer) -> None:
    if state.revoked is not None and offer.first + len(offer.readings) - 1 > state.revoked + REVOKED_GRACE:
        raise Problem(
            "revoked", "beyond what the terminal had declared when it was revoked", limit=state.revoked + REVOKED_GRACE
        )


def _split(rare: Rare, offer: Offer) -> tuple[list[tuple[str, dict[str, Any]]], Rare]:
    """A `seen` that contradicts the log is one incident, however often the same one is sent."""
    if not offer.split or offer.seen is UNSET:
        return [], rare
    seen = (offer.seen.epoch, offer.seen.size, offer.seen.root)
    if rare.split_view == seen:
        return [], rare
    body = {"epoch": seen[0], "root": seen[2], "size": seen[1]}
    return [("split_view", body)], _with(rare, split_view=seen)


def _with(rare: Rare, **changes: Any) -> Rare:
    fields = {name: getattr(rare, name) for name in Rare.__struct_fields__}
    return Rare(**{**fields, **changes})


class _Walk:
    """The general case, one envelope after the other against the stored chains."""

    def __init__(
        self,
        state: TerminalState,
        offer: Offer,
        stored: Mapping[int, Sequence[Stored]],
        known_ids: MutableSet[bytes],
    ) -> None:
        self.offer = offer
        self.stored = stored
        self.known_ids = known_ids
        self.state = state
        self.seq = state.seq
        self.hash = state.hash
        self.held = state.held
        self.clock = state.clock
        self.rare = state.rare
        self.incidents: list[tuple[str, dict[str, Any]]] = []
        self.results: list[Known | Fresh] = []
        self.fresh = 0
        self.side: Branch | None = None
        self.forking = False  # a branch began, or was continued, in this very batch

    def run(self) -> Admission:
        offer, state = self.offer, self.state
        _check_revoked(state, offer)
        if offer.first > self.seq + 1 and not self._continues_branch():
            self._jump_hole()
        heartbeat = not offer.readings
        claimed = heartbeat and self._claims_fork()
        index = 0
        while index < len(offer.readings):
            index = self._step(index)
        more, self.rare = _split(self.rare, offer)
        raises = offer.declared > state.declared
        seal = self.fresh > 0 or (heartbeat and raises and not claimed)
        after = TerminalState(
            seq=self.seq,
            hash=self.hash,
            declared=max(state.declared, offer.declared) if seal else state.declared,
            chain=state.chain,
            held=self.held,
            revoked=state.revoked,
            clock=self.clock,
            rare=self.rare,
        )
        return Admission(self.results, self.incidents + more, seal, after, self.fresh)

    # -- the parts of section 3.1 step 3 --

    def _continues_branch(self) -> bool:
        offer = self.offer
        if not offer.readings:
            return any(b.seq == offer.first - 1 and b.hash == offer.head for b in self.rare.branches)
        prev = offer.readings[0].prev
        return any(b.seq == offer.first - 1 and b.hash == prev for b in self.rare.branches)

    def _jump_hole(self) -> None:
        """first > head+1: a declared hole that covers head+1 .. first-1 moves the head, anything else is a gap."""
        offer = self.offer
        lost = () if offer.lost is UNSET else offer.lost
        for part in lost:
            if part.first <= self.seq + 1 and part.last == offer.first - 1:
                hole = Hole(self.seq + 1, part.last, part.hash, self.hash)
                self.incidents.append(("hole", {"first": hole.first, "hash": hole.hash, "last": hole.last}))
                self.rare = _with(self.rare, holes=(*self.rare.holes, hole))
                self.seq, self.hash, self.clock, self.held = part.last, part.hash, None, True
                return
        raise Problem("gap", f"expected seq {self.seq + 1}, got {offer.first}", expected=self.seq + 1)

    def _claims_fork(self) -> bool:
        """A heartbeat whose `head` is not the stored hash of first-1 on any chain."""
        offer = self.offer
        place = offer.first - 1
        if (place == self.seq and offer.head == self.hash) or (place == 0 and offer.head == offer.genesis):
            return False
        for hole in self.rare.holes:
            if hole.first <= place < hole.last or (place == hole.last and offer.head == hole.hash):
                return False
        if any(s.hash == offer.head for s in self.stored.get(place, ())):
            return False
        claim = (place, bytes(offer.head or b""))
        if self.rare.fork_claimed != claim:
            self.incidents.append(("fork_claimed", {"head": claim[1], "seq": place}))
            self.rare = _with(self.rare, fork_claimed=claim)
        return True

    def _step(self, index: int) -> int:
        reading = self.offer.readings[index]
        seq = self.offer.first + index
        for row in self.stored.get(seq, ()):
            if row.hash == reading.hash:
                self.results.append(Known(row))
                if not self.forking:
                    self.side = next((b for b in self.rare.branches if b.number == row.chain), None)
                return index + 1
        if self.forking and self.side is not None:
            self._append_branch(index, self.side)
            return index + 1
        linked = reading.prev == self.hash or (reading.prev is None and self.side is None)
        if seq == self.seq + 1 and linked:
            self.side = None
            self._append_main(index)
            return index + 1
        end = self._fill_hole(index)
        if end > index:
            return end
        self._append_branch(index, self._known_side(seq, reading) or self._new_branch(seq, reading))
        return index + 1

    def _known_side(self, seq: int, reading: Taken) -> Branch | None:
        for side in self.rare.branches:
            linked = reading.prev == side.hash or (reading.prev is None and self.side == side)
            if side.seq == seq - 1 and side.number != self.state.chain and linked:
                return side
        return None

    def _new_branch(self, seq: int, reading: Taken) -> Branch:
        rare = self.rare
        if rare.open_branches >= MAX_BRANCHES:
            raise Problem("quota_exceeded", "eight branches wait for an officer's act", limit=MAX_BRANCHES)
        name = branch_id(self.offer.terminal, seq, reading.hash)
        side = Branch(rare.next_chain, name, seq, seq - 1, reading.prev or b"")
        self.rare = _with(
            rare,
            branches=(*rare.branches, side),
            next_chain=rare.next_chain + 1,
            open_branches=rare.open_branches + 1,
        )
        self.incidents.append(("fork", {"branch": name, "seq": seq}))
        self.held = True
        return side

    def _append_branch(self, index: int, side: Branch) -> None:
        if self.rare.branch_entries >= MAX_BRANCH_ENTRIES:
            raise Problem("quota_exceeded", "5,000 branch entries wait for an officer's act", limit=MAX_BRANCH_ENTRIES)
        reading = self.offer.readings[index]
        seq = self.offer.first + index
        grown = Branch(side.number, side.id, side.first, seq, reading.hash)
        branches = tuple(grown if b.number == side.number else b for b in self.rare.branches)
        self.rare = _with(self.rare, branches=branches, branch_entries=self.rare.branch_entries + 1)
        self.side, self.forking, self.held = grown, True, True
        self._fresh(index, side.number, side.id, clock=self._clock_before(index))

    def _append_main(self, index: int) -> None:
        reading = self.offer.readings[index]
        self._fresh(index, self.state.chain, None, clock=self.clock)
        self.seq, self.hash = self.offer.first + index, reading.hash
        self.clock = reading.clock

    def _fill_hole(self, index: int) -> int:
        """Record a run of envelopes inside a declared hole; the index behind it, or `index` where they do not fit."""
        offer = self.offer
        seq = offer.first + index
        hole = next((h for h in self.rare.holes if h.first <= seq <= h.last), None)
        if hole is None or self.side is not None:
            return index
        end = min(len(offer.readings), index + hole.last - seq + 1)
        run = offer.readings[index:end]
        for before, here in pairwise(run):
            if here.prev is not None and here.prev != before.hash:
                return index
        behind = [hole.before] if seq == hole.first else [s.hash for s in self.stored.get(seq - 1, ())]
        if index:
            behind.append(offer.readings[index - 1].hash)
        front = run[0].prev in behind
        back = seq + len(run) - 1 == hole.last and run[-1].hash == hole.hash
        if not (front or back):
            return index
        for place in range(index, end):
            if any(s.hash == offer.readings[place].hash for s in self.stored.get(offer.first + place, ())):
                self.results.append(
                    Known(next(s for s in self.stored[offer.first + place] if s.hash == offer.readings[place].hash))
                )
            elif self.stored.get(offer.first + place):
                return place  # something else fills this place already: the caller begins a branch here
            else:
                self._fresh(place, self.state.chain, None, clock=self._clock_before(place), after_hole=True)
        return end

    def _clock_before(self, index: int) -> tuple[bytes, int, int] | None:
        return self.offer.readings[index - 1].clock if index else None

    def _fresh(
        self,
        index: int,
        chain: int,
        branch: bytes | None,
        *,
        clock: tuple[bytes, int, int] | None,
        after_hole: bool = False,
    ) -> None:
        reading = self.offer.readings[index]
        repeated = reading.id is not None and reading.id in self.known_ids
        if reading.id is not None:
            self.known_ids.add(reading.id)
        jumped = clock_jumped(clock, reading.clock)
        held = self.held or self.state.revoked is not None
        notes = _notes(reading.notes, held=held, jumped=jumped, repeated=repeated, after_hole=after_hole)
        self.results.append(Fresh(chain, branch, notes))
        self.fresh += 1


def resolve_fork(state: TerminalState, branch: bytes | Literal["stored"]) -> TerminalState:
    """The state after an officer named the branch that continues (`terminal.fork_resolved.v1`).

    "stored" keeps the chain that goes on now. The terminal stays held until it is released; counters of open branches
    start anew. Raises Problem not_found for a branch that the terminal does not have.
    """
    rare = _with(state.rare, branch_entries=0, open_branches=0)
    if branch == "stored":
        return replace(state, rare=rare)
    chosen = next((b for b in state.rare.branches if b.id == branch), None)
    if chosen is None:
        raise Problem("not_found", "the terminal has no branch of this id")
    # The chain that went on until now is no longer offered as a link: more of it begins a branch of its own
    # (section 3.1).
    others = tuple(b for b in rare.branches if b.number != chosen.number)
    return replace(
        state,
        seq=chosen.seq,
        hash=chosen.hash,
        chain=chosen.number,
        clock=None,
        rare=_with(rare, branches=others),
    )


def hold(state: TerminalState) -> TerminalState:
    """The state after an officer held the terminal (`terminal.held.v1`)."""
    return replace(state, held=True)


def release(state: TerminalState) -> TerminalState:
    """The state after an officer released the terminal (`terminal.released.v1`)."""
    return replace(state, held=False)


def revoke(state: TerminalState) -> TerminalState:
    """The state after the terminal was revoked (`terminal.revoked.v1`); what it declared before may still come in."""
    return replace(state, revoked=max(state.declared, state.seq), held=True)
