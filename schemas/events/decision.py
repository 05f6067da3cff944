"""Other outcomes of a case: no penalty, and the daily continuous fine (E36, step B13).

The invariant: each names the case and, for a daily fine, the decision whose amount it repeats.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Count, Digest, DocumentNo, Fen, Id, LegalDate, Line, Ref, Text, says


class NoPenaltyDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The head decided that there is no penalty (不予行政处罚决定书, PPL 33, 57)."""

    SPEC: ClassVar = Spec(
        name="case.no_penalty_decided.v1",
        family="E36",
        origin="office",
        step="B13",
        zh="不予处罚决定",
        en="No penalty decided",
        about_zh="行政机关决定不予行政处罚。",
        about_en="The agency decided that there is no penalty.",
        tags=("case", "enterprise", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case that is decided", "INV-11")]
    document_no: Annotated[DocumentNo, says("文号", "number of the decision as printed", "INV-33")]
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision", "INV-20")]
    ground: Annotated[
        Literal["minor_corrected", "first_minor", "no_fault", "not_accountable", "time_barred", "unproved", "other"],
        says("不予处罚理由类别", "ground", "PPL 30, 31, 33, 36, 57"),
    ]
    facts: Annotated[Text, says("认定的事实", "facts that were found", "PPL 57")]
    bases: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("依据", "clauses that it rests on", "PPL 33")
    ]
    education_given: Annotated[
        bool | UnsetType, says("是否教育当事人", "whether the party was taught what the law asks", "PPL 33")
    ] = UNSET
    draft_hash: Annotated[Digest | UnsetType, says("决定草案摘要", "SHA-256 of the draft", "INV-17")] = UNSET
    review_id: Annotated[Id | UnsetType, says("审核编号", "legal review of the draft, if there was one")] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of the head who decided", "PPL 57")]
    remedies_text: Annotated[Text | UnsetType, says("救济途径", "remedies as printed", "ARL 20")] = UNSET


class DailyPenaltyDecided(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A fine runs on for each day on which a correction was refused (按日连续处罚决定书, step A17, WSL 112)."""

    SPEC: ClassVar = Spec(
        name="daily_penalty.decided.v1",
        family="E36",
        origin="office",
        step="B13",
        zh="按日连续处罚决定",
        en="Daily penalty decided",
        about_zh="生产经营单位拒不改正，自责令改正之日的次日起按原处罚数额按日连续处罚。",
        about_en="Correction was refused: from the day after the order the original fine is repeated for each day.",
        tags=("case", "enterprise", "document"),
    )

    case_id: Annotated[Id, says("案件编号", "case that is decided", "INV-11")]
    document_no: Annotated[DocumentNo, says("文号", "number of the decision as printed", "INV-33")]
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision; publication runs from it", "INV-29")]
    original_no: Annotated[DocumentNo, says("原处罚决定文号", "decision whose amount is repeated", "WSL 112")]
    order_no: Annotated[
        DocumentNo | UnsetType, says("责令改正文书文号", "correction order that was refused", "WSL 112")
    ] = UNSET
    from_on: Annotated[LegalDate, says("起算日期", "first day, the one after the correction order", "WSL 112")]
    to_on: Annotated[LegalDate, says("截止日期", "last day that counts", "WSL 112")]
    days: Annotated[Count, says("天数", "number of days", "WSL 112")]
    daily_fen: Annotated[Fen, says("每日金额（分）", "original fine, fen", "WSL 112")]
    amount_fen: Annotated[Fen, says("总金额（分）", "days times the original fine, fen", "WSL 112")]
    bases: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=64), says("处罚依据", "clauses that it rests on", "PPL 59")
    ]
    draft_hash: Annotated[Digest | UnsetType, says("决定草案摘要", "SHA-256 of the draft", "INV-17")] = UNSET
    review_id: Annotated[Id | UnsetType, says("审核编号", "legal review of the draft")] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of the head who decided", "PPL 57")]
    remedies_text: Annotated[Text | UnsetType, says("救济途径", "remedies as printed", "ARL 20")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (NoPenaltyDecided, DailyPenaltyDecided)
"""The types of this module, in the order of the process."""
