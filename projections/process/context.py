"""The rules and the calendar that judges are given: those of the package, with what authorities published laid over.

Invariant: a context depends on the package and on the set of published rule sets; the order in which they came in, or
were read, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from typing import Final

import msgspec

from domain import counting
from domain.matter import Fact, Judge
from domain.rulesets import overrides
from domain.workdays import Calendar
from projections import rulefiles

RULES: Final = "rules"
"""Kind of the keys under which published rule sets are filed: `rules:<authority>`."""


class Context:
    """What every matter is judged with: one book of rules, and the calendar as it holds for an authority."""

    def __init__(self, published: Iterable[Fact] = ()) -> None:
        """Lay these facts (E05), in any order, over what the package brings."""
        base, self._calendar = rulefiles.load()
        self.published = tuple(published)
        self._over = overrides(self.published, base)
        self.rules = base.with_rules(self._over.rules) if self._over.rules else base
        self._calendars: dict[str, Calendar] = {}

    def calendar(self, authority: str) -> Calendar:
        """The calendar of an authority."""
        if not self._over.notices:
            return self._calendar
        found = self._calendars.get(authority)
        if found is None:
            found = self._calendars[authority] = self._calendar.with_notices(self._over.notices, authority)
        return found


def versions(judges: Mapping[str, Judge]) -> str:
    """What made a set of tables: judges and counting with their versions, and a digest of the program's own rules."""
    made_by = [f"{kind}:{judge.version}" for kind, judge in sorted(judges.items())]
    return " ".join([*made_by, f"counting:{counting.VERSION}", f"rules:{rules_digest()}"])


@cache
def rules_digest() -> str:
    """A digest of the rules and calendars that come with the program."""
    whole = msgspec.to_builtins(rulefiles.load(), str_keys=True, order="deterministic")
    return sha256(msgspec.json.encode(whole, order="deterministic")).hexdigest()[:16]
