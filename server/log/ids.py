"""Identifiers that the server makes: UUIDv7, 16 raw bytes on the wire, 36-character text in URLs and JSON."""

from __future__ import annotations

import secrets
import time


def now_ms() -> int:
    """The server's clock, ms since 1970."""
    return time.time_ns() // 1_000_000


def uuid7() -> bytes:
    """A UUIDv7 as 16 bytes."""
    raw = bytearray(now_ms().to_bytes(6, "big") + secrets.token_bytes(10))
    raw[6] = 0x70 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return bytes(raw)


def uuid_text(raw: bytes) -> str:
    """36-character text of 16 raw bytes."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
