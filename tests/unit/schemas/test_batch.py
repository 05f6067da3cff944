"""Claims about batches: what is signed, which forms are refused with which code, and the order of the refusals."""

# ruff: noqa: E501 - a case of a table is one line

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import batch as batches
from schemas import canonical
from schemas.batch import MAX_AHEAD, MAX_ENVELOPES, MAX_PRIVATE, MAX_SEALED
from schemas.envelope import MAX_ENVELOPE, MAX_SAFE
from schemas.keys import Signer, verify_ed25519
from schemas.problems import Problem
from tests.support import wire_vectors

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A loaded machine says nothing about the code."""

VECTORS = {vector["name"]: vector for vector in wire_vectors.load("batches")["batches"]}
EVENT_KEY = bytes.fromhex(wire_vectors.load("envelopes")["event_key"])
BASE: dict[str, Any] = {
    "declared": 4, "envelopes": [b"a", b"b"], "first": 3, "sig": bytes(64), "suite": 1, "terminal": bytes(16), "v": 1,
}  # fmt: skip
BEAT: dict[str, Any] = {**BASE, "envelopes": [], "head": bytes(32), "declared": 2}


def code_of(value: Any) -> str:
    with pytest.raises(Problem) as refused:
        batches.decode(value if isinstance(value, bytes) else canonical.encode(value))
    return refused.value.code


def fields_of(value: Any) -> dict[str, object]:
    with pytest.raises(Problem) as refused:
        batches.decode(value if isinstance(value, bytes) else canonical.encode(value))
    return refused.value.fields


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_the_known_batches_have_the_known_message_and_signature(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    batch = batches.decode(raw)
    assert batches.encode(batch) == raw
    message = batches.message_of(batch, [sha256(e).digest() for e in batch.envelopes])
    assert message.hex() == vector["message"]
    assert verify_ed25519(EVENT_KEY, batch.sig, message)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_every_signed_part_of_a_known_batch_changes_the_message(vector: dict[str, Any]) -> None:
    value = canonical.decode(bytes.fromhex(vector["hex"]))
    assert isinstance(value, dict)

    def message(changed: dict[str, Any]) -> bytes:
        batch = batches.decode(canonical.encode(changed))
        return batches.message_of(batch, [sha256(e).digest() for e in batch.envelopes])

    for change in (
        {"declared": value["declared"] + 1},
        {"terminal": bytes(16)},
        {"seen": {"epoch": 7, "root": bytes(32), "size": 9}},
        {"first": value["first"] + 100, "declared": value["declared"] + 100},
        {"envelopes": [*value["envelopes"], b"x"], "declared": value["declared"] + 1} if value["envelopes"] else {"head": b"x" * 32},
    ):  # fmt: skip
        assert message({**value, **change}) != message(value), change


def test_dropping_the_last_envelope_changes_the_message_even_if_nobody_can_decode_it() -> None:
    batch = batches.decode(bytes.fromhex(VECTORS["an undecodable envelope at the end"]["hex"]))
    hashes = [sha256(e).digest() for e in batch.envelopes]
    assert not verify_ed25519(EVENT_KEY, batch.sig, batches.message_of(batch, hashes[:-1]))


GOOD: dict[str, dict[str, Any]] = {
    "two envelopes": BASE,
    "a heartbeat": BEAT,
    "a heartbeat of a new terminal": {**BEAT, "first": 1, "declared": 0},
    "the most envelopes": {**BASE, "envelopes": [b""] * MAX_ENVELOPES, "declared": 502},
    "the largest envelope": {**BASE, "envelopes": [bytes(MAX_ENVELOPE)], "declared": 3},
    "the most that may be declared": {**BASE, "declared": 4 + MAX_AHEAD},
    "the most private values": {**BASE, "private": [{"c": b"", "h": bytes(32)}] * MAX_PRIVATE},
    "the largest private value": {**BASE, "private": [{"c": bytes(MAX_SEALED), "h": bytes(32)}]},
    "one lost": {**BASE, "lost": [{"first": 1, "hash": bytes(32), "last": 2}]},
    "two lost parts": {**BASE, "first": 9, "declared": 10, "lost": [{"first": 1, "hash": bytes(32), "last": 1}, {"first": 3, "hash": bytes(32), "last": 8}]},
    "the last seq there is": {**BASE, "first": MAX_SAFE - 1, "declared": MAX_SAFE},
}  # fmt: skip


@pytest.mark.parametrize("value", GOOD.values(), ids=GOOD)
def test_what_section_3_allows_is_decoded(value: dict[str, Any]) -> None:
    raw = canonical.encode(value)
    assert batches.encode(batches.decode(raw)) == raw


REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "not_canonical"),
    "no map": ([1], "not_canonical"),
    "keys unsorted": (b"\x82\xa1v\x01\xa1a\x01", "not_canonical"),
    "a further key": ({**BASE, "x": 1}, "not_canonical"),
    **{f"no {name}": ({k: v for k, v in BASE.items() if k != name}, "not_canonical") for name in BASE},
    "declared below last": ({**BASE, "declared": 3}, "not_canonical"),
    "declared too far ahead": ({**BASE, "declared": 4 + MAX_AHEAD + 1}, "not_canonical"),
    "first is 0": ({**BASE, "first": 0}, "not_canonical"),
    "first beyond uint": ({**BASE, "first": 2**53, "declared": 2**53 + 1}, "not_canonical"),
    "last beyond uint": ({**BASE, "first": MAX_SAFE, "declared": MAX_SAFE}, "not_canonical"),
    "a heartbeat without head": ({k: v for k, v in BEAT.items() if k != "head"}, "not_canonical"),
    "a head beside envelopes": ({**BASE, "head": bytes(32)}, "not_canonical"),
    "a head of 31 bytes": ({**BEAT, "head": bytes(31)}, "not_canonical"),
    "an envelope that is text": ({**BASE, "envelopes": ["a", b"b"]}, "not_canonical"),
    "a signature of 63 bytes": ({**BASE, "sig": bytes(63)}, "not_canonical"),
    "an empty lost": ({**BASE, "lost": []}, "not_canonical"),
    "an empty private": ({**BASE, "private": []}, "not_canonical"),
    "lost from 0": ({**BASE, "lost": [{"first": 0, "hash": bytes(32), "last": 2}]}, "not_canonical"),
    "lost backwards": ({**BASE, "lost": [{"first": 2, "hash": bytes(32), "last": 1}]}, "not_canonical"),
    "lost reaching first": ({**BASE, "lost": [{"first": 1, "hash": bytes(32), "last": 3}]}, "not_canonical"),
    "lost parts that touch": ({**BASE, "lost": [{"first": 1, "hash": bytes(32), "last": 1}, {"first": 2, "hash": bytes(32), "last": 2}]}, "not_canonical"),
    "lost with a further key": ({**BASE, "lost": [{"first": 1, "hash": bytes(32), "last": 2, "x": 1}]}, "not_canonical"),
    "seen of epoch 0": ({**BASE, "seen": {"epoch": 0, "root": bytes(32), "size": 1}}, "not_canonical"),
    "seen of size 0": ({**BASE, "seen": {"epoch": 1, "root": bytes(32), "size": 0}}, "not_canonical"),
    "version 2": ({**BASE, "v": 2}, "unsupported_version"),
    "suite 2": ({**BASE, "suite": 2}, "unsupported_version"),
    "version true": ({**BASE, "v": True}, "not_canonical"),
    "version text": ({**BASE, "v": "1"}, "not_canonical"),
    "version 2 with other keys": ({"v": 2, "payload": b""}, "unsupported_version"),
    "version 2 and too many envelopes": ({**BASE, "v": 2, "envelopes": [b""] * 501}, "unsupported_version"),
    "version 2 of another encoding": (b"\x82\xa1v\x02\xa1a\xc0", "unsupported_version"),
    "501 envelopes": ({**BASE, "envelopes": [b""] * 501, "declared": 503}, "too_large"),
    "an envelope of 60,001 bytes": ({**BASE, "envelopes": [b"a", bytes(60_001)]}, "too_large"),
    "2,001 private values": ({**BASE, "private": [{"c": b"", "h": bytes(32)}] * 2_001}, "too_large"),
    "a private value over 8 KiB": ({**BASE, "private": [{"c": bytes(8_193), "h": bytes(32)}]}, "too_large"),
    "an envelope too large and a further key": ({**BASE, "envelopes": [b"a", bytes(60_001)], "x": 1}, "too_large"),
    "5,000 levels": (b"\x91" * 5_000 + b"\x01", "not_canonical"),
    "a float": (b"\x81\xa8declared\xcb" + bytes(8), "not_canonical"),
    "nil": (b"\x81\xa8declared\xc0", "not_canonical"),
    "an array said to be 4 GiB": (b"\x81\xa9envelopes\xdd\xff\xff\xff\xff", "not_canonical"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "code"), REFUSED.values(), ids=REFUSED)
def test_the_refusal_names_what_is_wrong(value: Any, code: str) -> None:
    assert code_of(value) == code


def test_an_oversize_envelope_is_named_by_its_seq_and_the_limit() -> None:
    assert fields_of({**BASE, "envelopes": [b"a", bytes(60_001)]}) == {"limit": 60_000, "seq": 4}
    assert fields_of({**BASE, "envelopes": [b"a", bytes(60_001)], "x": 1}) == {"limit": 60_000, "seq": 4}
    assert fields_of({**BASE, "envelopes": [b""] * 501, "declared": 503})["limit"] == 500


@PATIENT
@given(st.binary(max_size=300))
def test_no_bytes_make_decoding_fail_otherwise_than_with_a_problem(raw: bytes) -> None:
    assert code_of(raw) in ("not_canonical", "unsupported_version", "too_large")


@PATIENT
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte_is_refused_or_leaves_another_canonical_batch(place: int, value: int) -> None:
    raw = bytearray(bytes.fromhex(VECTORS["three envelopes"]["hex"]))
    raw[place % len(raw)] = value
    code = ""
    try:
        again = batches.encode(batches.decode(bytes(raw)))
    except Problem as problem:
        code, again = problem.code, bytes(raw)
    assert again == bytes(raw)
    assert code in ("", "not_canonical", "unsupported_version", "too_large")


def test_a_batch_signed_for_suite_1_fits_no_other_suite() -> None:
    signer = Signer(bytes(32))
    batch = batches.decode(canonical.encode(BASE))
    hashes = [sha256(e).digest() for e in batch.envelopes]
    parts: dict[str, Any] = {
        "terminal": batch.terminal, "first": batch.first, "count": 2, "envs": batches.envs_hash(hashes),
        "head": hashes[-1], "declared": batch.declared, "seen": batch.seen, "lost": batches.lost_hash(batch.lost),
    }  # fmt: skip
    signature = signer.sign(batches.signed_message(suite=1, **parts))
    assert verify_ed25519(signer.public, signature, batches.message_of(batch, hashes))
    assert not verify_ed25519(signer.public, signature, batches.signed_message(suite=2, **parts))
