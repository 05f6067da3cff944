"""CaseFile: everything that was reported about a task, a case or a hazard, one file per subject and log.

Key: (log, tag). The fold keeps a small head (counts, step reached, title, links) and a list of items, each only a place
with what sorts and counts it; bodies stay in the log. Logs of several epochs are merged when a file is read, so no fold
depends on how they interleave. Invariant: chunks are cut by number of items and sets are written sorted, so that a
rebuilt file equals the live one byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Struct, field

from domain.labels import CLOSING, NAMING, Label, label
from domain.process import NOT_PLACED, STEP_OF
from projections.facts import BRANCH, CLAIM, HELD, NOT_UNDERSTOOD, Event, texts
from schemas.events import Registry

NAME: Final = "case_file"
VERSION: Final = 2
CHUNK: Final = 32
"""Items in a chunk: about 1.3 kB, so that a row stays below the size at which the database moves it elsewhere."""

MAX_LINKS: Final = 200
MAX_OFFICERS: Final = 64
MAX_TERMINALS: Final = 64
SUBJECTS: Final = ("case:", "hazard:", "task:")
_LINKED: Final = ("case:", "document:", "enterprise:", "hazard:", "plan:", "task:", "tip:")

_T = TypeVar("_T")

RANK_NONE: Final = 0
RANK_CLAIMED: Final = 1
RANK_STATED: Final = 2


class ItemRow(Struct, frozen=True, array_like=True, gc=False):
    """One item as stored: where the entry stands, and what is needed to sort and count it without opening it."""

    position: int
    type: str
    occurred: int
    notes: int
    kind: int


class HeadRow(Struct, frozen=True, array_like=True):
    """The head as stored. Sets are sorted; `step` is the code of the furthest step, "" for none."""

    items: int
    claims: int
    forked: int
    held: int
    not_understood: int
    first_occurred: int
    last_occurred: int
    last_received: int
    step: str
    closed: bool
    title: str
    rank: int
    parties: list[tuple[str, str, str]]
    links: list[str]
    officers: list[str]
    terminals: list[bytes]


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_HEADS: Final = msgspec.msgpack.Decoder(HeadRow)
_ITEMS: Final = msgspec.msgpack.Decoder(list[ItemRow])
_ORDER: Final = {name: (step.order, step.code) for name, step in STEP_OF.items() if step.advances}
_UNPLACED: Final = (-1, NOT_PLACED.code)


class CaseHead(Struct, array_like=True, gc=False):
    """The head of one file while it is folded. `links`, `officers`, `terminals` in the order in which they came.

    `pending` are encoded items that are counted and not written yet.
    """

    items: int = 0
    claims: int = 0
    forked: int = 0
    held: int = 0
    not_understood: int = 0
    first_occurred: int = 0
    last_occurred: int = 0
    last_received: int = 0
    step: str = ""
    step_order: int = -1
    closed: bool = False
    title: str = ""
    rank: int = RANK_NONE
    parties: list[tuple[str, str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    officers: list[str] = field(default_factory=list)
    terminals: list[bytes] = field(default_factory=list)
    pending: list[bytes] = field(default_factory=list)

    @classmethod
    def decode(cls, data: bytes) -> CaseHead:
        """The head of a stored row."""
        row = _HEADS.decode(data)
        return cls(
            row.items, row.claims, row.forked, row.held, row.not_understood, row.first_occurred, row.last_occurred,
            row.last_received, row.step, _order_of(row.step), row.closed, row.title, row.rank, row.parties, row.links,
            row.officers, row.terminals,
        )  # fmt: skip

    def encode(self) -> bytes:
        """The row to store; the same facts always give the same bytes."""
        return _ENCODE(
            (
                self.items, self.claims, self.forked, self.held, self.not_understood, self.first_occurred,
                self.last_occurred, self.last_received, self.step, self.closed, self.title, self.rank,
                sorted(self.parties), sorted(self.links), sorted(self.officers), sorted(self.terminals),
            )
        )  # fmt: skip

    def absorb(self, later: CaseHead) -> None:
        """Add what a later part of the same log says: as if its events had been folded into this head one by one."""
        if self.items == 0:
            self.first_occurred = later.first_occurred
            self.last_occurred = later.last_occurred
            self.last_received = later.last_received
        else:
            self.first_occurred = min(self.first_occurred, later.first_occurred)
            self.last_occurred = max(self.last_occurred, later.last_occurred)
            self.last_received = max(self.last_received, later.last_received)
        self.items += later.items
        self.claims += later.claims
        self.forked += later.forked
        self.held += later.held
        self.not_understood += later.not_understood
        if later.step_order > self.step_order:
            self.step_order, self.step = later.step_order, later.step
        self.closed = self.closed or later.closed
        if later.rank > self.rank:
            # What is stated replaces what was only claimed; of equals the first one stands.
            self.title, self.rank, self.parties = later.title, later.rank, later.parties
        # The first so many of all are among the first so many of each part, so limits hold whatever the parts were.
        _join(self.links, later.links, MAX_LINKS)
        _join(self.officers, later.officers, MAX_OFFICERS)
        _join(self.terminals, later.terminals, MAX_TERMINALS)
        self.pending.extend(later.pending)

    def take_chunks(self) -> Iterator[tuple[int, int, bytes]]:
        """(chunk number, number of items, bytes to append to it) for what is pending, which is then forgotten."""
        pending, self.pending = self.pending, []
        start = self.items - len(pending)
        done = 0
        while done < len(pending):
            chunk, filled = divmod(start + done, CHUNK)
            part = pending[done : done + CHUNK - filled]
            yield chunk, len(part), b"".join(part)
            done += len(part)


class CaseFold:
    """The fold over a part of one log: `add` its events in order, then take the `heads` once.

    Events with the same tags, officers, terminal, type and notes do the same to the same heads, but for their item and
    their instants. They share a strand, so that nearly all is done once for all of them.
    """

    __slots__ = ("_heads", "_last", "_registry", "_strands")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._heads: dict[str, CaseHead] = {}
        self._strands: dict[tuple[bytes, bytes, bytes, str, int, int], _Strand] = {}
        self._last: _Strand | None = None  # most events follow one of their own kind, and need no look-up

    def add(self, event: Event) -> None:
        """Fold one event. What it raises, it raises before any change."""
        name, notes = event.type, event.notes
        named = _label(event, self._registry) if name in NAMING and not notes & NOT_UNDERSTOOD else None
        strand = self._last
        if (
            strand is None
            or (before := strand.event).about != event.about
            or before.type != name
            or before.by != event.by
            or before.terminal != event.terminal
            or before.notes != notes
            or before.kind != event.kind
        ):
            key = (bytes(event.about), bytes(event.by), event.terminal, name, notes, event.kind)
            strand = self._strands.get(key)
            if strand is None:
                strand = self._strands[key] = _Strand(self._heads, event)
            self._last = strand
        if not strand.appends:
            return
        occurred = event.occurred
        item = _ENCODE((event.position, name, occurred, notes, event.kind))
        for append in strand.appends:
            append(item)
        if occurred < strand.first_occurred:
            strand.first_occurred = occurred
        if occurred > strand.last_occurred:
            strand.last_occurred = occurred
        if event.received > strand.last_received:
            strand.last_received = event.received
        strand.count += 1
        if named is not None:
            strand.name(named)

    def heads(self) -> dict[str, CaseHead]:
        """What the events made of subjects of which nothing was known before, by tag."""
        for strand in self._strands.values():
            strand.close()
        self._strands, self._last = {}, None
        return self._heads


class _Strand:
    __slots__ = (
        "appends",
        "count",
        "event",
        "first_occurred",
        "heads",
        "last_occurred",
        "last_received",
        "notes",
        "plain",
    )

    def __init__(self, heads: dict[str, CaseHead], event: Event) -> None:
        about = texts(event.about)
        mine = [tag for tag in about if tag.startswith(SUBJECTS)]
        self.event = event
        self.count = 0
        self.first_occurred = self.last_occurred = event.occurred
        self.last_received = event.received
        self.notes = (event.notes, event.kind)
        self.plain = plain = not event.notes & (CLAIM | NOT_UNDERSTOOD) and event.kind != BRANCH
        self.heads: list[tuple[str, CaseHead]] = []
        if not mine:
            self.appends: tuple[Callable[[bytes], None], ...] = ()
            return
        linked = [tag for tag in about if tag.startswith(_LINKED)]
        by, terminals = texts(event.by), (event.terminal,)
        order, code = _ORDER.get(event.type, _UNPLACED) if plain else _UNPLACED
        closing = CLOSING.get(event.type) if plain else None
        for tag in mine:
            head = heads.get(tag)
            if head is None:
                head = heads[tag] = CaseHead()
            self.heads.append((tag, head))
            _join(head.links, linked, MAX_LINKS, tag)
            _join(head.officers, by, MAX_OFFICERS)
            _join(head.terminals, terminals, MAX_TERMINALS)
            if order > head.step_order:
                head.step_order, head.step = order, code
            if closing is not None and tag.startswith(closing):
                head.closed = True
        self.appends = tuple(head.pending.append for _, head in self.heads)

    def name(self, named: Label) -> None:
        rank = RANK_STATED if self.plain else RANK_CLAIMED
        for tag, head in self.heads:
            if tag.startswith(named.kind) and rank > head.rank:
                head.title, head.rank = named.text, rank
                party = named.party
                head.parties = [] if party is None else [(party.type, party.id, party.name)]

    def close(self) -> None:
        (notes, kind), count = self.notes, self.count
        for _, head in self.heads:
            if head.items == 0 or self.first_occurred < head.first_occurred:
                head.first_occurred = self.first_occurred
            if head.items == 0 or self.last_occurred > head.last_occurred:
                head.last_occurred = self.last_occurred
            head.last_received = max(head.last_received, self.last_received)
            head.items += count
            if notes or kind == BRANCH:
                head.claims += count * (notes & CLAIM != 0)
                head.held += count * (notes & HELD != 0)
                head.not_understood += count * (notes & NOT_UNDERSTOOD != 0)
                head.forked += count * (kind == BRANCH)


def read_items(count: int, data: bytes) -> list[ItemRow]:
    """The items of one chunk: `count` arrays, one behind the other."""
    return _ITEMS.decode(b"\xdc" + count.to_bytes(2, "big") + data)


def read_head(data: bytes) -> HeadRow:
    """A stored head."""
    return _HEADS.decode(data)


def merge_heads(rows: Sequence[HeadRow]) -> HeadRow:
    """One head of the heads that several epochs have of a subject, in order of epochs."""
    if len(rows) == 1:
        return rows[0]
    best = max(rows, key=lambda row: row.rank)  # the first of the best ones
    return HeadRow(
        items=sum(row.items for row in rows),
        claims=sum(row.claims for row in rows),
        forked=sum(row.forked for row in rows),
        held=sum(row.held for row in rows),
        not_understood=sum(row.not_understood for row in rows),
        first_occurred=min(row.first_occurred for row in rows),
        last_occurred=max(row.last_occurred for row in rows),
        last_received=max(row.last_received for row in rows),
        step=max((row.step for row in rows), key=_order_of),
        closed=any(row.closed for row in rows),
        title=best.title,
        rank=best.rank,
        parties=sorted({party for row in rows for party in row.parties}),
        links=sorted({link for row in rows for link in row.links}),
        officers=sorted({officer for row in rows for officer in row.officers}),
        terminals=sorted({terminal for row in rows for terminal in row.terminals}),
    )


_CODES: Final = {step.code: step.order for step in STEP_OF.values()}


def _order_of(code: str) -> int:
    return _CODES.get(code, -1)


def _label(event: Event, registry: Registry) -> Label | None:
    kind = registry.lookup(event.type)
    return None if kind is None else label(kind.decode(event.body))


def _join(known: list[_T], more: Iterable[_T], limit: int, own: _T | None = None) -> None:
    for one in more:
        if one and one not in known and one != own and len(known) < limit:
            known.append(one)
