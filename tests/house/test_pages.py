"""Every page in a real browser: both languages, narrow and wide, light and dark, against the rules of WCAG 2.2 AA.

The list of pages comes from the tables of routes, so a page that is added without a visit here fails the first test.
"""

from __future__ import annotations

import asyncio
import importlib.resources
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from domain.quarterly import period
from ops import browser as needs
from ops.outside import OutsideLedgers, Wanted, columns_of
from projections import queries
from projections.process import queries as process_queries
from schemas.entries import Who
from server.console import guide
from server.identity import store
from server.log.acts import Act, OfficeActs
from server.log.disclosure_acts import DisclosureActs
from server.log.draw_acts import DrawActs
from server.log.report_acts import ReportActs
from server.public import guide as public_guide
from server.public import store as public_store
from server.public.routes import make_public_app
from server.web.app import SERVICES
from server.web.routes import ROUTES, Officers
from server.webhooks import store as hooks
from server.webhooks.addresses import Allowed
from tests.support import disclosure as records
from tests.support import draws, published
from tests.support import projections as stories
from tests.support.event_vectors import digest
from tests.support.log import AUTHORITY, PaperTerminal, now, uuid7
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.reviews import under_review
from tests.support.web import PASSWORD, House, add_account, listening, open_house, owner

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium"),
    pytest.mark.skipif(needs.cjk_font() is None, reason="needs a font with Chinese characters"),
]
ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
LOOKS = (("zh", 360, "light"), ("en", 1440, "dark"))
"""Language, width and scheme in which a page is opened and axe looks at it; its rules do not depend on how these are
combined. Then the window takes the other width, so that nothing scrolls sideways in either language at either width.
"""
OTHER = {360: 1440, 1440: 360}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """async rules => {
  const result = await axe.run(document, {runOnly: rules, resultTypes: ['violations']});
  return result.violations.map(one => [one.impact, one.id, one.nodes.slice(0, 3).map(node => node.html.slice(0, 160))]);
}"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
STACKED = """[...document.querySelectorAll('.scroll')]
  .filter(one => one.querySelector('table.stack') && one.scrollWidth > one.clientWidth + 1 && one.checkVisibility())
  .map(one => `${one.getAttribute('aria-label') ?? one.getAttribute('aria-labelledby')} ${one.scrollWidth}`)"""
"""Tables whose rows become blocks on a phone and that scroll sideways all the same."""
UNLABELLED = """[...document.querySelectorAll('table.stack td')]
  .filter(one => !one.dataset.label && !one.matches('.pick, .tick, .diff td'))
  .map(one => one.outerHTML.slice(0, 120))"""


@dataclass
class Visit:
    """One page as one browser saw it, with everything that is wrong with it."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda r: r.url.startswith((self.base, "data:")) or self._add("asks elsewhere", r.url))
        self.page.on("pageerror", lambda e: self._add("script fails", str(e)))
        self.page.on("console", lambda m: m.type == "error" and not _own_status(m) and self._add("console", m.text))

    def _add(self, what: str, which: str) -> None:
        self.faults.append(f"{self.page.url}: {what}: {which}")

    async def look(self, path: str, *, status: int = 200) -> None:
        answer = await self.page.goto(self.base + path)
        assert answer is not None
        if answer.status != status:
            self._add("status", str(answer.status))
        await self.judge()

    async def judge(self) -> None:
        """Judge the page that is open now, at its width and, where that is one of LOOKS, at the other one."""
        size = self.page.viewport_size
        assert size is not None
        await self._not_wider(size["width"])
        for impact, rule, nodes in await self.page.evaluate(RUN_AXE, RULES):
            if impact in ("serious", "critical", "moderate"):
                self._add(f"{impact} {rule}", str(nodes))
        if other := OTHER.get(size["width"]):
            await self.page.set_viewport_size({"width": other, "height": size["height"]})
            await self._not_wider(other)
            await self.page.set_viewport_size(size)

    async def _not_wider(self, width: int) -> None:
        if (over := await self.page.evaluate(WIDER)) > 0:
            self._add(f"at {width} px scrolls sideways by", f"{over} px")
        if width == min(OTHER) and (tables := await self.page.evaluate(STACKED)):
            self._add(f"at {width} px tables scroll sideways", str(tables))
        if cells := await self.page.evaluate(UNLABELLED):
            self._add("cells without the name of their column", str(cells[:3]))


