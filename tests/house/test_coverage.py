"""docs/coverage.md: every requirement has its row, and every link of a row leads to something that is there."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from domain.rule_inputs import INVARIANTS, SIGNALS
from ops.cli import VERBS
from projections.process import figures, reports
from schemas.events import REGISTRY
from server.console.routes import ROUTES as CONSOLE
from server.public.routes import ROUTES as PUBLIC
from server.supervision import counted
from server.supervision.routes import ROUTES as SUPERVISION

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/coverage.md").read_text("utf-8")
CORE = frozenset(
    (
        *range(1, 5),
        6,
        7,
        8,
        9,
        15,
        16,
        18,
        19,
        21,
        22,
        25,
        *range(28, 33),
        36,
        38,
        40,
        41,
        43,
        57,
        58,
        59,
        62,
        63,
        64,
        67,
    )
) | frozenset((*range(70, 75), 76, 78, 82, *range(84, 88), 93, 97, 98, 99, 108, 119))
SUPPORTING = frozenset(
    (5, *range(10, 15), 17, 20, 24, 33, 34, 35, 37, 39, 42, *range(44, 49), 51, 52, 53, 55, 60, 65, 66, 68, 75, 77, 79)
) | frozenset((88, 89, 91, 92, 94, 95, *range(104, 108), 111, 118))
"""The numbers of the handbook's first section that a system for enforcement answers for."""
DONE = re.compile(r"^\| (\d+) \| ([CS]) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
LEFT = re.compile(r"^\| (\d+) \| ([CS]) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = DONE.findall(PAGE)
LEFT_OUT = LEFT.findall(PAGE)


def shown(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


@cache
def functions(path: str) -> frozenset[str]:
    """The tests of a file."""
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def addresses() -> Iterator[str]:
    """Every address that answers GET or takes a form, with the names of its parts alone."""
    for route in (*CONSOLE, *SUPERVISION, *PUBLIC):
        yield re.sub(r"\{(\w+):[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", r"{\1}", route.path)


def follow_every_link() -> None:
    """Both tests of links in one."""
    test_every_row_names_an_event_and_a_test_and_each_is_there()
    test_every_page_and_command_of_a_row_is_there()


def test_every_core_and_supporting_requirement_has_one_row() -> None:
    told = [(int(number), fit) for number, fit, *_ in (*ROWS, *LEFT_OUT)]
    assert sorted(told) == sorted([(one, "C") for one in CORE] + [(one, "S") for one in SUPPORTING])
    assert [number for number, _ in told[: len(ROWS)]] == sorted(number for number, _ in told[: len(ROWS)])


def test_every_row_names_an_event_and_a_test_and_each_is_there() -> None:
    rules = {part.code for part in (*INVARIANTS, *SIGNALS)}
    for number, _, _, carried, *_, tests in ROWS:
        events = shown(carried)
        assert events, number
        for name in events:
            assert REGISTRY.lookup(name) is not None, (number, name)
        assert set(re.findall(r"\b(?:INV|SIG)-\d\d\b", carried)) <= rules, number
        assert shown(tests), number
        for one in shown(tests):
            path, _, name = one.partition("::")
            assert name in functions(path), (number, one)


def test_every_page_and_command_of_a_row_is_there() -> None:
    known = set(addresses())
    for number, _, _, _, pages, commands, _ in ROWS:
        assert shown(pages) or shown(commands), number
        assert set(shown(pages)) <= known, number
        for one in shown(commands):
            program, *words = one.split()
            assert program == "liuhen", (number, one)
            assert words[0] in VERBS, (number, one)
            found = importlib.import_module(VERBS[words[0]].module).command
            for word in words[1:]:
                found = found.commands[word]


def test_what_is_left_out_has_a_reason() -> None:
    for number, _, title, why in LEFT_OUT:
        assert len(why) > 60, (number, title)
        assert why.strip().endswith("."), (number, title)


@pytest.mark.parametrize(
    "row",
    [
        "| 16 | C | event | `officer.flown.v1` | – | – | `house/test_coverage.py::functions` |",
        "| 16 | C | page | `task.assigned.v1` | `/nowhere` | – | `house/test_coverage.py::functions` |",
        "| 16 | C | command | `task.assigned.v1` | `/tasks` | `liuhen fly` | `house/test_coverage.py::functions` |",
        "| 16 | C | test | `task.assigned.v1` | `/tasks` | – | `house/test_coverage.py::test_nothing` |",
    ],
)
def test_a_link_that_leads_nowhere_is_found(monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    monkeypatch.setattr(f"{__name__}.ROWS", DONE.findall(row))
    with pytest.raises(AssertionError):
        follow_every_link()


def test_fines_rank_nobody() -> None:
    known = figures.figures().by_code
    for code in (*counted.TILES, *counted.COMPARED):
        assert reports.unit_of(known[code]) != "fen", code
    for name in ("overview", "figures"):
        text = (ROOT / "projections/sql" / f"{name}.sql").read_text("utf-8")
        assert not re.search(r"ORDER BY[^;\n]*amount", text), "no list is sorted by money"
