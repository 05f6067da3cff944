"""The RFC 6962 Merkle tree: hashes, roots, proofs and the compact range that lets a log grow without its history.

Nodes are named (level, index): the complete subtree of 2^level leaves that begins at leaf index * 2^level. Whoever
makes proofs supplies a `NodeReader`; only complete subtrees are ever asked for, so every answer is immutable.

Invariant: what `inclusion_proof` and `consistency_proof` make, `verify_inclusion` and `verify_consistency` accept, and
they accept nothing else. Sizes are Python integers of any magnitude; there is no wrap at 2^63 or 2^64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
"""Root of the tree without leaves: SHA-256 of nothing."""

NodeReader = Callable[[int, int], bytes]
"""(level, index) -> hash of that complete subtree, 32 bytes. Raises its own error when it does not have it."""

NodeVisitor = Callable[[int, int, bytes], None]
"""Told (level, index, hash) of each complete subtree above the leaves, in the moment it becomes complete."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of each."""
    hasher = sha256
    return [hasher(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root over leaf hashes in order; `EMPTY_ROOT` if there are none."""
    tree = CompactRange()
    tree.extend(leaf_hashes)
    return tree.root()


def root_from_frontier(size: int, hashes: Sequence[bytes]) -> bytes:
    """Root of the tree of `size` leaves whose complete subtrees, from the largest to the smallest, are `hashes`.

    Raises ValueError unless there is one hash for each 1 bit of `size`.
    """
    if size < 0 or len(hashes) != size.bit_count():
        raise ValueError(_frontier_mismatch(size, hashes))
    if not hashes:
        return EMPTY_ROOT
    sha = sha256
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = sha(b"\x01" + left + root).digest()
    return root


class CompactRange:
    """The right edge of a growing tree: its size and its complete subtrees, from the largest to the smallest.

    Enough to append and to give the root; 32 bytes for each 1 bit of the size.
    """

    __slots__ = ("_hashes", "size")

    size: int

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count():
            raise ValueError(
                f"a tree of {size} leaves has {max(size, 0).bit_count()} frontier hashes, got {len(hashes)}"
            )
        if any(len(each) != HASH_BYTES for each in hashes):
            raise ValueError(f"every frontier hash has {HASH_BYTES} bytes")
        self.size = size
        self._hashes = list(hashes)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The complete subtrees, from the largest to the smallest."""
        return tuple(self._hashes)

    def append(self, leaf: bytes, visit: NodeVisitor | None = None) -> None:
        """Add one leaf hash (32 bytes)."""
        self.extend((leaf,), visit)

    def extend(self, leaves: Iterable[bytes], visit: NodeVisitor | None = None) -> None:
        """Add leaf hashes in order; `visit` is told of every subtree that becomes complete."""
        sha = sha256
        hashes = self._hashes
        size = self.size
        for leaf in leaves:
            node = leaf
            rest = size
            if visit is None:
                while rest & 1:
                    node = sha(b"\x01" + hashes.pop() + node).digest()
                    rest >>= 1
            else:
                level = 0
                while rest & 1:
                    node = sha(b"\x01" + hashes.pop() + node).digest()
                    rest >>= 1
                    level += 1
                    visit(level, rest, node)
            hashes.append(node)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """Root of the tree as it is now."""
        return root_from_frontier(self.size, self._hashes)

    def copy(self) -> CompactRange:
        """An independent range of the same tree."""
        return CompactRange(self.size, self._hashes)

    def encode(self) -> bytes:
        """The frontier hashes, one behind the other; the size is kept beside them."""
        return b"".join(self._hashes)

    @classmethod
    def decode(cls, size: int, frontier: bytes) -> CompactRange:
        """The range of `size` leaves from what `encode` wrote. Raises ValueError if the length does not fit `size`."""
        expected = max(size, 0).bit_count() * HASH_BYTES
        if size < 0 or len(frontier) != expected:
            raise ValueError(f"a tree of {size} leaves has a frontier of {expected} bytes, got {len(frontier)}")
        return cls(size, [frontier[at : at + HASH_BYTES] for at in range(0, expected, HASH_BYTES)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompactRange) and self.size == other.size and self._hashes == other._hashes

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"CompactRange(size={self.size}, root={self.root().hex()})"


def frontier_nodes(size: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees of a tree of `size` leaves, from the largest to the smallest."""
    return _cover(0, size)


def inclusion_proof(
    index: int, size: int, node: NodeReader, known: MutableMapping[tuple[int, int], bytes] | None = None
) -> list[bytes]:
    """RFC 6962 audit path of leaf `index` in the tree of `size` leaves, from the leaf's sibling upwards.

    `known` keeps hashes of ranges, (first, behind the last) -> hash, between the proofs of one tree: the right edge is
    in all of them. Raises ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves: expected 0 <= index < size")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_root(middle, high, node, known))
            high = middle
        else:
            path.append(_range_root(low, middle, node))
            low = middle
    path.reverse()
    return path


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """RFC 6962 proof that the tree of `new` leaves begins with the tree of `old` leaves; empty if the sizes are equal.

    Raises ValueError unless 1 <= old <= new: of the empty tree there is nothing to prove.
    """
    if not 1 <= old <= new:
        raise ValueError(f"no consistency proof from size {old} to {new}: expected 1 <= old <= new")
    path: list[bytes] = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range_root(middle, high, node))
            high = middle
        else:
            path.append(_range_root(low, middle, node))
            low = middle
    if low:  # the old tree's last subtree is not the whole old tree, so the verifier does not know its hash
        path.append(_range_root(low, high, node))
    path.reverse()
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf hash `leaf` stands at `index` in the tree of `size` leaves with `root`."""
    if not 0 <= index < size or len(leaf) != HASH_BYTES:
        return False
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count():
        return False
    sha = sha256
    node = leaf
    for level, sibling in enumerate(proof):
        if len(sibling) != HASH_BYTES:
            return False
        # Above `inner` the path runs along the right edge, where only left siblings exist.
        if level >= inner or index >> level & 1:
            node = sha(b"\x01" + sibling + node).digest()
        else:
            node = sha(b"\x01" + node + sibling).digest()
    return node == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree (`new`, `new_root`) begins with the tree (`old`, `old_root`).

    An old size of 0 is refused: it proves nothing, so a caller that relied on it would be wrong.
    """
    if not 1 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if any(len(each) != HASH_BYTES for each in proof):
        return False
    # The proof begins with the old tree's smallest complete subtree, except where that is the whole old tree.
    shift = (old & -old).bit_length() - 1
    hashes = iter(proof)
    if old == 1 << shift:
        seed = old_root
        length = len(proof)
    else:
        if not proof:
            return False
        seed = next(hashes)
        length = len(proof) - 1
    position = (old - 1) >> shift
    last = (new - 1) >> shift
    inner = (position ^ last).bit_length()
    if length != inner + (position >> inner).bit_count():
        return False
    sha = sha256
    from_old = from_new = seed
    for level, sibling in enumerate(hashes):
        if level >= inner or position >> level & 1:
            from_old = sha(b"\x01" + sibling + from_old).digest()
            from_new = sha(b"\x01" + sibling + from_new).digest()
        else:
            from_new = sha(b"\x01" + from_new + sibling).digest()
    return from_old == old_root and from_new == new_root


def _frontier_mismatch(size: int, hashes: Sequence[bytes]) -> str:
    return f"a tree of {size} leaves has {max(size, 0).bit_count()} frontier hashes, got {len(hashes)}"


def _split(width: int) -> int:
    """The largest power of two that is smaller than `width` (> 1): where RFC 6962 cuts a range."""
    return 1 << (width - 1).bit_length() - 1


def _cover(low: int, high: int) -> list[tuple[int, int]]:
    """Complete subtrees that make up [low, high), from left to right; `low` is aligned to the largest of them."""
    nodes = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append((level, low >> level))
        low += 1 << level
    return nodes


def _range_root(
    low: int, high: int, node: NodeReader, known: MutableMapping[tuple[int, int], bytes] | None = None
) -> bytes:
    """MTH(D[low:high]) for a range as RFC 6962 cuts it."""
    width = high - low
    if not width & (width - 1):  # as it is cut, such a range is one complete subtree
        level = width.bit_length() - 1
        return node(level, low >> level)
    if known is not None:
        found = known.get((low, high))
        if found is not None:
            return found
    hashes = [node(level, index) for level, index in _cover(low, high)]
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = sha256(b"\x01" + left + root).digest()
    if known is not None:
        known[low, high] = root
    return root
