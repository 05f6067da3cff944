"""Listed supervision of major hazards (挂牌督办): listed and delisted (E25).

The invariant: what is listed at a level is delisted at that level, after a passed re-inspection (INV-07).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from msgspec import UNSET, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.enterprise import Level
from schemas.events.fields import DocumentNo, Id, LegalDate, Line, Ref, says


class MajorHazardListed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A major hazard was put under listed supervision."""

    SPEC: ClassVar = Spec(
        name="major_hazard.listed.v1",
        family="E25",
        origin="office",
        step="A12",
        zh="重大隐患挂牌督办",
        en="Major hazard listed",
        about_zh="对重大事故隐患实行挂牌督办。",
        about_en="A major hazard was put under listed supervision.",
        tags=("hazard", "enterprise", "document"),
    )

    hazard_id: Annotated[Id, says("隐患编号", "hazard that is listed", "INV-07")]
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    level: Annotated[Level, says("挂牌层级", "level of the listing", "INV-07")]
    document_no: Annotated[DocumentNo | UnsetType, says("督办通知文号", "number of the notice", "INV-33")] = UNSET
    listed_on: Annotated[LegalDate, says("挂牌日期", "date of listing")]
    deadline: Annotated[LegalDate, says("督办期限", "last day for correction")]
    supervisor: Annotated[Ref, says("督办单位", "unit that supervises")]
    responsible: Annotated[Ref | UnsetType, says("整改责任单位", "unit that must correct; government if ownerless")] = (
        UNSET
    )
    approver: Annotated[Ref, says("批准人", "who approved the listing")]


class MajorHazardDelisted(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A listed hazard was delisted by the level that had listed it."""

    SPEC: ClassVar = Spec(
        name="major_hazard.delisted.v1",
        family="E25",
        origin="office",
        step="A16",
        zh="重大隐患摘牌",
        en="Major hazard delisted",
        about_zh="重大事故隐患经复查合格，由挂牌层级摘牌。",
        about_en="A listed hazard was delisted by the level that had listed it.",
        tags=("hazard", "enterprise", "document"),
    )

    hazard_id: Annotated[Id, says("隐患编号", "hazard that is delisted", "INV-07")]
    enterprise_id: Annotated[Ref | UnsetType, says("生产经营单位编号", "enterprise, as in its tag")] = UNSET
    level: Annotated[Level, says("摘牌层级", "level of the delisting, that of the listing", "INV-07")]
    basis_event: Annotated[Id | UnsetType, says("依据事件", "event id of the re-inspection", "INV-07")] = UNSET
    document_no: Annotated[DocumentNo | UnsetType, says("摘牌文号", "number of the decision", "INV-33")] = UNSET
    delisted_on: Annotated[LegalDate, says("摘牌日期", "date of delisting")]
    delist_approver: Annotated[Ref, says("摘牌批准人", "who approved the delisting", "INV-07")]
    remark: Annotated[Line | UnsetType, says("说明", "what was verified")] = UNSET


TYPES: Final[tuple[type[Body], ...]] = (MajorHazardListed, MajorHazardDelisted)
"""The types of this module, in the order of the process."""
