"""What was released, as the public may read it: from the log and the documents beside it into the schema `published`.

Every release is held against the log before it is shown: the `disclosure` entry must commit to the document, the act
behind it must cite that entry and that document, and name two persons. The invariant: a row of `published` is what the
newest entry of its record commits to; what does not fit is left out with an alarm, and the others go on.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import asyncpg
import structlog
from msgspec import UNSET

from domain.search_terms import haystack, terms
from domain.workdays import day_of
from projections import statements
from projections.runner import LOST, RECONNECT_SECONDS, REPOLL_SECONDS, connect
from schemas import entries, published_document
from schemas.entries import DisclosureEntry, EntryRefused, OfficeEntry
from schemas.events import REGISTRY, Body, InvalidBody
from schemas.events.disclosure import (
    DisclosureCorrected,
    DisclosureExpired,
    DisclosurePublished,
    DisclosureWithdrawn,
)
from schemas.events.rule_set import RuleSetPublished
from schemas.published_document import Document, DocumentRefused

CHANNEL: Final = "liuhen_releases"
"""Notified with each release. Not that of the logs: releases are rare, and to be woken by every upload costs CPU."""
BATCH: Final = 1_000
"""Releases in one transaction."""
FIGURES_SECONDS: Final = 30.0
"""How often figures and positions are brought up to date while nothing is released."""
ACTS: Final[Mapping[str, type[Body]]] = {
    "published": DisclosurePublished,
    "corrected": DisclosureCorrected,
    "withdrawn": DisclosureWithdrawn,
    "expired": DisclosureExpired,
}
"""Outcome of an entry -> the act that must stand behind it."""
SECTIONS: Final[Mapping[str, str]] = {
    "power_list": "mandate", "duty_list": "mandate", "benchmark": "benchmark", "review_catalogue": "catalogue",
    "hearing_list": "catalogue", "discussion_list": "catalogue", "recording": "catalogue",
    "hazard_catalogue": "catalogue", "checklist": "catalogue", "limits": "rule", "inspection_cap": "rule",
}  # fmt: skip
"""Kind of a rule set -> where it stands on the site. Others are of use inside only."""

log = structlog.get_logger("liuhen.published")


class Unfit(ValueError):
    """A release that must not be shown; the text is a constant and holds nothing of the document."""


@dataclass(frozen=True, slots=True)
class Stands:
    """What the public sees of a record now."""

    authority: str
    revision: int
    tombstone: bool


@dataclass(frozen=True, slots=True)
class Published:
    """What one look did: releases shown, and left out."""

    shown: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Remade:
    """What a rebuild did: releases shown and left out, and rows that differ from those that were there."""

    shown: int
    refused: int
    different: int


class Publisher:
    """Keeps `published` behind the logs until `stop` is set; who comes second does nothing that the first did."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Survives the loss of its connection."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._session(stopping)
                except LOST as fault:
                    log.warning("published.connection_lost", error=type(fault).__name__)
                    await asyncio.wait({stopping}, timeout=RECONNECT_SECONDS)
        finally:
            stopping.cancel()
            with suppress(asyncio.CancelledError):
                await stopping

    async def _session(self, stopping: asyncio.Task[bool]) -> None:
        connection = await connect(self._dsn, "publisher")
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
            last = 0.0
            while not stopping.done():
                self._wake.clear()
                due = time.monotonic() - last >= FIGURES_SECONDS
                done = await publish(connection, always=due)
                if due or done.shown:
                    await count(connection, time.time_ns() // 1_000_000)
                    await put_sections(connection)
                    last = time.monotonic()
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait({stopping, waking}, timeout=REPOLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            await connection.close(timeout=5)


async def publish(connection: asyncpg.Connection, *, always: bool = False) -> Published:
    """Show everything that was released and is not shown yet. Idempotency: the position in each log.

    `always`: also say how far the logs are taken into account where nothing was released.
    """
    queries = statements.load("published", "a")
    shown = refused = 0
    if not always and not await connection.fetchval(queries["behind"]):
        return Published()
    for place in await connection.fetch(queries["known_logs"]):
        first = place["position"]
        while True:
            async with connection.transaction():
                # Of two publishers one waits here, and then finds the position moved.
                await connection.execute(queries["turn"])
                moved = await connection.fetchval(
                    "SELECT position FROM published.positions WHERE log_id = $1", place["log_id"]
                )
                first = max(first, moved or 0)
                rows = await connection.fetch(queries["releases"], place["log_id"], first, place["size"], BATCH)
                for row in rows:
                    good = await _show(connection, queries, place, row)
                    shown, refused = shown + good, refused + (not good)
                end = rows[-1]["position"] + 1 if len(rows) == BATCH else max(place["size"], first)
                if rows or (always and end > first):
                    # The commit point: rows and position together.
                    await connection.execute(
                        queries["put_position"], place["authority"], place["epoch"], place["log_id"], end
                    )
                first = end
            if len(rows) < BATCH:
                break
    return Published(shown, refused)


async def rebuild(connection: asyncpg.Connection, *, keep: bool = True) -> Remade:
    """Throw the records of `published` away and make them again in one transaction: who reads sees the old or the new.

    Without `keep` nothing changes, and it is only told what would have.
    """
    queries = statements.load("published", "a")
    transaction = connection.transaction()
    await transaction.start()
    try:
        before = await _shown(connection)
        await connection.execute(queries["clear"])
        done = await publish(connection, always=True)
        after = await _shown(connection)
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.commit() if keep else transaction.rollback())
    different = sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
    return Remade(done.shown, done.refused, different)


async def _shown(connection: asyncpg.Connection) -> dict[tuple[str, str], bytes]:
    rows = await connection.fetch(statements.load("published", "a")["shown"])
    return {(row["name"], row["key"]): bytes(row["digest"]) for row in rows}


async def put_sections(connection: asyncpg.Connection) -> int:
    """What authorities published for themselves beside records (E05), the newest version of each; returns how many.

    Only rule sets of kinds that the law has published go out: powers and duties, benchmarks, catalogues, periods.
    """
    queries = statements.load("published", await connection.fetchval(statements.load("published", "a")["process"]))
    found: dict[tuple[str, str, str], tuple[dict[str, str], datetime.date]] = {}
    async with connection.transaction(isolation="repeatable_read"):
        for row in await connection.fetch(queries["rule_sets"]):
            told = _section(row["authority"], bytes(row["entry"]))
            if told is not None:
                found[told[0]] = told[1]
        await connection.execute(queries["clear_sections"])
        if found:
            rows = [
                (*key, json.dumps(content, ensure_ascii=False), updated)
                for key, (content, updated) in sorted(found.items())
            ]
            await connection.execute(queries["put_sections"], *zip(*rows, strict=True))
    return len(found)


def _section(authority: str, data: bytes) -> tuple[tuple[str, str, str], tuple[dict[str, str], datetime.date]] | None:
    try:
        entry = entries.decode(data)
        if not isinstance(entry, OfficeEntry) or entry.y != RuleSetPublished.SPEC.name:
            return None
        body = REGISTRY.decode_body(entry.y, entry.b)
    except (EntryRefused, InvalidBody):
        return None
    assert isinstance(body, RuleSetPublished)
    section = SECTIONS.get(body.kind)
    if section is None or (body.authority is not UNSET and body.authority != authority):
        return None
    content = {"title": body.source_document, "version": body.version, "since": body.effective_from.isoformat()}
    content |= {one.key: f"{one.value}（{one.source}）" for one in body.entries}
    return (authority, section, body.ruleset_id), (content, max(body.effective_from, day_of(entry.r)))


async def count(connection: asyncpg.Connection, now: int) -> None:
    """The figures of every authority and year, as of an instant (ms)."""
    slot = await connection.fetchval(statements.load("published", "a")["process"])
    queries = statements.load("published", slot)
    figures: dict[tuple[str, int, str], int] = {}
    async with connection.transaction(isolation="repeatable_read"):
        for row in await connection.fetch(queries["figures"], now):
            what = "" if row["rule"] == "DL-11" else "result:"
            for figure in ("due", "on_time", "late", "overdue"):
                figures[row["authority"], row["year"], what + figure] = row[figure]
        for row in await connection.fetch(queries["counted"]):
            figures[row["authority"], row["year"], row["figure"]] = row["number"]
        rows = [(*key, number) for key, number in sorted(figures.items())]
        await connection.execute(queries["clear_figures"])
        if rows:
            await connection.execute(queries["put_figures"], *zip(*rows, strict=True))


async def _show(connection: asyncpg.Connection, queries: Any, place: Any, row: Any) -> bool:
    found = await connection.fetchrow(queries["standing"], [row["record"]])
    stands = None
    if found is not None:
        gone = found["status"] in ("withdrawn", "expired")
        stands = Stands(found["authority"], found["revision"], gone)
    try:
        document, received = examine(place["authority"], row, stands)
    except Unfit as fault:
        log.error("published.refused", log_id=place["log_id"], position=row["position"], reason=str(fault))
        return False
    files = {bytes(one["digest"]).hex(): one for one in await connection.fetch(
        queries["files"], [bytes.fromhex(one) for one in document.files()]
    )}  # fmt: skip
    if set(files) != set(document.files()):
        log.error("published.refused", log_id=place["log_id"], position=row["position"], reason="a file is absent")
        return False
    await connection.execute(queries["put_record"], *_columns(place, row, document, received))
    await connection.execute(queries["drop_files"], row["record"])
    for one in files.values():
        await connection.execute(queries["put_file"], row["record"], one["digest"], one["content"])
    changed = document.changed
    await connection.execute(
        queries["put_revision"],
        row["record"],
        document.revision,
        document.outcome,
        document.published_on if changed is UNSET else changed.on,
        None if changed is UNSET else changed.reason,
        place["epoch"],
        row["position"],
        bytes(row["entry"]),
        received,
    )
    agency = document.agency
    await connection.execute(queries["put_authority"], agency.code, agency.name, agency.uscc)
    return True


def examine(authority: str, row: Any, stands: Stands | None) -> tuple[Document, int]:
    """The document of a release and when it was received (ms), if everything about it fits. Raises Unfit.

    `row` has position, record, revision, document, salt, entry and act; `stands` is what is public of the record now.
    """
    # 1. The document is one, and is the next revision of its record.
    data, salt = bytes(row["document"]), bytes(row["salt"])
    try:
        document = published_document.read(data)
    except DocumentRefused:
        raise Unfit("the document is not in its form") from None
    if document.record != str(row["record"]) or document.agency.code != authority:
        raise Unfit("the document is that of another record or authority")
    if document.revision != row["revision"] or document.revision != (0 if stands is None else stands.revision) + 1:
        raise Unfit("the revision does not follow the one before")
    if stands is not None and (stands.tombstone or stands.authority != authority):
        raise Unfit("the record was taken back, or is that of another authority")
    if (document.outcome == "published") != (stands is None):
        raise Unfit("a record is published once, and first of all")
    # 2. The entry of the log commits to it.
    try:
        entry, act = entries.decode(bytes(row["entry"] or b"")), entries.decode(bytes(row["act"] or b""))
    except EntryRefused:
        raise Unfit("the entry or the act behind it is absent") from None
    if not isinstance(entry, DisclosureEntry) or entry.i != row["record"].bytes or entry.o != document.outcome:
        raise Unfit("the entry is not that of this record")
    if entry.h != entries.disclosure_hash(salt, data):
        raise Unfit("the entry commits to another document")
    # 3. The act behind it is the one that released it, by a second person.
    if not isinstance(act, OfficeEntry) or act.o != entry.i or act.y != ACTS[document.outcome].SPEC.name:
        raise Unfit("no act of this record stands behind the entry")
    try:
        body = REGISTRY.decode_body(act.y, act.b)
    except InvalidBody:
        raise Unfit("the act cannot be read") from None
    assert isinstance(body, DisclosurePublished | DisclosureCorrected | DisclosureWithdrawn | DisclosureExpired)
    if body.position != row["position"] or body.snapshot_hash != sha256(data).digest():
        raise Unfit("the act cites another entry or document")
    if not isinstance(body, DisclosureExpired) and not _by_two(body.prepared_by, body.approver, act.w.officer):
        raise Unfit("no second person released it")
    return document, entry.r


def _by_two(prepared_by: object, approver: str, officer: object) -> bool:
    return isinstance(prepared_by, str) and prepared_by != approver and officer == approver


def _columns(place: Any, row: Any, document: Document, received: int) -> Sequence[Any]:
    gone, person = document.tombstone, document.party_type == "person"
    party, uscc = document.head(0) or None, document.head(1) or None
    number = None if document.number is UNSET else document.number
    decided = document.head(2)
    searched = "" if gone else haystack("" if person else party or "", number or "", uscc or "")
    changed = document.changed
    return (
        row["record"],
        place["authority"],
        document.subject,
        document.outcome,
        document.revision,
        bytes(row["document"]),
        bytes(row["salt"]),
        party,
        None if document.party_type is UNSET else document.party_type,
        uscc,
        number,
        document.agency.name,
        list(document.kinds),
        document.fen("CF_NR_FK"),
        document.fen("CF_NR_WFFF"),
        _date(decided),
        document.published_on,
        None if document.until is UNSET else document.until,
        None if changed is UNSET else changed.on,
        None if changed is UNSET else changed.reason,
        searched,
        sorted(terms(searched)),
        place["epoch"],
        row["position"],
        bytes(row["entry"]),
        received,
    )


def _date(text: str) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None
