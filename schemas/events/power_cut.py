"""Power cut off to make an enterprise carry out a decision (停止供电, step A17, WSL 70) and restored (E28).

The invariant: order and end share `power_cut_id`; the 24 hours of notice are judged from the instants given here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import DocumentNo, Id, Instant, LegalDate, Ref, Text, says


class PowerCutOrdered(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The principal head had power or explosives cut off, with 24 hours' written notice unless danger was near."""

    SPEC: ClassVar = Spec(
        name="power_cut.ordered.v1",
        family="E28",
        origin="office",
        step="A17",
        zh="停止供电决定",
        en="Power cut ordered",
        about_zh="经行政机关主要负责人批准，通知停止供电，强制生产经营单位履行决定。",
        about_en="With the principal head's approval, power was ordered off to make an enterprise obey a decision.",
        tags=("case", "hazard", "enterprise", "document"),
    )

    power_cut_id: Annotated[Id, says("停电措施编号", "id of the measure")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag")]
    hazard_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=200), says("隐患编号", "major hazards not corrected", "WSL 70")
    ] = ()
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the written notice", "INV-33")] = UNSET
    disobeyed_no: Annotated[
        DocumentNo | UnsetType, says("未履行的决定文号", "decision that was not carried out", "WSL 70")
    ] = UNSET
    supplier: Annotated[Ref, says("供电单位", "who has to cut it off", "WSL 70")]
    noticed_at: Annotated[Instant | UnsetType, says("书面通知时刻", "instant of the written notice, ms", "WSL 70")] = (
        UNSET
    )
    starts_at: Annotated[Instant, says("停电时刻", "instant from which there is no power, ms", "WSL 70")]
    urgent: Annotated[bool, says("是否紧急危险", "true if danger allowed no notice", "WSL 70")]
    decided_on: Annotated[LegalDate, says("决定日期", "date of the decision")]
    approver: Annotated[Ref, says("批准人", "officer id of the principal head", "WSL 70")]
    principal: Annotated[bool, says("是否主要负责人批准", "whether the approver is the principal head", "WSL 70")]
    reason: Annotated[Text | UnsetType, says("理由", "the real danger of an accident", "WSL 70")] = UNSET


class PowerCutEnded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Power was given back after the decision was carried out."""

    SPEC: ClassVar = Spec(
        name="power_cut.ended.v1",
        family="E28",
        origin="office",
        step="A17",
        zh="恢复供电",
        en="Power cut ended",
        about_zh="生产经营单位履行决定后，解除停止供电措施。",
        about_en="The enterprise obeyed and the power cut was ended.",
        tags=("case", "hazard", "enterprise", "document"),
    )

    power_cut_id: Annotated[Id, says("停电措施编号", "the measure")]
    case_id: Annotated[Id | UnsetType, says("案件编号", "case, if one is filed")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("文号", "number of the notice as printed", "INV-33")] = UNSET
    ended_at: Annotated[Instant, says("恢复供电时刻", "instant from which there may be power, ms", "WSL 70")]
    reason: Annotated[Text | UnsetType, says("理由", "what was carried out")] = UNSET
    approver: Annotated[Ref, says("批准人", "officer id of the head who approved")]


TYPES: Final[tuple[type[Body], ...]] = (PowerCutOrdered, PowerCutEnded)
"""The types of this module, in the order of the process."""
