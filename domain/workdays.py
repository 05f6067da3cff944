"""Working days and calendar days in Asia/Shanghai, over a calendar that is data.

A calendar is made of notices: each year's holidays with the day on which they were made known, and amendments in the
middle of a year as notices of their own. A year that no notice was published for is computed with week-ends alone and
marked provisional, never silently guessed. The invariant: nothing here knows today; a calendar is what was published,
and the one of an earlier day can always be asked as well (`view`), so that an old deadline can be shown beside the new.
"""

from __future__ import annotations

import datetime
import tomllib
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from domain.rulebook import covers

SHANGHAI: Final = datetime.timezone(datetime.timedelta(hours=8))
"""Asia/Shanghai; one zone without daylight saving since 1992."""

DAY: Final = datetime.timedelta(days=1)
MAX_LENGTH: Final = 40_000
"""Longest period in days, above any of the law; a longer one is a mistake in the data."""

FIRST_DAY: Final = datetime.date(1970, 1, 1)
LAST_DAY: Final = datetime.date(2099, 12, 31)
"""Days that periods are computed for; working days between them are fewer than MAX_LENGTH."""

_EARLIEST: Final = -62_135_000_000_000
_LATEST: Final = 253_402_000_000_000
"""Instants (ms) in the years 1 and 9999: an act may name any instant, and whoever reads it must not fail."""


