"""A province, a city and a county of it, and a city of another province, each with records that name their authority.

Everything is the real thing: the server of `ops.serve` with all its faces, on the embedded database, in this process so
that a check can be taken out. What belongs to an authority carries its canary: `canary-<code>` in names, and the code
in ids. People: one account for each role and each of the three levels.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from aiohttp import web

from ops.serve import Served, serving
from ops.settings import Settings
from projections import queries
from projections.process import queries as process_queries
from schemas.entries import Who
from server.identity import store
from server.identity.person import ROLES
from server.log.acts import Act, OfficeActs
from server.web.app import Services
from tests.support import projections as stories
from tests.support.event_vectors import digest
from tests.support.log import Log, PaperTerminal, enrol, now, send, uuid7
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.web import password_hash

PROVINCE, CITY, COUNTY, FOREIGN = "210000", "210500", "210521", "220500"
AUTHORITIES: Final = (PROVINCE, CITY, COUNTY, FOREIGN)
LEVELS: Final = (PROVINCE, CITY, COUNTY)
BELOW: Final = {PROVINCE: {CITY, COUNTY}, CITY: {COUNTY}, COUNTY: set[str](), FOREIGN: set[str]()}
_TASK: Final = UUID(stories.TASK).bytes
_ASKED: Final = "legal_review.requested.v1"


@dataclass(frozen=True, slots=True)
class Records:
    """What an authority has, by the names that addresses need."""

    authority: str
    task: str
    case: str
    hazard: str
    officer: str
    enterprise: str
    plan: str
    tip: str
    series: str
    sha256: str
    terminal: str
    private: str
    signal: str
    review: str

    @property
    def person(self) -> str:
        """An account of this authority."""
        return f"inspector-{self.authority}"

    @property
    def canaries(self) -> tuple[str, ...]:
        """Texts that stand in records of this authority and nowhere else."""
        return (
            f"canary-{self.authority}",
            self.person,
            f"8000-{self.authority}",
            f"8000{self.authority}",
            self.terminal,
            self.sha256,
        )


@dataclass
class Levels:
    """The running server, who is there, and what each authority has."""

    served: Served
    app: web.Application
    database: TestDatabase
    log: Log
    records: dict[str, Records] = field(default_factory=dict)
    sessions: dict[tuple[str, str], str] = field(default_factory=dict)
    """(role, authority) -> the value of the session's cookie."""
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    """The same for programs."""


