"""Event types: what a terminal or the office can report, one frozen class for each type and version.

`REGISTRY` is closed: it is built from the tuple below and from nothing else. A new type is a class in one of the
modules beside this file and its name in `BUILT_IN`; schema and lock line are generated (`liuhen schemas --write`).
The invariant: a published type never changes; what must change becomes the next version (schemas/events.lock).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.events.accident import AccidentEvaluationPublished, AccidentReportApproved, AccidentReported
from schemas.events.appraisal import AppraisalCommissioned, AppraisalReceived
from schemas.events.archive import CaseFileArchived
from schemas.events.body import Act, Body, Origin, Part, Spec
from schemas.events.case import CaseClosed, CaseFiled, InvestigationConcluded
from schemas.events.certificate import CertificateRecorded, CertificateStatusChanged
from schemas.events.compulsory import (
    CompulsoryMeasureEnded,
    CompulsoryMeasureExtended,
    CompulsoryMeasureImposed,
    CompulsoryMeasureReported,
)
from schemas.events.correction import BackfillApproved, PrivateValueRevealed, RecordCorrected
from schemas.events.decision import DailyPenaltyDecided, NoPenaltyDecided
from schemas.events.disclosure import DisclosureCorrected, DisclosurePublished, DisclosureWithdrawn
from schemas.events.discussion import CollectiveDiscussionHeld
from schemas.events.document import DocumentServed
from schemas.events.document_number import (
    DocumentNumberIssued,
    DocumentNumbersReserved,
    DocumentNumbersReturned,
    DocumentNumberVoided,
)
from schemas.events.draft import DecisionDrafted
from schemas.events.enterprise import EnterpriseProfiled, SupervisingBodyAssigned, SupervisingBodyEnded
from schemas.events.evidence import EvidenceCaptured, RecordingCaptured
from schemas.events.execution import (
    ClosureRequested,
    CourtEnforcementApplied,
    CourtEnforcementRuled,
    EnforcementDemandServed,
    LateFineDecided,
)
from schemas.events.filing import CaseHandlersChanged, CaseNotFiled, CasePeriodExtended, CaseResumed, CaseSuspended
from schemas.events.hazard import HazardClosed, HazardFound
from schemas.events.hearing import HearingHeld, HearingNoticeServed, HearingRequested, HearingWithdrawn
from schemas.events.inspection_record import InspectionRecordSigned
from schemas.events.interview import InterviewRecorded
from schemas.events.major_hazard import MajorHazardDelisted, MajorHazardListed
from schemas.events.on_site import CredentialsShown, SiteEntered
from schemas.events.on_site_measure import OnSiteMeasureLifted, OnSiteMeasureOrdered
from schemas.events.on_spot import CashDeposited, OnSpotPenaltyDecided, OnSpotPenaltyFiled
from schemas.events.oversight import (
    ExternalRecordReceived,
    InterestDeclared,
    InterferenceRecorded,
    PeriodicReportSubmitted,
)
from schemas.events.payment import FineDeferralDecided, FineDeferralRequested
from schemas.events.penalty import DefenceRecorded, FinePaymentRecorded, PenaltyDecided, PenaltyNoticeServed
from schemas.events.plan import (
    PlanApproved,
    PlanFiled,
    PlanRevisionApproved,
    PlanRevisionDecided,
    RandomSelectionDrawn,
)
from schemas.events.power_cut import PowerCutEnded, PowerCutOrdered
from schemas.events.preservation import EvidencePreservationDisposed, EvidencePreservationOrdered
from schemas.events.rectification import (
    RectificationExtensionDecided,
    RectificationOrdered,
    RectificationReported,
    ReinspectionConcluded,
)
from schemas.events.recusal import RecusalDecided, RecusalRequested
from schemas.events.registry import EventType, InvalidBody, Listed, Registry, body_json, encode_canonical
from schemas.events.remedy import DecisionAltered, ReconsiderationClosed, ReconsiderationOpened, SuitClosed, SuitOpened
from schemas.events.review import LegalReviewConcluded, LegalReviewRequested, LegalReviewReturned, LegalReviewWithdrawn
from schemas.events.rule_set import RuleSetPublished
from schemas.events.signals import SignalDisputed, SignalResolved
from schemas.events.task import (
    InspectionResultTold,
    TalkHeld,
    TaskApproved,
    TaskAssigned,
    TaskCancelled,
    TaskConcluded,
    TaskOfficersChanged,
)
from schemas.events.terminal import (
    NoDeviceZoneDeclared,
    TerminalClockChecked,
    TerminalEnrolled,
    TerminalFaultReported,
    TerminalForkResolved,
    TerminalRecordLost,
    TerminalReleased,
    TerminalRevoked,
)
from schemas.events.tip import TipAssigned, TipConcluded, TipReceived
from schemas.events.transfer import TransferAnswered, TransferDecided, TransferDelivered, TransferProposed

__all__ = [
    "BUILT_IN",
    "REGISTRY",
    "Act",
    "Body",
    "EventType",
    "InvalidBody",
    "Listed",
    "Origin",
    "Part",
    "Registry",
    "Spec",
    "body_json",
    "decode_body",
    "encode_canonical",
    "list_types",
    "lookup",
]

BUILT_IN: Final[tuple[type[Body], ...]] = (
    TerminalEnrolled,
    TerminalRevoked,
    TerminalReleased,
    TerminalForkResolved,
    TerminalClockChecked,
    TerminalRecordLost,
    TerminalFaultReported,
    NoDeviceZoneDeclared,
    CertificateRecorded,
    CertificateStatusChanged,
    EnterpriseProfiled,
    SupervisingBodyAssigned,
    SupervisingBodyEnded,
    RuleSetPublished,
    DocumentNumbersReserved,
    DocumentNumberIssued,
    DocumentNumberVoided,
    DocumentNumbersReturned,
    PlanApproved,
    PlanFiled,
    PlanRevisionDecided,
    PlanRevisionApproved,
    RandomSelectionDrawn,
    TaskAssigned,
    TaskApproved,
    TaskCancelled,
    TaskOfficersChanged,
    TaskConcluded,
    InspectionResultTold,
    TalkHeld,
    SiteEntered,
    CredentialsShown,
    RecordingCaptured,
    EvidenceCaptured,
    AppraisalCommissioned,
    AppraisalReceived,
    InterviewRecorded,
    HazardFound,
    InspectionRecordSigned,
    OnSiteMeasureOrdered,
    OnSiteMeasureLifted,
    RectificationOrdered,
    RectificationReported,
    RectificationExtensionDecided,
    ReinspectionConcluded,
    HazardClosed,
    MajorHazardListed,
    MajorHazardDelisted,
    CaseFiled,
    InvestigationConcluded,
    PenaltyNoticeServed,
    DefenceRecorded,
    LegalReviewConcluded,
    PenaltyDecided,
    DocumentServed,
    FinePaymentRecorded,
    CaseClosed,
    CaseNotFiled,
    CaseHandlersChanged,
    CasePeriodExtended,
    CaseSuspended,
    CaseResumed,
    RecusalRequested,
    RecusalDecided,
    EvidencePreservationOrdered,
    EvidencePreservationDisposed,
    CompulsoryMeasureImposed,
    CompulsoryMeasureReported,
    CompulsoryMeasureExtended,
    CompulsoryMeasureEnded,
    PowerCutOrdered,
    PowerCutEnded,
    DecisionDrafted,
    HearingRequested,
    HearingWithdrawn,
    HearingNoticeServed,
    HearingHeld,
    LegalReviewRequested,
    LegalReviewReturned,
    LegalReviewWithdrawn,
    CollectiveDiscussionHeld,
    NoPenaltyDecided,
    DailyPenaltyDecided,
    OnSpotPenaltyDecided,
    OnSpotPenaltyFiled,
    CashDeposited,
    FineDeferralRequested,
    FineDeferralDecided,
    EnforcementDemandServed,
    LateFineDecided,
    CourtEnforcementApplied,
    CourtEnforcementRuled,
    ClosureRequested,
    TransferProposed,
    TransferDecided,
    TransferDelivered,
    TransferAnswered,
    ReconsiderationOpened,
    ReconsiderationClosed,
    SuitOpened,
    SuitClosed,
    DecisionAltered,
    CaseFileArchived,
    DisclosurePublished,
    DisclosureCorrected,
    DisclosureWithdrawn,
    TipReceived,
    TipAssigned,
    TipConcluded,
    AccidentReported,
    AccidentReportApproved,
    AccidentEvaluationPublished,
    InterferenceRecorded,
    InterestDeclared,
    PeriodicReportSubmitted,
    ExternalRecordReceived,
    RecordCorrected,
    BackfillApproved,
    PrivateValueRevealed,
    SignalDisputed,
    SignalResolved,
)

REGISTRY: Final = Registry(BUILT_IN)


def lookup(name: str) -> EventType | None:
    """Return the built-in type of that name, or None."""
    return REGISTRY.lookup(name)


def decode_body(name: str, body: Mapping[str, object] | bytes | bytearray | memoryview) -> Body:
    """Read a body of a built-in type. Raises KeyError for an unknown type and InvalidBody."""
    return REGISTRY.decode_body(name, body)


def list_types() -> list[Listed]:
    """List the built-in types: type, family, origin and title in zh and en, sorted by family and name."""
    return REGISTRY.list_types()
