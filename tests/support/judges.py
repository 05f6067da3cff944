"""Judges for tests of the process projection itself: what they say shows what they were given."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Final

from domain.matter import Deadline, Earlier, Fact, Judge, Judgement, Matter, Reason, Signal, Verdict

DAY: Final = 86_400_000
FIRST_DAY: Final = datetime.date(2026, 3, 1)


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """The certificates of everybody who acted."""
    return frozenset(f"certificate:{officer}" for fact in facts for officer in fact.by)


def count(matter: Matter) -> Judgement:
    """How many facts there are, and which: any fact more or less, or in another order, gives other rows."""
    ids = tuple(fact.id for fact in matter.facts)
    told = Reason(f"{len(ids)} 条", f"{len(ids)} facts")
    first = matter.facts[0].occurred
    claims = sum(fact.claim for fact in matter.facts)
    rule = matter.rules.find("hearing.request_days", FIRST_DAY, matter.authority)
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage="seen" if len(ids) < 5 else "known",
        columns={
            "number": len(ids),
            "claims": claims,
            "others": sum(len(facts) for facts in matter.others.values()),
            "days": None if rule is None else rule.value,
        },
        page={"ids": [one.hex() for one in ids], "types": [fact.type for fact in matter.facts]},
        deadlines=(
            Deadline(
                "DL-01", "1", first, first + 90 * DAY, None, about=ids[0].hex(), inputs=ids[:1],
                officers=matter.facts[0].by[:1], earlier=(Earlier(first + 80 * DAY, told),), text=told,
            ),
            Deadline("DL-06", "1", first, first + DAY, None, met=first, met_by=ids[-1], absent=False, inputs=ids),
        ),
        verdicts=(
            Verdict("INV-01", "1", "broken", told, ids, absent=True),
            Verdict("INV-02", "1", "broken", told, ids[:1], about=ids[0].hex()),
        ),
        signals=(
            Signal("SIG-01", "1", "serious", 80, first, told, ids, absent=True),
            Signal("SIG-02", "1", "weak", 10, first + 30 * DAY, told, ids[:1], about=ids[0].hex()),
            Signal("SIG-03", "1", "medium", 50, first, told, ids[:1], closes=first + 1),
        ),
        terminals=tuple({fact.terminal for fact in matter.facts if fact.terminal}),
        officers=tuple({officer for fact in matter.facts for officer in fact.by}),
    )  # fmt: skip


def fail(matter: Matter) -> Judgement:
    """A judge with a fault: it cannot bear a task with an odd number of facts."""
    if len(matter.facts) % 2:
        raise LookupError("a value that must not be in any log")
    return count(matter)


def table(version: int = 1, judge: str = "count") -> Mapping[str, Judge]:
    """Judges of three kinds."""
    function = {"count": count, "fail": fail}[judge]
    return {kind: Judge(kind, version, function, needs) for kind in ("task", "case", "hazard")}


JUDGES: Final = table()
