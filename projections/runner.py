"""The runner: keeps the live tables behind the logs, batch after batch, each entry exactly once.

One runner works on a database at a time; a second one waits for its lease and takes over when it is free. It is woken
by the log's NOTIFY and looks by itself every REPOLL_SECONDS, so that a lost notification costs seconds and nothing
more. Invariant: rows and positions are written in one transaction, and whoever is not sure of its outcome reads the
positions again before going on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import asyncpg
import structlog

from projections import statements
from projections.batch import Folder, Overtaken, Parked, put
from projections.digest import PROJECTIONS, LogPlace
from projections.flow import Wires, flow
from projections.hands import Alone, Wanted
from schemas.events import REGISTRY, Registry

BATCH: Final = 4_096
"""Entries in one transaction of the live tables, over all logs."""

CHANNEL: Final = "liuhen_log"
REPOLL_SECONDS: Final = 5.0
BUSY: Final = 512
"""Entries at one look from which on the next look waits GATHER_SECONDS: fewer and larger transactions cost less."""

GATHER_SECONDS: Final = 0.1
LEASE_SECONDS: Final = 1.0
RECONNECT_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 10.0
STATEMENT_SECONDS: Final = 120.0
LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.InternalClientError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.LockNotAvailableError,
)
"""After these the connection is given up and everything in memory with it."""

log = structlog.get_logger("liuhen.projections")


@dataclass(frozen=True, slots=True)
class Live:
    """Which slot answers, and who made it."""

    slot: str
    generation: int
    versions: str
    registry: bytes


@dataclass(frozen=True, slots=True)
class LogLag:
    """How far the live tables are in one log: `position` of `size` entries."""

    log_id: int
    size: int
    position: int


def versions_text() -> str:
    """The projections of this program, as they are remembered beside the tables."""
    return " ".join(f"{name}:{version}" for name, version in sorted(PROJECTIONS.items()))


def registry_digest(registry: Registry) -> bytes:
    """A name for what a registry understands."""
    return sha256("\n".join(sorted(registry)).encode()).digest()


async def connect(dsn: str, name: str) -> asyncpg.Connection:
    """A connection of role liuhen_projector. Raises one of LOST."""
    return await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
        # Everything here is asked by key or by run. Tables that just grew from nothing have no statistics yet, and
        # without them the planner would read them whole for a few hundred keys.
        server_settings={
            "application_name": name,
            "lock_timeout": "60s",
            "jit": "off",
            # A crash of the database may take back the last transactions, rows and positions together: they are folded
            # again. The log's own commits need the disk more.
            "synchronous_commit": "off",
            "enable_seqscan": "off",
            "enable_hashjoin": "off",
            "enable_mergejoin": "off",
        },
    )


@asynccontextmanager
async def wires(dsn: str, name: str) -> AsyncIterator[Wires]:
    """The three connections of a flow. Raises one of LOST."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(3):
            connection = await connect(dsn, name)
            stack.push_async_callback(_close, connection)
            made.append(connection)
        yield Wires(*made)


async def _close(connection: asyncpg.Connection) -> None:
    with suppress(*LOST):
        await connection.close(timeout=5)


async def read_live(connection: asyncpg.Connection, *, lock: bool = False) -> Live:
    """The live row; with `lock` it is held until the transaction ends, which keeps batches and swaps apart."""
    row = await connection.fetchrow(statements.load("tables", "a")["live_locked" if lock else "live"])
    return Live(row["slot"], row["generation"], row["versions"], bytes(row["registry"]))


async def read_logs(connection: asyncpg.Connection) -> list[LogPlace]:
    """Every log of an authority, and its size."""
    rows = await connection.fetch(statements.load("tables", "a")["logs"])
    return [LogPlace(row["log_id"], row["authority"], row["epoch"], row["size"]) for row in rows]


