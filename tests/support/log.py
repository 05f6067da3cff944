"""The real log on a test's database: opened, with an authority, an enrolled terminal and batches that it signed.

Everything goes through the committer that production uses; only the door (HTTP) is left out.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
from msgspec import UNSET

from schemas import batch as batches
from schemas import canonical, enrolment
from schemas.batch import Batch, Lost, Private
from schemas.enrolment import EnrolmentRequest
from schemas.envelope import Lookup, Seen
from schemas.events import REGISTRY
from schemas.keys import Signer
from server.log import epochs, store
from server.log.acts import Enrolment
from server.log.batches import FieldBatch, open_private
from server.log.book import Book
from server.log.committer import Committer, Hook
from server.log.keyring import Keyring
from server.log.register import Register
from server.sync import reader

AUTHORITY = "210500"
HOST = "liuhen.example"


@dataclass
class Log:
    """An open log: the committer and what it stands on."""

    committer: Committer
    book: Book
    keyring: Keyring
    register: Register
    pool: asyncpg.Pool
    folder: Path
    dsn: str

    async def head(self, authority: str = AUTHORITY) -> Any:
        rows = await self.pool.fetch(self.book.queries["logs_of"], authority)
        return rows[-1]


@asynccontextmanager
async def open_log(
    dsn: str, folder: Path, *, authorities: Sequence[str] = (AUTHORITY,), hook: Hook | None = None, ahead: bool = True
) -> AsyncIterator[Log]:
    """The log of `authorities` on the database at `dsn` (role liuhen_writer); begun where there is none yet."""
    queries = store.load_queries("server.log", "log.sql")
    keyring, register = Keyring(folder / "keys"), Register(folder / "register")
    if not register.exists():
        register.create()
    register.read()
    book = Book(queries, keyring, register, folder / "tiles")
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        connection = await store.connect(dsn)
        try:
            for authority in authorities:
                if not await connection.fetch(queries["logs_of"], authority):
                    await epochs.begin_epoch(
                        connection, queries, keyring, register, authority=authority, host=HOST, received=now(),
                        create_recovery=True,
                    )  # fmt: skip
        finally:
            await connection.close()
        committer = Committer(dsn, book, pool=pool, hook=hook, ahead=ahead)
        async with committer.running():
            yield Log(committer, book, keyring, register, pool, folder, dsn)


def now() -> int:
    """Milliseconds since 1970, as the door takes them."""
    return time.time_ns() // 1_000_000


def uuid7(at: int | None = None) -> bytes:
    """A UUIDv7 as 16 bytes."""
    raw = bytearray((at if at is not None else now()).to_bytes(6, "big") + secrets.token_bytes(10))
    raw[6] = 0x70 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return bytes(raw)


@dataclass
class PaperTerminal:
    """A terminal's chain and keys, for tests that need no queue of its own."""

    authority: str = AUTHORITY
    event: Signer = field(default_factory=lambda: Signer(secrets.token_bytes(32)))
    request: Signer = field(default_factory=lambda: Signer(secrets.token_bytes(32)))
    id: bytes = bytes(16)
    seq: int = 0
    prev: bytes = bytes(32)

    def clone(self) -> PaperTerminal:
        """The same keys and the same past in two hands."""
        return PaperTerminal(self.authority, self.event, self.request, self.id, self.seq, self.prev)

    def envelope(self, type: str = "site.entered.v1", body: dict[str, Any] | None = None, **changes: Any) -> bytes:
        """The next envelope of the chain; `changes` override or (with UNSET) remove fields."""
        self.seq += 1
        fields: dict[str, Any] = {
            "about": [f"authority:{self.authority}", "task:019b77b0-0000-7000-8000-000000000001"],
            "at": now(),
            "body": {} if body is None else body,
            "by": ["officer-0017", "officer-0023"],
            "id": uuid7(),
            "occurred": now(),
            "prev": self.prev,
            "salt": secrets.token_bytes(16),
            "seq": self.seq,
            "terminal": self.id,
            "type": type,
            "v": 1,
            **changes,
        }
        data = canonical.encode({k: v for k, v in fields.items() if v is not UNSET})
        self.prev = sha256(data).digest()
        return data

    def raw(self, data: bytes) -> bytes:
        """Any bytes as the next envelope of the chain."""
        self.seq += 1
        self.prev = sha256(data).digest()
        return data

    def batch(
        self,
        envelopes: Sequence[bytes],
        *,
        first: int | None = None,
        declared: int | None = None,
        head: bytes | None = None,
        seen: Seen | None = None,
        lost: Sequence[Lost] = (),
        private: Sequence[Private] = (),
    ) -> Batch:
        """A signed batch of envelopes that end the chain, or a heartbeat."""
        start = first if first is not None else self.seq - len(envelopes) + 1
        hashes = [sha256(e).digest() for e in envelopes]
        last = start + len(envelopes) - 1
        unsigned = Batch(
            declared=declared if declared is not None else max(last, self.seq),
            envelopes=list(envelopes),
            first=start,
            head=UNSET if envelopes else (head if head is not None else self.prev),
            lost=list(lost) or UNSET,
            private=list(private) or UNSET,
            seen=seen if seen is not None else UNSET,
            sig=bytes(64),
            suite=1,
            terminal=self.id,
            v=1,
        )
        message = batches.message_of(unsigned, hashes)
        rest = {f: getattr(unsigned, f) for f in Batch.__struct_fields__ if f != "sig"}
        return Batch(**rest, sig=self.event.sign(message))


