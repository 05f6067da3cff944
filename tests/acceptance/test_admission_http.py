"""What becomes of batches that arrive over HTTP: sent twice, in part, with gaps, forked, tampered with, undecodable.

Terminal T-1 is honest, its clone T-1' was copied from it; Officer Lin resolves what the two bring about.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from hashlib import sha256
from typing import Any

import asyncpg
import pytest
from msgspec import UNSET

from schemas import batch as batches
from schemas import canonical, entries
from schemas.batch import Batch, Lost
from schemas.entries import Who
from schemas.envelope import Seen
from schemas.receipt import Receipt
from tests.support.log import AUTHORITY, PaperTerminal
from tests.support.server import Answer, Bureau, Door, audit, enrolled


@pytest.fixture
async def t1(city: Bureau, at: Door) -> PaperTerminal:
    return await enrolled(city, at)


async def entries_of(city: Bureau, authority: str = AUTHORITY) -> list[bytes]:
    found = await audit(city.dsn())
    return next(rows for origin, rows in found.logs.items() if f"/{authority}/" in origin)


async def incidents_of(city: Bureau, terminal: bytes) -> list[str]:
    decoded = map(entries.decode, await entries_of(city))
    return [e.y for e in decoded if isinstance(e, entries.IncidentEntry) and e.t == terminal]


async def stored_count(city: Bureau, terminal: bytes) -> int:
    return (await audit(city.dsn())).count(terminal)


async def test_fifty_identical_batches_at_once_get_the_same_positions_and_each_event_stands_once(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    body = batches.encode(t1.batch([t1.envelope() for _ in range(20)]))
    answers = await asyncio.gather(*(at.post(body) for _ in range(50)))
    assert Counter(a.status for a in answers) == {200: 50}
    assert len({tuple(a.positions) for a in answers}) == 1
    assert await stored_count(city, t1.id) == 20


async def test_the_same_envelopes_in_other_batches_at_once_stand_once(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    sent = [t1.envelope() for _ in range(6)]
    bodies = [batches.encode(t1.batch(sent[:n], first=1, declared=6)) for n in range(1, 7)]
    answers = await asyncio.gather(*(at.post(body) for body in bodies * 4))
    assert {a.status for a in answers} == {200}
    places: dict[int, set[int]] = {}
    for answer in answers:
        for result in answer.receipt.results:
            places.setdefault(result.seq, set()).add(result.position)
    assert all(len(found) == 1 for found in places.values())
    assert await stored_count(city, t1.id) == 6


async def test_of_a_batch_half_known_the_known_half_keeps_its_positions(at: Door, t1: PaperTerminal) -> None:
    sent = [t1.envelope() for _ in range(10)]
    first = await at.post(t1.batch(sent[:5], first=1, declared=10))
    both = await at.post(t1.batch(sent, first=1))
    assert both.outcomes == ["duplicate"] * 5 + ["recorded"] * 5
    assert both.positions[:5] == first.positions
    again = await at.post(t1.batch(sent, first=1))
    assert again.outcomes == ["duplicate"] * 10
    assert again.positions == both.positions


async def test_a_gap_is_answered_with_what_was_expected_and_nothing_is_recorded(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    sent = [t1.envelope() for _ in range(6)]
    await at.post(t1.batch(sent[:2], first=1, declared=6))
    before = len(await entries_of(city))
    refused = await at.post(t1.batch(sent[4:], first=5))
    assert (refused.status, refused.code, refused.problem["expected"]) == (409, "gap", 3)
    silent = await at.post(t1.batch([], first=7))
    assert (silent.code, silent.problem["expected"]) == ("gap", 3)
    assert len(await entries_of(city)) == before
    assert (await at.post(t1.batch(sent[2:], first=3))).outcomes == ["recorded"] * 4


async def test_a_heartbeat_that_starts_over_at_one_claims_no_fork(city: Bureau, at: Door, t1: PaperTerminal) -> None:
    genesis = t1.prev
    await at.post(t1.batch([t1.envelope(), t1.envelope()]))
    answer = await at.post(t1.batch([], first=1, head=genesis, declared=2))
    assert answer.status == 200
    assert await incidents_of(city, t1.id) == []
    stranger = await at.post(t1.batch([], first=1, head=secrets.token_bytes(32), declared=2))
    assert stranger.status == 200
    assert await incidents_of(city, t1.id) == ["fork_claimed"]


async def test_of_a_fork_both_branches_are_kept_and_only_an_officers_act_ends_it(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    shared = [t1.envelope() for _ in range(2)]
    await at.post(t1.batch(shared))
    clone = t1.clone()
    await at.post(t1.batch([t1.envelope(body={"place": "北门"}) for _ in range(2)]))
    forked = await at.post(clone.batch([clone.envelope(body={"place": "南门"}) for _ in range(3)]))
    assert forked.outcomes == ["forked"] * 3
    assert all("held" in n for n in forked.notes)
    # The honest one goes on, held.
    on = await at.post(t1.batch([t1.envelope()]))
    assert on.outcomes == ["recorded"]
    assert on.notes == [["held"]]
    # The clone goes on as well, on its branch.
    more = await at.post(clone.batch([clone.envelope()]))
    assert more.outcomes == ["forked"]
    rows = [entries.decode(e) for e in await entries_of(city)]
    branch = {e.b for e in rows if isinstance(e, entries.BranchEntry) and e.t == t1.id}
    assert len(branch) == 1
    assert await incidents_of(city, t1.id) == ["fork"]
    await lin_ends_the_fork(city, t1.id)
    after = await at.post(t1.batch([t1.envelope()]))
    assert after.outcomes == ["recorded"]
    assert after.notes == [[]]
    assert (await city.verify()).clean


async def lin_ends_the_fork(city: Bureau, terminal: bytes, branch: bytes | None = None) -> None:
    """Officer Lin resolves the fork and releases the terminal, through a log opened beside the server's."""
    from server.log.terminal_acts import TerminalActs

    who = Who(officer="officer-lin", session=bytes(32), via="console")
    async with beside(city) as opened:
        acts = TerminalActs(opened.committer, opened.pool)
        await acts.resolve_fork(AUTHORITY, terminal, branch, "经核实，北门记录为真", who)
        await acts.release(AUTHORITY, terminal, "分叉已处理", who)


