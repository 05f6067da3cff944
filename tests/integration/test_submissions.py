"""Reports that are handed in: through the form, beside the system's figures, with their signal and their due day."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from domain import annual, reporting
from domain.quarterly import period
from projections import rulefiles
from projections.process import figures
from schemas.entries import Who
from server.log.acts import Act, OfficeActs
from tests.support import projections as stories
from tests.support.log import AUTHORITY, now, uuid7
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.web import House, open_house

FORM = "/supervision/reports/new?kind=yearly&period=2026&lang=en"


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, log=True) as opened:
        await stories.inspection(opened.log, await stories.enrolled(opened.log))
        plan = {**stories.body("plan.approved.v1"), "year": 2026}
        tags = sorted((f"authority:{AUTHORITY}", f"plan:{plan['plan_id']}"))
        who = Who(officer="officer-0002", session=bytes(32), via="console")
        act = Act("plan.approved.v1", tags, plan, uuid7(), 1, uuid7())
        await opened.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now()))
        await judge(database)
        yield opened


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form."""
    form = page.split('action="/supervision/reports"')[1]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


async def test_a_report_stands_beside_the_system_and_a_difference_is_a_signal(house: House) -> None:
    async with house.browser("he") as head, house.program("supervisor") as supervisor:
        shown = await (await head.get(FORM)).text()
        made = await (await supervisor.get("/api/v1/reports/quarterly?period=2026")).json()
        visits = next(one["value"] for one in made["figures"] if one["code"] == "visits")
        data = {**fields(shown), "code-1": "visits", "value-1": str(visits + 3)}
        silent = await head.post("/supervision/reports", data=data, allow_redirects=False)
        odd = [
            (await head.post("/supervision/reports", data={**data, **told}, allow_redirects=False)).status
            for told in (
                {"value-1": "1.5"}, {"value-1": "NaN"}, {"value-1": "1" * 400}, {"value-1": "1e-1000030"},
                {"code-1": "fines", "value-1": "9e999999"},
            )
        ]  # fmt: skip
        why = "三次检查的终端尚未上传"
        sent = [
            await head.post("/supervision/reports", data={**data, "explanation": why}, allow_redirects=False)
            for _ in range(2)
        ]
        await judge(house.database)
        listed = await (await supervisor.get("/api/v1/reports/submitted?period=2026")).json()
        (one,) = listed["items"]
        told = await (await supervisor.get(f"/api/v1/reports/submitted/{one['id']}")).json()
        page = await (await head.get(f"/supervision/reports/{one['id']}?lang=en")).text()
        overview = await (await head.get("/supervision/reports?period=2026&lang=en")).text()
        book = await (await supervisor.get(f"/api/v1/reports/submitted/{one['id']}?format=xlsx")).read()
        signals = await (await supervisor.get("/api/v1/signals?rule=SIG-24&state=all&lang=en")).json()

    assert silent.status == 400
    assert "Say why the figures differ" in await silent.text()
    assert f'value="{visits + 3}"' in await silent.text(), "what was written stays"
    assert odd == [400] * 5
    assert [answer.status for answer in sent] == [303, 303], "a form that is sent twice hands in once"
    differing = {row["code"]: row for row in told["figures"] if row["difference"]}
    assert differing == {
        "visits": {"code": "visits", "reported": visits + 3, "system": visits, "now": visits, "difference": 3}
    }
    assert told["explanation"] == why
    assert (one["differing"], one["late"], one["due"]) == (1, one["submitted_on"] > one["due"], "2026-12-30")
    assert why in page
    assert "+3" in page
    assert "handed in on" in overview
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    assert sheet is not None
    assert any(row[0] == "visits" and row[5] == 3 for row in sheet.iter_rows(values_only=True))
    (signal,) = signals["rows"]
    assert f"visits reported {visits + 3} and counted {visits}" in signal["reason"]


async def test_a_report_of_a_year_without_a_plan_stands_beside_the_system_too(house: House) -> None:
    async with house.browser("he") as head, house.program("supervisor") as supervisor:
        shown = await (await head.get(FORM.replace("2026", "2025"))).text()
        data = {**fields(shown), "code-1": "cases", "value-1": "1", "explanation": "上年度纸质案件"}
        sent = await head.post("/supervision/reports", data=data, allow_redirects=False)
        await judge(house.database)
        signals = await (await supervisor.get("/api/v1/signals?rule=SIG-24&state=all&lang=en")).json()
        page = await (await head.get("/signals?lang=en&rule=SIG-24")).text()
    assert sent.status == 303
    (signal,) = signals["rows"]
    assert (signal["kind"], signal["key"]) == ("report", f"{AUTHORITY}/yearly/2025")
    assert "cases reported 1 and counted 0" in signal["reason"]
    assert "/supervision/reports?period=2025" in page


