"""Signals of an inspection: for each a case that trips it, one that comes close, one with facts still missing."""

from __future__ import annotations

from typing import Any

import pytest

from domain.matter import Fact
from tests.support.facts import (
    CASE,
    ENTERPRISE,
    EVIDENCE,
    HAZARD,
    HEAD,
    LIN,
    TASK,
    TERMINAL,
    ZHAO,
    at,
    certificate,
    fact,
    new_id,
    rulebook,
    text_id,
)
from tests.support.inspections import SITE, Given, film, inspection, judge_task, on_site, photo, signals

DEVICE = f"device:{text_id(TERMINAL)}/2026-03-02"
PROFILE = f"profile:{ENTERPRISE}"
PLACE = {"acc": 10, "crs": "WGS84", "lat": 412_900_000, "lon": 1_237_600_000, "mock": False, "src": "gnss"}


def given(**facts: Fact) -> Given:
    return {**inspection(), **facts}


def without(*names: str) -> Given:
    return {name: one for name, one in inspection().items() if name not in names}


def entry(**more: Any) -> Fact:
    present = more.pop("present", (LIN, ZHAO))
    fields: dict[str, Any] = {name: more.pop(name) for name in ("actors", "backfill") if name in more}
    body = {"officers_present": list(present), "task_id": TASK, **fields}
    return on_site("site.entered.v1", more.pop("when", "2026-03-02 09:00"), body, by=present, **more)


def record(when: str = "2026-03-02 10:15", **fields: Any) -> Fact:
    return on_site(
        "inspection_record.signed.v1", when, {"content": "x", "signer": "车间主任", "task_id": TASK, **fields}
    )


def fault(start: str, end: str, reported: str = "2026-03-02 12:00") -> Fact:
    body = {"fault": "camera", "from_at": at(start), "until_at": at(end), "description": "摄像头损坏"}
    return fact("terminal.fault_reported.v1", body, occurred=reported)


def scores(facts: Given, rule: str, about: str = "", others: dict[str, list[Fact]] | None = None) -> list[int]:
    return [one.score for one in signals(judge_task(facts, others), rule, about)]


# SIG-03


@pytest.mark.parametrize(
    ("received", "body", "expected"),
    [
        pytest.param("2026-03-03 09:25", {}, [], id="on the stroke of 24 hours"),
        pytest.param("2026-03-03 09:26", {}, [50], id="a minute later"),
        pytest.param("2026-03-12 09:26", {}, [95], id="ten days later"),
        pytest.param("2026-03-12 09:26", {"backfill": {"reason": "井下无信号"}}, [75], id="declared"),
        pytest.param(
            "2026-03-12 09:26", {"backfill": {"reason": "井下无信号", "approver": HEAD}}, [], id="declared and approved"
        ),
        pytest.param("2026-03-12 09:26", {"import": {"system": "旧系统", "reference": "1"}}, [], id="taken over"),
    ],
)
def test_sig_03_late_uploads(received: str, body: dict[str, Any], expected: list[int]) -> None:
    late = photo("2026-03-02 09:25", received=received, evidence_id=EVIDENCE, **body)
    assert scores(given(photo=late), "SIG-03", "late") == expected


def test_sig_03_goes_when_the_approval_of_the_backfill_arrives() -> None:
    late = photo("2026-03-02 09:25", received="2026-03-08 09:00", evidence_id=EVIDENCE)
    facts = given(photo=late)
    assert scores(facts, "SIG-03") == [70]
    body = {"target_events": [late.id], "reason": "终端损坏", "approver": HEAD}
    facts["approval"] = fact("backfill.approved.v1", body, occurred="2026-03-09", by=(HEAD,), about=SITE)
    assert scores(facts, "SIG-03") == []


def test_sig_03_an_approval_for_a_terminal_covers_its_time_and_no_other() -> None:
    late = photo("2026-03-02 09:25", received="2026-03-08 09:00", evidence_id=EVIDENCE)
    for until, expected in (("2026-03-02 09:24", 1), ("2026-03-02 09:25", 0)):
        body = {"terminal_id": TERMINAL, "from_at": at("2026-03-02"), "until_at": at(until)}
        body |= {"reason": "终端损坏", "approver": HEAD}
        approval = fact("backfill.approved.v1", body, occurred="2026-03-09", by=(HEAD,), about=SITE)
        assert len(scores(given(photo=late, approval=approval), "SIG-03")) == expected


