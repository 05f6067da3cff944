"""A scrub: every blob is read again and compared with its digest, at a rate that leaves the disk to others.

Damage is recorded as it is found (server.evidence.checking), so an interrupted scrub loses nothing; the next one begins
anew and finds recorded damage already recorded. A blob that was damaged and is sound again, because its file was put
back, is held again. The invariant: nothing is removed and nothing is written into the store.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from server.evidence.checking import Checker, Pace, read_whole
from server.log import store as database
from server.log.arrivals import Arrivals

PAGE = 500


@dataclass
class Scrubbed:
    """What a scrub found: numbers, and the digests of what is not in order (hexadecimal)."""

    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    sound: int = 0
    corrupt: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)

    @property
    def in_order(self) -> bool:
        """Whether every blob has its digest."""
        return not self.corrupt and not self.lost


async def scrub(
    checker: Checker,
    pool: asyncpg.Pool,
    arrivals: Arrivals,
    *,
    rate: float = 0.0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Scrubbed:
    """Read everything again, at most `rate` bytes a second (0: as fast as it goes). `pool` is of the log's writer.

    `progress(bytes done, bytes in all)`. Raises Problem where damage cannot be recorded.
    """
    queries = database.load_queries("server.evidence", "custody.sql")
    found, begun = Scrubbed(), time.monotonic()
    whole = (await pool.fetchrow(queries["volume"]))["bytes"]
    pace = _paced(rate, begun)
    await checker.unfinished()
    after = b""
    while rows := await pool.fetch(queries["blobs"], after, PAGE):
        for row in rows:
            after = bytes(row["digest"])
            await _one(checker, arrivals, pool, row, found, pace)
            found.files += 1
            found.bytes += row["size"]
            progress(found.bytes, whole)
    for row in await pool.fetch(queries["without_row"]):  # a record says that it arrived, the store never heard of it
        digest = bytes(row["digest"])
        found.lost.append(digest.hex())
        await checker.check(digest)
    found.seconds = time.monotonic() - begun
    return found


async def _one(
    checker: Checker, arrivals: Arrivals, pool: asyncpg.Pool, row: asyncpg.Record, found: Scrubbed, pace: Pace
) -> None:
    digest = bytes(row["digest"])
    state = row["state"]
    if state == "held":
        state = await checker.check(digest, pace)
    elif (await read_whole(checker.store, digest, pace)).found == digest:
        queries = database.load_queries("server.evidence", "custody.sql")
        await pool.execute(queries["hold_again"], digest)
        await arrivals.announce(digest)
        state = await checker.check(digest)
        found.restored.append(digest.hex())
    match state:
        case "held":
            found.sound += 1
        case "corrupt":
            found.corrupt.append(digest.hex())
        case _:
            found.lost.append(digest.hex())


def _paced(rate: float, begun: float) -> Pace:
    done = 0

    async def pace(length: int) -> None:
        nonlocal done
        done += length
        ahead = done / rate - (time.monotonic() - begun) if rate else 0.0
        if ahead > 0:
            await asyncio.sleep(ahead)

    return pace
