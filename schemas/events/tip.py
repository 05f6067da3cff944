"""Tips (举报, 12350): received, assigned, concluded (E46).

The invariant: the informant is known by commitments only, and no text of a tip is ever shown to the enterprise or, if
it complains of officers, to those officers.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import DocumentNo, Fen, Id, Instant, LegalDate, Line, Private, Ref, Text, says


class Informant(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Who gave the tip, by commitments; absent for an anonymous one."""

    person_name: Annotated[Private | UnsetType, says("举报人姓名", "commitment to the name")] = UNSET
    person_id: Annotated[Private | UnsetType, says("公民身份号码", "commitment to the id number")] = UNSET
    phone: Annotated[Private | UnsetType, says("电话", "commitment to the telephone number")] = UNSET
    home_address: Annotated[Private | UnsetType, says("住址", "commitment to the home address")] = UNSET


class ActMentioned(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An act of enforcement that the tip speaks of; it may be unknown to the log (SIG-25)."""

    document_no: Annotated[DocumentNo | UnsetType, says("提及的文号", "number that the tip names", "SIG-25")] = UNSET
    on: Annotated[LegalDate | UnsetType, says("提及的日期", "date that the tip names", "SIG-25")] = UNSET
    text: Annotated[Line | UnsetType, says("提及的行为", "the act in words")] = UNSET


class TipReceived(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A tip or a complaint came in and was registered (step B1)."""

    SPEC: ClassVar = Spec(
        name="tip.received.v1",
        family="E46",
        origin="office",
        step="B1",
        zh="举报受理",
        en="Tip received",
        about_zh="受理事故隐患、违法行为举报或对执法的投诉。",
        about_en="A tip on a hazard or a violation, or a complaint about enforcement, was received.",
        tags=("tip", "enterprise"),
    )

    tip_id: Annotated[Id, says("举报编号", "id of the tip")]
    channel: Annotated[
        Literal["12350", "12345", "visit", "letter", "online", "transferred", "media", "other"],
        says("举报渠道", "how it came in"),
    ]
    kind: Annotated[
        Literal["hazard", "violation", "accident", "agency_conduct", "other"],
        says("举报类别", "what it is about; `agency_conduct` complains of the authority itself"),
    ]
    subject: Annotated[Text, says("举报内容", "what is said, without personal data")]
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise concerned, as in its tag")] = UNSET
    informant: Annotated[Informant | UnsetType, says("举报人", "who gave it; absent if anonymous")] = UNSET
    received_at: Annotated[Instant, says("收到时刻", "instant of receipt, ms", "DL-23")]
    accepted: Annotated[bool, says("是否受理", "false if it is outside the authority's powers")]
    accepted_on: Annotated[LegalDate | UnsetType, says("受理日期", "date of acceptance", "DL-23")] = UNSET
    death_involved: Annotated[bool | UnsetType, says("是否涉及死亡", "true if deaths are reported", "INV-40")] = UNSET
    officers: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("被投诉人员", "officer ids complained of", "SIG-25")
    ] = ()
    acts_mentioned: Annotated[
        tuple[ActMentioned, ...],
        Meta(min_length=1, max_length=32),
        says("提及的执法行为", "acts it speaks of", "SIG-25"),
    ] = ()


class TipAssigned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A tip was given to a unit to handle, or routed to another authority; with deaths to the county government."""

    SPEC: ClassVar = Spec(
        name="tip.assigned.v1",
        family="E46",
        origin="office",
        step="R5",
        zh="举报交办",
        en="Tip assigned",
        about_zh="举报交由承办单位核查或转送其他机关。",
        about_en="A tip was assigned to a unit or routed to another authority.",
        tags=("tip", "task"),
    )

    tip_id: Annotated[Id, says("举报编号", "tip that is assigned")]
    route: Annotated[
        Literal["own", "county_government", "other_authority"], says("交办去向", "where it goes", "INV-40, WSL 73")
    ]
    assigned_to: Annotated[Ref, says("承办单位", "unit, officer or authority that handles it")]
    assigned_on: Annotated[LegalDate, says("交办日期", "date of assignment", "INV-40")]
    due_on: Annotated[LegalDate | UnsetType, says("办理期限", "last day, if one was set", "DL-23")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task that was made of it")] = UNSET


class TipConcluded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The tip was handled: result, reply to the informant, publication, reward."""

    SPEC: ClassVar = Spec(
        name="tip.concluded.v1",
        family="E46",
        origin="office",
        step="R5",
        zh="举报办结",
        en="Tip concluded",
        about_zh="举报核查办结并答复举报人。",
        about_en="A tip was verified and concluded, and the informant was told.",
        tags=("tip", "task", "case"),
    )

    tip_id: Annotated[Id, says("举报编号", "tip that was concluded")]
    outcome: Annotated[
        Literal["verified", "partly_verified", "not_verified", "out_of_scope", "withdrawn", "transferred"],
        says("办理结果", "what was found"),
    ]
    result: Annotated[Text | UnsetType, says("结果说明", "the result in words, without personal data")] = UNSET
    concluded_on: Annotated[LegalDate, says("办结日期", "date of conclusion", "DL-23")]
    replied_on: Annotated[LegalDate | UnsetType, says("答复日期", "date of the reply", "DL-23")] = UNSET
    published_on: Annotated[LegalDate | UnsetType, says("公开日期", "date on which the result was published")] = UNSET
    reward_fen: Annotated[Fen | UnsetType, says("奖励金额（分）", "reward, fen")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "inspection that verified it")] = UNSET
    case_id: Annotated[Id | UnsetType, says("案件编号", "case that was filed")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (TipReceived, TipAssigned, TipConcluded)
"""The types of this module, in the order of the process."""
