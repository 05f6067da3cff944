"""What all pages and answers of the public site share: header, caching, validators, addresses, refusals.

Every answer may be kept by caches but has to be asked for again (`public, no-cache`): a withdrawn record is gone for
everybody with the next request. Invariant: an answer has a strong ETag over its bytes, and a 304 is sent only for
bytes equal to those that the client holds.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from aiohttp import web
from markupsafe import Markup, escape

from domain import money
from schemas.problems import Problem
from schemas.published_document import wan_yuan
from server.public import store
from server.public.words import Words
from server.web.app import SERVICES
from server.web.i18n import N_, Texts
from server.web.languages import LANG_TAGS, Language, language
from server.web.pages import PAGES, NavLink, Pages
from server.web.problems import dress

TEMPLATES: Final = Path(__file__).parent / "templates"
FOLDER: Final = web.AppKey("folder", Path)
STATES: Final = web.AppKey("states", store.States)
WORDS: Final = web.AppKey("words", dict[Language, Words])
CONTACT: Final = web.AppKey("contact", str)
POOL: Final[web.AppKey[asyncpg.Pool | None]] = web.AppKey("pool")
CACHE: Final = "public, no-cache"
NAVIGATION: Final = (
    ("/disclosures", N_("Search")),
    ("/authorities", N_("Authorities")),
    ("/statistics", N_("Statistics")),
    ("/data", N_("Open data")),
)


def make_pages() -> Pages:
    """The pages of the site, with what its templates need besides."""
    pages = Pages((TEMPLATES,))
    for environment in pages.environments.values():
        environment.filters["exact"] = exact
        environment.filters["wan"] = wan_yuan
        environment.filters["yuan"] = money.show
        environment.filters["day"] = str
        environment.filters["json"] = lambda value: msgspec.json.encode(value).decode("utf-8")
    return pages.load()


def pool_of(request: web.Request) -> asyncpg.Pool:
    """The database of the site. Raises Problem not_found where only the log's files are served."""
    pool = request.app[POOL]
    if pool is None:
        raise Problem("not_found", "this site serves the files of the log only")
    return pool


async def state_of(request: web.Request) -> store.State:
    """Who publishes, how far the logs are taken into account, the newest release."""
    pool_of(request)
    return await request.app[STATES].now()


def texts_of(request: web.Request) -> Texts:
    """The texts in the language of the request."""
    return request.app[PAGES].texts[language(request)]


def base_of(request: web.Request) -> str:
    """Scheme and host of this site as its readers see it, for feeds, catalogues and the QR code."""
    origin = request.app[SERVICES].origin
    return origin if origin is not None else f"{request.scheme}://{request.host}"


def page(
    request: web.Request,
    template: str,
    *,
    status: int = 200,
    changed: datetime.datetime | None = None,
    **context: Any,
) -> web.Response:
    """Answer with a page. `changed` is when its content changed last."""
    texts = texts_of(request)
    navigation = tuple(
        NavLink(to, texts.gettext(text), request.path == to or request.path.startswith(f"{to}/"))
        for to, text in NAVIGATION
    )
    answer = request.app[PAGES].render(
        request,
        template,
        {
            "person": None,
            "roles": (),
            "navigation": navigation,
            "form_token": "",
            "words": request.app[WORDS][language(request)],
            "base": base_of(request),
            "contact": request.app[CONTACT],
            **context,
        },
        status=status,
    )
    return validated(request, answer, changed)


def data(
    request: web.Request,
    body: bytes,
    content_type: str,
    *,
    changed: datetime.datetime | None = None,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    """Answer with bytes for programs."""
    answer = web.Response(body=body, headers={"Content-Type": content_type, **(headers or {})}, status=status)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return validated(request, answer, changed)


def answer_json(
    request: web.Request,
    value: Any,
    *,
    changed: datetime.datetime | None = None,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
    status: int = 200,
) -> web.Response:
    """Answer with JSON."""
    return data(request, msgspec.json.encode(value), content_type, changed=changed, headers=headers, status=status)


def validated(request: web.Request, answer: web.Response, changed: datetime.datetime | None) -> web.Response:
    """The answer with its validators, or 304 where the client holds it already."""
    body = answer.body
    assert isinstance(body, bytes)
    tag = hashlib.sha256(body).hexdigest()[:32]
    answer.headers["ETag"] = f'"{tag}"'
    answer.headers["Cache-Control"] = CACHE
    if changed is not None:
        answer.headers["Last-Modified"] = format_datetime(changed.astimezone(datetime.UTC), usegmt=True)
    # A page also depends on the program that draws it: only what is data is taken by its age alone.
    aged = None if answer.content_type == "text/html" else changed
    if answer.status == 200 and _held(request, tag, aged):
        unchanged = web.Response(status=304)
        for name in ("ETag", "Cache-Control", "Last-Modified", "Vary", "Content-Language", "Link"):
            if name in answer.headers:
                unchanged.headers[name] = answer.headers[name]
        return unchanged
    return answer


def _held(request: web.Request, tag: str, changed: datetime.datetime | None) -> bool:
    wanted = request.if_none_match
    if wanted is not None:
        return any(held.value in (tag, "*") for held in wanted)
    since = request.headers.get("If-Modified-Since")
    if since is None or changed is None:
        return False
    try:
        return parsedate_to_datetime(since) >= changed.replace(microsecond=0)
    except (ValueError, TypeError):
        return False


async def refusal(request: web.Request, problem: Problem) -> web.Response:
    """The page of a refused request."""
    zh = language(request) == "zh"
    answer = page(
        request,
        "public_refusal.html",
        status=problem.type.status,
        problem=problem,
        title=problem.type.title_zh if zh else problem.type.title_en,
        detail=problem.type.detail_zh if zh else problem.type.detail_en,
        reason=texts_of(request).gettext(problem.reason) if problem.code == "bad_request" else "",
        incident=str(problem.fields.get("incident", "")),
    )
    answer.headers.popall("ETag", None)
    return dress(answer, problem, language(request))


def links(*pairs: tuple[str, str]) -> str:
    """A Link header (RFC 8288) of (relation, address) pairs; addresses of our own, already percent-encoded."""
    return ", ".join(f'<{address}>; rel="{relation}"' for relation, address in pairs if address)


def exact(text: str) -> Markup:
    """Text in HTML so that a browser's parser gives it back as it is; U+0000, which HTML cannot carry, as a picture."""
    return Markup(str(escape(text)).replace("\r", "&#13;").replace("\0", "\u2400"))  # noqa: S704 - just escaped


def tag_of(request: web.Request) -> str:
    """The language tag of the answer."""
    return LANG_TAGS[language(request)]
