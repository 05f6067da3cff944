"""The batch: what a terminal uploads, what it signs, and how the door decodes it (wire protocol, section 3).

The signature covers every envelope whatever its bytes are. `decode` refuses with a `Problem` and keeps the order of
section 3.1: version and suite first, then limits, then form.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas import typed
from schemas.envelope import MAX_ENVELOPE, MAX_SAFE, Bin16, Bin32, Bin64, Positive, Seen, Uint
from schemas.problems import Problem

MAX_BODY: Final = 4 * 1024 * 1024
MAX_INFLATED: Final = 16 * 1024 * 1024
MAX_ENVELOPES: Final = 500
MAX_PRIVATE: Final = 2_000
MAX_SEALED: Final = 8 * 1024
MAX_AHEAD: Final = 100_000
MAX_LOST: Final = 1_000
PREFIX: Final = b"liuhen batch v1\n"
ZERO32: Final = bytes(32)
_PLACE = struct.Struct(">B16sQQ32s32sQQQ32s32s")


class Lost(Struct, frozen=True, forbid_unknown_fields=True):
    """Envelopes `first`..`last` that the terminal no longer has; `hash` is the hash of envelope `last`."""

    first: Uint
    hash: Bin32
    last: Uint


class Private(Struct, frozen=True, forbid_unknown_fields=True):
    """A sealed private value `c` for the commitment `h` (section 1.1)."""

    c: Annotated[bytes, Meta(max_length=MAX_SEALED)]
    h: Bin32


class Batch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A batch as decoded, keys in canonical order. `envelopes` are bytes; the n-th has seq `first` + n."""

    declared: Uint
    envelopes: Annotated[list[bytes], Meta(max_length=MAX_ENVELOPES)]
    first: Positive
    head: Bin32 | UnsetType = UNSET
    lost: Annotated[list[Lost], Meta(min_length=1)] | UnsetType = UNSET
    private: Annotated[list[Private], Meta(min_length=1, max_length=MAX_PRIVATE)] | UnsetType = UNSET
    seen: Seen | UnsetType = UNSET
    sig: Bin64
    suite: int
    terminal: Bin16
    v: int

    @property
    def last(self) -> int:
        """Seq of the last envelope; `first` - 1 in a heartbeat."""
        return self.first + len(self.envelopes) - 1


_DECODER = msgspec.msgpack.Decoder(Batch)
_ENCODER = msgspec.msgpack.Encoder()


def encode(batch: Batch) -> bytes:
    """Canonical bytes of a batch."""
    return _ENCODER.encode(batch)


def lost_hash(lost: Sequence[Lost] | UnsetType) -> bytes:
    """SHA-256 of the canonical bytes of `lost`, zeros if absent."""
    return ZERO32 if lost is UNSET or not lost else sha256(_ENCODER.encode(list(lost))).digest()


def signed_message(
    *,
    suite: int,
    terminal: bytes,
    first: int,
    count: int,
    envs: bytes,
    head: bytes,
    declared: int,
    seen: Seen | UnsetType,
    lost: bytes,
) -> bytes:
    """What the event key signs. `envs` = SHA-256 of the concatenated envelope hashes, `lost` = `lost_hash`."""
    epoch, size, root = (0, 0, ZERO32) if seen is UNSET else (seen.epoch, seen.size, seen.root)
    return PREFIX + _PLACE.pack(suite, terminal, first, count, envs, head, declared, epoch, size, root, lost)


def envs_hash(hashes: Sequence[bytes]) -> bytes:
    """`envs` of the signed message: SHA-256 of the concatenated envelope hashes, of nothing for a heartbeat."""
    return sha256(b"".join(hashes)).digest()


def message_of(batch: Batch, hashes: Sequence[bytes]) -> bytes:
    """The signed message of a decoded batch whose envelope hashes are `hashes`."""
    head = hashes[-1] if hashes else batch.head
    assert head is not UNSET
    return signed_message(
        suite=batch.suite,
        terminal=batch.terminal,
        first=batch.first,
        count=len(hashes),
        envs=envs_hash(hashes),
        head=head,
        declared=batch.declared,
        seen=batch.seen,
        lost=lost_hash(batch.lost),
    )


