"""The weeks of the teams: told up to now, alike in every run, and nothing raised but what the clock deserves."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise

import pytest

from domain import document_numbers
from ops.demo import CITY, COUNTY, CREWS, PROVINCE, tell
from ops.stories.book import TITLES, Story
from ops.stories.event import DAY
from ops.stories.weeks import people_of
from tests.support.process import facts_of
from tests.support.stories import entries, judged

NOW = 1_795_407_000_000
AUTHORITIES = (CITY, COUNTY, PROVINCE)


@cache
def told() -> tuple[Story, ...]:
    return tuple(tell(NOW))


def of(authority: str) -> list[Story]:
    return [story for story in told() if story.authority == authority]


def test_everything_is_told_alike_in_every_run_and_each_event_once() -> None:
    assert tell(NOW) == list(told())
    assert tell(NOW + DAY) != list(told())
    ids = [event.id for story in told() for event in story.events]
    assert len({*ids}) == len(ids)


def test_the_weeks_lie_before_now_and_some_of_their_work_is_not_finished() -> None:
    weeks = [story for story in told() if story.name[0] == "t" and story.name[1].isdigit()]

    assert {story.authority for story in weeks} == {*AUTHORITIES}
    assert all(event.occurred < NOW for story in weeks for event in story.events)
    concluded = {story.name for story in weeks for event in story.events if event.type == "task.concluded.v1"}
    assert 0 < len(weeks) - len(concluded) <= len(CREWS)


@pytest.mark.parametrize("authority", AUTHORITIES)
def test_numbers_of_an_authority_are_used_once_for_each_paper(authority: str) -> None:
    records = Counter(
        event.body["document_no"]
        for story in of(authority)
        for event in story.events
        if event.type in ("inspection_record.signed.v1", "rectification.ordered.v1", "penalty.decided.v1")
        and story.name != "bad_day"
    )

    assert records
    assert {number for number, times in records.items() if times > 1} == set()
    assert all(document_numbers.parse(number).printed == number for number in records)


@pytest.mark.parametrize("authority", AUTHORITIES)
def test_only_a_wrong_clock_raises_a_signal_in_the_weeks(authority: str) -> None:
    stories = of(authority)
    openings = {story.name for story in stories if not story.ids}
    facts = facts_of(entries(stories, "weeks", authority))
    raised = {
        (owner, signal.rule)
        for owner, judgement in judged(stories, facts, authority, openings)
        for signal in judgement.signals
        if owner not in ("bureau", "bad_day") and signal.opens < NOW
    }

    assert raised == set(), "the server notes a jump of the clock when it is uploaded"


def test_the_clock_of_one_terminal_is_wrong_for_a_part_of_one_day() -> None:
    wrong = [event for story in told() for event in story.events if event.wrong]

    assert {event.terminal for event in wrong} == {crew.team.terminal for crew in CREWS if crew.wrong_clock}
    assert wrong[-1].occurred - wrong[0].occurred < DAY
    mine = [e for story in told() for e in story.events if e.terminal == wrong[0].terminal and not e.office]
    assert sum(one.wrong != two.wrong for one, two in pairwise(mine)) == 2


@pytest.mark.parametrize("authority", [COUNTY, PROVINCE])
def test_nobody_of_the_city_acts_in_another_authority(authority: str) -> None:
    named = {name for story in of(authority) for event in story.events for name in event.by}
    certified = {
        event.body["officer_id"]
        for story in of(authority)
        for event in story.events
        if event.type == "officer_certificate.recorded.v1"
    }

    assert named.isdisjoint(people_of(authority)), "whoever sits at a desk of the city"
    assert named - certified == set()
    assert all(f"authority:{authority}" in event.about for story in of(authority) for event in story.events)


def test_the_named_stories_keep_their_names() -> None:
    assert [story.name for story in told() if story.name in TITLES] == list(TITLES)
