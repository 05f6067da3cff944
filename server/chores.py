"""Works in the background of a block: begun with it, cancelled at its end.

Invariant: a work that ends by an error is told at once: nobody waits for it, and what it did is not done any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final

import structlog

log: Final = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def running(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run works beside the block and cancel them at its end."""
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_ended)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ended(task: asyncio.Task[None]) -> None:
    fault = None if task.cancelled() else task.exception()
    if fault is not None:
        # A name and no text: what failed may hold anything.
        log.error("chore_died", work=getattr(task.get_coro(), "__qualname__", ""), error=type(fault).__name__)
