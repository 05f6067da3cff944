"""Terminals of the year: enrolled by code, each with a signed chain of its own, uploading over HTTP.

Many at once and quick, so the chain lives in memory and not in a queue's file; what goes over the wire is what the
reference terminal sends, and the enrolment is its own. The invariant: an envelope is made once, in the order in which
its terminal recorded, and an upload that the server did not take whole ends the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any, Final

import msgspec
from msgspec import UNSET

from ops.terminal import trust
from ops.terminal.client import MSGPACK, refusal
from ops.terminal.transport import Transport
from ops.year.telling import Told
from schemas import batch, enrolment
from schemas.batch import Batch
from schemas.envelope import encode_sorted
from schemas.keys import Signer

TOGETHER: Final = batch.MAX_ENVELOPES
"""Envelopes in one upload at most."""

_HEADERS: Final = {"Accept": MSGPACK, "Content-Type": MSGPACK}


class UploadFailed(Exception):
    """The server did not take an upload: which terminal, and what it said."""


class _Result(msgspec.Struct):
    outcome: str
    seq: int
    notes: list[str] = []


class _Receipt(msgspec.Struct):
    results: list[_Result]


_RECEIPTS: Final = msgspec.msgpack.Decoder(_Receipt)


@dataclass(slots=True)
class Terminal:
    """One terminal: who it is, its key, and where its chain stands."""

    id: bytes
    authority: str
    key: Signer
    head: bytes
    dice: Random
    seq: int = 0
    boot: bytes = field(default=bytes(16))

    def record(self, told: Told) -> tuple[bytes, bytes]:
        """The envelope of an act and its hash, next in the chain."""
        self.seq += 1
        fields: dict[str, Any] = {
            "about": list(told.about), "at": told.captured, "body": told.body, "by": list(told.by),
            "clock": {"boot": self.boot, "mono": max(0, told.captured - EPOCH), "offset": 0}, "id": told.id,
            "occurred": told.occurred, "prev": self.head, "salt": self.dice.randbytes(16), "seq": self.seq,
            "terminal": self.id, "type": told.type, "v": 1,
        }  # fmt: skip
        if told.loc is not None:
            fields["loc"] = told.loc
        data = encode_sorted(fields)
        self.head = sha256(data).digest()
        return data, self.head

    def parcel(self, some: Sequence[Told]) -> bytes:
        """A signed batch of these acts, which are the newest of the terminal."""
        first = self.seq + 1
        made = [self.record(told) for told in some]
        hashes = [digest for _, digest in made]
        message = batch.signed_message(
            suite=1, terminal=self.id, first=first, count=len(made), envs=batch.envs_hash(hashes), head=self.head,
            declared=self.seq, seen=UNSET, lost=batch.ZERO32,
        )  # fmt: skip
        return batch.encode(
            Batch(
                declared=self.seq, envelopes=[data for data, _ in made], first=first, sig=self.key.sign(message),
                suite=1, terminal=self.id, v=1,
            )
        )  # fmt: skip


EPOCH: Final = 1_700_000_000_000
"""The instant (ms) from which the monotonic clocks of the year's terminals count: none was restarted meanwhile."""


async def enrolled(way: Transport, paper: Mapping[str, object], name: str, dice: Random) -> Terminal:
    """A terminal that was enrolled with what came on paper. Raises Refused, NoAnswer, Distrusted."""
    printed = trust.Paper.read(paper)
    event, request = Signer(dice.randbytes(32)), Signer(dice.randbytes(32))
    info = {"app": "liuhen year", "name": name}
    asked = enrolment.sign_request(printed.code, event, request, info, printed.log, None)
    answer = await way.send("POST", "/sync/v1/terminals", _HEADERS, asked.encode())
    if answer.status != 200:
        raise refusal(answer)
    made = trust.check_enrolment(answer.body, printed, asked)
    return Terminal(made.terminal, made.authority, event, made.genesis, dice, boot=dice.randbytes(16))


async def upload(way: Transport, terminal: Terminal, some: Sequence[Told]) -> int:
    """Hand over acts in the order in which they were recorded; returns how many. Raises UploadFailed, NoAnswer."""
    done = 0
    for start in range(0, len(some), TOGETHER):
        part = some[start : start + TOGETHER]
        body = terminal.parcel(part)
        answer = await way.send("POST", "/sync/v1/batches", _HEADERS, body)
        tries = 0
        while answer.status == 429 and tries < 50:
            tries += 1
            await asyncio.sleep(0.1 * tries)
            answer = await way.send("POST", "/sync/v1/batches", _HEADERS, body)
        if answer.status != 200:
            raise UploadFailed(f"{terminal.id.hex()}: {refusal(answer)}")
        results = _RECEIPTS.decode(answer.body).results
        bad = [one for one in results if one.outcome != "recorded" or one.notes]
        if bad or len(results) != len(part):
            raise UploadFailed(f"{terminal.id.hex()}: {len(bad)} records were not taken as they are: {bad[:3]}")
        done += len(part)
    return done
