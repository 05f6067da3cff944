"""The auditor: re-reads committed entries behind the head, over and over, and closes a log whose entries changed.

A row that was altered, removed or exchanged by whoever owns the database no longer hashes to the leaf that was signed.
Tile by tile the entries are hashed again and compared with the tree, which gives the position; at the end of a walk all
of them must hash to the signed root, which tells even where the tiles themselves had to be made again from the rows.
The rate is bounded, so that a large log is walked in hours without being felt. Closing means: nothing more is signed,
and the operator is told which position it was.
"""

from __future__ import annotations

import asyncio
from itertools import zip_longest
from typing import Final

import asyncpg
import structlog

from schemas import merkle
from schemas.merkle import CompactRange
from server.log.book import LogState
from server.log.committer import Committer
from server.log.tree import TILE

TILES_A_ROUND: Final = 8
"""In all logs together, some 2,000 entries a second: what uploads lose to it does not grow with the number of logs."""
ROUND_SECONDS: Final = 1.0
log = structlog.get_logger("liuhen.auditor")


class Auditor:
    """Walks the logs of a committer. `pool` connects as a role that may read entries."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool) -> None:
        self._committer = committer
        self._pool = pool
        self._walks: dict[int, CompactRange] = {}
        self._turn = 0  # which log is next
        self.checked = 0

    async def forever(self) -> None:
        """Check a few tiles each second until cancelled."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.round()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as fault:
                log.warning("audit_interrupted", error=type(fault).__name__)

    async def round(self) -> None:
        """A few tiles: the logs take turns, each up to its end or until the round is over."""
        states, left = self._committer.book.states(), TILES_A_ROUND
        for _ in states:
            state = states[self._turn % len(states)]
            if state.loaded and state.closed is None:
                while left > 0 and await self.check_next(state):
                    left -= 1
                if left <= 0:
                    return  # this log goes on in the next round
                left -= 1
            self._turn += 1

    async def check_next(self, state: LogState) -> bool:
        """Check the next tile of a log; False when its end was reached (the next walk begins anew) or it was closed."""
        size = state.signed_size
        walk = self._walks.pop(state.log_id, None) or CompactRange()
        if walk.size >= size:  # another database answers since, with a shorter log
            walk = CompactRange()
        first, end = walk.size, min(walk.size + TILE, size)
        rows = await self._pool.fetch(self._committer.book.queries["entries"], state.log_id, first, end)
        expected = await state.tree.leaves(first, end)
        for position, leaf, row in zip_longest(range(first, end), expected, rows[: end - first]):
            if row is None or row["position"] != position:
                return self._close(state, f"the entry at position {position} is missing", position)
            if merkle.leaf_hash(row["entry"]) != leaf:
                return self._close(state, f"the entry at position {position} is not what was signed", position)
        walk.extend(expected)
        self.checked += end - first
        if end < size:
            self._walks[state.log_id] = walk
            return True
        if walk.root() != await state.root_at(size):
            return self._close(state, f"the entries up to {size} do not hash to the root that was signed", 0)
        return False

    def _close(self, state: LogState, what: str, position: int) -> bool:
        state.closed = (
            f"log {state.origin}: {what}; the database was altered: run `liuhen verify`, keep the database as "
            "evidence, restore, then `liuhen epoch new`"
        )
        log.error("log_closed", origin=state.origin, position=position)
        return False
