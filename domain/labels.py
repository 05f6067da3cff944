"""What a task, case or hazard is called: the words of the one act that names it.

Pure. A case is called by its cause, or by what was punished on the spot, a hazard by its description, a task by the
enterprise to be inspected. Invariant: a label is never personal data; names of persons are commitments and have no
place here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from schemas.events import Body
from schemas.events.case import CaseFiled, Party
from schemas.events.hazard import HazardFound
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.task import TaskAssigned

MAX_LABEL: Final = 80


@dataclass(frozen=True, slots=True)
class NamedParty:
    """A party of a case; `id` and `name` are empty for a natural person."""

    type: str
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """How a subject of `kind` is called from now on, and the party that the same act names."""

    kind: str
    text: str
    party: NamedParty | None = None


NAMING: Final[Mapping[str, str]] = {
    "case.filed.v1": "case",
    "hazard.found.v1": "hazard",
    "on_spot_penalty.decided.v1": "case",
    "task.assigned.v1": "task",
}
"""Types that name a subject, and the kind of that subject."""

CLOSING: Final[Mapping[str, str]] = {"case.closed.v1": "case", "hazard.closed.v1": "hazard"}
"""Types that close a subject, and its kind."""


def label(body: Body) -> Label | None:
    """The label that an act gives, None for an act that names nothing."""
    match body:
        case CaseFiled():
            return Label("case", _short(body.cause), _named(body.party))
        case OnSpotPenaltyDecided():
            return Label("case", _short(body.facts), _named(body.party))
        case HazardFound():
            return Label("hazard", _short(body.description))
        case TaskAssigned():
            return Label("task", _short(body.enterprise_id))
        case _:
            return None


def _named(party: Party) -> NamedParty:
    return NamedParty(
        party.type,
        party.id if party.id is not UNSET else "",
        party.name if party.name is not UNSET else "",
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_LABEL else line[: MAX_LABEL - 1] + "…"
