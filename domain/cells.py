"""Text in a cell of a table that people open with a spreadsheet program: never a formula, always readable back.

The invariant: `plain(cell(text)) == text` for every text.
"""

from __future__ import annotations

from typing import Final

DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of a formula, full-width forms too; and the apostrophe that we put there."""
MAX_CELL: Final = 32_767
"""Characters of a cell of a spreadsheet."""
_NOT_IN_XML: Final = {0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}


def cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def plain(text: str) -> str:
    """The text that a cell stands for."""
    return text[1:] if text.startswith("'") and text[1:].startswith(DANGEROUS) else text


def drawable(text: str) -> str:
    """Text without the two characters that XML cannot hold at all."""
    return text.translate(_NOT_IN_XML)
