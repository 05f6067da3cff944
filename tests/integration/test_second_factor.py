"""The second factor over real HTTP: set up, asked for, used once, slowed; recovery codes, sessions, passwords."""

from __future__ import annotations

import asyncio
import base64
import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from server.identity import codes, store
from server.identity import gate as gates
from server.web.app import PROOF_FIELD, SERVICES
from tests.support.postgres import TestDatabase
from tests.support.web import PASSWORD, House, form_token, open_house, owner, sign_in

NEW = "another good password"


@dataclass
class Clock:
    """What the gate takes for the time of day."""

    now: float = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path, clock: Clock) -> AsyncIterator[House]:
    needed = frozenset({"administrator"})
    async with open_house(database, short_folder, required=needed, clock=clock) as opened:
        yield opened


async def get(browser: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with browser.get(path, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


async def post(browser: aiohttp.ClientSession, path: str, page: str, **fields: str) -> tuple[int, str]:
    """Send a form of a page of this browser; returns the status and where it leads, or what it says."""
    data = {"form_token": form_token(page), **fields}
    async with browser.post(path, data=data, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


async def set_up(browser: aiohttp.ClientSession, clock: Clock) -> tuple[bytes, list[str]]:
    """Set a second factor up as a person does; returns the secret that was shown, and the recovery codes."""
    _, page = await get(browser, "/account/second-factor")
    status, page = await post(browser, "/account/second-factor", page)
    assert status == 200, page
    assert "<svg" in page
    text = re.search(r"<code>((?:[A-Z2-7]{4} )+[A-Z2-7]{4})</code>", page)
    assert text is not None
    secret = base64.b32decode(text[1].replace(" ", ""))
    status, page = await post(browser, "/account/second-factor/confirm", page, code=code(secret, clock))
    assert status == 200, page
    return secret, re.findall(r"<li><code>([A-Z2-7-]{19})</code></li>", page)


def code(secret: bytes, clock: Clock, steps: int = 0) -> str:
    return codes.hotp(secret, codes.step_at(clock()) + steps)


async def enter(browser: aiohttp.ClientSession, given: str) -> tuple[int, str]:
    status, page = await get(browser, "/sign-in/code")
    assert status == 200, page
    return await post(browser, "/sign-in/code", page, code=given)


def session_of(browser: aiohttp.ClientSession) -> str | None:
    return next((c.value for c in browser.cookie_jar if c.key == "liuhen_session"), None)


async def test_a_code_is_asked_for_behind_the_password_and_works_once(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        secret, _ = await set_up(browser, clock)
    async with house.browser() as browser:
        answer = await sign_in(browser, "lin", PASSWORD, following="/cases")
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in/code?next=%2Fcases")
        assert session_of(browser) is None
        assert await get(browser, "/cases") == (303, "/sign-in?next=%2Fcases"), "the password alone opens nothing"
        assert (await enter(browser, code(secret, clock)))[0] == 401, "the code that set it up was used by that"
        clock.now += 30
        status, where = await enter(browser, code(secret, clock))
        assert (status, where) == (303, "/")
        assert (await get(browser, "/cases"))[0] == 200
    async with house.browser() as other:
        await sign_in(other, "lin", PASSWORD)
        assert (await enter(other, code(secret, clock)))[0] == 401, "the same code again"
        assert (await enter(other, code(secret, clock, -1)))[0] == 401, "nor an older one"
        clock.now += 30
        assert (await enter(other, code(secret, clock)))[0] == 303, "the control: the next one"


async def test_of_two_who_have_the_same_code_one_comes_in(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        secret, _ = await set_up(browser, clock)
    clock.now += 60
    async with house.browser() as one, house.browser() as two:
        await sign_in(one, "lin", PASSWORD)
        await sign_in(two, "lin", PASSWORD)
        answers = await asyncio.gather(*(enter(browser, code(secret, clock)) for browser in (one, two)))
    assert sorted(status for status, _ in answers) == [303, 401]


async def test_guessing_codes_is_slowed_and_a_right_password_forgives_nothing(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        secret, _ = await set_up(browser, clock)
    clock.now += 60
    tried = 0
    async with house.browser() as browser:
        for _ in range(2):
            await sign_in(browser, "lin", PASSWORD)
            for _ in range(store.TRIES_OF_SIGN_IN):
                assert (await enter(browser, "000000"))[0] == 401
                tried += 1
            assert (await enter(browser, code(secret, clock)))[0] == 401, "behind five tries the password is asked for"
        assert tried == gates.TRIES_OF_ACCOUNT
        await sign_in(browser, "lin", PASSWORD)
        assert (await enter(browser, code(secret, clock)))[0] == 429


async def test_a_recovery_code_opens_once(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        _, written = await set_up(browser, clock)
    assert len(set(written)) == codes.RECOVERY_CODES
    async with house.browser() as browser:
        await sign_in(browser, "lin", PASSWORD)
        assert (await enter(browser, written[0].lower()))[0] == 303
        _, page = await get(browser, "/account")
        assert "剩余恢复码 9 个" in page
    async with house.browser() as browser:
        await sign_in(browser, "lin", PASSWORD)
        assert (await enter(browser, written[0]))[0] == 401
        assert (await enter(browser, written[1]))[0] == 303


async def test_a_sign_in_that_waits_too_long_begins_again(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        secret, _ = await set_up(browser, clock)
    clock.now += 60
    async with house.browser() as browser:
        assert await get(browser, "/sign-in/code") == (303, "/sign-in")
        await sign_in(browser, "lin", PASSWORD)
        async with owner(house.database) as connection:
            await connection.execute("UPDATE identity.sign_ins SET begun = now() - interval '5 minutes 1 second'")
        status, page = await enter(browser, code(secret, clock))
        assert (status, "请重新输入账号和密码" in page) == (401, True)


async def test_a_role_that_needs_it_opens_nothing_until_it_is_set_up(house: House, clock: Clock) -> None:
    async with house.browser("bao") as browser:
        for path in ("/", "/terminals"):
            assert await get(browser, path) == (303, "/account/second-factor"), path
        assert (await get(browser, "/api/v1/terminals"))[0] == 403
        secret, _ = await set_up(browser, clock)
        assert (await get(browser, "/terminals"))[0] == 200
        _, page = await get(browser, "/account/second-factor")
        assert "/account/second-factor/drop" not in page
        assert (await post(browser, "/account/second-factor/drop", page))[0] == 403, "and it cannot be dropped"
    clock.now += 60
    async with house.browser() as browser:
        await sign_in(browser, "bao", PASSWORD)
        assert await enter(browser, code(secret, clock)) == (303, "/")
        assert (await get(browser, "/terminals"))[0] == 200


async def test_grave_acts_ask_for_a_code_where_there_is_one(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        secret, before = await set_up(browser, clock)
        async with owner(house.database) as connection:
            await connection.execute("UPDATE identity.sessions SET proved = now() - interval '1 hour'")
        _, page = await get(browser, "/account/second-factor")
        status, asked = await post(browser, "/account/recovery-codes", page)
        assert (status, "动态码" in asked) == (403, True)
        assert (await post(browser, "/account/recovery-codes", page, **{PROOF_FIELD: PASSWORD}))[0] == 403
        clock.now += 30
        status, page = await post(browser, "/account/recovery-codes", page, **{PROOF_FIELD: code(secret, clock)})
        assert status == 200
        after = re.findall(r"<li><code>([A-Z2-7-]{19})</code></li>", page)
        assert len(after) == codes.RECOVERY_CODES
        assert not set(after) & set(before)
    async with house.browser() as browser:
        await sign_in(browser, "lin", PASSWORD)
        assert (await enter(browser, before[0]))[0] == 401, "those before open nothing"


async def test_sessions_are_listed_and_ended_by_their_owner_only(house: House) -> None:
    async with house.browser("lin") as here, house.browser("lin") as there, house.browser("he") as other:
        _, page = await get(here, "/account")
        listed = re.findall(r'name="session" value="([0-9a-f]{64})"', page)
        assert len(listed) == 1, "the other one; this one has no button"
        _, foreign = await get(other, "/account")
        assert listed[0] not in foreign
        await post(other, "/account/sessions", foreign, session=listed[0])
        assert (await get(there, "/"))[0] == 200, "nobody else ends it"
        assert await post(here, "/account/sessions", page, session=listed[0]) == (303, "/account?done=sessions")
        assert await get(there, "/") == (303, "/sign-in")
        assert (await get(here, "/"))[0] == 200
        assert (await post(here, "/account/sessions", page, session="x"))[0] == 400


async def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(house: House) -> None:
    async with house.browser("lin") as here, house.browser("lin") as there:
        _, page = await get(here, "/account")
        for fields, expected in (
            ({"password": "wrong", "chosen": NEW, "again": NEW}, 403),
            ({"password": PASSWORD, "chosen": NEW, "again": NEW + "x"}, 400),
            ({"password": PASSWORD, "chosen": "short", "again": "short"}, 400),
        ):
            assert (await post(here, "/account/password", page, **fields))[0] == expected
        assert (await get(there, "/"))[0] == 200
        assert (await post(here, "/account/password", page, password=PASSWORD, chosen=NEW, again=NEW))[0] == 303
        assert (await get(here, "/"))[0] == 200
        assert await get(there, "/") == (303, "/sign-in")
        assert (await sign_in(there, "lin", PASSWORD)).status == 401
        assert (await sign_in(there, "lin", NEW)).status == 303


async def test_a_session_that_was_put_into_a_browser_is_not_the_one_that_signs_in(house: House, clock: Clock) -> None:
    """Session fixation: whatever value an attacker planted, before the password or between the two steps."""
    async with house.browser("lin") as browser:
        secret, _ = await set_up(browser, clock)
    clock.now += 60
    planted = store.new_secret()
    async with house.browser() as victim, house.browser() as attacker:
        for browser in (victim, attacker):
            browser.cookie_jar.update_cookies({"liuhen_session": planted, "liuhen_sign_in": planted}, URL(house.url))
        answer = await sign_in(victim, "lin", PASSWORD)
        waiting = next(c.value for c in victim.cookie_jar if c.key == "liuhen_sign_in")
        assert (answer.status, waiting == planted) == (303, False)
        assert (await enter(victim, code(secret, clock)))[0] == 303
        assert session_of(victim) not in (planted, waiting, None)
        for value in (planted, waiting):
            attacker.cookie_jar.update_cookies({"liuhen_session": value}, URL(house.url))
            assert await get(attacker, "/") == (303, "/sign-in")
        assert (await get(victim, "/"))[0] == 200, "the control"


async def test_no_secret_of_a_second_factor_stands_in_the_database(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        secret, written = await set_up(browser, clock)
    async with owner(house.database) as connection:
        for table in ("factors", "recovery_codes", "sign_ins", "trail", "sessions", "attempts"):
            text = str(await connection.fetch(f"SELECT t::text FROM identity.{table} t"))
            assert secret.hex() not in text
            assert codes.secret_text(secret) not in text
            assert not any(one in text or one.replace("-", "") in text for one in written)
    console = await house.database.connect("liuhen_console")
    try:
        sealed = await console.fetchval("SELECT sealed FROM identity.factor('lin')")
        assert secret not in sealed
    finally:
        await console.close()


async def test_what_was_done_to_an_account_is_on_a_trail_that_nobody_shortens(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        await set_up(browser, clock)
    async with owner(house.database) as connection:
        (row,) = await connection.fetch("SELECT actor, what, subject, octet_length(session) AS n FROM identity.trail")
        assert tuple(row) == ("lin", "factor_set", "lin", 32)
        for statement in (
            "UPDATE identity.trail SET actor = 'x'",
            "DELETE FROM identity.trail",
            "TRUNCATE identity.trail",
        ):
            with pytest.raises(Exception, match="append-only"):
                await connection.execute(statement)


async def test_the_address_in_the_qr_code_is_the_secret_that_is_printed(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        _, page = await get(browser, "/account/second-factor")
        _, first = await post(browser, "/account/second-factor", page)
        _, again = await post(browser, "/account/second-factor", page)
        shown = [re.findall(r"<code>([A-Z2-7 ]{39})</code>", one) for one in (first, again)]
        assert shown[0] == shown[1] != []
        assert re.findall(r"<svg.*?</svg>", html.unescape(first)) == re.findall(r"<svg.*?</svg>", html.unescape(again))
        assert "script" not in re.findall(r"<svg.*?</svg>", first)[0]
        assert "style" not in re.findall(r"<svg.*?</svg>", first)[0]


async def test_without_the_key_no_second_factor_is_set_up_and_none_opens(house: House, clock: Clock) -> None:
    async with house.browser("lin") as browser:
        secret, _ = await set_up(browser, clock)
    clock.now += 60
    gate = replace(house.gate, sealer=None)
    assert await gate._steps("lin", code(secret, clock), confirmed=True) == []
    assert house.app[SERVICES].gate is house.gate
    assert await house.gate._steps("lin", code(secret, clock), confirmed=True) != [], "the control"
