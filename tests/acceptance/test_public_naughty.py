"""500 naughty texts through every published column into HTML, Atom, JSON, CSV and XLSX, and back, exactly."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as Xml

import aiohttp
import pytest
from msgspec import UNSET, structs
from playwright.async_api import async_playwright

from domain.cells import plain
from ops import browser as needs
from schemas import jcs
from schemas.published_document import Document, Field
from server.public import tables
from server.web import atom
from tests.support import naughty
from tests.support.postgres import TestDatabase
from tests.support.published import LAYOUT, PaperDisclosures, document, site

TEXTS = naughty.texts()
COLUMNS = [one.code for one in LAYOUT.columns if not one.money and not one.paper]
MARKS = {"a": "http://www.w3.org/2005/Atom", "x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def documents() -> list[Document]:
    """Every text in some column, every column with many texts; the long ones one to a record."""
    made, at = [], 0
    long = [text for text in TEXTS if len(text) > 1_000]
    short = [text for text in TEXTS if len(text) <= 1_000]
    for number in range(-(-len(short) // len(COLUMNS))):
        # The window moves by one column each time, so that no kind of text always meets the same column.
        some = short[at : at + len(COLUMNS)]
        at += len(COLUMNS)
        values = {COLUMNS[(place + number) % len(COLUMNS)]: text for place, text in enumerate(some)}
        made.append(document(values=values, number="N"))
    made += [document(values={"CF_SY": text}, number="N", remedies=text) for text in long]
    return made


@pytest.fixture
async def log(database: TestDatabase, tmp_path: Path) -> PaperDisclosures:
    made = PaperDisclosures(tmp_path)
    made.others(3)
    for one in documents():
        made.release(one)
    made.mirror()
    await made.fill(database)
    return made


@pytest.fixture
async def client(database: TestDatabase, log: PaperDisclosures) -> AsyncIterator[aiohttp.ClientSession]:
    async with site(database, log) as url, aiohttp.ClientSession(url) as session:
        yield session


def test_there_are_500_different_texts_and_every_one_is_published() -> None:
    assert len(TEXTS) >= 500
    published = {field.value for one in documents() for field in one.fields}
    assert set(TEXTS) <= published


def values(told: Document) -> dict[str, str]:
    return {one.code: told.value(one.code) for one in told.fields if told.value(one.code)}


async def read(client: aiohttp.ClientSession, path: str) -> bytes:
    async with client.get(path) as answer:
        assert answer.status == 200, (path, answer.status)
        return await answer.read()


async def test_json_gives_every_text_back(client: aiohttp.ClientSession, log: PaperDisclosures) -> None:
    for one in log.released:
        told = json.loads(await read(client, f"/api/v1/disclosures/{one.document.record}"))
        got = {field["code"]: field["value"] for field in told["document"]["fields"] if "value" in field}
        assert got == values(one.document)
        proof = json.loads(await read(client, f"/api/v1/disclosures/{one.document.record}/proof"))
        assert proof["document"].encode() == one.data
        assert await read(client, f"/api/v1/disclosures/{one.document.record}/document") == one.data


async def test_csv_gives_every_text_back_and_no_cell_is_a_formula(
    client: aiohttp.ClientSession, log: PaperDisclosures
) -> None:
    body = await read(client, "/disclosures.csv?subject=penalty")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
    compare(rows, log, plain)
    for row in rows[1:]:
        assert not [
            cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
        ]
    with_mark = await read(client, "/disclosures.csv?subject=penalty&bom=1")
    assert with_mark == b"\xef\xbb\xbf" + body


async def test_xlsx_gives_every_text_back_as_text(client: aiohttp.ClientSession, log: PaperDisclosures) -> None:
    body = await read(client, "/disclosures.xlsx")
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        sheet = Xml.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert not [name for name in book.namelist() if "vba" in name.lower()]
    assert sheet.findall(".//x:f", MARKS) == [], "a formula in a spreadsheet"
    rows = []
    for row in sheet.findall(".//x:row", MARKS):
        cells = {}
        for one in row.findall("x:c", MARKS):
            assert one.get("t") == "inlineStr"
            column = re.match(r"[A-Z]+", one.get("r") or "")
            assert column is not None
            cells[column_number(column[0])] = unescaped(
                "".join(part.text or "" for part in one.iter(f"{{{MARKS['x']}}}t"))
            )
        rows.append([cells.get(at, "") for at in range(len(tables.headers(LAYOUT)))])
    compare(rows, log, lambda text: text, lambda text: text.translate({0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}))


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def unescaped(text: str) -> str:
    """The text of a cell: _xHHHH_ is a character that XML cannot carry (ECMA-376, 22.9.2.19)."""
    return re.sub(r"_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def compare(rows: Sequence[Sequence[str]], log: PaperDisclosures, back: object, expected: object = str) -> None:
    head = list(rows[0])
    assert head == tables.headers(LAYOUT)
    by_record = {row[0]: row for row in rows[1:]}
    assert len(by_record) == len(log.released)
    for one in log.released:
        row = by_record[one.document.record]
        for column in LAYOUT.columns:
            if not column.money:
                got = back(row[head.index(column.header)])  # type: ignore[operator]
                assert got == expected(one.document.value(column.code)), (column.code, got)  # type: ignore[operator]


async def test_feeds_give_every_text_back(client: aiohttp.ClientSession, log: PaperDisclosures) -> None:
    newest = {one.document.record: one.document for one in log.released[-50:]}
    feed = Xml.fromstring(await read(client, "/feed.atom"))
    entries = feed.findall("a:entry", MARKS)
    assert len(entries) == min(50, len(newest))
    words = json.loads(await read(client, "/feed.json"))["items"]
    for entry, item in zip(entries, words, strict=True):
        address = entry.findtext("a:id", namespaces=MARKS) or ""
        told = newest[address.rpartition("/")[2]]
        content = entry.findtext("a:content", namespaces=MARKS) or ""
        for text in values(told).values():
            assert atom.xml_text(text) in content
            assert text in item["content_text"]
        assert item["_liuhen"]["fields"]["CF_NR_FK"] == "2"
        assert {code: item["_liuhen"]["fields"][code] for code in values(told)} == values(told)


def test_what_xml_cannot_carry_is_a_picture_of_it_and_everything_else_itself() -> None:
    changed = [text for text in TEXTS if atom.xml_text(text) != text]
    forbidden = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
    assert changed == [text for text in TEXTS if forbidden.search(text)]
    assert not [text for text in TEXTS if forbidden.search(atom.xml_text(text))]


class Shown(html.parser.HTMLParser):
    """The texts of a page by code of their column, and all that must not be in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and dict(attrs).get("src", "")[:8] != "/static/":
            self.faults.append("a script that is not ours")
        self.faults += [f"{tag} {name}" for name, _ in attrs if name.startswith("on") or name == "style"]


