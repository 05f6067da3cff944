"""INV-33, SIG-02 and SIG-32, gaps and blocks of one sequence of document numbers.

Each rule: a case that trips it, one that comes close and does not, one in which the facts are not all there yet.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import settling
from domain.judges import series
from domain.matter import Fact, Judgement, Signal, Verdict
from domain.settling import Outstanding
from tests.support.facts import HEAD, at, fact, matter, new_id, rulebook, text_id

KEY = "210500/责改/2026"
FRONT = "（辽本）应急"
TEAM_A, TEAM_B = bytes([1]) * 16, bytes([2]) * 16
END = "2026-04-01 00:00"


def printed(n: int, front: str = FRONT) -> str:
    return f"{front}责改〔2026〕{n}号"


def order(n: int, terminal: bytes = TEAM_A, *, day: str = "2026-03-02", task: bytes | None = None, **more: Any) -> Fact:
    more = {"occurred": f"{day} 10:00", "received": f"{day} 12:00", **more}
    body = {"document_no": more.pop("document_no", printed(n)), "task_id": task or new_id()}
    return fact("rectification.ordered.v1", body, terminal=terminal, **more)


def block(first: int, last: int, terminal: bytes = TEAM_A, *, ends: str = END, **more: Any) -> Fact:
    fields = {"agency": "210500", "token": "责改", "year": 2026, "from_n": first, "to_n": last, "prefix": FRONT}
    fields |= {"block_id": more.pop("block_id", new_id()), "terminal_id": terminal, "expires_at": at(ends)}
    return fact("document_number.reserved.v1", fields, occurred="2026-03-01", by=(HEAD,), **more)


def issue(n: int, **more: Any) -> Fact:
    fields = {"agency": "210500", "token": "责改", "year": 2026, "n": n, "document_no": printed(n)}
    return fact("document_number.issued.v1", {**fields, **more}, occurred="2026-03-02 09:00", by=(HEAD,))


def void(n: int, *, approved: bool = True, photos: int = 1, **more: Any) -> Fact:
    fields: dict[str, Any] = {"agency": "210500", "token": "责改", "year": 2026, "n": n, "reason": "打印损坏"}
    if approved:
        fields["approver"] = HEAD
    if photos:
        fields["photo_hashes"] = [bytes(32)]
    return fact("document_number.voided.v1", fields, **{"source": "office", "occurred": "2026-03-03 09:00", **more})


def returned(block_fact: Fact, first: int) -> Fact:
    body: Any = block_fact.body
    fields = {
        "block_id": body.block_id,
        "agency": "210500",
        "token": "责改",
        "year": 2026,
        "from_n": first,
        "to_n": body.to_n,
    }
    return fact("document_number.returned.v1", fields, occurred="2026-03-20", by=(HEAD,))


def judged(*facts: Fact, **rules: Any) -> Judgement:
    return series.judge(matter("series", KEY, facts, rules=rulebook(**rules)))


def broken(judgement: Judgement) -> list[Verdict]:
    return [verdict for verdict in judgement.verdicts if verdict.outcome == "broken"]


def raised(judgement: Judgement, rule: str = "SIG-02") -> list[Signal]:
    return [signal for signal in judgement.signals if signal.rule == rule]


def gaps(judgement: Judgement) -> list[tuple[int, int, str]]:
    return [(gap["first"], gap["last"], gap["kind"]) for gap in judgement.page["gaps"]]


def test_a_number_on_two_documents_is_kept_twice_and_flagged() -> None:
    first, second = order(7, TEAM_A), order(7, TEAM_B, document_no="(辽本)应急责改[2026] 007 号")
    judgement = judged(first, second)
    assert judgement.stage == "conflict"
    (verdict,) = broken(judgement)
    assert (verdict.rule, verdict.about, verdict.inputs) == ("INV-33", "7", tuple(sorted((first.id, second.id))))
    (signal,) = raised(judgement)
    assert (signal.about, signal.severity, signal.score, signal.absent) == ("duplicate:7", "medium", 90, False)
    assert judgement.page["duplicates"][0]["printed"] == sorted({printed(7), "(辽本)应急责改[2026] 007 号"})


def test_two_events_that_tell_of_one_document_are_no_duplicate() -> None:
    task = new_id()
    served = fact("document.served.v1", {"document_no": printed(7)}, occurred="2026-03-03")
    judgement = judged(order(7, task=task), order(7, task=task), served)
    assert broken(judgement) == []
    assert raised(judgement) == []


def test_numbers_are_unique_only_as_far_as_every_terminal_has_handed_in() -> None:
    judgement = judged(order(1), order(2))
    (verdict,) = judgement.verdicts
    assert (verdict.outcome, verdict.absent) == ("kept", True)
    shown = settling.verdict(verdict, [Outstanding(TEAM_A, waiting=12)])
    assert shown.outcome == "unknown"
    assert "12" in shown.reason.en


def test_a_claim_and_a_side_chain_use_no_number() -> None:
    claim = order(7, TEAM_B, claim=True, source="field")
    branch = order(7, TEAM_B, source="branch")
    assert broken(judged(order(7), claim, branch)) == []


def test_two_offline_terminals_with_their_blocks_are_neither_disorder_nor_a_gap() -> None:
    facts = [block(1, 50, TEAM_A), block(51, 100, TEAM_B)]
    facts += [order(n, TEAM_A, day=f"2026-03-{n + 1:02}") for n in range(1, 12)]
    facts += [order(n, TEAM_B, day="2026-03-02") for n in (51, 52)]
    judgement = judged(*facts)
    assert [one for one in judgement.signals if one.opens <= at(END)] == []
    assert broken(judgement) == []
    assert gaps(judgement) == [(12, 50, "block"), (53, 100, "block")]
    assert {gap["since"] for gap in judgement.page["gaps"]} == {at(END)}, "unused numbers are no gap before the end"
    assert judgement.page["blocks"][0]["next"] == 12
    assert judgement.officers == (f"terminal:{text_id(TEAM_A)}", f"terminal:{text_id(TEAM_B)}")
    assert judgement.terminals == (TEAM_A, TEAM_B)


def test_a_later_number_with_an_earlier_date_in_one_block_is_disorder() -> None:
    facts = [block(1, 50), order(1, day="2026-03-09"), order(2, day="2026-03-05")]
    (signal,) = raised(judged(*facts))
    assert (signal.about, signal.score, signal.opens) == ("order:2", 60, at("2026-03-09 10:00"))
    same_day = [block(1, 50), order(1, day="2026-03-09", occurred="2026-03-09 15:00"), order(2, day="2026-03-09")]
    assert raised(judged(*same_day)) == []
    assert raised(judged(order(1, day="2026-03-09"), order(2, day="2026-03-05"))) == [], "no block, nothing to compare"


def test_disorder_is_said_when_the_other_document_has_come_in_and_not_before() -> None:
    known = [block(1, 50), order(2, day="2026-03-05")]
    assert raised(judged(*known)) == []
    assert gaps(judged(*known))[0] == (1, 1, "skipped")
    (signal,) = raised(judged(*known, order(1, day="2026-03-09")))
    assert signal.about == "order:2"


def test_declared_backfill_makes_disorder_less_sure() -> None:
    late = order(2, day="2026-03-05")
    declared = fact(
        "rectification.ordered.v1",
        {"document_no": printed(2), "backfill": {"reason": "矿井内无信号"}},
        terminal=TEAM_A,
        occurred="2026-03-05 10:00",
    )
    before = [block(1, 50), order(1, day="2026-03-09")]
    assert raised(judged(*before, late))[0].score > raised(judged(*before, declared))[0].score


@pytest.mark.parametrize(
    ("facts", "about"),
    [
        ([block(1, 50, TEAM_A), order(7, TEAM_B)], "belongs to the block"),
        ([block(1, 50, TEAM_A), order(60, TEAM_A)], "neither issued nor in any block"),
        ([block(1, 50, TEAM_A, ends="2026-03-02 00:00"), order(7, TEAM_A)], "after its block had expired"),
        ([block(1, 50, TEAM_A), void(7), order(7, TEAM_A)], "is void"),
        ([issue(7, case_id=bytes(16)), order(7)], ""),
    ],
)
def test_a_number_from_outside_its_block_is_flagged(facts: list[Fact], about: str) -> None:
    judgement = judged(*facts)
    if not about:
        assert broken(judgement) == [], "a number issued for a case may be printed on a document of its task"
        return
    (verdict,) = broken(judgement)
    assert about in verdict.reason.en
    (signal,) = raised(judgement)
    assert signal.score == 70


def test_a_number_of_before_the_first_reservation_is_no_stray() -> None:
    assert broken(judged(order(60, day="2026-02-01"), block(61, 70))) == []


def test_a_number_given_back_or_issued_for_another_task_is_flagged_when_it_is_used() -> None:
    reserved = block(1, 50)
    (verdict,) = broken(judged(reserved, returned(reserved, 13), order(20)))
    assert "given back" in verdict.reason.en
    (verdict,) = broken(judged(issue(7, task_id=new_id()), order(7)))
    assert "another case or task" in verdict.reason.en


def test_the_rest_of_a_block_that_was_given_back_is_no_gap() -> None:
    reserved = block(1, 50)
    judgement = judged(reserved, order(1), order(2), returned(reserved, 3))
    assert gaps(judgement) == []
    assert judgement.page["blocks"][0]["returned"] == 3


def test_a_number_skipped_in_a_block_is_a_gap_as_soon_as_a_later_one_came_in() -> None:
    judgement = judged(
        block(1, 5), order(1), order(3, received="2026-03-04 12:00"), order(4, received="2026-03-06 12:00")
    )
    assert gaps(judgement) == [(2, 2, "skipped"), (5, 5, "block")]
    assert judgement.page["gaps"][0]["since"] == at("2026-03-04 12:00")
    assert gaps(judged(block(1, 5), order(1), void(2), order(3), order(4), order(5))) == []


def test_a_void_without_photo_or_approver_accounts_for_nothing() -> None:
    for half in (void(2, approved=False), void(2, photos=0)):
        assert gaps(judged(order(1), half, order(3))) == [(2, 2, "void")]
    assert gaps(judged(order(1), void(2), order(3))) == []


def test_an_issued_number_without_its_document_waits_and_is_a_gap_since_its_issue() -> None:
    judgement = judged(issue(1), issue(2), order(1))
    assert judgement.page["waiting"] == [[2, 2]]
    assert gaps(judgement) == [(2, 2, "issued")]
    assert judgement.page["gaps"][0]["since"] == at("2026-03-02 09:00")


def test_a_document_dated_before_its_number_was_issued_is_disorder() -> None:
    (signal,) = raised(judged(issue(1), order(1, day="2026-03-01")))
    assert signal.about == "issued:1"
    assert raised(judged(issue(1), order(1, day="2026-03-02"))) == []


def test_a_stray_high_number_costs_no_time_and_leaves_one_long_gap() -> None:
    judgement = judged(order(1), order(999_999))
    assert gaps(judgement) == [(2, 999_998, "paper")]
    assert judgement.columns["missing"] == 999_997


def test_numbers_with_another_agencys_front_are_left_to_that_agency() -> None:
    judgement = judged(block(1, 50), order(1), order(1, TEAM_B, document_no=printed(1, "（辽沈）应急")))
    assert broken(judgement) == []
    assert judgement.page["other_fronts"] == [printed(1, "（辽沈）应急")]


def test_unused_numbers_of_blocks_are_told_apart_from_those_that_are_missing() -> None:
    columns = judged(block(1, 10), order(1), order(3)).columns
    assert (columns["missing"], columns["rest"]) == (1, 7)


def test_a_series_that_our_records_merely_name_is_somebody_elses() -> None:
    approval = fact("plan.approved.v1", {"approval_no": "（示）政发〔2026〕8号"}, occurred="2026-03-03")
    assert series.judge(matter("series", "210500/政发/2026", [approval])).stage == "foreign"
    assert judged(order(1)).stage == "in_order"


def test_overlapping_blocks_are_flagged() -> None:
    (verdict,) = broken(judged(block(1, 50, TEAM_A), block(40, 90, TEAM_B)))
    assert verdict.about == "overlap:40"
    assert broken(judged(block(1, 50, TEAM_A), block(51, 90, TEAM_B))) == []


def test_many_voids_are_asked_about_and_few_numbers_say_nothing() -> None:
    limits = {"numbers__void_percent": 5, "numbers__void_minimum": 20}
    many = [order(n) for n in range(1, 19)] + [void(19), void(20)]
    (signal,) = raised(judged(*many, **limits), "SIG-32")
    assert (signal.severity, signal.absent) == ("weak", True)
    shown, reason = settling.signal(signal, "open", at("2026-06-01"), [Outstanding(TEAM_A, waiting=40)])
    assert (shown, "40" in reason.en) == ("undecided", True)
    assert raised(judged(*[order(n) for n in range(1, 20)], void(20), **limits), "SIG-32") == [], "just the rate"
    assert raised(judged(*[order(n) for n in range(1, 10)], void(10), void(11), **limits), "SIG-32") == [], "too few"


POOL = [
    block(1, 20, TEAM_A), block(21, 40, TEAM_B), issue(41), issue(42), void(5), void(43, approved=False),
    *(order(n, TEAM_A if n <= 20 else TEAM_B, day=f"2026-03-{2 + n % 9:02}") for n in (1, 2, 3, 21, 22, 41, 60, 3)),
]  # fmt: skip


@given(st.permutations(POOL), st.integers(0, len(POOL)))
@settings(max_examples=60, deadline=None)
def test_any_order_of_the_facts_gives_the_same_judgement(facts: list[Fact], number: int) -> None:
    some = facts[:number]
    assert judged(*some) == judged(*reversed(some))


# SIG-01


def gap_signals(*facts: Fact, as_of: str) -> list[str]:
    return [one.about for one in raised(judged(*facts), "SIG-01") if one.opens <= at(as_of)]


def test_sig_01_a_number_that_nothing_accounts_for_is_asked_about_after_the_longest_time_offline() -> None:
    facts = [order(1), order(2), order(5, day="2026-03-05")]
    (signal,) = raised(judged(*facts), "SIG-01")

    assert (signal.about, signal.severity, signal.absent) == ("gap:3", "serious", True)
    assert "3–4" in signal.reason.zh
    assert gap_signals(*facts, as_of="2026-03-12 23:59") == []
    assert gap_signals(*facts, as_of="2026-03-13 00:00") == ["gap:3"]
    assert gap_signals(*facts, order(3), order(4), as_of="2026-12-31") == []


def test_sig_01_a_declared_void_closes_a_gap_and_one_without_photo_does_not() -> None:
    facts = [order(1), order(3)]
    assert gap_signals(*facts, void(2), as_of="2026-12-31") == []
    assert gap_signals(*facts, void(2, photos=0), as_of="2026-12-31") == ["gap:2"]
    assert gap_signals(*facts, void(2, approved=False), as_of="2026-12-31") == ["gap:2"]


def test_sig_01_the_rest_of_a_block_is_none_before_its_end_and_none_that_was_given_back() -> None:
    held = block(1, 5)
    facts = [held, order(1), order(2)]
    assert gap_signals(*facts, as_of="2026-04-07 23:59") == []
    assert gap_signals(*facts, as_of="2026-04-09 00:00") == ["gap:3"]
    assert gap_signals(*facts, returned(held, 3), as_of="2026-12-31") == []


def test_sig_01_two_teams_offline_in_their_own_blocks_leave_no_gap() -> None:
    facts = [block(1, 50), block(51, 100, TEAM_B), order(1), order(51, TEAM_B), order(52, TEAM_B)]
    assert gap_signals(*facts, as_of="2026-03-31") == []
