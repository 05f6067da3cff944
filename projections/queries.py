"""The questions that officers' pages ask of the projections.

Every function runs on a connection of role liuhen_console inside a transaction in which the caller has said what it
looks at (`projections.scope`); with isolation `repeatable_read` all answers are of one cut. Lists are of everything
that is looked at; what is said of one subject is asked while its `holder` alone is. Row-level security repeats that
filter and fails closed. Invariant: a question sees no authority that the caller did not name, and bodies are read from
the log itself, never from a copy.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from domain.process import STEPS, order_key
from projections import case_file as case_fold
from projections import items as item_views
from projections import ledgers as ledger_views
from projections import statements, terminal_ledger
from projections.case_file import HeadRow, ItemRow
from projections.views import (
    CaseFile,
    CasePage,
    CaseRow,
    Counts,
    Header,
    Item,
    Lag,
    Link,
    Party,
    Step,
    SubjectKind,
    TerminalLedger,
    TerminalPage,
    Title,
)
from schemas.events import REGISTRY, Registry

MAX_ITEMS: Final = 1_000
MAX_ROWS: Final = 200
_LAST: Final = 2**63 - 1
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
Queries = Mapping[str, str]


class BadCursor(ValueError):
    """`after` is not a cursor that a page of this kind gave."""


async def case_file(
    conn: asyncpg.Connection,
    subject_kind: SubjectKind,
    subject_id: str,
    *,
    limit: int = MAX_ITEMS,
    offset: int = 0,
    beside: frozenset[str] = frozenset(),
    registry: Registry = REGISTRY,
) -> CaseFile | None:
    """Everything about a task, case or hazard in process order; None where nothing of that name was reported.

    `limit` <= MAX_ITEMS items from `offset` on; the header speaks of the whole file. Of the types in `beside` the
    newest MAX_ITEMS items of the whole file are given as well, whatever the page.
    """
    queries = await _queries(conn)
    if "\0" in subject_id:
        return None
    epochs, authority = await _logs(conn, queries)
    heads = {
        row["log_id"]: case_fold.read_head(row["head"])
        for row in await conn.fetch(queries["heads"], subject_kind, subject_id)
    }
    if not heads:
        return None
    places: list[tuple[int, ItemRow]] = []
    for row in await conn.fetch(queries["items"], subject_kind, subject_id):
        places.extend((row["log_id"], item) for item in case_fold.read_items(row["count"], row["items"]))
    places.sort(key=lambda p: order_key(p[1].type, p[1].occurred, epochs.get(p[0], 0), p[1].position))
    wanted = await _wanted(conn, queries, places)
    limit = max(1, min(limit, MAX_ITEMS))
    apart = [place for place in places if place[1].type in beside][-MAX_ITEMS:]
    page = places[offset : offset + limit]
    entries = await _entries(conn, queries, page + [place for place in apart if place not in page])

    def views(some: Sequence[tuple[int, ItemRow]]) -> tuple[Item, ...]:
        return tuple(
            item_views.item(
                log_id,
                epochs.get(log_id, 0),
                row,
                entries[log_id, row.position],
                wanted.get((log_id, row.position), {}),
                registry,
            )
            for log_id, row in some
            if (log_id, row.position) in entries
        )

    shown = await _decided(conn, queries, epochs, views(page))
    ordered = [heads[log_id] for log_id in sorted(heads, key=lambda i: epochs.get(i, 0))]
    needs = [(kind, here) for states in wanted.values() for (kind, _), here in states.items()]
    missing = [kind for kind, here in needs if not here]
    blobs = sum(kind == "blob" for kind, _ in needs)
    return CaseFile(
        header=_header(authority, subject_kind, subject_id, case_fold.merge_heads(ordered), blobs, missing),
        items=shown,
        beside=views(apart),
        as_of=await _as_of(conn, queries, list(epochs)),
        next=offset + limit if offset + limit < len(places) else None,
    )


async def _decided(
    conn: asyncpg.Connection, queries: Queries, epochs: Mapping[int, int], items: tuple[Item, ...]
) -> tuple[Item, ...]:
    """The items, with what was decided about the side chains that some of them are of."""
    names = {item.terminal for item in items if item.branch is not None and item.terminal is not None}
    if not names:
        return items
    parts: dict[str, list[tuple[int, bytes]]] = {}
    for row in await conn.fetch(queries["terminals_of"], [UUID(name) for name in sorted(names)]):
        parts.setdefault(str(row["terminal"]), []).append((row["log_id"], row["state"]))
    states = {
        (name, branch.id.hex()): branch.state
        for name, found in parts.items()
        for branch in _merged(found, epochs).state.branches
    }
    return tuple(
        item
        if item.branch is None
        else msgspec.structs.replace(
            item, branch_state=ledger_views.branch_state(states.get((item.terminal or "", item.branch), ""))
        )
        for item in items
    )


async def list_cases(
    conn: asyncpg.Connection, kind: SubjectKind, limit: int = 50, after: str | None = None
) -> CasePage:
    """Tasks, cases or hazards, newest activity first, `limit` <= MAX_ROWS. Raises BadCursor."""
    queries = await _queries(conn)
    epochs, _ = await _logs(conn, queries)
    limit = max(1, min(limit, MAX_ROWS))
    last, subject = (_LAST, "") if after is None else _read_cursor(after)
    rows = await conn.fetch(queries["newest"], kind, last, subject, limit + 1)
    found = []
    for row in rows[:limit]:
        pairs = sorted(zip(row["logs"], row["heads"], strict=True), key=lambda p: epochs.get(p[0], 0))
        head = case_fold.merge_heads([case_fold.read_head(data) for _, data in pairs])
        found.append(
            CaseRow(
                authority=row["authority"],
                kind=kind,
                id=row["subject"],
                title=head.title,
                title_claimed=head.rank == case_fold.RANK_CLAIMED,
                step=_step(head.step),
                closed=head.closed,
                items=head.items,
                claims=head.claims,
                forked=head.forked,
                not_understood=head.not_understood,
                last_received=head.last_received,
            )
        )
    more = len(rows) > limit
    return CasePage(tuple(found), _cursor(rows[limit - 1]["last"], rows[limit - 1]["subject"]) if more else None)


async def terminals(conn: asyncpg.Connection, limit: int = 50, after: str | None = None) -> TerminalPage:
    """The terminals of the authority by id, `limit` <= MAX_ROWS. Raises BadCursor."""
    queries = await _queries(conn)
    if after is not None and _UUID.fullmatch(after) is None:
        raise BadCursor("expected the id of a terminal as the cursor: leave `after` out to begin again")
    limit = max(1, min(limit, MAX_ROWS))
    epochs, _ = await _logs(conn, queries)
    cut = await _as_of(conn, queries, list(epochs))
    rows = await conn.fetch(queries["terminals"], UUID(after) if after else UUID(int=0), limit + 1)
    found = tuple(
        _ledger(row["authority"], str(row["terminal"]), list(zip(row["logs"], row["states"], strict=True)), epochs, cut)
        for row in rows[:limit]
    )
    return TerminalPage(found, found[-1].id if len(rows) > limit else None)


async def terminal(conn: asyncpg.Connection, terminal_id: str) -> TerminalLedger | None:
    """How one terminal stands; `terminal_id` is UUID text in lower case. None where there is no such terminal."""
    if _UUID.fullmatch(terminal_id) is None:
        return None
    queries = await _queries(conn)
    epochs, authority = await _logs(conn, queries)
    rows = await conn.fetch(queries["terminal"], UUID(terminal_id))
    if not rows:
        return None
    cut = await _as_of(conn, queries, list(epochs))
    return _ledger(authority, terminal_id, [(row["log_id"], row["state"]) for row in rows], epochs, cut)


async def terminal_names(conn: asyncpg.Connection, wanted: Iterable[str]) -> dict[str, str]:
    """{id: name} of those terminals that the caller sees and that called themselves something when enrolled."""
    queries = await _queries(conn)
    epochs, authority = await _logs(conn, queries)
    parts: dict[str, list[tuple[int, bytes]]] = {}
    for row in await conn.fetch(queries["terminals_of"], [UUID(one) for one in sorted(set(wanted))]):
        parts.setdefault(str(row["terminal"]), []).append((row["log_id"], row["state"]))
    found = {one: _ledger(authority, one, rows, epochs, {}).name for one, rows in parts.items()}
    return {one: name for one, name in found.items() if name}


async def holder(conn: asyncpg.Connection, kind: str, key: str) -> str | None:
    """Which of the authorities that are looked at has a subject, the own one before others; None where none has it.

    `kind`: a kind of subject, "terminal" or "evidence" (SHA-256, hex).
    """
    queries = await _queries(conn)
    match kind:
        case "terminal" if _UUID.fullmatch(key):
            found = await conn.fetchval(queries["terminal_holder"], UUID(key))
        case "evidence" if _DIGEST.fullmatch(key):
            found = await conn.fetchval(queries["blob_holder"], bytes.fromhex(key))
        case "task" | "case" | "hazard" if "\0" not in key:
            found = await conn.fetchval(queries["holder"], kind, key)
        case _:
            found = None
    return None if found is None else str(found)


async def as_of(conn: asyncpg.Connection) -> dict[int, int]:
    """The cut that answers rest on: {log_id: entries folded}."""
    queries = await _queries(conn)
    epochs, _ = await _logs(conn, queries)
    return await _as_of(conn, queries, list(epochs))


async def lag(conn: asyncpg.Connection) -> tuple[Lag, ...]:
    """How far the projections are behind the logs of the authority."""
    queries = await _queries(conn)
    rows = await conn.fetch(queries["logs"])
    logs = [row["log_id"] for row in rows]
    cut = await _as_of(conn, queries, logs)
    parked = {row["log_id"]: row["number"] for row in await conn.fetch(queries["parked"], logs)}
    return tuple(
        Lag(row["log_id"], row["epoch"], row["size"], cut[row["log_id"]], parked.get(row["log_id"], 0)) for row in rows
    )


# -- the parts ---------------------------------------------------------------------------------------------------------


async def _queries(conn: asyncpg.Connection) -> Queries:
    slot = await conn.fetchval(statements.load("queries", "a")["slot"])
    return statements.load("queries", slot)


async def _logs(conn: asyncpg.Connection, queries: Queries) -> tuple[dict[int, int], str]:
    """({log_id: epoch} of all that is looked at, the authority). Raises where the caller has set none."""
    rows = await conn.fetch(queries["logs"])
    authority = await conn.fetchval("SELECT current_setting('liuhen.authority')")
    return {row["log_id"]: row["epoch"] for row in rows}, authority


async def _as_of(conn: asyncpg.Connection, queries: Queries, logs: list[int]) -> dict[int, int]:
    folded = {row["log_id"]: row["position"] for row in await conn.fetch(queries["as_of"], logs)}
    return {log_id: folded.get(log_id, 0) for log_id in logs}


async def _entries(
    conn: asyncpg.Connection, queries: Queries, places: Sequence[tuple[int, ItemRow]]
) -> dict[tuple[int, int], bytes]:
    found: dict[tuple[int, int], bytes] = {}
    for log_id in sorted({log_id for log_id, _ in places}):
        positions = [row.position for log, row in places if log == log_id]
        for row in await conn.fetch(queries["entries"], log_id, positions):
            found[log_id, row["pos"]] = row["entry"]
    return found


async def _wanted(
    conn: asyncpg.Connection, queries: Queries, places: Sequence[tuple[int, ItemRow]]
) -> dict[tuple[int, int], dict[tuple[str, bytes], bool]]:
    found: dict[tuple[int, int], dict[tuple[str, bytes], bool]] = {}
    for log_id in sorted({log_id for log_id, _ in places}):
        positions = [row.position for log, row in places if log == log_id]
        for row in await conn.fetch(queries["wanted"], log_id, positions):
            found.setdefault((log_id, row["pos"]), {})[row["kind"], row["digest"]] = row["arrived"]
    return found


def _header(
    authority: str, kind: SubjectKind, subject: str, head: HeadRow, blobs: int, missing: Sequence[str]
) -> Header:
    return Header(
        authority=authority,
        kind=kind,
        id=subject,
        title=head.title,
        title_claimed=head.rank == case_fold.RANK_CLAIMED,
        step=_step(head.step),
        closed=head.closed,
        parties=tuple(
            Party("organisation" if form == "organisation" else "person", code, name)
            for form, code, name in head.parties
        ),
        links=tuple(Link(*tag.split(":", 1)) for tag in head.links),
        officers=tuple(head.officers),
        terminals=tuple(str(UUID(bytes=one)) for one in head.terminals),
        counts=Counts(
            items=head.items,
            claims=head.claims,
            forked=head.forked,
            held=head.held,
            not_understood=head.not_understood,
            blobs=blobs,
            blobs_missing=sum(kind == "blob" for kind in missing),
            private_missing=sum(kind == "private" for kind in missing),
        ),
        first_occurred=head.first_occurred,
        last_occurred=head.last_occurred,
        last_received=head.last_received,
    )


def _step(code: str) -> Step | None:
    step = STEPS.get(code)
    return None if step is None else Step(step.code, step.order, Title(step.zh, step.en))


def _ledger(
    authority: str, name: str, rows: Sequence[tuple[int, bytes]], epochs: Mapping[int, int], cut: dict[int, int]
) -> TerminalLedger:
    return ledger_views.ledger(authority, name, _merged(rows, epochs), cut)


def _merged(rows: Sequence[tuple[int, bytes]], epochs: Mapping[int, int]) -> terminal_ledger.Merged:
    ordered = sorted(rows, key=lambda row: epochs.get(row[0], 0))
    return terminal_ledger.merge([(log_id, terminal_ledger.decode(data)) for log_id, data in ordered])


def _cursor(last: int, subject: str) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((last, subject))).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, str]:
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        last, subject = msgspec.msgpack.decode(data, type=tuple[int, str])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        last, subject = _LAST + 1, ""
    if not -_LAST <= last <= _LAST or "\0" in subject:
        raise BadCursor("expected a cursor that this list gave: leave `after` out to begin again")
    return last, subject


__all__ = [
    "MAX_ITEMS",
    "MAX_ROWS",
    "BadCursor",
    "as_of",
    "case_file",
    "holder",
    "lag",
    "list_cases",
    "terminal",
    "terminal_names",
    "terminals",
]
