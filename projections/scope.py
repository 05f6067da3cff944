"""What a connection looks at: the authorities whose rows row-level security shows on it.

Set for one transaction and gone with it. The invariant: without it a connection of the console or the log's writer is
shown no row of any authority.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg


async def look(connection: asyncpg.Connection, authorities: Sequence[str]) -> None:
    """Within a transaction: show the rows of these authorities, at least one, and of no other."""
    first, *others = authorities
    await connection.execute(
        "SELECT set_config('liuhen.authority', $1, true), set_config('liuhen.below', $2, true)", first, ",".join(others)
    )


@asynccontextmanager
async def looking(
    pool: asyncpg.Pool, authorities: Sequence[str], *, readonly: bool = True
) -> AsyncIterator[asyncpg.Connection]:
    """A transaction of one moment that sees these authorities and no other."""
    async with (
        pool.acquire(timeout=10) as connection,
        connection.transaction(isolation="repeatable_read", readonly=readonly),
    ):
        await look(connection, authorities)
        yield connection
