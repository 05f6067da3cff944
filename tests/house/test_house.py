"""The project itself: whose names these are, what may not be written down, and that the papers are true."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from ops.house import lock, suite

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("schemas", "domain", "projections", "server", "ops")
# Spelt so that this file does not contain what it looks for.
FORBIDDEN = re.compile(
    r"(?:^|[^\w.])/(?:wor[k]|far[m]|roo[t]|hom[e]/\w+|tm[p]/team)/"
    r"|[p]ypi\.org|[p]ythonhosted|[r]egistry\.npmjs|[d]eb\.debian|[f]iles\.python"
)
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")


def tracked() -> list[Path]:
    """Files under version control, or, in a copy without it, all files of the rooms."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        return [path for room in (*ROOMS, "tests") for path in (ROOT / room).rglob("*") if path.is_file()]
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_nobody_else_owns_the_names_of_our_rooms() -> None:
    owners = importlib.metadata.packages_distributions()
    for room in ROOMS:
        assert set(owners.get(room, [])) <= {"liuhen"}, f"{room} also comes from {owners[room]}"
        module = importlib.import_module(room)
        assert module.__file__ is not None
        assert Path(module.__file__).resolve() == ROOT / room / "__init__.py"


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


@pytest.mark.parametrize("line", ["cd /_oot/t/x/", "see /wo_k/main/", "https://pypi_org/simple"])
def test_the_search_for_forbidden_words_finds_them(line: str) -> None:
    assert not FORBIDDEN.search(line)
    assert FORBIDDEN.search(line.replace("_", "." if "pypi" in line else "r"))


@pytest.mark.parametrize("room", [*ROOMS, "tests"])
def test_every_room_says_what_it_is_and_what_a_crash_leaves(room: str) -> None:
    readme = (ROOT / room / "README.md").read_text("utf-8")
    assert readme.startswith(f"# {room}"), "the title is the room's name"
    assert re.search(r"^## Life of an? \w+", readme, re.MULTILINE)


def test_every_link_in_our_papers_leads_somewhere() -> None:
    lost = []
    for path in tracked():
        if path.suffix != ".md":
            continue
        for target in LINK.findall(path.read_text("utf-8")):
            if "://" in target or target.startswith(("#", "mailto:")):
                continue
            if not (path.parent / target.partition("#")[0]).exists():
                lost.append(f"{path.relative_to(ROOT)} -> {target}")
    assert lost == []


@pytest.mark.parametrize("name", lock.LOCKS)
def test_the_locks_fit_the_project_and_name_no_source(name: str) -> None:
    assert lock.faults(name, (ROOT / name).read_text("utf-8")) == []


@pytest.mark.parametrize(
    "line", ["--index-url https://example.org/simple", "click @ file:///x", "click>=8", "-e .", "# via nothing"]
)
def test_a_lock_with_anything_but_pins_and_hashes_is_refused(line: str) -> None:
    assert lock.faults("requirements.lock", f"{lock.header()}\n{line}\n") != []


def test_every_pin_of_a_lock_has_a_hash() -> None:
    for name in lock.LOCKS:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            if lock.PIN.fullmatch(line):
                assert lock.HASH.fullmatch(following), f"{name}: {line}"


def test_what_is_deployed_is_what_was_tested() -> None:
    tested = set((ROOT / "requirements.lock").read_text("utf-8").splitlines()[1:])
    for line in (ROOT / "requirements-runtime.lock").read_text("utf-8").splitlines()[1:]:
        if lock.PIN.fullmatch(line):
            name_and_version = line.split(" ")[0]
            assert any(other.startswith(name_and_version + " ") for other in tested), name_and_version


def test_the_walls_that_the_design_asks_for_are_contracts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = {one["id"]: one for one in project["tool"]["importlinter"]["contracts"]}
    due = {"one-way", "pure-core", "log-knows-no-http", "faces-apart", "public-is-apart", "outsiders"}
    assert due <= contracts.keys()


def test_the_import_contracts_see_every_room() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["importlinter"]["root_packages"] == list(ROOMS)
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(ROOMS)
    assert project["tool"]["mypy"]["packages"] == list(ROOMS)
    assert "imports" in {name for name, _ in suite.CHECKS}


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
