"""What watches over enforcement: interference, interests, periodic reports, records of others (E47, E48).

The invariant: figures that were reported stand beside those that the system counted, and neither overwrites the other
(SIG-24).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import (
    MAX_UINT,
    Digest,
    DocumentNo,
    Fen,
    Id,
    Instant,
    LegalDate,
    Line,
    Private,
    Ref,
    Text,
    says,
)


class InterferenceRecorded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A leading official intervened in a case or an inspection, and it was recorded (干预记录)."""

    SPEC: ClassVar = Spec(
        name="interference.recorded.v1",
        family="E47",
        origin="both",
        step="R6",
        zh="干预记录",
        en="Interference recorded",
        about_zh="记录领导干部干预执法、插手具体案件的情况。",
        about_en="An intervention of an official in an inspection or a case was recorded.",
        tags=("case", "task"),
    )

    who: Annotated[Private, says("干预人", "commitment to the name of who intervened", "SIG-31")]
    position: Annotated[Ref, says("职务", "position of that person")]
    happened_at: Annotated[Instant, says("干预时刻", "instant of the intervention, ms", "SIG-31")]
    form: Annotated[
        Literal["oral", "telephone", "message", "written", "meeting", "other"], says("干预方式", "how it was done")
    ]
    content: Annotated[Text, says("干预内容", "what was asked for, without personal data")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case concerned")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task concerned")] = UNSET
    recorder: Annotated[Ref, says("记录人", "officer id of who recorded it")]
    materials: Annotated[
        tuple[Digest, ...], Meta(min_length=1, max_length=16), says("材料摘要", "SHA-256 of each supporting file")
    ] = ()


class InterestDeclared(Act, frozen=True, kw_only=True, omit_defaults=True):
    """An officer declared an interest in an enterprise or a party; a ground of recusal (PPL 43)."""

    SPEC: ClassVar = Spec(
        name="interest.declared.v1",
        family="E47",
        origin="office",
        step="R6",
        zh="利害关系申报",
        en="Interest declared",
        about_zh="执法人员申报与当事人或单位的利害关系。",
        about_en="An officer declared an interest in an enterprise or a party.",
        tags=("officer", "enterprise"),
    )

    officer_id: Annotated[Ref, says("执法人员编号", "officer who declared it", "SIG-31")]
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag", "SIG-31")] = UNSET
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if it is about one only")] = UNSET
    relation: Annotated[
        Literal["relative", "shareholding", "former_employment", "friendship", "dispute", "other"],
        says("关系", "kind of interest", "PPL 43"),
    ]
    person_name: Annotated[Private | UnsetType, says("关系人姓名", "commitment to the name of the other person")] = (
        UNSET
    )
    since: Annotated[LegalDate | UnsetType, says("起始日期", "first day of the interest")] = UNSET
    until: Annotated[LegalDate | UnsetType, says("截止日期", "last day of the interest")] = UNSET
    declared_on: Annotated[LegalDate, says("申报日期", "date of the declaration")]


