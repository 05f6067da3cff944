"""`liuhen export-log`: a log as files that outsiders read, from a source of `ops.verify`.

For each log `<authority>/<epoch>/` holds the C2SP tlog-tiles tree (`checkpoint`, `tile/<L>/…`, `tile/entries/…`), so
that public verifiers of that format can read it, and `checkpoints.ndjson` with every checkpoint ever signed;
`manifest.json` says what is there. A range brings leaf 0 along (`leaf0`), which names the keys. The tree is that of a
checkpoint: what was not signed yet is left for the next export.

Durability: everything is written beside the target, fsynced, and renamed as the last act; a crash leaves the target
absent and at most one hidden file or folder, which the next export of the same name removes. Invariant: memory does
not grow with the log.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from ops.verify.export import FORMAT, LEAF_0, MANIFEST, log_folder
from ops.verify.sources import LogInfo, Source
from schemas import merkle, tiles
from server.log.durable import sync_folder

CHUNK: Final = 2_048


class ExportRefused(Exception):
    """Nothing was exported; the message says what was expected, what came, and what to do."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One log as it was exported: entries `first`..`end`-1 under a tree of `size` leaves."""

    origin: str
    authority: str
    epoch: int
    kind: str
    first: int
    end: int
    size: int
    files: int

    def manifest(self) -> dict[str, Any]:
        """The line of the manifest."""
        return {
            "authority": self.authority,
            "end": self.end,
            "epoch": self.epoch,
            "first": self.first,
            "kind": self.kind,
            "origin": self.origin,
            "size": self.size,
        }


class _Out(Protocol):
    def write(self, name: str, data: bytes) -> None: ...
    def finish(self) -> None: ...
    def drop(self) -> None: ...


def export(
    source: Source,
    out: Path,
    *,
    authorities: Sequence[str] = (),
    epoch: int | None = None,
    first: int = 0,
    end: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Exported]:
    """Write the logs of `authorities` (all of them if empty) to `out`, a new folder or, if it ends in .tar, a file.

    `first` and `end` choose a range of entries (widened to whole bundles of 256); hash tiles are always those of the
    whole tree, so that the range stays provable. Raises ExportRefused, OSError, SourceRefused.
    """
    if out.exists():
        raise ExportRefused(f"{out} exists already: name a new folder or file")
    if first < 0 or (end is not None and end <= first):
        raise ExportRefused(f"expected a range 0 <= from < to, came {first} and {end}")
    logs = [
        log
        for log in source.logs()
        if (not authorities or log.authority in authorities) and (epoch is None or log.epoch == epoch) and log.end
    ]
    unknown = sorted(set(authorities) - {log.authority for log in logs})
    if unknown or not logs:
        raise ExportRefused(f"there is no log of {', '.join(unknown) or 'this epoch'} to export")
    total = sum(log.end for log in logs)
    done = 0

    def moved(count: int) -> None:
        nonlocal done
        done += count
        progress(min(done, total), total)

    target: _Out = _TarOut(out) if out.suffix == ".tar" else _FolderOut(out)
    try:
        made = [_Log(source, log, target, first, end, moved).run() for log in logs]
        text = json.dumps({"format": FORMAT, "logs": [one.manifest() for one in made]}, ensure_ascii=False, indent=1)
        target.write(MANIFEST, text.encode() + b"\n")
        target.finish()
    except BaseException:
        target.drop()
        raise
    return made


