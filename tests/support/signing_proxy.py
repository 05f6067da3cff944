"""A proxy that signs what foreign tus clients send, and cuts their connections at random places.

The product has no unsigned mode: clients that know nothing of our signatures speak to this proxy, which holds a
terminal's request key. One request on each connection. What it counts tells how many bytes a client sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from schemas import httpsig
from tests.support.log import PaperTerminal
from tests.support.server import uuid_text

PIECE = 65_536
COVERED = ("upload-offset", "upload-length", "upload-metadata", "content-length")
DROPPED = frozenset(("host", "connection", "keep-alive", "expect", "accept-encoding"))


@dataclass
class SigningProxy:
    """`cuts`: how many bodies are still to be cut off; `body_bytes`: what clients sent in bodies."""

    url: str
    terminal: PaperTerminal
    dice: random.Random
    own: str = ""
    chance: float = 0.5
    cuts: int = 0
    cut: int = 0
    body_bytes: int = 0
    statuses: list[tuple[str, int]] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, path, _ = line.split(" ", 2)
        fields = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in rest)}
        assert "transfer-encoding" not in fields, "expected a length with every body"
        length = int(fields.get("content-length", "0"))
        headers = {
            **{k: v for k, v in fields.items() if k not in DROPPED},
            **self._signature(method, path, fields, length),
        }
        parts = urlsplit(self.url)
        there, back = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            back.write(
                f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n{lines}\r\n".encode(
                    "latin-1"
                )
            )
            if await self._body(reader, back, length):
                return
            status = 0
            while data := await there.read(PIECE):
                if not status:
                    status = int(data[9:12])
                    # As a proxy does: some clients know absolute addresses only.
                    data = data.replace(b"\r\nLocation: /", f"\r\nLocation: {self.own}/".encode(), 1)
                writer.write(data)
                await writer.drain()
            self.statuses.append((method, status))
            writer.close()
            await writer.wait_closed()
        finally:
            back.close()
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await back.wait_closed()

    async def _body(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, length: int) -> bool:
        """Pass a body on; True if it was cut off."""
        stop = None
        if length > 1 and self.cuts > 0 and self.dice.random() < self.chance:
            self.cuts -= 1
            stop = self.dice.randrange(1, length)
        passed = 0
        while passed < length:
            data = await reader.read(min(PIECE, length - passed))
            if not data:
                return True
            if stop is not None and passed + len(data) > stop:
                self.body_bytes += stop - passed
                back.write(data[: stop - passed])
                await back.drain()
                self.cut += 1
                if self.dice.random() < 0.5:
                    back.transport.abort()  # a reset: what was on its way is lost as well
                return True
            back.write(data)
            await back.drain()
            passed += len(data)
            self.body_bytes += len(data)
        return False

    def _signature(self, method: str, path: str, fields: dict[str, str], length: int) -> dict[str, str]:
        covered = {name: fields[name] for name in COVERED if name in fields} if length else {}
        return httpsig.sign_request(
            method=method, authority=urlsplit(self.url).netloc, path=path, query="",
            key_id=uuid_text(self.terminal.id), signer=self.terminal.request, created=int(time.time()),
            nonce=secrets.token_hex(16) if method == "POST" else None, extra=covered,
        )  # fmt: skip


@asynccontextmanager
async def signing(url: str, terminal: PaperTerminal, seed: int) -> AsyncIterator[tuple[str, SigningProxy]]:
    """The proxy on a free port of the loopback; gives the address of the uploads behind it, and itself."""
    proxy = SigningProxy(url, terminal, random.Random(seed))
    tasks: set[asyncio.Task[None]] = set()
    faults: list[BaseException] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await proxy.handle(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        except Exception as fault:  # noqa: BLE001 - told to the test at its end
            faults.append(fault)
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    proxy.own = f"http://{host}:{port}"
    try:
        yield f"http://{host}:{port}/evidence/v1/uploads", proxy
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
    assert not faults, faults
