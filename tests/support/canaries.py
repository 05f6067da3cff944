"""Canaries: values that stand in one field of one event each, made from the schemas of all types.

A text canary has a mark that no page says by itself and a number; a binary one begins with bytes that nothing else has.
`found` looks for either in whatever a crawl brought back, as it stands and in the forms that text takes on the way out:
percent-encoded, escaped, hexadecimal, base64, inside a zip.
"""

from __future__ import annotations

import base64
import copy
import html
import io
import itertools
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from schemas.events import REGISTRY, InvalidBody
from tests.support.event_vectors import FULL

MARK: Final = "金丝雀"
BYTES: Final = bytes.fromhex("cafe1dc0ffee")
KEPT: Final = frozenset({"case_id", "task_id", "document_no"})
"""Fields that say what an event belongs to: they stay, so that events lie in the file of a case."""
_TEXT: Final = re.compile(MARK + r"([0-9]{5})")


@dataclass
class Cage:
    """All canaries of a test: number -> type and place."""

    places: dict[int, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(10_000))

    def text(self, place: str) -> str:
        """A canary for a text field."""
        number = next(self._numbers)
        self.places[number] = place
        return f"{MARK}{number}"

    def binary(self, place: str, length: int) -> bytes:
        """A canary for an id or a digest of that length."""
        number = next(self._numbers)
        self.places[number] = place
        return BYTES + number.to_bytes(length - len(BYTES), "big")

    def fill(self, type_name: str, body: Mapping[str, Any], kept: frozenset[str] = KEPT) -> dict[str, Any]:
        """A body with a canary in every field that its type lets have one; fields of those names stay as they are."""
        made: dict[str, Any] = copy.deepcopy(dict(body))
        for path in list(_leaves(made)):
            if any(step in kept for step in path):
                continue
            _try(self, type_name, made, path)
        return made


def every_event(cage: Cage) -> dict[str, dict[str, Any]]:
    """A body of each type of the registry, full, with canaries wherever its schema lets them stand."""
    return {name: cage.fill(name, FULL[name]) for name in REGISTRY}


def found(data: bytes) -> set[int]:
    """The numbers of text canaries in some bytes, in any of their forms; of a binary one its own number."""
    seen: set[int] = set()
    for form in _forms(data):
        text = form.decode("utf-8", "ignore")
        seen.update(int(number) for number in _TEXT.findall(text))
        seen.update(int(number) for number in _TEXT.findall(html.unescape(text)))
        for match in re.finditer(rb"\\u[0-9a-fA-F]{4}", form):
            seen.update(int(number) for number in _TEXT.findall(_unescaped(form[match.start() : match.start() + 200])))
        seen |= _binary(form)
    return seen


def _binary(data: bytes) -> set[int]:
    seen: set[int] = set()
    for match in re.finditer(re.escape(BYTES), data):
        seen.update(_number(data[match.end() : match.end() + 26]))
    flat = data.replace(b"-", b"").lower()
    for match in re.finditer(BYTES.hex().encode(), flat):
        digits = re.match(rb"[0-9a-f]{20,52}", flat[match.end() : match.end() + 52])
        if digits is not None:
            tail = digits[0][: len(digits[0]) // 2 * 2]
            seen.update(_number(bytes.fromhex(tail.decode())))
    for run in re.findall(rb"[A-Za-z0-9+/_-]{20,}={0,2}", data):
        plain = run.replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        for skip in range(4):
            part = plain[skip:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            raw = base64.b64decode(part + b"=" * (-len(part) % 4))
            if BYTES in raw:
                seen.update(_number(raw[raw.index(BYTES) + len(BYTES) :][:26]))
    return seen


def _number(tail: bytes) -> Iterator[int]:
    """Ids have 10 bytes behind the mark, digests 26; either ends in the number."""
    for length in (10, 26):
        value = int.from_bytes(tail[:length], "big") if len(tail) >= length else 0
        if 10_000 <= value < 100_000:
            yield value


def _forms(data: bytes) -> Iterator[bytes]:
    yield data
    if b"%" in data:
        yield unquote_to_bytes(data)
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode() + b"\n" + archive.read(name)


def _unescaped(data: bytes) -> str:
    text = data.decode("latin-1")
    end = max(text.rfind('"'), 0) or len(text)
    for cut in (end, *range(len(text), 0, -1)):
        try:
            return str(json.loads(f'"{text[:cut]}"'))
        except json.JSONDecodeError:
            continue
    return ""


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _leaves(item, (*path, key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _leaves(item, (*path, index))
        case str() | bytes():
            yield path


def _try(cage: Cage, type_name: str, body: dict[str, Any], path: tuple[Any, ...]) -> None:
    holder: Any = body
    for step in path[:-1]:
        holder[step] = list(holder[step]) if isinstance(holder[step], tuple) else holder[step]
        holder = holder[step]
    before = holder[path[-1]]
    place = f"{type_name}{''.join(f'[{one}]' if isinstance(one, int) else f'.{one}' for one in path)}"
    number = next(cage._numbers)
    if isinstance(before, str):
        holder[path[-1]] = f"{MARK}{number}"
    elif len(before) >= 16:
        holder[path[-1]] = BYTES + number.to_bytes(len(before) - len(BYTES), "big")
    else:
        return
    try:
        REGISTRY.decode_body(type_name, body)
    except InvalidBody:
        holder[path[-1]] = before  # a word of a list, a code, a date: the field can hold no canary
    else:
        cage.places[number] = place
