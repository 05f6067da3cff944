"""Copies of case files as officers make them: a form that asks what for, and a zip that is sent while it is written."""

from __future__ import annotations

import asyncio
import os
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from schemas import entries
from server.export import papers
from server.export.kept import Kept
from tests.support import projections as stories
from tests.support.exports import verify
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase
from tests.support.web import House, form_token, open_house

PAGE = f"/cases/{stories.CASE}/export"


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, log=True) as made:
        terminal = await stories.enrolled(made.log)
        await stories.inspection(made.log, terminal)
        await stories.fold(database)
        yield made


async def test_a_head_of_unit_gives_a_purpose_and_gets_a_copy_that_verifies(house: House, tmp_path: Path) -> None:
    async with house.browser("he") as browser:
        async with browser.get(f"/cases/{stories.CASE}") as page:
            assert f'href="{PAGE}"' in await page.text()
        token = await form(browser)
        before = (await house.log.head())["size"]
        answer = await browser.post(PAGE, data={"form_token": token, "purpose": "提交人民法院"})
        assert (answer.status, answer.content_type) == (200, "application/zip")
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="case-{stories.CASE}-')
        path = tmp_path / "case.zip"
        path.write_bytes(await answer.read())
    assert verify(path, "--key", str(house.log.keyring.epoch(AUTHORITY, 1).verifier)).code == 0
    rows = await house.log.pool.fetch("SELECT entry FROM log.entries WHERE position >= $1 ORDER BY position", before)
    acts = [entries.decode(bytes(row["entry"])) for row in rows]
    assert all(isinstance(act, entries.OfficeEntry) for act in acts)
    assert [(act.y, act.w.officer) for act in acts if isinstance(act, entries.OfficeEntry)] == [
        ("case_file.exported.v1", "he"),
        ("case_file.export_closed.v1", "he"),
    ]
    with zipfile.ZipFile(path) as archive:
        assert "提交人民法院" in archive.read("README.zh.txt").decode()


async def test_without_a_purpose_nothing_is_recorded_and_nothing_leaves(house: House) -> None:
    before = (await house.log.head())["size"]
    async with house.browser("he") as browser:
        token = await form(browser)
        for purpose in ("", "   ", "x" * 501):
            answer = await browser.post(PAGE, data={"form_token": token, "purpose": purpose})
            assert (answer.status, answer.content_type) == (400, "text/html")
            assert "请填写 1 至 500 个字的用途" in await answer.text()
    assert (await house.log.head())["size"] == before


async def test_an_inspector_and_another_authority_make_no_copies(house: House) -> None:
    async with house.browser("lin") as browser:
        async with browser.get(PAGE) as answer:
            assert answer.status == 403
        async with browser.get(f"/cases/{stories.CASE}") as page:
            assert PAGE not in await page.text()
    async with house.browser("zhao") as browser, browser.get(PAGE) as answer:
        assert answer.status == 404


async def test_a_copy_that_breaks_off_never_looks_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.browser("he") as browser:
        token = await form(browser)

        async def broken(*_: object) -> AsyncIterator[tuple[str, bytes]]:
            raise OSError("the disk is away")
            yield "", b""

        monkeypatch.setattr(papers, "written", broken)
        data = {"form_token": token, "purpose": "审计"}
        async with browser.post(PAGE, data=data, allow_redirects=False) as begun:
            assert begun.status == 303
            where = begun.headers["Location"]
        assert not await taken(browser, where)
        async with browser.get(PAGE) as page:
            assert "您导出的副本" not in await page.text()


async def test_a_download_that_broke_off_goes_on_and_nobody_else_is_given_the_copy(house: House) -> None:
    async with house.browser("he") as browser:
        token = await form(browser)
        answer = await browser.post(PAGE, data={"form_token": token, "purpose": "提交人民法院"})
        whole, where, tag = await answer.read(), answer.url, answer.headers["ETag"]
        half = len(whole) // 2
        async with browser.get(where, headers={"Range": f"bytes={half}-", "If-Range": tag}) as rest:
            assert (rest.status, await rest.read()) == (206, whole[half:])
            assert rest.headers["Content-Range"] == f"bytes {half}-{len(whole) - 1}/{len(whole)}"
        async with browser.get(where, headers={"Range": f"bytes={half}-", "If-Range": '"other"'}) as again:
            assert (again.status, await again.read()) == (200, whole)
        async with browser.get(where, headers={"Range": f"bytes={len(whole)}-"}) as beyond:
            assert beyond.status == 416
        async with browser.get(PAGE) as page:
            told = await page.text()
            assert str(where).rpartition("/")[2] in told
            assert "已完整" in told
        async with browser.get(str(where)[:-1] + ("0" if str(where)[-1] != "0" else "1")) as none:
            assert none.status == 404
    async with house.browser("zhao") as browser, browser.get(where) as foreign:
        assert foreign.status == 404
    async with house.browser("lin") as browser, browser.get(where) as refused:
        assert refused.status == 403


async def test_a_range_of_a_copy_that_is_still_written_waits_for_the_whole(house: House, tmp_path: Path) -> None:
    kept, goes_on = Kept(tmp_path / "copies"), asyncio.Event()
    copy = kept.write(Slow(goes_on), AUTHORITY, stories.CASE, "he")
    follower = kept.read(copy.id)
    assert await anext(follower) == b"first"
    asked = asyncio.create_task(kept.whole(copy.id))
    [mine] = kept.mine(AUTHORITY, stories.CASE, "he")
    assert (mine.whole, mine.share) == (False, 50)
    goes_on.set()
    assert await asked == 11
    assert b"".join([piece async for piece in follower]) == b"second"
    assert kept.mine(AUTHORITY, stories.CASE, "zhao") == []
    old = time.time() - 2 * 86_400
    for path in (tmp_path / "copies").iterdir():
        os.utime(path, (old, old))
    kept.sweep()
    assert list((tmp_path / "copies").iterdir()) == []


class Slow:
    """A copy that is half written until it may go on."""

    name, done, total = "case.zip", 1, 2

    def __init__(self, goes_on: asyncio.Event) -> None:
        self._goes_on = goes_on

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"first"
        await self._goes_on.wait()
        yield b"second"


async def taken(browser: aiohttp.ClientSession, where: str) -> bool:
    """Whether a copy came to its end."""
    try:
        async with browser.get(where) as answer:
            await answer.read()
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def form(browser: aiohttp.ClientSession) -> str:
    async with browser.get(PAGE) as page:
        assert page.status == 200, await page.text()
        return form_token(await page.text())
