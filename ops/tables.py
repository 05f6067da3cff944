"""Tables out of files: what `server.tables` reads, from a path.

Invariant: no more is read of a file than a table may have.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from server.tables import files, held, reading
from server.tables.held import Rows, Sheet
from server.tables.reading import BOOK, Opened
from server.tables.refused import TableRefused

__all__ = ["Opened", "Rows", "Sheet", "TableRefused", "book", "bytes_of", "digest", "read", "read_all"]


def read(path: Path) -> tuple[Sheet, bytes]:
    """The first table of a file, and the bytes of the file. Raises TableRefused, OSError."""
    data = bytes_of(path)
    return held.read(data, path.name), data


def read_all(path: Path) -> tuple[tuple[Rows, ...], bytes]:
    """Every table of a file, and its bytes. Raises TableRefused, OSError."""
    data = bytes_of(path)
    return held.read_all(data, path.name), data


def bytes_of(path: Path) -> bytes:
    """The bytes of a file that is no larger than a table may be. Raises TableRefused, OSError."""
    with path.open("rb") as opened:
        data = opened.read(reading.MAX_BYTES + 1)
    held.check_size(len(data), path.name)
    return data


@contextlib.contextmanager
def book(path: Path, *, name: str = "") -> Iterator[Opened]:
    """A book of others, row by row. Raises TableRefused, also while its rows are read; OSError."""
    with path.open("rb") as source, files.opened(source, name or path.name, BOOK) as opened:
        yield opened


def digest(path: Path) -> tuple[bytes, int]:
    """SHA-256 and size of a file. Raises TableRefused for one that is too large or empty, OSError."""
    size = path.stat().st_size
    held.check_size(size, path.name)
    if not size:
        raise TableRefused(f"{path.name} is empty: expected CSV or XLSX", f"{path.name} 是空文件：应为 CSV 或 XLSX")
    machine = sha256()
    with path.open("rb") as opened:
        while piece := opened.read(reading.PIECE):
            machine.update(piece)
    return machine.digest(), size
