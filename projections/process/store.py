"""The tables of the process projection: files facts, says what is dirty, reads the facts of a matter, writes its rows.

Life of a batch: `file` puts new facts on their shelves, marks matters dirty and moves the positions, in one
transaction; `judge` takes some dirty matters, judges them on all that is filed, writes their rows and cleans them, in
another one.
Invariant: at every commit each matter is judged on everything that is filed, or it is dirty; when nothing is dirty the
rows are those of the facts up to the positions, however the work was cut into batches.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from domain import counting, filing
from domain.judges import JUDGES
from domain.matter import Fact, Judge, Matter
from domain.rulebook import Rulebook
from projections import statements
from projections.batch import Overtaken
from projections.digest import LogPlace, Run
from projections.process import context as contexts
from projections.process import judging, searching
from projections.process.judging import MatterId, Opened, Rows
from projections.process.reading import Filed, Reading
from schemas.events import REGISTRY, Registry

Place: TypeAlias = tuple[int, int]
"""(log_id, position)."""

CHUNK: Final = 65_536
KEEP: Final = 20_000
"""Facts kept in memory: those that were filed just now are judged next."""

EVERYBODY: Final = ""
"""Officer of changes that concern everybody of an authority."""


@dataclass(frozen=True, slots=True)
class Misfiled:
    """An entry that could not be read; `error` is the class of the exception."""

    log_id: int
    position: int
    error: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What one call of `judge` did: matters looked at, those that were written, and those whose judge failed."""

    matters: int
    written: int
    parked: tuple[tuple[MatterId, str], ...]


class Memory:
    """What several stores of one process may remember together: entries never change once they were read.

    `facts` are what was read of places, at most KEEP of them; `context` that of the rule sets at `rules`.
    """

    def __init__(self) -> None:
        self.facts: OrderedDict[Place, Filed | None] = OrderedDict()
        self.rules: tuple[Place, ...] = ()
        self.context: contexts.Context | None = None


