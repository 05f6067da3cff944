"""Claims about outlines: read, admitted and indexed is the same with and without, and what is remarkable has none."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from schemas import admission, batch, canonical
from schemas.admission import Offer, TerminalState
from schemas.envelope import Reader, Taken
from schemas.events import REGISTRY
from schemas.outline import Outline, outline, read_batch, read_outline

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TERMINAL = bytes(range(16))
GENESIS = bytes(range(32))
FIRST = 8
READER = Reader("210500", 1, REGISTRY.lookup)
BOOT = bytes(16)

SOUND: dict[str, dict[str, Any]] = {
    "as before": {},
    "another case": {"about": ["authority:210500", "case:7"]},
    "no tag": {"about": ["authority:210500"]},
    "other officers": {"by": ["officer-9"]},
    "anchored": {"anchor": {"epoch": 1, "root": bytes(32), "size": 5}},
    "anchored behind long tags": {
        "about": sorted(f"case:{number:0100d}" for number in range(9)),
        "anchor": {"epoch": 1, "root": bytes(32), "size": 5},
    },
    "blobs": {"blobs": [{"sha256": bytes([n]) * 32, "size": 1, "type": "image/jpeg"} for n in (1, 2, 1)]},
    "place": {"loc": {"acc": 8, "crs": "GCJ02", "lat": 1, "lon": 1, "mock": False, "src": "gnss"}},
    "no clock": {"clock": UNSET},
    "another type": {"type": "site.entered.v1", "body": {"place": "北门"}},
    "a private value": {"body": {"description": "证", "kind": "photo", "witness_id": bytes(range(32))}},
    "a body of a newer program": {"body": {"description": "图", "kind": "photo", "zone": 1}},
}
REMARKABLE: dict[str, dict[str, Any]] = {
    "anchored elsewhere": {"anchor": {"epoch": 2, "root": bytes(32), "size": 5}},
    "another place": {"seq": 1},
    "another terminal": {"terminal": bytes(16)},
    "another link": {"prev": bytes(32)},
    "a known id": {"id": bytes(16)},
    "the same id": {"id": b"\x07" * 16},
    "unknown type": {"type": "never.heard_of.v1"},
    "a claim": {"type": "legal_review.concluded.v1"},
    "another authority": {"about": ["authority:210100", "authority:210500"]},
    "a clock that jumped": {"clock": {"boot": BOOT, "mono": 900_000_000, "offset": 0}},
    "an unknown field": {"colour": "red"},
    "an invalid body": {"body": {"kind": "smell"}},
    "an officer without a name": {"by": [""]},
    "tags out of order": {"about": ["case:2", "case:1"]},
    "a long media type": {"blobs": [{"sha256": bytes(32), "size": 1, "type": "x" * 129}]},
    "another version": {"v": 2},
    "no envelope": {"": None},
}


def envelopes_of(names: list[str]) -> list[bytes]:
    """A chain of envelopes from FIRST on, each with the changes of its name."""
    made, prev = [], GENESIS
    for index, name in enumerate(names):
        seq = FIRST + index
        fields = {
            "about": ["authority:210500", "case:5", "task:3"], "at": 1_000 * seq,
            "body": {"description": "图", "kind": "photo"}, "by": ["officer-1", "officer-2"],
            "clock": {"boot": BOOT, "mono": 1_000 * seq, "offset": 0}, "id": sha256(b"%d" % seq).digest()[:16],
            "occurred": 5, "prev": prev, "salt": bytes(16), "seq": seq, "terminal": TERMINAL,
            "type": "evidence.captured.v1", "v": 1,
        }  # fmt: skip
        fields |= SOUND.get(name) or REMARKABLE.get(name) or {}
        made.append(b"\xc1" if "" in fields else canonical.encode({k: v for k, v in fields.items() if v is not UNSET}))
        prev = sha256(made[-1]).digest()
    return made


def read_both(names: list[str]) -> tuple[list[Taken], Outline | None]:
    """The readings of a batch, and its outline as a reader finds it."""
    made = envelopes_of(names)
    hashes = [sha256(data).digest() for data in made]
    readings = READER.take_all(made, hashes, TERMINAL, FIRST)
    direct = read_outline(READER, made, hashes, TERMINAL, FIRST)
    assert direct is None or direct == outline(readings)
    if direct is not None:
        assert direct.envs == batch.envs_hash(hashes)
    found = read_batch(READER, made, hashes, [], TERMINAL, FIRST)
    assert found.outline == outline(readings)
    assert found.outline is not None or (found.hashes, found.readings) == (hashes, readings)
    return readings, found.outline


def decide(state: TerminalState, names: list[str]) -> None:
    readings, short = read_both(names)
    known = {bytes(16)}
    by_outline = None if short is None else admission.admit_outline(state, short, FIRST, FIRST + 600, known)
    if by_outline is None:
        assert known == {bytes(16)}, "nothing was changed"
        return
    each = {bytes(16)}
    offer = Offer(TERMINAL, FIRST, readings, FIRST + 600, genesis=GENESIS)
    expected = admission.admit(state, offer, {}, each)
    assert replace(by_outline, plain=None) == expected
    assert known == each


STATE = TerminalState(FIRST - 1, GENESIS, clock=(BOOT, 1_000 * (FIRST - 1), 1_000 * (FIRST - 1)))


@PATIENT
@given(st.lists(st.sampled_from(sorted(SOUND)), min_size=1, max_size=12))
def test_a_sound_batch_has_an_outline_and_is_admitted_by_it_as_without_it(names: list[str]) -> None:
    _, short = read_both(names)
    assert short is not None
    assert admission.admit_outline(STATE, short, FIRST, FIRST + 600, set()) is not None
    decide(STATE, names)


@PATIENT
@given(st.lists(st.sampled_from(sorted({**SOUND, **REMARKABLE})), min_size=0, max_size=8))
def test_whatever_a_batch_holds_it_is_decided_alike_with_and_without_an_outline(names: list[str]) -> None:
    decide(STATE, names)


@pytest.mark.parametrize("name", sorted(set(REMARKABLE) - {"a known id"}))
def test_what_is_remarkable_leaves_no_outline(name: str) -> None:
    _, short = read_both(["the same id", "as before", name] if name == "the same id" else ["as before", name])
    assert short is None


@pytest.mark.parametrize(
    "state",
    [
        replace(STATE, seq=FIRST),
        replace(STATE, hash=bytes(32)),
        replace(STATE, revoked=3),
        replace(STATE, clock=(BOOT, 0, 10**9)),
        replace(STATE, rare=admission.Rare(branches=(admission.Branch(1, bytes(32), 1, 2, bytes(32)),))),
    ],
)
def test_where_a_batch_does_not_simply_go_on_its_outline_decides_nothing(state: TerminalState) -> None:
    _, short = read_both(["as before"] * 3)
    assert short is not None
    assert admission.admit_outline(state, short, FIRST, FIRST + 9, set()) is None


def test_an_event_id_that_the_log_knows_is_decided_envelope_by_envelope() -> None:
    _, short = read_both(["as before", "a known id"])
    assert short is not None
    assert admission.admit_outline(STATE, short, FIRST, FIRST + 9, {bytes(16)}) is None


def test_a_held_terminal_is_admitted_with_the_note_on_every_envelope() -> None:
    _, short = read_both(["as before"] * 3)
    assert short is not None
    decided = admission.admit_outline(replace(STATE, held=True), short, FIRST, FIRST + 9, set())
    assert decided is not None
    assert decided.results == [admission.Fresh(0, None, ("held",))] * 3
    decide(replace(STATE, held=True), ["as before"] * 3)
