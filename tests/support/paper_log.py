"""A log on paper: a correct writer made of `schemas` alone, for tests of whoever reads logs.

It keeps entries, checkpoints and the states of terminals in memory and is itself a source of `ops.verify`. Tests
change what they like in `entries` and `notes` afterwards; `resign` signs whatever then stands there with the real key.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ops.verify.sources import Head, LogInfo, Tables
from schemas import admission, enrolment, entries, envelope, merkle
from schemas import batch as batches
from schemas.admission import Fresh, Offer, Stored, TerminalState
from schemas.batch import Batch
from schemas.entries import Who
from schemas.events import REGISTRY
from schemas.keys import Signer
from schemas.notes import Checkpoint, NoteSigner, VerifierKey, sign_checkpoint
from tests.support.log import HOST, PaperTerminal, uuid7

START = 1_767_229_200_000


@dataclass
class PaperEpoch:
    """One log: its entries and the checkpoints that were signed, by size."""

    authority: str
    epoch: int
    signer: NoteSigner
    entries: list[bytes] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return self.signer.name

    @property
    def info(self) -> LogInfo:
        size = len(self.entries)
        note = self.notes[max(self.notes)]
        tree = merkle.CompactRange()
        tree.extend(map(merkle.leaf_hash, self.entries))
        head = Head(size, tree.root(), tree.encode(), note)
        return LogInfo(self.authority, self.epoch, self.origin, "authority", 0, size, size, head, self.epoch)

    def note_of(self, size: int) -> str:
        root = merkle.root_of(merkle.leaf_hash(e) for e in self.entries[:size])
        return sign_checkpoint(Checkpoint(self.origin, size, root), self.signer)

    def commit(self) -> str:
        """Sign the newest size."""
        note = self.note_of(len(self.entries))
        self.notes[len(self.entries)] = note
        return note


class PaperLog:
    """All epochs of one authority. `time` is what the server's clock says, ms; it moves by 1000 with every write."""

    def __init__(self, authority: str = "210500") -> None:
        self.authority = authority
        self.time = START
        self.recovery = Signer(secrets.token_bytes(32))
        self.epochs: list[PaperEpoch] = []
        self.states: dict[bytes, TerminalState] = {}
        self.stored: dict[bytes, dict[int, list[Stored]]] = {}
        self.ids: set[bytes] = set()
        self.versions: dict[bytes, int] = {}
        self.begin()

    @property
    def now(self) -> PaperEpoch:
        """The newest epoch."""
        return self.epochs[-1]

    @property
    def key(self) -> VerifierKey:
        """The log key of epoch 1."""
        return self.epochs[0].signer.verifier

    def begin(self, *, signed_by: Signer | None = None, previous: str | None = None) -> PaperEpoch:
        """Begin the next epoch, signed by the key before it (the first one by the recovery key)."""
        number = len(self.epochs) + 1
        before = self.epochs[-1] if self.epochs else None
        signer = NoteSigner(f"{HOST}/{self.authority}/{number}", Signer(secrets.token_bytes(32)))
        if before is None:
            note, by = "", self.recovery
        else:
            note, by = before.notes[max(before.notes)], before.signer.signer
        public: dict[str, Any] = {
            "authority": self.authority,
            "epoch": number,
            "host": HOST,
            "data": secrets.token_bytes(32),
            "log": str(signer.verifier),
            "receipt": Signer(secrets.token_bytes(32)).public,
            "previous": note if previous is None else previous,
            "received": self._tick(),
        }
        made = PaperEpoch(self.authority, number, signer)
        made.entries.append(entries.epoch_entry(**public, sig=(signed_by or by).sign(entries.epoch_message(**public))))
        made.commit()
        self.epochs.append(made)
        return made

    def _tick(self) -> int:
        self.time += 1_000
        return self.time

    # -- writing --

    def office(self, kind: str, body: Mapping[str, Any], *, origin: bytes, about: Sequence[str] = ()) -> int:
        """An act of the office; returns its position."""
        self.versions[origin] = self.versions.get(origin, 0) + 1
        self.now.entries.append(
            entries.office(
                about=about,
                body=body,
                id=uuid7(),
                origin=origin,
                version=self.versions[origin],
                who=Who(officer="officer-0001", session=bytes(32), via="console"),
                type=kind,
                salt=secrets.token_bytes(16),
                received=self._tick(),
            )
        )
        self.now.commit()
        return len(self.now.entries) - 1

    def enrol(self) -> PaperTerminal:
        """A new terminal."""
        made = PaperTerminal(self.authority)
        made.id = uuid7()
        made.prev = enrolment.genesis_hash(made.id, made.event.public)
        body = {
            "authority": self.authority, "event_key": made.event.public, "genesis": made.prev,
            "info": {"model": "paper"}, "request_key": made.request.public, "terminal": made.id,
        }  # fmt: skip
        self.office("terminal.enrolled.v1", body, origin=made.id)
        self.states[made.id] = TerminalState(0, made.prev)
        self.stored[made.id] = {}
        return made

    def send(self, batch: Batch, *, split: bool = False) -> admission.Admission:
        """Record a batch as a server does. Raises Problem."""
        now, terminal, received = self.now, batch.terminal, self._tick()
        readings = [
            envelope.take(
                envelope.read(e, terminal, s, authority=self.authority, epoch=now.epoch, lookup=REGISTRY.lookup)
            )
            for s, e in enumerate(batch.envelopes, batch.first)
        ]
        known = self.stored[terminal]
        offer = Offer(terminal, batch.first, readings, batch.declared, batch.lost, batch.head, batch.seen, split=split)
        near = {s: known[s] for s in range(batch.first - 1, batch.last + 1) if s in known}
        done = admission.admit(self.states[terminal], offer, near, self.ids)
        for index, result in enumerate(done.results):
            if not isinstance(result, Fresh):
                continue
            seq, data = batch.first + index, batch.envelopes[index]
            if result.branch is None:
                now.entries.append(entries.field(data, terminal, received))
            else:
                now.entries.append(entries.branch(result.branch, data, seq, terminal, received))
            place = Stored(result.chain, sha256(data).digest(), len(now.entries) - 1, now.epoch, 0)
            known.setdefault(seq, []).append(place)
        if done.seal:
            hashes = [sha256(e).digest() for e in batch.envelopes]
            head = hashes[-1] if hashes else bytes(batch.head or b"")
            now.entries.append(
                entries.seal(
                    count=len(hashes),
                    declared=batch.declared,
                    first=batch.first,
                    head=head,
                    seen=batch.seen,
                    lost=batches.lost_hash(batch.lost),
                    sig=batch.sig,
                    terminal=terminal,
                    suite=1,
                    envs=batches.envs_hash(hashes),
                    received=received,
                )
            )
        for kind, body in done.incidents:
            now.entries.append(entries.incident(kind, body, terminal, secrets.token_bytes(16), received))
        self.states[terminal] = done.state
        now.commit()
        return done

    def act(self, terminal: PaperTerminal, what: str, branch: bytes | str | None = None) -> int:
        """Revoke, release or resolve the fork of a terminal."""
        state = self.states[terminal.id]
        body: dict[str, Any] = {"terminal": terminal.id}
        match what:
            case "revoked":
                self.states[terminal.id] = admission.revoke(state)
                body |= {"declared": max(state.declared, state.seq), "reason": "遗失"}
            case "released":
                self.states[terminal.id] = admission.release(state)
                body |= {"reason": "已核实"}
            case _:
                assert branch is not None
                self.states[terminal.id] = admission.resolve_fork(state, branch)  # type: ignore[arg-type]
                body |= {"branch": branch}
        return self.office(f"terminal.{what}.v1", body, origin=terminal.id, about=[f"terminal:{_text(terminal.id)}"])

    # -- a source of verify --

    def resign(self) -> None:
        """Sign every stored checkpoint anew over what stands there now, with the real keys."""
        for each in self.epochs:
            each.notes = {size: each.note_of(size) for size in each.notes if size <= len(each.entries)}
            each.commit()

    def logs(self) -> list[LogInfo]:
        return [each.info for each in self.epochs]

    def read(self, log: LogInfo, start: int, stop: int) -> list[tuple[int, bytes]]:
        found = self.epochs[log.epoch - 1].entries
        return list(enumerate(found[start:stop], start))

    def checkpoints(self, log: LogInfo) -> Iterator[tuple[int, str]]:
        yield from sorted(self.epochs[log.epoch - 1].notes.items())

    def tiles(self, log: LogInfo, level: int, index: int, width: int) -> bytes | None:
        return None

    def tables(self) -> tuple[Tables | None, list[str]]:
        return None, []


def _text(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
