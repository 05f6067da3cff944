"""The proof of a published record: in real Chromium, with the program that visitors download, and with code that was
not written here. Every record verifies; a changed byte anywhere fails, and the answer says what failed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from playwright.async_api import Page, async_playwright

from ops import browser as needs
from schemas import merkle, proof_file
from server.public.guide import PROGRAM
from tests.support.postgres import TestDatabase
from tests.support.published import PaperDisclosures, corrected, document, site, tombstone

VERIFIER = Path(__file__).resolve().parents[2] / "server" / "public" / "verifier" / PROGRAM
WITHOUT_ED25519 = """
const real = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (form, key, how, ...rest) =>
  how.name === 'Ed25519' ? Promise.reject(new DOMException('no', 'NotSupportedError')) : real(form, key, how, ...rest);
"""


@pytest.fixture
async def log(database: TestDatabase, tmp_path: Path) -> PaperDisclosures:
    """A log of some hundred entries in which a few are public: as released, corrected, withdrawn, ended."""
    made = PaperDisclosures(tmp_path)
    made.others(257)
    first, second, third, fourth = (document(values={"CF_WSH": f"（示）应急罚〔2026〕{n}号"}) for n in range(1, 5))
    for told in (
        first, second, third, fourth, corrected(second, {"CF_NR_FK": 12_345}), tombstone(third),
        tombstone(fourth, outcome="expired", reason="公示期满。"),
    ):  # fmt: skip
        made.release(told)
        made.others(61)
    made.mirror()
    await made.fill(database)
    return made


@pytest.fixture
async def url(database: TestDatabase, log: PaperDisclosures) -> AsyncIterator[str]:
    async with site(database, log) as address:
        yield address


@pytest.fixture
async def page(url: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=needs.chromium(), args=["--no-sandbox"])
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


def records(log: PaperDisclosures) -> list[str]:
    return list(dict.fromkeys(one.document.record for one in log.released))


async def proof_of(url: str, record: str, query: str = "") -> Any:
    async with (
        aiohttp.ClientSession(url) as session,
        session.get(f"/api/v1/disclosures/{record}/proof{query}") as answer,
    ):
        assert answer.status == 200
        return await answer.json()


# -- in the browser --


async def pressed(page: Page, address: str) -> tuple[str | None, str]:
    """The page of a record, with the button pressed: (state, what it says)."""
    await page.goto(address)
    await page.click("[data-verify] button")
    await page.wait_for_selector("[data-verify][data-state]")
    return await page.get_attribute("[data-verify]", "data-state"), await page.inner_text("[data-result]")


@pytest.mark.browser
@pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium")
async def test_every_record_and_every_tombstone_verifies_in_chromium(
    url: str, log: PaperDisclosures, page: Page
) -> None:
    for record in records(log):
        state, said = await pressed(page, f"{url}/disclosures/{record}?lang=en")
        assert state == "good", said
        assert said.count("✓") == 4
        assert str(log.key) in said
    state, said = await pressed(page, f"{url}/disclosures/{records(log)[0]}?lang=zh")
    assert said.startswith("核验通过")


def changed(proof: Mapping[str, Any], dice: random.Random) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(what was changed, the proof with it, the step that must fail): every kind of byte that is in a proof."""

    def flipped(text: str) -> str:
        raw = bytearray(base64.b64decode(text))
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        return base64.b64encode(bytes(raw)).decode()

    def other(text: str, at: int) -> str:
        return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]

    told = proof["document"]
    for at in sorted({0, len(told) - 1, *(dice.randrange(len(told)) for _ in range(12))}):
        yield "document", {**proof, "document": other(told, at)}, "document"
    yield "document", {**proof, "document": told + " "}, "document"
    yield "salt", {**proof, "salt": other(proof["salt"], dice.randrange(64))}, "document"
    yield "record", {**proof, "record": other(proof["record"], 3)}, "document"
    yield "outcome", {**proof, "outcome": "expired" if proof["outcome"] != "expired" else "withdrawn"}, "document"
    entry = base64.b64decode(proof["entry"])
    for at in range(len(entry)):
        raw = bytearray(entry)
        raw[at] ^= 1 << dice.randrange(8)
        yield "entry", {**proof, "entry": base64.b64encode(bytes(raw)).decode()}, "inclusion"
    yield "entry cut", {**proof, "entry": base64.b64encode(entry[:-1]).decode()}, "inclusion"
    yield "index", {**proof, "index": proof["index"] + 1}, "inclusion"
    yield "index", {**proof, "index": 10**9}, "inclusion"
    for at, one in enumerate(proof["hashes"]):
        path = [*proof["hashes"]]
        path[at] = flipped(one)
        yield f"hash {at}", {**proof, "hashes": path}, "inclusion"
    yield "a hash less", {**proof, "hashes": proof["hashes"][:-1]}, "inclusion"
    yield "a hash more", {**proof, "hashes": [*proof["hashes"], proof["hashes"][0]]}, "inclusion"
    lines = proof["checkpoint"].split("\n")
    for at, step in ((0, "signature"), (1, "signature"), (2, "inclusion"), (2, "signature"), (4, "signature")):
        some = [*lines]
        place = 3 if at < 4 else len(some[at]) - 9
        some[at] = other(some[at], min(place, len(some[at]) - 1))
        yield f"checkpoint line {at}", {**proof, "checkpoint": "\n".join(some)}, step
    name, number, key = proof["key"].split("+", 2)
    yield "key", {**proof, "key": f"{name}+{number}+{flipped(key)}"}, "signature"
    yield "key id", {**proof, "key": f"{name}+{other(number, 2)}+{key}"}, "signature"
    yield "key name", {**proof, "key": f"{other(name, 2)}+{number}+{key}"}, "signature"


