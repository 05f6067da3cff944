"""Every endpoint x role x level x own and foreign authority: nobody is shown, or changes, what is not theirs.

The endpoints come from the router of the real internal application, so one that is added is in here at once. Where its
address has a part in braces, PARTS or ADDRESSES say what stands there; where it changes something, PROVEN says which
test shows that it works. `make test` takes every endpoint with every role at one level each, LIUHEN_FULL at all three.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import aiohttp
import pytest
import pytest_asyncio

from domain.office import offers
from projections import statements
from server.identity import gate as gates
from server.identity.person import ROLES, Person
from server.web.routes import ROUTES, Everybody, Officers, Route
from tests.support import postgres
from tests.support.levels import AUTHORITIES, BELOW, FOREIGN, LEVELS, Levels, Records, levels

pytestmark = pytest.mark.asyncio(loop_scope="module")
FULL: Final = os.environ.get("LIUHEN_FULL") == "1"
ROOT: Final = Path(__file__).resolve().parents[2]
SEES_BELOW: Final = frozenset({"supervisor", "auditor", "bureau_head"})
"""As handbook and issue have it; not read from the code that is tested."""

KEEPS_BELOW: Final = frozenset({"administrator", "security_officer"})
PARTS: Final[dict[str, Callable[[Records], str]]] = {
    "signals": lambda r: r.signal,
    "officers": lambda r: r.officer,
    "officer": lambda r: r.officer,
    "enterprises": lambda r: r.enterprise,
    "enterprise": lambda r: r.enterprise,
    "cases": lambda r: r.case,
    "case": lambda r: r.case,
    "tasks": lambda r: r.task,
    "task": lambda r: r.task,
    "hazards": lambda r: r.hazard,
    "hazard": lambda r: r.hazard,
    "plan": lambda r: r.plan,
    "plans": lambda r: r.plan,
    "tip": lambda r: r.tip,
    "series": lambda r: r.series,
    "evidence": lambda r: r.sha256,
    "terminals": lambda r: r.terminal,
    "review": lambda r: r.review,
}
"""What `{id}` (or `{sha256}`) is behind such a part of an address."""
ACTS: Final = {f"{kind}s": next(iter(acts)) for kind, acts in {"case": offers.CASE_ROLES, **offers.OTHER_ROLES}.items()}
"""An act of the office for each kind of matter."""
ACTS["officers"] = "change-certificate"  # a first certificate may be recorded of anybody
GUESSES: Final[dict[str, Callable[[Records], str]]] = {
    "{kind}": lambda r: "case",
    "{key}": lambda r: r.case,
    "{id}": lambda r: r.case,
    "{case}": lambda r: r.case,
    "{terminal}": lambda r: r.terminal,
    "{authority}": lambda r: r.authority,
    "{name}": lambda r: f"inspector-{r.authority}",
}
"""What is tried where nothing is declared: leaks are looked for at once, a right answer needs the declaration."""
TIP_MONTH: Final = "complaints/2026-01"
"""The book in which the acts stand that the tip of each authority speaks of."""
ADDRESSES: Final[dict[str, Callable[[Records], str]]] = {
    "/supervision/trail/{of}/{id}": lambda r: f"/supervision/trail/officer/{quote(r.officer, safe='')}?period=2026",
    "/api/v1/trails/{of}/{id}": lambda r: f"/api/v1/trails/officer/{quote(r.officer, safe='')}?period=2026",
    "/supervision/reports/new": lambda r: f"/supervision/reports/new?kind=yearly&period=2026&authority={r.authority}",
    "/supervision/reports/{id}": lambda r: f"/supervision/reports/{'0' * 32}",
    "/api/v1/reports/submitted/{id}": lambda r: f"/api/v1/reports/submitted/{'0' * 32}",
    "/administration/accounts/{name}": lambda r: f"/administration/accounts/inspector-{r.authority}",
    "/invitation/{key}": lambda r: "/invitation/" + "x" * 43,
    "/private/{epoch}/{position}/{commitment}": lambda r: f"/private/{r.private}",
    "/log/v1/{authority}/{epoch}/checkpoint": lambda r: f"/log/v1/{r.authority}/1/checkpoint",
    "/log/v1/{authority}/{epoch}/tile/{bundle}": lambda r: f"/log/v1/{r.authority}/1/tile/entries/000.p/6",
    "/log/v1/{authority}/{epoch}/tile/{tile}": lambda r: f"/log/v1/{r.authority}/1/tile/0/000.p/1",
    "/log/v1/{authority}/{epoch}/proof": lambda r: f"/log/v1/{r.authority}/1/proof?terminal={r.terminal}&seq=1",
    "/draws/{id}": lambda r: "/draws/00000000-0000-7000-8000-000000000000",
    "/draws/{id}/pools/{pool}": lambda r: "/draws/00000000-0000-7000-8000-000000000000/pools/objects",
    "/webhooks/{id}": lambda r: "/webhooks/00000000-0000-7000-8000-000000000000",
    "/help/{topic}": lambda r: "/help/access",
    "/supervision/figures/{code}": lambda r: f"/supervision/figures/visits?authority={r.authority}",
    "/api/v1/figures/{code}": lambda r: f"/api/v1/figures/visits?authority={r.authority}",
    "/supervision/ledgers/{authority}/{kind}/{month}": lambda r: (
        f"/supervision/ledgers/{r.authority}/complaints/2026-01"
    ),
    "/api/v1/ledgers/{authority}/{kind}/{month}": lambda r: f"/api/v1/ledgers/{r.authority}/complaints/2026-01",
    "/cases/{id}/comments/{comment}": lambda r: f"/cases/{r.case}/comments/{r.review}",
    "/static/{digest}/{name}": lambda r: "/static/0/none",
    "/cases/{id}/export/{copy}": lambda r: f"/cases/{r.case}/export/00000000-0000-7000-8000-000000000000",
    "/evidence/v1/uploads/{upload}": lambda r: "/evidence/v1/uploads/00000000-0000-7000-8000-000000000000",
}
"""Whole addresses where PARTS does not know them."""
WITHOUT_RECORDS: Final = {
    "/webhooks": "event-disclosure",
    "/plans/import": "/plans/import",
    "/disclosures": "disclosures",
    "/api/v1/disclosures": "[",
    "/draws": "/api/v1/draws",
    "/draws/new": "public_number",
    "/api/v1/draws": '"items"',
    "/account": "account",
    "/account/second-factor": "second-factor",
    "/supervision": "/supervision/figures/visits",
    "/supervision/figures": "/supervision/figures/visits",
    "/supervision/annual": "/api/v1/reports/annual",
    "/api/v1/reports/annual": '"licences"',
    "/supervision/off-system": "/api/v1/reports/off-system",
    "/supervision/signals.atom": "<feed",
    "/supervision/reports": "/api/v1/reports/submitted",
    "/supervision/reports/new": "explanation",
    "/api/v1/reports/submitted": '"items"',
    "/api/v1/reports/off-system": '"off-system"',
    "/supervision/figures/{code}": "/api/v1/figures/visits",
    "/api/v1/supervision": '"tables"',
    "/api/v1/reports/quarterly": '"counted_by"',
    "/api/v1/figures/{code}": '"items"',
    "/supervision/ledgers": "/supervision/ledgers/mappings",
    "/supervision/ledgers/import": "multipart/form-data",
    "/supervision/ledgers/mappings": "document_no",
    "/api/v1/ledgers": '"imports"',
    "/desk": "/desk/shortcuts",
    "/search": "big-seek",
    "/api/v1/search": "counts",
    "/administration": "/administration/trail",
    "/administration/terminals": "/administration/terminals",
    "/administration/rules": "reinspection.local_days",
}
"""Pages that show no record of any authority, or figures of many, and what stands on them in any case."""
NOTHING_SEEDED: Final = {
    "/supervision/reports/{id}": "tests/integration/test_submissions.py",
    "/api/v1/reports/submitted/{id}": "tests/integration/test_submissions.py",
    "/plans/{id}/file": "tests/integration/test_plans.py",
    "/draws/{id}": "tests/integration/test_draws.py",
    "/draws/{id}/pools/{pool}": "tests/integration/test_draws.py",
    "/webhooks/{id}": "tests/integration/test_webhooks.py",
    "/cases/{id}/export/{copy}": "tests/integration/test_console_export.py",
    "/disclosures/prepare/{kind}/{key}/{decision}": "tests/integration/test_console_disclosures.py",
    "/disclosures/{record}": "tests/integration/test_console_disclosures.py",
}
"""Pages of things that no authority has here, and the test that shows them for who may."""
EMPTY_FORMS: Final = frozenset({"/officers/{id}/acts/{act}"})
"""Forms that look nothing up: they open for whatever the address names, and the act is refused."""
FOR_THE_OWN: Final = frozenset(
    {"/administration/terminals", "/supervision/ledgers/import", "/supervision/ledgers/mappings"}
)
"""Forms that name no authority: whatever is sent, they do something for the own one."""
PROVEN: Final = {
    "/supervision/reports": "tests/integration/test_submissions.py",
    "/sign-out": "tests/integration/test_identity.py",
    "/account/sessions": "tests/integration/test_second_factor.py",
    "/account/password": "tests/integration/test_second_factor.py",
    "/account/second-factor": "tests/integration/test_second_factor.py",
    "/account/recovery-codes": "tests/integration/test_second_factor.py",
    "/account/oidc": "tests/integration/test_oidc.py",
    "/cases/{id}/export": "tests/integration/test_console_export.py",
    "/evidence": "tests/integration/test_evidence_viewing.py",
    "/private": "tests/acceptance/test_personal_values.py",
    "/numbers": "tests/integration/test_console_series.py",
    "/draws": "tests/integration/test_draws.py",
    "/terminals/{id}": "tests/integration/test_console.py",
    "/administration": "tests/integration/test_administration.py",
    "/signals/{id}/acts": "tests/house/test_pages.py",
    "/cases/{id}/acts": "tests/integration/test_console_acts.py",
    "/hazards/{id}/acts": "tests/integration/test_console_acts.py",
    "/tasks/{id}/acts": "tests/integration/test_console_acts.py",
    "/officers/{id}/acts": "tests/integration/test_console_acts.py",
    "/plans": "tests/integration/test_plans.py",
    "/enterprises/{id}/acts": "tests/integration/test_plans.py",
    "/api/v1/": "tests/integration/test_console_acts.py",
    "/disclosures": "tests/integration/test_console_disclosures.py",
    "/cases/{id}/comments": "tests/integration/test_console_reviews.py",
    "/desk": "tests/integration/test_console_reviews.py",
    "/reviews/assign": "tests/integration/test_console_reviews.py",
    "/webhooks": "tests/integration/test_webhooks.py",
    "/supervision/ledgers": "tests/integration/test_outside_pages.py",
}
"""Beginnings of addresses that change something, and the test that shows them at work for who may."""


@dataclass
class Seen:
    """What was asked and what was wrong with it."""

    asked: int = 0
    shown: set[str] = field(default_factory=set)
    """Endpoints that gave somebody a 200 with the right body."""
    leaks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place() -> AsyncIterator[Levels]:
    with postgres.short_folder() as folder:
        async with levels(folder) as made:
            yield made


def endpoints(place: Levels) -> Iterator[tuple[str, Route]]:
    """(canonical address, route) of the whole table."""
    for (_, path), route in place.app[ROUTES].items():
        yield path, route


def address(path: str, records: Records) -> str:
    """The address of an endpoint for one authority's records; what is not declared is filled by the part's name."""
    if path in ADDRESSES:
        return ADDRESSES[path](records)
    parts = path.split("/")
    for at, part in enumerate(parts):
        before = parts[at - 1]
        if part in ("{id}", "{sha256}") and before in PARTS:
            parts[at] = quote(PARTS[before](records), safe="")
        elif part == "{act}" and parts[at - 3] in ACTS:
            parts[at] = ACTS[parts[at - 3]]
        elif part.startswith("{"):
            parts[at] = GUESSES.get(part, lambda r: "1")(records)
    return "/".join(parts)


def persons(number: int) -> Iterator[tuple[str, str]]:
    """(role, level): all of them, or each role at one level that changes from endpoint to endpoint."""
    for index, role in enumerate(ROLES):
        for level in LEVELS if FULL else (LEVELS[(number + index) % len(LEVELS)],):
            yield role, level


def may_see(role: str, level: str, authority: str, path: str = "") -> bool:
    """Records of the own authority, and of those below for who looks over others; accounts for who keeps them."""
    below = KEEPS_BELOW | {"auditor"} if path.startswith("/administration") else SEES_BELOW
    return authority == level or (role in below and authority in BELOW[level])


def leaked(place: Levels, body: str, asked: str, role: str, level: str) -> list[str]:
    """Canaries of authorities that this person may not see. What was asked for may come back in the answer."""
    path = asked.partition("?")[0]
    for text in (asked, path, *(part for part in unquote(path).split("/") if len(part) >= 16)):
        body = body.replace(text, "").replace(quote(text, safe=""), "").replace(text.replace("&", "&amp;"), "")
    return [
        canary
        for authority in AUTHORITIES
        if not may_see(role, level, authority, asked)
        for canary in place.records[authority].canaries
        if canary in body
    ]


async def read(place: Levels, only: Callable[[str], bool] = lambda path: True) -> Seen:
    """Ask every endpoint that reads, as every person, for the own records and those of every other authority."""
    seen = Seen()
    base = place.served.internal
    async with aiohttp.ClientSession(base, cookie_jar=aiohttp.DummyCookieJar()) as client:
        for number, (path, route) in enumerate(endpoints(place)):
            if route.method != "GET" or not isinstance(route.policy, Officers) or not only(path):
                continue
            for role, level in persons(number):
                allowed = role in route.policy.roles
                wanted = AUTHORITIES if "{" in path else (level, FOREIGN)
                for authority in wanted if allowed else wanted[:1]:
                    asked = address(path, place.records[authority])
                    if "{" not in path and authority != level:
                        asked += f"?authority={authority}"
                    await _ask(place, seen, client, route, path, asked, (role, level), authority, allowed)
    return seen


def text_in(data: bytes) -> str:
    """What an answer says; a spreadsheet is unpacked, so that nothing stays unseen in it."""
    if not data.startswith(b"PK"):
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return "\n".join(book.read(one).decode("utf-8", "replace") for one in book.namelist())


async def _ask(
    place: Levels, seen: Seen, client: aiohttp.ClientSession, route: Route, path: str, asked: str,
    person: tuple[str, str], authority: str, allowed: bool,
) -> None:  # fmt: skip
    headers = {"Cookie": f"liuhen_session={place.sessions[person]}"}
    async with client.get(asked, headers=headers, allow_redirects=False) as answer:
        body = text_in(await answer.read())
    seen.asked += 1
    name = f"{route.method} {path} as {person[0]} of {person[1]} for {authority}: {answer.status}"
    for canary in leaked(place, body, asked, *person):
        seen.leaks.append(f"{name}: {canary}")
    if not allowed:
        if answer.status != 403:
            seen.wrong.append(f"{name}, expected 403")
        return
    if "{" in path and path not in EMPTY_FORMS and not may_see(*person, authority, path) and answer.status < 400:
        seen.wrong.append(f"{name}, expected a refusal")
    if answer.status >= 500:
        seen.wrong.append(name)
    right = WITHOUT_RECORDS.get(path)
    own = place.records[authority]
    marks = (right,) if right is not None else (*own.canaries, own.series, own.signal, own.person)
    if answer.status == 200 and (path.startswith("/help") or any(mark in body for mark in marks)):
        seen.shown.add(path)


async def test_nobody_is_shown_what_is_not_theirs_and_every_endpoint_shows_somebody_theirs(place: Levels) -> None:
    seen = await read(place)
    assert seen.asked > 700
    assert seen.leaks == []
    assert seen.wrong == []
    expected = {
        path for path, route in endpoints(place) if route.method == "GET" and isinstance(route.policy, Officers)
    }
    assert sorted(expected - seen.shown - {"/numbers"} - NOTHING_SEEDED.keys()) == [], (
        "these showed nobody a 200 with a canary of the own records. New here? Say in PARTS or ADDRESSES of this file "
        "what stands in the braces, give the authorities such records in tests/support/levels.py, or say in "
        "WITHOUT_RECORDS what stands on a page without records"
    )


async def test_who_looks_over_others_sees_below_and_chooses_in_lists(place: Levels) -> None:
    async with aiohttp.ClientSession(place.served.internal, cookie_jar=aiohttp.DummyCookieJar()) as client:

        async def rows(role: str, level: str, query: str = "") -> tuple[int, set[str]]:
            headers = {"Cookie": f"liuhen_session={place.sessions[role, level]}"}
            async with client.get(f"/api/v1/matters/case{query}", headers=headers) as answer:
                found = await answer.json(content_type=None)
                return answer.status, {row["authority"] for row in found.get("rows", ())}

        for role in ROLES[:8]:
            for level in LEVELS:
                expected = {level} | (BELOW[level] if role in SEES_BELOW else set())
                assert await rows(role, level) == (200, expected), (role, level)
                for authority in AUTHORITIES:
                    status, found = await rows(role, level, f"?authority={authority}")
                    if authority in expected:
                        assert (status, found) == (200, {authority})
                    else:
                        assert (status, found) == (404, set())


async def test_pages_show_one_authority_below_where_it_is_chosen(place: Levels) -> None:
    async with aiohttp.ClientSession(place.served.internal, cookie_jar=aiohttp.DummyCookieJar()) as client:
        for level in LEVELS:
            headers = {"Cookie": f"liuhen_session={place.sessions['supervisor', level]}"}
            for authority in AUTHORITIES:
                for page in ("/cases", "/supervision", "/supervision/figures", "/supervision/ledgers"):
                    async with client.get(f"{page}?authority={authority}", headers=headers) as answer:
                        expected = 200 if authority == level or authority in BELOW[level] else 404
                        assert answer.status == expected, (level, page, authority)


async def test_nobody_changes_what_is_not_theirs(place: Levels) -> None:
    sizes = "SELECT l.authority, h.size FROM log.heads h JOIN log.logs l USING (log_id)"
    connection = await place.database.connect()
    before = dict(await connection.fetch(sizes))
    wrong, tried = [], 0
    try:
        async with aiohttp.ClientSession(place.served.internal, cookie_jar=aiohttp.DummyCookieJar()) as client:
            for number, (path, route) in enumerate(endpoints(place)):
                if route.method == "GET" or not isinstance(route.policy, Officers):
                    continue
                assert any(path.startswith(start) for start in PROVEN), (
                    f"{route.method} {path} is new: name in PROVEN the test that shows it at work for who may"
                )
                for role, level in persons(number):
                    if path.startswith(("/sign-out", "/account")):
                        continue  # one's own, whoever one is; tests of accounts go through them
                    allowed = role in route.policy.roles
                    for authority in AUTHORITIES if allowed and "{" in path else (FOREIGN,):
                        kept = path.startswith("/administration") and may_see(role, level, authority, path)
                        if allowed and (authority == level or kept or path in FOR_THE_OWN):
                            continue
                        tried += 1
                        asked = address(path, place.records[authority])
                        status, body = await change(
                            place, client, route, asked, (role, level), place.records[authority]
                        )
                        name = f"{path} as {role} of {level} on {authority}: {status}"
                        if status < 400 or status >= 500 or (not allowed and status != 403):
                            wrong.append(name)
                        wrong += [f"{name}: {canary}" for canary in leaked(place, body, asked, role, level)]
        assert tried > 100
        assert wrong == []
        assert dict(await connection.fetch(sizes)) == before, "an act stands in a log"
    finally:
        await connection.close()


async def change(
    place: Levels, client: aiohttp.ClientSession, route: Route, asked: str, person: tuple[str, str], records: Records
) -> tuple[int, str]:
    """Send a form with what such forms ask for, so that it fails for whom it is sent and not for a missing field.

    Programs send JSON with their token.
    """
    if not route.form:
        headers = {"Authorization": f"Bearer {place.tokens[person]}", "If-Match": "*"}
        async with client.post(asked, json={"reason": "x"}, headers=headers, allow_redirects=False) as answer:
            return answer.status, (await answer.read()).decode("utf-8", "replace")
    secret = place.sessions[person]
    form = {
        gates.FORM_FIELD: gates._form_token(secret), "reason": "x", "purpose": "supervision", "branch": "stored",
        "sha256": records.sha256, "authority": FOREIGN, "kind": "case",
        "id": records.case, "block": "no block", "series": records.series,
    }  # fmt: skip
    headers = {"Cookie": f"liuhen_session={secret}"}
    async with client.post(asked, data=form, headers=headers, allow_redirects=False) as answer:
        return answer.status, (await answer.read()).decode("utf-8", "replace")


async def test_without_a_session_nothing_of_any_record_is_shown(place: Levels) -> None:
    asked, leaks = 0, []
    async with aiohttp.ClientSession(place.served.internal, cookie_jar=aiohttp.DummyCookieJar()) as client:
        for path, route in endpoints(place):
            for authority in AUTHORITIES:
                where = address(path, place.records[authority])
                async with client.request(route.method, where, allow_redirects=False, data=b"") as answer:
                    body = (await answer.read()).decode("utf-8", "replace")
                asked += 1
                if not isinstance(route.policy, Everybody) and answer.status < 300:
                    leaks.append(f"{route.method} {path}: {answer.status}")
                text = body.replace(where.partition("?")[0], "").replace(quote(where, safe=""), "")
                leaks += [f"{path}: {c}" for r in place.records.values() for c in r.canaries if c in text]
    assert asked > 300
    assert leaks == []


async def test_the_tests_that_show_changes_at_work_are_there() -> None:
    for path, file in (PROVEN | NOTHING_SEEDED).items():
        text = (ROOT / file).read_text("utf-8")
        assert re.sub(r"/\{\w+\}", "", path).strip("/").rpartition("/")[2] in text, (path, file)


# -- the controls: each check taken out turns the matrix red -----------------------------------------------------------


async def test_control_without_policies_the_matrix_turns_red(place: Levels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Person, "may", lambda self, roles: True)
    seen = await read(place, lambda path: path == "/cases")
    assert any("expected 403" in one for one in seen.wrong)


async def test_control_without_the_scope_the_matrix_turns_red(place: Levels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Person, "seen", property(lambda self: (self.authority, *AUTHORITIES)))
    for path in ("/cases", "/cases/{id}", "/api/v1/matters/hazard", "/terminals", "/evidence/{sha256}"):
        seen = await read(place, lambda one, path=path: one == path)
        assert seen.leaks, path


async def test_control_row_level_security_alone_holds_and_without_it_the_matrix_turns_red(
    place: Levels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filters of the queries are taken out: the database refuses all the same, until its policies are out too."""
    whole = statements.load
    bare = {
        f"{column} = {scope}": "true"
        for column in ("authority", "m.authority", "s.authority", "d.authority", "v.authority", "f.authority")
        for scope in ("current_setting('liuhen.authority')", "ANY (view.seen())", "seen.authority")
    }

    def unfiltered(name: str, slot: str) -> dict[str, str]:
        found = dict(whole(name, slot))
        for key, text in found.items():
            for scope in sorted(bare, key=len, reverse=True):
                text = text.replace(scope, bare[scope])
            found[key] = text
        return found

    monkeypatch.setattr(statements, "load", unfiltered)
    chosen = ("/api/v1/matters/hazard", "/api/v1/signals", "/api/v1/matters/case/{id}", "/api/v1/deadlines")
    assert (await read(place, lambda path: path in chosen)).leaks == []
    connection = await place.database.connect()
    try:
        tables = [
            f"view_{slot}.{name}"
            for slot in "ab"
            for name in ("matters", "deadlines", "signals", "verdicts", "case_files")
        ]
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        try:
            assert (await read(place, lambda path: path in chosen)).leaks
        finally:
            for table in tables:
                await connection.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    finally:
        await connection.close()


