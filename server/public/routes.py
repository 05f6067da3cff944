"""The public application: its home page, how to check the log, and the log's public copy as files.

It reads one folder, which the internal server renews every ten minutes; it has no connection to the log and imports
nothing that has one. Invariant: only files under the folder's `log/v1` are served, by names that tlog-tiles allows.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final

from aiohttp import web

from schemas import tiles
from schemas.problems import Problem
from server.web.app import ERROR_PAGE, Services, make_internal_app
from server.web.i18n import Texts
from server.web.languages import language
from server.web.nobody import Nobody
from server.web.pages import PAGES, NavLink, Pages
from server.web.problems import dress
from server.web.routes import Everybody, Route, add

FOLDER: Final = web.AppKey("folder", Path)
TEMPLATES: Final = Path(__file__).parent / "templates"
_NAME: Final = re.compile(r"[A-Za-z0-9]{1,64}")


def _page(request: web.Request, template: str, *, status: int = 200, **context: object) -> web.Response:
    texts: Texts = request.app[PAGES].texts[language(request)]
    navigation = (NavLink("/", texts.gettext("Disclosure"), request.path == "/"),)
    frame = {"person": None, "roles": (), "navigation": navigation, "form_token": ""}
    return request.app[PAGES].render(request, template, {**frame, **context}, status=status)


async def home(request: web.Request) -> web.Response:
    """What this site is, and which logs can be checked here."""
    logs = await asyncio.to_thread(_logs, request.app[FOLDER])
    return _page(request, "public_home.html", logs=logs)


async def guide(request: web.Request) -> web.Response:
    """How to check the log without trusting this site."""
    return _page(request, "public_help.html")


async def refusal(request: web.Request, problem: Problem) -> web.Response:
    """The page of a refused request."""
    zh = language(request) == "zh"
    answer = _page(
        request,
        "public_refusal.html",
        status=problem.type.status,
        problem=problem,
        title=problem.type.title_zh if zh else problem.type.title_en,
        detail=problem.type.detail_zh if zh else problem.type.detail_en,
        incident=str(problem.fields.get("incident", "")),
    )
    return dress(answer, problem, language(request))


def _logs(folder: Path) -> list[tuple[str, str, int]]:
    """(authority, epoch, size of the public checkpoint) of every log that is mirrored."""
    found = []
    for path in sorted((folder / "log" / "v1").glob("*/*/checkpoint")):
        lines = path.read_text("utf-8").split("\n")
        found.append((path.parent.parent.name, path.parent.name, int(lines[1])))
    return found


async def get_checkpoint(request: web.Request) -> web.Response:
    """The public checkpoint of a log."""
    data = await _read(request, "checkpoint")
    return web.Response(
        body=data, content_type="text/plain", charset="utf-8", headers={"Cache-Control": "public, max-age=60"}
    )


async def get_tile(request: web.Request) -> web.Response:
    """A hash tile of the public tree."""
    try:
        tile = tiles.parse_path("tile/" + request.match_info["tile"])
    except tiles.TileRefused as refused:
        raise Problem("not_found", str(refused)) from None
    if tile.level is None:
        raise Problem("not_found", "entries are not public")
    data = await _read(request, tiles.path_of(tile))
    return web.Response(
        body=data,
        content_type="application/octet-stream",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


async def _read(request: web.Request, name: str) -> bytes:
    authority, epoch = request.match_info["authority"], request.match_info["epoch"]
    if not _NAME.fullmatch(authority) or not epoch.isascii() or not epoch.isdigit() or len(epoch) > 9:
        raise Problem("not_found")
    path = request.app[FOLDER] / "log" / "v1" / authority / str(int(epoch)) / name
    try:
        return await asyncio.to_thread(path.read_bytes)
    except (FileNotFoundError, NotADirectoryError):
        raise Problem("not_found") from None


ROUTES: Final = (
    Route("GET", "/", home, Everybody(), kind="page"),
    Route("GET", "/help", guide, Everybody(), kind="page"),
    Route("GET", "/log/v1/{authority}/{epoch}/checkpoint", get_checkpoint, Everybody()),
    Route("GET", "/log/v1/{authority}/{epoch}/tile/{tile:[0-9]+/.+}", get_tile, Everybody()),
)


def make_public_app(folder: Path) -> web.Application:
    """The public application over the published folder."""
    app = make_internal_app(Services(console=None, gate=Nobody(), acts=None))
    app[FOLDER] = folder
    app[PAGES] = Pages((TEMPLATES,)).load()
    app[ERROR_PAGE] = refusal
    add(app, (*ROUTES, app[PAGES].route()))
    return app
