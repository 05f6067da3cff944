"""Settings of applications that stand on a test's database, and the end of what they left running."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import Environment

from server.log.recorders import LiuhenFactory
from server.log.recorders.recorder import LogApplicationRecorder
from tests.support.postgres import TestDatabase

THREAD = "liuhen recorders"


def settings(database: TestDatabase, folder: Path) -> dict[str, str]:
    """The environment of an application; every application of a test shares its folders, as on one host."""
    return {
        "PERSISTENCE_MODULE": "server.log.recorders",
        "LIUHEN_DSN": database.dsn("liuhen_writer"),
        "LIUHEN_KEYS": str(folder / "keys"),
        "LIUHEN_REGISTER": str(folder / "register"),
        "LIUHEN_HOST": "liuhen.example",
    }


def wait_for_the_end_of_all_engines() -> None:
    """Applications that were not closed give back what they held when they are collected; then no thread is left."""
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(20)
            assert not thread.is_alive(), "an application was neither closed nor collected"


def recorder(env: dict[str, str], name: str) -> LogApplicationRecorder:
    """The application recorder of an application of that name; it keeps what it stands on alive."""
    made = LiuhenFactory(Environment(name, env)).application_recorder()
    assert isinstance(made, LogApplicationRecorder)
    return made


def events(number: int, *, origin: UUID | None = None, first: int = 1, topic: str = "topic") -> list[StoredEvent]:
    """Events of one originator."""
    origin = origin or uuid4()
    return [StoredEvent(origin, first + offset, topic, f"{first + offset}".encode()) for offset in range(number)]


def write(name: str, calls: int, each: int) -> None:
    """What a second process does: append to an application's log, settings from the environment; prints the ids."""
    log = recorder(dict(os.environ), name)
    for _ in range(calls):
        print(*(log.insert_events(events(each)) or ()))


class CutOff:
    """A door in front of PostgreSQL that loses the answer to a COMMIT, or the COMMIT itself, with its connection.

    Bytes pass unchanged until `lose` is set to "answer" or "commit": then the next COMMIT is cut, once.
    """

    def __init__(self, server: Path, folder: Path) -> None:
        self._server = server
        self.folder = folder
        self.lose = ""
        self.cut = 0
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with await asyncio.start_unix_server(self._pass, self.folder / self._server.name):
            self._ready.set()
            await self._stop.wait()

    async def _pass(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        server_in, server_out = await asyncio.open_unix_connection(self._server)
        losing = False

        async def to_server() -> None:
            nonlocal losing
            while data := await client_in.read(65_536):
                if self.lose and (b"COMMIT;\0" in data or b"COMMIT AND CHAIN;\0" in data):
                    losing, lost = True, self.lose
                    self.lose = ""
                    self.cut += 1
                    if lost == "commit":
                        return
                server_out.write(data)
                await server_out.drain()

        async def to_client() -> None:
            while data := await server_in.read(65_536):
                if losing:
                    return  # the server has answered, so it has committed; nobody hears of it
                client_out.write(data)
                await client_out.drain()

        tasks = [asyncio.create_task(to_server()), asyncio.create_task(to_client())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in (client_out, server_out):
            writer.transport.abort()
