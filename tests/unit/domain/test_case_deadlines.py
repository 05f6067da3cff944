"""The deadlines of a case: when each starts, ends, is met, stands still, is cancelled, and who is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cases import HEAD, LIN, NUMBER, ZHAO, act, at, judged, of_case, story
from tests.support.vector_parts import uid


def lines(found: Any) -> dict[str, tuple[str | None, bool, bool]]:
    """Rule and variant -> (last day, met, cancelled)."""
    return {
        one.rule + (f":{one.about.partition('/')[2]}" if "/" in one.about else ""): (
            one.last_day,
            one.met is not None,
            one.cancelled,
        )
        for one in found.deadlines
    }


def test_a_lawful_case_meets_every_deadline_in_time() -> None:
    found = judged(story())
    assert lines(found) == {
        "DL-01": ("2026-06-01", True, False),
        "DL-02": ("2026-03-19", True, False),
        "DL-05": ("2026-04-15", True, False),
        "DL-06": ("2026-04-23", True, False),
        "DL-08": ("2026-06-08", False, False),
        "DL-08:suit": ("2026-10-08", False, False),
        "DL-10": ("2027-01-08", False, True),
        "DL-11": ("2026-04-15", True, False),
    }
    assert all(one.met is None or one.met < one.due for one in found.deadlines)


def test_the_handlers_are_told_and_after_a_change_the_new_ones() -> None:
    assert {one.officers for one in judged(story()).deadlines} == {(LIN, ZHAO)}
    change = of_case(
        "case.handlers_changed.v1", occurred="2026-03-05", handlers=["officer-0040", "officer-0041"],
        changed_on="2026-03-05", reason="调整", approver=HEAD, removed=None,
    )  # fmt: skip
    found = judged([*story(until="decided"), change])
    assert {one.officers for one in found.deadlines} == {("officer-0040", "officer-0041")}


def test_a_deadline_names_its_act_and_rests_on_an_absence_until_it_is_met() -> None:
    facts = story(until="decided")
    (one,) = [one for one in judged(facts).deadlines if one.rule == "DL-11"]
    assert one.about == facts[-1].id.hex()
    assert (one.met, one.absent) == (None, True)


def test_a_hearing_notice_gives_the_earliest_day_until_the_hearing_took_place() -> None:
    assert lines(judged(story(until="hearing_notice")))["DL-03"] == ("2026-03-26", False, False)
    assert "DL-03" not in lines(judged(story(until="held")))


def test_a_waiver_ends_the_period_to_ask_for_a_hearing() -> None:
    waiver = of_case(
        "hearing.withdrawn.v1", occurred="2026-03-13", withdrawn_on="2026-03-13", waived=True, document_hash=bytes(32)
    )
    assert lines(judged([*story(until="hearing_right"), waiver]))["DL-02"] == ("2026-03-19", False, True)


def test_an_open_suspension_stops_the_clock_and_its_end_shows_what_it_was() -> None:
    stopped = of_case(
        "case.suspended.v1", occurred="2026-03-20", ground="appraisal", suspended_on="2026-03-20", reason="鉴定",
        approver=HEAD, basis_event=None,
    )  # fmt: skip
    (open_one,) = [one for one in judged([act("filed"), stopped]).deadlines if one.rule == "DL-01"]
    assert open_one.last_day is None
    assert [old.due for old in open_one.earlier] == [at("2026-06-02 00:00")]
    resumed = of_case(
        "case.resumed.v1", occurred="2026-04-09", resumed_on="2026-04-09", suspension=stopped.id, approver=HEAD
    )
    (ended,) = [one for one in judged([act("filed"), stopped, resumed]).deadlines if one.rule == "DL-01"]
    assert ended.last_day == "2026-06-22"  # twenty days more; 20 June is a Saturday of a holiday


def test_an_appraisal_stops_the_clock_between_commission_and_report() -> None:
    asked = of_case(
        "appraisal.commissioned.v1", occurred="2026-03-10", appraisal_id=uid(88), commissioned_on="2026-03-10"
    )
    got = of_case("appraisal.received.v1", occurred="2026-03-20", appraisal_id=uid(88), received_on="2026-03-20")
    (one,) = [one for one in judged([act("filed"), asked, got]).deadlines if one.rule == "DL-01"]
    assert one.last_day == "2026-06-10"  # ten days more than 31 May


@pytest.mark.parametrize("effect", ["revoked", "invalid"])
def test_a_revoked_decision_cancels_what_was_still_due(effect: str) -> None:
    gone = of_case(
        "decision.altered.v1", occurred="2026-04-13", target_document_no=NUMBER, by="court", effect=effect,
        effective_on="2026-04-13",
    )  # fmt: skip
    found = lines(judged([*story(until="published"), gone]))
    assert found["DL-06"] == ("2026-04-23", False, True)
    assert found["DL-08"][2]
    assert found["DL-10"][2]
    assert found["DL-13"] == ("2026-04-16", False, False)
    assert found["DL-11"] == ("2026-04-15", True, False)


def test_a_reconsideration_gives_fifteen_days_to_sue_from_its_service() -> None:
    opened = of_case("reconsideration.opened.v1", occurred="2026-05-06", remedy_id=uid(85), document_no=NUMBER,
                     opened_on="2026-05-06", applied_on=None)  # fmt: skip
    closed = of_case("reconsideration.closed.v1", occurred="2026-06-10", remedy_id=uid(85), outcome="upheld",
                     closed_on="2026-06-10", served_on="2026-06-12")  # fmt: skip
    found = lines(judged([*story(until="served"), opened, closed]))
    assert found["DL-08:after"][0] == "2026-06-29"
    assert found["DL-08"][1]
    assert "DL-08:suit" not in found


def test_a_remedy_that_was_not_told_gives_a_year() -> None:
    found = lines(judged(story(until="served", decided={"remedies_text": None})))
    assert found["DL-08:untold"][0] == "2027-04-08"
    assert "DL-08" not in found


def test_a_demand_gives_the_earliest_day_of_the_application() -> None:
    asked = of_case("enforcement_demand.served.v1", occurred="2026-10-20", decision_no=NUMBER, served_on="2026-10-20",
                    method="direct")  # fmt: skip
    assert lines(judged([*story(until="served"), asked]))["DL-09"] == ("2026-11-03", False, False)


def test_no_penalty_is_published_within_twenty_working_days() -> None:
    free = of_case(
        "case.no_penalty_decided.v1", occurred="2026-04-03", document_no="（示）应急不罚〔2026〕1号",
        decided_on="2026-04-03", ground="unproved", facts="证据不足", bases=["行政处罚法 第五十七条"], approver=HEAD,
    )  # fmt: skip
    found = lines(judged([act("filed"), free]))
    assert found["DL-12"][0] == "2026-05-07"
    assert found["DL-05"] == ("2026-04-15", False, False)
    assert found["DL-01"][1]


def test_a_preservation_a_measure_and_a_referral_have_their_own() -> None:
    facts = [
        act("filed"),
        of_case("evidence_preservation.ordered.v1", occurred="2026-03-04", preservation_id=uid(80),
                ordered_on="2026-03-04"),
        of_case(
            "compulsory_measure.imposed.v1", occurred="2026-03-05 10:00", measure_id=uid(82), kind="seal",
            imposed_at="2026-03-05 10:00", imposed_on="2026-03-05", ends_on="2026-04-04", urgent=True,
        ),
        of_case("transfer.proposed.v1", occurred="2026-03-06", transfer_id=uid(81), kind="crime",
                reported_on="2026-03-06"),
        of_case("transfer.decided.v1", occurred="2026-03-09 10:00", transfer_id=uid(81), approved=True,
                decided_at="2026-03-09 10:00", decided_on="2026-03-09", decided_by=HEAD, reason=None),
    ]  # fmt: skip
    found = judged(facts)
    known = lines(found)
    assert known["DL-04"] == ("2026-03-13", False, False)
    assert known["DL-14"] == ("2026-04-04", False, False)
    assert known["DL-16"] == ("2026-03-09", True, False)
    hours = {one.rule: one.due for one in found.deadlines if one.last_day is None}
    assert hours == {"DL-15": at("2026-03-06 10:00"), "DL-17": at("2026-03-10 10:00")}


def test_beyond_the_last_published_year_a_deadline_is_provisional() -> None:
    far = judged([act("decided", decided_on="2031-03-03", occurred="2031-03-03")])
    assert {one.provisional for one in far.deadlines if one.rule == "DL-11"} == {True}
