"""The queue: the records of one terminal, as signed history, in one SQLite file.

A record is made in one transaction: number, link to the one before, salt, name, clock and newest checkpoint are decided
and stored together, so kill -9 between any two steps leaves the record whole or not there at all. What an answer
changes (keys, checkpoint, receipt, what may be deleted) is one transaction too.

Invariant: the chain has no hole and no second envelope at any seq; bytes leave the file only at or below what
`Verdict.deletable` allowed, and hashes never.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, Final, Self

from msgspec import UNSET

from ops.terminal.receipts import OwnChain, Verdict
from ops.terminal.trust import Enrolled, Epoch, id_text, read_epoch
from schemas import canonical, envelope, events, private
from schemas.envelope import MAX_ENVELOPE, Seen

BUSY_MS: Final = 10_000
LOST_TYPE: Final = "terminal.record_lost.v1"
_FAULTY: Final = frozenset(("invalid_body", "invalid_fields", "not_canonical", "unknown_fields", *envelope.UNSOUND))


class RecordRefused(Exception):
    """A record cannot be made as asked: the text says what was expected. Nothing was stored."""


class QueueRefused(Exception):
    """The queue file cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What the clocks say: wall clock (ms since 1970), and `mono` (ms), which restarts whenever `boot` changes."""

    wall: int
    mono: int
    boot: bytes


@dataclass(frozen=True, slots=True)
class File:
    """A file that a record relies on, by its path and content; `type` is its media type."""

    path: str
    sha256: bytes
    size: int
    type: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What an officer records. `about`, `by`, `occurred` (ms), `loc` as in section 2; `private` maps the name of a body
    field ("a.b" for one inside a map) to the value that must not stand in the body itself. `id` is the event's own
    (UUIDv7, 16 bytes) where another record already cites it, else empty and made here.
    """

    type: str
    about: Sequence[str]
    body: Mapping[str, Any]
    by: Sequence[str]
    occurred: int
    private: Mapping[str, object] = field(default_factory=dict, repr=False)
    files: Sequence[File] = ()
    loc: Mapping[str, object] | None = None
    id: bytes = b""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record that is on the disk: its seq, event id (16 bytes) and envelope hash."""

    seq: int
    id: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What the queue knows of one envelope; `data` is None once it was deleted."""

    seq: int
    hash: bytes
    data: bytes | None
    type: str
    occurred: int
    lost: bool
    epoch: int | None
    position: int | None
    outcome: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class State:
    """The one row about this terminal; fields as in queue_file.sql."""

    id: bytes
    authority: str
    url: str
    log_key: str
    recovery: bytes | None
    event_key: bytes
    genesis: bytes
    cursor: int
    clock_offset: int | None
    forked: str | None
    forked_at: int | None
    held: bool
    watermark: int
    blobs_safe: int
    proven: int
    server_seq: int
    last_try: int | None
    last_good: int | None
    trouble: str | None
    trouble_detail: str | None
    trouble_retry: str | None


def uuid7(wall: int, entropy: Callable[[int], bytes]) -> bytes:
    """A UUIDv7 (RFC 9562) for the instant `wall` (ms), 16 bytes."""
    tail = bytearray(entropy(10))
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return max(0, wall).to_bytes(6, "big") + bytes(tail)


def describe_file(path: Path, media_type: str) -> File:
    """Digest and size of a file that will be attached."""
    with path.open("rb") as handle:
        digest = file_digest(handle, "sha256").digest()
        size = handle.tell()
    return File(str(path.resolve()), digest, size, media_type)


