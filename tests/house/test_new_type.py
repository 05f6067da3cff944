"""A new event type takes three edits by hand: its class, its place in the process, its known body.

Shown by the types that are there: a place that must know each type names all of them. Beside class and known body that
is one file, and in every room there are types that no other file of it names. A fourth table would be seen.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from schemas.events import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
STEPS = "domain/steps.py"
BY_HAND = [
    path
    for room in ("schemas", "domain", "projections", "server", "ops", "tests/support")
    for path in sorted((ROOT / room).rglob("*"))
    if path.suffix in (".py", ".toml", ".sql", ".html", ".po", ".js")
]
"""What people write. Schemas, their lock, docs/process.md and the vectors are generated."""


NAME = re.compile(r"\b[a-z_]+(?:\.[a-z_]+)+\.v\d+\b|\b[A-Z][A-Za-z]+\b")


def naming() -> dict[str, set[str]]:
    """Type -> the files that name it, by its string or its class."""
    known = {word: name for name, kind in REGISTRY.items() for word in (name, kind.body.__name__)}
    found: dict[str, set[str]] = {name: set() for name in REGISTRY}
    for path in BY_HAND:
        for word in known.keys() & set(NAME.findall(path.read_text("utf-8"))):
            found[known[word]].add(path.relative_to(ROOT).as_posix())
    return found


def test_only_the_place_in_the_process_is_a_table_of_all_types() -> None:
    found = naming()
    counts = Counter(file for files in found.values() for file in files)
    assert [file for file, number in counts.items() if number == len(REGISTRY)] == [STEPS]


@pytest.mark.parametrize("room", ["domain", "projections", "server", "ops"])
def test_no_room_has_to_name_a_type_once_more(room: str) -> None:
    """Types that nothing needs but the floor are known to the room all the same: it looks them up in the registry."""
    found = naming()
    free = [name for name, files in found.items() if not any(f.startswith(f"{room}/") for f in files - {STEPS})]
    assert free, f"every type is named in {room}: is there a table that a new type must be written into?"


def test_every_type_stands_in_the_three() -> None:
    steps = (ROOT / STEPS).read_text("utf-8")
    bodies = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests" / "support").glob("*_vectors.py"))
    for name in REGISTRY:
        assert f'"{name}"' in steps, f"{name} has no place in the process"
        assert f'"{name}"' in bodies, f"{name} has no known body"
