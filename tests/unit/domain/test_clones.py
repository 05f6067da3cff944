"""Copied records (SIG-28): findings in the same words, the same photos elsewhere; and how texts are compared."""

from __future__ import annotations

from typing import Any

import pytest

from domain import filing, wording
from domain.matter import Fact
from domain.workdays import day_of
from tests.support.facts import ENTERPRISE, TASK, new_id, text_id
from tests.support.inspections import Given, inspection, judge_task, on_site, photo, signals
from tests.unit.domain.test_file_facts import LOOK, examined

FOUND = (
    "一楼配电箱前堆放纸箱，操作通道宽度不足；二楼包装间两具灭火器压力指示在红区，已超过检验期限；"
    "危险化学品储存间未设置可燃气体报警装置，通风机停用，现场未见检修记录。"
)
ELSEWHERE = ("enterprise:91210500OTHER", f"task:{text_id(new_id())}")


def given(**facts: Fact) -> Given:
    return {**inspection(), **facts}


def record(when: str, text: str, about: tuple[str, ...], **fields: Any) -> Fact:
    body = {"content": "用电安全", "signer": "车间主任", "problems": [{"text": text}], **fields}
    return on_site("inspection_record.signed.v1", when, body, about=about)


def own(text: str = FOUND, **fields: Any) -> Given:
    tags = (f"enterprise:{ENTERPRISE}", f"task:{text_id(TASK)}")
    return given(record=record("2026-03-02 10:15", text, tags, **fields))


def shelves(facts: Given, *others: Fact) -> dict[str, list[Fact]]:
    """The others on every shelf that the task asks for and that they are filed under."""
    wanted = filing.keys(facts["record"]) | {f"look:{LOOK}"}
    months = set(filing.wording_months(facts["record"], facts["record"].body, earlier=True))  # type: ignore[arg-type]
    return {key: [one for one in others if key in filing.keys(one)] for key in wanted | months}


@pytest.mark.parametrize(
    ("text", "when", "about", "expected"),
    [
        pytest.param(FOUND, "2026-02-20 10:00", ELSEWHERE, [40], id="the same words a month before"),
        pytest.param(FOUND.replace("一楼", "1楼 "), "2026-02-20 10:00", ELSEWHERE, [40], id="but for a number"),
        pytest.param(FOUND[: len(FOUND) // 2], "2026-02-20 10:00", ELSEWHERE, [], id="half of them"),
        pytest.param(FOUND, "2026-03-02 11:00", ELSEWHERE, [], id="later: that one is the copy"),
        pytest.param(FOUND, "2025-11-20 10:00", ELSEWHERE, [], id="long before"),
        pytest.param(FOUND, "2026-02-20 10:00", (f"enterprise:{ENTERPRISE}", ELSEWHERE[1]), [], id="here again"),
        pytest.param(FOUND, "2026-02-20 10:00", (ELSEWHERE[1],), [], id="it is not said where"),
    ],
)
def test_sig_28_findings_in_the_same_words(text: str, when: str, about: tuple[str, ...], expected: list[int]) -> None:
    facts = own()
    other = record(when, text, about)
    found = signals(judge_task(facts, shelves(facts, other)), "SIG-28")
    assert [one.score for one in found] == expected
    assert signals(judge_task(facts), "SIG-28") == [], "the other has not arrived"


def test_sig_28_the_same_whole_text_and_the_same_photos_weigh_more() -> None:
    digest = new_id() * 2
    facts = own("配电箱无防护", text_hash=digest)
    other = record("2026-01-02 10:00", "灭火器过期", ELSEWHERE, text_hash=digest)
    (alarm,) = signals(judge_task(facts, shelves(facts, other)), "SIG-28")
    assert (alarm.score, alarm.severity) == (60, "weak")
    taken = photo("2026-03-02 09:26")
    read = examined(taken, about=[f"task:{text_id(TASK)}"])
    before = examined(photo("2026-01-02 09:00"), when="2026-01-02 12:00", about=list(ELSEWHERE))
    both = {**facts, "taken": taken, "read": read}
    (alarm,) = signals(judge_task(both, shelves(both, other, before)), "SIG-28")
    assert alarm.score == 90
    assert "1张照片看上去相同" in alarm.reason.zh
    (alarm,) = signals(judge_task({**own(), "taken": taken, "read": read}, shelves(facts, before)), "SIG-28")
    assert alarm.score == 35
    here = examined(photo("2026-01-02 09:00"), when="2026-01-02 12:00", about=[f"enterprise:{ENTERPRISE}"])
    assert signals(judge_task(both, shelves(both, here)), "SIG-28") == [], "the same enterprise: SIG-15 tells of it"


def test_short_findings_are_compared_with_nothing() -> None:
    assert list(wording.bands("配电箱无防护")) == []
    assert wording.likeness(wording.shingles("配电箱无防护"), wording.shingles("配电箱无防护")) == 0


def test_alike_texts_find_one_another_and_others_do_not() -> None:
    changed = FOUND.replace("二楼", "三楼").replace("红区", "黄区")
    assert set(wording.bands(FOUND)) & set(wording.bands(changed))
    assert wording.likeness(wording.shingles(FOUND), wording.shingles(changed)) < 90
    other = (
        "锅炉房未张贴安全操作规程，司炉工证书过期，压力表未按期校验，安全阀铅封脱落，水位计照明损坏，值班记录空缺三日。"
    )
    assert not set(wording.bands(FOUND)) & set(wording.bands(other))


def test_the_bands_of_a_text_are_the_same_for_ever() -> None:
    assert list(wording.bands(FOUND)) == BANDS


def test_a_record_is_filed_under_its_month_and_asks_for_the_month_before_as_well() -> None:
    facts = own()
    mine = {key for key in filing.keys(facts["record"]) if key.startswith("wording:")}
    assert {key.split("/")[1] for key in mine} == {f"{day_of(facts['record'].occurred):%Y-%m}"}
    asked = set(filing.wording_months(facts["record"], facts["record"].body, earlier=True))  # type: ignore[arg-type]
    assert mine < asked
    assert {key.split("/")[1] for key in asked} == {"2026-03", "2026-02"}


BANDS = [
    "002c0e5ee01d5bc240601fc85",
    "1008b575f05950b69001cbc1b",
    "204297b2502d6b1dd00e787f2",
    "3007ac3c004d5b10d00eab66e",
    "40bf47cf60828893d0112cbf2",
]
