"""Keeps the process projection behind the logs: file what is new, judge what that made dirty, again and again.

One runner judges for a database at a time; a second one waits for its lease. It runs in a process of its own, beside
the folds and behind them: they go first, because pages and uploads wait for them. Invariant: whoever is not sure of the
outcome of a transaction makes its store anew and goes on from what the tables say.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import asyncpg
import structlog

from domain.judges import JUDGES
from domain.matter import Judge
from projections import statements
from projections.batch import Overtaken, fetch
from projections.process import context
from projections.process.judging import MatterId
from projections.process.store import Misfiled, Store
from projections.runner import (
    CHANNEL,
    LEASE_SECONDS,
    LOST,
    RECONNECT_SECONDS,
    REPOLL_SECONDS,
    Live,
    Swapped,
    connect,
    next_runs,
    read_logs,
    registry_digest,
)
from schemas.events import REGISTRY, Registry

FILE: Final = 8_192
"""Entries filed in one transaction."""

AHEAD: Final = 65_536
"""Entries filed before what they made dirty is judged: a matter with many new facts is judged once for all of them."""

JUDGE: Final = 256
"""Matters judged in one transaction."""

SLOW_SECONDS: Final = 0.5
REST: Final = 20
"""A matter that took longer rests for so many times as long before it is judged again: its facts come one by one, and
the others would wait for it each time. It stays dirty meanwhile, and who asks can see that."""

CORE_BEHIND: Final = 4_096
CORE_LOOK_SECONDS: Final = 0.1
CORE_PATIENCE_SECONDS: Final = 2.0
"""While the folds are further behind than CORE_BEHIND entries and catching up, they are waited for so long a batch."""

OF_OFFICERS: Final = frozenset(("officer", "day"))
"""Kinds of matter whose key names a person of the office: no log line repeats it."""

log = structlog.get_logger("liuhen.process")


@dataclass(frozen=True, slots=True)
class Progress:
    """What a follower did so far: entries filed, matters judged, matters whose rows changed."""

    filed: int = 0
    judged: int = 0
    written: int = 0


async def read_live(connection: asyncpg.Connection, *, lock: bool = False) -> Live:
    """Which slot answers; with `lock` it is held until the transaction ends."""
    row = await connection.fetchrow(statements.load("process", "a")["live_locked" if lock else "live"])
    return Live(row["slot"], row["generation"], row["versions"], bytes(row["registry"]))


class ProcessRunner:
    """Files and judges until `stop` is set. `polite`: lets the folds go first."""

    def __init__(
        self,
        dsn: str,
        *,
        registry: Registry = REGISTRY,
        judges: Mapping[str, Judge] = JUDGES,
        polite: bool = False,
    ) -> None:
        self._dsn = dsn
        self._registry = registry
        self._judges = judges
        self._polite = polite
        self._wake = asyncio.Event()
        self.leading = False
        self.progress = Progress()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Survives the loss of its connection; ends on anything else."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._session(stop)
                except LOST as fault:
                    log.warning("process.connection_lost", error=type(fault).__name__)
                    await asyncio.wait({stopping}, timeout=RECONNECT_SECONDS)
                except Overtaken as fault:
                    log.warning("process.overtaken", reason=str(fault))
                    await asyncio.wait({stopping}, timeout=RECONNECT_SECONDS)
                finally:
                    self.leading = False
        finally:
            stopping.cancel()
            with suppress(asyncio.CancelledError):
                await stopping

    async def _session(self, stop: asyncio.Event) -> None:
        connection = await connect(self._dsn, "liuhen process")
        try:
            if not await self._lead(connection, stop):
                return
            # LISTEN before the first look, so that nothing can be committed between the two and go unnoticed.
            await connection.add_listener(CHANNEL, self._notified)
            await self._begin(connection)
            self.leading = True
            follower = Follower(
                connection, registry=self._registry, judges=self._judges, polite=self._polite, rests=True
            )
            while not stop.is_set():
                self._wake.clear()
                await follower.catch_up(stop)
                self.progress = follower.progress
                await self._wait(connection, stop, follower.rested)
        finally:
            with suppress(*LOST):
                await connection.close(timeout=5)

    async def _lead(self, connection: asyncpg.Connection, stop: asyncio.Event) -> bool:
        """Wait for the lease. It belongs to the connection, so the database frees it when this process is gone."""
        while not stop.is_set():
            if await connection.fetchval(statements.load("process", "a")["lease"]):
                return True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LEASE_SECONDS)
        return False

    async def _begin(self, connection: asyncpg.Connection) -> None:
        """Whether the live tables are ours to go on with; those of other judges, rules or types are made anew first."""
        live = await read_live(connection)
        now = context.versions(self._judges)
        if live.versions and (live.versions != now or live.registry != registry_digest(self._registry)):
            from projections.process.rebuild import rebuild

            log.info("process.rebuild", had=live.versions, now=now)
            await rebuild(self._dsn, registry=self._registry, judges=self._judges)

    async def _wait(self, connection: asyncpg.Connection, stop: asyncio.Event, rested: float | None) -> None:
        """Until NOTIFY, or REPOLL_SECONDS, or until the first matter has rested (`rested` s from now)."""
        tasks = {asyncio.create_task(self._wake.wait()), asyncio.create_task(stop.wait())}
        try:
            timeout = REPOLL_SECONDS if rested is None else min(REPOLL_SECONDS, rested)
            await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if connection.is_closed():
            raise ConnectionError("the database closed the connection")

    def _notified(self, *_: object) -> None:
        self._wake.set()


class Follower:
    """Brings the live tables of the process projection up to the logs."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        *,
        registry: Registry = REGISTRY,
        judges: Mapping[str, Judge] = JUDGES,
        batch: int = FILE,
        polite: bool = False,
        rests: bool = False,
    ) -> None:
        """`rests`: slow matters rest (SLOW_SECONDS), and `catch_up` leaves them dirty meanwhile."""
        self.progress = Progress()
        self._rests = rests
        self._resting: dict[MatterId, float] = {}
        self._connection = connection
        self._registry = registry
        self._judges = judges
        self._batch = batch
        self._polite = polite
        self._live: Live | None = None
        self._store: Store | None = None

    async def catch_up(self, stop: asyncio.Event | None = None) -> Progress:
        """File and judge until nothing is left (or `stop` is set). Raises Overtaken, LOST."""
        while stop is None or not stop.is_set():
            try:
                store = await self._current()
                filed = await self._file(store, stop)
                judged = await self._judge(store, stop)
            except Swapped:
                self._store = None
                continue
            except BaseException:
                # What is in memory may be ahead of the tables, or the commit's outcome unknown: read again.
                self._store = None
                raise
            if not filed and not judged:
                break
        return self.progress

    async def _file(self, store: Store, stop: asyncio.Event | None) -> int:
        logs = await read_logs(self._connection)
        store.know(logs)
        positions = {log.log_id: 0 for log in logs} | await store.positions()
        done = 0
        while done < AHEAD and (wanted := next_runs(logs, positions, self._batch)):
            if stop is not None and stop.is_set():
                break
            if self._polite:
                await self._let_folds_go_first()
            runs = await fetch(self._connection, wanted)
            report_misfiled(await store.file(runs))
            positions.update({place.log_id: end for place, _, end in wanted})
            done += sum(end - first for _, first, end in wanted)
        self._count(filed=done)
        return done

    @property
    def rested(self) -> float | None:
        """Seconds until the first matter has rested; None where none rests."""
        now = time.monotonic()
        return max(0.0, min(self._resting.values()) - now) if self._resting else None

    async def _judge(self, store: Store, stop: asyncio.Event | None) -> int:
        done = 0
        while stop is None or not stop.is_set():
            now = time.monotonic()
            self._resting = {matter: until for matter, until in self._resting.items() if until > now}
            judged = await store.judge(JUDGE, resting=tuple(self._resting))
            if not judged.matters:
                break
            if self._rests:
                slow = {matter: took for matter, took in store.seconds.items() if took > SLOW_SECONDS}
                self._resting |= {matter: time.monotonic() + REST * took for matter, took in slow.items()}
            report_parked(judged.parked)
            self._count(judged=judged.matters, written=judged.written)
            done += judged.matters
        return done

    async def _current(self) -> Store:
        live = await read_live(self._connection)
        versions = context.versions(self._judges)
        if not live.versions:
            # Nobody has written to these tables yet: they are made by this program from here on.
            await self._connection.execute(
                statements.load("process", "a")["set_live"], live.slot, versions, registry_digest(self._registry)
            )
            live = await read_live(self._connection)
        if live.versions != versions:
            raise Overtaken(f"the live tables are of {live.versions}, this program has {versions}")
        if self._store is None or live != self._live:
            self._live = live
            self._store = Store(
                self._connection, live.slot, {}, registry=self._registry, judges=self._judges, guard=self._guard
            )
        return self._store

    async def _guard(self, connection: asyncpg.Connection) -> None:
        if await read_live(connection, lock=True) != self._live:
            raise Swapped

    async def _let_folds_go_first(self) -> None:
        queries = statements.load("tables", "a")
        slot = (await self._connection.fetchrow(queries["live"]))["slot"]
        behind = statements.load("process", slot)["core_behind"]
        loop = asyncio.get_running_loop()
        until = loop.time() + CORE_PATIENCE_SECONDS
        before = await self._connection.fetchval(behind)
        while before > CORE_BEHIND and loop.time() < until:
            await asyncio.sleep(CORE_LOOK_SECONDS)
            now = await self._connection.fetchval(behind)
            if now == before:
                return  # nobody folds: there is nobody to wait for
            before = now

    def _count(self, *, filed: int = 0, judged: int = 0, written: int = 0) -> None:
        was = self.progress
        self.progress = Progress(was.filed + filed, was.judged + judged, was.written + written)


def report_misfiled(some: Sequence[Misfiled]) -> None:
    """Say aloud which entries could not be read: where and why, nothing of their content."""
    for one in some:
        log.error(
            "process.misfiled",
            log_id=one.log_id,
            position=one.position,
            error=one.error,
            do="report the fault; after the fix run `liuhen rebuild`",
        )


def report_parked(some: Sequence[tuple[MatterId, str]]) -> None:
    """Say aloud which matters could not be judged; which officer's, only the tables say (stage `parked`)."""
    for (kind, key), error in some:
        log.error(
            "process.parked",
            kind=kind,
            key="" if kind in OF_OFFICERS else key,
            error=error,
            do="report the fault; after the fix run `liuhen rebuild`",
        )
