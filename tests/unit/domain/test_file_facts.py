"""What the server read in files and found of them, in the signals: SIG-15 in tasks and cases, SIG-19 in hazards."""

from __future__ import annotations

from typing import Any

import pytest

from domain import filing
from domain.judges import case, hazard
from domain.matter import Fact
from tests.support.facts import CASE, EVIDENCE, HAZARD, TASK, at, fact, matter, new_id, text_id
from tests.support.inspections import SITE, Given, inspection, judge_hazard, judge_task, photo, signals

LOOK, OTHER_LOOK = "c3a1f0e4d2b59687", "5a5a0ff0c3c33c96"
TAG = f"task:{text_id(TASK)}"


def examined(of: Fact, *, look: str = LOOK, when: str = "2026-03-02 12:00", **more: Any) -> Fact:
    """What the server read in the file of a piece of evidence."""
    body = of.body
    given = {
        "sha256": body.sha256,  # type: ignore[union-attr]
        "events": [of.id],
        "evidence_ids": [body.evidence_id],  # type: ignore[union-attr]
        "examiner": "picture/1",
        "outcome": "read",
        "looks_like": look,
    }
    about = more.pop("about", of.about)
    return fact("blob.examined.v1", {**given, **more}, occurred=when, by=(), about=about)


def damaged(of: Fact, when: str, **more: Any) -> Fact:
    digest = of.body.sha256  # type: ignore[union-attr]
    return fact("blob.damaged.v1", {"sha256": digest, "state": "corrupt", **more}, occurred=when, by=(), about=of.about)


def received(of: Fact, when: str) -> Fact:
    given = {"sha256": of.body.sha256, "size": 5, "media_type": "image/jpeg", "terminal": new_id()}  # type: ignore[union-attr]
    return fact("blob.received.v1", given, occurred=when, by=(), about=of.about)


def alarms(facts: Given, about: str, others: dict[str, list[Fact]] | None = None) -> list[Any]:
    return signals(judge_task({**inspection(), **facts}, others), "SIG-15", about)


def test_sig_15_a_damaged_file_stands_until_it_came_again() -> None:
    one = photo("2026-03-02 09:40")
    rot = damaged(one, "2026-03-05 03:00")
    assert alarms({"one": one, "came": received(one, "2026-03-02 11:00")}, "damaged") == []
    (alarm,) = alarms({"one": one, "came": received(one, "2026-03-02 11:00"), "rot": rot}, "damaged")
    assert (alarm.opens, alarm.closes, alarm.severity) == (at("2026-03-05 03:00"), None, "serious")
    (alarm,) = alarms({"one": one, "rot": rot, "again": received(one, "2026-03-06 08:00")}, "damaged")
    assert alarm.closes == at("2026-03-06 08:00")
    other = received(photo("2026-03-02 09:41"), "2026-03-06 08:00")
    (alarm,) = alarms({"one": one, "rot": rot, "other": other}, "damaged")
    assert alarm.closes is None, "another file came"


def test_sig_15_the_time_that_the_file_states_comes_from_the_file() -> None:
    one = photo("2026-03-02 09:40")
    early, same_day = at("2026-02-20 08:00"), at("2026-03-02 09:39")
    assert len(alarms({"one": one, "read": examined(one, file_time=early)}, "old")) == 1
    assert alarms({"one": one, "read": examined(one, file_time=same_day)}, "old") == []
    assert alarms({"one": one}, "old") == [], "nothing was read yet"
    said = photo("2026-03-02 09:40", file_time=early)
    assert alarms({"one": said, "read": examined(said, file_time=same_day)}, "old") == [], "the file itself wins"


