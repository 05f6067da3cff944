"""What a request asks for, read the same way by every face: ids and rows.

Invariant: what is no id never reaches a question; an address that names nothing is not found, a form is told what was
expected.
"""

from __future__ import annotations

from uuid import UUID

from aiohttp import web

from schemas.problems import Problem


def id_of_address(request: web.Request, part: str = "id") -> UUID:
    """The id that a part of the address names, in its one spelling. Raises Problem not_found."""
    text = request.match_info[part]
    try:
        found = UUID(text)
    except ValueError:
        raise Problem("not_found") from None
    if str(found) != text:
        raise Problem("not_found")
    return found


def id_of_form(text: str, what: str) -> UUID:
    """The id that a form holds; `what` it is the id of. Raises Problem bad_request."""
    try:
        return UUID(text)
    except ValueError:
        raise Problem("bad_request", f"expected {what}'s id, 36 characters") from None


def starting(request: web.Request) -> int:
    """The row at which a page begins (`?from=`). Raises Problem bad_cursor."""
    text = request.query.get("from", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise Problem("bad_cursor", "expected `from` to be the number of a row")
    return int(text)
