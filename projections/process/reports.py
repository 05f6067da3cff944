"""Reports as of a cut: the table of figures with everything that somebody needs to count it again.

A report names its period, its authorities, the positions of their logs, and the rules; the same three give the same
bytes, whenever they are asked for. The invariant: a report says nothing that depends on the moment at which it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import asyncpg
import msgspec

from domain import annual, counting
from domain.quarterly import BLOCKS, Column, FromPlan, Period, Share, summed
from projections.process import figures, submissions
from projections.process.context import Context, rules_digest
from projections.process.figures import Cut
from projections.sheets import Row, Sheet, Value
from projections.sheets import as_csv as as_text
from schemas.published_document import wan_yuan


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The statistics of a year as an authority handed them in: figures that others count, and the explanation.

    `report` is the id (hex) of the newest report that gives any of them, `on` its date.
    """

    report: str
    on: str
    figures: Mapping[str, int]
    explanation: str = ""


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
    handed: Mapping[str, HandedIn] = field(default_factory=dict)
    """Of the statistics of a year: what each authority handed in, by its code."""

    def elsewhere(self, code: str) -> int | None:
        """A figure that only others count, of all its authorities; None unless every one of them handed it in."""
        known = self.told(code)
        return sum(known) if known and len(known) == len(self.authorities) else None

    def told(self, code: str) -> list[int]:
        """What authorities handed in of a figure that only others count."""
        values = [one.figures.get(code) for name in self.authorities if (one := self.handed.get(name)) is not None]
        return [value for value in values if value is not None]

    def without(self, code: str, place: int) -> str:
        """What stands in the place of such a figure of all authorities: that nobody, or not everybody, handed it in."""
        known, all_of_them = len(self.told(code)), len(self.authorities)
        partly = (f"{all_of_them} 个机关中 {known} 个已上报", f"handed in by {known} of {all_of_them}")
        return partly[place] if known else annual.NOT_RECORDED[place]


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


async def with_handed(conn: asyncpg.Connection, report: Report) -> Report:
    """The statistics of a year with what was handed in before the cut. Runs as `projections.process.past`."""
    return replace(report, kind="annual", handed=await handed_in(conn, report.cut, report.authorities, report.period))


async def handed_in(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], period: Period
) -> dict[str, HandedIn]:
    """What authorities handed in as the statistics of a year: of each the newest report counts."""
    found: dict[str, HandedIn] = {}
    told = await submissions.submitted(conn, cut, authorities, span=period.name)
    for one in sorted(told, key=lambda each: (each.received, each.log_id, each.position)):
        if one.body.kind == "annual_statistics":
            given = {figure.code: figure.value for figure in one.body.figures if figure.code in annual.ELSEWHERE}
            explanation = one.body.explanation
            found[one.authority] = HandedIn(
                one.id, one.body.submitted_on.isoformat(), given, explanation if isinstance(explanation, str) else ""
            )
    return found


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
        **(_tables(report) if report.kind == "annual" else {}),
    }


def _tables(report: Report) -> dict[str, Any]:
    """Which figures stand in which table of the statistics of a year, and what was handed in of those of others."""
    return {
        "tables": [
            {
                "code": table.code,
                "zh": table.zh,
                "en": table.en,
                "counted": list(table.counted),
                "elsewhere": [
                    {
                        "code": one.code,
                        "zh": one.zh,
                        "en": one.en,
                        "unit": one.unit,
                        "recorded": False,
                        "how": {"zh": one.zh_how, "en": one.en_how},
                        "handed_in": report.elsewhere(one.code),
                        "each": {
                            name: None if told is None else told.figures.get(one.code)
                            for name in report.authorities
                            for told in (report.handed.get(name),)
                        },
                    }
                    for one in table.elsewhere
                ],
            }
            for table in annual.TABLES
        ],
        "handed_in": {
            name: {"report": told.report, "on": told.on, "explanation": told.explanation}
            for name, told in sorted(report.handed.items())
        },
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
    known = figures.figures().by_code
    for block, line in lines(report.kind, 0 if chinese else 1):
        if isinstance(line, annual.Elsewhere):
            rows.append(_elsewhere(report, block, line, chosen))
            continue
        entry = known[line]
        name = entry.zh if chinese else entry.en
        values = [report.whole.get(entry.code), *(report.each[one].get(entry.code) for one in report.authorities)]
        unit, shown = unit_of(entry), list[Value](values)
        if unit == "fen" and report.kind in STATISTICS:
            unit = "万元" if chinese else "10,000 yuan"
            shown = [None if value is None else wan_yuan(value) for value in values]
        rows.append([entry.code, f"{block}·{name}", unit, *shown, how(entry, chosen)])
    title = TITLES[report.kind][0 if chinese else 1]
    above += [["说明" if chinese else "explanation", name, told.on, told.explanation or "–"]
              for name, told in sorted(report.handed.items())]  # fmt: skip
    return Sheet(title, above, [*head, *report.authorities, "口径" if chinese else "how counted"], rows)


def lines(kind: str, place: int) -> Iterator[tuple[str, str | annual.Elsewhere]]:
    """(block, figure) in the order of the report: of a year its tables first, then everything else that is counted."""
    shown: set[str] = set()
    for table in annual.TABLES if kind == "annual" else ():
        shown.update(table.counted)
        own: tuple[str | annual.Elsewhere, ...] = (*table.counted, *table.elsewhere)
        for one in own:
            yield (table.zh, table.en)[place], one
    for entry in figures.figures().entries:
        if entry.code not in shown:
            yield BLOCKS[entry.block][place], entry.code


def _elsewhere(report: Report, block: str, one: annual.Elsewhere, chosen: str) -> Row:
    """The line of a figure that others count: what was handed in, or that it is not recorded here."""
    place = 0 if chosen == "zh" else 1
    values = [report.elsewhere(one.code)]
    for name in report.authorities:
        told = report.handed.get(name)
        values.append(None if told is None else told.figures.get(one.code))
    unit = ("万元", "10,000 yuan")[place] if one.unit == "fen" else one.unit
    absent = [report.without(one.code, place), *(annual.NOT_RECORDED[place] for _ in report.authorities)]
    shown: list[Value] = [
        none if value is None else wan_yuan(value) if one.unit == "fen" else value
        for value, none in zip(values, absent, strict=True)
    ]
    how = (one.zh_how, one.en_how)[place]
    if any(value is not None for value in values):
        how += ("；此处为上报数", "; the number is that which was handed in")[place]
    return [one.code, f"{block}·{(one.zh, one.en)[place]}", unit, *shown, how]


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
