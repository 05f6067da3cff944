"""The Merkle tree of one log in this process: recent nodes in memory, older full tiles in a bounded cache and as files.

Invariant: the nodes in memory at every level are those of complete subtrees, contiguous from `base[level]` up to the
size; `extend` adds leaves and `truncate` takes back what a failed transaction had added. Hashes to the left come out of
tile files, which are derived: whatever is not there is made again from the entries, and no proof is handed out that
does not verify under the root it is for.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from schemas import merkle

TILE: Final = 256
TILE_BYTES: Final = TILE * 32
PACK: Final = 4_096  # tiles of one file: 32 MiB, a million entries
KEEP: Final = 4_096  # leaves that stay in memory behind the last full tile
LEVELS: Final = 64
EXTRA: Final = 8_192
RANGES: Final = 1_024

LeafReader = Callable[[int, int], Awaitable[list[bytes]]]
"""(first, last+1) -> leaf hashes, recomputed from the stored entries."""


class TileMissing(Exception):
    """A node that is not in memory yet."""

    def __init__(self, level: int, index: int) -> None:
        super().__init__(level, index)
        self.level, self.index = level, index


class TileStore:
    """Full tiles of one log: packs under `folder`, the newest used ones in memory. Tile = 256 hashes of level 8 * L.

    A pack is a file of PACK tiles of one level, each at its place: a file for each tile would be a new name and a new
    inode for every 256 entries, which a busy file system charges for. What was not written yet reads as zeros, which no
    hash is.
    """

    def __init__(self, folder: Path | None, *, capacity: int = 64) -> None:
        self._folder = folder
        self._cache: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()
        self._capacity = capacity

    def place(self, level: int, index: int) -> tuple[Path, int] | None:
        """The pack of a full tile, and where the tile begins in it."""
        if self._folder is None:
            return None
        pack, within = divmod(index, PACK)
        return self._folder / f"{level}-{pack:06d}.pack", within * TILE_BYTES

    def get(self, level: int, index: int) -> list[list[bytes]] | None:
        """The nodes of a full tile, by level from its 256 hashes to its one root; None if neither cached nor filed."""
        key = (level, index)
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
            return found
        hashes = self.read(level, index)
        return None if hashes is None else self.remember(level, index, hashes)

    def read(self, level: int, index: int) -> list[bytes] | None:
        """The 256 hashes of a full tile out of its pack; None where it is not filed, or torn: then it is made again."""
        place = self.place(level, index)
        if place is None:
            return None
        try:
            handle = os.open(place[0], os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            data = os.pread(handle, TILE_BYTES, place[1])
        finally:
            os.close(handle)
        hashes = [data[i : i + 32] for i in range(0, len(data), 32)]
        return hashes if len(data) == TILE_BYTES and bytes(32) not in hashes else None

    def remember(self, level: int, index: int, hashes: Sequence[bytes]) -> list[list[bytes]]:
        """Keep a full tile in memory; returns its nodes."""
        nodes = [list(hashes)]
        while len(nodes[-1]) > 1:
            nodes.append(_parents(nodes[-1]))
        self._cache[level, index] = nodes
        while len(self._cache) > self._capacity:
            self._cache.popitem(last=False)
        return nodes

    def write(self, level: int, index: int, hashes: Sequence[bytes]) -> None:
        """File a full tile. Again, or by several processes at once: the same bytes at the same place."""
        place = self.place(level, index)
        if place is None:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        try:
            handle = os.open(place[0], flags, 0o644)
        except FileNotFoundError:
            place[0].parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(place[0], flags, 0o644)
        try:
            os.pwrite(handle, b"".join(hashes), place[1])
        finally:
            os.close(handle)


def _parents(hashes: Sequence[bytes]) -> list[bytes]:
    hasher = sha256
    pairs = iter(hashes)
    return [hasher(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]


class Tree:
    """The tree of one log as far as this process has followed it."""

    def __init__(self, tiles: TileStore, read_leaves: LeafReader) -> None:
        self.size = 0
        self.tiles = tiles
        self._read_leaves = read_leaves
        self._base = [0] * LEVELS
        self._nodes: list[list[bytes]] = [[] for _ in range(LEVELS)]
        self._extra: dict[tuple[int, int], bytes] = {}  # nodes of tiles that still grow, left of what memory holds
        self._ranges: dict[tuple[int, int], bytes] = {}  # what proofs of one size have in common
        self._filed = 0  # leaves below it lie in full level-0 tiles that are filed
        self._loading = asyncio.Lock()

    def beside(self) -> Tree:
        """An empty tree over the same entries and tiles."""
        return Tree(self.tiles, self._read_leaves)

    async def load(self, size: int, frontier: bytes) -> None:
        """Begin at `size` with a frontier that the caller checked against a signed root. Reads at most 255 entries."""
        hashes = [frontier[i : i + 32] for i in range(0, len(frontier), 32)]
        full = size - size % TILE
        leaves = await self._read_leaves(full, size) if size > full else []
        nodes: list[list[bytes]] = [[] for _ in range(LEVELS)]
        base = [0] * LEVELS
        for level in range(LEVELS):
            base[level] = (full if level < 8 else size) >> level
        for (level, index), node in zip(merkle.frontier_nodes(size), hashes, strict=True):
            if level >= 8:
                base[level] = index
                nodes[level] = [node]
        self.size, self._base, self._nodes, self._filed = full, base, nodes, full
        self.extend(leaves)
        self.size = size
        if merkle.root_from_frontier(size, self.frontier()) != merkle.root_from_frontier(size, hashes):
            raise ValueError("the entries behind the last full tile do not hash to the frontier")

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes: one SHA-256 a leaf on average, level by level."""
        self.size += len(leaves)
        new: Sequence[bytes] = leaves
        for level in range(LEVELS):
            row = self._nodes[level]
            row.extend(new)
            above = self._nodes[level + 1] if level + 1 < LEVELS else []
            start = 2 * (self._base[level + 1] + len(above)) - self._base[level]
            if start < 0:  # the left sibling belongs to a tile below: this level's nodes begin behind it
                start = 0
            count = (len(row) - start) // 2
            if count <= 0:
                break
            new = _parents(row[start : start + 2 * count])

    def truncate(self, size: int) -> None:
        """Take back the leaves from `size` on, as if they had never been appended."""
        self.size = size
        self._ranges.clear()
        for level in range(LEVELS):
            keep = (size >> level) - self._base[level]
            row = self._nodes[level]
            if keep < len(row):
                del row[max(keep, 0) :]

    def frontier(self) -> list[bytes]:
        """The complete subtrees of the present size, largest first; always in memory."""
        return [self.node(level, index) for level, index in merkle.frontier_nodes(self.size)]

    def root(self) -> bytes:
        """The root at the present size."""
        return merkle.root_from_frontier(self.size, self.frontier())

    def node(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree (level, index); raises TileMissing where it must be loaded first."""
        place = index - self._base[level]
        if place >= 0:
            return self._nodes[level][place]
        extra = self._extra.get((level, index))
        if extra is not None:
            return extra
        tile_level, within = divmod(level, 8)
        tile = index >> (8 - within)
        nodes = self.tiles.get(tile_level, tile) if self._is_full(tile_level, tile) else None
        if nodes is None:
            raise TileMissing(level, index)
        return nodes[within][index - (tile << (8 - within))]

    def _is_full(self, tile_level: int, tile: int) -> bool:
        return (tile + 1) * TILE << (8 * tile_level) <= self.size

    async def _load(self, level: int, index: int) -> bytes:
        """Make the node (level, index) readable, from its full tile or, where that still grows, from those below."""
        try:
            return self.node(level, index)
        except TileMissing:
            pass
        tile_level, within = divmod(level, 8)
        tile = index >> (8 - within)
        if self._is_full(tile_level, tile):
            if tile_level == 0:
                hashes = await self._read_leaves(tile * TILE, (tile + 1) * TILE)
            else:
                hashes = [await self._load(8 * tile_level, child) for child in range(tile * TILE, (tile + 1) * TILE)]
            self.tiles.remember(tile_level, tile, hashes)
            await asyncio.to_thread(self.tiles.write, tile_level, tile, hashes)
            return self.node(level, index)
        if within == 0:  # the root of a full tile one level of tiles below
            below = await self._load_root(tile_level - 1, index)
        else:
            left, right = await self._load(level - 1, 2 * index), await self._load(level - 1, 2 * index + 1)
            below = merkle.node_hash(left, right)
        self._extra[level, index] = below
        while len(self._extra) > EXTRA:
            self._extra.pop(next(iter(self._extra)))
        return below

    async def _load_root(self, tile_level: int, tile: int) -> bytes:
        await self._load(8 * tile_level, tile * TILE)
        left, right = await self._load(8 * tile_level + 7, 2 * tile), await self._load(8 * tile_level + 7, 2 * tile + 1)
        return merkle.node_hash(left, right)

    async def _with_tiles(self, work: Callable[[], list[bytes]]) -> list[bytes]:
        while True:
            try:
                return work()
            except TileMissing as missing:
                async with self._loading:
                    await self._load(missing.level, missing.index)

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """RFC 6962 inclusion proof of leaf `index` in the tree of `size` leaves."""
        if len(self._ranges) > RANGES:
            self._ranges.clear()
        return await self._with_tiles(lambda: merkle.inclusion_proof(index, size, self.node, self._ranges))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """RFC 6962 consistency proof between two sizes."""
        return await self._with_tiles(lambda: merkle.consistency_proof(old, new, self.node))

    async def root_at(self, size: int) -> bytes:
        """The root that the log had at an earlier size."""
        hashes = await self._with_tiles(
            lambda: [self.node(level, index) for level, index in merkle.frontier_nodes(size)]
        )
        return merkle.root_from_frontier(size, hashes)

    async def nodes(self, level: int, first: int, end: int) -> list[bytes]:
        """Hashes of the complete subtrees (level, first) .. (level, end-1)."""
        return await self._with_tiles(lambda: [self.node(level, index) for index in range(first, end)])

    async def leaves(self, first: int, end: int) -> list[bytes]:
        """Leaf hashes first .. end-1, which lie in one tile. For whoever walks all of them: tiles that are read for it
        do not push out of memory those that proofs need.
        """
        place = first - self._base[0]
        if place >= 0:
            return self._nodes[0][place : place + end - first]
        tile, within = divmod(first, TILE)
        filed = self.tiles.read(0, tile)
        return await self.nodes(0, first, end) if filed is None else filed[within : within + end - first]

    def full_tiles(self, committed: int) -> list[tuple[int, int, list[bytes]]]:
        """Full tiles among the first `committed` leaves, in memory and not filed yet: (level, index, hashes)."""
        found = []
        for level in range(LEVELS // 8):
            row, base = self._nodes[8 * level], self._base[8 * level]
            first = max(-(-base // TILE), (self._filed >> (8 * level)) // TILE)
            for index in range(first, (committed >> (8 * level)) // TILE):
                start = index * TILE - base
                found.append((level, index, row[start : start + TILE]))
        return found

    def filed(self, committed: int) -> None:
        """The tiles of `full_tiles(committed)` are written: let go of nodes that they hold, keeping KEEP leaves."""
        self._filed = max(self._filed, committed - committed % TILE)
        floor = max(0, self._filed - KEEP) // TILE * TILE
        for level in range(8):
            drop = (floor >> level) - self._base[level]
            if drop > 0:
                del self._nodes[level][:drop]
                self._base[level] += drop
