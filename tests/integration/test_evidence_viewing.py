"""Viewing evidence over HTTP: leave for one session, an act before the first byte, ranges, and no damaged byte ever.

Inspector Lin looks at the files of one inspection; He of the same unit and a neighbour try to use what Lin was given.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
import pytest

from schemas import entries
from tests.support import projections as stories
from tests.support.evidence import FILM, PAPER, PHOTO, Scene, scene
from tests.support.postgres import TestDatabase
from tests.support.web import form_token

MIB = 1024 * 1024


@pytest.fixture
async def place(database: TestDatabase, short_folder: Path) -> AsyncIterator[Scene]:
    async with scene(database, short_folder) as made:
        yield made


async def acts(place: Scene, name: str) -> list[dict[str, Any]]:
    """Bodies of the office acts of a type, in the order of the log."""
    rows = await place.house.log.pool.fetch("SELECT entry FROM log.entries ORDER BY log_id, position")
    found = [entries.decode(bytes(row["entry"])) for row in rows]
    return [dict(one.b) for one in found if isinstance(one, entries.OfficeEntry) and one.y == name]


async def link(browser: aiohttp.ClientSession, place: Scene, **fields: str) -> str:
    """Ask for leave as the form of the case file does; the address to go to."""
    async with browser.get(f"/tasks/{stories.TASK}") as page:
        token = form_token(await page.text())
    form = {"form_token": token, "purpose": "handling", **(fields or {"kind": "task", "id": stories.TASK})}
    async with browser.post("/evidence", data=form, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]


async def shown(browser: aiohttp.ClientSession, place: Scene, **fields: str) -> dict[str, str]:
    """Addresses on the evidence origin by digest, of a page that was opened with leave."""
    async with browser.get(await link(browser, place, **fields)) as page:
        html = await page.text()
        assert page.status == 200
        assert f"img-src 'self' {place.viewer};" in page.headers["Content-Security-Policy"]
        assert f"media-src {place.viewer}" in page.headers["Content-Security-Policy"]
    found = re.findall(rf'(?:src|href)="({re.escape(place.viewer)}/[A-Za-z0-9_-]{{43}}/([0-9a-f]{{64}}))"', html)
    return {digest: address for address, digest in found}


def name(data: bytes) -> str:
    return sha256(data).hexdigest()


async def test_the_files_of_a_page_are_one_act_that_stands_before_the_first_byte(place: Scene) -> None:
    async with place.house.browser("lin") as browser:
        async with browser.get(f"/tasks/{stories.TASK}") as page:
            html = await page.text()
        assert place.viewer not in html, "without leave no address is told"
        assert await acts(place, "evidence.read.v1") == []
        addresses = await shown(browser, place)
        read = await acts(place, "evidence.read.v1")
    assert set(addresses) == {name(PHOTO), name(FILM)}, "the paper is no picture, video or audio"
    assert [one["files"] for one in read] == [sorted(bytes.fromhex(digest) for digest in addresses)]
    assert (read[0]["reader"], read[0]["role"], read[0]["purpose"]) == ("lin", "inspector", "handling")
    assert read[0]["expires_at"] == place.clock.ms + 900_000
    async with aiohttp.ClientSession() as nobody, nobody.get(addresses[name(PHOTO)]) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert sha256(await answer.read()).hexdigest() == name(PHOTO)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].endswith("sandbox")
        assert answer.headers["Content-Disposition"].startswith("inline;")
        assert "Set-Cookie" not in answer.headers
    assert len(await acts(place, "evidence.read.v1")) == 1


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=0-99", 206, 0, 100),
        (f"bytes={MIB - 3}-{MIB + 2}", 206, MIB - 3, MIB + 3),
        (f"bytes={2 * MIB}-", 206, 2 * MIB, len(PHOTO)),
        ("bytes=-5", 206, len(PHOTO) - 5, len(PHOTO)),
        (f"bytes=10-{len(PHOTO) * 2}", 206, 10, len(PHOTO)),
        ("bytes=0-1,5-6", 200, 0, len(PHOTO)),
        ("bytes=9-3", 200, 0, len(PHOTO)),
        ("lines=1-2", 200, 0, len(PHOTO)),
    ],
)
async def test_ranges_are_answered_as_a_player_asks_for_them(
    place: Scene, asked: str, status: int, first: int, last: int
) -> None:
    async with place.house.browser("lin") as browser:
        address = (await shown(browser, place))[name(PHOTO)]
    async with aiohttp.ClientSession() as player:
        async with player.get(address, headers={"Range": asked}) as answer:
            body = await answer.read()
            assert answer.status == status
            assert body == PHOTO[first:last]
            if status == 206:
                assert answer.headers["Content-Range"] == f"bytes {first}-{last - 1}/{len(PHOTO)}"
        async with player.head(address, headers={"Range": asked}) as answer:
            assert (answer.status, int(answer.headers["Content-Length"])) == (status, last - first)
        async with player.get(address, headers={"Range": f"bytes={len(PHOTO)}-"}) as answer:
            assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{len(PHOTO)}")


async def test_a_link_is_good_once_and_for_the_session_that_asked(place: Scene) -> None:
    async with place.house.browser("lin") as lin, place.house.browser("he") as he:
        address = await link(lin, place)
        async with he.get(address) as page:
            assert page.status == 403, "of another session"
        async with lin.head(address) as page:
            assert page.status == 200, "a preview uses nothing up"
        async with lin.get(address) as page:
            assert page.status == 200
            assert place.viewer in await page.text()
        async with lin.get(address) as page:
            assert page.status == 403, "used"
            assert place.viewer not in await page.text()
    assert len(await acts(place, "evidence.read.v1")) == 1


async def test_a_link_ends_after_sixty_seconds_and_a_grant_after_fifteen_minutes(place: Scene) -> None:
    async with place.house.browser("lin") as browser, aiohttp.ClientSession() as player:
        late = await link(browser, place)
        place.clock.ms += 60_000
        async with browser.get(late) as page:
            assert page.status == 403
        assert await acts(place, "evidence.read.v1") == []
        address = (await shown(browser, place))[name(FILM)]
        place.clock.ms += 899_999
        async with player.get(address) as answer:
            assert (answer.status, await answer.read()) == (200, FILM)
        place.clock.ms += 1
        async with player.get(address) as answer:
            assert answer.status == 403
            assert FILM[:64] not in await answer.read()


async def test_a_grant_ends_with_its_session(place: Scene) -> None:
    async with place.house.browser("lin") as browser, aiohttp.ClientSession() as player:
        address = (await shown(browser, place))[name(FILM)]
        async with player.get(address) as answer:
            assert answer.status == 200
        async with browser.get("/") as page:
            token = form_token(await page.text())
        async with browser.post("/sign-out", data={"form_token": token}, allow_redirects=False) as answer:
            assert answer.status == 303
        async with player.get(address) as answer:
            assert answer.status == 403


async def test_a_grant_shows_its_own_files_only_and_other_types_are_downloads(place: Scene) -> None:
    async with place.house.browser("lin") as browser, aiohttp.ClientSession() as player:
        address = (await shown(browser, place, sha256=name(PAPER)))[name(PAPER)]
        async with player.get(address) as answer:
            assert (answer.status, await answer.read()) == (200, PAPER)
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment;")
        async with player.get(urljoin(address, name(PHOTO))) as answer:
            assert answer.status == 403, "not in this grant"
        for other in ("A" * 43, "..", "A" * 42 + "%2e"):
            async with player.get(f"{place.viewer}/{other}/{name(PAPER)}") as answer:
                assert answer.status in (403, 404)


async def test_another_authority_and_the_administrator_are_given_nothing(place: Scene) -> None:
    for who, status in (("zhao", 404), ("bao", 403)):
        async with place.house.browser(who) as browser:
            async with browser.get("/") as page:
                token = form_token(await page.text())
            form = {"form_token": token, "purpose": "handling"}
            for fields in ({"kind": "task", "id": stories.TASK}, {"sha256": name(PHOTO)}):
                async with browser.post("/evidence", data={**form, **fields}, allow_redirects=False) as answer:
                    assert answer.status == status, who
            async with browser.get(f"/evidence/{name(PHOTO)}") as page:
                assert page.status == status
    assert await acts(place, "evidence.read.v1") == []


@pytest.mark.parametrize(
    "wrong",
    [{"purpose": "curiosity"}, {"purpose": ""}, {"kind": "officer"}, {"offset": "-1"}, {"sha256": "x"}],
    ids=["purpose", "no-purpose", "kind", "offset", "digest"],
)
async def test_a_form_that_asks_for_nonsense_is_told_so(place: Scene, wrong: dict[str, str]) -> None:
    async with place.house.browser("lin") as browser:
        async with browser.get(f"/tasks/{stories.TASK}") as page:
            token = form_token(await page.text())
        form = {"form_token": token, "purpose": "handling", "kind": "task", "id": stories.TASK, **wrong}
        async with browser.post("/evidence", data=form, allow_redirects=False) as answer:
            assert answer.status == 400


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_flipped_bit_is_never_served_wherever_it_is(place: Scene, part: int) -> None:
    async with place.house.browser("lin") as browser, aiohttp.ClientSession() as player:
        address = (await shown(browser, place))[name(PHOTO)]
        place.flip(PHOTO, part * MIB + 500)
        got = b""
        try:
            async with player.get(address) as answer:
                if answer.status == 200:
                    async for chunk in answer.content.iter_any():
                        got += chunk
                else:
                    assert part == 0
        except aiohttp.ClientError:
            assert part > 0, "it breaks off where the damage begins"
        assert PHOTO.startswith(got)
        assert len(got) <= part * MIB
        async with player.get(address) as answer:
            assert answer.status == 403, "known to be damaged now"
    damaged = await acts(place, "blob.damaged.v1")
    assert [(one["sha256"].hex(), one["state"]) for one in damaged] == [(name(PHOTO), "corrupt")]
    assert await place.missing() == [sha256(PHOTO).digest()]


async def test_a_damaged_file_is_noticed_before_leave_is_given_and_shown_again_when_it_came_again(place: Scene) -> None:
    place.flip(PHOTO, 7)
    place.path(FILM).unlink()
    async with place.house.browser("lin") as browser:
        assert await shown(browser, place) == {}
        assert sorted(await place.missing()) == sorted(sha256(data).digest() for data in (PHOTO, FILM))
        async with browser.get(f"/evidence/{name(PHOTO)}?lang=en") as page:
            assert "damaged: not shown, asked for again" in await page.text()
        await place.arrive(PHOTO)
        assert await place.missing() == [sha256(FILM).digest()]
        assert set(await shown(browser, place)) == {name(PHOTO)}
    assert {one["state"] for one in await acts(place, "blob.damaged.v1")} == {"corrupt", "lost"}


async def test_custody_tells_who_and_when_by_both_clocks(place: Scene) -> None:
    async with place.house.browser("lin") as browser:
        await shown(browser, place, sha256=name(PHOTO))
        await shown(browser, place)
        async with browser.get(f"/evidence/{name(PHOTO)}?lang=en") as page:
            html = await page.text()
            assert page.status == 200
    assert "Chain of custody" in html
    async with place.house.program() as program:
        async with program.get(f"/api/v1/evidence/{name(PHOTO)}") as answer:
            told = await answer.json()
        async with program.get(f"/api/v1/evidence/{'0' * 64}") as answer:
            assert answer.status == 404
    assert [step["kind"] for step in told["steps"]] == ["captured", "received", "read", "read"]
    captured, received, first, _ = told["steps"]
    assert captured["at"] == stories.T0 + 1_000
    assert captured["received"] > captured["at"]
    assert captured["terminal"] == told["terminal"]
    assert received["at"] is None
    assert (first["by"], first["detail"]["purpose"]) == (["lin"], "handling")
    assert (told["state"], told["size"], told["media_type"]) == ("held", len(PHOTO), "image/jpeg")
    assert told["checked"] >= told["received"]
