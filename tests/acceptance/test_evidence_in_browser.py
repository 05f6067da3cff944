"""Pictures and sound of a task in a real browser: they play in the page, from an origin that is sent no cookie.

The pages with files are judged as all others are: both languages, narrow and wide, against WCAG 2.2 AA.
"""

from __future__ import annotations

import io
import math
import struct
import wave
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Page

from ops import browser as needs
from tests.house.test_pages import Visit, chromium, context_of, sign_in
from tests.support import projections as stories
from tests.support.evidence import Scene, scene
from tests.support.postgres import TestDatabase
from tests.support.projections import eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium"),
]


def picture() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((160, 120)).save(out, "JPEG")
    return out.getvalue()


def sound() -> bytes:
    """Two seconds of a tone, two MiB and more: a player asks for parts of it."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(8)
        file.setsampwidth(2)
        file.setframerate(96_000)
        tone = (int(8_000 * math.sin(number / 20)) for number in range(2 * 96_000))
        file.writeframes(b"".join(struct.pack("<h", value) * 8 for value in tone))
    return out.getvalue()


async def seen(page: Page, condition: str) -> None:
    """Wait until the page says so; `wait_for_function` would need a right that our pages do not give."""
    await eventually(lambda: page.evaluate(condition))


@pytest.fixture
async def place(database: TestDatabase, short_folder: Path) -> AsyncIterator[Scene]:
    async with scene(database, short_folder) as made:
        await made.record(picture(), "image/jpeg")
        await made.record(sound(), "audio/wav")
        yield made


async def test_files_play_in_the_page_and_their_origin_is_sent_no_cookie(place: Scene) -> None:
    cookies: list[bool] = []
    drawn = (
        "[...document.querySelectorAll('img.evidence')].filter(one => one.complete && one.naturalWidth === 160).length"
    )
    async with chromium() as browser:
        state = await sign_in(browser, place.house, "lin")
        for language, width in (("zh", 360), ("en", 1440)):
            async with context_of(browser, width, "light", state) as context:
                asked: list[Any] = []
                visit = Visit(await context.new_page(), place.house.url)
                page = visit.page
                page.on("request", lambda one, kept=asked: kept.append(one))
                await visit.look(f"/tasks/{stories.TASK}?lang={language}")
                await page.select_option("#purpose", "legal_review")
                await page.click("form.inline button")
                await page.wait_for_selector("audio.evidence")
                await page.locator("img.evidence").last.scroll_into_view_if_needed()
                await seen(page, f"{drawn} === 1")
                await seen(page, "document.querySelector('audio.evidence').readyState >= 1")
                assert await page.evaluate("document.querySelector('audio.evidence').duration") == pytest.approx(2.0)
                await page.evaluate("() => { document.querySelector('audio.evidence').currentTime = 1.7 }")
                await seen(page, "!document.querySelector('audio.evidence').seeking")
                await visit.judge()
                address = f"{place.house.url}/evidence/{sha256(picture()).hexdigest()}"
                await page.goto(address)
                await visit.judge()
                await page.click("form.inline button")
                await seen(page, f"{drawn} === 1")
                await visit.judge()
                # Two of the scene's files are no real media; the browser says so, and nothing else is wrong.
                assert [one for one in visit.faults if "asks elsewhere" not in one and "console" not in one] == []
                cookies += ["cookie" in await one.all_headers() for one in asked if one.url.startswith(place.viewer)]
                assert any(["cookie" in await one.all_headers() for one in asked]), (
                    "ours are sent one: the look is right"
                )
    assert len(cookies) >= 6
    assert not any(cookies)