@pytest.mark.browser
@pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium")
async def test_pages_show_every_text_exactly_and_run_none_of_them(
    client: aiohttp.ClientSession, log: PaperDisclosures
) -> None:
    base = str(client._base_url).rstrip("/")
    told: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=needs.chromium(), args=["--no-sandbox"])
        page = await browser.new_page()
        page.on("request", lambda request: request.url.startswith(base) or told.append(f"asks {request.url}"))
        page.on("pageerror", lambda fault: told.append(f"script fails: {fault}"))
        page.on("console", lambda line: told.append(line.text) if line.type == "error" else None)
        for one in log.released:
            answer = await page.goto(f"{base}/disclosures/{one.document.record}")
            assert answer is not None
            policy = (await answer.all_headers())["content-security-policy"]
            assert {"default-src 'none'", "script-src 'self'"} <= set(policy.split("; "))
            assert "unsafe" not in policy
            parser = Shown()
            parser.feed(await answer.text())
            assert parser.faults == []
            source = await page.get_attribute("script[src*='verify']", "src")
            shown = await page.evaluate("async source => (await import(source)).shownOn(document)", source)
            assert shown == {**values(one.document), "CF_NR_FK": "2000000"}
            assert await page.evaluate("window.hit") is None
        for path in ("/disclosures?rows=100", "/", "/disclosures?q=%3Cscript%3Ewindow.hit%3D1%3C/script%3E"):
            await page.goto(base + path)
            assert await page.evaluate("window.hit") is None
        await browser.close()
    assert told == []


def cited(subject: str, values: dict[str, str]) -> Document:
    """A document with those columns alone."""
    fields = tuple(Field(code=code, header="列", value=value) for code, value in values.items())
    return structs.replace(
        document(), subject=subject, layout="x-2026", party_type=UNSET, kinds=(), number=UNSET, remedies=UNSET,
        fields=fields,
    )  # fmt: skip


class Names(Shown):
    """The texts that stand in an element of their own (`bdi`), too."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag == "bdi":
            self._open = True
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "bdi"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[-1] += data


async def test_files_of_draws_and_lists_give_every_text_back_and_run_none(
    database: TestDatabase, tmp_path: Path
) -> None:
    short = [text for text in TEXTS if len(text) <= 1_000]
    draw = {
        "algorithm": "x", "commitment": "x", "count": 1, "objects_hash": "x", "officers_hash": "x", "public": "x",
        "recused": {}, "secret": "x", "team": 1, "teams": [[text, [text]] for text in short],
        "names": {text: text for text in short[::2]},
    }  # fmt: skip
    people = [
        {
            "name": text,
            "certificate_no": text,
            "categories": [text],
            "valid_from": "2020-01-01",
            "valid_to": "2030-01-01",
        }
        for text in short
    ]
    files = [jcs.encode(draw), jcs.encode({"officers": people})]
    digests = [sha256(one).hexdigest() for one in files]
    told = [
        cited("random_selection", {"SJ_MC": "抽查", "SJ_CQRQ": "2026-11-02", "SJ_JGWJ": digests[0]}),
        cited("officers", {"RY_BT": "名单", "RY_RQ": "2026-11-02", "RY_MDWJ": digests[1]}),
    ]
    log = PaperDisclosures(tmp_path)
    for one in told:
        log.release(one)
    log.mirror()
    await log.fill(database)
    owner = await database.connect()
    for one, file in zip(told, files, strict=True):
        await owner.execute("INSERT INTO published.files VALUES ($1, sha256($2::bytea), $2)", UUID(one.record), file)
    await owner.close()
    async with site(database, log) as url, aiohttp.ClientSession(url) as client:
        for one, digest, file in zip(told, digests, files, strict=True):
            assert await read(client, f"/api/v1/disclosures/{one.record}/files/{digest}") == file
        answer = json.loads(await read(client, f"/api/v1/draws/{told[0].record}"))
        assert [names for names, _ in answer["teams"]] == short
        sections = json.loads(await read(client, "/api/v1/authorities/210500"))["sections"]
        assert [one["content"]["name"] for one in sections if one["section"] == "officer"] == short
        for path in (f"/disclosures/{told[0].record}", "/authorities/210500?day=2026-11-02"):
            page = Names()
            page.feed((await read(client, path)).decode())
            assert page.faults == []
            pictured = {text.replace("\0", "\u2400") for text in short}
            assert pictured <= set(page.texts), path
