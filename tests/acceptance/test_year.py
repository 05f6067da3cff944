"""A generated year of a province: what was planted is found, what nearly was is not flagged, every number is counted
again.

`make test` loads a tenth of the year with ten places of each kind; LIUHEN_FULL=1 loads all of it, for two seeds, with
fifty. The control tampers with the list, with the export and with a kept report, and the check says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.cluster import Cluster
from ops.year import count
from ops.year.planters import PLANTERS
from tests.support.postgres import short_folder

FULL = os.environ.get("LIUHEN_FULL") == "1"
SEEDS = (37925489, 91930101)
"""Chosen when the generator and the detectors were done, and not changed since."""
SCALE, PLACES = (1.0, 50) if FULL else (0.1, 10)
SIZE = ("--scale", str(SCALE), *(() if FULL else ("--places", str(PLACES))))
SECONDS = 7_200.0 if FULL else 600.0


def year(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run `liuhen year`; returns the exit code and the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "ops", "year", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        check=False,
    )
    assert done.stdout, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, told


@pytest.fixture(scope="module", params=SEEDS if FULL else SEEDS[:1])
def loaded(request: pytest.FixtureRequest) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The folder of a loaded year, and what the load says of it."""
    with short_folder() as data:
        try:
            code, told = year("load", "--data", str(data), "--seed", str(request.param), *SIZE)
            assert code == 0
            yield data, told
        finally:
            Cluster(data).destroy()


@pytest.fixture(scope="module")
def checked(loaded: tuple[Path, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    """What the check says of it, with its exit code."""
    return year("check", "--data", str(loaded[0]))


def test_the_year_has_the_province_that_was_asked_for(loaded: tuple[Path, dict[str, Any]]) -> None:
    _, told = loaded

    assert told["authorities"] == (61 if FULL else 41)
    assert told["places"] == PLACES
    if FULL:
        assert told["events"] >= 1_000_000
        assert told["officers"] >= 2_000
    assert told["uploads"] > told["terminals"]


def test_what_was_planted_is_found_and_near_misses_are_not_flagged(checked: tuple[int, dict[str, Any]]) -> None:
    code, told = checked

    assert code == 0
    assert told["good"], told
    rows = {row["signal"]: row for row in told["signals"]}
    assert rows.keys() >= PLANTERS.keys()
    for signal in PLANTERS:
        assert rows[signal]["planted"] == rows[signal]["near"] == PLACES
    planted, found = sum(row["planted"] for row in rows.values()), sum(row["found"] for row in rows.values())
    assert found * 100 >= 98 * planted
    assert sum(row["flagged"] for row in rows.values()) * 100 <= 2 * planted


def test_every_number_of_every_quarter_is_that_of_a_count_over_the_export(
    loaded: tuple[Path, dict[str, Any]], checked: tuple[int, dict[str, Any]]
) -> None:
    data, _ = loaded
    _, told = checked

    assert told["wrong"] == []
    assert told["figures"] >= 4 * 42 * 70
    books = count.keep(data / "year" / "export")
    whole = [
        count.summed([count.table(books, one, *count.quarter(f"2025-Q{n}")) for one in books.of]) for n in range(1, 5)
    ]
    never = {f"decided_{kind}" for kind in count.KINDS} - {"decided_P01", "decided_P03", "decided_P04"}
    empty = {code for code in whole[0] if not any(table[code] for table in whole)}
    assert empty <= never | {"decided_P01"}, "a number that is never anything but nothing was not counted"
    assert all(
        table[code]
        for table in whole
        for code in ("visits", "inspected", "decided", "fines", "documents_rectification")
    )


def test_a_report_of_a_past_quarter_is_the_same_bytes_after_the_rest_of_the_year(
    checked: tuple[int, dict[str, Any]],
) -> None:
    assert checked[1]["again"] == checked[1]["reports"] == 4


def test_the_count_reads_nothing_but_the_published_types() -> None:
    known = subprocess.run(
        [sys.executable, "-P", "-c", "import sys, ops.year.count; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()

    assert not {name.partition(".")[0] for name in known} & {"domain", "projections", "server"}


def test_a_load_that_was_cut_short_behind_the_last_upload_goes_on(
    loaded: tuple[Path, dict[str, Any]], checked: tuple[int, dict[str, Any]]
) -> None:
    data, told = loaded
    report = json.loads((data / "year" / "2025-Q4.json").read_bytes())
    for name in ("2025-Q4.json", "2025-Q4.cut"):
        (data / "year" / name).unlink()

    code, again = year("load", "--data", str(data))

    assert code == 0
    assert {**again, "judged": 0} == {**told, "judged": 0}
    made = json.loads((data / "year" / "2025-Q4.json").read_bytes())
    # The first few records of January are behind the first report and before the second one.
    assert {**made, "as_of": None} == {**report, "as_of": None}
    for authority, sizes in report["as_of"]["positions"].items():
        assert all(made["as_of"]["positions"][authority][epoch] >= size for epoch, size in sizes.items())


def test_the_check_notices_what_was_tampered_with(
    loaded: tuple[Path, dict[str, Any]], checked: tuple[int, dict[str, Any]]
) -> None:
    folder = loaded[0] / "year"
    listed = (folder / "planted.jsonl").read_text("utf-8")
    swapped = listed.replace('"planted"', '"?"').replace('"near"', '"planted"').replace('"?"', '"near"')
    (folder / "planted.jsonl").write_text(swapped, "utf-8")
    report = (folder / "2025-Q2.json").read_bytes()
    (folder / "2025-Q2.json").write_bytes(report + b"\n")
    manifest = json.loads((folder / "export" / "manifest.json").read_text("utf-8"))
    cut = next(log for log in manifest["logs"] if log["size"] > 512)
    cut["size"] = 256  # what stands behind it is not counted any more
    (folder / "export" / "manifest.json").write_text(json.dumps(manifest), "utf-8")

    code, told = year("check", "--data", str(loaded[0]))

    assert code == 1
    assert not told["good"]
    assert len(told["missed"]) == len(told["flagged"]) == len(PLANTERS) * PLACES
    assert told["again"] == 3
    assert told["wrong"]
