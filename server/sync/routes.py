"""The addresses of the terminals' face. Each handler parses, calls the service and answers; nothing else."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from schemas import batch as batches
from schemas.enrolment import MAX_REQUEST_BYTES
from schemas.problems import Problem
from server.log import store
from server.sync.changes import limit_of
from server.sync.service import Sync
from server.web.body import read_body
from server.web.routes import Route, SignedByTerminal, add

SYNC: Final = web.AppKey("sync", Sync)
MSGPACK: Final = "application/msgpack"


def _content_type(request: web.Request) -> None:
    if request.content_type != MSGPACK:
        raise Problem("unsupported_media_type", f"expected {MSGPACK}")


async def post_batch(request: web.Request) -> web.Response:
    """POST /sync/v1/batches: a batch in, a signed receipt out."""
    _content_type(request)
    body = await read_body(request, batches.MAX_BODY)
    with store.reachable():
        receipt = await request.app[SYNC].batch(body, request.headers.get("Content-Encoding", ""))
    return web.Response(body=receipt, content_type=MSGPACK)


async def post_terminal(request: web.Request) -> web.Response:
    """POST /sync/v1/terminals: an enrolment request in, the proven enrolment out."""
    _content_type(request)
    body = await read_body(request, MAX_REQUEST_BYTES)
    with store.reachable():
        answer = await request.app[SYNC].enrol(body)
    return web.Response(body=answer, content_type=MSGPACK)


async def get_head(request: web.Request) -> web.Response:
    """GET /sync/v1/head: where the server stands with the terminal that signed the request."""
    sync = request.app[SYNC]
    path = request.raw_path.partition("?")[0]
    with store.reachable():
        terminal = await sync.signed.check(
            request.method, path, request.query_string, list(request.headers.items()), None
        )
        head = await sync.head(terminal.terminal)
    return web.Response(body=head, content_type=MSGPACK)


async def get_changes(request: web.Request) -> web.Response:
    """GET /sync/v1/changes: what changed for the officers of the terminal that signed the request."""
    sync = request.app[SYNC]
    path, _, query = request.raw_path.partition("?")
    with store.reachable():
        terminal = await sync.signed.check(request.method, path, query, list(request.headers.items()), None)
        limit = limit_of(request.query.get("limit"))
        answer = await sync.feed().answer(terminal.terminal, request.query.get("after"), limit)
    return web.Response(body=answer, content_type=MSGPACK)


ROUTES: Final = (
    Route("POST", "/sync/v1/batches", post_batch, SignedByTerminal()),
    Route("POST", "/sync/v1/terminals", post_terminal, SignedByTerminal()),
    Route("GET", "/sync/v1/head", get_head, SignedByTerminal()),
    Route("GET", "/sync/v1/changes", get_changes, SignedByTerminal()),
)


def add_routes(app: web.Application, sync: Sync) -> None:
    """Put the face on an application made by server.web.app."""
    app[SYNC] = sync
    add(app, ROUTES)
