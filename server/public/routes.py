"""The public application: what is published, how to check it, and the log's public copy as files.

It has a database role that sees only the schema `published`, and one folder that the internal server renews every ten
minutes; it has no connection to the log and imports nothing that has one. Invariant: of the folder only files under
`log/v1` and `data` are served, by names that their formats allow; every route is read-only.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import asyncpg
from aiohttp import web

from schemas import tiles
from schemas.problems import Problem
from server.public import (
    authorities,
    feeds,
    figures,
    files,
    frame,
    guide,
    limits,
    openapi,
    opendata,
    proofs,
    records,
    store,
)
from server.public.words import Words
from server.web.app import ERROR_PAGE, Services, make_internal_app
from server.web.nobody import Nobody
from server.web.pages import PAGES
from server.web.routes import Everybody, Route, add


async def get_checkpoint(request: web.Request) -> web.Response:
    """The public checkpoint of a log."""
    body = await _read(request, "checkpoint")
    return web.Response(
        body=body, content_type="text/plain", charset="utf-8", headers={"Cache-Control": "public, max-age=60"}
    )


async def get_key(request: web.Request) -> web.Response:
    """The verifier key of a log: to be compared with the one that the authority gives out on paper."""
    body = await _read(request, "key")
    return web.Response(
        body=body, content_type="text/plain", charset="utf-8", headers={"Cache-Control": "public, max-age=60"}
    )


async def get_tile(request: web.Request) -> web.Response:
    """A hash tile of the public tree."""
    try:
        tile = tiles.parse_path("tile/" + request.match_info["tile"])
    except tiles.TileRefused as refused:
        raise Problem("not_found", str(refused)) from None
    if tile.level is None:
        raise Problem("not_found", "entries are not public")
    body = await _read(request, tiles.path_of(tile))
    return web.Response(
        body=body,
        content_type="application/octet-stream",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


async def security_txt(request: web.Request) -> web.Response:
    """`/.well-known/security.txt` (RFC 9116): where to report a weakness. Absent until a contact is configured."""
    contact = request.app[frame.CONTACT]
    if not contact:
        raise Problem("not_found", "no contact is configured (public_contact)")
    import datetime

    year = datetime.datetime.now(datetime.UTC).year + 1
    text = (
        f"Contact: {contact}\nExpires: {year}-01-01T00:00:00Z\nPreferred-Languages: zh, en\n"
        f"Canonical: {frame.base_of(request)}/.well-known/security.txt\n"
    )
    return web.Response(text=text, content_type="text/plain", charset="utf-8")


async def robots(_request: web.Request) -> web.Response:
    """`/robots.txt`: everything may be read; what was taken down is 410 and leaves the indexes by itself."""
    return web.Response(text="User-agent: *\nAllow: /\n", content_type="text/plain", charset="utf-8")


async def _read(request: web.Request, name: str) -> bytes:
    authority, epoch = request.match_info["authority"], request.match_info["epoch"]
    if not epoch.isascii() or not epoch.isdigit() or len(epoch) > 9:
        raise Problem("not_found")
    try:
        path = proofs.folder_of(request.app[frame.FOLDER], authority, int(epoch)) / name
        return await asyncio.to_thread(path.read_bytes)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise Problem("not_found") from None


API: Final = "/api/v1/disclosures"
ROUTES: Final = (
    Route("GET", "/", records.home, Everybody(), kind="page"),
    Route("GET", "/disclosures", records.show_list, Everybody(), kind="page"),
    Route("GET", "/disclosures.csv", opendata.table_csv, Everybody()),
    Route("GET", "/disclosures.xlsx", opendata.table_xlsx, Everybody()),
    Route("GET", "/disclosures/ended", records.show_ended, Everybody(), kind="page"),
    Route("GET", "/disclosures/{id}", records.show_record, Everybody(), kind="page"),
    Route("GET", "/authorities", authorities.show_list, Everybody(), kind="page"),
    Route("GET", "/authorities/{code}", authorities.show, Everybody(), kind="page"),
    Route("GET", "/statistics", figures.show, Everybody(), kind="page"),
    Route("GET", "/feed.atom", feeds.atom, Everybody()),
    Route("GET", "/feed.json", feeds.json_feed, Everybody()),
    Route("GET", "/data", opendata.show_data, Everybody(), kind="page"),
    Route("GET", "/data/catalog.jsonld", opendata.catalogue, Everybody()),
    Route("GET", "/data/{subject}.csv-metadata.json", opendata.csv_metadata, Everybody()),
    Route("GET", "/data/{month}/{name}", opendata.bulk_file, Everybody()),
    Route("GET", "/help", guide.show_list, Everybody(), kind="page"),
    Route("GET", "/help/verify_record.py", guide.program, Everybody()),
    Route("GET", "/help/draw.py", files.program, Everybody()),
    Route("GET", "/help/{topic}", guide.show_topic, Everybody(), kind="page"),
    Route("GET", API, records.list_json, Everybody()),
    Route("GET", API + "/{id}", records.record_json, Everybody()),
    Route("GET", API + "/{id}/proof", records.proof_json, Everybody()),
    Route("GET", API + "/{id}/proof.tlog", records.proof_tlog, Everybody()),
    Route("GET", API + "/{id}/entry", records.entry_bytes, Everybody()),
    Route("GET", API + "/{id}/document", records.document_bytes, Everybody()),
    Route("GET", API + "/{id}/files/{digest}", files.file, Everybody()),
    Route("GET", "/api/v1/draws/{id}", files.draw_json, Everybody()),
    Route("GET", "/api/v1/withdrawals", records.ended_json, Everybody()),
    Route("GET", "/api/v1/authorities", authorities.list_json, Everybody()),
    Route("GET", "/api/v1/authorities/{code}", authorities.one_json, Everybody()),
    Route("GET", "/api/v1/statistics", figures.show_json, Everybody()),
    Route("GET", "/api/v1/openapi.json", openapi.show, Everybody()),
    Route("GET", "/.well-known/security.txt", security_txt, Everybody()),
    Route("GET", "/robots.txt", robots, Everybody()),
    Route("GET", "/log/v1/{authority}/{epoch}/checkpoint", get_checkpoint, Everybody()),
    Route("GET", "/log/v1/{authority}/{epoch}/key", get_key, Everybody()),
    Route("GET", "/log/v1/{authority}/{epoch}/tile/{tile:[0-9]+/.+}", get_tile, Everybody()),
)


def make_public_app(
    folder: Path,
    pool: asyncpg.Pool | None = None,
    *,
    origin: str | None = None,
    contact: str = "",
    per_minute: int = 0,
) -> web.Application:
    """The public application over the published folder and, with `pool`, the published tables.

    `pool` is one of `server.public.store.connect`. `origin` is how readers see this site where a proxy stands in
    front; `contact` a mailto: or https: address for reports of weaknesses; `per_minute` requests of one address.
    """
    app = make_internal_app(Services(console=None, gate=Nobody(), acts=None, origin=origin))
    app.middlewares.append(limits.limiting(limits.Limit(per_minute)))
    app[frame.FOLDER] = folder
    app[frame.POOL] = pool
    if pool is not None:
        app[frame.STATES] = store.States(pool)
    app[frame.CONTACT] = contact
    app[PAGES] = pages = frame.make_pages()
    app[frame.WORDS] = {chosen: Words(texts) for chosen, texts in pages.texts.items()}
    app[ERROR_PAGE] = frame.refusal
    add(app, (*ROUTES, app[PAGES].route()))
    app.on_response_prepare.append(limits.tell)
    return app
