"""Penalties on the spot (当场处罚, simple procedure, handbook 2.3, PPL 51-52, 68-71) and their cash (E37).

The invariant: what was printed in the book is what is recorded, even if no such penalty is allowed; ceilings, kinds and
tickets are judged by INV-23.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.case import Party
from schemas.events.fields import Digest, DocumentNo, Fen, Id, Instant, LegalDate, Line, Private, Ref, Text, says
from schemas.events.penalty import Benchmark, PenaltyKind


class Cash(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Cash taken on the spot (PPL 68, 70)."""

    received_fen: Annotated[Fen, says("收取现金（分）", "cash taken, fen", "PPL 68")]
    ticket_no: Annotated[Ref | UnsetType, says("票据号码", "official ticket; absent is a defect", "INV-23")] = UNSET
    ground: Annotated[
        Literal["small_fine", "hard_to_collect", "remote_request"] | UnsetType,
        says("当场收缴事由", "why cash was allowed", "PPL 68, 69"),
    ] = UNSET


class OnSpotPenaltyDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Two officers decided a warning or a small fine on the spot (当场处罚决定书), on a numbered form."""

    SPEC: ClassVar = Spec(
        name="on_spot_penalty.decided.v1",
        family="E37",
        origin="field",
        step="B13",
        zh="当场处罚决定",
        en="On-the-spot penalty decided",
        about_zh="执法人员当场作出处罚决定，填写预定格式、编有号码的决定书。",
        about_en="Officers decided a penalty on the spot on a numbered form.",
        tags=("case", "task", "enterprise", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "id of the case, which begins with this decision")]
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection during which it was decided")] = UNSET
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("隐患编号", "hazards that it punishes")
    ] = ()
    violation_id: Annotated[Id | UnsetType, says("违法行为编号", "id of the violation", "INV-24")] = UNSET
    document_no: Annotated[DocumentNo, says("文号", "number of the form as printed", "INV-33, PPL 52")]
    party: Annotated[Party, says("当事人", "who is punished", "PPL 52")]
    facts: Annotated[Text, says("违法事实", "the act, with time and place", "PPL 52")]
    clauses: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("违反条款", "clauses that were broken")
    ] = ()
    bases: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("处罚依据", "clauses that it rests on", "PPL 52")
    ]
    kinds: Annotated[
        tuple[PenaltyKind, ...], Meta(min_length=1, max_length=14), says("处罚种类", "kinds of penalty", "INV-23")
    ]
    amount_fen: Annotated[Fen | UnsetType, says("罚款金额（分）", "fine, fen; absent if a warning", "INV-23")] = UNSET
    benchmark: Annotated[Benchmark | UnsetType, says("裁量基准", "benchmark that was applied", "INV-21")] = UNSET
    decided_at: Annotated[Instant, says("决定时刻", "instant of the decision, ms", "PPL 52")]
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision; publication runs from it", "INV-29")]
    place: Annotated[Line | UnsetType, says("处罚地点", "where it was decided", "PPL 52")] = UNSET
    officers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("执法人员", "officer ids who signed", "INV-01")
    ]
    defence_heard: Annotated[
        bool | UnsetType, says("是否听取陈述申辩", "whether the party was heard", "PPL 44, 45")
    ] = UNSET
    cash: Annotated[Cash | UnsetType, says("当场收缴", "cash that was taken", "INV-23")] = UNSET
    delivered: Annotated[bool, says("是否当场交付", "whether the decision was handed over at once", "PPL 52")]
    refused: Annotated[bool, says("是否拒绝签收", "whether the party refused to sign for it", "PPL 52")]
    signer_name: Annotated[Private | UnsetType, says("签收人姓名", "commitment to the name of who signed")] = UNSET
    remedies_text: Annotated[
        Text | UnsetType, says("救济途径", "remedies as printed: reconsideration comes first", "ARL 23")
    ] = UNSET
    document_hash: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the form")] = UNSET


class OnSpotPenaltyFiled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The agency took a penalty on the spot into its records (备案, PPL 52)."""

    SPEC: ClassVar = Spec(
        name="on_spot_penalty.filed.v1",
        family="E37",
        origin="office",
        step="B13",
        zh="当场处罚备案",
        en="On-the-spot penalty filed",
        about_zh="当场处罚决定报所属行政机关备案。",
        about_en="A penalty on the spot was reported to the agency for its records.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the penalty")]
    document_no: Annotated[DocumentNo, says("文号", "number of the form as printed", "PPL 52")]
    filed_on: Annotated[LegalDate, says("备案日期", "date on which it was filed", "PPL 52")]
    received_by: Annotated[Ref, says("接收人", "officer id of who took it in")]


class CashDeposited(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Cash reached the agency, or the bank: two working days for each step (PPL 71)."""

    SPEC: ClassVar = Spec(
        name="cash.deposited.v1",
        family="E37",
        origin="both",
        step="B16",
        zh="当场收缴罚款上缴",
        en="Cash deposited",
        about_zh="当场收缴的罚款交至行政机关，或者缴付指定银行。",
        about_en="Cash taken on the spot was handed to the agency or paid in at the bank.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the fine")]
    document_no: Annotated[DocumentNo, says("决定书文号", "number of the decision that it pays")]
    step: Annotated[Literal["agency", "bank"], says("上缴环节", "where it arrived", "PPL 71")]
    amount_fen: Annotated[Fen, says("金额（分）", "amount, fen", "INV-26")]
    deposited_on: Annotated[LegalDate, says("上缴日期", "date of arrival", "PPL 71")]
    received_by: Annotated[Ref | UnsetType, says("接收人", "officer id or bank")] = UNSET
    ticket_no: Annotated[Ref | UnsetType, says("票据号码", "number of the official ticket", "PPL 70")] = UNSET
    slip_no: Annotated[Ref | UnsetType, says("缴款凭证号", "number of the bank slip")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (OnSpotPenaltyDecided, OnSpotPenaltyFiled, CashDeposited)
"""The types of this module, in the order of the process."""
