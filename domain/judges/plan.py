"""The judge of an annual plan: its share of key inspections, its items, its revisions and what is due of it.

An item is finished only by a chain of events that were recorded (INV-08), never by somebody saying so: the tasks made
for it are asked for by their keys. The invariant: typed totals are shown beside the computed ones and never used.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any, Final

from msgspec import UNSET

from domain.deadlines import due
from domain.filing import text_of
from domain.judges.case_facts import moment
from domain.judges.case_findings import Finding, broken, kept, unknown
from domain.judges.inspection_findings import signals, verdict
from domain.judges.plan_signals import sig_24
from domain.matter import Deadline, Fact, Judge, Judgement, Matter, Verdict, order
from domain.rulebook import NoRule
from domain.workdays import day_of
from schemas.events import Body
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.on_site import CredentialsShown, SiteEntered
from schemas.events.oversight import PeriodicReportSubmitted
from schemas.events.plan import (
    PlanApproved,
    PlanDays,
    PlanFiled,
    PlanItem,
    PlanRevisionApproved,
    PlanRevisionDecided,
)
from schemas.events.task import TaskAssigned, TaskCancelled, TaskConcluded


@dataclass(frozen=True)
class Plan:
    """The facts of one plan, with the questions that several evaluators ask of them."""

    matter: Matter

    @cached_property
    def parts(self) -> list[tuple[Fact, PlanApproved]]:
        """The approved parts, by their numbers; of two with one number the one received last counts."""
        newest: dict[int, tuple[Fact, PlanApproved]] = {}
        for fact, body in sorted(self.matter.of(PlanApproved), key=lambda one: (one[0].received, one[0].id)):
            newest[1 if body.part is UNSET else body.part] = (fact, body)
        return [newest[number] for number in sorted(newest)]

    @cached_property
    def complete(self) -> bool:
        """Whether every part of the plan is there."""
        wanted = max((1 if body.parts is UNSET else body.parts for _, body in self.parts), default=1)
        return len(self.parts) >= wanted

    @cached_property
    def year(self) -> int:
        """The year of the plan; 0 while no approval is there."""
        return self.parts[0][1].year if self.parts else 0

    @cached_property
    def revisions(self) -> list[tuple[Fact, PlanRevisionDecided, tuple[Fact, PlanRevisionApproved] | None]]:
        """Each revision in order, with the approval of it."""
        approvals: dict[bytes, tuple[Fact, PlanRevisionApproved]] = {}
        for fact, body in self.matter.of(PlanRevisionApproved):
            approvals.setdefault(body.revision_id, (fact, body))
        found = sorted(
            self.matter.of(PlanRevisionDecided), key=lambda one: (one[1].decided_on, one[0].occurred, one[0].id)
        )
        return [(fact, body, approvals.get(body.revision_id)) for fact, body in found]

    def items(self, through: int | None = None) -> dict[bytes, PlanItem]:
        """The items by id, after the approval and so many revisions (None: all those that hold)."""
        found = {item.item_id: item for _, body in self.parts for item in body.items}
        for number, (_, revision, approval) in enumerate(self.revisions, 1):
            if through is not None and number > through:
                break
            if approval is None and self.major(revision, found):
                continue
            _apply(revision, found)
        return found

    def major(self, revision: PlanRevisionDecided, items: dict[bytes, PlanItem]) -> bool:
        """Whether a revision is major: it says so, it removes a key item, or it changes too many items."""
        if revision.major is True:
            return True
        gone = [change.item.item_id for change in revision.changes if change.action == "removed"]
        if any(key in items and items[key].kind == "key" for key in gone):
            return True
        rule = self.matter.rules.find("plan.major_change_percent", revision.decided_on, self.matter.authority)
        return rule is not None and bool(items) and rule.reaches(Fraction(100 * len(revision.changes), len(items)))

    @cached_property
    def tasks(self) -> dict[bytes, list[tuple[Fact, TaskAssigned]]]:
        """The tasks made for each item."""
        found: dict[bytes, list[tuple[Fact, TaskAssigned]]] = {}
        for fact, body in self.matter.of(TaskAssigned):
            if body.plan_item_id is not UNSET:
                found.setdefault(body.plan_item_id, []).append((fact, body))
        return found

    def of_task(self, task_id: bytes, cls: type[Body]) -> list[Fact]:
        """The facts of one type in the chain of a task that count."""
        filed = self.matter.others.get(f"chain:{text_of(task_id)}", ())
        return [fact for fact in filed if fact.counts and isinstance(fact.body, cls)]


def judge(matter: Matter) -> Judgement:
    """The page of one plan, INV-08 and INV-09, and what is due."""
    plan = Plan(matter)
    items = plan.items()
    states = {key: _state(plan, key) for key in items}
    done = sum(state == "concluded" for state in states.values())
    key_items = sum(item.kind == "key" for item in items.values())
    first = plan.parts[0][1] if plan.parts else None
    terminals = {fact.terminal for filed in matter.others.values() for fact in filed if fact.terminal} | {
        fact.terminal for fact in matter.facts if fact.terminal
    }
    return Judgement(
        kind="plan",
        key=matter.key,
        authority=matter.authority,
        stage="drafted" if first is None else "filed" if matter.first(PlanFiled) is not None else "approved",
        columns={
            "year": plan.year,
            "agency": "" if first is None else first.agency,
            "items": len(items),
            "key_items": key_items,
            "key_share": key_items * 1000 // len(items) if items else 0,
            "done": done,
            "key_done": sum(states[key] == "concluded" and item.kind == "key" for key, item in items.items()),
            "cancelled": sum(state == "cancelled" for state in states.values()),
            "revisions": len(plan.revisions),
            "complete": plan.complete,
        },
        page={
            "items": [_item(plan, item, states[key]) for key, item in items.items()],
            "left_out": [
                {"enterprise": one.enterprise_id, "criteria": list(one.criteria)}
                for _, body in plan.parts
                for one in body.left_out
            ],
            "arithmetic": [line for _, body in plan.parts for line in arithmetic(body)],
            "shares": {basis: list(pair) for basis, pair in shares(items).items()},
            "revisions": [
                {
                    "event": fact.id.hex(),
                    "decided_on": str(revision.decided_on),
                    "approved_on": None if approval is None else str(approval[1].approved_on),
                    "major": plan.major(revision, plan.items(number - 1)),
                    "changes": len(revision.changes),
                }
                for number, (fact, revision, approval) in enumerate(plan.revisions, 1)
            ],
        },
        deadlines=tuple(_deadlines(plan)),
        verdicts=(*_inv_08_all(plan, items), *_inv_09_all(plan)),
        signals=tuple(
            signal
            for fact, body in matter.of(PeriodicReportSubmitted)
            for signal in signals(matter, "SIG-24", "serious", partial(sig_24, body), fact)
        ),
        terminals=tuple(sorted(terminals)),
    )


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """The chains of the plan's tasks: entry, certificates, record and conclusion."""
    found = set()
    for fact in facts:
        if fact.counts and isinstance(fact.body, TaskAssigned):
            found.add(f"chain:{text_of(fact.body.task_id)}")
    return frozenset(found)


