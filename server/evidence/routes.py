"""tus 1.0.0 over HTTP: core, creation, creation-with-upload, checksum, expiration, termination of unfinished uploads.

Each handler parses, checks the signature, calls `Uploads` and answers. There is no unsigned mode: OPTIONS alone says
the same to everybody. Names that a client sends along are looked at and forgotten; where a file lies depends on its
digest only. The invariant: nothing of a request is believed before its signature is.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from schemas.problems import Problem
from server.evidence.uploads import ALGORITHMS, Upload, Uploads
from server.log import store
from server.log.terminals import Enrolled
from server.signed import SignedRequests
from server.web.routes import Everybody, Route, SignedByTerminal, add

PATH: Final = "/evidence/v1/uploads"
VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,checksum,expiration,termination"
OFFSET_STREAM: Final = "application/offset+octet-stream"
SILENCE_SECONDS: Final = 30.0
"""The longest silence within a body; what came before counts."""
MINIMUM_RATE: Final = 1024
"""Bytes a second that a sender must reach over a whole body, after the silence that is allowed."""
LOOK_SECONDS: Final = 0.25
"""How often a request that waits for bytes looks whether another one wants to go on."""
MAX_METADATA: Final = 4_096
APPEND_FIELDS: Final = ("content-length", "upload-offset")
BEGIN_FIELDS: Final = ("content-length", "upload-length", "upload-metadata")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the handlers need."""

    uploads: Uploads
    signed: SignedRequests


EVIDENCE: Final = web.AppKey("evidence", Evidence)
STOPPING: Final = web.AppKey("stopping", asyncio.Event)


async def options(request: web.Request) -> web.Response:
    """OPTIONS: what this server can do."""
    return web.Response(
        status=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(request.app[EVIDENCE].uploads.limits.file),
            "Tus-Checksum-Algorithm": ",".join(sorted(ALGORITHMS)),
        },
    )


async def post_upload(request: web.Request) -> web.Response:
    """POST: begin an upload, with or without its first bytes."""
    evidence = request.app[EVIDENCE]
    length = request.content_length or 0
    with store.reachable():
        terminal = await _check(request, BEGIN_FIELDS if request.body_exists else ())
        _tus(request)
        if "Upload-Defer-Length" in request.headers or "Upload-Concat" in request.headers:
            raise Problem("bad_upload", "expected Upload-Length: it cannot come later, and uploads are not joined")
        size = _number(request, "Upload-Length")
        metadata = parse_metadata(request.headers.get("Upload-Metadata", ""))
        digest, media_type = _announced(metadata)
        checksum = _checksum(request)
        if request.body_exists:
            _stream_type(request)
        await evidence.uploads.allow(terminal)
        upload = await evidence.uploads.begin(terminal, digest, size, media_type)
        if request.body_exists and length and not upload.offset:  # else its first bytes came before
            upload = await evidence.uploads.append(terminal, upload.id, 0, length, _pieces(request), checksum)
    headers = {"Location": f"{PATH}/{upload.id}", **_state(upload)}
    return web.Response(status=201, headers=headers)


async def head_upload(request: web.Request) -> web.Response:
    """HEAD: the true offset."""
    if request.method != "HEAD":
        raise Problem("method_not_allowed", allow="DELETE, HEAD, OPTIONS, PATCH")
    evidence, name = request.app[EVIDENCE], _name(request)
    before = evidence.uploads.before(name)
    with store.reachable():
        terminal = await _check(request, None)
        _tus(request)
        await evidence.uploads.allow(terminal)
        upload = await evidence.uploads.look(terminal, name, before)
    return web.Response(status=200, headers={**_state(upload), "Upload-Length": str(upload.size)})


async def patch_upload(request: web.Request) -> web.Response:
    """PATCH: bytes at the true offset. A request that still holds the upload lets go of it."""
    evidence, name = request.app[EVIDENCE], _name(request)
    with evidence.uploads.coming(name) as holds, store.reachable():
        terminal = await _check(request, APPEND_FIELDS)
        _tus(request)
        _stream_type(request)
        offset = _number(request, "Upload-Offset")
        checksum = _checksum(request)
        if request.content_length is None:
            raise Problem("bad_upload", "expected Content-Length")
        await evidence.uploads.allow(terminal)
        upload = await evidence.uploads.append(
            terminal, name, offset, request.content_length, _pieces(request), checksum, holds
        )
    return web.Response(status=204, headers=_state(upload))


async def delete_upload(request: web.Request) -> web.Response:
    """DELETE: give an unfinished upload up."""
    evidence = request.app[EVIDENCE]
    with store.reachable():
        terminal = await _check(request, None)
        _tus(request)
        await evidence.uploads.allow(terminal)
        await evidence.uploads.end(terminal, _name(request))
    return web.Response(status=204)


def parse_metadata(header: str) -> Mapping[str, str]:
    """The pairs of `Upload-Metadata`: keys, and values in base64 of UTF-8. Raises Problem bad_upload."""
    if len(header) > MAX_METADATA:
        raise Problem("bad_upload", f"expected Upload-Metadata of at most {MAX_METADATA} characters")
    pairs: dict[str, str] = {}
    for item in header.split(",") if header.strip() else ():
        key, _, value = item.strip().partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise Problem("bad_upload", "a value of Upload-Metadata is not base64 of UTF-8") from None
        if not key or key in pairs:
            raise Problem("bad_upload", "a key of Upload-Metadata is empty or comes twice")
        pairs[key] = text
    return pairs


