"""Claims about private values: the known answer opens, what was not committed to does not, no secret shows."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import canonical
from schemas.private import MAX_SEALED_BYTES, PREFIX, SealRefused, commitment, key_tag, open_sealed, seal
from tests.support import wire_vectors

KNOWN = {
    name: bytes.fromhex(text) if name != "value" else text
    for name, text in wire_vectors.load("envelopes")["private"].items()
}
VALUE: str = KNOWN["value"]
SALT: bytes = KNOWN["salt"]
H: bytes = KNOWN["commitment"]
DATA_KEY: bytes = KNOWN["data_key"]
C: bytes = KNOWN["c"]
KEYS = {key_tag(DATA_KEY): KNOWN["data_key_secret"]}
# Points of small order on Curve25519 and its twist, and other spellings of them: every secret with them is zero.
WEAK = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def _sealed_by_hand(plain: bytes, h: bytes = H) -> bytes:
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    sealed = suite.encrypt(plain, X25519PublicKey.from_public_bytes(DATA_KEY), info=PREFIX + h)
    return b"\x01" + key_tag(DATA_KEY) + sealed


def test_the_known_answer_has_its_commitment_and_opens() -> None:
    assert commitment(SALT, VALUE) == H
    opened = open_sealed(C, H, KEYS)
    assert (opened.salt, opened.value) == (SALT, VALUE)


VALUES: Any = st.one_of(
    st.text(max_size=50), st.integers(-(2**63), 2**64 - 1), st.dictionaries(st.text(max_size=5), st.binary(max_size=9))
)


@given(VALUES, st.binary(min_size=32, max_size=32))
@settings(deadline=None, max_examples=30)
def test_what_is_sealed_opens_to_the_same_value_and_never_looks_the_same(value: object, salt: bytes) -> None:
    h = commitment(salt, value)
    first, second = seal(value, salt, h, DATA_KEY), seal(value, salt, h, DATA_KEY)
    assert first != second
    assert open_sealed(first, h, KEYS) == open_sealed(second, h, KEYS)
    assert open_sealed(first, h, KEYS).value == value


@given(st.integers(0, len(C) * 8 - 1))
@settings(deadline=None, max_examples=60)
def test_any_flipped_bit_counts_as_not_arrived(bit: int) -> None:
    data = bytearray(C)
    data[bit // 8] ^= 1 << bit % 8
    if bit // 8 == 5 + 31 and bit % 8 == 7:
        return  # X25519 ignores the top bit of a point (RFC 7748), yet HPKE hashes it: covered below
    with pytest.raises(SealRefused) as refused:
        open_sealed(bytes(data), H, KEYS)
    assert refused.value.not_arrived


def test_the_ignored_top_bit_of_the_sender_s_point_is_authenticated_all_the_same() -> None:
    data = bytearray(C)
    data[36] ^= 0x80
    with pytest.raises(SealRefused):
        open_sealed(bytes(data), H, KEYS)


def test_a_value_sealed_for_another_commitment_does_not_open() -> None:
    other = commitment(SALT, "another")
    with pytest.raises(SealRefused, match="does not open") as refused:
        open_sealed(C, other, KEYS)
    assert refused.value.not_arrived


@pytest.mark.parametrize(
    "plain",
    [
        canonical.encode({"salt": SALT, "value": "another"}),
        canonical.encode({"salt": bytes(32), "value": VALUE}),
        canonical.encode({"salt": SALT[:31], "value": VALUE}),
        canonical.encode({"salt": SALT, "value": VALUE, "x": 1}),
        canonical.encode({"salt": SALT}),
        canonical.encode([SALT, VALUE]),
        canonical.encode({"salt": SALT, "value": VALUE}) + b"\x00",
        b"\xc0",
        b"",
    ],
)
def test_a_value_that_was_not_committed_to_is_refused_although_it_decrypts(plain: bytes) -> None:
    with pytest.raises(SealRefused, match="opened value") as refused:
        open_sealed(_sealed_by_hand(plain), H, KEYS)
    assert refused.value.not_arrived
    assert VALUE not in str(refused.value)


@pytest.mark.parametrize(
    ("c", "reason"),
    [
        (b"", "cannot be one of ours"),
        (C[:52], "cannot be one of ours"),
        (b"\x01" * (MAX_SEALED_BYTES + 1), "cannot be one of ours"),
        (b"\x02" + C[1:], "seal suite 2"),
        (b"\x00" + C[1:], "seal suite 0"),
        (C[:1] + b"\x00\x00\x00\x00" + C[5:], "not held here"),
        (C + b"\x00", "does not open"),
        (C[:-1], "does not open"),
    ],
)
def test_another_suite_key_or_length_counts_as_not_arrived(c: bytes, reason: str) -> None:
    with pytest.raises(SealRefused, match=reason) as refused:
        open_sealed(c, H, KEYS)
    assert refused.value.not_arrived


def test_the_holder_chooses_among_old_keys_by_the_four_bytes() -> None:
    new = X25519PrivateKey.from_private_bytes(b"\x0a" * 32)
    tag = key_tag(new.public_key().public_bytes_raw())
    both = {**KEYS, tag: b"\x0a" * 32}
    sealed = seal(VALUE, SALT, H, new.public_key().public_bytes_raw())
    assert sealed[1:5] == tag != C[1:5]
    assert open_sealed(C, H, both) == open_sealed(sealed, H, both)


@pytest.mark.parametrize("weak", WEAK)
def test_an_all_zero_shared_secret_is_refused_on_both_sides(weak: str) -> None:
    with pytest.raises(SealRefused, match="data key is refused"):
        seal(VALUE, SALT, H, bytes.fromhex(weak))
    with pytest.raises(SealRefused) as refused:
        open_sealed(C[:5] + bytes.fromhex(weak) + C[37:], H, KEYS)
    assert refused.value.not_arrived


def test_a_value_is_sealed_only_under_its_own_commitment_and_within_8_kib() -> None:
    with pytest.raises(SealRefused, match="does not belong"):
        seal("another", SALT, H, DATA_KEY)
    with pytest.raises(SealRefused, match="32 random bytes"):
        commitment(SALT[:16], VALUE)
    with pytest.raises(canonical.NotCanonical):
        commitment(SALT, 1.5)
    overhead = len(seal("x" * 8_000, SALT, commitment(SALT, "x" * 8_000), DATA_KEY)) - 8_000
    largest = "x" * (MAX_SEALED_BYTES - overhead)
    assert len(seal(largest, SALT, commitment(SALT, largest), DATA_KEY)) == MAX_SEALED_BYTES
    with pytest.raises(SealRefused, match="at most 8192"):
        seal(largest + "x", SALT, commitment(SALT, largest + "x"), DATA_KEY)


def test_the_repr_of_an_opened_value_shows_nothing() -> None:
    assert VALUE not in repr(open_sealed(C, H, KEYS))
    assert SALT.hex() not in repr(open_sealed(C, H, KEYS))
