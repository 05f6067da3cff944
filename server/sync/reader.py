"""The reader: a process beside the server that does what costs most at the door.

The committer's process is then left with what only it can do. For each batch the reader hashes the envelopes, checks
the signature, reads every envelope and hashes the leaves. It keeps nothing, knows no secret and connects to nothing:
frames come in on its standard input, one answer for each goes out on its standard output in the same order. Invariant:
its answer is what `read` gives in the server's own process, which does the work whenever no reader answers; and it ends
when its standard input does, so it never outlives the server.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
from hashlib import sha256
from typing import BinaryIO, Final

import msgspec

from schemas import batch as batches
from schemas import entries, merkle
from schemas.batch import Batch
from schemas.envelope import Lookup, Reader
from schemas.events import REGISTRY
from schemas.keys import verify_ed25519
from schemas.outline import Read, read_batch

HEAD_BYTES: Final = 4


class Asked(msgspec.Struct, array_like=True, gc=False):
    """What is needed beside the batch `data` (canonical bytes, decoded once before): key, log, instant (ms)."""

    data: bytes
    event_key: bytes
    authority: str
    epoch: int
    received: int


_ENCODER = msgspec.msgpack.Encoder()
_ASKED = msgspec.msgpack.Decoder(Asked)
_ANSWER: msgspec.msgpack.Decoder[Read | None] = msgspec.msgpack.Decoder(Read | None)
encode = _ENCODER.encode
decode_answer = _ANSWER.decode


def hashes_if_signed(batch: Batch, event_key: bytes) -> list[bytes] | None:
    """The hashes of the envelopes, None where the batch's signature is not good."""
    hashes = [sha256(envelope).digest() for envelope in batch.envelopes]
    return hashes if verify_ed25519(event_key, batch.sig, batches.message_of(batch, hashes)) else None


def read(asked: Asked, lookup: Lookup) -> Read | None:
    """What one batch says, None where its signature is not good."""
    batch = batches.decode(asked.data)
    hashes = hashes_if_signed(batch, asked.event_key)
    if hashes is None:
        return None
    leaves = merkle.leaf_hashes(entries.FieldFrame(batch.terminal, asked.received).all(batch.envelopes))
    reader = Reader(asked.authority, asked.epoch, lookup)
    return read_batch(reader, batch.envelopes, hashes, leaves, batch.terminal, batch.first)


def frame_head(size: int) -> bytes:
    """What stands before so many bytes on a pipe."""
    return size.to_bytes(HEAD_BYTES, "big")


def work(source: BinaryIO, target: BinaryIO) -> None:
    """Answer until nothing more is asked."""
    while len(head := source.read(HEAD_BYTES)) == HEAD_BYTES:
        data = source.read(int.from_bytes(head, "big"))
        answer = encode(read(_ASKED.decode(data), REGISTRY.lookup))
        target.write(frame_head(len(answer)) + answer)
        target.flush()


def main() -> None:
    """Entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the server ends us in order
    gc.freeze()  # as in the server: reading leaves no cycles, and looking for them costs a twentieth
    gc.set_threshold(50_000, 20, 20)
    with contextlib.suppress(BrokenPipeError):  # the server has gone
        work(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
