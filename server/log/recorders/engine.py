"""The committer behind the recorders: an event loop in a thread of its own, shared by all applications of a process.

The library is synchronous; its calls wait for coroutines of this loop. Invariants: nobody waits for the loop on the
loop (that would never end), and no exception of the committer leaves this module: its traceback holds the committer's
frames, and whoever clears them would stop it for good.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import asyncpg
import structlog
from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)

from schemas.notes import NoteRefused
from schemas.problems import Problem
from server.chores import running
from server.log import epochs, store
from server.log.book import Book, LogClosed
from server.log.committer import Committer
from server.log.group import Work
from server.log.keyring import KeyMissing, Keyring
from server.log.recorders.work import RecentlyTaken
from server.log.register import Register, RegisterRefused
from server.log.store import Connection, DatabaseUnfit

CHANNEL: Final = "liuhen_log"
POOL: Final = 5
CALL_SECONDS: Final = 120.0
"""How long a caller waits; a commit whose answer takes longer has an unknown outcome."""
OPEN_SECONDS: Final = 30.0
READ_TRIES: Final = 10
RETRY_SECONDS: Final = 0.2
LISTEN_SECONDS: Final = 5.0

log = structlog.get_logger("liuhen.recorders")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine stands on. Two factories with equal settings share one engine.

    `dsn`: the database, role of the log's writer. `keys`: folder of private keys. `register`: folder of the register,
    outside the database. `host`: first part of the checkpoints' origin. `tiles`: folder for full tiles, None for none.
    """

    dsn: str = field(repr=False)
    keys: Path
    register: Path
    host: str
    tiles: Path | None = None


