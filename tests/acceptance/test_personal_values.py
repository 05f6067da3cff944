"""A personal value is in no place but its sealed form, and is shown only to whom the log says, with the reason.

Inspector Lin interviews a witness; the id number and the telephone go into the record as commitments and travel sealed.
Everything the server keeps and says is searched for them: a dump of the database, every file of the data folder, what
the processes logged, the export of the log, and every page. A value that was written into a remark is found by the same
search, so that finding nothing means something.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import re
import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from schemas import private
from schemas.batch import Private
from server.console.routes import ROUTES
from server.identity import store
from server.log.keyring import Keyring
from server.web.routes import Route
from tests.support.event_vectors import FULL
from tests.support.log import AUTHORITY
from tests.support.projections import eventually
from tests.support.server import Bureau, bureau, door, enrolled
from tests.support.web import NEIGHBOUR, PASSWORD, form_token, password_hash, sign_in

ID_NUMBER = "210502198703124572"
PHONE = "13904140718"
REMARKED = "18641400233"
TASK = "019b77b0-0000-7000-8000-0000000000a1"
CASE = "019b77b0-0000-7000-8000-0000000000a2"
PEOPLE = {
    "lin": (AUTHORITY, "inspector"),
    "he": (AUTHORITY, "unit_head"),
    "bao": (AUTHORITY, "administrator"),
    "zhao": (NEIGHBOUR, "legal_reviewer"),
}
GZIP = b"\x1f\x8b\x08"
REASON = "核对证人身份"


@dataclass
class Interview:
    """A bureau in whose log stands one interview, with the commitments to what is planted."""

    place: Bureau
    id_number: bytes
    phone: bytes


def forms_of(value: str) -> tuple[bytes, ...]:
    """How a text can stand in a file: as it is, hexadecimal as dumps have bytes, in either base64, in UTF-16."""
    raw = value.encode()
    middles = {base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : -4] for shift in range(3)}
    return (raw, raw.hex().encode(), raw.hex().upper().encode(), value.encode("utf-16-le"), *sorted(middles))


def places_of(value: str, held: dict[str, bytes]) -> list[str]:
    """Names of what holds the value in any form."""
    forms = forms_of(value)
    return sorted(name for name, data in held.items() if any(form in data for form in forms))


def kept(place: Bureau) -> dict[str, bytes]:
    """A dump of the database with every table, the files of the data folder, and what the processes logged."""
    held = {
        f"file {path.relative_to(place.folder)}": path.read_bytes()
        for path in place.folder.rglob("*")
        if path.is_file() and "sockets" not in path.parts
    }
    binaries = place.cluster.binaries
    command = [str(binaries.bin / "pg_dump"), "--inserts", "--rows-per-insert=1", place.dsn()]
    done = subprocess.run(command, env=binaries.environment(), capture_output=True, check=True, timeout=120)
    assert b"INSERT INTO log.private" in done.stdout
    held["dump"] = done.stdout
    held["stderr"] = "".join(server.log() for server in place.servers).encode()
    target = place.folder / f"export-{secrets.token_hex(4)}"
    exported = place.command("export-log", "--authority", AUTHORITY, "--out", str(target))
    assert exported.returncode == 0, exported.stderr
    held |= {f"export {path.relative_to(target)}": path.read_bytes() for path in target.rglob("*") if path.is_file()}
    return {name: gzip.decompress(data) if data.startswith(GZIP) else data for name, data in held.items()}


@asynccontextmanager
async def browser(place: Bureau, name: str) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(place.servers[0].url, cookie_jar=jar) as session:
        assert (await sign_in(session, name, PASSWORD)).status == 303
        yield session


async def pages(place: Bureau, name: str) -> dict[str, bytes]:
    """Every address that can be read, as this person sees it, in both languages, and the public pages."""
    found: dict[str, bytes] = {}
    wanted: list[Route] = [route for route in ROUTES if route.method == "GET"]
    async with browser(place, name) as session:
        for route in wanted:
            ids = (TASK, CASE, "officer-0017") if "{id" in route.path else ("",)
            for one in ids:
                path = re.sub(r"\{id[^}]*\}", one, route.path)
                for language in ("zh", "en"):
                    async with session.get(path, params={"lang": language}, allow_redirects=False) as answer:
                        found[f"{name} {path} {language}"] = await answer.read()
                        assert answer.status < 500, path
        if place.servers[0].public:
            async with session.get(place.servers[0].public) as answer:
                found["public /"] = await answer.read()
    return found


@pytest.fixture(scope="module")
def interview() -> Iterator[Interview]:
    with bureau(authorities=(AUTHORITY, NEIGHBOUR)) as place:
        place.start()
        yield asyncio.run(record(place))


async def record(place: Bureau) -> Interview:
    """People, and one interview that was handed in over HTTP."""
    connection = await place.connect()
    try:
        secret = password_hash()
        for name, (authority, role) in PEOPLE.items():
            await store.add_user(
                connection, name, display=name, authority=authority, roles=(role,), password_hash=secret
            )
    finally:
        await connection.close()
    key = Keyring(place.data / "keys").epoch(AUTHORITY, 1).data_public
    sealed, commitments = [], []
    for value in (ID_NUMBER, PHONE):
        salt = secrets.token_bytes(32)
        commitment = private.commitment(salt, value)
        commitments.append(commitment)
        sealed.append(Private(private.seal(value, salt, commitment, key), commitment))
    body = {
        **FULL["interview.recorded.v1"],
        "interviewee": {"person_id": commitments[0], "phone": commitments[1], "role": "安全管理员"},
        "note": f"当事人称可拨打 {REMARKED}",
    }
    async with door(place.servers[0]) as at:
        terminal = await enrolled(place, at)
        envelope = terminal.envelope("interview.recorded.v1", body, about=[f"case:{CASE}", f"task:{TASK}"])
        answer = await at.post(terminal.batch([envelope], private=sealed))
        assert answer.receipt.missing_private == []
    async with browser(place, "he") as session:

        async def folded() -> bool:
            async with session.get(f"/cases/{CASE}") as page:
                return page.status == 200 and "/private/" in await page.text()

        await eventually(folded)
    return Interview(place, *commitments)


async def address(session: aiohttp.ClientSession, commitment: bytes) -> str:
    async with session.get(f"/cases/{CASE}") as page:
        found = re.search(rf'href="(/private/\d+/\d+/{commitment.hex()})"', await page.text())
    assert found is not None, "the file offers no way to the value"
    return found[1]


async def revelations(session: aiohttp.ClientSession) -> list[dict[str, str]]:
    async with session.get(f"/api/v1/cases/{CASE}") as answer:
        items = (await answer.json())["items"]
    return [item["body"] for item in items if item["type"] == "private_value.revealed.v1"]


async def test_a_planted_id_number_and_phone_are_found_nowhere(interview: Interview) -> None:
    held = kept(interview.place) | await pages(interview.place, "he") | await pages(interview.place, "lin")

    assert len(held) > 100
    assert places_of(ID_NUMBER, held) == []
    assert places_of(PHONE, held) == []
    remarked = places_of(REMARKED, held)
    assert "dump" in remarked, "the search finds what is written in the clear"
    assert f"he /cases/{CASE} zh" in remarked
    assert any(name.startswith("export ") for name in remarked)


async def test_a_head_of_unit_is_shown_the_value_once_behind_the_act_that_says_so(interview: Interview) -> None:
    place = interview.place
    async with browser(place, "he") as session:
        path = await address(session, interview.id_number)
        before = len(await revelations(session))
        async with session.get(path) as page:
            html = await page.text()
            assert page.status == 200
        assert ID_NUMBER not in html
        form = {"form_token": form_token(html), "reason": REASON}
        async with session.post(path, data=form) as page:
            shown = await page.text()
            assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
        assert shown.count(ID_NUMBER) == 1

        async def recorded() -> bool:
            return len(await revelations(session)) > before

        await eventually(recorded)
        told = await revelations(session)
        assert (told[-1]["officer"], told[-1]["role"], told[-1]["reason"]) == ("he", "unit_head", REASON)
        assert told[-1]["commitment"] == interview.id_number.hex()
        assert told[-1]["path"] == "$.interviewee.person_id"
        async with session.get(path) as page:
            assert ID_NUMBER not in await page.text(), "asked again, a reason is asked again"
    held = kept(place) | await pages(place, "he")
    assert places_of(ID_NUMBER, held) == []
    assert places_of(PHONE, held) == []


async def test_without_a_reason_or_the_role_nothing_is_shown_and_nothing_recorded(interview: Interview) -> None:
    place = interview.place
    async with browser(place, "he") as session:
        path = await address(session, interview.phone)
        before = len(await revelations(session))
        async with session.get(path) as page:
            token = form_token(await page.text())
        for reason in ("", "   ", "x" * 501):
            async with session.post(path, data={"form_token": token, "reason": reason}) as page:
                assert page.status == 400
                assert PHONE not in await page.text()
        other = path[:-64] + "ab" * 32
        async with session.get(other) as page:
            assert page.status == 404
    for name, status in (("lin", 403), ("bao", 403), ("zhao", 404)):
        async with browser(place, name) as session:
            async with session.get("/") as page:
                token = form_token(await page.text())
            async with session.get(path) as page:
                assert page.status == status, name
            async with session.post(path, data={"form_token": token, "reason": REASON}) as page:
                assert page.status == status, name
                assert PHONE not in await page.text()
    async with browser(place, "lin") as session, session.get(f"/cases/{CASE}") as page:
        assert "/private/" not in await page.text()
    async with browser(place, "he") as session:
        assert len(await revelations(session)) == before
