"""The runner and the rebuild: exactly once, one at a time, past poison, and equal byte for byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, ClassVar

import asyncpg
import pytest
import structlog

from projections import hands, queries, runner
from projections import rebuild as rebuild_module
from projections.rebuild import RebuildRefused, rebuild
from projections.runner import connect
from projections.views import Item
from schemas.events import REGISTRY, Act, Registry, Spec
from schemas.events.fields import Count, says
from server.log import epochs, store
from tests.support.log import AUTHORITY, HOST, Log, now, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.projections import (
    PROJECTOR,
    T0,
    TASK,
    act,
    enrolled,
    eventually,
    fold,
    fork,
    inspection,
    live_slot,
    officer,
    running,
    tables,
)


class DroneFlown(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A type that the registry learns later."""

    SPEC: ClassVar = Spec(
        name="drone.flown.v1", family="E99", origin="field", zh="无人机巡查", en="Drone flown", about_zh="", about_en=""
    )
    height: Annotated[Count, says("高度", "height, m")]


@pytest.fixture
async def log(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Log]:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as opened:
        yield opened


async def caught_up(database: TestDatabase) -> bool:
    async with officer(database) as conn:
        return all(log.behind == 0 for log in await queries.lag(conn))


async def file_size(database: TestDatabase) -> int:
    async with officer(database) as conn:
        file = await queries.case_file(conn, "task", TASK)
    return 0 if file is None else file.header.counts.items


def sorted_epochs(items: tuple[Item, ...]) -> list[int]:
    """Epochs as they must follow one another: by instant of the act, and only of one instant by epoch."""
    return [item.epoch for item in sorted(items, key=lambda item: (item.occurred, item.epoch, item.position))]


async def visits(log: Log, terminal: object, count: int) -> None:
    envelopes = [act(terminal, "site.entered.v1", f"task:{TASK}", occurred=T0 + n) for n in range(count)]  # type: ignore[arg-type]
    await send(log, terminal.batch(envelopes))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("batch", "workers"), [(1, 0), (7, 1), (4_096, 3)])
async def test_rebuilt_tables_equal_the_live_ones_byte_for_byte(
    log: Log, database: TestDatabase, monkeypatch: pytest.MonkeyPatch, batch: int, workers: int
) -> None:
    monkeypatch.setattr(rebuild_module, "READ", 8)
    terminal, forked = await enrolled(log), await enrolled(log)
    await inspection(log, terminal)
    await fold(database, batch=batch)
    await fork(log, forked)
    await visits(log, terminal, 70)
    await fold(database, batch=batch)
    done = await rebuild(database.dsn(PROJECTOR), workers=workers)
    assert done.equal
    assert done.entries > 80
    assert await live_slot(database) == "b"
    live, old = await tables(database, "b"), await tables(database, "a")
    assert live == old
    assert len(live["case_items"]) >= 4, "the comparison has something to compare"


