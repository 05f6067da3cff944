"""Books of others as pages ask for them: their months with what fits and what does not, files, mappings.

Every function runs as those of `projections.process.queries`. The invariant: what is shown of a month is what its judge
said, and what is shown of a file is what the act that cites it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from projections import statements
from projections.process import queries
from projections.process.views import MatterFile, MatterRow
from schemas import entries
from schemas.entries import EntryRefused, OfficeEntry
from schemas.events import REGISTRY, InvalidBody
from schemas.events.outside_ledger import LedgerImported, LedgerMappingSaved

KIND: Final = "outside"
FILE: Final = "outside"
MOST_MONTHS: Final = 2_000
"""Months of kinds and authorities that one page counts."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that was taken over: whose log, when (ms), where it stands, and the act."""

    authority: str
    received: int
    log_id: int
    position: int
    body: LedgerImported


@dataclass(frozen=True, slots=True)
class Books:
    """What came in for some authorities: files and mappings, the newest first; of a mapping the newest version."""

    imports: tuple[Imported, ...]
    mappings: tuple[tuple[str, LedgerMappingSaved], ...]


async def months(connection: asyncpg.Connection, *, as_of: int) -> list[MatterRow]:
    """Every kind and month that has rows, by kind and month, the newest month first; at most MOST_MONTHS."""
    found: list[MatterRow] = []
    after = None
    while len(found) < MOST_MONTHS:
        page = await queries.list_matters(connection, KIND, as_of=as_of, limit=queries.MAX_ROWS, after=after)
        found += page.rows
        after = page.next
        if after is None:
            break
    return sorted(found, key=lambda row: (str(row.columns.get("month")), row.authority, row.key), reverse=True)


async def month(connection: asyncpg.Connection, key: str, *, as_of: int) -> MatterFile | None:
    """One kind and month, asked with `liuhen.authority` set to whose it is."""
    return await queries.matter(connection, KIND, key, as_of=as_of)


async def books(connection: asyncpg.Connection, authorities: Sequence[str]) -> Books:
    """Files and mappings of some authorities."""
    imports: list[Imported] = []
    mappings: dict[tuple[str, bytes], LedgerMappingSaved] = {}
    asked = await statements.of_process(connection, FILE)
    for row in await connection.fetch(asked["ledgers"], sorted(authorities)):
        try:
            entry = entries.decode(bytes(row["entry"]))
            if not isinstance(entry, OfficeEntry):
                continue
            body = REGISTRY.decode_body(entry.y, entry.b)
        except (EntryRefused, InvalidBody):
            continue
        authority = row["authority"]
        if isinstance(body, LedgerImported):
            imports.append(Imported(authority, entry.r, row["log_id"], row["pos"], body))
        elif isinstance(body, LedgerMappingSaved):
            known = mappings.get((authority, body.mapping_id))
            if known is None or known.version < body.version:
                mappings[authority, body.mapping_id] = body
    imports.sort(key=lambda one: (one.received, one.log_id, one.position), reverse=True)
    listed = sorted(
        ((key[0], body) for key, body in mappings.items()), key=lambda one: (one[0], one[1].kind, one[1].name)
    )
    return Books(tuple(imports), tuple(listed))
