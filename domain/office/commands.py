"""What officers may ask for at the desk: one frozen struct for each act, checked when it is read (imperative).

Ids are text of 36 characters and digests 64 hexadecimal digits, as forms and JSON have them; dates are legal dates,
money integer fen. The invariant: nothing is named here that the server works out itself: hash, version, number, party,
who acts and when.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from schemas.events.enterprise import Level
from schemas.events.penalty import PenaltyKind, ServiceMethod
from schemas.events.plan import LeftOut, PlanChange, PlanFigures, PlanFile, PlanItem

_PLAIN: Final = r"^[^\u0000]*$"
Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", max_length=36)]
Hex = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=_PLAIN)]
Short = Annotated[str, Meta(max_length=128, pattern=_PLAIN)]
Line = Annotated[str, Meta(min_length=1, max_length=500, pattern=_PLAIN)]
MaybeLine = Annotated[str, Meta(max_length=500, pattern=_PLAIN)]
Text = Annotated[str, Meta(min_length=1, max_length=10_000, pattern=_PLAIN)]
MaybeText = Annotated[str, Meta(max_length=10_000, pattern=_PLAIN)]
Fen = Annotated[int, Meta(ge=0, le=2**53 - 1)]

Answer: TypeAlias = Literal["pass", "problem", "not_applicable"]
Outcome: TypeAlias = Literal["passed", "returned_for_correction", "rejected", "transfer_suggested"]
Item: TypeAlias = Literal[
    "body_competent",
    "officers_qualified",
    "procedure_lawful",
    "facts_clear",
    "evidence_sufficient",
    "law_applied_correctly",
    "discretion_proper",
    "within_powers",
    "documents_complete",
    "crime_referral",
]
ITEMS: Final[tuple[Item, ...]] = (
    "body_competent",
    "officers_qualified",
    "procedure_lawful",
    "facts_clear",
    "evidence_sufficient",
    "law_applied_correctly",
    "discretion_proper",
    "within_powers",
    "documents_complete",
    "crime_referral",
)
"""The ten points of the review, in the order of the form (handbook 3.3)."""


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a command."""


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act that is asked for."""


class Penalty(Part, frozen=True, kw_only=True):
    """One penalty of a draft; `amount_fen` where it is a sum."""

    kind: PenaltyKind
    amount_fen: Fen | None = None
    object: MaybeLine = ""
    until: datetime.date | None = None


class Benchmark(Part, frozen=True, kw_only=True):
    """The discretion benchmark that is applied."""

    id: Name
    version: Name
    tier: Name
    low_fen: Fen | None = None
    high_fen: Fen | None = None


class DraftDecision(Command, frozen=True, kw_only=True):
    """Write a version of the decision. The party is that of the filing; version and hash are worked out."""

    facts: Text
    bases: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=64)]
    penalties: Annotated[tuple[Penalty, ...], Meta(min_length=1, max_length=32)]
    evidence: Annotated[tuple[Hex, ...], Meta(max_length=500)] = ()
    benchmark: Benchmark | None = None
    outside_reason: MaybeText = ""
    remedies_text: MaybeText = ""
    explanation: MaybeText = ""


class RequestReview(Command, frozen=True, kw_only=True):
    """Send the newest draft to the legal unit."""

    draft_hash: Hex
    trigger: Literal["public_interest", "hearing", "complex", "catalogue", "voluntary"] | None = None
    requesting_unit: Short = ""
    unit: Short = ""
    materials: Annotated[tuple[Line, ...], Meta(max_length=64)] = ()


class AssignReview(Command, frozen=True, kw_only=True):
    """Give a review to a reviewer, or over to another one."""

    review: Uuid
    reviewer: Name
    unit: Short = ""
    due_on: datetime.date | None = None
    reason: MaybeLine = ""


class Correction(Part, frozen=True, kw_only=True):
    """A record that is to be put right, a field of it perhaps, and what is asked for."""

    event: Uuid
    field: Short = ""
    text: Line


class AskForCorrection(Command, frozen=True, kw_only=True):
    """Give a draft back without an opinion: something is missing or must be corrected first."""

    review: Uuid
    reason: Text
    missing: Annotated[tuple[Line, ...], Meta(max_length=64)] = ()
    corrections: Annotated[tuple[Correction, ...], Meta(max_length=64)] = ()


class Answered(Part, frozen=True, kw_only=True):
    """The answer to one of the ten points, with the opinion on it."""

    item: Item
    answer: Answer
    text: MaybeText = ""


class ConcludeReview(Command, frozen=True, kw_only=True):
    """Give the opinion on the draft with that hash: the ten points, and what comes of them."""

    review: Uuid
    draft_hash: Hex
    outcome: Outcome
    items: Annotated[tuple[Answered, ...], Meta(max_length=10)]
    opinion: Text
    unit: Short = ""
    assisted_by: Annotated[tuple[Name, ...], Meta(max_length=8)] = ()
    corrections: Annotated[tuple[Correction, ...], Meta(max_length=64)] = ()


class WithdrawReview(Command, frozen=True, kw_only=True):
    """Take a draft back before there is an opinion."""

    review: Uuid
    reason: Text


class Said(Part, frozen=True, kw_only=True):
    """What one member said in the discussion."""

    member: Name
    view: Literal["agree", "disagree", "abstain"]
    text: MaybeText = ""


class HoldDiscussion(Command, frozen=True, kw_only=True):
    """Record that the heads discussed the draft with that hash."""

    draft_hash: Hex
    held_on: datetime.date
    host: Name
    principal: Name
    recorder: Name
    opinions: Annotated[tuple[Said, ...], Meta(min_length=1, max_length=32)]
    absent: Annotated[tuple[Name, ...], Meta(max_length=32)] = ()
    outcome: Literal["as_proposed", "changed", "no_penalty", "investigate_further", "transfer"]
    decision: Text
    principal_against_majority: bool = False
    principal_dissent_reason: MaybeText = ""


class Decide(Command, frozen=True, kw_only=True):
    """Make the decision of the draft with that hash, with its number. `front` is printed before the document word."""

    draft_hash: Hex
    front: Short = ""
    seal_ref: Short = ""
    party_present: bool | None = None
    pay_by: datetime.date | None = None


class ServeDocument(Command, frozen=True, kw_only=True):
    """Record that a document was served by the office."""

    document_no: Name
    method: ServiceMethod
    served_on: datetime.date
    recipient: Short = ""
    witness: Short = ""
    place: MaybeLine = ""
    tracking_no: Short = ""
    notice_reason: MaybeLine = ""
    electronic_consent: bool | None = None


class HoldHearing(Command, frozen=True, kw_only=True):
    """Record that the hearing was held, or that the party stayed away."""

    held_on: datetime.date
    chair: Name
    recorder: Short = ""
    public: bool
    closed_reason: MaybeLine = ""
    absent_waiver: bool
    record_hash: Hex
    opinion: MaybeText = ""


class ApplyToCourt(Command, frozen=True, kw_only=True):
    """Apply to the court for enforcement of a decision."""

    document_no: Name
    decision_no: Name
    demand_no: Short = ""
    court: Name
    applied_on: datetime.date
    amount_fen: Fen | None = None
    seal_ref: Short = ""


class ApproveCorrection(Command, frozen=True, kw_only=True):
    """Approve a correction that was submitted: it holds from then on."""

    submitted: Uuid
    reason: Line


class CloseCase(Command, frozen=True, kw_only=True):
    """Close the case on a ground of the rules, or on another one that is explained."""

    ground: Literal["executed", "no_penalty", "unproved", "transferred", "revoked", "terminated", "other"]
    all_fulfilled: bool
    correction_verified: bool | None = None
    document_no: Short = ""
    reason: MaybeText = ""


class ArchiveCase(Command, frozen=True, kw_only=True):
    """Put the file of a closed case into the archive; the volumes are made of what the file holds now."""

    retention: Literal["permanent", "years_30", "years_10"]
    archive_no: Short = ""


class CloseHazard(Command, frozen=True, kw_only=True):
    """Close a hazard after the re-inspection that found it corrected."""

    approver: Short = ""


class DelistHazard(Command, frozen=True, kw_only=True):
    """Take a major hazard off the list, at the level that listed it."""

    level: Level
    document_no: Short = ""
    remark: MaybeLine = ""


class ConcludeTask(Command, frozen=True, kw_only=True):
    """Conclude an inspection; an item of the plan is done only by what was recorded."""

    outcome: Literal["no_problem", "ordered", "case_filed", "transferred", "no_entry"]
    no_entry_reason: Literal["closed", "moved", "refused"] | None = None


class RecordCertificate(Command, frozen=True, kw_only=True):
    """Enter or renew an officer's certificate."""

    certificate_no: Annotated[str, Meta(min_length=1, max_length=30, pattern=_PLAIN)]
    issuer: Name
    valid_from: datetime.date
    valid_to: datetime.date
    categories: Annotated[tuple[Name, ...], Meta(max_length=32)] = ()
    unit: Short = ""
    unit_role: Literal["enforcement", "legal", "other"] | None = None
    replaces: Annotated[str, Meta(max_length=30, pattern=_PLAIN)] = ""
    qualification_no: Short = ""
    qualified_on: datetime.date | None = None
    first_review_on: datetime.date | None = None
    grandfathered: bool | None = None


