"""Administration on pages and by command: who may keep which account, one-time links, units, authorities, the trail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from server.identity import store
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase
from tests.support.web import NEIGHBOUR, PASSWORD, House, add_account, form_token, open_house, owner, sign_in

ROOT = Path(__file__).resolve().parents[2]
NEW = "another good password"
ADMIN = "/administration"


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, people=("lin", "bao", "zhao")) as opened:
        await add_account(database, "gu", "顾严", AUTHORITY, ("security_officer",))
        await add_account(database, "shen", "沈清", AUTHORITY, ("auditor",))
        yield opened


async def get(browser: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with browser.get(path, allow_redirects=False) as answer:
        return answer.status, await answer.text()


async def post(browser: aiohttp.ClientSession, path: str, **fields: str) -> tuple[int, str]:
    """Send a form of administration; the status, and where it leads or what it says."""
    async with browser.get("/account") as page:
        token = form_token(await page.text())
    async with browser.post(path, data={"form_token": token, **fields}, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


def account(name: str, *roles: str, authority: str = AUTHORITY, **fields: str) -> dict[str, str]:
    wanted = {"name": name, "display": f"名 {name}", "authority": authority, "unit": "", "officer": "", **fields}
    return wanted | {f"role-{role}": "1" for role in roles}


def link_of(page: str) -> str:
    found = re.search(r"<code>http://[^<]*(/invitation/[A-Za-z0-9_-]{43})</code>", page)
    assert found is not None, page
    return found[1]


async def choose(browser: aiohttp.ClientSession, link: str, chosen: str, again: str | None = None) -> tuple[int, str]:
    async with browser.get(link) as page:
        token = form_token(await page.text())
    data = {"form_token": token, "chosen": chosen, "again": again or chosen}
    async with browser.post(link, data=data, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


async def test_an_account_is_made_with_a_link_behind_which_its_holder_chooses_a_password(house: House) -> None:
    async with house.browser("bao") as admin:
        status, page = await post(admin, f"{ADMIN}/accounts", **account("wu", "inspector", officer="officer-0099"))
        assert status == 200, page
        link = link_of(page)
        _, again = await get(admin, f"{ADMIN}/accounts/wu")
        assert link not in again, "shown once"
    async with house.browser() as browser:
        assert (await sign_in(browser, "wu", "")).status == 401
        assert (await choose(browser, link, NEW, "other"))[0] == 400
        assert (await choose(browser, link, "short"))[0] == 400
        assert await choose(browser, link, NEW) == (303, "/sign-in")
        assert (await get(browser, link))[0] == 404, "once"
        assert (await sign_in(browser, "wu", NEW)).status == 303
        _, mine = await get(browser, "/account")
        assert "officer-0099" in mine


async def test_administrator_and_security_officer_keep_different_accounts_and_nobody_the_own(house: House) -> None:
    async with house.browser("bao") as admin, house.browser("gu") as guard:
        for who, mine, other in ((admin, "inspector", "auditor"), (guard, "auditor", "inspector")):
            assert (await post(who, f"{ADMIN}/accounts", **account(f"x-{mine}", mine)))[0] == 200
            status, page = await post(who, f"{ADMIN}/accounts", **account(f"x-{other}-no", other))
            assert (status, "您无权授予" in page) == (409, True)
        for act in ("change", "disable", "invite"):
            fields = account("lin", "inspector") if act == "change" else {}
            assert (await post(guard, f"{ADMIN}/accounts/lin/{act}", **fields))[0] == 409
            fields = account("shen", "auditor") if act == "change" else {}
            assert (await post(admin, f"{ADMIN}/accounts/shen/{act}", **fields))[0] == 409
            assert (await post(admin, f"{ADMIN}/accounts/bao/{act}", **account("bao", "administrator")))[0] == 409
            assert (await post(guard, f"{ADMIN}/accounts/gu/{act}", **account("gu", "security_officer")))[0] == 409
        status, _ = await post(admin, f"{ADMIN}/accounts/lin/change", **account("lin", "administrator"))
        assert status == 409, "nobody is made an administrator by one"
        status, _ = await post(admin, f"{ADMIN}/accounts", **account("two", "inspector", "auditor"))
        assert status == 400, "roles that stand apart are held alone"
        assert (await post(admin, f"{ADMIN}/accounts/lin/reset-factor"))[0] == 409
        assert (await post(guard, f"{ADMIN}/accounts/lin/reset-factor"))[0] == 409, "there is none to reset"
    async with owner(house.database) as connection:
        await store.set_factor(connection, "lin", bytes(40))
    async with house.browser("bao") as admin, house.browser("gu") as guard:
        assert (await post(admin, f"{ADMIN}/accounts/lin/reset-factor"))[0] == 409
        assert (await post(guard, f"{ADMIN}/accounts/lin/reset-factor"))[0] == 303


async def test_another_authority_is_out_of_reach_and_one_below_is_not(house: House) -> None:
    await add_account(house.database, "county", "县局管理员", NEIGHBOUR, ("administrator",))
    async with house.browser("county") as admin:
        _, page = await get(admin, f"{ADMIN}/accounts")
        assert "zhao" in page
        assert "lin" not in re.findall(r'accounts/([a-z-]+)"', page)
        assert (await get(admin, f"{ADMIN}/accounts/lin"))[0] == 404
        for act in ("disable", "invite"):
            assert (await post(admin, f"{ADMIN}/accounts/lin/{act}"))[0] == 404
        assert (await post(admin, f"{ADMIN}/accounts", **account("y", "inspector", authority=AUTHORITY)))[0] == 409
        for path, fields in (
            ("units", {"authority": AUTHORITY, "unit": "u", "name": "x", "role": "legal"}),
            ("authorities", {"authority": AUTHORITY, "name": "x"}),
        ):
            assert (await post(admin, f"{ADMIN}/{path}", **fields))[0] == 409
    async with house.browser("bao") as admin:
        assert (await post(admin, f"{ADMIN}/accounts/zhao/disable"))[0] == 303, (
            "the control: the city keeps the county's"
        )
        assert (await post(admin, f"{ADMIN}/accounts", **account("z", "inspector", authority=NEIGHBOUR)))[0] == 200


async def test_other_roles_and_a_closed_account_end_its_sessions(house: House) -> None:
    async with house.browser("bao") as admin, house.browser("lin") as lin:
        changed = account("lin", "inspector", officer="officer-0001")
        assert (await post(admin, f"{ADMIN}/accounts/lin/change", **changed))[0] == 303
        assert (await get(lin, "/"))[0] == 200, "the same roles"
        assert (await post(admin, f"{ADMIN}/accounts/lin/change", **account("lin", "unit_head")))[0] == 303
        assert (await get(lin, "/"))[0] == 303
        assert (await sign_in(lin, "lin", PASSWORD)).status == 303
        assert (await post(admin, f"{ADMIN}/accounts/lin/disable"))[0] == 303
        assert (await sign_in(lin, "lin", PASSWORD)).status == 401
        assert (await post(admin, f"{ADMIN}/accounts/lin/invite"))[0] == 409, "a closed account is opened first"
        assert (await post(admin, f"{ADMIN}/accounts/lin/disable", open="1"))[0] == 303
        status, page = await post(admin, f"{ADMIN}/accounts/lin/invite")
        assert status == 200
        assert (await sign_in(lin, "lin", PASSWORD)).status == 401, "the old password is void at once"
        first = link_of(page)
        second = link_of((await post(admin, f"{ADMIN}/accounts/lin/invite"))[1])
        assert (await get(lin, first))[0] == 404, "a newer link takes its place"
        assert (await choose(lin, second, NEW))[0] == 303


async def test_units_and_authorities_are_kept_and_no_circle_is_made(house: House) -> None:
    async with house.browser("bao") as admin:
        unit = {"authority": AUTHORITY, "unit": "legal", "name": "法规科", "role": "legal"}
        assert (await post(admin, f"{ADMIN}/units", **unit))[0] == 303
        assert (await post(admin, f"{ADMIN}/units", **unit | {"role": "none"}))[0] == 400
        assert (await post(admin, f"{ADMIN}/accounts", **account("q", "inspector", unit="none")))[0] == 409
        assert (await post(admin, f"{ADMIN}/accounts", **account("q", "legal_reviewer", unit="legal")))[0] == 200
        assert (await post(admin, f"{ADMIN}/authorities", authority=NEIGHBOUR, name="示例县应急局"))[0] == 303
        assert (await post(admin, f"{ADMIN}/authorities", authority=NEIGHBOUR, parent=NEIGHBOUR))[0] == 409
        assert (await post(admin, f"{ADMIN}/authorities", authority=NEIGHBOUR, parent="220000"))[0] == 409
        _, page = await get(admin, f"{ADMIN}/authorities")
        assert "示例县应急局" in page
    async with owner(house.database) as connection:
        rows = await connection.fetch("SELECT name, unit FROM identity.users WHERE unit IS NOT NULL")
        assert [tuple(row) for row in rows] == [("q", "legal")]


async def test_the_trail_names_who_did_what_and_is_read_by_who_checks(house: House) -> None:
    async with house.browser("bao") as admin:
        await post(admin, f"{ADMIN}/accounts", **account("wu", "inspector"))
        await post(admin, f"{ADMIN}/accounts/wu/disable")
    async with house.browser("shen") as auditor:
        status, page = await get(auditor, f"{ADMIN}/trail")
        assert status == 200
        assert page.index("停用账号") < page.index("添加账号"), "the newest first"
        assert "bao" in page
        assert (await get(auditor, f"{ADMIN}/accounts"))[0] == 403
        assert (await get(auditor, f"{ADMIN}/trail?before=x"))[0] == 400
    async with house.browser("lin") as lin:
        for path in ("", "/trail", "/rules", "/units"):
            assert (await get(lin, f"{ADMIN}{path}"))[0] == 403


async def test_the_database_believes_a_session_and_not_a_page(house: House) -> None:
    """A fault in a page cannot make accounts: without an administrator's live session the functions do nothing."""
    connection = await house.database.connect("liuhen_console")
    add = "SELECT identity.keep_add($1, 'evil', 'x', $2, NULL, NULL, '{inspector}', $3, interval '1 day')"
    try:
        lin = await store.open_session(house.gate.pool, "lin")
        bao = await store.open_session(house.gate.pool, "bao")
        assert lin is not None
        assert bao is not None
        for session in (bytes(32), store.digest(lin)):
            assert await connection.fetchval(add, session, AUTHORITY, bytes(32)) == "authority"
        await store.end_session(house.gate.pool, bao)
        assert await connection.fetchval(add, store.digest(bao), AUTHORITY, bytes(32)) == "authority"
        other = await store.open_session(house.gate.pool, "bao")
        assert other is not None
        assert await connection.fetchval(add, store.digest(other), AUTHORITY, bytes(32)) == "", "the control"
    finally:
        await connection.close()


