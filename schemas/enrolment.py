"""Enrolment: how a terminal gets its id and an authority learns its keys (wire protocol, section 6).

The terminal signs with both of its keys what it read from paper (code, log key) and what it brings (keys, info). The
answer carries the log entry that enrols it, with proofs, so that the terminal believes the log and not the server.

Invariant: `decode(request.encode()) == request`; a request that passed `check_request` was signed by the owners of
both keys for exactly this log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from schemas import canonical
from schemas.keys import KeyRefused, Signer, check_ed25519_public, verify_ed25519
from schemas.problems import Problem

PREFIX: Final = b"liuhen enrol v1\n"
GENESIS_PREFIX: Final = b"liuhen terminal v1\n"
SUITE: Final = 1
VERSION: Final = 1

MAX_REQUEST_BYTES: Final = 32_768
"""The info goes into an office entry, whose body has at most 48,000 bytes."""

MAX_ANSWER_BYTES: Final = 4_194_304
MAX_CODE_BYTES: Final = 128
MAX_INFO_BYTES: Final = 16_384
MAX_EPOCHS: Final = 10_000
MAX_HASHES: Final = 64
MAX_UINT: Final = 2**53 - 1

_REQUEST_KEYS: Final = frozenset(
    ("code", "event_key", "info", "replaces", "request_key", "sig", "sig_request", "suite", "v")
)
_ANSWER_KEYS: Final = frozenset(
    ("authority", "checkpoint", "entry", "epoch_proof", "epochs", "genesis", "proof", "terminal", "v")
)


class AnswerRefused(ValueError):
    """The server's answer to an enrolment is malformed. The text says what was expected; the terminal keeps nothing."""


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What a terminal asks with.

    `code`: as printed on paper, hyphens and case included (str, 1..128 bytes; not shown in the repr);
    `event_key`, `request_key`: Ed25519 public keys (32 bytes), which differ; `info`: what the terminal says about
    itself; `sig`, `sig_request`: 64 bytes by either key; `replaces`: id (16 bytes) of the terminal it stands in for.
    """

    code: str = field(repr=False)
    event_key: bytes
    request_key: bytes
    info: Mapping[str, object]
    sig: bytes
    sig_request: bytes
    replaces: bytes | None = None

    def encode(self) -> bytes:
        """The canonical bytes that are posted."""
        value: dict[str, object] = {
            "code": self.code,
            "event_key": self.event_key,
            "info": dict(self.info),
            "request_key": self.request_key,
            "sig": self.sig,
            "sig_request": self.sig_request,
            "suite": SUITE,
            "v": VERSION,
        }
        if self.replaces is not None:
            value["replaces"] = self.replaces
        return canonical.encode(value)

    @classmethod
    def decode(cls, data: bytes) -> EnrolmentRequest:
        """Read a request; raises `Problem` too_large, then unsupported_version, then not_canonical."""
        if len(data) > MAX_REQUEST_BYTES:
            raise Problem("too_large", f"an enrolment has at most {MAX_REQUEST_BYTES} bytes", limit=MAX_REQUEST_BYTES)
        try:
            value = canonical.decode(data)
        except canonical.NotCanonical as fault:
            raise Problem("not_canonical", str(fault)) from None
        if not isinstance(value, dict):
            raise Problem("not_canonical", "an enrolment is a map")
        for name in ("v", "suite"):
            if type(value.get(name)) is int and value[name] != 1:
                raise Problem("unsupported_version", f"{name} must be 1", **{name: value[name]})
        try:
            return cls._of(value)
        except ValueError as fault:
            raise Problem("not_canonical", str(fault)) from None

    @classmethod
    def _of(cls, value: dict[str, Any]) -> EnrolmentRequest:
        _keys(value, _REQUEST_KEYS, optional={"replaces"})
        for name in ("v", "suite"):
            if type(value[name]) is not int:
                raise ValueError(f"{name} must be the integer 1")
        info = value["info"]
        if type(info) is not dict:
            raise ValueError("info must be a map")
        if len(canonical.encode(info)) > MAX_INFO_BYTES:
            raise ValueError(f"info has at most {MAX_INFO_BYTES} bytes")
        return cls(
            code=_text(value, "code", 1, MAX_CODE_BYTES),
            event_key=_bin(value, "event_key", 32),
            request_key=_bin(value, "request_key", 32),
            info=info,
            sig=_bin(value, "sig", 64),
            sig_request=_bin(value, "sig_request", 64),
            replaces=_bin(value, "replaces", 16) if "replaces" in value else None,
        )


@dataclass(frozen=True, slots=True)
class EnrolmentAnswer:
    """What the server answers: the terminal's id, authority and genesis hash, and the proof that the log says so.

    `entry`: its `terminal.enrolled.v1` entry, at leaf `index` with inclusion proof `hashes` in `checkpoint`; `epochs`:
    leaf 0 of every epoch from that of the signed log key to the current one; `epoch_proof`: inclusion proof of the
    last.
    """

    authority: str
    checkpoint: str
    entry: bytes
    index: int
    hashes: tuple[bytes, ...]
    epochs: tuple[bytes, ...]
    epoch_proof: tuple[bytes, ...]
    genesis: bytes
    terminal: bytes

    def encode(self) -> bytes:
        """The canonical bytes of the answer."""
        return canonical.encode(
            {
                "authority": self.authority,
                "checkpoint": self.checkpoint,
                "entry": self.entry,
                "epoch_proof": list(self.epoch_proof),
                "epochs": list(self.epochs),
                "genesis": self.genesis,
                "proof": {"hashes": list(self.hashes), "index": self.index},
                "terminal": self.terminal,
                "v": VERSION,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> EnrolmentAnswer:
        """Read an answer; raises `AnswerRefused`. Signatures and proofs are the terminal's next step."""
        if len(data) > MAX_ANSWER_BYTES:
            raise AnswerRefused(f"an answer has at most {MAX_ANSWER_BYTES} bytes, got {len(data)}")
        try:
            value = canonical.decode(data)
            if not isinstance(value, dict):
                raise ValueError("an answer is a map")
            _keys(value, _ANSWER_KEYS)
            if type(value["v"]) is not int or value["v"] != VERSION:
                raise ValueError("v must be 1")
            proof = value["proof"]
            if type(proof) is not dict:
                raise ValueError("proof must be a map")
            _keys(proof, frozenset(("hashes", "index")))
            index = proof["index"]
            if type(index) is not int or not 0 <= index <= MAX_UINT:
                raise ValueError("index must be an integer 0 .. 2^53-1")
            epochs = _bins(value, "epochs", None, MAX_EPOCHS)
            if not epochs:
                raise ValueError("epochs is never empty")
            return cls(
                authority=_text(value, "authority", 1, 128),
                checkpoint=_text(value, "checkpoint", 1, MAX_ANSWER_BYTES),
                entry=_bin(value, "entry", None),
                index=index,
                hashes=_bins(proof, "hashes", 32, MAX_HASHES),
                epochs=epochs,
                epoch_proof=_bins(value, "epoch_proof", 32, MAX_HASHES),
                genesis=_bin(value, "genesis", 32),
                terminal=_bin(value, "terminal", 16),
            )
        except ValueError as fault:
            raise AnswerRefused(f"the answer to the enrolment is malformed: {fault}") from None


