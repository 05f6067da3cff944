"""Canonical JSON: the vectors of RFC 8785 that concern text, integers and order, and what has no form here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import jcs

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-jcs.MAX_INTEGER, jcs.MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_keys_are_sorted_by_utf_16_code_units_as_the_rfc_shows() -> None:
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    order = ["\\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert (
        jcs.encode(value).decode()
        == "{" + ",".join(f'"{k}":{value[k.replace(chr(92) + "r", chr(13))]}' for k in order) + "}"
    )


def test_text_has_the_shortest_escapes_as_the_rfc_shows() -> None:
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f\u007f\u2028"
    assert jcs.encode(text) == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f\u2028"'.encode()


def test_literals_and_nesting_stand_as_the_rfc_shows() -> None:
    assert (
        jcs.encode({"literals": [None, True, False], "a": {"b": []}}) == b'{"a":{"b":[]},"literals":[null,true,false]}'
    )


@pytest.mark.parametrize("value", [1.0, float("nan"), 2**53, b"", {1: 2}, "\ud800", object()])
def test_what_has_no_form_here_is_refused(value: object) -> None:
    with pytest.raises(jcs.NotCanonical):
        jcs.encode(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{ "a":1}',
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e3",
        b'"\\u0041"',
        b"\xff",
        b"[1,]",
        b"NaN",
        b"-0",
        b"01",
    ],
)
def test_another_form_of_a_value_is_refused(data: bytes) -> None:
    with pytest.raises(jcs.NotCanonical):
        jcs.decode(data)


def test_depth_is_bounded() -> None:
    deep: object = 1
    for _ in range(jcs.MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(jcs.NotCanonical):
        jcs.encode([deep])
    with pytest.raises(jcs.NotCanonical):
        jcs.decode(b"[" * 100_000 + b"]" * 100_000)


@given(VALUE)
def test_what_is_written_is_read_again(value: object) -> None:
    assert jcs.decode(jcs.encode(value)) == value
