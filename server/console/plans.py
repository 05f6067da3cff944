"""Annual plans: the list, one plan with its arithmetic and its items, who must be in it, and the import of one.

An item is done by its chain of events and by nothing on these pages. The invariant: an import says row by row what is
wrong, a check records nothing, and what was typed stands beside what would add up, unchanged.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import asyncpg
from aiohttp import web
from msgspec import UNSET

from domain.judges.plan import shares
from domain.office import commands as ask
from domain.office import offers
from domain.office.plans import plan_key
from domain.plan_capacity import NON, OTHER, Capacity, capacity, mended, shown
from domain.plan_criteria import NAMES, Suggestion, candidates, unsupported
from domain.plan_table import COLUMNS, PlanTable, beside_register, read_plan
from domain.workdays import day_of
from projections.process import figures, planning, queries
from projections.process.context import Context
from projections.process.names import names
from projections.queries import BadCursor
from schemas.events.plan import LeftOut, PlanFile, PlanItem
from schemas.problems import Problem
from server.console import acts, process_words
from server.console.access import acts_on, scope
from server.console.boards import PATHS, instant
from server.console.following import followed_in
from server.console.frame import page, texts_of
from server.web import tables
from server.web.app import FILES, FORM, SERVICES, person_of
from server.web.etag import json_answer
from server.web.i18n import N_
from server.web.languages import language

ROWS: Final = 50
ITEMS: Final = 100
"""Items of a plan on one page."""
FAULTS: Final = 200
"""Faults of a file that a page shows; the count is of all."""
LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a form with a plan: some ten thousand rows as a spreadsheet."""
STATES: Final = {
    "planned": N_("to be assigned"),
    "assigned": N_("task assigned"),
    "entered": N_("site entered"),
    "concluded": N_("done by its records"),
    "cancelled": N_("task cancelled, or taken out"),
}
"""How far an item is, as its records say."""
CASES: Final = ("missing", "left_out", "in_plan")
LINE_TITLES: Final = {
    "officers": N_("Officers"),
    "statutory": N_("Statutory days of one officer, by the calendar"),
    "total": N_("Statutory days of all officers"),
    "other": N_("Other enforcement days"),
    "non": N_("Non-enforcement days"),
    "inspection": N_("Inspection days"),
    "key": N_("of these for key inspections"),
    "general": N_("of these for general inspections"),
    "visits": N_("Visits that the inspection days allow"),
}


async def show_list(request: web.Request) -> web.Response:
    """Every plan, the newest fact first."""
    as_of = instant(request)
    try:
        async with scope(request) as connection:
            found = await queries.list_matters(
                connection, "plan", as_of=as_of, limit=ROWS, after=request.query.get("after")
            )
    except BadCursor:
        raise Problem("bad_cursor") from None
    person = person_of(request)
    further = None if found.next is None else f"{request.path}?{urlencode({'after': found.next})}"
    return page(
        request, "plans.html", person, rows=found, next=further, first="after" not in request.query,
        may_import=_may_draft(request), **_shared(request, {}, as_of),
    )  # fmt: skip


async def show_plan(request: web.Request) -> web.Response:
    """One plan: what is due, its arithmetic, its items by state, its revisions."""
    as_of = instant(request)
    key = request.match_info["id"]
    state, kind = request.query.get("state", ""), request.query.get("kind", "")
    start = _start(request)
    async with scope(request, "plan", key) as connection:
        found = await queries.matter(connection, "plan", key, as_of=as_of)
        if found is None:
            raise Problem("not_found")
        every = [*found.page["items"], *found.page.get("removed", ())]
        items = [
            one for one in every if (not state or one["state"] == state) and (not kind or one["kind"] == kind)
        ]  # fmt: skip
        rows = items[start : start + ITEMS]
        called = await names(
            connection, [("enterprise", one["enterprise"]) for one in (*rows, *found.page.get("left_out", ()))]
        )
    counts = {name: sum(one["state"] == name for one in every) for name in STATES}
    own = acts_on(request, found.row.authority) and found.row.stage != "closed"
    kept = {name: value for name, value in (("state", state), ("kind", kind)) if value}
    following = start + ITEMS if start + ITEMS < len(items) else None
    person = person_of(request)
    desk = await acts.on_page(request, "plan", key) if acts_on(request, found.row.authority) else None
    return page(
        request, "plan.html", person, file=found, key=key, rows=rows, total=len(items), counts=counts, state=state,
        kind=kind, states=_states(request), criteria=_criteria_names(request), desk=desk,
        titles=acts.titles(request, "plan"),
        done=request.query.get("done", ""),
        may_assign=own and person.may(offers.OTHER_ROLES["plan"]["assign"]) and desk is not None,
        may_plan=own and _may_draft(request),
        lines=_lines(request), mended=mended,
        next=None if following is None else f"{request.path}?{urlencode({**kept, 'from': following})}",
        first=start == 0, **_shared(request, called, as_of),
    )  # fmt: skip


