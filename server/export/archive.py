"""A zip that is written as it is sent: files are stored as they are, sizes and checksums follow each of them.

Nothing is kept but what is not fetched yet and one line for each file (the directory at the end of a zip). The
invariant: every file gets the same instant and the same rights, so that a zip tells nothing of the machine.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import RawIOBase
from typing import Final

CHUNK: Final = 1024 * 1024
"""Small files are sent together, in pieces of about this size."""
EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the zip as the manifest lists it."""

    path: str
    sha256: str
    size: int


class _Sink(RawIOBase):
    """Where the zip is written to: a place without a way back, which is emptied again and again."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # whatever zipfile hands over, it is bytes
        piece = bytes(data)
        self.pieces.append(piece)
        self.waiting += len(piece)
        return len(piece)

    def take(self) -> bytes:
        """All that was written since the last time."""
        data = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
        self.pieces.clear()
        self.waiting = 0
        return data


@dataclass(slots=True)
class Archive:
    """The zip. `add` and `stream` write files, `end` writes the directory; `take` fetches what is to be sent."""

    listed: list[Listed] = field(default_factory=list)
    _sink: _Sink = field(default_factory=_Sink)
    _zip: zipfile.ZipFile = field(init=False)

    def __post_init__(self) -> None:
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED, allowZip64=True)

    @property
    def waiting(self) -> int:
        """Bytes that are written and not fetched."""
        return self._sink.waiting

    @property
    def full(self) -> bool:
        """Whether enough is written to be sent."""
        return self._sink.waiting >= CHUNK

    def take(self) -> bytes:
        """What was written since the last time."""
        return self._sink.take()

    def add(self, path: str, data: bytes) -> Listed:
        """Write a small file."""
        self._zip.writestr(_info(path), data)
        return self._list(path, hashlib.sha256(data).hexdigest(), len(data))

    async def stream(self, path: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Write a file piece by piece, giving what is to be sent; `listed[-1]` tells its digest afterwards."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(_info(path), "w", force_zip64=True) as file:
            async for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
                if self.full:
                    yield self.take()
        self._list(path, digest.hexdigest(), size)

    def end(self) -> bytes:
        """The directory; nothing can be added behind it."""
        self._zip.close()
        return self.take()

    def _list(self, path: str, digest: str, size: int) -> Listed:
        made = Listed(path, digest, size)
        self.listed.append(made)
        return made


def _info(path: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, EPOCH)
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    return info
