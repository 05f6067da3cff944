"""Every rule that is built has tests that trip it, come close to it, and meet it before the facts are all there."""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from domain.matter import Judgement, Signal, Verdict
from domain.penalty_kinds import KINDS
from server.console.words import enum_values
from tests.support.covered import COVERED, NEVER_BROKEN

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "unit" / "domain"
SETTLED = "cannot be decided yet"
"""How settling begins what it says in the place of a verdict: words that pages put into a line of their own."""
CODES = enum_values() | KINDS.keys()
"""Words of the wire, which nobody reads in a Chinese sentence."""
BUILT = {
    name
    for path in sorted((ROOT / "domain" / "judges").glob("*.py"))
    for name in re.findall(r'"((?:INV|SIG)-\d\d)"', path.read_text("utf-8"))
}
ASKED = {f"INV-{n:02}" for n in range(1, 41)} | {f"SIG-{n:02}" for n in range(1, 33)}
"""The rules of handbook 9.3, and of handbook 7 those that follow from procedure alone or from declared facts."""


def test_every_rule_is_built_and_every_built_rule_has_its_line() -> None:
    assert set() == ASKED - BUILT, "no judge says these"
    assert BUILT - COVERED.keys() == set(), "add a line with three tests to tests/support/covered.py"
    assert COVERED.keys() - BUILT == set(), "no judge says these any more"


@pytest.mark.parametrize("rule", sorted(COVERED))
def test_the_tests_of_a_rule_show_what_their_line_claims(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trips, close, early = (_seen(name, monkeypatch) for name in COVERED[rule])
    if rule in NEVER_BROKEN:
        assert _of(trips, rule), f"{rule}: {COVERED[rule][0]} does not make it speak"
    else:
        assert any(_tripped(one, rule) for one in trips), f"{rule}: {COVERED[rule][0]} does not trip it"
    assert _quiet(close, rule), f"{rule}: {COVERED[rule][1]} shows nothing that comes close and is let pass"
    assert _waiting(early, rule), f"{rule}: {COVERED[rule][2]} shows nothing that is not all there yet"


def test_every_reason_is_a_sentence_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    names = sorted({name for line in COVERED.values() for name in line})
    said = [one for name in names for one in _seen(name, monkeypatch) if isinstance(one, Verdict | Signal)]
    reasons = {(one.rule, one.reason.zh, one.reason.en) for one in said if not one.reason.en.startswith(SETTLED)}
    assert len(reasons) > 300
    for rule, zh, en in sorted(reasons):
        assert zh.endswith("。"), (rule, zh)
        assert en.endswith("."), (rule, en)
        assert not en[0].islower() or en.startswith("officer-"), (rule, en)
        assert not set("、，；。") & set(en), (rule, en)
        assert "None" not in zh + en, (rule, zh, en)
        assert not CODES & set(re.findall(r"[A-Za-z][\w.-]*", zh, re.ASCII)), (rule, zh)


def _of(seen: tuple[object, ...], rule: str) -> list[Verdict | Signal]:
    return [one for one in seen if isinstance(one, Verdict | Signal) and one.rule == rule]


def _tripped(one: object, rule: str) -> bool:
    if isinstance(one, Verdict):
        return one.rule == rule and one.outcome == "broken"
    return isinstance(one, Signal) and one.rule == rule


def _quiet(seen: tuple[object, ...], rule: str) -> bool:
    """Whether the rule was kept, or a matter judged without it saying anything bad."""
    if any(isinstance(one, Verdict) and one.outcome == "kept" for one in _of(seen, rule)):
        return True
    judged = [one for one in seen if isinstance(one, Judgement)]
    return any(not any(_tripped(said, rule) for said in (*one.verdicts, *one.signals)) for one in judged)


def _waiting(seen: tuple[object, ...], rule: str) -> bool:
    """Whether something was unknown, rested on an absence, or was not said yet of a matter that was judged."""
    if any(one.absent or (isinstance(one, Verdict) and one.outcome == "unknown") for one in _of(seen, rule)):
        return True
    judged = [one for one in seen if isinstance(one, Judgement)]
    return any(rule not in {said.rule for said in (*one.verdicts, *one.signals)} for one in judged)


_WATCHED: dict[str, tuple[object, ...]] = {}


def _seen(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """What judges said while a test ran, with all its parameters; the test must pass."""
    if name not in _WATCHED:
        seen: list[object] = []
        with monkeypatch.context() as patch:
            for cls in (Judgement, Verdict, Signal):
                patch.setattr(cls, "__init__", _watched(cls, seen))
            module, _, function = name.partition("::")
            test = getattr(_module(f"test_{module}"), f"test_{function}", None)
            assert test is not None, f"there is no test {name}: mend its line in tests/support/covered.py"
            for values in _parameters(test):
                test(**values)
        _WATCHED[name] = tuple(seen)
    return _WATCHED[name]


def _watched(cls: type[Any], seen: list[object]) -> Callable[..., None]:
    made = cls.__init__

    def init(self: object, *args: Any, **named: Any) -> None:
        made(self, *args, **named)
        seen.append(self)

    return init


@cache
def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"covered_{name}", TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _parameters(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """The arguments of each run of a test: {} for one without parameters."""
    sets: list[list[dict[str, Any]]] = []
    for mark in getattr(test, "pytestmark", ()):
        if mark.name != "parametrize":
            continue
        first = mark.args[0]
        names = [one.strip() for one in first.split(",")] if isinstance(first, str) else list(first)
        given = [one.values if hasattr(one, "marks") else one if len(names) > 1 else (one,) for one in mark.args[1]]
        sets.append([dict(zip(names, values, strict=True)) for values in given])
    for chosen in itertools.product(*sets):
        yield {name: value for values in chosen for name, value in values.items()}
