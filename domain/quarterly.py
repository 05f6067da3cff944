"""The quarterly table (handbook 6.4, 6.5): what each figure is, in words and as a question; quarterly.toml has them.

A figure is a set of units counted from `domain.counting`, or a share of two figures; each says which unit it counts and
by which date, so that two people count the same. The invariant: nothing here is typed by anybody, and the list that a
figure opens is the very set that was counted.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal, TypeAlias, TypeVar

import msgspec

from domain.rulebook import Rulebook

Of: TypeAlias = Literal["units", "subjects", "fen"]
Since: TypeAlias = Literal["period", "year", "ever"]
Planned: TypeAlias = Literal["", "key", "general", "any", "none"]


@dataclass(frozen=True, slots=True)
class Column:
    """One figure: the units of `measure` with a day in the period.

    `words`: only those of these kinds. `need`: a row of that measure has the same unit (and one of `need_words`);
    `lack`: none has. `of`: how many units, how many different subjects, or the sum in fen. `since`: which days count:
    those of the period, those since 1 January, or all up to the end. `planned`: visits to items of the plan, key or
    general ones, or those of no plan. `kinds`: decisions whose heaviest penalty is that. `in_time`: the deadline within
    which `need` must have followed, by the calendar. `due_before_end`: `other` holds a last day that has passed.
    """

    code: str
    block: str
    zh: str
    en: str
    zh_how: str
    en_how: str
    measure: str
    words: tuple[str, ...] = ()
    need: str = ""
    need_words: tuple[str, ...] = ()
    lack: str = ""
    of: Of = "units"
    since: Since = "period"
    planned: Planned = ""
    kind: str = ""
    in_time: str = ""
    due_before_end: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """One figure as a share of another, per mille; none where nothing is there to be shared."""

    code: str
    block: str
    zh: str
    en: str
    part: str
    whole: str


@dataclass(frozen=True, slots=True)
class FromPlan:
    """A figure that the approved plan gives: items, key or general ones, days, or items that were done."""

    code: str
    block: str
    zh: str
    en: str
    zh_how: str
    en_how: str
    what: Literal["items", "key", "general", "days", "done", "key_done"]


Entry: TypeAlias = Column | Share | FromPlan
E = TypeVar("E", Column, Share, FromPlan)
BLOCKS: Final[Mapping[str, tuple[str, str]]] = {
    "plan": ("计划", "Plan"),
    "done": ("执行", "Done"),
    "hazards": ("隐患", "Hazards"),
    "documents": ("文书", "Documents"),
    "coercion": ("强制", "Coercion"),
    "penalty": ("处罚", "Penalties"),
    "control": ("内部监督", "Control"),
    "outcome": ("后续", "Outcome"),
    "disclosure": ("公示", "Disclosure"),
    "tips": ("举报", "Tips"),
}
"""Blocks of the table in their order: (zh, en)."""

KIND_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "P01": ("警告", "warning"),
    "P02": ("通报批评", "public criticism"),
    "P03": ("罚款", "fine"),
    "P04": ("没收违法所得", "confiscation of gains"),
    "P05": ("没收非法财物", "confiscation of property"),
    "P06": ("暂扣许可证件", "suspension of a licence"),
    "P07": ("降低资质等级", "lower grade of qualification"),
    "P08": ("吊销许可证件", "revocation of a licence"),
    "P09": ("限制开展生产经营活动", "restriction of business"),
    "P10": ("责令停产停业", "suspension of business"),
    "P11": ("责令关闭", "closure"),
    "P12": ("限制从业", "restriction of employment"),
    "P13": ("行政拘留", "detention"),
    "P99": ("其他", "other"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of a report in their order."""

    entries: tuple[Entry, ...]

    @property
    def by_code(self) -> Mapping[str, Entry]:
        """Figures by their codes, which are those of `periodic_report.submitted.v1`."""
        return {entry.code: entry for entry in self.entries}


class FigureFault(ValueError):
    """The file of figures is not in order: which entry, what was expected."""


