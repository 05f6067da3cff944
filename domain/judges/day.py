"""The judge of one officer's day: key `<officer>/<YYYY-MM-DD>`, all acts on site that the officer took part in.

A day has no stage of its own: it is empty, or it was worked. The invariant: a day is judged again whenever one more of
its acts comes in, and says nothing that rests on an act that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.judges import day_rules
from domain.judges.page import item
from domain.matter import Fact, Judge, Judgement, Matter

VERSION: Final = 1


def judge(matter: Matter) -> Judgement:
    """What the acts of one officer on one day say together."""
    officer, _, day = matter.key.rpartition("/")
    acts = [fact for fact in matter.facts if fact.counts]
    found = day_rules.stays(acts)
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage="worked" if acts else "empty",
        columns={"officer": officer, "day": day, "acts": len(acts), "sites": len({stay.enterprise for stay in found})},
        page={
            "officer": officer,
            "day": day,
            "stays": [
                {"task": stay.task, "enterprise": stay.enterprise, "start": stay.start, "end": stay.end}
                for stay in found
            ],
            "items": [item(fact) for fact in matter.facts],
        },
        signals=tuple(day_rules.alarms(matter, officer)),
        terminals=tuple(sorted({fact.terminal for fact in matter.facts if fact.terminal})),
        officers=(officer,),
    )


def needs(_facts: Sequence[Fact]) -> frozenset[str]:
    """A day is judged by its own acts."""
    return frozenset()


JUDGE: Final = Judge("day", VERSION, judge, needs)
