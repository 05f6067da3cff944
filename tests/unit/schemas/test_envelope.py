"""Claims about reading envelopes: every note of section 3.1, the bounds of section 2, and the two ways that agree."""

# ruff: noqa: E501 - a case of a table is one line

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from schemas import canonical, envelope
from schemas.envelope import (
    MAX_ENVELOPE,
    NOTE_BITS,
    NOTES,
    UNSOUND,
    Envelope,
    Reader,
    Reading,
    clock_jumped,
    read,
    take,
)
from schemas.events import REGISTRY
from tests.support import wire_vectors

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A loaded machine says nothing about the code."""

VECTORS = wire_vectors.load("envelopes")
TERMINAL = bytes.fromhex(VECTORS["terminal"])
PREV = bytes(range(32))
BASE: dict[str, Any] = {
    "about": ["authority:210500", "task:019b77b0-0000-7000-8000-000000000001"],
    "at": 1_767_229_200_000,
    "body": {"place": "北门"},
    "by": ["officer-0017", "officer-0023"],
    "id": bytes.fromhex("019b7711968071018101010101010101"),
    "occurred": 1_767_229_199_000,
    "prev": PREV,
    "salt": bytes(16),
    "seq": 7,
    "terminal": TERMINAL,
    "type": "site.entered.v1",
    "v": 1,
}
ANCHOR = {"epoch": 1, "root": bytes(32), "size": 5}
BLOB = {"sha256": bytes(32), "size": 0, "type": "image/jpeg"}
CLOCK = {"boot": bytes(16), "mono": 0, "offset": 0}
LOC = {"acc": 8, "crs": "GCJ02", "lat": 900_000_000, "lon": -1_800_000_000, "mock": False, "src": ""}


def data_of(**changes: Any) -> bytes:
    """Canonical bytes of BASE with changes; UNSET removes a field."""
    return canonical.encode({k: v for k, v in {**BASE, **changes}.items() if v is not UNSET})


def reading_of(data: bytes, *, authority: str = "210500", epoch: int = 1) -> Reading:
    return read(data, TERMINAL, 7, authority=authority, epoch=epoch, lookup=REGISTRY.lookup)


def slim_way_agrees(data: bytes) -> bool:
    """Whether the server's way gives up just what the typed way does, as far as admission looks."""
    digest = sha256(data).digest()
    return Reader("210500", 1, REGISTRY.lookup).take(data, digest, TERMINAL, 7) == take(reading_of(data))


def generic(data: bytes) -> Reading:
    return envelope._read_generic(data, sha256(data).digest(), TERMINAL, 7, "210500", 1, REGISTRY.lookup)


# -- sound envelopes -------------------------------------------------------------------------------------------------

SOUND: dict[str, dict[str, Any]] = {
    "the plain one": {},
    "an empty body": {"body": {}},
    "every optional field": {"anchor": ANCHOR, "blobs": [BLOB], "clock": CLOCK, "loc": LOC},
    "sixteen tags": {"about": sorted(f"case:{n:02}" for n in range(16))},
    "a tag of 128 bytes": {"about": ["case:" + "x" * 123]},
    "a Chinese tag of 128 bytes": {"about": ["case:" + "案" * 41]},
    "a value with a colon": {"about": ["document:a:b"]},
    "sixteen officers": {"by": [f"officer-{n}" for n in range(16)]},
    "an officer of 128 bytes": {"by": ["x" * 128]},
    "sixty-four files": {"blobs": [BLOB] * 64},
    "an empty media type": {"blobs": [{**BLOB, "type": ""}]},
    "a media type of 128 bytes": {"blobs": [{**BLOB, "type": "x" * 128}]},
    "the largest uint": {"blobs": [{**BLOB, "size": 2**53 - 1}]},
    "the smallest int": {"at": -(2**53) + 1, "occurred": -(2**53) + 1},
    "an id that is no UUIDv7": {"id": bytes(16)},
    "an upper-case value that is no UUID": {"about": ["case:ABC"]},
    "a source of 32 bytes": {"loc": {**LOC, "src": "x" * 32}},
}


