"""Accounts, sessions and tokens in the database, by named queries.

Two kinds of callers: the console's role, which can call the functions of schema `identity` and nothing else, and the
administrator's commands, which connect as the owner. Invariant: secrets (cookie values, tokens) are made here with 256
bits of randomness and stored as SHA-256 only.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any, Final

import asyncpg

from server.identity.person import APART, ROLES, SEES_BELOW

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)
FRESH: Final = timedelta(minutes=5)
"""How long a password or code that was given counts as given just now."""
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
AUTHORITY: Final = re.compile(r"[0-9A-Za-z._-]{1,128}")
SIGN_IN_LIFE: Final = timedelta(minutes=5)
"""How long a sign-in whose password was right waits for the code."""
TRIES_OF_SIGN_IN: Final = 5
MAX_AGENT: Final = 200
TOKEN_PREFIX: Final = "lht_"  # noqa: S105 - lets a scanner of leaked secrets know one
MAX_TOKEN_LIFE: Final = timedelta(days=366)


class IdentityRefused(Exception):
    """An account or token cannot be made or changed; the message says what was expected and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as sign-in needs it; `password` is the argon2id hash, None while none was chosen yet.

    `factor`: a code is asked for behind the password.
    """

    name: str
    display: str
    authority: str
    roles: frozenset[str]
    password: str | None
    factor: bool


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of the open sessions of an officer. `factors` as the session was opened, `agent` what the browser says."""

    session: bytes
    opened: datetime
    seen: datetime
    factors: int
    agent: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `liuhen user list`."""

    name: str
    display: str
    authority: str
    roles: tuple[str, ...]
    disabled: bool
    created: datetime


def new_secret() -> str:
    """256 random bits as text for a cookie or a token."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a secret. It has 256 bits of randomness, so a plain SHA-256 cannot be turned around."""
    return sha256(secret.encode()).digest()