def test_sig_03_records_written_long_after_the_act_weigh_more_when_they_were_written_together() -> None:
    facts = given()
    for number, name in enumerate(("entered", "shown", "found", "record")):
        old = facts[name]
        written = at("2026-03-05 20:00") + number * 60_000
        facts[name] = fact(
            old.type, body_of(old), occurred=old.occurred, captured=written, received=written + 60_000, about=old.about
        )
    (alarm,) = signals(judge_task(facts), "SIG-03", "afterwards")
    assert alarm.score == 90
    assert "其中4条在同一小时内写成" in alarm.reason.zh
    del facts["found"]
    (alarm,) = signals(judge_task(facts), "SIG-03", "afterwards")
    assert alarm.score == 60


def body_of(one: Fact) -> dict[str, Any]:
    import msgspec

    assert one.body is not None
    return dict(msgspec.to_builtins(one.body, builtin_types=(bytes,)))


def test_sig_03_steps_written_in_the_reverse_order() -> None:
    entered = entry(captured="2026-03-02 09:40")
    assert len(scores(given(entered=entered), "SIG-03", "reversed")) == 1
    entered = entry(captured="2026-03-02 09:02")
    assert scores(given(entered=entered), "SIG-03", "reversed") == []


def test_sig_03_what_is_written_within_minutes_or_lasts_longer_is_in_order() -> None:
    soon = entry(captured="2026-03-02 09:11")  # nine minutes after the next step was written down
    assert scores(given(entered=soon), "SIG-03", "reversed") == []
    filmed = {"start": "2026-03-02 08:59", "end": "2026-03-02 10:20", "step_code": "A7", "media_type": "video/mp4"}
    film = on_site("recording.captured.v1", "2026-03-02 08:59", filmed, captured="2026-03-02 10:20")
    assert scores(given(film=film), "SIG-03", "reversed") == []


# SIG-06, SIG-07


def test_sig_06_a_single_officer_is_one_signal_for_the_whole_visit() -> None:
    facts = given(entered=entry(present=(LIN,)))
    (alarm,) = signals(judge_task(facts), "SIG-06")
    assert (alarm.score, alarm.severity, alarm.absent) == (90, "serious", False)
    assert alarm.opens == facts["entered"].occurred
    assert scores(given(), "SIG-06") == []


def test_sig_06_rests_on_an_absence_while_a_certificate_is_not_entered() -> None:
    (alarm,) = signals(judge_task(given(), {f"certificate:{ZHAO}": []}), "SIG-06")
    assert alarm.absent


def test_sig_06_a_record_that_only_one_of_two_signed() -> None:
    one = {"officer": LIN, "role": "lead", "signature_ref": new_id() * 2}
    two = {"officer": ZHAO, "role": "officer"}
    assert scores(given(record=record(actors=[one, two])), "SIG-06", "signature") == [50]
    signed = {**two, "signature_ref": new_id() * 2}
    assert scores(given(record=record(actors=[one, signed])), "SIG-06", "signature") == []


@pytest.mark.parametrize(
    ("shelf", "expected"),
    [
        pytest.param([certificate(ZHAO, valid_to="2026-03-01")], [85], id="ran out yesterday"),
        pytest.param([certificate(ZHAO, valid_to="2026-03-02")], [], id="runs out today"),
        pytest.param([], [60], id="not entered yet"),
    ],
)
def test_sig_07_an_officer_without_a_valid_certificate_is_named_once(shelf: list[Fact], expected: list[int]) -> None:
    found = signals(judge_task(given(), {f"certificate:{ZHAO}": shelf}), "SIG-07")
    assert [one.score for one in found] == expected
    assert all(one.officers == (ZHAO,) for one in found)
    assert all(one.absent is (not shelf) for one in found)


