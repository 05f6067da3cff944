"""A hazard's closed loop: its stages, INV-07, SIG-19, SIG-21, its periods and the lists that it stands in."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from domain.matter import Fact
from domain.workdays import day_of
from tests.support.facts import (
    CASE,
    ENTERPRISE,
    EVIDENCE,
    HAZARD,
    HEAD,
    LIN,
    TASK,
    ZHAO,
    at,
    certificates,
    fact,
    new_id,
    rulebook,
    text_id,
)
from tests.support.inspections import (
    Given,
    closed,
    found,
    judge_hazard,
    loop,
    ordered,
    outcome,
    photo,
    reinspected,
    signals,
)

ABOUT = (f"hazard:{text_id(HAZARD)}", f"enterprise:{ENTERPRISE}")


def given(**facts: Fact) -> Given:
    return {**loop(), **facts}


def without(*names: str, **facts: Fact) -> Given:
    return {name: one for name, one in given(**facts).items() if name not in names}


def listed(when: str = "2026-03-04 09:00", level: str = "prefecture", **fields: Any) -> Fact:
    body = {"hazard_id": HAZARD, "level": level, "listed_on": when[:10], "deadline": "2026-04-30"}
    body |= {"supervisor": "安委办", "approver": HEAD, **fields}
    return fact("major_hazard.listed.v1", body, occurred=when, by=(HEAD,))


def delisted(when: str = "2026-03-19 14:00", level: str = "prefecture") -> Fact:
    body = {"hazard_id": HAZARD, "level": level, "delisted_on": when[:10], "delist_approver": HEAD}
    return fact("major_hazard.delisted.v1", body, occurred=when, by=(HEAD,))


def extended(deadline: str, when: str = "2026-03-15 09:00", granted: bool = True) -> Fact:
    body: dict[str, Any] = {"hazard_ids": [HAZARD], "granted": granted, "decided_on": when[:10], "approver": HEAD}
    if granted:
        body["deadline"] = deadline
    return fact("rectification.extension_decided.v1", body, occurred=when, by=(HEAD,))


def reported(when: str = "2026-03-16 09:00", **fields: Any) -> Fact:
    return fact("rectification.reported.v1", {"hazard_ids": [HAZARD], **fields}, occurred=when)


def case_filed(when: str) -> Fact:
    return fact("case.filed.v1", {"case_id": CASE, "hazard_ids": [HAZARD]}, occurred=when, by=(HEAD,))


def stopped(when: str = "2026-03-02 10:00", kind: str = "stop_production") -> Fact:
    body = {"measure_id": new_id(), "hazard_ids": [HAZARD], "measures": [{"kind": kind}]}
    return fact("on_site_measure.ordered.v1", body, occurred=when)


MAJOR = found(grade="major")


# Stages


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ([found()], "found"),
        ([found(), ordered()], "ordered"),
        ([found(), ordered(), reported()], "reported"),
        ([found(), ordered(), reinspected()], "reinspected"),
        ([found(), ordered(), reinspected(outcome="not_corrected"), ordered("2026-03-19 11:00")], "ordered_again"),
        ([found(), ordered(), reinspected(outcome="not_corrected"), case_filed("2026-03-20")], "escalated"),
        ([found(), ordered(), case_filed("2026-03-05")], "ordered"),
        ([found(), ordered(), reinspected(), closed()], "closed"),
        ([reinspected()], "reinspected"),
        ([ordered()], "ordered"),
    ],
)
def test_a_hazard_stands_where_its_acts_have_brought_it(facts: list[Fact], stage: str) -> None:
    assert judge_hazard(facts).stage == stage


def test_the_order_in_which_acts_came_in_changes_nothing() -> None:
    facts = [found(), ordered(), reinspected(outcome="partly_corrected"), ordered("2026-03-19 11:00"), closed()]
    shelves = certificates(LIN, ZHAO)
    judgements = {repr(judge_hazard(list(some), shelves)) for some in permutations(facts)}
    assert len(judgements) == 1


def test_claims_close_nothing() -> None:
    claim = fact("hazard.closed.v1", hazard_id=HAZARD, verifier=ZHAO, occurred="2026-03-19", claim=True)
    assert judge_hazard(without("closed", claim=claim)).stage == "reinspected"


# INV-07


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(given(), "kept", id="re-inspected and corrected"),
        pytest.param(without("reinspected"), "absent broken", id="no re-inspection yet"),
        pytest.param(given(reinspected=reinspected(outcome="partly_corrected")), "broken", id="partly corrected"),
        pytest.param(given(reinspected=reinspected("2026-03-19 15:00")), "kept", id="in the minute of the closure"),
        pytest.param(given(reinspected=reinspected("2026-03-19 15:01")), "absent broken", id="a minute later"),
        pytest.param(
            given(again=ordered("2026-03-19 12:00")), "absent broken", id="ordered again after the re-inspection"
        ),
        pytest.param(given(listed=listed()), "absent broken", id="listed and not delisted"),
        pytest.param(given(listed=listed(), off=delisted()), "kept", id="delisted by the level that listed it"),
        pytest.param(given(listed=listed(), off=delisted(level="county")), "broken", id="delisted below it"),
        pytest.param(given(listed=listed(), off=delisted(level="province")), "kept", id="delisted above it"),
        pytest.param(given(closed=closed(basis_event=new_id())), "absent broken", id="rests on another event"),
    ],
)
def test_inv_07_a_closure_rests_on_a_passed_re_inspection(facts: Given, expected: str) -> None:
    assert outcome(judge_hazard(facts), "INV-07", facts["closed"]) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(without("closed"), "kept", id="may be closed"),
        pytest.param(without("closed", "reinspected"), "absent broken", id="nobody looked again"),
        pytest.param(without("closed", listed=listed()), "absent broken", id="still listed"),
    ],
)
def test_inv_07_is_a_gate_while_the_hazard_is_open(facts: Given, expected: str) -> None:
    judged = judge_hazard(facts)
    assert outcome(judged, "INV-07", "gate") == expected
    assert [one.gate for one in judged.verdicts if one.rule == "INV-07"] == [True]


def on_the_spot(minutes: int, **fields: Any) -> Given:
    """A hazard put right before the officers' eyes, with two photos so many minutes apart."""
    before, after = photo("2026-03-02 09:25", evidence_id=EVIDENCE), photo(f"2026-03-02 09:{25 + minutes}")
    shut = closed("2026-03-02 10:00", on_the_spot=True, after_ids=[after.body.evidence_id])  # type: ignore[union-attr]
    return {"before": before, "after": after, "found": found(**fields), "closed": shut}


