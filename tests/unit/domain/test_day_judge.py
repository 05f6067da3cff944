"""One officer's day: nobody is at two places at once, in two interviews, or travels faster than a car (SIG-13, 27)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from domain.judges import day
from domain.matter import Fact, Judgement
from tests.support.facts import LIN, ZHAO, at, fact, matter, new_id, text_id
from tests.support.inspections import signals

HERE, THERE = "enterprise:E-1", "enterprise:E-2"
PLACE = {"acc": 10, "crs": "WGS84", "lat": 412_900_000, "lon": 1_237_600_000, "mock": False, "src": "gnss"}


def judged(facts: Iterable[Fact]) -> Judgement:
    return day.judge(matter("day", f"{LIN}/2026-03-02", facts))


def visit(enterprise: str, start: str, end: str, loc: dict[str, Any] | None = None) -> list[Fact]:
    """A task at an enterprise from its entry to its record."""
    about = (enterprise, f"task:{text_id(new_id())}")
    return [
        fact("site.entered.v1", occurred=f"2026-03-02 {start}", about=about, loc=loc),
        fact("inspection_record.signed.v1", content="x", occurred=f"2026-03-02 {end}", about=about, loc=loc),
    ]


def interview(start: str, end: str, **fields: Any) -> Fact:
    body: dict[str, Any] = {"interview_id": new_id(), "interviewers": [LIN, ZHAO], "place": "办公室"}
    body |= {"start": at(f"2026-03-02 {start}"), "end": at(f"2026-03-02 {end}"), **fields}
    return fact("interview.recorded.v1", body, occurred=f"2026-03-02 {end}", source="field")


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(visit(THERE, "09:57", "11:00"), 1, id="three minutes on both sites"),
        pytest.param(visit(THERE, "09:59", "11:00"), 0, id="one minute is within the tolerance of clocks"),
        pytest.param(visit(HERE, "09:00", "11:00"), 0, id="two tasks at the same enterprise"),
        pytest.param(visit(THERE, "09:30", "11:00")[:1], 0, id="the record of the second is not there yet"),
    ],
)
def test_sig_13_one_officer_on_two_sites(second: list[Fact], expected: int) -> None:
    found = signals(judged([*visit(HERE, "09:00", "10:00"), *second]), "SIG-13", "two")
    assert len(found) == expected
    assert all(one.officers == (LIN,) for one in found)


def test_sig_13_from_one_site_to_the_next_faster_than_anybody_travels() -> None:
    far = {**PLACE, "lat": 413_900_000}  # 11 km to the north: 4.4 minutes at 150 km/h
    for start, expected in (("10:04", 1), ("10:05", 0)):
        facts = [*visit(HERE, "09:00", "10:00", PLACE), *visit(THERE, start, "11:00", far)]
        assert len(signals(judged(facts), "SIG-13", "travel")) == expected
    assert signals(judged([*visit(HERE, "09:00", "10:00", PLACE), *visit(THERE, "10:04", "11:00")]), "SIG-13") == []


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        pytest.param(interview("09:28", "10:00"), 1, id="two minutes in both"),
        pytest.param(interview("09:29", "10:00"), 0, id="one minute is within the tolerance"),
    ],
)
def test_sig_27_one_officer_in_two_interviews(second: Fact, expected: int) -> None:
    first = interview("09:00", "09:30")
    assert len(signals(judged([first, second]), "SIG-27", "interviews")) == expected
    assert signals(judged([first]), "SIG-27") == [], "the second one was not uploaded yet"


def test_sig_27_the_same_interview_recorded_twice_is_one() -> None:
    name = new_id()
    both = [interview("09:00", "09:30", interview_id=name), interview("09:00", "09:30", interview_id=name)]
    assert signals(judged(both), "SIG-27") == []


def test_sig_27_two_records_of_the_same_minute_at_two_places() -> None:
    here, there = visit(HERE, "09:00", "10:00"), visit(THERE, "10:00", "10:00")
    assert len(signals(judged([here[1], there[1]]), "SIG-27", "minute")) == 1
    later = visit(THERE, "10:00", "10:01")
    assert signals(judged([here[1], later[1]]), "SIG-27", "minute") == []
    assert signals(judged([here[1], visit(HERE, "09:00", "10:00")[1]]), "SIG-27", "minute") == []
    assert signals(judged([here[1]]), "SIG-27") == []


def test_sig_27_an_interview_needs_somebody_who_asks_and_somebody_who_writes() -> None:
    assert len(signals(judged([interview("09:00", "09:30", interviewers=[LIN])]), "SIG-27", "alone")) == 1
    assert signals(judged([interview("09:00", "09:30", interviewers=[LIN], recorder=ZHAO)]), "SIG-27") == []


def test_a_day_shows_its_stays() -> None:
    found = judged([*visit(HERE, "09:00", "10:00"), *visit(THERE, "11:00", "12:00")])
    assert (found.stage, found.columns["sites"], found.columns["officer"]) == ("worked", 2, LIN)
    assert [stay["enterprise"] for stay in found.page["stays"]] == ["E-1", "E-2"]
