"""What verify says of the log of an `eventsourcing` application: entries, tree and the keys that lead to its events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from ops.verify.database import DatabaseSource
from ops.verify.findings import Report
from ops.verify.run import verify
from tests.support import recorders
from tests.support.postgres import TestDatabase, TestServer

NAME = "Orders"
EVENTS = 40


@pytest.fixture
def application(postgres_server: TestServer, tmp_path: Path) -> Iterator[TestDatabase]:
    """A database with the log of one application: leaf 0 and EVENTS events of four aggregates."""
    database = asyncio.run(postgres_server.make_database())
    recorder = recorders.recorder(recorders.settings(database, tmp_path), NAME)
    for _ in range(4):
        recorder.insert_events(recorders.events(EVENTS // 4))
    del recorder
    recorders.wait_for_the_end_of_all_engines()
    yield database
    asyncio.run(postgres_server.drop_database(database))


def judged(database: TestDatabase) -> Report:
    source = DatabaseSource(database.dsn("liuhen_auditor"))
    try:
        return verify(source, workers=1)
    finally:
        source.close()


def by_hand(database: TestDatabase, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(database.dsn("postgres"))
        try:
            await connection.execute("ALTER TABLE log.keys DISABLE TRIGGER ALL")
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def test_the_log_of_an_application_is_clean_and_every_event_has_its_key(application: TestDatabase) -> None:
    report = judged(application)
    assert report.clean, [each.sentence("en") for each in report.ordered()]
    (log,) = report.logs
    assert "orders" in log["authority"]
    assert report.counts["entries"] == EVENTS + 1
    assert report.counts["rows"] == EVENTS


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE log.keys SET version = 99 WHERE position = 7",
        "UPDATE log.keys SET origin = '019b77b0-0000-7000-8000-000000000001' WHERE position = 7",
        "UPDATE log.keys SET chain = 1 WHERE position = 7",
        "UPDATE log.keys SET id = origin WHERE position = 7",
        "DELETE FROM log.keys WHERE position = 7",
        "INSERT INTO log.keys SELECT log_id, origin, 500, chain, 7, notes, id FROM log.keys WHERE position = 7",
    ],
)
def test_a_key_that_leads_elsewhere_is_named(harm: str, application: TestDatabase) -> None:
    """An event that cannot be found by its aggregate and version is as good as gone for the application."""
    by_hand(application, harm)
    found = judged(application).ordered()
    assert {(each.code, each.table, each.first) for each in found} == {("key_row", "keys", 7)}


def test_two_keys_exchanged_are_named_at_the_first(application: TestDatabase) -> None:
    by_hand(
        application,
        "UPDATE log.keys SET position = 1000 WHERE position = 7",
        "UPDATE log.keys SET position = 7 WHERE position = 8",
        "UPDATE log.keys SET position = 8 WHERE position = 1000",
    )
    report = judged(application)
    assert report.first() is not None
    assert {(each.code, each.first) for each in report.ordered()} == {("key_row", 7), ("key_row", 8)}
