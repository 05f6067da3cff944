"""Files of the office: tables that were imported, kept under their digest like evidence, and cited by the acts.

A rebuild reads the very bytes again that an act was made of. The invariant: `keep` returns only when the file is
durable and its row stands; what is kept is never changed, and keeping it again changes nothing.
"""

from __future__ import annotations

import asyncio
import errno
import os
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from schemas.problems import Problem
from server.evidence.store import BlobStore
from server.log import store as database

LARGEST: Final = 32 * 1024 * 1024
NOBODY: Final = UUID(int=0)
"""In place of a terminal: these files come from a desk."""
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv"


def media_type(data: bytes) -> str:
    """What a table is: a spreadsheet, or text."""
    return XLSX if data[:4] == b"PK\x03\x04" else CSV


class OfficeFiles:
    """Keeps files of the office in the store of evidence. `pool` has the role of the writer."""

    def __init__(self, store: BlobStore, pool: asyncpg.Pool) -> None:
        self._store = store
        self._pool = pool
        self._queries = database.load_queries("server.evidence", "evidence.sql")

    async def keep(self, authority: str, data: bytes, kind: str) -> bytes:
        """Keep a file of an authority; its SHA-256. Raises Problem bad_upload, too_large, storage_low."""
        if not data:
            raise Problem("bad_upload", "the file has no bytes: there is nothing to keep")
        if len(data) > LARGEST:
            raise Problem("too_large", f"expected at most {LARGEST} bytes", limit=LARGEST)
        digest = sha256(data).digest()
        row = await self._pool.fetchrow(self._queries["blob"], digest)
        if row is not None and row["state"] == "held":
            return digest
        # Among what uploads stage: a crash leaves it where the sweep finds it.
        staged = self._store.folder / "uploads" / f"{uuid4().hex}.part"
        await asyncio.to_thread(staged.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        try:
            await asyncio.to_thread(_write, staged, data)
            await self._store.keep(staged, digest, repair=True)
        except OSError as fault:
            if fault.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Problem("storage_low", "the disk of evidence is full: the file was not kept") from None
            raise
        finally:
            await asyncio.to_thread(staged.unlink, missing_ok=True)
        # The commit point: from here on the file is held.
        await self._pool.execute(self._queries["hold"], digest, len(data), kind, authority, NOBODY)
        return digest

    async def read(self, digest: bytes) -> bytes | None:
        """The bytes of a file that is kept, None where there is none or it is no file of the office."""
        row = await self._pool.fetchrow(self._queries["blob"], digest)
        if row is None or row["state"] != "held" or row["size"] > LARGEST or row["terminal"].int != 0:
            return None
        found = bytearray()
        async for chunk in self._store.read(digest):
            found += chunk
        return bytes(found) if sha256(found).digest() == digest else None


def _write(path: os.PathLike[str], data: bytes) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(opened, rest) :]
        os.fsync(opened)
    finally:
        os.close(opened)
