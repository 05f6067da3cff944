"""A refusal becomes an HTTP answer here and nowhere else (wire protocol, section 7; RFC 9457).

Terminals that ask for it get canonical MessagePack, everybody else `application/problem+json`; pages are made by the
face that owns them. Invariant: whatever happened inside, a client sees a code of `schemas.problems` and, for a failure
of ours, an incident number: never a trace, a query or a value.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web

from schemas import typed
from schemas.problems import Problem
from server.web.languages import LANG_TAGS, Language, language

JSON_TYPE: Final = "application/problem+json"
MSGPACK_TYPE: Final = "application/msgpack"
RETRY_SECONDS: Final = 5
"""Retry-After when the refusal does not name its own `retry_after`."""
CODES_BY_STATUS: Final = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    415: "unsupported_media_type",
}


def answer(request: web.Request, problem: Problem) -> web.Response:
    """The answer to a refused request, in the form and language that it asks for."""
    chosen = language(request)
    body = problem.body(chosen)
    if prefers_msgpack(request.headers.get("Accept", "")):
        response = web.Response(status=problem.type.status, body=typed.encode(body), content_type=MSGPACK_TYPE)
    else:
        response = web.Response(status=problem.type.status, body=json_bytes(body), content_type=JSON_TYPE)
    return dress(response, problem, chosen)


def dress(response: web.Response, problem: Problem, chosen: Language) -> web.Response:
    """Give any answer to a refusal the headers that go with its code; pages use it too."""
    response.headers["Content-Language"] = LANG_TAGS[chosen]
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    if problem.type.retry == "later":
        response.headers["Retry-After"] = str(problem.fields.get("retry_after", RETRY_SECONDS))
    if problem.code == "unauthorized":
        response.headers["WWW-Authenticate"] = 'Bearer realm="liuhen"'
    if problem.code == "method_not_allowed" and "allow" in problem.fields:
        response.headers["Allow"] = str(problem.fields["allow"])
    if problem.code == "offset_mismatch" and "offset" in problem.fields:
        response.headers["Upload-Offset"] = str(problem.fields["offset"])
    if problem.code in ("timeout", "too_large"):
        # The rest of the body is not wanted: the connection ends after the answer.
        response.force_close()
    return response


def from_http(fault: web.HTTPException) -> Problem:
    """The refusal that stands for one of aiohttp's own (no such route, method, …)."""
    code = CODES_BY_STATUS.get(fault.status, "bad_request")
    if isinstance(fault, web.HTTPMethodNotAllowed):
        return Problem(code, allow=", ".join(sorted(fault.allowed_methods)))
    return Problem(code)


def prefers_msgpack(accept: str) -> bool:
    """Whether an Accept header asks for MessagePack and names it before or without JSON."""
    for item in accept[:500].split(","):
        kind, _, parameters = item.partition(";")
        refused = parameters.replace(" ", "") in ("q=0", "q=0.0")
        if kind.strip().lower() == MSGPACK_TYPE and not refused:
            return True
        if kind.strip().lower() in ("application/json", JSON_TYPE) and not refused:
            return False
    return False


def json_bytes(value: Any) -> bytes:
    """JSON in UTF-8; bytes become hexadecimal text."""
    return msgspec.json.encode(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
