"""The life of one published record: prepared by one officer, released by another, corrected, withdrawn, expired (E45).

One record for each decision or result; its id is made of the id of that event, so nobody publishes a thing twice.
`decide` gives the act or refuses with the gates that are closed, `evolve` takes an act over. The invariants: nothing
becomes public, changes in public or is withheld for good unless a second person releases exactly what was prepared;
what was withdrawn or has expired never becomes public again.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

from msgspec import UNSET, UnsetType

from domain.office.refusals import refused
from schemas.events.disclosure import (
    DisclosureCorrected,
    DisclosureExpired,
    DisclosurePrepared,
    DisclosurePublished,
    DisclosureReturned,
    DisclosureWithdrawn,
    DisclosureWithheld,
    PublishedField,
    Subject,
    WithdrawalGround,
    WithheldField,
    WithholdingGround,
)
from schemas.problems import Problem

Status: TypeAlias = Literal["new", "published", "corrected", "withdrawn", "expired", "withheld"]
Proposes: TypeAlias = Literal["publish", "correct", "withdraw", "withhold"]
Fact: TypeAlias = (
    DisclosurePrepared
    | DisclosureReturned
    | DisclosurePublished
    | DisclosureCorrected
    | DisclosureWithdrawn
    | DisclosureExpired
    | DisclosureWithheld
)
STANDING: Final = ("published", "corrected")
MAX_REASON: Final = 1_000
WITHDRAWALS: Final[tuple[WithdrawalGround, ...]] = ("altered", "error", "repaired", "secrecy", "other")
WITHHOLDINGS: Final[tuple[WithholdingGround, ...]] = ("secrecy", "minor", "safety", "other")


class Gate(NamedTuple):
    """A rule that stops the act, and what would lift it, in both languages."""

    rule: str
    zh: str
    en: str


SECOND: Final = Gate(
    "OGI-17", "拟稿人不能审批自己的拟稿，须由另一人审批", "who prepared it may not release it: a second person must"
)
GONE: Final = Gate(
    "INV-29",
    "该记录已撤回或者期满，不得再次公示",
    "the record was withdrawn or has expired: it is never published again",
)
WITHHELD: Final = Gate("INV-29", "已决定不予公示", "it was decided that this is not published")
STANDS: Final = Gate("INV-29", "该记录已经公示，请使用更正或者撤回", "it is published already: correct or withdraw it")
NOT_STANDING: Final = Gate("INV-29", "该记录没有处于公示状态", "the record is not public")


@dataclass(frozen=True, slots=True)
class Pending:
    """What was prepared and waits for a second person; `id` is that of its act."""

    id: bytes
    proposes: Proposes
    by: str
    digest: bytes
    body: DisclosurePrepared


@dataclass(frozen=True, slots=True)
class Record:
    """What the acts on one record make of it. `digest` is that of the document that stands or of the tombstone."""

    id: bytes
    status: Status = "new"
    revision: int = 0
    subject: Subject = "penalty"
    feed: str = ""
    case_id: bytes = b""
    task_id: bytes = b""
    draw_id: bytes = b""
    decision: bytes = b""
    document_no: str = ""
    published_on: datetime.date | None = None
    until: datetime.date | None = None
    digest: bytes = b""
    pending: Pending | None = None
    returned: str = ""
    """Why the newest preparation was sent back, "" while nobody did."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Propose something. `closed` are gates that the case itself keeps closed; `digest` is b"" to withhold."""

    proposes: Proposes
    by: str
    subject: Subject
    feed: str
    redaction_version: str
    digest: bytes = b""
    codes: tuple[str, ...] = ()
    withheld: tuple[tuple[str, str], ...] = ()
    case_id: bytes = b""
    task_id: bytes = b""
    draw_id: bytes = b""
    document_no: str = ""
    decision: bytes = b""
    ground: str = ""
    reason: str = ""
    alteration: bytes = b""
    months: int = 0
    closed: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """A second person lets out what was prepared: `preparation` is what that person looked at.

    `digest` is of the document as it reads on the day of the release, `position` where its `disclosure` entry stands.
    """

    preparation: bytes
    by: str
    digest: bytes = b""
    position: int = 0
    until: datetime.date | None = None
    closed: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True)
class SendBack:
    """A second person does not release it."""

    preparation: bytes
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    """The last day of publication is over."""

    digest: bytes
    position: int = 0


Command: TypeAlias = Prepare | Release | SendBack | Expire