def genesis_hash(terminal: bytes, event_key: bytes) -> bytes:
    """What stands where a first envelope has no predecessor: binds the chain to terminal id (16) and event key (32)."""
    if len(terminal) != 16 or len(event_key) != 32:
        raise ValueError("expected a terminal id of 16 bytes and an event key of 32 bytes")
    return sha256(GENESIS_PREFIX + terminal + event_key).digest()


def signed_message(
    code: str, event_key: bytes, request_key: bytes, info: Mapping[str, object], log_vkey: str, replaces: bytes | None
) -> bytes:
    """What both keys sign; `log_vkey` is the log's verifier key text as printed."""
    return b"".join(
        (
            PREFIX,
            bytes([SUITE]),
            sha256(code.encode()).digest(),
            event_key,
            request_key,
            replaces if replaces is not None else bytes(16),
            sha256(canonical.encode(dict(info))).digest(),
            sha256(log_vkey.encode()).digest(),
        )
    )


def sign_request(
    code: str, event: Signer, request: Signer, info: Mapping[str, object], log_vkey: str, replaces: bytes | None = None
) -> EnrolmentRequest:
    """The request of a terminal whose keys are `event` and `request`."""
    message = signed_message(code, event.public, request.public, info, log_vkey, replaces)
    return EnrolmentRequest(
        code=code,
        event_key=event.public,
        request_key=request.public,
        info=info,
        sig=event.sign(message),
        sig_request=request.sign(message),
        replaces=replaces,
    )


def check_request(request: EnrolmentRequest, log_vkey: str) -> None:
    """Raise `Problem` key_refused or bad_signature unless both keys are sound, differ, and signed for this log.

    Whether the code lives and whether a key was enrolled before is for the caller, who has the log.
    """
    try:
        check_ed25519_public(request.event_key)
        check_ed25519_public(request.request_key)
    except KeyRefused as refused:
        raise Problem("key_refused", str(refused)) from None
    if request.event_key == request.request_key:
        raise Problem("key_refused", "event key and request key must differ")
    message = signed_message(
        request.code, request.event_key, request.request_key, request.info, log_vkey, request.replaces
    )
    if not verify_ed25519(request.event_key, request.sig, message):
        raise Problem("bad_signature", "sig does not fit the enrolment and this log's verifier key")
    if not verify_ed25519(request.request_key, request.sig_request, message):
        raise Problem("bad_signature", "sig_request does not fit the enrolment and this log's verifier key")


def _keys(value: dict[str, Any], expected: frozenset[str], optional: set[str] | None = None) -> None:
    missing = sorted(expected - (optional or set()) - value.keys())
    if missing:
        raise ValueError(f"missing key {', '.join(missing)}")
    if value.keys() - expected:
        raise ValueError("a key that the protocol does not list")


def _bin(value: dict[str, Any], name: str, length: int | None) -> bytes:
    item = value[name]
    if type(item) is not bytes or (length is not None and len(item) != length):
        raise ValueError(f"{name} must be {'binary' if length is None else f'{length} bytes'}")
    return item


def _bins(value: dict[str, Any], name: str, length: int | None, most: int) -> tuple[bytes, ...]:
    items = value[name]
    if type(items) is not list or len(items) > most:
        raise ValueError(f"{name} must be an array of at most {most}")
    if any(type(item) is not bytes or (length is not None and len(item) != length) for item in items):
        raise ValueError(f"{name} must hold {'binaries' if length is None else f'{length} bytes each'}")
    return tuple(items)


def _text(value: dict[str, Any], name: str, least: int, most: int) -> str:
    item = value[name]
    if type(item) is not str or not least <= len(item.encode()) <= most:
        raise ValueError(f"{name} must be text of {least}..{most} bytes")
    return item
