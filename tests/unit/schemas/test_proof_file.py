"""Claims about tlog-proof files: what is written is read and verified offline, and nothing else is."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.merkle import inclusion_proof, leaf_hash, root_of
from schemas.notes import VerifierKey
from schemas.proof_file import MAX_EXTRA_BYTES, ProofFile, ProofRefused, parse_proof, proof_file, verify_proof
from tests.support import wire_vectors

LOG = wire_vectors.load("log")
KEY = VerifierKey.parse(LOG["vkey"])
LEAVES = [leaf_hash(bytes.fromhex(entry["hex"])) for entry in LOG["entries"]]
SIZE = len(LEAVES)


def node(level: int, index: int) -> bytes:
    return root_of(LEAVES[index << level : (index + 1) << level])


def proof_of(index: int, extra: bytes | None = None) -> str:
    return proof_file(index, inclusion_proof(index, SIZE, node), LOG["checkpoint"], extra)


TEXT = proof_of(5, b"released on paper")


def test_the_file_has_the_lines_of_the_specification() -> None:
    lines = TEXT.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "extra " + base64.b64encode(b"released on paper").decode()
    assert lines[2] == "index 5"
    assert [base64.b64decode(line) for line in lines[3:7]] == inclusion_proof(5, SIZE, node)
    assert TEXT.endswith("\n\n" + LOG["checkpoint"])


def test_every_entry_of_the_known_log_is_proven_by_its_file() -> None:
    for index in range(SIZE):
        for extra in (None, b"", b"\x00\xff"):
            proof = parse_proof(proof_of(index, extra))
            assert (proof.index, proof.extra) == (index, extra)
            assert verify_proof(proof, LEAVES[index], KEY, LOG["origin"]).size == SIZE


def test_a_file_proves_no_other_entry_no_other_place_and_no_other_log() -> None:
    proof = parse_proof(TEXT)
    with pytest.raises(ProofRefused, match="does not lead"):
        verify_proof(proof, LEAVES[6], KEY, LOG["origin"])
    with pytest.raises(ProofRefused, match="does not lead"):
        verify_proof(ProofFile(4, proof.hashes, proof.checkpoint), LEAVES[5], KEY, LOG["origin"])
    with pytest.raises(ProofRefused, match="does not lead"):
        verify_proof(ProofFile(SIZE, proof.hashes, proof.checkpoint), LEAVES[5], KEY, LOG["origin"])
    with pytest.raises(ProofRefused, match="checkpoint is refused"):
        verify_proof(proof, LEAVES[5], KEY, "liuhen.example/210500/2")


@given(st.integers(0, len(TEXT.encode()) * 8 - 1))
@settings(deadline=None, max_examples=200)
def test_a_flipped_bit_fails_unless_it_lies_in_the_unauthenticated_extra_data(bit: int) -> None:
    data = bytearray(TEXT.encode())
    data[bit // 8] ^= 1 << bit % 8
    try:
        proof = parse_proof(data.decode())
        verify_proof(proof, LEAVES[5], KEY, LOG["origin"])
    except (ProofRefused, UnicodeDecodeError):
        return
    assert proof.extra != b"released on paper"
    assert proof == ProofFile(5, parse_proof(TEXT).hashes, LOG["checkpoint"], proof.extra)


@given(
    st.integers(0, 2**64 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=64),
    st.none() | st.binary(max_size=99),
)
@settings(deadline=None, max_examples=60)
def test_a_proof_read_back_is_the_same(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    proof = ProofFile(index, tuple(hashes), LOG["checkpoint"], extra)
    assert parse_proof(proof.text()) == proof


HEAD, TAIL = TEXT.split("\n\n", 1)
LINES = HEAD.split("\n")


def _with(at: int, line: str | None) -> str:
    lines = [*LINES[:at], *([] if line is None else [line]), *LINES[at + 1 :]]
    return "\n".join(lines) + "\n\n" + TAIL


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(HEAD, id="no checkpoint"),
        pytest.param(HEAD + "\n" + TAIL, id="no empty line"),
        pytest.param(HEAD + "\n\n\n" + TAIL, id="two empty lines"),
        pytest.param("\n" + TEXT, id="empty first line"),
        pytest.param(TEXT.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(_with(0, "c2sp.org/tlog-proof@v2"), id="another version"),
        pytest.param(_with(0, None), id="no header"),
        pytest.param(_with(2, None), id="no index"),
        pytest.param(_with(2, "index 05"), id="leading zero"),
        pytest.param(_with(2, "index +5"), id="sign"),
        pytest.param(_with(2, "index  5"), id="two spaces"),
        pytest.param(_with(2, "index -1"), id="negative"),
        pytest.param(_with(2, f"index {2**64}"), id="index of 2^64"),
        pytest.param(_with(2, "index 5 "), id="space behind"),
        pytest.param(_with(1, "extra"), id="extra without a space"),
        pytest.param(_with(1, "extra AA"), id="extra without padding"),
        pytest.param(_with(1, "extra AB=="), id="extra with unused bits set"),
        pytest.param(_with(1, "extra AAAA\nextra AAAA"), id="extra twice"),
        pytest.param(_with(3, LINES[3] + "A"), id="hash of another length"),
        pytest.param(_with(3, base64.b64encode(bytes(31)).decode()), id="hash of 31 bytes"),
        pytest.param(_with(3, "\n".join([LINES[3]] * 65)), id="65 hashes and more"),
        pytest.param(_with(1, "extra " + "AAAA" * (MAX_EXTRA_BYTES // 3 + 1)), id="extra over the limit"),
        pytest.param("x" * 2_000_000, id="two million characters"),
    ],
)
def test_a_malformed_file_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        parse_proof(text)
