"""The load: batches made and signed beforehand, sent over plain sockets in a closed loop, one connection a terminal.

The client must not be what is measured, so it does nothing but write a prepared request and read an answer. Events have
600 bytes, a body of a registered type and four `about` tags, of which three are indexed.
"""

from __future__ import annotations

import asyncio
import secrets
import time
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


@dataclass(slots=True)
class LoadTerminal:
    """An enrolled terminal with its chain."""

    authority: str
    event: Signer
    request: Signer
    id: bytes = bytes(16)
    seq: int = 0
    prev: bytes = bytes(32)
    counter: int = field(default=0)

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
            Batch(declared=self.seq, envelopes=envelopes, first=first, head=UNSET, sig=sig, suite=1, terminal=self.id, v=1)
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

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """(status, body) of a POST of MessagePack."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=2**22)
        assert self._reader is not None
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
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/msgpack\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def enrol(url: str, authority: str, code: str, log_key: str) -> LoadTerminal:
    """Enrol one terminal over HTTP."""
    terminal = LoadTerminal(authority, Signer(secrets.token_bytes(32)), Signer(secrets.token_bytes(32)))
    asked = enrolment.sign_request(code, terminal.event, terminal.request, {"model": "bench"}, log_key)
    connection = Connection(url)
    status, body = await connection.post("/sync/v1/terminals", asked.encode())
    connection.close()
    if status != 200:
        raise RuntimeError(f"enrolment answered {status}: {body[:300]!r}")
    answer = enrolment.EnrolmentAnswer.decode(body)
    terminal.id, terminal.prev = answer.terminal, answer.genesis
    return terminal


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run measured: events and seconds, latency percentiles in ms."""

    events: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def events_per_s(self) -> float:
        """Events a second."""
        return self.events / self.seconds


async def drive(url: str, path: str, prepared: Sequence[Sequence[bytes]]) -> Figure:
    """Send every terminal's batches in order, all terminals at once; every answer must be 200."""
    latencies: list[float] = []

    async def one(bodies: Sequence[bytes]) -> None:
        connection = Connection(url)
        try:
            for body in bodies:
                began = time.perf_counter()
                status, answer = await connection.post(path, body)
                latencies.append(time.perf_counter() - began)
                if status != 200:
                    raise RuntimeError(f"{path} answered {status}: {answer[:300]!r}")
        finally:
            connection.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for bodies in prepared:
            group.create_task(one(bodies))
    seconds = time.perf_counter() - began
    latencies.sort()
    return Figure(
        BATCH * len(latencies),
        seconds,
        1000 * latencies[len(latencies) // 2],
        1000 * latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))],
    )
