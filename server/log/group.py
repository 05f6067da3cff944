"""One transaction's worth of works: what each log appends, what changes of terminals, and the arguments that write it.

Pure. The invariant: positions are given in memory, from the size of a head that is locked or, where a group is decided
ahead of the locks, foreseen; the statement that writes a group says the same of both (`append_group`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from schemas.admission import Stored, TerminalState
from schemas.outline import offsets
from server.log import store
from server.log.book import Book, LogState
from server.log.store import Connection
from server.log.terminals import decode_clock, decode_rare, encode_clock, encode_rare

if TYPE_CHECKING:
    from server.log.committer import Committer


@dataclass(slots=True)
class Terminal:
    """A terminal's row under the lock: its state, and what this group changes of it."""

    terminal: bytes
    authority: str
    event_key: bytes
    state: TerminalState
    waiting: int
    version: int
    more: int = 0
    touched: bool = False


KeyRun = tuple[bytes, int, int, int, int, Sequence[bytes]]
"""(origin, version, chain, position, notes, ids): keys of a chain that follow one another, an id for each."""


class Turn:
    """What one group appends to one log, behind a head of `base` entries whose note is `before`. Positions are given
    here, in memory. `size`, `root` and `note` are those of the new head once it is signed.
    """

    def __init__(self, state: LogState, base: int, before: str) -> None:
        self.log = state
        self.base = base
        self.before = before
        self.root = self.frontier = b""
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []
        self.keys: list[store.KeyRow] = []
        self.runs: list[KeyRun] = []
        self.tags: list[tuple[str, int, bytes]] = []
        self.seals: list[tuple[bytes, int, int, int]] = []
        self.note = ""
        self.size = base

    def append(self, entry: bytes, leaf: bytes | None = None) -> int:
        """Add an entry; returns its position."""
        position = self.base + len(self.entries)
        self.entries.append(entry)
        self.leaves.append(leaf if leaf is not None else sha256(b"\x00" + entry).digest())
        return position

    def extend(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> int:
        """Add entries; returns the position of the first."""
        position = self.base + len(self.entries)
        self.entries += entries
        self.leaves += leaves
        return position

    def key(
        self, origin: bytes, version: int, chain: int, position: int, notes: int = 0, name: bytes | None = None
    ) -> None:
        """Say where (origin, version) stands."""
        self.keys.append((self.log.log_id, origin, version, chain, position, notes, name))

    def sign(self) -> None:
        """Frontier, root and signed note of the head with the new entries."""
        tree = self.log.tree
        tree.extend(self.leaves)
        self.size = self.base + len(self.leaves)
        self.root = tree.root()
        self.frontier = b"".join(tree.frontier())
        self.note = self.log.sign(self.size, self.root)

    def tag(self, positions: dict[str, list[int]]) -> None:
        """Index the tags of one batch: tag -> ascending positions, at most 65,535 apart."""
        self.tags += [(tag, places[0], offsets(places)) for tag, places in positions.items()]


class Group:
    """One transaction's worth of works, with everything that was read for them under the locks."""

    def __init__(self) -> None:
        self.turns: dict[str, Turn] = {}
        self.terminals: dict[bytes, Terminal] = {}
        self.stored: dict[bytes, dict[int, list[Stored]]] = {}
        self.shared: set[bytes] = set()  # terminals of more than one work: later ones look at what earlier ones wrote
        self.ids: dict[int, set[bytes]] = {}
        self.wanted: list[tuple[int, bytes, str, bytes, int, int]] = []
        self.private: list[tuple[bytes, bytes, bool]] = []
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    def remember(self, terminal: bytes, seq: int, stored: Stored) -> None:
        """Later works of the group see what earlier ones appended."""
        self.stored.setdefault(terminal, {}).setdefault(seq, []).append(stored)


class Work(Protocol):
    """Something to be written: decided in memory under the lock, answered after the commit and the register.

    `decide` may raise Problem: the work is taken back and refused alone. It must do all its reading in `read`.
    """

    @property
    def authority(self) -> str: ...
    @property
    def size(self) -> int: ...
    def terminals(self) -> Sequence[bytes]: ...
    def places(self, group: Group) -> tuple[bytes, int, int] | None: ...
    def ids(self) -> Sequence[bytes]: ...
    async def read(self, connection: Connection, turn: Turn, group: Group, book: Book) -> None: ...
    def decide(self, turn: Turn, group: Group) -> None: ...
    async def answer(self, turn: Turn, committer: Committer) -> Any: ...


class Foreseeable(ABC):
    """A work that may be decided ahead of the lock, as long as nothing about it is remarkable. Named as a base, not
    known by its methods: looking for them takes longer than admitting a batch takes to begin.
    """

    __slots__ = ()

    @abstractmethod
    async def foresee(self, log: LogState) -> bool:
        """Whether it may, so far as the log is followed: whatever has to be read for it is read here."""

    @abstractmethod
    def decide_whole(self, turn: Turn, group: Group) -> bool:
        """`decide`, or False, having changed nothing, where it has to be decided under the lock."""


def standing(row: Any) -> Terminal:
    """A terminal as its row says."""
    state = TerminalState(
        seq=row["seq"],
        hash=bytes(row["hash"]),
        declared=row["declared"],
        chain=row["chain"],
        held=row["held"],
        revoked=row["revoked"],
        clock=decode_clock(row["clock"]),
        rare=decode_rare(row["rare"]),
    )
    event_key = bytes(row["event_key"])
    return Terminal(row["terminal"].bytes, row["authority"], event_key, state, row["waiting"], row["version"])


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Sequence[Any]]:
    """Rows as columns, `width` of them also where there is no row."""
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _terminal_columns(moved: Sequence[Terminal]) -> tuple[list[Any], ...]:
    return (
        [store.uuid(t.terminal) for t in moved],
        [t.state.seq for t in moved],
        [t.state.hash for t in moved],
        [t.state.declared for t in moved],
        [t.state.chain for t in moved],
        [t.state.held for t in moved],
        [t.state.revoked for t in moved],
        [encode_clock(t.state.clock) for t in moved],
        [encode_rare(t.state.rare) for t in moved],
        [t.more for t in moved],
        [t.version for t in moved],
    )


