"""Rows of others' books held against what is recorded: exact keys first, then what a person may confirm.

Pure and in one pass: an index of what is recorded, a look-up for each row, and only for rows without an exact key a
search among acts of about that day. The invariant: nothing but an exact key or a person makes two things one; what is
merely alike is proposed with its points, and what a person refused is never proposed again.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from domain.printed import Refused, close
from schemas.events.outside_ledger import LedgerKind

Number: TypeAlias = tuple[str, str, str, int, str, int]
"""Parts of a document number (`domain.document_numbers`)."""
What: TypeAlias = Literal["decision", "payment", "cash", "entry", "record", "remedy", "document", "tip"]
State: TypeAlias = Literal["matched", "confirmed", "candidate", "unmatched", "no_act"]
"""`no_act`: the row speaks of no act of enforcement, so there is nothing to hold it against."""
Class: TypeAlias = Literal[
    "", "paid_without_case", "number_without_event", "number_gap", "entry_without_record", "decision_not_disclosed",
    "disclosed_without_decision", "visit_unknown", "remedy_unknown", "ticket_gap",
]  # fmt: skip

CLASSES: Final[Mapping[Class, tuple[str, str]]] = {
    "paid_without_case": ("有缴款无案件", "Paid without a case"),
    "number_without_event": ("有文号无记录", "Number without an event"),
    "number_gap": ("文号断号", "Gap in the numbers"),
    "entry_without_record": ("有入企无检查记录", "Entry without a record"),
    "decision_not_disclosed": ("有决定未公示", "Decision never disclosed"),
    "disclosed_without_decision": ("有公示无决定", "Disclosed without a decision"),
    "visit_unknown": ("来访无人知晓", "Visit by nobody known"),
    "remedy_unknown": ("复议诉讼未登记", "Remedy not recorded"),
    "ticket_gap": ("票据断号", "Gap in the tickets"),
}
"""What a row that does not fit is called, (zh, en)."""
BY_KIND: Final[Mapping[LedgerKind, Class]] = {
    "receipts": "paid_without_case",
    "documents": "number_without_event",
    "complaints": "visit_unknown",
    "court": "number_without_event",
    "reconsideration": "number_without_event",
    "visit_log": "visit_unknown",
    "credit": "disclosed_without_decision",
    "cameras": "visit_unknown",
    "tickets": "ticket_gap",
}
MOST_CANDIDATES: Final = 3
"""Acts proposed for one row."""
MOST_TRIED: Final = 400
"""Acts of about that day that are looked at for one row; the nearest come first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as matching needs it. `received`: when it came in, ms; `source`: id of the act that brought it."""

    key: str
    kind: LedgerKind
    on: datetime.date
    received: int
    source: bytes
    reference: str = ""
    printed: str = ""
    number: Number | None = None
    enterprise: str = ""
    fen: int | None = None
    officer: str = ""
    act_on: datetime.date | None = None
    party: str = ""
    n: int = 0
    bare: bool = False
    """Only whether the number is known is asked: an act of ours that cites it."""


@dataclass(frozen=True, slots=True)
class Known:
    """An act on record. `task` ties an entry to its record; `entered`: somebody did go in."""

    id: bytes
    what: What
    on: datetime.date
    received: int
    number: Number | None = None
    ticket: str = ""
    reference: str = ""
    enterprise: str = ""
    fen: int | None = None
    officers: frozenset[str] = frozenset()
    task: bytes = b""
    entered: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """An act that a row may be, with its points of 100 and why, as codes."""

    known: Known
    points: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What a row was found to be. `by`: ticket, number, reference, party, visit, person; "" where nothing was found."""

    row: Row
    state: State
    cls: Class = ""
    by: str = ""
    known: Known | None = None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a proposal may reach: days between dates, days around a visit, points from which a person is asked."""

    days: int = 30
    visit_days: int = 1
    points: int = 60


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a book that nobody accounts for: the series, from first to last, and the row behind them."""

    series: str
    first: int
    last: int
    row: Row


