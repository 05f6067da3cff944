"""Layouts of published documents: which columns, in which order, under which header and code.

A layout is a data file with a version in its name (schemas/layouts); whoever may do IO brings its bytes. A document
repeats code and header of each column, so that nobody needs the layout to read it. The invariant: codes are unique
within a layout, and a layout that was published never changes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any, Final

FILES: Final = (
    "double-publicity-2018.toml",
    "inspection-result-2019.toml",
    "compulsory-measure-2026.toml",
    "random-selection-2026.toml",
    "officers-2026.toml",
)
_KNOWN: Final = {"code": str, "header": str, "unit": str, "paper": bool, "codes": list}


class LayoutFault(ValueError):
    """A layout file is not in order: what was expected, what came."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `money`: whole fen in the document. `paper`: of an identity paper, never published."""

    code: str
    header: str
    money: bool = False
    paper: bool = False
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of documents on one kind of subject, in order."""

    name: str
    subject: str
    columns: tuple[Column, ...]


def parse_layout(data: bytes) -> Layout:
    """Read a layout file. Raises LayoutFault."""
    try:
        read = tomllib.loads(data.decode("utf-8"))
        columns = tuple(_column(one) for one in read["column"])
        layout = Layout(str(read["name"]), str(read["subject"]), columns)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as fault:
        raise LayoutFault(f"expected name, subject and columns with code and header: {fault}") from None
    codes = [one.code for one in columns]
    if len(set(codes)) != len(codes):
        raise LayoutFault(f"a code stands twice in {layout.name}")
    return layout


def _column(one: dict[str, Any]) -> Column:
    for key, value in one.items():
        if key not in _KNOWN or not isinstance(value, _KNOWN[key]):
            raise LayoutFault(f"expected only {', '.join(_KNOWN)} of a column, got {key}")
    if one.get("unit", "fen") != "fen":
        raise LayoutFault(f"expected the unit fen, got {one['unit']}")
    codes = tuple(str(each) for each in one.get("codes", ()))
    return Column(one["code"], one["header"], "unit" in one, one.get("paper", False), codes)
