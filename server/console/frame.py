"""What all pages of the console share: the person in the header, the navigation, and the pages of refusals.

Invariant: a refusal shown to a person has the same code and the same words as the one that a program gets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from schemas.problems import Problem
from server.console import access, words
from server.identity.person import Person
from server.web.app import PERSON, SERVICES
from server.web.i18n import N_, Texts
from server.web.languages import language
from server.web.pages import PAGES, Pages
from server.web.problems import dress

TEMPLATES: Final = Path(__file__).parent / "templates"
NAVIGATION: Final = (
    ("/", N_("Home"), access.SIGNED_IN),
    ("/cases", N_("Case files"), access.FILE_READERS),
    ("/terminals", N_("Terminals"), access.TERMINAL_READERS),
)


def make_pages() -> Pages:
    """The pages of the console, read and checked."""
    return Pages((TEMPLATES,)).load()


def texts_of(request: web.Request) -> Texts:
    """The texts in the language of the request."""
    return request.app[PAGES].texts[language(request)]


def page(
    request: web.Request, template: str, person: Person | None, *, status: int = 200, **context: Any
) -> web.Response:
    """Answer with a page of the console; `person` is who stands in its header."""
    texts = texts_of(request)
    links = () if person is None else tuple((to, text) for to, text, policy in NAVIGATION if person.may(policy.roles))
    return request.app[PAGES].render(
        request,
        template,
        {
            "person": person,
            "roles": () if person is None else _role_names(person, texts),
            "navigation": tuple((to, texts.gettext(text), _is_here(request.path, to)) for to, text in links),
            "form_token": "" if person is None else person.form_token,
            **context,
        },
        status=status,
    )


async def refusal(request: web.Request, problem: Problem) -> web.Response:
    """The page of a refused request. Who is not signed in is sent to sign-in and comes back afterwards."""
    if problem.code == "unauthorized" and request.method in ("GET", "HEAD") and not problem.reason:
        return web.Response(status=303, headers={"Location": sign_in_address(request)})
    person = request.get(PERSON)
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


def sign_in_address(request: web.Request) -> str:
    """Sign-in, and where to go afterwards."""
    here = request.rel_url.raw_path_qs
    return "/sign-in" if here == "/" else f"/sign-in?next={quote(here, safe='')}"


def _is_here(path: str, link: str) -> bool:
    return path == link or (link != "/" and path.startswith(f"{link}/"))


def _role_names(person: Person, texts: Texts) -> tuple[str, ...]:
    return tuple(texts.gettext(name) for role, name in words.ROLE_NAMES.items() if role in person.roles)
