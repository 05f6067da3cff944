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
    BodyCheck,
    Reader,
    Taken,
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
    reader: Reader, envelopes: Sequence[bytes], hashes: Sequence[bytes], terminal: bytes, first: int
) -> Outline | None:
    """The `outline` of a batch without the readings, which costs half as much; None where the typed way does not lead
    through all of it: then the readings decide.

    What neighbours have in common (type, officers, tags) is judged once.
    """
    if not envelopes:
        return None
    kind: BodyCheck | None = None
    name, about, by = "", msgspec.Raw(), msgspec.Raw()
    prev = link = b""
    opens: tuple[bytes, int, int] | None = None
    clock: tuple[bytes, int, int] | None = None
    ids: list[bytes] = []
    wanted: list[tuple[str, bytes, int]] = []
    runs: list[tuple[tuple[str, ...], int]] = []
    try:
        for index, (data, digest) in enumerate(zip(envelopes, hashes, strict=True)):
            envelope = reader.slim(data, terminal, first + index)
            if envelope is None:
                return None
            before, clock = clock, clock_of(envelope)
            if index == 0:
                prev, opens = envelope.prev, clock
            elif envelope.prev != link or clock_jumped(before, clock):
                return None
            if envelope.type != name:
                name = envelope.type
                kind = reader.field_type(name)
            if kind is None:
                return None
            if envelope.about != about:
                about = envelope.about
                tags = reader.own_tags(about)
                if tags is None:
                    return None
                runs.append((tags, index))
            if envelope.by != by:
                by = envelope.by
                if not officers_in(bytes(by)):
                    return None
            raw = bytes(envelope.body)
            body = kind.decode(raw)
            if encode_sorted(body) != raw:
                return None
            if envelope.blobs is not UNSET or envelope.loc is not UNSET:
                if not bounded_rest(envelope):
                    return None
                wanted += [("blob", blob, index) for blob in blobs_of(envelope)]
            if kind.private:
                wanted += [("private", commitment, index) for commitment in kind.commitments(body)]
            ids.append(envelope.id)
            link = digest
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError, MemoryError):
        return None
    if len(set(ids)) < len(ids):
        return None
    envs = sha256(b"".join(hashes)).digest()
    return Outline(prev, link, envs, opens, clock, ids, _tags_of_runs(runs, len(envelopes)), wanted)


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
