"""The order in which the steps of a case were done and recorded: SIG-03 (case part), SIG-05, SIG-14.

Created is when a record came to be: on a terminal when it was captured, in the office when it was received. The
invariant: what an older system did is not held against the new one, and a declared backfill lowers a score.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from msgspec import UNSET

from domain.judges.case_facts import Case, describe, moment
from domain.judges.case_findings import Alarm, each_alarm, once_alarm, part
from domain.judges.case_hearing import inv_13, inv_14
from domain.matter import Fact, Signal
from domain.workdays import day_of
from schemas.events import Act
from schemas.events.case import CaseClosed, CaseFiled, InvestigationConcluded
from schemas.events.evidence import EvidenceCaptured, RecordingCaptured
from schemas.events.hearing import HearingHeld
from schemas.events.penalty import DefenceRecorded, PenaltyDecided, PenaltyNoticeServed
from schemas.events.review import LegalReviewConcluded

STEPS: Final = (
    CaseFiled, InvestigationConcluded, PenaltyNoticeServed, DefenceRecorded, HearingHeld, LegalReviewConcluded,
    PenaltyDecided, CaseClosed,
)  # fmt: skip
"""Acts of the main line: each is a record of its own day."""


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from once_alarm(case, "SIG-03", "serious", sig_03)
    yield from each_alarm(case, PenaltyDecided, "SIG-05", "serious", sig_05)
    yield from each_alarm(case, EvidenceCaptured, "SIG-14", "serious", sig_14)
    yield from each_alarm(case, RecordingCaptured, "SIG-14", "serious", sig_14)


def sig_03(case: Case) -> Iterator[Alarm]:
    """SIG-03: steps of several days all created on one day, or created in the reverse of their order."""
    steps = [fact for fact in case.matter.facts if fact.counts and isinstance(fact.body, STEPS)]
    by_day: dict[str, list[Fact]] = {}
    for fact in steps:
        by_day.setdefault(str(day_of(created(fact))), []).append(fact)
    for day, facts in sorted(by_day.items()):
        rule = case.limit("upload.same_day_steps", day_of(created(facts[0])))
        days = {day_of(fact.occurred) for fact in facts}
        if len({fact.type for fact in facts}) >= int(rule.value) and len(days) > 1:
            yield Alarm(
                f"{len(facts)} 个环节发生于 {len(days)} 天，却都在 {day} 录入。",
                f"{len(facts)} steps of {len(days)} days were all recorded on {day}.",
                tuple(facts),
                75,
                opens=max(created(fact) for fact in facts),
                rule=rule,
                about=f"same_day:{day}",
            )
    limit = case.limit("upload.late_hours", day_of(max((created(fact) for fact in steps), default=0)))
    for earlier, later in pairwise(steps):
        if earlier.terminal and earlier.terminal == later.terminal:
            continue  # the order on one terminal is judged with its records
        behind = created(earlier) - created(later)
        if earlier.type != later.type and behind > int(limit.value) * 3_600_000:
            late = (created(earlier) - earlier.occurred) // 86_400_000
            yield Alarm(
                f"发生在先的记录（{describe(earlier.occurred)}）在后一环节之后 {describe(created(earlier))} 才录入。",
                f"What came first ({describe(earlier.occurred)}) was recorded at {describe(created(earlier))}, after "
                "the step that followed it.",
                (earlier, later),
                min(95, 60 + late),
                opens=created(earlier),
                rule=limit,
                about=part(earlier, "reverse"),
            )


def sig_05(case: Case, act: Fact, body: PenaltyDecided) -> Iterator[Alarm]:
    """SIG-05: decided without a filing, a notice, a defence or waiver, or the hearing that was due."""
    decided = moment(act, body.decided_on)
    missing: list[tuple[str, str]] = []
    if case.filing is None or case.filing[1].filed_on > body.decided_on or case.filing[0].occurred > decided:
        missing.append(("立案", "filing"))
    defence = inv_13(case, act, body)
    if defence.outcome == "broken":
        told = case.notice_before(decided, body.decided_on, "penalty") is not None
        missing.append(("陈述申辩或放弃", "defence or waiver") if told else ("处罚告知", "notice"))
    hearing = inv_14(case, act, body)
    if hearing.outcome == "broken":
        missing.append(("听证或听证告知", "hearing or its notice"))
    if missing:
        old = isinstance(act.body, Act) and act.body.import_ is not UNSET
        yield Alarm(
            f"决定之前缺少环节：{'、'.join(zh for zh, _ in missing)}。",
            f"Steps are missing before the decision: {', '.join(en for _, en in missing)}.",
            (*defence.facts, *hearing.facts),
            0 if old else min(100, 70 + 10 * len(missing)),
            absent=True,
        )


def sig_14(case: Case, act: Fact, body: EvidenceCaptured | RecordingCaptured) -> Iterator[Alarm]:
    """SIG-14: evidence captured after the investigation ended or the decision; later steps have photos of their own."""
    taken = act.captured if act.captured is not None else act.occurred
    rule = case.limit("evidence.after_steps", day_of(taken))
    if body.step_code is not UNSET and body.step_code in rule.value:
        return
    concluded = case.of(InvestigationConcluded)
    ends = [(fact, moment(fact, one.decided_on), "处罚决定", "the decision", 90) for fact, one in case.decisions[:1]]
    ends += [(fact, fact.occurred, "调查终结", "the end of the investigation", 60) for fact, _ in concluded[-1:]]
    for fact, at, zh, en, score in ends:
        if taken > at:
            yield Alarm(
                f"证据采集于 {describe(taken)}，晚于{zh}（{describe(at)}）。",
                f"Captured at {describe(taken)}, after {en} ({describe(at)}).",
                (fact,),
                score,
                rule=rule,
            )
            return


def created(fact: Fact) -> int:
    """When the record of an act came to be (ms): captured on a terminal, or received in the office."""
    return fact.captured if fact.captured is not None else fact.received
