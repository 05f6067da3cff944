"""A lawful case as a whole: its stages, columns, page, and that the judge depends on the set of facts only."""

from __future__ import annotations

import json
import random

import pytest

from domain.judges import case
from tests.support.cases import (
    CASE,
    CERTIFIED,
    HEAD,
    LIN,
    NUMBER,
    REVIEWER,
    STORY,
    ZHAO,
    act,
    at,
    judged,
    of_case,
    outcome,
    story,
    verdicts,
)
from tests.support.event_vectors import FULL
from tests.support.facts import RULES, fact, matter


def test_of_a_lawful_case_nothing_bad_is_said() -> None:
    found = judged(story())
    assert [(one.rule, one.reason.en) for one in found.verdicts if one.outcome != "kept"] == []
    assert [(one.rule, one.reason.en) for one in found.signals] == []
    assert found.stage == "archived"


def test_every_invariant_of_a_decision_is_judged_of_a_lawful_case() -> None:
    rules = {one.rule for one in judged(story()).verdicts}
    assert rules >= {f"INV-{n:02}" for n in (1, 2, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 29, 31, 32)}


@pytest.mark.parametrize(
    ("until", "stage"),
    [
        ("filed", "filed"),
        ("interview", "investigating"),
        ("concluded", "concluded"),
        ("notice", "noticed"),
        ("defence", "defended"),
        ("held", "heard"),
        ("reviewed", "reviewed"),
        ("discussed", "discussed"),
        ("decided", "decided"),
        ("served", "served"),
        ("paid", "paid"),
        ("closed", "closed"),
        ("archived", "archived"),
    ],
)
def test_the_stage_follows_the_acts(until: str, stage: str) -> None:
    found = judged(story(until=until))
    assert found.stage == found.columns["stage"] == found.page["stage"]["name"] == stage


def test_facts_in_an_unlawful_order_are_kept_and_named() -> None:
    found = judged(story(until="decided", reviewed={"concluded_at": "2026-04-07 09:00", "occurred": "2026-04-07"}))
    assert found.stage == "decided"
    odd = [one for one in found.page["stage"]["reached"] if one["irregular"]]
    assert [one["type"] for one in odd] == ["legal_review.concluded.v1"]
    assert len(found.page["timeline"]) == 16


def test_side_exits_and_ways_back() -> None:
    gone = of_case(
        "decision.altered.v1", occurred="2026-04-13", target_document_no=NUMBER, by="self", effect="revoked",
        effective_on="2026-04-13",
    )  # fmt: skip
    assert judged([*story(until="served"), gone]).stage == "revoked"
    anew = act("decided", document_no="（示）应急罚〔2026〕9号", decided_on="2026-05-06", occurred="2026-05-06")
    assert judged([*story(until="served"), gone, anew]).stage == "decided"
    not_filed = of_case("case.not_filed.v1", occurred="2026-03-02", ground="first_minor", decided_on="2026-03-02",
                        approver=HEAD, reason="首次")  # fmt: skip
    assert judged([not_filed]).stage == "not_filed"
    assert judged([]).stage == "unfiled"


def test_any_order_of_arrival_gives_the_same_judgement() -> None:
    facts = story()
    wanted = judged(facts)
    shuffler = random.Random(7)
    for _ in range(10):
        shuffler.shuffle(facts)
        assert judged(facts) == wanted


def test_every_part_of_the_story_can_be_missing() -> None:
    for name in STORY:
        found = judged(story(without=(name,)))
        json.dumps(found.page)
        assert found.verdicts


def test_every_single_act_can_stand_alone() -> None:
    for name in STORY:
        found = judged([act(name)])
        assert json.dumps(dict(found.columns))
        assert json.dumps(found.page)


def test_columns_are_what_lists_sort_and_filter_by() -> None:
    columns = judged(story()).columns
    assert dict(columns) == {
        "cause": "未按规定进行安全生产教育和培训",
        "party_name": "示例制造有限公司",
        "party_type": "organisation",
        "enterprise": columns["enterprise"],
        "filed_on": "2026-03-02",
        "decided_on": "2026-04-03",
        "fine_fen": 6_000_000,
        "stage": "archived",
        "handlers": f"{LIN},{ZHAO}",
        "document_no": NUMBER,
        "procedure": "general",
    }


TIANJIN = (
    "cover", "contents", "decision", "filing", "interview_notice", "interview", "examination", "sampling",
    "preservation_approval", "preservation", "preservation_disposal_approval", "preservation_disposal",
    "inspection_record", "rectification_order", "reinspection", "compulsory_measure", "appraisal", "penalty_notice",
    "defence", "hearing_right", "hearing_notice", "hearing_record", "handling_request", "discussion", "demand",
    "deferral", "service", "court", "closing", "receipt", "licence",
)  # fmt: skip
"""The order of a case file by the Tianjin rule (handbook 8.10), by our codes."""


def test_the_contents_stand_in_their_order_in_two_volumes() -> None:
    listed = judged(story()).page["documents"]
    assert [one["order"] for one in listed] == list(range(1, len(listed) + 1))
    volumes = {one["code"]: one["volume"] for one in listed}
    assert (volumes["decision"], volumes["legal_review"], volumes["discussion"]) == ("front", "annex", "annex")
    assert (volumes["filing"], volumes["preservation_disposal_approval"], volumes["closing"]) == ("annex",) * 3
    codes = [one["code"] for one in listed]
    assert [code for code in codes if code in TIANJIN] == list(TIANJIN)
    # What that rule does not name: before the discussion, before the deferral, and behind everything else.
    assert (codes[codes.index("discussion") - 1], codes[codes.index("deferral") - 1]) == ("legal_review", "late_fine")
    assert set(codes[codes.index(TIANJIN[-1]) + 1 :]) == set(codes) - set(TIANJIN) - {"legal_review", "late_fine"}


