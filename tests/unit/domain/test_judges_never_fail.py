"""No act of the log makes a judge fail: a terminal may name any day and any instant, and must not stop the judging."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from domain import filing
from domain.judges import JUDGES
from domain.matter import Fact
from schemas.events import REGISTRY
from schemas.events.fields import MAX_UINT
from tests.support.event_vectors import FULL
from tests.support.facts import certificates, fact, matter
from tests.support.inspections import inspection, loop
from tests.support.vector_parts import OFFICERS

DAYS: Final = ("0001-01-01", "9999-12-31")
INSTANTS: Final = (-MAX_UINT, MAX_UINT)
EARLIEST_OF_AN_INSTANT: Final = 1_000_000_000_000
"""Numbers of the vectors above this are instants; changing others would leave their range."""


def bent(value: Any, day: str, instant: int) -> Any:
    """A body with every day and every instant in it replaced."""
    match value:
        case bool():
            return value
        case int() if value > EARLIEST_OF_AN_INSTANT:
            return instant
        case str() if is_day(value):
            return day
        case Mapping():
            return {key: bent(item, day, instant) for key, item in value.items()}
        case list() | tuple():
            return [bent(item, day, instant) for item in value]
        case _:
            return value


def is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def odd_facts(type_name: str) -> Iterator[Fact]:
    """The full vector of a type with days and instants at their ends, taken place now and at the ends of time."""
    for day, instant in zip(DAYS, INSTANTS, strict=True):
        body = bent(FULL[type_name], day, instant)
        yield fact(type_name, body, by=tuple(OFFICERS))
        yield fact(type_name, body, by=tuple(OFFICERS), occurred=instant, received=0)
        yield fact(type_name, body, by=tuple(OFFICERS), occurred=0, received=instant, captured=-instant)


def usual() -> list[Fact]:
    """Acts of an inspection and of a case around the odd one, so that it is compared with something."""
    some = [*inspection().values(), *loop().values()]
    return some + [
        fact(name, by=tuple(OFFICERS)) for name in ("case.filed.v1", "penalty.decided.v1", "plan.approved.v1")
    ]


@pytest.mark.parametrize("type_name", sorted(name for name in REGISTRY if name in FULL))
def test_an_act_with_any_day_and_any_instant_is_filed_and_judged(type_name: str) -> None:
    around = usual()
    for odd in odd_facts(type_name):
        for key in sorted(filing.keys(odd)):
            kind, _, name = key.partition(":")
            if kind not in JUDGES:
                continue
            judge = JUDGES[kind]
            own = [odd, *(one for one in around if key in filing.keys(one))]
            for facts in ([odd], own):
                shelves = {wanted: [odd, *around] for wanted in judge.needs(facts)}
                judged = judge.judge(matter(kind, name, facts, others={**shelves, **certificates(*OFFICERS)}))
                assert judged.kind == kind