@dataclass(frozen=True)
class _Embedded(TestDatabase):
    """The database of a served installation, as fixtures of projections want one."""

    served: Any = None

    def dsn(self, role: str = "postgres") -> str:
        return str(self.served.database.dsn(role))

    async def connect(self, role: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(self.dsn(role), timeout=10)


@asynccontextmanager
async def levels(folder: Path) -> AsyncIterator[Levels]:
    """The server, seeded once."""
    apps: list[web.Application] = []
    data = folder / "data"
    settings = Settings(
        data=data, register=data / "register", keys=data / "keys", tiles=data / "tiles", published=data / "published",
        evidence=data / "evidence", internal="127.0.0.1:0", public="127.0.0.1:0", authorities=" ".join(AUTHORITIES),
        projector="off", reserve_mib="1", second_factor="none", log_level="error",
    )  # fmt: skip

    def capture(_: Services) -> Any:
        return apps.append

    async with serving(settings, faces=(capture,)) as served:
        opened = served.log
        database = _Embedded("liuhen", None, served)  # type: ignore[arg-type]  # it stands on no cluster of the session
        log = Log(
            opened.committer, opened.book, opened.keyring, opened.register, opened.pool, data,
            database.dsn("liuhen_writer"),
        )  # fmt: skip
        made = Levels(served, apps[0], database, log)
        terminals = {authority: await _record(log, authority) for authority in AUTHORITIES}
        await stories.fold(database)
        await judge(database)
        for authority in AUTHORITIES:
            made.records[authority] = await _found(made, authority, terminals[authority])
        await _people(made)
        yield made


async def _record(log: Log, authority: str) -> PaperTerminal:
    """A day on the site, a fork, and what the office recorded: bodies with this authority's ids and names."""
    terminal = PaperTerminal(authority)
    await enrol(log, terminal, {"model": f"canary-{authority}"})
    task, hazard, case = (f"{kind}:{name}" for kind, name in _ids(authority).items())
    firm = f"enterprise:canary-{authority}-firm"
    officers = [f"canary-{authority}-0017", f"canary-{authority}-0023"]
    photo = {"sha256": _moved(digest("photo"), authority), "size": 12, "type": "image/jpeg"}

    def act(name: str, *tags: str, **changes: Any) -> bytes:
        about = sorted((f"authority:{authority}", *tags))
        at = stories.T0
        return terminal.envelope(
            name, _moved(stories.body(name), authority), about=about, by=officers, occurred=at, at=at + 1_000, **changes
        )

    envelopes = [
        act("site.entered.v1", task, firm),
        act("hazard.found.v1", task, hazard, firm),
        act("evidence.captured.v1", task, case, blobs=[photo]),
        act("legal_review.concluded.v1", case),
        act("investigation.concluded.v1", case),
    ]
    await send(log, terminal.batch(envelopes), authority=authority)
    twin = terminal.clone()
    for one in (terminal, twin):
        forked = one.envelope("site.entered.v1", {}, about=[f"authority:{authority}", task], by=officers)
        await send(log, one.batch([forked]), authority=authority)
    who = Who(officer=f"canary-{authority}-0002", session=bytes(32), via="console")
    for name, tag in (
        ("officer_certificate.recorded.v1", "officer:canary-{}-0017"),
        ("enterprise.profiled.v1", "enterprise:canary-{}-firm"),
        ("plan.approved.v1", ""),
        ("tip.received.v1", ""),
        ("document_number.issued.v1", ""),
    ):
        tags = sorted({f"authority:{authority}", tag.format(authority)} - {""})
        body = _moved(stories.body(name), authority)
        act_of = Act(name, tags, body, uuid7(), 1, uuid7())
        await log.committer.submit(OfficeActs(authority, [act_of], who, now()))
    asked = Act(
        _ASKED, sorted((f"authority:{authority}", case)), _moved(stories.body(_ASKED), authority), uuid7(), 1, uuid7()
    )
    await log.committer.submit(OfficeActs(authority, [asked], who, now()))
    return terminal


def _ids(authority: str) -> dict[str, str]:
    return {
        "task": str(UUID(bytes=_moved(_TASK, authority))),
        "hazard": str(UUID(bytes=_moved(UUID(stories.HAZARD).bytes, authority))),
        "case": str(UUID(bytes=_moved(UUID(stories.CASE).bytes, authority))),
    }


def _moved(value: Any, authority: str) -> Any:
    """A body with the ids, digests, officers and enterprises of another authority."""
    match value:
        case dict():
            return {
                key: f"canary-{authority}-firm" if key == "enterprise_id" else _moved(one, authority)
                for key, one in value.items()
            }
        case list():
            return [_moved(one, authority) for one in value]
        case bytes() if len(value) == 16 and value[:8] == _TASK[:8]:
            # ....-8000-AAAAAA0000nn: the code stands where nothing else does.
            return UUID(f"{value[:8].hex()}8000{authority}{value[13:].hex()}").bytes
        case bytes() if len(value) == 32:
            return sha256(authority.encode() + value).digest()
        case str() if value.startswith("officer-"):
            return f"canary-{authority}-{value.removeprefix('officer-')}"
        case "示例制造有限公司" | "配电箱无防护，线路裸露" | "车间消防通道堵塞":
            return f"{value} canary-{authority}"
        case "210500":
            return authority
        case _:
            return value


async def _found(made: Levels, authority: str, terminal: PaperTerminal) -> Records:
    """What stands there now."""
    ids = _ids(authority)
    async with stories.officer(made.database, authority) as connection:
        file = await queries.case_file(connection, "case", ids["case"])
        signals = await process_queries.signals(connection, as_of=now(), states=None)
        keys = {
            kind: [row.key for row in (await process_queries.list_matters(connection, kind, as_of=now())).rows]
            for kind in ("officer", "enterprise", "plan", "tip", "series")
        }
    assert file is not None
    item = next(one for one in file.items if one.private)
    # One of the case: acts on it name what its file holds.
    told = next((one for one in signals.rows if one.kind in ("case", "task")), None)
    assert told is not None, f"no signal in {authority}"
    firm, officer = f"canary-{authority}-firm", f"canary-{authority}-0017"
    assert firm in keys["enterprise"]
    assert officer in keys["officer"]
    return Records(
        authority=authority, officer=officer, enterprise=firm, plan=keys["plan"][0], tip=keys["tip"][0],
        series=keys["series"][0], sha256=_moved(digest("photo"), authority).hex(),
        terminal=str(UUID(bytes=terminal.id)),
        private=f"{item.epoch}/{item.position}/{item.private[0].digest}", signal=told.id,
        review=str(UUID(bytes=_moved(stories.body(_ASKED)["review_id"], authority))), **ids,
    )  # fmt: skip


async def _people(made: Levels) -> None:
    hashed = password_hash()
    connection = await made.database.connect()
    try:
        for authority in AUTHORITIES:
            called = f"canary-{authority}"
            await store.set_authority(connection, authority, None, called)
            await store.set_unit(connection, authority, "unit", called, "handling", False)
            await store.note(connection, called, "unit_set", "unit", authority, {"name": called})
            for role in ROLES if authority in LEVELS else ("inspector",):
                name = f"{role}-{authority}"
                await store.add_user(
                    connection, name, display=name, authority=authority, roles=[role], password_hash=hashed
                )
                secret = await store.open_session(made.served.services.console, name, factors=2)
                assert secret is not None
                made.sessions[role, authority] = secret
                token, _ = await store.add_token(
                    connection, label=name, authority=authority, role=role, life=timedelta(hours=1)
                )
                made.tokens[role, authority] = token
    finally:
        await connection.close()
