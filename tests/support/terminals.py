"""Terminals for tests: enrolled at a paper server, with a queue and keys in a folder, and clocks that a test turns."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, World, enrol
from ops.terminal.queue_file import Draft, Queue, Tick
from ops.terminal.transport import HttpTransport
from ops.terminal.trust import Paper
from tests.support.paper_server import PaperServer, now, serving

TASK = "task:019b77b0-0000-7000-8000-000000000001"


@dataclass
class Clock:
    """A clock that moves only when told; `offset` is how wrong its wall is."""

    offset: int = 0
    mono: int = 1_000
    boot: bytes = bytes(15) + b"\x01"

    def __call__(self) -> Tick:
        self.mono += 1
        return Tick(now() + self.offset, self.mono, self.boot)


async def no_wait(seconds: float) -> None:
    """Patience without waiting."""


def world(clock: Clock | None = None) -> World:
    return World(tick=clock or Clock(), jitter=lambda: 0.5, sleep=no_wait)


def entered(text: str = "门卫登记后进入", **changes: Any) -> Draft:
    """A record that somebody entered the premises."""
    fields: dict[str, Any] = {
        "type": "site.entered.v1", "about": [TASK, "enterprise:E-0001"], "body": {"note": text},
        "by": ["officer-0017", "officer-0023"], "occurred": now(), **changes,
    }  # fmt: skip
    return Draft(**fields)


@dataclass
class Hand:
    """A terminal in hand."""

    queue: Queue
    client: Client
    clock: Clock
    folder: Path

    def record(self, count: int = 1, **changes: Any) -> None:
        self.queue.record_all([(entered(f"第 {n} 次", **changes), self.clock()) for n in range(count)])


@asynccontextmanager
async def hand(
    server: PaperServer, url: str, folder: Path, *, limit: int = 60_000, **options: Any
) -> AsyncIterator[Hand]:
    """Enrol a terminal (or find it again in `folder`) and talk to the server at `url`."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test has nothing else to do meanwhile
    clock = Clock()
    keys = key_files.load_or_create(folder / "keys.json")
    with Queue(folder / "queue.sqlite", limit=limit) as queue:
        async with HttpTransport(url, seconds=5.0) as transport:
            if not queue.enrolled:
                await enrol(queue, keys, transport, Paper.read(server.paper()), url=url, info={"model": "示例终端"})
            options.setdefault("world", world(clock))
            options.setdefault("patience", Patience(tries=3))
            yield Hand(queue, Client(queue, keys, transport, **options), clock, folder)


@asynccontextmanager
async def server_and_hand(folder: Path, **options: Any) -> AsyncIterator[tuple[PaperServer, Hand]]:
    """An honest server and one terminal."""
    server = PaperServer()
    async with serving(server) as url, hand(server, url, folder / "t1", **options) as terminal:
        yield server, terminal


def paper_file(server: PaperServer, path: Path) -> Path:
    """What `enrol-code --json` prints, as a file."""
    path.write_text(json.dumps(server.paper()), "utf-8")
    return path
