"""Named queries of this room, each in two forms: for the tables of slot a and of slot b.

The files name the tables `view_x.…`; the slot takes the place of the x when they are loaded, never when they are run.
Invariant: nothing but the two known slots ever gets into a statement; values are parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

SLOTS: Final = ("a", "b")
_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def load(name: str, slot: str) -> Mapping[str, str]:
    """The named queries of a file for one slot: `-- name: x`, comment lines with the why, then the statement."""
    if slot not in SLOTS:
        raise ValueError(f"expected slot a or b, got {slot!r}")
    text = (resources.files("projections") / "sql" / f"{name}.sql").read_text("utf-8")
    parts = _NAME.split(text.replace("view_x.", f"view_{slot}."))
    return {parts[i]: parts[i + 1].strip() for i in range(1, len(parts), 2)}


async def process_slot(conn: asyncpg.Connection) -> str:
    """Which slot of the process projection answers."""
    row = await conn.fetchrow(load("process", "a")["live"])
    return str(row["slot"])


async def of_process(conn: asyncpg.Connection, name: str) -> Mapping[str, str]:
    """The named queries of a file for the slot of the process projection that answers."""
    return load(name, await process_slot(conn))


def other(slot: str) -> str:
    """The slot that is not this one."""
    return "b" if slot == "a" else "a"
