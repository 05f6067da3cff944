"""The page of document numbers on the real log: give out, reserve, void, take back; who may, and what is refused."""

from __future__ import annotations

import datetime
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import aiohttp
import pytest

from tests.integration.test_number_gate import record
from tests.support import projections as stories
from tests.support.cases import story
from tests.support.facts import CASE
from tests.support.log import AUTHORITY, PaperTerminal, enrol, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.projections import body
from tests.support.web import House, form_token, open_house

TOKEN, YEAR = "责改", "2026"
PAGE = f"/numbers?token={quote(TOKEN)}&year={YEAR}"
FRONT = "（辽本）应急"
UNTIL = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(20)).date().isoformat()


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, log=True) as opened:
        yield opened


async def fill(browser: aiohttp.ClientSession, act: str, **fields: str) -> tuple[int, str]:
    """Fill in a form of the page as a person does. Returns the status and, after a redirect, the page it leads to."""
    async with browser.get(PAGE) as page:
        token = form_token(await page.text())
    form = {"form_token": token, "token": TOKEN, "year": YEAR, **fields}
    async with browser.post(f"/numbers/{act}", data=form, allow_redirects=False) as answer:
        if answer.status != 303:
            return answer.status, await answer.text()
        place = answer.headers["Location"]
    async with browser.get(place) as page:
        return 303, await page.text()


async def test_head_he_gives_out_numbers_and_reserves_a_block_for_a_terminal(house: House) -> None:
    terminal = await stories.enrolled(house.log)
    async with house.browser("he") as browser:
        status, html = await fill(browser, "issue", front=FRONT, case=stories.CASE)
        assert status == 303
        assert f"{FRONT}{TOKEN}〔{YEAR}〕1号" in html or "1" in html
        name = str(UUID(bytes=terminal.id))
        status, _ = await fill(browser, "reserve", front=FRONT, count="50", until=UNTIL, terminal=name)
        assert status == 303
        await judge(house.database)
        async with browser.get(PAGE) as page:
            html = await page.text()
        assert "2 – 51" in html
        assert name in html
        assert "使用中" in html
        async with browser.get("/numbers?lang=en") as page:
            listing = await page.text()
        assert f"{FRONT}{TOKEN}〔{YEAR}〕" in listing
    async with house.browser("lin") as browser:
        status, html = await fill(browser, "issue", front=FRONT)
        assert status == 303
        assert f"{FRONT}{TOKEN}〔{YEAR}〕52号" in html, "behind the block"


async def test_a_spoiled_number_is_voided_and_the_rest_of_a_block_comes_back(house: House) -> None:
    async with house.browser("he") as browser:
        await fill(browser, "reserve", front=FRONT, count="10", until=UNTIL, holder="officer-0017")
        status, _ = await fill(browser, "void", n="3", reason="打印损坏", photos="ab" * 32)
        assert status == 303
        await judge(house.database)
        async with browser.get("/api/v1/matters/series/" + quote(f"{AUTHORITY}/{TOKEN}/{YEAR}")) as answer:
            told = await answer.json()
        assert told["page"]["voided"] == [[3, 3]]
        block = told["page"]["blocks"][0]["id"]
        status, html = await fill(browser, "return", block=block, **{"from": "3", "reason": "year_end"})
        assert status == 409
        status, _ = await fill(browser, "return", block=block, **{"from": "4", "reason": "year_end"})
        assert status == 303
        await judge(house.database)
        async with browser.get(f"{PAGE}&lang=en") as page:
            html = await page.text()
        assert "taken back from 4 on" in html


