"""What verify says of logs that are right, with every rare thing in them, and of logs wrong in one named way."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from hashlib import sha256

import pytest

from ops.verify.epochs import Anchors
from ops.verify.findings import REMARKS, SENTENCES, Report
from ops.verify.run import verify
from schemas import canonical, entries
from schemas.batch import Lost
from schemas.envelope import Seen
from schemas.keys import Signer
from schemas.notes import Checkpoint, NoteSigner, sign_checkpoint
from tests.support.log import PaperTerminal
from tests.support.paper_log import PaperLog


def anchored(log: PaperLog) -> Anchors:
    return Anchors(keys=(log.key,), recovery=(log.recovery.public,))


def upload(log: PaperLog, terminal: PaperTerminal, count: int) -> list[bytes]:
    made = [terminal.envelope(about=[f"authority:{log.authority}", f"case:c-{n}"]) for n in range(count)]
    log.send(terminal.batch(made))
    return made


def codes(report: Report) -> list[str]:
    return [f.code for f in report.ordered()]


def rich_log() -> PaperLog:
    """Two terminals, a fork that an officer ends, a hole filled later, a revocation, odd envelopes, two epochs."""
    log = PaperLog()
    lin, zhao = log.enrol(), log.enrol()
    upload(log, lin, 5)
    upload(log, zhao, 3)
    clone = zhao.clone()
    upload(log, zhao, 2)
    upload(log, clone, 3)  # a fork
    upload(log, clone, 2)  # and its branch grows
    side = log.states[zhao.id].rare.branches[0].id
    log.act(zhao, "fork_resolved", side)
    log.act(zhao, "released")
    upload(log, clone, 2)  # goes on as the chain
    known = [lin.envelope() for _ in range(3)]
    log.send(lin.batch(known))
    log.send(lin.batch([*known[1:], lin.envelope()]))  # half known, half new
    lost = [lin.envelope() for _ in range(4)]
    behind = [lin.envelope(), lin.raw(b"\xc1 no envelope"), lin.envelope()]
    part = Lost(lin.seq - 6, sha256(lost[-1]).digest(), lin.seq - 3)
    log.send(lin.batch(behind, lost=[part]))
    log.send(lin.batch(lost, first=part.first, declared=lin.seq))  # they turn up after all
    log.send(lin.batch([], first=lin.seq + 1, declared=lin.seq + 9))  # a heartbeat that raises `declared`
    log.send(lin.batch([], first=lin.seq + 1, head=bytes(32), declared=lin.seq + 9))  # and one that claims a fork
    size = max(log.now.notes)
    seen = Seen(epoch=1, root=bytes(32), size=size)
    log.send(lin.batch([lin.envelope()], seen=seen, declared=lin.seq + 9), split=True)
    log.act(lin, "revoked")
    log.begin()
    upload(log, lin, 2)
    upload(log, clone, 2)
    return log


def test_a_log_with_every_rare_thing_in_it_is_clean() -> None:
    report = verify(rich_log())
    assert codes(report) == [], [f.sentence("en") for f in report.ordered()]
    assert report.counts["terminals"] == 2
    assert [code for code, _ in report.remarks] == ["keys_from_log"]


def test_with_anchors_nothing_is_remarked() -> None:
    log = rich_log()
    report = verify(log, anchored(log))
    assert report.clean
    assert report.remarks == []


def test_every_sentence_exists_in_both_languages_with_the_same_facts() -> None:
    for en, zh in [*SENTENCES.values(), *REMARKS.values()]:
        assert set(re.findall(r"{(\w+)}", en)) == set(re.findall(r"{(\w+)}", zh))
        assert re.search(r"[\u4e00-\u9fff]", zh)


@pytest.fixture
def plain() -> PaperLog:
    log = PaperLog()
    terminal = log.enrol()
    for _ in range(4):
        upload(log, terminal, 5)
    return log


def positions(log: PaperLog, kind: type) -> list[int]:
    return [n for n, e in enumerate(log.now.entries) if isinstance(entries.decode(e), kind)]


def rewrite(log: PaperLog, position: int, change: Callable[[dict[str, object]], None]) -> None:
    value = canonical.decode(log.now.entries[position])
    assert isinstance(value, dict)
    change(value)
    log.now.entries[position] = canonical.encode(value)


def rewrite_envelope(log: PaperLog, position: int, **changes: object) -> None:
    def change(value: dict[str, object]) -> None:
        inner = canonical.decode(value["e"])  # type: ignore[arg-type]
        assert isinstance(inner, dict)
        value["e"] = canonical.encode({**inner, **changes})

    rewrite(log, position, change)


@pytest.mark.parametrize("place", [0, 1, 3, 4, 7, 19])
def test_an_edited_envelope_is_named_even_after_the_tree_was_signed_again(plain: PaperLog, place: int) -> None:
    position = positions(plain, entries.FieldEntry)[place]
    rewrite_envelope(plain, position, at=1)
    plain.resign()
    found = verify(plain, anchored(plain)).first()
    assert found is not None
    assert (found.first, found.last) == (position, position), found


@pytest.mark.parametrize("key", ["s", "h", "x", "d", "f", "c"])
def test_an_altered_seal_is_named(plain: PaperLog, key: str) -> None:
    position = positions(plain, entries.SealEntry)[1]

    def change(value: dict[str, object]) -> None:
        old = value[key]
        value[key] = old + 1 if isinstance(old, int) else bytes(len(old))  # type: ignore[arg-type]

    rewrite(plain, position, change)
    plain.resign()
    report = verify(plain, anchored(plain))
    assert any(f.code == "seal_signature" and f.first == position for f in report.findings)
    found = report.first()
    assert found is not None
    assert found.first <= position <= max(found.last, position)


def test_an_edit_without_a_new_signature_is_found_by_the_tree(plain: PaperLog) -> None:
    position = positions(plain, entries.OfficeEntry)[0]
    rewrite(plain, position, lambda value: value.update(z=bytes(16)))
    found = verify(plain, anchored(plain)).first()
    assert found is not None
    assert (found.code, found.first, found.last) == ("tree", position, position)


def test_an_envelope_that_was_left_out_is_missed_by_its_seal(plain: PaperLog) -> None:
    position = positions(plain, entries.FieldEntry)[7]
    del plain.now.entries[position]
    plain.resign()
    found = verify(plain, anchored(plain)).first()
    assert found is not None
    assert found.first <= position <= found.last + 1
    assert not verify(plain, anchored(plain)).clean


def test_a_dropped_incident_is_missed() -> None:
    log = PaperLog()
    terminal = log.enrol()
    upload(log, terminal, 2)
    clone = terminal.clone()
    upload(log, terminal, 1)
    upload(log, clone, 1)
    assert verify(log, anchored(log)).clean
    position = positions(log, entries.IncidentEntry)[0]
    del log.now.entries[position]
    log.resign()
    report = verify(log, anchored(log))
    assert codes(report) == ["incident_missing"]
    assert report.findings[0].first == position - 2


def test_an_invented_incident_is_named(plain: PaperLog) -> None:
    seal = positions(plain, entries.SealEntry)[2]
    value = entries.decode(plain.now.entries[seal])
    assert isinstance(value, entries.SealEntry)
    body = {"branch": bytes(32), "seq": 3}
    plain.now.entries.insert(seal + 1, entries.incident("fork", body, value.t, bytes(16), 1))
    plain.resign()
    report = verify(plain, anchored(plain))
    assert [(f.code, f.first) for f in report.ordered()] == [("incident_invented", seal + 1)]


def test_a_hole_without_its_incident_is_a_gap(plain: PaperLog) -> None:
    terminal = plain.enrol()
    upload(plain, terminal, 2)
    lost = [terminal.envelope(), terminal.envelope()]
    part = Lost(3, sha256(lost[-1]).digest(), 4)
    plain.send(terminal.batch([terminal.envelope()], lost=[part]))
    position = positions(plain, entries.IncidentEntry)[0]
    del plain.now.entries[position]
    plain.resign()
    report = verify(plain, anchored(plain))
    assert codes(report) == ["gap"]


def test_versions_of_an_aggregate_are_dense(plain: PaperLog) -> None:
    origin = bytes(15) + b"\x01"
    plain.office("task.assigned.v1", {}, origin=origin)
    plain.versions[origin] += 1
    position = plain.office("task.assigned.v1", {}, origin=origin)
    report = verify(plain, anchored(plain))
    assert [(f.code, f.first) for f in report.ordered()] == [("office_version", position)]


def test_an_epoch_signed_by_a_stranger_is_refused_and_one_by_the_recovery_key_is_not(plain: PaperLog) -> None:
    plain.begin(signed_by=plain.recovery)
    assert verify(plain, anchored(plain)).clean
    assert codes(verify(plain)) == ["epoch_signature"], "without the recovery key nobody can tell"
    plain.begin(signed_by=Signer(bytes(range(32))))
    assert codes(verify(plain, anchored(plain))) == ["epoch_signature"]


def test_previous_must_be_a_checkpoint_of_the_epoch_before(plain: PaperLog) -> None:
    plain.begin(previous="no note")
    assert codes(verify(plain, anchored(plain))) == ["epoch_previous"]


def test_a_log_rebuilt_under_another_key_is_found_by_the_anchor_alone(plain: PaperLog) -> None:
    other = PaperLog()
    terminal = other.enrol()
    upload(other, terminal, 3)
    assert verify(other).clean
    assert codes(verify(other, Anchors(keys=(plain.key,)))) == ["anchor"]
    assert codes(verify(other, Anchors(recovery=(plain.recovery.public,)))) == ["epoch_signature"]


def test_checkpoints_of_another_key_are_named(plain: PaperLog) -> None:
    plain.epochs[0].signer = NoteSigner(plain.now.origin, Signer(bytes(range(32))))
    plain.resign()
    report = verify(plain, anchored(plain))
    assert {f.code for f in report.findings} == {"checkpoint_signature", "head_note"}


def test_a_history_signed_again_with_the_real_key_is_found_by_the_register(plain: PaperLog) -> None:
    kept = {plain.now.origin: [plain.now.notes[max(plain.now.notes)]]}
    position = positions(plain, entries.OfficeEntry)[0]
    rewrite(plain, position, lambda value: value.update(z=bytes(16)))
    plain.resign()
    assert verify(plain, anchored(plain)).clean, "nothing inside the log tells"
    assert codes(verify(plain, anchored(plain), register=kept)) == ["register_root"]


def test_a_truncated_tail_is_found_by_the_register(plain: PaperLog) -> None:
    kept = {plain.now.origin: [plain.now.notes[max(plain.now.notes)]]}
    smaller = sorted(plain.now.notes)[-2]
    del plain.now.entries[smaller:]
    plain.now.notes = {s: n for s, n in plain.now.notes.items() if s <= smaller}
    assert verify(plain, anchored(plain)).clean
    found = verify(plain, anchored(plain), register=kept).first()
    assert found is not None
    assert (found.code, found.first) == ("register_ahead", smaller)


def restored(log: PaperLog) -> tuple[str, int]:
    """Put an old copy of the log back; returns the newest note before that, and the size now."""
    note, smaller = log.now.notes[max(log.now.notes)], sorted(log.now.notes)[-2]
    del log.now.entries[smaller:]
    log.now.notes = {s: n for s, n in log.now.notes.items() if s <= smaller}
    return note, smaller


def test_history_that_the_next_epoch_names_as_lost_is_no_finding_but_said_aloud(plain: PaperLog) -> None:
    origin, size = plain.now.origin, max(plain.now.notes)
    note, smaller = restored(plain)
    older = plain.now.notes[smaller]
    plain.begin(previous=note)
    for kept in ([note], [older], [older, note]):
        report = verify(plain, anchored(plain), register={origin: kept})
        assert report.clean, codes(report)
        facts = {"log": plain.now.origin, "epoch": 1, "size": size, "have": smaller, "last": size - 1}
        assert report.remarks == [("restored", facts)]
        assert all(f"{smaller}..{size - 1}" in report.spoken_remarks(language)[0] for language in ("zh", "en"))


def test_a_register_beyond_what_the_next_epoch_names_as_lost_is_still_ahead(plain: PaperLog) -> None:
    origin = plain.now.origin
    note, smaller = restored(plain)
    plain.begin()  # quotes what is still there: names nothing as lost
    report = verify(plain, anchored(plain), register={origin: [note]})
    assert [(f.code, f.first) for f in report.ordered()] == [("register_ahead", smaller)]
    assert report.remarks == []


def test_a_lost_history_is_the_one_of_the_register_or_it_is_named(plain: PaperLog) -> None:
    origin, signer, size = plain.now.origin, plain.now.signer, max(plain.now.notes)
    note, smaller = restored(plain)
    plain.begin(previous=sign_checkpoint(Checkpoint(origin, size, bytes(32)), signer))
    report = verify(plain, anchored(plain), register={origin: [note]})
    assert [(f.code, f.first, f.last) for f in report.ordered()] == [("register_root", smaller, size - 1)]


def test_a_quote_that_the_log_key_did_not_sign_names_nothing(plain: PaperLog) -> None:
    origin, size = plain.now.origin, max(plain.now.notes)
    note, _ = restored(plain)
    other = NoteSigner(origin, Signer(bytes(range(32))))
    plain.begin(previous=sign_checkpoint(Checkpoint(origin, size, bytes(32)), other))
    report = verify(plain, anchored(plain), register={origin: [note]})
    assert sorted(codes(report)) == ["epoch_previous", "register_ahead"]


def test_an_unknown_terminal_is_named(plain: PaperLog) -> None:
    position = positions(plain, entries.OfficeEntry)[0]
    plain.now.entries[position] = entries.disclosure(bytes(32), bytes(16), "published", 1)
    plain.resign()
    report = verify(plain, anchored(plain))
    assert {f.code for f in report.findings} == {"not_enrolled"}


def test_whatever_bytes_stand_in_the_log_verify_ends_with_a_report() -> None:
    """Any damage is reported, in no case does verify itself fail."""
    chance = random.Random(4)
    for _ in range(60):
        log = rich_log()
        each = chance.choice(log.epochs)
        position = chance.randrange(len(each.entries))
        data = bytearray(each.entries[position])
        match chance.randrange(4):
            case 0:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            case 1:
                del data[chance.randrange(len(data)) :]
            case 2:
                data += b"\0"
            case _:
                data = bytearray(each.entries[chance.randrange(len(each.entries))])
        if bytes(data) == each.entries[position]:
            continue
        each.entries[position] = bytes(data)
        report = verify(log, anchored(log))
        assert not report.clean
        found = next(f for f in report.ordered() if f.origin == each.origin)
        assert found.first <= position, (found, position)
        assert report.as_json("zh")["first"]["sentence"]
