"""The public site on full tables: searches at a fixed rate, then everything as one CSV.

The site runs as `liuhen serve --public-only`, a process of its own with the account that sees what is published and
nothing else. Requests are sent when they are due, whether or not earlier ones have been answered, and are timed from
that moment; the records are invented. Invariant: every answer is looked at; a page without the rows that the search
must find, or a table that lacks records, ends the run.
"""

from __future__ import annotations

import asyncio
import datetime
import itertools
import random
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import aiohttp
import asyncpg

from domain import search_terms
from ops import compose
from ops import settings as settings_module
from ops.bench.ingest import Say
from ops.bench.machine import Machine, cpu_seconds, look
from ops.bench.rig import BenchFault, folder_of, program
from schemas.published_document import Agency, Document, Field
from server.public.tables import layouts

SEED: Final = 20261130
RATE: Final = 200
SECONDS: Final = 20
WARM_SECONDS: Final = 3
CONNECTIONS: Final = 64
CHUNK: Final = 2_000
BEGAN: Final = datetime.date(2022, 1, 1)
DAYS: Final = 1_700
AUTHORITIES: Final = 20
PLACES: Final = (
    "示例",
    "北山",
    "滨海",
    "青石",
    "新港",
    "安和",
    "长岭",
    "白杨",
    "东坪",
    "石桥",
    "清河",
    "云台",
    "柳林",
    "金沙",
    "龙潭",
)
TRADES: Final = (
    "钢铁", "化工", "矿业", "机械制造", "烟花爆竹", "危险品运输", "建材", "食品加工", "纺织", "造纸", "木业",
    "粮油储运",
    "有色金属", "玻璃", "船舶修造",
)  # fmt: skip
MARKS: Final = "宏达鑫源恒盛永泰瑞丰嘉华兴隆聚福顺康美成隆祥和益昌信诚德利友金安"
LAST: Final = "ffffffff-ffff-7fff-bfff-ffffffffffff"
FORMS: Final = ("有限公司", "有限责任公司", "厂", "集团有限公司", "经营部", "合作社")


@dataclass(frozen=True, slots=True)
class Served:
    """Milliseconds of every answer by kind of request, sorted; the load; the table of everything."""

    machine: Machine
    records: int
    rate: float
    times: Mapping[str, tuple[float, ...]]
    cpu: float | None
    csv_rows: int
    csv_bytes: int
    csv_seconds: float
    csv_grown: int

    def at(self, kind: str, percent: float) -> float:
        """So many per cent of the answers were no slower, ms."""
        found = self.times[kind]
        return found[min(len(found) - 1, int(len(found) * percent / 100))]

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        return {
            "machine": self.machine.line(),
            "records": self.records,
            "rate": self.rate,
            "requests": {
                kind: {
                    "count": len(found), "p50_ms": self.at(kind, 50), "p99_ms": self.at(kind, 99), "max_ms": found[-1],
                }
                for kind, found in self.times.items()
            },
            "server_cpu": self.cpu,
            "csv": {
                "rows": self.csv_rows, "bytes": self.csv_bytes, "seconds": self.csv_seconds,
                "grown_kib": self.csv_grown,
            },
        }  # fmt: skip


async def run(
    records: int, *, rate: int, seconds: int, settings: settings_module.Settings, place: Path | None, say: Say
) -> Served:
    """Fill the tables, search at `rate` for `seconds`, take everything as CSV. Raises BenchFault, ClusterError."""
    async with folder_of(place) as folder:
        mine = settings_module.load(environment={}, data=folder, postgres_bin=settings.postgres_bin)
        async with compose.open_database(mine) as database:
            admin = await asyncpg.connect(database.dsn("postgres"), timeout=10)
            try:
                machine = look(folder, await admin.fetchval("SELECT current_setting('server_version')"))
                await fill(admin, records, say)
            finally:
                await admin.close()
            environment = {"LIUHEN_PUBLIC_PER_MINUTE": "0", "LIUHEN_LOG_LEVEL": "warning"}
            serve = (sys.executable, "-P", "-m", "ops", "serve", "--public-only", "--data", str(folder))
            async with program((*serve, "--public", "127.0.0.1:0"), environment, folder / "serve.log") as site:
                url = site.told["public"]
                say("warming up", 0, 1)
                await _drive(url, records, rate, WARM_SECONDS, SEED + 1)
                say(f"searching {seconds} s", 0, 1)
                before = cpu_seconds(site.pid)
                began = time.perf_counter()
                times = await _drive(url, records, rate, seconds, SEED)
                spent = time.perf_counter() - began
                after = cpu_seconds(site.pid)
                say("everything as CSV", 0, 1)
                held = _peak(site.pid)
                first = time.perf_counter()
                rows, size = await _table(url)
                took = time.perf_counter() - first
                if rows != records:
                    raise BenchFault(f"the table has {rows} records, expected {records}")
                grown = _peak(site.pid) - held
    count = sum(len(found) for found in times.values())
    everything = tuple(sorted(one for found in times.values() for one in found))
    return Served(
        machine, records, count / spent, {"all": everything, **times},
        None if before is None or after is None else (after - before) / spent, rows, size, took, grown,
    )  # fmt: skip


