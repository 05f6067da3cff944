"""Recordings on the site: steps that had to be filmed and were not, and terminals that fell silent (SIG-17, 12).

Which steps those are is the catalogue `recording.steps`; one entry names the act and how it must be covered. The
invariant: only what terminals declared is compared with what officers declared; no file is looked into here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from msgspec import UNSET

from domain.judges.case_findings import Alarm
from domain.judges.inspection_findings import en_length, en_time, signals, zh_length, zh_time
from domain.judges.recording_index import Filmed
from domain.judges.visit import Visit, arrival, stated
from domain.matter import Fact, Signal
from domain.rulebook import NoRule, Rule
from domain.workdays import day_of, start_of
from schemas.events.document import DocumentServed
from schemas.events.evidence import EvidenceCaptured, RecordingCaptured
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.interview import InterviewRecorded
from schemas.events.on_site import SiteEntered
from schemas.events.rectification import ReinspectionConcluded

MINUTE: Final = 60_000
PICTURES: Final = frozenset({"photo", "video", "audio_visual"})


@dataclass(frozen=True, slots=True)
class Step:
    """A step that had to be filmed: the act, the catalogue's entry for it, and its interval (ms)."""

    act: Fact
    entry: Mapping[str, Any]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Film:
    """A recording or a photo, with the interval that it shows. `moving` False for a photo."""

    fact: Fact
    step: str
    start: int
    end: int
    moving: bool


@dataclass(frozen=True, slots=True)
class Reel:
    """Films by their beginning, with the latest end of all that began before, so that a moment is found quickly."""

    films: Sequence[Film]
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, films: Sequence[Film]) -> Reel:
        """A reel of films that are sorted by their beginning."""
        return cls(films, [film.start for film in films], list(accumulate((film.end for film in films), max)))

    def shows(self, start: int, end: int) -> bool:
        """Whether a film shows any part of an interval."""
        began = bisect_right(self.starts, end)
        return began > 0 and self.ends[began - 1] >= start

    def within(self, start: int, end: int) -> list[Film]:
        """The films that show any part of an interval."""
        return [film for film in self.films[: bisect_right(self.starts, end)] if film.end >= start]

    def after(self, instant: int) -> Film | None:
        """The first film that begins after an instant."""
        began = bisect_right(self.starts, instant)
        return self.films[began] if began < len(self.films) else None


def alarms(visit: Visit) -> Iterator[Signal]:
    """The signals about recordings of one inspection."""
    yield from signals(visit.matter, "SIG-17", "medium", lambda: sig_17(visit), officers=visit.officers)
    yield from signals(visit.matter, "SIG-12", "medium", lambda: sig_12(visit), officers=visit.officers)


def sig_17(visit: Visit) -> Iterator[Alarm]:
    """SIG-17: a step that must be filmed has no recording, begins before its first frame, or has a gap in it."""
    pictures = films(visit)
    reels = {"any": Reel.of(pictures), "video": Reel.of([film for film in pictures if film.moving])}
    for step in steps(visit):
        rule = visit.limit("recording.margin_seconds", step.start)
        margin = rule.value * 1000
        reel = reels["video" if step.entry.get("media") == "video" else "any"]
        shown = reel.shows(step.start - margin, step.end + margin)
        if shown and step.entry["level"] != "continuous":
            continue
        if _no_device_zone(visit, step.end):
            continue
        why = _explained(visit, step.end)
        if shown:
            yield from _broken(visit, step, reels["video"].within(step.start - margin, step.end + margin), why)
        else:
            yield _missing(step, reel.after(step.end + margin), why, rule)


def sig_12(visit: Visit) -> Iterator[Alarm]:
    """SIG-12: between entry and record the terminal recorded nothing for long, in no zone where devices are banned."""
    if visit.window is None:
        return
    start, end = visit.window
    rule = visit.limit("inspection.silent_minutes", start)
    moments = [(f.captured, f.captured) for f in visit.acts if f.source == "field" and f.captured is not None]
    moments += [(body.start, body.end) for _, body in visit.of(RecordingCaptured)]
    inside = sorted((max(a, start), min(b, end)) for a, b in moments if b >= start and a <= end)
    gap, since = _longest_gap(inside, start, end)
    if gap <= rule.value * MINUTE or _no_device_zone(visit, since):
        return
    why = _explained(visit, since)
    yield Alarm(
        f"在现场期间，终端自{zh_time(since)}起{zh_length(gap)}没有任何记录。" + ("该终端有故障申报。" if why else ""),
        f"While the officers were on the site the terminal recorded nothing for {en_length(gap)} from {en_time(since)}."
        + (" A fault of the terminal was reported." if why else ""),
        (visit.entries[0][0], visit.records[-1][0], *why),
        score=25 if why else 60,
        opens=end,
        absent=True,
        rule=rule,
        about="silent",
    )


def steps(visit: Visit) -> Iterator[Step]:
    """The steps of this inspection that must be filmed. Acts of a case are the case's. Raises NoRule."""
    for act in visit.acts:
        if isinstance(act.body, SiteEntered) and act.body.outcome not in (UNSET, "entered"):
            continue
        for entry in visit.limit("recording.steps", act.occurred).value:
            if entry["act"] == act.type and entry["level"] != "recommended" and _applies(act, entry):
                yield Step(act, entry, *_interval(visit, act))


def filmed(visit: Visit) -> Iterator[Filmed]:
    """The same for the index of recordings; none where a rule is missing."""
    try:
        for step in steps(visit):
            margin = visit.limit("recording.margin_seconds", step.start).value * 1000
            yield Filmed(step.act, step.entry, step.start, step.end, margin)
    except NoRule:
        return


