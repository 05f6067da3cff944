"""How many days a plan has for inspections, and whether what it prints adds up (P150; handbook 6.1).

    statutory days of one officer   the working days of the year in the published calendar
    all statutory days              those × officers
    inspection days                 all − other enforcement (ten classes) − non-enforcement (seven classes)
    key days + general days         the inspection days
    capacity                        inspection days / (officers of a visit × days of a visit)

The invariant: what was typed is kept and never used where it can be computed; each calculation stands with what was
printed, what the numbers make, and for each of them the value with which the printed result would come out.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from msgspec import UNSET

from domain import plan_arithmetic as arithmetic
from domain.matter import Reason
from domain.plan_arithmetic import Check
from domain.printed import Refused
from domain.workdays import DAY, Calendar
from schemas.events.plan import PlanDays, PlanFigures, PlanItem

Basis: TypeAlias = Literal["items", "days"]
OTHER: Final = (
    Reason("综合监督管理", "overall safety supervision"),
    Reason("实施行政许可", "licensing"),
    Reason("事故调查处理", "accident investigation"),
    Reason("核查举报", "verifying tips"),
    Reason("联合执法", "joint enforcement"),
    Reason("登记备案", "registration and filing"),
    Reason("检查中介机构", "inspecting intermediaries"),
    Reason("宣传教育培训", "publicity and training"),
    Reason("行政复议和诉讼", "reconsideration and litigation"),
    Reason("政府和上级交办", "tasks of government or superior"),
)
"""The ten classes of other enforcement days, in the order of the rule."""
NON: Final = (
    Reason("值班", "duty shifts"),
    Reason("学习培训考核会议", "study, training, assessment, meetings"),
    Reason("指导下级", "guiding lower levels"),
    Reason("党群活动", "party activities"),
    Reason("病假事假", "sick and personal leave"),
    Reason("法定年休假等", "statutory leave"),
    Reason("其他非执法工作", "other non-enforcement tasks"),
)
"""The seven classes of non-enforcement days, in the order of the rule."""


OFFICERS: Final = Reason("执法人员数", "officers")
EACH: Final = Reason("人均法定工作日", "statutory days of one officer")
TOTAL: Final = Reason("总法定工作日", "all statutory days")
OTHER_TOTAL: Final = Reason("其他执法工作日", "other enforcement days")
NON_TOTAL: Final = Reason("非执法工作日", "non-enforcement days")
INSPECTION: Final = Reason("监督检查工作日", "inspection days")
KEY: Final = Reason("重点检查工作日", "days of key inspections")
GENERAL: Final = Reason("一般检查工作日", "days of general inspections")
TITLES: Final[Mapping[str, Reason]] = {
    "officers": OFFICERS,
    "per_person": EACH,
    "total": TOTAL,
    "other_total": OTHER_TOTAL,
    "non_total": NON_TOTAL,
    "inspection": INSPECTION,
    "key": KEY,
    "general": GENERAL,
}
"""What the figures that a plan prints are called, by their fields."""


@dataclass(frozen=True, slots=True)
class Line:
    """One calculation of a plan: what it is of, and how it comes out.

    `check.printed` is what stands on the paper. `soft`: it compares with the calendar or with the items, which may have
    a reason; a misfit is shown all the same. `names`: what each of the numbers is called, in their order; none of a
    calculation that the paper prints as a whole.
    """

    what: str
    title: Reason
    check: Check
    soft: bool = False
    names: tuple[Reason, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether it comes out."""
        return self.check.fits


@dataclass(frozen=True, slots=True)
class Capacity:
    """The days of a plan as its numbers make them; None where a number is missing. `provisional`: the calendar of the
    year is not published. `lines` are all calculations that what was printed allows.
    """

    officers: int | None
    statutory: int
    provisional: bool
    per_person: int | None
    total: int | None
    other: int | None
    non: int | None
    inspection: int | None
    key: int | None
    general: int | None
    visits: int | None
    lines: tuple[Line, ...]

    @property
    def misfits(self) -> tuple[Line, ...]:
        """The calculations that do not come out."""
        return tuple(line for line in self.lines if not line.fits)


