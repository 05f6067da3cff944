"""What happens seldom, so that every number of the quarterly table has something to count.

Tips, major hazards, stop orders, power cuts, hearings, accidents, police, courts, reconsideration, changes of the plan.
The invariant: every quarter has one of each kind that its days allow, at the province, in a city and in a county.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from random import Random
from typing import Any, Final

from ops.year import almanac
from ops.year.almanac import DAY, HOUR, MINUTE
from ops.year.cases import Case
from ops.year.in_office import (
    CORRECTED,
    LARGE,
    OVERDUE,
    filed_case,
    on_spot,
    public,
    settled,
    small,
    told_large,
    told_of,
)
from ops.year.planting import Plot
from ops.year.province import Province, decide_on, words
from ops.year.telling import Told, new_id, text

OUTCOMES: Final = ("upheld", "altered", "revoked", "invalid", "unlawful", "withdrawn")
"""How reconsiderations end: one after another, so that each comes in every year."""

COURT: Final = "示例市人民法院"
POLICE: Final = "示例市公安局"


def happenings(province: Province) -> list[Told]:
    """The acts of all of them, in no order."""
    events: list[Told] = []
    counties = [one for one in province.authorities if one.level == "county"]
    cities = [one for one in province.authorities if one.level == "prefecture"]
    for quarter in range(4):
        dice = Random(f"{province.seed}/rare/{quarter}")  # noqa: S311 - a story, not a secret
        many = max(1, round(10 * province.scale.share))
        chosen = [province.authorities[0], *dice.sample(cities, many), *dice.sample(counties, many)]
        for authority in chosen:
            for number, happening in enumerate(KINDS):
                seed = f"{province.seed}/rare/{quarter}/{authority.code}/{number}"
                plot = Plot(
                    province, happening.__name__, False, Random(seed), authority.code,  # noqa: S311 - as above
                    dice.choice(authority.teams),
                )  # fmt: skip
                try:
                    happening(plot, 1 + 3 * quarter)
                except ValueError:
                    continue  # no team has days left in that quarter
                events += plot.events
    return events


def changes(province: Province) -> list[Told]:
    """The changes of the plans; call it when the plans are complete."""
    events: list[Told] = []
    for authority in province.authorities:
        dice = Random(f"{province.seed}/plan/{authority.code}")  # noqa: S311 - a story, not a secret
        events += _plan_changes(province, authority.code, dice)
    return events


def _start(plot: Plot, month: int, length: int = 1) -> datetime.date:
    """A day in the first month of a quarter, or in its second."""
    return plot.day(month, min(month + 1, 11), length=length)


def _tip(plot: Plot, month: int) -> None:
    """One tip is accepted, looked into and concluded; another is not accepted."""
    day, tip, site = _start(plot, month), plot.dice.randbytes(6), plot.site()
    scene = plot.scene(site)
    scene.on(day - 5 * DAY, 10, 0)
    for accepted in (True, False):
        one = new_id(plot.dice, scene.at)
        body: dict[str, Any] = {
            "tip_id": one, "channel": "12350", "kind": "hazard", "subject": f"反映{site.name}安全问题",
            "enterprise_id": site.id, "received_at": scene.at, "accepted": accepted, "death_involved": False,
        }  # fmt: skip
        if accepted:
            body["accepted_on"], tip = scene.today(), one
        scene.office("tip.received.v1", body, f"tip:{text(one)}", f"enterprise:{site.id}", by="clerk")
    body = {
        "tip_id": tip, "route": "own", "assigned_to": "执法科", "assigned_on": scene.today(),
        "due_on": scene.today(60),
    }  # fmt: skip
    scene.office("tip.assigned.v1", body, f"tip:{text(tip)}")
    visit = plot.visit(day, site=site, source="tip", tip_id=tip)
    visit.arrive()
    plot.finish(visit)
    visit.on(day + 3 * DAY, 10, 0)
    body = {
        "tip_id": tip, "outcome": "verified", "result": "已核查。", "concluded_on": visit.today(),
        "replied_on": visit.today(), "task_id": visit.task,
    }  # fmt: skip
    visit.office("tip.concluded.v1", body, f"tip:{text(tip)}", by="clerk")


def _major(plot: Plot, month: int) -> None:
    """A major hazard: work stopped on the spot, listed, corrected, delisted, closed."""
    scene = plot.visit(_start(plot, month))
    level = plot.province.by_code[plot.authority].level
    scene.arrive()
    scene.wait(8)
    found = scene.find(words(plot.dice), grade="major")
    tag = f"hazard:{text(found.id)}"
    number = scene.number("现决")
    body: dict[str, Any] = {
        "measure_id": scene.id(), "document_no": number, "task_id": scene.task, "enterprise_id": scene.site.id,
        "measures": [{"kind": "stop_using_equipment", "object": "反应釜"}], "hazard_ids": [found.id],
        "ordered_at": scene.at, "approver": scene.desk("head"), "approved_at": scene.at, "actors": scene.actors(),
    }  # fmt: skip
    scene.act("on_site_measure.ordered.v1", body, tag)
    scene.serve(number, task_id=scene.task)
    scene.wait(10)
    scene.sign([found])
    scene.order([found], 30)
    scene.conclude("ordered")
    day = scene.day
    scene.on(almanac.add_workdays(day, 1), 10, 0)
    body = {
        "hazard_id": found.id, "enterprise_id": scene.site.id, "level": level, "listed_on": scene.today(),
        "deadline": scene.today(40), "supervisor": "示例应急管理局", "approver": scene.desk("principal"),
    }  # fmt: skip
    scene.office("major_hazard.listed.v1", body, tag, by="principal")
    if plot.dice.random() < 0.5:
        scene.on(almanac.add_workdays(day, 5), 10, 0)
        body = {
            "hazard_ids": [found.id], "requested_on": scene.today(), "granted": True, "deadline": scene.today(30),
            "decided_on": scene.today(), "approver": scene.desk("principal"),
        }  # fmt: skip
        scene.office("rectification.extension_decided.v1", body, tag, by="principal")
    scene.on(scene.team.free(day + 15 * DAY), 10)
    looked = scene.reinspect([found])
    end = scene.at
    scene.on(almanac.add_workdays(scene.day, 1), 10, 0)
    body = {
        "hazard_id": found.id, "enterprise_id": scene.site.id, "level": level, "basis_event": looked,
        "delisted_on": scene.today(), "delist_approver": scene.desk("principal"),
    }  # fmt: skip
    scene.office("major_hazard.delisted.v1", body, tag, by="principal")
    assert scene.at > end
    scene.on(scene.team.free(scene.day + DAY), 9)
    scene.close([found], looked)


def _coerced(plot: Plot, month: int) -> None:
    """Power is cut with a day's notice; and goods are sealed and set free in time."""
    scene = plot.visit(_start(plot, month))
    scene.arrive()
    plot.finish(scene)
    scene.on(almanac.add_workdays(scene.day, 1), 9, 0)
    case = Case(scene)
    scene.on(scene.team.free(scene.day + DAY), 10, 0)
    start, measure = scene.at, scene.id()
    body: dict[str, Any] = {
        "power_cut_id": scene.id(), "case_id": case.id, "enterprise_id": scene.site.id, "supplier": "示例供电公司",
        "noticed_at": start - 2 * HOUR, "starts_at": start + 30 * HOUR, "urgent": False, "decided_on": scene.today(),
        "approver": scene.desk("principal"), "principal": True,
    }  # fmt: skip
    scene.office("power_cut.ordered.v1", body, f"enterprise:{scene.site.id}", by="principal")
    scene.wait(2)
    scene.film("A17", start - MINUTE, case_id=case.id)
    scene.wait(20)
    start = scene.at
    body = {
        "measure_id": measure, "case_id": case.id, "kind": plot.dice.choice(("seal", "seize")),
        "items": [{"name": "冲床", "quantity": "1 台"}], "imposed_at": start, "imposed_on": scene.today(),
        "ends_on": scene.today(30), "approver": scene.desk("principal"), "approved_at": start - HOUR,
        "urgent": False, "list_delivered": True, "item_code": "QZ-0201", "actors": scene.actors(),
    }  # fmt: skip
    scene.act("compulsory_measure.imposed.v1", body)
    scene.wait(2)
    scene.film("A13", start - MINUTE, case_id=case.id)
    scene.on(almanac.add_workdays(scene.day, 8), 10, 0)
    body = {
        "measure_id": measure, "case_id": case.id, "ground": "not_needed", "returned": True,
        "ended_on": scene.today(), "approver": scene.desk("principal"),
    }  # fmt: skip
    scene.office("compulsory_measure.ended.v1", body, by="principal")
    case.draft(200_000, CORRECTED)
    told = told_of(plot, case)
    settled(case, decide_on(case, scene.team.free(almanac.add_workdays(told, 2))), 200_000)


