"""What it takes to read a book of others and to hold it against the log: receipts of a year, as the judge gets them.

A spreadsheet with a known share of receipts that fit by number, by party, or not at all is written, read as the command
reads it, and judged month by month beside as many payments. The invariant: no figure of a run that did not find exactly
what was planted.
"""

from __future__ import annotations

import datetime
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from domain import filing
from domain import outside as books
from domain.judges import outside
from domain.matter import Fact, Matter, order
from domain.outside import Layout, Reading
from ops import tables
from ops.bench.rig import BenchFault
from projections import rulefiles
from schemas.events import REGISTRY
from schemas.events.outside_ledger import LedgerRow

AUTHORITY: Final = "210500"
SEED: Final = 20261130
KNOWN: Final = 0.9
"""Share of receipts whose payment bears their number."""
PARTY: Final = 0.05
"""Share whose payment has no number of a receipt, and the same enterprise, day and amount; the rest fits nothing."""
YEAR: Final = datetime.date(2026, 1, 1)
HEAD: Final = ("票据号码", "缴款日期", "金额（元）", "统一社会信用代码", "缴款人", "执收单位")


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Seconds by the clock and of CPU; `grown_mib` is what reading added to the largest memory of the process."""

    rows: int
    payments: int
    read_s: float
    read_cpu_s: float
    grown_mib: float
    match_s: float
    match_cpu_s: float
    matched: int
    unmatched: int

    def as_json(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


def reconciling(rows: int, *, place: Path | None, say: Callable[[str, int, int], None]) -> Reconciled:
    """Write, read and match a book of so many receipts. Raises BenchFault."""
    chance = random.Random(SEED)  # noqa: S311 - the same book in every run
    with tempfile.TemporaryDirectory(prefix="liuhen-bench-", dir=place) as folder:
        path = Path(folder) / "book.xlsx"
        facts, planted = _write(path, rows, chance, say)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, cpu = time.perf_counter(), time.process_time()
        found = list(_read(path, rows, say))
        read_s, read_cpu = time.perf_counter() - began, time.process_time() - cpu
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    brought = [_brought(month, part) for month, part in books.parts(found)]
    began, cpu = time.perf_counter(), time.process_time()
    states = _match(brought, facts, say)
    match_s, match_cpu = time.perf_counter() - began, time.process_time() - cpu
    if (states["matched"], states["matched"] + states["candidate"] + states["unmatched"]) != (planted, rows):
        raise BenchFault(f"expected {planted} of {rows} rows to fit, found {dict(states)}")
    return Reconciled(
        rows, len(facts), round(read_s, 2), round(read_cpu, 2), round(grown, 1), round(match_s, 2),
        round(match_cpu, 2), states["matched"], states["candidate"] + states["unmatched"],
    )  # fmt: skip


def _write(
    path: Path, rows: int, chance: random.Random, say: Callable[[str, int, int], None]
) -> tuple[list[Fact], int]:
    """The spreadsheet, the payments on record, and how many rows fit one of them."""
    import xlsxwriter

    facts: list[Fact] = []
    planted = 0
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        for n in range(1, rows + 1):
            day = YEAR + datetime.timedelta(days=chance.randrange(365))
            number, fen, firm = f"{n:010}", chance.randrange(100_000, 9_000_000), f"E-{chance.randrange(20_000)}"
            amount = f"{fen // 100}.{fen % 100:02}"
            sheet.write_row(n, 0, (number, day.isoformat(), amount, firm, "示例有限公司", AUTHORITY))
            luck = chance.random()
            if luck < KNOWN + PARTY:
                planted += 1
                facts.extend(_paid(n, day, fen, firm, number if luck < KNOWN else ""))
            if not n % 10_000:
                say("书写 writing", n, rows)
    return facts, planted


def _paid(n: int, day: datetime.date, fen: int, firm: str, ticket: str) -> Iterator[Fact]:
    """A payment of an enterprise, with the number of its receipt where it bears one."""
    case = n.to_bytes(16, "big")
    printed = f"（示）应急罚〔2026〕{n % 999_999 + 1}号"
    body: dict[str, Any] = {
        "case_id": case, "document_no": printed, "amount_fen": fen, "paid_on": day.isoformat(), "channel": "bank",
    }  # fmt: skip
    if ticket:
        body["ticket_no"] = ticket
    yield _fact("fine_payment.recorded.v1", body, n, (f"enterprise:{firm}",))


def _fact(name: str, body: dict[str, Any], n: int, about: tuple[str, ...] = ()) -> Fact:
    return Fact(
        id=n.to_bytes(16, "big"), type=name, body=REGISTRY.decode_body(name, body), about=about, by=(), source="office",
        authority=AUTHORITY, occurred=1, received=1,
    )  # fmt: skip


def _read(path: Path, rows: int, say: Callable[[str, int, int], None]) -> Iterator[LedgerRow]:
    reading = Reading()
    with tables.book(path) as opened:
        source = enumerate(opened.tables[0].rows, 1)
        top = list(islice(source, 1))
        plan = books.layout("receipts", [cells for _, cells in top])
        if not isinstance(plan, Layout):
            raise BenchFault(f"the book was not read: {plan}")
        for row in books.read_rows(plan, source, reading):
            if not row.n % 10_000:
                say("读取 reading", row.n, rows)
            yield row
    if reading.faults:
        raise BenchFault(f"the book was not read: {reading.faults[:3]}")


def _brought(month: str, part: tuple[LedgerRow, ...]) -> Fact:
    body = {"import_id": bytes(16), "kind": "receipts", "month": month, "rows": []}
    empty = {**body, "rows": [{"n": 1, "key": "x", "on": "2026-01-01"}]}
    fact = _fact("outside_ledger.rows_received.v1", empty, part[0].n + 10**9)
    assert fact.body is not None
    whole = msgspec.structs.replace(fact.body, month=month, rows=part)
    return Fact(fact.id, fact.type, whole, (), (), "office", AUTHORITY, 1, 2)


def _match(brought: list[Fact], payments: list[Fact], say: Callable[[str, int, int], None]) -> Counter[str]:
    """Every month through the judge, with the shelves that it asks for."""
    rules, calendar = rulefiles.load()
    shelves: dict[str, list[Fact]] = {}
    for fact in payments:
        for key in filing.keys(fact):
            if key.startswith("money:"):
                shelves.setdefault(key, []).append(fact)
    months: dict[str, list[Fact]] = {}
    for fact in brought:
        for key in filing.keys(fact):
            if key.startswith("outside:"):
                months.setdefault(key.partition(":")[2], []).append(fact)
    states: Counter[str] = Counter()
    for place, (key, facts) in enumerate(sorted(months.items()), 1):
        others = {name: tuple(sorted(shelves.get(name, ()), key=order)) for name in outside.needs(facts)}
        matter = Matter("outside", key, AUTHORITY, tuple(facts), rules, calendar, others)
        columns = outside.judge(matter).columns
        for name in ("matched", "candidate", "unmatched"):
            states[name] += int(columns[name] or 0)
        say("核对 matching", place, len(months))
    return states
