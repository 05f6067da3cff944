"""Files of others' books: what is read, what is refused by row with its reason, and what is not opened at all."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import random
import re
import resource
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from domain.import_columns import Wrong
from domain.outside import Layout, Reading, layout, read_rows
from ops import outside as outside_books
from ops import tables
from ops.outside import Wanted, check
from ops.tables import TableRefused, book
from schemas.events.outside_ledger import LedgerRow
from server.tables import files, reading

HEAD = ["票据号码", "缴款日期", "金额", "单位", "文号", "统一社会信用代码", "缴款人"]


def xlsx(path: Path, *rows: list[Any], then: Callable[[Any], None] = lambda _sheet: None, **more: Any) -> Path:
    book = openpyxl.Workbook()
    if more.get("mac"):
        book.epoch = openpyxl.utils.datetime.MAC_EPOCH
    for row in rows:
        book.active.append(row)
    then(book.active)
    book.save(path)
    return path


def read(path: Path, kind: Any = "receipts", unit: str = "") -> tuple[list[LedgerRow], Reading]:
    reading = Reading()
    with book(path) as file:
        rows = list(enumerate(file.tables[0].rows, 1))
        plan = layout(kind, [cells for _, cells in rows[:10]], unit=unit, serial_off=file.serial_off)
        assert isinstance(plan, Layout), plan
        found = list(read_rows(plan, [row for row in rows if row[0] > plan.header], reading))
    return found, reading


def test_a_spreadsheet_as_offices_keep_it(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "a.xlsx",
        ["示例市罚没收入台账"],
        HEAD,
        ["T-1", datetime.date(2026, 3, 5), 20000, "元", "（示）应急罚〔2026〕1号", None, "示例制造有限公司"],
        ["T-2", "2026年3月5日", "1.5", "万元", None, "91210500MA0TEX018W", "张三"],
        ["T-3", "2026/3/5", "２０，０００元", None, None, None, None],
        ["T-4", 46086, 0.1 + 0.2, "元", None, None, None],
        ["T-5", datetime.datetime.fromisoformat("2026-03-05T14:30"), "贰万元整", None, None, None, None],
        [1234567, "2026-3-5 9:05", "1.2万元", "元", None, None, None],
        [None, None, None, None, None, None, None],
        ["合计", None, 99999, None, None, None, None],
        then=lambda sheet: sheet.merge_cells("A1:G1"),
    )
    found, reading = read(path)
    assert reading.faults == []
    assert [row.amount_fen for row in found] == [2_000_000, 1_500_000, 2_000_000, 30, 2_000_000, 1_200_000]
    assert {row.on for row in found} == {datetime.date(2026, 3, 5)}
    assert [row.reference for row in found][-1] == "1234567"
    assert found[0].party == "示例制造有限公司"
    assert (reading.persons, reading.totals, reading.rows) == (1, 1, 6)
    assert [row.n for row in found] == [3, 4, 5, 6, 7, 8]


REFUSED = (
    (["T-1", datetime.date(2026, 3, 5), "=10000*2", "元"], "公式"),
    (["T-1", "3月5日", 1, "元"], "日期不完整"),
    (["T-1", "20263", 1, "元"], "1990"),
    (["T-1", "2026-02-30", 1, "元"], "没有这一天"),
    (["T-1", "2026-3-5 25:00", 1, "元"], "时刻"),
    (["T-1", "2026-3-5", 20000], "单位不明"),
    (["T-1", "2026-3-5", "约2万元"], "不是确数"),
    (["T-1", "2026-3-5", "1.005元"], "分以下"),
    (["T-1", "2026-3-5", 0, "元"], "为零"),
    (["T-1", "2026-3-5", "1.2E+5", "元"], "科学计数法"),
    (["1.23457E+17", "2026-3-5", 1, "元"], "科学计数法"),
    ([1234567890123456789, "2026-3-5", 1, "元"], "15 位"),
    (["11010119900307001X", "2026-3-5", 1, "元", None, "110101199003074514"], "公民身份号码"),
    (["T-1", "2026-3-5", 1, "元", None, "91210500MA0TEX0181"], "校验码"),
    (["T-1", "2026-3-5", 1, "元", None, "9121**********018W"], "遮盖"),
    (["T-1", "2026-3-5", 1, "元", "应急罚2026第1"], "年份"),
    (["T-1", None, 1, "元"], "必填"),
    (["T-1", "2026-3-5", 1, "角"], "元、万元"),
)


@pytest.mark.parametrize(("row", "says"), REFUSED)
def test_a_row_is_refused_with_its_reason_and_the_others_are_read(tmp_path: Path, row: list[Any], says: str) -> None:
    found, reading = read(xlsx(tmp_path / "a.xlsx", HEAD, row, ["T-9", "2026-3-5", 1, "元"]))
    assert [one.reference for one in found] == ["T-9"]
    assert any(says in fault.zh for fault in reading.faults), reading.faults
    assert {fault.row for fault in reading.faults} == {2}
    assert all(fault.en and "19900307" not in fault.came for fault in reading.faults)


def test_merged_cells_are_refused_row_by_row_but_for_their_first(tmp_path: Path) -> None:
    rows = [["T-1", "2026-3-5", 1, "元"], ["T-2", "2026-3-5", 1, "元"], ["T-3", "2026-3-5", 1, "元"]]
    path = xlsx(tmp_path / "a.xlsx", HEAD, *rows, then=lambda sheet: sheet.merge_cells("B2:B3"))
    found, reading = read(path)
    assert [row.reference for row in found] == ["T-1", "T-3"]
    (fault,) = reading.faults
    assert (fault.row, "第 2 行" in fault.zh) == (3, True)


def test_a_spreadsheet_that_counts_from_1904_means_the_same_days(tmp_path: Path) -> None:
    found, _ = read(xlsx(tmp_path / "a.xlsx", HEAD, ["T-1", 46086 - 1462, 1, "元"], mac=True))
    assert found[0].on == datetime.date(2026, 3, 5)


def test_headers_of_one_field_twice_and_missing_ones_are_named(tmp_path: Path) -> None:
    with book(xlsx(tmp_path / "a.xlsx", ["票号", "票据号码", "缴款日期"], ["1", "2", "2026-3-5"])) as file:
        plan = layout("receipts", list(file.tables[0].rows))
    assert isinstance(plan, list)
    assert "只保留一列" in plan[0].zh
    assert [(fault.column, "缺少这一列" in fault.zh) for fault in plan[1:]] == [("金额", True)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_of_any_office(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    last = "00013\t" if delimiter == "," else "00013"
    lines = (["票据号码", "缴款日期", "金额（万元）"], ['="00012"', "2026年3月5日", "1.5"], [last, "46086", "2"])
    path.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    found, reading = read(path)
    assert reading.faults == []
    assert [(row.reference, row.amount_fen) for row in found] == [("00012", 1_500_000), ("00013", 2_000_000)]


def test_a_formula_in_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("票据号码,缴款日期,金额（元）\nT-1,2026-3-5,=SUM(1+1)\n", "utf-8")
    assert [fault.zh[:5] for fault in read(path)[1].faults] == ["单元格是公"]


def bomb(path: Path, name: str, size: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, packed.open(name, "w") as part:
        for _ in range(size // 2**20):
            part.write(bytes(2**20))
    return path


def test_files_that_are_none_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    small = xlsx(tmp_path / "ok.xlsx", HEAD)
    entity = tmp_path / "entity.xlsx"
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(entity, "w") as made:
        for part in source.infolist():
            text = source.read(part)
            made.writestr(part, text.replace(b"<workbook", b"<!DOCTYPE x [<!ENTITY a 'b'>]><workbook", 1))
    old = tmp_path / "old.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    wide = tmp_path / "utf16.csv"
    wide.write_bytes("票据号码".encode("utf-16"))
    binary = tmp_path / "x.csv"
    binary.write_bytes(bytes(range(256)))
    torn = tmp_path / "torn.xlsx"
    torn.write_bytes(small.read_bytes()[:900])
    said = {}
    for path in (bomb(tmp_path / "bomb.xlsx", "xl/worksheets/sheet1.xml", 64 * 2**20), entity, old, wide, binary, torn):
        with pytest.raises(TableRefused) as refused, book(path) as file:
            list(file.tables[0].rows)
        said[path.name] = str(refused.value)
        assert re.search("[一-鿿]", refused.value.zh), "in both languages"
    assert "times its size" in said["bomb.xlsx"]
    assert "entities" in said["entity.xlsx"]
    assert "old .xls" in said["old.xls"]
    assert "UTF-16" in said["utf16.csv"]
    assert "neither UTF-8" in said["x.csv"]
    assert "no spreadsheet" in said["torn.xlsx"]


def repacked(path: Path, made: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The same spreadsheet with parts that were changed."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in source.infolist():
            packed.writestr(part.filename, change(part.filename, source.read(part)))
    return made


@pytest.mark.parametrize("how", ["behind a comment", "in UTF-16", "in a part of another name"])
def test_entities_are_found_wherever_xml_may_declare_them(tmp_path: Path, how: str) -> None:
    declared = b"<!DOCTYPE worksheet [<!ENTITY a 'b'>]>"

    def change(name: str, text: bytes) -> bytes:
        if how == "in a part of another name" and name.endswith("workbook.xml.rels"):
            return text.replace(b"sheet1.xml", b"sheet1.bin")
        if how == "in a part of another name" and name == "[Content_Types].xml":
            return text.replace(b"sheet1.xml", b"sheet1.bin")
        if not name.endswith("sheet1.xml"):
            return text
        text = text.removeprefix(b"<?xml version='1.0' encoding='utf-8'?>")
        match how:
            case "behind a comment":
                return b"<!--" + b" " * 70_000 + b"-->" + declared + text
            case "in UTF-16":
                return (declared + text).decode().encode("utf-16")
            case _:
                return declared + text

    made = repacked(xlsx(tmp_path / "ok.xlsx", HEAD), tmp_path / "entity.xlsx", change)
    if how == "in a part of another name":
        made = renamed(made, tmp_path / "renamed.xlsx", "sheet1.xml", "sheet1.bin")
    with pytest.raises(TableRefused, match="entities"), book(made) as file:
        list(file.tables[0].rows)


def renamed(path: Path, made: Path, old: str, new: str) -> Path:
    """The same spreadsheet with a part that is called otherwise."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in source.infolist():
            packed.writestr(part.filename.replace(old, new), source.read(part))
    return made


