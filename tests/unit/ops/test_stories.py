"""The named stories: told alike in every run, valid, in the order of time, and judged as they are meant to be."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from domain import document_numbers
from ops.stories import bureau
from ops.stories.bad_day import RAISED
from ops.stories.book import LENGTH, TITLES, told
from ops.stories.event import DAY
from projections.rulefiles import load
from schemas.events import REGISTRY, decode_body
from schemas.events.draft import DecisionDrafted, hash_of
from tests.support.stories import START, judgements, stories, story_events, story_facts

GOOD = sorted(TITLES.keys() - {"bad_day"})


def test_at_least_eight_stories_are_told_from_end_to_end() -> None:
    assert len(TITLES) >= 8
    assert [story.name for story in stories()] == ["bureau", *TITLES]
    assert all(story.zh and story.en for story in stories())


def test_the_same_seed_and_start_tell_the_same_stories() -> None:
    calendar = load()[1]

    assert told(1, START, calendar) == list(stories())
    assert told(2, START, calendar) != list(stories())


@pytest.mark.parametrize("start", [START, START + 37 * DAY, 1_781_000_000_000, 1_793_000_000_000])
def test_a_story_runs_forward_and_ends_in_time_wherever_it_begins(start: int) -> None:
    for story in told(1, start, load()[1]):
        moments = [event.occurred for event in story.events]
        assert moments == sorted(moments), story.name
        assert moments[-1] < start + LENGTH, story.name


def test_every_body_of_a_story_is_of_its_type_and_carries_few_tags() -> None:
    assert [fact.type for fact in story_facts() if fact.body is None] == []
    assert [fact.type for fact in story_facts() if fact.claim] == []
    assert max(len(fact.about) for fact in story_facts()) <= 16


def test_what_a_good_story_tells_breaks_no_rule_and_raises_nothing() -> None:
    for owner, judgement in judgements():
        if owner in GOOD:
            said = [(each.rule, each.reason.en) for each in judgement.signals if each.opens < START + LENGTH]
            said += [(each.rule, each.reason.en) for each in judgement.verdicts if each.outcome == "broken"]
            assert said == [], f"{owner}: {judgement.kind}"


def test_every_good_story_comes_to_its_end() -> None:
    ends = {"task": {"concluded"}, "hazard": {"closed"}, "case": {"archived"}, "tip": {"concluded"}}
    stages = {(owner, judgement.kind, judgement.stage) for owner, judgement in judgements() if judgement.kind in ends}

    assert {(owner, kind) for owner, kind, stage in stages if owner in GOOD and stage not in ends[kind]} == set()
    assert {owner for owner, kind, _ in stages if kind == "task"} >= set(GOOD)


def test_the_bad_day_raises_every_signal_that_it_is_meant_to_raise() -> None:
    raised = {each.rule for _, judgement in judgements() for each in judgement.signals}

    assert len(RAISED) >= 10
    assert set(RAISED) - raised == set()


def test_printed_numbers_are_read_and_used_once_for_each_paper() -> None:
    printed: Counter[str] = Counter()
    for story in stories():
        for event in story.events:
            body = event.body
            if event.type == "document_number.issued.v1":
                parsed = document_numbers.parse(body["document_no"])
                assert (parsed.token, parsed.year, parsed.sequence) == (body["token"], body["year"], body["n"])
            elif event.type in ("case.filed.v1", "inspection_record.signed.v1", "rectification.ordered.v1"):
                printed[body["document_no"]] += 1
                assert document_numbers.parse(body["document_no"]).printed == body["document_no"]
    assert {number for number, times in printed.items() if times > 1} == {
        event.body["document_no"] for event in stories()[-1].events if event.type == "inspection_record.signed.v1"
    }, "only the bad day uses a number twice"


def test_a_draft_of_a_story_has_the_hash_of_what_it_says() -> None:
    drafts = [event for story in stories() for event in story.events if event.type == "decision.drafted.v1"]

    assert len(drafts) >= 4
    for event in drafts:
        read = decode_body(event.type, event.body)
        assert isinstance(read, DecisionDrafted)
        assert hash_of(read) == read.draft_hash


def test_everybody_who_acts_was_certified_before_the_stories_but_one_of_the_bad_day() -> None:
    certified = {
        event.body["officer_id"]: event.body["valid_to"]
        for event in stories()[0].events
        if event.type == "officer_certificate.recorded.v1"
    }
    acting = {name for story in stories()[1:] for event in story.events for name in event.by}

    assert acting - certified.keys() == set()
    assert [name for name, until in certified.items() if until < "2026-02-16"] == [bureau.EXPIRED]


def test_no_personal_value_of_a_story_stands_in_an_entry() -> None:
    values = {str(value).encode() for story in stories() for event in story.events for value in event.private.values()}

    assert len(values) >= 4
    assert [value for value in values for entry in story_events() if value in entry.entry] == []


def test_an_office_act_comes_after_what_it_cites() -> None:
    places = {event.id: index for index, event in enumerate(story_events())}

    assert any(event.after for event in story_events())
    for event in story_events():
        assert all(places[cited] < places[event.id] for cited in event.after)


def test_names_of_stories_are_plain_and_their_types_are_many() -> None:
    types = {event.type for story in stories() for event in story.events}

    assert len(types) >= 50
    assert types <= REGISTRY.keys()
    assert all(re.fullmatch(r"[a-z_]+", name) for name in TITLES)
