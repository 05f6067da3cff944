"""Nothing but what was published is public: canaries in every field of every event, and a crawl of the whole site."""

from __future__ import annotations

import base64
import datetime
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from uuid import UUID

import aiohttp
import msgspec
import pytest
from aiohttp import web

from ops.mirror import mirror
from projections import publishing
from projections.runner import connect
from schemas.events import REGISTRY
from schemas.events.plan import RecusalEntered
from server.log.acts import Act, OfficeActs
from server.log.disclosure_acts import Done
from server.log.draw_acts import DrawActs
from server.log.ids import uuid7, uuid_text
from server.public import bulk, guide, store
from server.public.routes import make_public_app
from server.web.routes import ROUTES
from tests.support import canaries, draws
from tests.support.canaries import BYTES, Cage, every_event, found
from tests.support.cases import act
from tests.support.disclosure import (
    CLERK,
    MONTHS,
    PREPARER,
    RELEASER,
    Decided,
    Desk,
    bureau,
    correct,
    publish,
    release,
    told,
    withdraw,
)
from tests.support.facts import ENTERPRISE
from tests.support.log import AUTHORITY, Log, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.web import listening

PUBLISHED = frozenset(
    {"cause", "party", "facts", "bases", "penalties", "intended", "remedies_text", "document_no", "draft_hash"}
)
"""Fields of the story's acts that a record is made of, and those that its gates compare."""
RULED = frozenset(
    {
        "case_id", "task_id", "review_id", "draft_id", "handlers", "interviewers", "approver", "reviewer", "chair",
        "host", "principal", "members", "officers", "recorder", "drafted_by", "requested_by", "requesting_unit", "unit",
        "benchmark", "decision", "segment_id", "step_code", "media_type", "suspected_clauses", "content_hash",
        "record_hash", "evidence", "waived_document", "decided_by", "signed_by", "outcome",
    }
)  # fmt: skip
"""Fields that the gates of the decision rest on."""
FREE = ("note", "reason", "opinion", "content", "place", "summary", "text", "outside_reason", "review_result")
MAX_PAGES = 400


@pytest.fixture
async def log(database: TestDatabase, short_folder: Path) -> AsyncIterator[Log]:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as opened:
        yield opened


@dataclass
class Site:
    """The public application on a real log, and the canaries that its office holds."""

    url: str
    app: web.Application
    desk: Desk
    cage: Cage
    records: list[Done]
    own: int
    """The canary that was published on purpose."""
    seen: dict[str, bytes] = field(default_factory=dict)


@asynccontextmanager
async def opened(log: Log, database: TestDatabase, folder: Path) -> AsyncIterator[Site]:
    cage, desk = Cage(), await bureau(log, database)
    await everything(desk, cage)
    purpose = cage.text("published on purpose")
    cases = [await with_canaries(desk, cage) for _ in range(4)]
    await judge(database)
    edits = {"BZ": f"说明{purpose}"}
    records = [await publish(desk, one, edits=edits) for one in cases[:3]]
    records[1] = await correct(desk, records[1], reason="违法事实的表述有误")
    records[2] = await withdraw(desk, records[2])
    await forms(desk, cage, cases[3])
    records += await drawn(desk, cage)
    connection = await connect(database.dsn("liuhen_projector"), "test")
    try:
        assert await publishing.put_sections(connection) == 1
    finally:
        await connection.close()
    (folder / "evidence").mkdir()
    (folder / "evidence" / "ca").write_text(cage.text("a file of evidence"), "utf-8")
    shared = folder / "published"
    state = log.book.current(AUTHORITY)
    assert state is not None
    await mirror(state, shared)
    pool = await store.connect(database.dsn("liuhen_public"))
    try:
        await bulk.write(pool, shared, datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1))
        app = make_public_app(shared, pool)
        async with listening(app) as url:
            yield Site(url, app, desk, cage, records, int(purpose.removeprefix(canaries.MARK)))
    finally:
        await pool.close()


async def drawn(desk: Desk, cage: Cage) -> list[Done]:
    """A random draw and the list of officers in public; reasons of recusals and of a cancelled draw stay inside."""
    acts = DrawActs(desk.log.committer, desk.log.pool)
    reason = cage.text("a reason of a recusal")
    recusal = RecusalEntered(enterprise_id=ENTERPRISE, officer=draws.OFFICERS[0], reason=reason)
    draw = await draws.revealed(desk, acts, recusal, objects=[ENTERPRISE], count=1)
    selection = (await acts.look(AUTHORITY, draw)).selection
    cancelled = await draws.announced(acts, title=cage.text("the name of a draw that is not public"))
    await acts.cancel(AUTHORITY, cancelled, cage.text("a reason of a cancelled draw"), draws.PLANNER)
    return [await draws.publish(desk, draw, selection.result), await draws.officers(desk)]