@dataclass(slots=True)
class Index:
    """What is recorded, by everything that a row may name."""

    by_ticket: dict[str, list[Known]] = field(default_factory=dict)
    by_number: dict[Number, list[Known]] = field(default_factory=dict)
    by_reference: dict[str, list[Known]] = field(default_factory=dict)
    by_payment: dict[tuple[str, datetime.date, int | None], list[Known]] = field(default_factory=dict)
    by_visit: dict[tuple[str, datetime.date], list[Known]] = field(default_factory=dict)
    by_officer: dict[tuple[str, datetime.date], list[Known]] = field(default_factory=dict)
    by_id: dict[bytes, Known] = field(default_factory=dict)
    recorded: set[bytes] = field(default_factory=set)
    by_fen: dict[int, tuple[list[datetime.date], list[Known]]] = field(default_factory=dict)

    @classmethod
    def of(cls, knowns: Iterable[Known]) -> Index:
        """Index what is recorded, in the order of dates and ids."""
        made = cls()
        for one in sorted(knowns, key=lambda known: (known.on, known.id)):
            made.by_id[one.id] = one
            if ticket := folded(one.ticket):
                made.by_ticket.setdefault(ticket, []).append(one)
            if one.number is not None:
                made.by_number.setdefault(one.number, []).append(one)
            if reference := folded(one.reference):
                made.by_reference.setdefault(reference, []).append(one)
            if one.what in ("payment", "cash", "decision") and one.fen is not None:
                made.by_payment.setdefault((one.enterprise, one.on, one.fen), []).append(one)
                days, same = made.by_fen.setdefault(one.fen, ([], []))
                days.append(one.on)
                same.append(one)
            if one.what == "entry":
                made.by_visit.setdefault((one.enterprise, one.on), []).append(one)
            if one.what in ("entry", "record"):
                for officer in one.officers:
                    made.by_officer.setdefault((officer, one.on), []).append(one)
            if one.what == "record" and one.task:
                made.recorded.add(one.task)
        return made


def match(
    rows: Sequence[Row], knowns: Iterable[Known], limits: Limits, decided: Mapping[tuple[str, bytes], str]
) -> list[Match]:
    """Each row beside what is recorded, in the order given. `decided`: (key, event) -> confirmed or refused."""
    index = Index.of(knowns)
    confirmed: dict[str, bytes] = {}
    for (key, event), outcome in decided.items():
        if outcome == "confirmed":
            confirmed[key] = max(event, confirmed.get(key, event))
    refused: dict[str, set[bytes]] = {}
    for (key, event), outcome in decided.items():
        if outcome == "refused":
            refused.setdefault(key, set()).add(event)
    found: list[Match | None] = [None] * len(rows)
    used: set[bytes] = set()
    for place, row in enumerate(rows):
        if row.key in confirmed:
            event = confirmed[row.key]
            found[place] = Match(row, "confirmed", by="person", known=index.by_id.get(event))
            _use(index.by_id.get(event), index, used)
    for look in _LOOKS:
        for place, row in enumerate(rows):
            if found[place] is None:
                one = found[place] = look(row, index, used)
                if one is not None and row.kind == "receipts":
                    _use(one.known, index, used)
    done: list[Match] = []
    for row, one in zip(rows, found, strict=True):
        if one is not None:
            done.append(_recorded(one, index))
            continue
        never = used | refused.get(row.key, set()) if row.key in refused else used
        tried = sorted(
            (each for each in _alike(row, index, limits) if each.known.id not in never),
            key=lambda each: (-each.points, each.known.id),
        )
        best = tuple(_once(tried))[:MOST_CANDIDATES]
        done.append(Match(row, "candidate" if best else "unmatched", _class(row), candidates=best))
    return done


def gaps(rows: Sequence[Row], known: Iterable[Number], *, most: int = 50) -> list[Gap]:
    """Runs of numbers between two numbers of a book that neither it nor the log accounts for, at most so long."""
    series: dict[tuple[str, str, str, int, str], dict[int, Row]] = {}
    for row in rows:
        if row.number is not None:
            series.setdefault(row.number[:5], {}).setdefault(row.number[5], row)
    there: dict[tuple[str, str, str, int, str], set[int]] = {}
    for number in known:
        there.setdefault(number[:5], set()).add(number[5])
    found = []
    for name in sorted(series):
        held = series[name]
        ordered = sorted(held)
        for before, after in pairwise(ordered):
            if not 1 < after - before <= most + 1:
                continue
            missing = [n for n in range(before + 1, after) if n not in there.get(name, ())]
            if missing:
                found.append(Gap(_front(name), missing[0], missing[-1], held[after]))
    return found


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """A number of a paper as it is compared, without spaces, full-width forms or case; "" for what is no number.

    A dash, a stroke or 无 stands where there is none: two of them are not the same paper.
    """
    try:
        found = close(text).lower().replace("-", "")
    except Refused:
        return ""
    return found if any(letter.isdigit() for letter in found) else ""


# -- exact ------------------------------------------------------------------------------------------------------------


def _use(known: Known | None, index: Index, used: set[bytes]) -> None:
    """One payment is one receipt: what was found is gone, with decision and cash that tell of the same money."""
    if known is None or known.what not in ("payment", "cash", "decision"):
        return
    used.add(known.id)
    for one in index.by_number.get(known.number, ()) if known.number is not None else ():
        if one.what != "payment" and one.fen == known.fen:
            used.add(one.id)


def _by_ticket(row: Row, index: Index, used: set[bytes]) -> Match | None:
    if row.kind != "receipts":
        return _other(row, index)
    for one in index.by_ticket.get(folded(row.reference), ()):
        if one.id not in used and (row.fen is None or one.fen is None or one.fen == row.fen):
            return Match(row, "matched", by="ticket", known=one)
    return None