# SIG-12, SIG-13


def test_sig_12_a_terminal_that_fell_silent_on_the_site() -> None:
    facts = {**without("film", "photo", "found"), "record": record("2026-03-02 10:15")}
    (alarm,) = signals(judge_task(facts), "SIG-12")
    assert alarm.absent
    assert "1小时13分" in alarm.reason.zh
    assert scores({**facts, "record": record("2026-03-02 10:02")}, "SIG-12") == []
    assert scores(without("film", "photo", "found", "record"), "SIG-12") == []


def test_sig_12_a_zone_without_devices_that_was_declared_before_explains_silence() -> None:
    facts = {**without("film", "photo", "found"), "record": record("2026-03-02 10:15")}
    zone = {"zone": "煤气区", "from_at": at("2026-03-02 09:00"), "until_at": at("2026-03-02 11:00"), "reason": "防爆"}
    for declared, expected in (("2026-03-02 08:00", 0), ("2026-03-02 12:00", 1)):
        shelf = {
            PROFILE: [fact("no_device_zone.declared.v1", {**zone, "enterprise_id": ENTERPRISE}, occurred=declared)]
        }
        assert len(scores(facts, "SIG-12", others=shelf)) == expected


def profile(**fields: Any) -> dict[str, list[Fact]]:
    body = {"enterprise_id": ENTERPRISE, "name": "示例制造有限公司", **fields}
    return {PROFILE: [fact("enterprise.profiled.v1", body, occurred="2026-01-01", by=(HEAD,))]}


@pytest.mark.parametrize(
    ("lat", "expected"),
    [
        # 0.005 degrees of latitude are 556 m: beyond the 500 m and the 10 m of the fix.
        pytest.param(412_950_000, 1, id="556 m away"),
        pytest.param(412_944_000, 0, id="489 m away"),
    ],
)
def test_sig_13_an_entry_far_from_the_enterprise(lat: int, expected: int) -> None:
    shelf = profile(point={"lat": PLACE["lat"], "lon": PLACE["lon"]})
    facts = given(entered=entry(loc={**PLACE, "lat": lat}))
    assert len(scores(facts, "SIG-13", "place", shelf)) == expected
    assert scores(facts, "SIG-13", "place") == [], "where the enterprise is was not entered yet"


def test_sig_13_a_fix_that_is_not_exact_proves_nothing() -> None:
    shelf = profile(point={"lat": PLACE["lat"], "lon": PLACE["lon"]})
    assert scores(given(entered=entry(loc={**PLACE, "lat": 413_500_000, "acc": 1_001})), "SIG-13", "place", shelf) == []


def test_sig_13_mocked_positions_and_impossible_ways() -> None:
    assert scores(given(entered=entry(loc={**PLACE, "mock": True})), "SIG-13", "mock") == [85]
    there = {**PLACE, "lat": 413_900_000}  # 11 km to the north
    for when, expected in (("2026-03-02 09:04", 1), ("2026-03-02 09:06", 0)):
        shown = on_site("credentials.shown.v1", when, certificates=["E1"], task_id=TASK, loc=there)
        facts = given(entered=entry(loc=PLACE), shown=shown)
        assert len(scores(facts, "SIG-13", "travel")) == expected


# SIG-14, SIG-15


@pytest.mark.parametrize(
    ("when", "fields", "expected"),
    [
        pytest.param("2026-03-02 10:18", {}, 1, id="three minutes after the record"),
        pytest.param("2026-03-02 10:17", {}, 0, id="within the margin"),
        pytest.param("2026-03-19 10:00", {"step_code": "A15"}, 0, id="a photo of the re-inspection"),
        pytest.param("2026-03-19 10:00", {"case_id": new_id()}, 0, id="evidence of a case"),
    ],
)
def test_sig_14_evidence_captured_after_the_record(when: str, fields: dict[str, Any], expected: int) -> None:
    late = photo(when, **fields)
    assert len(scores(given(late=late), "SIG-14")) == expected
    assert scores({**without("record"), "late": late}, "SIG-14") == [], "there is no record yet"


