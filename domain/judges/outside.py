"""The judge of others' books: rows of one kind and month held against the log (SIG-04, SIG-25; SIG-01, SIG-23 too).

Its facts are the rows that were imported, single records of others, tips, accident reports and remedies that speak of
acts, and what a person said of a match; what is recorded comes from the shelves of those months and numbers. The
invariant: a row that fits nothing accuses nobody: the time in which terminals may still upload passes first, and a
record that comes later takes the signal away, and is told as having come later.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from msgspec import UNSET

from domain import tickets
from domain.deadlines import due
from domain.judges.inspection_findings import Severity, zh_day
from domain.matter import Fact, Judge, Judgement, Matter, Reason, Signal
from domain.money import show
from domain.outside import BOOKS
from domain.outside_facts import knowns_of, matters_of, month_of, rows_of, series_of, shelves_about, split_key
from domain.reconcile import CLASSES, Gap, Known, Limits, Match, Number, Row, gaps, match
from domain.rulebook import NoRule, Rule
from domain.settling import signal_id
from domain.workdays import day_of, end_of, sane
from schemas.events.enterprise import EnterpriseProfiled
from schemas.events.outside_ledger import LedgerKind, LedgerMatchDecided

VERSION: Final = "1"
MOST_SPANS: Final = 5
"""Runs of missing tickets that a reason names; the page lists them all."""
MOST_LISTED: Final = 2_000
"""Rows that a page lists of one month; those that fit nothing come first, and the columns count them all."""
MOST_SIGNALS: Final = 2_000
"""Signals of one month: a book that fits nothing at all is one finding and not thousands."""


@dataclass(frozen=True, slots=True)
class InHand:
    """A book of tickets that was given out: how many of it were used, and which nobody accounts for."""

    book: tickets.TicketBook
    used: int
    missing: tuple[tickets.Missing, ...]


@dataclass(frozen=True)
class Held:
    """The rows of one kind and month, with what is recorded about that time."""

    matter: Matter

    @cached_property
    def kind(self) -> LedgerKind:
        """Kind of the book."""
        return split_key(self.matter.key)[1]

    @cached_property
    def month(self) -> str:
        """Month of the rows."""
        return split_key(self.matter.key)[2]

    @cached_property
    def rows(self) -> list[Row]:
        """The rows, one for each key: the one that came first counts."""
        found: dict[str, Row] = {}
        for row in sorted(rows_of(self.matter.facts, self.kind), key=lambda one: (one.received, one.source, one.n)):
            if month_of(row.on) == self.month:
                found.setdefault(row.key, row)
        same = self.aliases
        return [
            replace(row, enterprise=same[row.enterprise]) if row.enterprise in same else row
            for row in (found[key] for key in sorted(found))
        ]

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Social credit code -> id by which the log calls the enterprise."""
        found: dict[str, str] = {}
        for filed in self.matter.others.values():
            for fact in filed:
                if isinstance(fact.body, EnterpriseProfiled) and fact.counts and fact.body.uscc is not UNSET:
                    found[fact.body.uscc] = fact.body.enterprise_id
        return found

    @cached_property
    def recorded(self) -> dict[bytes, Fact]:
        """Every act beside the rows, by id."""
        return {
            fact.id: fact
            for key in sorted(self.matter.others)
            if not key.startswith(("register:", "named:", "tickets:"))
            for fact in self.matter.others[key]
            if fact.counts
        }

    @cached_property
    def knowns(self) -> list[Known]:
        """What is recorded, as matching needs it."""
        return list(knowns_of(self.recorded.values()))

    @cached_property
    def decided(self) -> dict[tuple[str, bytes], str]:
        """What a person said of a row and an act; the last word counts."""
        return {(body.key, body.event): body.outcome for _, body in self.matter.of(LedgerMatchDecided)}

    @cached_property
    def limits(self) -> Limits:
        """How far a proposal reaches, by the rules of the month."""
        day = datetime.date.fromisoformat(f"{self.month}-01")
        keys = {
            "days": "outside.candidate_days",
            "visit_days": "outside.visit_days",
            "points": "outside.candidate_points",
        }
        found = {name: self.matter.rules.find(key, day, self.matter.authority) for name, key in keys.items()}
        return Limits(**{name: rule.value for name, rule in found.items() if rule is not None})

    @cached_property
    def matches(self) -> list[Match]:
        """Each row beside what is recorded; a book of tickets beside the tickets that were used."""
        found = match(self.rows, self.knowns, self.limits, self.decided)
        if self.kind != "tickets":
            return found
        return [
            replace(one, state="matched", cls="ticket_gap" if self.in_hand[one.row.key].missing else "")
            if one.row.key in self.in_hand
            else one
            for one in found
        ]

    @cached_property
    def in_hand(self) -> dict[str, InHand]:
        """The books of tickets that were given out in the month, by the key of their row."""
        if self.kind != "tickets":
            return {}
        shelves = [
            fact for key in sorted(self.matter.others) if key.startswith("tickets:") for fact in self.matter.others[key]
        ]
        facts = list({fact.id: fact for fact in shelves}.values())
        used, others = list(tickets.used_in(facts)), list(tickets.books_of(facts))
        found: dict[str, InHand] = {}
        for book in sorted(tickets.books_of(self.matter.facts), key=lambda one: (one.received, one.source, one.n)):
            if book.state == "issued" and month_of(book.on) == self.month and book.key not in found:
                number = len({one.ticket for one in used if book.holds(one.ticket)})
                found[book.key] = InHand(book, number, tuple(tickets.missing(book, used, others)))
        return found

    @cached_property
    def hands(self) -> frozenset[bytes]:
        """Terminals that recorded a ticket of these books: what they still hold may be the missing one."""
        return frozenset(
            fact.terminal
            for key, facts in self.matter.others.items()
            if key.startswith("tickets:")
            for fact in facts
            if fact.counts and fact.terminal
        )

    @cached_property
    def gaps(self) -> list[Gap]:
        """Numbers that the register of documents passes over, as far as the row behind them is of this month."""
        if self.kind != "documents":
            return []
        others = [
            row
            for key in sorted(self.matter.others)
            if key.startswith("register:")
            for row in rows_of(self.matter.others[key], "documents")
        ]
        known = [one.number for one in self.knowns if one.number is not None]
        found = gaps([*self.rows, *others], known)
        return [gap for gap in found if month_of(gap.row.on) == self.month]

    @cached_property
    def undisclosed(self) -> list[tuple[Known, int]]:
        """Decisions of the month that the platform's book should hold and does not, with the end of their period."""
        if self.kind != "credit" or not self.rows:
            return []
        newest = max(row.received for row in self.rows)
        there = {row.number for row in self.rows}
        there |= {one.known.number for one in self.matches if one.known is not None}
        found = []
        for one in self.knowns:
            if one.what != "decision" or one.number is None or one.number in there or month_of(one.on) != self.month:
                continue
            try:
                end = due(
                    "DL-11", one.on, self.matter.rules, self.matter.calendar, self.matter.authority, event=one.id,
                    met=None, absent=True,
                ).due  # fmt: skip
            except NoRule:
                continue
            if end <= newest:
                found.append((one, end))
        return found


