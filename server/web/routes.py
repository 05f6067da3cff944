"""The table of routes: each with the policy that it is under, so that nothing is reachable by having been forgotten.

A face declares `ROUTES = (Route(...), …)` and an `add_routes(app)` that calls `add(app, ROUTES)`. Invariant: a route
that is not in the table is refused by the frame (server.web.app), whatever its handler does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Everybody:
    """No sign-in: the handler shows nothing that depends on who asks."""


@dataclass(frozen=True, slots=True)
class SignedByTerminal:
    """The face itself checks the terminal's signature or enrolment code (wire protocol, sections 3 and 6)."""


@dataclass(frozen=True, slots=True)
class Officers:
    """Signed-in people with one of these roles; the frame puts the Person under `request[PERSON]`."""

    roles: frozenset[str]


Policy: TypeAlias = Everybody | SignedByTerminal | Officers


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address. GET answers HEAD as well.

    `form`: the body is an HTML form; the frame reads it, checks its origin and token, and puts it under
    `request[FORM]`. A changing request with a session cookie on any other route is refused.
    `step_up`: a grave act (publish, revoke, resolve …): only behind a password or code that was given within the last
    minutes. Who gave none is asked for it on a page that keeps what the form holds; the handler runs afterwards and
    knows nothing of it. Tokens cannot give one and are refused. Only with `form` and an Officers policy.
    `unfinished`: open also to who must still set up a second factor.
    `upload`: the form may come with files (multipart/form-data) of so many bytes in all, under `request[FILES]`.
    `kind`: how refusals look: a page for people, or problem+json (MessagePack where asked for).
    """

    method: Method
    path: str
    handler: Handler
    policy: Policy
    form: bool = False
    kind: Literal["page", "data"] = "data"
    step_up: bool = False
    unfinished: bool = False
    upload: int = 0

    def __post_init__(self) -> None:
        """Refuse a step-up where there is no form to come back with, or nobody who could prove anything."""
        if self.step_up and not (self.form and self.kind == "page" and isinstance(self.policy, Officers)):
            raise ValueError(f"{self.method} {self.path}: step_up needs a form on a page for officers")


WATCHERS: Final = Officers(frozenset({"supervisor", "bureau_head", "unit_head", "planner", "auditor"}))
"""Who sees figures of the whole, and is led to them: whoever directs, plans, looks over others or checks."""
ROUTES: Final = web.AppKey("routes", dict[tuple[str, str], Route])
"""The table of an application: {(method, address with the names of its parts): Route}."""


def add(app: web.Application, routes: Iterable[Route]) -> None:
    """Register routes on an application made by server.web.app; a second route for one address is a ValueError."""
    table = app[ROUTES]
    for route in routes:
        if route.method == "GET":
            made = app.router.add_get(route.path, route.handler)
        else:
            made = app.router.add_route(route.method, route.path, route.handler)
        assert made.resource is not None
        key = (route.method, made.resource.canonical)
        if key in table:
            raise ValueError(f"two routes for {route.method} {route.path}")
        table[key] = route


def find(request: web.Request) -> Route | None:
    """The route that a request was matched to, None when it matched none or one outside the table."""
    resource = request.match_info.route.resource
    if resource is None:
        return None
    method = "GET" if request.method == "HEAD" else request.method
    return request.app[ROUTES].get((method, resource.canonical))
