"""The layouts of published documents that the package brings: read once, by whoever may read files."""

from __future__ import annotations

from functools import cache
from importlib import resources

from schemas.layout import FILES, Layout, parse_layout


@cache
def load() -> tuple[Layout, ...]:
    """Every layout of the package. Raises LayoutFault."""
    folder = resources.files("schemas.layouts")
    return tuple(parse_layout((folder / name).read_bytes()) for name in FILES)
