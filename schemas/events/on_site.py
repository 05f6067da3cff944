"""On the site: officers entered, showed their certificates and told the rights (E13, E14).

The invariant: presence is what the record says, not what the law asks; how many certified officers there had to be is
judged by INV-01 and INV-02 afterwards.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.events.body import Act, Body, Spec
from schemas.events.fields import CertificateNo, Id, Instant, Line, Private, Ref, says


class SiteEntered(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Officers entered the premises (step A5). Task and officers may stand in the envelope alone."""

    SPEC: ClassVar = Spec(
        name="site.entered.v1",
        family="E13",
        origin="field",
        step="A5",
        zh="进入现场",
        en="Site entered",
        about_zh="执法人员到达并进入检查现场。",
        about_en="Officers arrived at the premises and entered.",
        tags=("task", "enterprise"),
    )

    task_id: Annotated[Id | UnsetType, says("任务编号", "task under which the site was entered", "INV-04")] = UNSET
    officers_present: Annotated[
        tuple[Ref, ...], Meta(min_length=1, max_length=16), says("到场执法人员", "officer ids", "INV-01, INV-02")
    ] = ()
    arrival: Annotated[Instant | UnsetType, says("到达时刻", "instant of arrival, ms")] = UNSET
    place: Annotated[Line | UnsetType, says("地点", "place in words; the position is `loc` of the envelope")] = UNSET
    scan_code: Annotated[Ref | UnsetType, says("扫码入企码", "entry code scanned at the gate")] = UNSET
    person_met: Annotated[Ref | UnsetType, says("接待人员职务", "role of the person met, e.g. safety manager")] = UNSET
    person_met_name: Annotated[Private | UnsetType, says("接待人员姓名", "commitment to the name of that person")] = (
        UNSET
    )
    outcome: Annotated[
        Literal["entered", "closed", "moved", "refused"] | UnsetType,
        says("入场结果", "what happened at the gate; absent means entered", "INV-08"),
    ] = UNSET
    evidence_ids: Annotated[
        tuple[Id, ...], Meta(min_length=1, max_length=64), says("证据编号", "photos if nobody could enter", "SIG-11")
    ] = ()


class CredentialsShown(Act, frozen=True, kw_only=True, omit_defaults=True):
    """Certificates were shown and rights told (step A6); before any evidence of the task (INV-03)."""

    SPEC: ClassVar = Spec(
        name="credentials.shown.v1",
        family="E14",
        origin="field",
        step="A6",
        zh="出示证件告知权利",
        en="Credentials shown and rights told",
        about_zh="执法人员主动出示执法证件并告知权利。",
        about_en="Officers showed their enforcement certificates and told the party its rights.",
        tags=("task", "enterprise"),
    )

    task_id: Annotated[Id | UnsetType, says("任务编号", "task during which it happened", "INV-03")] = UNSET
    certificates: Annotated[
        tuple[CertificateNo, ...],
        Meta(min_length=1, max_length=16),
        says("执法证号", "certificate numbers that were shown, opaque, at most 30 characters", "PPL 55"),
    ]
    rights_told: Annotated[
        tuple[Line, ...], Meta(min_length=1, max_length=16), says("告知的权利", "rights that were told", "PPL 55")
    ] = ()
    recusal_asked: Annotated[
        bool | UnsetType, says("是否申请回避", "whether the party asked for recusal", "PPL 43")
    ] = UNSET
    acknowledged_by: Annotated[Ref | UnsetType, says("确认人职务", "role of the person who acknowledged")] = UNSET
    acknowledged_name: Annotated[Private | UnsetType, says("确认人姓名", "commitment to the name of that person")] = (
        UNSET
    )


TYPES: Final[tuple[type[Body], ...]] = (SiteEntered, CredentialsShown)
"""The types of this module, in the order of the process."""
