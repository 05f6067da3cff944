"""The public site over HTTP: search, paging, tombstones, feeds, tables, descriptions, validators, limits."""

from __future__ import annotations

import asyncio
import base64
import csv
import datetime
import hashlib
import io
import json
import re
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as Xml

import aiohttp
import asyncpg
import msgspec
import pytest
from yarl import URL

from ops.bulk import sign_sums
from schemas.keys import Signer
from schemas.notes import NoteSigner
from server.public import bulk, openapi, shapes, store, tables
from server.public.routes import ROUTES, make_public_app
from server.public.search import ROWS
from tests.support.postgres import TestDatabase
from tests.support.published import (
    AGENCY,
    AUTHORITY,
    PaperDisclosures,
    corrected,
    document,
    fill_sections,
    site,
    tombstone,
)
from tests.support.web import listening

NAMES = ("示例钢铁有限公司", "北山矿业有限责任公司", "Example Steel Ltd", "王某某", "滨海烟花爆竹经营部")


@pytest.fixture
async def log(database: TestDatabase, tmp_path: Path) -> PaperDisclosures:
    """60 penalties of five parties over the months, one corrected, one withdrawn, one ended."""
    made = PaperDisclosures(tmp_path)
    told = [
        document(
            values={
                "CF_XDR_MC": NAMES[n % 5], "CF_WSH": f"（示）应急罚〔2026〕{n}号", "CF_NR_FK": 5_000 + n,
                "CF_JDRQ": f"2026-{n % 10 + 1:02}-1{n % 9}",
            },
            kinds=("P01",) if n % 3 else ("P03", "P10"),
            party_type="person" if n % 5 == 3 else "organisation",
            published_on=datetime.date(2026, n % 10 + 1, 20 + n % 8),
        )
        for n in range(60)
    ]  # fmt: skip
    for one in told:
        made.release(one)
    made.release(corrected(told[0], {"CF_NR_FK": 1}))
    made.release(tombstone(told[1]))
    made.release(tombstone(told[2], outcome="expired", reason="公示期满。"))
    made.mirror()
    await made.fill(database)
    return made


@pytest.fixture
async def client(database: TestDatabase, log: PaperDisclosures) -> AsyncIterator[aiohttp.ClientSession]:
    async with (
        site(database, log, contact="mailto:security@liuhen.example") as url,
        aiohttp.ClientSession(url, headers={"Accept-Language": "en"}) as session,
    ):
        yield session


async def get(client: aiohttp.ClientSession, path: str, status: int = 200, **headers: str) -> tuple[Any, Any]:
    async with client.get(path, headers=headers) as answer:
        body = await answer.read()
        assert answer.status == status, (path, answer.status, body[:300])
        return (json.loads(body) if "json" in answer.content_type else body), answer.headers


async def found(client: aiohttp.ClientSession, query: str) -> list[str]:
    told, _ = await get(client, f"/api/v1/disclosures?{query}&rows=100")
    return [one["party"] for one in told["items"]]


# -- search --


FINDS = {
    "钢铁": 12, "钢铁有限": 12, "矿业": 11, "有限 矿业": 11, "STEEL": 11, "ｓｔｅｅｌ": 11, "le St": 11,
    "应急罚〔2026〕7号": 1, "应急罚(2026)7号": 1, "91210500MA0000001K": 58, "钢 铁": 12, "烟花": 12, "铁钢": 0,
}  # fmt: skip


async def test_two_characters_find_names_and_numbers(client: aiohttp.ClientSession) -> None:
    for q, count in FINDS.items():
        assert len(await found(client, f"q={quote(q)}")) == count, q


async def test_choices_narrow_the_search_and_stand_in_the_address(client: aiohttp.ClientSession) -> None:
    assert len(await found(client, "kind=P10")) == 20
    assert set(await found(client, "party_type=person")) == {"王某某"}
    assert len(await found(client, "from=2026-03-01&to=2026-03-31")) == 5
    assert len(await found(client, "status=corrected")) == 1
    assert await found(client, "authority=999999") == []
    assert await found(client, "subject=inspection") == []
    page, _ = await get(client, "/disclosures?kind=P10&from=2026-02-01", Accept="text/html")
    assert b'value="P10" selected' in page
    assert b'value="2026-02-01"' in page


