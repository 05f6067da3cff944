"""What others have on their books of the bureau: the receipts of finance, and its own register of documents.

Every row of which the system has the act fits; ten fit nothing, five in each book, and the supervisor has explained
five of them. Played after everything else, because rows are held against what is there. The invariant: every receipt,
number and party that fits nothing is invented, and what a start that was cut short had done is not done again.
"""

from __future__ import annotations

import asyncio
import csv
import datetime
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain.imports import named_id
from domain.judges.outside import about
from domain.office.commands import ResolveSignal
from domain.outside_facts import month_of
from domain.settling import signal_id
from ops.outside import OutsideLedgers, Wanted
from ops.serve import Served
from ops.stories.book import Story
from ops.stories.teller import PREFIX
from schemas.entries import Who
from schemas.events.outside_ledger import LedgerKind
from schemas.problems import Problem
from server.identity.person import Person

AGO: Final = (18, 21, 25, 28, 32)
"""Days ago on which the rows that fit nothing were written: terminals have had their time to upload."""
APART: Final = 60
"""How far the numbers that fit nothing lie apart: shorter stretches would be gaps of the register."""
PARTIES: Final = ("示例木业有限公司", "示例仓储有限公司", "示例印染有限公司", "示例铸件有限公司", "示例粮油有限公司")
FEN: Final = (321_700, 1_204_300, 87_900, 2_553_100, 640_900)
"""Amounts that no fine of the stories has."""
REASONS: Final = (
    "属消防救援机构的罚款，缴款人误选执收单位，财政局已更正。",
    "系统启用前立案的纸质案件，卷宗存档案室，已核对原件。",
    "财政局重复开票，已红字冲销。",
    "文号由局办公室预留，文书没有使用，登记簿已注销。",
    "登记簿年份笔误，实为上一年度文书，已核对原件。",
)
"""What the supervisor found: of three receipts, then of two documents."""
RECEIPTS_EXPLAINED: Final = 3
SOURCES: Final[Mapping[LedgerKind, str]] = {"receipts": "示例市财政局", "documents": "局办公室"}
RULES: Final[Mapping[LedgerKind, str]] = {"receipts": "SIG-04", "documents": "SIG-25"}
HEADS: Final[Mapping[LedgerKind, tuple[str, ...]]] = {
    "receipts": ("票据号码", "缴款日期", "金额（元）", "处罚决定书文号", "缴款人"),
    "documents": ("登记号", "发文日期", "文号", "受文单位"),
}
_NUMBER: Final = re.compile(re.escape(f"{PREFIX}罚") + r"〔(\d{4})〕(\d+)号")


@dataclass(frozen=True, slots=True)
class Compared:
    """What came in: rows of both books, how many of them fit nothing, how many of those were explained."""

    rows: int
    odd: int
    explained: int


async def compare(
    served: Served, authority: str, told: Sequence[Story], day: datetime.date, judged: Callable[[], Awaitable[bool]]
) -> Compared:
    """Take both books over as they stood on a day, and explain five of ten rows. Raises Problem.

    `judged` waits until the projections have caught up.
    """
    ledgers = OutsideLedgers(served.log.committer, served.log.pool, served.uploads.store)
    supervisor = Person("supervisor", "监督员庚", authority, frozenset({"supervisor"}), "session", bytes(32))
    acts = [event for one in told if one.authority == authority for event in one.events]
    paid = [event.body for event in acts if event.type == "fine_payment.recorded.v1"]
    decided = [event.body for event in acts if event.type == "penalty.decided.v1"]
    books: dict[LedgerKind, tuple[list[tuple[str, ...]], list[tuple[str, ...]]]] = {
        "receipts": (list(_receipts(paid, day)), list(_odd_receipts(day))),
        "documents": (list(_documents(decided, day)), list(_odd_documents(decided, day))),
    }
    for kind, (known, odd) in books.items():
        await _take(ledgers, authority, kind, [*known, *odd])
    await judged()
    desk = served.services.desk
    assert desk is not None, "the demo writes a log"
    explained: list[tuple[LedgerKind, tuple[str, ...]]] = [
        *(("receipts", row) for row in books["receipts"][1][:RECEIPTS_EXPLAINED]),
        *(("documents", row) for row in books["documents"][1][: len(REASONS) - RECEIPTS_EXPLAINED]),
    ]
    for (which, row), reason in zip(explained, REASONS, strict=True):
        key = f"{authority}/{which}/{month_of(datetime.date.fromisoformat(row[1]))}"
        signal = signal_id(RULES[which], "outside", key, about(f"r:{row[0]}"))
        command = ResolveSignal(signal=signal, resolution="explained", reason=reason)
        await desk.do(supervisor, "outside", key, command, act=named_id("demo", "explained", signal))
    await judged()
    return Compared(
        sum(len(known) + len(odd) for known, odd in books.values()), sum(len(odd) for _, odd in books.values()),
        len(explained),
    )  # fmt: skip


async def _take(ledgers: OutsideLedgers, authority: str, kind: LedgerKind, rows: Sequence[Sequence[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind}.csv"
        await asyncio.to_thread(_write, path, kind, rows)
        who = Who(officer="supervisor", session=bytes(32), via="demo")
        done = await ledgers.take(authority, path, Wanted(kind, SOURCES[kind]), who)
    if done.faults:
        raise Problem("conflict", f"{SOURCES[kind]}: {done.faults[0].en}")


def _write(path: Path, kind: LedgerKind, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADS[kind], *rows])


def _receipts(paid: Iterable[Mapping[str, Any]], day: datetime.date) -> Iterator[tuple[str, ...]]:
    """A receipt of every payment that has one."""
    seen: set[str] = set()
    for body in paid:
        ticket = body.get("ticket_no", "")
        if ticket and ticket not in seen and body["paid_on"] <= day.isoformat():
            seen.add(ticket)
            yield ticket, body["paid_on"], _yuan(body["amount_fen"]), body["document_no"], ""


def _odd_receipts(day: datetime.date) -> Iterator[tuple[str, ...]]:
    for place, (ago, party, fen) in enumerate(zip(AGO, PARTIES, FEN, strict=True), 1):
        yield f"示票9{place:07}", (day - datetime.timedelta(days=ago)).isoformat(), _yuan(fen), "", party


def _documents(decided: Iterable[Mapping[str, Any]], day: datetime.date) -> Iterator[tuple[str, ...]]:
    """A line for every decision."""
    seen: set[str] = set()
    for body in decided:
        number = body["document_no"]
        if number not in seen and body["decided_on"] <= day.isoformat():
            seen.add(number)
            yield f"登{len(seen):04}", body["decided_on"], number, ""


def _odd_documents(decided: Iterable[Mapping[str, Any]], day: datetime.date) -> Iterator[tuple[str, ...]]:
    """Numbers behind all that were given out in their year."""
    last: dict[int, int] = {}
    for body in decided:
        if (found := _NUMBER.fullmatch(body["document_no"])) is not None:
            last[int(found[1])] = max(last.get(int(found[1]), 0), int(found[2]))
    for place, (ago, party) in enumerate(zip(AGO, PARTIES, strict=True), 1):
        on = day - datetime.timedelta(days=ago)
        number = last[on.year] = last.get(on.year, 0) + APART
        yield f"登9{place:03}", on.isoformat(), f"{PREFIX}罚〔{on.year}〕{number}号", party


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