def next_runs(logs: Sequence[LogPlace], position: Mapping[int, int], budget: int) -> list[tuple[LogPlace, int, int]]:
    """Runs to read next: every log that is behind gets its share, so that a long one does not starve the others."""
    behind = [place for place in logs if place.size > position[place.log_id]]
    wanted = []
    for count, place in enumerate(sorted(behind, key=lambda p: p.size - position[p.log_id])):
        share = max(1, budget // (len(behind) - count))
        first = position[place.log_id]
        end = min(place.size, first + share)
        wanted.append((place, first, end))
        budget -= end - first
        if budget <= 0:
            break
    return wanted


class Runner:
    """Follows the logs of one database. `run` until `stop` is set; `lag` tells how far it is."""

    def __init__(self, dsn: str, *, registry: Registry = REGISTRY, batch: int = BATCH) -> None:
        self._dsn = dsn
        self._registry = registry
        self._batch = batch
        self._wake = asyncio.Event()
        self._follower: Follower | None = None

    @property
    def lag(self) -> tuple[LogLag, ...]:
        """How far the live tables were when the runner last looked; empty while another runner leads."""
        return self._follower.lag if self._follower is not None else ()

    @property
    def leading(self) -> bool:
        """Whether this runner holds the lease."""
        return self._follower is not None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Survives the loss of its connection; ends on anything else."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._session(stop)
                except LOST as fault:
                    log.warning("projections.connection_lost", error=type(fault).__name__)
                    await asyncio.wait({stopping}, timeout=RECONNECT_SECONDS)
                except Overtaken as fault:
                    log.warning("projections.overtaken", reason=str(fault))
                finally:
                    self._follower = None
        finally:
            stopping.cancel()
            with suppress(asyncio.CancelledError):
                await stopping

    async def _session(self, stop: asyncio.Event) -> None:
        async with wires(self._dsn, "liuhen projections") as lines:
            connection = lines.states
            if not await self._lead(connection, stop):
                return
            # LISTEN before the first look, so that nothing can be committed between the two and go unnoticed.
            await connection.add_listener(CHANNEL, self._notified)
            await self._begin(connection)
            self._follower = follower = Follower(lines, self._registry, self._batch)
            while not stop.is_set():
                self._wake.clear()
                before = follower.folded
                await follower.catch_up(stop)
                if follower.folded - before >= BUSY:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), GATHER_SECONDS)
                await self._wait(connection, stop)

    async def _lead(self, connection: asyncpg.Connection, stop: asyncio.Event) -> bool:
        """Wait for the lease. It belongs to the connection, so the database frees it when this process is gone."""
        while not stop.is_set():
            if await connection.fetchval(statements.load("tables", "a")["lease"]):
                return True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LEASE_SECONDS)
        return False

    async def _begin(self, connection: asyncpg.Connection) -> None:
        """Whether the live tables are ours to go on with; those of another version are rebuilt first."""
        live = await read_live(connection)
        if live.versions and live.versions != versions_text():
            from projections.rebuild import rebuild

            log.info("projections.rebuild", had=live.versions, now=versions_text())
            await rebuild(self._dsn, registry=self._registry)
        elif live.versions and live.registry != registry_digest(self._registry):
            # What was not understood then stays so until somebody rebuilds; nothing is wrong meanwhile.
            log.warning("projections.registry_changed", do="liuhen rebuild")

    async def _wait(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        tasks = {asyncio.create_task(self._wake.wait()), asyncio.create_task(stop.wait())}
        try:
            await asyncio.wait(tasks, timeout=REPOLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if connection.is_closed():
            raise ConnectionError("the database closed the connection")

    def _notified(self, *_: object) -> None:
        self._wake.set()


class Swapped(Exception):
    """A rebuild swapped the tables meanwhile: go on with the new ones."""


class Follower:
    """Brings the live tables up to the logs. `lag` = how far they were at the last look, `folded` = entries so far."""

    def __init__(self, wires: Wires, registry: Registry, batch: int = BATCH) -> None:
        self.lag: tuple[LogLag, ...] = ()
        self.folded = 0
        self._wires = wires
        self._registry = registry
        self._batch = batch
        self._live: Live | None = None
        self._folder: Folder | None = None
        self._planned: dict[int, int] = {}
        self._hands = Alone(wires.entries, registry)

    async def catch_up(self, stop: asyncio.Event | None = None) -> tuple[LogLag, ...]:
        """Fold until nothing is left (or `stop` is set); returns how far the tables are. Raises Overtaken, LOST."""
        while True:
            folder = await self._current()
            self._planned = {}
            try:
                done = await flow(
                    self._wires,
                    folder,
                    self._hands,
                    lambda folder=folder: self._plan(folder, stop),  # type: ignore[misc]
                    write_at=4 * self._batch,
                    guard=self._guard,
                    parked=report,
                )
            except Swapped:
                self._folder = None
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
                await self._park_one()
            except BaseException:
                # What is in memory may be ahead of the tables, or the commit's outcome unknown: read again.
                self._folder = None
                raise
            else:
                self.folded += done
                return self.lag

    async def _plan(self, folder: Folder, stop: asyncio.Event | None) -> Wanted:
        logs = await read_logs(self._wires.states)
        self.lag = tuple(LogLag(p.log_id, p.size, folder.position(p.log_id)) for p in logs)
        if stop is not None and stop.is_set():
            return ()
        position = {p.log_id: self._planned.get(p.log_id, folder.position(p.log_id)) for p in logs}
        wanted = next_runs(logs, position, self._batch)
        self._planned.update({place.log_id: end for place, _, end in wanted})
        return wanted

    async def _guard(self, connection: asyncpg.Connection) -> None:
        if await read_live(connection, lock=True) != self._live:
            raise Swapped

    async def _current(self) -> Folder:
        """The states of the slot that is live now."""
        connection = self._wires.states
        live = await read_live(connection)
        if not live.versions:
            # Nobody has written to these tables yet: they are made by this program from here on.
            await connection.execute(
                statements.load("tables", "a")["set_live"],
                live.slot,
                versions_text(),
                registry_digest(self._registry),
            )
            live = await read_live(connection)
        if live.versions != versions_text():
            raise Overtaken(f"the live tables are of {live.versions}, this program has {versions_text()}")
        if self._folder is None or live != self._live:
            self._folder = await Folder.load(connection, live.slot)
            self._live = live
        return self._folder

    async def _park_one(self) -> None:
        """Some entry gives a row that the database refuses: go on in ever smaller steps until it is alone; park it."""
        share = self._batch
        while True:
            self._folder = None
            folder = await self._current()
            logs = await read_logs(self._wires.states)
            wanted = next_runs(logs, {p.log_id: folder.position(p.log_id) for p in logs}, share)[:1]
            if not wanted:
                return
            try:
                await folder.absorb(self._wires.states, await self._hands.digests(wanted))
                await self._write_alone(folder)
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as fault:
                if share > 1:
                    share //= 2
                    continue
                self._folder = None
                folder = await self._current()
                place, first, _ = wanted[0]
                folder.skip(place, first, type(fault).__name__)
                await self._write_alone(folder)
                return

    async def _write_alone(self, folder: Folder) -> None:
        rows = folder.take()
        async with self._wires.rows.transaction():
            await self._guard(self._wires.rows)
            await put(self._wires.rows, folder.slot, rows)
        report(rows.parked)


def report(parked: Sequence[Parked]) -> None:
    """Say aloud what was parked: where and why, nothing of its content."""
    for one in parked:
        log.error(
            "projections.parked",
            projection=one.projection,
            log_id=one.log_id,
            position=one.position,
            error=one.error,
            do="report the fault; after the fix run `liuhen rebuild`",
        )
