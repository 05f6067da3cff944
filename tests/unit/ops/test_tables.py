from __future__ import annotations

import datetime
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from ops import tables
from server.tables import held, reading, xlsx_file


def sheet(tmp_path: Path, content: bytes, name: str = "t.csv") -> tables.Sheet:
    path = tmp_path / name
    path.write_bytes(content)
    return tables.read(path)[0]


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    active = book.active
    assert active is not None
    for row in rows:
        active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def test_csv_is_read_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    text = '单位名称,地址\r\n"示例, 一厂","一\n号"\r\n'
    expected = tables.Sheet(("单位名称", "地址"), (("示例, 一厂", "一\n号"),))
    assert sheet(tmp_path, text.encode()) == expected
    assert sheet(tmp_path, text.encode("utf-8-sig")) == expected


def test_a_spreadsheet_gives_the_same_text_as_csv(tmp_path: Path) -> None:
    content = workbook(
        ["单位名称", "日期", "次数", "纬度", "双报告", "空"],
        ["示例一厂", datetime.date(2026, 3, 2), 2, 41.2934567, True, None],
    )
    assert sheet(tmp_path, content, "t.xlsx").rows == (("示例一厂", "2026-03-02", "2", "41.2934567", "是", ""),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected a header"),
        (b"\n1\n", "expected a header"),
        (b"a,b\n\xff\xff\xff", "neither UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls"),
        (b"a,b\n1,\x00\n", "NUL"),
        (b'a,b\n"1,2\n', "expected CSV"),
        (b"a," * 101 + b"\n", "at most 100 columns"),
        (b"a\n" + b"x" * 20_001, "more than 20000 characters"),
        (b"PK\x03\x04 not a zip", "no spreadsheet that can be read"),
        (workbook(["a"], [datetime.datetime.fromisoformat("2026-03-02 09:30")]), "row 2, column 1: .*without a time"),
        (workbook(["a", "b"], ["1", "=1+1"]), "row 2, column 2: .*formula without a value"),
        (workbook(["a"], ["#N/A"]), "row 2, column 1: .*an error value"),
        (workbook(["a"], [210500199001011234]), "more than 15 digits"),
        (b"a\n=SUM(1+1)\n", "row 2, column 1: .*formula"),
        ("a\n一".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(tables.TableRefused, match=said):
        sheet(tmp_path, content)


def test_limits_hold_at_maximum_plus_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "SHEET", replace(reading.SHEET, rows=4))
    assert len(sheet(tmp_path, b"a\n1\n2\n3\n").rows) == 3
    with pytest.raises(tables.TableRefused, match="more than 4 rows"):
        sheet(tmp_path, b"a\n1\n2\n3\n4\n")
    monkeypatch.setattr(reading, "MAX_BYTES", 4)
    with pytest.raises(tables.TableRefused, match="is larger than"):
        sheet(tmp_path, b"a\n1\n2")
    monkeypatch.setattr(reading, "MAX_BYTES", 100_000)
    monkeypatch.setattr(xlsx_file, "MAX_UNPACKED", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"0" * 2000)
    with pytest.raises(tables.TableRefused, match="unpacks to more"):
        sheet(tmp_path, packed.getvalue(), "t.xlsx")


def counted(book: bytes) -> bytes:
    """The workbook as a program saves it that has worked its formulas out: 2 for each, and one text that is empty."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(packed, "w") as made:
        for part in source.infolist():
            text = source.read(part)
            if part.filename.endswith("sheet1.xml"):
                text = re.sub(rb"</f>\s*<v\s*/>|</f>\s*<v></v>", b"</f><v>2</v>", text, count=1)
                text = re.sub(rb'(<c r="C2")([^>]*>\s*<f>)', rb'\1 t="str"\2', text)
            made.writestr(part, text)
    return packed.getvalue()


def test_a_formula_stands_for_the_value_that_was_saved_with_it(tmp_path: Path) -> None:
    content = counted(workbook(["a", "b", "c"], ["1", "=1+1", '=IF(A2="","x","")']))
    assert sheet(tmp_path, content, "t.xlsx").rows == (("1", "2", ""),)


def test_what_was_laid_out_for_people_is_read_as_it_looks(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    active = book.active
    assert active is not None
    for row in (["2026 年度计划", None, None], ["企业", "类别", "天数"], ["E-1", "重点", 0.0000001]):
        active.append(row)
    active.merge_cells("A1:C1")
    book.create_sheet("附表").append(["备注"])
    packed = io.BytesIO()
    book.save(packed)
    path = tmp_path / "t.xlsx"
    path.write_bytes(packed.getvalue())
    first, second = tables.read_all(path)[0]
    assert first.rows == (("2026 年度计划", "", ""), ("企业", "类别", "天数"), ("E-1", "重点", "0.0000001"))
    assert (second.title, second.rows) == ("附表", (("备注",),))


def test_a_pasted_table_is_parted_by_tabs_or_commas_and_keeps_its_line_ends() -> None:
    assert held.read_text('a\tb\n"1\n2"\t3,4\n', "pasted").rows == (("a", "b"), ("1\n2", "3,4"))
    assert held.read_text("a,b;c\n", "pasted").rows == (("a", "b;c"),)
    with pytest.raises(tables.TableRefused, match="NUL"):
        held.read_text("a\0", "pasted")
