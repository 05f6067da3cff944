"""Service, payment, late fine, court: INV-25, INV-26, INV-27, and the money of the page."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from domain.judges import case_money
from tests.support.case_acts import applied, demand, paid
from tests.support.cases import HEAD, NUMBER, act, judged, of_case, outcome, story, verdicts
from tests.support.facts import AUTHORITY, RULES
from tests.support.vector_parts import uid


def served(day: str, **fields: Any) -> Any:
    return act("served", served_on=day, occurred=day, **fields)


@pytest.mark.parametrize(
    ("decided", "day", "expected"),
    [
        ("2026-04-03", "2026-04-15", "kept"),  # seven working days, with the Qingming holiday between
        ("2026-04-03", "2026-04-16", "broken"),
        ("2021-07-14", "2021-07-21", "kept"),  # the old law: calendar days
        ("2021-07-14", "2021-07-22", "broken"),
        ("2021-07-15", "2021-07-26", "kept"),
        ("2026-01-30", "2026-02-10", "kept"),
    ],
)
def test_inv_25_served_within_seven_days_of_its_law(decided: str, day: str, expected: str) -> None:
    facts = [act("decided", decided_on=decided, occurred=decided), served(day)]
    assert outcome(judged(facts), "INV-25") == expected


def test_inv_25_a_party_that_was_there_is_served_at_once() -> None:
    present = act("decided", party_present=True)
    assert outcome(judged([present, served("2026-04-07")]), "INV-25") == "broken"
    assert outcome(judged([present, served("2026-04-03")]), "INV-25") == "kept"


def test_inv_25_a_public_notice_has_its_days() -> None:
    assert outcome(judged([act("decided"), served("2026-05-14", method="public_notice")]), "INV-25") == "kept"
    assert outcome(judged([act("decided"), served("2026-05-30", method="public_notice")]), "INV-25") == "broken"


def test_inv_25_knows_the_number_however_its_brackets_were_printed() -> None:
    other = NUMBER.replace("〔", "[").replace("〕", "]").replace("（", "(").replace("）", ")")
    assert outcome(judged([act("decided"), served("2026-04-07", document_no=other)]), "INV-25") == "kept"


def test_inv_25_is_unknown_while_no_service_is_recorded() -> None:
    (one,) = verdicts(judged([act("decided")]), "INV-25")
    assert (one.outcome, one.absent) == ("unknown", True)


@pytest.mark.parametrize(
    ("fen", "expected"), [([6_000_000], "kept"), ([6_000_001], "broken"), ([3_000_000] * 3, "broken")]
)
def test_inv_26_no_more_is_paid_than_was_fined(fen: list[int], expected: str) -> None:
    facts = [*story(until="served"), *(paid(one) for one in fen)]
    assert outcome(judged(facts), "INV-26") == expected


def test_inv_26_part_of_a_fine_rests_on_payments_that_may_still_come() -> None:
    (one,) = verdicts(judged([*story(until="served"), paid(1_000_000)]), "INV-26")
    assert (one.outcome, one.absent) == ("kept", True)


def test_inv_26_an_altered_decision_counts_as_it_holds() -> None:
    changed = of_case(
        "decision.altered.v1", occurred="2026-04-10", target_document_no=NUMBER, by="self", effect="changed",
        effective_on="2026-04-10", penalties=[{"kind": "P03", "amount_fen": 4_000_000}],
    )  # fmt: skip
    assert outcome(judged([*story(until="served"), changed, paid(4_000_000)]), "INV-26") == "kept"
    assert outcome(judged([*story(until="served"), changed, paid(6_000_000)]), "INV-26") == "broken"


def late(until: str, days: int, fen: int) -> Any:
    return of_case(
        "late_fine.decided.v1", occurred=until, decision_no=NUMBER, from_on="2026-04-24", to_on=until, days=days,
        amount_fen=fen, decided_on=until, approver=HEAD, waived_fen=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("until", "days", "fen", "expected"),
    [
        ("2026-05-26", 33, 5_940_000, "kept"),
        ("2026-05-26", 33, 5_940_001, "broken"),
        ("2026-05-26", 34, 5_940_000, "broken"),
        ("2026-05-27", 34, 6_000_000, "kept"),  # the cap bites on day 34
        ("2026-06-22", 34, 6_000_000, "kept"),  # and nothing is added after it
        ("2026-06-22", 34, 6_000_001, "broken"),
    ],
)
def test_inv_26_the_late_fine_is_three_per_cent_a_day_and_at_most_the_fine(
    until: str, days: int, fen: int, expected: str
) -> None:
    found = judged([*story(until="served"), late(until, days, fen)])
    (one,) = [
        one for one in verdicts(found, "INV-26") if "late fine of" in one.reason.en or "there are" in one.reason.en
    ]
    assert one.outcome == expected


def remedy(opened: str, closed: str | None) -> list[Any]:
    facts = [of_case("reconsideration.opened.v1", occurred=opened, remedy_id=uid(85), document_no=NUMBER,
                     opened_on=opened, applied_on=None)]  # fmt: skip
    if closed:
        facts.append(of_case("reconsideration.closed.v1", occurred=closed, remedy_id=uid(85), outcome="upheld",
                             closed_on=closed, served_on=closed))  # fmt: skip
    return facts


def test_inv_26_days_of_a_pending_remedy_do_not_count() -> None:
    facts = [*story(until="served"), *remedy("2026-04-28", "2026-05-07")]
    right = verdicts(judged([*facts, late("2026-05-12", 9, 1_620_000)]), "INV-26")
    wrong = verdicts(judged([*facts, late("2026-05-12", 19, 3_420_000)]), "INV-26")
    assert {one.outcome for one in right} == {"kept"}
    assert "broken" in {one.outcome for one in wrong}


def test_inv_26_is_unknown_without_a_service() -> None:
    found = judged([act("decided"), late("2026-05-26", 33, 5_940_000)])
    assert "unknown" in {one.outcome for one in verdicts(found, "INV-26")}


def test_the_late_fine_of_any_day_can_be_computed_from_the_page() -> None:
    (money,) = judged(story(until="served")).page["money"]
    assert money["pay_until"] == "2026-04-23"
    for day, fen in (("2026-04-23", 0), ("2026-04-24", 180_000), ("2026-05-26", 5_940_000), ("2026-06-22", 6_000_000)):
        made = case_money.late_as_of(money["late"], datetime.date.fromisoformat(day), RULES, AUTHORITY)
        assert made is not None
        assert made.amount_fen == fen


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-10-08", "broken"),  # the six months to sue end on 8 October
        ("2026-11-03", "broken"),  # ten working days after the demand end on that day
        ("2026-11-04", "kept"),
        ("2027-01-08", "kept"),  # three months after the remedy period
        ("2027-01-11", "broken"),
    ],
)
def test_inv_27_neither_before_the_demand_is_over_nor_after_three_months(day: str, expected: str) -> None:
    facts = [*story(until="served"), demand("2026-09-01" if day < "2026-10-20" else "2026-10-20"), applied(day)]
    assert outcome(judged(facts), "INV-27") == expected


def test_inv_27_the_head_signs_and_a_demand_comes_first() -> None:
    unsigned = applied("2026-11-10", head_signed=False)
    assert outcome(judged([*story(until="served"), demand(), unsigned]), "INV-27") == "broken"
    (one,) = verdicts(judged([*story(until="served"), applied("2026-11-10")]), "INV-27")
    assert (one.outcome, one.absent, one.gate) == ("broken", True, True)


def test_inv_27_not_while_a_remedy_is_pending_and_fifteen_days_after_it() -> None:
    pending = [*story(until="served"), *remedy("2026-05-06", None), demand("2026-06-01"), applied("2026-07-01")]
    assert outcome(judged(pending), "INV-27") == "broken"
    over = [*story(until="served"), *remedy("2026-05-06", "2026-06-10"), demand("2026-06-11"), applied("2026-07-01")]
    assert outcome(judged(over), "INV-27") == "kept"


def test_inv_27_instalments_shift_the_start() -> None:
    facts = [*story(until="served"), demand(), applied("2027-02-01")]
    assert outcome(judged(facts), "INV-27") == "broken"
    deferred = of_case(
        "fine_deferral.decided.v1", occurred="2026-04-20", decision_no=NUMBER, granted=True, until=None,
        instalments=[{"due_on": datetime.date(2026, 12, 31), "amount_fen": 6_000_000}], decided_on="2026-04-20",
        approver=HEAD,
    )  # fmt: skip
    assert outcome(judged([*facts, deferred]), "INV-27") == "kept"


def test_inv_27_is_unknown_without_the_decision_or_its_service() -> None:
    assert outcome(judged([demand(), applied("2026-11-10")]), "INV-27") == "unknown"
    assert outcome(judged([act("decided"), demand(), applied("2026-11-10")]), "INV-27") == "unknown"
