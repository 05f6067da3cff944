"""The simple procedure: INV-23, SIG-20 of the spot, its cash, its stages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.case_acts import NO, spot
from tests.support.cases import CLAUSES, ENTERPRISE, LIN, PARTY, at, judged, of_case, outcome, signals, verdicts
from tests.support.facts import fact
from tests.support.vector_parts import uid

PERSON = {"type": "person"}


@pytest.mark.parametrize(
    ("party", "day", "fen", "expected"),
    [
        (PARTY, "2026-03-05", 300_000, "kept"),
        (PARTY, "2026-03-05", 300_001, "broken"),
        (PERSON, "2026-03-05", 20_000, "kept"),
        (PERSON, "2026-03-05", 20_001, "broken"),
        (PARTY, "2021-07-14", 100_000, "kept"),
        (PARTY, "2021-07-14", 100_001, "broken"),
        (PARTY, "2021-07-15", 300_000, "kept"),
        (PERSON, "2021-07-14", 5_001, "broken"),
        (PARTY, "2026-02-01", 300_000, "kept"),
    ],
)
def test_inv_23_the_ceiling_is_that_of_the_day_of_the_decision(
    party: dict[str, Any], day: str, fen: int, expected: str
) -> None:
    assert outcome(judged([spot(party=party, decided_on=day, amount_fen=fen)]), "INV-23") == expected


def test_inv_23_only_a_warning_or_a_fine() -> None:
    assert outcome(judged([spot(kinds=["P01"], amount_fen=None)]), "INV-23") == "kept"
    assert outcome(judged([spot(kinds=["P04"], amount_fen=None)]), "INV-23") == "broken"


@pytest.mark.parametrize(
    ("fen", "cash", "expected"),
    [
        (10_000, {"received_fen": 10_000, "ticket_no": "T1"}, "kept"),
        (10_000, {"received_fen": 10_000}, "broken"),
        (10_001, {"received_fen": 10_001, "ticket_no": "T1"}, "broken"),
        (200_000, {"received_fen": 200_000, "ticket_no": "T1", "ground": "remote_request"}, "kept"),
        (10_000, {"received_fen": 12_000, "ticket_no": "T1"}, "broken"),
    ],
)
def test_inv_23_cash_has_a_ticket_and_a_ground(fen: int, cash: dict[str, Any], expected: str) -> None:
    assert outcome(judged([spot(amount_fen=fen, cash=cash)]), "INV-23") == expected


def test_inv_23_says_nothing_without_a_penalty_on_the_spot() -> None:
    assert verdicts(judged([spot(claim=True)]), "INV-23") == []


def about(found: Any) -> list[str]:
    return [one.about.partition(":")[2] for one in signals(found, "SIG-20")]


def other(day: str, fen: int = 200_000, **fields: Any) -> Any:
    body = {"case_id": uid(91), "document_no": "（示）应急当罚〔2026〕9号", "party": PARTY,
            "clauses": CLAUSES, "kinds": ["P03"], "amount_fen": fen, "decided_on": day, "decided_at": f"{day} 09:00",
            **fields}  # fmt: skip
    return fact("on_spot_penalty.decided.v1", body, occurred=f"{day} 09:00")


def split(*facts: Any) -> Any:
    return judged([spot()], others={f"enterprise:{ENTERPRISE}": facts})


def test_sig_20_sees_the_ceiling_and_one_violation_split_into_several() -> None:
    assert about(judged([spot(amount_fen=300_001)])) == ["ceiling"]
    assert about(split(other("2026-03-03"))) == ["split"]


def test_sig_20_lets_pass_what_is_far_apart_small_or_for_another_clause() -> None:
    assert about(split(other("2026-02-20"))) == []
    assert about(split(other("2026-03-03", 100_000))) == []
    assert about(split(other("2026-03-03", clauses=["另一条"]))) == []
    assert about(judged([spot()])) == []


def test_sig_20_says_it_of_the_later_one_only() -> None:
    assert about(split(other("2026-03-06"))) == []


def test_inv_24_a_second_fine_on_the_spot_for_one_act_breaks_it() -> None:
    assert outcome(split(other("2026-03-05", 100_000)), "INV-24") == "broken"
    assert outcome(split(other("2026-03-04", 100_000)), "INV-24") == "kept"
    assert verdicts(judged([spot(kinds=["P01"], amount_fen=None)]), "INV-24") == []


CASH = {"received_fen": 10_000, "ticket_no": "T1"}


def deposited(step: str, day: str) -> Any:
    return of_case("cash.deposited.v1", occurred=day, document_no=NO, step=step, amount_fen=10_000, deposited_on=day)


def test_sig_20_opens_when_cash_has_not_arrived_in_two_working_days_each() -> None:
    (one,) = signals(judged([spot(amount_fen=10_000, cash=CASH)]), "SIG-20")
    assert (one.opens, one.absent) == (at("2026-03-10 00:00"), True)
    (two,) = signals(judged([spot(amount_fen=10_000, cash=CASH), deposited("agency", "2026-03-09")]), "SIG-20")
    assert two.opens == at("2026-03-12 00:00")
    whole = [spot(amount_fen=10_000, cash=CASH), deposited("agency", "2026-03-09"), deposited("bank", "2026-03-11")]
    assert about(judged(whole)) == []
    assert about(judged([*whole[:2], deposited("bank", "2026-03-12")])) == ["cash_bank"]


def test_the_simple_procedure_has_its_stage_columns_and_deadlines() -> None:
    found = judged([spot(amount_fen=10_000, cash=CASH)])
    assert found.stage == "paid"
    assert (found.columns["procedure"], found.columns["fine_fen"]) == ("simple", 10_000)
    assert (found.columns["cause"], found.columns["document_no"]) == ("未佩戴安全帽", NO)
    assert {one.rule for one in found.deadlines} == {"DL-06", "DL-08", "DL-10", "DL-11", "DL-24"}
    assert [one.cancelled for one in found.deadlines if one.rule == "DL-10"] == [True]
    assert judged([spot(delivered=False)]).stage == "decided"
    assert outcome(judged([spot(delivered=False)]), "INV-25") == "broken"


def test_both_officers_of_a_penalty_on_the_spot_are_certified() -> None:
    assert outcome(judged([spot()]), "INV-01") == "kept"
    assert outcome(judged([spot(officers=[LIN])]), "INV-01") == "broken"
