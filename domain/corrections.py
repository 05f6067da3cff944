"""Corrections (E49), applied to the facts of a matter before it is judged: the record itself stays as it is.

A correction names its record and says what its fields should be; a record that was withdrawn satisfies nothing any
more. Each deadline that a correction moves keeps the end that it had before, with the reason (INV-39). The invariant:
what is judged depends on the set of facts alone; a correction that does not fit its record changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from domain.matter import Deadline, Earlier, Fact, Judge, Judgement, Matter, Reason
from domain.rulebook import covers
from schemas.events import REGISTRY, InvalidBody
from schemas.events.correction import FieldChange, RecordCorrected

MAX_STEPS: Final = 8
"""Corrections of one matter whose moves are shown one by one; of more, the first ones are taken together."""

_PATH: Final = re.compile(r"\$(?:\.[a-z_]{1,64}|\[[0-9]{1,4}\]){1,16}")
_STEP: Final = re.compile(r"\.([a-z_]+)|\[([0-9]+)\]")
_HEX: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")


def judged(judge: Judge, matter: Matter) -> Judgement:
    """What a judge says of a matter with its corrections applied, and which deadlines they moved."""
    found = corrections(matter.facts)
    final = judge.judge(replace(matter, facts=applied(matter.facts, found)) if found else matter)
    if not found or not final.deadlines:
        return final
    steps = [found[:number] for number in range(max(len(found) - MAX_STEPS, 0), len(found))]
    before = [_ends(judge.judge(replace(matter, facts=applied(matter.facts, step)))) for step in steps]
    after = [*before[1:], _ends(final)]
    moved: dict[tuple[str, str], list[Earlier]] = {}
    for step, old, new in zip(steps, before, after, strict=True):
        why = _reason(found[len(step)])
        for name, due in old.items():
            if name in new and new[name] != due:
                moved.setdefault(name, []).append(Earlier(due, why))
    return replace(final, deadlines=tuple(_with(one, moved.get((one.rule, one.about), [])) for one in final.deadlines))


def corrections(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The corrections among some facts that hold, in the order in which they were received.

    One that was withdrawn by a later correction holds no more; one that only explains changes nothing.
    """
    found = [fact for fact in facts if fact.counts and isinstance(fact.body, RecordCorrected)]
    found.sort(key=lambda fact: (fact.received, fact.id))
    struck: set[bytes] = set()
    for fact in reversed(found):
        assert isinstance(fact.body, RecordCorrected)
        if fact.id not in struck and fact.body.effect == "withdrawn":
            struck.add(fact.body.target_event)
    return tuple(
        fact
        for fact in found
        if fact.id not in struck and isinstance(fact.body, RecordCorrected) and fact.body.effect != "explained"
    )


def applied(facts: Sequence[Fact], found: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts with these corrections applied. A corrected fact has the note `corrected`, a struck one `withdrawn`.

    An authority corrects its own records and those of authorities below it.
    """
    by_target: dict[bytes, list[Fact]] = {}
    for fact in found:
        assert isinstance(fact.body, RecordCorrected)
        by_target.setdefault(fact.body.target_event, []).append(fact)
    return tuple(_corrected(fact, by_target[fact.id]) if fact.id in by_target else fact for fact in facts)


def _corrected(fact: Fact, found: Sequence[Fact]) -> Fact:
    for correction in found:
        body = correction.body
        assert isinstance(body, RecordCorrected)
        if not covers(correction.authority, fact.authority) or fact.body is None or correction.id == fact.id:
            continue
        if body.effect == "withdrawn":
            fact = replace(fact, body=None, notes=_noted(fact, "withdrawn"))
            continue
        tree = _open(msgspec.to_builtins(fact.body, builtin_types=(bytes,)))
        if not all(_put(tree, change) for change in body.field_changes):
            continue
        try:
            fact = replace(fact, body=REGISTRY.decode_body(fact.type, tree), notes=_noted(fact, "corrected"))
        except InvalidBody:
            continue
    return fact


def _put(tree: Any, change: FieldChange) -> bool:
    """Set one field. False if the path leads nowhere, or the field is not what the correction says that it was."""
    if _PATH.fullmatch(change.path) is None:
        return False
    steps: list[str | int] = [name or int(index) for name, index in _STEP.findall(change.path)]
    for step in steps[:-1]:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return False
    last = steps[-1]
    if isinstance(last, int):
        if not isinstance(tree, list) or last >= len(tree):
            return False
        was = tree[last]
    elif isinstance(tree, dict):
        was = tree.get(last, UNSET)
    else:
        return False
    try:
        if change.old is not UNSET and _value(change.old, was) != was:
            return False
        if change.new_private is not UNSET:
            tree[last] = change.new_private
        elif change.new is not UNSET:
            tree[last] = _value(change.new, was)
        else:
            del tree[last]
    except (ValueError, KeyError, RecursionError):
        return False
    return True


def _open(value: Any) -> Any:
    """A body as maps and lists that can be changed."""
    if isinstance(value, dict):
        return {name: _open(item) for name, item in value.items()}
    return [_open(item) for item in value] if isinstance(value, list | tuple) else value


def _value(text: str, like: Any) -> Any:
    """A JSON value; ids and digests, which JSON has as text, are bytes where the field is."""
    value = json.loads(text)
    if isinstance(value, str) and isinstance(like, bytes):
        bare = value.replace("-", "")
        return bytes.fromhex(bare) if _HEX.fullmatch(bare) else UUID(value).bytes
    return value


def _noted(fact: Fact, note: str) -> tuple[str, ...]:
    return tuple(sorted({*fact.notes, note}))


def _ends(judgement: Judgement) -> dict[tuple[str, str], int]:
    return {(one.rule, one.about): one.due for one in judgement.deadlines}


def _with(deadline: Deadline, moved: Sequence[Earlier]) -> Deadline:
    return replace(deadline, earlier=(*moved, *deadline.earlier)) if moved else deadline


def _reason(correction: Fact) -> Reason:
    name = str(UUID(bytes=correction.id))
    return Reason(f"记录更正后重新计算（{name}）", f"computed anew after a correction ({name})")
