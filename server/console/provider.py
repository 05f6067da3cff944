"""Signing in with the identity provider, and linking the own account with it.

Invariant: a sign-in from outside opens an account that its holder linked before, and makes none.
"""

from __future__ import annotations

from aiohttp import web

from schemas.problems import Problem
from server.console.frame import gate_of
from server.console.sign_in import following_of, refused_outside
from server.identity import store
from server.identity.oidc import OidcRefused, Provider
from server.web.app import SERVICES, person_of

BACK = "/sign-in/oidc/back"


async def begin(request: web.Request) -> web.Response:
    """Off to the provider; afterwards to the page that was asked for."""
    return await _off(request, following_of(request.query.get("next", "")), "")


async def begin_link(request: web.Request) -> web.Response:
    """Off to the provider, to link what comes back with the account of this session."""
    return await _off(request, "/account?done=linked", person_of(request).session.hex())


async def unlink(request: web.Request) -> web.Response:
    """From now on a sign-in from outside opens this account no more."""
    await store.unlink(gate_of(request).pool, person_of(request).session, _provider(request).issuer)
    return web.Response(status=303, headers={"Location": "/account?done=unlinked"})


async def back(request: web.Request) -> web.Response:
    """Back from the provider: open the session of the account that is linked, or link."""
    gate, provider = gate_of(request), _provider(request)
    try:
        subject, kept = await provider.finish(_redirect(request), request.query, gate.outside(request))
    except OidcRefused as refused:
        return refused_outside(request, "outside", str(refused))
    if kept.link:
        person = await gate.identify(request)
        if person is None or person.session.hex() != kept.link:
            return refused_outside(request, "outside", "another session began this")
        if not await store.link(gate.pool, person.session, provider.issuer, subject):
            raise Problem(
                "conflict", "that identity is linked with an account already, or this account with another one"
            )
        response = web.Response(status=303, headers={"Location": kept.following})
        gate.forget_outside(response)
        return response
    name = await store.linked(gate.pool, provider.issuer, subject)
    secret = None if name is None else await gate.open(request, name, factors=2)
    if secret is None:
        return refused_outside(request, "unlinked", "")
    response = web.Response(status=303, headers={"Location": kept.following})
    gate.remember(response, secret)
    gate.forget_outside(response)
    return response


async def _off(request: web.Request, following: str, link: str) -> web.Response:
    gate = gate_of(request)
    try:
        where, kept = await _provider(request).begin(_redirect(request), following, link)
    except OidcRefused as refused:
        return refused_outside(request, "outside", str(refused))
    response = web.Response(status=303, headers={"Location": where})
    gate.remember_outside(response, kept)
    return response


def _redirect(request: web.Request) -> str:
    origin = request.app[SERVICES].origin or f"{request.scheme}://{request.host}"
    return f"{origin}{BACK}"


def _provider(request: web.Request) -> Provider:
    provider = gate_of(request).provider
    if provider is None:
        raise Problem("not_found", "no identity provider is set up here")
    return provider
