"""Evidence preserved by registration in advance (先行登记保存) and what became of it (E27, step B5, PPL 56).

The invariant: an order and its disposal share `preservation_id`; seven working days lie between them at most (INV-12).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, DocumentNo, Id, Instant, LegalDate, Line, Ref, Text, says


class Item(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a list of things (物品清单)."""

    name: Annotated[Ref, says("物品名称", "what it is, with maker and type")]
    quantity: Annotated[Ref, says("数量", "how much, with its unit, e.g. 3 台")]
    condition: Annotated[Line | UnsetType, says("状态", "state in which it was found", "PPL 56")] = UNSET
    place: Annotated[Line | UnsetType, says("保存地点", "where it is kept")] = UNSET


class EvidencePreservationOrdered(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Evidence that may be lost was registered and preserved (先行登记保存证据通知书), approved by the head before."""

    SPEC: ClassVar = Spec(
        name="evidence_preservation.ordered.v1",
        family="E27",
        origin="both",
        step="B5",
        zh="先行登记保存",
        en="Evidence preservation ordered",
        about_zh="经批准对可能灭失或者以后难以取得的证据先行登记保存。",
        about_en="Evidence that may be lost or hard to get later was registered and preserved.",
        tags=("case", "task", "document"),
    )

    preservation_id: Annotated[Id, says("登记保存编号", "id of the preservation", "INV-12")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection during which it was done")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the notice as printed", "INV-33")] = UNSET
    items: Annotated[
        tuple[Item, ...], Meta(min_length=1, max_length=200), says("物品清单", "list of what is preserved", "PPL 56")
    ]
    reason: Annotated[Line | UnsetType, says("理由", "why it may be lost or hard to get later", "PPL 56")] = UNSET
    ordered_on: Annotated[LegalDate, says("保存日期", "date of the order; seven working days run from it", "INV-12")]
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of the head who approved", "PPL 56")] = UNSET
    approved_at: Annotated[Instant | UnsetType, says("批准时刻", "instant of approval, ms", "PPL 56")] = UNSET
    party_present: Annotated[bool | UnsetType, says("当事人是否在场", "whether the party was present")] = UNSET
    witness: Annotated[Ref | UnsetType, says("见证人身份", "role of the witness")] = UNSET
    list_delivered: Annotated[bool | UnsetType, says("清单是否交付", "whether the list was handed over")] = UNSET
    document_hash: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the document file")] = UNSET


class EvidencePreservationDisposed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """It was decided what becomes of preserved evidence (先行登记保存证据处理决定书), within seven working days."""

    SPEC: ClassVar = Spec(
        name="evidence_preservation.disposed.v1",
        family="E27",
        origin="office",
        step="B5",
        zh="先行登记保存处理",
        en="Evidence preservation disposed",
        about_zh="对先行登记保存的证据作出处理决定。",
        about_en="It was decided what becomes of preserved evidence.",
        tags=("case", "task", "document"),
    )

    preservation_id: Annotated[Id, says("登记保存编号", "the preservation that ends", "INV-12")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection during which it was done")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the decision as printed", "INV-33")] = UNSET
    disposal: Annotated[
        Literal["released", "recorded", "appraisal", "seized", "transferred", "confiscated", "other"],
        says("处理方式", "what becomes of it", "PPL 56"),
    ]
    text: Annotated[Text | UnsetType, says("处理内容", "the decision in words, item by item")] = UNSET
    disposed_on: Annotated[LegalDate, says("处理日期", "date of the decision", "INV-12")]
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]


TYPES: Final[tuple[type[Body], ...]] = (EvidencePreservationOrdered, EvidencePreservationDisposed)
"""The types of this module, in the order of the process."""
