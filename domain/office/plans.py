"""What the office may do with an annual plan: draft it, change the draft, record its approval and filing, revise it,
give its items to officers, close its year. And what it may say of an enterprise for the plan.

The same shape as the acts on a case (domain.office.case); gates are asked afterwards. The invariant: a plan is approved
as it was drafted, item by item; what the criteria show is added beside what was typed, and nothing is mended.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, assert_never

from msgspec import UNSET, structs

from domain.filing import text_of
from domain.imports import named_id
from domain.judges import plan as judge
from domain.judges.enterprise import supervisions
from domain.judges.plan import Draft, Plan
from domain.matter import Matter
from domain.office import commands as ask
from domain.office import gates
from domain.office.case import Actor, Proposal, id_of, or_unset
from domain.office.refusals import changed, refused, wrong
from domain.plan_capacity import days_of
from domain.plan_criteria import Suggestion, candidates, marked, multiple_bodies
from domain.workdays import day_of
from schemas.events import Body
from schemas.events.enterprise import EnterpriseAssessed, SupervisingBodyAssigned, SupervisingBodyEnded
from schemas.events.plan import (
    LeftOut,
    PlanApproved,
    PlanChange,
    PlanClosed,
    PlanDraftChanged,
    PlanDrafted,
    PlanFiled,
    PlanItem,
    PlanRevisionApproved,
    PlanRevisionDecided,
    Unfinished,
)
from schemas.events.task import Scheme, TaskAssigned

PlanCommand: TypeAlias = (
    ask.DraftPlan
    | ask.ChangeDraft
    | ask.LeaveOut
    | ask.ApprovePlan
    | ask.FilePlan
    | ask.RevisePlan
    | ask.ImportRevision
    | ask.ApproveRevision
    | ask.AssignItem
    | ask.ClosePlan
)
EnterpriseCommand: TypeAlias = ask.AssessEnterprise | ask.AssignSupervisor | ask.EndSupervision
PART: Final = 300
"""Items of one part; a longer plan comes in several, in one transaction."""
MOST_ITEMS: Final = 30_000
INSPECTED: Final = ("entered", "concluded")
"""States of an item that a revision cannot take out any more."""
SHOWN: Final = 5
"""Enterprises that a refusal names; a page has all of them."""


def plan_key(authority: str, year: int) -> str:
    """The plan of an authority and a year: one plan a year, whoever drafts it and however often."""
    return text_of(named_id("plan", authority, str(year)))


def item_id(authority: str, year: int, enterprise: str, number: int = 1) -> bytes:
    """The id of an item: of an enterprise in a plan, numbered where the plan names it more than once."""
    return named_id("plan item", authority, str(year), enterprise, str(number))


def decide(
    matter: Matter, command: PlanCommand, actor: Actor, now: int, act: bytes, known: Mapping[str, Suggestion]
) -> Proposal:
    """The facts that a command becomes; `known` are the criteria of each enterprise for the year. Raises Problem."""
    plan = Plan(matter)
    about = (f"authority:{matter.authority}", f"plan:{matter.key}")
    if plan.closings and not isinstance(command, ask.FilePlan):
        raise changed("本年度计划已办结。", "the year of this plan is closed")
    match command:
        case ask.DraftPlan():
            return _parts(_drafted(plan, command, act), about)
        case ask.ChangeDraft():
            return Proposal(_draft_changed(plan, command), about)
        case ask.LeaveOut():
            return Proposal(_left_out(plan, command, known), about)
        case ask.ApprovePlan():
            return _parts(_approved(plan, command, now, known), about)
        case ask.FilePlan():
            return Proposal(_filed(plan, command, now), about)
        case ask.RevisePlan():
            return Proposal(_revised(plan, command, actor, now, act, known), about)
        case ask.ImportRevision():
            return _parts(_revision_imported(plan, command, actor, now, act, known), about)
        case ask.ApproveRevision():
            return Proposal(_revision_approved(plan, command, now), about)
        case ask.AssignItem():
            return _assigned(plan, command, actor, now, act)
        case ask.ClosePlan():
            return _parts(_closed(plan, command, now), about)
        case _:
            assert_never(command)


def decide_enterprise(matter: Matter, command: EnterpriseCommand, now: int) -> Proposal:
    """The fact that an act on an enterprise becomes. Raises Problem."""
    about = (f"authority:{matter.authority}", f"enterprise:{matter.key}")
    match command:
        case ask.AssessEnterprise():
            return Proposal(
                EnterpriseAssessed(
                    enterprise_id=matter.key, year=command.year, criterion=command.criterion, holds=command.holds,
                    reason=command.reason, source=or_unset(command.source),
                ),
                about,
            )  # fmt: skip
        case ask.AssignSupervisor():
            return Proposal(
                SupervisingBodyAssigned(
                    enterprise_id=matter.key, agency=command.agency, level=command.level,
                    valid_from=command.valid_from, approval_ref=or_unset(command.approval_ref),
                    reason=or_unset(command.reason),
                ),
                about,
            )  # fmt: skip
        case ask.EndSupervision():
            open_ones = [one for one in supervisions(matter) if one.until is None]
            found = next((one for one in open_ones if one.body.agency == command.agency), None)
            if found is None:
                names = "、".join(one.body.agency for one in open_ones)
                raise wrong(
                    "agency", f"该机关没有在监管本单位；现监管主体：{names or '无'}。",
                    f"this body does not supervise the enterprise; those that do: {names or 'none'}",
                )  # fmt: skip
            if command.ended_on < found.body.valid_from:
                raise wrong("ended_on", "终止日期不能早于起始日期。", "it cannot end before it began")
            return Proposal(
                SupervisingBodyEnded(
                    enterprise_id=matter.key, agency=command.agency,
                    ended_on=_past(command.ended_on, "ended_on", now), reason=command.reason,
                ),
                about,
            )  # fmt: skip
        case _:
            assert_never(command)


def same_draft(draft: Draft | None, command: ask.DraftPlan) -> bool:
    """Whether the newest draft says already what a file or a form says: importing it again changes nothing."""
    if draft is None:
        return False
    return (
        list(draft.items.values()) == list(command.items)
        and draft.figures == command.figures
        and list(draft.left_out.values()) == list(command.left_out)
    )


def revisable(plan: Plan) -> None:
    """Whether the plan stands and no major revision of it waits. Raises Problem conflict."""
    if plan.closings:
        raise changed("本年度计划已办结。", "the year of this plan is closed")
    _standing(plan)
    waiting = _open_revision(plan)
    if waiting is not None:
        raise changed(
            f"{waiting.decided_on} 的重大调整尚待批准，先办结再作调整。",
            f"the major revision of {waiting.decided_on} waits for its approval: finish it first",
        )


# -- the draft --------------------------------------------------------------------------------------------------------


def _drafted(plan: Plan, command: ask.DraftPlan, act: bytes) -> list[Body]:
    if plan.parts:
        raise changed(
            "本年度计划已批准；需要调整的，另作计划调整。", "the plan of this year is approved: change it by a revision"
        )
    if not command.items:
        raise wrong("items", "计划至少应有一个项目。", "a plan needs an item at least")
    if len(command.items) > MOST_ITEMS:
        raise wrong("items", f"计划项目应不超过 {MOST_ITEMS} 个。", f"expected at most {MOST_ITEMS} items")
    ids = {item.item_id for item in command.items}
    if len(ids) != len(command.items):
        raise wrong("items", "计划项目编号重复。", "two items have one id")
    if same_draft(plan.draft, command):
        raise changed("这份计划已导入，内容相同。", "this plan was drafted already, with the same content", same=True)
    items, left_out = _cut(command.items), _cut(command.left_out)
    count = max(len(items), len(left_out))
    authority = plan.matter.authority
    return [
        PlanDrafted(
            plan_id=_id(plan), draft_id=act, year=command.year, agency=authority,
            part=UNSET if count == 1 else number + 1, parts=UNSET if count == 1 else count,
            figures=or_unset(command.figures) if number == 0 else UNSET,
            items=items[min(number, len(items) - 1)], left_out=left_out[number] if number < len(left_out) else (),
            file=or_unset(command.file) if number == 0 else UNSET,
        )
        for number in range(count)
    ]  # fmt: skip


def _draft(plan: Plan) -> Draft:
    if plan.parts:
        raise changed("本年度计划已批准；需要调整的，另作计划调整。", "the plan is approved: change it by a revision")
    if plan.draft is None:
        raise refused("not_found", "还没有计划草案。", "there is no draft of this plan yet")
    return plan.draft


def _draft_changed(plan: Plan, command: ask.ChangeDraft) -> PlanDraftChanged:
    draft = _draft(plan)
    changes = tuple(_changes(plan, draft.items, draft.year, command.changes))
    return PlanDraftChanged(plan_id=_id(plan), draft_id=draft.id, changes=changes)


def _left_out(plan: Plan, command: ask.LeaveOut, known: Mapping[str, Suggestion]) -> PlanDraftChanged:
    draft = _draft(plan)
    if any(item.enterprise_id == command.enterprise for item in draft.items.values()):
        raise wrong("enterprise", "该单位已列入计划。", "the plan names this enterprise")
    suggestion = known.get(command.enterprise)
    criteria: Any = () if suggestion is None else tuple(held.criterion for held in suggestion.must)
    if not criteria:
        raise wrong(
            "enterprise", "该单位不符合任何应当列入的条件，无需说明。",
            "no criterion asks for this enterprise: nothing is to be explained",
        )  # fmt: skip
    one = LeftOut(enterprise_id=command.enterprise, criteria=criteria, reason=command.reason)
    return PlanDraftChanged(plan_id=_id(plan), draft_id=draft.id, left_out=(one,))


# -- approval and after -----------------------------------------------------------------------------------------------


def _approved(plan: Plan, command: ask.ApprovePlan, now: int, known: Mapping[str, Suggestion]) -> list[Body]:
    draft = _draft(plan)
    if not draft.complete:
        raise changed("计划草案不完整。", "parts of the draft are missing")
    if not draft.items:
        raise changed("计划草案没有项目。", "the draft has no item")
    approved_on = _past(command.approved_on, "approved_on", now)
    missing = [
        one.suggestion
        for one in candidates(known.values(), draft.items.values(), draft.left_out.values())
        if one.state == "missing"
    ]
    if missing:
        names = [one.dossier.name or one.dossier.enterprise_id for one in missing[:SHOWN]]
        more = len(missing) - len(names)
        raise refused(
            "bad_request",
            f"有 {len(missing)} 家应当列入的单位既未列入计划，也未说明未列入原因：{'、'.join(names)}"
            + (f" 等（另有 {more} 家）" if more else "") + "。请列入，或者逐家说明未列入原因。",
            f"{len(missing)} enterprises must be in the plan, are not, and have no reason: {', '.join(names)}"
            + (f" and {more} more" if more else "") + ": add them, or leave each out with its reason",
            missing=[one.dossier.enterprise_id for one in missing],
        )  # fmt: skip
    _one_body(draft.items.values(), known)
    items = _cut([marked(item, known.get(item.enterprise_id)) for item in draft.items.values()])
    left_out = _cut([_with_criteria(one, known) for one in draft.left_out.values()])
    figures = draft.figures
    days = None if figures is None else days_of(figures)
    count = max(len(items), len(left_out))
    return [
        PlanApproved(
            plan_id=_id(plan), year=draft.year, agency=draft.agency,
            part=UNSET if count == 1 else number + 1, parts=UNSET if count == 1 else count,
            headcount=UNSET if figures is None or number else figures.officers,
            days=or_unset(days) if number == 0 else UNSET,
            items=items[min(number, len(items) - 1)], left_out=left_out[number] if number < len(left_out) else (),
            approver=command.approver, approval_no=command.approval_no, approved_on=approved_on, draft_id=draft.id,
            responsible_unit=or_unset(command.responsible_unit), responsible=or_unset(command.responsible),
            figures=or_unset(figures) if number == 0 else UNSET, file=or_unset(draft.file) if number == 0 else UNSET,
        )
        for number in range(count)
    ]  # fmt: skip


def _one_body(items: Iterable[PlanItem], known: Mapping[str, Suggestion]) -> None:
    """INV-10: no enterprise of these has two supervising bodies. Raises Problem gate_closed."""
    several = multiple_bodies(items, known)
    if several:
        item, dossier = several[0]
        raise gates.shut(
            "INV-10",
            f"{dossier.name or item.enterprise_id} 现有 {len(dossier.supervised)} 个监管主体"
            f"（{'、'.join(dossier.supervised)}）；每家单位只能有一个监管主体。",
            f"{dossier.name or item.enterprise_id} has {len(dossier.supervised)} supervising bodies "
            f"({', '.join(dossier.supervised)}); an enterprise has one.",
        )


def _with_criteria(one: LeftOut, known: Mapping[str, Suggestion]) -> LeftOut:
    suggestion = known.get(one.enterprise_id)
    if suggestion is None or not suggestion.must:
        return one
    criteria: Any = tuple(held.criterion for held in suggestion.must)
    return structs.replace(one, criteria=criteria)


def _standing(plan: Plan) -> None:
    if not plan.parts:
        raise changed("计划尚未批准。", "the plan is not approved yet")


def _filed(plan: Plan, command: ask.FilePlan, now: int) -> PlanFiled:
    _standing(plan)
    filed_on = _past(command.filed_on, "filed_on", now)
    approved_on = plan.parts[0][1].approved_on
    if filed_on < approved_on:
        raise wrong(
            "filed_on", f"计划 {approved_on} 才批准，不能更早报备。",
            f"the plan was approved on {approved_on}: it cannot be filed before",
        )  # fmt: skip
    if plan.matter.first(PlanFiled) is not None:
        raise changed("计划已报备。", "the plan is filed already")
    return PlanFiled(
        plan_id=_id(plan), filed_with=command.filed_with, filed_on=filed_on, reference=or_unset(command.reference)
    )


def _revised(
    plan: Plan, command: ask.RevisePlan, actor: Actor, now: int, act: bytes, known: Mapping[str, Suggestion]
) -> PlanRevisionDecided:
    revisable(plan)
    decided_on = _past(command.decided_on, "decided_on", now)
    changes = tuple(_changes(plan, plan.items(), plan.year, command.changes))
    return _decided(plan, changes, decided_on, command, actor, act, known)


def _revision_imported(
    plan: Plan, command: ask.ImportRevision, actor: Actor, now: int, act: bytes, known: Mapping[str, Suggestion]
) -> list[Body]:
    """A revision that came as a table, in as many parts as its changes need."""
    revisable(plan)
    decided_on = _past(command.decided_on, "decided_on", now)
    if not command.changes:
        raise changed(
            "表格与现行计划逐项相同，没有要调整的项目。", "the table says of each item what the plan in force says",
            same=True,
        )  # fmt: skip
    standing = plan.items()
    for change in command.changes:
        if (change.item.item_id in standing) == (change.action == "added"):
            raise changed(
                f"{change.item.enterprise_id} 的项目与现行计划不符，请重新核对表格。",
                f"the plan in force is another one in the item of {change.item.enterprise_id}: check the table again",
            )
    whole = _decided(plan, command.changes, decided_on, command, actor, act, known)
    gone = {change.item.enterprise_id: change.reason for change in whole.changes if change.action == "removed"}
    judge.apply(whole.changes, standing)
    still = {item.enterprise_id for item in standing.values()}
    named = {one.enterprise_id for one in command.left_out}
    asked_for = [
        LeftOut(enterprise_id=name, reason=reason)
        for name, reason in gone.items()
        if name not in named and name not in still and name in known and known[name].must
    ]
    changes = _cut(whole.changes)
    left_out = _cut([_with_criteria(one, known) for one in (*command.left_out, *asked_for)])
    count = max(len(changes), len(left_out))
    return [
        structs.replace(
            whole, changes=changes[min(number, len(changes) - 1)],
            left_out=left_out[number] if number < len(left_out) else (),
            part=UNSET if count == 1 else number + 1, parts=UNSET if count == 1 else count,
            figures=or_unset(command.figures) if number == 0 else UNSET,
            file=or_unset(command.file) if number == 0 else UNSET,
        )
        for number in range(count)
    ]  # fmt: skip


def _decided(
    plan: Plan, changes: Sequence[PlanChange], decided_on: datetime.date, command: ask.RevisePlan | ask.ImportRevision,
    actor: Actor, act: bytes, known: Mapping[str, Suggestion],
) -> PlanRevisionDecided:  # fmt: skip
    """The decision on changes that were found to fit: what was inspected stays, one supervising body, how grave it is.

    What the records show of the criteria is written beside what was typed, as at the approval.
    """
    states = judge.states(plan)
    for change in changes:
        if change.action == "removed" and states.get(change.item.item_id) in INSPECTED:
            raise wrong(
                "changes", f"{change.item.enterprise_id} 已实施检查，不能取消。",
                f"{change.item.enterprise_id} was inspected already: it cannot be taken out",
            )  # fmt: skip
    _one_body([change.item for change in changes if change.action == "added"], known)
    body = PlanRevisionDecided(
        plan_id=_id(plan), revision_id=act, decided_on=decided_on, decided_by=actor.name,
        changes=tuple(
            change if change.action == "removed"
            else structs.replace(change, item=marked(change.item, known.get(change.item.enterprise_id)))
            for change in changes
        ),
        reason=command.reason,
    )  # fmt: skip
    major = command.major or plan.major(body, plan.items())
    return structs.replace(body, major=major)


def _open_revision(plan: Plan) -> PlanRevisionDecided | None:
    """A major revision that waits for its approval."""
    for number, (_, revision, approval) in enumerate(plan.revisions, 1):
        if approval is None and plan.major(revision, plan.items(number - 1)):
            return revision
    return None


def _revision_approved(plan: Plan, command: ask.ApproveRevision, now: int) -> PlanRevisionApproved:
    wanted = id_of(command.revision, "revision")
    found = next((one for one in plan.revisions if one[1].revision_id == wanted), None)
    if found is None:
        raise refused("not_found", "没有这次计划调整。", "there is no such revision of this plan")
    if found[2] is not None:
        raise changed("这次调整已批准。", "this revision is approved already")
    approved_on = _past(command.approved_on, "approved_on", now)
    if approved_on < found[1].decided_on:
        raise wrong("approved_on", "批准日期不能早于决定日期。", "it cannot be approved before it was decided")
    return PlanRevisionApproved(
        plan_id=_id(plan), revision_id=wanted, approver=command.approver, approval_no=command.approval_no,
        approved_on=approved_on,
    )  # fmt: skip


def _assigned(plan: Plan, command: ask.AssignItem, actor: Actor, now: int, act: bytes) -> Proposal:
    _standing(plan)
    item = plan.items().get(id_of(command.item, "item"))
    if item is None:
        raise refused("not_found", "计划中没有这个项目。", "the plan in force has no such item")
    if len(set(command.officers)) != len(command.officers):
        raise wrong("officers", "检查人员重复。", "an officer is named twice")
    if command.from_on is not None and command.to_on is not None and command.to_on < command.from_on:
        raise wrong("to_on", "截止日期不能早于起始日期。", "the last day is before the first")
    standing = [state for state in _standing_tasks(plan, item) if state != "cancelled"]
    planned = 1 if item.visits is UNSET else item.visits
    if len(standing) >= planned and not command.trigger:
        raise wrong(
            "trigger", f"该项目计划检查 {planned} 次，已下达 {len(standing)} 次；再次检查应当写明原因。",
            f"the item has {planned} planned visits and {len(standing)} tasks: a further one needs its reason",
        )  # fmt: skip
    body = TaskAssigned(
        task_id=act, source="plan" if command.draw is None else "double_random",
        enterprise_id=item.enterprise_id, officers=command.officers,
        draw_id=UNSET if command.draw is None else id_of(command.draw, "draw"),
        plan_item_id=item.item_id, plan_id=_id(plan), kind=item.kind,
        scheme=Scheme(content=command.scheme, approver=actor.name, approved_at=now),
        unannounced=True if command.unannounced else UNSET, from_on=or_unset(command.from_on),
        to_on=or_unset(command.to_on), trigger=or_unset(command.trigger), visit_number=len(standing) + 1,
    )  # fmt: skip
    about = {
        f"authority:{plan.matter.authority}", f"plan:{plan.matter.key}", f"task:{text_of(act)}",
        f"enterprise:{item.enterprise_id}", *(f"officer:{one}" for one in command.officers[:8]),
    }  # fmt: skip
    return Proposal(body, tuple(sorted(about)))


def _standing_tasks(plan: Plan, item: PlanItem) -> list[str]:
    return [judge.state_of_task(plan, task.task_id) for _, task in plan.tasks.get(item.item_id, ())]


def _closed(plan: Plan, command: ask.ClosePlan, now: int) -> list[Body]:
    _standing(plan)
    if _open_revision(plan) is not None:
        raise changed(
            "有重大调整尚待批准，先办结再结束年度。", "a major revision waits for its approval: finish it first"
        )
    today = day_of(now)
    if today < datetime.date(plan.year, 12, 1):
        raise changed(
            f"{plan.year} 年 12 月 1 日起才可办结年度计划。",
            f"the year can be closed from 1 December {plan.year} on",
        )
    found = judge.states(plan)
    silent = [key for key, state in found.items() if state != "concluded"]
    unfinished = [Unfinished(item_id=key, reason=command.reason) for key in silent] if command.reason else []
    parts = _cut(unfinished) or [()]
    return [
        PlanClosed(
            plan_id=_id(plan), closed_on=today, items=len(found), done=len(found) - len(silent), unfinished=part,
            part=UNSET if len(parts) == 1 else number, parts=UNSET if len(parts) == 1 else len(parts),
            remark=or_unset(command.remark),
        )
        for number, part in enumerate(parts, 1)
    ]  # fmt: skip


# -- parts ------------------------------------------------------------------------------------------------------------


def _changes(
    plan: Plan, items: Mapping[bytes, PlanItem], year: int, asked: Sequence[ask.ChangeItem]
) -> Iterable[PlanChange]:
    """Changes as they were asked for, each against the items as the ones before it leave them. Raises Problem."""
    standing = dict(items)
    for one in asked:
        mine = [item for item in standing.values() if item.enterprise_id == one.enterprise]
        if one.item is not None:
            wanted = id_of(one.item, "changes")
            mine = [item for item in mine if item.item_id == wanted]
        if one.action == "added":
            if one.kind is None:
                raise wrong("changes", "新增项目应当写明检查类别。", "an item that is added needs its kind")
            number = 1
            while (name := item_id(plan.matter.authority, year, one.enterprise, number)) in standing or any(
                name == gone for gone in plan.removed
            ):
                number += 1
            item = PlanItem(
                item_id=name, enterprise_id=one.enterprise, kind=one.kind, quarter=or_unset(one.quarter),
                days=or_unset(one.days), visits=or_unset(one.visits), note=one.reason,
            )  # fmt: skip
        elif len(mine) != 1:
            raise wrong(
                "changes", f"计划中{'没有' if not mine else '不止一个'} {one.enterprise} 的项目。",
                f"the plan has {'no' if not mine else 'more than one'} item of {one.enterprise}",
            )  # fmt: skip
        elif one.action == "removed":
            item = mine[0]
        else:
            old = mine[0]
            item = structs.replace(
                old, kind=one.kind or old.kind, quarter=_or(one.quarter, old.quarter), days=_or(one.days, old.days),
                visits=_or(one.visits, old.visits),
            )  # fmt: skip
        change = PlanChange(action=one.action, item=item, reason=one.reason)
        judge.apply([change], standing)
        yield change


def _or(value: Any, old: Any) -> Any:
    return old if value is None else value


def _cut(rows: Sequence[Any]) -> list[Any]:
    """Rows in parts that one event holds, evenly: no part is empty."""
    count = -(-len(rows) // PART)
    return [tuple(rows[number * len(rows) // count : (number + 1) * len(rows) // count]) for number in range(count)]


def _parts(bodies: list[Body], about: tuple[str, ...]) -> Proposal:
    """The last part is the act; those before it go in the same transaction."""
    return Proposal(bodies[-1], about, before=tuple(bodies[:-1]))


def _id(plan: Plan) -> bytes:
    return id_of(plan.matter.key, "plan")


def _past(day: datetime.date, field: str, now: int) -> datetime.date:
    if day > day_of(now):
        raise wrong(field, "日期不能晚于今天。", "the day is still to come")
    return day
