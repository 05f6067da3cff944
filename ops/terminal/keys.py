"""The terminal's two private keys: one signs batches (event key), one signs requests (request key).

They lie in one small file that only its owner may read. Invariant: a key file is never overwritten, never half written,
and never used while other users of the machine could have read it.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.keys import KEY_BYTES, KeyRefused, Signer

MAX_FILE_BYTES: Final = 4_096
CLOSED: Final = 0o600


class KeyFileRefused(Exception):
    """The key file cannot be used. The text names the file, what was expected and what to do; it holds no key."""


@dataclass(frozen=True, slots=True)
class TerminalKeys:
    """Both signers of one terminal. They differ, and live as long as the terminal id does."""

    event: Signer
    request: Signer


def create(path: Path) -> TerminalKeys:
    """Make new keys and write them to `path`. Raises KeyFileRefused if something is there already.

    A crash leaves either no file or the whole one (and perhaps a stray `.new`, which the next call replaces).
    """
    seeds = {"event": secrets.token_bytes(KEY_BYTES), "request": secrets.token_bytes(KEY_BYTES)}
    text = json.dumps({name: seed.hex() for name, seed in seeds.items()}) + "\n"
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, CLOSED)
    try:
        os.write(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(fresh, path)  # unlike a rename, a link does not replace what is there
    except FileExistsError:
        raise KeyFileRefused(f"{path} exists: keys are never overwritten; load it, or choose another folder") from None
    finally:
        fresh.unlink()
    _sync_folder(path.parent)
    return TerminalKeys(Signer(seeds["event"]), Signer(seeds["request"]))


def load(path: Path) -> TerminalKeys:
    """Read the keys. Raises KeyFileRefused unless the file is ours alone and holds two different keys."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise KeyFileRefused(f"no keys at {path}: enrol the terminal first (liuhen terminal enrol)") from None
    except OSError as fault:
        raise KeyFileRefused(f"{path} cannot be opened as a plain file: {fault.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileRefused(f"{path} is not a plain file")
        if status.st_mode & 0o077:
            raise KeyFileRefused(
                f"{path} can be read by others (mode {stat.S_IMODE(status.st_mode):04o}, expected 0600): whoever had "
                "access may have copied the keys; revoke this terminal and enrol it anew"
            )
        if status.st_uid != os.geteuid():
            raise KeyFileRefused(f"{path} belongs to another user: run as its owner")
        data = file.read(MAX_FILE_BYTES + 1)
    try:
        value = json.loads(data)
        keys = TerminalKeys(Signer(bytes.fromhex(value["event"])), Signer(bytes.fromhex(value["request"])))
    except (ValueError, KeyError, TypeError, RecursionError, KeyRefused):
        raise KeyFileRefused(f"{path} is damaged: expected two keys in hexadecimal; enrol the terminal anew") from None
    if keys.event.public == keys.request.public:
        raise KeyFileRefused(f"{path} holds the same key twice: enrol the terminal anew")
    return keys


def load_or_create(path: Path) -> TerminalKeys:
    """The keys at `path`, made now if there are none: an enrolment that was cut off goes on with the same keys."""
    return load(path) if path.exists() else create(path)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