class Figure(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of a report."""

    code: Annotated[Ref, says("指标代码", "code of the column")]
    value: Annotated[Annotated[int, Meta(ge=-MAX_UINT, le=MAX_UINT)], says("数值", "number in the unit", "SIG-24")]
    unit: Annotated[
        Literal["count", "fen", "days", "per_mille"] | UnsetType, says("单位", "unit of the number; count if absent")
    ] = UNSET


class PeriodicReportSubmitted(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Figures of a period were reported: by the 5th after a quarter, by 30 December, by 31 January (handbook 6)."""

    SPEC: ClassVar = Spec(
        name="periodic_report.submitted.v1",
        family="E48",
        origin="office",
        step="R6",
        zh="统计报表上报",
        en="Periodic report submitted",
        about_zh="上报一个报告期的统计报表。",
        about_en="The figures of a period were reported to the superior authority.",
        tags=("plan",),
    )

    report_id: Annotated[Id, says("报表编号", "id of the report")]
    kind: Annotated[
        Literal["quarterly", "yearly", "annual_statistics", "interference"],
        says("报表种类", "which report; interference may be a nil return", "DL-20, DL-21, DL-22"),
    ]
    period: Annotated[
        Annotated[str, Meta(min_length=4, max_length=7, pattern=r"^[0-9]{4}(-Q[1-4]|-[0-9]{2})?$(?!\n)")],
        says("报告期", "2026, 2026-Q1 or 2026-03", "DL-20"),
    ]
    plan_id: Annotated[Id | UnsetType, says("计划编号", "plan whose execution is reported")] = UNSET
    as_of: Annotated[Instant, says("数据截止时刻", "instant at which the system was read, ms", "SIG-24")]
    figures: Annotated[
        tuple[Figure, ...], Meta(min_length=1, max_length=300), says("上报数", "figures as reported", "SIG-24")
    ] = ()
    system_figures: Annotated[
        tuple[Figure, ...],
        Meta(min_length=1, max_length=300),
        says("系统数", "figures as the system has them", "SIG-24"),
    ] = ()
    system_figures_hash: Annotated[
        Digest | UnsetType, says("系统数摘要", "SHA-256 of the table that the system gave", "SIG-24")
    ] = UNSET
    explanation: Annotated[Text | UnsetType, says("差异说明", "why the two differ")] = UNSET
    submitter: Annotated[Ref, says("填报人", "officer id of who reported")]
    reviewer: Annotated[Ref | UnsetType, says("审核人", "officer id of who checked it")] = UNSET
    submitted_to: Annotated[Ref | UnsetType, says("报送机关", "authority that received it")] = UNSET
    submitted_on: Annotated[LegalDate, says("上报日期", "date of the report", "DL-20, DL-21")]
    published_on: Annotated[LegalDate | UnsetType, says("公开日期", "date of publication", "DL-22")] = UNSET


class ExternalRecordReceived(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody else's record of an act came in: a finance receipt, an entry of a visit log, a court paper (SIG-04, 25).

    It is compared with the log; what it speaks of and the log does not know is a signal, not a finding.
    """

    SPEC: ClassVar = Spec(
        name="external_record.received.v1",
        family="E48",
        origin="office",
        step="R6",
        zh="外部记录接收",
        en="External record received",
        about_zh="接收财政票据、企业来访登记、法院或复议文书等外部记录。",
        about_en="A record of somebody else came in: a receipt, a visit log, a paper of a court or a reviewing body.",
        tags=("enterprise", "document", "case"),
    )

    record_id: Annotated[Id, says("外部记录编号", "id of the record here")]
    source: Annotated[
        Literal[
            "finance",
            "bank",
            "credit_platform",
            "visit_log",
            "court",
            "reconsideration_body",
            "police",
            "procuratorate",
            "media",
            "accident_investigation",
            "other",
        ],
        says("来源", "whose record it is", "SIG-04, SIG-25"),
    ]
    reference: Annotated[Ref, says("来源编号", "number of the record there", "SIG-25")]
    on: Annotated[LegalDate, says("日期", "date that it states", "SIG-04, SIG-25")]
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag", "SIG-25")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("提及的文号", "number that it names", "SIG-25")] = UNSET
    ticket_no: Annotated[Ref | UnsetType, says("票据号", "number of the finance receipt", "SIG-04")] = UNSET
    amount_fen: Annotated[Fen | UnsetType, says("金额（分）", "amount, fen", "SIG-04")] = UNSET
    payer: Annotated[Ref | UnsetType, says("缴款单位", "organisation that paid", "SIG-04")] = UNSET
    payer_person: Annotated[Private | UnsetType, says("缴款人姓名", "commitment to the name of a person who paid")] = (
        UNSET
    )
    agency: Annotated[Ref | UnsetType, says("涉及机关", "authority that it names")] = UNSET
    content: Annotated[Line | UnsetType, says("内容", "what it says, without personal data")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (
    InterferenceRecorded,
    InterestDeclared,
    PeriodicReportSubmitted,
    ExternalRecordReceived,
)
"""The types of this module, in the order of the process."""
