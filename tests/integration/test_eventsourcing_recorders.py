"""What the library's suite does not look at: holes, order across processes, lost connections, neighbours, the tree."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

import asyncpg
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import (
    DataError,
    InfrastructureFactoryError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from eventsourcing.utils import Environment

from schemas import entries, merkle
from schemas.entries import EpochEntry, StoredEntry
from schemas.notes import VerifierKey, open_checkpoint
from server.log import epochs, store
from server.log.keyring import Keyring
from server.log.recorders import LiuhenFactory
from server.log.recorders import recorder as recorder_module
from server.log.recorders import subscription as subscription_module
from server.log.recorders.engine import Engine
from server.log.recorders.factory import log_name
from server.log.recorders.recorder import LogApplicationRecorder, LogTrackingRecorder
from server.log.register import Register
from server.log.store import Connection
from tests.support import postgres, recorders
from tests.support.recorders import events, recorder

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Place:
    """A database and the settings of the applications that stand on it."""

    database: postgres.TestDatabase
    folder: Path
    env: dict[str, str]

    def name(self, application: str) -> str:
        """The tests of this module share a database: each has applications of its own names."""
        return f"{application} {self.folder.name}"

    def environment(self, application: str, **changes: str) -> Environment:
        return Environment(self.name(application), {**self.env, **changes})

    def recorder(self, application: str = "app", **changes: str) -> LogApplicationRecorder:
        return recorder({**self.env, **changes}, self.name(application))

    def run(self, work: Callable[[asyncpg.Connection], Awaitable[T]], role: str = "postgres") -> T:
        async def connected() -> T:
            connection = await self.database.connect(role)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(connected())

    def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        return self.run(lambda connection: connection.fetch(sql, *arguments))


@pytest.fixture(scope="module")
def database(postgres_server: postgres.TestServer) -> Iterator[postgres.TestDatabase]:
    made = asyncio.run(postgres_server.make_database())
    try:
        yield made
    finally:
        asyncio.run(postgres_server.drop_database(made))


@pytest.fixture
def place(database: postgres.TestDatabase, short_folder: Path) -> Iterator[Place]:
    try:
        yield Place(database, short_folder, recorders.settings(database, short_folder))
    finally:
        recorders.wait_for_the_end_of_all_engines()


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition, without a fixed time to wait."""
    pause, deadline = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        pause.wait(0.005)


def verify(place: Place, name: str) -> list[StoredEntry]:
    """Recompute the tree of an application's log from its entries; returns the stored events."""
    authority = log_name(place.name(name), "events")
    rows = place.fetch(
        "SELECT l.origin, h.size, h.root, h.note, e.position, e.entry FROM log.logs l JOIN log.heads h USING (log_id)"
        " JOIN log.entries e USING (log_id) WHERE l.authority = $1 ORDER BY e.position",
        authority,
    )
    first = entries.decode_strict(bytes(rows[0]["entry"]))
    assert isinstance(first, EpochEntry)
    assert [row["position"] for row in rows] == list(range(rows[0]["size"])), "a hole, or something beyond the head"
    assert merkle.root_of([merkle.leaf_hash(bytes(row["entry"])) for row in rows]) == bytes(rows[0]["root"])
    checkpoint = open_checkpoint(rows[0]["note"], VerifierKey.parse(first.keys.log), rows[0]["origin"])
    assert (checkpoint.size, checkpoint.root) == (rows[0]["size"], bytes(rows[0]["root"]))
    stored = [entries.decode_strict(bytes(row["entry"])) for row in rows[1:]]
    assert all(isinstance(entry, StoredEntry) for entry in stored)
    return stored  # type: ignore[return-value]


# -- order and holes -------------------------------------------------------------------------------------------------


def test_a_refused_call_leaves_no_hole(place: Place) -> None:
    log = place.recorder()
    taken = events(2)
    assert log.insert_events(taken) == [1, 2]
    with pytest.raises(IntegrityError):
        log.insert_events([*events(3), taken[1]])
    assert log.insert_events(events(2)) == [3, 4]
    assert [n.id for n in log.select_notifications(None, 10)] == [1, 2, 3, 4]


