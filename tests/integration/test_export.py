"""A copy of a case file: it verifies where nothing of ours is, and every kind of tampering with it is named.

Whoever tampers here has the zip and Python, may mend the manifest, and has not the log's key. The control is the
untouched copy, which verifies.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops.export_log import export as export_log
from ops.verify.database import DatabaseSource
from schemas import canonical
from schemas.keys import Signer
from schemas.notes import Checkpoint, NoteSigner, sign_checkpoint
from schemas.problems import Problem
from server.evidence.store import key_of
from server.export import papers
from server.export.kept import Kept
from server.log import epochs, store
from tests.support import projections as stories
from tests.support.exports import CASE, OTHER, WHO, CaseRoom, case_room, rebuilt, verify, written
from tests.support.log import AUTHORITY, HOST, now, send
from tests.support.postgres import TestDatabase, TestServer, short_folder

FILM_BYTES = 600_000_000 if os.environ.get("LIUHEN_FULL") == "1" else 48_000_000
Files = dict[str, bytes]


@dataclass
class Whole:
    """An untouched copy, the key of its log, a second copy that is newer, and names of files in it."""

    path: Path
    key: str
    newer: Path
    photo: str
    film: str

    def events(self) -> list[str]:
        """The entries that are records of the field, in their order."""
        return [name for name, data in self.files().items() if name.startswith("entries/") and b"\xa5field" in data]

    def files(self) -> Files:
        """Everything in the zip, in its order."""
        with zipfile.ZipFile(self.path) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist()}


@pytest.fixture(scope="module")
def whole(postgres_server: TestServer) -> Iterator[Whole]:
    async def make(folder: Path) -> Whole:
        database = await postgres_server.make_database()
        try:
            async with case_room(database, folder, film=300_000) as room:
                first = await room.zip()
                newer = await room.zip("newer.zip")
                names = [hashlib.sha256(data).hexdigest() for data in (room.photo, room.film)]
                return Whole(first, room.key, newer, f"blobs/{names[0]}.jpg", f"blobs/{names[1]}.mp4")
        finally:
            await postgres_server.drop_database(database)

    with short_folder() as folder:
        yield asyncio.run(make(folder))


@pytest.fixture
async def room(database: TestDatabase, short_folder: Path) -> AsyncIterator[CaseRoom]:
    async with case_room(database, short_folder) as made:
        yield made


# -- the control ---------------------------------------------------------------------------------------------------


def test_an_untouched_copy_verifies_with_nothing_but_python_and_cryptography(whole: Whole, tmp_path: Path) -> None:
    path, script = tmp_path / "case.zip", tmp_path / "verify.py"
    shutil.copy(whole.path, path)
    script.write_bytes(whole.files()["verify.py"])
    found = verify(path, "--key", whole.key, script=script)
    assert (found.code, found.said["findings"], found.error) == (0, [], "")
    assert "5 of 5 field events are covered by their terminals' own signatures" in " ".join(found.said["proven"])
    assert any("rests on the authority's own statement" in line for line in found.said["trust"])


def test_the_verifier_imports_the_standard_library_and_cryptography_alone(whole: Whole) -> None:
    imported = re.findall(r"^\s*(?:from|import) ([a-z_0-9]+)", whole.files()["verify.py"].decode(), re.MULTILINE)
    assert {name for name in imported if name not in sys.stdlib_module_names} == {"cryptography"}
    assert not {"socket", "urllib", "http", "ssl", "subprocess", "os"} & set(imported)


def test_without_a_key_the_copy_is_in_order_if_the_printed_key_is_the_right_one(whole: Whole) -> None:
    found = verify(whole.path)
    assert (found.code, found.said["keys"]) == (3, [whole.key])
    assert any("compare the key" in line for line in found.said["trust"])


# -- tampering -----------------------------------------------------------------------------------------------------


def left_out(files: Files, whole: Whole) -> None:
    name = whole.events()[2]
    del files[name], files[name.replace("entries/", "proofs/").replace(".mp", ".tlog-proof")]


def other_byte(files: Files, whole: Whole) -> None:
    name = whole.events()[1]
    files[name] = files[name].replace(b"\xa5field", b"\xa5fielD", 1)


def other_fact(files: Files, whole: Whole) -> None:
    name = whole.events()[3]
    value = canonical.decode(files[name])
    envelope = canonical.decode(value["e"])
    files[name] = canonical.encode({**value, "e": canonical.encode({**envelope, "occurred": envelope["occurred"] + 1})})


def swapped_blobs(files: Files, whole: Whole) -> None:
    files[whole.photo], files[whole.film] = files[whole.film], files[whole.photo]


def other_blob(files: Files, whole: Whole) -> None:
    files[whole.photo] = b"\xff\xd8\xff another"


def blob_out(files: Files, whole: Whole) -> None:
    del files[whole.photo]


def blob_hidden(files: Files, whole: Whole) -> None:
    value = json.loads(files["manifest.json"])
    digest = hashlib.sha256(files.pop(whole.photo)).hexdigest()
    value["missing"].append({"sha256": digest, "size": 9, "state": "not_arrived", "type": "image/jpeg"})
    files["manifest.json"] = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def page_edited(files: Files, whole: Whole) -> None:
    files["case.zh.html"] = files["case.zh.html"].replace("卷宗".encode(), "案卷".encode(), 1)


def manifest_edited(files: Files, whole: Whole) -> None:
    files["manifest.json"] = files["manifest.json"].replace(b'"case":"019b', b'"case":"019c', 1)


def manifest_out(files: Files, whole: Whole) -> None:
    del files["manifest.json"]


def manifest_of_another_export(files: Files, whole: Whole) -> None:
    with zipfile.ZipFile(whole.newer) as archive:
        files["manifest.json"] = archive.read("manifest.json")


def other_checkpoint(files: Files, whole: Whole) -> None:
    origin, size, *_ = files["checkpoints/1.txt"].decode().split("\n")
    signer = NoteSigner(origin, Signer(bytes(range(32))))
    files["checkpoints/1.txt"] = sign_checkpoint(Checkpoint(origin, int(size), bytes(32)), signer).encode()


def newer_checkpoint(files: Files, whole: Whole) -> None:
    with zipfile.ZipFile(whole.newer) as archive:
        files["checkpoints/1.txt"] = archive.read("checkpoints/1.txt")


def swapped_entries(files: Files, whole: Whole) -> None:
    first, second = whole.events()[:2]
    files[first], files[second] = files[second], files[first]


def proof_out(files: Files, whole: Whole) -> None:
    del files[whole.events()[0].replace("entries/", "proofs/").replace(".mp", ".tlog-proof")]


def signature_out(files: Files, whole: Whole) -> None:
    del files[next(name for name in files if name.startswith("batches/"))]


def batch_edited(files: Files, whole: Whole) -> None:
    name = next(name for name in files if name.startswith("batches/"))
    files[name] = bytes(32) + files[name][32:]


def enrolment_out(files: Files, whole: Whole) -> None:
    name = next(name for name, data in files.items() if b"terminal.enrolled.v1" in data and name.endswith(".mp"))
    del files[name], files[name.replace("entries/", "proofs/").replace(".mp", ".tlog-proof")]


def foreign_event(files: Files, whole: Whole) -> None:
    """A record of another export's log place that this copy does not list: real bytes with a real path."""
    with zipfile.ZipFile(whole.newer) as archive:
        last = max(name for name in archive.namelist() if name.startswith("entries/"))
        files[last] = archive.read(last)