def judge(matter: Matter) -> Judgement:
    """The page of one kind and month, and its signals."""
    held = Held(matter)
    states = Counter(one.state for one in held.matches)
    classes: Counter[str] = Counter(one.cls for one in held.matches if one.cls)
    classes["number_gap"] += len(held.gaps)
    classes["decision_not_disclosed"] += len(held.undisclosed)
    signals = tuple(_signals(held))[:MOST_SIGNALS]
    listed = sorted(held.matches, key=lambda one: (not one.cls, one.row.on, one.row.key))
    return Judgement(
        kind=matter.kind,
        key=matter.key,
        authority=matter.authority,
        stage="open" if any(classes.values()) else "settled",
        columns={
            "book": held.kind,
            "month": held.month,
            "rows": len(held.matches),
            **{state: states[state] for state in ("matched", "confirmed", "candidate", "unmatched", "no_act")},
            **{name: classes[name] for name in CLASSES if name},
        },
        page={
            "rows": [_line(held, one) for one in listed[:MOST_LISTED]],
            "gaps": [
                {"series": gap.series, "first": gap.first, "last": gap.last, "behind": gap.row.printed}
                for gap in held.gaps[:MOST_LISTED]
            ],
            "undisclosed": [_known(one) for one, _ in held.undisclosed[:MOST_LISTED]],
        },
        signals=signals,
        terminals=tuple(sorted({fact.terminal for fact in held.recorded.values() if fact.terminal} | held.hands)),
    )


