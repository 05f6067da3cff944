"""What an answer to a batch proves: the receipt, checked in exactly the order of the wire protocol (section 3.2).

Pure. `check` gives a `Verdict` or raises `Distrusted` with the number of the step that failed. A receipt that
contradicts the terminal's own chain is not invalid: it tells of a fork, and the verdict says so.

Invariant: `proven` and `deletable` never exceed what a seal with this terminal's own signature proves in the checkpoint
of the current epoch, and `deletable` is 0 while a fork is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import UNSET

from ops.terminal.trust import Distrusted, Epoch, follow, read_epoch
from schemas import batch, canonical, entries, merkle, notes, receipt
from schemas.envelope import Seen
from schemas.keys import verify_ed25519


@dataclass(frozen=True, slots=True)
class Offered:
    """What was sent: envelopes `first` .. with these hashes (none in a heartbeat), and the checkpoint named as seen."""

    terminal: bytes
    first: int
    hashes: Sequence[bytes]
    seen: Seen | None


@dataclass(frozen=True, slots=True)
class OwnChain:
    """The terminal's own chain: `hash_at(seq)` (the genesis hash for 0) is known for 0 .. `newest`."""

    newest: int
    event_key: bytes
    hash_at: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A valid receipt and what follows from it.

    `epochs`: newly believed ones, the last is `epoch`; `proven`: newest seq that a seal of this epoch proves;
    `contradictions`: in words, where the server's chain is not ours; `deletable`: seqs up to here may be deleted, with
    `blobs_safe` as the further limit for files.
    """

    receipt: receipt.Receipt
    data: bytes
    epochs: tuple[Epoch, ...]
    epoch: Epoch
    checkpoint: notes.Checkpoint
    proven: int
    contradictions: tuple[str, ...]
    deletable: int

    @property
    def seen(self) -> Seen:
        """The checkpoint to name as seen from now on."""
        return Seen(self.epoch.number, self.checkpoint.root, self.checkpoint.size)


def check(data: bytes, offered: Offered, own: OwnChain, known: Epoch, recovery: bytes | None) -> Verdict:
    """Check a receipt for `offered`. `known` is the newest believed epoch. Raises Distrusted."""
    # 0. Form: canonical, and every key of its type. The terminal's own codec reads it as well as the typed one.
    try:
        canonical.decode(data)
        got, message = receipt.decode(data)
    except (canonical.NotCanonical, receipt.ReceiptRefused) as fault:
        raise Distrusted(0, f"not a receipt: {fault}") from None

    # 1. `terminal`, `suite`, `v` (the decoder takes no suite or v but 1).
    if got.terminal != offered.terminal:
        raise Distrusted(1, "the receipt is for another terminal")

    # 2. New epochs, from the one that is believed.
    seen = offered.seen
    fresh = _new_epochs(got, known, recovery, seen)
    epoch = fresh[-1] if fresh else known

    # 3. `sig` by the receipt key of the newest epoch.
    if not verify_ed25519(epoch.receipt, got.sig, message):
        raise Distrusted(3, "the signature is not by the receipt key of this epoch")

    # 4. The checkpoint's signature and origin; a new epoch is its leaf 0.
    try:
        checkpoint = notes.open_checkpoint(got.checkpoint, epoch.log, epoch.origin)
    except notes.NoteRefused as refused:
        raise Distrusted(4, f"the checkpoint: {refused}") from None
    if (got.epoch_proof is UNSET) != (got.epochs is UNSET):
        raise Distrusted(4, "`epochs` and `epoch_proof` come together or not at all")
    if got.epoch_proof is not UNSET and not merkle.verify_inclusion(
        merkle.leaf_hash(epoch.leaf), 0, checkpoint.size, got.epoch_proof, checkpoint.root
    ):
        raise Distrusted(4, "the epoch entry is not leaf 0 of the checkpoint")

    # 5. `consistency` with `seen`: the log only ever grows.
    _check_growth(got, checkpoint, epoch, seen)

    # 6. One result per envelope, in order, each at a place that exists.
    _check_results(got, offered, checkpoint, epoch)

    # 7. The seal: in the tree, ours, signed by us; its head against the own chain.
    contradictions: list[str] = []
    proven = _check_seal(got, checkpoint, own, offered.terminal, contradictions)

    # 8. `head` against the own chain.
    head = got.head
    if head.seq > own.newest:
        contradictions.append(f"the server's head is seq {head.seq}, this terminal wrote only {own.newest}")
    elif head.hash != own.hash_at(head.seq):
        contradictions.append(f"the server has another envelope at its head, seq {head.seq}")
    branched = next((each.seq for each in got.results if each.outcome == "forked"), None)
    if branched is not None:
        contradictions.append(f"seq {branched} was recorded as a branch")

    deletable = 0 if contradictions else min(got.watermark, proven)
    return Verdict(got, data, fresh, epoch, checkpoint, proven, tuple(contradictions), deletable)


def _new_epochs(got: receipt.Receipt, known: Epoch, recovery: bytes | None, seen: Seen | None) -> tuple[Epoch, ...]:
    if got.epochs is UNSET:
        return ()
    leaves = list(got.epochs)
    if not leaves:
        raise Distrusted(2, "`epochs` is absent or names at least one epoch")
    # Without `seen` the server names the current epoch; naming the believed one again is no news.
    first, _ = read_epoch(2, leaves[0])
    if first.number == known.number:
        if leaves[0] != known.leaf:
            raise Distrusted(2, f"epoch {known.number} has two different first entries", alarm=True)
        leaves = leaves[1:]
    return follow(2, known, recovery, leaves, seen)


def _check_growth(got: receipt.Receipt, checkpoint: notes.Checkpoint, epoch: Epoch, seen: Seen | None) -> None:
    proof = got.consistency
    if seen is None or seen.epoch != epoch.number:
        if seen is not None and seen.epoch > epoch.number:
            raise Distrusted(5, f"the checkpoint is of epoch {epoch.number}, epoch {seen.epoch} was seen", alarm=True)
        if proof is not UNSET:
            raise Distrusted(5, "a consistency proof between two epochs proves nothing")
        return
    if checkpoint.size < seen.size:
        raise Distrusted(5, f"the log shrank: {checkpoint.size} entries, {seen.size} were seen", alarm=True)
    if checkpoint.size == seen.size:
        if checkpoint.root != seen.root:
            raise Distrusted(5, f"the log of {seen.size} entries has another root than was seen", alarm=True)
        return
    if proof is UNSET:
        raise Distrusted(5, "no consistency proof from the checkpoint that was seen", alarm=True)
    if not merkle.verify_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, proof):
        raise Distrusted(5, "the log does not begin with the one that was seen", alarm=True)


def _check_results(got: receipt.Receipt, offered: Offered, checkpoint: notes.Checkpoint, epoch: Epoch) -> None:
    if len(got.results) != len(offered.hashes):
        raise Distrusted(6, f"expected {len(offered.hashes)} results, got {len(got.results)}")
    places: set[tuple[int, int]] = set()
    for index, result in enumerate(got.results):
        if result.seq != offered.first + index:
            raise Distrusted(6, f"expected the result of seq {offered.first + index}, got seq {result.seq}")
        if result.epoch is UNSET:
            if result.position >= checkpoint.size:
                raise Distrusted(6, f"seq {result.seq} is said to stand at {result.position}, beyond the checkpoint")
        elif result.epoch >= epoch.number:
            raise Distrusted(6, f"seq {result.seq} is said to stand in epoch {result.epoch}, expected an earlier one")
        place = (epoch.number if result.epoch is UNSET else result.epoch, result.position)
        if place in places:
            raise Distrusted(6, f"seq {result.seq} is said to stand where another envelope stands")
        places.add(place)


def _check_seal(
    got: receipt.Receipt, checkpoint: notes.Checkpoint, own: OwnChain, terminal: bytes, contradictions: list[str]
) -> int:
    """Check the seal; returns the newest seq that it proves, 0 if it proves nothing of ours."""
    if (got.seal is UNSET) != (got.proof is UNSET):
        raise Distrusted(7, "`seal` and `proof` come together or not at all")
    if got.seal is UNSET or got.proof is UNSET:
        if any(result.epoch is UNSET for result in got.results):
            raise Distrusted(7, "envelopes stand in this epoch, but no seal is shown")
        return 0
    leaf = merkle.leaf_hash(got.seal)
    if not merkle.verify_inclusion(leaf, got.proof.index, checkpoint.size, got.proof.hashes, checkpoint.root):
        raise Distrusted(7, "the seal is not in the log at the place that the receipt names")
    try:
        seal = entries.decode_strict(got.seal)
        canonical.decode(got.seal)
    except ValueError as fault:
        raise Distrusted(7, f"the seal is malformed: {fault}") from None
    if not isinstance(seal, entries.SealEntry):
        raise Distrusted(7, "expected a seal entry, got another kind")
    if seal.t != terminal:
        raise Distrusted(7, "the seal is of another terminal")
    message = batch.signed_message(
        suite=seal.u, terminal=seal.t, first=seal.f, count=seal.c, envs=seal.x, head=seal.h, declared=seal.d,
        seen=seal.n, lost=batch.ZERO32 if seal.o is UNSET else seal.o,
    )  # fmt: skip
    if not verify_ed25519(own.event_key, seal.s, message):
        raise Distrusted(7, "the seal does not carry this terminal's own signature")
    last = seal.f + seal.c - 1
    if last > own.newest:
        contradictions.append(f"a seal with this terminal's key covers seq {last}, it wrote only {own.newest}")
        return 0
    if seal.h != own.hash_at(last):
        contradictions.append(f"a seal with this terminal's key has another envelope at seq {last}")
        return 0
    return last
