"""The derived tables held against the entries: every row that the log asks for, and none besides.

Expected rows come in the order of positions, as the log is read; stored rows are read in the same order, so that both
are merged with flat memory and a difference is named where it is. Invariant: one finding for each differing row.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]  # the package ships no types

from ops.verify.chains import NOTHING_RARE, Terminal, rare_of
from ops.verify.sources import KeyRow, SealRow, TagRow, TerminalRow
from schemas.envelope import NOTE_BITS

LACKS: Final = ("lacks", "缺少")
CONTRADICTS: Final = ("contradicts", "相矛盾")
EXCEEDS: Final = ("says more than", "多出")
BY_REGISTRY: Final = NOTE_BITS["unknown_type"] | NOTE_BITS["invalid_body"] | NOTE_BITS["claim"]
"""Notes that depend on which types the writer knew: a newer or an older verifier judges them otherwise."""

DUPLICATE_ID: Final = NOTE_BITS["duplicate_id"]

Report = Callable[..., None]


class RowMerge:
    """Rows that begin with a position, merged with those that the log asks for."""

    def __init__(self, rows: Iterator[tuple[Any, ...]], code: str, table: str, report: Report) -> None:
        self._rows = rows
        self._code = code
        self._table = table
        self._report = report
        self._next = next(rows, None)
        self.count = 0

    def _say(self, position: int, how: tuple[str, str]) -> None:
        self._report(self._code, position, table=self._table, how=how)

    def _same(self, stored: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
        return stored == expected

    def expect(self, expected: tuple[Any, ...]) -> None:
        """The next row that the log asks for; positions ascend."""
        position = expected[0]
        self._skip(position)
        stored = self._next
        if stored is None or stored[0] != position:
            self._say(position, LACKS)
            return
        if stored != expected and not self._same(stored, expected):
            self._say(position, CONTRADICTS)
        self.count += 1
        self._next = next(self._rows, None)

    def _skip(self, position: int | None) -> None:
        while self._next is not None and (position is None or self._next[0] < position):
            self._say(self._next[0], EXCEEDS)
            self._next = next(self._rows, None)

    def finish(self) -> None:
        """No further row is expected."""
        self._skip(None)


class KeyMerge(RowMerge):
    """Rows of the table keys. `duplicate_id` is checked by the ids met so far among those that come twice."""

    def __init__(self, rows: Iterator[KeyRow], repeated: frozenset[bytes], report: Report) -> None:
        super().__init__(rows, "key_row", "keys", report)
        self._repeated = repeated
        self._met: set[bytes] = set()

    def expect(self, expected: tuple[Any, ...]) -> None:
        """`expected` without the note `duplicate_id` on a field event."""
        name = expected[5]
        if name is not None and name in self._repeated:
            if name in self._met and expected[3] >= 0:
                expected = (*expected[:4], expected[4] | DUPLICATE_ID, name)
            self._met.add(name)
        super().expect(expected)

    def _same(self, stored: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
        if stored[:4] != expected[:4] or stored[5] != expected[5]:
            return False
        unknown = (stored[4] | expected[4]) & NOTE_BITS["unknown_type"]
        mask = ~BY_REGISTRY if unknown else ~0
        return bool((stored[4] & mask) == (expected[4] & mask))


class SealMerge(RowMerge):
    """Rows of the table seals."""

    def __init__(self, rows: Iterator[SealRow], report: Report) -> None:
        super().__init__(rows, "seal_row", "seals", report)


class TagMerge:
    """Rows of the table tags, spread to one (tag, position) each: how a row gathers them is the writer's affair."""

    def __init__(self, rows: Iterator[TagRow], report: Report) -> None:
        self._rows = rows
        self._report = report
        self._next = next(rows, None)
        self._open: dict[int, list[str]] = {}
        self._order: list[int] = []
        self.count = 0

    def expect(self, position: int, tags: Sequence[str]) -> None:
        """The tags of an entry; positions ascend, entries without tags may be left out."""
        while self._next is not None and self._next[0] <= position:
            self._spread(self._next)
            self._next = next(self._rows, None)
        self._drop(position)
        stored = self._open.pop(position, None)
        if stored is None:
            if tags:
                self._say(position, LACKS)
            return
        self.count += len(stored)
        if len(stored) == len(tags) == len(set(stored)) and set(stored) == set(tags):
            return
        self._say(position, LACKS if set(stored) < set(tags) else EXCEEDS if set(stored) >= set(tags) else CONTRADICTS)

    def _spread(self, row: TagRow) -> None:
        first, tag, offsets = row
        places = [first, *(first + int.from_bytes(offsets[i : i + 2], "big") for i in range(0, len(offsets), 2))]
        for place in places:
            known = self._open.get(place)
            if known is None:
                self._open[place] = [tag]
                heapq.heappush(self._order, place)
            else:
                known.append(tag)

    def _drop(self, position: int | None) -> None:
        while self._order and (position is None or self._order[0] < position):
            place = heapq.heappop(self._order)
            if self._open.pop(place, None) is not None:
                self._say(place, EXCEEDS)

    def _say(self, position: int, how: tuple[str, str]) -> None:
        self._report("tag_row", position, table="tags", how=how)

    def finish(self) -> None:
        """No further tag is expected."""
        while self._next is not None:
            self._spread(self._next)
            self._next = next(self._rows, None)
        self._drop(None)


def compare_terminals(
    authority: str, rows: Iterator[TerminalRow], expected: Mapping[bytes, Terminal], report: Report
) -> int:
    """Hold the rows of an authority's terminals against what the log says; returns how many were compared."""
    met: set[bytes] = set()
    for row in rows:
        met.add(row.terminal)
        found = expected.get(row.terminal)
        if found is None:
            report("terminal_row", -1, table="terminals", terminal=row.terminal, columns="terminal")
            continue
        wrong = [name for name, stored, true in _columns(authority, row, found) if stored != true]
        if wrong:
            report("terminal_row", found.position, table="terminals", terminal=row.terminal, columns=", ".join(wrong))
    for name, found in expected.items():
        if name not in met:
            report("terminal_row", found.position, table="terminals", terminal=name, columns="terminal")
    return len(met)


def _columns(authority: str, row: TerminalRow, found: Terminal) -> Iterator[tuple[str, Any, Any]]:
    yield "authority", row.authority, authority
    yield "event_key", row.event_key, found.event_key
    yield "request_key", row.request_key, found.request_key
    yield "replaces", row.replaces, found.replaces
    yield "log_id", row.log_id, found.log
    yield "position", row.position, found.position
    yield "seq", row.seq, found.seq
    yield "hash", row.hash, found.hash
    yield "declared", row.declared, found.declared
    yield "chain", row.chain, found.current
    yield "held", row.held, found.held
    yield "revoked", row.revoked, found.revoked
    yield "version", row.version, found.version
    yield "clock", _unpacked(row.clock, None), None if found.clock is None else list(found.clock)
    yield "rare", _unpacked(row.rare, NOTHING_RARE), rare_of(found)


def _unpacked(data: bytes | None, absent: Any) -> Any:
    if data is None:
        return absent
    try:
        return msgpack.unpackb(data, raw=False, use_list=True)
    except (ValueError, msgpack.UnpackException):
        return "unreadable"
