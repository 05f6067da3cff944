from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ops import tables
from server.web import tables as read_tables


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
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old kind"),
        (b"a,b\n1,\x00\n", "NUL"),
        (b'a,b\n"1,2\n', "expected CSV"),
        (b"a," * 101 + b"\n", "at most 100 columns"),
        (b"a\n" + b"x" * 20_001, "more than 20000 characters"),
        (b"PK\x03\x04 not a zip", "no spreadsheet that can be read"),
        (workbook(["a"], [datetime.datetime.fromisoformat("2026-03-02 09:30")]), "without a time of day"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(tables.TableRefused, match=said):
        sheet(tmp_path, content)


def test_limits_hold_at_maximum_plus_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_tables, "MAX_ROWS", 3)
    assert len(sheet(tmp_path, b"a\n1\n2\n3\n").rows) == 3
    with pytest.raises(tables.TableRefused, match="more than 3 rows"):
        sheet(tmp_path, b"a\n1\n2\n3\n4\n")
    monkeypatch.setattr(read_tables, "MAX_BYTES", 4)
    with pytest.raises(tables.TableRefused, match="is larger than"):
        sheet(tmp_path, b"a\n1\n2")
    monkeypatch.setattr(read_tables, "MAX_BYTES", 100_000)
    monkeypatch.setattr(read_tables, "MAX_UNPACKED", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"0" * 2000)
    with pytest.raises(tables.TableRefused, match="unpacks to more"):
        sheet(tmp_path, packed.getvalue(), "t.xlsx")