def test_sig_15_one_file_for_two_pieces_of_evidence() -> None:
    same = new_id() * 2
    one, two = photo("2026-03-02 09:40", sha256=same), photo("2026-03-02 09:41", sha256=same)
    assert scores(given(one=one, two=two), "SIG-15", "twice") == [85]
    again = photo("2026-03-02 09:41", sha256=same, evidence_id=one.body.evidence_id)  # type: ignore[union-attr]
    assert scores(given(one=one, again=again), "SIG-15") == [], "the same evidence recorded twice is one"


def test_sig_15_evidence_whose_file_changed_and_copies_without_their_original() -> None:
    name = new_id()
    one, two = photo("2026-03-02 09:40", evidence_id=name), photo("2026-03-02 09:41", evidence_id=name)
    assert scores(given(one=one, two=two), "SIG-15", "changed") == [85]
    copy = photo("2026-03-02 09:41", derived_from=one.body.sha256)  # type: ignore[union-attr]
    (alarm,) = signals(judge_task(given(copy=copy)), "SIG-15", "edited")
    assert alarm.absent
    assert scores(given(one=one, copy=copy), "SIG-15") == [], "the original has arrived"


def test_sig_15_a_segment_that_follows_one_which_nobody_recorded() -> None:
    first = film("A7", "2026-03-02 09:00", "2026-03-02 09:30")
    digest = first.body.sha256  # type: ignore[union-attr]
    second = film("A7", "2026-03-02 09:30", "2026-03-02 10:20", prev_segment_hash=digest)
    assert scores(given(film=first, second=second), "SIG-15") == []
    (alarm,) = signals(judge_task(given(second=second)), "SIG-15", "segment")
    assert alarm.absent


def test_sig_15_a_file_older_than_the_visit() -> None:
    assert len(scores(given(old=photo("2026-03-02 09:40", file_time=at("2026-03-01 08:00"))), "SIG-15", "old")) == 1
    assert scores(given(old=photo("2026-03-02 09:40", file_time=at("2026-03-02 08:00"))), "SIG-15", "old") == []


# SIG-16


def checked(offset_ms: int) -> Fact:
    return fact("terminal.clock_checked.v1", offset_ms=offset_ms, method="server", occurred="2026-03-02 08:30")


@pytest.mark.parametrize(
    ("shelf", "expected"),
    [
        pytest.param([checked(60_001)], [70], id="a minute and more"),
        pytest.param([checked(-60_000)], [], id="a minute"),
        pytest.param([], [], id="not checked yet"),
        pytest.param([checked(90_000), fault("2026-03-02 08:00", "2026-03-02 12:00")], [25], id="explained by a fault"),
    ],
)
def test_sig_16_the_clock_was_off(shelf: list[Fact], expected: list[int]) -> None:
    assert scores(given(), "SIG-16", others={DEVICE: shelf}) == expected


def test_sig_16_the_clock_jumped_or_the_chain_broke() -> None:
    for notes, expected in ((("clock_jump",), 1), (("after_hole",), 1), (("epoch_changed",), 0)):
        odd = on_site("evidence.captured.v1", "2026-03-02 09:26", kind="photo", description="x", notes=notes)
        assert len(scores(given(odd=odd), "SIG-16")) == expected


# SIG-17


def test_sig_17_a_step_that_must_be_filmed_and_was_not() -> None:
    found = signals(judge_task(without("film", "photo")), "SIG-17")
    assert {one.about.rpartition("/")[2] for one in found} == {"A5", "A7"}
    assert all(one.absent and one.score == 70 for one in found)
    assert scores(given(), "SIG-17") == []


def test_sig_17_the_first_frame_is_of_after_the_entry() -> None:
    late = {"film": film("A7", "2026-03-02 09:10", "2026-03-02 10:20")}
    (alarm,) = signals(judge_task(given(**late)), "SIG-17")
    assert "晚了10分" in alarm.reason.zh
    near = {"film": film("A7", "2026-03-02 09:02", "2026-03-02 10:20")}
    assert scores(given(**near), "SIG-17") == []


