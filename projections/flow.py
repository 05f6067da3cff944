"""Many batches one behind the other: while one is folded, the next is read and the one before is written.

Three connections, because each does one thing at a time: states, entries, rows. Invariant: writes happen in the order
of the folds and each in a transaction of its own with its positions; after any error the folder is worthless and the
tables are right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from projections.batch import Folder, LogPlace, Parked, Rows, Run, fetch, put

Wanted: TypeAlias = Sequence[tuple[LogPlace, int, int]]


@dataclass(frozen=True, slots=True)
class Wires:
    """The three connections: `states` that a fold goes on from, `entries` of the logs, `rows` to the tables."""

    states: asyncpg.Connection
    entries: asyncpg.Connection
    rows: asyncpg.Connection


async def flow(
    wires: Wires,
    folder: Folder,
    plan: Callable[[], Awaitable[Wanted]],
    *,
    write_from: int = 1,
    write_at: int,
    guard: Callable[[asyncpg.Connection], Awaitable[None]] | None = None,
    parked: Callable[[Sequence[Parked]], None],
) -> int:
    """Read, fold and write until `plan` wants nothing more; returns how many entries.

    `plan` is asked for the runs behind those it gave last. Rows go out when at least `write_from` entries wait and the
    writer is free; when `write_at` wait the fold waits for the writer. `guard` runs first in every transaction and
    stops the flow by raising. `parked` hears of poison after it was committed.
    """
    done = 0
    ahead: asyncio.Task[list[Run]] | None = None
    writing: asyncio.Task[None] | None = None
    try:
        wanted = await plan()
        runs = await fetch(wires.entries, wanted) if wanted else []
        while wanted:
            following = await plan()
            coming = asyncio.create_task(fetch(wires.entries, following)) if following else None
            ahead = coming
            await asyncio.sleep(0)  # the question is on its way before this process is busy
            await folder.fold(wires.states, runs)
            done += sum(end - first for _, first, end in wanted)
            if writing is not None and (writing.done() or folder.pending >= write_at or folder.crowded):
                await writing
                writing = None
                folder.trim()
            if writing is None and (folder.pending >= write_from or coming is None):
                writing = asyncio.create_task(_write(wires.rows, folder.slot, folder.take(), guard, parked))
                await asyncio.sleep(0)
            runs = await coming if coming is not None else []
            ahead, wanted = None, following
        if writing is not None:
            await writing
            writing = None
        if folder.pending:
            await _write(wires.rows, folder.slot, folder.take(), guard, parked)
        folder.trim()
        return done
    finally:
        for task in (ahead, writing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def _write(
    connection: asyncpg.Connection,
    slot: str,
    rows: Rows,
    guard: Callable[[asyncpg.Connection], Awaitable[None]] | None,
    parked: Callable[[Sequence[Parked]], None],
) -> None:
    async with connection.transaction():
        if guard is not None:
            await guard(connection)
        await put(connection, slot, rows)
    # Committed: rows and positions stand or fall together.
    parked(rows.parked)
