"""A draw gives the same names to everybody, and nobody can choose them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import draws

SCRIPT = Path(__file__).parents[3] / "server" / "public" / "verifier" / "draw.py"
SECRET = "00112233445566778899aabbccddeeff"
PUBLIC = "2026-11-27 14:00 / 7 12 19 23 30"
ids = st.sets(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=8), min_size=4
)


def published(objects: set[str], officers: set[str], count: int, recused: dict[str, list[str]]) -> dict[str, object]:
    drawn = draws.draw(objects, officers, SECRET, PUBLIC, count=count, team=2, recused=recused)
    return {
        "objects": sorted(objects), "objects_hash": draws.pool_hash(objects).hex(),
        "officers": sorted(officers), "officers_hash": draws.pool_hash(officers).hex(),
        "commitment": draws.commitment(SECRET).hex(), "secret": SECRET, "public": PUBLIC,
        "count": count, "team": 2, "recused": recused,
        "teams": [[team.enterprise, list(team.officers)] for team in drawn.teams],
    }  # fmt: skip


def run(told: dict[str, object], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "draw.json"
    file.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    command = [sys.executable, "-I", str(SCRIPT), str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, encoding="utf-8")


def test_anybody_gets_the_published_names_with_thirty_lines(tmp_path: Path) -> None:
    objects, officers = {f"示例企业-{n:03}" for n in range(60)}, {f"officer-{n:02}" for n in range(9)}
    first = draws.draw(objects, officers, SECRET, PUBLIC, count=5, team=2)
    recused = {first.teams[1].enterprise: [first.teams[1].officers[0]]}
    told = published(objects, officers, 20, recused)

    done = run(told, tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == told["teams"]
    code = SCRIPT.read_text("utf-8").split('"""', 2)[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 30


@pytest.mark.parametrize("what", ["secret", "public", "objects", "officers", "teams", "recused"])
def test_a_draw_that_was_changed_afterwards_is_found_out(what: str, tmp_path: Path) -> None:
    objects, officers = {f"示例企业-{n:03}" for n in range(30)}, {f"officer-{n:02}" for n in range(8)}
    told = published(objects, officers, 10, {})
    teams = told["teams"]
    assert isinstance(teams, list)
    change: dict[str, object] = {
        "secret": SECRET[::-1],
        "public": "1",
        "objects": sorted(objects)[1:],
        "officers": [*sorted(officers), "officer-99"],
        "teams": teams[::-1],
        "recused": {teams[0][0]: [teams[0][1][0]]},
    }

    done = run({**told, what: change[what]}, tmp_path)

    assert done.returncode == 1
    assert done.stderr.strip()


@settings(max_examples=60)
@given(ids, ids, st.data())
def test_every_enterprise_is_drawn_once_and_turns_are_even(
    objects: set[str], officers: set[str], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(objects)))

    drawn = draws.draw(objects, officers, SECRET, PUBLIC, count=count, team=2)

    assert len({team.enterprise for team in drawn.teams}) == count
    assert {team.enterprise for team in drawn.teams} <= objects
    assert all(len(set(team.officers)) == 2 and set(team.officers) <= officers for team in drawn.teams)
    turns = Counter(one for team in drawn.teams for one in team.officers)
    assert max(turns.values()) - min(turns.get(one, 0) for one in officers) <= 1
    assert drawn == draws.draw(sorted(objects, reverse=True), list(officers), SECRET, PUBLIC, count=count, team=2)


def test_a_recused_officer_keeps_the_place_for_the_next_enterprise() -> None:
    objects, officers = {f"e{n}" for n in range(6)}, {f"o{n}" for n in range(6)}
    plain = draws.draw(objects, officers, SECRET, PUBLIC, count=2, team=2)
    [barred, second] = plain.teams[0].officers

    drawn = draws.draw(
        objects, officers, SECRET, PUBLIC, count=2, team=2, recused={plain.teams[0].enterprise: [barred]}
    )

    assert drawn.teams[0].officers == (second, plain.teams[1].officers[0])
    assert drawn.stepped == (draws.Stepped(plain.teams[0].enterprise, barred, plain.teams[1].officers[0]),)
    assert drawn.teams[1].officers[0] == barred


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(draws.DrawRefused, match="1 to 2 enterprises"):
        draws.draw({"a", "b"}, {"x", "y"}, SECRET, PUBLIC, count=3, team=2)
    with pytest.raises(draws.DrawRefused, match="teams of 1 to 2"):
        draws.draw({"a", "b"}, {"x", "y"}, SECRET, PUBLIC, count=1, team=3)
    with pytest.raises(draws.DrawRefused, match="not recused for"):
        draws.draw({"a"}, {"x", "y"}, SECRET, PUBLIC, count=1, team=2, recused={"a": ["x"]})
    with pytest.raises(draws.DrawRefused, match="at least 32"):
        draws.commitment("short")


def test_drawing_is_as_often_one_as_another() -> None:
    """400 draws of 10 out of 100: nobody is far from 40 (six standard deviations are 36)."""
    objects = [f"e{n:03}" for n in range(100)]
    found = Counter(one for n in range(400) for one in draws.ranked(objects, SECRET, str(n), "object")[:10])
    assert all(4 < found[one] < 76 for one in objects)
