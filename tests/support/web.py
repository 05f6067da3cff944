"""The internal application as officers meet it: real HTTP, real PostgreSQL, the real log behind it.

`open_house` gives a running console with the people of a bureau. `People` and passwords are invented.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

import aiohttp
import asyncpg
from aiohttp import web
from argon2 import PasswordHasher

from domain.office import gates
from ops.compose import Database
from ops.faces import (
    ConsoleDesk,
    ConsoleFiles,
    ConsoleReports,
    ConsoleTrails,
    ConsoleWebhooks,
    console_acts,
    console_disclosures,
    console_draws,
    console_exports,
    office_faces,
)
from ops.keeping import OfficeKeeping
from ops.outside import OutsideLedgers
from ops.settings import Settings
from schemas.events import REGISTRY
from server.evidence.office_files import OfficeFiles
from server.evidence.store import BlobStore
from server.identity import store
from server.identity.gate import DatabaseGate
from server.identity.oidc import Provider
from server.identity.sealing import Sealer
from server.log.desk import Desk, Gate
from server.log.number_acts import NumberActs
from server.log.past import Past
from server.log.report_acts import ReportActs
from server.log.trail_acts import TrailActs
from server.signed import SignedRequests, Terminals
from server.sync import routes as sync_routes
from server.sync.changes import Changes
from server.sync.quota import Quota
from server.sync.service import Sync
from server.web.app import Face, Services, Viewing, make_internal_app, make_runner
from server.webhooks.addresses import Allowed
from tests.support.log import AUTHORITY, HOST, Log, open_log
from tests.support.postgres import TestDatabase

PASSWORD = "a long enough password"
NEIGHBOUR = "210521"
PEOPLE: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "lin": ("林晓", AUTHORITY, ("inspector",)),
    "he": ("何为", AUTHORITY, ("unit_head",)),
    "bao": ("包容", AUTHORITY, ("administrator",)),
    "gong": ("宫示", AUTHORITY, ("discloser",)),
    "hua": ("华计", AUTHORITY, ("planner",)),
    "ming": ("明审", AUTHORITY, ("bureau_head", "discloser")),
    "zhao": ("赵宁", NEIGHBOUR, ("legal_reviewer",)),
}
OFFICERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "officer-0017": ("承办甲", AUTHORITY, ("inspector",)),
    "officer-0023": ("承办乙", AUTHORITY, ("inspector",)),
    "officer-0001": ("科长", AUTHORITY, ("unit_head",)),
    "officer-0002": ("局长", AUTHORITY, ("bureau_head",)),
    "officer-0030": ("审核员甲", AUTHORITY, ("legal_reviewer",)),
    "officer-0032": ("审核员乙", AUTHORITY, ("legal_reviewer",)),
    "officer-0040": ("监督员", AUTHORITY, ("supervisor",)),
    "officer-0050": ("计划员", AUTHORITY, ("planner",)),
}
"""Accounts of the officers of the case in `tests.support.cases`, for who asks for them by name."""


@cache
def password_hash(password: str = PASSWORD) -> str:
    """A hash as the database holds it, at the least cost that argon2 has: a hash names its cost, and nearly every test
    signs somebody in. That a password costs what it must is claimed where passwords are made.
    """
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


@dataclass
class House:
    """A running console: its address, what it stands on, and its application."""

    url: str
    database: TestDatabase
    gate: DatabaseGate
    app: web.Application
    opened: Log | None = None

    @property
    def log(self) -> Log:
        """The log behind the house, where the test asked for one."""
        assert self.opened is not None, "open_house(..., log=True) opens a log"
        return self.opened

    @asynccontextmanager
    async def browser(self, name: str | None = None) -> AsyncIterator[aiohttp.ClientSession]:
        """A browser with cookies, signed in as `name`. Redirects are not followed, so that tests see them."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(self.url, cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=30)) as session:
            if name is not None:
                answer = await sign_in(session, name, PASSWORD)
                assert answer.status == 303, await answer.text()
            yield session

    @asynccontextmanager
    async def program(self, role: str = "auditor", authority: str = AUTHORITY) -> AsyncIterator[aiohttp.ClientSession]:
        """A program with an access token."""
        headers = {"Authorization": f"Bearer {await self.token(role, authority)}"}
        async with aiohttp.ClientSession(self.url, headers=headers) as session:
            yield session

    async def token(self, role: str = "auditor", authority: str = AUTHORITY) -> str:
        async with owner(self.database) as connection:
            life = timedelta(days=1)
            return (await store.add_token(connection, label="test", authority=authority, role=role, life=life))[0]


