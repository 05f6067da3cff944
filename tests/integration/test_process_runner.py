"""The process projection: every matter judged on all its facts, once, past poison, and equal after a rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import pytest

from domain.matter import Deadline, Fact, Judge, Judgement, Matter, Reason, Signal, Verdict
from ops.stories import histories
from tests.support.postgres import TestDatabase
from tests.support.process import Event, Writer, judge, paper, process_tables, remake
from tests.support.projections import T0


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """A case rests on the tasks that share an enterprise tag with it."""
    return frozenset(f"certificate:{officer}" for fact in facts for officer in fact.by)


def count(matter: Matter) -> Judgement:
    """A judge that says how many facts it saw."""
    ids = tuple(fact.id for fact in matter.facts)
    number = len(ids)
    told = Reason(f"{number} 条", f"{number} facts")
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage="seen",
        columns={"number": number, "others": sum(len(facts) for facts in matter.others.values())},
        page={"ids": [one.hex() for one in ids]},
        deadlines=(Deadline("DL-01", "1", matter.facts[0].occurred, matter.facts[0].occurred + 1, None, inputs=ids),),
        verdicts=(Verdict("INV-01", "1", "kept", told, ids),),
        signals=(Signal("SIG-01", "1", "weak", 10, matter.facts[0].occurred, told, ids),),
        terminals=tuple({fact.terminal for fact in matter.facts if fact.terminal}),
        officers=tuple({officer for fact in matter.facts for officer in fact.by}),
    )


JUDGES = {kind: Judge(kind, 1, count, needs) for kind in ("task", "case", "hazard")}


def told(number: int, seed: int = 7) -> list[Event]:
    """Some histories, each from a terminal of its own, in the order in which they happened."""
    writer = Writer()
    stories = list(islice(histories(seed, start=T0), number))
    return [writer.story(event, terminal=f"T-{index}") for index, story in enumerate(stories) for event in story]


@pytest.mark.parametrize("batch", [1, 13, 8_192])
async def test_rebuilt_tables_equal_the_live_ones_byte_for_byte(database: TestDatabase, batch: int) -> None:
    events = told(6)
    async with paper(database) as log:
        for start in range(0, len(events), 40):
            await log.append(events[start : start + 40])
            await judge(database, judges=JUDGES, batch=batch)
    done = await remake(database, judges=JUDGES)
    assert done.equal
    assert (done.swapped, done.entries) == (True, len(events))
    tables_a, tables_b = await process_tables(database, "a"), await process_tables(database, "b")
    assert tables_a == tables_b
    assert all(tables_a[name] for name in ("matters", "signals", "deadlines", "verdicts", "dependents"))
    assert not tables_a["dirty"]