def _own_status(message: Any) -> bool:
    """Chromium reports the status of an error page as a console error; these statuses are what was asked for."""
    return message.text.startswith("Failed to load resource") and "status of 4" in message.text


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=needs.chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def context_of(browser: Browser, width: int, scheme: Any, state: Any = None) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=state, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    await context.add_init_script(path=str(importlib.resources.files("axe_playwright_python") / "axe.min.js"))
    try:
        yield context
    finally:
        await context.close()


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, log=True) as opened:
        yield opened


async def sign_in(browser: Browser, house: House, name: str) -> Any:
    """Sign in through the form, as a person does; returns the browser's cookies."""
    async with context_of(browser, 1440, "light") as context:
        page = await context.new_page()
        await page.goto(f"{house.url}/terminals")
        await page.fill("#name", name)
        await page.fill("#password", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_url(f"{house.url}/terminals")
        return await context.storage_state()


@dataclass(frozen=True)
class Keys:
    """Names that addresses of pages need."""

    officer: str
    enterprise: str
    signal: str
    private: str
    sheet: str
    records: list[str]
    report: str
    draws: list[str]
    plans: list[str]


async def registered(house: House) -> Keys:
    """An officer and an enterprise in the registers, and what else has a page of its own."""
    who = Who(officer="officer-0002", session=bytes(32), via="console")
    for name, tag in (("officer_certificate.recorded.v1", "officer"), ("enterprise.profiled.v1", "enterprise")):
        fields = stories.body(name)
        tags = sorted((f"authority:{AUTHORITY}", f"{tag}:{fields[f'{tag}_id']}"))
        act = Act(name, tags, fields, uuid7(), 1, uuid7())
        await house.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now()))
    await under_review(house.log, reviewer="he")
    report = uuid7()
    await ReportActs(house.log.committer, house.log.pool).submit(
        AUTHORITY, report, "yearly", period("2026"), {"visits": 3, "fines": 100}, who, explanation="终端尚未上传"
    )
    await books_of_others(house)
    await stories.fold(house.database)
    await judge(house.database)
    sheet, released = await disclosed(house)
    async with stories.officer(house.database) as connection:
        found = await process_queries.signals(connection, as_of=now())
        file = await queries.case_file(connection, "task", stories.TASK)
    assert file is not None
    item = next(one for one in file.items if one.private)
    private = f"{item.epoch}/{item.position}/{item.private[0].digest}"
    assert found.rows, "the day on the site raises no signal any more"
    officer, enterprise = (
        stories.body(name)[key]
        for name, key in (
            ("officer_certificate.recorded.v1", "officer_id"),
            ("enterprise.profiled.v1", "enterprise_id"),
        )
    )
    draws, plans = await drawn(house), await planned(house)
    return Keys(officer, enterprise, found.rows[0].id, private, sheet, released, report.hex(), draws, plans)


async def planned(house: House) -> list[str]:
    """Plans of two years: one in force with a revision and a task, one a draft with what does not add up."""
    who = Who(officer="officer-0002", session=bytes(32), via="console")
    approved = stories.body("plan.approved.v1")
    revised = {**stories.body("plan_revision.decided.v1"), "plan_id": approved["plan_id"]}
    task = {**stories.body("task.assigned.v1"), "plan_id": approved["plan_id"]}
    task["plan_item_id"] = approved["items"][0]["item_id"]
    drafted = {**stories.body("plan.drafted.v1"), "plan_id": uuid7(), "year": 2027}
    acts = (
        ("plan.approved.v1", approved, approved), ("plan_revision.decided.v1", revised, approved),
        ("task.assigned.v1", task, approved), ("plan.drafted.v1", drafted, drafted),
    )  # fmt: skip
    for name, body, of in acts:
        tags = sorted((f"authority:{AUTHORITY}", f"plan:{UUID(bytes=of['plan_id'])}"))
        await house.log.committer.submit(
            OfficeActs(AUTHORITY, [Act(name, tags, body, uuid7(), 1, uuid7())], who, now())
        )
    await stories.fold(house.database)
    await judge(house.database)
    return [str(UUID(bytes=body["plan_id"])) for body in (approved, drafted)]


