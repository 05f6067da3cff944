"""Recordings of a case: steps of the catalogue that had to be filmed and were not, or not without a gap (SIG-17).

Steps of an inspection are judged with their task. The invariant: only what was declared is compared, recordings with
acts; who recorded nothing is told, and a fault of a terminal that was reported explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from domain.judges import file_facts, recording_index
from domain.judges.case_facts import Case, describe
from domain.judges.case_findings import Alarm, once_alarm
from domain.judges.recording_index import Filmed
from domain.matter import Fact, Signal
from domain.rulebook import Rule
from domain.workdays import day_of
from schemas.events.compulsory import CompulsoryMeasureImposed
from schemas.events.document import DocumentServed
from schemas.events.evidence import EvidenceCaptured, RecordingCaptured
from schemas.events.hearing import HearingHeld
from schemas.events.interview import InterviewRecorded
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import DefenceRecorded
from schemas.events.terminal import TerminalFaultReported


@dataclass(frozen=True, slots=True)
class Step:
    """One act that had to be filmed, its entry in the catalogue, and its interval (ms)."""

    act: Fact
    entry: Mapping[str, Any]
    start: int
    end: int


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from once_alarm(case, "SIG-17", "medium", sig_17)
    yield from once_alarm(case, "SIG-15", "serious", sig_15)


def sig_15(case: Case) -> Iterator[Alarm]:
    """SIG-15: a file of the case itself is damaged on the server; those of its inspections are told there."""
    yield from file_facts.damaged([fact for fact in case.matter.facts if not _of_inspection(fact)])


def _of_inspection(fact: Fact) -> bool:
    return any(tag.startswith(("task:", "hazard:")) for tag in fact.about)


def sig_17(case: Case) -> Iterator[Alarm]:
    """SIG-17: no recording at the time of a step that must be filmed, or a gap where it must be continuous."""
    films = [(fact, body.start, body.end) for fact, body in case.of(RecordingCaptured)]
    photos = [
        (fact, fact.occurred, fact.occurred)
        for fact, body in case.of(EvidenceCaptured)
        if body.kind in ("photo", "video", "audio_visual")
    ]
    for step in _steps(case):
        margin = case.limit("recording.margin_seconds", day_of(step.start))
        around = int(margin.value) * 1000
        seen = films if step.entry.get("media") == "video" else [*films, *photos]
        near = [film for film in seen if film[1] <= step.end + around and film[2] >= step.start - around]
        why = tuple(
            fact
            for fact, body in case.of(TerminalFaultReported)
            if body.from_at <= step.end and (body.until_at is UNSET or step.start <= body.until_at)
        )
        if not near:
            yield _alarm(
                step,
                f"{step.entry['zh']}应当有音像记录，{describe(step.start)} 前后没有。",
                f"The step “{step.entry['en']}” must be recorded; nothing was, about {describe(step.start)}.",
                why,
                margin,
            )
        elif step.entry["level"] == "continuous":
            limit = case.limit("recording.gap_seconds", day_of(step.start))
            gap = _gap([film for film in near if film[2] > film[1]])
            if gap > int(limit.value) * 1000:
                yield _alarm(
                    step,
                    f"{step.entry['zh']}的录像应当连续，中断 {gap // 1000} 秒。",
                    f"The recording of “{step.entry['en']}” must be continuous; {gap // 1000} seconds are missing.",
                    (*why, *(film[0] for film in near)),
                    limit,
                )


def index(case: Case, *, held: bool) -> dict[str, Any]:
    """The index of recordings of the case: those that no inspection has in its own."""
    shown = [(fact, body.start, body.end) for fact, body in case.of(RecordingCaptured)]
    shown += [
        (fact, fact.occurred, fact.occurred)
        for fact, body in case.of(EvidenceCaptured)
        if body.kind in ("photo", "video", "audio_visual")
    ]
    return recording_index.index(case.matter, _filmed(case), shown, of_case=True, held=held)


def _filmed(case: Case) -> Iterator[Filmed]:
    for step in _steps(case):
        margin = case.find("recording.margin_seconds", day_of(step.start))
        yield Filmed(step.act, step.entry, step.start, step.end, 0 if margin is None else int(margin.value) * 1000)


def _steps(case: Case) -> Iterator[Step]:
    for act in case.matter.facts:
        if not act.counts or any(tag.startswith("task:") for tag in act.about):
            continue
        rule = case.find("recording.steps", day_of(act.occurred))
        for entry in rule.value if rule is not None else ():
            if entry["act"] == act.type and entry["level"] != "recommended" and _applies(act, entry):
                yield Step(act, entry, *_interval(act))


def _applies(act: Fact, entry: Mapping[str, Any]) -> bool:
    match act.body:
        case DocumentServed() as body:
            witnessed = body.method == "left" and body.witness is not UNSET  # takes the place of the video (CPL 89)
            return body.method == entry.get("method", body.method) and not witnessed
        case DefenceRecorded() as body:
            # A paper that was handed in is no oral defence: only a record that officers took down is filmed.
            return not body.waived and act.source == "field"
        case _:
            return True


def _interval(act: Fact) -> tuple[int, int]:
    match act.body:
        case HearingHeld() as body if body.start is not UNSET and body.end is not UNSET:
            return body.start, max(body.start, body.end)
        case InterviewRecorded() as body:
            return body.start, max(body.start, body.end)
        case CompulsoryMeasureImposed() as body:
            return body.imposed_at, body.imposed_at
        case OnSpotPenaltyDecided() as body:
            return body.decided_at, body.decided_at
        case _:
            return act.occurred, act.occurred


def _gap(films: list[tuple[Fact, int, int]]) -> int:
    """The longest stretch (ms) between the first and the last frame that no film covers."""
    worst, reached = 0, min((start for _, start, _ in films), default=0)
    for _, start, end in sorted(films, key=lambda film: film[1]):
        worst = max(worst, start - reached)
        reached = max(reached, end)
    return worst


def _alarm(step: Step, zh: str, en: str, facts: tuple[Fact, ...], rule: Rule) -> Alarm:
    explained = any(isinstance(fact.body, TerminalFaultReported) for fact in facts)
    return Alarm(
        zh + ("终端有故障申报。" if explained else ""),
        en + (" A fault of the terminal was reported." if explained else ""),
        (step.act, *facts),
        25 if explained else 70,
        opens=step.end,
        absent=True,
        rule=rule,
        about=f"{step.act.id.hex()}/{step.entry['step']}",
    )
