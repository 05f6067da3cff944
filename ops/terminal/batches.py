"""What is offered next: a run of envelopes, cut to the limits of the wire protocol (section 3), signed and compressed.

Pure but for reading the queue. Invariant: a batch never reaches over an envelope that is declared lost, and never
exceeds the limits, whatever lies in the queue.
"""

from __future__ import annotations

import gzip
import sys
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET

from ops.terminal.queue_file import Queue
from ops.terminal.receipts import Offered
from schemas import batch, canonical, private
from schemas.batch import Lost
from schemas.keys import Signer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FRAME: Final = 12_000
"""Room for everything in a batch that is neither envelope nor private value, `lost` apart."""

_HEADER: Final = 5
MAX_LOST_SENT: Final = batch.MAX_LOST


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one batch may hold: envelopes, bytes as sent, bytes inflated."""

    envelopes: int = batch.MAX_ENVELOPES
    sent: int = batch.MAX_BODY
    inflated: int = batch.MAX_INFLATED

    def halved(self) -> Limits:
        """Smaller batches, for a server whose limits are lower."""
        return Limits(max(1, self.envelopes // 2), max(65_536, self.sent // 2), max(131_072, self.inflated // 2))

    @property
    def smallest(self) -> bool:
        """Whether halving changes nothing any more."""
        return self == self.halved()


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch ready to send: `body` with its `Content-Encoding` ("" for none), and what it offers."""

    body: bytes
    encoding: str
    offered: Offered
    declared: int

    @property
    def last(self) -> int:
        """Seq of the last envelope; first - 1 in a heartbeat."""
        return self.offered.first + len(self.offered.hashes) - 1


def cut(queue: Queue, signer: Signer, limits: Limits, encoding: str) -> Parcel:
    """The next batch of `queue`: a heartbeat if nothing waits. `encoding` is zstd, gzip or ""."""
    room = limits
    while True:
        parcel = _cut(queue, signer, room, encoding)
        if len(parcel.body) <= limits.sent or len(parcel.offered.hashes) <= 1:
            return parcel
        # What did not compress below the limit is cut in halves until it does.
        room = Limits(max(1, len(parcel.offered.hashes) // 2), limits.sent, limits.inflated)


def _cut(queue: Queue, signer: Signer, limits: Limits, encoding: str) -> Parcel:
    state = queue.state
    newest = queue.newest
    parts = queue.lost_parts()
    first = state.cursor
    for begin, end in parts:
        if begin <= first <= end:
            first = end + 1
    stop = min((begin for begin, _ in parts if begin > first), default=newest + 1)
    hashes: list[bytes] = []
    envelopes: list[bytes] = []
    size = FRAME
    for each in queue.kept(first, min(limits.envelopes, stop - first)):
        if each.data is None or (envelopes and size + len(each.data) + _HEADER > limits.inflated):
            break
        hashes.append(each.hash)
        envelopes.append(each.data)
        size += len(each.data) + _HEADER
    last = first + len(envelopes) - 1
    seen = queue.seen
    declared = min(newest, last + batch.MAX_AHEAD)
    # Only holes that the server has not acknowledged; it ignores the others, but a batch has its size.
    told = [(begin, end) for begin, end in parts if end < first and end > state.server_seq][:MAX_LOST_SENT]
    lost = [Lost(begin, queue.hash_at(end), end) for begin, end in told]
    head = hashes[-1] if hashes else queue.hash_at(first - 1)
    message = batch.signed_message(
        suite=1, terminal=state.id, first=first, count=len(hashes), envs=batch.envs_hash(hashes), head=head,
        declared=declared, seen=UNSET if seen is None else seen, lost=batch.lost_hash(lost),
    )  # fmt: skip
    fields: dict[str, Any] = {
        "declared": declared, "envelopes": envelopes, "first": first, "sig": signer.sign(message), "suite": 1,
        "terminal": state.id, "v": 1,
    }  # fmt: skip
    if not envelopes:
        fields["head"] = head
    if lost:
        fields["lost"] = [{"first": each.first, "hash": each.hash, "last": each.last} for each in lost]
    if seen is not None:
        fields["seen"] = {"epoch": seen.epoch, "root": seen.root, "size": seen.size}
    values = _sealed(queue, first, last, limits.inflated - size)
    if values:
        fields["private"] = values
    body = canonical.encode(fields)
    return Parcel(compress(body, encoding), encoding, Offered(state.id, first, hashes, seen), declared)


def _sealed(queue: Queue, first: int, last: int, room: int) -> list[dict[str, bytes]]:
    """Private values that have not arrived, sealed to the newest data key, as many as there is room for."""
    data_key = queue.epoch.data
    values: list[dict[str, bytes]] = []
    most = min(batch.MAX_PRIVATE, max(0, room) // (batch.MAX_SEALED + 64))
    for h, plain in queue.private_values(first, last, most):
        opened: Any = canonical.decode(plain)
        values.append({"c": private.seal(opened["value"], opened["salt"], h, data_key), "h": h})
    return values


def compress(body: bytes, encoding: str) -> bytes:
    """`body` in one frame or member, with nothing behind it."""
    if encoding == "zstd":
        return zstd.compress(body, level=3)
    if encoding == "gzip":
        return gzip.compress(body, compresslevel=6, mtime=0)
    if encoding:
        raise ValueError(f"expected zstd, gzip or nothing, got {encoding}")
    return body
