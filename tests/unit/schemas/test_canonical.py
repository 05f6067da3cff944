"""Claims about the canonical codec: one form per value, and nothing but `NotCanonical` for anything else."""

from __future__ import annotations

import tracemalloc
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import typed
from schemas.canonical import NotCanonical, decode, encode
from tests.support import shared, wire_vectors

CANONICAL = wire_vectors.load("canonical")
SCALARS = st.one_of(st.booleans(), st.integers(-(2**63), 2**64 - 1), st.text(max_size=40), st.binary(max_size=300))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=20), st.dictionaries(st.text(max_size=8), inner, max_size=20)),
    max_leaves=30,
)


@pytest.mark.parametrize("vector", CANONICAL["valid"], ids=lambda vector: vector["name"])
def test_a_value_has_the_known_canonical_bytes_and_comes_back(vector: dict[str, Any]) -> None:
    value, data = wire_vectors.value_of(vector["value"]), bytes.fromhex(vector["hex"])
    assert encode(value) == data
    assert decode(data) == value


@pytest.mark.parametrize("vector", CANONICAL["invalid"], ids=lambda vector: vector["name"])
def test_bytes_that_are_not_canonical_are_refused_with_a_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(NotCanonical, match=r"\w+ \w+"):
        decode(bytes.fromhex(vector["hex"]))


def test_of_the_outside_suite_exactly_the_forms_of_the_profile_are_accepted() -> None:
    cases = [
        case for group in shared.load(shared.vectors("msgpack") / "msgpack-test-suite.json").values() for case in group
    ]
    assert len(cases) == 85
    accepted = refused = 0
    for case in cases:
        forms = [bytes.fromhex(form.replace("-", "")) for form in case["msgpack"]]
        expected = _allowed_form(case, forms)
        for form in forms:
            try:
                value = decode(form)
            except NotCanonical:
                refused += 1
                assert form != expected, f"{case}: {form.hex()} was refused"
            else:
                accepted += 1
                assert form == expected, f"{case}: {form.hex()} was accepted"
                assert encode(value) == form
    # All cases but one nil, two floats, nineteen timestamps and seven extension types.
    assert (accepted, accepted + refused) == (85 - 1 - 2 - 19 - 7, 233)


def _allowed_form(case: dict[str, Any], forms: list[bytes]) -> bytes | None:
    """The one form that the profile allows, worked out from the rule and not with our codec."""
    if not case.keys() & {"bool", "binary", "string", "array", "map", "number", "bignum"}:
        return None
    if "number" in case or "bignum" in case:
        number = int(case["bignum"]) if "bignum" in case else case["number"]
        if number != int(number):
            return None
        signed = range(0xD0, 0xD4)
        forms = [form for form in forms if form[0] not in (0xCA, 0xCB) and (form[0] in signed) <= (number < 0)]
    return min(forms, key=len)


@given(VALUES)
@settings(deadline=None, max_examples=150)
def test_whatever_is_encoded_is_decoded_to_the_same_value(value: object) -> None:
    assert decode(encode(value)) == value


@given(VALUES)
@settings(deadline=None, max_examples=100)
def test_an_independent_decoder_reads_the_same_value(value: object) -> None:
    assert msgpack.unpackb(encode(value), strict_map_key=True) == value


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_either_the_canonical_form_of_their_value_or_refused(data: bytes) -> None:
    try:
        value = decode(data)
    except NotCanonical:
        return
    assert encode(value) == data


