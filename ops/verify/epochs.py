"""Leaf 0 of each epoch, and the checkpoints: whose keys they are, and that all signed roots are roots of one tree.

Invariant: a key is used only after the chain of epochs led to it, from an anchor that the caller gave or, said aloud,
from the log itself.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ops.verify.sources import LogInfo
from schemas import entries, keys, notes
from schemas.entries import EpochEntry
from schemas.notes import Checkpoint, VerifierKey

Report = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the caller trusts: log verifier keys (of any epoch 1), recovery keys (32 bytes each)."""

    keys: tuple[VerifierKey, ...] = ()
    recovery: tuple[bytes, ...] = ()


class Roots:
    """Roots of a log at the sizes of its checkpoints: 40 bytes each, found by bisection."""

    def __init__(self) -> None:
        self._sizes = array("Q")
        self._roots = bytearray()

    def add(self, size: int, root: bytes) -> None:
        """Remember a root; sizes ascend, a repeated size is ignored."""
        if not self._sizes or size > self._sizes[-1]:
            self._sizes.append(size)
            self._roots += root

    def get(self, size: int) -> bytes | None:
        """The root at `size`, None where it was not computed."""
        at = bisect_left(self._sizes, size)
        if at == len(self._sizes) or self._sizes[at] != size:
            return None
        return bytes(self._roots[32 * at : 32 * at + 32])


def check_epoch(
    entry: bytes | None, log: LogInfo, before: VerifierKey | None, anchors: Anchors, report: Report, *, whole: bool
) -> tuple[VerifierKey | None, EpochEntry | None]:
    """The log key that leaf 0 names, after all that can be checked of it. `before` is the key of the epoch before.

    `whole` says that the epochs before are here, so that an unknown key before is a fault and not an absence.
    """
    try:
        value = entries.decode(entry or b"")
    except entries.EntryRefused:
        value = None
    if not isinstance(value, EpochEntry):
        report("epoch_entry", 0, why=("it is of another kind or unreadable", "种类不符或无法读取"))
        return None, None
    # (1) host, authority, epoch, key name and origin agree
    if (value.a, value.e) != (log.authority, log.epoch) or f"{value.host}/{value.a}/{value.e}" != log.origin:
        report("epoch_entry", 0, why=("authority, epoch, host and origin do not agree", "机关、期次、主机与来源不一致"))
    try:
        key = VerifierKey.parse(value.keys.log)
        keys.check_ed25519_public(value.keys.receipt)
        keys.check_x25519_public(value.keys.data)
    except (notes.NoteRefused, keys.KeyRefused) as fault:
        report("epoch_entry", 0, why=(str(fault), "其中的密钥不可用"))
        return None, value
    if key.name != log.origin:
        report("epoch_entry", 0, why=("the log key bears another name", "日志密钥名称不符"))
    # (2) signed by the key before it or by the recovery key
    message = entries.epoch_message_of(value)
    trusted = [public for public in anchors.recovery if keys.verify_ed25519(public, value.sig, message)]
    if key in anchors.keys:
        return key, value  # pinned: needs no signature check
    if log.epoch == 1:
        if anchors.recovery and not trusted:
            report("epoch_signature", 0)
        if value.previous:
            report("epoch_previous", 0, why=("is not empty in epoch 1", "在第 1 期应为空"))
        pinned = [k for k in anchors.keys if k.name == key.name]
        if pinned and not trusted:
            report("anchor", 0)
    elif before is not None:
        if not trusted and not keys.verify_ed25519(before.public, value.sig, message):
            report("epoch_signature", 0)
    elif whole and not trusted:
        report("epoch_signature", 0)
    return key, value


def check_previous(
    value: EpochEntry, before: tuple[LogInfo, VerifierKey, Roots] | None, report: Report
) -> tuple[int, int] | None:
    """Hold `previous` against the epoch before. Returns (size, have) where the old log had been longer than now."""
    if before is None:
        return None
    log, key, roots = before
    try:
        old = notes.open_checkpoint(value.previous, key, log.origin)
    except notes.NoteRefused as fault:
        report(
            "epoch_previous",
            0,
            why=(f"is no checkpoint of epoch {log.epoch}: {fault}", f"不是第 {log.epoch} 期的检查点"),
        )
        return None
    if old.size > log.size:
        return old.size, log.size
    root = roots.get(old.size)
    if root is not None and root != old.root:
        report("epoch_previous", 0, why=(f"has another root at size {old.size}", f"在大小 {old.size} 处的根不符"))
    return None


def quoted(entry: bytes, key: VerifierKey, origin: str) -> Checkpoint | None:
    """The checkpoint of the epoch before that an epoch entry quotes, None unless `key` signed it for `origin`."""
    try:
        value = entries.decode(entry)
        return notes.open_checkpoint(value.previous, key, origin) if isinstance(value, EpochEntry) else None
    except (entries.EntryRefused, notes.NoteRefused):
        return None


def previous_size(entry: bytes | None) -> int | None:
    """Size that the `previous` of an epoch entry names, None where it cannot be read."""
    try:
        value = entries.decode(entry or b"")
        if isinstance(value, EpochEntry) and value.previous:
            return notes.parse_checkpoint(notes.split_note(value.previous)[0]).size
    except (entries.EntryRefused, notes.NoteRefused):
        pass
    return None


def note_size(note: Any) -> int | None:
    """Size that a note names, whoever signed it."""
    try:
        return notes.parse_checkpoint(notes.split_note(note)[0]).size
    except (notes.NoteRefused, AttributeError, TypeError):
        return None
