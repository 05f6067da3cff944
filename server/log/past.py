"""What stood at an earlier cut, for the supervisors' face: read from the log as its writer reads it, and never written.

Answers are kept for a while: those of a named cut for as long as there is room, since they cannot change; those of now
for FRESH_SECONDS. The invariant: nothing of an authority that was not named leaves this module.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import asyncpg

from domain import reporting
from domain.quarterly import Period
from domain.reporting import Kind
from domain.workdays import end_of, start_of
from projections.process import figures, off_system, past, submissions
from projections.process import trail as trails
from projections.process.figures import NoCut
from projections.process.off_system import OffSystem
from projections.process.store import Memory
from projections.process.submissions import Handed, Reconciled
from projections.process.trail import Trail

FRESH_SECONDS: Final = 20.0
KEPT: Final = 32
_Key: TypeAlias = tuple[tuple[str, ...], str, str]


def _fits(kind: Kind, span: Period) -> bool:
    try:
        reporting.check(kind, span)
    except reporting.NotOfPeriod:
        return False
    return True


@dataclass(slots=True)
class Past:
    """Answers as of a cut, over the connections of the log's writer."""

    pool: asyncpg.Pool
    _memory: Memory = field(default_factory=Memory)
    _found: OrderedDict[_Key, tuple[float, OffSystem]] = field(default_factory=OrderedDict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def off_system(self, authorities: Sequence[str], period: Period, name: str = "") -> OffSystem:
        """The report on enforcement off the system; `name` is that of an earlier one (off_system.moment), "" for now.

        Raises figures.NoCut, past.TooFarBack, ValueError for a name of another form.
        """
        key = (tuple(sorted(authorities)), period.name, name)
        known = self._known(key)
        if known is not None:
            return known
        # One at a time: an answer about the past may take long, and the next one is often the same.
        async with self._lock:
            known = self._known(key)
            if known is not None:
                return known
            async with scope(self.pool, authorities) as connection:
                made = await made_at(connection, authorities, period, name, self._memory)
            self._found[key] = (time.monotonic(), made)
            self._found[(key[0], key[1], made.name)] = (time.monotonic(), made)
            while len(self._found) > KEPT:
                self._found.popitem(last=False)
            return made

    async def submissions(self, authorities: Sequence[str], span: Period) -> Handed:
        """What was handed in for a period, and by when it is due, as of now."""
        async with scope(self.pool, authorities) as connection:
            cut = await past.newest(connection)
            found = await submissions.submitted(connection, cut, authorities, span=span.name)
            kinds = [kind for kind in reporting.KINDS if _fits(kind, span)]
            due = {kind: await submissions.due_by(connection, cut, authorities, kind, span) for kind in kinds}
            return Handed(found, due)

    async def submission(self, authorities: Sequence[str], report: str) -> Reconciled | None:
        """One report that was handed in, beside what the system has now; None where there is none of that id."""
        async with scope(self.pool, authorities) as connection:
            cut = await past.newest(connection)
            found = await submissions.submitted(connection, cut, authorities, report=report)
            if not found:
                return None
            await figures.keep(connection, cut)
            return Reconciled(found[0], await submissions.reconciled(connection, cut, found[0]), cut.name)

    async def trail(self, authorities: Sequence[str], of: trails.Of, name: str, span: Period) -> Trail | None:
        """The acts of an officer or about an enterprise within a period, as of now."""
        async with scope(self.pool, authorities) as connection:
            return await trail_now(connection, authorities, of, name, span)

    def _known(self, key: _Key) -> OffSystem | None:
        at, made = self._found.get(key, (0.0, None))
        return None if made is None or (not key[2] and time.monotonic() - at >= FRESH_SECONDS) else made


async def made_at(
    connection: asyncpg.Connection,
    authorities: Sequence[str],
    period: Period,
    name: str = "",
    memory: Memory | None = None,
) -> OffSystem:
    """A report as of now, which keeps its cut, or as of an earlier one. Raises as `Past.off_system`."""
    wanted, instant = off_system.moment(name)
    if wanted:
        cut = await past.whole(connection, await figures.logs_of_cut(connection, wanted))
        at = await past.last_received(connection, cut) if instant is None else instant
    else:
        cut = await past.newest(connection)
        at = time.time_ns() // 1_000_000
        await figures.keep(connection, cut)
    return await off_system.report(connection, authorities, period, cut, at, memory)


async def trail_now(
    connection: asyncpg.Connection, authorities: Sequence[str], of: trails.Of, name: str, span: Period
) -> Trail | None:
    """A trail as of now, whose cut is kept."""
    cut = await past.newest(connection)
    await figures.keep(connection, cut)
    first, last = start_of(span.first), end_of(span.last) - 1
    return await trails.trail(connection, cut, authorities, of, name, first, last)


@asynccontextmanager
async def scope(pool: asyncpg.Pool, authorities: Sequence[str]) -> AsyncIterator[asyncpg.Connection]:
    """A transaction of one moment that sees these authorities and no other."""
    async with pool.acquire(timeout=10) as connection, connection.transaction(isolation="repeatable_read"):
        await look(connection, authorities)
        yield connection


async def look(connection: asyncpg.Connection, authorities: Sequence[str]) -> None:
    """Tell row-level security what is looked at."""
    first, *others = sorted(set(authorities))
    await connection.execute(
        "SELECT set_config('liuhen.authority', $1, true), set_config('liuhen.below', $2, true)", first, ",".join(others)
    )


__all__ = ["NoCut", "Past", "look", "made_at", "scope"]
