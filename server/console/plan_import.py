"""Plans that come as tables: checked without a trace, then recorded exactly as they were checked.

What was checked goes along in the form that confirms it, and is read and checked again at the door. The invariant: a
check records nothing and keeps no file; what one press records is the table whose outcome stood on the page, on the
plan as it stood then, or the answer says what changed.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from domain.judges.plan import shares
from domain.office import commands as ask
from domain.office.plans import plan_key
from domain.office.stamp import stamp
from domain.plan_capacity import NON, OTHER, Capacity, capacity, mended, shown
from domain.plan_criteria import Suggestion, candidates
from domain.plan_table import COLUMNS, PlanTable, beside_register, read_plan
from domain.workdays import day_of
from projections.process import figures, planning
from projections.process.context import Context
from schemas.events.plan import LeftOut, PlanFigures, PlanFile, PlanItem
from schemas.problems import Problem
from server.console import acts
from server.console.access import scope
from server.console.following import followed_in
from server.console.frame import page, texts_of
from server.console.plans import LINE_TITLES, line_titles, shared
from server.log.ids import now_ms, uuid7
from server.tables import held
from server.tables.refused import TableRefused
from server.web.app import FILES, FORM, SERVICES, Desk, person_of
from server.web.languages import language

FAULTS: Final = 200
"""Faults of a file that a page shows; the count is of all."""
LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a table: some ten thousand rows as a spreadsheet."""
UPLOAD: Final = LARGEST // 3 * 4 + 64 * 1024
"""Bytes of a form: a table that was checked comes back as text."""
PASTED: Final = "pasted.csv"
"""What a table is called that was pasted."""
AGAIN: Final = frozenset({"precondition_failed", "overloaded"})
"""Refusals after which the same table may be confirmed on what stands now."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A table as it was sent; `name` is that of its file, "" of one that was pasted."""

    data: bytes
    name: str

    @property
    def file(self) -> PlanFile:
        """As an act cites it."""
        return PlanFile(sha256=sha256(self.data).digest(), name=self.name or PASTED, size=len(self.data))

    @property
    def kept(self) -> str:
        """As the form carries it that confirms it."""
        return base64.b64encode(self.data).decode()


@dataclass(frozen=True, slots=True)
class Checked:
    """A table that was read: what it holds, what the plan would be, and the stamp of the plan that this rests on."""

    sent: Sent
    table: PlanTable
    told: Mapping[str, Any]
    seen: str


async def show(request: web.Request) -> web.Response:
    """The form: a file, or a table that is pasted."""
    return await _page(request, year=str(_next_year()))


async def send(request: web.Request) -> web.Response:
    """Check a plan and record nothing, or record what was checked as the draft of its year."""
    form, person = request[FORM], person_of(request)
    year = _year(form.get("year", ""))
    sent = sent_in(request)
    if year is None:
        return await _page(request, status=400, wrong="year", year=form.get("year", "")[:4])
    if sent is None:
        return await _page(request, status=400, wrong="file", year=str(year))
    try:
        table = await table_of(sent, year, person.authority)
    except TableRefused as refused:
        why = refused.zh if language(request) == "zh" else refused.en
        return await _page(request, status=400, why=why, year=str(year))
    key = plan_key(person.authority, year)
    seen = await _seen(request, key)
    laws, known = await criteria(request, year)
    table.notes += beside_register(table, {one: each.dossier.name for one, each in known.items()})
    told = outcome(table.figures, table.items, table.left_out, year, person.authority, laws, known)
    checked = Checked(sent, table, told, seen)
    if table.faults:
        return await _page(request, status=400, checked=checked, year=str(year))
    recording = form.get("do") == "record"
    command = ask.DraftPlan(
        year=year, items=tuple(table.items), left_out=tuple(table.left_out), figures=table.figures, file=sent.file
    )
    try:
        if recording:
            return await record(request, key, command, sent, f"/plans/{key}?done=draft#office")
        await desk_of(request).weigh(person, "plan", key, command)
    except Problem as refusal:
        if refusal.code not in acts.REFUSED:
            raise
        return await _page(
            request, status=acts.status_of(refusal), checked=checked, refusal=refusal, year=str(year), key=key
        )
    return await _page(request, checked=checked, year=str(year))


# -- what the import of a plan and that of a revision have in common ---------------------------------------------------


def sent_in(request: web.Request) -> Sent | None:
    """The table of a form: a file, the one that was checked, or what was pasted; None if there is none.

    Raises Problem too_large, bad_request.
    """
    form, given = request[FORM], request[FILES].get("file")
    if given is not None:
        sent = Sent(given.data, given.name)
    elif form.get("kept"):
        try:
            data = base64.b64decode(form["kept"], validate=True)
        except (binascii.Error, ValueError):
            raise Problem("bad_request", "expected the table as it was checked: choose the file again") from None
        sent = Sent(data, form.get("kept_name", "").replace("\\", "/").rpartition("/")[2][:128])
    elif form.get("table", "").strip():
        sent = Sent(form["table"].encode(), "")
    else:
        return None
    if len(sent.data) > LARGEST:
        raise Problem("too_large", f"expected a table of at most {LARGEST} bytes", limit=LARGEST)
    return sent


