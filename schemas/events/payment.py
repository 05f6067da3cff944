"""Fines put off or paid in instalments (延期（分期）缴纳罚款, step B16, PPL 66) (E39).

The invariant: a decision states the last day of every part, so that the payment deadline follows from it alone.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import DocumentNo, Fen, Id, LegalDate, Ref, Text, says


class Instalment(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a fine."""

    due_on: Annotated[LegalDate, says("缴纳期限", "last day for this part", "PPL 66")]
    amount_fen: Annotated[Fen, says("金额（分）", "amount of this part, fen")]


class FineDeferralRequested(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A party in real difficulty asked to pay later or in instalments."""

    SPEC: ClassVar = Spec(
        name="fine_deferral.requested.v1",
        family="E39",
        origin="both",
        step="B16",
        zh="申请延期（分期）缴纳罚款",
        en="Fine deferral requested",
        about_zh="当事人因经济困难申请延期或者分期缴纳罚款。",
        about_en="A party in difficulty asked to pay a fine later or in instalments.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the fine")]
    document_no: Annotated[DocumentNo, says("处罚决定文号", "number of the decision that is to be paid")]
    kind: Annotated[Literal["deferral", "instalments"], says("申请种类", "later, or in parts", "PPL 66")]
    requested_on: Annotated[LegalDate, says("申请日期", "date of the request")]
    until: Annotated[LegalDate | UnsetType, says("申请延至", "last day that the party asks for")] = UNSET
    reason: Annotated[Text, says("申请理由", "the difficulty in words, without personal data", "PPL 66")]


class FineDeferralDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The agency decided on such a request (延期（分期）缴纳罚款批准书)."""

    SPEC: ClassVar = Spec(
        name="fine_deferral.decided.v1",
        family="E39",
        origin="office",
        step="B16",
        zh="延期（分期）缴纳罚款决定",
        en="Fine deferral decided",
        about_zh="行政机关对延期或者分期缴纳罚款的申请作出决定。",
        about_en="The agency decided on a request to pay later or in instalments.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the fine")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the approval as printed", "INV-33")] = UNSET
    decision_no: Annotated[DocumentNo, says("处罚决定文号", "number of the decision that is to be paid")]
    granted: Annotated[bool, says("是否批准", "whether it was granted", "PPL 66")]
    until: Annotated[LegalDate | UnsetType, says("延至", "new last day for the whole", "PPL 66, INV-39")] = UNSET
    instalments: Annotated[
        tuple[Instalment, ...], Meta(min_length=1, max_length=64), says("分期安排", "the parts, if in parts", "PPL 66")
    ] = ()
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision")]
    reason: Annotated[Text | UnsetType, says("理由", "why")] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]


TYPES: Final[tuple[type[Body], ...]] = (FineDeferralRequested, FineDeferralDecided)
"""The types of this module, in the order of the process."""