def films(visit: Visit) -> list[Film]:
    """Recordings and photos of the inspection by their beginning."""
    found = [
        Film(fact, body.step_code, body.start, body.end, body.media_type.startswith(("video/", "audio/")))
        for fact, body in visit.of(RecordingCaptured)
    ]
    for fact, body in visit.of(EvidenceCaptured):
        if body.kind in PICTURES:
            when = fact.captured if fact.captured is not None else fact.occurred
            step = "" if body.step_code is UNSET else body.step_code
            found.append(Film(fact, step, when, when, False))
    return sorted(found, key=lambda film: (film.start, film.end, film.fact.id))


def _applies(act: Fact, entry: Mapping[str, Any]) -> bool:
    """Whether the entry of the catalogue concerns this act: a way of service, a refusal."""
    body = act.body
    if "method" in entry and not (isinstance(body, DocumentServed) and body.method == entry["method"]):
        return False
    if isinstance(body, DocumentServed) and body.method == "left" and body.witness is not UNSET:
        return False  # a witness takes the place of the video (CPL 89)
    refused = isinstance(body, InspectionRecordSigned) and body.refused is not UNSET
    return entry.get("when") != "refused" or refused


def _interval(visit: Visit, act: Fact) -> tuple[int, int]:
    match act.body:
        case SiteEntered() as entry:
            begun = arrival(act, entry)
            return begun, begun
        case InspectionRecordSigned() as record:
            before = [arrival(*pair) for pair in visit.entries if arrival(*pair) <= act.occurred]
            return (before[0] if before else act.occurred), stated(act, record)
        case InterviewRecorded() as interview:
            return interview.start, max(interview.start, interview.end)
        case ReinspectionConcluded():
            # The photos of the day itself: those of the first visit show the hazard as it was.
            today = start_of(day_of(act.occurred))
            before = [arrival(*pair) for pair in visit.entries if today <= arrival(*pair) <= act.occurred]
            return max(before, default=today), act.occurred
        case _:
            return act.occurred, act.occurred


def _missing(step: Step, later: Film | None, why: tuple[Fact, ...], rule: Rule) -> Alarm:
    zh, en = step.entry["zh"], step.entry["en"]
    if later is None:
        text = f"{zh}应当有音像记录，没有。", f"There is no recording of the step “{en}”, which must be recorded."
    else:
        text = (
            f"{zh}应当有音像记录；第一个画面在{zh_time(later.start)}，晚了{zh_length(later.start - step.end)}。",
            (
                f"The step “{en}” must be recorded; the first frame is of {en_time(later.start)}, "
                f"{en_length(later.start - step.end)} after it."
            ),
        )
    return Alarm(
        text[0] + ("终端有故障申报。" if why else ""),
        text[1] + (" A fault of the terminal was reported." if why else ""),
        (step.act, *why, *([] if later is None else [later.fact])),
        score=25 if why else 70,
        opens=step.end,
        absent=True,
        rule=rule,
        about=f"{step.act.id.hex()}/{step.entry['step']}",
    )


def _broken(visit: Visit, step: Step, moving: Sequence[Film], why: tuple[Fact, ...]) -> Iterator[Alarm]:
    """A recording that must be continuous: the longest gap between its first and its last frame."""
    rule = visit.limit("recording.gap_seconds", step.start)
    spans = [(film.start, film.end) for film in moving]
    gap, since = _longest_gap(spans, min(s for s, _ in spans), max(e for _, e in spans)) if spans else (0, 0)
    if gap > rule.value * 1000:
        said = any(
            isinstance(film.fact.body, RecordingCaptured)
            and film.fact.body.break_reason is not UNSET
            and film.start == since + gap
            for film in moving
        )
        yield Alarm(
            f"{step.entry['zh']}的录像应当连续，自{zh_time(since)}起中断{zh_length(gap)}"
            f"{'，已说明原因' if said else ''}。",
            f"The recording of “{step.entry['en']}” must be continuous; from {en_time(since)} on {en_length(gap)} are "
            f"missing{', with a reason given' if said else ''}.",
            (step.act, *why, *(film.fact for film in moving)),
            score=25 if why else 40 if said else 65,
            opens=step.end,
            absent=True,
            rule=rule,
            about=f"{step.act.id.hex()}/{step.entry['step']}",
        )


def _longest_gap(spans: Iterable[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """(length, beginning) of the longest stretch from `start` to `end` that no span covers."""
    best, reached = (0, start), start
    for begins, ends in [*sorted(spans), (end, end)]:
        if begins - reached > best[0]:
            best = (begins - reached, reached)
        reached = max(reached, ends)
    return best


def _explained(visit: Visit, instant: int) -> tuple[Fact, ...]:
    """Reports of a fault at that time, of a terminal of the task, made within the days that the rules give."""
    reports = visit.faults
    if not reports:
        return ()
    days = visit.matter.rules.find("recording.fault_report_days", day_of(instant), visit.matter.authority)
    within = 0 if days is None else days.value
    found = {
        fact.id: fact
        for fact, body in reports
        if body.from_at <= instant
        and (body.until_at is UNSET or instant <= body.until_at)
        and (day_of(fact.occurred) - day_of(instant)).days <= within
    }
    return tuple(found.values())


def _no_device_zone(visit: Visit, instant: int) -> bool:
    """Whether devices were banned at the enterprise then, by a declaration that was made before."""
    return any(fact.occurred <= body.from_at <= instant < body.until_at for fact, body in visit.zones)
