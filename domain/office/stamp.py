"""The version of a matter as officers see it: which acts of the office it rests on, and what came since.

A form carries the stamp of the matter as it was drawn; an act that comes with an older one is told what changed. What
terminals upload does not age a form: it is judged anew under the act itself. The invariant: equal stamps mean the same
acts of the office, and nothing a person does by looking (evidence opened, a value shown, a copy made) ages a stamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from domain.matter import Fact

LOOKS: Final = frozenset(
    (
        "blob.received.v1",
        "blob.examined.v1",
        "blob.damaged.v1",
        "evidence.read.v1",
        "trail.read.v1",
        "case_file.exported.v1",
        "case_file.export_closed.v1",
        "private_value.revealed.v1",
        "comment.made.v1",
        "comment.settled.v1",
    )
)
"""Acts that look at a matter or talk about it, and change nothing of it."""


def stamp(facts: Sequence[Fact]) -> str:
    """The stamp of a matter: how many acts of the office it has, and a digest of which ones they are."""
    return _stamp(acts(facts))


def since(facts: Sequence[Fact], seen: str) -> list[Fact] | None:
    """The acts that a stamp does not know, oldest first; None where it is no stamp of this matter's past."""
    count, _, _ = seen.partition("-")
    known = acts(facts)
    if not (count.isascii() and count.isdecimal() and len(count) <= 6 and int(count) <= len(known)):
        return None
    return known[int(count) :] if _stamp(known[: int(count)]) == seen else None


def acts(facts: Sequence[Fact]) -> list[Fact]:
    """The acts of the office that count for a stamp, in the order in which they were received."""
    found = [fact for fact in facts if fact.source == "office" and fact.type not in LOOKS]
    return sorted(found, key=lambda fact: (fact.received, fact.id))


def _stamp(known: Sequence[Fact]) -> str:
    digest = sha256(b"".join(fact.id for fact in known)).hexdigest()[:16]
    return f"{len(known)}-{digest}"
