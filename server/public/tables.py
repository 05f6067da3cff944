"""Published records as tables: CSV and XLSX in the layout of double publicity (双公示), one column a field.

Amounts are 10,000 yuan, made of whole fen by Decimal. A cell that a spreadsheet would take for a formula gets an
apostrophe in front in CSV, and is written as text in XLSX. Invariant: `plain(cell(text)) == text` for every text, and
memory does not grow with the number of rows.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import IO, Final

import xlsxwriter

from domain.cells import MAX_CELL, cell, drawable
from schemas.layout import FILES, Layout, parse_layout
from schemas.problems import Problem
from schemas.published_document import Document
from server.public import records, store
from server.public.search import Search

BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
OWN: Final = (
    ("record", "公示记录编号"),
    ("status", "公示状态"),
    ("authority", "行政区划代码"),
    ("published_on", "公示日期"),
)
"""Columns of ours in front of the layout: (name in CSVW, header)."""
MOST_ROWS: Final = 50_000
"""Rows of a spreadsheet: more take minutes to make and to open. CSV has no limit."""
STATUS_WORDS: Final = {"published": "公示中", "corrected": "已更正", "withdrawn": "已撤回", "expired": "公示期满"}


@cache
def layouts() -> dict[str, Layout]:
    """The layouts by subject."""
    folder = resources.files("schemas") / "layouts"
    found = [parse_layout((folder / name).read_bytes()) for name in FILES]
    return {one.subject: one for one in found}


def headers(layout: Layout) -> list[str]:
    """The header row."""
    return [header for _, header in OWN] + [one.header for one in layout.columns]


def cells(entry: store.Entry, layout: Layout) -> list[str]:
    """One row, as text."""
    document: Document = entry.document
    held = {one.code: records.amount(one) for one in document.fields}
    own = [str(entry.record), STATUS_WORDS[entry.status], entry.authority, document.published_on.isoformat()]
    return own + [held.get(one.code, "") for one in layout.columns]


def csv_rows(rows: Sequence[Sequence[str]]) -> bytes:
    """RFC 4180 in UTF-8, CRLF at the end of each row."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([cell(text) for text in row] for row in rows)
    return out.getvalue().encode("utf-8")


async def csv_chunks(
    chunks: AsyncIterator[Sequence[store.Entry]], layout: Layout, *, bom: bool
) -> AsyncIterator[bytes]:
    """A table in pieces of some hundred rows."""
    yield (BOM if bom else "").encode("utf-8") + csv_rows([headers(layout)])
    async for entries in chunks:
        yield csv_rows([cells(one, layout) for one in entries])


@asynccontextmanager
async def spreadsheet(chunks: AsyncIterator[Sequence[store.Entry]], layout: Layout) -> AsyncIterator[IO[bytes]]:
    """An XLSX of a table as a temporary file at its beginning. Raises Problem too_large."""
    with tempfile.TemporaryFile() as file:
        book = xlsxwriter.Workbook(
            file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        sheet = book.add_worksheet("公示")
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, header in enumerate(headers(layout)):
            sheet.write_string(0, column, header, bold)
        at = 1
        async for entries in chunks:
            if at + len(entries) > MOST_ROWS + 1:
                raise Problem(
                    "too_large",
                    f"expected at most {MOST_ROWS} records: narrow the search, or take CSV",
                    limit=MOST_ROWS,
                )  # fmt: skip
            await asyncio.to_thread(_put, sheet, at, [cells(one, layout) for one in entries])
            at += len(entries)
        await asyncio.to_thread(book.close)
        file.seek(0)
        yield file


def _put(sheet: xlsxwriter.workbook.Worksheet, at: int, rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, start=at):
        for column, text in enumerate(row):
            if text:
                sheet.write_string(number, column, drawable(text)[:MAX_CELL])


def layout_of(search: Search) -> tuple[Search, Layout]:
    """The layout of a table and the search that finds its rows: penalties, unless another subject was chosen.

    Raises Problem bad_request for a subject without a layout.
    """
    subject = search.subject or "penalty"
    layout = layouts().get(subject)
    if layout is None:
        raise Problem("bad_request", f"expected subject to be one of {', '.join(layouts())}: others have no table")
    return replace(search, subject=subject), layout
