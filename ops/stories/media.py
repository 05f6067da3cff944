"""Pictures and sound for stories: made up, small, and true to their media type, so that pages can show and play them.

The invariant: the bytes depend on the seed alone, and two seeds give pictures that do not look alike.
"""

from __future__ import annotations

import struct
import zlib
from hashlib import sha256
from typing import Final

RATE: Final = 8_000
"""Samples a second, one byte each."""
_SQUARES: Final = (8, 6)
_SIDE: Final = 40


def picture(seed: bytes) -> bytes:
    """A PNG of coloured squares, 320 by 240."""
    wide, high = _SQUARES
    colours = b"".join(sha256(seed + bytes((row,))).digest() for row in range(high))  # 32 bytes a row, 24 are used
    lines = bytearray()
    for row in range(high):
        line = b"".join(colours[32 * row + 3 * n : 32 * row + 3 * n + 3] * _SIDE for n in range(wide))
        lines += (b"\x00" + line) * _SIDE
    header = struct.pack(">IIBBBBB", wide * _SIDE, high * _SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(lines), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def sound(seed: bytes, seconds: int) -> bytes:
    """A WAV of a few low tones, one channel."""
    tones = sha256(seed).digest()[:4]
    second = b"".join(bytes(_wave(90 + tone, RATE // 4)) for tone in tones)
    data = second * seconds
    header = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE, 1, 8)
    told = b"LIST" + struct.pack("<I", 4 + 8 + 32) + b"INFOICMT" + struct.pack("<I", 32) + sha256(seed).digest()
    body = b"WAVE" + header + told + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _wave(tone: int, samples: int) -> list[int]:
    """A triangle wave."""
    period = RATE // tone
    return [96 + abs((n % period) * 128 // period - 64) for n in range(samples)]


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
