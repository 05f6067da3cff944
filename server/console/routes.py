"""Every address of the officers' face with its policy.

Invariant: nothing is decided here but who may come in; what they find is in the handlers.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from server.console import files, frame, guide, sign_in, terminals
from server.console.access import FILE_READERS, SIGNED_IN, TERMINAL_KEEPERS, TERMINAL_READERS
from server.web.app import ERROR_PAGE
from server.web.pages import PAGES
from server.web.routes import Everybody, Route, add

ROUTES: Final = (
    Route("GET", "/sign-in", sign_in.show, Everybody(), kind="page"),
    Route("POST", "/sign-in", sign_in.sign_in, Everybody(), form=True, kind="page"),
    Route("POST", "/sign-out", sign_in.sign_out, SIGNED_IN, form=True, kind="page"),
    Route("GET", "/", sign_in.home, SIGNED_IN, kind="page"),
    Route("GET", "/cases", files.show_list, FILE_READERS, kind="page"),
    Route("GET", "/cases/{id:.+}", files.show_file("case"), FILE_READERS, kind="page"),
    Route("GET", "/tasks/{id:.+}", files.show_file("task"), FILE_READERS, kind="page"),
    Route("GET", "/hazards/{id:.+}", files.show_file("hazard"), FILE_READERS, kind="page"),
    Route("GET", "/terminals", terminals.show_list, TERMINAL_READERS, kind="page"),
    Route("GET", "/terminals/{id}", terminals.show_terminal, TERMINAL_READERS, kind="page"),
    Route("POST", "/terminals/{id}/resolve", terminals.resolve_fork, TERMINAL_KEEPERS, form=True, kind="page"),
    Route("POST", "/terminals/{id}/release", terminals.release, TERMINAL_KEEPERS, form=True, kind="page"),
    Route("GET", "/help", guide.show_list, Everybody(), kind="page"),
    Route("GET", "/help/{topic}", guide.show_topic, Everybody(), kind="page"),
    Route("GET", "/api/v1/cases", files.list_json, FILE_READERS),
    Route("GET", "/api/v1/cases/{id:.+}", files.file_json("case"), FILE_READERS),
    Route("GET", "/api/v1/tasks/{id:.+}", files.file_json("task"), FILE_READERS),
    Route("GET", "/api/v1/hazards/{id:.+}", files.file_json("hazard"), FILE_READERS),
    Route("GET", "/api/v1/terminals", terminals.list_json, TERMINAL_READERS),
    Route("GET", "/api/v1/terminals/{id}", terminals.terminal_json, TERMINAL_READERS),
)


def add_routes(app: web.Application) -> None:
    """Put the face on an application made by server.web.app; reads templates and texts."""
    app[PAGES] = frame.make_pages()
    app[ERROR_PAGE] = frame.refusal
    add(app, (*ROUTES, app[PAGES].route()))
