"""Small tables, held as rows of text: registers and plans that somebody sends, whole or refused.

Invariant: a cell whose text is not certain refuses the file, with its place.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from domain.import_columns import Cell
from server.tables import csv_file, files, reading
from server.tables.reading import SHEET, Table
from server.tables.refused import TableRefused, split_it


@dataclass(frozen=True, slots=True)
class Rows:
    """One table of a file: the title of its sheet, "" in CSV, and rows of text, the first of a file is row 1."""

    title: str
    rows: tuple[tuple[str, ...], ...]


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
    check_size(len(data), name)
    with files.opened(io.BytesIO(data), name, SHEET) as opened:
        return tuple(_held(one, name) for one in opened.tables)


def read_text(text: str, name: str) -> Rows:
    """A table that was pasted: columns parted by tabs, as spreadsheets copy them, or by commas. Raises TableRefused."""
    if "\0" in text:
        raise TableRefused(f"{name} has NUL characters: expected CSV", f"{name} 含 NUL 字符：应为 CSV")
    delimiter = "\t" if "\t" in text else ","
    return _held(Table("", 0, csv_file.rows_of(io.StringIO(text, newline=""), name, SHEET, delimiter)), name)


def check_size(size: int, name: str) -> None:
    """Raises TableRefused for more bytes than a file may have."""
    if size > reading.MAX_BYTES:
        most = reading.MAX_BYTES // 1024 // 1024
        raise split_it(name, f"is larger than {most} MiB", f"超过 {most} MiB")


def _held(table: Table, name: str) -> Rows:
    rows = [tuple(_text(cell, name, number, place) for place, cell in enumerate(row, 1))
            for number, row in enumerate(table.rows, 1)]  # fmt: skip
    # A spreadsheet has no cells behind the last one that was filled: rows are as long as the longest.
    width = max(map(len, rows), default=0) if table.title else 0
    return Rows(table.title, tuple((*row, *[""] * (width - len(row))) for row in rows))


def _text(cell: Cell, name: str, row: int, column: int) -> str:
    if isinstance(cell, str):
        return cell
    raise TableRefused(f"{name}, row {row}, column {column}: {cell.en}", f"{name} 第 {row} 行第 {column} 列：{cell.zh}")
