"""The judge of an enterprise: its dossier, the one body that supervises it, and how often it was inspected.

The dossier rests on what is filed under the enterprise (profile, supervising bodies, tasks, entries, hazards, cases,
penalties, tips, accidents), whichever authority recorded it. The invariant: dates of what happened, never ages; whether
an enterprise must be in the plan of a year is read off the dates by whoever plans.
"""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from msgspec import UNSET

from domain.judges.case_findings import Alarm, Finding, broken, kept, unknown
from domain.judges.inspection_findings import signals, verdict
from domain.matter import Fact, Judge, Judgement, Matter, Reason, Verdict, order
from domain.plan_criteria import Dossier, Noted, as_plain
from domain.workdays import DAY, day_of, sane
from schemas.events.accident import AccidentReported
from schemas.events.case import CaseClosed, CaseFiled
from schemas.events.enterprise import (
    EnterpriseAssessed,
    EnterpriseProfiled,
    SupervisingBodyAssigned,
    SupervisingBodyEnded,
)
from schemas.events.hazard import HazardClosed, HazardFound
from schemas.events.major_hazard import MajorHazardDelisted, MajorHazardListed
from schemas.events.on_site import SiteEntered
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided
from schemas.events.task import TaskAssigned, TaskCancelled
from schemas.events.tip import TipReceived

GROUNDS: Final = {
    "plan": ("plan_item_id", "plan_id"),
    "double_random": ("draw_id", "plan_item_id"),
    "tip": ("tip_id", "trigger", "basis_event"),
    "reinspection": ("basis_event", "trigger"),
    "lookback": ("basis_event", "trigger"),
    "accident": ("basis_event", "trigger"),
    "transferred": ("basis_event", "trigger"),
    "campaign": ("campaign",),
    "joint": ("lead_agency", "trigger"),
    "data_triggered": ("trigger", "basis_event"),
    "credit_triggered": ("trigger", "basis_event"),
}
"""What a task of each source must name to show why it was made: one of these fields."""

