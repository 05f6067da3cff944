"""What is kept of a terminal in its row: the packed columns, and the keys that the door needs before any lock.

The cache of keys holds only what never changes (one terminal id has one event key for its whole life).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import msgspec

from schemas.admission import NOTHING_RARE, Rare
from server.log import store

MAX_CACHED: Final = 50_000
_RARE = msgspec.msgpack.Decoder(Rare)
_CLOCK = msgspec.msgpack.Decoder(tuple[bytes, int, int])
_ENCODER = msgspec.msgpack.Encoder()


def decode_clock(data: Any) -> tuple[bytes, int, int] | None:
    """(boot, mono, at) of the newest envelope, None where it had no clock."""
    return None if data is None else _CLOCK.decode(bytes(data))


def encode_clock(clock: tuple[bytes, int, int] | None) -> bytes | None:
    """The column of `decode_clock`."""
    return None if clock is None else _ENCODER.encode(clock)


def decode_rare(data: Any) -> Rare:
    """Side chains and holes of a terminal."""
    return NOTHING_RARE if data is None else _RARE.decode(bytes(data))


def encode_rare(rare: Rare) -> bytes | None:
    """The column of `decode_rare`."""
    return None if rare == NOTHING_RARE else _ENCODER.encode(rare)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What never changes of an enrolled terminal: id, authority, both public keys, and where its enrolment stands."""

    terminal: bytes
    authority: str
    event_key: bytes
    request_key: bytes


class Terminals:
    """Enrolled terminals by id, read from the database when first asked for. Unknown ones are not remembered."""

    def __init__(self, pool: asyncpg.Pool, queries: Mapping[str, str]) -> None:
        self._pool = pool
        self._queries = queries
        self._cache: OrderedDict[bytes, Enrolled] = OrderedDict()

    async def get(self, terminal: bytes) -> Enrolled | None:
        """The terminal of that id, None if none is enrolled."""
        known = self._cache.get(terminal)
        if known is not None:
            return known
        row = await self._pool.fetchrow(self._queries["terminal"], store.uuid(terminal))
        if row is None:
            return None
        known = Enrolled(terminal, row["authority"], bytes(row["event_key"]), bytes(row["request_key"]))
        self._cache[terminal] = known
        while len(self._cache) > MAX_CACHED:
            self._cache.popitem(last=False)
        return known
