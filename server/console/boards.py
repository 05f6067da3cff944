"""What is due, what must be looked at, and the ledgers: deadlines, signals, tasks, hazards, officers, enterprises.

Pages and JSON give the same rows. Each answer is as of an instant, `?as_of=` (a date or an instant with its zone), now
by default. Invariant: nothing here judges; what rests on an absence is shown as undecided while a terminal of the
matter still holds events.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg
from aiohttp import web

from domain.workdays import SHANGHAI, day_of, end_of
from projections.process import queries
from projections.process.names import Key, names
from projections.process.views import ChainPage, DeadlinePage, MatterPage, MatterRow, SignalPage
from projections.queries import BadCursor
from projections.views import to_json
from schemas.problems import Problem
from server.console import acts, process_words
from server.console.access import scope
from server.console.frame import page, texts_of
from server.identity.person import Person
from server.log.ids import now_ms
from server.web.app import person_of
from server.web.etag import json_answer
from server.web.i18n import N_
from server.web.languages import language
from server.web.routes import WATCHERS, Handler

ROWS: Final = 50
DEADLINE_ROWS: Final = 100
MAX_YEAR: Final = 2200
DEADLINE_VIEWS: Final[Mapping[str, str]] = {
    "soon": N_("Over, or within three working days"),
    "due": N_("Over"),
    "open": N_("All that run"),
    "all": N_("With those that are done"),
}
SIGNAL_VIEWS: Final[Mapping[str, tuple[str, ...] | None]] = {
    "open": ("open", "disputed"),
    "resolved": ("resolved",),
    "withdrawn": ("withdrawn",),
    "all": None,
}
SEVERITIES: Final = ("serious", "medium", "weak")
REGISTERS: Final[Mapping[str, str]] = {"officer": "/officers", "enterprise": "/enterprises"}
MATTERS: Final = ("task", "hazard", "case", "officer", "enterprise", "plan", "tip", "series", "review")
"""Kinds of matter that programs may ask for."""
PATHS: Final[Mapping[str, str]] = {
    "task": "/tasks", "case": "/cases", "hazard": "/hazards", "plan": "/plans", **REGISTERS,
}  # fmt: skip
"""Where each kind of matter has its page; the others are named without a link."""


async def show_deadlines(request: web.Request) -> web.Response:
    """The board: what has ended without the act, and what ends next."""
    view, mine = _choice(request, "view", DEADLINE_VIEWS, "soon"), request.query.get("mine") == "1"
    as_of = instant(request)
    async with scope(request) as connection:
        found = await _deadlines(connection, request, view, mine, as_of)
        called = await names(connection, _keys(found.rows))
    texts = texts_of(request)
    return page(
        request,
        "deadlines.html",
        person_of(request),
        rows=found,
        view=view,
        views={one: texts.gettext(name) for one, name in DEADLINE_VIEWS.items()},
        mine=mine,
        next=_further(request, found.next),
        first="after" not in request.query,
        **_shared(request, called, as_of),
    )


async def deadlines_json(request: web.Request) -> web.Response:
    """`/api/v1/deadlines`: as the page."""
    view, mine = _choice(request, "view", DEADLINE_VIEWS, "soon"), request.query.get("mine") == "1"
    as_of = instant(request)
    async with scope(request) as connection:
        found = await _deadlines(connection, request, view, mine, as_of)
    return _paged(request, to_json(found, language(request)), found.next, as_of)


async def show_signals(request: web.Request) -> web.Response:
    """The ledger of signals, the newest first."""
    as_of = instant(request)
    wanted = _signal_filter(request)
    async with scope(request) as connection:
        found = await _signals(connection, request, wanted, as_of)
        called = await names(connection, _keys(found.rows))
    return page(
        request,
        "signals.html",
        person_of(request),
        rows=found,
        wanted=wanted,
        views=tuple(SIGNAL_VIEWS),
        severities=SEVERITIES,
        next=_further(request, found.next),
        first="after" not in request.query,
        **_shared(request, called, as_of),
    )


async def signals_json(request: web.Request) -> web.Response:
    """`/api/v1/signals`: as the page."""
    as_of = instant(request)
    async with scope(request) as connection:
        found = await _signals(connection, request, _signal_filter(request), as_of)
    return _paged(request, to_json(found, language(request)), found.next, as_of)


async def show_signal(request: web.Request) -> web.Response:
    """One signal: what it says, on which records it rests, what was said about it."""
    as_of = instant(request)
    async with scope(request, "signal", request.match_info["id"]) as connection:
        one = await queries.signal(connection, request.match_info["id"], as_of=as_of)
        if one is None:
            raise Problem("not_found")
        called = await names(connection, [(one.kind, one.key)])
        places = await queries.places(connection, one.inputs)
    standing = one.state not in ("resolved", "withdrawn", "pending")
    return page(
        request,
        "signal.html",
        person_of(request),
        one=one,
        places=places,
        links=acts.links(request, "signal", one.id, one.authority) if standing else [],
        done=request.query.get("done", ""),
        **_shared(request, called, as_of),
    )


def show_board(kind: str) -> Handler:
    """Tasks or hazards by stage, newest fact first."""

    async def handler(request: web.Request) -> web.Response:
        as_of = instant(request)
        stage, mine = request.query.get("stage"), request.query.get("mine") == "1"
        person = person_of(request)
        async with scope(request) as connection:
            found = await _matters(connection, request, kind, stage, person if mine else None, as_of)
            counted = await queries.stages(connection, kind)
            called = await names(connection, _row_keys(found.rows))
        return page(
            request,
            "board.html",
            person,
            kind=kind,
            rows=found,
            stage=stage,
            stages=counted.stages,
            total=counted.all,
            mine=mine,
            next=_further(request, found.next),
            first="after" not in request.query,
            **_shared(request, called, as_of),
        )

    return handler


async def show_lists(request: web.Request) -> web.Response:
    """The four lists (四个清单) of one chain: each row names its rows in the next list."""
    name = _choice(request, "list", dict.fromkeys(queries.CHAIN, ""), "tasks")
    as_of = instant(request)
    async with scope(request) as connection:
        found = await _chain(connection, request, name, as_of)
        called = await names(connection, [*_keys(found.rows), *(("hazard", one) for one in _onward(found))])
    return page(
        request,
        "lists.html",
        person_of(request),
        rows=found,
        name=name,
        lists=queries.CHAIN,
        of=request.query.get("of", ""),
        next=_further(request, found.next),
        first="after" not in request.query,
        **_shared(request, called, as_of),
    )


async def lists_json(request: web.Request) -> web.Response:
    """`/api/v1/lists`: as the page."""
    name = _choice(request, "list", dict.fromkeys(queries.CHAIN, ""), "tasks")
    as_of = instant(request)
    async with scope(request) as connection:
        found = await _chain(connection, request, name, as_of)
    return _paged(request, to_json(found, language(request)), found.next, as_of)


def show_register(kind: str) -> Handler:
    """The register of officers or the dossiers of enterprises, as a list."""

    async def handler(request: web.Request) -> web.Response:
        as_of = instant(request)
        async with scope(request) as connection:
            found = await _matters(connection, request, kind, None, None, as_of)
        return page(
            request,
            "register.html",
            person_of(request),
            kind=kind,
            rows=found,
            next=_further(request, found.next),
            first="after" not in request.query,
            **_shared(request, {}, as_of),
        )

    return handler


def show_matter(kind: str) -> Handler:
    """The page of one officer or enterprise."""

    async def handler(request: web.Request) -> web.Response:
        as_of = instant(request)
        key = request.match_info["id"]
        async with scope(request, kind, key) as connection:
            found = await queries.matter(connection, kind, key, as_of=as_of)
            if found is None:
                raise Problem("not_found")
            called = await names(connection, _linked(found.page))
        return page(
            request,
            f"{kind}.html",
            person_of(request),
            file=found,
            key=key,
            links=acts.links(request, kind, key, found.row.authority) if kind in acts.PLACES else [],
            done=request.query.get("done", ""),
            may_trail=_may_trail(request, kind, key),
            **_shared(request, called, as_of),
        )

    return handler


def _may_trail(request: web.Request, kind: str, key: str) -> bool:
    """Who looks over others may see every trail, an officer the own one."""
    person = person_of(request)
    return person.may(WATCHERS.roles) or (kind == "officer" and key == person.officer_id)


def matters_json(kind: str) -> Handler:
    """`/api/v1/matters/<kind>`: a page of the list."""

    async def handler(request: web.Request) -> web.Response:
        as_of = instant(request)
        person = person_of(request) if request.query.get("mine") == "1" else None
        async with scope(request) as connection:
            found = await _matters(connection, request, kind, request.query.get("stage"), person, as_of)
        return _paged(request, to_json(found, language(request)), found.next, as_of)

    return handler


def matter_json(kind: str) -> Handler:
    """`/api/v1/matters/<kind>/{id}`: everything that is said of one matter."""

    async def handler(request: web.Request) -> web.Response:
        as_of = instant(request)
        async with scope(request, kind, request.match_info["id"]) as connection:
            found = await queries.matter(connection, kind, request.match_info["id"], as_of=as_of)
        if found is None:
            raise Problem("not_found")
        return json_answer(request, {**to_json(found, language(request)), "as_of": as_of})

    return handler


def instant(request: web.Request) -> int:
    """The instant (ms) that an answer is as of: `?as_of=2026-11-23` is the end of that day in Asia/Shanghai."""
    text = request.query.get("as_of", "")
    if not text:
        return now_ms()
    try:
        if len(text) == 10:
            day = datetime.date.fromisoformat(text)
            if day.year > MAX_YEAR:
                raise ValueError
            return end_of(day) - 1
        moment = datetime.datetime.fromisoformat(text)
        if moment.year > MAX_YEAR:
            raise ValueError
        return int((moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Problem(
            "bad_request", "expected as_of to be a date (2026-11-23) or an instant (2026-11-23T08:00:00+08:00)"
        ) from None


async def _deadlines(
    connection: asyncpg.Connection, request: web.Request, view: str, mine: bool, as_of: int
) -> DeadlinePage:
    try:
        return await queries.deadlines(
            connection,
            as_of=as_of,
            within=3 if view == "soon" else None,
            over=view == "due",
            finished=view == "all",
            past=_past(request, as_of),
            rule=request.query.get("rule") or None,
            officer=person_of(request).officer_id if mine else None,
            limit=DEADLINE_ROWS,
            after=request.query.get("after"),
        )
    except BadCursor:
        raise Problem("bad_cursor") from None


def _past(request: web.Request, as_of: int) -> bool:
    """Whether an earlier instant was asked for."""
    return "as_of" in request.query and as_of < now_ms()


def _signal_filter(request: web.Request) -> dict[str, Any]:
    severity = request.query.get("severity") or None
    if severity is not None and severity not in SEVERITIES:
        raise Problem("bad_request", f"expected severity to be one of {', '.join(SEVERITIES)}")
    rule = request.query.get("rule") or None
    if rule is not None and rule not in process_words.SIGNALS:
        raise Problem("bad_request", "expected rule to be one of SIG-01 to SIG-32")
    return {
        "state": _choice(request, "state", SIGNAL_VIEWS, "open"),
        "severity": severity,
        "rule": rule,
        "mine": request.query.get("mine") == "1",
    }


async def _signals(
    connection: asyncpg.Connection, request: web.Request, wanted: Mapping[str, Any], as_of: int
) -> SignalPage:
    try:
        return await queries.signals(
            connection,
            as_of=as_of,
            states=SIGNAL_VIEWS[wanted["state"]],
            severity=wanted["severity"],
            rule=wanted["rule"],
            officer=person_of(request).officer_id if wanted["mine"] else None,
            past=_past(request, as_of),
            limit=ROWS,
            after=request.query.get("after"),
        )
    except BadCursor:
        raise Problem("bad_cursor") from None


async def _matters(
    connection: asyncpg.Connection,
    request: web.Request,
    kind: str,
    stage: str | None,
    person: Person | None,
    as_of: int,
) -> MatterPage:
    try:
        return await queries.list_matters(
            connection,
            kind,
            as_of=as_of,
            stages=None if not stage else [stage[:64]],
            officer=None if person is None else person.officer_id,
            limit=ROWS,
            after=request.query.get("after"),
        )
    except BadCursor:
        raise Problem("bad_cursor") from None


async def _chain(connection: asyncpg.Connection, request: web.Request, name: str, as_of: int) -> ChainPage:
    try:
        return await queries.chain(
            connection,
            name,
            as_of=as_of,
            of=request.query.get("of", "")[:64] or None,
            limit=ROWS,
            after=request.query.get("after"),
        )
    except BadCursor:
        raise Problem("bad_cursor") from None


def _shared(request: web.Request, called: Mapping[Key, str], as_of: int) -> dict[str, Any]:
    """What every template here reads: names, words, and the instant."""
    texts = texts_of(request)
    return {
        "called": called,
        "paths": PATHS,
        "words": process_words.Words(texts, language(request)),
        "as_of": as_of,
        "as_of_ms": as_of,
        "as_of_day": day_of(as_of).isoformat(),
        "now": "as_of" not in request.query,
    }


def _keys(rows: Iterable[Any]) -> list[Key]:
    return [(row.kind, row.key) for row in rows]


def _onward(found: ChainPage) -> list[str]:
    """The hazards that rows of tasks lead to; the other lists lead to acts."""
    ids = [one for row in found.rows if row.list == queries.CHAIN[0] for one in row.next]
    return [process_words.Words.uuid(one) for one in ids]


def _row_keys(rows: Iterable[MatterRow]) -> list[Key]:
    wanted = _keys(rows)
    wanted += [("enterprise", str(row.columns["enterprise_id"])) for row in rows if row.columns.get("enterprise_id")]
    return wanted


def _linked(page_of: Mapping[str, Any]) -> list[Key]:
    """The matters that a dossier lists, so that they are called by name."""
    found: list[Key] = []
    for kind in ("task", "hazard", "case"):
        for one in page_of.get(f"{kind}s", ()) or ():
            key = one.get("id") if isinstance(one, Mapping) else one
            if isinstance(key, str):
                found.append((kind, process_words.Words.uuid(key)))
    found += [
        ("task", process_words.Words.uuid(str(one["task"]))) for one in page_of.get("visits", ()) or () if "task" in one
    ]
    return found


def _choice(request: web.Request, name: str, choices: Mapping[str, Any], usual: str) -> str:
    wanted = request.query.get(name, usual)
    if wanted not in choices:
        raise Problem("bad_request", f"expected {name} to be one of {', '.join(choices)}")
    return wanted


def _further(request: web.Request, cursor: str | None) -> str | None:
    """This page's address with the cursor of its next part."""
    if cursor is None:
        return None
    kept = [(name, value) for name, value in request.query.items() if name not in ("after", "lang")]
    return f"{request.path}?{urlencode([*kept, ('after', cursor)])}"


def _paged(request: web.Request, value: Any, cursor: str | None, as_of: int) -> web.Response:
    response = json_answer(request, {**value, "as_of": as_of})
    further = _further(request, cursor)
    if further is not None:
        response.headers["Link"] = f'<{further}>; rel="next"'
    return response