def evolve(record: Record, act: bytes, fact: Fact) -> Record:
    """The record after an act of its own; `act` is the event's id. Never fails: what is odd is kept as it was."""
    match fact:
        case DisclosurePrepared():
            digest = b"" if fact.snapshot_hash is UNSET else fact.snapshot_hash
            known = record if record.status != "new" else _about(record, fact)
            return replace(known, pending=Pending(act, fact.proposes, fact.prepared_by, digest, fact), returned="")
        case DisclosureReturned():
            return replace(record, pending=None, returned=fact.reason)
        case DisclosurePublished():
            return replace(
                _about(record, fact), status="published", revision=1, published_on=fact.published_on,
                until=_date(fact.until), digest=fact.snapshot_hash, pending=None, returned="",
            )  # fmt: skip
        case DisclosureCorrected():
            until = record.until if fact.until is UNSET else fact.until
            return replace(
                record, status="corrected", revision=record.revision + 1, until=until, digest=fact.snapshot_hash,
                pending=None, returned="",
            )  # fmt: skip
        case DisclosureWithdrawn():
            digest = record.digest if fact.snapshot_hash is UNSET else fact.snapshot_hash
            return replace(record, status="withdrawn", revision=record.revision + 1, digest=digest, pending=None)
        case DisclosureExpired():
            return replace(
                record, status="expired", revision=record.revision + 1, digest=fact.snapshot_hash, pending=None
            )
        case DisclosureWithheld():
            return replace(record, status="withheld", pending=None, returned="")
        case _:
            assert_never(fact)


def decide(record: Record, command: Command, day: datetime.date) -> Fact:
    """The act that a command brings about on a day. Raises Problem conflict (with `gates`), bad_request."""
    match command:
        case Prepare():
            return _prepare(record, command)
        case Release():
            return _release(record, command, day)
        case SendBack():
            pending = _looked_at(record, command.preparation)
            return DisclosureReturned(
                record_id=record.id, case_id=record.case_id or UNSET, task_id=record.task_id or UNSET,
                draw_id=record.draw_id or UNSET,
                preparation=pending.id, reason=_reason(command.reason), returned_by=command.by,
            )  # fmt: skip
        case Expire():
            if record.status not in STANDING or record.until is None:
                raise closed_by(NOT_STANDING)
            if record.until >= day:
                raise refused(
                    "conflict", f"公示期至 {record.until}，尚未届满。", f"it stays public until {record.until}"
                )
            return DisclosureExpired(
                record_id=record.id, case_id=record.case_id or UNSET, task_id=record.task_id or UNSET,
                draw_id=record.draw_id or UNSET,
                until=record.until, expired_on=day, snapshot_hash=command.digest, position=command.position,
            )  # fmt: skip
        case _:
            assert_never(command)


def closed_by(*gates: Gate) -> Problem:
    """The refusal that names closed gates."""
    told = [{"rule": one.rule, "zh": one.zh, "en": one.en} for one in gates]
    return Problem("conflict", f"closed: {', '.join(dict.fromkeys(one.rule for one in gates))}", gates=told)


def barred(record: Record, proposes: Proposes) -> tuple[Gate, ...]:
    """The gates that the record's own life closes to a proposal."""
    match proposes:
        case "publish" | "withhold":
            match record.status:
                case "new":
                    return ()
                case "withheld":
                    return (WITHHELD,)
                case "published" | "corrected":
                    return (STANDS,)
                case "withdrawn" | "expired":
                    return (GONE,)
                case _:
                    assert_never(record.status)
        case "correct" | "withdraw":
            if record.status in STANDING:
                return ()
            return (GONE,) if record.status in ("withdrawn", "expired") else (NOT_STANDING,)
        case _:
            assert_never(proposes)


def _prepare(record: Record, command: Prepare) -> DisclosurePrepared:
    gates = (*barred(record, command.proposes), *command.closed)
    if gates:
        raise closed_by(*gates)
    reason = _reason(command.reason) if command.proposes != "publish" else ""
    ground = _ground(command)
    return DisclosurePrepared(
        record_id=record.id,
        proposes=command.proposes,
        subject=command.subject,
        feed=command.feed,
        case_id=command.case_id or UNSET,
        task_id=command.task_id or UNSET,
        draw_id=command.draw_id or UNSET,
        document_no=command.document_no or UNSET,
        decision=command.decision or UNSET,
        codes=command.codes,
        withheld=tuple(WithheldField(code=code, rule=rule) for code, rule in command.withheld[:128]),
        redaction_version=command.redaction_version,
        snapshot_hash=command.digest or UNSET,
        ground=ground,
        reason=reason or UNSET,
        alteration=command.alteration or UNSET,
        months=command.months or UNSET,
        prepared_by=command.by,
    )


