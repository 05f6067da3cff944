"""Which roles may open what, and the database scope of the person who asks.

An officer sees the own authority only: the filter stands here, once, and row-level security repeats it. Invariant: no
question is asked of the projections outside `scope`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator
from typing import Final

import asyncpg
from aiohttp import web

from server.identity.person import ANY_ROLE
from server.web.app import SERVICES, person_of
from server.web.routes import Officers

SIGNED_IN: Final = Officers(ANY_ROLE)
FILE_READERS: Final = Officers(ANY_ROLE - {"administrator"})
"""Case files: everybody with a part in the process. The administrator runs the system and has none."""
PRIVATE_READERS: Final = Officers(frozenset({"unit_head", "bureau_head", "legal_reviewer"}))
"""Who may be shown a personal value, each time with a reason on record: who directs a case or reviews it."""
FILE_EXPORTERS: Final = Officers(frozenset({"unit_head", "bureau_head", "legal_reviewer", "supervisor", "auditor"}))
"""Who makes copies of case files that leave the office: who directs cases, reviews them or looks over them."""
TERMINAL_READERS: Final = Officers(ANY_ROLE)
TERMINAL_KEEPERS: Final = Officers(frozenset({"unit_head", "bureau_head", "administrator"}))
"""Who resolves a terminal's fork and releases it: who answers for the people with the terminals, or for the system."""

NUMBER_TAKERS: Final = Officers(frozenset({"inspector", "unit_head", "bureau_head", "legal_reviewer", "planner"}))
"""Who is given a document number: whoever writes documents."""
NUMBER_KEEPERS: Final = Officers(frozenset({"unit_head", "bureau_head"}))
"""Who reserves blocks, declares numbers void and takes blocks back: voids need an approval."""


@contextlib.asynccontextmanager
async def scope(request: web.Request) -> AsyncIterator[asyncpg.Connection]:
    """A connection on which the projections show the authority of the person who asks, at one moment."""
    async with (
        request.app[SERVICES].console.acquire(timeout=10) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await connection.execute("SELECT set_config('liuhen.authority', $1, true)", person_of(request).authority)
        yield connection


def cut_name(as_of: dict[int, int]) -> str:
    """A short name of the cut {log: size} that an answer rests on, the same for equal cuts."""
    text = ",".join(f"{log}:{size}" for log, size in sorted(as_of.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
