"""The auditor: re-reads committed entries behind the head, over and over, and closes a log whose entries changed.

A row that was altered, removed or exchanged by whoever owns the database no longer hashes to the leaf that was signed.
Tile by tile the entries are hashed again and compared with the tree; the rate is bounded, so that a large log is walked
in hours without being felt. Closing means: nothing more is signed, and the operator is told which position it was.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import Final

import asyncpg
import structlog

from server.log.book import LogState
from server.log.committer import Committer
from server.log.tree import TILE

TILES_A_ROUND: Final = 8
ROUND_SECONDS: Final = 1.0
log = structlog.get_logger("liuhen.auditor")


class Auditor:
    """Walks the logs of a committer. `pool` connects as a role that may read entries."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool) -> None:
        self._committer = committer
        self._pool = pool
        self._next: dict[int, int] = {}
        self.checked = 0

    async def forever(self) -> None:
        """Check a few tiles of every log each second until cancelled."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.round()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as fault:
                log.warning("audit_interrupted", error=type(fault).__name__)

    async def round(self) -> None:
        """One round over every open log."""
        for state in self._committer.book.states():
            if not state.loaded or state.closed is not None:
                continue
            for _ in range(TILES_A_ROUND):
                if not await self.check_next(state):
                    break

    async def check_next(self, state: LogState) -> bool:
        """Check the next tile of a log; False when its end was reached and the walk begins anew."""
        size = state.signed_size
        tile = self._next.get(state.log_id, 0)
        first, end = tile * TILE, min((tile + 1) * TILE, size)
        if first >= size:
            self._next[state.log_id] = 0
            return False
        expected = await state.tree.nodes(0, first, end)
        rows = await self._pool.fetch(self._committer.book.queries["entries"], state.log_id, first, end)
        found = {row["position"]: sha256(b"\x00" + row["entry"]).digest() for row in rows}
        for position, leaf in enumerate(expected, first):
            if found.get(position) != leaf:
                what = "is missing" if position not in found else "is not what was signed"
                state.closed = (
                    f"log {state.origin}: the entry at position {position} {what}; the database was altered: "
                    "run `liuhen verify`, keep the database as evidence, restore, then `liuhen epoch new`"
                )
                log.error("log_closed", origin=state.origin, position=position)
                return False
        self.checked += end - first
        self._next[state.log_id] = tile + 1
        return end < size
