"""Two server processes on one database, three authorities, many terminals: one gapless log each, whoever wrote it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.support.log import PaperTerminal
from tests.support.server import ALONE, Bureau, Door, bureau, door
from tests.support.uploads import uploading

FULL = os.environ.get("LIUHEN_FULL") == "1"
AUTHORITIES = ("210000", "210500", "210521")
pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def place() -> Iterator[Bureau]:
    with bureau(authorities=AUTHORITIES, environment=ALONE) as made:
        made.start()
        made.start()
        yield made


async def test_two_processes_under_load_leave_gapless_logs_that_verify(place: Bureau) -> None:
    urls = [server.url for server in place.servers[:2]]
    async with uploading(place, urls, terminals=48 if FULL else 12, authorities=AUTHORITIES) as uploads:
        await uploads.answered(4_000 if FULL else 120)
    assert uploads.statuses.keys() == {200}
    found = await uploads.check()
    assert len(found.logs) == 3
    for origin, rows in found.logs.items():
        authority = origin.split("/")[1]
        strangers = [t for t in uploads.terminals if t.authority != authority]
        assert not any(t.id in row for t in strangers for row in rows), "none sees another's records"
    assert all(server.running for server in place.servers)
    report = await place.verify()
    assert report.clean, report.first()


async def test_the_same_batch_sent_to_both_processes_at_once_stands_once(place: Bureau) -> None:
    async with door(place.servers[0]) as one:
        two = Door(place.servers[1].url, one.session)
        t1 = PaperTerminal("210521")
        assert (await one.enrol(await place.code("210521"), t1)).status == 200
        for _ in range(10):
            batch = t1.batch([t1.envelope() for _ in range(5)])
            answers = await asyncio.gather(*(at.post(batch) for at in (one, two) * 4))
            assert {a.status for a in answers} == {200}
            assert len({tuple(a.positions) for a in answers}) == 1


async def test_the_same_enrolment_sent_to_both_processes_at_once_makes_one_terminal(place: Bureau) -> None:
    async with door(place.servers[0]) as one:
        two = Door(place.servers[1].url, one.session)
        for _ in range(4):
            code, t1 = await place.code("210000"), PaperTerminal("210000")
            answers = await asyncio.gather(*(at.enrol(code, t1) for at in (one, two) * 3))
            assert [a.status for a in answers] == [200] * 6, [a.body for a in answers if a.status != 200]
            ids = {answer.body[answer.body.index(b"\xa8terminal") :][11:27] for answer in answers}
            assert len(ids) == 1


async def test_a_process_that_starts_while_others_write_joins_them(place: Bureau) -> None:
    urls = [server.url for server in place.servers[:2]]
    async with uploading(place, urls, terminals=6, authorities=AUTHORITIES, pause=0.02) as uploads:
        await uploads.answered(10)
        third = await place.started()
        uploads.urls.append(third.url)
        await uploads.answered(30)
        await asyncio.to_thread(place.servers[1].stop)
        uploads.urls.remove(urls[1])
        await uploads.answered(20)
    await uploads.check()
    report = await place.verify()
    assert report.clean, report.first()
