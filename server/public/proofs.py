"""The proof of a published record, made out of the public copy of its log: checkpoint, key and hash tiles as files.

A proof says: these bytes hash, with this salt, to the `disclosure` entry at this place of the log, and the log's key
signed a root that contains it. Nothing of any other entry is in it but hashes. Invariant: a proof leaves `make` only
if it verifies here, so a damaged file gives an error and never a proof that fails elsewhere.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import UNSET

from schemas import entries, merkle, notes, proof_file, tiles
from schemas.notes import Checkpoint, NoteRefused, VerifierKey
from schemas.proof_file import ProofFile, ProofRefused
from server.public.shapes import ProofShape

AUTHORITY: Final = re.compile(r"[A-Za-z0-9]{1,64}")
TILES_IN_MEMORY: Final = 256
"""Full tiles of 8 KiB."""


class NotYet(Exception):
    """The entry is younger than the public checkpoint, which is renewed every ten minutes."""


class Damaged(Exception):
    """The public copy of the log does not verify; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands: the log's authority and epoch, and its leaf."""

    authority: str
    epoch: int
    position: int


@dataclass(frozen=True, slots=True)
class Proof:
    """One entry under the newest public checkpoint. `file` is what a C2SP `tlog-proof` says."""

    entry: bytes
    key: VerifierKey
    checkpoint: Checkpoint
    file: ProofFile

    def shape(self, document: bytes | None, salt: bytes | None) -> ProofShape:
        """The proof as the page in the browser reads it. Without document and salt it is that of an older revision."""
        what = entries.decode(self.entry)
        assert isinstance(what, entries.DisclosureEntry)
        return ProofShape(
            record=_uuid(what.i),
            outcome=what.o,
            entry=_text64(self.entry),
            index=self.file.index,
            hashes=tuple(_text64(each) for each in self.file.hashes),
            checkpoint=self.file.checkpoint,
            key=str(self.key),
            document=UNSET if document is None else document.decode("utf-8"),
            salt=UNSET if salt is None else salt.hex(),
        )


def folder_of(folder: Path, authority: str, epoch: int) -> Path:
    """Where the public copy of a log lies. Raises ValueError for what names none."""
    if not AUTHORITY.fullmatch(authority) or not 1 <= epoch < 10**9:
        raise ValueError("no log has this name")
    return folder / "log" / "v1" / authority / str(epoch)


def make(folder: Path, place: Place, entry: bytes) -> Proof:
    """The proof of `entry` at `place`. Reads files: call it in a thread. Raises NotYet, Damaged."""
    base = folder_of(folder, place.authority, place.epoch)
    try:
        note = (base / "checkpoint").read_text("utf-8")
        key = VerifierKey.parse((base / "key").read_text("utf-8").strip())
    except FileNotFoundError:
        raise NotYet from None
    except (OSError, UnicodeDecodeError, NoteRefused) as fault:
        raise Damaged(f"checkpoint or key of {place.authority} cannot be read: {fault}") from None
    try:
        checkpoint = notes.open_checkpoint(note, key, key.name)
        if place.position >= checkpoint.size:
            raise NotYet
        node = tiles.reader(checkpoint.size, lambda tile: _tile(base, tile))
        path = merkle.inclusion_proof(place.position, checkpoint.size, node)
        made = ProofFile(place.position, tuple(path), note)
        proof_file.verify_proof(made, merkle.leaf_hash(entry), key, key.name)
    except (OSError, NoteRefused, ProofRefused, tiles.TileRefused) as fault:
        raise Damaged(f"the public copy of {place.authority}/{place.epoch} does not verify: {fault}") from None
    return Proof(entry, key, checkpoint, made)


def _tile(base: Path, tile: tiles.Tile) -> bytes:
    path = base / tiles.path_of(tile)
    return _full(path) if tile.full else path.read_bytes()


@lru_cache(maxsize=TILES_IN_MEMORY)
def _full(path: Path) -> bytes:
    """A full tile never changes."""
    return path.read_bytes()


def _uuid(raw: bytes) -> str:
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _text64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
