"""Publication on the real log: two persons, open gates, one transaction; corrected, withdrawn, expired, never again."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain import disclosure_record
from projections import publishing
from projections.runner import connect
from schemas import entries, published_document
from schemas.entries import DisclosureEntry, OfficeEntry, Who
from schemas.problems import Problem
from server.log import disclosure_gate
from server.log.disclosure_acts import Done, record_of
from server.log.ids import uuid7, uuid_text
from server.log.private_values import sealed
from tests.support.cases import FACTS, hash_of_draft, of_case
from tests.support.disclosure import (
    MONTHS,
    PARTY,
    PREPARER,
    RELEASER,
    Desk,
    bureau,
    correct,
    decided,
    publish,
    record,
    release,
    withdraw,
)
from tests.support.facts import ENTERPRISE, at, fact
from tests.support.log import AUTHORITY, Log, open_log
from tests.support.postgres import TestDatabase
from tests.support.process import judge


@pytest.fixture
async def log(database: TestDatabase, short_folder: Path) -> AsyncIterator[Log]:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as opened:
        yield opened


@pytest.fixture
async def desk(log: Log, database: TestDatabase) -> Desk:
    return await bureau(log, database)


async def shown(database: TestDatabase) -> list[Any]:
    """What the role of the public site reads."""
    connection = await database.connect("liuhen_public")
    try:
        return list(await connection.fetch("SELECT * FROM published.records ORDER BY released, record"))
    finally:
        await connection.close()


async def entry_at(desk: Desk, position: int) -> Any:
    data = await desk.log.pool.fetchval("SELECT entry FROM log.entries WHERE position = $1", position)
    return entries.decode(bytes(data))


def gates(refused: pytest.ExceptionInfo[Problem]) -> set[str]:
    found: Any = refused.value.fields.get("gates", ())
    assert all(one["zh"] and one["en"] for one in found)
    return {one["rule"] for one in found}


async def test_a_lawful_decision_is_prepared_by_one_and_released_by_another(desk: Desk) -> None:
    own = await decided(desk)
    done = await publish(desk, own)
    (row,) = await shown(desk.database)
    assert (row["status"], row["revision"], row["party"], row["uscc"]) == ("published", 1, PARTY, "91210500MA0UEXAMP1")
    assert (row["document_no"], row["fine_fen"], row["decided_on"]) == (
        own.number,
        6_000_000,
        datetime.date(2026, 4, 3),
    )
    document = published_document.read(bytes(row["document"]))
    assert len(document.fields) == 28
    assert document.value("CF_FRDB") == "欧＊＊＊"
    assert document.value("CF_SY") == FACTS
    assert document.fen("CF_NR_FK") == 6_000_000
    assert document.until is not None
    assert document.value("CF_FR_ZJHM") == ""
    assert done.record.status == "published"
    # The entry carries the salted hash alone; the act behind it cites its position; both are of one group.
    entry = entries.decode(bytes(row["entry"]))
    assert isinstance(entry, DisclosureEntry)
    assert entry.h == entries.disclosure_hash(bytes(row["salt"]), bytes(row["document"]))
    assert await entry_at(desk, row["position"]) == entry
    behind = await entry_at(desk, row["position"] + 1)
    assert isinstance(behind, OfficeEntry)
    assert (behind.y, behind.b["position"], behind.o) == ("disclosure.published.v1", row["position"], entry.i)
    assert behind.b["snapshot_hash"] == sha256(bytes(row["document"])).digest()
    assert (behind.b["prepared_by"], behind.b["approver"]) == (PREPARER.officer, RELEASER.officer)
    assert FACTS.encode() not in await _log_of(desk, behind.i), "the act names fields and holds none of their texts"


async def _log_of(desk: Desk, act_id: bytes) -> bytes:
    rows = await desk.log.pool.fetch(
        "SELECT e.entry FROM log.keys k JOIN log.entries e USING (log_id, position) WHERE k.id = $1", _uuid(act_id)
    )
    return b"".join(bytes(row["entry"]) for row in rows)


def _uuid(raw: bytes) -> UUID:
    return UUID(bytes=raw)


async def test_who_prepared_it_may_not_release_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    own = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    pending = prepared.record.pending
    assert pending is not None
    size = (await desk.log.head())["size"]
    for who in (PREPARER, Who(service="publisher", session=bytes(32), via="token")):
        with pytest.raises(Problem) as refused:
            await desk.acts.release(AUTHORITY, prepared.record.id, pending.id, who)
        assert gates(refused) == {"OGI-17"}
    assert (await desk.log.head())["size"] == size
    assert await shown(desk.database) == []
    # Control: without the check the same call would go through, and even then the public sees nothing of it.
    monkeypatch.setattr(disclosure_record, "second_person", lambda *_: ())
    await desk.acts.release(AUTHORITY, prepared.record.id, pending.id, PREPARER)
    assert (await desk.log.head())["size"] > size
    assert await desk.project() == publishing.Published(shown=0, refused=1)
    monkeypatch.setattr(publishing, "_by_two", lambda *_: True)
    connection = await connect(desk.database.dsn("liuhen_projector"), "test")
    try:
        assert (await publishing.rebuild(connection)).shown == 1
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("without", "rules"),
    [
        (("review_requested", "reviewed"), {"INV-17"}),
        (("discussed",), {"INV-19"}),
        (("notice", "hearing_right", "requested", "hearing_notice", "held"), {"INV-13", "INV-14"}),
    ],
)
async def test_a_decision_that_bypassed_its_gates_is_not_published(
    desk: Desk, without: tuple[str, ...], rules: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = await decided(desk, without=without)
    size = (await desk.log.head())["size"]
    with pytest.raises(Problem) as refused:
        await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    assert rules <= gates(refused)
    assert (await desk.log.head())["size"] == size
    # Control: the check taken out, it becomes public.
    monkeypatch.setattr(disclosure_gate, "_lawful", lambda *_: ())
    await publish(desk, own)
    assert len(await shown(desk.database)) == 1


async def test_a_gate_that_closes_between_preparation_and_release_stops_the_release(desk: Desk) -> None:
    own = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    await alter(desk, own)
    with pytest.raises(Problem) as refused:
        await release(desk, prepared)
    assert gates(refused) == {"INV-29"}
    assert await shown(desk.database) == []


async def test_what_came_into_the_case_since_it_was_judged_is_looked_at_first(desk: Desk) -> None:
    own = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    await alter(desk, own, judged=False)
    with pytest.raises(Problem) as refused:
        await release(desk, prepared)
    assert refused.value.code == "overloaded", "nobody judges here: the server waits, then asks to try again"
    assert await shown(desk.database) == []


async def alter(desk: Desk, own: Any, *, judged: bool = True) -> None:
    one = of_case(
        "decision.altered.v1", occurred="2026-05-06", target_document_no=own.number, by="reconsideration",
        effect="revoked", effective_on="2026-05-06", case_id=own.case, about=(f"case:{own.key}",),
    )  # fmt: skip
    await record(desk.log, [one], desk.terminal)
    if judged:
        await judge(desk.database)


async def test_a_withdrawn_record_never_becomes_public_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    own = await decided(desk)
    done = await withdraw(desk, await publish(desk, own))
    (row,) = await shown(desk.database)
    assert (row["status"], row["party"], row["uscc"], row["haystack"]) == ("withdrawn", None, None, "")
    assert PARTY.encode() not in bytes(row["document"])
    assert row["reason"] == "决定经行政复议撤销。"

    async def everything() -> None:
        acts, record_id = desk.acts, done.record.id
        for attempt in (
            lambda: acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER),
            lambda: acts.prepare_correction(AUTHORITY, record_id, {}, MONTHS, "更正", PREPARER),
            lambda: acts.prepare_withdrawal(AUTHORITY, record_id, "error", "再次撤回", PREPARER),
            lambda: acts.prepare_withholding(AUTHORITY, "case", own.key, own.decision, "secrecy", "涉密", PREPARER),
            lambda: acts.expire(AUTHORITY, record_id, RELEASER),
            lambda: acts.release(AUTHORITY, record_id, bytes(16), RELEASER),
        ):
            with pytest.raises(Problem) as refused:
                await attempt()
            assert refused.value.code == "conflict"

    await everything()
    assert (await shown(desk.database))[0]["status"] == "withdrawn"
    # Control: the check taken out, the log takes it, and the public still sees the tombstone.
    monkeypatch.setattr(disclosure_record, "barred", lambda *_: ())
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    assert prepared.record.pending is not None
    await desk.acts.release(AUTHORITY, done.record.id, prepared.record.pending.id, RELEASER)
    assert await desk.project() == publishing.Published(shown=0, refused=1)
    assert (await shown(desk.database))[0]["status"] == "withdrawn"


async def test_a_correction_is_a_new_revision_and_leaves_nothing_of_the_old(desk: Desk) -> None:
    own = await decided(desk)
    first = await publish(desk, own)
    await correct(desk, first, CF_SY="更正后的违法事实，联系电话13904140718。")
    (row,) = await shown(desk.database)
    document = published_document.read(bytes(row["document"]))
    assert (row["status"], row["revision"], document.revision) == ("corrected", 2, 2)
    assert document.value("CF_SY") == "更正后的违法事实，联系电话＊＊＊。"
    connection = await desk.database.connect("liuhen_public")
    try:
        history = await connection.fetch("SELECT * FROM published.revisions ORDER BY revision")
        dump = repr([dict(one) for one in history]) + repr(dict(row))
    finally:
        await connection.close()
    assert [one["outcome"] for one in history] == ["published", "corrected"]
    assert FACTS not in dump
    assert "13904140718" not in dump


async def test_what_is_sent_back_waits_no_longer_and_says_why(desk: Desk) -> None:
    own = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    pending = prepared.record.pending
    assert pending is not None
    back = await desk.acts.send_back(AUTHORITY, prepared.record.id, pending.id, "事实中有他人姓名", RELEASER)
    assert (back.record.pending, back.record.returned) == (None, "事实中有他人姓名")
    with pytest.raises(Problem):
        await desk.acts.release(AUTHORITY, prepared.record.id, pending.id, RELEASER)
    await publish(desk, own, edits={"CF_SY": "未进行教育和培训"})
    assert len(await shown(desk.database)) == 1


async def test_who_looked_at_an_earlier_preparation_does_not_release_a_later_one(desk: Desk) -> None:
    own = await decided(desk)
    first = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {"BZ": "说明"}, MONTHS, PREPARER)
    with pytest.raises(Problem, match="anew"):
        await release(desk, first)
    assert await shown(desk.database) == []


async def test_what_is_withheld_with_approval_is_not_published_later(desk: Desk) -> None:
    own = await decided(desk)
    prepared = await desk.acts.prepare_withholding(
        AUTHORITY, "case", own.key, own.decision, "secrecy", "涉及国家秘密", PREPARER
    )
    done = await release(desk, prepared)
    assert done.record.status == "withheld"
    with pytest.raises(Problem) as refused:
        await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    assert gates(refused) == {"INV-29"}
    assert await shown(desk.database) == []


async def test_a_record_expires_by_itself_when_its_time_is_over(log: Log, database: TestDatabase) -> None:
    now = [at("2026-04-09")]
    desk = await bureau(log, database, clock=lambda: now[0])
    own = await decided(desk)
    done = await publish(desk, own, months=12)
    assert done.record.until == datetime.date(2027, 4, 9)
    assert await desk.acts.expire_all(RELEASER) == 0
    now[0] = at("2027-04-10")
    assert await desk.acts.expire_all(RELEASER) == 1
    assert await desk.acts.expire_all(RELEASER) == 0
    await desk.project()
    (row,) = await shown(database)
    assert (row["status"], row["party"]) == ("expired", None)


async def test_documents_beside_the_log_that_were_changed_are_not_shown(desk: Desk) -> None:
    own = await decided(desk)
    await publish(desk, own)
    owner = await desk.database.connect()
    projector = await connect(desk.database.dsn("liuhen_projector"), "test")
    try:
        assert await publishing.rebuild(projector) == publishing.Remade(shown=1, refused=0, different=0)
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute("UPDATE disclosure.documents SET document = document || ' '::bytea")
        await owner.execute("UPDATE disclosure.releases SET salt = sha256('x')")
        assert await publishing.rebuild(projector, keep=False) == publishing.Remade(shown=0, refused=1, different=2)
        assert len(await shown(desk.database)) == 1, "a check changes nothing"
        assert (await publishing.rebuild(projector)).refused == 1
    finally:
        await owner.close()
        await projector.close()
    assert await shown(desk.database) == []


async def test_how_a_record_stands_is_what_its_acts_make_of_it(desk: Desk) -> None:
    """The table beside the log is derived: the acts, read again, say the same."""
    first = await publish(desk, await decided(desk))
    second = await withdraw(desk, await publish(desk, await decided(desk)))
    third = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", third.key, third.decision, {}, MONTHS, PREPARER)
    for done in (first, second, prepared):
        row = await desk.log.pool.fetchrow("SELECT * FROM disclosure.records WHERE record = $1", _uuid(done.record.id))
        now = (await desk.acts.sheet_of(AUTHORITY, done.record.id)).record
        assert (row["status"], row["revision"], row["digest"]) == (now.status, now.revision, now.digest or None)
        assert (row["preparation"] is None) == (now.pending is None)
        assert row["decision"].bytes == now.decision


async def test_a_name_that_is_not_here_or_a_rule_that_is_not_published_says_what_to_do(
    log: Log, database: TestDatabase
) -> None:
    desk = await bureau(log, database)
    own = await decided(desk, party={"type": "person", "person_name": bytes(range(32))})
    with pytest.raises(Problem) as refused:
        await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    assert gates(refused) >= {"INV-30"}


async def test_a_natural_person_is_masked_from_the_sealed_name_on(desk: Desk) -> None:
    commitment, value = sealed("张三丰", desk.log.keyring.epoch(AUTHORITY, 1).data_public)
    paper, number = sealed("11010519491231002X", desk.log.keyring.epoch(AUTHORITY, 1).data_public)
    party = {"type": "person", "person_name": commitment, "person_id": paper}
    drafted = hash_of_draft(party=party)
    hashed = {name: {"draft_hash": drafted} for name in ("drafted", "review_requested", "reviewed", "decided")}
    own = await decided(desk, party=party, private={commitment: value, paper: number}, **hashed)
    monthly = await desk.acts.sheet(AUTHORITY, "case", own.key, own.decision)
    assert monthly.proposal is not None
    assert "张三丰" not in repr(monthly)
    done = await publish(desk, own, edits={"CF_SY": "张三丰未经培训，身份证11010519491231002X"})
    (row,) = await shown(desk.database)
    assert (row["party"], row["party_type"], row["uscc"]) == ("张＊＊", "person", None)
    assert "张" not in row["haystack"], "a person is found by the number alone"
    text = bytes(row["document"]).decode()
    assert "张＊＊未经培训，身份证＊＊＊" in text
    assert "三丰" not in text
    await withdraw(desk, done)
    (row,) = await shown(desk.database)
    assert row["document_no"] is None
    assert own.number not in bytes(row["document"]).decode()


async def test_the_result_of_an_inspection_is_published_as_well(desk: Desk) -> None:
    task = uuid7()
    about = (f"task:{uuid_text(task)}", f"enterprise:{ENTERPRISE}")
    facts = [
        fact(
            "task.assigned.v1",
            {"task_id": task, "enterprise_id": ENTERPRISE, "source": "double_random", "officers": ["a", "b"]},
            occurred="2026-04-01", about=about,
        ),
        fact(
            "task.concluded.v1", {"task_id": task, "outcome": "no_problem", "concluded_on": "2026-04-07"},
            occurred="2026-04-07", about=about, source="office",
        ),
    ]  # fmt: skip
    await record(desk.log, facts, desk.terminal)
    await judge(desk.database)
    prepared = await desk.acts.prepare_publication(
        AUTHORITY, "task", uuid_text(task), facts[1].id, {}, MONTHS, PREPARER
    )
    await release(desk, prepared)
    (row,) = await shown(desk.database)
    assert (row["subject"], row["party"], row["decided_on"]) == ("inspection", PARTY, datetime.date(2026, 4, 7))
    assert published_document.read(bytes(row["document"])).value("JC_JG") == "未发现问题"


async def test_entry_act_document_and_salt_are_of_one_transaction(desk: Desk) -> None:
    """Where one of them cannot be written none of them is: a row in the way of the salt takes all of it back."""
    own = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    head, owner = await desk.log.head(), await desk.database.connect()
    assert prepared.record.pending is not None
    try:
        await owner.execute(
            "INSERT INTO disclosure.releases SELECT $1, $2, $3, 9, digest, $4 FROM disclosure.documents LIMIT 1",
            head["log_id"], head["size"], _uuid(prepared.record.id), bytes(32),
        )  # fmt: skip
        with pytest.raises(Problem) as refused:
            await release(desk, prepared)
        assert refused.value.code == "internal"
        assert (await desk.log.head())["size"] == head["size"]
        now = (await desk.acts.sheet_of(AUTHORITY, prepared.record.id)).record
        assert (now.status, now.pending is None) == ("new", False)
        await owner.execute("DELETE FROM disclosure.releases")
    finally:
        await owner.close()
    await release(desk, prepared)
    (row,) = await shown(desk.database)
    assert row["position"] == head["size"]


async def test_two_releases_at_once_are_one(desk: Desk) -> None:
    own = await decided(desk)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    pending = prepared.record.pending
    assert pending is not None
    outcomes = await asyncio.gather(
        *(desk.acts.release(AUTHORITY, prepared.record.id, pending.id, RELEASER) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Done) for one in outcomes) == 1
    assert await desk.project() == publishing.Published(shown=1, refused=0)


def test_one_decision_has_one_record() -> None:
    assert record_of(b"1" * 16) == record_of(b"1" * 16) != record_of(b"2" * 16)


async def test_an_authority_shows_what_it_published_of_itself_and_nothing_of_other_kinds(desk: Desk) -> None:
    await judge(desk.database)
    connection = await connect(desk.database.dsn("liuhen_projector"), "test")
    try:
        assert await publishing.put_sections(connection) == 1
        assert await publishing.put_sections(connection) == 1
    finally:
        await connection.close()
    public = await desk.database.connect("liuhen_public")
    try:
        (row,) = await public.fetch("SELECT * FROM published.sections")
    finally:
        await public.close()
    content = json.loads(row["content"])
    assert (row["authority"], row["section"], content["title"]) == (AUTHORITY, "rule", "示例市应急管理局公告")
    assert content["agency.name"] == "示例市应急管理局（公告）"
