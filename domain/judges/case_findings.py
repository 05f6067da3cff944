"""How evaluators of a penalty case say what they found: findings become verdicts, alarms become signals.

An evaluator is a pure function of the case and, mostly, of one act. A limit that no rule gives makes its verdict
unknown and says which rule is missing; it never makes the judge fail. The invariant: what is said of one act names that
act, so that a dispute about it keeps its object when other facts come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from msgspec import UNSET

from domain.judges.case_facts import Case
from domain.matter import Fact, Reason, Signal, Verdict
from domain.rulebook import NoRule, Rule
from domain.workdays import day_of
from schemas.events import Act, Body

B = TypeVar("B", bound=Body)

EVALUATOR: Final = "1"
"""Version of the evaluators of a case; that of the rule data that they used is added to it."""

SCORE_OFF: Final[Mapping[str, int]] = {"declared": 20, "approved": 40, "imported": 60}
"""Points taken off where no rule says how many: an ordering of signals, no limit of the law."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an invariant says of one act. `facts` are what it rests on beside the act; `rule` is the limit it used."""

    outcome: Literal["kept", "broken", "unknown"]
    zh: str
    en: str
    facts: tuple[Fact, ...] = ()
    absent: bool = False
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a signal says of one act. `opens` None: from the act on. `about` "" is the act itself."""

    zh: str
    en: str
    facts: tuple[Fact, ...] = ()
    score: int = 80
    opens: int | None = None
    closes: int | None = None
    absent: bool = False
    rule: Rule | None = None
    about: str = ""
    officers: tuple[str, ...] = ()


def kept(zh: str, en: str, *facts: Fact, rule: Rule | None = None, absent: bool = False) -> Finding:
    """The rule was kept."""
    return Finding("kept", zh, en, facts, absent, rule)


def broken(zh: str, en: str, *facts: Fact, rule: Rule | None = None, absent: bool = False) -> Finding:
    """The rule was broken."""
    return Finding("broken", zh, en, facts, absent, rule)


def unknown(zh: str, en: str, *facts: Fact, rule: Rule | None = None, absent: bool = True) -> Finding:
    """It cannot be said yet: something that would decide it has not been recorded."""
    return Finding("unknown", zh, en, facts, absent, rule)


def without_rule(missing: NoRule) -> Finding:
    """It cannot be said: the rules have no entry for that day. The reason names the entry to be added."""
    where = f"（{missing.authority}）" if missing.authority else ""
    return unknown(
        f"规则库没有 {missing.on} 有效的规则 {missing.key}{where}，无法判定；请补充规则。",
        f"Cannot be decided: {missing}. Publish that rule.",
        absent=False,
    )


def each(
    case: Case, cls: type[B], rule: str, judge: Callable[[Case, Fact, B], Finding | None], *, gate: bool = False
) -> Iterator[Verdict]:
    """One verdict for each act of a type that the evaluator has something to say of."""
    for act, body in case.of(cls):
        found = _found(lambda act=act, body=body: judge(case, act, body))  # type: ignore[misc]
        if found is not None:
            yield _verdict(rule, found, gate, act.id.hex(), act)


def once(case: Case, rule: str, judge: Callable[[Case], Finding | None], *, gate: bool = False) -> Iterator[Verdict]:
    """One verdict of the case as a whole, or none."""
    found = _found(lambda: judge(case))
    if found is not None:
        yield _verdict(rule, found, gate, "")


def each_alarm(
    case: Case,
    cls: type[B],
    rule: str,
    severity: Literal["serious", "medium", "weak"],
    judge: Callable[[Case, Fact, B], Iterable[Alarm]],
) -> Iterator[Signal]:
    """The signals that an evaluator raises about acts of a type. Without the rule data that it needs it raises none."""
    for act, body in case.of(cls):
        try:
            alarms = list(judge(case, act, body))
        except NoRule:
            continue
        for alarm in alarms:
            yield _signal(case, rule, severity, alarm, act)


def once_alarm(
    case: Case,
    rule: str,
    severity: Literal["serious", "medium", "weak"],
    judge: Callable[[Case], Iterable[Alarm]],
) -> Iterator[Signal]:
    """The signals that an evaluator raises about the case as a whole; each alarm says when it opens."""
    try:
        alarms = list(judge(case))
    except NoRule:
        return
    for alarm in alarms:
        yield _signal(case, rule, severity, alarm, None)


def counted_off(score: int, facts: Iterable[Fact], off: Mapping[str, int] | None = None) -> int:
    """The score of a signal with imports and declared backfill counted off (handbook 7, SIG-03, SIG-05).

    `off` is the value of the rule `backfill.score_off`: points for what was declared, approved, imported; the largest
    of those that apply is taken off once.
    """
    points = [0]
    for fact in facts:
        if not isinstance(fact.body, Act):
            continue
        if fact.body.import_ is not UNSET:
            points.append((off or SCORE_OFF)["imported"])
        if fact.body.backfill is not UNSET:
            approved = fact.body.backfill.approver is not UNSET
            points.append((off or SCORE_OFF)["approved" if approved else "declared"])
    return max(0, score - max(points))


def part(act: Fact, what: str) -> str:
    """What a signal is about where one act raises several of the same rule."""
    return f"{act.id.hex()}:{what}"


def yuan(fen: int) -> str:
    """Money as documents write it, without needless zeros: 20,000 or 99.50 (yuan)."""
    return f"{fen // 100:,}" if fen % 100 == 0 else f"{fen / 100:,.2f}"


def names(officers: Iterable[str]) -> str:
    """Officers by their ids, sorted."""
    return "、".join(sorted(set(officers)))


def en_names(officers: Iterable[str]) -> str:
    """Officers by their ids, sorted, in English."""
    return ", ".join(sorted(set(officers)))


def _found(judge: Callable[[], Finding | None]) -> Finding | None:
    try:
        return judge()
    except NoRule as missing:
        return without_rule(missing)


def _version(rule: Rule | None) -> str:
    return EVALUATOR if rule is None else rule.stamp(EVALUATOR)


def _ids(*facts: Fact) -> tuple[bytes, ...]:
    return tuple(sorted({fact.id for fact in facts}))


def _verdict(rule: str, found: Finding, gate: bool, about: str, *act: Fact) -> Verdict:
    return Verdict(
        rule=rule,
        version=_version(found.rule),
        outcome=found.outcome,
        reason=Reason(found.zh, found.en),
        inputs=_ids(*act, *found.facts),
        about=about,
        absent=found.absent,
        gate=gate,
    )


def _signal(
    case: Case, rule: str, severity: Literal["serious", "medium", "weak"], alarm: Alarm, act: Fact | None
) -> Signal:
    facts = alarm.facts if act is None else (act, *alarm.facts)
    if alarm.opens is not None:
        opens = alarm.opens
    else:
        opens = act.occurred if act is not None else max((fact.occurred for fact in facts), default=0)
    off = case.find("backfill.score_off", day_of(opens))
    return Signal(
        rule=rule,
        version=_version(alarm.rule),
        severity=severity,
        score=counted_off(alarm.score, facts, None if off is None else off.value),
        opens=opens,
        reason=Reason(alarm.zh, alarm.en),
        inputs=_ids(*facts),
        about=alarm.about or ("" if act is None else act.id.hex()),
        absent=alarm.absent,
        closes=alarm.closes,
        officers=alarm.officers or case.handlers_at(opens),
    )