def test_sig_17_a_fault_that_was_reported_within_a_day_explains_it() -> None:
    facts = without("film", "photo")
    for reported, expected in (("2026-03-03 23:00", {25}), ("2026-03-04 01:00", {70})):
        shelf = {DEVICE: [fault("2026-03-02 08:00", "2026-03-02 12:00", reported)]}
        assert set(scores(facts, "SIG-17", others=shelf)) == expected


def sealing(*films: Fact) -> Given:
    body = {
        "measure_id": new_id(),
        "task_id": TASK,
        "kind": "seal",
        "imposed_at": "2026-03-02 10:00",
        "imposed_on": "2026-03-02",
        "ends_on": "2026-03-31",
        "urgent": False,
        "approver": HEAD,
        "approved_at": "2026-03-02 08:00",
    }
    measure = on_site("compulsory_measure.imposed.v1", "2026-03-02 10:00", body)
    return {**inspection(), "measure": measure, **{f"film{number}": one for number, one in enumerate(films)}}


def test_sig_17_sealing_is_filmed_without_a_gap() -> None:
    one = film("A13", "2026-03-02 09:58", "2026-03-02 10:00")
    assert scores(sealing(one, film("A13", "2026-03-02 10:00", "2026-03-02 10:05")), "SIG-17") == []
    broken = sealing(one, film("A13", "2026-03-02 10:01", "2026-03-02 10:05"))
    del broken["film"]
    found = signals(judge_task({**broken, "film": film("A5", "2026-03-02 08:59", "2026-03-02 09:20")}), "SIG-17")
    assert [alarm.about.rpartition("/")[2] for alarm in found] == ["A13"]
    assert "中断1分" in found[0].reason.zh


def test_sig_17_a_gap_with_a_reason_weighs_less_and_a_zone_without_devices_explains_it() -> None:
    facts = sealing(film("A13", "2026-03-02 09:58", "2026-03-02 10:00"))
    del facts["film"]
    later = film("A13", "2026-03-02 10:01", "2026-03-02 10:05", break_reason="更换电池")
    facts |= {"film": film("A5", "2026-03-02 08:59", "2026-03-02 09:20"), "later": later}
    assert scores(facts, "SIG-17") == [40]
    zone = {"zone": "煤气区", "from_at": at("2026-03-02 09:30"), "until_at": at("2026-03-02 11:00"), "reason": "防爆"}
    declared = fact("no_device_zone.declared.v1", {**zone, "enterprise_id": ENTERPRISE}, occurred="2026-03-02 08:00")
    assert scores(facts, "SIG-17", others={PROFILE: [declared]}) == []


def test_sig_17_a_witness_takes_the_place_of_the_video_when_a_document_is_left() -> None:
    left = {"document_no": "（辽本）应急责改〔2026〕1号", "method": "left", "served_on": "2026-03-02", "task_id": TASK}
    for more, expected in (({}, 1), ({"witness": "社区工作人员"}, 0)):
        served = on_site("document.served.v1", "2026-03-02 14:00", {**left, **more})
        assert len(scores(given(served=served), "SIG-17")) == expected


# SIG-26


def test_sig_26_an_act_outside_the_published_list() -> None:
    facts = sealing(film("A13", "2026-03-02 09:58", "2026-03-02 10:05"))
    measure = facts["measure"]
    body = {**body_of(measure), "item_code": "QZ-02"}
    facts["measure"] = on_site("compulsory_measure.imposed.v1", "2026-03-02 10:00", body)
    assert scores(facts, "SIG-26") == [], "no list was published yet"
    for items, expected in ((("QZ-01",), 1), (("QZ-01", "QZ-02"), 0)):
        judged = judge_task(facts, rules=rulebook(powers__items=items))
        assert len(signals(judged, "SIG-26")) == expected


# SIG-30, DL-14


def sealed(**fields: Any) -> Fact:
    given_up = {
        "measure_id": HAZARD, "task_id": TASK, "kind": "seal", "imposed_at": "2026-03-02 10:00",
        "imposed_on": "2026-03-02", "ends_on": "2026-04-01", "urgent": False, "approver": HEAD,
        "approved_at": "2026-03-02 09:30", "items": [{"name": "储罐", "quantity": "1 个"}], "list_delivered": True,
    }  # fmt: skip
    return on_site("compulsory_measure.imposed.v1", "2026-03-02 10:00", {**given_up, **fields})