@pytest.mark.parametrize(
    ("look", "when", "expected"),
    [
        pytest.param(LOOK, "2026-02-01 10:00", [60], id="looks the same, earlier"),
        pytest.param(LOOK, "2026-04-01 10:00", [], id="looks the same, later: told there"),
        pytest.param(OTHER_LOOK, "2026-02-01 10:00", [], id="looks different"),
    ],
)
def test_sig_15_a_picture_that_another_task_had_before(look: str, when: str, expected: list[int]) -> None:
    one = photo("2026-03-02 09:40")
    other = examined(photo("2026-02-01 09:00"), look=look, when=when, about=[f"task:{text_id(new_id())}"])
    shelf = {f"look:{look}": [other]}
    assert [alarm.score for alarm in alarms({"one": one, "read": examined(one)}, "elsewhere", shelf)] == expected
    assert alarms({"one": one, "read": examined(one)}, "elsewhere") == [], "the other has not arrived"


def test_sig_15_the_same_file_in_another_task_weighs_more_and_the_own_one_nothing() -> None:
    one = photo("2026-03-02 09:40")
    twin = examined(one, when="2026-02-01 10:00", about=[f"task:{text_id(new_id())}"])
    (alarm,) = alarms({"one": one, "read": examined(one)}, "elsewhere", {f"look:{LOOK}": [twin]})
    assert alarm.score == 85
    own = examined(photo("2026-03-02 09:30"), when="2026-03-02 11:00", about=[*SITE])
    assert alarms({"one": one, "read": examined(one)}, "elsewhere", {f"look:{LOOK}": [own]}) == [], "of this very task"


def test_pictures_that_tell_nothing_are_filed_under_no_look() -> None:
    one = photo("2026-03-02 09:40")
    assert f"look:{LOOK}" in filing.keys(examined(one))
    assert f"evidence:{text_id(one.body.evidence_id)}" in filing.keys(examined(one))  # type: ignore[union-attr]
    for flat in ("0" * 16, "f" * 16, "00000000000000ff", "not hexadecimal!"):
        assert not [key for key in filing.keys(examined(one, look=flat)) if key.startswith("look:")], flat


@pytest.mark.parametrize(("look", "expected"), [(LOOK, [70]), (OTHER_LOOK, []), ("0" * 16, [])])
def test_sig_19_pictures_before_and_after_that_look_the_same(look: str, expected: list[int]) -> None:
    before = photo("2026-03-02 09:25", evidence_id=EVIDENCE)
    after = photo("2026-03-19 10:00")
    name = after.body.evidence_id  # type: ignore[union-attr]
    results = [{"hazard_id": HAZARD, "outcome": "corrected", "after_ids": [name]}]
    again = fact("reinspection.concluded.v1", {"results": results, "hazard_ids": [HAZARD]}, occurred="2026-03-19 11:00")
    first = examined(before, look="0" * 16 if look == "0" * 16 else LOOK)
    others = {
        f"evidence:{text_id(EVIDENCE)}": [before, first],
        f"evidence:{text_id(name)}": [after, examined(after, look=look)],
    }
    facts: Given = {"found": _found(), "again": again}
    told = signals(judge_hazard(facts, others), "SIG-19", "photo")
    assert [alarm.score for alarm in told] == expected
    assert signals(judge_hazard(facts), "SIG-19", "photo") == [], "nothing of it has arrived"


def _found() -> Fact:
    return fact("hazard.found.v1", hazard_id=HAZARD, evidence_ids=[EVIDENCE], occurred="2026-03-02 09:30")


def test_a_damaged_file_of_a_case_is_told_in_the_case_unless_its_inspection_tells_it() -> None:
    own = fact(
        "evidence.captured.v1",
        case_id=CASE,
        sha256=new_id() * 2,
        occurred="2026-03-04 10:00",
        about=[f"case:{text_id(CASE)}"],
    )
    rot = damaged(own, "2026-03-05 03:00", state="lost")
    judged = case.JUDGE.judge(matter("case", text_id(CASE), [own, rot]))
    assert [one.opens for one in judged.signals if one.rule == "SIG-15"] == [at("2026-03-05 03:00")]
    shared = fact(
        "blob.damaged.v1", {"sha256": bytes(32), "state": "lost"}, by=(), about=[f"case:{text_id(CASE)}", TAG]
    )
    judged = case.JUDGE.judge(matter("case", text_id(CASE), [own, shared]))
    assert [one for one in judged.signals if one.rule == "SIG-15"] == []
    assert hazard.JUDGE.kind == "hazard"
