"""Disclosure of acts and results (执法公示, step B15, handbook 5): published, corrected, withdrawn (E45).

The invariant: all acts of one record share `record_id`; a snapshot holds only fields of its feed's allow-list (INV-30),
and a personal value in it is a commitment here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Digest, DocumentNo, Id, LegalDate, Private, Ref, Text, says


class PublishedField(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One field of a published record."""

    code: Annotated[Ref, says("字段代码", "code of the field in its feed, e.g. CF_WSH", "INV-30")]
    value: Annotated[Text | UnsetType, says("字段内容", "what is published")] = UNSET
    personal: Annotated[Private | UnsetType, says("个人信息承诺值", "commitment, if the value is personal")] = UNSET


class DisclosurePublished(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A record was released to a feed: seven working days after a decision, twenty after another result."""

    SPEC: ClassVar = Spec(
        name="disclosure.published.v1",
        family="E45",
        origin="office",
        step="B15",
        zh="公示",
        en="Disclosure published",
        about_zh="经审批，将执法结果在公示渠道公开。",
        about_en="A result was released to a public feed with approval.",
        tags=("case", "task", "enterprise", "document"),
    )

    record_id: Annotated[Id, says("公示记录编号", "id of the record")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the decision")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection whose result it is")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("决定文号", "decision that is published", "INV-29")] = UNSET
    feed: Annotated[Ref, says("公示渠道", "feed that it stands in")]
    subject: Annotated[
        Literal["penalty", "inspection", "compulsory_measure", "random_selection", "other"],
        says("公示事项", "what kind of act it publishes", "INV-29"),
    ]
    fields: Annotated[
        tuple[PublishedField, ...], Meta(min_length=1, max_length=64), says("公示字段", "as published", "INV-30")
    ]
    redaction_version: Annotated[Ref, says("脱敏规则版本", "version of the redaction that was applied", "INV-30")]
    snapshot_hash: Annotated[Digest, says("公示快照摘要", "SHA-256 of the published snapshot", "INV-30")]
    prepared_by: Annotated[Ref | UnsetType, says("拟稿人", "officer id of who prepared it")] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of a second person, who released it", "OGI 17")]
    published_on: Annotated[LegalDate, says("公示日期", "date of publication", "INV-29")]
    until: Annotated[LegalDate | UnsetType, says("公示截止日期", "last day of publication")] = UNSET


class DisclosureCorrected(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A published record was wrong and was put right (OGI 41)."""

    SPEC: ClassVar = Spec(
        name="disclosure.corrected.v1",
        family="E45",
        origin="office",
        step="B15",
        zh="公示更正",
        en="Disclosure corrected",
        about_zh="更正已公示的错误信息。",
        about_en="Wrong data of a published record were put right.",
        tags=("case", "task", "document"),
    )

    record_id: Annotated[Id, says("公示记录编号", "id of the record")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the decision")] = UNSET
    fields: Annotated[
        tuple[PublishedField, ...],
        Meta(min_length=1, max_length=64),
        says("更正后字段", "fields as they are now"),
    ]
    redaction_version: Annotated[Ref, says("脱敏规则版本", "version of the redaction that was applied", "INV-30")]
    snapshot_hash: Annotated[Digest, says("公示快照摘要", "SHA-256 of the new snapshot", "INV-30")]
    corrected_on: Annotated[LegalDate, says("更正日期", "date of the correction")]
    reason: Annotated[Text, says("更正理由", "what was wrong", "OGI 41")]
    approver: Annotated[Ref, says("批准人", "officer id of who released it", "OGI 17")]


class DisclosureWithdrawn(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A published record was taken back with the reason, three working days after an alteration at most (PPL 48)."""

    SPEC: ClassVar = Spec(
        name="disclosure.withdrawn.v1",
        family="E45",
        origin="office",
        step="B15",
        zh="公示撤回",
        en="Disclosure withdrawn",
        about_zh="撤回已公示的信息并公开说明理由。",
        about_en="A published record was taken back and the reason made public.",
        tags=("case", "task", "document"),
    )

    record_id: Annotated[Id, says("公示记录编号", "id of the record")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the decision")] = UNSET
    withdrawn_on: Annotated[LegalDate, says("撤回日期", "date of the withdrawal", "INV-29")]
    ground: Annotated[
        Literal["altered", "expired", "error", "repaired", "secrecy", "other"],
        says("撤回事由", "why it was taken back", "PPL 48"),
    ]
    reason: Annotated[Text, says("公开的撤回理由", "the reason as published", "PPL 48")]
    alteration: Annotated[Id | UnsetType, says("变更事件", "event id of the alteration behind it", "INV-29")] = UNSET
    told: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("已告知的平台", "platforms that were told as well")
    ] = ()
    approver: Annotated[Ref, says("批准人", "officer id of who released it", "OGI 17")]


TYPES: Final[tuple[type[Body], ...]] = (DisclosurePublished, DisclosureCorrected, DisclosureWithdrawn)
"""The types of this module, in the order of the process."""