class _Log:
    """One log on its way out."""

    def __init__(
        self, source: Source, log: LogInfo, out: _Out, first: int, end: int | None, moved: Callable[[int], None]
    ) -> None:
        self._source = source
        self._log = log
        self._out = out
        self._first = first - first % tiles.WIDTH
        self._asked = end
        self._moved = moved
        self._folder = log_folder(log.authority, log.epoch)
        self._held: dict[int, list[bytes]] = {}
        self._full: dict[int, int] = {}
        self._files = 0

    def run(self) -> Exported:
        log = self._log
        size, note, notes = self._checkpoints()
        wanted = size if self._asked is None else min(size, -(-self._asked // tiles.WIDTH) * tiles.WIDTH)
        first = min(self._first, wanted - wanted % tiles.WIDTH)
        tree = merkle.CompactRange()
        if first:
            leaf0 = self._source.read(log, 0, 1)
            self._out.write(f"{self._folder}/{LEAF_0}", leaf0[0][1] if leaf0 else b"")
        for start in range(0, size, CHUNK):
            stop = min(size, start + CHUNK)
            rows = self._source.read(log, start, stop)
            if [position for position, _ in rows] != list(range(start, stop)):
                raise ExportRefused(f"{log.origin}: entries of {start} .. {stop} are missing; run `liuhen verify`")
            entries = [entry for _, entry in rows]
            for at in range(0, len(entries), tiles.WIDTH):
                position = start + at
                if first <= position < wanted:
                    part = entries[at : at + tiles.WIDTH]
                    self._write(tiles.Tile(None, position // tiles.WIDTH, len(part)), tiles.encode_bundle(part))
            leaves = [merkle.leaf_hash(entry) for entry in entries]
            for leaf in leaves:
                self._node(0, leaf)
            tree.extend(leaves, self._visit)
            self._moved(stop - start)
        for level, held in sorted(self._held.items()):
            if held:
                self._write(tiles.Tile(level, self._full.get(level, 0), len(held)), b"".join(held))
        self._out.write(f"{self._folder}/checkpoints.ndjson", notes)
        self._out.write(f"{self._folder}/checkpoint", note.encode())
        return Exported(log.origin, log.authority, log.epoch, log.kind, first, wanted, size, self._files + 2)

    def _checkpoints(self) -> tuple[int, str, bytes]:
        """(size, note) of the checkpoint whose tree is exported, and the lines of all up to it.

        The newest one, or with a range the first that covers it.
        """
        found: tuple[int, str] | None = None
        lines = io.BytesIO()
        for size, note in self._source.checkpoints(self._log):
            if size > self._log.end or (found is not None and self._asked is not None and found[0] >= self._asked):
                break
            found = size, note
            lines.write(json.dumps({"size": size, "note": note}, ensure_ascii=False).encode() + b"\n")
        if found is None:
            raise ExportRefused(f"{self._log.origin} has no checkpoint: run `liuhen verify`")
        return *found, lines.getvalue()

    def _visit(self, level: int, _index: int, digest: bytes) -> None:
        if level % tiles.HEIGHT == 0:
            self._node(level // tiles.HEIGHT, digest)

    def _node(self, level: int, digest: bytes) -> None:
        held = self._held.setdefault(level, [])
        held.append(digest)
        if len(held) == tiles.WIDTH:
            index = self._full.get(level, 0)
            self._write(tiles.Tile(level, index), b"".join(held))
            self._full[level] = index + 1
            held.clear()

    def _write(self, tile: tiles.Tile, data: bytes) -> None:
        self._out.write(f"{self._folder}/{tiles.path_of(tile)}", data)
        self._files += 1


class _FolderOut:
    """A folder that gets its name when it is whole."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._beside = out.with_name(f".{out.name}.part")
        shutil.rmtree(self._beside, ignore_errors=True)
        self._beside.mkdir(parents=True)
        self._folders = {self._beside}

    def write(self, name: str, data: bytes) -> None:
        path = self._beside / name
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        path.write_bytes(data)

    def finish(self) -> None:
        os.sync()  # one flush for thousands of small files
        self._beside.rename(self._out)
        sync_folder(self._out.parent)

    def drop(self) -> None:
        shutil.rmtree(self._beside, ignore_errors=True)


class _TarOut:
    """One uncompressed tar file that gets its name when it is whole."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._beside = out.with_name(f".{out.name}.part")
        self._file = self._beside.open("wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - `finish` closes it

    def write(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), 0o644
        self._tar.addfile(member, io.BytesIO(data))

    def finish(self) -> None:
        self._tar.close()
        with closing(self._file) as file:
            file.flush()
            os.fsync(file.fileno())
        self._beside.rename(self._out)
        sync_folder(self._out.parent)

    def drop(self) -> None:
        self._tar.close()
        self._file.close()
        self._beside.unlink(missing_ok=True)