def test_the_same_from_the_command_line(short_folder: Path) -> None:
    data = str(short_folder / "d")

    def liuhen(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "ops", *arguments, "--data", data],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    def told(*arguments: str) -> str:
        done = liuhen(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    told("authority", "add", "210571", "--parent", "210521", "--name", "示例开发区应急局")
    assert liuhen("authority", "set", "210521", "--parent", "210571").returncode == 2, "no circle"
    listed = {row["authority"]: row for row in json.loads(told("authority", "list", "--json"))}
    assert (listed["210571"]["parent"], listed["210571"]["name"]) == ("210521", "示例开发区应急局")
    told("unit", "add", "210571", "u1", "--name", "执法一科", "--role", "handling")
    assert liuhen("unit", "add", "210571", "u2", "--name", "x", "--role", "cooking").returncode == 2
    made = json.loads(
        told("user", "add", "lin", "--authority", "210571", "--role", "inspector", "--unit", "u1", "--officer", "o-1",
             "--invite", "--json")
    )  # fmt: skip
    assert re.fullmatch(r"/invitation/[A-Za-z0-9_-]{43}", made["invitation"])
    refused = liuhen(
        "user", "add", "he", "--authority", "210571", "--role", "inspector", "--officer", "o-1", "--invite"
    )
    assert (refused.returncode, "one person has one account" in refused.stderr) == (2, True)
    apart = liuhen("user", "change", "lin", "--role", "auditor", "--role", "inspector")
    assert (apart.returncode, "alone" in apart.stderr) == (2, True)
    told("user", "change", "lin", "--role", "inspector", "--role", "unit_head")
    assert liuhen("user", "reset-factor", "lin").returncode == 2
    told("user", "link", "lin", "--issuer", "https://id.example", "--subject", "7c1e")