@asynccontextmanager
async def open_house(
    database: TestDatabase,
    folder: Path,
    *,
    people: Sequence[str] = tuple(PEOPLE),
    faces: Sequence[Face] = (),
    log: bool = False,
    required: frozenset[str] = frozenset(),
    clock: Callable[[], float] = time.time,
    provider: Provider | None = None,
    viewing: Callable[[Log, asyncpg.Pool], Viewing] | None = None,
    terminals: bool = False,
    desk_gate: Gate = gates.closed,
) -> AsyncIterator[House]:
    """A console on `database` with the accounts of `people`; with `log`, the logs of two authorities behind it.

    `terminals`: the face of terminals as well. `desk_gate`: what the desk asks before an act, for the test that shows
    what happens without it. `viewing` makes the leave to view evidence, on the log and on a pool of the console's role.
    """
    await add_people(database, people)
    async with AsyncExitStack() as stack:
        opened = None
        if log:
            dsn = database.dsn("liuhen_writer")
            opened = await stack.enter_async_context(open_log(dsn, folder, authorities=(AUTHORITY, NEIGHBOUR)))
        pool = await stack.enter_async_context(
            asyncpg.create_pool(database.dsn("liuhen_console"), min_size=1, max_size=4)
        )
        gate = DatabaseGate(
            pool, sealer=Sealer(secrets.token_bytes(32)), required=required, clock=clock, provider=provider
        )
        acts = None if opened is None else console_acts(opened.committer, opened.pool)
        shown = viewing(opened, pool) if viewing is not None and opened is not None else None
        exports = disclosures = draws = None
        if opened is not None:
            disclosures = console_disclosures(opened.committer, opened.pool)
            draws = console_draws(opened.committer, opened.pool)
            exports = console_exports(opened.committer, opened.pool, pool, BlobStore(folder / "evidence"))
        desk = None
        if opened is not None:
            numbers = NumberActs(opened.committer, opened.pool)
            desk = ConsoleDesk(Desk(opened.committer, opened.pool, numbers, desk_gate))
        services = Services(
            console=pool, gate=gate, acts=acts, exports=exports, disclosures=disclosures, draws=draws, desk=desk,
            viewing=shown,

            files=None if opened is None else ConsoleFiles(OfficeFiles(BlobStore(folder / "evidence"), opened.pool)),
            webhooks=None if opened is None else ConsoleWebhooks(opened.pool, Allowed()),
            keeping=None if opened is None else _keeping(database, folder, opened, pool),
            ledgers=None if opened is None else OutsideLedgers(
                opened.committer, opened.pool, BlobStore(folder / "evidence")
            ),
            past=None if opened is None else Past(opened.pool),
            trails=None if opened is None else ConsoleTrails(TrailActs(opened.committer)),
            reports=None if opened is None else ConsoleReports(ReportActs(opened.committer, opened.pool)),
        )  # fmt: skip
        if terminals:
            faces = [*faces, partial(sync_routes.add_routes, sync=_sync(house_log(opened), pool))]
        app = make_internal_app(services, *office_faces(), *faces)
        url = await stack.enter_async_context(listening(app))
        yield House(url, database, gate, app, opened)


def _keeping(database: TestDatabase, folder: Path, opened: Log, console: asyncpg.Pool) -> OfficeKeeping:
    """What administrators do that needs the log or the keys."""
    settings = Settings(keys=folder / "keys", register=folder / "register", host=HOST)
    return OfficeKeeping(settings, Database(database.dsn, embedded=True), opened.committer, opened.pool, console)


def house_log(opened: Log | None) -> Log:
    """The log of a house that has one."""
    assert opened is not None, "open_house(..., log=True) opens a log"
    return opened


def _sync(log: Log, console: asyncpg.Pool) -> Sync:
    """The terminals' door, without reader processes and without a limit on how often they come."""
    signed = SignedRequests(Terminals(log.pool, log.book.queries), log.pool, log.book.queries, "127.0.0.1")
    quota = Quota(rate=0.0, burst=1)
    return Sync(log.committer, log.pool, REGISTRY.lookup, signed, None, quota, Changes(console, log.pool))


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    """The application on a free port of loopback, with the deadlines of production."""
    runner = make_runner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def owner(database: TestDatabase) -> AsyncIterator[asyncpg.Connection]:
    connection = await database.connect()
    try:
        yield connection
    finally:
        await connection.close()


async def add_people(database: TestDatabase, people: Sequence[str]) -> None:
    async with owner(database) as connection:
        for name in people:
            display, authority, roles = {**PEOPLE, **OFFICERS}[name]
            await store.add_user(
                connection, name, display=display, authority=authority, roles=roles, password_hash=password_hash()
            )


async def add_account(database: TestDatabase, name: str, display: str, authority: str, roles: tuple[str, ...]) -> None:
    """One more account, with the password of all."""
    async with owner(database) as connection:
        await store.add_user(
            connection, name, display=display, authority=authority, roles=roles, password_hash=password_hash()
        )


async def sign_in(
    session: aiohttp.ClientSession, name: str, password: str, *, following: str = "/", headers: Mapping[str, str] = {}
) -> aiohttp.ClientResponse:
    """Fill in the form as a browser does; the answer is not followed."""
    async with session.get("/sign-in") as page:
        token = form_token(await page.text())
    form = {"form_token": token, "name": name, "password": password, "next": following}
    answer = await session.post("/sign-in", data=form, allow_redirects=False, headers=headers)
    await answer.read()
    return answer


def form_token(html: str) -> str:
    """The token of the first form on a page."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', html)
    assert found is not None, "no form on the page"
    return found[1]
