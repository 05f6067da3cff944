"""The number of a decision is given out on the real log only if no gate is closed to the decision."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.matter import Fact
from schemas.entries import Who
from schemas.events.document_number import DocumentNumberIssued
from schemas.problems import Problem
from server.log.acts import Act, OfficeActs
from server.log.ids import uuid7, uuid_text
from server.log.number_acts import NumberActs
from tests.support.cases import CERTIFIED, HASH, story
from tests.support.facts import CASE
from tests.support.log import AUTHORITY, Log, PaperTerminal, enrol, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge

HEAD = Who(officer="officer-0002", session=bytes(32), via="console")
KEY = f"{AUTHORITY}/罚/2026"
FRONT = "（示）应急"


@pytest.fixture
async def log(database: TestDatabase, short_folder: Path) -> AsyncIterator[Log]:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as opened:
        yield opened


async def record(log: Log, facts: Iterable[Fact], terminal: PaperTerminal) -> None:
    """Facts of a story as they come into a log: acts of the office, and envelopes of a terminal."""
    for one in facts:
        body: Any = msgspec.to_builtins(one.body, builtin_types=(bytes,))
        if one.source == "office":
            act = Act(one.type, sorted(one.about), body, uuid7(), 1, one.id)
            await log.committer.submit(OfficeActs(AUTHORITY, [act], HEAD, one.received))
        else:
            envelope = terminal.envelope(
                one.type, body, about=sorted(one.about), by=list(one.by), occurred=one.occurred, id=one.id
            )
            await send(log, terminal.batch([envelope]))


async def told(log: Log, until: str, database: TestDatabase) -> PaperTerminal:
    terminal = PaperTerminal()
    await enrol(log, terminal)
    certificates = [one for facts in CERTIFIED.values() for one in facts]
    await record(log, [*certificates, *story(until=until)], terminal)
    await judge(database)
    return terminal


async def test_a_decision_that_passed_its_gates_gets_its_number(log: Log, database: TestDatabase) -> None:
    await told(log, "discussed", database)
    acts = NumberActs(log.committer, log.pool)
    done = await acts.issue(KEY, FRONT, HEAD, case_id=CASE, draft_hash=HASH)
    assert isinstance(done.fact, DocumentNumberIssued)
    assert (done.fact.document_no, done.fact.draft_hash) == (f"{FRONT}罚〔2026〕1号", HASH)


async def test_a_decision_without_its_review_gets_none_and_is_told_why(log: Log, database: TestDatabase) -> None:
    terminal = await told(log, "held", database)
    acts = NumberActs(log.committer, log.pool)
    before = (await log.head())["size"]
    with pytest.raises(Problem) as refused:
        await acts.issue(KEY, FRONT, HEAD, case_id=CASE)
    gates: Any = refused.value.fields["gates"]
    assert refused.value.code == "gate_closed"
    assert {gate["rule"] for gate in gates} == {"INV-17", "INV-19"}
    assert all(gate["zh"] and gate["en"] for gate in gates)
    assert (await log.head())["size"] == before

    rest = [one for one in story(until="discussed") if one.type.startswith(("legal_review", "collective"))]
    await record(log, rest, terminal)
    await judge(database)
    assert isinstance((await acts.issue(KEY, FRONT, HEAD, case_id=CASE)).fact, DocumentNumberIssued)


async def test_what_came_into_the_case_since_it_was_judged_is_looked_at_first(log: Log, database: TestDatabase) -> None:
    terminal = await told(log, "discussed", database)
    envelope = terminal.envelope("defence.recorded.v1", {}, about=[f"case:{uuid_text(CASE)}"])
    await send(log, terminal.batch([envelope]))
    acts = NumberActs(log.committer, log.pool)
    with pytest.raises(Problem) as refused:
        await acts.issue(KEY, FRONT, HEAD, case_id=CASE)
    assert refused.value.code == "overloaded", "nobody judges here: the server waits, then asks to try again"
    await judge(database)
    assert isinstance((await acts.issue(KEY, FRONT, HEAD, case_id=CASE)).fact, DocumentNumberIssued)


async def test_the_number_of_a_decision_belongs_to_a_case_that_is_there(log: Log, database: TestDatabase) -> None:
    acts = NumberActs(log.committer, log.pool)
    for case, code in ((b"", "bad_request"), (CASE, "not_found")):
        with pytest.raises(Problem) as refused:
            await acts.issue(KEY, FRONT, HEAD, case_id=case)
        assert refused.value.code == code
    await told(log, "filed", database)
    with pytest.raises(Problem) as refused:
        await acts.issue(KEY, FRONT, HEAD, case_id=CASE)
    assert refused.value.code == "gate_closed"
    other = await acts.issue(f"{AUTHORITY}/责改/2026", FRONT, HEAD)
    assert isinstance(other.fact, DocumentNumberIssued), "other documents have no gate"
