"""The receipt: what a terminal holds after an upload and checks offline (wire protocol, section 3.2).

`build` makes the canonical bytes and has them signed; `decode` refuses anything that is not a receipt. The checks that
need the terminal's own chain are in `ops.terminal`.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas import typed
from schemas.envelope import Bin16, Bin32, Bin64, Int, Positive, Uint

PREFIX: Final = b"liuhen receipt v1\n"
MAX_RECEIPT: Final = 16 * 1024 * 1024
MAX_MISSING: Final = 1_000


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """The server's head of the terminal."""

    hash: Bin32
    seq: Uint


class Proof(Struct, frozen=True, forbid_unknown_fields=True):
    """An RFC 6962 inclusion proof: `hashes` from the leaf up, `index` of the leaf."""

    hashes: Annotated[list[Bin32], Meta(max_length=64)]
    index: Uint


class Result(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What became of one envelope; `epoch` only where it is not the checkpoint's."""

    epoch: Positive | UnsetType = UNSET
    notes: Annotated[list[str], Meta(min_length=1)] | UnsetType = UNSET
    outcome: Literal["recorded", "duplicate", "forked"]
    position: Uint
    seq: Positive


class Receipt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The map of section 3.2, keys in canonical order."""

    blobs_safe: Uint
    checkpoint: Annotated[str, Meta(max_length=65_536)]
    consistency: Annotated[list[Bin32], Meta(max_length=130)] | UnsetType = UNSET
    durable: Literal["committed", "replicated"]
    epoch_proof: Annotated[list[Bin32], Meta(max_length=64)] | UnsetType = UNSET
    epochs: list[bytes] | UnsetType = UNSET
    head: Head
    missing: Annotated[list[Bin32], Meta(max_length=MAX_MISSING)]
    missing_private: Annotated[list[Bin32], Meta(max_length=MAX_MISSING)]
    proof: Proof | UnsetType = UNSET
    received: Int
    results: list[Result]
    seal: bytes | UnsetType = UNSET
    sig: Bin64
    suite: Literal[1]
    terminal: Bin16
    v: Literal[1]
    watermark: Uint


_DECODER = msgspec.msgpack.Decoder(Receipt)


class ReceiptRefused(ValueError):
    """Bytes that are no receipt, or one whose checks fail; the text names the step."""


def signed_message(fields: dict[str, Any]) -> bytes:
    """What the receipt key signs: the hash of the canonical map without `sig`."""
    return PREFIX + sha256(typed.encode({k: v for k, v in fields.items() if k != "sig"})).digest()


def build(fields: dict[str, Any], sign: Callable[[bytes], bytes]) -> bytes:
    """Canonical bytes of a receipt whose map without `sig` is `fields`."""
    signature = sign(PREFIX + sha256(typed.encode(fields)).digest())
    return typed.encode({**fields, "sig": signature})


def decode(data: bytes) -> tuple[Receipt, bytes]:
    """(receipt, signed message). Raises ReceiptRefused for anything that is not the canonical form of a receipt."""
    if len(data) > MAX_RECEIPT:
        raise ReceiptRefused("over 16 MiB")
    try:
        fields = typed.decode(data)
        receipt = _DECODER.decode(data)
    except ValueError as fault:
        raise ReceiptRefused(f"not a receipt: {fault}") from None
    return receipt, signed_message(fields)
