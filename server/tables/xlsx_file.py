"""Spreadsheets (XLSX), read within limits that hold before anything is unpacked.

Invariant: what a file says of its own size is not believed, and no entity of its own is read.
"""

from __future__ import annotations

import contextlib
import datetime
import lzma
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any, BinaryIO, Final, TypeAlias
from xml.parsers import expat

from domain.import_columns import Cell, Wrong
from server.tables.csv_file import FORMULA
from server.tables.reading import MAX_COLUMNS, MAX_SHEETS, PIECE, Manner, Opened, Table, checked
from server.tables.refused import TableRefused, save_anew, split_it

MAX_UNPACKED: Final = 512 * 1024 * 1024
MAX_TEXTS: Final = 64 * 1024 * 1024
"""Bytes of the shared texts of a spreadsheet, which a reader has to hold."""
MAX_RATIO: Final = 200
"""How many times a part of a spreadsheet may grow when it is unpacked; real ones stay under 30."""
MAX_PARTS: Final = 2_000
MAX_MERGED: Final = 10_000
MAX_MERGED_ROWS: Final = 200_000
MAX_FORMULA: Final = 16 * 1024
"""Bytes of a cell with a formula; its program takes 8,192 characters."""
SERIAL_1904: Final = 1_462
"""Days by which a spreadsheet that counts from 1904 is off."""

# No tag holds a "<", and a look from one must end at the next: a file of tags that never end would take hours.
_MERGED: Final = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_UNCOUNTED: Final = re.compile(
    rb'<(?:\w+:)?c\s(?![^<>]*?\bt="str")[^<>]*?\br="([A-Z]{1,3})(\d{1,7})"[^<>]*>\s*'
    rb"<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*"
    rb"</(?:\w+:)?c>"
)
"""A cell with a formula and without a value. That of a text may be empty."""
_FAULTS: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, LookupError, ValueError, TypeError, AttributeError,
    ArithmeticError, SyntaxError, EOFError, OSError, RuntimeError,
)  # fmt: skip
"""What unpacking and reading raise over a file that is damaged, or that no program for spreadsheets made."""
ERROR: Final = Wrong("单元格是错误值", "the cell holds an error value")
NO_VALUE: Final = Wrong(
    "单元格是公式，没有保存其值：请打开后重新保存",
    "the cell holds a formula without a value: open the file and save it",
)
UNCERTAIN: Final = Wrong(
    "数字超过 15 位，末几位已经丢失：请以文本格式保存该列",
    "the number has more than 15 digits and lost the last of them: save the column as text",
)
OTHER: Final = Wrong("应为文字、数字或日期", "expected text, a number or a date")
NO_TIME: Final = Wrong("应为不带时刻的日期", "expected a date without a time of day")
Odd: TypeAlias = Mapping[int, Sequence[tuple[int, int, Wrong]]]
"""{row: (first column, last column, why its cells are not read)}, all from 1."""