class ChangeCertificate(Command, frozen=True, kw_only=True):
    """Suspend, revoke, withdraw or restore a certificate from a day on."""

    certificate_no: Annotated[str, Meta(min_length=1, max_length=30, pattern=_PLAIN)]
    status: Literal["active", "suspended", "revoked", "withdrawn", "expired"]
    effective_on: datetime.date
    until: datetime.date | None = None
    reason: Line
    decided_by: Short = ""


class DisputeSignal(Command, frozen=True, kw_only=True):
    """Say why a signal is no fault."""

    signal: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$", max_length=16)]
    grounds: Text
    evidence: Annotated[tuple[Uuid, ...], Meta(max_length=64)] = ()


class ResolveSignal(Command, frozen=True, kw_only=True):
    """Settle a signal, and say why."""

    signal: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$", max_length=16)]
    resolution: Literal["explained", "corrected", "confirmed", "false_alarm"]
    reason: Line
    correction: Uuid | None = None


class DraftPlan(Command, frozen=True, kw_only=True):
    """Draft the plan of a year as it was typed; until one is approved the newest draft counts."""

    year: Annotated[int, Meta(ge=2000, le=2199)]
    items: tuple[PlanItem, ...]
    left_out: tuple[LeftOut, ...] = ()
    figures: PlanFigures | None = None
    file: PlanFile | None = None


