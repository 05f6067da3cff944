"""Rules as data: what a limit or a threshold was on a given day, for a given authority, and where it is written.

Nothing that the law can change is a number in code. The invariant: `find` depends on its arguments alone; of several
entries that apply, the narrowest authority wins, then the one that came into force last, then the one published last.
The files are in domain/rules (its README lists every key); `parse_rules` reads the bytes of one, whoever may do IO
brings them.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias, get_args

Lighter: TypeAlias = Literal["", "lower", "higher"]
"""Which value is the lighter one for the party (PPL 37); "" where the law knows no such comparison."""

UNITS: Final = frozenset({
    "", "working", "calendar", "day", "months", "years", "hours", "minutes", "seconds", "ms", "fen", "percent",
    "persons", "points", "metres", "km/h", "visits",
})  # fmt: skip
"""Units of values. Periods have `working` (working days), `calendar` (calendar days), months, years or hours.

`day` is a day of a month."""

KEY: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[A-Za-z0-9_-]+)+")
_FIELDS: Final = {
    "key": str, "value": object, "since": datetime.date, "version": str, "source": str, "until": datetime.date,
    "authority": str, "verified": bool, "unit": str, "inclusive": bool, "lighter": str,
}  # fmt: skip
_NEEDED: Final = ("key", "value", "since", "version", "source")


class NoRule(LookupError):
    """No entry of that key is in force on that day: the rules must be completed, nothing is guessed.

    `key` is the missing one, so that a verdict can say which rule it lacks; `on` and `authority` as they were asked.
    """

    def __init__(self, key: str, on: datetime.date | None = None, authority: str = "") -> None:
        """Name the key, the day and the authority."""
        super().__init__(f"no rule {key} is in force on {on} for {authority}")
        self.key = key
        self.on = on
        self.authority = authority


class RuleFault(ValueError):
    """A rule file or a published rule set is not in order: which entry, what was expected, what came."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry. In force from `since` to `until` inclusive (None: open). `authority` "" is everywhere.

    `version` names the entry in verdicts. `verified` False: the source was not read; a configuration to be confirmed.
    `inclusive`: whether a threshold holds at the very number (含本数). `published`: instant (ms) of the E05 that it
    comes from, 0 for those of the files.
    """

    key: str
    value: Any
    since: datetime.date
    version: str
    source: str
    until: datetime.date | None = None
    authority: str = ""
    verified: bool = True
    unit: str = ""
    inclusive: bool = True
    lighter: Lighter = ""
    published: int = 0

    def reaches(self, amount: int | Fraction) -> bool:
        """Whether an amount reaches this threshold: from the number itself on, or only above it."""
        return bool(amount >= self.value if self.inclusive else amount > self.value)

    def within(self, amount: int) -> bool:
        """Whether an amount keeps to this ceiling: up to the number itself, or only below it."""
        return bool(amount <= self.value if self.inclusive else amount < self.value)

    def stamp(self, evaluator: str = "1") -> str:
        """The version that a verdict names: of the evaluator, and of the entry that it used."""
        return f"{evaluator}+{self.version}"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules that are known. Immutable; `with_rules` gives one that knows more."""

    all: tuple[Rule, ...] = ()
    _rules: Mapping[str, tuple[Rule, ...]] = field(init=False, repr=False, compare=False)

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        """Group by key; the best match stands first."""
        object.__setattr__(self, "all", tuple(rules))
        grouped: dict[str, list[Rule]] = {}
        for rule in sorted(self.all, key=_rank):
            grouped.setdefault(rule.key, []).append(rule)
        object.__setattr__(self, "_rules", {key: tuple(found) for key, found in grouped.items()})

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
            raise NoRule(key, on, authority)
        return rule

    def both(
        self, key: str, violation_on: datetime.date, decision_on: datetime.date, authority: str
    ) -> tuple[Rule | None, Rule | None]:
        """The entry on the day of the violation and the one on the day of the decision."""
        return self.find(key, violation_on, authority), self.find(key, decision_on, authority)

    def lighter(self, key: str, violation_on: datetime.date, decision_on: datetime.date, authority: str) -> Rule:
        """The entry that applies to an old violation: that of its day, unless the later one is lighter (PPL 37).

        Raises NoRule if nothing was in force on the day of the violation.
        """
        then, now = self.both(key, violation_on, decision_on, authority)
        if then is None:
            raise NoRule(key, violation_on, authority)
        return now if now is not None and is_lighter(now, then) else then

    @property
    def names(self) -> tuple[str, ...]:
        """Every key, sorted."""
        return tuple(sorted(self._rules))

    def of(self, key: str) -> tuple[Rule, ...]:
        """All entries of a key, the best match first."""
        return self._rules.get(key, ())

    def with_rules(self, more: Iterable[Rule]) -> Rulebook:
        """A book that knows these as well."""
        return Rulebook((*self.all, *more))


def covers(above: str, authority: str) -> bool:
    """Whether an authority is `above` or below it: 210000 covers 2105xx, 210500 covers 210521; "" covers all."""
    return authority.startswith(_stem(above))


