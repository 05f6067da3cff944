"""`tlog-proof@v1`: one file that proves offline that an entry stands in a log (C2SP tlog-proof).

It carries the leaf index, the RFC 6962 inclusion proof and a signed checkpoint; the reader brings the entry and the
log's key. Published disclosures are offered in this form beside JSON.

Invariant: `parse_proof(proof.text()) == proof`, and no other text parses to it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.merkle import HASH_BYTES, verify_inclusion
from schemas.notes import (
    MAX_NOTE_BYTES,
    Checkpoint,
    NoteRefused,
    VerifierKey,
    open_checkpoint,
    parse_checkpoint,
    split_note,
)

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 64
"""A tree of up to 2^64 entries has no longer path."""

MAX_EXTRA_BYTES: Final = 65_536
MAX_FILE_CHARS: Final = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES + 64 * (MAX_HASHES + 4)

_INDEX: Final = re.compile("0|[1-9][0-9]{0,19}")


class ProofRefused(ValueError):
    """A proof file is malformed or does not prove what was asked. The text says which step failed."""


@dataclass(frozen=True, slots=True)
class ProofFile:
    """An inclusion proof as it travels: leaf `index`, `hashes` from the sibling upwards, the signed `checkpoint`.

    `extra` is opaque and not authenticated; None means that the line is absent.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < 2**64:
            raise ProofRefused(f"a leaf index is 0..2^64-1, got {self.index}")
        if len(self.hashes) > MAX_HASHES or any(len(each) != HASH_BYTES for each in self.hashes):
            raise ProofRefused(f"a proof has at most {MAX_HASHES} hashes of {HASH_BYTES} bytes each")
        if self.extra is not None and len(self.extra) > MAX_EXTRA_BYTES:
            raise ProofRefused(f"extra data has at most {MAX_EXTRA_BYTES} bytes, got {len(self.extra)}")
        try:
            parse_checkpoint(split_note(self.checkpoint)[0])
        except NoteRefused as refused:
            raise ProofRefused(f"the checkpoint is not well formed: {refused}") from None

    def text(self) -> str:
        """The file's text (UTF-8)."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {_text64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [_text64(each) for each in self.hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse_proof(text: str) -> ProofFile:
    """Read a proof file; raises `ProofRefused`. Nothing is verified yet."""
    if len(text) > MAX_FILE_CHARS:
        raise ProofRefused(f"a proof file has at most {MAX_FILE_CHARS} characters")
    head, blank, checkpoint = text.partition("\n\n")
    if not blank:
        raise ProofRefused("expected an empty line between the proof and the checkpoint")
    lines = head.split("\n")
    if lines[0] != HEADER:
        raise ProofRefused(f"expected the first line {HEADER}")
    at = 1
    extra = None
    if at < len(lines) and lines[at].startswith("extra "):
        extra = _base64(lines[at].removeprefix("extra "), "extra data")
        at += 1
    if at >= len(lines) or not lines[at].startswith("index "):
        raise ProofRefused("expected the line `index` with the number of the leaf")
    number = lines[at].removeprefix("index ")
    if not _INDEX.fullmatch(number):
        raise ProofRefused("expected a leaf index in decimal digits without sign or leading zeros")
    hashes = tuple(_base64(line, "hash") for line in lines[at + 1 : at + 2 + MAX_HASHES])
    return ProofFile(int(number), hashes, checkpoint, extra)


def verify_proof(proof: ProofFile, leaf: bytes, key: VerifierKey, origin: str) -> Checkpoint:
    """The checkpoint under which the leaf hash `leaf` (32 bytes) stands at `proof.index`. Raises `ProofRefused`."""
    # 1. The leaf hash is the caller's: it knows the entry.
    # 2. The checkpoint is of the log `origin` and signed by its key.
    try:
        checkpoint = open_checkpoint(proof.checkpoint, key, origin)
    except NoteRefused as refused:
        raise ProofRefused(f"the checkpoint is refused: {refused}") from None
    # 3. Cosignatures of witnesses are the caller's policy: `schemas.notes.split_note` gives their lines.
    # 4. The path joins the leaf to the signed root.
    if not verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root):
        raise ProofRefused(f"the path does not lead from this entry at {proof.index} to the root of {origin}")
    return checkpoint


def proof_file(index: int, hashes: Sequence[bytes], checkpoint: str, extra: bytes | None = None) -> str:
    """The text of a proof file from its parts."""
    return ProofFile(index, tuple(hashes), checkpoint, extra).text()


def _base64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ProofRefused(f"the {what} is not standard base64 with padding") from None
    if _text64(data) != text:
        raise ProofRefused(f"the {what} is not the canonical base64 of its bytes")
    return data


def _text64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
