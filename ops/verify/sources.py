"""Where a log is read from: what verify asks of an export and of a database alike.

Invariant of every source: all answers show one state, however long the reading takes and whoever writes meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias


class SourceRefused(Exception):
    """The source cannot be read at all; the message says what was expected, what came, and what to do."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head row of a log: size, root (32 bytes), frontier (its hashes, one behind the other) and signed note."""

    size: int
    root: bytes
    frontier: bytes
    note: str


@dataclass(frozen=True, slots=True)
class LogInfo:
    """One log. `end` is one past the newest entry; entries `first`..`end`-1 are here; `size` is that of the tree.

    `kind` is "authority" or "application"; `head` is None where the source keeps no head row; `number` is the source's
    own name for the log.
    """

    authority: str
    epoch: int
    origin: str
    kind: str
    first: int
    end: int
    size: int
    head: Head | None = None
    number: int = 0


KeyRow: TypeAlias = tuple[int, bytes, int, int, int, bytes | None]
"""(position, origin, version, chain, note bits, id)."""
TagRow: TypeAlias = tuple[int, str, bytes]
"""(first position, tag, offsets)."""
SealRow: TypeAlias = tuple[int, bytes, int, int]
"""(position, terminal, chain, last)."""


@dataclass(frozen=True, slots=True)
class TerminalRow:
    """A row of log.terminals, as far as it follows from the log; `clock` and `rare` are packed as stored."""

    terminal: bytes
    authority: str
    event_key: bytes
    request_key: bytes
    replaces: bytes | None
    log_id: int
    position: int
    seq: int
    hash: bytes
    declared: int
    chain: int
    held: bool
    revoked: int | None
    clock: bytes | None
    rare: bytes | None
    version: int


class Tables(Protocol):
    """The tables that are derived from the entries; rows come in the order of their positions."""

    def repeated_ids(self, log: LogInfo) -> Iterator[bytes]: ...
    def keys(self, log: LogInfo) -> Iterator[KeyRow]: ...
    def tags(self, log: LogInfo) -> Iterator[TagRow]: ...
    def seals(self, log: LogInfo) -> Iterator[SealRow]: ...
    def terminals(self, authority: str) -> Iterator[TerminalRow]: ...


class Source(Protocol):
    """A place from which logs are read."""

    def logs(self) -> Sequence[LogInfo]:
        """Every log, by authority and epoch."""
        ...

    def read(self, log: LogInfo, start: int, stop: int) -> list[tuple[int, bytes]]:
        """(position, entry) for start <= position < stop, ascending; fewer where some are absent."""
        ...

    def checkpoints(self, log: LogInfo) -> Iterator[tuple[int, str]]:
        """(size under which it is kept, note) of every checkpoint, ascending."""
        ...

    def tiles(self, log: LogInfo, level: int, index: int, width: int, /) -> bytes | None:
        """A hash tile, None where the source keeps none."""
        ...

    def tables(self) -> tuple[Tables | None, list[str]]:
        """The derived tables and the names of those that may not be read; (None, []) where the source has none."""
        ...
