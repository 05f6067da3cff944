"""What the supervisors' pages count: tables, their lists, the first page, the report on enforcement off the system.

Each is counted with a connection that sees the authorities of whoever asks, and kept for whoever sees the same. Its cut
is kept in the database too, so that its name works as an address. The invariant: no page counts past this module.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg
from aiohttp import web

from domain.quarterly import Period, period
from domain.rulebook import NoRule
from domain.workdays import end_of, start_of
from projections.process import figures, overview, reports
from projections.process.context import Context
from projections.process.figures import Cut, NoCut, Unit
from projections.process.off_system import OffSystem
from projections.process.past import TooFarBack
from projections.process.reports import Report
from projections.scope import looking
from schemas.problems import Problem
from server.identity import store as identity
from server.supervision.answers import Answer, Answers, Question
from server.supervision.asking import current
from server.web.app import SERVICES, Past

TILES: Final = (
    "visits", "completion", "general_found", "correction_rate", "major_found", "overdue", "cases", "decided",
    "published_share",
)  # fmt: skip
"""Figures of the first page. Fines are not among them: they rank nobody."""
COMPARED: Final = ("visits", "completion", "correction_rate", "overdue", "published_share")
"""Figures in which authorities are set side by side."""
KEPT: Final = 64
"""Tables, and first pages, that are kept."""
KEPT_ROWS: Final = 200_000
"""Acts that all lists that are kept have together, and signals that all reports have: some hundred bytes each."""
TREND: Final = 5
"""Quarters of a trend, the one that is asked for as the last."""
WORTH: Final = 20_000
"""Entries from which on a table is counted ahead: that of fewer is there while somebody waits."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The acts that make one figure, as of a cut."""

    cut: Cut
    units: list[Unit]


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands on the first page: tables by their periods, signals, authorities and terminals."""

    cut: Cut
    tables: Mapping[str, Mapping[str, Mapping[str, int | None]]]
    rules: tuple[overview.OfRule, ...]
    authorities: tuple[overview.OfAuthority, ...]
    health: tuple[overview.Health, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything that was counted last, by kind."""

    tables: Answers[Report] = field(default_factory=lambda: Answers(KEPT, lambda one: one.cut.name))
    lists: Answers[Listed] = field(
        default_factory=lambda: Answers(KEPT_ROWS, lambda one: one.cut.name, lambda one: 1 + len(one.units))
    )
    overviews: Answers[Overview] = field(default_factory=lambda: Answers(KEPT, lambda one: one.cut.name))
    off_system: Answers[OffSystem] = field(
        default_factory=lambda: Answers(KEPT_ROWS, lambda one: one.name, lambda one: 1 + len(one.cases), at_once=1)
    )
    """Counted over the connections of the log's writer, which uploads need: one at a time."""

    async def close(self, _app: web.Application) -> None:
        """End what is being counted."""
        await asyncio.gather(*(one.close() for one in (self.tables, self.lists, self.overviews, self.off_system)))


COUNTED: Final = web.AppKey("supervision_counted", Counted)


async def table(app: web.Application, authorities: Sequence[str], span: Period, cut: str = "") -> Answer[Report]:
    """The quarterly table of some authorities, as of now or a kept cut. Raises Problem not_found."""
    pool, codes = app[SERVICES].console, tuple(sorted(authorities))

    async def count(_as_of: int) -> Report:
        async with looking(pool, codes) as connection:
            made = await reports.quarterly(connection, codes, span, await _cut(connection, cut, codes))
        await _keep(pool, made.cut)
        return made

    return await app[COUNTED].tables.get(Question(codes, span.name, cut), count)


async def units(
    app: web.Application, authorities: Sequence[str], span: Period, code: str, cut: str = ""
) -> Answer[Listed]:
    """The list behind a figure of the table. Raises Problem not_found, KeyError for a code that the table lacks."""
    pool, codes = app[SERVICES].console, tuple(sorted(authorities))

    async def count(_as_of: int) -> Listed:
        async with looking(pool, codes) as connection:
            at = await _cut(connection, cut, codes) or await figures.newest(connection, codes)
            laws = await figures.laws_of(connection, at)
            found = Listed(at, await figures.units(connection, at, codes, span, code, laws))
        await _keep(pool, at)
        return found

    return await app[COUNTED].lists.get(Question(codes, f"{span.name}/{code}", cut), count)


