"""Side procedures: INV-12, INV-28, INV-37, SIG-22, SIG-30."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.support.case_acts import approved, ended, imposed, proposed
from tests.support.cases import HEAD, NUMBER, act, at, judged, of_case, outcome, signals, story, verdicts
from tests.support.vector_parts import uid


def preserved(day: str = "2026-03-04") -> Any:
    return of_case("evidence_preservation.ordered.v1", occurred=day, preservation_id=uid(80), ordered_on=day)


def disposed(day: str) -> Any:
    return of_case(
        "evidence_preservation.disposed.v1", occurred=day, preservation_id=uid(80), disposed_on=day,
        disposal="released", approver=HEAD,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ordered", "day", "expected"),
    [
        ("2026-03-04", "2026-03-13", "kept"),  # seven working days
        ("2026-03-04", "2026-03-16", "broken"),
        ("2026-02-13", "2026-03-02", "kept"),  # the spring festival lies between, and two Saturdays that are worked
        ("2026-02-13", "2026-03-03", "broken"),
        ("2021-07-12", "2021-07-20", "broken"),  # the old law: calendar days
        ("2021-07-15", "2021-07-26", "kept"),
    ],
)
def test_inv_12_disposed_within_seven_days_of_its_law(ordered: str, day: str, expected: str) -> None:
    assert outcome(judged([preserved(ordered), disposed(day)]), "INV-12") == expected


def test_inv_12_is_unknown_while_no_disposal_is_recorded() -> None:
    (one,) = verdicts(judged([preserved()]), "INV-12")
    assert (one.outcome, one.absent) == ("unknown", True)


def delivered(when: str) -> Any:
    return of_case(
        "transfer.delivered.v1", occurred=when, transfer_id=uid(81), delivered_at=when, delivered_on=when[:10],
        document_no="（示）应急移〔2026〕1号",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("decided", "handed", "expected"),
    [
        ("2026-03-09 23:59", "2026-03-10 23:58", "kept"),
        ("2026-03-10 00:00", "2026-03-10 12:00", "broken"),  # three calendar days ended at midnight
        ("2026-03-09 10:00", "2026-03-10 10:00", "kept"),
        ("2026-03-09 10:00", "2026-03-10 10:01", "broken"),
    ],
)
def test_inv_28_three_days_and_twenty_four_hours(decided: str, handed: str, expected: str) -> None:
    found = judged([proposed(), approved(decided), delivered(handed)])
    assert outcome(found, "INV-28") == expected


def test_inv_28_a_refusal_needs_its_reason() -> None:
    assert outcome(judged([proposed(), approved(approved=False)]), "INV-28") == "broken"
    assert outcome(judged([proposed(), approved(approved=False, reason="不构成犯罪")]), "INV-28") == "kept"


def test_inv_28_is_unknown_while_decision_or_delivery_are_not_recorded() -> None:
    assert outcome(judged([proposed()]), "INV-28") == "unknown"
    assert outcome(judged([proposed(), approved()]), "INV-28") == "unknown"


def test_inv_28_no_fine_instead_of_a_referral_that_is_under_way() -> None:
    facts = [*story(until="decided"), proposed(), approved(), delivered("2026-03-10 09:00")]
    fine = [one for one in verdicts(judged(facts), "INV-28") if "fine" in one.reason.en]
    assert [one.outcome for one in fine] == ["broken"]
    back = of_case("transfer.answered.v1", occurred="2026-03-20", transfer_id=uid(81), outcome="not_filed",
                   answered_on="2026-03-20")  # fmt: skip
    fine = [one for one in verdicts(judged([*facts, back]), "INV-28") if "fine" in one.reason.en]
    assert [one.outcome for one in fine] == ["kept"]


def test_sig_22_opens_when_the_days_for_deciding_are_over() -> None:
    (one,) = signals(judged([proposed()]), "SIG-22")
    assert (one.opens, one.absent) == (at("2026-03-10 00:00"), True)
    (two,) = signals(judged([proposed(), approved()]), "SIG-22")
    assert two.opens == at("2026-03-10 10:00")
    assert signals(judged([proposed(), approved(), delivered("2026-03-10 09:00")]), "SIG-22") == []


def test_sig_22_prompts_where_casualties_reach_a_threshold_and_nobody_proposed_a_referral() -> None:
    assert len(signals(judged([act("filed", deaths=1)]), "SIG-22")) == 1
    assert len(signals(judged([act("filed", suspected_crime=True)]), "SIG-22")) == 1
    assert signals(judged([act("filed", deaths=0, injured=2)]), "SIG-22") == []
    done = [act("filed", deaths=1), proposed(), approved(), delivered("2026-03-10 09:00")]
    assert signals(judged(done), "SIG-22") == []


def test_sig_22_sees_a_reviewers_hint_without_a_referral() -> None:
    hint = {"items": [{"item": "crime_referral", "answer": "problem"}]}
    (one,) = signals(judged(story(reviewed=hint)), "SIG-22")
    assert one.absent


TESTED = {"start": datetime.date(2026, 3, 10), "end": datetime.date(2026, 3, 14)}


def reported(when: str, **fields: Any) -> Any:
    return of_case(
        "compulsory_measure.reported.v1",
        occurred=when,
        measure_id=uid(82),
        reported_at=when,
        reported_to=HEAD,
        **fields,
    )


def test_inv_37_approval_comes_before() -> None:
    assert outcome(judged([imposed()]), "INV-37") == "kept"
    assert outcome(judged([imposed(approved_at="2026-03-05 10:01")]), "INV-37") == "broken"
    (one,) = verdicts(judged([imposed(approver=None, approved_at=None)]), "INV-37")
    assert (one.outcome, one.absent, one.gate) == ("broken", True, True)


@pytest.mark.parametrize(("when", "expected"), [("2026-03-06 10:00", "kept"), ("2026-03-06 10:01", "broken")])
def test_inv_37_an_urgent_measure_is_reported_within_a_day(when: str, expected: str) -> None:
    urgent = imposed(urgent=True, approver=None, approved_at=None)
    assert outcome(judged([urgent, reported(when)]), "INV-37") == expected


def test_inv_37_an_urgent_measure_without_a_report_rests_on_its_absence() -> None:
    (one,) = verdicts(judged([imposed(urgent=True, approver=None, approved_at=None)]), "INV-37")
    assert (one.outcome, one.absent) == ("broken", True)


def test_inv_37_what_the_head_refused_is_lifted() -> None:
    facts = [imposed(urgent=True, approver=None, approved_at=None), reported("2026-03-05 12:00", approved=False)]
    assert outcome(judged(facts), "INV-37") == "broken"
    assert outcome(judged([*facts, ended("2026-03-05")]), "INV-37") == "kept"


def test_inv_37_a_measure_cannot_be_entrusted() -> None:
    capacity = {"kind": "entrusted", "entrusting_agency": "示例市应急管理局", "entrustment_id": "委1"}
    assert outcome(judged([imposed(acting_capacity=capacity)]), "INV-37") == "broken"


def about(found: Any) -> list[str]:
    return [one.about.partition(":")[2] for one in signals(found, "SIG-30")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"approver": None, "approved_at": None}, ["approval"]),
        ({"items": None}, ["list"]),
        ({"list_delivered": False}, ["list"]),
        ({"imposed_at": "2026-03-05 21:59"}, []),
        ({"imposed_at": "2026-03-05 22:00"}, ["night"]),
        ({"imposed_at": "2026-03-05 05:59", "approved_at": "2026-03-05 05:00"}, ["night"]),
        ({"imposed_at": "2026-03-05 06:00", "approved_at": "2026-03-05 05:00"}, []),
        ({"ends_on": "2026-04-05"}, ["too_long"]),
        ({"suspension_for_test": [TESTED], "ends_on": "2026-04-09"}, []),
        ({"suspension_for_test": [TESTED], "ends_on": "2026-04-10"}, ["too_long"]),
    ],
)
def test_sig_30_sees_what_is_wrong_with_a_measure(fields: dict[str, Any], expected: list[str]) -> None:
    assert about(judged([imposed(**fields), ended("2026-04-03")])) == expected


def test_sig_30_opens_when_a_measure_should_have_been_lifted() -> None:
    (one,) = signals(judged([imposed()]), "SIG-30")
    assert (one.opens, one.absent) == (at("2026-04-05 00:00"), True)
    assert about(judged([imposed(), ended("2026-04-04")])) == []
    assert about(judged([imposed(), ended("2026-04-05")])) == ["not_lifted"]


def test_sig_30_an_extension_gives_thirty_days_more_once() -> None:
    more = of_case(
        "compulsory_measure.extended.v1", occurred="2026-04-01", measure_id=uid(82), ends_on="2026-05-04",
        reason="情况复杂", decided_on="2026-04-01", approver=HEAD, suspension_for_test=None,
    )  # fmt: skip
    assert about(judged([imposed(), more, ended("2026-05-04")])) == []
    assert about(judged([imposed(), more, ended("2026-05-05")])) == ["not_lifted"]


def cut(**fields: Any) -> Any:
    return of_case(
        "power_cut.ordered.v1",
        **{
            "occurred": "2026-03-05 09:00", "power_cut_id": uid(83), "noticed_at": "2026-03-05 09:00",
            "starts_at": "2026-03-06 09:00", "urgent": False, "principal": True, "decided_on": "2026-03-05",
            "approver": HEAD, **fields,
        },
    )  # fmt: skip


def test_sig_30_a_power_cut_needs_the_principal_head_and_a_day_of_notice() -> None:
    assert about(judged([cut()])) == []
    assert about(judged([cut(principal=False)])) == ["principal"]
    assert about(judged([cut(starts_at="2026-03-06 08:59")])) == ["notice"]
    assert about(judged([cut(noticed_at=None)])) == ["notice"]
    assert about(judged([cut(noticed_at=None, urgent=True)])) == []


def test_the_page_shows_where_each_side_procedure_stands() -> None:
    side = judged([*story(), preserved(), disposed("2026-03-09"), imposed(), cut(), proposed()]).page["side"]
    stands = {(one["kind"], one["stage"], one["open"]) for one in side}
    assert stands >= {
        ("preservation", "disposed", False),
        ("measure", "imposed", True),
        ("power_cut", "cut", True),
        ("transfer", "proposed", True),
        ("hearing", "held", False),
        ("review", "concluded", False),
    }
    assert NUMBER
