"""A revised plan beside the plan in force: what is added, left out, and made another, row by row.

The invariant: a table of the revised plan speaks of every item of the plan in force. One that it does not name is a
fault and never a quiet removal, and what leaves the plan has its reason; a column that the table does not have leaves
what stands there as it is. A row is the item that it names by its id, or else the one item of its enterprise.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET, structs

from domain.filing import text_of
from domain.imports import Fault
from domain.judges.plan import Plan, differing, states
from domain.office import commands as ask
from domain.office.plans import INSPECTED, item_id
from domain.plan_capacity import NON, OTHER, TITLES
from domain.plan_criteria import marked
from domain.plan_table import PlanTable
from schemas.events.plan import LeftOut, PlanChange, PlanFigures, PlanFile, PlanItem

OF_TABLE: Final = ("kind", "quarter", "days", "visits", "method", "note")
"""Columns that say what an item is; an empty cell says that there is nothing."""
CRITERIA: Final = ("basis", "reduced")
"""Columns that the records write as well: an empty cell says nothing."""
MOST_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One change: the row of the table, 0 where it has none, and of a changed item each (field, before, after)."""

    row: int
    change: PlanChange
    fields: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the working days that the revised plan prints otherwise; None where one of the two prints none."""

    zh: str
    en: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a revised plan would change, in the order of the table; `same` items stay as they are.

    `items` are those of the plan as it would then be, `left_out` reasons that are new, `figures` the printed days if
    they are others, each told in `days`.
    """

    rows: tuple[Row, ...]
    same: int
    items: tuple[PlanItem, ...]
    left_out: tuple[LeftOut, ...]
    figures: PlanFigures | None
    days: tuple[Figure, ...]
    faults: tuple[Fault, ...]

    def count(self, action: str) -> int:
        """How many items are added, changed or removed."""
        return sum(one.change.action == action for one in self.rows)


def beside_plan(table: PlanTable, plan: Plan, reason: str) -> Difference:
    """Hold a table against a plan as it stands. `reason` is that of the revision."""
    return difference(
        table, plan.items(), authority=plan.matter.authority, year=plan.year, reason=reason, states=states(plan),
        gone=plan.removed, left_out=plan.left_out, figures=plan.figures,
    )  # fmt: skip


def revision(
    found: Difference, file: PlanFile, *, decided_on: datetime.date, reason: str, major: bool
) -> ask.ImportRevision:
    """The command that decides a difference, as it was found."""
    return ask.ImportRevision(
        decided_on=decided_on, changes=tuple(one.change for one in found.rows), left_out=found.left_out,
        figures=found.figures, file=file, reason=reason, major=major,
    )  # fmt: skip


def difference(
    table: PlanTable, standing: Mapping[bytes, PlanItem], *, authority: str, year: int, reason: str,
    states: Mapping[bytes, str] | None = None, gone: Collection[bytes] = (),
    left_out: Mapping[str, LeftOut] | None = None, figures: PlanFigures | None = None,
) -> Difference:  # fmt: skip
    """Hold a table against the items in force. `reason` is that of the revision, for changes without their own.

    `states` say how far the items in force are, `gone` are ids that a revision took out before, `left_out` and
    `figures` what the plan says of candidates and of its days.
    """
    mine: dict[str, list[PlanItem]] = {}
    for item in standing.values():
        mine.setdefault(item.enterprise_id, []).append(item)
    taken = {*standing, *gone}
    how_far = states or {}
    rows: list[Row] = []
    faults: list[Fault] = []
    items: list[PlanItem] = []
    told: set[bytes] = set()
    same = 0
    for row, typed in zip(table.places, table.items, strict=True):
        name = typed.enterprise_id
        why, olds = table.reasons.get(row) or reason, mine.get(name, [])
        if row in table.keyed:
            olds = [one for one in olds if one.item_id == typed.item_id]
            if not olds:
                faults.append(_no_such(row, typed.item_id))
                continue
        if len(olds) > 1:
            faults.append(_which(row, name, olds))
            told |= {one.item_id for one in olds}
        elif not olds:
            item = structs.replace(typed, item_id=_free(authority, year, name, taken))
            items.append(item)
            rows.append(Row(row, PlanChange(action="added", item=item, reason=why)))
        else:
            item = _merged(olds[0], typed, table.columns)
            told.add(item.item_id)
            items.append(item)
            fields = tuple(differing(olds[0], item))
            if fields:
                rows.append(Row(row, PlanChange(action="changed", item=item, reason=why), fields))
            else:
                same += 1
    for row, one, leaving in _leaving(table, standing, mine, faults):
        if how_far.get(leaving.item_id) in INSPECTED:
            faults.append(
                Fault(
                    row, "未列入原因", "这家单位已实施检查，不能取消",
                    "this enterprise was inspected already: it cannot be taken out", one.enterprise_id,
                )
            )  # fmt: skip
        told.add(leaving.item_id)
        rows.append(Row(row, PlanChange(action="removed", item=leaving, reason=one.reason)))
    faults += [
        _unnamed(one, len(mine[one.enterprise_id]) > 1, how_far) for one in standing.values() if one.item_id not in told
    ]
    known = left_out or {}
    new = tuple(
        one
        for one in table.left_out
        if one.enterprise_id not in mine
        and (one.enterprise_id not in known or known[one.enterprise_id].reason != one.reason)
    )
    days = () if table.figures is None else _days(figures or PlanFigures(), table.figures)
    return Difference(
        tuple(rows), same, tuple(items), new, table.figures if days else None, days, tuple(faults)
    )  # fmt: skip


