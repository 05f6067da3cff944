"""What a picture says about itself: size, time, device, software, and a hash of how it looks.

Runs as a process of its own (`python -m server.evidence.picture`), because decoders of pictures are where harm comes
from: bytes on standard input, one JSON object on standard output, no file, no network, little memory and time. The
invariant: whatever the bytes are, the answer is facts within the bounds of `blob.examined.v1`, or "unreadable".
"""

from __future__ import annotations

import json
import re
import resource
import sys
from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import Any, Final

NAME: Final = "picture/1"
"""Method and version, as the act names them."""
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_PIXELS: Final = 120_000_000
MEMORY: Final = 1_536 * 1024 * 1024
CPU_SECONDS: Final = 20
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
TYPES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"})
"""Media types that are looked at; phones' HEIC is not read yet."""
CHINA: Final = timezone(timedelta(hours=8))
_TIME: Final = re.compile(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d", re.ASCII)
_OFFSET: Final = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_EXIF, _MADE, _OFFSET_MADE, _SOFTWARE, _MAKE, _MODEL = 0x8769, 0x9003, 0x9011, 0x0131, 0x010F, 0x0110


def examine(data: bytes) -> dict[str, Any]:
    """The facts of a picture. Raises whatever a decoder raises: the caller is a process that may die of it."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(BytesIO(data), formats=FORMATS) as picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise ValueError("too many pixels")
        exif = picture.getexif()
        inner = exif.get_ifd(_EXIF)
        picture.draft("L", (512, 512))  # JPEG alone: decodes to a fraction of the size
        small = picture.convert("L").resize((9, 8), Image.Resampling.BOX)
        found: dict[str, Any] = {"width": width, "height": height, "looks_like": difference_hash(small.tobytes())}
    made = file_time(inner.get(_MADE), inner.get(_OFFSET_MADE))
    tool = _line(exif.get(_SOFTWARE))
    device = _line(" ".join(filter(None, (_line(exif.get(_MAKE)), _line(exif.get(_MODEL))))))
    return found | {
        name: value for name, value in (("file_time", made), ("file_tool", tool), ("device", device)) if value
    }


def difference_hash(pixels: bytes) -> str:
    """64 bits of 9 x 8 grey values: whether each is brighter than its right neighbour; 16 hexadecimal digits."""
    bits = 0
    for row in range(8):
        for column in range(8):
            bits = bits << 1 | (pixels[row * 9 + column] > pixels[row * 9 + column + 1])
    return f"{bits:016x}"


def file_time(made: object, offset: object) -> int | None:
    """The instant that a file states, ms. Without an offset it is taken for China Standard Time."""
    found = _TIME.fullmatch(_line(made))
    if found is None:
        return None
    zone = CHINA
    shift = _OFFSET.fullmatch(_line(offset))
    try:
        if shift is not None:
            ahead = timedelta(hours=int(shift[2]), minutes=int(shift[3]))
            zone = timezone(-ahead if shift[1] == "-" else ahead)
        moment = datetime.strptime(found[0], "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
    except ValueError:
        return None
    return int(moment.timestamp() * 1000)


def _line(value: object) -> str:
    """Printable text of at most 200 characters, "" for anything else."""
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value if c.isprintable()).strip()[:200]


def main() -> int:
    """Read a picture from standard input, write its facts to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return 1
    found = examine(data)
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
