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

from msgspec import UNSET, structs

from domain.deadlines import due
from domain.filing import text_of
from domain.judges.case_facts import moment
from domain.judges.case_findings import Finding, broken, kept, unknown
from domain.judges.inspection_findings import signals, verdict
from domain.judges.plan_signals import sig_24
from domain.matter import Deadline, Fact, Judge, Judgement, Matter, Verdict, order
from domain.plan_capacity import Capacity, capacity, figures_of, shown
from domain.rulebook import NoRule
from domain.workdays import day_of
from schemas.events import Body
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.on_site import CredentialsShown, SiteEntered
from schemas.events.oversight import PeriodicReportSubmitted
from schemas.events.plan import (
    LeftOut,
    PlanApproved,
    PlanChange,
    PlanClosed,
    PlanDays,
    PlanDraftChanged,
    PlanDrafted,
    PlanFigures,
    PlanFile,
    PlanFiled,
    PlanItem,
    PlanRevisionApproved,
    PlanRevisionDecided,
)
from schemas.events.task import TaskAssigned, TaskCancelled, TaskConcluded

CHANGEABLE: Final = ("kind", "quarter", "days", "visits", "basis", "reduced", "method", "note")
"""What a revision may make another of an item, in the order of a table."""


@dataclass(frozen=True)
class Draft:
    """The newest draft, with the changes that were made to it."""

    fact: Fact
    id: bytes
    year: int
    agency: str
    figures: PlanFigures | None
    items: dict[bytes, PlanItem]
    left_out: dict[str, LeftOut]
    file: PlanFile | None
    complete: bool


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
    def draft(self) -> Draft | None:
        """The draft that was received last."""
        found = self.matter.of(PlanDrafted)
        if not found:
            return None
        newest = max(found, key=lambda one: (one[0].received, one[0].occurred, one[0].id))[1].draft_id
        parts = sorted(
            (pair for pair in found if pair[1].draft_id == newest),
            key=lambda one: (1 if one[1].part is UNSET else one[1].part, one[0].received, one[0].id),
        )
        first = parts[0][1]
        items = {item.item_id: item for _, body in parts for item in body.items}
        left_out = {one.enterprise_id: one for _, body in parts for one in body.left_out}
        for _, change in self.matter.of(PlanDraftChanged):
            if change.draft_id == newest:
                apply(change.changes, items)
                left_out.update({one.enterprise_id: one for one in change.left_out})
        planned = {item.enterprise_id for item in items.values()}
        return Draft(
            parts[-1][0], newest, first.year, first.agency, None if first.figures is UNSET else first.figures, items,
            {name: one for name, one in left_out.items() if name not in planned},
            None if first.file is UNSET else first.file,
            len({1 if body.part is UNSET else body.part for _, body in parts})
            >= (1 if first.parts is UNSET else first.parts),
        )  # fmt: skip

    @cached_property
    def closings(self) -> list[tuple[Fact, PlanClosed]]:
        """The parts of the act that closed the year."""
        return self.matter.of(PlanClosed)

    @cached_property
    def figures(self) -> PlanFigures | None:
        """What the plan prints of its days: as approved or as revised last, or as drafted while it is not."""
        for _, revision in reversed(self.holding):
            if revision.figures is not UNSET:
                return revision.figures
        for _, body in self.parts:
            if body.figures is not UNSET:
                return body.figures
            if body.days is not UNSET:
                return figures_of(body.days, None if body.headcount is UNSET else body.headcount)
        return None if self.parts or self.draft is None else self.draft.figures

    @property
    def removed(self) -> dict[bytes, tuple[PlanItem, str, Fact]]:
        """Items that a revision in force took out: the item, the reason, the revision."""
        gone: dict[bytes, tuple[PlanItem, str, Fact]] = {}
        for fact, revision in self.holding:
            for change in revision.changes:
                if change.action == "removed":
                    gone[change.item.item_id] = (change.item, change.reason, fact)
                else:
                    gone.pop(change.item.item_id, None)
        return gone

    @property
    def capacity(self) -> Capacity | None:
        """The days of the plan as its numbers make them; None where nothing was drafted or approved."""
        items = self.items() if self.parts else {} if self.draft is None else self.draft.items
        year = self.year or (0 if self.draft is None else self.draft.year)
        if not year:
            return None
        rule = self.matter.rules.find("plan.visit_effort", datetime.date(year, 1, 1), self.matter.authority)
        effort = None if rule is None else rule.value["officers"] * rule.value["days"]
        return capacity(
            self.figures, list(items.values()), year, self.matter.calendar, self.matter.authority, effort
        )  # fmt: skip

    @cached_property
    def complete(self) -> bool:
        """Whether every part of the approved plan is there."""
        wanted = max((1 if body.parts is UNSET else body.parts for _, body in self.parts), default=1)
        return len(self.parts) >= wanted

    @cached_property
    def year(self) -> int:
        """The year of the plan; 0 while no approval is there."""
        return self.parts[0][1].year if self.parts else 0

    @cached_property
    def revisions(self) -> list[tuple[Fact, PlanRevisionDecided, tuple[Fact, PlanRevisionApproved] | None]]:
        """Each revision in order, as a whole if it came in parts, with the approval of it."""
        approvals: dict[bytes, tuple[Fact, PlanRevisionApproved]] = {}
        for fact, body in self.matter.of(PlanRevisionApproved):
            approvals.setdefault(body.revision_id, (fact, body))
        found = sorted(
            self.matter.of(PlanRevisionDecided), key=lambda one: (one[1].decided_on, one[0].occurred, one[0].id)
        )
        return [(fact, body, approvals.get(body.revision_id)) for fact, body in _whole(found)]

    @cached_property
    def holding(self) -> list[tuple[Fact, PlanRevisionDecided]]:
        """The revisions that hold: minor ones, and major ones that were approved again."""
        found = []
        items = {item.item_id: item for _, body in self.parts for item in body.items}
        for fact, revision, approval in self.revisions:
            if approval is None and self.major(revision, items):
                continue
            apply(revision.changes, items)
            found.append((fact, revision))
        return found

    @cached_property
    def left_out(self) -> dict[str, LeftOut]:
        """Candidates that the plan leaves out, each with its reason: as approved and as the revisions hold."""
        found = {one.enterprise_id: one for _, body in self.parts for one in body.left_out}
        found |= {one.enterprise_id: one for _, revision in self.holding for one in revision.left_out}
        planned = {item.enterprise_id for item in self.items().values()}
        return {name: one for name, one in found.items() if name not in planned}

    def items(self, through: int | None = None) -> dict[bytes, PlanItem]:
        """The items by id, after the approval and so many revisions (None: all those that hold)."""
        found = {item.item_id: item for _, body in self.parts for item in body.items}
        for number, (_, revision, approval) in enumerate(self.revisions, 1):
            if through is not None and number > through:
                break
            if approval is None and self.major(revision, found):
                continue
            apply(revision.changes, found)
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


