"""What the terminals' face does: from bytes at the door to a work for the committer, and back to bytes.

The order is that of section 3.1: size, inflate, decode; terminal, signature, quota; then admission under the lock. An
upload that was begun is finished even if the client goes away, and the same bytes sent again meanwhile wait for the
same answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import asyncpg

from schemas import batch as batches
from schemas import canonical, enrolment
from schemas.batch import Batch
from schemas.envelope import MAX_ENVELOPE, Lookup
from schemas.problems import Problem
from server.log import store
from server.log.acts import Enrolment, enrolment_answer
from server.log.batches import FieldBatch, open_private
from server.log.book import LogClosed, LogState
from server.log.committer import Committer, answered
from server.log.ids import now_ms, uuid7
from server.log.terminals import Enrolled
from server.signed import SignedRequests
from server.sync.changes import Changes
from server.sync.encoding import inflate
from server.sync.quota import Quota, Quotas
from server.sync.reader import Asked, decode_answer, hashes_if_signed
from server.sync.readers import Readers

MANY_PRIVATE: Final = 8
KEY_BYTES: Final = 192
"""The end of a batch: `sig`, `suite`, `terminal`, `v`."""


@dataclass(slots=True)
class Sync:
    """Everything that the handlers need. `contacts`: when terminals last spoke, until it is written down.

    `clock` says when a batch was received (ms); it is this machine's, and another one only where weeks are played in a
    minute.
    """

    committer: Committer
    pool: asyncpg.Pool
    lookup: Lookup
    signed: SignedRequests
    readers: Readers | None = None
    """Processes that read batches with the registry of this program; without them everything is read here."""
    quota: Quota = field(default_factory=Quota)
    changes: Changes | None = None
    clock: Callable[[], int] = now_ms
    quotas: Quotas = field(init=False)
    contacts: dict[bytes, int] = field(default_factory=dict)
    _inside: int = 0
    _uploads: dict[bytes, tuple[bytes, asyncio.Future[Any]]] = field(default_factory=dict)
    _flying: dict[bytes, asyncio.Task[Any]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One batch is worked on at a time, and between two of them the loop looks at its sockets: uploads that come in
    together would otherwise keep the database waiting for the committer, one long stretch of work after the other."""
    _data_keys: dict[tuple[str, int], Mapping[bytes, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.quotas = Quotas(self.quota)

    # -- batches --

    async def batch(self, body: bytes, coding: str) -> bytes:
        """The receipt for an uploaded batch. Raises Problem. Idempotency: the envelopes' bytes at their places."""
        # Bodies in flight are found by their end, where the signature is: hashing all of each would cost more.
        key = coding.encode() + b"\x00" + body[-KEY_BYTES:]
        same, flying = self._uploads.get(key, (b"", None))
        self._inside += 1
        try:
            if flying is None or same != body:
                work = await self._door(inflate(body, coding, batches.MAX_INFLATED))
                flying = self.committer.enqueue(work)
                self._uploads[key] = body, flying
                flying.add_done_callback(lambda _: self._uploads.pop(key, None))
            receipt: bytes = await answered(flying)
        finally:
            self._inside -= 1
        return receipt

    async def _door(self, data: bytes) -> FieldBatch:
        # (1) size, form, version
        batch = batches.decode(data)
        # (2) terminal, signature, quota
        terminal = await self.signed.known(batch.terminal)
        received = self.clock()
        epoch, told = await self._ask(data, terminal, received)
        read = None
        hashes: list[bytes] | None
        if told is not None:
            read = decode_answer(told)
            hashes = None if read is None else []
        else:
            async with self._turn:
                hashes = hashes_if_signed(batch, terminal.event_key)
        if hashes is None:
            raise Problem("bad_signature", "sig does not fit the batch and the enrolled event key")
        self.quotas.take(batch.terminal, time.monotonic())
        log = await self._log(terminal.authority)
        self.contacts[batch.terminal] = now_ms()
        opened = await self._open_private(batch, log)
        if read is not None and epoch == log.epoch:
            return FieldBatch(batch, terminal.authority, log.epoch, received, self.lookup, hashes, opened, read=read)
        async with self._turn:
            return FieldBatch(batch, terminal.authority, log.epoch, received, self.lookup, hashes, opened)

    async def _ask(self, data: bytes, terminal: Enrolled, received: int) -> tuple[int, bytes | None]:
        """(epoch, what a reader says of a batch): None where none answers, or where it would only be a detour because
        this batch is the only one here.
        """
        log = self.committer.book.current(terminal.authority)
        if self.readers is None or log is None or self._inside < 2:
            return 0, None
        asked = Asked(data, terminal.event_key, terminal.authority, log.epoch, received)
        return log.epoch, await self.readers.ask(asked, self._inside)

    async def _open_private(self, batch: Batch, log: LogState) -> Any:
        if not batch.private:
            return ()
        key = (log.authority, log.epoch)
        if key not in self._data_keys:
            self._data_keys[key] = await asyncio.to_thread(self.committer.book.keyring.data_keys, log.authority)
        if len(batch.private) <= MANY_PRIVATE:
            return open_private(batch, self._data_keys[key])
        return await asyncio.to_thread(open_private, batch, self._data_keys[key])

    def _fly(self, digest: bytes, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._flying[digest] = task

        def landed(done: asyncio.Task[Any]) -> None:
            self._flying.pop(digest, None)
            if not done.cancelled():
                done.exception()  # looked at, whether or not anybody still waits

        task.add_done_callback(landed)
        return task

    async def _log(self, authority: str) -> LogState:
        book = self.committer.book
        found = book.current(authority) or await book.newest(self.pool, authority)
        if found is None:
            raise Problem("not_found", "the authority has no log")
        return found

    # -- enrolment --

    async def enrol(self, body: bytes) -> bytes:
        """The enrolment answer. The same request while its code lives gets the same terminal. Raises Problem."""
        request = enrolment.EnrolmentRequest.decode(body)
        code_hash, request_hash = sha256(request.code.encode()).digest(), sha256(body).digest()
        queries = self.committer.book.queries
        code = await self.pool.fetchrow(queries["code"], code_hash)
        if code is None or not code["alive"]:
            raise Problem("enrolment_code_invalid")
        logs = await self.pool.fetch(queries["logs_of"], code["authority"])
        epoch = _signed_for(request, [self.committer.book.state(row) for row in logs])
        if code["terminal"] is not None:
            if bytes(code["request"] or b"") != request_hash:
                raise Problem("enrolment_code_invalid")
            return await self._answer_again(code["terminal"], epoch)
        if request.replaces is not None:
            replaced = await self.signed.terminals.get(request.replaces)
            if replaced is None or replaced.authority != code["authority"]:
                raise Problem("unknown_terminal", "the terminal named in replaces is not enrolled here")
        work = Enrolment(
            code["authority"], request, uuid7(), uuid7(), code_hash, request_hash, now_ms(), signed_epoch=epoch
        )
        flying = self._flying.get(request_hash) or self._fly(request_hash, self.committer.submit(work))
        try:
            answer: bytes = await asyncio.shield(flying)
        except Problem as problem:
            code = await self.pool.fetchrow(queries["code"], code_hash)
            if code is not None and code["terminal"] is not None and bytes(code["request"] or b"") == request_hash:
                return await self._answer_again(code["terminal"], epoch)  # another process was quicker
            raise Problem(problem.code, problem.reason, **problem.fields) from None
        return answer

    async def _answer_again(self, terminal: Any, epoch: int) -> bytes:
        """The answer to an enrolment that stands in the log already, by whichever process it was written."""
        queries, book = self.committer.book.queries, self.committer.book
        row = await self.pool.fetchrow(queries["terminal"], terminal)
        logs = await self.pool.fetch(queries["logs_of"], row["authority"])
        for log in logs:
            if log["log_id"] == row["log_id"]:
                try:
                    state = await book.view(log, newest=log is logs[-1])
                except LogClosed as why:
                    raise Problem("not_ready", str(why)) from None
                place = row["position"]
                found = await self.pool.fetchrow(queries["entries"], row["log_id"], place, place + 1)
                entry = bytes(found["entry"])
                return await enrolment_answer(state, log["size"], log["note"], place, entry, self.committer, epoch)
        raise Problem("not_found")

    # -- head --

    async def head(self, terminal: bytes) -> bytes:
        """The answer of GET /sync/v1/head: a hint, never leave to delete."""
        queries = self.committer.book.queries
        row = await self.pool.fetchrow(queries["terminal"], store.uuid(terminal))
        missing: dict[str, list[bytes]] = {"blob": [], "private": []}
        if row["waiting"] > 0:
            for item in await self.pool.fetch(queries["missing"], store.uuid(terminal), 1_000):
                missing[item["kind"]].append(bytes(item["digest"]))
        self.contacts[terminal] = now_ms()
        return canonical.encode(
            {
                "declared": row["declared"],
                "head": {"hash": bytes(row["hash"]), "seq": row["seq"]},
                "held": row["held"] or row["revoked"] is not None,
                "limits": {
                    "batch": batches.MAX_BODY,
                    "envelope": MAX_ENVELOPE,
                    "envelopes": batches.MAX_ENVELOPES,
                    "inflated": batches.MAX_INFLATED,
                    "private": batches.MAX_PRIVATE,
                },
                "missing": missing["blob"],
                "missing_private": missing["private"],
                "now": now_ms(),
            }
        )

    # -- changes --

    def feed(self) -> Changes:
        """What changed for terminals. Raises Problem not_ready where the process tables are not served here."""
        if self.changes is None:
            raise Problem("not_ready", "this server does not serve changes")
        return self.changes

    async def flush_contacts(self) -> None:
        """Write down when terminals last spoke; called once a second."""
        if not self.contacts:
            return
        contacts, self.contacts = self.contacts, {}
        newest = max(contacts.values())
        await self.pool.execute(
            self.committer.book.queries["contact"],
            [store.uuid(t) for t in contacts],
            datetime.fromtimestamp(newest / 1000, UTC),
        )


def _signed_for(request: enrolment.EnrolmentRequest, states: list[LogState]) -> int:
    """The epoch whose verifier key the request was signed for, the newest first. Raises Problem."""
    refused = Problem("bad_signature", "signed for no key of this authority")
    for state in reversed(states):
        if state.keys is None:
            continue
        try:
            enrolment.check_request(request, str(state.verifier))
        except Problem as problem:
            if problem.code != "bad_signature":
                raise
            refused = problem
        else:
            return state.epoch
    raise refused
