"""A bureau's day for tests of the projections: terminals and officers whose events go through the real committer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import asyncpg

from projections.runner import Follower, Runner, wires
from schemas.events import REGISTRY, Registry
from tests.support.event_vectors import FULL, digest, uid
from tests.support.log import AUTHORITY, Log, PaperTerminal, enrol, send
from tests.support.postgres import TestDatabase

TASK = "019b77b0-0000-7000-8000-000000000001"
CASE = "019b77b0-0000-7000-8000-000000000002"
HAZARD = "019b77b0-0000-7000-8000-000000000003"
ENTERPRISE = "enterprise:91210500MA0TEX018W"
T0 = 1_767_229_200_000
PROJECTOR = "liuhen_projector"
CONSOLE = "liuhen_console"


def body(name: str) -> dict[str, Any]:
    """A full body of a type, all names in it invented."""
    return dict(FULL[name])


def about(*tags: str) -> list[str]:
    return sorted(tags)


def act(terminal: PaperTerminal, name: str, *tags: str, occurred: int = T0, **changes: Any) -> bytes:
    """The next envelope: a full body of type `name` about `tags`."""
    return terminal.envelope(name, body(name), about=about(*tags), occurred=occurred, at=occurred + 1_000, **changes)


async def inspection(log: Log, terminal: PaperTerminal) -> None:
    """A day on the site, uploaded in two batches, and not in the order in which things happened."""
    task, hazard, case = f"task:{TASK}", f"hazard:{HAZARD}", f"case:{CASE}"
    clock = {"boot": uid(90), "mono": 5_000, "offset": -1_500}
    late = [
        act(terminal, "hazard.found.v1", task, hazard, ENTERPRISE, occurred=T0 + 50_000, clock=clock),
        act(terminal, "credentials.shown.v1", task, ENTERPRISE, occurred=T0 + 20_000),
        act(
            terminal,
            "evidence.captured.v1",
            task,
            "evidence:e-1",
            occurred=T0 + 30_000,
            blobs=[{"sha256": digest("photo"), "size": 12, "type": "image/jpeg"}],
        ),
    ]
    await send(log, terminal.batch(late))
    rest = [
        act(terminal, "site.entered.v1", task, ENTERPRISE, occurred=T0 + 10_000, clock={**clock, "offset": 300}),
        act(terminal, "legal_review.concluded.v1", case, occurred=T0 + 60_000),
        act(terminal, "investigation.concluded.v1", case, occurred=T0 + 70_000),
        terminal.envelope("drone.flown.v1", {"height": 30}, about=[task], occurred=T0 + 40_000),
        terminal.raw(b"\xc0 no envelope"),
    ]
    await send(log, terminal.batch(rest))


async def fork(log: Log, terminal: PaperTerminal) -> None:
    """The same keys in two hands: one goes on, the other begins a side chain."""
    twin = terminal.clone()
    await send(log, terminal.batch([act(terminal, "site.entered.v1", f"task:{TASK}", occurred=T0 + 80_000)]))
    await send(log, twin.batch([act(twin, "site.entered.v1", f"task:{TASK}", occurred=T0 + 81_000)]))


async def enrolled(log: Log, authority: str = AUTHORITY) -> PaperTerminal:
    terminal = PaperTerminal(authority)
    await enrol(log, terminal)
    return terminal


def envelope_hash(data: bytes) -> bytes:
    return sha256(data).digest()


async def fold(database: TestDatabase, *, registry: Registry = REGISTRY, batch: int = 4_096) -> None:
    """Bring the live tables up to the logs, as the runner does."""
    async with wires(database.dsn(PROJECTOR), "test") as lines:
        await Follower(lines, registry, batch).catch_up()


@asynccontextmanager
async def officer(database: TestDatabase, authority: str = AUTHORITY) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the console has it: its role, one authority, one cut."""
    connection = await database.connect(CONSOLE)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SELECT set_config('liuhen.authority', $1, true)", authority)
            yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def running(database: TestDatabase, **options: Any) -> AsyncIterator[Runner]:
    """A runner at work; stopped at the end."""
    runner, stop = Runner(database.dsn(PROJECTOR), **options), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(runner.run(stop))
        try:
            yield runner
        finally:
            stop.set()


async def eventually(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 15.0) -> None:
    """Wait until `condition` holds; a failure names it."""
    async with asyncio.timeout(seconds):
        while True:
            held = condition()
            if isinstance(held, Awaitable):
                held = await held
            if held:
                return
            await asyncio.sleep(0.02)


async def tables(database: TestDatabase, slot: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a slot, byte for byte."""
    connection = await database.connect()
    try:
        found = {}
        for name in ("positions", "parked", "case_files", "case_items", "terminals"):
            rows = await connection.fetch(f"SELECT t.* FROM view_{slot}.{name} t")
            found[name] = sorted(tuple(row.values()) for row in rows)
        return found
    finally:
        await connection.close()


async def live_slot(database: TestDatabase) -> str:
    connection = await database.connect()
    try:
        slot: str = await connection.fetchval("SELECT slot FROM view.live")
        return slot
    finally:
        await connection.close()
