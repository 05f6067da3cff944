"""`liuhen demo`: a small bureau on one machine: three authorities, officers, terminals that play weeks of work.

Everything goes the real way: the server of `ops.serve`, terminals over HTTP with a bad network between, office acts
through the committer. What is the demo's own stands here and nowhere else: the accounts, the one-time sign-in links on
loopback, and one cloned terminal, so that there is a fork to resolve. A second start finds the data and plays nothing;
after one that was cut short it plays what is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import random
import secrets
import shutil
import signal
import socket
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog

from domain.workdays import day_of
from ops import fleet, stories
from ops.bulk import sign_sums, signers_of
from ops.mirror import mirror
from ops.serve import Served, serving
from ops.settings import Settings
from ops.stories import book, books, bureau, disclosing, play, returned, weeks
from ops.stories.book import Story
from ops.stories.event import ENTERPRISES, StoryEvent
from ops.stories.files import LATE, NotBrought
from ops.stories.teller import Team
from ops.stories.weeks import SPAN, WRONG_CLOCK, Crew
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, Refused, World, real_tick
from ops.terminal.queue_file import Queue
from ops.terminal.transport import HttpTransport, NoAnswer, Transport
from ops.terminal.trust import Distrusted
from projections import queries as views
from projections import rulefiles
from projections.process import queries as process
from projections.scope import looking
from schemas.entries import Who
from server.export.exports import Exports
from server.identity import codes
from server.identity import store as identity
from server.identity.gate import DatabaseGate
from server.identity.one_time_links import OneTimeLinks
from server.identity.passwords import hash_password
from server.identity.sealing import Sealer
from server.log.ids import now_ms
from server.public import bulk
from server.public import store as public_store
from server.web.app import Face, Services

PROVINCE, CITY, COUNTY = "210000", "210500", "210521"
CALLED: Final = {PROVINCE: "示例省应急管理厅", CITY: "示例市应急管理局", COUNTY: "示例县应急管理局"}
"""What pages call the authorities."""
SEED: Final = 20261122
MISCHIEF: Final = 0.2
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
    Officer("security_officer", "保密员癸", "security_officer"),
    Officer("county", "县局检查员", "inspector", COUNTY),
    Officer("province", "省厅监督员", "supervisor", PROVINCE),
)
CREWS: Final = (
    Crew(CITY, Team("T-1", ("inspector", "officer-0112"))),
    Crew(CITY, Team("T-2", ("officer-0141", "officer-0142")), wrong_clock=WRONG_CLOCK),
    Crew(CITY, Team("T-3", ("officer-0143", "officer-0144"))),
    *(Crew(CITY, Team(f"T-{n}", (f"officer-01{n + 44}", f"officer-01{n + 54}")), fresh=True) for n in range(7, 11)),
    Crew(COUNTY, Team("T-4", ("county", "officer-2131"))),
    Crew(COUNTY, Team("T-5", ("officer-2132", "officer-2133"))),
    Crew(PROVINCE, Team("T-6", ("officer-0031", "officer-0032"))),
)
"""Who works until now, besides the named stories, over a bad network; one terminal's clock goes wrong for a day."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the demo runs: `json` one line instead of the table, `once` end after a verification."""

    json: bool = False
    once: bool = False


