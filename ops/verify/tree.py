"""The tree as it grows with the entries, held against every root that somebody signed.

Positions must be dense; the root is compared at the size of each stored checkpoint, so all checkpoints are consistent
pairwise because each is a root of the one tree. Invariant: after a missing position no root is judged any more, because
the tree is then unknown and each further sentence would repeat the first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from ops.verify.epochs import Roots
from ops.verify.sources import LogInfo, Source
from schemas import merkle, notes, tiles
from schemas.notes import VerifierKey

Report = Callable[..., None]


class Signed:
    """Sizes at which a root is due, ascending: stored checkpoints and what else was asked for."""

    def __init__(
        self, source: Source, report: Report, log: LogInfo, key: VerifierKey | None, roots: Roots, wanted: Sequence[int]
    ) -> None:
        self._source = source
        self._report = report
        self._log = log
        self.key = key
        self.roots = roots
        self._newest = 0
        self.count = 0
        stored = ((size, note) for size, note in source.checkpoints(log))
        self._due = heapq.merge(stored, ((size, None) for size in wanted), key=lambda one: one[0])
        self._next = next(self._due, None)

    def next_size(self) -> int | None:
        """The next size that is asked for."""
        return None if self._next is None else self._next[0]

    def take(self, root: bytes | None) -> bool:
        """Judge what is due at the next size; False if another root was signed. None: it is unknown."""
        assert self._next is not None
        size, note = self._next
        self._next = next(self._due, None)
        if root is not None:
            self.roots.add(size, root)
        if note is None:
            return True
        self.count += 1
        self._newest = max(self._newest, size)
        if self.key is None:
            return True
        try:
            signed = notes.open_checkpoint(note, self.key, self._log.origin)
        except notes.NoteRefused as fault:
            self._report("checkpoint_signature", size - 1, size=size, why=str(fault))
            return True
        if signed.size != size:
            why = f"it is kept under size {size} and says {signed.size}"
            self._report("checkpoint_signature", size - 1, size=size, why=why)
            return True
        return root is None or root == signed.root

    def rest(self, have: int) -> None:
        """What is left is larger than the log."""
        while self._next is not None:
            size, note = self._next
            # An export of a range ends before its tree does.
            if note is not None and (self._log.head is not None or self._log.end == self._log.size):
                self._report("checkpoint_size", have, last=max(have, size - 1), size=size, have=have)
            self.take(None)

    def check_end(self, size: int) -> None:
        """The newest checkpoint covers the whole log."""
        if self._newest != size:
            self._report("checkpoint_missing", self._newest, last=max(self._newest, size - 1), size=size)


class TreeReader:
    """The tree as it grows with the entries: density, roots, tiles, and at the end the head row."""

    def __init__(self, source: Source, report: Report, log: LogInfo, signed: Signed) -> None:
        self._source = source
        self._report = report
        self._log = log
        self._signed = signed
        self._tree = merkle.CompactRange()
        self._position = 0
        self._broken: int | None = None
        self._failing = False
        self.good = 0
        """Size up to which entries and signatures are known to agree."""
        self._tiles: dict[int, list[bytes]] = {}
        self._full: dict[int, int] = {}
        self._has_tiles = log.size > 0 and source.tiles(log, 0, 0, min(tiles.WIDTH, log.size)) is not None
        if log.first:
            self._fill(log.first)

    def sound_at(self, size: int) -> bool:
        """Whether the root at `size` was computed from all the entries before it."""
        return self._broken is None or size <= self._broken

    def take(self, rows: list[tuple[int, bytes]], hashes: list[bytes]) -> None:
        """The next entries with their leaf hashes."""
        run: list[bytes] = []
        for (position, _), leaf in zip(rows, hashes, strict=True):
            if position != self._position + len(run):
                self._grow(run)
                run = []
                self._gap(position)
            run.append(leaf)
        self._grow(run)

    def _gap(self, position: int) -> None:
        if position < self._position:
            self._report("position_repeated", position)
            self._position = position
        else:
            self._report("position_missing", self._position, count=position - self._position)
            self._position = position
        if self._broken is None:
            self._broken = self._tree.size

    def _grow(self, run: list[bytes]) -> None:
        at = 0
        if self._broken is None:
            while (size := self._signed.next_size()) is not None and size <= self._tree.size + len(run) - at:
                step = size - self._tree.size
                if step > 0:
                    self._extend(run[at : at + step])
                    at += step
                self._judge(size)
            self._extend(run[at:])
        self._position += len(run)

    def _judge(self, size: int) -> None:
        known = size == self._tree.size and size > 0
        if self._signed.take(self._tree.root() if known else None):
            if known:
                self.good, self._failing = size, False
        elif not self._failing:
            self._report("tree", self.good, last=size - 1, size=size)
            self._failing = True

    def _extend(self, hashes: list[bytes]) -> None:
        if not self._has_tiles:
            self._tree.extend(hashes)
            return
        for leaf in hashes:
            self._node(0, leaf)
        self._tree.extend(hashes, self._visit)

    def _visit(self, level: int, _index: int, digest: bytes) -> None:
        if level % tiles.HEIGHT == 0:
            self._node(level // tiles.HEIGHT, digest)

    def _node(self, level: int, digest: bytes) -> None:
        held = self._tiles.setdefault(level, [])
        held.append(digest)
        if len(held) % tiles.WIDTH == 0:
            self._compare(level, len(held) // tiles.WIDTH - 1 + self._full.get(level, 0), held)
            self._full[level] = self._full.get(level, 0) + 1
            held.clear()

    def _compare(self, level: int, index: int, held: list[bytes]) -> None:
        tile = tiles.Tile(level, index, len(held))
        stored = self._source.tiles(self._log, level, index, len(held))
        if stored is None or stored == b"".join(held):
            return
        span = tiles.WIDTH**level
        first, last = index * tiles.WIDTH * span, (index * tiles.WIDTH + len(held)) * span - 1
        if len(stored) == 32 * len(held):  # the first hash that differs tells which entries
            wrong = next(i for i, h in enumerate(held) if stored[32 * i : 32 * i + 32] != h)
            first, last = (index * tiles.WIDTH + wrong) * span, (index * tiles.WIDTH + wrong + 1) * span - 1
        self._report("tile", first, last=last, path=tiles.path_of(tile))

    def _fill(self, end: int) -> None:
        """Leaf hashes of entries that are not here, out of the hash tiles."""
        while self._position < end:
            index = self._position // tiles.WIDTH
            width = tiles.width_at(0, index, self._log.size)
            data = self._source.tiles(self._log, 0, index, width) or b""
            hashes = [data[i : i + 32] for i in range(0, len(data), 32)]
            stop = min(end, index * tiles.WIDTH + width)
            part = hashes[self._position - index * tiles.WIDTH : stop - index * tiles.WIDTH]
            if len(part) != stop - self._position or any(len(h) != 32 for h in part):
                self._report("tile", self._position, last=stop - 1, path=tiles.path_of(tiles.Tile(0, index, width)))
                self._broken = self._tree.size if self._broken is None else self._broken
                self._position = end
                return
            self._grow(part)

    def finish(self) -> None:
        """The end of the log: what is missing there, the head row, the newest checkpoint."""
        log = self._log
        if self._position < log.end:
            self._gap(log.end)
        if log.head is None and log.end < log.size:
            self._fill(log.size)
        if log.head is not None and log.head.size > log.end:
            self._report("position_missing", log.end, count=log.head.size - log.end)
            self._broken = self._tree.size if self._broken is None else self._broken
        if self._has_tiles and self._broken is None:
            for level, held in self._tiles.items():
                if held:
                    self._compare(level, self._full.get(level, 0), held)
        while (size := self._signed.next_size()) is not None and size <= log.size:
            self._judge(size)
        self._signed.rest(log.end)
        self._signed.check_end(log.size if log.head is None else log.head.size)
        if log.head is not None:
            self._head(log)

    def _head(self, log: LogInfo) -> None:
        head, key = log.head, self._signed.key
        assert head is not None
        if log.end > head.size:
            self._report("beyond_head", head.size, last=log.end - 1, size=head.size)
        if head.size != log.end:
            self._report(
                "head_size", min(head.size, log.end), last=max(head.size, log.end) - 1, size=head.size, have=log.end
            )
        elif self._broken is None:
            if self._tree.root() != head.root:
                self._report("head_root", -1, table="heads")
            if self._tree.encode() != head.frontier:
                self._report("head_frontier", -1, table="heads")
        if key is None:
            return
        try:
            signed = notes.open_checkpoint(head.note, key, log.origin)
        except notes.NoteRefused as fault:
            self._report("head_note", -1, table="heads", why=str(fault))
            return
        if (signed.size, signed.root) != (head.size, head.root):
            self._report("head_note", -1, table="heads", why=f"it says size {signed.size}, or another root")
