"""Forms of the desk: tick an item off, call a file seen, save a filter, switch shortcuts on or off.

Each answers with the page it came from; none of them is an act of the office. Invariant: a form leads to a page of
this server only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from aiohttp import web

from projections import queries
from projections.views import SUBJECT_KINDS
from schemas.problems import Problem
from server.console import desk
from server.console.access import scope
from server.console.frame import page, texts_of
from server.console.reviews import FILTERS
from server.web.app import FORM, person_of
from server.web.i18n import N_

FACES: Final[Mapping[str, str]] = {"reviews": "/reviews", "search": "/search"}
FACE_NAMES: Final[Mapping[str, str]] = {"reviews": N_("Legal reviews"), "search": N_("Search")}
FACE_FILTERS: Final[Mapping[str, tuple[str, ...]]] = {"reviews": FILTERS, "search": ("q", "kind")}
_OURS: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1000}", re.ASCII)


async def show(request: web.Request) -> web.Response:
    """The desk: saved filters, and whether keys are shortcuts."""
    person = person_of(request)
    texts = texts_of(request)
    saved = [
        (face, texts.gettext(name), FACES[face], await desk.filters(request, person, face))
        for face, name in FACE_NAMES.items()
    ]
    return page(
        request,
        "desk.html",
        person,
        saved=saved,
        has_desk=desk.has_desk(person),
        keys=await desk.shortcuts(request, person),
        done=request.query.get("done", ""),
    )


async def tick(request: web.Request) -> web.Response:
    """Tick one item, or those of a page, off as viewed; or take the tick away."""
    form = request[FORM]
    try:
        events = [UUID(one) for one in form.get("events", "").split()]
    except ValueError:
        raise Problem("bad_request", "expected the ids of events") from None
    if not events or len(events) > desk.MAX_TICKS:
        raise Problem("bad_request", f"expected between 1 and {desk.MAX_TICKS} events")
    await desk.tick(request, person_of(request), events, form.get("on") == "1")
    return _back(form)


async def seen_all(request: web.Request) -> web.Response:
    """The file holds nothing new to this person any more."""
    form = request[FORM]
    kind = next((known for known in SUBJECT_KINDS if known == form.get("kind")), None)
    subject = form.get("id", "")
    if kind is None or not 1 <= len(subject.encode()) <= 128:
        raise Problem("bad_request", "expected the kind and the id of a file")
    async with scope(request, own=True) as connection:
        if await queries.holder(connection, kind, subject) is None:
            raise Problem("not_found")
    await desk.seen_all(request, person_of(request), kind, subject)
    return _back(form)


async def save_filter(request: web.Request) -> web.Response:
    """Save the filter that a page shows under a name."""
    form = request[FORM]
    face, name = form.get("face", ""), " ".join(form.get("name", "").split())
    if face not in FACES or not 1 <= len(name) <= desk.MAX_NAME:
        raise Problem("bad_request", f"expected a name of 1 to {desk.MAX_NAME} characters for the filter")
    known = FACE_FILTERS[face]
    pairs = [(key, value) for key, value in parse_qsl(form.get("query", "")[: desk.MAX_QUERY]) if key in known]
    try:
        await desk.save_filter(request, person_of(request), face, name, urlencode(pairs)[: desk.MAX_QUERY])
    except desk.Full:
        raise Problem("conflict", f"an account keeps at most {desk.MAX_FILTERS} filters: remove one first") from None
    return web.Response(status=303, headers={"Location": f"{FACES[face]}?{urlencode(pairs)}"})


async def drop_filter(request: web.Request) -> web.Response:
    """Forget a saved filter."""
    form = request[FORM]
    if form.get("face", "") not in FACES:
        raise Problem("bad_request", "expected the face of the filter")
    await desk.drop_filter(request, person_of(request), form["face"], form.get("name", ""))
    return web.Response(status=303, headers={"Location": "/desk?done=removed"})


async def set_shortcuts(request: web.Request) -> web.Response:
    """Switch single-key shortcuts on or off for this account."""
    on = request[FORM].get("on", "")
    if on not in ("0", "1"):
        raise Problem("bad_request", "expected on to be 0 or 1")
    await desk.set_shortcuts(request, person_of(request), on == "1")
    return web.Response(status=303, headers={"Location": "/desk?done=saved"})


def _back(form: Mapping[str, str]) -> web.Response:
    back = form.get("back", "/")
    return web.Response(status=303, headers={"Location": back if _OURS.fullmatch(back) else "/"})