async def fill(admin: asyncpg.Connection, records: int, say: Say) -> None:
    """Write so many published penalties, as the projection would, and have them analysed."""
    columns = (
        "record", "authority", "subject", "status", "revision", "document", "salt", "party", "party_type", "uscc",
        "document_no", "agency", "kinds", "fine_fen", "decided_on", "published_on", "until", "haystack",
        "terms", "epoch",
        "position", "entry", "released",
    )  # fmt: skip
    made = _rows(records)
    for done in range(0, records, CHUNK):
        say(f"filling {records} records", done, records)
        some = list(itertools.islice(made, CHUNK))
        await admin.copy_records_to_table("records", schema_name="published", columns=columns, records=some)
    await admin.executemany(
        "INSERT INTO published.authorities VALUES ($1, $2, $3)",
        [(code, name, f"11{code}MB000000{code[-1]}X") for code, name in _authorities()],
    )
    await admin.execute("VACUUM ANALYZE published.records")


def _authorities() -> list[tuple[str, str]]:
    return [(f"2105{number:02}", f"示例{number}区应急管理局") for number in range(AUTHORITIES)]


def party(number: int) -> str:
    """The name of an invented party: a place, two marks, a trade, a form."""
    dice = random.Random(f"{SEED}/{number}")  # noqa: S311 - the same names in every run
    return f"{dice.choice(PLACES)}{''.join(dice.sample(MARKS, 2))}{dice.choice(TRADES)}{dice.choice(FORMS)}"


