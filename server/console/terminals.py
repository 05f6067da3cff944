"""Terminals: how each stands, and the officer's acts that end a fork and a hold; pages and JSON.

Invariant: an act needs a reason and is written to the log before the page says that it is done.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from projections import queries
from projections.process.figures import cut_name
from projections.views import TerminalLedger, TerminalPage, to_json
from schemas.problems import Problem
from server.console import words
from server.console.access import TERMINAL_KEEPERS, acts_on, scope
from server.console.frame import page, texts_of
from server.web.app import FORM, SERVICES, person_of
from server.web.etag import json_answer
from server.web.languages import language

PAGE_ROWS: Final = 50
MAX_REASON: Final = 500
STORED: Final = "stored"
"""The chain that was stored first, as the name of a branch."""
_BRANCH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


async def show_list(request: web.Request) -> web.Response:
    """All terminals of the authority."""
    rows, as_of = await _list(request)
    first = "after" not in request.query
    return page(request, "terminals.html", person_of(request), rows=rows, first=first, cut=cut_name(as_of))


async def show_terminal(request: web.Request) -> web.Response:
    """One terminal."""
    return await _page(request)


async def resolve_fork(request: web.Request) -> web.Response:
    """The officer names the branch that goes on."""
    form = request[FORM]
    branch = form.get("branch", "")
    reason = form.get("reason", "").strip()
    if branch != STORED and _BRANCH.fullmatch(branch) is None:
        return await _page(request, status=400, wrong="branch", reason=reason)
    return await _act(request, "resolved", reason, branch)


async def hold(request: web.Request) -> web.Response:
    """The officer holds the terminal."""
    return await _act(request, "held", request[FORM].get("reason", "").strip())


async def revoke(request: web.Request) -> web.Response:
    """The officer ends the terminal's service."""
    return await _act(request, "revoked", request[FORM].get("reason", "").strip())


async def release(request: web.Request) -> web.Response:
    """The officer ends the hold."""
    return await _act(request, "released", request[FORM].get("reason", "").strip())


async def list_json(request: web.Request) -> web.Response:
    """`/api/v1/terminals`."""
    rows, as_of = await _list(request)
    cut = {str(log): size for log, size in sorted(as_of.items())}
    response = json_answer(request, {**to_json(rows, language(request)), "as_of": cut})
    if rows.next is not None:
        kept = "".join(f"{name}={quote(value)}&" for name, value in request.query.items() if name == "authority")
        response.headers["Link"] = f'<{request.path}?{kept}after={quote(rows.next, safe="")}>; rel="next"'
    return response


async def terminal_json(request: web.Request) -> web.Response:
    """`/api/v1/terminals/{id}`."""
    return json_answer(request, to_json(await _terminal(request), language(request)))


async def _act(request: web.Request, done: str, reason: str, branch: str = "") -> web.Response:
    acts = request.app[SERVICES].acts
    if acts is None:
        raise Problem("not_ready", "this server only reads")
    if not 1 <= len(reason) <= MAX_REASON:
        return await _page(request, status=400, wrong=f"{done}_reason", reason=reason)
    terminal = (await _terminal(request)).id  # of the own authority, or not found
    try:
        if done == "resolved":
            await acts.resolve_fork(person_of(request), terminal, None if branch == STORED else branch, reason)
        elif done == "revoked":
            await acts.revoke(person_of(request), terminal, reason)
        elif done == "held":
            await acts.hold(person_of(request), terminal, reason)
        else:
            await acts.release(person_of(request), terminal, reason)
    except Problem as refusal:
        # The terminal is there, we have just read it: not found is the branch, decided on by another officer.
        if refusal.code not in ("conflict", "not_found"):
            raise
        return await _page(request, status=409, wrong="conflict", reason=reason)
    # The projections follow within moments; the page says that the act stands in the log.
    return web.Response(status=303, headers={"Location": f"/terminals/{terminal}?done={done}"})


async def _page(request: web.Request, *, status: int = 200, wrong: str = "", reason: str = "") -> web.Response:
    person = person_of(request)
    one = await _terminal(request)
    texts = texts_of(request)
    return page(
        request,
        "terminal.html",
        person,
        status=status,
        terminal=one,
        notes=[
            (note, texts.gettext(words.NOTES.get(note, note)), number) for note, number in sorted(one.notes.items())
        ],
        incidents=[(texts.gettext(words.INCIDENTS.get(each.kind, each.kind)), each) for each in one.incidents],
        keeper=person.may(TERMINAL_KEEPERS.roles)
        and acts_on(request, one.authority)
        and request.app[SERVICES].acts is not None,
        done=request.query.get("done", "") if status == 200 else "",
        wrong=wrong,
        reason=reason,
        max_reason=MAX_REASON,
        stored=STORED,
        cut=cut_name(one.as_of),
    )


async def _list(request: web.Request) -> tuple[TerminalPage, dict[int, int]]:
    async with scope(request) as connection:
        try:
            rows = await queries.terminals(connection, PAGE_ROWS, request.query.get("after"))
        except queries.BadCursor:
            raise Problem("bad_cursor") from None
        return rows, await queries.as_of(connection)


async def _terminal(request: web.Request) -> TerminalLedger:
    try:
        name = str(UUID(request.match_info["id"]))
    except ValueError:
        raise Problem("not_found") from None
    async with scope(request, "terminal", name) as connection:
        one = await queries.terminal(connection, name)
    if one is None:
        raise Problem("not_found")
    return one
