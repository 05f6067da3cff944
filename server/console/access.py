"""Which roles may open what, and the database scope of the person who asks.

An officer sees the own authority; who looks over others sees those below it as well, and changes nothing there: the
filter stands here, once, and row-level security repeats it. Invariant: no question is asked of the projections outside
`scope`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg
from aiohttp import web

from domain.office import offers
from projections import queries
from projections.process import queries as process_queries
from projections.scope import look
from schemas.problems import Problem
from server.identity import store as identity
from server.identity.person import ANY_ROLE, APART, KEEPS_BELOW
from server.web.app import SERVICES, is_secure, person_of
from server.web.routes import SAFE_METHODS, Officers, find

SIGNED_IN: Final = Officers(ANY_ROLE)
FILE_READERS: Final = Officers(ANY_ROLE - {"administrator", "security_officer"})
"""Case files: everybody with a part in the process. Who runs the system and who guards it have none."""
COMMENTERS: Final = Officers(frozenset({"inspector", "unit_head", "legal_reviewer", "bureau_head"}))
"""Who may say something about a case, on record: who handles it, directs it or reviews it."""
PRIVATE_READERS: Final = Officers(frozenset({"unit_head", "bureau_head", "legal_reviewer"}))
"""Who may be shown a personal value, each time with a reason on record: who directs a case or reviews it."""
FILE_EXPORTERS: Final = Officers(frozenset({"unit_head", "bureau_head", "legal_reviewer", "supervisor", "auditor"}))
"""Who makes copies of case files that leave the office: who directs cases, reviews them or looks over them."""
TERMINAL_READERS: Final = Officers(ANY_ROLE)
ADMINISTRATORS: Final = Officers(frozenset({"administrator"}))
TERMINAL_KEEPERS: Final = Officers(frozenset({"unit_head", "bureau_head", "administrator"}))
"""Who resolves a terminal's fork and releases it: who answers for the people with the terminals, or for the system."""

NUMBER_TAKERS: Final = Officers(frozenset({"inspector", "unit_head", "bureau_head", "legal_reviewer", "planner"}))
"""Who is given a document number: whoever writes documents."""
NUMBER_KEEPERS: Final = Officers(frozenset({"unit_head", "bureau_head"}))
"""Who reserves blocks, declares numbers void and takes blocks back: voids need an approval."""

DESK: Final = {
    kind: Officers(frozenset().union(*acts.values()))
    for kind, acts in {"case": offers.CASE_ROLES, **offers.OTHER_ROLES}.items()
}
"""Who does any act at all on a matter of a kind; which role does which act stands in domain.office.offers."""

ASSIGNERS: Final = Officers(offers.CASE_ROLES["assign-review"])
"""Who gives reviews to reviewers."""
PLANNERS: Final = Officers(offers.PLANNING)
"""Who drafts annual plans."""
DISCLOSERS: Final = Officers(frozenset({"discloser"}))
"""Who prepares what is published, corrected and taken back."""
RELEASERS: Final = Officers(frozenset({"discloser", "bureau_head"}))
"""Who releases it: another discloser, or the head; never who prepared it."""
DISCLOSURE_READERS: Final = Officers(
    frozenset({"discloser", "bureau_head", "unit_head", "legal_reviewer", "supervisor", "auditor"})
)

DRAW_PLANNERS: Final = Officers(frozenset({"planner"}))
"""Who announces random draws and enters public numbers."""
DRAW_REVEALERS: Final = Officers(frozenset({"planner", "unit_head", "bureau_head"}))
"""Who looks at what was entered and reveals: another planner, or a head; never who entered it."""
DRAW_READERS: Final = Officers(frozenset({"planner", "unit_head", "bureau_head", "discloser", "supervisor", "auditor"}))

ACCOUNT_KEEPERS: Final = Officers(KEEPS_BELOW)
"""Who keeps accounts; which ones, the database decides."""
SYSTEM_KEEPERS: Final = Officers(frozenset({"administrator"}))
"""Who enrols terminals and publishes rule sets of the own authority."""
ADMINISTRATION_READERS: Final = Officers(APART)
"""Who may read rules and the trail of accounts: who runs, guards and checks the system."""