def _rows(records: int) -> Iterator[tuple[Any, ...]]:
    """Rows of `published.records`, oldest first. The document of one is the pattern of all: only its texts differ."""
    dice = random.Random(SEED)  # noqa: S311
    pattern, agencies = _pattern(), _authorities()
    for number in range(records):
        code, agency = agencies[number % AUTHORITIES]
        day = BEGAN + datetime.timedelta(days=number * DAYS // records)
        name, uscc = party(number), f"91{code}MA{number:07}0"
        decision = f"（示{number % AUTHORITIES}）应急罚〔{day.year}〕{number}号"
        fen = dice.randrange(1, 500) * 100_000
        record = UUID(int=(number << 80) | 0x7000_8000_0000_0000_0000 | dice.getrandbits(48))
        document = pattern
        for mark, text in (
            (PARTY, name), (USCC, uscc), (NUMBER, decision), (DAY, day.isoformat()), (str(FEN), str(fen)),
            (str(RECORD), str(record)), (AGENCY, agency), (CODE, code),
        ):  # fmt: skip
            document = document.replace(mark, text)
        hay = search_terms.haystack(name, decision, uscc)
        released = datetime.datetime.combine(day, datetime.time(9), datetime.UTC) + datetime.timedelta(seconds=number)
        yield (
            record, code, "penalty", "published", 1, document.encode(), bytes(32), name, "organisation", uscc, decision,
            agency, ["P01", "P03", "P10"] if number % 4 == 0 else ["P03"], fen, day, day,
            day + datetime.timedelta(days=1_095), hay, sorted(search_terms.terms(hay)), 1, number, bytes(80), released,
        )  # fmt: skip


PARTY, USCC, NUMBER, DAY, AGENCY, CODE = "<party>", "<uscc>", "<number>", "2001-02-03", "<agency>", "<code>"
FEN, RECORD = 123_456_789, UUID("01234567-89ab-7def-8123-456789abcdef")


def _pattern() -> str:
    """A penalty with marks in the place of what differs."""
    layout, day = layouts()["penalty"], datetime.date.fromisoformat(DAY)
    values: dict[str, str | int] = {
        "CF_XDR_MC": PARTY,
        "CF_XDR_LB": "法人及非法人组织",
        "CF_XDR_SHXYM": USCC,
        "CF_FRDB": "张某",
        "CF_WSH": NUMBER,
        "CF_WFXW": "未按规定对从业人员进行安全生产教育和培训",
        "CF_SY": f"{DAY}检查发现，该单位新上岗人员未经安全教育培训合格即上岗作业。",
        "CF_YJ": "《中华人民共和国安全生产法》第二十八条、第九十七条第三项",
        "CF_CFLB": "罚款",
        "CF_NR": "处以罚款，并责令限期改正。",
        "CF_NR_FK": FEN,
        "CF_JDRQ": DAY,
        "CF_CFJG": AGENCY,
        "CF_SJLY": AGENCY,
    }
    told = Document(
        format="liuhen-disclosure-1",
        record=str(RECORD),
        revision=1,
        outcome="published",
        subject="penalty",
        agency=Agency(code=CODE, name=AGENCY, uscc="11000000MB0000000X"),
        published_on=day,
        number=NUMBER,
        layout=layout.name,
        party_type="organisation",
        kinds=("P03",),
        fields=tuple(_field(one.code, one.header, values.get(one.code)) for one in layout.columns),
    )
    return told.encode().decode("utf-8")


def _field(code: str, header: str, value: str | int | None) -> Field:
    if isinstance(value, int):
        return Field(code=code, header=header, fen=value)
    return Field(code=code, header=header, value=value) if value else Field(code=code, header=header)


WISHES: Final = (
    ("name", "pair", "number", "words", "newest", "authority", "page", "kind"),
    (30, 15, 15, 10, 10, 10, 5, 5),
)
"""What is asked for, and how often in a hundred."""


def _requests(records: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """(kind, address, what must stand in the answer), for ever: what people look for, most often a name."""
    dice = random.Random(seed)  # noqa: S311
    while True:
        number = dice.randrange(records)
        name = party(number)
        some: tuple[str, dict[str, str], str]
        match dice.choices(*WISHES)[0]:
            case "name":
                some = "a name", {"q": name}, name
            case "pair":
                some = "two characters", {"q": name[2:4]}, name[2:4]
            case "number":
                some = "a number", {"q": f"〕{number}号"}, f"〕{number}号"
            case "words":
                some = "two words", {"q": f"{name[:2]} {name[4:6]}"}, name[4:6]
            case "newest":
                some = "the newest", {}, "应急罚"
            case "authority":
                some = "an authority", {"authority": f"2105{number % AUTHORITIES:02}", "q": name[2:4]}, "应急管理局"
            case "page":
                day = BEGAN + datetime.timedelta(days=dice.randrange(100, DAYS))
                some = "a later page", {"after": f"{day}~{LAST}", "rows": "50"}, "应急罚"
            case _:
                chosen = {"kind": "P10", "from": "2024-01-01", "to": "2024-12-31", "sort": "decided"}
                some = "choices", chosen, "2024"
        kind, query, expected = some
        yield kind, f"/disclosures?{urlencode(query)}", expected


async def _drive(url: str, records: int, rate: int, seconds: int, seed: int) -> dict[str, tuple[float, ...]]:
    """Send requests when they are due; times count from then."""
    times: dict[str, list[float]] = {}
    wanted = _requests(records, seed)
    loop = asyncio.get_running_loop()
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as session:

        async def ask(due: float, kind: str, address: str, expected: str) -> None:
            async with session.get(address, headers={"Accept": "text/html"}) as answer:
                body = await answer.read()
            times.setdefault(kind, []).append((loop.time() - due) * 1_000)
            if answer.status != 200 or expected.encode() not in body:
                raise BenchFault(f"{address}: expected 200 with {expected!r}, got {answer.status}")

        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(rate * seconds):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - loop.time()))
                group.create_task(ask(due, *next(wanted)))
    return {kind: tuple(sorted(found)) for kind, found in sorted(times.items())}


async def _table(url: str) -> tuple[int, int]:
    """(records, bytes) of everything as CSV, read as it comes."""
    rows, size = -1, 0
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(url, timeout=timeout) as session, session.get("/disclosures.csv") as answer:
        async for piece in answer.content.iter_chunked(256 * 1024):
            rows += piece.count(b"\n")  # a row has one; a piece may end within its CRLF
            size += len(piece)
    return rows, size


def _peak(pid: int) -> int:
    """The most memory that a process ever held, KiB; 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