async def test_what_was_forgotten_to_save_memory_is_read_again_and_nothing_differs(
    log: Log, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminals = [await enrolled(log) for _ in range(3)]
    for number in range(8):
        for terminal in terminals:
            tags = [f"task:t-{(number * 7) % 5}", f"hazard:h-{number % 3}", f"case:c-{number % 4}"]
            await send(log, terminal.batch([act(terminal, "site.entered.v1", tag) for tag in tags]))
    await fold(database)
    for name, value in (("KEEP", 1), ("READ", 4), ("WRITE", 9)):
        monkeypatch.setattr(rebuild_module, name, value)
    done = await rebuild(database.dsn(PROJECTOR))
    assert done.equal, done.different
    assert done.entries > 90


async def test_a_changed_row_is_found_by_check_and_mended_by_a_rebuild(log: Log, database: TestDatabase) -> None:
    await inspection(log, await enrolled(log))
    await fold(database)
    right = await tables(database, "a")
    superuser = await database.connect()
    try:
        await superuser.execute("UPDATE view_a.case_files SET head = head || '\\x00'::bytea WHERE kind = 'case'")
    finally:
        await superuser.close()
    checked = await rebuild(database.dsn(PROJECTOR), swap=False)
    assert (dict(checked.different), checked.expected, checked.swapped) == ({"case_files": 1}, False, False)
    assert await live_slot(database) == "a"
    mended = await rebuild(database.dsn(PROJECTOR))
    assert mended.swapped
    assert await tables(database, "b") == right
    assert (await rebuild(database.dsn(PROJECTOR), swap=False)).equal


async def test_a_newer_registry_understands_old_events_after_a_rebuild(log: Log, database: TestDatabase) -> None:
    await inspection(log, await enrolled(log))
    newer = Registry((*REGISTRY.classes, DroneFlown))
    await fold(database)
    async with officer(database) as conn:
        before = await queries.case_file(conn, "task", TASK, registry=newer)
    done = await rebuild(database.dsn(PROJECTOR), registry=newer)
    async with officer(database) as conn:
        after = await queries.case_file(conn, "task", TASK, registry=newer)
    assert before is not None
    assert after is not None
    assert before.header.counts.not_understood == 1
    assert after.header.counts.not_understood == 0
    flown = next(item for item in after.items if item.type == "drone.flown.v1")
    assert (flown.understood, flown.title.en, flown.notes) == (True, "Drone flown", ())
    assert done.expected


async def test_the_runner_is_woken_by_the_log(
    log: Log, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "REPOLL_SECONDS", 3_600.0)
    terminal = await enrolled(log)
    async with running(database) as follower:
        await eventually(lambda: bool(follower.lag) and follower.lag[0].position == follower.lag[0].size)
        await visits(log, terminal, 5)
        await eventually(lambda: caught_up(database))
    assert await file_size(database) == 5


async def test_a_lost_notification_is_made_up_for(
    log: Log, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "CHANNEL", "nobody_notifies_here")
    monkeypatch.setattr(runner, "REPOLL_SECONDS", 0.05)
    terminal = await enrolled(log)
    async with running(database) as follower:
        await eventually(lambda: bool(follower.lag))
        await visits(log, terminal, 5)
        await eventually(lambda: caught_up(database))


async def test_a_killed_connection_neither_loses_nor_doubles_an_entry(
    log: Log, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "RECONNECT_SECONDS", 0.01)
    monkeypatch.setattr(runner, "LEASE_SECONDS", 0.01)
    terminal = await enrolled(log)
    superuser = await database.connect()
    killed = sent = 0
    try:
        async with running(database, batch=3):
            while killed < 10:
                await visits(log, terminal, 12)
                sent += 12
                killed += await superuser.fetchval(
                    "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE application_name = 'liuhen projections' AND datname = current_database()"
                )
            await eventually(lambda: caught_up(database))
    finally:
        await superuser.close()
    assert await file_size(database) == sent
    assert (await rebuild(database.dsn(PROJECTOR))).equal


async def test_a_second_runner_waits_and_takes_over(
    log: Log, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LEASE_SECONDS", 0.01)
    terminal = await enrolled(log)
    async with running(database) as first:
        await eventually(lambda: first.leading)
        async with running(database) as second:
            await visits(log, terminal, 5)
            await eventually(lambda: caught_up(database))
            assert not second.leading
    async with running(database) as third:
        await visits(log, terminal, 5)
        await eventually(lambda: caught_up(database))
        assert third.leading
    assert await file_size(database) == 10


async def test_an_entry_that_nobody_can_read_is_parked_with_an_alarm_and_the_others_go_on(
    log: Log, database: TestDatabase
) -> None:
    terminal = await enrolled(log)
    await visits(log, terminal, 3)
    superuser = await database.connect()
    try:
        await superuser.execute("SET session_replication_role = replica; ALTER TABLE log.entries DISABLE TRIGGER ALL")
        await superuser.execute("UPDATE log.entries SET entry = '\\x81a16b' WHERE position = 3")
        with structlog.testing.capture_logs() as lines:
            await fold(database)
        parked = await superuser.fetch("SELECT projection, position, error FROM view_a.parked ORDER BY projection")
    finally:
        await superuser.close()
    assert [tuple(row) for row in parked] == [
        ("case_file", 3, "EntryRefused"), ("terminal_ledger", 3, "EntryRefused"),
    ]  # fmt: skip
    alarms = [line for line in lines if line["event"] == "projections.parked"]
    assert len(alarms) == 2
    assert all(line["log_level"] == "error" and line["position"] == 3 for line in alarms)
    assert await file_size(database) == 2
    async with officer(database) as conn:
        assert [lag.parked for lag in await queries.lag(conn)] == [1]


async def test_a_row_that_the_database_refuses_is_parked_and_the_others_go_on(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    superuser = await database.connect()
    try:
        await superuser.execute("ALTER TABLE view_a.case_files ADD CHECK (subject <> 't-3')")
        envelopes = [act(terminal, "site.entered.v1", f"task:t-{n}") for n in range(6)]
        await send(log, terminal.batch(envelopes))
        await fold(database)
        subjects = await superuser.fetch("SELECT subject FROM view_a.case_files ORDER BY subject")
        parked = await superuser.fetch("SELECT DISTINCT position, error FROM view_a.parked")
    finally:
        await superuser.close()
    assert [row[0] for row in subjects] == ["t-0", "t-1", "t-2", "t-4", "t-5"]
    assert [tuple(row) for row in parked] == [(5, "CheckViolationError")]
    assert await caught_up(database)


async def test_a_rebuild_swaps_under_a_running_runner_which_goes_on_with_the_new_tables(
    log: Log, database: TestDatabase
) -> None:
    terminal = await enrolled(log)
    async with running(database):
        await visits(log, terminal, 40)
        await eventually(lambda: caught_up(database))
        for _ in range(3):
            done = await rebuild(database.dsn(PROJECTOR))
            assert done.equal
            await visits(log, terminal, 10)
            await eventually(lambda: caught_up(database))
    assert await file_size(database) == 70
    assert await live_slot(database) == "b"
    assert (await rebuild(database.dsn(PROJECTOR), swap=False)).equal


async def test_tables_of_another_version_are_rebuilt_before_the_runner_goes_on(
    log: Log, database: TestDatabase
) -> None:
    terminal = await enrolled(log)
    await visits(log, terminal, 4)
    superuser = await database.connect()
    try:
        await superuser.execute("UPDATE view.live SET versions = 'case_file:0 terminal_ledger:0'")
        async with running(database):
            await eventually(lambda: caught_up(database))
        versions = await superuser.fetchval("SELECT versions FROM view.live")
    finally:
        await superuser.close()
    assert versions == runner.versions_text()
    assert await file_size(database) == 4


async def test_two_rebuilds_at_once_are_refused(log: Log, database: TestDatabase) -> None:
    holder = await connect(database.dsn(PROJECTOR), "test")
    try:
        assert await holder.fetchval("SELECT pg_try_advisory_lock(7151204310000004)")
        with pytest.raises(RebuildRefused, match="another rebuild"):
            await rebuild(database.dsn(PROJECTOR))
    finally:
        await holder.close()


async def test_a_worker_that_is_lost_is_an_error_and_not_a_wrong_table(log: Log, database: TestDatabase) -> None:
    await visits(log, await enrolled(log), 4)
    connection, superuser = await connect(database.dsn(PROJECTOR), "test"), await database.connect()
    try:
        (place,) = await runner.read_logs(connection)
        async with hands.crew(database.dsn(PROJECTOR), 1) as crew:
            (digest,) = await crew.digests([(place, 0, place.size)])
            assert digest.heads[f"task:{TASK}"].items == 4
            await superuser.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'liuhen rebuild worker' AND datname = current_database()"
            )
            with pytest.raises(hands.WorkerLost):
                await crew.digests([(place, 0, place.size)])
    finally:
        await connection.close()
        await superuser.close()


async def test_one_file_spans_the_epochs_of_an_authority(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    await visits(log, terminal, 2)
    await fork(log, terminal)
    connection = await store.connect(log.dsn)
    try:
        await epochs.begin_epoch(
            connection, log.book.queries, log.keyring, log.register, authority=AUTHORITY, host=HOST, received=now()
        )
    finally:
        await connection.close()
    await visits(log, terminal, 3)
    await fold(database)
    async with officer(database) as conn:
        file = await queries.case_file(conn, "task", TASK)
        page = await queries.list_cases(conn, "task")
        (ledger,) = (await queries.terminals(conn)).rows
    assert file is not None
    assert [item.epoch for item in file.items] == sorted_epochs(file.items)
    assert {item.epoch for item in file.items} == {1, 2}
    assert file.header.counts.items == 7
    assert [(row.id, row.items) for row in page.rows] == [(TASK, 7)]
    assert (ledger.head, ledger.entries, ledger.held, len(ledger.branches)) == (6, 7, True, 1)
    assert (await rebuild(database.dsn(PROJECTOR))).equal


async def test_the_projector_cannot_write_to_the_log(database: TestDatabase) -> None:
    connection = await database.connect(PROJECTOR)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO log.entries VALUES (1, 1, '')")
    finally:
        await connection.close()
