"""`liuhen demo`: a small bureau on one machine: three authorities, officers, terminals that play weeks of work.

Everything goes the real way: the server of `ops.serve`, terminals over HTTP with a bad network between, office acts
through the committer. What is the demo's own stands here and nowhere else: the accounts, the one-time sign-in links on
loopback, and one cloned terminal, so that there is a fork to resolve. A second start finds the data and plays nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from ops import codes, fleet, stories
from ops.serve import Served, serving
from ops.settings import Settings
from ops.stories import book, bureau, play
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, World, real_tick
from ops.terminal.queue_file import Queue
from ops.terminal.transport import HttpTransport
from projections import queries as views
from projections import rulefiles
from projections.process import queries as process
from schemas.entries import Who
from server.identity import store as identity
from server.identity.gate import DatabaseGate
from server.identity.one_time_links import OneTimeLinks
from server.identity.passwords import hash_password
from server.log.acts import Act, OfficeActs
from server.log.ids import now_ms, uuid7
from server.web.app import Face, Services

PROVINCE, CITY, COUNTY = "210000", "210500", "210521"
SEED: Final = 20261122
DEADLINE: Final = 80.0
FOLD_SECONDS: Final = 30.0
log = structlog.get_logger("liuhen.demo")


@dataclass(frozen=True, slots=True)
class Officer:
    """An account of the demo: name, what pages call it, role, authority."""

    name: str
    display: str
    role: str
    authority: str = CITY


OFFICERS: Final = (
    Officer("inspector", "检查员甲", "inspector"),
    Officer("unit_head", "科长乙", "unit_head"),
    Officer("legal_reviewer", "法制审核员丙", "legal_reviewer"),
    Officer("bureau_head", "局长丁", "bureau_head"),
    Officer("planner", "计划员戊", "planner"),
    Officer("discloser", "公示员己", "discloser"),
    Officer("supervisor", "监督员庚", "supervisor"),
    Officer("auditor", "审计员辛", "auditor"),
    Officer("administrator", "管理员壬", "administrator"),
    Officer("county", "县局检查员", "inspector", COUNTY),
    Officer("province", "省厅监督员", "supervisor", PROVINCE),
)
CREWS: Final = (CITY, CITY, CITY, COUNTY, COUNTY, PROVINCE)


@dataclass(frozen=True, slots=True)
class Options:
    """How the demo runs: `json` one line instead of the table, `once` end after a verification."""

    json: bool = False
    once: bool = False
    terminals: int = len(CREWS)
    events: int = 60


def free_place(wanted: str, say: Callable[[str], None]) -> str:
    """HOST:PORT that is free: the one wanted, or the next free one, said aloud."""
    host, _, number = wanted.rpartition(":")
    port = int(number)
    for candidate in range(port, min(port + 100, 65_536)) if port else (0,):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host, candidate))
            except OSError:
                continue
        if candidate != port:
            say(f"port {port} is busy: using {candidate}  端口 {port} 已被占用，改用 {candidate}")
        return f"{host}:{candidate}"
    return f"{host}:0"


async def run(settings: Settings, options: Options) -> int:
    """Play and stay until Ctrl-C; returns the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def say(text: str) -> None:
        print(text, file=sys.stderr if options.json else sys.stdout, flush=True)

    settings = replace(
        settings,
        internal=free_place(settings.internal or "127.0.0.1:8080", say),
        public=free_place(settings.public or "127.0.0.1:8081", say),
        authorities=f"{PROVINCE} {CITY} {COUNTY}",
    )
    links: list[OneTimeLinks] = []

    def link_face(services: Services) -> Face:
        assert isinstance(services.gate, DatabaseGate)
        links.append(OneTimeLinks(services.gate))
        return links[0].add_routes

    assert settings.data is not None
    async with serving(settings, faces=(link_face,)) as served:
        passwords = await _accounts(served, settings.data)
        played = asyncio.create_task(_play(served, settings, options, say))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((played, stopped), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            played.cancel()
            await asyncio.gather(played, return_exceptions=True)
            return 0
        good = played.result()
        await folded(served)
        cases = await _cases(served)
        told = _told(settings.data)
        if options.json:
            print(json.dumps(_line(served, passwords, cases, told), ensure_ascii=False), flush=True)  # noqa: T201 - the answer
        else:
            _table(served, passwords, cases, told, links[0], say)
        if options.once:
            return 0 if good and await _verified(served, say) else 1
        say("\nCtrl-C ends the demo; the data stay and the next start finds them.  按 Ctrl-C 结束，数据保留。")
        await stop.wait()
    say("stopped  已停止")
    return 0


# -- accounts --


async def _accounts(served: Served, data: Path) -> dict[str, str]:
    """Passwords by account: made at the first start, kept in a file that only we can read."""
    file = data / "demo-accounts.json"
    if file.exists():
        kept: dict[str, str] = json.loads(file.read_text("utf-8"))
        return kept
    made = {officer.name: secrets.token_urlsafe(9) for officer in OFFICERS}
    connection = await asyncpg.connect(served.database.dsn("postgres"), timeout=10)
    try:
        for officer in OFFICERS:
            hashed = await asyncio.to_thread(hash_password, made[officer.name])
            with contextlib.suppress(identity.IdentityRefused):  # a start that was cut short had made it
                await identity.add_user(
                    connection, officer.name, display=officer.display, authority=officer.authority,
                    roles=[officer.role], password_hash=hashed,
                )  # fmt: skip
            await identity.set_password(connection, officer.name, hashed)
    finally:
        await connection.close()
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        json.dump(made, opened)
    return made


# -- what happens --


async def _play(served: Served, settings: Settings, options: Options, say: Callable[[str], None]) -> bool:
    """Terminals and office play their weeks; False if the goal was missed."""
    assert settings.data is not None
    done = settings.data / "demo-played.json"
    if done.exists():
        told = json.loads(done.read_text("utf-8"))
        say(
            f"data of {told['at']} found: {told['events']} events of {told['terminals']} terminals  "
            f"已有 {told['at']} 的演示数据：{told['terminals']} 台终端 {told['events']} 条记录"
        )
        return True
    folder = settings.data / "terminals"
    shutil.rmtree(folder, ignore_errors=True)
    crews = [CREWS[number % len(CREWS)] for number in range(options.terminals)]
    papers = [asdict(await codes.issue(settings, served.database, authority)) for authority in crews]
    told = await _stories(served, settings, folder, say)
    start = now_ms() - 45 * stories.DAY
    plan = fleet.Plan(options.terminals, options.events, seed=SEED, deadline=DEADLINE, start=start)
    say(f"{options.terminals} terminals go to work  {options.terminals} 台终端开始工作")
    outcome = await fleet.run(plan, served.internal, folder, papers, say=say)
    acts = await _certified(served, crews, start)
    for number, authority in enumerate(crews):
        acts += await _office(served, SEED * 7919 + number, start, authority, options.events)
    forked = await _clone(served, folder / "T-1", say)
    summary = outcome.summary()
    say(
        f"{summary['events']} events, {summary['receipts_verified']} receipts verified, {acts} office acts; "
        f"network: {summary['mischief']}  "
        f"共 {summary['events']} 条记录，核验回执 {summary['receipts_verified']} 份，内业 {acts} 件"
    )
    if not outcome.reached or not forked:
        say("the goal was missed: not everything was receipted in time  未在限期内全部取得回执")
        return False
    kept = {
        "at": time.strftime("%Y-%m-%d %H:%M"), "events": summary["events"], "terminals": options.terminals,
        "stories": told,
    }  # fmt: skip
    done.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
    return True


async def _stories(
    served: Served, settings: Settings, folder: Path, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """The named stories, played first; returns name, title and ids of each."""
    calendar = rulefiles.load()[1]
    start = now_ms() - 150 * stories.DAY
    told = book.told(SEED, start, calendar)
    began = time.monotonic()
    played = await play.play(served, settings, folder, CITY, told)
    say(
        f"{len(told) - 1} stories told: {played.records} records, {played.acts} office acts, {played.uploads} uploads, "
        f"{time.monotonic() - began:.0f} s  {len(told) - 1} 个案例：记录 {played.records} 条，内业 {played.acts} 件"
    )
    listed = [{"name": one.name, "title": {"zh": one.zh, "en": one.en}, "ids": one.ids} for one in told if one.ids]
    return listed


async def _certified(served: Served, crews: Sequence[str], start: int) -> int:
    """Certificates of the officers of the random histories, entered before these begin."""
    acts = 0
    for number, authority in enumerate(crews):
        people = stories.officers(SEED * 7919 + number)
        works = []
        for event in bureau.certified(people, start, authority):
            act = Act(event.type, event.about, dict(event.body), event.id, 1, event.id)
            who = Who(officer=event.by[0], session=bytes(32), via="demo")
            works.append(served.log.committer.submit(OfficeActs(authority, [act], who, now_ms())))
        await asyncio.gather(*works)
        acts += len(works)
    return acts


async def _office(served: Served, seed: int, start: int, authority: str, events: int) -> int:
    """The office's part of the histories that a terminal played: assignments, filings, reviews, decisions."""
    taken, acts = 0, 0
    versions: dict[bytes, int] = {}
    for history in stories.histories(seed, start=start, authority=authority):
        taken += sum(not event.office for event in history)
        if taken > events:
            break  # the terminal did not live to see the end of this one
        for event in history:
            if not event.office:
                continue
            tag = next((t for t in event.about if t.startswith("case:")), None) or next(
                t for t in event.about if t.startswith("task:")
            )
            origin = UUID(tag.partition(":")[2]).bytes
            versions[origin] = versions.get(origin, 0) + 1
            act = Act(event.type, event.about, dict(event.body), origin, versions[origin], uuid7())
            who = Who(officer=event.by[0], session=bytes(32), via="demo")
            await served.log.committer.submit(OfficeActs(authority, [act], who, event.occurred))
            acts += 1
    return acts


async def _clone(served: Served, place: Path, say: Callable[[str], None]) -> bool:
    """A terminal's files are copied and both go on: the log keeps both branches and holds the terminal."""
    copy = place.with_name(place.name + "-copy")
    await asyncio.to_thread(shutil.copytree, place, copy)
    sent = 0
    for number, folder in enumerate((place, copy)):
        sent += await _go_on(served, folder, 2 + number)
    say(
        f"{place.name} was copied and both went on ({sent} more events): held until an officer resolves the fork  "
        f"{place.name} 被复制后两边继续上传，终端已被扣留，待执法人员处理分叉"
    )
    return sent == 5


async def _go_on(served: Served, folder: Path, count: int) -> int:
    """Record a few more events on an enrolled terminal and upload them; returns how many were recorded."""
    pair = key_files.load_or_create(folder / "keys.json")
    with Queue(folder / "queue.sqlite") as queue:
        told = list(
            islice(stories.field_events(SEED + count, start=now_ms() - 25 * stories.DAY, authority=CITY), count)
        )
        queue.record_all([(fleet.draft(event), real_tick()) for event in told])
        async with HttpTransport(served.internal, seconds=15.0) as way:
            client = Client(
                queue, pair, way, world=World(tick=real_tick, jitter=lambda: 0.5), patience=Patience(tries=4)
            )
            await client.sync()
    return len(told)


# -- what there is to see --


async def folded(served: Served) -> bool:
    """Wait until the projections have folded, and judged, what the logs hold."""
    deadline = time.monotonic() + FOLD_SECONDS
    while time.monotonic() < deadline:
        behind = 0
        for authority in (PROVINCE, CITY, COUNTY):
            async with _scope(served, authority) as connection:
                behind += sum(lag.behind for lag in await views.lag(connection))
                judged = await process.lag(connection)
                behind += judged.behind + judged.dirty
        if not behind:
            return True
        await asyncio.sleep(0.1)
    return False


@contextlib.asynccontextmanager
async def _scope(served: Served, authority: str) -> AsyncIterator[Any]:
    async with served.services.console.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('liuhen.authority', $1, true)", authority)
        yield connection


async def _cases(served: Served) -> list[str]:
    async with _scope(served, CITY) as connection:
        page = await views.list_cases(connection, "case", 20)
    return [row.id for row in page.rows]


def _told(data: Path) -> list[dict[str, Any]]:
    """The stories that were told at the first start: name, title, ids. None are listed if that was cut short."""
    file = data / "demo-played.json"
    if not file.exists():
        return []
    kept: list[dict[str, Any]] = json.loads(file.read_text("utf-8")).get("stories", [])
    return kept


def _line(
    served: Served, passwords: dict[str, str], cases: Sequence[str], told: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    officers = [
        {"name": o.name, "role": o.role, "authority": o.authority, "password": passwords[o.name], "totp": None}
        for o in OFFICERS
    ]
    return {
        "internal": served.internal, "public": served.public, "officers": officers, "cases": list(cases),
        "stories": list(told),
    }  # fmt: skip


def _table(
    served: Served, passwords: dict[str, str], cases: Sequence[str], told: Sequence[dict[str, Any]],
    links: OneTimeLinks, say: Callable[[str], None],
) -> None:  # fmt: skip
    say("\nOpen  打开:")
    pages = [("/cases", "卷宗 case files"), ("/terminals", "终端 terminals"), ("/help", "帮助 help")]
    if cases:
        pages.insert(1, (f"/cases/{cases[0]}", "一份卷宗 one case file"))
    for path, words in pages:
        say(f"  {served.internal}{path:<48} {words}")
    for one in told:
        kind = "case" if "case" in one["ids"] else "task"
        page = f"/{kind}s/{one['ids'][kind]}"
        say(f"  {served.internal}{page:<48} {one['name']}: {one['title']['zh']} {one['title']['en']}")
    say(f"  {served.public}/{'':<47} 公示 disclosure site")
    say("\nSign in  登录 (each link works once  链接一次有效):")
    for officer in OFFICERS:
        say(
            f"  {officer.role:<15} {officer.authority}  {officer.name} / {passwords[officer.name]}  "
            f"{served.internal}{links.make(officer.name)}"
        )


async def _verified(served: Served, say: Callable[[str], None]) -> bool:
    """The whole log once more, as an outsider would."""
    from ops.verify.database import DatabaseSource
    from ops.verify.run import verify

    def check() -> Any:
        source = DatabaseSource(served.database.dsn("liuhen_auditor"))
        try:
            return verify(source, register={o: [n] for o, n in served.log.register.read().items()})
        finally:
            source.close()

    report = await asyncio.to_thread(check)
    first = report.first()
    say(
        f"verify: clean, {sum(entry['entries'] for entry in report.logs)} entries  核验无误"
        if report.clean
        else f"verify: {report.total} findings, the first: {first.sentence('zh')}"
    )
    return bool(report.clean)