SOURCES: Final = {
    "plan": Reason("计划", "plan"),
    "double_random": Reason("双随机", "double-random"),
    "tip": Reason("举报", "tip"),
    "reinspection": Reason("复查", "re-inspection"),
    "lookback": Reason("“回头看”", "look back"),
    "accident": Reason("事故", "accident"),
    "transferred": Reason("移送", "transferred"),
    "campaign": Reason("专项检查", "campaign"),
    "joint": Reason("联合检查", "joint"),
    "data_triggered": Reason("数据预警触发", "data-triggered"),
    "credit_triggered": Reason("信用触发", "credit-triggered"),
}
"""What the sources are called."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """One assignment of a supervising body, with its last day (None: open) and what ended it."""

    fact: Fact
    body: SupervisingBodyAssigned
    until: datetime.date | None
    end: Fact | None

    def meets(self, other: Supervision) -> bool:
        """Whether both held on one day."""
        return self.body.valid_from <= (other.until or datetime.date.max) and other.body.valid_from <= (
            self.until or datetime.date.max
        )


@dataclass(frozen=True, slots=True)
class Visit:
    """One task of the enterprise that was not cancelled, and the first entry made under it."""

    assigned: Fact
    task: TaskAssigned
    entered: Fact | None

    @property
    def at(self) -> int:
        """When the site was entered, ms; of a task without an entry when it was assigned."""
        return self.assigned.occurred if self.entered is None else self.entered.occurred

    @property
    def authorities(self) -> frozenset[str]:
        """Who takes part: the authority of the task, the lead and the partners of a joint one."""
        lead = () if self.task.lead_agency is UNSET else (self.task.lead_agency,)
        return frozenset((self.assigned.authority, *lead, *self.task.partners))


def judge(matter: Matter) -> Judgement:
    """The dossier of one enterprise, and INV-10 and SIG-18."""
    profile = matter.last(EnterpriseProfiled)
    bodies = supervisions(matter)
    visits = visits_of(matter)
    open_bodies = [one for one in bodies if one.until is None]
    found = {body.hazard_id: body.grade for _, body in matter.of(HazardFound)}
    closed = {body.hazard_id for _, body in matter.of(HazardClosed)}
    decided = [*matter.of(PenaltyDecided), *matter.of(OnSpotPenaltyDecided)]
    fatal = [
        day_of(body.happened_at) for _, body in matter.of(AccidentReported) if body.deaths is not UNSET and body.deaths
    ]
    one = profile[1] if profile is not None else None
    return Judgement(
        kind="enterprise",
        key=matter.key,
        authority=matter.authority,
        stage="unregistered" if one is None else "operating" if one.status is UNSET else one.status,
        columns={
            "name": "" if one is None else one.name,
            "uscc": "" if one is None or one.uscc is UNSET else one.uscc,
            "division": "" if one is None or one.division is UNSET else one.division,
            "risk_grade": "" if one is None or one.risk_grade is UNSET else one.risk_grade,
            "supervised_by": " ".join(sorted({each.body.agency for each in open_bodies})),
            "tasks": len(visits),
            "hazards": len(found),
            "open_hazards": len(found.keys() - closed),
            "open_major_hazards": sum(grade == "major" and key not in closed for key, grade in found.items()),
            "cases": len(matter.of(CaseFiled)),
            "penalties": len(decided),
            "tips": len(matter.of(TipReceived)),
            "accidents": len({body.accident_id for _, body in matter.of(AccidentReported)}),
            "last_visit": _latest(day_of(visit.at) for visit in visits if visit.entered is not None),
            "last_major_hazard": _latest(
                day_of(fact.occurred) for fact, body in matter.of(HazardFound) if body.grade == "major"
            ),
            "last_penalty": _latest(day_of(fact.occurred) for fact, _ in decided),
            "last_fatal_accident": _latest(fatal),
        },
        page={
            "profile": _profile(profile),
            "history": [
                {"event": fact.id.hex(), "on": str(_since(fact, body))} for fact, body in matter.of(EnterpriseProfiled)
            ],
            "supervision": [_body(each) for each in bodies],
            "planning": as_plain(dossier(matter)),
            "visits": [_visit(visit) for visit in visits],
            "per_year": _per_year(matter, visits),
            "hazards": sorted(key.hex() for key in found),
            "listed": sorted(_listed(matter)),
            "cases": [body.case_id.hex() for _, body in matter.of(CaseFiled)],
            "closed_cases": [body.case_id.hex() for _, body in matter.of(CaseClosed)],
            "tips": [body.tip_id.hex() for _, body in matter.of(TipReceived)],
            "accidents": sorted({body.accident_id.hex() for _, body in matter.of(AccidentReported)}),
        },
        verdicts=tuple(inv_10_all(matter, bodies)),
        signals=(
            *signals(matter, "SIG-18", "medium", partial(over_the_cap, matter, visits)),
            *signals(matter, "SIG-18", "medium", partial(several_agencies, matter, visits)),
            *signals(matter, "SIG-18", "medium", partial(without_ground, visits)),
        ),
        terminals=tuple(sorted({fact.terminal for fact in matter.facts if fact.terminal})),
    )


JUDGE: Final = Judge(kind="enterprise", version=3, judge=judge, needs=lambda _facts: frozenset())


def dossier(matter: Matter) -> Dossier:
    """What the criteria of a plan ask of the enterprise (handbook 1A, rows 2 to 4)."""
    profile = matter.last(EnterpriseProfiled)
    one = None if profile is None else profile[1]
    hazards: dict[int, list[int]] = {}
    for fact, hazard in matter.of(HazardFound):
        hazards.setdefault(day_of(fact.occurred).year, [0, 0])[hazard.grade != "major"] += 1
    penalties = Counter(decision.decided_on.year for _, decision in matter.of(PenaltyDecided))
    penalties.update(day_of(fact.occurred).year for fact, _ in matter.of(OnSpotPenaltyDecided))
    grade = UNSET if one is None else one.standardisation
    open_bodies = {each.body.agency for each in supervisions(matter) if each.until is None}
    return Dossier(
        matter.key,
        "" if one is None else one.name,
        fatal=tuple(
            sorted({
                day_of(body.happened_at)
                for _, body in matter.of(AccidentReported)
                if body.deaths is not UNSET and body.deaths
            })
        ),
        hazards={year: (pair[0], pair[1]) for year, pair in hazards.items()},
        penalties=dict(penalties),
        joint_punishment=one is not None and one.joint_punishment is True,
        grade=None if grade is UNSET else grade.grade,
        grade_until=None if grade is UNSET or grade.valid_to is UNSET else grade.valid_to,
        committed=None if one is None or one.commitments_published is UNSET else one.commitments_published,
        exposed="" if one is None or one.media_exposure is UNSET else one.media_exposure,
        weak="" if one is None or one.weak_management is UNSET else one.weak_management,
        noted=tuple(
            Noted(body.criterion, body.year, body.holds, body.reason, " ".join(fact.by), day_of(fact.occurred))
            for fact, body in matter.of(EnterpriseAssessed)
        ),
        supervised=tuple(sorted(open_bodies)),
        closed=one is not None and one.status is not UNSET and one.status in ("closed", "moved"),
    )  # fmt: skip


def closed_gates(matter: Matter, act: Fact) -> tuple[Verdict, ...]:
    """The gate that a second supervising body would break if it were determined now (INV-10)."""
    if not isinstance(act.body, SupervisingBodyAssigned):
        return ()
    bodies = supervisions(replace(matter, facts=tuple(sorted((*matter.facts, act), key=order))))
    found: list[Verdict] = []
    for one in bodies:
        if any(other.fact.id == act.id and other.meets(one) for other in bodies):
            found += verdict("INV-10", partial(inv_10, one, bodies), one.fact, gate=True)
    return tuple(one for one in found if one.outcome == "broken")


def supervisions(matter: Matter) -> list[Supervision]:
    """Every assignment of a supervising body, the earliest first. An end closes the latest one of its agency."""
    ends = matter.of(SupervisingBodyEnded)
    found = sorted(matter.of(SupervisingBodyAssigned), key=lambda one: (one[1].valid_from, one[0].occurred, one[0].id))
    result = []
    for place, (fact, body) in enumerate(found):
        following = [later.valid_from for _, later in found[place + 1 :] if later.agency == body.agency]
        limit = following[0] if following else datetime.date.max
        mine = [
            (end, stop)
            for end, stop in ends
            if stop.agency == body.agency and body.valid_from <= sane(stop.ended_on) + DAY and stop.ended_on < limit
        ]
        first = min(mine, key=lambda one: (one[1].ended_on, one[0].id), default=None)
        result.append(
            Supervision(fact, body, None if first is None else first[1].ended_on, None if first is None else first[0])
        )
    return result


def visits_of(matter: Matter) -> list[Visit]:
    """The tasks that were not cancelled, by when the site was entered."""
    cancelled = {body.task_id for _, body in matter.of(TaskCancelled)}
    entries: dict[bytes, Fact] = {}
    for fact, body in matter.of(SiteEntered):
        if body.task_id is not UNSET:
            entries.setdefault(body.task_id, fact)
    tasks: dict[bytes, tuple[Fact, TaskAssigned]] = {}
    for fact, task in matter.of(TaskAssigned):
        if task.task_id not in cancelled:
            tasks.setdefault(task.task_id, (fact, task))
    found = [Visit(fact, task, entries.get(task.task_id)) for fact, task in tasks.values()]
    return sorted(found, key=lambda visit: (visit.at, visit.assigned.id))


def inv_10_all(matter: Matter, bodies: list[Supervision]) -> Iterator[Any]:
    """INV-10 for each assignment; for an enterprise that has a profile and no assignment, of the whole."""
    for one in bodies:
        yield from verdict("INV-10", partial(inv_10, one, bodies), one.fact)
    if not bodies and matter.first(EnterpriseProfiled) is not None:
        yield from verdict(
            "INV-10",
            lambda: unknown(
                "应当明确一个监管主体；尚未登记监管主体。",
                "One supervising body is expected; none is recorded yet.",
                absent=False,
            ),
            about="",
        )


def inv_10(one: Supervision, bodies: list[Supervision]) -> Finding:
    """INV-10: an enterprise has no more than one supervising body on any day (document 003, 1(3))."""
    earlier = [
        other
        for other in bodies
        if other.fact.id != one.fact.id
        and one.meets(other)
        and (other.body.valid_from, other.fact.occurred, other.fact.id)
        < (one.body.valid_from, one.fact.occurred, one.fact.id)
    ]
    if earlier:
        other = earlier[0]
        return broken(
            f"同一单位同一时间只能有一个监管主体；{one.body.agency}自{one.body.valid_from}起监管时，"
            f"{other.body.agency}自{other.body.valid_from}起的监管"
            + ("尚未终止。" if other.until is None else f"到{other.until}才终止。"),
            f"An enterprise has one supervising body at a time; when {one.body.agency} began on {one.body.valid_from}, "
            f"{other.body.agency}, which had begun on {other.body.valid_from}, "
            + ("had not ended." if other.until is None else f"ended only on {other.until}."),
            other.fact,
            *((other.end,) if other.end is not None else ()),
        )
    return kept(
        f"{one.body.valid_from}起由{one.body.agency}监管，同一时间没有其他监管主体。",
        f"Supervised by {one.body.agency} from {one.body.valid_from}; no other body at the same time.",
        *((one.end,) if one.end is not None else ()),
    )


def over_the_cap(matter: Matter, visits: list[Visit]) -> Iterator[Alarm]:
    """SIG-18: more inspections in a year than the cap of the enterprise, exempt sources not counted (G54)."""
    counted: dict[int, list[Visit]] = {}
    for visit in visits:
        if visit.entered is None:
            continue
        day = day_of(visit.at)
        exempt = matter.rules.find("frequency.exempt_sources", day, matter.authority)
        if exempt is None or visit.task.source not in exempt.value:
            counted.setdefault(day.year, []).append(visit)
    for year, entered in sorted(counted.items()):
        own = _cap(matter, datetime.date(year, 12, 31))
        rule = matter.rules.find("frequency.visits_per_year", day_of(entered[-1].at), matter.authority)
        cap = own if own is not None else rule.value if rule is not None else None
        if cap is None or len(entered) <= cap:
            continue
        over = entered[cap]
        yield Alarm(
            f"{year}年入企检查{len(entered)}次，超过年度频次上限{cap}次。",
            f"{len(entered)} inspections in {year}; the cap is {cap}.",
            tuple(visit.entered for visit in entered if visit.entered is not None),
            score=60 if own is not None else 40,
            opens=over.at,
            rule=None if own is not None else rule,
            about=f"cap/{year}",
        )


def several_agencies(matter: Matter, visits: list[Visit]) -> Iterator[Alarm]:
    """SIG-18: two authorities entered one enterprise within the window, and not together."""
    entered = [visit for visit in visits if visit.entered is not None]
    for before, visit in itertools.pairwise(entered):
        if before.authorities & visit.authorities:
            continue
        rule = matter.rules.get("frequency.agencies_days", day_of(visit.at), matter.authority)
        if day_of(visit.at) > day_of(before.at) + rule.value * DAY:
            continue
        assert before.entered is not None
        assert visit.entered is not None
        yield Alarm(
            f"{rule.value}日内两个机关分别入企检查：{before.assigned.authority}（{day_of(before.at)}）、"
            f"{visit.assigned.authority}（{day_of(visit.at)}），不是联合检查。",
            f"Two authorities inspected separately within {rule.value} days: {before.assigned.authority} on "
            f"{day_of(before.at)}, {visit.assigned.authority} on {day_of(visit.at)}; not a joint inspection.",
            (before.entered, visit.entered),
            score=60,
            opens=visit.at,
            rule=rule,
            about=f"agencies/{visit.assigned.id.hex()}",
        )


def without_ground(visits: list[Visit]) -> Iterator[Alarm]:
    """SIG-18: a task that names neither a plan item nor what triggered it (P150 5)."""
    for visit in visits:
        wanted = GROUNDS[visit.task.source]
        if any(getattr(visit.task, name) is not UNSET for name in wanted):
            continue
        source = SOURCES[visit.task.source]
        yield Alarm(
            f"检查任务（来源：{source.zh}）没有对应的计划项目或触发依据。",
            f"The task (source: {source.en}) names no plan item and no trigger.",
            (visit.assigned,),
            score=50,
            opens=visit.assigned.occurred,
            about=f"ground/{visit.assigned.id.hex()}",
        )


def _cap(matter: Matter, day: datetime.date) -> int | None:
    """The cap that the profile of that day names."""
    known = [
        (since, fact.received, body.yearly_cap)
        for fact, body in matter.of(EnterpriseProfiled)
        if (since := _since(fact, body)) <= day
    ]
    if not known:
        return None
    cap = max(known, key=lambda one: one[:2])[2]
    return None if cap is UNSET else cap


def _since(fact: Fact, body: EnterpriseProfiled) -> datetime.date:
    return day_of(fact.occurred) if body.effective_on is UNSET else body.effective_on


def _listed(matter: Matter) -> set[str]:
    listed = {body.hazard_id.hex() for _, body in matter.of(MajorHazardListed)}
    return listed - {body.hazard_id.hex() for _, body in matter.of(MajorHazardDelisted)}


def _per_year(matter: Matter, visits: list[Visit]) -> list[dict[str, Any]]:
    """Counts by calendar year; never sums of fines (handbook 0.6, rule 12)."""
    years: dict[int, Counter[str]] = {}

    def add(day: datetime.date, what: str) -> None:
        years.setdefault(day.year, Counter())[what] += 1

    for visit in visits:
        if visit.entered is not None:
            add(day_of(visit.at), "visits")
    for fact, hazard in matter.of(HazardFound):
        add(day_of(fact.occurred), f"{hazard.grade}_hazards")
    for _, case in matter.of(CaseFiled):
        add(case.filed_on, "cases")
    for _, decision in matter.of(PenaltyDecided):
        add(decision.decided_on, "penalties")
    for fact, _ in matter.of(OnSpotPenaltyDecided):
        add(day_of(fact.occurred), "penalties")
    return [{"year": year, **dict(sorted(counts.items()))} for year, counts in sorted(years.items())]


def _latest(days: Any) -> str | None:
    found = max(days, default=None)
    return None if found is None else str(found)


def _profile(profile: tuple[Fact, EnterpriseProfiled] | None) -> dict[str, Any] | None:
    if profile is None:
        return None
    fact, body = profile
    plain = {
        name: value
        for name in (
            "name",
            "uscc",
            "division",
            "ownership",
            "size",
            "risk_grade",
            "inspection_months",
            "yearly_cap",
            "status",
        )
        if (value := getattr(body, name)) is not UNSET
    }
    grade = body.standardisation
    return {
        **plain,
        "event": fact.id.hex(),
        "since": str(_since(fact, body)),
        "industry": None if body.industry is UNSET else body.industry.code,
        "standardisation": None
        if grade is UNSET
        else {"grade": grade.grade, "valid_to": None if grade.valid_to is UNSET else str(grade.valid_to)},
        "joint_punishment": body.joint_punishment is True,
        "commitments_published": None if body.commitments_published is UNSET else str(body.commitments_published),
        "located": body.point is not UNSET or bool(body.polygon),
        "imported": body.import_ is not UNSET,
    }


def _body(one: Supervision) -> dict[str, Any]:
    return {
        "event": one.fact.id.hex(),
        "agency": one.body.agency,
        "level": one.body.level,
        "from": str(one.body.valid_from),
        "to": None if one.until is None else str(one.until),
        "ended_by": None if one.end is None else one.end.id.hex(),
    }


def _visit(visit: Visit) -> dict[str, Any]:
    return {
        "task": visit.task.task_id.hex(),
        "authority": visit.assigned.authority,
        "source": visit.task.source,
        "assigned": visit.assigned.occurred,
        "entered": None if visit.entered is None else visit.entered.occurred,
    }
