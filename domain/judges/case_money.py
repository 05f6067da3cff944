"""Money of a case: what each decision fines, what was paid towards it, until when, and what is added when it is not.

Decisions of all procedures are read as one kind of thing here. The invariant: sums are of recorded payments and of what
holds after alterations; the late fine of a day is computed for whoever names the day, and never stored.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from msgspec import UNSET

from domain import deadlines
from domain.deadlines import Extension, LateFine, Pause
from domain.judges.case_facts import Case, fine_of, given, moment, same_number
from domain.matter import Deadline, Fact, Reason
from domain.rulebook import NoRule, Rulebook
from schemas.events.decision import DailyPenaltyDecided
from schemas.events.document import DocumentServed
from schemas.events.execution import LateFineDecided
from schemas.events.on_spot import OnSpotPenaltyDecided
from schemas.events.payment import FineDeferralDecided
from schemas.events.penalty import FinePaymentRecorded, PenaltyDecided, PenaltyLine
from schemas.events.remedy import DecisionAltered, ReconsiderationClosed, ReconsiderationOpened, SuitClosed, SuitOpened

LONGEST: Final = datetime.timedelta(days=3_660)
"""How long a late fine is counted day by day; the cap is reached long before, unless a remedy pends for ten years."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision that fines or punishes, of any procedure. `fine_fen` is what the document says."""

    fact: Fact
    number: str
    on: datetime.date
    fine_fen: int
    procedure: Literal["general", "simple", "daily"]
    lines: tuple[PenaltyLine, ...]
    remedies_told: bool
    present: bool | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment towards a decision: on which day, how much, towards what."""

    fact: Fact
    on: datetime.date
    fen: int
    towards: str


def decisions(case: Case) -> list[Decided]:
    """All decisions that punish, by date."""
    found = [
        Decided(fact, body.document_no, body.decided_on, fine_of(body.penalties), "general", body.penalties,
                body.remedies_text is not UNSET, given(body.party_present))
        for fact, body in case.of(PenaltyDecided)
    ]  # fmt: skip
    for fact, spot in case.of(OnSpotPenaltyDecided):
        amount = int(given(spot.amount_fen) or 0)
        lines = tuple(
            PenaltyLine(kind=kind, amount_fen=amount) if kind == "P03" else PenaltyLine(kind=kind)
            for kind in spot.kinds
        )
        found.append(
            Decided(fact, spot.document_no, spot.decided_on, amount, "simple", lines, spot.remedies_text is not UNSET,
                    spot.delivered)
        )  # fmt: skip
    for fact, daily in case.of(DailyPenaltyDecided):
        line = PenaltyLine(kind="P03", amount_fen=daily.amount_fen)
        found.append(
            Decided(fact, daily.document_no, daily.decided_on, int(daily.amount_fen), "daily", (line,),
                    daily.remedies_text is not UNSET)
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.on, one.fact.occurred, one.fact.id))


def alterations(case: Case, number: str) -> list[tuple[Fact, DecisionAltered]]:
    """What altered the decision of a number, by the day from which it holds."""
    found = [(fact, body) for fact, body in case.of(DecisionAltered) if same_number(body.target_document_no, number)]
    return sorted(found, key=lambda pair: (pair[1].effective_on, pair[0].occurred, pair[0].id))


def undone(case: Case, number: str) -> tuple[Fact, DecisionAltered] | None:
    """The act that took the decision of a number away altogether, or None."""
    for fact, body in alterations(case, number):
        if body.effect in ("revoked", "invalid"):
            return fact, body
    return None


def due_fen(case: Case, one: Decided) -> int:
    """The fine that holds after alterations, fen."""
    fine = one.fine_fen
    for _, body in alterations(case, one.number):
        if body.effect in ("revoked", "invalid"):
            fine = 0
        elif body.effect == "changed":
            fine = fine_of(body.penalties)
    return fine


def served(case: Case, one: Decided) -> tuple[Fact, datetime.date] | None:
    """The first service of a decision, and its date; a form handed over on the spot is served with the decision."""
    found = [
        (fact, body.served_on) for fact, body in case.of(DocumentServed) if same_number(body.document_no, one.number)
    ]
    if one.procedure == "simple" and one.present:
        found.append((one.fact, one.on))
    return min(found, key=lambda pair: (pair[1], pair[0].occurred, pair[0].id), default=None)


def payments(case: Case, one: Decided) -> list[Payment]:
    """Payments towards a decision by date; cash of the form itself counts where no payment records it."""
    found = [
        Payment(fact, body.paid_on, int(body.amount_fen), "fine" if body.towards is UNSET else body.towards)
        for fact, body in case.of(FinePaymentRecorded)
        if same_number(body.document_no, one.number)
    ]
    spot = one.fact.body
    if isinstance(spot, OnSpotPenaltyDecided) and spot.cash is not UNSET and not found:
        found.append(Payment(one.fact, one.on, int(spot.cash.received_fen), "fine"))
    return sorted(found, key=lambda payment: (payment.on, payment.fact.id))


def paid_fen(case: Case, one: Decided, towards: str = "fine") -> int:
    """What was paid towards a decision for one purpose, fen."""
    return sum(payment.fen for payment in payments(case, one) if payment.towards == towards)


def paid_up(case: Case, one: Decided) -> Payment | None:
    """The payment with which the fine was paid in full, None while it is not (or where there is nothing to pay)."""
    total, fine = 0, due_fen(case, one)
    for payment in payments(case, one):
        if payment.towards == "fine":
            total += payment.fen
            if fine and total >= fine:
                return payment
    return None


def deferral(case: Case, one: Decided) -> list[tuple[Fact, FineDeferralDecided, datetime.date]]:
    """Granted deferrals and instalments of a decision, each with its last day."""
    found = []
    for fact, body in case.of(FineDeferralDecided):
        days = [part.due_on for part in body.instalments] + ([] if body.until is UNSET else [body.until])
        if body.granted and days and same_number(body.decision_no, one.number):
            found.append((fact, body, max(days)))
    return found


def payment_deadline(case: Case, one: Decided) -> Deadline | None:
    """DL-06: the fine is paid within its days from service; None while it was not served or nothing is to be paid."""
    handed = served(case, one)
    if handed is None or not one.fine_fen:
        return None
    paid = paid_up(case, one)
    moved = [
        Extension(fact.occurred, last, reason=Reason(f"经批准延期或分期至 {last}", f"deferred with approval to {last}"))
        for fact, _, last in deferral(case, one)
    ]
    gone = undone(case, one.number)
    return deadlines.due(
        "DL-06", handed[1], case.matter.rules, case.matter.calendar, case.matter.authority,
        event=one.fact.id, extensions=moved, inputs=(handed[0].id, *(fact.id for fact, _, _ in deferral(case, one))),
        met=None if paid is None else (moment(paid.fact, paid.on), paid.fact.id),
        cancelled=gone is not None and paid is None, officers=case.handlers, known=handed[0].occurred,
    )  # fmt: skip


def remedies(case: Case) -> list[tuple[str, str, Pause]]:
    """(number, kind, pause) of each reconsideration and suit: while it is pending no late fine accrues (PPL 73)."""
    found = []
    for kind, opened, closed in (
        ("reconsideration", case.of(ReconsiderationOpened), case.of(ReconsiderationClosed)),
        ("suit", case.of(SuitOpened), case.of(SuitClosed)),
    ):
        for fact, body in opened:
            ends = [(end, one) for end, one in closed if one.remedy_id == body.remedy_id]
            since = given(getattr(body, "applied_on", UNSET)) or body.opened_on
            found.append(
                (body.document_no, kind, Pause(since, ends[0][1].closed_on if ends else None, known=fact.occurred))
            )
    return found


def pauses_of(case: Case, one: Decided) -> list[tuple[str, Pause]]:
    """The kinds of pause of the late fine of a decision, each with its days."""
    return [(kind, pause) for number, kind, pause in remedies(case) if same_number(number, one.number)]


def late_fine(case: Case, one: Decided, until: datetime.date) -> LateFine | None:
    """DL-07: what has been added to a fine by the end of a day; None before it was due. Raises NoRule."""
    period = payment_deadline(case, one)
    if period is None or period.last_day is None:
        return None
    last = datetime.date.fromisoformat(period.last_day)
    return deadlines.late_fine(
        due_fen(case, one), last, min(until, last + LONGEST), case.matter.rules,
        case.matter.authority, payments=_towards_fine(case, one), pauses=pauses_of(case, one),
    )  # fmt: skip


def money_page(case: Case, one: Decided) -> dict[str, Any]:
    """Money of one decision as its page shows it; `late` holds what `late_as_of` needs to compute a day's late fine."""
    try:
        period = payment_deadline(case, one)
    except NoRule:
        period = None  # served on a day for which no rule is known: the page shows no last day
    fine = due_fen(case, one)
    waived = sum(
        int(given(body.waived_fen) or 0)
        for _, body in case.of(LateFineDecided)
        if same_number(body.decision_no, one.number)
    )
    return {
        "decision": one.fact.id.hex(),
        "document_no": one.number,
        "fine_fen": fine,
        "printed_fen": one.fine_fen,
        "paid_fen": paid_fen(case, one),
        "late_paid_fen": paid_fen(case, one, "late_fine"),
        "late_waived_fen": waived,
        "pay_until": None if period is None else period.last_day,
        "late": None
        if period is None or period.last_day is None
        else {
            "fine_fen": fine,
            "last_day": period.last_day,
            "payments": [[day.isoformat(), fen] for day, fen in _towards_fine(case, one)],
            "pauses": [
                [kind, pause.start.isoformat(), None if pause.end is None else pause.end.isoformat()]
                for kind, pause in pauses_of(case, one)
            ],
        },
    }


