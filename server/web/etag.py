"""Strong validators for JSON answers: the SHA-256 of the body, so equal answers are not sent twice.

Invariant: a 304 is sent only for bytes equal to those that the client holds.
"""

from __future__ import annotations

import hashlib
from typing import Any

from aiohttp import web

from server.web.problems import json_bytes


def json_answer(request: web.Request, value: Any) -> web.Response:
    """JSON with an ETag, or 304 when the client's `If-None-Match` names it. Not kept by caches without asking."""
    body = json_bytes(value)
    tag = hashlib.sha256(body).hexdigest()[:32]
    wanted = request.if_none_match
    if wanted is not None and any(held.value in (tag, "*") for held in wanted):
        response = web.Response(status=304)
    else:
        response = web.Response(body=body, content_type="application/json")
    response.headers["ETag"] = f'"{tag}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Authorization, Cookie"
    return response