def statutory_days(year: int, calendar: Calendar, authority: str = "") -> tuple[int, bool]:
    """(working days of a year, whether its calendar is not published yet): 365 or 366 − week-ends − holidays."""
    view = calendar.view(None, authority)
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    days = view.count_workdays(first - DAY, last)
    return days, year not in view.years


def capacity(
    figures: PlanFigures | None,
    items: Sequence[PlanItem],
    year: int,
    calendar: Calendar,
    authority: str = "",
    effort: int | None = None,
) -> Capacity:
    """The days of a plan, and every calculation that it allows. `effort`: officer days of one visit."""
    told = figures if figures is not None else PlanFigures()
    statutory, provisional = statutory_days(year, calendar, authority)
    officers, each = _known(told.officers), _known(told.per_person)
    per_person = statutory if each is None else each
    total = None if officers is None else officers * per_person
    if total is None:
        total = _known(told.total)
    other = sum(told.other) if told.other else _known(told.other_total)
    non = sum(told.non) if told.non else _known(told.non_total)
    inspection = None if total is None or other is None or non is None else total - other - non
    days = _days(items)
    key, general = days if days is not None else (_known(told.key), _known(told.general))
    visits = None if inspection is None or not effort else max(inspection, 0) // effort
    lines = tuple(_lines(told, days, statutory, other, non))
    return Capacity(
        officers, statutory, provisional, each, total, other, non, inspection, key, general, visits, lines
    )  # fmt: skip


def figures_of(days: PlanDays, headcount: int | None) -> PlanFigures:
    """The computation of a plan that was approved with its classes, as figures."""
    return PlanFigures(
        officers=UNSET if headcount is None else headcount, per_person=days.per_person, total=days.total,
        other=days.other, non=days.non, inspection=days.inspection,
    )  # fmt: skip


def days_of(figures: PlanFigures) -> PlanDays | None:
    """What the approval records as the computation: only where each class was given; None where not."""
    if not (figures.other and figures.non) or figures.per_person is UNSET:
        return None
    return PlanDays(
        per_person=figures.per_person, other=figures.other, non=figures.non, total=figures.total,
        inspection=figures.inspection,
    )  # fmt: skip


def shown(line: Line) -> dict[str, Any]:
    """A calculation as a page and its JSON have it; numbers are text, because percentages are not whole."""
    check = line.check
    return {
        "what": line.what, "zh": line.title.zh, "en": line.title.en, "kind": check.kind, "fits": check.fits,
        "soft": line.soft, "numbers": [_plain(one) for one in check.numbers], "printed": _plain(check.printed),
        "given": _plain(check.given), "reading": check.reading,
        "would": [None if one is None else _plain(one) for one in check.would],
        "names": [{"zh": one.zh, "en": one.en} for one in line.names],
    }  # fmt: skip