def _release(record: Record, command: Release, day: datetime.date) -> Fact:
    pending = _looked_at(record, command.preparation)
    gates = (*barred(record, pending.proposes), *second_person(pending, command.by), *command.closed)
    if gates:
        raise closed_by(*gates)
    body = pending.body
    fields = tuple(PublishedField(code=code) for code in body.codes)
    match pending.proposes:
        case "publish":
            return DisclosurePublished(
                record_id=record.id, case_id=body.case_id, task_id=body.task_id, draw_id=body.draw_id,
                document_no=body.document_no,
                feed=body.feed, subject=body.subject, fields=fields, redaction_version=body.redaction_version,
                snapshot_hash=command.digest, prepared_by=pending.by, approver=command.by, published_on=day,
                until=command.until or UNSET, decision=body.decision, preparation=pending.id, position=command.position,
            )  # fmt: skip
        case "correct":
            return DisclosureCorrected(
                record_id=record.id, case_id=body.case_id, task_id=body.task_id, draw_id=body.draw_id, fields=fields,
                redaction_version=body.redaction_version, snapshot_hash=command.digest, corrected_on=day,
                reason=_given(body.reason), approver=command.by, prepared_by=pending.by, preparation=pending.id,
                position=command.position, until=command.until or UNSET,
            )  # fmt: skip
        case "withdraw":
            ground = next(one for one in WITHDRAWALS if one == body.ground)
            return DisclosureWithdrawn(
                record_id=record.id, case_id=body.case_id, task_id=body.task_id, draw_id=body.draw_id,
                withdrawn_on=day, ground=ground,
                reason=_given(body.reason), alteration=body.alteration, approver=command.by, prepared_by=pending.by,
                preparation=pending.id, position=command.position, snapshot_hash=command.digest,
            )  # fmt: skip
        case "withhold":
            why = next(one for one in WITHHOLDINGS if one == body.ground)
            return DisclosureWithheld(
                record_id=record.id, case_id=body.case_id, task_id=body.task_id, draw_id=body.draw_id,
                document_no=body.document_no,
                ground=why, reason=_given(body.reason), withheld_on=day, preparation=pending.id,
                prepared_by=pending.by, approver=command.by,
            )  # fmt: skip
        case _:
            assert_never(pending.proposes)


def second_person(pending: Pending, by: str) -> tuple[Gate, ...]:
    """The gate that keeps one person from doing both (OGI 17)."""
    return (SECOND,) if by == pending.by or not by else ()


def _looked_at(record: Record, preparation: bytes) -> Pending:
    if record.pending is None:
        raise refused(
            "conflict", "没有等待审批的拟稿：已经批准或者退回。",
            "nothing waits for a release: it was released or sent back already",
        )  # fmt: skip
    if record.pending.id != preparation:
        raise refused(
            "conflict", "在此期间重新拟稿，请再核对一次。", "it was prepared anew meanwhile: look at it again"
        )
    return record.pending


def _about(record: Record, fact: DisclosurePrepared | DisclosurePublished) -> Record:
    return replace(
        record,
        subject=fact.subject,
        feed=fact.feed,
        case_id=b"" if fact.case_id is UNSET else fact.case_id,
        task_id=b"" if fact.task_id is UNSET else fact.task_id,
        draw_id=b"" if fact.draw_id is UNSET else fact.draw_id,
        decision=b"" if fact.decision is UNSET else fact.decision,
        document_no="" if fact.document_no is UNSET else fact.document_no,
    )


def _ground(command: Prepare) -> WithdrawalGround | WithholdingGround | UnsetType:
    allowed: Sequence[WithdrawalGround | WithholdingGround]
    match command.proposes:
        case "withdraw":
            allowed = WITHDRAWALS
        case "withhold":
            allowed = WITHHOLDINGS
        case _:
            return UNSET
    found = next((one for one in allowed if one == command.ground), None)
    if found is None:
        raise refused("bad_request", "请选择所列的一种事由。", f"expected a ground out of {', '.join(allowed)}")
    return found


def _reason(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= MAX_REASON or "\0" in text:
        raise refused(
            "bad_request", f"原因应为 1 到 {MAX_REASON} 个字符。", f"expected a reason of 1 to {MAX_REASON} characters"
        )
    return text


def _given(text: str | UnsetType) -> str:
    return "" if text is UNSET else text


def _date(day: datetime.date | UnsetType) -> datetime.date | None:
    return None if day is UNSET else day