async def show_candidates(request: web.Request) -> web.Response:
    """Who must be in the plan, who is, who is left out and why, and which criterion prevails."""
    key = request.match_info["id"]
    wanted = request.query.get("state", "")
    start = _start(request)
    async with scope(request, "plan", key) as connection:
        found = await queries.matter(connection, "plan", key, as_of=_now())
        if found is None:
            raise Problem("not_found")
        authority = found.row.authority
        known = await _known(connection, authority, int(found.row.columns.get("year") or 0))
    items = [_item(one) for one in found.page["items"]]
    left = [
        LeftOut(enterprise_id=one["enterprise"], criteria=tuple(one["criteria"]), reason=one.get("reason", "–"))
        for one in found.page.get("left_out", ())
    ]
    every = candidates(known.values(), items, left)
    some = [one for one in every if not wanted or one.state == wanted]
    following = start + ITEMS if start + ITEMS < len(some) else None
    kept = {"state": wanted} if wanted else {}
    drafting = found.row.stage == "drafted"
    return page(
        request, "candidates.html", person_of(request), file=found, key=key, rows=some[start : start + ITEMS],
        counts={name: sum(one.state == name for one in every) for name in CASES}, state=wanted, cases=CASES,
        criteria=_criteria_names(request), typed=unsupported(items, known)[:ITEMS], drafting=drafting,
        may_plan=drafting and acts_on(request, authority) and _may_draft(request),
        may_assess=acts_on(request, authority) and person_of(request).may(offers.OTHER_ROLES["enterprise"]["assess"]),
        next=None if following is None else f"{request.path}?{urlencode({**kept, 'from': following})}",
        first=start == 0, **_shared(request, {}, _now()),
    )  # fmt: skip


async def candidates_json(request: web.Request) -> web.Response:
    """`/api/v1/plans/{id}/candidates`: the same as JSON."""
    key = request.match_info["id"]
    async with scope(request, "plan", key) as connection:
        found = await queries.matter(connection, "plan", key, as_of=_now())
        if found is None:
            raise Problem("not_found")
        known = await _known(connection, found.row.authority, int(found.row.columns.get("year") or 0))
    items = [_item(one) for one in found.page["items"]]
    left = [LeftOut(enterprise_id=one["enterprise"], reason=one.get("reason", "–")) for one in found.page["left_out"]]
    chosen = language(request)
    return json_answer(
        request,
        {
            "plan": key,
            "items": [
                {
                    "enterprise": one.suggestion.dossier.enterprise_id,
                    "name": one.suggestion.dossier.name,
                    "state": one.state,
                    "decided_by": one.suggestion.decided_by,
                    "reason": one.reason,
                    "criteria": [
                        {"criterion": held.criterion, "why": held.why.zh if chosen == "zh" else held.why.en}
                        for held in (*one.suggestion.must, *one.suggestion.reduce)
                    ],
                }
                for one in candidates(known.values(), items, left)
            ],
        },
    )


