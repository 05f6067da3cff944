"""A hazard as its evaluators see it: who found it, what was ordered until when, who looked again, how it ended.

Read once from the facts of the hazard; nothing here judges. The invariant: every answer is a function of the set of
facts, and a fact that does not count (a claim, a branch, an unknown type) gives none.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from msgspec import UNSET, UnsetType

from domain.filing import text_of
from domain.judges import file_facts
from domain.judges.visit import given, tags
from domain.matter import Fact, Matter
from domain.rulebook import Rule
from domain.workdays import day_of
from schemas.events import Body
from schemas.events.case import CaseFiled
from schemas.events.custody import BlobExamined
from schemas.events.decision import NoPenaltyDecided
from schemas.events.evidence import EvidenceCaptured
from schemas.events.filing import CaseNotFiled
from schemas.events.hazard import HazardClosed, HazardFound
from schemas.events.major_hazard import MajorHazardDelisted, MajorHazardListed
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.rectification import (
    RectificationExtensionDecided,
    RectificationOrdered,
    RectificationReported,
    ReinspectionConcluded,
)

B = TypeVar("B", bound=Body)

ANSWERS: Final = (CaseFiled, CaseNotFiled, NoPenaltyDecided, OnSpotPenaltyDecided)
"""Acts that answer a violation which must be penalised: a case, or a written decision that there is none."""


@dataclass(frozen=True, slots=True)
class Look:
    """One re-inspection of this hazard, and what it found."""

    fact: Fact
    body: ReinspectionConcluded
    outcome: str


@dataclass(frozen=True, slots=True)
class Term:
    """The last day for rectification, with the act that set it."""

    day: datetime.date
    fact: Fact


@dataclass(frozen=True)
class Hazard:
    """The facts of one hazard, with the questions that several evaluators ask of them."""

    matter: Matter
    id: bytes

    def of(self, cls: type[B]) -> list[tuple[Fact, B]]:
        """The facts of a type that count, in the order in which they took place. Asked often: sorted out once."""
        return self._by_type.get(cls, [])

    @cached_property
    def _by_type(self) -> dict[type[Body], list[tuple[Fact, Any]]]:
        found: dict[type[Body], list[tuple[Fact, Any]]] = {}
        for fact in self.matter.facts:
            if fact.counts and fact.body is not None:
                found.setdefault(type(fact.body), []).append((fact, fact.body))
        return found

    def limit(self, key: str, instant: int) -> Rule:
        """The rule in force at an instant for the authority of the hazard. Raises NoRule."""
        return self.matter.rules.get(key, day_of(instant), self.matter.authority)

    @cached_property
    def found(self) -> tuple[Fact, HazardFound] | None:
        """The first finding that counts."""
        return next(((fact, body) for fact, body in self.of(HazardFound) if body.hazard_id == self.id), None)

    @cached_property
    def major(self) -> bool:
        """Whether any finding calls it major."""
        return any(body.grade == "major" for _, body in self.of(HazardFound))

    @cached_property
    def enterprise(self) -> str | None:
        """The enterprise that an act about it names or is tagged with."""
        for fact in self.matter.facts:
            if fact.counts:
                named: object = getattr(fact.body, "enterprise_id", UNSET)
                if isinstance(named, str):
                    return named
                for name in tags(fact, "enterprise"):
                    return name
        return None

    @cached_property
    def orders(self) -> list[tuple[Fact, RectificationOrdered]]:
        """Orders that list it."""
        return [(fact, body) for fact, body in self.of(RectificationOrdered) if self.id in body.hazard_ids]

    @cached_property
    def reports(self) -> list[tuple[Fact, RectificationReported]]:
        """Reports of the enterprise that cover it."""
        return [(fact, body) for fact, body in self.of(RectificationReported) if self.id in body.hazard_ids]

    @cached_property
    def looks(self) -> list[Look]:
        """Re-inspections that looked at it."""
        return [
            Look(fact, body, result.outcome)
            for fact, body in self.of(ReinspectionConcluded)
            for result in body.results
            if result.hazard_id == self.id
        ]

    @cached_property
    def closings(self) -> list[tuple[Fact, HazardClosed]]:
        """Closures; more than one is odd, and kept."""
        return [(fact, body) for fact, body in self.of(HazardClosed) if body.hazard_id == self.id]

    @cached_property
    def listings(self) -> list[tuple[Fact, MajorHazardListed]]:
        """When it was put under listed supervision."""
        return self.of(MajorHazardListed)

    @cached_property
    def delistings(self) -> list[tuple[Fact, MajorHazardDelisted]]:
        """When it was taken off."""
        return self.of(MajorHazardDelisted)

    @cached_property
    def answers(self) -> list[Fact]:
        """Cases and written decisions about it, the earliest first."""
        return [fact for fact in self.matter.facts if fact.counts and isinstance(fact.body, ANSWERS)]

    @cached_property
    def case_ids(self) -> tuple[bytes, ...]:
        """Cases that were filed on it."""
        return tuple(sorted({body.case_id for _, body in self.of(CaseFiled)}))

    def terms(self, order: Fact, body: RectificationOrdered) -> list[Term]:
        """The last days for rectification under one order: its own, then each extension that was granted."""
        found = [Term(body.deadline, order)]
        later = bisect_right(self.orders, order.occurred, key=_pair_at)
        end = self.orders[later][0].occurred if later < len(self.orders) else None
        for fact, day in self._extensions[bisect_left(self._extensions, order.occurred, key=_pair_at) :]:
            if end is not None and fact.occurred >= end:
                break
            found.append(Term(day, fact))
        return found

    def last_order(self, instant: int | None) -> Fact | None:
        """The newest order up to an instant (None: of all)."""
        number = len(self.orders) if instant is None else bisect_right(self.orders, instant, key=_pair_at)
        return self.orders[number - 1][0] if number else None

    def last_look(self, instant: int | None) -> Look | None:
        """The newest re-inspection up to an instant (None: of all)."""
        number = len(self.looks) if instant is None else bisect_right(self.looks, instant, key=_look_at)
        return self.looks[number - 1] if number else None

    def last_passed(self, instant: int) -> Look | None:
        """The newest re-inspection up to an instant that found it corrected."""
        number = bisect_right(self._passed, instant, key=_look_at)
        return self._passed[number - 1] if number else None

    def next_look(self, instant: int) -> Look | None:
        """The first re-inspection from an instant on."""
        number = bisect_left(self.looks, instant, key=_look_at)
        return self.looks[number] if number < len(self.looks) else None

    @cached_property
    def passed_ids(self) -> frozenset[bytes]:
        """Ids of the re-inspections that found it corrected."""
        return frozenset(look.fact.id for look in self._passed)

    @cached_property
    def _passed(self) -> list[Look]:
        return [look for look in self.looks if look.outcome == "corrected"]

    @cached_property
    def term(self) -> Term | None:
        """The last day that holds now: of the newest order, with its extensions."""
        return self.terms(*self.orders[-1])[-1] if self.orders else None

    @cached_property
    def before_ids(self) -> frozenset[bytes]:
        """Evidence that is said to show it before rectification."""
        return frozenset().union(*(before for before, _ in self._cited))

    @cached_property
    def after_ids(self) -> frozenset[bytes]:
        """Evidence that is said to show it after; a photo that a re-inspection only repeats from before is none."""
        found: set[bytes] = set()
        for fact in self.matter.facts:
            if fact.counts and fact.body is not None:
                _, after = cited(fact.body, self.id)
                found |= after - self.before_ids if _undivided(fact.body, self.id) else after
        return frozenset(found)

    @property
    def _cited(self) -> Iterable[tuple[frozenset[bytes], frozenset[bytes]]]:
        return [cited(fact.body, self.id) for fact in self.matter.facts if fact.counts and fact.body is not None]

    @cached_property
    def all_photos(self) -> list[tuple[Fact, EvidenceCaptured]]:
        """Evidence of either state, and what is tagged with the hazard, by when it was made."""
        own = {evidence_id(fact, body) for fact, body in self.of(EvidenceCaptured)}
        return self.photos(self.before_ids | self.after_ids | own)

    def photos(self, cited: Iterable[bytes]) -> list[tuple[Fact, EvidenceCaptured]]:
        """Evidence with these ids, as far as it was uploaded."""
        wanted = set(cited)
        shelves = [self.matter.facts, *(self.matter.others.get(f"evidence:{text_of(i)}", ()) for i in sorted(wanted))]
        seen: dict[bytes, tuple[Fact, EvidenceCaptured]] = {}
        for fact in (f for shelf in shelves for f in shelf if f.counts):
            if isinstance(fact.body, EvidenceCaptured) and evidence_id(fact, fact.body) in wanted:
                seen.setdefault(fact.id, (fact, fact.body))
        return sorted(seen.values(), key=lambda pair: (pair[0].captured or pair[0].occurred, pair[0].id))

    @cached_property
    def examined(self) -> dict[bytes, BlobExamined]:
        """What the server read in pictures that the hazard cites, by the ids of the events that cite them."""
        shelves = [facts for key, facts in sorted(self.matter.others.items()) if key.startswith("evidence:")]
        return file_facts.examined([*self.matter.facts, *(fact for facts in shelves for fact in facts)])

    @cached_property
    def _extensions(self) -> list[tuple[Fact, datetime.date]]:
        found = [
            (fact, body.deadline)
            for fact, body in self.of(RectificationExtensionDecided)
            if self.id in body.hazard_ids and body.granted and body.deadline is not UNSET
        ]
        for fact, report in self.reports:
            decision = given(report.extension_decision)
            if decision is not None and decision.granted and decision.deadline is not UNSET:
                found.append((fact, decision.deadline))
        return sorted(found, key=lambda pair: (pair[0].occurred, pair[0].received, pair[0].id))


def cited(body: Body, hazard_id: bytes | None = None) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Ids of the evidence that an act names for the state before rectification, and for the state after it.

    `hazard_id`: of a re-inspection, only what it names for that hazard. Its `evidence_ids` are photos of both states;
    what a result does not name as the one counts as the other.
    """
    match body:
        case HazardFound():
            return frozenset(body.evidence_ids), frozenset()
        case RectificationReported():
            return frozenset(), frozenset(body.evidence_ids)
        case HazardClosed():
            return frozenset(body.before_ids), frozenset(body.after_ids)
        case ReinspectionConcluded():
            results = [one for one in body.results if hazard_id is None or one.hazard_id == hazard_id]
            before = frozenset(i for one in results for i in one.before_ids)
            after = frozenset(i for one in results for i in one.after_ids)
            return before, after if before or after else frozenset(body.evidence_ids)
        case _:
            return frozenset(), frozenset()


def _pair_at(pair: tuple[Fact, Any]) -> int:
    return pair[0].occurred


def _look_at(look: Look) -> int:
    return look.fact.occurred


def evidence_id(fact: Fact, body: EvidenceCaptured) -> bytes:
    """The id of a piece of evidence: its own, else that of the event."""
    return fact.id if isinstance(body.evidence_id, UnsetType) else body.evidence_id


def _undivided(body: Body, hazard_id: bytes) -> bool:
    """Whether a re-inspection cites photos without saying which state they show."""
    if not isinstance(body, ReinspectionConcluded):
        return False
    return not any(one.before_ids or one.after_ids for one in body.results if one.hazard_id == hazard_id)
