"""A generated year is loaded into a server: enrolment, uploads and office acts by the ordinary ways, in a few minutes.

Terminals upload over HTTP to a server in this process, whose clock shows the evening of the day that is told; acts of
offices go through the committer with the instants of the story. The invariant: the list of planted places is on the
disk before the first act is uploaded, and the report of each quarter is taken while nothing later is in the logs.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final

import asyncpg

from domain.quarterly import period
from ops import codes
from ops.export_log import export
from ops.serve import Served, serving
from ops.settings import Settings
from ops.terminal.transport import HttpTransport
from ops.verify.database import DatabaseSource
from ops.year import almanac, count
from ops.year.planting import Place
from ops.year.province import Scale
from ops.year.telling import Told
from ops.year.terminals import Terminal, enrolled, upload
from ops.year.year import Day, Year
from projections.process import figures, overview, queries, reports
from projections.process.views import ProcessLag
from projections.scope import look
from schemas.entries import Who
from server.log.acts import Act, OfficeActs
from server.log.ids import now_ms

PLANTED: Final = "planted.jsonl"
LOADED: Final = "loaded.json"
QUARTERS: Final = tuple(f"{almanac.YEAR}-Q{number}" for number in range(1, 5))
TOGETHER: Final = 100
"""Acts of one office at one instant that are appended together."""

AT_ONCE: Final = 24
"""Terminals that upload at once."""

WAIT_SECONDS: Final = 3_600.0
ROLE: Final = "liuhen_projector"
Progress = Callable[[int, int], None]


class LoadRefused(Exception):
    """The year cannot be loaded; what was expected, what came, and what to do."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded, and how long it took: `seconds` to the last receipt, `judged` until all of it was judged."""

    seed: int
    share: float
    places: int
    authorities: int
    terminals: int
    officers: int
    events: int
    uploads: int
    seconds: float
    judged: float


