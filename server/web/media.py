"""Media types that a browser shows without running anything in them: the only ones that are shown in place.

Everything else is a download, whatever it says it is; SVG, PDF and HTML among them. The invariant: a type that is not
in the table is never sent under its own name.
"""

from __future__ import annotations

from typing import Final, Literal

Form = Literal["image", "video", "audio", ""]

SHOWN: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "aac",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/webm": "weba",
}
"""Type -> ending of the name that a saved copy gets."""


def plain(media_type: str) -> str:
    """A media type without parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def form(media_type: str) -> Form:
    """As what a file is shown in a page, "" where it is a download."""
    kind = plain(media_type)
    if kind not in SHOWN:
        return ""
    forms: tuple[Form, ...] = ("image", "video", "audio")
    return next((known for known in forms if kind.startswith(f"{known}/")), "")
