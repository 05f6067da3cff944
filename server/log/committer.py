"""The committer: the one way into the log. One for each process, serving all logs.

It takes the works that wait (at most 16) into one transaction:

  1. lock the heads in log_id order and check them; read the terminals; decide every work in memory, one after the other
  2. frontier and root of every log that grows
  3. sign the checkpoints; write entries by COPY, then keys, tags, seals, terminals, heads and checkpoints; NOTIFY
  4. COMMIT: the commit point; where works wait already, the transaction of the next group begins with it (AND CHAIN)
  5. the register
  6. only then answer

A crash before 4 leaves nothing; after 4 everything is stored and a repeated upload gets the same positions. A note of a
failed or unknown COMMIT never leaves the process before the head was read back. Positions come from the locked head
row, so they are gapless and in commit order with any number of server processes.
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
from typing import Any, Final, Protocol

import asyncpg
import structlog

from schemas.admission import Stored, TerminalState
from schemas.entries import BranchEntry, FieldEntry, decode
from schemas.notes import NoteRefused, open_checkpoint
from schemas.outline import offsets
from schemas.problems import Problem
from server.log import store
from server.log.book import Book, LogClosed, LogState
from server.log.store import Connection
from server.log.terminals import decode_clock, decode_rare, encode_clock, encode_rare

GROUP: Final = 16
ALONG_BYTES: Final = 2 * 1024 * 1024
"""Entries up to so many bytes go along with the closing statement, which costs the database no more than COPY and
spares round trips; more of them go by COPY, so that no statement grows beyond bounds."""
ALONG_KEYS: Final = 20_000
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


@dataclass(slots=True)
class Terminal:
    """A terminal's row under the lock: its state, and what this group changes of it."""

    terminal: bytes
    authority: str
    event_key: bytes
    state: TerminalState
    waiting: int
    version: int
    more: int = 0
    touched: bool = False


KeyRun = tuple[bytes, int, int, int, int, bytes]
"""(origin, version, chain, position, notes, ids): keys of a chain that follow one another; their ids one behind the
other, 16 bytes each.
"""


