"""The named stories as entries of a log and as facts, for tests that put them into any order.

`received` travels with the event, ids are those of the stories, and an office act knows which events it cites.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Final

from domain import filing, rulesets
from domain.judges import JUDGES
from domain.matter import Fact, Judgement, Matter, order
from ops.stories.book import Story, told
from ops.stories.event import MINUTE, StoryEvent
from projections.rulefiles import load
from schemas import canonical
from schemas.events import REGISTRY, encode_canonical
from tests.support.log import AUTHORITY
from tests.support.process import Event, Writer, facts_of

START: Final = 1_771_200_000_000
"""2026-02-16, so that every story lies in a year whose calendar was published."""


@cache
def stories(seed: int = 1, start: int = START) -> tuple[Story, ...]:
    """The stories as they are told, the bureau's opening first."""
    return tuple(told(seed, start, load()[1]))


@cache
def story_events(seed: int = 1, start: int = START) -> tuple[Event, ...]:
    """Every event of every story as an entry of the log of the city, in the order in which the server got them."""
    return entries(stories(seed, start), f"stories {seed}")


def entries(told: Iterable[Story], seed: str, authority: str = AUTHORITY) -> tuple[Event, ...]:
    """The events of stories of one authority as entries of its log, in the order in which the server got them."""
    writer = Writer(seed=seed, authority=authority)
    every = sorted(
        (event for story in told for event in story.events),
        key=lambda event: (_written(event), event.received or 0, event.id),
    )
    known = {event.id for event in every}
    made = [(event.received or event.occurred, _entry(writer, event, known)) for event in every]
    made += [arrived for event in every if event.files for arrived in _arrivals(writer, event)]
    return tuple(entry for _, entry in sorted(made, key=lambda pair: pair[0]))


@cache
def story_facts(seed: int = 1, start: int = START) -> tuple[Fact, ...]:
    """The same events as the projection reads them."""
    return tuple(facts_of(story_events(seed, start)))


def _written(event: StoryEvent) -> int:
    return event.occurred if event.captured is None else event.captured


def _arrivals(writer: Writer, event: StoryEvent) -> Iterator[tuple[int, Event]]:
    """The files of an event, a minute behind its upload: what the evidence store writes into the log."""
    came = (event.received or event.occurred) + MINUTE
    about, _ = event.at_terminals({event.terminal: writer.terminal(event.terminal)})
    for each in event.files:
        body = {
            "sha256": each.sha256, "size": len(each.content), "media_type": each.media_type,
            "terminal": writer.terminal(event.terminal), "events": [event.id],
        }  # fmt: skip
        yield came, writer.office("blob.received.v1", body, about, received=came, after=(event.id,))


def _entry(writer: Writer, event: StoryEvent, known: set[bytes]) -> Event:
    about, body = event.at_terminals({event.terminal: writer.terminal(event.terminal)})
    for path in event.private:
        _hide(body, path)
    told_body = canonical.decode(encode_canonical(REGISTRY.decode_body(event.type, body)))
    assert isinstance(told_body, Mapping)
    if event.office:
        cited = tuple(sorted({value for value in _ids(told_body) if value in known}))
        return writer.office(
            event.type, told_body, about, received=event.occurred, by=event.by[0], id=event.id, after=cited
        )
    more: dict[str, Any] = {"at": _written(event)}
    if event.location is not None:
        more["loc"] = dict(event.location)
    if event.files:
        more["blobs"] = [
            {"sha256": each.sha256, "size": len(each.content), "type": each.media_type} for each in event.files
        ]
    return writer.field(
        event.type, told_body, about, terminal=event.terminal, occurred=event.occurred, received=event.received,
        by=event.by, id=event.id, **more,
    )  # fmt: skip


def _hide(body: dict[str, Any], path: str) -> None:
    """Put a commitment where a personal value belongs."""
    *outer, last = path.split(".")
    holder = body
    for key in outer:
        holder[key] = dict(holder[key])
        holder = holder[key]
    holder[last] = sha256(path.encode()).digest()


def _ids(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes) and len(value) == 16:
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _ids(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _ids(item)


@cache
def judgements(seed: int = 1, start: int = START) -> tuple[tuple[str, Judgement], ...]:
    """What the judges say of every matter of the stories, each with the name of the story that it belongs to.

    A matter that several stories share (a series of numbers, the plan) belongs to "bureau".
    """
    return tuple(judged(stories(seed, start), story_facts(seed, start)))


def judged(
    told: Iterable[Story], facts: Sequence[Fact], authority: str = AUTHORITY, openings: Collection[str] = ("bureau",)
) -> Iterator[tuple[str, Judgement]]:
    """The same of the stories of any authority; `openings` are the stories that every other one rests on."""
    owner = {event.id: story.name for story in told for event in story.events}
    shelves: dict[str, list[Fact]] = {}
    for fact in facts:
        for key in filing.keys(fact):
            shelves.setdefault(key, []).append(fact)
    rules, calendar = load()
    rules, calendar = rulesets.overrides(facts, rules).over(rules, calendar, authority)
    for key, filed in sorted(shelves.items()):
        kind, _, name = key.partition(":")
        if kind not in JUDGES:
            continue
        filed.sort(key=order)
        needed = {other: tuple(sorted(shelves.get(other, ()), key=order)) for other in JUDGES[kind].needs(filed)}
        matter = Matter(kind, name, authority, tuple(filed), rules, calendar, needed)
        owners = {owner[fact.id] for fact in filed if fact.id in owner} - {*openings}
        yield owners.pop() if len(owners) == 1 else "bureau", JUDGES[kind].judge(matter)
