"""Disclosure of acts and results (执法公示, step B15, handbook 5): prepared, published, corrected, withdrawn (E45).

What is to change in public is prepared by one officer and released by another. The invariant: all acts of one record
share `record_id`; a snapshot holds only fields of its feed's allow-list (INV-30), and a personal value in it is a
commitment here. `snapshot_hash` is the SHA-256 of the published document, whose bytes lie beside the log; `position` is
that of the `disclosure` entry in the log of the act.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Id, LegalDate, Private, Ref, Text, says


class PublishedField(Part, frozen=True, kw_only=True, omit_defaults=True):
    """One field of a published record."""

    code: Annotated[Ref, says("字段代码", "code of the field in its feed, e.g. CF_WSH", "INV-30")]
    value: Annotated[Text | UnsetType, says("字段内容", "what is published")] = UNSET
    personal: Annotated[Private | UnsetType, says("个人信息承诺值", "commitment, if the value is personal")] = UNSET


Subject: TypeAlias = Literal["penalty", "inspection", "compulsory_measure", "random_selection", "officers", "other"]
"""Kinds of act that are published: 行政处罚, 行政检查, 行政强制, 双随机抽查, 执法人员名单, 其他."""

WithdrawalGround: TypeAlias = Literal["altered", "expired", "error", "repaired", "secrecy", "other"]
"""Why a record is taken back: the decision was altered, its time is over, an error, credit repair, a secret."""

WithholdingGround: TypeAlias = Literal["secrecy", "minor", "safety", "other"]
"""Why a result is not published at all: a secret, a minor, what would endanger safety or stability (OGI 14-16)."""


class WithheldField(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A field that could have been published and was not, or not as recorded, by the rule that fired."""

    code: Annotated[Ref, says("字段代码", "code of the field, or its place in the record", "INV-30")]
    rule: Annotated[Ref, says("脱敏规则", "name of the rule that withheld or masked it", "INV-30")]


class DisclosurePrepared(Act, frozen=True, kw_only=True, omit_defaults=True):
    """What is to change in public was prepared and waits for a second person (OGI 17): nothing is public by it."""

    SPEC: ClassVar = Spec(
        name="disclosure.prepared.v1",
        family="E45",
        origin="office",
        step="B15",
        zh="公示拟稿",
        en="Disclosure prepared",
        about_zh="拟定公示、更正、撤回或者不予公示，等待另一人审批。",
        about_en="A publication, correction, withdrawal or withholding was prepared for a second person.",
        tags=("case", "task", "document"),
    )

    record_id: Annotated[Id, says("公示记录编号", "id of the record")]
    proposes: Annotated[
        Literal["publish", "correct", "withdraw", "withhold"], says("拟办事项", "what is to be done", "OGI 17")
    ]
    subject: Annotated[Subject, says("公示事项", "what kind of act it publishes", "INV-29")]
    feed: Annotated[Ref, says("公示渠道", "feed that it is to stand in")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the decision")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection whose result it is")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("决定文号", "number of the decision", "INV-29")] = UNSET
    decision: Annotated[Id | UnsetType, says("决定事件", "event id of the decision or the result")] = UNSET
    codes: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=64), says("拟公示字段", "codes of the fields", "INV-30")
    ] = ()
    withheld: Annotated[
        tuple[WithheldField, ...], Meta(min_length=1, max_length=128), says("不公示字段", "what is held back and why")
    ] = ()
    redaction_version: Annotated[Ref, says("脱敏规则版本", "version of the redaction that was applied", "INV-30")]
    snapshot_hash: Annotated[Digest | UnsetType, says("公示快照摘要", "SHA-256 of the document to be released")] = UNSET
    ground: Annotated[
        Literal["altered", "expired", "error", "repaired", "secrecy", "minor", "safety", "other"] | UnsetType,
        says("事由", "ground of a withdrawal or a withholding"),
    ] = UNSET
    reason: Annotated[Text | UnsetType, says("理由", "reason; public if it is a correction or a withdrawal")] = UNSET
    alteration: Annotated[Id | UnsetType, says("变更事件", "event id of the alteration behind it", "INV-29")] = UNSET
    months: Annotated[Count | UnsetType, says("公示月数", "months of publication, from the day of its release")] = UNSET
    prepared_by: Annotated[Ref, says("拟稿人", "officer id of who prepared it", "OGI 17")]
    draw_id: Annotated[Id | UnsetType, says("抽取编号", "random draw that is published")] = UNSET


