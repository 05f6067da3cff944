"""Accounts, sessions, access tokens and the throttle, over real HTTP and on the real database."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from argon2 import Type, extract_parameters

from server.identity import gate as gates
from server.identity import store
from server.identity.one_time_links import OneTimeLinks
from server.identity.passwords import PasswordRefused, hash_password
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase
from tests.support.web import PASSWORD, House, form_token, open_house, owner, sign_in

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder) as opened:
        yield opened


async def test_an_officer_signs_in_and_out_and_the_session_ends_on_the_server(house: House) -> None:
    async with house.browser("lin") as browser:
        cookies = {c.key: c for c in browser.cookie_jar}
        assert "liuhen_session" in cookies
        async with browser.get("/") as page:
            html = await page.text()
            assert page.status == 200
            assert "林晓" in html
        async with browser.post("/sign-out", data={"form_token": form_token(html)}, allow_redirects=False) as answer:
            assert answer.status == 303
        headers = {"Cookie": f"liuhen_session={cookies['liuhen_session'].value}"}
        async with browser.get("/", headers=headers, allow_redirects=False) as page:
            assert page.headers["Location"] == "/sign-in", "the old cookie opens nothing"


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    async with house.browser() as browser:
        answer = await sign_in(browser, "lin", PASSWORD)
        cookie = next(c for c in answer.headers.getall("Set-Cookie") if c.startswith("liuhen_session="))
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_signing_in_again_ends_the_session_before(house: House) -> None:
    async with house.browser("lin") as browser:
        first = next(c.value for c in browser.cookie_jar if c.key == "liuhen_session")
        assert (await sign_in(browser, "lin", PASSWORD)).status == 303
        second = next(c.value for c in browser.cookie_jar if c.key == "liuhen_session")
        assert first != second
        assert await store.find_session(house.gate.pool, first) is None
        assert await store.find_session(house.gate.pool, second) is not None


async def test_a_wrong_name_and_a_wrong_password_look_the_same(house: House) -> None:
    async with house.browser() as browser:
        for name, password in (("lin", "not the password"), ("nobody", PASSWORD), ("", ""), ("'; --", "x")):
            answer = await sign_in(browser, name, password)
            assert answer.status == 401
            assert "账号或密码不正确" in await answer.text()
            assert all(c.key != "liuhen_session" for c in browser.cookie_jar)


async def test_after_ten_wrong_passwords_the_right_one_is_refused_too(house: House) -> None:
    async with house.browser() as browser:
        answers = await asyncio.gather(*(sign_in(browser, "lin", "wrong") for _ in range(gates.TRIES_OF_ACCOUNT)))
        assert {a.status for a in answers} == {401}
        answer = await sign_in(browser, "lin", PASSWORD)
        assert answer.status == 429
        assert "15 分钟" in await answer.text()
        assert (await sign_in(browser, "he", PASSWORD)).status == 303, "another account is not throttled"


async def test_an_address_that_tries_many_accounts_is_throttled(house: House) -> None:
    async with owner(house.database) as connection:
        subject = gates._subject("address", "127.0.0.1")
        await connection.execute(
            "INSERT INTO identity.attempts VALUES ($1, now(), $2)", subject, gates.TRIES_OF_ADDRESS
        )
    async with house.browser() as browser:
        assert (await sign_in(browser, "lin", PASSWORD)).status == 429


async def test_successes_are_not_counted_and_the_window_ends(house: House) -> None:
    async with house.browser() as browser:
        for _ in range(gates.TRIES_OF_ACCOUNT + 2):
            secret = await store.open_session(house.gate.pool, "lin")
            assert secret is not None
        assert (await sign_in(browser, "lin", "wrong")).status == 401
        assert (await sign_in(browser, "lin", PASSWORD)).status == 303
        async with owner(house.database) as connection:
            counted = await connection.fetch("SELECT number FROM identity.attempts ORDER BY number")
            assert [row["number"] for row in counted] == [0, 1]
            await connection.execute(
                "UPDATE identity.attempts SET number = 1000, since = now() - interval '16 minutes'"
            )
        assert (await sign_in(browser, "lin", PASSWORD)).status == 303


async def test_a_session_that_is_idle_old_or_ended_opens_nothing(house: House) -> None:
    async with house.browser("lin") as browser, owner(house.database) as connection:
        for change in (
            "seen = now() - interval '31 minutes'",
            "seen = now(), opened = now() - interval '12 hours 1 minute'",
            "opened = now(), ended = now()",
        ):
            await connection.execute(f"UPDATE identity.sessions SET {change}")
            async with browser.get("/cases", allow_redirects=False) as page:
                assert (page.status, page.headers["Location"]) == (303, "/sign-in?next=%2Fcases"), change
        await connection.execute("UPDATE identity.sessions SET ended = NULL")
        async with browser.get("/cases", allow_redirects=False) as page:
            assert page.status == 200, "the control: without the change it opens"


async def test_use_keeps_a_session_alive(house: House) -> None:
    async with house.browser("lin") as browser, owner(house.database) as connection:
        await connection.execute("UPDATE identity.sessions SET seen = now() - interval '29 minutes'")
        async with browser.get("/") as page:
            assert page.status == 200
        assert await connection.fetchval("SELECT seen > now() - interval '1 minute' FROM identity.sessions")


async def test_a_disabled_account_is_out_at_once_and_cannot_come_back(house: House) -> None:
    async with house.browser("lin") as browser:
        async with owner(house.database) as connection:
            await store.disable_user(connection, "lin")
        async with browser.get("/", allow_redirects=False) as page:
            assert page.status == 303
        assert (await sign_in(browser, "lin", PASSWORD)).status == 401
        async with owner(house.database) as connection:
            await store.disable_user(connection, "lin", disabled=False)
        assert (await sign_in(browser, "lin", PASSWORD)).status == 303


async def test_a_new_password_ends_all_sessions(house: House) -> None:
    async with house.browser("lin") as browser:
        async with owner(house.database) as connection:
            await store.set_password(connection, "lin", hash_password("another good password"))
        async with browser.get("/", allow_redirects=False) as page:
            assert page.status == 303
        assert (await sign_in(browser, "lin", "another good password")).status == 303


async def test_forms_without_token_or_from_another_site_are_refused(house: House) -> None:
    async with house.browser() as browser:
        async with browser.post("/sign-in", data={"name": "lin", "password": PASSWORD}) as answer:
            assert answer.status == 403
        for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await sign_in(browser, "lin", PASSWORD, headers=headers)).status == 403
        assert (await sign_in(browser, "lin", PASSWORD, headers={"Origin": house.url})).status == 303
    async with house.browser("lin") as browser, house.browser("he") as other:
        async with other.get("/") as page:
            foreign = form_token(await page.text())
        async with browser.post("/sign-out", data={"form_token": foreign}) as answer:
            assert answer.status == 403, "the token of another session"


async def test_sign_in_leads_to_pages_of_ours_only(house: House) -> None:
    async with house.browser() as browser:
        for following, expected in (
            ("/cases?kind=task", "/cases?kind=task"),
            ("//elsewhere.example", "/"),
            ("/\\elsewhere.example", "/"),
            ("https://elsewhere.example/", "/"),
            ("/a\r\nSet-Cookie: x=1", "/"),
            ("", "/"),
        ):
            answer = await sign_in(browser, "lin", PASSWORD, following=following)
            assert (answer.status, answer.headers["Location"]) == (303, expected), following


async def test_a_token_has_one_role_and_ends(house: House) -> None:
    async with house.program("auditor") as program:
        async with program.get("/api/v1/terminals") as answer:
            assert answer.status == 200
        async with program.get("/") as answer:
            assert 'method="post"' not in await answer.text(), "a program has no session to sign out of"
        async with owner(house.database) as connection:
            await connection.execute("UPDATE identity.tokens SET expires = now() - interval '1 second'")
        async with program.get("/api/v1/terminals") as answer:
            assert answer.status == 401
            assert (await answer.json(content_type="application/problem+json"))["code"] == "unauthorized"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_bad_token_is_refused_even_beside_a_good_session(house: House) -> None:
    values = ("Bearer ", "Bearer lht_x", "Basic bGluOng=", "Bearer " + "é" * 43, "Bearer lht_" + "a" * 43)
    async with house.browser("lin") as browser:
        for value in values:
            async with browser.get("/api/v1/terminals", headers={"Authorization": value}) as answer:
                assert answer.status == 401, value


async def test_the_consoles_role_can_neither_read_nor_write_the_tables(database: TestDatabase) -> None:
    connection = await database.connect("liuhen_console")
    try:
        for table in ("users", "sessions", "tokens", "attempts"):
            for sql in (f"SELECT * FROM identity.{table}", f"DELETE FROM identity.{table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(sql)
    finally:
        await connection.close()
    connection = await database.connect("liuhen_public")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT identity.account('lin')")
    finally:
        await connection.close()


async def test_no_secret_is_stored_as_it_is(house: House) -> None:
    token = await house.token()
    async with house.browser("lin") as browser:
        secret = next(c.value for c in browser.cookie_jar if c.key == "liuhen_session")
    async with owner(house.database) as connection:
        for table in ("users", "sessions", "tokens", "attempts"):
            text = str(await connection.fetch(f"SELECT t::text FROM identity.{table} t"))
            assert PASSWORD not in text
            assert secret not in text
            assert token not in text
            assert "127.0.0.1" not in text


async def test_a_sign_in_link_works_once(database: TestDatabase, short_folder: Path) -> None:
    links: list[OneTimeLinks] = []

    def face(app: object) -> None:
        from server.web.app import SERVICES

        made = OneTimeLinks(app[SERVICES].gate)  # type: ignore[index]
        made.add_routes(app)  # type: ignore[arg-type]
        links.append(made)

    async with open_house(database, short_folder, faces=[face]) as house, house.browser() as browser:
        path = links[0].make("lin")
        async with browser.head(path, allow_redirects=False) as answer:
            assert answer.status == 404, "a preview does not use it up"
        async with browser.get(path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
        async with browser.get("/") as page:
            assert "林晓" in await page.text()
        async with house.browser() as other, other.get(path, allow_redirects=False) as answer:
            assert answer.status == 401


def test_production_has_no_code_of_sign_in_links() -> None:
    program = "import sys, ops.serve, ops.faces; print('server.identity.one_time_links' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_a_password_is_hashed_by_argon2id_at_the_cost_of_rfc_9106() -> None:
    cost = extract_parameters(hash_password(PASSWORD))

    assert (cost.type, cost.time_cost >= 3, cost.memory_cost >= 65_536) == (Type.ID, True, True)


@pytest.mark.parametrize("password", ["", "short", "x" * 257, "with a zero\0 in it"])
def test_passwords_out_of_bounds_are_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        hash_password(password)
    assert not password or password not in str(refused.value)


def test_accounts_and_tokens_are_made_from_the_command_line(short_folder: Path) -> None:
    data = str(short_folder / "d")

    def liuhen(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | variables
        return subprocess.run(
            [sys.executable, "-m", "ops", *arguments, "--data", data],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    add = ("user", "add", "lin", "--authority", AUTHORITY, "--role", "inspector", "--display", "林晓")
    unasked = liuhen(*add)
    assert (unasked.returncode, "password" in unasked.stderr) == (2, True)
    made = liuhen(*add, LIUHEN_PASSWORD=PASSWORD)
    assert made.returncode == 0, made.stderr
    twice = liuhen(*add, LIUHEN_PASSWORD=PASSWORD)
    assert (twice.returncode, "already" in twice.stderr) == (2, True)
    token = liuhen("token", "create", "--role", "auditor", "--authority", "210000", "--json")
    assert json.loads(token.stdout)["token"].startswith(store.TOKEN_PREFIX)
    assert liuhen("user", "disable", "lin").returncode == 0
    listed = json.loads(liuhen("user", "list", "--json").stdout)
    assert [(u["name"], u["display"], u["roles"], u["disabled"]) for u in listed] == [
        ("lin", "林晓", ["inspector"], True)
    ]
