"""The publisher beside the other projectors: it shows what is released while they hold their leases, at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from projections import publishing
from projections.process.runner import ProcessRunner
from projections.publishing import Publisher
from projections.runner import Runner
from tests.support.disclosure import MONTHS, PREPARER, RELEASER, bureau, decided
from tests.support.log import AUTHORITY, Log, open_log
from tests.support.postgres import TestDatabase


@pytest.fixture
async def log(database: TestDatabase, short_folder: Path) -> AsyncIterator[Log]:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as opened:
        yield opened


async def until(connection: asyncpg.Connection, question: str) -> None:
    """Ask until the answer is something."""
    async with asyncio.timeout(60):
        while not await connection.fetchval(question):  # noqa: ASYNC110 - rows of a database wake nobody
            await asyncio.sleep(0.05)


async def test_what_is_released_is_shown_beside_the_other_projectors(log: Log, database: TestDatabase) -> None:
    desk = await bureau(log, database)
    own = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    assert prepared.record.pending is not None
    stop, dsn = asyncio.Event(), database.dsn("liuhen_projector")
    works = [one.run(stop) for one in (Runner(dsn), ProcessRunner(dsn), Publisher(dsn))]
    tasks = [asyncio.create_task(one) for one in works]
    public = await database.connect("liuhen_public")
    try:
        await desk.acts.release(AUTHORITY, prepared.record.id, prepared.record.pending.id, RELEASER)
        for question in (
            "SELECT count(*) FROM published.records",
            "SELECT number FROM published.statistics WHERE figure = 'published'",
        ):
            await until(public, question)
    finally:
        await public.close()
        stop.set()
        async with asyncio.timeout(30):
            await asyncio.gather(*tasks)


async def test_a_release_wakes_the_publisher(log: Log, database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without looking by itself: the claim would fail if only uploads, or nothing, were told to it."""
    monkeypatch.setattr(publishing, "REPOLL_SECONDS", 3_600.0)
    monkeypatch.setattr(publishing, "FIGURES_SECONDS", 3_600.0)
    desk = await bureau(log, database)
    own = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    assert prepared.record.pending is not None
    stop = asyncio.Event()
    task = asyncio.create_task(Publisher(database.dsn("liuhen_projector")).run(stop))
    public = await database.connect("liuhen_public")
    try:
        await until(public, "SELECT count(*) FROM published.positions")  # its first look is over
        await desk.acts.release(AUTHORITY, prepared.record.id, prepared.record.pending.id, RELEASER)
        await until(public, "SELECT count(*) FROM published.records")
    finally:
        await public.close()
        stop.set()
        async with asyncio.timeout(30):
            await task
