"""Logs written on paper for tests of the process projection: any authority, any order, `received` as it is told.

The committer gives `received` itself; here it travels with the event, so that one set of events can come in any order.
The entries are built by `schemas.entries` and stand in the real tables, with the notes that admission would have given.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import asyncpg

from domain import filing
from domain.judges import JUDGES
from domain.matter import Fact, Judge
from ops.stories import StoryEvent
from projections.process.context import Context
from projections.process.judging import (
    MatterId,
    Rows,
    arrange,
    close_matter,
    is_rules,
    matter_of,
    open_matter,
    stem,
)
from projections.process.reading import Filed, Reading
from projections.process.rebuild import rebuild
from projections.process.runner import Follower, ProcessRunner
from projections.rebuild import Rebuilt
from projections.runner import connect
from schemas import canonical, entries
from schemas.entries import Who
from schemas.envelope import NOTE_BITS
from schemas.events import REGISTRY, Registry, encode_canonical
from server.log.acts import Act, OfficeActs
from server.log.ids import now_ms, uuid7
from tests.support.log import AUTHORITY, Log
from tests.support.postgres import TestDatabase
from tests.support.projections import PROJECTOR, fold


async def entered(log: Log, database: TestDatabase, name: str, body: Mapping[str, Any], tag: str) -> None:
    """An act of the office that came another way, such as a row of a register, folded and judged."""
    who = Who(officer="officer-0002", session=bytes(32), via="import")
    act = Act(name, sorted((f"authority:{AUTHORITY}", tag)), dict(body), uuid7(), 1, uuid7())
    await log.committer.submit(OfficeActs(AUTHORITY, [act], who, now_ms()))
    await fold(database)
    await judge(database)


TABLES: Final = (
    "filed_up_to",
    "misfiled",
    "filings",
    "dependents",
    "dirty",
    "matters",
    "deadlines",
    "verdicts",
    "signals",
    "searchable",
    "reviews",
)
ROWS: Final = ("matters", "deadlines", "verdicts", "signals")
"""Tables that must not depend on the order in which entries came in."""
DELAY: Final = 60_000


@dataclass(frozen=True)
class Event:
    """One event of a story, ready for a log: origin, place in its chain, and its entry."""

    authority: str
    origin: bytes
    seq: int
    id: bytes
    entry: bytes
    notes: int = 0
    office: bool = False
    after: tuple[bytes, ...] = ()
    """Ids of events that an office act cites: it cannot come before them."""


@dataclass
class Writer:
    """Makes events out of what a story tells: terminals have chains of their own, the office has one."""

    authority: str = AUTHORITY
    seed: str = "liuhen"
    _seqs: dict[bytes, int] = field(default_factory=dict)
    _numbers: Any = field(default_factory=itertools.count)

    def new_id(self, at: int = 0) -> bytes:
        """An id that depends on the seed and on how many were asked for."""
        raw = bytearray(sha256(f"{self.seed}/{self.authority}/{next(self._numbers)}".encode()).digest()[:16])
        raw[0:6] = max(0, at).to_bytes(6, "big")
        raw[6], raw[8] = 0x70 | (raw[6] & 0x0F), 0x80 | (raw[8] & 0x3F)
        return bytes(raw)

    def terminal(self, name: str) -> bytes:
        """A terminal by name."""
        raw = bytearray(sha256(f"{self.seed}/terminal/{name}".encode()).digest()[:16])
        raw[6], raw[8] = 0x70 | (raw[6] & 0x0F), 0x80 | (raw[8] & 0x3F)
        return bytes(raw)

    def field(
        self,
        type: str,  # noqa: A002 - the word of the wire
        body: Mapping[str, Any],
        about: Iterable[str],
        *,
        terminal: str = "T-1",
        occurred: int,
        received: int | None = None,
        by: Sequence[str] = ("officer-0017", "officer-0023"),
        id: bytes | None = None,  # noqa: A002 - as above
        branch: bytes = b"",
        raw: bytes | None = None,
        notes: Sequence[str] = (),
        **more: Any,
    ) -> Event:
        """An envelope of a terminal. `raw` stands in its place as it is; `branch` puts it on a side chain."""
        origin = self.terminal(terminal)
        seq = self._seqs[origin] = self._seqs.get(origin, 0) + 1
        name = id or self.new_id(occurred)
        came = occurred + DELAY if received is None else received
        fields = {
            "about": sorted(set(about)), "at": occurred, "body": dict(body), "by": list(by), "id": name,
            "occurred": occurred, "prev": bytes(32), "salt": bytes(16), "seq": seq, "terminal": origin,
            "type": type, "v": 1, **more,
        }  # fmt: skip
        data = canonical.encode(fields) if raw is None else raw
        entry = entries.branch(branch, data, seq, origin, came) if branch else entries.field(data, origin, came)
        bits = 0
        for note in notes:
            bits |= NOTE_BITS[note]
        return Event(self.authority, origin, seq, name, entry, bits)

    def office(
        self,
        type: str,  # noqa: A002 - the word of the wire
        body: Mapping[str, Any],
        about: Iterable[str],
        *,
        received: int,
        by: str = "officer-0002",
        id: bytes | None = None,  # noqa: A002 - as above
        after: Sequence[bytes] = (),
    ) -> Event:
        """An act of the office."""
        origin = self.terminal(f"office of {self.authority}")
        seq = self._seqs[origin] = self._seqs.get(origin, 0) + 1
        name = id or self.new_id(received)
        entry = entries.office(
            about=sorted(set(about)), body=body, id=name, origin=origin, version=seq,
            who=Who(officer=by, session=bytes(32), via="console"), type=type, salt=bytes(16), received=received,
        )  # fmt: skip
        return Event(self.authority, origin, seq, name, entry, 0, True, tuple(after))

    def story(self, told: StoryEvent, *, terminal: str = "T-1") -> Event:
        """An event of `ops.stories`; what is private in it is a commitment."""
        body = {**told.body, **{name: sha256(name.encode()).digest() for name in told.private}}
        body = canonical.decode(encode_canonical(REGISTRY.decode_body(told.type, body)))
        if told.office:
            return self.office(told.type, body, told.about, received=told.occurred + DELAY, by=told.by[0])
        return self.field(told.type, body, told.about, terminal=terminal, occurred=told.occurred, by=told.by)


class Paper:
    """Logs in the database, written past the committer."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._logs: dict[tuple[str, int], int] = {}

    async def append(self, events: Iterable[Event], *, epoch: int = 1) -> None:
        """Put events at the end of the logs of their authorities, in this order."""
        by_log: dict[int, list[Event]] = {}
        for event in events:
            by_log.setdefault(await self._log(event.authority, epoch), []).append(event)
        async with self._connection.transaction():
            for log_id, some in by_log.items():
                size = await self._connection.fetchval("SELECT size FROM log.heads WHERE log_id = $1", log_id)
                await self._connection.executemany(
                    "INSERT INTO log.entries VALUES ($1, $2, $3)",
                    [(log_id, size + index, event.entry) for index, event in enumerate(some)],
                )
                await self._connection.executemany(
                    "INSERT INTO log.keys VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    [
                        (
                            log_id, UUID(bytes=e.origin), e.seq, -1 if e.office else index if e.notes else 0,
                            size + index, e.notes, UUID(bytes=e.id),
                        )
                        for index, e in enumerate(some)
                    ],
                )  # fmt: skip
                await self._connection.execute(
                    "UPDATE log.heads SET size = $2 WHERE log_id = $1", log_id, size + len(some)
                )
                await self._connection.execute("SELECT pg_notify('liuhen_log', $1)", str(log_id))

    async def _log(self, authority: str, epoch: int) -> int:
        found = self._logs.get((authority, epoch))
        if found is None:
            found = await self._connection.fetchval(
                "SELECT log.create_log($1, $2, $3, 'authority')", authority, epoch, f"h/{authority}/{epoch}"
            )
            self._logs[authority, epoch] = found
        return found


