"""A plan as a table: what is taken over, what is refused with row and column, and nothing that is mended."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from domain.filing import text_of
from domain.office.plans import item_id
from domain.plan_capacity import capacity
from domain.plan_table import PlanTable, beside_register, read_plan, write_plan
from schemas.events.plan import PlanItem
from tests.support.facts import AUTHORITY, CALENDAR
from tests.support.shared import samples

HEADER = (
    "单位编号",
    "单位名称",
    "检查类别",
    "检查季度",
    "计划工作日",
    "计划次数",
    "列入依据",
    "减少频次依据",
    "未列入原因",
)


def read(*rows: tuple[str, ...], more: tuple[tuple[str, Any], ...] = ()) -> PlanTable:
    return read_plan([("", rows), *more], year=2026, authority=AUTHORITY)


def faults(table: PlanTable) -> list[tuple[int, str]]:
    return [(fault.row, fault.column) for fault in table.faults]


def test_figures_above_the_header_and_items_below_it() -> None:
    table = read(
        ("示例市应急管理局 2026 年度监督检查计划",),
        ("执法人员数", "8人"), ("人均法定工作日", "248"), ("总法定工作日", "1,984"), ("其他执法工作日", "1035天"),
        ("其他执法工作日", "375", "安全生产科"),
        ("其他执法工作日", "660", "执法大队"), ("其他执法工作日占比", "21%"), ("算式", "24天×8=1984"),
        HEADER,
        ("E-1", "示例一厂", "重点检查", "第一季度", "4", "2", "③、⑤", "", ""),
        ("E-2", "示例二厂", "一般", "4月", "2", "", "", "1", ""),
        ("E-3", "示例三厂", "", "", "", "", "上年受过处罚", "", "已停产"),
    )  # fmt: skip
    assert table.faults == []
    first, second = table.items
    assert (first.enterprise_id, first.kind, first.quarter, first.days, first.visits) == ("E-1", "key", 1, 4, 2)
    assert first.basis == ("penalised_last_year", "exposed")
    assert (second.quarter, second.visits, second.reduced) == (2, UNSET, "standardised")
    assert [(one.enterprise_id, one.reason, one.criteria) for one in table.left_out] == [
        ("E-3", "已停产", ("penalised_last_year",))
    ]
    assert table.figures is not None
    assert (table.figures.officers, table.figures.total, table.figures.other_total) == (8, 1984, 1035)
    assert table.figures.units[0].other == 375
    wrong = {line.what for line in capacity(table.figures, table.items, 2026, CALENDAR).misfits}
    assert wrong == {"formula_1", "share_other"}, "shown, and neither refused nor mended"


def test_a_fault_names_row_column_what_was_expected_and_what_came() -> None:
    table = read(
        HEADER,
        ("E-1", "", "关键", "", "", "", "", "", ""),
        ("", "示例二厂", "一般", "", "", "", "", "", ""),
        ("E-3", "", "", "", "", "", "", "", ""),
        ("E-4", "", "一般", "3-4月", "窗口办理", "0", "9", "", ""),
        ("E-5", "", "一般", "", "", "", "", "", ""),
        ("E-5", "", "重点", "", "", "", "", "", ""),
        ("E-6", "身份证 110101199003074514", "一般", "", "", "", "", "", ""),
    )  # fmt: skip
    assert faults(table) == [
        (2, "检查类别"), (3, "单位编号"), (4, "检查类别"), (5, "检查季度"), (5, "计划工作日"), (5, "计划次数"),
        (5, "列入依据"), (7, ""), (8, "单位名称"),
    ]  # fmt: skip
    assert table.faults[0].came == "关键"
    assert all(fault.zh and fault.en for fault in table.faults)
    assert all("110101" not in fault.came for fault in table.faults), "a personal value is not repeated"
    assert [item.enterprise_id for item in table.items] == ["E-5"]


@pytest.mark.parametrize(
    ("row", "row_of_fault"),
    [
        (("行政许可", "窗口办理"), 1),
        (("实施行政许可", "100"), 0),
        (("执法人员", "8", "执法大队", "x"), 1),
        (("算式", "24天×8"), 1),
        (("监督检查工作日占比", "两成"), 1),
        (("总法定工作日", "52434264919949"), 1),
    ],
)
def test_a_figure_that_cannot_be_read_is_refused_and_not_guessed(row: tuple[str, ...], row_of_fault: int) -> None:
    table = read(row, HEADER, ("E-1", "", "一般", "", "", "", "", "", ""))
    assert [fault.row for fault in table.faults] == [row_of_fault]


def test_figures_may_stand_on_a_sheet_of_their_own() -> None:
    figures = (("执法人员数", "8"), ("总法定工作日", "1984"))
    table = read(HEADER, ("E-1", "", "一般", "", "", "", "", "", ""), more=(("工作日测算", figures),))
    assert table.faults == []
    assert table.figures is not None
    assert table.figures.total == 1984


@pytest.mark.parametrize(
    "header",
    [
        ("单位名称", "检查类别"),
        ("单位编号", "单位编号", "检查类别"),
        ("单位编号", "检查类别", "颜色"),
        ("单位编号", "季度"),
        ("甲", "乙"),
    ],
)
def test_a_header_that_is_not_one_is_told_and_no_row_is_read(header: tuple[str, ...]) -> None:
    table = read(header, tuple("E-1" for _ in header))
    assert table.faults
    assert table.items == []


KEYED = ("单位编号", "检查类别", "检查季度", "未列入原因", "项目编号")


def test_a_draft_with_two_items_of_one_enterprise_comes_back_as_the_table_that_it_was_given_out_as() -> None:
    items = [
        PlanItem(item_id=item_id(AUTHORITY, 2026, name, number), enterprise_id=name, kind="key", quarter=number)
        for name, number in (("E-1", 1), ("E-1", 2), ("E-2", 1))
    ]  # fmt: skip
    _, header, rows = write_plan(items, (), None, {})
    table = read(tuple(header), *(tuple("" if cell is None else str(cell) for cell in row) for row in rows))
    assert table.faults == []
    assert table.items == items
    _, header, _ = write_plan(items[1:], (), None, {})
    assert "项目编号" not in header, "where every enterprise has one item, its id decides nothing"


def test_several_rows_of_an_enterprise_each_name_an_item_of_it_in_this_plan() -> None:
    one, two, other, last_year = (
        text_of(item_id(AUTHORITY, year, name, number))
        for year, name, number in ((2026, "E-1", 1), (2026, "E-1", 2), (2026, "E-2", 1), (2025, "E-1", 1))
    )
    for rows, wrong in (
        ([("E-1", "重点", "", "", one), ("E-1", "重点", "", "", two)], []),
        ([("E-1", "重点", "", "", one), ("E-1", "重点", "", "", one)], [(3, "项目编号")]),
        ([("E-1", "重点", "", "", one), ("E-1", "重点")], [(3, "")]),
        ([("E-1", "重点"), ("E-1", "重点", "", "", two)], [(3, "项目编号")]),
        ([("E-1", "重点", "", "", one), ("E-1", "", "", "停产", two)], [(3, "未列入原因")]),
        ([("E-1", "", "", "停产", one), ("E-1", "重点", "", "", two)], [(3, "未列入原因")]),
        ([("E-1", "重点", "", "", other)], [(2, "项目编号")]),
        ([("E-1", "重点", "", "", last_year)], [(2, "项目编号")]),
        ([("E-1", "重点", "", "", "甲")], [(2, "项目编号")]),
    ):
        assert faults(read(KEYED, *rows)) == wrong, rows


def test_an_id_of_an_item_is_no_telephone_number() -> None:
    like = "0b6d9f5e-3c1d-5e0a-8d7e-a13800138000"
    assert (
        read_plan([("", [KEYED, ("E-1", "重点", "", "", like)])], year=2026, authority=AUTHORITY, revised=True).faults
        == []
    )


def test_the_register_is_held_beside_the_rows() -> None:
    table = read(HEADER, ("E-1", "甲厂", "一般"), ("E-2", "乙厂", "一般"), ("E-3", "丙厂", "一般"))
    notes = beside_register(table, {"E-1": "甲厂", "E-2": "乙工厂"})
    assert [(note.row, note.column, note.came) for note in notes] == [(3, "单位名称", "乙厂"), (4, "单位编号", "E-3")]


def rows_of(sample: dict[str, Any]) -> list[tuple[str, ...]]:
    """A printed plan as a table: every figure of the source under the name that it has on paper."""
    names = {
        "officers": "执法人员数", "statutory_workdays_per_officer": "人均法定工作日",
        "total_statutory_workdays": "总法定工作日", "other_enforcement_workdays": "其他执法工作日",
        "non_enforcement_workdays": "非执法工作日", "inspection_workdays": "监督检查工作日",
        "other_percent_printed": "其他执法工作日占比", "non_percent_printed": "非执法工作日占比",
        "inspection_percent_printed": "监督检查工作日占比", "other_items_text": "实施行政许可",
    }  # fmt: skip
    found = [(name, str(sample[key])) for key, name in names.items() if key in sample]
    if "arithmetic_note" in sample and "算式印作" in sample["arithmetic_note"]:
        found.append(("算式", sample["arithmetic_note"].partition("算式印作")[2].partition("(")[0]))
    for key, name in (("officers_by_unit", "执法人员数"), ("other_by_unit", "其他执法工作日"),
                      ("non_by_unit", "非执法工作日"), ("inspection_by_unit", "监督检查工作日")):  # fmt: skip
        found += [(name, str(value), unit) for unit, value in sample.get(key, {}).items()]
    if "key_visits_planned" in sample:
        found.append(("重点检查次数", str(sample["key_visits_planned"])))
    return found


def test_every_plan_of_the_samples_is_imported_or_refused_with_the_right_reason() -> None:
    outcomes = []
    for sample in samples("plans"):
        rows = rows_of(sample)
        if "officers" in sample:
            # The excerpts name no enterprise: one of our own makes a plan of the figures.
            rows += [HEADER, ("E-1", "示例厂", "重点", "", "4", "", "", "", "")]
        table = read(*rows)
        wrong = {line.what for line in capacity(table.figures, table.items, 2026, CALENDAR).misfits if not line.soft}
        outcomes.append(([(fault.column, fault.en[:34]) for fault in table.faults], wrong))
    shares = {"share_other", "share_non", "share_inspection"}
    assert outcomes[0] == ([], {"formula_1", *shares}), "imported, its faults shown"
    assert outcomes[1] == ([("实施行政许可", "expected a number, not words")], set()), "words where a number is due"
    assert outcomes[2][0][0] == ("重点检查次数", "there is no such figure: did you m"), (
        "a report of what was done is no plan"
    )
    for refused in outcomes[2:]:
        assert refused[0][-1] == ("", "found no header: expected a row wi"), "no item, no plan"
    assert len(outcomes) == 7


def test_our_own_plan_with_the_faults_of_the_samples_is_imported_with_each_of_them_shown() -> None:
    table = read(
        ("执法人员数", "22"), ("人均法定工作日", "247"), ("总法定工作日", "5434"), ("其他执法工作日", "2649"),
        ("非执法工作日", "1994"), ("监督检查工作日", "971"), ("重点检查工作日", "632"), ("一般检查工作日", "340"),
        ("算式", "24天×8=1984"), ("算式", "5434-2649-1994=971"), HEADER, ("E-1", "", "重点", "", "", "", "", "", ""),
    )  # fmt: skip
    assert table.faults == []
    lines = {line.what: line.check for line in capacity(table.figures, table.items, 2019, CALENDAR).misfits}
    assert {"inspection", "key_general", "formula_1", "formula_2"} <= set(lines)
    assert str(lines["formula_2"].would[1]) == "2469", "the number that was meant is shown, and not put in"