def test_a_version_taken_long_ago_or_by_another_process_is_refused(place: Place) -> None:
    taken = events(1)
    first = LiuhenFactory(place.environment("app"))
    assert first.application_recorder().insert_events(taken) == [1]
    first.close()
    again = place.recorder()
    with pytest.raises(IntegrityError):
        again.insert_events(taken)
    assert again.insert_events(events(1)) == [2]


def test_what_stands_in_the_log_verifies_from_its_first_leaf(place: Place) -> None:
    log = place.recorder()
    written = events(3, topic="any:text that is nobody's class") + events(2, first=0)
    log.insert_events(written[:2])
    log.insert_events(written[2:])
    stored = verify(place, "app")
    assert [(e.o, e.q, e.y, e.b) for e in stored] == [
        (w.originator_id.bytes, w.originator_version, w.topic, w.state)  # type: ignore[union-attr]
        for w in written
    ]


def test_versions_may_begin_below_one_and_skip(place: Place) -> None:
    log = place.recorder()
    origin = uuid4()
    written = [StoredEvent(origin, version, "topic", b"") for version in (-3, 0, 7, 2**53 - 1)]
    log.insert_events(written)
    assert log.select_events(origin) == written
    assert log.select_events(origin, gt=0, lte=2**53 - 2) == written[2:3]
    assert log.select_events(origin, gt=2**60) == []
    assert log.select_events(origin, lte=-(2**60)) == []
    assert log.select_events(origin, desc=True, limit=2) == [written[3], written[2]]


def test_two_processes_share_one_gapless_log(place: Place) -> None:
    command = [sys.executable, "-c", f"from tests.support.recorders import write; write({place.name('app')!r}, 40, 5)"]
    environment = {**os.environ, **place.env, "PYTHONPATH": str(ROOT)}
    # Neither finds a log: they begin it at the same time as well.
    others = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [other.communicate(timeout=60) for other in others]
    assert [other.returncode for other in others] == [0, 0], told
    calls = [[int(word) for word in line.split()] for out, _ in told for line in out.splitlines()]
    assert all(ids == list(range(ids[0], ids[0] + 5)) for ids in calls), "the events of one call stand together"
    assert sorted(i for ids in calls for i in ids) == list(range(1, 401))
    assert len(verify(place, "app")) == 400


ADVISORY = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def test_a_log_is_begun_by_one_at_a_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real, inside, most = epochs.begin_epoch, 0, 0

    async def watched(connection: asyncpg.Connection, *arguments: Any, **options: Any) -> Any:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        # Goes on once the other waits for its turn, or has come in where it should not.
        while inside < 2 and await connection.fetchval(ADVISORY) == 0:
            pass
        begun = await real(connection, *arguments, **options)
        inside -= 1
        return begun

    monkeypatch.setattr(epochs, "begin_epoch", watched)
    # Different settings, so that each has an engine of its own, as two processes have.
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(place.recorder, LIUHEN_TILES=str(place.folder / tiles)) for tiles in ("a", "b")]
        first, second = (future.result(30) for future in made)
    assert first.engine is not second.engine
    assert most == 1
    assert first.insert_events(events(1)) == [1]
    assert second.insert_events(events(1)) == [2]


def test_a_reader_never_sees_a_later_event_before_an_earlier_one(place: Place) -> None:
    log = place.recorder()
    seen: list[int] = []
    with log.subscribe() as subscription, ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(log.insert_events, events(3)) for _ in range(60)]
        for notification in subscription:
            seen.append(notification.id)
            if len(seen) == 180:
                break
        for writer in writers:
            writer.result()
    assert seen == list(range(1, 181))