def test_a_spreadsheet_with_any_byte_changed_is_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    whole = xlsx(tmp_path / "ok.xlsx", HEAD, *([f"T-{n}", "2026-3-5", n, "示例一厂"] for n in range(20))).read_bytes()
    chance, torn, refused = random.Random(20260305), tmp_path / "torn.xlsx", 0
    for _ in range(1_500):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 2, 8))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        torn.write_bytes(data)
        try:
            with book(torn) as file:
                for table in file.tables:
                    list(table.rows)
        except TableRefused:
            refused += 1
    assert 300 < refused < 1_500


def test_what_whoever_reads_the_rows_raises_is_no_fault_of_the_file(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "ok.xlsx", HEAD)
    with pytest.raises(OSError, match="the database is away"), book(path):
        raise OSError("the database is away")


@pytest.mark.parametrize("tag", [b"<c ", b'<c r="A1" ', b"<mergeCell "])
def test_tags_that_never_end_take_no_longer_than_others(tmp_path: Path, tag: bytes) -> None:
    endless = tag * (60_000 // len(tag))
    made = repacked(
        xlsx(tmp_path / "ok.xlsx", HEAD), tmp_path / "endless.xlsx",
        lambda name, text: text + endless if name.endswith("sheet1.xml") else text,
    )  # fmt: skip
    began = time.process_time()
    for way in (reading.BOOK, reading.SHEET):
        with made.open("rb") as source, contextlib.suppress(TableRefused), files.opened(source, "x", way) as file:
            list(file.tables[0].rows)
    assert time.process_time() - began < 3


async def test_others_have_their_turn_while_a_spreadsheet_of_many_texts_is_opened(tmp_path: Path) -> None:
    rows = ([f"T-{n}", "2026-3-5", "1", f"一号示例厂{n}"] for n in range(25_000))
    path = xlsx(tmp_path / "long.xlsx", HEAD, *rows)
    longest = 0.0

    async def turns() -> None:
        nonlocal longest
        last = time.monotonic()
        while True:
            await asyncio.sleep(0)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()

    ticking, began = asyncio.create_task(turns()), time.monotonic()
    told = await check(path, Wanted("receipts", "市财政局"))
    took = time.monotonic() - began
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    assert told.rows == 25_000
    assert longest < took / 5


async def test_a_row_with_several_faults_is_one_refused_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    path.write_text("票据号码,缴款日期,金额（元）\n,x,y\n,x,y\n,x,y\n", "utf-8")
    whole = await check(path, Wanted("receipts", "市财政局"))
    monkeypatch.setattr(outside_books, "MOST_FAULTS", 4)
    cut = await check(path, Wanted("receipts", "市财政局"))
    assert (whole.refused, len(whole.faults)) == (3, 9)
    assert (cut.refused, len(cut.faults)) == (3, 4)


def test_limits_hold_at_one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BOOK", replace(reading.BOOK, rows=3))
    lines = [["票据号码"], ["1"], ["2"]]
    with book(xlsx(tmp_path / "a.xlsx", *lines)) as file:
        assert len(list(file.tables[0].rows)) == 3
    with (
        pytest.raises(TableRefused, match="more than 3 rows"),
        book(xlsx(tmp_path / "b.xlsx", *lines, ["3"])) as file,
    ):
        list(file.tables[0].rows)
    with book(xlsx(tmp_path / "c.xlsx", ["x"] * 100)) as file:
        list(file.tables[0].rows)
    with (
        pytest.raises(TableRefused, match="at most 100 columns"),
        book(xlsx(tmp_path / "d.xlsx", ["x"] * 101)) as file,
    ):
        list(file.tables[0].rows)
    with (
        pytest.raises(TableRefused, match="more than 20000 characters"),
        book(xlsx(tmp_path / "e.xlsx", ["x" * 20_001])) as file,
    ):
        list(file.tables[0].rows)
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    with pytest.raises(TableRefused, match="larger than"):
        tables.digest(tmp_path / "a.xlsx")
    (tmp_path / "none").touch()
    with pytest.raises(TableRefused, match="is empty"):
        tables.digest(tmp_path / "none")


def test_a_long_book_is_read_without_growing(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("票据号码,缴款日期,金额（元）\n")
        file.writelines(f"{n:010},2026-03-05,{n % 5000 + 1}\n" for n in range(60_000))
    with book(path) as file:
        rows = iter(file.tables[0].rows)
        for _ in range(10_000):
            next(rows)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert sum(1 for _ in rows) == 50_001
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 8 * 1024, f"{grown} KiB"


def test_an_error_and_other_values_are_no_text(tmp_path: Path) -> None:
    def put(sheet: Any) -> None:
        sheet["A2"].value, sheet["A2"].data_type = "#N/A", "e"
        sheet["B2"].value = datetime.time(9, 5)

    with book(xlsx(tmp_path / "a.xlsx", ["票据号码", "缴款日期"], then=put)) as file:
        (first, second) = list(file.tables[0].rows)[1]
    assert isinstance(first, Wrong)
    assert isinstance(second, Wrong)
