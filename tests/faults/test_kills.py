"""kill -9 of the server and of PostgreSQL while terminals upload: what was answered is kept, once, where it was said.

Kills count only if a request was in flight. `make test` does a tenth; LIUHEN_FULL=1 does all of them. The control is a
server that answers before COMMIT: the same checker must catch it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from ops import postmaster
from ops.faults import STEPS
from tests.support.server import ALONE, Bureau, ServerProcess, Unsound, bureau, signal_process, until
from tests.support.uploads import Uploads, uploading

FULL = os.environ.get("LIUHEN_FULL") == "1"
ROUNDS, MOMENTS = (4, 12) if FULL else (1, 1)
Report = Callable[[str, object], None]
pytestmark = pytest.mark.fault


@pytest.fixture
def place() -> Iterator[Bureau]:
    with bureau(environment=ALONE) as made:
        yield made


async def replaced(place: Bureau, uploads: Uploads, **options: str) -> ServerProcess:
    """Another server instead of the one that died."""
    server = await place.started(environment=options)
    uploads.urls = [server.url]
    return server


async def died(uploads: Uploads, server: ServerProcess) -> bool:
    """Wait for a server that ends itself; whether a request was cut off by that."""
    before = uploads.cut
    assert await server.ended(60.0) == -signal.SIGKILL
    uploads.urls = []
    await until(lambda: not uploads.in_flight)
    return uploads.cut > before


async def test_killing_the_server_between_any_two_steps_or_at_any_moment_loses_and_doubles_nothing(
    place: Bureau, record_testsuite_property: Report
) -> None:
    server = await place.started()
    hits = 0
    async with uploading(place, [server.url]) as uploads:
        for number in range(MOMENTS):
            await uploads.answered(1 + number % 5)
            flying = await uploads.flying()
            uploads.urls = []
            server.process.kill()
            hits += await died(uploads, server) and flying > 0
            if number < MOMENTS - 1:
                server = await replaced(place, uploads)
        for round_number in range(ROUNDS):
            for step in STEPS:
                server = await replaced(place, uploads, LIUHEN_FAULT=f"{step}:{2 + round_number}")
                hits += await died(uploads, server)
        await replaced(place, uploads)
        await uploads.answered(4)
    await uploads.check()
    assert uploads.statuses.keys() <= {200, 503}
    assert hits >= ROUNDS * len(STEPS) + MOMENTS * 0.8, "a kill counts only if it cut a request off"
    record_testsuite_property("kills_of_the_server_in_flight", hits)
    report = await place.verify()
    assert report.clean, report.first()


async def test_killing_postgresql_under_a_running_server_loses_and_doubles_nothing(
    place: Bureau, record_testsuite_property: Report
) -> None:
    server = await place.started(environment={"LIUHEN_PROJECTOR": "on"})  # what follows the log lives through it too
    kills = (signal.SIGKILL, signal.SIGQUIT, None) * (4 if FULL else 1)
    async with uploading(place, [server.url]) as uploads:
        for how in kills:
            await uploads.answered(4)
            await kill_postgresql(place, uploads, how)
        await uploads.answered(8)
    assert server.running, "the server lives through it"
    assert uploads.statuses.keys() <= {200, 503}
    await uploads.check()
    record_testsuite_property("kills_of_postgresql_in_flight", len(kills))
    report = await place.verify()
    assert report.clean, report.first()


async def kill_postgresql(place: Bureau, uploads: Uploads, how: signal.Signals | None) -> None:
    """The postmaster by a signal, or (None) the backend that the committer works with."""
    if how is None:
        [row] = await place.cluster.psql(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'liuhen committer' LIMIT 1"
        )
        assert await uploads.flying()
        signal_process(row["pid"], signal.SIGKILL)
        return
    pid = place.cluster.pid
    assert pid is not None
    assert await uploads.flying()
    signal_process(pid, how)
    await until(lambda: not postmaster.alive(pid))  # until then it may still answer, and would be adopted
    await asyncio.to_thread(place.cluster.start)


async def test_a_server_that_answers_before_the_commit_is_caught(place: Bureau) -> None:
    first = await place.started()
    with pytest.RaisesGroup(Unsound, flatten_subgroups=True, allow_unwrapped=True):
        async with uploading(place, [first.url]) as uploads:
            await uploads.answered(2)
            uploads.urls = []
            await asyncio.to_thread(first.stop)
            early = await place.started(runner="tests.support.answer_early", environment={"LIUHEN_FAULT": "written:3"})
            uploads.urls = [early.url]
            await died(uploads, early)
            await replaced(place, uploads)
            uploads.stopping = True
            await until(lambda: not uploads.in_flight)
            await uploads.check()