@pytest.mark.parametrize("changes", SOUND.values(), ids=SOUND)
def test_what_section_2_allows_is_sound(changes: dict[str, Any]) -> None:
    found = reading_of(data_of(**changes))
    assert found.notes == ()
    assert found.envelope is not None
    assert (found.prev, found.id) == (PREV, changes.get("id", BASE["id"]))


# -- notes from the bytes alone --------------------------------------------------------------------------------------

INVALID: dict[str, dict[str, Any]] = {
    **{f"no {name}": {name: UNSET} for name in BASE if name != "prev"},
    "no tags": {"about": []},
    "seventeen tags": {"about": sorted(f"case:{n:02}" for n in range(17))},
    "tags unsorted": {"about": ["task:1", "case:1"]},
    "a tag twice": {"about": ["case:1", "case:1"]},
    "a tag of an unknown kind": {"about": ["weather:1"]},
    "a tag without a colon": {"about": ["case"]},
    "a tag without a value": {"about": ["case:"]},
    "a tag of 129 bytes": {"about": ["case:" + "x" * 124]},
    "a control character in a tag": {"about": ["case:a\x07"]},
    "a C1 control character in a tag": {"about": ["case:a\x85"]},
    "a UUID in capitals": {"about": ["task:019B77B0-0000-7000-8000-000000000001"]},
    "a tag that is no string": {"about": [1]},
    "nobody": {"by": []},
    "seventeen officers": {"by": [f"o{n}" for n in range(17)]},
    "an officer twice": {"by": ["a", "a"]},
    "an empty officer": {"by": [""]},
    "an officer of 129 bytes": {"by": ["x" * 129]},
    "a control character in an officer": {"by": ["a\nb"]},
    "at beyond int": {"at": 2**53},
    "at as text": {"at": "now"},
    "at as a boolean": {"at": True},
    "occurred below int": {"occurred": -(2**53)},
    "an id of 15 bytes": {"id": bytes(15)},
    "an id as text": {"id": "x" * 16},
    "a salt of 17 bytes": {"salt": bytes(17)},
    "a body that is an array": {"body": []},
    "a body that is text": {"body": "x"},
    "a type without a version": {"type": "site.entered"},
    "a type in capitals": {"type": "Site.entered.v1"},
    "a type of 65 bytes": {"type": "a." + "b" * 60 + ".v1"},
    "a type with a newline": {"type": "site.entered.v1\n"},
    "no files in blobs": {"blobs": []},
    "sixty-five files": {"blobs": [BLOB] * 65},
    "a file without a size": {"blobs": [{"sha256": bytes(32), "type": ""}]},
    "a file with a further key": {"blobs": [{**BLOB, "name": "x"}]},
    "a media type of 129 bytes": {"blobs": [{**BLOB, "type": "x" * 129}]},
    "a negative size": {"blobs": [{**BLOB, "size": -1}]},
    "an anchor of epoch 0": {"anchor": {**ANCHOR, "epoch": 0}},
    "an anchor of size 0": {"anchor": {**ANCHOR, "size": 0}},
    "an anchor with a further key": {"anchor": {**ANCHOR, "x": 1}},
    "a clock without boot": {"clock": {"mono": 0, "offset": 0}},
    "a boot of 15 bytes": {"clock": {**CLOCK, "boot": bytes(15)}},
    "a latitude beyond the pole": {"loc": {**LOC, "lat": 900_000_001}},
    "a longitude beyond the date line": {"loc": {**LOC, "lon": -1_800_000_001}},
    "another reference system": {"loc": {**LOC, "crs": "BD09"}},
    "a source of 33 bytes": {"loc": {**LOC, "src": "x" * 33}},
    "mock as a number": {"loc": {**LOC, "mock": 0}},
    "a seq as text": {"seq": "7"},
    "a terminal of 15 bytes": {"terminal": TERMINAL[:15]},
}