def parse(data: bytes) -> Table:
    """The figures of quarterly.toml. Raises FigureFault."""
    try:
        told = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise FigureFault(f"expected TOML in UTF-8: {fault}") from None
    entries: list[Entry] = []
    for number, one in enumerate(told.get("figure", ()), 1):
        try:
            entries += _entries(one)
        except (msgspec.ValidationError, KeyError) as fault:
            raise FigureFault(f"figure {number} ({one.get('code', 'without a code')}): {fault}") from None
    codes = [entry.code for entry in entries]
    known = set(codes)
    for entry in entries:
        if codes.count(entry.code) > 1 or entry.block not in BLOCKS:
            raise FigureFault(f"{entry.code}: expected a code of its own and one of the blocks {', '.join(BLOCKS)}")
        if isinstance(entry, Share) and not {entry.part, entry.whole} <= known:
            raise FigureFault(f"{entry.code}: expected a share of figures of the table")
    return Table(tuple(entries))


def _entries(one: Mapping[str, Any]) -> list[Entry]:
    told = dict(one)
    if told.pop("each", "") == "kind":
        return [
            _read(Column, {
                **told, "code": f"decided_{kind}", "kind": kind, "zh": told["zh"].replace("*", zh),
                "en": told["en"].replace("*", en),
            })
            for kind, (zh, en) in KIND_NAMES.items()
        ]  # fmt: skip
    if "part" in told:
        return [_read(Share, told)]
    if "what" in told:
        return [_read(FromPlan, told)]
    return [_read(Column, told)]


def _read(cls: type[E], told: Mapping[str, Any]) -> E:
    unknown = set(told) - {one.name for one in fields(cls)}
    if unknown:
        raise KeyError(f"expected no {', '.join(sorted(unknown))}")
    return msgspec.convert(told, cls)


@dataclass(frozen=True, slots=True)
class Period:
    """A report's period: first and last day."""

    name: str
    first: datetime.date
    last: datetime.date

    @property
    def year_began(self) -> datetime.date:
        """1 January of its year."""
        return datetime.date(self.last.year, 1, 1)


class NoPeriod(ValueError):
    """A text that names no period; what was expected."""


def period(text: str) -> Period:
    """A year "2026", a quarter "2026-Q3" or a month "2026-07". Raises NoPeriod."""
    fault = NoPeriod(f"expected a year, quarter or month such as 2026, 2026-Q3 or 2026-07, got {text[:20]!r}")
    year, _, part = text.partition("-")
    if not (year.isascii() and year.isdecimal() and len(year) == 4 and 2000 <= int(year) <= 2199):
        raise fault
    number = int(year)
    if not part and text == year:
        return Period(text, datetime.date(number, 1, 1), datetime.date(number, 12, 31))
    if part in ("Q1", "Q2", "Q3", "Q4"):
        first = int(part[1]) * 3 - 2
        return Period(text, datetime.date(number, first, 1), _last(number, first + 2))
    if len(part) == 2 and part.isascii() and part.isdecimal() and 1 <= int(part) <= 12:
        return Period(text, datetime.date(number, int(part), 1), _last(number, int(part)))
    raise fault


def heaviest(kinds: Sequence[str], rules: Rulebook, on: datetime.date, authority: str) -> str:
    """The heaviest of some kinds of penalty by the order that holds that day; "P99" where none is in it."""
    found = rules.find("penalties.severity", on, authority)
    order = found.value if found is not None and isinstance(found.value, Mapping) else {}
    ranked = [(int(order.get(kind, 0)), kind) for kind in kinds if kind]
    best = max((rank for rank, _ in ranked), default=0)
    return "P99" if best == 0 else min(kind for rank, kind in ranked if rank == best)


def per_mille(part: int | None, whole: int | None) -> int | None:
    """A share, rounded half up to a tenth of a per cent; None where there is no whole."""
    if part is None or not whole:
        return None
    return int((Decimal(part * 1000) / Decimal(whole)).quantize(Decimal(1), ROUND_HALF_UP))


def shared(table: Table, values: Mapping[str, int | None]) -> dict[str, int | None]:
    """All figures of a table: those that were counted, and the shares that follow from them."""
    found = dict(values)
    for entry in table.entries:
        if isinstance(entry, Share):
            found[entry.code] = per_mille(found.get(entry.part), found.get(entry.whole))
    return found


def summed(table: Table, tables: Sequence[Mapping[str, int | None]]) -> dict[str, int | None]:
    """The table of several authorities: what is counted adds up, shares are computed anew (a roll-up)."""
    whole: dict[str, int | None] = {}
    for entry in table.entries:
        if isinstance(entry, Share):
            continue
        values = [value for one in tables if (value := one.get(entry.code)) is not None]
        whole[entry.code] = sum(values) if values else None
    return shared(table, whole)


def _last(year: int, month: int) -> datetime.date:
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return following - datetime.timedelta(days=1)