async def table_of(sent: Sent, year: int, authority: str, *, revised: bool = False) -> PlanTable:
    """What a table holds, `revised`: that of a plan in force. Raises TableRefused where it cannot be read as rows."""
    return await asyncio.to_thread(_table, sent, year, authority, revised)  # a long one must not keep others waiting


def _table(sent: Sent, year: int, authority: str, revised: bool) -> PlanTable:
    if sent.name:
        sheets = held.read_all(sent.data, sent.name)
    else:
        try:
            sheets = (held.read_text(sent.data.decode(), PASTED),)
        except UnicodeDecodeError:
            raise TableRefused("expected text in UTF-8", "应为 UTF-8 文本") from None
    return read_plan([(one.title, one.rows) for one in sheets], year=year, authority=authority, revised=revised)


async def record(request: web.Request, key: str, command: Any, sent: Sent, place: str) -> web.Response:
    """Keep the file and do the act on the plan as it was seen; then go to `place`. Raises Problem."""
    person, files, form = person_of(request), request.app[SERVICES].files, request[FORM]
    if files is None:
        raise Problem("not_ready", "this server only reads")
    try:
        act = UUID(form.get("act", "")).bytes
    except ValueError:
        raise Problem("bad_request", "expected the act's id, 36 characters") from None
    await files.keep(person, sent.data)
    done = await desk_of(request).do(person, "plan", key, command, act=act, seen=form.get("seen") or None)
    await followed_in(request, done.epoch, done.position)
    return web.Response(status=303, headers={"Location": place})


def desk_of(request: web.Request) -> Desk:
    """The desk. Raises Problem not_ready where this server only reads."""
    desk = request.app[SERVICES].desk
    if desk is None:
        raise Problem("not_ready", "this server only reads")
    return desk


async def criteria(request: web.Request, year: int) -> tuple[Context, dict[str, Suggestion]]:
    """The rules, and what the records say of every enterprise for the plan of a year."""
    authority = person_of(request).authority
    async with scope(request, own=True) as connection:
        laws = await figures.laws_of(connection, await figures.newest(connection, [authority]))
        return laws, await planning.suggestions(connection, authority, year, laws.rules)


def outcome(
    printed: PlanFigures | None, listed: Sequence[PlanItem], left_out: Sequence[LeftOut], year: int, authority: str,
    laws: Context, known: Mapping[str, Suggestion],
) -> dict[str, Any]:  # fmt: skip
    """What a plan would be: its days, its shares, who is missing."""
    first = datetime.date(year, 1, 1)
    rule = laws.rules.find("plan.visit_effort", first, authority)
    effort = None if rule is None else rule.value["officers"] * rule.value["days"]
    days: Capacity = capacity(printed, listed, year, laws.calendar(authority), authority, effort)
    items = {item.item_id: item for item in listed}
    share = laws.rules.find("plan.key_share_percent", first, authority)
    every = candidates(known.values(), listed, left_out)
    return {
        "capacity": {
            **{name: getattr(days, name) for name in LINE_TITLES},
            "provisional": days.provisional,
            "lines": [shown(line) for line in days.lines],
        },
        "shares": {basis: list(pair) for basis, pair in shares(items).items()},
        "least": None if share is None else share.value,
        "missing": [one for one in every if one.state == "missing"],
        "items": len(listed),
        "left_out": len(left_out),
    }


def told_of(
    request: web.Request, *, wrong: str, why: str, checked: Checked | None, refusal: Problem | None
) -> dict[str, Any]:
    """What both pages are drawn with: the form that sends, what was read, what is wrong, the form that confirms."""
    table = None if checked is None else checked.table
    sound = table is not None and not table.faults and (refusal is None or refusal.code in AGAIN)
    return {
        "wrong": wrong, "why": why, "table": table, "told": None if checked is None else checked.told,
        "faults": () if table is None else table.faults[:FAULTS], "columns": COLUMNS, "other_classes": OTHER,
        "non_classes": NON, "lines": line_titles(request), "mended": mended, "mebibytes": LARGEST // 1024 // 1024,
        "pasted": request.get(FORM, {}).get("table", ""), "act_id": str(UUID(bytes=uuid7())),
        "confirm": checked if sound else None,
        "refused": None if refusal is None else acts.told_refusal(refusal, language(request), texts_of(request)),
        "now_ms": now_ms(), **shared(request, {}, now_ms()),
    }  # fmt: skip


# -- parts ------------------------------------------------------------------------------------------------------------


async def _page(
    request: web.Request, *, status: int = 200, wrong: str = "", why: str = "", checked: Checked | None = None,
    refusal: Problem | None = None, year: str = "", key: str = "",
) -> web.Response:  # fmt: skip
    told = told_of(request, wrong=wrong, why=why, checked=checked, refusal=refusal)
    return page(request, "plan_import.html", person_of(request), status=status, year=year, key=key, **told)


async def _seen(request: web.Request, key: str) -> str:
    """The stamp of the plan as it stands; of a plan that is not there yet, that of no act."""
    try:
        return (await desk_of(request).stand(person_of(request), "plan", key)).stamp
    except Problem as refusal:
        if refusal.code != "not_found":
            raise
        return stamp(())


def _year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 4 and 2000 <= int(text) <= 2199 else None


def _next_year() -> int:
    """The year that is planned now: this one until summer, then the next."""
    today = day_of(now_ms())
    return today.year if today.month < 7 else today.year + 1
