"""The bench of the public site: every answer looked at, every record in the table, nothing left behind. No times."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.test_bench import liuhen, names_in


def test_the_bench_of_the_public_site_looks_at_every_answer_and_counts_every_record(short_folder: Path) -> None:
    done = liuhen(
        "bench", "public", "--json", "--records", "1000", "--rate", "20", "--seconds", "2", "--folder",
        str(short_folder),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["csv"]["rows"] == told["records"] == 1000
    assert told["requests"]["all"]["count"] == 40
    assert all(figure["p99_ms"] > 0 for figure in told["requests"].values())
    assert names_in(short_folder) == []
