"""Claims about keys: which are taken, that verification is strict, that a signer keeps its secret to itself."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp

from schemas.keys import KeyRefused, Signer, check_ed25519_public, check_x25519_public, verify_ed25519
from tests.support import shared, wire_vectors

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]
SIGNER = Signer(b"\x01" * 32)


def _scalar_of(seed: bytes) -> int:
    half = bytearray(hashlib.sha512(seed).digest()[:32])
    half[0] &= 248
    half[31] = half[31] & 127 | 64
    return int.from_bytes(half, "little") % ORDER


def _signature_with_point(point: bytes, nonce: int, message: bytes) -> bytes:
    """A signature whose R is `point` and whose S fits nonce * B: R - nonce * B is left over."""
    digest = hashlib.sha512(point + SIGNER.public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return point + ((nonce + challenge * _scalar_of(b"\x01" * 32)) % ORDER).to_bytes(32, "little")


def test_a_signer_gives_the_known_public_key_and_a_valid_signature() -> None:
    known = wire_vectors.load("enrol")
    signer = Signer(bytes.fromhex(wire_vectors.load("envelopes")["event_key_seed"]))
    assert signer.public.hex() == known["event_key"]
    assert signer.sign(bytes.fromhex(known["message"])).hex() == known["sig"]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
@settings(deadline=None, max_examples=50)
def test_what_a_signer_signs_verifies_under_its_sound_key(seed: bytes, message: bytes) -> None:
    signer = Signer(seed)
    check_ed25519_public(signer.public)
    assert verify_ed25519(signer.public, signer.sign(message), message)


@given(st.integers(0, 64 * 8 + 5 * 8 - 1))
@settings(deadline=None, max_examples=60)
def test_any_flipped_bit_of_signature_or_message_fails(bit: int) -> None:
    both = bytearray(SIGNER.sign(b"hello") + b"hello")
    both[bit // 8] ^= 1 << bit % 8
    assert not verify_ed25519(SIGNER.public, bytes(both[:64]), bytes(both[64:]))


def test_no_low_order_mixed_order_or_non_canonical_key_of_the_outside_vectors_is_taken() -> None:
    cases = shared.load(shared.vectors("ed25519") / "cctv_ed25519vectors.json")
    assert len(cases) == 914
    bad_flags = {"low_order_A", "low_order_component_A", "non_canonical_A"}
    taken = 0
    for case in cases:
        try:
            check_ed25519_public(bytes.fromhex(case["key"]))
        except KeyRefused:
            continue
        taken += 1
        assert not bad_flags & set(case["flags"] or []), case
    assert taken == 28


def test_of_the_outside_vectors_under_sound_keys_exactly_the_strictly_valid_signatures_verify() -> None:
    for case in shared.load(shared.vectors("ed25519") / "cctv_ed25519vectors.json"):
        key, signature, message = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"]), case["msg"].encode()
        try:
            check_ed25519_public(key)
        except KeyRefused:
            continue
        flags = set(case["flags"] or [])
        # Cofactorless and R as bytes: a rest of small order and a second spelling of R both fail.
        valid = not flags & {"low_order_residue", "non_canonical_R"}
        assert verify_ed25519(key, signature, message) == valid, case


def test_a_low_order_key_verifies_nothing_although_a_lax_library_would() -> None:
    lax = 0
    for case in shared.load(shared.vectors("ed25519") / "cctv_ed25519vectors.json"):
        if "low_order_A" not in (case["flags"] or []):
            continue
        key, signature, message = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"]), case["msg"].encode()
        assert not verify_ed25519(key, signature, message), case
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        except Exception:  # noqa: BLE001 - whatever a lax library says; it is only counted
            continue
        lax += 1
    assert lax > 100


@pytest.mark.parametrize("key", SMALL_ORDER[:5])
def test_one_signature_for_many_messages_under_a_key_of_small_order_verifies_for_none(key: str) -> None:
    forged = bytes.fromhex(SMALL_ORDER[0]) + bytes(
        32
    )  # R the identity, S zero: fits whenever the challenge kills the key
    lax = 0
    for number in range(64):
        message = number.to_bytes(2, "big")
        assert not verify_ed25519(bytes.fromhex(key), forged, message)
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(forged, message)
        except InvalidSignature:
            continue
        lax += 1
    assert lax > 1, "the attack is real for a library that does not look at the key"


def test_all_151_wycheproof_cases_agree() -> None:
    count = 0
    for group in shared.load(shared.vectors("ed25519") / "wycheproof_ed25519_test.json")["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            verdict = verify_ed25519(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert verdict == (case["result"] == "valid"), case
            count += 1
    assert count == 151


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_key_of_small_order_is_refused(key: str) -> None:
    with pytest.raises(KeyRefused, match="prime-order"):
        check_ed25519_public(bytes.fromhex(key))


@pytest.mark.parametrize("torsion", SMALL_ORDER[1:4:2])
def test_a_sound_key_plus_a_point_of_small_order_is_refused(torsion: str) -> None:
    mixed = crypto_core_ed25519_add(SIGNER.public, bytes.fromhex(torsion))
    assert mixed != SIGNER.public
    with pytest.raises(KeyRefused, match="prime-order"):
        check_ed25519_public(mixed)


def test_a_second_spelling_of_a_point_is_refused() -> None:
    spelled = [(PRIME + y) | sign << 255 for y in range(19) for sign in (0, 1)]
    for number in spelled:
        with pytest.raises(KeyRefused):
            check_ed25519_public(number.to_bytes(32, "little"))


@pytest.mark.parametrize("key", [b"", b"\x01" * 31, b"\x01" * 33, bytearray(SIGNER.public), "ab" * 16])
def test_a_key_of_another_length_or_type_is_refused_with_its_length(key: Any) -> None:
    with pytest.raises(KeyRefused, match="32 bytes"):
        check_ed25519_public(key)
    with pytest.raises(KeyRefused, match="32 bytes"):
        check_x25519_public(key)


def test_an_x25519_key_of_zeros_is_refused_and_others_are_not_judged() -> None:
    with pytest.raises(KeyRefused, match="zeros"):
        check_x25519_public(bytes(32))
    check_x25519_public(b"\xff" * 32)


@pytest.mark.parametrize("torsion", SMALL_ORDER[1:])
def test_verification_is_cofactorless(torsion: str) -> None:
    nonce = 1234567890123456789
    honest = crypto_scalarmult_ed25519_base_noclamp(nonce.to_bytes(32, "little"))
    assert verify_ed25519(SIGNER.public, _signature_with_point(honest, nonce, b"m"), b"m")
    try:
        mixed = crypto_core_ed25519_add(honest, bytes.fromhex(torsion))
    except Exception:  # noqa: BLE001 - an encoding that the library does not read cannot be added
        pytest.fail("the test needs this point")
    assert not verify_ed25519(SIGNER.public, _signature_with_point(mixed, nonce, b"m"), b"m")


def test_a_signature_that_only_one_library_takes_gets_the_specified_answer() -> None:
    identity = bytes.fromhex(SMALL_ORDER[0])
    # R is the identity and S fits it: valid by the rule, though libsodium refuses every R of small order.
    assert verify_ed25519(SIGNER.public, _signature_with_point(identity, 0, b"m"), b"m")


def test_s_that_is_not_reduced_is_refused() -> None:
    signature = SIGNER.sign(b"m")
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify_ed25519(SIGNER.public, signature[:32] + s.to_bytes(32, "little"), b"m")


@pytest.mark.parametrize(
    ("key", "signature"), [(b"", b"\x00" * 64), (SIGNER.public, b""), (SIGNER.public, b"\x00" * 63)]
)
def test_bytes_of_another_length_do_not_verify_and_do_not_raise(key: bytes, signature: bytes) -> None:
    assert verify_ed25519(key, signature, b"m") is False


def test_a_signer_shows_and_gives_away_no_secret() -> None:
    signer = Signer(b"\x2a" * 32)
    assert repr(signer) == f"Signer(public={signer.public.hex()})"
    assert "2a2a2a" not in repr(signer)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(signer)


@pytest.mark.parametrize("seed", [b"", b"\x00" * 31, b"\x00" * 64, bytearray(32)])
def test_a_seed_of_another_length_is_refused(seed: Any) -> None:
    with pytest.raises(KeyRefused, match="seed has 32 bytes"):
        Signer(seed)
