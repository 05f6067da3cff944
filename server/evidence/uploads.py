"""The rules of an upload: who may begin one, what may be appended, when it is a blob.

    begin     a row, or at once "done" where the digest is held
    append    bytes at the true offset, streamed to the disk in pieces of CHUNK bytes
    finish    (1) fsync and hash  (2) type  (3) store: link and fsync of the folder  (4) row  (5) entries in the logs
    end       the terminal gives an unfinished one up

What was received before a cut counts; the digest of the whole file decides. Invariant: a blob's row is written behind
(3) and nowhere else, so a crash at any moment leaves bytes without a row at most, which the next attempt finishes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hmac
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from schemas.problems import Problem
from server.evidence import kinds
from server.evidence.staging import Staged, Staging
from server.evidence.store import CHUNK, BlobStore
from server.log import store as database
from server.log.arrivals import Arrivals
from server.log.ids import uuid7
from server.log.terminals import Enrolled

log = structlog.get_logger("liuhen.evidence")

EXPIRES_SECONDS: Final = 7 * 86_400.0
"""How long an unfinished upload is kept after its newest request."""
MAX_OPEN: Final = 64
"""Unfinished uploads of one terminal."""
SETTLE_SECONDS: Final = 3.0
"""How long a question for the offset waits for requests that came before it and have not begun to write yet."""
RETRY_QUOTA: Final = 3_600
RETRY_STORAGE: Final = 60
ALGORITHMS: Final[Mapping[str, Callable[..., Any]]] = {"sha1": sha1, "sha256": sha256}
"""Checksums of a single request (tus extension checksum)."""

Hook = Callable[[str], Awaitable[None]]


async def no_hook(step: str) -> None:
    """Nothing happens between the steps."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes: of one file; of a terminal and of an authority in a day (0: no quota); that stay free on the disk."""

    file: int
    terminal_a_day: int = 0
    authority_a_day: int = 0
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as its terminal sees it. `offset` is the number of bytes that are here, `size` that of the file."""

    id: UUID
    digest: bytes
    size: int
    offset: int
    expires: datetime

    @property
    def done(self) -> bool:
        """Whether the blob is held."""
        return self.offset == self.size


class Uploads:
    """Uploads into one store. `pool` is of the role liuhen_writer."""

    def __init__(
        self,
        store: BlobStore,
        pool: asyncpg.Pool,
        arrivals: Arrivals,
        limits: Limits,
        *,
        hook: Hook = no_hook,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.store = store
        self.limits = limits
        self.arrivals = arrivals
        self._pool = pool
        self._staging = Staging(store.folder / "uploads")
        self._queries = database.load_queries("server.evidence", "evidence.sql")
        self._hook = hook
        self._free = free
        self._coming: dict[UUID, list[asyncio.Event]] = {}

    @contextmanager
    def coming(self, name: UUID) -> Iterator[asyncio.Event]:
        """A request with bytes for an upload has come and is not checked yet; the event is set when it holds the file.

        Without it a question for the offset that comes behind a cut could overtake the bytes that came before the cut.
        """
        holds = asyncio.Event()
        self._coming.setdefault(name, []).append(holds)
        try:
            yield holds
        finally:
            holds.set()
            self._coming[name].remove(holds)
            if not self._coming[name]:
                del self._coming[name]

    def before(self, name: UUID) -> tuple[asyncio.Event, ...]:
        """The requests with bytes for an upload that have come until now and do not hold the file yet."""
        return tuple(one for one in self._coming.get(name, ()) if not one.is_set())

    async def allow(self, terminal: Enrolled) -> None:
        """Raises Problem revoked."""
        if await self._pool.fetchval(self._queries["revoked"], database.uuid(terminal.terminal)):
            raise Problem("revoked", "this terminal brings no files any more")

    async def begin(self, terminal: Enrolled, digest: bytes, size: int, media_type: str) -> Upload:
        """An upload of a file of `size` bytes: the one that this terminal began before and has not finished, else a new
        one. One whose digest is held is done at once. Repeating it changes nothing.

        Raises Problem bad_upload (empty), too_large, quota_exceeded, storage_low.
        """
        if size == 0:
            raise Problem("bad_upload", "the file has no bytes: there is nothing to keep")
        if size > self.limits.file:
            raise Problem("too_large", f"expected at most {self.limits.file} bytes", limit=self.limits.file)
        held = await self._held(digest)
        if held is not None and held != size:
            raise Problem("bad_upload", f"the file of this digest has {held} bytes, Upload-Length says {size}")
        if held is None:
            row = await self._pool.fetchrow(
                self._queries["begin_again"], database.uuid(terminal.terminal), digest, size, media_type,
                EXPIRES_SECONDS,
            )  # fmt: skip
            if row is not None:
                return _upload(row, self._staging.length(UUID(bytes=row["upload"].bytes)))
            await self._quotas(terminal, size)
            self._room(size)
        name = UUID(bytes=uuid7())
        expires = await self._pool.fetchval(
            self._queries["begin_upload"], name, database.uuid(terminal.terminal), terminal.authority, digest, size,
            media_type, EXPIRES_SECONDS, "open" if held is None else "done",
        )  # fmt: skip
        if held is not None:
            await self.arrivals.announce(digest)
        return Upload(name, digest, size, 0 if held is None else size, expires)

    async def look(self, terminal: Enrolled, name: UUID, before: Sequence[asyncio.Event] = ()) -> Upload:
        """Where an upload stands. One whose last byte came before the server died is finished here.

        `before`: requests that had come before this question, whose bytes count. Raises Problem not_found, and as
        `append` does.
        """
        row = await self._row(terminal, name)
        await _settled(before)
        if row["state"] == "done":
            return _upload(row, row["size"])
        async with self._staging.taking(name) as staged:
            row = await self._still(terminal, name, staged)
            if row["state"] == "open" and staged.length >= row["size"]:
                await self._finish(terminal, row, staged)
            return _upload(row, staged.length if row["state"] == "open" else row["size"])

    async def append(
        self,
        terminal: Enrolled,
        name: UUID,
        offset: int,
        length: int,
        body: AsyncIterator[bytes],
        checksum: tuple[str, bytes] | None = None,
        holds: asyncio.Event | None = None,
    ) -> Upload:
        """Take `length` bytes from `body` at `offset`; with the last byte of the file it becomes a blob.

        `body` gives pieces of any size, b"" when nothing came for a moment; if it raises, what came before counts.
        `holds` is set when the file is this request's.
        Raises Problem not_found, offset_mismatch (with `offset`), too_large, storage_low, digest_mismatch,
        type_mismatch, conflict (another request goes on with it), and whatever `body` raises.
        """
        await self._row(terminal, name)
        async with self._staging.taking(name) as staged:
            if holds is not None:
                holds.set()
            row = await self._still(terminal, name, staged)
            there = row["size"] if row["state"] == "done" else staged.length
            if offset != there:
                raise Problem("offset_mismatch", f"expected Upload-Offset {there}, came {offset}", offset=there)
            if row["state"] == "done":
                return _upload(row, there)
            if offset + length > row["size"]:
                raise Problem("too_large", f"the upload has {row['size']} bytes", limit=row["size"])
            self._room(length)
            machine = None if checksum is None else ALGORITHMS[checksum[0]]()
            try:
                await self._take(staged, offset, body, machine)
            except OSError as fault:
                if fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                    raise _storage_low() from None
                raise
            if machine is not None and checksum is not None and not hmac.compare_digest(machine.digest(), checksum[1]):
                await staged.cut(offset)
                raise Problem("digest_mismatch", "the bytes of this request do not have their Upload-Checksum")
            await self._hook("staged")
            if staged.length >= row["size"]:
                await self._finish(terminal, row, staged)
                return _upload(row, row["size"])
            expires = await self._pool.fetchval(self._queries["prolong"], name, EXPIRES_SECONDS)
            return Upload(name, bytes(row["digest"]), row["size"], staged.length, expires)

    async def end(self, terminal: Enrolled, name: UUID) -> None:
        """Give an unfinished upload up. Raises Problem not_found, forbidden (it is finished: a blob stays)."""
        await self._row(terminal, name)
        async with self._staging.taking(name) as staged:
            row = await self._still(terminal, name, staged)
            if row["state"] == "done":
                staged.remove()
                raise Problem("forbidden", "the upload is finished: no client deletes a blob")
            await self._give_up(name, staged)

    async def sweep(self) -> int:
        """Remove expired uploads, and staged files that no row knows; returns how many files went."""
        gone = {row["upload"] for row in await self._pool.fetch(self._queries["expired"])}
        for name in gone:
            self._staging.remove(UUID(bytes=name.bytes))
        old = await asyncio.to_thread(self._staging.old)
        rows = await self._pool.fetch(self._queries["known_uploads"], old)
        known = {row["upload"].bytes for row in rows}
        left = [name for name in old if name.bytes not in known]
        for name in left:
            self._staging.remove(name)
        return len(gone) + len(left)

    # -- inside --

    async def _take(self, staged: Staged, offset: int, body: AsyncIterator[bytes], machine: Any) -> None:
        waiting = bytearray()
        try:
            async for piece in body:
                waiting += piece
                if machine is not None:
                    machine.update(piece)
                if len(waiting) >= CHUNK:
                    data, waiting = bytes(waiting), bytearray()
                    await staged.write(data, offset)
                    offset += len(data)
                    self._room(0)
                if staged.asked_for:
                    raise Problem("conflict", "another request of this terminal goes on with the upload")
        finally:
            if waiting:  # a cut: what came counts
                await staged.write(bytes(waiting), offset)

    async def _finish(self, terminal: Enrolled, row: Any, staged: Staged) -> None:
        name, digest = UUID(bytes=row["upload"].bytes), bytes(row["digest"])
        # (1) durable, and the bytes are those that were announced
        if staged.length != row["size"] or not hmac.compare_digest(await staged.digest(), digest):
            await self._give_up(name, staged)
            raise Problem("digest_mismatch", "the whole file does not have the sha256 of its Upload-Metadata")
        # (2) and are what they were said to be
        head = await staged.head(kinds.HEAD)
        if not kinds.fits(head, row["type"]):
            await self._give_up(name, staged)
            found = kinds.found(head)
            raise Problem(
                "type_mismatch", f"declared as {kinds.plain(row['type'])}, found {found}",
                expected=kinds.plain(row["type"]), found=found,
            )  # fmt: skip
        await self._hook("synced")
        await self._keep(terminal, row, staged, digest)
        await self._pool.execute(self._queries["finish_upload"], digest)
        staged.remove()
        # (5) what cannot be written now is found again by `Arrivals.overlooked`
        try:
            await self.arrivals.announce(digest)
        except Problem as problem:
            log.warning("arrival_waits", code=problem.code)

    async def _keep(self, terminal: Enrolled, row: Any, staged: Staged, digest: bytes) -> None:
        # (3) in the store, under its digest
        repair = await self._held(digest) is None
        try:
            await self.store.keep(staged.path, digest, repair=repair)
        except OSError as fault:
            if fault.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _storage_low() from None
            raise
        await self._hook("linked")
        # (4) The commit point: from here on the blob is held.
        await self._hold(terminal, row, digest)
        await self._hook("held")

    async def _hold(self, terminal: Enrolled, row: Any, digest: bytes) -> None:
        await self._pool.execute(
            self._queries["hold"], digest, row["size"], row["type"], terminal.authority,
            database.uuid(terminal.terminal),
        )  # fmt: skip

    async def _held(self, digest: bytes) -> int | None:
        row = await self._pool.fetchrow(self._queries["blob"], digest)
        return row["size"] if row is not None and row["state"] == "held" else None

    async def _row(self, terminal: Enrolled, name: UUID) -> Any:
        row = await self._pool.fetchrow(self._queries["upload"], name, database.uuid(terminal.terminal))
        if row is None:
            raise Problem("not_found", "no such upload of this terminal; it may have expired")
        return row

    async def _still(self, terminal: Enrolled, name: UUID, staged: Staged) -> Any:
        """The row under the file's lock: the request before may have finished the upload or given it up."""
        try:
            row = await self._row(terminal, name)
        except Problem:
            staged.remove()
            raise
        if row["state"] == "done":
            staged.remove()
        return row

    async def _give_up(self, name: UUID, staged: Staged) -> None:
        await self._pool.execute(self._queries["end_upload"], name)
        staged.remove()

    async def _quotas(self, terminal: Enrolled, size: int) -> None:
        limits = self.limits
        used = await self._pool.fetchrow(self._queries["usage"], database.uuid(terminal.terminal), terminal.authority)
        if used["open"] >= MAX_OPEN:
            raise Problem(
                "quota_exceeded", f"{MAX_OPEN} uploads are unfinished", limit=MAX_OPEN, retry_after=RETRY_QUOTA
            )
        for what, limit in (("terminal", limits.terminal_a_day), ("authority", limits.authority_a_day)):
            if limit and used[what] + size > limit:
                raise Problem(
                    "quota_exceeded", f"the {what} may bring {limit} bytes a day, {used[what]} of them are used",
                    limit=limit, retry_after=RETRY_QUOTA,
                )  # fmt: skip

    def _room(self, more: int) -> None:
        """Refuse before the disk is full. Raises Problem storage_low."""
        if self._free(self.store.folder) - more < self.limits.reserve:
            raise _storage_low()


async def _settled(before: Sequence[asyncio.Event]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            for one in before:
                await one.wait()


def _storage_low() -> Problem:
    return Problem("storage_low", "what is here stays; go on from the offset", retry_after=RETRY_STORAGE)


def _upload(row: Any, offset: int) -> Upload:
    return Upload(UUID(bytes=row["upload"].bytes), bytes(row["digest"]), row["size"], offset, row["expires"])
