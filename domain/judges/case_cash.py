"""Cash of a penalty case: whether it reached the agency and the bank in its days, and where its tickets come from.

Cash is what a form of the simple procedure says was taken, or what was paid in cash towards a decision (SIG-04; PPL 68,
70, 71). The invariant: a receipt is held against books of tickets that a register tells of; where it tells of none by
then, nothing is said.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from msgspec import UNSET

from domain import tickets
from domain.judges.case_facts import Case, given, same_number
from domain.judges.case_findings import Alarm, once_alarm, part, yuan
from domain.judges.case_periods import ends_after
from domain.matter import Fact, Signal
from domain.rulebook import NoRule
from domain.workdays import day_of, end_of, sane
from schemas.events.on_spot import CashDeposited, OnSpotPenaltyDecided
from schemas.events.penalty import FinePaymentRecorded

Step = Literal["agency", "bank"]
STEPS: Final[tuple[tuple[Step, str, str, str], ...]] = (
    ("agency", "cash.deposit_days", "行政机关", "the agency"),
    ("bank", "cash.bank_days", "指定银行", "the bank"),
)
"""Where cash has to go, by which rule, and how it is called: (step, rule, zh, en)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Cash that was taken on a day. `upto`: fen that were taken for the same decision by then, this included."""

    fact: Fact
    on: datetime.date
    number: str
    fen: int
    upto: int
    ticket: str


def taken(case: Case) -> list[Taken]:
    """All cash of a case by day. A payment in cash towards a form that tells of its cash is that same cash."""
    found: list[tuple[datetime.date, Fact, str, int, str]] = []
    forms: list[str] = []
    for fact, spot in case.of(OnSpotPenaltyDecided):
        if spot.cash is not UNSET:
            forms.append(spot.document_no)
            ticket = str(given(spot.cash.ticket_no) or "")
            found.append((spot.decided_on, fact, spot.document_no, int(spot.cash.received_fen), ticket))
    for fact, paid in case.of(FinePaymentRecorded):
        if paid.channel == "cash" and not any(same_number(paid.document_no, one) for one in forms):
            ticket = str(given(paid.ticket_no) or "")
            found.append((paid.paid_on, fact, paid.document_no, int(paid.amount_fen), ticket))
    made: list[Taken] = []
    for on, fact, number, fen, ticket in sorted(found, key=lambda one: (one[0], one[1].occurred, one[1].id)):
        before = sum(one.fen for one in made if same_number(one.number, number))
        made.append(Taken(fact, on, number, fen, before + fen, ticket))
    return made


def arrived(case: Case, one: Taken, step: Step) -> tuple[list[Fact], datetime.date | None]:
    """The deposits of a step towards the same decision, and the day on which all of this cash was there, if it was.

    Cash that is at the bank has left the officer's hands, so it counts as handed to the agency as well.
    """
    steps = ("agency", "bank") if step == "agency" else ("bank",)
    deposits = sorted(
        (
            (body.deposited_on, fact, body)
            for fact, body in case.of(CashDeposited)
            if body.step in steps and same_number(body.document_no, one.number)
        ),
        key=lambda each: (each[0], each[1].occurred, each[1].id),
    )
    there = dict.fromkeys(steps, 0)
    for on, _, body in deposits:
        there[body.step] += int(body.amount_fen)
        if there[body.step] >= one.upto:
            return [fact for _, fact, each in deposits if each.deposited_on <= on], on
    return [fact for _, fact, _ in deposits], None


def signals(case: Case) -> Iterator[Signal]:
    """Those of this module."""
    yield from once_alarm(case, "SIG-04", "serious", sig_04_cash)


def sig_04_cash(case: Case) -> Iterator[Alarm]:
    """SIG-04: cash that is not at the agency and then at the bank in time; its ticket is of no book given out by then.

    Open from the end of the period, or from when registers and terminals had time to tell of it.
    """
    books: Sequence[tickets.TicketBook] | None = None
    for one in taken(case):
        with suppress(NoRule):
            yield from _late(case, one)
        if one.ticket:
            books = list(tickets.books_of(_registers(case))) if books is None else books
            yield from _stray(case, one, books)


def _late(case: Case, one: Taken) -> Iterator[Alarm]:
    since: datetime.date | None = one.on
    for step, key, zh, en in STEPS:
        if since is None:
            return
        ends, rule = ends_after(case, key, since)
        last = day_of(ends - 1)
        deposits, day = arrived(case, one, step)
        if day is None or day > last:
            yield Alarm(
                f"{one.on} 收取的现金 {yuan(one.fen)} 元应当在 {last} 以前交至{zh}"
                + ("，尚未见足额上缴。" if day is None else f"，{day} 才足额上缴。"),
                f"Cash of {yuan(one.fen)} yuan taken on {one.on} had to reach {en} by {last}"
                + (" and is not recorded there in full." if day is None else f" and was there in full on {day}."),
                (one.fact, *deposits),
                70,
                opens=ends,
                absent=day is None,
                rule=rule,
                about=part(one.fact, f"cash_{step}"),
            )
        since = day


def _stray(case: Case, one: Taken, books: Sequence[tickets.TicketBook]) -> Iterator[Alarm]:
    """A ticket of no book that the authority had on that day. Without a book given out by then nothing is known."""
    ticket = tickets.parse(one.ticket)
    issued = [book for book in books if book.state == "issued"]
    wait = case.find("outside.wait_days", one.on)
    if ticket is None or wait is None or not any(book.on <= one.on for book in issued):
        return
    holding = [book for book in issued if book.holds(ticket)]
    if any(book.on <= one.on for book in holding):
        return
    zh, en = "不在当日以前领用的任何票据号段内", "is of no book of tickets that was given out by then"
    if holding:
        first = min(book.on for book in holding)
        zh, en = f"所在号段 {first} 才领用", f"is of a book that was given out only on {first}"
    yield Alarm(
        f"{one.on} 收取现金的票据 {one.ticket} {zh}。",
        f"Ticket {one.ticket} for cash taken on {one.on} {en}.",
        (one.fact,),
        80,
        opens=end_of(sane(one.on) + wait.value * datetime.timedelta(days=1)),
        absent=True,
        rule=wait,
        about=part(one.fact, "ticket"),
    )


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """The register of ticket books, where cash was taken on a ticket."""
    return frozenset(f"tickets:{fact.authority}" for fact in facts if fact.counts and _cash_ticket(fact))


def _cash_ticket(fact: Fact) -> bool:
    match fact.body:
        case OnSpotPenaltyDecided() as body:
            return body.cash is not UNSET and body.cash.ticket_no is not UNSET
        case FinePaymentRecorded() as body:
            return body.channel == "cash" and body.ticket_no is not UNSET
        case _:
            return False


def _registers(case: Case) -> list[Fact]:
    others = case.matter.others
    return [fact for key in sorted(others) if key.startswith("tickets:") for fact in others[key]]
