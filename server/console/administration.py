"""Administration: accounts, units, authorities, enrolment of terminals, rule sets, and the trail of what was done.

The database decides by the session of who asks (server.identity.keeping); pages show what it would refuse as closed.
Invariant: a one-time link or code is shown once, in the answer that makes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from schemas.problems import Problem
from server.console import words
from server.console.access import ACCOUNT_KEEPERS, FILE_READERS, SYSTEM_KEEPERS
from server.console.account import qr_code
from server.console.frame import gate_of, page, texts_of
from server.identity import keeping
from server.identity.person import APART, ROLES, Person
from server.identity.store import IdentityRefused
from server.web.app import FORM, SERVICES, Keeping, person_of
from server.web.i18n import N_
from server.web.languages import language

MAX_RULES: Final = 16 * 1024
"""Characters of a file of rules that a form takes; larger ones go by the command."""
REFUSALS: Final[Mapping[str, str]] = {
    "authority": N_("That authority is not one that you keep. Nothing was changed."),
    "roles": N_("These roles are not yours to give or to take: who runs, guards or checks the system is the security "
                "officer's, all others are the administrator's. Nothing was changed."),
    "taken": N_("There is an account of that name already. Choose another name."),
    "officer": N_("That officer has an account already: one person has one account. Nothing was changed."),
    "unit": N_("That authority has no such unit. Make it first, on the page of units."),
    "not_found": N_("There is no such account among those that you keep."),
    "own": N_("Nobody changes the own account here: ask another administrator or security officer."),
    "closed": N_("The account is closed: open it first."),
    "none": N_("That account has no second factor: there is nothing to reset."),
    "parent": N_("An authority stands below one that you keep, and never below itself. Nothing was changed."),
    "form": N_("Something is missing or has another form than expected. Nothing was changed."),
}  # fmt: skip
UNIT_ROLES: Final[Mapping[str, str]] = {
    "leadership": N_("heads of the bureau"),
    "handling": N_("inspects and handles cases"),
    "legal": N_("legal review"),
    "disclosure": N_("disclosure"),
    "planning": N_("planning"),
    "supervision": N_("supervision"),
    "administration": N_("runs the system"),
    "other": N_("other"),
}
DEEDS: Final[Mapping[str, str]] = {
    "account_added": N_("account added"),
    "account_changed": N_("account changed"),
    "account_closed": N_("account closed"),
    "account_opened": N_("account opened again"),
    "password_reset": N_("password reset, link given"),
    "password_set": N_("password set"),
    "password_chosen": N_("password chosen behind a link"),
    "password_changed": N_("own password changed"),
    "factor_set": N_("second factor set up"),
    "factor_dropped": N_("second factor dropped"),
    "factor_reset": N_("second factor reset"),
    "recovery_codes_made": N_("new recovery codes"),
    "unit_set": N_("unit set"),
    "authority_set": N_("authority set"),
    "token_made": N_("access token made"),
    "provider_linked": N_("identity provider linked"),
    "provider_unlinked": N_("identity provider unlinked"),
}
"""What the trail says was done."""


async def show(request: web.Request) -> web.Response:
    """What can be administered here."""
    person = person_of(request)
    return page(request, "administration.html", person, keeper=person.may(ACCOUNT_KEEPERS.roles),
                system=person.may(SYSTEM_KEEPERS.roles), numbers=person.may(FILE_READERS.roles))  # fmt: skip


async def show_accounts(request: web.Request) -> web.Response:
    """The accounts that this person keeps, and the form for a new one."""
    return await _accounts(request)


async def add_account(request: web.Request) -> web.Response:
    """Make an account; its one-time link is shown once."""
    form = request[FORM]
    try:
        refused, secret = await keeping.add(
            gate_of(request).pool, person_of(request).session, name=form.get("name", "").strip().lower(),
            display=form.get("display", "").strip(), authority=form.get("authority", "").strip(),
            unit=form.get("unit", "").strip(), officer=form.get("officer", "").strip(), roles=_roles(form),
        )  # fmt: skip
    except IdentityRefused as fault:
        return await _accounts(request, status=400, wrong="form", said=str(fault))
    if refused:
        return await _accounts(request, status=409, wrong=refused)
    return await _account(request, form.get("name", "").strip().lower(), done="added", secret=secret)


async def show_account(request: web.Request) -> web.Response:
    """One account."""
    return await _account(request, request.match_info["name"], done=request.query.get("done", ""))


async def change_account(request: web.Request) -> web.Response:
    """Another name on pages, unit, officer or roles."""
    form, name = request[FORM], request.match_info["name"]
    try:
        refused = await keeping.change(
            gate_of(request).pool, person_of(request).session, name, display=form.get("display", "").strip(),
            unit=form.get("unit", "").strip(), officer=form.get("officer", "").strip(), roles=_roles(form),
        )  # fmt: skip
    except IdentityRefused as fault:
        return await _account(request, name, status=400, wrong="form", said=str(fault))
    return await _after(request, name, refused, "changed")


async def disable_account(request: web.Request) -> web.Response:
    """Close an account, or open it again."""
    name, closing = request.match_info["name"], request[FORM].get("open") != "1"
    refused = await keeping.disable(gate_of(request).pool, person_of(request).session, name, closing)
    return await _after(request, name, refused, "closed" if closing else "opened")


async def invite(request: web.Request) -> web.Response:
    """Void the password; the link behind which a new one is chosen is shown once."""
    name = request.match_info["name"]
    refused, secret = await keeping.invite(gate_of(request).pool, person_of(request).session, name)
    if refused:
        return await _after(request, name, refused, "")
    return await _account(request, name, done="invited", secret=secret)


async def drop_factor(request: web.Request) -> web.Response:
    """Take the second factor of somebody else away."""
    name = request.match_info["name"]
    refused = await keeping.drop_factor(gate_of(request).pool, person_of(request).session, name)
    return await _after(request, name, refused, "factor")


async def show_units(request: web.Request) -> web.Response:
    """Units, with the form for a new one."""
    return await _units(request)


async def set_unit(request: web.Request) -> web.Response:
    """Make a unit, or change it."""
    form = request[FORM]
    try:
        refused = await keeping.set_unit(
            gate_of(request).pool, person_of(request).session, authority=form.get("authority", "").strip(),
            unit=form.get("unit", "").strip(), name=form.get("name", "").strip(), role=form.get("role", ""),
            closed=form.get("closed") == "1",
        )  # fmt: skip
    except IdentityRefused as fault:
        return await _units(request, status=400, wrong="form", said=str(fault))
    if refused:
        return await _units(request, status=409, wrong=refused)
    return web.Response(status=303, headers={"Location": "/administration/units?done=1"})


async def show_authorities(request: web.Request) -> web.Response:
    """The own authority and those below it."""
    return await _authorities(request)


async def set_authority(request: web.Request) -> web.Response:
    """What an authority is called, and below which it stands."""
    form = request[FORM]
    try:
        refused = await keeping.set_authority(
            gate_of(request).pool, person_of(request).session, authority=form.get("authority", "").strip(),
            parent=form.get("parent", "").strip(), name=form.get("name", "").strip(),
        )  # fmt: skip
    except IdentityRefused as fault:
        return await _authorities(request, status=400, wrong="form", said=str(fault))
    if refused:
        return await _authorities(request, status=409, wrong=refused)
    return web.Response(status=303, headers={"Location": "/administration/authorities?done=1"})


async def show_enrolment(request: web.Request) -> web.Response:
    """How a terminal is enrolled, and the button that gives out a code."""
    return page(request, "enrol.html", person_of(request), paper=None, qr="", text="")


async def give_code(request: web.Request) -> web.Response:
    """A code that enrols one terminal within 15 minutes: as a QR code, and to be typed. Shown this once."""
    paper = await _keeping(request).issue_code(person_of(request))
    text = json.dumps(dict(paper), ensure_ascii=False, separators=(",", ":"))
    return page(request, "enrol.html", person_of(request), paper=paper, qr=qr_code(text), text=text)


async def show_rules(request: web.Request) -> web.Response:
    """The rules that are in force for the own authority, each with its source."""
    return await _rules(request)


async def import_rules(request: web.Request) -> web.Response:
    """Say what a file of rules would do; or publish it, as an act of the office."""
    form = request[FORM]
    text = form.get("rules", "")
    if not 1 <= len(text) <= MAX_RULES:
        return await _rules(request, status=400, text=text[:MAX_RULES], wrong="length")
    publishing = form.get("publish") == "1"
    told = await _keeping(request).publish_rules(person_of(request), text.encode(), dry_run=not publishing)
    return await _rules(request, status=400 if told.faults else 200, text="" if told.recorded else text, told=told)


async def show_trail(request: web.Request) -> web.Response:
    """What was done to accounts, by whom and in which session."""
    before = request.query.get("before", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) <= 18):
        raise Problem("bad_cursor")
    pool, person = gate_of(request).pool, person_of(request)
    rows, further = await keeping.trail(pool, person.session, int(before) if before else keeping.LAST)
    texts = texts_of(request)
    return page(
        request, "trail.html", person, rows=rows, next=further, first=not before,
        deeds={name: texts.gettext(text) for name, text in DEEDS.items()},
    )  # fmt: skip


async def show_invitation(request: web.Request) -> web.Response:
    """The form behind a one-time link: choose a password. Opening it uses nothing up."""
    return await _invitation(request)


async def accept_invitation(request: web.Request) -> web.Response:
    """The password is the chosen one from now on; the link is used up."""
    from server.identity.passwords import PasswordRefused

    form, gate = request[FORM], gate_of(request)
    if form.get("chosen", "") != form.get("again", ""):
        return await _invitation(request, status=400, wrong="again")
    if await keeping.invited(gate.pool, request.match_info["key"]) is None:
        return await _invitation(request)
    try:
        hashed = await gate.checker.hash(form.get("chosen", ""))
    except PasswordRefused:
        return await _invitation(request, status=400, wrong="chosen")
    except TimeoutError:
        raise Problem("overloaded") from None
    if await keeping.accept(gate.pool, request.match_info["key"], hashed) is None:
        return await _invitation(request)
    return web.Response(status=303, headers={"Location": "/sign-in"})


# -- the pages ---------------------------------------------------------------------------------------------------------


async def _accounts(request: web.Request, *, status: int = 200, wrong: str = "", said: str = "") -> web.Response:
    person, pool = person_of(request), gate_of(request).pool
    rows, further = await keeping.accounts(pool, person.session, request.query.get("after", "")[:64])
    form = request.get(FORM, {})
    return page(
        request, "accounts.html", person, status=status, rows=rows, next=further, first="after" not in request.query,
        form=form, given=_roles(form), units=await keeping.units(pool, person.session), **_common(request, wrong, said),
    )  # fmt: skip


async def _account(
    request: web.Request, name: str, *, status: int = 200, wrong: str = "", said: str = "", done: str = "",
    secret: str = "",
) -> web.Response:  # fmt: skip
    person, pool = person_of(request), gate_of(request).pool
    one = await keeping.account(pool, person.session, name)
    if one is None:
        raise Problem("not_found")
    scheme = "https" if gate_of(request).secure else request.scheme
    base = request.app[SERVICES].origin or f"{scheme}://{request.host}"
    units = [unit for unit in await keeping.units(pool, person.session) if unit.authority == one.authority]
    return page(
        request, "kept_account.html", person, status=status, one=one, done=done if not wrong else "",
        link=f"{base}/invitation/{secret}" if secret else "", units=units,
        guards=person.may(frozenset({"security_officer"})), **_common(request, wrong, said),
    )  # fmt: skip


async def _after(request: web.Request, name: str, refused: str, done: str) -> web.Response:
    if refused == "not_found":
        raise Problem("not_found")
    if refused:
        return await _account(request, name, status=409, wrong=refused)
    return web.Response(status=303, headers={"Location": f"/administration/accounts/{name}?done={done}"})


async def _units(request: web.Request, *, status: int = 200, wrong: str = "", said: str = "") -> web.Response:
    person, pool = person_of(request), gate_of(request).pool
    return page(
        request, "units.html", person, status=status, rows=await keeping.units(pool, person.session),
        form=request.get(FORM, {}), done="done" in request.query and not wrong, **_common(request, wrong, said),
    )  # fmt: skip


async def _authorities(request: web.Request, *, status: int = 200, wrong: str = "", said: str = "") -> web.Response:
    person, pool = person_of(request), gate_of(request).pool
    return page(
        request, "authorities.html", person, status=status, rows=await keeping.authorities(pool, person.session),
        form=request.get(FORM, {}), done="done" in request.query and not wrong, **_common(request, wrong, said),
    )  # fmt: skip


async def _rules(
    request: web.Request, *, status: int = 200, text: str = "", wrong: str = "", told: Any = None
) -> web.Response:
    person = person_of(request)
    office = request.app[SERVICES].keeping
    rows = [] if office is None else await office.rules(person)
    wanted = request.query.get("q", "").strip()[:64]
    if wanted:
        rows = [row for row in rows if wanted.lower() in f"{row.key} {row.source} {row.authority}".lower()]
    return page(
        request, "rules.html", person, status=status, rows=rows, wanted=wanted, text=text, wrong=wrong, told=told,
        imports=office is not None and person.may(SYSTEM_KEEPERS.roles), most=MAX_RULES,
        lang_en=language(request) == "en",
    )  # fmt: skip


async def _invitation(request: web.Request, *, status: int = 200, wrong: str = "") -> web.Response:
    gate = gate_of(request)
    found = await keeping.invited(gate.pool, request.match_info["key"])
    secret = gate.form_secret(request)
    response = page(
        request, "invitation.html", None, status=status if found else 404, account=found, wrong=wrong,
        token=gate.form_token(secret),
    )  # fmt: skip
    if found:
        gate.remember_form(response, secret)
    response.headers["Referrer-Policy"] = "no-referrer" if found is None else "same-origin"
    return response


def _common(request: web.Request, wrong: str, said: str) -> dict[str, Any]:
    """What every page with a form of administration reads."""
    texts, person = texts_of(request), person_of(request)
    return {
        "wrong": texts.gettext(REFUSALS[wrong]) if wrong else "",
        "said": said,
        "role_names": {role: texts.gettext(text) for role, text in words.ROLE_NAMES.items()},
        "grantable": grantable(person),
        "unit_roles": {role: texts.gettext(text) for role, text in UNIT_ROLES.items()},
        "kept": person.kept,
        "system": person.may(SYSTEM_KEEPERS.roles),
    }


def grantable(person: Person) -> tuple[str, ...]:
    """Roles that this person may give."""
    guards, runs = "security_officer" in person.roles, "administrator" in person.roles
    return tuple(role for role in ROLES if (guards if role in APART else runs))


def _roles(form: Mapping[str, str]) -> list[str]:
    return [role for role in ROLES if form.get(f"role-{role}") == "1"]


def _keeping(request: web.Request) -> Keeping:
    office = request.app[SERVICES].keeping
    if office is None:
        raise Problem("not_ready", "this server only reads")
    return office
