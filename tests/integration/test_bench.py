"""The bench measures what it says: every row counted, peers named even where absent, nothing left behind. No times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.bench import page, rig
from ops.bench.load import BATCH
from ops.bench.machine import Machine
from tests.support import postgres

LIUHEN = Path(sys.executable).parent / "liuhen"
FIGURE = {"events_per_s", "p50_ms", "p99_ms"}
PEERS = {"copy", "eventsourcing", "eventsourcing_fastest", "umadb", "umadb_http"}


def liuhen(*arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LIUHEN_", "PYTHON"))}
    return subprocess.run(
        [str(LIUHEN), *arguments], env=clean, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        timeout=300, check=False,
    )  # fmt: skip


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture(scope="module")
def told() -> Any:
    """One tiny run of `liuhen bench ingest`, and that its folder was empty afterwards."""
    with postgres.short_folder() as folder:
        done = liuhen(
            "bench", "ingest", "--json", "--levels", "1,2", "--events", "200", "--rounds", "1", "--folder", str(folder)
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) | {"left": names_in(folder)}


def test_ingest_prints_figures_of_each_level_for_us_and_for_every_peer_that_is_here(told: Any) -> None:
    assert set(told["peers"]) == PEERS
    measured = {name: levels for name, levels in told["peers"].items() if name not in told["absent"]}
    for levels in (told["ours"], *measured.values()):
        assert set(levels) == {"1", "2"}
        assert all(set(figure) == FIGURE for figure in levels.values())
        assert all(value > 0 for figure in levels.values() for value in figure.values())


def test_an_absent_peer_is_named_with_what_to_install_and_copy_never_is(told: Any) -> None:
    assert "copy" not in told["absent"]
    for name, why in told["absent"].items():
        assert told["peers"][name] is None
        assert told["ratios"][name] is None
        assert "install" in why


def test_ratios_are_ours_over_theirs_at_the_level_that_is_named(told: Any) -> None:
    at = str(told["ratios_at"])
    for name in PEERS - set(told["absent"]):
        expected = told["ours"][at]["events_per_s"] / told["peers"][name][at]["events_per_s"]
        assert told["ratios"][name] == pytest.approx(expected, rel=0.01, abs=0.001)


def test_every_event_that_was_acknowledged_was_counted(told: Any) -> None:
    # 200 at each level, and the batch of each terminal that warms everything up.
    assert told["rows"]["events"] == told["rows"]["sent"] == 2 * 200 + 2 * BATCH
    assert told["rows"]["entries"] > told["rows"]["events"]


def test_a_run_leaves_no_folder_behind(told: Any) -> None:
    assert told["left"] == []


async def test_a_run_that_lost_a_row_gives_no_figure(short_folder: Path) -> None:
    async with rig.running(place=short_folder) as running:
        (terminal,) = await running.enrol(running.authorities[0], 1)
        await running.send([terminal], [terminal.prepare(2)])
        assert (await running.count())["events"] == 2 * BATCH
        await running.admin.execute("ALTER TABLE log.keys DISABLE TRIGGER refuse_change")
        await running.admin.execute("DELETE FROM log.keys WHERE version = 7 AND chain = 0")
        with pytest.raises(rig.BenchFault, match="100 events were acknowledged, 99 are stored"):
            await running.count()
        await running.admin.execute("ALTER TABLE log.entries DISABLE TRIGGER refuse_change")
        await running.admin.execute("DELETE FROM log.entries WHERE position = 5")
        with pytest.raises(rig.BenchFault, match="gapless"):
            await running.count()
    assert names_in(short_folder) == []


def test_levels_that_are_no_numbers_of_terminals_are_refused_in_one_sentence() -> None:
    done = liuhen("bench", "ingest", "--levels", "0,5")
    assert done.returncode == 2
    assert "expected numbers of terminals from 1" in done.stderr


MACHINE = Machine(2, "processor", "system", "3.11", "18", "ext4", 0.1, 0.0)
TABLE = page.Table("Title", ["终端", "1"], [["liuhen", "2"]], ["a note"])


def test_figures_replace_what_stood_between_the_marks_and_nothing_else(tmp_path: Path) -> None:
    paper = tmp_path / "performance.md"
    paper.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n", "utf-8")
    page.write(paper, [TABLE], MACHINE)
    text = paper.read_text("utf-8")
    assert text.startswith(f"before\n{page.BEGIN}\n")
    assert text.endswith(f"{page.END}\nafter\n")
    assert "| liuhen | 2 |" in text
    assert "old" not in text
    page.write(paper, [TABLE], MACHINE)
    assert paper.read_text("utf-8") == text


@pytest.mark.parametrize("content", ["", page.BEGIN, page.END + page.BEGIN, (page.BEGIN + page.END) * 2])
def test_a_page_without_its_two_marks_is_refused_before_anything_is_measured(tmp_path: Path, content: str) -> None:
    paper = tmp_path / "performance.md"
    paper.write_text(content, "utf-8")
    done = liuhen("bench", "all", "--write", str(paper))
    assert done.returncode == 2
    assert "put them where the figures belong" in done.stderr
    assert paper.read_text("utf-8") == content


def test_the_page_of_this_project_has_its_marks() -> None:
    page.check(Path(__file__).parents[2] / "docs" / "performance.md")


def test_pages_are_timed_with_the_rows_that_were_written() -> None:
    with postgres.short_folder() as folder:
        done = liuhen("bench", "pages", "--json", "--rows", "200", "--times", "5", "--folder", str(folder))
        assert done.returncode == 0, done.stderr
        assert names_in(folder) == []
    told = json.loads(done.stdout)
    assert told["rows"] == 200
    places = {page.partition("?")[0] for page in told["pages"]}
    supervised = {f"/supervision{rest}" for rest in ("", "/figures", "/figures/visits", "/off-system")}
    assert places == {"/deadlines", "/hazards", "/signals", "/reviews", "/search", *supervised}
    assert all(0 < one["p50_ms"] <= one["p99_ms"] for one in told["pages"].values())


def test_a_book_of_others_is_read_and_matched_as_it_was_planted() -> None:
    with postgres.short_folder() as folder:
        done = liuhen("bench", "reconcile", "--json", "--rows", "1000", "--folder", str(folder))
        assert done.returncode == 0, done.stderr
        assert names_in(folder) == []
    told = json.loads(done.stdout)
    assert told["matched"] + told["unmatched"] == told["rows"] == 1000
    assert told["unmatched"] > 20