def late_as_of(
    late: Mapping[str, Any] | None, until: datetime.date, rules: Rulebook, authority: str
) -> LateFine | None:
    """The late fine of a day from the page of a case (`money[n].late`); None where none can be due or computed."""
    if late is None:
        return None
    day = datetime.date.fromisoformat
    last = day(late["last_day"])
    try:
        return deadlines.late_fine(
            late["fine_fen"], last, min(until, last + LONGEST), rules, authority,
            payments=[(day(when), fen) for when, fen in late["payments"]],
            pauses=[
                (kind, Pause(day(start), None if end is None else day(end))) for kind, start, end in late["pauses"]
            ],
        )  # fmt: skip
    except NoRule:
        return None


def remedy_end(case: Case, one: Decided) -> datetime.date | None:
    """The day after which neither reconsideration nor suit is possible any more; None while that is open.

    Without a remedy: the later of both periods from service; the one for a reconsideration is longer where the decision
    does not tell of it (ARL 20). After a reconsideration: its own period to sue. While one
    is pending, or after a suit, the law's period begins when it is over. Raises NoRule.
    """
    handed = served(case, one)
    if handed is None:
        return None
    mine = [(number, kind, pause) for number, kind, pause in remedies(case) if same_number(number, one.number)]
    if any(pause.end is None for _, _, pause in mine):
        return None
    ends = []
    for _, kind, pause in mine:
        assert pause.end is not None
        if kind == "suit":
            ends.append(pause.end)
        else:
            rule = case.limit("remedy.suit_after_reconsideration_days", pause.end)
            ends.append(case.matter.calendar.add_days(_told(case, pause.end), int(rule.value)).day)
    if ends:
        return max(ends)
    calendar = case.matter.calendar
    recon = calendar.add_days(handed[1], int(case.limit("remedy.reconsideration_days", handed[1]).value)).day
    untold = None if one.remedies_told else case.find("remedy.untold_years", handed[1])
    if untold is not None:
        recon = max(recon, calendar.add_years(handed[1], int(untold.value)).day)
    if reconsideration_first(case, one):
        return recon
    suit = case.limit("remedy.suit_months", handed[1])
    return max(recon, calendar.add_months(handed[1], int(suit.value)).day)


def reconsideration_first(case: Case, one: Decided) -> bool:
    """Whether a suit against a decision is possible only after a reconsideration: on the spot (ARL 23)."""
    rule = case.find("remedy.reconsideration_first_on_spot", one.on)
    return one.procedure == "simple" and rule is not None and bool(rule.value)


def _told(case: Case, closed_on: datetime.date) -> datetime.date:
    """When a reconsideration decision was served, or else the day on which it was made."""
    for _, body in case.of(ReconsiderationClosed):
        if body.closed_on == closed_on and body.served_on is not UNSET:
            return body.served_on
    return closed_on


def _towards_fine(case: Case, one: Decided) -> list[tuple[datetime.date, int]]:
    return [(payment.on, payment.fen) for payment in payments(case, one) if payment.towards == "fine"]
