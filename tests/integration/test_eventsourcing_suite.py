"""The conformance suite of the `eventsourcing` library against the recorders, on the very tables that the server uses.

The cases are the library's own; here stand only the database, the settings and what it asks to be told.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from eventsourcing.persistence import AggregateRecorder, InfrastructureFactory, Tracking, TrackingRecorder
from eventsourcing.tests import application, persistence, projection
from eventsourcing.utils import Environment, get_topic

from server.log.recorders import LiuhenFactory
from server.log.recorders.recorder import (
    LogAggregateRecorder,
    LogApplicationRecorder,
    LogProcessRecorder,
    LogTrackingRecorder,
)
from server.log.store import Connection
from tests.support import postgres, recorders

VIEW = """
CREATE SCHEMA counting AUTHORIZATION liuhen_writer;
SET ROLE liuhen_writer;
CREATE TABLE counting.counters (created integer NOT NULL, subsequent integer NOT NULL);
INSERT INTO counting.counters VALUES (0, 0);
"""


@pytest.fixture(autouse=True)
def settings(
    postgres_server: postgres.TestServer, short_folder: Path, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """A database of the newest shape and folders for this test alone, named in the environment."""
    database = asyncio.run(postgres_server.make_database())
    asyncio.run(_execute(database.dsn(), VIEW))
    env = recorders.settings(database, short_folder)
    request.cls.env = request.cls.environment(env)
    before = dict(os.environ)
    os.environ.update(env)
    try:
        yield env
    finally:
        os.environ.clear()
        os.environ.update(before)
        recorders.wait_for_the_end_of_all_engines()
        asyncio.run(postgres_server.drop_database(database))


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


class OnOurTables:
    """A factory for each test; the library reads its settings from the environment."""

    @classmethod
    def environment(cls, env: dict[str, str]) -> Any:
        return Environment("TestCase", env)

    env: Any

    def factory(self) -> InfrastructureFactory[Any]:
        factory = InfrastructureFactory.construct(self.env)
        self.addCleanup(factory.close)  # type: ignore[attr-defined]
        return factory


class TestAggregateRecorder(OnOurTables, persistence.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return self.factory().aggregate_recorder()


class TestApplicationRecorder(OnOurTables, persistence.ApplicationRecorderTestCase[Any]):
    def create_recorder(self) -> Any:
        return self.factory().application_recorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestTrackingRecorder(OnOurTables, persistence.TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return self.factory().tracking_recorder()


class TestProcessRecorder(OnOurTables, persistence.ProcessRecorderTestCase):
    def create_recorder(self) -> Any:
        return self.factory().process_recorder()


class TestProcessRecorderAsApplicationRecorder(OnOurTables, persistence.ApplicationRecorderTestCase[Any]):
    def create_recorder(self) -> Any:
        return self.factory().process_recorder()

    test_performance = None  # type: ignore[assignment]  # told already
    test_concurrent_throughput = None  # type: ignore[assignment]
    test_concurrent_no_conflicts = None  # type: ignore[assignment]


class TestProcessRecorderAsTrackingRecorder(OnOurTables, persistence.TrackingRecorderTestCase):
    def create_recorder(self) -> Any:
        return self.factory().process_recorder()


class TestNonInterleaving(OnOurTables, persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> Any:
        return self.factory().application_recorder()


class OwnTracking(LogTrackingRecorder):
    """A subclass, as a view would be."""


class TestFactory(OnOurTables, persistence.InfrastructureFactoryTestCase[LiuhenFactory]):
    def expected_factory_class(self) -> type[LiuhenFactory]:
        return LiuhenFactory

    def expected_aggregate_recorder_class(self) -> type[LogAggregateRecorder]:
        return LogAggregateRecorder

    def expected_application_recorder_class(self) -> type[LogApplicationRecorder]:
        return LogApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[LogTrackingRecorder]:
        return LogTrackingRecorder

    def tracking_recorder_subclass(self) -> type[LogTrackingRecorder]:
        return OwnTracking

    def expected_process_recorder_class(self) -> type[LogProcessRecorder]:
        return LogProcessRecorder


class TestExampleApplication(OnOurTables, application.ExampleApplicationTestCase):
    expected_factory_topic = get_topic(LiuhenFactory)


class TestApplication(OnOurTables, application.ApplicationTestCase):
    @pytest.mark.filterwarnings("default:'log' is deprecated:DeprecationWarning")
    def test_application_log(self) -> None:
        super().test_application_log()  # it provokes this very warning and looks at it


class Counters(LogTrackingRecorder, projection.EventCountersView):
    """A materialised view in a table of its own, updated in one transaction with its tracking."""

    def get_created_event_counter(self) -> int:
        return self._read("created")

    def get_subsequent_event_counter(self) -> int:
        return self._read("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute("UPDATE counting.counters SET created = created + 1")

        self.tx(tracking, work)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        async def work(connection: Connection) -> None:
            await connection.execute("UPDATE counting.counters SET subsequent = subsequent + 1")

        self.tx(tracking, work)

    def _read(self, column: str) -> int:
        async def work(connection: Connection) -> int:
            row = await connection.fetchrow("SELECT created, subsequent FROM counting.counters")
            value: int = row[column]
            return value

        return self.engine.transaction(work)


class TestEventCountersView(OnOurTables, projection.EventCountersViewTestCase):
    def construct_event_counters_view(self) -> projection.EventCountersView:
        return self.factory().tracking_recorder(Counters)  # type: ignore[no-any-return]


class InPlainEnvironment(OnOurTables):
    @classmethod
    def environment(cls, env: dict[str, str]) -> Any:
        return env


class TestAggregateEventCountersProjection(InPlainEnvironment, projection.AggregateEventCountersProjectionTestCase):
    view_class = Counters


class TestEventSourcedProjection(InPlainEnvironment, projection.EventSourcedProjectionTestCase):
    pass
