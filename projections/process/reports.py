"""Reports as of a cut: the table of figures with everything that somebody needs to count it again.

A report names its period, its authorities, the positions of their logs, and the rules; the same three give the same
bytes, whenever they are asked for. The invariant: a report says nothing that depends on the moment at which it is made.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from domain import counting
from domain.quarterly import BLOCKS, Column, FromPlan, Period, Share, summed
from projections.process import figures
from projections.process.context import Context, rules_digest
from projections.process.figures import Cut


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


async def quarterly(
    conn: asyncpg.Connection, authorities: Sequence[str], period: Period, cut: Cut | None = None
) -> Report:
    """The quarterly table of some authorities, as of a cut or of now. The caller has set the scope."""
    wanted = tuple(sorted(set(authorities)))
    cut = await figures.newest(conn, wanted) if cut is None else cut
    laws = await figures.laws_of(conn, cut)
    each = await figures.table(conn, cut, wanted, period, laws)
    whole = summed(figures.figures(), [each[one] for one in wanted])
    return Report("quarterly", period, wanted, cut, version(laws), whole, each)


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
    chinese = chosen == "zh"
    out = io.StringIO(newline="")
    write = csv.writer(out).writerow
    write(["报告期" if chinese else "period", report.period.name])
    write(["统计时点" if chinese else "as of", report.cut.name])
    for authority, logs in sorted(report.cut.vector().items()):
        write([authority, *(f"{log}:{size}" for log, size in logs.items())])
    write(["统计口径版本" if chinese else "counted by", report.rules])
    head = ["指标", "名称", "单位", "合计"] if chinese else ["code", "name", "unit", "all"]
    write([*head, *report.authorities, "口径" if chinese else "how counted"])
    for entry in figures.figures().entries:
        block = BLOCKS[entry.block][0 if chinese else 1]
        name = entry.zh if chinese else entry.en
        values = [report.whole.get(entry.code), *(report.each[one].get(entry.code) for one in report.authorities)]
        shown = ["" if value is None else value for value in values]
        write([entry.code, f"{block}·{name}", unit_of(entry), *shown, how(entry, chosen)])
    return out.getvalue()


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
