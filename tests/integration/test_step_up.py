"""Step-up: a grave act runs only behind a password that was given just now, and what was filled in is never lost."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from server.identity import gate as gates
from server.web.app import FORM, PROOF_FIELD
from server.web.routes import Everybody, Officers, Route, add
from tests.support.postgres import TestDatabase
from tests.support.web import PASSWORD, House, form_token, open_house, owner

GRAVE = "/grave"
PLAIN = "/plain"


class Deeds:
    """A face with a grave act and an ordinary one, which keep what their forms held."""

    def __init__(self) -> None:
        self.done: list[tuple[str, dict[str, str]]] = []

    def add_routes(self, app: web.Application) -> None:
        heads = Officers(frozenset({"unit_head"}))
        add(
            app,
            (
                Route("POST", GRAVE, partial(self.do, "grave"), heads, form=True, kind="page", step_up=True),
                Route("POST", PLAIN, partial(self.do, "plain"), heads, form=True, kind="page"),
            ),
        )

    async def do(self, which: str, request: web.Request) -> web.Response:
        self.done.append((which, request[FORM]))
        return web.Response(text="done")


@pytest.fixture
def deeds() -> Deeds:
    return Deeds()


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path, deeds: Deeds) -> AsyncIterator[House]:
    async with open_house(database, short_folder, people=("he", "lin"), faces=[deeds.add_routes]) as opened:
        yield opened


async def stale(house: House) -> None:
    async with owner(house.database) as connection:
        await connection.execute("UPDATE identity.sessions SET proved = now() - interval '5 minutes 1 second'")


async def token_of(browser: aiohttp.ClientSession) -> str:
    async with browser.get("/") as page:
        return form_token(await page.text())


async def post(browser: aiohttp.ClientSession, path: str, **fields: str) -> tuple[int, str]:
    async with browser.post(path, data=fields) as answer:
        return answer.status, await answer.text()


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page, as a browser sends them."""
    return {n: html.unescape(v) for n, v in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page)}


async def test_a_grave_act_goes_on_while_the_password_is_fresh_and_asks_for_it_afterwards(
    house: House, deeds: Deeds
) -> None:
    async with house.browser("he") as browser:
        fields = {"form_token": await token_of(browser), "reason": 'says "yes"\r\n<b>&amp;', "n": "7"}
        assert (await post(browser, GRAVE, **fields))[0] == 200
        await stale(house)
        assert (await post(browser, PLAIN, **fields))[0] == 200, "the control: an ordinary act asks for nothing"
        status, page = await post(browser, GRAVE, **fields)
        assert (status, len(deeds.done)) == (403, 2)
        assert "请确认是您本人" in page
        kept = hidden(page)
        assert kept == fields, "nothing that was filled in is lost"
        status, page = await post(browser, GRAVE, **kept, **{PROOF_FIELD: "wrong"})
        assert (status, len(deeds.done)) == (403, 2)
        assert hidden(page) == fields
        assert (await post(browser, GRAVE, **hidden(page), **{PROOF_FIELD: PASSWORD}))[0] == 200
        assert deeds.done[-1] == ("grave", {"reason": fields["reason"], "n": "7"}), "the handler sees no password"
        assert (await post(browser, GRAVE, **fields))[0] == 200, "and it is fresh again"


async def test_guessing_at_a_session_that_was_left_open_is_slowed_as_sign_in_is(house: House, deeds: Deeds) -> None:
    async with house.browser("he") as browser:
        token = await token_of(browser)
        await stale(house)
        for _ in range(gates.TRIES_OF_ACCOUNT):
            assert (await post(browser, GRAVE, form_token=token, **{PROOF_FIELD: "wrong"}))[0] == 403
        status, page = await post(browser, GRAVE, form_token=token, **{PROOF_FIELD: PASSWORD})
        assert (status, "15 分钟" in page, deeds.done) == (429, True, [])


async def test_a_token_cannot_do_a_grave_act(house: House, deeds: Deeds) -> None:
    async with house.program("unit_head") as program:
        assert (await post(program, GRAVE, reason="x"))[0] == 403
        assert (await post(program, GRAVE, **{PROOF_FIELD: PASSWORD}))[0] == 403
        assert deeds.done == []


async def test_neither_role_nor_form_token_are_forgotten_for_it(house: House, deeds: Deeds) -> None:
    async with house.browser("he") as browser:
        await stale(house)
        status, page = await post(browser, GRAVE, **{PROOF_FIELD: PASSWORD})
        assert (status, "请确认是您本人" in page) == (403, False), "without a token nothing is asked"
    async with house.browser("lin") as browser:
        token = await token_of(browser)
        assert (await post(browser, GRAVE, form_token=token, **{PROOF_FIELD: PASSWORD}))[0] == 403
    assert deeds.done == []


@pytest.mark.parametrize(("form", "kind"), [(False, "page"), (True, "data")])
def test_a_route_that_cannot_ask_is_refused_when_it_is_written(form: bool, kind: str) -> None:
    with pytest.raises(ValueError, match="step_up"):
        Route("POST", GRAVE, Deeds().do, Officers(frozenset()), form=form, kind=kind, step_up=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="step_up"):
        Route("POST", GRAVE, Deeds().do, Everybody(), form=True, kind="page", step_up=True)  # type: ignore[arg-type]
