"""Copies of case files: a form that asks what for, and the zip, written while it is sent.

Invariant: GET gives nothing away; POST gives the first byte behind the act that says who asked, and why. What breaks
off on the way ends as a broken connection, never as a zip that looks whole.
"""

from __future__ import annotations

from typing import Final

import structlog
from aiohttp import web

from projections import queries
from schemas.problems import Problem
from server.console.access import scope
from server.console.files import MAX_ID
from server.console.frame import page
from server.web.app import FORM, SERVICES, Exports, person_of

MAX_PURPOSE: Final = 500
log = structlog.get_logger("liuhen.console")


async def show(request: web.Request) -> web.Response:
    """The form: which case, and a purpose to be given."""
    return await _page(request)


async def send(request: web.Request) -> web.StreamResponse:
    """Record the export, then send the zip. Asked again, it is recorded again."""
    purpose = request[FORM].get("purpose", "").strip()
    if not 1 <= len(purpose) <= MAX_PURPOSE:
        return await _page(request, status=400, wrong=True, purpose=purpose)
    exports = _exports(request)
    export = await exports.begin(person_of(request), _case(request), purpose)
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{export.name}"',
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    try:
        async for chunk in export.chunks():
            await response.write(chunk)
    except ConnectionError:
        raise
    except Exception as fault:  # noqa: BLE001 - the answer has begun: all that is left is to break it off
        log.error("export_broken_off", error=type(fault).__qualname__)
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the export broke off") from None
    await response.write_eof()
    return response


async def _page(request: web.Request, *, status: int = 200, wrong: bool = False, purpose: str = "") -> web.Response:
    name = _case(request)
    async with scope(request) as connection:
        file = await queries.case_file(connection, "case", name, limit=1)
    if file is None:
        raise Problem("not_found")
    _exports(request)
    return page(
        request,
        "export.html",
        person_of(request),
        status=status,
        header=file.header,
        wrong=wrong,
        purpose=purpose,
        max_purpose=MAX_PURPOSE,
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