def _by_number(row: Row, index: Index, used: set[bytes]) -> Match | None:
    if row.kind != "receipts" or row.number is None:
        return None
    same = index.by_number.get(row.number, ())
    for what in ("payment", "cash", "decision"):
        for one in same:
            if one.what == what and one.fen == row.fen and one.id not in used:
                return Match(row, "matched", by="number", known=one)
    return None


def _by_party(row: Row, index: Index, used: set[bytes]) -> Match | None:
    if row.kind != "receipts" or not row.enterprise:
        return None
    for one in index.by_payment.get((row.enterprise, row.on, row.fen), ()):
        if one.what in ("payment", "cash") and one.id not in used:
            return Match(row, "matched", by="party", known=one)
    return None


_LOOKS: Final = (_by_ticket, _by_number, _by_party)
"""In this order for all rows, so that a weaker key takes nothing from a stronger one."""


def _other(row: Row, index: Index) -> Match | None:
    match row.kind:
        case "documents":
            return _numbered(row, index)
        case "court" | "reconsideration":
            return _remedy(row, index)
        case "credit":
            return _disclosed(row, index)
        case "visit_log":
            return _visited(row, index, row.on)
        case "cameras":
            return _filmed(row, index)
        case "complaints":
            return _mentioned(row, index)
        case "tickets":
            return Match(row, "no_act")
        case _:
            return None


def _numbered(row: Row, index: Index) -> Match | None:
    found = index.by_number.get(row.number, ()) if row.number is not None else ()
    return Match(row, "matched", by="number", known=found[0]) if found else None


def _remedy(row: Row, index: Index) -> Match | None:
    """The decision must be known; that somebody attacked it must be recorded as well."""
    same = index.by_number.get(row.number, ()) if row.number is not None else ()
    acts = [one for one in same if one.what != "remedy"]
    if row.bare:
        return Match(row, "matched", by="number", known=acts[0]) if acts else None
    remedies = [one for one in same if one.what == "remedy"]
    by_case = [one for one in index.by_reference.get(folded(row.reference), ()) if one.what == "remedy"]
    if by_case:
        return Match(row, "matched", by="reference", known=by_case[0])
    if acts and remedies:
        return Match(row, "matched", by="number", known=remedies[0])
    return None


def _disclosed(row: Row, index: Index) -> Match | None:
    same = index.by_number.get(row.number, ()) if row.number is not None else ()
    for one in same:
        if one.what == "decision" and (row.fen is None or one.fen is None or one.fen == row.fen):
            return Match(row, "matched", by="number", known=one)
    return None


def _visited(row: Row, index: Index, day: datetime.date) -> Match | None:
    for one in index.by_visit.get((row.enterprise, day), ()):
        if not row.officer or not one.officers or row.officer in one.officers:
            return Match(row, "matched", by="visit", known=one)
    return None


def _filmed(row: Row, index: Index) -> Match | None:
    for one in index.by_officer.get((row.officer, row.on), ()):
        if not row.enterprise or not one.enterprise or row.enterprise == one.enterprise:
            return Match(row, "matched", by="visit", known=one)
    return None


def _mentioned(row: Row, index: Index) -> Match | None:
    if row.number is not None:
        return _numbered(row, index)
    if row.act_on is not None and row.enterprise:
        return _visited(row, index, row.act_on)
    return Match(row, "no_act")


def _recorded(one: Match, index: Index) -> Match:
    """A visit that is known may still lack the record of the inspection."""
    known = one.known
    if one.row.kind != "visit_log" or known is None or known.what != "entry" or not known.entered:
        return one
    return one if known.task in index.recorded else replace(one, cls="entry_without_record")


def _class(row: Row) -> Class:
    if row.kind == "complaints" and row.number is not None:
        return "number_without_event"
    return BY_KIND[row.kind]


# -- alike ------------------------------------------------------------------------------------------------------------


def _alike(row: Row, index: Index, limits: Limits) -> Iterator[Candidate]:
    match row.kind:
        case "receipts":
            yield from _alike_paid(row, index, limits)
        case "visit_log":
            yield from _alike_visit(row, index, row.on, limits)
        case "complaints":
            if row.number is None and row.act_on is not None:
                yield from _alike_visit(row, index, row.act_on, limits)
            yield from _alike_number(row, index, limits)
        case "cameras":
            yield from _alike_filmed(row, index, limits)
        case "documents" | "credit" | "court" | "reconsideration":
            yield from _alike_number(row, index, limits)


