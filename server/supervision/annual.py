"""The statistics of a year: its six tables, each counted number with the way to its acts, and what others count.

Licences, levies and expropriation are no acts of this system: their rows say so, or show what the authority handed in.
The invariant: a figure that nobody recorded here is never a nought.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from domain.annual import NOT_RECORDED, TABLES, Elsewhere
from domain.quarterly import Period
from projections.process import reports
from projections.process.reports import Report
from schemas.problems import Problem
from server.supervision import counted
from server.supervision.asking import file, past, place, shown_to, today, wanted_form, wanted_period
from server.supervision.figures import line
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.languages import language

YEARS: Final = 4
"""Years that the form proposes."""


async def show(request: web.Request) -> web.Response:
    """The tables as a page."""
    span, shown = _year(request), await shown_to(request)
    codes = [code for code, _ in shown]
    answer = await counted.table(request.app, codes, span, request.query.get("cut", ""))
    made = await past(request).statistics(answer.value)
    which, chosen = place(request), language(request)
    query = urlencode({"period": span.name, "cut": made.cut.name})
    return request.app[FRAME].page(
        request,
        "annual.html",
        period=span.name,
        periods=[str(today().year - back) for back in range(YEARS)],
        authorities=shown,
        as_of=answer.as_of,
        cut=made.cut.name,
        counted_by=made.rules,
        now="cut" not in request.query,
        tables=[
            (
                (table.zh, table.en)[which],
                [line(made, code, chosen) for code in table.counted],
                [_elsewhere(made, one, which) for one in table.elsewhere],
            )
            for table in TABLES
        ],
        handed=[
            {"authority": name, "called": dict(shown).get(name, ""), "id": one.report, "on": one.on,
             "explanation": one.explanation}
            for name, one in sorted(made.handed.items())
        ],
        missing=[code for code in made.authorities if code not in made.handed],
        query=query,
        exact=f"/supervision/annual?{query}",
    )  # fmt: skip


async def send(request: web.Request) -> web.Response:
    """`/api/v1/reports/annual?period=&cut=&format=json|csv|xlsx`: the statistics of a year."""
    span, form = _year(request), wanted_form(request)
    codes = [code for code, _ in await shown_to(request)]
    answer = await counted.table(request.app, codes, span, request.query.get("cut", ""))
    made = await past(request).statistics(answer.value)
    if form == "json":
        return json_answer(request, reports.as_dict(made))
    return await file([reports.sheet(made, language(request))], form, f"annual-{span.name}-{made.cut.name}")


def _year(request: web.Request) -> Period:
    """The year that is asked for, the current one by default. Raises Problem bad_request."""
    span = wanted_period(request, request.query.get("period", "") or str(today().year))
    if len(span.name) != 4:
        raise Problem("bad_request", f"expected a year such as 2026, got {span.name}")
    return span


def _elsewhere(made: Report, one: Elsewhere, which: int) -> dict[str, Any]:
    told = [made.handed.get(name) for name in made.authorities]
    return {
        "name": (one.zh, one.en)[which],
        "how": (one.zh_how, one.en_how)[which],
        "unit": one.unit,
        "none": NOT_RECORDED[which],
        "without": made.without(one.code, which),
        "value": made.elsewhere(one.code),
        "told": bool(made.told(one.code)),
        "each": [(None, "") if each is None else (each.figures.get(one.code), each.report) for each in told],
        "report": next((each.report for each in told if each is not None), "") if len(told) == 1 else "",
    }