def needs(facts: Sequence[Fact]) -> frozenset[str]:
    """The shelves of what may be recorded: of the months about the rows, of the numbers and enterprises they name."""
    found: set[str] = set()
    for fact in facts:
        for key in matters_of(fact):
            authority, kind, month = key
            if kind == "tickets":
                for book in tickets.books_of([fact]):
                    found.update(tickets.shelves_of(authority, book) if book.state == "issued" else ())
                continue
            found.update(shelves_about(authority, kind, month))
            for row in rows_of([fact], kind):
                if row.number is not None and kind != "receipts":
                    found.update(series_of(authority, row.printed, kind))
                if row.act_on is not None:
                    found.add(f"visits:{authority}/{month_of(row.act_on)}")
                if row.enterprise:
                    found.add(f"named:{row.enterprise}")
    return frozenset(found)


# -- signals ----------------------------------------------------------------------------------------------------------


def _signals(held: Held) -> Iterator[Signal]:
    for hand in held.in_hand.values():
        yield from sig_04_books(held, hand)
    for one in held.matches:
        if one.row.kind == "receipts":
            yield from sig_04(held, one)
        elif one.row.kind != "tickets":
            yield from sig_25(held, one)
    yield from sig_01(held)
    yield from sig_23(held)


def sig_04(held: Held, one: Match) -> Iterator[Signal]:
    """SIG-04: a receipt for which there is neither a payment nor a decision, when terminals had time to upload it."""
    row = one.row
    paid = "" if row.fen is None else show(row.fen)
    what_zh = f"{zh_day(row.on)}开具的罚没票据 {row.reference}（{paid} 元）"
    what_en = f"Receipt {row.reference} of {row.on} for {paid} yuan"
    named_zh = (
        f"，所列文号 {row.printed} 在系统内没有对应的决定或缴款" if row.printed else "，在系统内没有对应的决定或缴款"
    )
    named_en = (
        f" names {row.printed} and no decision or payment of that number and amount is recorded"
        if row.printed
        else " has no decision or payment on record"
    )
    yield from _told(held, one, "SIG-04", "serious", 90 if row.printed else 80, what_zh + named_zh, what_en + named_en)


def sig_04_books(held: Held, one: InHand) -> Iterator[Signal]:
    """SIG-04: tickets of a book that nobody accounts for although later ones were used, the longest time offline on."""
    opens: list[int] = []
    stamp = VERSION
    for gap in one.missing:
        day = sane(day_of(gap.behind.received))
        wait = held.matter.rules.find("numbers.gap_days", day, held.matter.authority)
        if isinstance(wait, Rule):
            opens.append(end_of(day + datetime.timedelta(days=wait.value)))
            stamp = wait.stamp(VERSION)
    if not opens:
        return
    book = one.book
    spans = [str(book_ticket(book, gap.first)) + _until(book, gap) for gap in one.missing[:MOST_SPANS]]
    more = len(one.missing) - MOST_SPANS
    to = book.officer or book.unit
    yield Signal(
        rule="SIG-04",
        version=stamp,
        severity="serious",
        score=70,
        opens=min(opens),
        reason=Reason(
            f"{zh_day(book.on)}{f'由 {to} ' if to else ''}领用的票据 {book.first}–{book.last} 中，{'、'.join(spans)}"
            f"{f' 等 {len(one.missing)} 段' if more > 0 else ''}没有使用、作废或交回记录，其后的号码已经使用。",
            f"Of the tickets {book.first}–{book.last} given out on {book.on}{f' to {to}' if to else ''}, "
            f"{', '.join(spans)}{f' and {more} more runs' if more > 0 else ''} are neither used nor void nor given "
            f"back, and later ones were used.",
        ),
        inputs=tuple(sorted({book.source, *(gap.behind.source for gap in one.missing)})),
        about=about(book.key),
        absent=True,
        officers=(book.officer,) if book.officer else (),
    )


