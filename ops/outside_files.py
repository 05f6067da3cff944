"""Files of others' books, read row by row: XLSX, and CSV in UTF-8 or GB18030.

Nothing is held but the row that is read, so a book of a hundred thousand rows costs the memory of a small one (an XLSX
beside that its table of texts). The invariant: nothing is read that has no limit, and a cell whose value is not certain
(a formula, a merged cell, an error) comes out as the reason, never as a guess.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from domain.import_columns import Wrong
from domain.outside import Cell
from ops.tables import MAX_CELL, MAX_COLUMNS, TableRefused

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_UNPACKED: Final = 512 * 1024 * 1024
MAX_TEXTS: Final = 64 * 1024 * 1024
"""Bytes of the shared texts of a spreadsheet, which a reader has to hold."""
MAX_RATIO: Final = 200
"""How many times a part of a spreadsheet may grow when it is unpacked; real ones stay under 30."""
MAX_PARTS: Final = 2_000
MAX_ROWS: Final = 200_000
MAX_MERGED: Final = 10_000
MAX_MERGED_ROWS: Final = 200_000
PIECE: Final = 64 * 1024
SERIAL_1904: Final = 1_462
"""Days by which a spreadsheet that counts from 1904 is off."""

_MERGED: Final = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_TEXT_FORMULA: Final = re.compile(r'="([^"]*)"')

FORMULA: Final = Wrong(
    "单元格是公式，其值不确定：请复制后“粘贴为数值”", "the cell holds a formula: copy it and paste the values"
)
ERROR: Final = Wrong("单元格是错误值", "the cell holds an error value")
UNCERTAIN: Final = Wrong(
    "数字超过 15 位，末几位已经丢失：请以文本格式保存该列",
    "the number has more than 15 digits and lost the last of them: save the column as text",
)
OTHER: Final = Wrong("应为文字、数字或日期", "expected text, a number or a date")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is being read. `whole`: rows that it says it has, 0 where it does not say.

    `rows` gives (row from 1, cells) once, in order.
    """

    form: str
    encoding: str
    serial_off: int
    whole: int
    rows: Iterator[tuple[int, Sequence[Cell]]]


def digest(path: Path) -> tuple[bytes, int]:
    """SHA-256 and size of a file. Raises TableRefused for one that is too large or empty, OSError."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TableRefused(f"{path.name} is larger than {MAX_BYTES // 1024 // 1024} MiB: split it")
    if not size:
        raise TableRefused(f"{path.name} is empty: expected CSV or XLSX")
    machine = sha256()
    with path.open("rb") as opened:
        while piece := opened.read(PIECE):
            machine.update(piece)
    return machine.digest(), size


@contextlib.contextmanager
def opened(path: Path, *, name: str = "") -> Iterator[Opened]:
    """Open a book. Raises TableRefused, also while its rows are read; OSError."""
    called = name or path.name
    with path.open("rb") as raw:
        head = raw.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableRefused(f"{called} is an old .xls or a protected file: save it as .xlsx without a password")
    if head.startswith(b"PK\x03\x04"):
        with _xlsx(path, called) as made:
            yield made
        return
    with _csv(path, called) as made:
        yield made


# -- CSV ---------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _csv(path: Path, name: str) -> Iterator[Opened]:
    encoding = _encoding(path, name)
    with path.open("r", encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as text:
        first = text.readline(MAX_CELL * 4)
        text.seek(0)
        delimiter = max(",\t;", key=lambda each: (first.count(each), each == ","))
        reader = csv.reader(text, strict=True, delimiter=delimiter)
        whole = _lines(path)
        yield Opened("csv", encoding, 0, whole, _csv_rows(reader, name))


def _lines(path: Path) -> int:
    with path.open("rb") as raw:
        return sum(piece.count(b"\n") for piece in iter(lambda: raw.read(PIECE), b""))


def _csv_rows(reader: Any, name: str) -> Iterator[tuple[int, Sequence[Cell]]]:
    try:
        for number, row in enumerate(reader, 1):
            yield number, [_csv_cell(cell) for cell in _checked(number, row, name)]
    except csv.Error as fault:
        raise TableRefused(f"{name}, line {reader.line_num}: expected CSV: {fault}") from fault


def _csv_cell(cell: str) -> Cell:
    """What spreadsheets write to keep a number as text (`="0012"`, a tab behind it) is that text."""
    text = cell.strip()
    if not text.startswith("="):
        return text
    quoted = _TEXT_FORMULA.fullmatch(text)
    return quoted[1] if quoted is not None else FORMULA


def _encoding(path: Path, name: str) -> str:
    """utf-8 or gb18030, whichever reads the whole file; UTF-16 is told what it is. Raises TableRefused."""
    with path.open("rb") as raw:
        head = raw.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise TableRefused(f"{name} is UTF-16: save it as `CSV UTF-8`, or as XLSX")
    for encoding in ("utf-8", "gb18030"):
        if _reads(path, encoding):
            return encoding
    raise TableRefused(f"{name} is neither UTF-8 nor GB18030: save it as `CSV UTF-8`, or as XLSX")


def _reads(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as raw:
        try:
            while piece := raw.read(PIECE):
                if "\0" in decoder.decode(piece):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


# -- XLSX --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _xlsx(path: Path, name: str) -> Iterator[Opened]:
    import openpyxl
    from openpyxl.utils.datetime import MAC_EPOCH
    from openpyxl.utils.exceptions import InvalidFileException

    _look_into(path, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and validations that it does not know concern no value
            book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
            if sheet is None:
                raise TableRefused(f"{name} has no sheet that is shown")
            whole = min(int(sheet.max_row or 0), MAX_ROWS)
            merged = _merged(path, str(sheet._worksheet_path), name)
            sheet.reset_dimensions()  # what a file says of its own size is not believed
            yield Opened(
                "xlsx", "", SERIAL_1904 if book.epoch == MAC_EPOCH else 0, whole, _xlsx_rows(sheet, merged, name)
            )
        finally:
            book.close()
    except TableRefused:
        raise
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        IndexError,
        ValueError,
        TypeError,
        SyntaxError,
        EOFError,
    ) as fault:
        raise TableRefused(
            f"{name} is no spreadsheet that can be read ({type(fault).__name__}): save it anew"
        ) from fault


def _look_into(path: Path, name: str) -> None:
    """Refuse what would unpack to more than it may, before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as packed:
            found = packed.infolist()
            if len(found) > MAX_PARTS:
                raise TableRefused(f"{name} has more than {MAX_PARTS} parts inside: save it anew")
            for part in found:
                if part.file_size > PIECE and part.file_size > MAX_RATIO * max(part.compress_size, 1):
                    raise TableRefused(f"{name} unpacks to more than {MAX_RATIO} times its size: it is not read")
                if part.filename.endswith("sharedStrings.xml") and part.file_size > MAX_TEXTS:
                    raise TableRefused(f"{name} has more than {MAX_TEXTS // 1024 // 1024} MiB of texts: split it")
                if part.flag_bits & 0x1:
                    raise TableRefused(f"{name} is protected by a password: save it without")
                if part.filename.endswith((".xml", ".rels")):
                    with packed.open(part) as opened_part:
                        if re.search(rb"<!\s*(?:DOCTYPE|ENTITY)", opened_part.read(4_096), re.IGNORECASE):
                            raise TableRefused(f"{name} declares entities of its own: it is not read")
            if sum(part.file_size for part in found) > MAX_UNPACKED:
                raise TableRefused(f"{name} unpacks to more than {MAX_UNPACKED // 1024 // 1024} MiB: split it")
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as fault:
        raise TableRefused(
            f"{name} is no spreadsheet that can be read ({type(fault).__name__}): save it anew"
        ) from fault


