"""Which keys of a log a terminal believes: from paper to the newest epoch, and what an enrolment must prove.

Pure: bytes and what is known already go in, an `Epoch` or a refusal comes out (wire protocol, sections 4 to 6). The
chain starts with the verifier key that was printed on paper; every later key is vouched for by the one before or by the
recovery key. Invariant: an `Epoch` in hand is one whose keys the paper vouches for, step by step.

    Distrusted
      alarm   true where the answer can only come from a log that shows different histories to different people
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from schemas import canonical, entries, merkle, notes
from schemas.enrolment import AnswerRefused, EnrolmentAnswer, EnrolmentRequest, genesis_hash
from schemas.envelope import Seen
from schemas.keys import KEY_BYTES, KeyRefused, check_ed25519_public, check_x25519_public, verify_ed25519

ENROLLED: Final = "terminal.enrolled.v1"
_AGREE: Final = "host, authority, epoch and the name of the log key must agree"


class Distrusted(Exception):
    """An answer of the server proves nothing, or proves that something is wrong. Nothing of it may be kept.

    `step` is the number of the check that failed, `alarm` whether people must be told at once.
    """

    def __init__(self, step: int, reason: str, *, alarm: bool = False) -> None:
        super().__init__(f"step {step}: {reason}")
        self.step = step
        self.reason = reason
        self.alarm = alarm


class PaperRefused(Exception):
    """What was printed for the enrolment cannot be used; the text says which part."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What comes on paper: `host` and `log` (verifier key text) of the log, `recovery` key, single-use `code`."""

    host: str
    log: str
    recovery: bytes | None
    code: str = field(repr=False)

    @property
    def authority(self) -> str:
        """The authority that the printed key names."""
        return self.log.partition("+")[0].split("/")[1]

    @property
    def epoch(self) -> int:
        """The epoch that the printed key names."""
        return int(self.log.partition("+")[0].split("/")[2])

    @classmethod
    def read(cls, value: Mapping[str, object]) -> Paper:
        """Read {"code", "host", "log", "recovery"}. Raises PaperRefused; `recovery` may be absent or empty."""
        for name in ("code", "host", "log"):
            if not isinstance(value.get(name), str) or not value[name]:
                raise PaperRefused(f"the paper has no {name}: expected code, host, log and recovery")
        log = str(value["log"])
        try:
            key = notes.VerifierKey.parse(log)
        except notes.NoteRefused as refused:
            raise PaperRefused(f"the log key on the paper: {refused}") from None
        parts = key.name.split("/")
        if len(parts) != 3 or parts[0] != value["host"] or not parts[2].isdecimal() or not parts[1]:
            raise PaperRefused(
                f"the log key on the paper is named {key.name}, expected {value['host']}/<authority>/<n>"
            )
        return cls(str(value["host"]), log, read_recovery(value.get("recovery")), str(value["code"]))


