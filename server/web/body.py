"""Request bodies: read with a maximum and a minimum rate, so that nobody occupies memory or a connection for nothing.

Every face reads bodies through here; aiohttp itself has no deadline for them. The server must run with
`auto_decompress=False` (server.web.app.make_runner): what is counted here are the bytes that came over the wire.
Invariant: `read_body` never holds more than `limit` bytes and never takes longer than MAX_SECONDS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import ClientPayloadError, web
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
