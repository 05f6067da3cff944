"""What faces for officers share without knowing one another: a page in the console's frame, and the scope of who asks.

The console puts its frame on the application; other faces ask for it here. Invariant: no face asks the projections
outside the scope, and every page has the same header.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

import asyncpg
from aiohttp import web

from server.web.i18n import Texts
from server.web.routes import Route


class Frame(Protocol):
    """The frame of officers' pages. Implemented by server.console.frame."""

    def page(self, request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
        """Answer with a page: the header of who asks, and the template."""

    def texts(self, request: web.Request) -> Texts:
        """The texts in the language of the request."""

    def scope(self, request: web.Request, of: str = "") -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A connection that shows what the person may see, at one moment, and nothing else; `of` one authority alone.

        Raises Problem not_found for an authority that is not seen.
        """

    def seen(self, request: web.Request) -> tuple[tuple[str, str], ...]:
        """Within `scope`: the authorities that the page shows, (code, name), the own one first."""

    def headed(self, route: Route) -> Route:
        """The route of a page with what is due in its header."""


FRAME: Final[web.AppKey[Frame]] = web.AppKey("frame")