@given(VALUES, st.data())
@settings(deadline=None, max_examples=100)
def test_a_flipped_bit_is_refused_or_is_another_value_in_its_own_canonical_form(
    value: object, data: st.DataObject
) -> None:
    good = bytearray(encode(value))
    bit = data.draw(st.integers(0, len(good) * 8 - 1))
    good[bit // 8] ^= 1 << bit % 8
    try:
        other = decode(bytes(good))
    except NotCanonical:
        return
    assert other != value
    assert encode(other) == bytes(good)


def _typed(data: bytes) -> object:
    try:
        return typed.decode(data)
    except typed.NotCanonical:
        return NotCanonical


def _generic(data: bytes) -> object:
    try:
        return decode(data)
    except NotCanonical:
        return NotCanonical


@given(VALUES, st.data())
@settings(deadline=None, max_examples=150)
def test_the_server_s_codec_writes_and_accepts_the_same_bytes(value: object, data: st.DataObject) -> None:
    good = encode(value)
    assert typed.encode(value) == good
    bad = bytearray(good)
    at = data.draw(st.integers(0, len(good) - 1))
    bad[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    for each in (good, bytes(bad)):
        assert _typed(each) == _generic(each)


@pytest.mark.parametrize("vector", CANONICAL["valid"] + CANONICAL["invalid"], ids=lambda vector: vector["name"])
def test_the_server_s_codec_agrees_on_the_known_answers(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    assert _typed(data) == _generic(data)


def test_the_order_in_which_keys_were_put_in_does_not_matter() -> None:
    assert encode({"b": 1, "a": 2}) == encode({"a": 2, "b": 1}) == bytes.fromhex("82a16102a16201")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "nil"),
        ({"a": None}, "nil"),
        (1.0, "floats"),
        ([float("nan")], "floats"),
        ({1: 2}, "map key is int"),
        ({b"a": 2}, "map key is bytes"),
        (2**64, "2\\^64-1"),
        (-(2**63) - 1, "-2\\^63"),
        ("\ud800", "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        ({1, 2}, "set is not allowed"),
        (bytearray(b"x"), "bytearray is not allowed"),
        (msgpack.Timestamp(0), "Timestamp is not allowed"),
    ],
)
def test_a_value_without_a_canonical_form_is_named(value: object, reason: str) -> None:
    with pytest.raises(NotCanonical, match=reason):
        encode(value)


def test_sixteen_containers_around_a_value_are_the_most() -> None:
    value: object = 7
    for _ in range(16):
        value = {"k": value}
    assert decode(encode(value)) == value
    with pytest.raises(NotCanonical, match="16 containers"):
        encode([value])
    with pytest.raises(NotCanonical, match="16 containers"):
        decode(b"\x91" + encode(value))


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(NotCanonical, match="16 containers"):
        encode(loop)


@pytest.mark.parametrize(
    "data",
    [
        b"\x91" * 5_000 + b"\x00",
        b"\x91" * 5_000,
        b"\x81\xa1a" * 5_000 + b"\x00",
        b"\xdc\x00\x01" * 5_000 + b"\x00",
        b"\xdd\x00\xff\xff\xff" * 5_000,
        b"\xdc\x04\x00" * 5_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff" + b"a" * 2_000,
        b"\xc9\xff\xff\xff\xff\x01",
        b"\xdc\x07\xd0" + b"\xc0" * 2_000,
        b"\xdc\x07\xd0" + b"\xca\x00\x00\x00\x00" * 2_000,
        b"\xdc\x07\xd0" + b"\xd4\x01\x00" * 2_000,
        b"\xdc\x07\xd0" + b"\x00" * 1_999,
        b"\xdc\x07\xd0" + b"\x00" * 2_001,
        b"\xdc\x07\xd0" + b"\x00" * 1_999 + b"\xcd\x01",
        b"\xdc\x07\xd0" + b"\x00" * 1_999 + b"\xdd",
        b"\x81\x91\x01\x01",
        b"\x81\x81\xa1a\x01\x01",
        b"\xc7\x0c\xff" + b"\xff" * 12,
        b"",
    ],
    ids=lambda data: data[:6].hex() + f"-{len(data)}",
)
def test_hostile_bytes_are_refused_without_reserving_what_they_announce(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(NotCanonical):
            decode(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


def test_a_long_array_is_read_although_headers_are_not_believed() -> None:
    for value in (
        list(range(5_000)),
        [[1] * 3_000] * 5,
        [{"k": [[]] * 2_000}],
        ["x" * 40] * 2_000,
        [b"y" * 300] * 1_500,
    ):
        assert decode(encode(value)) == value


def test_a_long_array_may_hold_every_type_of_the_profile() -> None:
    value = [
        0,
        200,
        70_000,
        2**40,
        -1,
        -200,
        -70_000,
        -(2**40),
        True,
        "a" * 40,
        "b" * 300,
        "c" * 70_000,
        b"d",
        b"e" * 300,
    ]
    value += [b"f" * 70_000, [1] * 20, {"k": 1}, {f"{n:03}": n for n in range(20)}]
    value = [value] * 70 + value * 70 + [list(range(70_000))]
    assert decode(encode(value)) == value


def test_only_bytes_are_decoded() -> None:
    with pytest.raises(NotCanonical, match="expected bytes, got bytearray"):
        decode(bytearray(b"\x80"))  # type: ignore[arg-type]  # that is the point