async def everything(desk: Desk, cage: Cage) -> None:
    """Every type of the registry, full of canaries, in a file of its own that nobody publishes."""
    case, task = uuid7(), uuid7()
    envelopes = []
    for name, body in every_event(cage).items():
        body |= {key: value for key, value in (("case_id", case), ("task_id", task)) if key in body}
        tags = sorted(
            {f"authority:{AUTHORITY}", f"case:{uuid_text(case)}", f"enterprise:{cage.text(f'tag of {name}')}"}
        )
        kind = REGISTRY[name]
        if kind.origin == "field":
            envelopes.append(desk.terminal.envelope(name, body, about=tags, by=[cage.text(f"who did {name}")]))
        elif not name.startswith(("terminal.", "rule_set.")):  # those bind the house: they are told of elsewhere
            work = OfficeActs(AUTHORITY, [Act(name, tags, body, uuid7(), 1, uuid7())], CLERK, 1_790_000_000_000)
            await desk.log.committer.submit(work)
    await send(desk.log, desk.terminal.batch(envelopes))


async def with_canaries(desk: Desk, cage: Cage) -> Decided:
    """A lawful case whose acts have a canary in every free text that no record is made of."""
    changes: dict[str, dict[str, Any]] = {}
    for name in ("filed", "concluded", "notice", "defence", "requested", "held", "reviewed", "discussed", "decided"):
        one = act(name)
        assert one.body is not None
        fields = {key for key in FREE if key in one.body.__struct_fields__ and key not in PUBLISHED | RULED}
        candidate = {key: cage.text(f"{one.type}.{key}") for key in fields}
        plain = msgspec.to_builtins(one.body, builtin_types=(bytes,))
        changes[name] = {key: value for key, value in candidate.items() if _accepted(one.type, {**plain, key: value})}
    return await told(desk, **changes)


def _accepted(name: str, body: dict[str, Any]) -> bool:
    try:
        REGISTRY.decode_body(name, body)
    except ValueError:
        return False
    return True


async def forms(desk: Desk, cage: Cage, own: Decided) -> None:
    """What officers write into the forms of the discloser's pages, and what stays inside of it."""
    prepared = await desk.acts.prepare_publication(AUTHORITY, "case", own.key, own.decision, {}, MONTHS, PREPARER)
    assert prepared.record.pending is not None
    back = cage.text("a reason of sending back")
    await desk.acts.send_back(AUTHORITY, prepared.record.id, prepared.record.pending.id, back, RELEASER)
    why = cage.text("a reason of not publishing")
    await release(
        desk,
        await desk.acts.prepare_withholding(AUTHORITY, "case", own.key, own.decision, "secrecy", why, PREPARER),
    )
    waiting = await told(desk)
    await judge(desk.database)
    await desk.acts.prepare_publication(
        AUTHORITY, "case", waiting.key, waiting.decision, {"BZ": cage.text("what waits for a second person")}, MONTHS,
        PREPARER,
    )  # fmt: skip


def addresses(site: Site) -> Iterator[str]:
    """An address of each route of the application, with what its parts can be."""
    records = [str(UUID(bytes=one.record.id)) for one in site.records]
    values = {
        "id": [*records, str(UUID(int=7)), "no-id"],
        "code": [AUTHORITY, "999999"],
        "topic": [*guide.TOPICS, "none"],
        "authority": [AUTHORITY],
        "epoch": ["1", "2"],
        "subject": ["penalty", "penalties", "inspection", "inspections"],
        "tile": ["0/000", "0/000.p/1", "0/x001/000", "1/000", "entries/000"],
        "file": ["liuhen.css"],
        "path": ["liuhen.css"],
    }
    for method, path in site.app[ROUTES]:
        if method != "GET":
            continue
        names = [one.split(":")[0] for one in re.findall(r"{([^}]+)}", path)]
        if names == ["month", "name"]:
            continue  # found through the list of files
        plain = re.sub(r"{([a-z_]+):[^}]*}", r"{\1}", path)
        combinations: list[dict[str, str]] = [{}]
        for name in names:
            combinations = [{**one, name: value} for one in combinations for value in values.get(name, ["x"])]
        for one in combinations:
            yield plain.format(**one)


ODD = (
    "/log/v1/../../evidence/ca", "/log/v1/..%2f..%2fevidence/ca", "/data/..%2f..%2fevidence/ca", "/nowhere",
    "/disclosures?after=x", "/disclosures?kind=x&from=x", "/api/v1/disclosures?limit=0", "/disclosures?q=%00",
    "/disclosures?authority=210500&sort=x", "/api/v1/disclosures/x/proof", "/disclosures?q=示例", "/disclosures?q=培训",
)  # fmt: skip


