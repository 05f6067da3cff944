"""`liuhen demo`: stories told over real HTTP, judged by the real projection, found again by a second start."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import openpyxl
import pytest

from ops.cluster import Cluster
from ops.compose import DATABASE
from ops.demo import CALLED
from ops.stories.bad_day import RAISED
from ops.stories.book import TITLES
from ops.stories.files import LATE
from ops.stories.returned import NAME as RETURNED
from server.public import store
from server.public.routes import make_public_app
from tests.support.postgres import short_folder
from tests.support.web import listening

SECONDS = 240.0
SHARED = {"SIG-02", "SIG-18", "SIG-27"}
"""Signals of the bad day that stand at a series, an enterprise or a day, not at its task or its case."""


DESERVED = {"SIG-16"}
"""Signals that the weeks raise: a terminal's clock was turned."""


def cut_short(data: Path) -> None:
    """Start the demo and kill it while its terminals are at work."""
    command = [sys.executable, "-m", "ops", "demo", "--data", str(data), "--json"]
    with subprocess.Popen(
        [*command, "--internal", "127.0.0.1:0", "--public", "127.0.0.1:0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "go to work" in line:
                break
        queues = (data / "terminals").glob("*/queue.sqlite")
        deadline = time.monotonic() + 60
        while not next(queues, None) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
            queues = (data / "terminals").glob("*/queue.sqlite")
        assert process.poll() is None, "".join(said)
        process.kill()


def demo(data: Path) -> dict[str, Any]:
    """Run it once; returns the line that it prints."""
    command = [sys.executable, "-m", "ops", "demo", "--data", str(data), "--once", "--json"]
    done = subprocess.run(
        [*command, "--internal", "127.0.0.1:0", "--public", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "verify: clean" in done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    return {**told, "said": done.stderr}


async def _signals(dsn: str) -> list[tuple[str, str, str, bool]]:
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        slot = await connection.fetchval("SELECT slot FROM view.process")
        rows = await connection.fetch(f"SELECT rule, kind, key, opens FROM view_{slot}.signals")
        now = int(time.time() * 1000)
        return [(row["rule"], row["kind"], row["key"], row["opens"] <= now) for row in rows]
    finally:
        await connection.close()


async def _called(dsn: str) -> dict[str, str]:
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT authority, name FROM identity.authorities WHERE name <> ''")
        return {row["authority"]: row["name"] for row in rows}
    finally:
        await connection.close()


async def _files(dsn: str) -> tuple[int, list[bytes]]:
    """How many files are held, and which are declared and not here."""
    import asyncpg

    connection = await asyncpg.connect(dsn)
    try:
        held = await connection.fetchval("SELECT count(*) FROM evidence.blobs WHERE state = 'held'")
        rows = await connection.fetch("SELECT DISTINCT digest FROM log.wanted WHERE kind = 'blob' AND NOT arrived")
        return held, [bytes(row["digest"]) for row in rows]
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Path, dict[str, Any]]]:
    """A demo that was cut short, started again and ran to its end, and its folder."""
    with short_folder() as data:
        try:
            cut_short(data)
            yield data, demo(data)
        finally:
            Cluster(data).destroy()


def test_the_demo_names_its_stories_and_keeps_naming_cases(played: tuple[Path, dict[str, Any]]) -> None:
    _, line = played

    assert [story["name"] for story in line["stories"]] == [*TITLES, RETURNED]
    assert all(story["title"]["zh"] and story["title"]["en"] and story["ids"] for story in line["stories"])
    assert line["cases"]


def test_authorities_of_the_demo_have_names(played: tuple[Path, dict[str, Any]]) -> None:
    cluster = Cluster(played[0])
    cluster.start()
    try:
        assert asyncio.run(_called(cluster.dsn(database=DATABASE))) == CALLED
    finally:
        cluster.stop()


def test_good_stories_raise_nothing_and_the_bad_day_at_least_ten_kinds(played: tuple[Path, dict[str, Any]]) -> None:
    data, line = played
    cluster = Cluster(data)
    cluster.start()
    try:
        signals = asyncio.run(_signals(cluster.dsn(database=DATABASE)))
    finally:
        cluster.stop()
    owner = {key: story["name"] for story in line["stories"] for key in story["ids"].values()}

    # The decision that was made just now is neither served nor published yet: what is due later stands later.
    raised = {
        (owner[key], rule) for rule, _, key, stands in signals if key in owner and (stands or owner[key] != RETURNED)
    }
    opened = [(rule, kind, key) for rule, kind, key, stands in signals if stands]
    assert {name for name, _ in raised} == {"bad_day"}
    assert {rule for _, rule in raised} >= set(RAISED) - SHARED
    assert len(raised) >= 10
    assert {rule for rule, _, _, _ in signals} >= set(RAISED)
    elsewhere = {rule for rule, kind, key in opened if kind == "task" and key not in owner}
    assert elsewhere == DESERVED, "the weeks raise nothing else"


def test_a_decision_is_returned_corrected_in_the_field_approved_and_made_at_the_desks(
    played: tuple[Path, dict[str, Any]],
) -> None:
    _, line = played

    said = next(row for row in line["said"].splitlines() if row.startswith("legal review returned a decision"))
    assert "（示）应急罚〔" in said


def test_terminals_bring_their_files_over_a_cut_and_one_file_is_late(played: tuple[Path, dict[str, Any]]) -> None:
    data, line = played
    cluster = Cluster(data)
    cluster.start()
    try:
        held, missing = asyncio.run(_files(cluster.dsn(database=DATABASE)))
    finally:
        cluster.stop()
    assert held > 100
    assert len(missing) == 1
    [late] = (data / "terminals" / LATE / "files").iterdir()
    assert sha256(late.read_bytes()).digest() == missing[0], "it lies on its terminal, which can still bring it"
    assert "1 upload cut in the middle and resumed, 1 late" in line["said"]


def test_a_copy_of_a_case_leaves_the_demo_and_verifies_where_nothing_of_ours_is(
    played: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    data, line = played
    assert "was made and verifies" in line["said"]
    shutil.copy(data / "demo-case.zip", tmp_path)
    shutil.copy(data / "verify.py", tmp_path)
    key = json.loads((data / "demo-case.json").read_text("utf-8"))["key"]
    command = [sys.executable, "-I", "verify.py", "demo-case.zip", "--key", key]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def report(data: Path, *options: str, kind: str = "quarterly") -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "ops",
        "report",
        kind,
        "--data",
        str(data),
        "--authority",
        "210000",
        *options,
    ]
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=SECONDS, env=environment, check=False
    )


def test_a_report_on_the_province_adds_up_and_comes_out_again_at_its_cut(played: tuple[Path, dict[str, Any]]) -> None:
    data, _ = played
    year = time.strftime("%Y")

    first = report(data, "--below", "--period", year, "--json")
    made = json.loads(first.stdout)
    again = report(data, "--below", "--period", year, "--json", "--cut", made["as_of"]["cut"])
    figures = {one["code"]: one for one in made["figures"]}
    table = report(data, "--below", "--period", year)
    wrong = report(data, "--period", "2026-Q5")
    lost = report(data, "--period", year, "--cut", "0123456789ab")

    assert made["authorities"] == ["210000", "210500", "210521"]
    assert set(made["as_of"]["positions"]) == {"210000", "210500", "210521"}
    assert figures["visits"]["value"] == sum(figures["visits"]["each"].values()) > 10
    assert again.stdout == first.stdout
    assert made["as_of"]["cut"] in table.stdout
    assert "执法" in table.stdout or "计划" in table.stdout
    assert (wrong.returncode, "expected a year, quarter or month" in wrong.stderr) == (2, True)
    assert (lost.returncode, "no cut is kept under 0123456789ab" in lost.stderr) == (2, True)


def test_every_report_is_a_command_and_one_that_is_handed_in_stands_beside_the_system(
    played: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    data, _ = played
    year = time.strftime("%Y")
    first = report(data, "--below", "--period", year, "--json", kind="off-system")
    made = json.loads(first.stdout)
    again = report(data, "--below", "--period", year, "--at", made["as_of"]["name"], "--json", kind="off-system")
    words = report(data, "--below", "--period", year, "--lang", "en", kind="off-system")
    book = tmp_path / "year.xlsx"
    annual = report(data, "--year", year, "--out", str(book), kind="annual")
    odd = report(data, "--month", year, kind="monthly")
    firm = next(one["subject"] for one in made["signals"] if one["subject"])
    trail = report(data, "--below", "--enterprise", firm, "--period", year, "--lang", "en", kind="trail")
    nobody = report(data, "--below", "--officer", "officer-none", "--period", year, kind="trail")
    figures = tmp_path / "figures.csv"
    figures.write_text("code,value\nvisits,999\n", "utf-8")
    handing = ("--kind", "yearly", "--period", year, "--officer", "officer-0001", "--differing", str(figures))
    silent = report(data, *handing, kind="submit")
    handed = report(data, *handing, "--explanation", "终端尚未上传", "--json", kind="submit")

    assert first.returncode == 0, first.stderr
    assert made["authorities"] == ["210000", "210500", "210521"]
    assert again.stdout == first.stdout
    assert len(made["signals"]) >= 10
    assert "As of" in words.stdout
    assert "acts on site" in words.stdout
    assert annual.returncode == 0, annual.stderr
    assert openpyxl.load_workbook(book).sheetnames == ["行政执法统计年报"]
    assert (odd.returncode, "expected a month" in odd.stderr) == (2, True)
    assert f"Trail of acts,{firm}" in trail.stdout
    assert "Site entered" in trail.stdout
    assert (nobody.returncode, "nothing is on record of officer-none" in nobody.stderr) == (2, True)
    assert (silent.returncode, "--explanation" in silent.stderr) == (2, True)
    assert json.loads(handed.stdout)["differing"] == {"visits": 999}, handed.stderr


def test_ten_rows_of_books_of_others_fit_nothing_and_an_officer_explained_five(
    played: tuple[Path, dict[str, Any]],
) -> None:
    data, line = played
    done = report(data, "--below", "--json", kind="off-system")
    assert done.returncode == 0, done.stderr
    rows = [one for one in json.loads(done.stdout)["signals"] if one["kind"] == "outside"]
    assert Counter((one["rule"], one["state"]) for one in rows) == {
        ("SIG-04", "explained"): 3, ("SIG-04", "open"): 2, ("SIG-25", "explained"): 2, ("SIG-25", "open"): 3,
    }  # fmt: skip
    assert "10 fit nothing, 5 of them explained" in line["said"]


def test_a_second_start_finds_the_stories_and_plays_nothing(played: tuple[Path, dict[str, Any]]) -> None:
    data, first = played

    second = demo(data)

    assert second["stories"] == first["stories"]
    assert second["cases"] == first["cases"]


async def _shown(cluster: Cluster, data: Path) -> tuple[set[str], list[tuple[int, str]], tuple[int, str]]:
    """What the demo shows in public: outcomes, what the verifier says of one each, what repeating the draw gives."""
    pool = await store.connect(cluster.dsn("liuhen_public", DATABASE))
    try:
        async with listening(make_public_app(data / "published", pool)) as url, aiohttp.ClientSession(url) as reader:

            async def get(path: str) -> bytes:
                async with reader.get(path) as answer:
                    return await answer.read() if answer.status == 200 else b""

            async def run(program: str, told: bytes, name: str) -> tuple[int, str]:
                (data / program).write_bytes(await get(f"/help/{program}"))
                (data / name).write_bytes(told)
                child = await asyncio.create_subprocess_exec(
                    sys.executable, "-I", program, name, cwd=data, env={}, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )  # fmt: skip
                async with asyncio.timeout(60):
                    out, _ = await child.communicate()
                return child.returncode or 0, out.decode()

            items = json.loads(await get("/api/v1/disclosures?rows=100"))["items"]
            items += json.loads(await get("/api/v1/withdrawals"))["items"]
            first = {one["status"]: one for one in items}
            proven = [
                await run("verify_record.py", await get(f"{one['api']}/proof"), "a.proof.json")
                for one in first.values()
            ]
            draws = [await get(f"/api/v1/draws/{one['record']}") for one in items]
            repeated = await run("draw.py", next(told for told in draws if told), "draw.json")
            return {one["status"] for one in items}, proven, repeated
    finally:
        await pool.close()


def test_the_demo_shows_records_with_proofs_and_a_draw_that_anybody_repeats(
    played: tuple[Path, dict[str, Any]],
) -> None:
    data, _ = played
    cluster = Cluster(data)
    cluster.start()
    try:
        outcomes, proven, (status, names) = asyncio.run(_shown(cluster, data))
    finally:
        cluster.stop()
    assert outcomes == {"published", "corrected", "withdrawn"}
    assert all(code == 0 for code, _ in proven), proven
    assert status == 0, names
    assert len(json.loads(names)) == 4
    (note,) = (data / "published" / "data").glob("*/SHA256SUMS.note")
    assert "-full-" in note.read_text("utf-8")
