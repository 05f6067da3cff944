"""The officers' pages and their JSON, on the real log folded by the real projections."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from schemas.entries import INCIDENTS, Who
from schemas.envelope import NOTES
from server.console import words
from server.identity.person import ROLES
from server.log.acts import Act, OfficeActs
from server.web.i18n import load_texts
from server.web.pages import span, when
from server.web.routes import ROUTES, Everybody, Officers, SignedByTerminal
from tests.support import projections as stories
from tests.support.log import AUTHORITY, PaperTerminal, enrol, now, uuid7
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.web import NEIGHBOUR, House, form_token, open_house


class Bureau:
    """A house with one inspection in its log and one terminal that forked."""

    house: House
    good: PaperTerminal
    forked: PaperTerminal


@pytest.fixture
async def bureau(database: TestDatabase, short_folder: Path) -> AsyncIterator[Bureau]:
    made = Bureau()
    async with open_house(database, short_folder, log=True) as made.house:
        made.good = await stories.enrolled(made.house.log)
        await stories.inspection(made.house.log, made.good)
        made.forked = await stories.enrolled(made.house.log)
        await stories.fork(made.house.log, made.forked)
        await stories.fold(database)
        yield made


async def test_a_case_file_shows_both_clocks_claims_and_what_is_missing(bureau: Bureau) -> None:
    async with bureau.house.browser("lin") as browser:
        async with browser.get(f"/tasks/{stories.TASK}") as page:
            html = await page.text()
            assert page.status == 200
        steps = re.findall(r"<h2>(\S+) <span class=\"small\">(\w+)</span></h2>", html)
        by_procedure = ["进入现场", "出示证件、告知权利", "收集证据", "发现隐患"]
        assert [title for title, _ in steps] == by_procedure, "not in the order of upload"
        assert "终端时钟" in html
        assert "服务器时钟" in html
        assert "2026年1月1日 09:00:50" in html
        assert "尚未到达" in html
        assert "暂未识别" in html
        assert "在侧链上" in html
        async with browser.get(f"/cases/{stories.CASE}?lang=en") as page:
            html = await page.text()
        assert "claim of the field, not an act of the office" in html
        assert words.NOTES["claim"] in html
        assert '<html lang="en">' in html


async def test_the_json_beside_a_page_says_the_same_and_is_not_sent_twice(bureau: Bureau) -> None:
    async with bureau.house.program() as program:
        async with program.get(f"/api/v1/tasks/{stories.TASK}") as answer:
            file = await answer.json()
            tag = answer.headers["ETag"]
        assert file["header"]["id"] == stories.TASK
        assert [item["type"] for item in file["items"]][:2] == ["site.entered.v1", "site.entered.v1"]
        async with program.get(f"/api/v1/tasks/{stories.TASK}", headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        async with program.get("/api/v1/terminals") as answer:
            ids = {row["id"] for row in (await answer.json())["rows"]}
            assert ids == {str(UUID(bytes=t.id)) for t in (bureau.good, bureau.forked)}
        async with program.get("/api/v1/cases?kind=hazard") as answer:
            assert [row["id"] for row in (await answer.json())["rows"]] == [stories.HAZARD]


async def test_nobody_sees_another_authoritys_records(bureau: Bureau) -> None:
    terminal = UUID(bytes=bureau.forked.id)
    paths = [f"/tasks/{stories.TASK}", f"/cases/{stories.CASE}", f"/hazards/{stories.HAZARD}", f"/terminals/{terminal}"]
    async with bureau.house.browser("zhao") as browser, bureau.house.program("auditor", NEIGHBOUR) as program:
        for path in paths:
            async with browser.get(path) as page, program.get(f"/api/v1{path}") as answer:
                assert (page.status, answer.status) == (404, 404), path
        for path in ("/", "/cases?kind=task", "/cases?kind=hazard", "/terminals"):
            async with browser.get(path) as page:
                html = await page.text()
                assert page.status == 200
                assert stories.TASK not in html
                assert str(terminal) not in html
                assert "配电箱" not in html
        for path in ("/api/v1/cases?kind=task", "/api/v1/terminals"):
            async with program.get(path) as answer:
                assert (await answer.json())["rows"] == []


async def test_every_role_reaches_what_its_policy_says_and_nothing_else(bureau: Bureau) -> None:
    terminal = UUID(bytes=bureau.good.id)
    seen = 0
    for role in ROLES:
        async with bureau.house.program(role) as program:
            for (method, path), route in bureau.house.app[ROUTES].items():
                if not isinstance(route.policy, Officers) or method != "GET":
                    continue
                filled = path.replace("/terminals/{id}", f"/terminals/{terminal}").replace("{id}", stories.TASK)
                filled = re.sub(r"\{\w+\}", "1", filled.replace("{pool}", "objects"))
                async with program.get(filled) as answer:
                    allowed = role in route.policy.roles
                    assert (answer.status in (200, 404)) if allowed else (answer.status == 403), (role, path)
                    seen += not allowed
    assert seen >= 8, "the administrator reads no case files"


async def test_without_signing_in_every_route_refuses(bureau: Bureau) -> None:
    async with bureau.house.browser() as browser:
        for (method, path), route in bureau.house.app[ROUTES].items():
            if isinstance(route.policy, Everybody | SignedByTerminal):
                continue
            filled = re.sub(r"\{\w+\}", "1", path.replace("{id}", stories.TASK).replace("{pool}", "objects"))
            async with browser.request(method, filled, allow_redirects=False, data={}) as answer:
                expected = 303 if route.kind == "page" and method == "GET" else 401
                assert answer.status == expected, (method, path)


async def test_a_head_of_unit_ends_a_fork_and_an_inspector_cannot(bureau: Bureau) -> None:
    page_of = f"/terminals/{UUID(bytes=bureau.forked.id)}"
    async with bureau.house.browser("lin") as browser:
        async with browser.get(page_of) as page:
            html = await page.text()
        assert f'action="{page_of}/resolve"' not in html
        form = {"form_token": form_token(html), "branch": "stored", "reason": "x"}
        async with browser.post(f"{page_of}/resolve", data=form) as answer:
            assert answer.status == 403
    async with bureau.house.browser("he") as browser:
        async with browser.get(page_of) as page:
            html = await page.text()
        token = form_token(html)
        branch = re.findall(r'name="branch" value="([0-9a-f]{64})"', html)[0]

        async def post(act: str, **fields: str) -> tuple[int, str]:
            data = {"form_token": token, **fields}
            async with browser.post(f"{page_of}/{act}", data=data, allow_redirects=False) as answer:
                return answer.status, await answer.text()

        status, html = await post("release", reason="too early")
        assert (status, "未作任何处理" in html) == (409, True)
        for reason in ("", "   ", "长" * 501):
            assert (await post("resolve", branch=branch, reason=reason))[0] == 400
        assert (await post("resolve", branch="no branch", reason="checked"))[0] == 400
        outcomes = await asyncio.gather(*(post("resolve", branch=branch, reason="两台设备已核对") for _ in range(2)))
        assert sorted(status for status, _ in outcomes) == [303, 409], "two at once: one wins"
        assert (await post("release", reason="已核对"))[0] == 303
        await stories.fold(bureau.house.database)
        async with browser.get(f"{page_of}?done=released") as page:
            html = await page.text()
        assert "已解除冻结" in html
        assert "正常" in html
        assert f'action="{page_of}/release"' not in html


async def test_a_terminal_that_was_enrolled_with_a_name_is_called_by_it(bureau: Bureau, database: TestDatabase) -> None:
    named = PaperTerminal(AUTHORITY)
    await enrol(bureau.house.log, named, {"app": "示例程序", "name": "执法一组 <1>"})
    await stories.fold(database)
    await judge(database)
    id_ = str(UUID(bytes=named.id))
    async with bureau.house.browser("he") as browser:
        for path in ("/terminals", f"/terminals/{id_}", "/supervision/off-system"):
            async with browser.get(path) as page:
                html = await page.text()
            assert "执法一组 &lt;1&gt;" in html, path
            assert id_ in html, path
        assert "<dt>程序</dt><dd>示例程序</dd>" in await (await browser.get(f"/terminals/{id_}")).text()


async def test_odd_addresses_get_a_clear_answer_and_never_a_failure_of_ours(bureau: Bureau) -> None:
    odd = [
        "/cases?kind=nothing", "/cases?after=x", "/cases?after=%00", "/cases?kind=case&after=" + "A" * 400,
        "/cases/%00", "/cases/" + "x" * 300, "/cases/..%2f..%2fetc", "/cases/%ff", "/tasks/' OR 1=1",
        "/terminals/none", "/terminals/00000000-0000-0000-0000-000000000000", "/terminals?after=zz", "/help/nothing",
        f"/tasks/{stories.TASK}?offset=-1", f"/tasks/{stories.TASK}?offset=999999999",
        "/static/x/liuhen.css", "/static/0/..%2fapp.py", "/?lang=xx", "/api/v1/cases?after=!", "/api/v1/terminals/none",
        "/nowhere", "/hazards/{{'z'*9}}", f"/tasks/{stories.TASK}?offset=x",
    ]  # fmt: skip
    async with bureau.house.browser("he") as browser:
        async with browser.get("/deadlines?as_of=2026-13-40&lang=en", headers={"Accept": "text/html"}) as answer:
            assert '<p lang="en">expected' in await answer.text(), "what was expected is said"
        for path in odd:
            async with browser.get(path, headers={"Accept": "text/html"}) as answer:
                text = await answer.text()
                assert answer.status in (200, 400, 404), (path, answer.status)
                assert "Traceback" not in text
                assert "zzzzzzzzz" not in text, "a template in the address was evaluated"


async def test_a_failure_of_ours_is_a_page_with_a_number_and_nothing_else(bureau: Bureau) -> None:
    async with bureau.house.browser("lin") as browser:
        connection = await bureau.house.database.connect()
        try:
            # The stored head of the file no longer decodes: a fault that no test double could invent better.
            slot = await connection.fetchval("SELECT slot FROM view.live")
            await connection.execute(f"UPDATE view_{slot}.case_files SET head = '\\x00'")
        finally:
            await connection.close()
        async with browser.get(f"/tasks/{stories.TASK}") as page:
            html = await page.text()
            assert page.status == 500
            assert re.search(r"<code>[0-9a-f]{12}</code>", html)
            assert "msgspec" not in html
        async with browser.get(f"/api/v1/tasks/{stories.TASK}") as answer:
            problem = await answer.json(content_type="application/problem+json")
            assert (problem["code"], len(problem["incident"])) == ("internal", 12)


async def test_every_answer_carries_the_headers_that_protect_it(bureau: Bureau) -> None:
    async with bureau.house.browser("lin") as browser:
        for path in ("/", "/nowhere", "/api/v1/terminals", "/sign-in", "/cases/none"):
            async with browser.get(path, allow_redirects=False) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "Server" not in answer.headers
        async with browser.get("/") as answer:
            html = await answer.text()
            assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html)), "no script stands in a page"
            assert " style=" not in html
            assert answer.headers["Cache-Control"] == "no-store"


async def test_the_language_switch_stays_where_it_was_put(bureau: Bureau) -> None:
    async with bureau.house.browser("lin") as browser:
        async with browser.get("/terminals", headers={"Accept-Language": "en"}) as page:
            assert '<html lang="en">' in await page.text()
        async with browser.get("/terminals?lang=zh") as page:
            assert '<html lang="zh-CN">' in await page.text()
        async with browser.get("/terminals", headers={"Accept-Language": "en"}) as page:
            assert '<html lang="zh-CN">' in await page.text()


async def test_the_home_page_says_what_is_due_and_what_to_look_at(database: TestDatabase, bureau: Bureau) -> None:
    async with bureau.house.browser("he") as browser:
        async with browser.get("/?lang=en") as page:
            html = await page.text()
        assert "none is over or ends within three working days" in html
        assert "none is open" in html
        filed = Act("case.filed.v1", [f"case:{stories.CASE}"], stories.body("case.filed.v1"), bytes(16), 1, uuid7())
        who = Who(officer="he", session=bytes(32), via="console")
        await bureau.house.log.committer.submit(OfficeActs(AUTHORITY, [filed], who, now()))
        await judge(database)
        async with browser.get("/?lang=en") as page:
            html = await page.text()
        assert re.search(r'<a href="/deadlines\?view=due"><span class="badge bad">\d+ (is|are) over', html)
        assert re.search(r'<a href="/signals\?state=open">\d+ (is|are) open</a>', html)
    async with bureau.house.browser("lin") as browser, browser.get("/?lang=en") as page:
        assert '<a href="/signals?state=all&amp;mine=1">' in await page.text(), "an inspector sees the own matters"


def test_every_note_and_incident_has_its_sentence() -> None:
    assert set(words.NOTES) == set(NOTES)
    assert set(words.INCIDENTS) == set(INCIDENTS)
    assert set(words.ROLE_NAMES) == set(ROLES)


def test_a_body_is_told_in_the_words_of_its_schema() -> None:
    body = {
        "note": "备注在后",
        "amount_fen": 1_234_505,
        "paid_on": "2026-01-02",
        "channel": "bank",
        "newer_field": {"x": [1, True]},
        "newer_name": {"withheld": "ab" * 32, "arrived": False},
    }
    texts = load_texts()
    lines = words.body_lines("fine_payment.recorded.v1", body, texts["zh"])
    told = {line.label: line for line in lines}
    assert told["金额"].value == "12,345.05 元"
    assert told["newer_field"].value[0].value[0].value == 1, "a field not known yet keeps its name and its value"
    assert (told["newer_name"].kind, told["newer_name"].value) == ("withheld", (False, "ab" * 32))
    assert lines[-1].value == "备注在后", "what any act may say stands behind what this one says"
    assert words.body_lines("fine_payment.recorded.v1", {"channel": "bank"}, texts["zh"])[0].value == "银行"
    assert words.body_lines("drone.flown.v1", {"height": 30}, texts["en"])[0] == words.Line("height", "number", 30)


def test_lengths_of_time_and_instants_read_well() -> None:
    texts = load_texts()
    assert span(0, texts["en"]) == "0 ms"
    assert span(-1_500, texts["zh"]) == "-1 秒"
    assert span(3 * 86_400_000 + 7_200_000 + 5_000, texts["en"]) == "3 days 2 h"
    assert when(1_767_229_200_000, "zh") == '<time datetime="2026-01-01T09:00:00+08:00">2026年1月1日 09:00:00</time>'
    assert when(2**60, "en") == f"<span>{2**60} ms</span>"
