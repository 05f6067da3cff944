"""The wire protocol in schemas/README.md names everything that the code can say, and points only at what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import schemas
from schemas.entries import INCIDENTS, KINDS
from schemas.envelope import ABOUT_KINDS, NOTES
from schemas.events import REGISTRY
from schemas.problems import PROBLEMS

ROOM = Path(schemas.__file__).parent
TEXT = (ROOM / "README.md").read_text("utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """Cells of the table below the header row that begins with `heading`, by their first cell without backticks."""
    found: dict[str, list[str]] = {}
    lines = iter(TEXT.splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    break
                cells = [cell.strip() for cell in row.replace(r"\|", "¦").strip("|").split("|")]
                found[cells[0].strip("`")] = cells[1:]
            return found
    raise AssertionError(f"no table headed {heading}")


def test_every_problem_code_stands_in_the_readme_with_its_status_and_retry() -> None:
    stated = {code: (cells[0], cells[1]) for code, cells in rows("code").items()}

    assert stated == {problem.code: (str(problem.status), problem.retry) for problem in PROBLEMS.values()}


def test_the_readme_names_every_note_and_no_other() -> None:
    assert set(rows("note")) == set(NOTES)


def test_the_readme_names_every_incident_and_no_other() -> None:
    assert set(rows("incident")) == set(INCIDENTS)


def test_the_readme_names_every_entry_kind_and_no_other() -> None:
    assert set(rows("kind `k`")) == set(KINDS)


def test_the_readme_names_every_kind_of_tag() -> None:
    stated = re.search(r"Kinds: ([a-z, ]+)\.", rows("key")["about"][2])

    assert stated is not None
    assert set(stated[1].split(", ")) == ABOUT_KINDS


@pytest.mark.parametrize("name", sorted(n for n in REGISTRY if n.startswith("terminal.") and REGISTRY[n].office_only))
def test_the_readme_gives_the_fields_of_each_office_type_that_a_verifier_reads(name: str) -> None:
    fields = set(re.findall(r"`([a-z_]+)`", rows("type")[name][0]))

    assert fields == set(REGISTRY[name].body.__struct_fields__)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    missing = [target for target in targets if not (ROOM / target).exists()]

    assert targets
    assert not missing
