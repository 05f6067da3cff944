"""The addresses of the supervisors' face, each with its policy."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web

from server.supervision import alerts, annual, figures, ledgers, off_system, overview, submissions, trail
from server.supervision.counted import COUNTED, Counted
from server.web.frames import FRAME
from server.web.routes import WATCHERS, Route, add

TEMPLATES: Final = Path(__file__).parent / "templates"
ROUTES: Final = (
    Route("GET", "/supervision", overview.show, WATCHERS, kind="page"),
    Route("GET", "/supervision/figures", figures.show, WATCHERS, kind="page"),
    Route("GET", "/supervision/figures/{code}", figures.show_list, WATCHERS, kind="page"),
    Route("GET", "/supervision/annual", annual.show, WATCHERS, kind="page"),
    Route("GET", "/supervision/off-system", off_system.show, WATCHERS, kind="page"),
    Route("GET", "/supervision/ledgers", ledgers.show_all, WATCHERS, kind="page"),
    Route("GET", "/supervision/ledgers/import", ledgers.show_import, ledgers.KEEPERS, kind="page"),
    Route(
        "POST", "/supervision/ledgers/import", ledgers.take, ledgers.KEEPERS, form=True, kind="page",
        upload=ledgers.MAX_UPLOAD,
    ),
    Route("GET", "/supervision/ledgers/mappings", ledgers.show_mappings, WATCHERS, kind="page"),
    Route("POST", "/supervision/ledgers/mappings", ledgers.save_mapping, ledgers.KEEPERS, form=True, kind="page"),
    Route("GET", "/supervision/ledgers/{authority}/{kind}/{month}", ledgers.show_month, WATCHERS, kind="page"),
    Route(
        "POST", "/supervision/ledgers/{authority}/{kind}/{month}", ledgers.decide, ledgers.DECIDERS, form=True,
        kind="page",
    ),
    Route("GET", "/api/v1/ledgers", ledgers.all_json, WATCHERS),
    Route("GET", "/api/v1/ledgers/{authority}/{kind}/{month}", ledgers.month_json, WATCHERS),
    Route("GET", "/api/v1/reports/annual", annual.send, WATCHERS),
    Route("GET", "/api/v1/reports/off-system", off_system.send, WATCHERS),
    Route("GET", "/supervision/trail/{of}/{id:.+}", trail.show, trail.READERS, kind="page"),
    Route("GET", "/api/v1/trails/{of}/{id:.+}", trail.send, trail.READERS),
    Route("GET", "/supervision/signals.atom", alerts.feed, WATCHERS),
    Route("GET", "/supervision/reports", submissions.show, WATCHERS, kind="page"),
    Route("POST", "/supervision/reports", submissions.submit, submissions.SUBMITTERS, form=True, kind="page"),
    Route("GET", "/supervision/reports/new", submissions.show_form, submissions.SUBMITTERS, kind="page"),
    Route("GET", "/supervision/reports/{id}", submissions.show_one, WATCHERS, kind="page"),
    Route("GET", "/api/v1/reports/submitted", submissions.list_json, WATCHERS),
    Route("GET", "/api/v1/reports/submitted/{id}", submissions.one_json, WATCHERS),
    Route("GET", "/api/v1/supervision", overview.as_json, WATCHERS),
    Route("GET", "/api/v1/reports/quarterly", figures.as_json, WATCHERS),
    Route("GET", "/api/v1/figures/{code}", figures.list_json, WATCHERS),
)  # fmt: skip


def add_routes(app: web.Application) -> None:
    """Put the face on an application that has the console's frame."""
    kept = app[COUNTED] = Counted()
    app.on_shutdown.append(kept.close)
    app[trail.LEAFED] = trail.Leafed()
    add(app, (app[FRAME].headed(route) for route in ROUTES))
