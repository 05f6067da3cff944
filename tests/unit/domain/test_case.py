"""A lawful case as a whole: its stages, columns, page, and that the judge depends on the set of facts only."""

from __future__ import annotations

import json
import random

import pytest

from domain.judges import case
from tests.support.cases import (
    CASE,
    CERTIFIED,
    HEAD,
    LIN,
    NUMBER,
    REVIEWER,
    STORY,
    ZHAO,
    act,
    at,
    judged,
    of_case,
    outcome,
    story,
    verdicts,
)
from tests.support.facts import RULES, fact, matter


def test_of_a_lawful_case_nothing_bad_is_said() -> None:
    found = judged(story())
    assert [(one.rule, one.reason.en) for one in found.verdicts if one.outcome != "kept"] == []
    assert [(one.rule, one.reason.en) for one in found.signals] == []
    assert found.stage == "archived"


def test_every_invariant_of_a_decision_is_judged_of_a_lawful_case() -> None:
    rules = {one.rule for one in judged(story()).verdicts}
    assert rules >= {f"INV-{n:02}" for n in (1, 2, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 29, 31, 32)}
