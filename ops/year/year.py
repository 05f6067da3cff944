"""The year as a whole: planted places, ordinary work, and every act in the order in which the server gets it.

The invariant: `days` gives each act once, on the day on which it is received, and depends on seed and scale alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from ops.year import almanac, planters, rare
from ops.year.planting import Place
from ops.year.province import Numbers, Province, Scale, Visit, blocks, opening
from ops.year.telling import Told


@dataclass(slots=True)
class Day:
    """What the server gets on one day: acts of offices in the order of time, and what each terminal uploads."""

    date: datetime.date
    office: list[Told] = field(default_factory=list)
    field: dict[str, list[Told]] = field(default_factory=dict)

    @property
    def acts(self) -> int:
        """How many acts these are."""
        return len(self.office) + sum(len(some) for some in self.field.values())


class Year:
    """A year of a province. `places` is complete as soon as this is made."""

    def __init__(self, seed: int, scale: Scale) -> None:
        """Draw everything but the acts of ordinary work."""
        self.province = Province(seed, scale)
        self.places: list[Place]
        self.places, self._planted = planters.plant(self.province)
        self._planted += rare.happenings(self.province)
        self.province.schedule()
        self._planted += rare.changes(self.province)

    def opening(self) -> list[Told]:
        """What offices entered before the year, but for the blocks of numbers, which need the terminals' ids."""
        return list(opening(self.province))

    def blocks(self, terminals: dict[str, bytes]) -> Iterator[Told]:
        """The blocks of numbers for the terminals (name: id)."""
        dice = Random(f"{self.province.seed}/blocks")  # noqa: S311 - a story, not a secret
        for one in self.province.authorities:
            for place, team in enumerate(one.teams):
                yield from blocks(team, terminals[team.terminal], place, dice)

    def days(self) -> Iterator[Day]:
        """Day after day, from the first of January; the last ones may lie behind the year."""
        numbers = Numbers(self.province)
        waiting: dict[datetime.date, list[Told]] = {}
        _sorted_in(waiting, self._planted)
        starting: dict[datetime.date, list[tuple[int, Visit]]] = {}
        for number, visit in enumerate(self.province.visits):
            starting.setdefault(visit.day - 2 * almanac.DAY, []).append((number, visit))
        day = almanac.FIRST - 3 * almanac.DAY
        while waiting or starting:
            for number, visit in starting.pop(day, ()):
                _sorted_in(waiting, self.province.story(visit, number))
            some = waiting.pop(day, [])
            if some:
                yield _day(day, some, numbers)
            day += almanac.DAY


def _sorted_in(waiting: dict[datetime.date, list[Told]], some: Iterable[Told]) -> None:
    for told in some:
        waiting.setdefault(almanac.day_of(told.received), []).append(told)


def _day(date: datetime.date, some: list[Told], numbers: Numbers) -> Day:
    made = Day(date)
    for told in sorted(some, key=lambda one: (one.captured, one.occurred)):
        one = numbers.printed(told)
        if one.terminal:
            made.field.setdefault(one.terminal, []).append(one)
        else:
            made.office.append(one)
    return made
