"""The frame under bad clients: bodies without end, headers without end, forms that are no forms."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from schemas import canonical
from server.web import app as frame
from server.web import body
from server.web.problems import prefers_msgpack
from server.web.routes import Route, SignedByTerminal, add
from tests.support.postgres import TestDatabase
from tests.support.web import House, open_house

LIMIT = 1_000


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await body.read_body(request, LIMIT))


async def undeclared(request: web.Request) -> web.Response:
    return web.Response(text="reached")


def face(app: web.Application) -> None:
    add(app, [Route("POST", "/echo", echo, SignedByTerminal())])
    app.router.add_get("/undeclared", undeclared)


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(body, "GRACE_SECONDS", 0.4)
    monkeypatch.setattr(frame, "KEEPALIVE_SECONDS", 0.4)
    monkeypatch.setattr(frame, "LINGER_SECONDS", 0.1)
    async with open_house(database, short_folder, people=(), faces=[face]) as opened:
        yield opened


async def raw(house: House, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send bytes as they are and read until the server closes."""
    host, _, port = house.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_body_of_the_limit_passes_and_one_byte_more_does_not(house: House) -> None:
    async with house.browser() as client:
        async with client.post("/echo", data=b"x" * LIMIT) as answer:
            assert (answer.status, len(await answer.read())) == (200, LIMIT)
        async with client.post("/echo", data=b"x" * (LIMIT + 1)) as answer:
            problem = await answer.json(content_type="application/problem+json")
            assert (problem["code"], problem["limit"]) == ("too_large", LIMIT)

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(10_000):
                yield b"x" * 1_000

        async with client.post("/echo", data=endless()) as answer:
            assert answer.status == 413, "without a declared length as well"


async def test_slow_bodies_and_slow_headers_are_dropped_and_others_are_served(house: House) -> None:
    started = time.monotonic()
    stalled = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc"
    slow = [raw(house, stalled) for _ in range(20)]
    headless = [raw(house, b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ") for _ in range(20)]
    dropped = asyncio.gather(*slow, *headless)
    async with house.browser() as client, client.post("/echo", data=b"quick") as answer:
        assert await answer.read() == b"quick"
    answers = await dropped
    assert all(b" 408 " in answer and b'"code":"timeout"' in answer for answer in answers[:20])
    assert all(answer == b"" for answer in answers[20:])
    assert time.monotonic() - started < 9


async def test_a_trickle_below_the_minimum_rate_is_dropped(house: House) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n"
    # Never silent for longer than the grace, and complete after 2.3 s if it were waited for.
    answer = await raw(house, head, *[b"x" * 20] * 45, pause=0.05)
    assert b" 200 " not in answer
    quick = await raw(house, head.replace(b"Host: a", b"Host: a\r\nConnection: close"), *[b"x" * 20] * 45)
    assert b" 200 " in quick, "the control: the same bytes at once"


async def test_broken_http_never_becomes_a_failure_of_ours(house: House) -> None:
    for sent in (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\xff\r\n\r\n",
        b"GET /%zz%00?%ff=%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        answer = await raw(house, sent)
        assert b" 500 " not in answer.split(b"\r\n", 1)[0], sent[:60]


async def test_a_route_without_a_policy_is_refused(house: House) -> None:
    async with house.browser() as client, client.get("/undeclared") as answer:
        assert answer.status == 403
        assert "reached" not in await answer.text()


async def test_problems_come_as_messagepack_to_those_who_ask(house: House) -> None:
    async with house.browser() as client:
        headers = {"Accept": "application/msgpack", "Accept-Language": "en"}
        async with client.post("/nowhere", headers=headers) as answer:
            assert answer.content_type == "application/msgpack"
            problem = canonical.decode(await answer.read())
            assert (problem["code"], problem["title"], problem["status"]) == ("not_found", "Not found", 404)
        async with client.delete("/echo") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_a_form_must_be_a_form(house: House) -> None:
    async with house.browser() as client:
        async with client.post("/sign-in", json={"name": "lin"}) as answer:
            assert answer.status == 415
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        for sent in (b"name=a&name=b", b"name=%ff", b"name=%00", b"&".join(b"a%d=1" % i for i in range(99)), b"\xff=1"):
            async with client.post("/sign-in", data=sent, headers=kind) as answer:
                assert answer.status == 400, sent[:20]
        async with client.post("/sign-in", data=b"a=" + b"x" * body.MAX_FORM_BYTES, headers=kind) as answer:
            assert answer.status == 413


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/msgpack", True),
        ("application/json, application/msgpack", False),
        ("application/msgpack, application/json", True),
        ("application/msgpack;q=0, */*", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_messagepack_is_for_those_who_name_it_first(accept: str, expected: bool) -> None:
    assert prefers_msgpack(accept) is expected