def arguments(group: Group, grown: Sequence[Turn], along: Sequence[Turn], *, ahead: bool) -> tuple[Any, ...]:
    """What `append_group` is told: a group decided under the locks or `ahead` of them; `along` are the logs whose
    entries and single keys it brings with it.
    """
    runs: list[tuple[Any, ...]] = []
    ids: list[bytes] = []
    for turn in grown:
        for origin, version, chain, position, notes, some in turn.runs:
            runs.append((turn.log.log_id, origin, version, chain, position, notes, len(ids) + 1, len(some)))
            ids += some
    return (
        [turn.log.log_id for turn in grown],
        [turn.log.epoch for turn in grown],
        [turn.base for turn in grown],
        [turn.before for turn in grown],
        [turn.size for turn in grown],
        [turn.root for turn in grown],
        [turn.frontier for turn in grown],
        [turn.note for turn in grown],
        ahead,
        [turn.log.log_id for turn in along],
        [turn.base for turn in along],
        [len(turn.entries) for turn in along],
        [entry for turn in along for entry in turn.entries],
        *columns(runs, 8),
        ids,
        *columns([row for turn in along for row in turn.keys], 7),
        *columns([(turn.log.log_id, *row) for turn in grown for row in turn.tags], 4),
        *columns([(turn.log.log_id, *row) for turn in grown for row in turn.seals], 5),
        *_terminal_columns([t for t in group.terminals.values() if t.touched]),
        *columns(group.wanted, 6),
        *columns(group.private, 3),
    )
