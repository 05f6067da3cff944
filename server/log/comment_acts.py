"""Comments on a case as office acts: each is an aggregate of its own, made once and then settled or opened again.

The invariant: two who settle the same comment never rest on the same version, so the slower one is told; and a form
that is sent twice makes one comment, because it carries the comment's id.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import UNSET

from schemas import entries
from schemas.entries import Who
from schemas.events.comment import CommentMade, CommentSettled
from schemas.problems import Problem
from server.log import store
from server.log.acts import Act, Placed
from server.log.committer import Committer
from server.log.ids import now_ms, uuid7, uuid_text
from server.log.repository import VersionedActs

NAMESPACE: Final = uuid.UUID("0f6a0f0e-6c55-5b0e-8a3b-3f9c51b2d7a4")
"""Of the names from which the ids of the aggregates are made: no form can name another aggregate's."""
STATES: Final = ("resolved", "reopened")


class CommentActs:
    """The officers' service. `committer` appends; `pool` is that of the log's writer."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool) -> None:
        self._committer = committer
        self._pool = pool
        self._queries = store.load_queries("server.log", "office.sql")

    async def make(
        self,
        authority: str,
        case_id: bytes,
        comment_id: bytes,
        text: str,
        who: Who,
        *,
        anchor: str,
        place: Mapping[str, Any],
    ) -> Placed:
        """`comment.made.v1`; `place` are the fields of the body that name what it is anchored to.

        Idempotency: the comment's id – the second attempt is `conflict`. Raises Problem bad_request, conflict.
        """
        now = now_ms()
        fields = {
            "comment_id": comment_id, "case_id": case_id, "anchor": anchor, "text": text,
            "officer": who.officer or who.service or "", "made_at": now, **place,
        }  # fmt: skip
        try:
            body = msgspec.convert(fields, CommentMade, builtin_types=(bytes,))
        except msgspec.ValidationError as fault:
            raise Problem("bad_request", f"expected a comment of 1 to 2,000 characters on one thing: {fault}") from None
        return await self._append(authority, case_id, comment_id, 1, CommentMade.SPEC.name, body, who, now)

    async def settle(
        self, authority: str, case_id: bytes, comment_id: bytes, version: int, state: str, reason: str, who: Who
    ) -> Placed:
        """`comment.settled.v1`, decided on what `version` acts had made of the comment.

        Idempotency: (comment, version). Raises Problem bad_request, not_found, conflict.
        """
        if state not in STATES or version < 1:
            raise Problem("bad_request", f"expected one of {', '.join(STATES)}, and the version of the comment")
        if not await self._is_of(authority, case_id, comment_id):
            raise Problem("not_found", "no comment of this id was made on this case")
        now = now_ms()
        body = CommentSettled(
            comment_id=comment_id,
            case_id=case_id,
            state="resolved" if state == "resolved" else "reopened",
            reason=reason or UNSET,
            officer=who.officer or who.service or "",
            settled_at=now,
        )
        return await self._append(authority, case_id, comment_id, version + 1, CommentSettled.SPEC.name, body, who, now)

    async def _append(
        self,
        authority: str,
        case_id: bytes,
        comment_id: bytes,
        version: int,
        name: str,
        body: CommentMade | CommentSettled,
        who: Who,
        now: int,
    ) -> Placed:
        act = Act(
            type=name,
            about=sorted((f"authority:{authority}", f"case:{uuid_text(case_id)}")),
            body=msgspec.to_builtins(body, builtin_types=(bytes,)),
            origin=origin_of(comment_id),
            version=version,
            id=uuid7(),
        )
        work = VersionedActs(self._queries["version_of"], authority, [act], who, now)
        placed: Placed = await self._committer.submit(work)
        return placed

    async def _is_of(self, authority: str, case_id: bytes, comment_id: bytes) -> bool:
        rows = await self._pool.fetch(self._queries["acts_of"], authority, store.uuid(origin_of(comment_id)), 1)
        for row in rows:
            entry = entries.decode(bytes(row["entry"]))
            if isinstance(entry, entries.OfficeEntry) and entry.y == CommentMade.SPEC.name:
                return bool(entry.b.get("case_id") == case_id)
        return False


def origin_of(comment_id: bytes) -> bytes:
    """The id of the aggregate of a comment."""
    return uuid.uuid5(NAMESPACE, comment_id.hex()).bytes
