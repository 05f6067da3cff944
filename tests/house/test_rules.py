"""Every invariant and every signal of the handbook is judged by the code, or named as one that is not judged yet."""

from __future__ import annotations

import re

from domain.rule_inputs import INVARIANTS, SIGNALS
from ops.house import rules

PROCEDURE = {2, 3, *range(5, 11), *range(13, 18), *range(19, 23), 26, 27, 29, 30}
"""Signals that follow from procedure alone."""


def test_every_invariant_has_an_evaluator() -> None:
    assert {f"INV-{number:02}" for number in range(1, 41)} <= rules.codes().keys()


def test_every_signal_that_follows_from_procedure_has_an_evaluator_and_a_severity() -> None:
    known = rules.codes()

    assert {f"SIG-{number:02}" for number in PROCEDURE} <= known.keys()
    assert [code for code, one in known.items() if code.startswith("SIG") and not one.severities] == []


def test_what_is_not_judged_is_named_and_what_is_judged_is_not() -> None:
    known = rules.codes().keys()
    all_of_them = {part.code for part in (*INVARIANTS, *SIGNALS)}

    assert known & rules.LATER.keys() == set()
    assert known | rules.LATER.keys() == all_of_them


def test_an_evaluator_that_is_named_after_a_code_says_so_first() -> None:
    for code, one in rules.codes().items():
        for evaluator in one.evaluators:
            named = re.match(r"(inv|sig)_(\d\d)", evaluator.name)
            assert named is None or f"{named[1].upper()}-{named[2]}" == code, evaluator


def test_the_page_is_what_the_code_says() -> None:
    assert rules.PAGE.read_text("utf-8") == rules.render(), "run python -m ops.house.rules --write"
