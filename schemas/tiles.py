"""Tiles: how the tree and the entries of a log are cut into immutable files (C2SP tlog-tiles).

A tile of level L holds up to 256 consecutive hashes of complete subtrees of 256^L leaves; an entry bundle holds the
entries under a tile of level 0. This module is arithmetic and bytes only: it opens no file and fetches nothing.

Invariant: `parse_path(path_of(tile)) == tile`, one path per tile and one tile per path; a full tile never changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from schemas.merkle import HASH_BYTES, NodeReader

HEIGHT: Final = 8
WIDTH: Final = 256
"""Hashes in a full tile, entries in a full bundle."""

MAX_LEVEL: Final = 63
MAX_ENTRY_BYTES: Final = 65_535
"""A bundle prefixes each entry with a 16-bit length."""

MAX_INDEX: Final = 2**64 - 1

_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class TileRefused(ValueError):
    """A tile path, a tile or a bundle is malformed. The text says what was expected."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile (`level` 0..63) or entry bundle (`level` None): its number within the level and its width 1..256."""

    level: int | None
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= MAX_LEVEL:
            raise TileRefused(f"a tile's level is 0..{MAX_LEVEL}, got {self.level}")
        if not 0 <= self.index <= MAX_INDEX:
            raise TileRefused(f"a tile's number is 0..2^64-1, got {self.index}")
        if not 1 <= self.width <= WIDTH:
            raise TileRefused(f"a tile's width is 1..{WIDTH}, got {self.width}")

    @property
    def full(self) -> bool:
        """Whether it can never change any more."""
        return self.width == WIDTH


def path_of(tile: Tile) -> str:
    """`tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`; 1234067 is written x001/x234/067."""
    level = "entries" if tile.level is None else str(tile.level)
    digits = str(tile.index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{number}" + ("" if tile.full else f".p/{tile.width}")


def parse_path(path: str) -> Tile:
    """The tile that `path` names. Raises `TileRefused` for every spelling that `path_of` would not write."""
    found = _PATH.fullmatch(path)
    if found is None or not path.isascii():
        raise TileRefused("expected tile/<level or entries>/<x000/…/000>[.p/<1..255>]")
    level = None if found["level"] == "entries" else int(found["level"])
    tile = Tile(level, int(found["index"].replace("x", "").replace("/", "")), int(found["width"] or WIDTH))
    if path_of(tile) != path:
        raise TileRefused("a tile path has no superfluous zeros and no width of 256")
    return tile


def width_at(level: int | None, index: int, size: int) -> int:
    """How many hashes (or entries) tile `index` of `level` holds in a tree of `size` leaves: 0 (none) .. 256."""
    hashes = size >> HEIGHT * (level or 0)
    return max(0, min(WIDTH, hashes - index * WIDTH))


def exists_at(tile: Tile, size: int) -> bool:
    """Whether a tree of `size` leaves has this tile with at least this width."""
    return width_at(tile.level, tile.index, size) >= tile.width


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """Hash tiles that are new or wider in a tree of `new` leaves than in one of `old`, each at its width in `new`."""
    if not 0 <= old <= new:
        raise ValueError(f"expected 0 <= old <= new, got {old} and {new}")
    for level in range(MAX_LEVEL + 1):
        before, after = old >> HEIGHT * level, new >> HEIGHT * level
        if before == after:
            break
        for index in range(before // WIDTH, -(-after // WIDTH)):
            yield Tile(level, index, width_at(level, index, new))


def bundles_between(old: int, new: int) -> Iterator[Tile]:
    """Entry bundles that are new or wider in a tree of `new` leaves than in one of `old`."""
    if not 0 <= old <= new:
        raise ValueError(f"expected 0 <= old <= new, got {old} and {new}")
    if old < new:
        for index in range(old // WIDTH, -(-new // WIDTH)):
            yield Tile(None, index, width_at(None, index, new))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node of the tree lies: the hashes `first` .. `first + count - 1` of tile `index` of `level` span it."""

    level: int
    index: int
    first: int
    count: int


def place_of(level: int, index: int) -> Place:
    """The tile and the range of its hashes whose subtree is node (`level`, `index`) of the binary tree.

    A node on a tile's own level is one hash; one between two levels is the root over 2, 4 … 128 hashes; the root over
    all 256 is one hash of the level above.
    """
    if level < 0 or index < 0:
        raise TileRefused(f"there is no node ({level}, {index})")
    tile_level, above = divmod(level, HEIGHT)
    first = index << above
    return Place(tile_level, first // WIDTH, first % WIDTH, 1 << above)


def hash_at(place: Place, data: bytes) -> bytes:
    """The node that `place` names, from its tile (32 bytes a hash; a partial tile will do if it reaches far enough)."""
    low, high = place.first * HASH_BYTES, (place.first + place.count) * HASH_BYTES
    if len(data) % HASH_BYTES or len(data) < high or len(data) > WIDTH * HASH_BYTES:
        raise TileRefused(f"expected a tile of {high} to {WIDTH * HASH_BYTES} bytes, got {len(data)}")
    hashes = [data[at : at + HASH_BYTES] for at in range(low, high, HASH_BYTES)]
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    return hashes[0]


def reader(size: int, fetch: Callable[[Tile], bytes]) -> NodeReader:
    """A `NodeReader` for a tree of `size` leaves; `fetch` gives the bytes of a tile at its width in that tree."""

    def node(level: int, index: int) -> bytes:
        place = place_of(level, index)
        width = width_at(place.level, place.index, size)
        if place.first + place.count > width:
            raise TileRefused(f"node ({level}, {index}) is not complete in a tree of {size} leaves")
        return hash_at(place, fetch(Tile(place.level, place.index, width)))

    return node


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entry bundle: for each of 1..256 entries a big-endian 16-bit length and the entry."""
    if not 1 <= len(entries) <= WIDTH:
        raise TileRefused(f"a bundle holds 1..{WIDTH} entries, got {len(entries)}")
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TileRefused(f"an entry has at most {MAX_ENTRY_BYTES} bytes, got {len(entry)}")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int | None = None) -> list[bytes]:
    """The entries of a bundle; exactly `width` of them if it is given. Raises `TileRefused` for cut or excess bytes."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        if len(entries) == WIDTH:
            raise TileRefused(f"a bundle holds at most {WIDTH} entries, more bytes follow")
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise TileRefused("the bundle is cut off inside an entry")
        entries.append(data[start:at])
    if not entries or (width is not None and len(entries) != width):
        raise TileRefused(f"expected a bundle of {width or f'1..{WIDTH}'} entries, got {len(entries)}")
    return entries