def _alike_paid(row: Row, index: Index, limits: Limits) -> Iterator[Candidate]:
    for one in index.by_ticket.get(folded(row.reference), ()):
        yield Candidate(one, 75, ("ticket", "other_amount"))
    for one in index.by_number.get(row.number, ()) if row.number is not None else ():
        if one.what in ("payment", "cash", "decision"):
            yield Candidate(one, 70, ("number", "other_amount"))
    if row.fen is None:
        return
    days, same = index.by_fen.get(row.fen, ([], []))
    first, last = bisect_left(days, _shift(row.on, -limits.days)), bisect_right(days, _shift(row.on, limits.days))
    near = (
        sorted(same[first:last], key=lambda one: (abs((one.on - row.on).days), one.id))
        if last - first > MOST_TRIED
        else same[first:last]
    )
    for one in near[:MOST_TRIED]:
        points, why = 40, ["amount"]
        party, word = _party_points(row.enterprise, one.enterprise)
        apart = abs((one.on - row.on).days)
        points += party + (20 if apart <= 2 else 12 if apart <= 7 else 5)
        why += [word] if word else []
        why.append("near_day" if apart <= 7 else "other_day")
        if one.ticket and _one_off(folded(one.ticket), folded(row.reference)):
            points, why = points + 25, [*why, "ticket_alike"]
        if points >= limits.points:
            yield Candidate(one, min(points, 99), tuple(why))


def _alike_visit(row: Row, index: Index, day: datetime.date, limits: Limits) -> Iterator[Candidate]:
    for apart in range(limits.visit_days + 1):
        for other in {_shift(day, -apart), _shift(day, apart)}:
            for one in index.by_visit.get((row.enterprise, other), ()):
                points = (75 if apart == 0 else 65) - (5 if row.officer and row.officer not in one.officers else 0)
                if points >= limits.points:
                    yield Candidate(one, points, ("party", "same_day" if apart == 0 else "near_day"))
            for one in index.by_officer.get((row.officer, other), ()) if row.officer and apart == 0 else ():
                if one.what == "entry" and limits.points <= 60:
                    yield Candidate(one, 60, ("officer", "same_day"))


def _alike_filmed(row: Row, index: Index, limits: Limits) -> Iterator[Candidate]:
    for apart in range(limits.visit_days + 1):
        for other in {_shift(row.on, -apart), _shift(row.on, apart)}:
            for one in index.by_officer.get((row.officer, other), ()):
                points = 70 if row.enterprise and row.enterprise == one.enterprise else 60
                if points >= limits.points:
                    yield Candidate(one, points, ("officer", "same_day" if apart == 0 else "near_day"))


def _alike_number(row: Row, index: Index, limits: Limits) -> Iterator[Candidate]:
    """The same number with another amount, or the same party within days under a number that is one digit off."""
    if row.number is None:
        return
    if row.kind in ("credit", "court", "reconsideration"):
        for one in index.by_number.get(row.number, ()):
            if one.what != "remedy" and row.kind == "credit":
                yield Candidate(one, 80, ("number", "other_amount"))
    head, sequence = row.number[:5], row.number[5]
    for other in _misread(sequence):
        for one in index.by_number.get((*head, other), ()):
            party, word = _party_points(row.enterprise, one.enterprise)
            apart = abs((one.on - row.on).days)
            points = 35 + party + (15 if apart <= 2 else 5 if apart <= limits.days else 0)
            if row.fen is not None and row.fen == one.fen:
                points += 15
            if points >= limits.points:
                yield Candidate(one, points, tuple(w for w in ("number_alike", word) if w))


def _shift(day: datetime.date, days: int) -> datetime.date:
    """A day so many days away, within the calendar: a row may name any day at all."""
    number = min(max(day.toordinal() + days, datetime.date.min.toordinal()), datetime.date.max.toordinal())
    return datetime.date.fromordinal(number)


def _party_points(mine: str, theirs: str) -> tuple[int, str]:
    if not mine or not theirs:
        return 10, ""
    return (30, "party") if mine == theirs else (0, "other_party")


def _misread(sequence: int) -> set[int]:
    """Numbers that one wrong digit, or two that changed places, make of another."""
    text = str(sequence)
    found = set()
    for place, digit in enumerate(text):
        for other in "0123456789":
            if other != digit:
                found.add(int(text[:place] + other + text[place + 1 :]))
        if place + 1 < len(text):
            found.add(int(text[:place] + text[place + 1] + digit + text[place + 2 :]))
    return found - {sequence, 0}


def _one_off(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _once(tried: Iterable[Candidate]) -> Iterator[Candidate]:
    seen: set[bytes] = set()
    for one in tried:
        if one.known.id not in seen:
            seen.add(one.known.id)
            yield one


def _front(name: tuple[str, str, str, int, str]) -> str:
    place, agency, token, year, suffix = name
    return (f"（{place}）" if place else "") + f"{agency}{token}〔{year}〕" + (f"{suffix}-" if suffix else "")
