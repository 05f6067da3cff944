"""The key that seals secrets of second factors: it lies in the folder of keys, never in the database.

AES-256-GCM with a random nonce; the account's name is bound in, so that a sealed secret moved to another account does
not open. Invariant: a copy of the database alone opens no second factor.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FILE: Final = "identity.json"
NONCE: Final = 12
_BOUND: Final = b"liuhen factor v1\n"


class SealBroken(Exception):
    """A sealed secret does not open: it was sealed with another key, for another account, or changed."""


class SealKeyUnfit(Exception):
    """The file of the key cannot be used; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens with one key of 32 bytes."""

    key: bytes = field(repr=False)

    @classmethod
    def load_or_create(cls, folder: Path) -> Sealer:
        """The key of an installation, made at its first start. Raises SealKeyUnfit."""
        file = folder / FILE
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _write_once(file, json.dumps({"factors": secrets.token_hex(32)}).encode())
        try:
            if file.stat().st_mode & 0o077:
                raise SealKeyUnfit(f"{file} can be read by others: run `chmod 600` on it and ask who did")
            return cls(bytes.fromhex(json.loads(file.read_text("utf-8"))["factors"]))
        except (OSError, ValueError, KeyError, TypeError):
            raise SealKeyUnfit(f"{file} cannot be read as a key: put it back from where the keys are kept") from None

    def seal(self, name: str, secret: bytes) -> bytes:
        """The secret of an account, sealed."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + AESGCM(self.key).encrypt(nonce, secret, _BOUND + name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """The secret again. Raises SealBroken."""
        try:
            return AESGCM(self.key).decrypt(sealed[:NONCE], sealed[NONCE:], _BOUND + name.encode())
        except InvalidTag:
            raise SealBroken("a second factor does not open with the key that is here") from None


def _write_once(file: Path, content: bytes) -> None:
    """Written aside and linked, so that two processes that start at once use one key."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(aside, file)
        except FileExistsError:
            return
    finally:
        aside.unlink()