def _merged(path: Path, sheet: str, name: str) -> dict[int, list[tuple[int, int, int, int]]]:
    """Merged ranges by row: (first column, last column, first row, its own first column), all from 1."""
    found: dict[int, list[tuple[int, int, int, int]]] = {}
    ranges = spread = 0
    with zipfile.ZipFile(path) as packed, packed.open(sheet.lstrip("/")) as part:
        rest = b""
        while piece := part.read(PIECE):
            text = rest + piece
            end = 0
            for one in _MERGED.finditer(text):
                end = one.end()
                first, last = int(one[2]), int(one[4])
                ranges, spread = ranges + 1, spread + last - first + 1
                if ranges > MAX_MERGED or spread > MAX_MERGED_ROWS:
                    raise TableRefused(f"{name} has too many merged cells: undo them")
                for row in range(first, last + 1):
                    found.setdefault(row, []).append((_column(one[1]), _column(one[3]), first, last))
            rest = text[max(end, len(text) - 128) :]
    return found


def _column(letters: bytes) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + letter - 64
    return value


def _xlsx_rows(
    sheet: Any, merged: dict[int, list[tuple[int, int, int, int]]], name: str
) -> Iterator[tuple[int, Sequence[Cell]]]:
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells: list[Cell] = [_cell(cell) for cell in row]
        while cells and cells[-1] == "":
            cells.pop()
        if number in merged:
            _unmerge(number, cells, merged[number])
        yield number, _checked(number, cells, name)


def _unmerge(number: int, cells: list[Cell], ranges: Sequence[tuple[int, int, int, int]]) -> None:
    """Every cell of a merged range but its first says which row it belongs to."""
    for first, last, top, _ in ranges:
        for place in range(first, min(last, MAX_COLUMNS) + 1):
            if number == top and place == first:
                continue
            cells.extend([""] * (place - len(cells)))
            cells[place - 1] = Wrong(
                f"与第 {top} 行的单元格合并：请取消合并，逐行填写",
                f"merged with a cell of row {top}: undo it and fill in every row",
            )


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return ""
    kind = cell.data_type
    if kind == "f":
        return FORMULA
    if kind == "e":
        return ERROR
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, int | float):
        if abs(value) >= 10**15:
            return UNCERTAIN
        # What a spreadsheet shows: fifteen digits, so that 0.1 + 0.2 is 0.3 and not a part of a fen more.
        return str(int(value)) if value == int(value) else f"{value:.15g}"
    return OTHER


def _checked(number: int, cells: Any, name: str) -> Any:
    if number > MAX_ROWS:
        raise TableRefused(f"{name} has more than {MAX_ROWS} rows: split it")
    if len(cells) > MAX_COLUMNS:
        raise TableRefused(f"{name}, row {number}: expected at most {MAX_COLUMNS} columns, got {len(cells)}")
    if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in cells):
        raise TableRefused(f"{name}, row {number}: a cell has more than {MAX_CELL} characters")
    return cells


def staged(data: bytes, folder: Path) -> Path:
    """Bytes that came over HTTP as a file in a folder, for whoever reads files."""
    path = folder / "file"
    path.write_bytes(data)
    return path