def mended(line: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each number of a calculation (`shown`) with which it would come out if that one alone were another: its name in
    both languages ("" where it has none), as it was typed (`typed`), and what it would be (`would`).
    """
    if line["soft"]:
        return []
    names = line.get("names") or [{"zh": "", "en": ""}] * len(line["numbers"])
    return [
        {**name, "typed": typed, "would": would}
        for name, typed, would in zip(names, line["numbers"], line["would"], strict=False)
        if would is not None
    ]


def _lines(
    told: PlanFigures, days: tuple[int, int] | None, statutory: int, other: int | None, non: int | None
) -> Iterable[Line]:
    officers, each, total = _known(told.officers), _known(told.per_person), _known(told.total)
    inspection = _known(told.inspection)
    if each is not None:
        yield Line(
            "per_person", Reason("人均法定工作日与当年日历", "statutory days beside the calendar of the year"),
            arithmetic.total("per_person", [statutory], each), soft=True,
        )  # fmt: skip
    if officers is not None and each is not None and total is not None:
        yield Line("total", TOTAL, arithmetic.product("total", [each, officers], total), names=(EACH, OFFICERS))
    for name, title, parts, typed, names in (
        ("other", Reason("其他执法工作日分项合计", "other enforcement days by class"), told.other, told.other_total,
         OTHER),
        ("non", Reason("非执法工作日分项合计", "non-enforcement days by class"), told.non, told.non_total, NON),
    ):  # fmt: skip
        if parts and typed is not UNSET:
            yield Line(name, title, arithmetic.total(name, list(parts), typed), names=names)
    if total is not None and other is not None and non is not None and inspection is not None:
        check = arithmetic.difference("inspection", [total, other, non], inspection)
        subtracted = (
            _summed(OTHER_TOTAL) if told.other else OTHER_TOTAL,
            _summed(NON_TOTAL) if told.non else NON_TOTAL,
        )
        yield Line("inspection", INSPECTION, check, names=(TOTAL, *subtracted))
    key, general = _known(told.key), _known(told.general)
    if key is not None and general is not None and inspection is not None:
        title = Reason("重点加一般检查工作日", "key and general days")
        check = arithmetic.total("key_general", [key, general], inspection)
        yield Line("key_general", title, check, names=(KEY, GENERAL))
    yield from _items_and_units(told, days)
    yield from _shares(told, total, {"other": other, "non": non, "inspection": inspection, "key": key})
    for at, text in enumerate(told.formulas, 1):
        try:
            yield Line(f"formula_{at}", Reason(f"算式 {text}", f"calculation {text}"), arithmetic.formula("", text))
        except Refused:
            continue  # the reader of files refuses it; an act of a program may hold one, and nothing is guessed


def _summed(name: Reason) -> Reason:
    """A total that was made of its classes: what was typed of it is another line."""
    return Reason(f"{name.zh}（分项合计）", f"{name.en} (sum of the classes)")


def _items_and_units(told: PlanFigures, days: tuple[int, int] | None) -> Iterable[Line]:
    if days is not None:
        for name, title, typed, of in (
            ("key_items", Reason("重点检查项目的工作日合计", "days of the key items"), told.key, days[0]),
            ("general_items", Reason("一般检查项目的工作日合计", "days of the general items"), told.general, days[1]),
        ):
            if typed is not UNSET:
                yield Line(name, title, arithmetic.total(name, [of], typed), soft=True)
    whole = {
        "officers": (Reason("各机构执法人员合计", "officers by unit"), told.officers),
        "other": (Reason("各机构其他执法工作日合计", "other enforcement days by unit"), told.other_total),
        "non": (Reason("各机构非执法工作日合计", "non-enforcement days by unit"), told.non_total),
        "inspection": (Reason("各机构监督检查工作日合计", "inspection days by unit"), told.inspection),
    }
    for name, (title, typed) in whole.items():
        parts = [getattr(unit, name) for unit in told.units]
        if typed is not UNSET and parts and all(part is not UNSET for part in parts):
            units = tuple(Reason(unit.unit, unit.unit) for unit in told.units)
            yield Line(f"units_{name}", title, arithmetic.total(name, parts, typed), names=units)


def _shares(told: PlanFigures, total: int | None, parts: dict[str, int | None]) -> Iterable[Line]:
    titles = {
        "other": Reason("其他执法工作日占比", "share of other enforcement days"),
        "non": Reason("非执法工作日占比", "share of non-enforcement days"),
        "inspection": Reason("监督检查工作日占比", "share of inspection days"),
        "key": Reason("重点检查工作日占比", "share of key days"),
    }
    for share in told.shares:
        whole = parts["inspection"] if share.of == "key" else total
        part = parts[share.of]
        if not whole or part is None:
            continue
        try:
            printed = arithmetic.percent(share.printed)
        except Refused:
            continue
        yield Line(f"share_{share.of}", titles[share.of], arithmetic.share(share.of, part, whole, printed))


def _days(items: Sequence[PlanItem]) -> tuple[int, int] | None:
    """(key, general) days of the items; None where there are none or one does not give its own."""
    if not items:
        return None
    found = {"key": 0, "general": 0}
    for item in items:
        if item.days is UNSET:
            return None
        found[item.kind] += item.days
    return found["key"], found["general"]


def _known(value: Any) -> int | None:
    return None if value is UNSET else value


def _plain(number: Decimal) -> str:
    return f"{number:f}"
