"""kill -9 in the middle of fifty uploads: no finished blob is lost, no row is without its blob, all come in the end.

The server is killed at random moments and between any two steps of a finished upload. The control is a server that
writes the row before the bytes are linked and fsynced: the same checker must catch it.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

import aiohttp
import pytest

from ops.faults import UPLOAD_STEPS
from tests.support.server import ALONE, Answer, Bureau, Door, ServerProcess, bureau, door, enrolled, until
from tests.support.tus import Tus, blob_rows, check_blobs, declare, picture

FULL = os.environ.get("LIUHEN_FULL") == "1"
UPLOADS = 50 if FULL else 10
MOMENTS = 20 if FULL else 2
CHUNK = 200_000
PATIENCE_SECONDS = 600.0 if FULL else 90.0
"""For one file, over all kills that it meets."""
Report = Callable[[str, object], None]
pytestmark = pytest.mark.fault


@pytest.fixture
def place() -> Iterator[Bureau]:
    with bureau(environment=ALONE) as made:
        yield made


@dataclass
class Hands:
    """Terminals that each bring one file after another, whatever happens to the server."""

    tus: list[Tus]
    dice: random.Random
    up: bool = True
    in_flight: int = 0
    chunks: int = 0
    stopping: bool = False
    whole: int = 0
    finished: set[bytes] = field(default_factory=set)
    """Digests whose last answer said that they are held."""

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for tus in self.tus:
                group.create_task(self._one(tus))

    async def _one(self, tus: Tus) -> None:
        while not self.stopping:
            photo = picture(self.dice.randrange(100_000, 2_000_000))
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._whole(tus, photo)

    async def _whole(self, tus: Tus, photo: bytes) -> None:
        where, offset = "", None
        while True:
            if not self.up:
                await asyncio.sleep(0.01)  # what a terminal does between two tries
                continue
            self.in_flight += 1
            try:
                if not where:
                    answer = await tus.create(photo)
                    where = answer.headers.get("Location", "")
                elif offset is None:
                    answer = await tus.send("HEAD", where, {})
                else:
                    answer = await tus.patch(where, offset, photo[offset : offset + CHUNK])
                    self.chunks += 1
            except (aiohttp.ClientError, OSError, TimeoutError):
                offset = None
                await asyncio.sleep(0.01)
                continue
            finally:
                self.in_flight -= 1
            offset = self._offset(answer)
            if offset == len(photo):
                self.finished.add(sha256(photo).digest())
                self.whole += 1
                return

    def _offset(self, answer: Answer) -> int | None:
        if answer.status in (200, 201, 204, 409):
            return int(answer.headers["Upload-Offset"])
        if answer.status == 503:
            return None
        raise AssertionError(f"an honest upload was answered {answer.status}: {answer.body[:300]!r}")


async def killed(hands: Hands, server: ServerProcess, task: asyncio.Task[None]) -> None:
    """Wait for a server that ends itself while the terminals go on."""
    ended = asyncio.ensure_future(server.ended())
    await asyncio.wait((ended, task), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        server.kill()
        await ended
        await task  # its failure is the news
    assert await ended == -signal.SIGKILL
    hands.up = False
    await until(lambda: not hands.in_flight)


async def replaced(place: Bureau, hands: Hands, **options: str) -> ServerProcess:
    server = await place.started(environment=options)
    for tus in hands.tus:
        tus.at = Door(server.url, tus.at.session)
    hands.up = True
    return server


async def check(place: Bureau, hands: Hands) -> None:
    """Nothing that was said to be held is lost, and no row is without its blob."""
    await check_blobs(place)
    lost = hands.finished - (await blob_rows(place)).keys()
    assert not lost, f"{len(lost)} blobs were said to be held and are not"


async def test_killing_the_server_in_the_middle_of_uploads_loses_no_blob_and_leaves_no_row_without_one(
    place: Bureau, record_testsuite_property: Report
) -> None:
    server = await place.started()
    kills = 0
    async with door(server, seconds=30.0) as client:
        hands = Hands([Tus(client, await enrolled(place, client)) for _ in range(UPLOADS)], random.Random(4))
        task = asyncio.create_task(hands.run())
        try:
            for _ in range(MOMENTS):
                goal = hands.chunks + hands.dice.randrange(5, 40)

                def at_work(goal: int = goal) -> bool:
                    return task.done() or (hands.chunks >= goal and hands.in_flight > 0)

                await until(at_work, PATIENCE_SECONDS, pause=0)
                server.process.kill()
                await killed(hands, server, task)
                await check(place, hands)
                kills += 1
                server = await replaced(place, hands)
            hands.up = False
            await until(lambda: not hands.in_flight)
            await asyncio.to_thread(server.stop)
            for step in UPLOAD_STEPS:
                server = await replaced(place, hands, LIUHEN_FAULT=f"{step}:{hands.dice.randrange(2, 6)}")
                await killed(hands, server, task)
                await check(place, hands)
                kills += 1
            await replaced(place, hands)
            hands.stopping = True
            async with asyncio.timeout(PATIENCE_SECONDS):
                await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await check(place, hands)
        assert hands.whole >= UPLOADS
    record_testsuite_property("kills_during_uploads", kills)
    report = await place.verify()
    assert report.clean, report.first()


async def test_an_arrival_that_a_crash_cut_off_is_recorded_by_the_next_server(place: Bureau) -> None:
    server = await place.started(environment={"LIUHEN_FAULT": "held:1"})
    photo = picture(50_000)
    async with door(server) as client:
        tus = Tus(client, await enrolled(place, client))
        assert (await client.post(declare(tus.terminal, photo))).status == 200
        with pytest.raises(aiohttp.ClientError):
            await tus.upload(photo)
        assert await server.ended(60.0) == -signal.SIGKILL
        assert sha256(photo).digest() in await blob_rows(place)
        server = await place.started()
        tus.at = Door(server.url, client.session)
        async with asyncio.timeout(20):
            while await tus.missing():  # noqa: ASYNC110 - another process looks every few seconds
                await asyncio.sleep(0.05)


async def test_a_server_that_writes_the_row_before_the_bytes_are_durable_is_caught(place: Bureau) -> None:
    wrong = await place.started(runner="tests.support.row_first", environment={"LIUHEN_FAULT": "held:1"})
    async with door(wrong) as client:
        tus = Tus(client, await enrolled(place, client))
        with pytest.raises(aiohttp.ClientError):
            await tus.upload(picture(50_000))
    assert await wrong.ended() == -signal.SIGKILL
    with pytest.raises(AssertionError, match="rows without a blob"):
        await check_blobs(place)