async def first_page(app: web.Application, authorities: Sequence[str], span: Period) -> Answer[Overview]:
    """The first page of some authorities: its figures over a period and those before it, signals, terminals."""
    pool, codes = app[SERVICES].console, tuple(sorted(authorities))
    wanted = sorted({*TILES, *COMPARED})

    async def count(as_of: int) -> Overview:
        async with looking(pool, codes) as connection:
            cut = await figures.newest(connection, codes)
            laws = await figures.laws_of(connection, cut)
            since, until = start_of(span.first), min(end_of(span.last) - 1, as_of)
            made = Overview(
                cut,
                await figures.tables(connection, cut, codes, trend(span), laws, codes=wanted),
                await overview.signals_by_rule(connection, codes, since=since, as_of=until),
                await overview.by_authority(connection, codes, since=since, as_of=until),
                await overview.health(connection, as_of=as_of, limit=_clock_limit(laws, span, codes)),
            )
        await _keep(pool, cut)
        return made

    return await app[COUNTED].overviews.get(Question(codes, span.name), count)


async def off_system(
    app: web.Application, past: Past, authorities: Sequence[str], span: Period, name: str = ""
) -> Answer[OffSystem]:
    """The report on enforcement off the system, of now or by the name of an earlier one.

    Raises Problem not_found, too_large, bad_request.
    """
    codes = tuple(sorted(authorities))

    async def count(_as_of: int) -> OffSystem:
        try:
            return await past.off_system(codes, span, name)
        except NoCut:
            raise Problem("not_found", "no report of this name is kept: leave `at` out for the report of now") from None
        except TooFarBack:
            raise Problem(
                "too_large", "too much was recorded since that moment: make it by `liuhen report off-system --at`"
            ) from None
        except NoRule:
            raise Problem("bad_request", "no rule says by when records of that period are in time") from None
        except ValueError:
            raise Problem(
                "bad_request", "expected `at` to be the name that a report printed: a cut, or a cut @ an instant"
            ) from None

    return await app[COUNTED].off_system.get(Question(codes, span.name, name), count)


async def ahead(app: web.Application) -> None:
    """Count the first page and the table of the current quarter for everybody who looks over others, one by one.

    Whoever opens them next is answered at once. What is small is left out: nobody would wait for it.
    """
    pool = app[SERVICES].console
    async with pool.acquire(timeout=10) as connection:
        scopes = await identity.looked_over(connection)
    for codes in sorted(scopes, key=len, reverse=True):
        async with looking(pool, codes) as connection:
            entries = sum((await figures.newest(connection, codes)).logs.values())
        if entries >= WORTH:
            await first_page(app, codes, current())
            await table(app, codes, current())


def trend(span: Period) -> list[Period]:
    """The period and those of the same length before it; a month or a quarter has four, a year one."""
    if span.first.month == 1 and span.last.month == 12:
        return [period(str(span.first.year - 1)), span]
    months = (span.last.month - span.first.month) + 1
    found = [span]
    first = span.first
    for _ in range(TREND - 1):
        number = first.year * 12 + first.month - 1 - months
        first = datetime.date(number // 12, number % 12 + 1, 1)
        name = f"{first.year}-Q{(first.month + 2) // 3}" if months == 3 else f"{first.year}-{first.month:02}"
        found.append(period(name))
    return found[::-1]


async def _cut(connection: asyncpg.Connection, name: str, authorities: Sequence[str]) -> Cut | None:
    if not name:
        return None
    try:
        return await figures.kept(connection, name, authorities)
    except NoCut:
        raise Problem("not_found", "no cut of this name is kept: leave `cut` out for the figures of now") from None


async def _keep(pool: asyncpg.Pool, cut: Cut) -> None:
    async with pool.acquire(timeout=10) as connection:
        await figures.keep(connection, cut)


def _clock_limit(laws: Context, span: Period, codes: Sequence[str]) -> int:
    """From which offset on a clock is off, ms."""
    found = laws.rules.find("clock.offset_limit_ms", span.last, codes[0])
    return 60_000 if found is None else int(found.value)