async def books_of_others(house: House) -> None:
    """Receipts of which one fits nothing, a book of tickets of which one was passed over, and a mapping."""
    ledgers = house.app[SERVICES].ledgers
    assert isinstance(ledgers, OutsideLedgers)
    who = Who(officer="officer-0040", session=bytes(32), via="console")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "receipts.csv"
        path.write_text(
            "票据号码,缴款日期,金额,统一社会信用代码,缴款人\n"
            "T-0001,2026-03-05,2万元,91210500MA0TEX018W,示例制造有限公司\n"
            f"{'T-' + '9' * 90},2026/3/6,1.5万元,,\n",
            "utf-8",
        )
        told = await ledgers.take(AUTHORITY, path, Wanted("receipts", "市财政局"), who)
        path.write_text("起号,止号,日期,领用单位\nT-0000,T-0024,2026-03-02,执法一科\n", "utf-8")
        await ledgers.take(AUTHORITY, path, Wanted("tickets", "市财政局"), who)
    assert told.recorded == 2
    await ledgers.save_columns(
        AUTHORITY, "receipts", "市财政局", columns_of("凭证 = reference\n数额 = amount 万元"), who
    )


async def disclosed(house: House) -> tuple[str, list[str]]:
    """A decision that is due for publication, one that waits for a second person, one public, one taken back."""
    desk = await records.bureau(house.log, house.database)
    due, waits, public, gone = [await records.told(desk) for _ in range(4)]
    await judge(house.database)
    prepared = await desk.acts.prepare_publication(
        AUTHORITY, "case", waits.key, waits.decision, {"BZ": "说明"}, records.MONTHS, records.PREPARER
    )
    first = await records.publish(desk, public)
    last = await records.withdraw(desk, await records.publish(desk, gone))
    found = [str(UUID(bytes=one.record.id)) for one in (prepared, first, last)]
    return f"case/{due.key}/{due.decision.hex()}", found


async def drawn(house: House) -> list[str]:
    """A draw that was announced, one with a number that waits, one that was made, one that was cancelled."""
    desk = records.Desk(house.log, house.database, DisclosureActs(house.log.committer, house.log.pool), PaperTerminal())
    acts = DrawActs(house.log.committer, house.log.pool)
    first = await draws.announced(acts)
    waits = await draws.announcement(desk, acts)
    await acts.enter(AUTHORITY, waits, draws.NUMBER, (), draws.PLANNER)
    made = await draws.revealed(desk, acts)
    gone = await draws.announced(acts, title="长" * 120)
    await acts.cancel(AUTHORITY, gone, "名录有误", draws.PLANNER)
    return [str(UUID(bytes=one)) for one in (first, waits, made, gone)]


def addresses(
    house: House,
    terminal: UUID,
    keys: Keys,
    opens: Callable[[frozenset[str]], bool] = lambda roles: "unit_head" in roles,
) -> Iterator[str]:
    """An address for each page of the table that everybody, or whoever `opens` its roles, may open."""
    acts_of_officers = ("record-certificate", "change-certificate")
    fillings = {
        "/officers/{id}": [keys.officer],
        "/enterprises/{id}": [keys.enterprise],
        "/signals/{id}": [keys.signal],
        "/private/{epoch}/{position}/{commitment}": [keys.private],
        "/evidence/{sha256}": [digest("photo").hex()],
        "/tasks/{id}": [stories.TASK],
        "/cases/{id}": [stories.CASE],
        "/cases/{id}/export": [stories.CASE],
        "/cases/{id}/acts/{act}": [f"{stories.CASE}/acts/{act}" for act in ("draft", "discuss", "serve")],
        "/hazards/{id}/acts/{act}": [f"{stories.HAZARD}/acts/close"],
        "/tasks/{id}/acts/{act}": [f"{stories.TASK}/acts/conclude"],
        "/officers/{id}/acts/{act}": [f"{keys.officer}/acts/{act}" for act in acts_of_officers],
        "/signals/{id}/acts/{act}": [f"{keys.signal}/acts/{act}" for act in ("dispute", "resolve")],
        "/plans/{id}": keys.plans,
        "/plans/{id}/candidates": keys.plans,
        "/plans/{id}/revision": keys.plans,
        "/plans/{id}/acts/{act}": [f"{keys.plans[0]}/acts/assign"],
        "/enterprises/{id}/acts/{act}": [f"{keys.enterprise}/acts/assess"],
        "/cases/{id}/drafts": [stories.CASE],
        "/hazards/{id}": [stories.HAZARD],
        "/terminals/{id}": [str(terminal)],
        "/disclosures/prepare/{kind}/{key}/{decision}": [keys.sheet],
        "/disclosures/{record}": keys.records,
        "/draws/{id}": keys.draws,
        "/help/{topic}": list(guide.TOPICS),
        "/administration/accounts/{name}": ["lin"],
        "/invitation/{key}": [],  # its link is made below
        "/supervision/figures/{code}": ["visits", "fines"],
        "/supervision/reports/{id}": [keys.report],
        "/supervision/trail/{of}/{id}": [f"officer/{keys.officer}", f"enterprise/{keys.enterprise}"],
        "/supervision/ledgers/{authority}/{kind}/{month}": [
            f"{AUTHORITY}/{kind}/2026-03" for kind in ("receipts", "tickets")
        ],
    }
    for (method, path), route in house.app[ROUTES].items():
        if isinstance(route.policy, Officers) and not opens(route.policy.roles):
            continue
        if method == "GET" and route.kind == "page" and not path.startswith(("/sign-in/", "/webhooks/")):
            if "{" not in path:
                yield path
            for value in fillings[path] if "{" in path else ():
                yield path[: path.index("{")] + value + path[path.rindex("}") + 1 :]


