"""Request bodies: read with a maximum and a minimum rate, so that nobody occupies memory or a connection for nothing.

Every face reads bodies through here; aiohttp itself has no deadline for them. The server must run with
`auto_decompress=False` (server.web.app.make_runner): what is counted here are the bytes that came over the wire.
Invariant: `read_body` never holds more than `limit` bytes and never takes longer than MAX_SECONDS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from schemas.problems import Problem

GRACE_SECONDS: Final = 10.0
"""How long a body may take before its rate is looked at; also the longest silence within a body."""
MINIMUM_RATE: Final = 1024
"""Bytes a second that a sender must reach over the whole body, after the grace."""
MAX_SECONDS: Final = 600.0
"""The longest time for any body: a full batch at 64 kbit/s."""
MAX_FORM_BYTES: Final = 64 * 1024
MAX_FORM_FIELDS: Final = 64


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return the whole body as sent. Raises Problem too_large (with `limit`), timeout, bad_request.

    ConnectionError passes through: the client has gone and nobody waits for an answer.
    """
    declared = request.content_length
    if declared is not None and declared > limit:
        raise Problem("too_large", f"expected at most {limit} bytes, came {declared}", limit=limit)
    loop = asyncio.get_running_loop()
    started = loop.time()
    chunks: list[bytes] = []
    received = 0
    while not request.content.at_eof():
        if request.content.exception() is None and (ready := request.content.read_nowait()):
            received += len(ready)  # what is here already needs no deadline
            if received > limit:
                raise Problem("too_large", f"expected at most {limit} bytes, came more", limit=limit)
            chunks.append(ready)
            continue
        spent = loop.time() - started
        left = min(GRACE_SECONDS + received / MINIMUM_RATE, MAX_SECONDS) - spent
        try:
            async with asyncio.timeout(max(0.0, min(left, GRACE_SECONDS))):
                chunk = await request.content.readany()
        except TimeoutError:
            raise Problem("timeout", f"{received} bytes came in {spent:.0f} s") from None
        except (ClientPayloadError, HttpProcessingError, web.RequestPayloadError):
            raise Problem("bad_request", "the body ended early or is not framed as HTTP asks") from None
        received += len(chunk)
        if received > limit:
            raise Problem("too_large", f"expected at most {limit} bytes, came more", limit=limit)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file of a form: what it is called where it came from, and its bytes."""

    name: str
    data: bytes


async def read_upload(request: web.Request, limit: int) -> tuple[dict[str, str], dict[str, Uploaded]]:
    """The fields and the files of a form (multipart/form-data), at most `limit` bytes in all; empty files are left out.

    Raises Problem too_large (with `limit`), timeout, bad_request.
    """
    declared = request.content_length
    if declared is not None and declared > limit:
        raise Problem("too_large", f"expected at most {limit} bytes, came {declared}", limit=limit)
    form: dict[str, str] = {}
    files: dict[str, Uploaded] = {}
    try:
        async with asyncio.timeout(min(GRACE_SECONDS + limit / MINIMUM_RATE, MAX_SECONDS)):
            parts = await request.multipart()
            left = limit
            while (part := await parts.next()) is not None:
                if not isinstance(part, BodyPartReader) or not part.name:
                    raise Problem("bad_request", "expected fields with names in the form")
                data = await _part(part, left, limit)
                left -= len(data)
                name = part.name
                if name in form or name in files or len(form) + len(files) >= MAX_FORM_FIELDS:
                    raise Problem("bad_request", f"a field came twice, or the form has more than {MAX_FORM_FIELDS}")
                if part.filename is None:
                    form[name] = data.decode("utf-8")
                elif data:
                    files[name] = Uploaded(part.filename.replace("\\", "/").rpartition("/")[2][:128] or "file", data)
    except TimeoutError:
        raise Problem("timeout", "the form did not come in time") from None
    except (ValueError, ClientPayloadError, HttpProcessingError, web.RequestPayloadError):
        raise Problem("bad_request", "the form cannot be read: it is not UTF-8 or not framed as HTML asks") from None
    if any("\0" in value for value in form.values()) or any("\0" in one.name for one in files.values()):
        raise Problem("bad_request", "a field of the form holds U+0000")
    return form, files


async def _part(part: BodyPartReader, left: int, limit: int) -> bytes:
    found = bytearray()
    while chunk := await part.read_chunk():
        found += chunk
        if len(found) > left:
            raise Problem("too_large", f"expected at most {limit} bytes, came more", limit=limit)
    return bytes(found)


async def read_form(request: web.Request, limit: int = MAX_FORM_BYTES) -> Mapping[str, str]:
    """Return the fields of an HTML form (application/x-www-form-urlencoded); a repeated field is refused.

    Raises Problem unsupported_media_type, too_large, timeout, bad_request.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise Problem("unsupported_media_type", "expected application/x-www-form-urlencoded")
    content = await read_body(request, limit)
    try:
        pairs = parse_qsl(
            content.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict"
        )
    except ValueError:  # not ASCII, too many fields, or not UTF-8 behind the percent signs
        raise Problem("bad_request", f"the form is not UTF-8 or has more than {MAX_FORM_FIELDS} fields") from None
    form = dict(pairs)
    if len(form) != len(pairs) or any("\0" in value for value in form.values()):
        raise Problem("bad_request", "a field of the form came twice or holds U+0000")
    return form
