"""The facts of one sequence of document numbers, arranged: uses, issues, voids, blocks, and what follows from them.

The invariant: everything here depends on the set of facts; a number that is merely cited (on a receipt of service, on a
payment) is on paper but uses nothing up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

from msgspec import UNSET

from domain.document_numbers import DocumentNumber, parse, read_front, split_key
from domain.filing import text_of
from domain.matter import Fact, Matter
from domain.numbered import CITING, number_in, subject_of
from domain.printed import Refused
from domain.workdays import day_of
from schemas.events.document_number import (
    DocumentNumberIssued,
    DocumentNumbersReserved,
    DocumentNumbersReturned,
    DocumentNumberVoided,
)


@dataclass(frozen=True, slots=True)
class Use:
    """One document that bears a number."""

    n: int
    printed: str
    subject: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Issued:
    """A number that the office gave out."""

    occurred: int
    subject: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Block:
    """A reserved block; `returned` is the first number given back."""

    id: bytes
    first: int
    last: int
    expires_at: int
    fact: Fact
    terminal: bytes = b""
    holder: str = ""
    prefix: str = ""
    returned: int | None = None

    def holds(self, n: int) -> bool:
        """Whether a number belongs to the block and was not given back."""
        return self.first <= n <= (self.last if self.returned is None else self.returned - 1)

    @property
    def terminal_text(self) -> str:
        """The terminal's id as tags have it, "" for a book of forms."""
        return text_of(self.terminal) if self.terminal else ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that are accounted for nowhere, and since when (ms): the block's end, the issue, or a later number."""

    first: int
    last: int
    since: int
    kind: str
    block: str = ""
    terminal: str = ""

    def page(self) -> dict[str, Any]:
        """For the page of the sequence."""
        return {
            "first": self.first, "last": self.last, "since": self.since, "kind": self.kind, "block": self.block,
            "terminal": self.terminal,
        }  # fmt: skip


