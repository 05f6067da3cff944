"""The public copy of the logs' checkpoints and hash tiles: files that the public application serves and nothing else.

Renewed every ten minutes, verifier key and tiles first and the checkpoint last, so that no public tile reaches
beyond the public checkpoint. The public application reads this folder; it has no way to the log itself.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import structlog

from ops.compose import OpenLog
from schemas import tiles
from schemas.notes import NoteRefused, open_checkpoint
from server.log.book import LogState

SECONDS: Final = 600.0
log = structlog.get_logger("liuhen.mirror")


async def mirror_forever(opened: OpenLog, folder: Path) -> None:
    """Renew now and then every ten minutes, until cancelled."""
    while True:
        for state in opened.book.states():
            if state.loaded and state.closed is None and state.kind == "authority":
                try:
                    await mirror(state, folder)
                except Exception as fault:  # noqa: BLE001 - the next round tries again; the old copy stays whole
                    log.error("mirror_failed", origin=state.origin, error=type(fault).__name__)
        await asyncio.sleep(SECONDS)


async def mirror(state: LogState, folder: Path) -> int:
    """Write the tiles of the newest checkpoint that are not there yet, then the checkpoint; returns its size.

    A copy that another process has made of a longer log stays as it is: the public checkpoint never goes back.
    """
    note = state.note
    size = open_checkpoint(note, state.verifier, state.origin).size
    base = folder / "log" / "v1" / state.authority / str(state.epoch)
    if not (base / "key").exists():
        await asyncio.to_thread(_put, base / "key", f"{state.verifier}\n".encode())
    there = await asyncio.to_thread(_size_of, base / "checkpoint", state)
    if there >= size:
        return there
    for tile in tiles.tiles_between(0, size):
        path = base / tiles.path_of(tile)
        if path.exists():
            continue
        first = tile.index * 256
        hashes = await state.tree.nodes(8 * (tile.level or 0), first, first + tile.width)
        await asyncio.to_thread(_put, path, b"".join(hashes))
    await asyncio.to_thread(_put, base / "checkpoint", note.encode())
    return size


def _size_of(path: Path, state: LogState) -> int:
    """Size of the public checkpoint, 0 where there is none that verifies."""
    try:
        return open_checkpoint(path.read_text("utf-8"), state.verifier, state.origin).size
    except (FileNotFoundError, UnicodeDecodeError, NoteRefused):
        return 0


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)
