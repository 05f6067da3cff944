"""The file that holds a connection string: secrets are given by file, never as an argument.

Invariant: nothing of what the file holds is printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ops.cli import Refusal

MAX_DSN: Final = 4_096
"""Characters of a connection string."""


def read(file: Path) -> str:
    """The connection string in a file. Raises Refusal."""
    try:
        text = file.read_text("utf-8")[:MAX_DSN].strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise Refusal(f"cannot read {file} ({type(fault).__name__}): expected one line, a DSN") from fault
    if not text:
        raise Refusal(f"{file} is empty: expected one line, a DSN")
    return text
