"""Each gate of the office refuses with its invariant, the records it rests on and what lifts it; lifted, it opens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from domain.matter import Fact, Matter
from domain.office import gates
from tests.support.cases import CERTIFIED, LIN, NUMBER, act, of_case, story
from tests.support.facts import CASE, HEAD, TASK, fact, matter, text_id
from tests.support.vector_parts import uid

PLAN = "plan-2026"


def case(facts: Iterable[Fact]) -> Matter:
    return matter("case", CASE, facts, others=CERTIFIED)


def before(name: str, *without: str) -> list[Fact]:
    """The story up to an act, and not that act."""
    return story(until=name, without=(name, *without))


def court(**changes: Any) -> Fact:
    told = {"document_no": "（示）应急强执〔2026〕1号", "decision_no": NUMBER, "court": "示例市人民法院",
            "applied_on": "2026-12-01", "head_signed": True, "occurred": "2026-12-01"}  # fmt: skip
    return of_case("court_enforcement.applied.v1", **{**told, **changes})


def demand() -> Fact:
    return of_case(
        "enforcement_demand.served.v1", document_no="（示）应急强催〔2026〕1号", decision_no=NUMBER,
        served_on="2026-11-02", method="direct", occurred="2026-11-02",
    )  # fmt: skip


ROWS: list[tuple[str, list[Fact], Fact, list[Fact]]] = [
    ("INV-13", before("decided", "notice", "hearing_right"), act("decided"), before("decided")),
    ("INV-14", before("decided", "hearing_right", "requested", "held"), act("decided"), before("decided")),
    ("INV-15", before("held"), act("held", chair=LIN), before("held")),
    ("INV-15", before("held", "hearing_notice"), act("held"), before("held")),
    ("INV-17", before("decided", "reviewed"), act("decided"), before("decided")),
    ("INV-18", before("reviewed"), act("reviewed", reviewer=LIN), before("reviewed")),
    ("INV-18", before("reviewed"), act("reviewed", reviewer="officer-0999"), before("reviewed")),
    ("INV-19", before("decided", "discussed"), act("decided"), before("decided")),
    ("INV-22", before("decided"), act("decided", penalties=[{"kind": "P11"}]), before("decided")),
    ("INV-27", [*story(until="served")], court(), [*story(until="served"), demand()]),
    ("INV-31", before("closed", "paid"), act("closed"), before("closed")),
    ("INV-31", before("archived", "closed"), act("archived"), before("archived")),
]
"""Invariant, the case in which it stops an act, the act, and the case in which a lawful one of its kind passes."""


@pytest.mark.parametrize(("rule", "facts", "wanted", "lifted"), ROWS)
def test_a_gate_says_which_rule_on_which_records_and_what_would_lift_it(
    rule: str, facts: list[Fact], wanted: Fact, lifted: list[Fact]
) -> None:
    shut = gates.closed(case(facts), wanted)
    assert rule in {one.rule for one in shut}
    told = gates.told(shut, facts)
    one = next(gate for gate in told if gate["rule"] == rule)
    assert all((one["zh"], one["en"], one["lift"]["zh"], one["lift"]["en"]))
    known = {text_id(each.id) for each in facts}
    assert {each["id"] for gate in told for each in gate["facts"]} <= known

    lawful = {"held": act("held"), "reviewed": act("reviewed"), "decided": act("decided")}
    again = next((each for each in lawful.values() if each.type == wanted.type), wanted)
    assert rule not in {each.rule for each in gates.closed(case(lifted), again)}


def test_every_gate_of_the_catalogue_has_words_for_what_lifts_it() -> None:
    for rule in ("07", "08", "13", "14", "15", "17", "18", "19", "22", "27", "31", "33"):
        assert all(gates.lift(f"INV-{rule}").values()), rule


def test_an_item_of_the_plan_is_concluded_by_what_was_recorded() -> None:
    assigned = fact(
        "task.assigned.v1", task_id=TASK, plan_item_id=uid(90), about=[f"plan:{PLAN}"], occurred="2026-03-01"
    )
    concluded = fact(
        "task.concluded.v1", task_id=TASK, outcome="no_problem", source="office", occurred="2026-03-05", by=(HEAD,)
    )
    chain = [
        fact("site.entered.v1", task_id=TASK, occurred="2026-03-02 09:00", outcome="entered"),
        fact("credentials.shown.v1", task_id=TASK, occurred="2026-03-02 09:05"),
        fact("inspection_record.signed.v1", task_id=TASK, occurred="2026-03-02 11:00"),
    ]
    key = f"chain:{text_id(TASK)}"
    for there, rules in ((chain, set()), (chain[:1], {"INV-08"}), ([], {"INV-08"})):
        plan = matter("plan", PLAN, [assigned], others={key: there})
        assert {one.rule for one in gates.closed(plan, concluded)} == rules


def test_a_decision_that_bypassed_its_review_stops_the_closing_until_it_is_revoked() -> None:
    facts = before("closed", "reviewed")
    shut = gates.closed(case(facts), act("closed"))
    assert [one.rule for one in shut] == ["INV-31"]
    decided = next(one for one in facts if one.type == "penalty.decided.v1")
    assert decided.id in shut[0].inputs
    revoked = of_case(
        "decision.altered.v1", target_document_no=NUMBER, by="self", effect="revoked", effective_on="2026-04-18",
        occurred="2026-04-18",
    )  # fmt: skip
    assert gates.closed(case([*facts, revoked]), act("closed", ground="revoked")) == ()


def test_a_claim_of_the_field_opens_nothing() -> None:
    facts = before("decided", "reviewed")
    claim = act("reviewed", claim=True, came_from="field")
    shut = {one.rule for one in gates.closed(case([*facts, claim]), act("decided"))}
    assert shut == {"INV-17"}
    assert gates.closed(case([*facts, act("reviewed")]), act("decided")) == (), "the control: that of the office does"
