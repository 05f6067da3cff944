"""Which enterprises a plan must name, which it may visit less often, and which of the two prevails (handbook 1A, 2–4).

Four of the must-include criteria and two of those for fewer visits are read off what was recorded of the enterprise;
the others are found by hand, each time with a reason. The invariant: must-include beats reduce, in the order of the
law, and a candidate that the plan leaves out is never silently absent.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, get_args

from msgspec import UNSET, structs

from domain.matter import Reason
from domain.rulebook import Rulebook
from schemas.events.plan import Criterion, LeftOut, PlanItem, Reduction

MUST: Final[tuple[Criterion, ...]] = get_args(Criterion)
REDUCE: Final[tuple[Reduction, ...]] = get_args(Reduction)
NAMES: Final[Mapping[str, Reason]] = {
    "fatal_accident": Reason("近三年发生过死亡事故", "a fatal accident within three years"),
    "hazards_last_year": Reason("上年有重大隐患或者大量一般隐患", "major or many general hazards last year"),
    "penalised_last_year": Reason("上年受过处罚", "penalised last year"),
    "joint_punishment": Reason("失信联合惩戒对象", "under joint punishment for dishonesty"),
    "exposed": Reason("被省级或者本地媒体曝光", "exposed by media of the province or the place"),
    "weak_management": Reason("安全管理薄弱、条件差", "weak safety management, poor conditions"),
    "standardised": Reason("安全生产标准化三级以上", "safety standardisation of grade three or better"),
    "well_managed": Reason("基础好、管理强、现代化程度高", "good basis, strong management, modern"),
    "publicly_committed": Reason("公开安全承诺并接受社会监督", "commits itself in public and is watched by the public"),
}
"""What the nine criteria are called."""
STANDARD_GRADE: Final = 3
"""The worst grade of standardisation that counts; grade 1 is the best."""
State: TypeAlias = Literal["in_plan", "left_out", "missing"]


@dataclass(frozen=True, slots=True)
class Noted:
    """A criterion that was found by hand for the plan of a year: whether it holds, and why."""

    criterion: str
    year: int
    holds: bool
    reason: str
    by: str
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the records say of one enterprise, as far as a plan asks. Years map to (major, general) or to a number.

    `supervised` are the bodies whose supervision is open; `exposed` and `weak` are what its profile says.
    """

    enterprise_id: str
    name: str = ""
    fatal: tuple[datetime.date, ...] = ()
    hazards: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    penalties: Mapping[int, int] = field(default_factory=dict)
    joint_punishment: bool = False
    grade: int | None = None
    grade_until: datetime.date | None = None
    committed: datetime.date | None = None
    exposed: str = ""
    weak: str = ""
    noted: tuple[Noted, ...] = ()
    supervised: tuple[str, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A criterion that holds, and on what that rests."""

    criterion: str
    why: Reason


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the criteria say of an enterprise for a year. `decided_by` is the one that prevails, "" where none holds."""

    dossier: Dossier
    must: tuple[Held, ...]
    reduce: tuple[Held, ...]

    @property
    def decided_by(self) -> str:
        """Must-include beats reduce; within each the order of the law."""
        return self.must[0].criterion if self.must else self.reduce[0].criterion if self.reduce else ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enterprise for which a criterion holds, beside the plan."""

    suggestion: Suggestion
    state: State
    kind: str = ""
    visits: int = 0
    reason: str = ""


def suggest(dossier: Dossier, year: int, rules: Rulebook, authority: str) -> Suggestion:
    """The criteria that hold for the plan of a year. Raises NoRule where the limits are not in force."""
    rule = rules.get("plan.must_include", datetime.date(year, 1, 1), authority).value
    must = [held for held in (_MUST[name](dossier, year, rule) for name in MUST) if held is not None]
    reduce = [held for held in (_REDUCE[name](dossier, year) for name in REDUCE) if held is not None]
    return Suggestion(dossier, tuple(must), tuple(reduce))


def candidates(
    suggestions: Iterable[Suggestion], items: Iterable[PlanItem], left_out: Iterable[LeftOut]
) -> tuple[Candidate, ...]:
    """The enterprises for which a criterion holds, those that are missing first. One that no longer operates must not
    be inspected: it is no candidate.
    """
    planned = {item.enterprise_id: item for item in items}
    reasons = {one.enterprise_id: one.reason for one in left_out}
    found = []
    for one in suggestions:
        name = one.dossier.enterprise_id
        if not one.decided_by or (one.dossier.closed and name not in planned):
            continue
        item = planned.get(name)
        state: State = "in_plan"
        if item is None:
            if not one.must:
                continue
            state = "left_out" if name in reasons else "missing"
        visits = 0 if item is None else 1 if item.visits is UNSET else item.visits
        reason = reasons.get(name, "") if item is None or item.note is UNSET else item.note
        found.append(Candidate(one, state, "" if item is None else item.kind, visits, reason))
    rank = {"missing": 0, "left_out": 1, "in_plan": 2}
    return tuple(sorted(found, key=lambda one: (rank[one.state], one.suggestion.dossier.enterprise_id)))


def marked(item: PlanItem, suggestion: Suggestion | None) -> PlanItem:
    """The item with the criteria that the records show beside those that were typed, and the one that prevails."""
    shown = () if suggestion is None else tuple(held.criterion for held in suggestion.must)
    basis = tuple(name for name in MUST if name in shown or name in item.basis)
    reduce = tuple(held.criterion for held in suggestion.reduce) if suggestion is not None else ()
    reduced = item.reduced if item.reduced is not UNSET or not reduce else reduce[0]
    decided: Any = basis[0] if basis else reduced
    return structs.replace(item, basis=basis, reduced=reduced, decided_by=decided)


def unsupported(items: Iterable[PlanItem], known: Mapping[str, Suggestion]) -> list[tuple[PlanItem, str]]:
    """Criteria that a plan types of an enterprise and that no record shows: to be looked at, not taken out."""
    found = []
    for item in items:
        suggestion = known.get(item.enterprise_id)
        shown = set() if suggestion is None else {held.criterion for held in (*suggestion.must, *suggestion.reduce)}
        typed = [*item.basis, *(() if item.reduced is UNSET else (item.reduced,))]
        found += [(item, name) for name in typed if name not in shown]
    return found


def multiple_bodies(items: Iterable[PlanItem], known: Mapping[str, Suggestion]) -> list[tuple[PlanItem, Dossier]]:
    """Items whose enterprise has more than one supervising body (INV-10)."""
    found = []
    for item in items:
        suggestion = known.get(item.enterprise_id)
        if suggestion is not None and len(suggestion.dossier.supervised) > 1:
            found.append((item, suggestion.dossier))
    return found


def as_plain(dossier: Dossier) -> dict[str, Any]:
    """A dossier as JSON values; `of_plain` reads it back."""
    return {
        "fatal": [str(day) for day in dossier.fatal],
        "hazards": {str(year): list(pair) for year, pair in sorted(dossier.hazards.items())},
        "penalties": {str(year): number for year, number in sorted(dossier.penalties.items())},
        "joint_punishment": dossier.joint_punishment,
        "grade": dossier.grade,
        "grade_until": _text(dossier.grade_until),
        "committed": _text(dossier.committed),
        "exposed": dossier.exposed,
        "weak": dossier.weak,
        "noted": [
            {
                "criterion": one.criterion, "year": one.year, "holds": one.holds, "reason": one.reason, "by": one.by,
                "on": str(one.on),
            }
            for one in dossier.noted
        ],
        "supervised": list(dossier.supervised),
        "closed": dossier.closed,
    }  # fmt: skip


def of_plain(enterprise_id: str, name: str, told: Mapping[str, Any]) -> Dossier:
    """The dossier of `as_plain`."""
    return Dossier(
        enterprise_id,
        name,
        fatal=tuple(map(datetime.date.fromisoformat, told.get("fatal", ()))),
        hazards={int(year): (pair[0], pair[1]) for year, pair in told.get("hazards", {}).items()},
        penalties={int(year): number for year, number in told.get("penalties", {}).items()},
        joint_punishment=told.get("joint_punishment", False),
        grade=told.get("grade"),
        grade_until=_day(told.get("grade_until")),
        committed=_day(told.get("committed")),
        exposed=told.get("exposed", ""),
        weak=told.get("weak", ""),
        noted=tuple(
            Noted(
                one["criterion"], one["year"], one["holds"], one["reason"], one["by"],
                datetime.date.fromisoformat(one["on"]),
            )
            for one in told.get("noted", ())
        ),
        supervised=tuple(told.get("supervised", ())),
        closed=told.get("closed", False),
    )  # fmt: skip


def _fatal(dossier: Dossier, year: int, rule: Mapping[str, Any]) -> Held | None:
    first = year - rule["accident_years"]
    days = [day for day in dossier.fatal if first <= day.year <= year]
    if not days:
        return None
    return Held("fatal_accident", Reason(f"{max(days)} 发生死亡事故", f"a fatal accident on {max(days)}"))


def _hazards(dossier: Dossier, year: int, rule: Mapping[str, Any]) -> Held | None:
    pairs = [pair for at, pair in dossier.hazards.items() if year - rule["hazards_years"] <= at < year]
    major, general = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    if not major and general < rule["general_hazards"]:
        return None
    told = f"{_num(major, 'major hazard')}, {_num(general, 'general hazard')}"
    return Held("hazards_last_year", Reason(f"上年重大隐患 {major} 项、一般隐患 {general} 项", told))


def _penalised(dossier: Dossier, year: int, rule: Mapping[str, Any]) -> Held | None:
    number = sum(n for at, n in dossier.penalties.items() if year - rule["penalty_years"] <= at < year)
    if not number:
        return None
    told = "1 penalty" if number == 1 else f"{number} penalties"
    return Held("penalised_last_year", Reason(f"上年处罚 {number} 次", told))


def _num(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _punished(dossier: Dossier, _year: int, _rule: Mapping[str, Any]) -> Held | None:
    if not dossier.joint_punishment:
        return None
    return Held("joint_punishment", Reason("企业档案记为联合惩戒对象", "its profile says that it is"))


def _exposed(dossier: Dossier, year: int, _rule: Mapping[str, Any]) -> Held | None:
    return _by_hand(dossier, year, "exposed", dossier.exposed)


def _weak(dossier: Dossier, year: int, _rule: Mapping[str, Any]) -> Held | None:
    return _by_hand(dossier, year, "weak_management", dossier.weak)


def _standardised(dossier: Dossier, year: int) -> Held | None:
    grade, until = dossier.grade, dossier.grade_until
    if grade is None or grade > STANDARD_GRADE or (until is not None and until < datetime.date(year, 1, 1)):
        return None
    end = "" if until is None else f"，有效期至 {until}"
    end_en = "" if until is None else f", valid until {until}"
    return Held("standardised", Reason(f"标准化 {grade} 级{end}", f"standardisation of grade {grade}{end_en}"))


def _well(dossier: Dossier, year: int) -> Held | None:
    return _by_hand(dossier, year, "well_managed", "")


def _committed(dossier: Dossier, _year: int) -> Held | None:
    if dossier.committed is None:
        return None
    day = dossier.committed
    return Held("publicly_committed", Reason(f"{day} 公开安全承诺", f"published its commitments on {day}"))


def _by_hand(dossier: Dossier, year: int, criterion: str, profile: str) -> Held | None:
    """What was found last for the year; before that, what the profile says."""
    found = [one for one in dossier.noted if (one.criterion, one.year) == (criterion, year)]
    if found:
        last = found[-1]
        return (
            Held(criterion, Reason(f"{last.reason}（{last.by} 认定）", f"{last.reason} (found by {last.by})"))
            if (last.holds)
            else None
        )
    return Held(criterion, Reason(profile, profile)) if profile else None


_MUST: Final = {
    "fatal_accident": _fatal,
    "hazards_last_year": _hazards,
    "penalised_last_year": _penalised,
    "joint_punishment": _punished,
    "exposed": _exposed,
    "weak_management": _weak,
}
_REDUCE: Final = {"standardised": _standardised, "well_managed": _well, "publicly_committed": _committed}


def _text(day: datetime.date | None) -> str | None:
    return None if day is None else str(day)


def _day(text: Any) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)


def known(suggestions: Sequence[Suggestion]) -> dict[str, Suggestion]:
    """The suggestions by enterprise."""
    return {one.dossier.enterprise_id: one for one in suggestions}
