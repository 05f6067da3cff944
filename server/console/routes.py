"""Every address of the officers' face with its policy.

Invariant: nothing is decided here but who may come in; what they find is in the handlers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiohttp import web

from server.console import (
    account,
    acts,
    administration,
    boards,
    comments,
    disclosures,
    draws,
    evidence,
    exports,
    files,
    frame,
    guide,
    marks,
    plan_import,
    plan_revision,
    plans,
    private,
    provider,
    reviews,
    search,
    series,
    sign_in,
    terminals,
    webhooks,
)
from server.console.access import (
    ACCOUNT_KEEPERS,
    ADMINISTRATION_READERS,
    ADMINISTRATORS,
    ASSIGNERS,
    COMMENTERS,
    DESK,
    DISCLOSERS,
    DISCLOSURE_READERS,
    DRAW_PLANNERS,
    DRAW_READERS,
    DRAW_REVEALERS,
    FILE_EXPORTERS,
    FILE_READERS,
    NUMBER_KEEPERS,
    NUMBER_TAKERS,
    PLANNERS,
    PRIVATE_READERS,
    RELEASERS,
    SIGNED_IN,
    SYSTEM_KEEPERS,
    TERMINAL_KEEPERS,
    TERMINAL_READERS,
)
from server.web.app import CONFIRM_PAGE, ERROR_PAGE
from server.web.frames import FRAME
from server.web.pages import PAGES
from server.web.routes import Everybody, Handler, Officers, Route, add

FACTOR: Final = "/account/second-factor"
SHEET: Final = "/disclosures/prepare/{kind}/{key}/{decision}"
PRIVATE: Final = "/private/{epoch}/{position}/{commitment}"

ADMIN: Final = "/administration"
INVITATION: Final = "/invitation/{key:[A-Za-z0-9_-]{43}}"


def _keeps(path: str, handler: Handler, policy: Officers = ACCOUNT_KEEPERS) -> Route:
    """A form of administration: each asks who it is, unless that was said just now."""
    return Route("POST", path, handler, policy, form=True, kind="page", step_up=True)


ROUTES: Final = (
    Route("GET", "/sign-in", sign_in.show, Everybody(), kind="page"),
    Route("POST", "/sign-in", sign_in.sign_in, Everybody(), form=True, kind="page"),
    Route("GET", "/sign-in/code", sign_in.show_code, Everybody(), kind="page"),
    Route("POST", "/sign-in/code", sign_in.sign_in_code, Everybody(), form=True, kind="page"),
    Route("GET", "/sign-in/oidc", provider.begin, Everybody(), kind="page"),
    Route("GET", provider.BACK, provider.back, Everybody(), kind="page"),
    Route("POST", "/account/oidc", provider.begin_link, SIGNED_IN, form=True, kind="page", step_up=True),
    Route("POST", "/account/oidc/unlink", provider.unlink, SIGNED_IN, form=True, kind="page", step_up=True),
    Route("POST", "/sign-out", sign_in.sign_out, SIGNED_IN, form=True, kind="page", unfinished=True),
    Route("GET", "/account", account.show, SIGNED_IN, kind="page", unfinished=True),
    Route("POST", "/account/sessions", account.end_sessions, SIGNED_IN, form=True, kind="page", unfinished=True),
    Route("POST", "/account/password", account.change_password, SIGNED_IN, form=True, kind="page", unfinished=True),
    Route("GET", FACTOR, account.show_factor, SIGNED_IN, kind="page", unfinished=True),
    Route("POST", FACTOR, account.begin_factor, SIGNED_IN, form=True, kind="page", step_up=True, unfinished=True),
    Route("POST", f"{FACTOR}/confirm", account.confirm_factor, SIGNED_IN, form=True, kind="page", unfinished=True),
    Route("POST", f"{FACTOR}/drop", account.drop_factor, SIGNED_IN, form=True, kind="page", step_up=True),
    Route(
        "POST", "/account/recovery-codes", account.new_recovery_codes, SIGNED_IN, form=True, kind="page", step_up=True
    ),
    Route("GET", ADMIN, administration.show, ADMINISTRATION_READERS, kind="page"),
    Route("GET", f"{ADMIN}/accounts", administration.show_accounts, ACCOUNT_KEEPERS, kind="page"),
    _keeps(f"{ADMIN}/accounts", administration.add_account),
    Route("GET", f"{ADMIN}/accounts/{{name}}", administration.show_account, ACCOUNT_KEEPERS, kind="page"),
    _keeps(f"{ADMIN}/accounts/{{name}}/change", administration.change_account),
    _keeps(f"{ADMIN}/accounts/{{name}}/disable", administration.disable_account),
    _keeps(f"{ADMIN}/accounts/{{name}}/invite", administration.invite),
    _keeps(f"{ADMIN}/accounts/{{name}}/reset-factor", administration.drop_factor),
    Route("GET", f"{ADMIN}/units", administration.show_units, ACCOUNT_KEEPERS, kind="page"),
    _keeps(f"{ADMIN}/units", administration.set_unit),
    Route("GET", f"{ADMIN}/authorities", administration.show_authorities, ACCOUNT_KEEPERS, kind="page"),
    _keeps(f"{ADMIN}/authorities", administration.set_authority),
    Route("GET", f"{ADMIN}/terminals", administration.show_enrolment, SYSTEM_KEEPERS, kind="page"),
    _keeps(f"{ADMIN}/terminals", administration.give_code, SYSTEM_KEEPERS),
    Route("GET", f"{ADMIN}/rules", administration.show_rules, ADMINISTRATION_READERS, kind="page"),
    _keeps(f"{ADMIN}/rules", administration.import_rules, SYSTEM_KEEPERS),
    Route("GET", f"{ADMIN}/trail", administration.show_trail, ADMINISTRATION_READERS, kind="page"),
    Route("GET", INVITATION, administration.show_invitation, Everybody(), kind="page"),
    Route("POST", INVITATION, administration.accept_invitation, Everybody(), form=True, kind="page"),
    Route("GET", "/", sign_in.home, SIGNED_IN, kind="page"),
    Route("GET", "/deadlines", boards.show_deadlines, FILE_READERS, kind="page"),
    Route("GET", "/signals", boards.show_signals, FILE_READERS, kind="page"),
    *(
        Route(
            "POST",
            f"{acts.PLACES[kind]}/{{id}}/acts/{act}",
            acts.send(kind, act),
            DESK[kind],
            form=True,
            kind="page",
            step_up=True,
        )
        for kind, act in sorted(acts.STEPPED_UP)
    ),
    Route("GET", "/plans", plans.show_list, FILE_READERS, kind="page"),
    Route("GET", "/plans/import", plan_import.show, PLANNERS, kind="page"),
    Route("POST", "/plans/import", plan_import.send, PLANNERS, form=True, kind="page", upload=plan_import.UPLOAD),
    Route("GET", "/plans/{id}", plans.show_plan, FILE_READERS, kind="page"),
    Route("GET", "/plans/{id}/candidates", plans.show_candidates, FILE_READERS, kind="page"),
    Route("GET", "/plans/{id}/revision", plan_revision.show, PLANNERS, kind="page"),
    Route(
        "POST", "/plans/{id}/revision", plan_revision.send, PLANNERS, form=True, kind="page", upload=plan_import.UPLOAD
    ),
    Route("GET", "/plans/{id}/table", plan_revision.show_table, PLANNERS),
    Route("GET", "/plans/{id}/file", plans.show_file, FILE_READERS),
    Route("GET", "/api/v1/plans/{id}/candidates", plans.candidates_json, FILE_READERS),
    *(
        route
        for kind, place in acts.PLACES.items()
        for route in (
            Route("GET", f"{place}/{{id}}/acts/{{act}}", acts.show(kind), DESK[kind], kind="page"),
            Route("POST", f"{place}/{{id}}/acts/{{act}}", acts.send(kind), DESK[kind], form=True, kind="page"),
            Route("GET", f"/api/v1{place}/{{id}}/acts", acts.list_json(kind), FILE_READERS),
            Route("POST", f"/api/v1{place}/{{id}}/acts/{{act}}", acts.send_json(kind), DESK[kind]),
        )
    ),
    Route("GET", "/signals/{id}", boards.show_signal, FILE_READERS, kind="page"),
    Route("GET", "/reviews", reviews.show, FILE_READERS, kind="page"),
    Route("POST", "/reviews/assign", reviews.assign, ASSIGNERS, form=True, kind="page"),
    Route("GET", "/search", search.show, FILE_READERS, kind="page"),
    Route("GET", "/desk", marks.show, FILE_READERS, kind="page"),
    Route("POST", "/desk/viewed", marks.tick, FILE_READERS, form=True, kind="page"),
    Route("POST", "/desk/seen", marks.seen_all, FILE_READERS, form=True, kind="page"),
    Route("POST", "/desk/filters", marks.save_filter, FILE_READERS, form=True, kind="page"),
    Route("POST", "/desk/filters/remove", marks.drop_filter, FILE_READERS, form=True, kind="page"),
    Route("POST", "/desk/shortcuts", marks.set_shortcuts, FILE_READERS, form=True, kind="page"),
    Route("GET", "/tasks", boards.show_board("task"), FILE_READERS, kind="page"),
    Route("GET", "/hazards", boards.show_board("hazard"), FILE_READERS, kind="page"),
    Route("GET", "/lists", boards.show_lists, FILE_READERS, kind="page"),
    Route("GET", "/officers", boards.show_register("officer"), FILE_READERS, kind="page"),
    Route("GET", "/officers/{id:.+}", boards.show_matter("officer"), FILE_READERS, kind="page"),
    Route("GET", "/enterprises", boards.show_register("enterprise"), FILE_READERS, kind="page"),
    Route("GET", "/enterprises/{id:.+}", boards.show_matter("enterprise"), FILE_READERS, kind="page"),
    Route("GET", "/cases", files.show_list, FILE_READERS, kind="page"),
    Route("GET", "/cases/{id}/export", exports.show, FILE_EXPORTERS, kind="page"),
    Route("POST", "/cases/{id}/export", exports.begin, FILE_EXPORTERS, form=True, kind="page"),
    Route("GET", "/cases/{id}/export/{copy}", exports.send, FILE_EXPORTERS),
    Route("GET", "/cases/{id}/drafts", files.show_drafts, FILE_READERS, kind="page"),
    Route("POST", "/cases/{id}/comments", comments.make, COMMENTERS, form=True, kind="page"),
    Route("POST", "/cases/{id}/comments/{comment}", comments.settle, COMMENTERS, form=True, kind="page"),
    Route("GET", "/cases/{id:.+}", files.show_file("case"), FILE_READERS, kind="page"),
    Route("GET", "/tasks/{id:.+}", files.show_file("task"), FILE_READERS, kind="page"),
    Route("GET", "/hazards/{id:.+}", files.show_file("hazard"), FILE_READERS, kind="page"),
    Route("POST", "/evidence", evidence.ask, FILE_READERS, form=True, kind="page"),
    Route("GET", "/evidence/{sha256}", evidence.show, FILE_READERS, kind="page"),
    Route("GET", PRIVATE, private.show, PRIVATE_READERS, kind="page"),
    Route("POST", PRIVATE, private.reveal, PRIVATE_READERS, form=True, kind="page"),
    Route("GET", "/numbers", series.show, FILE_READERS, kind="page"),
    Route("POST", "/numbers/issue", series.issue, NUMBER_TAKERS, form=True, kind="page"),
    Route("POST", "/numbers/reserve", series.reserve, NUMBER_KEEPERS, form=True, kind="page"),
    Route("POST", "/numbers/void", series.void, NUMBER_KEEPERS, form=True, kind="page"),
    Route("POST", "/numbers/return", series.take_back, NUMBER_KEEPERS, form=True, kind="page"),
    Route("GET", "/disclosures", disclosures.show_list, DISCLOSURE_READERS, kind="page"),
    Route("GET", SHEET, disclosures.show_sheet, DISCLOSURE_READERS, kind="page"),
    Route("POST", "/disclosures/prepare", disclosures.prepare, DISCLOSERS, form=True, kind="page"),
    Route("GET", "/disclosures/{record}", disclosures.show_record, DISCLOSURE_READERS, kind="page"),
    Route("POST", "/disclosures/{record}/change", disclosures.act_on, DISCLOSERS, form=True, kind="page"),
    Route(
        "POST", "/disclosures/{record}/release", disclosures.release, RELEASERS, form=True, kind="page", step_up=True
    ),
    Route("POST", "/disclosures/{record}/return", disclosures.send_back, RELEASERS, form=True, kind="page"),
    Route("GET", "/api/v1/disclosures", disclosures.list_json, DISCLOSURE_READERS),
    Route("GET", "/draws", draws.show_list, DRAW_READERS, kind="page"),
    Route("GET", "/draws/new", draws.show_form, DRAW_PLANNERS, kind="page"),
    Route("POST", "/draws/new", draws.announce, DRAW_PLANNERS, form=True, kind="page", upload=draws.LARGEST),
    Route("GET", "/draws/{id}", draws.show, DRAW_READERS, kind="page"),
    Route("GET", "/draws/{id}/pools/{pool:objects|officers}", draws.show_pool, DRAW_READERS),
    Route("POST", "/draws/{id}/enter", draws.enter, DRAW_PLANNERS, form=True, kind="page"),
    Route("POST", "/draws/{id}/reveal", draws.reveal, DRAW_REVEALERS, form=True, kind="page", step_up=True),
    Route("POST", "/draws/{id}/cancel", draws.cancel, DRAW_PLANNERS, form=True, kind="page"),
    Route("GET", "/api/v1/draws", draws.list_json, DRAW_READERS),
    Route("GET", "/webhooks", webhooks.show, ADMINISTRATORS, kind="page"),
    Route("POST", "/webhooks", webhooks.add, ADMINISTRATORS, form=True, kind="page", step_up=True),
    Route("GET", "/webhooks/{id}", webhooks.show_one, ADMINISTRATORS, kind="page"),
    Route("POST", "/webhooks/{id}", webhooks.change, ADMINISTRATORS, form=True, kind="page"),
    Route("GET", "/terminals", terminals.show_list, TERMINAL_READERS, kind="page"),
    Route("GET", "/terminals/{id}", terminals.show_terminal, TERMINAL_READERS, kind="page"),
    Route(
        "POST",
        "/terminals/{id}/resolve",
        terminals.resolve_fork,
        TERMINAL_KEEPERS,
        form=True,
        kind="page",
        step_up=True,
    ),
    Route("POST", "/terminals/{id}/revoke", terminals.revoke, TERMINAL_KEEPERS, form=True, kind="page", step_up=True),
    Route("POST", "/terminals/{id}/hold", terminals.hold, TERMINAL_KEEPERS, form=True, kind="page"),
    Route("POST", "/terminals/{id}/release", terminals.release, TERMINAL_KEEPERS, form=True, kind="page"),
    Route("GET", "/help", guide.show_list, Everybody(), kind="page"),
    Route("GET", "/help/{topic}", guide.show_topic, Everybody(), kind="page"),
    Route("GET", "/api/v1/deadlines", boards.deadlines_json, FILE_READERS),
    Route("GET", "/api/v1/signals", boards.signals_json, FILE_READERS),
    Route("GET", "/api/v1/reviews", reviews.show_json, FILE_READERS),
    Route("GET", "/api/v1/search", search.show_json, FILE_READERS),
    Route("GET", "/api/v1/lists", boards.lists_json, FILE_READERS),
    *(
        route
        for kind in boards.MATTERS
        for route in (
            Route("GET", f"/api/v1/matters/{kind}", boards.matters_json(kind), FILE_READERS),
            Route("GET", f"/api/v1/matters/{kind}/{{id:.+}}", boards.matter_json(kind), FILE_READERS),
        )
    ),
    Route("GET", "/api/v1/cases", files.list_json, FILE_READERS),
    Route("GET", "/api/v1/cases/{id:.+}", files.file_json("case"), FILE_READERS),
    Route("GET", "/api/v1/tasks/{id:.+}", files.file_json("task"), FILE_READERS),
    Route("GET", "/api/v1/hazards/{id:.+}", files.file_json("hazard"), FILE_READERS),
    Route("GET", "/api/v1/evidence/{sha256}", evidence.show_json, FILE_READERS),
    Route("GET", "/api/v1/terminals", terminals.list_json, TERMINAL_READERS),
    Route("GET", "/api/v1/terminals/{id}", terminals.terminal_json, TERMINAL_READERS),
)


def add_routes(app: web.Application, folders: Sequence[Path] = ()) -> None:
    """Put the face on an application made by server.web.app; reads templates and texts.

    `folders`: template folders of other faces whose pages stand in the frame of this one.
    """
    app[PAGES] = frame.make_pages(folders)
    app[FRAME] = shared = frame.Shared()
    app[ERROR_PAGE] = frame.refusal
    app[CONFIRM_PAGE] = sign_in.confirm
    add(app, (*(shared.headed(route) for route in ROUTES), app[PAGES].route()))
