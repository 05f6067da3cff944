"""A penalty case as its evaluators see it: who handled it when, what was intended, decided, served and paid.

Read once from the facts of the matter; nothing here judges. The invariant: every answer is a function of the set of
facts, and a fact that does not count (a claim, a branch, an unknown type) gives none.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from msgspec import UNSET, UnsetType

from domain import document_numbers
from domain.matter import Fact, Matter
from domain.printed import Refused
from domain.rulebook import Rule
from domain.workdays import day_of, end_of, local
from schemas.events import BUILT_IN, Body
from schemas.events.case import CaseFiled, InvestigationConcluded, Party
from schemas.events.filing import CaseHandlersChanged
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.penalty import PenaltyDecided, PenaltyLine, PenaltyNoticeServed
from schemas.events.recusal import RecusalDecided

A = TypeVar("A")
B = TypeVar("B", bound=Body)

FINE: Final = "P03"
CONFISCATION: Final = ("P04", "P05")
DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Case:
    """The facts of one case, with the questions that several evaluators ask of them."""

    matter: Matter

    def of(self, cls: type[B]) -> list[tuple[Fact, B]]:
        """The facts of a type that count, in the order in which they took place. Asked often: sorted out once."""
        found = self._by_type.get(cls)
        return self.matter.of(cls) if found is None else found

    @cached_property
    def _by_type(self) -> dict[type[Body], list[tuple[Fact, Any]]]:
        """Facts that count by the exact class of their body; every class of the registry has its list."""
        found: dict[type[Body], list[tuple[Fact, Any]]] = {cls: [] for cls in BUILT_IN}
        for fact in self.matter.facts:
            body = fact.body
            if fact.counts and body is not None and type(body) in found:
                found[type(body)].append((fact, body))
        return found

    def before(self, cls: type[B], instant: int) -> list[tuple[Fact, B]]:
        """Those that took place no later than an instant."""
        return [(fact, body) for fact, body in self.of(cls) if fact.occurred <= instant]

    def joined(self, cls: type[B], field: str, value: bytes) -> list[tuple[Fact, B]]:
        """Acts of a type that bear the id of one side procedure, in order."""
        return [(fact, body) for fact, body in self.of(cls) if getattr(body, field) == value]

    def limit(self, key: str, on: datetime.date) -> Rule:
        """The rule in force on a day for the authority of the case. Raises NoRule."""
        return self.matter.rules.get(key, on, self.matter.authority)

    def find(self, key: str, on: datetime.date) -> Rule | None:
        """As `limit`, None where nothing is in force: for entries that an authority may do without."""
        return self.matter.rules.find(key, on, self.matter.authority)

    def party_limit(self, key: str, on: datetime.date) -> Rule:
        """The rule for this kind of party: `<key>.person` or `<key>.organisation`. Raises NoRule."""
        return self.limit(f"{key}.{self.party_type}", on)

    def once(self, answer: Callable[[Case], A]) -> A:
        """What a question to the case is answered; asked again, the same answer."""
        if answer not in self._answers:
            self._answers[answer] = answer(self)
        found: A = self._answers[answer]
        return found

    @cached_property
    def _answers(self) -> dict[Callable[[Case], Any], Any]:
        return {}

    @cached_property
    def filing(self) -> tuple[Fact, CaseFiled] | None:
        """The first approval of filing that counts."""
        return self.matter.first(CaseFiled)

    @cached_property
    def party(self) -> Party | None:
        """The party as the filing names it, or the penalty on the spot."""
        if self.filing is not None:
            return self.filing[1].party
        spot = self.matter.first(OnSpotPenaltyDecided)
        return None if spot is None else spot[1].party

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
    def _handler_changes(self) -> tuple[tuple[int, frozenset[str], frozenset[str]], ...]:
        """(from when, who handles it, who left) for each act that names or removes handlers, in order of time."""
        found: list[tuple[int, frozenset[str], frozenset[str]]] = []
        now: frozenset[str] = frozenset()
        for fact in self.matter.facts:
            if not fact.counts:
                continue
            match fact.body:
                case CaseFiled() as body if fact is (self.filing or (None,))[0]:
                    out = frozenset(one.officer for one in body.recusals if one.granted)
                    now, left = frozenset(body.handlers) - out, out
                case CaseHandlersChanged() as body:
                    left = now - frozenset(body.handlers) | frozenset(body.removed)
                    now = frozenset(body.handlers)
                case RecusalDecided() as body if body.granted:
                    left = frozenset({body.officer})
                    new = () if body.replaced_by is UNSET or not now else (body.replaced_by,)
                    now = now - left | frozenset(new)
                case OnSpotPenaltyDecided() as body if not now:
                    now, left = frozenset(body.officers), frozenset()
                case _:
                    continue
            found.append((fact.occurred, now, left))
        return tuple(found)

    @cached_property
    def handlers_ever(self) -> frozenset[str]:
        """Everybody who handled the case at any time: none of them may review it or chair its hearing."""
        found = {officer for _, body in self.of(CaseFiled) for officer in body.handlers}
        found.update(officer for _, body in self.of(InvestigationConcluded) for officer in body.handlers)
        return frozenset(found).union(*(now for _, now, _ in self._handler_changes))

    @cached_property
    def handlers(self) -> tuple[str, ...]:
        """Who handles the case after everything that was recorded, sorted."""
        return tuple(sorted(self._handler_changes[-1][1])) if self._handler_changes else ()

    def handlers_at(self, instant: int) -> tuple[str, ...]:
        """Who handled the case at an instant (ms), sorted; before the filing those whom it named."""
        if not self._handler_changes:
            return ()
        found = self._handler_changes[0][1]
        for since, now, _ in self._handler_changes:
            if since <= instant:
                found = now
        return tuple(sorted(found))

    def notice_before(
        self, instant: int, day: datetime.date, kind: str = ""
    ) -> tuple[Fact, PenaltyNoticeServed] | None:
        """The last notice, of that kind if one is named, that was served by an instant and by a day.

        A notice of the penalty that tells the hearing right as well is of both kinds.
        """
        found = [
            (fact, body)
            for fact, body in self.before(PenaltyNoticeServed, instant)
            if body.served_on <= day
            and (kind in ("", body.kind) or (kind == "hearing" and body.hearing_right_told is True))
        ]
        return max(found, key=lambda pair: (pair[1].served_on, pair[0].occurred, pair[0].id), default=None)

    def called(self, word: str, instant: int) -> Fact | None:
        """The act that calls the case `complex` or `serious` by an instant: filing or conclusion, None if none does."""
        for cls in (CaseFiled, InvestigationConcluded):
            for fact, body in self.before(cls, instant):
                if getattr(body, word) is True:
                    return fact
        return None


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


def confiscated(lines: Iterable[PenaltyLine]) -> int:
    """The sum of what is confiscated among some penalties, fen."""
    return sum(int(line.amount_fen) for line in lines if line.kind in CONFISCATION and line.amount_fen is not UNSET)


def same_number(one: str, other: str) -> bool:
    """Whether two printed document numbers are the same: as text, or with brackets and zeros made even."""
    if one == other:
        return True
    try:
        return document_numbers.parse(one).parts == document_numbers.parse(other).parts
    except Refused:
        return False


def number_of(fact: Fact) -> str:
    """The printed number that an act bears itself, "" if it bears none."""
    value = getattr(fact.body, "document_no", UNSET)
    return value if isinstance(value, str) else ""


def last_of(ends: int) -> datetime.date:
    """The last day of a period in days whose end is an instant (ms): documents name the day, not midnight after it."""
    return day_of(ends - 1)


def describe(instant: int) -> str:
    """An instant as pages and reasons show it: 2026-03-02 09:30."""
    return local(instant).strftime("%Y-%m-%d %H:%M")
