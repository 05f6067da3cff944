"""The outline of a batch: what admission, indexes and receipt need of it as a whole where nothing in it is remarkable.

Most batches are: every envelope sound and without a note, each linking to the one before, with ids that differ and a
clock that never jumped. Such a batch is decided in one step (`schemas.admission.admit_outline`), and whoever reads it
may be another process, since an outline says nothing about an envelope that the batch does not say at once. Any other
batch has none and goes envelope by envelope. The invariant: with and without an outline the same is decided and written
(a property test holds the two together).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby
from operator import attrgetter

import msgspec
from msgspec import UNSET, Struct

from schemas.envelope import (
    BIN32,
    Anchored,
    Reader,
    Slim,
    Taken,
    array_header,
    blobs_of,
    bounded_rest,
    clock_jumped,
    clock_of,
    encode_sorted,
    officers_in,
)

_tags_of = attrgetter("tags")
_OFFSETS = b"".join([place.to_bytes(2, "big") for place in range(512)])


class Outline(Struct, frozen=True, gc=False, array_like=True):
    """`prev` of the first envelope and `hash` of the last, `envs` as a batch signs it, the clocks of both ends.

    `tags` = (tag, index of its first envelope, offsets of the others from there, 2 bytes each); `wanted` = (kind,
    digest, index) of files and private values that an envelope relies on.
    """

    prev: bytes
    hash: bytes
    envs: bytes
    opens: tuple[bytes, int, int] | None
    closes: tuple[bytes, int, int] | None
    ids: list[bytes]
    tags: list[tuple[str, int, bytes]]
    wanted: list[tuple[str, bytes, int]]


class Read(Struct, gc=False, array_like=True):
    """A batch as it was read: leaf hashes in any case; with an outline neither envelope hashes nor readings, which are
    made again in the rare case that they are needed after all.
    """

    leaves: list[bytes]
    outline: Outline | None
    hashes: list[bytes]
    readings: list[Taken]


def read_batch(
    reader: Reader, envelopes: Sequence[bytes], hashes: list[bytes], leaves: list[bytes], terminal: bytes, first: int
) -> Read:
    """Read envelopes that follow one another from seq `first`; `hashes` are theirs, `leaves` those of their entries."""
    found = read_outline(reader, envelopes, hashes, terminal, first)
    if found is not None:
        return Read(leaves, found, [], [])
    readings = reader.take_all(envelopes, hashes, terminal, first)
    return Read(leaves, outline(readings), hashes, readings)


def read_outline(
    reader: Reader, envelopes: Sequence[bytes], hashes: list[bytes], terminal: bytes, first: int
) -> Outline | None:
    """The `outline` of a batch without the readings, which costs half as much; None where the typed way does not lead
    through all of it: then the readings decide.

    The envelopes are judged column by column, and what neighbours have in common (type, officers, tags) once: judging
    one after the other takes half as long again.
    """
    if not envelopes:
        return None
    try:
        found = reader.slim_all(envelopes, terminal, first)
        if found is None or [each.prev for each in found[1:]] != hashes[:-1]:
            return None
        clocks = [clock_of(each) for each in found]
        if any(map(clock_jumped, clocks, clocks[1:])):
            return None
        if not all(officers_in(bytes(by)) for by, _ in groupby([each.by for each in found])):
            return None
        tags = _tags_in(reader, [each.about for each in found])
        private = _commitments_in(reader, found)
        if tags is None or private is None:
            return None
        wanted: list[tuple[str, bytes, int]] = []
        for index, each in enumerate(found):
            if each.blobs is not UNSET or each.loc is not UNSET:
                if not bounded_rest(each):
                    return None
                wanted += [("blob", blob, index) for blob in blobs_of(each)]
            if index in private:
                wanted += [("private", commitment, index) for commitment in private[index]]
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError, MemoryError):
        return None
    ids = [each.id for each in found]
    if len(set(ids)) < len(ids):
        return None
    envs = sha256(b"".join(hashes)).digest()
    return Outline(found[0].prev, hashes[-1], envs, clocks[0], clocks[-1], ids, tags, wanted)


def _tags_in(reader: Reader, abouts: Sequence[msgspec.Raw]) -> list[tuple[str, int, bytes]] | None:
    """`Outline.tags` of envelopes with these `about`; None where one is not sound or names another authority."""
    runs: list[tuple[tuple[str, ...], int]] = []
    begin = 0
    for about, same in groupby(abouts):
        tags = reader.own_tags(about)
        if tags is None:
            return None
        runs.append((tags, begin))
        begin += len(list(same))
    return _tags_of_runs(runs, begin)


def _commitments_in(reader: Reader, found: Sequence[Slim | Anchored]) -> dict[int, tuple[bytes, ...]] | None:
    """The commitments in the bodies, by index, where there are any; None where a body does not fit its type.

    Raises msgspec.DecodeError, ValueError.
    """
    private: dict[int, tuple[bytes, ...]] = {}
    for name, some in groupby(range(len(found)), lambda index: found[index].type):
        kind = reader.field_type(name)
        if kind is None:
            return None
        places = list(some)
        # Each body is one whole object of MessagePack, as the decoder found where it ends: so it is in the array.
        raw = array_header(len(places)) + b"".join([found[index].body for index in places])
        bodies = kind.decode_all(raw)
        if encode_sorted(bodies) != raw:
            return None
        if kind.private and BIN32 in raw:  # a commitment is a bin32
            private |= {index: kind.commitments(body) for index, body in zip(places, bodies, strict=True)}
    return private


def _tags_of_runs(runs: Sequence[tuple[tuple[str, ...], int]], count: int) -> list[tuple[str, int, bytes]]:
    """`Outline.tags` of runs of envelopes with the same tags, each given with the index where it begins."""
    found: dict[str, tuple[int, bytes]] = {}
    ends = [*(begin for _, begin in runs[1:]), count]
    for (tags, begin), end in zip(runs, ends, strict=True):
        for tag in tags:
            first, behind = found.get(tag, (begin, b""))
            found[tag] = first, behind + _OFFSETS[2 * (begin - first) : 2 * (end - first)]
    return [(tag, first, behind[2:]) for tag, (first, behind) in found.items()]


def outline(readings: Sequence[Taken]) -> Outline | None:
    """The outline of a batch read as `readings`; None where something in it is remarkable, or where it is empty."""
    if not readings or readings[0].prev is None:
        return None
    link, clock = readings[0].prev, readings[0].clock
    ids: list[bytes] = []
    wanted: list[tuple[str, bytes, int]] = []
    for index, reading in enumerate(readings):
        if reading.notes or reading.prev != link or reading.id is None or clock_jumped(clock, reading.clock):
            return None
        link, clock = reading.hash, reading.clock
        ids.append(reading.id)
        if reading.blobs or reading.private:
            wanted += [("blob", digest, index) for digest in reading.blobs]
            wanted += [("private", digest, index) for digest in reading.private]
    if len(set(ids)) < len(ids):
        return None
    envs = sha256(b"".join([reading.hash for reading in readings])).digest()
    return Outline(readings[0].prev, link, envs, readings[0].clock, clock, ids, tag_rows(readings), wanted)


def tag_rows(readings: Sequence[Taken]) -> list[tuple[str, int, bytes]]:
    """`Outline.tags` of at most 500 readings that stand one behind the other."""
    places: dict[str, list[int]] = {}
    begin = 0
    for tags, same in groupby(readings, _tags_of):
        end = begin + len(list(same))
        for tag in tags:
            places.setdefault(tag, []).extend(range(begin, end))
        begin = end
    return [(tag, found[0], offsets(found)) for tag, found in places.items()]


def offsets(places: Sequence[int]) -> bytes:
    """How far ascending places lie behind the first of them, at most 65,535: 2 bytes each, big endian."""
    first = places[0]
    return b"".join([(place - first).to_bytes(2, "big") for place in places[1:]])


def places(first: int, behind: bytes) -> list[int]:
    """The places that `offsets` tells, `first` among them."""
    return [first, *(first + int.from_bytes(behind[at : at + 2], "big") for at in range(0, len(behind), 2))]
