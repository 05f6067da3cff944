"""Enterprises under supervision: their profile, and which one body supervises them (E03, E04).

The invariant: the newest profile by its own date holds; what an earlier one said stays in the log and answers for its
time. One enterprise has at most one open supervising body (INV-10).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Part, Spec
from schemas.events.fields import Count, LegalDate, Line, Private, Ref, says

Level = Literal["county", "prefecture", "province", "state"]
"""Level of government, from below."""


class Point(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A position."""

    lat: Annotated[
        Annotated[int, Meta(ge=-900_000_000, le=900_000_000)], says("纬度", "latitude, 1e-7 degrees", "SIG-13")
    ]
    lon: Annotated[
        Annotated[int, Meta(ge=-1_800_000_000, le=1_800_000_000)], says("经度", "longitude, 1e-7 degrees", "SIG-13")
    ]


class Industry(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Class of the national classification of economic activities."""

    code: Annotated[
        Annotated[str, Meta(min_length=1, max_length=5, pattern=r"^[A-T]?[0-9]*$(?!\n)")],
        says("行业代码", "class of GB/T 4754, e.g. C2614"),
    ]
    standard: Annotated[Ref | UnsetType, says("分类标准年版", "edition of the standard, e.g. 2017")] = UNSET


class Standardisation(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Grade of safety standardisation (安全生产标准化); 1 is best."""

    grade: Annotated[Annotated[int, Meta(ge=1, le=4)], says("标准化等级", "grade, 1 is best")]
    valid_to: Annotated[LegalDate | UnsetType, says("有效期止", "last day of the grade")] = UNSET


class Principal(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A person who answers for the enterprise, by commitments."""

    role: Annotated[
        Literal["legal_representative", "principal", "actual_controller", "safety_director", "contact"],
        says("身份", "what the person is to the enterprise"),
    ]
    person_name: Annotated[Private | UnsetType, says("姓名", "commitment to the name")] = UNSET
    person_id: Annotated[Private | UnsetType, says("公民身份号码", "commitment to the id number")] = UNSET
    phone: Annotated[Private | UnsetType, says("电话", "commitment to the telephone number")] = UNSET


class EnterpriseProfiled(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The dossier of an enterprise (一企一档) was opened or changed. The whole profile stands in each such act."""

    SPEC: ClassVar = Spec(
        name="enterprise.profiled.v1",
        family="E03",
        origin="office",
        step="R2",
        zh="监管对象建档",
        en="Enterprise profiled",
        about_zh="建立或变更监管对象档案。",
        about_en="The profile of an enterprise under supervision was recorded or changed.",
        tags=("enterprise",),
    )

    enterprise_id: Annotated[Ref, says("生产经营单位编号", "id of the enterprise, as in its tag")]
    name: Annotated[Ref, says("单位名称", "name of the enterprise")]
    uscc: Annotated[
        Annotated[str, Meta(min_length=18, max_length=18, pattern=r"^[0-9A-HJ-NP-RTUWXY]*$(?!\n)")] | UnsetType,
        says("统一社会信用代码", "unified social credit code, 18 characters, as it was printed"),
    ] = UNSET
    address: Annotated[Line | UnsetType, says("地址", "address of the premises")] = UNSET
    division: Annotated[
        Annotated[str, Meta(min_length=6, max_length=12, pattern=r"^[0-9]*$(?!\n)")] | UnsetType,
        says("行政区划代码", "division code valid on that date"),
    ] = UNSET
    point: Annotated[Point | UnsetType, says("坐标", "position of the premises, WGS84", "SIG-13")] = UNSET
    polygon: Annotated[
        tuple[Point, ...], Meta(min_length=3, max_length=200), says("厂区范围", "border of the premises", "SIG-13")
    ] = ()
    tolerance_m: Annotated[Count | UnsetType, says("定位容差（米）", "metres around it that still count", "SIG-13")] = (
        UNSET
    )
    industry: Annotated[Industry | UnsetType, says("行业", "class of industry")] = UNSET
    ownership: Annotated[Ref | UnsetType, says("所有制", "form of ownership")] = UNSET
    size: Annotated[
        Literal["large", "medium", "small", "micro"] | UnsetType, says("企业规模", "size of the enterprise")
    ] = UNSET
    risk_grade: Annotated[
        Literal["major", "larger", "general", "low"] | UnsetType, says("风险等级", "重大, 较大, 一般 or 低")
    ] = UNSET
    inspection_months: Annotated[
        Annotated[int, Meta(ge=1, le=120)] | UnsetType, says("检查周期（月）", "months between inspections")
    ] = UNSET
    yearly_cap: Annotated[
        Count | UnsetType, says("年度检查频次上限", "most inspections a year, if published for it", "SIG-18")
    ] = UNSET
    standardisation: Annotated[Standardisation | UnsetType, says("标准化", "grade of standardisation")] = UNSET
    commitments_published: Annotated[
        LegalDate | UnsetType, says("安全承诺公开日期", "date on which the safety commitment was published")
    ] = UNSET
    joint_punishment: Annotated[
        bool | UnsetType, says("是否联合惩戒对象", "true if under joint punishment for dishonesty")
    ] = UNSET
    media_exposure: Annotated[Line | UnsetType, says("媒体曝光", "exposure by media, with its source")] = UNSET
    weak_management: Annotated[Line | UnsetType, says("管理薄弱说明", "why management is held to be weak")] = UNSET
    hazard_sources: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=64), says("重大危险源", "registered major hazard sources")
    ] = ()
    licences: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=64), says("许可证", "licences, number and kind")
    ] = ()
    principals: Annotated[
        tuple[Principal, ...], Meta(min_length=1, max_length=32), says("负责人员", "persons who answer for it")
    ] = ()
    status: Annotated[
        Literal["operating", "suspended", "closed", "moved"] | UnsetType, says("经营状态", "whether it operates")
    ] = UNSET
    effective_on: Annotated[LegalDate | UnsetType, says("生效日期", "date from which the profile holds")] = UNSET


