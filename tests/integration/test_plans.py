"""The annual plan from its draft to the end of its year, on the real log: acts, gates with their controls, pages."""

from __future__ import annotations

import base64
import datetime
import io
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import openpyxl
import pytest
from msgspec import structs

from domain import plan_capacity
from domain.judges import JUDGES
from domain.judges.plan import Plan
from domain.office import commands as ask
from domain.office import plans
from domain.workdays import day_of
from projections.process import queries as process_queries
from schemas.entries import Who
from schemas.events.plan import (
    LeftOut,
    PlanApproved,
    PlanChange,
    PlanClosed,
    PlanDrafted,
    PlanFigures,
    PlanItem,
    PlanRevisionDecided,
)
from schemas.events.task import TaskAssigned
from schemas.problems import Problem
from server.log.acts import Act, OfficeActs
from server.log.desk import Command, Desk, Done
from server.log.ids import now_ms, uuid7, uuid_text
from server.log.number_acts import NumberActs
from tests.support.event_vectors import FULL
from tests.support.log import AUTHORITY, Log, PaperTerminal, enrol, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import entered, judge
from tests.support.projections import fold
from tests.support.projections import officer as officer_of
from tests.support.web import OFFICERS, House, open_house

YEAR = day_of(now_ms()).year - 1
"""The year before this one: all its days are over, whenever the tests run."""
KEY = plans.plan_key(AUTHORITY, YEAR)
PLANNER, HEAD = "officer-0050", "officer-0002"
ROLES = {PLANNER: frozenset({"planner"}), HEAD: frozenset({"bureau_head"})}
FIRST = datetime.date(YEAR, 1, 5)


def item(number: int, kind: Any = "key", **more: Any) -> PlanItem:
    name = f"E-{number}"
    return PlanItem(item_id=plans.item_id(AUTHORITY, YEAR, name), enterprise_id=name, kind=kind, days=4, **more)


def plan(items: Sequence[PlanItem], **more: Any) -> ask.DraftPlan:
    return ask.DraftPlan(year=YEAR, items=tuple(items), **more)


APPROVE = ask.ApprovePlan(approver="示例市人民政府", approval_no="示政函〔2026〕1号", approved_on=FIRST)


@dataclass
class Bureau:
    """A log with the desk on it."""

    log: Log
    desk: Desk
    database: TestDatabase
    terminal: PaperTerminal

    async def does(
        self, command: Command, officer: str = PLANNER, *, kind: str = "plan", key: str = KEY, act: bytes = b""
    ) -> Done:
        who = Who(officer=officer, session=bytes(32), via="session")
        return await self.desk.do(AUTHORITY, kind, key, command, who, ROLES[officer], act=act or uuid7())

    async def refused(self, command: Command, officer: str = PLANNER, **more: Any) -> Problem:
        before = (await self.log.head())["size"]
        with pytest.raises(Problem) as refusal:
            await self.does(command, officer, **more)
        assert (await self.log.head())["size"] == before, "a refusal leaves no entry"
        return refusal.value

    async def records(self, name: str, body: Mapping[str, Any], *tags: str) -> None:
        """An act of the office that came another way."""
        who = Who(officer=HEAD, session=bytes(32), via="import")
        act = Act(name, sorted((f"authority:{AUTHORITY}", *tags)), dict(body), uuid7(), 1, uuid7())
        await self.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now_ms()))

    async def firm(self, number: int, **more: Any) -> None:
        name = f"E-{number}"
        body = {"enterprise_id": name, "name": f"示例{number}厂", **more}
        await self.records("enterprise.profiled.v1", body, f"enterprise:{name}")

    async def supervised(self, number: int, agency: str, since: str = "2020-01-01") -> None:
        name = f"E-{number}"
        body = {"enterprise_id": name, "agency": agency, "level": "county", "valid_from": since}
        await self.records("supervising_body.assigned.v1", body, f"enterprise:{name}")

    async def stage(self) -> Any:
        return JUDGES["plan"].judge((await self.desk.stand(AUTHORITY, "plan", KEY)).matter)


@pytest.fixture
async def bureau(database: TestDatabase, short_folder: Path) -> AsyncIterator[Bureau]:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        terminal = PaperTerminal()
        await enrol(log, terminal)
        yield Bureau(log, Desk(log.committer, log.pool, NumberActs(log.committer, log.pool)), database, terminal)


def gates_of(refusal: Problem) -> list[str]:
    assert refusal.code == "gate_closed", refusal
    told: Any = refusal.fields["gates"]
    assert all(one["zh"] and one["en"] and one["lift"]["zh"] and one["lift"]["en"] for one in told)
    return [one["rule"] for one in told]


async def test_a_long_plan_comes_in_parts_in_one_transaction_and_is_approved_as_it_was_drafted(bureau: Bureau) -> None:
    items = [item(number, "key" if number % 10 < 7 else "general") for number in range(1, 702)]
    done = await bureau.does(plan(items))
    assert isinstance(done.body, PlanDrafted)
    assert (done.body.part, done.body.parts) == (3, 3)
    judged = await bureau.stage()
    assert (judged.stage, judged.columns["items"]) == ("drafted", 701)
    again = await bureau.refused(plan(items))
    assert (again.code, again.fields.get("same")) == ("conflict", True), "the same plan twice changes nothing"
    approved = await bureau.does(APPROVE)
    assert isinstance(approved.body, PlanApproved)
    judged = await bureau.stage()
    assert (judged.stage, judged.columns["items"], judged.columns["complete"]) == ("approved", 701, True)
    assert [one["enterprise"] for one in judged.page["items"]] == [one.enterprise_id for one in items]
    assert (await bureau.refused(plan(items[:5]))).code == "conflict", "an approved plan is changed by revisions only"


