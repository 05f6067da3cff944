"""One batch on its way into the tables: read runs of entries, fold them in memory, write what came out.

Life of a batch: `fetch` (entries and notes of some runs, outside any transaction), `Folder.fold` (pure, in memory on
states loaded before), `Folder.write` (inside the caller's transaction, together with the positions). The live runner
and a rebuild use the same three; only the sizes differ. Invariant: what is written depends on the entries alone, never
on where batches begin and end.
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import asyncpg
from asyncpg.pgproto.pgproto import UUID

from projections import case_file, statements, terminal_ledger
from projections.case_file import CaseHead
from projections.facts import Event, Fact, Reader
from projections.terminal_ledger import LedgerState
from schemas.events import Registry

PROJECTIONS: Final = {case_file.NAME: case_file.VERSION, terminal_ledger.NAME: terminal_ledger.VERSION}
_K = TypeVar("_K")
MAX_KEPT: Final = 50_000
"""Heads and terminals kept in memory between batches; older ones are read again when they are needed."""

MAX_ROWS: Final = 16_384
"""Rows in one statement."""


class Overtaken(Exception):
    """Somebody else moved the positions or swapped the tables: forget what is in memory and read again."""


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A log as the runner sees it."""

    log_id: int
    authority: str
    epoch: int
    size: int


@dataclass(frozen=True, slots=True)
class Run:
    """Entries first … first+len-1 of a log, and (seq, notes) of those envelopes that have notes, by position."""

    log: LogPlace
    first: int
    entries: Sequence[bytes]
    noted: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Parked:
    """An entry that a projection could not digest; `error` is the class of the exception."""

    projection: str
    log_id: int
    position: int
    error: str


@dataclass(slots=True)
class Touched:
    """What the batch in hand changed, by log: subjects and terminals to be written, positions that move, poison."""

    heads: dict[int, set[str]] = field(default_factory=dict)
    ledgers: dict[int, set[bytes]] = field(default_factory=dict)
    moves: list[tuple[str, int, int, int]] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    entries: int = 0


async def fetch(connection: asyncpg.Connection, wanted: Sequence[tuple[LogPlace, int, int]]) -> list[Run]:
    """The runs (log, first, behind last) as the log holds them. All of them must be below the heads."""
    queries = statements.load("tables", "a")
    logs = [log.log_id for log, _, _ in wanted]
    firsts = [first for _, first, _ in wanted]
    lasts = [end - 1 for _, _, end in wanted]
    found = {row[0]: row for row in await connection.fetch(queries["runs"], logs, firsts, lasts)}
    runs = []
    for log, first, end in wanted:
        row = found.get(log.log_id)
        entries = (row[1] if row is not None else None) or []
        if row is None or len(entries) != end - first:
            raise Overtaken(f"log {log.log_id}: {len(entries)} entries from {first}, expected {end - first}")
        noted = {place: (seq, bits) for place, seq, bits in zip(row[2] or (), row[3] or (), row[4] or (), strict=True)}
        runs.append(Run(log, first, entries, noted))
    return runs