@dataclass(frozen=True, slots=True)
class OfSignal:
    """How one kind of signal did: planted and found, near and flagged, and flagged elsewhere."""

    signal: str
    planted: int
    found: int
    near: int
    flagged: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check. `missed`, `flagged`: places; `figures`: numbers that were compared; `wrong`: those that
    differ, in words; `again`: reports that came out as they were, of so many.
    """

    signals: tuple[OfSignal, ...]
    missed: tuple[Place, ...]
    flagged: tuple[Place, ...]
    figures: int
    wrong: tuple[str, ...]
    again: int
    reports: int

    @property
    def good(self) -> bool:
        """At least 98 % of what was planted found, at most 2 % of the near misses flagged, every number equal."""
        planted, near = sum(one.planted for one in self.signals), sum(one.near for one in self.signals)
        found, flagged = sum(one.found for one in self.signals), sum(one.flagged for one in self.signals)
        enough = found * 100 >= 98 * planted > 0 and flagged * 100 <= 2 * near
        return enough and self.figures > 0 and not self.wrong and self.again == self.reports > 0


# -- loading --


async def load(
    settings: Settings, seed: int, scale: Scale, progress: Progress, say: Callable[[str], None] = lambda _: None
) -> Loaded:
    """Make a year and load it into the folder of the settings, which holds no data yet; `say` is told what goes on.

    Where a load was cut short after the last upload, it goes on there: what is left is for the judges. Raises
    LoadRefused.
    """
    assert settings.data is not None
    folder = settings.data / "year"
    if (folder / LOADED).exists():
        say(f"{folder} holds a year already: what is left of it is judged")
        return await _finished(settings, folder)
    if folder.exists():
        raise LoadRefused(f"{folder} exists: a year was loaded here in part; name a new folder")
    try:
        year = Year(seed, scale)
    except ValueError as fault:
        raise LoadRefused(f"{fault}: ask for fewer --places, or a greater --scale") from None
    folder.mkdir(mode=0o700, parents=True)
    lines = [json.dumps(asdict(one), ensure_ascii=False) for one in year.places]
    (folder / PLANTED).write_text("\n".join(lines) + "\n", "utf-8")
    known = [one.code for one in year.province.authorities]
    settings = _serving(settings, known)
    began = time.monotonic()
    async with serving(settings) as served:
        run = _Run(served, settings, folder, year)
        await run.open()
        await run.play(progress)
        loaded = Loaded(
            seed, scale.share, scale.places, len(known), len(run.terminals), len(year.province.officers), run.events,
            run.uploads, round(time.monotonic() - began, 1), 0.0,
        )  # fmt: skip
        _keep(folder, loaded, known)
        say(f"{loaded.events:,} events are uploaded; the judges come up with them")
        await _judged_and_reported(served, folder, known)
    loaded = replace(loaded, judged=round(time.monotonic() - began, 1))
    _keep(folder, loaded, known)
    return loaded


async def _finished(settings: Settings, folder: Path) -> Loaded:
    """The rest of a load whose uploads were all done."""
    kept: dict[str, Any] = json.loads((folder / LOADED).read_text("utf-8"))
    known: list[str] = kept.pop("known")
    began = time.monotonic()
    async with serving(_serving(settings, known)) as served:
        await _judged_and_reported(served, folder, known)
    loaded = Loaded(**kept)
    loaded = replace(loaded, judged=round(max(loaded.judged, loaded.seconds) + time.monotonic() - began, 1))
    _keep(folder, loaded, known)
    return loaded


async def _judged_and_reported(served: Served, folder: Path, known: Sequence[str]) -> None:
    for name in QUARTERS:
        if not (folder / f"{name}.cut").exists():
            await _report(served, folder, known, name)
    await judged(served, known)


def _serving(settings: Settings, known: Sequence[str]) -> Settings:
    return replace(
        settings, internal=settings.internal or "127.0.0.1:0", authorities=" ".join(known), uploads_per_second="0",
        log_level="error",
    )  # fmt: skip


def _keep(folder: Path, loaded: Loaded, known: Sequence[str]) -> None:
    (folder / LOADED).write_text(json.dumps({**asdict(loaded), "known": list(known)}), "utf-8")


class _Run:
    """One year on its way in."""

    def __init__(self, served: Served, settings: Settings, folder: Path, year: Year) -> None:
        self.terminals: dict[str, Terminal] = {}
        self.events = self.uploads = 0
        self._served, self._settings, self._folder, self._year = served, settings, folder, year
        self._versions: dict[bytes, int] = {}
        self._known = [one.code for one in year.province.authorities]

    async def open(self) -> None:
        """What offices entered before the year; terminals; their blocks of numbers."""
        await self._acts(self._year.opening())
        self._served.sync.clock = lambda: almanac.start_of(almanac.FIRST)
        limit = asyncio.Semaphore(8)
        async with HttpTransport(self._served.internal) as way, asyncio.TaskGroup() as group:
            for team in self._year.province.teams:
                group.create_task(self._enrol(way, team.authority, team.terminal, limit))
        await self._acts(list(self._year.blocks({name: one.id for name, one in self.terminals.items()})))

    async def _enrol(self, way: HttpTransport, authority: str, name: str, limit: asyncio.Semaphore) -> None:
        async with limit:
            paper = await codes.issue(self._settings, self._served.database, authority)
            dice = Random(f"{self._year.province.seed}/{name}/chain")  # noqa: S311 - invented terminals
            self.terminals[name] = await enrolled(way, asdict(paper), name, dice)

    async def play(self, progress: Progress) -> None:
        """Day after day; at the end of each quarter its report is made and kept."""
        whole = (almanac.LAST - almanac.FIRST).days + 1
        ends = {count.quarter(name)[1]: name for name in QUARTERS}
        due = sorted(ends)
        progress(0, whole)
        async with HttpTransport(self._served.internal) as way:
            for day in self._year.days():
                while due and due[0] < day.date:
                    await _report(self._served, self._folder, self._known, ends[due.pop(0)])
                await self._day(way, day)
                progress(max(0, min(whole, (day.date - almanac.FIRST).days + 1)), whole)
        progress(whole, whole)
        self._served.sync.clock = now_ms

    async def _day(self, way: HttpTransport, day: Day) -> None:
        await self._acts(day.office)
        evening = almanac.start_of(day.date) + almanac.UPLOAD
        self._served.sync.clock = lambda: evening
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, some: Sequence[Told]) -> None:
            async with limit:
                taken = await upload(way, self.terminals[name], some)
            self.events += taken
            self.uploads += 1

        async with asyncio.TaskGroup() as group:
            for name, some in day.field.items():
                group.create_task(one(name, some))

    async def _acts(self, some: Sequence[Told]) -> None:
        """Acts of offices: each office in the order of its time, all offices at once."""
        offices: dict[str, list[Told]] = {}
        for told in some:
            offices.setdefault(told.authority, []).append(told)
        async with asyncio.TaskGroup() as group:
            for authority, own in offices.items():
                group.create_task(self._office(authority, own))

    async def _office(self, authority: str, own: Sequence[Told]) -> None:
        start = 0
        while start < len(own):
            first = own[start]
            end = start + 1
            while (
                end < len(own)
                and end - start < TOGETHER
                and (own[end].occurred, own[end].by) == (first.occurred, first.by)
            ):
                end += 1
            acts = [self._act(told) for told in own[start:end]]
            who = Who(officer=first.by[0], session=bytes(32), via="year")
            await self._served.log.committer.submit(OfficeActs(authority, acts, who, first.received))
            self.events += len(acts)
            start = end

    def _act(self, told: Told) -> Act:
        origin = next((told.body[key] for key in ("case_id", "task_id") if key in told.body), told.id)
        self._versions[origin] = version = self._versions.get(origin, 0) + 1
        return Act(told.type, told.about, told.body, origin, version, told.id)


async def _report(served: Served, folder: Path, known: Sequence[str], name: str) -> None:
    """The report of a quarter that is over, with the cut at which it stands."""
    await filed(served, known)
    connection = await asyncpg.connect(served.database.dsn(ROLE), timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            await look(connection, known)
            made = await reports.quarterly(connection, known, period(name))
            await figures.keep(connection, made.cut)
    finally:
        await connection.close()
    (folder / f"{name}.json").write_bytes(reports.as_json(made))
    (folder / f"{name}.cut").write_text(made.cut.name, "ascii")


async def filed(served: Served, known: Sequence[str]) -> None:
    """Wait until everything is filed that stands in the logs. Raises LoadRefused after WAIT_SECONDS."""
    await _behind(served, known, lambda lag: lag.behind)


async def judged(served: Served, known: Sequence[str]) -> None:
    """Wait until everything is judged that stands in the logs. Raises LoadRefused after WAIT_SECONDS."""
    await _behind(served, known, lambda lag: lag.behind + lag.dirty)


async def _behind(served: Served, known: Sequence[str], left: Callable[[ProcessLag], int]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        behind = 0
        async with served.services.console.acquire() as connection:
            for authority in known:
                async with connection.transaction():
                    await look(connection, [authority])
                    behind += left(await queries.lag(connection))
                    if behind:
                        break
        if not behind:
            return
        await asyncio.sleep(0.2)
    raise LoadRefused(f"the projections are behind after {WAIT_SECONDS:.0f} s: look at the log of the server")


# -- checking --


def places_of(folder: Path) -> list[Place]:
    """The list of planted places. Raises LoadRefused where there is none."""
    try:
        lines = (folder / PLANTED).read_text("utf-8").splitlines()
    except OSError:
        raise LoadRefused(f"{folder / PLANTED} cannot be read: load a year first (`liuhen year load`)") from None
    return [Place(**json.loads(line)) for line in lines]


async def check(settings: Settings, dsn: Callable[[str], str], progress: Progress) -> Checked:
    """Compare what the detectors say with the list, the tables with a count over an export, reports with themselves."""
    assert settings.data is not None
    folder = settings.data / "year"
    places = places_of(folder)
    known: list[str] = json.loads((folder / LOADED).read_text("utf-8"))["known"]
    connection = await asyncpg.connect(dsn(ROLE), timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            await look(connection, known)
            standing = await overview.standing(connection, known, as_of=almanac.END)
            signals, missed, flagged = compared(places, standing)
            made = {name: await reports.quarterly(connection, known, period(name)) for name in QUARTERS}
            again = 0
            for name in QUARTERS:
                cut = await figures.kept(connection, (folder / f"{name}.cut").read_text("ascii"), known)
                once_more = await reports.quarterly(connection, known, period(name), cut)
                again += reports.as_json(once_more) == (folder / f"{name}.json").read_bytes()
    finally:
        await connection.close()
    out = folder / "export"
    if not out.exists():
        source = DatabaseSource(dsn("postgres"))
        try:
            await asyncio.to_thread(export, source, out, authorities=known, progress=progress)
        finally:
            source.close()
    books = await asyncio.to_thread(count.keep, out)
    numbers, wrong = counted(books, known, made)
    return Checked(signals, missed, flagged, numbers, wrong, again, len(QUARTERS))


def compared(
    places: Sequence[Place], standing: set[tuple[str, str, str]]
) -> tuple[tuple[OfSignal, ...], tuple[Place, ...], tuple[Place, ...]]:
    """Each kind of signal, planted places that were missed, and near misses that were flagged."""
    subjects = {one.subject for one in places}
    whole = {(rule, subject) for rule, subject, _ in standing}
    hit = {
        one
        for one in places
        if ((one.signal, one.subject, one.about) in standing if one.about else (one.signal, one.subject) in whole)
    }
    rules = sorted({one.signal for one in places} | {rule for rule, _ in whole})
    rows = []
    for rule in rules:
        planted = [one for one in places if one.signal == rule and one.kind == "planted"]
        near = [one for one in places if one.signal == rule and one.kind == "near"]
        elsewhere = sum(name == rule and subject not in subjects for name, subject in whole)
        rows.append(
            OfSignal(
                rule, len(planted), sum(one in hit for one in planted), len(near), sum(one in hit for one in near),
                elsewhere,
            )
        )  # fmt: skip
    missed = tuple(one for one in places if one.kind == "planted" and one not in hit)
    flagged = tuple(one for one in places if one.kind == "near" and one in hit)
    return tuple(rows), missed, flagged


def counted(
    books: count.Books, known: Sequence[str], made: Mapping[str, reports.Report]
) -> tuple[int, tuple[str, ...]]:
    """How many numbers were compared with the count over the export, and those that differ, in words."""
    numbers, wrong = 0, []
    for name, report in made.items():
        span = report.period
        mine: dict[str, Any] = {one: count.table(books, one, span.first, span.last) for one in known}
        mine["all"] = count.summed([mine[one] for one in known])
        for who, table in {**report.each, "all": report.whole}.items():
            for code, value in table.items():
                numbers += 1
                if code not in mine[who] or mine[who][code] != value:
                    wrong.append(f"{name} {who} {code}: the table says {value}, the count {mine[who].get(code)}")
    return numbers, tuple(wrong)