def _heard(plot: Plot, month: int) -> None:
    """A large fine, with a hearing, a review and a discussion."""
    fen = LARGE + 10_000 * plot.dice.randrange(500)
    case = filed_case(plot, _start(plot, month), fen, OVERDUE, source="accident")
    told, scene = told_large(case), case.scene
    scene.on(almanac.add_workdays(told, 2), 9, 0)
    body: dict[str, Any] = {
        "case_id": case.id, "requested_on": scene.today(), "requested_by": "party", "form": "written",
        "within_period": True,
    }  # fmt: skip
    scene.office("hearing.requested.v1", body, by="clerk")
    scene.on(scene.team.free(scene.day + DAY), 9)
    held = almanac.add_workdays(scene.day, 7) + DAY
    held = almanac.workday(held)
    body = {
        "case_id": case.id, "served_on": scene.today(), "method": "direct", "hearing_on": held.isoformat(),
        "chair": scene.desk("chair"), "public": True,
    }  # fmt: skip
    scene.act("hearing_notice.served.v1", body)
    scene.on(scene.team.take(held), 10, 0)
    start = scene.at
    scene.wait(50)
    body = {
        "case_id": case.id, "held_on": scene.today(), "start": start, "end": scene.at, "chair": scene.desk("chair"),
        "recorder": scene.desk("clerk"), "investigators": list(scene.officers), "public": True,
        "party_present": True, "absent_waiver": False, "record_hash": scene.digest(),
    }  # fmt: skip
    scene.office("hearing.held.v1", body, by="chair")
    scene.wait(1)
    scene.film("B10", start - MINUTE, case_id=case.id)
    scene.on(almanac.add_workdays(held, 2), 11, 0)
    case.review()
    scene.on(almanac.add_workdays(held, 3), 11, 0)
    case.discuss()
    settled(case, decide_on(case, scene.team.free(almanac.add_workdays(held, 4))), fen)


