"""Legal review and discussion: INV-17, INV-18, INV-19, SIG-09, SIG-10."""

from __future__ import annotations

from typing import Any

import pytest

from domain.rulebook import Rule
from tests.support.cases import (
    HASH,
    HEAD,
    LIN,
    REVIEWER,
    act,
    hash_of_draft,
    judged,
    of_case,
    outcome,
    signals,
    story,
    verdicts,
)
from tests.support.facts import RULES, certificate, rule, rulebook

SMALL = [{"kind": "P03", "amount_fen": 1_000_000}]
OTHER = hash_of_draft(penalties=SMALL)


def simple(penalties: list[dict[str, Any]], **more: Any) -> list[Any]:
    """A case without hearing, review or discussion."""
    return [
        act("filed"),
        act("notice", intended=penalties),
        act("defence"),
        act("decided", penalties=penalties, **more),
    ]


def test_inv_17_is_broken_when_no_review_is_recorded_and_says_what_would_open_the_gate() -> None:
    (one,) = verdicts(judged(story(until="decided", without=("reviewed",))), "INV-17")
    assert (one.outcome, one.absent, one.gate) == ("broken", True, True)
    assert "pass the review" in one.reason.en
    assert one.version == "1+ppl-2021"


def test_inv_17_a_review_of_draft_a_does_not_cover_draft_b() -> None:
    facts = story(until="decided", decided={"draft_hash": OTHER})
    (one,) = verdicts(judged(facts), "INV-17")
    assert one.outcome == "broken"
    assert "another draft" in one.reason.en


def test_inv_17_a_decision_that_says_something_else_than_its_reviewed_draft_is_unreviewed() -> None:
    facts = story(until="decided", decided={"penalties": [{"kind": "P03", "amount_fen": 5_900_000}]})
    (one,) = verdicts(judged(facts), "INV-17")
    assert one.outcome == "broken"
    assert "does not say what the reviewed draft says" in one.reason.en


@pytest.mark.parametrize("result", ["returned_for_correction", "rejected", "transfer_suggested"])
def test_inv_17_only_passed_lets_the_decision_go_on(result: str) -> None:
    assert outcome(judged(story(until="decided", reviewed={"outcome": result})), "INV-17") == "broken"


def test_inv_17_the_last_opinion_on_a_draft_counts() -> None:
    again = act("reviewed", outcome="rejected", concluded_at="2026-04-02 15:00", occurred="2026-04-02 15:00")
    assert outcome(judged([*story(until="decided"), again]), "INV-17") == "broken"


@pytest.mark.parametrize(("instant", "expected"), [("2026-04-03 08:59", "kept"), ("2026-04-03 09:01", "broken")])
def test_inv_17_the_review_ends_before_the_decision(instant: str, expected: str) -> None:
    facts = story(until="decided", reviewed={"concluded_at": instant, "occurred": instant})
    assert outcome(judged(facts), "INV-17") == expected


@pytest.mark.parametrize(
    ("inclusive", "fine", "expected"),
    [(True, 5_000_000, "broken"), (True, 4_999_999, "kept"), (False, 5_000_000, "kept")],
)
def test_inv_17_thresholds_count_their_own_number_or_not(inclusive: bool, fine: int, expected: str) -> None:
    kept = [one for one in RULES.all if not one.key.startswith(("review.threshold", "review.hearing_possible"))]
    local = Rule(
        "review.threshold_fen.organisation", 5_000_000, rule("x.y", 0).since, "city", "a city's catalogue",
        authority="210500", inclusive=inclusive,
    )  # fmt: skip
    found = judged(simple([{"kind": "P03", "amount_fen": fine}]), rules=type(RULES)([*kept, local]))
    assert outcome(found, "INV-17") == expected


def test_inv_17_what_went_through_a_hearing_is_reviewed_however_small() -> None:
    facts = [*simple(SMALL), act("held", occurred="2026-03-30")]
    assert outcome(judged(facts), "INV-17") == "broken"
    assert outcome(judged(simple(SMALL)), "INV-17") == "kept"


def test_inv_17_a_complex_case_is_reviewed() -> None:
    facts = simple(SMALL)
    facts[0] = act("filed", complex=True)
    assert outcome(judged(facts), "INV-17") == "broken"


def test_inv_17_a_penalty_outside_the_benchmark_is_reviewed() -> None:
    assert outcome(judged(simple(SMALL, outside_reason="主动消除危害后果")), "INV-17") == "broken"


def test_inv_17_the_catalogue_of_the_day_of_the_decision_counts() -> None:
    later = Rule("review.kinds", ("P01",), rule("x.y", 0, "2026-04-04").since, "new", "catalogue", authority="210500")
    facts = simple([{"kind": "P01"}])
    assert outcome(judged(facts, rules=RULES.with_rules([later])), "INV-17") == "kept"
    facts[-1] = act("decided", penalties=[{"kind": "P01"}], decided_on="2026-04-07", occurred="2026-04-07")
    assert outcome(judged(facts, rules=RULES.with_rules([later])), "INV-17") == "broken"


