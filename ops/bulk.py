"""The bulk files of what is published, made by the internal server as the account that sees nothing else.

A full table each month, what changed each day (server.public.bulk). Looked at every half hour: what is there is never
made again.
"""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from server.public import bulk, store

SECONDS: Final = 1_800.0
log = structlog.get_logger("liuhen.bulk")


async def bulk_forever(dsn: str, folder: Path) -> None:
    """Make what is due now and then every half hour, until cancelled."""
    while True:
        try:
            pool = await store.connect(dsn, size=1)
            try:
                made = await bulk.write(pool, folder, datetime.datetime.now(datetime.UTC))
            finally:
                await pool.close()
            if made:
                log.info("bulk_made", files=len(made))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, store.SeesTooMuch) as fault:
            log.warning("bulk_failed", error=type(fault).__name__)
        await asyncio.sleep(SECONDS)
