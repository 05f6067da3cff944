"""The criteria of a plan: each holds, nearly holds, or does not; which prevails; and nobody is silently absent."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from msgspec import UNSET

from domain.judges import enterprise
from domain.plan_criteria import (
    Candidate,
    Dossier,
    Noted,
    as_plain,
    candidates,
    known,
    marked,
    multiple_bodies,
    of_plain,
    suggest,
    unsupported,
)
from schemas.events.plan import LeftOut, PlanItem
from tests.support.facts import AUTHORITY, ENTERPRISE, RULES, fact, matter
from tests.support.vector_parts import uid

DAY = datetime.date


def noted(criterion: str, holds: bool = True, year: int = 2026) -> tuple[Noted, ...]:
    return (Noted(criterion, year, holds, "省台《安全眼》报道", "planner", DAY(2025, 12, 1)),)


def holds(dossier: Dossier, year: int = 2026) -> tuple[list[str], list[str], str]:
    found = suggest(dossier, year, RULES, AUTHORITY)
    return [one.criterion for one in found.must], [one.criterion for one in found.reduce], found.decided_by


@pytest.mark.parametrize(
    ("dossier", "must"),
    [
        ({"fatal": (DAY(2023, 1, 1),)}, ["fatal_accident"]),
        ({"fatal": (DAY(2022, 12, 31),)}, []),
        ({"fatal": (DAY(2026, 1, 5),)}, ["fatal_accident"]),
        ({"hazards": {2025: (1, 0)}}, ["hazards_last_year"]),
        ({"hazards": {2025: (0, 10)}}, ["hazards_last_year"]),
        ({"hazards": {2025: (0, 9)}}, []),
        ({"hazards": {2024: (3, 99)}}, []),
        ({"penalties": {2025: 1}}, ["penalised_last_year"]),
        ({"penalties": {2026: 1, 2024: 1}}, []),
        ({"joint_punishment": True}, ["joint_punishment"]),
        ({"exposed": "市电视台 2025-08-01"}, ["exposed"]),
        ({"noted": noted("exposed")}, ["exposed"]),
        ({"noted": noted("exposed", year=2025)}, []),
        ({"exposed": "市电视台", "noted": noted("exposed", holds=False)}, []),
        ({"weak": "无专职安全员"}, ["weak_management"]),
    ],
)
def test_each_must_include_criterion_and_its_near_miss(dossier: dict[str, Any], must: list[str]) -> None:
    assert holds(Dossier("E", **dossier)) == (must, [], must[0] if must else "")


@pytest.mark.parametrize(
    ("dossier", "reduce"),
    [
        ({"grade": 3}, ["standardised"]),
        ({"grade": 4}, []),
        ({"grade": 1, "grade_until": DAY(2026, 1, 1)}, ["standardised"]),
        ({"grade": 1, "grade_until": DAY(2025, 12, 31)}, []),
        ({"noted": noted("well_managed")}, ["well_managed"]),
        ({"committed": DAY(2025, 3, 1)}, ["publicly_committed"]),
    ],
)
def test_each_criterion_for_fewer_inspections_and_its_near_miss(dossier: dict[str, Any], reduce: list[str]) -> None:
    assert holds(Dossier("E", **dossier)) == ([], reduce, reduce[0] if reduce else "")


def test_one_hazard_and_one_penalty_are_told_in_the_singular() -> None:
    one = suggest(Dossier("E", hazards={2025: (1, 1)}, penalties={2025: 1}), 2026, RULES, AUTHORITY)
    more = suggest(Dossier("E", hazards={2025: (2, 0)}, penalties={2025: 3}), 2026, RULES, AUTHORITY)
    assert [held.why.en for held in one.must] == ["1 major hazard, 1 general hazard", "1 penalty"]
    assert [held.why.en for held in more.must] == ["2 major hazards, 0 general hazards", "3 penalties"]


def test_must_include_beats_reduce_and_the_one_that_prevails_is_stored() -> None:
    one = suggest(Dossier("E", grade=1, penalties={2025: 2}, joint_punishment=True), 2026, RULES, AUTHORITY)
    item = marked(PlanItem(item_id=uid(1), enterprise_id="E", kind="key", basis=("exposed",)), one)
    assert item.basis == ("penalised_last_year", "joint_punishment", "exposed"), "shown and typed, in the order of law"
    assert (item.reduced, item.decided_by) == ("standardised", "penalised_last_year")
    only = marked(
        PlanItem(item_id=uid(1), enterprise_id="E", kind="general"),
        suggest(Dossier("E", grade=2), 2026, RULES, AUTHORITY),
    )
    assert (only.basis, only.reduced, only.decided_by) == ((), "standardised", "standardised")
    plain = PlanItem(item_id=uid(1), enterprise_id="E", kind="general")
    assert marked(plain, None) == plain
    assert plain.decided_by is UNSET


def test_a_candidate_is_in_the_plan_left_out_with_a_reason_or_missing() -> None:
    found = [suggest(Dossier(name, penalties={2025: 1}), 2026, RULES, AUTHORITY) for name in "ABC"]
    found.append(suggest(Dossier("D", grade=1), 2026, RULES, AUTHORITY))
    found.append(suggest(Dossier("F", penalties={2025: 1}, closed=True), 2026, RULES, AUTHORITY))
    items = [PlanItem(item_id=uid(1), enterprise_id="A", kind="key")]
    left = [LeftOut(enterprise_id="B", reason="已停产")]
    states = {one.suggestion.dossier.enterprise_id: one for one in candidates(found, items, left)}
    assert {name: one.state for name, one in states.items()} == {"A": "in_plan", "B": "left_out", "C": "missing"}
    assert isinstance(states["B"], Candidate)
    assert states["B"].reason == "已停产"
    assert "D" not in states, "fewer visits is no ground to be in the plan"
    assert "F" not in states, "one that is closed is not inspected"


def test_what_is_typed_and_no_record_shows_is_told_and_an_enterprise_with_two_bodies_as_well() -> None:
    shown = known([suggest(Dossier("A", supervised=("210500", "210521")), 2026, RULES, AUTHORITY)])
    item = PlanItem(item_id=uid(1), enterprise_id="A", kind="key", basis=("exposed",))
    assert [(one.enterprise_id, name) for one, name in unsupported([item], shown)] == [("A", "exposed")]
    assert [one.supervised for _, one in multiple_bodies([item], shown)] == [("210500", "210521")]


def test_the_dossier_is_read_off_what_was_recorded_and_survives_its_page() -> None:
    facts = [
        fact(
            "enterprise.profiled.v1", {
                "enterprise_id": ENTERPRISE, "name": "示例化工厂", "joint_punishment": True,
                "standardisation": {"grade": 3, "valid_to": "2027-01-01"}, "commitments_published": "2025-02-01",
                "media_exposure": "省台报道", "weak_management": "无安全员", "effective_on": "2025-01-01",
            }, occurred="2025-01-01",
        ),
        fact("hazard.found.v1", {"enterprise_id": ENTERPRISE, "grade": "general"}, occurred="2025-05-01"),
        fact("hazard.found.v1", {"enterprise_id": ENTERPRISE, "grade": "major"}, occurred="2025-06-01"),
        fact("penalty.decided.v1", {"decided_on": "2025-07-01"}, occurred="2025-07-01"),
        fact("accident.reported.v1", {"deaths": 1, "happened_at": "2024-03-01 10:00"}, occurred="2024-03-01"),
        fact("accident.reported.v1", {"deaths": 0, "happened_at": "2024-04-01 10:00"}, occurred="2024-04-01"),
        fact(
            "enterprise.assessed.v1",
            {"enterprise_id": ENTERPRISE, "year": 2026, "criterion": "well_managed", "holds": True, "reason": "先进"},
            occurred="2025-12-01",
        ),
        fact(
            "supervising_body.assigned.v1",
            {"enterprise_id": ENTERPRISE, "agency": AUTHORITY, "level": "prefecture", "valid_from": "2024-01-01"},
            occurred="2024-01-01",
        ),
    ]  # fmt: skip
    judged = enterprise.judge(matter("enterprise", ENTERPRISE, facts))
    read = of_plain(ENTERPRISE, "示例化工厂", judged.page["planning"])
    assert as_plain(read) == judged.page["planning"]
    assert read.fatal == (DAY(2024, 3, 1),), "an accident without deaths is none of them"
    assert read.hazards == {2025: (1, 1)}
    assert read.supervised == (AUTHORITY,)
    must, reduce, decided = holds(read)
    assert must == [
        "fatal_accident", "hazards_last_year", "penalised_last_year", "joint_punishment", "exposed", "weak_management",
    ]  # fmt: skip
    assert reduce == ["standardised", "well_managed", "publicly_committed"]
    assert decided == "fatal_accident"
