"""Books of others held against the log: SIG-04, SIG-25, and SIG-31 of a case; tripped, near, and not yet decidable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from domain import filing
from domain.judges import outside
from domain.matter import Fact, Judgement, Signal
from domain.reconcile import CLASSES
from domain.rulebook import Rulebook
from tests.support.cases import LIN, NUMBER, PARTY, ZHAO, judged, of_case, signals, story
from tests.support.facts import AUTHORITY, CASE, ENTERPRISE, at, fact, matter, rulebook
from tests.support.vector_parts import uid

FEN = 6_000_000
TASK = uid(77)


def row(n: int = 2, **fields: Any) -> dict[str, Any]:
    made = {"n": n, "on": "2026-04-15", **fields}
    return {"key": f"r:{made.get('reference', n)}", **made}


def rows(kind: str, *listed: dict[str, Any], received: str = "2026-05-06", month: str = "2026-04") -> Fact:
    body = {"import_id": uid(132), "kind": kind, "month": month, "rows": list(listed)}
    return fact("outside_ledger.rows_received.v1", body, occurred=received, received=received)


def held(kind: str, *facts: Fact, known: Sequence[Fact] = (), rules: Rulebook | None = None) -> Judgement:
    """The judgement of April 2026: known acts stand on the shelves under which they would be filed."""
    own = list(facts)
    wanted = outside.needs(own)
    shelves: dict[str, list[Fact]] = {}
    for one in (*facts, *known):
        for key in filing.keys(one) & wanted:
            shelves.setdefault(key, []).append(one)
    return outside.judge(matter("outside", f"{AUTHORITY}/{kind}/2026-04", own, others=shelves, rules=rules))


def receipt(**fields: Any) -> dict[str, Any]:
    return row(**{"reference": "T-1", "amount_fen": FEN, **fields})


def payment(**fields: Any) -> Fact:
    body = {"case_id": CASE, "document_no": NUMBER, "amount_fen": FEN, "paid_on": "2026-04-15", "channel": "bank"}
    when = fields.pop("received", "2026-04-16")
    return fact("fine_payment.recorded.v1", {**body, **fields}, occurred="2026-04-15", received=when)


def decision() -> Fact:
    return next(one for one in story() if one.type == "penalty.decided.v1")


def told(found: Judgement, rule: str) -> list[Signal]:
    return [one for one in found.signals if one.rule == rule]


# SIG-04


def test_sig_04_a_receipt_without_payment_or_decision() -> None:
    found = held("receipts", rows("receipts", receipt()))
    (one,) = told(found, "SIG-04")
    assert (one.score, one.absent, one.severity) == (80, True, "serious")
    assert found.columns["paid_without_case"] == 1
    named = held("receipts", rows("receipts", receipt(document_no="（示）应急罚〔2026〕99号")), known=[payment()])
    assert [one.score for one in told(named, "SIG-04")] == [50]  # the same amount that day: a person is asked


@pytest.mark.parametrize(
    "more",
    [
        {"reference": "T 1"},  # as the finance office prints it
        {"reference": "T-9", "document_no": "(示)应急罚[2026]07号"},
        {"reference": "T-9", "enterprise": ENTERPRISE},
    ],
)
def test_sig_04_a_receipt_with_an_exact_key_raises_nothing(more: dict[str, Any]) -> None:
    found = held(
        "receipts", rows("receipts", receipt(**more)), known=[payment(ticket_no="T1"), *story(until="decided")]
    )
    assert told(found, "SIG-04") == []
    assert found.columns["matched"] == 1


@pytest.mark.parametrize("fen", [FEN - 1, FEN + 1])
def test_sig_04_a_fen_more_or_less_is_not_the_same_money(fen: int) -> None:
    found = held("receipts", rows("receipts", receipt(amount_fen=fen)), known=[payment(ticket_no="T-1")])
    (one,) = told(found, "SIG-04")
    assert one.score == 50
    assert found.columns["candidate"] == 1


@pytest.mark.parametrize("none", ["-", "——", "/", "无"])
def test_sig_04_what_stands_where_there_is_no_number_is_no_exact_key(none: str) -> None:
    found = held("receipts", rows("receipts", receipt(reference=none)), known=[payment(ticket_no=none)])
    assert (found.columns["matched"], found.columns["candidate"]) == (0, 1), "a person is asked"


def test_sig_04_one_payment_is_one_receipt() -> None:
    two = rows(
        "receipts", receipt(reference="A", enterprise=ENTERPRISE), receipt(n=3, reference="B", enterprise=ENTERPRISE)
    )
    found = held("receipts", two, known=[payment(), *story(until="decided")])
    assert (found.columns["matched"], found.columns["unmatched"], len(told(found, "SIG-04"))) == (1, 1, 1)


def test_sig_04_waits_for_terminals_that_may_still_upload() -> None:
    (one,) = told(held("receipts", rows("receipts", receipt(), received="2026-04-16")), "SIG-04")
    assert one.opens == at("2026-04-26 00:00")  # ten days behind the fifteenth
    rules = rulebook(outside__wait_days=3)
    (sooner,) = told(held("receipts", rows("receipts", receipt(), received="2026-04-16"), rules=rules), "SIG-04")
    assert sooner.opens == at("2026-04-19 00:00")
    assert one.absent


def test_sig_04_a_payment_recorded_afterwards_takes_it_away_and_is_told_as_late() -> None:
    book = rows("receipts", receipt())
    (late,) = told(held("receipts", book, known=[payment(ticket_no="T-1", received="2026-06-01")]), "SIG-04")
    assert late.closes == at("2026-06-01")
    assert told(held("receipts", book, known=[payment(ticket_no="T-1", received="2026-05-05")]), "SIG-04") == []


def said(outcome: str, event: bytes, key: str = "r:T-1") -> Fact:
    body = {"kind": "receipts", "month": "2026-04", "key": key, "event": event, "outcome": outcome, "reason": "x"}
    return fact("outside_ledger.match_decided.v1", body, occurred="2026-05-07")


def test_a_person_confirms_or_refuses_what_is_merely_alike() -> None:
    one, book = payment(paid_on="2026-04-13"), rows("receipts", receipt())
    asked = held("receipts", book, known=[one])
    assert asked.columns["candidate"] == 1
    ((candidate,),) = (line["candidates"] for line in asked.page["rows"])
    assert candidate["event"] == one.id.hex()
    yes = held("receipts", book, said("confirmed", one.id), known=[one])
    assert (yes.columns["confirmed"], told(yes, "SIG-04")) == (1, [])
    no = held("receipts", book, said("refused", one.id), known=[one])
    assert (no.columns["unmatched"], len(told(no, "SIG-04"))) == (1, 1)
    assert no.page["rows"][0]["candidates"] == []


def given_out(first: str = "T000101", last: str = "T000125", n: int = 2, **fields: Any) -> dict[str, Any]:
    made = {"n": n, "on": "2026-04-15", "reference": first, "until": last, **fields}
    return {"key": f"b:{n}", **made}


def tickets(*used: str, received: str = "2026-05-04") -> list[Fact]:
    """Payments on tickets, each with an id of its own."""
    return [
        payment(ticket_no=one, received=received, document_no=f"（示）应急罚〔2026〕{n}号")
        for n, one in enumerate(used, 50)
    ]


def test_sig_04_a_ticket_that_was_passed_over_within_its_book() -> None:
    books = rows("tickets", given_out(officer=LIN))
    found = held("tickets", books, known=tickets("T000101", "T000104", "T000106"))
    (one,) = found.signals  # and nothing else is said of such a row
    assert one.rule == "SIG-04"
    assert "T000102–T000103、T000105" in one.reason.zh
    assert (one.opens, one.absent, one.severity) == (at("2026-05-12 00:00"), True, "serious")  # seven days behind
    assert (one.officers, found.columns["ticket_gap"]) == ((LIN,), 1)
    (line,) = found.page["rows"]
    assert (line["used"], line["of"], line["missing"]) == (3, 25, ["T000102–T000103", "T000105"])


@pytest.mark.parametrize(
    "used",
    [
        (),  # a book that was not begun
        ("T000101", "T000102", "T000103"),  # the rest is in the officer's pocket
        ("t-000101", "Ｔ 000102"),  # as others print the same numbers
        ("T000101", "T000126"),  # the ticket behind the book is of another one
        ("T000101", "T0000103"),  # a digit more: another run of numbers
    ],
)
def test_sig_04_nothing_is_missing_below_the_last_ticket_that_was_used(used: tuple[str, ...]) -> None:
    assert told(held("tickets", rows("tickets", given_out()), known=tickets(*used)), "SIG-04") == []


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ([given_out("T000102", "T000103", n=3, state="void")], []),
        ([given_out("T000102", "T000102", n=3, state="void")], ["T000103"]),
        ([given_out("T000102", "T000125", n=3, state="returned")], []),
        ([given_out("T000102", "T000103", n=3, state="void", on="2026-04-14")], ["T000102–T000103"]),
    ],
)
def test_sig_04_void_and_returned_tickets_are_accounted_for(more: list[dict[str, Any]], missing: list[str]) -> None:
    book = rows("tickets", given_out(), *more)
    found = held("tickets", book, known=tickets("T000101", "T000104"))
    assert found.page["rows"][0]["missing"] == missing
    assert bool(told(found, "SIG-04")) == bool(missing)


def test_sig_04_a_void_ticket_shows_that_those_before_it_were_passed_over() -> None:
    book = rows("tickets", given_out(), given_out("T000103", "T000103", n=3, state="void"))
    (one,) = told(held("tickets", book, known=tickets("T000101")), "SIG-04")
    assert "T000102" in one.reason.zh


def test_sig_04_a_receipt_of_the_treasury_accounts_for_its_ticket() -> None:
    book = rows("tickets", given_out())
    theirs = rows("receipts", receipt(reference="T000102"), received="2026-05-05")
    assert told(held("tickets", book, known=[*tickets("T000101", "T000103"), theirs]), "SIG-04") == []


# SIG-25


def entry(day: str = "2026-04-15", **fields: Any) -> Fact:
    body = {"task_id": TASK, "officers_present": [LIN, ZHAO], "arrival": f"{day} 09:00"}
    return fact("site.entered.v1", body, occurred=f"{day} 09:00", about=(f"enterprise:{ENTERPRISE}",), **fields)


def record(day: str = "2026-04-15") -> Fact:
    return fact("inspection_record.signed.v1", {"task_id": TASK, "enterprise_id": ENTERPRISE}, occurred=f"{day} 11:00")


UNKNOWN: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("documents", {"document_no": NUMBER}, "number_without_event"),
    ("court", {"reference": "(2026)示01行初1号", "document_no": NUMBER}, "number_without_event"),
    ("reconsideration", {"reference": "示复1号", "document_no": NUMBER}, "number_without_event"),
    ("credit", {"document_no": NUMBER}, "disclosed_without_decision"),
    ("visit_log", {"enterprise": ENTERPRISE}, "visit_unknown"),
    ("complaints", {"reference": "G1", "document_no": NUMBER}, "number_without_event"),
    ("complaints", {"reference": "G1", "enterprise": ENTERPRISE, "act_on": "2026-04-14"}, "visit_unknown"),
    ("cameras", {"officer": LIN}, "visit_unknown"),
)


@pytest.mark.parametrize(("kind", "fields", "cls"), UNKNOWN)
def test_sig_25_an_act_that_only_others_know(kind: str, fields: dict[str, Any], cls: str) -> None:
    found = held(kind, rows(kind, row(**fields)))
    (one,) = told(found, "SIG-25")
    assert one.absent
    assert found.columns[cls] == 1
    assert found.stage == "open"


KNOWN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("documents", {"document_no": NUMBER}),
    ("credit", {"document_no": NUMBER, "amount_fen": FEN}),
    ("visit_log", {"enterprise": ENTERPRISE}),
    ("complaints", {"reference": "G1", "document_no": NUMBER}),
    ("complaints", {"reference": "G1", "enterprise": ENTERPRISE, "act_on": "2026-04-15"}),
    ("complaints", {"reference": "G2"}),  # speaks of no act
    ("cameras", {"officer": LIN}),
)


@pytest.mark.parametrize(("kind", "fields"), KNOWN)
def test_sig_25_what_is_recorded_raises_nothing(kind: str, fields: dict[str, Any]) -> None:
    found = held(kind, rows(kind, row(**fields)), known=[decision(), entry(), record()])
    assert told(found, "SIG-25") == []


def test_sig_25_a_remedy_must_be_recorded_with_its_decision() -> None:
    docket = rows("court", row(reference="(2026)示01行初1号", document_no=NUMBER))
    (one,) = told(held("court", docket, known=[decision()]), "SIG-25")
    assert one.score == 60
    body = {"case_id": CASE, "document_no": NUMBER, "opened_on": "2026-04-14", "reference": "（2026）示01行初1号"}
    opened = fact("suit.opened.v1", body, occurred="2026-04-15")
    assert told(held("court", docket, opened, known=[decision()]), "SIG-25") == []


def test_sig_25_a_remedy_of_ours_against_a_decision_nobody_knows() -> None:
    body = {"case_id": CASE, "document_no": NUMBER, "opened_on": "2026-04-14"}
    opened = fact("reconsideration.opened.v1", body, occurred="2026-04-15")
    assert len(told(held("reconsideration", opened), "SIG-25")) == 1
    assert told(held("reconsideration", opened, known=[decision()]), "SIG-25") == []


def test_sig_25_a_visit_is_known_on_its_day_and_proposed_a_day_beside_it() -> None:
    gate = rows("visit_log", row(reference="V1", enterprise=ENTERPRISE))
    beside = held("visit_log", gate, known=[entry("2026-04-14"), record("2026-04-14")])
    assert (beside.columns["candidate"], told(beside, "SIG-25")[0].score) == (1, 50)
    far = held("visit_log", gate, known=[entry("2026-04-13"), record("2026-04-13")])
    assert (far.columns["unmatched"], told(far, "SIG-25")[0].score) == (1, 70)


def test_sig_25_an_entry_whose_record_is_missing() -> None:
    gate = rows("visit_log", row(reference="V1", enterprise=ENTERPRISE))
    found = held("visit_log", gate, known=[entry()])
    assert (found.columns["entry_without_record"], len(told(found, "SIG-25"))) == (1, 1)
    nobody_home = fact(
        "site.entered.v1", {"task_id": TASK, "outcome": "closed", "arrival": "2026-04-15 09:00"},
        occurred="2026-04-15 09:00", about=(f"enterprise:{ENTERPRISE}",),
    )  # fmt: skip
    assert told(held("visit_log", gate, known=[nobody_home]), "SIG-25") == []


def test_sig_25_tips_and_accident_reports_speak_of_acts_as_well() -> None:
    body = {"acts_mentioned": [{"document_no": NUMBER}, {"on": "2026-04-14"}], "enterprise_id": ENTERPRISE,
            "received_at": "2026-04-20 10:00"}  # fmt: skip
    tip = fact("tip.received.v1", body, occurred="2026-04-20")
    assert len(told(held("complaints", tip), "SIG-25")) == 2
    report = fact(
        "accident.report_approved.v1",
        {"past_inspections": [{"agency": AUTHORITY, "on": "2026-03-01"}, {"agency": "210000", "on": "2026-03-02"}],
         "approved_on": "2026-04-20", "enterprise_id": ENTERPRISE},
        occurred="2026-04-20",
    )  # fmt: skip
    assert len(told(held("complaints", report), "SIG-25")) == 1


def test_a_single_record_of_others_is_read_as_a_row_of_their_book() -> None:
    body = {"source": "finance", "reference": "T-1", "on": "2026-04-15", "amount_fen": FEN}
    one = fact("external_record.received.v1", body, occurred="2026-05-06")
    assert filing.keys(one) >= {f"outside:{AUTHORITY}/receipts/2026-04"}
    assert len(told(held("receipts", one), "SIG-04")) == 1
    assert told(held("receipts", one, known=[payment(ticket_no="T-1")]), "SIG-04") == []


def test_an_enterprise_is_known_by_its_credit_code_and_by_its_id() -> None:
    profile = fact("enterprise.profiled.v1", {"enterprise_id": "E-1", "uscc": ENTERPRISE, "name": "示例制造有限公司"})
    there = fact(
        "site.entered.v1",
        {"task_id": TASK, "officers_present": [LIN]},
        occurred="2026-04-15",
        about=("enterprise:E-1",),
    )
    gate = rows("visit_log", row(reference="V1", enterprise=ENTERPRISE))
    assert told(held("visit_log", gate, known=[profile, there, record()]), "SIG-25") == []
    assert len(told(held("visit_log", gate, known=[there, record()]), "SIG-25")) == 1


def test_numbers_that_a_register_passes_over_are_gaps() -> None:
    def no(n: int) -> str:
        return f"（示）应急罚〔2026〕{n}号"

    register = rows("documents", row(2, key="a", document_no=no(7)), row(3, key="b", document_no=no(10)))
    found = held("documents", register, known=[decision()])
    assert [(gap["first"], gap["last"]) for gap in found.page["gaps"]] == [(8, 9)]
    assert [one.about for one in told(found, "SIG-01")] == ["gap:（示）应急罚〔2026〕8"]
    earlier = rows("documents", row(4, key="c", on="2026-03-30", document_no=no(8)), month="2026-03")
    shelf = held("documents", register, known=[decision(), earlier])
    assert [(gap["first"], gap["last"]) for gap in shelf.page["gaps"]] == [(9, 9)]


def test_decisions_that_the_credit_platform_never_showed() -> None:
    other = rows("credit", row(key="x", document_no="（示）应急罚〔2026〕8号"), received="2026-05-20")
    found = held("credit", other, known=[decision()])
    assert (found.columns["decision_not_disclosed"], found.columns["disclosed_without_decision"]) == (1, 1)
    assert len(told(found, "SIG-23")) == 1
    early = rows("credit", row(key="x", document_no="（示）应急罚〔2026〕8号"), received="2026-04-10")
    assert held("credit", early, known=[decision()]).columns["decision_not_disclosed"] == 0


def test_every_class_has_its_words() -> None:
    assert all(zh and en for name, (zh, en) in CLASSES.items() if name)


# SIG-31


def interest(**fields: Any) -> Fact:
    body = {"officer_id": LIN, "enterprise_id": ENTERPRISE, "declared_on": "2026-03-03", "since": "2026-01-01",
            "until": "2026-12-31", "relation": "relative", "case_id": None, **fields}  # fmt: skip
    given = {name: value for name, value in body.items() if value is not None}
    return fact("interest.declared.v1", given, occurred=str(body["declared_on"]))


def with_interest(*facts: Fact, more: Sequence[Fact] = ()) -> Judgement:
    return judged([*story(until="notice"), *more], others={f"enterprise:{PARTY['id']}": facts})


def recusal(granted: bool, day: str = "2026-03-03") -> Fact:
    return of_case(
        "recusal.decided.v1", occurred=day, officer=LIN, granted=granted, decided_on=day, decided_by="officer-0002",
        replaced_by=None,
    )  # fmt: skip


def test_sig_31_an_officer_with_a_declared_interest_handles_the_case() -> None:
    (one,) = signals(with_interest(interest()), "SIG-31")
    assert (one.severity, one.score, one.officers) == ("weak", 70, (LIN,))
    (later,) = signals(with_interest(interest(declared_on="2026-06-01")), "SIG-31")
    assert later.score == 40  # declared only when all was done


@pytest.mark.parametrize(
    "fields",
    [
        {"enterprise_id": "another"},
        {"until": "2026-03-01"},  # ended the day before the case was filed
        {"since": "2026-03-13"},  # began the day after the last act
        {"officer_id": "officer-0099"},
    ],
)
def test_sig_31_an_interest_elsewhere_or_at_another_time_raises_nothing(fields: dict[str, Any]) -> None:
    assert signals(with_interest(interest(**fields)), "SIG-31") == []


def test_sig_31_a_head_may_decide_that_there_is_no_ground() -> None:
    decided = [recusal(False, "2026-03-01")]
    assert signals(with_interest(interest(declared_on="2026-03-01"), more=decided), "SIG-31") == []


def test_sig_31_without_a_filed_case_nothing_is_said() -> None:
    assert signals(judged([act for act in story(until="filed") if act.type != "case.filed.v1"] or [recusal(True)],
                          others={f"enterprise:{PARTY['id']}": [interest()]}), "SIG-31") == []  # fmt: skip


def interfered(when: str) -> Fact:
    return of_case("interference.recorded.v1", occurred=when, happened_at=when, case_id=CASE)


def test_sig_31_a_fine_that_fell_after_an_intervention() -> None:
    lighter = [{"kind": "P03", "amount_fen": FEN - 1}]
    found = judged([*story(decided={"penalties": lighter}), interfered("2026-03-20 09:00")])
    assert len(signals(found, "SIG-31")) == 1
    assert signals(judged([*story(), interfered("2026-03-20 09:00")]), "SIG-31") == []
    before = judged([*story(decided={"penalties": lighter}), interfered("2026-03-11 09:00")])
    assert signals(before, "SIG-31") == []  # nothing was intended yet