async def test_every_form_refuses_without_its_token_and_from_another_site(place: Levels) -> None:
    """CSRF: whatever somebody's browser is made to send from elsewhere changes nothing."""
    forms, wrong = 0, []
    async with aiohttp.ClientSession(place.served.internal, cookie_jar=aiohttp.DummyCookieJar()) as client:
        for path, route in endpoints(place):
            if not route.form or not isinstance(route.policy, Officers):
                continue
            role = min(route.policy.roles)
            secret = place.sessions[role, LEVELS[1]]
            where, token = address(path, place.records[LEVELS[1]]), gates._form_token(secret)
            other = gates._form_token(place.sessions[role, LEVELS[0]])
            for form, headers in (
                ({}, {}),
                ({gates.FORM_FIELD: other}, {}),
                ({gates.FORM_FIELD: token}, {"Origin": "https://elsewhere.example"}),
                ({gates.FORM_FIELD: token}, {"Origin": "null"}),
                ({gates.FORM_FIELD: token}, {"Sec-Fetch-Site": "cross-site"}),
            ):
                forms += 1
                sent = {"Cookie": f"liuhen_session={secret}", **headers}
                async with client.post(where, data=form, headers=sent, allow_redirects=False) as answer:
                    if answer.status != 403:
                        wrong.append(f"{path} {form} {headers}: {answer.status}")
    assert forms > 100
    assert wrong == []