def program_replaced(files: Files, whole: Whole) -> None:
    files["verify.py"] = b"print('IN ORDER')\n"


def act_out(files: Files, whole: Whole) -> None:
    name = next(name for name, data in files.items() if b"case_file.exported.v1" in data and name.endswith(".mp"))
    del files[name], files[name.replace("entries/", "proofs/").replace(".mp", ".tlog-proof")]


def closing_out(files: Files, whole: Whole) -> None:
    name = next(name for name, data in files.items() if b"case_file.export_closed.v1" in data and name.endswith(".mp"))
    del files[name], files[name.replace("entries/", "proofs/").replace(".mp", ".tlog-proof")]


def name_upwards(files: Files, whole: Whole) -> None:
    files["../../evil.mp"] = b"x"


def name_absolute(files: Files, whole: Whole) -> None:
    files["/etc/evil"] = b"x"


def stranger(files: Files, whole: Whole) -> None:
    files["blobs/" + "0" * 64 + ".jpg"] = b"\xff\xd8\xff"


def keys_replaced(files: Files, whole: Whole) -> None:
    value = canonical.decode(files["entries/1/000000000000.mp"])
    mine = NoteSigner(f"{value['host']}/{value['a']}/1", Signer(bytes(range(32))))
    files["entries/1/000000000000.mp"] = canonical.encode(
        {**value, "keys": {**value["keys"], "log": str(mine.verifier)}}
    )


