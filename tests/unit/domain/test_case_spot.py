"""The simple procedure: INV-23, SIG-20 of the spot, its cash, its stages."""

from __future__ import annotations

from typing import Any

import pytest

from domain.judges import case
from tests.support.case_acts import NO, spot
from tests.support.cases import CLAUSES, ENTERPRISE, LIN, PARTY, at, judged, of_case, outcome, signals, verdicts
from tests.support.facts import AUTHORITY, fact
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


def deposited(step: str, day: str, **fields: Any) -> Any:
    body = {"document_no": NO, "step": step, "amount_fen": 10_000, "deposited_on": day, **fields}
    return of_case("cash.deposited.v1", occurred=day, **body)


def test_sig_04_opens_when_cash_has_not_arrived_in_two_working_days_each() -> None:
    (one,) = signals(judged([spot(amount_fen=10_000, cash=CASH)]), "SIG-04")
    assert (one.opens, one.absent, one.severity) == (at("2026-03-10 00:00"), True, "serious")
    (two,) = signals(judged([spot(amount_fen=10_000, cash=CASH), deposited("agency", "2026-03-09")]), "SIG-04")
    assert two.opens == at("2026-03-12 00:00")
    whole = [spot(amount_fen=10_000, cash=CASH), deposited("agency", "2026-03-09"), deposited("bank", "2026-03-11")]
    assert cash_told(whole) == []
    assert cash_told([*whole[:2], deposited("bank", "2026-03-12")]) == ["cash_bank"]
    assert cash_told([whole[0], deposited("agency", "2026-03-10"), deposited("bank", "2026-03-11")]) == ["cash_agency"]


def cash_told(facts: list[Any], **more: Any) -> list[str]:
    return [one.about.partition(":")[2] for one in signals(judged(facts, **more), "SIG-04")]


@pytest.mark.parametrize(("fen", "expected"), [(10_000, []), (9_999, ["cash_agency"])])
def test_sig_04_a_fen_that_is_missing_is_cash_that_did_not_arrive(fen: int, expected: list[str]) -> None:
    parts = [
        deposited("agency", "2026-03-06", amount_fen=4_000),
        deposited("agency", "2026-03-09", amount_fen=fen - 4_000),
    ]
    told = cash_told([spot(amount_fen=10_000, cash=CASH), *parts, deposited("bank", "2026-03-11")])
    assert told == expected


def test_sig_04_cash_that_goes_straight_to_the_bank_in_time_is_handed_in() -> None:
    assert cash_told([spot(amount_fen=10_000, cash=CASH), deposited("bank", "2026-03-09")]) == []
    assert cash_told([spot(amount_fen=10_000, cash=CASH), deposited("bank", "2026-03-10")]) == ["cash_agency"]


def paid(channel: str, **fields: Any) -> Any:
    body = {"document_no": NO, "amount_fen": 10_000, "paid_on": "2026-03-05", "channel": channel, **fields}
    return of_case("fine_payment.recorded.v1", occurred="2026-03-05", **body)


def test_sig_04_a_payment_in_cash_has_to_be_handed_in_too_but_not_twice() -> None:
    assert cash_told([spot(amount_fen=10_000), paid("cash")]) == ["cash_agency"]
    assert cash_told([spot(amount_fen=10_000), paid("bank")]) == []
    told = [spot(amount_fen=10_000, cash=CASH), paid("cash", ticket_no="T1")]
    assert cash_told([*told, deposited("agency", "2026-03-09"), deposited("bank", "2026-03-11")]) == []
    assert {one.rule for one in judged([spot(amount_fen=10_000), paid("cash")]).deadlines} >= {"DL-24"}


def register(*books: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The register of ticket books as the case finds it."""
    listed = [{"n": n, "key": f"b:{n}", **one} for n, one in enumerate(books, 2)]
    body = {"import_id": uid(132), "kind": "tickets", "month": books[0]["on"][:7], "rows": listed}
    return {f"tickets:{AUTHORITY}": (fact("outside_ledger.rows_received.v1", body, occurred="2026-03-02"),)}


def book(first: str, last: str, on: str = "2026-03-05", **more: Any) -> dict[str, Any]:
    return {"reference": first, "until": last, "on": on, **more}


@pytest.mark.parametrize(
    ("books", "expected"),
    [
        ([book("示票 000101", "示票000125")], []),
        ([book("示票000100", "示票000100"), book("示票000101", "示票000101")], []),
        ([book("示票000102", "示票000125")], ["ticket"]),
        ([book("示票000076", "示票000100")], ["ticket"]),
        ([book("示票00101", "示票00125")], ["ticket"]),  # a digit less: another run of numbers
        ([book("示票000101", "示票000125", "2026-03-06")], []),  # nothing was given out by then: unknown
        ([book("示票000101", "示票000125", "2026-03-06"), book("示票000126", "示票000150")], ["ticket"]),
        ([book("示票000101", "示票000125", state="void")], []),  # no book at all is known
    ],
)
def test_sig_04_a_ticket_for_cash_is_of_a_book_given_out_by_then(
    books: list[dict[str, Any]], expected: list[str]
) -> None:
    whole = [
        spot(amount_fen=10_000, cash={"received_fen": 10_000, "ticket_no": "示票000101"}),
        deposited("agency", "2026-03-09"),
        deposited("bank", "2026-03-11"),
    ]
    assert cash_told(whole, others=register(*books)) == expected
    if expected:
        (one,) = signals(judged(whole, others=register(*books)), "SIG-04")
        assert (one.opens, one.absent) == (at("2026-03-16 00:00"), True)  # ten days behind the fifth
    assert cash_told(whole) == []


def test_a_case_asks_for_the_register_of_tickets_only_where_cash_was_taken_on_one() -> None:
    wanted = f"tickets:{AUTHORITY}"
    assert wanted in case.needs([spot(amount_fen=10_000, cash=CASH)])
    assert wanted in case.needs([paid("cash", ticket_no="T1")])
    assert wanted not in case.needs([spot(), paid("bank", ticket_no="T1"), paid("cash")])


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
