"""Private values: a commitment in the log, the value sealed beside it (wire protocol, section 1.1).

A telephone number or a health note must be erasable, the log is not. So the body of an event holds SHA-256 over a
random salt and the value, and the value itself travels sealed to the authority's data key and is stored outside.

Invariant: what `open_sealed` returns hashes to the commitment that the caller asked for, whoever sealed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from schemas import canonical
from schemas.keys import KeyRefused, check_x25519_public

PREFIX: Final = b"liuhen private v1\n"
SEAL_SUITE: Final = 1
SALT_BYTES: Final = 32
KEY_TAG_BYTES: Final = 4
MAX_SEALED_BYTES: Final = 8192
"""What a batch may carry per value."""

_HEADER_BYTES: Final = 1 + KEY_TAG_BYTES
_ENC_BYTES: Final = 32
_TAG_BYTES: Final = 16


class SealRefused(ValueError):
    """A sealed value cannot be made or opened. The text says why and never holds the value.

    `not_arrived` is true where the rule is to treat the value as not yet received: another seal suite, a data key that
    the holder does not have, bytes that do not open, a value other than the one committed to.
    """

    def __init__(self, reason: str, *, not_arrived: bool = False) -> None:
        super().__init__(reason)
        self.not_arrived = not_arrived


@dataclass(frozen=True, slots=True)
class PrivateValue:
    """An opened private value: its salt (32 bytes) and the value, which its repr does not show."""

    salt: bytes = field(repr=False)
    value: object = field(repr=False)


def commitment(salt: bytes, value: object) -> bytes:
    """SHA-256(prefix || salt || canonical bytes of `value`): 32 bytes that stand in the body instead of the value."""
    if type(salt) is not bytes or len(salt) != SALT_BYTES:
        raise SealRefused(f"the salt of a private value has {SALT_BYTES} random bytes")
    return sha256(PREFIX + salt + canonical.encode(value)).digest()


def key_tag(data_public: bytes) -> bytes:
    """The first 4 bytes of SHA-256(data key), by which the holder finds the private key."""
    return sha256(data_public).digest()[:KEY_TAG_BYTES]


def seal(value: object, salt: bytes, h: bytes, data_public: bytes) -> bytes:
    """Seal `value` for the holder of the X25519 key `data_public`; `h` is its commitment. Different bytes each time.

    Raises `NotCanonical` if the value has no canonical form; `SealRefused` if `h` is not its commitment, if the key is
    no key, or if the result is larger than 8 KiB.
    """
    if commitment(salt, value) != h:
        raise SealRefused("the commitment does not belong to this salt and value")
    try:
        check_x25519_public(data_public)
    except KeyRefused as refused:
        raise SealRefused(f"the data key is refused: {refused}") from None
    plain = canonical.encode({"salt": salt, "value": value})
    if _HEADER_BYTES + _ENC_BYTES + len(plain) + _TAG_BYTES > MAX_SEALED_BYTES:
        raise SealRefused(f"a sealed value has at most {MAX_SEALED_BYTES} bytes: shorten the value or make it a file")
    try:
        sealed = _suite().encrypt(plain, X25519PublicKey.from_public_bytes(data_public), info=PREFIX + h)
    except ValueError:  # an all-zero shared secret: the key is a point of small order
        raise SealRefused("the data key is refused: it gives no secret") from None
    return bytes([SEAL_SUITE]) + key_tag(data_public) + sealed


def open_sealed(c: bytes, h: bytes, private_keys: Mapping[bytes, bytes]) -> PrivateValue:
    """Open `c` and return the value behind the commitment `h`.

    `private_keys` maps the first four bytes of each data key's digest (`key_tag`) to the X25519 private key (32 bytes).
    Raises `SealRefused` with `not_arrived` for whatever cannot be opened to a value of this commitment.
    """
    # 1. Form and suite.
    if not _HEADER_BYTES + _ENC_BYTES + _TAG_BYTES <= len(c) <= MAX_SEALED_BYTES:
        raise SealRefused(f"a sealed value of {len(c)} bytes cannot be one of ours", not_arrived=True)
    if c[0] != SEAL_SUITE:
        raise SealRefused(f"seal suite {c[0]} is not known here, expected {SEAL_SUITE}", not_arrived=True)
    # 2. The key it was sealed to.
    private = private_keys.get(c[1:_HEADER_BYTES])
    if private is None:
        raise SealRefused("sealed to a data key that is not held here", not_arrived=True)
    data_key = X25519PrivateKey.from_private_bytes(private)
    # 3. Open. OpenSSL refuses an all-zero shared secret itself.
    try:
        plain = _suite().decrypt(c[_HEADER_BYTES:], data_key, info=PREFIX + h)
    except (InvalidTag, ValueError):
        raise SealRefused(
            "does not open with the data key: damaged, or sealed for another value", not_arrived=True
        ) from None
    # 4. Whoever sealed it may have sealed anything: only the committed value counts.
    try:
        opened = canonical.decode(plain)
    except canonical.NotCanonical as fault:
        raise SealRefused(f"the opened value is not canonical: {fault}", not_arrived=True) from None
    if not isinstance(opened, dict) or opened.keys() != {"salt", "value"}:
        raise SealRefused("the opened value is not a map of salt and value", not_arrived=True)
    salt = opened["salt"]
    if type(salt) is not bytes or len(salt) != SALT_BYTES or commitment(salt, opened["value"]) != h:
        raise SealRefused("the opened value is not the one that was committed to", not_arrived=True)
    return PrivateValue(salt, opened["value"])


def _suite() -> Suite:
    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
