"""Claims about the tree: roots, proofs of both kinds, the compact range, and that nothing else verifies."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.merkle import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    frontier_nodes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_frontier,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.support import shared, wire_vectors

MOST = 300
LEAVES = [leaf_hash(n.to_bytes(2, "big")) for n in range(MOST + 1)]


@cache
def tree_hash(low: int, high: int) -> bytes:
    """MTH(D[low:high]) straight from the definition in RFC 6962, section 2.1."""
    if high == low:
        return EMPTY_ROOT
    if high - low == 1:
        return LEAVES[low]
    k = 1
    while 2 * k < high - low:
        k *= 2
    return node_hash(tree_hash(low, low + k), tree_hash(low + k, high))


def node(level: int, index: int) -> bytes:
    assert (index + 1) << level <= MOST, "asked for a subtree that is not there"
    return tree_hash(index << level, (index + 1) << level)


def reader(size: int):  # type: ignore[no-untyped-def]  # a test double of nothing: the tree above, cut at `size`
    def read(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size, "asked for a subtree that is not complete in this tree"
        return node(level, index)

    return read


def _decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def test_all_196_outside_vectors_agree() -> None:
    count = 0
    for path in sorted(shared.vectors("merkle").rglob("*.json")):
        case = shared.load(path)
        proof = [_decoded(each) for each in case["proof"] or []]
        if "leafIdx" in case:
            verdict = verify_inclusion(
                _decoded(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, _decoded(case["root"])
            )
        else:
            verdict = verify_consistency(
                case["size1"], case["size2"], _decoded(case["root1"]), _decoded(case["root2"]), proof
            )
        assert verdict == (not case["wantErr"]), path
        count += 1
    assert count == 196


def test_the_log_of_the_wire_vectors_has_the_known_leaves_and_roots() -> None:
    log = wire_vectors.load("log")
    leaves = [leaf_hash(bytes.fromhex(entry["hex"])) for entry in log["entries"]]
    assert [leaf.hex() for leaf in leaves] == [entry["leaf_hash"] for entry in log["entries"]]
    assert [root_of(leaves[:size]).hex() for size in range(len(leaves) + 1)] == log["roots"]


def test_every_root_up_to_300_is_that_of_the_definition() -> None:
    tree = CompactRange()
    for size in range(MOST + 1):
        assert tree.root() == tree_hash(0, size) == root_of(LEAVES[:size])
        assert list(tree.hashes) == [node(level, index) for level, index in frontier_nodes(size)]
        tree.append(LEAVES[size])


def test_every_inclusion_proof_up_to_300_verifies_and_reads_complete_subtrees_only() -> None:
    for size in [*range(1, 70), 127, 128, 129, 255, 256, 257, 299, 300]:
        for index in range(size):
            proof = inclusion_proof(index, size, reader(size))
            assert verify_inclusion(LEAVES[index], index, size, proof, tree_hash(0, size))


def test_every_consistency_proof_up_to_300_verifies_and_reads_complete_subtrees_only() -> None:
    for new in [*range(1, 70), 127, 128, 129, 255, 256, 257, 299, 300]:
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, reader(new))
            assert verify_consistency(old, new, tree_hash(0, old), tree_hash(0, new), proof)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_an_inclusion_proof_with_any_change_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, MOST))
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(index, size, node), tree_hash(0, size)
    blob = bytearray(LEAVES[index] + root + b"".join(proof))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    hashes = [bytes(blob[at : at + 32]) for at in range(0, len(blob), 32)]
    assert not verify_inclusion(hashes[0], index, size, hashes[2:], hashes[1])
    assert not verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
    assert not verify_inclusion(LEAVES[index], index, size, proof[:-1], root) or not proof
    for other in {index ^ 1, index + 1, index - 1, 0} - {index}:
        assert not verify_inclusion(LEAVES[index], other, size, proof, root)


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_a_consistency_proof_with_any_change_fails(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, MOST))
    old = data.draw(st.integers(1, new - 1))
    proof, old_root, new_root = consistency_proof(old, new, node), tree_hash(0, old), tree_hash(0, new)
    blob = bytearray(old_root + new_root + b"".join(proof))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    hashes = [bytes(blob[at : at + 32]) for at in range(0, len(blob), 32)]
    assert not verify_consistency(old, new, hashes[0], hashes[1], hashes[2:])
    assert not verify_consistency(old, new, old_root, new_root, [*proof, new_root])
    assert not verify_consistency(old, new, old_root, new_root, proof[:-1])
    assert not verify_consistency(old, new, new_root, old_root, proof)


@given(st.integers(2**62, 2**64), st.data())
@settings(deadline=None, max_examples=60)
def test_proofs_hold_for_sizes_beyond_any_machine_integer(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))

    def uniform(level: int, _index: int) -> bytes:
        return _UNIFORM[level]

    root = root_from_frontier(size, [_UNIFORM[level] for level, _ in frontier_nodes(size)])
    old_root = root_from_frontier(old, [_UNIFORM[level] for level, _ in frontier_nodes(old)])
    proof = inclusion_proof(index, size, uniform)
    assert verify_inclusion(_UNIFORM[0], index, size, proof, root)
    assert not verify_inclusion(_UNIFORM[0], index, size, proof[:-1], root)
    assert verify_consistency(old, size, old_root, root, consistency_proof(old, size, uniform))


_UNIFORM = [LEAVES[0]]
for _ in range(70):
    _UNIFORM.append(node_hash(_UNIFORM[-1], _UNIFORM[-1]))


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (0, 0), (1, 1), (300, 300), (2**64, 2**64)])
def test_a_leaf_outside_the_tree_has_no_proof_and_none_verifies(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(index, size, node)
    assert not verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(0, 1), (0, 0), (2, 1), (-1, 3)])
def test_nothing_is_proven_from_the_empty_tree_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="expected 1 <= old <= new"):
        consistency_proof(old, new, node)
    assert not verify_consistency(old, new, EMPTY_ROOT, EMPTY_ROOT, [])


def test_between_equal_sizes_only_equal_roots_and_no_proof_are_consistent() -> None:
    root = tree_hash(0, 9)
    assert verify_consistency(9, 9, root, root, [])
    assert not verify_consistency(9, 9, root, root, [LEAVES[0]])
    assert not verify_consistency(9, 9, root, tree_hash(0, 8), [])


def test_hashes_of_another_length_do_not_verify() -> None:
    assert not verify_inclusion(LEAVES[0], 0, 2, [b""], node_hash(LEAVES[0], b""))
    assert not verify_consistency(1, 2, LEAVES[0], node_hash(LEAVES[0], b""), [b""])


@given(st.integers(0, MOST), st.integers(0, MOST))
@settings(deadline=None, max_examples=60)
def test_a_range_written_and_read_again_goes_on_like_the_first(first: int, second: int) -> None:
    first, second = min(first, second), max(first, second)
    tree = CompactRange()
    tree.extend(LEAVES[:first])
    again = CompactRange.decode(first, tree.encode())
    assert again == tree
    again.extend(LEAVES[first:second])
    assert again.root() == tree_hash(0, second)
    assert again.size == second
    assert tree.size == first, "the copy must not move the original"


def test_a_visitor_is_told_every_complete_subtree_above_the_leaves_once() -> None:
    told: dict[tuple[int, int], bytes] = {}

    def visit(level: int, index: int, value: bytes) -> None:
        assert (level, index) not in told
        told[level, index] = value

    tree = CompactRange()
    tree.extend(LEAVES[:100], visit)
    for leaf in LEAVES[100:MOST]:
        tree.append(leaf, visit)
    expected = {(level, index) for level in range(1, 9) for index in range(MOST >> level)}
    assert told.keys() == expected
    assert all(value == node(*name) for name, value in told.items())


@pytest.mark.parametrize(
    ("size", "data"), [(1, b""), (0, b"\x00" * 32), (3, b"\x00" * 32), (-1, b""), (2, b"\x00" * 31)]
)
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        CompactRange.decode(size, data)


def test_root_from_frontier_wants_one_hash_for_each_complete_subtree() -> None:
    assert root_from_frontier(0, []) == EMPTY_ROOT
    assert root_from_frontier(300, [node(*name) for name in frontier_nodes(300)]) == tree_hash(0, 300)
    with pytest.raises(ValueError, match="frontier"):
        root_from_frontier(300, [LEAVES[0]])