async def webhook(house: House) -> str:
    """The id of a target of webhooks, with a message that was given up."""
    async with house.log.pool.acquire() as connection:
        held = await hooks.targets(connection, AUTHORITY)
        if not held:
            made, _ = await hooks.add_target(
                connection, AUTHORITY, f"https://example.org/{'long' * 40}", "接收方", ["disclosure"], "bao", Allowed()
            )
            await hooks.test(connection, AUTHORITY, made)
            await connection.execute("UPDATE webhook.messages SET state = 'dead', error = 'no answer in time'")
            held = await hooks.targets(connection, AUTHORITY)
    return str(held[0].id)


async def visit_all(
    browser: Browser,
    house: House,
    terminal: UUID,
    keys: Keys,
    look: tuple[str, int, str],
    head: Any,
    administrator: Any,
    discloser: Any,
) -> list[str]:
    """Open every page in one look; returns what is wrong."""
    language, width, scheme = look
    faults: list[str] = []
    async with context_of(browser, width, scheme, head) as context:
        visit = Visit(await context.new_page(), house.url)
        await visit.look(f"/?lang={language}")
        assert await visit.page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
        for path in addresses(house, terminal, keys):
            await visit.look(path)
        for path in ("/cases?kind=task", "/cases?kind=hazard", "/deadlines?view=all", "/signals?state=all&mine=1"):
            await visit.look(path)
        for name in ("waiting", "public", "gone"):
            await visit.look(f"/disclosures?view={name}")
        for name in process_queries.CHAIN:
            await visit.look(f"/lists?list={name}")
        for path in (
            "/reviews?stage=closed",
            "/reviews?q=示例&reviewer=me",
            "/search?q=示例",
            "/search?q=无此",
            "/search?q=示",
        ):
            await visit.look(path)
        await visit.look(f"/cases/{stories.CASE}?open=all")
        await visit.page.click("#comments ~ details.say summary")
        await visit.page.fill("#comments ~ details.say textarea", "请说明人数。")
        await visit.page.click("#comments ~ details.say button")
        await visit.judge()
        await visit.look("/numbers?token=责改&year=2026")
        await visit.page.fill("#n", "7")
        await visit.page.fill("#void-reason", "x")
        await visit.page.fill("#photos", "no digest")
        await visit.page.click("form[action='/numbers/void'] button")
        await visit.judge()
        await visit.look("/deadlines?as_of=yesterday", status=400)
        await visit.look("/cases/none", status=404)
        await visit.page.goto(f"{house.url}/terminals/{terminal}")
        await visit.page.check("#b-stored")
        await visit.page.fill("#resolved-reason", " ")
        await visit.page.click("main button[type=submit]")
        await visit.judge()
        faults += visit.faults
    async with context_of(browser, width, scheme, discloser) as context:
        visit = Visit(await context.new_page(), house.url)
        await visit.look(f"/disclosures?lang={language}")
        await visit.look(f"/disclosures/prepare/{keys.sheet}")
        await visit.page.fill("#months", "1")
        await visit.page.click("button[value=publish]")
        await visit.judge()
        for name in keys.records:
            await visit.look(f"/disclosures/{name}")
        faults += visit.faults
    async with context_of(browser, width, scheme, administrator) as context:
        visit = Visit(await context.new_page(), house.url)
        await visit.look(f"/cases?lang={language}", status=403)
        own = addresses(house, terminal, keys, lambda roles: "administrator" in roles - {"unit_head"})
        for path in (*own, f"/webhooks/{await webhook(house)}"):
            await visit.look(path)
        faults += visit.faults
    async with context_of(browser, width, scheme) as context:
        visit = Visit(await context.new_page(), house.url)
        await visit.look(f"/cases?lang={language}")
        await visit.page.fill("#name", "lin")
        await visit.page.fill("#password", "wrong")
        await visit.page.click("main button[type=submit]")
        await visit.judge()
        faults += visit.faults
    return faults