def test_ids_go_on_in_a_new_epoch(place: Place) -> None:
    log = place.recorder()
    old = events(2)
    assert log.insert_events(old) == [1, 2]
    keys, register = Keyring(place.folder / "keys"), Register(place.folder / "register")
    register.read()

    async def begin(connection: asyncpg.Connection) -> None:
        await epochs.begin_epoch(
            connection, store.load_queries("server.log", "log.sql"), keys, register,
            authority=log.authority, host="liuhen.example", received=time.time_ns() // 1_000_000, kind="application",
        )  # fmt: skip

    place.run(begin, "liuhen_writer")
    assert log.max_notification_id() == 2
    assert log.insert_events(events(2)) == [3, 4]
    assert [n.id for n in log.select_notifications(2, 10)] == [2, 3, 4]
    assert [n.id for n in log.select_notifications(1, 2, inclusive_of_start=False)] == [2, 3]
    assert log.select_events(old[0].originator_id) == old
    log.engine.recent._until.clear()
    with pytest.raises(IntegrityError):
        log.insert_events(old)


# -- subscriptions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only NOTIFY may wake a subscription."""
    monkeypatch.setattr(subscription_module, "POLL_SECONDS", 3_600.0)


def first_of(subscription: Any) -> threading.Event:
    """Set once the subscription has given one notification, in a thread of its own."""
    came = threading.Event()

    def pull() -> None:
        if next(subscription, None) is not None:
            came.set()

    threading.Thread(target=pull, daemon=True).start()
    return came


def test_an_event_between_listen_and_the_first_pull_is_not_missed(place: Place, no_poll: None) -> None:
    log = place.recorder()
    with log.subscribe() as subscription:
        log.insert_events(events(1))
        assert first_of(subscription).wait(10)


