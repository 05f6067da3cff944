"""Rules as data: what a limit or a threshold was on a given day, for a given authority, and where it is written.

Nothing that the law can change is a number in code. The invariant: `find` depends on its arguments alone; of several
entries that apply, the narrowest authority wins, then the one that came into force last.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class NoRule(LookupError):
    """No entry of that key is in force on that day: the rules must be completed, nothing is guessed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry. In force from `since` to `until` inclusive (None: open). `authority` "" is everywhere.

    `version` names the entry in verdicts. `verified` False: the source was not read; a configuration to be confirmed.
    """

    key: str
    value: Any
    since: datetime.date
    version: str
    source: str
    until: datetime.date | None = None
    authority: str = ""
    verified: bool = True


class Rulebook:
    """All rules that are known. Immutable; `with_rules` gives one that knows more."""

    __slots__ = ("_rules", "all")

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        """Group by key; the best match stands first."""
        self.all = tuple(rules)
        self._rules: dict[str, list[Rule]] = {}
        for rule in sorted(self.all, key=lambda r: (-len(r.authority), -r.since.toordinal(), r.version)):
            self._rules.setdefault(rule.key, []).append(rule)

    def find(self, key: str, on: datetime.date, authority: str) -> Rule | None:
        """The entry in force on a day for an authority (six digits), or None."""
        for rule in self._rules.get(key, ()):
            if rule.since <= on and (rule.until is None or on <= rule.until) and covers(rule.authority, authority):
                return rule
        return None

    def get(self, key: str, on: datetime.date, authority: str) -> Rule:
        """As `find`. Raises NoRule."""
        rule = self.find(key, on, authority)
        if rule is None:
            raise NoRule(f"no rule {key} is in force on {on} for {authority}")
        return rule

    def with_rules(self, more: Iterable[Rule]) -> Rulebook:
        """A book that knows these as well."""
        return Rulebook((*self.all, *more))


def covers(above: str, authority: str) -> bool:
    """Whether an authority is `above` or below it: 210000 covers 2105xx, 210500 covers 210521; "" covers all."""
    stem = above
    while stem.endswith("00"):
        stem = stem[:-2]
    return authority.startswith(stem)
