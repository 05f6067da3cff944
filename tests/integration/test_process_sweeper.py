"""The sweeper: everything that comes with time is noticed once, however many look and however long nobody looked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from projections.process import queries
from projections.process.sweeper import Sweeper, sweep
from projections.runner import connect
from tests.support.judges import JUDGES
from tests.support.log import AUTHORITY, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import Writer, judge, paper, remake
from tests.support.projections import HAZARD, PROJECTOR, T0, TASK, act, body, enrolled, eventually, fold, officer

DAY = 86_400_000
DUE = T0 + 90 * DAY


async def look(database: TestDatabase, now: int) -> dict[str, int]:
    connection = await connect(database.dsn(PROJECTOR), "test")
    try:
        return dict((await sweep(connection, now)).counts)
    finally:
        await connection.close()


async def one_task(database: TestDatabase, **more: Any) -> None:
    full = body("site.entered.v1")
    async with paper(database) as log:
        event = Writer().field("site.entered.v1", full, [f"task:{TASK}"], occurred=T0, by=["officer-1"], **more)
        await log.append([event])
    await judge(database, judges=JUDGES)


async def test_each_thing_is_noticed_once_when_its_time_has_come(database: TestDatabase) -> None:
    await one_task(database)
    assert await look(database, T0 - 1) == {}
    assert await look(database, T0) == {"signal": 1}
    assert await look(database, T0) == {}
    assert await look(database, T0 + 29 * DAY) == {}
    assert await look(database, T0 + 30 * DAY) == {"signal": 1}
    assert await look(database, DUE - 7 * DAY) == {}
    assert await look(database, DUE - 3 * DAY) == {"ahead_3": 1}
    assert await look(database, DUE - DAY) == {"ahead_1": 1}
    assert await look(database, DUE) == {"due": 1}
    assert await look(database, DUE + 900 * DAY) == {}
    async with officer(database) as conn:
        alerts = await queries.alerts(conn)
    assert {(one.what, one.rule, one.instant) for one in alerts} == {
        ("signal", "SIG-01", T0),
        ("signal", "SIG-02", T0 + 30 * DAY),
        ("ahead_3", "DL-01", DUE),
        ("ahead_1", "DL-01", DUE),
        ("due", "DL-01", DUE),
    }
    assert {one.officers for one in alerts} == {("officer-1",)}


async def test_what_came_due_while_nobody_looked_is_noticed_as_it_stands_now(database: TestDatabase) -> None:
    await one_task(database)
    assert await look(database, DUE + DAY) == {"signal": 2, "due": 1}
    assert await look(database, DUE + DAY) == {}


async def test_those_whom_it_concerns_hear_of_it_and_a_rebuild_says_nothing_again(database: TestDatabase) -> None:
    await one_task(database)
    async with officer(database) as conn:
        before = (await queries.changes(conn, [AUTHORITY], ["officer-1"], after=0))[-1].change
    await look(database, DUE - DAY)
    async with officer(database) as conn:
        (heard,) = await queries.changes(conn, [AUTHORITY], ["officer-1"], after=before)
    assert (heard.kind, heard.key) == ("task", TASK)
    await remake(database, judges=JUDGES)
    assert await look(database, DUE - DAY) == {}


async def test_sweepers_at_once_notice_each_thing_once(database: TestDatabase) -> None:
    await one_task(database)
    found = await asyncio.gather(*(look(database, DUE) for _ in range(6)))
    assert max(found, key=len) == {"signal": 2, "due": 1}
    assert sum(sum(one.values()) for one in found) == 3


async def test_what_rests_on_an_absence_waits_for_the_terminals(database: TestDatabase, tmp_path: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        terminal = await enrolled(log)
        first = act(terminal, "hazard.found.v1", f"hazard:{HAZARD}")
        second = act(terminal, "site.entered.v1", "evidence:e-1")
        await send(log, terminal.batch([first], first=1, declared=2))
        await fold(database)
        await judge(database, judges=JUDGES)
        now = DUE + DAY
        assert (await look(database, now)).get("due") is None
        await send(log, terminal.batch([second]))
        await fold(database)
        await judge(database, judges=JUDGES)
        assert (await look(database, now))["due"] >= 1


async def test_a_sweeper_waits_for_the_judges_and_ends_when_told(database: TestDatabase) -> None:
    full = body("site.entered.v1")
    stop = asyncio.Event()
    async with paper(database) as log:
        await log.append([Writer().field("site.entered.v1", full, [f"task:{TASK}"], occurred=T0)])

    async def alerts() -> int:
        async with officer(database) as conn:
            return len(await queries.alerts(conn))

    async with asyncio.TaskGroup() as group:
        group.create_task(Sweeper(database.dsn(PROJECTOR), clock=lambda: DUE).run(stop))
        try:
            assert await alerts() == 0
            await judge(database, judges=JUDGES)

            async def said() -> bool:
                return await alerts() == 3

            await eventually(said)
        finally:
            stop.set()
