"""The desk of an account: what it has looked at, ticked off and saved, and whether keys are shortcuts.

Operational rows, each under its account by row-level security; nothing in the procedure rests on them. Programs with a
token have no desk. Invariant: no row of another account is read or written, whatever a token or a form says.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from uuid import UUID

import asyncpg
from aiohttp import web

from projections.views import SubjectKind
from server.identity.person import Person
from server.log.ids import now_ms
from server.log.store import load_queries
from server.web.app import SERVICES

VISIT_MS: Final = 30 * 60_000
"""A visit ends so long after the page was last opened: what came since counts as new at the next one."""
MAX_TICKS: Final = 1_000
MAX_FILTERS: Final = 50
MAX_NAME: Final = 60
MAX_QUERY: Final = 1_000


@dataclass(frozen=True, slots=True)
class Saved:
    """A filter that was saved: its name and the query of its address."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What an account knows of a file: up to when it had seen it (ms, 0: never), and what it ticked off."""

    before: int
    viewed: frozenset[str]


class Full(Exception):
    """The account has as many saved filters as it may have."""


def has_desk(person: Person) -> bool:
    """Whether a person has a desk: accounts do, tokens do not, whatever they are called."""
    return person.via == "session"


async def look(request: web.Request, person: Person, kind: SubjectKind, subject: str, events: Iterable[str]) -> Looked:
    """Note that the person has a file open now, and say what they knew of it. Idempotent within a visit."""
    async with _desk(request, person) as connection:
        queries = _queries()
        before = await connection.fetchval(queries["look"], person.name, kind, subject, now_ms(), VISIT_MS)
        rows = await connection.fetch(queries["viewed"], [UUID(one) for one in events])
        return Looked(before, frozenset(str(row["event"]) for row in rows))


async def seen_all(request: web.Request, person: Person, kind: SubjectKind, subject: str) -> None:
    """Everything that the file holds now is old to the person."""
    async with _desk(request, person) as connection:
        await connection.execute(_queries()["seen_all"], person.name, kind, subject, now_ms())


async def tick(request: web.Request, person: Person, events: Sequence[UUID], on: bool) -> None:
    """Tick events off, or take the tick away; at most MAX_TICKS at once. Idempotent."""
    async with _desk(request, person) as connection:
        if on:
            await connection.execute(_queries()["tick"], person.name, list(events[:MAX_TICKS]), now_ms())
        else:
            await connection.execute(_queries()["untick"], list(events[:MAX_TICKS]))


async def filters(request: web.Request, person: Person, face: str) -> tuple[Saved, ...]:
    """What the account saved for a face ("reviews", "search"), by name."""
    if not has_desk(person):
        return ()
    async with _desk(request, person) as connection:
        return tuple(Saved(row["name"], row["query"]) for row in await connection.fetch(_queries()["filters"], face))


async def save_filter(request: web.Request, person: Person, face: str, name: str, query: str) -> None:
    """Save a filter; one of that name is replaced. Raises Full."""
    async with _desk(request, person) as connection:
        if await connection.fetchval(_queries()["count_filters"]) >= MAX_FILTERS:
            raise Full
        await connection.execute(_queries()["save_filter"], person.name, face, name, query, now_ms())


async def drop_filter(request: web.Request, person: Person, face: str, name: str) -> None:
    """Forget a filter. Idempotent."""
    async with _desk(request, person) as connection:
        await connection.execute(_queries()["drop_filter"], face, name)


async def shortcuts(request: web.Request, person: Person) -> bool:
    """Whether single keys do something on the pages of this account."""
    if not has_desk(person):
        return False
    async with _desk(request, person) as connection:
        return bool(await connection.fetchval(_queries()["shortcuts"]))


async def set_shortcuts(request: web.Request, person: Person, on: bool) -> None:
    """Switch them on or off."""
    async with _desk(request, person) as connection:
        await connection.execute(_queries()["set_shortcuts"], person.name, on)


@contextlib.asynccontextmanager
async def _desk(request: web.Request, person: Person) -> AsyncIterator[asyncpg.Connection]:
    assert has_desk(person), "a program has no desk"
    async with request.app[SERVICES].console.acquire(timeout=10) as connection, connection.transaction():
        await connection.execute(_queries()["scope"], person.name)
        yield connection


@cache
def _queries() -> dict[str, str]:
    return dict(load_queries("server.console", "desk.sql"))
