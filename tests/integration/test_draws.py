"""Random draws on the real log, from the announcement to the public site, where anybody draws again."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
import pytest

from domain import public_files, random_selection
from domain.office import commands as ask
from domain.office.plans import item_id, plan_key
from domain.plan_difference import difference
from domain.plan_table import read_plan
from projections import publishing
from projections.runner import connect
from schemas import draws
from schemas.entries import Who
from schemas.events.plan import LeftOut, PlanItem, RecusalEntered
from schemas.problems import Problem
from schemas.published_document import FILE_CODES
from server.log import disclosure_gate
from server.log.desk import Command
from server.log.desk import Desk as ActsDesk
from server.log.disclosure_acts import record_of
from server.log.draw_acts import DrawActs
from server.log.ids import uuid7
from server.log.number_acts import NumberActs
from server.log.private_values import sealed
from server.public import shapes, store
from server.public.routes import make_public_app
from server.tables import held
from tests.support.disclosure import PREPARER, Desk, bureau, record, release, withdraw
from tests.support.draws import (
    NUMBER,
    OFFICERS,
    PLANNER,
    SECOND,
    TODAY,
    announced,
    announcement,
    pending,
    publish,
    result,
    revealed,
)
from tests.support.facts import ENTERPRISE, fact
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase
from tests.support.process import entered, judge
from tests.support.web import NEIGHBOUR, House, form_token, listening, open_house

SCRIPT = Path(__file__).parents[2] / "server" / "public" / "verifier" / "draw.py"


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    people = ("gong", "ming", "hua", "he")
    async with open_house(database, short_folder, log=True, people=people) as opened:
        yield opened


@pytest.fixture
async def desk(house: House) -> Desk:
    made = await bureau(house.log, house.database)
    await judge(house.database)
    return made


@pytest.fixture
async def acts(desk: Desk) -> DrawActs:
    return DrawActs(desk.log.committer, desk.log.pool)


def gates(refused: pytest.ExceptionInfo[Problem]) -> set[str]:
    found: Any = refused.value.fields.get("gates", ())
    return {one["rule"] for one in found}


async def repeated(told: bytes, folder: Path) -> tuple[int, bytes, bytes]:
    """What the script of the docs makes of a file, in a Python that knows nothing of ours."""
    file = folder / "draw.json"
    file.write_bytes(told)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(SCRIPT), str(file), cwd=folder, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env={},
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, error = await child.communicate()
    assert child.returncode is not None
    return child.returncode, out, error


async def test_anybody_repeats_a_published_draw_with_the_script_of_the_docs(
    desk: Desk, acts: DrawActs, tmp_path: Path
) -> None:
    name, value = sealed("林示例", desk.log.keyring.epoch(AUTHORITY, 1).data_public)
    certificate = fact(
        "officer_certificate.recorded.v1",
        {
            "officer_id": "officer-0017", "certificate_no": "E21050017", "issuer": "示例市人民政府", "name": name,
            "categories": ["安全生产"], "valid_from": "2026-01-01", "valid_to": "2030-12-31",
        },
        occurred="2026-01-02",
    )  # fmt: skip
    await record(desk.log, [certificate], desk.terminal, private={name: value})
    await judge(desk.database)
    draw = await announcement(desk, acts, objects=[ENTERPRISE], officers=OFFICERS[:3], count=1)
    await acts.enter(AUTHORITY, draw, NUMBER, (), PLANNER)
    first = (await acts.look(AUTHORITY, draw)).drawn
    assert first is not None
    out = next(one for one in first.teams[0].officers if one != "officer-0017")
    recusal = RecusalEntered(enterprise_id=ENTERPRISE, officer=out, reason="配偶在该单位任职")
    await acts.enter(AUTHORITY, draw, NUMBER, (recusal,), PLANNER)
    standing = await acts.look(AUTHORITY, draw)
    assert standing.drawn is not None
    assert out not in standing.drawn.teams[0].officers
    assert [(one.officer, one.by in OFFICERS) for one in standing.drawn.stepped] == [(out, True)]
    await acts.reveal(AUTHORITY, draw, await pending(acts, draw), SECOND)
    selection = (await acts.look(AUTHORITY, draw)).selection
    assert selection.drawn is not None
    assert [(one.officer, one.reason) for one in selection.drawn.recusals] == [(out, "配偶在该单位任职")]
    assert selection.drawn.witness == SECOND.officer
    done = await publish(desk, draw, selection.result)

    pool = await store.connect(desk.database.dsn("liuhen_public"))
    try:
        async with listening(make_public_app(tmp_path, pool)) as url, aiohttp.ClientSession(url) as reader:
            told_before = UUID(bytes=record_of(selection.announcement))
            told_after = UUID(bytes=done.record.id)
            async with reader.get(f"/api/v1/draws/{told_before}") as answer:
                assert answer.status == 404, "the names were not told there"
            async with reader.get(f"/api/v1/draws/{told_after}") as answer:
                told = await answer.read()
            async with reader.get(f"/api/v1/disclosures/{told_before}") as answer:
                before = (await answer.json())["document"]
            async with reader.get(f"/disclosures/{told_after}") as answer:
                page = await answer.text()
            async with reader.get(f"/authorities/{AUTHORITY}") as answer:
                section = await answer.text()
            async with reader.get("/help/draw.py") as answer:
                assert await answer.read() == SCRIPT.read_bytes()
    finally:
        await pool.close()

    msgspec.json.decode(told, type=shapes.Draw, strict=True)
    status, names, error = await repeated(told, tmp_path)
    assert (status, error) == (0, b"")
    ((enterprise, team),) = json.loads(names)
    assert enterprise == "示例制造有限公司"
    assert "林示例（执法证号 E21050017）" in team
    assert "林示例" in page
    assert "配偶" not in page + told.decode(), "why somebody is recused stays inside"
    assert str(told_after) in section
    # What was fixed before the draw is what was drawn from.
    fields = {one["code"]: one.get("value") for one in before["fields"]}
    drawn = json.loads(told)
    assert (fields["SJ_CN"], fields["SJ_DXMLZY"], fields["SJ_RYMLZY"]) == (
        drawn["commitment"], drawn["objects_hash"], drawn["officers_hash"],
    )  # fmt: skip
    assert fields["SJ_ZZ"] is None
    # Control: another number, another outcome, and the script says so.
    status, _, error = await repeated(json.dumps({**drawn, "secret": drawn["secret"][::-1]}).encode(), tmp_path)
    assert status == 1
    assert error


async def test_nothing_is_revealed_before_the_announcement_is_public(
    desk: Desk, acts: DrawActs, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = await announced(acts)
    with pytest.raises(Problem) as refused:
        await acts.enter(AUTHORITY, draw, NUMBER, (), PLANNER)
    assert gates(refused) == {"E11"}

    # Control: the check taken out, the number could be entered.
    async def always(*_: object) -> bool:
        return True

    monkeypatch.setattr(DrawActs, "_is_public", always)
    await acts.enter(AUTHORITY, draw, NUMBER, (), PLANNER)


async def test_who_entered_the_number_may_not_reveal(
    desk: Desk, acts: DrawActs, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = await announcement(desk, acts)
    await acts.enter(AUTHORITY, draw, NUMBER, (), PLANNER)
    entered = await pending(acts, draw)
    size = (await desk.log.head())["size"]
    for who in (PLANNER, Who(service="publisher", session=bytes(32), via="token")):
        with pytest.raises(Problem) as refused:
            await acts.reveal(AUTHORITY, draw, entered, who)
        assert gates(refused) == {"OGI-17"}
    assert (await desk.log.head())["size"] == size
    # Control: without the check the same call would go through.
    monkeypatch.setattr(random_selection, "second_person", lambda *_: ())
    await acts.reveal(AUTHORITY, draw, entered, PLANNER)


async def test_the_secret_is_in_no_table_and_no_entry_before_the_reveal(desk: Desk, acts: DrawActs) -> None:
    draw = await announcement(desk, acts)
    secret = (await acts._secret(AUTHORITY, draw)).encode()
    owner = await desk.database.connect()
    try:
        tables = await owner.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname IN ('log', 'disclosure', 'published', 'view', 'identity')"
        )
        for table in tables:
            rows = await owner.fetch(f"SELECT t::text AS row FROM {table['name']} t")
            assert not any(secret.decode() in row["row"] or secret.hex() in row["row"] for row in rows), table["name"]
    finally:
        await owner.close()


async def test_a_long_pool_is_a_file_that_the_announcement_cites(desk: Desk, acts: DrawActs) -> None:
    objects = [f"ent-{n:05}" for n in range(1_200)]
    draw = await announced(acts, objects=objects)
    standing = await acts.look(AUTHORITY, draw)
    told = standing.selection.announced
    assert told is not None
    assert (told.object_pool, len(told.officer_pool)) == ((), len(OFFICERS))
    assert sorted(standing.pools.objects) == objects
    assert told.object_pool_hash == draws.pool_hash(objects)
    owner = await desk.database.connect()
    try:
        await owner.execute("ALTER TABLE disclosure.files DROP CONSTRAINT files_check")
        await owner.execute(
            "UPDATE disclosure.files SET content = content || 'ent-x\n'::bytea WHERE digest = $1", told.object_pool_hash
        )
    finally:
        await owner.close()
    with pytest.raises(Problem) as refused:
        await acts.look(AUTHORITY, draw)
    assert refused.value.code == "not_ready", "a pool that was changed is not drawn from"


async def test_a_cancelled_draw_is_not_published_and_not_made(desk: Desk, acts: DrawActs) -> None:
    draw = await announced(acts)
    selection = (await acts.look(AUTHORITY, draw)).selection
    key = str(UUID(bytes=draw))
    prepared = await desk.acts.prepare_publication(AUTHORITY, "draw", key, selection.announcement, {}, 36, PREPARER)
    await acts.cancel(AUTHORITY, draw, "名录有误", PLANNER)
    with pytest.raises(Problem) as refused:
        await release(desk, prepared)
    assert gates(refused) == {"E11"}
    with pytest.raises(Problem) as refused:
        await acts.enter(AUTHORITY, draw, NUMBER, (), PLANNER)
    assert refused.value.code == "conflict"


async def test_a_draw_that_goes_on_while_it_is_released_is_looked_at_again(
    desk: Desk, acts: DrawActs, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = await announced(acts)
    selection = (await acts.look(AUTHORITY, draw)).selection
    key = str(UUID(bytes=draw))
    prepared = await desk.acts.prepare_publication(AUTHORITY, "draw", key, selection.announcement, {}, 36, PREPARER)
    opened = disclosure_gate.open_matter

    async def slow(*arguments: Any) -> Any:
        found = await opened(*arguments)
        if (await acts.look(AUTHORITY, draw)).selection.status == "announced":
            await acts.cancel(AUTHORITY, draw, "名录有误", PLANNER)
        return found

    monkeypatch.setattr(disclosure_gate, "open_matter", slow)
    with pytest.raises(Problem) as refused:
        await release(desk, prepared)
    assert gates(refused) == {"E11"}


async def test_the_officers_of_a_day_are_published_by_two_and_brought_up_to_date(
    house: House, desk: Desk, tmp_path: Path
) -> None:
    await judge(desk.database)
    key = public_files.officers_key(AUTHORITY, TODAY.year)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "officers", AUTHORITY, key, {}, 36, PREPARER)
    with pytest.raises(Problem) as refused:
        await desk.acts.release(AUTHORITY, prepared.record.id, prepared.record.pending.id, PREPARER)  # type: ignore[union-attr]  # just prepared
    assert gates(refused) == {"OGI-17"}
    await release(desk, prepared)
    pool = await store.connect(desk.database.dsn("liuhen_public"))
    try:
        async with listening(make_public_app(tmp_path, pool)) as url, aiohttp.ClientSession(url) as reader:

            async def listed() -> dict[str, Any]:
                async with reader.get(f"/api/v1/authorities/{AUTHORITY}") as answer:
                    sections = (await answer.json())["sections"]
                return {one["key"]: one["content"] for one in sections if one["section"] == "officer"}

            before = await listed()
            number = next(iter(before))
            assert set(before[number]) == {"name", "categories", "valid_from", "valid_to"}
            async with reader.get(f"/authorities/{AUTHORITY}?day=2000-01-01&lang=en") as answer:
                assert "not valid" in await answer.text()
            async with reader.get(f"/authorities/{AUTHORITY}?day=never") as answer:
                assert answer.status == 400
            officer = await _officer_of(desk, number)
            revoked = fact(
                "officer_certificate.status_changed.v1",
                {
                    "officer_id": officer, "certificate_no": number, "status": "revoked",
                    "effective_on": TODAY.isoformat(), "reason": "调离执法岗位",
                },
                occurred=TODAY.isoformat(),
            )  # fmt: skip
            correction = await desk.acts.prepare_correction(AUTHORITY, prepared.record.id, {}, 36, "名单更新", PREPARER)
            await record(desk.log, [revoked], desk.terminal)
            await judge(desk.database)
            with pytest.raises(Problem) as refused:
                await release(desk, correction)
            assert gates(refused) == {"INV-29"}, "who has no certificate any more is not published as an officer"
            again = await desk.acts.prepare_correction(AUTHORITY, prepared.record.id, {}, 36, "名单更新", PREPARER)
            await release(desk, again)
            assert number not in await listed()
            connection = await connect(desk.database.dsn("liuhen_projector"), "test")
            try:
                assert (await publishing.rebuild(connection, keep=False)).different == 0
            finally:
                await connection.close()
    finally:
        await pool.close()


async def _officer_of(desk: Desk, number: str) -> str:
    owner = await desk.database.connect()
    try:
        found = await owner.fetchval(
            "SELECT key FROM view_a.matters WHERE kind = 'officer' AND columns ->> 'certificate' = $1", number
        )
    finally:
        await owner.close()
    return str(found)


def field(html: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*? value="([^"]*)"', html)
    assert found is not None, f"no field {name}"
    return found[1]


async def fill(browser: aiohttp.ClientSession, page: str, to: str, **fields: str) -> tuple[int, str]:
    """Fill in a form of a page. Returns the status and the page, after a redirect the one that it leads to."""
    async with browser.get(page) as answer:
        html = await answer.text()
        assert answer.status == 200, html
    form = {"form_token": form_token(html)}
    form |= {name: field(html, name) for name in ("draw", "preparation") if f'name="{name}"' in html}
    async with browser.post(to, data={**form, **fields}, allow_redirects=False) as answer:
        if answer.status != 303:
            return answer.status, await answer.text()
        place = answer.headers["Location"]
    async with browser.get(place) as answer:
        return 303, f"{place}\n{await answer.text()}"


async def given_as_drawn(head: aiohttp.ClientSession, desk: Desk, acts: DrawActs, draw: UUID) -> None:
    """The head gives an item of the plan to those who were drawn for its enterprise, from the page of the draw."""
    async with head.get(f"/draws/{draw}") as answer:
        assert "未列入现行计划" in await answer.text()
    drawn = (await acts.look(AUTHORITY, draw.bytes)).drawn
    assert drawn is not None
    team = drawn.teams[0]
    key = plan_key(AUTHORITY, TODAY.year)
    item = item_id(AUTHORITY, TODAY.year, team.enterprise)
    plan = {
        "plan_id": UUID(key).bytes, "year": TODAY.year, "agency": AUTHORITY, "approver": "示例市人民政府",
        "approved_on": f"{TODAY.year}-01-05",
        "items": [{"item_id": item, "enterprise_id": team.enterprise, "kind": "key", "method": "查重大危险源"}],
    }  # fmt: skip
    await entered(desk.log, desk.database, "plan.approved.v1", plan, f"plan:{key}")
    async with head.get(f"/draws/{draw}") as answer:
        form = re.search(rf'href="(/plans/{key}/acts/assign\?[^"]+)"', await answer.text())
    assert form is not None
    to = form[1].partition("?")[0]
    async with head.get(unescape(form[1])) as answer:
        html = await answer.text()
    told = {name: field(html, name) for name in ("act", "seen", "item", "draw", "officer_0", "officer_1")}
    assert (told["officer_0"], told["officer_1"]) == team.officers
    told |= {"form_token": form_token(html), "scheme": "查重大危险源"}
    assert "查重大危险源</textarea>" in html, "what the plan says of the way is proposed"
    other = next(one for one in ("officer-0017", "officer-0023", "officer-0099") if one not in team.officers)
    async with head.post(to, data={**told, "officer_1": other}, allow_redirects=False) as answer:
        assert answer.status == 400
        assert "抽中的执法人员为" in await answer.text(), "nobody else is sent in the name of the draw without a reason"
    async with head.post(to, data=told, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
    await judge(desk.database)
    async with head.get(f"/draws/{draw}") as answer:
        html = await answer.text()
    assert "已下达" in html
    assert "acts/assign" not in html, "it is given out once"
    async with head.get(f"/api/v1/matters/plan/{key}") as answer:
        (one,) = (await answer.json())["page"]["items"]
    assert [(made["source"], tuple(made["officers"]), made["state"]) for made in one["made"]] == [
        ("double_random", team.officers, "assigned")
    ]


async def test_hua_announces_and_enters_and_he_reveals(house: House, desk: Desk, acts: DrawActs) -> None:
    await judge(desk.database)
    form = {
        "title": "危化品单位双随机抽查", "objects": "listed",
        "object_ids": f"{ENTERPRISE} 示例制造有限公司\nent-1\nent-2",
        "officers": "listed", "officer_ids": "officer-0017\nofficer-0023\nofficer-0099", "count": "2", "team": "2",
        "draws_on": TODAY.isoformat(), "public_number": "当日彩票开奖号码",
    }  # fmt: skip
    async with house.browser("hua") as hua, house.browser("he") as he:
        status, told = await fill(hua, "/draws/new", "/draws/new", act="announce", **form)
        assert status == 400
        assert "一企一档中没有 ent-1、ent-2" in told, "a slip of the pen is not drawn"
        for name in ("ent-1", "ent-2"):
            body = {"enterprise_id": name, "name": f"示例 {name}"}
            await entered(desk.log, desk.database, "enterprise.profiled.v1", body, f"enterprise:{name}")
        status, told = await fill(hua, "/draws/new", "/draws/new", act="announce", **form)
        assert status == 400
        assert "officer-0099" in told, "who has no valid certificate is in no pool"
        certificate = {"officer_id": "officer-0099", "certificate_no": "E21050099", "issuer": "示例市人民政府",
                       "valid_from": "2020-01-01", "valid_to": "2099-12-31", "unit": "执法二队"}  # fmt: skip
        kind = "officer_certificate.recorded.v1"
        await entered(desk.log, desk.database, kind, certificate, "officer:officer-0099")
        status, told = await fill(hua, "/draws/new", "/draws/new", act="fill", **form)
        assert status == 200
        assert "officer-0099 执法二队" in told, "the register fills the lists, to be struck out from"
        status, told = await fill(hua, "/draws/new", "/draws/new", act="count", **form)
        assert status == 200
        assert "检查对象 3 家、执法人员 3 人" in told
        status, told = await fill(hua, "/draws/new", "/draws/new", act="announce", **{**form, "team": "9"})
        assert status == 400
        assert "每组人数应为 2 到 3（INV-01），现为 9" in told
        assert "危化品单位双随机抽查" in told, "what was typed stays in the form"
        status, told = await fill(hua, "/draws/new", "/draws/new", act="announce", **form)
        assert status == 303
        place = told.split("?")[0]
        draw = UUID(place.removeprefix("/draws/"))
        status, told = await fill(hua, place, f"{place}/enter", public=NUMBER)
        assert status == 409
        assert "公告尚未公示" in told
        await publish(desk, draw.bytes, (await acts.look(AUTHORITY, draw.bytes)).selection.announcement)
        for chosen, said in (
            ("en", "expected enterprise, officer and reason"),
            ("zh", "此行应为单位编号、人员编号和原因"),
        ):
            await hua.get(f"{place}?lang={chosen}")
            status, told = await fill(hua, place, f"{place}/enter", public=NUMBER, recused="ent-1")
            assert status == 400
            assert said in told
        status, told = await fill(hua, place, f"{place}/enter", public=NUMBER)
        assert status == 303
        assert "检查对象与执法人员" in told, "the planner sees who is drawn before anybody is told"
        first = next(iter((await acts.look(AUTHORITY, draw.bytes)).drawn.teams))
        status, told = await fill(hua, place, f"{place}/enter", public=NUMBER,
                                  pair_1=f"{first.enterprise}\t{first.officers[0]}", why_1=" ")  # fmt: skip
        assert status == 400
        assert "每项回避应写明人员和原因" in told
        status, told = await fill(hua, place, f"{place}/enter", public=NUMBER,
                                  pair_1=f"{first.enterprise}\t{first.officers[0]}", why_1="近亲属")  # fmt: skip
        assert status == 303
        assert f"{first.enterprise} {first.officers[0]} 近亲属" in told, "chosen from those drawn, nothing typed"
        status, told = await fill(hua, place, f"{place}/reveal", preparation=(await pending(acts, draw.bytes)).hex())
        assert status == 409
        assert "OGI-17" in told
        status, told = await fill(he, place, f"{place}/reveal")
        assert status == 303
        assert "种子和名单已写入日志" in told
        await given_as_drawn(he, desk, acts, draw)
        async with he.get("/api/v1/draws") as answer:
            (item,) = (await answer.json())["items"]
        assert (item["draw"], item["status"]) == (str(draw), "drawn")
        async with he.get(f"{place}/pools/objects") as answer:
            assert (await answer.text()).splitlines() == sorted([ENTERPRISE, "ent-1", "ent-2"])
    async with house.browser("gong") as gong:
        async with gong.get("/disclosures") as answer:
            due = await answer.text()
        selection = (await acts.look(AUTHORITY, draw.bytes)).selection
        assert f"/disclosures/prepare/draw/{draw}/{selection.result.hex()}" in due
        assert f"/{selection.announcement.hex()}" not in due, "it is public already"
        async with gong.get(f"/disclosures/prepare/draw/{draw}/{selection.result.hex()}") as answer:
            assert NUMBER in await answer.text()
        assert (await fill(gong, "/disclosures", "/draws/new", act="announce"))[0] == 403


def planned(*names: str, kind: Any = "key") -> list[PlanItem]:
    return [
        PlanItem(item_id=item_id(AUTHORITY, TODAY.year, name), enterprise_id=name, kind=kind, days=4) for name in names
    ]


async def office(desk: Desk, *commands: Command) -> None:
    """Acts on the plan of this year, one after the other."""
    acts = ActsDesk(desk.log.committer, desk.log.pool, NumberActs(desk.log.committer, desk.log.pool))
    for command in commands:
        key = plan_key(AUTHORITY, TODAY.year)
        await acts.do(AUTHORITY, "plan", key, command, PLANNER, frozenset({"planner"}), act=uuid7())
    await judge(desk.database)


async def test_who_was_drawn_and_is_not_in_the_plan_is_put_into_it_by_a_form_that_is_filled_in(
    house: House, desk: Desk, acts: DrawActs
) -> None:
    draw = UUID(bytes=await revealed(desk, acts, count=2))
    standing = await acts.look(AUTHORITY, draw.bytes)
    assert standing.drawn is not None
    first, second = (team.enterprise for team in standing.drawn.teams)
    for name in {first, second} - {ENTERPRISE}:
        body = {"enterprise_id": name, "name": f"示例 {name}"}
        await entered(desk.log, desk.database, "enterprise.profiled.v1", body, f"enterprise:{name}")
    place, key = f"/draws/{draw}", plan_key(AUTHORITY, TODAY.year)
    approve = ask.ApprovePlan(approver="示例市人民政府", approval_no="示政函〔2026〕1号", approved_on=TODAY)

    async def said(reader: aiohttp.ClientSession) -> str:
        async with reader.get(place) as answer:
            html = await answer.text()
        assert answer.status == 200
        return html.partition('id="unplanned"')[2].partition("</div>")[0]

    def form(html: str, act: str) -> str:
        found = re.search(rf'href="(/plans/{key}/acts/{act}\?[^"]+)"', html)
        assert found is not None, html
        return unescape(found[1])

    async with house.browser("hua") as hua, house.browser("he") as he:
        html = await said(hua)
        assert "有 2 家抽中单位未列入现行计划" in html
        assert "本年度还没有计划" in html
        await office(desk, ask.DraftPlan(year=TODAY.year, items=tuple(planned(*(f"ent-x{n}" for n in range(9))))))
        async with hua.get(form(await said(hua), "change")) as answer:
            html = await answer.text()
        assert [field(html, f"enterprise_{at}") for at in (0, 1)] == [first, second]
        await office(desk, approve)
        html = await said(he)
        assert "由计划员办理" in html, "a head of a unit assigns and does not plan"
        assert "acts/revise" not in html
        address = form(await said(hua), "revise")
        async with hua.get(address) as answer:
            html = await answer.text()
        for at, name in enumerate((first, second)):
            assert field(html, f"enterprise_{at}") == name
            assert "双随机抽取抽中，未列入计划：第四季度双随机抽查" in field(html, f"reason_{at}")
            assert field(html, f"visits_{at}") == "1"
        assert html.count('<option value="general" selected>') == 2, "drawn ones are general inspections"
        names = (
            "act",
            "seen",
            "decided_on",
            "reason",
            *(f"{one}_{at}" for one in ("enterprise", "reason") for at in (0, 1)),
        )
        told = {name: field(html, name) for name in names} | {"form_token": form_token(html), "major": "yes"}
        told |= {f"{name}_{at}": value for at in (0, 1) for name, value in (("action", "added"), ("kind", "general"))}
        async with hua.post(address.partition("?")[0], data=told, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
        await judge(desk.database)
        html = await said(hua)
        assert "有一次重大调整等待批准" in html
        assert "acts/revise" not in html
        async with hua.get(place) as answer:
            assert (await answer.text()).count("已在计划调整中列入，等待批准") == 2
        async with hua.get(f"/api/v1/matters/plan/{key}") as answer:
            (one,) = (await answer.json())["page"]["revisions"]
        await office(desk, ask.ApproveRevision(revision=str(UUID(hex=one["revision"])), approver="示例市人民政府",
                                               approval_no="示政函〔2026〕2号", approved_on=TODAY))  # fmt: skip
        assert await said(hua) == "", "both are in the plan"
        async with he.get(place) as answer:
            assert (await answer.text()).count(f"/plans/{key}/acts/assign?") == 2


async def test_many_who_were_drawn_and_are_not_in_the_plan_stand_in_the_table_that_revises_it(
    house: House, desk: Desk, acts: DrawActs
) -> None:
    draw = UUID(bytes=await revealed(desk, acts, count=6))
    standing = await acts.look(AUTHORITY, draw.bytes)
    assert standing.drawn is not None
    names = [team.enterprise for team in standing.drawn.teams]
    key = plan_key(AUTHORITY, TODAY.year)
    items = [*planned(names[0], *(f"ent-x{n}" for n in range(15))), *planned("ent-y", kind="general")]
    left_out = (LeftOut(enterprise_id=names[1], reason="停产"),)
    await office(
        desk, ask.DraftPlan(year=TODAY.year, items=tuple(items), left_out=left_out),
        ask.ApprovePlan(approver="示例市人民政府", approval_no="示政函〔2026〕1号", approved_on=TODAY),
    )  # fmt: skip
    async with house.browser("hua") as hua:
        async with hua.get(f"/draws/{draw}") as answer:
            html = await answer.text()
        assert "有 5 家抽中单位未列入现行计划" in html
        assert f'href="/plans/{key}/revision"' in html
        async with hua.get(f"/plans/{key}/table?draw={draw}") as answer:
            assert answer.status == 200
            book = held.read_all(await answer.read(), "计划.xlsx")
        for odd, status in (("x", 400), (str(UUID(bytes=uuid7())), 404)):
            async with hua.get(f"/plans/{key}/table?draw={odd}") as answer:
                assert answer.status == status
    table = read_plan([(one.title, one.rows) for one in book], year=TODAY.year, authority=AUTHORITY, revised=True)
    assert table.faults == []
    standing_items = {item.item_id: item for item in items}
    found = difference(table, standing_items, authority=AUTHORITY, year=TODAY.year, reason="调整")
    assert (found.faults, found.same) == ((), len(items))
    assert [(one.change.action, one.change.item.enterprise_id, one.change.item.kind) for one in found.rows] == [
        ("added", name, "general") for name in names[1:]
    ]
    assert all("双随机抽取抽中" in one.change.reason for one in found.rows)


async def test_a_draw_is_seen_by_the_own_authority_and_those_above_and_by_nobody_else(
    house: House, acts: DrawActs
) -> None:
    draw = UUID(bytes=await announced(acts))
    for role, authority, status in (
        ("planner", AUTHORITY, 200), ("supervisor", "210000", 200), ("auditor", "210000", 200),
        ("planner", "210521", 404), ("supervisor", "210600", 404), ("inspector", AUTHORITY, 403),
    ):  # fmt: skip
        async with house.program(role, authority) as program:
            for path in (f"/draws/{draw}", f"/draws/{draw}/pools/officers"):
                async with program.get(path) as answer:
                    assert answer.status == status, (role, authority, path, await answer.text())
            async with program.get("/api/v1/draws") as answer:
                listed = [] if answer.status == 403 else (await answer.json())["items"]
            assert (str(draw) in {one["draw"] for one in listed}) == (status == 200), (role, authority)


async def test_a_result_that_was_taken_back_leaves_no_file_in_public(
    desk: Desk, acts: DrawActs, tmp_path: Path
) -> None:
    done = await result(desk, acts)
    record_id = UUID(bytes=done.record.id)
    pool = await store.connect(desk.database.dsn("liuhen_public"))
    try:
        async with listening(make_public_app(tmp_path, pool)) as url, aiohttp.ClientSession(url) as reader:
            paths = [f"/api/v1/draws/{record_id}"]
            async with reader.get(f"/api/v1/disclosures/{record_id}") as answer:
                fields = (await answer.json())["document"]["fields"]
            digests = [one["value"] for one in fields if one["code"] in FILE_CODES]
            assert len(digests) == 3
            for digest in digests:
                paths.append(f"/api/v1/disclosures/{record_id}/files/{digest}")
                async with reader.get(paths[-1]) as answer:
                    assert sha256(await answer.read()).hexdigest() == digest
            async with reader.get(f"/api/v1/disclosures/{record_id}/files/{'0' * 64}") as answer:
                assert answer.status == 404
            await withdraw(desk, done, "名录有误，予以撤回。", "error")
            for path in paths:
                async with reader.get(path) as answer:
                    assert answer.status == 410, path
            assert await pool.fetchval("SELECT count(*) FROM published.files WHERE record = $1", record_id) == 0
    finally:
        await pool.close()


async def test_a_draw_may_be_the_first_act_of_a_server_that_was_just_started(acts: DrawActs) -> None:
    draw = await announced(acts, authority=NEIGHBOUR)
    assert (await acts.look(NEIGHBOUR, draw)).selection.status == "announced"


async def test_the_id_of_a_draw_of_one_authority_is_no_id_for_another(acts: DrawActs) -> None:
    draw = await announced(acts)
    before = await acts.look(AUTHORITY, draw)
    with pytest.raises(Problem) as refused:
        await announced(acts, draw=draw, authority=NEIGHBOUR)
    assert refused.value.code == "conflict"
    assert await acts.look(AUTHORITY, draw) == before