async def show_file(request: web.Request) -> web.Response:
    """The file that a plan came in, as it came."""
    key = request.match_info["id"]
    async with scope(request, "plan", key) as connection:
        found = await queries.matter(connection, "plan", key, as_of=_now())
    files = request.app[SERVICES].files
    told = None if found is None else found.page.get("file")
    if told is None or files is None:
        raise Problem("not_found")
    data = await files.read(bytes.fromhex(told["sha256"]))
    if data is None:
        raise Problem("not_found", "the file is not kept here any more, or is damaged")
    response = web.Response(body=data, content_type="application/octet-stream")
    name = quote(told["name"], safe="")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    response.headers["Cache-Control"] = "private, no-store"
    return response


async def show_import(request: web.Request) -> web.Response:
    """The form: a file, or a table that is pasted."""
    return await _import_page(request, year=str(_next_year()))


async def do_import(request: web.Request) -> web.Response:
    """Check a plan and record nothing, or record it as the draft of its year."""
    form, person = request[FORM], person_of(request)
    given = request[FILES].get("file")
    year = _year(form.get("year", ""))
    pasted = form.get("table", "")
    if year is None:
        return await _import_page(request, status=400, wrong="year", year=form.get("year", "")[:4], pasted=pasted)
    if given is None and not pasted.strip():
        return await _import_page(request, status=400, wrong="file", year=str(year))
    data, name = (pasted.encode(), "pasted.csv") if given is None else (given.data, given.name)
    try:
        sheets = (tables.read_text(pasted, name),) if given is None else tables.read_all(data, name)
    except tables.TableRefused as refused:
        return await _import_page(
            request,
            status=400,
            why=refused.zh if language(request) == "zh" else refused.en,
            year=str(year),
            pasted=pasted,
        )
    table = read_plan([(one.title, one.rows) for one in sheets], year=year, authority=person.authority)
    async with scope(request, own=True) as connection:
        laws = await figures.laws_of(connection, await figures.newest(connection, [person.authority]))
        known = await planning.suggestions(connection, person.authority, year, laws.rules)
    table.notes += beside_register(table, {one: each.dossier.name for one, each in known.items()})
    told = _outcome(table, year, person.authority, laws, known)
    if table.faults or form.get("do") != "record":
        status = 400 if table.faults else 200
        return await _import_page(request, status=status, table=table, told=told, year=str(year), pasted=pasted)
    return await _record(request, table, told, year, data, name, pasted)


async def _record(
    request: web.Request, table: PlanTable, told: Mapping[str, Any], year: int, data: bytes, name: str, pasted: str
) -> web.Response:
    person, services = person_of(request), request.app[SERVICES]
    if services.desk is None or services.files is None:
        raise Problem("not_ready", "this server only reads")
    digest = await services.files.keep(person, data)
    command = ask.DraftPlan(
        year=year, items=tuple(table.items), left_out=tuple(table.left_out), figures=table.figures,
        file=PlanFile(sha256=digest, name=name, size=len(data)),
    )  # fmt: skip
    key = plan_key(person.authority, year)
    try:
        act = UUID(request[FORM].get("act", "")).bytes
    except ValueError:
        raise Problem("bad_request", "expected the act's id, 36 characters") from None
    try:
        done = await services.desk.do(person, "plan", key, command, act=act)
    except Problem as refusal:
        if refusal.code not in acts.REFUSED:
            raise
        return await _import_page(
            request, status=refusal.type.status, table=table, told=told, refusal=refusal, year=str(year), pasted=pasted,
            key=key,
        )  # fmt: skip
    await followed_in(request, done.epoch, done.position)
    return web.Response(status=303, headers={"Location": f"/plans/{key}?done=draft#office"})


# -- parts ------------------------------------------------------------------------------------------------------------


