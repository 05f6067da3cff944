"""A house in whose log stand records with files, some of them here: real store, real log, real origins.

The files are put into the store by its own code; a test says what happens to them afterwards.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from schemas import receipt
from schemas.receipt import Receipt
from server.evidence.checking import Checker
from server.evidence.store import BlobStore, key_of
from server.evidence.viewer import make_viewer_app
from server.evidence.viewing import Viewing
from server.log.arrivals import Arrivals
from tests.support import projections as stories
from tests.support.log import AUTHORITY, Log, PaperTerminal, now, send
from tests.support.postgres import TestDatabase
from tests.support.web import House, listening, open_house

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 12_000
"""Three MiB and a bit that begin as a JPEG does."""
FILM = b"\x00\x00\x00\x18ftypmp42" + bytes(range(251)) * 20
PAPER = b"%PDF-1.7\n" + b"x" * 400
TYPES = {PHOTO: "image/jpeg", FILM: "video/mp4", PAPER: "application/pdf"}


@dataclass
class Clock:
    """A clock that a test moves."""

    ms: int = field(default_factory=now)

    def __call__(self) -> int:
        return self.ms


@dataclass
class Scene:
    """A bureau's house with three files of one task, and the origin that serves them."""

    house: House
    store: BlobStore
    checker: Checker
    viewing: Viewing
    viewer: str
    terminal: PaperTerminal
    clock: Clock
    folder: Path

    def path(self, data: bytes) -> Path:
        return self.store.folder / key_of(sha256(data).digest())

    def flip(self, data: bytes, place: int) -> None:
        """One bit of a stored file rots."""
        path = self.path(data)
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1]))

    async def record(self, data: bytes, media_type: str) -> None:
        """A further piece of evidence of the task, whose file comes at once."""
        TYPES[data] = media_type
        tags = (f"task:{stories.TASK}",)
        await send(
            self.house.log,
            self.terminal.batch([stories.act(self.terminal, "evidence.captured.v1", *tags, blobs=declared(data))]),
        )
        await self.arrive(data)
        await self.fold()

    async def arrive(self, data: bytes) -> None:
        """The file comes (again) and has its digest: as the last step of an upload."""
        digest = sha256(data).digest()
        staged = self.folder / f"staged-{secrets.token_hex(4)}"
        staged.write_bytes(data)
        await self.store.keep(staged, digest, repair=True)
        pool = self.house.log.pool
        await pool.execute(
            "SELECT evidence.hold($1, $2, $3, $4, $5)", digest, len(data), TYPES.get(data, "application/octet-stream"),
            AUTHORITY, UUID(bytes=self.terminal.id),
        )  # fmt: skip
        await Arrivals(self.house.log.committer, pool).announce(digest)

    async def missing(self) -> list[bytes]:
        """What the terminal is asked for, by the receipt of a heartbeat."""
        told = await send(self.house.log, self.terminal.batch([], declared=self.terminal.seq))
        found: Receipt = receipt.decode(told)[0]
        return list(found.missing)

    async def fold(self) -> None:
        await stories.fold(self.house.database)


def declared(*files: bytes) -> list[dict[str, Any]]:
    found = [{"sha256": sha256(data).digest(), "size": len(data), "type": TYPES[data]} for data in files]
    return sorted(found, key=lambda blob: blob["sha256"])  # type: ignore[arg-type,return-value]


@asynccontextmanager
async def scene(database: TestDatabase, folder: Path) -> AsyncIterator[Scene]:
    """Photo, film and paper of one task, all here; `clock` decides when links and grants end."""
    async with AsyncExitStack() as stack:
        store, clock, made_of = BlobStore(folder / "evidence"), Clock(), list[Viewing]()

        def viewing_on(log: Log, console: asyncpg.Pool) -> Viewing:
            checker = Checker(store, log.committer, log.pool)
            made_of.append(Viewing(log.committer, log.pool, console, checker, "", clock=clock))
            return made_of[0]

        house = await stack.enter_async_context(open_house(database, folder, log=True, viewing=viewing_on))
        viewing = made_of[0]
        viewing.address = viewer = await stack.enter_async_context(listening(make_viewer_app(viewing)))
        terminal = await stories.enrolled(house.log)
        task = f"task:{stories.TASK}"
        envelopes = [
            stories.act(terminal, "evidence.captured.v1", task, blobs=declared(data)) for data in (PHOTO, FILM, PAPER)
        ]
        await send(house.log, terminal.batch(envelopes))
        made = Scene(house, store, viewing.checker, viewing, viewer, terminal, clock, folder)
        for data in (PHOTO, FILM, PAPER):
            await made.arrive(data)
        await made.fold()
        yield made
