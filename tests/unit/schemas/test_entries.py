"""Claims about log entries: the known leaves and roots, what is no entry, and that builders and readers agree."""

# ruff: noqa: E501 - a case of a table is one line

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from schemas import batch as batches
from schemas import canonical, entries, merkle, notes
from schemas.entries import EntryRefused, Who
from schemas.envelope import Seen
from schemas.keys import Signer, verify_ed25519
from schemas.notes import VerifierKey
from tests.support import wire_vectors

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A loaded machine says nothing about the code."""

LOG = wire_vectors.load("log")
LEAVES = [bytes.fromhex(entry["hex"]) for entry in LOG["entries"]]
DECODED = [entries.decode_strict(leaf) for leaf in LEAVES]
EVENT_KEY = bytes.fromhex(wire_vectors.load("envelopes")["event_key"])
TERMINAL = bytes.fromhex(wire_vectors.load("envelopes")["terminal"])


@pytest.mark.parametrize("index", range(len(LEAVES)))
def test_a_known_entry_is_read_as_its_kind_and_has_the_known_leaf_hash(index: int) -> None:
    known = LOG["entries"][index]
    assert type(DECODED[index]).__name__.lower() == known["kind"] + "entry"
    assert merkle.leaf_hash(LEAVES[index]).hex() == known["leaf_hash"]


def test_the_known_entries_hash_to_the_known_roots_and_checkpoint() -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    assert [merkle.root_of(hashes[:n]).hex() for n in range(len(LEAVES) + 1)] == LOG["roots"]
    signed = notes.open_checkpoint(LOG["checkpoint"], VerifierKey.parse(LOG["vkey"]), LOG["origin"])
    assert (signed.size, signed.root.hex()) == (len(LEAVES), LOG["roots"][-1])


def test_the_builders_give_the_known_entries_back() -> None:
    for leaf, entry in zip(LEAVES, DECODED, strict=True):
        assert rebuilt(entry) == leaf


def rebuilt(entry: entries.Entry) -> bytes:
    match entry:
        case entries.EpochEntry():
            return entries.epoch_entry(
                authority=entry.a, epoch=entry.e, host=entry.host, data=entry.keys.data, log=entry.keys.log,
                receipt=entry.keys.receipt, previous=entry.previous, received=entry.r, sig=entry.sig,
            )  # fmt: skip
        case entries.FieldEntry():
            return entries.field(entry.e, entry.t, entry.r)
        case entries.BranchEntry():
            return entries.branch(entry.b, entry.e, entry.q, entry.t, entry.r)
        case entries.SealEntry():
            return entries.seal(
                count=entry.c, declared=entry.d, first=entry.f, head=entry.h, seen=entry.n,
                lost=bytes(32) if entry.o is UNSET else entry.o, sig=entry.s, terminal=entry.t, suite=entry.u,
                envs=entry.x, received=entry.r,
            )  # fmt: skip
        case entries.IncidentEntry():
            return entries.incident(entry.y, entry.b, entry.t, entry.z, entry.r)
        case entries.OfficeEntry():
            return entries.office(
                about=entry.a, body=entry.b, id=entry.i, origin=entry.o, version=entry.q, who=entry.w, type=entry.y,
                salt=entry.z, received=entry.r,
            )  # fmt: skip
        case entries.DisclosureEntry():
            return entries.disclosure(entry.h, entry.i, entry.o, entry.r)
        case entries.StoredEntry():
            return entries.stored(entry.b, entry.o, entry.q, entry.y, entry.r)


def test_the_known_epochs_are_signed_by_whom_the_vectors_say() -> None:
    recovery = Signer(bytes.fromhex(LOG["recovery_key_seed"]))
    first = DECODED[0]
    assert isinstance(first, entries.EpochEntry)
    assert verify_ed25519(recovery.public, first.sig, entries.epoch_message_of(first))
    known = wire_vectors.load("epoch2")
    second = entries.decode_strict(bytes.fromhex(known["hex"]))
    assert isinstance(second, entries.EpochEntry)
    assert entries.epoch_message_of(second).hex() == known["message"]
    key = VerifierKey.parse(LOG["vkey"])
    assert verify_ed25519(key.public, second.sig, entries.epoch_message_of(second))
    assert notes.open_checkpoint(second.previous, key, LOG["origin"]).size == len(LEAVES)


def test_the_known_seals_carry_the_terminals_own_signature() -> None:
    seals = [entry for entry in DECODED if isinstance(entry, entries.SealEntry)]
    assert len(seals) == 2
    for seal in seals:
        message = batches.signed_message(
            suite=seal.u, terminal=seal.t, first=seal.f, count=seal.c, envs=seal.x, head=seal.h, declared=seal.d,
            seen=seal.n, lost=bytes(32) if seal.o is UNSET else seal.o,
        )  # fmt: skip
        assert verify_ed25519(EVENT_KEY, seal.s, message)


def test_a_branch_is_named_by_terminal_seq_and_first_differing_envelope() -> None:
    first = next(entry for entry in DECODED if isinstance(entry, entries.BranchEntry))
    assert entries.branch_id(first.t, first.q, sha256(first.e).digest()) == first.b
    assert entries.branch_id(first.t, first.q + 1, sha256(first.e).digest()) != first.b


def test_the_known_disclosure_hides_the_document_behind_its_salt() -> None:
    entry = next(entry for entry in DECODED if isinstance(entry, entries.DisclosureEntry))
    told = LOG["disclosure"]
    salt, document = bytes.fromhex(told["salt"]), told["document"].encode()
    assert entries.disclosure_hash(salt, document) == entry.h
    assert entries.disclosure_hash(bytes(32), document) != entry.h


@PATIENT
@given(st.binary(max_size=700), st.binary(min_size=16, max_size=16), st.integers(0, 2**53 - 1))
def test_the_frame_of_a_batch_gives_the_entries_that_the_builder_gives(
    data: bytes, terminal: bytes, received: int
) -> None:
    made = entries.FieldFrame(terminal, received)(data)
    assert made == canonical.encode({"e": data, "k": "field", "r": received, "t": terminal, "v": 1})
    decoded = entries.decode_strict(made)
    assert isinstance(decoded, entries.FieldEntry)
    assert (decoded.e, decoded.t, decoded.r) == (data, terminal, received)


FIELD: dict[str, Any] = {"e": b"x", "k": "field", "r": 1, "t": bytes(16), "v": 1}
REFUSED: dict[str, Any] = {
    "no map": [1],
    "an unknown kind": {**FIELD, "k": "note"},
    "no kind": {k: v for k, v in FIELD.items() if k != "k"},
    "another version": {**FIELD, "v": 2},
    "a further key": {**FIELD, "x": 1},
    "a terminal of 15 bytes": {**FIELD, "t": bytes(15)},
    "no received": {k: v for k, v in FIELD.items() if k != "r"},
    "over 65,535 bytes": {**FIELD, "e": bytes(65_536)},
    "a branch at seq 0": {"b": bytes(32), "e": b"", "k": "branch", "q": 0, "r": 1, "t": bytes(16), "v": 1},
    "a disclosure that says more": {"h": bytes(32), "i": bytes(16), "k": "disclosure", "name": "x", "o": "published", "r": 1, "v": 1},
    "a disclosure with another outcome": {"h": bytes(32), "i": bytes(16), "k": "disclosure", "o": "lost", "r": 1, "v": 1},
    "an act by officer and service": {
        "a": [], "b": {}, "i": bytes(16), "k": "office", "o": bytes(16), "q": 1, "r": 1, "v": 1,
        "w": {"officer": "a", "service": "b", "session": bytes(32), "via": "x"}, "y": "a.b.v1", "z": bytes(16),
    },
    "an act by nobody": {
        "a": [], "b": {}, "i": bytes(16), "k": "office", "o": bytes(16), "q": 1, "r": 1, "v": 1,
        "w": {"session": bytes(32), "via": "x"}, "y": "a.b.v1", "z": bytes(16),
    },
}  # fmt: skip


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_what_is_no_entry_of_section_4_is_refused(value: Any) -> None:
    with pytest.raises(EntryRefused):
        entries.decode_strict(canonical.encode(value))


@pytest.mark.parametrize("raw", [b"", b"\xc0", b"\x91" * 5_000, LEAVES[2] + b"\x00", b"\xde\x00\x05" + LEAVES[2][1:]])
def test_bytes_that_are_not_canonical_are_no_entry(raw: bytes) -> None:
    with pytest.raises(EntryRefused):
        entries.decode_strict(raw)


def test_an_office_body_has_at_most_48_000_bytes_and_an_incident_a_known_name() -> None:
    fields: dict[str, Any] = {
        "about": ["case:1"], "id": bytes(16), "origin": bytes(16), "version": 1,
        "who": Who(service="x", session=bytes(32), via="y"), "type": "a.b.v1", "salt": bytes(16), "received": 1,
    }  # fmt: skip
    entries.office(body={"x": bytes(48_000 - 6)}, **fields)
    with pytest.raises(EntryRefused, match="48,000"):
        entries.office(body={"x": bytes(48_000 - 5)}, **fields)
    with pytest.raises(EntryRefused, match="rumour"):
        entries.incident("rumour", {}, bytes(16), bytes(16), 1)


def test_a_seal_leaves_out_what_the_batch_left_out() -> None:
    fields: dict[str, Any] = {
        "count": 0, "declared": 1, "first": 1, "head": bytes(32), "sig": bytes(64), "terminal": TERMINAL, "suite": 1,
        "envs": bytes(32), "received": 1,
    }  # fmt: skip
    bare = canonical.decode(entries.seal(seen=UNSET, lost=bytes(32), **fields))
    full = canonical.decode(entries.seal(seen=Seen(1, bytes(32), 2), lost=b"\x01" * 32, **fields))
    assert isinstance(bare, dict)
    assert isinstance(full, dict)
    assert full.keys() - bare.keys() == {"n", "o"}
