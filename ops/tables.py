"""Tables out of files: what `server.web.tables` reads, from a path.

Invariant: no more is read of a file than a table may have.
"""

from __future__ import annotations

from pathlib import Path

from server.web.tables import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS, MAX_UNPACKED, Rows, Sheet, TableRefused
from server.web.tables import read as _read
from server.web.tables import read_all as _read_all

__all__ = [
    "MAX_BYTES", "MAX_CELL", "MAX_COLUMNS", "MAX_ROWS", "MAX_UNPACKED", "Rows", "Sheet", "TableRefused", "bytes_of",
    "read", "read_all",
]  # fmt: skip


def read(path: Path) -> tuple[Sheet, bytes]:
    """The first table of a file, and the bytes of the file. Raises TableRefused, OSError."""
    data = bytes_of(path)
    return _read(data, path.name), data


def read_all(path: Path) -> tuple[tuple[Rows, ...], bytes]:
    """Every table of a file, and its bytes. Raises TableRefused, OSError."""
    data = bytes_of(path)
    return _read_all(data, path.name), data


def bytes_of(path: Path) -> bytes:
    """The bytes of a file that is no larger than a table may be. Raises TableRefused, OSError."""
    with path.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise TableRefused(f"{path.name} is larger than {limit} MiB: split it", f"{path.name} 超过 {limit} MiB：请分开")
    return data
