"""What a copy of a case file covers: every entry that carries a tag of the case, and what is needed to check it.

An entry names the case if it carries one of the case's tags: `case:<id>` itself, and `task:` and `hazard:` tags that
stand beside it on some entry. That is what a reader of the log can decide without knowing any rule of procedure, and
what verify.py decides again. The invariant: all answers are of one cut, the sizes that the logs had at the beginning.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import asyncpg
from msgspec import UNSET

from schemas import canonical, entries
from schemas.entries import BranchEntry, FieldEntry, OfficeEntry, SealEntry
from schemas.events.export import MAX_LISTED
from schemas.outline import places
from schemas.problems import Problem
from server.log import store

AT_ONCE: Final = 200
MAX_NAMES: Final = 200
MAX_ENTRIES: Final = 200_000
_KIN: Final = ("hazard:", "task:")


@dataclass(frozen=True, slots=True)
class LogPart:
    """What is taken from one log: `row` is its head as read, `positions` ascend, all below `size`."""

    row: Any
    size: int
    positions: tuple[int, ...]
    digest: bytes

    @property
    def log_id(self) -> int:
        """Our number of the log."""
        return int(self.row["log_id"])

    @property
    def epoch(self) -> int:
        """Its epoch."""
        return int(self.row["epoch"])

    def body(self) -> dict[str, Any]:
        """As the act of the export states it."""
        said: dict[str, Any] = {
            "epoch": self.epoch, "size": self.size, "entries": len(self.positions), "digest": self.digest
        }  # fmt: skip
        if 0 < len(self.positions) <= MAX_LISTED:
            said["positions"] = list(self.positions)
        return said


@dataclass(frozen=True, slots=True)
class Covered:
    """The cut: `names` are the tags that count as naming the case, `parts` the logs of all epochs, oldest first."""

    authority: str
    case: str
    names: tuple[str, ...]
    parts: tuple[LogPart, ...]

    @property
    def events(self) -> int:
        """How many entries name the case."""
        return sum(len(part.positions) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Declared:
    """A file that an event of the case relies on."""

    digest: bytes
    size: int
    media_type: str


class Reader:
    """Reads the log for an export. `pool` has the role of the log's writer."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._queries = store.load_queries("server.export", "export.sql")
        self._log = store.load_queries("server.log", "log.sql")

    async def cover(self, authority: str, case: str) -> Covered:
        """The cut of a case as of now. Raises Problem not_found, too_large."""
        rows = [row for row in await self._pool.fetch(self._log["logs_of"], authority) if row["size"] > 0]
        sizes = {row["log_id"]: row["size"] for row in rows}
        own = await self._positions(authority, [f"case:{case}"], sizes)
        names = {f"case:{case}"}
        for log_id, positions in own.items():
            async for _, data in self.read(log_id, positions):
                names.update(tag for tag in tags_of(data) if tag.startswith(_KIN))
        if not any(own.values()):
            raise Problem("not_found")
        found = await self._positions(authority, sorted(names), sizes)
        if len(names) > MAX_NAMES or sum(map(len, found.values())) > MAX_ENTRIES:
            raise Problem("too_large", f"expected at most {MAX_NAMES} matters and {MAX_ENTRIES} entries of a case")
        parts = []
        for row in rows:
            positions = found.get(row["log_id"], [])
            machine = sha256()
            async for position, data in self.read(row["log_id"], positions):
                machine.update(struct.pack(">Q", position) + sha256(b"\x00" + data).digest())
            parts.append(LogPart(row, row["size"], tuple(positions), machine.digest()))
        return Covered(authority, case, tuple(sorted(names)), tuple(parts))

    async def read(self, log_id: int, positions: Sequence[int]) -> AsyncIterator[tuple[int, bytes]]:
        """(position, entry) of a log, ascending. Raises Problem internal where one is absent."""
        for start in range(0, len(positions), AT_ONCE):
            wanted = positions[start : start + AT_ONCE]
            rows = await self._pool.fetch(self._queries["entries_at"], log_id, wanted)
            if [row["position"] for row in rows] != list(wanted):
                raise Problem("not_ready", "entries of the log are missing: run `liuhen verify`")
            for row in rows:
                yield row["position"], bytes(row["entry"])

    async def seals(self, log_id: int, envelopes: Sequence[tuple[bytes, int]]) -> list[int]:
        """Where the seals stand that cover envelopes (terminal, position) of this log."""
        rows = await self._pool.fetch(
            self._queries["next_seals"], log_id, [store.uuid(t) for t, _ in envelopes], [p for _, p in envelopes]
        )
        return [row["position"] for row in rows]

    async def hashes(self, authority: str, log_id: int, position: int, seal: SealEntry) -> bytes | None:
        """The hashes of all envelopes that a seal covers, one behind the other; None where a fork hides which."""
        rows = await self._pool.fetch(
            self._queries["places"], authority, store.uuid(seal.t), seal.f, seal.f + seal.c - 1
        )
        places: dict[int, list[tuple[int, int, int]]] = {}
        for row in rows:
            if row["log_id"] != log_id or row["position"] < position:
                places.setdefault(row["version"], []).append((row["log_id"], row["position"], row["chain"]))
        if len(places) != seal.c:
            return None
        # Usually there is one place for each number. Where a terminal forked, the chains are tried one by one.
        chains = sorted({chain for found in places.values() for _, _, chain in found}, reverse=True)
        for chain in chains:
            chosen = [
                max(found, key=lambda place: (place[2] == chain, place[0] == log_id, place[1]))
                for _, found in sorted(places.items())
            ]
            data = b"".join([sha256(one).digest() for one in await self._envelopes(chosen)])
            if sha256(data).digest() == seal.x:
                return data
        return None

    async def enrolments(self, authority: str, terminals: Iterable[bytes]) -> list[tuple[int, int]]:
        """(log, position) of the enrolments of terminals."""
        wanted = [store.uuid(one) for one in sorted(set(terminals))]
        return [tuple(row) for row in await self._pool.fetch(self._queries["enrolments"], wanted, authority)]

    async def held(self, digests: Iterable[bytes]) -> dict[bytes, str]:
        """State of the files that are known, by digest: held, corrupt or lost."""
        rows = await self._pool.fetch(self._queries["held"], sorted(set(digests)))
        return {bytes(row["digest"]): row["state"] for row in rows}

    async def _positions(self, authority: str, tags: Sequence[str], sizes: dict[int, int]) -> dict[int, list[int]]:
        found: dict[int, set[int]] = {}
        for row in await self._pool.fetch(self._queries["tagged"], authority, tags):
            found.setdefault(row["log_id"], set()).update(places(row["position"], bytes(row["offsets"])))
        return {
            log_id: sorted(position for position in positions if position < sizes.get(log_id, 0))
            for log_id, positions in found.items()
        }

    async def _envelopes(self, places: Sequence[tuple[int, int, int]]) -> list[bytes]:
        found: dict[tuple[int, int], bytes] = {}
        for log_id in {log for log, _, _ in places}:
            async for position, data in self.read(log_id, sorted({p for log, p, _ in places if log == log_id})):
                entry = entries.decode(data)
                found[log_id, position] = entry.e if isinstance(entry, FieldEntry | BranchEntry) else b""
        return [found[log_id, position] for log_id, position, _ in places]


