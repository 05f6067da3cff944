"""Recordings of a case: SIG-17."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cases import HEAD, act, at, judged, of_case, signals, story
from tests.support.vector_parts import uid


def film(start: str, end: str, step: str = "A13") -> Any:
    return of_case("recording.captured.v1", occurred=end, segment_id=uid(75), step_code=step, start=start, end=end,
                   media_type="video/mp4")  # fmt: skip


def sealed(**fields: Any) -> Any:
    return of_case(
        "compulsory_measure.imposed.v1",
        **{"occurred": "2026-03-05 10:00", "measure_id": uid(82), "imposed_at": "2026-03-05 10:00", **fields},
    )


def test_sig_17_sees_a_hearing_and_a_sealing_without_a_recording() -> None:
    (hearing,) = signals(judged(story(without=("hearing_film",))), "SIG-17")
    assert "hearing" in hearing.reason.en
    (measure,) = signals(judged([sealed()]), "SIG-17")
    assert (measure.absent, measure.opens) == (True, at("2026-03-05 10:00"))


@pytest.mark.parametrize(("end", "count"), [("2026-03-05 09:58", 0), ("2026-03-05 09:57", 1)])
def test_sig_17_takes_a_recording_that_ends_within_the_margin(end: str, count: int) -> None:
    assert len(signals(judged([sealed(), film("2026-03-05 09:30", end)]), "SIG-17")) == count


def test_sig_17_sees_a_gap_where_the_recording_must_be_continuous() -> None:
    whole = [sealed(), film("2026-03-05 09:50", "2026-03-05 10:00"), film("2026-03-05 10:00", "2026-03-05 10:10")]
    torn = [sealed(), film("2026-03-05 09:50", "2026-03-05 09:59"), film("2026-03-05 10:01", "2026-03-05 10:10")]
    assert signals(judged(whole), "SIG-17") == []
    (one,) = signals(judged(torn), "SIG-17")
    assert "120 seconds" in one.reason.en


def test_sig_17_a_reported_fault_lowers_the_score() -> None:
    fault = of_case("terminal.fault_reported.v1", occurred="2026-03-05 11:00", from_at="2026-03-05 09:00",
                    until_at="2026-03-05 11:00")  # fmt: skip
    (one,) = signals(judged([sealed(), fault]), "SIG-17")
    assert one.score == 25


def test_sig_17_a_witness_or_another_way_of_service_needs_no_film() -> None:
    left = act("served", method="left")
    assert len(signals(judged([left]), "SIG-17")) == 1
    assert signals(judged([act("served", method="left", witness="社区工作人员")]), "SIG-17") == []
    assert signals(judged([act("served", method="post")]), "SIG-17") == []


def test_sig_17_a_waiver_or_a_paper_handed_in_at_the_office_is_no_oral_defence() -> None:
    assert len(signals(judged([act("defence")]), "SIG-17")) == 1
    assert signals(judged([act("defence", waived=True)]), "SIG-17") == []
    assert signals(judged([act("defence", came_from="office")]), "SIG-17") == []


def test_sig_17_leaves_the_acts_of_an_inspection_to_its_task() -> None:
    assert signals(judged([sealed(about=("task:x",))]), "SIG-17") == []
    assert HEAD