def test_a_general_hazard_may_be_closed_on_the_spot_with_two_photos_minutes_apart() -> None:
    for facts, expected, count in (
        (on_the_spot(3), "kept", 0),
        (on_the_spot(2), "absent broken", 1),
        (on_the_spot(3, grade="major"), "absent broken", 1),
    ):
        judged = judge_hazard(facts)
        assert outcome(judged, "INV-07", facts["closed"]) == expected
        assert len(signals(judged, "SIG-19", "unseen")) == count


# SIG-19


def test_sig_19_closed_without_re_inspection_until_it_arrives() -> None:
    (alarm,) = signals(judge_hazard(without("reinspected")), "SIG-19")
    assert (alarm.absent, alarm.severity, alarm.opens) == (True, "serious", at("2026-03-19 15:00"))
    assert signals(judge_hazard(given()), "SIG-19") == []


def test_sig_19_closed_by_the_finder_alone() -> None:
    alone = {"found": found(by=(LIN,)), "reinspected": reinspected(by=(LIN,))}
    shut = fact("hazard.closed.v1", hazard_id=HAZARD, verifier=LIN, occurred="2026-03-19 15:00", by=(LIN,))
    assert len(signals(judge_hazard(given(**alone, closed=shut)), "SIG-19", "alone")) == 1
    two = {**alone, "reinspected": reinspected(by=(LIN, ZHAO))}
    assert signals(judge_hazard(given(**two, closed=shut)), "SIG-19", "alone") == []
    assert signals(judge_hazard(without("found", "closed", reinspected=alone["reinspected"])), "SIG-19") == []