@cache
def queries() -> Mapping[str, str]:
    """The named queries of queries.sql."""
    text = (resources.files("server.identity") / "queries.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return {parts[i]: parts[i + 1].strip() for i in range(1, len(parts), 2)}


# -- what the console asks for -----------------------------------------------------------------------------------------


async def find_account(pool: asyncpg.Pool, name: str) -> Account | None:
    """The account of that name, None when there is none or it is disabled."""
    if NAME.fullmatch(name) is None:
        return None
    row = await pool.fetchrow(queries()["account"], name)
    if row is None:
        return None
    return Account(
        row["name"], row["display"], row["authority"], frozenset(row["roles"]), row["password"], row["factor"]
    )


async def open_session(pool: asyncpg.Pool, name: str, *, factors: int = 1, agent: str = "") -> str | None:
    """Open a session and return the value of its cookie, None when the account has gone. Each call makes a new one."""
    secret = new_secret()
    opened = await pool.fetchval(queries()["open_session"], digest(secret), name, ABSOLUTE, factors, agent[:MAX_AGENT])
    return secret if opened else None


async def begin_sign_in(pool: asyncpg.Pool, name: str) -> str:
    """Note that the password was right and a code is to come; returns what the browser comes back with."""
    secret = new_secret()
    await pool.execute(queries()["begin_sign_in"], digest(secret), name, SIGN_IN_LIFE)
    return secret


async def try_sign_in(pool: asyncpg.Pool, secret: str) -> str | None:
    """Whose sign-in waits for a code, None when it waited too long or was tried too often. Each call is a try."""
    found = await pool.fetchval(queries()["try_sign_in"], digest(secret), SIGN_IN_LIFE, TRIES_OF_SIGN_IN)
    return None if found is None else str(found)


async def end_sign_in(pool: asyncpg.Pool, secret: str) -> None:
    """Forget a sign-in that waited. Repeatable."""
    await pool.execute(queries()["end_sign_in"], digest(secret))


async def find_factor(pool: asyncpg.Pool, name: str) -> tuple[bytes, bool] | None:
    """(sealed secret of its codes, whether a first code has confirmed it) of an account, None without one."""
    row = await pool.fetchrow(queries()["factor"], name)
    return None if row is None else (row["sealed"], row["confirmed"])


async def use_step(pool: asyncpg.Pool, name: str, step: int) -> bool:
    """Take a code by its time step. True once, and for no older one afterwards."""
    return bool(await pool.fetchval(queries()["use_step"], name, step))


async def use_recovery(pool: asyncpg.Pool, name: str, code: bytes) -> bool:
    """Take a recovery code by its digest. True once."""
    return bool(await pool.fetchval(queries()["use_recovery"], name, code))


async def offer_factor(pool: asyncpg.Pool, session: bytes, sealed: bytes) -> bool:
    """Keep a sealed secret for the officer of a session until a code confirms it; False beside a confirmed one."""
    return bool(await pool.fetchval(queries()["offer_factor"], session, sealed))


async def confirm_factor(pool: asyncpg.Pool, session: bytes, step: int, recovery: Sequence[bytes]) -> bool:
    """From now on codes are asked for; the officer's other sessions end. False where nothing waits to be confirmed."""
    return bool(await pool.fetchval(queries()["confirm_factor"], session, step, list(recovery)))


async def drop_factor(pool: asyncpg.Pool, session: bytes) -> bool:
    """Ask for no codes any more. False where none were asked for."""
    return bool(await pool.fetchval(queries()["drop_factor"], session))


async def new_recovery_codes(pool: asyncpg.Pool, session: bytes, recovery: Sequence[bytes]) -> bool:
    """Replace the recovery codes. False without a confirmed second factor."""
    return bool(await pool.fetchval(queries()["new_recovery_codes"], session, list(recovery)))


async def own_password(pool: asyncpg.Pool, session: bytes, password_hash: str) -> bool:
    """Change the password of the officer of a session; the other sessions end."""
    return bool(await pool.fetchval(queries()["own_password"], session, password_hash))


async def sessions_of(pool: asyncpg.Pool, session: bytes) -> tuple[list[OwnSession], int]:
    """(open sessions of the officer of a session, the newest first; recovery codes that are left)."""
    rows: list[Any] = await pool.fetch(queries()["sessions_of"], session, IDLE, ABSOLUTE)
    found = [OwnSession(r["session"], r["opened"], r["seen"], r["factors"], r["agent"]) for r in rows]
    return found, rows[0]["codes"] if rows else 0


async def end_own(pool: asyncpg.Pool, session: bytes, other: bytes | None) -> int:
    """End one other session of the same officer, or all others; returns how many."""
    return int(await pool.fetchval(queries()["end_own"], session, other))


async def find_session(pool: asyncpg.Pool, secret: str) -> asyncpg.Record | None:
    """Name, display, authority, roles and freshness of who is behind a session, None when it is over."""
    return await pool.fetchrow(queries()["session"], digest(secret), IDLE, ABSOLUTE, FRESH)


async def prove_session(pool: asyncpg.Pool, session: bytes) -> None:
    """Note that the officer of a session gave the password or a code just now. Repeatable."""
    await pool.execute(queries()["prove"], session)


async def end_session(pool: asyncpg.Pool, secret: str) -> None:
    """End a session. Repeatable."""
    await pool.execute(queries()["end_session"], digest(secret))


async def authority_names(connection: asyncpg.Connection, authorities: Sequence[str]) -> dict[str, str]:
    """What authorities are called, by code; those without a name are left out."""
    rows: list[Any] = await connection.fetch(queries()["names"], list(authorities))
    return {row["authority"]: row["name"] for row in rows}


async def find_token(pool: asyncpg.Pool, token: str) -> asyncpg.Record | None:
    """Label, authority and role of a valid access token."""
    return await pool.fetchrow(queries()["token"], digest(token))


async def linked(pool: asyncpg.Pool, issuer: str, subject: str) -> str | None:
    """Whose account is linked with a subject of a provider."""
    found = await pool.fetchval(queries()["linked"], issuer, subject)
    return None if found is None else str(found)


async def link(pool: asyncpg.Pool, session: bytes, issuer: str, subject: str) -> bool:
    """Link the account of a session. False where either is linked already."""
    return bool(await pool.fetchval(queries()["link"], session, issuer, subject))


async def unlink(pool: asyncpg.Pool, session: bytes, issuer: str) -> bool:
    """Undo that. False where there was no link."""
    return bool(await pool.fetchval(queries()["unlink"], session, issuer))


async def is_linked(pool: asyncpg.Pool, name: str, issuer: str) -> bool:
    """Whether an account is linked with a provider."""
    return bool(await pool.fetchval(queries()["is_linked"], name, issuer))


# -- what the administrator's commands ask for -------------------------------------------------------------------------


async def add_user(
    connection: asyncpg.Connection, name: str, *, display: str, authority: str, roles: Sequence[str],
    password_hash: str | None, unit: str = "", officer: str = "",
) -> None:  # fmt: skip
    """Make an account; without a password it waits for an invitation. Raises IdentityRefused."""
    check_account(name, display, officer)
    check_authority(authority)
    check_roles(roles)
    made = None
    with _constraints(unit, officer):
        made = await connection.fetchval(
            queries()["add_user"], name, display, authority, sorted(set(roles)), password_hash, unit or None,
            officer or None,
        )  # fmt: skip
    if made is None:
        raise IdentityRefused(f"there is an account {name!r} already: choose another name, or `liuhen user password`")


async def set_password(connection: asyncpg.Connection, name: str, password_hash: str) -> None:
    """Give an account a new password; its sessions end. Raises IdentityRefused when there is no such account."""
    if await connection.fetchval(queries()["set_password"], name, password_hash) is None:
        raise _unknown(name)


async def set_factor(connection: asyncpg.Connection, name: str, sealed: bytes) -> None:
    """Give an account a second factor whose secret its holder has already; repeatable."""
    await connection.execute(queries()["set_factor"], name, sealed)


async def disable_user(connection: asyncpg.Connection, name: str, *, disabled: bool = True) -> None:
    """Close an account and end its sessions, or open it again. Raises IdentityRefused when there is no such account."""
    if await connection.fetchval(queries()["disable_user"], name, disabled) is None:
        raise _unknown(name)


async def change_user(
    connection: asyncpg.Connection, name: str, *, roles: Sequence[str] | None, unit: str | None, officer: str | None
) -> None:
    """Change what an account is; None leaves something as it is, "" takes it away. Raises IdentityRefused."""
    if roles is not None:
        check_roles(roles)
    wanted = None if roles is None else sorted(set(roles))
    with _constraints(unit or "", officer or ""):
        if await connection.fetchval(queries()["change_user"], name, wanted, unit, officer) is None:
            raise _unknown(name)


async def invite(connection: asyncpg.Connection, name: str, life: timedelta) -> str:
    """Void the password; the secret of the link behind which its holder chooses a new one. Raises IdentityRefused."""
    secret = new_secret()
    if await connection.fetchval(queries()["invite"], name, digest(secret), life) is None:
        raise IdentityRefused(f"there is no open account {name!r}: `liuhen user list` shows all of them")
    return secret


async def reset_factor(connection: asyncpg.Connection, name: str) -> None:
    """Take the second factor away. Raises IdentityRefused where there is none."""
    if await connection.fetchval(queries()["reset_factor"], name) is None:
        raise IdentityRefused(f"account {name!r} has no second factor: nothing was changed")


async def set_unit(
    connection: asyncpg.Connection, authority: str, unit: str, name: str, role: str, closed: bool
) -> None:
    """Make a unit, or change it; the caller has checked its form."""
    await connection.execute(queries()["set_unit"], authority, unit, name, role, closed)


async def list_units(connection: asyncpg.Connection) -> list[dict[str, Any]]:
    """All units."""
    return [dict(row) for row in await connection.fetch(queries()["list_units"])]


async def set_authority(connection: asyncpg.Connection, authority: str, parent: str | None, name: str | None) -> None:
    """Say below which authority one stands and what it is called; None leaves something as it is."""
    await connection.execute(queries()["set_authority"], authority, parent, name)


async def list_authorities(connection: asyncpg.Connection) -> dict[str, tuple[str, str]]:
    """{authority: (parent, name)} of those of which something was said."""
    rows: list[Any] = await connection.fetch(queries()["list_authorities"])
    return {row["authority"]: (row["parent"], row["name"]) for row in rows}


async def below(connection: asyncpg.Connection, authority: str) -> list[str]:
    """What stands below an authority."""
    return list(await connection.fetchval(queries()["below"], authority))


async def looked_over(connection: asyncpg.Connection) -> list[tuple[str, ...]]:
    """What those are shown who look over others (person.SEES_BELOW): an authority and those below it, each once."""
    rows = await connection.fetch(queries()["looked_over"], sorted(SEES_BELOW))
    return [(row["authority"], *row["below"]) for row in rows]


async def link_user(connection: asyncpg.Connection, name: str, issuer: str, subject: str) -> None:
    """Say who an account is at an identity provider. Raises IdentityRefused."""
    try:
        made = await connection.fetchval(queries()["link_user"], issuer, subject, name)
    except asyncpg.UniqueViolationError:
        raise IdentityRefused(f"account {name!r} is linked with that provider already") from None
    if made is None:
        raise IdentityRefused(f"there is no account {name!r}, or that subject is linked with another one")


async def note(
    connection: asyncpg.Connection, actor: str, what: str, subject: str, authority: str | None = None,
    detail: Mapping[str, Any] = {},
) -> None:  # fmt: skip
    """Leave a trace of a command: `actor` is the user of the machine who ran it."""
    await connection.execute(queries()["note"], actor, what, subject, authority, json.dumps(detail, ensure_ascii=False))


async def list_users(connection: asyncpg.Connection) -> list[Listed]:
    """All accounts."""
    rows: list[Any] = await connection.fetch(queries()["list_users"])
    return [
        Listed(r["name"], r["display"], r["authority"], tuple(r["roles"]), r["disabled"], r["created"]) for r in rows
    ]


async def add_token(
    connection: asyncpg.Connection, *, label: str, authority: str, role: str, life: timedelta
) -> tuple[str, datetime]:
    """Make an access token; returns it (shown once, never stored) and when it expires. Raises IdentityRefused."""
    check_authority(authority)
    check_roles([role])
    if not timedelta(0) < life <= MAX_TOKEN_LIFE:
        raise IdentityRefused(f"expected a token to live for 1 to {MAX_TOKEN_LIFE.days} days")
    token = TOKEN_PREFIX + new_secret()
    expires = await connection.fetchval(queries()["add_token"], digest(token), label, authority, role, life)
    return token, expires


def check_account(name: str, display: str, officer: str = "") -> None:
    """Raise IdentityRefused unless an account can be called that."""
    if NAME.fullmatch(name) is None:
        raise IdentityRefused(
            f"expected a name of up to 64 small letters, digits, dots, hyphens and underscores, came {name!r}"
        )
    if not 1 <= len(display) <= 64:
        raise IdentityRefused("expected a display name of 1 to 64 characters")
    if len(officer) > 128:
        raise IdentityRefused("expected the id of an officer of at most 128 characters")


@contextlib.contextmanager
def _constraints(unit: str, officer: str) -> Iterator[None]:
    """What the database says against a unit or an officer, as a refusal."""
    try:
        yield
    except asyncpg.ForeignKeyViolationError:
        raise IdentityRefused(
            f"the account's authority has no unit {unit!r}: `liuhen unit list` shows them, `liuhen unit add` makes one"
        ) from None
    except asyncpg.UniqueViolationError:
        raise IdentityRefused(f"officer {officer!r} has an account already: one person has one account") from None


def check_roles(roles: Sequence[str]) -> None:
    """Raise IdentityRefused unless there is at least one role, all are known, and they may be held together."""
    unknown = sorted(set(roles) - set(ROLES))
    if unknown or not roles:
        came = f", came {unknown[0]!r}" if unknown else ""
        raise IdentityRefused(f"expected one of the roles {', '.join(ROLES)}{came}")
    apart = sorted(APART.intersection(roles))
    if apart and len(set(roles)) > 1:
        raise IdentityRefused(
            f"expected {apart[0]} alone, came {', '.join(sorted(set(roles)))}: who runs the system, who guards it and "
            "who checks both are different people with no other part; make another account for another person"
        )


def check_authority(authority: str) -> None:
    """Raise IdentityRefused unless it can be the code of an authority."""
    if AUTHORITY.fullmatch(authority) is None:
        raise IdentityRefused(f"expected the code of an authority such as 210500, came {authority!r}")


def _unknown(name: str) -> IdentityRefused:
    return IdentityRefused(f"there is no account {name!r}: `liuhen user list` shows all of them")
