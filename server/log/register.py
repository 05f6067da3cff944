"""The register: the newest note of every log in a file outside the database, so that a restored database is noticed.

Durability: when `persist` returns, a note at least as new as the one given is in the file, which was fsynced, renamed
and its folder fsynced. The file is written only if greater, under an exclusive lock shared by all processes of the
host; one write serves every group that was committed before it began. Whoever opens the file reads one state of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from schemas.notes import NoteRefused, parse_checkpoint, split_note
from server.log.durable import sync_folder

NAME: Final = "register.json"
SPARES: Final = 16
"""Files that the register's content moves through (`_write`)."""


class RegisterRefused(Exception):
    """The register is missing, unreadable or contradicts a log; the message says what to do."""


Writer = Callable[[Mapping[str, str]], Awaitable[dict[str, str] | None]]
"""Has notes written somewhere else and returns what the register holds then; None where it must be done here."""


class Register:
    """Newest notes by origin. `notes` is what this process last read or wrote.

    `writer` is asked from when one write waited for another: then the server is busy (`server.log.registrar`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / NAME
        self.notes: dict[str, str] = {}
        self._pending: dict[str, str] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._held: tuple[bytes, dict[str, str], dict[str, int]] | None = None
        self._spare = 0
        self.writer: Writer | None = None
        self._busy = False  # one write waited for another

    def exists(self) -> bool:
        """Whether there is a register at all."""
        return self.path.exists()

    def create(self) -> None:
        """Make an empty register; for a new installation only."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not self.path.exists():
                self._write({})

    def read(self) -> dict[str, str]:
        """Read the file again. Raises RegisterRefused where it is missing or unreadable."""
        try:
            value = json.loads(self.path.read_text("utf-8"))
            if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
                raise ValueError("expected a map from origin to note")
        except FileNotFoundError:
            raise RegisterRefused(
                f"the register {self.path} is missing; put it back, or if it is lost for good run `liuhen epoch new`"
            ) from None
        except (OSError, ValueError) as fault:
            raise RegisterRefused(f"the register {self.path} cannot be read: {fault}") from fault
        self.notes = value
        return value

    def size_of(self, origin: str) -> int:
        """Size of the newest known note of a log, 0 if none."""
        note = self.notes.get(origin)
        return _size(note) if note else 0

    async def persist(self, notes: Mapping[str, str]) -> None:
        """Have the notes on disk. Idempotent; notes older than what the file holds are ignored."""
        for origin, note in notes.items():
            known = self._pending.get(origin)
            if known is None or _size(note) > _size(known):
                self._pending[origin] = note
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(done)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._drain())
        else:
            self._busy = True
        await done

    async def _written(self, pending: Mapping[str, str]) -> dict[str, str]:
        if self._busy and self.writer is not None and (written := await self.writer(pending)) is not None:
            return written
        return await asyncio.to_thread(self._merge, pending)

    async def _drain(self) -> None:
        while self._waiters:
            pending, self._pending = self._pending, {}
            waiters, self._waiters = self._waiters, []
            try:
                self.notes = await self._written(pending)
            except Exception as fault:  # noqa: BLE001 - handed to everyone who waits for it
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_exception(RegisterRefused(f"the register could not be written: {fault}"))
                continue
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def advance(self, notes: Mapping[str, str]) -> None:
        """`persist` for start-up and tools, in the caller's thread."""
        self.notes = self._merge(dict(notes))

    def _merge(self, pending: Mapping[str, str]) -> dict[str, str]:
        with self._locked():
            data, held, sizes = self._read_held()
            greater = {}
            for origin, note in pending.items():
                size = _size(note)
                if size > sizes.get(origin, -1):
                    greater[origin], sizes[origin] = note, size
            if greater:
                held.update(greater)
                data = self._write(held)
            self._held = (data, held, sizes)
            return held

    def _read_held(self) -> tuple[bytes, dict[str, str], dict[str, int]]:
        """The file's bytes, content and sizes; parsed again only if another process wrote it.

        A file that vanished while we run raises: it is an alarm, not an empty register.
        """
        data = self.path.read_bytes()
        if self._held is not None and self._held[0] == data:
            return self._held
        value: dict[str, str] = json.loads(data)
        return data, value, {origin: _size(note) for origin, note in value.items()}

    def _write(self, notes: Mapping[str, str]) -> bytes:
        """Have the file hold `notes`; returns its bytes.

        A new file for each of fifty writes a second is slow (ext4 looks through all that were removed lately before it
        makes another). So there are SPARES of them, which stay: one that is not the register now is written and then
        linked in its place. It is written again after as many other writes: nobody takes so long to read a file.
        """
        data = json.dumps(notes, ensure_ascii=False).encode()
        beside = self.path.with_name(f".{NAME}.{os.getpid()}")
        beside.unlink(missing_ok=True)  # of a process that was killed
        spare = self._next_spare()
        _write_durably(spare, data)
        try:
            beside.hardlink_to(spare)
        except OSError:  # a file system without links
            _write_durably(beside, data)
        beside.replace(self.path)
        sync_folder(self._folder)
        return data

    def _next_spare(self) -> Path:
        """The spare file whose turn it is, which is not the register now."""
        while True:
            self._spare = (self._spare + 1) % SPARES
            spare = self.path.with_name(f".{NAME}.spare{self._spare}")
            try:
                if not spare.samefile(self.path):
                    return spare
            except FileNotFoundError:
                return spare

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._folder / f"{NAME}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _write_durably(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(handle, data)
        os.ftruncate(handle, len(data))
        os.fsync(handle)
    finally:
        os.close(handle)


def _size(note: str) -> int:
    try:
        return parse_checkpoint(split_note(note)[0]).size
    except NoteRefused as fault:
        raise RegisterRefused(f"the register holds something that is no checkpoint: {fault}") from fault
