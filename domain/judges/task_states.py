"""How far an inspection has come: the state machine of a task (handbook 9.4) as a union of shapes.

Acts are folded in the order in which they took place; one that comes out of order, or twice, is kept and leaves the
state where it was, and the evaluators judge it. The invariant: `evolve` never fails for an act of the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Final, TypeAlias, assert_never

from msgspec import UNSET

from domain.matter import Fact
from schemas.events.case import CaseFiled
from schemas.events.hazard import HazardFound
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.on_site import CredentialsShown, SiteEntered
from schemas.events.on_site_measure import OnSiteMeasureOrdered
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.rectification import RectificationOrdered
from schemas.events.task import TaskAssigned, TaskCancelled, TaskConcluded
from schemas.events.transfer import TransferDelivered, TransferProposed


@dataclass(frozen=True, slots=True)
class Nothing:
    """No act of the inspection itself is known."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Officers were named."""


@dataclass(frozen=True, slots=True)
class NoEntry:
    """Officers came, and nobody could enter."""

    why: str


@dataclass(frozen=True, slots=True)
class Entered:
    """Officers are on the site."""

    problems: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """Certificates were shown and rights told."""

    problems: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """The record was signed or refused; it lists problems, and nothing was done about them yet."""


@dataclass(frozen=True, slots=True)
class NoProblem:
    """The record was signed or refused, and no problem was found."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """Measures or rectification were ordered."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A case was filed, or a penalty decided on the spot."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """The matter went to another authority."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """The inspection was concluded, with the outcome that its act names."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The task was cancelled."""


Task: TypeAlias = (
    Nothing
    | Assigned
    | NoEntry
    | Entered
    | Shown
    | Recorded
    | NoProblem
    | Ordered
    | Filed
    | Transferred
    | Concluded
    | Cancelled
)

_RANK: Final = {
    Nothing: 0,
    Assigned: 1,
    NoEntry: 2,
    Entered: 3,
    Shown: 4,
    Recorded: 5,
    NoProblem: 5,
    Ordered: 6,
    Filed: 7,
    Transferred: 8,
    Concluded: 9,
    Cancelled: 9,
}


def state_of(facts: Iterable[Fact]) -> Task:
    """The state after these facts, which are in order. Facts that do not count change nothing."""
    start: Task = Nothing()
    return reduce(evolve, (fact for fact in facts if fact.counts), start)


def evolve(state: Task, fact: Fact) -> Task:
    """The state after one more act."""
    match fact.body:
        case TaskAssigned():
            return _forward(state, Assigned())
        case SiteEntered(outcome=outcome) if outcome is UNSET or outcome == "entered":
            return _forward(state, Entered(_problems(state)))
        case SiteEntered(outcome=outcome):
            return _forward(state, NoEntry(str(outcome)))
        case CredentialsShown():
            return _forward(state, Shown(_problems(state)))
        case HazardFound():
            return _with_problems(state)
        case InspectionRecordSigned() as record:
            return _forward(state, Recorded() if record.problems or _problems(state) else NoProblem())
        case RectificationOrdered() | OnSiteMeasureOrdered():
            return _forward(state, Ordered())
        case CaseFiled() | OnSpotPenaltyDecided():
            return _forward(state, Filed())
        case TransferProposed() | TransferDelivered():
            return _forward(state, Transferred())
        case TaskConcluded() as conclusion:
            return _forward(state, Concluded(conclusion.outcome))
        case TaskCancelled():
            return _forward(state, Cancelled())
        case _:
            return state


def stage(state: Task) -> str:
    """The name of the shape, as tables and pages have it."""
    match state:
        case Nothing():
            return "unassigned"
        case Assigned():
            return "assigned"
        case NoEntry():
            return "no_entry"
        case Entered():
            return "entered"
        case Shown():
            return "credentials_shown"
        case Recorded():
            return "recorded"
        case NoProblem():
            return "no_problem"
        case Ordered():
            return "ordered"
        case Filed():
            return "case_filed"
        case Transferred():
            return "transferred"
        case Concluded():
            return "concluded"
        case Cancelled():
            return "cancelled"
        case _:
            assert_never(state)


def rank(state: Task) -> int:
    """How far a state is: papers that belong to an earlier rank are missing if they are not there."""
    return _RANK[type(state)]


def _forward(state: Task, reached: Task) -> Task:
    return reached if rank(reached) > rank(state) else state


def _problems(state: Task) -> bool:
    return isinstance(state, Entered | Shown) and state.problems


def _with_problems(state: Task) -> Task:
    match state:
        case Nothing() | Assigned() | NoEntry():
            return Entered(problems=True)
        case Entered():
            return Entered(problems=True)
        case Shown():
            return Shown(problems=True)
        case NoProblem():
            return Recorded()
        case Recorded() | Ordered() | Filed() | Transferred() | Concluded() | Cancelled():
            return state
        case _:
            assert_never(state)
