"""The deadlines of the process, DL-01 to DL-26: a catalogue as data, and one pure function that computes them.

A period starts with an act, has its length in the rules and its days in the calendar; it stands still during pauses and
is moved by extensions. Whatever changed after it began (a granted extension, an amended calendar, a rule published
later) leaves the value that the deadline had before, with the reason (INV-39). The invariant: a deadline is an instant
computed from facts, rules and calendar; whether it is overdue is for whoever reads it at an instant.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from domain.matter import Deadline, Earlier, Reason
from domain.rulebook import NoRule, Rule, Rulebook
from domain.workdays import DAY, Calendar, Day, Notice, calendar_of, day_of, end_of, sane, start_of

HOUR_MS: Final = 3_600_000
STANDS_STILL: Final = end_of(datetime.date(9999, 12, 30))
"""`due` of a period that a pause holds and nobody has ended: not computable yet, later than every instant."""


NO_REASON: Final = Reason("", "")
EXTENDED: Final = Reason("经批准延期", "the period was extended")
REACH: Final = 15 * DAY
"""How far behind the end of a period a holiday can still move it."""


@dataclass(frozen=True, slots=True)
class Term:
    """One line of the catalogue. `key` is that of its length in the rules, "" for a fixed date.

    `kind` "latest": the act must happen before the end. "earliest": it may happen only after it. `binding` as in
    domain.matter.Deadline.
    """

    rule: str
    key: str
    zh: str
    en: str
    kind: Literal["latest", "earliest"] = "latest"
    binding: bool = True


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which a period stands still: from `start` until `end`, the first day that counts again (None: still).

    `known` is the instant (ms) at which the end was recorded; without it the pause is taken as known all along.
    """

    start: datetime.date
    end: datetime.date | None
    reason: Reason = NO_REASON
    known: int | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """A decision that moves the end: to a named day, or by so many days. `known` is the instant it was decided (ms)."""

    known: int
    last_day: datetime.date | None = None
    days: int = 0
    reason: Reason = EXTENDED


@dataclass(frozen=True, slots=True)
class LateFine:
    """What is added to an unpaid fine up to a day. `capped_on` is the first day at the cap, None before it."""

    days: int
    amount_fen: int
    capped_on: datetime.date | None
    version: str


_CATALOGUE: Final = (
    Term("DL-01", "case.decide_days", "作出处理决定", "decide the case"),
    Term("DL-02", "hearing.request_days", "当事人要求听证", "the party asks for a hearing", binding=False),
    Term("DL-03", "hearing.notice_days", "听证会最早日期", "earliest day of the hearing", "earliest"),
    Term("DL-04", "preservation.dispose_days", "处理先行登记保存的证据", "dispose of preserved evidence"),
    Term("DL-05", "service.days", "送达决定书", "serve the decision"),
    Term("DL-06", "payment.days", "缴纳罚款", "pay the fine"),
    Term("DL-08", "remedy.reconsideration_days", "申请行政复议", "ask for reconsideration", binding=False),
    Term("DL-08:suit", "remedy.suit_months", "提起行政诉讼", "bring a suit", binding=False),
    Term(
        "DL-08:after",
        "remedy.suit_after_reconsideration_days",
        "复议后提起诉讼",
        "bring a suit after reconsideration",
        binding=False,
    ),
    Term(
        "DL-08:untold",
        "remedy.untold_years",
        "未告知救济时申请复议",
        "ask for reconsideration, remedy not told",
        binding=False,
    ),
    Term("DL-09", "demand.wait_days", "催告后最早申请强制执行", "earliest application after the demand", "earliest"),
    Term("DL-10", "court.apply_months", "申请法院强制执行", "apply to the court"),
    Term("DL-11", "disclosure.decision_days", "公示处罚决定", "publish the decision"),
    Term("DL-12", "disclosure.other_days", "公示检查结果等", "publish the result"),
    Term("DL-13", "disclosure.withdraw_days", "撤回公示", "withdraw what was published"),
    Term("DL-14", "compulsory.days", "查封、扣押期满", "end of sealing or seizing"),
    Term("DL-15", "compulsory.urgent_hours", "紧急措施补办报告", "report an urgent measure to the head"),
    Term("DL-16", "transfer.decide_days", "决定是否移送", "decide on the referral"),
    Term("DL-17", "transfer.deliver_hours", "移送公安机关", "deliver to the police"),
    Term("DL-18", "reinspection.local_days", "复查整改情况", "re-inspect"),
    Term("DL-18:major", "reinspection.major_days", "复查重大隐患", "re-inspect a major hazard"),
    Term("DL-19", "plan.reapprove_days", "重大调整报批", "have a major plan change approved"),
    Term("DL-19:filing", "plan.file_month_day", "上报年度计划", "file the annual plan"),
    Term("DL-20", "report.quarter_day", "报送季度情况", "report the quarter"),
    Term("DL-21", "report.year_month_day", "报送全年情况", "report the year"),
    Term("DL-22", "statistics.month_day", "公布年度执法数据", "publish the year's data"),
    Term("DL-23", "tip.reply_days", "答复举报", "reply to the tip"),
    Term("DL-23:accept", "tip.accept_days", "告知是否受理", "say whether the tip is accepted"),
    Term("DL-24", "cash.deposit_days", "现金交至机关", "hand the cash to the agency"),
    Term("DL-24:bank", "cash.bank_days", "现金缴付银行", "pay the cash in at the bank"),
    Term("DL-25", "accident.evaluate_years", "公布事故评估", "publish the accident's evaluation"),
    Term("DL-25:report", "accident.investigate_days", "提交事故调查报告", "submit the investigation report"),
    Term("DL-26", "review.days", "提出法制审核意见", "give the opinion of the legal review"),
)
CATALOGUE: Final = {term.rule: term for term in _CATALOGUE}
"""By id; a variant has its name behind a colon ("DL-08:suit"). DL-07, the late fine, is a sum: see `late_fine`."""


