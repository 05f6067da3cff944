"""What a file is, by its first bytes, against what was declared. Pure: bytes in, a word out.

Only a contradiction is refused: a picture whose bytes are a program, a PDF that is none. A type that is not in the
table may be anything but a program or a web page; `application/octet-stream` claims nothing and is refused nothing.
The invariant: nothing here reads a name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

HEAD: Final = 4096
"""How many bytes from the beginning are looked at."""

ANYTHING: Final = "application/octet-stream"
Test = Callable[[bytes], bool]


def _begins(*signatures: bytes) -> Test:
    return lambda head: head.startswith(signatures)


def _riff(kind: bytes) -> Test:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == kind


def _boxes(*brands: bytes) -> Test:
    """ISO base media: `ftyp` and one of these brands, or any where none is named."""
    return lambda head: head[4:8] == b"ftyp" and (not brands or any(brand in head[8:64] for brand in brands))


def _text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    for cut in range(4):  # the last character may be cut off
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    try:
        head[: len(head) - len(head) % 2].decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _mpeg_audio(head: bytes) -> bool:
    return head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


def _transport_stream(head: bytes) -> bool:
    return head[:1] == b"\x47" and head[188:189] in (b"\x47", b"")


_PAGES: Final = (b"<!doctype html", b"<html", b"<script", b"<svg")
_ZIP = _begins(b"PK\x03\x04", b"PK\x05\x06")
_OLE = _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_HEIF = _boxes(b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1")
_EBML = _begins(b"\x1a\x45\xdf\xa3")
_QUICKTIME: Test = lambda head: head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")  # noqa: E731 - one of a table

TESTS: Final[dict[str, Test]] = {
    "image/jpeg": _begins(b"\xff\xd8\xff"),
    "image/png": _begins(b"\x89PNG\r\n\x1a\n"),
    "image/gif": _begins(b"GIF87a", b"GIF89a"),
    "image/webp": _riff(b"WEBP"),
    "image/bmp": _begins(b"BM"),
    "image/tiff": _begins(b"II*\x00", b"MM\x00*"),
    "image/heic": _HEIF,
    "image/heif": _HEIF,
    "image/avif": _boxes(b"avif", b"avis"),
    "video/mp4": _boxes(),
    "video/quicktime": _QUICKTIME,
    "video/3gpp": _boxes(),
    "video/webm": _EBML,
    "video/x-matroska": _EBML,
    "video/x-msvideo": _riff(b"AVI "),
    "video/mp2t": _transport_stream,
    "audio/mp4": _boxes(),
    "audio/x-m4a": _boxes(),
    "audio/3gpp": _boxes(),
    "audio/webm": _EBML,
    "audio/mpeg": _mpeg_audio,
    "audio/aac": lambda head: len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0,
    "audio/wav": _riff(b"WAVE"),
    "audio/x-wav": _riff(b"WAVE"),
    "audio/ogg": _begins(b"OggS"),
    "audio/flac": _begins(b"fLaC"),
    "audio/amr": _begins(b"#!AMR"),
    "application/pdf": lambda head: b"%PDF-" in head[:1024],
    "application/zip": _ZIP,
    "application/msword": _OLE,
    "application/vnd.ms-excel": _OLE,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _ZIP,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _ZIP,
    "application/ofd": _ZIP,
    "text/plain": _text,
    "text/csv": _text,
    "application/json": _text,
}
"""Types that can be told by their bytes."""

PROGRAMS: Final[tuple[tuple[str, Test], ...]] = (
    ("application/vnd.microsoft.portable-executable", _begins(b"MZ")),
    ("application/x-executable", _begins(b"\x7fELF")),
    ("application/x-mach-binary", _begins(b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")),
    ("application/vnd.android.dex", _begins(b"dex\n")),
    ("text/x-shellscript", lambda head: head.startswith(b"#!") and not head.startswith(b"#!AMR")),
    ("text/html", lambda head: head.lstrip()[:15].lower().startswith(_PAGES)),
)
"""What is run or opened as a page by a machine that believes its name."""


def plain(media_type: str) -> str:
    """A media type without parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def found(head: bytes) -> str:
    """The media type that the bytes look like; `application/octet-stream` where nothing is recognised."""
    for name, test in PROGRAMS:
        if test(head):
            return name
    for name, test in TESTS.items():
        if test(head):
            return name
    return ANYTHING


def fits(head: bytes, declared: str) -> bool:
    """Whether bytes do not contradict the type that was declared for them."""
    kind = plain(declared)
    if kind == ANYTHING:
        return True
    program = next((name for name, test in PROGRAMS if test(head)), None)
    if program is not None:
        # Who says that it is a program, or a page, is believed; who says text of a script is not wrong either.
        return kind not in TESTS or (kind in ("text/plain", "text/csv") and program.startswith("text/"))
    return kind not in TESTS or TESTS[kind](head)
