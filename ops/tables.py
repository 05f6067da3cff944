"""Tables that people send: CSV in UTF-8, with or without a byte order mark, and XLSX; read as rows of text.

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
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_UNPACKED: Final = 512 * 1024 * 1024
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 100
MAX_CELL: Final = 20_000


class TableRefused(ValueError):
    """A file is no table that can be read: what was expected, what came, what to do next."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header and rows of text. Row numbers of people begin with 1, the header's."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read(path: Path) -> tuple[Sheet, bytes]:
    """The table of a file, and the bytes of the file. Raises TableRefused, OSError."""
    with path.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TableRefused(f"{path.name} is larger than {MAX_BYTES // 1024 // 1024} MiB: split it")
    rows = _xlsx(data, path.name) if data[:4] == b"PK\x03\x04" else _csv(data, path.name)
    kept = []
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS + 1:
            raise TableRefused(f"{path.name} has more than {MAX_ROWS} rows: split it")
        if len(row) > MAX_COLUMNS:
            raise TableRefused(f"{path.name}, row {number}: expected at most {MAX_COLUMNS} columns, got {len(row)}")
        if any(len(cell) > MAX_CELL for cell in row):
            raise TableRefused(f"{path.name}, row {number}: a cell has more than {MAX_CELL} characters")
        kept.append(tuple(row))
    if not kept or not any(cell.strip() for cell in kept[0]):
        raise TableRefused(f"{path.name}: expected a header in the first row, it is empty")
    return Sheet(kept[0], tuple(kept[1:])), data


def _csv(data: bytes, name: str) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise TableRefused(f"{name} is not UTF-8 (byte {fault.start}): save it as `CSV UTF-8`, or as XLSX") from fault
    if "\0" in text:
        raise TableRefused(f"{name} has NUL characters: expected CSV or XLSX")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from reader
    except csv.Error as fault:
        raise TableRefused(f"{name}, line {reader.line_num}: expected CSV: {fault}") from fault


def _xlsx(data: bytes, name: str) -> Iterator[list[str]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED:
                raise TableRefused(f"{name} unpacks to more than {MAX_UNPACKED // 1024 // 1024} MiB: split it")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and validations that it does not know concern no value
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                yield [_cell(value, f"{name}, row {number}, column {place}") for place, value in enumerate(row, 1)]
        finally:
            book.close()
    except TableRefused:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, SyntaxError) as fault:
        raise TableRefused(
            f"{name} is no spreadsheet that can be read ({type(fault).__name__}): save it anew"
        ) from fault


def _cell(value: object, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        if value.time() != datetime.time():
            raise TableRefused(f"{where}: expected a date without a time of day, got {value}")
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer() and abs(value) < 10**15):
        return str(int(value))
    if isinstance(value, float):
        # Degrees of a position: seven places are what a table of ours can hold.
        return f"{value:.7f}".rstrip("0")
    raise TableRefused(f"{where}: expected text, a number or a date, got {type(value).__name__}")