async def test_pages_follow_one_another_without_gap_or_repetition(client: aiohttp.ClientSession) -> None:
    for sort in ("published", "decided"):
        address, seen, days = f"/api/v1/disclosures?sort={sort}", [], []
        while address:
            told, headers = await get(client, address)
            seen += [one["record"] for one in told["items"]]
            days += [one[f"{sort}_on"] for one in told["items"]]
            link = re.search(r'<([^>]+)>; rel="next"', headers["Link"])
            assert (link[1] if link else None) == told["next"]
            address = told["next"]
            assert told["count"] == 58
        assert len(seen) == len(set(seen)) == 58
        assert days == sorted(days, reverse=True)


async def test_a_page_has_as_many_rows_as_were_asked_for(client: aiohttp.ClientSession) -> None:
    for size in ROWS:
        told, _ = await get(client, f"/api/v1/disclosures?rows={size}")
        assert len(told["items"]) == min(size, 58)


REFUSED = (
    "q=x", "q=" + "a" * 201, "rows=21", "rows=1e9", "from=yesterday", "from=2026-02-30",
    "from=2026-02-02&to=2026-02-01", "kind=P1", "kind=P01%27--", "subject=x", "sort=fine", "status=withdrawn",
    "authority=%27",
    "party_type=%00", "after=x", "after=2026-01-01~x", "after=2026-01-01~01A22E12-3D03-7739-A8A5-B26C955FE935",
)  # fmt: skip


async def test_what_nobody_could_mean_is_refused(client: aiohttp.ClientSession) -> None:
    for query in REFUSED:
        told, _ = await get(client, f"/api/v1/disclosures?{query}", 400)
        assert told["code"] == ("bad_cursor" if query.startswith("after") else "bad_request"), query
        page, _ = await get(client, f"/disclosures?{query}", 400, Accept="text/html")
        assert 'role="alert"' in page.decode(), query


ODD = (
    "%00%00",
    "%25%25",
    "__",
    "%27%27",
    "a%5C",
    "%E2%80%AE%E2%80%AE",
    "%F0%9F%98%80%F0%9F%98%80",
    "%FF%FE",
    "%ED%A0%80",
)


async def test_odd_characters_are_looked_for_and_break_nothing(client: aiohttp.ClientSession) -> None:
    for q in ODD:
        for path in ("/api/v1/disclosures", "/disclosures", "/disclosures.csv", "/feed.atom"):
            async with client.get(URL(f"{path}?q={q}", encoded=True)) as answer:
                assert answer.status in (200, 400), (path, q)


# -- a record and its end --


async def test_a_record_stands_for_ever_and_a_tombstone_says_when_and_why(
    client: aiohttp.ClientSession, log: PaperDisclosures
) -> None:
    corrected_one, withdrawn, ended = (log.released[n].document for n in range(3))
    told, _ = await get(client, f"/api/v1/disclosures/{corrected_one.record}")
    assert [one["outcome"] for one in told["history"]] == ["published", "corrected"]
    assert (told["state"], told["document"]["revision"]) == ("corrected", 2)
    for one, status, words in ((withdrawn, "withdrawn", "行政复议"), (ended, "expired", "公示期满")):
        told, headers = await get(client, f"/api/v1/disclosures/{one.record}", 410)
        assert headers["Content-Type"] == "application/problem+json"
        assert (told["code"], told["state"], told["status"]) == ("gone", status, 410)
        assert words in told["detail"]
        page, _ = await get(client, f"/disclosures/{one.record}", 410, Accept="text/html")
        for text in (page.decode(), json.dumps(told, ensure_ascii=False)):
            assert words in text
            for field in ("CF_XDR_MC", "CF_XDR_SHXYM", "CF_SY", "CF_NR"):
                assert one.value(field) not in text
    rows, _ = await get(client, "/api/v1/withdrawals")
    assert [one["record"] for one in rows["items"]] == [ended.record, withdrawn.record]


async def test_what_was_taken_down_is_nowhere_else(client: aiohttp.ClientSession, log: PaperDisclosures) -> None:
    gone = {log.released[1].document.record, log.released[2].document.record}
    for path in ("/disclosures.csv", "/api/v1/disclosures?rows=100", "/disclosures?rows=100"):
        async with client.get(path) as answer:
            assert not [one for one in gone if one in await answer.text()], path
    feed, _ = await get(client, "/feed.json")
    told = {one["id"].rpartition("/")[2]: one for one in feed["items"]}
    for one in gone:
        assert told[one]["_liuhen"]["fields"] == {}
        assert NAMES[1] not in json.dumps(told[one], ensure_ascii=False)


