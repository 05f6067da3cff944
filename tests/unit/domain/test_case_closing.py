"""Disclosure, closing, archive, stalled cases: INV-29, INV-31, INV-32, INV-39, SIG-21, SIG-29."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cases import HEAD, LIN, NUMBER, ZHAO, act, at, judged, of_case, outcome, signals, story, verdicts
from tests.support.vector_parts import uid


@pytest.mark.parametrize(
    ("decided", "day", "expected"),
    [
        ("2026-04-03", "2026-04-15", "kept"),  # seven working days from the decision, not from the service
        ("2026-04-03", "2026-04-16", "broken"),
        ("2026-02-13", "2026-03-02", "kept"),  # a Friday before a holiday week, with days worked in exchange
        ("2026-02-13", "2026-03-03", "broken"),
    ],
)
def test_inv_29_published_within_seven_working_days(decided: str, day: str, expected: str) -> None:
    facts = [act("decided", decided_on=decided, occurred=decided), act("published", published_on=day, occurred=day)]
    assert outcome(judged(facts), "INV-29") == expected


def test_inv_29_is_unknown_while_no_disclosure_is_recorded() -> None:
    (one,) = verdicts(judged([act("decided")]), "INV-29")
    assert (one.outcome, one.absent) == ("unknown", True)


def altered(day: str = "2026-05-08", effect: str = "revoked", **fields: Any) -> Any:
    return of_case(
        "decision.altered.v1", occurred=day, target_document_no=NUMBER, by="reconsideration", effect=effect,
        effective_on=day, id=uid(86), **fields,
    )  # fmt: skip


def withdrawn(day: str, **fields: Any) -> Any:
    return of_case(
        "disclosure.withdrawn.v1",
        **{"occurred": day, "record_id": uid(72), "withdrawn_on": day, "ground": "altered", "reason": "决定被撤销",
           "alteration": uid(86), "approver": HEAD, **fields},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-05-12", "kept"),  # Saturday 9 May is worked in exchange for the May holiday
        ("2026-05-13", "broken"),
    ],
)
def test_inv_29_withdrawn_within_three_working_days_of_the_alteration(day: str, expected: str) -> None:
    found = judged([*story(until="published"), altered("2026-05-08"), withdrawn(day)])
    (one,) = [one for one in verdicts(found, "INV-29") if one.about == uid(86).hex()]
    assert one.outcome == expected


def test_inv_29_a_withdrawal_that_is_not_recorded_is_unknown_and_an_unpublished_decision_needs_none() -> None:
    found = judged([*story(until="published"), altered()])
    assert {one.outcome for one in verdicts(found, "INV-29")} == {"kept", "unknown"}
    early = judged([*story(until="decided"), altered("2026-04-07")])
    assert {one.outcome for one in verdicts(early, "INV-29")} == {"kept"}


def test_inv_29_publishing_what_was_revoked_is_a_fault() -> None:
    facts = [*story(until="decided"), altered("2026-04-07"), act("published")]
    assert "broken" in {one.outcome for one in verdicts(judged(facts), "INV-29")}


def test_inv_31_executed_means_paid_in_full() -> None:
    assert outcome(judged(story()), "INV-31") == "kept"
    part = verdicts(judged(story(until="closed", paid={"amount_fen": 5_999_999})), "INV-31")
    assert [(one.outcome, one.absent, one.gate) for one in part] == [("broken", True, True)]


def test_inv_31_hazards_that_were_ordered_to_be_corrected_are_verified() -> None:
    order = of_case("rectification.ordered.v1", occurred="2026-03-05", hazard_ids=[uid(87)], deadline="2026-03-20")
    again = of_case(
        "reinspection.concluded.v1", occurred="2026-03-21", results=[{"hazard_id": uid(87), "outcome": "corrected"}]
    )
    facts = story(until="closed")
    assert outcome(judged([*facts, order]), "INV-31") == "broken"
    assert outcome(judged([*facts, order, again]), "INV-31") == "kept"
    said = story(until="closed", closed={"correction_verified": True})
    assert outcome(judged([*said, order]), "INV-31") == "kept"


@pytest.mark.parametrize("ground", ["no_penalty", "transferred", "revoked"])
def test_inv_31_other_grounds_rest_on_their_own_decision(ground: str) -> None:
    facts = [act("filed"), act("closed", ground=ground)]
    assert outcome(judged(facts), "INV-31") == "broken"


def no_penalty(**fields: Any) -> Any:
    return of_case(
        "case.no_penalty_decided.v1",
        **{"occurred": "2026-04-03", "document_no": "（示）应急不罚〔2026〕1号", "decided_on": "2026-04-03",
           "ground": "unproved", "facts": "证据不足", "bases": ["行政处罚法 第五十七条"], "approver": HEAD, **fields},
    )  # fmt: skip


def test_inv_31_no_penalty_and_revocation_close_a_case() -> None:
    assert outcome(judged([act("filed"), no_penalty(), act("closed", ground="no_penalty")]), "INV-31") == "kept"
    gone = [*story(until="served"), altered("2026-04-10"), act("closed", ground="revoked")]
    assert outcome(judged(gone), "INV-31") == "kept"


def test_inv_31_another_ground_is_explained() -> None:
    assert outcome(judged([act("filed"), act("closed", ground="other")]), "INV-31") == "broken"
    assert outcome(judged([act("filed"), act("closed", ground="other", reason="当事人死亡")]), "INV-31") == "kept"


def test_inv_31_only_a_closed_case_is_archived() -> None:
    (one,) = [one for one in verdicts(judged(story(without=("closed",))), "INV-31") if "archived" in one.reason.en]
    assert (one.outcome, one.absent) == ("broken", True)


def test_inv_32_after_archiving_nothing_is_added() -> None:
    late = of_case("evidence.captured.v1", occurred="2026-05-01", kind="photo", description="补拍")
    assert outcome(judged([*story(), late]), "INV-32") == "broken"
    assert outcome(judged([*story(), altered("2026-05-08"), withdrawn("2026-05-11")]), "INV-32") == "kept"


def test_inv_32_the_hashes_of_the_volumes_stay() -> None:
    again = act("archived", occurred="2026-05-01")
    assert outcome(judged([*story(), again]), "INV-32") == "kept"
    other = [{"name": "main", "number": 1, "sha256": bytes(32)}]
    changed = act("archived", occurred="2026-05-01", volume_hashes=other)
    assert "broken" in {one.outcome for one in verdicts(judged([*story(), changed]), "INV-32")}


def test_inv_32_says_nothing_before_the_archive() -> None:
    assert verdicts(judged(story(until="closed")), "INV-32") == []


def test_inv_39_speaks_where_a_value_was_replaced() -> None:
    assert outcome(judged(story()), "INV-39") == ""
    deferred = of_case(
        "fine_deferral.decided.v1", occurred="2026-04-20", decision_no=NUMBER, granted=True, until="2026-06-30",
        decided_on="2026-04-20", approver=HEAD, instalments=None,
    )  # fmt: skip
    found = judged([*story(until="served"), deferred])
    assert outcome(found, "INV-39") == "kept"
    (paying,) = found.page["clocks"]["paying"]
    assert (paying["last_day"], [old["due"] for old in paying["earlier"]]) == ("2026-06-30", [at("2026-04-24 00:00")])


def test_sig_21_no_penalty_for_a_minor_violation_rests_on_a_passed_reinspection() -> None:
    assert len(signals(judged([act("filed"), no_penalty(ground="minor_corrected")]), "SIG-21")) == 1
    again = of_case(
        "reinspection.concluded.v1", occurred="2026-03-21", results=[{"hazard_id": uid(87), "outcome": "corrected"}]
    )
    assert signals(judged([act("filed"), again, no_penalty(ground="minor_corrected")]), "SIG-21") == []


def test_sig_21_is_silent_where_nothing_was_proved_and_while_nothing_is_decided() -> None:
    assert signals(judged([act("filed"), no_penalty()]), "SIG-21") == []
    assert signals(judged([act("filed")]), "SIG-21") == []


def test_sig_29_opens_thirty_days_after_the_last_act_and_at_the_end_of_the_period() -> None:
    found = {one.about: one for one in signals(judged(story(until="notice")), "SIG-29")}
    assert found["stalled"].opens == at("2026-04-12 00:00")
    assert found["over_age"].opens == at("2026-06-02 00:00")
    assert all(one.absent and one.officers == (LIN, ZHAO) for one in found.values())


def test_sig_29_goes_with_the_next_act_and_with_the_decision() -> None:
    later = {one.about: one for one in signals(judged(story(until="held")), "SIG-29")}
    assert later["stalled"].opens == at("2026-04-30 00:00")
    assert signals(judged(story(until="decided")), "SIG-29") == []


def test_sig_29_does_not_call_a_suspended_case_stalled() -> None:
    stopped = of_case("case.suspended.v1", occurred="2026-03-12", ground="force_majeure", suspended_on="2026-03-12",
                      reason="洪水", approver=HEAD, basis_event=None)  # fmt: skip
    assert signals(judged([act("filed"), stopped]), "SIG-29") == []


def test_sig_29_sees_a_case_closed_with_nothing() -> None:
    assert len(signals(judged([act("filed"), act("closed", ground="terminated")]), "SIG-29")) == 1
    given = act("closed", ground="terminated", reason="当事人注销")
    assert signals(judged([act("filed"), given]), "SIG-29") == []
