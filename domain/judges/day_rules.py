"""What nobody can do twice at a time: the acts of one officer on one day, over all tasks (SIG-13, SIG-27).

The invariant: two acts are compared by what they say of time and place, never by the order in which they came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from msgspec import UNSET

from domain.judges.case_findings import Alarm
from domain.judges.inspection_findings import en_time, signals, zh_time
from domain.judges.place_rules import travel
from domain.judges.visit import arrival, stated, tags
from domain.matter import Fact, Matter, Signal
from domain.workdays import day_of
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.interview import InterviewRecorded
from schemas.events.on_site import SiteEntered

T = TypeVar("T")

MINUTE: Final = 60_000


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay on a site: the task, the enterprise ("" if nothing names it), and its interval (ms)."""

    task: str
    enterprise: str
    start: int
    end: int
    facts: tuple[Fact, ...]


def alarms(matter: Matter, officer: str) -> Iterator[Signal]:
    """The signals about one officer's day."""
    acts = [fact for fact in matter.facts if fact.counts]
    yield from signals(matter, "SIG-13", "medium", lambda: sig_13(matter, officer, acts), officers=(officer,))
    yield from signals(matter, "SIG-27", "medium", lambda: sig_27(matter, officer, acts), officers=(officer,))


def sig_13(matter: Matter, officer: str, acts: Sequence[Fact]) -> Iterator[Alarm]:
    """SIG-13: on two sites at the same time, or from one to the other faster than anybody travels."""
    for one, two in _overlaps([(stay.start, stay.end, stay.enterprise, stay) for stay in stays(acts)]):
        rule = matter.rules.get("overlap.minutes", day_of(two.start), matter.authority)
        if min(one.end, two.end) - two.start > rule.value * MINUTE:
            yield Alarm(
                f"{officer}在{zh_time(two.start)}同时在两个单位检查。",
                f"{officer} was inspecting at two enterprises at once, on {en_time(two.start)}.",
                (*one.facts, *two.facts),
                score=80,
                opens=two.start,
                rule=rule,
                about=f"two/{min(one.task, two.task)}/{max(one.task, two.task)}",
                officers=(officer,),
            )
    # Within one task the way is judged there; here only that from one site to the next.
    placed = [fact for fact in acts if fact.source == "field" and fact.location and not fact.location["mock"]]
    for alarm in travel(matter, placed):
        if len({_site(fact) for fact in alarm.facts}) > 1:
            yield alarm


def sig_27(matter: Matter, officer: str, acts: Sequence[Fact]) -> Iterator[Alarm]:
    """SIG-27: one officer in two interviews, two records of the same minute at two places, nobody who wrote."""
    interviews = [(fact, fact.body) for fact in acts if isinstance(fact.body, InterviewRecorded)]
    named = [(body.start, body.end, body.interview_id.hex(), (fact, body)) for fact, body in interviews]
    for (fact, one), (other, two) in _overlaps(named):
        rule = matter.rules.get("overlap.minutes", day_of(two.start), matter.authority)
        if min(one.end, two.end) - two.start > rule.value * MINUTE:
            yield Alarm(
                f"{officer}同时参加两次询问：{zh_time(one.start)}至{zh_time(one.end)}，"
                f"{zh_time(two.start)}至{zh_time(two.end)}。",
                f"{officer} took part in two interviews at once: {en_time(one.start)} to {en_time(one.end)} and "
                f"{en_time(two.start)} to {en_time(two.end)}.",
                (fact, other),
                score=75,
                opens=two.start,
                rule=rule,
                about=_pair("interviews", fact, other),
                officers=(officer,),
            )
    yield from _same_minute(officer, acts)
    for fact, body in interviews:
        writers = {*body.interviewers, *(() if body.recorder is UNSET else (body.recorder,))}
        if len(writers) < 2:
            yield Alarm(
                f"询问只有{officer}一人，没有另外的询问人或记录人。",
                f"{officer} was alone in the interview; there was no second interviewer and nobody else who wrote.",
                (fact,),
                score=70,
                opens=fact.occurred,
                about=f"alone/{fact.id.hex()}",
                officers=(officer,),
            )


def stays(acts: Sequence[Fact]) -> list[Stay]:
    """The stays of the day by their beginning: one for each task, from its entry to its record."""
    tasks: dict[str, list[Fact]] = {}
    for fact in acts:
        for name in tags(fact, "task"):
            tasks.setdefault(name, []).append(fact)
    found = []
    for task, own in tasks.items():
        starts = [
            arrival(f, f.body) for f in own if isinstance(f.body, SiteEntered) and f.body.outcome in (UNSET, "entered")
        ]
        ends = [stated(f, f.body) for f in own if isinstance(f.body, InspectionRecordSigned)]
        if starts and ends and min(starts) <= max(ends):
            named = [name for fact in own for name in tags(fact, "enterprise")]
            shown = tuple(f for f in own if isinstance(f.body, SiteEntered | InspectionRecordSigned))
            found.append(Stay(task, named[0] if named else "", min(starts), max(ends), shown))
    return sorted(found, key=lambda stay: (stay.start, stay.end, stay.task))


def _overlaps(spans: Iterable[tuple[int, int, str, T]]) -> Iterator[tuple[T, T]]:
    """Pairs of spans of different names that overlap: each with the one before it that lasts longest.

    A span is (start, end, name, thing). One pair for each span at most, so that ten thousand cost no more than a sort.
    """
    longest: list[tuple[int, str, T]] = []
    for start, end, name, thing in sorted(spans, key=lambda span: (span[0], span[1], span[2])):
        other = next((one for one in longest if one[1] != name), None)
        if other is not None and other[0] > start:
            yield other[2], thing
        by_end = sorted([*longest, (end, name, thing)], key=lambda one: -one[0])
        # The longest of all, and the longest of any other name: one of the two has another name than the next span.
        longest = [by_end[0], *[one for one in by_end[1:] if one[1] != by_end[0][1]][:1]]


def _same_minute(officer: str, acts: Sequence[Fact]) -> Iterator[Alarm]:
    """Records of the same minute: each against the first of that minute at another site."""
    minutes: dict[int, list[tuple[Fact, str]]] = {}
    for two in acts:
        if not isinstance(two.body, InspectionRecordSigned):
            continue
        now = stated(two, two.body)
        firsts = minutes.setdefault(now // MINUTE, [])
        one = next((fact for fact, site in firsts if site != _site(two)), None)
        if len(firsts) < 2 and all(site != _site(two) for _, site in firsts):
            firsts.append((two, _site(two)))
        if one is not None:
            yield Alarm(
                f"{officer}在同一分钟（{zh_time(now)}）于两处签署现场检查记录。",
                f"{officer} signed inspection records at two places in the same minute, {en_time(now)}.",
                (one, two),
                score=75,
                opens=now,
                about=_pair("minute", one, two),
                officers=(officer,),
            )


def _site(fact: Fact) -> str:
    """Where an act took place: the enterprise that it is tagged with, else its task."""
    return next(iter(tags(fact, "enterprise")), next(iter(tags(fact, "task")), ""))


def _pair(name: str, one: Fact, two: Fact) -> str:
    first, second = sorted((one.id.hex(), two.id.hex()))
    return f"{name}/{first}/{second}"
