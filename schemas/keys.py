"""Ed25519 and X25519 keys of suite 1: which keys are taken, how signatures are checked, how they are made.

A lax check is a repudiable record: with a low-order key its owner can make one signature that fits many messages. Keys
are therefore checked once, where they enter (enrolment, epoch, settings), and signatures by the strict rule everywhere.

Invariant: `verify_ed25519` gives the answer of RFC 8032 with S < L and R compared as bytes (cofactorless), the same
answer for the same bytes whichever library computed it.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import CryptoError

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class KeyRefused(ValueError):
    """The key cannot be trusted to bind its owner. The text says what was expected and never holds key bytes."""


def check_ed25519_public(key: bytes) -> None:
    """Raise `KeyRefused` unless `key` canonically encodes a point of the prime-order subgroup, not the identity."""
    if type(key) is not bytes or len(key) != KEY_BYTES:
        raise KeyRefused(f"an Ed25519 public key has {KEY_BYTES} bytes, got {_size(key)}")
    if not crypto_core_ed25519_is_valid_point(key):
        raise KeyRefused(
            "not an Ed25519 public key of suite 1: expected the canonical encoding of a point of the prime-order "
            "subgroup other than the identity; make a new key pair"
        )


def check_x25519_public(key: bytes) -> None:
    """Raise `KeyRefused` unless `key` has 32 bytes and is not all zero.

    Further weak points show as an all-zero shared secret, which sealing and opening refuse.
    """
    if type(key) is not bytes or len(key) != KEY_BYTES:
        raise KeyRefused(f"an X25519 public key has {KEY_BYTES} bytes, got {_size(key)}")
    if not any(key):
        raise KeyRefused("an X25519 public key of zeros gives no secret; make a new key pair")


def verify_ed25519(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes) by `key` (32 bytes) is valid over `message`. Never raises for bad bytes.

    libsodium is asked first because it is twice as fast. It is stricter than the rule (it refuses a small-order R), so
    what it refuses is asked again of `cryptography`, whose answer is the specified one; that path checks the key too.
    """
    if len(signature) != SIGNATURE_BYTES or len(key) != KEY_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, key)
    except CryptoError:
        pass
    else:
        return True
    if not crypto_core_ed25519_is_valid_point(key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


class Signer:
    """An Ed25519 private key in memory, made from its 32-byte seed. Holds `public` (32 bytes); shows no secret."""

    __slots__ = ("_private", "public")

    public: bytes

    def __init__(self, seed: bytes) -> None:
        if type(seed) is not bytes or len(seed) != KEY_BYTES:
            raise KeyRefused(f"an Ed25519 seed has {KEY_BYTES} bytes, got {_size(seed)}")
        self.public, self._private = crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        """The signature (64 bytes) over `message`: deterministic, so repeating it after a crash is harmless."""
        return crypto_sign(message, self._private)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"Signer(public={self.public.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("a Signer is not pickled: pass the seed by a file that only its owner can read")


def _size(key: object) -> str:
    return f"{len(key)}" if isinstance(key, bytes) else type(key).__name__