class ChangeItem(Part, frozen=True, kw_only=True):
    """One change of an item: of that enterprise; `item` is its id where the plan has several of one enterprise."""

    action: Literal["added", "changed", "removed"]
    enterprise: Name
    kind: Literal["key", "general"] | None = None
    quarter: Annotated[int, Meta(ge=1, le=4)] | None = None
    days: Annotated[int, Meta(ge=0, le=9999)] | None = None
    visits: Annotated[int, Meta(ge=1, le=366)] | None = None
    reason: Line
    item: Uuid | None = None


class ChangeDraft(Command, frozen=True, kw_only=True):
    """Change items of the draft."""

    changes: Annotated[tuple[ChangeItem, ...], Meta(min_length=1, max_length=300)]


class LeaveOut(Command, frozen=True, kw_only=True):
    """Leave an enterprise out of the draft that a criterion names, and say why."""

    enterprise: Name
    reason: Line


class ApprovePlan(Command, frozen=True, kw_only=True):
    """Record that the government of the same level approved the newest draft, and who answers for the plan."""

    approver: Name
    approval_no: Annotated[str, Meta(min_length=1, max_length=64, pattern=_PLAIN)]
    approved_on: datetime.date
    responsible_unit: Short = ""
    responsible: Short = ""


class FilePlan(Command, frozen=True, kw_only=True):
    """Record that the approved plan was reported upward."""

    filed_with: Name
    filed_on: datetime.date
    reference: Short = ""


class RevisePlan(Command, frozen=True, kw_only=True):
    """Decide a change of the approved plan; a major one holds only when it is approved again."""

    decided_on: datetime.date
    changes: Annotated[tuple[ChangeItem, ...], Meta(min_length=1, max_length=300)]
    reason: Line
    major: bool = False


