"""Webhooks for administrators: where events of the authority are sent, what waits, what died; made, paused, sent again.

Invariant: the secret of a target is on the one page that answers its making, and nowhere else.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from schemas.problems import Problem
from server.console.frame import page, texts_of
from server.web.app import FORM, SERVICES, Webhooks, person_of
from server.web.asked import id_of_address
from server.web.i18n import N_

CHOICES: Final = {
    "disclosure": N_("Everything that is published, corrected or taken down"),
    "disclosure.withdrawn": N_("Withdrawals only"),
    "compliance": N_("Alerts of supervision"),
}
STATES: Final = {"active": N_("active"), "paused": N_("paused")}
MESSAGES: Final = {"waiting": N_("waiting"), "delivered": N_("delivered"), "dead": N_("given up")}
COLOURS: Final = {"active": "ok", "delivered": "ok", "paused": "warn", "waiting": "info", "dead": "bad"}


async def show(request: web.Request) -> web.Response:
    """All targets of the authority."""
    return await _shown(request)


async def add(request: web.Request) -> web.Response:
    """Make a target. The answer shows its secret, once."""
    form = request[FORM]
    events = [name for name in CHOICES if form.get(f"event-{name}")]
    try:
        secret = await _webhooks(request).add(person_of(request), form.get("url", ""), form.get("label", ""), events)
    except Problem as problem:
        if problem.code != "bad_request":
            raise
        return await _shown(request, wrong=problem.reason, form=form, status=400)
    return await _shown(request, secret=secret)


async def show_one(request: web.Request) -> web.Response:
    """The newest messages to one target."""
    target = id_of_address(request)
    person, webhooks = person_of(request), _webhooks(request)
    found = next((one for one in await webhooks.targets(person) if one.id == target), None)
    if found is None:
        raise Problem("not_found")
    texts = texts_of(request)
    messages = await webhooks.messages(person, target)
    return page(
        request,
        "webhook.html",
        person,
        target=found,
        messages=messages,
        reasons={one.id: texts.gettext(one.error) for one in messages if one.error},
        states={name: texts.gettext(text) for name, text in {**STATES, **MESSAGES}.items()},
        colours=COLOURS,
        done=request.query.get("done", ""),
    )


async def change(request: web.Request) -> web.Response:
    """Pause, go on, remove, test, or send again what died."""
    target, action = id_of_address(request), request[FORM].get("action", "")
    person, webhooks = person_of(request), _webhooks(request)
    match action:
        case "pause":
            await webhooks.set_state(person, target, "paused")
        case "resume":
            await webhooks.set_state(person, target, "active")
        case "remove":
            await webhooks.set_state(person, target, "gone")
            raise web.HTTPSeeOther("/webhooks")
        case "test":
            await webhooks.test(person, target)
        case "again":
            await webhooks.send_again(person, target)
        case _:
            raise Problem("bad_request", "expected one of the buttons of the page")
    raise web.HTTPSeeOther(f"/webhooks/{target}?done={action}")


async def _shown(
    request: web.Request, *, wrong: str = "", secret: str = "", form: dict[str, str] | None = None, status: int = 200
) -> web.Response:
    person, texts = person_of(request), texts_of(request)
    return page(
        request,
        "webhooks.html",
        person,
        status=status,
        targets=await _webhooks(request).targets(person),
        choices={name: texts.gettext(text) for name, text in CHOICES.items()},
        states={name: texts.gettext(text) for name, text in STATES.items()},
        colours=COLOURS,
        wrong=wrong,
        secret=secret,
        form=form or {},
    )


def _webhooks(request: web.Request) -> Webhooks:
    webhooks = request.app[SERVICES].webhooks
    if webhooks is None:
        raise Problem("not_found", "no webhooks are sent from here")
    return webhooks
