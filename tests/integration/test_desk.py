"""The desk on the real log: acts of officers, their gates, their versions, and what a crash or a race leaves."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain import corrections
from domain.judges import JUDGES
from domain.office import commands as ask
from domain.settling import signal_id
from domain.workdays import day_of
from schemas import canonical
from schemas.entries import Who
from schemas.events.archive import CaseFileArchived
from schemas.events.certificate import CertificateRecorded
from schemas.events.draft import DecisionDrafted
from schemas.events.penalty import PenaltyDecided
from schemas.events.review import LegalReviewConcluded, LegalReviewRequested
from schemas.problems import Problem
from schemas.receipt import decode as decode_receipt
from server.log.acts import Act, OfficeActs
from server.log.desk import Command, Desk, Done
from server.log.ids import now_ms, uuid7, uuid_text
from server.log.number_acts import NumberActs
from server.log.terminal_acts import TerminalActs
from server.sync.changes import Changes
from tests.integration.test_number_gate import record
from tests.support.cases import BENCHMARK, CERTIFIED, CHAIR, CLAUSES, FACTS, LIN, REMEDIES, REVIEWER, story
from tests.support.event_vectors import FULL
from tests.support.facts import CASE, HAZARD
from tests.support.log import AUTHORITY, Log, PaperTerminal, enrol, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge

KEY = uuid_text(CASE)
FRONT = "（示）应急"
ROLES = {
    LIN: frozenset({"inspector"}),
    REVIEWER: frozenset({"legal_reviewer"}),
    "officer-0002": frozenset({"bureau_head"}),
}
HEAD = "officer-0002"


@dataclass
class Office:
    """A log with a case up to its hearing, and the desk on it."""

    log: Log
    desk: Desk
    terminal: PaperTerminal

    async def does(self, officer: str, command: Command, *, act: bytes = b"", seen: str | None = None) -> Done:
        who = Who(officer=officer, session=bytes(32), via="session")
        return await self.desk.do(AUTHORITY, "case", KEY, command, who, ROLES[officer], act=act or uuid7(), seen=seen)

    async def refusal(self, officer: str, command: Command, **more: Any) -> Problem:
        before = (await self.log.head())["size"]
        with pytest.raises(Problem) as refused:
            await self.does(officer, command, **more)
        assert (await self.log.head())["size"] == before, "a refusal leaves no entry"
        return refused.value

    async def stamp(self) -> str:
        return (await self.desk.stand(AUTHORITY, "case", KEY)).stamp


@pytest.fixture
async def office(database: TestDatabase, short_folder: Path) -> AsyncIterator[Office]:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        terminal = PaperTerminal()
        await enrol(log, terminal)
        certificates = [one for facts in CERTIFIED.values() for one in facts]
        await record(log, [*certificates, *story(until="held", without=("drafted",))], terminal)
        await judge(database)
        yield Office(log, Desk(log.committer, log.pool, NumberActs(log.committer, log.pool)), terminal)


def draft(fen: int = 6_000_000, **changes: Any) -> ask.DraftDecision:
    told: dict[str, Any] = {
        "facts": FACTS, "bases": tuple(CLAUSES), "penalties": (ask.Penalty(kind="P03", amount_fen=fen),),
        "benchmark": ask.Benchmark(**BENCHMARK), "remedies_text": REMEDIES,
    }  # fmt: skip
    return ask.DraftDecision(**{**told, **changes})


def opinion(review: bytes, draft_hash: bytes, outcome: Any = "passed", problem: str = "") -> ask.ConcludeReview:
    items = tuple(
        ask.Answered(
            item=item, answer="problem" if item == problem else "pass", text="询问时间有误" if item == problem else ""
        )
        for item in ask.ITEMS
    )
    return ask.ConcludeReview(
        review=uuid_text(review), draft_hash=draft_hash.hex(), outcome=outcome, items=items, opinion="经审核，意见如上"
    )


def discussion(draft_hash: bytes) -> ask.HoldDiscussion:
    return ask.HoldDiscussion(
        draft_hash=draft_hash.hex(), held_on=day_of(now_ms()), host=HEAD, principal=HEAD, recorder=LIN,
        opinions=tuple(ask.Said(member=one, view="agree") for one in (HEAD, "officer-0003", "officer-0004")),
        outcome="as_proposed", decision="同意",
    )  # fmt: skip


async def reviewed(office: Office, outcome: Any = "passed", problem: str = "") -> tuple[DecisionDrafted, Done]:
    """Drafted, sent, assigned and concluded, each by whoever may."""
    made = (await office.does(LIN, draft())).body
    assert isinstance(made, DecisionDrafted)
    asked = await office.does(LIN, ask.RequestReview(draft_hash=made.draft_hash.hex(), requesting_unit="执法科"))
    await office.does(REVIEWER, ask.AssignReview(review=uuid_text(asked.id), reviewer=REVIEWER, unit="法规科"))
    return made, await office.does(REVIEWER, opinion(asked.id, made.draft_hash, outcome, problem))


async def test_a_case_goes_from_draft_to_decision_and_the_number_stands_with_it(office: Office) -> None:
    made, done = await reviewed(office)
    assert isinstance(done.body, LegalReviewConcluded)
    assert (done.body.outcome, done.body.draft_hash, len(done.body.items)) == ("passed", made.draft_hash, 10)
    await office.does(HEAD, discussion(made.draft_hash))
    decided = await office.does(HEAD, ask.Decide(draft_hash=made.draft_hash.hex(), front=FRONT))
    body = decided.body
    assert isinstance(body, PenaltyDecided)
    assert (body.draft_hash, body.review_id, body.signed_by) == (made.draft_hash, done.body.review_id, HEAD)
    assert body.document_no.startswith(f"{FRONT}罚〔")
    numbers = await office.log.pool.fetch("SELECT entry FROM log.entries ORDER BY position DESC LIMIT 2")
    assert [b"document_number.issued.v1" in bytes(row["entry"]) for row in numbers] == [False, True]


async def test_without_its_review_the_decision_is_refused_with_rule_facts_and_what_would_lift_it(
    office: Office,
) -> None:
    made = (await office.does(LIN, draft())).body
    assert isinstance(made, DecisionDrafted)
    refused = await office.refusal(HEAD, ask.Decide(draft_hash=made.draft_hash.hex(), front=FRONT))
    gates: Any = refused.fields["gates"]
    assert refused.code == "gate_closed"
    assert {gate["rule"] for gate in gates} == {"INV-17", "INV-19"}
    assert all(gate["zh"] and gate["en"] and gate["lift"]["zh"] and gate["lift"]["en"] for gate in gates)


async def test_a_draft_changed_after_its_review_is_unreviewed(office: Office) -> None:
    made, _ = await reviewed(office)
    await office.does(HEAD, discussion(made.draft_hash))
    again = (await office.does(LIN, draft(5_900_000))).body
    assert isinstance(again, DecisionDrafted)
    assert (again.version, again.supersedes) == (2, made.draft_hash)
    old = await office.refusal(HEAD, ask.Decide(draft_hash=made.draft_hash.hex(), front=FRONT))
    assert old.code == "conflict"
    new = await office.refusal(HEAD, ask.Decide(draft_hash=again.draft_hash.hex(), front=FRONT))
    assert new.code == "gate_closed"
    gates: Any = new.fields["gates"]
    assert "INV-17" in {gate["rule"] for gate in gates}
    assert gates[0]["facts"], "it names the review of the other draft"


async def test_the_handler_does_not_review_and_who_is_not_qualified_does_not_either(office: Office) -> None:
    made = (await office.does(LIN, draft())).body
    assert isinstance(made, DecisionDrafted)
    asked = await office.does(LIN, ask.RequestReview(draft_hash=made.draft_hash.hex()))
    for name in (LIN, "officer-0999"):
        refused = await office.refusal(REVIEWER, ask.AssignReview(review=uuid_text(asked.id), reviewer=name))
        assert refused.code == "gate_closed"
        gates: Any = refused.fields["gates"]
        assert [gate["rule"] for gate in gates] == ["INV-18"]


async def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told(office: Office) -> None:
    made = (await office.does(LIN, draft())).body
    assert isinstance(made, DecisionDrafted)
    asked = await office.does(LIN, ask.RequestReview(draft_hash=made.draft_hash.hex()))
    await office.does(REVIEWER, ask.AssignReview(review=uuid_text(asked.id), reviewer=REVIEWER))
    seen = await office.stamp()
    pass_it = opinion(asked.id, made.draft_hash)
    reject = opinion(asked.id, made.draft_hash, "rejected", "facts_clear")
    both = await asyncio.gather(
        office.does(REVIEWER, pass_it, seen=seen), office.does(REVIEWER, reject, seen=seen), return_exceptions=True
    )
    lost = [one for one in both if isinstance(one, Problem)]
    assert len(lost) == 1, both
    assert lost[0].code == "precondition_failed"
    changes: Any = lost[0].fields["changes"]
    assert [(one["type"], one["by"]) for one in changes] == [("legal_review.concluded.v1", [REVIEWER])]


async def test_the_same_form_twice_is_one_act(office: Office) -> None:
    act, seen = uuid7(), await office.stamp()
    both = await asyncio.gather(*(office.does(LIN, draft(), act=act, seen=seen) for _ in range(4)))
    assert {one.id for one in both} == {act}
    assert len({one.position for one in both}) == 1
    assert [one.again for one in both].count(False) == 1


async def test_who_sends_a_stale_form_is_told_what_changed_and_by_whom(office: Office) -> None:
    seen = await office.stamp()
    made = (await office.does(LIN, draft())).body
    assert isinstance(made, DecisionDrafted)
    refused = await office.refusal(LIN, ask.RequestReview(draft_hash=made.draft_hash.hex()), seen=seen)
    assert refused.code == "precondition_failed"
    changes: Any = refused.fields["changes"]
    assert [(one["type"], one["by"]) for one in changes] == [("decision.drafted.v1", [LIN])]
    done = await office.does(LIN, ask.RequestReview(draft_hash=made.draft_hash.hex()), seen=await office.stamp())
    assert isinstance(done.body, LegalReviewRequested)


async def upload(office: Office, type_name: str, body: dict[str, Any], *tags: str) -> None:
    envelope = office.terminal.envelope(type_name, body, about=sorted((f"authority:{AUTHORITY}", *tags)), by=[LIN])
    await send(office.log, office.terminal.batch([envelope]))


async def test_an_uploaded_review_opens_no_gate_and_that_of_the_office_does(office: Office) -> None:
    made = (await office.does(LIN, draft())).body
    assert isinstance(made, DecisionDrafted)
    await office.does(HEAD, discussion(made.draft_hash))
    decide = ask.Decide(draft_hash=made.draft_hash.hex(), front=FRONT)
    claim = {
        "review_id": uuid7(), "case_id": CASE, "reviewer": REVIEWER, "draft_hash": made.draft_hash,
        "outcome": "passed", "concluded_at": now_ms(),
    }  # fmt: skip
    await upload(office, "legal_review.concluded.v1", claim, f"case:{KEY}")
    refused = await office.refusal(HEAD, decide)
    assert [gate["rule"] for gate in told(refused)] == ["INV-17"]
    asked = await office.does(LIN, ask.RequestReview(draft_hash=made.draft_hash.hex()))
    await office.does(REVIEWER, ask.AssignReview(review=uuid_text(asked.id), reviewer=REVIEWER))
    await office.does(REVIEWER, opinion(asked.id, made.draft_hash))
    assert isinstance((await office.does(HEAD, decide)).body, PenaltyDecided)


async def test_an_uploaded_certificate_qualifies_nobody_and_that_of_the_office_does(
    office: Office, database: TestDatabase
) -> None:
    made = (await office.does(LIN, draft())).body
    assert isinstance(made, DecisionDrafted)
    asked = await office.does(LIN, ask.RequestReview(draft_hash=made.draft_hash.hex()))
    assign = ask.AssignReview(review=uuid_text(asked.id), reviewer="officer-0041")
    fields: dict[str, Any] = {
        "certificate_no": "E-9", "issuer": "示例市人民政府", "valid_from": datetime.date(2026, 1, 1),
        "valid_to": datetime.date(2027, 12, 31),
    }  # fmt: skip
    days = {name: str(value) for name, value in fields.items()}
    claim = {**days, "officer_id": "officer-0041", "reviewer_qualification": {"obtained_on": "2020-01-01"}}
    await upload(office, "officer_certificate.recorded.v1", claim, "officer:officer-0041", f"case:{KEY}")
    await judge(database)
    assert [gate["rule"] for gate in told(await office.refusal(REVIEWER, assign))] == ["INV-18"]
    who = Who(officer=HEAD, session=bytes(32), via="session")
    command = ask.RecordCertificate(**fields, qualified_on=datetime.date(2020, 1, 1))
    await office.desk.do(AUTHORITY, "officer", "officer-0041", command, who, ROLES[HEAD], act=uuid7())
    await judge(database)
    await office.does(REVIEWER, assign)


async def test_an_uploaded_delisting_opens_no_gate_and_that_of_the_office_does(
    office: Office, database: TestDatabase
) -> None:
    key, who = uuid_text(HAZARD), Who(officer=HEAD, session=bytes(32), via="session")
    hazard = [f"hazard:{key}"]
    for type_name, body in (
        ("hazard.found.v1", {**FULL["hazard.found.v1"], "hazard_id": HAZARD, "grade": "major"}),
        ("rectification.ordered.v1", {"hazard_ids": [HAZARD], "deadline": "2026-04-01"}),
    ):
        await upload(office, type_name, dict(body), *hazard)
    listed = {
        "hazard_id": HAZARD, "level": "prefecture", "listed_on": "2026-03-01", "deadline": "2026-06-01",
        "supervisor": "市局", "approver": HEAD,
    }  # fmt: skip
    act = Act("major_hazard.listed.v1", hazard, listed, uuid7(), 1, uuid7())
    await office.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now_ms()))
    looked = {"results": [{"hazard_id": HAZARD, "outcome": "corrected"}]}
    await upload(office, "reinspection.concluded.v1", looked, *hazard)
    claim = {"hazard_id": HAZARD, "level": "prefecture", "delisted_on": "2026-03-20", "delist_approver": HEAD}
    await upload(office, "major_hazard.delisted.v1", claim, *hazard)

    async def closes() -> Done:
        return await office.desk.do(AUTHORITY, "hazard", key, ask.CloseHazard(), who, ROLES[HEAD], act=uuid7())

    with pytest.raises(Problem) as refused:
        await closes()
    assert [gate["rule"] for gate in told(refused.value)] == ["INV-07"]
    with pytest.raises(Problem) as below:
        await office.desk.do(AUTHORITY, "hazard", key, ask.DelistHazard(level="county"), who, ROLES[HEAD], act=uuid7())
    assert [gate["rule"] for gate in told(below.value)] == ["INV-07"], "by the level that listed it"
    delist = ask.DelistHazard(level="prefecture")
    await office.desk.do(AUTHORITY, "hazard", key, delist, who, ROLES[HEAD], act=uuid7())
    assert (await closes()).type == "hazard.closed.v1"


async def test_a_field_decision_that_bypassed_review_is_kept_and_the_case_cannot_be_closed_over_it(
    office: Office, database: TestDatabase
) -> None:
    claim = {
        "case_id": CASE, "document_no": f"{FRONT}罚〔2026〕99号", "decided_on": "2026-04-03",
        "penalties": [{"kind": "P01"}], "facts": FACTS, "bases": CLAUSES, "draft_hash": bytes(32),
    }  # fmt: skip
    close = ask.CloseCase(ground="other", all_fulfilled=False, reason="另案处理")
    await upload(office, "penalty.decided.v1", claim, f"case:{KEY}")
    refused = await office.refusal(HEAD, close)
    gate = told(refused)[0]
    assert gate["rule"] == "INV-31"
    assert [fact["type"] for fact in gate["facts"]] == ["penalty.decided.v1"]
    stand = await office.desk.stand(AUTHORITY, "case", KEY)
    assert any(one.rule == "SIG-09" for one in JUDGES["case"].judge(stand.matter).signals), "and it is flagged"
    decide = ask.Decide(draft_hash="00" * 32, front=FRONT)
    assert (await office.refusal(HEAD, decide)).code == "conflict", "nothing to number: the office drafted nothing"

    event = next(fact for fact in stand.matter.facts if fact.claim)
    withdrawn = {"target_event": event.id, "effect": "withdrawn", "reason": "误报", "approver": HEAD}
    who = Who(officer=HEAD, session=bytes(32), via="session")
    act = Act("record.corrected.v1", [f"case:{KEY}"], withdrawn, uuid7(), 1, uuid7())
    await office.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now_ms()))
    assert (await office.does(HEAD, close)).type == "case.closed.v1"


def told(refused: Problem) -> Any:
    assert refused.code == "gate_closed", refused
    return refused.fields["gates"]


async def test_what_review_asks_for_goes_to_the_terminals_of_the_handlers_and_to_no_other(
    office: Office, database: TestDatabase
) -> None:
    other = PaperTerminal()
    await enrol(office.log, other, {"holder": "officer-0099"})
    chair = PaperTerminal()
    await enrol(office.log, chair, {"holder": CHAIR})
    made = (await office.does(LIN, draft())).body
    assert isinstance(made, DecisionDrafted)
    asked = await office.does(LIN, ask.RequestReview(draft_hash=made.draft_hash.hex()))
    await office.does(REVIEWER, ask.AssignReview(review=uuid_text(asked.id), reviewer=REVIEWER))
    stand = await office.desk.stand(AUTHORITY, "case", KEY)
    interview = next(one for one in stand.matter.facts if one.type == "interview.recorded.v1")
    wrong = ask.AskForCorrection(
        review=uuid_text(asked.id), reason="时间有误",
        corrections=(ask.Correction(event=uuid_text(interview.id), field="$.start", text="请核对起始时间"),),
    )  # fmt: skip
    returned = await office.does(REVIEWER, wrong)
    await judge(database)

    async with asyncpg.create_pool(database.dsn("liuhen_console"), min_size=1, max_size=2) as console:
        changes = Changes(console, office.log.pool)

        async def told_to(terminal: PaperTerminal) -> dict[str, Any]:
            answer: Any = canonical.decode(await changes.answer(terminal.id, None, 500))
            return next((item for item in answer["items"] if item["key"] == KEY), {})

        item = await told_to(office.terminal)
        assert (item["review"]["state"], item["review"]["text"]) == ("returned", "时间有误")
        (one,) = [each for each in item["corrections"] if each.get("asked_in")]
        assert (one["about"], one["asked_in"]) == (uuid_text(interview.id), uuid_text(returned.id))
        assert "请核对起始时间" in one["zh"]
        for stranger in (other, chair):
            assert not {"review"} & (await told_to(stranger)).keys()

        body = {"target_event": interview.id, "effect": "explained", "reason": "以录像为准", "asked_in": returned.id}
        await upload(office, "record.correction_submitted.v1", body, f"case:{KEY}")
        await judge(database)
        item = await told_to(office.terminal)
        assert not [each for each in item["corrections"] if each.get("asked_in")], "it was answered"


async def test_a_correction_of_the_field_holds_once_somebody_else_approved_it(office: Office) -> None:
    stand = await office.desk.stand(AUTHORITY, "case", KEY)
    interview = next(one for one in stand.matter.facts if one.type == "interview.recorded.v1")
    body = {
        "target_event": interview.id, "effect": "corrected", "reason": "笔误",
        "field_changes": [{"path": "$.place", "new": '"第二询问室"'}],
    }  # fmt: skip
    await upload(office, "record.correction_submitted.v1", body, f"case:{KEY}")
    stand = await office.desk.stand(AUTHORITY, "case", KEY)
    submitted = next(one for one in stand.matter.facts if one.type == "record.correction_submitted.v1")
    approve = ask.ApproveCorrection(submitted=uuid_text(submitted.id), reason="经核对同意")
    assert (await office.refusal(LIN, approve)).code == "forbidden", "nobody approves the own correction"
    done = await office.does(HEAD, approve)
    assert done.type == "record.corrected.v1"
    stand = await office.desk.stand(AUTHORITY, "case", KEY)
    found = corrections.corrections(stand.matter.facts)
    record_now = next(one for one in corrections.applied(stand.matter.facts, found) if one.id == interview.id)
    assert getattr(record_now.body, "place", "") == "第二询问室"
    assert getattr(interview.body, "place", "") != "第二询问室", "the record itself stays as it was"
    assert (await office.refusal(HEAD, approve)).code == "conflict"


async def test_a_decided_case_is_served_paid_closed_and_archived_and_then_nothing_is_added(office: Office) -> None:
    made, _ = await reviewed(office)
    await office.does(HEAD, discussion(made.draft_hash))
    early = ask.CloseCase(ground="executed", all_fulfilled=True)
    assert told(await office.refusal(HEAD, early))[0]["rule"] == "INV-31"
    body = (await office.does(HEAD, ask.Decide(draft_hash=made.draft_hash.hex(), front=FRONT))).body
    assert isinstance(body, PenaltyDecided)
    today = day_of(now_ms())
    left = ask.ServeDocument(document_no=body.document_no, method="left", served_on=today)
    refused = await office.refusal(LIN, left)
    assert (refused.code, refused.fields["field"]) == ("bad_request", "witness")
    stray = ask.ServeDocument(document_no="（示）应急罚〔2020〕1号", method="direct", served_on=today)
    assert (await office.refusal(LIN, stray)).fields["field"] == "document_no"
    await office.does(LIN, ask.ServeDocument(document_no=body.document_no, method="direct", served_on=today))
    unpaid = told(await office.refusal(HEAD, early))[0]
    assert (unpaid["rule"], bool(unpaid["facts"])) == ("INV-31", True)
    applied = ask.ApplyToCourt(
        document_no=f"{FRONT}强执〔2026〕1号", decision_no=body.document_no, court="示例市人民法院", applied_on=today
    )
    assert told(await office.refusal(HEAD, applied))[0]["rule"] == "INV-27"
    paid = {
        "case_id": CASE, "document_no": body.document_no, "amount_fen": 6_000_000, "paid_on": str(today),
        "channel": "bank",
    }  # fmt: skip
    await upload(office, "fine_payment.recorded.v1", paid, f"case:{KEY}")
    archive = ask.ArchiveCase(retention="permanent", archive_no="示-2026-001")
    assert told(await office.refusal(LIN, archive))[0]["rule"] == "INV-31", "closed first"
    await office.does(HEAD, early)
    done = (await office.does(LIN, archive)).body
    assert isinstance(done, CaseFileArchived)
    assert {one.name for one in done.volume_hashes} == {"main", "annex"}
    assert [one.order for one in done.document_list] == list(range(1, len(done.document_list) + 1))
    assert told(await office.refusal(LIN, draft(1)))[0]["rule"] == "INV-32"


async def test_a_signal_is_settled_by_somebody_whom_it_does_not_concern(office: Office) -> None:
    claim = {
        "case_id": CASE, "document_no": f"{FRONT}罚〔2026〕99号", "decided_on": "2026-04-03",
        "penalties": [{"kind": "P01"}], "facts": FACTS, "bases": CLAUSES, "draft_hash": bytes(32),
    }  # fmt: skip
    await upload(office, "penalty.decided.v1", claim, f"case:{KEY}")
    stand = await office.desk.stand(AUTHORITY, "case", KEY)
    found = next(one for one in JUDGES["case"].judge(stand.matter).signals if one.rule == "SIG-09")
    name = signal_id(found.rule, "case", KEY, found.about)

    async def does(officer: str, command: Command) -> Done:
        who = Who(officer=officer, session=bytes(32), via="session")
        return await office.desk.do(AUTHORITY, "case", KEY, command, who, ROLES[officer], act=uuid7())

    settle = ask.ResolveSignal(signal=name, resolution="confirmed", reason="确属体外循环")
    with pytest.raises(Problem) as own:
        await does(LIN, settle)
    assert own.value.code == "forbidden"
    await does(LIN, ask.DisputeSignal(signal=name, grounds="误报"))
    await does(HEAD, settle)
    with pytest.raises(Problem) as again:
        await does(HEAD, settle)
    assert again.value.code == "conflict"
    with pytest.raises(Problem) as unknown:
        await does(HEAD, ask.ResolveSignal(signal="0" * 16, resolution="explained", reason="x"))
    assert unknown.value.code == "not_found"


async def test_certificates_are_changed_by_number_and_what_is_not_registered_is_said(office: Office) -> None:
    who = Who(officer=HEAD, session=bytes(32), via="session")

    async def does(command: Command) -> Done:
        return await office.desk.do(AUTHORITY, "officer", LIN, command, who, ROLES[HEAD], act=uuid7())

    change: dict[str, Any] = {"status": "suspended", "effective_on": datetime.date(2026, 5, 1), "reason": "调查期间"}
    with pytest.raises(Problem) as unknown:
        await does(ask.ChangeCertificate(certificate_no="none", **change))
    assert unknown.value.code == "not_found"
    stand = await office.desk.stand(AUTHORITY, "officer", LIN)
    number = next(one.body.certificate_no for one in stand.matter.facts if isinstance(one.body, CertificateRecorded))
    assert (await does(ask.ChangeCertificate(certificate_no=number, **change))).type.endswith("status_changed.v1")


async def test_a_terminal_is_held_released_and_neither_twice(office: Office) -> None:
    acts, who = TerminalActs(office.log.committer, office.log.pool), Who(officer=HEAD, session=bytes(32), via="session")
    name = office.terminal.id
    await acts.hold(AUTHORITY, name, "定位与现场不符", who)
    with pytest.raises(Problem) as twice:
        await acts.hold(AUTHORITY, name, "再次", who)
    assert twice.value.code == "conflict"
    envelope = office.terminal.envelope("defence.recorded.v1", {}, about=[f"case:{KEY}"])
    receipt = decode_receipt(await send(office.log, office.terminal.batch([envelope])))[0]
    assert "held" in (receipt.results[0].notes or ())
    await acts.release(AUTHORITY, name, "核对无误", who)
    envelope = office.terminal.envelope("defence.recorded.v1", {}, about=[f"case:{KEY}"])
    receipt = decode_receipt(await send(office.log, office.terminal.batch([envelope])))[0]
    assert "held" not in (receipt.results[0].notes or ())
