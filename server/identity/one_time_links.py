"""One-time sign-in links for the demo: `ops.demo` imports this, `ops.serve` never does, so production has no such path.

A link opens a session of one account, once, within its life, for a browser on this very machine. Invariant: a link that
was used, is over, or is opened from elsewhere than loopback does nothing.
"""

from __future__ import annotations

import secrets
import time
from ipaddress import ip_address
from typing import Final

from aiohttp import web

from schemas.problems import Problem
from server.identity.gate import DatabaseGate
from server.web.routes import Everybody, Route, add

LIFE_SECONDS: Final = 24 * 3600.0
MAX_LINKS: Final = 256
PATH: Final = "/demo/sign-in/{key}"


class OneTimeLinks:
    """The links of one process, in memory: they end with it."""

    def __init__(self, gate: DatabaseGate) -> None:
        self._gate = gate
        self._open: dict[str, tuple[str, float]] = {}

    def make(self, name: str) -> str:
        """A path to be put behind the internal address, good for one sign-in as `name`."""
        if len(self._open) >= MAX_LINKS:
            self._open.pop(next(iter(self._open)))
        key = secrets.token_urlsafe(24)
        self._open[key] = (name, time.monotonic() + LIFE_SECONDS)
        return PATH.format(key=key)

    def add_routes(self, app: web.Application) -> None:
        """The face: one address."""
        add(app, (Route("GET", PATH, self._use, Everybody(), kind="page"),))

    async def _use(self, request: web.Request) -> web.Response:
        # A HEAD request (a link preview) must not use the link up.
        if request.method != "GET" or not _loopback(request.remote):
            raise Problem("not_found")
        name, until = self._open.pop(request.match_info["key"], ("", 0.0))
        secret = await self._gate.open(request, name, factors=2) if time.monotonic() < until else None
        if secret is None:
            raise Problem("unauthorized", "this link was used or is over")
        response = web.HTTPSeeOther("/")
        self._gate.remember(response, secret)
        raise response


def _loopback(address: str | None) -> bool:
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False
