"""The queue of legal reviews (法制审核): what is due next, who has it, filters in the address, and saved ones.

Pages and JSON give the same rows, as of an instant. Invariant: the countdown is in working days by the calendar that is
known, from an end that the judge stored; what rests with the handlers has no countdown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import msgspec
from aiohttp import web

from domain.office.commands import AssignReview
from projections import reviews
from projections.queries import BadCursor
from projections.reviews import CLOSED, SORTS, Review, ReviewPage, Wanted
from projections.views import to_json
from schemas.problems import Problem
from server.console import desk, process_words
from server.console.access import ASSIGNERS, LOOKING, scope
from server.console.boards import instant
from server.console.following import followed_in
from server.console.frame import page, texts_of
from server.log.ids import now_ms, uuid7
from server.web.app import FORM, SERVICES, person_of
from server.web.asked import id_of_form
from server.web.etag import json_answer
from server.web.i18n import N_
from server.web.languages import language

ROWS: Final = 50
MAX_TEXT: Final = 100
MAX_LINE: Final = 500
OPEN: Final = ("requested", "assigned", "returned")
STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "open": OPEN,
    "requested": ("requested",),
    "assigned": ("assigned",),
    "returned": ("returned",),
    "closed": CLOSED,
    **{stage: (stage,) for stage in CLOSED},
    "all": (*OPEN, *CLOSED),
}
SORT_NAMES: Final[Mapping[str, str]] = {
    "due": N_("Next to end first"),
    "requested": N_("Newest request first"),
    "amount": N_("Most money first"),
}
GROUPS: Final[Mapping[str, str]] = {
    "open": N_("all open ones"),
    "closed": N_("all that are over"),
    "all": N_("all"),
}
FILTERS: Final = ("stage", "reviewer", "unit", "kind", "overdue", "authority", "q", "sort")
"""The names of filters in the address; these alone are kept by a saved filter."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """What became of the reviews that were given to somebody at once: how many, and those that were not, with why."""

    reviewer: str
    done: int
    refused: tuple[tuple[Review, str], ...] = ()


async def show(request: web.Request) -> web.Response:
    """The queue."""
    return await _page(request)


async def assign(request: web.Request) -> web.Response:
    """Give the ticked reviews to a reviewer: an act for each, so that one that is refused keeps no other back."""
    form, person = request[FORM], person_of(request)
    desk_of = request.app[SERVICES].desk
    if desk_of is None:
        raise Problem("not_ready", "this server only reads")
    reviewer, reason = form.get("reviewer", "").strip(), form.get("reason", "").strip()
    wanted = [name.removeprefix("review-") for name in form if name.startswith("review-")][:ROWS]
    act = id_of_form(form.get("act", ""), "the act").bytes
    if not 1 <= len(reviewer) <= 128 or not wanted:
        return await _page(request, status=400, wrong="reviewer" if wanted else "none")
    async with scope(request, own=True) as connection:
        found = await reviews.some(connection, wanted, as_of=now_ms())
    done, refused, last = 0, [], None
    for one in found:
        command = AssignReview(review=one.key, reviewer=reviewer, unit=person.unit, reason=reason[:MAX_LINE])
        try:
            last = await desk_of.do(person, "case", one.case, command, act=_derived(act, one.key))
            done += 1
        except Problem as problem:
            chosen = language(request)
            told = problem.fields.get(chosen)
            title = problem.type.title_zh if chosen == "zh" else problem.type.title_en
            refused.append((one, told if isinstance(told, str) else title))
    if last is not None:
        await followed_in(request, last.epoch, last.position)
    return await _page(request, status=409 if refused else 200, assigned=Assigned(reviewer, done, tuple(refused)))


async def _page(
    request: web.Request, *, status: int = 200, wrong: str = "", assigned: Assigned | None = None
) -> web.Response:
    person = person_of(request)
    as_of, wanted = instant(request), _wanted(request)
    async with scope(request) as connection:
        wanted = _within(request, wanted)
        found = await _queue(connection, request, wanted, as_of)
        counted, offered = await reviews.overview(
            connection, as_of=as_of, officer=person.officer_id, authority=wanted.authority
        )
    texts = texts_of(request)
    given = kept(request)
    return page(
        request,
        "reviews.html",
        person,
        status=status,
        wrong=wrong,
        assigned=assigned,
        may_assign=person.may(ASSIGNERS.roles) and request.app[SERVICES].desk is not None,
        act_id=str(UUID(bytes=uuid7())),
        rows=found.rows,
        next=_further(request, found.next),
        first="after" not in request.query,
        counted=counted,
        offered=offered,
        wanted=wanted,
        given=given,
        filtered=bool(set(given) - {"sort"}),
        stages=[(name, texts.gettext(GROUPS[name])) if name in GROUPS else (name, "") for name in STAGES],
        stage=request.query.get("stage", "open"),
        sorts=[(name, texts.gettext(SORT_NAMES[name])) for name in SORTS],
        saved=await desk.filters(request, person, "reviews"),
        query=urlencode(given),
        has_desk=desk.has_desk(person),
        words=process_words.Words(texts, language(request)),
        as_of=as_of,
        now="as_of" not in request.query,
    )


async def show_json(request: web.Request) -> web.Response:
    """`/api/v1/reviews`: as the page, with the counts of the tabs."""
    as_of, wanted = instant(request), _wanted(request)
    async with scope(request) as connection:
        wanted = _within(request, wanted)
        found = await _queue(connection, request, wanted, as_of)
        counted, _ = await reviews.overview(
            connection, as_of=as_of, officer=person_of(request).officer_id, authority=wanted.authority
        )
    chosen = language(request)
    response = json_answer(request, {**to_json(found, chosen), "counts": to_json(counted, chosen), "as_of": as_of})
    further = _further(request, found.next)
    if further is not None:
        response.headers["Link"] = f'<{further}>; rel="next"'
    return response


def _derived(act: bytes, review: str) -> bytes:
    """The id of the act on one review: the same whenever the same form comes, so that it is one act."""
    raw = bytearray(act[:6] + sha256(act + review.encode()).digest()[:10])
    raw[6], raw[8] = 0x70 | (raw[6] & 0x0F), 0x80 | (raw[8] & 0x3F)
    return bytes(raw)


def kept(request: web.Request) -> dict[str, str]:
    """The filters that the address names, in one order."""
    return {name: request.query[name] for name in FILTERS if request.query.get(name)}


def _wanted(request: web.Request) -> Wanted:
    query = request.query
    stage = query.get("stage", "open")
    if stage not in STAGES:
        raise Problem("bad_request", f"expected stage to be one of {', '.join(STAGES)}")
    sort = query.get("sort", "due")
    if sort not in SORTS:
        raise Problem("bad_request", f"expected sort to be one of {', '.join(SORTS)}")
    texts = {name: query.get(name, "").strip() for name in ("reviewer", "unit", "kind", "q")}
    for name, text in texts.items():
        if len(text) > MAX_TEXT or "\0" in text:
            raise Problem("bad_request", f"expected {name} to have at most {MAX_TEXT} characters")
    return Wanted(
        stages=STAGES[stage],
        reviewer=person_of(request).officer_id if texts["reviewer"] == "me" else texts["reviewer"] or None,
        unit=texts["unit"] or None,
        kind=texts["kind"] or None,
        overdue=query.get("overdue") == "1",
        text=texts["q"],
        sort=sort,
    )


def _within(request: web.Request, wanted: Wanted) -> Wanted:
    """The filters with the authority that is looked at, where it is one: its reviews stand in one piece of an index."""
    person, looking = person_of(request), request.get(LOOKING)
    one = person.authority if len(person.seen) == 1 else "" if looking is None else looking.wanted
    return msgspec.structs.replace(wanted, authority=one or None)


async def _queue(connection: asyncpg.Connection, request: web.Request, wanted: Wanted, as_of: int) -> ReviewPage:
    try:
        return await reviews.queue(connection, wanted, as_of=as_of, limit=ROWS, after=request.query.get("after"))
    except BadCursor:
        raise Problem("bad_cursor") from None


def _further(request: web.Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    pairs: dict[str, Any] = {**kept(request), "after": cursor}
    if "as_of" in request.query:
        pairs["as_of"] = request.query["as_of"]
    return f"{request.path}?{urlencode(pairs)}"
