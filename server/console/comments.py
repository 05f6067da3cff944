"""Comments on a case, anchored to a record, a photo, a clause or a draft: made, answered, settled, opened again.

Each is an office act. Invariant: a comment is anchored only to what stands in the file of that very case, and a form
that is sent twice makes one comment.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

from aiohttp import web

from projections import queries
from projections.views import CaseFile
from schemas.problems import Problem
from server.console.access import scope
from server.console.case_view import BESIDE
from server.console.following import followed
from server.web.app import FORM, SERVICES, Acts, person_of
from server.web.asked import id_of_address, id_of_form

MAX_TEXT: Final = 2_000
MAX_LINE: Final = 500
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


async def make(request: web.Request) -> web.Response:
    """Say something about the case or about one thing in its file."""
    form, case = request[FORM], request.match_info["id"]
    comment = str(id_of_form(form.get("comment", ""), "the comment"))
    text = form.get("text", "").strip()
    if not 1 <= len(text) <= MAX_TEXT:
        return _back(case, "empty", comment)
    file = await _file(request, case)
    anchor, place = _place(file, form)
    try:
        placed = await _acts(request).comment(person_of(request), file.header.id, comment, text, anchor, place)
    except Problem as refusal:
        if refusal.code != "conflict":
            raise
        return _back(case, "commented", comment)  # the same form a second time: it stands already
    await followed(request, placed)
    return _back(case, "commented", comment)


async def settle(request: web.Request) -> web.Response:
    """Settle a comment, or open it again: decided on what the page showed of it."""
    form, case = request[FORM], request.match_info["id"]
    comment = str(id_of_address(request, "comment"))
    version, reason = form.get("version", ""), form.get("reason", "").strip()[:MAX_LINE]
    if not (version.isascii() and version.isdigit() and len(version) <= 6):
        raise Problem("bad_request", "expected the version of the comment")
    file = await _file(request, case)
    try:
        placed = await _acts(request).settle_comment(
            person_of(request), file.header.id, comment, int(version), form.get("state", ""), reason
        )
    except Problem as refusal:
        if refusal.code != "conflict":
            raise
        return _back(case, "changed", comment)
    await followed(request, placed)
    return _back(case, "settled", comment)


async def _file(request: web.Request, case: str) -> CaseFile:
    if not 1 <= len(case) <= 128 or "\0" in case:
        raise Problem("not_found")
    async with scope(request) as connection:
        file = await queries.case_file(connection, "case", case, beside=BESIDE)
    if file is None or file.header.authority != person_of(request).authority:
        raise Problem("not_found")
    return file


def _place(file: CaseFile, form: dict[str, str]) -> tuple[str, dict[str, bytes | str]]:
    """(anchor, fields of the body) of what a form names, if the file holds it. Raises Problem bad_request."""
    place: dict[str, bytes | str] = {}
    if form.get("reply_to"):
        place["reply_to"] = id_of_form(form["reply_to"], "the answered comment").bytes
    if form.get("review"):
        place["review_id"] = id_of_form(form["review"], "the review").bytes
    anchor, name = form.get("anchor", "case"), form.get("name", "")
    match anchor:
        case "case":
            return anchor, place
        case "event" | "file":
            item = next((one for one in (*file.items, *file.beside) if one.id == form.get("event")), None)
            if item is None:
                raise Problem("bad_request", "expected a record of this case")
            place["event_id"] = UUID(item.id).bytes
            if anchor == "file":
                if not _DIGEST.fullmatch(name) or name not in {blob.sha256 for blob in item.blobs}:
                    raise Problem("bad_request", "expected a file of that record")
                place["sha256"] = bytes.fromhex(name)
            return anchor, place
        case "draft":
            known = {str(one.body.get("draft_hash")) for one in file.beside if one.type.startswith("decision.drafted.")}
            if name not in known:
                raise Problem("bad_request", "expected the hash of a draft of this case")
            place["draft_hash"] = bytes.fromhex(name)
            return anchor, place
        case "clause" if 1 <= len(name.strip()) <= MAX_LINE:
            place["clause"] = name.strip()
            return anchor, place
        case _:
            raise Problem("bad_request", "expected an anchor: case, event, file, clause or draft")


def _acts(request: web.Request) -> Acts:
    acts = request.app[SERVICES].acts
    if acts is None:
        raise Problem("not_ready", "this server only reads")
    return acts


def _back(case: str, done: str, comment: str) -> web.Response:
    place = f"/cases/{quote(case, safe='')}?{urlencode({'done': done, 'comment': comment})}#c-{comment}"
    return web.Response(status=303, headers={"Location": place})
