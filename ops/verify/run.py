"""One run of verify: reads every log of a source once, from leaf 0 on, and gives a report.

For each chunk of entries, in this order: positions are dense; leaves and forms (`leaves.judge`, in worker processes
where that pays); the tree, at every size that somebody signed; then what the entries say, one batch after the other
(`chains`), with the rows of the derived tables beside them (`tables`). Memory grows with terminals, aggregates and
checkpoints, not with entries. Invariant: the run never stops at a finding.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Final

from ops.verify import epochs, leaves
from ops.verify.chains import Unit, Walk
from ops.verify.epochs import Anchors, Roots
from ops.verify.findings import Report
from ops.verify.leaves import Context, Extra, Item
from ops.verify.sources import LogInfo, Source, Tables
from ops.verify.tables import KeyMerge, SealMerge, TagMerge, compare_terminals
from ops.verify.tree import Signed, TreeReader
from schemas import entries, envelope, merkle, notes, tiles
from schemas.notes import Checkpoint, VerifierKey

CHUNK: Final = 2_048
WORKERS: Final = 2
PAYS_FROM: Final = 40_000
"""Entries from which on worker processes are worth their start."""

MAX_UNIT: Final = 500
OFFICE_CHAIN: Final = -1
STORED_CHAIN: Final = 0

Progress = Callable[[int, int], None]


def verify(
    source: Source,
    anchors: Anchors | None = None,
    *,
    register: Mapping[str, Sequence[str]] | None = None,
    workers: int = WORKERS,
    progress: Progress | None = None,
) -> Report:
    """Check every log of `source`. `register` gives notes by origin that the logs must not fall behind or contradict.

    Raises SourceRefused where the source itself fails; whatever is wrong with a log is in the report.
    """
    began = time.monotonic()
    run = _Run(source, anchors or Anchors(), register or {}, progress or (lambda _done, _total: None))
    logs = source.logs()
    pays = workers > 1 and sum(log.end for log in logs) >= PAYS_FROM
    if pays:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            run.all(logs, pool, workers + 2)
    else:
        run.all(logs, None, 1)
    run.found.seconds = time.monotonic() - began
    return run.found


class _Run:
    """A run, and what the walk over the terminals asks of it (`chains.Surroundings`)."""

    def __init__(
        self, source: Source, anchors: Anchors, register: Mapping[str, Sequence[str]], progress: Progress
    ) -> None:
        self.found = Report()
        self._source = source
        self._anchors = anchors
        self._register = register
        self._progress = progress
        self._done = self._total = 0
        self._pool: ProcessPoolExecutor | None = None
        self._ahead = 1
        self._tables: Tables | None = None
        self._log = LogInfo("", 0, "", "", 0, 0, 0)
        self._logs: dict[int, LogInfo] = {}
        self._roots: dict[int, Roots] = {}
        self._walk = Walk(self)
        self._versions: dict[bytes, int] = {}
        self._unit: Unit | None = None
        self._keys: KeyMerge | None = None
        self._tags: TagMerge | None = None
        self._seals: SealMerge | None = None

    def all(self, logs: Sequence[LogInfo], pool: ProcessPoolExecutor | None, ahead: int) -> None:
        """Every log, authority after authority, epoch after epoch."""
        self._pool, self._ahead = pool, ahead
        self._total = sum(log.end - log.first for log in logs)
        self._tables, closed = self._source.tables()
        if closed:
            self.found.remark("tables_unread", tables=", ".join(closed))
        if not self._anchors.keys and not self._anchors.recovery:
            self.found.remark("keys_from_log")
        by_authority: dict[str, list[LogInfo]] = {}
        for log in logs:
            by_authority.setdefault(log.authority, []).append(log)
        for authority, own in by_authority.items():
            self._authority(authority, own)
        known = {log.origin for log in logs}
        for origin, kept in self._register.items():
            sizes = [size for size in map(epochs.note_size, kept) if size]
            if origin not in known and sizes:
                self.found.add("register_ahead", origin, -1, size=max(sizes), have=0)

    def _authority(self, authority: str, logs: list[LogInfo]) -> None:
        self._walk = Walk(self)
        self._versions = {}
        self._logs = {}
        self._roots = {}
        before: tuple[LogInfo, VerifierKey, Roots] | None = None
        whole = logs[0].epoch == 1
        if not whole:
            self.found.remark("older_epochs", epoch=logs[0].epoch)
        due = logs[0].epoch
        for number, log in enumerate(logs):
            while due < log.epoch:
                self.found.add("log_missing", log.origin, -1, epoch=due)
                due += 1
            due = log.epoch + 1
            behind = logs[number + 1] if number + 1 < len(logs) else None
            before = self._one(log, before, behind, whole=whole)
        complete = whole and all(log.first == 0 for log in logs)
        if self._tables is not None and complete and logs[0].kind == "authority":
            rows = self._tables.terminals(authority)
            self.found.counts["rows"] += compare_terminals(authority, rows, self._walk.terminals, self.report)
        self.found.counts["terminals"] += len(self._walk.terminals)
        self.found.counts["envelopes"] += self._walk.envelopes
        self.found.counts["seals"] += self._walk.seals

    # -- one log --

    def _one(
        self, log: LogInfo, before: tuple[LogInfo, VerifierKey, Roots] | None, behind: LogInfo | None, *, whole: bool
    ) -> tuple[LogInfo, VerifierKey, Roots] | None:
        self._log, self._logs[log.number or log.epoch] = log, log
        self.found.logs.append({"log": log.origin, "authority": log.authority, "epoch": log.epoch, "entries": log.end})
        if log.end == 0:
            self.report("log_empty", -1)
            if log.head is not None and log.head.size:
                self.report("head_size", -1, size=log.head.size, have=0)
            return None
        complete = log.first == 0 and whole
        if log.head is None and (log.first > 0 or log.end < log.size):
            self.found.remark("partial", first=log.first, last=log.end - 1)
            complete = False
        follows = complete and log.kind == "authority"
        key, entry = self._leaf0(log, before, whole=whole)
        roots = self._roots[log.epoch] = Roots()
        tables = self._tables if complete else None
        context = Context(log.authority, log.epoch, tables is not None)
        self._walk.context, self._walk.log = context, log.number or log.epoch
        if tables is not None:
            self._keys = KeyMerge(tables.keys(log), self._repeated_ids(tables, log), self.report)
            self._tags = TagMerge(tables.tags(log), self.report)
            self._seals = SealMerge(tables.seals(log), self.report)
        signed = Signed(self._source, self.report, log, key, roots, self._wanted(log, behind))
        reader = TreeReader(self._source, self.report, log, signed)
        position = log.first
        for rows, hashes, judged in self._chunks(log, context):
            reader.take(rows, hashes)
            if follows or log.kind != "authority":
                for (place, data), one in zip(rows, judged, strict=True):
                    self._feed(place, data, leaves.unpack(one, place))
            else:
                for (place, _), one in zip(rows, judged, strict=True):
                    if type(one) is str:
                        self.report("entry_form", place, why=one)
            position = rows[-1][0] + 1 if rows else position
        self._close()
        reader.finish()
        self.found.counts["checkpoints"] += signed.count
        for merge in (self._keys, self._tags, self._seals):
            if merge is not None:
                merge.finish()
                self.found.counts["rows"] += merge.count
        self._keys = self._tags = self._seals = None
        self._check_register(log, behind, key, roots, reader)
        if entry is not None and log.epoch > 1:
            grown = epochs.check_previous(entry, before, self.report)
            if grown is not None:
                self.found.remark(
                    "restored", log=log.origin, epoch=log.epoch - 1, size=grown[0], have=grown[1], last=grown[0] - 1
                )
        return None if key is None else (log, key, roots)

    def _leaf0(
        self, log: LogInfo, before: tuple[LogInfo, VerifierKey, Roots] | None, *, whole: bool
    ) -> tuple[VerifierKey | None, entries.EpochEntry | None]:
        rows = self._source.read(log, 0, 1)
        known = None if before is None else before[1]
        entry = rows[0][1] if rows else None
        if entry is not None and log.first > 0:
            tile = self._source.tiles(log, 0, 0, min(tiles.WIDTH, log.size)) or b""
            if tile[:32] != merkle.leaf_hash(entry):
                self.report("tile", 0, path=tiles.path_of(tiles.Tile(0, 0, min(tiles.WIDTH, log.size))))
        return epochs.check_epoch(entry, log, known, self._anchors, self.report, whole=whole)

    def _wanted(self, log: LogInfo, behind: LogInfo | None) -> list[int]:
        """Sizes whose root is asked for besides those of the stored checkpoints."""
        sizes = [epochs.note_size(note) for note in self._register.get(log.origin, ())]
        if behind is not None:
            rows = self._source.read(behind, 0, 1)
            sizes.append(epochs.previous_size(rows[0][1] if rows else None))
        return sorted({size for size in sizes if size and size <= log.size})

    def _repeated_ids(self, tables: Tables, log: LogInfo) -> frozenset[bytes]:
        return frozenset(tables.repeated_ids(log))

    def _chunks(
        self, log: LogInfo, context: Context
    ) -> Iterator[tuple[list[tuple[int, bytes]], list[bytes], list[Any]]]:
        """Entries with leaf hashes and judgements, in order; judged ahead in worker processes if there are any."""
        waiting: deque[tuple[list[tuple[int, bytes]], Future[Any] | None]] = deque()
        start = log.first
        while start < log.end or waiting:
            while start < log.end and len(waiting) < self._ahead:
                stop = min(log.end, start - start % CHUNK + CHUNK)
                rows = self._source.read(log, start, stop)
                start = stop
                data = [entry for _, entry in rows]
                future = None if self._pool is None else self._pool.submit(leaves.judge, data, context)
                waiting.append((rows, future))
            rows, future = waiting.popleft()
            hashes, judged = leaves.judge([entry for _, entry in rows], context) if future is None else future.result()
            yield rows, hashes, judged
            self._done += len(rows)
            self.found.counts["entries"] += len(rows)
            self._progress(self._done, self._total)

    def _check_register(
        self, log: LogInfo, behind: LogInfo | None, key: VerifierKey | None, roots: Roots, reader: TreeReader
    ) -> None:
        for note in self._register.get(log.origin, ()):
            if key is None:
                continue
            try:
                kept = notes.open_checkpoint(note, key, log.origin)
            except notes.NoteRefused as fault:
                self.report("register_note", -1, why=str(fault))
                continue
            have = log.end if log.head is None else min(log.end, log.head.size)
            if kept.size > have and log.end == log.size:
                named = self._named_by(behind, log, key)
                if named is not None and named.size == kept.size and named.root != kept.root:
                    self.report("register_root", have, last=kept.size - 1, size=kept.size)
                elif named is not None and named.size >= kept.size:
                    continue  # said aloud when that epoch is read ("restored")
                else:
                    self.report("register_ahead", have, last=kept.size - 1, size=kept.size, have=have)
            elif reader.sound_at(kept.size) and roots.get(kept.size) not in (None, kept.root):
                self.report("register_root", reader.good, last=kept.size - 1, size=kept.size)

    def _named_by(self, behind: LogInfo | None, log: LogInfo, key: VerifierKey) -> Checkpoint | None:
        """The checkpoint of `log` that leaf 0 of the next epoch quotes; who signed that leaf is judged later."""
        rows = self._source.read(behind, 0, 1) if behind is not None else []
        return epochs.quoted(rows[0][1], key, log.origin) if rows else None

    # -- what the entries say --

    def _feed(self, position: int, data: bytes, judged: leaves.Judged) -> None:
        if type(judged) is str:
            self.report("entry_form", position, why=judged)
            return
        unit = self._unit
        if isinstance(judged, Item):
            if (
                unit is None
                or unit.terminal != judged.terminal
                or unit.seal
                or unit.incidents
                or len(unit.items) >= MAX_UNIT
            ):
                self._close()
                unit = self._unit = Unit(judged.terminal, position)
            unit.items.append(judged)
            return
        value = entries.decode(data)
        match value:
            case entries.SealEntry():
                if unit is None or unit.terminal != value.t or unit.seal is not None or unit.incidents:
                    self._close()
                    unit = self._unit = Unit(value.t, position)
                unit.seal = (position, value)
            case entries.IncidentEntry():
                if unit is None or unit.terminal != value.t or (unit.items and unit.seal is None):
                    self._close()
                    unit = self._unit = Unit(value.t, position)
                unit.incidents.append((position, value))
            case entries.OfficeEntry():
                self._close()
                self._office(position, value)
            case entries.EpochEntry():
                self._close()
                if position:
                    self.report("entry_form", position, why=("an epoch entry is leaf 0 only", "期首条目只能是首个条目"))
            case entries.StoredEntry():
                self._close()
                self.key(position, value.o, value.q, STORED_CHAIN, 0, None)
            case _:
                self._close()

    def _close(self) -> None:
        unit, self._unit = self._unit, None
        if unit is not None:
            self._walk.settle(unit)

    def _office(self, position: int, act: entries.OfficeEntry) -> None:
        expected = self._versions.get(act.o, 0) + 1
        if act.q != expected:
            self.report("office_version", position, version=act.q, expected=expected)
        self._versions[act.o] = act.q
        self.found.counts["acts"] += 1
        self._walk.act(position, act)
        self.key(position, act.o, act.q, OFFICE_CHAIN, 0, act.i)
        self.tags(position, sorted({tag for tag in act.a if envelope.is_indexed(tag)}))

    # -- what the walk asks --

    def report(self, code: str, first: int, **facts: Any) -> None:
        """Note a finding in the current log."""
        last, table = facts.pop("last", None), facts.pop("table", "")
        self.found.add(code, self._log.origin, first, last, table=table, **facts)

    def stored(self, log: int, position: int, seq: int) -> Item | None:
        """An envelope further up, read again."""
        where = self._logs[log]
        rows = self._source.read(where, position, position + 1)
        if not rows:
            return None
        context = Context(where.authority, where.epoch, self._walk.context.tables)
        item = leaves.unpack(leaves.judge([rows[0][1]], context)[1][0], position)
        if not isinstance(item, Item):
            return None
        if context.tables and (item.q or item.seq) != seq:
            data = leaves.envelope_of(rows[0][1])
            item.extra = None if data is None else leaves.read_extra(data, item.terminal, seq, context)
        return item

    def reread(self, item: Item, seq: int) -> Extra:
        """What the derived tables hold of an envelope of the current log."""
        rows = self._source.read(self._log, item.position, item.position + 1)
        data = leaves.envelope_of(rows[0][1]) if rows else None
        return leaves.read_extra(data or b"", item.terminal, seq, self._walk.context)

    def root_at(self, epoch: int, size: int) -> bytes | None:
        """Root at the size of a checkpoint."""
        roots = self._roots.get(epoch)
        return None if roots is None else roots.get(size)

    def key(self, position: int, origin: bytes, version: int, chain: int, bits: int, name: bytes | None) -> None:
        """Expect a row of the table keys."""
        if self._keys is not None:
            self._keys.expect((position, origin, version, chain, bits, name))

    def tags(self, position: int, tags: Sequence[str]) -> None:
        """Expect tags of an entry."""
        if self._tags is not None:
            self._tags.expect(position, tags)

    def seal(self, position: int, terminal: bytes, chain: int, last: int) -> None:
        """Expect a row of the table seals."""
        if self._seals is not None:
            self._seals.expect((position, terminal, chain, last))
