"""INV-08, 09, 10 and 40, SIG-18, and what is due of plans, tips and accidents: tripped, near, and not yet decidable."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from domain import filing
from domain.filing import text_of
from domain.judges import accident, enterprise, plan, report, tip
from domain.matter import Fact, Judgement, Signal, Verdict
from projections.rulefiles import load
from tests.support.facts import AUTHORITY, ENTERPRISE, TASK, at, fact, matter, new_id, rulebook, text_id

RULES, CALENDAR = load()
PLAN = new_id()
ITEMS = [new_id() for _ in range(10)]


def judged(kind: str, module: Any, facts: list[Fact], key: str | bytes, **more: Any) -> Judgement:
    found: Judgement = module.JUDGE.judge(
        matter(kind, key, facts, rules=more.pop("rules", RULES), calendar=CALENDAR, **more)
    )
    return found


def said(judgement: Judgement, rule: str) -> list[str]:
    return [v.outcome for v in judgement.verdicts if v.rule == rule]


# The plan


def items(key: int, general: int, days: tuple[int, int] | None = None) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for number in range(key + general):
        kind = "key" if number < key else "general"
        item: dict[str, object] = {"item_id": ITEMS[number], "enterprise_id": ENTERPRISE, "kind": kind}
        if days is not None:
            item["days"] = days[0] if kind == "key" else days[1]
        found.append(item)
    return found


def approved(listed: list[dict[str, object]], **more: Any) -> Fact:
    body = {"plan_id": PLAN, "items": listed, "year": 2026, "approved_on": "2026-02-02", "part": 1, "parts": 1}
    return fact("plan.approved.v1", {**body, **more}, occurred="2026-02-02")


@pytest.mark.parametrize(
    ("listed", "rules", "outcome"),
    [
        (items(6, 4), RULES, "kept"),
        (items(5, 4), RULES, "broken"),  # 55.5 %
        (items(5, 5, (9, 1)), RULES, "broken"),  # 90 % of the days, and items bind
        (items(5, 5, (9, 1)), rulebook(plan__key_share_percent=60, plan__key_share_basis="days"), "kept"),
        (items(5, 5, (9, 1)), rulebook(plan__key_share_percent=60, plan__key_share_basis="either"), "kept"),
        (items(6, 4, (1, 9)), rulebook(plan__key_share_percent=60, plan__key_share_basis="both"), "broken"),
        (items(6, 4), rulebook(plan__key_share_percent=60, plan__key_share_basis="days"), "unknown"),
        (items(6, 4), rulebook(plan__key_share_percent=60).__class__(), "unknown"),
    ],
)
def test_inv_09_key_inspections_are_at_least_sixty_percent(
    listed: list[dict[str, object]], rules: Any, outcome: str
) -> None:
    assert said(judged("plan", plan, [approved(listed)], PLAN, rules=rules), "INV-09") == [outcome]


def test_inv_09_waits_for_all_parts_of_a_plan() -> None:
    first, second = items(6, 4)[:6], items(6, 4)[6:]
    half = judged("plan", plan, [approved(first, parts=2)], PLAN)
    assert said(half, "INV-09") == ["unknown"]
    whole = judged("plan", plan, [approved(first, parts=2), approved(second, part=2, parts=2)], PLAN)
    assert said(whole, "INV-09") == ["kept"]
    assert whole.columns["items"] == 10


def revised(decided_on: str, *changes: tuple[str, dict[str, object]], **more: Any) -> Fact:
    listed = [{"action": action, "item": item, "reason": "x"} for action, item in changes]
    body = {
        "plan_id": PLAN,
        "revision_id": more.pop("revision", bytes(16)),
        "decided_on": decided_on,
        "changes": listed,
    }
    return fact("plan_revision.decided.v1", {**body, "major": False, "reason": "x", **more}, occurred=decided_on)


def test_inv_09_is_asked_again_of_each_revision_and_dl_19_runs_for_a_major_one() -> None:
    listed = items(6, 4)
    revision = revised("2026-06-01", ("removed", listed[0]))
    open_one = judged("plan", plan, [approved(listed), revision], PLAN)
    assert said(open_one, "INV-09") == ["kept", "broken"]
    # A major change that is not approved does not hold yet.
    assert open_one.columns["key_items"] == 6
    [dl] = [d for d in open_one.deadlines if d.rule == "DL-19" and d.start == at("2026-06-01 00:00")]
    assert (dl.last_day, dl.met) == ("2026-07-01", None)
    approval = fact(
        "plan_revision.approved.v1",
        {"plan_id": PLAN, "revision_id": bytes(16), "approved_on": "2026-07-02", "approver": "本溪市人民政府"},
        occurred="2026-07-02",
    )
    late = judged("plan", plan, [approved(listed), revision, approval], PLAN)
    assert late.columns["key_items"] == 5
    [dl] = [d for d in late.deadlines if d.rule == "DL-19" and d.start == at("2026-06-01 00:00")]
    assert dl.met is not None
    assert dl.met >= dl.due
    # One general item of ten is not more than ten percent: not major, it holds at once and nothing is due.
    small = judged("plan", plan, [approved(listed), revised("2026-06-01", ("removed", listed[9]))], PLAN)
    assert small.columns["items"] == 9
    assert not [d for d in small.deadlines if d.rule == "DL-19" and d.start == at("2026-06-01 00:00")]


def test_a_plan_is_filed_by_10_march_and_reported_each_quarter() -> None:
    filed = fact(
        "plan.filed.v1", {"plan_id": PLAN, "filed_with": "210000", "filed_on": "2026-03-11"}, occurred="2026-03-11"
    )
    report = fact(
        "periodic_report.submitted.v1",
        {"plan_id": PLAN, "kind": "quarterly", "period": "2026-Q1", "submitted_on": "2026-04-03"},
        occurred="2026-04-03",
    )
    found = judged("plan", plan, [approved(items(6, 4)), filed, report], PLAN)
    due = {
        (d.rule, d.about.partition("/")[2]): (d.last_day, d.met is not None and d.met < d.due) for d in found.deadlines
    }
    assert due == {
        ("DL-19", "filing"): ("2026-03-10", False),
        ("DL-20", "2026-Q1"): ("2026-04-05", True),
        ("DL-20", "2026-Q2"): ("2026-07-05", False),
        ("DL-20", "2026-Q3"): ("2026-10-05", False),
        ("DL-20", "2026-Q4"): ("2027-01-05", False),
        ("DL-21", ""): ("2026-12-30", False),
        ("DL-22", ""): ("2027-01-31", False),
    }
    assert found.stage == "filed"


def test_typed_totals_stand_beside_the_computed_ones() -> None:
    """Handbook, appendix B: 247 × 22 = 5,434; less 2,469 and 1,994 is 971; the typed 2,649 does not fit."""
    days = {"per_person": 247, "other": [2469, *[0] * 9], "non": [1994, *[0] * 6], "total": 5434, "inspection": 971}
    good = judged("plan", plan, [approved(items(6, 4), headcount=22, days=days)], PLAN)
    assert [line["fits"] for line in good.page["arithmetic"]] == [True, True]
    wrong = judged("plan", plan, [approved(items(6, 4), headcount=22, days={**days, "other": [2649, *[0] * 9]})], PLAN)
    assert [(line["computed"], line["typed"]) for line in wrong.page["arithmetic"]] == [(5434, 5434), (791, 971)]


def task_for(item: bytes, **more: Any) -> Fact:
    body = {"task_id": TASK, "source": "plan", "enterprise_id": ENTERPRISE, "plan_item_id": item, "plan_id": PLAN}
    return fact("task.assigned.v1", {**body, **more}, occurred="2026-03-01")


def on_site(name: str, when: str, **more: Any) -> Fact:
    return fact(name, {"task_id": TASK, **more}, occurred=when)


ENTERED = on_site("site.entered.v1", "2026-03-02 09:00", outcome="entered")
SHOWN = on_site("credentials.shown.v1", "2026-03-02 09:05")
SIGNED = on_site("inspection_record.signed.v1", "2026-03-02 11:00")
DONE = on_site("task.concluded.v1", "2026-03-02 12:00", outcome="no_problem")


@pytest.mark.parametrize(
    ("chain", "outcome", "state"),
    [
        ([ENTERED, SHOWN, SIGNED, DONE], "kept", "concluded"),
        ([ENTERED, SHOWN, DONE], "broken", "entered"),
        ([DONE], "broken", "assigned"),
        ([ENTERED, SHOWN, SIGNED], "unknown", "entered"),
        # Certificates shown before the entry was recorded: not in order.
        ([on_site("credentials.shown.v1", "2026-03-02 08:00"), ENTERED, SIGNED, DONE], "broken", "entered"),
        ([on_site("site.entered.v1", "2026-03-02 09:00", outcome="closed", evidence_ids=[new_id()]),
          on_site("task.concluded.v1", "2026-03-02 12:00", outcome="no_entry", no_entry_reason="closed")],
         "kept", "concluded"),
        ([on_site("task.concluded.v1", "2026-03-02 12:00", outcome="no_entry", no_entry_reason="closed")],
         "broken", "assigned"),
        ([on_site("task.cancelled.v1", "2026-03-02 12:00", reason="x")], None, "cancelled"),
        ([], "unknown", "assigned"),
    ],
)  # fmt: skip
def test_inv_08_an_item_is_concluded_only_by_its_recorded_chain(
    chain: list[Fact], outcome: str | None, state: str
) -> None:
    facts = [approved(items(6, 4)), task_for(ITEMS[0])]
    chain_key = f"chain:{text_id(TASK)}"
    assert all(chain_key in filing.keys(one) for one in chain)
    found = judged("plan", plan, facts, PLAN, others={chain_key: chain})
    assert said(found, "INV-08") == ([outcome] if outcome else [])
    assert found.page["items"][0]["state"] == state
    assert found.columns["done"] == (state == "concluded")
    assert plan.needs(facts) == {chain_key}


def test_inv_08_a_missing_link_waits_for_the_terminal() -> None:
    """What is broken because something was not recorded is unknown while a terminal has more (settling)."""
    facts = [approved(items(6, 4)), task_for(ITEMS[0])]
    found = judged("plan", plan, facts, PLAN, others={f"chain:{text_id(TASK)}": [ENTERED, DONE]})
    [broken] = [v for v in found.verdicts if v.rule == "INV-08"]
    assert broken.absent
    assert broken.gate
    assert found.terminals == (ENTERED.terminal,)


# The enterprise


def body_of(agency: str, valid_from: str) -> Fact:
    return fact(
        "supervising_body.assigned.v1",
        {"enterprise_id": ENTERPRISE, "agency": agency, "level": "county", "valid_from": valid_from},
        occurred=valid_from,
    )


def ended(agency: str, ended_on: str) -> Fact:
    body = {"enterprise_id": ENTERPRISE, "agency": agency, "ended_on": ended_on, "reason": "x"}
    return fact("supervising_body.ended.v1", body, occurred=ended_on)


@pytest.mark.parametrize(
    ("facts", "outcomes"),
    [
        ([body_of("210521", "2025-01-01")], ["kept"]),
        ([body_of("210521", "2025-01-01"), body_of("210500", "2026-01-01")], ["kept", "broken"]),
        (
            [body_of("210521", "2025-01-01"), ended("210521", "2025-12-31"), body_of("210500", "2026-01-01")],
            ["kept", "kept"],
        ),
        # The old one ended on the very day on which the new one began: both held that day.
        (
            [body_of("210521", "2025-01-01"), ended("210521", "2026-01-01"), body_of("210500", "2026-01-01")],
            ["kept", "broken"],
        ),
        # Given away and taken back.
        (
            [
                body_of("210521", "2025-01-01"), ended("210521", "2025-06-30"), body_of("210500", "2025-07-01"),
                ended("210500", "2025-12-31"), body_of("210521", "2026-01-01"),
            ],
            ["kept", "kept", "kept"],
        ),
        ([fact("enterprise.profiled.v1", {"enterprise_id": ENTERPRISE, "name": "示例"})], ["unknown"]),
        ([], []),
    ],
)  # fmt: skip
def test_inv_10_one_supervising_body_at_a_time(facts: list[Fact], outcomes: list[str]) -> None:
    found = judged("enterprise", enterprise, facts, ENTERPRISE)
    assert said(found, "INV-10") == outcomes
    # Whoever comes first, the same is said.
    assert judged("enterprise", enterprise, list(reversed(facts)), ENTERPRISE).verdicts == found.verdicts


def visit(when: str, source: str = "plan", authority: str = "210500", **more: Any) -> list[Fact]:
    task = new_id()
    body = {"task_id": task, "source": source, "enterprise_id": ENTERPRISE}
    if source == "plan":
        body["plan_item_id"] = ITEMS[0]
    return [
        fact("task.assigned.v1", {**body, **more}, occurred=when, authority=authority),
        fact("site.entered.v1", {"task_id": task}, occurred=f"{when} 10:00", authority=authority),
    ]


def alarms(facts: list[Fact], **more: Any) -> list[str]:
    found = judged("enterprise", enterprise, facts, ENTERPRISE, **more)
    return [signal.about.partition("/")[0] for signal in found.signals if signal.rule == "SIG-18"]


def many(number: int, **more: Any) -> list[Fact]:
    return [one for month in range(1, number + 1) for one in visit(f"2026-{month:02}-05", **more)]


def test_sig_18_more_inspections_in_a_year_than_the_cap() -> None:
    assert alarms(many(4)) == []
    assert alarms(many(5)) == ["cap"]
    # Tips and re-inspections do not count.
    assert alarms([*many(4), *visit("2026-05-06", "tip", tip_id=bytes(16))]) == []
    profile = fact(
        "enterprise.profiled.v1",
        {"enterprise_id": ENTERPRISE, "name": "示例", "yearly_cap": 2, "effective_on": "2026-01-01"},
    )
    assert alarms([profile, *many(2)]) == []
    assert alarms([profile, *many(3)]) == ["cap"]
    # Assigned and not entered yet is no inspection.
    assert alarms([*many(4), visit("2026-05-05")[0]]) == []


def test_sig_18_two_agencies_within_a_window_without_a_joint_task() -> None:
    assert alarms([*visit("2026-03-02"), *visit("2026-04-01", authority="210521")]) == ["agencies"]
    assert alarms([*visit("2026-03-02"), *visit("2026-04-02", authority="210521")]) == []
    joint = visit("2026-03-20", "joint", "210521", lead_agency="210521", partners=["210500"])
    assert alarms([*visit("2026-03-02"), *joint]) == []


@pytest.mark.parametrize(
    ("source", "named", "count"),
    [
        ("plan", {"plan_item_id": ITEMS[0]}, 0),
        ("plan", {}, 0),  # the helper names its item
        ("tip", {}, 1),
        ("tip", {"tip_id": bytes(16)}, 0),
        ("campaign", {}, 1),
        ("campaign", {"campaign": "夏季"}, 0),
        ("data_triggered", {"trigger": "气体报警"}, 0),
        ("double_random", {}, 1),
    ],
)
def test_sig_18_a_task_names_its_plan_item_or_trigger(source: str, named: dict[str, Any], count: int) -> None:
    assert alarms(visit("2026-03-02", source, **named)).count("ground") == count


def test_the_dossier_counts_what_is_filed_under_the_enterprise() -> None:
    hazards = [new_id(), new_id()]
    facts = [
        *visit("2026-03-02"),
        *(
            fact("hazard.found.v1", {"hazard_id": h, "grade": g, "description": "x"}, occurred="2026-03-02")
            for h, g in zip(hazards, ("major", "general"), strict=True)
        ),
        fact("hazard.closed.v1", {"hazard_id": hazards[1], "verifier": "O-1"}, occurred="2026-03-20"),
    ]
    columns = judged("enterprise", enterprise, facts, ENTERPRISE).columns
    assert (columns["hazards"], columns["open_hazards"], columns["open_major_hazards"]) == (2, 1, 1)
    assert (columns["last_visit"], columns["last_major_hazard"], columns["last_penalty"]) == (
        "2026-03-02",
        "2026-03-02",
        None,
    )


# Tips and accidents

TIP = new_id()


def received(**more: Any) -> Fact:
    body = {
        "tip_id": TIP, "channel": "12350", "kind": "hazard", "subject": "x", "accepted": True,
        "received_at": at("2026-03-02"), "accepted_on": "2026-03-02",
    }  # fmt: skip
    return fact("tip.received.v1", {**body, **more}, occurred="2026-03-02")


def assigned(route: str, **more: Any) -> Fact:
    body = {"tip_id": TIP, "route": route, "assigned_to": "officer-0017", "assigned_on": "2026-03-03"}
    return fact("tip.assigned.v1", {**body, **more}, occurred="2026-03-03")


def concluded(**more: Any) -> Fact:
    body = {"tip_id": TIP, "outcome": "verified", "concluded_on": "2026-03-20", "replied_on": "2026-03-20"}
    return fact("tip.concluded.v1", {**body, **more}, occurred="2026-03-20")


@pytest.mark.parametrize(
    ("facts", "outcomes"),
    [
        ([received(death_involved=True), assigned("county_government")], ["kept"]),
        ([received(death_involved=True), assigned("own"), concluded()], ["broken"]),
        ([received(death_involved=True), assigned("own")], ["unknown"]),
        ([received(death_involved=True)], ["unknown"]),
        ([received(death_involved=False), assigned("own"), concluded()], []),
    ],
)
def test_inv_40_a_tip_about_deaths_goes_to_the_county_government(facts: list[Fact], outcomes: list[str]) -> None:
    assert said(judged("tip", tip, facts, TIP), "INV-40") == outcomes


def test_dl_23_a_tip_is_accepted_and_answered_in_time() -> None:
    def due(*facts: Fact) -> dict[str, tuple[str | None, bool, bool]]:
        found = judged("tip", tip, list(facts), TIP).deadlines
        return {
            d.about.partition("/")[2]: (d.last_day, d.met is not None and d.met < d.due, d.cancelled) for d in found
        }

    assert due(received()) == {"accept": ("2026-03-09", True, False), "": ("2026-04-01", False, False)}
    assert due(received(accepted_on="2026-03-10"))["accept"] == ("2026-03-09", False, False)
    assert due(received(), concluded())[""] == ("2026-04-01", True, False)
    assert due(received(), assigned("own", due_on="2026-03-15"), concluded())[""] == ("2026-03-15", False, False)
    assert due(received(accepted=False))[""][2] is True


def test_a_complaint_about_the_agency_tells_none_of_those_it_names() -> None:
    found = judged("tip", tip, [received(kind="agency_conduct", officers=["officer-0017"]), assigned("own")], TIP)
    assert found.officers == ()
    assert all(d.officers == () for d in found.deadlines)
    assert found.columns["restricted"] is True
    assert judged("tip", tip, [received(), assigned("own")], TIP).officers == ("officer-0017",)


ACCIDENT = new_id()


def test_dl_25_an_accident_is_evaluated_within_a_year_of_the_reply() -> None:
    report = fact(
        "accident.reported.v1",
        {
            "accident_id": ACCIDENT, "kind": "first", "happened_at": at("2025-06-01 08:00"),
            "reported_at": at("2025-06-01 09:30"), "forwarded_at": at("2025-06-01 11:00"), "deaths": 1,
        },
        occurred="2025-06-01",
    )  # fmt: skip
    reply = fact(
        "accident.report_approved.v1",
        {"accident_id": ACCIDENT, "grade": "general", "submitted_on": "2025-07-20", "approved_on": "2025-08-04"},
        occurred="2025-08-04",
    )
    assert "accident:" + text_id(ACCIDENT) in filing.keys(reply)
    found = judged("accident", accident, [report, reply], ACCIDENT)
    assert [(d.about.partition("/")[2], d.last_day, d.met is not None) for d in found.deadlines] == [
        ("report", "2025-07-31", True),
        ("", "2026-08-04", False),
    ]
    assert [(r["reported_in_time"], r["forwarded_in_time"]) for r in found.page["reports"]] == [(False, True)]
    published = fact(
        "accident.evaluation_published.v1",
        {"accident_id": ACCIDENT, "published_on": "2026-08-05"},
        occurred="2026-08-05",
    )
    late = judged("accident", accident, [report, reply, published], ACCIDENT).deadlines[1]
    assert late.met is not None
    assert late.met >= late.due
    assert judged("accident", accident, [], ACCIDENT).stage == "unregistered"


def test_verdicts_name_their_rules_and_speak_both_languages() -> None:
    found: list[Verdict] = [
        *judged("plan", plan, [approved(items(5, 4))], PLAN).verdicts,
        *judged("enterprise", enterprise, [body_of("210521", "2025-01-01")], ENTERPRISE).verdicts,
        *judged("tip", tip, [received(death_involved=True)], TIP).verdicts,
    ]
    assert {v.rule for v in found} == {"INV-09", "INV-10", "INV-40"}
    for one in found:
        assert one.reason.zh
        assert one.reason.en
        assert one.inputs == tuple(sorted(one.inputs))
    assert datetime.date(2026, 1, 1) in CALENDAR.off


# SIG-24


def reported(figures: dict[str, int], system: dict[str, int], **more: Any) -> Fact:
    body: dict[str, Any] = {"plan_id": PLAN, "kind": "quarterly", "period": "2026-Q1", "submitted_on": "2026-04-03"}
    body |= {"figures": [{"code": code, "value": value} for code, value in figures.items()]}
    if system:
        body["system_figures"] = [{"code": code, "value": value} for code, value in system.items()]
    given = {name: value for name, value in {**body, **more}.items() if value is not None}
    return fact("periodic_report.submitted.v1", given, occurred="2026-04-03")


def differing(*facts: Fact) -> list[Signal]:
    found = judged("plan", plan, [approved(items(6, 4)), *facts], PLAN)
    return [one for one in found.signals if one.rule == "SIG-24"]


def test_sig_24_a_reported_figure_differs_from_the_system_by_one() -> None:
    (signal,) = differing(reported({"visits": 11, "cases": 2}, {"visits": 10, "cases": 2}))
    assert "visits 上报 11、系统 10" in signal.reason.zh
    assert signal.score == 90
    (explained,) = differing(reported({"visits": 11}, {"visits": 10}, explanation="含三月三十一日夜间检查"))
    assert explained.score == 40


def test_sig_24_equal_figures_raise_nothing() -> None:
    assert differing(reported({"visits": 10, "cases": 2}, {"visits": 10, "cases": 2})) == []


def test_sig_24_a_report_without_a_plan_is_held_against_the_system_too() -> None:
    told = reported({"visits": 11}, {"visits": 10}, plan_id=None)
    assert filing.keys(told) == {f"report:{AUTHORITY}/quarterly/2026-Q1"}
    assert filing.keys(reported({"visits": 11}, {"visits": 10})) == {f"plan:{text_of(PLAN)}"}
    equal = reported({"visits": 10}, {"visits": 10}, plan_id=None)
    for facts, stage in (([told], "differs"), ([equal], "agrees"), ([equal, told], "differs")):
        found = report.judge(matter("report", f"{AUTHORITY}/quarterly/2026-Q1", facts))
        assert (found.stage, [one.rule for one in found.signals]) == (stage, ["SIG-24"] * (told in facts))
        assert found.columns["handed_in"] == len(facts)


def test_sig_24_without_figures_of_the_system_nothing_is_said() -> None:
    assert differing(reported({"visits": 10}, {})) == []
    assert differing() == []
