"""New signals as an Atom feed, for whoever looks over others and does not want to look every day.

A feed reader signs in with a token (`liuhen token create`). The invariant: an entry's id is the signal's for ever, its
`updated` changes with what is said of it, and no officer is named: why a signal stands may name one, so that is read on
its page.
"""

from __future__ import annotations

import datetime
from typing import Final
from xml.etree import ElementTree as Xml

from aiohttp import web

from projections.process import queries
from projections.process.off_system import NAMES
from projections.process.views import SignalRow
from server.log.ids import now_ms
from server.supervision.asking import place
from server.web import atom
from server.web.frames import FRAME
from server.web.languages import LANG_TAGS, language

ENTRIES: Final = 50
DAWN: Final = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
"""`updated` of a feed without entries."""


async def feed(request: web.Request) -> web.Response:
    """`/supervision/signals.atom`: the newest signals of the authorities that are seen."""
    as_of = now_ms()
    frame = request.app[FRAME]
    async with frame.scope(request) as connection:
        shown = dict(frame.seen(request))
        found = await queries.signals(connection, as_of=as_of, states=None, limit=ENTRIES)
    which = place(request)
    base = f"{request.scheme}://{request.host}"
    updated = max((_moment(one) for one in found.rows), default=DAWN)
    made = atom.feed(
        f"{base}{request.path}",
        frame.texts(request).gettext("Signals of supervision"),
        updated,
        page=f"{base}/signals",
        tag=LANG_TAGS[language(request)],
    )
    for one in found.rows:
        entry = Xml.SubElement(made, "entry")
        atom.add(entry, "id", f"urn:liuhen:signal:{one.id}")
        atom.add(entry, "title", f"{one.rule} {NAMES.get(one.rule, (one.rule, one.rule))[which]}")
        atom.add(entry, "updated", atom.stamp(_moment(one)))
        author = Xml.SubElement(entry, "author")
        atom.add(author, "name", f"{one.authority} {shown.get(one.authority, '')}".rstrip())
        atom.link(entry, "alternate", f"{base}/signals/{one.id}", "text/html")
        Xml.SubElement(entry, "category", {"term": one.severity})
        Xml.SubElement(entry, "category", {"term": one.state})
    response = web.Response(body=atom.document(made))
    response.headers["Content-Type"] = atom.CONTENT_TYPE
    return response


def _moment(one: SignalRow) -> datetime.datetime:
    """When something last changed: it came to stand, the facts took it away, or somebody said something."""
    instant = max([one.opens, one.closes or 0, *(act["at"] for act in one.acts)])
    return datetime.datetime.fromtimestamp(instant / 1000, datetime.UTC)
