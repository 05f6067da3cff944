"""Nothing of the process is without an event: steps, deadlines, pauses, and what the rules read."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain import process_page
from domain.process_page import TABLES
from domain.rule_inputs import INVARIANTS, SIGNALS
from domain.steps import ANY, CASE, DEADLINES, ENVELOPE, INSPECTION, PAUSES, SIDE, Part
from schemas.events import REGISTRY

ROOT = Path(__file__).resolve().parents[3]
ROWS = [row for _, _, rows in TABLES for row in rows]
MOVED = {
    "DL-01",
    "DL-06",
    "DL-07",
    "DL-10",
    "DL-14",
    "DL-18",
}
"""Deadlines of the catalogue that something pauses or moves (handbook 2.5, last column)."""


def codes(rows: tuple[Part, ...]) -> list[str]:
    return [row.code for row in rows]


def test_every_step_of_the_handbook_is_there_in_its_order() -> None:
    assert codes(INSPECTION) == [f"A{n}" for n in range(1, 20)]
    assert codes(CASE) == [f"B{n}" for n in range(1, 23)]
    assert codes(SIDE) == [*(f"S{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 5)), "Q1", "Q2", "Q3"]


def test_every_deadline_and_every_pause_of_the_catalogue_is_there() -> None:
    assert codes(DEADLINES) == [f"DL-{n:02}" for n in range(1, 27)]
    assert {code[:5] for code in codes(PAUSES)} == MOVED


def test_the_inputs_of_every_invariant_and_every_signal_are_there() -> None:
    assert codes(INVARIANTS) == [f"INV-{n:02}" for n in range(1, 41)]
    assert codes(SIGNALS) == [f"SIG-{n:02}" for n in range(1, 33)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_part_of_the_process_has_an_event_whose_class_has_the_fields(row: Part) -> None:
    assert row.zh
    assert row.en
    assert row.uses, "no event carries it"
    for one in row.uses:
        assert one.fields
        known = set() if one.event == ANY else set(REGISTRY[one.event].body.__struct_encode_fields__)
        assert set(one.fields) <= known | ENVELOPE, one.event


def test_every_event_type_has_a_part_in_the_process() -> None:
    assert {one.event for row in ROWS for one in row.uses} - {ANY} == set(REGISTRY)


def test_the_page_is_what_the_tables_say() -> None:
    page = (ROOT / "docs" / "process.md").read_text("utf-8")

    assert page == process_page.render(), "run `liuhen schemas --write`"
