"""Rows of others' books and acts on record as matching needs them, and under which keys each is filed.

The invariant: what is said here depends on one fact alone; what several make together is for the judge to say.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from msgspec import UNSET

from domain import document_numbers as numbers
from domain import tickets
from domain.matter import Fact
from domain.numbered import number_in
from domain.printed import Refused
from domain.reconcile import Known, Number, Row
from domain.workdays import day_of, sane
from schemas.events.accident import AccidentReportApproved
from schemas.events.case import CaseFiled
from schemas.events.enterprise import EnterpriseProfiled
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.on_site import SiteEntered
from schemas.events.on_spot import CashDeposited, OnSpotPenaltyDecided
from schemas.events.outside_ledger import LedgerKind, LedgerMatchDecided, LedgerRowsReceived
from schemas.events.oversight import ExternalRecordReceived
from schemas.events.penalty import FinePaymentRecorded, PenaltyDecided
from schemas.events.remedy import ReconsiderationOpened, SuitOpened
from schemas.events.tip import TipReceived

MONTHS_BEFORE: Final = 3
"""Months before that of a row in which what it may be was recorded: a fine is paid weeks after its decision."""

SOURCES: Final[Mapping[str, LedgerKind]] = {
    "finance": "receipts",
    "bank": "receipts",
    "credit_platform": "credit",
    "visit_log": "visit_log",
    "court": "court",
    "reconsideration_body": "reconsideration",
    "police": "complaints",
    "procuratorate": "complaints",
    "media": "complaints",
    "accident_investigation": "complaints",
    "other": "complaints",
}
"""As which kind of book a single record of somebody else is read."""


def month_of(day: datetime.date) -> str:
    """The month under which a row is held against the log."""
    return f"{day.year:04}-{day.month:02}"


def split_key(key: str) -> tuple[str, LedgerKind, str]:
    """(authority, kind, month) of a matter's key."""
    authority, kind, month = key.split("/")
    return authority, kind, month  # type: ignore[return-value]  # made by domain.filing of a closed list


def outside_keys(fact: Fact) -> Iterator[str]:
    """The matters of others' books that a fact belongs to."""
    for authority, kind, month in matters_of(fact):
        yield f"outside:{authority}/{kind}/{month}"


def shelves_of(fact: Fact) -> Iterator[str]:
    """The shelves on which an act lies for others' books to find: money, tickets, visits, and registers by series."""
    body = fact.body
    yield from tickets.shelves(fact)
    match body:
        case PenaltyDecided() | OnSpotPenaltyDecided():
            yield f"money:{fact.authority}/{month_of(body.decided_on)}"
        case CaseFiled():
            yield f"money:{fact.authority}/{month_of(body.filed_on)}"  # whose the payments of the case are
        case FinePaymentRecorded():
            yield f"money:{fact.authority}/{month_of(body.paid_on)}"
        case CashDeposited():
            yield f"money:{fact.authority}/{month_of(body.deposited_on)}"
        case SiteEntered() | InspectionRecordSigned():
            yield f"visits:{fact.authority}/{month_of(sane(day_of(fact.occurred)))}"
        case LedgerRowsReceived() if body.kind == "documents":
            for row in body.rows:
                if row.document_no is not UNSET:
                    yield from (
                        f"register:{key.removeprefix('series:')}"
                        for key in series_of(fact.authority, row.document_no, "documents")
                        if key.startswith("series:")
                    )
        case EnterpriseProfiled() if body.uscc is not UNSET and body.uscc != body.enterprise_id:
            yield f"named:{body.uscc}"
        case _:
            return


