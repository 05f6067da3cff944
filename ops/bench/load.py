"""The load: batches made and signed beforehand, sent over plain sockets in a closed loop, one connection a terminal.

The client must not be what is measured, so it does nothing but write a prepared request and read an answer. Events have
600 bytes, a body of a registered type and four `about` tags, of which three are indexed.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from msgspec import UNSET

from schemas import batch as batches
from schemas import enrolment, typed
from schemas.batch import Batch
from schemas.keys import Signer

EVENT_BYTES: Final = 600
BATCH: Final = 50
TEXT: Final = "配电箱未设置防护,现场临时用电线路沿地面敷设且无保护措施,作业人员未按规定佩戴安全帽。"


class LoadRefused(Exception):
    """A server did not accept what was sent; a figure of such a run would mean nothing."""


@dataclass(slots=True)
class LoadTerminal:
    """An enrolled terminal with its chain. `ready` holds batches that were made and not sent yet, in order."""

    authority: str
    event: Signer
    request: Signer
    id: bytes = bytes(16)
    seq: int = 0
    prev: bytes = bytes(32)
    ready: deque[bytes] = field(default_factory=deque)

    def prepare(self, batches: int) -> list[bytes]:
        """The next batches of this terminal, those that were left over first."""
        while len(self.ready) < batches:
            self.ready.append(self.batch())
        return [self.ready.popleft() for _ in range(batches)]

    def batch(self, count: int = BATCH) -> bytes:
        """The bytes of the next batch."""
        now = time.time_ns() // 1_000_000
        case = f"case:{self.authority}-{self.id.hex()[-6:]}-{self.seq // 200}"
        task = f"task:{self.id.hex()[-8:]}-{self.seq // 100}"
        enterprise = f"enterprise:91{self.authority}MA0{self.seq // 400 % 1000:03d}X{self.id.hex()[-4:].upper()}"
        about = sorted([f"authority:{self.authority}", case, enterprise, task])
        envelopes, hashes = [], []
        for index in range(count):
            self.seq += 1
            fields = {
                "about": about,
                "at": now + index,
                "body": {
                    "description": TEXT,
                    "kind": "photo",
                    "note": f"第{self.seq}条现场记录",
                },
                "by": ["officer-0017", "officer-0023"],
                "clock": {"boot": self.id, "mono": now + index, "offset": 12},
                "id": _uuid7(now),
                "occurred": now + index,
                "prev": self.prev,
                "salt": secrets.token_bytes(16),
                "seq": self.seq,
                "terminal": self.id,
                "type": "evidence.captured.v1",
                "v": 1,
            }
            data = typed.encode(fields)
            lacking = EVENT_BYTES - len(data)
            if lacking > 0:
                fields["body"]["note"] += "。" + "x" * max(0, lacking - 5)  # type: ignore[index]  # a map, as written above
                data = typed.encode(fields)
            self.prev = sha256(data).digest()
            envelopes.append(data)
            hashes.append(self.prev)
        first = self.seq - count + 1
        unsigned = Batch(
            declared=self.seq, envelopes=envelopes, first=first, head=UNSET, sig=bytes(64), suite=1,
            terminal=self.id, v=1,
        )  # fmt: skip
        sig = self.event.sign(batches.message_of(unsigned, hashes))
        return batches.encode(
            Batch(
                declared=self.seq, envelopes=envelopes, first=first, head=UNSET, sig=sig, suite=1, terminal=self.id, v=1
            )
        )


def _uuid7(now: int) -> bytes:
    raw = bytearray(now.to_bytes(6, "big") + secrets.token_bytes(10))
    raw[6] = 0x70 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return bytes(raw)


class Connection:
    """One keep-alive HTTP/1.1 connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect, where that has not been done."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=2**22)

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """(status, body) of a POST of MessagePack."""
        await self.open()
        assert self._reader is not None and self._writer is not None  # noqa: PT018 - just opened
        self._writer.write(request(path, f"{self._host}:{self._port}", body))
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        at = head.lower().index(b"content-length:")
        length = int(head[at + 15 : head.index(b"\r\n", at)])
        return status, await self._reader.readexactly(length)

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.close()


def request(path: str, host: str, body: bytes) -> bytes:
    """The bytes of a POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\n"
        f"Content-Type: application/msgpack\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def enrol(url: str, authority: str, code: str, log_key: str) -> LoadTerminal:
    """Enrol one terminal over HTTP."""
    terminal = LoadTerminal(authority, Signer(secrets.token_bytes(32)), Signer(secrets.token_bytes(32)))
    asked = enrolment.sign_request(code, terminal.event, terminal.request, {"model": "bench"}, log_key)
    connection = Connection(url)
    status, body = await connection.post("/sync/v1/terminals", asked.encode())
    connection.close()
    if status != 200:
        raise LoadRefused(f"enrolment answered {status}: {body[:300]!r}")
    answer = enrolment.EnrolmentAnswer.decode(body)
    terminal.id, terminal.prev = answer.terminal, answer.genesis
    return terminal


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run measured: events, seconds, and the latency of every request in seconds, ascending.

    `sent` = how many of its batches each client got acknowledged.
    """

    events: int
    seconds: float
    latencies: Sequence[float]
    sent: Sequence[int]

    @property
    def events_per_s(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def p50_ms(self) -> float:
        """Median latency of a batch, ms."""
        return self._percentile(0.5)

    @property
    def p99_ms(self) -> float:
        """Latency that 99 of 100 batches stayed below, ms."""
        return self._percentile(0.99)

    def _percentile(self, share: float) -> float:
        return 1000 * self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


async def drive(
    url: str, path: str, prepared: Sequence[Sequence[bytes]], *, seconds: float | None = None, pace: float | None = None
) -> Figure:
    """Send every terminal's batches in order, all terminals at once; every answer must be 200.

    With `seconds`, nothing new is sent after that time. With `pace` (events a second in all), no terminal sends a batch
    before its turn; its latency counts from that turn, so that a server that falls behind cannot hide it.
    """
    latencies: list[float] = []
    sent = [0] * len(prepared)
    connections = [Connection(url) for _ in prepared]
    interval = BATCH * len(prepared) / pace if pace else 0.0

    async def one(number: int, connection: Connection, bodies: Sequence[bytes]) -> None:
        turn = begin = began + interval * number / len(prepared)
        for count, body in enumerate(bodies):
            now = time.perf_counter()
            if seconds is not None and now - began >= seconds:
                return
            turn = max(now, begin + interval * count) if interval else now
            if turn > now:
                await asyncio.sleep(turn - now)
            elif interval:
                turn = begin + interval * count
            status, answer = await connection.post(path, body)
            latencies.append(time.perf_counter() - turn)
            if status != 200:
                raise LoadRefused(f"{path} answered {status} where 200 was expected: {answer[:300]!r}")
            sent[number] += 1

    try:
        for connection in connections:
            await connection.open()
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number, bodies in enumerate(prepared):
                group.create_task(one(number, connections[number], bodies))
        took = time.perf_counter() - began
    finally:
        for connection in connections:
            connection.close()
    return Figure(BATCH * len(latencies), took, sorted(latencies), sent)
