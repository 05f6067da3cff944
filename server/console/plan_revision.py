"""A plan in force that is revised by a table: the difference row by row, then one press that decides it.

The table is that of the whole plan, as it was imported first; the plan in force is given out as one. The invariant: a
check records nothing, and what one press decides is the difference that stood on the page.
"""

from __future__ import annotations

import asyncio
import datetime
from typing import Final
from urllib.parse import quote

from aiohttp import web

from domain.judges.plan import Plan
from domain.plan_difference import MOST_REASON, Difference, beside_plan, revision
from domain.plan_table import beside_register, write_plan
from domain.workdays import day_of
from projections import sheets
from projections.process.names import MAX_NAMES, names
from schemas.events.plan import PlanItem, PlanRevisionDecided
from schemas.problems import Problem
from server.console import acts, draw_plan, plan_import
from server.console.access import scope
from server.console.frame import page
from server.console.plan_import import Checked, desk_of, sent_in, told_of
from server.console.plans import criteria_names, field_names
from server.log.ids import now_ms
from server.tables.refused import TableRefused
from server.web.app import FORM, person_of
from server.web.asked import id_of_form
from server.web.languages import language

SHOWN: Final = 500
"""Changes of a table that a page shows; the counts are of all."""


async def show(request: web.Request) -> web.Response:
    """The form: the day of the decision, its reason, and the revised plan as a table."""
    plan, _ = await _plan(request)
    return await _page(request, plan)


async def send(request: web.Request) -> web.Response:
    """Check a revised plan and record nothing, or decide the revision that was checked."""
    form, person, key = request[FORM], person_of(request), request.match_info["id"]
    plan, seen = await _plan(request)
    sent, reason = sent_in(request), form.get("reason", "").strip()
    day = _day(form.get("decided_on", ""))
    wrong = "decided_on" if day is None else "reason" if not 1 <= len(reason) <= MOST_REASON else ""
    if day is None or wrong or sent is None:
        return await _page(request, plan, status=400, wrong=wrong or "file")
    try:
        table = await plan_import.table_of(sent, plan.year, person.authority, revised=True)
    except TableRefused as refused:
        return await _page(request, plan, status=400, why=refused.zh if language(request) == "zh" else refused.en)
    laws, known = await plan_import.criteria(request, plan.year)
    table.notes += beside_register(table, {one: each.dossier.name for one, each in known.items()})
    found = beside_plan(table, plan, reason)
    if not table.faults:
        table.faults += found.faults
    left_out = [*plan.left_out.values(), *table.left_out]
    figures = plan.figures if table.figures is None else table.figures
    told = plan_import.outcome(figures, found.items, left_out, plan.year, person.authority, laws, known)
    checked = Checked(sent, table, told, seen)
    if table.faults:
        return await _page(request, plan, status=400, checked=checked, found=found)
    command = revision(found, sent.file, decided_on=day, reason=reason, major=form.get("major") == "yes")
    try:
        if form.get("do") == "record":
            return await plan_import.record(request, key, command, sent, f"/plans/{quote(key)}?done=revise#office")
        decided = await desk_of(request).weigh(person, "plan", key, command)
    except Problem as refusal:
        if refusal.code not in acts.REFUSED:
            raise
        return await _page(
            request, plan, status=acts.status_of(refusal), checked=checked, found=found, refusal=refusal
        )  # fmt: skip
    assert isinstance(decided, PlanRevisionDecided)
    return await _page(request, plan, checked=checked, found=found, major=decided.major is True)


async def show_table(request: web.Request) -> web.Response:
    """The plan in force, or its draft, as the table that can be sent back; `draw`: with who was drawn and lacks."""
    plan, _ = await _plan(request)
    draft = plan.draft
    items, left_out = plan.items(), plan.left_out
    if not plan.parts and draft is not None:
        items, left_out = draft.items, draft.left_out
    year = plan.year or (0 if draft is None else draft.year)
    more: list[PlanItem] = []
    reason = ""
    if "draw" in request.query:
        draw = id_of_form(request.query["draw"], "the draw")
        more, reason = await draw_plan.added(request, draw, year, list(items.values()))
    every = {*(item.enterprise_id for item in (*items.values(), *more)), *left_out}
    wanted = [("enterprise", one) for one in sorted(every)]
    called: dict[str, str] = {}
    async with scope(request, own=True) as connection:
        for at in range(0, len(wanted), MAX_NAMES):
            found = await names(connection, wanted[at : at + MAX_NAMES])
            called |= {key: name for (_, key), name in found.items()}
    above, header, rows = write_plan(
        items.values(), left_out.values(), plan.figures, called, more=more, reason=reason
    )  # fmt: skip
    sheet = sheets.Sheet(f"年度计划{year}", above, header, rows)
    response = web.Response(body=await asyncio.to_thread(sheets.as_xlsx, [sheet]), content_type=sheets.XLSX)
    name = quote(f"年度计划{year}.xlsx", safe="")
    response.headers["Content-Disposition"] = f"attachment; filename=plan-{year}.xlsx; filename*=UTF-8''{name}"
    response.headers["Cache-Control"] = "private, no-store"
    return response


# -- parts ------------------------------------------------------------------------------------------------------------


async def _plan(request: web.Request) -> tuple[Plan, str]:
    """The plan of the person's authority as the log has it, and its stamp. Raises Problem not_found."""
    found = await desk_of(request).stand(person_of(request), "plan", request.match_info["id"])
    return Plan(found.matter), found.stamp


async def _page(
    request: web.Request, plan: Plan, *, status: int = 200, wrong: str = "", why: str = "",
    checked: Checked | None = None, found: Difference | None = None, refusal: Problem | None = None,
    major: bool | None = None,
) -> web.Response:  # fmt: skip
    key, given = request.match_info["id"], request.get(FORM, {})
    rows = () if found is None else found.rows[:SHOWN]
    async with scope(request) as connection:
        called = await names(connection, [("enterprise", one.change.item.enterprise_id) for one in rows])
    told = told_of(request, wrong=wrong, why=why, checked=checked, refusal=refusal)
    return page(
        request, "plan_revision.html", person_of(request), status=status, key=key, year=plan.year, found=found,
        rows=rows, major=major, given={"decided_on": str(day_of(now_ms())), **given}, standing=len(plan.items()),
        in_force=bool(plan.parts) and not plan.closings, most_reason=MOST_REASON,
        fields=field_names(request), criteria=criteria_names(request),
        **{**told, "called": called},
    )  # fmt: skip


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError:
        return None
