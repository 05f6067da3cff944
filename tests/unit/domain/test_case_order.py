"""The order of a case's steps: INV-11, INV-20, SIG-03, SIG-05, SIG-14."""

from __future__ import annotations

import pytest

from tests.support.cases import act, at, judged, of_case, outcome, signals, story, verdicts
from tests.support.facts import rulebook


def test_inv_11_is_broken_when_a_decision_comes_before_the_filing() -> None:
    facts = story(filed={"filed_on": "2026-04-10", "occurred": "2026-04-10"})
    assert {one.outcome for one in verdicts(judged(facts), "INV-11")} == {"broken"}


def test_inv_11_is_kept_when_the_case_is_filed_on_the_very_day() -> None:
    found = judged(story(until="concluded", filed={"filed_on": "2026-03-10", "occurred": "2026-03-10 08:00"}))
    assert outcome(found, "INV-11") == "kept"


def test_inv_11_without_a_filing_rests_on_its_absence() -> None:
    (one,) = verdicts(judged([act("decided")]), "INV-11")
    assert (one.outcome, one.absent, one.gate) == ("broken", True, True)


def test_a_claimed_filing_satisfies_nothing() -> None:
    facts = [act("filed", claim=True, came_from="field"), act("decided")]
    found = judged(facts)
    assert outcome(found, "INV-11") == "broken"
    assert found.stage == "decided"
    assert [line["claim"] for line in found.page["timeline"]] == [True, False]


@pytest.mark.parametrize(
    ("filed", "decided", "expected"),
    [
        ("2025-12-01", "2026-03-02", "kept"),  # 90 days end on Sunday 2026-03-01, rolled to Monday
        ("2025-12-01", "2026-03-03", "broken"),
        ("2021-07-14", "2021-08-13", "kept"),  # the old ladder: 30 days
        ("2021-07-14", "2021-08-16", "broken"),
        ("2021-07-15", "2021-10-13", "kept"),  # the new law: 90 days
        ("2021-07-15", "2021-10-14", "broken"),
        ("2026-01-30", "2026-04-30", "kept"),  # filed before Order 18, decided after
    ],
)
def test_inv_20_counts_days_from_filing_by_the_rule_of_that_day(filed: str, decided: str, expected: str) -> None:
    facts = [
        act("filed", filed_on=filed, occurred=filed),
        act("decided", decided_on=decided, occurred=decided),
    ]
    assert outcome(judged(facts), "INV-20") == expected


def test_inv_20_is_unknown_while_nothing_is_decided() -> None:
    (one,) = verdicts(judged(story(until="notice")), "INV-20")
    assert (one.outcome, one.absent) == ("unknown", True)
    assert "2026-06-01" in one.reason.en  # 90 days end on Sunday 31 May


def test_an_extension_in_time_moves_the_period_and_the_old_end_stays_visible() -> None:
    facts = [
        act("filed", filed_on="2025-12-01", occurred="2025-12-01"),
        of_case(
            "case.period_extended.v1",
            occurred="2026-02-20",
            step=1,
            last_day="2026-05-30",
            decided_on="2026-02-20",
            reason="案情复杂",
            approver="officer-0002",
        ),
        act("decided", decided_on="2026-05-29", occurred="2026-05-29"),
    ]
    found = judged(facts)
    assert outcome(found, "INV-20") == "kept"
    (clock,) = [one for one in found.deadlines if one.rule == "DL-01"]
    assert clock.last_day == "2026-05-30"
    assert [old.due for old in clock.earlier] == [at("2026-03-03 00:00")]
    assert outcome(found, "INV-39") == "kept"


def test_an_extension_after_the_end_moves_nothing() -> None:
    facts = [
        act("filed", filed_on="2025-12-01", occurred="2025-12-01"),
        of_case(
            "case.period_extended.v1",
            occurred="2026-03-03",
            step=1,
            last_day="2026-05-30",
            decided_on="2026-03-03",
            reason="案情复杂",
            approver="officer-0002",
        ),
        act("decided", decided_on="2026-03-05", occurred="2026-03-05"),
    ]
    assert outcome(judged(facts), "INV-20") == "broken"
    assert outcome(judged(facts), "INV-39") == ""


