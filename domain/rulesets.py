"""Rule sets that an authority published (E05), laid over the rules and the calendar of the package.

On the wire an entry is a number or a text; what the key asks for is known from the package: a list is given as a text
with commas, a table as JSON, yes or no as 1 or 0. `<key>.inclusive` and `<key>.unit` beside a key say that of it. The
invariant: an entry of the wrong kind is refused with a reason and changes nothing, so no judge meets a value that its
key cannot have; the act itself stays recorded.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET

from domain.matter import Fact, Reason
from domain.rulebook import UNITS, Rule, Rulebook, covers, frozen, shape
from domain.workdays import Calendar, Notice, day_of
from schemas.events.rule_set import RuleEntry, RuleSetPublished

MONTH_DAY: Final = re.compile(
    r"(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:01|03|05|07|08|10|12)-31|(?!02)(?:0[1-9]|1[0-2])-(?:29|30)", re.ASCII
)
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOST: Final = {"working": 2_000, "calendar": 10_000, "months": 600, "years": 50, "hours": 100_000, "day": 28}
"""Longest periods that may be published: above all of the law, and short enough to be computed."""

PERIODS: Final = MOST.keys() - {"day"}
"""Units that may stand in one another's place: a period may be counted otherwise, money stays money."""

_ASIDE: Final = (".inclusive", ".unit")
_YES: Final = {1: True, 0: False, "true": True, "false": False, "是": True, "否": False}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that was not applied: the event, its key, and why."""

    event: bytes
    key: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Overrides:
    """What published rule sets change: rules, notices of the calendar, and what was refused."""

    rules: tuple[Rule, ...] = ()
    notices: tuple[Notice, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def over(self, rules: Rulebook, calendar: Calendar, authority: str = "") -> tuple[Rulebook, Calendar]:
        """The book and the calendar with these laid over them, as they hold for an authority."""
        return (
            rules.with_rules(self.rules) if self.rules else rules,
            calendar.with_notices(self.notices, authority) if self.notices else calendar,
        )


def overrides(facts: Iterable[Fact], base: Rulebook) -> Overrides:
    """What the rule sets among some facts change; `base` are the rules of the package.

    A set holds for the authority of the log in which it stands and those below it, or for the one it names if that is
    among them. Facts that do not count, and other types, are passed over.
    """
    rules: list[Rule] = []
    notices: list[Notice] = []
    refused: list[Refusal] = []
    for fact in sorted(facts, key=lambda fact: (fact.received, fact.id)):
        if not fact.counts or not isinstance(fact.body, RuleSetPublished):
            continue
        body = fact.body
        authority = fact.authority if body.authority is UNSET else body.authority
        if not covers(fact.authority, authority):
            refused.append(
                Refusal(
                    fact.id,
                    body.ruleset_id,
                    Reason(
                        f"{fact.authority} 不能为 {authority} 发布规则",
                        f"{fact.authority} cannot publish rules for {authority}",
                    ),
                )
            )
            continue
        if body.kind == "calendar":
            notices += _notice(fact, body, authority)
        aside = {entry.key: entry.value for entry in body.entries if entry.key.endswith(_ASIDE)}
        for entry in body.entries:
            if entry.key in aside:
                continue
            try:
                rules.append(_rule(fact, body, entry, authority, base, aside))
            except _Wrong as fault:
                refused.append(Refusal(fact.id, entry.key, fault.reason))
    return Overrides(tuple(rules), tuple(notices), tuple(refused))


class _Wrong(ValueError):
    def __init__(self, wanted_zh: str, wanted: str, came: object) -> None:
        super().__init__(wanted)
        self.reason = Reason(f"应为{wanted_zh}，实为 {came!r}", f"expected {wanted}, got {came!r}")


def _rule(
    fact: Fact,
    body: RuleSetPublished,
    entry: RuleEntry,
    authority: str,
    base: Rulebook,
    aside: Mapping[str, int | str],
) -> Rule:
    known = like(base, entry.key)
    inclusive = aside.get(f"{entry.key}.inclusive")
    unit = aside.get(f"{entry.key}.unit", known.unit if known is not None else "")
    if unit not in UNITS:
        raise _Wrong("单位", f"a unit of {', '.join(sorted(UNITS - {''}))}", unit)
    if known is not None and unit != known.unit and not {unit, known.unit} <= PERIODS:
        raise _Wrong(f"单位 {known.unit or '（无）'}", f"the unit {known.unit or 'none'}", unit)
    until = entry.until if entry.until is not UNSET else body.effective_to
    if until is not UNSET and until < entry.since:
        raise _Wrong("不早于起始日期的截止日期", f"an end on or after {entry.since}", str(until))
    return Rule(
        key=entry.key,
        value=_value(entry.value, known, str(unit)),
        since=entry.since,
        version=f"{body.ruleset_id}/{body.version}",
        source=entry.source,
        until=None if until is UNSET else until,
        authority=authority,
        unit=str(unit),
        inclusive=_yes(inclusive) if inclusive is not None else known is None or known.inclusive,
        lighter=known.lighter if known is not None else "",
        published=fact.received,
    )


def like(base: Rulebook, key: str) -> Rule | None:
    """The entry of the package that shows what a key looks like; all benchmarks look alike, and all lists of a feed."""
    known = base.of(key)
    if not known and key.startswith("benchmark."):
        known = next((base.of(other) for other in base.names if other.startswith("benchmark.")), ())
    if not known and key.startswith("disclosure.fields."):
        known = base.of("disclosure.fields")
    return known[0] if known else None


def _value(came: int | str, known: Rule | None, unit: str) -> Any:
    """The value as its key has it. Without a key of that name a text that is JSON is read, any other stays."""
    wanted = known.value if known is not None else None
    if isinstance(wanted, bool):
        return _yes(came)
    if isinstance(wanted, int):
        if isinstance(came, str) or came < 0:
            raise _Wrong("不小于零的整数", "a whole number that is not negative", came)
        most = MOST.get(unit)
        if most is not None and came > most:
            raise _Wrong(f"不大于 {most} 的期限", f"a period of at most {most}", came)
        return came
    if isinstance(wanted, str) and MONTH_DAY.fullmatch(wanted):
        if not isinstance(came, str) or not MONTH_DAY.fullmatch(came):
            raise _Wrong("月-日，如 03-10", "a month and a day such as 03-10", came)
        return came
    if isinstance(wanted, str) and DATE.fullmatch(wanted):
        if not isinstance(came, str) or not _is_date(came):
            raise _Wrong("日期，如 2018-01-01", "a day such as 2018-01-01", came)
        return came
    if isinstance(wanted, str):
        if not isinstance(came, str):
            raise _Wrong("文字", "a text", came)
        return came
    if not isinstance(came, str):
        if wanted is None:
            return came
        raise _Wrong("以逗号分隔的列表或 JSON", "a list with commas, or JSON", came)
    if came.lstrip().startswith(("[", "{")):
        found = _json(came)
        if wanted is not None and shape(found) != shape(wanted):
            raise _Wrong("与该规则相同的结构", shape(wanted), shape(found))
        _check_items(found, wanted)
        return found
    if wanted is None:
        return came
    if isinstance(wanted, Mapping):
        raise _Wrong("JSON 对象", "a JSON object", came)
    items: tuple[Any, ...] = tuple(part.strip() for part in came.replace("，", ",").split(",") if part.strip())
    if wanted and isinstance(wanted[0], int):
        if not all(part.isascii() and part.isdigit() for part in items):
            raise _Wrong("以逗号分隔的整数", "whole numbers with commas", came)
        items = tuple(int(part) for part in items)
    _check_items(items, wanted)
    return items


def _is_date(text: str) -> bool:
    try:
        return DATE.fullmatch(text) is not None and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def _check_items(found: Any, wanted: Any) -> None:
    """The items of a list must be of the kind that the package's list has; a table must have the package's names."""
    if isinstance(wanted, tuple) and wanted:
        for item in found:
            if shape(item) != shape(wanted[0]):
                raise _Wrong("同类的列表项", f"a list of items each {shape(wanted[0])}", item)
            if isinstance(item, Mapping) and set(wanted[0]) - set(item):
                raise _Wrong("各项齐全", f"items with {', '.join(wanted[0])}", item)
    if isinstance(wanted, Mapping):
        for name, value in wanted.items():
            if name not in found or shape(found[name]) != shape(value):
                raise _Wrong(f"含 {name} 的对象", f"an object whose {name} is {shape(value)}", found)
            if isinstance(value, tuple):
                _check_items(found[name], value)


def _json(text: str) -> Any:
    def refuse(number: str) -> Any:
        raise _Wrong("整数", "whole numbers", number)

    try:
        return frozen(json.loads(text, parse_float=refuse, parse_constant=refuse))
    except (ValueError, RecursionError) as fault:
        if isinstance(fault, _Wrong):
            raise
        raise _Wrong("JSON", "JSON", text) from fault


def _yes(came: int | str) -> bool:
    if came not in _YES:
        raise _Wrong("1（是）或 0（否）", "1 or 0", came)
    return _YES[came]


def _notice(fact: Fact, body: RuleSetPublished, authority: str) -> list[Notice]:
    days = {day.year for day in (*body.off, *body.worked)}
    year = body.year if body.year is not UNSET else max(days, default=0)
    if not year:
        return []
    known = body.known_on if body.known_on is not UNSET else day_of(fact.received)
    return [
        Notice(
            year=year,
            known_on=known,
            off=frozenset(body.off) - frozenset(body.worked),
            worked=frozenset(body.worked),
            document=body.source_document,
            source=f"{body.ruleset_id}/{body.version}",
            authority=authority,
        )
    ]
