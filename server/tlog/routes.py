"""Checkpoint, tiles and proofs of the internal application (wire protocol, section 5).

`checkpoint` and hash tiles are public (hashes tell nothing: every leaf is salted) and newest here; the public
application serves its own copy, renewed every ten minutes. Entry bundles are for auditors of the authority. A proof
goes to the terminal that owns the envelope, which signs its request, or to an auditor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import structlog
from aiohttp import web

from schemas import proof_file, tiles
from schemas.notes import open_checkpoint
from schemas.problems import Problem
from server.log import store
from server.log.book import LogClosed, LogState
from server.log.committer import Committer
from server.log.tree import Tree
from server.signed import SignedRequests
from server.web.app import SERVICES
from server.web.routes import Everybody, Officers, Route, SignedByTerminal, add

TLOG: web.AppKey[Tlog] = web.AppKey("tlog")
IMMUTABLE: Final = "public, max-age=31536000, immutable"
AUDITORS: Final = frozenset({"auditor"})
log = structlog.get_logger("liuhen.tlog")


@dataclass(frozen=True, slots=True)
class Shown:
    """A log at a checked size: whatever is answered comes from this tree, and from nothing behind `size`."""

    log_id: int
    tree: Tree
    size: int
    note: str


@dataclass(slots=True)
class Tlog:
    """What the face needs: the logs as the committer follows them, and the check of signed requests.

    `_views`: logs that another process has moved since, or that no group touches any more, by log_id.
    """

    committer: Committer
    pool: asyncpg.Pool
    signed: SignedRequests
    _views: dict[int, LogState] = field(default_factory=dict)

    async def log(self, authority: str, epoch: str) -> Shown:
        """A log at its newest checkpoint. Raises Problem not_found, not_ready."""
        if not epoch.isascii() or not epoch.isdigit() or len(epoch) > 9:
            raise Problem("not_found")
        rows = await self.pool.fetch(self.committer.book.queries["logs_of"], authority)
        for row in rows:
            if row["epoch"] == int(epoch) and row["size"] > 0:
                state = self.committer.book.state(row)
                if not state.loaded or (state.closed is None and _size(state) < row["size"]):
                    state = await self._view(row, newest=row is rows[-1])
                return Shown(state.log_id, state.tree, _size(state), state.note)
        raise Problem("not_found")

    async def _view(self, row: Any, *, newest: bool) -> LogState:
        """What the database holds beyond what the committer has followed: shown only after the same checks."""
        known = self._views.get(row["log_id"])
        if known is not None and known.note == row["note"]:
            return known
        try:
            made = await self.committer.book.view(row, newest=newest)
        except LogClosed as why:
            raise Problem("not_ready", str(why)) from None
        except (*store.LOST, asyncpg.PostgresError) as fault:
            log.warning("head_unread", origin=row["origin"], error=type(fault).__name__)
            raise Problem("not_ready", "the database cannot be asked just now; try again later") from None
        self._views[row["log_id"]] = made
        return made


def _size(state: LogState) -> int:
    return open_checkpoint(state.note, state.verifier, state.origin).size


async def get_checkpoint(request: web.Request) -> web.Response:
    """The newest checkpoint of a log."""
    shown = await request.app[TLOG].log(request.match_info["authority"], request.match_info["epoch"])
    return web.Response(text=shown.note, content_type="text/plain", charset="utf-8")


async def get_tile(request: web.Request) -> web.Response:
    """A hash tile, full or partial."""
    tlog = request.app[TLOG]
    shown = await tlog.log(request.match_info["authority"], request.match_info["epoch"])
    tile = _tile(request.match_info["tile"], shown.size)
    level, start = 8 * (tile.level or 0), tile.index * 256
    hashes = await shown.tree.nodes(level, start, start + tile.width)
    return web.Response(
        body=b"".join(hashes), content_type="application/octet-stream", headers={"Cache-Control": IMMUTABLE}
    )


async def get_bundle(request: web.Request) -> web.Response:
    """An entry bundle: for auditors of the authority, or of one above it."""
    tlog = request.app[TLOG]
    authority = request.match_info["authority"]
    person = await request.app[SERVICES].gate.identify(request)
    if person is None or authority not in person.seen:
        raise Problem("not_found")
    shown = await tlog.log(authority, request.match_info["epoch"])
    tile = _tile(request.match_info["bundle"], shown.size)
    start = tile.index * 256
    rows = await tlog.pool.fetch(tlog.committer.book.queries["entries"], shown.log_id, start, start + tile.width)
    return web.Response(
        body=tiles.encode_bundle([bytes(row["entry"]) for row in rows]),
        content_type="application/octet-stream",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
    )


async def get_proof(request: web.Request) -> web.Response:
    """`?terminal=&seq=`: a tlog-proof file of the entry that holds an envelope, for its terminal or an auditor."""
    tlog = request.app[TLOG]
    authority = request.match_info["authority"]
    terminal = await _asked_terminal(request, tlog, authority)
    seq = request.query.get("seq", "")
    if not seq.isascii() or not seq.isdigit() or len(seq) > 16:
        raise Problem("bad_request", "seq must be a number")
    shown = await tlog.log(authority, request.match_info["epoch"])
    position = await tlog.pool.fetchval(
        "SELECT position FROM log.keys WHERE log_id = $1 AND origin = $2 AND version = $3 AND chain >= 0"
        " ORDER BY chain LIMIT 1",
        shown.log_id,
        store.uuid(terminal),
        int(seq),
    )
    if position is None or position >= shown.size:
        raise Problem("not_found", "no envelope of this seq is in this log")
    hashes = await shown.tree.inclusion(position, shown.size)
    text = proof_file.proof_file(position, hashes, shown.note)
    return web.Response(text=text, content_type="text/plain", charset="utf-8")


async def _asked_terminal(request: web.Request, tlog: Tlog, authority: str) -> bytes:
    """The terminal that the request may ask about: its own by signature, any of the own authority for an auditor."""
    try:
        wanted = bytes.fromhex(request.query.get("terminal", "").replace("-", ""))
    except ValueError:
        wanted = b""
    if len(wanted) != 16:
        raise Problem("bad_request", "terminal must be a UUID")
    if "Signature-Input" in request.headers:
        signer = await tlog.signed.check(
            request.method,
            request.raw_path.partition("?")[0],
            request.query_string,
            list(request.headers.items()),
            None,
        )
        if signer.terminal != wanted or signer.authority != authority:
            raise Problem("not_found")
        return wanted
    person = await request.app[SERVICES].gate.identify(request)
    if person is None:
        raise Problem("unauthorized")
    if authority not in person.seen or not person.may(AUDITORS):
        raise Problem("not_found")
    return wanted


def _tile(path: str, size: int) -> tiles.Tile:
    try:
        tile = tiles.parse_path("tile/" + path)
    except tiles.TileRefused as refused:
        raise Problem("not_found", str(refused)) from None
    if not tiles.exists_at(tile, size):
        raise Problem("not_found", "the log has no such tile yet")
    return tile


ROUTES: Final = (
    Route("GET", "/log/v1/{authority}/{epoch}/checkpoint", get_checkpoint, Everybody()),
    Route("GET", "/log/v1/{authority}/{epoch}/tile/{bundle:entries/.+}", get_bundle, Officers(AUDITORS)),
    Route("GET", "/log/v1/{authority}/{epoch}/tile/{tile:[0-9]+/.+}", get_tile, Everybody()),
    Route("GET", "/log/v1/{authority}/{epoch}/proof", get_proof, SignedByTerminal()),
)


def add_routes(app: web.Application, tlog: Tlog) -> None:
    """Put the face on an application made by server.web.app."""
    app[TLOG] = tlog
    add(app, ROUTES)
