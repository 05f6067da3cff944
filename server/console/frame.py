"""What all pages of the console share: the person in the header, the navigation, and the pages of refusals.

Invariant: a refusal shown to a person has the same code and the same words as the one that a program gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import asyncpg
from aiohttp import web

from projections.process import queries
from projections.process.views import Counts
from schemas.problems import Problem
from server.console import access, desk, words
from server.identity.gate import DatabaseGate
from server.identity.person import Person
from server.log.ids import now_ms
from server.web.app import PERSON, SERVICES, UNFINISHED, person_of
from server.web.i18n import N_, Texts
from server.web.languages import language
from server.web.pages import PAGES, NavLink, Pages
from server.web.problems import dress
from server.web.routes import WATCHERS, Handler, Officers, Route

TEMPLATES: Final = Path(__file__).parent / "templates"
COUNTS: Final = web.RequestKey("counts", Counts)
"""What is due and what stands open, as the header of every page says it."""
_NOT_KEPT: Final = ("authority", "after", "offset", "lang", "view_token")
"""Parameters that the choice of another authority does not take along."""
KEYS: Final = web.RequestKey("keys", bool)
"""Whether single keys are shortcuts for the person who asks."""
NAVIGATION: Final = (
    ("/", N_("Home"), access.SIGNED_IN),
    ("/deadlines", N_("Deadlines"), access.FILE_READERS),
    ("/signals", N_("Signals"), access.FILE_READERS),
    ("/reviews", N_("Legal reviews"), access.FILE_READERS),
    ("/tasks", N_("Tasks"), access.FILE_READERS),
    ("/hazards", N_("Hazards"), access.FILE_READERS),
    ("/cases", N_("Case files"), access.FILE_READERS),
    ("/plans", N_("Annual plans"), access.FILE_READERS),
    ("/enterprises", N_("Enterprises"), access.FILE_READERS),
    ("/officers", N_("Officers"), access.FILE_READERS),
    ("/draws", N_("Random draws"), access.DRAW_READERS),
    ("/disclosures", N_("Disclosure"), access.DISCLOSURE_READERS),
    ("/numbers", N_("Document numbers"), access.FILE_READERS),
    ("/terminals", N_("Terminals"), access.TERMINAL_READERS),
    ("/webhooks", N_("Webhooks"), access.ADMINISTRATORS),
    ("/supervision", N_("Supervision"), WATCHERS),
    ("/administration", N_("Administration"), access.ADMINISTRATION_READERS),
)


def make_pages(folders: Sequence[Path] = ()) -> Pages:
    """The pages of the console, and those in the template folders of other faces in its frame, read and checked."""
    return Pages((TEMPLATES, *folders)).load()


def texts_of(request: web.Request) -> Texts:
    """The texts in the language of the request."""
    return request.app[PAGES].texts[language(request)]


def page(
    request: web.Request, template: str, person: Person | None, *, status: int = 200, **context: Any
) -> web.Response:
    """Answer with a page of the console; `person` is who stands in its header."""
    texts = texts_of(request)
    nobody_yet = person is None or person.unfinished
    links = (
        ()
        if nobody_yet or person is None
        else tuple((to, text) for to, text, policy in NAVIGATION if person.may(policy.roles))
    )
    looking = request.get(access.LOOKING, access.Looking())
    response = request.app[PAGES].render(
        request,
        template,
        {
            "person": person,
            "roles": () if person is None else _role_names(person, texts),
            "navigation": tuple(
                NavLink(to, texts.gettext(text), _is_here(request.path, to), *_count(request, to, texts))
                for to, text in links
            ),
            "may_search": person is not None and person.may(access.FILE_READERS.roles),
            "shortcuts": request.get(KEYS, False),
            "form_token": "" if person is None else person.form_token,
            "looking": looking,
            "kept_query": [(name, value) for name, value in request.query.items() if name not in _NOT_KEPT],
            **context,
        },
        status=status,
    )
    access.remember(request, response)
    return response


def gate_of(request: web.Request) -> DatabaseGate:
    """The gate of officers, with what their own accounts can be asked for."""
    gate = request.app[SERVICES].gate
    assert isinstance(gate, DatabaseGate), "the console stands behind the gate of officers"
    return gate


class Shared:
    """The frame of the console's pages for faces that do not know the console (server.web.frames.Frame)."""

    def page(self, request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
        """Answer with a page in the name of who asks."""
        return page(request, template, person_of(request), status=status, **context)

    def texts(self, request: web.Request) -> Texts:
        """The texts in the language of the request."""
        return texts_of(request)

    def scope(self, request: web.Request, of: str = "") -> AbstractAsyncContextManager[asyncpg.Connection]:
        """What the person may see, as `access.scope` for lists."""
        return access.scope(request, of=of)

    def seen(self, request: web.Request) -> tuple[tuple[str, str], ...]:
        """The authorities that the page shows, the own one first."""
        looking = request.get(access.LOOKING, access.Looking())
        if looking.wanted:
            return ((looking.wanted, dict(looking.choices).get(looking.wanted, "")),)
        return looking.choices or ((person_of(request).authority, ""),)

    def headed(self, route: Route) -> Route:
        """The route of a page with what is due in its header."""
        if route.method != "GET" or route.kind != "page" or not isinstance(route.policy, Officers):
            return route
        return replace(route, handler=headed(route.handler))


async def refusal(request: web.Request, problem: Problem) -> web.Response:
    """The page of a refused request. Who is not signed in is sent to sign-in and comes back afterwards."""
    if problem.code == "unauthorized" and request.method in ("GET", "HEAD") and not problem.reason:
        return web.Response(status=303, headers={"Location": sign_in_address(request)})
    person = request.get(PERSON)
    if problem.reason == UNFINISHED and request.method in ("GET", "HEAD"):
        return web.Response(status=303, headers={"Location": "/account/second-factor"})
    if person is None and problem.code not in ("internal", "overloaded"):
        # Only for the header; where the database is away, or may have failed us, it is not asked again.
        try:
            person = await request.app[SERVICES].gate.identify(request)
        except Problem:
            person = None
    chosen = language(request)
    answer = page(
        request,
        "refusal.html",
        person,
        status=problem.type.status,
        problem=problem,
        title=problem.type.title_zh if chosen == "zh" else problem.type.title_en,
        detail=problem.type.detail_zh if chosen == "zh" else problem.type.detail_en,
        incident=str(problem.fields.get("incident", "")),
    )
    return dress(answer, problem, chosen)


def own_only(person: Person) -> bool:
    """Whether what is due is told for the person's own matters: to inspectors, who direct nobody."""
    return person.roles <= {"inspector"}


def headed(handler: Handler) -> Handler:
    """The handler of a page whose header says what is due: to inspectors of their own matters, to others of all."""

    async def wrapped(request: web.Request) -> web.StreamResponse:
        person = person_of(request)
        if person.may(access.FILE_READERS.roles) and not person.unfinished:
            officer = person.officer_id if own_only(person) else None
            async with access.scope(request, own=True, of=person.authority) as connection:
                request[COUNTS] = await queries.counts(connection, as_of=now_ms(), officer=officer)
            request[KEYS] = await desk.shortcuts(request, person)
        return await handler(request)

    return wrapped


def _count(request: web.Request, to: str, texts: Texts) -> tuple[int, str]:
    """(number, what it counts) beside a link of the header; 0 where there is nothing to say."""
    counts = request.get(COUNTS)
    if counts is None:
        return 0, ""
    match to:
        case "/deadlines":
            number = counts.due + counts.ahead_3
            return number, texts.ngettext("%(num)s over or near its end", "%(num)s over or near their end", number) % {
                "num": number
            }
        case "/signals":
            return counts.signals, texts.ngettext("%(num)s open", "%(num)s open", counts.signals) % {
                "num": counts.signals
            }
        case _:
            return 0, ""


def sign_in_address(request: web.Request) -> str:
    """Sign-in, and where to go afterwards."""
    here = request.rel_url.raw_path_qs
    return "/sign-in" if here == "/" else f"/sign-in?next={quote(here, safe='')}"


def _is_here(path: str, link: str) -> bool:
    return path == link or (link != "/" and path.startswith(f"{link}/"))


def _role_names(person: Person, texts: Texts) -> tuple[str, ...]:
    return tuple(texts.gettext(name) for role, name in words.ROLE_NAMES.items() if role in person.roles)