async def test_every_page_is_sound_in_both_languages_narrow_and_wide(house: House) -> None:
    forked = await stories.enrolled(house.log)
    await stories.inspection(house.log, forked)
    await stories.fork(house.log, forked)
    await stories.fold(house.database)
    keys = await registered(house)
    terminal = UUID(bytes=forked.id)
    faults: list[str] = []
    async with chromium() as browser:
        head, administrator = await sign_in(browser, house, "he"), await sign_in(browser, house, "bao")
        discloser = await sign_in(browser, house, "gong")
        looks = [visit_all(browser, house, terminal, keys, look, head, administrator, discloser) for look in LOOKS]
        for found in await asyncio.gather(*looks):
            faults += found
    assert faults == []


PLAN = """执法人员数	8
总法定工作日	1985
人均法定工作日	248
算式	24天×8=1984
单位编号	单位名称	检查类别	检查季度	计划工作日	列入依据
E-1	示例一厂	重点	一季度	4	③
"""
"""A plan as it is pasted; its total does not come out."""


async def planning(
    browser: Browser, house: House, look: tuple[str, int, str], plans: list[str], state: Any
) -> list[str]:
    """What only planners see of plans, in one look: the import with faults and without, and the forms."""
    language, width, scheme = look
    async with context_of(browser, width, scheme, state) as context:
        visit = Visit(await context.new_page(), house.url)
        page = visit.page
        await visit.look(f"/plans/import?lang={language}")
        for text in ("", f"{PLAN}\t\t关键\t五季度\t窗口办理\t9", PLAN):
            await page.fill("#table", text)
            await page.click("button[value=check]")
            await visit.judge()
        enterprise = stories.body("enterprise.profiled.v1")["enterprise_id"]
        await visit.look(f"/plans/{plans[0]}/revision")
        for text in (PLAN, f"{PLAN}{enterprise}\t示例厂\t一般\t四季度\t9\n"):
            await page.fill("#reason", "年中调整")
            await page.fill("#table", text)
            await page.click("button[value=check]")
            await visit.judge()
        for act in ("file", "revise", "close", "approve-revision"):
            await visit.look(f"/plans/{plans[0]}/acts/{act}")
        for act in ("change", "leave-out", "approve"):
            await visit.look(f"/plans/{plans[1]}/acts/{act}")
        for path in (
            *(f"/plans/{one}" for one in plans),
            f"/plans/{plans[1]}/candidates",
            f"/plans/{plans[0]}?state=planned",
        ):
            await visit.look(path)
        for act in ("assign-supervisor", "end-supervision"):
            await visit.look(f"/enterprises/{enterprise}/acts/{act}")
        return visit.faults


async def test_pages_of_plans_are_sound_for_planners(house: House) -> None:
    profile = stories.body("enterprise.profiled.v1")
    who = Who(officer="officer-0002", session=bytes(32), via="console")
    tags = sorted((f"authority:{AUTHORITY}", f"enterprise:{profile['enterprise_id']}"))
    act = Act("enterprise.profiled.v1", tags, profile, uuid7(), 1, uuid7())
    await house.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now()))
    plans = await planned(house)
    async with chromium() as browser:
        state = await sign_in(browser, house, "hua")
        found = await asyncio.gather(*(planning(browser, house, look, plans, state) for look in LOOKS))
    assert [fault for some in found for fault in some] == []


async def drawing(browser: Browser, house: House, look: tuple[str, int, str], made: list[str], state: Any) -> list[str]:
    """The planner's pages of random draws, in one look: the form with what is wrong, and a draw at each stage."""
    language, width, scheme = look
    async with context_of(browser, width, scheme, state) as context:
        visit = Visit(await context.new_page(), house.url)
        page = visit.page
        await visit.look(f"/draws?lang={language}")
        await visit.look("/draws/new")
        for name, value in (("title", "长" * 100), ("count", "1"), ("team", "9"), ("public-number", "x")):
            await page.fill(f"#{name}", value)
        await page.click("button[value=count]")
        await visit.judge()
        await page.click("button[value=fill]")
        await page.wait_for_selector("[role=status]")
        await visit.judge()
        await page.click("button[value=announce]")
        await page.wait_for_selector("#wrong")
        await visit.judge()
        for one in made:
            await visit.look(f"/draws/{one}")
        await visit.look(f"/draws/{made[1]}")
        await page.select_option("#pair_0", index=1)
        await page.click("form[action$='/enter'] button")
        await page.wait_for_selector("#wrong")
        await visit.judge()
        await visit.look("/help/draws")
        return visit.faults