@asynccontextmanager
async def paper(database: TestDatabase) -> AsyncIterator[Paper]:
    """Logs on paper in a test's database."""
    connection = await database.connect()
    try:
        yield Paper(connection)
    finally:
        await connection.close()


async def judge(
    database: TestDatabase, *, judges: Mapping[str, Judge] = JUDGES, registry: Registry = REGISTRY, batch: int = 8_192
) -> None:
    """Bring the live tables of the process projection up to the logs, as its runner does."""
    connection = await connect(database.dsn(PROJECTOR), "test")
    try:
        await Follower(connection, judges=judges, registry=registry, batch=batch).catch_up()
    finally:
        await connection.close()


async def remake(
    database: TestDatabase, *, judges: Mapping[str, Judge] = JUDGES, registry: Registry = REGISTRY, swap: bool = True
) -> Rebuilt:
    """Rebuild the process projection."""
    return await rebuild(database.dsn(PROJECTOR), judges=judges, registry=registry, swap=swap)


@asynccontextmanager
async def judging(database: TestDatabase, **options: Any) -> AsyncIterator[ProcessRunner]:
    """A runner at work; stopped at the end."""
    runner, stop = ProcessRunner(database.dsn(PROJECTOR), **options), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(runner.run(stop))
        try:
            yield runner
        finally:
            stop.set()