def free_place(wanted: str, say: Callable[[str], None], other: str = "") -> str:
    """HOST:PORT that is free and not that of the `other` place: the one wanted, or the next free one, said aloud."""
    host, _, number = wanted.rpartition(":")
    port, taken = int(number), int(other.rpartition(":")[2] or 0)
    for candidate in range(port, min(port + 100, 65_536)) if port else (0,):
        if candidate and candidate == taken:
            continue
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

    internal = free_place(settings.internal or "127.0.0.1:8080", say)
    settings = replace(
        settings,
        internal=internal,
        public=free_place(settings.public or "127.0.0.1:8081", say, internal),
        authorities=f"{PROVINCE} {CITY} {COUNTY}",
        reserve_mib="256",  # a few megabytes on whatever disk there is
        log_level="error",  # as of the demo itself: its own lines tell what happens
    )
    links: list[OneTimeLinks] = []

    def link_face(services: Services) -> Face:
        assert isinstance(services.gate, DatabaseGate)
        links.append(OneTimeLinks(services.gate))
        return links[0].add_routes

    assert settings.data is not None
    async with serving(settings, faces=(link_face,)) as served:
        accounts = await _accounts(served, settings)
        played = asyncio.create_task(_play(served, settings, links[0], say))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((played, stopped), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            played.cancel()
            await asyncio.gather(played, return_exceptions=True)
            return 0
        good = played.result()
        await folded(served)
        told = _told(settings.data)
        good = await _copied(served, settings.data, told, say) and good
        await folded(served)
        cases = await _cases(served)
        if options.json:
            print(json.dumps(_line(served, accounts, cases, told), ensure_ascii=False), flush=True)  # noqa: T201 - the answer
        else:
            _table(served, accounts, cases, told, links[0], say)
        if options.once:
            return 0 if good and await _verified(served, say) else 1
        say("\nCtrl-C ends the demo; the data stay and the next start finds them.  按 Ctrl-C 结束，数据保留。")
        await stop.wait()
    say("stopped  已停止")
    return 0


# -- accounts --


@dataclass(frozen=True, slots=True)
class Entry:
    """How an account of the demo is entered: password, and the secret of one-time codes (base32) where it has one."""

    password: str
    totp: str | None


async def _accounts(served: Served, settings: Settings) -> dict[str, Entry]:
    """How to sign in, by account: made at the first start, kept in a file that only we can read.

    Roles that need a second factor have one: the secret is printed, so that whoever tries the demo can make codes.
    """
    assert settings.data is not None and settings.keys is not None  # noqa: PT018 - `data` gives both
    file = settings.data / "demo-accounts.json"
    if file.exists():
        return {
            name: Entry(**kept) if isinstance(kept, dict) else Entry(kept, None)  # a password alone is an older form
            for name, kept in json.loads(file.read_text("utf-8")).items()
        }
    needing = settings.second_factor.split()
    totp = {officer.name: codes.new_secret() for officer in OFFICERS if officer.role in needing}
    sealer = Sealer.load_or_create(settings.keys)
    made = {officer.name: secrets.token_urlsafe(9) for officer in OFFICERS}
    connection = await asyncpg.connect(served.database.dsn("postgres"), timeout=10)
    try:
        for authority, name in CALLED.items():
            await identity.set_authority(connection, authority, None, name)
        for officer in OFFICERS:
            hashed = await asyncio.to_thread(hash_password, made[officer.name])
            with contextlib.suppress(identity.IdentityRefused):  # a start that was cut short had made it
                await identity.add_user(
                    connection, officer.name, display=officer.display, authority=officer.authority,
                    roles=[officer.role], password_hash=hashed,
                )  # fmt: skip
            await identity.set_password(connection, officer.name, hashed)
            if officer.name in totp:
                await identity.set_factor(connection, officer.name, sealer.seal(officer.name, totp[officer.name]))
    finally:
        await connection.close()
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    entries = {
        name: Entry(password, codes.secret_text(totp[name]) if name in totp else None)
        for name, password in made.items()
    }
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        json.dump({name: asdict(entry) for name, entry in entries.items()}, opened)
    return entries


# -- what happens --


async def _play(served: Served, settings: Settings, links: OneTimeLinks, say: Callable[[str], None]) -> bool:
    """Terminals and office play their weeks, or what an earlier start left of them; False if the goal was missed."""
    assert settings.data is not None
    done = settings.data / "demo-played.json"
    if done.exists():
        kept = json.loads(done.read_text("utf-8"))
        say(
            f"data of {kept['at']} found: {kept['events']} events of {kept['terminals']} terminals  "
            f"已有 {kept['at']} 的演示数据：{kept['terminals']} 台终端 {kept['events']} 条记录"
        )
        return True
    told = tell(_begun(settings.data))
    named = [one for one in told if one.name in (*book.TITLES, returned.NAME)]
    folder = settings.data / "terminals"
    terminals = len({event.terminal for one in told for event in one.events if event.terminal})
    say(f"{terminals} terminals go to work  {terminals} 台终端开始工作")
    accidents, began = fleet.Mischief(), time.monotonic()
    if not (folder / "T-1-copy").exists():  # else everything was played before the copy was made
        try:
            played = await play.play(served, settings, folder, told, _bad_network(served.internal, accidents))
        except (play.StoryFailed, NotBrought, Refused, NoAnswer, Distrusted) as fault:
            say(f"the goal was missed: {fault}; the next start goes on  未能演完：{fault}；再次启动将继续")
            return False
        days = SPAN // stories.DAY
        say(
            f"{len(named)} stories and {days} days of {len(CREWS)} teams told in {time.monotonic() - began:.0f} s: "
            f"{played.records} records, {played.acts} office acts, {played.receipts} receipts verified; "
            f"network: {asdict(accidents)}  {len(named)} 个案例和 {len(CREWS)} 个组 {days} 天的工作："
            f"记录 {played.records} 条，内业 {played.acts} 件，核验回执 {played.receipts} 份"
        )
        brought = played.files
        late = f"liuhen terminal --home {folder / LATE} upload"
        say(
            f"{brought.files} files brought, {brought.cut} upload cut in the middle and resumed, {brought.late} late: "
            f"`{late}` brings it  上传附件 {brought.files} 个，中断后续传 {brought.cut} 个，"
            f"迟到 {brought.late} 个（用上述命令补传）"
        )
    waits = next(one for one in told if one.name == returned.NAME)
    try:
        number = await returned.finish(served.internal, links.make, folder / returned.TEAM.terminal, waits)
    except (returned.DeskFailed, Refused, NoAnswer, Distrusted) as fault:
        say(f"the goal was missed: {fault}; the next start goes on  未能演完：{fault}；再次启动将继续")
        return False
    say(
        f"legal review returned a decision, its record was corrected in the field, and it was made: {number}  "
        f"法制审核退回的决定经现场更正、批准、审核通过后作出：{number}"
    )
    if not await _clone(served, folder / "T-1", say):
        say("the goal was missed: the copied terminal was not found out  复制的终端未被发现")
        return False
    published = await _disclosed(served, settings, told, say)
    compared = await books.compare(served, CITY, told, day_of(_begun(settings.data)), lambda: folded(served))
    say(
        f"books of others held against the record: {compared.rows} rows, {compared.odd} fit nothing, "
        f"{compared.explained} of them explained  "
        f"外部台账核对：{compared.rows} 行，{compared.odd} 行对不上，其中 {compared.explained} 行已由监督员说明"
    )
    kept = {
        "at": time.strftime("%Y-%m-%d %H:%M"), "terminals": terminals,
        "events": sum(not event.office for one in told for event in one.events),
        "records": published,
        "stories": [{"name": one.name, "title": {"zh": one.zh, "en": one.en}, "ids": one.ids} for one in named],
    }  # fmt: skip
    done.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
    return True


async def _disclosed(
    served: Served, settings: Settings, told: Sequence[Story], say: Callable[[str], None]
) -> dict[str, str]:
    """What the bureau tells the public of its newest decisions, and the public copy of its log behind it."""
    fresh = {crew.team.terminal for crew in CREWS if crew.fresh}
    decided: list[disclosing.Decided] = [
        (one.ids["case"], event.id, event.body["document_no"])
        for one in told
        if fresh & {event.terminal for event in one.events}
        for event in one.events
        if event.type == "penalty.decided.v1"
    ]
    await folded(served)
    done = await disclosing.disclose(served, CITY, decided, lambda: folded(served))
    done |= await disclosing.draw(
        served, CITY, [one.id for one in ENTERPRISES],
        [name for team in bureau.TEAMS.values() for name in team.officers if name != bureau.EXPIRED],
    )  # fmt: skip
    state = served.log.book.current(CITY)
    if state is not None and settings.published is not None:
        await mirror(state, settings.published)
        await _as_data(served, settings.published, len(done))
    say(
        f"disclosed: {', '.join(done)}; one decision is still due; a random draw was made and anybody can repeat it  "
        f"已公示 {len(done)} 件（其中更正 1 件、撤回 1 件，双随机抽取公告、结果各 1 件，执法人员名单 1 件），"
        "另有 1 件待公示"
    )
    return done


async def _as_data(served: Served, folder: Path, records: int) -> None:
    """The bulk files of what was published, with their signed digests, as soon as the public tables have it."""
    pool = await public_store.connect(served.database.dsn("liuhen_public"), size=1)
    try:
        for _ in range(round(FOLD_SECONDS * 10)):
            if await pool.fetchval("SELECT count(*) FROM published.records") >= records:
                break
            await asyncio.sleep(0.1)
        await bulk.write(pool, folder, datetime.datetime.now(datetime.UTC))
    finally:
        await pool.close()
    await asyncio.to_thread(sign_sums, folder, signers_of(served.log.book))


def _begun(data: Path) -> int:
    """The instant (ms) up to which everything is told: that of the first start, so that a second one goes on."""
    file = data / "demo-begun.json"
    if not file.exists():
        file.write_text(json.dumps({"now": now_ms()}), "utf-8")
    now: int = json.loads(file.read_text("utf-8"))["now"]
    return now


def tell(now: int) -> list[Story]:
    """Everything that happened before `now` (ms): openings first, then the named stories and the weeks of the teams."""
    calendar = rulefiles.load()[1]
    start = now - 150 * stories.DAY
    crews = {authority: [crew for crew in CREWS if crew.authority == authority] for authority in (COUNTY, PROVINCE)}
    mine = [crew for crew in CREWS if crew.authority == CITY]
    others = [*weeks.weeks(mine, SEED, now, calendar), returned.told(SEED, start, calendar)]
    opening, *city = book.told(SEED, start, calendar, others)
    told = [opening, book.begun(weeks.entered(mine, start), "teams"), returned.opening(start), *city]
    for authority, theirs in crews.items():
        every, blocks = book.bound(weeks.weeks(theirs, SEED, now, calendar), start)
        told.append(replace(book.begun(weeks.elsewhere(authority, theirs, start), authority), authority=authority))
        told += [weeks.moved(one, authority) for one in (book.begun(blocks, f"{authority} blocks"), *every)]
    return told


def _bad_network(url: str, accidents: fleet.Mischief) -> play.Road:
    """The terminals of the teams have a bad network, with accidents that are the same in every run."""
    teams = {crew.team.terminal for crew in CREWS}

    def road(name: str, way: Transport) -> Transport:
        dice = random.Random(f"{SEED}/{name}")  # noqa: S311 - which accident happens, not a secret
        return fleet.BadNetwork(way, url, dice, MISCHIEF, accidents) if name in teams else way

    return road


async def _clone(served: Served, place: Path, say: Callable[[str], None]) -> bool:
    """A terminal's files are copied and both go on: the log keeps both branches and holds the terminal."""
    copy = place.with_name(place.name + "-copy")
    if not copy.exists():
        half = place.with_name(place.name + "-half")
        shutil.rmtree(half, ignore_errors=True)
        await asyncio.to_thread(shutil.copytree, place, half)
        half.rename(copy)
    sent = 0
    for number, folder in enumerate((place, copy)):
        sent += await _go_on(served, folder, 2 + number)
    say(
        f"{place.name} was copied and both went on ({sent} more events): held until an officer resolves the fork  "
        f"{place.name} 被复制后两边继续上传，终端已被扣留，待执法人员处理分叉"
    )
    return sent == 5


async def _go_on(served: Served, folder: Path, count: int) -> int:
    """Check the clock a few times on an enrolled terminal and upload that; returns how many records it made."""
    pair = key_files.load_or_create(folder / "keys.json")
    with Queue(folder / "queue.sqlite") as queue:
        tick = real_tick()
        checked = [
            StoryEvent(
                "terminal.clock_checked.v1", (f"authority:{CITY}",),
                {"offset_ms": 120 + number, "method": "server", "checked_at": tick.wall}, CREWS[0].team.officers,
                tick.wall,
            )
            for number in range(count)
        ]  # fmt: skip
        queue.record_all([(fleet.draft(event), tick) for event in checked])
        async with HttpTransport(served.internal, seconds=15.0) as way:
            client = Client(
                queue, pair, way, world=World(tick=real_tick, jitter=lambda: 0.5), patience=Patience(tries=4)
            )
            await client.sync()
    return len(checked)


# -- what there is to see --


async def folded(served: Served) -> bool:
    """Wait until the projections have folded, and judged, what the logs hold."""
    deadline = time.monotonic() + FOLD_SECONDS
    while time.monotonic() < deadline:
        behind = 0
        for authority in (PROVINCE, CITY, COUNTY):
            async with looking(served.services.console, [authority]) as connection:
                behind += sum(lag.behind for lag in await views.lag(connection))
                judged = await process.lag(connection)
                behind += judged.behind + judged.dirty
        if not behind:
            return True
        await asyncio.sleep(0.1)
    return False


async def _cases(served: Served) -> list[str]:
    async with looking(served.services.console, [CITY]) as connection:
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
    served: Served, accounts: dict[str, Entry], cases: Sequence[str], told: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    officers = [
        {"name": o.name, "role": o.role, "authority": o.authority, **asdict(accounts[o.name])} for o in OFFICERS
    ]
    return {
        "internal": served.internal, "public": served.public, "officers": officers, "cases": list(cases),
        "stories": list(told),
    }  # fmt: skip


def _table(
    served: Served, accounts: dict[str, Entry], cases: Sequence[str], told: Sequence[dict[str, Any]],
    links: OneTimeLinks, say: Callable[[str], None],
) -> None:  # fmt: skip
    say("\nOpen  打开:")
    pages = [("/cases", "卷宗 case files"), ("/deadlines", "期限 deadlines"), ("/signals", "预警 signals")]
    pages += [("/reviews", "法制审核 legal reviews"), ("/plans", "年度计划 annual plans")]
    pages += [("/draws", "双随机抽取 random draws")]
    pages += [("/supervision", "监督检查 supervision"), ("/supervision/off-system", "体外循环 off-system enforcement")]
    pages += [("/supervision/ledgers", "外部台账 books of others")]
    pages += [("/terminals", "终端 terminals"), ("/help", "帮助 help")]
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
            f"  {officer.role:<16} {officer.authority}  {officer.name} / {accounts[officer.name].password}  "
            f"{served.internal}{links.make(officer.name)}"
        )
        if (secret := accounts[officer.name].totp) is not None:
            say(f"  {'':<16} {'':<6}  one-time codes (TOTP)  动态码密钥: {secret}")


