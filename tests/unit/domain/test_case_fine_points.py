"""Fine points of a case where a rule that is read too simply calls the lawful unlawful, or lets the unlawful pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.case_acts import (
    applied,
    approved,
    demand,
    ended,
    imposed,
    lines,
    other_case,
    paid,
    proposed,
    spot,
    with_dossier,
)
from tests.support.cases import (
    ENTERPRISE,
    FINE,
    HEAD,
    LIN,
    PARTY,
    ZHAO,
    act,
    at,
    judged,
    of_case,
    outcome,
    signals,
    story,
    verdicts,
)
from tests.support.facts import fact, rulebook
from tests.support.vector_parts import HAZARD, digest, uid


def test_inv_28_the_three_days_of_a_referral_are_not_moved_by_a_day_of_rest() -> None:
    facts = [proposed(occurred="2026-03-11", reported_on="2026-03-11"), approved("2026-03-16 10:00")]
    found = judged(facts)  # the third day is a Saturday
    (period,) = [one for one in found.deadlines if one.rule == "DL-16"]
    assert period.last_day == "2026-03-14"
    assert outcome(found, "INV-28") == "broken"
    assert {one.opens for one in signals(found, "SIG-22") if one.about.endswith("decision")} == {at("2026-03-15 00:00")}


def test_inv_13_a_notice_cannot_cut_the_period_for_a_defence_short() -> None:
    short = {"defence_until": "2026-03-12"}
    early = {"decided_on": "2026-03-13", "occurred": "2026-03-13 17:00"}
    facts = story(until="decided", without=("defence",), notice=short, decided=early)
    assert outcome(judged(facts), "INV-13") == "broken"
    longer = {"notice": {"defence_until": "2026-04-10"}}
    assert outcome(judged(story(until="decided", without=("defence",), **longer)), "INV-13") == "broken"


def given_up(day: str) -> Any:
    return of_case("hearing.withdrawn.v1", occurred=day, withdrawn_on=day, waived=True)


def test_inv_14_nobody_gives_up_a_hearing_before_being_told_of_it() -> None:
    soon = {"decided_on": "2026-03-16", "occurred": "2026-03-16"}
    facts = story(until="decided", without=("requested", "hearing_notice", "held", "hearing_film"), decided=soon)
    assert outcome(judged([*facts, given_up("2026-03-13")]), "INV-14") == "kept"
    assert outcome(judged([*facts, given_up("2026-03-11")]), "INV-14") == "broken"


def test_sig_08_a_signed_waiver_makes_one_day_far_less_odd() -> None:
    waiver = {"waived": True, "waived_document": digest("waiver"), "content_hash": None, "occurred": "2026-03-12 10:00"}
    small = lines("P03", fen=100_000)
    day = {"decided_on": "2026-03-12", "occurred": "2026-03-12 16:00", "penalties": small}
    without = ("hearing_right", "requested", "hearing_notice", "held", "hearing_film")
    told = {"intended": small}
    facts = story(until="decided", without=without, notice=told, defence=waiver, decided=day)
    assert [one.score for one in signals(judged(facts), "SIG-08")] == [20]
    heard = story(until="decided", without=without, notice=told, defence={"occurred": "2026-03-12 10:00"}, decided=day)
    assert [one.score for one in signals(judged(heard), "SIG-08")] == [60]


def test_inv_26_a_late_fine_that_accrued_may_be_paid_without_a_decision_of_its_own() -> None:
    facts = [*story(until="served"), paid(6_000_000, "2026-04-28")]
    accrued = paid(900_000, "2026-04-28", towards="late_fine")  # five days at three per cent
    assert outcome(judged([*facts, accrued]), "INV-26") == "kept"
    more = paid(900_100, "2026-04-28", towards="late_fine")
    assert outcome(judged([*facts, more]), "INV-26") == "broken"


def test_inv_27_a_party_that_was_not_told_has_a_year_for_its_remedy() -> None:
    facts = [*story(until="served", decided={"remedies_text": None}), demand("2026-10-20")]
    assert outcome(judged([*facts, applied("2026-11-10")]), "INV-27") == "broken"
    assert outcome(judged([*facts, demand("2027-03-20"), applied("2027-04-20")]), "INV-27") == "kept"


def test_inv_24_what_goes_on_after_a_fine_is_a_new_violation() -> None:
    hazards = {"hazard_ids": [HAZARD]}
    earlier = other_case("2026-01-20", violation_on="2025-12-10", **hazards)
    again = with_dossier(*earlier, filed=hazards)  # the violation of 10 February, on the hazard fined in January
    assert outcome(again, "INV-24") == "kept"
    known = other_case("2026-03-20", violation_on="2025-12-10", **hazards)
    assert outcome(with_dossier(*known, filed=hazards), "INV-24") == "broken"


def test_sig_20_sees_a_second_fine_on_the_spot() -> None:
    first = fact(
        "on_spot_penalty.decided.v1",
        {**_fields(spot(violation_id=uid(91), decided_on="2026-03-04")), "case_id": uid(90)},
        occurred="2026-03-04 10:00",
    )
    found = judged([spot(violation_id=uid(91))], others={f"enterprise:{ENTERPRISE}": [first]})
    assert outcome(found, "INV-24") == "broken"
    assert "twice" in [one.about.partition(":")[2] for one in signals(found, "SIG-20")]


def _fields(one: Any) -> dict[str, Any]:
    body = one.body
    return {
        "document_no": "（示）应急当罚〔2026〕2号", "party": PARTY,
        "facts": body.facts, "clauses": list(body.clauses), "bases": list(body.bases), "kinds": list(body.kinds),
        "amount_fen": int(body.amount_fen), "decided_at": body.decided_at, "decided_on": body.decided_on.isoformat(),
        "officers": [LIN, ZHAO], "delivered": True, "refused": False, "remedies_text": "应当先复议",
        "violation_id": body.violation_id,
    }  # fmt: skip


def test_sig_26_closure_and_detention_are_chosen_by_nobody_here() -> None:
    (one,) = signals(judged(story(decided={"penalties": [*FINE, {"kind": "P11"}]})), "SIG-26")
    assert "责令关闭" in one.reason.zh
    assert signals(judged(story()), "SIG-26") == []


def test_inv_32_a_record_that_is_made_after_archiving_and_dated_before_it_touches_the_case() -> None:
    old = of_case("interview.recorded.v1", interviewers=[LIN, ZHAO], start="2026-03-05 09:00", end="2026-03-05 10:00",
                  occurred="2026-03-05", captured="2026-05-20 09:00", received="2026-05-20 09:01")  # fmt: skip
    assert outcome(judged([*story(), old]), "INV-32") == "broken"
    late_upload = of_case("interview.recorded.v1", interviewers=[LIN, ZHAO], start="2026-03-05 09:00",
                          end="2026-03-05 10:00", occurred="2026-03-05", received="2026-05-20 09:01")  # fmt: skip
    assert outcome(judged([*story(), late_upload]), "INV-32") == "kept"  # made in time, and uploaded late: SIG-03


def test_sig_29_a_case_that_ran_over_its_period_does_not_get_younger_by_being_closed() -> None:
    late_one = {"decided_on": "2026-07-20", "occurred": "2026-07-20"}
    facts = story(until="decided", decided=late_one)
    closed = act("closed", occurred="2026-08-20")
    assert [one.about for one in signals(judged(facts), "SIG-29")] == ["over_age"]
    assert [one.about for one in signals(judged([*facts, closed]), "SIG-29")] == ["over_age"]
    idle = [act("filed"), act("closed", occurred="2026-08-20", ground="terminated", reason="当事人死亡")]
    assert [one.about for one in signals(judged(idle), "SIG-29")] == ["over_age"]
    in_time = [act("filed"), act("closed", occurred="2026-03-20", ground="terminated", reason="当事人死亡")]
    assert signals(judged(in_time), "SIG-29") == []


def extended(day: str, ends_on: str = "2026-05-04") -> Any:
    return of_case(
        "compulsory_measure.extended.v1", occurred=day, measure_id=uid(82), ends_on=ends_on, reason="情况复杂",
        decided_on=day, approver=HEAD, suspension_for_test=None,
    )  # fmt: skip


def left(*facts: Any) -> list[str]:
    return [one.about.partition(":")[2] for one in signals(judged(facts), "SIG-30")]


def test_dl_14_an_extension_after_the_end_gives_no_day_more() -> None:
    assert left(imposed(), extended("2026-04-10"), ended("2026-05-04")) == ["not_lifted"]
    (one,) = [one for one in judged([imposed(), extended("2026-04-10")]).deadlines if one.rule == "DL-14"]
    assert one.last_day == "2026-04-04"


def test_dl_14_a_decision_that_states_a_shorter_period_ends_with_it() -> None:
    short = imposed(ends_on="2026-03-20")
    (one,) = [one for one in judged([short]).deadlines if one.rule == "DL-14"]
    assert one.last_day == "2026-03-20"
    assert left(short, ended("2026-03-20")) == []
    assert left(short, ended("2026-03-25")) == ["not_lifted"]
    more = extended("2026-03-18", "2026-04-10")
    assert left(short, more, ended("2026-04-10")) == []
    assert left(short, more, ended("2026-04-11")) == ["not_lifted"]


def test_inv_38_an_entrustment_without_a_stated_period_is_not_taken_for_valid() -> None:
    capacity = {"kind": "entrusted", "entrusting_agency": "示例市应急管理局", "entrustment_id": "委1"}
    (one,) = verdicts(judged([act("defence", acting_capacity=capacity)]), "INV-38")
    assert (one.outcome, one.absent) == ("unknown", False)


def test_dl_11_does_not_run_for_what_the_rules_leave_unpublished() -> None:
    rules = rulebook(disclosure__on_spot_published=False)
    assert [one for one in judged([spot()], rules=rules).deadlines if one.rule == "DL-11"] == []
    assert [one.rule for one in judged([spot()]).deadlines if one.rule == "DL-11"] == ["DL-11"]


def published(*codes: str, **fields: Any) -> Any:
    return act("published", fields=[{"code": code, "value": "—"} for code in codes], **fields)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [(("CF_WSH", "CF_CFJG", "CF_NR"), "kept"), (("CF_WSH", "CF_XDR_ZJHM"), "broken"), (("INFORMANT",), "broken")],
)
def test_inv_30_only_fields_of_the_list_are_published(codes: tuple[str, ...], expected: str) -> None:
    (one,) = verdicts(judged([*story(without=("published",)), published(*codes)]), "INV-30")
    assert (one.outcome, one.gate) == (expected, True)


def test_inv_30_is_unknown_without_a_list_of_the_feed() -> None:
    rules = rulebook()
    empty = type(rules)([one for one in rules.all if one.key != "disclosure.fields"])
    (one,) = verdicts(judged([published("CF_WSH")], rules=empty), "INV-30")
    assert one.outcome == "unknown"


def test_inv_20_what_was_decided_during_a_suspension_has_no_last_day_to_name() -> None:
    stopped = of_case("case.suspended.v1", occurred="2026-03-05", ground="appraisal", suspended_on="2026-03-05",
                      reason="鉴定", approver=HEAD)  # fmt: skip
    (one,) = verdicts(judged([*story(), stopped]), "INV-20")
    assert one.outcome == "kept"
    assert "None" not in one.reason.zh + one.reason.en


@pytest.mark.parametrize(
    "kind", ["blob.received.v1", "blob.examined.v1", "blob.damaged.v1", "evidence.read.v1", "case_file.exported.v1"]
)
def test_inv_32_what_becomes_of_a_file_and_who_looks_at_it_adds_nothing_to_an_archived_case(kind: str) -> None:
    assert outcome(judged([*story(), of_case(kind, occurred="2026-06-01")]), "INV-32") == "kept"


def test_sig_29_looking_at_a_file_does_not_wake_a_case_that_lies_still() -> None:
    (still,) = [one for one in signals(judged([act("filed")]), "SIG-29") if one.about == "stalled"]
    read = of_case("evidence.read.v1", occurred="2026-03-20")
    assert [one.opens for one in signals(judged([act("filed"), read]), "SIG-29") if one.about == "stalled"] == [
        still.opens
    ]