def tags_of(data: bytes) -> tuple[str, ...]:
    """What an entry says that it is about; nothing where it cannot be read."""
    entry = entries.decode(data)
    if isinstance(entry, OfficeEntry):
        return tuple(entry.a)
    fields = _fields(entry)
    about = fields.get("about") if fields is not None else None
    return tuple(tag for tag in about if isinstance(tag, str)) if isinstance(about, list) else ()


def terminal_of(data: bytes) -> bytes | None:
    """The terminal whose envelope an entry holds."""
    entry = entries.decode(data)
    return entry.t if isinstance(entry, FieldEntry | BranchEntry) else None


def declared_in(data: bytes) -> list[Declared]:
    """The files that an entry's event relies on."""
    fields = _fields(entries.decode(data))
    blobs = fields.get("blobs", UNSET) if fields is not None else UNSET
    found = []
    for blob in blobs if isinstance(blobs, list) else ():
        match blob:
            case {"sha256": bytes(digest), "size": int(size), "type": str(kind)} if len(digest) == 32:
                found.append(Declared(digest, size, kind))
    return found


def _fields(entry: entries.Entry) -> dict[str, Any] | None:
    if not isinstance(entry, FieldEntry | BranchEntry):
        return None
    try:
        fields = canonical.decode(entry.e)
    except canonical.NotCanonical:
        return None
    return fields if isinstance(fields, dict) and fields.get("v") == 1 else None
