"""Signing in and out, and the home page.

Invariant: after signing in a browser goes to a page of this server only, and a wrong name and a wrong password look
the same.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from aiohttp import web

from projections import queries
from projections.process.figures import cut_name
from projections.process.names import names
from projections.views import SUBJECT_KINDS
from schemas.problems import Problem
from server.console.access import FILE_READERS, scope
from server.console.frame import COUNTS, gate_of, own_only, page
from server.web.app import FORM, PROOF_FIELD, SERVICES, person_of

# A path of ours with its query: no scheme, no host (`//` and `/\` lead elsewhere), nothing invisible.
_OURS: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,500}", re.ASCII)


async def home(request: web.Request) -> web.Response:
    """What is here for this person, and how current it is."""
    person = person_of(request)
    async with scope(request, own=True) as connection:
        counts = {}
        if person.may(FILE_READERS.roles):
            for kind in SUBJECT_KINDS:
                counts[kind] = await queries.list_cases(connection, kind, 5)
        called = await names(connection, [(row.kind, row.id) for found in counts.values() for row in found.rows])
        terminals = await queries.terminals(connection, queries.MAX_ROWS)
        lag = await queries.lag(connection)
        as_of = await queries.as_of(connection)
    odd = [one for one in terminals.rows if one.held or one.open_branches or one.revoked is not None]
    return page(
        request,
        "home.html",
        person,
        counts=counts,
        called=called,
        terminals=terminals,
        odd=odd,
        due=request.get(COUNTS),
        mine=own_only(person),
        waiting=sum(one.waiting for one in terminals.rows),
        behind=sum(one.behind for one in lag),
        parked=sum(one.parked for one in lag),
        entries=sum(as_of.values()),
        cut=cut_name(as_of),
    )


async def show(request: web.Request) -> web.Response:
    """The sign-in form."""
    return _form(request, status=200, name="", failed="")


async def sign_in(request: web.Request) -> web.Response:
    """Check name and password; open a session and go on, or ask for a code where the account has a second factor."""
    gate = gate_of(request)
    form = request[FORM]
    name = form.get("name", "")[:64]
    following = following_of(form.get("next", ""))
    try:
        begun = await gate.sign_in(request, name, form.get("password", ""))
    except Problem as refusal:
        if refusal.code not in ("quota_exceeded", "overloaded"):
            raise
        return _form(request, status=refusal.type.status, name=name, failed=refusal.code)
    if begun is None:
        return _form(request, status=401, name=name, failed="wrong")
    if begun.whole:
        response = web.Response(status=303, headers={"Location": following})
        gate.remember(response, begun.secret)
        return response
    onward = "" if following == "/" else f"?next={quote(following, safe='')}"
    response = web.Response(status=303, headers={"Location": f"/sign-in/code{onward}"})
    gate.remember_waiting(response, begun.secret)
    return response


async def show_code(request: web.Request) -> web.Response:
    """The form for the code behind the password."""
    if not gate_of(request).waits(request):
        return web.Response(status=303, headers={"Location": "/sign-in"})
    return _code_form(request, status=200, failed="")


async def sign_in_code(request: web.Request) -> web.Response:
    """Check the code; open the session and go on."""
    gate = gate_of(request)
    form = request[FORM]
    try:
        begun = await gate.sign_in_code(request, form.get("code", "")[:64])
    except Problem as refusal:
        if refusal.code != "quota_exceeded":
            raise
        return _code_form(request, status=refusal.type.status, failed=refusal.code)
    if begun is None:
        return _form(request, status=401, name="", failed="over")
    if not begun.whole:
        return _code_form(request, status=401, failed="wrong")
    response = web.Response(status=303, headers={"Location": following_of(form.get("next", ""))})
    gate.remember(response, begun.secret)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End the session here and on the server."""
    gate = request.app[SERVICES].gate
    await gate.end(request)
    response = web.Response(status=303, headers={"Location": "/sign-in?out=1"})
    gate.forget(response)
    return response


def confirm(request: web.Request, wrong: str) -> web.Response:
    """Ask for the password before a grave act. Everything that the form holds comes back with the answer."""
    return page(
        request,
        "confirm.html",
        person_of(request),
        status={"": 403, "wrong": 403, "overloaded": 503}.get(wrong, 429),
        wrong=wrong,
        fields=[(name, value) for name, value in request[FORM].items()],
        proof=PROOF_FIELD,
    )


def _code_form(request: web.Request, *, status: int, failed: str) -> web.Response:
    gate = request.app[SERVICES].gate
    secret = gate.form_secret(request)
    following = following_of(request.get(FORM, {}).get("next", "") or request.query.get("next", ""))
    token = gate.form_token(secret)
    response = page(request, "sign_in_code.html", None, status=status, failed=failed, following=following, token=token)
    gate.remember_form(response, secret)
    return response


def _form(request: web.Request, *, status: int, name: str, failed: str, why: str = "") -> web.Response:
    gate = gate_of(request)
    secret = gate.form_secret(request)
    form = request.get(FORM, {})
    following = following_of(form.get("next", "") or request.query.get("next", ""))
    response = page(
        request,
        "sign_in.html",
        None,
        status=status,
        name=name,
        failed=failed,
        following=following,
        needed=following != "/" and not failed,
        out="out" in request.query and not failed,
        token=gate.form_token(secret),
        why=why,
        outside=gate.provider is not None,
    )
    gate.remember_form(response, secret)
    return response


def refused_outside(request: web.Request, failed: str, why: str) -> web.Response:
    """The sign-in form after a sign-in from outside that failed."""
    response = _form(request, status=403, name="", failed=failed, why=why)
    gate_of(request).forget_outside(response)
    return response


def following_of(wanted: str) -> str:
    """Where to go after signing in: a page of ours."""
    return wanted if _OURS.fullmatch(wanted) else "/"
