"""Custody of a file: who captured, brought, checked, read, copied it, by which clock, and which records cite it.

Asked of the log itself, for one authority, inside the console's scope. The invariant: nothing is said here that no
entry says, but for the last whole reading of the bytes, which is a column of the store.
"""

from __future__ import annotations

import struct
from typing import Any, Final, Literal, TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from projections import items, statements
from projections.case_file import ItemRow
from projections.views import Title
from schemas import entries
from schemas.events import REGISTRY

MAX_STEPS: Final = 1_000
"""Entries that are looked at for one file; the oldest come first."""

StepKind: TypeAlias = Literal["captured", "cited", "received", "examined", "read", "exported", "damaged", "named"]
_BY_TYPE: Final[dict[str, StepKind]] = {
    "evidence.captured.v1": "captured",
    "recording.captured.v1": "captured",
    "blob.received.v1": "received",
    "blob.examined.v1": "examined",
    "evidence.read.v1": "read",
    "case_file.exported.v1": "exported",
    "blob.damaged.v1": "damaged",
}


class CustodyStep(Struct, frozen=True, kw_only=True):
    """One thing that happened to the file. `at` is the terminal's clock (None for acts of the office), `received` the
    server's, both ms; `detail` are plain values of the act (purpose, state, what the file says of itself).
    """

    kind: StepKind
    type: str
    title: Title
    by: tuple[str, ...]
    terminal: str | None
    at: int | None
    received: int
    epoch: int
    position: int
    id: str
    about: tuple[str, ...]
    detail: dict[str, Any]


class Custody(Struct, frozen=True, kw_only=True):
    """A file that records of the authority cite. `state` is "missing" until it arrived, then what the store says.

    `size` and `media_type` are those declared until it arrived; `checked` is when it was last read whole and sound, ms.
    """

    sha256: str
    state: Literal["missing", "held", "corrupt", "lost"]
    size: int | None
    media_type: str | None
    terminal: str | None
    received: int | None
    checked: int | None
    steps: tuple[CustodyStep, ...]

    @property
    def subjects(self) -> tuple[tuple[str, str], ...]:
        """(kind, id) of the case files that the citing records stand in."""
        tags = {tag for step in self.steps if step.kind in ("captured", "cited") for tag in step.about}
        pairs = (tag.split(":", 1) for tag in sorted(tags))
        return tuple((kind, name) for kind, name in pairs if kind in ("case", "hazard", "task"))


async def custody(conn: asyncpg.Connection, digest: bytes) -> Custody | None:
    """The custody of a file, None where no record of the authority cites it. `conn` is inside the console's scope."""
    queries = statements.load("custody", "a")
    places = {(row["log_id"], row["pos"]): row["epoch"] for row in await conn.fetch(queries["places"], digest)}
    if not places:
        return None
    epochs = {row["log_id"]: row["epoch"] for row in await conn.fetch(queries["logs"])}
    tagged = await _tagged(conn, queries, f"evidence:{digest.hex()}")
    steps = await _steps(conn, queries, epochs, [*places, *(place for place in tagged if place not in places)], digest)
    cases = sorted({tag for step in steps for tag in step.about if tag.startswith("case:")})
    exported: list[tuple[int, int]] = []
    for tag in cases[:4]:
        exported += await _tagged(conn, queries, tag)
    known = {(step.epoch, step.position) for step in steps}
    more = [place for place in sorted(set(exported)) if (epochs.get(place[0], 0), place[1]) not in known]
    copies = [step for step in await _steps(conn, queries, epochs, more, None) if step.kind == "exported"]
    row = await conn.fetchrow(queries["blob"], digest)
    declared = _declared(steps)
    return Custody(
        sha256=digest.hex(),
        state="missing" if row is None else row["state"],
        size=declared[0] if row is None else row["size"],
        media_type=declared[1] if row is None else row["type"],
        terminal=None if row is None else str(row["terminal"]),
        received=None if row is None else _ms(row["received"]),
        checked=None if row is None or row["checked"] is None else _ms(row["checked"]),
        steps=tuple(sorted([*steps, *copies], key=lambda step: (step.epoch, step.position))),
    )


def _declared(steps: list[CustodyStep]) -> tuple[int | None, str | None]:
    for step in steps:
        if "size" in step.detail and "media_type" in step.detail:
            return step.detail["size"], step.detail["media_type"]
    return None, None


async def _tagged(conn: asyncpg.Connection, queries: Any, tag: str) -> list[tuple[int, int]]:
    found = []
    for row in await conn.fetch(queries["tagged"], tag):
        offsets = bytes(row["offsets"])
        count = len(offsets) // 2
        found += [(row["log_id"], row["pos"] + offset) for offset in (0, *struct.unpack(f">{count}H", offsets))]
        if len(found) > MAX_STEPS:
            break
    return found[:MAX_STEPS]


async def _steps(
    conn: asyncpg.Connection,
    queries: Any,
    epochs: dict[int, int],
    places: list[tuple[int, int]],
    digest: bytes | None,
) -> list[CustodyStep]:
    """The entries at places as steps; with `digest`, what a citing record declares of that file goes into `detail`."""
    found = []
    for log_id in sorted({log for log, _ in places}):
        positions = sorted({position for log, position in places if log == log_id})[:MAX_STEPS]
        for row in await conn.fetch(queries["entries"], log_id, positions):
            step = _step(log_id, epochs.get(log_id, 0), row["pos"], bytes(row["entry"]), digest)
            if step is not None:
                found.append(step)
    return found


def _step(log_id: int, epoch: int, position: int, entry: bytes, digest: bytes | None) -> CustodyStep | None:
    try:
        item = items.item(log_id, epoch, ItemRow(position, "", 0, 0, 0), entry, {}, REGISTRY)
    except (entries.EntryRefused, msgspec.MsgspecError, ValueError):
        return None  # an envelope that is not sound says nothing that could be shown
    office = item.kind == "office"
    kind = _BY_TYPE.get(item.type, "named" if office else "cited")
    if kind == "captured" and office:
        kind = "named"
    detail: dict[str, Any] = {name: item.body[name] for name in _DETAILS if name in item.body} if office else {}
    if digest is not None:
        for blob in item.blobs:
            if blob.sha256 == digest.hex():
                detail = {"size": blob.size, "media_type": blob.type}
    return CustodyStep(
        kind=kind,
        type=item.type,
        title=item.title,
        by=item.by,
        terminal=item.terminal,
        at=item.at,
        received=item.received,
        epoch=epoch,
        position=position,
        id=item.id,
        about=item.about,
        detail=detail,
    )


_DETAILS: Final = (
    "purpose", "role", "expires_at", "state", "outcome", "file_time", "file_tool", "device", "width", "height",
    "looks_like",
)  # fmt: skip


def _ms(moment: Any) -> int:
    return int(moment.timestamp() * 1000)
