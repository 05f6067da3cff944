"""Terminals that upload again and again and keep every answer, whatever happens to the server meanwhile.

A terminal sends the same bytes until it is answered with 200, as section 3.1 asks. What was answered is kept in a
ledger and held against the log afterwards. Invariant: `check` raises wherever an answer was worth nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from schemas import batch as batches
from tests.support.log import AUTHORITY, PaperTerminal
from tests.support.server import Audited, Bureau, Door, Ledger, Unsound, audit, door, enrolled, until

PAUSE_SECONDS = 0.01
PATIENCE_SECONDS = 240.0
LATER = {408, 429, 503}


@dataclass
class Uploads:
    """Many terminals at once. `urls` are the servers that they may ask now; empty while none is up."""

    place: Bureau
    client: Door
    terminals: list[PaperTerminal]
    urls: list[str] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    statuses: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0
    cut: int = 0
    stopping: bool = False
    per_batch: int = 5
    pause: float = 0.0
    """Seconds between an answer and the next upload: without one, they alone keep a core busy."""

    async def run(self) -> None:
        """Upload until `stopping`, then finish what was begun. Raises Unsound where an answer was not kept."""
        async with asyncio.TaskGroup() as group:
            for number, terminal in enumerate(self.terminals):
                group.create_task(self._one(number, terminal))

    async def _one(self, number: int, terminal: PaperTerminal) -> None:
        turn = number
        while not self.stopping:
            sent = [terminal.envelope() for _ in range(self.per_batch)]
            body = batches.encode(terminal.batch(sent))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await self._send(sent, body, turn):
                    await asyncio.sleep(PAUSE_SECONDS)  # what a terminal does between two tries
                    turn += 1
            turn += 1
            await asyncio.sleep(self.pause)

    async def _send(self, sent: Sequence[bytes], body: bytes, turn: int) -> bool:
        if not self.urls:
            return False
        at = Door(self.urls[turn % len(self.urls)], self.client.session)
        self.in_flight += 1
        try:
            answer = await at.post(body)
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.cut += 1
            return False
        finally:
            self.in_flight -= 1
        self.statuses[answer.status] += 1
        if answer.status == 200:
            self.ledger.note(sent, answer.receipt)
            return True
        if answer.status == 409:
            raise Unsound(f"what was answered is gone: the server expects seq {answer.problem['expected']}")
        if answer.status not in LATER:
            raise AssertionError(f"an honest upload was answered {answer.status}: {answer.problem}")
        return False

    async def answered(self, more: int) -> None:
        """Wait until `more` further uploads were answered with 200."""
        goal = self.statuses[200] + more
        await until(lambda: self.statuses[200] >= goal, PATIENCE_SECONDS)

    async def flying(self) -> int:
        """Wait until requests are under way; returns how many."""
        await until(lambda: self.in_flight, PATIENCE_SECONDS, pause=0)
        return self.in_flight

    async def check(self) -> Audited:
        """Everything that was answered is in the log once, where it was said to be, and nothing else is."""
        found = await audit(self.place.dsn())
        self.ledger.check(found)
        for terminal in self.terminals:
            if found.count(terminal.id) != terminal.seq:
                raise Unsound(f"{terminal.seq} envelopes were sent, {found.count(terminal.id)} are stored")
        return found


@asynccontextmanager
async def uploading(
    place: Bureau,
    urls: Sequence[str],
    *,
    terminals: int = 4,
    authorities: Sequence[str] = (AUTHORITY,),
    pause: float = 0.0,
) -> AsyncIterator[Uploads]:
    """Enrol terminals (over the authorities in turn) and have them upload; at the end they finish what they began."""
    async with door(urls[0], seconds=15.0) as client:
        made = [await enrolled(place, client, authorities[n % len(authorities)]) for n in range(terminals)]
        uploads = Uploads(place, client, made, list(urls), pause=pause)
        task = asyncio.create_task(uploads.run())
        try:
            yield uploads
            uploads.stopping = True
            await task
        finally:
            if not task.done():
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
            if task.done() and not task.cancelled():
                task.exception()
