"""Clients that stall: headers that never end, bodies that trickle. Dropped within the deadline; nobody else notices.

`make test` opens a tenth; LIUHEN_FULL=1 opens 300 stalled headers and 200 stalled bodies. Most of the time is waiting
for the deadlines that are tested.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from server.web.app import KEEPALIVE_SECONDS
from server.web.body import GRACE_SECONDS
from tests.support.server import ALONE, Bureau, ServerProcess, bureau, until
from tests.support.uploads import uploading

FULL = os.environ.get("LIUHEN_FULL") == "1"
HEADERS, BODIES = (300, 200) if FULL else (30, 20)
SLACK_SECONDS = 8.0
pytestmark = pytest.mark.fault

BEGUN = b"POST /sync/v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/msgpack\r\n"
STALLED = {
    "nothing at all": b"",
    "half a request line": b"POST /sync/v1/bat",
    "headers without an end": BEGUN,
}


@pytest.fixture(scope="module")
def place() -> Iterator[Bureau]:
    with bureau(environment=ALONE) as made:
        made.start()
        yield made


@pytest.fixture
def server(place: Bureau) -> ServerProcess:
    return place.servers[0]


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def opened(server: ServerProcess, count: int) -> AsyncIterator[list[Stream]]:
    parts = urlsplit(server.url)
    streams = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(count)]
    try:
        yield streams
    finally:
        for _, writer in streams:
            writer.close()


async def ended(stream: Stream, trickle: bytes = b"") -> tuple[float, bytes]:
    """Read until the server closes; meanwhile send `trickle` four times a second. When it ended, and what it said."""
    reader, writer = stream
    said = asyncio.create_task(reader.read())
    while not said.done():
        await asyncio.wait([said], timeout=0.25)
        if trickle and not said.done():
            writer.write(trickle)
    try:
        return time.monotonic(), said.result()
    except ConnectionError:
        return time.monotonic(), b""


async def test_stalled_headers_and_bodies_are_dropped_and_healthy_terminals_are_not_affected(
    place: Bureau, server: ServerProcess
) -> None:
    before = server.descriptors()
    async with opened(server, HEADERS + BODIES) as streams:
        began = time.monotonic()
        headers, bodies = streams[:HEADERS], streams[HEADERS:]
        kinds = list(STALLED.values())
        for number, (_, writer) in enumerate(headers):
            writer.write(kinds[number % len(kinds)])
        for _, writer in bodies:
            writer.write(BEGUN + b"Content-Length: 4000000\r\n\r\n" + bytes(100))
        waiting = [asyncio.create_task(ended(s, b"X-A: b\r\n" if n % 3 == 2 else b"")) for n, s in enumerate(headers)]
        waiting += [asyncio.create_task(ended(s, b"x" if n % 2 else b"")) for n, s in enumerate(bodies)]
        async with uploading(place, [server.url], terminals=4, pause=0.05) as uploads:
            answered = 0
            while not all(task.done() for task in waiting):
                await uploads.answered(10)
                answered += 10
        results = [task.result() for task in waiting]
    assert answered > 50
    assert uploads.statuses.keys() == {200}, "nobody healthy was refused"
    assert uploads.cut == 0
    latest = max(when - began for when, _ in results[:HEADERS])
    assert latest < KEEPALIVE_SECONDS + SLACK_SECONDS
    assert max(when - began for when, _ in results[HEADERS:]) < GRACE_SECONDS + SLACK_SECONDS
    for number, (_, said) in enumerate(results[HEADERS:]):
        if number % 2 and not said:
            continue  # who sends into a closed connection may have it reset before the answer is read
        assert said.startswith(b"HTTP/1.1 408 "), said[:200]
        assert b"timeout" in said
    await until(lambda: server.descriptors() <= before + 10)
    await uploads.check()
