"""News of published records: Atom (RFC 4287) and JSON Feed 1.1, of an authority, of a search or of everything.

Invariant: an entry's id is the record's address for ever, and its `updated` changes only with a new revision; what was
taken down is news too, told without the party.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from xml.etree import ElementTree as Xml

from aiohttp import web

from schemas.published_document import Document
from server.public import frame, store
from server.public.records import amount
from server.public.search import Search
from server.public.words import Words
from server.web import atom as atoms

ENTRIES: Final = 50
DAWN: Final = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
"""`updated` of a feed without entries."""


async def atom(request: web.Request) -> web.Response:
    """`/feed.atom`: the newest of a search, in the order of release."""
    wanted, entries, updated = await _newest(request)
    words, base = Words(frame.texts_of(request)), frame.base_of(request)
    feed = atoms.feed(
        base + wanted.at("/feed.atom"),
        _title(request, wanted, entries),
        updated,
        page=base + wanted.at("/disclosures"),
        tag=frame.tag_of(request),
    )
    for one in entries:
        entry = Xml.SubElement(feed, "entry")
        address = f"{base}/disclosures/{one.record}"
        atoms.add(entry, "id", address)
        atoms.add(entry, "title", headline(one, words))
        atoms.add(entry, "updated", atoms.stamp(one.released))
        atoms.add(Xml.SubElement(entry, "author"), "name", one.document.agency.name)
        atoms.link(entry, "alternate", address, "text/html")
        atoms.link(entry, "alternate", f"{base}/api/v1/disclosures/{one.record}", "application/json")
        Xml.SubElement(entry, "category", {"term": one.document.subject, "label": words.subject(one.document.subject)})
        atoms.add(entry, "content", body(one.document), {"type": "text"})
    return frame.data(request, atoms.document(feed), atoms.CONTENT_TYPE, changed=updated)


async def json_feed(request: web.Request) -> web.Response:
    """`/feed.json`: the same as JSON Feed 1.1, with the whole document under `_liuhen`."""
    wanted, entries, updated = await _newest(request)
    words, base = Words(frame.texts_of(request)), frame.base_of(request)
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(request, wanted, entries),
        "home_page_url": base + wanted.at("/disclosures"),
        "feed_url": base + wanted.at("/feed.json"),
        "language": frame.tag_of(request),
        "items": [
            {
                "id": f"{base}/disclosures/{one.record}",
                "url": f"{base}/disclosures/{one.record}",
                "title": headline(one, words),
                "content_text": body(one.document),
                "date_modified": atoms.stamp(one.released),
                "authors": [{"name": one.document.agency.name}],
                "tags": [one.document.subject, *one.document.kinds],
                "_liuhen": {
                    "status": one.status,
                    "api": f"{base}/api/v1/disclosures/{one.record}",
                    "fields": {field.code: amount(field) for field in one.document.fields if amount(field)},
                },
            }
            for one in entries
        ],
    }
    return frame.answer_json(request, feed, changed=updated, content_type="application/feed+json")


def headline(one: store.Entry, words: Words) -> str:
    """One line about a record; of one that was taken down it says only that."""
    document = one.document
    party = document.head(0)
    number = document.number or ""
    parts = [
        words.status(one.status) if document.tombstone else "",
        party,
        str(number),
        words.subject(document.subject),
    ]
    return " · ".join(part for part in parts if part)


def body(document: Document) -> str:
    """The columns of a record, one a line; of a tombstone its day and reason."""
    if document.tombstone:
        return f"{document.changed.on.isoformat()}\n{document.changed.reason}" if document.changed else ""
    return "\n".join(f"{one.header}: {amount(one)}" for one in document.fields if amount(one))


async def _newest(request: web.Request) -> tuple[Search, Sequence[store.Entry], datetime.datetime]:
    wanted = replace(Search.of(request.query), after=None)
    entries = await store.changes(frame.pool_of(request), wanted, ENTRIES)
    return wanted, entries, entries[0].released if entries else DAWN


def _title(request: web.Request, wanted: Search, entries: Sequence[store.Entry]) -> str:
    title = frame.texts_of(request).gettext("Disclosure of work-safety enforcement")
    if wanted.authority and entries:
        return f"{title} · {entries[0].document.agency.name}"
    return title
