"""Wait until the pages show an act that has just been recorded, so that who did it sees it at once.

Invariant: nothing depends on it: a projection that is late is waited for a moment only, and the act stands.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from projections import queries
from projections.process import queries as process_queries
from server.console.access import scope
from server.web.app import SERVICES

PAUSE_SECONDS: Final = 0.05

Place = tuple[int, int]
"""(log_id, position) of an act."""


async def followed(request: web.Request, place: Place, *, judged: bool = False) -> bool:
    """Whether the case files (with `judged`, the judges as well) have come as far as an act, within a moment."""
    patience = request.app[SERVICES].patience
    if not patience:
        return False
    try:
        async with asyncio.timeout(patience):
            while not await _is_there(request, place, judged):  # noqa: ASYNC110 - another process follows the log
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        return False
    return True


async def followed_in(request: web.Request, epoch: int, position: int) -> bool:
    """The same of an act that is known by the epoch of the own authority's log; the judges are waited for as well."""
    async with scope(request, own=True) as connection:
        logs = {one.epoch: one.log_id for one in await queries.lag(connection)}
    return epoch in logs and await followed(request, (logs[epoch], position), judged=True)


async def _is_there(request: web.Request, place: Place, judged: bool) -> bool:
    log_id, position = place
    async with scope(request, own=True) as connection:
        if (await queries.as_of(connection)).get(log_id, 0) <= position:
            return False
        if not judged:
            return True
        lag = await process_queries.lag(connection)
        return (await process_queries.cut(connection)).get(log_id, 0) > position and lag.dirty == 0
