"""The index of recordings: segments by step, gaps, the first frame, how long each is kept; and files that are late."""

from __future__ import annotations

from typing import Any

from domain.judges import case
from domain.matter import Fact
from tests.support.facts import CASE, TERMINAL, at, fact, matter, new_id, text_id
from tests.support.inspections import SITE, Given, film, inspection, judge_task, on_site, signals


def given(**facts: Fact) -> Given:
    return {**inspection(), **facts}


def without(*names: str) -> Given:
    return {name: fact for name, fact in inspection().items() if name not in names}


def index(facts: Given) -> dict[str, Any]:
    found: dict[str, Any] = judge_task(facts).page["recordings"]
    return found


def test_segments_stand_by_step_with_everything_that_the_least_index_of_a_segment_has() -> None:
    first = film("A7", "2026-03-02 09:00", "2026-03-02 09:30", place="一号车间", told=True)
    digest = first.body.sha256  # type: ignore[union-attr]
    second = film("A7", "2026-03-02 09:31", "2026-03-02 10:20", prev_segment_hash=digest, break_reason="换电池")
    one, two = index(given(film=first, second=second))["segments"]
    assert (one["step"], one["agency"], one["terminal"]) == ("A7", "210500", text_id(TERMINAL))
    assert (one["start"], one["end"], one["offset"]) == (at("2026-03-02 09:00"), at("2026-03-02 09:30"), 0)
    assert (one["sha256"], one["size"], one["format"], one["place"]) == (digest.hex(), 1_000, "video/mp4", "一号车间")
    assert one["officers"]
    assert (two["before"], two["offset"], two["break_reason"]) == (digest.hex(), 31 * 60_000, "换电池")


def test_steps_that_must_be_filmed_name_their_first_frame_and_their_longest_gap() -> None:
    first = film("A7", "2026-03-02 09:01", "2026-03-02 09:30")
    second = film("A7", "2026-03-02 09:34", "2026-03-02 10:20")
    steps = {one["step"]: one for one in index(given(film=first, second=second))["steps"]}
    assert steps["A5"]["state"] == "recorded"
    assert (steps["A5"]["first_frame"], steps["A5"]["after"]) == (at("2026-03-02 09:01"), 60_000)
    assert (steps["A7"]["gap"], steps["A7"]["gap_since"]) == (4 * 60_000, at("2026-03-02 09:30"))
    assert first.id.hex() in steps["A7"]["segments"]
    late = {one["step"]: one for one in index(given(film=film("A7", "2026-03-02 09:10", "2026-03-02 10:20")))["steps"]}
    assert (late["A5"]["state"], late["A5"]["after"]) == ("late", 10 * 60_000)
    nothing = index(without("film", "photo"))
    assert {one["state"] for one in nothing["steps"]} == {"unrecorded"}
    assert nothing["segments"] == []


def test_recordings_are_kept_for_the_time_of_their_class_and_those_of_a_case_as_its_file_is() -> None:
    def kept(**fields: Any) -> tuple[str, str | None]:
        [one] = index(given(film=film("A7", "2026-03-02 09:00", "2026-03-02 10:20", **fields)))["segments"]
        return one["class"], one["until"]

    assert kept() == ("term", "2031-03-02")
    assert kept(retention_class="10年") == ("term", "2036-03-02")
    assert kept(retention_class="永久") == ("permanent", None)
    filed = on_site("case.filed.v1", "2026-03-02 11:00", case_id=CASE, about=SITE)
    grown = index(given(film=film("A7", "2026-03-02 09:00", "2026-03-02 10:20"), filed=filed))
    assert (grown["segments"][0]["class"], grown["held"]) == ("permanent", True)
    assert index(given())["held"], "the task is not concluded"
    of_case = film("B10", "2026-03-10 09:00", "2026-03-10 10:20", case_id=CASE)
    judged = case.judge(matter("case", text_id(CASE), [filed, of_case]))
    assert [one["class"] for one in judged.page["recordings"]["segments"]] == ["permanent"]


# SIG-03: files


def declared(received: str = "2026-03-02 11:00") -> tuple[Fact, bytes]:
    digest = new_id() * 2
    body = {"kind": "photo", "description": "配电箱", "evidence_id": new_id(), "sha256": digest}
    return on_site("evidence.captured.v1", "2026-03-02 09:40", body, received=received, blobs=[digest]), digest


def arrived(of: Fact, digest: bytes, when: str) -> Fact:
    body = {"sha256": digest, "size": 5, "media_type": "image/jpeg", "terminal": TERMINAL, "events": [of.id]}
    return fact("blob.received.v1", body, occurred=when, by=(), about=of.about)


def test_sig_03_a_declared_file_that_did_not_arrive_stands_from_the_configured_hour_until_it_came() -> None:
    one, digest = declared()
    (alarm,) = signals(judge_task(given(one=one)), "SIG-03", "files")
    assert (alarm.opens, alarm.closes, alarm.score, alarm.severity) == (at("2026-03-03 11:00"), None, 50, "medium")
    assert "24小时" in alarm.reason.zh
    in_time = arrived(one, digest, "2026-03-03 11:00")
    assert signals(judge_task(given(one=one, came=in_time)), "SIG-03", "files") == []
    late = arrived(one, digest, "2026-03-03 11:01")
    (alarm,) = signals(judge_task(given(one=one, came=late)), "SIG-03", "files")
    assert alarm.closes == at("2026-03-03 11:01")
    other = arrived(on_site("evidence.captured.v1", "2026-03-02 09:41", kind="photo"), digest, "2026-03-02 12:00")
    (alarm,) = signals(judge_task(given(one=one, other=other)), "SIG-03", "files")
    assert alarm.closes is None, "the file came for another record"


def test_sig_03_files_of_one_upload_are_one_signal_which_a_fault_of_the_terminal_explains() -> None:
    (one, first), (two, _), (apart, _) = declared(), declared(), declared("2026-03-02 18:00")
    facts = given(one=one, two=two, apart=apart)
    found = signals(judge_task(facts), "SIG-03", "files")
    assert [len(alarm.inputs) for alarm in sorted(found, key=lambda alarm: alarm.opens)] == [2, 1]
    came = arrived(one, first, "2026-03-04 11:00")
    alarm = min(signals(judge_task({**facts, "came": came}), "SIG-03", "files"), key=lambda alarm: alarm.opens)
    assert alarm.closes is None, "one of the two is still missing"
    fault = fact(
        "terminal.fault_reported.v1", fault="camera", from_at=at("2026-03-02 09:00"), description="x",
        occurred="2026-03-02 12:00",
    )  # fmt: skip
    explained = judge_task(given(one=one), {f"device:{text_id(TERMINAL)}/2026-03-02": [fault]})
    (alarm,) = signals(explained, "SIG-03", "files")
    assert alarm.score == 25
