"""A field batch on its way into the log: read at the door, admitted under the lock, answered with a receipt.

Everything that costs time and needs no lock is done when the work is made: readings, entry bytes, leaf hashes, private
values. `decide` is `schemas.admission` and bookkeeping. The receipt is made after commit and register, from proofs that
are checked against the signed root before they leave.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import UNSET

from schemas import admission, enrolment, entries, merkle, notes
from schemas import batch as batches
from schemas import envelope as envelopes
from schemas import outline as outlines
from schemas import private as privates
from schemas import receipt as receipts
from schemas.admission import Admission, Fresh, Known, Offer, Stored
from schemas.batch import Batch
from schemas.envelope import Lookup, Taken
from schemas.outline import Outline, Read
from schemas.problems import Problem
from server.log import store
from server.log.book import Book, LogState
from server.log.committer import Committer
from server.log.group import Foreseeable, Group, Terminal, Turn
from server.log.store import Connection

ZERO32: Final = bytes(32)
_ENCODER = msgspec.msgpack.Encoder()  # the lines of results are written with their keys in order


@dataclass(frozen=True, slots=True)
class Opened:
    """A private value that came with a batch; `opened` says that it is the value behind the commitment."""

    digest: bytes
    sealed: bytes
    opened: bool


@lru_cache(maxsize=1_024)
def _begin(outcome: str, notes: tuple[str, ...], epoch: int | None = None) -> bytes:
    """A line of the results up to the value of `position`; behind it only `seq` follows. Keys are in order."""
    fields: dict[str, Any] = {} if epoch is None else {"epoch": epoch}
    if notes:
        fields["notes"] = notes
    written = _ENCODER.encode({**fields, "outcome": outcome, "position": 0, "seq": 0})
    return written[: -len(b"\x00\xa3seq\x00")]


def hashes_of(batch: Batch) -> list[bytes]:
    """The envelope hashes of a batch."""
    return [sha256(envelope).digest() for envelope in batch.envelopes]


class FieldBatch(Foreseeable):
    """A batch whose signature was verified. Idempotency: (terminal, seq) and the bytes stored there."""

    __slots__ = (
        "_admitted",
        "_authority",
        "_chain",
        "_entries",
        "_epoch",
        "_found",
        "_hashes",
        "_head",
        "_lookup",
        "_private",
        "_read",
        "_seal_position",
        "_split",
        "batch",
        "received",
        "size",
    )

    def __init__(
        self,
        batch: Batch,
        authority: str,
        epoch: int,
        received: int,
        lookup: Lookup,
        hashes: list[bytes],
        private: Sequence[Opened] = (),
        *,
        read: Read | None = None,
    ) -> None:
        """`read` = what another process read of the batch in `epoch`; `hashes`, of its envelopes, may then be empty."""
        self.batch = batch
        self.received = received
        self._authority = authority
        self._lookup = lookup
        self._hashes = hashes
        self._private = private
        self._split = False
        self._entries = entries.FieldFrame(batch.terminal, received).all(batch.envelopes)
        self.size = sum(map(len, self._entries)) + 512
        self._epoch = epoch
        self._read = read if read is not None else self._read_here(merkle.leaf_hashes(self._entries))
        self._admitted: Admission | None = None
        self._seal_position: int | None = None
        self._chain = 0
        self._head = (0, ZERO32)
        self._found: Terminal | None = None

    def _read_here(self, leaves: list[bytes]) -> Read:
        batch, reader = self.batch, envelopes.Reader(self._authority, self._epoch, self._lookup)
        hashes = self._hashes or hashes_of(batch)
        return outlines.read_batch(reader, batch.envelopes, hashes, leaves, batch.terminal, batch.first)

    def _readings(self) -> Sequence[Taken]:
        """One by one, whether or not the batch has an outline."""
        read, batch = self._read, self.batch
        if read.outline is not None and not read.readings:
            read.hashes = hashes_of(batch)
            reader = envelopes.Reader(self._authority, self._epoch, self._lookup)
            read.readings = reader.take_all(batch.envelopes, read.hashes, batch.terminal, batch.first)
        return read.readings

    # -- what the committer asks --

    @property
    def authority(self) -> str:
        """The log that this goes to."""
        return self._authority

    def terminals(self) -> Sequence[bytes]:
        """States to read under the lock."""
        return (self.batch.terminal,)

    def places(self, group: Group) -> tuple[bytes, int, int] | None:
        """Stored envelopes to compare with: none in the common case, where everything is new."""
        found = group.terminals.get(self.batch.terminal)
        if found is None:
            return None
        state, batch = found.state, self.batch
        rare = state.rare
        if batch.envelopes and batch.first > state.seq and not rare.branches and not rare.holes:
            return None
        if not batch.envelopes and batch.first - 1 == state.seq:
            return None
        return batch.terminal, max(0, batch.first - 1), batch.last

    def ids(self) -> Sequence[bytes]:
        """Event ids to look for."""
        read = self._read
        return read.outline.ids if read.outline is not None else [r.id for r in read.readings if r.id is not None]

    async def read(self, connection: Connection, turn: Turn, group: Group, book: Book) -> None:
        """Whether `seen` contradicts the log: a later epoch, a larger size, another root."""
        seen = self.batch.seen
        if turn.log.epoch != self._epoch:
            self._epoch = turn.log.epoch
            self._read = self._read_here(self._read.leaves)
        if seen is UNSET:
            return
        if seen.epoch > turn.log.epoch:
            self._split = True
        elif seen.epoch == turn.log.epoch:
            self._split = seen.size > turn.base or await turn.log.root_at(seen.size) != seen.root
        else:
            self._split = not await _old_root_matches(connection, book, self._authority, seen)

    async def foresee(self, log: LogState) -> bool:
        """Whether it may be decided ahead of the lock: it has an outline for the log's epoch, and what the terminal has
        seen of it is what was signed.
        """
        seen = self.batch.seen
        if self._read.outline is None or log.epoch != self._epoch:
            return False
        if seen is UNSET:
            return True
        return seen.epoch == log.epoch and seen.size <= log.signed_size and await log.root_at(seen.size) == seen.root

    def decide_whole(self, turn: Turn, group: Group) -> bool:
        """Admit it where nothing in it is remarkable; else False, and nothing is changed."""
        batch, outline = self.batch, self._read.outline
        found = group.terminals.get(batch.terminal)
        if outline is None or found is None or self._split or batch.terminal in group.shared:
            return False
        known = group.ids.setdefault(turn.log.log_id, set())
        admitted = admission.admit_outline(found.state, outline, batch.first, batch.declared, known)
        if admitted is None:
            return False
        self._write_whole(outline, admitted, turn, group, found)
        self._write_rest(admitted, turn, group, found)
        return True

    def decide(self, turn: Turn, group: Group) -> None:
        """Admit, and put what comes out into the turn. Raises Problem."""
        if self.decide_whole(turn, group):
            return
        found = group.terminals.get(self.batch.terminal)
        if found is None:
            raise Problem("unknown_terminal")
        admitted = self._admit_each(group, found, group.ids.setdefault(turn.log.log_id, set()))
        self._write_envelopes(admitted, turn, group, found)
        self._write_rest(admitted, turn, group, found)

    def _write_rest(self, admitted: Admission, turn: Turn, group: Group, found: Terminal) -> None:
        """The seal, what the log noticed, the terminal, and private values."""
        batch = self.batch
        self._admitted, self._seal_position = admitted, None  # whatever an earlier try had put there
        if admitted.seal:
            position = turn.append(self._seal_entry())
            self._seal_position = position
            turn.seals.append((batch.terminal, self._chain, position, batch.last))
        for kind, body in admitted.incidents:
            turn.append(entries.incident(kind, body, batch.terminal, secrets.token_bytes(16), self.received))
        if admitted.state != found.state or found.more:
            found.state = admitted.state
            found.touched = True
        self._head = (found.state.seq, found.state.hash)
        self._found = found
        group.private.extend((p.digest, p.sealed, p.opened) for p in self._private)

    def _admit_each(self, group: Group, found: Terminal, known: set[bytes]) -> Admission:
        """Admission envelope by envelope. Raises Problem."""
        batch = self.batch
        offer = Offer(
            terminal=batch.terminal,
            first=batch.first,
            readings=self._readings(),
            declared=batch.declared,
            lost=batch.lost,
            head=batch.head,
            seen=batch.seen,
            split=self._split,
            genesis=b"" if batch.envelopes else enrolment.genesis_hash(batch.terminal, found.event_key),
        )
        stored = group.stored.get(batch.terminal, {})
        # The place before `first` matters to a heartbeat and behind a hole only.
        lowest = batch.first if batch.envelopes and not found.state.rare.holes else batch.first - 1
        near = {s: stored[s] for s in range(lowest, batch.last + 1) if s in stored} if stored else {}
        return admission.admit(found.state, offer, near, known)

    def _write_whole(self, outline: Outline, admitted: Admission, turn: Turn, group: Group, found: Terminal) -> None:
        """`_write_envelopes` of a batch that was decided as a whole: one run of entries and keys."""
        terminal, first, result = self.batch.terminal, self.batch.first, admitted.plain
        assert result is not None
        begin = turn.extend(self._entries, self._read.leaves)
        bits = envelopes.notes_to_bits(result.notes)
        turn.runs.append((terminal, first, result.chain, begin, bits, outline.ids))
        turn.tags += [(tag, begin + index, offsets) for tag, index, offsets in outline.tags]
        for kind, digest, index in outline.wanted:
            group.wanted.append((turn.log.log_id, terminal, kind, digest, first + index, begin + index))
        found.more += len(outline.wanted)
        self._chain = result.chain

    def _write_envelopes(self, admitted: Admission, turn: Turn, group: Group, found: Terminal) -> None:
        batch = self.batch
        terminal, epoch, log_id = batch.terminal, turn.log.epoch, turn.log.log_id
        shared = terminal in group.shared
        tags: dict[str, list[int]] = {}
        runs: list[list[int]] = []
        last_tags: tuple[str, ...] | None = None
        add_key, readings, first = turn.keys.append, self._readings(), batch.first
        chain = admitted.state.chain
        for index, result in enumerate(admitted.results):
            if isinstance(result, Known):
                chain = result.stored.chain
                continue
            reading = readings[index]
            seq = first + index
            if result.branch is None:
                position = turn.append(self._entries[index], self._read.leaves[index])
            else:
                position = turn.append(
                    entries.branch(result.branch, batch.envelopes[index], seq, terminal, self.received)
                )
            bits = envelopes.notes_to_bits(result.notes) if result.notes else 0
            chain = result.chain
            add_key((log_id, terminal, seq, chain, position, bits, reading.id))
            if shared:
                group.remember(terminal, seq, Stored(chain, reading.hash, position, epoch, bits))
            if reading.tags != last_tags:
                last_tags = reading.tags
                runs = [tags.setdefault(tag, []) for tag in last_tags]
            for places in runs:
                places.append(position)
            for digest in reading.blobs:
                group.wanted.append((log_id, terminal, "blob", digest, seq, position))
                found.more += 1
            for digest in reading.private:
                group.wanted.append((log_id, terminal, "private", digest, seq, position))
                found.more += 1
        self._chain = chain
        turn.tag(tags)

    def _seal_entry(self) -> bytes:
        batch, read = self.batch, self._read
        if read.outline is not None:
            head, envs = read.outline.hash, read.outline.envs
        else:
            head = read.hashes[-1] if read.hashes else bytes(batch.head or b"")
            envs = batches.envs_hash(read.hashes)
        return entries.seal(
            count=len(batch.envelopes),
            declared=batch.declared,
            first=batch.first,
            head=head,
            seen=batch.seen,
            lost=batches.lost_hash(batch.lost),
            sig=batch.sig,
            terminal=batch.terminal,
            suite=batch.suite,
            envs=envs,
            received=self.received,
        )

    # -- the receipt, after commit and register --

    async def answer(self, turn: Turn, committer: Committer) -> bytes:
        """The receipt's bytes."""
        return await self._receipt(turn, committer)

    async def _receipt(self, turn: Turn, committer: Committer) -> bytes:
        admitted, log, batch = self._admitted, turn.log, self.batch
        assert admitted is not None and log.keys is not None  # noqa: PT018 - decided and signed
        size = turn.size
        root = await log.root_at(size)
        fields: dict[str, Any] = {
            "blobs_safe": 0,
            "checkpoint": turn.note,
            "durable": "committed",
            "head": {"hash": self._head[1], "seq": self._head[0]},
            "missing": [],
            "missing_private": [],
            "received": self.received,
            "results": self._results(turn, admitted),
            "suite": 1,
            "terminal": batch.terminal,
            "v": 1,
            "watermark": 0,
        }
        pool, queries = committer.pool, committer.book.queries
        assert pool is not None
        terminal = store.uuid(batch.terminal)
        # (1) the seal that covers the batch
        position = self._seal_position
        if position is None:
            position = await pool.fetchval(queries["covering_seal"], log.log_id, terminal, self._chain, batch.last)
            if position is not None:
                fields["seal"] = bytes(
                    (await pool.fetchrow(queries["entries"], log.log_id, position, position + 1))["entry"]
                )
        else:
            fields["seal"] = turn.entries[position - turn.base]
        if position is not None and position < size:
            proof = await log.tree.inclusion(position, size)
            leaf = merkle.leaf_hash(fields["seal"])
            if not merkle.verify_inclusion(leaf, position, size, proof, root):
                raise Problem("not_ready", "a proof does not verify under the signed root")
            fields["proof"] = {"hashes": proof, "index": position}
        else:
            fields.pop("seal", None)
        # (2) consistency with what the terminal has seen
        seen = batch.seen
        if seen is not UNSET and seen.epoch == log.epoch and seen.size < size and not self._split:
            fields["consistency"] = await log.tree.consistency(seen.size, size)
        # (3) epochs that the terminal has not followed yet
        if seen is UNSET or seen.epoch < log.epoch:
            after = log.epoch - 1 if seen is UNSET else seen.epoch
            fields["epochs"] = await epoch_entries(pool, queries, log, after)
            fields["epoch_proof"] = await log.tree.inclusion(0, size)
        # (4) what has not arrived
        if self._found is not None and self._found.waiting > 0:
            for row in await pool.fetch(queries["missing"], terminal, receipts.MAX_MISSING):
                key = "missing" if row["kind"] == "blob" else "missing_private"
                fields[key].append(bytes(row["digest"]))
        # (5) what a standby or a verified backup holds
        if log.backed > 0:
            fields["watermark"] = await pool.fetchval(
                queries["watermark"], log.log_id, terminal, admitted.state.chain, log.backed
            )
            fields["blobs_safe"] = await self._blobs_safe(pool, queries, terminal, fields["watermark"])
        return receipts.build(fields, log.keys.receipt.sign)

    async def _blobs_safe(self, pool: Any, queries: Mapping[str, str], terminal: Any, watermark: int) -> int:
        rows = await pool.fetch(queries["missing"], terminal, 1)
        first = min((row["seq"] for row in rows if row["kind"] == "blob"), default=None)
        return watermark if first is None else min(watermark, first - 1)

    def _results(self, turn: Turn, admitted: Admission) -> msgspec.Raw:
        """The array of results, encoded once: the receipt is encoded for its signature and again with it."""
        results = admitted.results
        fresh = self._fresh_positions()
        if admitted.plain is not None:
            begin, encode = _begin("recorded", admitted.plain.notes), _ENCODER.encode
            pairs = zip(fresh, range(self.batch.first, self.batch.last + 1), strict=True)
            lines = b"".join([begin + encode(position) + b"\xa3seq" + encode(seq) for position, seq in pairs])
            return msgspec.Raw(envelopes.array_header(len(results)) + lines)
        found = [envelopes.array_header(len(results))]
        places = iter(fresh)
        for seq, result in enumerate(results, self.batch.first):
            if isinstance(result, Fresh):
                begin = _begin("recorded" if result.branch is None else "forked", result.notes)
                position = next(places)
            else:
                stored = result.stored
                epoch = stored.epoch if stored.epoch != turn.log.epoch else None
                begin = _begin("duplicate", envelopes.notes_from_bits(stored.note_bits), epoch)
                position = stored.position
            found.append(begin + _ENCODER.encode(position) + b"\xa3seq" + _ENCODER.encode(seq))
        return msgspec.Raw(b"".join(found))

    def _fresh_positions(self) -> range:
        """Fresh envelopes stand one behind the other, right before the batch's seal."""
        admitted = self._admitted
        if admitted is None or self._seal_position is None:
            return range(0)
        return range(self._seal_position - admitted.fresh, self._seal_position)


