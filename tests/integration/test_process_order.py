"""The order in which events come in changes nothing that is said of them: stories told in many orders give equal rows.

Most orders go through the pure parts alone, which is where an order could matter; some go through the real tables, live
and cut into batches at random.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from itertools import count as counter
from typing import Any

import pytest

from domain.matter import Judgement, Matter
from projections.process.judging import MatterId
from tests.support.judges import JUDGES as TOYS
from tests.support.judges import count
from tests.support.postgres import TestDatabase, TestServer
from tests.support.process import ROWS, Event, Memory, interleaved, judge, paper, process_tables, remake
from tests.support.stories import story_events

FULL = os.environ.get("LIUHEN_FULL") == "1"
ORDERS = 1_000 if FULL else 100
REAL_ORDERS = 25 if FULL else 10
SEED = 20_260_301


def spread() -> list[Event]:
    """The stories, with one terminal in the hands of the county: its events come in another log."""
    events = story_events()
    county = min(event.origin for event in events if not event.office)
    return [replace(event, authority="210521") if event.origin == county else event for event in events]


def told(events: list[Event], dice: random.Random, asked: dict[Any, Any]) -> dict[MatterId, Any]:
    """What is said when events come in this order, in batches of any size."""
    memory = Memory(asked=asked)
    while events:
        size = dice.choice((1, 3, 20, 200))
        memory.file(events[:size])
        events = events[size:]
        if dice.random() < 0.3:
            memory.judge()
    memory.judge()
    return memory.tables()


def test_any_order_of_the_stories_gives_equal_rows() -> None:
    dice = random.Random(SEED)
    events = spread()
    asked: dict[Any, Any] = {}
    expected = told(events, dice, asked)
    assert {kind for kind, _ in expected} >= {"task", "hazard", "case", "officer", "enterprise", "series", "day"}
    assert not [one for one, rows in expected.items() if rows[0]["error"]]
    for number in range(ORDERS):
        found = told(interleaved(events, dice), dice, asked)
        different = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
        assert not different, f"order {number} of seed {SEED}: {different[:3]}"


def test_an_order_that_mattered_would_be_seen() -> None:
    calls = counter()

    def moody(matter: Matter) -> Judgement:
        return replace(count(matter), page={"call": next(calls)})

    dice = random.Random(SEED)
    judges = {**TOYS, "task": replace(TOYS["task"], judge=moody)}
    first, second = Memory(judges), Memory(judges)
    for memory, events in ((first, spread()), (second, interleaved(spread(), dice))):
        memory.file(events)
        memory.judge()
    assert first.tables() != second.tables()


def test_orders_differ_and_keep_what_must_be_kept() -> None:
    dice = random.Random(SEED)
    events = spread()
    orders = [interleaved(events, dice) for _ in range(3)]
    assert len({tuple(event.id for event in order) for order in [events, *orders]}) == 4
    for order in orders:
        assert sorted(event.id for event in order) == sorted(event.id for event in events)
        seen: set[bytes] = set()
        seqs: dict[bytes, int] = {}
        for event in order:
            assert seen.issuperset(event.after)
            seen.add(event.id)
            if not event.office:
                assert event.seq > seqs.get(event.origin, 0)
                seqs[event.origin] = event.seq


@pytest.fixture
async def expected(postgres_server: TestServer) -> dict[str, list[str]]:
    database = await postgres_server.make_database()
    try:
        return await tables(database, spread(), None)
    finally:
        await postgres_server.drop_database(database)


async def tables(database: TestDatabase, events: list[Event], dice: random.Random | None) -> dict[str, list[str]]:
    async with paper(database) as log:
        while events:
            size = len(events) if dice is None else dice.randrange(1, 150)
            await log.append(events[:size])
            events = events[size:]
            if dice is None or dice.random() < 0.6:
                await judge(database, batch=8_192 if dice is None else dice.choice((1, 7, 8_192)))
    await judge(database)
    return await process_tables(database, names=ROWS)


async def test_any_order_of_the_stories_gives_equal_tables(
    postgres_server: TestServer, expected: dict[str, list[str]]
) -> None:
    dice = random.Random(SEED)
    assert all(expected.values())
    for number in range(REAL_ORDERS):
        database = await postgres_server.make_database()
        try:
            found = await tables(database, interleaved(spread(), dice), dice)
            for name in ROWS:
                assert found[name] == expected[name], f"order {number} of seed {SEED}: {name}"
            if number == 0:
                assert (await remake(database)).equal
        finally:
            await postgres_server.drop_database(database)


async def test_the_pure_parts_say_what_the_tables_say(database: TestDatabase) -> None:
    memory = Memory()
    memory.file(spread())
    memory.judge()
    await tables(database, spread(), None)
    connection = await database.connect()
    try:
        slot = await connection.fetchval("SELECT slot FROM view.process")
        rows = await connection.fetch(f"SELECT kind, key, digest FROM view_{slot}.matters")
    finally:
        await connection.close()
    digests = {(row["kind"], row["key"]): "\\x" + row["digest"].hex() for row in rows}
    assert digests == {name: rows.matter["digest"] for name, rows in memory.rows.items()}
