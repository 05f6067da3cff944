"""`liuhen serve`: the internal and the public application, the projections and the tiles, until SIGTERM.

    database -> log (checked before anything is signed) -> projections -> faces -> one JSON line -> until told to stop

The projections run in a process of their own, so that folding does not take the loop's time from uploads. There is no
demo in here: one-time sign-in links exist in `ops.demo` only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import asyncpg
import structlog
from aiohttp import web

from ops import faults
from ops.bulk import bulk_forever, signers_of
from ops.compose import DATABASE, Database, OpenLog, open_database, open_log
from ops.faces import ConsoleExports, internal_faces, make_services, make_uploads, make_viewing, public_app
from ops.keeping import OfficeKeeping
from ops.mirror import mirror_forever
from ops.outside import OutsideLedgers
from ops.projector import projecting
from ops.settings import Settings, SettingsError
from schemas.entries import Who
from schemas.events import REGISTRY
from schemas.problems import Problem
from server.chores import running
from server.evidence.checking import Checker
from server.evidence.examiner import Examiner
from server.evidence.uploads import Uploads
from server.evidence.viewer import make_viewer_app
from server.log.auditor import Auditor
from server.log.disclosure_acts import DisclosureActs
from server.log.terminals import Terminals
from server.signed import SignedRequests
from server.supervision import counted
from server.sync.changes import Changes
from server.sync.quota import Quota
from server.sync.readers import Readers, advised
from server.sync.service import Sync
from server.web.app import Face, Services, make_internal_app, make_runner
from server.webhooks.addresses import Allowed
from server.webhooks.sender import Sender

CONTACT_SECONDS: Final = 1.0
NONCE_SECONDS: Final = 60.0
ARRIVAL_SECONDS: Final = 5.0
SWEEP_SECONDS: Final = 600.0
EXAMINE_SECONDS: Final = 2.0
EXPIRE_SECONDS: Final = 300.0
"""How often records are looked for whose last day of publication is over."""
COUNT_SECONDS: Final = 600.0
"""How often figures of the current quarter are counted ahead: before those that are kept are too old to be shown."""
BACKLOG: Final = 512
log = structlog.get_logger("liuhen.serve")


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its addresses and what composition may still want of it."""

    internal: str
    public: str | None
    log: OpenLog
    database: Database
    sync: Sync
    uploads: Uploads
    services: Services


@contextlib.asynccontextmanager
async def serving(settings: Settings, *, faces: Sequence[Callable[[Services], Face]] = ()) -> AsyncIterator[Served]:
    """Everything up, undone in reverse order. `faces` are further routes of the internal application (the demo's)."""
    settings.require("internal")
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        opened = await stack.enter_async_context(
            open_log(settings, database, hook=faults.hook_from_environment(), ahead=not faults.steps_apart())
        )
        if settings.projector == "on":
            await stack.enter_async_context(projecting(settings, database))
        console = await stack.enter_async_context(
            asyncpg.create_pool(database.dsn("liuhen_console"), min_size=1, max_size=8, command_timeout=30)
        )
        internal = bind(settings.internal or "")
        address = _address(internal)
        rate = int(settings.uploads_per_second)
        readers = await stack.enter_async_context(Readers(advised()).running())
        sync = Sync(
            opened.committer,
            opened.pool,
            REGISTRY.lookup,
            SignedRequests(
                Terminals(opened.pool, opened.book.queries),
                opened.pool,
                opened.book.queries,
                settings.signed_for or address,
            ),
            readers,
            Quota(rate=float(rate), burst=max(1, rate * 30)),
            Changes(console, opened.pool),
        )
        uploads = make_uploads(settings, opened, faults.hook_from_environment())
        await uploads.sweep()
        viewer = bind(settings.viewer or f"{(settings.internal or '').rpartition(':')[0]}:0")
        stack.callback(viewer.close)
        viewing = make_viewing(settings, opened, console, uploads.store, _address(viewer))
        services = replace(
            make_services(settings, opened, console, uploads.store, viewing),
            keeping=OfficeKeeping(settings, database, opened.committer, opened.pool, console),
            ledgers=OutsideLedgers(opened.committer, opened.pool, uploads.store),
        )
        copies = exports.kept if isinstance(exports := services.exports, ConsoleExports) else None
        if copies is not None:
            stack.push_async_callback(copies.stop)
            await stack.enter_async_context(running(_every(SWEEP_SECONDS, copies.swept)))
        app = make_internal_app(services, *internal_faces(opened, sync, uploads), *(face(services) for face in faces))
        await stack.enter_async_context(_site(app, internal))
        if viewing is not None:
            await stack.enter_async_context(_site(make_viewer_app(viewing), viewer))
        public_url = None
        if settings.public is not None:
            public = bind(settings.public)
            public_url = f"http://{_address(public)}"
            site = await stack.enter_async_context(public_app(settings, database))
            await stack.enter_async_context(_site(site, public))
        chores = _chores(settings, database, opened, sync, uploads)
        # At once, but behind the start: whoever looks over a province soon finds its first page counted.
        chores.append(_every(COUNT_SECONDS, lambda: counted.ahead(app), at_once=True))
        await stack.enter_async_context(running(*chores))
        yield Served(f"http://{address}", public_url, opened, database, sync, uploads, services)


