"""Which faces stand on which application: the one place that knows them all."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import asyncpg
from aiohttp import web

from ops.compose import OpenLog
from ops.settings import Settings
from schemas.entries import Who
from schemas.problems import Problem
from server.console.routes import add_routes as console_routes
from server.identity.gate import DatabaseGate
from server.identity.person import Person
from server.log.committer import Committer
from server.log.private_values import PrivateValues, Withheld
from server.log.terminal_acts import TerminalActs
from server.public.routes import make_public_app
from server.sync import routes as sync_routes
from server.sync.service import Sync
from server.tlog import routes as tlog_routes
from server.web.app import Face, Services


class ConsoleActs:
    """Office acts as the console asks for them: the person becomes the entry's `w`."""

    def __init__(self, acts: TerminalActs, values: PrivateValues) -> None:
        self._acts = acts
        self._values = values

    async def resolve_fork(self, person: Person, terminal: str, branch: str | None, reason: str) -> None:
        """`terminal.fork_resolved.v1`."""
        chosen = None if branch is None else _raw(branch, 32)
        await self._acts.resolve_fork(person.authority, _raw(terminal, 16), chosen, reason, who(person))

    async def release(self, person: Person, terminal: str, reason: str) -> None:
        """`terminal.released.v1`."""
        await self._acts.release(person.authority, _raw(terminal, 16), reason, who(person))

    async def find_private(self, person: Person, epoch: int, position: int, commitment: bytes) -> Withheld:
        """What a record of the person's authority commits to."""
        return await self._values.find(person.authority, epoch, position, commitment)

    async def reveal_private(
        self, person: Person, epoch: int, position: int, commitment: bytes, reason: str, role: str
    ) -> tuple[Withheld, object]:
        """`private_value.revealed.v1`, and then the value."""
        return await self._values.reveal(person.authority, epoch, position, commitment, reason, role, who(person))


def console_acts(committer: Committer, pool: asyncpg.Pool) -> ConsoleActs:
    """The acts of the console on a log that is written here."""
    return ConsoleActs(TerminalActs(committer, pool), PrivateValues(committer, pool))


def who(person: Person) -> Who:
    """The `w` of an office entry that a signed-in officer brings about."""
    return Who(officer=person.name, session=person.session, via=person.via)


def _raw(text: str, length: int) -> bytes:
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        raw = b""
    if len(raw) != length:
        raise Problem("not_found")
    return raw


def make_services(settings: Settings, opened: OpenLog, console: asyncpg.Pool) -> Services:
    """What the handlers of the internal application share."""
    origin = settings.origin
    gate = DatabaseGate(console, secure=origin is not None and origin.startswith("https://"))
    acts = console_acts(opened.committer, opened.pool)
    return Services(console=console, gate=gate, acts=acts, origin=origin)


def internal_faces(opened: OpenLog, sync: Sync) -> list[Face]:
    """Terminals, log, console."""
    tlog = tlog_routes.Tlog(opened.committer, opened.pool, sync.signed)
    return [
        partial(sync_routes.add_routes, sync=sync),
        partial(tlog_routes.add_routes, tlog=tlog),
        console_routes,
    ]


def public_app(settings: Settings) -> web.Application:
    """The public application: files of the published folder, and nothing that could reach the log."""
    return make_public_app(settings.published or Path("/nonexistent"))