class Store:
    """One slot. Not safe for two tasks; after any error it must be thrown away and made anew.

    `quiet`: nobody is told of changes, because these tables do not answer yet.
    """

    def __init__(
        self,
        connection: asyncpg.Connection,
        slot: str,
        logs: Mapping[int, str],
        *,
        registry: Registry = REGISTRY,
        judges: Mapping[str, Judge] = JUDGES,
        quiet: bool = False,
        guard: Callable[[asyncpg.Connection], Awaitable[None]] | None = None,
        memory: Memory | None = None,
        upto: Mapping[int, int] | None = None,
    ) -> None:
        """`upto`: only what stands before these positions, as if nothing had come since; only for reading."""
        self._upto = upto
        self.slot = slot
        self._connection = connection
        self._authorities = dict(logs)
        self._judges = judges
        self._quiet = quiet
        self._guard = guard
        self._read = Reading(registry)
        self._queries = statements.load("process", slot)
        self._memory = memory or Memory()
        self._kept = self._memory.facts
        self._context: contexts.Context | None = None
        self.seconds: dict[MatterId, float] = {}
        """How long each matter of the last `judge` took."""

    def know(self, logs: Iterable[LogPlace]) -> None:
        """Logs that there are."""
        self._authorities.update((log.log_id, log.authority) for log in logs)

    async def positions(self) -> dict[int, int]:
        """How far each log is filed."""
        return {row["log_id"]: row["position"] for row in await self._connection.fetch(self._queries["positions"])}

    async def dirty(self) -> int:
        """How many matters wait to be judged."""
        count: int = await self._connection.fetchval(self._queries["dirty_count"])
        return count

    # -- filing --

    async def file(self, runs: Sequence[Run], *, inside: bool = False) -> tuple[Misfiled, ...]:
        """File entries that follow the positions, and say which could not be read.

        `inside`: the caller has a transaction open, which is the commit point. Raises Overtaken, LOST.
        """
        shelves: dict[str, dict[Place, list[int]]] = {}
        counts: list[tuple[Any, ...]] = []
        misfiled: list[Misfiled] = []
        for run in runs:
            self._file_run(run, shelves, counts, misfiled)
        new_rules = [key for key in shelves if judging.is_rules(key)]
        if new_rules:
            self._context = None
        async with self._transaction(inside):
            await self._put_shelves(shelves)
            if counts:
                await self._connection.execute(self._queries["count"], *_columns(counts))
            await self._soil(shelves, new_rules)
            if misfiled:
                await self._connection.execute(
                    self._queries["misfile"], *_columns([(one.log_id, one.position, one.error) for one in misfiled])
                )
            await self._move(runs)
            if not self._quiet:
                await self._tell(
                    [(key.partition(":")[2], EVERYBODY, "rules", key.partition(":")[2], False) for key in new_rules]
                )
        return tuple(misfiled)

    def _file_run(
        self,
        run: Run,
        shelves: dict[str, dict[Place, list[int]]],
        counts: list[tuple[Any, ...]],
        misfiled: list[Misfiled],
    ) -> None:
        log_id, authority = run.log.log_id, run.log.authority
        self._authorities[log_id] = authority
        for position, entry in enumerate(run.entries, run.first):
            try:
                filed = self._read(authority, entry, run.noted.get(position))
                keys = filing.keys(filed.fact) if filed is not None else frozenset()
                counted = counting.counted(filed.fact) if filed is not None else ()
            except Exception as fault:  # noqa: BLE001 - poison is parked, the others go on
                misfiled.append(Misfiled(log_id, position, type(fault).__name__))
                continue
            for n, one in enumerate(counted):
                assert filed is not None
                counts.append(
                    (log_id, position, n, authority, one.measure, one.day, one.unit, one.at, one.subject, one.word,
                     one.other, one.amount, filed.fact.received, counting.origin(filed.fact))
                )  # fmt: skip
            if keys:
                self._keep((log_id, position), filed)
            for key in keys:
                if "\0" not in key:
                    shelves.setdefault(key, {}).setdefault((log_id, position // CHUNK), []).append(position)

    async def _put_shelves(self, shelves: Mapping[str, Mapping[Place, list[int]]]) -> None:
        rows = [
            {"key": key, "log_id": log_id, "chunk": chunk, "positions": positions}
            for key in sorted(shelves)
            for (log_id, chunk), positions in sorted(shelves[key].items())
        ]
        if rows:
            await self._connection.execute(self._queries["file"], _json(rows))

    async def _soil(self, shelves: Mapping[str, Any], new_rules: Sequence[str]) -> None:
        matters = sorted(found for key in shelves if (found := judging.matter_of(key, self._judges)) is not None)
        stems = sorted({judging.stem(key.partition(":")[2]) for key in new_rules})
        if shelves:
            await self._connection.execute(
                self._queries["soil"], [m[0] for m in matters], [m[1] for m in matters], sorted(shelves), stems
            )

    async def _move(self, runs: Sequence[Run]) -> None:
        moves: dict[int, tuple[int, int]] = {}
        for run in runs:
            was, now = moves.get(run.log.log_id, (run.first, run.first))
            if now != run.first:
                raise Overtaken(f"log {run.log.log_id}: a run from {run.first}, expected one from {now}")
            moves[run.log.log_id] = (was, run.first + len(run.entries))
        if moves:
            moved = await self._connection.fetchval(
                self._queries["move_positions"], *_columns([(log, *move) for log, move in sorted(moves.items())])
            )
            if moved != len(moves):
                raise Overtaken(f"{len(moves) - moved} of {len(moves)} positions were moved by somebody else")

    # -- judging --

    async def judge(self, limit: int, *, inside: bool = False, resting: Iterable[MatterId] = ()) -> Judged:
        """Judge up to `limit` dirty matters but those that rest. `inside` as in `file`. Raises Overtaken, LOST."""
        kinds, keys = [m[0] for m in resting], [m[1] for m in resting]
        rows = await self._connection.fetch(self._queries["dirty"], limit, kinds, keys)
        wanted: list[MatterId] = [(row["kind"], row["key"]) for row in rows]
        if not wanted:
            return Judged(0, 0, ())
        judged = await self._judge(wanted)
        try:
            async with self._transaction(inside):
                return await self._write(wanted, judged)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            pass  # some row is refused: one by one, so that only that matter is parked
        written = 0
        parked: list[tuple[MatterId, str]] = []
        for matter in wanted:
            mine = {matter: judged[matter]} if matter in judged else {}
            try:
                async with self._transaction(inside):
                    done = await self._write([matter], mine)
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as fault:
                async with self._transaction(inside):
                    done = await self._write([matter], {matter: judging.park(judged[matter], type(fault).__name__)})
            written += done.written
            parked.extend(done.parked)
        return Judged(len(wanted), written, tuple(parked))

    async def _judge(self, wanted: Sequence[MatterId]) -> dict[MatterId, Rows]:
        context = await self._current_context()
        most = max(judge.most for judge in self._judges.values()) if self._judges else 0
        own = await self._shelves([judging.key_of(matter) for matter in wanted if matter[0] in self._judges], most)
        opened: list[Opened] = [
            judging.open_matter(matter, own.get(judging.key_of(matter), ()), self._judges)
            for matter in wanted
            if matter[0] in self._judges
        ]
        others = await self._shelves({key for one in opened for key in one.needs})
        shelves: dict[str, tuple[Fact, ...]] = {key: judging.arrange(filed) for key, filed in others.items()}
        judged: dict[MatterId, Rows] = {}
        self.seconds.clear()
        for one in opened:
            began = time.perf_counter()
            rows = judging.close_matter(one, shelves, context)
            self.seconds[one.id] = time.perf_counter() - began
            if rows is not None:
                judged[rows.id] = rows
        return judged

    async def _write(self, wanted: Sequence[MatterId], judged: Mapping[MatterId, Rows]) -> Judged:
        kinds, keys = [m[0] for m in wanted], [m[1] for m in wanted]
        known = {
            (row["kind"], row["key"]): row for row in await self._connection.fetch(self._queries["known"], kinds, keys)
        }
        changed = [
            matter
            for matter in wanted
            if (matter in judged or matter in known)
            and not (matter in judged and matter in known and _digest(judged[matter]) == known[matter]["digest"])
        ]
        rows = [judged[matter] for matter in changed if matter in judged]
        if changed:
            await self._connection.execute(self._queries["forget"], [m[0] for m in changed], [m[1] for m in changed])
            await self._put(rows)
            gone = [matter for matter in changed if matter not in judged]
            if gone:
                await self._connection.execute(self._queries["unsearchable"], *_columns(gone))
            if not self._quiet:
                await self._tell_of(changed, judged, known)
        await self._connection.execute(self._queries["cleaned"], kinds, keys)
        return Judged(len(wanted), len(changed), tuple((one.id, one.error) for one in rows if one.error))

    async def _put(self, rows: Sequence[Rows]) -> None:
        for name, some in (
            ("put_matters", [one.matter for one in rows]),
            ("put_reviews", [one.matter for one in rows if one.id[0] == "review"]),
            ("put_deadlines", [row for one in rows for row in one.deadlines]),
            ("put_verdicts", [row for one in rows for row in one.verdicts]),
            ("put_signals", [row for one in rows for row in one.signals]),
        ):
            if some:
                await self._connection.execute(self._queries[name], _json(some))
        found = [
            {"kind": one.id[0], "key": one.id[1], "authority": one.matter["authority"], "text": text}
            for one in rows
            if (text := searching.text_of(one.matter))
        ]
        if found:
            await self._connection.execute(self._queries["put_searchable"], _json(found))
        needs = [(key, *one.id) for one in rows for key in one.needs]
        if needs:
            await self._connection.execute(self._queries["put_dependents"], *_columns(needs))

    # -- for who asks before an act --

    async def matter(self, matter: MatterId, newer: Iterable[Place] = ()) -> Matter | None:
        """A matter as its judge is given it, on all that is filed; None where nothing is. Raises TooManyFacts.

        `newer`: places of entries that belong to it and were not filed yet.
        """
        key = judging.key_of(matter)
        own = (await self._shelves([key])).get(key, [])
        own += [one for one in (await self._facts(newer)).values() if one is not None and key in filing.keys(one.fact)]
        opened = judging.open_matter(matter, own, self._judges)
        if not opened.facts:
            return None
        if opened.error:
            raise judging.TooManyFacts(opened.error)
        others = await self._shelves(opened.needs)
        shelves = {key: judging.arrange(filed) for key, filed in others.items()}
        return judging.matter_of_facts(opened, shelves, await self._current_context())

    async def beside(self, matter: Matter, keys: Iterable[str]) -> Matter:
        """The matter with further shelves: those that its judge will ask for once an act is added."""
        found = await self._shelves(set(keys) - matter.others.keys())
        others = {key: judging.arrange(filed) for key, filed in found.items()}
        return replace(matter, others={**matter.others, **others})

    async def rows(self, wanted: Sequence[MatterId]) -> dict[MatterId, Rows]:
        """What the judges say of some matters; those of which nothing is filed are left out. Writes nothing."""
        return await self._judge(wanted)

    async def empty(self, matter: MatterId, authority: str) -> Matter:
        """A matter of which nothing is filed yet."""
        context = await self._current_context()
        return Matter(*matter, authority, (), context.rules, context.calendar(authority))

    async def rules(self) -> Rulebook:
        """The rules that judges are given, with what was published."""
        return (await self._current_context()).rules

    # -- who is told --

    async def _tell_of(
        self, changed: Sequence[MatterId], judged: Mapping[MatterId, Rows], known: Mapping[MatterId, Any]
    ) -> None:
        told: list[tuple[str, str, str, str, bool]] = []
        for matter in changed:
            before = known.get(matter)
            after = judged[matter].matter if matter in judged else None
            told.extend(
                audience(
                    matter,
                    None if before is None else (before["authority"], before["officers"]),
                    None if after is None else (after["authority"], after["officers"]),
                )
            )
        await self._tell(told)

    async def _tell(self, told: Sequence[tuple[str, str, str, str, bool]]) -> None:
        if told:
            last = await self._connection.fetchval(self._queries["take_changes"], len(told))
            numbered = [(*one[:4], last - len(told) + 1 + index, one[4]) for index, one in enumerate(told)]
            await self._connection.execute(self._queries["put_changes"], *_columns(numbered))

    async def tell_of_swap(self, old: str) -> None:
        """Tell of every matter that a rebuild made differently from the tables that answered before, in slot `old`."""
        query = self._queries["swapped_changes"].replace("view_y.", f"view_{old}.")
        told: list[tuple[str, str, str, str, bool]] = []
        for row in await self._connection.fetch(query):
            before = None if row["old_authority"] is None else (row["old_authority"], row["old_officers"])
            after = None if row["authority"] is None else (row["authority"], row["officers"])
            told.extend(audience((row["kind"], row["key"]), before, after))
        await self._tell(told)

    # -- facts --

    async def _current_context(self) -> contexts.Context:
        if self._context is None:
            rows = await self._connection.fetch(self._queries["rule_shelves"])
            places = tuple(sorted(place for row in rows for place in self._before(row)))
            memory = self._memory
            if memory.context is None or memory.rules != places:
                facts = await self._facts(places)
                known = judging.arrange(one for one in facts.values() if one is not None)
                memory.rules, memory.context = places, contexts.Context(known)
            self._context = memory.context
        return self._context

    async def _shelves(self, keys: Iterable[str], most: int = judging.MAX_FACTS) -> dict[str, list[Filed]]:
        """What is filed under some keys; of one with more than `most` facts one more than that."""
        wanted = sorted(set(keys))
        if not wanted:
            return {}
        places: dict[str, list[Place]] = {}
        for row in await self._connection.fetch(self._queries["shelves"], wanted):
            places.setdefault(row["key"], []).extend(self._before(row))
        facts = await self._facts(place for some in places.values() for place in some[: most + 1])
        return {
            key: [one for place in some[: most + 1] if (one := facts[place]) is not None]
            for key, some in places.items()
        }

    def _before(self, row: Mapping[str, Any]) -> Iterator[Place]:
        """The places of a row of filings, as far as they are looked at."""
        log_id = row["log_id"]
        end = None if self._upto is None else self._upto.get(log_id, 0)
        return ((log_id, position) for position in row["positions"] if end is None or position < end)

    async def _facts(self, places: Iterable[Place]) -> dict[Place, Filed | None]:
        found: dict[Place, Filed | None] = {}
        missing: dict[int, list[int]] = {}
        for place in set(places):
            if place in self._kept:
                found[place] = self._kept[place]
                self._kept.move_to_end(place)
            else:
                missing.setdefault(place[0], []).append(place[1])
        for log_id, positions in sorted(missing.items()):
            authority = self._authorities[log_id]
            for row in await self._connection.fetch(self._queries["entries"], log_id, sorted(positions)):
                noted = None if row["notes"] is None else (row["seq"], row["notes"])
                place = (log_id, row["position"])
                found[place] = self._read(authority, row["entry"], noted)
                self._keep(place, found[place])
        return found

    def _keep(self, place: Place, filed: Filed | None) -> None:
        self._kept[place] = filed
        if len(self._kept) > KEEP:
            self._kept.popitem(last=False)

    @asynccontextmanager
    async def _transaction(self, inside: bool) -> AsyncIterator[None]:
        """A commit point, or a savepoint in the caller's transaction; first it asks whether the slot is still ours."""
        async with self._connection.transaction():
            if self._guard is not None and not inside:
                await self._guard(self._connection)
            yield


def audience(
    matter: MatterId, before: tuple[str, Sequence[str]] | None, after: tuple[str, Sequence[str]] | None
) -> list[tuple[str, str, str, str, bool]]:
    """Whom a change concerns: (authority, officer, kind, key, gone), those whom it concerns no longer first."""
    old = set() if before is None else {(before[0], officer) for officer in before[1]}
    new = set() if after is None else {(after[0], officer) for officer in after[1]}
    return [
        *((authority, officer, *matter, True) for authority, officer in sorted(old - new)),
        *((authority, officer, *matter, False) for authority, officer in sorted(new)),
    ]


def _digest(rows: Rows) -> bytes:
    return bytes.fromhex(str(rows.matter["digest"])[2:])


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