class Engine:
    """One loop, one committer, one pool and one listener. Made by `lease`, ended when the last lease is given back."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.queries = {
            **store.load_queries("server.log", "log.sql"),
            **store.load_queries("server.log", "recorders.sql"),
        }
        self.recent = RecentlyTaken()
        self._wakers: set[threading.Event] = set()
        self._wakers_lock = threading.Lock()
        self._listening = threading.Event()
        self._opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._closed = threading.Event()
        # A daemon, or a forgotten `close` would keep the interpreter from ending; leases end it in order before that.
        self._thread = threading.Thread(target=self._run, name="liuhen recorders", daemon=True)
        self._thread.start()
        error: PersistenceError
        try:
            self._opened.result(OPEN_SECONDS)
            return
        except Exception as fault:  # noqa: BLE001 - every error of the other thread is translated
            error = _translate(fault)
        self.close()
        self.join()
        raise error

    # -- for recorders, in their threads --

    @property
    def closed(self) -> bool:
        """True once the loop has ended or is about to."""
        return self._closed.is_set()

    def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the loop and wait for it. Raises errors of the library only, each made afresh."""
        if threading.current_thread() is self._thread:
            raise ProgrammingError("expected a call from another thread: on the loop's own it would wait for ever")
        if self._closed.is_set():
            raise InterfaceError("the persistence of this application is closed: make the application anew")
        coroutine = work()
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise InterfaceError("the persistence of this application is closed: make the application anew") from None
        error: PersistenceError
        try:
            return future.result(CALL_SECONDS)
        except concurrent.futures.TimeoutError:
            future.cancel()
            error = OperationalError(f"no answer within {CALL_SECONDS:.0f} s: whether it was stored is not known")
        except concurrent.futures.CancelledError:
            error = OperationalError("the persistence of this application was closed meanwhile")
        except Exception as fault:  # noqa: BLE001 - every error of the other thread is translated
            error = _translate(fault)
        raise error

    def append(self, work: Work) -> Any:
        """Have a work committed; its answer. Raises IntegrityError for a conflict, OperationalError."""
        return self.call(lambda: self._committer.submit(work))

    def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """Rows of a named query; tried again while the database cannot be reached. Raises OperationalError."""
        return self.call(lambda: self._fetch(query, arguments))

    def transaction(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` in one transaction. After a COMMIT of unknown outcome the database is asked what became of it."""
        return self.call(lambda: self._transaction(work))

    def begin(self, authority: str) -> None:
        """Begin an application's log if there is none. Idempotent, among processes too. Raises OperationalError."""
        self.call(lambda: self._begin(authority))

    def wake_me(self, waker: threading.Event) -> None:
        """Set `waker` whenever a log grows. LISTEN is in force when this returns. Raises OperationalError."""
        with self._wakers_lock:
            self._wakers.add(waker)
        deadline = time.monotonic() + OPEN_SECONDS
        while not self._listening.wait(RETRY_SECONDS):
            if self._closed.is_set() or time.monotonic() > deadline:
                self.wake_me_no_more(waker)
                raise OperationalError("the database does not take LISTEN: the subscription cannot begin")

    def wake_me_no_more(self, waker: threading.Event) -> None:
        """Forget a waker."""
        with self._wakers_lock:
            self._wakers.discard(waker)

    def close(self) -> None:
        """Take no more calls, finish what was begun, end the loop. Idempotent; waits for nothing, takes no lock."""
        self._closed.set()
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        """Wait until the loop has ended; on the loop's own thread there is nothing to wait for."""
        if threading.current_thread() is not self._thread:
            self._thread.join(OPEN_SECONDS)

    # -- on the loop --

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except BaseException as fault:  # the thread's end: callers must not wait for ever
                if not self._opened.done():
                    self._opened.set_exception(_translate(fault))
                else:
                    log.error("recorders_stopped", error=type(fault).__name__, exc_info=fault)
            finally:
                self._closed.set()
        self._wake()

    async def _serve(self) -> None:
        settings = self.settings
        register = Register(settings.register)
        if not register.exists():
            register.create()  # a log that stands already and is not in it is refused by `_begin`
        register.read()
        self._register, self._keyring = register, Keyring(settings.keys)
        self._book = Book(self.queries, self._keyring, register, settings.tiles)
        async with asyncpg.create_pool(
            settings.dsn, min_size=1, max_size=POOL, command_timeout=store.STATEMENT_SECONDS
        ) as self._pool:
            self._committer = Committer(settings.dsn, self._book, pool=self._pool)
            async with self._committer.running(), running(self._listen(), self._committer.tile_forever()):
                self._opened.set_result(None)
                await self._stop.wait()

    async def _fetch(self, query: str, arguments: tuple[Any, ...]) -> list[Any]:
        for attempt in range(READ_TRIES):
            try:
                rows: list[Any] = await self._pool.fetch(self.queries[query], *arguments)
                return rows
            except store.LOST:
                if attempt == READ_TRIES - 1:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
        raise AssertionError("unreachable")

    async def _transaction(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        number = ""
        result: Any = None
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                result = await work(connection)
                number = await connection.fetchval(self.queries["transaction_number"])
        except store.LOST:
            # Without a number COMMIT was not sent; with one, only the database knows.
            if not number or not await self._was_committed(number):
                raise
        return cast("T", result)

    async def _was_committed(self, number: str) -> bool:
        for attempt in range(READ_TRIES):
            try:
                status = await self._pool.fetchval(self.queries["transaction_outcome"], number)
                if status != "in progress":
                    return bool(status == "committed")
            except store.LOST:
                if attempt == READ_TRIES - 1:
                    raise
            await asyncio.sleep(RETRY_SECONDS)
        return False

    async def _begin(self, authority: str) -> None:
        connection: asyncpg.Connection = await store.connect(self.settings.dsn)
        try:
            await connection.execute(self.queries["begin_lock"], authority)
            try:
                logs = await connection.fetch(self.queries["logs_of"], authority)
                if not logs:
                    await epochs.begin_epoch(
                        connection, self.queries, self._keyring, self._register,
                        authority=authority, host=self.settings.host, received=time.time_ns() // 1_000_000,
                        kind="application", create_recovery=True,
                    )  # fmt: skip
                    return
                newest = logs[-1]
                if newest["size"] > 1 and newest["origin"] not in self._register.read():
                    raise RegisterRefused(
                        f"the register {self._register.path} does not know {newest['origin']}, which holds events: "
                        "put the register back, or if it is lost for good run `liuhen epoch new`"
                    )
            finally:
                await connection.execute(self.queries["begin_unlock"], authority)
        finally:
            await connection.close(timeout=5)

    async def _listen(self) -> None:
        pause = RETRY_SECONDS
        while True:
            gone = asyncio.Event()
            try:
                connection: asyncpg.Connection = await store.connect(self.settings.dsn, name="liuhen listener")
            except (*store.LOST, asyncpg.PostgresError, DatabaseUnfit) as fault:
                log.warning("listener_waits", error=type(fault).__name__)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LISTEN_SECONDS)
                continue
            try:
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                await connection.add_listener(CHANNEL, lambda *_: self._wake())
                self._listening.set()
                pause = RETRY_SECONDS
                self._wake()  # whatever was written before LISTEN was in force
                await gone.wait()
            except (*store.LOST, asyncpg.PostgresError) as fault:
                log.warning("listener_lost", error=type(fault).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                self._listening.clear()
                with contextlib.suppress(Exception):
                    await connection.close(timeout=5)

    def _wake(self) -> None:
        with self._wakers_lock:
            for waker in self._wakers:
                waker.set()


def _translate(fault: BaseException) -> PersistenceError:
    """An error of the library for one of ours: always a new object without our frames."""
    match fault:
        case Problem():
            text = f"{fault.code}: {fault.reason}" if fault.reason else fault.code
            kinds: dict[str, type[PersistenceError]] = {
                "conflict": IntegrityError, "internal": InternalError, "not_found": ProgrammingError,
            }  # fmt: skip
            if fault.code == "internal":
                text = f"internal error, incident {fault.fields.get('incident', '')}"
            return kinds.get(fault.code, OperationalError)(text)
        case PersistenceError():
            return type(fault)(*fault.args)
        case KeyMissing() | RegisterRefused() | DatabaseUnfit() | LogClosed() | NoteRefused() | epochs.EpochRefused():
            return OperationalError(str(fault))
        case asyncpg.exceptions.IntegrityConstraintViolationError():
            return IntegrityError(str(fault))
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | OSError() | TimeoutError():
            return OperationalError(f"{type(fault).__name__}: {fault}")
        case _:
            return InternalError(f"{type(fault).__name__}: {fault}")


# -- who shares an engine --------------------------------------------------------------------------------------------

_Key = tuple[int, EngineSettings]

_engines: dict[_Key, tuple[Engine, set[int]]] = {}
_engines_lock = threading.Lock()
_returned: deque[tuple[_Key, int]] = deque()
"""Leases given back. One may be collected in any thread at any moment, so giving back must never wait for a lock."""


class Lease:
    """The right to use an engine. Given back by `close`, or when nothing refers to the lease any more."""

    def __init__(self, settings: EngineSettings) -> None:
        # After a fork the parent's thread is not here: the process id is part of the key.
        key = (os.getpid(), settings)
        with _engines_lock:
            held = _engines.get(key)
            if held is None or held[0].closed:
                held = (Engine(settings), set())
                _engines[key] = held
            self.engine, holders = held
            holders.add(id(self))
        self._finalizer = weakref.finalize(self, _give_back, key, id(self))
        _sweep()

    def close(self) -> None:
        """Give the engine back; the last one ends it and waits for its end. Idempotent."""
        self._finalizer()
        if self.engine.closed:
            self.engine.join()


def _give_back(key: _Key, lease: int) -> None:
    _returned.append((key, lease))
    _sweep()


def _sweep() -> None:
    """End the engines whose last lease came back. Whoever holds the lock meanwhile sweeps after releasing it."""
    while _returned and _engines_lock.acquire(blocking=False):
        try:
            while _returned:
                key, lease = _returned.popleft()
                if key not in _engines:
                    continue  # its engine had ended by itself and was replaced
                engine, holders = _engines[key]
                holders.discard(lease)
                if not holders:
                    del _engines[key]
                    if key[0] == os.getpid():
                        engine.close()
        finally:
            _engines_lock.release()