async def crawl(site: Site) -> dict[str, bytes]:
    """Everything that the site answers: status, headers and body of each address, in both languages and forms."""
    seen: dict[str, bytes] = {}
    begun = [*addresses(site), *ODD]
    todo, visited = list(reversed(begun)), set[str]()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:

        async def ask(method: str, path: str, **headers: str) -> bytes:
            async with session.request(method, site.url + path, headers=headers, allow_redirects=False) as answer:
                body = await answer.read()
                head = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
                seen[f"{method} {path} {headers.get('Accept', '')}".rstrip()] = body
                seen[f"{method} {path} {headers.get('Accept', '')} head"] = head.encode("utf-8", "surrogateescape")
                return body

        while todo and len(visited) < MAX_PAGES:
            path = todo.pop()
            if path in visited:
                continue
            visited.add(path)
            body = await ask("GET", path, Accept="text/html", **{"Accept-Language": "zh"})
            todo[:0] = [one for one in links(site.url, path, body) if one not in visited]
            if path in begun:
                await ask("GET", path, Accept="application/json", **{"Accept-Language": "en"})
                await ask("HEAD", path)
                await ask("POST", path)
    assert set(begun) <= visited
    return seen


def links(base: str, path: str, body: bytes) -> Iterator[str]:
    text = body.decode("utf-8", "ignore")
    for found_at in re.findall(r'(?:href|src|url|id)"?\s*[=:]\s*"([^"#]+)', text):
        whole = urlsplit(urljoin(base + path, found_at.replace("&amp;", "&")))
        if f"{whole.scheme}://{whole.netloc}" == base:
            yield whole.path + (f"?{whole.query}" if whole.query else "")


async def test_no_canary_but_the_one_that_was_published_is_found_anywhere(
    log: Log, database: TestDatabase, short_folder: Path
) -> None:
    async with opened(log, database, short_folder) as site:
        assert len(site.cage.places) > 900, "the schemas gave next to no canaries"
        types = {place.split(".v")[0] for place in site.cage.places.values()}
        assert len(types) > 100
        inside = b"".join([bytes(row["entry"]) for row in await log.pool.fetch("SELECT entry FROM log.entries")])
        assert len(found(inside)) > 700, "the canaries are not in the log"
        seen = await crawl(site)
        assert len(seen) > 300
        # Of the register of officers number and category of a certificate are public (handbook 5.4), and nothing else.
        listed = {
            number
            for number, place in site.cage.places.items()
            if re.match(r"officer_certificate\.recorded\.v1\W+(?:certificate_no|categories)", place)
        }
        assert any(listed & found(data) for data in seen.values()), "the list of officers is not public"
        out = {where: numbers for where, data in seen.items() if (numbers := found(data) - listed)}
        leaked = {
            where: [site.cage.places.get(one, str(one)) for one in numbers - {site.own}]
            for where, numbers in out.items()
            if numbers - {site.own}
        }
        assert leaked == {}
        standing = str(UUID(bytes=site.records[0].record.id))
        for place in (
            f"GET /disclosures/{standing} text/html",
            f"GET /api/v1/disclosures/{standing} application/json",
        ):
            assert out.get(place) == {site.own}, f"the canary that was published is not in {place}"
        gone = str(UUID(bytes=site.records[2].record.id))
        assert not any(gone in where for where in out), "a withdrawn record still says it"

        # The bytes handed out for a proof are the `disclosure` entry alone.
        entry = seen[f"GET /api/v1/disclosures/{standing}/entry text/html"]
        stored = await log.pool.fetchval(
            "SELECT e.entry FROM disclosure.releases r JOIN log.entries e USING (log_id, position) WHERE r.record = $1",
            UUID(standing),
        )
        assert entry == bytes(stored)
        assert set(msgspec.msgpack.decode(entry)) == {"h", "i", "k", "o", "r", "v"}
        neighbours = [bytes(row["entry"]) for row in await log.pool.fetch("SELECT entry FROM log.entries")]
        for where, data in seen.items():
            for other in neighbours:
                if other != bytes(stored) and len(other) > 200:
                    assert other[:200] not in data, where

        # Control: one that leaks is found.
        owner = await database.connect()
        try:
            leak = next(number for number, place in site.cage.places.items() if place.startswith("interview.recorded"))
            await owner.execute(
                "UPDATE published.records SET reason = $1 WHERE record = $2", f"{canaries.MARK}{leak}", UUID(gone)
            )
        finally:
            await owner.close()
        again = await crawl(site)
        assert any(leak in found(data) for data in again.values())


def test_a_canary_is_found_in_every_form_that_it_can_take() -> None:
    cage = Cage()
    text, raw = cage.text("x"), cage.binary("y", 32)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", f"<t>{text}</t>")
    number = int(text.removeprefix(canaries.MARK))
    for form in (
        text.encode(), quote(text).encode(), json.dumps({"a": f"vor{text}nach"}).encode(), packed.getvalue(),
        "".join(f"&#{ord(one)};" for one in text).encode(),
    ):  # fmt: skip
        assert number in found(form), form
    for form in (raw, raw.hex().encode(), b"abc" + base64.b64encode(raw), base64.urlsafe_b64encode(b"xy" + raw)):
        assert any(one != number for one in found(form)), form
    assert found(b"nothing " + BYTES[:3]) == set()
