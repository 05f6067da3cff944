"""Random draws (双随机): pools are frozen and announced, the public number is entered, a second person reveals.

Invariant: a page tells the secret to nobody before the act that tells it stands in the log; names that a number gives
are shown only to who may enter or reveal it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from typing import Any, Final, Literal
from uuid import UUID

from aiohttp import web

from domain import random_selection as selections
from domain.office.refusals import refused
from domain.workdays import SHANGHAI
from projections import draws as asked
from projections.process.names import names, registered
from projections.queries import BadCursor
from schemas.draws import Drawn
from schemas.events.plan import RecusalEntered
from schemas.problems import Problem
from server.console import draw_plan
from server.console.access import DRAW_PLANNERS, DRAW_REVEALERS, acts_on, scope
from server.console.frame import page, texts_of
from server.console.plans import STATES as ITEM_STATES
from server.web.app import FORM, SERVICES, Draws, person_of
from server.web.asked import id_of_address, id_of_form
from server.web.i18n import N_
from server.web.languages import language

ROWS: Final = 50
SHOWN: Final = 200
"""Entries of a pool that a page shows; the whole pool is a file of its own."""
STATUS: Final = {
    "announced": N_("announced"),
    "drawn": N_("drawn"),
    "cancelled": N_("cancelled"),
}
COLOURS: Final = {"announced": "info", "drawn": "ok", "cancelled": "bad"}
DONE: Final = {
    "announced": N_(
        "Announced. Pools and commitment stand in the log; have the announcement published before the draw."
    ),
    "entered": N_("Entered. The names are fixed by it; a second person looks at them and reveals."),
    "revealed": N_("Revealed. Secret and names stand in the log; have the result published."),
    "cancelled": N_("Cancelled. The announcement stays on record, with your reason."),
}
SOURCES: Final = ("all", "listed")
LARGEST: Final = 1024 * 1024
"""Bytes of an announcement's form: some ten thousand lines of pools."""
FILLED: Final = 5_000
"""Lines of the register that a form is filled with."""
NAMED: Final = 5
"""Ids that a refusal names."""
NEW_RECUSALS: Final = 4
"""Recusals that a form takes besides those that were entered."""
NUMBERS: Final = {"count": ("抽取对象数", "enterprises to be drawn"), "team": ("每组人数", "officers for each")}
_NUMBER: Final = re.compile(r"\d{1,6}", re.ASCII)
_RECUSAL: Final = re.compile(r"(\S+)\s+(\S+)\s+(\S.*)")


async def show_list(request: web.Request) -> web.Response:
    """All draws, the one with the newest act first."""
    async with scope(request) as connection:
        found = await _listed(request, connection)
    return page(
        request, "draws.html", person_of(request), found=found, first="after" not in request.query, **_shared(request)
    )


async def list_json(request: web.Request) -> web.Response:
    """`/api/v1/draws`."""
    async with scope(request) as connection:
        found = await _listed(request, connection)
    items = [
        {
            "draw": str(one.draw), "authority": one.authority, "status": one.status, "title": one.title,
            "draws_on": one.draws_on.isoformat(), "objects": one.objects, "team": one.team, "changed": one.changed,
        }
        for one in found.rows
    ]  # fmt: skip
    return web.json_response({"items": items, "next": found.next}, headers={"Cache-Control": "no-store"})


async def show_form(request: web.Request) -> web.Response:
    """The form of an announcement."""
    return await _form(request)


async def announce(request: web.Request) -> web.Response:
    """Freeze the pools and commit to a secret; or, asked to count, show what the pools would be, or, asked to fill,
    list the register for the pools that are listed.
    """
    form = request[FORM]
    draw = id_of_form(form.get("draw", ""), "the draw")
    try:
        day = _day(form.get("draws_on", ""))
        if form.get("act") == "fill":
            return await _form(request, filled=await _register(request, day))
        objects, officers = await _pools(request, day)
        if form.get("act") == "count":
            return await _form(request, counted=(len(objects), len(officers)))
        await _service(request).announce(
            person_of(request), draw, objects, officers, count=_number(form, "count"), team=_number(form, "team"),
            title=form.get("title", ""), public_number=form.get("public_number", ""), draws_on=day,
        )  # fmt: skip
    except Problem as refusal:
        if refusal.code not in ("bad_request", "conflict", "not_ready"):
            raise
        return await _form(request, refusal=refusal)
    return _on(draw, "announced")


