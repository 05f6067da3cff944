"""Stored XSS: what terminals and desks can write as text is text on every page, in a real browser.

Every text field of every event type that takes it, and every text field of the forms of administration, carries markup
that would run a script, put an element into the page, or be evaluated as a template. Then every page is opened.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

from ops import browser as needs
from projections import queries
from projections.process import queries as process_queries
from schemas.entries import Who
from schemas.events import REGISTRY, InvalidBody
from server.identity import store
from server.log.acts import Act, OfficeActs
from server.web.routes import ROUTES, Officers
from tests.house.test_pages import chromium, context_of
from tests.support import projections as stories
from tests.support.event_vectors import FULL
from tests.support.log import AUTHORITY, PaperTerminal, enrol, now, send, uuid7
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.web import House, open_house, owner

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium"),
]
PAYLOAD: Final = "'\"><xss-c></xss-c><img src=x onerror=xss()>{{7*7}}"
SEEN: Final = (
    "!!window.xssed || document.querySelector('xss-c') !== null || document.querySelector('img[src=x]') !== null"
)
PATHS: Final = {
    "/tasks/{id}": stories.TASK, "/cases/{id}": stories.CASE, "/cases/{id}/export": stories.CASE,
    "/hazards/{id}": stories.HAZARD,
}  # fmt: skip


def armed(name: str) -> tuple[dict[str, Any], int]:
    """A full body of a type with the payload in every text field that takes it, and how many those are."""
    body, number = dict(FULL[name]), 0
    for path in list(_texts(body)):
        tried = _with(body, path, PAYLOAD)
        try:
            REGISTRY.decode_body(name, tried)
        except (InvalidBody, msgspec.ValidationError, ValueError, TypeError):
            continue
        body, number = tried, number + 1
    return body, number


def _texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    match value:
        case dict():
            for key, one in value.items():
                yield from _texts(one, (*path, key))
        case list():
            for at, one in enumerate(value):
                yield from _texts(one, (*path, at))
        case str() if not str(path[-1] if path else "").endswith(("_id", "_ids")):
            yield path


def _with(value: Any, path: tuple[Any, ...], text: str) -> Any:
    if not path:
        return text
    if isinstance(value, dict):
        return {key: _with(one, path[1:], text) if key == path[0] else one for key, one in value.items()}
    return [_with(one, path[1:], text) if at == path[0] else one for at, one in enumerate(value)]


async def record(house: House) -> tuple[PaperTerminal, int]:
    """Every type, armed, in the files of one task, case and hazard; returns the terminal and the number of fields."""
    terminal = PaperTerminal(AUTHORITY)
    await enrol(house.log, terminal, {"model": PAYLOAD, "holder": PAYLOAD})
    tags = sorted(
        (f"authority:{AUTHORITY}", f"task:{stories.TASK}", f"case:{stories.CASE}", f"hazard:{stories.HAZARD}",
         stories.ENTERPRISE)
    )  # fmt: skip
    fields, envelopes, acts = 0, [], []
    for name in sorted(FULL):
        body, number = armed(name)
        fields += number
        if REGISTRY[name].origin == "field":
            envelopes.append(terminal.envelope(name, body, about=tags, by=["officer-0017", PAYLOAD[:40]]))
        elif not name.startswith(("terminal.", "private_value.")):
            acts.append((name, Act(name, tags, body, uuid7(), 1, uuid7())))
    for start in range(0, len(envelopes), 50):
        await send(house.log, terminal.batch(envelopes[start : start + 50]))
    who = Who(officer="officer-0002", session=bytes(32), via="console")
    for _, act in acts:
        await house.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now()))
    return terminal, fields


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, people=("he", "bao"), log=True) as opened:
        yield opened


async def administered(house: House) -> None:
    """What forms of administration take as text, put where they would have put it."""
    async with owner(house.database) as connection:
        await store.set_unit(connection, AUTHORITY, "u1", PAYLOAD, "handling", False)
        await store.set_authority(connection, AUTHORITY, None, PAYLOAD)
        await store.add_user(
            connection, "evil", display=PAYLOAD, authority=AUTHORITY, roles=["inspector"], password_hash=None,
            unit="u1", officer=PAYLOAD,
        )  # fmt: skip
        await store.note(connection, PAYLOAD, PAYLOAD, PAYLOAD, AUTHORITY, {PAYLOAD: PAYLOAD})
        await connection.execute("UPDATE identity.users SET display = $1 WHERE name IN ('he', 'bao')", PAYLOAD)


async def pages(house: House, terminal: PaperTerminal) -> dict[str, list[str]]:
    """Addresses for a head of unit and for an administrator."""
    async with stories.officer(house.database) as connection:
        signals = await process_queries.signals(connection, as_of=now(), states=None)
        keys = {
            kind: [row.key for row in (await process_queries.list_matters(connection, kind, as_of=now())).rows]
            for kind in ("officer", "enterprise")
        }
        assert await queries.case_file(connection, "case", stories.CASE) is not None
    found: dict[str, list[str]] = {"he": [], "bao": []}
    filled: Mapping[str, list[str]] = {
        "/signals/{id}": [row.id for row in signals.rows[:5]],
        "/officers/{id}": keys["officer"][:2],
        "/enterprises/{id}": keys["enterprise"][:2],
        "/terminals/{id}": [str(UUID(bytes=terminal.id))],
        "/administration/accounts/{name}": ["evil"],
        **{path: [key] for path, key in PATHS.items()},
    }
    for (method, path), route in house.app[ROUTES].items():
        if method != "GET" or route.kind != "page" or not isinstance(route.policy, Officers):
            continue
        who = "he" if "unit_head" in route.policy.roles else "bao" if "administrator" in route.policy.roles else ""
        for value in filled.get(path, ()) if "{" in path else ("",):
            if who:
                found[who].append(re.sub(r"\{\w+\}", lambda _, value=value: value.replace("/", "%2F"), path))
    found["he"] += ["/deadlines?view=all", "/signals?state=all", "/cases?kind=hazard", "/cases?kind=task"]
    return found


async def test_no_text_that_anybody_can_write_becomes_markup(house: House) -> None:
    terminal, fields = await record(house)
    assert fields > 300, "nearly no field takes text"
    await stories.fold(house.database)
    await judge(house.database)
    await administered(house)
    opened, shown, faults = 0, 0, []
    async with chromium() as browser:
        for who, paths in (await pages(house, terminal)).items():
            secret = await store.open_session(house.gate.pool, who, factors=2, agent=PAYLOAD)
            async with context_of(browser, 1440, "light") as context:
                await context.add_cookies([{"name": "liuhen_session", "value": str(secret), "url": house.url}])
                await context.add_init_script("window.xss = () => { window.xssed = true }")
                page = await context.new_page()
                page.on("dialog", lambda dialog: faults.append(f"dialog {dialog.message}"))
                page.on(
                    "console",
                    lambda m: "Content Security Policy" in m.text and faults.append(m.text[:300]),
                )
                for path in paths:
                    answer = await page.goto(house.url + path, wait_until="load")
                    assert answer is not None
                    opened += 1
                    html = await answer.text()
                    shown += "xss-c" in html
                    if answer.status >= 500:
                        faults.append(f"{path}: {answer.status}")
                    if await page.evaluate(SEEN):
                        faults.append(f"{path}: became markup")
                    if re.search(r"onerror=xss\(\)(>|&gt;)49", html):
                        faults.append(f"{path}: was evaluated")
        assert opened > 25
        assert shown > 10, "the payload is on nearly no page: this proves nothing"
        assert faults == []
        async with context_of(browser, 360, "light") as context:
            page = await context.new_page()
            await page.set_content(
                f"<script>window.xss = () => {{ window.xssed = true }}</script><p title='{PAYLOAD}'>"
            )
            assert await page.evaluate(SEEN), "the control: unescaped, it does"
