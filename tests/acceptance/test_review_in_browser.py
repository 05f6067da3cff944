"""A decision on its way through a real browser: reviewed, returned, corrected by the terminal, passed, discussed, made.

The whole server with its projections and all its faces, the reference terminal over HTTP, Debian's Chromium; once with
the mouse and once with the keyboard alone. Every page on the way is judged as the house judges pages.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from playwright.async_api import Browser, Page

from domain.matter import Fact
from domain.office.commands import ITEMS
from ops import browser as needs
from ops import codes
from ops.serve import Served, serving
from ops.settings import Settings
from ops.terminal import desk, forms
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, World, enrol, real_tick
from ops.terminal.queue_file import Draft, Queue
from ops.terminal.transport import HttpTransport
from ops.terminal.trust import Paper
from server.identity import store
from server.log.ids import uuid7, uuid_text
from tests.house.test_pages import Visit, chromium, context_of
from tests.integration.test_number_gate import record
from tests.support.cases import CERTIFIED, CLAUSES, FACTS, LIN, REMEDIES, REVIEWER, story
from tests.support.facts import CASE, ZHAO
from tests.support.log import AUTHORITY, Log, PaperTerminal
from tests.support.log import enrol as enrol_paper
from tests.support.postgres import short_folder
from tests.support.projections import eventually
from tests.support.web import OFFICERS, PASSWORD, password_hash

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium"),
]
HEAD = "officer-0002"
SECOND = "019b77b0-0000-7000-8000-0000000000c2"
MOST_TABS = 900


@dataclass
class Place:
    """The running server, the reference terminal, and the interview that it recorded for each case."""

    served: Served
    queue: Queue
    client: Client
    interviews: dict[str, str]


class Hand:
    """An officer at a browser: with the mouse, or with the keyboard alone."""

    def __init__(self, page: Page, base: str, *, keyboard: bool) -> None:
        self.page, self.base, self.keyboard = page, base, keyboard
        self.visit = Visit(page, base)
        page.set_default_timeout(60_000)

    async def sign_in(self, name: str) -> None:
        await self.page.goto(f"{self.base}/sign-in?lang=zh")
        await self.write("#name", name)
        await self.write("#password", PASSWORD)
        await self.follow("main button[type=submit]")

    async def reach(self, selector: str) -> None:
        """Come to an element as somebody without a mouse does."""
        here = f"document.activeElement?.matches({selector!r})"
        for _ in range(MOST_TABS):
            if await self.page.evaluate(here):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{self.page.url}: {MOST_TABS} times Tab do not lead to {selector}")

    async def follow(self, selector: str) -> None:
        """Use a link or a button that leads to a page, and judge that page."""
        if self.keyboard:
            await self.reach(selector)
            async with self.page.expect_navigation():
                await self.page.keyboard.press("Enter")
        else:
            async with self.page.expect_navigation():
                await self.page.click(selector)

    async def write(self, selector: str, text: str) -> None:
        if self.keyboard:
            await self.reach(selector)
            await self.page.keyboard.press("Control+A")
            await self.page.keyboard.insert_text(text)
        else:
            await self.page.fill(selector, text)

    async def choose(self, selector: str, value: str) -> None:
        if not self.keyboard:
            await self.page.select_option(selector, value)
            return
        await self.reach(selector)
        for _ in range(60):
            if await self.page.evaluate("document.activeElement.value") == value:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{selector} does not offer {value}")

    async def tick(self, selector: str) -> None:
        if self.keyboard:
            await self.reach(selector)
            await self.page.keyboard.press("Space")
        else:
            await self.page.check(selector)

    async def act(self, name: str) -> None:
        """Open the form of an act from the page of the case."""
        await self.follow(f"#office a[href$='/acts/{name}']")

    async def send(self) -> None:
        """Send the form of an act: the page of the case says that it is done."""
        await self.follow("form.act button[type=submit]")
        assert await self.page.query_selector(".note.ok[role=status]") is not None, await self.page.inner_text("main")


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    data = folder / "data"
    settings = Settings(
        data=data, register=data / "register", keys=data / "keys", tiles=data / "tiles", published=data / "published",
        evidence=data / "evidence", internal="127.0.0.1:0", public="127.0.0.1:0", authorities=AUTHORITY,
        reserve_mib="1", second_factor="none", log_level="error",
    )  # fmt: skip
    async with serving(settings) as served:
        opened = served.log
        dsn = served.database.dsn("liuhen_writer")
        log = Log(opened.committer, opened.book, opened.keyring, opened.register, opened.pool, data, dsn)
        await people(served)
        paper = PaperTerminal(AUTHORITY)
        await enrol_paper(log, paper)
        certificates = [one for facts in CERTIFIED.values() for one in facts]
        told = story(until="held", without=("drafted", "interview"))
        await record(log, [*certificates, *told, *(in_case(one, SECOND) for one in told)], paper)
        home = folder / "t1"
        home.mkdir()
        with Queue(home / "queue.sqlite") as queue:
            async with HttpTransport(served.internal, seconds=20.0) as way:
                code = asdict(await codes.issue(settings, served.database, AUTHORITY))
                pair = key_files.load_or_create(home / "keys.json")
                await enrol(queue, pair, way, Paper.read(code), url=served.internal, info={"holder": LIN})
                world = World(tick=real_tick, jitter=lambda: 0.5)
                client = Client(queue, pair, way, world=world, patience=Patience(tries=4))
                interviews = {case: interview(queue, case) for case in (uuid_text(CASE), SECOND)}
                await client.sync()
                yield Place(served, queue, client, interviews)


async def people(served: Served) -> None:
    connection = await asyncpg.connect(served.database.dsn("postgres"), timeout=10)
    try:
        hashed = password_hash()
        for name in (LIN, REVIEWER, HEAD):
            display, authority, roles = OFFICERS[name]
            await store.add_user(
                connection, name, display=display, authority=authority, roles=roles, password_hash=hashed
            )
    finally:
        await connection.close()


def in_case(one: Fact, case: str) -> Fact:
    """An act of the story in another case."""
    body: Any = one.body
    if "case_id" in body.__struct_fields__:
        body = msgspec.structs.replace(body, case_id=UUID(case).bytes)
    about = tuple(f"case:{case}" if tag == f"case:{uuid_text(CASE)}" else tag for tag in one.about)
    return dataclasses.replace(one, id=uuid7(), body=body, about=about)


def interview(queue: Queue, case: str) -> str:
    """What the terminal records of the interview; the place is wrong, as review will find."""
    told = {"case_id": case, "interviewers": [LIN, ZHAO], "start": 1_772_586_000_000, "end": 1_772_589_600_000,
            "place": "第一询问室", "interview_id": str(UUID(bytes=uuid7())), "text_hash": "ab" * 32,
            "interviewee": {"kind": "other", "role": "安全管理员"}}  # fmt: skip
    body = forms.from_json("interview.recorded.v1", told)
    tags = (f"authority:{AUTHORITY}", f"case:{case}")
    made = queue.record(Draft("interview.recorded.v1", tags, body, (LIN, ZHAO), 1_772_589_600_000), real_tick())
    return str(UUID(bytes=made.id))


async def corrected(made: Place, case: str) -> None:
    """The terminal hears what is asked of it, and records the correction."""
    event = made.interviews[case]

    async def asked() -> bool:
        await made.client.fetch_changes()
        return desk.asked_for(made.queue, event) is not None

    await eventually(asked, 60)
    told = forms.correction(event, "笔误", ['$.place="第二询问室"'], desk.asked_for(made.queue, event))
    body = forms.from_json(forms.CORRECTION, told)
    tags = (f"authority:{AUTHORITY}", f"case:{case}")
    made.queue.record(Draft(forms.CORRECTION, tags, body, (LIN, ZHAO), real_tick().wall), real_tick())
    await made.client.sync()


async def drafted(hand: Hand, case: str) -> None:
    """The handler drafts the decision and asks for review."""
    await hand.page.goto(f"{hand.base}/cases/{case}")
    await hand.act("draft")
    await hand.write("#facts", FACTS)
    await hand.write("#bases", "\n".join(CLAUSES))
    await hand.choose("#kind_0", "P03")
    await hand.write("#yuan_0", "60,000")
    await hand.write("#benchmark", "WSL-97")
    await hand.write("#benchmark_version", "wsl-2021")
    await hand.write("#benchmark_tier", "correction")
    await hand.write("#remedies_text", REMEDIES)
    await hand.send()
    await hand.act("request-review")
    await hand.write("#requesting_unit", "执法科")
    await hand.send()


async def to_the_case(hand: Hand, case: str) -> None:
    """From the header to the queue, and from its row to the case."""
    await hand.follow("nav a[href='/reviews']")
    await hand.visit.judge()
    row = f"a[href^='/cases/{case}#review-']"
    if hand.keyboard:
        await hand.page.keyboard.press("j")
        assert await hand.page.evaluate(f"!!document.activeElement.querySelector({row!r})"), "j goes to the row"
        async with hand.page.expect_navigation():
            await hand.page.keyboard.press("o")
    else:
        await hand.follow(row)
    await hand.visit.judge()


async def walked(browser: Browser, made: Place, case: str, *, keyboard: bool) -> list[str]:
    """The whole way; returns what is wrong with its pages."""
    base, faults = made.served.internal, []
    hands: dict[str, Hand] = {}
    contexts = [context_of(browser, 1440, "light") for _ in range(3)]
    try:
        for name, context in zip((LIN, REVIEWER, HEAD), contexts, strict=True):
            hands[name] = Hand(await (await context.__aenter__()).new_page(), base, keyboard=keyboard)
            await hands[name].sign_in(name)
        handler, reviewer, head = hands[LIN], hands[REVIEWER], hands[HEAD]
        await drafted(handler, case)
        await to_the_case(reviewer, case)
        await reviewer.act("assign-review")
        await reviewer.write("#unit", "法规科")
        await reviewer.send()
        if keyboard:
            await reviewer.page.keyboard.press("r")
            assert await reviewer.page.evaluate("document.activeElement.dataset.act") == "return"
        await reviewer.act("ask-for-correction")
        await reviewer.write("#reason", "询问地点与录像不符")
        await reviewer.choose("#event_0", made.interviews[case])
        await reviewer.write("#field_0", "$.place")
        await reviewer.write("#asked_0", "请核对询问室")
        await reviewer.visit.judge()
        await reviewer.send()
        await corrected(made, case)

        async def waits() -> bool:
            await head.page.goto(f"{base}/cases/{case}")
            return await head.page.query_selector("#office a[href$='/acts/approve-correction']") is not None

        await eventually(waits, 30)
        await head.act("approve-correction")
        await head.write("#reason", "与录像相符")
        await head.send()
        await handler.page.goto(f"{base}/cases/{case}")
        await handler.act("request-review")
        await handler.send()
        await to_the_case(reviewer, case)
        await reviewer.act("assign-review")
        await reviewer.send()
        if keyboard:
            await reviewer.page.keyboard.press("a")
            assert await reviewer.page.evaluate("document.activeElement.dataset.act") == "pass"
        await reviewer.act("conclude-review")
        for item in ITEMS:
            await reviewer.tick(f"#answer_{item}-pass")
            await reviewer.write(f"#text_{item}", "经审核，未发现问题")
        await reviewer.choose("#outcome", "passed")
        await reviewer.write("#opinion", "同意")
        await reviewer.visit.judge()
        await reviewer.send()
        await head.page.goto(f"{base}/cases/{case}")
        await head.act("discuss")
        for field, text in (("host", HEAD), ("principal", HEAD), ("recorder", LIN), ("decision", "同意")):
            await head.write(f"#{field}", text)
        for row, name in enumerate((HEAD, "officer-0003", "officer-0004")):
            await head.write(f"#member_{row}", name)
        await head.send()
        await head.act("decide")
        await head.write("#front", "（示）应急")
        await head.send()
        assert "（示）应急罚〔" in await head.page.inner_text("main"), "the decision has its number"
        for width in (360, 768):
            await head.page.set_viewport_size({"width": width, "height": 900})
            await head.visit.judge()
    finally:
        for hand in hands.values():
            faults += hand.visit.faults
        for context in contexts[: len(hands)]:
            await context.__aexit__(None, None, None)
    return faults


async def test_a_decision_is_reviewed_returned_corrected_passed_and_made_by_mouse_and_by_keyboard() -> None:
    with short_folder() as folder:
        async with place(folder) as made, chromium() as browser:
            assert await walked(browser, made, uuid_text(CASE), keyboard=False) == []
            assert await walked(browser, made, SECOND, keyboard=True) == []
