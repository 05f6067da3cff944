"""Case files: tasks, cases and hazards, as lists and each in process order; pages and JSON.

Invariant: what the terminal says and what the server knows stand side by side, and a claim of the field is never shown
as an act of the office.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from domain.workdays import day_of
from projections import queries, reviews, rulefiles
from projections.process import queries as process_queries
from projections.process.figures import cut_name
from projections.process.names import Key, names
from projections.process.views import MatterFile
from projections.reviews import Review
from projections.views import SUBJECT_KINDS, CaseFile, CasePage, SubjectKind, to_json
from schemas.problems import Problem
from server.console import acts, case_view, desk, process_words, viewing, words
from server.console.access import COMMENTERS, FILE_EXPORTERS, PRIVATE_READERS, acts_on, scope
from server.console.boards import instant
from server.console.case_view import Draft
from server.console.frame import page, texts_of
from server.log.ids import now_ms, uuid7
from server.web.app import SERVICES, person_of
from server.web.etag import json_answer
from server.web.languages import language
from server.web.media import form as media_form
from server.web.routes import Handler

PAGE_ROWS: Final = 50
PAGE_ITEMS: Final = 200
API_ITEMS: Final = queries.MAX_ITEMS
MAX_ID: Final = 128
FEW: Final = 8
"""Items of a file that are shown opened, because they fit a screen or two."""
PATHS: Final = {"task": "/tasks", "case": "/cases", "hazard": "/hazards", "enterprise": "/enterprises"}
"""Where each kind of subject has its page."""


async def show_list(request: web.Request) -> web.Response:
    """A list of one kind, newest activity first."""
    kind = _kind(request)
    rows, as_of, called = await _list(request, kind)
    return page(
        request,
        "files.html",
        person_of(request),
        kind=kind,
        kinds=SUBJECT_KINDS,
        kind_names=_kind_names(request),
        paths=PATHS,
        rows=rows,
        called=called,
        first="after" not in request.query,
        cut=cut_name(as_of),
    )


def show_file(kind: SubjectKind) -> Handler:
    """The page of one task, case or hazard."""

    async def handler(request: web.Request) -> web.Response:
        granted = await viewing.opened(request)
        person, texts = person_of(request), texts_of(request)
        found = await load(request, kind, PAGE_ITEMS)
        file = found.file
        own = acts_on(request, file.header.authority)
        looked = None
        if desk.has_desk(person):
            looked = await desk.look(request, person, kind, file.header.id, [item.id for item in file.items])
        shown = case_view.view(file, found.reviews, looked, texts, late_ms(person.authority))
        steps = [(step, list(rows)) for step, rows in groupby(shown.rows, key=lambda row: row.item.step)]
        return page(
            request,
            "case.html" if kind == "case" else "file.html",
            person,
            file=file,
            kind=kind,
            kind_names=_kind_names(request),
            paths=PATHS,
            steps=steps,
            view=shown,
            reviews=found.reviews,
            offset=found.offset,
            reveals=own and person.may(PRIVATE_READERS.roles) and request.app[SERVICES].acts is not None,
            exports=own
            and kind == "case"
            and person.may(FILE_EXPORTERS.roles)
            and request.app[SERVICES].exports is not None,
            may_comment=own
            and kind == "case"
            and person.may(COMMENTERS.roles)
            and request.app[SERVICES].acts is not None
            and desk.has_desk(person),
            new_id=lambda: str(UUID(bytes=uuid7())),
            has_desk=desk.has_desk(person),
            cut=cut_name(file.as_of),
            judged=found.judged,
            desk=None if instant_given(request) or not own else await acts.on_page(request, kind, file.header.id),
            act_titles=acts.titles(request, kind),
            called=found.called,
            as_of_ms=instant(request),
            granted=granted,
            media_form=media_form,
            purposes=viewing.purposes(request),
            viewable=own
            and viewing.may_view(request)
            and any(blob.arrived and media_form(blob.type) for item in file.items for blob in item.blobs),
            words=process_words.Words(texts, language(request)),
            open_all=request.query.get("open") == "all" or len(file.items) <= FEW,
            done=request.query.get("done", ""),
        )

    return handler


async def show_drafts(request: web.Request) -> web.Response:
    """What differs between two versions of a draft: `?older=` and `?newer=` are versions, the last two by default."""
    found = await load(request, "case", 1)
    texts, chosen = texts_of(request), language(request)
    drafts = case_view.drafts(found.file, found.reviews)
    newer = _version(request, "newer", drafts) or (drafts[0] if drafts else None)
    older = _version(request, "older", drafts) or next((one for one in drafts if one is not newer), None)
    fields = () if newer is None or older is None else case_view.compared(older.item, newer.item, texts, chosen)
    return page(
        request,
        "drafts.html",
        person_of(request),
        file=found.file,
        called=found.called,
        drafts=drafts,
        older=older,
        newer=newer,
        fields=fields,
        changed=[one for one in fields if one.state != "same"],
        whole=request.query.get("whole") == "1",
        words=process_words.Words(texts, chosen),
    )


def _version(request: web.Request, name: str, drafts: Sequence[Draft]) -> Draft | None:
    wanted = request.query.get(name, "")
    if not wanted:
        return None
    found = next((one for one in drafts if str(one.version) == wanted), None)
    if found is None:
        raise Problem("not_found", "the case has no draft of that version")
    return found


async def list_json(request: web.Request) -> web.Response:
    """`/api/v1/{cases,tasks,hazards}`: a page of the list, `Link: rel="next"` to the following one."""
    kind = _kind(request)
    rows, as_of, _ = await _list(request, kind)
    response = json_answer(request, {**to_json(rows, language(request)), "as_of": _cut(as_of)})
    if rows.next is not None:
        kept = "".join(f"&{name}={quote(value)}" for name, value in request.query.items() if name == "authority")
        response.headers["Link"] = f'<{request.path}?kind={kind}{kept}&after={quote(rows.next, safe="")}>; rel="next"'
    return response


def file_json(kind: SubjectKind) -> Handler:
    """`/api/v1/<kind>s/{id}`: the same as the page, for programs."""

    async def handler(request: web.Request) -> web.Response:
        found = await load(request, kind, API_ITEMS, frozenset())
        file, chosen = found.file, language(request)
        said = None if found.judged is None else to_json(found.judged, chosen)
        response = json_answer(
            request,
            {**to_json(file, chosen), "judged": said, "reviews": [to_json(one, chosen) for one in found.reviews]},
        )
        if file.next is not None:
            response.headers["Link"] = f'<{quote(request.path)}?offset={file.next}>; rel="next"'
        return response

    return handler


async def _list(request: web.Request, kind: SubjectKind) -> tuple[CasePage, dict[int, int], Mapping[Key, str]]:
    async with scope(request) as connection:
        try:
            rows = await queries.list_cases(connection, kind, PAGE_ROWS, request.query.get("after"))
        except queries.BadCursor:
            raise Problem("bad_cursor") from None
        called = await names(connection, [(row.kind, row.id) for row in rows.rows])
        return rows, await queries.as_of(connection), called


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file with everything that is said of it."""

    file: CaseFile
    offset: int
    judged: MatterFile | None
    reviews: tuple[Review, ...]
    called: Mapping[Key, str]


