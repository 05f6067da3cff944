"""The own account: sessions, password, second factor, recovery codes.

Invariant: a secret (QR code, recovery codes) is shown to its owner in the answer that makes it and is on no page
afterwards; whoever changes how the account is entered has said just now who they are.
"""

from __future__ import annotations

import re
from typing import Final

import segno
from aiohttp import web
from markupsafe import Markup

from schemas.problems import Problem
from server.console.frame import gate_of, page
from server.identity import codes, store
from server.identity.passwords import MAX_LENGTH, MIN_LENGTH, PasswordRefused
from server.web.app import FORM, person_of

_SESSION: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


async def show(request: web.Request) -> web.Response:
    """Who I am here, my sessions, and how I sign in."""
    return await _account(request)


async def end_sessions(request: web.Request) -> web.Response:
    """End one of my other sessions, or all of them."""
    wanted = request[FORM].get("session", "")
    if wanted and not _SESSION.fullmatch(wanted):
        raise Problem("bad_request", "expected a session of the list, or none for all others")
    person = person_of(request)
    await store.end_own(gate_of(request).pool, person.session, bytes.fromhex(wanted) if wanted else None)
    return _back("sessions")


async def change_password(request: web.Request) -> web.Response:
    """Change my password, with the one that holds until now."""
    gate, form, person = gate_of(request), request[FORM], person_of(request)
    chosen = form.get("chosen", "")
    if chosen != form.get("again", ""):
        return await _account(request, status=400, wrong="again")
    try:
        if not await gate.check_password(request, person, form.get("password", "")):
            return await _account(request, status=403, wrong="password")
        await store.own_password(gate.pool, person.session, await gate.checker.hash(chosen))
    except PasswordRefused:
        return await _account(request, status=400, wrong="chosen")
    except Problem as refusal:
        if refusal.code not in ("quota_exceeded", "overloaded"):
            raise
        return await _account(request, status=refusal.type.status, wrong=refusal.code)
    return _back("password")


async def show_factor(request: web.Request) -> web.Response:
    """Whether I have a second factor, and the button that begins."""
    return _factor(request)


async def begin_factor(request: web.Request) -> web.Response:
    """Show the secret for the authenticator app."""
    return await _offer(request)


async def confirm_factor(request: web.Request) -> web.Response:
    """The first code: from now on codes are asked for. The recovery codes are shown this once."""
    try:
        written = await gate_of(request).confirm_factor(person_of(request), request[FORM].get("code", "")[:64])
    except Problem as refusal:
        if refusal.code != "quota_exceeded":
            raise
        return _factor(request, status=429, wrong=refusal.code)
    if written is None:
        return await _offer(request, status=400, wrong="wrong")
    return _factor(request, written=written, done="set")


async def new_recovery_codes(request: web.Request) -> web.Response:
    """New recovery codes, shown this once; those before open nothing any more."""
    written = await gate_of(request).new_recovery_codes(person_of(request))
    if written is None:
        raise Problem("conflict", "there is no second factor: set one up first")
    return _factor(request, written=written, done="codes")


async def drop_factor(request: web.Request) -> web.Response:
    """Ask me for no codes any more."""
    await gate_of(request).drop_factor(person_of(request))
    return _back("dropped")


def _back(done: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/account?done={done}"})


async def _account(request: web.Request, *, status: int = 200, wrong: str = "") -> web.Response:
    person, gate = person_of(request), gate_of(request)
    sessions, left = await store.sessions_of(gate.pool, person.session) if person.via == "session" else ([], 0)
    return page(
        request,
        "account.html",
        person,
        status=status,
        wrong=wrong,
        done=request.query.get("done", "") if not wrong else "",
        sessions=sessions,
        left=left,
        provider="" if gate.provider is None else gate.provider.issuer,
        linked=gate.provider is not None and await store.is_linked(gate.pool, person.name, gate.provider.issuer),
        needed=person.may(gate.required),
        least=MIN_LENGTH,
        most=MAX_LENGTH,
    )


def _factor(
    request: web.Request, *, status: int = 200, wrong: str = "", done: str = "", written: list[str] | None = None
) -> web.Response:
    person = person_of(request)
    needed = person.may(gate_of(request).required)
    return page(
        request, "factor.html", person, status=status, wrong=wrong, done=done, written=written, secret="", qr="",
        address="", needed=needed,
    )  # fmt: skip


async def _offer(request: web.Request, *, status: int = 200, wrong: str = "") -> web.Response:
    person = person_of(request)
    secret = await gate_of(request).offer_factor(person)
    if secret is None:
        return web.Response(status=303, headers={"Location": "/account/second-factor"})
    address = codes.address(secret, person.name, request.host)
    text = codes.secret_text(secret)
    return page(
        request,
        "factor.html",
        person,
        status=status,
        wrong=wrong,
        done="",
        written=None,
        secret=" ".join(text[at : at + 4] for at in range(0, len(text), 4)),
        qr=qr_code(address),
        address=address,
        needed=person.may(gate_of(request).required),
    )


def qr_code(content: str) -> Markup:
    """A QR code as inline SVG, dark on light whatever the page's colours are: no script, no request for it."""
    drawn = segno.make(content, error="m", micro=False)
    return Markup(drawn.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True))  # noqa: S704 - drawn here
