"""Structured fields, as far as request signatures need them (RFC 9651): dictionaries of inner lists and of bytes.

A strict reader with limits: what the profile of `schemas.httpsig` never uses (decimals, dates, display strings, nested
parameters on bytes) is refused rather than guessed, and a key that comes twice is refused although the RFC lets the
last one win, because two readers that disagree on which one counts are a way around a signature.

Invariant: one pass over the text, no regular expression that can backtrack, no recursion.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

MAX_FIELD_CHARS: Final = 8192
MAX_MEMBERS: Final = 8
MAX_ITEMS: Final = 32
MAX_PARAMETERS: Final = 16

_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*-]{0,63}")
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_TOKEN: Final = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~:/A-Za-z0-9]*")
_BYTES: Final = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_BOOLEAN: Final = re.compile(r"\?([01])")


class FieldRefused(ValueError):
    """A structured field is malformed or outside the profile. The text says what was expected and where."""


class Token(str):
    """A bare word, which serializes without quotes."""

    __slots__ = ()


BareItem = str | int | bool | bytes | Token


@dataclass(frozen=True, slots=True)
class InnerList:
    """A parenthesised list of items, each with its parameters, and the parameters of the list, in their order."""

    items: tuple[tuple[BareItem, tuple[tuple[str, BareItem], ...]], ...]
    parameters: tuple[tuple[str, BareItem], ...]

    def __str__(self) -> str:
        inside = " ".join(serialize(item) + _parameters(parameters) for item, parameters in self.items)
        return f"({inside})" + _parameters(self.parameters)


def parse_dictionary(text: str) -> dict[str, InnerList | BareItem]:
    """Read a dictionary field; its members are inner lists or items, whose own parameters are not allowed here."""
    if len(text) > MAX_FIELD_CHARS:
        raise FieldRefused(f"a field has at most {MAX_FIELD_CHARS} characters")
    reader = _Reader(text.strip(" "))
    members: dict[str, InnerList | BareItem] = {}
    while True:
        key = reader.take(_KEY, "a key")
        if key in members:
            raise FieldRefused(f"the key {key} comes twice")
        if len(members) == MAX_MEMBERS:
            raise FieldRefused(f"a dictionary has at most {MAX_MEMBERS} members")
        if not reader.skip("="):
            members[key] = True
        elif reader.peek() == "(":
            members[key] = reader.inner_list()
        else:
            members[key] = reader.bare_item()
        if reader.peek() == ";":
            raise FieldRefused("parameters are allowed on inner lists only")
        reader.spaces(" \t")
        if reader.done():
            return members
        if not reader.skip(","):
            raise FieldRefused(f"expected a comma or the end at character {reader.at}")
        reader.spaces(" \t")
        if reader.done():
            raise FieldRefused("a comma with nothing behind it")


def serialize(item: BareItem) -> str:
    """The one spelling of a bare item."""
    if isinstance(item, bool):
        return f"?{int(item)}"
    if isinstance(item, int):
        return str(item)
    if isinstance(item, bytes):
        return f":{base64.b64encode(item).decode('ascii')}:"
    if isinstance(item, Token):
        return str(item)
    if not all(" " <= each <= "~" for each in item):
        raise FieldRefused("a string in a field holds printable ASCII only")
    return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Reader:
    """A position in the text of one field."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def done(self) -> bool:
        return self.at >= len(self.text)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def skip(self, character: str) -> bool:
        found = self.peek() == character
        self.at += found
        return found

    def spaces(self, which: str) -> int:
        start = self.at
        while not self.done() and self.text[self.at] in which:
            self.at += 1
        return self.at - start

    def take(self, pattern: re.Pattern[str], what: str) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise FieldRefused(f"expected {what} at character {self.at}")
        self.at = found.end()
        return found[found.lastindex or 0]

    def bare_item(self) -> BareItem:
        first = self.peek()
        if first == '"':
            return re.sub(r"\\(.)", r"\1", self.take(_STRING, "a string of printable ASCII"))
        if first == ":":
            encoded = self.take(_BYTES, "bytes in base64 between colons")
            try:
                data = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                raise FieldRefused("bytes are not standard base64 with padding") from None
            if base64.b64encode(data).decode("ascii") != encoded:
                raise FieldRefused("bytes are not the canonical base64 of their value")
            return data
        if first == "?":
            return self.take(_BOOLEAN, "?0 or ?1") == "1"
        if first.isascii() and (first.isdigit() or first == "-"):
            return int(self.take(_INTEGER, "an integer of at most 15 digits"))
        return Token(self.take(_TOKEN, "a string, integer, token, boolean or bytes"))

    def parameters(self) -> tuple[tuple[str, BareItem], ...]:
        found: dict[str, BareItem] = {}
        while self.skip(";"):
            self.spaces(" ")
            key = self.take(_KEY, "a parameter name")
            if key in found:
                raise FieldRefused(f"the parameter {key} comes twice")
            if len(found) == MAX_PARAMETERS:
                raise FieldRefused(f"at most {MAX_PARAMETERS} parameters")
            found[key] = self.bare_item() if self.skip("=") else True
        return tuple(found.items())

    def inner_list(self) -> InnerList:
        self.skip("(")
        items: list[tuple[BareItem, tuple[tuple[str, BareItem], ...]]] = []
        self.spaces(" ")
        while not self.skip(")"):
            if len(items) == MAX_ITEMS:
                raise FieldRefused(f"an inner list has at most {MAX_ITEMS} items")
            items.append((self.bare_item(), self.parameters()))
            if not self.spaces(" ") and self.peek() != ")":
                raise FieldRefused(f"expected a space or a closing parenthesis at character {self.at}")
        return InnerList(tuple(items), self.parameters())


def _parameters(parameters: tuple[tuple[str, BareItem], ...]) -> str:
    return "".join(f";{key}" if value is True else f";{key}={serialize(value)}" for key, value in parameters)
