"""The rig: a temporary folder with a database, `liuhen serve` on it as a process of its own, and enrolled terminals.

Everything goes the way that it goes in production: the command, the embedded cluster with its durable settings, HTTP.
Only the quota of uploads is off, and the bench holds the projections' lease where they are not what is measured.
Invariant: at the end no process, port or folder of the rig is left, however the run ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg

from ops import codes, compose, postmaster
from ops import settings as settings_module
from ops.bench.load import BATCH, Figure, LoadRefused, LoadTerminal, drive, enrol
from ops.bench.machine import Machine, cpu_seconds, look, used
from ops.cluster import Cluster
from projections import statements
from server.log import store

PATH: Final = "/sync/v1/batches"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05
LONGEST_LINE: Final = 4 * 1024 * 1024
MOST_WAL: Final = 2 * 1024**3
"""Half of the embedded cluster's max_wal_size: what a database that has been busy for a while keeps of WAL files."""
CHUNK: Final = 100_000
"""Events that are prepared at a time where a log is only filled: about 80 MB."""


class BenchFault(Exception):
    """A run whose figures would mean nothing: something did not start, or rows are not what was sent."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one target: its figure, and microseconds of CPU an event by process."""

    figure: Figure
    cpu: Mapping[str, float | None]


@dataclass(slots=True)
class Program:
    """A process that the bench started, and the line of JSON that it printed when it was ready."""

    process: asyncio.subprocess.Process
    told: Mapping[str, Any]

    @property
    def pid(self) -> int:
        """Process id."""
        return self.process.pid