def test_a_suspension_on_a_ground_of_the_rules_stops_the_clock_and_another_does_not() -> None:
    def facts(ground: str) -> list[object]:
        return [
            act("filed", filed_on="2025-12-01", occurred="2025-12-01"),
            of_case(
                "case.suspended.v1",
                occurred="2026-01-05",
                ground=ground,
                suspended_on="2026-01-05",
                reason="等待",
                approver="officer-0002",
                basis_event=None,
            ),
            of_case(
                "case.resumed.v1",
                occurred="2026-01-25",
                resumed_on="2026-01-25",
                suspension=None,
                approver="officer-0002",
            ),
            act("decided", decided_on="2026-03-20", occurred="2026-03-20"),
        ]

    assert outcome(judged(facts("appraisal")), "INV-20") == "kept"  # type: ignore[arg-type]
    assert outcome(judged(facts("other")), "INV-20") == "broken"  # type: ignore[arg-type]


def test_sig_03_sees_steps_of_many_days_recorded_on_one() -> None:
    late = "2026-04-03 18:00"
    names = ("filed", "concluded", "notice", "defence")
    facts = story(until="decided", **{name: {"received": late, "captured": late} for name in names})
    found = [one for one in signals(judged(facts), "SIG-03") if one.about.startswith("same_day")]
    assert len(found) == 1
    assert found[0].opens == at(late)


def test_sig_03_says_nothing_of_steps_recorded_in_their_order_and_time() -> None:
    assert signals(judged(story()), "SIG-03") == []


def test_sig_03_sees_a_filing_that_was_recorded_after_the_decision() -> None:
    facts = story(filed={"received": "2026-04-10 09:00"})
    found = signals(judged(facts), "SIG-03")
    assert [one.about.split(":")[1] for one in found] == ["reverse"]
    assert found[0].score > 60


def test_sig_03_sees_a_terminals_record_that_was_uploaded_late() -> None:
    facts = story(defence={"received": "2026-03-20 09:00"})
    found = signals(judged(facts), "SIG-03")
    assert [one.about for one in found] == ["late/"]
    assert signals(judged([*story(without=("defence",)), act("defence", about=("task:x",))]), "SIG-03") == []


def test_sig_03_counts_off_a_declared_and_approved_backfill() -> None:
    plain = story(filed={"received": "2026-04-10 09:00"})
    told = story(filed={"received": "2026-04-10 09:00", "backfill": {"reason": "停电", "approver": "officer-0002"}})
    before, after = signals(judged(plain), "SIG-03")[0], signals(judged(told), "SIG-03")[0]
    assert after.score == before.score - 40


def test_sig_05_names_the_steps_that_are_missing() -> None:
    (one,) = signals(judged([act("decided")]), "SIG-05")
    assert "filing, notice, hearing" in one.reason.en
    assert (one.absent, one.score) == (True, 100)


def test_sig_05_is_silent_when_the_period_for_a_defence_ended_unused() -> None:
    assert signals(judged(story(without=("defence",))), "SIG-05") == []


def test_sig_05_does_not_count_a_case_of_an_older_system() -> None:
    facts = [act("decided", **{"import": {"system": "旧系统", "reference": "7"}})]
    (one,) = signals(judged(facts), "SIG-05")
    assert one.score == 0


def photo(when: str, **fields: object) -> object:
    return of_case("evidence.captured.v1", occurred=when, kind="photo", description="现场", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("when", "score"), [("2026-03-11 10:00", 60), ("2026-04-05 10:00", 90)])
def test_sig_14_sees_evidence_younger_than_conclusion_or_decision(when: str, score: int) -> None:
    (one,) = signals(judged([*story(), photo(when)]), "SIG-14")  # type: ignore[list-item]
    assert one.score == score


@pytest.mark.parametrize(("when", "step"), [("2026-03-05 10:00", "A8"), ("2026-04-08 10:00", "B14")])
def test_sig_14_lets_earlier_evidence_and_photos_of_later_steps_pass(when: str, step: str) -> None:
    assert signals(judged([*story(), photo(when, step_code=step)]), "SIG-14") == []  # type: ignore[list-item]


def test_sig_14_waits_for_a_conclusion_or_decision() -> None:
    assert signals(judged([act("filed"), photo("2026-05-01 10:00")]), "SIG-14") == []  # type: ignore[list-item]


def test_without_the_rule_a_verdict_is_unknown_and_names_it() -> None:
    rules = rulebook()
    empty = type(rules)([one for one in rules.all if one.key != "case.decide_days"])
    (one,) = verdicts(judged(story(), rules=empty), "INV-20")
    assert one.outcome == "unknown"
    assert "case.decide_days" in one.reason.zh
