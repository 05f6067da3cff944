"""Copies of case files: a form that asks what for, and the zip, written while it is sent.

Invariant: POST records who asked, and why, before the first byte is written; GET gives a copy to who asked for it and
to nobody else. What breaks off on the way ends as a broken connection, never as a zip that looks whole.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from aiohttp import web

from projections import queries
from schemas.problems import Problem
from server.console.access import scope
from server.console.files import MAX_ID
from server.console.frame import page
from server.web.app import FORM, SERVICES, Exports, person_of

MAX_PURPOSE: Final = 500
_GO_ON: Final = re.compile(r"bytes=([0-9]{1,15})-", re.ASCII)


async def show(request: web.Request) -> web.Response:
    """The form: which case, and a purpose to be given."""
    return await _page(request)


async def begin(request: web.Request) -> web.Response:
    """Record the export and begin to write it; the zip has an address of its own. Asked again, it is recorded again."""
    purpose = request[FORM].get("purpose", "").strip()
    if not 1 <= len(purpose) <= MAX_PURPOSE:
        return await _page(request, status=400, wrong=True, purpose=purpose)
    case = _case(request)
    copy = await _exports(request).begin(person_of(request), case, purpose)
    raise web.HTTPSeeOther(f"/cases/{quote(case, safe='')}/export/{copy.id}")


async def send(request: web.Request) -> web.StreamResponse:
    """The zip, while it is written or afterwards; a download that broke off goes on by a range."""
    exports, person = _exports(request), person_of(request)
    copy = exports.find(person, _case(request), request.match_info["copy"])
    wanted = _range(request, copy.id)
    if wanted is not None and not copy.whole:
        await exports.whole(copy)  # how much is left can be said of a whole one only
    size = await exports.whole(copy) if wanted is not None or copy.whole else None
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="{copy.name}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "ETag": f'"{copy.id}"',
        "X-Accel-Buffering": "no",
    }
    start = wanted or 0
    if size is not None and start >= size:
        return web.Response(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    response = web.StreamResponse(status=200 if wanted is None else 206, headers=headers)
    if size is not None:
        response.content_length = size - start
        if wanted is not None:
            response.headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        async for chunk in exports.read(copy, start, size):
            await response.write(chunk)
    except ConnectionError:
        if request.transport is not None:  # the answer has begun: all that is left is to break it off
            request.transport.abort()
        raise
    await response.write_eof()
    return response


def _range(request: web.Request, tag: str) -> int | None:
    """From which byte on: of ranges that go on to the end, which is what a resumed download asks for."""
    condition = request.headers.get("If-Range")
    found = _GO_ON.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if found is None or (condition is not None and condition != f'"{tag}"'):
        return None
    return int(found[1])


async def _page(request: web.Request, *, status: int = 200, wrong: bool = False, purpose: str = "") -> web.Response:
    name = _case(request)
    async with scope(request) as connection:
        file = await queries.case_file(connection, "case", name, limit=1)
    if file is None:
        raise Problem("not_found")
    return page(
        request,
        "export.html",
        person_of(request),
        status=status,
        header=file.header,
        wrong=wrong,
        purpose=purpose,
        max_purpose=MAX_PURPOSE,
        copies=_exports(request).mine(person_of(request), name),
    )


def _exports(request: web.Request) -> Exports:
    exports = request.app[SERVICES].exports
    if exports is None:
        raise Problem("not_ready", "this server only reads")
    return exports


def _case(request: web.Request) -> str:
    name = request.match_info["id"]
    if not 1 <= len(name) <= MAX_ID or "\0" in name:
        raise Problem("not_found")
    return name