def _chores(
    settings: Settings, database: Database, opened: OpenLog, sync: Sync, uploads: Uploads
) -> list[Coroutine[Any, Any, None]]:
    """What goes on in the background of an internal server. Each survives a database that is away for a while."""
    queries = opened.book.queries
    examiner = Examiner(Checker(uploads.store, opened.committer, opened.pool), opened.committer, opened.pool)
    chores = [
        opened.committer.tile_forever(),
        Auditor(opened.committer, opened.pool).forever(),
        _every(CONTACT_SECONDS, sync.flush_contacts),
        _every(ARRIVAL_SECONDS, uploads.arrivals.overlooked),
        _every(SWEEP_SECONDS, uploads.sweep),
        _every(EXAMINE_SECONDS, examiner.catch_up),
        Sender(opened.pool, Allowed.parse(settings.webhook_networks), base=settings.public_origin or "").forever(),
        _every(NONCE_SECONDS, lambda: opened.pool.execute(queries["old_nonces"])),
    ]
    acts = DisclosureActs(opened.committer, opened.pool)
    chores.append(_every(EXPIRE_SECONDS, lambda: _expire(acts)))
    if settings.published is not None:
        chores.append(mirror_forever(opened, settings.published))
        if settings.public_dsn is not None or database.embedded:
            dsn = settings.public_dsn or database.dsn("liuhen_public")
            chores.append(bulk_forever(dsn, settings.published, lambda: signers_of(opened.book)))
    return chores


async def _expire(acts: DisclosureActs) -> None:
    """Take from public view what has had its time. What cannot be done now is tried again at the next look."""
    try:
        await acts.expire_all(Who(service="expiry", session=bytes(32), via="chore"))
    except Problem as refused:
        log.warning("expiry_waits", code=refused.code)


async def _every(seconds: float, work: Callable[[], Coroutine[Any, Any, Any]], *, at_once: bool = False) -> None:
    while True:
        if not at_once:
            await asyncio.sleep(seconds)
        at_once = False
        try:
            await work()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as fault:
            log.warning("chore_failed", error=type(fault).__name__)


def bind(place: str) -> socket.socket:
    """A listening socket at HOST:PORT, port 0 for a free one. Raises SettingsError where it is taken."""
    host, _, port = place.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, int(port)))
    except OSError as fault:
        listening.close()
        raise SettingsError(
            f"{place} cannot be used: {fault.strerror}; choose another port, or 0 for a free one"
        ) from None
    listening.setblocking(False)
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.asynccontextmanager
async def _site(app: web.Application, listening: socket.socket) -> AsyncIterator[None]:
    runner = make_runner(app)
    await runner.setup()
    try:
        await web.SockSite(runner, listening, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()


async def run_public(settings: Settings) -> None:
    """Serve the public application alone until SIGTERM: no key, no log, one account that sees what is published."""
    settings.require("public", "published")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(_published_database(settings))
        site = await stack.enter_async_context(public_app(settings, database))
        public = bind(settings.public or "")
        await stack.enter_async_context(_site(site, public))
        sys.stdout.write(json.dumps({"internal": None, "public": f"http://{_address(public)}"}) + "\n")
        sys.stdout.flush()
        await stop.wait()
        log.info("stopping")


@contextlib.asynccontextmanager
async def _published_database(settings: Settings) -> AsyncIterator[Database]:
    """The database of a public process: an outside one by its own account, or the embedded one, joined or started."""
    if settings.public_dsn is not None:
        yield Database(lambda _role: "", embedded=False)
        return
    if settings.data is None or settings.database_dsn is not None:
        settings.require("public_dsn")
    assert settings.data is not None
    from ops.cluster import Cluster

    cluster = Cluster(settings.data)
    await asyncio.to_thread(cluster.start)
    try:
        yield Database(lambda role: cluster.dsn(role, DATABASE), embedded=True)
    finally:
        await asyncio.to_thread(cluster.stop)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; prints one JSON line on stdout when ready."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(settings) as served:
        sys.stdout.write(json.dumps({"internal": served.internal, "public": served.public}) + "\n")
        sys.stdout.flush()
        await stop.wait()
        log.info("stopping")
