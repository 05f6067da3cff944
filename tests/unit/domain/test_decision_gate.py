"""The gate of a decision's number: open when everything was done, else closed with reasons; nothing without a draft."""

from __future__ import annotations

import pytest

from domain.judges import decision_gate
from domain.matter import Fact
from tests.support.cases import CERTIFIED, HASH, NUMBER, act, hash_of_draft, story
from tests.support.facts import AUTHORITY, CASE, RULES, at, fact, matter, new_id, rulebook

NOW = at("2026-04-03")


def closed(facts: list[Fact], draft: bytes = b"") -> set[str]:
    known = matter("case", CASE, facts, others=CERTIFIED)
    return {one.rule for one in decision_gate.closed(known, NUMBER, new_id(), AUTHORITY, NOW, draft)[0]}


def test_the_gate_is_open_when_notice_hearing_review_and_discussion_were_held() -> None:
    assert closed(story(until="discussed")) == set()
    assert closed(story(until="discussed"), HASH) == set()


def test_the_gate_says_which_steps_are_missing() -> None:
    assert closed(story(until="drafted")) == {"INV-13", "INV-14", "INV-17", "INV-19"}
    assert closed(story(until="reviewed")) == {"INV-19"}


def test_another_draft_than_the_reviewed_one_is_stopped() -> None:
    other = hash_of_draft(facts="另一份草案")
    changed = act("drafted", facts="另一份草案", draft_hash=other, occurred="2026-04-02 10:00")
    assert "INV-17" in closed([*story(until="discussed"), changed])
    assert closed([*story(until="discussed"), changed], HASH) == set(), "the reviewed draft may still be decided"


def test_without_a_draft_there_is_nothing_to_decide() -> None:
    for facts, draft in ((story(until="discussed", without=("drafted",)), b""), (story(until="discussed"), bytes(32))):
        with pytest.raises(decision_gate.NoDraft):
            closed(facts, draft)


def test_a_withdrawn_review_no_longer_counts() -> None:
    facts = story(until="discussed")
    reviewed = next(one for one in facts if one.type == "legal_review.concluded.v1")
    struck = fact(
        "record.corrected.v1",
        {"target_event": reviewed.id, "effect": "withdrawn", "reason": "误录"},
        occurred="2026-04-02 12:00",
    )
    assert "INV-17" in closed([*facts, struck])


def test_which_series_is_that_of_decisions_is_a_rule() -> None:
    assert decision_gate.is_decision(RULES, "罚", NOW, AUTHORITY)
    assert decision_gate.is_decision(RULES, "罚-事故", NOW, AUTHORITY)
    assert not decision_gate.is_decision(RULES, "责改", NOW, AUTHORITY)
    assert not decision_gate.is_decision(rulebook(numbers__tokens={"decision": "处"}), "罚", NOW, AUTHORITY)