@contextlib.asynccontextmanager
async def program(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    *,
    tells: bool = True,
    patience: float = START_SECONDS,
) -> AsyncIterator[Program]:
    """Run a process until the block ends; with `tells`, wait `patience` s for its line of JSON.

    Raises BenchFault with the last words of a process that did not say it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIUHEN_", "POSTGRES_"))}
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env={**kept, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if tells else errors,
            limit=LONGEST_LINE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for the bench, which then ends its processes in order
        )
    try:
        told: Mapping[str, Any] = {}
        if tells:
            assert process.stdout is not None
            try:
                async with asyncio.timeout(patience):
                    line = await process.stdout.readline()
                told = json.loads(line)
            except (TimeoutError, ValueError):
                raise BenchFault(f"{' '.join(arguments[1:5])} … did not start: {last_words(log)}") from None
        yield Program(process, told)
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()  # the pipe of a process that ended before its line was read


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for fault in group.exceptions:
        if isinstance(fault, BaseExceptionGroup):
            yield from _leaves(fault)
        else:
            yield fault


def last_words(log: Path) -> str:
    """The end of a log file, in one line."""
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return " / ".join(lines[-3:])[-600:] or "it said nothing"


@dataclass(slots=True)
class Rig:
    """The running server. `admin` is a connection as superuser, for counting and for COPY; `postmaster` its server."""

    folder: Path
    settings: settings_module.Settings
    database: compose.Database
    url: str
    server: int
    postmaster: int
    admin: asyncpg.Connection
    machine: Machine
    queries: Mapping[str, str]
    terminals: dict[str, list[LoadTerminal]] = field(default_factory=dict)
    sent: int = 0
    lease: asyncpg.Connection | None = None

    @property
    def authorities(self) -> list[str]:
        """Codes of the authorities that have a log."""
        return self.settings.authorities.split()

    def environment(self) -> dict[str, str]:
        """Variables for `liuhen` commands on the rig's folder."""
        found = {"LIUHEN_UPLOADS_PER_SECOND": "0", "LIUHEN_LOG_LEVEL": "warning"}
        found["LIUHEN_AUTHORITIES"] = self.settings.authorities
        if self.settings.postgres_bin is not None:
            found["LIUHEN_POSTGRES_BIN"] = str(self.settings.postgres_bin)
        return found

    async def enrol(self, authority: str, count: int) -> list[LoadTerminal]:
        """The first `count` terminals of an authority; those that are lacking are enrolled over HTTP."""
        known = self.terminals.setdefault(authority, [])
        while len(known) < count:
            code = await codes.issue(self.settings, self.database, authority)
            known.append(await enrol(self.url, authority, code.code, code.log))
        return known[:count]

    async def send(
        self, terminals: Sequence[LoadTerminal], prepared: Sequence[Sequence[bytes]], *, seconds: float | None = None,
        pace: float | None = None,
    ) -> Sample:  # fmt: skip
        """Send what `LoadTerminal.prepare` gave; what was not sent in time goes back to the terminals."""
        before = self.cpu()
        try:
            figure = await drive(self.url, PATH, prepared, seconds=seconds, pace=pace)
        except* LoadRefused as refused:
            first = next(_leaves(refused))
            raise BenchFault(f"{first}; the server said: {last_words(self.folder / 'serve.log')}") from None
        cpu = used(before, self.cpu(), figure.events)
        self.sent += figure.events
        for terminal, bodies, done in zip(terminals, prepared, figure.sent, strict=True):
            terminal.ready.extendleft(reversed(bodies[done:]))
        return Sample(figure, cpu)

    async def fill(self, terminals: Sequence[LoadTerminal], events: int) -> None:
        """Make the logs longer by at least `events`, as fast as it goes."""
        left = events
        while left > 0:
            batches = max(1, min(left, CHUNK) // (BATCH * len(terminals)))
            await self.send(terminals, [terminal.prepare(batches) for terminal in terminals])
            left -= batches * BATCH * len(terminals)

    async def make_wal(self, size: int) -> None:
        """Have the database keep WAL files for so many bytes, MOST_WAL at most, as one that runs for longer does.

        It makes a new one where there is none to be used again, and whoever fills the last one up writes and fsyncs
        16 MiB of zeros: every upload of that moment waits, some 13,000 events after the last time.
        """
        file = await self.admin.fetchval(self.queries["wal_file"])
        for _ in range(min(size, MOST_WAL) // file):
            await self.admin.execute(self.queries["fill_wal_file"])
        await self.admin.execute("CHECKPOINT")

    def cpu(self) -> dict[str, float | None]:
        """CPU seconds so far of the server, of its child processes (readers, projector), of PostgreSQL and of this
        process, which is the client.
        """
        server, family = cpu_seconds(self.server), cpu_seconds(self.server, children=True)
        return {
            "server": server,
            "readers": None if server is None or family is None else family - server,
            "postgresql": cpu_seconds(self.postmaster, children=True),
            "client": time.process_time(),
        }

    async def size(self, authority: str) -> tuple[int, int]:
        """(log_id, size) of an authority's log."""
        row = await self.admin.fetchrow(self.queries["size"], authority)
        assert row is not None
        return row["log_id"], row["size"]

    async def count(self) -> dict[str, int]:
        """Count what is stored. Raises BenchFault where positions have gaps or events are not exactly those sent."""
        entries = 0
        for row in await self.admin.fetch(self.queries["positions"]):
            if not row["size"] == row["entries"] == row["beyond"]:
                raise BenchFault(
                    f"log {row['log_id']}: expected {row['size']} entries at 0 .. {row['size'] - 1}, "
                    f"found {row['entries']} up to {row['beyond'] - 1}: the log is not gapless"
                )
            entries += row["entries"]
        ids = [store.uuid(terminal.id) for group in self.terminals.values() for terminal in group]
        events = await self.admin.fetchval(self.queries["events"], ids)
        if events != self.sent:
            raise BenchFault(f"{self.sent} events were acknowledged, {events} are stored")
        return {"sent": self.sent, "events": events, "entries": entries}

    async def hold_projections(self) -> None:
        """Take the projections' leases: the projectors wait, and folding takes no time from what is measured."""
        self.lease = await asyncpg.connect(self.database.dsn("liuhen_projector"), timeout=10)
        for name in ("tables", "process"):
            if not await self.lease.fetchval(statements.load(name, "a")["lease"]):
                raise BenchFault("a projector works on the database of the bench already")

    async def let_projections(self) -> None:
        """Give the leases back."""
        if self.lease is not None:
            await self.lease.close(timeout=10)
            self.lease = None


@contextlib.asynccontextmanager
async def running(
    *, authorities: int = 1, place: Path | None = None, settings: settings_module.Settings | None = None
) -> AsyncIterator[Rig]:
    """A rig with so many logs in a new folder under `place` (the temporary folder), removed at the end.

    Of `settings` only the PostgreSQL programs count. Raises BenchFault, ClusterError.
    """
    names = " ".join(f"2105{number:02d}" for number in range(authorities))
    binaries = settings.postgres_bin if settings is not None else None
    async with folder_of(place) as folder:
        mine = settings_module.load(environment={}, data=folder, authorities=names, postgres_bin=binaries)
        async with contextlib.AsyncExitStack() as stack:
            yield await _start(stack, mine)


@contextlib.asynccontextmanager
async def folder_of(place: Path | None) -> AsyncIterator[Path]:
    """A new folder for a cluster under `place`; cluster and folder are gone afterwards."""
    folder = await asyncio.to_thread(_new_folder, place)
    try:
        yield folder
    finally:
        await asyncio.to_thread(Cluster(folder).destroy)
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder(place: Path | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="liuhen-bench-", dir=place))
    folder.chmod(0o711)  # the user nobody passes through when root measures
    return folder


async def _start(stack: contextlib.AsyncExitStack, settings: settings_module.Settings) -> Rig:
    folder = settings.data
    assert folder is not None
    database = await stack.enter_async_context(compose.open_database(settings))
    admin = await asyncpg.connect(database.dsn("postgres"), timeout=10)
    stack.push_async_callback(admin.close, timeout=10)
    queries = store.load_queries("ops.bench", "bench.sql")
    version = await admin.fetchval("SELECT current_setting('server_version')")
    found = postmaster.find(Path(await admin.fetchval("SELECT current_setting('data_directory')")))
    if found is None:
        raise BenchFault("the embedded database answers, but its process is not to be found")
    rig = Rig(folder, settings, database, "", 0, found.pid, admin, look(folder, version), queries)
    await rig.hold_projections()
    stack.push_async_callback(rig.let_projections)
    serve = (sys.executable, "-P", "-m", "ops", "serve", "--data", str(folder), "--internal", "127.0.0.1:0")
    served = await stack.enter_async_context(program(serve, rig.environment(), folder / "serve.log"))
    rig.url, rig.server = served.told["internal"], served.pid
    return rig
