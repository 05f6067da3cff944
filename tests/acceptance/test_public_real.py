"""From the acts of the office to the reader's browser: what two persons released stands on the site and verifies."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from playwright.async_api import async_playwright

from ops import browser as needs
from ops.mirror import mirror
from server.public import store
from server.public.routes import make_public_app
from tests.support.disclosure import PARTY, seeded
from tests.support.log import AUTHORITY, open_log
from tests.support.postgres import TestDatabase
from tests.support.web import listening


@pytest.mark.browser
@pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium")
async def test_published_corrected_and_withdrawn_records_stand_on_the_site_and_verify_in_chromium(
    database: TestDatabase, short_folder: Path, tmp_path: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        _, done = await seeded(log, database, standing=1)
        state = log.book.current(AUTHORITY)
        assert state is not None
        await mirror(state, tmp_path)
        pool = await store.connect(database.dsn("liuhen_public"), size=4)
        try:
            async with listening(make_public_app(tmp_path, pool)) as url:
                await _look(url, [str(UUID(bytes=one.record.id)) for one in done], str(state.verifier))
        finally:
            await pool.close()


async def _look(url: str, records: list[str], key: str) -> None:
    """The newest record stands, the last but one was corrected, the last one withdrawn."""
    states = ["published"] * (len(records) - 2) + ["corrected", "withdrawn"]
    async with aiohttp.ClientSession(url) as client:
        async with client.get("/api/v1/disclosures?q=示例") as answer:
            rows = (await answer.json())["items"]
        assert {row["record"] for row in rows} == set(records[:-1])
        assert {row["party"] for row in rows} == {PARTY}
        for record, state in zip(records, states, strict=True):
            async with client.get(f"/api/v1/disclosures/{record}") as answer:
                told = await answer.json(content_type=None)
                assert (answer.status, told["state"]) == (410 if state == "withdrawn" else 200, state)
                assert (PARTY in await answer.text()) is (state != "withdrawn")
        for path in ("/", "/disclosures", f"/authorities/{AUTHORITY}", "/statistics", "/feed.atom", "/disclosures.csv"):
            async with client.get(path) as answer:
                assert answer.status == 200, path
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=needs.chromium(), args=["--no-sandbox"])
        page = await browser.new_page()
        for record in records:
            await page.goto(f"{url}/disclosures/{record}?lang=en")
            await page.click("[data-verify] button")
            await page.wait_for_selector("[data-verify][data-state]")
            said = await page.inner_text("[data-result]")
            assert await page.get_attribute("[data-verify]", "data-state") == "good", said
            assert key in said
        await browser.close()
