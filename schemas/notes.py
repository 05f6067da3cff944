"""Signed notes and checkpoints: how a log says "so many entries, this root" (wire protocol, section 5).

The formats are C2SP signed-note, with Ed25519 (signature type 0x01) as the one algorithm of our own keys, and C2SP
tlog-checkpoint. Lines of keys that the reader does not know, witnesses for example, are carried and ignored.

Invariant: a text leaves `open_note`, and a `Checkpoint` leaves `open_checkpoint`, only if a key that the caller named
signed exactly these bytes and no named key's signature on them is bad.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from schemas.keys import KeyRefused, Signer, check_ed25519_public, verify_ed25519
from schemas.merkle import EMPTY_ROOT, HASH_BYTES

ED25519: Final = 0x01
"""Signature type of C2SP signed-note."""

MAX_NOTE_BYTES: Final = 262_144
"""Sixteen post-quantum signatures of some 5 kB each and a text fit in."""

MAX_SIGNATURES: Final = 64
"""The specification asks for 16 at least."""

MAX_NAME_BYTES: Final = 256
MAX_TREE_SIZE: Final = 2**64 - 1

_DASH: Final = "— "
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")
_SIZE: Final = re.compile("0|[1-9][0-9]{0,19}")
_KEY_ID: Final = re.compile("[0-9a-f]{8}")


class NoteRefused(ValueError):
    """A note, a checkpoint or a verifier key is malformed or not signed as asked. The text says what was expected."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A key that may sign notes: its name and its Ed25519 public key (32 bytes)."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        try:
            check_ed25519_public(self.public)
        except KeyRefused as refused:
            raise NoteRefused(f"verifier key {self.name}: {refused}") from None

    @property
    def id(self) -> bytes:
        """The key id (4 bytes) that stands before each signature."""
        return _key_id(self.name, self.public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `<name>+<key id, 8 hex digits>+<base64 of type and key>`; only Ed25519 (type 0x01) is taken."""
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise NoteRefused("expected a verifier key <name>+<id>+<base64>, got fewer than three parts")
        name, key_id, encoded = parts
        material = _base64(encoded, "verifier key")
        if material[:1] != bytes([ED25519]):
            raise NoteRefused("expected a verifier key of type 0x01 (Ed25519), got another type")
        key = cls(name, material[1:])
        if not _KEY_ID.fullmatch(key_id) or bytes.fromhex(key_id) != key.id:
            raise NoteRefused(f"verifier key {name}: the id does not belong to name and key; copy the whole line anew")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_text64(bytes([ED25519]) + self.public)}"


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A named private key that signs notes."""

    name: str
    signer: Signer

    def __post_init__(self) -> None:
        _check_name(self.name)

    @property
    def verifier(self) -> VerifierKey:
        """The key that verifies what this one signs."""
        return VerifierKey(self.name, self.signer.public)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: key name, key id (4 bytes), signature bytes of whatever algorithm the key has."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {_text64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: origin (key name of the log), number of entries, root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin or _CONTROL.search(self.origin):
            raise NoteRefused("a checkpoint's origin is one line of text that is not empty")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise NoteRefused(f"a tree has 0 .. 2^64-1 entries, got {self.size}")
        if len(self.root) != HASH_BYTES:
            raise NoteRefused(f"a root has {HASH_BYTES} bytes, got {len(self.root)}")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteRefused("a tree without entries has the root SHA-256 of nothing, got another root")

    def text(self) -> str:
        """The note text: origin, size, root, each on its line; no extension lines."""
        return f"{self.origin}\n{self.size}\n{_text64(self.root)}\n"


def sign_note(text: str, signer: NoteSigner) -> str:
    """The note of `text`, which ends in a newline, with one signature line."""
    if not text.endswith("\n"):
        raise NoteRefused("the text of a note ends in a newline")
    signature = NoteSignature(signer.name, _key_id(signer.name, signer.signer.public), signer.signer.sign(_utf8(text)))
    return f"{text}\n{signature}"


def split_note(note: str) -> tuple[str, list[NoteSignature]]:
    """Text and signature lines of a well-formed note. Nothing is verified: treat the text as unknown bytes."""
    # 1. Limits and characters.
    if len(_utf8(note)) > MAX_NOTE_BYTES:
        raise NoteRefused(f"a note has at most {MAX_NOTE_BYTES} bytes")
    # 2. The last empty line parts text and signatures.
    at = note.rfind("\n\n")
    if at < 0:
        raise NoteRefused("expected a text, an empty line and signature lines; found no empty line")
    text, block = note[: at + 1], note[at + 2 :]
    if not block.endswith("\n"):
        raise NoteRefused("expected signature lines that end in a newline; the note is cut off or not signed")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteRefused(f"a note has at most {MAX_SIGNATURES} signatures, got {len(lines)}")
    # 3. Each line is a name and base64 of key id and signature.
    return text, [_signature_line(line) for line in lines]


def open_note(note: str, keys: Sequence[VerifierKey]) -> str:
    """The text of `note` if at least one of `keys` signed it and none of them signed it badly.

    Raises `NoteRefused` for a malformed note, for a bad signature that claims to be by one of `keys`, and if none of
    `keys` signed. Signatures of other keys are ignored, even where they share the name or the id (but not both).
    """
    known = {(key.name, key.id): key for key in keys}
    if len(known) != len(set(keys)):
        raise NoteRefused("two of the verifier keys share name and id: name one of them only")
    text, signatures = split_note(note)
    message = text.encode()
    verified = False
    for line in signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if not verify_ed25519(key.public, line.signature, message):
            raise NoteRefused(f"the signature of {line.name} does not fit the text: the note was changed or forged")
        verified = True
    if not verified:
        raise NoteRefused(f"not signed by {' or '.join(key.name for key in keys) or 'any known key'}")
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint. Extension lines are tolerated and dropped; this says nothing about signatures."""
    if not text.endswith("\n"):
        raise NoteRefused("the text of a checkpoint ends in a newline")
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise NoteRefused("expected the lines origin, size and root, none of them empty")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise NoteRefused("expected a tree size in decimal digits without sign or leading zeros")
    return Checkpoint(origin, int(size), _base64(root, "root"))


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> str:
    """The signed note of `checkpoint`. The key name must be the origin: a log signs for itself only."""
    if signer.name != checkpoint.origin:
        raise NoteRefused(f"key {signer.name} signs for the log of its own name, not for {checkpoint.origin}")
    return sign_note(checkpoint.text(), signer)


def open_checkpoint(note: str, key: VerifierKey, origin: str) -> Checkpoint:
    """The checkpoint in `note`, signed by `key` for the log `origin`. Raises `NoteRefused` otherwise."""
    if key.name != origin:
        raise NoteRefused(f"a checkpoint of {origin} is signed by the key of that name, got the key {key.name}")
    checkpoint = parse_checkpoint(open_note(note, (key,)))
    if checkpoint.origin != origin:
        raise NoteRefused(f"expected a checkpoint of {origin}, got one of another log")
    return checkpoint


def _signature_line(line: str) -> NoteSignature:
    if not line.startswith(_DASH):
        raise NoteRefused("expected a signature line that begins with an em dash and a space")
    name, _, encoded = line[len(_DASH) :].partition(" ")
    _check_name(name)
    blob = _base64(encoded, "signature")
    if len(blob) < 5:
        raise NoteRefused("expected a signature of a 4-byte key id and at least one byte")
    return NoteSignature(name, blob[:4], blob[4:])


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([ED25519]) + public).digest()[:4]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(each.isspace() for each in name) or _CONTROL.search(name):
        raise NoteRefused("a key name is not empty and holds no spaces, control characters or '+'")
    if len(_utf8(name)) > MAX_NAME_BYTES:
        raise NoteRefused(f"a key name has at most {MAX_NAME_BYTES} bytes")


def _utf8(text: str) -> bytes:
    if _CONTROL.search(text):
        raise NoteRefused("a note holds no control characters other than newline")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NoteRefused("a note is valid UTF-8; got a lone surrogate") from None


def _base64(text: str, what: str) -> bytes:
    """Standard base64 in its one canonical form: padded, no whitespace, unused bits zero."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteRefused(f"the {what} is not standard base64 with padding") from None
    if _text64(data) != text:
        raise NoteRefused(f"the {what} is not the canonical base64 of its bytes")
    return data


def _text64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")
