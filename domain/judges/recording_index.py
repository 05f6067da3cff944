"""The index of recordings of a task or a case: segments by step, gaps, the first frame, how long each is kept.

The least index of a segment (handbook 4.4) as JSON for pages: agency, matter, step, officers, terminal, start, end,
offset, place, digest, size, format, the segment before, class of retention. The invariant: it says what was recorded
and which steps the rules want filmed; whether something is wrong is said by SIG-17 alone.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET

from domain.filing import text_of
from domain.judges.who import officers_of
from domain.matter import Fact, Matter
from domain.process import STEPS
from domain.workdays import day_of
from schemas.events.evidence import RecordingCaptured

PERMANENT: Final = frozenset({"permanent", "永久"})
_YEARS: Final = re.compile(r"([1-9][0-9]{0,2}) ?(?:年|years?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filmed:
    """A step that must be filmed, with its entry of the catalogue, its interval, and how far around it counts (ms)."""

    act: Fact
    entry: Mapping[str, Any]
    start: int
    end: int
    margin: int


Span = tuple[Fact, int, int]
"""A recording or a photo, with the interval that it shows (ms)."""


def index(
    matter: Matter, steps: Iterable[Filmed], shown: Sequence[Span], *, of_case: bool, held: bool
) -> dict[str, Any]:
    """The index. `shown` are recordings and photos. `held`: nothing is given up while the matter is open."""
    segments = [(f, f.body) for f in matter.facts if f.counts and isinstance(f.body, RecordingCaptured)]
    listed = [_segment(matter, fact, body, of_case=of_case) for fact, body in segments]
    first: dict[str, int] = {}
    for one in sorted(listed, key=lambda one: (one["start"], one["event"])):
        one["offset"] = one["start"] - first.setdefault(one["step"], one["start"])
    return {
        "steps": [_step(one, shown) for one in steps],
        "segments": sorted(listed, key=lambda one: (one["step"], one["start"], one["event"])),
        "held": held,
    }


def _segment(matter: Matter, fact: Fact, body: RecordingCaptured, *, of_case: bool) -> dict[str, Any]:
    step = STEPS.get(body.step_code)
    return {
        "event": fact.id.hex(),
        "segment": body.segment_id.hex(),
        "agency": fact.authority,
        "step": body.step_code,
        "zh": body.step_code if step is None else step.zh,
        "en": body.step_code if step is None else step.en,
        "officers": list(body.officers or officers_of(fact) or fact.by),
        "terminal": text_of(fact.terminal) if fact.terminal else "",
        "device": None if body.device is UNSET else body.device,
        "start": body.start,
        "end": body.end,
        "place": None if body.place is UNSET else body.place,
        "sha256": body.sha256.hex(),
        "size": body.size,
        "format": body.media_type,
        "before": None if body.prev_segment_hash is UNSET else body.prev_segment_hash.hex(),
        "break_reason": None if body.break_reason is UNSET else body.break_reason,
        "told": None if body.told is UNSET else body.told,
        **_kept(matter, body, of_case=of_case),
    }


def _kept(matter: Matter, body: RecordingCaptured, *, of_case: bool) -> dict[str, Any]:
    """`class`, and the day until which it must be kept at least; None: for good, or no rule says how long."""
    named = "" if body.retention_class is UNSET else body.retention_class.strip()
    end = day_of(max(body.start, body.end))
    years = _YEARS.fullmatch(named)
    if named in PERMANENT:
        return {"class": "permanent", "until": None}
    if years is not None:
        return {"class": "term", "until": _until(matter, end, int(years[1]) * 12)}
    if of_case:
        case_file = matter.rules.find("retention.general_procedure", end, matter.authority)
        if case_file is not None and case_file.value == "permanent":
            return {"class": "permanent", "until": None}
    rule = matter.rules.find("recording.keep_months", end, matter.authority)
    if rule is None:
        return {"class": "unknown", "until": None}
    return {"class": "term", "until": _until(matter, end, rule.value)}


def _until(matter: Matter, day: datetime.date, months: int) -> str:
    return str(matter.calendar.add_months(day, months, roll=False).day)


def _step(step: Filmed, shown: Sequence[Span]) -> dict[str, Any]:
    near = [one for one in shown if one[1] <= step.end + step.margin and one[2] >= step.start - step.margin]
    later = [one for one in shown if one[1] > step.end + step.margin]
    first = min((begins for _, begins, _ in (near or later)), default=None)
    gap, since = _gap([(begins, ends) for _, begins, ends in near if ends > begins])
    return {
        "act": step.act.id.hex(),
        "step": step.entry["step"],
        "zh": step.entry["zh"],
        "en": step.entry["en"],
        "level": step.entry["level"],
        "start": step.start,
        "end": step.end,
        "state": "recorded" if near else "late" if later else "unrecorded",
        "first_frame": first,
        "after": None if first is None else first - step.start,
        "gap": gap,
        "gap_since": since,
        "segments": [fact.id.hex() for fact, _, _ in sorted(near, key=lambda one: (one[1], one[0].id))],
    }


def _gap(spans: list[tuple[int, int]]) -> tuple[int, int | None]:
    """(length, beginning) of the longest stretch (ms) between the first and the last frame that nothing covers."""
    worst: tuple[int, int | None] = (0, None)
    reached = None
    for begins, ends in sorted(spans):
        if reached is not None and begins - reached > worst[0]:
            worst = (begins - reached, reached)
        reached = ends if reached is None else max(reached, ends)
    return worst
