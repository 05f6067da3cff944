"""Opening a personal value that lies sealed beside the log: only with a reason, and never without an act that says so.

The invariant: the act `private_value.revealed.v1` stands in the log before the value leaves this module. The value
itself is in no entry, no log line and no table; it is returned once, to be shown once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import asyncpg

from schemas import canonical, entries, private
from schemas.entries import BranchEntry, FieldEntry, OfficeEntry, Who
from schemas.events import REGISTRY, InvalidBody
from schemas.events.correction import PrivateValueRevealed
from schemas.events.registry import Path
from schemas.private import SealRefused
from schemas.problems import Problem
from server.log import store
from server.log.acts import Act, OfficeActs
from server.log.committer import Committer
from server.log.ids import now_ms, uuid7

MAX_REASON: Final = 500
_KINDS: Final = ("case:", "hazard:", "task:")
"""Tags of the record that the act carries as well, so that it stands in the same files."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A personal value as a record commits to it.

    `path` names the field, `place` is where it stands ("$.principals[0].phone").
    `arrived`: a sealed value that opens is here.
    """

    event: bytes
    type: str
    about: tuple[str, ...]
    path: Path
    place: str
    commitment: bytes
    arrived: bool


def sealed(value: object, data_public: bytes) -> tuple[bytes, bytes]:
    """(commitment, sealed value) of a personal value that the office itself enters; `data_public` of its epoch."""
    salt = secrets.token_bytes(private.SALT_BYTES)
    commitment = private.commitment(salt, value)
    return commitment, private.seal(value, salt, commitment, data_public)


class PrivateValues:
    """The officers' way to personal values. `pool` reads the log (role of the log's writer), `committer` appends."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool) -> None:
        self._committer = committer
        self._pool = pool
        self._queries = store.load_queries("server.log", "private.sql")

    async def find(self, authority: str, epoch: int, position: int, commitment: bytes) -> Withheld:
        """What the record at that place commits to. Raises Problem not_found, also for another authority's record."""
        data = await self._pool.fetchval(self._queries["entry_at"], authority, epoch, position)
        found = None if data is None else _withheld(bytes(data), commitment)
        if found is None:
            raise Problem("not_found", "no record of this authority commits to that value there")
        sealed = await self._pool.fetchval(self._queries["sealed_of"], commitment)
        return replace(found, arrived=sealed is not None)

    async def reveal(
        self, authority: str, epoch: int, position: int, commitment: bytes, reason: str, role: str, who: Who
    ) -> tuple[Withheld, object]:
        """Record that the value is revealed, then return it. Each call is an act of its own.

        Raises Problem: not_found, bad_request (no reason), conflict (the value has not arrived or cannot be opened).
        """
        if not 1 <= len(reason) <= MAX_REASON or "\0" in reason:
            raise Problem("bad_request", f"expected a reason of 1 to {MAX_REASON} characters")
        if not isinstance(who.officer, str):
            raise Problem("forbidden", "a personal value is shown to a person")
        found = await self.find(authority, epoch, position, commitment)
        value = await self._open(authority, commitment)
        act = Act(
            type=PrivateValueRevealed.SPEC.name,
            about=sorted({tag for tag in found.about if tag.startswith(_KINDS)} | {f"officer:{who.officer}"})[:16],
            body={
                "target_event": found.event,
                "commitment": commitment,
                "path": found.place,
                "officer": who.officer,
                "role": role,
                "reason": reason,
            },
            origin=uuid7(),
            version=1,
            id=uuid7(),
        )
        # The commit point: behind it the revelation is on record, whether or not the answer reaches the officer.
        await self._committer.submit(OfficeActs(authority, [act], who, now_ms()))
        return found, value

    async def _open(self, authority: str, commitment: bytes) -> object:
        sealed = await self._pool.fetchval(self._queries["sealed_of"], commitment)
        if sealed is None:
            raise Problem("conflict", "the value has not arrived yet")
        keys = await asyncio.to_thread(self._committer.book.keyring.data_keys, authority)
        try:
            return private.open_sealed(bytes(sealed), commitment, keys).value
        except SealRefused as refused:
            raise Problem("conflict", f"the value cannot be opened: {refused}") from None


def _withheld(data: bytes, commitment: bytes) -> Withheld | None:
    entry = entries.decode(data)
    match entry:
        case FieldEntry() | BranchEntry():
            try:
                fields = canonical.decode(entry.e)
            except canonical.NotCanonical:
                return None
            match fields:
                case {"type": str(name), "id": bytes(event), "about": list(about), "body": dict(body)}:
                    return _of(name, body, event, about, commitment)
                case _:
                    return None
        case OfficeEntry():
            return _of(entry.y, entry.b, entry.i, entry.a, commitment)
        case _:
            return None


def _of(name: str, body: Mapping[str, Any], event: bytes, about: Sequence[str], commitment: bytes) -> Withheld | None:
    kind = REGISTRY.lookup(name)
    if kind is None:
        return None
    try:
        REGISTRY.decode_body(name, body)
    except InvalidBody:
        return None
    for path in kind.private:
        for place, value in _places(body, path, "$"):
            if value == commitment:
                return Withheld(event, name, tuple(about), path, place, commitment, arrived=False)
    return None


def _places(value: Any, path: Path, place: str) -> Iterator[tuple[str, bytes]]:
    if not path:
        yield place, value
    elif path[0] == "*":
        for index, item in enumerate(value):
            yield from _places(item, path[1:], f"{place}[{index}]")
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _places(value[path[0]], path[1:], f"{place}.{path[0]}")
