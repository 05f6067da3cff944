"""An annual plan as a table: what it prints of its working days, and one row for each enterprise to be inspected.

A file is one sheet, or several: rows `name, value` (and a unit in the third cell) with the figures stand above the
header or on a sheet of their own; below the header each row is an item, or an enterprise that is left out with its
reason. An enterprise has one row, or several that each name their item. The invariant: what is typed is taken over as
it is or refused with row and column; a total is kept beside what its parts make, and nothing is added up, filled in or
moved.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET

from domain import codes, plan_arithmetic
from domain.import_columns import Column, Wrong, listed, one_of, reference, text
from domain.imports import MAX_SHOWN, Fault, personal
from domain.office.plans import item_id
from domain.plan_capacity import NON, OTHER
from domain.plan_criteria import MUST, NAMES, REDUCE
from domain.printed import Refused, close
from schemas.events.plan import LeftOut, PlanFigures, PlanItem, PrintedShare, UnitFigures

_QUARTER: Final = re.compile(r"(?:第?([一二三四1-4])季度?|[Qq]([1-4])|([1-4]))")
_MONTH: Final = re.compile(r"(\d{1,2})月?(?:[-~至到](\d{1,2}))?月")
_CIRCLED: Final = {mark: number for number, mark in enumerate("①②③④⑤⑥", 1)}


def _quarter(cell: str) -> int:
    word = close(cell)
    found = _QUARTER.fullmatch(word)
    if found is not None:
        digit = next(group for group in found.groups() if group)
        return "一二三四".index(digit) + 1 if digit in "一二三四" else int(digit)
    months = _MONTH.fullmatch(word)
    if months is not None:
        quarters = {(int(month) + 2) // 3 for month in months.groups() if month and 1 <= int(month) <= 12}
        if len(quarters) == 1:
            return quarters.pop()
    raise Wrong(
        "应为一个季度，如 一季度，或同一季度内的月份，如 3月", "expected a quarter (1 to 4), or months within one"
    )


def _count(cell: str) -> int:
    return plan_arithmetic.count(cell)


def _visits(cell: str) -> int:
    number = plan_arithmetic.count(cell)
    if not 1 <= number <= 366:
        raise Wrong("检查次数应为 1 到 366", "expected 1 to 366 visits")
    return number


def _criteria(names: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """A list of criteria: by name, by number or by circled number."""
    known = {name: name for name in names} | {NAMES[name].zh: name for name in names}
    known |= {str(number): name for number, name in enumerate(names, 1)}
    known |= {mark: names[number - 1] for mark, number in _CIRCLED.items() if number <= len(names)}

    def read(cell: str) -> tuple[str, ...]:
        parts = [part for word in listed(cell) for part in (word if set(word) <= set(_CIRCLED) else [word])]
        found = []
        for part in parts:
            name = known.get(part) or known.get(close(part).lower())
            if name is None:
                near = difflib.get_close_matches(part, [NAMES[one].zh for one in names], n=1)
                raise Wrong(
                    f"应为 {'、'.join(f'{number} {NAMES[one].zh}' for number, one in enumerate(names, 1))}"
                    + (f"；是否为 {near[0]}" if near else ""),
                    f"expected criteria: {', '.join(f'{at} {NAMES[one].en}' for at, one in enumerate(names, 1))}",
                )
            found.append(name)
        return tuple(name for name in names if name in found)

    return read


def _item(cell: str) -> bytes:
    try:
        return UUID(close(cell)).bytes
    except ValueError:
        raise Wrong(
            "应为计划项目的编号，照现行计划表格填写；新增的项目不填",
            "expected the id of an item, as the table of the plan has it; a new item has none",
        ) from None


COLUMNS: Final = (
    Column("enterprise_id", ("单位编号", "企业编号"), reference),
    Column("uscc", ("统一社会信用代码", "信用代码"), codes.parse_uscc),
    Column("name", ("单位名称", "企业名称", "检查单位", "检查对象", "名称"), text(128)),
    Column(
        "kind", ("检查类别", "类别", "检查类型"), one_of("检查类别", key="重点 重点检查", general="一般 一般检查"), True
    ),
    Column("quarter", ("检查季度", "季度", "检查时间", "计划时间"), _quarter),
    Column("days", ("计划工作日", "工作日", "所需工作日"), _count),
    Column("visits", ("计划次数", "检查次数", "检查频次"), _visits),
    Column("basis", ("列入依据", "符合的列入条件"), _criteria(MUST)),
    Column("reduced", ("减少频次依据",), _criteria(REDUCE)),
    Column("method", ("检查方式和内容", "检查方式", "检查内容"), text(500)),
    Column("note", ("说明", "备注"), text(500)),
    Column("left_out", ("未列入原因",), text(500)),
    Column("changed", ("调整原因",), text(500)),
    Column("item", ("项目编号", "计划项目编号"), _item),
)
"""Columns of the items. A row with a reason why it is left out is no item. Why an item is changed is asked for of a
revised plan alone. Rows of one enterprise are told apart by `item`, which a plan needs only where there are several.
"""
MOST_NUMBERED: Final = 99
"""Items of one enterprise that a draft may name."""
_COUNTS: Final[Mapping[str, tuple[str, ...]]] = {
    "officers": ("执法人员数", "执法人员", "在编执法人员"),
    "per_person": ("人均法定工作日", "每人法定工作日", "个人法定工作日"),
    "total": ("总法定工作日",),
    "other_total": ("其他执法工作日",),
    "non_total": ("非执法工作日",),
    "inspection": ("监督检查工作日",),
    "key": ("重点检查工作日",),
    "general": ("一般检查工作日",),
}
_SHARES: Final[Mapping[str, str]] = {
    "其他执法工作日占比": "other",
    "非执法工作日占比": "non",
    "监督检查工作日占比": "inspection",
    "重点检查工作日占比": "key",
}
_FORMULA: Final = "算式"
_UNITS: Final[Mapping[str, str]] = {
    "officers": "officers",
    "other_total": "other",
    "non_total": "non",
    "inspection": "inspection",
}
_FIGURES: Final[Mapping[str, tuple[str, Any]]] = {
    **{word: ("count", name) for name, words in _COUNTS.items() for word in (name, *words)},
    **{one.zh: ("other", at) for at, one in enumerate(OTHER)},
    **{one.zh: ("non", at) for at, one in enumerate(NON)},
    **{word: ("share", name) for word, name in _SHARES.items()},
    _FORMULA: ("formula", None),
}
"""What figures are called, and what each of them is."""


@dataclass(slots=True)
class PlanTable:
    """What a file gives: items, enterprises left out, figures, faults by row, and what was passed over."""

    items: list[PlanItem] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    figures: PlanFigures | None = None
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    rows: int = 0
    names: dict[str, tuple[int, str]] = field(default_factory=dict)
    """{enterprise: (its first row, name as typed)}, to be held against the register."""
    places: list[int] = field(default_factory=list)
    """The row of each of `items`."""
    reasons: dict[int, str] = field(default_factory=dict)
    """{row: why its item is another than before}, of a revised plan."""
    keyed: set[int] = field(default_factory=set)
    """Rows that say which item of the plan they are."""
    taken_out: dict[bytes, tuple[int, LeftOut]] = field(default_factory=dict)
    """{item: (row, its enterprise and why)}: one item that leaves a plan that is revised, not its enterprise."""
    columns: frozenset[str] = frozenset()
    """The columns that the header names."""


@dataclass(slots=True)
class _Told:
    """Figures while they are read."""

    counts: dict[str, int] = field(default_factory=dict)
    other: dict[int, int] = field(default_factory=dict)
    non: dict[int, int] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)
    formulas: list[str] = field(default_factory=list)
    units: dict[str, dict[str, int]] = field(default_factory=dict)
    seen: dict[tuple[str, Any, str], int] = field(default_factory=dict)


def read_plan(
    sheets: Sequence[tuple[str, Sequence[Sequence[str]]]], *, year: int, authority: str, revised: bool = False
) -> PlanTable:
    """Read a plan. `sheets` are (title, rows of text); the first one with a header of items holds the items.

    `revised`: it is to be held against a plan in force, which then says whether it has the items that rows name.
    """
    table = PlanTable()
    told = _Told()
    header = _header(sheets)
    for at, (title, rows) in enumerate(sheets):
        last = len(rows) if header is None or header[0] != at else header[1]
        for number, row in enumerate(rows[:last], 1):
            _figure(number, title if at else "", row, told, table)
    if header is None:
        table.faults.append(
            Fault(
                0, "", "没有找到表头：应有一行写明 检查类别，以及 单位编号 或 统一社会信用代码",
                "found no header: expected a row with the columns 检查类别 (kind) and 单位编号 (enterprise_id) or "
                "统一社会信用代码 (uscc)",
            )
        )  # fmt: skip
    else:
        _items(sheets[header[0]][1], header[1], table, year, authority, revised)
    table.figures = _figures(told, table)
    return table


def beside_register(table: PlanTable, names: Mapping[str, str]) -> list[Fault]:
    """Notes on enterprises that the register does not have, or has under another name. `names`: {enterprise: name}."""
    found = []
    for enterprise, (row, name) in table.names.items():
        if enterprise not in names:
            found.append(
                Fault(
                    row, "单位编号", "一企一档中没有这家单位，无法核对列入条件",
                    "the register does not have this enterprise: its criteria cannot be worked out", enterprise,
                )
            )  # fmt: skip
        elif name and names[enterprise] and name != names[enterprise]:
            found.append(
                Fault(
                    row, "单位名称", f"档案中的名称为 {names[enterprise]}",
                    f"the register calls it {names[enterprise]}", name,
                )
            )  # fmt: skip
    return found


def write_plan(
    items: Iterable[PlanItem],
    left_out: Iterable[LeftOut],
    figures: PlanFigures | None,
    names: Mapping[str, str],
    *,
    more: Sequence[PlanItem] = (),
    reason: str = "",
) -> tuple[list[tuple[str | int, ...]], list[str], list[list[str | int | None]]]:
    """A plan as `read_plan` reads it: figures above, header, rows. `names`: {enterprise: what it is called}.

    Who sends the table back unchanged says nothing new. Where an enterprise has several items, each row names its own.
    `more`: items that the plan does not have yet, each proposed for `reason`.
    """
    items = list(items)
    several = len({item.enterprise_id for item in items}) < len(items)
    columns = [column for column in COLUMNS if column.name not in ("uscc", *(() if several else ("item",)))]
    rows = [_row(columns, _of_item(item, names) | {"item": str(UUID(bytes=item.item_id))}) for item in items]
    rows += [_row(columns, _of_item(item, names) | {"changed": reason}) for item in more]
    proposed = {item.enterprise_id for item in more}
    for one in left_out:
        if one.enterprise_id not in proposed:
            told = {"enterprise_id": one.enterprise_id, "name": names.get(one.enterprise_id), "left_out": one.reason}
            rows.append(_row(columns, told | {"basis": _marks(MUST, one.criteria)}))
    return [] if figures is None else list(_printed(figures)), [column.zh[0] for column in columns], rows


def _of_item(item: PlanItem, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "enterprise_id": item.enterprise_id, "name": names.get(item.enterprise_id),
        "kind": "重点" if item.kind == "key" else "一般",
        "quarter": UNSET if item.quarter is UNSET else f"{'一二三四'[item.quarter - 1]}季度",
        "days": item.days, "visits": item.visits, "basis": _marks(MUST, item.basis),
        "reduced": UNSET if item.reduced is UNSET else _marks(REDUCE, (item.reduced,)),
        "method": item.method, "note": item.note,
    }  # fmt: skip


def _row(columns: Sequence[Column], told: Mapping[str, Any]) -> list[str | int | None]:
    values = [told.get(column.name) for column in columns]
    return [None if value is UNSET or value == "" else value for value in values]


def _marks(names: Sequence[str], held: Sequence[str]) -> str:
    """Criteria by their circled numbers, which is how a cell may name several."""
    return "".join(mark for mark, number in _CIRCLED.items() if number <= len(names) and names[number - 1] in held)


def _printed(figures: PlanFigures) -> Iterable[tuple[str | int, ...]]:
    for name, words in _COUNTS.items():
        value = getattr(figures, name)
        if value is not UNSET:
            yield words[0], value
    for classes, told in ((OTHER, figures.other), (NON, figures.non)):
        yield from ((one.zh, value) for one, value in zip(classes, told, strict=False))
    for word, of in _SHARES.items():
        yield from ((word, share.printed) for share in figures.shares if share.of == of)
    yield from ((_FORMULA, text) for text in figures.formulas)
    for unit in figures.units:
        for name, part in _UNITS.items():
            value = getattr(unit, part)
            if value is not UNSET:
                yield _COUNTS[name][0], value, unit.unit


def _header(sheets: Sequence[tuple[str, Sequence[Sequence[str]]]]) -> tuple[int, int] | None:
    """(sheet, row) of the header of the items."""
    names = {word for column in COLUMNS for word in (column.name, *column.zh)}
    for at, (_, rows) in enumerate(sheets):
        for number, row in enumerate(rows):
            cells = {cell.strip().lstrip("\ufeff") for cell in row}
            if len(cells & names) >= 2 and not any(cell in _FIGURES for cell in cells):
                return at, number
    return None


def _items(
    rows: Sequence[Sequence[str]], header: int, table: PlanTable, year: int, authority: str, revised: bool
) -> None:
    places = _places(rows[header], header + 1, table)
    if table.faults:
        return
    table.columns = frozenset(column.name for column in places if column is not None)
    seen: dict[str, dict[bytes, tuple[int, bool]]] = {}
    for number, row in enumerate(rows[header + 1 :], header + 2):
        if not any(cell.strip() for cell in row):
            continue
        table.rows += 1
        found, wrong = _cells(places, number, row)
        if not wrong:
            name = _enterprise(found)
            if name is None:
                wrong.append(
                    Fault(
                        number, "单位编号", "应有单位编号，或完整（未遮盖）的统一社会信用代码",
                        "expected an enterprise id, or a whole social credit code",
                    )
                )  # fmt: skip
            elif fault := _again(found, number, seen.setdefault(name, {}), revised):
                wrong.append(fault)
            elif "left_out" in found:
                _leave(found, name, number, table, revised)
            else:
                _plan(found, name, number, table, wrong, year, authority, revised)
        table.faults += wrong
    if not table.rows and not table.faults:
        table.faults.append(Fault(header + 2, "", "表头之下应有计划项目", "expected items below the header"))


def _again(found: Mapping[str, Any], number: int, seen: dict[bytes, tuple[int, bool]], revised: bool) -> Fault | None:
    """What is wrong with a row because of others of its enterprise; `seen`: {item or b"": (row, left out)}."""
    item, leaves = found.get("item", b""), "left_out" in found
    same = seen.get(item) or (None if item and b"" not in seen else next(iter(seen.values()), None))
    if same is not None:
        return Fault(
            number, "项目编号" if item else "",
            f"与第 {same[0]} 行是同一单位；写成一行，用 计划次数 说明检查几次；计划中有几个项目的，各行写明 项目编号",
            f"the same enterprise as row {same[0]}: put it once, with its number of visits; where the plan has several "
            "items of it, each row names its own under 项目编号 (item)",
        )  # fmt: skip
    if not revised and any(before != leaves for _, before in seen.values()):
        return Fault(
            number, "未列入原因", "草案另有这家单位的项目；不要的项目，删去所在的行",
            "the draft has another item of this enterprise: strike out the row of an item that is not wanted",
        )  # fmt: skip
    seen[item] = (number, leaves)
    return None


def _plan(
    found: dict[str, Any], name: str, number: int, table: PlanTable, wrong: list[Fault], year: int, authority: str,
    revised: bool,
) -> None:  # fmt: skip
    if "kind" not in found:
        wrong.append(Fault(number, "检查类别", "此列必填", "this column must not be empty"))
        return
    reduced = found.get("reduced", ())
    if len(reduced) > 1:
        wrong.append(Fault(number, "减少频次依据", "只写一个起作用的条件", "name the one criterion that is relied on"))
        return
    item = found.get("item") or item_id(authority, year, name)
    if "item" in found and not revised and not _numbered(item, authority, year, name):
        wrong.append(
            Fault(
                number, "项目编号", "不是本年度计划中这家单位的项目；新的项目不填编号",
                "no item of this enterprise in the plan of this year; a new item has no id",
            )
        )  # fmt: skip
        return
    table.names.setdefault(name, (number, found.get("name", "")))
    if "changed" in found:
        table.reasons[number] = found["changed"]
    if "item" in found:
        table.keyed.add(number)
    table.places.append(number)
    table.items.append(
        PlanItem(
            item_id=item, enterprise_id=name, kind=found["kind"],
            quarter=found.get("quarter", UNSET), days=found.get("days", UNSET), visits=found.get("visits", UNSET),
            basis=found.get("basis", ()), reduced=reduced[0] if reduced else UNSET,
            method=found.get("method", UNSET), note=found.get("note", UNSET),
        )
    )  # fmt: skip


def _numbered(item: bytes, authority: str, year: int, enterprise: str) -> bool:
    return any(item == item_id(authority, year, enterprise, number) for number in range(1, MOST_NUMBERED + 1))


def _leave(found: dict[str, Any], name: str, number: int, table: PlanTable, revised: bool) -> None:
    table.names.setdefault(name, (number, found.get("name", "")))
    one = LeftOut(enterprise_id=name, criteria=found.get("basis", ()), reason=found["left_out"])
    if revised and "item" in found:
        table.taken_out[found["item"]] = (number, one)
    else:
        table.left_out.append(one)


def _enterprise(found: Mapping[str, Any]) -> str | None:
    if "enterprise_id" in found:
        return str(found["enterprise_id"])
    code: codes.Code | None = found.get("uscc")
    return None if code is None or code.masked else code.value


def _places(header: Sequence[str], number: int, table: PlanTable) -> list[Column | None]:
    names = {word: column for column in COLUMNS for word in (column.name, *column.zh)}
    places: list[Column | None] = []
    for cell in header:
        title = cell.strip().lstrip("\ufeff")
        column = names.get(title) or names.get(title.lower())
        if column is not None and column in places:
            table.faults.append(Fault(number, title, "同一列出现了两次", "the same column twice"))
        elif column is None and title and title not in ("序号", "编号"):
            near = difflib.get_close_matches(title, names, n=2)
            table.faults.append(
                Fault(
                    number, title[:MAX_SHOWN], "没有这一列" + (f"，是否为 {'、'.join(near)}" if near else ""),
                    "there is no such column" + (f": did you mean {' or '.join(near)}?" if near else ""),
                )
            )  # fmt: skip
        places.append(column)
    if not any(column is not None and column.name == "kind" for column in places):
        table.faults.append(Fault(number, "检查类别", "缺少这一列", "expected a column 检查类别 (kind)"))
    if not any(column is not None and column.name in ("enterprise_id", "uscc") for column in places):
        table.faults.append(
            Fault(
                number, "单位编号", "缺少这一列（或 统一社会信用代码）",
                "expected a column 单位编号 (enterprise_id) or 统一社会信用代码 (uscc)",
            )
        )  # fmt: skip
    return places


def _cells(places: Sequence[Column | None], number: int, row: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
    found: dict[str, Any] = {}
    wrong: list[Fault] = []
    for place, cell in enumerate(row):
        told = cell.strip()
        if not told:
            continue
        if place >= len(places):
            wrong.append(Fault(number, "", "单元格多于表头的列", "more cells than the header has columns"))
            break
        column = places[place]
        if column is None:
            continue
        if personal(column, told):
            wrong.append(
                Fault(
                    number, column.zh[0], "内容含公民身份号码或手机号码，不得写入",
                    "the cell holds a citizen id or a telephone number: take it out",
                )
            )  # fmt: skip
            continue
        try:
            found[column.name] = column.read(told)
        except (Refused, Wrong) as fault:
            wrong.append(Fault(number, column.zh[0], fault.zh, fault.en, told[:MAX_SHOWN]))
    return found, wrong


def _figure(number: int, sheet: str, row: Sequence[str], told: _Told, table: PlanTable) -> None:
    """One row `name, value` or `name, value, unit`; a title or a blank row is passed over."""
    cells = [cell.strip().lstrip("\ufeff") for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    if not cells or not cells[0]:
        return
    known = _FIGURES.get(cells[0])
    where = f"{sheet} {cells[0]}".strip()[:MAX_SHOWN]
    if known is None:
        if len(cells) > 1:
            near = difflib.get_close_matches(cells[0], _FIGURES, n=2)
            table.faults.append(
                Fault(
                    number, where, "没有这个数据项" + (f"，是否为 {'、'.join(near)}" if near else ""),
                    "there is no such figure" + (f": did you mean {' or '.join(near)}?" if near else ""),
                )
            )  # fmt: skip
        else:
            table.notes.append(Fault(number, where, "标题行，略过", "a title, passed over"))
        return
    if len(cells) < 2 or not cells[1] or len(cells) > 3:
        table.faults.append(
            Fault(
                number,
                where,
                "应为 名称、数值（分机构的再写机构）",
                "expected a name, its value, and a unit if it is of one",
            )
        )
        return
    unit = cells[2] if len(cells) == 3 else ""
    kind, name = known
    first = told.seen.setdefault((kind, name, unit), number)
    if first != number and kind != "formula":
        table.faults.append(Fault(number, where, f"与第 {first} 行重复", f"the same as row {first}"))
        return
    try:
        _take(kind, name, cells[1], unit, told)
    except (Refused, Wrong) as fault:
        table.faults.append(Fault(number, where, fault.zh, fault.en, cells[1][:MAX_SHOWN]))


def _take(kind: str, name: Any, value: str, unit: str, told: _Told) -> None:
    if unit:
        if kind != "count" or name not in _UNITS:
            raise Wrong("此项不分机构填写", "this figure is not given by unit")
        if len(unit) > 128:
            raise Wrong("机构名称应不超过 128 字", "expected a unit of at most 128 characters")
        told.units.setdefault(unit, {})[_UNITS[name]] = plan_arithmetic.count(value)
    elif kind == "count":
        told.counts[name] = plan_arithmetic.count(value)
    elif kind in ("other", "non"):
        getattr(told, kind)[name] = plan_arithmetic.count(value)
    elif kind == "share":
        plan_arithmetic.percent(value)
        if len(value) > 16:
            raise Wrong("应为百分比", "expected a percentage")
        told.shares[name] = value
    else:
        plan_arithmetic.formula("", value)
        told.formulas.append(value)


def _figures(told: _Told, table: PlanTable) -> PlanFigures | None:
    """What was told, if anything. Classes are given all or not at all: a missing one may be nothing or forgotten."""
    for kind, classes, found in (("其他执法工作日", OTHER, told.other), ("非执法工作日", NON, told.non)):
        if found and len(found) < len(classes):
            missing = "、".join(one.zh for at, one in enumerate(classes) if at not in found)
            table.faults.append(
                Fault(
                    0, kind, f"{len(classes)} 项应当齐全，没有的写 0；缺 {missing}",
                    f"expected all {len(classes)} classes, 0 where there is nothing; missing: {missing}",
                )
            )  # fmt: skip
            return None
    if len(told.formulas) > 20 or len(told.units) > 60:
        table.faults.append(
            Fault(0, "", "算式应不超过 20 个，机构不超过 60 个", "expected at most 20 formulas, 60 units")
        )
        return None
    if not (told.counts or told.other or told.non or told.shares or told.formulas or told.units):
        return None
    shares: Any = tuple(PrintedShare(of=name, printed=value) for name, value in told.shares.items())  # type: ignore[arg-type]  # names of the table above
    return PlanFigures(
        **told.counts,
        other=tuple(told.other[at] for at in range(len(OTHER))) if told.other else (),
        non=tuple(told.non[at] for at in range(len(NON))) if told.non else (),
        shares=shares,
        formulas=tuple(told.formulas),
        units=tuple(UnitFigures(unit=unit, **values) for unit, values in told.units.items()),
    )
