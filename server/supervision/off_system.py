"""The report on enforcement off the system as a page to print, as JSON, CSV and XLSX, of now or of an earlier moment.

Its name, cut and instant, stands on every form of it and gives the same report again. The invariant: what is unknown is
shown as unknown, and no list is by officer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiohttp import web

from domain import lateness
from projections import queries
from projections.process import off_system as reports
from projections.process.names import names
from projections.process.off_system import HOLDING, NAMES, STATES, Case, OffSystem
from server.supervision import counted
from server.supervision.asking import (
    file,
    past,
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

ROWS: Final = 100
"""Signals on one page; the files have all of them."""
ADDRESS: Final = "/api/v1/reports/off-system"
PLACES: Final[Mapping[str, str]] = {
    "task": "/tasks/", "case": "/cases/", "hazard": "/hazards/", "enterprise": "/enterprises/", "officer": "/officers/",
}  # fmt: skip
"""Where matters have their pages. A day of an officer has none."""


async def show(request: web.Request) -> web.Response:
    """The report as a page."""
    made, shown = await _made(request)
    which = place(request)
    start = starting(request)
    state, rule = request.query.get("state", ""), request.query.get("rule", "")
    cases = [one for one in made.cases if state in ("", one.state) and rule in ("", one.signal.rule)]
    rows = cases[start : start + ROWS]
    async with request.app[FRAME].scope(request) as connection:
        called = await names(connection, [("enterprise", one.signal.subject) for one in rows if one.signal.subject])
        terminals = await queries.terminal_names(connection, [one.device.terminal for one in made.unknown])
    kept = {"period": made.period.name, "at": made.name}
    chosen = {**kept, **({"state": state} if state else {}), **({"rule": rule} if rule else {})}
    following = start + ROWS if start + ROWS < len(cases) else None
    return request.app[FRAME].page(
        request,
        "off_system.html",
        period=made.period.name,
        periods=proposed(today()),
        name=made.name,
        at=made.at,
        now="at" not in request.query,
        exact=f"/supervision/off-system?{urlencode(kept)}",
        query=urlencode(kept),
        counted_by=made.counted_by,
        positions=reports.own(made),
        classes=lateness.CLASSES,
        measured=[(one, dict(shown).get(one, ""), figures) for one, figures in made.measured.items()],
        states=[(one, words[which]) for one, words in STATES.items()],
        columns=[
            (one, words[which])
            for one, words in STATES.items()
            if one == "open" or any(made.of_rule(rule)[one] for rule in made.rules)
        ],
        rules=[
            {
                "rule": one,
                "name": NAMES[one][which],
                "states": made.of_rule(one),
                "per_hundred": reports.per_hundred(reports.standing(made, one), made.acts),
                "to": f"/supervision/off-system?{urlencode({**kept, 'rule': one})}#signals",
            }
            for one in made.rules
        ],
        unknown=[(one.device, [HOLDING[why][which] for why in one.why]) for one in made.unknown],
        terminals=terminals,
        total=len(cases),
        all=len(made.cases),
        rows=[_row(one, which, called.get(("enterprise", one.signal.subject), "")) for one in rows],
        state=state,
        rule=rule,
        rule_name=NAMES.get(rule, ("", ""))[which],
        next=None if following is None else f"{request.path}?{urlencode({**chosen, 'from': following})}#signals",
        first=start == 0,
    )


async def send(request: web.Request) -> web.Response:
    """`/api/v1/reports/off-system?period=&at=&format=json|csv|xlsx`: the whole report."""
    form = wanted_form(request)
    made, _ = await _made(request)
    if form == "json":
        return json_answer(request, reports.as_dict(made))
    tables = reports.sheets(made, language(request))
    return await file(tables, form, f"off-system-{made.period.name}-{made.cut.name}")


async def _made(request: web.Request) -> tuple[OffSystem, tuple[tuple[str, str], ...]]:
    span, service, shown = wanted_period(request), past(request), await shown_to(request)
    codes = [code for code, _ in shown]
    return (await counted.off_system(request.app, service, codes, span, request.query.get("at", ""))).value, shown


def _row(one: Case, which: int, called: str) -> dict[str, Any]:
    signal = one.signal
    page = PLACES.get(signal.kind, "")
    return {
        "id": signal.id,
        "authority": signal.authority,
        "rule": signal.rule,
        "name": NAMES[signal.rule][which],
        "severity": signal.severity,
        "opens": signal.opens,
        "state": one.state,
        "state_name": STATES[one.state][which],
        "reason": (one.reason.zh, one.reason.en)[which],
        "to": page + quote(signal.key, safe="") if page and signal.kind != "officer" else "",
        "kind": signal.kind,
        "subject": signal.subject,
        "subject_name": called,
        "thread": [
            {
                "at": act["at"],
                "state": STATES.get(act["said"].get("resolution", "disputed"), STATES["disputed"])[which],
                "reason": act["said"].get("reason", ""),
            }
            for act in one.thread
        ],
    }