def lifted(day: str) -> Fact:
    body = {"measure_id": HAZARD, "ground": "decided", "ended_on": day, "approver": HEAD, "task_id": TASK}
    return on_site("compulsory_measure.ended.v1", f"{day} 09:00", body, source="office")


def test_sig_30_a_measure_of_an_inspection_that_no_case_followed() -> None:
    assert scores(given(measure=sealed(), end=lifted("2026-04-01")), "SIG-30") == []
    late = given(measure=sealed(), end=lifted("2026-04-02"))
    assert scores(late, "SIG-30") == [80]
    assert len(scores(given(measure=sealed(list_delivered=False), end=lifted("2026-04-01")), "SIG-30")) == 1
    (waiting,) = signals(judge_task(given(measure=sealed())), "SIG-30")
    assert (waiting.opens, waiting.absent, waiting.officers) == (at("2026-04-02 00:00"), True, (LIN, ZHAO))
    assert scores(given(measure=sealed(case_id=CASE)), "SIG-30") == [], "a measure of a case is judged there"


def test_dl_14_runs_for_a_measure_of_an_inspection_too() -> None:
    (one,) = [one for one in judge_task(given(measure=sealed())).deadlines if one.rule == "DL-14"]
    assert (one.last_day, one.met, one.officers) == ("2026-04-01", None, (LIN, ZHAO))
    (done,) = [
        one for one in judge_task(given(measure=sealed(), end=lifted("2026-03-20"))).deadlines if one.rule == "DL-14"
    ]
    assert done.met == at("2026-03-20 09:00")


# SIG-11


def planned(*without_these: str, **facts: Fact) -> Given:
    from tests.support.inspections import assigned

    done = on_site("task.concluded.v1", "2026-03-30 16:00", {"task_id": TASK, "outcome": "ordered"})
    whole = {**inspection(), "assigned": assigned(plan_item_id=new_id()), "concluded": done, **facts}
    return {name: one for name, one in whole.items() if name not in without_these}


@pytest.mark.parametrize(
    ("gone", "said"),
    [("entered", "进入现场"), ("shown", "出示证件"), ("record", "现场检查记录"), ("film", "音像记录")],
)
def test_sig_11_a_plan_item_called_done_without_what_makes_it_done(gone: str, said: str) -> None:
    (alarm,) = signals(judge_task(planned(gone)), "SIG-11")
    assert said in alarm.reason.zh
    assert alarm.absent, "a terminal may still hold it"


def test_sig_11_a_whole_inspection_and_a_task_of_no_plan_raise_nothing() -> None:
    assert signals(judge_task(planned()), "SIG-11") == []
    assert signals(judge_task({**planned("film"), "assigned": inspection()["assigned"]}), "SIG-11") == []
    assert signals(judge_task(planned("concluded", "film")), "SIG-11") == [], "nobody says that it is done"


def test_sig_11_a_stay_of_a_few_minutes() -> None:
    nine, ten = record("2026-03-02 09:09"), record("2026-03-02 09:10")
    assert [one.about[:5] for one in signals(judge_task(planned(record=nine)), "SIG-11")] == ["stay:"]
    assert signals(judge_task(planned(record=ten)), "SIG-11") == []


def test_sig_11_a_closed_gate_needs_its_picture() -> None:
    gate = on_site(
        "site.entered.v1", "2026-03-02 09:00", {"task_id": TASK, "officers_present": [LIN, ZHAO], "outcome": "closed"}
    )
    facts = planned("shown", "record", "film", "photo", "found", "ordered", entered=gate)
    facts = {name: facts[name] for name in ("assigned", "entered", "concluded")}
    (alarm,) = signals(judge_task(facts), "SIG-11")
    assert "照片" in alarm.reason.zh
    assert signals(judge_task({**facts, "photo": photo("2026-03-02 09:01")}), "SIG-11") == []
