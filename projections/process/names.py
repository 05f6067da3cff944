"""What matters are called on pages: one question for all the lines of a list.

A task, a case and a hazard are called by the one act that names them (`domain.labels`), an enterprise by its profile,
a plan by its year, a tip by the day on which it came and the enterprise that it is about. Everything else is called by
its key. The page says beside it, in its own language, of which kind the matter is. Invariant: a name is never personal
data; natural persons have none here, and what a tip says stands in its file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import asyncpg
import msgspec

from domain.workdays import day_of
from projections import case_file, statements

FILES: Final = frozenset(("task", "case", "hazard"))
MAX_NAMES: Final = 2_000

Key = tuple[str, str]
"""(kind, key) of a matter."""


async def names(conn: asyncpg.Connection, wanted: Iterable[Key]) -> Mapping[Key, str]:
    """The names of matters of the caller's authority, at most MAX_NAMES; those that have none are left out.

    A task is called by its enterprise: the name is looked up where the task names it by its number.
    """
    keys: dict[str, set[str]] = {}
    for kind, key in list(dict.fromkeys(wanted))[:MAX_NAMES]:
        if "\0" not in key:
            keys.setdefault(kind, set()).add(key)
    slots = await conn.fetchrow(statements.load("names", "a")["slots"])
    found: dict[Key, str] = {}
    for kind in sorted(FILES & keys.keys()):
        rows = await conn.fetch(statements.load("names", slots["folds"])["heads"], kind, sorted(keys[kind]))
        for row in rows:
            title = case_file.read_head(row["head"]).title
            if title:
                found.setdefault((kind, row["subject"]), title)
    plans = await _columns(conn, slots["slot"], "plan", keys.get("plan", set()))
    tips = await _columns(conn, slots["slot"], "tip", keys.get("tip", set()))
    enterprises = keys.get("enterprise", set()) | {found[one] for one in found if one[0] == "task"}
    enterprises |= {columns["enterprise"] for columns in tips.values() if columns.get("enterprise")}
    for key, columns in (await _columns(conn, slots["slot"], "enterprise", enterprises)).items():
        if columns.get("name"):
            found["enterprise", key] = columns["name"]
    for one in list(found):
        if one[0] == "task":
            found[one] = found.get(("enterprise", found[one]), found[one])
    for key, columns in plans.items():
        if columns.get("year"):
            found["plan", key] = str(columns["year"])
    for key, columns in tips.items():
        if columns.get("received") is not None:
            about = columns.get("enterprise") or ""
            about = found.get(("enterprise", about), about)
            found["tip", key] = f"{day_of(columns['received'])} {about}".rstrip()
    return found


async def registered(conn: asyncpg.Connection, kind: str, keys: Iterable[str]) -> set[str]:
    """Which of these keys are matters of that kind that the caller may see."""
    wanted = [key for key in keys if "\0" not in key]
    return set(await _columns(conn, await statements.process_slot(conn), kind, wanted))


async def _columns(conn: asyncpg.Connection, slot: str, kind: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the judges' tables know of matters of one kind, by key."""
    wanted = sorted(keys)
    if not wanted:
        return {}
    rows = await conn.fetch(statements.load("names", slot)["columns"], kind, wanted)
    return {row["key"]: msgspec.json.decode(row["columns"]) for row in rows}