def due(
    rule_id: str,
    start: datetime.date | int,
    rules: Rulebook,
    calendar: Calendar,
    authority: str,
    *,
    event: bytes = b"",
    on: datetime.date | None = None,
    last_day: datetime.date | None = None,
    pauses: Iterable[Pause] = (),
    extensions: Iterable[Extension] = (),
    met: tuple[int, bytes] | None = None,
    cancelled: bool = False,
    absent: bool = True,
    inputs: Iterable[bytes] = (),
    officers: Iterable[str] = (),
    known: int | None = None,
    roll: bool | None = None,
) -> Deadline:
    """The deadline of a catalogue line. Raises NoRule if no length is in force, KeyError for an unknown line.

    `start` is the day of the act, which does not count, or its instant (ms); periods in hours need the instant. The
    rule is that of `on` (the day of the start unless given). `last_day`: the act itself named the end (an order's own
    deadline, to which DL-18 adds its days; any other period then ends there). `event` is the id of the act: it names
    the deadline and is among its inputs. `met`: (instant, event id) of the act that was due. `known`: the instant at
    which the period became known, if not its start. `roll`: whether a day of rest at the end moves it, else the rules
    say so.

    `about` is the id in hex, with the variant behind a slash: two periods that one act starts are told apart.
    """
    term = CATALOGUE[rule_id]
    began = start_of(start) if isinstance(start, datetime.date) else start
    first = start if isinstance(start, datetime.date) else day_of(start)
    if isinstance(start, datetime.datetime):
        raise TypeError("expected a date or an instant in ms, got a datetime")
    # An act may name any day; no period of the law comes near the ends of what is computed.
    spans = [replace(p, start=sane(p.start), end=None if p.end is None else sane(p.end)) for p in pauses]
    moves = [e if e.last_day is None else replace(e, last_day=sane(e.last_day)) for e in extensions]
    frame = _Frame(
        term, sane(first), began, rules, calendar, authority, on or first, None if last_day is None else sane(last_day),
        tuple(sorted(spans, key=lambda p: (p.start, p.end or datetime.date.max))),
        tuple(sorted(moves, key=lambda e: e.known)), roll,
    )  # fmt: skip
    rule, end, final = frame.compute(None)
    number, _, variant = rule_id.partition(":")
    return Deadline(
        rule=number,
        version=rule.stamp(),
        start=began,
        due=final,
        last_day=end.day.isoformat() if end is not None else None,
        about=f"{event.hex()}/{variant}" if variant else event.hex(),
        met=None if met is None else met[0],
        met_by=None if met is None else met[1],
        cancelled=cancelled,
        provisional=end is not None and end.provisional,
        binding=term.binding and term.kind == "latest",
        absent=absent,
        inputs=tuple(
            sorted({*inputs, *((event,) if event else ()), *(() if met is None or not met[1] else (met[1],))})
        ),
        officers=tuple(sorted(set(officers))),
        earlier=tuple(frame.history(began if known is None else known, end)),
        text=_text(term, rule, final),
    )


