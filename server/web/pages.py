"""HTML pages: templates rendered with the texts, dates and numbers of the reader's language.

Templates lie in a folder of each face and in server/web/templates (the frame of every page). Invariant: everything that
a template prints is escaped; an undefined name is an error, not an empty place.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache, cached_property
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError
from types import CodeType
from typing import Any, Final
from urllib.parse import quote, urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from markupsafe import Markup

from server.web.i18n import Texts, load_texts
from server.web.languages import COOKIE, LANG_TAGS, Language, language
from server.web.routes import Everybody, Route

CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China Standard Time; it has had no daylight saving since 1991."""
LANGUAGE_COOKIE_SECONDS: Final = 365 * 24 * 3600
HERE: Final = Path(__file__).parent
OTHER: Final[Mapping[Language, tuple[str, str]]] = {"zh": ("en", "English"), "en": ("zh-CN", "中文")}
"""What the switch in the header says, in its own language: (lang tag, text)."""
STATIC_TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript"}


@dataclass(frozen=True)
class Pages:
    """The pages of one application. `folders` are the template folders of its faces."""

    folders: tuple[Path, ...]

    @cached_property
    def texts(self) -> Mapping[Language, Texts]:
        """The catalogues, read once."""
        return load_texts()

    @cached_property
    def environments(self) -> Mapping[Language, Environment]:
        """One Jinja environment for each language."""
        return {chosen: _environment(texts, self.folders) for chosen, texts in self.texts.items()}

    @cached_property
    def assets(self) -> Mapping[str, tuple[bytes, str, str]]:
        """Files of server/web/static: name -> (content, media type, digest that is part of its address)."""
        found = {}
        for path in sorted((HERE / "static").iterdir()):
            if path.suffix in STATIC_TYPES:
                content = path.read_bytes()
                found[path.name] = (content, STATIC_TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:16])
        return found

    def load(self) -> Pages:
        """Read everything now: what is missing is found when the server starts. Returns itself."""
        for environment in self.environments.values():
            for name in environment.list_templates(extensions=["html"]):
                environment.get_template(name)
        assert self.assets
        return self

    def render(
        self, request: web.Request, template: str, context: Mapping[str, Any], *, status: int = 200
    ) -> web.Response:
        """Answer with a page. `?lang=` is remembered, so that the switch in the header stays where it was put."""
        chosen = language(request)
        environment = self.environments[chosen]
        html = environment.get_template(template).render(
            {
                "lang": chosen,
                "lang_tag": LANG_TAGS[chosen],
                "path": request.path,
                "switch": _switch(request, chosen),
                "other": OTHER[chosen],
                "asset": self._asset,
                **context,
            }
        )
        response = web.Response(status=status, text=html, content_type="text/html", charset="utf-8")
        response.headers["Content-Language"] = LANG_TAGS[chosen]
        response.headers["Vary"] = "Accept-Language, Cookie"
        if request.query.get("lang") == chosen:
            response.set_cookie(
                COOKIE, chosen, max_age=LANGUAGE_COOKIE_SECONDS, path="/", httponly=True, samesite="Lax"
            )
        return response

    def _asset(self, name: str) -> str:
        return f"/static/{self.assets[name][2]}/{name}"

    async def send_asset(self, request: web.Request) -> web.Response:
        """A file of server/web/static; its address changes with its content, so it is kept for ever."""
        found = self.assets.get(request.match_info["name"])
        if found is None or found[2] != request.match_info["digest"]:
            raise web.HTTPNotFound
        content, kind, _ = found
        response = web.Response(body=content, content_type=kind, charset="utf-8")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    def route(self) -> Route:
        """The route of the static files."""
        return Route("GET", "/static/{digest}/{name}", self.send_asset, Everybody())


PAGES: Final = web.AppKey("pages", Pages)


@dataclass(frozen=True, slots=True)
class NavLink:
    """A link in the header of every page. `count` stands beside it if it is not 0; `counts` says what it counts."""

    to: str
    text: str
    here: bool
    count: int = 0
    counts: str = ""


def _switch(request: web.Request, chosen: Language) -> str:
    """This very page in the other language."""
    other = "en" if chosen == "zh" else "zh"
    pairs = [(name, value) for name, value in request.query.items() if name != "lang"]
    return f"{quote(request.path)}?{urlencode([*pairs, ('lang', other)])}"


class Compiled(FileSystemBytecodeCache):
    """Templates compiled once: for both languages, for every application, and for the next start of this program.

    They lie beside Python's own bytecode, so who may change them may change the program. Code is that of a template's
    text and of this file: a text or a filter is looked up when a page is rendered, and no filter that knows a language
    is worked out beforehand (`pass_context`).
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), "page-%s.cache")
        self._made_by = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
        self._code: dict[tuple[str, str], CodeType] = {}

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(self._made_by + source)

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))
        if bucket.code is None:
            try:
                super().load_bytecode(bucket)
            except (EOFError, ValueError, TypeError, UnpicklingError):
                bucket.reset()  # a power cut left half of it: it is compiled anew
            self._keep(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._keep(bucket)
        if not sys.dont_write_bytecode:
            with suppress(OSError):  # a program that somebody else installed is not written to
                super().dump_bytecode(bucket)

    def _keep(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


@cache
def _compiled() -> Compiled:
    return Compiled(Path(cache_from_source(__file__)).parent)


def _environment(texts: Texts, folders: Sequence[Path]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([HERE / "templates", *folders]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_compiled(),
    )
    # The i18n extension adds this method to the environment; Jinja's types do not know it.
    install = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(texts.gettext, texts.ngettext, newstyle=True, pgettext=texts.pgettext, npgettext=texts.npgettext)
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters["when"] = pass_context(lambda _, ms: when(ms, texts.language))
    environment.filters["minute"] = minute
    environment.filters["day"] = lambda ms: minute(ms, length=10)
    environment.filters["span"] = pass_context(lambda _, ms: span(ms, texts))
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["path"] = lambda value: quote(str(value), safe="")
    return environment


def when(ms: int, chosen: Language) -> Markup:
    """An instant in milliseconds as a `time` element, Asia/Shanghai; what no calendar holds as its plain number."""
    try:
        moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(CHINA)
    except OverflowError:
        return Markup("<span>{} ms</span>").format(ms)
    if chosen == "zh":
        shown = f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M:%S}"
    else:
        shown = f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M:%S}"
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), shown)


def minute(ms: int, length: int = 16) -> Markup:
    """An instant as short as it can stand in a dense table: 2026-11-23 08:00, the whole of it in the attribute."""
    try:
        moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).astimezone(CHINA)
    except OverflowError:
        return Markup("<span>{} ms</span>").format(ms)
    shown = moment.isoformat(sep=" ", timespec="minutes")[:length]
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), shown)


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def span(ms: int, texts: Texts) -> str:
    """A length of time in words, with its sign: two largest units."""
    sign = "-" if ms < 0 else ""
    ms = abs(ms)
    if ms < 1000:
        return sign + texts.gettext("%(num)s ms") % {"num": ms}
    seconds = ms // 1000
    parts: list[str] = []
    for size, words in (
        (86_400, texts.ngettext("%(num)s day", "%(num)s days", seconds // 86_400)),
        (3_600, texts.gettext("%(num)s h")),
        (60, texts.gettext("%(num)s min")),
        (1, texts.gettext("%(num)s s")),
    ):
        number, seconds = divmod(seconds, size)
        if number and len(parts) < 2:
            parts.append(words % {"num": number})
    return sign + " ".join(parts)