@dataclass(frozen=True)
class Numbers:
    """One sequence. `uses`: number -> the documents that bear it; `cited`: numbers that other facts name."""

    front: str
    uses: Mapping[int, Sequence[Use]]
    cited: Mapping[int, int]
    issued: Mapping[int, Issued]
    voids: Mapping[int, Fact]
    field_voids: frozenset[int]
    incomplete_voids: frozenset[int]
    blocks: Sequence[Block]
    managed_since: int | None = None
    received: Mapping[int, int] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    """Numbers with the front of another agency, as printed: they belong to its sequence, which is not kept here."""

    @cached_property
    def highest(self) -> int:
        """The newest number that stands on paper, 0 if none."""
        return max([*self.uses, *self.cited, *self.field_voids], default=0)

    @cached_property
    def taken(self) -> tuple[int, ...]:
        """Numbers that are used, cited or void, ascending."""
        return tuple(sorted({*self.uses, *self.cited, *self.voids}))

    @property
    def void_facts(self) -> list[Fact]:
        """The voids that count."""
        return list(self.voids.values())

    @property
    def terminals(self) -> frozenset[bytes]:
        """Terminals that hold blocks."""
        return frozenset(block.terminal for block in self.blocks if block.terminal)

    def all_uses(self) -> Iterator[Use]:
        """Every document, by its number."""
        for n in sorted(self.uses):
            yield from self.uses[n]

    def block_of(self, n: int) -> Block | None:
        """The block that holds a number."""
        firsts, reach = self._block_index
        at = bisect_right(firsts, n) - 1
        while at >= 0 and reach[at] >= n:
            if self.blocks[at].holds(n):
                return self.blocks[at]
            at -= 1
        return None

    def taken_in(self, block: Block) -> tuple[int, ...]:
        """Numbers of a block that are used, cited or void, ascending."""
        return self._used_by_block[block.id]

    def was_returned(self, n: int) -> bool:
        """Whether a number was given back with its block."""
        return any(b.returned is not None and b.returned <= n <= b.last for b in self.blocks)

    def duplicates(self) -> Iterator[tuple[Use, ...]]:
        """Numbers on documents of different subjects, or of one terminal's chain twice without any subject."""
        for n in sorted(self.uses):
            by_subject: dict[str, Use] = {}
            for use in self.uses[n]:
                by_subject.setdefault(use.subject or use.fact.id.hex(), use)
            if len(by_subject) > 1:
                yield tuple(by_subject[subject] for subject in sorted(by_subject))

    def disorder(self) -> Iterator[tuple[Use, Use]]:
        """(earlier number with the later date, later number) within one block, by day."""
        for block in self.blocks:
            newest: Use | None = None
            for n in self._used_by_block[block.id]:
                if n not in self.uses:
                    continue
                use = self.uses[n][0]
                if newest is not None and day_of(use.fact.occurred) < day_of(newest.fact.occurred):
                    yield newest, use
                elif newest is None or use.fact.occurred > newest.fact.occurred:
                    newest = use

    def dated_before_issue(self) -> Iterator[tuple[Use, Fact]]:
        """Documents that are dated before the day on which their number was issued."""
        for use in self.all_uses():
            issue = self.issued.get(use.n)
            if issue is not None and day_of(use.fact.occurred) < day_of(issue.occurred):
                yield use, issue.fact

    def gaps(self) -> Iterator[Gap]:
        """Runs of numbers that nothing accounts for. An unused rest counts from the end of its block."""
        top = max([*self.taken, *self.issued, *(block.last for block in self.blocks)], default=0)
        taken = set(self.taken)
        edges = {1, top + 1}
        for n in (*self.taken, *self.issued):
            edges |= {n, n + 1}
        for block in self.blocks:
            edges |= {block.first, block.last + 1}
            if block.returned is not None:
                edges.add(block.returned)
        run: Gap | None = None
        # Between two edges every number is in the same position, so a stray 999999 costs no more than a 2.
        for first, end in pairwise(sorted(edges)):
            gap = None if first in taken or self.was_returned(first) else self._gap(first, end - 1)
            if run is not None and gap is not None and _same(run, gap):
                run = replace(run, last=gap.last)
                continue
            if run is not None:
                yield run
            run = gap
        if run is not None:
            yield run

    def _gap(self, first: int, last: int) -> Gap:
        kind = "void" if first in self.incomplete_voids else ""
        block = self.block_of(first)
        if block is not None:
            # A number skipped inside the used part is a gap as soon as a later one of the block came in.
            used = self._used_by_block[block.id]
            later = [self.received[m] for m in used[bisect_right(used, first) :] if m in self.received]
            kind = kind or ("skipped" if later else "block")
            return Gap(first, last, min([block.expires_at, *later]), kind, block.id.hex(), block.terminal_text)
        issue = self.issued.get(first)
        if issue is not None:
            return Gap(first, last, issue.occurred, kind or "issued")
        at = bisect_right(self._came[0], first)
        return Gap(first, last, self._came[1][at] if at < len(self._came[1]) else 0, kind or "paper")

    @cached_property
    def _used_by_block(self) -> Mapping[bytes, tuple[int, ...]]:
        held: dict[bytes, list[int]] = {block.id: [] for block in self.blocks}
        for n in self.taken:
            block = self.block_of(n)
            if block is not None:
                held[block.id].append(n)
        return {name: tuple(numbers) for name, numbers in held.items()}

    @cached_property
    def _came(self) -> tuple[list[int], list[int]]:
        """Numbers ascending, and for each when the first fact with it or a later number came in."""
        numbers = sorted(self.received)
        first: list[int] = []
        for n in reversed(numbers):
            first.append(min(self.received[n], first[-1]) if first else self.received[n])
        return numbers, first[::-1]

    @cached_property
    def _block_index(self) -> tuple[list[int], list[int]]:
        """First numbers of the blocks, and the highest last number up to each: blocks of a faulty import overlap."""
        reach = list(accumulate((block.last for block in self.blocks), max))
        return [block.first for block in self.blocks], reach