async def test_inv_09_stops_the_approval_of_a_plan_with_too_few_key_items_and_lets_one_more_pass(
    bureau: Bureau,
) -> None:
    await bureau.does(plan([item(n, "key" if n <= 5 else "general") for n in range(1, 10)]))
    refusal = await bureau.refused(APPROVE)
    assert gates_of(refusal) == ["INV-09"]
    assert "55.5%" in refusal.fields["gates"][0]["zh"]  # type: ignore[index]  # gates are told so
    await bureau.does(
        ask.ChangeDraft(changes=(ask.ChangeItem(action="added", enterprise="E-10", kind="key", reason="补"),))
    )
    await bureau.does(APPROVE)
    assert (await bureau.stage()).columns["key_items"] == 6, "60 % exactly is enough"


def ungated(bureau: Bureau) -> Bureau:
    """The same log, with a desk that asks no gate."""
    numbers = NumberActs(bureau.log.committer, bureau.log.pool)
    return replace(bureau, desk=Desk(bureau.log.committer, bureau.log.pool, numbers, gate=lambda _matter, _fact: ()))


async def test_without_its_gate_a_plan_with_too_few_key_items_is_approved(bureau: Bureau) -> None:
    open_bureau = ungated(bureau)
    await open_bureau.does(plan([item(1), item(2, "general"), item(3, "general")]))
    await open_bureau.does(APPROVE)
    judged = await bureau.stage()
    assert [one.outcome for one in judged.verdicts if one.rule == "INV-09"] == ["broken"], "and the judge says so"


async def test_who_must_be_in_the_plan_is_in_it_or_left_out_with_a_reason(bureau: Bureau) -> None:
    await bureau.firm(1, standardisation={"grade": 2})
    await bureau.firm(2, joint_punishment=True, standardisation={"grade": 1})
    await bureau.firm(3)
    await judge(bureau.database)
    await bureau.does(plan([item(1), item(3)]))
    refusal = await bureau.refused(APPROVE)
    assert (refusal.code, refusal.fields["missing"]) == ("bad_request", ["E-2"])
    assert "示例2厂" in str(refusal.fields["zh"])
    assert (await bureau.refused(ask.LeaveOut(enterprise="E-3", reason="x"))).code == "bad_request", "it is in the plan"
    assert (await bureau.refused(ask.LeaveOut(enterprise="E-9", reason="x"))).code == "bad_request", (
        "nothing asks for it"
    )
    await bureau.does(ask.LeaveOut(enterprise="E-2", reason="已停产，恢复后补列"))
    await bureau.does(APPROVE)
    page = (await bureau.stage()).page
    assert page["left_out"] == [{"enterprise": "E-2", "criteria": ["joint_punishment"], "reason": "已停产，恢复后补列"}]
    found = {one["enterprise"]: (one["reduced"], one["decided_by"]) for one in page["items"]}
    assert found == {"E-1": ("standardised", "standardised"), "E-3": (None, None)}


async def test_a_criterion_found_by_hand_counts_for_its_year_and_must_include_prevails(bureau: Bureau) -> None:
    await bureau.firm(1, standardisation={"grade": 1})
    await judge(bureau.database)
    assess = ask.AssessEnterprise(year=YEAR, criterion="weak_management", holds=True, reason="安全员长期缺位")
    await bureau.does(assess, kind="enterprise", key="E-1")
    await judge(bureau.database)
    await bureau.does(plan([item(1)]))
    await bureau.does(APPROVE)
    (one,) = (await bureau.stage()).page["items"]
    assert (one["basis"], one["reduced"], one["decided_by"]) == (["weak_management"], "standardised", "weak_management")


async def test_inv_10_stops_a_second_supervising_body_until_the_first_has_ended(bureau: Bureau) -> None:
    await bureau.firm(1)
    assign = ask.AssignSupervisor(agency="210521", level="county", valid_from=FIRST)
    at: dict[str, Any] = {"kind": "enterprise", "key": "E-1"}
    await bureau.does(ask.AssignSupervisor(agency=AUTHORITY, level="prefecture", valid_from=FIRST), **at)
    refusal = await bureau.refused(assign, **at)
    assert gates_of(refusal) == ["INV-10"]
    assert [one["type"] for one in refusal.fields["gates"][0]["facts"]], "on which records it rests"  # type: ignore[index]  # told so
    other = await bureau.refused(ask.EndSupervision(agency="210504", ended_on=FIRST, reason="x"), **at)
    assert (other.code, other.fields["field"]) == ("bad_request", "agency")
    await bureau.does(ask.EndSupervision(agency=AUTHORITY, ended_on=FIRST, reason="下放"), **at)
    later = ask.AssignSupervisor(agency="210521", level="county", valid_from=FIRST + datetime.timedelta(days=1))
    assert (await bureau.does(later, **at)).type == "supervising_body.assigned.v1"


async def test_without_its_gate_a_second_supervising_body_is_recorded_and_the_judge_says_so(bureau: Bureau) -> None:
    await bureau.firm(1)
    open_bureau = ungated(bureau)
    for agency in (AUTHORITY, "210521"):
        command = ask.AssignSupervisor(agency=agency, level="county", valid_from=FIRST)
        await open_bureau.does(command, kind="enterprise", key="E-1")
    found = JUDGES["enterprise"].judge((await bureau.desk.stand(AUTHORITY, "enterprise", "E-1")).matter)
    assert sorted(one.outcome for one in found.verdicts if one.rule == "INV-10") == ["broken", "kept"]


async def test_inv_10_stops_the_approval_of_a_plan_whose_enterprise_has_two_bodies(bureau: Bureau) -> None:
    await bureau.firm(1)
    await bureau.supervised(1, AUTHORITY)
    await judge(bureau.database)
    await bureau.does(plan([item(1)]))
    await bureau.supervised(1, "210521", "2021-01-01")
    await judge(bureau.database)
    assert gates_of(await bureau.refused(APPROVE)) == ["INV-10"]
    end = ask.EndSupervision(agency="210521", ended_on=FIRST, reason="误录")
    await bureau.does(end, kind="enterprise", key="E-1")
    await judge(bureau.database)
    assert (await bureau.does(APPROVE)).type == "plan.approved.v1"


async def approved(bureau: Bureau, items: Sequence[PlanItem]) -> None:
    await bureau.does(plan(items))
    await bureau.does(APPROVE)


