"""What differs between two versions of a draft: field by field, and inside long texts piece by piece. Pure.

Texts are compared by sentences first and by characters within sentences that were rewritten, so that the cost stays
bounded and what is marked is what a reader would mark. Invariant: the pieces of one side put together are its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from projections.views import WITHHELD
from server.console.words import Line

MAX_PIECE: Final = 1_200
"""Characters of a rewritten passage that are compared letter by letter; of longer ones, the whole is marked."""
CLOSE: Final = 0.35
"""How alike two passages must be for their letters to be compared: below that the whole is easier to read."""
_SENTENCE: Final = re.compile(r"[^。；！？\n]*[。；！？\n]?")
_LETTER: Final = re.compile(r"[A-Za-z0-9_.,:/-]+|\s+|.", re.DOTALL)

Kind = Literal["same", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both versions have, or that only the newer (added) or the older one (removed) has."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field in two versions. `pieces` tell of a change; a field that is the same has its text only."""

    label: str
    state: Literal["same", "changed", "added", "removed"]
    older: str
    newer: str
    pieces: tuple[Piece, ...]


def fields(older: Sequence[Line], newer: Sequence[Line], yes: Any) -> tuple[Field, ...]:
    """The fields of two versions in the order of the newer one; `yes` makes text of what is no text (instants)."""
    old, new = dict(_flat(older, yes)), dict(_flat(newer, yes))
    found = []
    for label in [*new, *(label for label in old if label not in new)]:
        before, after = old.get(label, ""), new.get(label, "")
        if before == after:
            found.append(Field(label, "same", before, after, ()))
        elif label not in old:
            found.append(Field(label, "added", "", after, (Piece("added", after),)))
        elif label not in new:
            found.append(Field(label, "removed", before, "", (Piece("removed", before),)))
        else:
            found.append(Field(label, "changed", before, after, pieces(before, after)))
    return tuple(found)


def pieces(older: str, newer: str) -> tuple[Piece, ...]:
    """What became of a text."""
    return tuple(_joined(_compare(_SENTENCE.findall(older)[:-1], _SENTENCE.findall(newer)[:-1], deeper=True)))


def _compare(older: Sequence[str], newer: Sequence[str], *, deeper: bool) -> Iterator[Piece]:
    for tag, a, b, c, d in SequenceMatcher(None, older, newer, autojunk=False).get_opcodes():
        was, now = "".join(older[a:b]), "".join(newer[c:d])
        if tag == "equal":
            yield Piece("same", was)
        elif deeper and was and now and max(len(was), len(now)) <= MAX_PIECE and _alike(was, now):
            yield from _compare(_LETTER.findall(was), _LETTER.findall(now), deeper=False)
        else:
            if was:
                yield Piece("removed", was)
            if now:
                yield Piece("added", now)


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).quick_ratio() >= CLOSE


def _joined(found: Iterable[Piece]) -> Iterator[Piece]:
    last: Piece | None = None
    for piece in found:
        if last is not None and last.kind == piece.kind:
            last = Piece(last.kind, last.text + piece.text)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def _flat(lines: Sequence[Line], yes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    for line in lines:
        label = f"{before} · {line.label}" if before else line.label
        if line.kind == "lines":
            yield from _flat(line.value, yes, label)
        else:
            yield label, _text(line, yes)


def _text(line: Line, yes: Any) -> str:
    match line.kind:
        case "list":
            return "\n".join(_text(one, yes) for one in line.value)
        case "lines":
            return ", ".join(_text(one, yes) for one in line.value)
        case kind if kind == WITHHELD:
            return f"[{line.value[1][:16]}…]"
        case "text":
            return str(line.value)
        case _:
            return str(yes(line))
