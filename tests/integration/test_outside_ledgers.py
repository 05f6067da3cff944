"""Books of others through the real log: taken over once, overlapping ones add what is new, judged, and made again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ops.outside import OutsideLedgers, Told, Wanted, columns_of
from schemas.entries import Who
from schemas.problems import Problem
from server.evidence.store import BlobStore, key_of
from tests.support.log import AUTHORITY, Log, open_log
from tests.support.postgres import TestDatabase
from tests.support.process import judge, remake

WHO = Who(officer="officer-0040", session=bytes(32), via="import")
HEAD = "票据号码,缴款日期,金额（元）,文号,缴款人\n"


@asynccontextmanager
async def taking(database: TestDatabase, folder: Path) -> AsyncIterator[tuple[OutsideLedgers, Log]]:
    async with open_log(database.dsn("liuhen_writer"), folder) as log:
        yield OutsideLedgers(log.committer, log.pool, BlobStore(folder / "evidence")), log


def book(folder: Path, name: str, numbers: range, *more: str, encoding: str = "utf-8-sig") -> Path:
    lines = [f"{n:08},2026-03-{1 + n % 28:02},{2000 + n},,示例制造有限公司\n" for n in numbers]
    path = folder / name
    path.write_text(HEAD + "".join((*lines, *more)), encoding)
    return path


async def take(ledgers: OutsideLedgers, path: Path, **more: Any) -> Told:
    return await ledgers.take(AUTHORITY, path, Wanted("receipts", "市财政局"), WHO, **more)


async def outside_matters(database: TestDatabase) -> dict[str, dict[str, Any]]:
    connection = await database.connect()
    try:
        slot = await connection.fetchval("SELECT slot FROM view.process")
        rows = await connection.fetch(f"SELECT key, columns FROM view_{slot}.matters WHERE kind = 'outside'")
        return {row["key"]: msgspec.json.decode(row["columns"]) for row in rows}
    finally:
        await connection.close()


async def test_the_same_book_twice_changes_nothing_and_one_that_overlaps_adds_what_is_new(
    database: TestDatabase, tmp_path: Path, short_folder: Path
) -> None:
    first = book(tmp_path, "a.csv", range(1, 31))
    async with taking(database, short_folder) as (ledgers, log):
        tried = await take(ledgers, first, dry_run=True)
        assert (tried.counts(), tried.recorded) == ({"new": 30, "known": 0, "refused": 0}, 0)
        assert not list((short_folder / "evidence").rglob("*")), "a dry run keeps nothing"
        size = (await log.head())["size"]

        told = await take(ledgers, first)
        assert (told.counts(), told.recorded) == ({"new": 30, "known": 0, "refused": 0}, 2)
        digest = sha256(first.read_bytes()).digest()
        assert (short_folder / "evidence" / key_of(digest)).read_bytes() == first.read_bytes()
        assert (await log.head())["size"] == size + 2

        again = await take(ledgers, first)
        assert (again.counts(), again.recorded) == ({"new": 0, "known": 30, "refused": 0}, 0)
        chinese = book(tmp_path, "b.csv", range(1, 31), encoding="gb18030")
        other = await take(ledgers, chinese)  # another file with the same rows: cited, and nothing taken from it
        assert (other.encoding, other.counts(), other.recorded) == ("gb18030", {"new": 0, "known": 30, "refused": 0}, 1)

        more = await take(ledgers, book(tmp_path, "c.csv", range(21, 41)))
        assert (more.counts(), more.recorded) == ({"new": 10, "known": 10, "refused": 0}, 2)
        assert (await log.head())["size"] == size + 5
        await judge(database)
        (columns,) = (await outside_matters(database)).values()
        assert (columns["rows"], columns["paid_without_case"]) == (40, 40)
        before = await outside_matters(database)
        await remake(database)
        assert await outside_matters(database) == before


async def test_a_file_that_changes_while_it_is_read_is_kept_under_no_digest_and_not_taken_over(
    database: TestDatabase, tmp_path: Path, short_folder: Path
) -> None:
    path = book(tmp_path, "a.csv", range(1, 5))

    def meanwhile(_done: int, _all: int) -> None:
        path.write_bytes(path.read_bytes() + b"00000099,2026-03-01,1,,\r\n")

    async with taking(database, short_folder) as (ledgers, log):
        size = (await log.head())["size"]
        with pytest.raises(Problem) as refused:
            await take(ledgers, path, progress=meanwhile)
        assert refused.value.code == "conflict"
        assert (await log.head())["size"] == size
        assert not [one for one in (short_folder / "evidence").rglob("*") if one.is_file()]


async def test_a_row_that_differs_from_what_stands_is_refused_and_so_is_the_book_unless_asked(
    database: TestDatabase, tmp_path: Path, short_folder: Path
) -> None:
    async with taking(database, short_folder) as (ledgers, log):
        await take(ledgers, book(tmp_path, "a.csv", range(1, 4)))
        size = (await log.head())["size"]
        bad = book(tmp_path, "b.csv", range(3, 6), "00000001,2026-03-02,9999,,\n")
        refused = await take(ledgers, bad)
        assert (refused.counts(), refused.recorded) == ({"new": 2, "known": 1, "refused": 1}, 0)
        assert refused.faults[0].row == 5
        assert (await log.head())["size"] == size
        skipped = await take(ledgers, bad, skip_faulty=True)
        assert skipped.recorded == 2


async def test_books_of_tickets_are_held_against_the_tickets_that_were_used(
    database: TestDatabase, tmp_path: Path, short_folder: Path
) -> None:
    register = tmp_path / "tickets.csv"
    register.write_text(
        "起始号码,终止号码,领用日期,领用单位,状态\n"
        "00000001,00000025,2026-03-02,执法一科,领用\n"
        "00000003,00000003,2026-03-20,执法一科,作废\n"
        "00000026,00000020,2026-03-02,执法一科,领用\n",
        "utf-8",
    )
    wanted = Wanted("tickets", "市财政局")
    async with taking(database, short_folder) as (ledgers, _):
        refused = await ledgers.take(AUTHORITY, register, wanted, WHO)
        assert (refused.recorded, [fault.row for fault in refused.faults]) == (0, [4])
        assert "止号不小于起号" in refused.faults[0].zh
        told = await ledgers.take(AUTHORITY, register, wanted, WHO, skip_faulty=True)
        again = await ledgers.take(AUTHORITY, register, wanted, WHO, skip_faulty=True)
        assert (told.counts(), again.recorded) == ({"new": 2, "known": 0, "refused": 1}, 0)
        await take(ledgers, book(tmp_path, "a.csv", range(1, 3)))  # tickets 1 and 2; 4 is passed over, 3 is void
        await take(ledgers, book(tmp_path, "b.csv", range(5, 6)))
        await judge(database)
        found = await outside_matters(database)
        (columns,) = (one for key, one in found.items() if "/tickets/" in key)
        assert (columns["rows"], columns["ticket_gap"]) == (2, 1)
        before = await outside_matters(database)
        await remake(database)
        assert await outside_matters(database) == before


async def test_a_mapping_is_saved_with_its_version_and_used_by_name(
    database: TestDatabase, tmp_path: Path, short_folder: Path
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("凭证,日子,数额\nA-1,2026/3/5,2\n", "utf-8")
    async with taking(database, short_folder) as (ledgers, _):
        columns = columns_of("凭证 = reference\n日子 = on\n数额 = amount 元")
        one = await ledgers.save_columns(AUTHORITY, "receipts", "财政", columns, WHO)
        same = await ledgers.save_columns(AUTHORITY, "receipts", "财政", columns, WHO)
        two = await ledgers.save_columns(
            AUTHORITY, "receipts", "财政", columns_of("凭证=reference\n日子=on\n数额=amount 万元"), WHO
        )
        assert [one.version, same.version, two.version] == [1, 1, 2]
        wanted = Wanted("receipts", "市财政局", mapping="财政")
        told = await ledgers.take(AUTHORITY, path, wanted, WHO)
        assert (told.new, told.faults) == (1, [])
        assert {column.title: column.unit for column in told.columns}["数额"] == "万元"
