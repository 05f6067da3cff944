"""Books that others keep: what came in, how its rows fit what is recorded, and what a person says of what is alike.

Supervisors and planners take files over, heads and supervisors say whether a row and an act are one thing; both stands
in the log. The invariant: a page shows what the judge said, and every row leads to its signal and its acts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from domain.money import UNITS, show
from domain.outside import BOOKS, FIELDS, KINDS
from domain.reconcile import CLASSES
from projections.process import outside
from projections.process.views import MatterFile, MatterRow
from schemas.problems import Problem
from server.log.ids import now_ms
from server.supervision.asking import place
from server.web.app import FILES, FORM, SERVICES, Ledgers, person_of
from server.web.asked import starting
from server.web.etag import json_answer
from server.web.frames import FRAME
from server.web.i18n import N_
from server.web.routes import Officers

KEEPERS: Final = Officers(frozenset({"supervisor", "planner", "bureau_head"}))
"""Who takes books over and lays down how they are read."""
DECIDERS: Final = Officers(frozenset({"supervisor", "unit_head", "bureau_head"}))
"""Who says whether a row and an act are one thing."""
MAX_UPLOAD: Final = 8 * 1024 * 1024
"""Bytes of a form with a file; a larger book goes by the command."""
ROWS: Final = 100
FILES_SHOWN: Final = 100
FAULTS_SHOWN: Final = 200
STATES: Final[Mapping[str, str]] = {
    "unmatched": N_("fits nothing"),
    "candidate": N_("waits for a person"),
    "matched": N_("fits"),
    "confirmed": N_("confirmed by a person"),
    "no_act": N_("speaks of no act"),
}
BY: Final[Mapping[str, str]] = {
    "ticket": N_("by the number of the receipt"),
    "number": N_("by the document number"),
    "reference": N_("by the number of the docket"),
    "party": N_("by enterprise, date and amount"),
    "visit": N_("by enterprise or officer and day"),
    "person": N_("said by a person"),
}
WHY: Final[Mapping[str, str]] = {
    "ticket": N_("same receipt number"),
    "number": N_("same document number"),
    "other_amount": N_("another amount"),
    "amount": N_("same amount"),
    "party": N_("same enterprise"),
    "other_party": N_("another enterprise"),
    "near_day": N_("about the same day"),
    "same_day": N_("the same day"),
    "other_day": N_("another day"),
    "ticket_alike": N_("receipt number one character off"),
    "number_alike": N_("document number one digit off"),
    "officer": N_("same officer"),
}
ONLY_OF_TICKETS: Final[Mapping[str, Any]] = {"range": "", "unit": "", "of": 0, "used": 0, "missing": ()}
"""What rows of a register of ticket books have and others lack."""
UNIT_WORDS: Final[Mapping[str, str]] = {"元": "yuan", "万元": "10,000 yuan", "亿元": "100 million yuan"}
"""Units of amounts, which stand in books in Chinese, for who reads English."""
MEANING: Final[Mapping[str, str]] = {
    "reference": N_("what the row is known by in its book; of ticket books the first number"),
    "on": N_("day, or day and time"),
    "document_no": N_("document number of the decision or act"),
    "enterprise": N_("unified social credit code"),
    "party": N_("who it concerns"),
    "amount": N_("amount of money"),
    "officer": N_("id of the officer"),
    "agency": N_("authority or unit"),
    "act_on": N_("day of the act that is spoken of"),
    "device": N_("number of the device"),
    "unit": N_("unit of the amount"),
    "until": N_("last number"),
    "state": N_("state of the tickets"),
}
"""What a field of a book means."""
MAX_SOURCE: Final = 128
"""Characters of whose book it is."""
WHAT: Final[Mapping[str, str]] = {
    "decision": N_("decision"),
    "payment": N_("payment"),
    "cash": N_("cash handed in"),
    "entry": N_("entry"),
    "record": N_("inspection record"),
    "remedy": N_("remedy"),
    "document": N_("document"),
    "tip": N_("tip"),
}


async def show_all(request: web.Request) -> web.Response:
    """What came in, month by month and kind by kind, with what does not fit; and the files."""
    frame, which = request.app[FRAME], place(request)
    async with frame.scope(request) as connection:
        shown = frame.seen(request)
        rows = await outside.months(connection, as_of=now_ms())
        books = await outside.books(connection, [code for code, _ in shown])
    totals: Counter[str] = Counter()
    for row in rows:
        totals.update({name: int(row.columns.get(name) or 0) for name in (*CLASSES, "rows", "candidate") if name})
    person = person_of(request)
    return frame.page(
        request,
        "ledgers.html",
        classes=[(name, words[which], totals[name]) for name, words in CLASSES.items() if name],
        total=totals["rows"],
        waiting=totals["candidate"],
        months=[_month_line(row, which, dict(shown)) for row in rows],
        several=len(shown) > 1,
        files=[_file_line(one, which) for one in books.imports[:FILES_SHOWN]],
        more=max(0, len(books.imports) - FILES_SHOWN),
        keeper=person.may(KEEPERS.roles),
    )


async def show_month(request: web.Request) -> web.Response:
    """The rows of one kind and month."""
    return await _month(request)


async def decide(request: web.Request) -> web.Response:
    """Say whether a row and an act are one thing."""
    form, person = request[FORM], person_of(request)
    authority, kind, month = (request.match_info[name] for name in ("authority", "kind", "month"))
    if authority != person.authority:
        raise Problem("forbidden", "rows of another authority are decided there")
    event = _event(form.get("event", ""))
    reason = form.get("reason", "").strip()
    outcome = form.get("outcome", "")
    if event is None or outcome not in ("confirmed", "refused"):
        raise Problem("bad_request", "expected an act of the list, and confirmed or refused")
    if not 1 <= len(reason) <= 500:
        return await _month(request, status=400, wrong=form.get("key", ""))
    await _found(request)
    await _service(request).decide(person, kind, month, form.get("key", ""), event, outcome, reason)
    here = f"/supervision/ledgers/{quote(authority)}/{quote(kind)}/{quote(month)}"
    return web.Response(status=303, headers={"Location": f"{here}?done=1"})


async def show_import(request: web.Request) -> web.Response:
    """The form that takes a book over."""
    return await _import(request)


async def take(request: web.Request) -> web.Response:
    """Say what a file would do; or take it over."""
    form = request[FORM]
    file = request[FILES].get("file")
    if not 1 <= len(form.get("source", "").strip()) <= MAX_SOURCE:
        return await _import(request, status=400, wrong="source")
    if file is None:
        return await _import(request, status=400, wrong="file")
    told = await _service(request).import_ledger(
        person_of(request), file.data, file.name, form,
        dry_run=form.get("take") != "1", skip_faulty=form.get("skip") == "1",
    )  # fmt: skip
    return await _import(request, status=400 if told.faults and not told.recorded else 200, told=told)


async def show_mappings(request: web.Request) -> web.Response:
    """How columns are read: every mapping with its version."""
    return await _mappings(request)


async def save_mapping(request: web.Request) -> web.Response:
    """A mapping, or its next version."""
    form = request[FORM]
    name = form.get("name", "").strip()
    if not 1 <= len(name) <= 128:
        return await _mappings(request, status=400, wrong="name")
    try:
        await _service(request).save_mapping(person_of(request), form.get("kind", ""), name, form.get("columns", ""))
    except Problem as refused:
        if refused.code != "bad_request":
            raise
        return await _mappings(request, status=400, wrong="columns", line=str(refused.fields.get("line", "")))
    return web.Response(status=303, headers={"Location": "/supervision/ledgers/mappings?done=1"})


async def all_json(request: web.Request) -> web.Response:
    """`/api/v1/ledgers`: months with their counts, files and mappings."""
    frame = request.app[FRAME]
    async with frame.scope(request) as connection:
        shown = frame.seen(request)
        rows = await outside.months(connection, as_of=now_ms())
        books = await outside.books(connection, [code for code, _ in shown])
    return json_answer(
        request,
        {
            "months": [{"authority": row.authority, "stage": row.stage, **dict(row.columns)} for row in rows],
            "imports": [
                {
                    "authority": one.authority,
                    "received": one.received,
                    "log": one.log_id,
                    "position": one.position,
                    **_plain(one.body),
                }
                for one in books.imports
            ],
            "mappings": [{"authority": authority, **_plain(body)} for authority, body in books.mappings],
        },
    )


async def month_json(request: web.Request) -> web.Response:
    """`/api/v1/ledgers/{authority}/{kind}/{month}`: rows, gaps and decisions that were not disclosed."""
    found = await _found(request)
    signals = {one.about.removeprefix("row:"): one.state for one in found.signals}
    rows = [{**row, "signal_state": signals.get(row["key"], "")} for row in found.page["rows"]]
    return json_answer(request, {**dict(found.row.columns), **found.page, "rows": rows})


# -- the pages ---------------------------------------------------------------------------------------------------------


async def _month(request: web.Request, *, status: int = 200, wrong: str = "") -> web.Response:
    found = await _found(request)
    frame, which = request.app[FRAME], place(request)
    texts = frame.texts(request)
    state, cls = request.query.get("state", ""), request.query.get("class", "")
    rows = [one for one in found.page["rows"] if state in ("", one["state"]) and cls in ("", one["class"])]
    start = starting(request)
    signals = {one.about: one for one in found.signals}
    columns = found.row.columns
    authority, kind, month = (request.match_info[name] for name in ("authority", "kind", "month"))
    here = f"/supervision/ledgers/{quote(authority)}/{quote(kind)}/{quote(month)}"
    person = person_of(request)
    kept = {name: value for name, value in (("state", state), ("class", cls)) if value}
    following = start + ROWS if start + ROWS < len(rows) else None
    book = BOOKS.get(kind)  # type: ignore[call-overload]  # text of an address: unknown kinds have no matter
    return frame.page(
        request,
        "ledger_month.html",
        status=status,
        wrong=wrong,
        here=here,
        authority=authority,
        kind=kind,
        book=(book.zh, book.en)[which],
        month=month,
        columns=columns,
        states=[(name, texts.gettext(text), int(columns.get(name) or 0)) for name, text in STATES.items()],
        classes=[(name, words[which], int(columns.get(name) or 0)) for name, words in CLASSES.items() if name],
        state=state,
        cls=cls,
        rows=[_row_line(one, which, texts, signals) for one in rows[start : start + ROWS]],
        listed=len(found.page["rows"]),
        all=int(columns.get("rows") or 0),
        gaps=found.page["gaps"],
        undisclosed=found.page["undisclosed"],
        decides=person.may(DECIDERS.roles)
        and person.authority == authority
        and request.app[SERVICES].ledgers is not None,
        done="done" in request.query and not wrong,
        next=None if following is None else f"{here}?{urlencode({**kept, 'from': following})}",
        first=start == 0,
        json=f"/api/v1/ledgers/{quote(authority)}/{quote(kind)}/{quote(month)}",
    )


async def _import(request: web.Request, *, status: int = 200, wrong: str = "", told: Any = None) -> web.Response:
    frame, which = request.app[FRAME], place(request)
    async with frame.scope(request) as connection:
        books = await outside.books(connection, [person_of(request).authority])
    return frame.page(
        request,
        "ledger_import.html",
        status=status,
        wrong=wrong,
        told=told,
        faults=[] if told is None else told.faults[:FAULTS_SHOWN],
        hidden=0 if told is None else len(told.faults[FAULTS_SHOWN:]) + told.more,
        kinds=_kinds(which),
        mappings=[(body.name, body.kind, body.version) for _, body in books.mappings],
        units=[(unit, (unit, f"{unit} ({UNIT_WORDS[unit]})")[which]) for unit in UNITS],
        form=request.get(FORM, {}),
        lang_en=which == 1,
        open=request.app[SERVICES].ledgers is not None,
        most=MAX_UPLOAD // 1024 // 1024,
    )


async def _mappings(request: web.Request, *, status: int = 200, wrong: str = "", line: str = "") -> web.Response:
    frame, which = request.app[FRAME], place(request)
    async with frame.scope(request) as connection:
        shown = frame.seen(request)
        books = await outside.books(connection, [code for code, _ in shown])
    kinds = dict(_kinds(which))
    person = person_of(request)
    return frame.page(
        request,
        "ledger_mappings.html",
        status=status,
        wrong=wrong,
        line=line,
        rows=[
            {
                "authority": authority,
                "name": body.name,
                "kind": kinds[body.kind],
                "version": body.version,
                "columns": [(one.title, one.field, one.unit or "") for one in body.columns],
            }
            for authority, body in books.mappings
        ],
        kinds=_kinds(which),
        fields=[(name, frame.texts(request).gettext(MEANING[name]), _titles(name, which)) for name in FIELDS],
        form=request.get(FORM, {}),
        example="凭证号 = reference",
        done="done" in request.query and not wrong,
        keeper=person.may(KEEPERS.roles) and request.app[SERVICES].ledgers is not None,
    )


async def _found(request: web.Request) -> MatterFile:
    authority, kind, month = (request.match_info[name] for name in ("authority", "kind", "month"))
    async with request.app[FRAME].scope(request, authority) as connection:
        found = await outside.month(connection, f"{authority}/{kind}/{month}", as_of=now_ms())
    if found is None or found.row.error:
        raise Problem("not_found", "nothing of that kind and month was taken over")
    return found


def _service(request: web.Request) -> Ledgers:
    office = request.app[SERVICES].ledgers
    if office is None:
        raise Problem("not_ready", "this server only reads")
    return office


# -- lines -------------------------------------------------------------------------------------------------------------


def _month_line(row: MatterRow, which: int, authorities: Mapping[str, str]) -> dict[str, Any]:
    columns = row.columns
    kind, month = str(columns.get("book")), str(columns.get("month"))
    book = BOOKS.get(kind)  # type: ignore[call-overload]  # text of a table
    counted = [(words[which], int(columns.get(name) or 0)) for name, words in CLASSES.items() if name]
    return {
        "authority": f"{row.authority} {authorities.get(row.authority, '')}".rstrip(),
        "book": kind if book is None else (book.zh, book.en)[which],
        "month": month,
        "to": f"/supervision/ledgers/{quote(row.authority)}/{quote(kind)}/{quote(month)}",
        "rows": int(columns.get("rows") or 0),
        "fits": int(columns.get("matched") or 0) + int(columns.get("confirmed") or 0),
        "candidate": int(columns.get("candidate") or 0),
        "classes": [(name, number) for name, number in counted if number],
    }


def _file_line(one: outside.Imported, which: int) -> dict[str, Any]:
    body = one.body
    book = BOOKS[body.kind]
    return {
        "at": one.received,
        "authority": one.authority,
        "book": (book.zh, book.en)[which],
        "source": body.source,
        "form": body.form.upper() + (f" {body.encoding}" if isinstance(body.encoding, str) else ""),
        "rows": body.rows,
        "taken": body.taken,
        "known": body.known,
        "refused": body.refused,
        "by": body.imported_by if isinstance(body.imported_by, str) else "",
        "digest": body.file.hex(),
        "mapping": body.mapping_version if isinstance(body.mapping_version, int) else 0,
        "place": f"{one.log_id}:{one.position}",
    }


def _row_line(row: Mapping[str, Any], which: int, texts: Any, signals: Mapping[str, Any]) -> dict[str, Any]:
    signal = signals.get(f"row:{row['key']}")
    words = CLASSES.get(row["class"])
    return {
        **ONLY_OF_TICKETS,
        **row,
        "amount": "" if row["fen"] is None else show(row["fen"]),
        "state_name": texts.gettext(STATES[row["state"]]),
        "class_name": "" if words is None else words[which],
        "by_name": texts.gettext(BY[row["by"]]) if row["by"] in BY else "",
        "known": None if row["known"] is None else _known_line(row["known"], texts),
        "candidates": [
            {
                **_known_line(one, texts),
                "points": one["points"],
                "why": [texts.gettext(WHY[name]) for name in one["why"] if name in WHY],
            }
            for one in row["candidates"]
        ],
        "signal": "" if signal is None else signal.id,
        "signal_state": "" if signal is None else signal.state,
    }


def _known_line(one: Mapping[str, Any], texts: Any) -> dict[str, Any]:
    return {
        "event": one["event"],
        "what": texts.gettext(WHAT[one["what"]]),
        "on": one["on"],
        "number": one["number"],
        "amount": "" if one["fen"] is None else show(one["fen"]),
    }


def _kinds(which: int) -> list[tuple[str, str]]:
    return [(kind, (BOOKS[kind].zh, BOOKS[kind].en)[which]) for kind in KINDS]


def _titles(name: str, which: int) -> str:
    """What a field is called in the books that have it."""
    found = {titles[0] for book in BOOKS.values() for field, titles in book.columns.items() if field == name}
    return ("、", ", ")[which].join(sorted(found))


def _plain(body: msgspec.Struct) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(body, builtin_types=(bytes,))
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in made.items()}


def _event(text: str) -> bytes | None:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return None
    return found if len(found) == 16 else None