async def test_the_plan_is_filed_once_after_its_approval_and_late_filing_is_shown(bureau: Bureau) -> None:
    file_it = ask.FilePlan(filed_with="示例省应急管理厅", filed_on=FIRST)
    await bureau.does(plan([item(1)]))
    assert (await bureau.refused(file_it)).code == "conflict"
    judged = await bureau.stage()
    assert [(one.rule, one.last_day) for one in judged.deadlines] == [("DL-19", f"{YEAR}-03-10")]
    await bureau.does(APPROVE)
    early = ask.FilePlan(filed_with="示例省应急管理厅", filed_on=FIRST - datetime.timedelta(days=1))
    assert (await bureau.refused(early)).fields["field"] == "filed_on"
    await bureau.does(ask.FilePlan(filed_with="示例省应急管理厅", filed_on=datetime.date(YEAR, 3, 11)))
    judged = await bureau.stage()
    (due,) = [one for one in judged.deadlines if one.rule == "DL-19"]
    assert judged.stage == "filed"
    assert due.met is not None
    assert due.met >= due.due, "done late, and told so"
    assert (await bureau.refused(file_it)).code == "conflict"


async def test_a_major_revision_holds_when_it_is_approved_and_a_minor_one_at_once(bureau: Bureau) -> None:
    await approved(bureau, [item(n, "key" if n <= 18 else "general") for n in range(1, 25)])
    day = datetime.date(YEAR, 6, 1)

    def change(action: Any, number: int, kind: Any = None) -> ask.ChangeItem:
        return ask.ChangeItem(action=action, enterprise=f"E-{number}", kind=kind, reason="停产")

    minor = await bureau.does(ask.RevisePlan(decided_on=day, changes=(change("removed", 24),), reason="停产"))
    assert isinstance(minor.body, PlanRevisionDecided)
    assert minor.body.major is False
    assert (await bureau.stage()).columns["items"] == 23
    major = await bureau.does(ask.RevisePlan(decided_on=day, changes=(change("removed", 1),), reason="搬迁"))
    assert isinstance(major.body, PlanRevisionDecided)
    assert major.body.major is True
    assert (await bureau.stage()).columns["items"] == 23, "it waits for its approval"
    assert (await bureau.refused(ask.RevisePlan(decided_on=day, changes=(change("removed", 2),), reason="x"))).code == (
        "conflict"
    )
    late = ask.ApproveRevision(
        revision=uuid_text(major.body.revision_id), approver="示例市人民政府", approval_no="示政函〔2026〕2号",
        approved_on=day + datetime.timedelta(days=31),
    )  # fmt: skip
    await bureau.does(late)
    judged = await bureau.stage()
    assert judged.columns["items"] == 22
    assert [(one["enterprise"], one["reason"]) for one in judged.page["removed"]] == [("E-24", "停产"), ("E-1", "停产")]
    (due,) = [one for one in judged.deadlines if one.last_day == str(day + datetime.timedelta(days=30))]
    assert due.met is not None
    assert due.met >= due.due, "31 days are one too many"


async def test_inv_09_stops_a_revision_below_the_share_and_lets_one_at_the_share_pass(bureau: Bureau) -> None:
    await approved(bureau, [item(n, "key" if n <= 7 else "general") for n in range(1, 11)])
    day = datetime.date(YEAR, 6, 1)
    both = tuple(ask.ChangeItem(action="changed", enterprise=f"E-{n}", kind="general", reason="x") for n in (1, 2))
    assert gates_of(await bureau.refused(ask.RevisePlan(decided_on=day, changes=both, reason="x"))) == ["INV-09"]
    await bureau.does(ask.RevisePlan(decided_on=day, changes=both[:1], reason="x"))


def imported(*changes: PlanChange, **more: Any) -> ask.ImportRevision:
    return ask.ImportRevision(decided_on=datetime.date(YEAR, 6, 1), changes=changes, reason="年中调整", **more)


def changed(action: Any, one: PlanItem, reason: str = "停产") -> PlanChange:
    return PlanChange(action=action, item=one, reason=reason)


async def test_a_long_revision_comes_in_parts_in_one_transaction_and_holds_as_a_whole(bureau: Bureau) -> None:
    items = [item(number, "key" if number % 10 < 7 else "general") for number in range(1, 702)]
    await approved(bureau, items)
    more = [changed("changed", item(n, one.kind, quarter=2)) for n, one in enumerate(items, 1)]
    figures = PlanFigures(officers=9)
    size = (await bureau.log.head())["size"]
    done = await bureau.does(imported(*more, figures=figures))
    assert isinstance(done.body, PlanRevisionDecided)
    assert (done.body.part, done.body.parts, done.body.major) == (3, 3, True), "701 of 701 is major"
    assert (await bureau.log.head())["size"] == size + 3
    judged = await bureau.stage()
    assert [(one["changes"], one["approved_on"]) for one in judged.page["revisions"]] == [(701, None)]
    assert {one["quarter"] for one in judged.page["items"]} == {None}, "it waits for its approval"
    assert judged.page["capacity"]["officers"] is None
    assert [one.outcome for one in judged.verdicts if one.rule == "INV-09"] == ["kept", "kept"]
    revision = uuid_text(done.body.revision_id)
    await bureau.does(ask.ApproveRevision(revision=revision, approver="示例市人民政府", approval_no="示政函〔2026〕3号",
                                          approved_on=datetime.date(YEAR, 6, 20)))  # fmt: skip
    judged = await bureau.stage()
    assert {one["quarter"] for one in judged.page["items"]} == {2}
    assert judged.page["capacity"]["officers"] == 9, "what the revised plan prints of its days holds with it"
    assert judged.page["revisions"][0]["what"][0]["fields"] == [["quarter", None, 2]]


async def test_inv_09_stops_a_revision_in_parts_by_all_of_its_changes(bureau: Bureau) -> None:
    items = [item(number, "key" if number <= 600 else "general") for number in range(1, 701)]
    await approved(bureau, items)
    several = [changed("changed", item(number, "general")) for number in range(1, 302)]
    assert gates_of(await bureau.refused(imported(*several))) == ["INV-09"], "299 of 700, only with both parts"
    assert (await bureau.does(imported(*several[:180]))).type == "plan_revision.decided.v1", "420 of 700 is 60 %"


