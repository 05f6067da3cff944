"""A penalty case as its evaluators see it: who handled it when, what was intended, decided, served and paid.

Read once from the facts of the matter; nothing here judges. The invariant: every answer is a function of the set of
facts, and a fact that does not count (a claim, a branch, an unknown type) gives none.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from msgspec import UNSET, UnsetType

from domain.matter import Fact, Matter
from domain.rulebook import Rule
from domain.workdays import SHANGHAI, day_of, end_of
from schemas.events import Body
from schemas.events.case import CaseFiled, InvestigationConcluded, Party
from schemas.events.penalty import PenaltyDecided, PenaltyLine, PenaltyNoticeServed

B = TypeVar("B", bound=Body)

FINE: Final = "P03"
DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Case:
    """The facts of one case, with the questions that several evaluators ask of them."""

    matter: Matter

    def of(self, cls: type[B]) -> list[tuple[Fact, B]]:
        """The facts of a type that count, in the order in which they took place."""
        return self.matter.of(cls)

    def before(self, cls: type[B], instant: int) -> list[tuple[Fact, B]]:
        """Those that took place no later than an instant."""
        return [(fact, body) for fact, body in self.of(cls) if fact.occurred <= instant]

    def limit(self, key: str, on: datetime.date) -> Rule:
        """The rule in force on a day for the authority of the case. Raises NoRule."""
        return self.matter.rules.get(key, on, self.matter.authority)

    def party_limit(self, key: str, on: datetime.date) -> Rule:
        """The rule for this kind of party: `<key>.person` or `<key>.organisation`. Raises NoRule."""
        return self.limit(f"{key}.{self.party_type}", on)

    @cached_property
    def filing(self) -> tuple[Fact, CaseFiled] | None:
        """The first approval of filing that counts."""
        return self.matter.first(CaseFiled)

    @cached_property
    def party(self) -> Party | None:
        """The party as the filing names it."""
        return None if self.filing is None else self.filing[1].party

    @cached_property
    def party_type(self) -> str:
        """person or organisation; of an unfiled case nothing is known, and the organisation is the commoner."""
        return "organisation" if self.party is None else self.party.type

    @cached_property
    def violation_on(self) -> datetime.date | None:
        """The day of the violation: it decides which substantive rules apply (PPL 37)."""
        return None if self.filing is None else given(self.filing[1].violation_on)

    @cached_property
    def decisions(self) -> list[tuple[Fact, PenaltyDecided]]:
        """Penalty decisions by the date that they bear."""
        return sorted(self.of(PenaltyDecided), key=lambda pair: (pair[1].decided_on, pair[0].occurred, pair[0].id))

    @cached_property
    def decided_on(self) -> datetime.date | None:
        """The date of the first penalty decision."""
        return self.decisions[0][1].decided_on if self.decisions else None

    @cached_property
    def handlers_ever(self) -> frozenset[str]:
        """Everybody who handled the case at any time: none of them may review it or chair its hearing."""
        found = {officer for _, body in self.of(CaseFiled) for officer in body.handlers}
        found.update(officer for _, body in self.of(InvestigationConcluded) for officer in body.handlers)
        return frozenset(found)

    def handlers_at(self, instant: int) -> tuple[str, ...]:
        """Who handled the case at an instant (ms), sorted; before the filing those whom it named."""
        del instant
        return tuple(sorted(set(self.filing[1].handlers))) if self.filing else ()

    def notice_before(
        self, instant: int, day: datetime.date, kind: str = ""
    ) -> tuple[Fact, PenaltyNoticeServed] | None:
        """The last notice, of that kind if one is named, that was served by an instant and by a day."""
        found = [
            (fact, body)
            for fact, body in self.before(PenaltyNoticeServed, instant)
            if body.served_on <= day and kind in ("", body.kind)
        ]
        return max(found, key=lambda pair: (pair[1].served_on, pair[0].occurred, pair[0].id), default=None)


def given(value: Any | UnsetType) -> Any:
    """The value of an optional field, None where it is absent."""
    return None if value is UNSET else value


def start_of(day: datetime.date) -> int:
    """The first instant (ms) of a day in Asia/Shanghai."""
    return end_of(day) - DAY_MS


def moment(fact: Fact, day: datetime.date) -> int:
    """The instant of an act that bears a date: its own if it lies on that day, else the last of the day.

    A document that is dated earlier than it was made is judged by its date, with the whole of that day to its credit.
    """
    return fact.occurred if day_of(fact.occurred) == day else end_of(day) - 1


def fine_of(lines: Iterable[PenaltyLine]) -> int:
    """The sum of the fines among some penalties, fen."""
    return sum(int(line.amount_fen) for line in lines if line.kind == FINE and line.amount_fen is not UNSET)


def describe(instant: int) -> str:
    """An instant as pages and reasons show it: 2026-03-02 09:30."""
    return datetime.datetime.fromtimestamp(instant / 1000, SHANGHAI).strftime("%Y-%m-%d %H:%M")
