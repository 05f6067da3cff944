"""Search over everything in scope: one box, everything in the address, a page of hits and the same as JSON.

Invariant: what is out of scope is neither found nor counted; a question that is too short or finds too much is
answered with what to do.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import asyncpg
from aiohttp import web

from projections import search
from projections.process.names import Key, names
from projections.queries import BadCursor
from projections.search import Found
from projections.views import to_json
from schemas.problems import Problem
from server.console import desk, process_words
from server.console.access import scope
from server.console.boards import PATHS
from server.console.frame import page, texts_of
from server.web.app import person_of
from server.web.etag import json_answer
from server.web.languages import language

ROWS: Final = 50


async def show(request: web.Request) -> web.Response:
    """The search page."""
    person = person_of(request)
    async with scope(request) as connection:
        found = await _search(connection, request)
        wanted: list[Key] = [(row.kind, row.key) for row in found.rows]
        wanted += [one for event in found.events for one in event.about]
        called = await names(connection, wanted)
    return page(
        request,
        "search.html",
        person,
        found=found,
        question=_question(request),
        kind=_kind(request),
        kinds=search.KINDS,
        called=called,
        paths=PATHS,
        next=_further(request, found),
        first="after" not in request.query,
        saved=await desk.filters(request, person, "search"),
        query=urlencode({"q": _question(request), **({"kind": _kind(request)} if _kind(request) else {})}),
        has_desk=desk.has_desk(person),
        words=process_words.Words(texts_of(request), language(request)),
    )


async def show_json(request: web.Request) -> web.Response:
    """`/api/v1/search?q=`: as the page."""
    async with scope(request) as connection:
        found = await _search(connection, request)
    response = json_answer(request, to_json(found, language(request)))
    further = _further(request, found)
    if further is not None:
        response.headers["Link"] = f'<{further}>; rel="next"'
    return response


async def _search(connection: asyncpg.Connection, request: web.Request) -> Found:
    try:
        return await search.search(
            connection, _question(request), kind=_kind(request), limit=ROWS, after=request.query.get("after")
        )
    except BadCursor:
        raise Problem("bad_cursor") from None


def _question(request: web.Request) -> str:
    return request.query.get("q", "").strip()[: search.MAX_QUESTION]


def _kind(request: web.Request) -> str | None:
    kind = request.query.get("kind") or None
    if kind is not None and kind not in search.KINDS:
        raise Problem("bad_request", f"expected kind to be one of {', '.join(search.KINDS)}")
    return kind


def _further(request: web.Request, found: Found) -> str | None:
    if found.next is None:
        return None
    pairs = [(name, value) for name, value in request.query.items() if name not in ("after", "lang")]
    return f"{request.path}?{urlencode([*pairs, ('after', found.next)])}"
