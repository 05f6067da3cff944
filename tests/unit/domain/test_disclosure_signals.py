"""SIG-23: not published, late, after the revocation, not taken back; and an approval not to publish."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from domain.workdays import end_of
from tests.support.cases import HEAD, LIN, NUMBER, act, at, judged, of_case, outcome, signals, story, verdicts
from tests.support.vector_parts import uid

DUE = end_of(datetime.date(2026, 4, 15))
"""Seven working days after 3 April 2026: Monday 6 April is the holiday of that year."""


def altered(day: str = "2026-05-08", effect: str = "revoked", **fields: Any) -> Any:
    return of_case(
        "decision.altered.v1", occurred=day, target_document_no=NUMBER, by="reconsideration", effect=effect,
        effective_on=day, id=uid(86), **fields,
    )  # fmt: skip


def withheld(**fields: Any) -> Any:
    return of_case(
        "disclosure.withheld.v1",
        **{"occurred": "2026-04-07", "record_id": uid(72), "document_no": NUMBER, "ground": "secrecy",
           "reason": "涉及国家秘密", "withheld_on": "2026-04-07", "prepared_by": LIN, "approver": HEAD, **fields},
    )  # fmt: skip


def expired(day: str) -> Any:
    return of_case(
        "disclosure.expired.v1", occurred=day, record_id=uid(72), until="2026-05-01", expired_on=day,
        snapshot_hash=bytes(32), position=1,
    )  # fmt: skip


def test_sig_23_stands_from_the_end_of_the_seven_days_until_it_is_published() -> None:
    facts = story(until="served")
    decision = next(one.id.hex() for one in facts if one.type == "penalty.decided.v1")
    (one,) = signals(judged(facts), "SIG-23")
    assert (one.opens, one.severity, one.about) == (DUE, "serious", decision)
    late = act("published", published_on="2026-04-16", occurred="2026-04-16")
    (told,) = signals(judged([*story(until="served"), late]), "SIG-23")
    assert (told.opens, told.absent) == (DUE, False)
    assert "2026-04-16" in told.reason.en


def test_sig_23_is_silent_where_it_was_published_in_time_or_withheld_with_approval() -> None:
    assert signals(judged(story(until="published")), "SIG-23") == []
    on_the_last_day = act("published", published_on="2026-04-15", occurred="2026-04-15")
    assert signals(judged([*story(until="served"), on_the_last_day]), "SIG-23") == []
    assert signals(judged([*story(until="served"), withheld()]), "SIG-23") == []
    other = withheld(document_no="（示）应急罚〔2026〕8号")
    assert len(signals(judged([*story(until="served"), other]), "SIG-23")) == 1


def test_sig_23_rests_on_nothing_being_recorded_while_nothing_is() -> None:
    (one,) = signals(judged(story(until="decided")), "SIG-23")
    assert one.absent, "while a terminal still holds records this is undecided"
    assert signals(judged(story(until="discussed")), "SIG-23") == []


@pytest.mark.parametrize(("day", "stands"), [("2026-05-12", False), ("2026-05-13", True)])
def test_sig_23_sees_a_withdrawal_that_came_after_three_working_days(day: str, stands: bool) -> None:
    taken = of_case(
        "disclosure.withdrawn.v1", occurred=day, record_id=uid(72), withdrawn_on=day, ground="altered",
        reason="决定被撤销", alteration=uid(86), approver=HEAD,
    )  # fmt: skip
    found = signals(judged([*story(until="published"), altered(), taken]), "SIG-23")
    assert [one.absent for one in found] == ([False] if stands else [])


def test_sig_23_sees_what_was_never_withdrawn_and_what_was_published_after_its_revocation() -> None:
    (left,) = signals(judged([*story(until="published"), altered()]), "SIG-23")
    assert (left.absent, left.opens) == (True, end_of(datetime.date(2026, 5, 12)))
    (wrong,) = signals(judged([*story(until="decided"), altered("2026-04-07"), act("published")]), "SIG-23")
    assert wrong.opens == at("2026-04-09")
    assert signals(judged([*story(until="decided"), altered("2026-04-07")]), "SIG-23") == []


def test_what_had_expired_before_the_alteration_needs_no_withdrawal() -> None:
    found = judged([*story(until="published"), expired("2026-05-02"), altered()])
    assert signals(found, "SIG-23") == []
    assert {one.outcome for one in verdicts(found, "INV-29")} == {"kept"}


def test_an_approval_not_to_publish_ends_the_period_and_keeps_inv_29() -> None:
    found = judged([*story(until="served"), withheld()])
    assert outcome(found, "INV-29") == "kept"
    (deadline,) = [one for one in found.deadlines if one.rule == "DL-11"]
    assert deadline.cancelled


def test_a_correction_is_held_against_the_list_of_its_feed() -> None:
    def corrected(*codes: str) -> Any:
        return of_case(
            "disclosure.corrected.v1", occurred="2026-04-20", record_id=uid(72), corrected_on="2026-04-20",
            fields=[{"code": one} for one in codes], reason="更正", approver=HEAD,
        )  # fmt: skip

    for codes, expected in ((("CF_SY",), "kept"), (("CF_SY", "CF_XDR_ZJHM"), "broken")):
        correction = corrected(*codes)
        assert outcome(judged([*story(until="published"), correction]), "INV-30", correction) == expected
