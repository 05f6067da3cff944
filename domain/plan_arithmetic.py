"""Whether the figures of a plan or a report add up, and what would.

Real plans print 24天×8=1984 where 248 was meant, shares of 21/71/8 % where the numbers give 52/27/21 %, and differences
that are wrong by a thousand. The invariant: nothing is corrected; a check keeps what was printed, shows what the
numbers give, and for each number the value with which it would come out right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal, TypeAlias

from domain.printed import Refused, close

Kind: TypeAlias = Literal["product", "sum", "difference", "share"]
MAX_COUNT: Final = 10**12
_FORMULA: Final = re.compile(r"(?P<left>[\d天日人×xX*+\-]+)=(?P<right>\d{1,13})(?:天|日|个工作日|人)?", re.ASCII)
_TERM: Final = re.compile(r"(\d{1,12})(?:天|日|人)?", re.ASCII)
_COUNT: Final = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+|\d{1,12})(?:家|个|次|人|天|日|户|处|工作日|个工作日)?", re.ASCII
)
_PERCENT: Final = re.compile(r"(?P<sign>[▲▼+\-])?(?P<number>\d{1,6}(?:\.\d{1,4})?)%?", re.ASCII)
LONGEST_CELL: Final = 9
"""Digits of one count; a longer run is several cells of a table that ran together."""


@dataclass(frozen=True, slots=True)
class Check:
    """One calculation. `printed` is the result on the paper, `given` what the numbers make.

    `would`: for each of the numbers, in order, the value with which the printed result comes out; None where no whole
    number does. For a share `printed` and `given` are percent; `reading` says whether it was rounded or truncated.
    """

    name: str
    kind: Kind
    numbers: tuple[Decimal, ...]
    printed: Decimal
    given: Decimal
    fits: bool
    would: tuple[Decimal | None, ...] = ()
    reading: Literal["exact", "rounded", "truncated", "either", "neither"] = "exact"


def product(name: str, factors: Sequence[int], printed: int) -> Check:
    """`248天 × 8 = 1984`."""
    numbers = tuple(Decimal(f) for f in factors)
    given = Decimal(1)
    for number in numbers:
        given *= number
    would = []
    for place in range(len(numbers)):
        others = Decimal(1)
        for other, number in enumerate(numbers):
            others *= number if other != place else 1
        whole = others != 0 and printed % others == 0
        would.append(Decimal(printed) / others if whole else None)
    return Check(name, "product", numbers, Decimal(printed), given, given == printed, tuple(would))


def total(name: str, parts: Sequence[int], printed: int) -> Check:
    """The parts make the total."""
    return _signed(name, "sum", [(1, part) for part in parts], printed)


def difference(name: str, numbers: Sequence[int], printed: int) -> Check:
    """The first number less all others."""
    return _signed(name, "difference", [(1 if at == 0 else -1, n) for at, n in enumerate(numbers)], printed)


def share(name: str, part: int, whole: int, printed: Decimal) -> Check:
    """A percentage to as many decimals as it is printed with; rounded and truncated ones both fit. Above 100 is fine.

    Raises Refused if the whole is nothing.
    """
    if whole <= 0:
        raise Refused("no_whole", "占比的总数为零", "a share of nothing")
    exact = Decimal(part) * 100 / Decimal(whole)
    step = Decimal(1).scaleb(int(printed.as_tuple().exponent)) if int(printed.as_tuple().exponent) < 0 else Decimal(1)
    rounded = exact.quantize(step, ROUND_HALF_UP) == printed
    truncated = exact.quantize(step, ROUND_DOWN) == printed
    reading: Literal["rounded", "truncated", "either", "neither"] = "neither"
    if rounded or truncated:
        reading = "either" if rounded and truncated else "rounded" if rounded else "truncated"
    numbers = (Decimal(part), Decimal(whole))
    return Check(
        name,
        "share",
        numbers,
        printed,
        exact.quantize(Decimal("0.1"), ROUND_HALF_UP),
        rounded or truncated,
        (),
        reading,
    )


def formula(name: str, printed: str) -> Check:
    """A calculation as printed, `24天×8=1984` or `5434-2649-1994=971`. Raises Refused."""
    text = close(printed)
    found = _FORMULA.fullmatch(text)
    if found is None:
        raise Refused("formula", "应为一个算式及其结果", "expected one calculation with its result")
    left, right = found["left"], int(found["right"])
    signs = {c for c in left if c in "×xX*+-"}
    if signs and signs <= set("×xX*"):
        return product(name, [_term(t) for t in re.split(r"[×xX*]", left)], right)
    if signs == {"+"}:
        return total(name, [_term(t) for t in left.split("+")], right)
    if signs == {"-"}:
        return difference(name, [_term(t) for t in left.split("-")], right)
    raise Refused("formula", "算式混用了不同运算", "a calculation with more than one kind of sign")


def count(printed: str) -> int:
    """A number of things in a cell. Raises Refused for words (窗口办理) and for cells that ran together."""
    text = close(printed)
    found = _COUNT.fullmatch(text)
    if found is None:
        raise Refused("not_a_count", "应为数字，而不是文字", "expected a number, not words")
    digits = found["number"]
    if len(digits.replace(",", "")) > LONGEST_CELL:
        raise Refused(
            "run_together",
            "数字过长，可能是几个单元格连在一起",
            "too many digits for one cell: several may have run together",
        )
    return int(digits.replace(",", ""))


def percent(printed: str) -> Decimal:
    """A percentage with its sign; ▲ and + are more, ▼ and - are less. Raises Refused."""
    found = _PERCENT.fullmatch(close(printed))
    if found is None:
        raise Refused("not_a_percentage", "应为百分比", "expected a percentage")
    number = Decimal(found["number"])
    return -number if found["sign"] in ("▼", "-") else number


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan prints of its capacity in working days (P150; handbook 6.1). None: not printed."""

    officers: int | None = None
    days_each: int | None = None
    total: int | None = None
    parts: Mapping[str, int] | None = None
    by_unit: Mapping[str, Mapping[str, int]] | None = None
    officers_by_unit: Mapping[str, int] | None = None
    percents: Mapping[str, Decimal] | None = None
    formulas: Sequence[str] = ()


