"""What matters are called on pages: one question for all the lines of a list.

A task, a case and a hazard are called by the one act that names them (`domain.labels`), an enterprise by its profile.
Everything else is called by its key. Invariant: a name is never personal data; natural persons have none here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import asyncpg
import msgspec

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
    enterprises = keys.get("enterprise", set()) | {found[one] for one in found if one[0] == "task"}
    if enterprises:
        rows = await conn.fetch(statements.load("names", slots["slot"])["columns"], "enterprise", sorted(enterprises))
        for row in rows:
            name = msgspec.json.decode(row["columns"]).get("name")
            if isinstance(name, str) and name:
                found["enterprise", row["key"]] = name
    for one in list(found):
        if one[0] == "task":
            found[one] = found.get(("enterprise", found[one]), found[one])
    return found
