"""Many batches one behind the other: one is absorbed while the next are read and digested and the last is written.

Three connections, because each does one thing at a time: states, entries, rows. Invariant: digests are absorbed in the
order of the plan, writes happen in that order and each in a transaction of its own with its positions; after any error
the folder is worthless and the tables are right.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import asyncpg

from projections.batch import Folder, Parked, Rows, put
from projections.digest import Digest
from projections.hands import Hands, Wanted


@dataclass(frozen=True, slots=True)
class Wires:
    """The three connections: `states` that a fold goes on from, `entries` of the logs, `rows` to the tables."""

    states: asyncpg.Connection
    entries: asyncpg.Connection
    rows: asyncpg.Connection


async def flow(
    wires: Wires,
    folder: Folder,
    hands: Hands,
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
    ahead: deque[asyncio.Task[list[Digest]]] = deque()
    writing: asyncio.Task[None] | None = None
    try:
        while True:
            while len(ahead) < hands.depth and (wanted := await plan()):
                ahead.append(asyncio.create_task(hands.digests(wanted)))
            if not ahead:
                break
            digests = await ahead[0]
            ahead.popleft()
            await folder.absorb(wires.states, digests)
            done += sum(digest.end - digest.first for digest in digests)
            if writing is not None and (writing.done() or folder.pending >= write_at or folder.crowded):
                await writing
                writing = None
                folder.trim()
            if writing is None and (folder.pending >= write_from or not ahead):
                writing = asyncio.create_task(_write(wires.rows, folder.slot, folder.take(), guard, parked))
                await asyncio.sleep(0)  # it is on its way before this process is busy
        if writing is not None:
            await writing
            writing = None
        if folder.pending:
            await _write(wires.rows, folder.slot, folder.take(), guard, parked)
        folder.trim()
        return done
    finally:
        left = [*ahead] if writing is None else [*ahead, writing]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


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