class Queue:
    """One open queue file. Use it from one thread; other processes may record at the same time.

    `limit` is the largest envelope that `record` accepts. Close it, or use it as a context manager.
    """

    def __init__(self, path: Path, *, limit: int = MAX_ENVELOPE, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self.path = path
        self._limit = limit
        self._entropy = entropy
        try:
            if not path.exists():
                path.touch(mode=0o600)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
        except (OSError, sqlite3.Error) as fault:
            raise QueueRefused(f"{path} cannot be opened: {fault}") from None
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA secure_delete = ON")  # deleted private values leave no trace in the file
            # A table of each version that brought some: a queue of an earlier one gets what it lacks.
            wanted = "SELECT count(*) FROM sqlite_master WHERE name IN ('taken_number', 'upload')"
            if self._db.execute(wanted).fetchone()[0] < 2:
                script = files("ops.terminal").joinpath("queue_file.sql").read_text("utf-8")
                self._db.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
        except sqlite3.Error as fault:
            self._db.close()
            raise QueueRefused(f"{path} is not a queue of this program: {fault}") from None
        self._epochs: dict[bytes, Epoch] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # -- for the other tables of this file (ops.terminal.desk) --

    @property
    def db(self) -> sqlite3.Connection:
        """The open file, for reading."""
        return self._db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of what is written inside, or nothing of it; on the disk when it ends."""
        with self._transaction():
            yield self._db

    # -- who this terminal is --

    @property
    def enrolled(self) -> bool:
        """Whether an enrolment was completed."""
        return self._db.execute("SELECT 1 FROM terminal").fetchone() is not None

    def keep_enrolment(
        self, enrolled: Enrolled, *, url: str, log_key: str, recovery: bytes | None, event_key: bytes
    ) -> None:
        """Store a checked enrolment. Repeating it with the same answer changes nothing; another one is refused."""
        with self._transaction():
            row = self._db.execute("SELECT id FROM terminal").fetchone()
            if row is not None:
                if row[0] != enrolled.terminal:
                    raise QueueRefused("this queue belongs to another terminal id: use a new folder")
                return
            self._db.execute(
                "INSERT INTO terminal (one, id, authority, url, log_key, recovery, event_key, genesis)"
                " VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
                (enrolled.terminal, enrolled.authority, url, log_key, recovery, event_key, enrolled.genesis),
            )
            self._keep_epochs(enrolled.epochs)
            seen = Seen(enrolled.epochs[-1].number, enrolled.checkpoint.root, enrolled.checkpoint.size)
            self._keep_checkpoint(seen, enrolled.note)

    def move_to(self, url: str) -> None:
        """The server has another address from now on. Who it is, is decided by its keys and not by its address."""
        with self._transaction():
            self._db.execute("UPDATE terminal SET url = ?", (url,))

    @property
    def state(self) -> State:
        """The row about this terminal. Raises QueueRefused before the enrolment."""
        row = self._db.execute(
            "SELECT id, authority, url, log_key, recovery, event_key, genesis, cursor, clock_offset, forked,"
            " forked_at, held, watermark, blobs_safe, proven, server_seq, last_try, last_good, trouble,"
            " trouble_detail, trouble_retry FROM terminal"
        ).fetchone()
        if row is None:
            raise QueueRefused("this terminal is not enrolled: run `liuhen terminal enrol` first")
        values = list(row)
        values[11] = bool(values[11])
        return State(*values)

    @property
    def epoch(self) -> Epoch:
        """The newest believed epoch."""
        row = self._db.execute("SELECT leaf FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
        if row is None:
            raise QueueRefused("this terminal is not enrolled: run `liuhen terminal enrol` first")
        if row[0] not in self._epochs:
            self._epochs[row[0]] = read_epoch(2, row[0])[0]
        return self._epochs[row[0]]

    @property
    def seen(self) -> Seen | None:
        """The newest verified checkpoint of the newest epoch that has one."""
        row = self._db.execute("SELECT epoch, root, size FROM checkpoint ORDER BY epoch DESC LIMIT 1").fetchone()
        return None if row is None else Seen(*row)

    # -- the chain --

    @property
    def newest(self) -> int:
        """Seq of the newest envelope, 0 if there is none."""
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM envelope").fetchone()[0])

    def hash_at(self, seq: int) -> bytes:
        """Hash of the own envelope `seq`, the genesis hash for 0. Raises KeyError beyond the newest."""
        if seq == 0:
            return self.state.genesis
        row = self._db.execute("SELECT hash FROM envelope WHERE seq = ?", (seq,)).fetchone()
        if row is None:
            raise KeyError(seq)
        return bytes(row[0])

    @property
    def chain(self) -> OwnChain:
        """The own chain as receipts are checked against it."""
        return OwnChain(self.newest, self.state.event_key, self.hash_at)

    def record(self, draft: Draft, tick: Tick) -> Recorded:
        """Make one record. Idempotent it is not: whoever records twice has two. Raises RecordRefused."""
        return self.record_all([(draft, tick)])[0]

    def record_all(self, drafts: Sequence[tuple[Draft, Tick]]) -> list[Recorded]:
        """Make records in one transaction: all of them or none."""
        with self._transaction():
            made = [self._append(draft, tick) for draft, tick in drafts]
        # Committed and on the disk (synchronous=FULL): only now may anyone be told.
        return made

    def _append(self, draft: Draft, tick: Tick) -> Recorded:
        state = self.state
        seq = self.newest + 1
        prev = self.hash_at(seq - 1)
        body, hidden = self._hide(draft)
        attached = [*draft.files, *self._take_waiting_files()]
        fields: dict[str, Any] = {
            "about": sorted(set(draft.about)),
            "at": tick.wall,
            "body": body,
            "by": list(draft.by),
            "clock": {"boot": tick.boot, "mono": tick.mono, "offset": state.clock_offset or 0},
            "id": draft.id or uuid7(tick.wall, self._entropy),
            "occurred": draft.occurred,
            "prev": prev,
            "salt": self._entropy(16),
            "seq": seq,
            "terminal": state.id,
            "type": draft.type,
            "v": 1,
        }
        seen = self.seen
        if seen is not None:
            fields["anchor"] = {"epoch": seen.epoch, "root": seen.root, "size": seen.size}
        if attached:
            fields["blobs"] = [{"sha256": each.sha256, "size": each.size, "type": each.type} for each in attached]
        if draft.loc is not None:
            fields["loc"] = dict(draft.loc)
        data = self._encode(fields)
        digest = sha256(data).digest()
        self._db.execute(
            "INSERT INTO envelope (seq, hash, bytes, type, occurred) VALUES (?, ?, ?, ?, ?)",
            (seq, digest, data, draft.type, draft.occurred),
        )
        for each in attached:
            self._db.execute(
                "INSERT OR IGNORE INTO blob (seq, sha256, size, type, path) VALUES (?, ?, ?, ?, ?)",
                (seq, each.sha256, each.size, each.type, each.path),
            )
        for h, plain in hidden:
            self._db.execute("INSERT INTO private (h, seq, plain) VALUES (?, ?, ?)", (h, seq, plain))
        return Recorded(seq, fields["id"], digest)

    def _hide(self, draft: Draft) -> tuple[dict[str, Any], list[tuple[bytes, bytes]]]:
        """The body with commitments in place of private values, and (commitment, salt and value) for each."""
        body = _copy(draft.body)
        hidden: list[tuple[bytes, bytes]] = []
        for path, value in draft.private.items():
            *parents, name = path.split(".")
            place: Any = body
            for parent in parents:
                place = place.get(parent) if isinstance(place, dict) else None
            if not isinstance(place, dict):
                raise RecordRefused(f"the private field {path} has no place in the body")
            salt = self._entropy(private.SALT_BYTES)
            try:
                h = private.commitment(salt, value)
                private.seal(value, salt, h, self.epoch.data)  # refuses now what could not be sent later
                place[name] = h
                hidden.append((h, canonical.encode({"salt": salt, "value": value})))
            except (private.SealRefused, canonical.NotCanonical) as refused:
                raise RecordRefused(f"the private field {path}: {refused}") from None
        return body, hidden

    def _encode(self, fields: dict[str, Any]) -> bytes:
        """Canonical bytes, judged here as the server will judge them: a fault is the officer's to mend, and now."""
        try:
            data = canonical.encode(fields)
        except canonical.NotCanonical as fault:
            raise RecordRefused(f"the record has no canonical form: {fault}") from None
        if len(data) > self._limit:
            raise RecordRefused(
                f"the record has {len(data)} bytes, at most {self._limit} are allowed: shorten it, or attach a file"
            )
        known = events.lookup(fields["type"])
        if known is not None:
            try:
                known.decode(canonical.encode(fields["body"]))
            except events.InvalidBody as fault:
                raise RecordRefused(str(fault)) from None
        state = self.state
        reading = envelope.read(
            data, state.id, fields["seq"], authority=state.authority, epoch=self.epoch.number, lookup=events.lookup
        )
        faulty = sorted(_FAULTY & set(reading.notes))
        if faulty:
            raise RecordRefused(
                f"the record breaks the rules of an envelope ({', '.join(faulty)}): check about (kind:value, 1..16), "
                "by (1..16 officers), type, times and position"
            )
        return data

    # -- files --

    def attach(self, file: File) -> None:
        """Let the next record declare `file`. Attaching the same content twice is once."""
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO waiting_file (sha256, size, type, path) VALUES (?, ?, ?, ?)",
                (file.sha256, file.size, file.type, file.path),
            )

    def waiting_files(self) -> list[File]:
        """Files that the next record will declare."""
        rows = self._db.execute("SELECT path, sha256, size, type FROM waiting_file ORDER BY rowid").fetchall()
        return [File(*row) for row in rows]

    def _take_waiting_files(self) -> list[File]:
        found = self.waiting_files()
        if found:
            self._db.execute("DELETE FROM waiting_file")
        return found

    def missing_blobs(self) -> list[tuple[int, File]]:
        """(seq, file) of declared files that the server is not known to hold."""
        rows = self._db.execute("SELECT seq, path, sha256, size, type FROM blob WHERE missing ORDER BY seq").fetchall()
        return [(row[0], File(*row[1:])) for row in rows]

    def upload_of(self, digest: bytes) -> str | None:
        """The address of the unfinished upload of a file, None where none was begun."""
        row = self._db.execute("SELECT location FROM upload WHERE sha256 = ?", (digest,)).fetchone()
        return None if row is None else str(row[0])

    def remember_upload(self, digest: bytes, location: str | None) -> None:
        """Remember where an upload goes on, so that another process can; None: it is over."""
        with self._transaction():
            self._db.execute("DELETE FROM upload WHERE sha256 = ?", (digest,))
            if location is not None:
                self._db.execute("INSERT INTO upload (sha256, location) VALUES (?, ?)", (digest, location))

    # -- what to offer --

    def kept(self, first: int, limit: int) -> list[Kept]:
        """At most `limit` envelopes from `first` on, in order."""
        rows = self._db.execute(
            "SELECT seq, hash, bytes, type, occurred, lost, epoch, position, outcome, notes FROM envelope"
            " WHERE seq >= ? ORDER BY seq LIMIT ?",
            (first, limit),
        ).fetchall()
        return [
            Kept(seq, digest, data, kind, occurred, bool(lost), epoch, position, outcome, tuple((notes or "").split()))
            for seq, digest, data, kind, occurred, lost, epoch, position, outcome, notes in rows
        ]

    def lost_parts(self) -> list[tuple[int, int]]:
        """(first, last) of the runs of envelopes that are declared lost, ascending."""
        parts: list[tuple[int, int]] = []
        for (seq,) in self._db.execute("SELECT seq FROM envelope WHERE lost ORDER BY seq"):
            if parts and parts[-1][1] == seq - 1:
                parts[-1] = (parts[-1][0], seq)
            else:
                parts.append((seq, seq))
        return parts

    def private_values(self, first: int, last: int, limit: int) -> list[tuple[bytes, bytes]]:
        """(commitment, plain) of values that have not arrived, of envelopes first..last and before, newest first."""
        rows = self._db.execute(
            "SELECT h, plain FROM private WHERE NOT arrived AND seq <= ? ORDER BY seq >= ? DESC, seq LIMIT ?",
            (last, first, limit),
        ).fetchall()
        return [(bytes(h), bytes(plain)) for h, plain in rows]

    def private_waiting(self) -> int:
        """How many private values have not arrived."""
        return int(self._db.execute("SELECT count(*) FROM private WHERE NOT arrived").fetchone()[0])

    def unsent(self) -> int:
        """How many envelopes have no verified receipt and are not declared lost."""
        wanted = "SELECT count(*) FROM envelope WHERE seq >= ? AND NOT lost"
        return int(self._db.execute(wanted, (self.state.cursor,)).fetchone()[0])

    def receipted(self) -> int:
        """How many envelopes a verified receipt names."""
        return int(self._db.execute("SELECT count(*) FROM envelope WHERE outcome IS NOT NULL").fetchone()[0])

    def receipts(self, limit: int = 100) -> list[tuple[int, int, int, int, bytes]]:
        """(number, taken, first, last, bytes) of the newest receipts, newest first."""
        return self._db.execute(
            "SELECT number, taken, first, last, bytes FROM receipt ORDER BY number DESC LIMIT ?", (limit,)
        ).fetchall()

    def receipt_count(self) -> int:
        """How many verified receipts are kept."""
        return int(self._db.execute("SELECT count(*) FROM receipt").fetchone()[0])

    # -- what answers change --

    def apply(self, verdict: Verdict, first: int, last: int, tick: Tick) -> None:
        """Take over a valid receipt: keys, checkpoint, results, private values, deletions. One transaction."""
        got = verdict.receipt
        with self._transaction():
            before = self.state
            newest = self.newest
            if verdict.epochs:
                self._keep_epochs(verdict.epochs)
                # Levels are promises of one epoch: a restored server starts from nothing.
                self._db.execute("UPDATE terminal SET proven = 0, watermark = 0, blobs_safe = 0")
            self._keep_checkpoint(verdict.seen, got.checkpoint)
            for each in got.results:
                self._db.execute(
                    "UPDATE envelope SET epoch = ?, position = ?, outcome = ?, notes = ? WHERE seq = ?",
                    (
                        verdict.epoch.number if each.epoch is UNSET else each.epoch,
                        each.position,
                        each.outcome,
                        " ".join(each.notes) if each.notes is not UNSET else None,
                        each.seq,
                    ),
                )
            if verdict.contradictions:
                forked, forked_at = verdict.contradictions[0], before.forked_at or newest
            elif before.forked is not None and got.head.seq >= (before.forked_at or 0):
                forked, forked_at = None, None  # the chain that goes on is ours again: an officer decided so
            else:
                forked, forked_at = before.forked, before.forked_at
            agrees = not verdict.contradictions and got.head.seq <= newest
            cursor = max(got.head.seq, last) + 1 if agrees else last + 1
            held = any(each.notes is not UNSET and "held" in each.notes for each in got.results)
            self._db.execute(
                "UPDATE terminal SET cursor = ?, clock_offset = ?, forked = ?, forked_at = ?,"
                " held = CASE WHEN ? THEN ? ELSE held END, watermark = max(watermark, ?),"
                " blobs_safe = max(blobs_safe, ?), proven = max(proven, ?), server_seq = ?,"
                " last_good = ?, trouble = NULL, trouble_detail = NULL, trouble_retry = NULL",
                (
                    cursor, got.received - tick.wall, forked, forked_at, bool(got.results), held, got.watermark,
                    got.blobs_safe, verdict.proven, got.head.seq, tick.wall,
                ),
            )  # fmt: skip
            self._db.execute(
                "INSERT INTO receipt (taken, first, last, bytes) VALUES (?, ?, ?, ?)",
                (tick.wall, first, last, verdict.data),
            )
            if agrees:
                self._note_missing(got.missing, got.missing_private, min(got.head.seq, last))
            if forked is None and verdict.deletable:
                self._delete(verdict.deletable)

    def _note_missing(self, blobs: Sequence[bytes], values: Sequence[bytes], upto: int) -> None:
        """What the server still lacks of the envelopes up to `upto`. A list of 1000 may go on, so it proves nothing."""
        if len(values) < 1_000:
            self._db.execute("UPDATE private SET arrived = 1 WHERE seq <= ?", (upto,))
        for h in values:
            self._db.execute("UPDATE private SET arrived = 0 WHERE h = ?", (h,))
        if len(blobs) < 1_000:
            self._db.execute("UPDATE blob SET missing = 0 WHERE seq <= ?", (upto,))
        for digest in blobs:
            self._db.execute("UPDATE blob SET missing = 1 WHERE sha256 = ?", (digest,))

    def _delete(self, upto: int) -> None:
        self._db.execute("UPDATE envelope SET bytes = NULL WHERE seq <= ? AND bytes IS NOT NULL", (upto,))
        self._db.execute("DELETE FROM private WHERE seq <= ? AND arrived", (upto,))

    def offer_from(self, seq: int) -> None:
        """Go back to `seq`. Raises QueueRefused if its bytes are gone."""
        with self._transaction():
            row = self._db.execute("SELECT bytes IS NOT NULL OR lost FROM envelope WHERE seq = ?", (seq,)).fetchone()
            if row is None or not row[0]:
                raise QueueRefused(
                    f"the server asks for seq {seq}, which was deleted here after the server had proven that it was "
                    "safe: the server lost it, tell the administrator"
                )
            self._db.execute("UPDATE terminal SET cursor = ?, server_seq = min(server_seq, ?)", (seq, seq - 1))

    def declare_lost(self, seq: int, limit: int, tick: Tick) -> Recorded:
        """Declare one envelope lost that is larger than `limit`, and record that and why; one transaction.

        The envelope's own size is the ground, not the refusal: one within the limit is refused with RecordRefused.
        """
        with self._transaction():
            wanted = "SELECT bytes, lost, hash, type, occurred FROM envelope WHERE seq = ?"
            row = self._db.execute(wanted, (seq,)).fetchone()
            if row is None or row[0] is None or row[1]:
                raise RecordRefused(f"seq {seq} is not here to be declared lost")
            data = bytes(row[0])
            if len(data) <= limit:
                raise RecordRefused(f"seq {seq} has {len(data)} bytes, within {limit}: it is not lost, the server errs")
            self._db.execute("UPDATE envelope SET lost = 1 WHERE seq = ?", (seq,))
            old: Any = canonical.decode(data)
            note = f"第 {seq} 条记录有 {len(data)} 字节，超过上限 {limit} 字节，无法上传，申报遗失；原件留存于本终端。"
            body = {"hash": bytes(row[2]), "limit": limit, "note": note, "seq": seq, "size": len(data), "type": row[3]}
            about = sorted({*list(old["about"])[:15], f"terminal:{id_text(self.state.id)}"})
            return self._append(Draft(LOST_TYPE, about, body, old["by"], row[4]), tick)

    def note_trouble(self, code: str, detail: str, retry: str, tick: Tick) -> None:
        """Remember why the last attempt brought nothing."""
        with self._transaction():
            self._db.execute(
                "UPDATE terminal SET last_try = ?, trouble = ?, trouble_detail = ?, trouble_retry = ?",
                (tick.wall, code, detail[:2_000], retry),
            )

    def note_hint(self, *, held: bool, offset: int) -> None:
        """Remember what the unsigned head answer said; nothing is ever deleted for it."""
        with self._transaction():
            self._db.execute("UPDATE terminal SET held = ?, clock_offset = ?", (held, offset))

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Only one process talks to the server at a time. Raises QueueRefused if another does."""
        with self.path.with_name(self.path.name + ".talking").open("ab") as lock:
            _lock(lock)
            yield

    def check(self) -> None:
        """Walk the whole chain: every seq, every link, every hash. Raises QueueRefused at the first fault."""
        before = self.state.genesis
        expected = 1
        for seq, digest, data in self._db.execute("SELECT seq, hash, bytes FROM envelope ORDER BY seq"):
            if seq != expected:
                raise QueueRefused(f"the queue has a hole: expected seq {expected}, found {seq}")
            if data is not None:
                value: Any = canonical.decode(data)
                if sha256(data).digest() != digest or value["prev"] != before or value["seq"] != seq:
                    raise QueueRefused(f"seq {seq} does not link to the envelope before it")
            before, expected = digest, seq + 1

    def _keep_epochs(self, epochs: Sequence[Epoch]) -> None:
        for each in epochs:
            self._db.execute("INSERT OR IGNORE INTO epoch (number, leaf) VALUES (?, ?)", (each.number, each.leaf))

    def _keep_checkpoint(self, seen: Seen, note: str) -> None:
        self._db.execute(
            "INSERT INTO checkpoint (epoch, size, root, note) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (epoch) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note"
            " WHERE excluded.size > checkpoint.size",
            (seen.epoch, seen.size, seen.root, note),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")  # the commit point


def _copy(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(item) if isinstance(item, Mapping) else item for key, item in value.items()}


def _lock(file: IO[bytes]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise QueueRefused("another process of this terminal is talking to the server: wait for its end") from None
