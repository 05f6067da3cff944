"""The supervisors' pages over real HTTP: numbers with their lists, at a moment that can be asked for again."""

from __future__ import annotations

import asyncio
import datetime
import re
import xml.etree.ElementTree as Xml
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.workdays import start_of
from server.log.ids import now_ms
from server.supervision import answers, counted
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase
from tests.support.process import judge, paper
from tests.support.stories import story_events
from tests.support.web import House, open_house, owner

YEAR = "2026"


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    async with open_house(database, short_folder) as opened:
        yield opened


async def test_a_number_opens_the_list_that_makes_it_and_its_moment_can_be_asked_for_again(house: House) -> None:
    async with house.program("supervisor") as program, house.browser("he") as browser:
        answer = await program.get(f"/api/v1/reports/quarterly?period={YEAR}")
        made = await answer.json()
        values = {one["code"]: one["value"] for one in made["figures"]}
        cut = made["as_of"]["cut"]
        again = await program.get(f"/api/v1/reports/quarterly?period={YEAR}&cut={cut}")
        listed = await (await program.get(f"/api/v1/figures/visits?period={YEAR}&cut={cut}")).json()
        table = await (await program.get(f"/api/v1/reports/quarterly?period={YEAR}&format=csv")).text()
        page = await (await browser.get(f"/supervision/figures?period={YEAR}&cut={cut}&lang=en")).text()
        rows = await (await browser.get(f"/supervision/figures/visits?period={YEAR}&cut={cut}&lang=en")).text()
        first = await (await browser.get(f"/supervision?period={YEAR}&lang=en")).text()

    assert values["visits"] > 5
    assert await again.read() == await answer.read()
    assert len(listed["items"]) == values["visits"]
    assert table.startswith("\ufeff报告期,2026")
    assert f"visits,执行·检查家次,count,{values['visits']}" in table
    assert re.search(rf'figures/visits\?[^"]*">{values["visits"]}</a>', page)
    assert rows.split("<dialog")[0].count('<th role="rowheader" scope="row">') == values["visits"]
    assert "an earlier moment" in page
    for rule in ("SIG-05", "SIG-09"):
        assert rule in first, "the bad day raises it"
    assert "Side by side" not in first, "one authority is not compared with itself"


REFUSED = (
    ("/api/v1/reports/quarterly?period=2026-Q9", 400, "expected a year, quarter or month"),
    ("/api/v1/reports/quarterly?cut=0123456789ab", 404, "no cut of this name"),
    ("/api/v1/reports/quarterly?format=xml", 400, "json, csv or xlsx"),
    ("/api/v1/figures/nothing", 404, "no figure of this code"),
    ("/api/v1/figures/visits?cut=%00", 404, "no cut of this name"),
)


async def test_new_signals_are_a_feed_and_terminals_stand_on_the_first_page(house: House) -> None:
    async with house.program("supervisor") as program, house.browser("he") as browser:
        feed = await program.get("/supervision/signals.atom?lang=en")
        listed = (await (await program.get("/api/v1/signals?state=all")).json())["rows"]
        first = await (await browser.get(f"/supervision?period={YEAR}&lang=en")).text()
        seen = await (await program.get(f"/api/v1/supervision?period={YEAR}")).json()
    assert feed.content_type == "application/atom+xml"
    root = Xml.fromstring(await feed.text())
    atom = "{http://www.w3.org/2005/Atom}"
    ids = [one.findtext(f"{atom}id") for one in root.iter(f"{atom}entry")]
    assert ids == [f"urn:liuhen:signal:{one['id']}" for one in listed][: len(ids)]
    assert len(ids) == 50
    assert "officer-" not in await feed.text()
    assert "How terminals stand" in first
    assert sum(one["terminals"] for one in seen["terminals"]) == sum(
        number for one in seen["terminals"] for _, number in one["versions"]
    )


