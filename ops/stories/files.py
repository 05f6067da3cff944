"""The files of stories on their way to the server: one upload is cut in the middle and resumed, one file stays behind.

Terminals bring their files when they hand over their records; the cut is a real one, of a connection that has sent half
of what it announced. The invariant: what stays behind lies in the terminal's folder, and `liuhen terminal upload`
brings it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ops.stories.event import Enclosure
from ops.terminal.client import Client
from ops.terminal.transport import Answer, NoAnswer, Transport
from ops.terminal.uploads import Uploads

LATE: Final = "S-8"
"""The terminal whose file is late."""

LARGE: Final = 256 * 1024
"""Bytes of a request that is worth being cut in the middle."""

ROUNDS: Final = 6
"""How often (times) a terminal goes over the files that no receipt says to have come."""


class NotBrought(Exception):
    """Files that should have come did not: of which terminal, how many, and what the first was refused for."""


@dataclass(slots=True)
class Brought:
    """What terminals brought: files that are here, uploads that were cut and resumed, files that stayed behind."""

    files: int = 0
    cut: int = 0
    late: int = 0


class CutOnce:
    """A network that breaks off in the middle of the first large request, and then never again."""

    def __init__(self, way: Transport, url: str) -> None:
        self._way = way
        self._place = urlsplit(url)
        self.cut = 0

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """One request, or half of one."""
        if self.cut or body is None or method != "PATCH" or len(body) < LARGE:
            return await self._way.send(method, target, headers, body)
        self.cut += 1
        _, writer = await asyncio.open_connection(self._place.hostname, self._place.port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: {self._place.netloc}\r\n{lines}\r\n".encode("latin-1"))
        writer.write(body[: len(body) // 2])
        with contextlib.suppress(OSError):
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        raise NoAnswer("the connection was cut in the middle of a request")


def lay_down(folder: Path, file: Enclosure) -> Path:
    """Put a file where its terminal keeps files; returns its path. Whole or not at all; repeating it changes nothing.

    What lies there with other content is replaced: a process that was killed may have left it short.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{file.sha256.hex()[:16]}{Path(file.name).suffix}"
    if path.exists() and sha256(path.read_bytes()).digest() == file.sha256:
        return path
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as handle:
        handle.write(file.content)
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(path)
    return path


async def bring_on_the_way(name: str, client: Client, url: str, done: Brought) -> None:
    """A terminal brings what it can while it has the network; what it cannot, it brings another time."""
    if name != LATE and _missing(client):
        with _cutting(client, url, done):
            await Uploads(client).run()


async def bring(clients: Mapping[str, Client], url: str, done: Brought) -> None:
    """Every terminal brings its files, but for the one that is late. Idempotent: what is there is not brought again.

    Raises NotBrought where a file has not come after ROUNDS rounds.
    """
    for name, client in clients.items():
        if name == LATE:
            done.late += len(_missing(client))
        else:
            await _bring_all(name, client, url, done)
        done.files += _here(client)


async def _bring_all(name: str, client: Client, url: str, done: Brought) -> None:
    """Round after round until a receipt misses nothing: patience may end within a round, and an arrival may be told
    to the log a moment after the upload was answered.
    """
    trouble = "the server has not confirmed them"
    with _cutting(client, url, done):
        for _ in range(ROUNDS):
            if not _missing(client):
                return
            report = await Uploads(client).run()
            if report.refused:
                trouble = f"{report.refused[0].code}: {report.refused[0].detail}"
            await client.sync()  # only a receipt says what the server holds
    left = len(_missing(client))
    if left:
        raise NotBrought(f"{name} could not bring {left} of {left + _here(client)} files: {trouble}")


@contextlib.contextmanager
def _cutting(client: Client, url: str, done: Brought) -> Iterator[None]:
    """The network of the client cuts once, if none has been cut yet."""
    plain = client.transport
    network = CutOnce(plain, url)
    if not done.cut:
        client.transport = network
    try:
        yield
    finally:
        client.transport = plain
        done.cut += network.cut


def _missing(client: Client) -> set[bytes]:
    return {file.sha256 for _, file in client.queue.missing_blobs()}


def _here(client: Client) -> int:
    """How many files of this terminal the server holds, by its receipts."""
    query = "SELECT count(DISTINCT sha256) FROM blob WHERE NOT missing"
    return int(client.queue.db.execute(query).fetchone()[0])
