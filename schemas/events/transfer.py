"""Transfers: to the police for a suspected crime, or to another agency (移送, handbook 2.4, steps A18, B6, R310) (E41).

The invariant: proposal, decision, delivery and answer share `transfer_id`; days and hours between them are judged from
the instants given here (INV-28).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Digest, DocumentNo, Id, Instant, LegalDate, Line, Ref, Text, says


class TransferProposed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A special team of two or more reported in writing that the matter is to be transferred (R310 5)."""

    SPEC: ClassVar = Spec(
        name="transfer.proposed.v1",
        family="E41",
        origin="both",
        step="A18",
        zh="提出移送",
        en="Transfer proposed",
        about_zh="专案组书面报告，提出移送公安机关或者其他机关。",
        about_en="It was reported in writing that the matter is to be transferred to the police or another agency.",
        tags=("case", "task", "enterprise"),
    )

    transfer_id: Annotated[Id, says("移送编号", "id of the transfer")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection that it comes from")] = UNSET
    kind: Annotated[Literal["crime", "agency"], says("移送种类", "suspected crime, or another agency's matter")]
    recipient: Annotated[Ref, says("接收机关", "police or agency")]
    suspicion: Annotated[Line | UnsetType, says("涉嫌罪名或事项", "crime or matter that is suspected")] = UNSET
    team: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("专案组成员", "officer ids, two or more", "R310 5")
    ]
    report_hash: Annotated[Digest | UnsetType, says("书面报告摘要", "SHA-256 of the written report")] = UNSET
    reported_on: Annotated[LegalDate, says("报告日期", "date of the report; three days run from it", "INV-28")]


class TransferDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The principal head decided on the transfer within three days (R310 5)."""

    SPEC: ClassVar = Spec(
        name="transfer.decided.v1",
        family="E41",
        origin="office",
        step="A18",
        zh="移送决定",
        en="Transfer decided",
        about_zh="行政机关正职负责人批准或者不批准移送。",
        about_en="The principal head of the agency decided whether the matter is transferred.",
        tags=("case", "task"),
    )

    transfer_id: Annotated[Id, says("移送编号", "the transfer")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    approved: Annotated[bool, says("是否批准", "whether it is transferred", "INV-28")]
    decided_at: Annotated[Instant, says("决定时刻", "instant of the decision, ms; 24 hours run from it", "INV-28")]
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision", "INV-28")]
    decided_by: Annotated[Ref, says("决定人", "officer id of the principal head", "R310 5")]
    reason: Annotated[Text | UnsetType, says("理由", "why not, recorded in the file", "R310 5")] = UNSET


class TransferDelivered(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The letter and its materials were handed over (案件移送书, R310 6), within 24 hours of the approval."""

    SPEC: ClassVar = Spec(
        name="transfer.delivered.v1",
        family="E41",
        origin="both",
        step="A18",
        zh="移送送达",
        en="Transfer delivered",
        about_zh="移送书及材料送交接收机关并取得回执。",
        about_en="The letter of transfer and its materials were handed over against a receipt.",
        tags=("case", "task", "document"),
    )

    transfer_id: Annotated[Id, says("移送编号", "the transfer")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    document_no: Annotated[DocumentNo, says("文号", "number of the letter as printed", "INV-33")]
    recipient: Annotated[Ref, says("接收机关", "police or agency")]
    delivered_at: Annotated[Instant, says("送达时刻", "instant of the handing over, ms", "INV-28")]
    delivered_on: Annotated[LegalDate, says("送达日期", "date of the handing over", "INV-28")]
    materials: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=200), says("移送材料", "what was handed over", "R310 6")
    ] = ()
    copied_to: Annotated[Ref | UnsetType, says("抄送机关", "procuratorate that got a copy", "R310 6")] = UNSET
    receipt: Annotated[Ref | UnsetType, says("回执编号", "number of the recipient's receipt")] = UNSET
    receipt_hash: Annotated[Digest | UnsetType, says("回执摘要", "SHA-256 of the receipt")] = UNSET


class TransferAnswered(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The recipient said what it does with the matter (R310 8-12)."""

    SPEC: ClassVar = Spec(
        name="transfer.answered.v1",
        family="E41",
        origin="office",
        step="A18",
        zh="移送结果反馈",
        en="Transfer answered",
        about_zh="接收机关反馈是否立案或者受理。",
        about_en="The recipient told whether it takes the matter up.",
        tags=("case", "task"),
    )

    transfer_id: Annotated[Id, says("移送编号", "the transfer")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    outcome: Annotated[
        Literal["filed", "not_filed", "passed_on", "returned", "convicted", "not_prosecuted"],
        says("反馈结果", "what the recipient did", "R310 8-12"),
    ]
    answered_on: Annotated[LegalDate, says("反馈日期", "date of the answer", "R310 8")]
    reference: Annotated[Ref | UnsetType, says("对方文号", "number of the recipient's paper")] = UNSET
    reason: Annotated[Text | UnsetType, says("理由", "why, if it was not taken up")] = UNSET
    review_asked: Annotated[
        bool | UnsetType, says("是否提请复议或检察监督", "whether review or supervision was asked for", "R310 9")
    ] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (TransferProposed, TransferDecided, TransferDelivered, TransferAnswered)
"""The types of this module, in the order of the process."""