async def test_the_feed_of_signals_names_no_officer_although_a_reason_may(house: House) -> None:
    async with owner(house.database) as connection:
        # As SIG-07 says it, of the newest that the feed shows.
        await connection.execute(
            "UPDATE view_a.signals SET en = 'officer-0017 took part in 2 acts.'"
            " WHERE id = (SELECT id FROM view_a.signals WHERE authority = $1 AND opens <= $2"
            " ORDER BY opens DESC, id DESC LIMIT 1)",
            AUTHORITY, now_ms(),
        )  # fmt: skip
    async with house.program("supervisor") as program:
        listed = (await (await program.get("/api/v1/signals?state=all&lang=en")).json())["rows"]
        feed = await (await program.get("/supervision/signals.atom?lang=en")).text()
    assert "officer-0017" in listed[0]["reason"], "the control"
    assert f"/signals/{listed[0]['id']}" in feed
    assert "officer-" not in feed


async def test_what_came_in_at_midnight_belongs_to_one_period_and_not_to_two(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(answers, "STALE_SECONDS", 0.0)
    months = ("2026-03", "2026-04")
    midnight = start_of(datetime.date(2026, 4, 1))

    async with house.program("supervisor") as program:

        async def acts() -> list[int]:
            found = []
            for month in months:
                seen = await (await program.get(f"/api/v1/supervision?period={month}")).json()
                found.append(sum(one["acts"] for one in seen["authorities"]))
            return found

        counts = []
        async with owner(house.database) as connection:
            for instant in (midnight - 1, midnight):
                await connection.execute(
                    "UPDATE view_a.counted SET received = $1 WHERE (log_id, position, n) = (SELECT log_id, position, n"
                    " FROM view_a.counted WHERE n = 0 AND origin = 'field' ORDER BY log_id, position LIMIT 1)",
                    instant,
                )
                counts.append(await acts())
    (march, april), then = counts
    assert then == [march - 1, april + 1]


async def test_figures_that_age_are_shown_at_once_with_their_moment_and_counted_again_behind_the_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(answers, "PATIENCE", 0.0)

    async with house.program("supervisor") as program:

        async def instant() -> int:
            answer = await program.get(f"/api/v1/supervision?period={YEAR}")
            assert answer.status == 200
            found: int = (await answer.json())["as_of"]["instant"]
            return found

        first = await instant()
        assert await instant() == first, "nobody waits for a new count"
        async with asyncio.timeout(60):
            while await instant() == first:
                pass
        shown = await instant()
        monkeypatch.setattr(answers, "STALE_SECONDS", 0.0)
        assert await instant() > shown, "what is too old is not shown"


async def test_what_is_counted_ahead_is_there_for_whoever_looks_over_others_and_small_logs_are_left_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.program("supervisor") as program:

        async def instant() -> int:
            answer = await program.get("/api/v1/supervision")
            found: int = (await answer.json())["as_of"]["instant"]
            return found

        await counted.ahead(house.app)
        before = now_ms()
        assert await instant() >= before, "so few acts are counted while somebody waits"
        monkeypatch.setattr(counted, "WORTH", 1)
        monkeypatch.setattr(answers, "STALE_SECONDS", 0.0)
        monkeypatch.setattr(answers, "FRESH_SECONDS", 0.0)
        await counted.ahead(house.app)
        monkeypatch.undo()
        before = now_ms()
        assert await instant() <= before
        page = await program.get("/supervision/figures?lang=en")
        assert "Counted at" in await page.text()


async def test_others_are_not_shown_the_whole_nor_other_authorities_and_what_cannot_be_shown_is_said(
    house: House,
) -> None:
    async with house.program("supervisor") as program:
        for address, status, says in REFUSED:
            answer = await program.get(address, headers={"Accept-Language": "en"})
            assert answer.status == status, address
            assert says in (await answer.json())["detail"], address
    async with house.browser("lin") as inspector, house.program("supervisor", "210521") as neighbour:
        refused = await inspector.get("/supervision")
        made = await (await neighbour.get(f"/api/v1/reports/quarterly?period={YEAR}")).json()
        seen = await (await neighbour.get(f"/api/v1/supervision?period={YEAR}")).json()

    assert refused.status == 403
    assert made["authorities"] == ["210521"]
    assert not any(one["value"] for one in made["figures"])
    assert seen["signals"] == []