def _announced(metadata: Mapping[str, str]) -> tuple[bytes, str]:
    """(digest, media type) of what will come; names are refused where they are more than a name."""
    for key in ("filename", "name"):
        value = metadata.get(key, "")
        if len(value) > 255 or value in (".", "..") or any(c in "/\\:" or ord(c) < 32 or ord(c) == 127 for c in value):
            raise Problem("bad_upload", f"expected {key} to be a plain file name without a path, or none")
    written = metadata.get("sha256", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", written, re.ASCII):
        raise Problem("bad_upload", "expected sha256 in Upload-Metadata, 64 hexadecimal digits in base64")
    media_type = metadata.get("type", metadata.get("filetype", "")).strip().lower()
    if not _TYPE.fullmatch(media_type.partition(";")[0].strip()) or len(media_type) > 128 or not media_type.isascii():
        raise Problem("bad_upload", "expected type in Upload-Metadata, a media type such as image/jpeg in base64")
    return bytes.fromhex(written), media_type


async def _check(request: web.Request, fields: tuple[str, ...] | None) -> Enrolled:
    """The terminal that signed. `fields` are what a request with a body must cover; None or empty: it has no body."""
    path, _, query = request.raw_path.partition("?")
    return await request.app[EVIDENCE].signed.check(
        request.method, path, query, list(request.headers.items()), None, body_fields=fields or None
    )


def _tus(request: web.Request) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Problem("tus_version", f"expected Tus-Resumable: {VERSION}")


def _stream_type(request: web.Request) -> None:
    if request.content_type != OFFSET_STREAM:
        raise Problem("unsupported_media_type", f"expected {OFFSET_STREAM}")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem("bad_encoding", "files are uploaded as they are")


def _number(request: web.Request, name: str) -> int:
    value = request.headers.get(name, "")
    if not _NUMBER.fullmatch(value):
        raise Problem("bad_upload", f"expected {name} to be a number of bytes")
    return int(value)


def _name(request: web.Request) -> UUID:
    text = request.match_info["upload"]
    try:
        name = UUID(text)
    except ValueError:
        name = None
    if name is None or str(name) != text:
        raise Problem("not_found", "no such upload")
    return name


def _checksum(request: web.Request) -> tuple[str, bytes] | None:
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, value = header.strip().partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in ALGORITHMS or not digest:
        raise Problem("bad_upload", f"expected Upload-Checksum: {' or '.join(sorted(ALGORITHMS))}, then base64")
    return algorithm, digest


def _state(upload: Upload) -> dict[str, str]:
    headers = {"Upload-Offset": str(upload.offset)}
    if not upload.done:
        headers["Upload-Expires"] = format_datetime(upload.expires.astimezone(UTC), usegmt=True)
    return headers


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    """The body as it comes, b"" when nothing came for a moment. Raises Problem timeout, bad_request."""
    content = request.content
    loop = asyncio.get_running_loop()
    started = heard = loop.time()
    received = 0
    while not content.at_eof():
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                piece = await content.readany()
        except TimeoutError:
            piece = b""
        except (ClientPayloadError, HttpProcessingError, web.RequestPayloadError):
            raise Problem("bad_request", "the body ended early; what came of it counts") from None
        now = loop.time()
        if piece:
            heard, received = now, received + len(piece)
        slow = now - started > SILENCE_SECONDS + received / MINIMUM_RATE
        if slow or now - heard > SILENCE_SECONDS:
            raise Problem("timeout", f"{received} bytes came in {now - started:.0f} s; they count")
        yield piece
        if request.app[STOPPING].is_set() and not content.at_eof():
            raise Problem("overloaded", "the server is stopping; what came counts")


async def _stop(app: web.Application) -> None:
    """Nobody waits for a body that trickles when the server is told to stop."""
    app[STOPPING].set()


async def _dress(request: web.Request, response: web.StreamResponse) -> None:
    """What tus asks of every answer, refusals among them."""
    if request.path.startswith(PATH):
        response.headers["Tus-Resumable"] = VERSION
        if response.status == 412:
            response.headers["Tus-Version"] = VERSION


ROUTES: Final = (
    Route("OPTIONS", PATH, options, Everybody()),
    Route("POST", PATH, post_upload, SignedByTerminal()),
    Route("OPTIONS", PATH + "/{upload}", options, Everybody()),
    Route("GET", PATH + "/{upload}", head_upload, SignedByTerminal()),
    Route("PATCH", PATH + "/{upload}", patch_upload, SignedByTerminal()),
    Route("DELETE", PATH + "/{upload}", delete_upload, SignedByTerminal()),
)


def add_routes(app: web.Application, evidence: Evidence) -> None:
    """Put the face on an application made by server.web.app."""
    app[EVIDENCE] = evidence
    app[STOPPING] = asyncio.Event()
    app.on_shutdown.append(_stop)
    app.on_response_prepare.append(_dress)
    add(app, ROUTES)