def check(figures: Figures) -> list[Check]:
    """Every calculation that the figures allow, those that fit among them."""
    found = [formula(f"formula {at}", text) for at, text in enumerate(figures.formulas, 1)]
    if figures.officers is not None and figures.days_each is not None and figures.total is not None:
        found.append(product("total", [figures.days_each, figures.officers], figures.total))
    if figures.officers_by_unit and figures.officers is not None:
        found.append(total("officers", list(figures.officers_by_unit.values()), figures.officers))
    if figures.parts and figures.total is not None:
        found.append(total("parts", list(figures.parts.values()), figures.total))
    for name, units in (figures.by_unit or {}).items():
        if figures.parts and name in figures.parts:
            found.append(total(f"units of {name}", list(units.values()), figures.parts[name]))
    for name, printed in (figures.percents or {}).items():
        if figures.parts and figures.total and name in figures.parts:
            found.append(share(f"share of {name}", figures.parts[name], figures.total, printed))
    return found


def misfits(checks: Iterable[Check]) -> list[Check]:
    """The calculations that do not come out."""
    return [each for each in checks if not each.fits]


def read_plan(row: Mapping[str, Any]) -> Figures:
    """Figures out of a row of published plans. Raises Refused where a figure is no whole number."""
    names = {
        "other": "other_enforcement_workdays",
        "non": "non_enforcement_workdays",
        "inspection": "inspection_workdays",
    }
    whole = {name: _whole(row[column]) for name, column in names.items() if column in row}
    units = {
        name: {unit: _whole(value) for unit, value in row[f"{name}_by_unit"].items()}
        for name in names
        if f"{name}_by_unit" in row
    }
    return Figures(
        officers=_whole(row["officers"]) if "officers" in row else None,
        days_each=_whole(row["statutory_workdays_per_officer"]) if "statutory_workdays_per_officer" in row else None,
        total=_whole(row["total_statutory_workdays"]) if "total_statutory_workdays" in row else None,
        parts=whole or None,
        by_unit=units or None,
        officers_by_unit=row.get("officers_by_unit"),
        percents={
            name: Decimal(str(row[f"{name}_percent_printed"])) for name in names if f"{name}_percent_printed" in row
        }
        or None,
    )


def _signed(name: str, kind: Kind, terms: Sequence[tuple[int, int]], printed: int) -> Check:
    numbers = tuple(Decimal(n) for _, n in terms)
    given = Decimal(sum(sign * n for sign, n in terms))
    off = Decimal(printed) - given
    would = tuple(n + sign * off if n + sign * off >= 0 else None for (sign, _), n in zip(terms, numbers, strict=True))
    return Check(name, kind, numbers, Decimal(printed), given, off == 0, would)


def _term(text: str) -> int:
    found = _TERM.fullmatch(text)
    if found is None:
        raise Refused("formula", "算式中缺少一个数", "a number of the calculation is missing")
    return int(found[1])


def _whole(value: object) -> int:
    if isinstance(value, str):
        return count(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise Refused("not_a_count", "应为不小于零的整数", "expected a whole number that is not negative")
    return value
