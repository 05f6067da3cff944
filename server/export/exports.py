"""The export of a case file: an act, the files, a manifest, an act that closes it, and the proofs of all of it.

    begin   the cut is read and `case_file.exported.v1` recorded: who, what for, which entries the case has
    chunks  the zip: readme and verify.py, the readable file, every entry, seals and enrolments, evidence, manifest;
            then `case_file.export_closed.v1` with the manifest's digest; then proofs of every entry to one checkpoint

A reader who goes away in between leaves the first act alone: an export that was begun. The invariant: nothing leaves
before the first act is in the log, and memory does not grow with the size of the evidence.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg

from schemas import entries, proof_file
from schemas.entries import SealEntry, Who
from schemas.events.export import CaseFileExportClosed, CaseFileExported
from schemas.notes import open_checkpoint
from schemas.problems import Problem
from server.export import papers
from server.export.archive import Archive
from server.export.covered import Covered, Declared, Reader, declared_in, terminal_of
from server.log.acts import Act, OfficeActs, Placed
from server.log.book import LogClosed
from server.log.committer import Committer
from server.log.ids import now_ms, uuid7
from server.log.tree import Tree
from server.web.pages import CHINA

FORMAT: Final = "liuhen case export v1"
MANIFEST: Final = "manifest.json"
MAX_PURPOSE: Final = 500
EXTENSIONS: Final = {
    "application/pdf": ".pdf",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "text/plain": ".txt",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
}
"""What a name in the zip ends in, so that a file can be opened; the digest before it is the name."""


class Blobs(Protocol):
    """The store of evidence. Implemented by server.evidence.store."""

    async def size(self, digest: bytes) -> int | None:
        """Bytes under a digest, None if there are none."""

    def read(self, digest: bytes, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a blob in chunks. Raises FileNotFoundError."""


@dataclass(frozen=True, slots=True)
class Exports:
    """What exports stand on. `pool` has the role of the log's writer, `console` that of officers' pages."""

    committer: Committer
    pool: asyncpg.Pool
    console: asyncpg.Pool
    blobs: Blobs

    async def begin(self, authority: str, case: str, purpose: str, who: Who) -> Export:
        """Read the cut and record the act. Raises Problem not_found, bad_request, too_large, not_ready."""
        if not 1 <= len(purpose) <= MAX_PURPOSE or "\0" in purpose:
            raise Problem("bad_request", f"expected a purpose of 1 to {MAX_PURPOSE} characters")
        try:
            name = UUID(case)
        except ValueError:
            raise Problem("not_found") from None
        if str(name) != case:
            raise Problem("not_found")
        covered = await Reader(self.pool).cover(authority, case)
        origin, begun = uuid7(), uuid7()
        body: dict[str, Any] = {
            "case_id": name.bytes,
            "purpose": purpose,
            "names": list(covered.names),
            "logs": [part.body() for part in covered.parts],
        }
        if isinstance(who.officer, str):
            body["officer"] = who.officer
        act = Act(CaseFileExported.SPEC.name, _about(case, who), body, origin, 1, begun)
        # The commit point: from here on it is on record that a copy was asked for, and what it has to hold.
        placed = await self.committer.submit(OfficeActs(authority, [act], who, now_ms()))
        return Export(self, covered, purpose, who, origin, begun, placed)