async def epoch_entries(pool: Any, queries: Mapping[str, str], log: LogState, after: int) -> list[bytes]:
    """Leaf 0 of every epoch behind `after` up to the log's own, ascending. Read once: they never change."""
    if not log.chain:
        found = []
        for row in await pool.fetch(queries["logs_of"], log.authority):
            if row["epoch"] <= log.epoch and row["size"] > 0:
                first = await pool.fetchrow(queries["entries"], row["log_id"], 0, 1)
                found.append((row["epoch"], bytes(first["entry"])))
        log.chain = found
    return [entry for epoch, entry in log.chain if epoch > after]


async def _old_root_matches(connection: Connection, book: Book, authority: str, seen: envelopes.Seen) -> bool:
    """Whether an earlier epoch had the root that a terminal says it had. After a restore it may have been larger than
    what is stored of it: then the checkpoint that the next epoch quotes is all that is known, and below its size the
    terminal's word cannot be contradicted.
    """
    rows = {row["epoch"]: row for row in await connection.fetch(book.queries["logs_of"], authority)}
    row, following = rows.get(seen.epoch), rows.get(seen.epoch + 1)
    if row is None or following is None:
        return False
    if seen.size <= row["size"]:
        return await book.old_root(row, seen.size) == seen.root
    leaf = await connection.fetchrow(book.queries["entries"], following["log_id"], 0, 1)
    entry = entries.decode(bytes(leaf["entry"]))
    if not isinstance(entry, entries.EpochEntry) or not entry.previous:
        return False
    quoted = notes.parse_checkpoint(notes.split_note(entry.previous)[0])
    return seen.size < quoted.size or (seen.size, seen.root) == (quoted.size, quoted.root)


def open_private(batch: Batch, keys: Mapping[bytes, bytes]) -> list[Opened]:
    """Open the sealed private values of a batch with the data keys of all epochs (`Keyring.data_keys`).

    What does not open is kept as such; it counts as not arrived.
    """
    if batch.private is UNSET:
        return []
    found = []
    for item in batch.private:
        try:
            privates.open_sealed(item.c, item.h, keys)
        except privates.SealRefused:
            found.append(Opened(item.h, item.c, opened=False))
        else:
            found.append(Opened(item.h, item.c, opened=True))
    return found
