"""Canonical MessagePack: the one byte form of every object that is signed or hashed (wire protocol, section 1).

Two directions: `encode` writes the canonical form, `decode` accepts nothing else. This codec stands on the package
`msgpack` and is the one that terminals and auditors use; the server's typed path has its own and both must agree byte
for byte.

Invariant: for all bytes b, either `encode(decode(b)) == b` or `decode(b)` raises `NotCanonical`; no input makes it
raise anything else, recurse deeper than the profile allows, or reserve memory for more than the bytes that came.
"""

from __future__ import annotations

import re
from typing import Final

import msgpack  # type: ignore[import-untyped]  # the package ships no types

MAX_DEPTH: Final = 16
"""Containers that may stand around a value; an empty container is a value too."""

MIN_INT: Final = -(2**63)
MAX_INT: Final = 2**64 - 1

_CHEAP_ARRAY: Final = 1024
"""Announced array length up to which the C decoder may reserve a list before it has seen the items."""


class NotCanonical(ValueError):
    """The bytes are not canonical MessagePack, or the value has no canonical form. The text names the broken rule."""


class _LongArray(NotCanonical):
    """An array longer than the C decoder may reserve blindly."""


def encode(value: object) -> bytes:
    """The canonical bytes of `value`: dict (str keys), list or tuple, str, bytes, int and bool, nested at most 16 deep.

    Keys may come in any order. Raises `NotCanonical` for nil, floats, extension and other types, keys that are not
    strings, integers outside -2^63 .. 2^64-1, strings that are not Unicode text, and deeper nesting.
    """
    try:
        packed: bytes | None = msgpack.packb(_ordered(value, 0), use_bin_type=True)
    except UnicodeEncodeError:
        raise NotCanonical("a string holds a lone surrogate: expected text that has a UTF-8 form") from None
    except (ValueError, OverflowError) as fault:
        raise NotCanonical(f"value too large for MessagePack: {fault}") from None
    assert packed is not None  # the stub allows None for streaming packers only
    return packed


def decode(data: bytes) -> object:
    """The value whose canonical form is `data`, made of dict, list, str, bytes, int and bool.

    Raises `NotCanonical` with the reason in words for everything else, whatever the bytes are.
    """
    if type(data) is not bytes:
        raise NotCanonical(f"expected bytes, got {type(data).__name__}")
    value = _unpack(data)
    _check(value, 0)
    # Types, depth and key order are sound, so this differs only where a longer form was used or a key came twice.
    if msgpack.packb(value, use_bin_type=True) != data:
        raise NotCanonical("not the shortest form, or a key that comes twice: encode the value anew")
    return value


def _unpack(data: bytes) -> object:
    """Decode any MessagePack without extension types; faults of the foreign decoder become `NotCanonical`."""
    try:
        return _unpackb(data, min(len(data), _CHEAP_ARRAY))
    except _LongArray:
        if len(data) <= _CHEAP_ARRAY:
            raise NotCanonical("a header announces more than the bytes that follow") from None
    # The C decoder reserves a list of the announced length before it has seen one item, and does so on each of up to a
    # thousand levels. Longer arrays are therefore admitted only once a look at all headers has shown that the items of
    # every open container fit into the bytes that follow.
    _check_headers(data)
    return _unpackb(data, len(data))


def _unpackb(data: bytes, max_array: int) -> object:
    try:
        return msgpack.unpackb(data, raw=False, use_list=True, max_array_len=max_array, max_ext_len=0)
    except msgpack.ExtraData:
        raise NotCanonical("bytes follow after the value: expected exactly one value") from None
    except msgpack.StackError:
        raise NotCanonical(f"nested too deep: at most {MAX_DEPTH} containers around a value") from None
    except msgpack.FormatError:
        raise NotCanonical("byte 0xc1 stands where a value should begin") from None
    except UnicodeDecodeError:
        raise NotCanonical("a string is not valid UTF-8") from None
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as fault:
        if "max_array_len" in str(fault):
            raise _LongArray(str(fault)) from None
        raise NotCanonical(f"not MessagePack of this profile: {fault or type(fault).__name__}") from None


