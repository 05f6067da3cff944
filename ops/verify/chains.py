"""The terminals of one authority, followed from their enrolment: chains, holes, branches, seals, incidents.

The unit of work is a batch as it stands in the log: its fresh envelopes one behind the other, their seal, the incidents
that it gave rise to. `settle` follows one unit:

  1. the seal's signature over the message that is built again from the entry
  2. a declared hole before the batch, else a gap
  3. the place of every envelope that the seal covers: fresh ones here, known ones further up
  4. each fresh envelope links where it stands: chain, hole or branch
  5. the seal covers exactly these envelopes (`x`), up to this head (`h`)
  6. an incident for every hole and fork, and none invented

Written from the wire protocol and on purpose not from `schemas.admission`, which the server uses: a mistake there must
show here. Invariant: whatever an entry holds, the walk goes on behind it, so that one fault does not hide the next.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise, product
from typing import Any, Final, Protocol

from msgspec import UNSET

from ops.verify.leaves import Context, Extra, Item
from schemas import batch as batches
from schemas import entries, keys
from schemas.entries import IncidentEntry, OfficeEntry, SealEntry
from schemas.envelope import CLOCK_JUMP_MS, NOTE_BITS

MAX_AHEAD: Final = 100_000
MAX_BATCH: Final = 500
MAX_TRIES: Final = 4_096
REVOKED_GRACE: Final = 2_000
ZERO32: Final = bytes(32)
HELD, AFTER_HOLE, CLOCK_JUMP = NOTE_BITS["held"], NOTE_BITS["after_hole"], NOTE_BITS["clock_jump"]


class Surroundings(Protocol):
    """What the walk asks of the run that drives it."""

    def report(self, code: str, first: int, **facts: Any) -> None:
        """Note a finding in the current log."""
        ...

    def stored(self, log: int, position: int, seq: int) -> Item | None:
        """An envelope further up, read again from its entry; None where that cannot be read."""
        ...

    def reread(self, item: Item, seq: int) -> Extra:
        """What the derived tables hold of an envelope that stands at `seq`."""
        ...

    def root_at(self, epoch: int, size: int) -> bytes | None:
        """Root that the log of `epoch` had at `size`, where a checkpoint tells; None where none does."""
        ...

    def key(self, position: int, origin: bytes, version: int, chain: int, notes: int, name: bytes | None) -> None:
        """Expect a row of the table keys."""
        ...

    def tags(self, position: int, tags: Sequence[str]) -> None:
        """Expect tags of an entry."""
        ...

    def seal(self, position: int, terminal: bytes, chain: int, last: int) -> None:
        """Expect a row of the table seals."""
        ...


@dataclass(slots=True)
class Chain:
    """One chain of a terminal. `runs` = (first seq, count, first position, log), sorted: any seq is found again."""

    number: int
    id: bytes | None
    first: int
    parent: int
    seq: int
    hash: bytes
    runs: list[tuple[int, int, int, int]] = field(default_factory=list)

    def place(self, seq: int) -> tuple[int, int] | None:
        """(log, position) of a seq on this very chain."""
        at = bisect_left(self.runs, (seq + 1,)) - 1
        if at < 0:
            return None
        first, count, position, log = self.runs[at]
        return (log, position + seq - first) if seq < first + count else None

    def put(self, seq: int, position: int, log: int) -> None:
        """Remember that `seq` stands at `position`."""
        if self.runs:
            first, count, start, where = self.runs[-1]
            if first + count == seq and start + count == position and where == log:
                self.runs[-1] = (first, count + 1, start, log)
                return
        insort(self.runs, (seq, 1, position, log))


@dataclass(slots=True)
class Hole:
    """Seqs declared lost: `hash` that of `last`, `before` that of the head before them."""

    first: int
    last: int
    hash: bytes
    before: bytes


@dataclass(slots=True)
class Terminal:
    """A terminal as the log tells it. `branches` are the chains that may still grow as branches."""

    id: bytes
    event_key: bytes
    request_key: bytes
    replaces: bytes | None
    log: int
    position: int
    genesis: bytes
    seq: int = 0
    hash: bytes = b""
    declared: int = 0
    current: int = 0
    held: bool = False
    revoked: int | None = None
    clock: tuple[bytes, int, int] | None = None
    version: int = 1
    chains: dict[int, Chain] = field(default_factory=dict)
    branches: list[Chain] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    branch_entries: int = 0
    open_branches: int = 0
    split_view: tuple[int, int, bytes] | None = None
    fork_claimed: tuple[int, bytes] | None = None

    def __post_init__(self) -> None:
        self.hash = self.genesis
        self.chains[0] = Chain(0, None, 1, 0, 0, self.genesis)

    def places(self, seq: int) -> Iterator[tuple[int, int, int]]:
        """(chain, log, position) of every envelope that stands at `seq`."""
        for chain in self.chains.values():
            place = chain.place(seq)
            if place is not None:
                yield chain.number, *place

    def lineage(self, number: int) -> list[Chain]:
        """A chain and those that it grew from."""
        found = [self.chains[number]]
        while found[-1].number and found[-1].parent != found[-1].number:
            found.append(self.chains[found[-1].parent])
        return found


@dataclass(slots=True)
class Unit:
    """One batch as it stands in the log. `items` fresh envelopes, `seal` with its position, `incidents` with theirs."""

    terminal: bytes
    first: int
    items: list[Item] = field(default_factory=list)
    seal: tuple[int, SealEntry] | None = None
    incidents: list[tuple[int, IncidentEntry]] = field(default_factory=list)


@dataclass(slots=True)
class _Step:
    """One envelope that a seal covers: fresh (`item`) or known (`chain` says where)."""

    seq: int
    hash: bytes
    item: Item | None
    chain: int = 0


class Walk:
    """All terminals of one authority, over all of its epochs. `log` is the number of the log that is being read."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.terminals: dict[bytes, Terminal] = {}
        self._keys: set[bytes] = set()
        self.context = Context("", 0, tables=False)
        self.log = 0
        self.envelopes = 0
        self.seals = 0

    # -- acts of the office that move terminals --

    def enrol(self, position: int, act: OfficeEntry) -> None:
        """`terminal.enrolled.v1`: genesis, keys that nobody had before, and an id that nobody had before."""
        body, why = act.b, None
        name = body.get("terminal")
        if type(name) is not bytes or len(name) != 16:
            self._around.report("office_act", position, kind=act.y, why=("it names no terminal", "未指明终端"))
            return
        event_key, request_key = body.get("event_key"), body.get("request_key")
        replaces = body.get("replaces")
        if name in self.terminals:
            why = ("the id was enrolled before", "该编号此前已登记")
        elif act.o != name:
            why = ("the act belongs to another aggregate", "该行为属于另一聚合")
        elif body.get("authority") != self.context.authority:
            why = ("it names another authority", "所载机关不符")
        elif type(event_key) is not bytes or type(request_key) is not bytes or event_key == request_key:
            why = ("two different keys were expected", "应有两个不同的密钥")
        elif {event_key, request_key} & self._keys:
            why = ("a key was enrolled before", "密钥此前已登记")
        elif not (_sound_key(event_key) and _sound_key(request_key)):
            why = ("a key is not a key of suite 1", "密钥不符合套件 1")
        elif body.get("genesis") != sha256(b"liuhen terminal v1\n" + name + event_key).digest():
            why = ("the genesis hash is not that of id and event key", "创世哈希与编号和事件密钥不符")
        elif replaces is not None and type(replaces) is not bytes:
            why = ("`replaces` is no id", "replaces 不是编号")
        if why is not None:
            self._around.report("enrolment", position, terminal=name, why=why)
        if name in self.terminals or type(event_key) is not bytes or len(event_key) != 32:
            return
        self._keys |= {event_key} | ({request_key} if type(request_key) is bytes else set())
        genesis = sha256(b"liuhen terminal v1\n" + name + event_key).digest()
        self.terminals[name] = Terminal(
            name, event_key, request_key if type(request_key) is bytes else b"", replaces, self.log, position, genesis
        )

    def act(self, position: int, act: OfficeEntry) -> None:
        """Acts that change how a terminal stands; every other act is none of our concern."""
        if act.y == "terminal.enrolled.v1":
            self.enrol(position, act)
            return
        if act.y not in (
            "terminal.revoked.v1",
            "terminal.held.v1",
            "terminal.released.v1",
            "terminal.fork_resolved.v1",
        ):
            return
        name = act.b.get("terminal")
        found = self.terminals.get(name) if type(name) is bytes else None
        if found is None:
            self._around.report("office_act", position, kind=act.y, why=("its terminal is not enrolled", "终端未登记"))
            return
        found.version = act.q if act.o == found.id else found.version
        match act.y:
            case "terminal.revoked.v1":
                found.revoked, found.held = max(found.declared, found.seq), True
            case "terminal.held.v1":
                found.held = True
            case "terminal.released.v1":
                found.held = False
            case _:
                self._resolve(position, act, found)

    def _resolve(self, position: int, act: OfficeEntry, found: Terminal) -> None:
        branch = act.b.get("branch")
        if branch != "stored":
            chosen = next((b for b in found.branches if b.id == branch), None)
            if chosen is None:
                why = ("the terminal has no such branch", "终端没有该分支")
                self._around.report("office_act", position, kind=act.y, why=why)
                return
            found.branches = [b for b in found.branches if b is not chosen]
            found.seq, found.hash, found.current, found.clock = chosen.seq, chosen.hash, chosen.number, None
        found.branch_entries = found.open_branches = 0

    # -- one batch --

    def settle(self, unit: Unit) -> None:
        """Follow one batch; the numbers are those of the module's docstring."""
        found = self.terminals.get(unit.terminal)
        if found is None:
            self._around.report("not_enrolled", unit.first, terminal=unit.terminal)
            return
        self.envelopes += len(unit.items)
        if unit.seal is None:
            if unit.items:
                self._around.report("unsealed", unit.first, terminal=found.id)
            self._incidents(found, unit, {}, None)
            return
        self.seals += 1
        position, seal = unit.seal
        signed = self._check_seal(found, position, seal)  # (1)
        before = found.declared
        self._jump(found, unit, seal)  # (2)
        steps = self._places(found, unit, seal)  # (3)
        forks, chain = self._follow(found, steps)  # (4)
        self._check_cover(found, unit, seal, steps, signed=signed)  # (5)
        if not unit.items and seal.d <= before:
            why = ("a heartbeat is sealed only where it raises `declared`", "心跳仅在提高 declared 时才有封签")
            self._around.report("seal_form", position, terminal=found.id, why=why)
        if not seal.c:
            self._check_heartbeat(found, position, seal)
        found.declared = max(found.declared, seal.d)
        self._incidents(found, unit, forks, seal)  # (6)
        self._around.seal(position, found.id, chain, seal.f + seal.c - 1)

    def _check_seal(self, found: Terminal, position: int, seal: SealEntry) -> bool:
        last = seal.f + seal.c - 1
        message = batches.signed_message(
            suite=seal.u & 0xFF, terminal=seal.t, first=seal.f, count=seal.c, envs=seal.x, head=seal.h, declared=seal.d,
            seen=seal.n, lost=ZERO32 if seal.o is UNSET else seal.o,
        )  # fmt: skip
        signed = seal.u == 1 and keys.verify_ed25519(found.event_key, seal.s, message)
        if not signed:
            self._around.report("seal_signature", position, terminal=found.id)
        if seal.c > MAX_BATCH or not last <= seal.d <= last + MAX_AHEAD or seal.o == ZERO32:
            why = ("its numbers do not fit together", "其中数目不相符")
            self._around.report("seal_form", position, terminal=found.id, why=why)
        if found.revoked is not None and last > found.revoked + REVOKED_GRACE:
            self._around.report("revoked", position, terminal=found.id)
        return signed

    def _jump(self, found: Terminal, unit: Unit, seal: SealEntry) -> None:
        if seal.f <= found.seq + 1:
            return
        for number, (position, incident) in enumerate(unit.incidents):
            if incident.y == "hole" and self._hole(found, position, incident, seal.f - 1, seal):
                del unit.incidents[number]
                return
        if any(b.seq == seal.f - 1 for b in found.branches):
            return
        self._around.report("gap", unit.first, terminal=found.id, head=found.seq, seq=seal.f)
        found.seq, found.hash, found.clock = seal.f - 1, (unit.items[0].prev or b"") if unit.items else seal.h, None

    def _hole(
        self, found: Terminal, position: int, incident: IncidentEntry, last: int | None, seal: SealEntry | None
    ) -> bool:
        """Move the head over a declared hole; False where the incident does not fit the head."""
        body = incident.b
        digest = body.get("hash")
        if body.get("first") != found.seq + 1 or type(digest) is not bytes or len(digest) != 32:
            return False
        end = body.get("last")
        if type(end) is not int or end <= found.seq or (last is not None and end != last):
            return False
        if seal is not None and seal.o is UNSET:
            why = ("a hole that no `lost` of the terminal declared", "缺失并未由终端声明")
            self._around.report("seal_form", position, terminal=found.id, why=why)
        found.holes.append(Hole(found.seq + 1, end, digest, found.hash))
        found.seq, found.hash, found.clock, found.held = end, digest, None, True
        return True

    def _places(self, found: Terminal, unit: Unit, seal: SealEntry) -> list[_Step]:
        items, first, count = unit.items, seal.f, seal.c
        if len(items) == count:
            return [_Step(seq, item.hash, item) for seq, item in enumerate(items, first)]
        if len(items) > count:
            assert unit.seal is not None
            self._cover_fault(found, seal, unit.first, unit.seal[0])
            return [_Step(item.q or item.seq or first + n, item.hash, item) for n, item in enumerate(items)]
        best: list[_Step] | None = None
        for seqs in self._fresh_places(items, first, count):
            fresh = dict(zip(seqs, items, strict=True))
            for steps in self._fills(found, fresh, first, count):
                best = best if best is not None else steps
                if batches.envs_hash([step.hash for step in steps]) == seal.x:
                    return steps
        if best is not None:
            return best
        # Something that the seal covers stands nowhere: what is here is followed all the same.
        seqs = next(iter(self._fresh_places(items, first, count)), list(range(first, first + len(items))))
        return [_Step(seq, item.hash, item) for seq, item in zip(seqs, items, strict=True)]

    def _fresh_places(self, items: Sequence[Item], first: int, count: int) -> Iterator[list[int]]:
        """Where the fresh envelopes of a batch may stand, likeliest first: as their bytes say, or at its end."""
        said: list[int] = []
        for number, item in enumerate(items):
            behind = said[-1] + 1 if said else first + count - len(items)
            own = item.q or item.seq or behind
            said.append(own if first <= own < first + count - (len(items) - 1 - number) and own >= behind else behind)
        last = list(range(first + count - len(items), first + count))
        strict = [item.q or item.seq or 0 for item in items]
        if strict and first <= strict[0] and strict[-1] < first + count and all(a < b for a, b in pairwise(strict)):
            yield strict
        if all(a < b for a, b in pairwise(said)) and (not said or said[-1] < first + count):
            yield said
        yield last

    def _fills(self, found: Terminal, fresh: dict[int, Item], first: int, count: int) -> Iterator[list[_Step]]:
        """The covered envelopes with the known ones filled in: along each chain first, then in any combination."""
        known: dict[int, list[_Step]] = {}
        for seq in range(first, first + count):
            if seq in fresh:
                continue
            steps = []
            for chain, log, position in found.places(seq):
                item = self._around.stored(log, position, seq)
                if item is not None:
                    steps.append(_Step(seq, item.hash, None, chain))
            if not steps:
                return
            known[seq] = steps
        whole = range(first, first + count)
        for number in found.chains:
            order = {chain.number: rank for rank, chain in enumerate(found.lineage(number))}
            picked = {s: min(k, key=lambda step: order.get(step.chain, len(order))) for s, k in known.items()}
            yield [_Step(s, fresh[s].hash, fresh[s]) if s in fresh else picked[s] for s in whole]
        if len(found.chains) > 1:
            for _, combination in zip(range(MAX_TRIES), product(*known.values()), strict=False):
                chosen = {step.seq: step for step in combination}
                yield [_Step(s, fresh[s].hash, fresh[s]) if s in fresh else chosen[s] for s in whole]

    def _follow(self, found: Terminal, steps: list[_Step]) -> tuple[dict[bytes, tuple[int, int]], int]:
        """Check and take over every fresh envelope. Returns the branches that began ({id: (seq, position)}) and the
        chain on which the batch ends.
        """
        forks: dict[bytes, tuple[int, int]] = {}
        chain = found.current
        side: Chain | None = None
        broken = -2
        fresh_notes = found.held or found.revoked is not None
        for number, step in enumerate(steps):
            item = step.item
            if item is None:
                chain = step.chain
                continue
            before = steps[number - 1] if number else None
            after_hole = False
            clock = found.clock
            if item.branch is not None:
                side = self._branch(found, item, step.seq, side, before, forks)
                fresh_notes = True
                clock = self._clock_of(found, before)
            elif step.seq == found.seq + 1:
                if item.prev is not None and item.prev != found.hash and broken != number - 1:
                    broken = number
                    self._blame(found, steps, number)
                chain_now = found.chains[found.current]
                chain_now.put(step.seq, item.position, self.log)
                found.seq, found.hash = step.seq, item.hash
                chain_now.seq, chain_now.hash = step.seq, item.hash
            elif self._fills_hole(found, steps, number):
                after_hole, clock = True, self._clock_of(found, before)
                found.chains[found.current].put(step.seq, item.position, self.log)
            else:
                self._around.report("place", item.position, terminal=found.id, seq=step.seq)
                continue
            chain = side.number if item.branch is not None and side is not None else found.current
            step.chain = chain
            if self.context.tables:
                own = self._row(found, step, chain, clock, held=fresh_notes, after_hole=after_hole)
                if item.branch is None and not after_hole:
                    found.clock = own
        return forks, chain

    def _blame(self, found: Terminal, steps: list[_Step], number: int) -> None:
        """A link is broken before `number`. The one before it was changed if what follows links; else this one was."""
        item = steps[number].item
        assert item is not None
        before = steps[number - 1].item if number else None
        behind = steps[number + 1].item if number + 1 < len(steps) else None
        links = behind is None or behind.prev is None or behind.prev == item.hash
        if before is not None and links:
            self._around.report("chain", before.position, terminal=found.id, seq=steps[number - 1].seq)
        else:
            self._around.report("chain", item.position, terminal=found.id, seq=steps[number].seq)

    def _branch(
        self, found: Terminal, item: Item, seq: int, side: Chain | None, before: _Step | None,
        forks: dict[bytes, tuple[int, int]],
    ) -> Chain | None:  # fmt: skip
        grown = next((b for b in found.branches if b.id == item.branch), None)
        if grown is None:
            if item.branch != entries.branch_id(found.id, seq, item.hash):
                why = ("its branch id is not that of its first envelope", "分支编号与其首个记录不符")
                self._around.report("branch", item.position, terminal=found.id, why=why)
            elif self._links_on(found, item, seq, before) and not forks and side is None:
                why = ("it links to the chain and is no branch", "该记录与链相连，并非分支")
                self._around.report("branch", item.position, terminal=found.id, why=why)
            parent = before.chain if before is not None else self._parent(found, item, seq)
            grown = Chain(len(found.chains), item.branch, seq, parent, seq - 1, item.prev or b"")
            found.chains[grown.number] = grown
            found.branches.append(grown)
            found.open_branches += 1
            found.held = True
            assert item.branch is not None
            forks[item.branch] = (seq, item.position)
        elif seq <= grown.seq or (side is None and item.prev not in (None, grown.hash)):
            why = ("it does not link to the branch", "该记录与所属分支不相链接")
            self._around.report("branch", item.position, terminal=found.id, why=why)
        found.branch_entries += 1
        found.held = True
        grown.put(seq, item.position, self.log)
        grown.seq, grown.hash = seq, item.hash
        return grown

    def _links_on(self, found: Terminal, item: Item, seq: int, before: _Step | None) -> bool:
        """Whether a first envelope of a branch would have had its place on the chain that goes on."""
        on_chain = before is None or before.chain == found.current
        return seq == found.seq + 1 and item.prev in (None, found.hash) and on_chain

    def _parent(self, found: Terminal, item: Item, seq: int) -> int:
        for chain, log, position in found.places(seq - 1):
            known = self._around.stored(log, position, seq - 1)
            if known is not None and known.hash == item.prev:
                return chain
        return found.current

    def _fills_hole(self, found: Terminal, steps: list[_Step], number: int) -> bool:
        """Whether a field entry below the head lies in a declared hole, unfilled, and links before or up to its end."""
        step = steps[number]
        hole = next((h for h in found.holes if h.first <= step.seq <= h.last), None)
        if hole is None or found.chains[found.current].place(step.seq) is not None or step.item is None:
            return False
        first = number
        while first and steps[first - 1].seq >= hole.first and steps[first - 1].item is not None:
            first -= 1
        run = [s for s in steps[first:] if s.seq <= hole.last]
        for before, here in pairwise(run):
            if here.item is not None and here.item.prev not in (None, before.hash):
                return False
        if run[-1].seq == hole.last and run[-1].hash == hole.hash:
            return True
        start = run[0]
        link = start.item.prev if start.item is not None else None
        if start.seq == hole.first:
            return link == hole.before
        if first and steps[first - 1].hash == link:
            return True
        places = [self._around.stored(log, position, start.seq - 1) for _, log, position in found.places(start.seq - 1)]
        return any(known is not None and known.hash == link for known in places)

    def _check_cover(self, found: Terminal, unit: Unit, seal: SealEntry, steps: list[_Step], *, signed: bool) -> None:
        if len(unit.items) > seal.c:
            return
        assert unit.seal is not None
        hashes = [step.hash for step in steps]
        head = hashes[-1] if hashes else seal.h
        same = len(steps) == seal.c and batches.envs_hash(hashes) == seal.x
        if same and head == seal.h:
            return
        item = steps[-1].item if steps else None
        if same or (not signed and head == seal.h):  # the envelopes are those that were signed, or the seal is not
            self._cover_fault(found, seal, unit.seal[0], unit.seal[0])
        elif signed and len(steps) == seal.c and head != seal.h and item is not None:
            self._cover_fault(found, seal, item.position, item.position)
        else:
            self._cover_fault(found, seal, unit.first, unit.seal[0])

    def _cover_fault(self, found: Terminal, seal: SealEntry, first: int, last: int) -> None:
        self._around.report("seal_envelopes", first, last=last, terminal=found.id, low=seal.f, high=seal.f + seal.c - 1)

    def _check_heartbeat(self, found: Terminal, position: int, seal: SealEntry) -> None:
        place = seal.f - 1
        if place == found.seq and seal.h == found.hash:
            return
        if place == 0 and seal.h == found.genesis:
            return
        if any(h.first <= place < h.last or (place == h.last and seal.h == h.hash) for h in found.holes):
            return
        for _, log, at in found.places(place):
            known = self._around.stored(log, at, place)
            if known is not None and known.hash == seal.h:
                return
        why = ("its head is not a stored envelope", "其头部并非已存记录")
        self._around.report("seal_form", position, terminal=found.id, why=why)

    # -- incidents --

    def _incidents(
        self, found: Terminal, unit: Unit, forks: dict[bytes, tuple[int, int]], seal: SealEntry | None
    ) -> None:
        due = dict(forks)
        split = False
        for position, incident in unit.incidents:
            body = incident.b
            match incident.y:
                case "hole":
                    sound = self._hole(found, position, incident, None, None)
                case "fork":
                    name = body.get("branch")
                    place = due.pop(name, None) if type(name) is bytes else None
                    sound = place is not None and place[0] == body.get("seq")
                case "split_view":
                    sound = self._split(found, body, position)
                    split = True
                case "fork_claimed":
                    sound = self._claimed(found, body)
                case _:
                    sound = True
            if not sound:
                self._around.report("incident_invented", position, terminal=found.id, kind=incident.y)
        for _, position in due.values():
            # It was due right behind the seal.
            last = position if unit.seal is None else unit.seal[0] + 1
            self._around.report("incident_missing", position, last=last, terminal=found.id)
        if seal is not None and not split and seal.n is not UNSET:
            seen = (seal.n.epoch, seal.n.size, seal.n.root)
            if found.split_view != seen and self._contradicts(seen, unit.first) is True:
                assert unit.seal is not None
                self._around.report("split_view_missing", unit.seal[0], terminal=found.id)

    def _contradicts(self, seen: tuple[int, int, bytes], size: int) -> bool | None:
        """Whether a terminal's `seen` contradicts the log of `size` entries; None where no checkpoint tells."""
        epoch, at, root = seen
        if epoch > self.context.epoch or (epoch == self.context.epoch and at > size):
            return True
        known = self._around.root_at(epoch, at)
        return None if known is None else known != root

    def _split(self, found: Terminal, body: dict[str, Any], position: int) -> bool:
        epoch, size, root = body.get("epoch"), body.get("size"), body.get("root")
        if type(epoch) is not int or type(size) is not int or type(root) is not bytes:
            return False
        found.split_view = (epoch, size, root)
        return self._contradicts((epoch, size, root), position) is not False

    def _claimed(self, found: Terminal, body: dict[str, Any]) -> bool:
        head, seq = body.get("head"), body.get("seq")
        if type(head) is not bytes or type(seq) is not int:
            return False
        found.fork_claimed = (seq, head)
        if (seq, head) == (found.seq, found.hash):
            return False
        known = (self._around.stored(log, position, seq) for _, log, position in found.places(seq))
        return all(item is None or item.hash != head for item in known)

    # -- what the derived tables must hold --

    def _row(
        self,
        found: Terminal,
        step: _Step,
        chain: int,
        clock: tuple[bytes, int, int] | None,
        *,
        held: bool,
        after_hole: bool,
    ) -> tuple[bytes, int, int] | None:
        """Expect the rows of a fresh envelope; returns its own clock."""
        item = step.item
        assert item is not None
        extra = item.extra
        if extra is None or (item.q or item.seq) != step.seq:
            extra = self._around.reread(item, step.seq)
            item.extra = extra
        bits, name, own, tags = extra
        bits |= (HELD if held else 0) | (AFTER_HOLE if after_hole else 0)
        if clock is not None and own is not None and clock[0] == own[0]:
            drift = (own[2] - clock[2]) - (own[1] - clock[1])
            if abs(drift) > CLOCK_JUMP_MS:
                bits |= CLOCK_JUMP
        self._around.key(item.position, found.id, step.seq, chain, bits, name)
        self._around.tags(item.position, tags)
        return own

    def _clock_of(self, found: Terminal, before: _Step | None) -> tuple[bytes, int, int] | None:
        """Clock of the envelope before in the same batch, whatever chain it is on."""
        if before is None or not self.context.tables:
            return None
        item = before.item
        if item is None:
            place = found.chains[before.chain].place(before.seq)
            item = None if place is None else self._around.stored(*place, before.seq)
        if item is None:
            return None
        if item.extra is None:
            item.extra = self._around.reread(item, before.seq)
        return item.extra[2]


def rare_of(found: Terminal) -> list[Any]:
    """The packed column `rare` of the terminal's row, as plain arrays: branches, holes, counters, what was reported."""
    return [
        [[b.number, b.id, b.first, b.seq, b.hash] for b in found.branches],
        [[h.first, h.last, h.hash, h.before] for h in found.holes],
        len(found.chains),
        found.branch_entries,
        found.open_branches,
        None if found.split_view is None else list(found.split_view),
        None if found.fork_claimed is None else list(found.fork_claimed),
    ]


NOTHING_RARE: Final = [[], [], 1, 0, 0, None, None]


def _sound_key(key: bytes) -> bool:
    try:
        keys.check_ed25519_public(key)
    except keys.KeyRefused:
        return False
    return True
