"""The reference terminal fetches from the real server what concerns its officers, shows it, and goes on offline."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import aiohttp

from ops.terminal import desk
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, enrol
from ops.terminal.queue_file import Queue
from ops.terminal.transport import HttpTransport
from ops.terminal.trust import Paper
from schemas import canonical, httpsig
from schemas.canonical import decode
from tests.acceptance.test_terminal_command import run
from tests.support.log import uuid7
from tests.support.projections import body, eventually
from tests.support.server import Bureau, Door, ServerProcess, enrolled, uuid_text
from tests.support.terminals import Clock, world

LIN = "officer-7701"


async def test_officer_lins_second_terminal_learns_of_the_task_that_the_first_began(
    city: Bureau, city_server: ServerProcess, at: Door, tmp_path: Path
) -> None:
    first = await enrolled(city, at)
    task = uuid7()
    told = {**body("site.entered.v1"), "task_id": task, "officers_present": [LIN, "officer-7702"]}
    tags = ["authority:210500", f"task:{uuid_text(task)}"]
    sent = await at.post(first.batch([first.envelope("site.entered.v1", told, about=tags, by=[LIN, "officer-7702"])]))
    assert sent.status == 200

    home = tmp_path / "t2"
    home.mkdir()
    pair = key_files.load_or_create(home / "keys.json")
    with Queue(home / "queue.sqlite") as queue:
        async with HttpTransport(city_server.url, seconds=20.0) as way:
            paper = Paper.read(asdict(await city.code()))
            await enrol(queue, pair, way, paper, url=city_server.url, info={"holder": LIN})
            client = Client(queue, pair, way, world=world(Clock()), patience=Patience(tries=3))

            async def known() -> bool:
                await client.fetch_changes()
                return any(item["key"] == uuid_text(task) for item in desk.items(queue, "task"))

            await eventually(known, 30)
            assert await client.fetch_changes() == 0, "nothing changed since"
            # A cursor that the server does not take is given up, and everything comes anew.
            with queue.transaction() as db:
                db.execute("UPDATE feed SET cursor = 'AAAA'")
            assert await client.fetch_changes() >= 1
    code, out, err = await run("terminal", "--home", str(home), "changes", "--offline", "--json")
    assert (code, err) == (0, "")
    assert uuid_text(task) in {item["key"] for item in json.loads(out)["items"]}
    code, out, err = await run("terminal", "--home", str(home), "changes")
    assert (code, err) == (0, "")
    assert "task" in out
    code, out, err = await run("terminal", "--home", str(home), "number", "--token", "责改")
    assert code == 2
    assert "no_block" in err


async def ask(at: Door, terminal: object, query: str) -> tuple[int, dict[str, object]]:
    path = "/sync/v1/changes"
    headers = httpsig.sign_request(
        method="GET", authority=at.url.removeprefix("http://"), path=path, query=query,
        key_id=uuid_text(terminal.id), signer=terminal.request, created=int(time.time()),  # type: ignore[attr-defined]
    )  # fmt: skip
    answer = await at.get(f"{path}?{query}" if query else path, {**headers, "Accept": "application/msgpack"})
    value = decode(answer.body)
    assert isinstance(value, dict)
    assert canonical.encode(value) == answer.body
    return answer.status, value


async def test_the_feed_is_for_signed_requests_and_good_cursors_only(city: Bureau, at: Door) -> None:
    terminal = await enrolled(city, at)
    status, value = await ask(at, terminal, "")
    assert (status, value["items"], value["more"], value["reset"]) == (200, [], False, True)
    status, again = await ask(at, terminal, f"after={value['next']}&limit=1")
    assert (status, again["items"]) == (200, [])
    for query, code in (("after=AAAA", "bad_cursor"), ("limit=0", "bad_request"), ("limit=501", "bad_request")):
        status, problem = await ask(at, terminal, query)
        assert (status, problem["code"]) == (400, code)
    stranger = await enrolled(city, at)
    status, problem = await ask(at, stranger, f"after={value['next']}")
    assert (status, problem["code"]) == (400, "bad_cursor")
    unsigned = await at.get("/sync/v1/changes")
    assert unsigned.status == 401


async def test_a_query_that_was_not_signed_is_refused(at: Door, city: Bureau) -> None:
    terminal = await enrolled(city, at)
    path = "/sync/v1/changes"
    headers = httpsig.sign_request(
        method="GET", authority=at.url.removeprefix("http://"), path=path, query="limit=1",
        key_id=uuid_text(terminal.id), signer=terminal.request, created=int(time.time()),
    )  # fmt: skip
    async with aiohttp.ClientSession() as session, session.get(f"{at.url}{path}?limit=2", headers=headers) as answer:
        assert answer.status == 401
