"""What the supervisors' pages are asked for, and how tables leave them: period, row, form, whose figures.

The invariant: what is asked for in another form than was expected is refused with what would have been understood.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from typing import Any, Final, Literal

from aiohttp import web

from domain.quarterly import NoPeriod, Period, period
from domain.workdays import day_of
from projections import sheets
from projections.sheets import Sheet
from schemas.problems import Problem
from server.log.ids import now_ms
from server.web.app import SERVICES, Past
from server.web.frames import FRAME
from server.web.languages import language

PERIODS: Final = 8
"""Quarters that the form proposes."""


def today() -> datetime.date:
    """The day in Asia/Shanghai."""
    return day_of(now_ms())


def proposed(day: datetime.date) -> list[str]:
    """The quarter of a day and those before it, the newest first, and the two years."""
    number = day.year * 4 + (day.month - 1) // 3
    quarters = [f"{(number - back) // 4}-Q{(number - back) % 4 + 1}" for back in range(PERIODS)]
    return [*quarters, str(day.year), str(day.year - 1)]


def current() -> Period:
    """The current quarter: what is shown where nobody asks for another period."""
    return period(proposed(today())[0])


def wanted_period(request: web.Request, text: str = "") -> Period:
    """The period that is asked for or given, the current quarter by default. Raises Problem bad_request."""
    asked = text or request.query.get("period", "")
    try:
        return period(asked) if asked else current()
    except NoPeriod as fault:
        raise Problem("bad_request", str(fault)) from None


def place(request: web.Request) -> int:
    """Which of two texts is shown: 0 for the Chinese one, 1 for the English one."""
    return 0 if language(request) == "zh" else 1


async def shown_to(request: web.Request) -> tuple[tuple[str, str], ...]:
    """Authorities that the page shows to whoever asks, (code, name), the own one first. Raises Problem not_found."""
    frame = request.app[FRAME]
    async with frame.scope(request):
        return frame.seen(request)


def past(request: web.Request) -> Past:
    """What answers questions about the past. Raises Problem not_ready."""
    service: Any = request.app[SERVICES].past
    if service is None:
        raise Problem("not_ready", "no log is written here: ask the main server")
    answers: Past = service
    return answers


def wanted_form(request: web.Request) -> Literal["json", "csv", "xlsx"]:
    """`?format=`, JSON by default. Raises Problem bad_request."""
    match request.query.get("format", "json"):
        case ("json" | "csv" | "xlsx") as form:
            return form
        case _:
            raise Problem("bad_request", "expected format to be json, csv or xlsx")


async def file(tables: Sequence[Sheet], form: Literal["csv", "xlsx"], name: str) -> web.Response:
    """Tables as a file to save; `name` has no ending. Raises Problem too_large."""
    if form == "csv":
        text = sheets.BOM + sheets.as_csv(tables)
        response = web.Response(body=text.encode("utf-8"), content_type="text/csv", charset="utf-8")
    else:
        try:
            book = await asyncio.to_thread(sheets.as_xlsx, tables)
        except sheets.TooManyRows as fault:
            raise Problem("too_large", str(fault)) from None
        response = web.Response(body=book, content_type=sheets.XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