JUDGE: Final = Judge(kind="plan", version=3, judge=judge, needs=needs)


def closed_gates(matter: Matter, act: Fact) -> tuple[Verdict, ...]:
    """The gate that the conclusion of one of the plan's tasks would break if it were made now (INV-08)."""
    body = act.body
    if not isinstance(body, TaskConcluded):
        return ()
    key = f"chain:{text_of(body.task_id)}"
    filed = tuple(sorted((*matter.others.get(key, ()), act), key=order))
    plan = Plan(replace(matter, others={**matter.others, key: filed}))
    if not any(task.task_id == body.task_id for tasks in plan.tasks.values() for _, task in tasks):
        return ()
    found = verdict("INV-08", partial(inv_08, plan, act, body), act, gate=True)
    return tuple(one for one in found if one.outcome != "kept")


def inv_08(plan: Plan, concluded: Fact, body: TaskConcluded) -> Finding:
    """INV-08: an item is concluded only if entry, certificates and the record were recorded in this order.

    Or if a recorded outcome says why nobody could enter, with evidence of it.
    """
    day = day_of(concluded.occurred)
    entries = [fact for fact in plan.of_task(body.task_id, SiteEntered) if fact.occurred <= concluded.occurred]
    if body.outcome == "no_entry":
        rule = plan.matter.rules.get("plan.no_entry_outcomes", day, plan.matter.authority)
        told = {getattr(fact.body, "outcome", UNSET) for fact in entries} | {body.no_entry_reason}
        shown = bool(body.evidence_ids) or any(getattr(fact.body, "evidence_ids", ()) for fact in entries)
        if told & set(rule.value) and shown:
            return kept(
                "未能入场，记明了原因并有照片。",
                "Nobody could enter; the reason is recorded, with evidence.",
                *entries,
                rule=rule,
            )
        return broken(
            "未能入场而办结的，应当记明原因（停产、搬迁、拒绝等）并附照片；"
            + ("缺照片。" if told & set(rule.value) else "缺原因。"),
            "An item concluded without entry needs a recorded reason and evidence; "
            + ("the evidence is missing." if told & set(rule.value) else "the reason is missing."),
            *entries,
            rule=rule,
            absent=True,
        )
    entered = [
        fact for fact in entries if isinstance(fact.body, SiteEntered) and fact.body.outcome in (UNSET, "entered")
    ]
    shown_facts = plan.of_task(body.task_id, CredentialsShown)
    records = plan.of_task(body.task_id, InspectionRecordSigned)
    missing = [
        (zh, en)
        for zh, en, facts in (
            ("进入现场", "the entry", entered),
            ("出示证件", "the certificates shown", shown_facts),
            ("现场检查记录", "the inspection record", records),
        )
        if not facts
    ]
    if missing:
        return broken(
            f"计划项目应当有进入现场、出示证件和现场检查记录才算办结；缺{'、'.join(zh for zh, _ in missing)}。",
            "A plan item is concluded by entry, certificates shown and record; missing: "
            + ", ".join(en for _, en in missing)
            + ".",
            *entered,
            *shown_facts,
            *records,
            absent=True,
        )
    chain = (entered[0], shown_facts[0], records[-1])
    if not chain[0].occurred <= chain[1].occurred <= chain[2].occurred <= concluded.occurred:
        return broken(
            "进入现场、出示证件、签字记录和办结应当依次发生；记录的时间顺序不符。",
            "Entry, certificates shown, record and conclusion follow one another; the recorded times do not.",
            *chain,
        )
    return kept(
        "进入现场、出示证件和现场检查记录齐全，依次发生。",
        "Entry, certificates shown and inspection record are there, in this order.",
        *chain,
    )