def book_ticket(book: tickets.TicketBook, n: int) -> tickets.Ticket:
    """A ticket of a book by its number."""
    return tickets.Ticket(*book.first.run, n)


def _until(book: tickets.TicketBook, gap: tickets.Missing) -> str:
    return "" if gap.first == gap.last else f"–{book_ticket(book, gap.last)}"


def sig_25(held: Held, one: Match) -> Iterator[Signal]:
    """SIG-25: others know of a number, a visit, a disclosure or a remedy that is not recorded here."""
    row = one.row
    book = BOOKS[row.kind]
    who_zh = f"“{book.zh}”{zh_day(row.on)}" + (f" {row.reference}" if row.reference else "")
    who_en = f"{book.en} on {row.on}" + (f" no. {row.reference}" if row.reference else "")
    match one.cls:
        case "number_without_event":
            known = row.kind in ("court", "reconsideration") and any(
                other.number == row.number and other.what != "remedy" for other in held.knowns
            )
            if known and not row.bare:
                zh, en, score = (
                    f"{who_zh}涉及 {row.printed}，该复议或诉讼在系统内没有登记",
                    f"{who_en}: a remedy against {row.printed} is not recorded",
                    60,
                )
            else:
                zh, en, score = (
                    f"{who_zh}提及文号 {row.printed}，系统内没有该文书",
                    f"{who_en}: {row.printed} is named and no document of that number is recorded",
                    90,
                )
        case "disclosed_without_decision":
            zh, en, score = (
                f"{who_zh}公示了 {row.printed}，系统内没有对应的决定",
                f"{who_en}: {row.printed} is disclosed and no such decision is recorded",
                90,
            )
        case "visit_unknown":
            day = row.act_on or row.on
            zh, en, score = (
                f"{who_zh}显示 {zh_day(day)}有执法人员入企，系统内没有相应的进入现场记录",
                f"{who_en}: officers were on site on {day} and no entry of theirs is recorded",
                50 if row.kind == "cameras" else 70,
            )
        case "entry_without_record":
            zh, en, score = (
                f"{who_zh}与系统内的进入现场一致，但没有现场检查记录",
                f"{who_en}: the entry is recorded and the inspection record is not",
                60,
            )
        case _:
            zh, en, score = f"{who_zh}", f"{who_en}", 60
    yield from _told(held, one, "SIG-25", "serious", score, zh, en)


def _told(held: Held, one: Match, rule: str, severity: Severity, score: int, zh: str, en: str) -> Iterator[Signal]:
    """The signal of a row that fits nothing; or, withdrawn, of one that fits what was recorded only afterwards."""
    row = one.row
    wait = held.matter.rules.find("outside.wait_days", row.on, held.matter.authority)
    if not isinstance(wait, Rule) or one.state == "no_act":
        return
    opens = max(end_of(sane(row.on) + datetime.timedelta(days=wait.value)), row.received)
    inputs: tuple[bytes, ...] = (row.source,)
    closes = None
    if not one.cls:
        known = one.known
        if known is None or known.received <= opens or one.state == "confirmed":
            return
        closes, inputs = known.received, tuple(sorted({row.source, known.id}))
        zh, en = f"{zh}；相应记录其后才收到", f"{en}; a record that fits came only later"
    elif one.candidates:
        score = min(score, 50)
        zh, en = f"{zh}；有相近的记录待人工认定", f"{en}; records that are alike wait for a person"
        inputs = tuple(sorted({row.source, *(each.known.id for each in one.candidates)}))
    elif one.known is not None:
        inputs = tuple(sorted({row.source, one.known.id}))
    yield Signal(
        rule=rule,
        version=wait.stamp(VERSION),
        severity=severity,
        score=score,
        opens=opens,
        closes=closes,
        reason=Reason(f"{zh}。", f"{en[:1].upper()}{en[1:]}."),
        inputs=inputs,
        about=about(row.key),
        absent=True,
    )


