"""The gate: turns a cookie or an access token into a Person, lets people in and out.

Sign-in is throttled per account and per address in the database, so that several processes count together. Invariant:
nothing that a client chooses becomes a session: every sign-in makes a new one and ends the one before it.
"""

from __future__ import annotations

import contextlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Final

import asyncpg
import structlog
from aiohttp import web

from schemas.problems import Problem
from server.identity import codes, store
from server.identity.oidc import Provider
from server.identity.passwords import PasswordChecker
from server.identity.person import ROLES, Person
from server.identity.sealing import SealBroken, Sealer

log = structlog.get_logger("liuhen.identity")

WINDOW: Final = timedelta(minutes=15)
TRIES_OF_ACCOUNT: Final = 10
TRIES_OF_ADDRESS: Final = 60
SESSION_COOKIE: Final = "liuhen_session"
FORM_COOKIE: Final = "liuhen_form"
WAITING_COOKIE: Final = "liuhen_sign_in"
OUTSIDE_COOKIE: Final = "liuhen_outside"
MAX_OUTSIDE: Final = 4096
FORM_FIELD: Final = "form_token"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in. `whole`: `secret` is that of a session; else it waits for a code."""

    secret: str
    whole: bool


@dataclass(frozen=True, slots=True)
class DatabaseGate:
    """Recognises people by what stands in schema `identity`. `pool` connects as liuhen_console.

    `secure`: browsers reach us by https, so cookies carry Secure and the __Host- prefix.
    `proxies`: addresses of our own reverse proxies, whose X-Forwarded-For is believed.
    `sealer`: the key of second factors; without it none can be set up or used.
    `required`: roles that need a second factor.
    `clock`: seconds since 1970, for one-time codes.
    `provider`: the identity provider, where one is set up.
    """

    pool: asyncpg.Pool
    secure: bool = False
    proxies: frozenset[str] = frozenset()
    checker: PasswordChecker = field(default_factory=PasswordChecker)
    sealer: Sealer | None = None
    required: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.time
    provider: Provider | None = None

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
        roles = frozenset(row["roles"]).intersection(ROLES)
        return Person(
            name=row["name"],
            display=row["display"],
            authority=row["authority"],
            roles=roles,
            via="session",
            session=store.digest(secret),
            form_token=_form_token(secret),
            fresh=row["fresh"],
            officer=row["officer"],
            unit=row["unit"],
            unit_role=row["unit_role"],
            below=tuple(row["below"]),
            factor=row["factor"],
            factors=row["factors"],
            unfinished=row["factors"] < 2 and not self.required.isdisjoint(roles),
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

    async def sign_in(self, request: web.Request, name: str, password: str) -> Begun | None:
        """Open a session, or wait for a code where the account has a second factor; None for a wrong name or password.

        Raises Problem quota_exceeded after too many tries, overloaded when too many sign in at once.
        """
        account = await self._matching(request, name.strip().lower(), password)
        if account is None:
            return None
        if account.factor:
            return Begun(await store.begin_sign_in(self.pool, account.name), whole=False)
        secret = await self.open(request, account.name, factors=1)
        return None if secret is None else Begun(secret, whole=True)

    async def sign_in_code(self, request: web.Request, code: str) -> Begun | None:
        """Open the session behind a right code. What waits goes on waiting after a wrong one: `whole` is then False.

        None where nothing waits any more: the password is to be given again. Raises Problem quota_exceeded.
        """
        waiting = request.cookies.get(self._name(WAITING_COOKIE), "")
        if _SECRET.fullmatch(waiting) is None:
            return None
        await self._count("factor of address", self._address(request), TRIES_OF_ADDRESS)
        name = await store.try_sign_in(self.pool, waiting)
        if name is None:
            return None
        if not await self._code_matches(name, code):
            return Begun(waiting, whole=False)
        await store.end_sign_in(self.pool, waiting)
        secret = await self.open(request, name, factors=2)
        return None if secret is None else Begun(secret, whole=True)

    async def prove(self, request: web.Request, person: Person, given: str) -> bool:
        """Whether whoever sits at an open session is still its officer; noted in the session. Raises as `sign_in`.

        `given` is a code where the account has a second factor, else the password.
        """
        if person.factor:
            right = await self._code_matches(person.name, given)
        else:
            right = await self._matching(request, person.name, given) is not None
        if right:
            await store.prove_session(self.pool, person.session)
            log.info("proved", session=person.session.hex()[:12])
        return right

    async def check_password(self, request: web.Request, person: Person, password: str) -> bool:
        """Whether that is the password of who is signed in. Raises as `sign_in`."""
        return await self._matching(request, person.name, password) is not None

    async def _matching(self, request: web.Request, name: str, password: str) -> store.Account | None:
        """The account of that name if the password is right; every try is counted first."""
        address = self._address(request)
        of_address = await self._count("address", address, TRIES_OF_ADDRESS)
        of_account = await self._count("account", name, TRIES_OF_ACCOUNT)
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

    async def _code_matches(self, name: str, given: str) -> bool:
        """Whether a code or a recovery code of the account was given that nobody used before; with that it is used.

        Tries are counted apart from those of passwords: a right password takes none of them back.
        """
        of_account = await self._count("factor", name, TRIES_OF_ACCOUNT)
        right = await self._use_code(name, given)
        if not right:
            log.info("code_refused", account=of_account.hex()[:12])
            return False
        await self.pool.execute(store.queries()["forgive"], of_account, True)
        return True

    async def _use_code(self, name: str, given: str) -> bool:
        recovery = codes.recovery_digest(given)
        if recovery is not None:
            return await store.use_recovery(self.pool, name, recovery)
        for step in await self._steps(name, given, confirmed=True):
            if await store.use_step(self.pool, name, step):
                return True
        return False

    async def _steps(self, name: str, code: str, *, confirmed: bool) -> list[int]:
        found = await store.find_factor(self.pool, name)
        if found is None or found[1] is not confirmed or self.sealer is None:
            return []
        try:
            secret = self.sealer.open(name, found[0])
        except SealBroken:
            log.error("factor_sealed_with_another_key")
            return []
        return codes.matching_steps(secret, code, self.clock())

    async def offer_factor(self, person: Person) -> bytes | None:
        """The secret that an authenticator app is to be given, kept until a code confirms it; None if one is confirmed.

        One that was offered before is offered again, so that a page that is opened twice shows the same.
        Raises Problem not_ready where there is no key to seal it with.
        """
        if self.sealer is None:
            raise Problem("not_ready", "second factors cannot be set up here: the folder of keys is not at hand")
        found = await store.find_factor(self.pool, person.name)
        if found is not None and found[1]:
            return None
        if found is not None:
            with contextlib.suppress(SealBroken):
                return self.sealer.open(person.name, found[0])
        secret = codes.new_secret()
        kept = await store.offer_factor(self.pool, person.session, self.sealer.seal(person.name, secret))
        return secret if kept else None

    async def confirm_factor(self, person: Person, code: str) -> list[str] | None:
        """Recovery codes, shown once, when the code is right; None when it is wrong. Raises Problem quota_exceeded."""
        await self._count("factor", person.name, TRIES_OF_ACCOUNT)
        steps = await self._steps(person.name, code, confirmed=False)
        if not steps:
            return None
        written, digests = _recovery()
        if not await store.confirm_factor(self.pool, person.session, steps[0], digests):
            return None
        await self.pool.execute(store.queries()["forgive"], _subject("factor", person.name), True)
        log.info("factor_set", session=person.session.hex()[:12])
        return written

    async def new_recovery_codes(self, person: Person) -> list[str] | None:
        """New recovery codes in the place of all before; None without a second factor."""
        written, digests = _recovery()
        return written if await store.new_recovery_codes(self.pool, person.session, digests) else None

    async def drop_factor(self, person: Person) -> bool:
        """Ask for no codes any more. Raises Problem forbidden where a role of this person needs them."""
        if person.may(self.required):
            raise Problem(
                "forbidden", "one of your roles needs a second factor: ask for a reset instead of dropping it"
            )
        return await store.drop_factor(self.pool, person.session)

    async def open(self, request: web.Request, name: str, *, factors: int) -> str | None:
        """Open a session for an account whose holder is known; the session that this browser had ends."""
        await self.end(request)
        agent = "".join(one if one.isprintable() else " " for one in request.headers.get("User-Agent", ""))
        secret = await store.open_session(self.pool, name, factors=factors, agent=agent)
        if secret is not None:
            log.info("signed_in", session=store.digest(secret).hex()[:12], factors=factors)
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
        self._drop(response, WAITING_COOKIE)

    def remember_waiting(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser what it comes back with, with a code. It opens nothing by itself."""
        self._set(response, WAITING_COOKIE, secret)

    def remember_outside(self, response: web.StreamResponse, kept: str) -> None:
        """Give the browser what it keeps while it is at the identity provider; sealed."""
        self._set(response, OUTSIDE_COOKIE, kept)

    def outside(self, request: web.Request) -> str:
        """What the browser kept."""
        return request.cookies.get(self._name(OUTSIDE_COOKIE), "")[:MAX_OUTSIDE]

    def forget_outside(self, response: web.StreamResponse) -> None:
        """Take it away: it was good once."""
        self._drop(response, OUTSIDE_COOKIE)

    def waits(self, request: web.Request) -> bool:
        """Whether this browser was told to come back with a code."""
        return _SECRET.fullmatch(request.cookies.get(self._name(WAITING_COOKIE), "")) is not None

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

    async def _count(self, kind: str, value: str, most: int) -> bytes:
        """Count a try, before anything is looked at; returns under what. Raises Problem quota_exceeded."""
        subject = _subject(kind, value)
        number: int = await self.pool.fetchval(store.queries()["attempt"], subject, WINDOW)
        if number > most:
            log.warning("sign_in_throttled", kind=kind, subject=subject.hex()[:12])
            raise Problem("quota_exceeded", "too many sign-ins were tried", retry_after=int(WINDOW.total_seconds()))
        return subject

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


def _recovery() -> tuple[list[str], list[bytes]]:
    """Recovery codes as they are written down, and as they are stored."""
    written = codes.new_recovery_codes()
    return written, [stored for one in written if (stored := codes.recovery_digest(one)) is not None]


def _subject(kind: str, value: str) -> bytes:
    return sha256(f"liuhen sign-in v1\n{kind}\n{value}".encode()).digest()
