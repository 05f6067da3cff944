"""Leave to view files, as pages use it: the link in a page's address is used up before the page is drawn.

The invariant: a page holds addresses of files only behind the act that records the reading.
"""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from schemas.problems import Problem
from server.console import words
from server.console.frame import texts_of
from server.web.app import SERVICES, Granted, Viewing, person_of

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


async def opened(request: web.Request) -> Granted | None:
    """The grant of a page whose address carries a link, None without one. Raises Problem forbidden."""
    token = request.query.get("view")
    if token is None or request.method != "GET":  # a HEAD request must not use the link up
        return None
    if not _TOKEN.fullmatch(token):
        raise Problem("forbidden", "expected a link that this server made")
    return await viewing_of(request).open(person_of(request), token)


def may_view(request: web.Request) -> bool:
    """Whether files can be viewed here at all."""
    return request.app[SERVICES].viewing is not None


def purposes(request: web.Request) -> list[tuple[str, str]]:
    """What files can be viewed for, with its name."""
    texts = texts_of(request)
    return [(name, texts.gettext(text)) for name, text in words.PURPOSES.items()]


def viewing_of(request: web.Request) -> Viewing:
    """What gives leave to view. Raises Problem not_ready where files are not shown."""
    viewing = request.app[SERVICES].viewing
    if viewing is None:
        raise Problem("not_ready", "files are not shown by this server: the administrator sets viewer_origin")
    return viewing
