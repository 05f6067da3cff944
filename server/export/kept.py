"""Copies that are being written, or were within a day: a file each, so that a download that broke off goes on.

    NAME.json   whose copy it is, of which case, how it is called
    NAME.part   what is written of it; whoever downloads it follows behind
    NAME.zip    all of it

A copy is written whether somebody listens or not, by a task of this process; other processes on the same folder follow
the file. A crash leaves a part that nobody ends: it is not found any more, and swept. The invariant: what is called
.zip is whole and durable, and only who asked for a copy is given it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import structlog

from schemas.problems import Problem
from server.log.ids import now_ms, uuid7

log = structlog.get_logger("liuhen.export")

MOST: Final = 4
"""Copies that are written at the same time."""
KEPT_SECONDS: Final = 86_400.0
STALE_SECONDS: Final = 120.0
"""A part that has not grown for so long is written by nobody any more."""
LOOK_SECONDS: Final = 0.02
PIECE: Final = 1024 * 1024
RETRY: Final = 30


class BrokenOff(ConnectionError):
    """A copy that was begun will not become whole."""


class Written(Protocol):
    """A copy as it is made. Implemented by server.export.exports."""

    done: int
    total: int

    @property
    def name(self) -> str:
        """What the zip is called."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes of the zip."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that is kept. `size`: bytes that are there; `share`: percent of the evidence, None where nobody knows."""

    id: str
    name: str
    begun: int
    whole: bool
    size: int
    share: int | None


class Kept:
    """The folder of copies. `reserve`: bytes that stay free on its disk."""

    def __init__(self, folder: Path, *, reserve: int = 0) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._reserve = reserve
        self._running: dict[str, tuple[Written, asyncio.Task[None]]] = {}

    def room(self) -> None:
        """Whether another copy may be begun. Raises Problem overloaded, storage_low."""
        if len(self._running) >= MOST:
            raise Problem("overloaded", f"{MOST} copies are being written", retry_after=RETRY)
        if shutil.disk_usage(self._folder).free < self._reserve:
            raise Problem("storage_low", "a copy needs room on the disk", retry_after=RETRY)

    def write(self, copy: Written, authority: str, case: str, person: str) -> Copy:
        """Begin to write a copy; returns at once."""
        self.sweep()
        name = str(UUID(bytes=uuid7()))
        said = {"authority": authority, "begun": now_ms(), "case": case, "name": copy.name, "person": person}
        self._path(name, ".part").touch(mode=0o600)
        self._path(name, ".json").write_text(json.dumps(said), "utf-8")
        self._running[name] = (copy, asyncio.create_task(self._write(name, copy)))
        return Copy(name, copy.name, now_ms(), whole=False, size=0, share=None)

    async def _write(self, name: str, copy: Written) -> None:
        part = self._path(name, ".part")
        try:
            with part.open("r+b") as file:
                async for chunk in copy.chunks():
                    await asyncio.to_thread(file.write, chunk)
                    await asyncio.to_thread(file.flush)
                    if shutil.disk_usage(self._folder).free < self._reserve:
                        raise BrokenOff
                await asyncio.to_thread(os.fsync, file.fileno())
            part.rename(self._path(name, ".zip"))
        except asyncio.CancelledError:
            part.unlink(missing_ok=True)
            raise
        except Exception as fault:  # noqa: BLE001 - whoever follows is told by the file's end
            log.error("export_broken_off", error=type(fault).__qualname__)
            part.unlink(missing_ok=True)
        finally:
            self._running.pop(name, None)

    def find(self, name: str, authority: str, case: str, person: str) -> Copy:
        """A copy of one's own. Raises Problem not_found."""
        found = self._read(name)
        if found is None or found[0] != (authority, case, person):
            raise Problem("not_found", "no such copy: it is kept for a day, for who asked for it")
        return found[1]

    def mine(self, authority: str, case: str, person: str) -> list[Copy]:
        """One's own copies of a case, the newest first."""
        names = sorted((path.stem for path in self._folder.glob("*.json")), reverse=True)
        found = [each for name in names if (each := self._read(name)) is not None]
        return [copy for owner, copy in found if owner == (authority, case, person)]

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes start..end (exclusive), following a copy that is still written. Raises BrokenOff."""
        with self._open(name) as file:
            at, quiet = start, time.monotonic()
            while end is None or at < end:
                whole = self._path(name, ".zip").exists()
                length = PIECE if end is None else min(PIECE, end - at)
                piece = await asyncio.to_thread(os.pread, file, length, at)
                if piece:
                    at, quiet = at + len(piece), time.monotonic()
                    yield piece
                elif whole:
                    return
                elif not self._path(name, ".part").exists() or time.monotonic() - quiet > STALE_SECONDS:
                    if not self._path(name, ".zip").exists():
                        raise BrokenOff
                else:
                    await asyncio.sleep(LOOK_SECONDS)

    async def whole(self, name: str) -> int:
        """Wait until a copy is whole; its size. Raises BrokenOff."""
        quiet, seen = time.monotonic(), -1
        while not self._path(name, ".zip").exists():
            size = self._size(name, ".part")
            if size is None and not self._path(name, ".zip").exists():
                raise BrokenOff
            if size != seen:
                quiet, seen = time.monotonic(), size or 0
            if time.monotonic() - quiet > STALE_SECONDS:
                raise BrokenOff
            await asyncio.sleep(LOOK_SECONDS)
        return self._size(name, ".zip") or 0

    def sweep(self) -> None:
        """Remove copies of more than a day, and parts that nobody writes."""
        before = time.time() - KEPT_SECONDS
        for path in list(self._folder.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before and path.stem not in self._running:
                    path.unlink()

    async def swept(self) -> None:
        """`sweep`, beside the loop."""
        await asyncio.to_thread(self.sweep)

    async def stop(self) -> None:
        """Give up what is being written: the process ends."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- inside --

    def _path(self, name: str, ending: str) -> Path:
        return self._folder / f"{name}{ending}"

    def _size(self, name: str, ending: str) -> int | None:
        try:
            return self._path(name, ending).stat().st_size
        except FileNotFoundError:
            return None

    def _read(self, name: str) -> tuple[tuple[str, str, str], Copy] | None:
        try:
            if str(UUID(name)) != name:
                return None
            said = json.loads(self._path(name, ".json").read_text("utf-8"))
        except (ValueError, FileNotFoundError):
            return None
        whole = self._size(name, ".zip")
        size = whole if whole is not None else self._size(name, ".part")
        if size is None or (whole is None and self._stale(name)):
            return None
        running = self._running.get(name)
        share = running[0].done * 100 // running[0].total if running is not None and running[0].total else None
        owner = (said["authority"], said["case"], said["person"])
        return owner, Copy(name, said["name"], said["begun"], whole is not None, size, share)

    def _stale(self, name: str) -> bool:
        if name in self._running:
            return False
        try:
            return time.time() - self._path(name, ".part").stat().st_mtime > STALE_SECONDS
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def _open(self, name: str) -> Iterator[int]:
        opened = None
        for ending in (".zip", ".part", ".zip"):  # it may be renamed between two looks
            with contextlib.suppress(FileNotFoundError):
                opened = os.open(self._path(name, ending), os.O_RDONLY | os.O_CLOEXEC)
                break
        if opened is None:
            raise BrokenOff
        try:
            yield opened
        finally:
            os.close(opened)


__all__ = ["BrokenOff", "Copy", "Kept", "Written"]
