"""Claims about the readers: processes that read batches for the server, and what happens when one is lost."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from collections.abc import Callable
from hashlib import sha256

import pytest

from ops.bench.load import LoadTerminal
from schemas import batch as batches
from schemas import entries, merkle
from schemas.batch import Batch
from schemas.envelope import Reader
from schemas.events import REGISTRY
from schemas.keys import Signer
from schemas.outline import Read, outline
from server.sync import reader
from server.sync.reader import Asked
from server.sync.readers import Readers

AUTHORITY = "210500"
MANY = 1_000
RECEIVED = 1_790_000_000_000


def terminal() -> LoadTerminal:
    return LoadTerminal(AUTHORITY, Signer(b"\x01" * 32), Signer(b"\x02" * 32), id=b"\x03" * 16)


def asked(data: bytes, key: bytes | None = None) -> Asked:
    return Asked(data, key if key is not None else Signer(b"\x01" * 32).public, AUTHORITY, 1, RECEIVED)


def check(answer: Read | None, batch: Batch) -> None:
    hashes = [sha256(each).digest() for each in batch.envelopes]
    frame = entries.FieldFrame(batch.terminal, RECEIVED)
    own = Reader(AUTHORITY, 1, REGISTRY.lookup).take_all(batch.envelopes, hashes, batch.terminal, batch.first)
    assert answer is not None
    assert answer.leaves == [merkle.leaf_hash(frame(each)) for each in batch.envelopes]
    assert answer.outline == outline(own)
    if answer.outline is None:
        assert (answer.hashes, answer.readings) == (hashes, own)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not happened():  # noqa: ASYNC110 - processes begin and end without telling us
            await asyncio.sleep(0.01)


def test_answers_come_in_the_order_of_the_questions() -> None:
    made = terminal()
    sent = [made.batch(5), made.batch(1), made.batch(9)]
    questions = b"".join(reader.frame_head(len(q)) + q for q in (reader.encode(asked(data)) for data in sent))
    told = io.BytesIO()
    reader.work(io.BytesIO(questions), told)
    told.seek(0)
    for data in sent:
        size = int.from_bytes(told.read(reader.HEAD_BYTES), "big")
        check(reader.decode_answer(told.read(size)), batches.decode(data))
    assert told.read() == b""


def test_a_batch_whose_signature_is_not_good_gives_up_nothing() -> None:
    answer = reader.read(asked(terminal().batch(3), Signer(b"\x09" * 32).public), REGISTRY.lookup)
    assert answer is None


def test_undecodable_envelopes_come_back_with_their_notes() -> None:
    made = terminal()
    envelopes = [b"\xc1", b"", *batches.decode(made.batch(2)).envelopes]
    unsigned = Batch(declared=4, envelopes=envelopes, first=1, sig=bytes(64), suite=1, terminal=made.id, v=1)
    hashes = [sha256(each).digest() for each in envelopes]
    sig = made.event.sign(batches.message_of(unsigned, hashes))
    whole = Batch(declared=4, envelopes=envelopes, first=1, sig=sig, suite=1, terminal=made.id, v=1)
    answer = reader.decode_answer(reader.encode(reader.read(asked(batches.encode(whole)), REGISTRY.lookup)))
    check(answer, whole)
    assert answer is not None
    assert answer.readings[0].notes == ("not_canonical", "unlinked")


@pytest.mark.asyncio
async def test_several_readers_share_the_questions_and_end_with_the_block() -> None:
    readers = Readers(2)
    made = terminal()
    sent = [made.batch(3) for _ in range(20)]
    async with readers.running():
        assert await readers.ask(asked(sent[0]), MANY) is None, "the first question begins them"
        await until(lambda: len(readers.pids) == 2)
        pids = readers.pids
        answers = await asyncio.gather(*(readers.ask(asked(data), MANY) for data in sent))
    for data, answer in zip(sent, answers, strict=True):
        assert answer is not None
        check(reader.decode_answer(answer), batches.decode(data))
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.asyncio
async def test_few_uploads_are_read_by_the_server_while_the_reader_has_one_and_of_many_it_gets_all() -> None:
    readers = Readers(1)
    data = terminal().batch(3)
    async with readers.running():
        assert await readers.ask(asked(data), 2) is None, "the first question begins it"
        await until(lambda: bool(readers.pids))
        [pid] = readers.pids
        os.kill(pid, signal.SIGSTOP)  # so that what it was given certainly waits
        given = [asyncio.create_task(readers.ask(asked(data), 8))]
        await asyncio.sleep(0)
        assert await readers.ask(asked(data), 8) is None, "it has one of eight already"
        given += [asyncio.create_task(readers.ask(asked(data), 32)) for _ in range(5)]
        await asyncio.sleep(0)
        assert await readers.ask(asked(data), 32) is None, "it has six of 32"
        given += [asyncio.create_task(readers.ask(asked(data), 128)) for _ in range(60)]
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGCONT)
        assert None not in await asyncio.gather(*given)


@pytest.mark.asyncio
async def test_a_killed_reader_answers_none_and_is_replaced() -> None:
    readers = Readers(1)
    data = terminal().batch(3)
    async with readers.running():
        assert await readers.ask(asked(data), MANY) is None, "the first question begins it"
        await until(lambda: bool(readers.pids))
        [first] = readers.pids
        os.kill(first, signal.SIGSTOP)  # so that the question is certainly waiting when it dies
        waiting = asyncio.create_task(readers.ask(asked(data), MANY))
        await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)
        assert await waiting is None
        assert await readers.ask(asked(data), MANY) is None
        began = time.monotonic()
        await until(lambda: bool(readers.pids) and readers.pids != [first])
        assert time.monotonic() - began < 20
        answer = await readers.ask(asked(data), MANY)
        assert answer is not None
        check(reader.decode_answer(answer), batches.decode(data))
