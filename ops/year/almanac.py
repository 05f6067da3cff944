"""The year 2025 as offices worked it: days off and days worked, instants of legal days, periods in working days.

Written from the State Council's notice of holidays for 2025, apart from the calendar that the judges use: two
countings that agree are worth more than one. The invariant: every instant is one of Asia/Shanghai.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Final

YEAR: Final = 2025
DAY: Final = datetime.timedelta(days=1)
SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY_MS: Final = 24 * HOUR
SHANGHAI: Final = datetime.timezone(datetime.timedelta(hours=8))
FIRST: Final = datetime.date(YEAR, 1, 1)
LAST: Final = datetime.date(YEAR, 12, 31)
UPLOAD: Final = 20 * HOUR
"""Terminals upload in the evening: so long after midnight."""

_OFF: Final = (
    ((1, 1), (1, 1)), ((1, 28), (2, 4)), ((4, 4), (4, 6)), ((5, 1), (5, 5)), ((5, 31), (6, 2)), ((10, 1), (10, 8)),
)  # fmt: skip
_WORKED: Final = frozenset(datetime.date(YEAR, *one) for one in ((1, 26), (2, 8), (4, 27), (9, 28), (10, 11))) | {
    datetime.date(YEAR + 1, 1, 4)
}
_AFTER: Final = frozenset(datetime.date(YEAR + 1, 1, number) for number in (1, 2, 3))
"""Days off of the next year's beginning, for periods that reach into it; the Sunday behind them is worked."""

_HOLIDAYS: Final = _AFTER | frozenset(
    datetime.date(YEAR, *first) + number * DAY
    for first, last in _OFF
    for number in range((datetime.date(YEAR, *last) - datetime.date(YEAR, *first)).days + 1)
)


def works(day: datetime.date) -> bool:
    """Whether offices work on a day of the year."""
    return day in _WORKED or (day.weekday() < 5 and day not in _HOLIDAYS)


def workday(day: datetime.date) -> datetime.date:
    """The day itself, or the next one on which offices work."""
    while not works(day):
        day += DAY
    return day


def add_workdays(day: datetime.date, number: int) -> datetime.date:
    """The last day of a period of so many working days that begins after a day."""
    while number > 0:
        day += DAY
        number -= works(day)
    return day


def rolled(day: datetime.date, number: int) -> datetime.date:
    """The last day of a period in calendar days; one that ends on a day of rest ends on the next working day."""
    return workday(day + number * DAY)


def start_of(day: datetime.date) -> int:
    """The first instant (ms) of a day."""
    return int(datetime.datetime.combine(day, datetime.time(), SHANGHAI).timestamp() * 1000)


def end_of(day: datetime.date) -> int:
    """The first instant (ms) after a day."""
    return start_of(day) + DAY_MS


def at(day: datetime.date, hour: int, minute: int = 0, ms: int = 0) -> int:
    """A time of a day, as an instant (ms)."""
    return start_of(day) + hour * HOUR + minute * MINUTE + ms


def day_of(instant: int) -> datetime.date:
    """The legal day of an instant (ms)."""
    return datetime.datetime.fromtimestamp(instant / 1000, SHANGHAI).date()


def uploaded(captured: int) -> int:
    """When a record that was made at an instant is uploaded: in the next evening, a minute later or more."""
    evening = start_of(day_of(captured)) + UPLOAD
    return evening if captured + MINUTE <= evening else evening + DAY_MS


def days(first: datetime.date = FIRST, last: datetime.date = LAST) -> Iterator[datetime.date]:
    """Every day, both ends included."""
    while first <= last:
        yield first
        first += DAY


END: Final = end_of(LAST)
"""The instant as of which the year is looked at: nothing of it is left to come."""
