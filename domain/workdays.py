"""Working days and calendar days in Asia/Shanghai, over a calendar that is data.

A year that no notice was published for is computed with week-ends alone and marked provisional. The invariant: nothing
here knows today; a calendar is what was published, and an older one can always be asked as well.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

SHANGHAI: Final = datetime.timezone(datetime.timedelta(hours=8))
"""Asia/Shanghai; one zone without daylight saving since 1992."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day that a period ends on; `provisional` where a year without a published calendar was crossed."""

    day: datetime.date
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days off that are no week-ends, week-end days that are worked, and the years that were published.

    `version` names the newest notice that went in.
    """

    off: frozenset[datetime.date] = frozenset()
    worked: frozenset[datetime.date] = frozenset()
    years: frozenset[int] = frozenset()
    version: str = ""
    sources: Mapping[int, str] = field(default_factory=dict)

    def is_workday(self, day: datetime.date) -> bool:
        """Whether offices work on that day."""
        if day in self.worked:
            return True
        return day.weekday() < 5 and day not in self.off

    def knows(self, days: Iterable[datetime.date]) -> bool:
        """Whether the years of all these days were published."""
        return all(day.year in self.years for day in days)


def day_of(instant: int) -> datetime.date:
    """The date in Asia/Shanghai of an instant in ms."""
    return datetime.datetime.fromtimestamp(instant / 1000, SHANGHAI).date()


def end_of(day: datetime.date) -> int:
    """The instant (ms) at which a day ends in Asia/Shanghai: the first that is no longer in it."""
    start = datetime.datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + datetime.timedelta(days=1)
    return int(start.timestamp() * 1000)
