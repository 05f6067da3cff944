"""What a person should look at in the disclosure of a case: not published, late, after the alteration, not taken back.

The invariant: a signal opens at an instant that follows from the acts and the calendar alone, and one that rests on
nothing being recorded says so; whoever decided with approval not to publish raises none.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from domain.judges import case_money as money
from domain.judges.case_disclosure import Public, left_out, publications, taken_back, withheld
from domain.judges.case_facts import Case, last_of, moment
from domain.judges.case_findings import Alarm, each_alarm
from domain.judges.case_periods import ends_after
from domain.judges.inspection_findings import many
from domain.matter import Fact, Signal
from domain.workdays import end_of
from schemas.events.decision import DailyPenaltyDecided
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided
from schemas.events.remedy import DecisionAltered

SURE, PROVISIONAL = 90, 50
"""Scores: beyond the last published calendar a day may turn out to be a holiday."""


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from each_alarm(case, PenaltyDecided, "SIG-23", "serious", sig_23)
    yield from each_alarm(case, OnSpotPenaltyDecided, "SIG-23", "serious", sig_23)
    yield from each_alarm(case, DailyPenaltyDecided, "SIG-23", "serious", sig_23)
    yield from each_alarm(case, DecisionAltered, "SIG-23", "serious", sig_23_withdrawn)


def sig_23(case: Case, _: Fact, body: Public) -> Iterator[Alarm]:
    """SIG-23: a decision was not published in its seven working days, or late, or once it was revoked (WSL 78)."""
    if left_out(case, body) is not None or withheld(case, body.document_no):
        return
    ends, rule = ends_after(case, "disclosure.decision_days", body.decided_on)
    gone = money.undone(case, body.document_no)
    found = publications(case, body.document_no)
    score = _score(case, last_of(ends))
    if not found:
        if gone is None or end_of(gone[1].effective_on) > ends:
            yield Alarm(
                f"决定应当在 {last_of(ends)} 以前公示，至今没有公示记录。",
                f"The decision had to be published by {last_of(ends)}; no disclosure is recorded.",
                opens=ends, absent=True, score=score, rule=rule,
            )  # fmt: skip
        return
    fact, one = found[0]
    if gone is not None and one.published_on > gone[1].effective_on:
        yield Alarm(
            f"决定已于 {gone[1].effective_on} 撤销，却在 {one.published_on} 公示。",
            f"The decision was revoked on {gone[1].effective_on} and published on {one.published_on} all the same.",
            (fact, gone[0]), opens=moment(fact, one.published_on), rule=rule,
        )  # fmt: skip
    elif end_of(one.published_on) > ends:
        yield Alarm(
            f"决定应当在 {last_of(ends)} 以前公示，实际 {one.published_on}。",
            f"The decision had to be published by {last_of(ends)}; it was on {one.published_on}.",
            (fact,), opens=ends, score=score, rule=rule,
        )  # fmt: skip


def sig_23_withdrawn(case: Case, act: Fact, body: DecisionAltered) -> Iterator[Alarm]:
    """SIG-23: what was published of a decision was not taken back in three working days of its alteration (PPL 48)."""
    left, taken, early = taken_back(case, act, body)
    if not early:
        return
    ends, rule = ends_after(case, "disclosure.withdraw_days", body.effective_on)
    score = _score(case, last_of(ends))
    if left:
        yield Alarm(
            f"公示应当在 {last_of(ends)} 以前撤回；{len(left)} 条没有撤回记录。",
            f"The disclosure had to be withdrawn by {last_of(ends)}; {many(len(left), 'record')} not withdrawn.",
            tuple(early), opens=ends, absent=True, score=score, rule=rule,
        )  # fmt: skip
        return
    last = max((day for _, day in taken), default=None)
    if last is not None and end_of(last) > ends:
        yield Alarm(
            f"公示应当在 {last_of(ends)} 以前撤回，实际 {last}。",
            f"The disclosure had to be withdrawn by {last_of(ends)}; it was on {last}.",
            (*early, *(fact for fact, _ in taken)), opens=ends, score=score, rule=rule,
        )  # fmt: skip


def _score(case: Case, day: datetime.date) -> int:
    return SURE if case.matter.calendar.knows((day,)) else PROVISIONAL