async def process_tables(
    database: TestDatabase, slot: str | None = None, names: Sequence[str] = TABLES
) -> dict[str, list[str]]:
    """Every row of a slot (None: the live one), byte for byte as PostgreSQL prints it."""
    connection = await database.connect()
    try:
        slot = slot or await connection.fetchval("SELECT slot FROM view.process")
        found = {}
        for name in names:
            rows = await connection.fetch(f"SELECT t::text AS row FROM view_{slot}.{name} t")
            found[name] = sorted(row["row"] for row in rows)
        return found
    finally:
        await connection.close()


def facts_of(some: Iterable[Event], registry: Registry = REGISTRY) -> list[Fact]:
    """The facts of events, as the projection reads them."""
    read = Reading(registry)
    found = (read(event.authority, event.entry, (event.seq, event.notes)) for event in some)
    return [one.fact for one in found if one is not None]


def interleaved(events: Sequence[Event], dice: random.Random) -> list[Event]:
    """Some other order: each terminal keeps its own, and an act of the office comes after what it cites."""
    chains: dict[bytes, deque[Event]] = {}
    for event in events:
        # An act of the office is alone in its chain: two desks do not wait for one another.
        chains.setdefault(event.id if event.office else event.origin, deque()).append(event)
    order: list[Event] = []
    placed: set[bytes] = set()
    names = list(chains)
    while names:
        name = dice.choice(names)
        event = chains[name][0]
        if not placed.issuperset(event.after):
            continue
        order.append(chains[name].popleft())
        placed.add(event.id)
        if not chains[name]:
            names.remove(name)
    return order


class Memory:
    """The store of the process projection without a database: the same pure parts, with dictionaries for tables.

    Equal questions to a judge are put once (`asked`), so that a thousand orders cost little more than one.
    """

    def __init__(self, judges: Mapping[str, Judge] = JUDGES, asked: dict[Any, Any] | None = None) -> None:
        self.rows: dict[MatterId, Rows] = {}
        self.dirty: set[MatterId] = set()
        self._judges = judges
        self._asked: dict[Any, Any] = {} if asked is None else asked
        self._shelves: dict[str, list[Filed]] = {}
        self._dependents: dict[str, set[MatterId]] = {}
        self._read = Reading(REGISTRY)
        self._context = Context()
        self._published: tuple[bytes, ...] = ()

    def file(self, events: Iterable[Event]) -> None:
        """File a batch and mark what it makes dirty."""
        for event in events:
            filed = self._read(event.authority, event.entry, (event.seq, event.notes))
            if filed is None:
                continue
            for key in filing.keys(filed.fact):
                self._shelves.setdefault(key, []).append(filed)
                self.dirty |= self._dependents.get(key, set())
                found = matter_of(key, self._judges)
                self.dirty |= set() if found is None else {found}
                if is_rules(key):
                    some = arrange(one for name, some in self._shelves.items() if is_rules(name) for one in some)
                    self._context, self._published = Context(some), tuple(fact.id for fact in some)
                    above = stem(key.partition(":")[2])
                    self.dirty |= {
                        name for name, rows in self.rows.items() if rows.matter["authority"].startswith(above)
                    }

    def judge(self) -> None:
        """Judge everything that is dirty."""
        for name in sorted(self.dirty):
            opened = open_matter(name, self._shelves.get(f"{name[0]}:{name[1]}", ()), self._judges)
            others = {key: arrange(self._shelves.get(key, ())) for key in opened.needs}
            question = (
                name, tuple(fact.id for fact in opened.facts), opened.needs,
                tuple(tuple(fact.id for fact in others[key]) for key in opened.needs),
                self._published,
            )  # fmt: skip
            if question not in self._asked:
                self._asked[question] = close_matter(opened, others, self._context)
            rows = self._asked[question]
            if rows is not None:
                self.rows[name] = rows
            for some in self._dependents.values():
                some.discard(name)
            for key in opened.needs:
                self._dependents.setdefault(key, set()).add(name)
        self.dirty.clear()

    def tables(self) -> dict[MatterId, Any]:
        """Everything that would be written, by matter."""
        return {
            name: (rows.matter, rows.deadlines, rows.verdicts, rows.signals, rows.needs)
            for name, rows in self.rows.items()
        }