KINDS: list[tuple[str, Callable[[Files, Whole], None], bool, str, str]] = [
    ("an event left out", left_out, False, "file_missing", "entries/1/"),
    ("an event left out, manifest mended", left_out, True, "event_left_out", "entry 6 of epoch 1"),
    ("a changed byte of an entry", other_byte, False, "entry_changed", "entry 5"),
    ("a changed fact, manifest mended", other_fact, True, "entry_changed", "entry 9 of epoch 1"),
    ("blobs swapped", swapped_blobs, True, "blob_changed", "blobs/"),
    ("a blob replaced", other_blob, True, "blob_changed", "blobs/"),
    ("a blob left out", blob_out, True, "blob_missing", "it is not here"),
    ("a blob declared missing that has arrived", blob_hidden, True, "blob_missing", "the log says that it arrived"),
    ("the page edited", page_edited, False, "file_changed", "case.zh.html"),
    ("the page edited, manifest mended", page_edited, True, "manifest_changed", "manifest.json"),
    ("the manifest edited", manifest_edited, False, "manifest_changed", "manifest.json"),
    ("the manifest left out", manifest_out, False, "manifest", "manifest.json"),
    ("the manifest of another export", manifest_of_another_export, False, "export_act", "case_file.exported.v1"),
    ("a checkpoint by another key", other_checkpoint, False, "checkpoint", "checkpoints/1.txt"),
    ("a newer checkpoint", newer_checkpoint, False, "proof", "another checkpoint"),
    ("entries in each other's places", swapped_entries, True, "entry_changed", "entry 3 of epoch 1"),
    ("a proof left out", proof_out, False, "proof", "proofs/1/000000000003"),
    ("a batch's list left out", signature_out, False, "file_missing", "batches/1/"),
    ("a batch's list edited", batch_edited, True, "seal", "entry 7 of epoch 1"),
    ("an enrolment left out", enrolment_out, True, "terminal", "enrolment"),
    ("an entry added", foreign_event, False, "event_added", "does not belong"),
    ("verify.py replaced", program_replaced, True, "manifest_changed", "manifest.json"),
    ("the act of the export left out", act_out, True, "export_act", "case_file.exported.v1"),
    ("the closing act left out", closing_out, True, "export_act", "case_file.export_closed.v1"),
    ("a name that leads upwards", name_upwards, True, "zip_name", "evil"),
    ("an absolute name", name_absolute, True, "zip_name", "evil"),
    ("a file that nobody declared", stranger, True, "blob_added", "blobs/000"),
    ("the log's keys replaced", keys_replaced, True, "wrong_key", "no epoch of this log"),
]


