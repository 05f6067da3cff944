"""Signing in with an identity provider: OpenID Connect, authorization code with PKCE, one provider per installation.

    begin     a sealed cookie keeps state, nonce and code verifier; the browser goes to the provider
    finish    state as kept, code exchanged, ID token: signature, iss, aud, azp, exp, iat, nonce; the answer is `sub`

Accounts are linked by (issuer, subject), never by a name or an address, and never made here. Invariant: nothing that
the browser brings is believed but what the provider signed for this very sign-in.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import aiohttp
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from server.identity.sealing import SealBroken, Sealer

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "Ed25519")
"""Signatures with a key of the provider; none that a shared secret could make."""
LIFE_SECONDS: Final = 600
LEEWAY_SECONDS: Final = 60
MAX_ANSWER: Final = 256 * 1024
WAIT: Final = aiohttp.ClientTimeout(total=10)
_BOUND: Final = "\noidc"
log = structlog.get_logger("liuhen.identity")


class OidcRefused(Exception):
    """A sign-in with the provider failed; the message says at which check, and holds nothing that came."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a browser keeps, sealed, while it is at the provider. `link`: the session to link with, "" to sign in."""

    state: str
    nonce: str
    verifier: str
    following: str
    link: str
    until: float


@dataclass(slots=True)
class Provider:
    """The provider of an installation. `issuer` without a slash at its end; https, or http on loopback."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    sealer: Sealer = field(repr=False)
    clock: Callable[[], float] = time.time
    _known: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None

    def __post_init__(self) -> None:
        """Refuse an issuer to which secrets would go in the clear."""
        if not _safe(self.issuer):
            raise OidcRefused("the issuer must be https, or http on loopback")

    async def begin(self, redirect: str, following: str, link: str = "") -> tuple[str, str]:
        """(where the browser goes, what it keeps). Raises OidcRefused where the provider cannot be reached."""
        known = await self._metadata()
        kept = Kept(
            secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), following, link,
            self.clock() + LIFE_SECONDS,
        )  # fmt: skip
        challenge = base64.urlsafe_b64encode(sha256(kept.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "scope": "openid", "client_id": self.client, "redirect_uri": redirect,
            "state": kept.state, "nonce": kept.nonce, "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        place = str(known["authorization_endpoint"])
        where = f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"
        data = json.dumps([getattr(kept, name) for name in Kept.__slots__]).encode()
        return where, base64.urlsafe_b64encode(self.sealer.seal(_BOUND, data)).decode().rstrip("=")

    async def finish(self, redirect: str, query: Mapping[str, str], cookie: str) -> tuple[str, Kept]:
        """(`sub`, what was kept) of a browser that comes back. Raises OidcRefused."""
        kept = self._kept(cookie)
        if not hmac.compare_digest(query.get("state", "").encode(), kept.state.encode()):
            raise OidcRefused("state: this browser did not begin this sign-in")
        if "error" in query:
            raise OidcRefused("the provider refused")
        if query.get("iss", self.issuer).rstrip("/") != self.issuer:
            raise OidcRefused("iss: the answer is another provider's")  # RFC 9207
        code = query.get("code", "")
        if not 1 <= len(code) <= 4096:
            raise OidcRefused("code: expected one")
        known = await self._metadata()
        answer = await self._ask(
            str(known["token_endpoint"]),
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect,
                "code_verifier": kept.verifier,
            },
        )
        return await self._subject(answer.get("id_token"), kept.nonce), kept

    def _kept(self, cookie: str) -> Kept:
        try:
            raw = base64.urlsafe_b64decode(cookie.encode("ascii") + b"=" * (-len(cookie) % 4))
            kept = Kept(*json.loads(self.sealer.open(_BOUND, raw)))
        except (ValueError, UnicodeError, SealBroken, TypeError):
            raise OidcRefused("this browser did not begin a sign-in here") from None
        if kept.until < self.clock():
            raise OidcRefused("the sign-in took too long")
        return kept

    async def _subject(self, token: object, nonce: str) -> str:
        if not isinstance(token, str) or len(token) > MAX_ANSWER:
            raise OidcRefused("id_token: expected one")
        try:
            claims = jwt.decode(token, await self._key_set(), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError):
            # Perhaps a new key of the provider: asked for once, then the token stands or falls.
            try:
                claims = jwt.decode(token, await self._key_set(anew=True), algorithms=list(ALGORITHMS)).claims
            except (JoseError, ValueError):
                raise OidcRefused("id_token: its signature is none of the provider's keys") from None
        now = self.clock()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if str(claims.get("iss", "")).rstrip("/") != self.issuer:
            raise OidcRefused("id_token: iss is another provider")
        if self.client not in audiences or (len(audiences) > 1 and claims.get("azp") != self.client):
            raise OidcRefused("id_token: aud is another client")
        if not _number(claims.get("exp")) or claims["exp"] < now - LEEWAY_SECONDS:
            raise OidcRefused("id_token: exp is over")
        if not _number(claims.get("iat")) or not now - LIFE_SECONDS <= claims["iat"] <= now + LEEWAY_SECONDS:
            raise OidcRefused("id_token: iat is not now")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise OidcRefused("id_token: nonce is of another sign-in")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise OidcRefused("id_token: expected a sub of at most 255 characters")
        return subject

    async def _metadata(self) -> dict[str, Any]:
        if not self._known:
            found = await self._ask(f"{self.issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self.issuer:
                raise OidcRefused("the provider's own description names another issuer")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not _safe(str(found.get(name, ""))):
                    raise OidcRefused(f"the provider's description has no safe {name}")
            self._known = found
        return self._known

    async def _key_set(self, *, anew: bool = False) -> KeySet:
        if self._keys is None or anew:
            found = await self._ask(str((await self._metadata())["jwks_uri"]))
            try:
                self._keys = KeySet.import_key_set(found)  # type: ignore[arg-type]  # checked by what it raises
            except (JoseError, KeyError, TypeError, ValueError):
                raise OidcRefused("the provider's keys cannot be read") from None
        return self._keys

    def _login(self) -> dict[str, str]:
        """client_secret_basic (RFC 6749, section 2.3.1)."""
        pair = f"{quote_plus(self.client)}:{quote_plus(self.secret)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    async def _ask(self, place: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A JSON object of the provider: no redirects, in time, of bounded size."""
        try:
            async with aiohttp.ClientSession(timeout=WAIT, trust_env=False) as session:
                if form is None:
                    asked = session.get(place, allow_redirects=False)
                else:
                    asked = session.post(place, data=dict(form), headers=self._login(), allow_redirects=False)
                async with asked as answer:
                    raw = await answer.content.read(MAX_ANSWER + 1)
                    if answer.status != 200 or len(raw) > MAX_ANSWER or not answer.content.at_eof():
                        raise OidcRefused(f"the provider answered with {answer.status}")
            found = json.loads(raw)
        except (TimeoutError, aiohttp.ClientError, ValueError) as fault:
            log.warning("provider_away", error=type(fault).__name__)
            raise OidcRefused("the provider cannot be reached or does not answer as expected") from None
        if not isinstance(found, dict):
            raise OidcRefused("the provider does not answer as expected")
        return found


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))
