"""The arrival of a file as an entry of the log: `blob.received.v1` by the service `evidence`.

One act for each log whose envelopes wait for the digest, with the tags of those envelopes, so that it stands in the
same files. Act and mark (`log.wanted`, `log.terminals.waiting`) are one transaction, under the head's lock of that log.
Idempotency: the aggregate of a digest and its version; what already arrived is not waited for any more. The invariant:
the row of the blob is there before the entry is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import asyncpg
import structlog

from schemas import canonical, entries
from schemas.entries import BranchEntry, FieldEntry, Who
from schemas.events.evidence import BlobReceived
from schemas.problems import Problem
from server.log import store
from server.log.acts import Act, OfficeActs
from server.log.committer import Committer
from server.log.group import Group, Turn
from server.log.ids import now_ms, uuid7, uuid_text

log = structlog.get_logger("liuhen.log")

SERVICE: Final = "evidence"
TRIES: Final = 5
_KINDS: Final = ("case:", "hazard:", "plan:", "task:", "tip:")
"""Tags that the act takes over from the envelopes that cite the blob."""
_MAX_TAGS: Final = 14


@dataclass(frozen=True, slots=True)
class Blob:
    """What was received: digest, bytes, media type, and the terminal that brought it (16 bytes)."""

    digest: bytes
    size: int
    media_type: str
    terminal: bytes


class Arrival(OfficeActs):
    """An act that also marks the digest as arrived in its log."""

    def __init__(self, log_id: int, authority: str, act: Act, digest: bytes, who: Who, received: int) -> None:
        super().__init__(authority, [act], who, received)
        self._log_id = log_id
        self._digest = digest

    def decide(self, turn: Turn, group: Group) -> None:
        """Append the act and mark what waited. Raises Problem conflict."""
        super().decide(turn, group)
        group.statements.append(("arrive_blob", (self._log_id, self._digest)))


class Arrivals:
    """Says in every log that waits for a blob that it has come, at the time (ms) that `clock` shows."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool) -> None:
        self.clock: Callable[[], int] = now_ms
        self._committer = committer
        self._pool = pool
        self._queries = store.load_queries("server.log", "arrivals.sql")

    async def announce(self, digest: bytes) -> int:
        """Record the arrival wherever envelopes wait for it; returns how many acts that took. Repeating it is harmless.

        Raises Problem where a log cannot be written: the row is there, and `overlooked` finds it again.
        """
        row = await self._pool.fetchrow(self._queries["blob_row"], digest)
        if row is None:
            return 0
        blob = Blob(digest, row["size"], row["type"], row["terminal"].bytes)
        done = 0
        for _ in range(TRIES * 8):
            waiting = await self._pool.fetch(self._queries["waiting_for"], digest)
            if not waiting:
                return done
            for place in waiting:
                done += await self._record(blob, place)
        return done

    async def overlooked(self) -> int:
        """Announce what is held and still waited for; returns how many blobs that were."""
        rows = await self._pool.fetch(self._queries["overlooked"])
        for row in rows:
            try:
                await self.announce(bytes(row["digest"]))
            except Problem as problem:  # a log that is closed for writing: the others go on
                log.warning("arrival_waits", code=problem.code)
        return len(rows)

    async def _record(self, blob: Blob, place: Any) -> int:
        queries = self._committer.book.queries
        events, tags = await self._citing(place["log_id"], place["positions"])
        # An aggregate of its own for each digest; the newest log of the authority takes the act.
        origin = sha256(b"liuhen blob\n" + blob.digest).digest()[:16]
        version = await self._pool.fetchval(queries["last_version"], place["log_id"], store.uuid(origin))
        act = Act(
            type=BlobReceived.SPEC.name,
            about=sorted({*tags, f"evidence:{blob.digest.hex()}", f"terminal:{uuid_text(blob.terminal)}"}),
            body={
                "sha256": blob.digest,
                "size": blob.size,
                "media_type": blob.media_type,
                "terminal": blob.terminal,
                **({"events": events} if events else {}),
            },
            origin=origin,
            version=version + 1,
            id=uuid7(),
        )
        who = Who(service=SERVICE, session=blob.digest, via="upload")
        try:
            await self._committer.submit(
                Arrival(place["log_id"], place["authority"], act, blob.digest, who, self.clock())
            )
        except Problem as problem:
            if problem.code != "conflict":
                raise
            await asyncio.sleep(0)  # another process was quicker: look again
            return 0
        return 1

    async def _citing(self, log_id: int, positions: Sequence[int]) -> tuple[list[bytes], list[str]]:
        """Event ids and tags of the envelopes at some positions, as far as they can be read."""
        events: list[bytes] = []
        tags: set[str] = set()
        for position in positions:
            rows = await self._pool.fetch(self._committer.book.queries["entries"], log_id, position, position + 1)
            entry = entries.decode(bytes(rows[0]["entry"])) if rows else None
            if not isinstance(entry, FieldEntry | BranchEntry):
                continue
            try:
                fields = canonical.decode(entry.e)
            except canonical.NotCanonical:
                continue
            match fields:
                case {"id": bytes(event), "about": list(about)} if len(event) == 16:
                    events.append(event)
                    tags.update(tag for tag in about if isinstance(tag, str) and tag.startswith(_KINDS))
                case _:
                    pass
        return sorted(set(events)), sorted(tags)[:_MAX_TAGS]
