"""Books of others on the supervisors' pages over real HTTP: a file is tried and taken over, a match is decided."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from domain.outside import FIELDS
from schemas.entries import Who
from server.identity import gate as gates
from server.log.acts import Act, OfficeActs
from server.log.ids import now_ms, uuid7
from server.supervision.ledgers import MEANING
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.web import House, open_house

PEOPLE = ("lin", "officer-0040", "officer-0001")
BOOK = "票据号码,缴款日期,金额（元）,文号\nT-1,2026-03-05,20000,\nT-2,2026-03-06,30000,（示）应急罚〔2026〕9号\n"
LEDGERS = "/supervision/ledgers"


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, people=PEOPLE, log=True) as opened:
        yield opened


async def token(browser: aiohttp.ClientSession, path: str) -> str:
    page = await (await browser.get(path)).text()
    found = re.search(rf'name="{gates.FORM_FIELD}" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def send(browser: aiohttp.ClientSession, text: str, **fields: str) -> tuple[int, str]:
    form = aiohttp.FormData()
    for name, value in {
        "kind": "receipts", "source": "市财政局", "mapping": "", "unit": "", "take": "0",
        gates.FORM_FIELD: await token(browser, f"{LEDGERS}/import"), **fields,
    }.items():  # fmt: skip
        form.add_field(name, value)
    form.add_field("file", io.BytesIO(text.encode("gb18030")), filename="../票据.csv", content_type="text/csv")
    answer = await browser.post(f"{LEDGERS}/import?lang=en", data=form)
    return answer.status, await answer.text()


async def test_a_book_is_tried_taken_over_and_seen_with_what_does_not_fit(house: House) -> None:
    async with house.browser("officer-0040") as supervisor:
        size = (await house.log.head())["size"]
        status, page = await send(supervisor, BOOK)
        assert status == 200
        assert "Dry run: nothing was recorded" in page
        status, page = await send(supervisor, BOOK + "T-3,3月5日,=1+1,\n", take="1")
        assert status == 400
        assert "the cell holds a formula" in page
        assert "the date lacks its year" in page
        assert (await house.log.head())["size"] == size
        status, page = await send(supervisor, BOOK, take="1")
        assert status == 200
        assert "it stands in the log" in page
        status, page = await send(supervisor, BOOK, take="1")
        assert "all of it stands in the log already" in page
        assert (await house.log.head())["size"] == size + 2
        await judge(house.database)
        overview = await (await supervisor.get(f"{LEDGERS}?lang=en")).text()
        assert "Paid without a case" in overview
        assert f"{LEDGERS}/{AUTHORITY}/receipts/2026-03" in overview
        month = await (await supervisor.get(f"{LEDGERS}/{AUTHORITY}/receipts/2026-03?lang=en")).text()
        assert "fits nothing" in month
        assert "T-2" in month
        signal = re.search(r'href="(/signals/[0-9a-f]{16})"', month)
        assert signal is not None
        assert f"Fine receipts 2026-03 · {AUTHORITY}</a>" in await (await supervisor.get(f"{signal[1]}?lang=en")).text()
        none = await supervisor.get(f"{LEDGERS}/{AUTHORITY}/receipts/2031-01")
        assert none.status == 404
    async with house.program("supervisor") as program:
        made = await (await program.get("/api/v1/ledgers")).json()
        one = await (await program.get(f"/api/v1/ledgers/{AUTHORITY}/receipts/2026-03")).json()
    assert [row["paid_without_case"] for row in made["months"]] == [2]
    assert made["imports"][0]["taken"] == 2
    assert {row["reference"]: row["state"] for row in one["rows"]} == {"T-1": "unmatched", "T-2": "unmatched"}


async def test_a_book_of_nobody_is_refused_beside_its_field_and_records_nothing(house: House) -> None:
    async with house.browser("officer-0040") as supervisor:
        size = (await house.log.head())["size"]
        for source in ("", " ", "局" * 129):
            status, page = await send(supervisor, BOOK, source=source, take="1")
            assert status == 400
            assert "Say whose book it is" in page
            assert re.search(r'id="source"[^>]*aria-invalid="true"', page)
        assert (await house.log.head())["size"] == size


async def test_every_field_of_a_book_says_what_it_means(house: House) -> None:
    assert set(MEANING) == set(FIELDS)
    async with house.browser("officer-0040") as supervisor:
        page = await (await supervisor.get(f"{LEDGERS}/mappings?lang=en")).text()
    assert all(text in page for text in MEANING.values())


async def test_a_mapping_is_saved_on_its_page_and_an_odd_one_is_told(house: House) -> None:
    async with house.browser("officer-0040") as supervisor:
        path = f"{LEDGERS}/mappings"
        form = {gates.FORM_FIELD: await token(supervisor, path), "kind": "receipts", "name": "财政", "columns": "凭证"}
        wrong = await supervisor.post(f"{path}?lang=en", data=form)
        assert wrong.status == 400
        assert "This line cannot be read: “凭证”" in await wrong.text()
        twice = await supervisor.post(f"{path}?lang=en", data={**form, "columns": "甲 = reference\n乙 = reference"})
        assert "each field once" in await twice.text()
        odd = await supervisor.post(f"{path}?lang=en", data={**form, "columns": "凭证 = reference\n数额 = sum"})
        assert "This line cannot be read: “数额 = sum”" in await odd.text()
        right = await supervisor.post(
            path, data={**form, "columns": "凭证 = reference\n数额 = amount 万元"}, allow_redirects=False
        )
        assert right.status == 303
        await judge(house.database)
        assert "凭证 = reference" in await (await supervisor.get(path)).text()
        status, page = await send(supervisor, "凭证,缴款日期,数额\nA-1,2026-03-05,2\n", mapping="财政")
        assert status == 400  # the mapping names no date
        assert "缴款日期" in page


async def test_who_decides_gives_a_reason_and_inspectors_see_nothing_of_it(house: House) -> None:
    path = f"{LEDGERS}/{AUTHORITY}/receipts/2026-03"
    async with house.browser("officer-0040") as supervisor:
        await send(supervisor, BOOK, take="1")
        await judge(house.database)
        form = {gates.FORM_FIELD: await token(supervisor, f"{LEDGERS}/import"), "key": "r:T-1", "event": "0" * 32,
                "outcome": "refused", "reason": " "}  # fmt: skip
        assert (await supervisor.post(path, data=form)).status == 400
        assert (await supervisor.post(path, data={**form, "event": "x", "reason": "x"})).status == 400
        size = (await house.log.head())["size"]
        done = await supervisor.post(path, data={**form, "reason": "金额相同，日期不符"}, allow_redirects=False)
        assert done.status == 303
        assert (await house.log.head())["size"] == size + 1
        for month in ("2031-01", "March", "%00", "x" * 200):
            elsewhere = await supervisor.post(f"{LEDGERS}/{AUTHORITY}/receipts/{month}", data={**form, "reason": "x"})
            assert elsewhere.status == 404
        assert (await house.log.head())["size"] == size + 1, "nothing that nobody can read stands in the log"
        below = path.replace(AUTHORITY, "210521")
        assert (await supervisor.post(below, data={**form, "reason": "x"})).status == 403
    async with house.browser("lin") as inspector:
        for address in (LEDGERS, path, f"{LEDGERS}/import", f"{LEDGERS}/mappings"):
            assert (await inspector.get(address)).status == 403, address


async def test_a_candidate_that_a_person_confirms_fits_from_then_on_and_a_refused_one_is_not_proposed_again(
    house: House,
) -> None:
    path = f"{LEDGERS}/{AUTHORITY}/receipts/2026-03"
    who = Who(officer="officer-0040", session=bytes(32), via="console")
    for amount in (2_000_000, 3_000_000):
        paid = {
            "document_no": "（示）应急罚〔2026〕5号",
            "amount_fen": amount,
            "paid_on": "2026-03-05",
            "channel": "bank",
        }
        about = (f"authority:{AUTHORITY}",)
        act = Act("fine_payment.recorded.v1", about, {**paid, "case_id": bytes(16)}, uuid7(), 1, uuid7())
        await house.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now_ms()))
    async with house.browser("officer-0040") as supervisor, house.program("supervisor") as program:
        await send(supervisor, BOOK, take="1")
        await judge(house.database)

        async def rows() -> dict[str, dict[str, Any]]:
            made = await (await program.get(f"/api/v1/ledgers/{AUTHORITY}/receipts/2026-03")).json()
            return {row["reference"]: row for row in made["rows"]}

        before = await rows()
        assert {row["state"] for row in before.values()} == {"candidate"}
        field = await token(supervisor, f"{LEDGERS}/import")
        for reference, outcome in (("T-1", "confirmed"), ("T-2", "refused")):
            row = before[reference]
            form = {gates.FORM_FIELD: field, "key": row["key"], "event": row["candidates"][0]["event"],
                    "outcome": outcome, "reason": "已与财政局核对"}  # fmt: skip
            assert (await supervisor.post(path, data=form, allow_redirects=False)).status == 303
        await judge(house.database)
        after = await rows()
        page = await (await supervisor.get(f"{path}?lang=en")).text()
    assert {name: row["state"] for name, row in after.items()} == {"T-1": "confirmed", "T-2": "unmatched"}
    assert after["T-1"]["known"]["event"] == before["T-1"]["candidates"][0]["event"]
    assert (after["T-1"]["class"], after["T-2"]["class"]) == ("", "paid_without_case")
    assert after["T-2"]["candidates"] == []
    assert "confirmed by a person" in page


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(house: House) -> None:
    async with house.browser("officer-0040") as supervisor:
        status, _ = await send(supervisor, "x" * (8 * 1024 * 1024))
        assert status == 413