@contextmanager
def _uncollected() -> Iterator[None]:
    """No cycle collection meanwhile: nothing made here has cycles, and looking for them costs half of the fold."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Rows:
    """What one write puts into the tables: encoded already, so that folding may go on meanwhile."""

    heads: Sequence[tuple[Any, ...]]
    items: Sequence[tuple[Any, ...]]
    ledgers: Sequence[tuple[Any, ...]]
    parked: Sequence[Parked]
    moves: Mapping[tuple[str, int], tuple[int, int]]


async def put(connection: asyncpg.Connection, slot: str, rows: Rows) -> None:
    """Write rows and move the positions. The caller's transaction is the commit point.

    Raises Overtaken when the positions are not where the folder believed them.
    """
    queries = statements.load("tables", slot)
    for query, some in (("put_heads", rows.heads), ("put_items", rows.items), ("put_ledgers", rows.ledgers)):
        # COPY would be no quicker to write and is not allowed where rows have a policy.
        for start in range(0, len(some), MAX_ROWS):
            await connection.execute(queries[query], *_columns(some[start : start + MAX_ROWS]))
    if rows.parked:
        await connection.execute(
            queries["park"], *_columns([(p.projection, p.log_id, p.position, p.error) for p in rows.parked])
        )
    if rows.moves:
        moved = await connection.fetchval(
            queries["move_positions"],
            *_columns(
                [(name, PROJECTIONS[name], log_id, was, now) for (name, log_id), (was, now) in rows.moves.items()]
            ),
        )
        if moved != len(rows.moves):
            raise Overtaken(f"{len(rows.moves) - moved} of {len(rows.moves)} positions were moved by somebody else")


class Folder:
    """The states in memory of one slot, and the positions that they stand at.

    Not safe for two tasks. After any error in `write` or a commit whose outcome is unknown it must be thrown away.
    """

    def __init__(
        self, slot: str, registry: Registry, positions: Mapping[tuple[str, int], int], *, keep: int = MAX_KEPT
    ) -> None:
        self.slot = slot
        self.positions = dict(positions)
        self._queries = statements.load("tables", slot)
        self._registry = registry
        self._readers: dict[int, Reader] = {}
        self._authorities: dict[int, str] = {}
        self._heads: dict[int, OrderedDict[str, CaseHead]] = {}
        self._ledgers: dict[int, OrderedDict[bytes, LedgerState]] = {}
        self._keep = keep
        self._complete = not positions  # all there is to know of these tables is in memory
        self._touched = Touched()

    @classmethod
    async def load(cls, connection: asyncpg.Connection, slot: str, registry: Registry) -> Folder:
        """A folder at the positions that the slot's tables say."""
        rows = await connection.fetch(statements.load("tables", slot)["positions"])
        return cls(slot, registry, {(row["projection"], row["log_id"]): row["position"] for row in rows})

    def position(self, log_id: int) -> int:
        """How far every projection is in a log."""
        return min(self.positions.get((name, log_id), 0) for name in PROJECTIONS)

    async def fold(self, connection: asyncpg.Connection, runs: Sequence[Run]) -> list[Parked]:
        """Fold runs that begin at `position`; `connection` only reads states that are not in memory.

        Returns what could not be digested. Several folds may go before one `write`.
        """
        before = len(self._touched.parked)
        with _uncollected():
            read = [(run, self._read(run)) for run in runs]
        await self._load_missing(connection, read)
        with _uncollected():
            while read:
                self._fold_run(*read.pop(0))
        return self._touched.parked[before:]

    @property
    def pending(self) -> int:
        """Entries folded and not written."""
        return self._touched.entries

    def take(self) -> Rows:
        """What the folds changed since the last time, encoded. Whoever takes it puts it, or throws the folder away."""
        touched, self._touched = self._touched, Touched()
        moves: dict[tuple[str, int], tuple[int, int]] = {}
        for name, log_id, was, now in touched.moves:
            moves[name, log_id] = (moves.get((name, log_id), (was, now))[0], now)
        heads, items = self._take_heads(touched.heads)
        return Rows(heads, items, self._take_ledgers(touched.ledgers), tuple(touched.parked), moves)

    async def write(self, connection: asyncpg.Connection) -> None:
        """`take` and `put` in one."""
        await put(connection, self.slot, self.take())
        self.trim()

    def skip(self, log: LogPlace, position: int, error: str) -> None:
        """Park one entry and go past it; the next `write` remembers it."""
        self._authorities[log.log_id] = log.authority
        for name in PROJECTIONS:
            if self.positions.get((name, log.log_id), 0) == position:
                self._touched.parked.append(Parked(name, log.log_id, position, error))
                self._touched.moves.append((name, log.log_id, position, position + 1))
                self.positions[name, log.log_id] = position + 1

    # -- in memory --

    def _read(self, run: Run) -> list[Fact]:
        log_id = run.log.log_id
        self._authorities[log_id] = run.log.authority
        reader = self._readers.get(log_id)
        if reader is None:
            reader = self._readers[log_id] = Reader(run.log.authority, run.log.epoch, self._registry.lookup)
        facts: list[Fact] = []
        append, noted = facts.append, run.noted
        position = run.first
        for entry in run.entries:
            try:
                fact = reader(position, entry, noted.get(position) if noted else None)
            except Exception as fault:  # noqa: BLE001 - poison is parked, the others go on
                self._touched.parked.extend(
                    Parked(name, log_id, position, type(fault).__name__) for name in PROJECTIONS
                )
            else:
                if fact is not None:
                    append(fact)
            position += 1
        return facts

    def _fold_run(self, run: Run, facts: Sequence[Fact]) -> None:
        log_id, touched = run.log.log_id, self._touched
        cases, ledger = case_file.NAME, terminal_ledger.NAME
        end = run.first + len(run.entries)
        from_case = self.positions.get((cases, log_id), 0)
        from_ledger = self.positions.get((ledger, log_id), 0)
        heads, registry = self._heads[log_id], self._registry
        dirty = touched.heads.setdefault(log_id, set())
        states = self._ledgers[log_id]
        for fact in facts:
            if fact.position >= from_case and type(fact) is Event:
                try:
                    case_file.evolve(heads, fact, registry, dirty)
                except Exception as fault:  # noqa: BLE001 - as above
                    touched.parked.append(Parked(cases, log_id, fact.position, type(fault).__name__))
            if fact.position >= from_ledger:
                try:
                    terminal_ledger.evolve(states, fact)
                except Exception as fault:  # noqa: BLE001 - as above
                    touched.parked.append(Parked(ledger, log_id, fact.position, type(fault).__name__))
        for name, was in ((cases, from_case), (ledger, from_ledger)):
            if end > was:
                touched.moves.append((name, log_id, was, end))
                self.positions[name, log_id] = end
        touched.entries += len(run.entries)

    async def _load_missing(self, connection: asyncpg.Connection, read: Iterable[tuple[Run, Sequence[Fact]]]) -> None:
        heads: list[tuple[int, str, str, str]] = []
        ledgers: list[tuple[int, str, UUID]] = []
        for run, facts in read:
            log_id, authority = run.log.log_id, run.log.authority
            known = self._heads.setdefault(log_id, OrderedDict())
            states = self._ledgers.setdefault(log_id, OrderedDict())
            names = terminal_ledger.terminals(facts)
            self._touched.ledgers.setdefault(log_id, set()).update(names)
            if not self._complete:
                for tag in case_file.subjects(facts):
                    if tag in known:
                        known.move_to_end(tag)
                    else:
                        kind, _, subject = tag.partition(":")
                        heads.append((log_id, authority, kind, subject))
                for name in names:
                    if name in states:
                        states.move_to_end(name)
                    else:
                        ledgers.append((log_id, authority, UUID(name)))
        if heads:
            for row in await connection.fetch(self._queries["case_heads"], *_columns(heads)):
                self._heads[row[0]][row[1]] = CaseHead.decode(row[2])
        if ledgers:
            for row in await connection.fetch(self._queries["ledgers"], *_columns(ledgers)):
                self._ledgers[row[0]][row[1].bytes] = terminal_ledger.decode(row[2])

    @property
    def crowded(self) -> bool:
        """Whether more is kept in memory than should be: `trim` when nothing is on its way to the tables."""
        kept = [len(heads) for heads in self._heads.values()] + [len(states) for states in self._ledgers.values()]
        return max(kept, default=0) > 2 * self._keep

    def trim(self) -> None:
        """Forget what was not touched for long. Only when all that was taken has been put: it is read again there."""
        for log_id, heads in self._heads.items():
            if _forget(heads, self._touched.heads.get(log_id, ()), self._keep):
                self._complete = False
        for log_id, states in self._ledgers.items():
            if _forget(states, self._touched.ledgers.get(log_id, ()), self._keep):
                self._complete = False

    # -- to the tables --

    def _take_heads(self, touched: Mapping[int, set[str]]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        heads: list[tuple[Any, ...]] = []
        items: list[tuple[Any, ...]] = []
        for log_id, tags in touched.items():
            authority, known = self._authorities[log_id], self._heads[log_id]
            for tag in sorted(tags):
                head = known.get(tag)
                if head is None or not head.pending:
                    continue  # its only event was parked
                kind, _, subject = tag.partition(":")
                heads.append((authority, kind, subject, log_id, head.last_received, head.encode()))
                for chunk, count, data in head.take_chunks():
                    items.append((authority, kind, subject, log_id, chunk, count, data))
        return heads, items

    def _take_ledgers(self, touched: Mapping[int, set[bytes]]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for log_id, names in touched.items():
            states = self._ledgers[log_id]
            rows.extend(
                (self._authorities[log_id], UUID(name), log_id, terminal_ledger.encode(states[name]))
                for name in sorted(names)
                if name in states
            )
        return rows


def _forget(kept: OrderedDict[_K, Any], touched: Container[_K], keep: int) -> bool:
    """Drop the oldest down to `keep`, but none that waits to be written; whether any was dropped."""
    dropped = False
    while len(kept) > keep and next(iter(kept)) not in touched:
        kept.popitem(last=False)
        dropped = True
    return dropped


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
