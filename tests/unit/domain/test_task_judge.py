"""An inspection's stages, its periods, whether its chain is complete, and what its page and its lists show."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from domain.judges import task
from domain.judges.chain import chain_of
from domain.judges.visit import Visit
from domain.matter import Fact
from tests.support.facts import (
    CASE,
    ENTERPRISE,
    HAZARD,
    HEAD,
    LIN,
    TASK,
    ZHAO,
    at,
    certificates,
    fact,
    matter,
    new_id,
    text_id,
)
from tests.support.inspections import (
    SITE,
    Given,
    assigned,
    closed,
    inspection,
    judge_task,
    on_site,
    ordered,
    photo,
    reinspected,
)


def given(**facts: Fact) -> Given:
    return {**inspection(), **facts}


def only(*names: str, **facts: Fact) -> Given:
    return {**{name: one for name, one in inspection().items() if name in names}, **facts}


def office(type_name: str, when: str, **fields: Any) -> Fact:
    return fact(type_name, {"task_id": TASK, **fields}, occurred=when, by=(HEAD,), about=SITE, source="office")


def concluded(when: str = "2026-03-03 09:00", outcome: str = "ordered", **fields: Any) -> Fact:
    return office("task.concluded.v1", when, outcome=outcome, concluded_on=when[:10], **fields)


def attempt(outcome: str = "closed", **fields: Any) -> Fact:
    return on_site("site.entered.v1", "2026-03-02 09:00", task_id=TASK, outcome=outcome, **fields)


def record(**fields: Any) -> Fact:
    return on_site("inspection_record.signed.v1", "2026-03-02 10:15", content="x", signer="x", task_id=TASK, **fields)


CANCELLED = office("task.cancelled.v1", "2026-03-01 17:00", reason="企业停产", approver=HEAD)
FILED = fact("case.filed.v1", {"case_id": CASE, "task_id": TASK}, occurred="2026-03-05", by=(HEAD,), about=SITE)


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        (only("assigned"), "assigned"),
        (only("assigned", cancelled=CANCELLED), "cancelled"),
        (only("assigned", at_the_gate=attempt()), "no_entry"),
        (only("assigned", "entered", at_the_gate=attempt("refused")), "entered"),
        (only("assigned", "entered"), "entered"),
        (only("assigned", "entered", "shown"), "credentials_shown"),
        (only("assigned", "entered", "shown", "found", "record"), "recorded"),
        (only("assigned", "entered", "shown", record=record()), "no_problem"),
        (inspection(), "ordered"),
        (given(filed=FILED), "case_filed"),
        (given(filed=FILED, done=concluded(outcome="case_filed")), "concluded"),
        (only("entered"), "entered"),
        (only("record"), "recorded"),
    ],
)
def test_a_task_stands_where_its_acts_have_brought_it(facts: Given, stage: str) -> None:
    assert judge_task(facts).stage == stage


def test_acts_in_an_unlawful_order_are_kept_and_judged() -> None:
    facts = given(
        ordered=ordered("2026-03-01 08:00"), entered=on_site("site.entered.v1", "2026-03-02 11:00", task_id=TASK)
    )
    judged = judge_task(facts)
    assert judged.stage == "ordered"
    assert len(judged.page["items"]) == len(facts)
    assert judged.columns["chain"] == "out_of_order"


def test_the_order_in_which_acts_came_in_changes_nothing() -> None:
    shelves = certificates(LIN, ZHAO)
    facts = list(only("assigned", "entered", "shown", "found", "record", "ordered").values())
    assert len({repr(judge_task(list(some), shelves)) for some in permutations(facts)}) == 1


def test_needs_rest_on_the_own_facts_and_name_what_the_judge_reads() -> None:
    keys = task.needs(list(inspection().values()))
    assert {f"certificate:{LIN}", f"certificate:{ZHAO}", f"profile:{ENTERPRISE}", f"hazard:{text_id(HAZARD)}"} <= keys
    assert all(key.partition(":")[0] in ("certificate", "profile", "hazard", "device") for key in keys)


# Chain


@pytest.mark.parametrize(
    ("facts", "state", "missing"),
    [
        (inspection(), "complete", ()),
        (only("assigned", "entered", "record"), "incomplete", ("credentials",)),
        (only("assigned"), "incomplete", ("entry", "credentials", "record")),
        (only("assigned", gate=attempt(evidence_ids=[new_id()])), "no_entry", ()),
        (only("assigned", gate=attempt(), picture=photo("2026-03-02 09:01")), "no_entry", ()),
        (only("assigned", gate=attempt()), "incomplete", ("photo",)),
    ],
)
def test_a_chain_is_complete_by_its_acts_alone(facts: Given, state: str, missing: tuple[str, ...]) -> None:
    chain = chain_of(Visit(matter("task", TASK, facts.values())))
    assert (chain.state, chain.missing) == (state, missing)


# Periods


def test_dl_12_the_result_is_published_or_told_within_twenty_working_days() -> None:
    facts = given(done=concluded("2026-03-02 16:00"))
    (open_,) = judge_task(facts).deadlines
    # Twenty working days after Monday 2 March end on Monday 30 March.
    assert (open_.rule, open_.last_day, open_.met) == ("DL-12", "2026-03-30", None)
    told = office("inspection_result.told.v1", "2026-03-10 09:00", told_on="2026-03-10", content="x")
    (met,) = judge_task({**facts, "told": told}).deadlines
    assert (met.met, met.met_by) == (told.occurred, told.id)


def test_an_urgent_entry_is_approved_within_hours() -> None:
    urgent = assigned(scheme={"content": "x"}, urgent=True)
    (open_,) = judge_task(given(assigned=urgent)).deadlines
    assert (open_.due, open_.met) == (at("2026-03-03 09:00"), None)
    approval = {"task_id": TASK, "approver": HEAD, "approved_at": "2026-03-02 20:00"}
    approved = fact("task.approved.v1", approval, occurred="2026-03-02 20:00", by=(HEAD,), about=SITE)
    (met,) = judge_task(given(assigned=urgent, approved=approved)).deadlines
    assert met.met == at("2026-03-02 20:00")


def test_a_cancelled_task_has_no_periods() -> None:
    urgent = assigned(scheme={"content": "x"}, urgent=True)
    facts = {**only("entered", assigned=urgent), "cancelled": CANCELLED}
    assert judge_task(facts).deadlines == ()


# Columns and page


def test_lists_sort_and_filter_by_source_enterprise_officers_and_plan() -> None:
    item = new_id()
    columns = judge_task(given(assigned=assigned(plan_item_id=item, from_on="2026-03-01", to_on="2026-03-31"))).columns
    assert (columns["source"], columns["enterprise_id"]) == ("plan", ENTERPRISE)
    assert columns["officers"] == f"{LIN},{ZHAO}"
    assert (columns["planned"], columns["plan_item"]) == (True, text_id(item))
    assert (columns["from_on"], columns["to_on"]) == ("2026-03-01", "2026-03-31")


def test_the_hazards_of_a_task_show_the_stage_that_they_have_now() -> None:
    facts = inspection()
    later = [facts["found"], facts["ordered"], reinspected(), closed()]
    judged = judge_task(facts, {f"hazard:{text_id(HAZARD)}": later})
    assert [one["stage"] for one in judged.page["hazards"]] == ["closed"]
    assert judged.columns["hazards_open"] == 0
    assert judge_task(facts).columns["hazards_open"] == 1


def test_the_page_says_which_papers_are_missing_in_the_order_of_a_case_file() -> None:
    papers = judge_task(only("assigned", "entered", "found", "ordered")).page["papers"]
    states = {paper["code"]: paper["state"] for paper in papers}
    assert states["scheme"] == "present"
    assert states["inspection_record"] == "missing"
    assert states["service"] == "missing"
    assert states["interview"] == "not_needed"
    assert [paper["order"] for paper in papers] == sorted(paper["order"] for paper in papers)


def test_who_is_told_are_those_who_were_sent_and_those_who_acted() -> None:
    third = "officer-0031"
    facts = given(entered=on_site("site.entered.v1", "2026-03-02 09:00", task_id=TASK, by=(third,)))
    assert judge_task(facts).officers == (LIN, ZHAO, third)


def test_claims_are_shown_and_do_not_count() -> None:
    claim = fact("task.concluded.v1", {"task_id": TASK, "outcome": "ordered"}, occurred="2026-03-03", claim=True)
    judged = judge_task({**only("assigned"), "claim": claim})
    assert judged.stage == "assigned"
    (shown,) = [one for one in judged.page["items"] if one["id"] == claim.id.hex()]
    assert (shown["counts"], shown["notes"]) == (False, ["claim"])