def rows_of(facts: Iterable[Fact], kind: LedgerKind) -> Iterator[Row]:
    """The rows of one kind that facts hold."""
    for fact in facts:
        if not fact.counts:
            continue
        body = fact.body
        match body:
            case LedgerRowsReceived() if body.kind == kind:
                for one in body.rows:
                    yield Row(
                        key=one.key, kind=kind, on=one.on, received=fact.received, source=fact.id, n=one.n,
                        reference=_text(one.reference), printed=_text(one.document_no),
                        number=number_of(_text(one.document_no)), enterprise=_text(one.enterprise),
                        fen=None if one.amount_fen is UNSET else one.amount_fen, officer=_text(one.officer),
                        act_on=None if one.act_on is UNSET else one.act_on, party=_text(one.party),
                    )  # fmt: skip
            case ExternalRecordReceived() if SOURCES[body.source] == kind:
                ticket = _text(body.ticket_no) if kind == "receipts" else ""
                yield Row(
                    key=f"r:{ticket or body.reference}", kind=kind, on=body.on, received=fact.received, source=fact.id,
                    reference=ticket or body.reference, printed=_text(body.document_no),
                    number=number_of(_text(body.document_no)), enterprise=_text(body.enterprise_id),
                    fen=None if body.amount_fen is UNSET else body.amount_fen, party=_text(body.payer),
                    act_on=body.on if kind == "complaints" else None,
                )  # fmt: skip
            case TipReceived() if kind == "complaints":
                yield from _of_tip(fact, body)
            case AccidentReportApproved() if kind == "complaints":
                yield from _of_accident(fact, body)
            case ReconsiderationOpened() | SuitOpened():
                if kind == ("reconsideration" if isinstance(body, ReconsiderationOpened) else "court"):
                    yield Row(
                        key=f"e:{fact.id.hex()}", kind=kind, on=body.opened_on, received=fact.received, source=fact.id,
                        reference=_text(body.reference), printed=body.document_no, number=number_of(body.document_no),
                        bare=True,
                    )  # fmt: skip
            case _:
                continue


def knowns_of(facts: Iterable[Fact]) -> Iterator[Known]:
    """Acts on record as matching needs them; the enterprise of a payment is that of its case."""
    filed = list(facts)
    of_case: dict[bytes, str] = {}
    of_number: dict[Number, str] = {}
    for fact in filed:
        enterprise = _enterprise_of(fact)
        case = getattr(fact.body, "case_id", UNSET)
        printed = number_in(fact)
        if enterprise and isinstance(case, bytes):
            of_case.setdefault(case, enterprise)
        if enterprise and printed is not None and (number := number_of(printed)) is not None:
            of_number.setdefault(number, enterprise)
    for fact in filed:
        yield from _known_of(fact, of_case, of_number)


# -- facts as rows and as what is recorded ----------------------------------------------------------------------------


def matters_of(fact: Fact) -> Iterator[tuple[str, LedgerKind, str]]:
    """The matters that a fact has rows for: (authority, kind, month)."""
    if not fact.counts:
        return
    body = fact.body
    match body:
        case LedgerRowsReceived() | LedgerMatchDecided():
            yield fact.authority, body.kind, body.month
        case ExternalRecordReceived():
            yield fact.authority, SOURCES[body.source], month_of(body.on)
        case TipReceived() if body.acts_mentioned:
            for month in sorted({month_of(row.on) for row in _of_tip(fact, body)}):
                yield fact.authority, "complaints", month
        case AccidentReportApproved() if body.past_inspections:
            for month in sorted({month_of(row.on) for row in _of_accident(fact, body)}):
                yield fact.authority, "complaints", month
        case ReconsiderationOpened():
            yield fact.authority, "reconsideration", month_of(body.opened_on)
        case SuitOpened():
            yield fact.authority, "court", month_of(body.opened_on)
        case _:
            return


def _of_tip(fact: Fact, body: TipReceived) -> Iterator[Row]:
    day = sane(day_of(body.received_at))
    for place, act in enumerate(body.acts_mentioned):
        yield Row(
            key=f"e:{fact.id.hex()}/{place}", kind="complaints", on=day, received=fact.received, source=fact.id,
            printed=_text(act.document_no), number=number_of(_text(act.document_no)),
            enterprise=_text(body.enterprise_id), act_on=None if act.on is UNSET else act.on, n=place,
        )  # fmt: skip


def _of_accident(fact: Fact, body: AccidentReportApproved) -> Iterator[Row]:
    """Inspections by the own authority that the investigation names; those of others are theirs to answer for."""
    for place, act in enumerate(body.past_inspections):
        if act.agency != fact.authority:
            continue
        yield Row(
            key=f"e:{fact.id.hex()}/{place}", kind="complaints", on=body.approved_on, received=fact.received,
            source=fact.id, printed=_text(act.document_no), number=number_of(_text(act.document_no)),
            enterprise=_text(body.enterprise_id), act_on=act.on, n=place,
        )  # fmt: skip


