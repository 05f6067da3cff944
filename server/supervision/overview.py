"""The supervisor's first page: figures with their trend, signals by kind, authorities side by side.

What it shows is counted at most so often; the page says of which moment it is. The invariant: fines rank nobody, and
every number leads to the rows that make it.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeAlias

import asyncpg
import structlog
from aiohttp import web

from domain.quarterly import Period, period, summed
from domain.rule_inputs import SIGNALS
from domain.workdays import end_of, start_of
from projections.process import figures, overview, reports
from projections.process.context import Context
from projections.process.figures import Cut
from schemas.problems import Problem
from server.supervision.figures import FRESH_SECONDS, KEPT, keep, proposed, today, wanted_period
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.languages import language

TILES: Final = (
    "visits", "completion", "general_found", "correction_rate", "major_found", "overdue", "cases", "decided",
    "published_share",
)  # fmt: skip
"""Figures of the first page. Fines are not among them: they rank nobody."""
COMPARED: Final = ("visits", "completion", "correction_rate", "overdue", "published_share")
"""Figures in which authorities are set side by side."""
TREND: Final = 5
"""Quarters of a trend, the one that is asked for as the last."""
NAMES: Final = {part.code: (part.zh, part.en) for part in SIGNALS}
"""What signals are called, (zh, en)."""


STALE_SECONDS: Final = 900.0
"""From which age on figures are not shown any more, however long a new count takes."""
Key: TypeAlias = tuple[tuple[str, ...], str]
"""Authorities and period."""
log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was counted for one scope and period: at which cut and instant."""

    at: float
    cut: Cut
    as_of: int
    tables: Mapping[str, Mapping[str, Mapping[str, int | None]]]
    rules: tuple[overview.OfRule, ...]
    authorities: tuple[overview.OfAuthority, ...]
    health: tuple[overview.Health, ...]


