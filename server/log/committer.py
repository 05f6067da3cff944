"""The committer: the one way into the log. One for each process, serving all logs.

It takes the works that wait (at most 16) into one transaction:

  1. lock the heads in log_id order and check them; read the terminals; decide every work in memory, one after the other
  2. frontier and root of every log that grows
  3. sign the checkpoints; write entries, keys, tags, seals, terminals, heads and checkpoints; NOTIFY
  4. COMMIT: the commit point
  5. the register
  6. only then answer

A crash before 4 leaves nothing; after 4 everything is stored and a repeated upload gets the same positions. A note of a
failed or unknown COMMIT never leaves the process before the head was read back. Positions come from the locked head
row, so they are gapless and in commit order with any number of server processes.

A group in which nothing is remarkable, behind a head that this process left where it is (`foresight`), is decided ahead
of the lock: 1 to 3 happen in memory, while the group before it is still being written, and one statement locks the
heads, holds what was foreseen against them, writes and commits. Two such groups are under way at most, each on a
connection of its own; the second waits for the first one's lock. Where a head is found elsewhere nothing is stored, and
the works are decided again in the order above.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import Any, Final

import asyncpg
import structlog

from schemas.admission import Stored
from schemas.entries import BranchEntry, FieldEntry, decode
from schemas.notes import NoteRefused, open_checkpoint
from schemas.problems import Problem
from server.log import store
from server.log.book import Book, LogClosed, LogState
from server.log.foresight import Foresight
from server.log.group import Foreseeable, Group, Turn, Work, arguments, standing
from server.log.register import RegisterRefused
from server.log.store import Connection

GROUP: Final = 16
ALONG_BYTES: Final = 2 * 1024 * 1024
"""Entries up to so many bytes go along with the closing statement, which costs the database no more than COPY and
spares round trips; more of them go by COPY, so that no statement grows beyond bounds."""
ALONG_KEYS: Final = 20_000
LANES: Final = 2
"""Groups that are under way at a time when they are decided ahead of the lock."""

BEHIND: Final = "LH003"
"""What `append_group` says where the group before is not there yet."""
MAX_WAITING: Final = 1_024
MAX_WAITING_BYTES: Final = 256 * 1024 * 1024
TILE_SECONDS: Final = 1.0
PLANS: Final = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
"""Every group makes the same few statements, which find all by index: planned once, not for each, and never so that a
table is read through because it was small at that time."""
log = structlog.get_logger("liuhen.log")

Hook = Callable[[str], Awaitable[None]]
"""Called between the six steps, for fault tests: a process may be killed there."""


async def _no_hook(_step: str) -> None:
    return None


@dataclass(slots=True, eq=False)
class _Waiting:
    work: Any
    future: asyncio.Future[Any]
    tries: int = 0
    ahead: bool = False
    """Whether it may be decided ahead of the lock; False once that was tried in vain."""


@dataclass(slots=True, eq=False)
class _Flight:
    """A group that was decided ahead of the lock and is being written on one of the lanes."""

    group: Group
    grown: list[Turn]
    decided: list[_Waiting]
    lane: int
    connection: Connection
    told: tuple[Any, ...]
    before: asyncio.Task[None] | None
    task: asyncio.Task[None] | None = None
    fault: BaseException | None = None


@dataclass(slots=True)
class Figures:
    """What the committer counts since it began."""

    groups: int = 0
    works: int = 0
    entries: int = 0
    retried: int = 0


class Committer:
    """Group commit over one connection. `run` serves until cancelled; `submit` waits for the answer of a work."""

    def __init__(
        self,
        dsn: str,
        book: Book,
        *,
        group: int = GROUP,
        hook: Hook | None = None,
        ahead: bool = True,
        pool: asyncpg.Pool | None = None,
    ) -> None:
        """`ahead`: whether groups may be decided ahead of the lock."""
        self._dsn = dsn
        self.book = book
        self.pool = pool
        self._group = group
        self._hook = hook or _no_hook
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._lanes: list[Connection | None] = [None] * LANES
        self._reader: Connection | None = None
        self._ahead = ahead
        self._foresight = Foresight()
        self._flights: list[_Flight] = []
        self._failed = False  # a flight was not written: the others are waited for, then all is decided again
        self._identity: tuple[int, int] | None = None
        self._finishing: set[asyncio.Task[None]] = set()
        self.figures = Figures()
        self._stopped = False

    # -- what callers use --

    async def submit(self, work: Work) -> Any:
        """Append a work and return its answer once it is durable. Raises Problem; idempotent as the work is."""
        with _refusals():
            return await self.enqueue(work)

    def enqueue(self, work: Work) -> asyncio.Future[Any]:
        """Append a work, whether or not anybody waits for it: several may, with `answered`. Raises Problem."""
        if self._stopped:
            raise Problem("not_ready", "the server is stopping")
        if len(self._queue) >= MAX_WAITING or self._bytes + work.size > MAX_WAITING_BYTES:
            raise Problem("overloaded", "too many uploads wait for the log")
        ahead = self._ahead and isinstance(work, Foreseeable)
        waiting = _Waiting(work, asyncio.get_running_loop().create_future(), ahead=ahead)
        self._queue.append(waiting)
        self._bytes += work.size
        if self._due():
            self._wake.set()
        return waiting.future

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Committer]:
        """Open, serve in the background, and at the end finish what was begun."""
        await self.open()
        task = asyncio.create_task(self.run())
        try:
            yield self
        finally:
            self._stopped = True
            self._wake.set()
            await task
            await self.close()
            await self._settle()

    async def _settle(self) -> None:
        try:
            await asyncio.to_thread(self.book.register.settle)
        except (OSError, ValueError, RegisterRefused) as fault:  # what is there says the same
            log.warning("register_not_settled", error=str(fault))

    async def open(self) -> None:
        """Connect and load what is there. Raises DatabaseUnfit, RegisterRefused."""
        await self._connected()

    async def close(self) -> None:
        """Close the connections; waiting works were answered by `run`."""
        if self._finishing:
            await asyncio.gather(*self._finishing, return_exceptions=True)
        for connection in (*self._lanes, self._reader):
            if connection is not None and not connection.is_closed():
                await connection.close(timeout=5)
        self._lanes, self._reader = [None] * LANES, None

    async def run(self) -> None:
        """Serve until `running` ends. Whatever happens to a group, the next one is served."""
        while True:
            if self._failed or (self._flights and self._queue and not self._queue[0].ahead):
                await self._land()
            elif self._queue and self._enough():
                taken = self._take()
                if taken and taken[0].ahead:
                    await self._launch(taken)
                elif taken:
                    await self._serve(taken)
            elif self._stopped and not self._queue and not self._flights:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def _due(self) -> bool:
        """Whether there is something for `run` to do."""
        if self._failed or self._stopped:
            return True
        return bool(self._queue) and (self._enough() or not self._queue[0].ahead)

    def _enough(self) -> bool:
        """Whether the next group should go now. Behind one that is under way it would only wait: better as a greater
        one, as long as it is under way in time.
        """
        if not self._flights:
            return True
        return len(self._flights) < LANES and len(self._queue) >= len(self._flights[-1].decided)

    def _take(self) -> list[_Waiting]:
        """The next works that are decided in the same way, as many as make a group."""
        taken: list[_Waiting] = []
        ahead, size = self._queue[0].ahead, 0
        while self._queue and len(taken) < self._group and self._queue[0].ahead is ahead:
            if ahead and taken and size + self._queue[0].work.size > ALONG_BYTES:
                break
            waiting = self._queue.popleft()
            self._bytes -= waiting.work.size
            if not waiting.future.cancelled():
                size += waiting.work.size
                taken.append(waiting)
        return taken

    def _put_back(self, works: Sequence[_Waiting]) -> None:
        """Works that were taken wait again, before all others."""
        for waiting in reversed(works):
            self._queue.appendleft(waiting)
            self._bytes += waiting.work.size

    # -- a group ahead of the lock --

    async def _launch(self, taken: list[_Waiting]) -> None:
        """Decide ahead of the lock what can be, and have it written; the rest waits to be decided under it."""
        group = Group()
        flight = None
        try:
            flight = await self._prepared(group, taken)
        except Exception as fault:  # noqa: BLE001 - whatever it is shows itself again under the lock, to one work alone
            self._take_back([*group.turns.values()])
            if isinstance(fault, store.LOST):
                await self._drop_connections()
        if self._failed:  # what was foreseen has not come
            self._put_back(taken)
            return
        flying = set(flight.decided) if flight is not None else set()
        rest = [waiting for waiting in taken if waiting not in flying]
        for waiting in rest:
            waiting.ahead = False
        self._put_back(rest)
        if flight is None:
            return
        for turn in flight.grown:
            self._foresight.expect(turn.log, turn.note)
        self._flights.append(flight)
        flight.task = asyncio.create_task(self._fly(flight))

    async def _prepared(self, group: Group, taken: list[_Waiting]) -> _Flight | None:
        """Those of the works that can be decided ahead of the lock, decided; None where there are none."""
        lane = next(n for n in range(LANES) if all(flight.lane != n for flight in self._flights))
        connection = await self._connected(lane)
        works = await self._foresee(connection, group, taken)
        if self._failed:
            return None
        # From here until the flight begins nothing else happens in this process.
        decided = [w for w in works if w.work.decide_whole(group.turns[w.work.authority], group)]
        if not decided:
            return None
        grown = [turn for turn in group.turns.values() if turn.entries]
        for turn in grown:
            turn.sign()
        told = arguments(group, grown, grown, ahead=True)
        for terminal in group.terminals.values():
            terminal.more, terminal.touched = 0, False
        before = self._flights[-1].task if self._flights else None
        return _Flight(group, grown, decided, lane, connection, told, before)

    async def _foresee(self, connection: Connection, group: Group, taken: list[_Waiting]) -> list[_Waiting]:
        """Those works that can be decided ahead of the lock; their logs and terminals are put into the group."""
        works, unknown = list[_Waiting](), list[bytes]()
        for waiting in taken:
            work = waiting.work
            log = self.book.current(work.authority)
            note = None if log is None else self._foresight.note(log)
            terminals = work.terminals()
            if log is None or note is None or any(t in group.terminals or t in unknown for t in terminals):
                continue
            if not await work.foresee(log):
                continue
            group.turns.setdefault(work.authority, Turn(log, log.tree.size, note))
            works.append(waiting)
            for name in terminals:
                found = self._foresight.terminal(log, name)
                if found is None:
                    unknown.append(name)
                else:
                    group.terminals[name] = found
        if unknown:
            # No group under way touches them, else they were known: they stand as their rows say.
            for row in await connection.fetch(self.book.queries["terminals"], [store.uuid(name) for name in unknown]):
                found = standing(row)
                turn = group.turns.get(found.authority)
                if turn is not None:
                    group.terminals[found.terminal] = found
                    self._foresight.learn(turn.log, [found])
        return works

    async def _fly(self, flight: _Flight) -> None:
        """Have a group written that was decided ahead of the lock: one statement, which is the commit point."""
        try:
            await self._hook("signed")
            row = await self._append(flight)
        except BaseException as fault:  # noqa: BLE001 - `_land` looks at it
            flight.fault = fault
            self._failed = True
        else:
            self._flights.remove(flight)
            await self._written(flight.group, flight.grown, flight.decided, row)
        finally:
            self._wake.set()

    async def _append(self, flight: _Flight) -> Any:
        while True:
            try:
                return await flight.connection.fetchrow(self.book.queries["append_group"], *flight.told)
            except asyncpg.PostgresError as fault:
                before, flight.before = flight.before, None
                if fault.sqlstate != BEHIND or before is None:
                    raise
                await asyncio.wait({before})  # it was on its way first, and is not there yet

    async def _land(self) -> None:
        """Wait until no group is under way. What was not written is taken back, and its works wait to be decided under
        the lock.
        """
        while True:
            under_way = [flight.task for flight in self._flights if flight.task is not None and not flight.task.done()]
            if not under_way:
                break
            await asyncio.wait(under_way)
        left, self._flights, self._failed = self._flights, [], False
        faults = [flight.fault for flight in left if flight.fault is not None]
        lost = next((fault for fault in faults if isinstance(fault, store.LOST)), None)
        if lost is not None:
            await self._drop_connections()
        # Of one that was lost on the way only the database knows the outcome. None is there behind one that is not.
        while left and isinstance(left[0].fault, store.LOST) and await self._was_committed(left[0].grown):
            flight = left.pop(0)
            await self._written(flight.group, flight.grown, flight.decided, None)
        for flight in reversed(left):
            self._take_back(flight.grown)
        works = [waiting for flight in left for waiting in flight.decided if not waiting.future.done()]
        for waiting in works:
            waiting.ahead = False
        for fault in faults:
            if not isinstance(fault, Exception):
                raise fault
        if lost is not None and works:
            await self._after_loss(works, lost)
        else:
            self._put_back(works)

    # -- one group --

    async def _serve(self, taken: list[_Waiting]) -> None:
        """Commit a group; a data error is retried work by work so that only the culprit fails."""
        try:
            await self._commit(taken)
        except store.LOST as fault:
            await self._drop_connections()
            await self._after_loss(taken, fault)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the next group is served
            if len(taken) > 1:
                self.figures.retried += 1
                for waiting in taken:
                    if not waiting.future.done():
                        await self._serve([waiting])
                return
            if isinstance(fault, LogClosed):
                _fail(taken[0], Problem("not_ready", str(fault)))
                return
            incident = secrets.token_hex(8)
            log.error("commit_failed", incident=incident, **_told(fault))
            _fail(taken[0], Problem("internal", incident=incident))

    async def _after_loss(self, taken: list[_Waiting], fault: BaseException) -> None:
        """The database went away before COMMIT was sent, or the group was not found when read back: try again."""
        again = [w for w in taken if not w.future.done()]
        for waiting in again:
            waiting.tries += 1
        if all(w.tries <= 3 for w in again):
            log.warning("database_lost", error=type(fault).__name__, works=len(again))
            await asyncio.sleep(0.1 * max((w.tries for w in again), default=1))
            self._put_back(again)
            return
        for waiting in again:
            _fail(waiting, Problem("overloaded", "the database cannot be reached"))

    async def _commit(self, taken: list[_Waiting]) -> None:
        connection = await self._connected()
        group = Group()
        decided: list[_Waiting] = []
        grown: list[Turn] = []
        committing = False
        try:
            await connection.execute("BEGIN")
            # (1) lock, check, read, decide
            open_works = await self._lock(connection, group, taken)
            await self._hook("locked")
            await self._read(connection, group, open_works)
            decided.extend(waiting for waiting in open_works if self._decide(waiting, group))
            grown = [turn for turn in group.turns.values() if turn.entries]
            # (2) frontier and root, (3) sign
            for turn in grown:
                turn.sign()
            await self._hook("signed")
            row = await self._write(connection, group, grown)
            await self._hook("written")
            committing = True
            # (4) the commit point
            await store.commit(connection)
        except BaseException as fault:
            if committing and isinstance(fault, store.LOST):
                await self._drop_connections()
                if not await self._was_committed(grown):
                    self._take_back(grown)
                    raise
                row = None
            else:
                self._take_back(grown)
                with contextlib.suppress(Exception):
                    if not connection.is_closed() and connection.is_in_transaction():
                        await connection.execute("ROLLBACK")
                raise
        for turn in group.turns.values():
            turn.note = turn.note or turn.log.note
            self._foresight.expect(turn.log, turn.note)
        for terminal in group.terminals.values():
            terminal.more, terminal.touched = 0, False
            if terminal.authority in group.turns:
                self._foresight.learn(group.turns[terminal.authority].log, [terminal])
        await self._written(group, grown, decided, row)

    async def _written(self, group: Group, grown: Sequence[Turn], decided: Sequence[_Waiting], row: Any) -> None:
        """A group is stored: finish or die. `row` = what `append_group` said, None where that was lost."""
        for turn in grown:
            if turn.size > turn.log.signed_size:  # the answer of the group behind it may have come before
                turn.log.note, turn.log.signed_size = turn.note, turn.size
            turn.log.remember_root(turn.size, turn.root)
        if row is None:
            for terminal in group.terminals.values():
                terminal.waiting = max(terminal.waiting, 1)  # whoever answers looks
        else:
            for turn, backed in zip(grown, row["backed"] or (), strict=True):
                turn.log.backed = backed
            for name, waiting in zip(row["terminals"] or (), row["waiting"] or (), strict=True):
                group.terminals[name.bytes].waiting = waiting
        self.figures.groups += 1
        self.figures.works += len(decided)
        self.figures.entries += sum(len(turn.entries) for turn in grown)
        await self._hook("committed")
        task = asyncio.create_task(self._finish(group, grown, decided))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _lock(self, connection: Connection, group: Group, taken: list[_Waiting]) -> list[_Waiting]:
        """Lock and check the heads of a group and read what its works need in any case; returns works of open logs."""
        names = sorted({w.work.authority for w in taken})
        states = {name: state for name in names if (state := self.book.current(name)) is not None}
        if len(states) < len(names):
            states = self.book.newest_of(await connection.fetch(self.book.queries["newest_logs"], names))
        heads = await self._open_group(connection, group, taken, [state.log_id for state in states.values()])
        moved: set[str] = set()
        for name, state in states.items():
            head = heads[state.log_id]
            if head["newest"] != state.epoch:
                self.book.outdated(name)
                moved.add(name)
                continue  # a new epoch began meanwhile: those works are tried again
            if state.loaded and (head["size"], head["note"]) != (state.tree.size, state.note):
                self._foresight.doubt(state)
            try:
                await self.book.check_head(state, head)
            except LogClosed:
                continue
            group.turns[name] = Turn(state, head["size"], head["note"])
        open_works = []
        for waiting in taken:
            name = waiting.work.authority
            if name in group.turns:
                open_works.append(waiting)
            elif name not in states:
                _fail(waiting, Problem("not_found", f"there is no log of {name}"))
            elif states[name].closed is not None and name not in moved:
                _fail(waiting, Problem("not_ready", states[name].closed or ""))
            else:
                waiting.tries += 1
                self._queue.append(waiting)
                self._bytes += waiting.work.size
        return open_works

    async def _open_group(
        self, connection: Connection, group: Group, taken: list[_Waiting], logs: list[int]
    ) -> dict[int, Any]:
        """Lock the heads of `logs`; read terminals and known event ids of all works. Returns the heads by log."""
        terminals = Counter(t for w in taken for t in w.work.terminals())
        group.shared = {t for t, works in terminals.items() if works > 1}
        ids = {name for w in taken for name in w.work.ids()}
        row = await connection.fetchrow(self.book.queries["open_group"], logs, list(terminals), list(ids))
        for terminal in row["standing"] or ():
            found = standing(terminal)
            group.terminals[found.terminal] = found
        for log_id, name in zip(row["known_logs"] or (), row["known_ids"] or (), strict=True):
            group.ids.setdefault(log_id, set()).add(name.bytes)
        return {head["log_id"]: head for head in row["heads"] or ()}

    async def _read(self, connection: Connection, group: Group, works: list[_Waiting]) -> None:
        queries = self.book.queries
        places = [(w.work.authority, place) for w in works if (place := w.work.places(group)) is not None]
        if places:
            rows = await connection.fetch(
                queries["stored"],
                [store.uuid(place[0]) for _, place in places],
                [place[1] for _, place in places],
                [place[2] for _, place in places],
                [authority for authority, _ in places],
            )
            _index_stored(group, rows)
        for waiting in works:
            await waiting.work.read(connection, group.turns[waiting.work.authority], group, self.book)

    def _decide(self, waiting: _Waiting, group: Group) -> bool:
        turn = group.turns[waiting.work.authority]
        try:
            waiting.work.decide(turn, group)
        except Problem as problem:
            _fail(waiting, problem)
            return False
        return True

    async def _write(self, connection: Connection, group: Group, grown: Sequence[Turn]) -> Any:
        queries = self.book.queries
        along: Sequence[Turn] = ()
        many = sum(sum(map(len, turn.entries)) for turn in grown) > ALONG_BYTES
        if many or sum(len(turn.keys) for turn in grown) > ALONG_KEYS:
            await store.copy_entries(connection, ((turn.log.log_id, turn.base, turn.entries) for turn in grown))
            await store.copy_keys(connection, chain.from_iterable(turn.keys for turn in grown))
        else:
            along = grown
        for name, values in group.statements:
            await connection.execute(queries[name], *values)
        return await connection.fetchrow(queries["append_group"], *arguments(group, grown, along, ahead=False))

    def _take_back(self, grown: Sequence[Turn]) -> None:
        for turn in grown:
            # What stands is never taken back: another process may have written just the same as a group that failed
            # (two that were sent one batch at one time), and then the group behind it was written.
            stands = max(turn.base, turn.log.signed_size)
            if turn.log.tree.size > stands:
                turn.log.tree.truncate(stands)
            self._foresight.doubt(turn.log)

    async def _was_committed(self, grown: Sequence[Turn]) -> bool:
        """Read back after a COMMIT of unknown outcome: the group is stored if and only if our note is."""
        for attempt in range(50):
            try:
                connection = await self._connected()
                for turn in grown:
                    stored = await connection.fetchval(self.book.queries["checkpoint_at"], turn.log.log_id, turn.size)
                    return bool(stored == turn.note)
                return False  # nothing was appended: deciding it once more is safe
            except store.LOST:
                await self._drop_connections()
                await asyncio.sleep(min(1.0, 0.05 * (attempt + 1)))
        raise SystemExit("the outcome of a commit cannot be learnt: stopping, so that a start can find out")

    async def _finish(self, group: Group, grown: Sequence[Turn], decided: Sequence[_Waiting]) -> None:
        """(5) the register, (6) the answers."""
        try:
            if grown:
                await self.book.register.persist({turn.log.origin: turn.note for turn in grown})
                await self._hook("registered")
        except Exception as fault:  # noqa: BLE001 - stored but not registered: nobody is told that it is safe
            log.error("register_failed", error=str(fault))
            for waiting in decided:
                _fail(waiting, Problem("not_ready", "the register outside the database cannot be written"))
            return
        for waiting in decided:
            if waiting.future.done():
                continue
            try:
                answer = await waiting.work.answer(group.turns[waiting.work.authority], self)
            except Problem as problem:
                _fail(waiting, problem)
            except Exception as fault:  # noqa: BLE001 - stored but not registered: nobody is told that it is safe
                incident = secrets.token_hex(8)
                log.error("answer_failed", incident=incident, **_told(fault))
                _fail(waiting, Problem("internal", incident=incident))
            else:
                if not waiting.future.done():
                    waiting.future.set_result(answer)

    async def check_all(self) -> list[LogState]:
        """The start check of every newest log, as before a signature; returns those that are closed."""
        connection = await self._connected()
        closed = []
        async with connection.transaction():
            for row in await connection.fetch(self.book.queries["all_logs"]):
                state = self.book.state(row)
                head = (await connection.fetch(self.book.queries["lock_heads"], [row["log_id"]]))[0]
                if head["newest"] != state.epoch:
                    continue
                self.book.newest_of([row])
                try:
                    await self.book.check_head(state, head)
                except LogClosed as why:
                    log.error("log_closed", origin=state.origin, why=str(why))
                    closed.append(state)
        return closed

    # -- tiles --

    async def file_tiles(self) -> int:
        """Write full tiles that are not filed yet; returns how many. Repeating it changes nothing."""
        written = 0
        for state in self.book.states():
            if not state.loaded or state.closed is not None or not state.note:
                continue
            committed = open_checkpoint(state.note, state.verifier, state.origin).size if state.note else 0
            tiles = state.tree.full_tiles(committed)
            if tiles:
                await asyncio.to_thread(_write_tiles, state, tiles)
                written += len(tiles)
            state.tree.filed(committed)
        return written

    async def tile_forever(self) -> None:
        """File tiles once a second until cancelled."""
        while True:
            await asyncio.sleep(TILE_SECONDS)
            try:
                await self.file_tiles()
            except (OSError, NoteRefused) as fault:
                log.error("tiles_failed", error=str(fault))

    # -- the connection --

    async def _connected(self, lane: int = 0) -> Connection:
        """The connection of a lane. Raises LOST, DatabaseUnfit."""
        found = self._lanes[lane]
        if found is not None and not found.is_closed():
            return found
        connection = await store.connect(self._dsn, name="liuhen committer", settings=PLANS)
        await store.raw_uuids(connection)
        store.widen(connection)
        identity = await store.server_identity(connection)
        if self._identity is not None and identity != self._identity:
            if self._flights:
                connection.terminate()
                raise ConnectionError("another database server answers than the one that is being written to")
            log.warning("database_changed", was=self._identity, now=identity)
            self.book.forget()
            self._foresight.forget()
        self._identity = identity
        if self._reader is None or self._reader.is_closed():
            self._reader = await store.connect(self._dsn, name="liuhen log reader")
            self.book.use_reader(_Locked(self._reader))
        self._lanes[lane] = connection
        return connection

    async def _drop_connections(self) -> None:
        for connection in (*self._lanes, self._reader):
            if connection is not None and not connection.is_closed():
                connection.terminate()
        self._lanes, self._reader = [None] * LANES, None


class _Locked:
    """One connection, several tasks: its statements follow one another."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = asyncio.Lock()

    async def fetch(self, *arguments: Any) -> Any:
        async with self._lock:
            return await self._connection.fetch(*arguments)


