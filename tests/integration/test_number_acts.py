"""Document numbers end to end on a real log: no number twice, by however many officers, processes and terminals."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas import entries
from schemas.entries import OfficeEntry, Who
from schemas.events.document_number import DocumentNumberIssued, DocumentNumbersReserved
from schemas.problems import Problem
from server.log import epochs, store
from server.log.acts import Placed
from server.log.number_acts import NumberActs, Numbered
from tests.support.log import AUTHORITY, HOST, Log, PaperTerminal, enrol, now, open_log, send
from tests.support.postgres import TestDatabase

LIN = Who(officer="officer-0017", session=bytes(32), via="console")
ZHAO = Who(officer="officer-0023", session=bytes(31) + b"\x01", via="console")
KEY = f"{AUTHORITY}/责改/2026"
FRONT = "（辽本）应急"
CASE = bytes.fromhex("019b77b0000070008000000000000001")
MONTH = 30 * 86_400_000


@pytest.fixture
async def log(database: TestDatabase, short_folder: Path) -> AsyncIterator[Log]:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as opened:
        yield opened


@pytest.fixture
def acts(log: Log) -> NumberActs:
    return NumberActs(log.committer, log.pool)


async def act_at(log: Log, placed: Placed) -> OfficeEntry:
    data = await log.pool.fetchval(
        "SELECT entry FROM log.entries WHERE log_id = $1 AND position = $2", placed.log_id, placed.positions[0]
    )
    entry = entries.decode_strict(bytes(data))
    assert isinstance(entry, OfficeEntry)
    return entry


def number(done: Numbered) -> int:
    assert isinstance(done.fact, DocumentNumberIssued)
    return done.fact.n


async def test_an_issued_number_is_an_act_with_its_number_and_case_as_tags(log: Log, acts: NumberActs) -> None:
    done = await acts.issue(KEY, FRONT, LIN, case_id=CASE)
    entry = await act_at(log, done.placed)
    assert (entry.y, entry.q, entry.w.officer) == ("document_number.issued.v1", 1, "officer-0017")
    assert entry.b["document_no"] == "（辽本）应急责改〔2026〕1号"
    assert entry.b["issued_to"] == "officer-0017"
    assert set(entry.a) == {
        f"authority:{AUTHORITY}", "case:019b77b0-0000-7000-8000-000000000001", "document:（辽本）应急责改〔2026〕1号",
    }  # fmt: skip


async def test_officers_who_ask_at_once_get_different_numbers(log: Log, acts: NumberActs, short_folder: Path) -> None:
    async with open_log(log.dsn, short_folder) as second:
        others = NumberActs(second.committer, second.pool)
        asked = [service.issue(KEY, FRONT, who) for _ in range(10) for service, who in ((acts, LIN), (others, ZHAO))]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    got = [number(each) for each in outcomes if isinstance(each, Numbered)]
    assert sorted(got) == list(range(1, len(got) + 1))
    assert {each.code for each in outcomes if isinstance(each, Problem)} <= {"overloaded"}
    assert len(got) >= 10


async def test_a_block_of_a_terminal_and_numbers_of_the_office_never_meet(log: Log, acts: NumberActs) -> None:
    terminal = PaperTerminal()
    await enrol(log, terminal)
    assert number(await acts.issue(KEY, FRONT, LIN)) == 1
    block = await acts.reserve(KEY, 50, now() + MONTH, FRONT, LIN, terminal=terminal.id)
    assert isinstance(block.fact, DocumentNumbersReserved)
    assert (block.fact.from_n, block.fact.to_n, block.fact.terminal_id) == (2, 51, terminal.id)
    assert f"terminal:{(await act_at(log, block.placed)).a[-1][9:]}" in (await act_at(log, block.placed)).a
    assert number(await acts.issue(KEY, FRONT, LIN)) == 52


async def test_only_a_terminal_of_the_authority_that_is_not_revoked_gets_a_block(log: Log, acts: NumberActs) -> None:
    with pytest.raises(Problem) as refused:
        await acts.reserve(KEY, 5, now() + MONTH, FRONT, LIN, terminal=secrets.token_bytes(16))
    assert refused.value.code == "unknown_terminal"


async def test_a_number_that_a_document_in_the_log_bears_as_a_tag_is_passed_over(log: Log, acts: NumberActs) -> None:
    terminal = PaperTerminal()
    await enrol(log, terminal)
    tags = [f"authority:{AUTHORITY}", "document:（辽本）应急责改〔2026〕1号", "document:（辽本）应急责改〔2026〕2号"]
    await send(log, terminal.batch([terminal.envelope("rectification.ordered.v1", about=tags)]))
    assert number(await acts.issue(KEY, FRONT, LIN)) == 3


async def test_voids_and_returns_are_acts_with_reason_and_approver(log: Log, acts: NumberActs) -> None:
    block = await acts.reserve(KEY, 10, now() + MONTH, FRONT, LIN, holder="officer-0017")
    assert isinstance(block.fact, DocumentNumbersReserved)
    voided = await act_at(log, (await acts.void(KEY, 2, "printer tore it", "officer-0002", [bytes(32)], LIN)).placed)
    assert (voided.y, voided.b["n"], voided.b["approver"]) == ("document_number.voided.v1", 2, "officer-0002")
    assert voided.b["document_no"] == "（辽本）应急责改〔2026〕2号"
    returned = await act_at(log, (await acts.take_back(KEY, block.fact.block_id, 3, "year_end", LIN)).placed)
    assert (returned.y, returned.b["from_n"], returned.b["to_n"]) == ("document_number.returned.v1", 3, 10)
    with pytest.raises(Problem) as refused:
        await acts.void(KEY, 2, "again", "officer-0002", [bytes(32)], LIN)
    assert refused.value.code == "conflict"
    assert number(await acts.issue(KEY, FRONT, LIN)) == 11


async def test_a_sequence_goes_on_in_the_next_epoch_and_in_another_process(
    log: Log, acts: NumberActs, short_folder: Path
) -> None:
    await acts.issue(KEY, FRONT, LIN)
    connection = await store.connect(log.dsn)
    try:
        await epochs.begin_epoch(
            connection, log.book.queries, log.keyring, log.register, authority=AUTHORITY, host=HOST, received=now()
        )
    finally:
        await connection.close()
    again = await acts.issue(KEY, FRONT, LIN)
    assert (number(again), again.placed.epoch, (await act_at(log, again.placed)).q) == (2, 2, 2)
    async with open_log(log.dsn, short_folder) as second:
        assert number(await NumberActs(second.committer, second.pool).issue(KEY, FRONT, ZHAO)) == 3
    state = await NumberActs(log.committer, log.pool).load(KEY)
    assert (state.high, state.issued) == (3, 3)


async def test_a_key_that_is_no_series_of_an_authority_is_refused(log: Log, acts: NumberActs) -> None:
    for wrong, code in (("210500", "bad_request"), ("999999/责改/2026", "not_found")):
        with pytest.raises(Problem) as refused:
            await acts.issue(wrong, FRONT, LIN)
        assert refused.value.code == code
