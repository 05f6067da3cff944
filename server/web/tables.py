"""Tables that people send: CSV in UTF-8 (with or without a byte order mark) or GBK, and XLSX; read as rows of text.

Dates of a spreadsheet come out as 2026-03-02, whole numbers without a fraction. Invariant: nothing is read that has no
limit, and a cell whose text is not certain (a fraction, a formula without a value) is refused with its place.
"""

from __future__ import annotations

import csv
import datetime
import io
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_UNPACKED: Final = 512 * 1024 * 1024
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 100
MAX_CELL: Final = 20_000
MAX_SHEETS: Final = 8
"""Sheets of a spreadsheet that are looked at."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One table of a file: the title of its sheet, "" in CSV, and rows of text, the first of a file is row 1."""

    title: str
    rows: tuple[tuple[str, ...], ...]


class TableRefused(ValueError):
    """A file is no table that can be read: what was expected, what came, what to do next, in both languages."""

    def __init__(self, en: str, zh: str = "") -> None:
        """Both sentences; the exception's own text is the English one, which stands in where there is no Chinese."""
        super().__init__(en)
        self.zh, self.en = zh or en, en


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header and rows of text. Row numbers of people begin with 1, the header's."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read(data: bytes, name: str) -> Sheet:
    """The first table of a file, with its header in the first row. Raises TableRefused."""
    rows = read_all(data, name)[0].rows
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise TableRefused(
            f"{name}: expected a header in the first row, it is empty", f"{name}：首行应为表头，现为空行"
        )
    return Sheet(rows[0], rows[1:])


def read_all(data: bytes, name: str) -> tuple[Rows, ...]:
    """Every table of a file as rows of text; CSV has one. Raises TableRefused."""
    if len(data) > MAX_BYTES:
        raise TableRefused(
            f"{name} is larger than {MAX_BYTES // 1024 // 1024} MiB: split it",
            f"{name} 超过 {MAX_BYTES // 1024 // 1024} MiB：请分开",
        )
    if data[:4] == b"PK\x03\x04":
        return _xlsx(data, name)
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise TableRefused(
            f"{name} is a spreadsheet of the old kind (.xls): save it as .xlsx",
            f"{name} 是旧格式（.xls）：请另存为 .xlsx",
        )
    return (Rows("", _limited(_csv(data, name), name)),)


def read_text(text: str, name: str) -> Rows:
    """A table that was pasted: columns parted by tabs, as spreadsheets copy them, or by commas. Raises TableRefused."""
    delimiter = "\t" if "\t" in text else ","
    return Rows("", _limited(_split(text, name, delimiter), name))


def _limited(rows: Iterator[list[str]], name: str) -> tuple[tuple[str, ...], ...]:
    kept = []
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS + 1:
            raise TableRefused(
                f"{name} has more than {MAX_ROWS} rows: split it",
                f"{name} 超过 {MAX_ROWS} 行：请分开",
            )
        if len(row) > MAX_COLUMNS:
            raise TableRefused(
                f"{name}, row {number}: expected at most {MAX_COLUMNS} columns, got {len(row)}",
                f"{name} 第 {number} 行：应不超过 {MAX_COLUMNS} 列，现有 {len(row)} 列",
            )
        if any(len(cell) > MAX_CELL for cell in row):
            raise TableRefused(
                f"{name}, row {number}: a cell has more than {MAX_CELL} characters",
                f"{name} 第 {number} 行：有单元格超过 {MAX_CELL} 字",
            )
        kept.append(tuple(row))
    return tuple(kept)


def _csv(data: bytes, name: str) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        try:
            # What office programs here write when they save `CSV`: GBK, which GB 18030 holds.
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise TableRefused(
                f"{name} is neither UTF-8 (byte {fault.start}) nor GBK: save it as `CSV UTF-8`, or as XLSX",
                f"{name} 既不是 UTF-8（第 {fault.start} 字节），也不是 GBK：请另存为 CSV UTF-8 或 XLSX",
            ) from fault
    yield from _split(text, name, ",")


def _split(text: str, name: str, delimiter: str) -> Iterator[list[str]]:
    if "\0" in text:
        raise TableRefused(
            f"{name} has NUL characters: expected CSV or XLSX",
            f"{name} 含 NUL 字符：应为 CSV 或 XLSX",
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as fault:
        raise TableRefused(
            f"{name}, line {reader.line_num}: expected CSV: {fault}",
            f"{name} 第 {reader.line_num} 行：不是 CSV（引号不成对等）",
        ) from fault


def _xlsx(data: bytes, name: str) -> tuple[Rows, ...]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED:
                raise TableRefused(
                    f"{name} unpacks to more than {MAX_UNPACKED // 1024 // 1024} MiB: split it",
                    f"{name} 解压后超过 {MAX_UNPACKED // 1024 // 1024} MiB：请分开",
                )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and validations that it does not know concern no value
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            return tuple(
                Rows(sheet.title or "", _limited(_rows(sheet, name), name)) for sheet in book.worksheets[:MAX_SHEETS]
            )
        finally:
            book.close()
    except TableRefused:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, SyntaxError) as fault:
        raise TableRefused(
            f"{name} is no spreadsheet that can be read ({type(fault).__name__}): save it anew",
            f"{name} 不是可以读取的电子表格（{type(fault).__name__}）：请重新保存",
        ) from fault


def _rows(sheet: Any, name: str) -> Iterator[list[str]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        yield [_cell(value, f"{name}, row {number}, column {place}") for place, value in enumerate(row, 1)]


def _cell(value: object, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        if value.time() != datetime.time():
            raise TableRefused(
                f"{where}: expected a date without a time of day, got {value}",
                f"{where}：应为不带时刻的日期，现为 {value}",
            )
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) < 10**15):
        return str(int(value))
    if isinstance(value, float):
        # Degrees of a position: seven places are what a table of ours can hold.
        return f"{value:.7f}".rstrip("0")
    raise TableRefused(
        f"{where}: expected text, a number or a date, got {type(value).__name__}", f"{where}：应为文字、数字或日期"
    )