def inv_09(plan: Plan, items: dict[bytes, PlanItem], on: datetime.date) -> Finding:
    """INV-09: the share of key inspections is at least that of the rule, by the basis that binds."""
    rule = plan.matter.rules.get("plan.key_share_percent", on, plan.matter.authority)
    basis = plan.matter.rules.get("plan.key_share_basis", on, plan.matter.authority).value
    if not plan.complete:
        return unknown(
            f"计划共{max(1 if body.parts is UNSET else body.parts for _, body in plan.parts)}部分，"
            f"已有{len(plan.parts)}部分，尚不能计算重点检查占比。",
            f"Not all parts of the plan are recorded, only {len(plan.parts)}; the share cannot be computed yet.",
            absent=False,
            rule=rule,
        )
    found = shares(items)
    known = {name: pair for name, pair in found.items() if pair[1]}
    asked = {"items": ("items",), "days": ("days",), "both": ("items", "days"), "either": ("items", "days")}[basis]
    if not items or any(name not in known for name in asked):
        return unknown(
            "计划没有写明各项目的工作日，不能按工作日计算重点检查占比。",
            "The plan does not give the working days of its items; the share cannot be computed by days.",
            absent=False,
            rule=rule,
        )
    good = [rule.reaches(Fraction(100 * known[name][0], known[name][1])) for name in asked]
    zh = "、".join(f"按{'项目' if name == 'items' else '工作日'} {_percent(known[name])}" for name in known)
    en = ", ".join(f"{_percent(known[name])} by {name}" for name in known)
    if (any if basis == "either" else all)(good):
        return kept(
            f"重点检查占比{zh}，不低于{rule.value}%。", f"Key inspections: {en}; at least {rule.value} %.", rule=rule
        )
    return broken(
        f"重点检查占比应当不低于{rule.value}%，实际{zh}。",
        f"Key inspections must be at least {rule.value} %; they are {en}.",
        rule=rule,
    )


