"""A database as a source: our own statements, as an outsider would write them, on one read-only snapshot.

The connection lives on the event loop of a thread of its own, so that verify can be called from anywhere. Invariant:
one REPEATABLE READ, READ ONLY transaction from the first question to the last; nothing is written, and a log that grows
meanwhile is seen as it was.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Final

import asyncpg

from ops.verify.sources import Head, KeyRow, LogInfo, SealRow, SourceRefused, TagRow, TerminalRow

CONNECT_SECONDS: Final = 15.0
STATEMENT_SECONDS: Final = 600.0
PAGE: Final = 5_000
DERIVED: Final = ("keys", "seals", "tags", "terminals")

LOGS: Final = """
SELECT l.log_id, l.authority, l.epoch, l.origin, l.kind, h.size, h.root, h.frontier, h.note,
       (SELECT max(e.position) + 1 FROM log.entries e WHERE e.log_id = l.log_id) AS stored
  FROM log.logs l LEFT JOIN log.heads h USING (log_id) ORDER BY l.authority, l.epoch"""
ENTRIES: Final = """
SELECT position, entry FROM log.entries WHERE log_id = $1 AND position >= $2 AND position < $3 ORDER BY position"""
CHECKPOINTS: Final = "SELECT size, note FROM log.checkpoints WHERE log_id = $1 ORDER BY size"
KEYS: Final = """
SELECT position, uuid_send(origin), version, chain, notes, uuid_send(id) FROM log.keys WHERE log_id = $1
 ORDER BY position, origin, version, chain"""
REPEATED: Final = """
SELECT uuid_send(id) FROM log.keys WHERE log_id = $1 AND id IS NOT NULL GROUP BY id HAVING count(*) > 1"""
TAGS: Final = """SELECT position, tag, offsets FROM log.tags WHERE log_id = $1 ORDER BY position, tag COLLATE "C" """
SEALS: Final = """
SELECT position, uuid_send(terminal), chain, last FROM log.seals WHERE log_id = $1 ORDER BY position, terminal, chain"""
TERMINALS: Final = """
SELECT uuid_send(terminal), authority, event_key, request_key, uuid_send(replaces), log_id, position, seq, hash,
       declared, chain, held, revoked, clock, rare, version
  FROM log.terminals WHERE authority = $1 ORDER BY terminal"""
READABLE: Final = "SELECT has_table_privilege(format('log.%I', $1::text), 'SELECT')"


class DatabaseSource:
    """A source on a connection string. Raises SourceRefused where nothing can be read."""

    def __init__(self, dsn: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="liuhen verify", daemon=True)
        self._thread.start()
        self._connection: Any = None
        self._lock: asyncio.Lock | None = None
        try:
            self._run(self._open(dsn))
        except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
            self.close()
            raise SourceRefused(f"the database cannot be read: {type(fault).__name__}: {fault}") from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the transaction, the connection and the thread."""
        try:
            if self._connection is not None:
                self._run(self._connection.close(timeout=5))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._loop.call_soon_threadsafe(self._connection.terminate)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=10)
            if not self._thread.is_alive():
                self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STATEMENT_SECONDS + CONNECT_SECONDS)

    async def _open(self, dsn: str) -> None:
        self._lock = asyncio.Lock()
        settings = {"application_name": "liuhen verify", "default_transaction_read_only": "on"}
        self._connection = await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS, command_timeout=STATEMENT_SECONDS, server_settings=settings
        )
        await self._connection.transaction(isolation="repeatable_read", readonly=True).start()
        if await self._connection.fetchval("SELECT to_regclass('log.entries') IS NULL"):
            raise SourceRefused("the database holds no log: expected the tables of the schema `log`")

    def _fetch(self, statement: str, *arguments: Any) -> list[Any]:
        async def locked() -> list[Any]:
            assert self._lock is not None
            async with self._lock:
                found: list[Any] = await self._connection.fetch(statement, *arguments)
                return found

        try:
            rows: list[Any] = self._run(locked())
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
            raise SourceRefused(f"the database stopped answering: {type(fault).__name__}: {fault}") from None
        return rows

    def _pages(self, statement: str, *arguments: Any) -> Iterator[Any]:
        async def declare() -> Any:
            assert self._lock is not None
            async with self._lock:
                return await self._connection.cursor(statement, *arguments)

        async def page(cursor: Any) -> Any:
            assert self._lock is not None
            async with self._lock:
                return await cursor.fetch(PAGE)

        try:
            cursor = self._run(declare())
            while rows := self._run(page(cursor)):
                yield from rows
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
            raise SourceRefused(f"the database stopped answering: {type(fault).__name__}: {fault}") from None

    # -- the source --

    def logs(self) -> Sequence[LogInfo]:
        """Every log with its head row."""
        found = []
        for row in self._fetch(LOGS):
            head = None if row["size"] is None else Head(row["size"], row["root"], row["frontier"], row["note"])
            end = row["stored"] or 0
            found.append(
                LogInfo(
                    row["authority"], row["epoch"], row["origin"], row["kind"], 0, end,
                    end if head is None else max(end, head.size), head, row["log_id"],
                )
            )  # fmt: skip
        return found

    def read(self, log: LogInfo, start: int, stop: int) -> list[tuple[int, bytes]]:
        """Entries by position."""
        return [(row[0], row[1]) for row in self._fetch(ENTRIES, log.number, start, stop)]

    def checkpoints(self, log: LogInfo) -> Iterator[tuple[int, str]]:
        """Every row of log.checkpoints."""
        for row in self._pages(CHECKPOINTS, log.number):
            yield row[0], row[1]

    def tiles(self, _log: LogInfo, _level: int, _index: int, _width: int, /) -> bytes | None:
        """The database keeps no tiles."""
        return None

    def tables(self) -> tuple[DatabaseSource | None, list[str]]:
        """Itself, if this role may read all of the derived tables."""
        closed = [name for name in DERIVED if not self._fetch(READABLE, name)[0][0]]
        return (None if closed else self), closed

    def repeated_ids(self, log: LogInfo) -> Iterator[bytes]:
        """Event ids that stand more than once in log.keys."""
        for row in self._pages(REPEATED, log.number):
            yield row[0]

    def keys(self, log: LogInfo) -> Iterator[KeyRow]:
        """Rows of log.keys by position."""
        for row in self._pages(KEYS, log.number):
            yield tuple(row)

    def tags(self, log: LogInfo) -> Iterator[TagRow]:
        """Rows of log.tags by first position."""
        for row in self._pages(TAGS, log.number):
            yield tuple(row)

    def seals(self, log: LogInfo) -> Iterator[SealRow]:
        """Rows of log.seals by position."""
        for row in self._pages(SEALS, log.number):
            yield tuple(row)

    def terminals(self, authority: str) -> Iterator[TerminalRow]:
        """Rows of log.terminals of an authority."""
        for row in self._pages(TERMINALS, authority):
            yield TerminalRow(*row)