def _merged(old: PlanItem, typed: PlanItem, columns: Collection[str]) -> PlanItem:
    """The item in force with what the table says of it."""
    told: dict[str, Any] = {name: getattr(typed, name) for name in OF_TABLE if name in columns}
    told |= {name: value for name in CRITERIA if (value := getattr(typed, name)) not in (UNSET, ())}
    if "visits" in told and {told["visits"], old.visits} <= {UNSET, 1}:
        told["visits"] = old.visits
    item = structs.replace(old, **told)
    return item if (item.basis, item.reduced) == (old.basis, old.reduced) else marked(item, None)


def _free(authority: str, year: int, enterprise: str, taken: Collection[bytes]) -> bytes:
    """An id for an item of an enterprise that no item has or had."""
    number = 1
    while (name := item_id(authority, year, enterprise, number)) in taken:
        number += 1
    return name


def _leaving(
    table: PlanTable, standing: Mapping[bytes, PlanItem], mine: Mapping[str, list[PlanItem]], faults: list[Fault]
) -> list[tuple[int, LeftOut, PlanItem]]:
    """(row, who leaves and why, item): all items of an enterprise, or the one that a row names."""
    found = [
        (table.names[one.enterprise_id][0], one, item)
        for one in table.left_out
        for item in mine.get(one.enterprise_id, ())
    ]
    for name, (row, one) in table.taken_out.items():
        item = standing.get(name)
        if item is None or item.enterprise_id != one.enterprise_id:
            faults.append(_no_such(row, name))
        else:
            found.append((row, one, item))
    return found


def _no_such(row: int, item: bytes) -> Fault:
    return Fault(
        row, "项目编号", "现行计划中这家单位没有这个项目；新增的项目不填编号",
        "the plan in force has no such item of this enterprise; a new item has no id", text_of(item),
    )  # fmt: skip


def _which(row: int, name: str, items: Sequence[PlanItem]) -> Fault:
    return Fault(
        row, "项目编号",
        f"现行计划中这家单位有 {len(items)} 个项目：每个项目写一行，项目编号写明是哪一个，编号见现行计划表格",
        f"the plan in force has {len(items)} items of this enterprise: give each a row whose 项目编号 (item) says "
        "which it is, as in the table of the plan in force", name,
    )  # fmt: skip


def _unnamed(item: PlanItem, several: bool, states: Mapping[bytes, str]) -> Fault:
    inspected = states.get(item.item_id) in INSPECTED
    if several:
        return Fault(
            0, "项目编号",
            f"现行计划中 {item.enterprise_id} 有这个项目，表格中没有："
            + ("已实施检查，应当列出" if inspected else "列出它，或者写一行并写明 未列入原因"),
            f"the plan in force has this item of {item.enterprise_id}, the table does not: "
            + ("it was inspected, list it" if inspected else "list it, or give it a row with 未列入原因 (left_out)"),
            text_of(item.item_id),
        )  # fmt: skip
    return Fault(
        0, "单位编号",
        "现行计划中有这家单位，表格中没有："
        + ("已实施检查，应当列出" if inspected else "列出它，或者写一行并写明 未列入原因"),
        "the plan in force has this enterprise, the table does not: "
        + ("it was inspected, list it" if inspected else "list it, or give it a row with 未列入原因 (left_out)"),
        item.enterprise_id,
    )  # fmt: skip


def _days(before: PlanFigures, after: PlanFigures) -> tuple[Figure, ...]:
    """The figures that a table prints otherwise; it prints all of them or the days stay as they were printed."""
    found = []
    for name, title in TITLES.items():
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            found.append(Figure(title.zh, title.en, _text(old), _text(new)))
    for name, classes in (("other", OTHER), ("non", NON)):
        olds, news = getattr(before, name), getattr(after, name)
        for at, title in enumerate(classes):
            old, new = olds[at] if olds else UNSET, news[at] if news else UNSET
            if old != new:
                found.append(Figure(title.zh, title.en, _text(old), _text(new)))
    for name, zh, en in (
        ("shares", "占比", "shares"),
        ("formulas", "算式", "calculations"),
        ("units", "分机构", "units"),
    ):
        olds, news = getattr(before, name), getattr(after, name)
        if olds != news:
            found.append(Figure(zh, en, str(len(olds)), str(len(news))))
    return tuple(found)


def _text(value: Any) -> str | None:
    return None if value is UNSET else str(value)