ABSENT = (
    "/disclosures/x", "/disclosures/01a22e12-3d03-7739-a8a5-b26c955fe935", "/api/v1/disclosures/%00",
    "/authorities/999999", "/api/v1/disclosures/01a22e12-3d03-7739-a8a5-b26c955fe935/proof",
    "/data/x.csv-metadata.json", "/help/x",
    "/data/2026-11/../../log", "/data/2026-13/SHA256SUMS", "/data/2026-11/%2e%2e%2fkey", "/log/v1/210500/1/key/x",
    "/log/v1/..%2f/1/key", "/static/x/verify.js", "/log/v1/210500/1/tile/entries/000.p/1",
)  # fmt: skip


async def test_what_is_not_there_is_not_found(client: aiohttp.ClientSession) -> None:
    for path in ABSENT:
        async with client.get(URL(path, encoded=True)) as answer:
            assert answer.status == 404, path


async def test_every_route_is_read_only(client: aiohttp.ClientSession) -> None:
    assert {one.method for one in ROUTES} == {"GET"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        async with client.request(method, "/api/v1/disclosures") as answer:
            assert answer.status in (404, 405)
    async with client.get("/disclosures") as answer:
        assert "Set-Cookie" not in answer.headers


# -- validators --


async def test_what_a_client_holds_is_not_sent_again_and_a_correction_is(
    client: aiohttp.ClientSession, log: PaperDisclosures, database: TestDatabase
) -> None:
    record = log.released[5].document
    for path in (
        f"/disclosures/{record.record}", f"/api/v1/disclosures/{record.record}",
        f"/api/v1/disclosures/{record.record}/proof", "/api/v1/disclosures", "/disclosures", "/feed.atom",
        "/feed.json", "/data/catalog.jsonld", "/statistics",
    ):  # fmt: skip
        _, headers = await get(client, path)
        assert headers["Cache-Control"] == "public, no-cache", path
        empty, again = await get(client, path, 304, **{"If-None-Match": headers["ETag"]})
        assert (empty, again["ETag"]) == (b"", headers["ETag"])
    _, headers = await get(client, f"/api/v1/disclosures/{record.record}")
    await get(client, f"/api/v1/disclosures/{record.record}", 304, **{"If-Modified-Since": headers["Last-Modified"]})
    async with client.head(f"/disclosures/{record.record}") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    connection = await database.connect()
    await connection.execute(
        "UPDATE published.records SET released = released + interval '1 hour', document = $2 WHERE record = $1",
        record.record, corrected(record, {"CF_NR_FK": 77}).encode(),
    )  # fmt: skip
    await connection.close()
    told, _ = await get(
        client, f"/api/v1/disclosures/{record.record}",
        **{"If-None-Match": headers["ETag"], "If-Modified-Since": headers["Last-Modified"]},
    )  # fmt: skip
    assert {"code": "CF_NR_FK", "header": "罚款金额（万元）", "fen": 77} in told["document"]["fields"]


async def test_what_is_overdue_and_not_published_lowers_the_share_that_was_published_on_time(
    client: aiohttp.ClientSession, database: TestDatabase
) -> None:
    await fill_sections(database)
    page = await (await client.get("/statistics?lang=en")).text()
    assert '<span class="big">70.0 %</span>' in page, "7 on time, 1 late, 2 that nobody published"
    assert re.search(r"of these overdue, not published</th><td class=\"n\">2<", page)


async def test_many_requests_of_one_address_are_told_to_wait(log: PaperDisclosures) -> None:
    async with listening(make_public_app(log.folder, per_minute=3)) as url, aiohttp.ClientSession(url) as session:
        left = []
        for _ in range(3):
            _, headers = await get(session, "/api/v1/openapi.json")
            left.append(headers["RateLimit"].partition(";t=")[0])
            assert headers["RateLimit-Policy"] == '"address";q=3;w=60'
        assert left == ['"address";r=2', '"address";r=1', '"address";r=0']
        told, headers = await get(session, "/api/v1/openapi.json", 429)
        assert told["code"] == "quota_exceeded"
        assert 1 <= int(headers["Retry-After"]) <= 60


# -- feeds, tables, descriptions --


async def test_feeds_are_of_an_authority_and_of_a_search(client: aiohttp.ClientSession) -> None:
    a = {"a": "http://www.w3.org/2005/Atom"}
    for query, parties in ((f"authority={AUTHORITY}", 50), ("q=%E7%9F%BF%E4%B8%9A", 11)):
        body, headers = await get(client, f"/feed.atom?{query}")
        assert headers["Content-Type"].startswith("application/atom+xml")
        feed = Xml.fromstring(body)
        ids = [one.text for one in feed.findall("a:entry/a:id", a)]
        assert len(ids) == len(set(ids)) == parties
        stamps = [one.text or "" for one in feed.findall("a:entry/a:updated", a)]
        assert stamps == sorted(stamps, reverse=True)
        assert feed.findtext("a:updated", namespaces=a) == stamps[0]
        for name in ("id", "title", "updated", "link"):
            assert feed.find(f"a:{name}", a) is not None
        told, _ = await get(client, f"/feed.json?{query}")
        assert told["version"] == "https://jsonfeed.org/version/1.1"
        assert [one["id"] for one in told["items"]] == ids


async def test_a_table_has_its_description_and_amounts_in_10_000_yuan(
    client: aiohttp.ClientSession, log: PaperDisclosures
) -> None:
    body, headers = await get(client, "/disclosures.csv")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
    described, _ = await get(client, re.findall(r"<([^>]+)>; rel=\"describedby\"", headers["Link"])[0])
    columns = described["tableSchema"]["columns"]
    assert rows[0] == [one["titles"]["zh"] for one in columns]
    assert len(rows) == 59
    fine = [one["name"] for one in columns].index("CF_NR_FK")
    assert columns[fine]["datatype"] == "decimal"
    by_record = {row[0]: row for row in rows[1:]}
    assert by_record[log.released[0].document.record][fine] == "0.000001"
    assert by_record[log.released[10].document.record][fine] == "0.00501"
    assert [one["name"] for one in columns if one["name"].startswith("CF_")] + ["BZ"] == [
        one.code for one in log.released[3].document.fields
    ]


async def test_the_catalogue_leads_to_everything_it_names(client: aiohttp.ClientSession, log: PaperDisclosures) -> None:
    told, _ = await get(client, "/data/catalog.jsonld")
    seen = 0
    for dataset in told["dcat:dataset"]:
        assert dataset["dct:publisher"][0]["foaf:name"] == AGENCY.name
        for one in dataset["dcat:distribution"]:
            for name in ("dcat:accessURL", "dcat:downloadURL"):
                async with client.get(one[name]["@id"]) as answer:
                    assert answer.status == 200
                    seen += 1
    assert seen >= 12


async def test_the_description_names_every_address_and_answers_are_of_its_types(
    client: aiohttp.ClientSession, log: PaperDisclosures
) -> None:
    told, _ = await get(client, "/api/v1/openapi.json")
    assert told["openapi"] == "3.1.0"
    plain = {re.sub(r":[^}]+", "", one.path) for one in ROUTES if one.kind == "data"}
    own = {
        "/help/verify_record.py",
        "/help/draw.py",
        "/api/v1/openapi.json",
        "/.well-known/security.txt",
        "/robots.txt",
    }
    assert {re.sub(r":[^}]+", "", path) for path in told["paths"]} == plain - own
    assert len({one.id for one in openapi.OPERATIONS}) == len(openapi.OPERATIONS)
    keys = {"id": log.released[5].document.record, "code": AUTHORITY}
    for one in openapi.OPERATIONS:
        if one.answers is not None and one.answers is not shapes.Draw:  # of a real draw: integration/test_draws.py
            async with client.get(one.path.format(**keys)) as answer:
                msgspec.json.decode(await answer.read(), type=one.answers, strict=True)


async def test_digests_of_bulk_files_are_signed_and_verify_with_the_program_and_with_openssl(
    client: aiohttp.ClientSession, log: PaperDisclosures, database: TestDatabase, tmp_path: Path
) -> None:
    pool = await store.connect(database.dsn("liuhen_public"), size=1)
    try:
        await bulk.write(pool, log.folder, datetime.datetime(2026, 11, 4, 3, tzinfo=datetime.UTC))
    finally:
        await pool.close()
    stranger = NoteSigner("liuhen.example/999999/1", Signer(secrets.token_bytes(32)))
    assert sign_sums(log.folder, [stranger, log.signer]) == 1
    assert sign_sums(log.folder, [stranger, log.signer]) == 0
    there = tmp_path / "downloaded"
    there.mkdir()
    for name in ("SHA256SUMS", "SHA256SUMS.note", "penalty-full-2026-11-04.csv"):
        async with client.get(f"/data/2026-11/{name}") as answer:
            assert answer.status == 200, name
            (there / name).write_bytes(await answer.read())
    (there / "verify_record.py").write_bytes(await (await client.get("/help/verify_record.py")).read())

    async def run(*command: str) -> tuple[int, str]:
        child = await asyncio.create_subprocess_exec(
            *command, cwd=there, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        async with asyncio.timeout(60):
            out, _ = await child.communicate()
        return child.returncode or 0, out.decode()

    async def verify(key: str) -> tuple[int, str]:
        return await run(sys.executable, "-I", "verify_record.py", "SHA256SUMS.note", "--sums", "--key", key)

    for signer in (log.signer, stranger):
        status, told = await verify(str(signer.verifier))
        assert status == 0, told
        assert "ok  penalty-full-2026-11-04.csv" in told
    # With OpenSSL alone, as the page of help says it.
    key = base64.b64decode(str(log.key).split("+", 2)[2])
    (there / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key[1:])
    last = (there / "SHA256SUMS.note").read_text("utf-8").splitlines()[-1]
    (there / "signature").write_bytes(base64.b64decode(last.rsplit(" ", 1)[1])[4:])
    command = ("openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin")
    openssl = (*command, "-in", "SHA256SUMS", "-sigfile", "signature")
    assert (await run(*openssl))[0] == 0
    # Controls: a changed file, a changed list, another key.
    table = there / "penalty-full-2026-11-04.csv"
    table.write_bytes(table.read_bytes() + b"x")
    assert (await verify(str(log.key)))[0] == 1
    sums = there / "SHA256SUMS"
    sums.write_text(sums.read_text("utf-8").replace("a", "b", 1), "utf-8")
    assert (await run(*openssl))[0] != 0
    other = NoteSigner(log.signer.name, Signer(secrets.token_bytes(32)))
    status, told = await verify(str(other.verifier))
    assert status == 1
    assert "not signed by the key" in told


async def test_security_txt_says_where_to_report(client: aiohttp.ClientSession, log: PaperDisclosures) -> None:
    body, _ = await get(client, "/.well-known/security.txt")
    assert b"Contact: mailto:security@liuhen.example\nExpires: " in body
    async with (
        listening(make_public_app(log.folder)) as url,
        aiohttp.ClientSession(url) as session,
        session.get("/.well-known/security.txt") as answer,
    ):
        assert answer.status == 404


# -- bulk --


async def test_bulk_files_are_whole_never_change_and_carry_their_digests(
    client: aiohttp.ClientSession, log: PaperDisclosures, database: TestDatabase
) -> None:
    pool = await store.connect(database.dsn("liuhen_public"), size=1)
    now = datetime.datetime(2026, 11, 4, 3, tzinfo=datetime.UTC)
    try:
        made = await bulk.write(pool, log.folder, now)
        assert "penalty-full-2026-11-04.csv" in made
        assert "penalty-delta-2026-11-02.csv" in made
        assert await bulk.write(pool, log.folder, now) == []
        assert await bulk.write(pool, log.folder, now + datetime.timedelta(days=1)) == [
            f"{subject}-delta-2026-11-04.csv" for subject in tables.layouts()
        ]  # fmt: skip
    finally:
        await pool.close()
    sums, _ = await get(client, "/data/2026-11/SHA256SUMS")
    lines = dict(reversed(line.split("  ")) for line in sums.decode().splitlines())
    assert len(lines) >= 6
    for name, digest in lines.items():
        body, headers = await get(client, f"/data/2026-11/{name}")
        assert hashlib.sha256(body).hexdigest() == digest
        assert "immutable" in headers["Cache-Control"]
    full, _ = await get(client, "/data/2026-11/penalty-full-2026-11-04.csv")
    assert len(full.decode().splitlines()) == 59
    delta, _ = await get(client, "/data/2026-11/penalty-delta-2026-11-02.csv")
    rows = list(csv.reader(io.StringIO(delta.decode(), newline="")))
    gone = [row for row in rows if row[1] in ("已撤回", "公示期满")]
    assert len(rows) == 61
    assert len(gone) == 2
    assert not any(any(row[4:]) for row in gone), "a record that was taken down says nothing of the party"


# -- the account --


async def test_the_site_does_not_start_with_an_account_that_sees_more(database: TestDatabase) -> None:
    for role in ("liuhen_console", "liuhen_writer", "postgres"):
        with pytest.raises(store.SeesTooMuch, match="log"):
            await store.connect(database.dsn(role))
    pool = await store.connect(database.dsn("liuhen_public"))
    try:
        for statement in (
            "SELECT 1 FROM log.entries",
            "DELETE FROM published.records",
            "SELECT 1 FROM disclosure.documents",
        ):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
                await pool.execute(statement)
    finally:
        await pool.close()
