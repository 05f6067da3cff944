"""The rules and the calendar that judges are given: those of the package, with what authorities published laid over.

Invariant: a context depends on the package and on the set of published rule sets; the order in which they came in, or
were read, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

import msgspec

from domain.matter import Fact, Judge
from domain.rulebook import Rulebook
from domain.workdays import Calendar
from projections import rulefiles

RULES: Final = "rules"
"""Kind of the keys under which published rule sets are filed: `rules:<authority>`."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every matter is judged with."""

    rules: Rulebook
    calendar: Calendar


def make(published: Sequence[Fact]) -> Context:
    """The context of the package and of these facts (E05), in any order."""
    rules, calendar = rulefiles.load()
    return Context(rules, calendar)


def versions(judges: Mapping[str, Judge]) -> str:
    """What made a set of tables: judges with their versions, and a digest of the rules that come with the program."""
    return " ".join([*(f"{kind}:{judge.version}" for kind, judge in sorted(judges.items())), f"rules:{_digest()}"])


@cache
def _digest() -> str:
    whole = msgspec.to_builtins(rulefiles.load(), str_keys=True, order="deterministic")
    return sha256(msgspec.json.encode(whole, order="deterministic")).hexdigest()[:16]
