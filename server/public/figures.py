"""Statistics: how many decisions, of which kinds, published on time or late, taken down; by year and authority.

Figures come from projections with the position of each log that they rest on. Invariant: nothing here ranks parties or
authorities by fines; every drawing has the same numbers beside it as a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from server.public import frame, shapes, store
from server.public.authorities import as_of
from server.public.search import Search

SHOWN: Final = (
    "decided", "due", "on_time", "late", "overdue", "result:due", "result:on_time", "result:late", "result:overdue",
    "published", "corrected", "withdrawn", "expired", "inspections",
)  # fmt: skip
PARTS: Final = ("", "result:")
"""Decisions on penalties, and other results of enforcement."""
JUDGED: Final = ("on_time", "late", "overdue")
"""What had to be public by now: in time, late, or not at all. What is still within its period is not judged."""
YEARS: Final = 5
WIDTH: Final = 360
"""Units of the longest bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its code, number, and length in units of the drawing."""

    code: str
    number: int
    length: int


@dataclass(frozen=True, slots=True)
class YearShown:
    """A year of an authority: figures, share on time of what had to be public by now (None: nothing), bars of kinds."""

    authority: str
    name: str
    year: int
    figures: Mapping[str, int]
    on_time: float | None
    bars: tuple[Bar, ...]


async def show(request: web.Request) -> web.Response:
    """`/statistics`: years, newest first."""
    pool = frame.pool_of(request)
    authorities = await store.authorities(pool)
    wanted = Search.of({"authority": request.query.get("authority", "")}).authority
    names = {one.code: one.name for one in authorities}
    held = await store.statistics(pool, wanted or None)
    years = sorted({year for _, year in held}, reverse=True)[:YEARS]
    shown = [
        _year(code, names.get(code, code), year, figures)
        for year in years
        for (code, of_year), figures in held.items()
        if of_year == year
    ]
    return frame.page(
        request, "public_statistics.html", years=shown, authorities=authorities, authority=wanted, figures=SHOWN,
        positions=await store.positions(pool),
    )  # fmt: skip


async def show_json(request: web.Request) -> web.Response:
    """`/api/v1/statistics`: all figures with the positions that they rest on."""
    pool = frame.pool_of(request)
    wanted = Search.of({"authority": request.query.get("authority", "")}).authority
    held = await store.statistics(pool, wanted or None)
    items = tuple(
        shapes.Year(authority=code, year=year, figures=dict(figures)) for (code, year), figures in held.items()
    )
    return frame.answer_json(request, shapes.Statistics(items=items, as_of=await as_of(pool)))


def _year(code: str, name: str, year: int, figures: Mapping[str, int]) -> YearShown:
    kinds = {key.removeprefix("kind:"): number for key, number in figures.items() if key.startswith("kind:")}
    most = max(kinds.values(), default=0)
    bars = tuple(Bar(kind, number, max(1, WIDTH * number // most)) for kind, number in sorted(kinds.items()) if number)
    in_time, judged = (sum(figures.get(part + one, 0) for part in PARTS for one in of) for of in (JUDGED[:1], JUDGED))
    return YearShown(code, name, year, figures, in_time / judged if judged else None, bars)