@dataclass(frozen=True, slots=True)
class Epoch:
    """A believed epoch: its leaf 0 as bytes, and what it says. `previous` is the note that closed the one before."""

    leaf: bytes
    number: int
    authority: str
    host: str
    log: notes.VerifierKey
    receipt: bytes
    data: bytes
    previous: str

    @property
    def origin(self) -> str:
        """The origin of this epoch's checkpoints."""
        return f"{self.host}/{self.authority}/{self.number}"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A checked answer: who the terminal is from now on, the believed epochs, and the first verified checkpoint."""

    terminal: bytes
    authority: str
    genesis: bytes
    epochs: tuple[Epoch, ...]
    checkpoint: notes.Checkpoint
    note: str


def read_recovery(text: object) -> bytes | None:
    """The recovery key as printed: 64 hexadecimal digits, base64, or a verifier key line. None if not given."""
    if text is None or text == "":
        return None
    if isinstance(text, str):
        key: bytes | None = None
        if text.count("+") >= 2 and "/" in text.partition("+")[0]:
            try:
                key = notes.VerifierKey.parse(text).public
            except notes.NoteRefused:
                key = None
        for decode in (bytes.fromhex, lambda each: base64.b64decode(each, validate=True)):
            try:
                key = key or decode(text)
            except (ValueError, binascii.Error):
                continue
            if len(key) != KEY_BYTES:
                key = None
        if key is not None:
            try:
                check_ed25519_public(key)
            except KeyRefused as refused:
                raise PaperRefused(f"the recovery key on the paper: {refused}") from None
            return key
    raise PaperRefused("the recovery key on the paper is neither 64 hexadecimal digits nor a verifier key")


def read_epoch(step: int, leaf: bytes) -> tuple[Epoch, entries.EpochEntry]:
    """Decode leaf 0 of an epoch and check that it agrees with itself. Says nothing about who signed it."""
    try:
        entry = entries.decode_strict(leaf)
        canonical.decode(leaf)
    except ValueError as fault:
        raise Distrusted(step, f"an epoch entry is malformed: {fault}") from None
    if not isinstance(entry, entries.EpochEntry):
        raise Distrusted(step, f"expected an epoch entry, got another kind ({type(entry).__name__})")
    try:
        log = notes.VerifierKey.parse(entry.keys.log)
        check_ed25519_public(entry.keys.receipt)
        check_x25519_public(entry.keys.data)
    except (notes.NoteRefused, KeyRefused) as refused:
        raise Distrusted(step, f"a key of epoch {entry.e} is refused: {refused}") from None
    epoch = Epoch(leaf, entry.e, entry.a, entry.host, log, entry.keys.receipt, entry.keys.data, entry.previous)
    if log.name != epoch.origin:
        raise Distrusted(step, f"the log key of epoch {entry.e} is named {log.name}: {_AGREE}")
    if (entry.e == 1) != (entry.previous == ""):
        raise Distrusted(step, f"epoch {entry.e} has {'a' if entry.previous else 'no'} previous checkpoint")
    return epoch, entry


def follow(
    step: int, known: Epoch, recovery: bytes | None, leaves: Sequence[bytes], seen: Seen | None
) -> tuple[Epoch, ...]:
    """The epochs behind `known`, each vouched for by the one before or by the recovery key. Raises Distrusted.

    `seen` is the newest checkpoint that the terminal verified; a new epoch that shows another root at that size means
    that the log kept two histories.
    """
    followed: list[Epoch] = []
    before = known
    for leaf in leaves:
        epoch, entry = read_epoch(step, leaf)
        # a. Numbers grow by one; the authority stays; the host may change.
        if epoch.number != before.number + 1:
            raise Distrusted(step, f"expected epoch {before.number + 1}, got epoch {epoch.number}")
        if epoch.authority != before.authority:
            raise Distrusted(step, f"epoch {epoch.number} is of authority {epoch.authority}, not {before.authority}")
        # b. Signed by the log key of the epoch before, or by the recovery key.
        message = entries.epoch_message_of(entry)
        signers = [before.log.public] + ([recovery] if recovery is not None else [])
        if not any(verify_ed25519(key, entry.sig, message) for key in signers):
            raise Distrusted(
                step, f"epoch {epoch.number} is signed neither by the log key before nor by the recovery key"
            )
        # c. `previous` closes the epoch before under its own key.
        try:
            closed = notes.open_checkpoint(epoch.previous, before.log, before.origin)
        except notes.NoteRefused as refused:
            raise Distrusted(
                step, f"epoch {epoch.number} does not cite a checkpoint of the one before: {refused}"
            ) from None
        if seen is not None and seen.epoch == before.number and closed.size == seen.size and closed.root != seen.root:
            raise Distrusted(
                step, f"epoch {before.number} ended with another root than this terminal saw at that size", alarm=True
            )
        followed.append(epoch)
        before = epoch
    return tuple(followed)


def check_enrolment(data: bytes, paper: Paper, request: EnrolmentRequest) -> Enrolled:
    """Check all of the answer to an enrolment against the paper and the request. Raises Distrusted."""
    # 1. Form.
    try:
        answer = EnrolmentAnswer.decode(data)
    except AnswerRefused as refused:
        raise Distrusted(1, str(refused)) from None
    # 2. The epochs, from the printed key on: that one needs no signature, the paper vouches for it.
    first, _ = read_epoch(2, answer.epochs[0])
    if str(first.log) != paper.log:
        raise Distrusted(2, "the first epoch of the answer has another log key than the paper: ask the administrator")
    if first.host != paper.host:
        raise Distrusted(2, f"the first epoch is of host {first.host}, the paper says {paper.host}")
    epochs = (first, *follow(2, first, paper.recovery, answer.epochs[1:], None))
    current = epochs[-1]
    if answer.authority != current.authority:
        raise Distrusted(2, f"the answer is of authority {answer.authority}, its log of {current.authority}")
    # 3. The checkpoint, by the newest log key; the newest epoch entry is its leaf 0.
    try:
        checkpoint = notes.open_checkpoint(answer.checkpoint, current.log, current.origin)
    except notes.NoteRefused as refused:
        raise Distrusted(3, f"the checkpoint: {refused}") from None
    leaf = merkle.leaf_hash(current.leaf)
    if not merkle.verify_inclusion(leaf, 0, checkpoint.size, answer.epoch_proof, checkpoint.root):
        raise Distrusted(3, "the epoch entry is not leaf 0 of the checkpoint")
    # 4. The enrolment entry stands in the log.
    leaf = merkle.leaf_hash(answer.entry)
    if not merkle.verify_inclusion(leaf, answer.index, checkpoint.size, answer.hashes, checkpoint.root):
        raise Distrusted(4, "the enrolment entry is not in the log at the place that the answer names")
    # 5. It enrols these keys, for this authority, as this terminal.
    try:
        entry = entries.decode_strict(answer.entry)
        canonical.decode(answer.entry)
    except ValueError as fault:
        raise Distrusted(5, f"the enrolment entry is malformed: {fault}") from None
    if not isinstance(entry, entries.OfficeEntry) or entry.y != ENROLLED:
        raise Distrusted(5, f"expected an entry of type {ENROLLED}")
    genesis = genesis_hash(answer.terminal, request.event_key)
    expected: dict[str, object] = {
        "authority": current.authority,
        "event_key": request.event_key,
        "genesis": genesis,
        "info": dict(request.info),
        "request_key": request.request_key,
        "terminal": answer.terminal,
    }
    if request.replaces is not None:
        expected["replaces"] = request.replaces
    for name, value in expected.items():
        if entry.b.get(name) != value:
            raise Distrusted(5, f"the enrolment entry has another {name} than was asked for")
    if request.replaces is None and "replaces" in entry.b:
        raise Distrusted(5, "the enrolment entry says that this terminal replaces another")
    if answer.genesis != genesis:
        raise Distrusted(5, "the genesis hash is not that of this terminal id and event key")
    return Enrolled(answer.terminal, current.authority, genesis, epochs, checkpoint, answer.checkpoint)


def id_text(terminal: bytes) -> str:
    """The 36-character form of an id."""
    return str(UUID(bytes=terminal))