def beside(city: Bureau) -> Any:
    """The log of the bureau in this process too: a second writer on one database."""
    from ops.compose import DATABASE, Database, open_log

    return open_log(city.settings(), Database(lambda role: city.cluster.dsn(role, DATABASE), embedded=True))


async def test_the_branch_that_an_officer_names_goes_on_as_the_chain(city: Bureau, at: Door, t1: PaperTerminal) -> None:
    await at.post(t1.batch([t1.envelope()]))
    clone = t1.clone()
    await at.post(t1.batch([t1.envelope(), t1.envelope()]))
    forked = await at.post(clone.batch([clone.envelope()]))
    assert forked.outcomes == ["forked"]
    rows = [entries.decode(e) for e in await entries_of(city)]
    name = next(e.b for e in rows if isinstance(e, entries.BranchEntry) and e.t == t1.id)
    await lin_ends_the_fork(city, t1.id, name)
    on = await at.post(clone.batch([clone.envelope()]))
    assert on.outcomes == ["recorded"]
    assert on.notes == [[]]
    assert on.receipt.head.hash == clone.prev
    # What was the chain until now is a branch from here on.
    other = await at.post(t1.batch([t1.envelope()]))
    assert other.outcomes == ["forked"]
    assert (await city.verify()).clean


# -- without the key -------------------------------------------------------------------------------------------------


def changed(batch: Batch, **fields: Any) -> Batch:
    values = {name: getattr(batch, name) for name in Batch.__struct_fields__}
    return Batch(**{**values, **fields})


