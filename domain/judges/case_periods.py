"""Periods of a penalty case that evaluators ask for: when one ends, and whether an act kept a distance.

The invariant: every length comes from a rule and every end from the calendar; nothing here looks at today.
"""

from __future__ import annotations

import datetime

from msgspec import UNSET

from domain import deadlines
from domain.deadlines import Extension, Pause
from domain.judges.case_facts import Case, moment
from domain.matter import Deadline, Fact, Reason
from domain.rulebook import Rule
from domain.workdays import DAY, end_of, sane
from schemas.events.appraisal import AppraisalCommissioned, AppraisalReceived
from schemas.events.case import CaseClosed
from schemas.events.compulsory import CompulsoryMeasureExtended, CompulsoryMeasureImposed
from schemas.events.decision import NoPenaltyDecided
from schemas.events.filing import CasePeriodExtended, CaseResumed, CaseSuspended
from schemas.events.penalty import PenaltyDecided, PenaltyNoticeServed
from schemas.events.transfer import TransferDelivered


def ends_after(case: Case, key: str, start: datetime.date) -> tuple[int, Rule]:
    """The instant (ms) at which the period of a rule that runs from a day is over, and the rule. Raises NoRule.

    The day of the act does not count; a period whose last day is no working day ends with the next one (CPL 85), but
    for those that the rules never move (`deadline.no_roll`).
    """
    rule = case.limit(key, start)
    return end_of(_last(case, start, rule)), rule


def defence_ends(case: Case, served: PenaltyNoticeServed) -> tuple[int, Rule | None]:
    """The end of the period for a defence: as the rules give it, or later if the notice states so."""
    if served.defence_until is UNSET:
        return ends_after(case, "defence.days", served.served_on)
    if case.find("defence.days", served.served_on) is None:
        return end_of(served.defence_until), None
    ends, rule = ends_after(case, "defence.days", served.served_on)
    return max(ends, end_of(served.defence_until)), rule


def notice_suffices(case: Case, served: datetime.date, held: datetime.date) -> tuple[bool, datetime.date, Rule]:
    """Whether a hearing notice came early enough, the first day on which the hearing could be, and the rule."""
    rule = case.limit("hearing.notice_days", served)
    calendar, days = case.matter.calendar, int(rule.value)
    # A distance that must be kept is not rolled: a day of rest at its end makes it no longer.
    last = (
        calendar.add_workdays(served, days) if rule.unit == "working" else calendar.add_days(served, days, roll=False)
    )
    earliest = last.day + DAY
    return held >= earliest, earliest, rule


def decision_deadline(case: Case) -> Deadline | None:
    """DL-01: the case is decided within its days from filing, without suspensions and with granted extensions.

    An extension that was decided after the period had ended moves nothing, and none goes beyond the ladder of the
    rules. None without a filing. Raises NoRule.
    """
    if case.filing is None:
        return None
    filed, filing = case.filing
    pauses = tuple(_pauses(case, filing.filed_on))
    granted: list[Extension] = []
    inputs = {fact.id for cls in (CaseSuspended, CaseResumed, CasePeriodExtended) for fact, _ in case.of(cls)}

    def compute(met: tuple[int, bytes] | None = None, cancelled: bool = False) -> Deadline:
        return deadlines.due(
            "DL-01", filing.filed_on, case.matter.rules, case.matter.calendar, case.matter.authority,
            event=filed.id, pauses=pauses, extensions=granted, met=met, cancelled=cancelled, inputs=inputs,
            officers=case.handlers, known=filed.occurred,
        )  # fmt: skip

    ladder = case.find("case.extension", filing.filed_on)
    for fact, body in sorted(case.of(CasePeriodExtended), key=lambda pair: (pair[1].step, pair[0].occurred)):
        if moment(fact, body.decided_on) >= compute().due:
            continue
        last = body.last_day
        if ladder is not None and ladder.value:
            step = min(max(int(body.step), 1), len(ladder.value))
            last = min(last, sane(filing.filed_on) + int(ladder.value[step - 1]) * DAY)
        reason = Reason(f"经批准延长至 {last}", f"extended with approval to {last}")
        granted.append(Extension(fact.occurred, last, reason=reason))
    outcome = first_outcome(case)
    if outcome is not None:
        return compute(met=(outcome[1], outcome[0].id))
    closed = case.matter.first(CaseClosed)
    return compute(cancelled=closed is not None)