def measure(**fields: Any) -> Any:
    return of_case(
        "compulsory_measure.imposed.v1", occurred="2026-03-05", imposed_at="2026-03-05 09:00", imposed_on="2026-03-05",
        ends_on="2026-04-04", urgent=False, approver=HEAD, approved_at="2026-03-04 17:00", document_hash=HASH, **fields,
    )  # fmt: skip


def test_inv_17_measures_are_reviewed_where_the_catalogue_has_them() -> None:
    facts = [act("filed"), measure()]
    rules = rulebook(review__compulsory=True)
    assert outcome(judged(facts), "INV-17") == ""
    assert outcome(judged(facts, rules=rules), "INV-17") == "broken"
    review = act("reviewed", concluded_at="2026-03-04 16:00", occurred="2026-03-04 16:00")
    assert outcome(judged([*facts, review], rules=rules), "INV-17") == "kept"


def test_inv_18_is_broken_by_a_reviewer_who_handles_the_case() -> None:
    assert outcome(judged(story(reviewed={"reviewer": LIN})), "INV-18") == "broken"


def test_inv_18_is_broken_when_the_handling_unit_reviews_itself() -> None:
    assert outcome(judged(story(reviewed={"unit": "执法科"})), "INV-18") == "broken"


@pytest.mark.parametrize(
    ("qualification", "expected"),
    [
        ({"obtained_on": "2026-03-31"}, "kept"),
        ({"obtained_on": "2026-04-02"}, "broken"),
        ({"grandfathered": True, "first_review_on": "2015-01-01"}, "kept"),
        ({"first_review_on": "2019-01-01"}, "broken"),
    ],
)
def test_inv_18_a_first_timer_needs_the_exam_and_an_old_hand_does_not(
    qualification: dict[str, Any], expected: str
) -> None:
    others = {f"certificate:{REVIEWER}": [certificate(REVIEWER, reviewer_qualification=qualification)]}
    assert outcome(judged(story(), others=others), "INV-18") == expected


def test_inv_18_without_a_register_entry_rests_on_its_absence() -> None:
    (one,) = verdicts(judged(story(), others={f"certificate:{REVIEWER}": []}), "INV-18")
    assert (one.outcome, one.absent) == ("broken", True)


def test_inv_19_is_broken_without_an_earlier_discussion() -> None:
    late = {"held_on": "2026-04-05", "occurred": "2026-04-05"}
    assert outcome(judged(story(discussed=late)), "INV-19") == "broken"
    (one,) = verdicts(judged(story(without=("discussed",))), "INV-19")
    assert (one.outcome, one.absent, one.gate) == ("broken", True, True)


@pytest.mark.parametrize(
    ("there", "away", "expected"), [(3, 2, "kept"), (2, 0, "broken"), (3, 3, "broken"), (4, 3, "kept")]
)
def test_inv_19_enough_members_take_part(there: int, away: int, expected: str) -> None:
    members = {
        "members": [f"officer-01{n:02}" for n in range(there)],
        "absent": [f"officer-02{n:02}" for n in range(away)] or None,
    }
    assert outcome(judged(story(discussed=members)), "INV-19") == expected


def test_inv_19_a_small_fine_needs_no_discussion_unless_the_violation_is_serious() -> None:
    facts = simple(SMALL)
    assert outcome(judged(facts), "INV-19") == "kept"
    facts[0] = act("filed", serious=True)
    assert outcome(judged(facts), "INV-19") == "broken"


def test_sig_09_says_how_the_review_fails() -> None:
    for facts in (
        story(until="decided", without=("reviewed",)),
        story(until="decided", reviewed={"reviewer": LIN}),
        story(until="decided", reviewed={"outcome": "rejected"}),
        story(until="decided", decided={"draft_hash": OTHER}),
    ):
        (one,) = signals(judged(facts), "SIG-09")
        assert one.severity == "serious"


def test_sig_09_is_silent_where_no_review_is_due() -> None:
    assert signals(judged(simple(SMALL)), "SIG-09") == []


def test_sig_09_waits_for_a_decision() -> None:
    assert signals(judged(story(until="discussed", without=("reviewed",))), "SIG-09") == []


def test_sig_10_sees_a_missing_discussion_and_a_small_one() -> None:
    assert len(signals(judged(story(without=("discussed",))), "SIG-10")) == 1
    assert len(signals(judged(story(discussed={"members": [HEAD]})), "SIG-10")) == 1
    assert signals(judged(story()), "SIG-10") == []
    assert signals(judged(story(until="reviewed")), "SIG-10") == []


def test_sig_10_sees_the_principal_against_the_majority_without_a_reason() -> None:
    against = {"principal_against_majority": True}
    (one,) = signals(judged(story(discussed=against)), "SIG-10")
    assert one.about.endswith(":dissent")
    assert signals(judged(story(discussed={**against, "principal_dissent_reason": "证据补强"})), "SIG-10") == []
