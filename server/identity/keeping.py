"""Keeping accounts, units and authorities, from pages: every call names the session of who does it.

The database decides by that session whether it may be done (ops/migrations, administration); what it answers is "" or
the name of what stands against it (REFUSALS). Invariant: a password is never known to who keeps the account: its holder
chooses one behind a one-time link.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from server.identity import store

INVITATION_LIFE: Final = timedelta(hours=72)
PAGE: Final = 100
LAST: Final = 2**62
UNIT_ROLES: Final = (
    "leadership", "handling", "legal", "disclosure", "planning", "supervision", "administration", "other",
)  # fmt: skip
UNIT: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)
REFUSALS: Final = (
    "authority", "roles", "taken", "officer", "unit", "not_found", "own", "closed", "none", "parent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """An account as its keeper sees it. `mine`: this keeper may change it. `invited`: until when a link waits."""

    name: str
    display: str
    authority: str
    unit: str
    officer: str
    roles: tuple[str, ...]
    disabled: bool
    password: bool
    factor: bool
    invited: datetime | None
    created: datetime
    mine: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of an authority; `role` is one of UNIT_ROLES."""

    authority: str
    unit: str
    name: str
    role: str
    closed: bool
    accounts: int


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority; `parent` "" where its code says where it stands, `epoch` None while it has no log."""

    authority: str
    parent: str
    name: str
    epoch: int | None
    accounts: int


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of the trail."""

    entry: int
    at: datetime
    actor: str
    session: bytes | None
    via: str
    what: str
    subject: str
    authority: str
    detail: Mapping[str, Any]


async def accounts(pool: asyncpg.Pool, session: bytes, after: str = "") -> tuple[list[Kept], str | None]:
    """A page of the accounts that the officer of a session keeps, and where the next one begins."""
    rows: list[Any] = await pool.fetch(store.queries()["kept_accounts"], session, None, after, PAGE + 1)
    found = [_kept(row) for row in rows[:PAGE]]
    return found, found[-1].name if len(rows) > PAGE else None


async def account(pool: asyncpg.Pool, session: bytes, name: str) -> Kept | None:
    """One of them."""
    rows: list[Any] = await pool.fetch(store.queries()["kept_accounts"], session, name, "", 1)
    return _kept(rows[0]) if rows else None


async def add(
    pool: asyncpg.Pool, session: bytes, *, name: str, display: str, authority: str, unit: str, officer: str,
    roles: Sequence[str],
) -> tuple[str, str]:  # fmt: skip
    """("", secret of the invitation) or (what stands against it, ""). Raises IdentityRefused for names out of form."""
    store.check_account(name, display, officer)
    store.check_roles(roles)
    secret = store.new_secret()
    refused = await pool.fetchval(
        store.queries()["keep_add"], session, name, display, authority, unit or None, officer or None,
        sorted(set(roles)), store.digest(secret), INVITATION_LIFE,
    )  # fmt: skip
    return str(refused), "" if refused else secret


async def change(
    pool: asyncpg.Pool, session: bytes, name: str, *, display: str, unit: str, officer: str, roles: Sequence[str]
) -> str:
    """Change what an account is; with other roles its sessions end. Raises IdentityRefused."""
    store.check_account(name, display, officer)
    store.check_roles(roles)
    query = store.queries()["keep_change"]
    return str(await pool.fetchval(query, session, name, display, unit or None, officer or None, sorted(set(roles))))


async def disable(pool: asyncpg.Pool, session: bytes, name: str, disabled: bool) -> str:
    """Close an account and end its sessions, or open it again."""
    return str(await pool.fetchval(store.queries()["keep_disable"], session, name, disabled))


async def invite(pool: asyncpg.Pool, session: bytes, name: str) -> tuple[str, str]:
    """Void the password; ("", secret of the link behind which a new one is chosen) or (what stands against it, "")."""
    secret = store.new_secret()
    query = store.queries()["keep_invite"]
    refused = await pool.fetchval(query, session, name, store.digest(secret), INVITATION_LIFE)
    return str(refused), "" if refused else secret


async def drop_factor(pool: asyncpg.Pool, session: bytes, name: str) -> str:
    """Take the second factor of somebody else away; security officers only."""
    return str(await pool.fetchval(store.queries()["keep_drop_factor"], session, name))


async def units(pool: asyncpg.Pool, session: bytes) -> list[Unit]:
    """The units of the authorities that the officer of a session keeps."""
    rows: list[Any] = await pool.fetch(store.queries()["kept_units"], session)
    return [Unit(**dict(row)) for row in rows]


async def set_unit(
    pool: asyncpg.Pool, session: bytes, *, authority: str, unit: str, name: str, role: str, closed: bool
) -> str:
    """Make a unit, or change it. Raises IdentityRefused."""
    check_unit(unit, name, role)
    return str(await pool.fetchval(store.queries()["keep_unit"], session, authority, unit, name, role, closed))


async def authorities(pool: asyncpg.Pool, session: bytes) -> list[Authority]:
    """The authorities that the officer of a session keeps, the own one among them."""
    rows: list[Any] = await pool.fetch(store.queries()["kept_authorities"], session)
    return [Authority(**dict(row)) for row in rows]


async def set_authority(pool: asyncpg.Pool, session: bytes, *, authority: str, parent: str, name: str) -> str:
    """Say what an authority is called and below which it stands ("": where its code says). Raises IdentityRefused."""
    store.check_authority(authority)
    if parent:
        store.check_authority(parent)
    if len(name) > 64:
        raise store.IdentityRefused("expected a name of at most 64 characters")
    return str(await pool.fetchval(store.queries()["keep_authority"], session, authority, parent or None, name))


async def trail(pool: asyncpg.Pool, session: bytes, before: int = LAST) -> tuple[list[Trace], int | None]:
    """A page of what was done to accounts, the newest first, and before which entry the next page stands."""
    rows: list[Any] = await pool.fetch(store.queries()["trail_of"], session, before, PAGE + 1)
    found = [Trace(**{**dict(row), "detail": json.loads(row["detail"])}) for row in rows[:PAGE]]
    return found, found[-1].entry if len(rows) > PAGE else None


async def invited(pool: asyncpg.Pool, secret: str) -> tuple[str, str] | None:
    """(account, name) of who is behind an invitation, None when it was used, is over or never was."""
    row = await pool.fetchrow(store.queries()["invited"], store.digest(secret))
    return None if row is None else (row["name"], row["display"])


async def accept(pool: asyncpg.Pool, secret: str, password_hash: str) -> str | None:
    """Use an invitation up: the password is the chosen one from now on. None as for `invited`."""
    found = await pool.fetchval(store.queries()["accept"], store.digest(secret), password_hash)
    return None if found is None else str(found)


def check_unit(unit: str, name: str, role: str) -> None:
    """Raise IdentityRefused unless a unit can be called that."""
    if UNIT.fullmatch(unit) is None:
        raise store.IdentityRefused(
            f"expected a short name of the unit of up to 32 small letters, digits, dots and hyphens, came {unit!r}"
        )
    if not 1 <= len(name) <= 64:
        raise store.IdentityRefused("expected a name of the unit of 1 to 64 characters")
    if role not in UNIT_ROLES:
        raise store.IdentityRefused(
            f"expected the part of the unit to be one of {', '.join(UNIT_ROLES)}, came {role!r}"
        )


def _kept(row: Any) -> Kept:
    return Kept(**{**dict(row), "roles": tuple(row["roles"])})
