"""The discloser's pages on the real log: what is due, side by side, a second person, corrected, taken back, refused."""

from __future__ import annotations

import datetime
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest

from domain.workdays import SHANGHAI
from tests.support.cases import of_case
from tests.support.disclosure import PARTY, Decided, Desk, bureau, decided, publish, record, withdraw
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.web import House, form_token, open_house


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, log=True) as opened:
        yield opened


@pytest.fixture
async def desk(house: House) -> Desk:
    return await bureau(house.log, house.database)


def sheet_of(own: Decided) -> str:
    return f"/disclosures/prepare/case/{own.key}/{own.decision.hex()}"


def field(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, f"no field {name}"
    return found[1]


async def fill(browser: aiohttp.ClientSession, page: str, to: str, **fields: str) -> tuple[int, str]:
    """Fill in a form of a page as a person does. Returns status and page; after a redirect 303 and where it leads."""
    async with browser.get(page) as answer:
        html = await answer.text()
        assert answer.status == 200, html
    form = {"form_token": form_token(html)}
    form |= {name: field(html, name) for name in ("kind", "key", "decision", "preparation") if f'name="{name}"' in html}
    async with browser.post(to, data={**form, **fields}, allow_redirects=False) as answer:
        if answer.status != 303:
            return answer.status, await answer.text()
        place = answer.headers["Location"]
    async with browser.get(place) as answer:
        return 303, f"{place}\n{await answer.text()}"


async def test_gong_prepares_and_ming_releases(house: House, desk: Desk) -> None:
    own = await decided(desk)
    async with house.browser("gong") as gong, house.browser("ming") as ming:
        async with gong.get("/disclosures") as page:
            queue = await page.text()
        assert sheet_of(own) in queue
        assert "DL-11" in queue
        async with gong.get(sheet_of(own)) as page:
            sheet = await page.text()
        assert PARTY in sheet
        assert "证件类型和号码一律不公示" in sheet
        assert "欧阳示例" not in sheet
        assert "欧＊＊＊" in sheet
        status, looked = await fill(
            gong, sheet_of(own), "/disclosures/prepare", act="look", months="36",
            **{"text-CF_SY": "身份证110101199003077774的工人未经培训", "was-CF_SY": "x"},
        )  # fmt: skip
        assert status == 200
        assert "身份证＊＊＊的工人未经培训" in looked
        status, told = await fill(gong, sheet_of(own), "/disclosures/prepare", act="publish", months="36")
        assert status == 303
        record = told.split("?")[0].removeprefix("/disclosures/")
        assert "须由另一人审批" in told
        async with gong.get("/disclosures?view=waiting") as page:
            assert own.number in await page.text()
        status, told = await fill(ming, f"/disclosures/{record}", f"/disclosures/{record}/release")
        assert status == 303
        assert "已批准" in told
        await desk.project()
        await judge(house.database)
        async with ming.get("/disclosures") as page:
            assert sheet_of(own) not in await page.text()
        async with ming.get("/api/v1/disclosures?view=public") as answer:
            (item,) = (await answer.json())["items"]
        assert (item["status"], item["document_no"], item["record"]) == ("published", own.number, record)


async def test_ming_cannot_release_what_ming_prepared(house: House, desk: Desk) -> None:
    own = await decided(desk)
    async with house.browser("ming") as ming:
        status, told = await fill(ming, sheet_of(own), "/disclosures/prepare", act="publish", months="36")
        assert status == 303
        record = told.split("?")[0].removeprefix("/disclosures/")
        assert "须由另一人审批" in told
        preparation = str(UUID(bytes=(await desk.acts.sheet_of(AUTHORITY, UUID(record).bytes)).record.pending.id))  # type: ignore[union-attr]  # just prepared
        status, html = await fill(
            ming, f"/disclosures/{record}", f"/disclosures/{record}/release", preparation=preparation
        )
        assert status == 409
        assert "OGI-17" in html
        for months, said in (("x", "公示期限应为月数"), ("999", "公示期限应为 ")):
            status, html = await fill(ming, sheet_of(own), "/disclosures/prepare", act="publish", months=months)
            assert (status, said in html) == (400, True), "what is wrong is said in the language of the page"
    assert (await desk.project()).shown == 0


async def test_a_decision_without_its_review_shows_which_gate_is_closed(house: House, desk: Desk) -> None:
    own = await decided(desk, without=("review_requested", "reviewed"))
    async with house.browser("gong") as gong:
        async with gong.get(sheet_of(own) + "?lang=en") as page:
            assert "INV-17" in await page.text()
        status, html = await fill(gong, sheet_of(own), "/disclosures/prepare", act="publish", months="36")
    assert status == 409
    assert "INV-17" in html


async def test_a_record_is_corrected_taken_back_and_never_comes_back(house: House, desk: Desk) -> None:
    own = await decided(desk)
    async with house.browser("gong") as gong, house.browser("ming") as ming:

        async def release(told: str) -> str:
            record = told.split("?", maxsplit=1)[0].removeprefix("/disclosures/")
            status, after = await fill(ming, f"/disclosures/{record}", f"/disclosures/{record}/release")
            assert status == 303
            return after

        _, told = await fill(gong, sheet_of(own), "/disclosures/prepare", act="publish", months="36")
        await release(told)
        place = told.split("?")[0]
        status, told = await fill(
            gong, place, f"{place}/change", act="correct", months="24", reason="违法事实表述有误",
            **{"text-CF_SY": "更正后的事实", "was-CF_SY": "x"},
        )  # fmt: skip
        assert status == 303
        assert "更正后的事实" in await release(told)
        status, told = await fill(gong, place, f"{place}/change", act="withdraw", ground="other", reason="")
        assert status == 400
        status, told = await fill(
            gong, place, f"{place}/change", act="withdraw", ground="altered", reason="决定已撤销。"
        )
        assert status == 303
        after = await release(told)
        assert "决定已撤销。" in after
        assert "更正后的事实" not in after
        async with gong.get(sheet_of(own)) as page:
            html = await page.text()
        assert 'action="/disclosures/prepare"' not in html


async def test_a_record_whose_decision_was_revoked_stands_in_the_queue_until_it_is_taken_back(
    house: House, desk: Desk
) -> None:
    own = await decided(desk)
    done = await publish(desk, own)
    record_id = UUID(bytes=done.record.id)
    today = datetime.datetime.now(SHANGHAI).date().isoformat()
    altered = of_case(
        "decision.altered.v1", occurred=today, target_document_no=own.number, by="self", effect="revoked",
        effective_on=today, case_id=own.case, about=(f"case:{own.key}",),
    )  # fmt: skip
    await record(desk.log, [altered], desk.terminal)
    await judge(house.database)
    async with house.browser("gong") as gong:
        async with gong.get("/disclosures") as page:
            html = await page.text()
        assert "DL-13" in html
        assert f'href="/disclosures/{record_id}"' in html
    await withdraw(desk, done)
    await judge(house.database)
    async with house.browser("gong") as gong, gong.get("/disclosures") as page:
        assert "DL-13" not in await page.text()


async def test_who_has_no_part_in_it_sees_and_does_nothing(house: House, desk: Desk) -> None:
    own = await decided(desk)
    async with house.browser("lin") as lin:
        for path in ("/disclosures", sheet_of(own), "/api/v1/disclosures"):
            async with lin.get(path) as answer:
                assert answer.status == 403
    async with house.browser("zhao") as neighbour, neighbour.get(sheet_of(own)) as answer:
        assert answer.status == 404
    async with house.browser("gong") as gong:
        for path in ("/disclosures/x", f"/disclosures/{UUID(int=1)}", "/disclosures/prepare/case/x/y"):
            async with gong.get(path) as answer:
                assert answer.status == 404
        async with gong.get("/disclosures?view=public&after=x") as answer:
            assert answer.status == 400
        async with gong.get("/disclosures?view=nothing") as answer:
            assert answer.status == 400


async def test_no_token_and_no_other_role_releases_anything(house: House, desk: Desk) -> None:
    own = await decided(desk)
    async with house.browser("gong") as gong:
        _, told = await fill(gong, sheet_of(own), "/disclosures/prepare", act="publish", months="36")
    place = told.split("?")[0]
    name = UUID(place.removeprefix("/disclosures/"))
    pending = (await desk.acts.sheet_of(AUTHORITY, name.bytes)).record.pending
    assert pending is not None
    form = {"preparation": str(UUID(bytes=pending.id))}
    async with house.program("discloser") as program, program.post(f"{place}/release", data=form) as answer:
        assert answer.status == 403
    for person in ("lin", "he", "bao", "zhao"):
        async with house.browser(person) as browser:
            async with browser.get("/help") as page:
                token = form_token(await page.text())
            async with browser.post(f"{place}/release", data={**form, "form_token": token}) as answer:
                assert answer.status in (403, 404), person
    async with house.browser() as nobody, nobody.post(f"{place}/release", data=form, allow_redirects=False) as answer:
        assert answer.status in (401, 403)
    assert (await desk.project()).shown == 0
