"""Document numbers: the sequences of an authority, what is missing or stands twice, and the acts of the office on them.

Invariant: a number is shown as given out only after the act stands in the log; what a page says of blocks and gaps is
the judge's, and follows within moments.
"""

from __future__ import annotations

import datetime
import re
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from domain.document_numbers import MAX_SEQUENCE, printed_as, series_key
from domain.document_series import MAX_BLOCK, MAX_DAYS, RETURN_REASONS
from domain.printed import Refused
from domain.workdays import SHANGHAI, end_of
from projections.process import queries
from projections.process.views import MatterFile
from projections.queries import BadCursor, terminal_names
from schemas.problems import Problem
from server.console.access import NUMBER_KEEPERS, NUMBER_TAKERS, scope
from server.console.frame import page, texts_of
from server.console.process_words import Words
from server.log.ids import now_ms
from server.web.app import FORM, SERVICES, Acts, person_of
from server.web.i18n import N_, Texts
from server.web.languages import Language, language

ROWS: Final = 50
MAX_REASON: Final = 500
DAYS: Final = 30
"""Days that the form proposes for a block."""
COUNT: Final = 50
_TOKEN: Final = re.compile(r"[\u3400-\u9fff]{1,16}(?:-[\u3400-\u9fff]{1,16})?")
_YEAR: Final = re.compile(r"(?:19|20|21)\d{2}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,6}", re.ASCII)
_PHOTO: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
DONE: Final = ("issued", "reserved", "voided", "returned")
RETURN_NAMES: Final = {
    "year_end": N_("end of the year"),
    "terminal_replaced": N_("the terminal was replaced"),
    "expired": N_("the block has expired"),
    "other": N_("another reason"),
}
REFUSALS: Final = {
    "gate_closed": N_("The rules do not allow it yet."),
    "conflict": N_("The number or the block is used, void or taken back already, or was changed meanwhile."),
    "not_found": N_("This number or block was never given out."),
    "bad_request": N_("Front and document word do not make a document number, or a value is out of bounds."),
    "unknown_terminal": N_("No terminal of this id belongs to this authority."),
    "overloaded": N_("Others take numbers of this sequence right now. Try again."),
}


class _Wrong(Exception):
    """A field of a form that cannot be read; its name."""


async def show(request: web.Request) -> web.Response:
    """All sequences, or one of them: `?token=责改&year=2026`."""
    if "token" in request.query or "year" in request.query:
        token, year = request.query.get("token", ""), request.query.get("year", "")
        if _TOKEN.fullmatch(token) is None or _YEAR.fullmatch(year) is None:
            raise Problem("not_found")
        return await _series(request, token, int(year))
    return await _list(request)


async def issue(request: web.Request) -> web.Response:
    """The next number of a sequence, for a case or a task."""

    async def act(acts: Acts, series: str) -> int:
        form = request[FORM]
        case, task = _id(form.get("case", ""), "case"), _id(form.get("task", ""), "task")
        if case and task:
            raise _Wrong("case")
        return await acts.issue_number(person_of(request), series, form.get("front", "").strip(), case, task)

    return await _act(request, "issued", act)


async def reserve(request: web.Request) -> web.Response:
    """A block for a terminal or for an officer's book of forms."""

    async def act(acts: Acts, series: str) -> int:
        form = request[FORM]
        count = _whole(form.get("count", ""), "count", MAX_BLOCK)
        terminal, holder = _id(form.get("terminal", ""), "terminal"), form.get("holder", "").strip()
        if bool(terminal) == bool(holder) or len(holder) > 128:
            raise _Wrong("terminal")
        expires_at = _end(form.get("until", ""))
        front = form.get("front", "").strip()
        return await acts.reserve_numbers(person_of(request), series, front, count, expires_at, terminal, holder)

    return await _act(request, "reserved", act)


async def void(request: web.Request) -> web.Response:
    """A spoiled number, with the reason and photos of the form; who does it approves it."""

    async def act(acts: Acts, series: str) -> int:
        form = request[FORM]
        n = _whole(form.get("n", ""), "n", MAX_SEQUENCE)
        reason = form.get("reason", "").strip()
        if not 1 <= len(reason) <= MAX_REASON:
            raise _Wrong("reason")
        photos = form.get("photos", "").lower().split()
        if not 1 <= len(photos) <= 8 or not all(_PHOTO.fullmatch(photo) for photo in photos):
            raise _Wrong("photos")
        return await acts.void_number(person_of(request), series, n, reason, [bytes.fromhex(one) for one in photos])

    return await _act(request, "voided", act)


async def take_back(request: web.Request) -> web.Response:
    """The rest of a block."""

    async def act(acts: Acts, series: str) -> int:
        form = request[FORM]
        block = form.get("block", "")
        if re.fullmatch(r"[0-9a-f]{32}", block, re.ASCII) is None:
            raise _Wrong("block")
        if form.get("reason", "") not in RETURN_REASONS:
            raise _Wrong("reason")
        first = _whole(form.get("from", ""), "from", MAX_SEQUENCE)
        return await acts.return_numbers(person_of(request), series, block, first, form["reason"])

    return await _act(request, "returned", act)


