"""Notices what comes with time alone: deadlines that end soon or have ended, signals that stand from now on.

Nothing in the tables changes when a day ends; somebody has to look. Every look asks for what is due as of now and was
not said before, so after a time without a sweeper everything that came due meanwhile is noticed at the next look.
Invariant: each thing is noticed once, by whichever process looks first; what rests on an absence waits until the
terminals of its matter have uploaded everything.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from projections import rulefiles, statements, terminal_ledger
from projections.process.queries import ahead
from projections.runner import LOST, RECONNECT_SECONDS, connect

LOOK_SECONDS: Final = 30.0
MOST: Final = 10_000
"""Things noticed in one look at an authority; the rest comes at the next one."""

BEHIND: Final = 1_000
BEHIND_SECONDS: Final = 1.0
BEHIND_LOOKS: Final = 10
"""With more than BEHIND entries not filed a look waits; with fewer for BEHIND_LOOKS times BEHIND_SECONDS at most."""

log = structlog.get_logger("liuhen.sweeper")


@dataclass(slots=True)
class Noticed:
    """What one look noticed: how many of each kind (ahead_3, ahead_1, due, signal), over all authorities."""

    counts: Counter[str] = field(default_factory=Counter)

    @property
    def all(self) -> int:
        """All of them."""
        return sum(self.counts.values())


class Sweeper:
    """Looks every LOOK_SECONDS until `stop` is set. `clock` gives ms."""

    def __init__(self, dsn: str, *, clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._dsn = dsn
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Survives the loss of its connection; ends on anything else."""
        while not stop.is_set():
            try:
                await self._session(stop)
            except LOST as fault:
                log.warning("sweeper.connection_lost", error=type(fault).__name__)
                await _wait(stop, RECONNECT_SECONDS)

    async def _session(self, stop: asyncio.Event) -> None:
        connection = await connect(self._dsn, "liuhen sweeper")
        try:
            while not stop.is_set():
                if await self._filed(connection, stop):
                    await sweep(connection, self._clock())
                await _wait(stop, LOOK_SECONDS)
        finally:
            with suppress(*LOST):
                await connection.close(timeout=5)

    async def _filed(self, connection: asyncpg.Connection, stop: asyncio.Event) -> bool:
        """Wait for the judges: after a downtime the act that was in time may be in the log and not yet in a table."""
        looks = 0
        while not stop.is_set():
            slot = await connection.fetchval(statements.load("process_queries", "a")["slots"])
            behind = await connection.fetchval(statements.load("process", slot)["behind"])
            if behind == 0 or (behind <= BEHIND and looks >= BEHIND_LOOKS):
                return True
            looks += 1
            await _wait(stop, BEHIND_SECONDS)
        return False


async def sweep(connection: asyncpg.Connection, now: int) -> Noticed:
    """One look at every authority as of `now` (ms); role liuhen_projector. Raises LOST."""
    noticed = Noticed()
    for row in await connection.fetch(statements.load("process", "a")["authorities"]):
        counts = await _sweep(connection, row["authority"], now)
        if counts:
            noticed.counts.update(counts)
            log.info("sweeper.noticed", authority=row["authority"], **counts)
    return noticed


async def _sweep(connection: asyncpg.Connection, authority: str, now: int) -> Counter[str]:
    calendar = rulefiles.load()[1]
    async with connection.transaction():
        slots = await connection.fetchrow(statements.load("process_queries", "a")["slots"])
        queries = statements.load("process", slots["slot"])
        if not await connection.fetchval(queries["sweep_lease"], authority):
            return Counter()  # somebody else looks at this authority just now
        ends = ahead(calendar, now, 1), ahead(calendar, now, 3)
        rows = [
            *await connection.fetch(queries["coming"], authority, now, *ends, MOST),
            *await connection.fetch(queries["standing"], authority, now, MOST),
        ]
        open_ones = await _incomplete(connection, slots["folds"], rows)
        told = [row for row in rows if not _undecided(row, open_ones)]
        if not told:
            return Counter()
        alerts = [
            {
                **{name: row[name] for name in ("what", "kind", "key", "rule", "about", "instant")},
                "authority": authority,
                "officers": sorted({*row["officers"], *row["audience"]}),
            }
            for row in told
        ]
        new = await connection.fetch(queries["alert"], msgspec.json.encode(alerts).decode())
        await _tell(connection, queries, authority, told, {(row["kind"], row["key"]) for row in new})
        return Counter(row["what"] for row in new)


def _undecided(row: Mapping[str, Any], incomplete: frozenset[UUID]) -> bool:
    """A deadline ahead is said in any case: it runs, whatever is still to come."""
    return row["absent"] and row["what"] in ("due", "signal") and any(one in incomplete for one in row["terminals"])


async def _incomplete(connection: asyncpg.Connection, folds: str, rows: Iterable[Mapping[str, Any]]) -> frozenset[UUID]:
    """Terminals of these rows that have more than they uploaded, or holes that stand open."""
    wanted = sorted({one for row in rows if row["absent"] for one in row["terminals"]})
    states: dict[UUID, list[tuple[int, bytes]]] = {}
    if wanted:
        for row in await connection.fetch(statements.load("process", folds)["ledgers_of"], wanted):
            states.setdefault(row["terminal"], []).append((row["log_id"], row["state"]))
    found = set()
    for name, parts in states.items():
        merged = terminal_ledger.merge([(log_id, terminal_ledger.decode(data)) for log_id, data in sorted(parts)]).state
        holes = any(hole.last - hole.first + 1 > hole.filled for hole in merged.holes)
        if holes or merged.declared > (merged.head or 0):
            found.add(name)
    return frozenset(found)


async def _tell(
    connection: asyncpg.Connection,
    queries: Mapping[str, str],
    authority: str,
    rows: Sequence[Mapping[str, Any]],
    new: set[tuple[str, str]],
) -> None:
    """The matters change for those whom they concern: their terminals fetch what is due."""
    told = sorted(
        {
            (officer, row["kind"], row["key"])
            for row in rows
            if (row["kind"], row["key"]) in new
            for officer in row["audience"]
        }
    )
    if told:
        last = await connection.fetchval(queries["take_changes"], len(told))
        first = last - len(told) + 1
        await connection.execute(
            queries["put_changes"],
            [authority] * len(told),
            [one[0] for one in told],
            [one[1] for one in told],
            [one[2] for one in told],
            list(range(first, last + 1)),
            [False] * len(told),
        )


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