class CalendarFault(ValueError):
    """A calendar file or a published calendar is not in order: which notice, what was expected, what came."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day that a period ends on; `provisional` where a year without a published calendar was crossed."""

    day: datetime.date
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """What one notice of holidays says of a year: days off, week-end days that are worked.

    `known_on` is the day it was made known. An amendment (`amends`) comes on top of the year's notice: `off` and
    `worked` are then what it adds, and a day in one of them is no longer in the other; `back` are days that go back to
    what the week says. `authority` "" is everywhere, else it and those below it (regional holidays).
    """

    year: int
    known_on: datetime.date
    off: frozenset[datetime.date] = frozenset()
    worked: frozenset[datetime.date] = frozenset()
    back: frozenset[datetime.date] = frozenset()
    document: str = ""
    source: str = ""
    verified: bool = True
    amends: bool = False
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days off that are no week-ends, week-end days that are worked, and the years that were published.

    `version` names the newest notice that went in. `notices` is what it was made of; empty if it was given by hand.
    """

    off: frozenset[datetime.date] = frozenset()
    worked: frozenset[datetime.date] = frozenset()
    years: frozenset[int] = frozenset()
    version: str = ""
    sources: Mapping[int, str] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    def is_workday(self, day: datetime.date) -> bool:
        """Whether offices work on that day."""
        if day in self.worked:
            return True
        return day.weekday() < 5 and day not in self.off

    def knows(self, days: Iterable[datetime.date]) -> bool:
        """Whether the years of all these days were published."""
        return all(day.year in self.years for day in days)

    def view(self, known_on: datetime.date | None = None, authority: str = "") -> Calendar:
        """The calendar as it was known at the end of a day, for an authority. One given by hand is always itself."""
        return calendar_of(self.notices, known_on, authority) if self.notices else self

    def with_notices(self, more: Iterable[Notice], authority: str = "") -> Calendar:
        """A calendar that knows these as well, as seen by an authority."""
        return calendar_of((*self.notices, *more), None, authority)

    def workday_from(self, day: datetime.date) -> Day:
        """That day, or the first working day after it (CPL 85: the last day is a day of rest)."""
        found = day
        while not self.is_workday(found):
            found += DAY
        return Day(found, not self.knows((day, found)))

    def add_workdays(self, start: datetime.date, number: int) -> Day:
        """The last of so many working days after `start`, which does not count. Raises ValueError beyond MAX_LENGTH."""
        start = sane(start)
        found, left = start, _length(number)
        while left:
            found += DAY
            left -= self.is_workday(found)
        crossed = range((start + DAY).year if number else start.year, found.year + 1)
        return Day(found, not self.years.issuperset(crossed))

    def workdays_before(self, end: datetime.date, number: int) -> Day:
        """The day that lies so many working days before `end`, neither of the two counting as one of them."""
        found, left = sane(end), _length(number)
        while left:
            found -= DAY
            left -= self.is_workday(found)
        return Day(found, not self.years.issuperset(range(found.year, end.year + 1)))

    def add_days(self, start: datetime.date, number: int, roll: bool = True) -> Day:
        """The last of so many calendar days after `start`; `roll`: rolled forward if it is a day of rest (CPL 85)."""
        return self._end(sane(start) + _length(number) * DAY, roll)

    def add_months(self, start: datetime.date, number: int, roll: bool = True) -> Day:
        """The same day so many months later, or the last day of that month if it is shorter."""
        _length(number * 31)
        start = sane(start)
        month = start.month - 1 + number
        year, month = start.year + month // 12, month % 12 + 1
        return self._end(datetime.date(year, month, min(start.day, monthrange(year, month)[1])), roll)

    def add_years(self, start: datetime.date, number: int, roll: bool = True) -> Day:
        """The same day so many years later; 29 February becomes the 28th."""
        return self.add_months(start, 12 * number, roll)

    def count_workdays(self, after: datetime.date, until: datetime.date) -> int:
        """How many working days lie after one day, up to and with another; 0 if that is earlier."""
        after, until = sane(after), sane(until)
        span = max((until - after).days, 0)
        return sum(self.is_workday(after + n * DAY) for n in range(1, span + 1))

    def _end(self, day: datetime.date, roll: bool) -> Day:
        return self.workday_from(day) if roll else Day(day)


def calendar_of(notices: Iterable[Notice], known_on: datetime.date | None = None, authority: str = "") -> Calendar:
    """The calendar of the notices that were known on a day and hold for an authority, in the order they came."""
    every = tuple(notices)
    used = [n for n in every if (known_on is None or n.known_on <= known_on) and covers(n.authority, authority)]
    off: set[datetime.date] = set()
    worked: set[datetime.date] = set()
    sources: dict[int, str] = {}
    newest = ""
    for notice in sorted(used, key=lambda n: (n.known_on, n.year, n.amends, n.authority, n.document)):
        off -= notice.worked | notice.back
        worked -= notice.off | notice.back
        off |= notice.off
        worked |= notice.worked
        name = notice.document or f"{notice.year} of {notice.known_on}"
        sources[notice.year] = f"{sources[notice.year]}; {name}" if notice.year in sources else name
        newest = name
    years = frozenset(n.year for n in used if not n.amends)
    return Calendar(frozenset(off), frozenset(worked), years, newest, sources, every)


def parse_calendar(name: str, data: bytes) -> Calendar:
    """The calendar of a file (TOML, UTF-8, tables `[[notice]]`). Raises CalendarFault with the notice and the fault."""
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as fault:
        raise CalendarFault(f"{name}: expected UTF-8 text, got something else at byte {fault.start}") from fault
    except tomllib.TOMLDecodeError as fault:
        raise CalendarFault(f"{name}: expected TOML: {fault}") from fault
    found = document.get("notice", [])
    if set(document) - {"notice"} or not isinstance(found, list):
        raise CalendarFault(f"{name}: expected tables [[notice]] only")
    notices = [notice_of(f"{name}: notice {number}", entry) for number, entry in enumerate(found, 1)]
    whole: set[tuple[int, str]] = set()
    for notice in notices:
        if not notice.amends and (notice.year, notice.authority) in whole:
            raise CalendarFault(f"{name}: expected one notice for {notice.year}, got two: mark the later one `amends`")
        if not notice.amends:
            whole.add((notice.year, notice.authority))
    return calendar_of(notices)


_TABLE: Final = {
    "year": int, "known_on": (datetime.date, str), "off": (list, tuple), "worked": (list, tuple),
    "back": (list, tuple), "document": str, "source": str, "verified": bool, "amends": bool, "authority": str,
}  # fmt: skip


def notice_of(where: str, entry: Mapping[str, Any]) -> Notice:
    """One notice from its table. Days are "2026-02-15" or "2026-02-15~2026-02-23". Raises CalendarFault."""
    for name, value in entry.items():
        kind = _TABLE.get(name)
        if kind is None:
            raise CalendarFault(f"{where}: expected only {', '.join(_TABLE)}, got `{name}`")
        if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):  # type: ignore[arg-type]
            raise CalendarFault(f"{where}: expected a `{name}` of another kind, got {value!r}")
    if "year" not in entry or "known_on" not in entry:
        raise CalendarFault(f"{where}: expected a year and the day on which it was made known (`known_on`)")
    year, known = entry["year"], entry["known_on"]
    known_on = _day(where, known) if isinstance(known, str) else known
    if not 1990 <= year <= 2200:
        raise CalendarFault(f"{where}: expected a year, got {year}")
    off, worked, back = (frozenset(_days(where, entry.get(name, ()))) for name in ("off", "worked", "back"))
    for day in sorted(off | worked | back):
        if day.year != year and day < datetime.date(year - 1, 12, 1):
            raise CalendarFault(f"{where}: expected days of {year} or the December before, got {day}")
        if day.year > year:
            raise CalendarFault(f"{where}: expected days of {year}, got {day}")
    if off & worked:
        raise CalendarFault(f"{where}: {min(off & worked)} is both off and worked")
    return Notice(
        year=year, known_on=known_on, off=off, worked=worked, back=back, document=entry.get("document", ""),
        source=entry.get("source", ""), verified=entry.get("verified", True), amends=entry.get("amends", False),
        authority=entry.get("authority", ""),
    )  # fmt: skip


def local(instant: int) -> datetime.datetime:
    """The time in Asia/Shanghai of an instant in ms; of one beyond all calendars, their first or last time."""
    return datetime.datetime.fromtimestamp(max(_EARLIEST, min(instant, _LATEST)) / 1000, SHANGHAI)


def day_of(instant: int) -> datetime.date:
    """The date in Asia/Shanghai of an instant in ms; of one beyond all calendars, their first or last day."""
    return local(instant).date()


def sane(day: datetime.date) -> datetime.date:
    """The day, or the nearest one that periods are computed for: a document may say 9999-12-31, and no sum may fail."""
    return max(FIRST_DAY, min(day, LAST_DAY))


def end_of(day: datetime.date) -> int:
    """The instant (ms) at which a day ends in Asia/Shanghai: the first that is no longer in it."""
    return start_of(day) + 86_400_000


@lru_cache(maxsize=8_192)
def start_of(day: datetime.date) -> int:
    """The first instant (ms) of a day in Asia/Shanghai."""
    start = datetime.datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return int(start.timestamp() * 1000)


def _length(number: int) -> int:
    if not 0 <= number <= MAX_LENGTH:
        raise ValueError(f"expected a period of 0 to {MAX_LENGTH} days, got {number}")
    return number


def _days(where: str, texts: Iterable[Any]) -> Iterator[datetime.date]:
    for text in texts:
        if not isinstance(text, str):
            raise CalendarFault(f"{where}: expected days such as 2026-02-15 in quotes, got {text!r}")
        first, _, last = text.partition("~")
        day, end = _day(where, first), _day(where, last or first)
        if not 0 <= (end - day).days <= 31:
            raise CalendarFault(f"{where}: expected a range of at most a month, from the earlier day, got {text!r}")
        while day <= end:
            yield day
            day += DAY


def _day(where: str, text: str) -> datetime.date:
    try:
        if len(text) != 10:
            raise ValueError
        return datetime.date.fromisoformat(text)
    except ValueError as fault:
        raise CalendarFault(f"{where}: expected a day such as 2026-02-15, got {text!r}") from fault