def apply(changes: Sequence[PlanChange], items: dict[bytes, PlanItem]) -> None:
    """Make the changes of a draft or a revision, in their order."""
    for change in changes:
        if change.action == "removed":
            items.pop(change.item.item_id, None)
        else:
            items[change.item.item_id] = change.item


def _whole(found: Sequence[tuple[Fact, PlanRevisionDecided]]) -> list[tuple[Fact, PlanRevisionDecided]]:
    """Revisions with their parts put together, each where its last part stands."""
    parts: dict[bytes, list[tuple[Fact, PlanRevisionDecided]]] = {}
    alone = []
    for fact, body in found:
        if body.part is UNSET:
            alone.append((fact, body))
        else:
            parts.setdefault(body.revision_id, []).append((fact, body))
    for some in parts.values():
        some.sort(key=lambda one: (one[1].part, one[0].received, one[0].id))
        fact, last = some[-1]
        alone.append(
            (
                fact,
                structs.replace(
                    last, changes=tuple(change for _, body in some for change in body.changes),
                    left_out=tuple(one for _, body in some for one in body.left_out),
                    figures=some[0][1].figures, file=some[0][1].file,
                ),
            )
        )  # fmt: skip
    return sorted(alone, key=lambda one: (one[1].decided_on, one[0].occurred, one[0].id)) if parts else alone


def states(plan: Plan) -> dict[bytes, str]:
    """How far each item is."""
    return {key: _state(plan, key) for key in plan.items()}


