"""The table of working days beside a second source: the package chinesecalendar, which is installed for development.

domain/rules/calendar.toml is ours and says more (the day of each notice, amendments by themselves); the package knows
the final state of each year. Invariant: a year that the package knows and the table does not is shown as a notice to be
completed by hand, never written by itself.

    python -m ops.house.holidays           compare; exit code 1 if a day differs or a year is missing
    python -m ops.house.holidays --seed    print `[[notice]]` for the years that are missing
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Iterable
from pathlib import Path

from domain.workdays import DAY, Calendar, parse_calendar

TABLE = Path(__file__).resolve().parents[2] / "domain" / "rules" / "calendar.toml"
NEXT_YEAR = (12, 25)
"""Days from here on belong to the notice of the next year: the first days of the new year's holiday."""


def compare(calendar: Calendar) -> list[str]:
    """What differs between the table and the package, a sentence each; empty when they agree."""
    import chinese_calendar

    years = _years()
    found = [f"{year} is in chinesecalendar and not in the table" for year in sorted(years - calendar.years)]
    for year in sorted(years & calendar.years):
        day = datetime.date(year, 1, 1)
        while day.year == year:
            # The end of the last year waits for the notice of the year after it.
            if (day.month, day.day) < NEXT_YEAR or year + 1 in years:
                theirs = chinese_calendar.is_workday(day)
                if theirs is not calendar.is_workday(day):
                    found.append(f"{day}: worked by {'chinesecalendar' if theirs else 'the table'} only")
            day += DAY
    return found


def seed(year: int) -> str:
    """A `[[notice]]` of the package's days of a year; the day of the notice is to be filled in."""
    from chinese_calendar import constants

    def ours(days: Iterable[datetime.date]) -> str:
        mine = sorted(d for d in days if d.year + ((d.month, d.day) >= NEXT_YEAR) == year)
        return ", ".join(f'"{day}"' for day in mine)

    return (
        f"[[notice]]\nyear = {year}\nknown_on = {year - 1}-12-31\noff = [{ours(constants.holidays)}]\n"
        f'worked = [{ours(constants.workdays)}]\nsource = "chinesecalendar; day of the notice not known"\n'
        "verified = false\n"
    )


def _years() -> set[int]:
    from chinese_calendar import constants

    return {day.year for day in constants.holidays}


def main() -> int:
    """Compare, or print what is missing; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.house.holidays", description="Check the table of holidays.")
    parser.add_argument("--seed", action="store_true", help="print notices for the years that are missing")
    calendar = parse_calendar(TABLE.name, TABLE.read_bytes())
    if parser.parse_args().seed:
        for year in sorted(_years() - calendar.years):
            print(seed(year))
        return 0
    found = compare(calendar)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
