"""The logs that this process follows, and the checks before every signature.

Before anything is signed the head must be carried by a stored note that verifies, its frontier must hash to its root,
and it must not lie behind what this process or the register has seen, nor differ from it at equal size; if another
process moved it, the tree is followed entry by entry until the roots agree. A failure closes the log for writing until
an operator acts: a log never signs two checkpoints that are inconsistent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import asyncpg

from schemas import merkle
from schemas.notes import Checkpoint, NoteRefused, VerifierKey, open_checkpoint, sign_checkpoint
from server.log.keyring import EpochKeys, KeyMissing, Keyring
from server.log.register import Register
from server.log.store import Connection
from server.log.tree import TileStore, Tree

READ_AHEAD: Final = 2_000
MAX_ROOTS: Final = 4_096


class LogClosed(Exception):
    """The log takes no entries until an operator acts; the message says what was found and what to do."""


@dataclass(slots=True)
class LogState:
    """One log (authority and epoch) as this process followed it. `note` is its newest note, `closed` why it is shut."""

    log_id: int
    authority: str
    epoch: int
    origin: str
    kind: str
    tree: Tree
    note: str = ""
    signed_size: int = 0
    loaded: bool = False
    closed: str | None = None
    keys: EpochKeys | None = None
    backed: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)
    chain: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def verifier(self) -> VerifierKey:
        """The public log key. Raises LogClosed where the keys are not on this server."""
        return self._keys_here().verifier

    def _keys_here(self) -> EpochKeys:
        if self.keys is None:
            raise LogClosed(
                f"the keys of {self.origin} are not in the keys' folder: put them back; nothing is signed without them"
            )
        return self.keys

    def remember_root(self, size: int, root: bytes) -> None:
        """Keep a root that was signed or proven, so that most `seen` are answered without a look at the tree."""
        self.roots[size] = root
        while len(self.roots) > MAX_ROOTS:
            self.roots.pop(next(iter(self.roots)))

    async def root_at(self, size: int) -> bytes:
        """Root at an earlier size of the tree."""
        known = self.roots.get(size)
        if known is None:
            known = await self.tree.root_at(size)
            self.remember_root(size, known)
        return known

    def sign(self, size: int, root: bytes) -> str:
        """The signed note of a head."""
        return sign_checkpoint(Checkpoint(self.origin, size, root), self._keys_here().log)


class Book:
    """LogStates by id, loaded from the database when first asked for."""

    def __init__(self, queries: Mapping[str, str], keyring: Keyring, register: Register, tiles: Path | None) -> None:
        self.queries = queries
        self.keyring = keyring
        self.register = register
        self._tiles = tiles
        self._states: dict[int, LogState] = {}
        self._newest: dict[str, LogState] = {}
        self._old: dict[int, Tree] = {}
        self._reader: Connection | None = None

    def states(self) -> list[LogState]:
        """Every log loaded so far."""
        return list(self._states.values())

    def forget(self) -> None:
        """Drop everything that was followed: another database server answers, so everything is checked anew.

        Sizes that were seen stay in the register, so a rollback is still noticed.
        """
        self._states.clear()
        self._newest.clear()
        self._old.clear()

    def use_reader(self, connection: Connection) -> None:
        """The connection over which entries are read for tiles and for following other processes."""
        self._reader = connection

    def current(self, authority: str) -> LogState | None:
        """The newest epoch's state as the last group saw it; None before the first."""
        return self._newest.get(authority)

    def outdated(self, authority: str) -> None:
        """A newer epoch than the one followed has begun: ask again."""
        self._newest.pop(authority, None)

    async def newest(self, connection: Connection | asyncpg.Pool, authority: str) -> LogState | None:
        """State of the newest epoch of an authority, None if it has no log."""
        rows = await connection.fetch(self.queries["newest_logs"], [authority])
        return self.newest_of(rows).get(authority)

    def newest_of(self, rows: Sequence[Any]) -> dict[str, LogState]:
        """States of the newest epochs by authority, from rows of `newest_logs`."""
        found = {row["authority"]: self.state(row) for row in rows}
        self._newest.update(found)
        return found

    def state(self, row: Any) -> LogState:
        """The state for a row with log_id, authority, epoch, origin, kind; made when first seen."""
        log_id = row["log_id"]
        known = self._states.get(log_id)
        if known is not None:
            return known
        keys: EpochKeys | None
        try:
            keys = self.keyring.epoch(row["authority"], row["epoch"])
        except KeyMissing:
            keys = None
        folder = None if self._tiles is None else self._tiles / _safe(row["authority"]) / str(row["epoch"])

        async def read_leaves(first: int, end: int) -> list[bytes]:
            return await self.read_leaves(log_id, first, end)

        made = LogState(
            log_id=log_id,
            authority=row["authority"],
            epoch=row["epoch"],
            origin=row["origin"],
            kind=row["kind"],
            tree=Tree(TileStore(folder), read_leaves),
            keys=keys,
        )
        self._states[log_id] = made
        return made

    async def old_root(self, row: Any, size: int) -> bytes | None:
        """Root that a log of an earlier epoch had at a size that its stored entries reach; None where they do not
        hash to its head. Nothing is signed there any more, so the register is not asked: it may be ahead of it since a
        restore, which the next epoch has acknowledged.
        """
        tree = self._old.get(row["log_id"])
        if tree is None:
            state = self.state(row)
            frontier = bytes(row["frontier"])
            hashes = [frontier[i : i + 32] for i in range(0, len(frontier), 32)]
            if len(hashes) != row["size"].bit_count():
                return None
            if merkle.root_from_frontier(row["size"], hashes) != bytes(row["root"]):
                return None
            tree = state.tree.beside()
            try:
                await tree.load(row["size"], frontier)
            except ValueError:
                return None
            self._old[row["log_id"]] = tree
        return await tree.root_at(size)

    async def read_leaves(self, log_id: int, first: int, end: int) -> list[bytes]:
        """Leaf hashes first .. end-1, recomputed from the stored entries. Raises LogClosed where one is absent."""
        assert self._reader is not None
        found: list[bytes] = []
        for start in range(first, end, READ_AHEAD):
            stop = min(end, start + READ_AHEAD)
            rows = await self._reader.fetch(self.queries["entries"], log_id, start, stop)
            if len(rows) != stop - start:
                raise LogClosed(f"log {log_id}: entries between {start} and {stop} are missing; run `liuhen verify`")
            found.extend(sha256(b"\x00" + row["entry"]).digest() for row in rows)
        return found

    async def view(self, row: Any, *, newest: bool) -> LogState:
        """A log as its head row says, checked as before a signature but beside what this process follows, which only
        the committer moves. `newest` is False for an earlier epoch, of which the register is not asked (see
        `old_root`). Raises LogClosed, and closes nothing but the view.
        """
        followed = self.state(row)
        made = replace(followed, tree=followed.tree.beside(), note="", loaded=False, closed=None, roots={}, chain=[])
        await self.check_head(made, row, registered=newest)
        return made

    async def check_head(self, state: LogState, row: Any, *, registered: bool = True) -> None:
        """The checks before every signature, on a head that was read under its lock. Raises LogClosed and closes."""
        if state.closed is not None:
            raise LogClosed(state.closed)
        size, root, note = row["size"], bytes(row["root"]), row["note"]
        state.backed = row["backed"]
        if state.loaded and size == state.tree.size and note == state.note:
            return  # our own last signature, or one that was checked before
        try:
            await self._check_moved_head(state, size, root, note, bytes(row["frontier"]), registered=registered)
        except LogClosed as why:
            state.closed = str(why)
            raise
        state.note, state.signed_size, state.loaded = note, size, True
        state.remember_root(size, root)

    async def _check_moved_head(
        self, state: LogState, size: int, root: bytes, note: str, frontier: bytes, *, registered: bool
    ) -> None:
        where = f"log {state.origin}"
        advice = (
            "the database was restored or altered: run `liuhen verify`, then `liuhen epoch new` to go on in a new epoch"
        )
        # (1) not behind the register, and equal in root at equal size
        kept = self.register.notes.get(state.origin) if registered else None
        seen = self._open(state, kept, "the register's note") if kept else None
        if size == 0:
            if seen is not None:
                raise LogClosed(f"{where} is empty, but the register knows size {seen.size}; {advice}")
            return
        # (2) a stored note that verifies carries the head
        checkpoint = self._open(state, note, "the head's note")
        if (checkpoint.size, checkpoint.root) != (size, root):
            raise LogClosed(f"{where}: the head at size {size} is not the one that its note signs; {advice}")
        # (3) the frontier hashes to the root
        hashes = [frontier[i : i + 32] for i in range(0, len(frontier), 32)]
        if len(hashes) != size.bit_count() or merkle.root_from_frontier(size, hashes) != root:
            raise LogClosed(f"{where}: the frontier does not hash to the root at size {size}; {advice}")
        # (4) not behind what this process has followed; consistent with it
        if state.loaded:
            if size < state.tree.size:
                raise LogClosed(f"{where} has size {size}, this process has signed or seen {state.tree.size}; {advice}")
            if size > state.tree.size:
                before = state.tree.size
                try:
                    state.tree.extend(await self.read_leaves(state.log_id, before, size))
                except BaseException:
                    state.tree.truncate(before)
                    raise
            if state.tree.root() != root:
                raise LogClosed(f"{where}: the entries up to {size} do not hash to the signed root; {advice}")
        else:
            try:
                await state.tree.load(size, frontier)
            except ValueError as fault:
                raise LogClosed(f"{where}: {fault}; {advice}") from None
        # (5) consistent with the register
        if seen is not None:
            if seen.size > size:
                raise LogClosed(f"{where} has size {size}, but the register knows size {seen.size}; {advice}")
            if await state.root_at(seen.size) != seen.root:
                raise LogClosed(f"{where} had another root at size {seen.size} than the register knows; {advice}")

    def _open(self, state: LogState, note: str, what: str) -> Checkpoint:
        verifier = state.verifier
        try:
            return open_checkpoint(note, verifier, state.origin)
        except NoteRefused as fault:
            raise LogClosed(f"log {state.origin}: {what} does not verify ({fault}); run `liuhen verify`") from None


def _safe(name: str) -> str:
    return name if name.isalnum() else "x" + name.encode().hex()