class DisclosureReturned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A second person did not release what was prepared and said why."""

    SPEC: ClassVar = Spec(
        name="disclosure.returned.v1",
        family="E45",
        origin="office",
        step="B15",
        zh="公示退回",
        en="Disclosure returned",
        about_zh="审批人退回拟稿并说明理由。",
        about_en="What was prepared was sent back with the reason.",
        tags=("case", "task", "document"),
    )

    record_id: Annotated[Id, says("公示记录编号", "id of the record")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the decision")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection whose result it is")] = UNSET
    preparation: Annotated[Id, says("拟稿事件", "event id of what is sent back")]
    reason: Annotated[Text, says("退回理由", "why it was not released")]
    returned_by: Annotated[Ref, says("退回人", "officer id of the second person", "OGI 17")]
    draw_id: Annotated[Id | UnsetType, says("抽取编号", "random draw that is published")] = UNSET


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
    subject: Annotated[Subject, says("公示事项", "what kind of act it publishes", "INV-29")]
    fields: Annotated[
        tuple[PublishedField, ...], Meta(min_length=1, max_length=64), says("公示字段", "as published", "INV-30")
    ]
    redaction_version: Annotated[Ref, says("脱敏规则版本", "version of the redaction that was applied", "INV-30")]
    snapshot_hash: Annotated[Digest, says("公示快照摘要", "SHA-256 of the published snapshot", "INV-30")]
    prepared_by: Annotated[Ref | UnsetType, says("拟稿人", "officer id of who prepared it")] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of a second person, who released it", "OGI 17")]
    published_on: Annotated[LegalDate, says("公示日期", "date of publication", "INV-29")]
    until: Annotated[LegalDate | UnsetType, says("公示截止日期", "last day of publication")] = UNSET
    decision: Annotated[Id | UnsetType, says("决定事件", "event id of the decision or the result")] = UNSET
    preparation: Annotated[Id | UnsetType, says("拟稿事件", "event id of what was released", "OGI 17")] = UNSET
    position: Annotated[Count | UnsetType, says("公示条目位置", "position of its disclosure entry in this log")] = UNSET
    draw_id: Annotated[Id | UnsetType, says("抽取编号", "random draw that is published")] = UNSET


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
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection whose result it is")] = UNSET
    prepared_by: Annotated[Ref | UnsetType, says("拟稿人", "officer id of who prepared it", "OGI 17")] = UNSET
    preparation: Annotated[Id | UnsetType, says("拟稿事件", "event id of what was released", "OGI 17")] = UNSET
    position: Annotated[Count | UnsetType, says("公示条目位置", "position of its disclosure entry in this log")] = UNSET
    until: Annotated[LegalDate | UnsetType, says("公示截止日期", "last day of publication")] = UNSET
    draw_id: Annotated[Id | UnsetType, says("抽取编号", "random draw that is published")] = UNSET


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
    ground: Annotated[WithdrawalGround, says("撤回事由", "why it was taken back", "PPL 48")]
    reason: Annotated[Text, says("公开的撤回理由", "the reason as published", "PPL 48")]
    alteration: Annotated[Id | UnsetType, says("变更事件", "event id of the alteration behind it", "INV-29")] = UNSET
    told: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("已告知的平台", "platforms that were told as well")
    ] = ()
    approver: Annotated[Ref, says("批准人", "officer id of who released it", "OGI 17")]
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection whose result it is")] = UNSET
    prepared_by: Annotated[Ref | UnsetType, says("拟稿人", "officer id of who prepared it", "OGI 17")] = UNSET
    preparation: Annotated[Id | UnsetType, says("拟稿事件", "event id of what was released", "OGI 17")] = UNSET
    position: Annotated[Count | UnsetType, says("公示条目位置", "position of its disclosure entry in this log")] = UNSET
    snapshot_hash: Annotated[Digest | UnsetType, says("公示快照摘要", "SHA-256 of the tombstone")] = UNSET
    draw_id: Annotated[Id | UnsetType, says("抽取编号", "random draw that is published")] = UNSET


class DisclosureExpired(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The time of publication of a record was over and it was taken from public view, by the policy of that day."""

    SPEC: ClassVar = Spec(
        name="disclosure.expired.v1",
        family="E45",
        origin="office",
        step="B15",
        zh="公示期满",
        en="Disclosure expired",
        about_zh="公示期限届满，停止公示。",
        about_en="The time of publication was over and the record was taken from public view.",
        tags=("case", "task", "document"),
    )

    record_id: Annotated[Id, says("公示记录编号", "id of the record")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the decision")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection whose result it is")] = UNSET
    until: Annotated[LegalDate, says("公示截止日期", "last day of publication")]
    expired_on: Annotated[LegalDate, says("停止公示日期", "day on which it was taken from view")]
    snapshot_hash: Annotated[Digest, says("公示快照摘要", "SHA-256 of the tombstone")]
    position: Annotated[Count, says("公示条目位置", "position of its disclosure entry in this log")]
    draw_id: Annotated[Id | UnsetType, says("抽取编号", "random draw that is published")] = UNSET


class DisclosureWithheld(Act, frozen=True, kw_only=True, omit_defaults=True):
    """It was decided with a second person's approval that a result is not published (OGI 14-16)."""

    SPEC: ClassVar = Spec(
        name="disclosure.withheld.v1",
        family="E45",
        origin="office",
        step="B15",
        zh="不予公示",
        en="Disclosure withheld",
        about_zh="经审批，对执法结果不予公示，并记录理由。",
        about_en="With approval it was decided that a result is not published, and why.",
        tags=("case", "task", "document"),
    )

    record_id: Annotated[Id, says("公示记录编号", "id of the record that there will not be")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case of the decision")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection whose result it is")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("决定文号", "number of the decision", "INV-29")] = UNSET
    ground: Annotated[WithholdingGround, says("不予公示事由", "why it is not published", "OGI 14-16")]
    reason: Annotated[Text, says("不予公示理由", "the reason; it stays inside", "OGI 16")]
    withheld_on: Annotated[LegalDate, says("决定日期", "date of the decision not to publish")]
    preparation: Annotated[Id | UnsetType, says("拟稿事件", "event id of what was released", "OGI 17")] = UNSET
    prepared_by: Annotated[Ref, says("拟稿人", "officer id of who prepared it", "OGI 17")]
    approver: Annotated[Ref, says("批准人", "officer id of a second person, who approved it", "OGI 17")]
    draw_id: Annotated[Id | UnsetType, says("抽取编号", "random draw that is published")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (
    DisclosurePrepared,
    DisclosureReturned,
    DisclosurePublished,
    DisclosureCorrected,
    DisclosureWithdrawn,
    DisclosureExpired,
    DisclosureWithheld,
)
"""The types of this module, in the order of the process."""
