"""A revised plan beside the plan in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.filing import text_of
from domain.office.plans import item_id
from domain.plan_difference import Difference, difference
from domain.plan_table import PlanTable, read_plan, write_plan
from schemas.events.plan import LeftOut, PlanFigures, PlanItem, PrintedShare, UnitFigures

A, YEAR = "210500", 2026
HEADER = ("单位编号", "检查类别", "检查季度", "计划工作日", "计划次数", "说明", "未列入原因", "调整原因")


def standing(*numbers: int, **more: Any) -> dict[bytes, PlanItem]:
    found = {}
    for n in numbers:
        name = item_id(A, YEAR, f"E-{n}")
        told = {"kind": "key", "quarter": 1, "days": 4, **more}
        found[name] = PlanItem(item_id=name, enterprise_id=f"E-{n}", **told)
    return found


def table(*rows: Sequence[str], header: Sequence[str] = HEADER, above: Sequence[Sequence[str]] = ()) -> PlanTable:
    found = read_plan([("", [*above, header, *rows])], year=YEAR, authority=A, revised=True)
    assert found.faults == []
    return found


def beside(found: PlanTable, items: dict[bytes, PlanItem], **more: Any) -> Difference:
    return difference(found, items, authority=A, year=YEAR, reason="年中调整", **more)


def told(found: Difference) -> list[tuple[int, str, str, str, tuple[Any, ...]]]:
    return [
        (one.row, one.change.action, one.change.item.enterprise_id, one.change.reason, one.fields) for one in found.rows
    ]


def test_each_row_is_added_changed_left_out_or_the_same_and_keeps_the_id_of_its_item() -> None:
    items = standing(1, 2, 3, 4)
    found = beside(
        table(
            ("E-1", "重点", "一季度", "4"),
            ("E-2", "一般", "二季度", "6", "", "", "", "扩建停工"),
            ("E-3", "", "", "", "", "", "已停产"),
            ("E-4", "重点", "一季度", "5", "2"),
            ("E-5", "一般", "三季度", "2", "", "", "", "新开工"),
        ),
        items,
    )
    assert found.faults == ()
    assert told(found) == [
        (3, "changed", "E-2", "扩建停工", (("kind", "key", "general"), ("quarter", 1, 2), ("days", 4, 6))),
        (5, "changed", "E-4", "年中调整", (("days", 4, 5), ("visits", 1, 2))),
        (6, "added", "E-5", "新开工", ()),
        (4, "removed", "E-3", "已停产", ()),
    ]
    assert (found.same, found.count("added"), found.count("removed"), found.count("changed")) == (1, 1, 1, 2)
    assert [one.enterprise_id for one in found.items] == ["E-1", "E-2", "E-4", "E-5"]
    assert found.items[1].item_id in items


def test_an_item_that_the_table_does_not_name_is_a_fault_and_never_a_quiet_removal() -> None:
    items = standing(1, 2, 3)
    found = beside(table(("E-1", "重点", "一季度", "4")), items, states={item_id(A, YEAR, "E-3"): "concluded"})
    assert [(one.came, "未列入原因" in one.zh) for one in found.faults] == [("E-2", True), ("E-3", False)]
    assert found.rows == ()


def test_what_was_inspected_cannot_be_left_out() -> None:
    rows = table(("E-1", "重点", "一季度", "4"), ("E-2", "", "", "", "", "", "停产"))
    for state, faults in (("assigned", 0), ("entered", 1), ("concluded", 1)):
        found = beside(rows, standing(1, 2), states={item_id(A, YEAR, "E-2"): state})
        assert len(found.faults) == faults, state


def test_a_column_that_the_table_does_not_have_leaves_what_stands_there() -> None:
    items = standing(1, method="暗查", note="x", basis=("exposed",), decided_by="exposed")
    short = table(("E-1", "重点"), header=("单位编号", "检查类别"))
    assert beside(short, items).rows == ()
    cleared = table(("E-1", "重点", "", "4"), header=("单位编号", "检查类别", "检查方式", "计划工作日"))
    assert [one.fields for one in beside(cleared, items).rows] == [(("method", "暗查", None),)]
    marks = table(("E-1", "重点", ""), header=("单位编号", "检查类别", "列入依据"))
    assert beside(marks, items).rows == (), "criteria that the records wrote are not taken out by an empty cell"


def test_one_visit_is_what_no_number_says() -> None:
    assert beside(table(("E-1", "重点", "一季度", "4", "1")), standing(1)).rows == ()
    assert beside(table(("E-1", "重点", "一季度", "4")), standing(1, visits=1)).rows == ()


def test_an_item_that_was_taken_out_before_comes_back_under_an_id_of_its_own() -> None:
    gone = item_id(A, YEAR, "E-2")
    found = beside(table(("E-1", "重点", "一季度", "4"), ("E-2", "重点", "一季度", "4")), standing(1), gone={gone})
    (row,) = found.rows
    assert row.change.item.item_id == item_id(A, YEAR, "E-2", 2)


KEYED = ("单位编号", "检查类别", "检查季度", "计划工作日", "未列入原因", "项目编号")


def twice(number: int = 1) -> dict[bytes, PlanItem]:
    """A plan with two items of one enterprise: key in the first quarter, general in the third."""
    items, second = standing(number), item_id(A, YEAR, f"E-{number}", 2)
    items[second] = PlanItem(item_id=second, enterprise_id=f"E-{number}", kind="general", quarter=3, days=2)
    return items


def test_of_two_items_of_one_enterprise_each_row_changes_the_one_that_it_names() -> None:
    items = {**twice(), **standing(2)}
    first, second = (text_of(one) for one in list(items)[:2])
    rows = [("E-1", "一般", "四季度", "2", "", second), ("E-1", "重点", "一季度", "4", "", first.upper())]
    found = beside(table(*rows, ("E-2", "重点", "一季度", "4"), header=KEYED), items)
    assert found.faults == ()
    assert [(row, name, fields) for row, _, name, _, fields in told(found)] == [(2, "E-1", (("quarter", 3, 4),))]
    assert found.rows[0].change.item.item_id.hex() == second.replace("-", "")
    assert found.same == 2


def test_a_row_that_does_not_say_which_of_two_items_it_is_is_a_fault_that_names_the_column() -> None:
    for header in (HEADER, KEYED):
        found = beside(table(("E-1", "重点", "一季度", "4"), header=header), twice())
        assert [(one.row, one.column, one.came) for one in found.faults] == [(2, "项目编号", "E-1")]
    short = beside(table(("E-1", "重点", "一季度", "4", "", text_of(item_id(A, YEAR, "E-1"))), header=KEYED), twice())
    second = text_of(item_id(A, YEAR, "E-1", 2))
    assert [(one.row, one.column, one.came) for one in short.faults] == [(0, "项目编号", second)], (
        "never quietly removed"
    )


def test_one_of_two_items_is_taken_out_by_its_row_and_both_by_one_row_of_the_enterprise() -> None:
    first, second = (text_of(item_id(A, YEAR, "E-1", number)) for number in (1, 2))
    rows = (("E-1", "重点", "一季度", "4", "", first), ("E-1", "", "", "", "改为专项", second))
    found = beside(table(*rows, header=KEYED), twice())
    assert found.faults == ()
    assert [(row, action, why) for row, action, _, why, _ in told(found)] == [(3, "removed", "改为专项")]
    assert (found.same, found.left_out, len(found.items)) == (1, (), 1)
    done = beside(table(*rows, header=KEYED), twice(), states={item_id(A, YEAR, "E-1", 2): "entered"})
    assert [(one.row, one.column) for one in done.faults] == [(3, "未列入原因")]
    whole = beside(table(("E-1", "", "", "", "停产", ""), ("E-2", "重点"), header=KEYED), twice())
    assert [one.change.item.item_id.hex() for one in whole.rows if one.change.action == "removed"] == [
        first.replace("-", ""), second.replace("-", ""),
    ]  # fmt: skip


def test_an_item_that_the_plan_does_not_have_or_has_of_another_enterprise_is_a_fault() -> None:
    other, gone = text_of(item_id(A, YEAR, "E-2")), text_of(item_id(A, YEAR, "E-1", 3))
    for name, left_out in ((other, ""), (gone, ""), (gone, "停产")):
        row = ("E-1", "重点", "一季度", "4", left_out, name)
        found = beside(table(row, ("E-2", "重点", "一季度", "4"), header=KEYED), standing(1, 2))
        assert (2, "项目编号", name) in [(one.row, one.column, one.came) for one in found.faults]


def test_changed_days_of_the_plan_are_told_by_name_and_a_table_without_figures_leaves_them() -> None:
    before = PlanFigures(officers=8, total=1984, other=(10,) * 10, shares=(PrintedShare(of="other", printed="5%"),))
    classes = [("综合监督管理", "12"), *[(name, "10") for name in (
        "实施行政许可", "事故调查处理", "核查举报", "联合执法", "登记备案", "检查中介机构", "宣传教育培训",
        "行政复议和诉讼", "政府和上级交办")]]  # fmt: skip
    rows = table(
        ("E-1", "重点", "一季度", "4"), above=[("执法人员数", "9"), ("总法定工作日", "1984"), *classes]
    )  # fmt: skip
    found = beside(rows, standing(1), figures=before)
    assert [(one.zh, one.before, one.after) for one in found.days] == [
        ("执法人员数", "8", "9"), ("综合监督管理", "10", "12"), ("占比", "1", "0"),
    ]  # fmt: skip
    assert found.figures == rows.figures
    bare = beside(table(("E-1", "重点", "一季度", "4")), standing(1), figures=before)
    assert (bare.days, bare.figures) == ((), None)


def test_new_reasons_for_leaving_a_candidate_out_come_along_and_old_ones_do_not() -> None:
    rows = table(
        ("E-1", "重点", "一季度", "4"), ("E-8", "", "", "", "", "", "停产"), ("E-9", "", "", "", "", "", "搬迁")
    )
    known = {"E-8": LeftOut(enterprise_id="E-8", reason="停产")}
    found = beside(rows, standing(1), left_out=known)
    assert [one.enterprise_id for one in found.left_out] == ["E-9"]


def test_the_plan_in_force_as_a_table_says_nothing_new_when_it_comes_back() -> None:
    items = standing(1, method="暗查", note="上年有事故", basis=("fatal_accident", "weak_management"),
                     decided_by="fatal_accident", reduced="well_managed", visits=2)  # fmt: skip
    items |= standing(2, kind="general", quarter=4) | twice(3)
    figures = PlanFigures(
        officers=8, per_person=248, total=1984, other=(10,) * 10, non=(5,) * 7, other_total=100,
        shares=(PrintedShare(of="other", printed="5%"),), formulas=("248天×8=1984",),
        units=(UnitFigures(unit="执法一队", officers=8),),
    )  # fmt: skip
    left_out = {"E-7": LeftOut(enterprise_id="E-7", criteria=("exposed",), reason="停产")}
    above, header, rows = write_plan(items.values(), left_out.values(), figures, {"E-1": "示例一厂"})
    text = [["" if cell is None else str(cell) for cell in row] for row in (*above, header, *rows)]
    found = read_plan([("计划", text)], year=YEAR, authority=A, revised=True)
    assert found.faults == []
    assert found.figures == figures
    assert found.names["E-1"][1] == "示例一厂"
    same = beside(found, items, left_out=left_out, figures=figures)
    assert (same.rows, same.same, same.left_out, same.days) == ((), 4, (), ())
