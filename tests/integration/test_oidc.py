"""Signing in with an identity provider that runs beside the test: what it signs opens a linked account only."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import aiohttp
import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from server.identity.oidc import OidcRefused, Provider
from server.identity.sealing import Sealer
from tests.support.postgres import TestDatabase
from tests.support.web import House, form_token, open_house, owner

CLIENT, SECRET, SUBJECT = "liuhen", "a client secret of sorts", "subject-7c1e"
Claims = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class FakeProvider:
    """An OpenID provider as the specification has it; a test may bend one thing."""

    issuer: str = ""
    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1"}))
    signs: Any = None
    algorithm: str = "ES256"
    bend: Claims = dict
    subject: str = SUBJECT
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """code -> what the browser came with."""
    names_itself: str = ""
    exchanged: int = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self.describe)
        app.router.add_get("/authorize", self.authorize)
        app.router.add_post("/token", self.token)
        app.router.add_get("/keys", self.keys)
        return app

    async def describe(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.names_itself or self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
            }
        )  # fmt: skip

    async def keys(self, _: web.Request) -> web.Response:
        return web.json_response(KeySet([self.key]).as_dict(private=False))

    async def authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        assert query["response_type"] == "code"
        assert query["scope"] == "openid"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = query
        raise web.HTTPFound(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        login = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        assert [unquote_plus(part) for part in login.split(":")] == [CLIENT, SECRET]
        asked = self.asked.pop(str(form["code"]), None)
        if asked is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        challenge = base64.urlsafe_b64encode(sha256(str(form["code_verifier"]).encode()).digest()).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"], "PKCE"
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": self.subject, "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": asked["nonce"],
        }  # fmt: skip
        header = {"alg": self.algorithm, "kid": "k1"}
        algorithms = [self.algorithm]
        token = jwt.encode(header, self.bend(claims), self.signs or self.key, algorithms=algorithms)
        self.exchanged += 1
        return web.json_response({"id_token": token, "token_type": "Bearer", "access_token": "x"})


@dataclass
class Place:
    house: House
    fake: FakeProvider
    provider: Provider


@pytest.fixture
async def place(database: TestDatabase, short_folder: Path) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        fake = FakeProvider()
        runner = web.AppRunner(fake.app(), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        fake.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
        provider = Provider(fake.issuer, CLIENT, SECRET, Sealer(bytes(32)))
        house = await stack.enter_async_context(
            open_house(database, short_folder, people=("lin", "he"), provider=provider)
        )
        yield Place(house, fake, provider)


async def outside(browser: aiohttp.ClientSession, start: str = "/sign-in/oidc?next=%2Fcases") -> tuple[int, str]:
    """Go to the provider and come back, as a browser does; the status and where that leads, or what it says."""
    async with browser.get(start, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        there = answer.headers["Location"]
    return await come_back(browser, await through(there))


async def through(there: str) -> str:
    async with aiohttp.ClientSession() as client, client.get(there, allow_redirects=False) as answer:
        return answer.headers["Location"]


async def come_back(browser: aiohttp.ClientSession, where: str) -> tuple[int, str]:
    async with browser.get(where, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


async def link(place: Place, name: str = "lin") -> None:
    async with place.house.browser(name) as browser:
        async with browser.get("/account") as page:
            token = form_token(await page.text())
        async with browser.post("/account/oidc", data={"form_token": token}, allow_redirects=False) as answer:
            assert answer.status == 303
            there = answer.headers["Location"]
        assert await come_back(browser, await through(there)) == (303, "/account?done=linked")


def signed_in(browser: aiohttp.ClientSession) -> bool:
    return any(cookie.key == "liuhen_session" for cookie in browser.cookie_jar)


async def test_a_linked_account_signs_in_and_one_that_is_not_is_never_made(place: Place) -> None:
    async with place.house.browser() as browser:
        status, page = await outside(browser)
        assert (status, "未关联本系统账号" in page, signed_in(browser)) == (403, True, False)
    async with owner(place.house.database) as connection:
        assert await connection.fetchval("SELECT count(*) FROM identity.users") == 2, "no account was made"
    await link(place)
    async with place.house.browser() as browser:
        assert await outside(browser) == (303, "/cases")
        async with browser.get("/account") as page:
            assert "林晓" in await page.text()
    async with place.house.browser("he") as browser:
        async with browser.get("/account") as page:
            token = form_token(await page.text())
        async with browser.post("/account/oidc", data={"form_token": token}, allow_redirects=False) as answer:
            there = answer.headers["Location"]
        status, _ = await come_back(browser, await through(there))
        assert status == 409, "one identity, one account"


async def test_a_link_is_undone_and_a_closed_account_stays_closed(place: Place) -> None:
    await link(place)
    async with owner(place.house.database) as connection:
        await connection.execute("UPDATE identity.users SET disabled = true WHERE name = 'lin'")
        async with place.house.browser() as browser:
            assert (await outside(browser))[0] == 403
        await connection.execute("UPDATE identity.users SET disabled = false WHERE name = 'lin'")
    async with place.house.browser("lin") as browser:
        async with browser.get("/account") as page:
            token = form_token(await page.text())
        async with browser.post("/account/oidc/unlink", data={"form_token": token}, allow_redirects=False) as answer:
            assert answer.status == 303
    async with place.house.browser() as browser:
        assert (await outside(browser))[0] == 403


BENT: dict[str, Claims] = {
    "another issuer": lambda c: c | {"iss": "https://elsewhere.example"},
    "another client": lambda c: c | {"aud": "other"},
    "two clients and no azp": lambda c: c | {"aud": [CLIENT, "other"]},
    "over": lambda c: c | {"exp": c["iat"] - 120},
    "no end": lambda c: {k: v for k, v in c.items() if k != "exp"},
    "long ago": lambda c: c | {"iat": c["iat"] - 3600},
    "another sign-in": lambda c: c | {"nonce": "x"},
    "no nonce": lambda c: {k: v for k, v in c.items() if k != "nonce"},
    "no subject": lambda c: {k: v for k, v in c.items() if k != "sub"},
    "a subject that is no text": lambda c: c | {"sub": 7},
}


async def test_what_the_provider_says_is_held_against_this_very_sign_in(place: Place) -> None:
    await link(place)
    for name, bend in BENT.items():
        place.fake.bend = bend
        async with place.house.browser() as browser:
            assert (await outside(browser))[0] == 403, name
            assert not signed_in(browser), name
    place.fake.bend = lambda claims: claims | {"aud": [CLIENT, "other"], "azp": CLIENT}
    async with place.house.browser() as browser:
        assert (await outside(browser))[0] == 303, "the control"


async def test_only_a_key_of_the_provider_signs(place: Place) -> None:
    await link(place)
    public = place.fake.key.as_pem(private=False)
    for signs, algorithm in (
        (ECKey.generate_key("P-256", {"kid": "k1"}), "ES256"),
        (OctKey.import_key(SECRET.encode() * 2, {"kid": "k1"}), "HS256"),
        (OctKey.import_key(sha256(public).digest(), {"kid": "k1"}), "HS256"),
    ):
        place.fake.signs, place.fake.algorithm = signs, algorithm
        async with place.house.browser() as browser:
            assert (await outside(browser))[0] == 403, algorithm
            assert not signed_in(browser)
    place.fake.key, place.fake.signs, place.fake.algorithm = RSAKey.generate_key(2048, {"kid": "k1"}), None, "RS256"
    async with place.house.browser() as browser:
        assert (await outside(browser))[0] == 303, "a new key of the provider is asked for"


async def test_an_answer_is_good_once_for_the_browser_that_asked(place: Place) -> None:
    await link(place)
    async with place.house.browser() as browser, place.house.browser() as other:
        async with browser.get("/sign-in/oidc", allow_redirects=False) as answer:
            where = await through(answer.headers["Location"])
        before = place.fake.exchanged
        assert (await come_back(other, where))[0] == 403, "an answer planted in another browser"
        forged = where.replace("state=", "state=x")
        assert (await come_back(browser, forged))[0] == 403
        assert place.fake.exchanged == before, "the code was not even shown to the provider"
    async with place.house.browser() as browser:
        async with browser.get("/sign-in/oidc", allow_redirects=False) as answer:
            where = await through(answer.headers["Location"])
        assert (await come_back(browser, where + "&iss=https%3A%2F%2Felsewhere.example"))[0] == 403, "RFC 9207"
    async with place.house.browser() as browser:
        async with browser.get("/sign-in/oidc", allow_redirects=False) as answer:
            query = parse_qs(urlsplit(answer.headers["Location"]).query)
            where = await through(answer.headers["Location"])
        assert query["client_id"] == [CLIENT]
        assert (await come_back(browser, where))[0] == 303
        assert (await come_back(browser, where))[0] == 403, "twice"


async def test_sign_in_from_outside_leads_to_pages_of_ours_only(place: Place) -> None:
    await link(place)
    async with place.house.browser() as browser:
        assert await outside(browser, "/sign-in/oidc?next=%2F%2Felsewhere.example") == (303, "/")


async def test_a_provider_that_is_away_or_describes_another_is_told_of(place: Place) -> None:
    place.fake.names_itself = "https://elsewhere.example"
    async with place.house.browser() as browser, browser.get("/sign-in/oidc", allow_redirects=False) as answer:
        assert answer.status == 403
        assert "another issuer" in await answer.text()
    away = Provider("http://127.0.0.1:9", CLIENT, SECRET, Sealer(bytes(32)))
    with pytest.raises(OidcRefused, match="cannot be reached"):
        await away.begin("http://x/back", "/")
    with pytest.raises(OidcRefused, match="https"):
        Provider("http://id.example", CLIENT, SECRET, Sealer(bytes(32)))