def test_sig_19_the_same_photo_before_and_after() -> None:
    before = photo("2026-03-02 09:25", evidence_id=EVIDENCE)
    digest = before.body.sha256  # type: ignore[union-attr]
    for sha256, expected in ((digest, 1), (new_id() * 2, 0)):
        after = photo("2026-03-19 10:00", sha256=sha256)
        name = after.body.evidence_id  # type: ignore[union-attr]
        results = [{"hazard_id": HAZARD, "outcome": "corrected", "after_ids": [name]}]
        facts = given(photo=before, reinspected=reinspected(results=results))
        assert signals(judge_hazard(facts), "SIG-19", "photo") == [], "the photo was not uploaded yet"
        judged = judge_hazard(facts, {f"evidence:{text_id(name)}": [after]})
        assert len(signals(judged, "SIG-19", "photo")) == expected


def test_sig_19_a_re_inspection_that_repeats_the_old_photo_shows_both_states() -> None:
    before, after = photo("2026-03-02 09:25", evidence_id=EVIDENCE), photo("2026-03-19 10:00")
    ids = [EVIDENCE, after.body.evidence_id]  # type: ignore[union-attr]
    facts = given(photo=before, reinspected=reinspected(evidence_ids=ids))
    judged = judge_hazard(facts, {f"evidence:{text_id(ids[1])}": [after]})
    assert signals(judged, "SIG-19") == []


def test_sig_19_overdue_without_re_inspection_opens_when_the_period_ends() -> None:
    # The order runs to Friday 20 March; ten days later is Monday 30 March.
    (alarm,) = signals(judge_hazard(without("reinspected", "closed")), "SIG-19", "overdue")
    assert (alarm.opens, alarm.closes, alarm.absent) == (at("2026-03-31 00:00"), None, True)
    late = judge_hazard(without("closed", reinspected=reinspected("2026-03-31 00:00")))
    (alarm,) = signals(late, "SIG-19", "overdue")
    assert (alarm.closes, alarm.absent) == (at("2026-03-31 00:00"), False)
    in_time = judge_hazard(without("closed", reinspected=reinspected("2026-03-30 23:59")))
    assert signals(in_time, "SIG-19", "overdue") == []


# SIG-21


@pytest.mark.parametrize(
    ("answer", "opens", "closes"),
    [
        # Fifteen working days after Monday 2 March end on Monday 23 March.
        pytest.param(None, "2026-03-24 00:00", None, id="nothing"),
        pytest.param(case_filed("2026-03-23 17:00"), None, None, id="a case in time"),
        pytest.param(case_filed("2026-03-24 09:00"), "2026-03-24 00:00", "2026-03-24 09:00", id="a case, too late"),
        pytest.param(
            fact("case.not_filed.v1", hazard_ids=[HAZARD], case_id=CASE, occurred="2026-03-10", by=(HEAD,),
                 ground="first_minor", reason="初次违法", decided_on="2026-03-10", approver=HEAD),
            None, None, id="a written decision that there is none",
        ),
    ],
)  # fmt: skip
def test_sig_21_a_violation_that_must_be_penalised(answer: Fact | None, opens: str | None, closes: str | None) -> None:
    facts = given(found=found(mandatory_penalty=True))
    if answer is not None:
        facts["answer"] = answer
    found_ = signals(judge_hazard(facts), "SIG-21")
    assert [one.opens for one in found_] == ([] if opens is None else [at(opens)])
    assert [one.closes for one in found_] == ([] if opens is None else [None if closes is None else at(closes)])
    assert all(one.absent is (answer is None) for one in found_)


def test_sig_21_the_list_of_the_authority_makes_a_code_mandatory() -> None:
    facts = given(found=found(code="DQ-07"))
    assert signals(judge_hazard(facts), "SIG-21") == []
    judged = judge_hazard(facts, rules=rulebook(hazard__mandatory_penalty_codes=("DQ-07",)))
    assert len(signals(judged, "SIG-21")) == 1


# Periods


