"""Rebuild of the process projection: file and judge everything in the spare slot, compare, and swap.

Runs beside the live runner. The bulk is done without any lock; at the end the live row is locked, both slots are
brought to the same positions with nothing dirty, compared row by row, and one UPDATE swaps. Invariant: a crash at any
moment leaves the live tables as they were; what the spare ones hold is thrown away by the next rebuild.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import asyncpg

from domain.judges import JUDGES
from domain.matter import Judge
from projections import statements
from projections.batch import fetch
from projections.digest import LogPlace
from projections.process import context
from projections.process.runner import FILE, JUDGE, read_live, report_misfiled, report_parked
from projections.process.store import Store
from projections.rebuild import COMPARE_SECONDS, RebuildRefused, Rebuilt
from projections.runner import LOST, Live, connect, next_runs, read_logs, registry_digest
from schemas.events import REGISTRY, Registry


async def rebuild(
    dsn: str,
    *,
    registry: Registry = REGISTRY,
    judges: Mapping[str, Judge] = JUDGES,
    swap: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Rebuilt:
    """Rebuild the process projection of the database at `dsn` (role liuhen_projector). Raises RebuildRefused and LOST.

    With `swap` False the spare tables are compared and emptied again. `progress(done, all)` counts entries.
    """
    began = time.perf_counter()
    connection = await connect(dsn, "liuhen rebuild process")
    try:
        if not await connection.fetchval(statements.load("process", "a")["rebuild_lease"]):
            raise RebuildRefused("another rebuild is running on this database: wait until it has ended")
        work = _Work(connection, registry, judges)
        entries = await work.bulk(progress)
        return await work.finish(swap, began, entries)
    finally:
        with suppress(*LOST):
            await connection.close(timeout=5)


class _Work:
    def __init__(self, connection: asyncpg.Connection, registry: Registry, judges: Mapping[str, Judge]) -> None:
        self._connection = connection
        self._registry = registry
        self._judges = judges
        self._versions = context.versions(judges)

    async def bulk(self, progress: Callable[[int, int], None] | None) -> int:
        live = await read_live(self._connection)
        slot = statements.other(live.slot)
        await self._connection.execute(statements.load("process", slot)["empty"])
        self._spare = self._store(slot)
        logs = await read_logs(self._connection)
        return await self._bring(self._spare, logs, await self._targets(live, logs), progress)

    async def finish(self, swap: bool, began: float, entries: int) -> Rebuilt:
        spare = self._spare
        queries = statements.load("process", spare.slot)
        async with self._connection.transaction():
            # From here to the commit the live runner waits; what is left to do is what came in during the bulk.
            live = await read_live(self._connection, lock=True)
            logs = await read_logs(self._connection)
            digest = registry_digest(self._registry)
            comparable = live.versions == self._versions
            if comparable and live.registry == digest:
                old = self._store(live.slot, quiet=False)
                old.know(logs)
                await _judge(old, inside=True)
            entries += await self._bring(spare, logs, await self._targets(live, logs), None, inside=True)
            rows = await self._connection.fetch(queries["different"], timeout=COMPARE_SECONDS) if comparable else []
            different = {row[0]: row[1] for row in rows if row[1]}
            counts = await self._connection.fetchrow(queries["counts"])
            if swap:
                await self._connection.execute(queries["durable"])
                await self._connection.execute(queries["set_live"], spare.slot, self._versions, digest)
                await spare.tell_of_swap(live.slot)
            else:
                await self._connection.execute(queries["empty"])
        # Committed: readers that begin now see the new tables; those under way finish with the old ones.
        return Rebuilt(
            entries=entries,
            seconds=time.perf_counter() - began,
            parked=counts["parked"] + counts["misfiled"],
            compared=comparable,
            different=different,
            expected=not comparable or live.registry != digest,
            swapped=swap,
            generation=live.generation + swap,
        )

    def _store(self, slot: str, *, quiet: bool = True) -> Store:
        return Store(self._connection, slot, {}, registry=self._registry, judges=self._judges, quiet=quiet)

    async def _targets(self, live: Live, logs: list[LogPlace]) -> dict[int, int]:
        """Where the live tables are. Tables of other versions, or none, are no measure: then it is the heads."""
        if live.versions != self._versions:
            return {place.log_id: place.size for place in logs}
        filed = await self._store(live.slot).positions()
        return {place.log_id: filed.get(place.log_id, 0) for place in logs}

    async def _bring(
        self,
        store: Store,
        logs: list[LogPlace],
        targets: Mapping[int, int],
        progress: Callable[[int, int], None] | None,
        *,
        inside: bool = False,
    ) -> int:
        """File up to the targets, then judge everything. Returns how many entries."""
        places = [LogPlace(p.log_id, p.authority, p.epoch, targets[p.log_id]) for p in logs]
        positions = {p.log_id: 0 for p in places} | await store.positions()
        store.know(logs)
        whole, done = sum(targets.values()), 0
        while wanted := next_runs(places, positions, FILE):
            report_misfiled(await store.file(await fetch(self._connection, wanted), inside=inside))
            positions.update({place.log_id: end for place, _, end in wanted})
            done += sum(end - first for _, first, end in wanted)
            if progress is not None:
                progress(min(done, whole), whole)
        await _judge(store, inside=inside)
        return done


async def _judge(store: Store, *, inside: bool) -> None:
    while (judged := await store.judge(JUDGE, inside=inside)).matters:
        report_parked(judged.parked)
