"""Legal review of major enforcement decisions (重大执法决定法制审核) concluded (E34).

The invariant: a review is bound to the exact draft by its hash; a changed draft is unreviewed (INV-17).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, Id, Instant, LegalDate, Line, Ref, Text, says


class ReviewItem(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One of the ten items that the reviewer answers (handbook 3.3)."""

    item: Annotated[
        Literal[
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
        ],
        says("审核事项", "which item"),
    ]
    answer: Annotated[Literal["pass", "problem", "not_applicable"], says("审核结论", "what the reviewer found")]
    text: Annotated[Text | UnsetType, says("说明", "explanation, due if there is a problem")] = UNSET


class CorrectionAsked(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is to be put right: which record, which field of it, and what is wrong."""

    event: Annotated[Id, says("需更正的事件", "event id of the record that is to be corrected")]
    field: Annotated[
        Ref | UnsetType, says("字段", "path of the field, e.g. $.start; absent: the record as a whole")
    ] = UNSET
    text: Annotated[Line, says("更正要求", "what is wrong with it, and what is asked for")]


class LegalReviewConcluded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A reviewer of the legal unit gave the opinion (step B11, PPL 58). A terminal can only claim it."""

    SPEC: ClassVar = Spec(
        name="legal_review.concluded.v1",
        family="E34",
        origin="office",
        step="B11",
        zh="法制审核",
        en="Legal review concluded",
        about_zh="法制审核人员对重大执法决定草案作出审核意见。",
        about_en="A legal reviewer gave an opinion on the draft of a major enforcement decision.",
        tags=("case",),
    )

    review_id: Annotated[Id, says("审核编号", "id of the review")]
    case_id: Annotated[Id, says("案件编号", "case whose draft was reviewed")]
    reviewer: Annotated[Ref, says("审核人", "officer id; not a handler of the case", "INV-18")]
    unit: Annotated[Ref | UnsetType, says("审核机构", "unit of the reviewer", "INV-18")] = UNSET
    assisted_by: Annotated[
        tuple[Ref, ...],
        Meta(min_length=1, max_length=8),
        says("参与的法律顾问", "advisers who took part; none decides"),
    ] = ()
    draft_hash: Annotated[Digest, says("决定草案摘要", "SHA-256 of the draft that was reviewed", "INV-17")]
    items: Annotated[
        tuple[ReviewItem, ...], Meta(min_length=1, max_length=10), says("审核清单", "the items answered, each once")
    ] = ()
    outcome: Annotated[
        Literal["passed", "returned_for_correction", "rejected", "transfer_suggested"],
        says("审核结果", "only `passed` lets the decision go on", "INV-17"),
    ]
    opinion: Annotated[Text | UnsetType, says("审核意见", "the opinion in words")] = UNSET
    catalogue_version: Annotated[
        Ref | UnsetType, says("审核目录版本", "version of the review catalogue that was applied", "INV-17")
    ] = UNSET
    requested_at: Annotated[Instant | UnsetType, says("送审时刻", "instant of the request, ms")] = UNSET
    concluded_at: Annotated[Instant, says("审核完成时刻", "instant of the opinion, ms", "INV-17")]
    corrections: Annotated[
        tuple[CorrectionAsked, ...], Meta(min_length=1, max_length=64), says("需更正事项", "records to be corrected")
    ] = ()


class LegalReviewRequested(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The handling unit sent a draft to the legal unit (法制审核送审表, step B11)."""

    SPEC: ClassVar = Spec(
        name="legal_review.requested.v1",
        family="E34",
        origin="office",
        step="B11",
        zh="法制审核送审",
        en="Legal review requested",
        about_zh="承办机构将决定草案及材料送法制机构审核。",
        about_en="The handling unit sent a draft with its materials to the legal unit for review.",
        tags=("case",),
    )

    review_id: Annotated[Id, says("审核编号", "id of the review")]
    case_id: Annotated[Id, says("案件编号", "case whose draft is to be reviewed")]
    draft_hash: Annotated[Digest, says("决定草案摘要", "SHA-256 of the draft", "INV-17")]
    requested_at: Annotated[Instant, says("送审时刻", "instant of the request, ms")]
    requested_by: Annotated[Ref, says("送审人", "officer id of who sent it")]
    requesting_unit: Annotated[Ref | UnsetType, says("送审机构", "unit of the handlers", "INV-18")] = UNSET
    unit: Annotated[Ref | UnsetType, says("审核机构", "legal unit that is asked", "INV-18")] = UNSET
    trigger: Annotated[
        Literal["public_interest", "hearing", "complex", "catalogue", "voluntary"] | UnsetType,
        says("送审事由", "which condition calls for the review", "PPL 58"),
    ] = UNSET
    materials: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("送审材料", "what was handed over with the draft")
    ] = ()
    repeats: Annotated[Id | UnsetType, says("前次审核编号", "review that is asked to be done again")] = UNSET


class LegalReviewAssigned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A review that was asked for got its reviewer; assigned again, it goes over to another one."""

    SPEC: ClassVar = Spec(
        name="legal_review.assigned.v1",
        family="E34",
        origin="office",
        step="B11",
        zh="法制审核分派",
        en="Legal review assigned",
        about_zh="法制机构将送审件分派给审核人员。",
        about_en="A review that was asked for was given to a reviewer.",
        tags=("case",),
    )

    review_id: Annotated[Id, says("审核编号", "id of the review")]
    case_id: Annotated[Id, says("案件编号", "case whose draft is to be reviewed")]
    reviewer: Annotated[Ref, says("审核人", "officer id of who is to review it; no handler of the case", "INV-18")]
    unit: Annotated[Ref | UnsetType, says("审核机构", "unit of the reviewer", "INV-18")] = UNSET
    assigned_by: Annotated[Ref, says("分派人", "officer id of who assigned it")]
    assigned_at: Annotated[Instant, says("分派时刻", "instant of the assignment, ms")]
    due_on: Annotated[LegalDate | UnsetType, says("审核期限", "last day for the opinion, by local rule")] = UNSET
    reason: Annotated[Line | UnsetType, says("分派说明", "why, if it goes over to another one")] = UNSET


class LegalReviewReturned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The legal unit gave the materials back without an opinion, because something was missing."""

    SPEC: ClassVar = Spec(
        name="legal_review.returned.v1",
        family="E34",
        origin="office",
        step="B11",
        zh="法制审核退回补正",
        en="Legal review returned",
        about_zh="送审材料不齐，法制机构退回补正，未作审核意见。",
        about_en="The legal unit gave incomplete materials back without an opinion.",
        tags=("case",),
    )

    review_id: Annotated[Id, says("审核编号", "id of the review")]
    case_id: Annotated[Id, says("案件编号", "case whose draft was to be reviewed")]
    reviewer: Annotated[Ref, says("审核人", "officer id of the reviewer")]
    missing: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("需补正材料", "what is missing or wrong")
    ] = ()
    reason: Annotated[Text, says("退回理由", "why it was given back")]
    returned_at: Annotated[Instant, says("退回时刻", "instant of the return, ms")]
    corrections: Annotated[
        tuple[CorrectionAsked, ...], Meta(min_length=1, max_length=64), says("需更正事项", "records to be corrected")
    ] = ()


class LegalReviewWithdrawn(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The handling unit took its draft back before there was an opinion."""

    SPEC: ClassVar = Spec(
        name="legal_review.withdrawn.v1",
        family="E34",
        origin="office",
        step="B11",
        zh="撤回送审",
        en="Legal review withdrawn",
        about_zh="承办机构在审核意见作出前撤回送审。",
        about_en="The handling unit took its draft back before there was an opinion.",
        tags=("case",),
    )

    review_id: Annotated[Id, says("审核编号", "id of the review")]
    case_id: Annotated[Id, says("案件编号", "case whose draft was to be reviewed")]
    withdrawn_at: Annotated[Instant, says("撤回时刻", "instant of the withdrawal, ms")]
    withdrawn_by: Annotated[Ref, says("撤回人", "officer id of who took it back")]
    reason: Annotated[Text, says("撤回理由", "why")]


TYPES: Final[tuple[type[Body], ...]] = (
    LegalReviewConcluded,
    LegalReviewRequested,
    LegalReviewAssigned,
    LegalReviewReturned,
    LegalReviewWithdrawn,
)
"""The types of this module, in the order of the process."""