def _known_of(fact: Fact, of_case: Mapping[bytes, str], of_number: Mapping[Number, str]) -> Iterator[Known]:
    body = fact.body
    match body:
        case PenaltyDecided():
            yield Known(
                fact.id, "decision", body.decided_on, fact.received, number=number_of(body.document_no),
                enterprise=_enterprise_of(fact) or of_case.get(body.case_id, ""), fen=_fine_of(body.penalties),
            )  # fmt: skip
        case OnSpotPenaltyDecided():
            yield Known(
                fact.id, "decision", body.decided_on, fact.received, number=number_of(body.document_no),
                ticket="" if body.cash is UNSET else _text(body.cash.ticket_no), enterprise=_enterprise_of(fact),
                fen=None if body.amount_fen is UNSET else body.amount_fen, officers=frozenset(body.officers),
            )  # fmt: skip
        case FinePaymentRecorded() | CashDeposited():
            number = number_of(body.document_no)
            case = body.case_id
            enterprise = of_case.get(case, "") if isinstance(case, bytes) else ""
            if not enterprise and number is not None:
                enterprise = of_number.get(number, "")
            yield Known(
                fact.id, "payment" if isinstance(body, FinePaymentRecorded) else "cash",
                body.paid_on if isinstance(body, FinePaymentRecorded) else body.deposited_on, fact.received,
                number=number, ticket=_text(body.ticket_no), enterprise=enterprise, fen=body.amount_fen,
            )  # fmt: skip
        case SiteEntered():
            instant = fact.occurred if body.arrival is UNSET else body.arrival
            yield Known(
                fact.id, "entry", sane(day_of(instant)), fact.received, enterprise=_enterprise_of(fact),
                officers=frozenset(body.officers_present) | frozenset(fact.by), task=_task_of(fact, body.task_id),
                entered=body.outcome is UNSET or body.outcome == "entered",
            )  # fmt: skip
        case InspectionRecordSigned():
            yield Known(
                fact.id, "record", sane(day_of(fact.occurred)), fact.received, enterprise=_enterprise_of(fact),
                number=number_of(_text(body.document_no)),
                officers=frozenset(fact.by) | {one.officer for one in body.actors}, task=_task_of(fact, body.task_id),
            )  # fmt: skip
        case ReconsiderationOpened() | SuitOpened():
            yield Known(
                fact.id, "remedy", body.opened_on, fact.received, number=number_of(body.document_no),
                reference=_text(body.reference),
            )  # fmt: skip
        case _:
            printed = number_in(fact)
            if printed is not None and (number := number_of(printed)) is not None:
                yield Known(
                    fact.id, "document", sane(day_of(fact.occurred)), fact.received, number=number,
                    enterprise=_enterprise_of(fact), officers=frozenset(fact.by),
                )  # fmt: skip


def shelves_about(authority: str, kind: LedgerKind, month: str) -> Iterator[str]:
    """The shelves of what a row of a kind and month may be."""
    year, number = int(month[:4]), int(month[5:])
    place = year * 12 + number - 1
    match kind:
        case "receipts":
            back, on, area = MONTHS_BEFORE, 1, "money"
        case "credit":
            back, on, area = 1, 1, "money"
        case "visit_log" | "cameras":
            back, on, area = 1, 1, "visits"
        case _:
            return
    for each in range(place - back, place + on + 1):
        yield f"{area}:{authority}/{each // 12:04}-{each % 12 + 1:02}"


def series_of(authority: str, printed: str, kind: LedgerKind) -> Iterator[str]:
    """The series of a printed number, and its register where that is asked for."""
    try:
        key = numbers.parse(printed).series_key(authority)
    except Refused:
        return
    yield f"series:{key}"
    if kind == "documents":
        yield f"register:{key}"


def _enterprise_of(fact: Fact) -> str:
    named = getattr(fact.body, "enterprise_id", UNSET)
    if isinstance(named, str):
        return named
    party = getattr(getattr(fact.body, "party", None), "id", UNSET)
    if isinstance(party, str):
        return party
    return next((tag.removeprefix("enterprise:") for tag in fact.about if tag.startswith("enterprise:")), "")


def _task_of(fact: Fact, task: Any) -> bytes:
    if isinstance(task, bytes):
        return task
    tag = next((tag.removeprefix("task:") for tag in fact.about if tag.startswith("task:")), "")
    return tag.encode()


@lru_cache(maxsize=65_536)
def number_of(printed: str) -> Number | None:
    """The parts of a printed number, None for one that cannot be read."""
    if not printed:
        return None
    try:
        return numbers.parse(printed).parts
    except Refused:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _fine_of(lines: Iterable[Any]) -> int:
    """The fine of a decision: what a receipt is over."""
    return sum(line.amount_fen for line in lines if line.kind == "P03" and line.amount_fen is not UNSET)
