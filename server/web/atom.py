"""Atom feeds (RFC 4287), written the same way by every face.

Invariant: whatever a text holds, the feed is well-formed XML that gives the text back, but for characters that XML
cannot carry: those become the pictures that Unicode has for them.
"""

from __future__ import annotations

import datetime
from typing import Final
from xml.etree import ElementTree as Xml

ATOM: Final = "http://www.w3.org/2005/Atom"
CONTENT_TYPE: Final = "application/atom+xml; charset=utf-8"
PICTURES: Final = {code: 0x2400 + code for code in (*range(9), 11, 12, *range(14, 32))} | {
    0xFFFE: 0xFFFD,
    0xFFFF: 0xFFFD,
}
"""Characters that XML cannot carry, as the pictures that Unicode has for them."""


def xml_text(text: str) -> str:
    """Text that XML can carry: control characters become the pictures that Unicode has for them."""
    return text.translate(PICTURES)


def feed(address: str, title: str, updated: datetime.datetime, *, page: str, tag: str) -> Xml.Element:
    """An empty feed: its own address, the page that it tells of, its language tag."""
    made = Xml.Element("feed", {"xmlns": ATOM, "xml:lang": tag})
    add(made, "id", address)
    add(made, "title", title)
    add(made, "updated", stamp(updated))
    link(made, "self", address, "application/atom+xml")
    link(made, "alternate", page, "text/html")
    return made


def add(parent: Xml.Element, name: str, text: str, attributes: dict[str, str] | None = None) -> None:
    """An element with a text."""
    Xml.SubElement(parent, name, attributes or {}).text = xml_text(text)


def link(parent: Xml.Element, relation: str, address: str, kind: str) -> None:
    """A link."""
    Xml.SubElement(parent, "link", {"rel": relation, "href": address, "type": kind})


def document(made: Xml.Element) -> bytes:
    """The feed as it is sent."""
    # A parser makes a line feed of a carriage return unless it is written as a reference.
    text = Xml.tostring(made, encoding="unicode").replace("\r", "&#13;")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode("utf-8")


def stamp(moment: datetime.datetime) -> str:
    """An instant as feeds write it."""
    return moment.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
