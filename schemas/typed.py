"""Canonical MessagePack by msgspec: the server's fast path beside `schemas.canonical`, the terminal side's codec.

Both accept exactly the same bytes (a property test holds them together). Re-encoding proves form, not type, so nil,
floats, extension types and depth are walked as well (wire protocol, section 1).
"""

from __future__ import annotations

from typing import Any

import msgspec

MAX_DEPTH = 16  # containers around any value, an empty container being a value too

ENCODER = msgspec.msgpack.Encoder(order="sorted")
_DECODER = msgspec.msgpack.Decoder(Any)


class NotCanonical(ValueError):
    """The bytes are not the canonical encoding of any value; the text says why, never what they held."""


def _walk(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is dict:
        if (depth >= MAX_DEPTH and value) or depth > MAX_DEPTH:
            raise NotCanonical("more than 16 containers around a value")
        for key, item in value.items():
            if type(key) is not str:
                raise NotCanonical("a map key is not a string")
            inner = type(item)
            if inner is dict or inner is list:
                _walk(item, depth + 1)
            elif inner is not str and inner is not int and inner is not bytes and inner is not bool:
                raise NotCanonical("nil, float or extension type")
    elif kind is list:
        if (depth >= MAX_DEPTH and value) or depth > MAX_DEPTH:
            raise NotCanonical("more than 16 containers around a value")
        for item in value:
            inner = type(item)
            if inner is dict or inner is list:
                _walk(item, depth + 1)
            elif inner is not str and inner is not int and inner is not bytes and inner is not bool:
                raise NotCanonical("nil, float or extension type")
    elif kind is not str and kind is not int and kind is not bytes and kind is not bool:
        raise NotCanonical("nil, float or extension type")


def decode(data: bytes | memoryview) -> Any:
    """Decode canonical bytes to dict, list, str, bytes, int, bool; anything else raises NotCanonical."""
    try:
        value = _DECODER.decode(data)
    except RecursionError:
        raise NotCanonical("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, MemoryError, TypeError):
        raise NotCanonical("not MessagePack: truncated, malformed or with bytes behind it") from None
    _walk(value, 0)
    if ENCODER.encode(value) != data:
        raise NotCanonical("keys unsorted or repeated, or a form that is not the shortest")
    return value


def encode(value: Any) -> bytes:
    """Canonical bytes of a value made of dict, list, str, bytes, int and bool; that it is one is up to the caller."""
    return ENCODER.encode(value)
