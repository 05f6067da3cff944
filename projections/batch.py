"""One batch on its way into the tables: read runs of entries, digest them, absorb the digests, write what came out.

Life of a batch: `fetch` (entries and notes of some runs, outside any transaction), a digest of each (pure, anywhere),
`Folder.absorb` (in memory, on states loaded before), `Folder.write` (inside the caller's transaction, together with the
positions). The live runner and a rebuild use the same four; only the sizes differ. Invariant: what is written depends
on the entries alone, never on where batches begin and end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import asyncpg
from asyncpg.pgproto.pgproto import UUID

from projections import statements, terminal_ledger
from projections.case_file import CaseHead
from projections.digest import PROJECTIONS, Digest, LogPlace, Run, uncollected
from projections.terminal_ledger import LedgerState

_K = TypeVar("_K")
MAX_KEPT: Final = 50_000
"""Heads and terminals kept in memory between batches; older ones are read again when they are needed."""

MAX_ROWS: Final = 16_384
"""Rows in one statement."""


class Overtaken(Exception):
    """Somebody else moved the positions or swapped the tables: forget what is in memory and read again."""


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

    def __init__(self, slot: str, positions: Mapping[tuple[str, int], int], *, keep: int = MAX_KEPT) -> None:
        self.slot = slot
        self.positions = dict(positions)
        self._queries = statements.load("tables", slot)
        self._authorities: dict[int, str] = {}
        self._heads: dict[int, OrderedDict[str, CaseHead]] = {}
        self._ledgers: dict[int, OrderedDict[bytes, LedgerState]] = {}
        self._keep = keep
        self._complete = not positions  # all there is to know of these tables is in memory
        self._touched = Touched()

    @classmethod
    async def load(cls, connection: asyncpg.Connection, slot: str) -> Folder:
        """A folder at the positions that the slot's tables say."""
        rows = await connection.fetch(statements.load("tables", slot)["positions"])
        return cls(slot, {(row["projection"], row["log_id"]): row["position"] for row in rows})

    def position(self, log_id: int) -> int:
        """How far every projection is in a log."""
        return min(self.positions.get((name, log_id), 0) for name in PROJECTIONS)

    async def absorb(self, connection: asyncpg.Connection, digests: Sequence[Digest]) -> None:
        """Go on from where the states are; `connection` only reads states that are not in memory.

        Several may go before one `write`. Raises Overtaken for digests that do not follow one another.
        """
        await self._load_missing(connection, digests)
        with uncollected():
            for digest in digests:
                self._absorb(digest)

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

    async def write(self, connection: asyncpg.Connection) -> Sequence[Parked]:
        """`take` and `put` in one; returns what was parked."""
        rows = self.take()
        await put(connection, self.slot, rows)
        self.trim()
        return rows.parked

    def skip(self, log: LogPlace, position: int, error: str) -> None:
        """Park one entry and go past it; the next `write` remembers it."""
        self._authorities[log.log_id] = log.authority
        for name in PROJECTIONS:
            if self.positions.get((name, log.log_id), 0) == position:
                self._touched.parked.append(Parked(name, log.log_id, position, error))
                self._touched.moves.append((name, log.log_id, position, position + 1))
                self.positions[name, log.log_id] = position + 1

    # -- in memory --

    def _absorb(self, digest: Digest) -> None:
        log_id, touched = digest.log_id, self._touched
        for name in PROJECTIONS:
            was = self.positions.get((name, log_id), 0)
            if was != digest.first:
                raise Overtaken(f"log {log_id}: {name} stands at {was}, expected {digest.first}; run `liuhen rebuild`")
            touched.moves.append((name, log_id, was, digest.end))
            self.positions[name, log_id] = digest.end
        touched.parked.extend(Parked(name, log_id, place, error) for name, place, error in digest.parked)
        touched.entries += digest.end - digest.first
        heads, states = self._heads[log_id], self._ledgers[log_id]
        touched.heads.setdefault(log_id, set()).update(digest.heads)
        touched.ledgers.setdefault(log_id, set()).update(digest.ledgers)
        for tag, later in digest.heads.items():
            head = heads.get(tag)
            if head is None:
                heads[tag] = later
            else:
                head.absorb(later)
        for terminal, steps in digest.ledgers.items():
            state = states.get(terminal)
            if state is None:
                state = states[terminal] = LedgerState()
            for step in steps:
                try:
                    terminal_ledger.apply(state, step)
                except Exception as fault:  # noqa: BLE001 - poison is parked, the others go on
                    touched.parked.append(Parked(terminal_ledger.NAME, log_id, step.position, type(fault).__name__))

    async def _load_missing(self, connection: asyncpg.Connection, digests: Iterable[Digest]) -> None:
        heads: list[tuple[int, str, str, str]] = []
        ledgers: list[tuple[int, str, UUID]] = []
        for digest in digests:
            log_id, authority = digest.log_id, digest.authority
            self._authorities[log_id] = authority
            known = self._heads.setdefault(log_id, OrderedDict())
            states = self._ledgers.setdefault(log_id, OrderedDict())
            if self._complete:
                continue
            for tag in digest.heads:
                if tag in known:
                    known.move_to_end(tag)
                else:
                    kind, _, subject = tag.partition(":")
                    heads.append((log_id, authority, kind, subject))
            for name in digest.ledgers:
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
                    continue  # written already
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
