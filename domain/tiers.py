"""Tiers of discretion benchmarks: what one grade allows, and where grades of one table touch or leave gaps.

Tables run from light to heavy or the other way, give ranges, fixed amounts, multiples or a share of last year's income,
and repeat end points (30万 ends one tier and begins the next). The invariant: a tier says only what its row says; an
open end stays open, and a row that names no amount has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from domain import money
from domain.printed import CHINESE_NUMERAL, Refused, close, number_of

_GRADE: Final = re.compile(rf"第?\(?(?P<number>\d{{1,2}}|[{CHINESE_NUMERAL}]{{1,3}})\)?[档级类]?")
_WORDS: Final = re.compile(r"[\u3400-\u9fff]{1,16}")
_AMOUNTS: Final = re.compile(r"(?P<whom>(?:[a-z]+_)*?)fine_(?P<unit>yuan|wan)")
_UNITS: Final = {"yuan": Decimal(1), "wan": Decimal(10_000)}
_OTHER: Final = frozenset({"confiscate", "warning", "suspend_for_rectification", "dismiss_principal", "order"})


@dataclass(frozen=True, slots=True)
class Range:
    """Fen from `least` to `most`; None is an open end. A fixed amount has both equal."""

    least: int | None
    most: int | None

    @property
    def fixed(self) -> bool:
        """Whether the benchmark leaves no choice."""
        return self.least is not None and self.least == self.most


@dataclass(frozen=True, slots=True)
class Tier:
    """One row. `grade` is its number where it has one, `name` its words where it has those (严重, 逾期).

    `fines` by whom they are for ("", "org_", "person_", "investor_", "overdue_"); `income_percent` of last year's
    income; `kinds` are other penalties and orders, as the row calls them. `condition` stays as printed.
    """

    grade: int | None
    name: str
    condition: str
    fines: Mapping[str, Range]
    income_percent: Decimal | None = None
    kinds: tuple[str, ...] = ()


def parse_grade(printed: str) -> tuple[int | None, str]:
    """(number, "") of a grade like 1, (一), 二档, 第一档; (None, words) of one that is named. Raises Refused."""
    text = close(printed)
    found = _GRADE.fullmatch(text)
    if found is not None:
        digits = found["number"]
        return (int(digits) if digits.isascii() else number_of(digits)), ""
    if _WORDS.fullmatch(text):
        return None, text
    raise Refused("grade", "应为裁量档次的序号或名称", "expected the number or the name of a grade")


def read_row(row: Mapping[str, Any]) -> Tier:
    """A tier out of a row {grade, condition, penalty}. Raises Refused with the first thing that cannot be read."""
    if not isinstance(row.get("grade"), str) or not isinstance(row.get("penalty"), Mapping):
        raise Refused("row", "应有档次与处罚两栏", "expected a grade and a penalty")
    grade, name = parse_grade(row["grade"])
    fines: dict[str, Range] = {}
    percent: Decimal | None = None
    kinds: list[str] = []
    for column, value in row["penalty"].items():
        found = _AMOUNTS.fullmatch(column)
        if found is not None:
            fines[found["whom"]] = read_range(value, _UNITS[found["unit"]])
        elif column == "percent_of_last_year_income":
            percent = _number(value)
            if not 0 < percent <= 1000:
                raise Refused("percent", "百分比超出范围", "the share of income is out of range")
        elif column in _OTHER:
            kinds.append(value if isinstance(value, str) else column)
        else:
            raise Refused("column", f"不认识的栏目 {column[:40]}", f"a column that is not known: {column[:40]}")
    if not fines and percent is None and not kinds:
        raise Refused(
            "no_penalty", "该档没有写明处罚（可能被截断）", "the row names no penalty: it may have been cut off"
        )
    condition = str(row.get("condition", ""))
    lost = re.search(r"^\d+(?:\(|$)", close(condition)) if condition else None
    if lost is not None:
        raise Refused("sign_lost", "条件中的比较符丢失", "the condition's number has lost its sign of comparison")
    return Tier(grade, name, condition, fines, percent, tuple(kinds))


def read_range(value: object, unit: Decimal = Decimal(1)) -> Range:
    """A fixed amount, or [least, most] with null for an open end, in `unit` yuan. Raises Refused."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != 2:
            raise Refused("range", "金额区间应有两端", "expected two ends of a range")
        least, most = (None if end is None else money.of_yuan(_number(end) * unit) for end in value)
        if least is None and most is None:
            raise Refused("missing", "金额区间两端都缺", "both ends of the range are missing")
        if least is not None and most is not None and least > most:
            raise Refused("range", "金额区间的下限大于上限", "the range ends below its beginning")
        return Range(least, most)
    fixed = money.of_yuan(_number(value) * unit)
    return Range(fixed, fixed)


def shared_ends(tiers: Iterable[Tier]) -> list[tuple[str, int]]:
    """(whom, fen) of every amount that ends one tier and begins another: which of both applies is not settled.

    The order of rows, light to heavy or heavy to light, does not matter.
    """
    found: set[tuple[str, int]] = set()
    by_whom: dict[str, list[Range]] = {}
    for tier in tiers:
        for whom, fine in tier.fines.items():
            by_whom.setdefault(whom, []).append(fine)
    for whom, fines in by_whom.items():
        begins = {fine.least for fine in fines if not fine.fixed and fine.least is not None}
        found.update((whom, fine.most) for fine in fines if not fine.fixed and fine.most in begins and fine.most)
    return sorted(found)


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal, float)):
        raise Refused("number", "应为数字", "expected a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refused("number", "应为数字", "expected a number") from None
    if not number.is_finite():
        raise Refused("number", "应为有限的数字", "expected a finite number")
    return number
