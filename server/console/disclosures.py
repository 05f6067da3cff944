"""Publication: what is due, the sheet on which a record is prepared, and the release by a second person.

Invariant: a page shows what would be public beside what stays inside, with the rule that keeps it there; nothing is
public before the act stands in the log, and what was looked at is what is released.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from aiohttp import web

from domain import disclosure_record, public_files, publication, redaction
from domain.disclosure_record import Record
from domain.office.refusals import refused
from domain.publication import Sheet
from domain.workdays import SHANGHAI
from projections import disclosures as records
from projections import draws as drawn
from projections.disclosures import RecordRow
from projections.process import queries
from projections.process.names import names
from projections.process.views import DeadlineRow
from projections.queries import BadCursor
from schemas.problems import Problem
from schemas.published_document import Document, wan_yuan
from server.console import words as console_words
from server.console.access import DISCLOSERS, RELEASERS, scope
from server.console.boards import PATHS as BOARDS
from server.console.frame import page, texts_of
from server.console.process_words import Words
from server.identity.person import Person
from server.log.ids import now_ms
from server.web.app import FORM, SERVICES, Disclosures, person_of
from server.web.i18n import N_, Texts
from server.web.languages import language

ROWS: Final = 50
MAX_AUTHORITY: Final = 128
WITHDRAW: Final = "DL-13"
RULES: Final = ("DL-11", "DL-12", WITHDRAW)
"""Deadlines of the queue: to publish a decision, to publish a result, to take back what was altered."""
VIEWS: Final = {
    "due": N_("Due"),
    "waiting": N_("Waiting for release"),
    "public": N_("Public"),
    "gone": N_("Taken back or not published"),
}
SHOWN: Final = {"public": ("published", "corrected"), "gone": ("withdrawn", "expired", "withheld")}
STATUS: Final = {
    "new": N_("not public"),
    "published": N_("published"),
    "corrected": N_("published, corrected"),
    "withdrawn": N_("withdrawn"),
    "expired": N_("time is over"),
    "withheld": N_("not published, with approval"),
}
COLOURS: Final = {
    "published": "ok", "corrected": "ok", "withdrawn": "bad", "withheld": "warn", "expired": "", "new": "",
}  # fmt: skip
PROPOSES: Final = {
    "publish": N_("to be published"),
    "correct": N_("to be corrected"),
    "withdraw": N_("to be taken back"),
    "withhold": N_("not to be published"),
}
SUBJECTS: Final = {
    "penalty": N_("penalty decision"),
    "inspection": N_("result of an inspection"),
    "compulsory_measure": N_("compulsory measure"),
    "random_selection": N_("random selection"),
    "officers": N_("list of officers"),
    "other": N_("other decision"),
}
GROUNDS: Final = {
    "altered": N_("the decision was altered or revoked"),
    "error": N_("it was wrong and must not stand"),
    "repaired": N_("credit repair"),
    "secrecy": N_("a secret"),
    "minor": N_("it concerns a minor"),
    "safety": N_("it would endanger safety or stability"),
    "other": N_("another reason"),
}
DONE: Final = {
    "prepared": N_("Prepared. It waits for a second person; nothing is public by it."),
    "released": N_("Released. The act stands in the log; the public site follows in a moment."),
    "returned": N_("Sent back with your reason."),
}
PATHS: Final = {**BOARDS, "draw": "/draws"}
ABOUT: Final = ("case", "task", "draw")
"""Kinds of matter of which something is published; the list of officers is about the authority itself."""
_KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,3}", re.ASCII)


async def show_list(request: web.Request) -> web.Response:
    """What is due, what waits, what is public, what was taken back."""
    view = request.query.get("view", "due")
    if view not in VIEWS:
        raise refused("bad_request", "没有这一栏。", f"expected view to be one of {', '.join(VIEWS)}")
    due, waiting, found = await _asked(request, view)
    texts = texts_of(request)
    authority, today = person_of(request).authority, datetime.datetime.now(SHANGHAI).date()
    listed = UUID(bytes=public_files.officers_key(authority, today.year))
    async with scope(request, own=True) as connection:
        draws = await drawn.unpublished(connection) if view == "due" else ()
        officers = (await records.of_decisions(connection, [listed])).get(listed) if view == "due" else None
        matters = [(one.kind, one.key) for one, _ in due]
        matters += [(one.kind, one.key) for one in (*waiting, *(found.rows if found is not None else ()))]
        called = await names(connection, matters)
    return page(
        request,
        "disclosures.html",
        person_of(request),
        view=view,
        views={name: texts.gettext(text) for name, text in VIEWS.items()},
        due=due,
        waiting=waiting,
        found=found,
        first="after" not in request.query,
        draws=draws,
        officers=officers,
        officers_sheet=f"/disclosures/prepare/officers/{authority}/{listed.hex}",
        called=called,
        paths=PATHS,
        as_of_ms=now_ms(),
        **_shared(request),
    )


async def list_json(request: web.Request) -> web.Response:
    """`/api/v1/disclosures`: the queue and the records as the page shows them."""
    view = request.query.get("view", "due")
    if view not in VIEWS:
        raise refused("bad_request", "没有这一栏。", f"expected view to be one of {', '.join(VIEWS)}")
    due, waiting, found = await _asked(request, view)
    rows: list[dict[str, Any]] = [_due_json(one, row) for one, row in due]
    rows += [_json(one) for one in (*waiting, *(found.rows if found is not None else ()))]
    return web.json_response(
        {"view": view, "items": rows, "next": None if found is None else found.next},
        headers={"Cache-Control": "no-store"},
    )


async def show_sheet(request: web.Request) -> web.Response:
    """Side by side what would be public and what stays inside, and the form by which it is prepared."""
    kind, key, decision = _place(request.match_info["kind"], request.match_info["key"], request.match_info["decision"])
    return await _sheet(request, kind, key, decision)


async def prepare(request: web.Request) -> web.Response:
    """Prepare a publication, or look at how it reads with the texts of the form."""
    form = request[FORM]
    kind, key, decision = _place(form.get("kind", ""), form.get("key", ""), form.get("decision", ""))
    edits = _edits(form)
    if form.get("act") == "look":
        return await _sheet(request, kind, key, decision, edits=edits, given=form)

    async def act(service: Disclosures) -> Record:
        if form.get("act") == "withhold":
            return await service.withhold(
                person_of(request), kind, key, decision, form.get("ground", ""), form.get("reason", "")
            )
        return await service.prepare(person_of(request), kind, key, decision, edits, _months(form))

    try:
        done = await act(_service(request))
    except Problem as refusal:
        return await _sheet(request, kind, key, decision, edits=edits, given=form, refusal=refusal)
    return _on(done, "prepared")


async def show_record(request: web.Request) -> web.Response:
    """How a record stands, what waits, and what can be done."""
    return await _record(request, _id(request))


async def act_on(request: web.Request) -> web.Response:
    """Prepare a correction or a withdrawal of a record."""
    record, form = _id(request), request[FORM]
    edits = _edits(form)

    async def act(service: Disclosures) -> Record:
        match form.get("act"):
            case "correct":
                return await service.correct(person_of(request), record, edits, _months(form), form.get("reason", ""))
            case "withdraw":
                return await service.withdraw(
                    person_of(request), record, form.get("ground", ""), form.get("reason", "")
                )
            case _:
                raise refused(
                    "bad_request", "请选择更正或者撤回。", "expected act to be correct or withdraw"
                )  # fmt: skip

    return await _acted(request, record, act, "prepared", edits)


async def release(request: web.Request) -> web.Response:
    """The second person lets out what was looked at."""
    record, preparation = _id(request), request[FORM].get("preparation", "")

    async def act(service: Disclosures) -> Record:
        return await service.release(person_of(request), record, preparation)

    return await _acted(request, record, act, "released")


async def send_back(request: web.Request) -> web.Response:
    """The second person does not, and says why."""
    record, form = _id(request), request[FORM]

    async def act(service: Disclosures) -> Record:
        return await service.send_back(person_of(request), record, form.get("preparation", ""), form.get("reason", ""))

    return await _acted(request, record, act, "returned")


# -- how --


async def _asked(
    request: web.Request, view: str
) -> tuple[list[tuple[DeadlineRow, RecordRow | None]], tuple[RecordRow, ...], records.RecordPage | None]:
    async with scope(request, own=True) as connection:
        waiting = await records.waiting(connection) if view == "waiting" else ()
        found = None
        if view in SHOWN:
            try:
                found = await records.listed(
                    connection, states=SHOWN[view], limit=ROWS, after=request.query.get("after")
                )
            except BadCursor:
                raise Problem("bad_cursor") from None
        due: list[DeadlineRow] = []
        for rule in RULES if view == "due" else ():
            due += (await queries.deadlines(connection, as_of=now_ms(), rule=rule, limit=100)).rows
        decisions = [UUID(hex=one.about) for one in due if _HEX.fullmatch(one.about)]
        known = await records.of_decisions(connection, decisions)
        public = await records.public_of(connection, [one.key for one in due if one.rule == WITHDRAW])
    due.sort(key=lambda one: one.due)
    rows = [
        (one, public.get(one.key) if one.rule == WITHDRAW else known.get(UUID(hex=one.about)))
        for one in due
        if _HEX.fullmatch(one.about)
    ]
    return rows, waiting, found


async def _sheet(
    request: web.Request, kind: str, key: str, decision: str, *, edits: dict[str, str] | None = None,
    given: dict[str, str] | None = None, refusal: Problem | None = None,
) -> web.Response:  # fmt: skip
    person = person_of(request)
    sheet = await _service(request).sheet(person, kind, key, decision, edits)
    async with scope(request, own=True) as connection:
        called = await names(connection, [(kind, key)])
    status = 200 if refusal is None else refusal.type.status
    return page(
        request, "disclosure_sheet.html", person, status=status, kind=kind, key=key, decision=decision, sheet=sheet,
        called=called, paths=PATHS, given=given or {}, edits=edits or {}, looked=refusal is None and given is not None,
        withholdings=disclosure_record.WITHHOLDINGS, **_refused(request, refusal), **_shared(request),
    )  # fmt: skip


async def _record(
    request: web.Request, record: str, *, edits: dict[str, str] | None = None, refusal: Problem | None = None
) -> web.Response:
    person = person_of(request)
    sheet = await _service(request).sheet_of(person, record, edits)
    held = (("case", sheet.record.case_id), ("task", sheet.record.task_id), ("draw", sheet.record.draw_id))
    kind, name = next(((kind, str(UUID(bytes=key))) for kind, key in held if key), ("officers", person.authority))
    async with scope(request, own=True) as connection:
        called = await names(connection, [(kind, name)])
    given = {} if refusal is None else request[FORM]
    status = 200 if refusal is None else refusal.type.status
    return page(
        request, "disclosure_record.html", person, status=status, id=record, sheet=sheet, kind=kind, key=name,
        called=called, paths=PATHS, given=given, edits=edits or {}, own=_own(person, sheet),
        withdrawals=disclosure_record.WITHDRAWALS, done=_told(request),
        **_refused(request, refusal), **_shared(request),
    )  # fmt: skip


async def _acted(
    request: web.Request,
    record: str,
    act: Callable[[Disclosures], Awaitable[Record]],
    done: str,
    edits: dict[str, str] | None = None,
) -> web.Response:
    try:
        made = await act(_service(request))
    except Problem as refusal:
        if refusal.code not in ("conflict", "bad_request", "overloaded"):
            raise
        return await _record(request, record, edits=edits, refusal=refusal)
    return _on(made, done)


def _on(record: Record, done: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/disclosures/{UUID(bytes=record.id)}?done={done}"})


def _shared(request: web.Request) -> dict[str, Any]:
    person, texts, chosen = person_of(request), texts_of(request), language(request)
    writes = request.app[SERVICES].disclosures is not None
    return {
        "words": Words(texts, chosen),
        "says": _Says(texts, chosen),
        "prepares": writes and person.may(DISCLOSERS.roles),
        "releases": writes and person.may(RELEASERS.roles),
        "today": datetime.datetime.now(SHANGHAI).date(),
        "max_reason": disclosure_record.MAX_REASON,
        "ends": publication.ENDS,
    }


class _Says:
    """The words of these pages in one language."""

    def __init__(self, texts: Texts, chosen: str) -> None:
        self._texts = texts
        self._language = chosen

    def status(self, status: str) -> str:
        """How a record stands."""
        return self._texts.gettext(STATUS[status])

    def colour(self, status: str) -> str:
        """The class of its badge."""
        return COLOURS[status]

    def proposes(self, what: str) -> str:
        """What is to be done."""
        return self._texts.gettext(PROPOSES[what])

    def subject(self, subject: str) -> str:
        """What kind of act it publishes."""
        return self._texts.gettext(SUBJECTS[subject])

    def ground(self, ground: str) -> str:
        """Why it is taken back or not published."""
        return self._texts.gettext(GROUNDS[ground]) if ground in GROUNDS else ground

    def rule(self, name: str) -> str:
        """Why a field is not published as it is recorded."""
        reason = redaction.REASONS.get(name)
        return name if reason is None else reason.zh if self._language == "zh" else reason.en

    def field(self, place: tuple[str, str]) -> str:
        """What a field of a decision is called."""
        return console_words.field_label(place[0], (place[1],), self._texts)

    def amount(self, fen: int) -> str:
        """An amount in the unit of the layout, and in yuan."""
        return f"{wan_yuan(fen)}（{Words(self._texts, 'zh' if self._language == 'zh' else 'en').yuan(fen)}）"

    @staticmethod
    def editable(code: str) -> bool:
        """Whether a text may be written anew."""
        return code in publication.EDITABLE

    @staticmethod
    def text(document: Document, code: str) -> str:
        """What a document has in a column, amounts as tables print them."""
        fen = document.fen(code)
        return document.value(code) if fen is None else wan_yuan(fen)

    @staticmethod
    def uuid(raw: bytes) -> str:
        """An id as addresses have it."""
        return str(UUID(bytes=raw))


def _refused(request: web.Request, refusal: Problem | None) -> dict[str, Any]:
    if refusal is None:
        return {"wrong": "", "closed": ()}
    gates = refusal.fields.get("gates", ())
    assert isinstance(gates, list | tuple)
    chosen = language(request)
    said = refusal.fields.get(chosen)
    wrong = said if isinstance(said, str) else refusal.reason or refusal.code
    return {"wrong": wrong, "closed": [(one["rule"], one[chosen]) for one in gates]}


def _told(request: web.Request) -> str:
    """What the act that led here brought about."""
    told = DONE.get(request.query.get("done", ""))
    return "" if told is None else texts_of(request).gettext(told)


def _own(person: Person, sheet: Sheet) -> bool:
    """Whether the person prepared what waits, and so cannot release it."""
    return sheet.record.pending is not None and sheet.record.pending.by == person.name


def _service(request: web.Request) -> Disclosures:
    service = request.app[SERVICES].disclosures
    if service is None:
        raise refused("not_ready", "本服务器只供查阅。", "this server only reads")
    return service


def _edits(form: dict[str, str]) -> dict[str, str]:
    """Texts that were written anew: those of the form that differ from what it was sent with."""
    found = {}
    for code in publication.EDITABLE:
        text = form.get(f"text-{code}")
        if text is not None and _plain(text) != _plain(form.get(f"was-{code}", "")):
            found[code] = text.replace("\r\n", "\n").strip()
    return found


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _months(form: dict[str, str]) -> int:
    text = form.get("months", "").strip()
    if _NUMBER.fullmatch(text) is None:
        raise refused("bad_request", "公示期限应为月数。", "expected a number of months")
    return int(text)


def _place(kind: str, key: str, decision: str) -> tuple[str, str, str]:
    known = kind in ABOUT and _KEY.fullmatch(key) is not None
    if not (known or (kind == "officers" and len(key) <= MAX_AUTHORITY)) or _HEX.fullmatch(decision) is None:
        raise Problem("not_found")
    return kind, key, decision


def _id(request: web.Request) -> str:
    record = request.match_info["record"]
    if _KEY.fullmatch(record) is None:
        raise Problem("not_found")
    return record


def _due_json(one: DeadlineRow, row: RecordRow | None) -> dict[str, Any]:
    return {
        "rule": one.rule, "kind": one.kind, "key": one.key, "decision": one.about, "last_day": one.last_day,
        "state": one.state, "working_days_left": one.ahead, "record": None if row is None else _json(row),
    }  # fmt: skip


def _json(one: RecordRow) -> dict[str, Any]:
    return {
        "record": str(one.record), "status": one.status, "revision": one.revision, "subject": one.subject,
        "kind": one.kind, "key": one.key, "document_no": one.document_no or None,
        "published_on": None if one.published_on is None else one.published_on.isoformat(),
        "until": None if one.until is None else one.until.isoformat(), "proposes": one.proposes,
        "prepared_by": one.prepared_by, "changed": one.changed,
    }  # fmt: skip