def late_fine(
    fine_fen: int,
    last_day: datetime.date,
    until: datetime.date,
    rules: Rulebook,
    authority: str,
    *,
    payments: Iterable[tuple[datetime.date, int]] = (),
    pauses: Iterable[tuple[str, Pause]] = (),
) -> LateFine:
    """DL-07: what has been added to a fine by the end of `until`, if it was payable until `last_day` (PPL 72, 73).

    Each day after it adds a share of what is unpaid at its beginning, never more than the cap in all. Days of a pause
    whose kind ("reconsideration", "suit", "deferral") stops it under the rules of `last_day` add nothing, the day it
    ends included. Raises NoRule.
    """
    rate = rules.get("late_fine.percent", last_day, authority)
    cap = rules.find("late_fine.cap_percent", last_day, authority)
    basis = rules.find("late_fine.basis", last_day, authority)
    stops = rules.find("late_fine.pauses", last_day, authority)
    kinds = {"deferral", *(stops.value if stops is not None else ())}
    still = [pause for kind, pause in pauses if kind in kinds]
    limit = None if cap is None else fine_fen * cap.value // 100
    paid = sorted(payments)
    hundredths = days = 0
    capped_on = None
    day = last_day
    while day < until and capped_on is None:
        day += DAY
        if any(p.start <= day and (p.end is None or day <= p.end) for p in still):
            continue
        unpaid = fine_fen - sum(fen for when, fen in paid if when < day)
        if unpaid <= 0:
            break
        days += 1
        hundredths += (fine_fen if basis is not None and basis.value == "fine" else unpaid) * rate.value
        if limit is not None and hundredths >= limit * 100:
            capped_on = day
    amount = hundredths // 100
    return LateFine(days, amount if limit is None else min(amount, limit), capped_on, rate.stamp())


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a deadline is computed from, so that it can be computed as it was known at an earlier instant too."""

    term: Term
    first: datetime.date
    began: int
    rules: Rulebook
    calendar: Calendar
    authority: str
    on: datetime.date
    last_day: datetime.date | None
    pauses: tuple[Pause, ...]
    extensions: tuple[Extension, ...]
    roll: bool | None

    def compute(self, known: int | None, before: bool = False) -> tuple[Rule, Day | None, int]:
        """(rule, last day, due) with what was known at an instant, or just `before` it; None: with everything."""

        def seen(instant: int | None) -> bool:
            return known is None or instant is None or (instant < known if before else instant <= known)

        rule = self._rule(known, before)
        if rule.unit == "hours":
            return rule, None, self.began + int(rule.value) * HOUR_MS
        days = self.calendar if known is None else _view(self.calendar, known, before, self.authority)
        end, exact = self._base(rule, days)
        for extension in self.extensions:
            if seen(extension.known):
                exact = extension.last_day is not None
                end = extension.last_day if extension.last_day is not None else end + extension.days * DAY
        for start, stop in _merged([p for p in self.pauses if seen(p.known)]):
            if start > self._ended(rule, days, end, exact).day:
                continue
            if stop is None:
                return rule, None, STANDS_STILL
            start = max(start, self.first)
            if stop <= start:
                continue
            exact = False
            if rule.unit == "working":
                end = days.add_workdays(end, days.count_workdays(start - DAY, stop - DAY)).day
            else:
                end += stop - start
        last = self._ended(rule, days, end, exact)
        return rule, last, end_of(last.day)

    def history(self, known: int, end: Day | None) -> Iterator[Earlier]:
        """The values that it had, oldest first: one for each change after `known` that moved it. `end` is the last."""
        for when, reason in sorted(self._changes(known, end), key=lambda change: change[0]):
            try:
                _, _, old = self.compute(when, before=True)
                _, _, new = self.compute(when)
            except NoRule:
                continue
            if old != new:
                yield Earlier(old, reason)

    def _changes(self, known: int, end: Day | None) -> Iterator[tuple[int, Reason]]:
        for extension in self.extensions:
            yield extension.known, extension.reason
        for pause in self.pauses:
            if pause.known is not None:
                yield pause.known, pause.reason
        reach = self.first if end is None else end.day + REACH
        for notice in self.calendar.notices:
            when = start_of(notice.known_on)
            if when <= known:
                continue
            days = notice.off | notice.worked | notice.back
            if days and min(days) <= reach and max(days) >= self.first:
                name = notice.document or str(notice.year)
                yield when, Reason(f"节假日安排变更：{name}", f"the calendar changed: {name}")
        for rule in self.rules.of(self.term.key):
            if rule.published > known:
                yield rule.published, Reason(f"规则变更：{rule.source}", f"the rule changed: {rule.source}")

    def _rule(self, known: int | None, before: bool) -> Rule:
        if self.last_day is not None and self.term.rule != "DL-18":
            return self.rules.find(self.term.key, self.on, self.authority) or Rule(
                self.term.key, 0, self.on, "own", "the act itself", unit="calendar"
            )
        found = self.rules.of(self.term.key)
        if known is None or all(rule.published <= known and not (before and rule.published == known) for rule in found):
            return self.rules.get(self.term.key, self.on, self.authority)
        then = [r for r in found if not r.published or (r.published < known if before else r.published <= known)]
        return Rulebook(then).get(self.term.key, self.on, self.authority)

    def _base(self, rule: Rule, days: Calendar) -> tuple[datetime.date, bool]:
        """The last day before pauses and extensions; True if the act or the rule names the day itself: never rolled."""
        if self.last_day is not None:
            if self.term.rule == "DL-18":
                return self.last_day + int(rule.value) * DAY, False
            return self.last_day, True
        if self.term.rule == "DL-20":
            month = (self.first.month - 1) // 3 * 3 + 4
            return datetime.date(self.first.year + month // 13, (month - 1) % 12 + 1, int(rule.value)), True
        if isinstance(rule.value, str):
            return _date_in(self.first.year + (self.term.rule == "DL-22"), rule.value), True
        length = int(rule.value)
        match rule.unit:
            case "working":
                return days.add_workdays(self.first, length).day, False
            case "months":
                return days.add_months(self.first, length, roll=False).day, False
            case "years":
                return days.add_years(self.first, length, roll=False).day, False
            case _:
                return self.first + length * DAY, False

    def _ended(self, rule: Rule, days: Calendar, day: datetime.date, exact: bool) -> Day:
        if rule.unit == "working" and not exact:
            crossed = range((self.first + DAY).year, day.year + 1)
            return Day(day, not days.years.issuperset(crossed))
        return days.workday_from(day) if self._rolls() and not exact else Day(day)

    def _rolls(self) -> bool:
        if self.roll is not None:
            return self.roll
        rule = self.rules.find("deadline.no_roll", self.on, self.authority)
        number = self.term.rule.partition(":")[0]
        return rule is None or number not in rule.value


def _date_in(year: int, month_day: str) -> datetime.date:
    month, _, day = month_day.partition("-")
    return datetime.date(year, int(month), int(day))


def _merged(pauses: Sequence[Pause]) -> list[tuple[datetime.date, datetime.date | None]]:
    """Pauses in order, those that overlap made one."""
    found: list[tuple[datetime.date, datetime.date | None]] = []
    for pause in pauses:
        if found and (found[-1][1] is None or pause.start <= found[-1][1]):
            start, end = found[-1]
            found[-1] = (start, None if end is None or pause.end is None else max(end, pause.end))
        else:
            found.append((pause.start, pause.end))
    return found


def _view(calendar: Calendar, known: int, before: bool, authority: str) -> Calendar:
    if not calendar.notices:
        return calendar
    # A notice is known from the beginning of its day.
    day = day_of(known - 1 if before else known)
    return _known(calendar.notices, day, authority)


@lru_cache(maxsize=512)
def _known(notices: tuple[Notice, ...], day: datetime.date, authority: str) -> Calendar:
    return calendar_of(notices, day, authority)


def _text(term: Term, rule: Rule, final: int) -> Reason:
    if final == STANDS_STILL:
        return Reason(f"{term.zh}：期限中止计算", f"{term.en}: the period stands still")
    if term.kind == "earliest":
        return Reason(f"{term.zh}：期满之后", f"{term.en}: after the period")
    zh = {"working": "个工作日", "calendar": "日", "months": "个月", "years": "年", "hours": "小时"}.get(rule.unit)
    if zh is None or isinstance(rule.value, bool) or not isinstance(rule.value, int) or not rule.value:
        return Reason(term.zh, term.en)
    unit = {"working": "working days", "calendar": "calendar days"}.get(rule.unit, rule.unit)
    unit = unit.removesuffix("s") if rule.value == 1 else unit
    return Reason(f"{term.zh}：{rule.value}{zh}内", f"{term.en}: within {rule.value} {unit}")
