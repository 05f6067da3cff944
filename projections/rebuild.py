"""Rebuild: fill the spare tables from position 0, compare them with the live ones, and swap.

Runs beside the live runner. The bulk is folded without any lock; at the end the live row is locked, the spare tables
are brought to exactly the live positions, compared row by row, and one UPDATE makes them the live ones. Invariant: a
crash at any moment leaves the live tables as they were; what the spare ones hold is thrown away by the next rebuild.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from projections import statements
from projections.batch import Folder
from projections.digest import LogPlace
from projections.flow import Wires, flow
from projections.hands import Alone, Hands, Wanted, crew
from projections.runner import Live, next_runs, read_live, read_logs, registry_digest, report, versions_text, wires
from schemas.events import REGISTRY, Registry

READ: Final = 4_096
"""Entries in one read: some 2.6 MB, which stay in the caches of the processor on their way."""

WORKERS: Final = 2
CREW_FROM: Final = 250_000
"""Entries from which worker processes are worth the 0.2 s in which they start."""

KEEP: Final = 250_000
"""Heads kept in memory: some 300 MB at most, and hardly a file is read twice."""

COMPARE_SECONDS: Final = 3_600.0

WRITE: Final = 65_536
"""Entries folded in memory before they are written."""


class RebuildRefused(Exception):
    """A rebuild cannot run now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did. `different` = rows per table in which rebuilt and live tables differ (empty: equal).

    `compared` is False where the live tables are of another version: they are no measure then. `expected`: whether a
    difference was to be expected, because the projections or the registry changed meanwhile.
    """

    entries: int
    seconds: float
    parked: int
    compared: bool
    different: Mapping[str, int]
    expected: bool
    swapped: bool
    generation: int

    @property
    def equal(self) -> bool:
        """Whether every byte was compared and is the same."""
        return self.compared and not self.different


async def rebuild(
    dsn: str,
    *,
    registry: Registry = REGISTRY,
    swap: bool = True,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Rebuilt:
    """Rebuild all projections of the database at `dsn` (role liuhen_projector). Raises RebuildRefused and LOST.

    `progress(done, all)` is called now and then. With `swap` False the spare tables are compared and emptied again.
    `workers` processes read and digest entries (None: WORKERS where there is much to do; 0: none but this one); how
    many they are changes no byte. They know the registry of the program: with any other one this process is alone.
    """
    began = time.perf_counter()
    async with wires(dsn, "liuhen rebuild") as lines:
        connection = lines.states
        if not await connection.fetchval(statements.load("tables", "a")["rebuild_lease"]):
            raise RebuildRefused("another rebuild is running on this database: wait until it has ended")
        live = await read_live(connection)
        slot = statements.other(live.slot)
        await connection.execute(statements.load("tables", slot)["empty"])
        folder = Folder(slot, {}, keep=KEEP)
        logs = await read_logs(connection)
        targets = await _targets(connection, live, logs)
        if workers is None:
            workers = WORKERS if sum(targets.values()) >= CREW_FROM else 0
        async with _hands(dsn, lines, registry, workers) as hands:
            entries = await _bulk(lines, folder, hands, logs, targets, progress)
        rebuilt = await _finish(lines, folder, registry, swap)
        return Rebuilt(entries + rebuilt.entries, time.perf_counter() - began, *rebuilt.rest)


@asynccontextmanager
async def _hands(dsn: str, lines: Wires, registry: Registry, workers: int) -> AsyncIterator[Hands]:
    if workers and registry is REGISTRY:
        async with crew(dsn, workers) as made:
            yield made
    else:
        yield Alone(lines.entries, registry)


@dataclass(frozen=True, slots=True)
class _End:
    entries: int
    rest: tuple[int, bool, Mapping[str, int], bool, bool, int]


async def _targets(connection: asyncpg.Connection, live: Live, logs: list[LogPlace]) -> dict[int, int]:
    """Where the live tables are. Tables of other versions, or none, are no measure: then it is the heads."""
    if live.versions != versions_text():
        return {place.log_id: place.size for place in logs}
    now = await Folder.load(connection, live.slot)
    return {place.log_id: now.position(place.log_id) for place in logs}


async def _bulk(
    lines: Wires,
    folder: Folder,
    hands: Hands,
    logs: list[LogPlace],
    targets: Mapping[int, int],
    progress: Callable[[int, int], None] | None,
) -> int:
    """Fold up to the targets in one flow. Returns how many entries."""
    places = [LogPlace(p.log_id, p.authority, p.epoch, targets[p.log_id]) for p in logs]
    position = {p.log_id: 0 for p in places}
    whole = sum(targets.values())

    async def plan() -> Wanted:
        wanted = next_runs(places, position, READ)
        position.update({place.log_id: end for place, _, end in wanted})
        if progress is not None:
            progress(sum(folder.position(p.log_id) for p in places), whole)
        return wanted

    done = await flow(lines, folder, hands, plan, write_from=WRITE, write_at=WRITE, parked=report)
    if progress is not None:
        progress(whole, whole)
    return done


async def _rest(
    connection: asyncpg.Connection, folder: Folder, hands: Hands, logs: list[LogPlace], targets: Mapping[int, int]
) -> int:
    """What came in during the bulk, inside the caller's transaction. Returns how many entries."""
    places = [LogPlace(p.log_id, p.authority, p.epoch, targets[p.log_id]) for p in logs]
    done = 0
    while wanted := next_runs(places, {p.log_id: folder.position(p.log_id) for p in places}, READ):
        await folder.absorb(connection, await hands.digests(wanted))
        report(await folder.write(connection))
        done += sum(end - first for _, first, end in wanted)
    return done


async def _finish(lines: Wires, folder: Folder, registry: Registry, swap: bool) -> _End:
    connection, queries = lines.states, statements.load("tables", folder.slot)
    hands = Alone(lines.entries, registry)
    async with connection.transaction():
        # From here to the commit the live runner waits; what is left to fold is what came in during the bulk.
        live = await read_live(connection, lock=True)
        logs = await read_logs(connection)
        more = await _rest(connection, folder, hands, logs, await _targets(connection, live, logs))
        digest = registry_digest(registry)
        comparable = live.versions == versions_text()
        rows = await connection.fetch(queries["different"], timeout=COMPARE_SECONDS) if comparable else []
        different = {row[0]: row[1] for row in rows if row[1]}
        parked = await connection.fetchval(queries["parked_count"])
        if swap:
            await connection.execute(queries["durable"])
            await connection.execute(queries["set_live"], folder.slot, versions_text(), digest)
        else:
            await connection.execute(queries["empty"])
    # Committed: readers that begin now see the new tables; those under way finish with the old ones.
    expected = not comparable or live.registry != digest
    return _End(more, (parked, comparable, different, expected, swap, live.generation + swap))
