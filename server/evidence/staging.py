"""Staged bytes: what has come of an unfinished upload, one file each, written by one request at a time.

The length of the file is the true offset, whatever was answered before. A request takes the file under a lock of the
file system, so the rule holds across processes; a request that finds it taken asks for it, and the holder, whose
client may be long gone, lets go of it at its next chunk or within a moment. Invariant: only the holder writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from schemas.problems import Problem
from server.evidence.store import CHUNK
from server.log.durable import sync_folder

LOOK_SECONDS: Final = 0.02
TAKE_SECONDS: Final = 15.0
"""How long a request waits for another one to let go: longer than writing and fsyncing a chunk may take."""
YOUNG_SECONDS: Final = 3600.0
"""Files without a row are swept only when they are older: their row may be under way."""
PART: Final = ".part"
ASK: Final = ".ask"


class Staged:
    """A staged file that this request holds."""

    def __init__(self, path: Path, opened: int) -> None:
        self.path = path
        self._opened = opened
        self._ask = path.with_suffix(ASK)

    @property
    def length(self) -> int:
        """How many bytes have come."""
        return os.fstat(self._opened).st_size

    @property
    def asked_for(self) -> bool:
        """Whether another request wants to go on with it."""
        return self._ask.exists()

    async def write(self, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`. Raises OSError; what was written until then counts."""
        await asyncio.to_thread(self._write, data, offset)

    def _write(self, data: bytes, offset: int) -> None:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._opened, rest, offset)
            rest, offset = rest[written:], offset + written

    async def cut(self, length: int) -> None:
        """Forget what lies behind `length`."""
        await asyncio.to_thread(os.ftruncate, self._opened, length)

    async def head(self, length: int) -> bytes:
        """The first bytes."""
        return await asyncio.to_thread(os.pread, self._opened, length, 0)

    async def digest(self) -> bytes:
        """Make the bytes durable, then hash them as they are read back."""
        return await asyncio.to_thread(self._digest)

    def _digest(self) -> bytes:
        os.fsync(self._opened)
        machine = sha256()
        offset = 0
        while block := os.pread(self._opened, CHUNK, offset):
            machine.update(block)
            offset += len(block)
        return machine.digest()

    def remove(self) -> None:
        """The upload is at its end: finished, ended or refused."""
        self.path.unlink(missing_ok=True)


class Staging:
    """The folder of staged files, on the same file system as a local store."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder

    @asynccontextmanager
    async def taking(self, upload: UUID) -> AsyncIterator[Staged]:
        """Hold the file of an upload, made where it is absent; whoever holds it is asked to let go.

        Raises Problem overloaded where it is not let go of, storage_low where it cannot be made.
        """
        path = self.folder / f"{upload.hex}{PART}"
        ask = path.with_suffix(ASK)
        until = time.monotonic() + TAKE_SECONDS
        while True:
            try:
                opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as fault:
                raise Problem("storage_low", f"the file cannot be made: {fault.strerror}") from None
            if _lock(opened) and _same(path, opened):
                break
            os.close(opened)
            if time.monotonic() > until:
                raise Problem("overloaded", "another request holds this upload")
            ask.touch()
            await asyncio.sleep(LOOK_SECONDS)
        ask.unlink(missing_ok=True)
        try:
            yield Staged(path, opened)
        finally:
            os.close(opened)  # and with it the lock

    def length(self, upload: UUID) -> int:
        """How many bytes of an upload have come, whoever holds it; 0 where nothing has."""
        try:
            return (self.folder / f"{upload.hex}{PART}").stat().st_size
        except FileNotFoundError:
            return 0

    def remove(self, upload: UUID) -> None:
        """Remove the file of an upload that is no more."""
        for ending in (PART, ASK):
            (self.folder / f"{upload.hex}{ending}").unlink(missing_ok=True)

    def old(self) -> list[UUID]:
        """Uploads whose files have not been touched for a while; other files of that age are removed."""
        found = []
        for path in self._older():
            try:
                name = UUID(hex=path.stem)
            except ValueError:
                name = None
            if name is None or path.suffix != PART:
                path.unlink(missing_ok=True)
            else:
                found.append(name)
        sync_folder(self.folder)
        return found

    def _older(self) -> Iterator[Path]:
        before = time.time() - YOUNG_SECONDS
        for path in list(self.folder.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    yield path


def _lock(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _same(path: Path, opened: int) -> bool:
    """Whether the path still leads to the opened file: the one that held it may have removed it."""
    try:
        return path.stat().st_ino == os.fstat(opened).st_ino
    except FileNotFoundError:
        return False
