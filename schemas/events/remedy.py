"""Remedies against a decision: reconsideration, suit, and the decision altered (step B18, E42).

While one of them is pending no late fine accrues (INV-26); when a decision is altered its disclosure is withdrawn
(INV-29). The invariant: opening and closing share `remedy_id`, and each names the decision by its printed number.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import DocumentNo, Id, LegalDate, Ref, Text, says
from schemas.events.penalty import PenaltyLine

RemedyOutcome: TypeAlias = Literal[
    "upheld", "altered", "revoked", "unlawful", "invalid", "dismissed", "withdrawn", "mediated", "ordered_to_act"
]
"""How a remedy ends: 维持, 变更, 撤销, 确认违法, 确认无效, 驳回, 撤回, 调解, 责令履行 (ARL 62-69, ALL 69-79)."""


class ReconsiderationOpened(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A reconsideration was accepted (行政复议受理), as the agency learned (ARL 20, 30)."""

    SPEC: ClassVar = Spec(
        name="reconsideration.opened.v1",
        family="E42",
        origin="office",
        step="B18",
        zh="行政复议受理",
        en="Reconsideration opened",
        about_zh="当事人申请行政复议，复议机关已受理。",
        about_en="The party applied for reconsideration and it was accepted.",
        tags=("case", "document"),
    )

    remedy_id: Annotated[Id, says("复议编号", "id of the remedy")]
    case_id: Annotated[Id, says("案件编号", "case of the decision")]
    document_no: Annotated[DocumentNo, says("处罚决定文号", "decision that is attacked")]
    organ: Annotated[Ref, says("复议机关", "government that reconsiders")]
    reference: Annotated[Ref | UnsetType, says("复议案号", "number of the reconsideration")] = UNSET
    applied_on: Annotated[LegalDate | UnsetType, says("申请日期", "date of the application", "ARL 20")] = UNSET
    opened_on: Annotated[LegalDate, says("受理日期", "date of acceptance; the late fine stands still", "INV-26")]
    stayed: Annotated[bool | UnsetType, says("是否停止执行", "whether execution is stayed", "ARL 42")] = UNSET


class ReconsiderationClosed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A reconsideration ended (行政复议决定书)."""

    SPEC: ClassVar = Spec(
        name="reconsideration.closed.v1",
        family="E42",
        origin="office",
        step="B18",
        zh="行政复议终结",
        en="Reconsideration closed",
        about_zh="行政复议作出决定或者终止。",
        about_en="A reconsideration was decided or ended otherwise.",
        tags=("case", "document"),
    )

    remedy_id: Annotated[Id, says("复议编号", "id of the remedy")]
    case_id: Annotated[Id, says("案件编号", "case of the decision")]
    outcome: Annotated[RemedyOutcome, says("复议结果", "how it ended", "ARL 62-69")]
    closed_on: Annotated[LegalDate, says("终结日期", "date of the decision; the late fine runs again", "INV-26")]
    served_on: Annotated[
        LegalDate | UnsetType, says("送达日期", "date on which the agency got it; 15 days to sue", "ALL 45")
    ] = UNSET
    reference: Annotated[Ref | UnsetType, says("复议决定文号", "number of the decision on it")] = UNSET
    summary: Annotated[Text | UnsetType, says("结果摘要", "the result in words")] = UNSET


class SuitOpened(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A suit was accepted by the court, in first or later instance (ALL 45, 46)."""

    SPEC: ClassVar = Spec(
        name="suit.opened.v1",
        family="E42",
        origin="office",
        step="B18",
        zh="行政诉讼立案",
        en="Suit opened",
        about_zh="当事人提起行政诉讼，人民法院已立案。",
        about_en="The party sued and the court accepted the suit.",
        tags=("case", "document"),
    )

    remedy_id: Annotated[Id, says("诉讼编号", "id of the remedy")]
    case_id: Annotated[Id, says("案件编号", "case of the decision")]
    document_no: Annotated[DocumentNo, says("处罚决定文号", "decision that is attacked")]
    court: Annotated[Ref, says("受理法院", "court of the suit")]
    instance: Annotated[Literal["first", "second", "retrial"], says("审级", "first, second or again")]
    reference: Annotated[Ref | UnsetType, says("法院案号", "number of the court's case")] = UNSET
    opened_on: Annotated[LegalDate, says("立案日期", "date of acceptance; the late fine stands still", "INV-26")]
    stayed: Annotated[bool | UnsetType, says("是否停止执行", "whether execution is stayed", "ALL 56")] = UNSET


class SuitClosed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A suit ended with a judgement or otherwise (ALL 69-79)."""

    SPEC: ClassVar = Spec(
        name="suit.closed.v1",
        family="E42",
        origin="office",
        step="B18",
        zh="行政诉讼终结",
        en="Suit closed",
        about_zh="行政诉讼作出生效裁判或者终结。",
        about_en="A suit ended with a judgement or otherwise.",
        tags=("case", "document"),
    )

    remedy_id: Annotated[Id, says("诉讼编号", "id of the remedy")]
    case_id: Annotated[Id, says("案件编号", "case of the decision")]
    outcome: Annotated[RemedyOutcome, says("裁判结果", "how it ended", "ALL 69-79")]
    closed_on: Annotated[LegalDate, says("终结日期", "date from which it holds; the late fine runs again", "INV-26")]
    reference: Annotated[Ref | UnsetType, says("裁判文书号", "number of the judgement")] = UNSET
    head_appeared: Annotated[
        bool | UnsetType, says("负责人是否出庭", "whether a head of the agency appeared", "ALL 3")
    ] = UNSET
    summary: Annotated[Text | UnsetType, says("结果摘要", "the result in words")] = UNSET


class DecisionAltered(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A decision was changed, revoked, or declared unlawful or invalid; disclosure is withdrawn in three working days.

    By the agency itself, by reconsideration or by a court (PPL 48, ARL 62-69, ALL 69-79).
    """

    SPEC: ClassVar = Spec(
        name="decision.altered.v1",
        family="E42",
        origin="office",
        step="B18",
        zh="决定变更、撤销、确认违法或无效",
        en="Decision altered",
        about_zh="行政决定被变更、撤销、确认违法或者确认无效。",
        about_en="A decision was changed, revoked, or declared unlawful or invalid.",
        tags=("case", "enterprise", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the decision")]
    target_document_no: Annotated[DocumentNo, says("原决定文号", "decision that is altered")]
    document_no: Annotated[
        DocumentNo | UnsetType, says("文号", "number of the agency's own decision to alter it", "INV-33")
    ] = UNSET
    by: Annotated[Literal["self", "superior", "reconsideration", "court"], says("变更主体", "who altered it", "PPL 48")]
    effect: Annotated[
        Literal["changed", "revoked", "unlawful", "invalid"], says("变更效果", "what became of it", "INV-29")
    ]
    penalties: Annotated[
        tuple[PenaltyLine, ...], Meta(min_length=1, max_length=32), says("变更后的处罚", "what holds instead")
    ] = ()
    effective_on: Annotated[LegalDate, says("生效日期", "date from which it holds; three working days", "INV-29")]
    remedy_id: Annotated[Id | UnsetType, says("救济编号", "reconsideration or suit that altered it")] = UNSET
    reference: Annotated[Ref | UnsetType, says("依据文号", "number of the paper that altered it")] = UNSET
    reason: Annotated[Text | UnsetType, says("理由", "why, as it can be published", "PPL 48")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (
    ReconsiderationOpened,
    ReconsiderationClosed,
    SuitOpened,
    SuitClosed,
    DecisionAltered,
)
"""The types of this module, in the order of the process."""