@pytest.mark.parametrize(("change", "mended", "code", "text"), [kind[1:] for kind in KINDS], ids=[k[0] for k in KINDS])
def test_tampering_with_a_file_is_named(
    whole: Whole, change: Callable[[Files, Whole], None], mended: bool, code: str, text: str
) -> None:
    path = rebuilt(whole.path, "tampered.zip", lambda files: change(files, whole), manifest=mended)
    found = verify(path, "--key", whole.key)
    assert found.code == 1, "tampering went unnoticed"
    assert code in found.codes, found.said["findings"]
    assert found.named(text), found.said["findings"]


def test_a_copy_written_again_without_a_change_still_verifies(whole: Whole) -> None:
    path = rebuilt(whole.path, "again.zip", lambda _: None)
    assert verify(path, "--key", whole.key).code == 0, "the tampering above would be named for the rewriting alone"


def test_files_in_another_order_are_named(whole: Whole) -> None:
    files = whole.files()
    names = list(files)
    at = [names.index(name) for name in whole.events()[:2]]
    names[at[0]], names[at[1]] = names[at[1]], names[at[0]]
    path = written(whole.path.parent / "order.zip", {name: files[name] for name in names})
    assert verify(path, "--key", whole.key).codes == {"file_order"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_named(whole: Whole) -> None:
    path = whole.path.parent / "twice.zip"
    with zipfile.ZipFile(path, "w") as new:
        for name, data in whole.files().items():
            new.writestr(zipfile.ZipInfo(name), data)
        new.writestr(zipfile.ZipInfo(whole.events()[0]), b"another one")
    found = verify(path, "--key", whole.key)
    assert (found.code, found.codes) == (1, {"zip_twice"})


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
def test_a_truncated_copy_is_named(whole: Whole, share: float) -> None:
    data = whole.path.read_bytes()
    path = whole.path.with_name("short.zip")
    path.write_bytes(data[: int(len(data) * share)])
    assert verify(path, "--key", whole.key).codes == {"zip"}


def test_bytes_around_the_zip_and_damage_inside_are_named(whole: Whole) -> None:
    data = whole.path.read_bytes()
    path = whole.path.with_name("around.zip")
    path.write_bytes(b"#!/bin/sh\n" + data)
    assert "zip_hidden" in verify(path, "--key", whole.key).codes
    path.write_bytes(data + b"more")
    assert verify(path, "--key", whole.key).codes & {"zip_hidden", "zip"}
    at = data.index(b"\xa5field")
    path.write_bytes(data[:at] + b"\xa5fiels" + data[at + 6 :])
    assert "zip_file" in verify(path, "--key", whole.key).codes


def test_links_and_compressed_files_are_named(whole: Whole) -> None:
    path = whole.path.with_name("form.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in whole.files().items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == "case.zh.html" else 0o100644) << 16
            new.writestr(info, data, zipfile.ZIP_DEFLATED if name == "manifest.json" else zipfile.ZIP_STORED)
    found = verify(path, "--key", whole.key)
    assert found.codes == {"zip_form"}
    assert found.named("case.zh.html")
    assert found.named("manifest.json")


def test_the_key_of_another_log_is_refused(whole: Whole) -> None:
    name = whole.key.split("+")[0]
    other = NoteSigner(name, Signer(bytes(range(32)))).verifier
    assert verify(whole.path, "--key", str(other)).codes == {"wrong_key"}
    assert verify(whole.path, "--key", "nonsense").code == 2


# -- completeness --------------------------------------------------------------------------------------------------


async def test_beside_the_whole_log_a_copy_is_complete_whatever_the_authority_says(
    room: CaseRoom, database: TestDatabase, tmp_path: Path
) -> None:
    path = await room.zip()
    folder = await log_folder(database, tmp_path / "log")
    found = verify(path, "--key", room.key, "--log", str(folder))
    assert (found.code, found.said["findings"]) == (0, [])
    assert any("The copy is complete" in line for line in found.said["proven"])
    newer = await room.zip("again.zip")
    assert verify(newer, "--key", room.key, "--log", str(folder)).codes == {"log"}, "an older log cannot tell"


async def test_an_event_that_the_authority_left_out_is_named_beside_the_whole_log(
    room: CaseRoom, database: TestDatabase, tmp_path: Path
) -> None:
    # The authority's own server forgets one tag of the index, so that act, manifest and proofs all agree.
    connection = await database.connect()
    await connection.execute("ALTER TABLE log.tags DISABLE TRIGGER ALL")
    gone = await connection.execute("DELETE FROM log.tags WHERE tag = $1 AND position < 6", f"task:{stories.TASK}")
    await connection.close()
    assert gone != "DELETE 0"
    path = await room.zip()
    assert verify(path, "--key", room.key).code == 0, "hashes alone cannot know it"
    folder = await log_folder(database, tmp_path / "log")
    found = verify(path, "--key", room.key, "--log", str(folder))
    assert found.codes == {"event_left_out"}
    assert found.named("entry 3 of epoch 1 site.entered.v1")


async def log_folder(database: TestDatabase, out: Path) -> Path:
    """The whole log as an auditor gets it."""

    def run() -> None:
        with closing(DatabaseSource(database.dsn())) as source:
            export_log(source, out, authorities=[AUTHORITY])

    await asyncio.to_thread(run)
    return out


# -- the export itself ---------------------------------------------------------------------------------------------


async def test_the_log_knows_of_a_copy_before_its_first_byte_leaves(room: CaseRoom) -> None:
    before = (await room.log.head())["size"]
    export = await room.exports.begin(AUTHORITY, CASE, "提交人民法院", WHO)
    assert (await room.log.head())["size"] == before + 1
    chunks = export.chunks()
    await anext(chunks)
    await chunks.aclose()
    assert (await room.log.head())["size"] == before + 1, "a copy that was broken off is not recorded as whole"


async def test_a_copy_covers_the_tasks_and_hazards_of_the_case_and_no_other_matter(room: CaseRoom) -> None:
    export = await room.exports.begin(AUTHORITY, CASE, "提交人民法院", WHO)
    assert export.covered.names == tuple(sorted((f"case:{CASE}", f"task:{stories.TASK}", f"hazard:{stories.HAZARD}")))
    path = await room.zip()
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if OTHER.encode() in archive.read(name)]


async def test_what_has_not_arrived_is_listed_and_a_damaged_file_is_not_handed_out(room: CaseRoom) -> None:
    digest = hashlib.sha256(room.photo).digest()
    (room.folder / "evidence" / key_of(digest)).unlink()
    path = await room.zip()
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    late = hashlib.sha256(room.late).hexdigest()
    assert {one["sha256"]: one["state"] for one in manifest["missing"]} == {
        digest.hex(): "damaged",
        late: "not_arrived",
    }
    found = verify(path, "--key", room.key)
    assert found.code == 0
    assert any("2 declared files are not in this copy" in line for line in found.said["trust"])


async def test_a_purpose_is_asked_for_and_another_authoritys_case_is_not_found(room: CaseRoom) -> None:
    asked = [(CASE, "", "bad_request"), (CASE, "x" * 501, "bad_request"), (CASE, "\0", "bad_request")]
    for case, purpose, code in [*asked, ("nonsense", "x", "not_found"), (OTHER, "x", "not_found")]:
        with pytest.raises(Problem) as refused:
            await room.exports.begin(AUTHORITY, case, purpose, WHO)
        assert refused.value.code == code
    with pytest.raises(Problem, match="not_found"):
        await room.exports.begin("210521", CASE, "x", WHO)


async def test_a_copy_spans_the_epochs_of_a_log_and_one_key_leads_through_them(room: CaseRoom) -> None:
    queries = store.load_queries("server.log", "log.sql")
    connection = await store.connect(room.log.dsn)
    try:
        await epochs.begin_epoch(
            connection, queries, room.log.keyring, room.log.register, authority=AUTHORITY, host=HOST, received=now()
        )
    finally:
        await connection.close()
    room.log.book.outdated(AUTHORITY)
    await send(room.log, room.terminal.batch([stories.act(room.terminal, "defence.recorded.v1", f"case:{CASE}")]))
    path = await room.zip()
    found = verify(path, "--key", room.key)
    assert (found.code, found.said["findings"], len(found.said["keys"])) == (0, [], 2)


async def test_both_chains_of_a_forked_terminal_are_in_the_copy_with_their_signatures(room: CaseRoom) -> None:
    case, twin = f"case:{CASE}", room.terminal.clone()
    for hand in (room.terminal, twin, room.terminal, twin):
        await send(room.log, hand.batch([stories.act(hand, "defence.recorded.v1", case) for _ in range(2)]))
    found = verify(await room.zip(), "--key", room.key)
    assert (found.code, found.said["findings"]) == (0, [])
    assert "13 of 13 field events are covered" in " ".join(found.said["proven"])


def resident() -> int:
    """Bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_large_copy_keeps_memory_flat(
    database: TestDatabase, short_folder: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    async with case_room(database, short_folder, film=FILM_BYTES) as room:
        gc.collect()
        kept = Kept(short_folder / "copies")
        before, began, first = resident(), time.monotonic(), 0.0
        copy = kept.write(await room.exports.begin(AUTHORITY, CASE, "提交人民法院", WHO), AUTHORITY, CASE, "he")
        largest = total = grown = 0
        async for chunk in kept.read(copy.id):
            first = first or time.monotonic() - began
            largest, total, grown = max(largest, len(chunk)), total + len(chunk), max(grown, resident() - before)
        seconds = time.monotonic() - began
    record_testsuite_property("export_bytes", total)
    record_testsuite_property("export_first_byte_seconds", round(first, 3))
    record_testsuite_property("export_megabytes_per_second", round(total / seconds / 1e6, 1))
    record_testsuite_property("export_memory_grown_bytes", grown)
    assert total > FILM_BYTES
    assert largest < 4_000_000, "what is written and not sent is what memory holds"
    assert grown < 40_000_000, f"the process grew by {grown} bytes"


@pytest.mark.skipif(papers.cjk_font() is None, reason="needs a font with Chinese characters")
def test_the_papers_show_the_same_facts_in_both_languages(whole: Whole) -> None:
    files = whole.files()
    for lang in papers.LANGUAGES:
        html = files[f"case.{lang}.html"].decode()
        assert html.count("<article") == 7
        assert hashlib.sha256(files[whole.photo]).hexdigest() in html
        pdf = files[f"case.{lang}.pdf"]
        assert pdf.startswith(b"%PDF-")
        assert b"CJK" in pdf, "the PDF is set in a font without Chinese"
    assert "发现隐患" in files["case.zh.html"].decode()
    assert "Hazard found" in files["case.en.html"].decode()


async def test_the_command_writes_a_copy_that_verifies_and_refuses_in_one_sentence(
    room: CaseRoom, database: TestDatabase, tmp_path: Path
) -> None:
    out = tmp_path / "case.zip"
    environment = {
        "PATH": "/usr/bin:/bin",
        "LIUHEN_DATABASE_DSN": database.dsn(),
        "LIUHEN_KEYS": str(room.folder / "keys"),
        "LIUHEN_REGISTER": str(room.folder / "register"),
        "LIUHEN_EVIDENCE": str(room.folder / "evidence"),
        "LIUHEN_HOST": HOST,
    }

    async def run(case: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "liuhen"), "case", "export", case, "--authority", AUTHORITY,
            "--purpose", "审计", "--out", str(out), "--json", env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, error = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode(), error.decode()

    code, _, error = await run(OTHER)
    assert (code, error.count("\n")) == (2, 1), error
    assert OTHER in error
    assert left(tmp_path) == [], "something was left behind"
    code, said, error = await run(CASE)
    assert code == 0, error
    told = json.loads(said)
    assert (told["events"], told["missing"], told["key"]) == (7, 1, room.key)
    assert verify(out, "--key", told["key"]).code == 0
    assert (await run(CASE))[0] == 2, "what is there is not written over"


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