@pytest.mark.parametrize(
    "changes", [c for n, c in INVALID.items() if n != "no v"], ids=[n for n in INVALID if n != "no v"]
)
def test_a_field_outside_section_2_is_noted_and_nothing_but_the_place_is_read(changes: dict[str, Any]) -> None:
    found = reading_of(data_of(**changes))
    assert "invalid_fields" in found.notes
    assert set(found.notes) <= UNSOUND
    assert (found.prev, found.envelope, found.private) == (PREV, None, ())


NOTED: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "nothing at all": (lambda: b"", ("not_canonical", "unlinked")),
    "garbage": (lambda: b"\xc1garbage", ("not_canonical", "unlinked")),
    "keys unsorted": (lambda: b"\x82\xa1b\x01\xa1a\x01", ("not_canonical", "unlinked")),
    "a key twice": (lambda: b"\x82\xa1a\x01\xa1a\x01", ("not_canonical", "unlinked")),
    "bytes behind it": (lambda: data_of() + b"\x00", ("not_canonical", "unlinked")),
    "a float in the body": (lambda: data_of(body={"x": 1}).replace(b"\xa1x\x01", b"\xa1x\xca\x3f\x80\x00\x00"), ("not_canonical", "unlinked")),
    "nil in the body": (lambda: data_of(body={"x": 1}).replace(b"\xa1x\x01", b"\xa1x\xc0"), ("not_canonical", "unlinked")),
    "an extension in the body": (lambda: data_of(body={"x": 1}).replace(b"\xa1x\x01", b"\xa1x\xd4\x01\x00"), ("not_canonical", "unlinked")),
    "a longer integer than needed": (lambda: data_of(body={"x": 1}).replace(b"\xa1x\x01", b"\xa1x\xcc\x01"), ("not_canonical", "unlinked")),
    "5,000 levels": (lambda: b"\x91" * 5_000 + b"\x01", ("not_canonical", "unlinked")),
    "an array": (lambda: canonical.encode([1]), ("invalid_fields", "unlinked")),
    "a number": (lambda: canonical.encode(7), ("invalid_fields", "unlinked")),
    "an empty map": (lambda: canonical.encode({}), ("invalid_fields", "unlinked")),
    "no prev": (lambda: data_of(prev=UNSET), ("invalid_fields", "unlinked")),
    "a prev of 31 bytes": (lambda: data_of(prev=bytes(31)), ("invalid_fields", "unlinked")),
    "no v": (lambda: data_of(v=UNSET), ("invalid_fields",)),
    "version 2": (lambda: data_of(v=2), ("unknown_version",)),
    "version 2 with other rules": (lambda: data_of(v=2, about=7, new=[1]), ("unknown_version",)),
    "version true": (lambda: data_of(v=True), ("unknown_version",)),
    "version text": (lambda: data_of(v="1"), ("unknown_version",)),
    "version 2 elsewhere": (lambda: data_of(v=2, seq=8), ("seq_mismatch", "unknown_version")),
    "version 2 without a link": (lambda: data_of(v=2, prev=UNSET), ("unknown_version", "unlinked")),
    "another seq": (lambda: data_of(seq=8), ("seq_mismatch",)),
    "another terminal": (lambda: data_of(terminal=bytes(16)), ("terminal_mismatch",)),
    "another place and a broken field": (lambda: data_of(seq=8, terminal=bytes(16), by=[]), ("invalid_fields", "seq_mismatch", "terminal_mismatch")),
    "another place and a later key": (lambda: data_of(seq=8, later=1), ("seq_mismatch",)),
    "another place and an office type": (lambda: data_of(seq=8, type="case.filed.v1"), ("seq_mismatch",)),
    "a later key": (lambda: data_of(later={"x": [1]}), ("unknown_fields",)),
    "a later key and a broken field": (lambda: data_of(later=1, by=[]), ("invalid_fields",)),
    "an unknown type": (lambda: data_of(type="drone.landed.v3"), ("unknown_type",)),
    "a newer version of a type": (lambda: data_of(type="site.entered.v2"), ("unknown_type",)),
    "a body of another form": (lambda: data_of(body={"place": 7}), ("invalid_body",)),
    "a body with a further key": (lambda: data_of(body={"place": "x", "later": 1}), ()),
    "an office type": (lambda: data_of(type="case.filed.v1", body={}), ("claim", "invalid_body")),
    "all at once": (lambda: data_of(later=1, type="x.y.v1", about=["authority:999999"], anchor={**ANCHOR, "epoch": 3}), ("epoch_changed", "foreign_authority", "unknown_fields", "unknown_type")),
}  # fmt: skip


