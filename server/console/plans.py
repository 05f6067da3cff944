"""Annual plans: the list, one plan with its arithmetic and its items, and who must be in it.

The invariant: an item is done by its chain of events and by nothing on these pages, and what was typed stands beside
what would add up, unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import asyncpg
from aiohttp import web
from msgspec import UNSET

from domain.office import offers
from domain.plan_capacity import mended
from domain.plan_criteria import NAMES, Suggestion, candidates, unsupported
from domain.workdays import day_of
from projections.process import figures, planning, queries
from projections.process.names import names
from projections.queries import BadCursor
from schemas.events.plan import LeftOut, PlanItem
from schemas.problems import Problem
from server.console import acts, process_words
from server.console.access import acts_on, scope
from server.console.boards import PATHS, instant
from server.console.frame import page, texts_of
from server.log.ids import now_ms
from server.web.app import SERVICES, person_of
from server.web.etag import json_answer
from server.web.i18n import N_
from server.web.languages import language

ROWS: Final = 50
CHANGES: Final = 300
"""Changes of one revision that a page shows."""
ITEMS: Final = 100
"""Items of a plan on one page."""
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
FIELDS: Final[Mapping[str, str]] = {
    "kind": N_("Key or general"),
    "quarter": N_("Quarter"),
    "days": N_("Working days"),
    "visits": N_("Planned visits"),
    "basis": N_("Criteria"),
    "reduced": N_("fewer visits:"),
    "method": N_("Way and content"),
    "note": N_("Remark"),
}
"""What a change of an item may make another."""


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
        may_import=may_draft(request), **shared(request, {}, as_of),
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
            connection,
            [
                ("enterprise", one["enterprise"])
                for some in (rows, found.page.get("left_out", ()), *_changes(found.page))
                for one in some
            ],
        )
    counts = {name: sum(one["state"] == name for one in every) for name in STATES}
    own = acts_on(request, found.row.authority) and found.row.stage != "closed"
    kept = {name: value for name, value in (("state", state), ("kind", kind)) if value}
    following = start + ITEMS if start + ITEMS < len(items) else None
    person = person_of(request)
    desk = await acts.on_page(request, "plan", key) if acts_on(request, found.row.authority) else None
    return page(
        request, "plan.html", person, file=found, key=key, rows=rows, total=len(items), counts=counts, state=state,
        kind=kind, states=_states(request), criteria=criteria_names(request), desk=desk,
        titles=acts.titles(request, "plan"),
        done=request.query.get("done", ""),
        may_assign=own and person.may(offers.OTHER_ROLES["plan"]["assign"]) and desk is not None,
        may_plan=own and may_draft(request), fields=field_names(request),
        lines=line_titles(request), mended=mended,
        next=None if following is None else f"{request.path}?{urlencode({**kept, 'from': following})}",
        first=start == 0, **shared(request, called, as_of),
    )  # fmt: skip


async def show_candidates(request: web.Request) -> web.Response:
    """Who must be in the plan, who is, who is left out and why, and which criterion prevails."""
    key = request.match_info["id"]
    wanted = request.query.get("state", "")
    start = _start(request)
    async with scope(request, "plan", key) as connection:
        found = await queries.matter(connection, "plan", key, as_of=now_ms())
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
        criteria=criteria_names(request), typed=unsupported(items, known)[:ITEMS], drafting=drafting,
        may_plan=drafting and acts_on(request, authority) and may_draft(request),
        may_assess=acts_on(request, authority) and person_of(request).may(offers.OTHER_ROLES["enterprise"]["assess"]),
        next=None if following is None else f"{request.path}?{urlencode({**kept, 'from': following})}",
        first=start == 0, **shared(request, {}, now_ms()),
    )  # fmt: skip


async def candidates_json(request: web.Request) -> web.Response:
    """`/api/v1/plans/{id}/candidates`: the same as JSON."""
    key = request.match_info["id"]
    async with scope(request, "plan", key) as connection:
        found = await queries.matter(connection, "plan", key, as_of=now_ms())
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
    """The file that a plan came in, as it came; `revision`: that of one of its revisions."""
    key = request.match_info["id"]
    async with scope(request, "plan", key) as connection:
        found = await queries.matter(connection, "plan", key, as_of=now_ms())
    files = request.app[SERVICES].files
    told = None if found is None else found.page.get("file")
    if found is not None and (revision := request.query.get("revision")):
        told = next((one.get("file") for one in found.page["revisions"] if one["revision"] == revision), None)
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


# -- parts ------------------------------------------------------------------------------------------------------------


async def _known(connection: asyncpg.Connection, authority: str, year: int) -> dict[str, Suggestion]:
    laws = await figures.laws_of(connection, await figures.newest(connection, [authority]))
    return await planning.suggestions(connection, authority, year, laws.rules)


def _changes(told: Mapping[str, Any]) -> list[Any]:
    """What each revision changes, as far as the page shows it, the newest first."""
    return [one.get("what", ())[:CHANGES] for one in reversed(told.get("revisions", ()))]


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


def line_titles(request: web.Request) -> dict[str, str]:
    """What the days of a plan are called."""
    texts = texts_of(request)
    return {name: texts.gettext(title) for name, title in LINE_TITLES.items()}


def field_names(request: web.Request) -> dict[str, str]:
    """What a change of an item may make another."""
    texts = texts_of(request)
    return {name: texts.gettext(title) for name, title in FIELDS.items()}


def criteria_names(request: web.Request) -> dict[str, str]:
    """What the nine criteria are called."""
    chosen = language(request)
    return {name: reason.zh if chosen == "zh" else reason.en for name, reason in NAMES.items()}


def shared(request: web.Request, called: Mapping[tuple[str, str], str], as_of: int) -> dict[str, Any]:
    """What every page of plans is drawn with."""
    return {
        "called": called, "paths": PATHS, "words": process_words.Words(texts_of(request), language(request)),
        "as_of": as_of, "as_of_ms": as_of, "as_of_day": day_of(as_of).isoformat(), "now": "as_of" not in request.query,
    }  # fmt: skip


def may_draft(request: web.Request) -> bool:
    """Whether who asks may send a table of a plan here."""
    services = request.app[SERVICES]
    return person_of(request).may(offers.PLANNING) and services.desk is not None and services.files is not None


def _start(request: web.Request) -> int:
    text = request.query.get("from", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise Problem("bad_cursor", "expected `from` to be the number of a row")
    return int(text)
