"""The private keys of a log's epoch: log (checkpoints), receipt, data (private values). Kept in files of mode 0600.

One JSON file for each authority and epoch under the keys' folder, and one recovery key for each authority, which an
operator moves away once the terminals are enrolled. Keys are made here and nowhere else; they never reach the database.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from schemas.keys import Signer
from schemas.notes import NoteSigner, VerifierKey
from schemas.private import key_tag
from server.log.durable import sync_folder


class KeyMissing(Exception):
    """A private key that is needed is not in the keys' folder; the message names the file."""


@dataclass(frozen=True, slots=True)
class EpochKeys:
    """Keys of one epoch. `log.name` is the origin of its checkpoints."""

    log: NoteSigner
    receipt: Signer
    data: bytes = field(repr=False)

    @property
    def verifier(self) -> VerifierKey:
        """The public log key."""
        return self.log.verifier

    @property
    def data_public(self) -> bytes:
        """The X25519 public key to which private values are sealed."""
        return X25519PrivateKey.from_private_bytes(self.data).public_key().public_bytes_raw()


class Keyring:
    """The folder of keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache: dict[tuple[str, int], EpochKeys] = {}

    def _path(self, authority: str, name: str) -> Path:
        safe = authority if authority.isalnum() else "x" + authority.encode().hex()
        return self._folder / safe / f"{name}.json"

    def create(self, authority: str, epoch: int, host: str) -> EpochKeys:
        """Make the keys of a new epoch; what exists is kept, so that a repeated attempt uses the same keys."""
        path = self._path(authority, f"epoch-{epoch}")
        if not path.exists():
            value = {
                "origin": f"{host}/{authority}/{epoch}",
                "log": secrets.token_hex(32),
                "receipt": secrets.token_hex(32),
                "data": secrets.token_hex(32),
            }
            _write_private(path, value)
        return self.epoch(authority, epoch)

    def epoch(self, authority: str, epoch: int) -> EpochKeys:
        """The keys of an epoch. Raises KeyMissing."""
        key = (authority, epoch)
        if key not in self._cache:
            value = self._read(self._path(authority, f"epoch-{epoch}"))
            self._cache[key] = EpochKeys(
                NoteSigner(value["origin"], Signer(bytes.fromhex(value["log"]))),
                Signer(bytes.fromhex(value["receipt"])),
                bytes.fromhex(value["data"]),
            )
        return self._cache[key]

    def recovery(self, authority: str, *, create: bool = False) -> Signer:
        """The recovery key, which signs epoch 1 and any epoch whose previous log key is lost. Raises KeyMissing."""
        path = self._path(authority, "recovery")
        if create and not path.exists():
            _write_private(path, {"recovery": secrets.token_hex(32)})
        return Signer(bytes.fromhex(self._read(path)["recovery"]))

    def keep_leaf(self, authority: str, epoch: int, entry: bytes) -> None:
        """Keep leaf 0 of an epoch beside its keys: a database restored from before that epoch must repeat it."""
        path = self._path(authority, f"epoch-{epoch}").with_suffix(".leaf")
        if not path.exists():
            _write_file(path, entry)

    def leaf(self, authority: str, epoch: int) -> bytes | None:
        """Leaf 0 of an epoch that was begun here, None if it was not."""
        try:
            return self._path(authority, f"epoch-{epoch}").with_suffix(".leaf").read_bytes()
        except FileNotFoundError:
            return None

    def data_keys(self, authority: str) -> dict[bytes, bytes]:
        """Private data keys of every epoch that is still here, by `schemas.private.key_tag` of the public key."""
        folder = self._path(authority, "recovery").parent
        found = {}
        for path in folder.glob("epoch-*.json"):
            private = bytes.fromhex(self._read(path)["data"])
            public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
            found[key_tag(public)] = private
        return found

    def _read(self, path: Path) -> dict[str, str]:
        try:
            if path.stat().st_mode & 0o077:
                raise KeyMissing(f"the key file {path} can be read by others: run `chmod 600` on it and ask who did")
            value: dict[str, str] = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise KeyMissing(f"the key file {path} is missing: put it back from where the keys are kept") from None
        return value


def _write_private(path: Path, value: dict[str, str]) -> None:
    _write_file(path, json.dumps(value).encode())


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)