class EnterpriseAssessed(Act, frozen=True, kw_only=True, omit_defaults=True):
    """A criterion of planning that no record shows by itself was found to hold of an enterprise, or not to hold."""

    SPEC: ClassVar = Spec(
        name="enterprise.assessed.v1",
        family="E03",
        origin="office",
        step="A1",
        zh="计划条件认定",
        en="Planning criterion assessed",
        about_zh="人工认定生产经营单位是否符合年度计划的列入或减少频次条件。",
        about_en="Whether an enterprise meets a criterion of the annual plan was found by hand, with the reason.",
        tags=("enterprise",),
    )

    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag")]
    year: Annotated[Annotated[int, Meta(ge=2000, le=2199)], says("计划年度", "year of the plan that it is for")]
    criterion: Annotated[
        Literal["exposed", "weak_management", "well_managed"], says("条件", "criterion that was looked at")
    ]
    holds: Annotated[bool, says("是否符合", "true if it holds")]
    reason: Annotated[Line, says("认定理由", "why: which report, which conditions")]
    source: Annotated[Ref | UnsetType, says("来源", "document or medium that says so")] = UNSET


class SupervisingBodyAssigned(Act, frozen=True, kw_only=True, omit_defaults=True):
    """The one supervising body (监管主体) of an enterprise was determined."""

    SPEC: ClassVar = Spec(
        name="supervising_body.assigned.v1",
        family="E04",
        origin="office",
        step="R2",
        zh="监管主体确定",
        en="Supervising body assigned",
        about_zh="确定生产经营单位的监管主体。",
        about_en="The body that supervises an enterprise was determined.",
        tags=("enterprise",),
    )

    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag", "INV-10")]
    agency: Annotated[Ref, says("监管机关", "authority that supervises", "INV-10, SIG-18")]
    level: Annotated[Level, says("监管层级", "level of that authority", "SIG-26")]
    valid_from: Annotated[LegalDate, says("起始日期", "first day of supervision", "INV-10")]
    approval_ref: Annotated[Line | UnsetType, says("批准文件", "document that approved it")] = UNSET
    reason: Annotated[
        Literal["initial", "upgraded", "downgraded", "relocated", "reorganised"] | UnsetType,
        says("确定原因", "why this body"),
    ] = UNSET


class SupervisingBodyEnded(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Supervision by a body ended; the next assignment follows."""

    SPEC: ClassVar = Spec(
        name="supervising_body.ended.v1",
        family="E04",
        origin="office",
        step="R2",
        zh="监管主体终止",
        en="Supervising body ended",
        about_zh="监管机关对生产经营单位的监管终止。",
        about_en="The supervision of an enterprise by a body ended.",
        tags=("enterprise",),
    )

    enterprise_id: Annotated[Ref, says("生产经营单位编号", "enterprise, as in its tag", "INV-10")]
    agency: Annotated[Ref, says("监管机关", "authority that supervised", "INV-10")]
    ended_on: Annotated[LegalDate, says("终止日期", "last day of supervision", "INV-10")]
    reason: Annotated[Line, says("终止原因", "why it ended")]


TYPES: Final[tuple[type[Body], ...]] = (
    EnterpriseProfiled,
    EnterpriseAssessed,
    SupervisingBodyAssigned,
    SupervisingBodyEnded,
)
"""The types of this module, in the order of the process."""
