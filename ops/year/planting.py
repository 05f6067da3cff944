"""What a planter is: it puts one place into the year where something is wrong, or where it nearly is.

Both kinds come from one function, which draws an amount, a time or a distance on this side of the limit or on that, at
most one unit away. The invariant: a planter knows the limit from the law, never from the detector, and says beforehand
under which matter a detector has to speak.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from ops.year import almanac
from ops.year.almanac import DAY, MINUTE
from ops.year.province import Province, words
from ops.year.telling import Finding, Scene, Site, Team, Told, text

Kind = Literal["planted", "near"]
TRIES: Final = 200


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the list: what was planted where.

    `subject` is `kind:key` of the matter that it concerns, `about` the part of it, "" for the whole.
    """

    signal: str
    kind: Kind
    authority: str
    subject: str
    what: str
    about: str = ""


@dataclass(slots=True)
class Plot:
    """What a planter works with: the dice, which side of the limit it is to be on, and where it happens."""

    province: Province
    signal: str
    wrong: bool
    dice: Random
    authority: str
    team: Team
    events: list[Told] = field(default_factory=list)

    # -- amounts --

    def over(self, limit: int, unit: int, step: int = 1) -> int:
        """A value above `limit` if the place is wrong, else at or below it, at most a `unit` away, in whole `step`s."""
        number = self.dice.randrange(max(1, unit // step))
        return limit + (1 + number) * step if self.wrong else limit - number * step

    def under(self, limit: int, unit: int, step: int = 1) -> int:
        """A value below `limit` if the place is wrong, else at or above it."""
        number = self.dice.randrange(max(1, unit // step))
        return limit - (1 + number) * step if self.wrong else limit + number * step

    # -- time and place --

    def day(self, first: int = 1, last: int = 10, *, length: int = 1) -> datetime.date:
        """A working day in these months from which on the team is free for so many days; they are taken."""
        for _ in range(TRIES):
            span = (datetime.date(almanac.YEAR, last, 28) - datetime.date(almanac.YEAR, first, 4)).days
            start = datetime.date(almanac.YEAR, first, 4) + self.dice.randrange(span) * DAY
            wanted = {start + number * DAY for number in range(length)}
            if almanac.works(start) and not wanted & self.team.busy:
                self.team.busy |= wanted
                return start
            self.team = self.dice.choice(self.province.by_code[self.authority].teams)
        raise ValueError(f"{self.signal}: no team of {self.authority} has {length} free days in a row")

    def site(self, **more: object) -> Site:
        """A new enterprise of the authority."""
        return self.province.site(self.authority, **more)

    def scene(self, site: Site | None = None, officers: tuple[str, ...] = ()) -> Scene:
        """A scene at a new enterprise (or at `site`), whose acts are the plot's."""
        made = Scene(self.team, self.site() if site is None else site, self.dice, officers)
        made.events = self.events
        return made

    def visit(self, day: datetime.date, *, hour: int | None = None, site: Site | None = None, **more: object) -> Scene:
        """A scene whose task is assigned and that stands before the gate on a day."""
        scene = self.scene(site)
        before = day - DAY if day > almanac.FIRST + DAY else day
        scene.on(before, 16, 0)
        scene.assign(str(more.pop("source", self.dice.choice(("campaign", "lookback")))), **more)
        scene.on(day, 9 + self.dice.randrange(4) if hour is None else hour)
        return scene

    def finish(self, scene: Scene, found: tuple[Finding, ...] = ()) -> None:
        """The ordinary end of a visit that has begun: pictures, record, result."""
        for _ in range(2):
            scene.wait(6 + self.dice.randrange(6))
            scene.photo(words(self.dice))
        scene.wait(8)
        scene.sign(found)
        scene.conclude("ordered" if found else "no_problem")

    def of_task(self, scene: Scene, what: str) -> Place:
        """The place, under a task."""
        return self.place(f"task:{text(scene.task)}", what)

    def of_case(self, scene: Scene, what: str) -> Place:
        """The place, under a case."""
        return self.place(f"case:{text(scene.case)}", what)

    def place(self, subject: str, what: str, about: str = "") -> Place:
        """The place, under any matter."""
        return Place(self.signal, "planted" if self.wrong else "near", self.authority, subject, what, about)


Planter = Callable[[Plot], Place]


def minutes(ms: int) -> str:
    """A length of time as the list says it."""
    return f"{ms / MINUTE:.2f} min"