async def test_the_statistics_of_a_year_show_what_others_count_as_handed_in_and_never_as_a_nought(
    house: House,
) -> None:
    form = "/supervision/reports/new?kind=annual_statistics&period=2026&lang=en"
    async with house.browser("he") as head, house.program("supervisor") as supervisor:
        address = "/api/v1/reports/annual?period=2026"
        before = await (await supervisor.get(address)).json()
        empty = await (await head.get("/supervision/annual?period=2026&lang=en")).text()
        shown = await (await head.get(form)).text()
        data = {**fields(shown), "code-1": "licences_granted", "value-1": "12", "code-2": "levied", "value-2": "3.50"}
        sent = await head.post("/supervision/reports", data=data, allow_redirects=False)
        await judge(house.database)
        # Of a named moment, because the figures of now are kept for a while.
        listed = await (await supervisor.get("/api/v1/reports/submitted?period=2026")).json()
        told = await (await supervisor.get(f"/api/v1/reports/submitted/{listed['items'][0]['id']}")).json()
        made = await (await supervisor.get(f"{address}&cut={told['as_of']['cut']}")).json()
        page = await (await head.get(f"/supervision/annual?period=2026&cut={told['as_of']['cut']}&lang=en")).text()
        table = await (await supervisor.get(f"{address}&cut={told['as_of']['cut']}&format=csv&lang=en")).text()
        signals = await (await supervisor.get("/api/v1/signals?rule=SIG-24&state=all")).json()
        odd = (await supervisor.get("/api/v1/reports/annual?period=2026-Q1")).status
        early = await (await supervisor.get(f"{address}&cut={before['as_of']['cut']}")).json()

    def others(report: dict[str, Any]) -> dict[str, Any]:
        return {one["code"]: one["each"][AUTHORITY] for of in report["tables"] for one in of["elsewhere"]}

    assert sent.status == 303, "what the system does not count cannot differ from it, so nothing is to be explained"
    assert [of["code"] for of in made["tables"]] == [
        "licences", "penalties", "compulsion", "levies", "expropriation", "inspections",
    ]  # fmt: skip
    assert set(others(before).values()) == {None}
    assert empty.count("not recorded in this system") == len(annual.ELSEWHERE)
    assert {code: value for code, value in others(made).items() if value is not None} == {
        "licences_granted": 12, "levied": 350,
    }  # fmt: skip
    assert f'href="/supervision/reports/{listed["items"][0]["id"]}">12</a>' in page
    assert page.count("not recorded in this system") == len(annual.ELSEWHERE) - 2
    for of in made["tables"]:
        for code in of["counted"]:
            assert f'href="/supervision/figures/{code}?' in page, "every counted number opens its list"
    rows = {row[0]: row for row in csv.reader(io.StringIO(table)) if row}
    mine = rows["code"].index(AUTHORITY)
    assert rows["licences_granted"][3] == f"handed in by 1 of {len(made['authorities'])}"
    assert (rows["licences_granted"][mine], rows["levied"][2], rows["levied"][mine]) == ("12", "10,000 yuan", "0.00035")
    assert rows["expropriations"][3] == rows["expropriations"][mine] == "not recorded in this system"
    assert signals["rows"] == []
    assert odd == 400
    assert early == before, "at the earlier cut nothing was handed in"


def test_the_tables_of_a_year_name_figures_that_are_counted_each_once() -> None:
    named = [code for of in annual.TABLES for code in of.counted]
    assert set(named) <= figures.figures().by_code.keys()
    assert len(named) == len(set(named))
    assert not annual.ELSEWHERE.keys() & figures.figures().by_code.keys()


async def test_a_figure_below_nought_is_refused_and_nothing_is_handed_in(house: House) -> None:
    async with house.browser("he") as head:
        form = await (await head.get("/supervision/reports/new?kind=yearly&period=2026&lang=en")).text()
        size = (await house.log.head())["size"]
        told = {"code-1": "visits", "value-1": "-3", "explanation": "x", **fields(form)}
        answer = await head.post("/supervision/reports", data=told)
        assert answer.status == 400
        assert "a whole number of at least 0" in await answer.text()
        assert (await house.log.head())["size"] == size


async def test_only_who_plans_or_directs_hands_in_and_only_sees_below(house: House) -> None:
    async with house.browser("lin") as inspector, house.program("supervisor", "210521") as neighbour:
        refused = await inspector.get("/supervision/reports/new?kind=yearly&period=2026")
        other = await (await neighbour.get("/api/v1/reports/submitted?period=2026")).json()
        odd = [
            (await neighbour.get(f"/api/v1/reports/submitted/{name}")).status for name in ("x", "0" * 32, "%00", "new")
        ]
    async with house.browser("he") as head:
        wrong = [
            (await head.get(f"/supervision/reports/new?{query}")).status
            for query in ("kind=weekly&period=2026", "kind=quarterly&period=2026", "kind=yearly&period=2026-Q1")
        ]
    assert refused.status == 403
    assert other["items"] == []
    assert odd == [404] * 4
    assert wrong == [400] * 3


def test_reports_are_due_by_the_days_of_the_catalogue() -> None:
    rules, calendar = rulefiles.load()
    days = {
        (kind, span): reporting.due_by(kind, period(span), rules, calendar, AUTHORITY)
        for kind, span in (
            ("quarterly", "2026-Q1"),
            ("quarterly", "2026-Q4"),
            ("yearly", "2026"),
            ("annual_statistics", "2026"),
        )
    }
    assert [day for _, day in sorted(days.items())] == [
        date(2027, 1, 31), date(2026, 4, 5), date(2027, 1, 5), date(2026, 12, 30),
    ]  # fmt: skip