async def _import_page(
    request: web.Request,
    *,
    status: int = 200,
    wrong: str = "",
    why: str = "",
    table: PlanTable | None = None,
    told: Mapping[str, Any] | None = None,
    refusal: Problem | None = None,
    year: str = "",
    pasted: str = "",
    key: str = "",
) -> web.Response:
    chosen = language(request)
    said = ""
    if refusal is not None:
        own = refusal.fields.get(chosen)
        general = texts_of(request).gettext(acts.GENERAL[refusal.code])
        said = f"{own} {general}" if isinstance(own, str) else str(general)
    return page(
        request, "plan_import.html", person_of(request), status=status, wrong=wrong, why=why or said, table=table,
        told=told, year=year, pasted=pasted, act_id=str(UUID(bytes=acts.new_id())), key=key,
        faults=() if table is None else table.faults[:FAULTS], columns=COLUMNS, other_classes=OTHER, non_classes=NON,
        lines=_lines(request), mended=mended,
        mebibytes=LARGEST // 1024 // 1024, **_shared(request, {}, _now()),
    )  # fmt: skip


def _outcome(
    table: PlanTable, year: int, authority: str, laws: Context, known: Mapping[str, Suggestion]
) -> dict[str, Any]:
    """What a plan would be: its days, its shares, who is missing."""
    first = datetime.date(year, 1, 1)
    rule = laws.rules.find("plan.visit_effort", first, authority)
    effort = None if rule is None else rule.value["officers"] * rule.value["days"]
    days: Capacity = capacity(table.figures, table.items, year, laws.calendar(authority), authority, effort)
    items = {item.item_id: item for item in table.items}
    share = laws.rules.find("plan.key_share_percent", first, authority)
    every = candidates(known.values(), table.items, table.left_out)
    return {
        "capacity": {
            **{name: getattr(days, name) for name in LINE_TITLES},
            "provisional": days.provisional,
            "lines": [shown(line) for line in days.lines],
        },
        "shares": {basis: list(pair) for basis, pair in shares(items).items()},
        "least": None if share is None else share.value,
        "missing": [one for one in every if one.state == "missing"],
        "items": len(table.items),
        "left_out": len(table.left_out),
    }


async def _known(connection: asyncpg.Connection, authority: str, year: int) -> dict[str, Suggestion]:
    laws = await figures.laws_of(connection, await figures.newest(connection, [authority]))
    return await planning.suggestions(connection, authority, year, laws.rules)


def _item(told: Mapping[str, Any]) -> PlanItem:
    """An item of the plan's page, as far as candidates ask."""
    return PlanItem(
        item_id=bytes.fromhex(told["item"]), enterprise_id=told["enterprise"], kind=told["kind"],
        visits=told.get("visits", UNSET), basis=tuple(told["basis"]), reduced=told.get("reduced") or UNSET,
        note=told.get("note") or UNSET,
    )  # fmt: skip


def _states(request: web.Request) -> dict[str, str]:
    texts = texts_of(request)
    return {name: texts.gettext(text) for name, text in STATES.items()}


def _lines(request: web.Request) -> dict[str, str]:
    texts = texts_of(request)
    return {name: texts.gettext(title) for name, title in LINE_TITLES.items()}


def _criteria_names(request: web.Request) -> dict[str, str]:
    chosen = language(request)
    return {name: reason.zh if chosen == "zh" else reason.en for name, reason in NAMES.items()}


def _shared(request: web.Request, called: Mapping[tuple[str, str], str], as_of: int) -> dict[str, Any]:
    return {
        "called": called, "paths": PATHS, "words": process_words.Words(texts_of(request), language(request)),
        "as_of": as_of, "as_of_ms": as_of, "as_of_day": day_of(as_of).isoformat(), "now": "as_of" not in request.query,
    }  # fmt: skip


def _may_draft(request: web.Request) -> bool:
    services = request.app[SERVICES]
    return person_of(request).may(offers.PLANNING) and services.desk is not None and services.files is not None


def _start(request: web.Request) -> int:
    text = request.query.get("from", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise Problem("bad_cursor", "expected `from` to be the number of a row")
    return int(text)


def _year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 4 and 2000 <= int(text) <= 2199 else None


def _next_year() -> int:
    """The year that is planned now: this one until summer, then the next."""
    today = day_of(_now())
    return today.year if today.month < 7 else today.year + 1


def _now() -> int:
    return time.time_ns() // 1_000_000