REFUSED: list[tuple[str, dict[str, str], int]] = [
    ("issue", {"front": "（辽本应急"}, 400),
    ("issue", {"front": FRONT, "case": "x"}, 400),
    ("issue", {"front": FRONT, "case": stories.CASE, "task": stories.TASK}, 400),
    ("reserve", {"front": FRONT, "count": "0", "until": UNTIL, "holder": "x"}, 400),
    ("reserve", {"front": FRONT, "count": "１", "until": UNTIL, "holder": "x"}, 400),
    ("reserve", {"front": FRONT, "count": "5", "until": "tomorrow", "holder": "x"}, 400),
    ("reserve", {"front": FRONT, "count": "5", "until": "1999-01-01", "holder": "x"}, 400),
    ("reserve", {"front": FRONT, "count": "5", "until": UNTIL}, 400),
    ("reserve", {"front": FRONT, "count": "5", "until": UNTIL, "terminal": stories.CASE}, 404),
    ("void", {"n": "7", "reason": "x", "photos": "ab" * 32}, 404),
    ("void", {"n": "7", "reason": " ", "photos": "ab" * 32}, 400),
    ("void", {"n": "7", "reason": "x", "photos": "ab"}, 400),
    ("return", {"block": "ab" * 16, "from": "1", "reason": "year_end"}, 404),
    ("return", {"block": "ab", "from": "1", "reason": "year_end"}, 400),
    ("return", {"block": "ab" * 16, "from": "1", "reason": "theft"}, 400),
    ("issue", {"token": "<b>", "front": FRONT}, 400),
    ("issue", {"year": "20260", "front": FRONT}, 400),
]


async def test_what_cannot_be_done_is_said_and_leaves_no_entry(house: House) -> None:
    before = (await house.log.head())["size"]
    async with house.browser("he") as browser:
        for act, fields, status in REFUSED:
            got, html = await fill(browser, act, **fields)
            assert (got, 'role="alert"' in html) == (status, True), (act, fields)
    assert (await house.log.head())["size"] == before


async def test_a_decision_whose_gates_are_closed_gets_no_number_and_the_page_says_why(house: House) -> None:
    terminal = PaperTerminal()
    await enrol(house.log, terminal)
    await record(house.log, story(until="drafted"), terminal)
    await judge(house.database)
    async with house.browser("he") as browser:
        async with browser.get(f"/numbers?token={quote('罚')}&year={YEAR}") as page:
            token = form_token(await page.text())
        form = {"form_token": token, "token": "罚", "year": YEAR, "front": FRONT, "case": str(UUID(bytes=CASE))}
        async with browser.post("/numbers/issue", data=form, allow_redirects=False) as answer:
            html = await answer.text()
    assert answer.status == 409
    assert "尚不能作出决定" in html
    assert set(re.findall(r"<li>(INV-\d+): \S", html)) == {"INV-13", "INV-14", "INV-17", "INV-19"}


async def test_only_heads_reserve_void_and_take_back(house: House) -> None:
    async with house.browser("lin") as browser:
        for act in ("reserve", "void", "return"):
            status, _ = await fill(browser, act, front=FRONT, count="5", until=UNTIL, holder="x")
            assert status == 403, act
    async with house.browser("bao") as browser, browser.get("/numbers") as page:
        assert page.status == 403


async def test_the_page_names_duplicates_gaps_and_escapes_what_it_is_told(house: House) -> None:
    one, two = await stories.enrolled(house.log), await stories.enrolled(house.log)
    await order(house, one, 1, "（辽本）应急责改〔2026〕1号")
    await order(house, two, 2, "(辽本)应急责改[2026]001号")
    await order(house, two, 3, "（辽本）应急责改〔2026〕4号")
    await judge(house.database)
    async with house.browser("he") as browser:
        async with browser.get(PAGE) as page:
            html = await page.text()
        assert "(辽本)应急责改[2026]001号" in html
        assert re.search(r"2 – 3</th>\s*<td[^>]*>其后的号已用", html)
        async with browser.get(f"{PAGE}&done=issued&n=<script>") as page:
            assert "<script>" not in (await page.text()).split("<main", 1)[1]
        for place in ("/numbers?token=x&year=2026", "/numbers?token=%E8%B4%A3%E6%94%B9", "/numbers?year=2026"):
            async with browser.get(place) as page:
                assert page.status == 404, place


async def order(house: House, terminal: PaperTerminal, task: int, number: str) -> None:
    told = {**body("rectification.ordered.v1"), "task_id": UUID(int=task).bytes, "document_no": number}
    envelope = terminal.envelope("rectification.ordered.v1", told, about=[f"task:{UUID(int=task)}"])
    await send(house.log, terminal.batch([envelope]))
