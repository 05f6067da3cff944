"""What the page of rules shows of a value is what a file of rules would say."""

from __future__ import annotations

import tomllib

from domain.rulebook import frozen
from ops.keeping import shown
from projections import rulefiles


def test_every_value_of_a_rule_is_shown_as_a_file_of_rules_writes_it() -> None:
    book, _ = rulefiles.load()
    kinds = set()
    for rule in book.all:
        kinds.add(type(rule.value))
        text = shown(rule.value)
        if isinstance(rule.value, str):
            assert text == rule.value
        else:
            assert frozen(tomllib.loads(f"value = {text}")["value"]) == frozen(rule.value), rule.key
    assert len(kinds) > 3, "numbers, texts, lists and tables are among them"
