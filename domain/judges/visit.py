"""An inspection as its evaluators see it: who was sent where, what was done on the site, and in what time.

Read once from the facts of a task; nothing here judges. The invariant: every answer is a function of the set of facts,
and a fact that does not count (a claim, a branch, an unknown type) gives none.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from domain import document_numbers
from domain.judges.who import officers_of_all
from domain.matter import Fact, Matter
from domain.printed import Refused
from domain.rulebook import Rule
from domain.workdays import day_of
from schemas.events import Act, Body
from schemas.events.document import DocumentServed
from schemas.events.hazard import HazardFound
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.on_site import CredentialsShown, SiteEntered
from schemas.events.rectification import RectificationOrdered
from schemas.events.task import TaskApproved, TaskAssigned
from schemas.events.terminal import NoDeviceZoneDeclared, TerminalFaultReported

B = TypeVar("B", bound=Body)
T = TypeVar("T")


@dataclass(frozen=True)
class Visit:
    """The facts of one task, with the questions that several evaluators ask of them."""

    matter: Matter

    def of(self, cls: type[B]) -> list[tuple[Fact, B]]:
        """The facts of a type that count, in the order in which they took place. Asked often: sorted out once."""
        return self._by_type.get(cls, [])

    @cached_property
    def _by_type(self) -> dict[type[Body], list[tuple[Fact, Any]]]:
        found: dict[type[Body], list[tuple[Fact, Any]]] = {}
        for fact in self.acts:
            if fact.body is not None:
                found.setdefault(type(fact.body), []).append((fact, fact.body))
        return found

    def limit(self, key: str, instant: int) -> Rule:
        """The rule in force at an instant for the authority of the task. Raises NoRule."""
        return self.matter.rules.get(key, day_of(instant), self.matter.authority)

    def other(self, key: str, cls: type[B]) -> list[tuple[Fact, B]]:
        """Facts of a type that were filed under another key, and count."""
        return [
            (fact, fact.body) for fact in self.matter.others.get(key, ()) if fact.counts and isinstance(fact.body, cls)
        ]

    @cached_property
    def acts(self) -> list[Fact]:
        """Every fact that counts, in order."""
        return [fact for fact in self.matter.facts if fact.counts]

    @cached_property
    def assigned(self) -> tuple[Fact, TaskAssigned] | None:
        """The assignment of the task."""
        return self.matter.first(TaskAssigned)

    @cached_property
    def approvals(self) -> list[tuple[int, Fact]]:
        """Instants at which the scheme was approved, in order. A scheme without an approver is not approved."""
        found = [(body.approved_at, fact) for fact, body in self.of(TaskApproved)]
        for fact, body in self.of(TaskAssigned):
            scheme = given(body.scheme)
            if scheme is not None and not isinstance(scheme.approver, UnsetType):
                found.append((fact.occurred if isinstance(scheme.approved_at, UnsetType) else scheme.approved_at, fact))
        return sorted(found, key=lambda pair: (pair[0], pair[1].id))

    @cached_property
    def services(self) -> dict[str, list[tuple[Fact, DocumentServed]]]:
        """Services by the number of the document, with brackets and zeros made even (`number_key`)."""
        found: dict[str, list[tuple[Fact, DocumentServed]]] = {}
        for fact, body in self.of(DocumentServed):
            found.setdefault(number_key(body.document_no), []).append((fact, body))
        return found

    @cached_property
    def faults(self) -> list[tuple[Fact, TerminalFaultReported]]:
        """Reported faults of the terminals that the task was recorded with, and those reported for the task."""
        keys = [key for key in sorted(self.matter.others) if key.startswith("device:")]
        return [*self.of(TerminalFaultReported), *(p for key in keys for p in self.other(key, TerminalFaultReported))]

    @cached_property
    def zones(self) -> list[tuple[Fact, NoDeviceZoneDeclared]]:
        """Zones at the enterprise in which devices are banned."""
        own = self.of(NoDeviceZoneDeclared)
        return [*self.other(f"profile:{self.enterprise}", NoDeviceZoneDeclared), *own]

    @cached_property
    def attempts(self) -> list[tuple[Fact, SiteEntered]]:
        """Every arrival at the gate, whether the officers got in or not."""
        return self.of(SiteEntered)

    @cached_property
    def entries(self) -> list[tuple[Fact, SiteEntered]]:
        """Arrivals at which the officers entered."""
        return [(fact, body) for fact, body in self.attempts if body.outcome in (UNSET, "entered")]

    @cached_property
    def shown(self) -> list[tuple[Fact, CredentialsShown]]:
        """When certificates were shown and rights told."""
        return self.of(CredentialsShown)

    @cached_property
    def records(self) -> list[tuple[Fact, InspectionRecordSigned]]:
        """On-site inspection records, signed or refused."""
        return self.of(InspectionRecordSigned)

    @cached_property
    def hazards(self) -> list[tuple[Fact, HazardFound]]:
        """Hazards found, each once: a second finding of the same hazard adds nothing."""
        seen: dict[bytes, tuple[Fact, HazardFound]] = {}
        for fact, body in self.of(HazardFound):
            seen.setdefault(body.hazard_id, (fact, body))
        return list(seen.values())

    @cached_property
    def orders(self) -> list[tuple[Fact, RectificationOrdered]]:
        """Rectification orders."""
        return self.of(RectificationOrdered)

    @cached_property
    def enterprise(self) -> str | None:
        """The enterprise that the task names, else the one that acts on the site are tagged with."""
        if self.assigned is not None:
            return self.assigned[1].enterprise_id
        return next((name for fact in self.acts for name in tags(fact, "enterprise")), None)

    @cached_property
    def officers(self) -> tuple[str, ...]:
        """Everybody who was assigned or acted, sorted."""
        acted = [fact for fact in self.acts if fact.source == "field" and isinstance(fact.body, Act)]
        named = () if self.assigned is None else self.assigned[1].officers
        return tuple(sorted({*named, *officers_of_all(acted)}))

    @cached_property
    def window(self) -> tuple[int, int] | None:
        """From the first arrival to the last record (ms): when the officers say that they were on the site."""
        if not self.entries or not self.records:
            return None
        start, end = arrival(*self.entries[0]), max(stated(*pair) for pair in self.records)
        return (start, end) if start <= end else None


def given(value: T | UnsetType) -> T | None:
    """The value of an optional field, None if it was left out."""
    return None if isinstance(value, UnsetType) else value


def tags(fact: Fact, kind: str) -> tuple[str, ...]:
    """The values of the tags of one kind that a fact carries."""
    return tuple(tag[len(kind) + 1 :] for tag in fact.about if tag.startswith(f"{kind}:"))


def number_key(printed: str) -> str:
    """A document number by which two ways of printing it are the same; what cannot be read is taken as it stands."""
    try:
        return document_numbers.parse(printed).normal
    except Refused:
        return printed


def arrival(fact: Fact, body: SiteEntered) -> int:
    """When the officers arrived, as the entry says."""
    return fact.occurred if isinstance(body.arrival, UnsetType) else body.arrival


def stated(fact: Fact, body: InspectionRecordSigned) -> int:
    """When the inspection ended: the later of the time that the record states and its signature."""
    return fact.occurred if isinstance(body.time, UnsetType) else max(body.time, fact.occurred)


def date_of(fact: Fact, on: datetime.date | UnsetType) -> datetime.date:
    """The legal date of an act, else the day on which it took place."""
    return day_of(fact.occurred) if isinstance(on, UnsetType) else on