async def test_pages_of_draws_are_sound_for_planners(house: House) -> None:
    await records.bureau(house.log, house.database)
    await judge(house.database)
    made = await drawn(house)
    async with chromium() as browser:
        state = await sign_in(browser, house, "hua")
        found = await asyncio.gather(*(drawing(browser, house, look, made, state) for look in LOOKS))
    assert [fault for some in found for fault in some] == []


async def booking(browser: Browser, house: House, look: tuple[str, int, str], state: Any) -> list[str]:
    """What keepers see of books of others, in one look: a month with a row that waits, the import, the mappings."""
    language, width, scheme = look
    book = f"/supervision/ledgers/{AUTHORITY}/receipts/2026-03"
    async with context_of(browser, width, scheme, state) as context:
        visit = Visit(await context.new_page(), house.url)
        page = visit.page
        await visit.look(f"/supervision/ledgers?lang={language}")
        await visit.look(f"{book}?state=matched")
        await visit.look(book.replace("receipts", "tickets"))
        await visit.look(f"{book}?state=candidate")
        await page.fill("#why-1-1", " ")
        await page.click("button[value=refused]")
        await page.wait_for_selector("[role=alert]")
        await visit.judge()
        await visit.look("/supervision/ledgers/import")
        await page.fill("#source", "市财政局")
        odd = "票据号码,缴款日期,金额（元）,统一社会信用代码\nT-5,3月5日,=1+1,\nT-6,2026-3-5,12,91210500MA0TEX0181\n"
        await page.set_input_files("#file", {"name": "odd.csv", "mimeType": "text/csv", "buffer": odd.encode()})
        await page.click("main form button[type=submit]")
        await page.wait_for_selector("#faults")
        await visit.judge()
        await visit.look("/supervision/ledgers/mappings")
        await page.fill("#name", "财政")
        await page.fill("#columns", "凭证")
        await page.click("main form button[type=submit]")
        await page.wait_for_selector("[role=alert]")
        await visit.judge()
        await visit.look("/help/ledgers")
        return visit.faults


async def test_pages_of_books_of_others_are_sound_for_who_keeps_them(house: House) -> None:
    await books_of_others(house)
    who = Who(officer="officer-0040", session=bytes(32), via="console")
    paid = {
        "document_no": "（示）应急罚〔2026〕5号",
        "amount_fen": 1_500_000,
        "paid_on": "2026-03-06",
        "channel": "bank",
    }
    act = Act("fine_payment.recorded.v1", (f"case:{UUID(int=0)}",), {**paid, "case_id": bytes(16)}, uuid7(), 1, uuid7())
    await house.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now()))
    await judge(house.database)
    async with chromium() as browser:
        state = await sign_in(browser, house, "ming")
        found = await asyncio.gather(*(booking(browser, house, look, state) for look in LOOKS))
    assert [fault for some in found for fault in some] == []