def judge(matter: Matter) -> Judgement:
    """The page of one plan, INV-08 and INV-09, and what is due."""
    plan = Plan(matter)
    drafting = not plan.parts and plan.draft is not None
    items = plan.draft.items if drafting and plan.draft is not None else plan.items()
    states = {key: _state(plan, key) for key in items}
    done = sum(state == "concluded" for state in states.values())
    key_items = sum(item.kind == "key" for item in items.values())
    first = plan.parts[0][1] if plan.parts else None
    removed = plan.removed
    left_out = (
        list(plan.draft.left_out.values()) if drafting and plan.draft is not None else list(plan.left_out.values())
    )
    made = {key: _visits(plan, item) for key, item in items.items()}
    done_visits = sum(1 for some in made.values() for one in some if one["state"] == "concluded")
    days = plan.capacity
    terminals = {fact.terminal for filed in matter.others.values() for fact in filed if fact.terminal} | {
        fact.terminal for fact in matter.facts if fact.terminal
    }
    return Judgement(
        kind="plan",
        key=matter.key,
        authority=matter.authority,
        stage=_stage(plan),
        columns={
            "year": plan.year or (plan.draft.year if plan.draft is not None else 0),
            "agency": first.agency if first is not None else "" if plan.draft is None else plan.draft.agency,
            "items": len(items),
            "key_items": key_items,
            "key_share": key_items * 1000 // len(items) if items else 0,
            "done": done,
            "key_done": sum(states[key] == "concluded" and item.kind == "key" for key, item in items.items()),
            "cancelled": sum(state == "cancelled" for state in states.values()),
            "revisions": len(plan.revisions),
            "complete": plan.complete,
            "visits": sum(_planned(item) for item in items.values()),
            "visits_done": done_visits,
            "misfits": 0 if days is None else len(days.misfits),
        },
        page={
            "items": [_item(plan, item, states[key], made[key]) for key, item in items.items()],
            "removed": [
                {**_item(plan, item, "cancelled", _visits(plan, item)), "reason": reason, "event": fact.id.hex()}
                for item, reason, fact in removed.values()
            ],
            "left_out": [
                {"enterprise": one.enterprise_id, "criteria": list(one.criteria), "reason": one.reason}
                for one in left_out
            ],
            "approval": None
            if first is None
            else {
                "approver": first.approver,
                "number": None if first.approval_no is UNSET else first.approval_no,
                "on": str(first.approved_on),
                "unit": None if first.responsible_unit is UNSET else first.responsible_unit,
                "responsible": None if first.responsible is UNSET else first.responsible,
            },
            "filed": [{"with": body.filed_with, "on": str(body.filed_on)} for _, body in plan.matter.of(PlanFiled)],
            "closed": [
                {
                    "on": str(body.closed_on),
                    "done": body.done,
                    "items": body.items,
                    "unfinished": {one.item_id.hex(): one.reason for one in body.unfinished},
                }
                for _, body in plan.closings
            ],
            "file": _file(plan),
            "capacity": _capacity(days),
            "arithmetic": [line for _, body in plan.parts for line in arithmetic(body)],
            "least": _least(plan),
            "shares": {basis: list(pair) for basis, pair in shares(items).items()},
            "revisions": [
                {
                    "event": fact.id.hex(),
                    "decided_on": str(revision.decided_on),
                    "approved_on": None if approval is None else str(approval[1].approved_on),
                    "major": plan.major(revision, plan.items(number - 1)),
                    "changes": len(revision.changes),
                    "revision": revision.revision_id.hex(),
                    "reason": revision.reason,
                    "file": None if revision.file is UNSET else _told_file(revision.file),
                    "figures": revision.figures is not UNSET,
                    "what": _what(revision, plan.items(number - 1)),
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


JUDGE: Final = Judge(kind="plan", version=6, judge=judge, needs=needs, most=100_000)


def closed_gates(matter: Matter, act: Fact) -> tuple[Verdict, ...]:
    """The gates that an act would break if it were done now: INV-08 of a conclusion of a task and of the end of the
    year, INV-09 of an approval and of a revision.
    """
    body = act.body
    match body:
        case TaskConcluded():
            found = _gate_of_task(matter, act, body)
        case PlanApproved():
            plan = Plan(_with(matter, act))
            found = [*verdict("INV-09", partial(inv_09, plan, plan.items(0), body.approved_on), act, gate=True)]
        case PlanRevisionDecided():
            plan, items, body = _revised(matter, act, body)
            found = [*verdict("INV-09", partial(inv_09, plan, items, body.decided_on), act, gate=True)]
        case PlanClosed():
            plan = Plan(_with(matter, act))
            found = [*verdict("INV-08", partial(all_told, plan), act, gate=True)]
        case _:
            return ()
    return tuple(one for one in found if one.outcome != "kept")


def _with(matter: Matter, act: Fact) -> Matter:
    return replace(matter, facts=tuple(sorted((*matter.facts, act), key=order)))


def _revised(
    matter: Matter, act: Fact, body: PlanRevisionDecided
) -> tuple[Plan, dict[bytes, PlanItem], PlanRevisionDecided]:
    """The plan without a revision, its items as the revision would make them, and the revision as a whole."""
    parts = [
        (fact, fact.body)
        for fact in matter.facts
        if isinstance(fact.body, PlanRevisionDecided)
        and fact.body.part is not UNSET
        and fact.body.revision_id == body.revision_id
    ]
    mine = {fact.id for fact, _ in parts}
    plan = Plan(replace(matter, facts=tuple(fact for fact in matter.facts if fact.id not in mine)))
    ((_, whole),) = _whole([*parts, (act, body)])
    items = plan.items()
    apply(whole.changes, items)
    return plan, items, whole


def _gate_of_task(matter: Matter, act: Fact, body: TaskConcluded) -> list[Verdict]:
    key = f"chain:{text_of(body.task_id)}"
    filed = tuple(sorted((*matter.others.get(key, ()), act), key=order))
    plan = Plan(replace(matter, others={**matter.others, key: filed}))
    if not any(task.task_id == body.task_id for tasks in plan.tasks.values() for _, task in tasks):
        return []
    return [*verdict("INV-08", partial(inv_08, plan, act, body), act, gate=True)]


def all_told(plan: Plan) -> Finding:
    """INV-08 at the end of the year: each item is done by its chain of events, or its reason is told."""
    told = {one.item_id for _, body in plan.closings for one in body.unfinished}
    found = states(plan)
    silent = [key for key, state in found.items() if state != "concluded" and key not in told]
    if silent:
        facts = [fact for key in silent for fact, _ in plan.tasks.get(key, ())]
        return broken(
            f"计划有 {len(silent)} 个项目没有完成的事件链，也没有说明未完成原因。",
            f"{len(silent)} items of the plan have no chain of events that completes them, and no reason is told.",
            *facts,
        )
    return kept(
        "每个项目都已按事件链完成，或者说明了未完成原因。",
        "Each item is done by its chain of events, or its reason is told.",
    )


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
        apply(revision.changes, items)
        act = (decided,) if approval is None else (decided, approval[0])
        yield from verdict("INV-09", partial(inv_09, plan, items, revision.decided_on), *act, gate=True)


def _deadlines(plan: Plan) -> Iterator[Deadline]:
    """DL-19 of each major revision and of filing upward; DL-20 to DL-22 of the reports on the plan's year."""
    matter = plan.matter
    if not plan.parts and plan.draft is None:
        return
    approved = plan.parts[0][0] if plan.parts else plan.draft.fact if plan.draft is not None else matter.facts[0]
    year = plan.year or (0 if plan.draft is None else plan.draft.year)
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
        datetime.date(year, 1, 1),
        approved,
        None if filed is None else (filed[0], filed[1].filed_on),
    )
    if not plan.parts:
        return
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


def _stage(plan: Plan) -> str:
    if not plan.parts:
        return "drafted"
    if plan.closings:
        return "closed"
    return "filed" if plan.matter.first(PlanFiled) is not None else "approved"


def _what(revision: PlanRevisionDecided, items: dict[bytes, PlanItem]) -> list[dict[str, Any]]:
    """The changes of a revision, each with the figures that it changes: [name, before, after]."""
    found = []
    for change in revision.changes:
        old = items.get(change.item.item_id) if change.action == "changed" else None
        found.append(
            {
                "action": change.action,
                "enterprise": change.item.enterprise_id,
                "kind": change.item.kind,
                "reason": change.reason,
                "fields": [] if old is None else [list(one) for one in differing(old, change.item)],
            }
        )
    return found


def differing(old: PlanItem, new: PlanItem) -> list[tuple[str, Any, Any]]:
    """What a change makes another: (field, before, after), None where there is nothing; criteria are lists."""
    found = []
    for name in CHANGEABLE:
        before, after = _plain_field(old, name), _plain_field(new, name)
        if before != after:
            found.append((name, before, after))
    return found


def _plain_field(item: PlanItem, name: str) -> Any:
    if name == "visits":
        return _planned(item)
    value = getattr(item, name)
    return None if value is UNSET else list(value) if isinstance(value, tuple) else value


def _file(plan: Plan) -> dict[str, Any] | None:
    """The file that the plan came in."""
    found = next((body.file for _, body in plan.parts if body.file is not UNSET), None)
    if found is None and plan.draft is not None:
        found = plan.draft.file
    return None if found is None else _told_file(found)


def _told_file(file: PlanFile) -> dict[str, Any]:
    return {"sha256": file.sha256.hex(), "name": file.name, "size": file.size}


def _least(plan: Plan) -> int | None:
    """The least share of key inspections, percent; None where no rule says it for the plan's year."""
    year = plan.year or (0 if plan.draft is None else plan.draft.year)
    if not year:
        return None
    rule = plan.matter.rules.find("plan.key_share_percent", datetime.date(year, 1, 1), plan.matter.authority)
    return None if rule is None else rule.value


def _capacity(days: Capacity | None) -> dict[str, Any] | None:
    if days is None:
        return None
    names = ("officers", "statutory", "provisional", "per_person", "total", "other", "non", "inspection", "key")
    return {
        **{name: getattr(days, name) for name in (*names, "general", "visits")},
        "lines": [shown(line) for line in days.lines],
    }


def _visits(plan: Plan, item: PlanItem) -> list[dict[str, Any]]:
    """What was done for an item, task by task in the order of their assignment; `repeat`: beyond what was planned."""
    wanted = _planned(item)
    found: list[dict[str, Any]] = []
    standing = 0
    for fact, task in plan.tasks.get(item.item_id, ()):
        cancelled = plan.of_task(task.task_id, TaskCancelled)
        entries = plan.of_task(task.task_id, SiteEntered)
        ends = plan.of_task(task.task_id, TaskConcluded)
        state = state_of_task(plan, task.task_id)
        standing += not cancelled
        reason = ""
        if cancelled:
            assert isinstance(cancelled[-1].body, TaskCancelled)
            reason = cancelled[-1].body.reason
        elif standing > wanted:
            reason = _why(task)
        found.append(
            {
                "task": text_of(task.task_id),
                "state": state,
                "source": task.source,
                "assigned": fact.occurred,
                "officers": list(task.officers),
                "entered": entries[0].occurred if entries else None,
                "ended": ends[-1].occurred if ends else None,
                "repeat": not cancelled and standing > wanted,
                "reason": reason,
            }
        )
    return found


def _why(task: TaskAssigned) -> str:
    """What a task names as its cause, in its own words; empty where it names nothing."""
    for said in (task.trigger, task.campaign):
        if said is not UNSET:
            return said
    for name in (task.tip_id, task.basis_event, task.draw_id):
        if name is not UNSET:
            return text_of(name)
    return ""


def _planned(item: PlanItem) -> int:
    return 1 if item.visits is UNSET else item.visits


def state_of_task(plan: Plan, task_id: bytes) -> str:
    """How far one task is; concluded only by what INV-08 accepts."""
    if plan.of_task(task_id, TaskCancelled):
        return "cancelled"
    for fact in plan.of_task(task_id, TaskConcluded):
        assert isinstance(fact.body, TaskConcluded)
        try:
            outcome = inv_08(plan, fact, fact.body).outcome
        except NoRule:
            continue
        if outcome == "kept":
            return "concluded"
    return "entered" if plan.of_task(task_id, SiteEntered) else "assigned"


def _state(plan: Plan, key: bytes) -> str:
    """How far an item is: the furthest of its tasks, and concluded only by what INV-08 accepts."""
    order = ("planned", "cancelled", "assigned", "entered", "concluded")
    found = ["planned", *(state_of_task(plan, task.task_id) for _, task in plan.tasks.get(key, ()))]
    return max(found, key=order.index)


def _item(plan: Plan, item: PlanItem, state: str, made: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "item": item.item_id.hex(),
        "enterprise": item.enterprise_id,
        "kind": item.kind,
        "quarter": None if item.quarter is UNSET else item.quarter,
        "days": None if item.days is UNSET else item.days,
        "basis": list(item.basis),
        "state": state,
        "tasks": [text_of(task.task_id) for _, task in plan.tasks.get(item.item_id, ())],
        "visits": _planned(item),
        "made": made,
        "reduced": None if item.reduced is UNSET else item.reduced,
        "decided_by": None if item.decided_by is UNSET else item.decided_by,
        "note": None if item.note is UNSET else item.note,
        "method": None if item.method is UNSET else item.method,
    }


def _percent(pair: tuple[int, int]) -> str:
    tenths = pair[0] * 1000 // pair[1]
    return f"{tenths // 10}.{tenths % 10}%"
