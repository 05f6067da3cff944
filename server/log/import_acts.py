"""Rows of an imported table on their way into the log: each is new, changed, or stands there already.

An aggregate's origin is made of the row's own key, so the same file again finds its acts and appends nothing. The
invariant: idempotency is (origin, version); of two imports at once one appends, the other is told `conflict`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import asyncpg

from schemas import entries
from schemas.entries import OfficeEntry, Who
from server.log import store
from server.log.acts import Act
from server.log.committer import Committer
from server.log.ids import uuid7
from server.log.repository import VersionedActs

AT_ONCE: Final = 200
"""Acts that wait for the log at the same time: enough to fill a group, far below the limit of the queue."""


@dataclass(frozen=True, slots=True)
class Row:
    """One act of a row: `number` is the row's. `once`: other content under the same origin is no new version."""

    number: int
    type: str
    about: tuple[str, ...]
    body: Mapping[str, Any]
    origin: bytes
    once: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """A row beside the log. `version` is the one that its act would make."""

    row: Row
    state: Literal["new", "changed", "unchanged", "refused"]
    version: int


async def compare(pool: asyncpg.Pool, authority: str, rows: Sequence[Row]) -> list[Compared]:
    """Each row beside the newest act of its aggregate; `refused` is other content where none may come."""
    query = store.load_queries("server.log", "imports.sql")["newest_acts"]
    known: dict[bytes, tuple[int, OfficeEntry]] = {}
    for start in range(0, len(rows), AT_ONCE):
        origins = [store.uuid(row.origin) for row in rows[start : start + AT_ONCE]]
        for found in await pool.fetch(query, authority, origins):
            entry = entries.decode(bytes(found["entry"]))
            if isinstance(entry, OfficeEntry):
                known[found["origin"].bytes] = (found["version"], entry)
    compared = []
    for row in rows:
        if row.origin not in known:
            compared.append(Compared(row, "new", 1))
            continue
        version, entry = known[row.origin]
        same = entry.b == dict(row.body) and entry.y == row.type and sorted(entry.a) == sorted(row.about)
        state: Literal["unchanged", "refused", "changed"] = (
            "unchanged" if same else "refused" if row.once else "changed"
        )
        compared.append(Compared(row, state, version + 1))
    return compared


async def append(
    committer: Committer,
    authority: str,
    compared: Sequence[Compared],
    who: Who,
    received: int,
) -> int:
    """Append what is new or changed, in the order of the rows; returns how many acts. Raises Problem.

    A crash in between leaves the acts that were appended: the same file again appends the rest.
    """
    version_of = store.load_queries("server.log", "office.sql")["version_of"]
    wanted = [one for one in compared if one.state in ("new", "changed")]
    for start in range(0, len(wanted), AT_ONCE):
        works = []
        for one in wanted[start : start + AT_ONCE]:
            row = one.row
            act = Act(row.type, row.about, row.body, row.origin, one.version, uuid7())
            works.append(VersionedActs(version_of, authority, [act], who, received))
        await asyncio.gather(*(committer.submit(work) for work in works))
    return len(wanted)
