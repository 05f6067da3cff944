"""`GET /sync/v1/changes`: what changed for the officers of a terminal, by cursor (wire protocol, section 6).

A terminal's officers are those whom its enrolment names and those who signed its recent events. The invariant: a cursor
is good for the terminal that it was given to and for the log's present epoch, and for nothing else; whoever comes with
another one is told so and never gets an empty success.
"""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import asyncpg
import msgspec

from projections.process import feed
from schemas import canonical, entries
from schemas.entries import EntryRefused, FieldEntry, OfficeEntry
from schemas.problems import Problem
from server.log import store
from server.log.ids import now_ms, uuid_text

MAX_ITEMS: Final = 500
MOST_BYTES: Final = 2 * 1_048_576
"""Bytes of items after which a page ends, unless it has but one."""
RECENT: Final = 200
"""Events of the terminal, newest first, whose officers are its officers."""
MAX_OFFICERS: Final = 64
MAX_CURSOR: Final = 1_024
KEPT: Final = 10_000
HOLDERS: Final = ("holder", "holders", "officer", "officers")
"""Keys of the enrolment's `info` that name officers: one, several, or several with commas."""
_DEVICE: Final = "terminal:"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a terminal goes on: behind a change, in an epoch, with what was given to these audiences so far."""

    epoch: int
    change: int
    audiences: frozenset[bytes]

    def text(self, terminal: bytes) -> str:
        """As it goes over the wire: opaque, and bound to the terminal."""
        data = msgspec.msgpack.encode((1, self.epoch, self.change, sorted(self.audiences)))
        return base64.urlsafe_b64encode(_check(terminal, data) + data).decode("ascii").rstrip("=")

    @classmethod
    def read(cls, text: str, terminal: bytes) -> Cursor:
        """Raises Problem bad_cursor."""
        if len(text) > MAX_CURSOR:
            raise Problem("bad_cursor", "it is longer than any that was given")
        try:
            raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            version, epoch, change, audiences = msgspec.msgpack.decode(raw[8:], type=tuple[int, int, int, list[bytes]])
        except (UnicodeEncodeError, binascii.Error, ValueError, msgspec.DecodeError):
            raise Problem("bad_cursor", "it has not the form of one that was given") from None
        if raw[:8] != _check(terminal, raw[8:]) or version != 1 or epoch < 1 or change < 0:
            raise Problem("bad_cursor", "it was not given to this terminal")
        return cls(epoch, change, frozenset(audiences))


@dataclass(slots=True)
class Changes:
    """The endpoint's work. `console` reads the process tables under row-level security, `pool` the log."""

    console: asyncpg.Pool
    pool: asyncpg.Pool
    recent: int = RECENT
    _officers: OrderedDict[bytes, tuple[tuple[int, int, int], frozenset[str]]] = field(default_factory=OrderedDict)
    _queries: Mapping[str, str] = field(default_factory=lambda: store.load_queries("server.sync", "changes.sql"))

    async def answer(self, terminal: bytes, after: str | None, limit: int) -> bytes:
        """{`items`, `more`, `next`}, canonical; `reset` too where the terminal is to forget what it had.

        Raises Problem revoked, bad_cursor.
        """
        row = await self.pool.fetchrow(self._queries["standing"], store.uuid(terminal))
        if row is None:
            raise Problem("unknown_terminal")
        if row["revoked"] is not None:
            raise Problem("revoked")
        start = None if not after else Cursor.read(after, terminal)
        if start is not None and start.epoch != row["epoch"]:
            raise Problem("bad_cursor", "a new epoch of the log has begun since it was given")
        officers = await self._of(terminal, row)
        audiences = frozenset((*officers, f"{_DEVICE}{uuid_text(terminal)}"))
        named = frozenset(_short(audience) for audience in audiences)
        # Who took up this terminal since was told nothing yet, and what concerned who left it is to go: all over again.
        again = start is not None and named != start.audiences
        begin = 0 if start is None or again else start.change
        authority = row["authority"]
        async with (
            self.console.acquire(timeout=10) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            above = superiors(authority)
            await connection.execute(self._queries["scope"], authority, ",".join(above))
            if begin > (await feed.newest(connection)).change:
                raise Problem("bad_cursor", "it is ahead of everything: the database was put back since it was given")
            found = await feed.items(
                connection, authority, audiences, above, after=begin, limit=limit, most_bytes=MOST_BYTES, as_of=now_ms()
            )
        told: dict[str, Any] = {
            "items": list(found.items),
            "more": found.more,
            "next": Cursor(row["epoch"], found.last, named).text(terminal),
        }
        if start is None or again:
            told["reset"] = True
        return canonical.encode(told)

    async def _of(self, terminal: bytes, row: Any) -> frozenset[str]:
        """The terminal's officers, kept until it hands in more."""
        stand = (row["seq"], row["chain"], row["log_id"])
        kept = self._officers.get(terminal)
        if kept is not None and kept[0] == stand:
            self._officers.move_to_end(terminal)
            return kept[1]
        found: dict[str, None] = {}
        for record in await self.pool.fetch(
            self._queries["recent"], store.uuid(terminal), row["chain"], row["seq"] - self.recent, self.recent
        ):
            found.update(dict.fromkeys(_signers(bytes(record["entry"]))))
        held = _holders(bytes(row["enrolment"]))
        officers = frozenset([*held, *found][:MAX_OFFICERS])
        self._officers[terminal] = (stand, officers)
        if len(self._officers) > KEPT:
            self._officers.popitem(last=False)
        return officers


def limit_of(text: str | None) -> int:
    """The limit of a request. Raises Problem bad_request."""
    if text is None:
        return MAX_ITEMS
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= MAX_ITEMS):
        raise Problem("bad_request", f"expected a limit from 1 to {MAX_ITEMS}", limit=MAX_ITEMS)
    return int(text)


def superiors(authority: str) -> list[str]:
    """The authorities above one, nearest first: 210521 is below 210500, 210000 and the whole country's 000000."""
    if len(authority) != 6:
        return []
    found = [authority[:4] + "00", authority[:2] + "0000", "000000"]
    return [above for above in dict.fromkeys(found) if above != authority]


def _check(terminal: bytes, data: bytes) -> bytes:
    return sha256(b"liuhen cursor v1\n" + terminal + data).digest()[:8]


def _short(audience: str) -> bytes:
    return sha256(audience.encode()).digest()[:6]


def _signers(entry: bytes) -> list[str]:
    """`by` of an envelope; a name that would be taken for a device is nobody's."""
    try:
        decoded = entries.decode(entry)
        if not isinstance(decoded, FieldEntry):
            return []
        envelope = canonical.decode(decoded.e)
    except (EntryRefused, canonical.NotCanonical):
        return []
    by = envelope.get("by") if isinstance(envelope, dict) else None
    return [name for name in by if _is_officer(name)] if isinstance(by, list) else []


def _holders(entry: bytes) -> list[str]:
    try:
        decoded = entries.decode(entry)
    except EntryRefused:
        return []
    info = decoded.b.get("info") if isinstance(decoded, OfficeEntry) and isinstance(decoded.b, Mapping) else None
    if not isinstance(info, Mapping):
        return []
    found: list[str] = []
    for key in HOLDERS:
        value = info.get(key, ())
        names = value.replace("，", ",").split(",") if isinstance(value, str) else value
        if isinstance(names, list | tuple):
            found += [name.strip() for name in names if isinstance(name, str) and _is_officer(name.strip())]
    return found


def _is_officer(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name.encode()) <= 128 and not name.startswith(_DEVICE) and "\0" not in name
