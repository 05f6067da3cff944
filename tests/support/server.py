"""Real server processes for tests: `liuhen serve` on a folder of its own, and terminals that speak HTTP to it.

    Bureau       a data folder: its cluster (held by the test), any number of server processes on it, enrolment codes
    ServerProcess one process: its addresses, its pid, its memory, its end
    Door         an HTTP client of one server: enrol, post, head
    audit        what a log must look like, recomputed from the tables alone; then `ops.verify` on top

Invariant: only processes that were started here are ended, each by its pid; a folder leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg

from ops import codes
from ops import settings as settings_module
from ops.cluster import Cluster
from ops.compose import DATABASE, Database
from ops.verify.database import DatabaseSource
from ops.verify.findings import Report
from ops.verify.run import verify
from schemas import batch as batches
from schemas import canonical, enrolment, entries, httpsig, notes, receipt
from schemas.batch import Batch
from schemas.receipt import Receipt
from server.log.register import Register
from tests.support.log import AUTHORITY, PaperTerminal
from tests.support.postgres import short_folder

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
MSGPACK = "application/msgpack"
QUIET = {"LIUHEN_UPLOADS_PER_SECOND": "0", "LIUHEN_LOG_LEVEL": "warning", "LIUHEN_SECOND_FACTOR": "none"}
ALONE = {"LIUHEN_PROJECTOR": "off"}
"""For a server whose log is asked about and none of whose pages: two processes fewer at each of its starts."""

SMALL = {"shared_buffers": "64MB", "max_wal_size": "1GB", "min_wal_size": "80MB"}


class NotServing(Exception):
    """The server ended instead of serving; the text is what it wrote on stderr."""


@dataclass
class ServerProcess:
    """One `liuhen serve`. `url` and `public` are its addresses; everything it logged lies in `errors`."""

    process: subprocess.Popen[bytes]
    errors: Path
    url: str = ""
    public: str = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        return self.process.wait(seconds)

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        return await asyncio.to_thread(self.process.wait, seconds)

    def kill(self) -> None:
        """SIGKILL: what a power cut does to a process."""
        if self.running:
            self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """SIGTERM and wait; SIGKILL where that does not help."""
        if self.running:
            self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            raise

    def peak_kib(self) -> int:
        """The most memory that the process ever held, KiB (VmHWM)."""
        return self._status("VmHWM")

    def descriptors(self) -> int:
        """Open files and sockets of the process."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)

    def log(self) -> str:
        return self.errors.read_text("utf-8", "replace")