async def test_inv_10_stops_a_revision_that_adds_an_enterprise_with_two_bodies(bureau: Bureau) -> None:
    await bureau.firm(2)
    await bureau.supervised(2, AUTHORITY)
    await bureau.supervised(2, "210521", "2021-01-01")
    await judge(bureau.database)
    await approved(bureau, [item(1)])
    assert gates_of(await bureau.refused(imported(changed("added", item(2))))) == ["INV-10"]
    by_hand = ask.ChangeItem(action="added", enterprise="E-2", kind="key", reason="x")
    revise = ask.RevisePlan(decided_on=FIRST, changes=(by_hand,), reason="x")
    assert gates_of(await bureau.refused(revise)) == ["INV-10"], "by hand as well"
    end = ask.EndSupervision(agency="210521", ended_on=FIRST, reason="误录")
    await bureau.does(end, kind="enterprise", key="E-2")
    await judge(bureau.database)
    await bureau.does(imported(changed("added", item(2))))


async def test_what_leaves_the_plan_though_a_criterion_asks_for_it_keeps_its_reason(bureau: Bureau) -> None:
    await bureau.firm(2, joint_punishment=True)
    await judge(bureau.database)
    await approved(bureau, [item(1), item(2), item(3)])
    await bureau.does(imported(changed("removed", item(2), "全年停产")))
    waits = (await bureau.stage()).page
    assert waits["left_out"] == []
    revision = uuid_text(bytes.fromhex(waits["revisions"][0]["revision"]))
    await bureau.does(ask.ApproveRevision(revision=revision, approver="示例市人民政府", approval_no="示政函〔2026〕4号",
                                          approved_on=datetime.date(YEAR, 6, 2)))  # fmt: skip
    page = (await bureau.stage()).page
    assert page["left_out"] == [{"enterprise": "E-2", "criteria": ["joint_punishment"], "reason": "全年停产"}]
    assert [one["enterprise"] for one in page["items"]] == ["E-1", "E-3"]
    stale = await bureau.refused(imported(changed("removed", item(2))))
    assert stale.code == "conflict", "it is not in the plan any more"
    assert (await bureau.refused(imported())).fields.get("same") is True, "no difference is no revision"


async def test_one_of_two_items_leaves_the_plan_and_its_enterprise_is_not_said_to_be_left_out(bureau: Bureau) -> None:
    await bureau.firm(2, joint_punishment=True)
    await judge(bureau.database)
    second = replace_item(item(2, "general"), number=2)
    await approved(bureau, [*(item(n) for n in range(1, 31)), second])
    done = await bureau.does(imported(changed("removed", second, "并入专项检查")))
    assert isinstance(done.body, PlanRevisionDecided)
    assert done.body.left_out == (), "it has another item in the plan"
    assert [one["item"] for one in (await bureau.stage()).page["items"]] == [
        item(n).item_id.hex() for n in range(1, 31)
    ]
    done = await bureau.does(imported(changed("removed", item(2), "全年停产")))
    assert isinstance(done.body, PlanRevisionDecided)
    assert [(one.enterprise_id, one.reason) for one in done.body.left_out] == [("E-2", "全年停产")], "the last one"


def replace_item(one: PlanItem, number: int) -> PlanItem:
    """A further item of the same enterprise."""
    return structs.replace(one, item_id=plans.item_id(AUTHORITY, YEAR, one.enterprise_id, number))


ASSIGNED: dict[str, Any] = {"officers": ("officer-0017", "officer-0023"), "scheme": "检查重大危险源"}


async def inspect(bureau: Bureau, task: bytes, number: int, skip: str = "") -> None:
    """What the terminal records of an inspection, but one step."""
    tags = [f"task:{uuid_text(task)}", f"enterprise:E-{number}", f"authority:{AUTHORITY}"]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("site.entered.v1", {"task_id": task, "enterprise_id": f"E-{number}"}),
        ("credentials.shown.v1", {"task_id": task, "certificate_nos": ["L-1", "L-2"]}),
        ("inspection_record.signed.v1", {"task_id": task, "record_hash": bytes(32)}),
    ]
    at = now_ms() - 60_000
    envelopes = []
    for place, (name, body) in enumerate(steps):
        if name == skip:
            continue
        whole = {**FULL[name], **{key: value for key, value in body.items() if key in FULL[name]}}
        envelopes.append(
            bureau.terminal.envelope(name, whole, about=sorted(tags), by=["officer-0017"], occurred=at + place * 1_000)
        )
    await send(bureau.log, bureau.terminal.batch(envelopes))


async def test_an_item_goes_from_planned_to_concluded_by_its_chain_and_inv_08_stops_what_lacks_a_step(
    bureau: Bureau,
) -> None:
    await approved(bureau, [item(1), item(2)])
    key = uuid_text(item(1).item_id)

    async def state() -> list[str]:
        return [one["state"] for one in (await bureau.stage()).page["items"]]

    assert await state() == ["planned", "planned"]
    done = await bureau.does(ask.AssignItem(item=key, **ASSIGNED), HEAD)
    assert isinstance(done.body, TaskAssigned)
    assert (done.body.source, done.body.kind, done.body.scheme.approver) == ("plan", "key", HEAD)  # type: ignore[union-attr]  # set
    assert await state() == ["assigned", "planned"]
    await judge(bureau.database)
    async with officer_of(bureau.database) as connection:
        heard = await process_queries.changes(connection, [AUTHORITY], ["officer-0017"], after=0)
    assert ("task", uuid_text(done.body.task_id)) in {(one.kind, one.key) for one in heard}, "terminals are told"
    task = uuid_text(done.body.task_id)
    conclude = ask.ConcludeTask(outcome="no_problem")
    await inspect(bureau, done.body.task_id, 1, skip="credentials.shown.v1")
    await judge(bureau.database)
    assert await state() == ["entered", "planned"]
    refusal = await bureau.refused(conclude, HEAD, kind="task", key=task)
    assert gates_of(refusal) == ["INV-08"]
    assert "出示证件" in refusal.fields["gates"][0]["zh"]  # type: ignore[index]  # told so
    await inspect(bureau, done.body.task_id, 1)
    await judge(bureau.database)
    await bureau.does(conclude, HEAD, kind="task", key=task)
    await judge(bureau.database)
    assert await state() == ["concluded", "planned"]
    again = await bureau.refused(ask.AssignItem(item=key, **ASSIGNED), HEAD)
    assert again.fields["field"] == "trigger", "a visit beyond the plan needs its reason"
    more = await bureau.does(ask.AssignItem(item=key, **ASSIGNED, trigger="举报线索复核"), HEAD)
    assert isinstance(more.body, TaskAssigned)
    await inspect(bureau, more.body.task_id, 1)
    await judge(bureau.database)
    await bureau.does(conclude, HEAD, kind="task", key=uuid_text(more.body.task_id))
    await judge(bureau.database)
    judged = await bureau.stage()
    made = judged.page["items"][0]["made"]
    assert [(one["state"], one["repeat"], one["reason"]) for one in made] == [
        ("concluded", False, ""), ("concluded", True, "举报线索复核"),
    ]  # fmt: skip
    assert (judged.columns["done"], judged.columns["visits_done"], judged.columns["visits"]) == (1, 2, 2)


