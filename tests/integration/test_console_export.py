"""Copies of case files as officers make them: a form that asks what for, and a zip that is sent while it is written."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from schemas import entries
from server.export import papers
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
        answer = await browser.post(PAGE, data={"form_token": token, "purpose": "审计"})
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


async def form(browser: aiohttp.ClientSession) -> str:
    async with browser.get(PAGE) as page:
        assert page.status == 200, await page.text()
        return form_token(await page.text())
