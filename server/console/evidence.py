"""One file of evidence: its custody as a page and as JSON, and leave to view it or all files of a page.

A form asks for the purpose; the server answers with a link that this session opens once (server.evidence.viewing). The
invariant: no page holds the address of a file before the act that records the reading stands in the log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from aiohttp import web

from projections import custody as custodies
from projections import queries
from projections.custody import Custody, CustodyStep
from projections.process.names import names
from projections.views import SUBJECT_KINDS, to_json
from schemas.problems import Problem
from server.console import words
from server.console.access import LOOKING, scope
from server.console.files import PAGE_ITEMS, PATHS
from server.console.frame import page, texts_of
from server.console.viewing import may_view, opened, purposes, viewing_of
from server.web.app import FORM, person_of
from server.web.etag import json_answer
from server.web.i18n import Texts
from server.web.languages import language
from server.web.media import form as media_form

MAX_FILES: Final = 500
MAX_ID: Final = 128
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


async def show(request: web.Request) -> web.Response:
    """The page of a file: its custody, and the file itself under a grant."""
    granted = await opened(request)
    found = await _custody(request)
    texts = texts_of(request)
    async with scope(request) as connection:
        called = await names(connection, list(found.subjects))
    return page(
        request,
        "evidence.html",
        person_of(request),
        file=found,
        form=media_form(found.media_type or ""),
        address="" if granted is None else granted.address(found.sha256),
        granted=granted,
        may_view=may_view(request) and found.state == "held" and not request[LOOKING].holder,
        purposes=purposes(request),
        steps=[(step, texts.gettext(words.CUSTODY[step.kind]), _more(step, texts)) for step in found.steps],
        called=called,
        state=texts.gettext(words.BLOB_STATES[found.state]),
        paths=PATHS,
        kind_names={kind: texts.gettext(name) for kind, name in words.KIND_NAMES.items()},
    )


def _more(step: CustodyStep, texts: Texts) -> str:
    """What a line of custody says besides: what a file was viewed or copied for."""
    purpose = step.detail.get("purpose", "")
    known = words.PURPOSES.get(purpose)
    return texts.gettext(known) if known is not None else str(purpose)


async def show_json(request: web.Request) -> web.Response:
    """`/api/v1/evidence/{sha256}`: the same for programs."""
    return json_answer(request, to_json(await _custody(request), language(request)))


async def ask(request: web.Request) -> web.Response:
    """Make a link for one file, or for the files that a page of a case file shows, and go there."""
    form = request[FORM]
    person = person_of(request)
    digests: Sequence[bytes]
    if "sha256" in form:
        digests, tags = await _one(request, form["sha256"])
        back = f"/evidence/{form['sha256']}?"
    else:
        digests, tags, back = await _page_of_file(request, form)
    token = await viewing_of(request).link(person, form.get("purpose", ""), tags, digests)
    raise web.HTTPSeeOther(f"{back}view={token}")


async def _custody(request: web.Request) -> Custody:
    name = request.match_info["sha256"]
    if not _DIGEST.fullmatch(name):
        raise Problem("not_found")
    async with scope(request, "evidence", name) as connection:
        found = await custodies.custody(connection, bytes.fromhex(name))
    if found is None:
        raise Problem("not_found", "no record of this authority cites that file")
    return found


async def _one(request: web.Request, name: str) -> tuple[list[bytes], list[str]]:
    if not _DIGEST.fullmatch(name):
        raise Problem("bad_request", "expected the SHA-256 of a file")
    async with scope(request) as connection:
        found = await custodies.custody(connection, bytes.fromhex(name))
    if found is None:
        raise Problem("not_found")
    return [bytes.fromhex(name)], [f"{kind}:{key}" for kind, key in found.subjects]


async def _page_of_file(request: web.Request, form: dict[str, str]) -> tuple[Sequence[bytes], list[str], str]:
    kind = next((known for known in SUBJECT_KINDS if known == form.get("kind")), None)
    name, offset = form.get("id", ""), form.get("offset", "0")
    if kind is None or not 1 <= len(name) <= MAX_ID or "\0" in name:
        raise Problem("bad_request", "expected the kind and the id of a case file")
    if not (offset.isascii() and offset.isdigit() and len(offset) <= 9):
        raise Problem("bad_request", "expected offset to be a whole number")
    async with scope(request) as connection:
        file = await queries.case_file(connection, kind, name, limit=PAGE_ITEMS, offset=int(offset))
    if file is None:
        raise Problem("not_found")
    found = dict.fromkeys(
        bytes.fromhex(blob.sha256)
        for item in file.items
        for blob in item.blobs
        if blob.arrived and media_form(blob.type)
    )
    if not found:
        raise Problem("not_found", "no file of this page can be shown")
    at = f"offset={offset}&" if offset != "0" else ""
    return list(found)[:MAX_FILES], [f"{kind}:{name}"], f"{PATHS[kind]}/{quote(name, safe='')}?{at}"
