"""Figures of a period as a page, as JSON and as CSV, and the list that each of them opens.

Everything is as of a cut: of now, or of the one that `?cut=` names, which gives the same page again. The invariant: no
number stands on a page without the way to the acts that make it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from aiohttp import web

from domain.quarterly import BLOCKS, Entry, Period, Share
from projections.process import figures, reports
from projections.process.figures import Unit
from projections.process.names import Key, names
from schemas.problems import Problem
from server.supervision import counted
from server.supervision.answers import Answer
from server.supervision.asking import (
    file,
    place,
    proposed,
    shown_to,
    today,
    wanted_form,
    wanted_period,
)
from server.web.asked import starting
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.languages import language

ROWS: Final = 200
"""Rows of a list on one page; the JSON has all of them."""
PAGES_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("entered", "plan"), "/tasks/"),
    **dict.fromkeys(("hazard", "hazard_ordered", "hazard_listed", "hazard_delisted"), "/hazards/"),
    **dict.fromkeys(("case", "decision", "case_heard", "case_discussed"), "/cases/"),
}
"""Where the units of a measure have their pages; the others are named without a link."""


async def show(request: web.Request) -> web.Response:
    """The quarterly table."""
    span, shown = wanted_period(request), await shown_to(request)
    answer = await counted.table(request.app, [code for code, _ in shown], span, request.query.get("cut", ""))
    made, chosen = answer.value, language(request)
    query = urlencode({"period": span.name, "cut": made.cut.name})
    return request.app[FRAME].page(
        request,
        "figures.html",
        period=span.name,
        periods=proposed(today()),
        authorities=shown,
        as_of=answer.as_of,
        cut=made.cut.name,
        positions=made.cut.vector(),
        counted_by=made.rules,
        now="cut" not in request.query,
        blocks=[
            (
                BLOCKS[block][place(request)],
                [line(made, entry.code, chosen) for entry in figures.figures().entries if entry.block == block],
            )
            for block in BLOCKS
        ],
        query=query,
        exact=f"/supervision/figures?{query}",
    )


async def as_json(request: web.Request) -> web.Response:
    """`/api/v1/reports/quarterly?period=&cut=`: the report, `?format=csv` or `xlsx` as a table."""
    span, form = wanted_period(request), wanted_form(request)
    codes = [code for code, _ in await shown_to(request)]
    made = (await counted.table(request.app, codes, span, request.query.get("cut", ""))).value
    if form == "json":
        return json_answer(request, reports.as_dict(made))
    return await file([reports.sheet(made, language(request))], form, f"quarterly-{span.name}-{made.cut.name}")


async def show_list(request: web.Request) -> web.Response:
    """The acts that make one figure."""
    entry, span = _entry(request), wanted_period(request)
    shown = await shown_to(request)
    answer = await _units(request, entry, span, shown)
    cut, found = answer.value.cut, answer.value.units
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
        as_of=answer.as_of,
        now="cut" not in request.query,
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
    entry, span = _entry(request), wanted_period(request)
    listed = (await _units(request, entry, span, await shown_to(request))).value
    cut, found = listed.cut, listed.units
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


def _entry(request: web.Request) -> Entry:
    entry = figures.figures().by_code.get(request.match_info["code"])
    if entry is None:
        raise Problem("not_found", "there is no figure of this code: the table lists all of them")
    return entry


async def _units(
    request: web.Request, entry: Entry, span: Period, shown: Sequence[tuple[str, str]]
) -> Answer[counted.Listed]:
    codes = [code for code, _ in shown]
    return await counted.units(request.app, codes, span, entry.code, request.query.get("cut", ""))


def line(made: reports.Report, code: str, chosen: str) -> dict[str, Any]:
    """A figure as tables show it: its name, how it is counted, its value for all and for each authority."""
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