@pytest.mark.browser
@pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium")
async def test_a_changed_byte_anywhere_fails_in_chromium_and_the_step_that_failed_is_named(
    url: str, log: PaperDisclosures, page: Page
) -> None:
    dice = random.Random(7)
    for record in records(log):
        await page.goto(f"{url}/disclosures/{record}")
        source = await page.get_attribute("script[src*='verify']", "src")
        proof = await proof_of(url, record)
        cases = list(changed(proof, dice))
        assert len(cases) > 120
        run = """async ([source, proofs, record]) => {
            const {verify, shownOn} = await import(source);
            return await Promise.all(proofs.map(proof => verify(proof, record, shownOn(document))));
        }"""
        found = await page.evaluate(run, [source, [proof, *(one for _, one, _ in cases)], record])
        assert found[0]["good"], found[0]
        for (what, _, step), outcome in zip(cases, found[1:], strict=True):
            assert not outcome["good"], what
            assert outcome["steps"][step] != "passed", (what, outcome)


@pytest.mark.browser
@pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium")
async def test_a_page_that_shows_something_else_than_the_document_is_found_out(
    url: str, log: PaperDisclosures, page: Page
) -> None:
    record = records(log)[0]

    async def lie(route: Any) -> None:
        answer = await route.fetch()
        body = (await answer.text()).replace("新上岗的三名人员", "新上岗的两名人员")
        await route.fulfill(response=answer, body=body)

    await page.route(f"{url}/disclosures/*", lie)
    state, said = await pressed(page, f"{url}/disclosures/{record}?lang=en")
    assert state == "broken"
    assert "CF_SY" in said
    assert said.count("✓") == 3

    async def cheaper(route: Any) -> None:
        answer = await route.fetch()
        await route.fulfill(
            response=answer, body=(await answer.text()).replace('data-fen="2000000">2<', 'data-fen="2000000">0.2<')
        )

    await page.unroute(f"{url}/disclosures/*")
    await page.route(f"{url}/disclosures/*", cheaper)
    state, said = await pressed(page, f"{url}/disclosures/{record}?lang=en")
    assert (state, "CF_NR_FK" in said) == ("broken", True)


