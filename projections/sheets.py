"""Tables that leave the office: CSV and XLSX out of the same rows, the same bytes for the same rows.

Numbers stay numbers; text is written as text, and what a spreadsheet would take for a formula gets an apostrophe in
front in CSV. Invariant: nothing of the moment at which a file is made is in it.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

import xlsxwriter

from domain.cells import MAX_CELL, cell, drawable

Value: TypeAlias = str | int | None
Row: TypeAlias = Sequence[Value]
BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""In front of a CSV: without it a spreadsheet does not take it for UTF-8."""
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_DIGITS: Final = 15
LARGEST: Final = 10**MOST_DIGITS
"""Beyond 15 digits a spreadsheet rounds."""
MOST_ROWS: Final = 50_000
"""Rows of a sheet: more take minutes to make and to open. CSV has no limit."""
_DAY_ONE: Final = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: what it is in lines above, the header, the rows. None is an empty cell."""

    name: str
    above: Sequence[Row]
    header: Sequence[str]
    rows: Sequence[Row]


class TooManyRows(ValueError):
    """A sheet would have more than MOST_ROWS rows."""


def as_csv(sheets: Sequence[Sheet]) -> str:
    """The tables behind one another, an empty line between them: RFC 4180, CRLF at the end of each row."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for number, sheet in enumerate(sheets):
        if number:
            out.write("\r\n")
        for row in (*sheet.above, sheet.header, *sheet.rows):
            writer.writerow(["" if one is None else one if isinstance(one, int) else cell(one) for one in row])
    return out.getvalue()


def as_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """The tables as sheets of one workbook. Raises TooManyRows."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": _DAY_ONE})
    bold = book.add_format({"bold": True, "text_wrap": True})
    number_form = book.add_format({"num_format": "#,##0"})
    for sheet in sheets:
        if len(sheet.rows) > MOST_ROWS:
            raise TooManyRows(f"{sheet.name}: {len(sheet.rows)} rows, a spreadsheet takes {MOST_ROWS}: take CSV")
        page = book.add_worksheet(sheet.name)
        at = 0
        for row in sheet.above:
            _put(page, at, row, number_form)
            at += 1
        for column, title in enumerate(sheet.header):
            page.write_string(at, column, title, bold)
        page.freeze_panes(at + 1, 1)
        for row in sheet.rows:
            at += 1
            _put(page, at, row, number_form)
        for column, wide in enumerate(_widths(sheet)):
            page.set_column(column, column, wide)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
    book.close()
    return file.getvalue()


def number(text: str, unit: str) -> int | None:
    """A figure as people write it, in the unit of the table; None where it is none."""
    try:
        read = Decimal(text.replace(",", "").replace("，", "").replace(" ", ""))
    except InvalidOperation:
        return None
    if not read.is_finite() or abs(read.adjusted()) > MOST_DIGITS:
        return None
    scaled = read * {"fen": 100, "per_mille": 10}.get(unit, 1)
    return int(scaled) if scaled == scaled.to_integral_value() and abs(scaled) < LARGEST else None


def _put(page: xlsxwriter.workbook.Worksheet, at: int, row: Row, number_form: object) -> None:
    for column, one in enumerate(row):
        if isinstance(one, int):
            if abs(one) < LARGEST:
                page.write_number(at, column, one, number_form)
            else:
                page.write_string(at, column, str(one))
        elif one:
            page.write_string(at, column, drawable(one)[:MAX_CELL])


def _widths(sheet: Sheet) -> list[int]:
    """Widths of columns by what stands in them, a Chinese character counting two, 60 at most."""
    found = [0] * len(sheet.header)
    for row in (sheet.header, *sheet.rows[:200]):
        for column, one in enumerate(row[: len(found)]):
            text = "" if one is None else str(one)
            found[column] = max(found[column], sum(2 if ord(letter) > 0x2E80 else 1 for letter in text))
    return [min(60, max(8, wide + 2)) for wide in found]
