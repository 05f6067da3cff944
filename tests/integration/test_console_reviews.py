"""The review queue, the case page, comments, search and the desk: as officers and programs meet them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

import aiohttp
import asyncpg
import pytest
import pytest_asyncio

from projections import reviews, search
from projections.process import searching
from projections.queries import BadCursor
from projections.reviews import Wanted
from tests.support import projections as stories
from tests.support.log import now, uuid7
from tests.support.postgres import TestDatabase, TestServer, short_folder
from tests.support.process import judge
from tests.support.reviews import days_ago, qualified, under_review
from tests.support.web import NEIGHBOUR, PEOPLE, House, form_token, open_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "019b77b0-0000-7000-8000-000000000077"


class Bureau:
    """A house with two cases under review: one asked for three weeks ago and given to somebody, one just now."""

    house: House
    late: str
    fresh: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bureau(postgres_server: TestServer) -> AsyncIterator[Bureau]:
    """One for all tests of this module: none of them needs what another one changes."""
    made = Bureau()
    database = await postgres_server.make_database()
    with short_folder() as folder:
        async with open_house(database, folder, people=(*PEOPLE, "officer-0030"), log=True) as made.house:
            terminal = await stories.enrolled(made.house.log)
            await stories.inspection(made.house.log, terminal)
            made.late = await under_review(made.house.log, reviewer="he", asked=days_ago(21))
            made.fresh = await under_review(made.house.log, OTHER, drafts=1)
            await follow(database)
            yield made
    await postgres_server.drop_database(database)


async def follow(database: TestDatabase) -> None:
    await stories.fold(database)
    await judge(database)


async def test_the_queue_counts_working_days_and_finds_by_its_filters(bureau: Bureau) -> None:
    async with bureau.house.browser("he") as browser:
        html = await text(browser, "/reviews?lang=en")
        rows = re.findall(r'id="r-([0-9a-f-]{36})"', html)
        assert rows == [bureau.late, bureau.fresh], "the next to end first"
        assert re.search(r"\d+ working days over", html)
        assert re.search(r'<b class="days">10 working days</b>', html)
        for query, expected in (
            ("overdue=1", [bureau.late]),
            ("reviewer=-", [bureau.fresh]),
            ("reviewer=me", [bureau.late]),
            ("stage=requested", [bureau.fresh]),
            ("stage=closed", []),
            ("q=" + OTHER[-8:], [bureau.fresh]),
            ("unit=法规科&kind=penalty", [bureau.late, bureau.fresh]),
            ("kind=no_penalty", []),
            ("sort=requested", [bureau.fresh, bureau.late]),
            ("sort=amount", [bureau.fresh, bureau.late]),
        ):
            html = await text(browser, f"/reviews?{query}")
            assert re.findall(r'id="r-([0-9a-f-]{36})"', html) == expected, query
        assert "没有符合条件的审核件" in await text(browser, "/reviews?kind=no_penalty&lang=zh")
        assert f'id="review-{bureau.late}"' in await text(browser, f"/cases/{stories.CASE}"), "where its link leads"
        for odd in ("stage=x", "sort=x", "q=" + "x" * 200, "after=!!", "as_of=never"):
            async with browser.get(f"/reviews?{odd}") as answer:
                assert answer.status == 400, odd


async def test_the_queue_as_json_says_the_same_and_pages_by_its_key(bureau: Bureau) -> None:
    async with bureau.house.program("legal_reviewer") as program, program.get("/api/v1/reviews") as answer:
        said = await answer.json()
    assert [row["key"] for row in said["rows"]] == [bureau.late, bureau.fresh]
    assert said["counts"]["open"] == 2
    assert (said["counts"]["over"], said["counts"]["nobody"]) == (1, 1)
    async with stories.officer(bureau.house.database) as connection:
        for sort in reviews.SORTS:
            wanted = Wanted(stages=("requested", "assigned"), sort=sort)
            first = await reviews.queue(connection, wanted, as_of=now(), limit=1)
            second = await reviews.queue(connection, wanted, as_of=now(), limit=1, after=first.next)
            assert {first.rows[0].key, second.rows[0].key} == {bureau.late, bureau.fresh}, sort
            assert second.next is None
            with pytest.raises(BadCursor):
                await reviews.queue(connection, Wanted(sort="due"), as_of=now(), after="zz")


async def test_nobody_sees_the_reviews_of_another_authority(bureau: Bureau) -> None:
    async with bureau.house.browser("zhao") as browser:
        assert "目前没有在办的审核件" in await text(browser, "/reviews")
        assert "没有找到" in await text(browser, "/search?q=示例制造")
    async with bureau.house.program("auditor", NEIGHBOUR) as program:
        async with program.get("/api/v1/reviews") as answer:
            assert (await answer.json())["rows"] == []
        async with program.get("/api/v1/search?q=示例制造") as answer:
            assert (await answer.json())["counts"] == {}


async def test_drafts_are_compared_field_by_field_and_inside_texts(bureau: Bureau) -> None:
    async with bureau.house.browser("he") as browser:
        html = await text(browser, f"/cases/{stories.CASE}/drafts?lang=en")
        assert "2 fields differ." in html
        assert "<del>12</del>" in html
        assert re.search(r"<ins>15[^<]*</ins>", html)
        assert "未按规定对从业人员进行安全生产教育和培训。" in html.split("<del>", 1)[0], (
            "what is the same is not marked"
        )
        html = await text(browser, f"/cases/{stories.CASE}/drafts?older=2&newer=2&lang=en")
        assert "Both have the same hash" in html
        async with browser.get(f"/cases/{stories.CASE}/drafts?older=9") as answer:
            assert answer.status == 404
        assert "没有可比较的两版草案" in await text(browser, f"/cases/{OTHER}/drafts?lang=zh")


async def test_a_comment_is_on_record_once_and_two_who_settle_it_are_told(bureau: Bureau) -> None:
    database = bureau.house.database
    async with bureau.house.browser("he") as he, bureau.house.browser("lin") as lin:
        page = await text(he, f"/cases/{stories.CASE}")
        token, comment = form_token(page), str(UUID(bytes=uuid7()))
        event = re.findall(r'name="event" value="([0-9a-f-]{36})"', page)[0]
        form = {"form_token": token, "comment": comment, "anchor": "event", "event": event, "text": "<b>请补充</b>照片"}
        for _ in range(2):
            async with he.post(f"/cases/{stories.CASE}/comments", data=form, allow_redirects=False) as answer:
                assert answer.status == 303, await answer.text()
        await follow(database)
        page = await text(he, f"/cases/{stories.CASE}")
        assert page.count(f'id="c-{comment}"') == 1, "the same form twice is one comment"
        assert "&lt;b&gt;请补充&lt;/b&gt;照片" in page
        tokens = {he: token, lin: form_token(await text(lin, f"/cases/{stories.CASE}"))}

        async def settle(browser: aiohttp.ClientSession) -> str:
            data = {"form_token": tokens[browser], "version": "1", "state": "resolved"}
            address = f"/cases/{stories.CASE}/comments/{comment}"
            async with browser.post(address, data=data, allow_redirects=False) as answer:
                assert answer.status == 303
                return answer.headers["Location"]

        told = await asyncio.gather(settle(he), settle(lin))
        assert sorted("done=changed" in one for one in told) == [False, True], "one wins, the other is told"
        await follow(database)
        assert "已有他人先行处理" in await text(lin, f"/cases/{stories.CASE}?done=changed&comment={comment}")
        bad = {"form_token": token, "comment": str(UUID(bytes=uuid7())), "text": "x"}
        for wrong in ({"anchor": "event", "event": str(UUID(bytes=uuid7()))}, {"anchor": "x"}, {"anchor": "draft"}):
            async with he.post(f"/cases/{stories.CASE}/comments", data={**bad, **wrong}) as answer:
                assert answer.status == 400, wrong
        async with he.post(f"/cases/{stories.CASE}/comments/{bad['comment']}", data={
            "form_token": token, "version": "1", "state": "resolved",
        }) as answer:  # fmt: skip
            assert answer.status == 404


async def test_ticks_looks_and_filters_are_the_accounts_own(bureau: Bureau) -> None:
    database = bureau.house.database
    async with bureau.house.browser("he") as he, bureau.house.browser("lin") as lin:
        page = await text(he, f"/cases/{stories.CASE}")
        token, event = form_token(page), re.findall(r'name="events" value="([0-9a-f-]{36})"', page)[0]
        back = f"/cases/{stories.CASE}"
        mark = {"form_token": token, "events": event, "on": "1", "back": back}
        async with he.post("/desk/viewed", data=mark, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, back)
        assert 'aria-pressed="true"' in await text(he, back)
        assert 'aria-pressed="true"' not in await text(lin, back)
        save = {"form_token": token, "face": "reviews", "name": "我的", "query": "reviewer=me&evil=1"}
        async with he.post("/desk/filters", data=save, allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/reviews?reviewer=me"
        assert "/reviews?reviewer=me" in await text(he, "/desk")
        assert "/reviews?reviewer=me" not in await text(lin, "/desk")
        async with he.post("/desk/viewed", data={**mark, "back": "//elsewhere"}, allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/"
        assert "keys.js" in await text(he, back)
        async with he.post("/desk/shortcuts", data={"form_token": token, "on": "0"}, allow_redirects=False):
            pass
        assert "keys.js" not in await text(he, back)
        assert "keys.js" in await text(lin, back)
    connection = await database.connect("liuhen_console")
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('liuhen.account', 'lin', true)")
            assert await connection.fetchval("SELECT count(*) FROM desk.viewed") == 0
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("INSERT INTO desk.preferences VALUES ('he', true)")
    finally:
        await connection.close()
    connection = await database.connect("liuhen_console")
    try:
        with pytest.raises(asyncpg.PostgresError, match=r"liuhen\.account"):
            await connection.fetchval("SELECT count(*) FROM desk.filters")
    finally:
        await connection.close()


async def test_what_came_since_the_last_look_is_marked(bureau: Bureau) -> None:
    database, address = bureau.house.database, f"/cases/{OTHER}?lang=en"
    async with bureau.house.browser("he") as he:
        assert "since your last look" not in await text(he, address), "the first look: nothing is old"
        await rewind(database, "UPDATE desk.looks SET seen = seen - 3600000")
        html = await text(he, address)
        assert re.search(r"\d+ things are new since your last look", html)
        form = {"form_token": form_token(html), "kind": "case", "id": OTHER, "back": "/"}
        async with he.post("/desk/seen", data=form, allow_redirects=False) as answer:
            assert answer.status == 303
        assert "Nothing is new since your last look" in await text(he, address)


async def test_two_characters_a_number_an_id_and_a_digest_find_what_they_name(bureau: Bureau) -> None:
    async with bureau.house.browser("he") as browser:
        for question, expected in (
            ("制造", stories.CASE),
            ("示例 制造", stories.CASE),
            ("教育", bureau.late),
            (stories.CASE, stories.CASE),
            ("officer-0023", stories.CASE),
            ("ＯＦＦＩＣＥＲ－００２３", stories.CASE),
            (bureau.late[:13], bureau.late),
        ):
            assert expected in await text(browser, f"/search?q={question}"), question
        assert "一个字太短" in await text(browser, "/search?q=示")
        assert "没有找到" in await text(browser, "/search?q=不存在的")
        assert "您要查什么" in await text(browser, "/search")
        async with bureau.house.program("legal_reviewer") as program:
            async with program.get("/api/v1/terminals") as answer:
                terminal = (await answer.json())["rows"][0]["id"]
            async with program.get(f"/api/v1/cases/{stories.CASE}") as answer:
                item = (await answer.json())["items"][0]
        assert f'href="/terminals/{terminal}"' in await text(browser, f"/search?q={terminal[:9]}")
        assert f'href="/cases/{stories.CASE}"' in await text(browser, f"/search?q={item['id']}")
        for odd in ("q=%00", "q=" + "x" * 5_000, "q=a&kind=x", "q=' OR 1=1", "q=a&after=zz", "q=%25%5F"):
            async with browser.get(f"/search?{odd}") as answer:
                assert answer.status in (200, 400), odd


async def test_search_pages_by_its_key_and_says_how_many_of_each_kind(bureau: Bureau) -> None:
    async with stories.officer(bureau.house.database) as connection:
        whole = await search.search(connection, "示例制造")
        assert whole.counts["case"] == whole.counts["review"] == 2
        found, after = [], None
        while True:
            page = await search.search(connection, "示例制造", limit=1, after=after)
            found += [(row.kind, row.key) for row in page.rows]
            after = page.next
            if after is None:
                break
        assert found == [(row.kind, row.key) for row in whole.rows]
        assert len((await search.search(connection, "示例制造", kind="case")).rows) == 2


async def test_numbers_are_compared_whatever_their_brackets() -> None:
    assert searching.even("（示）应急罚〔2026〕7号") == searching.even("(示)应急罚【2026】7号")
    assert searching.terms("  应急罚　7号 应急罚 ") == ("应急罚", "7号")
    assert searching.terms("\0") == ()


async def rewind(database: TestDatabase, statement: str) -> None:
    connection = await database.connect()
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def text(browser: aiohttp.ClientSession, address: str) -> str:
    async with browser.get(address) as answer:
        assert answer.status == 200, (address, answer.status)
        return await answer.text()


async def test_reviews_are_given_to_a_reviewer_together_and_once(bureau: Bureau) -> None:
    third = str(UUID(bytes=uuid7()))
    await qualified(bureau.house.log, "officer-0030")
    review = await under_review(bureau.house.log, third, drafts=1)
    await follow(bureau.house.database)
    async with bureau.house.browser("officer-0030") as browser:
        html = await text(browser, "/reviews?lang=zh")
        act = re.findall(r'name="act" value="([0-9a-f-]{36})"', html)[0]
        form = {"form_token": form_token(html), "act": act, "reviewer": "officer-0030", f"review-{review}": "1"}
        none = {key: value for key, value in form.items() if not key.startswith("review-")}
        for wrong, told in ((none, "请至少勾选一件"), ({**form, "reviewer": " "}, "请填写审核人")):
            async with browser.post("/reviews/assign", data=wrong) as answer:
                assert (answer.status, told in await answer.text()) == (400, True)
        counted = "SELECT sum(size) FROM log.heads"
        connection = await bureau.house.database.connect()
        try:
            before = await connection.fetchval(counted)
            for _ in range(2):
                async with browser.post("/reviews/assign", data=form) as answer:
                    html = await answer.text()
                    assert (answer.status, "已将 1 件审核分派给 officer-0030" in html) == (200, True), html
            assert await connection.fetchval(counted) == before + 1, "the same form twice is one act"
        finally:
            await connection.close()
        again = {**form, "act": str(UUID(bytes=uuid7()))}
        async with browser.post("/reviews/assign", data=again) as answer:
            html = await answer.text()
            assert (answer.status, "已分派给 officer-0030" in html) == (409, True)
    async with bureau.house.browser("lin") as browser:
        html = await text(browser, "/reviews?lang=zh")
        assert "/reviews/assign" not in html, "who may not is not shown the form"
        async with browser.post("/reviews/assign", data={"form_token": form_token(html)}) as answer:
            assert answer.status == 403
