"""Packs of full tiles: each at its place, and what was not written, or half of it, is no tile."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from server.log.tree import PACK, TILE, TILE_BYTES, TileStore


def hashes(number: int) -> list[bytes]:
    return [sha256(f"{number} {place}".encode()).digest() for place in range(TILE)]


def test_tiles_lie_at_their_places_in_the_packs_of_their_levels(tmp_path: Path) -> None:
    store = TileStore(tmp_path / "new" / "log")
    for level, index in ((0, 2), (0, 0), (1, 0), (0, PACK)):
        store.write(level, index, hashes(1000 * level + index))

    other = TileStore(tmp_path / "new" / "log")
    assert [other.read(0, 0), other.read(0, 2), other.read(1, 0)] == [hashes(0), hashes(2), hashes(1000)]
    assert other.read(0, PACK) == hashes(PACK)
    assert sorted(file.name for file in (tmp_path / "new" / "log").iterdir()) == [
        "0-000000.pack", "0-000001.pack", "1-000000.pack",
    ]  # fmt: skip
    store.write(0, 0, hashes(0))
    assert other.read(0, 0) == hashes(0), "again changes nothing"


@pytest.mark.parametrize(("level", "index"), [(0, 1), (0, 3), (1, 1), (0, PACK), (2, 0)])
def test_what_was_not_written_is_no_tile(tmp_path: Path, level: int, index: int) -> None:
    store = TileStore(tmp_path)
    for written in ((0, 2), (1, 0)):
        store.write(*written, hashes(7))

    assert store.read(level, index) is None
    assert TileStore(None).read(level, index) is None


def test_half_a_tile_is_no_tile(tmp_path: Path) -> None:
    store = TileStore(tmp_path)
    for index in (0, 1):
        store.write(0, index, hashes(index))
    place = store.place(0, 1)
    assert place is not None
    pack, at = place

    with pack.open("r+b") as file:
        os.pwrite(file.fileno(), bytes(TILE_BYTES // 2), at + TILE_BYTES // 2)  # a page that never reached the disk
    assert store.read(0, 1) is None
    os.truncate(pack, at + TILE_BYTES - 1)
    assert store.read(0, 1) is None
    assert store.read(0, 0) == hashes(0)
    assert store.get(0, 1) is None
