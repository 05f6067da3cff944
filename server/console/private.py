"""A personal value shown to an officer who may see it: a form that asks why, and the value once.

Invariant: GET shows no value; POST shows it only behind the act that records who was shown it and why.
"""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from schemas.events import REGISTRY
from schemas.problems import Problem
from server.console import words
from server.console.access import PRIVATE_READERS
from server.console.files import PATHS
from server.console.frame import page, texts_of
from server.identity.person import ROLES
from server.web.app import FORM, SERVICES, Acts, person_of
from server.web.languages import language

MAX_REASON: Final = 500
_PLACE: Final = re.compile(r"([0-9]{1,9})/([0-9]{1,15})/([0-9a-f]{64})", re.ASCII)


async def show(request: web.Request) -> web.Response:
    """The form for one value: what it is, and a reason to be given."""
    return await _page(request)


async def reveal(request: web.Request) -> web.Response:
    """Record the revelation, then show the value. Asked again, it is recorded again."""
    reason = request[FORM].get("reason", "").strip()
    if not 1 <= len(reason) <= MAX_REASON:
        return await _page(request, status=400, wrong="reason", reason=reason)
    person = person_of(request)
    role = next(name for name in ROLES if name in person.roles and name in PRIVATE_READERS.roles)
    try:
        _, value = await _acts(request).reveal_private(person, *_place(request), reason, role)
    except Problem as refusal:
        if refusal.code != "conflict":
            raise
        return await _page(request, status=409, wrong="missing", reason=reason)
    return await _page(request, value=words.value_text(value))


async def _page(
    request: web.Request, *, status: int = 200, wrong: str = "", reason: str = "", value: str | None = None
) -> web.Response:
    person = person_of(request)
    found = await _acts(request).find_private(person, *_place(request))
    texts = texts_of(request)
    kind = REGISTRY[found.type]
    tags = [tag.partition(":") for tag in found.about]
    answer = page(
        request,
        "private.html",
        person,
        status=status,
        title=kind.title_zh if language(request) == "zh" else kind.title_en,
        label=words.field_label(found.type, found.path, texts),
        files=[(texts.gettext(words.KIND_NAMES[name]), PATHS[name], key) for name, _, key in tags if name in PATHS],
        arrived=found.arrived,
        wrong=wrong,
        reason=reason,
        max_reason=MAX_REASON,
        value=value,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _acts(request: web.Request) -> Acts:
    acts = request.app[SERVICES].acts
    if acts is None:
        raise Problem("not_ready", "this server only reads")
    return acts


def _place(request: web.Request) -> tuple[int, int, bytes]:
    """(epoch, position, commitment) of the address."""
    found = _PLACE.fullmatch("/".join(request.match_info[name] for name in ("epoch", "position", "commitment")))
    if found is None:
        raise Problem("not_found")
    return int(found[1]), int(found[2]), bytes.fromhex(found[3])
