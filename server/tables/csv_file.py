"""CSV as offices save it: parted by commas, semicolons or tabs, in UTF-8 or GB 18030.

Invariant: the whole file can be read in its encoding before its first row is given out.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from domain.import_columns import Cell, Wrong
from server.tables.reading import MAX_CELL, PIECE, Manner, Opened, Table, checked
from server.tables.refused import TableRefused

FORMULA: Final = Wrong(
    "单元格是公式，其值不确定：请复制后“粘贴为数值”", "the cell holds a formula: copy it and paste the values"
)
_TEXT_FORMULA: Final = re.compile(r'="([^"]*)"')


@contextlib.contextmanager
def opened(source: BinaryIO, name: str, manner: Manner) -> Iterator[Opened]:
    """Open a file. Raises TableRefused, also while its rows are read."""
    encoding = _encoding(source, name)
    source.seek(0)
    whole = sum(piece.count(b"\n") for piece in iter(lambda: source.read(PIECE), b""))
    source.seek(0)
    text = io.TextIOWrapper(source, "utf-8-sig" if encoding == "utf-8" else encoding, newline="")
    try:
        first = text.readline(MAX_CELL * 4)
        text.seek(0)
        delimiter = max(",\t;", key=lambda each: (first.count(each), each == ","))
        yield Opened("csv", encoding, 0, (Table("", whole, rows_of(text, name, manner, delimiter)),))
    finally:
        text.detach()


def rows_of(text: Iterator[str], name: str, manner: Manner, delimiter: str) -> Iterator[list[Cell]]:
    """The rows of a text, from lines that keep their ends. Raises TableRefused."""
    reader = csv.reader(text, strict=True, delimiter=delimiter)
    try:
        for number, row in enumerate(reader, 1):
            yield checked(number, [_cell(cell) for cell in row], name, manner)
    except csv.Error as fault:
        raise TableRefused(
            f"{name}, line {reader.line_num}: expected CSV: {fault}",
            f"{name} 第 {reader.line_num} 行：不是 CSV（引号不成对等）",
        ) from fault


def _cell(cell: str) -> Cell:
    """What spreadsheets write to keep a number as text (`="0012"`, a tab behind it) is that text."""
    text = cell.strip()
    if not text.startswith("="):
        return text
    quoted = _TEXT_FORMULA.fullmatch(text)
    return quoted[1] if quoted is not None else FORMULA


def _encoding(source: BinaryIO, name: str) -> str:
    """utf-8 or gb18030, whichever reads the whole file; UTF-16 is told what it is. Raises TableRefused."""
    head = source.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise TableRefused(
            f"{name} is UTF-16: save it as `CSV UTF-8`, or as XLSX",
            f"{name} 是 UTF-16 编码：请另存为 CSV UTF-8 或 XLSX",
        )
    # Office programs here write GBK when they save `CSV`, which GB 18030 holds.
    faults = []
    for encoding in ("utf-8", "gb18030"):
        fault = _fault(source, encoding)
        if fault is None:
            return encoding
        faults.append(fault)
    raise TableRefused(
        f"{name} is neither UTF-8 nor GB 18030 ({faults[0]}): save it as `CSV UTF-8`, or as XLSX",
        f"{name} 既不是 UTF-8，也不是 GB 18030（{faults[0]}）：请另存为 CSV UTF-8 或 XLSX",
    )


def _fault(source: BinaryIO, encoding: str) -> str | None:
    """What keeps a file from being read in an encoding, None where nothing does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    source.seek(0)
    begun = 0
    try:
        while piece := source.read(PIECE):
            if "\0" in decoder.decode(piece):
                return "NUL"
            begun += len(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as fault:
        return f"byte {begun + fault.start}"
    return None