class Turn:
    """What one group appends to one log. Positions are given here, in memory, from the locked head."""

    def __init__(self, state: LogState, base: int) -> None:
        self.log = state
        self.base = base
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []
        self.keys: list[store.KeyRow] = []
        self.runs: list[KeyRun] = []
        self.tags: list[tuple[str, int, bytes]] = []
        self.seals: list[tuple[bytes, int, int, int]] = []
        self.note = ""
        self.size = base

    def append(self, entry: bytes, leaf: bytes | None = None) -> int:
        """Add an entry; returns its position."""
        position = self.base + len(self.entries)
        self.entries.append(entry)
        self.leaves.append(leaf if leaf is not None else sha256(b"\x00" + entry).digest())
        return position

    def extend(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> int:
        """Add entries; returns the position of the first."""
        position = self.base + len(self.entries)
        self.entries += entries
        self.leaves += leaves
        return position

    def key(
        self, origin: bytes, version: int, chain: int, position: int, notes: int = 0, name: bytes | None = None
    ) -> None:
        """Say where (origin, version) stands."""
        self.keys.append((self.log.log_id, origin, version, chain, position, notes, name))

    def tag(self, positions: dict[str, list[int]]) -> None:
        """Index the tags of one batch: tag -> ascending positions, at most 65,535 apart."""
        self.tags += [(tag, places[0], offsets(places)) for tag, places in positions.items()]


class Group:
    """One transaction's worth of works, with everything that was read for them under the locks."""

    def __init__(self) -> None:
        self.turns: dict[str, Turn] = {}
        self.terminals: dict[bytes, Terminal] = {}
        self.stored: dict[bytes, dict[int, list[Stored]]] = {}
        self.shared: set[bytes] = set()  # terminals of more than one work: later ones look at what earlier ones wrote
        self.ids: dict[int, set[bytes]] = {}
        self.wanted: list[tuple[int, bytes, str, bytes, int, int]] = []
        self.private: list[tuple[bytes, bytes, bool]] = []
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    def remember(self, terminal: bytes, seq: int, stored: Stored) -> None:
        """Later works of the group see what earlier ones appended."""
        self.stored.setdefault(terminal, {}).setdefault(seq, []).append(stored)


class Work(Protocol):
    """Something to be written: decided in memory under the lock, answered after the commit and the register.

    `decide` may raise Problem: the work is taken back and refused alone. It must do all its reading in `read`.
    """

    @property
    def authority(self) -> str: ...
    @property
    def size(self) -> int: ...
    def terminals(self) -> Sequence[bytes]: ...
    def places(self, group: Group) -> tuple[bytes, int, int] | None: ...
    def ids(self) -> Sequence[bytes]: ...
    async def read(self, connection: Connection, turn: Turn, group: Group, book: Book) -> None: ...
    def decide(self, turn: Turn, group: Group) -> None: ...
    async def answer(self, turn: Turn, committer: Committer) -> Any: ...


@dataclass(slots=True)
class _Waiting:
    work: Any
    future: asyncio.Future[Any]
    tries: int = 0


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
        hook: Hook = _no_hook,
        pool: asyncpg.Pool | None = None,
    ) -> None:
        self._dsn = dsn
        self.book = book
        self.pool = pool
        self._group = group
        self._hook = hook
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._connection: Connection | None = None
        self._reader: Connection | None = None
        self._begun = False  # a COMMIT of ours began a transaction, and no group uses it yet
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
        waiting = _Waiting(work, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._bytes += work.size
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

    async def open(self) -> None:
        """Connect and load what is there. Raises DatabaseUnfit, RegisterRefused."""
        await self._connected()

    async def close(self) -> None:
        """Close the connections; waiting works were answered by `run`."""
        if self._finishing:
            await asyncio.gather(*self._finishing, return_exceptions=True)
        for connection in (self._connection, self._reader):
            if connection is not None and not connection.is_closed():
                await connection.close(timeout=5)
        self._connection = self._reader = None

    async def run(self) -> None:
        """Serve until `running` ends. Whatever happens to a group, the next one is served."""
        while True:
            if not self._queue:
                await self._rest()
            if not self._queue:
                if self._stopped:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            taken = [self._queue.popleft() for _ in range(min(self._group, len(self._queue)))]
            self._bytes -= sum(w.work.size for w in taken)
            live = [w for w in taken if not w.future.cancelled()]
            if live:
                await self._serve(live)

    async def _rest(self) -> None:
        """End a transaction that was begun with a COMMIT, for works whose callers have gone since."""
        connection, begun, self._begun = self._connection, self._begun, False
        if begun and connection is not None and not connection.is_closed():
            with contextlib.suppress(Exception):  # a connection that was lost is noticed by the next group
                await connection.execute("ROLLBACK")

    # -- one group --

    async def _serve(self, taken: list[_Waiting]) -> None:
        """Commit a group; a data error is retried work by work so that only the culprit fails."""
        try:
            await self._commit(taken)
        except store.LOST as fault:
            await self._drop_connection()
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
            for waiting in reversed(again):
                self._queue.appendleft(waiting)
                self._bytes += waiting.work.size
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
            self._begun = False
            if not connection.is_in_transaction():  # as it is where the group before said AND CHAIN
                await connection.execute("BEGIN")
            # (1) lock, check, read, decide
            open_works = await self._lock(connection, group, taken)
            await self._hook("locked")
            await self._read(connection, group, open_works)
            decided.extend(waiting for waiting in open_works if self._decide(waiting, group))
            grown = [turn for turn in group.turns.values() if turn.entries]
            # (2) frontier and root, (3) sign
            for turn in grown:
                turn.log.tree.extend(turn.leaves)
                turn.size = turn.base + len(turn.leaves)
                turn.note = turn.log.sign(turn.size, turn.log.tree.root())
            await self._hook("signed")
            await self._write(connection, group, grown)
            await self._hook("written")
            committing = True
            # (4) the commit point
            goes_on = bool(self._queue)
            await store.commit(connection, chain=goes_on)
            self._begun = goes_on
        except BaseException as fault:
            if committing and isinstance(fault, store.LOST):
                await self._drop_connection()
                if not await self._was_committed(grown):
                    self._take_back(grown)
                    raise
            else:
                self._take_back(grown)
                with contextlib.suppress(Exception):
                    if not connection.is_closed() and connection.is_in_transaction():
                        await connection.execute("ROLLBACK")
                raise
        # From here on the group is stored: finish or die.
        for turn in grown:
            turn.log.note, turn.log.signed_size = turn.note, turn.size
            turn.log.remember_root(turn.size, turn.log.tree.root())
        for turn in group.turns.values():
            turn.note = turn.note or turn.log.note
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
            try:
                await self.book.check_head(state, head)
            except LogClosed:
                continue
            group.turns[name] = Turn(state, head["size"])
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
        for standing in row["standing"] or ():
            found = _terminal(standing)
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

    async def _write(self, connection: Connection, group: Group, grown: Sequence[Turn]) -> None:
        queries = self.book.queries
        along: Sequence[Turn] = ()
        many = sum(sum(map(len, turn.entries)) for turn in grown) > ALONG_BYTES
        if many or sum(len(turn.keys) for turn in grown) > ALONG_KEYS:
            await store.copy_entries(connection, ((turn.log.log_id, turn.base, turn.entries) for turn in grown))
            await store.copy_keys(connection, chain.from_iterable(turn.keys for turn in grown))
        else:
            along = grown
        if group.wanted:
            await connection.execute(queries["want"], *_columns(group.wanted, 6))
        for name, arguments in group.statements:
            await connection.execute(queries[name], *arguments)
        await connection.execute(
            queries["close_group"],
            [turn.log.log_id for turn in along],
            [turn.base for turn in along],
            [len(turn.entries) for turn in along],
            [entry for turn in along for entry in turn.entries],
            *_columns([(turn.log.log_id, *run) for turn in grown for run in turn.runs], 7),
            *_columns([row for turn in along for row in turn.keys], 7),
            *_columns([(turn.log.log_id, *row) for turn in grown for row in turn.tags], 4),
            *_columns([(turn.log.log_id, *row) for turn in grown for row in turn.seals], 5),
            *_terminal_columns([t for t in group.terminals.values() if t.touched]),
            [turn.log.log_id for turn in grown],
            [turn.base for turn in grown],
            [turn.size for turn in grown],
            [turn.log.tree.root() for turn in grown],
            [b"".join(turn.log.tree.frontier()) for turn in grown],
            [turn.note for turn in grown],
        )
        await self._write_private(connection, group)

    async def _write_private(self, connection: Connection, group: Group) -> None:
        """Keep sealed values, and mark what arrived: with this group, or before the envelope that commits to it."""
        queries = self.book.queries
        cited = [w[3] for w in group.wanted if w[2] == "private"]
        opened = [row["digest"] for row in await connection.fetch(queries["opened"], cited)] if cited else []
        if group.private:
            await connection.execute(queries["keep_private"], *_columns(group.private, 3))
            opened += [p[0] for p in group.private if p[2]]
        if opened:
            await connection.execute(queries["arrive"], "private", opened)

    def _take_back(self, grown: Sequence[Turn]) -> None:
        for turn in grown:
            if turn.log.tree.size > turn.base:
                turn.log.tree.truncate(turn.base)

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
                await self._drop_connection()
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
            await asyncio.sleep(0)  # the next group's statements go on between two answers
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

    async def _connected(self) -> Connection:
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        connection = await store.connect(self._dsn, name="liuhen committer", settings=PLANS)
        await store.raw_uuids(connection)
        identity = await store.server_identity(connection)
        if self._identity is not None and identity != self._identity:
            log.warning("database_changed", was=self._identity, now=identity)
            self.book.forget()
        self._identity = identity
        if self._reader is None or self._reader.is_closed():
            self._reader = await store.connect(self._dsn, name="liuhen log reader")
            self.book.use_reader(_Locked(self._reader))
        self._connection = connection
        return connection

    async def _drop_connection(self) -> None:
        for connection in (self._connection, self._reader):
            if connection is not None and not connection.is_closed():
                connection.terminate()
        self._connection = self._reader = None


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


def _terminal(row: Any) -> Terminal:
    state = TerminalState(
        seq=row["seq"],
        hash=bytes(row["hash"]),
        declared=row["declared"],
        chain=row["chain"],
        held=row["held"],
        revoked=row["revoked"],
        clock=decode_clock(row["clock"]),
        rare=decode_rare(row["rare"]),
    )
    event_key = bytes(row["event_key"])
    return Terminal(row["terminal"].bytes, row["authority"], event_key, state, row["waiting"], row["version"])


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Sequence[Any]]:
    """Rows as columns, `width` of them also where there is no row."""
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _terminal_columns(moved: Sequence[Terminal]) -> tuple[list[Any], ...]:
    return (
        [store.uuid(t.terminal) for t in moved],
        [t.state.seq for t in moved],
        [t.state.hash for t in moved],
        [t.state.declared for t in moved],
        [t.state.chain for t in moved],
        [t.state.held for t in moved],
        [t.state.revoked for t in moved],
        [encode_clock(t.state.clock) for t in moved],
        [encode_rare(t.state.rare) for t in moved],
        [t.more for t in moved],
        [t.version for t in moved],
    )


def _index_stored(group: Group, rows: Sequence[Any]) -> None:
    for row in rows:
        entry = decode(bytes(row["entry"]))
        if not isinstance(entry, FieldEntry | BranchEntry):
            continue
        digest = sha256(entry.e).digest()
        stored = Stored(row["chain"], digest, row["position"], row["epoch"], row["notes"])
        group.remember(row["origin"].bytes, row["version"], stored)
