"""How evaluators of acts on the site say what they found: one verdict or signal for each act, in both languages.

What a finding and an alarm are is shared with the penalty case. The invariant: what is said of one act names that act;
a limit that no rule gives makes a verdict unknown and raises no signal.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias

from domain.judges.case_findings import Alarm, Finding, counted_off, without_rule
from domain.judges.who import officers_of_all
from domain.matter import Fact, Matter, Reason, Signal, Verdict
from domain.rulebook import NoRule, Rule
from domain.workdays import Calendar, day_of, local

Severity: TypeAlias = Literal["serious", "medium", "weak"]

EVALUATOR: Final = "1"
"""Version of the evaluators of a task, a hazard and a day; that of the rule data that they used is added to it."""


def verdict(
    rule: str, judge: Callable[[], Finding | None], *act: Fact, about: str | None = None, gate: bool = False
) -> Iterator[Verdict]:
    """The verdict of one evaluator, about an act or (without one) about the matter as a whole; none if it has none."""
    try:
        found = judge()
    except NoRule as missing:
        found = without_rule(missing)
    if found is not None:
        yield Verdict(
            rule=rule,
            version=_version(found.rule),
            outcome=found.outcome,
            reason=Reason(found.zh, found.en),
            inputs=_ids(*act, *found.facts),
            about=about if about is not None else "".join(fact.id.hex() for fact in act[:1]),
            absent=found.absent,
            gate=gate,
        )


def signals(
    matter: Matter,
    rule: str,
    severity: Severity,
    judge: Callable[[], Iterable[Alarm]],
    *act: Fact,
    officers: tuple[str, ...] = (),
) -> Iterator[Signal]:
    """The signals of one evaluator. `officers` are who must be told where the act itself names nobody."""
    try:
        alarms = list(judge())
    except NoRule:
        return
    for alarm in alarms:
        facts = (*act, *alarm.facts)
        opens = alarm.opens if alarm.opens is not None else max((fact.occurred for fact in facts), default=0)
        off = matter.rules.find("backfill.score_off", day_of(opens), matter.authority)
        yield Signal(
            rule=rule,
            version=_version(alarm.rule),
            severity=severity,
            score=counted_off(alarm.score, facts, None if off is None else off.value),
            opens=opens,
            reason=Reason(alarm.zh, alarm.en),
            inputs=_ids(*facts),
            about=alarm.about or "".join(fact.id.hex() for fact in act[:1]),
            absent=alarm.absent,
            closes=alarm.closes,
            officers=alarm.officers or officers_of_all(facts) or officers,
        )


def period(calendar: Calendar, start: datetime.date, rule: Rule) -> datetime.date:
    """The last day of a period in days that begins after `start`, by the unit of the rule."""
    if rule.unit == "working":
        return calendar.add_workdays(start, rule.value).day
    return calendar.add_days(start, rule.value).day


def zh_time(instant: int) -> str:
    """An instant as documents write it: 2026年3月2日9时05分."""
    t = local(instant)
    return f"{zh_day(t.date())}{t.hour}时{t.minute:02}分"


def zh_day(day: datetime.date | str) -> str:
    """A date as documents write it: 2026年3月2日."""
    found = datetime.date.fromisoformat(day) if isinstance(day, str) else day
    return f"{found.year}年{found.month}月{found.day}日"


def zh_period(rule: Rule) -> str:
    """The length that a rule gives: 15个工作日, 10日, 24小时."""
    unit = {"working": "个工作日", "hours": "小时"}.get(rule.unit, "日")
    return f"{rule.value}{unit}"


def en_period(rule: Rule) -> str:
    """The same in English: 15 working days, 10 calendar days, 24 hours."""
    unit = "hours" if rule.unit == "hours" else f"{rule.unit or 'calendar'} days"
    return f"{rule.value} {unit.removesuffix('s') if rule.value == 1 else unit}"


def many(number: int, noun: str) -> str:
    """A number with its noun in English: 1 record, 3 records."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def en_time(instant: int) -> str:
    """An instant in English: 2026-03-02 09:05."""
    return f"{local(instant):%Y-%m-%d %H:%M}"


def zh_length(ms: int) -> str:
    """A length of time in its two largest units: 2天3小时, 3小时5分, 12分, 40秒."""
    days, hours, minutes, seconds = _split(ms)
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    if hours:
        return f"{hours}小时{minutes}分" if minutes else f"{hours}小时"
    return f"{minutes}分" if minutes else f"{seconds}秒"


def en_length(ms: int) -> str:
    """The same in English: 2 d 3 h, 3 h 5 min, 12 min, 40 s."""
    days, hours, minutes, seconds = _split(ms)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def _split(ms: int) -> tuple[int, int, int, int]:
    seconds = abs(ms) // 1000
    return seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60, seconds % 60


def _version(rule: Rule | None) -> str:
    return EVALUATOR if rule is None else f"{EVALUATOR}+{rule.version}"


def _ids(*facts: Fact) -> tuple[bytes, ...]:
    return tuple(sorted({fact.id for fact in facts}))
