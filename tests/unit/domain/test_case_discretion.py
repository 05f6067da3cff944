"""How heavily may be punished: INV-16, INV-21, INV-22, INV-24, SIG-20, SIG-26."""

from __future__ import annotations

from typing import Any

import pytest

from domain.rulebook import Rule
from tests.support.case_acts import lines, other_case, with_dossier
from tests.support.cases import FINE, PARTY, act, judged, outcome, signals, story, verdicts
from tests.support.facts import RULES, fact, rule, rulebook
from tests.support.vector_parts import uid


@pytest.mark.parametrize(
    ("told", "decided", "expected"),
    [
        (lines("P03"), lines("P03"), "kept"),
        (lines("P03"), lines("P03", fen=5_000_000), "kept"),
        (lines("P03"), lines("P03", fen=6_000_001), "broken"),
        (lines("P03"), lines("P01"), "kept"),
        (lines("P03"), lines("P03", "P01"), "kept"),  # a lighter kind was added
        (lines("P01"), lines("P03"), "broken"),
        (lines("P03"), lines("P10"), "broken"),
        (lines("P08"), lines("P10"), "kept"),
        (lines("P03"), lines("P99"), "broken"),  # a kind that the order does not rank
    ],
)
def test_inv_16_nothing_heavier_than_what_was_told(told: Any, decided: Any, expected: str) -> None:
    facts = story(
        until="decided", notice={"intended": told}, hearing_right={"intended": told}, decided={"penalties": decided}
    )
    assert outcome(judged(facts), "INV-16") == expected


def test_inv_16_compares_with_the_last_notice() -> None:
    again = act("notice", intended=lines("P03", fen=7_000_000), served_on="2026-04-01", occurred="2026-04-01")
    facts = [*story(until="decided", decided={"penalties": lines("P03", fen=7_000_000)}), again]
    assert outcome(judged(facts), "INV-16") == "kept"


def test_inv_16_is_unknown_without_a_notice() -> None:
    (one,) = verdicts(judged([act("filed"), act("decided")]), "INV-16")
    assert (one.outcome, one.absent) == ("unknown", True)


OLD = Rule(
    "benchmark.T", {"tiers": ({"tier": "a", "from_fen": 0, "to_fen": 8_000_000},)}, rule("x.y", 0).since, "v1", "t",
    until=rule("x.y", 0, "2021-07-14").since, lighter="lower",
)  # fmt: skip


def benchmarked(later: int, version: str, violation: str = "2021-07-01") -> str:
    new = Rule("benchmark.T", {"tiers": ({"tier": "a", "from_fen": 0, "to_fen": later},)},
               rule("x.y", 0, "2021-07-15").since, "v2", "t", lighter="lower")  # fmt: skip
    facts = story(
        until="decided",
        filed={"violation_on": violation},
        decided={"benchmark": {"id": "T", "version": version, "tier": "a"}},
    )
    return outcome(judged(facts, rules=RULES.with_rules([OLD, new])), "INV-21")


def test_inv_21_the_version_of_the_day_of_the_violation_applies() -> None:
    assert benchmarked(9_000_000, "v1") == "kept"
    assert benchmarked(9_000_000, "v2", violation="2021-07-15") == "kept"
    assert benchmarked(9_000_000, "v1", violation="2021-07-15") == "broken"


def test_inv_21_a_later_version_applies_only_if_it_is_lighter() -> None:
    assert benchmarked(7_000_000, "v2") == "kept"
    assert benchmarked(9_000_000, "v2") == "broken"


@pytest.mark.parametrize(
    "violation", ["2021-07-14", "2021-07-15", "2021-08-31", "2021-09-01", "2026-01-31", "2026-02-01"]
)
def test_inv_21_dates_on_both_sides_of_the_epochs_find_their_version(violation: str) -> None:
    version = "wsl-2014" if violation < "2021-09-01" else "wsl-2021"
    facts = story(
        until="decided",
        filed={"violation_on": violation},
        decided={"benchmark": {"id": "WSL-102", "version": version, "tier": "法定幅度"}},
    )
    assert outcome(judged(facts), "INV-21") == "kept"


def test_inv_21_is_broken_when_none_is_named_and_unknown_without_a_day_of_violation() -> None:
    assert outcome(judged(story(decided={"benchmark": None})), "INV-21") == "broken"
    (one,) = verdicts(judged(story(filed={"violation_on": None})), "INV-21")
    assert (one.outcome, one.absent) == ("unknown", True)


def test_inv_21_is_unknown_for_a_benchmark_that_nobody_published() -> None:
    facts = story(decided={"benchmark": {"id": "X-1", "version": "1", "tier": "a"}})
    assert outcome(judged(facts), "INV-21") == "unknown"