@contextlib.contextmanager
def opened(source: BinaryIO, name: str, manner: Manner) -> Iterator[Opened]:
    """Open a file. Raises TableRefused, also while its rows are read."""
    import openpyxl
    from openpyxl.utils.datetime import MAC_EPOCH

    with _refusing(name):
        _look_into(source, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles and validations that it does not know concern no value
            book = openpyxl.load_workbook(
                source, read_only=True, data_only=manner.formulas == "value", keep_links=False
            )
    try:
        with _refusing(name):
            sheets = [one for one in book.worksheets if manner.hidden or one.sheet_state == "visible"]
            if not sheets:
                raise TableRefused(f"{name} has no sheet that is shown", f"{name} 没有显示的工作表")
            tables = tuple(_table(source, sheet, name, manner) for sheet in sheets[:MAX_SHEETS])
        # Outside of it: what whoever reads the rows raises is no fault of the file.
        yield Opened("xlsx", "", SERIAL_1904 if book.epoch == MAC_EPOCH else 0, tables)
    finally:
        book.close()


@contextlib.contextmanager
def _refusing(name: str) -> Iterator[None]:
    """What other people's programs raise over a file is TableRefused."""
    try:
        yield
    except TableRefused:
        raise
    except _FAULTS as fault:
        raise save_anew(name, fault) from fault


def _look_into(source: BinaryIO, name: str) -> None:
    """Refuse what would unpack to more than it may, before anything is unpacked, and what brings entities along."""
    with zipfile.ZipFile(source) as packed:
        found = packed.infolist()
        if len(found) > MAX_PARTS:
            raise TableRefused(
                f"{name} has more than {MAX_PARTS} parts inside: save it anew",
                f"{name} 内部超过 {MAX_PARTS} 个部分：请重新保存",
            )
        for part in found:
            if part.file_size > PIECE and part.file_size > MAX_RATIO * max(part.compress_size, 1):
                raise TableRefused(
                    f"{name} unpacks to more than {MAX_RATIO} times its size: it is not read",
                    f"{name} 解压后超过原大小的 {MAX_RATIO} 倍：不予读取",
                )
            if part.filename.endswith("sharedStrings.xml") and part.file_size > MAX_TEXTS:
                most = MAX_TEXTS // 1024 // 1024
                raise split_it(name, f"has more than {most} MiB of texts", f"文字超过 {most} MiB")
            if part.flag_bits & 0x1:
                raise TableRefused(
                    f"{name} is protected by a password: save it without", f"{name} 设有密码：请取消密码后保存"
                )
        if sum(part.file_size for part in found) > MAX_UNPACKED:
            most = MAX_UNPACKED // 1024 // 1024
            raise split_it(name, f"unpacks to more than {most} MiB", f"解压后超过 {most} MiB")
        for part in found:
            with packed.open(part) as opened_part:
                if _declares(opened_part):
                    raise TableRefused(
                        f"{name} declares entities of its own: it is not read",
                        f"{name} 含有自定义实体声明：不予读取",
                    )


def _declares(part: IO[bytes]) -> bool:
    """Whether XML has a declaration of its document type, in whatever encoding and behind whatever comments.

    It stands before the first element, where the look ends. What is no XML has none: a reader of XML refuses it.
    """
    declared: list[bool] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: declared.append(True)
    parser.StartElementHandler = lambda *_: declared.append(False)
    try:
        while not declared and (piece := part.read(PIECE)):
            parser.Parse(piece, False)
    except expat.ExpatError:
        pass
    return declared[:1] == [True]


def _table(source: BinaryIO, sheet: Any, name: str, manner: Manner) -> Table:
    whole = min(int(sheet.max_row or 0), manner.rows)
    part = str(sheet._worksheet_path).lstrip("/")
    odd: dict[int, list[tuple[int, int, Wrong]]] = {}
    if manner.merged == "refused":
        _merged(source, part, name, odd)
    if manner.formulas == "value":
        _uncounted(source, part, odd)
    sheet.reset_dimensions()  # what a file says of its own size is not believed
    return Table(sheet.title or "", whole, _rows(sheet, odd, name, manner))


def _merged(source: BinaryIO, part: str, name: str, odd: dict[int, list[tuple[int, int, Wrong]]]) -> None:
    """Every cell of a merged range but its first says which row it belongs to."""
    ranges = spread = 0

    def found(one: re.Match[bytes]) -> None:
        nonlocal ranges, spread
        first, last, top, bottom = _column(one[1]), min(_column(one[3]), MAX_COLUMNS), int(one[2]), int(one[4])
        ranges, spread = ranges + 1, spread + bottom - top + 1
        if ranges > MAX_MERGED or spread > MAX_MERGED_ROWS:
            raise TableRefused(f"{name} has too many merged cells: undo them", f"{name} 合并单元格过多：请取消合并")
        wrong = Wrong(
            f"与第 {top} 行的单元格合并：请取消合并，逐行填写",
            f"merged with a cell of row {top}: undo it and fill in every row",
        )
        for row in range(top, bottom + 1):
            odd.setdefault(row, []).append((first + (row == top), last, wrong))

    _search(source, part, _MERGED, 128, found)


def _uncounted(source: BinaryIO, part: str, odd: dict[int, list[tuple[int, int, Wrong]]]) -> None:
    """Cells with a formula whose value was not saved: they are not empty."""

    def found(one: re.Match[bytes]) -> None:
        column = _column(one[1])
        if column <= MAX_COLUMNS:
            odd.setdefault(int(one[2]), []).append((column, column, NO_VALUE))

    _search(source, part, _UNCOUNTED, MAX_FORMULA, found)


def _search(
    source: BinaryIO, part: str, wanted: re.Pattern[bytes], longest: int, found: Callable[[re.Match[bytes]], None]
) -> None:
    """Tell of every place in a part of a spreadsheet that fits a pattern, which is no longer than `longest` bytes."""
    with zipfile.ZipFile(source) as packed, packed.open(part) as opened_part:
        rest = b""
        while piece := opened_part.read(PIECE):
            text, end = rest + piece, 0
            for one in wanted.finditer(text):
                end = one.end()
                found(one)
            rest = text[max(end, len(text) - longest) :]


def _column(letters: bytes) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + letter - 64
    return value


def _rows(sheet: Any, odd: Odd, name: str, manner: Manner) -> Iterator[list[Cell]]:
    with _refusing(name):
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = [_cell(cell, manner) for cell in row]
            while cells and cells[-1] == "":
                cells.pop()
            for first, last, wrong in odd.get(number, ()):
                cells.extend([""] * (last - len(cells)))
                cells[first - 1 : last] = [wrong] * (last - first + 1)
            yield checked(number, cells, name, manner)


def _cell(cell: Any, manner: Manner) -> Cell:
    value = cell.value
    if value is None:
        return ""
    match cell.data_type:
        case "f":
            return FORMULA
        case "e":
            return ERROR
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time():
            return value.date().isoformat()
        return value.isoformat(" ", "seconds") if manner.times else NO_TIME
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number(value)
    return OTHER


def _number(value: float) -> Cell:
    """What a spreadsheet shows: fifteen digits, so that 0.1 + 0.2 is 0.3 and not a part of a fen more."""
    if not abs(value) < 10**15:
        return UNCERTAIN
    return str(int(value)) if value == int(value) else format(Decimal(f"{value:.15g}"), "f")
