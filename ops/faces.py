"""Which faces stand on which application: the one place that knows them all."""

from __future__ import annotations

from functools import partial

import asyncpg
from aiohttp import web

from ops.compose import OpenLog
from ops.settings import Settings
from server.sync import routes as sync_routes
from server.sync.service import Sync
from server.tlog import routes as tlog_routes
from server.web.app import Face, Services


class _Nobody:
    async def identify(self, request: web.Request) -> None:
        return None

    def check_form(self, request: web.Request, person: object, form: dict[str, str]) -> None:
        return None


def make_services(settings: Settings, opened: OpenLog, console: asyncpg.Pool) -> Services:
    """What the handlers of the internal application share."""
    return Services(console=console, gate=_Nobody(), acts=None)


def internal_faces(opened: OpenLog, sync: Sync) -> list[Face]:
    """Terminals, log, console."""
    tlog = tlog_routes.Tlog(opened.committer, opened.pool, sync)
    return [partial(sync_routes.add_routes, sync=sync), partial(tlog_routes.add_routes, tlog=tlog)]


def public_app(settings: Settings) -> web.Application:
    """The public application."""
    return web.Application()