async def grave(browser: Browser, house: House, look: tuple[str, int, str], number: int) -> list[str]:
    """Pages behind forms of administration and of the own account, in one look."""
    language, width, scheme = look
    name = f"keeper-{number}"
    await add_account(house.database, name, "管理员", AUTHORITY, ("administrator",))
    state = await sign_in(browser, house, name)
    async with context_of(browser, width, scheme, state) as context:
        visit = Visit(await context.new_page(), house.url)
        page = visit.page
        await visit.look(f"/administration/accounts?lang={language}")
        await page.fill("#name", f"new-{number}")
        await page.fill("#display", "新人")
        await page.click("form[action='/administration/accounts'] button")
        await page.wait_for_selector("#wrong")  # no role was given
        await visit.judge()
        await page.check("#role-inspector")
        await page.click("form[action='/administration/accounts'] button")
        await page.wait_for_selector("#h-link")
        await visit.judge()
        link = await page.inner_text("section.note code")
        await visit.look("/administration/terminals")
        await page.click("form[action='/administration/terminals'] button")
        await page.wait_for_selector(".qr svg")
        await visit.judge()
        await visit.look("/administration/rules")
        await page.fill("#rules", "version = 1")
        await page.click("form[action='/administration/rules'] button")
        await page.wait_for_selector("#h-told")
        await visit.judge()
        await visit.look("/account/second-factor")
        await page.click("form[action='/account/second-factor'] button")
        await page.wait_for_selector(".qr svg")
        await page.fill("#code", "000000")
        await page.click("form[action='/account/second-factor/confirm'] button")
        await page.wait_for_selector("#failed")
        await visit.judge()
        async with owner(house.database) as connection:
            await connection.execute(
                "UPDATE identity.sessions SET proved = now() - interval '1 hour' WHERE name = $1", name
            )
        await visit.look("/administration/terminals")
        await page.click("form[action='/administration/terminals'] button")
        await page.wait_for_selector("#proof")
        await visit.judge()
        await page.fill("#proof", "wrong")
        await page.click("main button[type=submit]")
        await page.wait_for_selector("#failed")
        await visit.judge()
        async with owner(house.database) as connection:
            await store.set_factor(connection, name, bytes(40))
        faults = list(visit.faults)
    async with context_of(browser, width, scheme) as context:
        visit = Visit(await context.new_page(), house.url)
        page = visit.page
        await visit.look(link.removeprefix(house.url) + f"?lang={language}")
        await visit.look("/invitation/" + "x" * 43, status=404)
        await page.goto(f"{house.url}/sign-in")
        await page.fill("#name", name)
        await page.fill("#password", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_selector("#code")
        await visit.judge()
        await page.fill("#code", "000000")
        await page.click("main button[type=submit]")
        await page.wait_for_selector("#failed")
        await visit.judge()
        return faults + visit.faults


async def test_what_stands_behind_grave_forms_is_sound_too(house: House) -> None:
    faults: list[str] = []
    async with chromium() as browser:
        for found in await asyncio.gather(*(grave(browser, house, look, n) for n, look in enumerate(LOOKS))):
            faults += found
    assert faults == []


BROKEN = """<!doctype html><html><head><title>x</title></head><body><main><img src="http://127.0.0.2:9/x.png">
<h1 style="color:#bbb;background:#fff;width:3000px">pale</h1>
<div class="scroll" style="width:300px;overflow:auto" aria-label="t">
<table class="stack" style="width:900px"><tr><td>x</td></tr></table></div>
<script>throw new Error('boom')</script></main></body></html>"""


async def test_the_judge_of_pages_sees_what_is_wrong(house: House) -> None:
    """The control: each of the faults that the other tests look for is found on a page that has them all."""
    async with chromium() as browser, context_of(browser, 360, "light") as context:
        visit = Visit(await context.new_page(), house.url)
        await visit.page.set_content(BROKEN, wait_until="domcontentloaded")
        await visit.judge()
        told = " ".join(visit.faults)
        for fault in (
            "asks elsewhere",
            "script fails",
            "at 360 px scrolls sideways",
            "at 1440 px scrolls sideways",
            "at 360 px tables scroll sideways",
            "cells without the name of their column",
            "image-alt",
            "color-contrast",
            "html-has-lang",
        ):
            assert fault in told, fault


async def test_an_empty_house_is_sound_and_says_so(house: House) -> None:
    async with chromium() as browser:
        state = await sign_in(browser, house, "lin")
        async with context_of(browser, 360, "light", state) as context:
            visit = Visit(await context.new_page(), house.url)
            for path in (
                "/?lang=zh",
                "/cases?kind=hazard",
                "/deadlines",
                "/signals",
                "/tasks",
                "/lists",
                "/officers",
                "/numbers",
                "/terminals",
            ):
                await visit.look(path)
            assert await visit.page.inner_text(".empty strong") == "还没有登记终端。"
            assert visit.faults == []


async def test_a_public_site_of_files_alone_is_sound(tmp_path: Path) -> None:
    async with (
        listening(make_public_app(tmp_path)) as url,
        chromium() as browser,
        context_of(browser, 360, "light") as context,
    ):
        visit = Visit(await context.new_page(), url)
        for path in ("/?lang=zh", "/data", "/help"):
            await visit.look(path)
        await visit.look("/disclosures", status=404)
        assert visit.faults == []


def public_addresses(app: web.Application, record: str, gone: str) -> Iterator[tuple[str, int]]:
    """An address for each page of the public site, with its status."""
    fillings = {
        "/disclosures/{id}": [(record, 200), (gone, 410)],
        "/authorities/{code}": [(published.AUTHORITY, 200)],
        "/help/{topic}": [(topic, 200) for topic in public_guide.TOPICS],
    }
    for (method, path), route in app[ROUTES].items():
        if method == "GET" and route.kind == "page":
            if "{" not in path:
                yield path, 200
            for value, status in fillings[path] if "{" in path else ():
                yield path[: path.index("{")] + value, status


async def test_the_public_pages_are_sound(database: TestDatabase, tmp_path: Path) -> None:
    log = published.PaperDisclosures(tmp_path)
    log.others(300)
    first, second = published.document(), published.document(number="\u202eN" + "9" * 120)
    for told in (first, second, published.corrected(first, {"CF_NR_FK": 7}), published.tombstone(second)):
        log.release(told)
    log.mirror()
    await log.fill(database)
    await published.fill_sections(database)
    pool = await public_store.connect(database.dsn("liuhen_public"), size=4)
    app = make_public_app(tmp_path, pool)
    faults: list[str] = []
    async with listening(app) as url, chromium() as browser:

        async def walk(look: tuple[str, int, str]) -> list[str]:
            language, width, scheme = look
            async with context_of(browser, width, scheme) as context:
                visit = Visit(await context.new_page(), url)
                await visit.look(f"/?lang={language}")
                for path, status in public_addresses(app, first.record, second.record):
                    await visit.look(path, status=status)
                await visit.look(f"/disclosures/{first.record}")
                await visit.page.click("[data-verify] button")
                await visit.page.wait_for_selector("[data-verify][data-state=good]")
                await visit.judge()
                await visit.look("/disclosures?q=x&from=yesterday", status=400)
                await visit.look("/disclosures?q=%E9%92%A2%E9%93%81&authority=210500&rows=50&sort=decided")
                await visit.look("/disclosures?q=nothing")
                await visit.look("/nowhere", status=404)
                return visit.faults

        for found in await asyncio.gather(*(walk(look) for look in LOOKS)):
            faults += found
    await pool.close()
    assert faults == []


async def test_the_public_pages_of_draws_and_officers_are_sound(house: House, tmp_path: Path) -> None:
    desk = await records.bureau(house.log, house.database)
    await judge(house.database)
    acts = DrawActs(house.log.committer, house.log.pool)
    told = str(UUID(bytes=(await draws.result(desk, acts)).record.id))
    listed = str(UUID(bytes=(await draws.officers(desk)).record.id))
    pool = await public_store.connect(house.database.dsn("liuhen_public"), size=4)
    faults: list[str] = []
    try:
        async with listening(make_public_app(tmp_path, pool)) as url, chromium() as browser:
            for language, width, scheme in LOOKS:
                async with context_of(browser, width, scheme) as context:
                    visit = Visit(await context.new_page(), url)
                    await visit.look(f"/authorities/{AUTHORITY}?lang={language}")
                    await visit.look(f"/authorities/{AUTHORITY}?day=2000-01-01")
                    for path in (f"/disclosures/{told}", f"/disclosures/{listed}", "/disclosures", "/help/draws"):
                        await visit.look(path)
                    faults += visit.faults
    finally:
        await pool.close()
    assert faults == []


async def test_the_keyboard_reaches_everything_and_focus_is_visible(house: House) -> None:
    async with chromium() as browser, context_of(browser, 360, "light") as context:
        page = await context.new_page()
        await page.goto(f"{house.url}/sign-in")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        assert await page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        reached = []
        for _ in range(8):
            await page.keyboard.press("Tab")
            reached.append(await page.evaluate("document.activeElement.id || document.activeElement.tagName"))
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none" or reached[-1] == "BODY", reached
        assert {"name", "password", "BUTTON"} <= set(reached)


async def test_no_route_is_without_a_policy(house: House) -> None:
    for route in house.app.router.routes():
        method = "GET" if route.method == "HEAD" else route.method
        assert route.resource is not None
        declared = house.app[ROUTES].get((method, route.resource.canonical))
        assert declared is not None, f"{route.method} {route.resource.canonical}"
        if isinstance(declared.policy, Officers) and method != "GET":
            # What programs send is no form: the frame takes it with a token and never with a browser's session.
            program = declared.path.startswith("/api/v1/") and declared.kind == "data"
            assert declared.form or program, f"{method} {declared.path} changes something and is no form"
