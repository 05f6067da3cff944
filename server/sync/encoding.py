"""Inflating an uploaded body with a cap: identity, gzip of one member, zstd of one frame, nothing behind it.

Memory stays bounded whatever a frame announces: output is produced piece by piece up to the limit, and a zstd window
over 8 MiB is refused before it is allocated.
"""

from __future__ import annotations

import sys
import zlib
from typing import Final

from schemas.problems import Problem

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WINDOW_LOG: Final = 23  # 8 MiB
_GZIP: Final = 16 + zlib.MAX_WBITS


def inflate(body: bytes, coding: str, limit: int) -> bytes:
    """The body's content. Raises Problem bad_encoding, or too_large with `limit` beyond `limit` bytes."""
    match coding.strip().lower():
        case "" | "identity":
            if len(body) > limit:
                raise _too_large(limit)
            return body
        case "gzip" | "x-gzip":
            return _gzip(body, limit)
        case "zstd":
            return _zstd(body, limit)
        case other:
            raise Problem("bad_encoding", f"Content-Encoding {other[:32]!r} is not one of gzip, zstd")


def _too_large(limit: int) -> Problem:
    return Problem("too_large", f"inflated, the body is over {limit} bytes", limit=limit)


def _gzip(body: bytes, limit: int) -> bytes:
    machine = zlib.decompressobj(_GZIP)
    try:
        data = machine.decompress(body, limit + 1)
    except zlib.error:
        raise Problem("bad_encoding", "the gzip stream is damaged") from None
    if len(data) > limit:
        del data  # not to be kept by the refusal's traceback
        raise _too_large(limit)
    if not machine.eof:
        raise Problem("bad_encoding", "the gzip stream is cut short")
    if machine.unused_data:
        raise Problem("bad_encoding", "there is something behind the gzip member")
    return data


def _zstd(body: bytes, limit: int) -> bytes:
    machine = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG})
    try:
        data = machine.decompress(body, max_length=limit + 1)
    except (zstd.ZstdError, EOFError):
        raise Problem("bad_encoding", "the zstd frame is damaged or asks for a window over 8 MiB") from None
    if len(data) > limit:
        del data  # not to be kept by the refusal's traceback
        raise _too_large(limit)
    if not machine.eof:
        # The frame may have produced everything and only miss its end.
        try:
            data += machine.decompress(b"", max_length=1) if not machine.needs_input else b""
        except (zstd.ZstdError, EOFError):
            raise Problem("bad_encoding", "the zstd frame is damaged") from None
        if len(data) > limit:
            raise _too_large(limit)
        if not machine.eof:
            raise Problem("bad_encoding", "the zstd frame is cut short")
    if machine.unused_data:
        raise Problem("bad_encoding", "there is something behind the zstd frame")
    return data
