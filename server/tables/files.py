"""A file that is read, row by row: XLSX, and CSV in UTF-8 (with or without a byte order mark) or GB 18030.

Invariant: nothing is held but the row that is read, so a book of a hundred thousand rows costs the memory of a small
one (an XLSX beside that its table of texts).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import BinaryIO

from server.tables import csv_file, xlsx_file
from server.tables.reading import Manner, Opened
from server.tables.refused import TableRefused


@contextlib.contextmanager
def opened(source: BinaryIO, name: str, manner: Manner) -> Iterator[Opened]:
    """Open a file that can be sought in. Raises TableRefused, also while its rows are read; OSError."""
    head = source.read(8)
    source.seek(0)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableRefused(
            f"{name} is an old .xls or a protected file: save it as .xlsx without a password",
            f"{name} 是旧格式（.xls）或受保护的文件：请不设密码另存为 .xlsx",
        )
    reader = xlsx_file.opened if head.startswith(b"PK\x03\x04") else csv_file.opened
    with reader(source, name, manner) as made:
        yield made
