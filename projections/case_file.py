"""CaseFile: everything that was reported about a task, a case or a hazard, one file per subject and log.

Key: (log, tag). The fold keeps a small head (counts, step reached, title, links) and a list of items, each only a place
with what sorts and counts it; bodies stay in the log. Logs of several epochs are merged when a file is read, so no fold
depends on how they interleave. Invariant: chunks are cut by number of items and sets are written sorted, so that a
rebuilt file equals the live one byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from domain.labels import CLOSING, NAMING, Label, label
from domain.process import NOT_PLACED, STEP_OF
from projections.facts import BRANCH, CLAIM, HELD, NOT_UNDERSTOOD, Event, Fact
from schemas.events import Registry

NAME: Final = "case_file"
VERSION: Final = 1
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
_ORDER: Final = {name: (step.order, step.code) for name, step in STEP_OF.items()}
_UNPLACED: Final = (-1, NOT_PLACED.code)


class CaseHead:
    """The head of one file while it is folded. `pending` are encoded items not written yet."""

    __slots__ = (
        "claims", "closed", "first_occurred", "forked", "held", "items", "last_occurred", "last_received", "links",
        "not_understood", "officers", "parties", "pending", "rank", "seen_about", "seen_by", "seen_terminal", "step",
        "step_order", "terminals", "title",
    )  # fmt: skip

    def __init__(self) -> None:
        self.items = self.claims = self.forked = self.held = self.not_understood = 0
        self.first_occurred = self.last_occurred = self.last_received = 0
        self.step, self.step_order, self.closed = "", -1, False
        self.title, self.rank = "", RANK_NONE
        self.parties: list[tuple[str, str, str]] = []
        self.links: set[str] = set()
        self.officers: set[str] = set()
        self.terminals: set[bytes] = set()
        self.pending: list[bytes] = []
        self.seen_about: list[str] | None = None
        self.seen_by: list[str] | None = None
        self.seen_terminal = b""

    @classmethod
    def decode(cls, data: bytes) -> CaseHead:
        """The head of a stored row."""
        row = _HEADS.decode(data)
        head = cls()
        head.items, head.claims, head.forked, head.held = row.items, row.claims, row.forked, row.held
        head.not_understood = row.not_understood
        head.first_occurred, head.last_occurred = row.first_occurred, row.last_occurred
        head.last_received, head.closed = row.last_received, row.closed
        head.step, head.step_order = row.step, _order_of(row.step)
        head.title, head.rank, head.parties = row.title, row.rank, row.parties
        head.links, head.officers, head.terminals = set(row.links), set(row.officers), set(row.terminals)
        return head

    def encode(self) -> bytes:
        """The row to store; the same facts always give the same bytes."""
        return _ENCODE(
            (
                self.items, self.claims, self.forked, self.held, self.not_understood, self.first_occurred,
                self.last_occurred, self.last_received, self.step, self.closed, self.title, self.rank,
                sorted(self.parties), sorted(self.links), sorted(self.officers), sorted(self.terminals),
            )
        )  # fmt: skip

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


def subjects(facts: Iterable[Fact]) -> set[str]:
    """The keys that a run of facts touches."""
    return {tag for fact in facts if type(fact) is Event for tag in fact.about if tag.startswith(SUBJECTS)}


def evolve(
    heads: MutableMapping[str, CaseHead], event: Event, registry: Registry, dirty: set[str] | None = None
) -> None:
    """Fold one event into the heads of its subjects, all of one log. What it raises, it raises before any change.

    Subjects that have something pending now and had nothing before are added to `dirty`.
    """
    mine = [tag for tag in event.about if tag.startswith(SUBJECTS)]
    if not mine:
        return
    notes, kind, name = event.notes, event.kind, event.type
    item = _ENCODE((event.position, name, event.occurred, notes, kind))
    plain = not notes & (CLAIM | NOT_UNDERSTOOD) and kind != BRANCH
    named = _label(event, registry) if name in NAMING and not notes & NOT_UNDERSTOOD else None
    closing = CLOSING.get(name) if plain else None
    order, code = _ORDER.get(name, _UNPLACED) if plain else _UNPLACED
    occurred, received = event.occurred, event.received
    for tag in mine:
        head = heads.get(tag)
        if head is None:
            head = heads[tag] = CaseHead()
        if head.items == 0:
            head.first_occurred = head.last_occurred = occurred
            head.last_received = received
        else:
            if occurred < head.first_occurred:
                head.first_occurred = occurred
            elif occurred > head.last_occurred:
                head.last_occurred = occurred
            if received > head.last_received:
                head.last_received = received
        head.items += 1
        if dirty is not None and not head.pending:
            dirty.add(tag)
        head.pending.append(item)
        if order > head.step_order:
            head.step_order, head.step = order, code
        if notes or kind == BRANCH:
            head.claims += notes & CLAIM != 0
            head.held += notes & HELD != 0
            head.not_understood += notes & NOT_UNDERSTOOD != 0
            head.forked += kind == BRANCH
        if event.about != head.seen_about:
            head.seen_about = event.about
            _link(head, tag, event.about)
        if event.by != head.seen_by:
            head.seen_by = event.by
            _join(head.officers, event.by, MAX_OFFICERS)
        if event.terminal != head.seen_terminal:
            head.seen_terminal = event.terminal
            _join(head.terminals, (event.terminal,), MAX_TERMINALS)
        if named is not None and tag.startswith(named.kind):
            _name(head, named, RANK_STATED if plain else RANK_CLAIMED)
        if closing is not None and tag.startswith(closing):
            head.closed = True


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


def _name(head: CaseHead, named: Label, rank: int) -> None:
    if rank > head.rank:
        # What is stated replaces what was only claimed; of equals the first one stands.
        head.title, head.rank = named.text, rank
        head.parties = []
        if named.party is not None:
            head.parties.append((named.party.type, named.party.id, named.party.name))


def _link(head: CaseHead, own: str, about: list[str]) -> None:
    links = head.links
    for tag in about:
        if tag not in links and tag != own and tag.startswith(_LINKED) and len(links) < MAX_LINKS:
            links.add(tag)


def _join(known: set[_T], more: Iterable[_T], limit: int) -> None:
    for one in more:
        if one and len(known) < limit:
            known.add(one)
