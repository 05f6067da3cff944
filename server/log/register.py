"""The register: the newest note of every log in files outside the database, so that a restored database is noticed.

Durability: when `persist` returns, a note at least as new as the one given is on disk. Two files hold them:
`register.json`, which is written beside, fsynced, renamed and its folder fsynced, and `register.newest`
(`schemas.register`), where what came since is written in place, in slots that take turns: that spares the file system
its journal at every group. Both are written only if greater, under an exclusive lock shared by all processes of the
host; one write serves every group that was committed before it began. At the end of a process, and once a minute, all
of it goes into `register.json`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import mmap
import os
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from schemas import register as slots
from schemas.notes import NoteRefused, parse_checkpoint, split_note
from server.log.durable import sync_folder

NAME: Final = "register.json"
NEWEST: Final = "register.newest"
WHOLE_SECONDS: Final = 60.0
"""After so long at most what came since goes into `register.json`."""
QUICK_SECONDS: Final = 0.002
"""A write that takes longer would hold up the loop: the next ones go to a thread."""
SLOW_WRITES: Final = 100
"""So many, before it is tried again."""


class RegisterRefused(Exception):
    """The register is missing, unreadable or contradicts a log; the message says what to do."""


@dataclass(slots=True)
class _Held:
    """What the files held when this process last looked: `fresh` are those notes that `register.json` lacks; `seen`
    says whether anybody wrote meanwhile.
    """

    seen: tuple[int, ...]
    notes: dict[str, str]
    sizes: dict[str, int]
    fresh: dict[str, str]
    generation: int
    whole: float = field(default_factory=time.monotonic)


class Register:
    """Newest notes by origin. `notes` is what this process last read or wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / NAME
        self._newest = folder / NEWEST
        self.notes: dict[str, str] = {}
        self._pending: dict[str, str] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._held: _Held | None = None
        self._lock: _Lock | None = None
        self._slots: tuple[int, int] | None = None
        self._beside = 0

    def exists(self) -> bool:
        """Whether there is a register at all."""
        return self.path.exists()

    def create(self) -> None:
        """Make an empty register; for a new installation only."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if not self.path.exists():
                self._write_whole({})

    def read(self) -> dict[str, str]:
        """Read the files again. Raises RegisterRefused where they are missing, unreadable or contradict each other."""
        try:
            self.notes = self._read().notes
        except FileNotFoundError:
            raise RegisterRefused(
                f"the register {self.path} is missing; put it back, or if it is lost for good run `liuhen epoch new`"
            ) from None
        except (OSError, ValueError) as fault:
            raise RegisterRefused(f"the register {self.path} cannot be read: {fault}") from fault
        return self.notes

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
                lock = self._lock
                if lock is not None and self._at_once() and lock.enter(wait=False):
                    began = time.monotonic()
                    try:
                        self.notes = self._merge(pending)
                    finally:
                        lock.leave()
                    if time.monotonic() - began > QUICK_SECONDS:
                        self._beside = SLOW_WRITES
                else:
                    self._beside = max(0, self._beside - 1)
                    self.notes = await asyncio.to_thread(self._merge, pending)
            except Exception as fault:  # noqa: BLE001 - handed to everyone who waits for it
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_exception(RegisterRefused(f"the register could not be written: {fault}"))
                continue
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def _at_once(self) -> bool:
        """Whether the next write is done by the caller's thread: on a quick disk it takes a tenth of what a thread
        beside a busy loop waits for the interpreter. Not where writes were slow or somebody else writes, and not all
        of it.
        """
        held = self._held
        return self._beside == 0 and held is not None and time.monotonic() - held.whole <= WHOLE_SECONDS

    def advance(self, notes: Mapping[str, str]) -> None:
        """`persist` for start-up and tools, in the caller's thread, into `register.json`."""
        self.notes = self._merge(dict(notes), whole=True)

    def settle(self) -> None:
        """Have everything in `register.json`, at the end of a process. Raises OSError, ValueError."""
        if self._held is not None and self._held.fresh:
            self.notes = self._merge({}, whole=True)

    def _merge(self, pending: Mapping[str, str], *, whole: bool = False) -> dict[str, str]:
        with self._locked() as lock:
            held = self._held
            if held is None or held.seen != self._seen(lock):
                held = self._read()
            greater = {origin: note for origin, note in pending.items() if _size(note) > held.sizes.get(origin, -1)}
            if not greater and not (whole and held.fresh):
                self._held = held
                return held.notes
            self._held = None  # unless all of it is written, the files are read again
            held.notes |= greater
            held.sizes |= {origin: _size(note) for origin, note in greater.items()}
            held.fresh |= greater
            slot = slots.slot(held.generation + 1, held.fresh)
            if whole or slot is None or time.monotonic() - held.whole > WHOLE_SECONDS:
                self._write_whole(held.notes)
                held.fresh, held.whole = {}, time.monotonic()
                slot = slots.slot(held.generation + 1, {})
            held.generation += 1
            self._write_slot(held.generation, slot or b"")
            lock.count()
            held.seen = self._seen(lock)
            self._held = held
            return held.notes

    def _seen(self, lock: _Lock) -> tuple[int, ...]:
        """What differs after anybody wrote. A file that vanished while we run raises: it is an alarm, not an empty
        register.
        """
        found = self.path.stat()
        return lock.counted, found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> _Held:
        with self._locked() as lock:
            seen = self._seen(lock)
            notes = json.loads(self.path.read_text("utf-8"))
            if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
                raise ValueError("expected a map from origin to note")
            try:
                generation, fresh = slots.newest(self._newest.read_bytes())
            except FileNotFoundError:
                generation, fresh = 0, {}
            sizes = {origin: _size(note) for origin, note in notes.items()} if fresh else {}
            for origin, note in fresh.items():
                if _size(note) == sizes.get(origin) and note != notes[origin]:
                    raise ValueError(f"{NAME} and {NEWEST} hold two notes of {origin} for one size")
            fresh = {origin: note for origin, note in fresh.items() if _size(note) > sizes.get(origin, -1)}
            held = notes | fresh
            return _Held(seen, held, {origin: _size(note) for origin, note in held.items()}, fresh, generation)

    def _write_whole(self, notes: Mapping[str, str]) -> None:
        beside = self.path.with_name(f".{NAME}.{os.getpid()}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            os.write(handle, json.dumps(dict(notes), ensure_ascii=False).encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        beside.replace(self.path)
        sync_folder(self._folder)

    def _write_slot(self, generation: int, data: bytes) -> None:
        """Write a slot in place, durably: its blocks are there, so nothing but they has to reach the disk."""
        handle, inode = self._slots or (-1, -1)
        try:
            if self._newest.stat().st_ino != inode:
                raise FileNotFoundError
        except FileNotFoundError:
            handle = self._open_slots()
        os.pwrite(handle, data, generation % slots.SLOTS * slots.SLOT_BYTES)

    def _open_slots(self) -> int:
        try:
            handle = os.open(self._newest, os.O_RDWR | os.O_DSYNC | os.O_CLOEXEC)
        except FileNotFoundError:
            handle = os.open(self._newest, os.O_RDWR | os.O_DSYNC | os.O_CREAT | os.O_CLOEXEC, 0o644)
        weakref.finalize(self, os.close, handle)
        lacking = slots.SLOTS * slots.SLOT_BYTES - os.fstat(handle).st_size
        if lacking > 0:
            os.pwrite(handle, b" " * lacking, os.fstat(handle).st_size)
            sync_folder(self._folder)
        self._slots = handle, os.fstat(handle).st_ino
        return handle

    @contextlib.contextmanager
    def _locked(self) -> Iterator[_Lock]:
        if self._lock is None:
            self._lock = _Lock(self._folder / f"{NAME}.lock")
        with self._lock:
            yield self._lock


class _Lock:
    """The exclusive lock of all processes of the host, and of this one's threads; and how often anybody wrote."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._depth = 0
        self._mine = threading.RLock()
        if os.fstat(self._handle).st_size < mmap.PAGESIZE:
            os.ftruncate(self._handle, mmap.PAGESIZE)
        self._page = mmap.mmap(self._handle, mmap.PAGESIZE)
        weakref.finalize(self, os.close, self._handle)

    @property
    def counted(self) -> int:
        """How often somebody wrote."""
        return int.from_bytes(self._page[:8], "big")

    def count(self) -> None:
        """Somebody wrote."""
        self._page[:8] = (self.counted + 1).to_bytes(8, "big")

    def enter(self, *, wait: bool) -> bool:
        """Take it; False where somebody else has it and is not waited for."""
        if not self._mine.acquire(blocking=wait):
            return False
        try:
            if self._depth == 0:
                fcntl.flock(self._handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException as fault:
            self._mine.release()
            if isinstance(fault, BlockingIOError):
                return False
            raise
        self._depth += 1
        return True

    def leave(self) -> None:
        """Give it back."""
        self._depth -= 1
        if self._depth == 0:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        self._mine.release()

    def __enter__(self) -> None:
        self.enter(wait=True)

    def __exit__(self, *_: object) -> None:
        self.leave()


def _size(note: str) -> int:
    try:
        return parse_checkpoint(split_note(note)[0]).size
    except NoteRefused as fault:
        raise RegisterRefused(f"the register holds something that is no checkpoint: {fault}") from fault
