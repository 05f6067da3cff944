"""Help for the public, one file for each topic and language, and the program that verifies a record without this site.

Invariant: every topic exists in both languages (a house test looks); the program is the file that the tests run.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

from aiohttp import web

from schemas.problems import Problem
from server.public import frame
from server.web.i18n import N_
from server.web.languages import language

TOPICS: Final = {
    "read": N_("How to read a record"),
    "verify": N_("How to verify a record, with and without this site"),
    "draws": N_("Random draws: what is published, and how to repeat one"),
    "data": N_("Tables, feeds and the interface for programs"),
}
PROGRAM: Final = "verify_record.py"


async def show_list(request: web.Request) -> web.Response:
    """All topics."""
    texts = frame.texts_of(request)
    topics = [(name, texts.gettext(title)) for name, title in TOPICS.items()]
    return frame.page(request, "public_help.html", topics=topics)


async def show_topic(request: web.Request) -> web.Response:
    """One topic in the reader's language."""
    name = request.match_info["topic"]
    if name not in TOPICS:
        raise Problem("not_found")
    title = frame.texts_of(request).gettext(TOPICS[name])
    return frame.page(request, f"help/{name}.{language(request)}.html", title=title)


async def program(request: web.Request) -> web.Response:
    """`/help/verify_record.py`: one file, Python and its standard library, to check a proof offline."""
    text = (resources.files("server.public") / "verifier" / PROGRAM).read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="{PROGRAM}"'}
    return frame.data(request, text, "text/x-python; charset=utf-8", headers=headers)