async def test_without_its_gate_an_inspection_that_lacks_a_step_is_concluded_and_the_judge_says_so(
    bureau: Bureau,
) -> None:
    await approved(bureau, [item(1)])
    done = await bureau.does(ask.AssignItem(item=uuid_text(item(1).item_id), **ASSIGNED), HEAD)
    assert isinstance(done.body, TaskAssigned)
    await inspect(bureau, done.body.task_id, 1, skip="credentials.shown.v1")
    await judge(bureau.database)
    at: dict[str, Any] = {"kind": "task", "key": uuid_text(done.body.task_id)}
    conclude = ask.ConcludeTask(outcome="no_problem")
    assert gates_of(await bureau.refused(conclude, HEAD, **at)) == ["INV-08"], "what the gate does"
    open_bureau = ungated(bureau)
    assert (await open_bureau.does(conclude, HEAD, **at)).type == "task.concluded.v1"
    await judge(bureau.database)
    judged = await bureau.stage()
    assert [one.outcome for one in judged.verdicts if one.rule == "INV-08"] == ["broken"]
    assert judged.columns["done"] == 0, "and the item is not done for all that"
    assert gates_of(await bureau.refused(ask.ClosePlan())) == ["INV-08"]
    closed = await open_bureau.does(ask.ClosePlan())
    assert isinstance(closed.body, PlanClosed)
    assert (closed.body.items, closed.body.done, closed.body.unfinished) == (1, 0, ()), "an item without a reason"


async def test_a_task_is_cancelled_with_its_reason_while_nobody_entered_and_its_item_stays_open(bureau: Bureau) -> None:
    await approved(bureau, [item(1)])
    assign = ask.AssignItem(item=uuid_text(item(1).item_id), **ASSIGNED)
    done = await bureau.does(assign, HEAD)
    assert isinstance(done.body, TaskAssigned)
    task = uuid_text(done.body.task_id)
    await judge(bureau.database)
    await bureau.does(ask.CancelTask(reason="单位停电检修"), HEAD, kind="task", key=task)
    await judge(bureau.database)
    (one,) = (await bureau.stage()).page["items"]
    assert (one["state"], one["made"][0]["reason"]) == ("cancelled", "单位停电检修")
    again = await bureau.does(assign, HEAD)
    assert isinstance(again.body, TaskAssigned)
    await inspect(bureau, again.body.task_id, 1)
    await judge(bureau.database)
    late = await bureau.refused(ask.CancelTask(reason="x"), HEAD, kind="task", key=uuid_text(again.body.task_id))
    assert late.code == "conflict", "the site was entered"


async def test_the_year_closes_only_with_a_reason_for_each_item_that_was_not_done(bureau: Bureau) -> None:
    await approved(bureau, [item(1), item(2)])
    refusal = await bureau.refused(ask.ClosePlan())
    assert gates_of(refusal) == ["INV-08"]
    done = await bureau.does(ask.ClosePlan(reason="单位全年停产"))
    assert isinstance(done.body, PlanClosed)
    assert (done.body.items, done.body.done, len(done.body.unfinished)) == (2, 0, 2)
    assert (await bureau.stage()).stage == "closed"
    assert (await bureau.refused(ask.RevisePlan(decided_on=FIRST, changes=(
        ask.ChangeItem(action="removed", enterprise="E-1", reason="x"),), reason="x"))).code == "conflict"  # fmt: skip


# -- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, log=True, people=tuple(OFFICERS)) as opened:
        yield opened


def hidden(html: str, form: str = '<form class="stack card act"') -> dict[str, str]:
    part = html[html.index(form) :].partition("</form>")[0]
    return {
        name: unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', part)
    }


TABLE = (
    ("执法人员数", "8"), ("人均法定工作日", "248"), ("总法定工作日", "1985"),
    ("单位编号", "单位名称", "检查类别", "检查季度", "计划工作日"),
    ("E-1", "示例一厂", "重点", "一季度", 4), ("E-2", "示例二厂", "一般", "2", 2),
)  # fmt: skip


def spreadsheet(rows: Sequence[Sequence[Any]] = TABLE) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv(encoding: str, rows: Sequence[Sequence[Any]] = TABLE) -> bytes:
    return "\r\n".join(",".join(map(str, row)) for row in rows).encode(encoding)


async def send_plan(
    browser: aiohttp.ClientSession, do: str, data: bytes | None = None, name: str = "计划.xlsx",
    place: str = "/plans/import", **fields: str,
) -> tuple[int, str]:  # fmt: skip
    """Send a table by the form of a page; `record`: in one go, as a program may."""
    async with browser.get(place) as page:
        assert page.status == 200
        drawn = hidden(await page.text())
    form = aiohttp.FormData()
    told = {**drawn, "act": uuid_text(uuid7()), "year": str(YEAR), "do": do, "table": "", **fields}
    for field, value in told.items():
        form.add_field(field, value)
    file = io.BytesIO(data or b"")
    form.add_field("file", file, filename=name if data else "", content_type="application/octet-stream")
    return await post_form(browser, form, place)