AUTHORITY_COOKIE: Final = "liuhen_authority"
ALL: Final = "all"
COOKIE_SECONDS: Final = 12 * 3600


@dataclass(frozen=True, slots=True)
class Looking:
    """What a page shows: of `choices` ((code, name), the own authority first) the `wanted` one, all where it is "".

    `holder`: whose record a page is about, "" for lists and for records of the own authority.
    """

    choices: tuple[tuple[str, str], ...] = ()
    wanted: str = ""
    holder: str = ""

    def name(self, authority: str) -> str:
        """What an authority is called: its code, and its name where it has one."""
        called = dict(self.choices).get(authority, "")
        return f"{authority} {called}".rstrip()


LOOKING: Final = web.RequestKey("looking", Looking)


@contextlib.asynccontextmanager
async def scope(
    request: web.Request, kind: str = "", key: str = "", *, own: bool = False, of: str = ""
) -> AsyncIterator[asyncpg.Connection]:
    """A connection on which the projections show what the person who asks may see, at one moment.

    Without `kind`, for lists: the own authority and all that are seen below it, or the one that `?authority=` names (in
    the browser it is remembered). With `kind` and `key`, for what is said of one subject: the authority that holds it.
    `of`: that one authority. `own`, and every request that changes something: the own authority only. Raises Problem
    not_found for an authority that is not seen: whether it exists is not told.
    """
    person = person_of(request)
    seen = (person.authority,) if own or request.method not in SAFE_METHODS else person.seen
    wanted = _among(of, seen) if of else _wanted(request, seen, listing=not kind)
    async with (
        request.app[SERVICES].console.acquire(timeout=10) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await look(connection, (wanted,) if wanted else seen)
        looking = Looking(wanted=wanted)
        if len(seen) > 1:
            if kind and not wanted:
                held = await _holder(connection, kind, key)
                if held is not None:
                    await look(connection, (held,))
                looking = replace(looking, holder="" if held in (None, person.authority) else held or "")
            named = await identity.authority_names(connection, seen)
            looking = replace(looking, choices=tuple((one, named.get(one, "")) for one in seen))
        if not own:
            request[LOOKING] = looking
        yield connection


async def _holder(connection: asyncpg.Connection, kind: str, key: str) -> str | None:
    """Whose record it is, asked of the judges where the folds do not know it."""
    held = await queries.holder(connection, kind, key)
    return held if held is not None else await process_queries.holder(connection, kind, key)


def _wanted(request: web.Request, seen: Sequence[str], *, listing: bool) -> str:
    """The one authority that is asked for, "" for all. A remembered one that is not seen any more is forgotten."""
    asked = request.query.get("authority", "")
    if asked and asked != ALL:
        return _among(asked, seen)
    route = find(request)
    if asked == ALL or not listing or len(seen) == 1 or route is None or route.kind != "page":
        return ""
    kept = request.cookies.get(AUTHORITY_COOKIE, "")
    return kept if kept in seen else ""


def _among(asked: str, seen: Sequence[str]) -> str:
    if asked not in seen:
        raise Problem(
            "not_found", "no authority of this code is shown to you: leave `authority` out to see all that are"
        )
    return asked


def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Keep the authority that `?authority=` named for the lists that follow."""
    asked = request.query.get("authority", "")
    if asked and LOOKING in request and len(request[LOOKING].choices) > 1:
        response.set_cookie(
            AUTHORITY_COOKIE, asked, max_age=COOKIE_SECONDS, path="/", httponly=True, samesite="Lax",
            secure=is_secure(request),
        )  # fmt: skip


def acts_on(request: web.Request, authority: str) -> bool:
    """Whether the person who asks could act on a record of this authority: acts stay with the own one."""
    return authority == person_of(request).authority
