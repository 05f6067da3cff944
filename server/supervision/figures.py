"""Figures of a period as a page, as JSON and as CSV, and the list that each of them opens.

Everything is as of a cut: of now, or of the one that `?cut=` names, which gives the same page again. The invariant: no
number stands on a page without the way to the acts that make it.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import asyncpg
from aiohttp import web

from domain.quarterly import BLOCKS, NoPeriod, Period, Share, period
from domain.workdays import day_of
from projections import sheets
from projections.process import figures, reports
from projections.process.figures import Cut, NoCut, Unit
from projections.process.names import Key, names
from schemas.problems import Problem
from server.web.app import SERVICES
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.languages import language

PERIODS: Final = 8
"""Quarters that the form proposes."""
FRESH_SECONDS: Final = 20.0
KEPT: Final = 64
KEPT_LISTS: Final = 8
"""Lists may be long."""
ROWS: Final = 200
"""Rows of a list on one page; the JSON has all of them."""
PAGES_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("entered", "plan"), "/tasks/"),
    **dict.fromkeys(("hazard", "hazard_ordered", "hazard_listed", "hazard_delisted"), "/hazards/"),
    **dict.fromkeys(("case", "decision", "case_heard", "case_discussed"), "/cases/"),
}
"""Where the units of a measure have their pages; the others are named without a link."""


@dataclass(slots=True)
class Made:
    """Tables that were counted, by scope, period and cut, and lists behind their figures.

    That of a named cut is kept as long as there is room, since it cannot change; that of now for FRESH_SECONDS.
    """

    found: OrderedDict[tuple[tuple[str, ...], str, str], tuple[float, reports.Report]] = field(
        default_factory=OrderedDict
    )
    lists: OrderedDict[tuple[tuple[str, ...], str, str, str], tuple[float, Cut, list[Unit]]] = field(
        default_factory=OrderedDict
    )
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, request: web.Request, span: Period) -> tuple[reports.Report, tuple[tuple[str, str], ...]]:
        """The table for whoever asks, and the authorities that it is of. Raises Problem not_found."""
        frame = request.app[FRAME]
        name = request.query.get("cut", "")
        async with frame.scope(request) as connection:
            shown = frame.seen(request)
            codes = tuple(sorted(code for code, _ in shown))
            key = (codes, span.name, name)
            made = self._known(key)
            if made is None:
                # One at a time: the next one is often the same, and a count is work for the whole database.
                async with self.lock:
                    made = self._known(key)
                    if made is None:
                        made = await reports.quarterly(connection, codes, span, await _cut(connection, request))
                        self.found[key] = self.found[codes, span.name, made.cut.name] = (time.monotonic(), made)
                        while len(self.found) > KEPT:
                            self.found.popitem(last=False)
        await keep(request, made.cut)
        return made, shown

    def _known(self, key: tuple[tuple[str, ...], str, str]) -> reports.Report | None:
        at, made = self.found.get(key, (0.0, None))
        return None if made is None or (not key[2] and time.monotonic() - at >= FRESH_SECONDS) else made


MADE: Final = web.AppKey("supervision_made", Made)


async def show(request: web.Request) -> web.Response:
    """The quarterly table."""
    span = wanted_period(request)
    frame = request.app[FRAME]
    made, shown = await request.app[MADE].get(request, span)
    chosen = language(request)
    place = 0 if chosen == "zh" else 1
    return frame.page(
        request,
        "figures.html",
        period=span.name,
        periods=proposed(today()),
        authorities=shown,
        cut=made.cut.name,
        positions=made.cut.vector(),
        counted_by=made.rules,
        now="cut" not in request.query,
        blocks=[
            (
                BLOCKS[block][place],
                [_line(made, entry.code, chosen) for entry in figures.figures().entries if entry.block == block],
            )
            for block in BLOCKS
        ],
        query=urlencode({"period": span.name, "cut": made.cut.name}),
        exact=f"/supervision/figures?{urlencode({'period': span.name, 'cut': made.cut.name})}",
    )


async def as_json(request: web.Request) -> web.Response:
    """`/api/v1/reports/quarterly?period=&cut=`: the report, `?format=csv` or `xlsx` as a table."""
    span = wanted_period(request)
    kind = request.query.get("format", "json")
    if kind not in ("json", "csv", "xlsx"):
        raise Problem("bad_request", "expected format to be json, csv or xlsx")
    made, _ = await request.app[MADE].get(request, span)
    if kind == "csv":
        return download(
            sheets.BOM + reports.as_csv(made, language(request)), f"quarterly-{span.name}-{made.cut.name}.csv"
        )
    if kind == "xlsx":
        book = await asyncio.to_thread(sheets.as_xlsx, [reports.sheet(made, language(request))])
        return download(book, f"quarterly-{span.name}-{made.cut.name}.xlsx")
    return json_answer(request, reports.as_dict(made))


async def show_list(request: web.Request) -> web.Response:
    """The acts that make one figure."""
    entry, span, cut, found, shown = await _units(request)
    chosen = language(request)
    start = starting(request)
    rows = found[start : start + ROWS]
    frame = request.app[FRAME]
    async with frame.scope(request) as connection:
        called = await names(connection, [("enterprise", one.subject) for one in rows if one.subject])
    page_of = PAGES_OF.get(getattr(entry, "measure", "plan"), "")
    following = start + ROWS if start + ROWS < len(found) else None
    kept = {"period": span.name, "cut": cut.name}
    return frame.page(
        request,
        "figure.html",
        name=entry.zh if chosen == "zh" else entry.en,
        how=reports.how(entry, chosen),
        share=isinstance(entry, Share),
        fen=reports.unit_of(entry) == "fen",
        period=span.name,
        cut=cut.name,
        total=len(found),
        amount=sum(one.amount for one in found),
        rows=[_row(one, page_of, dict(shown), called) for one in rows],
        next=None if following is None else f"{request.path}?{urlencode({**kept, 'from': following})}",
        first=start == 0,
        json=f"/api/v1/figures/{entry.code}?{urlencode(kept)}",
        back=f"/supervision/figures?{urlencode(kept)}",
    )


async def list_json(request: web.Request) -> web.Response:
    """`/api/v1/figures/{code}?period=&cut=`: the acts that make one figure."""
    entry, span, cut, found, _ = await _units(request)
    return json_answer(
        request,
        {
            "code": entry.code,
            "period": span.name,
            "as_of": {"cut": cut.name, "positions": cut.vector()},
            "items": [
                {
                    "authority": one.authority,
                    "unit": one.unit,
                    "subject": one.subject,
                    "day": one.day.isoformat(),
                    "kind": one.word,
                    "amount": one.amount,
                    "log": one.log_id,
                    "position": one.position,
                }
                for one in found
            ],
        },
    )


def wanted_period(request: web.Request, text: str = "") -> Period:
    """The period that is asked for or given, the current quarter by default. Raises Problem bad_request."""
    try:
        return period(text or request.query.get("period", "") or proposed(today())[0])
    except NoPeriod as fault:
        raise Problem("bad_request", str(fault)) from None


def today() -> datetime.date:
    """The day in Asia/Shanghai."""
    return day_of(time.time_ns() // 1_000_000)


def proposed(day: datetime.date) -> list[str]:
    """The quarter of a day and those before it, the newest first, and the two years."""
    number = day.year * 4 + (day.month - 1) // 3
    quarters = [f"{(number - back) // 4}-Q{(number - back) % 4 + 1}" for back in range(PERIODS)]
    return [*quarters, str(day.year), str(day.year - 1)]


def download(content: str | bytes, name: str) -> web.Response:
    """A file to save, CSV or XLSX by its name."""
    if isinstance(content, str):
        response = web.Response(body=content.encode("utf-8"), content_type="text/csv", charset="utf-8")
    else:
        response = web.Response(body=content, content_type=sheets.XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def keep(request: web.Request, cut: Cut) -> None:
    """Remember a cut that was shown, so that its name works as an address. Repeating it changes nothing."""
    async with request.app[SERVICES].console.acquire(timeout=10) as connection:
        await figures.keep(connection, cut)


async def _cut(connection: asyncpg.Connection, request: web.Request) -> Cut | None:
    name = request.query.get("cut", "")
    if not name:
        return None
    try:
        return await figures.kept(connection, name, [code for code, _ in request.app[FRAME].seen(request)])
    except NoCut:
        raise Problem("not_found", "no cut of this name is kept: leave `cut` out for the figures of now") from None


async def _units(request: web.Request) -> tuple[Any, Period, Cut, list[Unit], Sequence[tuple[str, str]]]:
    entry = figures.figures().by_code.get(request.match_info["code"])
    if entry is None:
        raise Problem("not_found", "there is no figure of this code: the table lists all of them")
    span = wanted_period(request)
    frame, name = request.app[FRAME], request.query.get("cut", "")
    lists = request.app[MADE].lists
    async with frame.scope(request) as connection:
        shown = frame.seen(request)
        codes = tuple(sorted(code for code, _ in shown))
        key = (codes, span.name, name, entry.code)
        known = lists.get(key)
        if known is not None and (name or time.monotonic() - known[0] < FRESH_SECONDS):
            cut, found = known[1:]
        else:
            cut = await _cut(connection, request) or await figures.newest(connection, codes)
            laws = await figures.laws_of(connection, cut)
            found = await figures.units(connection, cut, codes, span, entry.code, laws)
            lists[key] = lists[codes, span.name, cut.name, entry.code] = (time.monotonic(), cut, found)
            while len(lists) > KEPT_LISTS:
                lists.popitem(last=False)
    await keep(request, cut)
    return entry, span, cut, found, shown


def starting(request: web.Request) -> int:
    """The row at which a page begins. Raises Problem bad_cursor."""
    text = request.query.get("from", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise Problem("bad_cursor", "expected `from` to be the number of a row")
    return int(text)


def _line(made: reports.Report, code: str, chosen: str) -> dict[str, Any]:
    entry = figures.figures().by_code[code]
    return {
        "code": code,
        "name": entry.zh if chosen == "zh" else entry.en,
        "how": reports.how(entry, chosen),
        "unit": reports.unit_of(entry),
        "value": made.whole.get(code),
        "each": [made.each[one].get(code) for one in made.authorities],
    }


def _row(one: Unit, page_of: str, authorities: Mapping[str, str], called: Mapping[Key, str]) -> dict[str, Any]:
    name = _uuid(one.unit)
    return {
        "day": one.day.isoformat(),
        "authority": f"{one.authority} {authorities.get(one.authority, '')}".rstrip(),
        "subject": one.subject,
        "subject_name": called.get(("enterprise", one.subject), ""),
        "unit": name,
        "to": page_of + quote(name, safe="") if page_of and one.log_id else "",
        "word": one.word,
        "amount": one.amount,
        "place": f"{one.log_id}:{one.position}" if one.log_id else "",
    }


def _uuid(text: str) -> str:
    """An id as tags have it, where the text is one."""
    try:
        return str(UUID(hex=text)) if len(text) == 32 else text
    except ValueError:
        return text