async def show(request: web.Request) -> web.Response:
    """One draw: how far it is, what is next, its pools and its names."""
    return await _one(request)


async def show_pool(request: web.Request) -> web.Response:
    """A frozen pool as the text that was hashed: one id a line."""
    draw = id_of_address(request)
    row, standing = await _look(request, draw)
    del row
    pool = standing.pools.objects if request.match_info["pool"] == "objects" else standing.pools.officers
    return web.Response(
        text="".join(f"{one}\n" for one in pool), content_type="text/plain", charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip


async def enter(request: web.Request) -> web.Response:
    """Enter the public number, with recusals."""
    draw, form = id_of_address(request), request[FORM]

    async def act(service: Draws) -> None:
        recused = (*_recusals(form.get("recused", "")), *_chosen(form))
        await service.enter(person_of(request), draw, form.get("public", ""), tuple(dict.fromkeys(recused)))

    return await _acted(request, act, draw, "entered")


async def reveal(request: web.Request) -> web.Response:
    """The second person tells the secret of what was looked at."""
    draw, form = id_of_address(request), request[FORM]

    async def act(service: Draws) -> None:
        await service.reveal(person_of(request), draw, form.get("preparation", ""))

    return await _acted(request, act, draw, "revealed")


async def cancel(request: web.Request) -> web.Response:
    """The draw will not be made."""
    draw, form = id_of_address(request), request[FORM]

    async def act(service: Draws) -> None:
        await service.cancel(person_of(request), draw, form.get("reason", ""))

    return await _acted(request, act, draw, "cancelled")


# -- how --


async def _listed(request: web.Request, connection: Any) -> asked.DrawPage:
    try:
        return await asked.listed(connection, limit=ROWS, after=request.query.get("after"))
    except BadCursor:
        raise Problem("bad_cursor") from None


async def _form(
    request: web.Request, *, counted: tuple[int, int] | None = None, filled: Mapping[str, str] | None = None,
    refusal: Problem | None = None,
) -> web.Response:  # fmt: skip
    given = {**request.get(FORM, {}), **(filled or {})}
    tomorrow = datetime.datetime.now(SHANGHAI).date() + datetime.timedelta(days=1)
    return page(
        request, "draw_form.html", person_of(request), status=200 if refusal is None else refusal.type.status,
        given=given, filled=filled is not None, counted=counted, tomorrow=tomorrow,
        draw=given.get("draw") or str(_service(request).new_id()),
        most={"drawn": selections.MAX_DRAWN, "team": selections.MAX_TEAM, "text": selections.MAX_TEXT},
        **_refused(request, refusal), **_shared(request),
    )  # fmt: skip


async def _pools(request: web.Request, day: datetime.date) -> tuple[tuple[str, ...], tuple[str, ...]]:
    form = request[FORM]
    if form.get("objects", "all") not in SOURCES or form.get("officers", "all") not in SOURCES:
        raise refused("bad_request", "每份名录应选择全部，或者列出编号。", "expected each pool to be all or listed")
    objects, officers = _ids(form.get("object_ids", "")), _ids(form.get("officer_ids", ""))
    async with scope(request, own=True) as connection:
        certified = await asked.certified(connection, day)
        if form.get("objects", "all") == "all":
            objects = tuple(await asked.supervised(connection))
        else:
            known = await registered(connection, "enterprise", objects)
            _all_of(
                objects, known, "一企一档中没有 {0}；请从名录中选择，或者先建档。",
                "the register of enterprises does not have {0}: choose from the register, or enter it first",
            )  # fmt: skip
    if form.get("officers", "all") == "all":
        officers = tuple(certified)
    else:
        _all_of(
            officers, certified, f"{{0}} 在 {day} 没有有效的执法证件，或者不是执法人员；请从名册中选择。",
            f"{{0}} has no valid certificate on {day}, or is no enforcement officer: choose from the register",
        )  # fmt: skip
    return objects, officers


def _all_of(given: Iterable[str], known: Container[str], zh: str, en: str) -> None:
    """Refuse ids that the register does not have, naming the first of them. Raises Problem bad_request."""
    unknown = [one for one in given if one not in known]
    if unknown:
        more = "" if len(unknown) <= NAMED else " …"
        said = [separator.join(unknown[:NAMED]) + more for separator in ("、", ", ")]
        raise refused("bad_request", zh.format(said[0]), en.format(said[1]))


async def _register(request: web.Request, day: datetime.date) -> dict[str, str]:
    """Everybody who could be in the pools, one a line with name or unit, to strike out who shall not be."""
    async with scope(request, own=True) as connection:
        firms, officers = await asked.supervised(connection), await asked.certified(connection, day)
    return {
        "objects": "listed", "object_ids": _lines(firms), "officers": "listed", "officer_ids": _lines(officers),
    }  # fmt: skip


def _lines(told: Mapping[str, str]) -> str:
    return "\n".join(f"{key} {' '.join(said.split())}".rstrip() for key, said in list(told.items())[:FILLED])


async def _look(request: web.Request, draw: UUID) -> tuple[asked.DrawRow, Any]:
    async with scope(request) as connection:
        row = await asked.one(connection, draw)
    if row is None:
        raise refused("not_found", "没有这个编号的抽取。", "there is no draw of this id")
    return row, await _service(request).look(row.authority, draw)


async def _one(request: web.Request, refusal: Problem | None = None) -> web.Response:
    person, draw = person_of(request), id_of_address(request)
    row, standing = await _look(request, draw)
    selection, own = standing.selection, acts_on(request, row.authority)
    pending = selection.pending
    inside = own and (person.may(DRAW_PLANNERS.roles) or person.may(DRAW_REVEALERS.roles))
    drawn = standing.drawn if selection.revealed is not None or inside else None
    async with scope(request) as connection:
        known = await asked.records(connection, draw)
        wanted = [("enterprise", one) for one in _named(standing, drawn)]
        called = {key: name for (_, key), name in (await names(connection, wanted)).items()}
        plan = draw_plan.Beside()
        if selection.revealed is not None and own:
            plan = await draw_plan.plan_of(connection, row)
    announced = selection.announced
    today = datetime.datetime.now(SHANGHAI).date()
    return page(
        request, "draw.html", person, status=200 if refusal is None else refusal.type.status,
        row=row, selection=selection, announced=announced, pools=standing.pools, shown=SHOWN,
        is_public=standing.is_public,
        drawn=drawn, pending=pending, called=called, own=own, its_day=today >= row.draws_on,
        announcement=known.get(row.announcement), result=None if row.result is None else known.get(row.result),
        mine=pending is not None and pending.by == person.officer_id, given=request.get(FORM, {}),
        entered="" if pending is None else "\n".join(
            f"{one.enterprise_id} {one.officer} {one.reason}" for one in pending.recused
        ),
        planned=plan.items, waiting=plan.waiting, assign=draw_plan.assignments(request, row, plan, drawn),
        unplanned=draw_plan.unplanned(request, row, plan, drawn) if selection.revealed is not None and own else None,
        new_recusals=range(NEW_RECUSALS),
        item_states={name: texts_of(request).gettext(title) for name, title in ITEM_STATES.items()},
        done=_told(request), most={"text": selections.MAX_TEXT, "recused": selections.MAX_RECUSED},
        **_refused(request, refusal), **_shared(request),
    )  # fmt: skip


def _named(standing: Any, drawn: Drawn | None) -> Iterable[str]:
    """Enterprises whose names a page shows."""
    yield from standing.pools.objects[:SHOWN]
    if drawn is not None:
        yield from (team.enterprise for team in drawn.teams)


async def _acted(request: web.Request, act: Callable[[Draws], Awaitable[None]], draw: UUID, done: str) -> web.Response:
    try:
        await act(_service(request))
    except Problem as refusal:
        if refusal.code not in ("bad_request", "conflict", "not_ready"):
            raise
        return await _one(request, refusal)
    return _on(draw, done)


def _on(draw: UUID, done: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/draws/{draw}?done={done}"})


def _shared(request: web.Request) -> dict[str, Any]:
    person, texts = person_of(request), texts_of(request)
    writes = request.app[SERVICES].draws is not None
    return {
        "plans": writes and person.may(DRAW_PLANNERS.roles),
        "reveals": writes and person.may(DRAW_REVEALERS.roles),
        "states": {name: texts.gettext(text) for name, text in STATUS.items()},
        "colours": COLOURS,
    }


def _refused(request: web.Request, refusal: Problem | None) -> dict[str, Any]:
    if refusal is None:
        return {"wrong": "", "closed": ()}
    gates: Iterable[Mapping[str, str]] = refusal.fields.get("gates", ())  # type: ignore[assignment]  # as made by closed_by
    chosen = language(request)
    said = refusal.fields.get(chosen)
    wrong = said if isinstance(said, str) else refusal.reason or refusal.code
    return {"wrong": wrong, "closed": [(one["rule"], one[chosen]) for one in gates]}


def _told(request: web.Request) -> str:
    told = DONE.get(request.query.get("done", ""))
    return "" if told is None else texts_of(request).gettext(told)


def _service(request: web.Request) -> Draws:
    service = request.app[SERVICES].draws
    if service is None:
        raise refused("not_ready", "本服务器只供查阅。", "this server only reads")
    return service


def _ids(text: str) -> tuple[str, ...]:
    """Ids as a person pastes them: one a line; what stands behind the first blank is for people."""
    return tuple(dict.fromkeys(line.split()[0] for line in text.splitlines() if line.strip()))


def _recusals(text: str) -> tuple[RecusalEntered, ...]:
    """One a line: enterprise, officer, reason. Raises Problem bad_request."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        parts = _RECUSAL.fullmatch(line.strip())
        if parts is None:
            raise refused(
                "bad_request", f"此行应为单位编号、人员编号和原因，以空格分开：{line.strip()[:80]}",
                f"expected enterprise, officer and reason in the line: {line.strip()[:80]}",
            )  # fmt: skip
        found.append(RecusalEntered(enterprise_id=parts[1], officer=parts[2], reason=parts[3]))
    return tuple(found)


def _chosen(form: Mapping[str, str]) -> Iterable[RecusalEntered]:
    """Recusals that were chosen from those drawn: `pair_0` and on, each with its reason. Raises Problem bad_request."""
    for row in range(NEW_RECUSALS):
        enterprise, _, officer = form.get(f"pair_{row}", "").partition("\t")
        reason = form.get(f"why_{row}", "").strip()
        if not enterprise and not reason:
            continue
        if not enterprise or not officer or not reason:
            raise refused(
                "bad_request", "每项回避应写明人员和原因。", "expected who is recused and the reason for each recusal"
            )
        yield RecusalEntered(enterprise_id=enterprise, officer=officer, reason=reason)


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError:
        raise refused(
            "bad_request", "请写明抽取日期。", "expected the day of the draw as YYYY-MM-DD"
        ) from None  # fmt: skip


def _number(form: Mapping[str, str], name: Literal["count", "team"]) -> int:
    text = form.get(name, "").strip()
    if _NUMBER.fullmatch(text) is None:
        zh, en = NUMBERS[name]
        raise refused("bad_request", f"{zh}应为整数。", f"expected a whole number of {en}")
    return int(text)
