"""The register: the newest note of every log in a file outside the database, so that a restored database is noticed.

Durability: when `persist` returns, a note at least as new as the one given is in the file, which was fsynced, renamed
and its folder fsynced. The file is written only if greater, under an exclusive lock shared by all processes of the
host; one write serves every group that was committed before it began.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from schemas.notes import NoteRefused, parse_checkpoint, split_note

NAME: Final = "register.json"


class RegisterRefused(Exception):
    """The register is missing, unreadable or contradicts a log; the message says what to do."""


class Register:
    """Newest notes by origin. `notes` is what this process last read or wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / NAME
        self.notes: dict[str, str] = {}
        self._pending: dict[str, str] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._held: tuple[tuple[int, int, int], dict[str, str], dict[str, int]] | None = None

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
        await done

    async def _drain(self) -> None:
        while self._waiters:
            pending, self._pending = self._pending, {}
            waiters, self._waiters = self._waiters, []
            try:
                self.notes = await asyncio.to_thread(self._merge, pending)
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
            held, sizes = self._read_held()
            greater = {}
            for origin, note in pending.items():
                size = _size(note)
                if size > sizes.get(origin, -1):
                    greater[origin], sizes[origin] = note, size
            if greater:
                held.update(greater)
                self._write(held)
            self._held = (self._stamp(), held, sizes)
            return held

    def _stamp(self) -> tuple[int, int, int]:
        found = self.path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read_held(self) -> tuple[dict[str, str], dict[str, int]]:
        """The file's content and sizes; parsed again only if another process wrote it.

        A file that vanished while we run raises: it is an alarm, not an empty register.
        """
        if self._held is not None and self._held[0] == self._stamp():
            return self._held[1], self._held[2]
        value: dict[str, str] = json.loads(self.path.read_text("utf-8"))
        return value, {origin: _size(note) for origin, note in value.items()}

    def _write(self, notes: Mapping[str, str]) -> None:
        beside = self.path.with_name(f".{NAME}.{os.getpid()}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            os.write(handle, json.dumps(notes, ensure_ascii=False).encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        beside.replace(self.path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._folder / f"{NAME}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _size(note: str) -> int:
    try:
        return parse_checkpoint(split_note(note)[0]).size
    except NoteRefused as fault:
        raise RegisterRefused(f"the register holds something that is no checkpoint: {fault}") from fault