class ImportRevision(Command, frozen=True, kw_only=True):
    """Decide the change that a table of the whole revised plan says, as it was found beside the plan in force."""

    decided_on: datetime.date
    changes: tuple[PlanChange, ...]
    left_out: tuple[LeftOut, ...] = ()
    figures: PlanFigures | None = None
    file: PlanFile | None = None
    reason: Line
    major: bool = False


class ApproveRevision(Command, frozen=True, kw_only=True):
    """Record that a revision was approved again."""

    revision: Uuid
    approver: Name
    approval_no: Annotated[str, Meta(min_length=1, max_length=64, pattern=_PLAIN)]
    approved_on: datetime.date


class AssignItem(Command, frozen=True, kw_only=True):
    """Give an item of the plan to officers, with the scheme that is approved by doing so; `draw` named them."""

    item: Uuid
    draw: Uuid | None = None
    officers: Annotated[tuple[Name, ...], Meta(min_length=2, max_length=16)]
    scheme: Text
    from_on: datetime.date | None = None
    to_on: datetime.date | None = None
    unannounced: bool = False
    trigger: MaybeLine = ""


class ClosePlan(Command, frozen=True, kw_only=True):
    """Close the year. `reason` is why the items that were not done were not."""

    reason: MaybeLine = ""
    remark: MaybeLine = ""


class CancelTask(Command, frozen=True, kw_only=True):
    """Cancel an inspection that was not begun."""

    reason: Line


class AssessEnterprise(Command, frozen=True, kw_only=True):
    """Say whether a criterion of planning holds that no record shows by itself."""

    year: Annotated[int, Meta(ge=2000, le=2199)]
    criterion: Literal["exposed", "weak_management", "well_managed"]
    holds: bool
    reason: Line
    source: Short = ""


class AssignSupervisor(Command, frozen=True, kw_only=True):
    """Determine the one supervising body of an enterprise."""

    agency: Name
    level: Level
    valid_from: datetime.date
    approval_ref: MaybeLine = ""
    reason: Literal["initial", "upgraded", "downgraded", "relocated", "reorganised"] | None = None


class EndSupervision(Command, frozen=True, kw_only=True):
    """End the supervision of an enterprise by a body."""

    agency: Name
    ended_on: datetime.date
    reason: Line


CASE: Final[dict[str, type[Command]]] = {
    "draft": DraftDecision,
    "request-review": RequestReview,
    "assign-review": AssignReview,
    "ask-for-correction": AskForCorrection,
    "conclude-review": ConcludeReview,
    "withdraw-review": WithdrawReview,
    "discuss": HoldDiscussion,
    "decide": Decide,
    "serve": ServeDocument,
    "hold-hearing": HoldHearing,
    "apply-to-court": ApplyToCourt,
    "approve-correction": ApproveCorrection,
    "close": CloseCase,
    "archive": ArchiveCase,
}
"""Acts on a case by their names in addresses."""
HAZARD: Final[dict[str, type[Command]]] = {"close": CloseHazard, "delist": DelistHazard}
TASK: Final[dict[str, type[Command]]] = {"conclude": ConcludeTask, "cancel": CancelTask}
PLAN: Final[dict[str, type[Command]]] = {
    "change": ChangeDraft,
    "leave-out": LeaveOut,
    "approve": ApprovePlan,
    "file": FilePlan,
    "revise": RevisePlan,
    "approve-revision": ApproveRevision,
    "assign": AssignItem,
    "close": ClosePlan,
}
"""Acts on a plan; a draft and a revised plan come as tables (`DraftPlan`, `ImportRevision`), which are no fields."""
ENTERPRISE: Final[dict[str, type[Command]]] = {
    "assess": AssessEnterprise,
    "assign-supervisor": AssignSupervisor,
    "end-supervision": EndSupervision,
}
OFFICER: Final[dict[str, type[Command]]] = {
    "record-certificate": RecordCertificate,
    "change-certificate": ChangeCertificate,
}
SIGNAL: Final[dict[str, type[Command]]] = {"dispute": DisputeSignal, "resolve": ResolveSignal}
