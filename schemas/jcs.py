"""Canonical JSON (RFC 8785) for documents that carry text, whole numbers, truth values, arrays and objects.

A published document is hashed in this form, so that a browser or any other language makes the same bytes from what it
read. Fractions are left out on purpose: money is whole fen, and the one part of RFC 8785 that is hard to repeat (how a
double is printed) is never needed. The invariant: `decode(encode(value)) == value`, and `decode` accepts exactly the
bytes that `encode` would write.
"""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

MAX_INTEGER: Final = 2**53 - 1
MAX_DEPTH: Final = 16

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


class NotCanonical(ValueError):
    """A value that has no canonical form here, or bytes that are not in it. The text says why."""


def encode(value: Any) -> bytes:
    """The canonical bytes (UTF-8). Raises NotCanonical for floats, other types, large integers, lone surrogates."""
    try:
        return _text(value, 0).encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("text with half of a surrogate pair has no canonical form") from None


def decode(data: bytes) -> Json:
    """The value of canonical bytes. Raises NotCanonical where any other form of the same value came."""
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as fault:
        raise NotCanonical(f"not canonical JSON: {type(fault).__name__}") from None
    if encode(value) != data:
        raise NotCanonical("expected sorted keys, no blanks and the shortest escapes (RFC 8785)")
    return value  # type: ignore[no-any-return]  # json.loads: every kind of value was looked at by encode


def _text(value: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise NotCanonical(f"expected at most {MAX_DEPTH} containers around a value")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical("expected an integer that a double holds exactly")
        return str(int(value))
    if isinstance(value, list | tuple):
        return f"[{','.join(_text(item, depth + 1) for item in value)}]"
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        # Sorted by UTF-16 code units, as ECMAScript compares strings; code points sort otherwise beyond U+FFFF.
        members = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass"))
        return f"{{{','.join(f'{_text(key, depth)}:{_text(item, depth + 1)}' for key, item in members)}}}"
    raise NotCanonical(f"expected text, an integer, a truth value, an array or an object, got {type(value).__name__}")


def _refuse(text: str) -> Any:
    raise ValueError(f"not a whole number: {text[:20]}")
