"""Claims about tiles: one path per tile, the arithmetic of the specification, proofs made from tiles alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.merkle import (
    CompactRange,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from schemas.tiles import (
    Tile,
    TileRefused,
    bundles_between,
    decode_bundle,
    encode_bundle,
    exists_at,
    hash_at,
    parse_path,
    path_of,
    place_of,
    reader,
    tiles_between,
    width_at,
)

SIZE = 70_000


def _store(size: int) -> tuple[dict[Tile, bytes], CompactRange]:
    """All tiles of a tree of `size` leaves, written tile by tile as their hashes become complete."""
    hashes: dict[tuple[int, int], bytes] = {}
    tree = CompactRange()

    def visit(level: int, index: int, value: bytes) -> None:
        hashes[level, index] = value

    leaves = [leaf_hash(n.to_bytes(4, "big")) for n in range(size)]
    tree.extend(leaves, visit)
    hashes.update({(0, n): leaf for n, leaf in enumerate(leaves)})
    store = {}
    for tile in tiles_between(0, size):
        assert tile.level is not None
        first = tile.index * 256
        store[tile] = b"".join(hashes[8 * tile.level, n] for n in range(first, first + tile.width))
    return store, tree


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(63, 999, 1), "tile/63/999.p/1"),
        (Tile(2, 1000, 255), "tile/2/x001/000.p/255"),
        (Tile(None, 0), "tile/entries/000"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
        (Tile(0, 2**64 - 1), "tile/0/x018/x446/x744/x073/x709/x551/615"),
    ],
)
def test_a_tile_has_the_path_of_the_specification(tile: Tile, path: str) -> None:
    assert path_of(tile) == path
    assert parse_path(path) == tile


@given(st.none() | st.integers(0, 63), st.integers(0, 2**64 - 1), st.integers(1, 256))
@settings(deadline=None, max_examples=200)
def test_a_path_read_back_is_the_tile(level: int | None, index: int, width: int) -> None:
    assert parse_path(path_of(Tile(level, index, width))) == Tile(level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/0000",
        "tile/0/x000", "tile/0/x000/000", "tile/0/000/000", "tile/0/001/x000", "tile/0/x001/x000",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p/1000",
        "tile/0/000.p", "tile/entry/000", "tile/data/000", "/tile/0/000", "tile/0/000/", "tile/0/000\n",
        " tile/0/000", "tile//000", "tile/0/../000", "tile/0/٠٠٠", "tile/0/%30",
        "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/x001/x001/x001/x001/x001/x001/x001/001",
        "TILE/0/000",
    ],
)  # fmt: skip
def test_another_spelling_is_refused(path: str) -> None:
    with pytest.raises(TileRefused):
        parse_path(path)


@pytest.mark.parametrize(
    ("level", "index", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, 2**64, 1)]
)
def test_a_tile_that_cannot_be_is_refused(level: int, index: int, width: int) -> None:
    with pytest.raises(TileRefused):
        Tile(level, index, width)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_lists() -> None:
    tiles = list(tiles_between(0, SIZE))
    full = [tile for tile in tiles if tile.full]
    assert sum(tile.level == 0 for tile in full) == 273
    assert [tile for tile in tiles if not tile.full] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert [tile for tile in full if tile.level] == [Tile(1, 0)]
    assert list(tiles_between(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(bundles_between(0, 257)) == [Tile(None, 0), Tile(None, 1, 1)]


@given(st.integers(0, 2_000), st.integers(0, 2_000))
@settings(deadline=None, max_examples=60)
def test_what_is_written_step_by_step_is_every_tile_of_the_end(one: int, two: int) -> None:
    one, two = min(one, two), max(one, two)
    written = {(tile.level, tile.index): tile for step in ((0, one), (one, two)) for tile in tiles_between(*step)}
    assert set(written.values()) == set(tiles_between(0, two))
    bundles = {tile.index: tile for step in ((0, one), (one, two)) for tile in bundles_between(*step)}
    assert list(bundles.values()) == list(bundles_between(0, two))
    changed = set(tiles_between(one, two))
    assert all(exists_at(tile, two) and not exists_at(tile, one) for tile in changed)


@pytest.mark.parametrize("steps", [tiles_between, bundles_between])
def test_a_tree_does_not_shrink(steps) -> None:  # type: ignore[no-untyped-def]  # two functions of one shape
    with pytest.raises(ValueError, match="old <= new"):
        list(steps(2, 1))


def test_the_width_of_a_tile_follows_the_size() -> None:
    assert [width_at(0, 273, size) for size in (69_888, 69_889, 70_000, 70_144, 10**6)] == [0, 1, 112, 256, 256]
    assert width_at(1, 1, SIZE) == 17
    assert width_at(None, 273, SIZE) == 112
    assert width_at(63, 0, 2**64) == 0


def test_every_proof_can_be_made_from_tiles_alone() -> None:
    store, tree = _store(SIZE)
    read = reader(SIZE, store.__getitem__)
    root = tree.root()
    for index in (0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999):
        leaf = leaf_hash(index.to_bytes(4, "big"))
        assert verify_inclusion(leaf, index, SIZE, inclusion_proof(index, SIZE, read), root)
    for old in (1, 255, 256, 257, 65_536, 69_999):
        shorter = CompactRange()
        shorter.extend(leaf_hash(n.to_bytes(4, "big")) for n in range(old))
        assert verify_consistency(old, SIZE, shorter.root(), root, consistency_proof(old, SIZE, read))


def test_a_node_lies_in_one_tile() -> None:
    assert place_of(0, 300).__repr__() == "Place(level=0, index=1, first=44, count=1)"
    assert (place_of(3, 33).index, place_of(3, 33).first, place_of(3, 33).count) == (1, 8, 8)
    assert (place_of(8, 5).level, place_of(8, 5).first) == (1, 5)
    with pytest.raises(TileRefused, match="no node"):
        place_of(0, -1)


def test_an_incomplete_node_and_a_short_tile_are_refused() -> None:
    with pytest.raises(TileRefused, match="not complete"):
        reader(100, lambda tile: b"")(7, 0)
    with pytest.raises(TileRefused, match="expected a tile"):
        hash_at(place_of(1, 0), b"\x00" * 32)
    with pytest.raises(TileRefused, match="expected a tile"):
        hash_at(place_of(0, 0), b"\x00" * 33)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
@settings(deadline=None, max_examples=60)
def test_a_bundle_read_back_holds_the_entries(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


def test_a_bundle_at_its_limits() -> None:
    largest = b"\xff" * 65_535
    assert decode_bundle(encode_bundle([largest])) == [largest]
    assert encode_bundle([b"ab", b""]) == bytes.fromhex("000261620000")
    for bad in ([], [b""] * 257, [largest + b"x"]):
        with pytest.raises(TileRefused):
            encode_bundle(bad)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x01", b"\x00\x00\x01", b"\x00\x02a", b"\x00\x00" * 257])
def test_a_cut_or_overlong_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(TileRefused):
        decode_bundle(data)


def test_a_bundle_of_another_width_is_refused() -> None:
    with pytest.raises(TileRefused, match="expected a bundle of 3 entries, got 2"):
        decode_bundle(encode_bundle([b"a", b"b"]), 3)
