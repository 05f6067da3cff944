"""Leave to view: a link that one session opens once, which becomes a grant for some blobs, one purpose and 15 minutes.

    link     made for a session; random, kept as its SHA-256; good for 60 s and one opening
    open     used up; then the blobs are checked; then `evidence.read.v1` is in the log; only then there is a grant
    find     what a grant shows: nothing once it is over, its session has ended or the blob is damaged

The invariant: a grant that can be used stands behind an act in the log. A crash between the steps of `open` leaves a
used link, or an act without a viewing; never a viewing without an act.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, Literal, get_args

import asyncpg

from schemas.entries import Who
from schemas.events.custody import MAX_FILES, EvidenceRead
from schemas.problems import Problem
from server.evidence.checking import Checker
from server.identity.person import ROLES, Person
from server.log import store as database
from server.log.acts import Act, OfficeActs
from server.log.committer import Committer
from server.log.group import Group, Turn
from server.log.ids import now_ms, uuid7

LINK_LIFE: Final = timedelta(seconds=60)
GRANT_LIFE: Final = timedelta(minutes=15)
Purpose = Literal["handling", "legal_review", "hearing", "supervision", "archive"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
_KINDS: Final = ("case:", "hazard:", "task:")


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant just given: addresses of blobs begin with `base`, and end at `expires_at` (ms)."""

    base: str
    purpose: str
    digests: frozenset[bytes]
    expires_at: int

    def address(self, sha256_hex: str) -> str:
        """Where a blob can be fetched, "" where the grant does not name it or it cannot be shown."""
        return f"{self.base}/{sha256_hex}" if bytes.fromhex(sha256_hex) in self.digests else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A blob that may be served: bytes, media type, SHA-256 of every MiB one behind the other."""

    size: int
    media_type: str
    pieces: bytes


class Viewing:
    """Links and grants. `console` is a pool of the role liuhen_console; `address` the origin that serves the bytes."""

    def __init__(
        self,
        committer: Committer,
        pool: asyncpg.Pool,
        console: asyncpg.Pool,
        checker: Checker,
        address: str,
        *,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.address = address
        self.checker = checker
        self._committer = committer
        self._pool = pool
        self._console = console
        self._clock = clock
        self._queries = database.load_queries("server.evidence", "viewing.sql")
        self._custody = database.load_queries("server.evidence", "custody.sql")

    async def link(self, person: Person, purpose: str, tags: Sequence[str], digests: Sequence[bytes]) -> str:
        """A link for some blobs: of those asked for, the ones that are held and that the person's authority cites.

        Raises Problem bad_request (purpose, too many), not_found (nothing of it can be shown).
        """
        if purpose not in PURPOSES:
            raise Problem("bad_request", f"expected a purpose out of {', '.join(PURPOSES)}")
        wanted = sorted(set(digests))
        if len(wanted) > MAX_FILES:
            raise Problem("bad_request", f"expected at most {MAX_FILES} files, came {len(wanted)}")
        token = secrets.token_urlsafe(32)
        kept = sorted({tag for tag in tags if tag.startswith(_KINDS)})[:12]
        found = await self._console.fetchval(
            self._queries["make_link"],
            _hash(token),
            person.session,
            person.authority,
            purpose,
            kept,
            wanted,
            self._now(),
        )
        if not found:
            raise Problem("not_found", "none of these files is here")
        return token

    async def open(self, person: Person, token: str) -> Granted:
        """Use a link up and give the grant; the act that says so is in the log before this returns.

        Raises Problem forbidden: used, over, or of another session.
        """
        link = _hash(token)
        row = await self._console.fetchrow(self._queries["open_link"], link, person.session, LINK_LIFE, self._now())
        if row is None:
            raise Problem("forbidden", "this link was used, is over, or was given to another session: ask for it again")
        digests = [bytes(digest) for digest in row["digests"]]
        sound = await self._sound(digests)
        expires = self._now() + GRANT_LIFE
        expires_at = int(expires.timestamp() * 1000)
        role = next((name for name in ROLES if name in person.roles), "")
        tags = {*row["tags"], f"officer:{person.officer_id}"}
        if len(digests) == 1:
            tags.add(f"evidence:{digests[0].hex()}")
        body = {
            "reader": person.officer_id,
            "role": role,
            "purpose": row["purpose"],
            "files": digests,
            "expires_at": expires_at,
        }
        act = Act(EvidenceRead.SPEC.name, sorted(tags), body, uuid7(), 1, uuid7())
        who = Who(officer=person.officer_id, session=person.session, via=person.via)
        # The commit point: behind it the reading is on record, whether or not a byte of it reaches the reader.
        await self._committer.submit(Reading(person.authority, act, who, digests))
        secret = secrets.token_urlsafe(32)
        await self._console.execute(self._queries["grant_link"], link, _hash(secret), expires)
        return Granted(f"{self.address}/{secret}", row["purpose"], frozenset(sound), expires_at)

    async def find(self, secret: str, digest: bytes) -> Shown:
        """What a grant shows. Raises Problem forbidden, with no word about which of its conditions is not met."""
        row = await self._console.fetchrow(self._queries["granted"], _hash(secret), digest, self._now())
        if row is None or row["pieces"] is None:
            raise Problem("forbidden", "no leave to view this file, or it has ended: open it again from its case file")
        return Shown(row["size"], row["type"], bytes(row["pieces"]))

    async def _sound(self, digests: Sequence[bytes]) -> list[bytes]:
        """Those that can be shown; what was not read as a whole since it came is read now."""
        rows = await self._pool.fetch(self._custody["unsummed"], list(digests))
        bad = set()
        for row in rows:
            if await self.checker.check(bytes(row["digest"])) != "held":
                bad.add(bytes(row["digest"]))
            await asyncio.sleep(0)
        return [digest for digest in digests if digest not in bad]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock() / 1000, UTC)


class Reading(OfficeActs):
    """The act, and which blobs it names, for the custody of each."""

    def __init__(self, authority: str, act: Act, who: Who, digests: Sequence[bytes]) -> None:
        super().__init__(authority, [act], who, now_ms())
        self._digests = list(digests)

    def decide(self, turn: Turn, group: Group) -> None:
        """Append the act. Raises Problem conflict."""
        super().decide(turn, group)
        group.statements.append(("cite_blobs", (turn.log.log_id, self._positions[0], self._digests)))


def _hash(secret: str) -> bytes:
    return sha256(b"liuhen viewing v1\n" + secret.encode()).digest()
