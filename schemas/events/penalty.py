"""Penalties: notice served, defence heard, decision made, fine paid (E30, E31, E36, E39).

Money is integer fen. The invariant: correction orders and on-site measures are not penalties and have no kind here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Fen, Id, LegalDate, Line, Ref, Text, says

PenaltyKind: TypeAlias = Literal[
    "P01", "P02", "P03", "P04", "P05", "P06", "P07", "P08", "P09", "P10", "P11", "P12", "P13", "P99"
]
"""Kinds of PPL 9 by the codes of handbook 8.4: P01 warning, P02 circulated criticism, P03 fine, P04 confiscation of
illegal income, P05 of illegal property, P06 licence suspended, P07 qualification lowered, P08 licence revoked, P09
operations restricted, P10 production or business stopped, P11 closure, P12 practice restricted, P13 detention, P99
other. P11 and P13 are not the agency's to decide (INV-22); they are recorded if a document says so."""

ServiceMethod: TypeAlias = Literal["direct", "left", "post", "entrusted", "electronic", "public_notice"]
"""Ways of service (CPL 87-95): 直接, 留置, 邮寄, 委托, 电子, 公告."""


class PenaltyLine(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One penalty of a notice or a decision."""

    kind: Annotated[PenaltyKind, says("处罚种类", "code of the kind of penalty", "PPL 9")]
    amount_fen: Annotated[Fen | UnsetType, says("金额（分）", "amount of a fine or confiscation, fen")] = UNSET
    object: Annotated[Line | UnsetType, says("处罚对象物", "licence, property or activity that it concerns")] = UNSET
    until: Annotated[LegalDate | UnsetType, says("截止日期", "last day of a temporary penalty")] = UNSET


class PenaltyNoticeServed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The party was told the intended penalty or its hearing right (行政处罚告知书, 听证告知书; steps B7, B8)."""

    SPEC: ClassVar = Spec(
        name="penalty_notice.served.v1",
        family="E30",
        origin="both",
        step="B7",
        zh="处罚/听证告知书送达",
        en="Penalty notice served",
        about_zh="行政处罚告知书或听证告知书送达当事人。",
        about_en="A notice of the intended penalty or of the hearing right was served on the party.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case of the notice")]
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the notice as printed", "INV-33")] = UNSET
    kind: Annotated[Literal["penalty", "hearing"], says("告知种类", "what was told", "INV-13, INV-14")]
    intended: Annotated[
        tuple[PenaltyLine, ...], Meta(min_length=1, max_length=32), says("拟处罚内容", "intended penalties", "INV-16")
    ]
    bases: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("处罚依据", "clauses that it rests on", "PPL 44")
    ] = ()
    served_on: Annotated[LegalDate, says("送达日期", "date of service; periods run from it", "INV-13, INV-14")]
    method: Annotated[ServiceMethod, says("送达方式", "way of service", "PPL 61")]
    draft_hash: Annotated[Digest | UnsetType, says("文书摘要", "SHA-256 of the notice file")] = UNSET
    facts: Annotated[Text | UnsetType, says("违法事实", "facts and reasons that were told", "PPL 44")] = UNSET
    draft_id: Annotated[Id | UnsetType, says("草案编号", "draft whose penalties were told")] = UNSET
    hearing_right_told: Annotated[
        bool | UnsetType, says("是否告知听证权利", "true if this paper tells the hearing right as well", "INV-14")
    ] = UNSET
    defence_until: Annotated[
        LegalDate | UnsetType, says("陈述申辩期限", "last day for a defence, as the paper states it", "INV-13")
    ] = UNSET


class DefenceRecorded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The party defended itself, or waived it expressly (当事人陈述申辩笔录, step B9)."""

    SPEC: ClassVar = Spec(
        name="defence.recorded.v1",
        family="E31",
        origin="both",
        step="B9",
        zh="陈述申辩/放弃",
        en="Defence recorded or waived",
        about_zh="记录当事人的陈述申辩，或其明确放弃。",
        about_en="The party's statement and defence was recorded, or its express waiver.",
        tags=("case",),
    )

    case_id: Annotated[Id, says("案件编号", "case of the defence")]
    content_hash: Annotated[Digest | UnsetType, says("笔录摘要", "SHA-256 of the record; absent if waived")] = UNSET
    adopted: Annotated[
        Literal["adopted", "partly", "rejected"] | UnsetType, says("是否采纳", "whether it was adopted", "PPL 45")
    ] = UNSET
    review_result: Annotated[Text | UnsetType, says("复核意见", "result of checking facts again", "PPL 45")] = UNSET
    waived: Annotated[bool, says("是否放弃", "true if the party waived it expressly", "PPL 62")]
    signature: Annotated[Digest | UnsetType, says("签名图像摘要", "SHA-256 of the signature image")] = UNSET
    recorded_on: Annotated[LegalDate | UnsetType, says("记录日期", "date of the record")] = UNSET
    waived_document: Annotated[
        Digest | UnsetType, says("放弃声明摘要", "SHA-256 of the signed waiver; absent is no waiver", "INV-13")
    ] = UNSET
    hearing_waived: Annotated[
        bool | UnsetType, says("是否放弃听证", "true if the paper waives the hearing too", "INV-14")
    ] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the record as printed", "INV-33")] = UNSET


class Benchmark(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The discretion benchmark (裁量基准) that was applied."""

    id: Annotated[Ref, says("基准编号", "id of the benchmark", "INV-21")]
    version: Annotated[Ref, says("基准版本", "version of it", "INV-21")]
    tier: Annotated[Ref, says("裁量阶次", "tier that was chosen", "PPL 34")]
    low_fen: Annotated[Fen | UnsetType, says("阶次下限（分）", "lowest fine of the tier, fen", "PPL 34")] = UNSET
    high_fen: Annotated[Fen | UnsetType, says("阶次上限（分）", "highest fine of the tier, fen", "PPL 34")] = UNSET


class PenaltyDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The head decided a penalty (行政处罚决定书, step B13, PPL 57-60). A terminal can only claim it."""

    SPEC: ClassVar = Spec(
        name="penalty.decided.v1",
        family="E36",
        origin="office",
        step="B13",
        zh="行政处罚决定",
        en="Penalty decided",
        about_zh="行政机关作出行政处罚决定。",
        about_en="The agency decided a penalty.",
        tags=("case", "enterprise", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case that is decided", "INV-11")]
    document_no: Annotated[DocumentNo, says("文号", "number of the decision as printed", "INV-33")]
    decided_on: Annotated[
        LegalDate, says("决定日期", "date of the decision; publication runs from it", "INV-20, INV-29")
    ]
    penalties: Annotated[
        tuple[PenaltyLine, ...], Meta(min_length=1, max_length=32), says("处罚内容", "penalties, one a line", "PPL 59")
    ]
    facts: Annotated[Text, says("违法事实", "facts that were found", "PPL 59")]
    bases: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("处罚依据", "clauses that it rests on", "PPL 59")
    ]
    benchmark: Annotated[Benchmark | UnsetType, says("裁量基准", "benchmark that was applied", "INV-21")] = UNSET
    outside_reason: Annotated[
        Text | UnsetType, says("突破基准理由", "why the benchmark was left, if it was", "PPL 34")
    ] = UNSET
    draft_hash: Annotated[Digest, says("决定草案摘要", "SHA-256 of the draft; must be the reviewed one", "INV-17")]
    seal_ref: Annotated[Ref | UnsetType, says("用印编号", "reference of the agency's seal", "PPL 59")] = UNSET
    remedies_text: Annotated[
        Text | UnsetType, says("救济途径", "remedies as printed; absent is a defect", "ARL 20")
    ] = UNSET
    signed_by: Annotated[Ref | UnsetType, says("签发人", "officer id of the head who decided", "PPL 57")] = UNSET
    violation_id: Annotated[
        Id | UnsetType, says("违法行为编号", "id of the violation; one fine for one violation", "INV-24")
    ] = UNSET
    item_code: Annotated[Ref | UnsetType, says("权力事项编码", "item of the published list of powers")] = UNSET
    party_present: Annotated[
        bool | UnsetType, says("当事人是否在场", "whether it was announced to the party on the spot", "INV-25")
    ] = UNSET
    draft_id: Annotated[Id | UnsetType, says("草案编号", "draft that became the decision", "INV-17")] = UNSET
    review_id: Annotated[Id | UnsetType, says("审核编号", "legal review of that draft", "INV-17")] = UNSET
    hearing: Annotated[Id | UnsetType, says("听证事件", "event id of the hearing it rests on", "PPL 65")] = UNSET
    discussion: Annotated[Id | UnsetType, says("讨论事件", "event id of the discussion", "INV-19")] = UNSET
    pay_by: Annotated[LegalDate | UnsetType, says("缴款期限", "last day of payment as printed", "PPL 67")] = UNSET


class FinePaymentRecorded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A payment towards a fine was recorded (step B16): by the office from the bank, or in the field for cash."""

    SPEC: ClassVar = Spec(
        name="fine_payment.recorded.v1",
        family="E39",
        origin="both",
        step="B16",
        zh="罚款缴纳",
        en="Fine payment recorded",
        about_zh="登记一笔罚款缴纳。",
        about_en="A payment towards a fine was recorded.",
        tags=("case", "document"),
    )

    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the fine")] = UNSET
    document_no: Annotated[DocumentNo, says("决定书文号", "number of the decision that is paid", "INV-26")]
    amount_fen: Annotated[Fen, says("金额（分）", "amount paid, fen", "INV-26")]
    paid_on: Annotated[LegalDate, says("缴纳日期", "date of payment", "PPL 67")]
    channel: Annotated[
        Literal["bank", "electronic", "cash", "court"], says("缴纳渠道", "how it was paid", "PPL 67, 68")
    ]
    ticket_no: Annotated[Ref | UnsetType, says("票据号码", "number of the fiscal ticket", "INV-23")] = UNSET
    instalment: Annotated[Count | UnsetType, says("分期序号", "which instalment, from 1")] = UNSET
    towards: Annotated[
        Literal["fine", "late_fine", "confiscation"] | UnsetType,
        says("款项性质", "what it pays; a fine if absent", "INV-26"),
    ] = UNSET
    payer: Annotated[Ref | UnsetType, says("缴款单位", "organisation that paid, if not the party")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (PenaltyNoticeServed, DefenceRecorded, PenaltyDecided, FinePaymentRecorded)
"""The types of this module, in the order of the process."""
