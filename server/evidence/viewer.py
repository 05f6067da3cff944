"""The origin that serves evidence: an application of its own, without sign-in, pages, scripts or cookies.

What was uploaded may be made to harm whoever opens it, so it never stands on the officers' origin. An address holds a
grant (server.evidence.viewing) and a digest. Only types that a browser shows without running anything are shown; all
others are downloads. The invariant: every MiB is checked before a byte of it is sent; what does not fit ends the
answer and is recorded as damage.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Final

import structlog
from aiohttp import web

from schemas.problems import Problem
from server.evidence.store import CHUNK, BlobStore
from server.evidence.viewing import Shown, Viewing
from server.web.app import Services, make_internal_app
from server.web.media import SHOWN, plain
from server.web.nobody import Nobody
from server.web.routes import Everybody, Route, add

log = structlog.get_logger("liuhen.evidence")

VIEWING: Final = web.AppKey("viewing", Viewing)
HEADERS: Final = {
    "Accept-Ranges": "bytes",
    "Access-Control-Allow-Origin": "*",  # asked for without credentials, so that the browser sends no cookie along
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range",
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RANGE: Final = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{0,15})|-([0-9]{1,15}))", re.ASCII)


class Rot(Exception):
    """A part of a blob is not what it was when the whole was checked."""


async def get_blob(request: web.Request) -> web.StreamResponse:
    """GET, HEAD: a blob or one range of it."""
    viewing = request.app[VIEWING]
    secret, name = request.match_info["grant"], request.match_info["digest"]
    if not _SECRET.fullmatch(secret) or not _DIGEST.fullmatch(name):
        raise Problem("not_found")
    digest = bytes.fromhex(name)
    shown = await viewing.find(secret, digest)
    headers = {**HEADERS, **_how(shown.media_type, name), "ETag": f'"{name}"'}
    status, start, end = _range(request, shown.size, name)
    if status == 416:
        return web.Response(status=416, headers={**HEADERS, "Content-Range": f"bytes */{shown.size}"})
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{shown.size}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = end - start
    parts = read_checked(viewing.checker.store, digest, shown, start, end)
    try:
        # The first part is checked before anything is said, so that damage is a refusal and not half an answer.
        first = await anext(parts, b"") if request.method != "HEAD" else b""
        await response.prepare(request)
        if first:
            await response.write(first)
            async for part in parts:
                await response.write(part)
    except Rot:
        await _damaged(viewing, digest)
        if not response.prepared:
            raise Problem("not_found", "the file is damaged: it is not shown, and was asked for again") from None
        _cut(request)
        return response
    except ConnectionError:
        return response  # the reader has gone
    await response.write_eof()
    return response


async def read_checked(store: BlobStore, digest: bytes, shown: Shown, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes start..end (exclusive), MiB by MiB, each checked first. Raises Rot."""
    number = start // CHUNK
    while number * CHUNK < end:
        low = number * CHUNK
        piece = b""
        try:
            async for chunk in store.read(digest, low, min(low + CHUNK, shown.size)):
                piece += chunk
        except FileNotFoundError:
            raise Rot from None
        expected = shown.pieces[32 * number : 32 * number + 32]
        if not hmac.compare_digest(sha256(piece).digest(), expected):
            raise Rot
        yield piece[max(start - low, 0) : end - low]
        number += 1


async def _damaged(viewing: Viewing, digest: bytes) -> None:
    try:
        await viewing.checker.check(digest)
    except Problem as problem:  # the log cannot be written now; nothing was served, and the next scrub records it
        log.warning("damage_unrecorded", code=problem.code)


def _cut(request: web.Request) -> None:
    """End the connection: a reader that was promised more bytes must not take these for all."""
    if request.transport is not None:
        request.transport.abort()


def _how(media_type: str, name: str) -> dict[str, str]:
    kind = plain(media_type)
    if kind in SHOWN:
        return {"Content-Type": kind, "Content-Disposition": f'inline; filename="{name[:16]}.{SHOWN[kind]}"'}
    return {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f'attachment; filename="{name[:16]}.bin"',
    }


def _range(request: web.Request, size: int, name: str) -> tuple[int, int, int]:
    """(status, first byte, byte behind the last). More than one range, or one that cannot be read: the whole."""
    condition = request.headers.get("If-Range")
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if found is None or (condition is not None and condition != f'"{name}"'):
        return 200, 0, size
    if found[3] is not None:
        length = int(found[3])
        return (206, max(size - length, 0), size) if length else (416, 0, 0)
    start = int(found[1])
    end = min(int(found[2]) + 1, size) if found[2] else size
    if found[2] and int(found[2]) < start:
        return 200, 0, size
    return (206, start, end) if start < size else (416, 0, 0)


ROUTES: Final = (Route("GET", "/{grant}/{digest}", get_blob, Everybody()),)


def make_viewer_app(viewing: Viewing) -> web.Application:
    """The application of the evidence origin."""
    app = make_internal_app(Services(console=None, gate=Nobody(), acts=None))
    app[VIEWING] = viewing
    add(app, ROUTES)
    return app
