"""Whether the bytes of a blob are still those that its digest names; what happens where they are not.

A blob is read as a whole before it is first shown and by every scrub; the SHA-256 of every MiB is then kept beside its
digest, so that a part is checked before it is served. Damage is one transaction for each log that cites the blob: an
incident for each terminal that had brought it, the act `blob.damaged.v1`, and the blob waited for again. Idempotency: a
log is told only while it counts the blob as arrived. The invariant: bytes that were not checked leave no server.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
import structlog

from schemas import canonical, entries
from schemas.entries import BranchEntry, FieldEntry, Who
from schemas.events.custody import BlobDamaged
from schemas.problems import Problem
from server.evidence.store import BlobStore
from server.log import store as database
from server.log.acts import Act, OfficeActs
from server.log.committer import Committer
from server.log.group import Group, Turn
from server.log.ids import now_ms, uuid7

log = structlog.get_logger("liuhen.evidence")

SERVICE: Final = "evidence"
TRIES: Final = 5
KINDS: Final = ("case:", "enterprise:", "hazard:", "plan:", "task:", "tip:")
"""Tags that an act about a blob takes over from the envelopes that cite it."""
MAX_TAGS: Final = 14
MAX_CITING: Final = 64
State = Literal["held", "corrupt", "lost"]
Pace = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Whole:
    """A blob as it was read: SHA-256 of all of it (None: there is none), bytes, SHA-256 of every MiB in a row."""

    found: bytes | None
    size: int
    pieces: bytes


@dataclass(frozen=True, slots=True)
class Citing:
    """The envelopes of one log that cite a blob: event ids, evidence ids, tags, terminals (16 bytes each)."""

    events: tuple[bytes, ...]
    evidence: tuple[bytes, ...]
    tags: tuple[str, ...]
    terminals: tuple[bytes, ...]


async def read_whole(store: BlobStore, digest: bytes, pace: Pace | None = None) -> Whole:
    """Read a blob from end to end; `pace(bytes)` is awaited after every chunk. Raises OSError but for an absent one."""
    machine, size, pieces = sha256(), 0, bytearray()
    try:
        async for chunk in store.read(digest):
            pieces += await asyncio.to_thread(_take, machine, chunk)
            size += len(chunk)
            if pace is not None:
                await pace(len(chunk))
    except FileNotFoundError:
        return Whole(None, 0, b"")
    return Whole(machine.digest(), size, bytes(pieces))


def _take(machine: Any, chunk: bytes) -> bytes:
    machine.update(chunk)
    return sha256(chunk).digest()


class Checker:
    """Checks blobs and records what is wrong. `pool` is of the role liuhen_writer."""

    def __init__(self, store: BlobStore, committer: Committer, pool: asyncpg.Pool) -> None:
        self.store = store
        self._committer = committer
        self._pool = pool
        self._queries = database.load_queries("server.evidence", "custody.sql")

    async def check(self, digest: bytes, pace: Pace | None = None) -> State:
        """Read a blob whole and say how it stands; damage is on record when this returns.

        Raises Problem where a log cannot be written: nothing is lost, the next check says so again.
        """
        whole = await read_whole(self.store, digest, pace)
        if whole.found == digest:
            await self._pool.execute(self._queries["sound"], digest, whole.pieces)
            return "held"
        state: State = "lost" if whole.found is None else "corrupt"
        await self._pool.execute(self._queries["damage"], digest, state)
        log.error("blob_damaged", state=state, digest=digest.hex()[:16])
        await self._record(digest, state, whole.found)
        return state

    async def unfinished(self) -> int:
        """Record damage that a crash left unrecorded; returns how many blobs that were."""
        rows = await self._pool.fetch(self._queries["unrecorded"])
        for row in rows:
            await self._record(bytes(row["digest"]), row["state"], None)
        return len(rows)

    async def _record(self, digest: bytes, state: str, found: bytes | None) -> None:
        for _ in range(TRIES):
            rows = await self._pool.fetch(self._queries["arrived_in"], digest)
            if not rows:
                return
            for row in rows:
                await self._record_in(digest, state, found, row)
        raise Problem("overloaded", "other writers were quicker each time; the next check records it")

    async def _record_in(self, digest: bytes, state: str, found: bytes | None, place: Any) -> None:
        citing = await read_citing(self._committer, self._pool, place["log_id"], place["positions"])
        terminals = tuple(sorted({one.bytes for one in place["terminals"]} - {bytes(16)}))[:MAX_CITING]
        body = {
            "sha256": digest,
            "state": state,
            **({"found": found} if found is not None else {}),
            **({"events": list(citing.events)} if citing.events else {}),
            **({"terminals": list(terminals)} if terminals else {}),
        }
        origin = sha256(b"liuhen damaged blob\n" + digest).digest()[:16]
        queries = self._committer.book.queries
        version = await self._pool.fetchval(queries["last_version"], place["log_id"], database.uuid(origin))
        about = sorted({*citing.tags, f"evidence:{digest.hex()}"})
        act = Act(BlobDamaged.SPEC.name, about, body, origin, version + 1, uuid7())
        who = Who(service=SERVICE, session=digest, via="check")
        try:
            await self._committer.submit(
                Damage(place["log_id"], place["authority"], act, who, digest, terminals, state, found)
            )
        except Problem as problem:
            if problem.code != "conflict":
                raise
            await asyncio.sleep(0)  # another process was quicker: look again


class Damage(OfficeActs):
    """The act, the incidents, and the blob waited for again, in one transaction."""

    def __init__(
        self,
        log_id: int,
        authority: str,
        act: Act,
        who: Who,
        digest: bytes,
        terminals: Sequence[bytes],
        state: str,
        found: bytes | None,
    ) -> None:
        super().__init__(authority, [act], who, now_ms())
        self._log_id = log_id
        self._digest = digest
        self._devices = terminals
        self._state = state
        self._found = found

    def decide(self, turn: Turn, group: Group) -> None:
        """Append the act and one incident for each terminal. Raises Problem conflict."""
        super().decide(turn, group)
        body: dict[str, Any] = {"sha256": self._digest}
        if self._found is not None:
            body["found"] = self._found
        for terminal in self._devices:
            salt = secrets.token_bytes(16)
            turn.append(entries.incident(f"blob_{self._state}", body, terminal, salt, self._received))
        group.statements.append(("ask_blob_again", (self._log_id, self._digest)))


async def read_citing(
    committer: Committer, pool: asyncpg.Pool, log_id: int, positions: Sequence[int], but: Collection[bytes] = ()
) -> Citing:
    """What the envelopes at some positions say of themselves, as far as they can be read, but for some event ids."""
    events: set[bytes] = set()
    evidence: set[bytes] = set()
    tags: set[str] = set()
    terminals: set[bytes] = set()
    for position in positions:
        if len(events) == MAX_CITING:
            break
        rows = await pool.fetch(committer.book.queries["entries"], log_id, position, position + 1)
        entry = entries.decode(bytes(rows[0]["entry"])) if rows else None
        if not isinstance(entry, FieldEntry | BranchEntry):
            continue
        terminals.add(entry.t)
        try:
            fields = canonical.decode(entry.e)
        except canonical.NotCanonical:
            continue
        match fields:
            case {"id": bytes(event), "about": list(about), "body": dict(body)} if (
                len(event) == 16 and event not in but
            ):
                events.add(event)
                name = body.get("evidence_id", event)
                evidence.add(name if isinstance(name, bytes) and len(name) == 16 else event)
                tags.update(tag for tag in about if isinstance(tag, str) and tag.startswith(KINDS))
            case _:
                pass
    return Citing(
        tuple(sorted(events)), tuple(sorted(evidence)), tuple(sorted(tags)[:MAX_TAGS]), tuple(sorted(terminals))
    )


def uuid_bytes(value: Any) -> bytes:
    """16 bytes of what the database calls a uuid."""
    return UUID(str(value)).bytes