def _worker(plot: Plot, month: int) -> None:
    """A worker is fined on the spot."""
    scene = plot.visit(_start(plot, month))
    scene.arrive()
    plot.finish(scene)
    scene.wait(10)
    fen = 1_000 * (1 + plot.dice.randrange(20))
    number = on_spot(scene, fen, person=True)
    scene.on(almanac.add_workdays(scene.day, 1), 15, 0)
    public(scene, number)
    body = {
        "case_id": scene.case, "document_no": number, "amount_fen": fen, "paid_on": scene.today(), "channel": "bank",
        "towards": "fine",
    }  # fmt: skip
    scene.office("fine_payment.recorded.v1", body, by="clerk")


def _mixed(plot: Plot, month: int) -> None:
    """A decision of several kinds; part of what is paid is a late fine."""
    lines: list[dict[str, Any]] = [{"kind": "P01"}]
    fen = small(plot)
    if plot.dice.random() < 0.7:
        lines.append({"kind": "P03", "amount_fen": fen})
    if plot.dice.random() < 0.5:
        lines.append({"kind": "P04", "amount_fen": 10_000 * (1 + plot.dice.randrange(90))})
    case = filed_case(plot, _start(plot, month), fen, CORRECTED)
    scene = case.scene
    case.draft(fen, CORRECTED if len(lines) > 1 and lines[1]["kind"] == "P03" else None, lines)
    told = told_of(plot, case)
    number = decide_on(case, scene.team.free(almanac.add_workdays(told, 2)))
    scene.on(almanac.add_workdays(scene.day, 3), 15, 0)
    case.publish(number)
    for towards, part in (("fine", fen // 2), ("fine", fen - fen // 2), ("late_fine", 3_000), ("confiscation", 10_000)):
        scene.on(almanac.add_workdays(scene.day, 1), 11, 0)
        case.pay(number, part, towards=towards)


def _referred(plot: Plot, month: int) -> None:
    """A suspected crime is handed to the police in time."""
    scene = plot.visit(_start(plot, month))
    scene.arrive()
    plot.finish(scene)
    scene.on(scene.team.free(scene.day + DAY), 9, 0)
    case, transfer = Case(scene), scene.id()
    scene.wait(30)
    body: dict[str, Any] = {
        "transfer_id": transfer, "case_id": case.id, "kind": "crime", "recipient": POLICE,
        "team": list(scene.officers), "reported_on": scene.today(),
    }  # fmt: skip
    scene.act("transfer.proposed.v1", body)
    scene.wait(60)
    body = {
        "transfer_id": transfer, "case_id": case.id, "approved": True, "decided_at": scene.at,
        "decided_on": scene.today(), "decided_by": scene.desk("principal"),
    }  # fmt: skip
    scene.office("transfer.decided.v1", body, by="principal")
    scene.wait(90)
    body = {
        "transfer_id": transfer, "case_id": case.id, "document_no": scene.number("移"), "recipient": POLICE,
        "delivered_at": scene.at, "delivered_on": scene.today(),
    }  # fmt: skip
    scene.act("transfer.delivered.v1", body)


def _contested(plot: Plot, month: int) -> None:
    """A decision goes to reconsideration and then to court; what is changed is taken from the public in time."""
    fen = small(plot)
    case = filed_case(plot, _start(plot, month), fen, CORRECTED)
    told, scene = told_of(plot, case), case.scene
    number = decide_on(case, scene.team.free(almanac.add_workdays(told, 2)))
    scene.on(almanac.add_workdays(scene.day, 3), 15, 0)
    record = case.publish(number)
    scene.on(almanac.add_workdays(scene.day, 2), 11, 0)
    remedy = scene.id()
    body: dict[str, Any] = {
        "remedy_id": remedy, "case_id": case.id, "document_no": number, "organ": "示例人民政府",
        "opened_on": scene.today(),
    }  # fmt: skip
    scene.office("reconsideration.opened.v1", body, by="clerk")
    scene.on(almanac.add_workdays(scene.day, 10), 11, 0)
    place = ("province", "prefecture", "county").index(plot.province.by_code[plot.authority].level)
    outcome = OUTCOMES[month // 3 + place]
    body = {"remedy_id": remedy, "case_id": case.id, "outcome": outcome, "closed_on": scene.today()}
    scene.office("reconsideration.closed.v1", body, by="clerk")
    effect = {"altered": "changed", "revoked": "revoked", "invalid": "invalid", "unlawful": "unlawful"}.get(outcome)
    if effect is not None:
        scene.wait(20)
        body = {
            "case_id": case.id, "target_document_no": number, "by": "reconsideration", "effect": effect,
            "effective_on": scene.today(), "remedy_id": remedy,
        }  # fmt: skip
        if effect == "changed":
            body["penalties"] = [{"kind": "P03", "amount_fen": fen // 2}]
        altered = scene.office("decision.altered.v1", body, f"enterprise:{scene.site.id}", by="clerk")
        scene.on(almanac.add_workdays(scene.day, 1), 11, 0)
        body = {
            "record_id": record, "case_id": case.id, "withdrawn_on": scene.today(), "ground": "altered",
            "reason": "决定经行政复议变更。", "alteration": altered, "approver": scene.desk("principal"),
        }  # fmt: skip
        scene.office("disclosure.withdrawn.v1", body, by="principal")
        return
    scene.on(almanac.add_workdays(scene.day, 3), 11, 0)
    suit = scene.id()
    body = {
        "remedy_id": suit, "case_id": case.id, "document_no": number, "court": COURT, "instance": "first",
        "opened_on": scene.today(),
    }  # fmt: skip
    scene.office("suit.opened.v1", body, by="clerk")
    scene.on(almanac.add_workdays(scene.day, 10), 11, 0)
    body = {"remedy_id": suit, "case_id": case.id, "outcome": "upheld", "closed_on": scene.today()}
    scene.office("suit.closed.v1", body, by="clerk")


def _enforced(plot: Plot, month: int) -> None:
    """A fine that nobody pays is enforced by the court more than half a year later."""
    if month > 3:
        return
    fen = small(plot)
    case = filed_case(plot, _start(plot, month), fen, CORRECTED)
    told, scene = told_of(plot, case), case.scene
    number = decide_on(case, scene.team.free(almanac.add_workdays(told, 2)))
    decided = scene.day
    scene.on(almanac.add_workdays(decided, 3), 15, 0)
    case.publish(number)
    demand = scene.number("强催")
    scene.on(scene.team.free(decided + 186 * DAY), 10)
    body: dict[str, Any] = {
        "case_id": case.id, "document_no": demand, "decision_no": number, "served_on": scene.today(),
        "method": "direct", "amount_fen": fen,
    }  # fmt: skip
    scene.act("enforcement_demand.served.v1", body)
    scene.serve(demand, case_id=case.id)
    scene.on(almanac.add_workdays(scene.day, 12), 10, 0)
    body = {
        "case_id": case.id, "document_no": scene.number("强执"), "decision_no": number, "demand_no": demand,
        "court": COURT, "applied_on": scene.today(), "amount_fen": fen, "head_signed": True,
        "signed_by": scene.desk("principal"),
    }  # fmt: skip
    scene.office("court_enforcement.applied.v1", body, by="principal")


def _in_vain(plot: Plot, month: int) -> None:
    """Nobody lets the officers in, and another task is cancelled."""
    scene = plot.visit(_start(plot, month))
    body: dict[str, Any] = {
        "task_id": scene.task, "officers_present": list(scene.officers), "arrival": scene.at,
        "place": scene.site.address, "outcome": "closed", "actors": scene.actors(),
    }  # fmt: skip
    scene.act("site.entered.v1", body)
    scene.wait(2)
    scene.photo("大门紧锁")
    scene.wait(2)
    scene.conclude("no_entry", no_entry_reason="closed")
    other = plot.scene()
    other.on(scene.day + DAY, 10, 0)
    other.assign("campaign")
    other.wait(60)
    body = {"task_id": other.task, "reason": "专项检查合并。", "approver": other.desk("head")}
    other.office("task.cancelled.v1", body)


def _plan_changes(province: Province, authority: str, dice: Random) -> list[Told]:
    """The plan is changed in spring: an item more; in summer an item less; a major change is not approved."""
    known = province.items.get(authority, [])
    if not known:
        return []
    plan, events = province.plan_of(authority), list[Told]()

    def office(day: datetime.date, kind: str, body: dict[str, Any]) -> None:
        at = almanac.at(day, 10)
        about = tuple(sorted((f"authority:{authority}", f"plan:{text(plan)}")))
        events.append(
            Told(authority, "", kind, about, body, (f"head-{authority}",), at, at, at, new_id(dice, at))
        )  # fmt: skip

    for month, action, approved in ((5, "added", False), (8, "changed", True), (10, "removed", False)):
        day, revision = datetime.date(almanac.YEAR, month, 6 + dice.randrange(15)), dice.randbytes(16)
        revision = new_id(dice, almanac.start_of(day))
        item = dict(dice.choice(known))
        if action == "added":
            made = province.site(authority)
            item = {**item, "item_id": new_id(dice, almanac.start_of(day)), "enterprise_id": made.id}
        item["days"] = 1 + dice.randrange(9)
        body: dict[str, Any] = {
            "plan_id": plan, "revision_id": revision, "decided_on": day.isoformat(), "decided_by": f"head-{authority}",
            "changes": [{"action": action, "item": item, "reason": "监管对象变化"}], "reason": "监管对象变化",
        }  # fmt: skip
        if approved:
            body["major"] = True
        office(day, "plan_revision.decided.v1", body)
        if approved:
            body = {
                "plan_id": plan, "revision_id": revision, "approver": "示例人民政府",
                "approved_on": (day + 12 * DAY).isoformat(),
            }  # fmt: skip
            office(day + 12 * DAY, "plan_revision.approved.v1", body)
    return events


Happening = Callable[[Plot, int], None]
KINDS: Final[tuple[Happening, ...]] = (
    _tip, _major, _coerced, _heard, _worker, _mixed, _referred, _contested, _enforced, _in_vain,
)  # fmt: skip