async def load(
    request: web.Request, kind: SubjectKind, limit: int, beside: frozenset[str] = case_view.BESIDE
) -> Loaded:
    """The file that the address names, at one cut. Raises Problem not_found, bad_request."""
    name = request.match_info["id"]
    offset = _offset(request)
    if not 1 <= len(name) <= MAX_ID or "\0" in name:
        raise Problem("not_found")
    as_of = instant(request)
    async with scope(request, kind, name) as connection:
        file = await queries.case_file(connection, kind, name, limit=limit, offset=offset, beside=beside)
        # Nothing while the judges have not come so far.
        judged = await process_queries.matter(connection, kind, name, as_of=as_of)
        found = await reviews.some(connection, _reviews_of(judged), as_of=as_of)
        linked = () if file is None else file.header.links
        called = await names(connection, [(kind, name), *((link.kind, link.id) for link in linked)])
    if file is None:
        raise Problem("not_found")
    return Loaded(file, offset, judged, found, called)


def _reviews_of(judged: MatterFile | None) -> list[str]:
    side = () if judged is None else judged.page.get("side", ())
    return [process_words.Words.uuid(str(one["id"])) for one in side if one.get("kind") == "review"]


def late_ms(authority: str) -> int:
    """How long an upload may take by the rules of the authority, ms."""
    rule = rulefiles.load()[0].find("upload.late_hours", day_of(now_ms()), authority)
    return case_view.late_hours(None if rule is None else rule.value)


def instant_given(request: web.Request) -> bool:
    """Whether the page is asked for as of a day that has passed: nothing is done there."""
    return bool(request.query.get("as_of"))


def _kind(request: web.Request) -> SubjectKind:
    wanted = request.query.get("kind", "case")
    for kind in SUBJECT_KINDS:
        if wanted == kind:
            return kind
    raise Problem("bad_request", f"expected kind to be one of {', '.join(SUBJECT_KINDS)}")


def _offset(request: web.Request) -> int:
    text = request.query.get("offset", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Problem("bad_request", "expected offset to be a whole number")
    return int(text)


def _kind_names(request: web.Request) -> dict[str, str]:
    texts = texts_of(request)
    return {kind: texts.gettext(name) for kind, name in words.KIND_NAMES.items()}


def _cut(as_of: dict[int, int]) -> dict[str, int]:
    return {str(log): size for log, size in sorted(as_of.items())}
