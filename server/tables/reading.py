"""What comes out of a file that is read, how much of it at most, and how a table may be meant.

The invariant: nothing is read that has no limit, and a cell whose value is not certain (a formula, an error, a number
that lost digits) comes out as the reason, never as a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from domain.import_columns import Cell
from server.tables.refused import TableRefused, split_it

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_COLUMNS: Final = 100
MAX_CELL: Final = 20_000
"""Characters of one cell."""
MAX_SHEETS: Final = 8
"""Sheets of a spreadsheet that are looked at."""
PIECE: Final = 64 * 1024
"""Bytes that are read at a time."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a table is meant.

    `rows`: so many at most. `formulas`: a formula is refused, or stands for the value that it had when it was saved.
    `merged`: cells that were merged with another one are refused, or empty as they look. `times`: a date may have a
    time of day. `hidden`: sheets that are not shown are read as well.
    """

    rows: int
    formulas: Literal["refused", "value"]
    merged: Literal["refused", "empty"]
    times: bool
    hidden: bool


BOOK: Final = Manner(200_000, "refused", "refused", times=True, hidden=False)
"""A book of which every row stands for itself, however it is sorted."""
SHEET: Final = Manner(100_001, "value", "empty", times=False, hidden=True)
"""A table that somebody laid out for people, with its header; whoever reads it checks its sums."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a file: the title of its sheet, "" in CSV; `whole`: rows that it says it has, 0 where it does not.

    `rows` gives the cells of each row once, in order, the first of a file is row 1.
    """

    title: str
    whole: int
    rows: Iterator[list[Cell]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is being read: its form, the encoding of a CSV, by how many days a spreadsheet from 1904 is off."""

    form: Literal["csv", "xlsx"]
    encoding: str
    serial_off: int
    tables: tuple[Table, ...]


def checked(number: int, cells: list[Cell], name: str, manner: Manner) -> list[Cell]:
    """The cells of a row, if it is within the limits. Raises TableRefused."""
    if number > manner.rows:
        raise split_it(name, f"has more than {manner.rows} rows", f"超过 {manner.rows} 行")
    if len(cells) > MAX_COLUMNS:
        raise TableRefused(
            f"{name}, row {number}: expected at most {MAX_COLUMNS} columns, got {len(cells)}",
            f"{name} 第 {number} 行：应不超过 {MAX_COLUMNS} 列，现有 {len(cells)} 列",
        )
    if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in cells):
        raise TableRefused(
            f"{name}, row {number}: a cell has more than {MAX_CELL} characters",
            f"{name} 第 {number} 行：有单元格超过 {MAX_CELL} 字",
        )
    return cells