async def post_form(browser: aiohttp.ClientSession, form: aiohttp.FormData, place: str) -> tuple[int, str]:
    async with browser.post(place, data=form, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "") or await answer.text()


async def confirm(
    browser: aiohttp.ClientSession, html: str, place: str = "/plans/import", **fields: str
) -> tuple[int, str]:
    """Press the one button below a check: nothing is chosen again."""
    form = aiohttp.FormData(default_to_multipart=True)
    for field, value in {**hidden(html, '<form class="stack card" id="confirm"'), "do": "record", **fields}.items():
        form.add_field(field, value)
    return await post_form(browser, form, place)


async def test_a_plan_is_checked_without_a_trace_recorded_with_its_file_and_the_same_again_changes_nothing(
    house: House,
) -> None:
    async with house.browser(PLANNER) as browser:
        for year, data in enumerate((spreadsheet(), csv("utf-8"), csv("utf-8-sig"), csv("gbk")), YEAR - 3):
            key = plans.plan_key(AUTHORITY, year)
            before = (await house.log.head())["size"]
            kept = await house.log.pool.fetchval("SELECT count(*) FROM evidence.blobs")
            status, html = await send_plan(browser, "check", data, year=str(year))
            assert status == 200, html
            assert "没有记录任何内容" in html
            assert "1985" in html
            assert "1984" in html, "what was typed, and what the numbers make"
            assert "执法人员数：现为 8" not in html, "no whole number of officers makes 1985"
            assert (await house.log.head())["size"] == before
            assert await house.log.pool.fetchval("SELECT count(*) FROM evidence.blobs") == kept
            status, place = await send_plan(browser, "record", data, year=str(year))
            assert (status, place) == (303, f"/plans/{key}?done=draft#office")
            await fold(house.database)
            await judge(house.database)
            async with browser.get(f"/plans/{key}") as page:
                html = await page.text()
            assert page.status == 200
            assert sha256(data).hexdigest()[:16] in html
            async with browser.get(f"/plans/{key}/file") as file:
                assert await file.read() == data
            before = (await house.log.head())["size"]
            status, html = await send_plan(browser, "record", data, year=str(year))
            assert status == 409
            assert "内容相同" in html
            assert (await house.log.head())["size"] == before


async def test_one_press_records_exactly_what_was_checked_on_the_plan_as_it_was_then(house: House) -> None:
    data, other = spreadsheet(), csv("gbk", [*TABLE, ("E-3", "示例三厂", "重点", "三季度", 4)])
    async with house.browser(PLANNER) as browser:
        status, html = await send_plan(browser, "check", data)
        assert status == 200
        assert sha256(data).hexdigest()[:16] in html
        assert await confirm(browser, html) == (303, f"/plans/{KEY}?done=draft#office")
        assert await confirm(browser, html) == (303, f"/plans/{KEY}?done=draft#office"), "the same form is one act"
        await fold(house.database)
        await judge(house.database)
        async with browser.get(f"/plans/{KEY}/file") as file:
            assert await file.read() == data
        status, again = await send_plan(browser, "check", data)
        assert status == 409, "a check says already what recording would be refused for"
        assert "内容相同" in again
        assert 'id="confirm"' not in again
        status, stale = await send_plan(browser, "check", other, "计划.csv")
        assert status == 200
        pasted = "\n".join("\t".join(map(str, row)) for row in TABLE[3:])
        status, html = await send_plan(browser, "check", table=pasted)
        assert (await confirm(browser, html))[0] == 303, "what was pasted goes along as well"
        before = (await house.log.head())["size"]
        status, html = await confirm(browser, stale)
        assert status == 409
        assert "打开本表之后已有变化" in html
        assert "年度监督检查计划编制" in html, "what was done meanwhile"
        assert (await house.log.head())["size"] == before
        assert (await confirm(browser, html))[0] == 303, "looked at again, it is confirmed on what stands now"
        await fold(house.database)
        await judge(house.database)
        async with browser.get(f"/plans/{KEY}/file") as file:
            assert await file.read() == other


async def test_what_was_checked_is_read_again_at_the_door(house: House) -> None:
    async with house.browser(PLANNER) as browser:
        _, html = await send_plan(browser, "check", spreadsheet())
        for kept in ("no base64 !", base64.b64encode(b"a,b\n1,2\n").decode()):
            before = (await house.log.head())["size"]
            status, _ = await confirm(browser, html, kept=kept)
            assert status == 400
            assert (await house.log.head())["size"] == before


async def test_faults_are_told_row_by_row_and_nothing_is_recorded(house: House) -> None:
    rows = [*TABLE, ("", "示例三厂", "一般", "", ""), ("E-4", "", "关键", "五季度", "窗口办理")]
    async with house.browser(PLANNER) as browser:
        before = (await house.log.head())["size"]
        status, html = await send_plan(browser, "record", spreadsheet(rows))
        assert status == 400
        for word in ("关键", "五季度", "窗口办理", "检查类别", "没有记录任何内容"):
            assert word in html
        assert (await house.log.head())["size"] == before
        for data, name, said in (
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old", "a.xls", ".xlsx"), (b"\xff\xff\xff", "a.csv", "GBK"),
            (b"PK\x03\x04 no zip", "a.xlsx", "不是可以读取的电子表格"),
        ):  # fmt: skip
            status, html = await send_plan(browser, "check", data, name)
            assert status == 400
            assert said in html
        assert (await send_plan(browser, "check"))[0] == 400, "neither a file nor a table"
        assert (await send_plan(browser, "check", spreadsheet(), year="20"))[0] == 400


async def test_a_class_of_days_that_does_not_add_up_is_named_with_what_was_typed_and_what_would(house: House) -> None:
    classes = [(one.zh, "10") for one in plan_capacity.OTHER]
    rows = [*classes[:3], ("核查举报", "400"), *classes[4:], ("其他执法工作日", "520"), *TABLE]
    pasted = "\n".join("\t".join(map(str, row)) for row in rows)
    async with house.browser(PLANNER) as browser:
        for language, words in (("zh", "核查举报：现为 400，改为 430 才成立"),
                                ("en", "verifying tips: 400 now, 430 would add up")):  # fmt: skip
            await browser.get(f"/plans/import?lang={language}")
            status, html = await send_plan(browser, "check", table=pasted)
            assert status == 200
            assert words in html