def shares(items: dict[bytes, PlanItem]) -> dict[str, tuple[int, int]]:
    """(key, all) by items and by working days; (0, 0) for days if an item does not give its own."""
    count = (sum(item.kind == "key" for item in items.values()), len(items))
    if any(item.days is UNSET for item in items.values()):
        return {"items": count, "days": (0, 0)}
    days = {key: 0 if item.days is UNSET else item.days for key, item in items.items()}
    return {
        "items": count,
        "days": (sum(days[key] for key, item in items.items() if item.kind == "key"), sum(days.values())),
    }


def arithmetic(body: PlanApproved) -> list[dict[str, Any]]:
    """What the plan typed beside what its numbers make (P150; handbook 6.1); empty without a computation of days."""
    if body.days is UNSET or body.headcount is UNSET:
        return []
    days: PlanDays = body.days
    total = days.per_person * body.headcount
    inspection = total - sum(days.other) - sum(days.non)
    typed = {"total": days.total, "inspection": days.inspection}
    return [
        {
            "what": what,
            "computed": computed,
            "typed": None if typed[what] is UNSET else typed[what],
            "fits": typed[what] is UNSET or typed[what] == computed,
        }
        for what, computed in (("total", total), ("inspection", inspection))
    ]


def _inv_08_all(plan: Plan, items: dict[bytes, PlanItem]) -> Iterator[Verdict]:
    for key in items:
        for _, task in plan.tasks.get(key, ()):
            ends = plan.of_task(task.task_id, TaskConcluded)
            if not ends and not plan.of_task(task.task_id, TaskCancelled):
                yield from verdict("INV-08", _not_concluded, about=task.task_id.hex(), gate=True)
            for fact in ends:
                assert isinstance(fact.body, TaskConcluded)
                yield from verdict("INV-08", partial(inv_08, plan, fact, fact.body), fact, gate=True)


def _not_concluded() -> Finding:
    return unknown("检查任务尚未办结。", "The task is not concluded yet.")


def _inv_09_all(plan: Plan) -> Iterator[Verdict]:
    if not plan.parts:
        return
    fact, body = plan.parts[-1]
    yield from verdict("INV-09", partial(inv_09, plan, plan.items(0), body.approved_on), fact, gate=True)
    for number, (decided, revision, approval) in enumerate(plan.revisions, 1):
        items = plan.items(number - 1)
        _apply(revision, items)
        act = (decided,) if approval is None else (decided, approval[0])
        yield from verdict("INV-09", partial(inv_09, plan, items, revision.decided_on), *act, gate=True)