async def _copied(served: Served, data: Path, told: Sequence[dict[str, Any]], say: Callable[[str], None]) -> bool:
    """A case file leaves the office, and its own program checks it as a stranger would, who has nothing of ours."""
    case = next((one["ids"]["case"] for one in told if "case" in one["ids"]), None)
    copy, paper = data / "demo-case.zip", data / "demo-case.json"
    if case is None:
        return True
    if not paper.exists():
        store = served.uploads.store
        exports = Exports(served.log.committer, served.log.pool, served.services.console, store)
        who = Who(officer="bureau_head", session=bytes(32), via="demo")
        export = await exports.begin(CITY, case, "演示：提交人民法院 demo: for the court", who)
        with copy.open("wb") as file:
            async for chunk in export.chunks():
                file.write(chunk)
        paper.write_text(json.dumps({"key": export.key}), "utf-8")
    key = json.loads(paper.read_text("utf-8"))["key"]
    with zipfile.ZipFile(copy) as archive:
        verifier = archive.read("verify.py")
    (data / "verify.py").write_bytes(verifier)
    command = [sys.executable, "-I", str(data / "verify.py"), str(copy), "--key", key]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    answer, _ = await process.communicate()
    if process.returncode:
        say(f"the copy of {case} does not verify  卷宗副本核验未通过: {answer.decode(errors='replace')}")
        return False
    say(
        f"a copy of the case {case} was made and verifies: `python {data / 'verify.py'} {copy} --key '{key}'`  "
        "已导出一份卷宗副本，独立核验通过（用上述命令复核）"
    )
    return True


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