@dataclass
class Bureau:
    """A data folder and the processes on it. The cluster belongs to the test, which may kill and restart it."""

    folder: Path
    cluster: Cluster
    authorities: tuple[str, ...]
    servers: list[ServerProcess] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def begin(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        runner: str | None = None,
    ) -> ServerProcess:
        """Start a server without waiting for it; `runner` is a module to run instead of the command."""
        program = [sys.executable, "-P", "-m", "ops"] if runner is None else [sys.executable, "-m", runner]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
        errors = self.folder / f"server-{len(self.servers)}.log"
        with errors.open("wb") as sink:
            process = subprocess.Popen(
                [*program, "serve", "--data", str(self.data), "--internal", "127.0.0.1:0", "--public", "127.0.0.1:0"],
                cwd=ROOT,
                env={
                    **kept, **QUIET, "LIUHEN_AUTHORITIES": " ".join(self.authorities), **self.environment,
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=sink,
            )  # fmt: skip
        made = ServerProcess(process, errors)
        self.servers.append(made)
        return made

    def ready(self, server: ServerProcess, seconds: float = READY_SECONDS) -> ServerProcess:
        """Wait for the JSON line. Raises NotServing where the process ends instead."""
        stdout = server.process.stdout
        assert stdout is not None
        readable, _, _ = select.select([stdout], [], [], seconds)
        line = stdout.readline() if readable else b""
        if not line:
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.process.wait(5)
            if server.running:
                server.kill()
            stdout.close()
            raise NotServing(server.log()[-1_500:])
        stdout.close()
        told = json.loads(line)
        server.url, server.public = told["internal"], told["public"]
        return server

    def start(self, **options: Any) -> ServerProcess:
        """Start a server and wait until it serves."""
        return self.ready(self.begin(**options))

    async def started(self, **options: Any) -> ServerProcess:
        """`start` for tests that have other things to do meanwhile."""
        return await asyncio.to_thread(lambda: self.start(**options))

    def command(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run another verb of the command line on this folder (`--data` is added)."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
        return subprocess.run(
            [sys.executable, "-P", "-m", "ops", *arguments, "--data", str(self.data)],
            cwd=ROOT, env={**kept, **(environment or {})}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def settings(self) -> settings_module.Settings:
        return settings_module.load(None, {}, data=self.data, authorities=" ".join(self.authorities))

    def dsn(self, role: str = "postgres") -> str:
        return self.cluster.dsn(role, DATABASE)

    async def connect(self, role: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(self.dsn(role), timeout=10)

    async def code(self, authority: str = AUTHORITY) -> codes.Code:
        """A fresh enrolment code, as `liuhen enrol-code` makes it."""
        return await codes.issue(self.settings(), Database(self.dsn, embedded=True), authority)

    async def verify(self) -> Report:
        """`audit`, then `ops.verify` with the register beside it."""
        await audit(self.dsn())
        register = Register(self.data / "register").read()
        return await asyncio.to_thread(_verify, self.dsn(), {origin: [note] for origin, note in register.items()})

    def close(self) -> None:
        for server in self.servers:
            if server.running:
                server.process.terminate()
        for server in self.servers:
            try:
                server.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait(STOP_SECONDS)
            if server.process.stdout is not None:
                server.process.stdout.close()
        self._children_gone()
        self.cluster.destroy()

    def _children_gone(self) -> None:
        """Projectors end when their server does; the cluster is removed only after the last of them has."""
        until = time.monotonic() + STOP_SECONDS
        mine = {server.pid for server in self.servers}
        while _orphans(str(self.cluster.sockets), mine) and time.monotonic() < until:
            threading.Event().wait(0.02)


def _orphans(sockets: str, parents: set[int]) -> list[int]:
    """Projector processes of this folder that still run, told by their environment."""
    found = []
    wanted = sockets.replace("/", "%2F").encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in parents:
            continue
        with contextlib.suppress(OSError):
            if b"ops.projector" in (entry / "cmdline").read_bytes() and wanted in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


@contextmanager
def bureau(
    *, authorities: Sequence[str] = (AUTHORITY,), environment: Mapping[str, str] | None = None
) -> Iterator[Bureau]:
    """A data folder with a running cluster and no server yet; everything is gone afterwards."""
    with short_folder() as folder:
        (folder / "data").mkdir(mode=0o755)
        cluster = Cluster(folder / "data", settings=SMALL)
        made = Bureau(folder, cluster, tuple(authorities), environment=dict(environment or {}))
        try:
            cluster.start()
            yield made
        finally:
            made.close()


# -- speaking to it --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What came back. `problem` reads a refusal in whichever form it came."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def problem(self) -> dict[str, Any]:
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        if kind == "application/problem+json":
            value = json.loads(self.body)
        else:
            assert kind == MSGPACK, f"expected a problem, got {kind}: {self.body[:200]!r}"
            value = canonical.decode(self.body)
        assert isinstance(value, dict)
        assert value["status"] == self.status
        return value

    @property
    def code(self) -> str:
        return str(self.problem["code"])

    @property
    def receipt(self) -> Receipt:
        assert self.status == 200, f"{self.status}: {self.body[:300]!r}"
        return receipt.decode(self.body)[0]

    @property
    def positions(self) -> list[int]:
        return [result.position for result in self.receipt.results]

    @property
    def outcomes(self) -> list[str]:
        return [result.outcome for result in self.receipt.results]

    @property
    def notes(self) -> list[list[str]]:
        return [list(result.notes or ()) for result in self.receipt.results]


@dataclass
class Door:
    """An HTTP client of one server."""

    url: str
    session: aiohttp.ClientSession

    async def post(
        self, body: bytes | Batch, *, path: str = "/sync/v1/batches", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """POST bytes, or a batch in its canonical form."""
        data = batches.encode(body) if isinstance(body, Batch) else body
        sent = {"Content-Type": MSGPACK, "Accept": MSGPACK, **(headers or {})}
        async with self.session.post(self.url + path, data=io.BytesIO(data), headers=sent) as response:
            return Answer(response.status, await response.read(), dict(response.headers))

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        async with self.session.get(self.url + path, headers=headers or {}) as response:
            return Answer(response.status, await response.read(), dict(response.headers))

    async def head(self, terminal: PaperTerminal, *, created: int | None = None, **changes: Any) -> Answer:
        """GET /sync/v1/head, signed by the request key."""
        path = "/sync/v1/head"
        fields: dict[str, Any] = {
            "method": "GET", "authority": self.url.removeprefix("http://"), "path": path, "query": "",
            "key_id": uuid_text(terminal.id), "signer": terminal.request,
            "created": int(time.time()) if created is None else created, **changes,
        }  # fmt: skip
        return await self.get(path, headers=httpsig.sign_request(**fields))

    async def enrol(self, code: codes.Code, terminal: PaperTerminal, **changes: Any) -> Answer:
        """Enrol a terminal; it takes over id and genesis from a good answer."""
        fields: dict[str, Any] = {"info": {"model": "paper"}, "log": code.log, **changes}
        asked = enrolment.sign_request(
            code.code, terminal.event, terminal.request, fields["info"], fields["log"], fields.get("replaces")
        )
        answer = await self.post(asked.encode(), path="/sync/v1/terminals")
        if answer.status == 200:
            told = enrolment.EnrolmentAnswer.decode(answer.body)
            terminal.id, terminal.prev, terminal.seq = told.terminal, told.genesis, 0
        return answer


@asynccontextmanager
async def door(server: ServerProcess | str, *, connections: int = 0, seconds: float = 30.0) -> AsyncIterator[Door]:
    """A client of a server; `connections` bounds them, 0 for no bound."""
    url = server if isinstance(server, str) else server.url
    connector = aiohttp.TCPConnector(limit=connections)
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
        yield Door(url, session)


async def enrolled(place: Bureau, at: Door, authority: str = AUTHORITY) -> PaperTerminal:
    """A terminal of an authority, enrolled over HTTP."""
    terminal = PaperTerminal(authority)
    answer = await at.enrol(await place.code(authority), terminal)
    assert answer.status == 200, answer.body
    return terminal


# -- what a log must look like ---------------------------------------------------------------------------------------


def _verify(dsn: str, register: Mapping[str, Sequence[str]]) -> Report:
    source = DatabaseSource(dsn)
    try:
        return verify(source, register=register, workers=1)
    finally:
        source.close()


class Unsound(AssertionError):
    """The log contradicts itself; the text says where."""


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The RFC 6962 root by its definition, written anew so that it shares nothing with the server's tree."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


@dataclass
class Audited:
    """What `audit` read: per log its entries, and where each (terminal, seq, chain) stands."""

    logs: dict[str, list[bytes]] = field(default_factory=dict)
    places: dict[tuple[str, bytes, int, int], int] = field(default_factory=dict)
    envelopes: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def count(self, terminal: bytes) -> int:
        """How many envelopes of a terminal stand in all logs together."""
        return sum(1 for (_, owner, _, chain) in self.places if owner == terminal and chain >= 0)


async def audit(dsn: str) -> Audited:
    """Recompute every log from its tables: positions, tree, signed sizes, uniqueness. Raises Unsound."""
    found = Audited()
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for log in await connection.fetch(
                "SELECT l.log_id, l.origin, h.size, h.root, h.note FROM log.logs l JOIN log.heads h USING (log_id)"
            ):
                await _audit_log(connection, log, found)
    finally:
        await connection.close()
    return found


async def _audit_log(connection: Any, log: Any, found: Audited) -> None:
    origin = log["origin"]
    rows = await connection.fetch(
        "SELECT position, entry FROM log.entries WHERE log_id = $1 ORDER BY position", log["log_id"]
    )
    if [row["position"] for row in rows] != list(range(log["size"])):
        raise Unsound(f"{origin}: positions are not 0..{log['size'] - 1}, {len(rows)} entries are stored")
    leaves = [sha256(b"\x00" + row["entry"]).digest() for row in rows]
    first = entries.decode(bytes(rows[0]["entry"]))
    assert isinstance(first, entries.EpochEntry)
    key = notes.VerifierKey.parse(first.keys.log)
    kept = await connection.fetch(
        "SELECT size, note FROM log.checkpoints WHERE log_id = $1 ORDER BY size", log["log_id"]
    )
    for row in kept:
        signed = notes.open_checkpoint(row["note"], key, origin)
        if signed.size != row["size"] or signed.root != root_of(leaves[: signed.size]):
            raise Unsound(f"{origin}: the checkpoint of size {row['size']} is not the tree's")
    if not kept or kept[-1]["note"] != log["note"] or kept[-1]["size"] != log["size"]:
        raise Unsound(f"{origin}: the head is not the newest checkpoint")
    found.logs[origin] = [bytes(row["entry"]) for row in rows]
    for row in await connection.fetch(
        "SELECT origin, version, chain, position FROM log.keys WHERE log_id = $1", log["log_id"]
    ):
        found.places[origin, row["origin"].bytes, row["version"], row["chain"]] = row["position"]
    owners = {place: name for (log_origin, *name), place in found.places.items() if log_origin == origin}
    seen: dict[tuple[Any, ...], int] = {}
    for position, raw in enumerate(found.logs[origin]):
        entry = entries.decode(raw)
        if isinstance(entry, entries.FieldEntry | entries.BranchEntry):
            owner, seq, _ = owners.get(position, (None, 0, 0))
            if owner != entry.t:
                raise Unsound(f"{origin}: nothing says whose the envelope at {position} is")
            name = (owner, seq, sha256(entry.e).digest())
            if name in seen:
                raise Unsound(f"{origin}: one envelope stands at {seen[name]} and at {position}")
            seen[name] = position
            found.envelopes[origin, position] = entry.e


@dataclass
class Ledger:
    """What terminals were told: envelope hash -> (origin, position). `check` holds it against the log."""

    told: dict[bytes, tuple[str, int]] = field(default_factory=dict)

    def note(self, envelopes: Sequence[bytes], answer: Receipt) -> None:
        """Keep an answer; the same envelope must always be told the same place."""
        origin = answer.checkpoint.split("\n", 1)[0]
        for data, result in zip(envelopes, answer.results, strict=True):
            where = origin if not result.epoch else f"{origin.rpartition('/')[0]}/{result.epoch}"
            before = self.told.setdefault(sha256(data).digest(), (where, result.position))
            if before != (where, result.position):
                raise Unsound(f"an envelope was told {before}, then {(where, result.position)}")

    def check(self, found: Audited) -> None:
        """Everything that was answered stands where it was said to stand."""
        for digest, place in self.told.items():
            stored = found.envelopes.get(place)
            if stored is None:
                raise Unsound(f"answered, but not in the log: {place}")
            if sha256(stored).digest() != digest:
                raise Unsound(f"answered for {place}, where another envelope stands")


async def until(condition: Callable[[], object], seconds: float = 20.0, pause: float = 0.005) -> None:
    """Wait for a condition of this process; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for lies in another process or task
            await asyncio.sleep(pause)


def uuid_text(raw: bytes) -> str:
    return str(UUID(bytes=raw))


def copy_folder(source: Path, target: Path) -> None:
    """A copy with owners and modes, as a backup by file system makes it."""
    shutil.copytree(source, target, symlinks=True, copy_function=_copy)
    for path in [source, *source.rglob("*")]:
        twin = target / path.relative_to(source)
        told = path.lstat()
        os.chown(twin, told.st_uid, told.st_gid, follow_symlinks=False)


def _copy(source: str, target: str) -> str:
    return str(shutil.copy2(source, target, follow_symlinks=False))


def signal_process(pid: int, number: signal.Signals) -> None:
    """Send a signal to one recorded process, which may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