async def answered(work: asyncio.Future[Any]) -> Any:
    """The answer of a work that was enqueued. Raises Problem. Whoever stops waiting does not stop the work."""
    with _refusals():
        return await asyncio.shield(work)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except _Refused as refused:
        # A fresh exception for each caller: the committer's own would carry its frames with it.
        raise refused.copy() from None


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self._problem = problem

    def copy(self) -> Problem:
        return Problem(self._problem.code, self._problem.reason, **self._problem.fields)


def _fail(waiting: _Waiting, problem: Problem) -> None:
    if not waiting.future.done():
        waiting.future.set_exception(_Refused(problem))
        waiting.future.exception()  # whoever asked may have gone away


def _told(fault: BaseException) -> dict[str, Any]:
    """What the log may say of a failure: its class, where in our code, and for the database which rule was broken.

    Never its text: PostgreSQL quotes the row that it refused, and rows hold what terminals recorded.
    """
    places = []
    trace = fault.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{'/'.join(code.co_filename.rsplit('/', 2)[-2:])}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    said: dict[str, Any] = {"error": type(fault).__qualname__, "trace": places[-8:]}
    if isinstance(fault, asyncpg.PostgresError):
        said |= {"sqlstate": fault.sqlstate, "constraint": getattr(fault, "constraint_name", None)}
    return said


def _write_tiles(state: LogState, tiles: list[tuple[int, int, list[bytes]]]) -> None:
    for level, index, hashes in tiles:
        state.tree.tiles.write(level, index, hashes)


def _index_stored(group: Group, rows: Sequence[Any]) -> None:
    for row in rows:
        entry = decode(bytes(row["entry"]))
        if not isinstance(entry, FieldEntry | BranchEntry):
            continue
        digest = sha256(entry.e).digest()
        stored = Stored(row["chain"], digest, row["position"], row["epoch"], row["notes"])
        group.remember(row["origin"].bytes, row["version"], stored)
