"""Which of the two languages an answer is in.

Invariant: the answer is "zh" or "en" whatever a client sends; Chinese is the default.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from aiohttp import web

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
DEFAULT: Final[Language] = "zh"
COOKIE: Final = "liuhen_lang"
LANG_TAGS: Final = {"zh": "zh-CN", "en": "en"}
"""The value of the `lang` attribute and of Content-Language."""


def language(request: web.Request) -> Language:
    """The language of an answer: `?lang=`, then the switch of the header (a cookie).

    Without either a page is Chinese, whatever the browser was installed with; programs are asked for Accept-Language.
    """
    for chosen in (request.query.get("lang"), request.cookies.get(COOKIE)):
        known = _known(chosen)
        if known is not None:
            return known
    if "text/html" in request.headers.get("Accept", ""):
        return DEFAULT
    return accepted(request.headers.get("Accept-Language", ""))


def accepted(header: str) -> Language:
    """The better of our languages by an Accept-Language header; equal or unknown wishes give Chinese."""
    wishes: dict[Language, float] = {}
    for item in header[:500].split(","):
        tag, _, parameters = item.strip().partition(";")
        known = _known(tag.partition("-")[0].strip().lower())
        if known is not None and known not in wishes:
            wishes[known] = _weight(parameters)
    return "en" if wishes.get("en", 0.0) > wishes.get("zh", 0.0) else DEFAULT


def _known(text: str | None) -> Language | None:
    return "zh" if text in ("zh", "zh-CN") else "en" if text == "en" else None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
