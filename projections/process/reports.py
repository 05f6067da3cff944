"""Reports as of a cut: the table of figures with everything that somebody needs to count it again.

A report names its period, its authorities, the positions of their logs, and the rules; the same three give the same
bytes, whenever they are asked for. The invariant: a report says nothing that depends on the moment at which it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import msgspec

from domain import counting
from domain.quarterly import BLOCKS, Column, FromPlan, Period, Share, summed
from projections.process import figures
from projections.process.context import Context, rules_digest
from projections.process.figures import Cut
from projections.sheets import Row, Sheet, Value
from projections.sheets import as_csv as as_text
from schemas.published_document import wan_yuan


@dataclass(frozen=True, slots=True)
class Report:
    """A made report: `whole` are the figures of all its authorities together, `each` those of each."""

    kind: str
    period: Period
    authorities: tuple[str, ...]
    cut: Cut
    rules: str
    whole: Mapping[str, int | None]
    each: Mapping[str, Mapping[str, int | None]]


TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "quarterly": ("执法计划完成情况", "Completion of the plan"),
    "monthly": ("月度统计", "Statistics of the month"),
    "annual": ("行政执法统计年报", "Statistics of the year"),
}
"""What reports are called: (zh, en)."""
STATISTICS: Final = frozenset({"monthly", "annual"})
"""Reports whose money is in 10,000 yuan, as statistics have it (handbook 6.5); exact to the fen."""


async def quarterly(
    conn: asyncpg.Connection,
    authorities: Sequence[str],
    period: Period,
    cut: Cut | None = None,
    kind: str = "quarterly",
) -> Report:
    """The table of some authorities over a period, as of a cut or of now. The caller has set the scope."""
    wanted = tuple(sorted(set(authorities)))
    cut = await figures.newest(conn, wanted) if cut is None else cut
    laws = await figures.laws_of(conn, cut)
    each = await figures.table(conn, cut, wanted, period, laws)
    whole = summed(figures.figures(), [each[one] for one in wanted])
    return Report(kind, period, wanted, cut, version(laws), whole, each)


def version(laws: Context) -> str:
    """What a report was counted with: the counting, the rules of the program, and what was published beside them."""
    return f"counting:{counting.VERSION} rules:{rules_digest()} published:{len(laws.published)}"


def as_json(report: Report) -> bytes:
    """The report as JSON: keys in order, no white space, one form for one report."""
    return msgspec.json.encode(as_dict(report), order="deterministic")


def as_dict(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "kind": report.kind,
        "period": {
            "name": report.period.name,
            "first": report.period.first.isoformat(),
            "last": report.period.last.isoformat(),
        },
        "authorities": list(report.authorities),
        "as_of": {"cut": report.cut.name, "positions": report.cut.vector()},
        "counted_by": report.rules,
        "figures": [
            {
                "code": entry.code,
                "block": entry.block,
                "zh": entry.zh,
                "en": entry.en,
                "unit": unit_of(entry),
                "how": {"zh": how(entry, "zh"), "en": how(entry, "en")},
                "value": report.whole.get(entry.code),
                "each": {one: report.each[one].get(entry.code) for one in report.authorities},
            }
            for entry in figures.figures().entries
        ],
    }


def as_csv(report: Report, chosen: str = "zh") -> str:
    """The report as CSV: what it is, then a line a figure, amounts in fen, shares per mille."""
    return as_text([sheet(report, chosen)])


def sheet(report: Report, chosen: str = "zh") -> Sheet:
    """The report as a table: what it is, then a line a figure; amounts in fen (see STATISTICS), shares per mille."""
    chinese = chosen == "zh"
    above: list[Row] = [
        ["报告期" if chinese else "period", report.period.name],
        ["统计时点" if chinese else "as of", report.cut.name],
        *([authority, *(f"{log}:{size}" for log, size in logs.items())]
          for authority, logs in sorted(report.cut.vector().items())),
        ["统计口径版本" if chinese else "counted by", report.rules],
    ]  # fmt: skip
    head = ["指标", "名称", "单位", "合计"] if chinese else ["code", "name", "unit", "all"]
    rows: list[Row] = []
    for entry in figures.figures().entries:
        block = BLOCKS[entry.block][0 if chinese else 1]
        name = entry.zh if chinese else entry.en
        values = [report.whole.get(entry.code), *(report.each[one].get(entry.code) for one in report.authorities)]
        unit, shown = unit_of(entry), list[Value](values)
        if unit == "fen" and report.kind in STATISTICS:
            unit = "万元" if chinese else "10,000 yuan"
            shown = [None if value is None else wan_yuan(value) for value in values]
        rows.append([entry.code, f"{block}·{name}", unit, *shown, how(entry, chosen)])
    title = TITLES[report.kind][0 if chinese else 1]
    return Sheet(title, above, [*head, *report.authorities, "口径" if chinese else "how counted"], rows)


def unit_of(entry: Column | Share | FromPlan) -> str:
    """The unit of a figure, as `periodic_report.submitted.v1` calls it."""
    match entry:
        case Share():
            return "per_mille"
        case Column(of="fen"):
            return "fen"
        case FromPlan(what="days"):
            return "days"
        case _:
            return "count"


def how(entry: Column | Share | FromPlan, chosen: str) -> str:
    """How a figure is counted, in words."""
    if isinstance(entry, Share):
        known = figures.figures().by_code
        part, whole = known[entry.part], known[entry.whole]
        return f"{part.zh} ÷ {whole.zh}" if chosen == "zh" else f"{part.en} ÷ {whole.en}"
    return entry.zh_how if chosen == "zh" else entry.en_how