@pytest.mark.browser
@pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium")
async def test_a_browser_that_cannot_check_says_so_and_gives_no_tick(
    url: str, log: PaperDisclosures, page: Page
) -> None:
    record = records(log)[0]
    insecure = f"{url.replace('127.0.0.1', 'liuhen.example')}/disclosures/{record}?lang=en"
    async with async_playwright() as playwright:
        rules = ["--no-sandbox", "--host-resolver-rules=MAP liuhen.example 127.0.0.1"]
        browser = await playwright.chromium.launch(executable_path=needs.chromium(), args=rules)
        plain = await browser.new_page()
        state, said = await pressed(plain, insecure)
        assert (state, "✓" in said) == ("unable", False)
        assert "https" in said
        await browser.close()
    await page.add_init_script(WITHOUT_ED25519)
    state, said = await pressed(page, f"{url}/disclosures/{record}?lang=en")
    assert (state, "✓" in said) == ("unable", False)
    assert "Ed25519" in said
    assert "How to verify" in said


@pytest.mark.browser
@pytest.mark.skipif(needs.chromium() is None, reason="needs Chromium")
async def test_a_record_newer_than_the_public_checkpoint_waits(
    url: str, log: PaperDisclosures, page: Page, database: TestDatabase
) -> None:
    fresh = PaperDisclosures(log.folder, log.signer, log.leaves)
    late = fresh.release(document())
    await fresh.fill(database)
    async with (
        aiohttp.ClientSession(url) as session,
        session.get(f"/api/v1/disclosures/{late.document.record}/proof") as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (503, "proof_pending")
        assert answer.headers["Retry-After"] == "60"
    state, said = await pressed(page, f"{url}/disclosures/{late.document.record}?lang=en")
    assert (state, "✓" in said) == ("pending", False)
    log.mirror()
    state, said = await pressed(page, f"{url}/disclosures/{late.document.record}?lang=en")
    assert state == "good", said


# -- without this site --


def run(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program as a visitor runs it: a bare interpreter, nothing installed."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), str(file), *arguments], capture_output=True, text=True, timeout=60
    )


async def test_the_program_that_visitors_download_verifies_and_names_what_is_broken(
    url: str, log: PaperDisclosures, tmp_path: Path
) -> None:
    async with aiohttp.ClientSession(url) as session, session.get(f"/help/{PROGRAM}") as answer:
        assert await answer.read() == VERIFIER.read_bytes()
    file = tmp_path / "record.proof.json"
    for record in records(log):
        file.write_text(json.dumps(await proof_of(url, record)), "utf-8")
        done = run(file, "--key", str(log.key))
        assert (done.returncode, done.stdout.count("ok  ")) == (0, 4), done.stdout + done.stderr
    wrong = run(file, "--key", str(PaperDisclosures(tmp_path).key))
    assert (wrong.returncode, "BROKEN" in wrong.stdout) == (1, True)


async def test_a_changed_byte_anywhere_fails_for_the_program(url: str, log: PaperDisclosures, tmp_path: Path) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("verify_record", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)

    def broken(proof: dict[str, Any]) -> bool:
        try:
            program.check_document(proof)
            program.check_inclusion(proof)
            program.check_signature(proof)
        except (program.Broken, KeyError, ValueError, TypeError, UnicodeError):
            return True
        return False

    for record in records(log)[:2]:
        proof = await proof_of(url, record)
        assert not broken(proof)
        for what, one, _ in changed(proof, random.Random(11)):
            assert broken(one), what


async def test_the_proof_verifies_with_what_others_wrote(url: str, log: PaperDisclosures, tmp_path: Path) -> None:
    """C2SP's formats by the letter, hashes by hashlib and the signature by OpenSSL: nothing of ours is asked."""
    for record in records(log):
        async with aiohttp.ClientSession(url) as session:
            async with session.get(f"/api/v1/disclosures/{record}/proof.tlog") as answer:
                text = await answer.text()
            async with session.get(f"/api/v1/disclosures/{record}/entry") as answer:
                entry = await answer.read()
            async with session.get("/log/v1/210500/1/key") as answer:
                key = (await answer.text()).strip()
        head, _, note = text.partition("\n\n")
        first, index, *hashes = head.split("\n")
        assert (first, index.split(" ")[0]) == ("c2sp.org/tlog-proof@v1", "index")
        body, _, signatures = note.rpartition("\n\n")
        origin, size, root = body.split("\n")[:3]
        public = base64.b64decode(key.split("+", 2)[2])
        signature = base64.b64decode(signatures.strip().split(" ")[2])
        assert signature[:4] == hashlib.sha256(origin.encode() + b"\n" + public).digest()[:4]
        verifier = Ed25519PublicKey.from_public_bytes(public[1:])
        verifier.verify(signature[4:], f"{body}\n".encode())
        with pytest.raises(InvalidSignature):
            verifier.verify(signature[4:], f"{body}0\n".encode())
        path = [base64.b64decode(one) for one in hashes]
        assert subtree(entry, int(index.split(" ")[1]), int(size), path) == base64.b64decode(root)
        assert proof_file.parse_proof(text).index == int(index.split(" ")[1])


def subtree(entry: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 6962, section 2.1.1, read backwards: the root by recursion over the tree, not by the loop of RFC 9162."""
    if size == 1:
        assert not path
        return hashlib.sha256(b"\x00" + entry).digest()
    half = 1
    while half * 2 < size:
        half *= 2
    if index < half:
        return hashlib.sha256(b"\x01" + subtree(entry, index, half, path[:-1]) + path[-1]).digest()
    return hashlib.sha256(b"\x01" + path[-1] + subtree(entry, index - half, size - half, path[:-1])).digest()


async def test_an_independent_implementation_of_tlog_verifies_every_record(
    url: str, log: PaperDisclosures, tmp_path: Path
) -> None:
    """aics-tlog, by other people from C2SP's texts; fetched for the test, like the other outsiders."""
    got = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(tmp_path / "outside"), "--no-deps",
         "--python-version", "3.12", "aics-tlog==0.2.1"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if got.returncode != 0:
        pytest.skip("needs a package index")
    check = """
import base64, json, sys
sys.path.insert(0, sys.argv[1])
import aics_tlog as tlog
proof = json.load(sys.stdin)
key = tlog.parse_vkey(proof["key"])
note = tlog.parse_note(proof["checkpoint"])
done = tlog.verify_checkpoint(note, key, expected_origin=key.name)
leaf = tlog.leaf_hash(base64.b64decode(proof["entry"]))
path = [base64.b64decode(one) for one in proof["hashes"]]
good = tlog.verify_inclusion(leaf, proof["index"], done.size, path, done.root)
print(json.dumps([done.ok and done.log_ok, good]))
"""
    for record in records(log):
        proof = await proof_of(url, record)
        for told, expected in ((proof, [True, True]), ({**proof, "index": proof["index"] - 1}, [True, False])):
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", check, str(tmp_path / "outside")], input=json.dumps(told), capture_output=True,
                text=True, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout) == expected


# -- what is handed out --


async def test_a_proof_holds_nothing_of_other_entries_but_hashes(url: str, log: PaperDisclosures) -> None:
    known = {one.entry for one in log.released}
    leaves = set(log.leaves)
    for record in records(log):
        proof = await proof_of(url, record)
        assert set(proof) == {
            "record", "outcome", "entry", "index", "hashes", "checkpoint", "key", "document", "salt",
        }  # fmt: skip
        entry = base64.b64decode(proof["entry"])
        assert entry in known
        assert merkle.leaf_hash(entry) in leaves
        assert json.loads(proof["document"])["record"] == record


async def test_an_older_revision_is_proven_without_what_it_said(url: str, log: PaperDisclosures) -> None:
    withdrawn = records(log)[2]
    proof = await proof_of(url, withdrawn, "?revision=1")
    assert ("document" in proof, "salt" in proof, proof["outcome"]) == (False, False, "published")
    first = next(one for one in log.released if one.document.record == withdrawn)
    assert base64.b64decode(proof["entry"]) == first.entry
    # Whoever kept the document and its salt can still show that this is what had been published.
    assert hashlib.sha256(b"liuhen disclosure v1\n" + first.salt + first.data).digest() in first.entry


async def test_a_damaged_public_copy_gives_an_error_and_no_proof(url: str, log: PaperDisclosures) -> None:
    tile = next((log.folder / "log" / "v1" / "210500" / "1" / "tile" / "0").glob("002.p/*"))
    tile.write_bytes(bytes(len(tile.read_bytes())))
    late = log.released[-1].document.record
    async with aiohttp.ClientSession(url) as session, session.get(f"/api/v1/disclosures/{late}/proof") as answer:
        assert answer.status == 500
        assert "incident" in await answer.json()
