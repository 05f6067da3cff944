"""Claims about receipts: the known one verifies, whatever is changed does not, and what is none is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import canonical, receipt
from schemas.keys import Signer, verify_ed25519
from schemas.receipt import ReceiptRefused
from tests.support import wire_vectors

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A loaded machine says nothing about the code."""

KNOWN = wire_vectors.load("receipt")
RAW = bytes.fromhex(KNOWN["hex"])
KEY = bytes.fromhex(KNOWN["receipt_key"])
FIELDS = canonical.decode(RAW)
assert isinstance(FIELDS, dict)


def test_the_known_receipt_is_signed_by_the_known_key_over_the_known_message() -> None:
    found, message = receipt.decode(RAW)
    assert message.hex() == KNOWN["message"]
    assert verify_ed25519(KEY, found.sig, message)


def test_building_it_anew_gives_the_known_bytes() -> None:
    signer = Signer(bytes.fromhex(KNOWN["receipt_key_seed"]))
    assert receipt.build({k: v for k, v in FIELDS.items() if k != "sig"}, signer.sign) == RAW


@PATIENT
@given(st.integers(0, len(RAW) - 1), st.integers(0, 7))
def test_no_bit_can_be_flipped(place: int, bit: int) -> None:
    changed = bytearray(RAW)
    changed[place] ^= 1 << bit
    try:
        found, message = receipt.decode(bytes(changed))
    except ReceiptRefused:
        return
    assert not verify_ed25519(KEY, found.sig, message)


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - {"consistency", "epoch_proof", "epochs", "proof", "seal"}))
def test_without_a_key_that_must_be_there_it_is_no_receipt(name: str) -> None:
    with pytest.raises(ReceiptRefused):
        receipt.decode(canonical.encode({k: v for k, v in FIELDS.items() if k != name}))


CHANGES: dict[str, dict[str, Any]] = {
    "a further key": {"x": 1},
    "version 2": {"v": 2},
    "suite 2": {"suite": 2},
    "another durability": {"durable": "hoped"},
    "a negative watermark": {"watermark": -1},
    "a terminal of 15 bytes": {"terminal": bytes(15)},
    "an outcome that there is not": {"results": [{"outcome": "maybe", "position": 1, "seq": 1}]},
    "a result of seq 0": {"results": [{"outcome": "recorded", "position": 1, "seq": 0}]},
    "empty notes": {"results": [{"notes": [], "outcome": "recorded", "position": 1, "seq": 1}]},
    "a hash of 31 bytes": {"head": {"hash": bytes(31), "seq": 1}},
    "65 hashes in a proof": {"proof": {"hashes": [bytes(32)] * 65, "index": 0}},
    "1,001 missing files": {"missing": [bytes(32)] * 1_001},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_no_receipt_of_section_3_2_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ReceiptRefused):
        receipt.decode(canonical.encode({**FIELDS, **change}))


@pytest.mark.parametrize("raw", [b"", b"\xc0", RAW + b"\x00", RAW[:-1], canonical.encode([1]), b"\x91" * 5_000])
def test_bytes_that_are_not_a_canonical_map_are_refused(raw: bytes) -> None:
    with pytest.raises(ReceiptRefused):
        receipt.decode(raw)


def test_more_than_16_mib_are_refused_unread() -> None:
    with pytest.raises(ReceiptRefused, match="16 MiB"):
        receipt.decode(bytes(receipt.MAX_RECEIPT + 1))
