"""The supervisor's first page: figures with their trend, signals by kind, authorities side by side.

It shows what was counted last and says of which moment that is. The invariant: fines rank nobody, and every number
leads to the rows that make it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web

from domain.quarterly import summed
from domain.rule_inputs import SIGNALS
from projections.process import figures, reports
from server.supervision import counted
from server.supervision.asking import place, proposed, shown_to, today, wanted_period
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.languages import language

NAMES: Final = {part.code: (part.zh, part.en) for part in SIGNALS}
"""What signals are called, (zh, en)."""


async def show(request: web.Request) -> web.Response:
    """The first page."""
    span, shown = wanted_period(request), await shown_to(request)
    answer = await counted.first_page(request.app, [code for code, _ in shown], span)
    seen, chosen = answer.value, language(request)
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
        as_of=answer.as_of,
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
            for code in counted.TILES
        ],
        rules=[
            {
                "rule": one.rule,
                "name": NAMES.get(one.rule, (one.rule, one.rule))[place(request)],
                "severity": one.severity,
                "open": one.open,
                "undecided": one.undecided,
                "disputed": one.disputed,
                "resolved": one.resolved,
                "confirmed": one.confirmed,
                "per_hundred": _per_hundred(one.standing, acts),
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
                "figures": [(reports.unit_of(known[code]), now[one.authority].get(code)) for code in counted.COMPARED],
            }
            for one in seen.authorities
        ],
        standing=sum(one.open + one.undecided + one.disputed for one in seen.rules),
        serious=sum(one.serious for one in seen.authorities),
        health=[(one, named.get(one.authority, "")) for one in seen.health],
        compared=[
            {
                "code": code,
                "name": known[code].zh if chosen == "zh" else known[code].en,
                "unit": reports.unit_of(known[code]),
                "bars": _sideways([(one.authority, now[one.authority].get(code)) for one in seen.authorities]),
            }
            for code in counted.COMPARED
        ],
    )


async def as_json(request: web.Request) -> web.Response:
    """`/api/v1/supervision?period=`: the same as JSON."""
    span, shown = wanted_period(request), await shown_to(request)
    answer = await counted.first_page(request.app, [code for code, _ in shown], span)
    seen = answer.value
    return json_answer(
        request,
        {
            "period": span.name,
            "as_of": {"cut": seen.cut.name, "positions": seen.cut.vector(), "instant": answer.as_of},
            "tables": {name: dict(table) for name, table in sorted(seen.tables.items())},
            "signals": [asdict(one) for one in seen.rules],
            "authorities": [asdict(one) for one in seen.authorities],
            "terminals": [asdict(one) for one in seen.health],
        },
    )


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
