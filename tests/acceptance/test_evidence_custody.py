"""A photo on a running server: uploaded, examined, viewed, rotten, found, asked for again, brought again, viewed.

Officer Lin's terminal T-1 brings it; Lin looks at it in the console; the administrator scrubs while the server runs.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from server.evidence.store import key_of
from server.identity import store
from tests.support.log import AUTHORITY
from tests.support.projections import eventually
from tests.support.server import Bureau, bureau, door, enrolled
from tests.support.tus import Tus, declare
from tests.support.web import PASSWORD, form_token, password_hash, sign_in

TASK = "019b77b0-0000-7000-8000-000000000001"


def photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((900, 700), 60).save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.fixture(scope="module")
def town() -> Iterator[Bureau]:
    with bureau(environment={"LIUHEN_RESERVE_MIB": "0"}) as place:
        place.start()
        asyncio.run(people(place))
        yield place


async def people(place: Bureau) -> None:
    connection = await place.connect()
    try:
        secret = password_hash()
        await store.add_user(
            connection, "lin", display="林", authority=AUTHORITY, roles=("inspector",), password_hash=secret
        )
    finally:
        await connection.close()


async def custody(browser: aiohttp.ClientSession, name: str) -> dict[str, Any]:
    async with browser.get(f"/api/v1/evidence/{name}") as answer:
        return dict(await answer.json()) if answer.status == 200 else {"steps": []}


async def view(browser: aiohttp.ClientSession, name: str) -> str:
    """The address of the file, by the form of its own page; "" where it is not shown."""
    async with browser.get(f"/evidence/{name}") as page:
        html = await page.text()
    if 'name="purpose"' not in html:
        return ""
    form = {"form_token": form_token(html), "purpose": "handling", "sha256": name}
    async with browser.post("/evidence", data=form) as page:
        found = re.search(rf'src="(http://[^"]+/{name})"', await page.text())
    return "" if found is None else found[1]


def rot(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.chmod(0o600)
    path.write_bytes(data)


async def test_a_photo_is_brought_viewed_found_rotten_and_brought_again(town: Bureau) -> None:
    data = photo()
    digest, name = sha256(data).digest(), sha256(data).hexdigest()
    async with door(town.servers[0]) as at:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(town.servers[0].url, cookie_jar=jar) as browser:
            assert (await sign_in(browser, "lin", PASSWORD)).status == 303
            tus = Tus(at, await enrolled(town, at))
            assert (await at.post(declare(tus.terminal, data, about=[f"task:{TASK}"]))).receipt.missing == [digest]
            assert (await tus.upload(data)).status == 204

            async def examined() -> bool:
                return [step["kind"] for step in (await custody(browser, name))["steps"]][1:] == [
                    "received",
                    "examined",
                ]

            await eventually(examined)
            address = await view(browser, name)
            async with browser.get(address, headers={"Range": "bytes=100-199"}) as answer:
                assert (answer.status, await answer.read()) == (206, data[100:200])

            clean = await asyncio.to_thread(town.command, "evidence", "scrub", "--json")
            assert clean.returncode == 0, clean.stderr
            assert json.loads(clean.stdout)["in_order"] is True

            rot(town.data / "evidence" / key_of(digest))
            async with browser.get(address) as answer:
                assert answer.status == 404
                assert data[:64] not in await answer.read()
            found = await asyncio.to_thread(town.command, "evidence", "scrub", "--rate", "50")
            assert found.returncode == 1
            assert f"corrupt   {name}" in found.stdout
            assert await tus.missing() == {digest}
            assert await view(browser, name) == ""
            assert (await custody(browser, name))["state"] == "corrupt"

            assert (await tus.upload(data)).status == 204
            assert await tus.missing() == set()
            async with browser.get(await view(browser, name)) as answer:
                assert (answer.status, await answer.read()) == (200, data)
            kinds = [step["kind"] for step in (await custody(browser, name))["steps"]]
            assert kinds == ["cited", "received", "examined", "read", "damaged", "received", "read"]
    assert (await town.verify()).clean


async def test_a_scrub_finds_what_rotted_before_anybody_looked(town: Bureau) -> None:
    data = photo()
    digest = sha256(data).digest()
    async with door(town.servers[0]) as at:
        tus = Tus(at, await enrolled(town, at))
        assert (await at.post(declare(tus.terminal, data))).status == 200
        assert (await tus.upload(data)).status == 204
        (town.data / "evidence" / key_of(digest)).unlink()
        found = await asyncio.to_thread(town.command, "evidence", "scrub", "--json")
        assert found.returncode == 1, found.stderr
        assert json.loads(found.stdout)["lost"] == [digest.hex()]
        assert await tus.missing() == {digest}
    assert (await town.verify()).clean
