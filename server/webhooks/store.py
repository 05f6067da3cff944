"""Targets and messages of webhooks: what an administrator sets, what is queued, what is sent and what died.

Invariant: an event is queued once for each target that hears it (target and key are unique), within the caller's
transaction; every question that an administrator asks names the authority.
"""

from __future__ import annotations

import datetime
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from schemas.problems import Problem
from server.log.ids import uuid7
from server.webhooks import signing
from server.webhooks.addresses import AddressRefused, Allowed, check_url

EVENTS: Final = ("disclosure", "compliance", "test")
"""First words of the types that targets can ask for."""
MAX_TARGETS: Final = 50
MAX_LABEL: Final = 100
SHOWN: Final = 100
_TYPE: Final = re.compile(r"[a-z_]{1,32}(?:\.[a-z_]{1,32}){0,3}")
Asked: TypeAlias = "asyncpg.Connection | asyncpg.Pool"


@dataclass(frozen=True, slots=True)
class Target:
    """Where events go, without its secret; how many messages wait and died."""

    id: UUID
    authority: str
    url: str
    label: str
    events: tuple[str, ...]
    state: str
    made_at: datetime.datetime
    made_by: str
    waiting: int
    dead: int
    delivered_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a target and how it stands."""

    id: UUID
    type: str
    key: str
    state: str
    made_at: datetime.datetime
    due: datetime.datetime
    attempts: int
    status: int | None
    error: str
    delivered_at: datetime.datetime | None


@cache
def queries() -> Mapping[str, str]:
    """The statements of webhooks.sql."""
    text = (resources.files("server.webhooks") / "sql" / "webhooks.sql").read_text("utf-8")
    parts = text.split("-- name: ")[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2].strip() for part in parts}


async def add_target(
    connection: asyncpg.Connection,
    authority: str,
    url: str,
    label: str,
    events: Sequence[str],
    by: str,
    allowed: Allowed,
) -> tuple[UUID, str]:
    """Make a target; returns its id and its secret, which is shown this once. Raises Problem bad_request."""
    label = label.strip()
    if not 1 <= len(label) <= MAX_LABEL:
        raise Problem("bad_request", f"expected a label of 1 to {MAX_LABEL} characters")
    chosen = sorted(set(events))
    if not 1 <= len(chosen) <= 16 or not all(_TYPE.fullmatch(one) and one.split(".")[0] in EVENTS for one in chosen):
        raise Problem("bad_request", f"expected types of events that begin with {', '.join(EVENTS)}")
    try:
        check_url(url, allowed)
    except AddressRefused as refused:
        raise Problem("bad_request", str(refused)) from None
    made, key = UUID(bytes=uuid7()), secrets.token_bytes(signing.KEY_BYTES)
    async with connection.transaction():
        if len(await targets(connection, authority)) >= MAX_TARGETS:
            raise Problem("bad_request", f"expected at most {MAX_TARGETS} targets: remove one first")
        await connection.execute(queries()["add_target"], made, authority, url, label, chosen, key, by)
        for row in await connection.fetch(queries()["begin_cursor_of"], authority):
            await connection.execute(queries()["move_cursor"], made, row["epoch"], row["position"])
    return made, signing.shown(key)


async def targets(asked: Asked, authority: str) -> tuple[Target, ...]:
    """The targets of an authority that are not gone, oldest first."""
    rows = await asked.fetch(queries()["targets"], authority)
    return tuple(
        Target(
            UUID(str(row["id"])), row["authority"], row["url"], row["label"], tuple(row["events"]), row["state"],
            row["made_at"], row["made_by"], row["waiting"], row["dead"], row["delivered_at"],
        )
        for row in rows
        if row["state"] != "gone"
    )  # fmt: skip


async def set_state(asked: Asked, authority: str, target: UUID, state: str) -> None:
    """Pause, go on with, or remove (`gone`) a target. Raises Problem not_found."""
    assert state in ("active", "paused", "gone")
    if await asked.fetchval(queries()["set_state"], target, authority, state) is None:
        raise Problem("not_found", "this authority has no such target")


async def messages(asked: Asked, authority: str, target: UUID) -> tuple[Message, ...]:
    """The newest messages to a target."""
    return tuple(
        Message(
            UUID(str(row["id"])), row["type"], row["key"], row["state"], row["made_at"], row["due"], row["attempts"],
            row["status"], row["error"] or "", row["delivered_at"],
        )
        for row in await asked.fetch(queries()["messages"], target, authority, SHOWN)
    )  # fmt: skip


async def send_again(asked: Asked, authority: str, *, message: UUID | None = None, target: UUID | None = None) -> int:
    """Send a dead message again, or all dead ones of a target; returns how many."""
    if message is not None:
        return len(await asked.fetch(queries()["again"], message, authority))
    return len(await asked.fetch(queries()["all_again"], target, authority))


async def test(asked: Asked, authority: str, target: UUID) -> None:
    """Queue a test event for one target. Raises Problem not_found."""
    if not any(one.id == target for one in await targets(asked, authority)):
        raise Problem("not_found", "this authority has no such target")
    await put(asked, target, authority, "test", str(UUID(bytes=uuid7())), {"test": True})


async def enqueue(asked: Asked, authority: str, kind: str, key: str, data: Mapping[str, Any]) -> int:
    """Queue an event for every target of the authority that hears its type; returns how many hear it.

    The body is a CloudEvent (1.0, JSON). `key` names the event: the same one again is not queued. Call it within the
    transaction that brings the event about, as the role liuhen_writer.
    """
    heard = await asked.fetch(queries()["listening"], authority, kind)
    for row in heard:
        await put(asked, UUID(str(row["id"])), authority, kind, key, data)
    return len(heard)


async def put(asked: Asked, target: UUID, authority: str, kind: str, key: str, data: Mapping[str, Any]) -> None:
    """Queue an event for one target."""
    made = UUID(bytes=uuid7())
    body = msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": str(made),
            "source": f"urn:liuhen:authority:{authority}",
            "type": f"liuhen.{kind}",
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            "datacontenttype": "application/json",
            "data": data,
        }
    )
    await asked.execute(queries()["put"], made, target, kind, key, body)