def _deadlines(plan: Plan) -> Iterator[Deadline]:
    """DL-19 of each major revision and of filing upward; DL-20 to DL-22 of the reports on the plan's year."""
    matter = plan.matter
    if not plan.parts:
        return
    approved = plan.parts[0][0]
    filed = matter.first(PlanFiled)
    reports: dict[str, tuple[Fact, PeriodicReportSubmitted]] = {}
    for fact, body in matter.of(PeriodicReportSubmitted):
        if body.kind in ("quarterly", "yearly"):
            reports.setdefault(body.period, (fact, body))
    shown = [
        (fact, body.published_on)
        for fact, body in matter.of(PeriodicReportSubmitted)
        if body.kind == "annual_statistics" and body.period == str(plan.year) and body.published_on is not UNSET
    ]

    def one(
        rule: str, start: datetime.date, event: Fact, met: tuple[Fact, datetime.date] | None, about: str = ""
    ) -> Iterator[Deadline]:
        try:
            found = due(
                rule, start, matter.rules, matter.calendar, matter.authority, event=event.id, absent=False,
                met=None if met is None else (moment(*met), met[0].id), known=max(event.occurred, 0),
            )  # fmt: skip
        except NoRule:
            return
        yield replace(found, about=f"{event.id.hex()}/{about}") if about else found

    yield from one(
        "DL-19:filing",
        datetime.date(plan.year, 1, 1),
        approved,
        None if filed is None else (filed[0], filed[1].filed_on),
    )
    for number, (fact, revision, approval) in enumerate(plan.revisions, 1):
        if plan.major(revision, plan.items(number - 1)):
            met = None if approval is None else (approval[0], approval[1].approved_on)
            yield from one("DL-19", revision.decided_on, fact, met)
    for quarter, last in enumerate(((3, 31), (6, 30), (9, 30), (12, 31)), 1):
        name = f"{plan.year}-Q{quarter}"
        report = reports.get(name)
        met = None if report is None else (report[0], report[1].submitted_on)
        yield from one("DL-20", datetime.date(plan.year, *last), approved, met, name)
    report = reports.get(str(plan.year))
    met = None if report is None else (report[0], report[1].submitted_on)
    yield from one("DL-21", datetime.date(plan.year, 1, 1), approved, met)
    first = min(shown, key=lambda pair: (pair[1], pair[0].id), default=None)
    yield from one("DL-22", datetime.date(plan.year, 12, 31), approved, first)


def _state(plan: Plan, key: bytes) -> str:
    """How far an item is: the furthest of its tasks, and concluded only by what INV-08 accepts."""
    order = ("planned", "cancelled", "assigned", "entered", "concluded")
    found = ["planned"]
    for _, task in plan.tasks.get(key, ()):
        if plan.of_task(task.task_id, TaskCancelled):
            found.append("cancelled")
            continue
        found.append("entered" if plan.of_task(task.task_id, SiteEntered) else "assigned")
        for fact in plan.of_task(task.task_id, TaskConcluded):
            assert isinstance(fact.body, TaskConcluded)
            try:
                outcome = inv_08(plan, fact, fact.body).outcome
            except NoRule:
                continue
            if outcome == "kept":
                found.append("concluded")
    return max(found, key=order.index)


def _item(plan: Plan, item: PlanItem, state: str) -> dict[str, Any]:
    return {
        "item": item.item_id.hex(),
        "enterprise": item.enterprise_id,
        "kind": item.kind,
        "quarter": None if item.quarter is UNSET else item.quarter,
        "days": None if item.days is UNSET else item.days,
        "basis": list(item.basis),
        "state": state,
        "tasks": [text_of(task.task_id) for _, task in plan.tasks.get(item.item_id, ())],
    }


def _apply(revision: PlanRevisionDecided, items: dict[bytes, PlanItem]) -> None:
    for change in revision.changes:
        if change.action == "removed":
            items.pop(change.item.item_id, None)
        else:
            items[change.item.item_id] = change.item


def _percent(pair: tuple[int, int]) -> str:
    tenths = pair[0] * 1000 // pair[1]
    return f"{tenths // 10}.{tenths % 10}%"
