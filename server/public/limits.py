"""How many requests a client may send: a window of a minute for each address, told with every answer of the interface.

Headers as in the IETF draft on RateLimit fields. Pages for people are counted too, but far below any limit that a
person meets. Invariant: at most MOST_CLIENTS addresses are remembered; the oldest go first.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from schemas.problems import Problem

WINDOW: Final = 60
MOST_CLIENTS: Final = 10_000


@dataclass
class Limit:
    """`most` requests a minute from one address; 0: no limit and no headers."""

    most: int
    clock: Callable[[], float] = time.monotonic
    _seen: OrderedDict[str, tuple[int, int]] = field(default_factory=OrderedDict)

    def take(self, client: str) -> tuple[bool, int, int]:
        """(whether it may go on, what is left of the window, seconds until the next one)."""
        now = self.clock()
        window = int(now // WINDOW)
        begun, used = self._seen.pop(client, (window, 0))
        used = used + 1 if begun == window else 1
        self._seen[client] = (window, used)
        if len(self._seen) > MOST_CLIENTS:
            self._seen.popitem(last=False)
        return used <= self.most, max(0, self.most - used), WINDOW - int(now % WINDOW)


def limiting(limit: Limit) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A middleware that keeps to `limit`. Files of the site itself (style, script) are not counted."""

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if limit.most == 0 or request.path.startswith("/static/"):
            return await handler(request)
        may, left, seconds = limit.take(request.remote or "")
        request[LEFT] = (limit.most, left, seconds)
        if not may:
            raise Problem("quota_exceeded", f"expected at most {limit.most} requests a minute", retry_after=seconds)
        return await handler(request)

    return middleware


LEFT: Final = web.RequestKey("left", tuple[int, int, int])


async def tell(request: web.Request, response: web.StreamResponse) -> None:
    """Put the RateLimit fields on an answer."""
    told = request.get(LEFT)
    if told is not None:
        most, left, seconds = told
        response.headers["RateLimit-Policy"] = f'"address";q={most};w={WINDOW}'
        response.headers["RateLimit"] = f'"address";r={left};t={seconds}'
