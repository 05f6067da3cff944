"""Hazards (事故隐患): found and closed (E18, E24).

The invariant: a closure rests on a re-inspection that it names; without one it is recorded all the same and INV-07
says so.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import Id, LegalDate, Line, Ref, Text, says


class HazardFound(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A hazard was found (step A9), or reported by the enterprise and entered by the office."""

    SPEC: ClassVar = Spec(
        name="hazard.found.v1",
        family="E18",
        origin="both",
        step="A9",
        zh="发现隐患",
        en="Hazard found",
        about_zh="发现并登记一项事故隐患。",
        about_en="A hazard was found and registered.",
        tags=("hazard", "task", "enterprise"),
    )

    hazard_id: Annotated[Id, says("隐患编号", "id of the hazard")]
    grade: Annotated[Literal["general", "major"], says("隐患等级", "一般 or 重大, by the sector's standard", "WSL 118")]
    description: Annotated[Text, says("隐患描述", "what is wrong")]
    code: Annotated[Ref | UnsetType, says("隐患分类代码", "code in the hazard catalogue")] = UNSET
    location: Annotated[Line | UnsetType, says("部位", "where in the premises")] = UNSET
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("证据编号", "evidence that shows it")
    ] = ()
    clause: Annotated[Line | UnsetType, says("违反条款", "clause of law or standard that it breaks")] = UNSET
    origin: Annotated[
        Literal["inspection", "enterprise_report", "tip", "accident", "transferred"] | UnsetType,
        says("隐患来源", "how it became known"),
    ] = UNSET
    mandatory_penalty: Annotated[
        bool | UnsetType, says("是否应当处罚", "true if the clause demands a penalty, not a correction alone", "SIG-21")
    ] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task during which it was found", "INV-03")] = UNSET
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag", "INV-06")] = UNSET
    responsible: Annotated[
        Literal["enterprise", "government"] | UnsetType, says("整改责任", "government, if the hazard has no owner")
    ] = UNSET
    found_on: Annotated[LegalDate | UnsetType, says("发现日期", "date on which it was found")] = UNSET
    reported_to_workers: Annotated[
        bool | UnsetType, says("是否向职工代表大会报告", "true if the enterprise told its workers too", "WSL 41")
    ] = UNSET


class HazardClosed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A hazard was closed (销号, step A16) after a re-inspection that found it corrected."""

    SPEC: ClassVar = Spec(
        name="hazard.closed.v1",
        family="E24",
        origin="both",
        step="A16",
        zh="隐患销号",
        en="Hazard closed",
        about_zh="经复查合格，隐患予以销号。",
        about_en="A hazard was closed after a re-inspection.",
        tags=("hazard", "enterprise"),
    )

    hazard_id: Annotated[Id, says("隐患编号", "hazard that is closed")]
    basis_event: Annotated[Id | UnsetType, says("依据事件", "event id of the re-inspection", "INV-07")] = UNSET
    verifier: Annotated[Ref, says("验收人", "officer id of who verified")]
    approver: Annotated[Ref | UnsetType, says("批准人", "officer id of who approved, if the hazard is listed")] = UNSET
    on_the_spot: Annotated[
        bool | UnsetType, says("是否当场整改", "true if it was put right before the officers' eyes", "SIG-19")
    ] = UNSET
    before_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("整改前照片", "evidence of the state before", "SIG-19")
    ] = ()
    after_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("整改后照片", "evidence of the state after", "SIG-19")
    ] = ()
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    task_id: Annotated[Id | UnsetType, says("任务编号", "task during which it was closed")] = UNSET
    closed_on: Annotated[LegalDate | UnsetType, says("销号日期", "date of closure")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (HazardFound, HazardClosed)
"""The types of this module, in the order of the process."""