def test_a_paper_is_missing_once_its_step_is_passed_and_due_later_before() -> None:
    early = {one["code"]: one["state"] for one in judged(story(until="notice")).page["documents"]}
    assert (early["closing"], early["service"], early["hearing_right"]) == ("due_later", "due_later", "due_later")
    late = judged(story(without=("reviewed", "discussed", "defence"))).page
    assert late["missing"] == ["legal_review", "discussion"]


def test_both_clocks_stand_beside_every_act() -> None:
    found = judged(story(filed={"received": "2026-03-05 10:00"}))
    line = found.page["timeline"][0]
    assert (line["occurred"], line["received"]) == (at("2026-03-02"), at("2026-03-05 10:00"))


def test_the_needs_are_certificates_and_the_partys_dossier() -> None:
    keys = {key for key in case.needs(story()) if not key.startswith("device:")}
    assert keys == {f"certificate:{one}" for one in (LIN, ZHAO, REVIEWER, "officer-0031")} | {
        f"enterprise:{act('filed').body.party.id}"
    }  # type: ignore[union-attr]


def gates(until: str, name: str, **changes: object) -> set[str]:
    """The gates that are closed to an act of the story when it is about to be done."""
    found = case.closed_gates(
        matter("case", CASE, story(until=until, **changes), others=CERTIFIED),  # type: ignore[arg-type]
        act(name),
    )
    return {one.rule for one in found}


def test_gates_open_when_everything_that_they_ask_for_was_done() -> None:
    assert gates("discussed", "decided") == set()
    assert gates("paid", "closed") == set()
    assert gates("closed", "archived") == set()


def test_gates_say_what_is_missing_before_the_act_is_done() -> None:
    assert gates("filed", "decided") == {"INV-13", "INV-14", "INV-17", "INV-19"}
    assert gates("reviewed", "decided") == {"INV-19"}
    assert gates("served", "closed") == {"INV-31"}
    assert gates("served", "archived") == {"INV-31"}


def test_a_decision_meets_the_gates_of_its_review_and_its_hearing() -> None:
    assert gates("discussed", "decided", reviewed={"reviewer": LIN}) == {"INV-18"}
    assert gates("discussed", "decided", held={"chair": LIN}) == {"INV-15"}


def test_a_filing_with_one_certified_handler_is_held_at_the_gate() -> None:
    one = act("filed", handlers=[LIN])
    assert {found.rule for found in case.closed_gates(matter("case", CASE, [], others=CERTIFIED), one)} == {"INV-01"}
    assert case.closed_gates(matter("case", CASE, [], others=CERTIFIED), act("filed")) == ()


def test_no_personal_value_reaches_the_page() -> None:
    person = {"type": "person", "person_id": bytes(range(32)), "person_name": bytes(range(1, 33))}
    found = judged(story(filed={"party": person}))
    text = json.dumps([found.page, dict(found.columns)])
    assert bytes(range(32)).hex() not in text
    assert found.columns["party_name"] == ""


def test_the_case_of_another_type_in_the_matter_is_shown_and_judged_no_further() -> None:
    unread = fact("case.filed.v1", {"handlers": [LIN], "party": {"type": "person"}, "source": "tip", "cause": "x",
                                    "filed_on": "2026-03-02", "approver": HEAD}, understood=False)  # fmt: skip
    found = judged([unread])
    assert (found.stage, len(found.page["timeline"]), found.verdicts) == ("unfiled", 1, ())
    assert RULES.all
    assert outcome(found, "INV-01") == ""
    assert verdicts(found, "INV-02") == []


DAYS = ("0001-01-01", "9999-12-31", "2021-07-14", "2021-07-15", "2026-02-28", "2026-03-02")
INSTANTS = (-(2**53) + 1, 2**53 - 1, 0, at("2021-07-14"), at("2026-03-02"))


def bent(value: object, dice: random.Random) -> object:
    """A value of a body with its days and instants replaced by others, the ends of time among them."""
    match value:
        case str() if len(value) == 10 and value[4:5] == value[7:8] == "-":
            return dice.choice(DAYS)
        case int() if value > 10**11:
            return dice.choice(INSTANTS)
        case dict():
            return {key: bent(item, dice) for key, item in value.items()}
        case list() | tuple():
            return [bent(item, dice) for item in value]
        case _:
            return value


@pytest.mark.parametrize("seed", range(12))
def test_no_act_makes_the_judge_fail_whatever_day_it_bears(seed: int) -> None:
    dice = random.Random(seed)
    facts = []
    for name in dice.sample(sorted(FULL), dice.randint(5, len(FULL))):
        body = {key: bent(value, dice) for key, value in FULL[name].items()}
        facts.append(fact(name, body, occurred=dice.choice(INSTANTS)))
    found = judged(facts)
    json.dumps(found.page)
    for said in (found.verdicts, found.signals, found.deadlines):
        assert len({(one.rule, one.about) for one in said}) == len(said)  # type: ignore[attr-defined]
