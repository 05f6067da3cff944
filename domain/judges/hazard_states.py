"""Where a hazard stands in its closed loop: the state machine of handbook 9.4 as a union of shapes.

Acts are folded in the order in which they took place; one that comes out of order is kept and judged elsewhere. Listed
supervision runs beside the loop. The invariant: `evolve` never fails for an act of the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final, Literal, TypeAlias, assert_never

from domain.matter import Fact
from schemas.events.case import CaseFiled
from schemas.events.compulsory import CompulsoryMeasureImposed
from schemas.events.execution import ClosureRequested
from schemas.events.hazard import HazardClosed, HazardFound
from schemas.events.major_hazard import MajorHazardDelisted, MajorHazardListed
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.power_cut import PowerCutOrdered
from schemas.events.rectification import RectificationOrdered, RectificationReported, ReinspectionConcluded

ESCALATION: Final = (CaseFiled, OnSpotPenaltyDecided, PowerCutOrdered, CompulsoryMeasureImposed, ClosureRequested)
"""What follows if nothing is corrected (step A17)."""


@dataclass(frozen=True, slots=True)
class Unfound:
    """No finding is known yet."""


@dataclass(frozen=True, slots=True)
class Found:
    """It was found, and nothing was ordered yet."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """Rectification was ordered; `again` after a re-inspection that was not passed."""

    again: bool = False


@dataclass(frozen=True, slots=True)
class Reported:
    """The enterprise reported on its rectification."""

    again: bool = False


@dataclass(frozen=True, slots=True)
class Reinspected:
    """Officers looked again; `outcome` is what they found."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Escalated:
    """It was not corrected, and a case or a compulsory step followed."""


@dataclass(frozen=True, slots=True)
class Closed:
    """It was closed."""


Loop: TypeAlias = Unfound | Found | Ordered | Reported | Reinspected | Escalated | Closed
Listing: TypeAlias = Literal["", "listed", "delisted"]


@dataclass(frozen=True, slots=True)
class HazardState:
    """Where it stands in the loop, and whether it is under listed supervision."""

    loop: Loop = Unfound()
    listing: Listing = ""


def state_of(hazard_id: bytes, facts: Iterable[Fact]) -> HazardState:
    """The state after these facts, which are in order. Facts that do not count change nothing."""

    def step(state: HazardState, fact: Fact) -> HazardState:
        return evolve(hazard_id, state, fact)

    return reduce(step, (fact for fact in facts if fact.counts), HazardState())


def evolve(hazard_id: bytes, state: HazardState, fact: Fact) -> HazardState:
    """The state after one more act."""
    match fact.body:
        case MajorHazardListed():
            return replace(state, listing="listed")
        case MajorHazardDelisted():
            return replace(state, listing="delisted")
        case _:
            return replace(state, loop=_loop(hazard_id, state.loop, fact))


def stage(state: HazardState) -> str:
    """The name of the shape, as tables and pages have it."""
    match state.loop:
        case Unfound():
            return "unfound"
        case Found():
            return "found"
        case Ordered(again=again):
            return "ordered_again" if again else "ordered"
        case Reported():
            return "reported"
        case Reinspected():
            return "reinspected"
        case Escalated():
            return "escalated"
        case Closed():
            return "closed"
        case _:
            assert_never(state.loop)


def _loop(hazard_id: bytes, loop: Loop, fact: Fact) -> Loop:
    body = fact.body
    match body:
        case HazardFound():
            return Found() if isinstance(loop, Unfound) else loop
        case RectificationOrdered() if hazard_id in body.hazard_ids:
            return _ordered(loop)
        case RectificationReported() if hazard_id in body.hazard_ids:
            return _reported(loop)
        case ReinspectionConcluded():
            outcome = next((result.outcome for result in body.results if result.hazard_id == hazard_id), None)
            return loop if outcome is None or isinstance(loop, Closed) else Reinspected(outcome)
        case HazardClosed():
            return Closed()
        case _ if isinstance(body, ESCALATION):
            failed = isinstance(loop, Reinspected) and loop.outcome != "corrected"
            return Escalated() if failed or _is_again(loop) else loop
        case _:
            return loop


def _ordered(loop: Loop) -> Loop:
    match loop:
        case Unfound() | Found() | Ordered(again=False) | Reported(again=False):
            return Ordered()
        case Ordered() | Reported() | Reinspected() | Escalated() | Closed():
            return Ordered(again=True)
        case _:
            assert_never(loop)


def _reported(loop: Loop) -> Loop:
    match loop:
        case Unfound() | Found() | Ordered() | Reported():
            return Reported(again=_is_again(loop))
        case Reinspected() | Escalated() | Closed():
            return loop
        case _:
            assert_never(loop)


def _is_again(loop: Loop) -> bool:
    return isinstance(loop, Ordered | Reported) and loop.again
