"""The auditor behind the head: whatever a superuser does to a stored entry closes the log, and nothing else does."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from schemas.problems import Problem
from server.log.auditor import Auditor
from server.log.book import LogState
from tests.support.log import AUTHORITY, Log, PaperTerminal, enrol, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.server import Door, bureau, door, enrolled

pytestmark = pytest.mark.fault
COUNT = 600
"""Entries: two full tiles and a partial one."""


async def written(log: Log) -> PaperTerminal:
    """A terminal that has filled the log with some COUNT entries."""
    terminal = PaperTerminal()
    await enrol(log, terminal)
    while (await log.head())["size"] < COUNT:
        await send(log, terminal.batch([terminal.envelope() for _ in range(100)]))
    return terminal


async def walk(auditor: Auditor, state: LogState) -> None:
    """One walk, from the first entry to the end of the log or to the first fault."""
    while await auditor.check_next(state):
        pass


def followed(log: Log) -> LogState:
    state = log.book.current(AUTHORITY)
    assert state is not None
    return state


async def by_hand(dsn: str, *statements: str) -> None:
    """What a superuser types: triggers off first."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("ALTER TABLE log.entries DISABLE TRIGGER ALL")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


OF_LOG = "log_id = (SELECT log_id FROM log.logs WHERE authority = '210500')"


def altered(position: int) -> tuple[str, ...]:
    changed = "set_byte(entry, 40, get_byte(entry, 40) # 1)"
    return (f"UPDATE log.entries SET entry = {changed} WHERE position = {position} AND {OF_LOG}",)


def deleted(position: int) -> tuple[str, ...]:
    return (f"DELETE FROM log.entries WHERE position = {position} AND {OF_LOG}",)


def exchanged(position: int) -> tuple[str, ...]:
    places = [(position, 10**6), (position + 1, position), (10**6, position + 1)]
    return tuple(f"UPDATE log.entries SET position = {new} WHERE position = {old} AND {OF_LOG}" for old, new in places)


async def test_an_untouched_log_is_walked_to_its_end_again_and_again_and_stays_open(
    database: TestDatabase, tmp_path: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        terminal = await written(log)
        auditor = Auditor(log.committer, log.pool)
        size = (await log.head())["size"]
        await walk(auditor, followed(log))
        assert auditor.checked == size
        await send(log, terminal.batch([terminal.envelope() for _ in range(300)]))
        await walk(auditor, followed(log))
        assert auditor.checked == size + (await log.head())["size"]
        await auditor.round()
        assert followed(log).closed is None


@pytest.mark.parametrize("position", [1, 255, 300, 599])
@pytest.mark.parametrize("harm", [altered, deleted, exchanged])
async def test_a_changed_entry_closes_the_log_and_the_refusal_names_its_position(
    harm: Callable[[int], tuple[str, ...]], position: int, database: TestDatabase, tmp_path: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        terminal = await written(log)
        await by_hand(database.dsn("postgres"), *harm(position))
        await walk(Auditor(log.committer, log.pool), followed(log))
        before = await log.head()
        with pytest.raises(Problem) as refused:
            await send(log, terminal.batch([terminal.envelope()]))
        assert refused.value.code == "not_ready"
        assert f"position {position} " in refused.value.reason
        assert "liuhen verify" in refused.value.reason
        assert await log.head() == before, "nothing was signed"


async def reopened(log: Log) -> None:
    """What a start does: the head is checked, old tiles are left where they lie."""
    await log.committer.check_all()


async def test_after_a_restart_the_filed_tiles_still_give_the_position(database: TestDatabase, tmp_path: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        await written(log)
        assert await log.committer.file_tiles() == 2
    await by_hand(database.dsn("postgres"), *altered(77))
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        await reopened(log)
        await walk(Auditor(log.committer, log.pool), followed(log))
        assert "position 77 " in (followed(log).closed or "")


async def test_without_the_tiles_the_signed_root_still_closes_the_log(database: TestDatabase, tmp_path: Path) -> None:
    """Tiles are made again from the rows, so they agree with whatever was done to those; the root does not."""
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        await written(log)
        await log.committer.file_tiles()
    shutil.rmtree(tmp_path / "tiles")
    await by_hand(database.dsn("postgres"), *altered(77))
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        await reopened(log)
        await walk(Auditor(log.committer, log.pool), followed(log))
        assert "do not hash to the root" in (followed(log).closed or "")


async def test_without_the_tiles_an_untouched_log_stays_open(database: TestDatabase, tmp_path: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        await written(log)
    shutil.rmtree(tmp_path / "tiles", ignore_errors=True)
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        await reopened(log)
        await walk(Auditor(log.committer, log.pool), followed(log))
        assert followed(log).closed is None


async def until_refused(at: Door, terminal: PaperTerminal) -> bytes:
    """Upload until the server refuses; returns what it says."""
    async with asyncio.timeout(20):
        while True:
            answer = await at.post(terminal.batch([terminal.envelope()]))
            if answer.status != 200:
                assert (answer.status, answer.code) == (503, "not_ready")
                return answer.body


@pytest.mark.slow
async def test_a_running_server_finds_it_by_itself_and_the_other_logs_go_on() -> None:
    with bureau(authorities=(AUTHORITY, "210521")) as city:
        server = await city.started()
        async with door(server) as at:
            lin, zhao = await enrolled(city, at), await enrolled(city, at, "210521")
            await at.post(lin.batch([lin.envelope() for _ in range(300)]))
            await by_hand(city.dsn(), *altered(7))
            assert b"position 7 " in await until_refused(at, lin)
            assert (await at.post(zhao.batch([zhao.envelope()]))).status == 200
        assert "log_closed" in server.log()