@dataclass(slots=True)
class Counted:
    """What was counted last, by scope and period, shown with its moment.

    Older than FRESH_SECONDS it is shown at once and counted anew behind the answer: a province takes seconds. Where it
    is older than STALE_SECONDS, or nothing is known, whoever asks waits.
    """

    found: OrderedDict[Key, Seen] = field(default_factory=OrderedDict)
    locks: dict[Key, asyncio.Lock] = field(default_factory=dict)
    renewing: dict[Key, asyncio.Task[None]] = field(default_factory=dict)

    async def get(self, request: web.Request, span: Period) -> tuple[Seen, tuple[tuple[str, str], ...]]:
        """What is shown to whoever asks, and the authorities of it."""
        frame = request.app[FRAME]
        async with frame.scope(request) as connection:
            shown = frame.seen(request)
            key = (tuple(sorted(code for code, _ in shown)), span.name)
            known = self.found.get(key)
            if known is None or _age(known) >= STALE_SECONDS:
                known = await self._count(connection, key, span, STALE_SECONDS)
        if _age(known) >= FRESH_SECONDS and key not in self.renewing:
            self.renewing[key] = asyncio.create_task(self._renew(request, key, span))
        await keep(request, known.cut)
        return known, shown

    async def close(self, _app: web.Application) -> None:
        """End what is still being counted."""
        tasks = list(self.renewing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _count(self, connection: asyncpg.Connection, key: Key, span: Period, oldest: float) -> Seen:
        """Count, one at a time for a key; what somebody else counted meanwhile is taken if it is not too old."""
        async with self.locks.setdefault(key, asyncio.Lock()):
            known = self.found.get(key)
            if known is None or _age(known) >= oldest:
                known = await _count(connection, key[0], span)
                self.found[key] = known
                self.found.move_to_end(key)
                while len(self.found) > KEPT:
                    gone, _ = self.found.popitem(last=False)
                    self.locks.pop(gone, None)
            return known

    async def _renew(self, request: web.Request, key: Key, span: Period) -> None:
        try:
            async with request.app[FRAME].scope(request) as connection:
                await self._count(connection, key, span, FRESH_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, Problem) as fault:
            # What is there stays, with its moment on it, and whoever asks next has it tried again.
            log.warning("count_failed", error=type(fault).__name__)
        finally:
            self.renewing.pop(key, None)


def _age(seen: Seen) -> float:
    return time.monotonic() - seen.at


COUNTED: Final = web.AppKey("supervision_counted", Counted)


async def show(request: web.Request) -> web.Response:
    """The first page."""
    span = wanted_period(request)
    seen, shown = await request.app[COUNTED].get(request, span)
    chosen = language(request)
    place = 0 if chosen == "zh" else 1
    quarters = sorted(seen.tables)
    known = figures.figures().by_code
    named = dict(shown)
    now = seen.tables[span.name]
    whole = {name: summed(figures.figures(), list(table.values())) for name, table in seen.tables.items()}
    acts = sum(one.acts for one in seen.authorities)
    return request.app[FRAME].page(
        request,
        "overview.html",
        period=span.name,
        periods=proposed(today()),
        as_of=seen.as_of,
        cut=seen.cut.name,
        tiles=[
            {
                "code": code,
                "name": known[code].zh if chosen == "zh" else known[code].en,
                "how": reports.how(known[code], chosen),
                "unit": reports.unit_of(known[code]),
                "value": whole[span.name].get(code),
                "trend": [(name, whole[name].get(code)) for name in quarters],
                "bars": _bars([whole[name].get(code) for name in quarters]),
            }
            for code in TILES
        ],
        rules=[
            {
                "rule": one.rule,
                "name": NAMES.get(one.rule, (one.rule, one.rule))[place],
                "severity": one.severity,
                "open": one.open,
                "disputed": one.disputed,
                "resolved": one.resolved,
                "confirmed": one.confirmed,
                "per_hundred": _per_hundred(one.open + one.disputed + one.resolved, acts),
            }
            for one in seen.rules
        ],
        acts=acts,
        authorities=[
            {
                "code": one.authority,
                "name": named.get(one.authority, ""),
                "acts": one.acts,
                "late": one.late,
                "backfilled": one.backfilled,
                "median_ms": one.median_ms,
                "signals": one.signals,
                "serious": one.serious,
                "figures": [(reports.unit_of(known[code]), now[one.authority].get(code)) for code in COMPARED],
            }
            for one in seen.authorities
        ],
        standing=sum(one.open + one.disputed for one in seen.rules),
        serious=sum(one.serious for one in seen.authorities),
        health=[(one, named.get(one.authority, "")) for one in seen.health],
        compared=[
            {
                "code": code,
                "name": known[code].zh if chosen == "zh" else known[code].en,
                "unit": reports.unit_of(known[code]),
                "bars": _sideways([(one.authority, now[one.authority].get(code)) for one in seen.authorities]),
            }
            for code in COMPARED
        ],
    )


async def as_json(request: web.Request) -> web.Response:
    """`/api/v1/supervision?period=`: the same as JSON."""
    span = wanted_period(request)
    seen, _ = await request.app[COUNTED].get(request, span)
    return json_answer(
        request,
        {
            "period": span.name,
            "as_of": {"cut": seen.cut.name, "positions": seen.cut.vector(), "instant": seen.as_of},
            "tables": {name: dict(table) for name, table in sorted(seen.tables.items())},
            "signals": [asdict(one) for one in seen.rules],
            "authorities": [asdict(one) for one in seen.authorities],
            "terminals": [asdict(one) for one in seen.health],
        },
    )


async def _count(connection: asyncpg.Connection, codes: Sequence[str], span: Period) -> Seen:
    cut = await figures.newest(connection, codes)
    laws = await figures.laws_of(connection, cut)
    as_of = time.time_ns() // 1_000_000
    until = min(end_of(span.last), as_of)
    wanted = sorted({*TILES, *COMPARED})
    tables = {one.name: await figures.table(connection, cut, codes, one, laws, codes=wanted) for one in trend(span)}
    since = start_of(span.first)
    return Seen(
        time.monotonic(),
        cut,
        as_of,
        tables,
        await overview.signals_by_rule(connection, codes, since=since, as_of=until),
        await overview.by_authority(connection, codes, since=since, as_of=until),
        await overview.health(connection, as_of=as_of, limit=_clock_limit(laws, span, codes)),
    )


def _clock_limit(laws: Context, span: Period, codes: Sequence[str]) -> int:
    """From which offset on a clock is off, ms."""
    found = laws.rules.find("clock.offset_limit_ms", span.last, codes[0])
    return 60_000 if found is None else int(found.value)


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


def _per_hundred(number: int, acts: int) -> str:
    return "–" if not acts else f"{number * 1000 // acts / 10:.1f}"


def _bars(values: Sequence[int | None]) -> list[dict[str, int]]:
    """Columns of a small chart, 24 high: place and height of each."""
    most = max((value for value in values if value is not None), default=0)
    return [
        {"x": 14 * place, "height": 0 if not value or not most else max(1, round(24 * value / most))}
        for place, value in enumerate(values)
    ]


def _sideways(values: Sequence[tuple[str, int | None]]) -> list[dict[str, Any]]:
    """Bars of a comparison, 200 long at most."""
    most = max((value for _, value in values if value is not None), default=0)
    return [
        {"name": name, "value": value, "length": 0 if not value or not most else max(1, round(200 * value / most))}
        for name, value in values
    ]