def first_outcome(case: Case) -> tuple[Fact, int] | None:
    """The first act that decided the case, and its instant: a penalty, no penalty, or a transfer handed over."""
    found = [(fact, moment(fact, body.decided_on)) for fact, body in case.of(PenaltyDecided)]
    found += [(fact, moment(fact, body.decided_on)) for fact, body in case.of(NoPenaltyDecided)]
    found += [(fact, body.delivered_at) for fact, body in case.of(TransferDelivered)]
    return min(found, key=lambda pair: (pair[1], pair[0].id), default=None)


def measure_deadline(case: Case, act: Fact, body: CompulsoryMeasureImposed, met: tuple[int, bytes] | None) -> Deadline:
    """DL-14: a measure ends within its days, once extended, without the days of testing that its acts name.

    A decision or an extension that states an earlier last day ends with it (ACL 28). An extension that was decided
    after the measure had run out moves nothing.
    """
    acts = case.joined(CompulsoryMeasureExtended, "measure_id", body.measure_id)
    tests = [
        (body.suspension_for_test, act.occurred),
        *((one.suspension_for_test, fact.occurred) for fact, one in acts),
    ]
    reason = Reason("检测、鉴定期间不计入", "days of testing do not count")
    pauses = [Pause(one.start, sane(one.end) + DAY, reason, known) for periods, known in tests for one in periods]
    lawful: list[Extension] = []
    stated: list[Extension] = []

    def compute(moves: list[Extension], last_day: datetime.date | None) -> Deadline:
        return deadlines.due(
            "DL-14", body.imposed_on, case.matter.rules, case.matter.calendar, case.matter.authority,
            event=act.id, pauses=pauses, extensions=moves, met=met, inputs=[fact.id for fact, _ in acts],
            officers=case.handlers_at(act.occurred), known=act.occurred, roll=False, last_day=last_day,
        )  # fmt: skip

    def ends() -> Deadline:
        return min(compute(lawful, None), compute(stated, body.ends_on), key=lambda one: one.due)

    count = case.find("compulsory.extension_count", body.imposed_on)
    for fact, more in acts:
        if len(lawful) < (0 if count is None else int(count.value)) and moment(fact, more.decided_on) < ends().due:
            days = case.limit("compulsory.extension_days", body.imposed_on)
            lawful.append(Extension(fact.occurred, days=int(days.value)))
            stated.append(Extension(fact.occurred, more.ends_on))
    return ends()


def _pauses(case: Case, filed_on: datetime.date) -> list[Pause]:
    """Days on which the period for deciding stands still: suspensions on a ground of the rules, and appraisals."""
    grounds = case.find("case.pause_grounds", filed_on)
    if grounds is None:
        return []
    found = []
    resumed = case.of(CaseResumed)
    for fact, body in case.of(CaseSuspended):
        if body.ground not in grounds.value:
            continue
        ended = [
            (ending, one)
            for ending, one in resumed
            if (one.suspension == fact.id if one.suspension is not UNSET else one.resumed_on >= body.suspended_on)
        ]
        reason = Reason(f"中止（{body.suspended_on}）", f"suspended on {body.suspended_on}")
        end, known = (ended[0][1].resumed_on, ended[0][0].occurred) if ended else (None, fact.occurred)
        found.append(Pause(body.suspended_on, end, reason, known))
    if "appraisal" in grounds.value:
        for fact, asked in case.of(AppraisalCommissioned):
            answers = case.joined(AppraisalReceived, "appraisal_id", asked.appraisal_id)
            reason = Reason("鉴定期间不计入", "days of the appraisal do not count")
            if answers:
                found.append(
                    Pause(
                        sane(asked.commissioned_on) + DAY,
                        sane(answers[0][1].received_on) + DAY,
                        reason,
                        answers[0][0].occurred,
                    )
                )
            else:
                found.append(Pause(sane(asked.commissioned_on) + DAY, None, reason, fact.occurred))
    return found


def _last(case: Case, start: datetime.date, rule: Rule) -> datetime.date:
    """The last day of a period, rolled forward from a day of rest where it is counted in calendar days."""
    calendar, number = case.matter.calendar, int(rule.value)
    fixed = case.find("deadline.no_roll", start)
    lines = {term.rule.partition(":")[0] for term in deadlines.CATALOGUE.values() if term.key == rule.key}
    roll = fixed is None or not lines & set(fixed.value)
    match rule.unit:
        case "working":
            return calendar.add_workdays(start, number).day
        case "months":
            return calendar.add_months(start, number, roll).day
        case "years":
            return calendar.add_years(start, number, roll).day
        case _:
            return calendar.add_days(start, number, roll).day
