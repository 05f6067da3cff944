"""What an authority publishes beside records, in the three stages of disclosure: before, during, after enforcement.

Invariant: a section that is empty is shown and says so; one whose newest act lies long ago says that too.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
from aiohttp import web

from schemas.problems import Problem
from server.public import files, frame, shapes, store
from server.public.search import Search
from server.public.words import SECTIONS
from server.web.i18n import N_
from server.web.pages import CHINA

STALE_DAYS: Final = 365
"""After so long without an act a section is marked: responsibilities and lists are looked through once a year."""
BEFORE: Final = ("mandate", "catalogue", "benchmark", "rule")
NEWEST: Final = 10
DRAWS: Final = 10
FEW: Final = 20
"""Officers that a page shows without being asked for them."""
FLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    N_("Inspection"): (
        N_("Plan or random selection"),
        N_("Two officers show their certificates"),
        N_("Check on site, recorded as it happens"),
        N_("Record is read and signed"),
        N_("Order to put right, with a day"),
        N_("Re-inspection"),
        N_("Result is published"),
    ),
    N_("Penalty by the general procedure"): (
        N_("Filing of the case"),
        N_("Investigation and evidence"),
        N_("Notice of facts, reasons, basis and rights"),
        N_("Statement, defence or hearing"),
        N_("Legal review of a major decision"),
        N_("Decision"),
        N_("Service, within seven days"),
        N_("Publication, within seven working days"),
        N_("Execution and closing"),
    ),
}
"""Handbook of the procedure, in the order of the law (PPL 39, 54, 57, 58, 61)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A section: its rows, the day of its newest act, whether that lies too long ago."""

    name: str
    rows: Sequence[store.Section]
    updated: datetime.date | None
    stale: bool


async def show_list(request: web.Request) -> web.Response:
    """Who publishes here."""
    pool = frame.pool_of(request)
    positions = {one.authority: one for one in await store.positions(pool)}
    return frame.page(
        request, "public_authorities.html", authorities=await store.authorities(pool), positions=positions
    )


async def show(request: web.Request) -> web.Response:
    """One authority: before, during, after."""
    authority = await _authority(request)
    pool = frame.pool_of(request)
    held = await store.sections(pool, authority.code)
    today = datetime.datetime.now(CHINA).date()
    found = await store.search(pool, Search(authority=authority.code))
    drawn = await store.search(pool, Search(authority=authority.code, subject="random_selection"))
    officers = await files.newest_officers(pool, authority.code)
    day = _day(request, today)
    texts = frame.texts_of(request)
    return frame.page(
        request,
        "public_authority.html",
        authority=authority,
        before=[_section(name, held, today) for name in BEFORE],
        officers=officers,
        officers_stale=officers is not None and (today - officers.as_of).days > STALE_DAYS,
        day=day,
        few=FEW if "day" not in request.query else len(officers.people if officers is not None else ()),
        draws=drawn.rows[:DRAWS],
        newest=found.rows[:NEWEST],
        flows={texts.gettext(name): [texts.gettext(step) for step in steps] for name, steps in FLOWS.items()},
        positions=[one for one in await store.positions(pool) if one.authority == authority.code],
        stale_days=STALE_DAYS,
    )


async def list_json(request: web.Request) -> web.Response:
    """`/api/v1/authorities`."""
    pool = frame.pool_of(request)
    return frame.answer_json(request, shapes.Authorities(items=await as_of(pool)))


async def one_json(request: web.Request) -> web.Response:
    """`/api/v1/authorities/{code}`."""
    authority = await _authority(request)
    pool = frame.pool_of(request)
    held = await store.sections(pool, authority.code)
    officers = await files.newest_officers(pool, authority.code)
    drawn = await store.search(pool, Search(authority=authority.code, subject="random_selection"))
    beside = [
        shapes.SectionShape(
            section="random_selection", key=str(one.record), updated=one.published_on,
            content={"title": one.party, "draw": f"/api/v1/draws/{one.record}"},
        )
        for one in drawn.rows
    ]  # fmt: skip
    if officers is not None:
        beside += [_officer_shape(one, officers.as_of) for one in officers.people]
    told = shapes.AuthorityWhole(
        authority=authority.code, name=authority.name, uscc=authority.uscc,
        sections=tuple(
            shapes.SectionShape(section=one.section, key=one.key, content=dict(one.content), updated=one.updated)
            for one in held
        ) + tuple(beside),
    )  # fmt: skip
    return frame.answer_json(request, told)


async def as_of(pool: asyncpg.Pool) -> tuple[shapes.AuthorityShape, ...]:
    """All authorities with how far each log is taken into account."""
    positions = {one.authority: one for one in await store.positions(pool)}
    made = []
    for one in await store.authorities(pool):
        place = positions.get(one.code)
        made.append(
            shapes.AuthorityShape(
                authority=one.code, name=one.name, uscc=one.uscc, epoch=place.epoch if place else None,
                position=place.position if place else None, at=place.at.astimezone(datetime.UTC) if place else None,
            )
        )  # fmt: skip
    return tuple(made)


def _section(name: str, held: Sequence[store.Section], today: datetime.date) -> Shown:
    assert name in SECTIONS
    rows = [one for one in held if one.section == name]
    newest = max((one.updated for one in rows), default=None)
    return Shown(name, rows, newest, newest is not None and (today - newest).days > STALE_DAYS)


def _officer_shape(one: files.Officer, as_of: datetime.date) -> shapes.SectionShape:
    return shapes.SectionShape(
        section="officer",
        key=one.certificate_no,
        content={
            "name": one.name,
            "categories": "、".join(one.categories),
            "valid_from": one.valid_from.isoformat(),
            "valid_to": one.valid_to.isoformat(),
        },
        updated=as_of,
    )


def _day(request: web.Request, today: datetime.date) -> datetime.date:
    """The day as of which the list of officers is shown. Raises Problem bad_request."""
    return Search.of({"from": request.query.get("day", "")}).since or today


async def _authority(request: web.Request) -> store.Authority:
    code = request.match_info["code"]
    found = next((one for one in await store.authorities(frame.pool_of(request)) if one.code == code), None)
    if found is None:
        raise Problem("not_found", "no such authority publishes here")
    return found