def test_an_event_right_after_an_empty_pull_is_not_missed(
    place: Place, no_poll: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = place.recorder()
    real = LogApplicationRecorder.max_notification_id
    pulls: list[int | None] = []

    def widened(self: LogApplicationRecorder) -> int | None:
        found = real(self)
        pulls.append(found)
        if len(pulls) == 1:
            log.insert_events(events(1))  # committed after the pull has looked and before it waits
        return found

    monkeypatch.setattr(LogApplicationRecorder, "max_notification_id", widened)
    with log.subscribe() as subscription:
        assert first_of(subscription).wait(10)
    assert pulls == [None, 1]


def test_a_subscription_survives_the_loss_of_its_listener(place: Place, no_poll: None) -> None:
    log = place.recorder()
    with log.subscribe() as subscription:
        came = first_of(subscription)
        listeners = "SELECT pid FROM pg_stat_activity WHERE application_name = 'liuhen listener' AND datname = $1"
        lost = place.fetch(listeners, place.database.name)
        assert len(lost) == 1
        place.fetch("SELECT pg_terminate_backend($1)", lost[0]["pid"])
        until(lambda: place.fetch(listeners, place.database.name) not in ([], lost))
        log.insert_events(events(1))
        assert came.wait(10)


def test_an_event_between_the_loss_of_the_listener_and_the_next_is_not_missed(
    place: Place, no_poll: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = place.recorder()
    real = asyncpg.Connection.add_listener

    async def late(connection: asyncpg.Connection, channel: str, callback: Any) -> None:
        await asyncio.to_thread(log.insert_events, events(1))  # committed while nobody listens
        await real(connection, channel, callback)

    with log.subscribe() as subscription:
        came = first_of(subscription)
        monkeypatch.setattr(asyncpg.Connection, "add_listener", late)
        place.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'liuhen listener'")
        assert came.wait(10)


def test_a_waiting_subscription_ends_when_it_is_stopped(place: Place, no_poll: None) -> None:
    log = place.recorder()
    before = threading.active_count()
    with log.subscribe() as subscription, ThreadPoolExecutor(1) as pool:
        rest = pool.submit(list, subscription)
        subscription.stop()
        assert rest.result(10) == []
    assert threading.active_count() == before


def test_a_rare_topic_is_found_behind_many_others(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "SCAN", 3)
    log = place.recorder()
    for number in range(1, 22):
        log.insert_events(events(1, topic="rare" if number % 10 == 0 else "common"))
    assert [n.id for n in log.select_notifications(None, 2, topics=["rare"])] == [10, 20]
    assert [n.id for n in log.select_notifications(11, 2, topics=["rare"])] == [20]
    assert [n.id for n in log.select_notifications(None, 5, stop=19, topics=["rare"])] == [10]


# -- lost connections ------------------------------------------------------------------------------------------------


@pytest.mark.fault
@pytest.mark.parametrize("lost", ["answer", "commit"])
@pytest.mark.parametrize("what", ["events", "events and tracking", "tracking"])
def test_a_commit_of_unknown_outcome_is_found_out(place: Place, lost: str, what: str) -> None:
    server = next(Path(str(place.database.cluster._sockets)).glob(".s.PGSQL.*[0-9]"))
    door = place.folder / "door"
    door.mkdir()
    with recorders.CutOff(server, door) as cut:
        dsn = place.env["LIUHEN_DSN"].replace(quote(str(server.parent), safe=""), quote(str(door), safe=""))
        assert dsn != place.env["LIUHEN_DSN"]
        factory = LiuhenFactory(place.environment("app", LIUHEN_DSN=dsn))
        log = factory.process_recorder()
        tracking = Tracking("upstream", 1)
        log.insert_events(events(1))
        cut.lose = lost
        match what:
            case "events":
                assert log.insert_events(events(2)) == [2, 3]
            case "events and tracking":
                assert log.insert_events(events(2), tracking=tracking) == [2, 3]
            case "tracking" if lost == "answer":
                log.insert_events([], tracking=tracking)
            case _:  # nothing says that a view's own work may be run twice, so the caller is told
                with pytest.raises(OperationalError):
                    log.insert_events([], tracking=tracking)
        assert cut.cut == 1, "the control: a COMMIT was cut"
        assert log.insert_events(events(1)) == [2 if what == "tracking" else 4]
        tracked = what == "events and tracking" or (what, lost) == ("tracking", "answer")
        assert log.has_tracking_id("upstream", 1) is tracked
        factory.close()
    verify(place, "app")


@pytest.mark.fault
def test_reads_and_appends_go_on_when_every_connection_is_killed(place: Place) -> None:
    log = place.recorder()
    log.insert_events(events(1))
    killed = place.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
        place.database.name,
    )
    assert len(killed) >= 3
    assert log.max_notification_id() == 1
    assert log.insert_events(events(1)) == [2]
    verify(place, "app")


# -- neighbours ------------------------------------------------------------------------------------------------------


LOCK_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def test_a_conflict_in_a_group_does_not_fail_its_neighbours(place: Place) -> None:
    log = place.recorder()
    committer = log.engine._committer
    twice = events(1)

    async def hold(connection: asyncpg.Connection) -> list[Any]:
        """Keep the head's lock until all others wait in one group."""
        with ThreadPoolExecutor(12) as pool:
            async with connection.transaction():
                await connection.fetch("SELECT * FROM log.lock_heads((SELECT array_agg(log_id) FROM log.logs))")
                begun = committer.figures.groups
                first = pool.submit(log.insert_events, events(1))
                async with asyncio.timeout(30):
                    while await connection.fetchval(LOCK_WAITERS) != 1:  # noqa: ASYNC110 - rows wake nobody
                        await asyncio.sleep(0.001)
                waiting = [pool.submit(log.insert_events, twice if n in (3, 7) else events(2)) for n in range(10)]
                await until_async(lambda: len(committer._queue) == 10)
            await asyncio.to_thread(first.result)
            results = [await asyncio.to_thread(w.exception) or w.result() for w in waiting]
            assert committer.figures.groups - begun == 2, "the first alone, then all ten in one transaction"
            return results

    results = place.run(hold)
    conflicts = [r for r in results if isinstance(r, IntegrityError)]
    ids = sorted(i for r in results if isinstance(r, list) for i in r)
    assert len(conflicts) == 1
    assert ids == list(range(2, 2 + 8 * 2 + 1))
    verify(place, "app")


async def until_async(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, condition)


def test_two_applications_are_appended_by_one_committer_to_logs_of_their_own(place: Place) -> None:
    one, two = place.recorder("one"), place.recorder("两个 / two")
    assert one.engine is two.engine
    assert one.insert_events(events(2)) == [1, 2]
    assert two.insert_events(events(1)) == [1]
    assert (one.max_notification_id(), two.max_notification_id()) == (2, 1)
    assert len(verify(place, "两个 / two")) == 1
    kinds = place.fetch("SELECT DISTINCT kind FROM log.logs")
    assert [row["kind"] for row in kinds] == ["application"]


@pytest.mark.parametrize(
    ("one", "other"), [("app", "App"), ("a b", "a-b"), ("a", "a-"), ("x" * 200, "x" * 201), ("案件", "终端")]
)
def test_two_applications_never_share_a_log(one: str, other: str) -> None:
    names = {log_name(name, purpose) for name in (one, other) for purpose in ("events", "snapshots")}
    assert len(names) == 4
    assert all(name.isascii() and len(name) <= 64 and name.startswith("app-") for name in names)


# -- errors ----------------------------------------------------------------------------------------------------------


def test_clearing_the_frames_of_an_error_does_not_stop_the_committer(place: Place) -> None:
    log = place.recorder()
    taken = events(1)
    log.insert_events(taken)
    log.engine.recent._until.clear()  # so that the refusal comes from the committer
    with pytest.raises(IntegrityError) as refused:
        log.insert_events(taken)
    fault: BaseException | None = refused.value
    while fault is not None:
        traceback.clear_frames(fault.__traceback__)
        fault = fault.__cause__ or fault.__context__
    assert log.insert_events(events(1)) == [2]


def test_a_call_on_the_loop_of_the_engine_is_refused(place: Place) -> None:
    log = place.recorder()

    async def on_the_loop(connection: Connection) -> None:
        log.max_notification_id()

    with pytest.raises(ProgrammingError, match="another thread"):
        log.engine.transaction(on_the_loop)
    assert log.max_notification_id() is None


@pytest.mark.parametrize(
    "unfit",
    [
        StoredEvent(uuid4(), 1, "topic", bytes(65_536)),
        StoredEvent(uuid4(), 1, "\ud800", b""),
        StoredEvent(uuid4(), 2**53, "topic", b""),
    ],
    ids=["too large", "no UTF-8", "version beyond 53 bits"],
)
def test_what_no_entry_can_hold_is_refused_whole(place: Place, unfit: StoredEvent) -> None:
    log = place.recorder()
    with pytest.raises(DataError):
        log.insert_events([*events(1), unfit])
    assert log.max_notification_id() is None


def test_one_event_more_than_a_call_may_bring_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MAX_EVENTS", 3)
    monkeypatch.setattr(recorder_module, "MAX_BYTES", 2_000)
    log = place.recorder()
    assert log.insert_events(events(3)) == [1, 2, 3]
    with pytest.raises(DataError, match="at most 3 events"):
        log.insert_events(events(4))
    with pytest.raises(DataError, match="at most 2000 bytes"):
        log.insert_events([StoredEvent(uuid4(), 1, "topic", bytes(2_000))])


def test_originators_other_than_uuids_are_refused(place: Place) -> None:
    log = place.recorder()
    with pytest.raises(NotSupportedError):
        log.insert_events([StoredEvent("a name", 1, "topic", b"")])
    with pytest.raises(NotSupportedError):
        log.select_events("a name")


def test_tracking_is_never_dropped_by_a_recorder_that_cannot_record_it(place: Place) -> None:
    log = place.recorder()
    with pytest.raises(NotSupportedError, match="process recorder"):
        log.insert_events(events(1), tracking=Tracking("upstream", 1))
    assert log.max_notification_id() is None


def test_a_view_and_its_tracking_are_written_together_or_not_at_all(place: Place) -> None:
    view = LiuhenFactory(place.environment("view")).tracking_recorder()
    assert isinstance(view, LogTrackingRecorder)

    async def broken(connection: Connection) -> None:
        await connection.execute("SELECT 1 / 0")

    with pytest.raises(OperationalError):
        view.tx(Tracking("upstream", 1), broken)
    assert view.max_tracking_id("upstream") is None
    with ThreadPoolExecutor(8) as pool:
        outcomes = [pool.submit(view.insert_tracking, Tracking("upstream", 5)) for _ in range(8)]
        failures = [outcome.exception(30) for outcome in outcomes]
    assert sum(failure is None for failure in failures) == 1, "exactly once"


def test_a_lower_notification_is_refused_while_a_higher_one_is_being_written(place: Place) -> None:
    view = LiuhenFactory(place.environment("view")).tracking_recorder()
    with ThreadPoolExecutor(1) as pool:
        lower: list[Any] = []

        async def slow(connection: Connection) -> None:
            lower.append(pool.submit(view.insert_tracking, Tracking("upstream", 4)))
            while not lower[0].done() and await connection.fetchval(ADVISORY) == 0:
                pass

        view.tx(Tracking("upstream", 5), slow)
        assert isinstance(lower[0].exception(10), IntegrityError)
    assert view.max_tracking_id("upstream") == 5


@pytest.mark.parametrize("key", ["LIUHEN_DSN", "LIUHEN_KEYS", "LIUHEN_REGISTER", "LIUHEN_HOST"])
def test_a_missing_setting_is_named(key: str) -> None:
    env = {"LIUHEN_DSN": "postgresql:///x", "LIUHEN_KEYS": "x", "LIUHEN_REGISTER": "x", "LIUHEN_HOST": "x", key: ""}
    with pytest.raises(OSError, match=f"'APP_{key}' or '{key}'"):
        LiuhenFactory(Environment("app", env))


def test_a_database_that_cannot_be_reached_is_told_in_the_librarys_words(place: Place) -> None:
    env = {**place.env, "LIUHEN_DSN": f"postgresql://nobody@/none?host={quote(str(place.folder), safe='')}"}
    with pytest.raises(OperationalError):
        LiuhenFactory(Environment("app", env))


def test_a_class_that_is_no_recorder_of_ours_is_refused(place: Place) -> None:
    env = {**place.env, "APPLICATION_RECORDER_TOPIC": "builtins:dict", "TRACKING_RECORDER_TOPIC": "builtins:dict"}
    factory = LiuhenFactory(Environment("app", env))
    with pytest.raises(InfrastructureFactoryError):
        factory.application_recorder()
    with pytest.raises(InfrastructureFactoryError):
        factory.tracking_recorder()


# -- the life of an application --------------------------------------------------------------------------------------


def test_an_application_finds_its_events_after_a_restart(place: Place) -> None:
    aggregate = Aggregate()
    with Application[Any](env=place.env) as first:
        first.save(aggregate)
    first.close()
    recorders.wait_for_the_end_of_all_engines()
    with Application[Any](env=place.env) as second:
        found: Aggregate = second.repository.get(aggregate.id)
        assert found.version == 1
        found.trigger_event(Aggregate.Event)
        assert [r.notification.id for r in second.save(found)] == [2]
    second.close()


def test_a_recorder_outlives_its_factory_but_not_its_closing(place: Place) -> None:
    kept = place.recorder()  # nothing but the recorder refers to what it stands on
    assert kept.insert_events(events(1)) == [1]
    factory = LiuhenFactory(place.environment("app"))
    log = factory.application_recorder()
    factory.close()
    assert log.max_notification_id() == 1, "another application of the process still needs the committer"
    engine = kept.engine
    kept._lease.close()
    with pytest.raises(InterfaceError):
        log.max_notification_id()
    assert isinstance(engine, Engine)
    assert engine.closed


def test_a_lost_register_beside_a_log_with_events_is_refused(place: Place) -> None:
    factory = LiuhenFactory(place.environment("app"))
    factory.application_recorder().insert_events(events(1))
    factory.close()
    (place.folder / "register" / "register.json").unlink()
    again = LiuhenFactory(place.environment("app"))
    with pytest.raises(OperationalError, match="register"):
        again.application_recorder()


def test_create_table_off_begins_no_log(place: Place) -> None:
    log = place.recorder(CREATE_TABLE="f")
    assert log.max_notification_id() is None
    with pytest.raises(ProgrammingError, match="there is no log"):
        log.insert_events(events(1))
