"""Notice, defence and hearing: INV-13, INV-14, INV-15, SIG-08."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cases import CHAIR, FINE, LIN, act, judged, of_case, outcome, signals, story, verdicts

NO_HEARING = ("requested", "hearing_notice", "held")


def decided(day: str) -> dict[str, Any]:
    return {"decided_on": day, "occurred": day}


def test_inv_13_is_broken_without_a_notice() -> None:
    (one,) = verdicts(judged(story(until="decided", without=("notice", "hearing_right"))), "INV-13")
    assert (one.outcome, one.absent, one.gate) == ("broken", True, True)


def test_inv_13_is_broken_by_a_notice_that_came_after_the_decision() -> None:
    facts = story(until="decided", notice={"served_on": "2026-04-07", "occurred": "2026-04-07"})
    assert outcome(judged(facts), "INV-13") == "broken"


@pytest.mark.parametrize(("day", "expected"), [("2026-03-17", "broken"), ("2026-03-18", "kept")])
def test_inv_13_without_a_defence_the_three_working_days_must_be_over(day: str, expected: str) -> None:
    facts = [act("filed"), act("notice"), act("decided", **decided(day))]
    assert outcome(judged(facts), "INV-13") == expected


def test_inv_13_takes_the_period_that_the_notice_states() -> None:
    facts = [act("filed"), act("notice", defence_until="2026-03-31"), act("decided")]
    assert outcome(judged(facts), "INV-13") == "kept"
    assert outcome(judged([*facts[:2], act("decided", **decided("2026-03-31"))]), "INV-13") == "broken"


def test_inv_13_is_kept_by_a_signed_waiver_and_not_by_an_unsigned_one() -> None:
    def facts(**more: Any) -> list[Any]:
        waiver = act("defence", waived=True, content_hash=None, **more)
        return [act("filed"), act("notice"), waiver, act("decided", **decided("2026-03-13"))]

    assert outcome(judged(facts(waived_document=bytes(32), occurred="2026-03-13 08:00")), "INV-13") == "kept"
    assert outcome(judged(facts(occurred="2026-03-13 08:00")), "INV-13") == "broken"


def test_inv_14_is_broken_when_the_right_was_not_told() -> None:
    facts = story(until="decided", without=("hearing_right", *NO_HEARING))
    (one,) = verdicts(judged(facts), "INV-14")
    assert (one.outcome, one.absent, one.gate) == ("broken", True, True)


def test_inv_14_accepts_one_paper_that_tells_both() -> None:
    facts = story(until="decided", without=("hearing_right",), notice={"hearing_right_told": True})
    assert outcome(judged(facts), "INV-14") == "kept"


@pytest.mark.parametrize(
    ("fine", "expected"), [(4_999_999, "not in the hearing list"), (5_000_000, "the fine of 50,000 yuan is large")]
)
def test_inv_14_asks_for_a_hearing_from_the_threshold_itself_on(fine: int, expected: str) -> None:
    lines = [{"kind": "P03", "amount_fen": fine}]
    facts = [act("filed"), act("notice", intended=lines), act("decided", penalties=lines)]
    assert expected in verdicts(judged(facts), "INV-14")[0].reason.en


@pytest.mark.parametrize(("fine", "expected"), [(1_999_999, "kept"), (2_000_000, "broken")])
def test_inv_14_a_person_has_a_threshold_of_its_own(fine: int, expected: str) -> None:
    lines = [{"kind": "P03", "amount_fen": fine}]
    person = act("filed", party={"type": "person"})
    facts = [person, act("notice", intended=lines), act("decided", penalties=lines)]
    assert outcome(judged(facts), "INV-14") == expected


def test_inv_14_a_stop_of_production_is_in_the_list_whatever_it_costs() -> None:
    lines = [{"kind": "P10"}]
    facts = [act("filed"), act("notice", intended=lines), act("decided", penalties=lines)]
    assert outcome(judged(facts), "INV-14") == "broken"


@pytest.mark.parametrize(
    ("told", "day", "expected"),
    [
        ("2026-03-12", "2026-03-19", "broken"),  # five working days end on Thursday 19 March
        ("2026-03-12", "2026-03-20", "kept"),
        ("2021-07-08", "2021-07-12", "broken"),  # the old law: three days, ending on a Sunday: the day after counts
        ("2021-07-12", "2021-07-16", "kept"),  # told before, decided after 2021-07-15: three days
        ("2021-07-15", "2021-07-19", "broken"),  # told under the new law: five working days
        ("2021-07-15", "2021-07-23", "kept"),
    ],
)
def test_inv_14_waits_for_the_period_by_the_rule_of_the_day_of_the_notice(told: str, day: str, expected: str) -> None:
    before = {"filed_on": "2021-06-01", "occurred": "2021-06-01", "violation_on": "2021-05-01"}
    facts = [
        act("filed", **(before if told < "2026" else {})),
        act("hearing_right", served_on=told, occurred=told),
        act("decided", **decided(day)),
    ]
    assert outcome(judged(facts), "INV-14") == expected


def test_inv_14_a_written_waiver_opens_the_gate_at_once() -> None:
    waiver = of_case(
        "hearing.withdrawn.v1", occurred="2026-03-13", withdrawn_on="2026-03-13", waived=True, document_hash=bytes(32)
    )
    facts = [act("filed"), act("hearing_right"), waiver, act("decided", **decided("2026-03-16"))]
    assert outcome(judged(facts), "INV-14") == "kept"


def test_inv_14_a_request_in_time_must_be_heard() -> None:
    facts = [act("filed"), act("hearing_right"), act("requested"), act("decided")]
    (one,) = verdicts(judged(facts), "INV-14")
    assert one.outcome == "broken"
    assert "2026-03-16" in one.reason.en


def test_inv_14_a_request_that_came_too_late_needs_no_hearing() -> None:
    late = act("requested", requested_on="2026-03-25", occurred="2026-03-25")
    assert outcome(judged([act("filed"), act("hearing_right"), late, act("decided")]), "INV-14") == "kept"


def test_inv_15_is_broken_by_a_chair_who_handled_the_case() -> None:
    facts = story(until="held", held={"chair": LIN})
    assert outcome(judged(facts), "INV-15") == "broken"


def test_inv_15_is_broken_by_a_chair_who_handled_the_case_earlier() -> None:
    change = of_case(
        "case.handlers_changed.v1",
        occurred="2026-03-05",
        handlers=["officer-0040", "officer-0041"],
        changed_on="2026-03-05",
        reason="调整",
        approver="officer-0002",
    )
    assert outcome(judged([*story(until="held", held={"chair": LIN}), change]), "INV-15") == "broken"


@pytest.mark.parametrize(("day", "expected"), [("2026-03-26", "broken"), ("2026-03-27", "kept")])
def test_inv_15_asks_for_seven_working_days_of_notice(day: str, expected: str) -> None:
    facts = story(until="held", hearing_notice={"hearing_on": day}, held={"held_on": day, "occurred": day})
    assert outcome(judged(facts), "INV-15") == expected


def test_inv_15_without_a_notice_rests_on_its_absence() -> None:
    (one,) = verdicts(judged(story(until="held", without=("hearing_notice",))), "INV-15")
    assert (one.outcome, one.absent) == ("broken", True)


def test_sig_08_sees_a_decision_before_a_period_ended() -> None:
    facts = [act("filed"), act("notice"), act("hearing_right"), act("decided", **decided("2026-03-16"))]
    found = [one.about.partition(":")[2] for one in signals(judged(facts), "SIG-08")]
    assert found == ["inv_13", "inv_14"]


def test_sig_08_sees_notice_and_decision_on_one_day_even_with_a_waiver() -> None:
    waiver = act(
        "defence", waived=True, content_hash=None, waived_document=bytes(32), hearing_waived=True,
        occurred="2026-03-12 10:00",
    )  # fmt: skip
    facts = [act("filed"), act("hearing_right"), act("notice"), waiver, act("decided", **decided("2026-03-12"))]
    facts[-1] = act("decided", decided_on="2026-03-12", occurred="2026-03-12 16:00")
    found = judged(facts)
    assert [one.about.partition(":")[2] for one in signals(found, "SIG-08")] == ["same_day"]
    assert outcome(found, "INV-13") == "kept"


def test_sig_08_sees_a_hearing_held_too_soon() -> None:
    day = "2026-03-20"
    facts = story(until="held", hearing_notice={"hearing_on": day}, held={"held_on": day, "occurred": day})
    assert len(signals(judged(facts), "SIG-08")) == 1


def test_sig_08_is_silent_without_a_notice_because_another_rule_says_so() -> None:
    assert signals(judged([act("filed"), act("decided")]), "SIG-08") == []


def test_the_chair_of_the_story_is_no_handler() -> None:
    assert CHAIR not in judged(story()).officers
    assert FINE[0]["amount_fen"] == 6_000_000