def periods(facts: Given) -> list[tuple[str, str | None, bool]]:
    return [(one.about[-7:], one.last_day, one.met is not None) for one in judge_hazard(facts).deadlines]


def test_dl_18_runs_from_the_orders_own_deadline_and_an_extension_leaves_the_old_one_visible() -> None:
    (plain,) = judge_hazard(without("reinspected", "closed")).deadlines
    assert (plain.rule, plain.last_day, plain.met) == ("DL-18", "2026-03-30", None)
    (moved,) = judge_hazard(without("reinspected", "closed", more=extended("2026-04-10"))).deadlines
    assert moved.last_day == "2026-04-20"
    assert [day_of(old.due - 1).isoformat() for old in moved.earlier] == ["2026-03-30"]
    (refused,) = judge_hazard(without("reinspected", "closed", more=extended("", granted=False))).deadlines
    assert refused.last_day == "2026-03-30"


def test_a_hazard_closed_without_a_look_has_nothing_left_to_re_inspect() -> None:
    (period,) = judge_hazard(without("reinspected")).deadlines
    assert period.cancelled


def test_a_major_hazard_under_a_stop_order_is_looked_at_within_days_of_the_report() -> None:
    facts = without("reinspected", "closed", found=MAJOR, stop=stopped(), report=reported("2026-03-16 09:00"))
    # Ten days after Monday 16 March is Thursday 26 March.
    assert [p.last_day for p in judge_hazard(facts).deadlines if p.about.endswith("/major")] == ["2026-03-26"]
    for changed in ({"stop": stopped(kind="remove_at_once")}, {"found": found()}):
        assert not [p for p in judge_hazard({**facts, **changed}).deadlines if p.about.endswith("/major")]


def test_a_listing_has_its_own_term_which_its_delisting_meets() -> None:
    facts = given(found=MAJOR, listed=listed(), off=delisted())
    (term,) = [p for p in judge_hazard(facts).deadlines if p.about.endswith("/listed")]
    assert (term.last_day, term.met) == ("2026-04-30", at("2026-03-19 14:00"))
    del facts["off"]
    (term,) = [p for p in judge_hazard(facts).deadlines if p.about.endswith("/listed")]
    assert term.met is None


# Columns and page


def test_the_four_lists_follow_from_the_acts() -> None:
    lists = ("in_problems", "in_rectification", "in_acceptance")
    for facts, expected in (
        ([found()], (True, False, False)),
        ([found(), ordered()], (True, True, False)),
        ([found(), ordered(), reinspected()], (True, True, True)),
    ):
        columns = judge_hazard(facts).columns
        assert tuple(columns[name] for name in lists) == expected


def test_each_row_carries_the_ids_of_the_next_list() -> None:
    facts = given()
    columns = judge_hazard(facts).columns
    assert columns["task_id"] == text_id(TASK)
    assert columns["order_id"] == facts["ordered"].id.hex()
    assert columns["reinspection_id"] == facts["reinspected"].id.hex()
    assert columns["closing_id"] == facts["closed"].id.hex()
    assert (columns["found_on"], columns["deadline"], columns["closed_on"]) == (
        "2026-03-02",
        "2026-03-20",
        "2026-03-19",
    )


def test_the_page_says_which_papers_are_missing() -> None:
    states = {paper["code"]: paper["state"] for paper in judge_hazard(without("reinspected")).page["papers"]}
    assert states["rectification_order"] == "present"
    assert states["reinspection"] == "missing"
    open_states = {paper["code"]: paper["state"] for paper in judge_hazard([found()]).page["papers"]}
    assert open_states["rectification_order"] == "due_later"


def test_the_page_shows_both_clocks_of_each_act() -> None:
    facts = given(photo=photo("2026-03-02 09:25", evidence_id=EVIDENCE, received="2026-03-04 08:00"))
    item = next(one for one in judge_hazard(facts).page["items"] if one["id"] == facts["photo"].id.hex())
    assert (item["occurred"], item["received"]) == (at("2026-03-02 09:25"), at("2026-03-04 08:00"))
    assert item["officers"] == [LIN, ZHAO]
