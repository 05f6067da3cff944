"""The gate: turns a cookie or an access token into a Person, lets people in and out.

Sign-in is throttled per account and per address in the database, so that several processes count together. Invariant:
nothing that a client chooses becomes a session: every sign-in makes a new one and ends the one before it.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Final

import asyncpg
import structlog
from aiohttp import web

from schemas.problems import Problem
from server.identity import store
from server.identity.passwords import PasswordChecker
from server.identity.person import ROLES, Person

log = structlog.get_logger("liuhen.identity")

WINDOW: Final = timedelta(minutes=15)
TRIES_OF_ACCOUNT: Final = 10
TRIES_OF_ADDRESS: Final = 60
SESSION_COOKIE: Final = "liuhen_session"
FORM_COOKIE: Final = "liuhen_form"
FORM_FIELD: Final = "form_token"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DatabaseGate:
    """Recognises people by what stands in schema `identity`. `pool` connects as liuhen_console.

    `secure`: browsers reach us by https, so cookies carry Secure and the __Host- prefix.
    `proxies`: addresses of our own reverse proxies, whose X-Forwarded-For is believed.
    """

    pool: asyncpg.Pool
    secure: bool = False
    proxies: frozenset[str] = frozenset()
    checker: PasswordChecker = field(default_factory=PasswordChecker)

    async def identify(self, request: web.Request) -> Person | None:
        """Return who asks, None without credentials or with a session that is over.

        Raises Problem unauthorized for a token that is not valid: a program must not go on as nobody.
        """
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            return await self._by_token(authorization)
        secret = request.cookies.get(self._name(SESSION_COOKIE), "")
        if _SECRET.fullmatch(secret) is None:
            return None
        row = await store.find_session(self.pool, secret)
        if row is None:
            return None
        return Person(
            name=row["name"],
            display=row["display"],
            authority=row["authority"],
            roles=frozenset(row["roles"]).intersection(ROLES),
            via="session",
            session=store.digest(secret),
            form_token=_form_token(secret),
            fresh=row["fresh"],
            officer=row["officer"],
            unit=row["unit"],
            unit_role=row["unit_role"],
            below=tuple(row["below"]),
        )

    async def _by_token(self, authorization: str) -> Person:
        scheme, _, token = authorization.partition(" ")
        row = None
        if scheme.lower() == "bearer" and _SECRET.fullmatch(token.strip().removeprefix(store.TOKEN_PREFIX)):
            row = await store.find_token(self.pool, token.strip())
        if row is None:
            raise Problem("unauthorized", "the access token is unknown, revoked or expired")
        return Person(
            name=row["label"],
            display=row["label"],
            authority=row["authority"],
            roles=frozenset((row["role"],)).intersection(ROLES),
            via="token",
            session=store.digest(token.strip()),
            below=tuple(row["below"]),
        )

    async def sign_in(self, request: web.Request, name: str, password: str) -> str | None:
        """Open a session and return the secret for `remember`; None when name or password is wrong.

        Raises Problem quota_exceeded after too many tries, overloaded when too many sign in at once.
        """
        account = await self._matching(request, name.strip().lower(), password)
        return None if account is None else await self.open(request, account.name)

    async def prove(self, request: web.Request, person: Person, password: str) -> bool:
        """Whether whoever sits at an open session is still its officer; noted in the session. Raises as `sign_in`."""
        if await self._matching(request, person.name, password) is None:
            return False
        await store.prove_session(self.pool, person.session)
        log.info("proved", session=person.session.hex()[:12])
        return True

    async def _matching(self, request: web.Request, name: str, password: str) -> store.Account | None:
        """The account of that name if the password is right; every try is counted first."""
        of_account, of_address = _subject("account", name), _subject("address", self._address(request))
        if await self._tries(of_address) > TRIES_OF_ADDRESS or await self._tries(of_account) > TRIES_OF_ACCOUNT:
            log.warning("sign_in_throttled", account=of_account.hex()[:12])
            raise Problem("quota_exceeded", "too many sign-ins were tried", retry_after=int(WINDOW.total_seconds()))
        account = await store.find_account(self.pool, name)
        try:
            right = await self.checker.matches(None if account is None else account.password, password)
        except TimeoutError:
            raise Problem("overloaded", "too many people are signing in at once") from None
        if not right or account is None:
            log.info("sign_in_refused", account=of_account.hex()[:12])
            return None
        await self.pool.execute(store.queries()["forgive"], of_account, True)
        await self.pool.execute(store.queries()["forgive"], of_address, False)
        return account

    async def open(self, request: web.Request, name: str) -> str | None:
        """Open a session for an account whose holder is known; the session that this browser had ends."""
        await self.end(request)
        secret = await store.open_session(self.pool, name)
        if secret is not None:
            log.info("signed_in", session=store.digest(secret).hex()[:12])
        return secret

    async def end(self, request: web.Request) -> None:
        """End the session that this browser has, if any. Repeatable."""
        secret = request.cookies.get(self._name(SESSION_COOKIE), "")
        if _SECRET.fullmatch(secret):
            await store.end_session(self.pool, secret)

    def remember(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser its session; it ends with the browser or at the limits of the server, whichever is first."""
        self._set(response, SESSION_COOKIE, secret)
        self._drop(response, FORM_COOKIE)

    def forget(self, response: web.StreamResponse) -> None:
        """Take the session's cookie away."""
        self._drop(response, SESSION_COOKIE)

    def form_secret(self, request: web.Request) -> str:
        """What stands in the form cookie of a browser that is not signed in, or a new value to be put there."""
        secret = request.cookies.get(self._name(FORM_COOKIE), "")
        return secret if _SECRET.fullmatch(secret) else store.new_secret()

    def remember_form(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser that secret."""
        self._set(response, FORM_COOKIE, secret)

    def form_token(self, secret: str) -> str:
        """The token that a form has to carry beside that cookie."""
        return _form_token(secret)

    def check_form(self, request: web.Request, person: Person | None, form: dict[str, str]) -> None:
        """Raise Problem forbidden unless the form carries the token that this browser was given."""
        if person is not None:
            expected = person.form_token
        else:
            secret = request.cookies.get(self._name(FORM_COOKIE), "")
            expected = _form_token(secret) if _SECRET.fullmatch(secret) else ""
        came = form.pop(FORM_FIELD, "")
        if not expected or not hmac.compare_digest(expected.encode(), came.encode()):
            raise Problem("forbidden", "the form is out of date: open the page again and repeat")

    async def _tries(self, subject: bytes) -> int:
        number: int = await self.pool.fetchval(store.queries()["attempt"], subject, WINDOW)
        return number

    def _address(self, request: web.Request) -> str:
        came = request.remote or ""
        if came in self.proxies:
            return request.headers.get("X-Forwarded-For", came).rpartition(",")[2].strip()
        return came

    def _name(self, cookie: str) -> str:
        return f"__Host-{cookie}" if self.secure else cookie

    def _set(self, response: web.StreamResponse, cookie: str, value: str) -> None:
        response.set_cookie(self._name(cookie), value, path="/", secure=self.secure, httponly=True, samesite="Lax")

    def _drop(self, response: web.StreamResponse, cookie: str) -> None:
        response.del_cookie(self._name(cookie), path="/", secure=self.secure, httponly=True, samesite="Lax")


def _form_token(secret: str) -> str:
    """The token of a browser's forms, derived from its cookie: known to our pages only, nothing to store."""
    return sha256(b"liuhen form v1\n" + secret.encode()).hexdigest()


def _subject(kind: str, value: str) -> bytes:
    return sha256(f"liuhen sign-in v1\n{kind}\n{value}".encode()).digest()
