"""The working days of a plan: what the calendar and the numbers make, and what was typed beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET

from domain.plan_capacity import NON, OTHER, capacity, days_of, figures_of, mended, shown, statutory_days
from schemas.events.plan import PlanFigures, PlanItem, PrintedShare, UnitFigures
from tests.support.facts import CALENDAR
from tests.support.shared import samples
from tests.support.vector_parts import uid


def item(kind: Any, days: int | None, number: int = 1) -> PlanItem:
    return PlanItem(item_id=uid(number), enterprise_id=f"E-{number}", kind=kind, days=UNSET if days is None else days)


def told(**fields: Any) -> PlanFigures:
    return PlanFigures(**fields)


@pytest.mark.parametrize(("year", "days"), [(2021, 250), (2025, 248), (2026, 248), (2024, 251)])
def test_statutory_days_are_the_working_days_of_the_published_calendar(year: int, days: int) -> None:
    assert statutory_days(year, CALENDAR) == (days, False)


def test_a_year_without_a_published_calendar_is_provisional() -> None:
    days, provisional = statutory_days(2041, CALENDAR)
    assert provisional
    assert 255 <= days <= 262, "week-ends alone"


def test_days_are_computed_from_the_classes_and_typed_totals_are_never_used() -> None:
    figures = told(
        officers=22, per_person=247, total=5434, other=(2469, *[0] * 9), other_total=2649, non=(1994, *[0] * 6),
        inspection=971, key=632, general=339,
    )  # fmt: skip
    found = capacity(figures, [], 2019, CALENDAR, effort=2)
    assert (found.total, found.other, found.non, found.inspection) == (5434, 2469, 1994, 971)
    assert (found.key, found.general, found.visits) == (632, 339, 485)
    wrong = {line.what: line.check for line in found.misfits if not line.soft}
    assert set(wrong) == {"other"}, "2649 is a misprint of 2469"
    assert wrong["other"].given == 2469
    assert wrong["other"].printed == 2649


def test_what_would_have_to_be_typed_for_a_result_to_come_out_is_shown_for_each_number() -> None:
    found = capacity(told(officers=8, per_person=24, total=1984), [], 2025, CALENDAR)
    wrong = {line.what: shown(line) for line in found.misfits}
    assert wrong["total"]["printed"] == "1984"
    assert wrong["total"]["given"] == "192"
    assert wrong["total"]["would"] == ["248", None], "248 days of eight; no whole number of officers"
    assert mended(wrong["total"]) == [
        {"zh": "人均法定工作日", "en": "statutory days of one officer", "typed": "24", "would": "248"}
    ]
    assert wrong["per_person"]["given"] == "248", "and the calendar says so as well"
    assert mended(wrong["per_person"]) == [], "a comparison has nothing to mend"


def test_each_class_of_days_is_named_where_the_classes_do_not_make_their_total() -> None:
    figures = told(total=5434, other=(10, 10, 10, 400, *[10] * 6), other_total=520, non=(*[1] * 6, 4), non_total=11,
                   inspection=4000)  # fmt: skip
    wrong = {line.what: shown(line) for line in capacity(figures, [], 2025, CALENDAR).misfits}
    other = mended(wrong["other"])
    assert [(one["zh"], one["typed"], one["would"]) for one in other if one["typed"] == "400"] == [
        ("核查举报", "400", "430")
    ]
    assert len(other) == len(OTHER)
    assert [one["en"] for one in mended(wrong["non"])] == [one.en for one in NON]
    assert [one["zh"] for one in mended(wrong["inspection"])] == [
        "总法定工作日", "其他执法工作日（分项合计）", "非执法工作日（分项合计）",
    ], "a sum is told apart from what was typed"  # fmt: skip


def test_units_and_calculations_as_printed_are_named_as_far_as_they_can_be() -> None:
    units = (UnitFigures(unit="执法一队", officers=3), UnitFigures(unit="执法二队", officers=4))
    figures = told(officers=8, units=units, formulas=("24天×8=1984",))
    wrong = {line.what: shown(line) for line in capacity(figures, [], 2025, CALENDAR).misfits}
    assert [(one["zh"], one["would"]) for one in mended(wrong["units_officers"])] == [
        ("执法一队", "4"),
        ("执法二队", "5"),
    ]
    assert mended(wrong["formula_1"]) == [{"zh": "", "en": "", "typed": "24", "would": "248"}]


def test_shares_by_which_nothing_can_come_out_are_kept_as_printed() -> None:
    figures = told(
        total=1984, other_total=1035, non_total=535, inspection=414,
        shares=(PrintedShare(of="other", printed="21%"), PrintedShare(of="inspection", printed="20.9%")),
    )  # fmt: skip
    lines = {line.what: line for line in capacity(figures, [], 2025, CALENDAR).lines}
    assert not lines["share_other"].fits
    assert lines["share_other"].check.given == Decimal("52.2")
    assert lines["share_inspection"].fits
    assert lines["inspection"].fits


def test_the_days_of_the_items_win_over_those_that_were_typed() -> None:
    figures = told(key=10, general=4, inspection=14)
    found = capacity(figures, [item("key", 8), item("general", 4, 2)], 2026, CALENDAR)
    assert (found.key, found.general) == (8, 4)
    assert {line.what for line in found.misfits} == {"key_items"}
    unknown = capacity(figures, [item("key", None), item("general", 4, 2)], 2026, CALENDAR)
    assert (unknown.key, unknown.general) == (10, 4), "an item without its days: what was typed is all there is"


def test_units_must_make_the_whole() -> None:
    units = (UnitFigures(unit="甲", other=375, officers=3), UnitFigures(unit="乙", other=660, officers=5))
    good = capacity(told(other_total=1035, officers=8, units=units), [], 2025, CALENDAR)
    assert good.misfits == ()
    bad = capacity(told(other_total=1036, officers=8, units=units), [], 2025, CALENDAR)
    assert [line.what for line in bad.misfits] == ["units_other"]


def test_a_plan_that_prints_nothing_has_nothing_wrong() -> None:
    found = capacity(None, [], 2026, CALENDAR)
    assert (found.inspection, found.lines) == (None, ())
    assert found.statutory == 248


def test_the_approval_records_the_computation_only_where_every_class_is_told() -> None:
    whole = told(per_person=248, officers=8, other=tuple([1] * 10), non=tuple([1] * 7), total=1984)
    days = days_of(whole)
    assert days is not None
    assert figures_of(days, 8) == whole
    assert days_of(told(per_person=248, other_total=10)) is None


def test_every_printed_plan_is_computed_and_its_faults_are_those_that_were_counted_by_hand() -> None:
    seen = 0
    for row in samples("plans"):
        if row.get("kind") == "completion_report" or row.get("no_arithmetic_in_excerpt"):
            continue
        seen += 1
        shares: Any = tuple(
            PrintedShare(of=name, printed=f"{row[f'{name}_percent_printed']}%")
            for name in ("other", "non", "inspection")
            if f"{name}_percent_printed" in row
        )
        names = {
            "officers": "officers", "per_person": "statutory_workdays_per_officer",
            "total": "total_statutory_workdays", "other_total": "other_enforcement_workdays",
            "non_total": "non_enforcement_workdays", "inspection": "inspection_workdays",
        }  # fmt: skip
        figures = told(**{name: row[of] for name, of in names.items() if of in row}, shares=shares)
        wrong = {line.what for line in capacity(figures, [], row["year"], CALENDAR).misfits}
        assert wrong == (set() if row["arithmetic_ok"] else {"share_other", "share_non", "share_inspection"})
    assert seen == 2
