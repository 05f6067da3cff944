"""That somebody looked at a trail of acts, as an office act: whose trail, of which period, in which form.

A trail shows what one officer did, hour by hour, so reading it is on record as reading evidence is. The invariant: the
act stands in the log before the first row of the trail reaches its reader.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET

from projections.process.trail import Trail
from schemas.entries import Who
from schemas.events.custody import TrailForm, TrailRead
from server.log.acts import Act, OfficeActs, Placed
from server.log.committer import Committer
from server.log.ids import now_ms, uuid7

MAX_TAG: Final = 128
"""Bytes of a tag at most."""


class TrailActs:
    """The officers' service. `committer` appends."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    async def read(
        self, authority: str, trail: Trail, period: str, form: TrailForm, who: Who, *, role: str = ""
    ) -> Placed:
        """`trail.read.v1` in the log of the reader's authority. Every call is an act. Raises Problem."""
        body = TrailRead(
            reader=UNSET if who.officer is UNSET else who.officer,
            role=role or UNSET,
            of=trail.of,
            subject=trail.id,
            period=period,
            form=form,
            acts=len(trail.steps),
            cut=trail.cut.name,
        )
        tags = {f"authority:{authority}"}
        tags |= {tag for tag in (f"{trail.of}:{trail.id}",) if len(tag.encode()) <= MAX_TAG}
        told: dict[str, Any] = msgspec.to_builtins(body, builtin_types=(bytes,))
        act = Act(TrailRead.SPEC.name, sorted(tags), told, uuid7(), 1, uuid7())
        placed: Placed = await self._committer.submit(OfficeActs(authority, [act], who, now_ms()))
        return placed