async def test_a_table_that_is_pasted_becomes_a_draft_and_forms_lead_to_the_approval(house: House) -> None:
    pasted = "\n".join("\t".join(map(str, row)) for row in TABLE)
    async with house.browser(PLANNER) as browser:
        assert (await send_plan(browser, "record", table=pasted))[0] == 303
        await fold(house.database)
        await judge(house.database)

        async def act(name: str, **fields: str) -> tuple[int, str]:
            async with browser.get(f"/plans/{KEY}/acts/{name}") as page:
                assert page.status == 200, await page.text()
                drawn = hidden(await page.text())
                assert re.search(rf'<a href="/plans/{KEY}">\S+ {FIRST.year}</a>', await page.text()), "the way back"
            answer = await browser.post(f"/plans/{KEY}/acts/{name}", data={**drawn, **fields}, allow_redirects=False)
            return answer.status, answer.headers.get("Location", "") or await answer.text()

        row = {"action_1": "removed", "enterprise_1": "E-210500-0001"}
        status, html = await act("change", **row)
        assert (status, "请看：调整 2：调整原因" in html) == (400, True), "the change that lacks its reason is named"
        assert re.search(r'name="reason_1"[^>]*aria-invalid="true"', html)
        approve = {"approver": "示例市人民政府", "approval_no": "示政函〔2026〕1号", "approved_on": str(FIRST)}
        status, html = await act("approve", **approve)
        assert status == 409
        assert "INV-09" in html, "one of two is no 60 %"
        assert "怎样才能办理" in html
        status, html = await act(
            "change", action_0="added", enterprise_0="E-3", kind_0="key", days_0="x", reason_0="补"
        )
        assert status == 400, "days are a number"
        added = {"action_0": "added", "enterprise_0": "E-3", "kind_0": "key", "days_0": "4", "reason_0": "补"}
        status, html = await act("change", **added)
        assert status == 400
        assert "一企一档中没有 E-3" in html, "a slip of the pen puts nothing into the plan"
        await entered(
            house.log,
            house.database,
            "enterprise.profiled.v1",
            {"enterprise_id": "E-3", "name": "示例三厂"},
            "enterprise:E-3",
        )
        async with browser.get(f"/plans/{KEY}/acts/change") as page:
            html = await page.text()
        assert '<option value="E-1" label="已列入计划，重点检查">' in html
        status, place = await act("change", **added)
        assert status == 303, place
        answers = {"responsible_unit": "执法大队", "responsible": "officer-0017"}
        assert (await act("approve", **approve, **answers))[0] == 303
        await fold(house.database)
        await judge(house.database)
        async with browser.get(f"/plans/{KEY}/candidates") as page:
            assert page.status == 200
        async with browser.get(f"/plans/{KEY}") as page:
            assert "执法大队" in await page.text(), "who answers for the plan"
        async with browser.get("/plans") as page:
            assert str(YEAR) in await page.text()
        assert (await browser.get(f"/plans/{KEY}/acts/assign?item={uuid_text(item(1).item_id)}")).status == 403
    assign = f"/plans/{KEY}/acts/assign?item={uuid_text(item(1).item_id)}"
    for name in ("officer-0017", "officer-0023"):
        body = {"officer_id": name, "certificate_no": f"L-{name}", "issuer": "示例省", "valid_from": f"{YEAR}-01-01",
                "valid_to": f"{YEAR + 5}-01-01", "unit": "执法一队"}  # fmt: skip
        await entered(house.log, house.database, "officer_certificate.recorded.v1", body, f"officer:{name}")
    async with house.browser(HEAD) as browser:
        async with browser.get(assign) as page:
            assert page.status == 200, await page.text()
            html = await page.text()
        assert '<option value="officer-0017" label="officer-0017 · 执法一队' in html, "who is registered, with the unit"
        drawn, to = hidden(html), assign.partition("?")[0]
        for officers, status, words in (
            (("officer-0017", ""), 400, "什么也没有记录"),
            (("officer-0017", "officer-9999"), 400, "名册中没有 officer-9999"),
            (("officer-0017", "officer-0023"), 303, ""),
        ):  # fmt: skip
            named = {f"officer_{at}": one for at, one in enumerate(officers)}
            data = {**drawn, **named, "scheme": "检查重大危险源"}
            answer = await browser.post(to, data=data, allow_redirects=False)
            assert answer.status == status, await answer.text()
            assert words in await answer.text()
    async with house.browser("officer-0017") as browser:
        assert (await browser.get("/plans/import")).status == 403
        assert (await browser.get(f"/plans/{KEY}")).status == 200


async def test_a_form_with_a_file_that_is_too_large_or_from_elsewhere_is_refused(house: House) -> None:
    async with house.browser(PLANNER) as browser:
        status, _ = await send_plan(browser, "check", bytes(9 * 1024 * 1024))
        assert status == 413
        status, _ = await send_plan(browser, "check", spreadsheet(), form_token="0" * 64)
        assert status == 403
        status, _ = await send_plan(browser, "record", spreadsheet(), act="x")
        assert status == 400


REVISED = (
    ("执法人员数", "9"),
    ("单位编号", "单位名称", "检查类别", "检查季度", "计划工作日", "未列入原因", "调整原因"),
    ("E-1", "示例一厂", "重点", "二季度", 6, "", "扩建"), ("E-2", "示例二厂", "一般", "2", 2, "", ""),
    ("E-3", "", "", "", "", "已停产", ""), ("E-4", "示例四厂", "重点", "三季度", 4, "", ""),
)  # fmt: skip