async def _act(request: web.Request, done: str, act: Any) -> web.Response:
    acts = request.app[SERVICES].acts
    if acts is None:
        raise Problem("not_ready", "this server only reads")
    form = request[FORM]
    token, year = form.get("token", "").strip(), form.get("year", "").strip()
    if _TOKEN.fullmatch(token) is None or _YEAR.fullmatch(year) is None:
        return await _list(request, status=400, wrong="series")
    try:
        n = await act(acts, f"{token}/{year}")
    except _Wrong as wrong:
        return await _series(request, token, int(year), status=400, wrong=str(wrong), tried=done)
    except Problem as refusal:
        if refusal.code not in REFUSALS:
            raise
        status = refusal.type.status
        return await _series(request, token, int(year), status=status, wrong="refused", tried=done, refusal=refusal)
    # The judge follows within moments; the page says that the act stands in the log.
    place = f"/numbers?token={quote(token, safe='')}&year={year}&done={done}&n={n}"
    return web.Response(status=303, headers={"Location": place})


async def _list(request: web.Request, *, status: int = 200, wrong: str = "") -> web.Response:
    async with scope(request, own=True) as connection:
        try:
            found = await queries.list_matters(
                connection,
                "series",
                as_of=now_ms(),
                stages=("in_order", "conflict"),
                limit=ROWS,
                after=request.query.get("after"),
            )
        except BadCursor:
            raise Problem("bad_cursor") from None
    return page(
        request,
        "numbers.html",
        person_of(request),
        status=status,
        rows=found,
        first="after" not in request.query,
        wrong=wrong,
        this_year=datetime.datetime.now(SHANGHAI).year,
        **_may(request),
    )


async def _series(
    request: web.Request,
    token: str,
    year: int,
    *,
    status: int = 200,
    wrong: str = "",
    tried: str = "",
    refusal: Problem | None = None,
) -> web.Response:
    person, texts = person_of(request), texts_of(request)
    key = series_key(person.authority, token, year)
    async with scope(request, own=True) as connection:
        found = await queries.matter(connection, "series", key, as_of=now_ms())
        blocks = () if found is None else found.page.get("blocks", ())
        terminals = await terminal_names(connection, [one["terminal"] for one in blocks if one.get("terminal")])
    front = "" if found is None else str(found.row.columns.get("front", ""))
    return page(
        request,
        "series.html",
        person,
        status=status,
        token=token,
        year=year,
        file=found,
        front=front,
        columns={} if found is None else found.row.columns,
        told={} if found is None else found.page,
        open_blocks=[] if found is None else _open_blocks(found),
        terminals=terminals,
        words=Words(texts, language(request)),
        done=_done(request, front, token, year) if status == 200 else ("", ""),
        wrong=wrong,
        tried=tried,
        why=_why(refusal, language(request), texts),
        closed=_closed(refusal, language(request)),
        given=request.get(FORM, {}),
        reasons=[(name, texts.gettext(RETURN_NAMES[name])) for name in RETURN_REASONS],
        as_of=now_ms(),
        proposed={"count": COUNT, "until": (datetime.datetime.now(SHANGHAI) + datetime.timedelta(DAYS)).date()},
        most={"count": MAX_BLOCK, "days": MAX_DAYS, "reason": MAX_REASON, "n": MAX_SEQUENCE},
        called={},
        paths={},
        now=True,
        **_may(request),
    )


def _why(refusal: Problem | None, chosen: Language, texts: Texts) -> str:
    if refusal is None:
        return ""
    own = refusal.fields.get(chosen)
    return own if isinstance(own, str) else texts.gettext(REFUSALS[refusal.code])


def _closed(refusal: Problem | None, chosen: Language) -> list[tuple[str, str]]:
    """(rule, why) of every gate that is closed to the document."""
    gates = refusal.fields.get("gates", ()) if refusal is not None else ()
    assert isinstance(gates, list | tuple)
    return [(gate["rule"], gate[chosen]) for gate in gates]


def _may(request: web.Request) -> dict[str, bool]:
    person, writes = person_of(request), request.app[SERVICES].acts is not None
    return {
        "taker": writes and person.may(NUMBER_TAKERS.roles),
        "keeper": writes and person.may(NUMBER_KEEPERS.roles),
    }


def _done(request: web.Request, front: str, token: str, year: int) -> tuple[str, str]:
    """(what was done, the number as it is printed) out of the address that an act led to."""
    done, n = request.query.get("done", ""), request.query.get("n", "")
    if done not in DONE or _NUMBER.fullmatch(n) is None:
        return "", ""
    try:
        return done, printed_as(front, token, year, int(n))
    except Refused:
        return done, n


def _open_blocks(found: MatterFile) -> list[dict[str, Any]]:
    return [block for block in found.page.get("blocks", ()) if block.get("returned") is None]


def _id(text: str, field: str) -> str:
    """The id that a person pasted, "" for none."""
    text = text.strip()
    if not text:
        return ""
    try:
        return str(UUID(text))
    except ValueError:
        raise _Wrong(field) from None


def _whole(text: str, field: str, most: int) -> int:
    text = text.strip()
    if _NUMBER.fullmatch(text) is None or not 1 <= int(text) <= most:
        raise _Wrong(field)
    return int(text)


def _end(text: str) -> int:
    """The instant at which the last day of a block ends."""
    try:
        return end_of(datetime.date.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise _Wrong("until") from None
