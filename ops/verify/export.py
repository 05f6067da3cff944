"""An export as a source: a folder or one uncompressed tar file, as `liuhen export-log` writes it.

Inside: `manifest.json`, and for each log `<authority>/<epoch>/` with `checkpoint`, `checkpoints.ndjson` and the C2SP
tlog-tiles tree `tile/…`. Names of files are made from authority and epoch, never taken from the manifest. Invariant:
nothing outside the folder or the file is opened, whatever the export says.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ops.verify.sources import LogInfo, SourceRefused, Tables
from schemas import tiles

FORMAT: Final = "liuhen export v1"
MANIFEST: Final = "manifest.json"
LEAF_0: Final = "leaf0"
MAX_MANIFEST: Final = 16 * 1024 * 1024
MAX_BUNDLE: Final = tiles.WIDTH * (tiles.MAX_ENTRY_BYTES + 2)
CACHED_BUNDLES: Final = 32


def log_folder(authority: str, epoch: int) -> str:
    """Where a log lies inside an export. Characters that a path could misread are escaped."""
    name = quote(authority, safe="")
    return f"{name.replace('.', '%2E') if name.strip('.') == '' else name}/{epoch}"


class ExportSource:
    """A source on an export. Raises SourceRefused where the export itself is malformed."""

    def __init__(self, path: Path) -> None:
        self._files = _Folder(path) if path.is_dir() else _Tar(path)
        self._bundles: OrderedDict[str, list[bytes]] = OrderedDict()
        self._logs = [_log(item) for item in self._manifest(path)]

    def close(self) -> None:
        """Close the file, if it is one."""
        self._files.close()

    def logs(self) -> Sequence[LogInfo]:
        """Every log of the manifest."""
        return sorted(self._logs, key=lambda log: (log.authority, log.epoch))

    def read(self, log: LogInfo, start: int, stop: int) -> list[tuple[int, bytes]]:
        """Entries out of the bundles that hold them; a bundle that is absent or cut off leaves its positions out."""
        found: list[tuple[int, bytes]] = []
        if start == 0 < log.first:  # a range brings leaf 0 along, which names the keys
            leaf = self._files.read(f"{log_folder(log.authority, log.epoch)}/{LEAF_0}", tiles.MAX_ENTRY_BYTES)
            return [] if leaf is None or stop < 1 else [(0, leaf)]
        for index in range(start // tiles.WIDTH, -(-stop // tiles.WIDTH)):
            base = index * tiles.WIDTH
            for place, entry in enumerate(self._bundle(log, index), base):
                if start <= place < stop:
                    found.append((place, entry))
        return found

    def _bundle(self, log: LogInfo, index: int) -> list[bytes]:
        width = tiles.width_at(None, index, log.size)
        if width == 0:
            return []
        name = f"{log_folder(log.authority, log.epoch)}/{tiles.path_of(tiles.Tile(None, index, width))}"
        known = self._bundles.get(name)
        if known is None:
            data = self._files.read(name, MAX_BUNDLE)
            try:
                known = [] if data is None else tiles.decode_bundle(data, width)
            except tiles.TileRefused:
                known = []
            self._bundles[name] = known
            if len(self._bundles) > CACHED_BUNDLES:
                self._bundles.popitem(last=False)
        return known

    def checkpoints(self, log: LogInfo) -> Iterator[tuple[int, str]]:
        """Lines {"size", "note"} of checkpoints.ndjson."""
        name = f"{log_folder(log.authority, log.epoch)}/checkpoints.ndjson"
        for number, line in enumerate(self._files.lines(name), 1):
            try:
                value = json.loads(line)
                size, note = value["size"], value["note"]
                if type(size) is not int or type(note) is not str:
                    raise TypeError("expected a number and a text")
            except (ValueError, KeyError, TypeError) as fault:
                raise SourceRefused(
                    f"{name} line {number} is not {{size, note}}: {fault}; export the log anew"
                ) from None
            yield size, note

    def tiles(self, log: LogInfo, level: int, index: int, width: int) -> bytes | None:
        """A hash tile; empty bytes where the file is absent, so that its absence is a contradiction."""
        name = f"{log_folder(log.authority, log.epoch)}/{tiles.path_of(tiles.Tile(level, index, width))}"
        return self._files.read(name, tiles.WIDTH * 32) or b""

    def tables(self) -> tuple[Tables | None, list[str]]:
        """An export holds nothing that is derived."""
        return None, []

    def _manifest(self, path: Path) -> list[Any]:
        data = self._files.read(MANIFEST, MAX_MANIFEST)
        try:
            value = json.loads(data or b"")
            if value["format"] != FORMAT or type(value["logs"]) is not list:
                raise ValueError(f"expected the format {FORMAT}")
        except (ValueError, KeyError, TypeError) as fault:
            raise SourceRefused(f"{path} is no export: its {MANIFEST} cannot be read ({fault})") from None
        logs: list[Any] = value["logs"]
        return logs


def _log(item: Any) -> LogInfo:
    try:
        made = LogInfo(
            authority=_text(item["authority"]),
            epoch=_number(item["epoch"]),
            origin=_text(item["origin"]),
            kind=_text(item["kind"]),
            first=_number(item["first"]),
            end=_number(item["end"]),
            size=_number(item["size"]),
        )
        if not 0 <= made.first <= made.end <= made.size or made.epoch < 1:
            raise ValueError("first, end, size and epoch do not fit together")
    except (KeyError, TypeError, ValueError) as fault:
        raise SourceRefused(f"a log in {MANIFEST} is malformed: {fault}; export the log anew") from None
    return made


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError("expected text")
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise TypeError("expected a number of 0 .. 2^53-1")
    return value


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str, limit: int) -> bytes | None:
        try:
            with (self._root / name).open("rb") as file:
                data = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise SourceRefused(f"{name} of the export cannot be read: {fault.strerror}") from fault
        return data if len(data) <= limit else b""

    def lines(self, name: str) -> Iterator[bytes]:
        try:
            with (self._root / name).open("rb") as file:
                yield from file
        except OSError as fault:
            raise SourceRefused(f"{name} of the export cannot be read: {fault.strerror}") from fault

    def close(self) -> None:
        return


class _Tar:
    """Members by name with their offsets, so that entries can be read in any order."""

    def __init__(self, path: Path) -> None:
        try:
            with tarfile.open(path, "r:") as archive:
                self._places = {m.name: (m.offset_data, m.size) for m in archive if m.isreg()}
            self._file = path.open("rb")
        except (OSError, tarfile.TarError) as fault:
            raise SourceRefused(
                f"{path} is neither a folder nor an uncompressed tar file of an export: {fault}"
            ) from None

    def read(self, name: str, limit: int) -> bytes | None:
        place = self._places.get(name)
        if place is None:
            return None
        return b"" if place[1] > limit else os.pread(self._file.fileno(), place[1], place[0])

    def lines(self, name: str) -> Iterator[bytes]:
        if name not in self._places:
            raise SourceRefused(f"{name} is missing in the export: export the log anew")
        at, left = self._places[name]
        self._file.seek(at)
        while left > 0:
            line = self._file.readline(left)
            if not line:
                return
            left -= len(line)
            yield line

    def close(self) -> None:
        self._file.close()