def _check_headers(data: bytes) -> None:
    """Walk the headers without building anything; every announced length must be covered by the bytes that follow."""
    at, end = 0, len(data)
    open_items: list[int] = [1]  # items still to come, per open container; their sum is what the rest must hold
    owed = 1
    while owed:
        while not open_items[-1]:
            open_items.pop()
        if owed > end - at:
            raise NotCanonical("a header announces more than the bytes that follow")
        # Long arrays are mostly arrays of small values: one step for a whole run of them.
        run = _SINGLE_BYTES.match(data, at, at + open_items[-1])
        if run is not None:
            taken = run.end() - at
            at += taken
            owed -= taken
            open_items[-1] -= taken
            continue
        open_items[-1] -= 1
        owed -= 1
        first = data[at]
        at += 1
        items = skip = 0
        if first <= 0x8F:
            items = 2 * (first & 0x0F)
        elif first <= 0x9F:
            items = first & 0x0F
        elif first <= 0xBF:
            skip = first & 0x1F
        else:
            width = _LENGTH_WIDTH.get(first)
            if width is None:
                raise NotCanonical(f"byte 0x{first:02x} begins nil, a float or an extension: not in this profile")
            if 0xCC <= first <= 0xD3:
                skip = width
            else:
                if width > end - at:
                    raise NotCanonical("the bytes end inside a header")
                length = int.from_bytes(data[at : at + width], "big")
                at += width
                if first in (0xDC, 0xDD):
                    items = length
                elif first in (0xDE, 0xDF):
                    items = 2 * length
                else:
                    skip = length
        if skip > end - at:
            raise NotCanonical("a header announces more than the bytes that follow")
        at += skip
        if items:
            if len(open_items) > MAX_DEPTH:
                raise NotCanonical(f"nested too deep: at most {MAX_DEPTH} containers around a value")
            open_items.append(items)
            owed += items
    if at != end:
        raise NotCanonical("bytes follow after the value: expected exactly one value")


_SINGLE_BYTES: Final = re.compile(rb"[\x00-\x80\x90\xa0\xc2\xc3\xe0-\xff]+")
"""Values that are complete in one byte: small integers, booleans, the empty map, array and string."""

_LENGTH_WIDTH: Final = {
    0xC4: 1, 0xC5: 2, 0xC6: 4,  # bin
    0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8,  # uint: the value itself
    0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8,  # int: the value itself
    0xD9: 1, 0xDA: 2, 0xDB: 4,  # str
    0xDC: 2, 0xDD: 4,  # array
    0xDE: 2, 0xDF: 4,  # map
}  # fmt: skip


def _check(value: object, around: int) -> None:
    """Types, depth and key order of a decoded value; `around` counts the containers around it."""
    kind = type(value)
    if kind is str or kind is int or kind is bytes or kind is bool:
        if around > MAX_DEPTH:
            raise NotCanonical(f"nested too deep: at most {MAX_DEPTH} containers around a value")
        return
    if around > MAX_DEPTH:
        raise NotCanonical(f"nested too deep: at most {MAX_DEPTH} containers around a value")
    if isinstance(value, dict):
        before = None
        for key, item in value.items():
            if type(key) is not str:
                raise NotCanonical(f"a map key is {type(key).__name__}: expected a string")
            # Python compares by code point, which is the order of the UTF-8 bytes.
            if before is not None and key <= before:
                raise NotCanonical("map keys are not in ascending order of their UTF-8 bytes")
            before = key
            kind = type(item)
            if kind is dict or kind is list or around == MAX_DEPTH:
                _check(item, around + 1)
            elif kind is not str and kind is not int and kind is not bytes and kind is not bool:
                raise NotCanonical(_not_allowed(item))
    elif isinstance(value, list):
        for item in value:
            kind = type(item)
            if kind is dict or kind is list or around == MAX_DEPTH:
                _check(item, around + 1)
            elif kind is not str and kind is not int and kind is not bytes and kind is not bool:
                raise NotCanonical(_not_allowed(item))
    else:
        raise NotCanonical(_not_allowed(value))


def _ordered(value: object, around: int) -> object:
    """A copy with sorted keys, checked on the way."""
    if around > MAX_DEPTH:
        raise NotCanonical(f"nested too deep: at most {MAX_DEPTH} containers around a value")
    kind = type(value)
    if kind is str or kind is bytes or kind is bool:
        return value
    if isinstance(value, int):
        if kind is not int:
            raise NotCanonical(_not_allowed(value))
        if not MIN_INT <= value <= MAX_INT:
            raise NotCanonical("an integer lies outside -2^63 .. 2^64-1")
        return value
    if isinstance(value, dict):
        for key in value:
            if type(key) is not str:
                raise NotCanonical(f"a map key is {type(key).__name__}: expected a string")
        return {key: _ordered(value[key], around + 1) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_ordered(item, around + 1) for item in value]
    raise NotCanonical(_not_allowed(value))


def _not_allowed(value: object) -> str:
    if value is None:
        return "nil is not allowed: leave an absent field out"
    if isinstance(value, float):
        return "floats are not allowed: use an integer in a fixed unit"
    return f"{type(value).__name__} is not allowed: expected map, array, string, binary, integer or boolean"