@dataclass(slots=True)
class Export:
    """One export that was begun. `total`: bytes of evidence, once they are known; `done`: how far it has come."""

    place: Exports
    covered: Covered
    purpose: str
    who: Who
    origin: bytes
    begun: bytes
    placed: Placed
    total: int = 0
    done: int = 0
    missing: list[dict[str, Any]] = field(default_factory=list)
    progress: Callable[[int, int], None] = lambda _done, _total: None
    _archive: Archive = field(default_factory=Archive)
    _proven: list[tuple[int, int]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The log's verifier key, to be given to the reader by another way than the zip."""
        return str(self.place.committer.book.state(self.covered.parts[-1].row).verifier)

    @property
    def name(self) -> str:
        """What the zip is called."""
        return f"case-{self.covered.case}-{datetime.now(CHINA):%Y%m%d-%H%M%S}.zip"

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes of the zip, about a mebibyte at a time. Raises Problem where the log cannot be written."""
        archive = self._archive
        verifier = resources.files("server.export") / "verifier" / "verify.py"
        archive.add("verify.py", verifier.read_bytes())
        for lang in papers.LANGUAGES:
            archive.add(f"README.{lang}.txt", papers.readme(lang, self.covered, self.purpose).encode())
        yield archive.take()
        async for chunk in self._files():
            if self.total:  # known once the evidence is: everything before it is small
                self.done = min(self.total, self.done + len(chunk))
                self.progress(self.done, self.total)
            yield chunk

    async def _files(self) -> AsyncIterator[bytes]:
        archive, reader = self._archive, Reader(self.place.pool)
        files: dict[bytes, Declared] = {}
        async for _ in self._entries(reader, files):
            if archive.full:
                yield archive.take()
        await self._begun()
        states = await reader.held(files)
        self.total = sum(one.size for one in files.values() if states.get(one.digest) == "held")
        async for name, data in papers.written(self.place.console, self.covered, self.purpose, files, states):
            archive.add(name, data)
            yield archive.take()
        for digest in sorted(files):
            async for chunk in self._blob(files[digest], states.get(digest, "not_arrived")):
                yield chunk
        manifest = archive.add(MANIFEST, self._manifest())
        yield archive.take()
        closed = await self._close(bytes.fromhex(manifest.sha256))
        async for _ in self._proofs(closed):
            if archive.full:
                yield archive.take()
        yield archive.end()

    async def _entries(self, reader: Reader, files: dict[bytes, Declared]) -> AsyncIterator[None]:
        """Every entry of the case, then what is needed to check them."""
        terminals: set[bytes] = set()
        helpers: dict[int, set[int]] = {}
        logs = {part.log_id: part for part in self.covered.parts}
        for part in self.covered.parts:
            envelopes = []
            async for position, data in reader.read(part.log_id, part.positions):
                self._entry(part.log_id, part.epoch, position, data)
                terminal = terminal_of(data)
                if terminal is not None:
                    terminals.add(terminal)
                    envelopes.append((terminal, position))
                for one in declared_in(data):
                    files.setdefault(one.digest, one)
                yield
            helpers[part.log_id] = {0, *await reader.seals(part.log_id, envelopes)}
        for log_id, position in await reader.enrolments(self.covered.authority, terminals):
            helpers.setdefault(log_id, set()).add(position)
        for log_id, positions in helpers.items():
            known = set(logs[log_id].positions) if log_id in logs else set()
            epoch = logs[log_id].epoch
            async for position, data in reader.read(log_id, sorted(positions - known)):
                self._entry(log_id, epoch, position, data)
                seal = entries.decode(data)
                if isinstance(seal, SealEntry):
                    hashes = await reader.hashes(self.covered.authority, log_id, position, seal)
                    if hashes is not None:
                        self._archive.add(f"batches/{epoch}/{position:012d}.hashes", hashes)
                yield

    def _entry(self, log_id: int, epoch: int, position: int, data: bytes) -> None:
        self._archive.add(f"entries/{epoch}/{position:012d}.mp", data)
        self._proven.append((log_id, position))

    async def _begun(self) -> None:
        """The entry of the act that began this export: the manifest has it as well."""
        await self._own_entry(self.placed)

    async def _own_entry(self, placed: Placed) -> None:
        async for position, data in Reader(self.place.pool).read(placed.log_id, placed.positions):
            self._entry(placed.log_id, placed.epoch, position, data)

    async def _blob(self, one: Declared, state: str) -> AsyncIterator[bytes]:
        said = {"sha256": one.digest.hex(), "size": one.size, "type": one.media_type}
        if state != "held" or await self.place.blobs.size(one.digest) is None:
            self.missing.append({**said, "state": "not_arrived" if state == "not_arrived" else "damaged"})
            return
        path = f"blobs/{one.digest.hex()}{EXTENSIONS.get(one.media_type.partition(';')[0].strip().lower(), '')}"
        async for chunk in self._archive.stream(path, self.place.blobs.read(one.digest)):
            yield chunk

    def _manifest(self) -> bytes:
        return _json(
            {
                "authority": self.covered.authority,
                "case": self.covered.case,
                "export": self.begun.hex(),
                "files": [{"path": f.path, "sha256": f.sha256, "size": f.size} for f in self._archive.listed],
                "format": FORMAT,
                "missing": self.missing,
                "names": list(self.covered.names),
            }
        )

    async def _close(self, manifest: bytes) -> Placed:
        listed = self._archive.listed[:-1]
        body = {
            "case_id": UUID(self.covered.case).bytes,
            "export": self.begun,
            "manifest": manifest,
            "files": len(listed),
            "size": sum(one.size for one in listed),
            "missing": len(self.missing),
        }
        about = _about(self.covered.case, self.who)
        act = Act(CaseFileExportClosed.SPEC.name, about, body, self.origin, 2, uuid7())
        placed: Placed = await self.place.committer.submit(
            OfficeActs(self.covered.authority, [act], self.who, now_ms())
        )
        if placed.log_id != self.placed.log_id:
            raise Problem("conflict", "a new epoch of the log began meanwhile: export the case again")
        await self._own_entry(placed)
        return placed

    async def _proofs(self, closed: Placed) -> AsyncIterator[None]:
        """For each log its checkpoint, for each entry its path to it."""
        trees: dict[int, tuple[Tree, int, str, int]] = {}
        for part in self.covered.parts:
            tree, size, note = await self._tree(part.row, closed)
            trees[part.log_id] = (tree, size, note, part.epoch)
            self._archive.add(f"checkpoints/{part.epoch}.txt", note.encode())
        for log_id, position in self._proven:
            tree, size, note, epoch = trees[log_id]
            text = proof_file.proof_file(position, await tree.inclusion(position, size), note)
            self._archive.add(f"proofs/{epoch}/{position:012d}.tlog-proof", text.encode())
            yield

    async def _tree(self, row: Any, closed: Placed) -> tuple[Tree, int, str]:
        book = self.place.committer.book
        try:
            if row["log_id"] == closed.log_id:
                state = book.state(row)
                return state.tree, open_checkpoint(closed.note, state.verifier, state.origin).size, closed.note
            old = await book.view(row, newest=False)
        except LogClosed as why:
            raise Problem("not_ready", str(why)) from None
        return old.tree, row["size"], row["note"]


def _about(case: str, who: Who) -> Sequence[str]:
    return sorted({f"case:{case}", *([f"officer:{who.officer}"] if isinstance(who.officer, str) else [])})


def _json(value: Any) -> bytes:
    """Canonical: keys sorted, nothing between, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


__all__ = ["FORMAT", "MANIFEST", "MAX_PURPOSE", "Blobs", "Export", "Exports"]