async def test_without_the_key_no_envelope_can_be_changed_dropped_added_or_moved(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    sent = [t1.envelope(), t1.envelope(), t1.raw(b"\xc1 not decodable")]
    batch = t1.batch(sent)
    other = PaperTerminal()
    flips = [bytes([sent[0][0] ^ 1]) + sent[0][1:], sent[1][:-1] + bytes([sent[1][-1] ^ 128])]
    attempts = {
        "first changed": changed(batch, envelopes=[flips[0], *sent[1:]]),
        "second changed": changed(batch, envelopes=[sent[0], flips[1], sent[2]]),
        "undecodable last one dropped": changed(batch, envelopes=sent[:2]),
        "undecodable last one replaced": changed(batch, envelopes=[*sent[:2], b"\xc1 other"]),
        "all dropped": changed(batch, envelopes=[], head=t1.prev),
        "one added": changed(batch, envelopes=[*sent, b"\xc1"], declared=4),
        "moved": changed(batch, envelopes=[sent[1], sent[0], sent[2]]),
        "placed elsewhere": changed(batch, first=2, declared=4),
        "declared raised": changed(batch, declared=9),
        "loss invented": changed(batch, first=5, declared=9, lost=[Lost(1, bytes(32), 4)]),
        "seen invented": changed(batch, seen=Seen(1, bytes(32), 1)),
        "signed by another": changed(
            batch, sig=other.event.sign(batches.message_of(batch, [sha256(e).digest() for e in sent]))
        ),
        "signature cut": changed(batch, sig=batch.sig[:63] + bytes([batch.sig[63] ^ 1])),
    }
    for name, attempt in attempts.items():
        answer = await at.post(attempt)
        assert (answer.status, answer.code) == (401, "bad_signature"), name
    assert await stored_count(city, t1.id) == 0
    # The control: as signed it goes through, and the undecodable one stands with the others.
    assert (await at.post(batch)).outcomes == ["recorded"] * 3
    assert await stored_count(city, t1.id) == 3


async def test_no_flipped_bit_of_a_batch_changes_what_is_recorded(city: Bureau, at: Door, t1: PaperTerminal) -> None:
    sent = [t1.envelope(), t1.envelope()]
    good = batches.encode(t1.batch(sent))
    for place in range(0, len(good), 7):
        bad = bytearray(good)
        bad[place] ^= 1 << (place % 8)
        answer = await at.post(bytes(bad))
        assert answer.status in (400, 401, 404, 413), (place, answer.status)
        assert answer.code in ("not_canonical", "unsupported_version", "bad_signature", "unknown_terminal", "too_large")
    assert await stored_count(city, t1.id) == 0


# -- what cannot be read ---------------------------------------------------------------------------------------------


async def test_an_undecodable_envelope_in_the_middle_is_recorded_and_the_rest_flows(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    junk = secrets.token_bytes(300)
    sent = [t1.envelope(), t1.raw(junk), t1.envelope(), t1.raw(b""), t1.envelope()]
    answer = await at.post(t1.batch(sent))
    assert answer.outcomes == ["recorded"] * 5
    assert answer.notes == [[], ["not_canonical", "unlinked"], [], ["not_canonical", "unlinked"], []]
    stored = entries.decode((await entries_of(city))[answer.positions[1]])
    assert isinstance(stored, entries.FieldEntry)
    assert stored.e == junk


async def test_a_newer_event_type_is_recorded_as_unknown_and_repeats_its_note(at: Door, t1: PaperTerminal) -> None:
    batch = t1.batch([t1.envelope("drone.landed.v3", {"height": 120}), t1.envelope(v=2), t1.envelope(later=True)])
    answer = await at.post(batch)
    assert answer.outcomes == ["recorded"] * 3
    assert answer.notes == [["unknown_type"], ["unknown_version"], ["unknown_fields"]]
    again = await at.post(batch)
    assert again.outcomes == ["duplicate"] * 3
    assert again.notes == answer.notes


async def test_a_legal_review_from_a_terminal_is_a_claim(at: Door, t1: PaperTerminal) -> None:
    body = {
        "review_id": secrets.token_bytes(16), "case_id": secrets.token_bytes(16), "reviewer": "officer-0031",
        "draft_hash": secrets.token_bytes(32), "outcome": "passed", "concluded_at": 1_767_229_200_000,
        "items": [{"item": "facts_clear", "answer": "pass"}],
    }  # fmt: skip
    answer = await at.post(t1.batch([t1.envelope("legal_review.concluded.v1", body)]))
    assert answer.notes == [["claim"]]


async def test_an_oversize_envelope_is_declared_lost_and_the_terminal_goes_on_held(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    await at.post(t1.batch([t1.envelope()]))
    large = t1.raw(secrets.token_bytes(60_001))
    after_loss = t1.prev
    note = t1.envelope(body={"place": "过大记录改为重录"})
    refused = await at.post(t1.batch([large, note]))
    assert (refused.status, refused.code) == (413, "too_large")
    assert (refused.problem["seq"], refused.problem["limit"]) == (2, 60_000)
    went_on = await at.post(t1.batch([note], lost=[Lost(2, after_loss, 2)]))
    assert went_on.outcomes == ["recorded"]
    assert went_on.notes == [["held"]]
    assert await incidents_of(city, t1.id) == ["hole"]
    assert (await at.post(t1.batch([t1.envelope()]))).outcomes == ["recorded"]
    # Sent again with the same declaration: what lies below the head is ignored.
    again = await at.post(t1.batch([note], first=3, declared=4, lost=[Lost(2, after_loss, 2)]))
    assert again.outcomes == ["duplicate"]
    assert (await city.verify()).clean


async def test_what_was_declared_lost_and_is_found_again_fills_the_hole(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    await at.post(t1.batch([t1.envelope()]))
    gone = [t1.envelope(), t1.envelope()]
    after = t1.envelope()
    await at.post(t1.batch([after], lost=[Lost(2, sha256(gone[1]).digest(), 3)]))
    found = await at.post(t1.batch(gone, first=2, declared=4))
    assert found.outcomes == ["recorded"] * 2
    assert found.notes == [["after_hole", "held"]] * 2
    assert (await city.verify()).clean


async def test_a_checkpoint_that_this_log_never_signed_is_an_alarm_and_the_record_is_kept(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    told = await at.post(t1.batch([t1.envelope()], seen=Seen(1, secrets.token_bytes(32), 2)))
    assert told.outcomes == ["recorded"]
    assert told.receipt.consistency is UNSET
    assert await incidents_of(city, t1.id) == ["split_view"]
    for wrong in (Seen(9, bytes(32), 1), Seen(1, bytes(32), 2**53 - 1)):
        assert (await at.post(t1.batch([t1.envelope()], seen=wrong))).status == 200
    assert await incidents_of(city, t1.id) == ["split_view"] * 3


async def test_a_terminal_of_another_authority_is_invisible_in_this_log(city: Bureau, at: Door) -> None:
    county = await enrolled(city, at, "210521")
    answer = await at.post(county.batch([county.envelope()]))
    assert "/210521/" in answer.receipt.checkpoint
    assert all(county.id not in entry for entry in await entries_of(city, "210500"))


def heads(answer: Answer) -> tuple[int, bytes]:
    told: Receipt = answer.receipt
    return told.head.seq, told.head.hash


async def test_the_head_endpoint_says_what_the_receipt_says(at: Door, t1: PaperTerminal) -> None:
    answer = await at.post(t1.batch([t1.envelope(), t1.envelope()], declared=7))
    told = canonical.decode((await at.head(t1)).body)
    assert isinstance(told, dict)
    assert (told["head"]["seq"], told["head"]["hash"]) == heads(answer)
    assert (told["declared"], told["held"], told["missing"], told["missing_private"]) == (7, False, [], [])


async def test_the_writer_role_can_neither_change_nor_remove_what_was_recorded(city: Bureau) -> None:
    connection = await city.connect("liuhen_writer")
    try:
        for statement in ("UPDATE log.entries SET entry = ''", "DELETE FROM log.entries", "TRUNCATE log.entries"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
