"""Case files and terminal ledgers out of the real log: what officers see, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from projections import queries
from projections.views import WITHHELD, to_json
from schemas.batch import Lost
from schemas.entries import Who
from schemas.private import commitment
from server.log.acts import Act, OfficeActs, release_effect, resolve_effect
from server.log.arrivals import Arrivals
from tests.support.event_vectors import digest
from tests.support.log import AUTHORITY, Log, now, open_log, send, uuid7
from tests.support.postgres import TestDatabase
from tests.support.projections import (
    CASE,
    HAZARD,
    T0,
    TASK,
    act,
    body,
    enrolled,
    envelope_hash,
    fold,
    fork,
    inspection,
    officer,
)


@pytest.fixture
async def log(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Log]:
    async with open_log(database.dsn("liuhen_writer"), tmp_path, authorities=(AUTHORITY, "210000")) as opened:
        yield opened


async def office(log: Log, name: str, tags: list[str], fields: dict[str, object], **options: object) -> None:
    origin = options.pop("origin", None) or uuid7()
    version = options.pop("version", 1)
    who = Who(officer="officer-0002", session=bytes(32), via="console")
    work = OfficeActs(AUTHORITY, [Act(name, tags, fields, origin, version, uuid7())], who, now(), **options)
    await log.committer.submit(work)


async def test_a_case_file_is_read_in_process_order_and_not_in_order_of_arrival(
    log: Log, database: TestDatabase
) -> None:
    terminal = await enrolled(log)
    await inspection(log, terminal)
    await fold(database)
    async with officer(database) as conn:
        file = await queries.case_file(conn, "task", TASK)
    assert file is not None
    assert [item.step.code for item in file.items] == ["A5", "A6", "A8", "A9", ""]
    assert [item.position for item in file.items] != sorted(item.position for item in file.items)
    first = file.items[0]
    assert (first.occurred, first.at, first.offset) == (T0 + 10_000, T0 + 11_000, 300)
    assert first.received > T0
    assert first.by == ("officer-0017", "officer-0023")
    assert first.terminal is not None
    assert first.outcome == "recorded"
    assert file.header.counts.items == 5
    assert file.header.step is not None
    assert file.header.step.code == "A9"
    assert {(link.kind, link.id) for link in file.header.links} == {
        ("hazard", HAZARD), ("enterprise", "91210500MA0TEX018W"),
    }  # fmt: skip


async def test_a_review_from_a_terminal_is_a_claim_and_moves_no_step(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    await inspection(log, terminal)
    await fold(database)
    async with officer(database) as conn:
        file = await queries.case_file(conn, "case", CASE)
    assert file is not None
    review = next(item for item in file.items if item.type == "legal_review.concluded.v1")
    assert review.claim
    assert "claim" in review.notes
    assert file.header.counts.claims == 1
    assert file.header.step is not None
    assert file.header.step.code == "B6", "the claimed review (B11) is not the step that the case has reached"


async def test_the_office_s_own_review_is_no_claim_and_names_the_case(log: Log, database: TestDatabase) -> None:
    await office(log, "case.filed.v1", [f"case:{CASE}"], body("case.filed.v1"))
    await office(log, "legal_review.concluded.v1", [f"case:{CASE}"], body("legal_review.concluded.v1"))
    await fold(database)
    async with officer(database) as conn:
        file = await queries.case_file(conn, "case", CASE)
    assert file is not None
    assert [item.claim for item in file.items] == [False, False]
    assert file.header.step is not None
    assert file.header.step.code == "B11"
    assert file.header.title == body("case.filed.v1")["cause"]
    assert not file.header.title_claimed
    assert file.header.parties[0].name == body("case.filed.v1")["party"]["name"]


async def test_a_claimed_filing_names_the_case_only_until_the_office_files_it(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    claimed = {**body("case.filed.v1"), "cause": "现场所称案由"}
    await send(log, terminal.batch([terminal.envelope("case.filed.v1", claimed, about=[f"case:{CASE}"])]))
    await fold(database)
    async with officer(database) as conn:
        before = await queries.case_file(conn, "case", CASE)
    await office(log, "case.filed.v1", [f"case:{CASE}"], body("case.filed.v1"))
    await fold(database)
    async with officer(database) as conn:
        after = await queries.case_file(conn, "case", CASE)
    assert before is not None
    assert (before.header.title, before.header.title_claimed, before.header.step) == ("现场所称案由", True, None)
    assert after is not None
    assert (after.header.title, after.header.title_claimed) == (body("case.filed.v1")["cause"], False)


async def test_an_event_of_a_type_that_nobody_knows_is_shown_as_not_yet_understood(
    log: Log, database: TestDatabase
) -> None:
    terminal = await enrolled(log)
    await inspection(log, terminal)
    await fold(database)
    async with officer(database) as conn:
        file = await queries.case_file(conn, "task", TASK)
    assert file is not None
    last = file.items[-1]
    assert (last.type, last.understood, last.family, last.body) == ("drone.flown.v1", False, None, {"height": 30})
    assert "unknown_type" in last.notes
    assert file.header.counts.not_understood == 1


async def test_declared_files_are_missing_until_they_arrive(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    await inspection(log, terminal)
    await fold(database)
    async with officer(database) as conn:
        before = await queries.case_file(conn, "task", TASK)
    held = (digest("photo"), 9, "image/jpeg", AUTHORITY, UUID(bytes=terminal.id))
    await log.pool.execute("SELECT evidence.hold($1, $2, $3, $4, $5)", *held)
    await Arrivals(log.committer, log.pool).announce(digest("photo"))
    async with officer(database) as conn:
        after = await queries.case_file(conn, "task", TASK)
    assert before is not None
    assert after is not None
    assert (before.header.counts.blobs, before.header.counts.blobs_missing) == (1, 1)
    assert after.header.counts.blobs_missing == 0
    assert [blob.arrived for item in before.items for blob in item.blobs] == [False]
    assert [blob.arrived for item in after.items for blob in item.blobs] == [True]


async def test_private_fields_are_named_as_withheld_and_never_shown(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    hidden = commitment(bytes(32), "某某某")
    fields = {**body("site.entered.v1"), "person_met_name": hidden}
    await send(log, terminal.batch([terminal.envelope("site.entered.v1", fields, about=[f"task:{TASK}"])]))
    await fold(database)
    async with officer(database) as conn:
        file = await queries.case_file(conn, "task", TASK)
    assert file is not None
    (item,) = file.items
    assert item.body["person_met_name"] == {WITHHELD: hidden.hex(), "arrived": False}
    assert [(one.digest, one.arrived) for one in item.private] == [(hidden.hex(), False)]
    assert file.header.counts.private_missing == 1
    assert item.body["place"] == fields["place"], "what is not private stays readable"


async def test_json_has_the_words_of_one_language_and_nothing_that_json_cannot_hold(
    log: Log, database: TestDatabase
) -> None:
    await inspection(log, await enrolled(log))
    await fold(database)
    async with officer(database) as conn:
        file = await queries.case_file(conn, "task", TASK)
    assert file is not None
    zh, en = (json.loads(json.dumps(to_json(file, lang))) for lang in ("zh", "en"))
    assert (zh["items"][0]["title"], en["items"][0]["title"]) == ("进入现场", "Site entered")
    assert zh["items"][0]["body"] == en["items"][0]["body"]


async def test_both_branches_of_a_fork_are_in_the_file_and_the_side_chain_is_marked(
    log: Log, database: TestDatabase
) -> None:
    terminal = await enrolled(log)
    await fork(log, terminal)
    await fold(database)
    async with officer(database) as conn:
        file = await queries.case_file(conn, "task", TASK)
        ledger = await queries.terminal(conn, str_id(terminal.id))
    assert file is not None
    assert ledger is not None
    assert [item.outcome for item in file.items] == ["recorded", "forked"]
    assert file.items[1].branch == ledger.branches[0].id
    assert file.header.counts.forked == 1
    assert (ledger.held, ledger.open_branches, ledger.head) == (True, 1, 1)
    assert [incident.kind for incident in ledger.incidents] == ["fork"]


async def test_an_officer_s_act_ends_a_fork_and_releases_the_terminal(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    await fork(log, terminal)
    async with log.pool.acquire() as conn:
        rare = await conn.fetchval("SELECT rare FROM log.terminals WHERE terminal = $1", str_id(terminal.id))
    assert rare is not None
    await fold(database)
    async with officer(database) as conn:
        (branch,) = (await queries.terminal(conn, str_id(terminal.id))).branches  # type: ignore[union-attr]
        before = await queries.case_file(conn, "task", TASK)
    chosen = bytes.fromhex(branch.id)
    await office(
        log, "terminal.fork_resolved.v1", [f"terminal:{str_id(terminal.id)}"],
        {"branch": chosen, "terminal": terminal.id},
        origin=terminal.id, version=2, effects=[(terminal.id, resolve_effect(chosen))],
    )  # fmt: skip
    await office(
        log, "terminal.released.v1", [f"terminal:{str_id(terminal.id)}"],
        {"reason": "核对无误", "terminal": terminal.id},
        origin=terminal.id, version=3, effects=[(terminal.id, release_effect)],
    )  # fmt: skip
    await fold(database)
    async with officer(database) as conn:
        ledger = await queries.terminal(conn, str_id(terminal.id))
        after = await queries.case_file(conn, "task", TASK)
    assert ledger is not None
    assert (ledger.held, ledger.open_branches, ledger.branches[0].state) == (False, 0, "continues")
    assert before is not None
    assert after is not None
    assert [(item.kind, item.branch_state) for item in before.items] == [("field", None), ("branch", "open")]
    assert [(item.kind, item.branch_state) for item in after.items] == [("field", None), ("branch", "continues")]


async def test_a_ledger_says_what_arrived_what_is_waiting_and_what_is_odd(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    await inspection(log, terminal)
    await send(log, terminal.batch([], first=terminal.seq + 1, declared=terminal.seq + 7))
    await fold(database)
    async with officer(database) as conn:
        ledger = await queries.terminal(conn, str_id(terminal.id))
    assert ledger is not None
    assert (ledger.head, ledger.declared, ledger.waiting, ledger.entries) == (8, 15, 7, 8)
    assert ledger.notes == {"claim": 1, "not_canonical": 1, "unknown_type": 1, "unlinked": 1}
    assert ledger.clock is not None
    assert (ledger.clock.least, ledger.clock.most, ledger.clock.last) == (-1_500, 300, 300)
    assert ledger.enrolment is not None
    assert (ledger.enrolment.event_key, ledger.enrolment.info) == (terminal.event.public.hex(), {"model": "paper"})
    assert not ledger.held


async def test_a_hole_holds_the_terminal_and_counts_what_comes_in_after_all(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    lost = [act(terminal, "site.entered.v1", f"task:{TASK}") for _ in range(3)]
    behind = act(terminal, "site.entered.v1", f"task:{TASK}")
    await send(log, terminal.batch([behind], lost=[Lost(1, envelope_hash(lost[-1]), 3)]))
    await send(log, terminal.batch(lost[:2], first=1, declared=4))
    await fold(database)
    async with officer(database) as conn:
        ledger = await queries.terminal(conn, str_id(terminal.id))
        file = await queries.case_file(conn, "task", TASK)
    assert ledger is not None
    assert file is not None
    assert [(hole.first, hole.last, hole.filled) for hole in ledger.holes] == [(1, 3, 2)]
    assert (ledger.head, ledger.held) == (4, True)
    assert [item.seq for item in file.items if "after_hole" in item.notes] == [1, 2]


async def test_another_authority_sees_nothing_and_no_authority_is_an_error(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    await inspection(log, terminal)
    await fold(database)
    async with officer(database, "210000") as conn:
        assert await queries.case_file(conn, "task", TASK) is None
        assert (await queries.list_cases(conn, "task")).rows == ()
        assert (await queries.terminals(conn)).rows == ()
        assert await queries.terminal(conn, str_id(terminal.id)) is None
        assert await conn.fetch("SELECT * FROM view_a.case_items") == []
    conn = await database.connect("liuhen_console")
    try:
        with pytest.raises(asyncpg.UndefinedObjectError):
            await queries.case_file(conn, "task", TASK)
        with pytest.raises(asyncpg.UndefinedObjectError):
            await conn.fetch("SELECT * FROM view_a.case_files")
    finally:
        await conn.close()


async def test_officers_cannot_write_a_view(database: TestDatabase) -> None:
    async with officer(database) as conn:
        with pytest.raises(asyncpg.PostgresError):
            await conn.execute("INSERT INTO view_a.parked VALUES ('x', 1, 1, 'x')")


async def test_lists_page_through_every_subject_once_newest_first(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    for number in range(7):
        await send(log, terminal.batch([act(terminal, "site.entered.v1", f"task:t-{number}")]))
    await fold(database)
    found, after = [], None
    async with officer(database) as conn:
        while True:
            page = await queries.list_cases(conn, "task", limit=3, after=after)
            found.extend((row.last_received, row.id) for row in page.rows)
            after = page.next
            if after is None:
                break
        with pytest.raises(queries.BadCursor):
            await queries.list_cases(conn, "task", after="made up")
    assert len(found) == 7
    assert len({name for _, name in found}) == 7
    assert found == sorted(found, reverse=True)


async def test_terminals_page_by_id(log: Log, database: TestDatabase) -> None:
    names = sorted([str_id((await enrolled(log)).id) for _ in range(3)])
    await fold(database)
    async with officer(database) as conn:
        first = await queries.terminals(conn, limit=2)
        second = await queries.terminals(conn, limit=2, after=first.next)
        with pytest.raises(queries.BadCursor):
            await queries.terminals(conn, after="made up")
    assert [row.id for row in (*first.rows, *second.rows)] == names
    assert second.next is None


async def test_a_long_file_comes_in_parts_whose_items_are_all_there_once(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    many = [act(terminal, "site.entered.v1", f"task:{TASK}", occurred=T0 + n) for n in range(100)]
    await send(log, terminal.batch(many))
    await fold(database)
    seqs: list[int | None] = []
    offset: int | None = 0
    async with officer(database) as conn:
        while offset is not None:
            file = await queries.case_file(conn, "task", TASK, limit=33, offset=offset)
            assert file is not None
            assert file.header.counts.items == 100
            seqs.extend(item.seq for item in file.items)
            offset = file.next
    assert seqs == list(range(1, 101))


async def test_an_answer_says_how_far_the_log_was_folded(log: Log, database: TestDatabase) -> None:
    terminal = await enrolled(log)
    await fold(database)
    await send(log, terminal.batch([act(terminal, "site.entered.v1", f"task:{TASK}")]))
    async with officer(database) as conn:
        (behind,) = await queries.lag(conn)
        cut = await queries.as_of(conn)
    assert (behind.size, behind.position, behind.behind) == (4, 2, 2)
    assert cut == {behind.log_id: 2}


def str_id(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