@pytest.mark.parametrize(("made", "notes"), NOTED.values(), ids=NOTED)
def test_the_notes_of_an_envelope(made: Callable[[], bytes], notes: tuple[str, ...]) -> None:
    found = reading_of(made())
    assert found.notes == notes
    assert found.hash == sha256(made()).digest()
    if set(notes) & UNSOUND:
        assert found.envelope is None
    assert (found.prev is None) == ("unlinked" in notes)


def test_an_office_type_of_a_sound_body_is_a_claim_alone() -> None:
    found = reading_of(data_of(type="terminal.released.v1", body={"reason": "归还", "terminal": TERMINAL}))
    assert found.notes == ("claim",)


def test_other_authorities_are_noted_and_the_own_one_is_not() -> None:
    assert reading_of(data_of(about=["authority:210500"])).notes == ()
    assert reading_of(data_of(about=["authority:210500", "authority:210521"])).notes == ("foreign_authority",)
    assert reading_of(data_of(about=["case:1"])).notes == ()


def test_an_anchor_of_another_epoch_is_noted() -> None:
    assert reading_of(data_of(anchor=ANCHOR), epoch=1).notes == ()
    assert reading_of(data_of(anchor=ANCHOR), epoch=2).notes == ("epoch_changed",)


def test_an_id_is_read_wherever_section_2_lets_it_be() -> None:
    assert reading_of(data_of(seq=8)).id == BASE["id"]
    assert reading_of(data_of(by=[])).id == BASE["id"]
    assert reading_of(data_of(v=2)).id is None
    assert reading_of(b"").id is None


def test_the_commitments_of_a_body_are_found_whether_or_not_it_has_further_keys() -> None:
    h = sha256(b"x").digest()
    assert reading_of(data_of(body={"person_met_name": h})).private == (h,)
    assert reading_of(data_of(body={"person_met_name": h, "z": 1})).private == (h,)
    assert reading_of(data_of(body={"person_met_name": h[:31]})).notes == ("invalid_body",)


# -- clock -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("boot", "mono", "at", "jumped"),
    [
        (bytes(16), 1_000, 1_000, False),
        (bytes(16), 1_000, 301_000, False),
        (bytes(16), 1_000, 301_001, True),
        (bytes(16), 1_000, -299_000, False),
        (bytes(16), 1_000, -299_001, True),
        (b"\x01" * 16, 1_000, 999_999_999, False),
    ],
)
def test_a_clock_that_moves_otherwise_than_its_monotonic_twin_jumped(
    boot: bytes, mono: int, at: int, jumped: bool
) -> None:
    later = take(reading_of(data_of(at=BASE["at"] + at, clock={"boot": boot, "mono": mono, "offset": 0}))).clock
    assert later == (boot, mono, BASE["at"] + at)
    assert clock_jumped((bytes(16), 0, BASE["at"]), later) is jumped
    assert clock_jumped(None, later) is False


# -- notes as numbers ------------------------------------------------------------------------------------------------


@PATIENT
@given(st.sets(st.sampled_from(NOTES)))
def test_stored_notes_come_back_sorted(chosen: set[str]) -> None:
    assert envelope.notes_from_bits(envelope.notes_to_bits(tuple(chosen))) == tuple(sorted(chosen))


def test_every_note_has_one_bit_that_fits_the_column() -> None:
    assert set(NOTE_BITS) == set(NOTES)
    assert len(set(NOTE_BITS.values())) == len(NOTES)
    assert max(NOTE_BITS.values()) < 2**31


# -- both ways agree -------------------------------------------------------------------------------------------------