def numbers_of(matter: Matter) -> Numbers:
    """The facts of a sequence, arranged. Numbers with another front than that of the sequence are left aside."""
    _, token, year = split_key(matter.key)
    read = [(fact, number) for fact in matter.facts if fact.counts for number in _numbers_in(fact, token, year)]
    front = _front(matter, [number for _, number in read], token)
    uses: dict[int, list[Use]] = {}
    cited: dict[int, int] = {}
    received: dict[int, int] = {}
    others: set[str] = set()
    for fact, number in read:
        if number.front != front:
            others.add(number.printed)
            continue
        n = number.sequence
        received[n] = min(received.get(n, fact.received), fact.received)
        if fact.type in CITING:
            cited[n] = min(cited.get(n, fact.received), fact.received)
        else:
            uses.setdefault(n, []).append(Use(n, number.printed, subject_of(fact.body), fact))
    voids: dict[int, Fact] = {}
    half: set[int] = set()
    for fact, void in matter.of(DocumentNumberVoided):
        if void.approver is not UNSET and void.photo_hashes:
            voids.setdefault(void.n, fact)
            received[void.n] = min(received.get(void.n, fact.received), fact.received)
        else:
            half.add(void.n)
    issued = {
        body.n: Issued(fact.occurred, subject_of(body), fact)
        for fact, body in reversed(matter.of(DocumentNumberIssued))
    }
    managed = [fact.occurred for fact, _ in (*matter.of(DocumentNumbersReserved), *matter.of(DocumentNumberIssued))]
    return Numbers(
        front=front,
        uses=uses,
        cited=cited,
        issued=issued,
        voids=voids,
        field_voids=frozenset(n for n, fact in voids.items() if fact.source == "field"),
        incomplete_voids=frozenset(half - voids.keys()),
        blocks=_blocks(matter),
        managed_since=min(managed, default=None),
        received=received,
        others=frozenset(others),
    )


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending runs (first, last) of a set of numbers."""
    found: list[tuple[int, int]] = []
    for n in sorted(set(numbers)):
        if found and found[-1][1] == n - 1:
            found[-1] = (found[-1][0], n)
        else:
            found.append((n, n))
    return found


def _numbers_in(fact: Fact, token: str, year: int) -> Iterator[DocumentNumber]:
    """The number of the fact's document, and numbers that it cites, as far as they belong to the sequence."""
    if fact.type in ("document_number.issued.v1", "document_number.voided.v1"):
        return
    bears = number_in(fact)
    cites = getattr(fact.body, "document_no", UNSET) if fact.type in CITING else UNSET
    for printed in (bears, cites):
        if isinstance(printed, str):
            try:
                number = parse(printed)
            except Refused:
                continue
            if (number.series_token, number.year) == (token, year):
                yield number


def _front(matter: Matter, numbers: Sequence[DocumentNumber], token: str) -> str:
    """Place and agency word of the sequence: that of the office's acts, else the one that most documents have."""
    votes: dict[str, int] = {}
    for _, body in matter.of(DocumentNumbersReserved):
        if body.prefix is not UNSET:
            votes[_front_of(body.prefix, token)] = votes.get(_front_of(body.prefix, token), 0) + 1
    for _, issued in matter.of(DocumentNumberIssued):
        try:
            front = parse(issued.document_no).front
        except Refused:
            continue
        votes[front] = votes.get(front, 0) + 1
    if not votes:
        for number in numbers:
            votes[number.front] = votes.get(number.front, 0) + 1
    return max(votes, key=lambda front: (votes[front], front)) if votes else ""


def _front_of(prefix: str, token: str) -> str:
    try:
        place, agency, _ = read_front(prefix + token.partition("-")[0])
    except Refused:
        return prefix
    return (f"（{place}）" if place else "") + agency


def _blocks(matter: Matter) -> tuple[Block, ...]:
    returned = {
        body.block_id: body.from_n
        for _, body in reversed(matter.of(DocumentNumbersReturned))
        if body.block_id is not UNSET
    }
    found: dict[bytes, Block] = {}
    for fact, body in matter.of(DocumentNumbersReserved):
        found.setdefault(
            body.block_id,
            Block(
                id=body.block_id,
                first=body.from_n,
                last=max(body.to_n, body.from_n),
                expires_at=body.expires_at,
                fact=fact,
                terminal=b"" if body.terminal_id is UNSET else body.terminal_id,
                holder="" if body.holder is UNSET else body.holder,
                prefix="" if body.prefix is UNSET else body.prefix,
                returned=returned.get(body.block_id),
            ),
        )
    return tuple(sorted(found.values(), key=lambda block: (block.first, block.id)))


def _same(run: Gap, gap: Gap) -> bool:
    return (run.since, run.kind, run.block) == (gap.since, gap.kind, gap.block)
