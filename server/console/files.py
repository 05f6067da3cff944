"""Case files: tasks, cases and hazards, as lists and each in process order; pages and JSON.

Invariant: what the terminal says and what the server knows stand side by side, and a claim of the field is never shown
as an act of the office.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Final
from urllib.parse import quote

from aiohttp import web

from projections import queries
from projections.process import queries as process_queries
from projections.process.names import Key, names
from projections.process.views import MatterFile
from projections.views import SUBJECT_KINDS, CaseFile, CasePage, SubjectKind, to_json
from schemas.problems import Problem
from server.console import acts, process_words, viewing, words
from server.console.access import FILE_EXPORTERS, PRIVATE_READERS, acts_on, cut_name, scope
from server.console.boards import instant
from server.console.frame import page, texts_of
from server.web.app import SERVICES, person_of
from server.web.etag import json_answer
from server.web.languages import language
from server.web.media import form as media_form
from server.web.routes import Handler

PAGE_ROWS: Final = 50
PAGE_ITEMS: Final = 200
API_ITEMS: Final = queries.MAX_ITEMS
MAX_ID: Final = 128
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
        file, offset, judged, called = await _file(request, kind, PAGE_ITEMS)
        texts = texts_of(request)
        own = acts_on(request, file.header.authority)
        steps = [
            (
                step,
                [(item, words.body_lines(item.type, item.body, texts), _notes(request, item.notes)) for item in items],
            )
            for step, items in groupby(file.items, key=lambda item: item.step)
        ]
        return page(
            request,
            "file.html",
            person_of(request),
            file=file,
            kind=kind,
            kind_names=_kind_names(request),
            paths=PATHS,
            steps=steps,
            offset=offset,
            reveals=own and person_of(request).may(PRIVATE_READERS.roles) and request.app[SERVICES].acts is not None,
            exports=own
            and kind == "case"
            and person_of(request).may(FILE_EXPORTERS.roles)
            and request.app[SERVICES].exports is not None,
            cut=cut_name(file.as_of),
            judged=judged,
            desk=None if instant_given(request) or not own else await acts.on_page(request, kind, file.header.id),
            act_titles=acts.titles(request, kind),
            done=request.query.get("done", ""),
            called=called,
            as_of_ms=instant(request),
            granted=granted,
            media_form=media_form,
            purposes=viewing.purposes(request),
            viewable=own
            and viewing.may_view(request)
            and any(blob.arrived and media_form(blob.type) for item in file.items for blob in item.blobs),
            words=process_words.Words(texts, language(request)),
        )

    return handler


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
        file, _, judged, _ = await _file(request, kind, API_ITEMS)
        said = None if judged is None else to_json(judged, language(request))
        response = json_answer(request, {**to_json(file, language(request)), "judged": said})
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


async def _file(
    request: web.Request, kind: SubjectKind, limit: int
) -> tuple[CaseFile, int, MatterFile | None, Mapping[Key, str]]:
    name = request.match_info["id"]
    offset = _offset(request)
    if not 1 <= len(name) <= MAX_ID or "\0" in name:
        raise Problem("not_found")
    async with scope(request, kind, name) as connection:
        file = await queries.case_file(connection, kind, name, limit=limit, offset=offset)
        # Nothing while the judges have not come so far.
        judged = await process_queries.matter(connection, kind, name, as_of=instant(request))
        linked = () if file is None else file.header.links
        called = await names(connection, [(kind, name), *((link.kind, link.id) for link in linked)])
    if file is None:
        raise Problem("not_found")
    return file, offset, judged, called


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


def _notes(request: web.Request, notes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return words.note_words(notes, texts_of(request))


def _kind_names(request: web.Request) -> dict[str, str]:
    texts = texts_of(request)
    return {kind: texts.gettext(name) for kind, name in words.KIND_NAMES.items()}


def _cut(as_of: dict[int, int]) -> dict[str, int]:
    return {str(log): size for log, size in sorted(as_of.items())}