def decode(data: bytes) -> Batch:
    """Decode and check the form of a batch; raises Problem unsupported_version, too_large or not_canonical.

    A well-formed batch passes on the typed way at once. Any other is walked, so that the refusal can be exact.
    """
    try:
        batch = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, RecursionError, MemoryError):
        raise _refusal(data) from None
    if batch.v != 1 or batch.suite != 1:
        raise Problem("unsupported_version", "v and suite must be 1", v=batch.v, suite=batch.suite)
    for index, envelope in enumerate(batch.envelopes):
        if len(envelope) > MAX_ENVELOPE:
            raise Problem("too_large", "one envelope is over 60,000 bytes", limit=MAX_ENVELOPE, seq=batch.first + index)
    if _ENCODER.encode(batch) != data:
        raise Problem("not_canonical", "the batch is not in canonical form")
    _check_relations(batch)
    return batch


def _check_relations(batch: Batch) -> None:
    count = len(batch.envelopes)
    last = batch.last
    if last > MAX_SAFE:
        raise Problem("not_canonical", "seq beyond 2^53-1")
    if not last <= batch.declared <= last + MAX_AHEAD:
        raise Problem("not_canonical", "declared must lie between last and last + 100,000")
    if (batch.head is UNSET) == (count == 0):
        raise Problem("not_canonical", "head is present if and only if envelopes is empty")
    if batch.lost is not UNSET:
        before = -1
        for part in batch.lost:
            if not 1 <= part.first <= part.last or part.first <= before + 1:
                raise Problem("not_canonical", "lost parts must ascend and not touch")
            before = part.last
        if before >= batch.first:
            raise Problem("not_canonical", "the last lost part must end before first")


def _refusal(data: bytes) -> Problem:
    """Say why bytes are no batch: version first, then limits, then form (section 3.1 step 1)."""
    try:
        value: Any = typed.decode(data)
    except typed.NotCanonical as fault:
        loose = _loose_versions(data)
        if loose is not None:
            return loose
        return Problem("not_canonical", str(fault))
    if type(value) is not dict:
        return Problem("not_canonical", "a batch is a map")
    for key in ("v", "suite"):
        if type(value.get(key)) is int and value[key] != 1:
            return Problem("unsupported_version", "v and suite must be 1", **{key: value[key]})
    envelopes, private = value.get("envelopes"), value.get("private")
    if type(envelopes) is list:
        if len(envelopes) > MAX_ENVELOPES:
            return Problem("too_large", "more than 500 envelopes", limit=MAX_ENVELOPES)
        first = value.get("first")
        for index, envelope in enumerate(envelopes):
            if type(envelope) is bytes and len(envelope) > MAX_ENVELOPE:
                where = {"seq": first + index} if type(first) is int and 1 <= first <= MAX_SAFE else {}
                return Problem("too_large", "one envelope is over 60,000 bytes", limit=MAX_ENVELOPE, **where)
    if type(private) is list:
        if len(private) > MAX_PRIVATE:
            return Problem("too_large", "more than 2,000 private values", limit=MAX_PRIVATE)
        for item in private:
            if type(item) is dict and type(item.get("c")) is bytes and len(item["c"]) > MAX_SEALED:
                return Problem("too_large", "a sealed value is over 8 KiB", limit=MAX_SEALED)
    return Problem("not_canonical", "a key of the batch is missing, unknown or of the wrong form")


class _Versions(Struct):
    v: int | UnsetType = UNSET
    suite: int | UnsetType = UNSET


_VERSIONS = msgspec.msgpack.Decoder(_Versions)


def _loose_versions(data: bytes) -> Problem | None:
    """Another version may be encoded by other rules: its number is judged before anything else in the map."""
    try:
        found = _VERSIONS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, RecursionError, MemoryError):
        return None
    for key, version in (("v", found.v), ("suite", found.suite)):
        if version is not UNSET and version != 1:
            return Problem("unsupported_version", "v and suite must be 1", **{key: version})
    return None
