"""Who acted: INV-01, INV-02, INV-38, SIG-06, SIG-07."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cases import HEAD, LIN, ZHAO, act, judged, of_case, outcome, signals, story, verdicts
from tests.support.facts import certificate, fact


def stood(officer: str, *facts: Any) -> dict[str, list[Any]]:
    return {f"certificate:{officer}": list(facts)}


def status(officer: str, state: str, since: str, **more: Any) -> Any:
    fields = {
        "officer_id": officer, "certificate_no": f"E2105{officer[-4:]}", "status": state, "effective_on": since,
        "reason": "年度考核", **more,
    }  # fmt: skip
    return fact("officer_certificate.status_changed.v1", fields, occurred=since, by=(HEAD,))


def interview(**fields: Any) -> Any:
    return act("interview", **fields)


def test_inv_01_is_broken_by_a_single_interviewer_and_by_a_single_handler() -> None:
    assert outcome(judged([interview(interviewers=[LIN])]), "INV-01") == "broken"
    assert outcome(judged([interview(interviewers=[LIN, LIN])]), "INV-01") == "broken"
    (one,) = verdicts(judged([act("filed", handlers=[LIN])]), "INV-01")
    assert (one.outcome, one.gate) == ("broken", True)


def test_inv_01_an_auxiliary_does_not_count() -> None:
    actors = [{"officer": ZHAO, "role": "auxiliary"}]
    assert outcome(judged([interview(actors=actors)]), "INV-01") == "broken"


def test_inv_01_two_certified_officers_keep_it() -> None:
    assert outcome(judged([interview()]), "INV-01") == "kept"


def test_inv_01_does_not_take_the_clerk_who_recorded_an_act_for_its_officer() -> None:
    measure = of_case("compulsory_measure.imposed.v1", occurred="2026-03-05", came_from="office", signed=("clerk-1",),
                      imposed_at="2026-03-05 09:00")  # fmt: skip
    found = judged([measure])
    assert (outcome(found, "INV-01"), outcome(found, "INV-02")) == ("unknown", "")
    assert signals(found, "SIG-06") == signals(found, "SIG-07") == []


def test_inv_01_without_a_certificate_entry_rests_on_its_absence() -> None:
    (one,) = verdicts(judged([interview()], others=stood(ZHAO)), "INV-01")
    assert (one.outcome, one.absent) == ("broken", True)


def test_inv_01_an_interview_of_an_inspection_is_judged_with_its_task() -> None:
    assert verdicts(judged([interview(interviewers=[LIN], about=("task:x",))]), "INV-01") == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([certificate(ZHAO, valid_to="2026-03-03")], "broken"),  # ran out the day before the interview
        ([certificate(ZHAO, valid_to="2026-03-04")], "kept"),
        ([certificate(ZHAO), status(ZHAO, "suspended", "2026-03-01", until="2026-03-03")], "kept"),
        ([certificate(ZHAO), status(ZHAO, "suspended", "2026-03-01", until="2026-03-04")], "broken"),
        ([certificate(ZHAO), status(ZHAO, "revoked", "2026-03-04")], "broken"),
        ([certificate(ZHAO), status(ZHAO, "revoked", "2026-03-05")], "kept"),
        ([certificate(ZHAO, categories=("交通运输",))], "broken"),
    ],
)
def test_inv_02_the_certificate_counts_as_it_stood_on_the_day(facts: list[Any], expected: str) -> None:
    assert outcome(judged([interview()], others=stood(ZHAO, *facts)), "INV-02") == expected


def test_inv_02_a_renewal_entered_late_takes_the_finding_away() -> None:
    old = certificate(ZHAO, valid_to="2026-03-03")
    renewed = certificate(ZHAO, number="E-2", valid_from="2026-03-01", valid_to="2029-03-01", received="2026-06-01")
    assert outcome(judged([interview()], others=stood(ZHAO, old)), "INV-02") == "broken"
    assert outcome(judged([interview()], others=stood(ZHAO, old, renewed)), "INV-02") == "kept"


def test_inv_02_without_an_entry_rests_on_its_absence() -> None:
    (one,) = verdicts(judged([interview()], others=stood(ZHAO)), "INV-02")
    assert (one.outcome, one.absent) == ("broken", True)


def entrusted(**fields: Any) -> Any:
    return act("defence", acting_capacity={"kind": "entrusted", **fields})


def test_inv_38_an_entrusted_act_names_agency_and_entrustment() -> None:
    assert outcome(judged([entrusted(entrusting_agency="示例市应急管理局")]), "INV-38") == "broken"
    assert outcome(judged([entrusted()]), "INV-38") == "broken"


@pytest.mark.parametrize(("last", "expected"), [("2026-03-13", "kept"), ("2026-03-12", "broken")])
def test_inv_38_the_entrustment_holds_on_the_day_of_the_act(last: str, expected: str) -> None:
    given = entrusted(entrusting_agency="示例市应急管理局", entrustment_id="委〔2026〕1号",
                      valid_from="2026-01-01", valid_to=last)  # fmt: skip
    assert outcome(judged([given]), "INV-38") == expected


def test_inv_38_says_nothing_of_an_agencys_own_acts() -> None:
    assert verdicts(judged(story()), "INV-38") == []
    assert verdicts(judged([act("defence", acting_capacity={"kind": "own"})]), "INV-38") == []


def test_sig_06_sees_one_officer_alone_and_more_surely_with_a_helper() -> None:
    (alone,) = signals(judged([interview(interviewers=[LIN])]), "SIG-06")
    helped = interview(interviewers=[LIN], actors=[{"officer": "aux-1", "role": "auxiliary"}])
    (with_helper,) = signals(judged([helped]), "SIG-06")
    assert alone.officers == (LIN,)
    assert alone.score < with_helper.score


@pytest.mark.parametrize(("method", "count"), [("direct", 1), ("left", 1), ("post", 0), ("electronic", 0)])
def test_sig_06_sees_a_service_by_one_officer_where_somebody_goes_there(method: str, count: int) -> None:
    served = act("served", method=method, signed=(LIN,))
    assert len(signals(judged([served]), "SIG-06")) == count


def test_sig_06_is_silent_of_two() -> None:
    assert signals(judged(story()), "SIG-06") == []


def test_sig_06_does_not_count_a_fact_that_is_not_understood() -> None:
    unread = fact("interview.recorded.v1", {"interviewers": [LIN]}, understood=False)
    assert signals(judged([unread]), "SIG-06") == []


def test_sig_07_raises_one_signal_for_each_officer() -> None:
    others = {
        **stood(ZHAO, certificate(ZHAO, valid_to="2026-03-03")),
        **stood(LIN, certificate(LIN, valid_to="2026-03-01")),
    }
    found = signals(judged([interview()], others=others), "SIG-07")
    assert sorted(one.officers for one in found) == [(LIN,), (ZHAO,)]


def test_sig_07_sees_a_helper_among_the_officers() -> None:
    (one,) = signals(judged([interview(actors=[{"officer": ZHAO, "role": "auxiliary"}])]), "SIG-07")
    assert "no officer" in one.reason.en


def test_sig_07_is_silent_of_valid_certificates_and_less_sure_without_an_entry() -> None:
    assert signals(judged([interview()]), "SIG-07") == []
    (one,) = signals(judged([interview()], others=stood(ZHAO)), "SIG-07")
    assert (one.absent, one.score) == (True, 60)


def test_handlers_follow_recusals_and_changes() -> None:
    recused = of_case(
        "recusal.decided.v1", occurred="2026-03-03", officer=ZHAO, granted=True, replaced_by="officer-0040",
        decided_on="2026-03-03", decided_by=HEAD,
    )  # fmt: skip
    found = judged([act("filed"), recused])
    assert found.officers == (LIN, "officer-0040")
    assert found.page["who"]["handlers_ever"] == sorted([LIN, ZHAO, "officer-0040"])
    assert found.columns["handlers"] == f"{LIN},officer-0040"
