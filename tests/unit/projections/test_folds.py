"""Laws of the folds: batch borders and epochs do not matter, the quick reader agrees with the slow one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.labels import CLOSING, NAMING, label
from domain.process import STEP_OF, order_key, step_of
from projections import case_file, digest, terminal_ledger
from projections.case_file import CHUNK, MAX_LINKS, CaseFold, CaseHead
from projections.digest import Digester, LogPlace, Run
from projections.facts import BRANCH, FIELD, OFFICE, Event, Fact, Incident, Place, Reader, Seal, SlimClock, texts
from projections.terminal_ledger import LedgerFold, LedgerState
from schemas import entries
from schemas.envelope import NOTE_BITS, encode_envelope, notes_to_bits
from schemas.events import REGISTRY
from tests.support.event_vectors import FULL, uid

TERMINAL = uid(5)
UNNAMED = sorted(set(STEP_OF) - set(NAMING))
T0 = 1_767_229_200_000
TASK = "task:019b77b0-0000-7000-8000-000000000001"


def envelope(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "about": ["enterprise:e", TASK],
        "at": T0 + 5,
        "body": FULL["site.entered.v1"],
        "by": ["officer-0017"],
        "clock": {"boot": uid(1), "mono": 7, "offset": -20},
        "id": uid(2),
        "occurred": T0,
        "prev": bytes(32),
        "salt": bytes(16),
        "seq": 3,
        "terminal": TERMINAL,
        "type": "site.entered.v1",
        "v": 1,
        **changes,
    }
    return encode_envelope(fields)


def raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


def fold_cases(made: Iterable[Event]) -> dict[str, CaseHead]:
    fold = CaseFold(REGISTRY)
    for event in made:
        fold.add(event)
    return fold.heads()


def fold_ledger(made: Iterable[Fact], state: LedgerState | None = None) -> LedgerState:
    """The ledger of TERMINAL after facts, all of them in one part."""
    fold, ledger = LedgerFold(), state or LedgerState()
    for fact in made:
        fold.add(fact)
    for step in fold.steps()[TERMINAL]:
        terminal_ledger.apply(ledger, step)
    return ledger


def events(numbers: Sequence[int]) -> list[Event]:
    """Visits of one task, each with something of its own."""
    made = []
    for position, number in enumerate(numbers):
        made.append(
            Event(
                about=raw([f"enterprise:{number % 3}", TASK]),
                at=T0 + number,
                body=msgspec.Raw(b"\x80"),
                by=raw([f"officer-{number % 4}"]),
                occurred=T0 - number,
                seq=position + 1,
                type=UNNAMED[number % len(UNNAMED)] if number % 2 else "not.known.v1",
                clock=SlimClock(number),
                kind=BRANCH if number % 5 == 0 else FIELD,
                position=position,
                received=T0 + position,
                terminal=TERMINAL,
                notes=NOTE_BITS["held"] if number % 7 == 0 else NOTE_BITS["unknown_type"],
                branch=bytes(32) if number % 5 == 0 else b"",
            )
        )
    return made


def fold(made: Sequence[Event], borders: Sequence[int]) -> tuple[bytes, dict[int, bytes], bytes]:
    """Head, chunks and ledger after folding, written and read again at every border as a restarted runner does."""
    head, chunks, ledger = None, dict[int, bytes](), None
    cuts = sorted({min(b, len(made)) for b in borders} | {0, len(made)})
    for start, end in itertools.pairwise(cuts):
        whole = CaseHead() if head is None else CaseHead.decode(head)
        state: LedgerState | None = None if ledger is None else terminal_ledger.decode(ledger)
        whole.absorb(fold_cases(made[start:end])[TASK])
        head = whole.encode()
        for chunk, _, data in whole.take_chunks():
            chunks[chunk] = chunks.get(chunk, b"") + data
        ledger = terminal_ledger.encode(fold_ledger(made[start:end], state))
    assert head is not None
    assert ledger is not None
    return head, chunks, ledger


@given(st.lists(st.integers(0, 200), min_size=1, max_size=90), st.lists(st.integers(1, 90), max_size=6))
def test_where_batches_begin_and_end_changes_no_byte(numbers: list[int], borders: list[int]) -> None:
    made = events(numbers)
    assert fold(made, borders) == fold(made, []) == fold(made, range(len(made)))


def decided(name: str, **fields: object) -> Event:
    """An act of the office about TERMINAL."""
    body = raw({"terminal": TERMINAL, **fields})
    return Event(about=raw([]), at=1, body=body, by=raw([]), occurred=1, seq=1, type=name, kind=OFFICE)


OTHER = bytes([7]) * 32
FACTS: Sequence[Fact] = (
    Seal(0, T0 + 9, TERMINAL, 40),
    Place(0, T0, TERMINAL, 6, NOTE_BITS["unlinked"], b""),
    Place(0, T0, TERMINAL, 2, NOTE_BITS["unlinked"] | NOTE_BITS["after_hole"], b""),
    Place(0, T0, TERMINAL, 8, NOTE_BITS["unlinked"], OTHER),
    Incident(0, T0, TERMINAL, "hole", 1, 4),
    Incident(0, T0 + 3, TERMINAL, "fork", 7, 0, OTHER),
    decided("terminal.fork_resolved.v1", branch=OTHER),
    decided("terminal.fork_resolved.v1", branch="stored"),
    decided("terminal.released.v1"),
    decided("terminal.revoked.v1", declared=9),
    *events([1, 2, 3, 5, 7, 14]),
)


@given(st.lists(st.sampled_from(FACTS), max_size=40), st.lists(st.integers(1, 40), max_size=4))
def test_a_ledger_is_the_same_however_its_facts_were_parted(facts: list[Fact], borders: list[int]) -> None:
    one_by_one, parted = LedgerState(), LedgerState()
    for fact in facts:
        fold_ledger([fact], one_by_one)
    cuts = sorted({min(b, len(facts)) for b in borders} | {0, len(facts)})
    for start, end in itertools.pairwise(cuts):
        fold_ledger(facts[start:end], parted)
    assert terminal_ledger.encode(parted) == terminal_ledger.encode(one_by_one)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=60), st.integers(1, 59))
def test_limits_of_a_head_keep_the_same_links_however_its_events_were_parted(numbers: list[int], cut: int) -> None:
    made = events(range(len(numbers)))
    for event, number in zip(made, numbers, strict=True):
        event.about = raw([TASK, *(f"plan:{number * 11 + n}" for n in range(15))])
    whole, parted = CaseHead(), CaseHead()
    whole.absorb(fold_cases(made)[TASK])
    for part in filter(None, (made[:cut], made[cut:])):
        parted.absorb(fold_cases(part)[TASK])
    assert parted.encode() == whole.encode()
    assert len(whole.links) <= MAX_LINKS


def test_a_digest_is_the_same_after_it_went_to_another_process() -> None:
    log = LogPlace(3, "210500", 1, 9)
    read = [entries.field(envelope(seq=n), TERMINAL, T0 + n) for n in range(1, 5)]
    unsound = entries.field(b"\xc0", TERMINAL, T0)
    fork = entries.incident("fork", {"branch": OTHER, "seq": 2}, TERMINAL, bytes(16), T0)
    run = Run(log, 2, [*read, unsound, fork, b"no entry"], {6: (5, notes_to_bits(("unlinked",)))})
    made = Digester(REGISTRY)(run)
    assert digest.decode(digest.encode([made])) == [made]
    assert made.heads[TASK].items == 4
    assert {error for _, _, error in made.parked} == {"EntryRefused"}


def test_chunks_hold_every_item_once_in_the_order_of_the_log() -> None:
    made = events(range(2 * CHUNK + 5))
    _, chunks, _ = fold(made, [1, CHUNK, CHUNK + 1])
    sizes = [CHUNK, CHUNK, 5]
    items = [item for chunk, data in sorted(chunks.items()) for item in case_file.read_items(sizes[chunk], data)]
    assert [item.position for item in items] == list(range(2 * CHUNK + 5))


def test_the_quick_reader_sees_what_the_careful_one_sees() -> None:
    data = envelope()
    entry = entries.field(data, TERMINAL, T0 + 9)
    read = Reader("210500", 1, REGISTRY.lookup)
    quick = read(4, entry, None)
    careful = read._any(4, entries.decode(entry), None)
    assert quick == careful
    assert isinstance(quick, Event)
    assert (quick.received, quick.terminal, quick.seq, quick.position) == (T0 + 9, TERMINAL, 3, 4)


def test_keys_that_nobody_knows_cannot_pose_as_the_reader_s_own() -> None:
    data = envelope(**{"(kind)": 2, "(terminal)": uid(77), "(notes)": 0, "(position)": "x"})
    notes = notes_to_bits(("unknown_fields",))
    fact = Reader("210500", 1, REGISTRY.lookup)(4, entries.field(data, TERMINAL, T0), (3, notes))
    assert isinstance(fact, Event)
    assert (fact.kind, fact.terminal, fact.notes, fact.position) == (FIELD, TERMINAL, notes, 4)


def test_an_unsound_envelope_gives_its_place_and_nothing_else() -> None:
    notes = notes_to_bits(("not_canonical", "unlinked"))
    fact = Reader("210500", 1, REGISTRY.lookup)(4, entries.field(b"\xc0", TERMINAL, T0), (9, notes))
    assert fact == Place(4, T0, TERMINAL, 9, notes, b"")


def test_tags_of_an_office_act_that_break_the_wire_s_bounds_reach_no_table() -> None:
    who = entries.Who(officer="o", session=bytes(32), via="console")
    entry = entries.office(
        about=[TASK, "case:" + "x" * 200, "case:a\0b", "nonsense"], body={}, id=uid(1), origin=uid(2), version=1,
        who=who, type="case.closed.v1", salt=bytes(16), received=T0,
    )  # fmt: skip
    fact = Reader("210500", 1, REGISTRY.lookup)(4, entry, None)
    assert isinstance(fact, Event)
    assert texts(fact.about) == [TASK]
    assert fact.notes == NOTE_BITS["invalid_body"]


def test_a_claim_neither_closes_a_case_nor_moves_its_step() -> None:
    claim = events([1])[0]
    claim.type, claim.notes, claim.about = "case.closed.v1", NOTE_BITS["claim"], raw(["case:c"])
    claim.kind, claim.branch = FIELD, b""
    heads = fold_cases([claim])
    assert (heads["case:c"].closed, heads["case:c"].step) == (False, "")
    claim.notes = 0
    heads["case:c"].absorb(fold_cases([claim])["case:c"])
    assert (heads["case:c"].closed, heads["case:c"].step) == (True, "B21")


def test_a_head_that_a_fold_refuses_is_left_as_it_was() -> None:
    event = events([1])[0]
    event.type, event.notes, event.about = "case.filed.v1", 0, raw(["case:c"])
    fold = CaseFold(REGISTRY)
    with pytest.raises(ValueError, match=r"case\.filed\.v1"):
        fold.add(event)
    assert fold.heads() == {}


def test_a_hole_is_filled_by_an_epoch_behind_its_own() -> None:
    first = fold_ledger([Incident(1, T0, TERMINAL, "hole", 1, 4)])
    second = fold_ledger([Place(1, T0, TERMINAL, 2, notes_to_bits(("after_hole", "unlinked")), b"")])
    merged = terminal_ledger.merge([(1, first), (2, second)]).state
    assert [(hole.first, hole.last, hole.filled) for hole in merged.holes] == [(1, 4, 1)]
    assert (merged.head, merged.held, merged.entries) == (4, True, 1)


def test_merging_epochs_leaves_the_states_as_they_were() -> None:
    state = fold_ledger([Incident(1, T0, TERMINAL, "fork", 3, 0, bytes(32)), Seal(2, T0, TERMINAL, 9)])
    before = terminal_ledger.encode(state)
    terminal_ledger.merge([(1, state), (2, state)])
    assert terminal_ledger.encode(state) == before


def test_every_known_type_has_its_step_and_an_unknown_one_stands_last() -> None:
    assert set(STEP_OF) == set(REGISTRY)
    assert max(step.order for step in STEP_OF.values()) < step_of("drone.flown.v1").order


def test_what_accompanies_a_file_takes_it_no_further() -> None:
    def office(name: str) -> Event:
        return Event(about=raw([TASK]), at=1, body=raw({}), by=raw([]), occurred=1, seq=1, type=name, kind=OFFICE)

    behind = [office("site.entered.v1"), office("record.corrected.v1"), office("private_value.revealed.v1")]
    assert fold_cases(behind)[TASK].step == "A5"
    assert fold_cases(behind[1:])[TASK].step == ""


def test_order_is_by_step_then_instant_then_place_in_the_log() -> None:
    keys = [
        order_key("site.entered.v1", 9, 1, 1),
        order_key("credentials.shown.v1", 1, 1, 1),
        order_key("credentials.shown.v1", 2, 1, 9),
        order_key("credentials.shown.v1", 2, 2, 3),
        order_key("case.closed.v1", 0, 1, 0),
        order_key("drone.flown.v1", 0, 1, 0),
    ]
    assert keys == sorted(keys)


def test_naming_types_give_a_short_label_of_their_kind() -> None:
    for name, kind in NAMING.items():
        found = label(REGISTRY.decode_body(name, FULL[name]))
        assert found is not None
        assert found.kind == kind
        assert 0 < len(found.text) <= 80
    assert label(REGISTRY.decode_body("site.entered.v1", FULL["site.entered.v1"])) is None
    assert set(CLOSING) <= set(REGISTRY)


def test_a_case_that_begins_on_the_spot_is_named_with_its_party_as_a_filed_one_is() -> None:
    found = label(REGISTRY.decode_body("on_spot_penalty.decided.v1", FULL["on_spot_penalty.decided.v1"]))

    assert found is not None
    assert found.text == FULL["on_spot_penalty.decided.v1"]["facts"][:80]
    assert found.party is not None
    assert found.party.type == FULL["on_spot_penalty.decided.v1"]["party"]["type"]