async def test_a_plan_is_revised_by_a_table_whose_difference_is_shown_row_by_row_and_confirmed_by_one_press(
    house: House,
) -> None:
    place = f"/plans/{KEY}/revision"
    rows = [TABLE[0], *TABLE[3:], ("E-3", "示例三厂", "重点", "三季度", 4)]
    asked = {"decided_on": f"{YEAR}-06-01", "reason": "年中调整"}
    async with house.browser(PLANNER) as browser:
        assert (await send_plan(browser, "record", spreadsheet(rows)))[0] == 303
        assert "只有已批准" in await (await browser.get(place)).text()
        approve = {"approver": "示例市人民政府", "approval_no": "示政函〔2026〕1号", "approved_on": str(FIRST)}
        async with browser.get(f"/plans/{KEY}/acts/approve") as page:
            drawn = hidden(await page.text())
        assert (await browser.post(f"/plans/{KEY}/acts/approve", data={**drawn, **approve},
                                   allow_redirects=False)).status == 303  # fmt: skip
        await fold(house.database)
        await judge(house.database)
        async with browser.get(f"/plans/{KEY}/table") as file:
            assert file.status == 200
            whole = await file.read()
        status, html = await send_plan(browser, "check", whole, place=place, **asked)
        assert status == 409, html
        assert "逐项相同" in html, "the plan in force, sent back as it came"
        head = (await house.log.head())["size"]
        status, html = await send_plan(browser, "check", spreadsheet([*REVISED[:4], REVISED[5]]), place=place, **asked)
        assert status == 400
        assert "表格中没有" in html, "E-3 is in the plan in force and nowhere in the table"
        for wrong in ({"reason": " "}, {"decided_on": "x"}, {"reason": "长" * 501}):
            assert (await send_plan(browser, "check", whole, place=place, **{**asked, **wrong}))[0] == 400
        data = spreadsheet(REVISED)
        status, html = await send_plan(browser, "check", data, place=place, **asked)
        assert status == 200, html
        for words in ("属于重大调整", "已停产", "扩建", "年中调整", "季度 1 → <strong>2</strong>",
                      "工作日 4 → <strong>6</strong>", "没有记录任何内容"):  # fmt: skip
            assert words in html, words
        assert re.search(r"执法人员数.*?8.*?9", html, re.DOTALL), "the printed days that are others"
        assert (await house.log.head())["size"] == head, "a check records nothing"
        async with browser.get(f"/plans/{KEY}/acts/file") as page:
            filing = hidden(await page.text()) | {"filed_with": "示例省应急管理厅", "filed_on": f"{YEAR}-03-01"}
        assert (await browser.post(f"/plans/{KEY}/acts/file", data=filing, allow_redirects=False)).status == 303
        status, html = await confirm(browser, html, place)
        assert status == 409
        assert "打开本表之后已有变化" in html, "somebody filed the plan since the check"
        assert "年度监督检查计划备案" in html
        assert await confirm(browser, html, place) == (303, f"/plans/{KEY}?done=revise#office")
        await fold(house.database)
        await judge(house.database)
        async with browser.get(f"/plans/{KEY}") as page:
            html = await page.text()
        assert "等待批准" in html or "尚未生效" in html
        revision = re.search(r"approve-revision\?revision=([0-9a-f-]{36})", html)
        assert revision is not None
        async with browser.get(f"/plans/{KEY}/file?revision={revision[1].replace('-', '')}") as file:
            assert await file.read() == data
        status, html = await send_plan(browser, "check", data, place=place, **asked)
        assert status == 409
        assert "尚待批准" in html, "one major revision at a time"
    async with house.browser("officer-0017") as browser:
        assert (await browser.get(place)).status == 403
        assert (await browser.get(f"/plans/{KEY}/table")).status == 403


async def test_two_items_of_one_enterprise_are_revised_by_the_table_that_the_page_gives_out(house: House) -> None:
    place, second = f"/plans/{KEY}/revision", replace_item(item(1, "general"), 2)
    asked = {"decided_on": f"{YEAR}-06-01", "reason": "年中调整"}
    numbers = NumberActs(house.log.committer, house.log.pool)
    desk, who = (
        Desk(house.log.committer, house.log.pool, numbers),
        Who(officer=PLANNER, session=bytes(32), via="session"),
    )
    for command in (plan([item(1), second, item(2)]), APPROVE):
        await desk.do(AUTHORITY, "plan", KEY, command, who, ROLES[PLANNER], act=uuid7())
    await fold(house.database)
    await judge(house.database)
    async with house.browser(PLANNER) as browser:
        async with browser.get(f"/plans/{KEY}/table") as file:
            book = openpyxl.load_workbook(io.BytesIO(await file.read()))
        rows = [list(row) for row in book.active.iter_rows(values_only=True)]  # type: ignore[union-attr]  # a sheet
        at = {name: rows[0].index(name) for name in ("单位编号", "计划工作日", "项目编号")}
        names = [row[at["项目编号"]] for row in rows[1:]]
        assert names == [uuid_text(one.item_id) for one in (item(1), second, item(2))]
        status, html = await send_plan(browser, "check", spreadsheet(rows), place=place, **asked)
        assert (status, "逐项相同" in html) == (409, True), "sent back as it came"
        unnamed = [[*row[: at["项目编号"]], None] for row in rows if row is not rows[2]]
        status, html = await send_plan(browser, "check", spreadsheet([rows[0], *unnamed[1:]]), place=place, **asked)
        assert (status, "项目编号写明是哪一个" in html) == (400, True)
        rows[2][at["计划工作日"]] = 9
        status, html = await send_plan(browser, "check", spreadsheet(rows), place=place, **asked)
        assert (status, "工作日 4 → <strong>9</strong>" in html) == (200, True), html
        assert (await confirm(browser, html, place))[0] == 303
        assert "项目编号" in await (await browser.get("/help/plan")).text()
    ((_, revision, _),) = Plan((await desk.stand(AUTHORITY, "plan", KEY)).matter).revisions
    assert [(one.item.item_id, one.item.days) for one in revision.changes] == [(second.item_id, 9)]


def test_a_reason_for_leaving_out_is_part_of_the_draft_that_came_in_a_file() -> None:
    command = plan([item(1)], left_out=(LeftOut(enterprise_id="E-2", reason="停产"),))
    assert command.left_out[0].reason == "停产"