async def enrol(
    log: Log, terminal: PaperTerminal, info: dict[str, Any] | None = None, replaces: bytes | None = None
) -> bytes:
    """Enrol through the committer, in place of another one where it `replaces` one; returns the answer's bytes."""
    code = secrets.token_hex(16)
    code_hash = sha256(code.encode()).digest()
    async with log.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO log.codes (code_hash, authority, expires) VALUES ($1, $2, now() + interval '15 minutes')",
            code_hash,
            terminal.authority,
        )
    request = EnrolmentRequest(
        code, terminal.event.public, terminal.request.public, info or {"model": "paper"}, bytes(64), bytes(64),
        replaces,
    )  # fmt: skip
    terminal.id = uuid7()
    terminal.prev = enrolment.genesis_hash(terminal.id, terminal.event.public)
    terminal.seq = 0
    work = Enrolment(
        terminal.authority,
        request,
        terminal.id,
        uuid7(),
        code_hash,
        sha256(request.encode()).digest(),
        now(),
        signed_epoch=1,
    )
    answer: bytes = await log.committer.submit(work)
    return answer


async def send(
    log: Log, batch: Batch, *, authority: str = AUTHORITY, lookup: Lookup = REGISTRY.lookup, by_reader: bool = False
) -> bytes:
    """Hand a batch to the committer as the door does after checking its signature; returns the receipt's bytes.

    With `by_reader`, the batch is read as a reader beside the server reads it.
    """
    newest = await log.book.newest(log.pool, authority)
    assert newest is not None
    received = now()
    read = None
    hashes = [sha256(e).digest() for e in batch.envelopes]
    if by_reader:
        row = await log.pool.fetchrow(log.book.queries["terminal"], store.uuid(batch.terminal))
        asked = reader.Asked(batches.encode(batch), bytes(row["event_key"]), authority, newest.epoch, received)
        read, hashes = reader.decode_answer(reader.encode(reader.read(asked, lookup))), []
        assert read is not None, "the signature is good"
    opened = open_private(batch, log.keyring.data_keys(authority))
    work = FieldBatch(batch, authority, newest.epoch, received, lookup, hashes, opened, read=read)
    receipt: bytes = await log.committer.submit(work)
    return receipt
