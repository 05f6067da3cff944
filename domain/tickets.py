"""Fiscal tickets (罚没票据): their numbers, the books in which they are given out, and where each was used (PPL 70).

A number is a front and digits of one width; books are ranges of such numbers, which the finance office's register gives
out, takes back or declares void. The invariant: numbers of another front or width are never counted together, and what
no register tells is unknown and no finding.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from msgspec import UNSET

from domain.matter import Fact
from domain.printed import Refused, close
from schemas.events.on_spot import CashDeposited, OnSpotPenaltyDecided
from schemas.events.outside_ledger import LedgerRowsReceived
from schemas.events.oversight import ExternalRecordReceived
from schemas.events.penalty import FinePaymentRecorded

State: TypeAlias = Literal["issued", "returned", "void"]
MOST_IN_BOOK: Final = 10_000
"""Tickets of one book at most: what is longer is a slip of the pen, or every ticket of a province."""
SHELF: Final = 500
"""Consecutive numbers that lie on one shelf."""

_NUMBER: Final = re.compile(r"(?P<front>.*?)(?P<digits>[0-9]{1,18})", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Ticket:
    """One number: what stands before the digits, how many digits there are, and the number itself."""

    front: str
    width: int
    n: int

    @property
    def run(self) -> tuple[str, int]:
        """What two numbers have in common that are counted together."""
        return self.front, self.width

    def __str__(self) -> str:
        """As it is printed, without spaces."""
        return f"{self.front}{self.n:0{self.width}}"


@dataclass(frozen=True, slots=True)
class TicketBook:
    """A range of tickets in one state, from `first` to `last`, both inclusive. `on`: the day that the register states.

    `officer` or `unit` is who has it, "" where the register does not say so.
    """

    first: Ticket
    last: Ticket
    state: State
    on: datetime.date
    received: int
    source: bytes
    key: str
    n: int
    officer: str = ""
    unit: str = ""

    @property
    def size(self) -> int:
        """How many tickets it has."""
        return self.last.n - self.first.n + 1

    def holds(self, one: Ticket) -> bool:
        """Whether a ticket is of this range."""
        return one.run == self.first.run and self.first.n <= one.n <= self.last.n


@dataclass(frozen=True, slots=True)
class Used:
    """A ticket that an act or a receipt names: on which day, and what says so."""

    ticket: Ticket
    on: datetime.date
    received: int
    source: bytes


@dataclass(frozen=True, slots=True)
class Missing:
    """Numbers from `first` to `last` that nobody accounts for; `behind`: the later one that came in first."""

    first: int
    last: int
    behind: Used


def parse(printed: object) -> Ticket | None:
    """The parts of a printed number, None where it does not end in digits."""
    if not isinstance(printed, str):
        return None
    try:
        text = close(printed).upper().replace("-", "")
    except Refused:
        return None
    found = _NUMBER.fullmatch(text)
    return None if found is None else Ticket(found["front"], len(found["digits"]), int(found["digits"]))


def span(first: str, last: str) -> tuple[Ticket, Ticket] | None:
    """The ends of a range, None where the two are not of one run, stand the wrong way round or are too far apart."""
    one, other = parse(first), parse(last)
    if one is None or other is None or one.run != other.run or not 0 <= other.n - one.n < MOST_IN_BOOK:
        return None
    return one, other


def books_of(facts: Iterable[Fact]) -> Iterator[TicketBook]:
    """The ranges that registers of tickets tell of."""
    for fact in facts:
        body = fact.body
        if not fact.counts or not isinstance(body, LedgerRowsReceived) or body.kind != "tickets":
            continue
        for row in body.rows:
            if row.reference is UNSET or row.until is UNSET:
                continue
            ends = span(row.reference, row.until)
            if ends is not None:
                yield TicketBook(
                    *ends, "issued" if row.state is UNSET else row.state, row.on, fact.received, fact.id, row.key,
                    row.n, "" if row.officer is UNSET else row.officer, "" if row.agency is UNSET else row.agency,
                )  # fmt: skip


def used_in(facts: Iterable[Fact]) -> Iterator[Used]:
    """The tickets that acts and receipts name."""
    for fact in facts:
        if fact.counts:
            for printed, on in _named(fact):
                ticket = parse(printed)
                if ticket is not None:
                    yield Used(ticket, on, fact.received, fact.id)


def missing(book: TicketBook, used: Iterable[Used], others: Iterable[TicketBook]) -> list[Missing]:
    """Runs of tickets of a book that nothing accounts for although a later one was used or is void.

    `others` are ranges that were given back or declared void. The rest behind the last one that was used is none.
    """
    there: set[int] = set()
    came: dict[int, Used] = {}
    for one in used:
        if book.holds(one.ticket):
            known = came.setdefault(one.ticket.n, one)
            if (one.received, one.source) < (known.received, known.source):
                came[one.ticket.n] = one
    there.update(came)
    for other in others:
        if other.state == "issued" or other.first.run != book.first.run or other.on < book.on:
            continue
        last = min(other.last.n, book.last.n)
        there.update(range(max(other.first.n, book.first.n), last + 1))
        if other.state == "void" and other.first.n <= last:
            came.setdefault(last, Used(Ticket(*book.first.run, last), other.on, other.received, other.source))
    found: list[Missing] = []
    behind: Used | None = None
    for n in range(max(came, default=0), book.first.n - 1, -1):
        here = came.get(n)
        if here is not None and (behind is None or (here.received, here.source) < (behind.received, behind.source)):
            behind = here
        if n in there or behind is None:
            continue
        if found and found[-1].first == n + 1:
            found[-1] = replace(found[-1], first=n)
        else:
            found.append(Missing(n, n, behind))
    return found[::-1]


def shelves(fact: Fact) -> Iterator[str]:
    """Where a fact lies for whoever asks which tickets of a range were used, or which books an authority has."""
    body = fact.body
    for one in used_in((fact,)):
        yield _shelf(fact.authority, one.ticket.run, one.ticket.n)
    if isinstance(body, LedgerRowsReceived) and body.kind == "tickets":
        yield f"tickets:{fact.authority}"
        for book in books_of((fact,)):
            if book.state != "issued":
                yield from shelves_of(fact.authority, book)


def shelves_of(authority: str, book: TicketBook) -> Iterator[str]:
    """The shelves on which tickets of a range lie."""
    for place in range(book.first.n // SHELF, book.last.n // SHELF + 1):
        yield _shelf(authority, book.first.run, place * SHELF)


def _shelf(authority: str, run: tuple[str, int], n: int) -> str:
    return f"tickets:{authority}/{run[0]}/{run[1]}/{n // SHELF}"


def _named(fact: Fact) -> Iterator[tuple[object, datetime.date]]:
    body = fact.body
    match body:
        case OnSpotPenaltyDecided() if body.cash is not UNSET:
            yield body.cash.ticket_no, body.decided_on
        case FinePaymentRecorded():
            yield body.ticket_no, body.paid_on
        case CashDeposited():
            yield body.ticket_no, body.deposited_on
        case ExternalRecordReceived() if body.source in ("finance", "bank"):
            yield body.ticket_no, body.on
        case LedgerRowsReceived() if body.kind == "receipts":
            for row in body.rows:
                yield row.reference, row.on
        case _:
            return
