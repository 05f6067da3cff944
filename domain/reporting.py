"""Periodic reports that are handed in (E48): by when, and how what was handed in stands beside what the system has.

The invariant: a figure that was handed in is kept as it was, and so is the one of the system of that moment; a later
count of the same period stands beside both and overwrites neither (handbook 6.4, control totals; SIG-24).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from domain.deadlines import due
from domain.quarterly import Period
from domain.rulebook import NoRule, Rulebook
from domain.workdays import Calendar
from schemas.events.oversight import Figure

Kind: TypeAlias = Literal["quarterly", "yearly", "annual_statistics"]
KINDS: Final[Mapping[Kind, tuple[str, str, str]]] = {
    "quarterly": ("季度报表", "quarterly report", "DL-20"),
    "yearly": ("全年完成情况", "report of the whole year", "DL-21"),
    "annual_statistics": ("行政执法统计年报", "annual statistics", "DL-22"),
}
"""What is handed in: (zh, en, its deadline in the catalogue)."""


class NotOfPeriod(ValueError):
    """A kind of report for a period that it is not made for."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure as it was handed in, as the system had it then, and as it has it at the cut that is looked at."""

    code: str
    reported: int | None
    system: int | None
    now: int | None

    @property
    def difference(self) -> int | None:
        """Handed in less what the system had then; None where one of them is missing."""
        return None if self.reported is None or self.system is None else self.reported - self.system

    @property
    def differs(self) -> bool:
        """Whether the two differ: what SIG-24 says."""
        return bool(self.difference)


def check(kind: Kind, period: Period) -> None:
    """Raises NotOfPeriod: a quarterly report is of a quarter, the others are of a year."""
    quarter = "Q" in period.name
    if (kind == "quarterly") != quarter or (kind != "quarterly" and len(period.name) != 4):
        wanted = "a quarter such as 2026-Q3" if kind == "quarterly" else "a year such as 2026"
        raise NotOfPeriod(f"expected {wanted} for this kind of report, got {period.name}")


def due_by(kind: Kind, period: Period, rules: Rulebook, calendar: Calendar, authority: str) -> datetime.date | None:
    """The last day on which the report is in time; None where no rule holds that day."""
    start = period.year_began if kind == "yearly" else period.last
    try:
        found = due(KINDS[kind][2], start, rules, calendar, authority, absent=False).last_day
    except NoRule:
        return None
    return None if found is None else datetime.date.fromisoformat(found)


def compare(
    reported: Sequence[Figure], system: Sequence[Figure], now: Mapping[str, int | None], codes: Sequence[str]
) -> list[Compared]:
    """Every figure that anybody named, in the order of `codes`, those that the table does not have at the end."""
    told = {one.code: one.value for one in reported}
    had = {one.code: one.value for one in system}
    order = [*(code for code in codes if code in told or code in had), *sorted((told.keys() | had.keys()) - set(codes))]
    return [Compared(code, told.get(code), had.get(code), now.get(code)) for code in order]
