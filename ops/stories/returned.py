"""A decision that legal review returns, that is corrected in the field, approved, passed and made: at the real desks.

What was recorded before is told like every story (`told`); what follows is done over HTTP by the officers themselves,
by the forms of their pages, and by the terminal that recorded it (`finish`). The invariant: nothing here writes to the
log but through the doors that everybody has; whatever was done before is found done, so a second start goes on.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

from domain.workdays import Calendar
from ops.stories import bureau
from ops.stories.book import Story
from ops.stories.event import DAY, ENTERPRISES, text
from ops.stories.penalties import returned
from ops.stories.teller import AUTHORITY, DEPUTY, PREFIX, THIRD, Team, Teller
from ops.terminal import desk, forms
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, World, real_tick
from ops.terminal.queue_file import Draft, Queue
from ops.terminal.transport import HttpTransport

NAME: Final = "returned"
ZH, EN = "法制审核退回、现场更正后作出的决定", "A decision returned by legal review and corrected in the field"
TEAM: Final = Team("S-11", ("officer-0132", "officer-0133"))
BEGINS: Final = 95
"""Days after the start of the stories."""
ITEMS: Final = (
    "body_competent", "officers_qualified", "procedure_lawful", "facts_clear", "evidence_sufficient",
    "law_applied_correctly", "discretion_proper", "within_powers", "documents_complete", "crime_referral",
)  # fmt: skip
SECONDS: Final = 30.0
PLACE: Final = "示例市应急管理局第二询问室"
_HIDDEN: Final = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class DeskFailed(Exception):
    """An act at a desk was refused: which one, and what the page said."""


def told(seed: int, start: int, calendar: Calendar) -> Story:
    """What was recorded until the decision waited for its review; `start` in ms."""
    tell = Teller(NAME, seed, start + BEGINS * DAY, calendar, TEAM, ENTERPRISES[7])
    returned(tell)
    return Story(NAME, ZH, EN, tuple(tell.events), {"task": text(tell.task), "case": text(tell.case)})


def opening(start: int) -> Story:
    """Certificates of the team, entered before `start` (ms)."""
    events = tuple(bureau.entered(start - DAY + 300_000, dict.fromkeys(TEAM.officers), ()))
    return Story(f"{NAME} team", ZH, EN, events, {})


async def finish(url: str, link: Callable[[str], str], home: Path, story: Story) -> str:
    """Bring the case to its decision, from wherever it stands; returns its number. Raises DeskFailed.

    `link` gives the address that signs an officer in; `home` is the folder of the terminal.
    """
    try:
        return await _finished(url, link, home, story)
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise DeskFailed(f"a desk did not answer ({type(fault).__name__})") from None


async def _finished(url: str, link: Callable[[str], str], home: Path, story: Story) -> str:
    case = story.ids["case"]
    interview = next(text(one.id) for one in story.events if one.type == "interview.recorded.v1")
    async with _Bureau(url, case) as office:
        for name in ("unit_head", "legal_reviewer", "bureau_head"):
            await office.sign_in(name, link(name))
        for _ in range(16):
            stands = await office.stands()
            offers, reviews = stands["offers"], stands["reviews"]
            open_one = next((one for one in reviews if one["state"] in ("requested", "assigned")), None)
            if "decide" not in offers:
                break
            if stands["submitted"]:
                await office.act("unit_head", "approve-correction", {"reason": "经核对录像，同意更正"})
            elif open_one is not None and open_one["state"] == "requested":
                await office.act("legal_reviewer", "assign-review", {"reviewer": "legal_reviewer", "unit": "法规科"})
            elif open_one is not None and len(reviews) == 1:
                await office.act(
                    "legal_reviewer", "ask-for-correction",
                    {"reason": "询问地点与录像不符，更正后重新送审", "event_0": interview, "field_0": "$.place",
                     "asked_0": "询问地点与录像不符，请核对更正"},
                )  # fmt: skip
                await _corrected(url, home, interview)
            elif open_one is not None:
                answers = {f"answer_{item}": "pass" for item in ITEMS} | {
                    f"text_{item}": "未发现问题" for item in ITEMS
                }
                said = {"outcome": "passed", "opinion": "更正后事实清楚，证据充分，程序合法，同意。"}
                await office.act("legal_reviewer", "conclude-review", {**answers, **said})
            elif not any(one["state"] == "passed" for one in reviews):
                await office.act("unit_head", "request-review", {"trigger": "catalogue", "requesting_unit": "执法二科"})
            else:
                heads = ("bureau_head", DEPUTY, THIRD)
                try:
                    await office.act("bureau_head", "decide", {"front": PREFIX})
                except DeskFailed:
                    await office.act("bureau_head", "discuss", _discussion(heads))
        decided = await office.number()
    if not decided:
        raise DeskFailed("the case of the returned decision was not decided")
    return decided


async def _corrected(url: str, home: Path, interview: str) -> None:
    """The terminal fetches what is asked of it, records the correction that cites the old record, and hands it in."""
    pair = key_files.load_or_create(home / "keys.json")
    with Queue(home / "queue.sqlite") as queue:
        async with HttpTransport(url, seconds=15.0) as way:
            client = Client(
                queue, pair, way, world=World(tick=real_tick, jitter=lambda: 0.5), patience=Patience(tries=4)
            )
            until = time.monotonic() + SECONDS
            while (asked := desk.asked_for(queue, interview)) is None:
                if time.monotonic() > until:
                    raise DeskFailed("the terminal was not told of the correction that legal review asks for")
                await client.fetch_changes()
                await asyncio.sleep(0.1)
            body = forms.correction(interview, "询问室编号笔误，以录像为准", [f'$.place="{PLACE}"'], asked)
            made = forms.from_json(forms.CORRECTION, body)
            about = (f"authority:{AUTHORITY}", f"{asked['kind']}:{asked['key']}")
            queue.record(Draft(forms.CORRECTION, about, made, TEAM.officers, real_tick().wall), real_tick())
            await client.sync()


def _discussion(heads: tuple[str, ...]) -> dict[str, str]:
    fields = {"host": heads[0], "principal": heads[0], "recorder": "unit_head", "outcome": "as_proposed",
              "decision": "同意承办机构意见"}  # fmt: skip
    return fields | {f"member_{row}": name for row, name in enumerate(heads)}


class _Bureau:
    """Officers who are signed in, each with a browser of their own, before one case."""

    def __init__(self, url: str, case: str) -> None:
        self._url, self._case = url, case
        self._hands: dict[str, aiohttp.ClientSession] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for hand in self._hands.values():
            await hand.close()

    async def sign_in(self, name: str, link: str) -> None:
        """Use a link that signs in once, as whoever tries the demo does."""
        hand = aiohttp.ClientSession(
            self._url, cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=60)
        )
        self._hands[name] = hand
        async with hand.get(link, allow_redirects=False) as answer:
            if answer.status != 303:
                raise DeskFailed(f"{name} could not sign in: {answer.status}")

    async def stands(self) -> dict[str, Any]:
        """What the desk says of the case, asked as its head."""
        async with self._hands["bureau_head"].get(f"/api/v1/cases/{self._case}/acts") as answer:
            told: dict[str, Any] = await answer.json()
        if answer.status != 200:
            raise DeskFailed(f"the case was not found: {told.get('detail')}")
        return told

    async def number(self) -> str:
        """The number of the decision, "" while there is none."""
        until = time.monotonic() + SECONDS
        while True:
            async with self._hands["bureau_head"].get(f"/api/v1/cases/{self._case}") as answer:
                told = await answer.json()
            judged = told.get("judged") or {}
            made = (judged.get("page") or {}).get("decisions") or []
            if made or time.monotonic() > until:
                return str(made[0]["document_no"]) if made else ""
            await asyncio.sleep(0.2)

    async def act(self, name: str, act: str, fields: Mapping[str, str]) -> None:
        """Open the form of an act, fill it in, send it. Raises DeskFailed with what the page says."""
        place = f"/cases/{self._case}/acts/{act}"
        hand = self._hands[name]
        async with hand.get(place) as page:
            html = await page.text()
        drawn = _drawn(html)
        async with hand.post(place, data={**drawn, **fields}, allow_redirects=False) as answer:
            if answer.status != 303:
                raise DeskFailed(f"{name}: {act}: {answer.status} {_alert(await answer.text())}")


def _drawn(html: str) -> dict[str, str]:
    """What stands in a form that was drawn: its hidden fields, and the dates that it proposes."""
    form = html[html.index('<form class="stack card act"') :]
    found = {name: unescape(value) for name, value in _HIDDEN.findall(form)}
    dates = re.findall(r'<input type="date" id="\w+" name="(\w+)" value="(\d{4}-\d\d-\d\d)"', form)
    return {**dict(dates), **found}


def _alert(html: str) -> str:
    found = re.search(r'role="alert"[^>]*>(.*?)</div>', html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())[:400] if found else ""
