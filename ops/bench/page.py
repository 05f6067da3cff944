"""The figures as tables: aligned text on a screen, Markdown between two marks of docs/performance.md.

Invariant: `write` changes nothing of the page but what stands between the marks, and the page is whole at any moment.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.bench.ingest import PEERS, SPREAD, Samples
from ops.bench.machine import Machine
from ops.bench.pages import Shown
from ops.bench.public import Served
from ops.bench.reconcile import Reconciled
from ops.bench.series import Folding, Growth, Verified

BEGIN: Final = "<!-- figures: made by `liuhen bench all --write docs/performance.md`; do not edit -->"
END: Final = "<!-- end of figures -->"
NAMES: Final = {
    "ours": "liuhen",
    "copy": "COPY",
    "eventsourcing": "eventsourcing",
    "eventsourcing_fastest": "eventsourcing, fastest",
    "umadb": "UmaDB",
    "umadb_http": "UmaDB, handler",
}
PARTS: Final = {"server": "server", "readers": "readers", "postgresql": "PostgreSQL", "client": "client"}


class PageRefused(Exception):
    """The page cannot be written; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; its first column is text, the others are numbers. `notes` are sentences below it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Aligned columns."""
        widths = [max(_width(row[at]) for row in (self.head, *self.rows)) for at in range(len(self.head))]
        lines = [self.title]
        for row in (self.head, *self.rows):
            first, *others = (_pad(cell, widths[at], left=at == 0) for at, cell in enumerate(row))
            lines.append("  ".join(["  " + first, *others]).rstrip())
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def markdown(self) -> str:
        """A Markdown table."""
        lines = [f"### {self.title}", "", _row(self.head), _row(["---", *["---:"] * (len(self.head) - 1)])]
        lines += [_row(row) for row in self.rows]
        return "\n".join([*lines, "", *(f"{note}  " for note in self.notes)]).rstrip()


def ingest_tables(samples: Samples) -> list[Table]:
    """Rates and latencies, ratios, and where the time goes."""
    levels = sorted(samples.of["ours"])
    targets = [name for name in ("ours", *PEERS) if name in samples.of]
    head = ["终端 terminals", *(str(level) for level in levels)]
    rates, ratios = [], []
    for name in targets:
        cells = [samples.figures(name, level) for level in levels]
        rates.append([NAMES[name], *(f"{c['events_per_s']:,.0f}" for c in cells)])
        rates.append(["  p50 / p99 ms", *(f"{c['p50_ms']:.1f} / {c['p99_ms']:.1f}" for c in cells)])
        if name != "ours":
            ratios.append([f"liuhen : {NAMES[name]}", *(_times(samples.ratio(name, level)) for level in levels)])
    at = samples.plan.ratio_level
    notes = [f"{NAMES[name]}: 未测 not measured, {why}" for name, why in samples.absent.items()]
    group = ", ".join(f"{level}: {events:.0f}" for level, events in samples.mean_groups().items())
    stored = samples.rows
    counted = (
        f"逐行清点 counted: {stored['events']:,} events in {stored['entries']:,} entries, gapless, just those sent"
    )
    tables = [
        Table("写入 Ingest, events/s", head, rates, [*notes, f"每组事件 events of a group by terminals: {group}"]),
        Table("比值 Ratios", head, ratios),
        Table(
            f"CPU, µs/event, {at} terminals",
            ["进程 process", *PARTS.values()],
            [[NAMES[n], *(_cpu(samples.cpu(n, at).get(p)) for p in PARTS)] for n in targets],
            [*_where(samples, at), counted],
        ),
    ]
    if "spread" in samples.of:
        one, many = samples.figures("ours", SPREAD), samples.figures("spread", SPREAD)
        rows = [
            ["1", f"{one['events_per_s']:,.0f}", f"{one['p50_ms']:.1f} / {one['p99_ms']:.1f}", "1.00"],
            [
                str(SPREAD),
                f"{many['events_per_s']:,.0f}",
                f"{many['p50_ms']:.1f} / {many['p99_ms']:.1f}",
                _times(samples.spread_ratio),
            ],
        ]
        tables.append(
            Table(f"{SPREAD} 台终端 terminals in so many logs", ["logs", "events/s", "p50 / p99 ms", "ratio"], rows)
        )
    return tables


def _where(samples: Samples, level: int) -> list[str]:
    """What the CPU figures say about where the time goes."""
    ours, copy = samples.cpu("ours", level), samples.cpu("copy", level)
    server, database, bare = ours["server"], ours["postgresql"], copy["postgresql"]
    if not server or not database or bare is None:
        return []
    cores = samples.machine.cores
    together = 1e6 * cores / sum(value for value in ours.values() if value)
    beyond = max(0.0, database - bare)
    return [
        f"上限 bounds: one server process {1e6 / server:,.0f} events/s, everything on {cores} cores {together:,.0f}",
        f"PostgreSQL beyond COPY: {beyond:.1f} µs for tags, terminals, heads, look-ups, checkpoints",
    ]


def growth_table(growth: Growth) -> Table:
    """Cost by size."""
    rows = [
        [
            f"{point.size:,}",
            f"{point.events_per_s:,.0f}",
            *(_cpu(point.cpu.get(name)) for name in PARTS),
        ]
        for point in growth.points
    ]
    ratio = growth.as_json()["last_to_first"]
    note = f"末项比首项 cost at the greatest size over that at the smallest: {_times(ratio)}"
    return Table(
        "日志增长 Cost as the log grows",
        ["entries", "events/s", *(f"{part} µs" for part in PARTS.values())],
        rows,
        [note],
    )


def folding_table(folding: Folding) -> Table:
    """The projections."""
    rows = [
        ["追赶 catching up, entries/s", f"{folding.catch_up:,.0f}"],
        ["重建 rebuild, entries/s", f"{folding.rebuild:,.0f}"],
    ]
    if folding.lag is not None and folding.pace is not None and folding.paced is not None:
        rows.append([f"同步 keeping up with {folding.pace:,.0f}/s: events/s", f"{folding.paced:,.0f}"])
        rows.append(["  最长滞后 longest lag, s", f"{folding.lag:.2f}"])
    return Table("投影 Projections", [f"{folding.entries:,} entries", ""], rows, ["重建与现用相同 rebuilt equals live"])


def verified_table(verified: Verified) -> Table:
    """Verify."""
    rows = [
        ["秒 seconds", f"{verified.seconds:.1f}"],
        ["条/秒 entries/s", f"{verified.entries / verified.seconds:,.0f}"],
        ["CPU µs/entry, PostgreSQL included", _cpu(verified.cpu_us)],
    ]
    return Table("核验 liuhen verify", [f"{verified.entries:,} entries", ""], rows)


def reconciled_table(done: Reconciled) -> Table:
    """A book of others held against the log."""
    rows = [
        ["读取 reading, s", f"{done.read_s:.1f}", f"{done.read_cpu_s:.1f}"],
        ["核对 matching, s", f"{done.match_s:.1f}", f"{done.match_cpu_s:.1f}"],
    ]
    found = f"{done.matched:,} rows fit, {done.unmatched:,} do not, as planted"
    notes = ["", f"{found}; reading and holding them added {done.grown_mib:.0f} MiB at most"]
    held = f"{done.rows:,} 行票据、{done.payments:,} 笔缴款 receipts beside payments"
    return Table("外部台账 Books of others", [held, "时钟 clock", "CPU"], rows, notes)


def pages_table(shown: Shown) -> Table:
    """Pages of the console."""
    rows = [[page, f"{shown.at(page, 50):.1f}", f"{shown.at(page, 99):.1f}"] for page in shown.times]
    held = f"{shown.rows:,} 项隐患、期限、未处理预警和在办审核 hazards, deadlines, open signals and open reviews"
    return Table("页面 Pages", [held, "p50 ms", "p99 ms"], rows)


def public_table(served: Served) -> Table:
    """The public site."""
    rows = [
        [kind, str(len(found)), f"{served.at(kind, 50):.1f}", f"{served.at(kind, 99):.1f}", f"{found[-1]:.1f}"]
        for kind, found in served.times.items()
    ]
    head = [f"{served.records:,} 条公示记录 published records, {served.rate:.0f}/s", "n", "p50 ms", "p99 ms", "max ms"]
    cpu = "?" if served.cpu is None else f"{served.cpu:.2f}"
    memory = f"{served.csv_grown / 1024:.1f} MiB"
    table = f"{served.csv_rows:,} 行 rows, {served.csv_bytes / 1e6:.0f} MB, {served.csv_seconds:.1f} s"
    notes = ["", f"CPU: {cpu} 核 cores; 全量 CSV bulk: {table}, 内存增长 memory grown {memory}"]
    return Table("公示网站 Public site", head, rows, notes)


def write(page: Path, tables: Sequence[Table], machine: Machine) -> None:
    """Put the tables between the marks of the page. Raises PageRefused."""
    before, after = _halves(page)
    parts = [BEGIN, f"Machine: {machine.line()}.", *(table.markdown() for table in tables), END]
    making = page.with_name(page.name + ".new")
    making.write_text(before + "\n\n".join(parts) + after, "utf-8")
    making.replace(page)


def check(page: Path) -> None:
    """Raise PageRefused unless the page can be written: asked before a run that takes minutes."""
    _halves(page)


def _halves(page: Path) -> tuple[str, str]:
    try:
        text = page.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise PageRefused(f"{page} cannot be read ({fault}): name a page with the two marks of the figures") from None
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise PageRefused(f"{page} lacks the lines {BEGIN!r} and {END!r}: put them where the figures belong")
    return text.partition(BEGIN)[0], text.partition(END)[2]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.strip() for cell in cells)} |"


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _cpu(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _width(text: str) -> int:
    """Columns on a screen: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _pad(text: str, width: int, *, left: bool) -> str:
    gap = " " * (width - _width(text))
    return text + gap if left else gap + text