def is_lighter(this: Rule, that: Rule) -> bool:
    """Whether one entry of a key is lighter for the party than another one, by the direction that the data gives."""
    direction = this.lighter or that.lighter
    if not direction:
        return False
    mine, other = _weight(this.value), _weight(that.value)
    if mine is None or other is None:
        return False
    return mine < other if direction == "lower" else mine > other


def parse_rules(name: str, data: bytes) -> tuple[Rule, ...]:
    """The entries of one rule file (TOML, UTF-8, tables `[[rule]]`). Raises RuleFault with the entry and the fault."""
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as fault:
        raise RuleFault(f"{name}: expected UTF-8 text, got something else at byte {fault.start}") from fault
    except tomllib.TOMLDecodeError as fault:
        raise RuleFault(f"{name}: expected TOML: {fault}") from fault
    if set(document) - {"rule"}:
        raise RuleFault(f"{name}: expected tables [[rule]] only, got {', '.join(sorted(set(document) - {'rule'}))}")
    found = document.get("rule", [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise RuleFault(f"{name}: expected `rule` to be tables [[rule]]")
    rules = tuple(_rule(f"{name}: rule {number}", entry) for number, entry in enumerate(found, 1))
    check_apart(name, rules)
    return rules


def check_apart(name: str, rules: Iterable[Rule]) -> None:
    """Raises RuleFault if two entries of one key and authority are in force on the same day."""
    seen: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        for other in seen.setdefault((rule.key, rule.authority), []):
            if rule.since <= (other.until or datetime.date.max) and other.since <= (rule.until or datetime.date.max):
                raise RuleFault(
                    f"{name}: {rule.key}: expected one entry a day, got version {other.version} since {other.since} "
                    f"and version {rule.version} since {rule.since}: give the older one an `until`"
                )
        seen[rule.key, rule.authority].append(rule)


def frozen(value: Any) -> Any:
    """A value of the data as rules hold it: arrays as tuples."""
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, Mapping):
        return {key: frozen(item) for key, item in value.items()}
    return value


def shape(value: Any) -> str:
    """The kind of a value, in the words of messages."""
    if isinstance(value, bool):
        return "a yes or no"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list | tuple):
        return "a list"
    return "a table" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def _rule(where: str, entry: Mapping[str, Any]) -> Rule:
    key = entry.get("key")
    if isinstance(key, str):
        where = f"{where} ({key})"
    for wanted in _NEEDED:
        if wanted not in entry:
            raise RuleFault(f"{where}: expected a field `{wanted}`, got {', '.join(sorted(entry)) or 'none'}")
    for name, value in entry.items():
        if name not in _FIELDS:
            raise RuleFault(f"{where}: expected only {', '.join(_FIELDS)}, got `{name}`")
        kind = _FIELDS[name]
        if not isinstance(value, kind) or isinstance(value, datetime.datetime):
            raise RuleFault(f"{where}: expected `{name}` to be a {kind.__name__}, got {value!r}")
    if not KEY.fullmatch(entry["key"]):
        raise RuleFault(f"{where}: expected a dotted key such as hearing.request_days, got {entry['key']!r}")
    if entry.get("unit", "") not in UNITS:
        raise RuleFault(f"{where}: expected a unit of {', '.join(sorted(UNITS - {''}))}, got {entry['unit']!r}")
    if entry.get("lighter", "") not in get_args(Lighter):
        raise RuleFault(f"{where}: expected `lighter` to be lower or higher, got {entry['lighter']!r}")
    if "until" in entry and entry["until"] < entry["since"]:
        raise RuleFault(f"{where}: expected `until` on or after {entry['since']}, got {entry['until']}")
    if not entry["version"] or not entry["source"]:
        raise RuleFault(f"{where}: expected a version and a source, got an empty text")
    _check_value(where, entry["value"])
    return Rule(**{**entry, "value": frozen(entry["value"])})


def _check_value(where: str, value: Any) -> None:
    """Values are what the wire can carry too: yes or no, whole numbers, texts, lists and tables of them."""
    if isinstance(value, list):
        for item in value:
            _check_value(where, item)
    elif isinstance(value, dict):
        for item in value.values():
            _check_value(where, item)
    elif not isinstance(value, bool | int | str):
        raise RuleFault(f"{where}: expected whole numbers, texts, yes or no, lists or tables, got {value!r}")


def _stem(authority: str) -> str:
    while authority.endswith("00"):
        authority = authority[:-2]
    return authority


def _rank(rule: Rule) -> tuple[int, int, int, str]:
    return -len(_stem(rule.authority)), -rule.since.toordinal(), -rule.published, rule.version


def _weight(value: Any) -> tuple[int, int] | None:
    """What a comparison looks at: a number, or the heaviest and the lightest end of a benchmark's tiers."""
    if isinstance(value, int):
        return int(value), 0
    if isinstance(value, Mapping) and isinstance(value.get("tiers"), tuple):
        ends = [
            (tier.get("to_fen", 0), tier.get("from_fen", 0)) for tier in value["tiers"] if isinstance(tier, Mapping)
        ]
        if ends and all(isinstance(number, int) for end in ends for number in end):
            return max(end[0] for end in ends), min(end[1] for end in ends)
    return None