@pytest.mark.parametrize(("kind", "expected"), [("P11", "broken"), ("P13", "broken"), ("P10", "kept")])
def test_inv_22_closure_and_detention_are_not_the_agencys(kind: str, expected: str) -> None:
    (one,) = verdicts(judged(story(decided={"penalties": lines("P03", kind)})), "INV-22")
    assert (one.outcome, one.gate) == (expected, True)


def test_inv_22_says_nothing_before_a_decision() -> None:
    assert verdicts(judged(story(until="discussed")), "INV-22") == []


def test_inv_24_the_second_fine_for_one_violation_breaks_it() -> None:
    (one,) = verdicts(with_dossier(*other_case("2026-03-20")), "INV-24")
    assert one.outcome == "broken"
    assert len(one.inputs) == 2


def test_inv_24_the_first_of_two_fines_keeps_it() -> None:
    assert outcome(with_dossier(*other_case("2026-05-20")), "INV-24") == "kept"


@pytest.mark.parametrize(
    "filing", [{"violation_on": "2026-02-11"}, {"suspected_clauses": ["另一条"]}, {"party": {**PARTY, "id": "X"}}]
)
def test_inv_24_another_day_clause_or_party_is_another_violation(filing: dict[str, Any]) -> None:
    assert outcome(with_dossier(*other_case("2026-03-20", **filing)), "INV-24") == "kept"


def test_inv_24_ids_of_the_violation_decide_where_both_name_one() -> None:
    named = {"violation_id": uid(91)}
    assert outcome(with_dossier(*other_case("2026-03-20", violation_id=uid(91)), filed=named), "INV-24") == "broken"
    assert outcome(with_dossier(*other_case("2026-03-20", violation_id=uid(92)), filed=named), "INV-24") == "kept"


def test_inv_24_a_fine_that_was_revoked_does_not_count() -> None:
    number = "（示）应急罚〔2026〕3号"
    gone = fact(
        "decision.altered.v1",
        {
            "case_id": uid(90),
            "target_document_no": number,
            "by": "self",
            "effect": "revoked",
            "effective_on": "2026-03-25",
        },
        occurred="2026-03-25",
    )
    assert outcome(with_dossier(*other_case("2026-03-20"), gone), "INV-24") == "kept"


def test_inv_24_while_it_finds_nothing_rests_on_an_absence() -> None:
    (one,) = verdicts(judged(story()), "INV-24")
    assert (one.outcome, one.absent) == ("kept", True)


def test_sig_20_sees_a_fine_outside_its_tier_and_a_second_fine() -> None:
    outside = signals(judged(story(decided={"penalties": lines("P03", fen=10_000_001)})), "SIG-20")
    assert [one.about.partition(":")[2] for one in outside] == ["outside"]
    twice = signals(with_dossier(*other_case("2026-03-20")), "SIG-20")
    assert [one.about.partition(":")[2] for one in twice] == ["twice"]


def test_sig_20_lets_the_end_of_a_tier_and_a_reasoned_departure_pass() -> None:
    assert signals(judged(story(decided={"penalties": lines("P03", fen=10_000_000)})), "SIG-20") == []
    reasoned = {"penalties": lines("P03", fen=10_000_001), "outside_reason": "危害后果严重"}
    assert signals(judged(story(decided=reasoned)), "SIG-20") == []


def test_sig_20_says_nothing_where_the_benchmark_is_not_known() -> None:
    unknown = {"benchmark": {"id": "X-1", "version": "1", "tier": "a"}}
    assert signals(judged(story(decided=unknown)), "SIG-20") == []
    limits = {"benchmark": {"id": "X-1", "version": "1", "tier": "a", "low_fen": 1, "high_fen": 5_000_000}}
    assert len(signals(judged(story(decided=limits)), "SIG-20")) == 1
    assert FINE[0]["amount_fen"] == 6_000_000


def test_sig_26_sees_a_filing_and_a_decision_outside_the_list_of_powers() -> None:
    outside = story(filed={"item_code": "CF-9"}, decided={"item_code": "CF-1"})
    listed = rulebook(powers__items=("CF-1", "CF-2"))
    assert [one.score for one in signals(judged(outside, rules=listed), "SIG-26")] == [60]
    inside = story(filed={"item_code": "CF-2"}, decided={"item_code": "CF-1"})
    assert signals(judged(inside, rules=listed), "SIG-26") == []


def test_sig_26_says_nothing_without_a_list_or_without_a_code() -> None:
    assert signals(judged(story(filed={"item_code": "CF-9"})), "SIG-26") == []
    assert signals(judged(story(), rules=rulebook(powers__items=("CF-1",))), "SIG-26") == []
