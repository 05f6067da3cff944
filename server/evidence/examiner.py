"""Files that arrived are read once as a whole, and pictures are asked what they say about themselves.

The answer is an act in every log that cites the file, so that what the judges make of it can be made again from the log
alone. Idempotency: an act names the envelopes that it is for, and those that one names are not told again; a file that
further records cite gets a further act.
The invariant: bytes from outside are decoded in a process of its own, one at a time, under limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from hashlib import sha256
from typing import Any, Final

import asyncpg
import structlog

from schemas import entries
from schemas.entries import Who
from schemas.events import REGISTRY, InvalidBody
from schemas.events.custody import BlobExamined
from schemas.problems import Problem
from server.evidence import picture
from server.evidence.checking import SERVICE, Checker, Citing, read_citing
from server.log import store as database
from server.log.acts import Act, OfficeActs
from server.log.committer import Committer
from server.log.ids import now_ms, uuid7
from server.web.media import plain

log = structlog.get_logger("liuhen.evidence")

AT_ONCE: Final = 16
SECONDS: Final = 30.0
MAX_ANSWER: Final = 4_096


class Examiner:
    """Examines what arrived. `pool` is of the role liuhen_writer."""

    def __init__(self, checker: Checker, committer: Committer, pool: asyncpg.Pool) -> None:
        self._checker = checker
        self._committer = committer
        self._pool = pool
        self._queries = database.load_queries("server.evidence", "custody.sql")

    async def catch_up(self) -> int:
        """Examine what was not examined yet; returns how many files that were. What fails now is tried again later."""
        done = 0
        while rows := await self._pool.fetch(self._queries["unexamined"], AT_ONCE):
            try:
                for row in rows:
                    await self._examine(bytes(row["digest"]), row["size"], plain(row["type"]))
                    done += 1
            except Problem as problem:
                log.warning("examination_waits", code=problem.code)
                break
        return done

    async def _examine(self, digest: bytes, size: int, media_type: str) -> None:
        unread = await self._pool.fetch(self._queries["unsummed"], [digest])
        if unread and await self._checker.check(digest) != "held":
            return
        if media_type in picture.TYPES and size <= picture.MAX_BYTES:
            wanted = [
                (place["authority"], citing)
                for place in await self._pool.fetch(self._queries["cited_in"], digest)
                if (citing := await self._untold(digest, place)).events
            ]
            if wanted:
                facts = await look(b"".join([chunk async for chunk in self._checker.store.read(digest)]))
                for authority, citing in wanted:
                    await self._record(digest, facts, authority, citing)
        await self._pool.execute(self._queries["examined"], digest)

    async def _untold(self, digest: bytes, place: Any) -> Citing:
        """The envelopes of a log that cite a file and that no act of the authority names yet."""
        told: set[bytes] = set()
        for row in await self._pool.fetch(
            self._queries["examined_acts"], database.uuid(_origin(digest)), place["authority"]
        ):
            act = entries.decode(bytes(row["entry"]))
            if isinstance(act, entries.OfficeEntry):
                told.update(act.b.get("events", ()))
        return await read_citing(self._committer, self._pool, place["log_id"], place["positions"], told)

    async def _record(self, digest: bytes, facts: dict[str, Any] | None, authority: str, citing: Citing) -> None:
        row = await self._pool.fetchrow(self._queries["examined_version"], database.uuid(_origin(digest)), authority)
        body = {
            "sha256": digest,
            "examiner": picture.NAME,
            "outcome": "unreadable" if facts is None else "read",
            "events": list(citing.events),
            "evidence_ids": list(citing.evidence),
            **(facts or {}),
        }
        about = sorted({*citing.tags, f"evidence:{digest.hex()}"})
        act = Act(BlobExamined.SPEC.name, about, body, _origin(digest), row["version"] + 1, uuid7())
        who = Who(service=SERVICE, session=digest, via="examination")
        await self._committer.submit(OfficeActs(authority, [act], who, now_ms()))


def _origin(digest: bytes) -> bytes:
    """The aggregate of a file's examinations in any log."""
    return sha256(b"liuhen examined blob\n" + digest).digest()[:16]


async def look(data: bytes) -> dict[str, Any] | None:
    """The facts of a picture, None where it cannot be read within the limits. The process is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        # Isolated mode leaves the working directory out of the path; the rooms are found where this one was.
        f"import sys; sys.path[:0] = {[path for path in sys.path if path]!r}\n"
        "from server.evidence.picture import main\nsys.exit(main())",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(SECONDS):
            answer, _ = await process.communicate(data)
    except (TimeoutError, ConnectionError):
        answer = b""
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0 or not 0 < len(answer) <= MAX_ANSWER:
        return None
    return _checked(answer)


def _checked(answer: bytes) -> dict[str, Any] | None:
    """What the process said, where it is what a body may hold: it has read bytes from outside and is not believed."""
    try:
        facts = json.loads(answer)
        if not isinstance(facts, dict) or not facts.keys() <= _FACTS:
            return None
        probe = {"sha256": bytes(32), "examiner": picture.NAME, "outcome": "read", **facts}
        REGISTRY.decode_body(BlobExamined.SPEC.name, probe)
    except (ValueError, InvalidBody):
        return None
    return facts


_FACTS: Final = frozenset({"width", "height", "file_time", "file_tool", "device", "looks_like"})
