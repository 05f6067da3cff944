"""A case with everything that a copy of it has to carry, and copies of it, whole and tampered with.

The log is the real one: terminals that sign, batches with records of other matters in between, evidence in a store.
`rebuilt` writes a zip again with some of its files changed, as somebody would who wants to get away with it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from schemas.entries import Who
from server.evidence.store import BlobStore
from server.export import exports
from server.export.exports import Exports
from server.log.arrivals import Arrivals
from server.log.store import uuid
from tests.support import projections as stories
from tests.support.log import AUTHORITY, Log, PaperTerminal, open_log, send
from tests.support.postgres import TestDatabase

CASE, TASK, HAZARD = stories.CASE, stories.TASK, stories.HAZARD
OTHER = "019b77b0-0000-7000-8000-0000000000ff"
WHO = Who(officer="officer-0017", session=bytes(32), via="session")
VERIFIER = Path(exports.__file__).parent / "verifier" / "verify.py"


@dataclass
class CaseRoom:
    """A log with a case in it, and what exports it."""

    log: Log
    exports: Exports
    folder: Path
    store: BlobStore
    terminal: PaperTerminal
    photo: bytes
    film: bytes
    late: bytes

    @property
    def key(self) -> str:
        """The log's verifier key, as the authority would publish it."""
        return str(self.log.keyring.epoch(AUTHORITY, 1).verifier)

    async def zip(self, name: str = "case.zip", case: str = CASE) -> Path:
        """A whole export as a file."""
        export = await self.exports.begin(AUTHORITY, case, "提交人民法院", WHO)
        path = self.folder / name
        with path.open("wb") as file:
            async for chunk in export.chunks():
                file.write(chunk)
        return path

    async def keep(self, data: bytes, kind: str) -> None:
        """Put a file into the store as an upload does, and say in the log that it has come."""
        digest = hashlib.sha256(data).digest()
        staged = self.folder / f"staged-{secrets.token_hex(4)}"
        staged.write_bytes(data)
        await self.store.keep(staged, digest)
        staged.unlink()
        await self.log.pool.execute(
            "SELECT evidence.hold($1, $2, $3, $4, $5)", digest, len(data), kind, AUTHORITY, uuid(self.terminal.id)
        )
        await Arrivals(self.log.committer, self.log.pool).announce(digest)


def declared(data: bytes, kind: str) -> dict[str, Any]:
    """A blob as an envelope declares it."""
    return {"sha256": hashlib.sha256(data).digest(), "size": len(data), "type": kind}


@asynccontextmanager
async def case_room(database: TestDatabase, folder: Path, *, film: int = 3_000_000) -> AsyncIterator[CaseRoom]:
    """A case with a task and a hazard, two terminals, three files of which one is late, and other matters between."""
    photo, moving, late = b"\xff\xd8\xff photo", secrets.token_bytes(film), b"\xff\xd8\xff late"
    console = asyncpg.create_pool(database.dsn("liuhen_console"), min_size=1, max_size=2)
    async with open_log(database.dsn("liuhen_writer"), folder) as log, console as pool:
        first, second = await stories.enrolled(log), await stories.enrolled(log)
        store = BlobStore(folder / "evidence")
        room = CaseRoom(log, Exports(log.committer, log.pool, pool, store), folder, store, first, photo, moving, late)
        case, task, hazard, other = f"case:{CASE}", f"task:{TASK}", f"hazard:{HAZARD}", f"task:{OTHER}"
        files = [declared(photo, "image/jpeg"), declared(moving, "video/mp4")]
        await send(log, first.batch([
            stories.act(first, "site.entered.v1", task),
            stories.act(first, "site.entered.v1", other),
            stories.act(first, "hazard.found.v1", task, hazard),
            stories.act(first, "evidence.captured.v1", task, blobs=files),
        ]))  # fmt: skip
        await send(log, second.batch([
            stories.act(second, "site.entered.v1", other),
            stories.act(second, "investigation.concluded.v1", case, task, hazard, blobs=[declared(late, "image/jpeg")]),
            stories.act(second, "site.entered.v1", other),
        ]))  # fmt: skip
        await send(log, first.batch([stories.act(first, "penalty_notice.served.v1", case)]))
        await room.keep(photo, "image/jpeg")
        await room.keep(moving, "video/mp4")
        await stories.fold(database)
        yield room


@dataclass(frozen=True)
class Verdict:
    """What verify.py said."""

    code: int
    said: dict[str, Any]
    error: str

    @property
    def codes(self) -> set[str]:
        """Codes of the findings."""
        return {one["code"] for one in self.said.get("findings", ())}

    def named(self, text: str) -> bool:
        """Whether some finding names this."""
        return any(text in f"{one['where']} {one['en']}" for one in self.said.get("findings", ()))


def verify(path: Path, *arguments: str, script: Path = VERIFIER) -> Verdict:
    """Run verify.py by itself: isolated from the environment, in a folder that has nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(path), "--json", "--lang", "en", *arguments],
        cwd=path.parent, env={}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return Verdict(done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr)


Change = Callable[[dict[str, bytes]], None]


def rebuilt(path: Path, name: str, change: Change, *, manifest: bool = False) -> Path:
    """The zip written again after `change`; with `manifest` the manifest is made to fit what is there now."""
    with zipfile.ZipFile(path) as old:
        files = {info.filename: old.read(info) for info in old.infolist()}
    change(files)
    if manifest:
        mend(files)
    return written(path.parent / name, files)


def written(path: Path, files: Mapping[str, bytes]) -> Path:
    """A zip of files in this order."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new:
        for name, data in files.items():
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return path


def mend(files: dict[str, bytes]) -> None:
    """Make the manifest fit the files, as far as somebody without the log's key can."""
    names = list(files)
    value = json.loads(files["manifest.json"])
    covered = [
        name for name in names[: names.index("manifest.json")] if not name.startswith(("proofs/", "checkpoints/"))
    ]
    value["files"] = [
        {"path": name, "sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])} for name in covered
    ]
    files["manifest.json"] = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
