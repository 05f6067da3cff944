"""Help pages: one file for each topic and language, because whole texts are written, not assembled.

Invariant: every topic exists in both languages (a house test looks).
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from schemas.problems import Problem
from server.console.frame import page, texts_of
from server.identity.person import Person
from server.web.app import SERVICES
from server.web.i18n import N_
from server.web.languages import language

TOPICS: Final = {
    "first-steps": N_("First steps: sign in, find a case file"),
    "case-file": N_("Reading a case file: the two clocks, claims, missing files"),
    "review": N_("Legal review: the queue, comments, returning and passing a draft"),
    "plan": N_("Annual plans: import, criteria, approval, revision, progress"),
    "head": N_("For heads: what waits, discussion, decision"),
    "evidence": N_("Files of evidence: viewing, custody, damaged files"),
    "process": N_("Deadlines, signals and rules: how they are worked out"),
    "terminals": N_("Terminals: what is waiting, holes, forks, release"),
    "proof": N_("What the record proves, and how to check it"),
    "disclosure": N_("Publishing: prepare, release, correct, take back"),
    "draws": N_("Random draws: announce, enter, reveal, publish"),
    "ledgers": N_("Books of others: take over, compare, say what is one thing"),
    "export": N_("What a copy holds, and how to check it"),
    "supervision": N_("Supervision: figures, the report on what was done off the system, reports handed in, trails"),
    "webhooks": N_("Webhooks: telling other systems"),
    "access": N_("Accounts, roles and access tokens"),
    "administration": N_("Administration: accounts, terminals, authorities, rules"),
}


async def show_list(request: web.Request) -> web.Response:
    """All topics."""
    texts = texts_of(request)
    topics = [(name, texts.gettext(title)) for name, title in TOPICS.items()]
    return page(request, "help.html", await _reader(request), topics=topics)


async def show_topic(request: web.Request) -> web.Response:
    """One topic in the reader's language."""
    name = request.match_info["topic"]
    if name not in TOPICS:
        raise Problem("not_found")
    chosen = language(request)
    template = f"help/{name}.{chosen}.html"
    return page(request, template, await _reader(request), title=texts_of(request).gettext(TOPICS[name]))


async def _reader(request: web.Request) -> Person | None:
    """Who reads, for the header: help is open to everybody."""
    return await request.app[SERVICES].gate.identify(request)