_ODD = st.one_of(
    st.none().map(lambda _: UNSET), st.integers(-(2**63), 2**64 - 1), st.booleans(), st.text(max_size=6),
    st.binary(max_size=33), st.lists(st.integers(0, 3), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=2),
)  # fmt: skip
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "about": st.lists(st.sampled_from(["case:1", "task:2", "authority:9", "case:", "x:1", "case:\x00"]), max_size=3),
    "anchor": st.just(ANCHOR) | st.just({**ANCHOR, "epoch": 0}),
    "blobs": st.lists(st.sampled_from([BLOB, {**BLOB, "size": -1}]), max_size=2),
    "body": st.sampled_from(
        [{}, {"place": "x"}, {"place": 1}, {"z": 1}, {"person_met_name": PREV}, {"arrival": 2**60}]
    ),
    "clock": st.just(CLOCK),
    "loc": st.just(LOC) | st.just({**LOC, "crs": "x"}),
    "prev": st.binary(min_size=30, max_size=33),
    "seq": st.integers(6, 8),
    "type": st.sampled_from(["site.entered.v1", "case.filed.v1", "x.y.v1", "X", "evidence.captured.v1"]),
    "v": st.integers(0, 2),
    "zzz": st.integers(0, 2),
}


@PATIENT
@given(st.data())
def test_the_typed_and_the_generic_way_read_the_same(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from([*_FIELDS, *BASE]), max_size=4, unique=True))
    changes = {name: data.draw(_FIELDS.get(name, _ODD) | _ODD if name in _FIELDS else _ODD) for name in names}
    raw = data_of(**changes)
    assert reading_of(raw) == generic(raw)
    assert slim_way_agrees(raw)


@PATIENT
@given(st.binary(max_size=200))
@example(b"\xde\x00\x10" + data_of()[1:])
@example(b"\xdf\x00\x00\x00\x0c" + data_of()[1:])
def test_no_bytes_make_reading_fail(raw: bytes) -> None:
    found = reading_of(raw)
    assert found == generic(raw)
    assert slim_way_agrees(raw)
    assert list(found.notes) == sorted(found.notes)


@PATIENT
@given(st.integers(0, len(data_of()) - 1), st.integers(0, 255))
def test_one_changed_byte_never_leaves_the_ways_apart(place: int, value: int) -> None:
    for fields in ({"anchor": ANCHOR, "clock": CLOCK}, {"clock": CLOCK}, {}):
        raw = bytearray(data_of(**fields))
        raw[place] = value
        assert reading_of(bytes(raw)) == generic(bytes(raw))
        assert slim_way_agrees(bytes(raw))


def test_one_byte_missing_at_the_end_is_not_canonical() -> None:
    assert reading_of(data_of()[:-1]).notes == ("not_canonical", "unlinked")


# -- vectors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(3))
def test_the_known_envelopes_have_the_known_bytes_hashes_and_links(index: int) -> None:
    vector = VECTORS["envelopes"][index]
    value, raw = wire_vectors.value_of(vector["value"]), bytes.fromhex(vector["hex"])
    assert canonical.encode(value) == raw
    assert envelope.encode_envelope(value) == raw
    found = read(raw, TERMINAL, index + 1, authority="210500", epoch=1, lookup=REGISTRY.lookup)
    assert found.hash.hex() == vector["hash"]
    before = VECTORS["genesis"] if index == 0 else VECTORS["envelopes"][index - 1]["hash"]
    assert found.prev == bytes.fromhex(before)
    assert isinstance(found.envelope, Envelope)
    assert found.envelope.seq == index + 1


def test_the_known_envelope_from_the_future_is_kept_and_not_understood() -> None:
    raw = bytes.fromhex(VECTORS["envelopes"][2]["hex"])
    assert read(raw, TERMINAL, 3, authority="210500", epoch=1, lookup=REGISTRY.lookup).notes == ("unknown_type",)


def test_an_entry_has_room_for_the_largest_envelope() -> None:
    from schemas import entries

    assert len(entries.field(bytes(MAX_ENVELOPE), TERMINAL, 2**53 - 1)) <= entries.MAX_ENTRY
    assert len(entries.branch(bytes(32), bytes(MAX_ENVELOPE), 2**53 - 1, TERMINAL, 2**53 - 1)) <= entries.MAX_ENTRY
