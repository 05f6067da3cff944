"""The rules and the calendar that the package brings: read once, by whoever may read files.

The core only parses bytes (`domain.rulebook.parse_rules`, `domain.workdays.parse_calendar`). The invariant: what is
loaded depends on the installed package alone; what an authority published (E05) is laid over it by `domain.rulesets`.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from domain.rulebook import Rule, Rulebook, check_apart, parse_rules
from domain.workdays import Calendar, parse_calendar

CALENDAR_FILE: Final = "calendar.toml"


@cache
def load() -> tuple[Rulebook, Calendar]:
    """The rule book and the calendar of the package. Raises RuleFault or CalendarFault, naming file and entry."""
    folder = resources.files("domain") / "rules"
    rules: list[Rule] = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml") and file.name != CALENDAR_FILE:
            rules += parse_rules(file.name, file.read_bytes())
    check_apart("domain/rules", rules)
    return Rulebook(rules), parse_calendar(CALENDAR_FILE, (folder / CALENDAR_FILE).read_bytes())
