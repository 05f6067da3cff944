"""Invariants of acts on the site: for each a case that breaks it, one that comes close, one with facts missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest

from domain.matter import Fact
from tests.support.facts import CASE, ENTERPRISE, HAZARD, HEAD, LIN, TASK, ZHAO, certificate, fact, new_id
from tests.support.inspections import (
    ORDER_NO,
    SITE,
    Given,
    assigned,
    found,
    inspection,
    judge_task,
    on_site,
    ordered,
    outcome,
    photo,
    verdict,
)

Change = Callable[[Given], None]
SCHEME = {"content": "用电安全"}


def put(**facts: Fact) -> Change:
    return lambda given: given.update(facts)


def drop(*names: str) -> Change:
    def change(given: Given) -> None:
        for name in names:
            del given[name]

    return change


def case(
    *changes: Change, others: Mapping[str, Iterable[Fact]] | None = None
) -> tuple[Given, Mapping[str, Iterable[Fact]]]:
    given = inspection()
    for change in changes:
        change(given)
    return given, others or {}


def entry(when: str = "2026-03-02 09:00", present: tuple[str, ...] = (LIN, ZHAO), **fields: object) -> Fact:
    return on_site("site.entered.v1", when, {"officers_present": list(present), "task_id": TASK, **fields}, by=present)


def shown(when: str) -> Fact:
    return on_site("credentials.shown.v1", when, certificates=["E21050017"], task_id=TASK)


def record(**fields: object) -> Fact:
    return on_site(
        "inspection_record.signed.v1", "2026-03-02 10:15", {"content": "用电安全", "task_id": TASK, **fields}
    )


def approved(when: str) -> Fact:
    given = {"task_id": TASK, "approver": HEAD, "approved_at": when}
    return fact("task.approved.v1", given, occurred=when, by=(HEAD,), about=SITE)


def entrusted(**fields: object) -> Fact:
    capacity = {"kind": "entrusted", "entrustment_id": "W-1", "entrusting_agency": "210500", **fields}
    return entry(acting_capacity=capacity)


def sealed(**fields: object) -> Fact:
    given = {
        "measure_id": HAZARD,
        "task_id": TASK,
        "kind": "seal",
        "imposed_at": "2026-03-02 10:00",
        "imposed_on": "2026-03-02",
        "ends_on": "2026-03-31",
        "urgent": False,
    }
    return on_site("compulsory_measure.imposed.v1", "2026-03-02 10:00", {**given, **fields})


def reported(when: str, **fields: object) -> Fact:
    given = {"measure_id": HAZARD, "reported_at": when, "reported_to": HEAD, **fields}
    return on_site("compulsory_measure.reported.v1", when, given)


AUXILIARY = [{"officer": LIN, "role": "lead"}, {"officer": ZHAO, "role": "auxiliary"}]
EXPIRED = {f"certificate:{ZHAO}": [certificate(ZHAO, valid_to="2026-03-01")]}
LAST_DAY = {f"certificate:{ZHAO}": [certificate(ZHAO, valid_to="2026-03-02")]}
UNKNOWN: dict[str, list[Fact]] = {f"certificate:{ZHAO}": []}


@pytest.mark.parametrize(
    ("present", "others", "expected"),
    [
        pytest.param((LIN,), {}, "broken", id="one officer"),
        pytest.param((LIN, ZHAO), {}, "kept", id="two officers"),
        pytest.param((LIN, ZHAO), EXPIRED, "broken", id="the second one's certificate has run out"),
        pytest.param((LIN, ZHAO), UNKNOWN, "absent broken", id="the second one's certificate was not entered yet"),
    ],
)
def test_inv_01_two_certified_officers_enter(
    present: tuple[str, ...], others: dict[str, list[Fact]], expected: str
) -> None:
    entered = entry(present=present)
    given, _ = case(put(entered=entered))
    assert outcome(judge_task(given, others), "INV-01", entered) == expected


def test_inv_01_an_auxiliary_is_no_second_officer_whatever_list_names_him() -> None:
    entered = entry(actors=AUXILIARY)
    judged = judge_task(case(put(entered=entered))[0])
    found_ = verdict(judged, "INV-01", entered)
    assert found_ is not None
    assert found_.outcome == "broken"
    assert "辅助人员" in found_.reason.zh
    assert "auxiliary" in found_.reason.en


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param(EXPIRED, "broken", id="ran out on the day before"),
        pytest.param(LAST_DAY, "kept", id="its last day"),
        pytest.param(UNKNOWN, "absent broken", id="not entered yet"),
        pytest.param(
            {f"certificate:{ZHAO}": [certificate(ZHAO, categories=("城市管理",))]}, "broken", id="for other acts"
        ),
    ],
)
def test_inv_02_certificates_held_on_the_day_of_the_act(others: dict[str, list[Fact]], expected: str) -> None:
    given, _ = case()
    assert outcome(judge_task(given, others), "INV-02", given["entered"]) == expected


def test_inv_02_a_renewal_that_is_entered_late_changes_the_answer_for_the_past() -> None:
    given, _ = case()
    renewal = certificate(ZHAO, number="E2", valid_from="2026-03-02", received="2026-04-01")
    shelf = {f"certificate:{ZHAO}": [*EXPIRED[f"certificate:{ZHAO}"], renewal]}
    assert outcome(judge_task(given, EXPIRED), "INV-02", given["entered"]) == "broken"
    assert outcome(judge_task(given, shelf), "INV-02", given["entered"]) == "kept"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([put(shown=shown("2026-03-02 09:31"))], "broken", id="after the evidence"),
        pytest.param([put(shown=shown("2026-03-02 09:25"))], "kept", id="in the minute of the first photo"),
        pytest.param([drop("shown")], "absent broken", id="not uploaded yet"),
        pytest.param([drop("photo", "found", "record")], "", id="no evidence yet"),
    ],
)
def test_inv_03_certificates_are_shown_before_evidence(changes: list[Change], expected: str) -> None:
    assert outcome(judge_task(case(*changes)[0]), "INV-03") == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            [put(assigned=assigned(scheme=SCHEME), a=approved("2026-03-02 09:01"))], "broken", id="a minute late"
        ),
        pytest.param(
            [put(assigned=assigned(scheme=SCHEME), a=approved("2026-03-02 09:00"))], "kept", id="in that minute"
        ),
        pytest.param([put(assigned=assigned(scheme=SCHEME))], "absent broken", id="never approved"),
        pytest.param(
            [put(assigned=assigned(scheme=SCHEME, urgent=True), a=approved("2026-03-03 08:59"))], "kept", id="urgent"
        ),
        pytest.param(
            [put(assigned=assigned(scheme=SCHEME, urgent=True), a=approved("2026-03-03 09:00"))],
            "broken",
            id="urgent, a day later",
        ),
        pytest.param(
            [put(assigned=assigned(scheme=SCHEME, urgent=True))], "absent unknown", id="urgent, not approved yet"
        ),
        pytest.param([drop("assigned")], "absent broken", id="no task"),
    ],
)
def test_inv_04_the_scheme_is_approved_before_entry(changes: list[Change], expected: str) -> None:
    assert outcome(judge_task(case(*changes)[0]), "INV-04") == expected


REFUSED = {"reason": "未说明理由"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "broken", id="neither signature nor refusal"),
        pytest.param({"signer": "车间主任"}, "kept", id="signed"),
        pytest.param({"refused": REFUSED}, "broken", id="refused and not reported"),
        pytest.param({"refused": REFUSED, "reported_to_agency": 1772421000000}, "kept", id="refused and reported"),
    ],
)
def test_inv_05_the_record_is_signed_or_its_refusal_reported(fields: dict[str, object], expected: str) -> None:
    assert outcome(judge_task(case(put(record=record(**fields)))[0]), "INV-05") == expected


def test_inv_05_says_nothing_while_there_is_no_record() -> None:
    assert outcome(judge_task(case(drop("record"))[0]), "INV-05") == ""


OTHER_HAZARD = new_id()
ELSEWHERE = on_site("hazard.found.v1", "2026-03-01 09:00", about=("enterprise:E-0002",), hazard_id=OTHER_HAZARD)


@pytest.mark.parametrize(
    ("order", "others", "expected"),
    [
        pytest.param(ordered(deadline="2026-03-01"), {}, "broken", id="deadline before the order"),
        pytest.param(ordered(deadline="2026-03-02"), {}, "kept", id="deadline on the day of the order"),
        pytest.param(
            ordered(hazard_ids=[HAZARD, OTHER_HAZARD]),
            {f"hazard:{ELSEWHERE.about[1].partition(':')[2]}": [ELSEWHERE]},
            "broken",
            id="a hazard of another enterprise",
        ),
        pytest.param(ordered(hazard_ids=[HAZARD, new_id()]), {}, "absent unknown", id="a hazard that nobody found yet"),
    ],
)
def test_inv_06_an_order_is_for_one_enterprise_and_ends_after_it_began(
    order: Fact, others: dict[str, list[Fact]], expected: str
) -> None:
    assert outcome(judge_task(case(put(ordered=order))[0], others), "INV-06") == expected


def served(on: str, number: str = ORDER_NO) -> Fact:
    given = {"document_no": number, "method": "direct", "served_on": on, "task_id": TASK}
    return on_site("document.served.v1", f"{on} 11:00", given)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Seven working days after Monday 2 March end on Wednesday 11 March.
        pytest.param([put(served=served("2026-03-12"))], "broken", id="a day late"),
        pytest.param([put(served=served("2026-03-11"))], "kept", id="the last day"),
        pytest.param([put(served=served("2026-03-02", "(辽本)应急责改[2026]01号"))], "kept", id="other brackets"),
        pytest.param([drop("served")], "absent unknown", id="not uploaded yet"),
        pytest.param(
            [put(ordered=ordered(document_no="（辽本）应急责改〔2026〕2号"))], "absent unknown", id="another order"
        ),
    ],
)
def test_inv_25_an_order_is_served(changes: list[Change], expected: str) -> None:
    assert outcome(judge_task(case(*changes)[0]), "INV-25") == expected


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param(("after_hole",), "broken", id="records before it are lost"),
        pytest.param(("epoch_changed",), "kept", id="a new epoch is no fault"),
    ],
)
def test_inv_34_records_follow_one_another(notes: tuple[str, ...], expected: str) -> None:
    given, _ = case(put(photo=photo("2026-03-02 09:25")))
    odd = on_site("evidence.captured.v1", "2026-03-02 09:26", kind="photo", description="x", notes=notes)
    assert outcome(judge_task([*given.values(), odd]), "INV-34") == expected


def test_inv_34_a_side_chain_is_a_fault_and_a_task_without_records_says_nothing() -> None:
    odd = on_site("site.entered.v1", "2026-03-02 09:00", source="branch")
    assert outcome(judge_task([assigned(), odd]), "INV-34") == "broken"
    assert outcome(judge_task([assigned()]), "INV-34") == ""


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        pytest.param("2026-03-02 09:19", "broken", id="made six minutes after it was received"),
        pytest.param("2026-03-02 09:20", "kept", id="five minutes are within the tolerance of clocks"),
    ],
)
def test_inv_35_nothing_is_made_after_it_was_received(received: str, expected: str) -> None:
    given, _ = case(put(photo=photo("2026-03-02 09:25", received=received)))
    assert outcome(judge_task(given), "INV-35") == expected


def test_inv_35_says_nothing_while_no_terminal_recorded_anything() -> None:
    assert outcome(judge_task([assigned()]), "INV-35") == ""


def test_inv_36_a_correction_names_a_record_that_stays() -> None:
    given, _ = case()
    correction = fact(
        "record.corrected.v1",
        {"target_event": given["record"].id, "effect": "explained", "reason": "笔误", "approver": HEAD},
        occurred="2026-03-05",
        by=(HEAD,),
        about=SITE,
    )
    assert outcome(judge_task([*given.values(), correction]), "INV-36", correction) == "kept"
    del given["record"]
    assert outcome(judge_task([*given.values(), correction]), "INV-36", correction) == "absent unknown"


@pytest.mark.parametrize(
    ("measure", "report", "expected"),
    [
        pytest.param(
            sealed(approver=HEAD, approved_at="2026-03-02 10:01"), None, "broken", id="approved a minute later"
        ),
        pytest.param(sealed(approver=HEAD, approved_at="2026-03-02 10:00"), None, "kept", id="approved in that minute"),
        pytest.param(sealed(urgent=True), None, "absent unknown", id="urgent, not reported yet"),
        pytest.param(sealed(urgent=True), "2026-03-03 09:59", "kept", id="urgent, reported within 24 hours"),
        pytest.param(sealed(urgent=True), "2026-03-03 10:00", "broken", id="urgent, reported after 24 hours"),
        pytest.param(
            sealed(approver=HEAD, acting_capacity={"kind": "entrusted"}), None, "broken", id="in an entrusted right"
        ),
        pytest.param(sealed(approver=HEAD, acting_capacity={"kind": "own"}), None, "kept", id="in its own right"),
    ],
)
def test_inv_37_a_compulsory_measure_is_approved(measure: Fact, report: str | None, expected: str) -> None:
    given, _ = case(put(measure=measure))
    if report is not None:
        given["report"] = reported(report)
    assert outcome(judge_task(given), "INV-37") == expected


def test_inv_37_a_measure_of_a_case_is_judged_in_the_case() -> None:
    assert outcome(judge_task(case(put(measure=sealed(case_id=CASE)))[0]), "INV-37") == ""


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        pytest.param(entrusted(valid_from="2026-01-01", valid_to="2026-03-01"), "broken", id="ran out the day before"),
        pytest.param(entrusted(valid_from="2026-01-01", valid_to="2026-03-02"), "kept", id="its last day"),
        pytest.param(entrusted(), "unknown", id="no period stated"),
        pytest.param(entry(acting_capacity={"kind": "entrusted"}), "broken", id="no agency named"),
        pytest.param(entry(acting_capacity={"kind": "own"}), "", id="in its own right"),
    ],
)
def test_inv_38_an_entrusted_act_names_who_entrusted_it(entered: Fact, expected: str) -> None:
    assert outcome(judge_task(case(put(entered=entered))[0]), "INV-38", entered) == expected


def test_a_clean_inspection_breaks_nothing_and_raises_nothing() -> None:
    judged = judge_task(inspection())
    assert {one.outcome for one in judged.verdicts} == {"kept"}
    assert judged.signals == ()


def test_every_verdict_gives_its_reason_in_both_languages() -> None:
    judged = judge_task(case(drop("shown", "served"), put(found=found(mandatory_penalty=True)))[0])
    for one in judged.verdicts:
        assert one.reason.zh.endswith("。")
        assert one.reason.en.endswith(".")


def test_a_missing_rule_makes_the_verdict_unknown_and_says_which() -> None:
    from domain.rulebook import Rulebook

    given, _ = case()
    said = verdict(judge_task(given, rules=Rulebook()), "INV-01", given["entered"])
    assert said is not None
    assert said.outcome == "unknown"
    assert "officers.minimum" in said.reason.en


def test_claims_and_side_chains_satisfy_nothing() -> None:
    given, _ = case()
    given["shown"] = on_site(
        "credentials.shown.v1", "2026-03-02 09:02", certificates=["E1"], task_id=TASK, source="branch"
    )
    given["assigned"] = fact(
        "task.assigned.v1",
        task_id=TASK,
        enterprise_id=ENTERPRISE,
        officers=[LIN, ZHAO],
        occurred="2026-03-01",
        claim=True,
    )
    judged = judge_task(given)
    assert outcome(judged, "INV-03") == "absent broken"
    assert outcome(judged, "INV-04") == "absent broken"