def sig_01(held: Held) -> Iterator[Signal]:
    """SIG-01: numbers that the register passes over, above those that the log knows: the rest is the series's."""
    highest: dict[tuple[Any, ...], int] = {}
    for one in held.knowns:
        if one.number is not None:
            highest[one.number[:5]] = max(highest.get(one.number[:5], 0), one.number[5])
    for gap in held.gaps:
        number = gap.row.number
        wait = held.matter.rules.find("numbers.gap_days", gap.row.on, held.matter.authority)
        if number is None or gap.first < highest.get(number[:5], 0) or not isinstance(wait, Rule):
            continue
        span = f"{gap.first}" if gap.first == gap.last else f"{gap.first}–{gap.last}"
        yield Signal(
            rule="SIG-01",
            version=wait.stamp(VERSION),
            severity="serious",
            score=60,
            opens=max(end_of(sane(gap.row.on) + datetime.timedelta(days=wait.value)), gap.row.received),
            reason=Reason(
                f"发文登记簿中 {gap.series}{span} 号没有登记，系统内也没有。",
                f"The register of documents passes over {gap.series} no. {span} and the log knows nothing of it.",
            ),
            inputs=(gap.row.source,),
            about=f"gap:{gap.series}{gap.first}",
            absent=True,
        )


def sig_23(held: Held) -> Iterator[Signal]:
    """SIG-23: decisions that the credit platform's book does not hold although their period has ended."""
    for one, end in held.undisclosed:
        printed = next((str(getattr(held.recorded[one.id].body, "document_no", "")) for _ in (0,)), "")
        yield Signal(
            rule="SIG-23",
            version=VERSION,
            severity="medium",
            score=60,
            opens=end,
            reason=Reason(
                f"{zh_day(one.on)}的决定 {printed} 已过公示期限，信用平台台账中没有。",
                f"The decision {printed} of {one.on} is past its period and the credit platform does not show it.",
            ),
            inputs=(one.id,),
            about=f"credit:{one.id.hex()}",
            absent=True,
        )


def about(key: str) -> str:
    """What the signal of a row is about."""
    return f"row:{key}"


# -- the page ---------------------------------------------------------------------------------------------------------


def _line(held: Held, one: Match) -> dict[str, Any]:
    row = one.row
    rule = "SIG-04" if row.kind in ("receipts", "tickets") else "SIG-25"
    hand = held.in_hand.get(row.key)
    return {
        "key": row.key,
        "n": row.n,
        "source": row.source.hex(),
        "on": row.on.isoformat(),
        "reference": row.reference,
        "document_no": row.printed,
        "enterprise": row.enterprise,
        "party": row.party,
        "fen": row.fen,
        "officer": row.officer,
        "state": one.state,
        "class": one.cls,
        "by": one.by,
        "known": None if one.known is None else _known(one.known),
        "candidates": [{**_known(each.known), "points": each.points, "why": list(each.why)} for each in one.candidates],
        "signal": signal_id(rule, held.matter.kind, held.matter.key, about(row.key)) if one.cls else "",
        **({} if hand is None else _in_hand(hand)),
    }


def _in_hand(one: InHand) -> dict[str, Any]:
    """What the line of a book of tickets says beside: its range, how many were used, which are missing."""
    return {
        "range": f"{one.book.first}–{one.book.last}",
        "unit": one.book.unit,
        "of": one.book.size,
        "used": one.used,
        "missing": [str(book_ticket(one.book, gap.first)) + _until(one.book, gap) for gap in one.missing[:MOST_LISTED]],
    }


def _known(one: Known) -> dict[str, Any]:
    return {
        "event": one.id.hex(),
        "what": one.what,
        "on": one.on.isoformat(),
        "number": "" if one.number is None else _shown(one.number),
        "enterprise": one.enterprise,
        "fen": one.fen,
    }


def _shown(number: Number) -> str:
    place, agency, token, year, suffix, sequence = number
    front = (f"（{place}）" if place else "") + agency
    return f"{front}{token}〔{year}〕{f'{suffix}-' if suffix else ''}{sequence}号"


JUDGE: Final = Judge(kind="outside", version=5, judge=judge, needs=needs)
